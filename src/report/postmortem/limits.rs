//! When a series is bad, and the stretches in which it was.
//!
//! Two questions that must not be mixed up: *did it leave what is normal* (sensitive: what could have been noticed)
//! and *did users feel it* (strict: what counts as impact). A limit of the case or of an alerting rule answers both;
//! only without one the baseline does. All numbers that are a choice stand here, with what they trade.

use super::context::Context;
use crate::model::time::NS_PER_S;
use crate::model::{Sample, SeriesMeta, TimeRange, Timestamp, Unit};

/// Bad samples of five that make a stretch; fewer would call a single slow scrape an incident.
const BAD_OF_FIVE: usize = 4;
/// With samples this far apart two bad ones are enough: five would be many minutes.
const COARSE_STEP_NS: i64 = 30 * NS_PER_S;
/// Good pauses up to this (or three samples) do not end a stretch: rates over ten seconds wobble.
const HOLE_NS: i64 = 20 * NS_PER_S;
/// Fewest samples that tell what is normal.
const LEAST_BASELINE: usize = 5;
/// Share of failed requests that users feel, where no limit is set.
const FELT_RATIO: f64 = 0.05;
/// Duration that users feel, where no limit is set.
const FELT_SECONDS: f64 = 1.0;

/// The value that is still good.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    pub(super) value: f64,
    pub(super) above_is_bad: bool,
    /// Where it comes from, for the formula.
    pub(super) why: String,
}

impl Bound {
    pub(super) fn is_bad(&self, value: f64) -> bool {
        if self.above_is_bad { value > self.value } else { value < self.value }
    }

    /// `> 5 % (alert EdgeErrorRateHigh)`.
    pub(super) fn words(&self, unit: Unit) -> String {
        let sign = if self.above_is_bad { ">" } else { "<" };
        format!("{sign} {} ({})", crate::model::text::value(self.value, unit), self.why)
    }
}

/// The limit that somebody set: in the case, else in an alerting rule.
fn stated(context: &Context, meta: &SeriesMeta) -> Option<Bound> {
    if let Some(value) = context.case.meta.thresholds.get(&meta.full_name()) {
        return Some(Bound { value: *value, above_is_bad: true, why: "threshold of the case".into() });
    }
    let rule = context.catalog.rules.iter().find(|rule| rule.speaks_of(meta))?;
    Some(Bound { value: rule.value, above_is_bad: rule.above_is_bad, why: format!("alert rule {}", rule.name) })
}

/// Beyond this users feel it. `None` for what no user feels (goroutines, say) and nobody set a limit for.
pub(super) fn felt(context: &mut Context, meta: &SeriesMeta) -> Option<Bound> {
    if let Some(bound) = stated(context, meta) {
        return Some(bound);
    }
    let usual = normal(context, meta).map_or(0.0, |normal| normal.median);
    let (least, words) = match meta.unit {
        Unit::Ratio => (FELT_RATIO, "5 %, or three times the baseline median if that is more"),
        Unit::Seconds => (FELT_SECONDS, "1 s, or three times the baseline median if that is more"),
        _ => return None,
    };
    Some(Bound { value: least.max(3.0 * usual), above_is_bad: true, why: words.into() })
}

/// What "beyond the baseline" means, for the formulas.
pub const BEYOND: &str = "beyond the baseline: above its greatest sample, its median + 4 robust σ (1.4826 × MAD), and its median + a floor (3 points of a ratio, 0.15 s or half of it, 10 or half of it)";

/// Beyond this it is no longer normal.
pub(super) fn unusual(context: &mut Context, meta: &SeriesMeta) -> Option<Bound> {
    if let Some(bound) = stated(context, meta) {
        return Some(bound);
    }
    let Some(normal) = normal(context, meta) else {
        // A ratio without samples before the incident had nothing to count: the first failures made it.
        let is_new = meta.unit == Unit::Ratio;
        return is_new.then(|| Bound { value: FELT_RATIO, above_is_bad: true, why: "5 %, no baseline".into() });
    };
    // A target that was up can only go down.
    if (meta.name == "up" || meta.name.ends_with("_up")) && normal.median > 0.5 && normal.greatest <= 1.0 {
        return Some(Bound { value: 0.5, above_is_bad: false, why: "down".into() });
    }
    let floor = match meta.unit {
        Unit::Ratio => 0.03,
        Unit::Seconds => (0.5 * normal.median).max(0.15),
        Unit::Bytes | Unit::BytesPerSecond => (0.5 * normal.median).max((8u64 << 20) as f64),
        Unit::None | Unit::PerSecond => (0.5 * normal.median).max(10.0),
    };
    let value = normal.greatest.max(normal.median + 4.0 * 1.4826 * normal.mad).max(normal.median + floor);
    Some(Bound { value, above_is_bad: true, why: "beyond the baseline".into() })
}

/// The middle of a series in the baseline.
pub(super) fn usual(context: &mut Context, meta: &SeriesMeta) -> Option<f64> {
    normal(context, meta).map(|normal| normal.median)
}

struct Normal {
    median: f64,
    greatest: f64,
    mad: f64,
}

