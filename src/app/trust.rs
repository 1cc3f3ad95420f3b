//! What on a panel is not to be taken at face value, column by column, and the signs that say so.
//!
//! A mark is the same sign everywhere; the detail lists those that are on screen with their meaning.

use std::num::NonZeroUsize;
use std::ops::Range;

use super::panels::{Panel, Panels};
use crate::model::series::{Bucket, SeriesKind, SeriesMeta};
use crate::model::{TimeRange, Timestamp, text};

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
    /// There were values before, but none is left: a scrape failed, or the series ended.
    Stale,
    /// Not begun, or its formula has nothing to compute from.
    Absent,
}

/// What of a series decides between them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Nature {
    /// From the first sample to just after the last.
    pub(crate) extent: Option<TimeRange>,
    /// Upper limit of what can be measured.
    pub(crate) clip: Option<f64>,
    /// Median distance of samples.
    pub(crate) step_ns: Option<i64>,
    /// From other series, step by step: where there is none, the formula had no value.
    pub(crate) is_computed: bool,
    /// What lies from here on is hidden, and so nothing is missing there.
    pub(crate) until: Option<Timestamp>,
}

impl Nature {
    /// What is known of a series.
    pub(crate) fn of(meta: &SeriesMeta) -> Self {
        Self { extent: meta.extent, clip: meta.clip, step_ns: meta.step_ns, is_computed: meta.derivation.is_some(), until: None }
    }
}

/// What is to be said of each column. O(columns).
pub(crate) fn columns(shown: &[Option<Bucket>], visible: TimeRange, nature: &Nature) -> Vec<Trust> {
    let Some(n) = NonZeroUsize::new(shown.len()) else { return Vec::new() };
    let of = |(column, bucket): (usize, &Option<Bucket>)| match bucket {
        None if nature.until.is_some_and(|until| visible.edge(column, n) >= until) => Trust::Sound,
        None => missing(visible.edge(column + 1, n), nature),
        Some(bucket) if bucket.count == 0 => Trust::NoNumber,
        Some(bucket) if is_clipped(bucket.max, nature.clip) => Trust::Clipped,
        Some(bucket) if bucket.n_nan + bucket.n_inf > 0 => Trust::Holes,
        Some(_) => Trust::Sound,
    };
    let mut out: Vec<Trust> = shown.iter().enumerate().map(of).collect();
    // Columns narrower than the distance of samples are empty between two of them: nothing is missing there.
    let width = (visible.len_ns() / n.get() as i64).max(1);
    let reach = nature.step_ns.map_or(0, |step| step.saturating_add(step / 2) / width);
    let n_shown = nature.until.map_or(shown.len(), |until| visible.column_of(until, n).map_or(shown.len(), |column| column + 1));
    let mut at = 0;
    while at < n_shown {
        let end = (at..n_shown).find(|column| shown[*column].is_some()).unwrap_or(n_shown);
        // Before the curtain the next sample may only not have come yet.
        if at > 0 && end < shown.len() && end.saturating_sub(at) as i64 <= reach && at <= end {
            out[at..end].fill(Trust::Sound);
        }
        at = end + 1;
    }
    out
}

/// Columns between two samples in which nothing is missing, and the value before them. Never before the first sample nor
/// behind the last one. O(columns).
pub(crate) fn held(shown: &[Option<Bucket>], trust: &[Trust]) -> Vec<(Range<usize>, f64)> {
    let mut held = Vec::new();
    let mut before: Option<(usize, f64)> = None;
    for (column, bucket) in shown.iter().enumerate() {
        let Some(bucket) = bucket else { continue };
        if let Some((at, value)) = before.filter(|(at, _)| at + 1 < column) {
            let is_sound = trust.get(at + 1..column).is_some_and(|trust| trust.iter().all(|trust| *trust == Trust::Sound));
            held.extend(is_sound.then_some((at + 1..column, value)));
        }
        before = (bucket.count > 0).then_some((column, bucket.last));
    }
    held
}

