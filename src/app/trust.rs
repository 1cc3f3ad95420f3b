//! What on a panel is not to be taken at face value, column by column, and the signs that say so.
//!
//! A mark is the same sign everywhere; the detail lists those that are on screen with their meaning.

use std::num::NonZeroUsize;

use super::panels::{Panel, Panels};
use crate::model::series::{Bucket, SeriesKind};
use crate::model::{TimeRange, text};

/// How far the values of a column are to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    Sound,
    /// Some of its samples say NaN or infinite.
    Holes,
    /// None of its samples is a number.
    NoNumber,
    /// At the limit of what can be measured: the truth may be higher.
    Clipped,
    /// No sample, though there are some before and after: a scrape failed, or the value went stale.
    Gap,
    /// Before the first sample or after the last.
    Outside,
}

/// What is to be said of each column. O(columns).
pub(crate) fn columns(shown: &[Option<Bucket>], visible: TimeRange, extent: Option<TimeRange>, clip: Option<f64>) -> Vec<Trust> {
    let Some(n) = NonZeroUsize::new(shown.len()) else { return Vec::new() };
    let of = |(column, bucket): (usize, &Option<Bucket>)| match bucket {
        None => {
            let (start, end) = (visible.edge(column, n), visible.edge(column + 1, n));
            if extent.is_some_and(|extent| extent.start() < end && start < extent.end()) { Trust::Gap } else { Trust::Outside }
        }
        Some(bucket) if bucket.count == 0 => Trust::NoNumber,
        Some(bucket) if is_clipped(bucket.max, clip) => Trust::Clipped,
        Some(bucket) if bucket.n_nan + bucket.n_inf > 0 => Trust::Holes,
        Some(_) => Trust::Sound,
    };
    shown.iter().enumerate().map(of).collect()
}

/// Whether a value sits at the limit of what can be measured.
pub(crate) fn is_clipped(value: f64, clip: Option<f64>) -> bool {
    clip.is_some_and(|clip| value >= clip - clip.abs() * 1e-9)
}

/// Columns in which a counter fell: it began again. O(columns).
pub(crate) fn falls(shown: &[Option<Bucket>], kind: SeriesKind) -> Vec<usize> {
    if kind != SeriesKind::Counter {
        return Vec::new();
    }
    let mut before = f64::NEG_INFINITY;
    let mut out = Vec::new();
    for (column, bucket) in shown.iter().enumerate() {
        let Some(bucket) = bucket.as_ref().filter(|bucket| bucket.count > 0) else { continue };
        if bucket.min < before || bucket.last < bucket.max {
            out.push(column);
        }
        before = bucket.last;
    }
    out
}

/// The signs that are on screen, each with its meaning.
pub(crate) fn signs(panels: &Panels) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let any = |is: &dyn Fn(&Panel) -> bool| panels.all.iter().any(is);
    let has = |trust: &[Trust]| any(&|panel| panel.trust.iter().any(|column| trust.contains(column)));
    let special =
        |is_infinite: bool| any(&|panel| panel.shown.iter().flatten().any(|bucket| bucket.count == 0 && (bucket.n_inf > 0) == is_infinite));
    let mut say = |is_shown: bool, sign: &'static str, words: &str| {
        if is_shown {
            out.push((sign, words.to_owned()));
        }
    };
    say(special(false) || (panels.has_trust && has(&[Trust::Holes])), "×", "NaN: no number");
    say(special(true), "∞", "infinite");
    say(any(&|panel| !panel.resets.is_empty()), "↺", "a counter began again");
    if panels.has_trust {
        say(has(&[Trust::Gap]), "/", "no sample, or stale");
        say(has(&[Trust::Outside]), "\\", "not begun, or ended");
    } else {
        say(has(&[Trust::Gap, Trust::Outside]), "blank", "no sample; R tells more");
    }
    let is_printed = |panel: &Panel| panel.texts.value.starts_with('≥') || panel.texts.peak.contains('≥');
    say(any(&is_printed) || (panels.has_trust && has(&[Trust::Clipped])), "≥", "clipped: may be higher");
    say(any(&|panel| panel.threshold.is_some()), "╌", "limit");
    say(any(&|panel| panel.is_bad_at_cursor() || !panel.texts.crossing.is_empty()), "!", "limit crossed: first, here");
    say(any(&|panel| panel.ghost.iter().any(Option::is_some)), "∘", "baseline, laid over later");
    let at_floor = |sign| {
        let is_there =
            |panel: &Panel| panel.shown.iter().flatten().any(|bucket| bucket.count > 0 && panel.scale.floor_sign(bucket.min) == Some(sign));
        any(&is_there)
    };
    say(at_floor('0'), "0", "zero, not on a log axis");
    say(at_floor('<'), "<", "negative, not on a log axis");
    out
}

/// Columns of a panel that are not sound, in words: `12 no sample, 3 NaN`.
pub(crate) fn summary(panel: &Panel) -> String {
    let count = |wanted: Trust| panel.trust.iter().filter(|trust| **trust == wanted).count();
    let words = [
        (count(Trust::Gap), "without a sample"),
        (count(Trust::Outside), "before the first or after the last"),
        (count(Trust::NoNumber), "without a number"),
        (count(Trust::Holes), "partly without numbers"),
        (count(Trust::Clipped), "clipped"),
        (panel.resets.len(), "with a reset"),
    ];
    let said: Vec<String> =
        words.into_iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{} {words}", text::grouped(n as u64))).collect();
    match (said.is_empty(), panel.trust.len()) {
        (_, 0) => String::new(),
        (true, n) => format!("all {n} columns sound"),
        (false, n) => format!("of {n} columns {}", said.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn bucket(min: f64, max: f64, last: f64) -> Bucket {
        Bucket { min, max, mean: min, last, count: 2, n_nan: 0, n_inf: 0 }
    }

    #[test]
    fn gaps_ends_nan_and_clipped_values_are_told_apart() {
        let range = |start, end| TimeRange::new(Timestamp(start), Timestamp(end));
        let nan = Some(Bucket { count: 0, n_nan: 1, ..bucket(0.0, 0.0, 0.0) });
        let part = Some(Bucket { n_nan: 1, ..bucket(1.0, 2.0, 2.0) });
        let shown = [None, Some(bucket(1.0, 2.0, 2.0)), None, nan, part, Some(bucket(9.0, 10.0, 9.0)), None];
        let told = columns(&shown, range(0, 70), Some(range(10, 60)), Some(10.0));
        assert_eq!(told, [Trust::Outside, Trust::Sound, Trust::Gap, Trust::NoNumber, Trust::Holes, Trust::Clipped, Trust::Outside]);
        assert_eq!(columns(&shown[..1], range(0, 10), None, None), [Trust::Outside]);
    }

    #[test]
    fn a_counter_that_falls_began_again_and_a_gauge_did_not() {
        let shown =
            [Some(bucket(1.0, 5.0, 5.0)), None, Some(bucket(2.0, 3.0, 3.0)), Some(bucket(0.0, 4.0, 1.0)), Some(bucket(1.0, 2.0, 2.0))];
        assert_eq!(falls(&shown, SeriesKind::Counter), [2, 3]);
        assert!(falls(&shown, SeriesKind::Gauge).is_empty());
    }
}