fn normal(context: &mut Context, meta: &SeriesMeta) -> Option<Normal> {
    let samples = context.facts.samples(meta.id, context.baseline?);
    let values: Vec<f64> = samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect();
    if values.len() < LEAST_BASELINE {
        return None;
    }
    let median = super::indicators::median(values.clone())?;
    let mad = super::indicators::median(values.iter().map(|value| (value - median).abs()).collect())?;
    Some(Normal { median, greatest: values.iter().copied().fold(f64::MIN, f64::max), mad })
}

/// Stretches of bad samples, from the first bad one to the first good one after the last; short pauses joined.
///
/// NaN is no number: it neither is bad nor ends a stretch. O(n).
pub(super) fn stretches(samples: &[Sample], bound: &Bound, step_ns: Option<i64>) -> Vec<TimeRange> {
    let step = step_ns.unwrap_or(NS_PER_S).max(1);
    let fewest = if step >= COARSE_STEP_NS { 2 } else { BAD_OF_FIVE };
    let numbers: Vec<&Sample> = samples.iter().filter(|sample| !sample.value.is_nan()).collect();
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (index, sample) in numbers.iter().enumerate().filter(|(_, sample)| bound.is_bad(sample.value)) {
        match runs.last_mut() {
            // One good sample between two bad ones is the fifth of five; a gap in the data is no good sample.
            Some((_, last, n)) if index - *last <= 2 && sample.time.since(numbers[*last].time) <= step.saturating_mul(5).max(HOLE_NS) => {
                (*last, *n) = (index, *n + 1);
            }
            _ => runs.push((index, index, 1)),
        }
    }
    let ends = |last: usize| numbers.get(last + 1).map_or_else(|| numbers[last].time.plus_ns(1), |next| next.time);
    let long = runs.into_iter().filter(|run| run.2 >= fewest).map(|(first, last, _)| TimeRange::new(numbers[first].time, ends(last)));
    join(long.collect(), step)
}

/// Stretches in order, those with a pause of at most twenty seconds or three steps between them joined.
pub(super) fn join(mut all: Vec<TimeRange>, step_ns: i64) -> Vec<TimeRange> {
    all.sort_by_key(|range| (range.start(), range.end()));
    let most = HOLE_NS.max(step_ns.saturating_mul(3));
    let mut joined: Vec<TimeRange> = Vec::new();
    for range in all {
        match joined.last_mut() {
            Some(last) if range.start().since(last.end()) <= most => *last = last.union(range),
            _ => joined.push(range),
        }
    }
    joined
}

/// When users felt it, by the panels of errors and latency; each stretch with the roles that say so.
pub(super) fn degraded(context: &mut Context) -> (Vec<(TimeRange, Vec<String>)>, Vec<String>) {
    let panels = context.felt_panels();
    let mut found: Vec<(TimeRange, String)> = Vec::new();
    let (mut words, mut step) = (Vec::new(), NS_PER_S);
    for panel in &panels {
        let Some(meta) = panel.meta else { continue };
        let (Some(extent), Some(bound)) = (meta.extent, felt(context, meta)) else { continue };
        let samples = context.samples(meta, extent);
        words.push(format!("{} {} {}", panel.told(), meta.full_name(), bound.words(meta.unit)));
        step = step.max(meta.step_ns.unwrap_or(NS_PER_S));
        found.extend(stretches(&samples, &bound, meta.step_ns).into_iter().map(|range| (range, panel.role.clone())));
    }
    let joined = join(found.iter().map(|one| one.0).collect(), step);
    let roles = |range: TimeRange| {
        let mut roles: Vec<String> =
            found.iter().filter(|one| one.0.start() >= range.start() && one.0.end() <= range.end()).map(|one| one.1.clone()).collect();
        roles.sort();
        roles.dedup();
        roles
    };
    (joined.into_iter().map(|range| (range, roles(range))).collect(), words)
}

/// First moment at or after `from` at which a series leaves what is normal and stays there.
pub(super) fn onset(samples: &[Sample], bound: &Bound, step_ns: Option<i64>, from: Timestamp) -> Option<TimeRange> {
    stretches(samples, bound, step_ns).into_iter().find(|range| range.end() > from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], expected: &[(i64, i64)]) {
        let samples: Vec<Sample> =
            values.iter().zip(0..).map(|(value, at)| Sample { time: Timestamp::from_secs(at), value: *value }).collect();
        let bound = Bound { value: 5.0, above_is_bad: true, why: String::new() };
        let got = stretches(&samples, &bound, Some(NS_PER_S));
        let got: Vec<(i64, i64)> = got.iter().map(|range| (range.start().0 / NS_PER_S, range.end().0 / NS_PER_S)).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn four_of_five_bad_samples_make_a_stretch_and_three_do_not() {
        check(&[1.0, 9.0, 9.0, 1.0, 9.0, 9.0, 1.0], &[(1, 6)]);
        check(&[1.0, 9.0, 9.0, 9.0, 1.0, 1.0], &[]);
    }

    #[test]
    fn nothing_is_said_by_nan_and_infinity_is_bad() {
        check(&[1.0, 9.0, f64::NAN, f64::INFINITY, f64::NAN, 9.0, 9.0, 1.0], &[(1, 7)]);
    }

    #[test]
    fn short_pauses_do_not_end_a_stretch() {
        let bad = [9.0; 5];
        let values: Vec<f64> = [&bad[..], &[1.0; 15], &bad, &[1.0; 40], &bad, &[1.0]].concat();
        check(&values, &[(0, 25), (65, 70)]);
    }
}