/// Why a column has no sample: as the value at the cursor would say it.
fn missing(end: Timestamp, nature: &Nature) -> Trust {
    match nature.extent {
        Some(extent) if extent.start() < end && !nature.is_computed => Trust::Stale,
        _ => Trust::Absent,
    }
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
    say(special(false) || has(&[Trust::Holes]), "×", "NaN: no number");
    say(special(true), "∞", "infinite");
    say(any(&|panel| !panel.resets.is_empty()), "↺", "a counter began again");
    say(has(&[Trust::Stale]), "/", "stale: no sample any more");
    say(has(&[Trust::Absent]), "\\", "absent: not begun, or nothing to compute");
    let is_printed = |panel: &Panel| panel.texts.value.starts_with('≥') || panel.texts.peak.contains('≥');
    say(any(&is_printed) || (panels.has_trust && has(&[Trust::Clipped])), "≥", "clipped: may be higher");
    say(any(&|panel| !held(&panel.shown, &panel.trust).is_empty()), "░", "between two samples: the value before");
    say(any(&|panel| panel.threshold.is_some()), "╌", "limit");
    say(any(&|panel| panel.is_bad_at_cursor() || !panel.texts.crossing.is_empty()), "!", "limit crossed: first, here");
    say(any(&|panel| panel.ghost.iter().any(Option::is_some)), "∘", "an earlier time, laid over later");
    say(any(&|panel| !panel.exemplars.columns.is_empty()), "◇", "exemplars: V n, V N go to them, V x shows a trace");
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
        (count(Trust::Stale), "stale"),
        (count(Trust::Absent), "absent"),
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
    fn stale_absent_nan_and_clipped_values_are_told_apart() {
        let range = |start, end| TimeRange::new(Timestamp(start), Timestamp(end));
        let nan = Some(Bucket { count: 0, n_nan: 1, ..bucket(0.0, 0.0, 0.0) });
        let part = Some(Bucket { n_nan: 1, ..bucket(1.0, 2.0, 2.0) });
        let shown = [None, Some(bucket(1.0, 2.0, 2.0)), None, nan, part, Some(bucket(9.0, 10.0, 9.0)), None];
        let nature = Nature { extent: Some(range(10, 60)), clip: Some(10.0), ..Nature::default() };
        let told = columns(&shown, range(0, 70), &nature);
        assert_eq!(told, [Trust::Absent, Trust::Sound, Trust::Stale, Trust::NoNumber, Trust::Holes, Trust::Clipped, Trust::Stale]);
        assert_eq!(columns(&shown[..1], range(0, 10), &Nature::default()), [Trust::Absent]);
        let computed = columns(&shown, range(0, 70), &Nature { is_computed: true, ..nature });
        assert_eq!([computed[0], computed[2], computed[6]], [Trust::Absent; 3]);
    }

    #[test]
    fn between_two_samples_of_a_fine_zoom_nothing_is_missing() {
        let range = TimeRange::new(Timestamp(0), Timestamp(90));
        let at = |columns: &[usize]| (0..9).map(|column| columns.contains(&column).then(|| bucket(1.0, 1.0, 1.0))).collect::<Vec<_>>();
        let nature = Nature { extent: Some(range), step_ns: Some(30), ..Nature::default() };
        assert_eq!(columns(&at(&[0, 3, 6]), range, &nature)[..7], [Trust::Sound; 7]);
        assert_eq!(columns(&at(&[0, 8]), range, &nature)[1..8], [Trust::Stale; 7]);
    }

    #[test]
    fn a_counter_that_falls_began_again_and_a_gauge_did_not() {
        let shown =
            [Some(bucket(1.0, 5.0, 5.0)), None, Some(bucket(2.0, 3.0, 3.0)), Some(bucket(0.0, 4.0, 1.0)), Some(bucket(1.0, 2.0, 2.0))];
        assert_eq!(falls(&shown, SeriesKind::Counter), [2, 3]);
        assert!(falls(&shown, SeriesKind::Gauge).is_empty());
    }
}
