//! Moments at which a course leaves its own baseline: bursts of events, onsets of series.
//!
//! **The rule.** A course is a row of equal stretches, each with its mean. Of those inside the baseline, median and median
//! absolute deviation (Hampel 1974) say what is normal. A stretch is *out* when its mean lies beyond everything that the
//! baseline spans by more than the noise: the deviation of the baseline, a fiftieth of its median, or what means nothing in
//! the unit, whichever is most; of counts also the square root that chance alone gives. An onset is a stretch that is out
//! where the last three with a number were not: what stays out, or trembles on the border, begins once.

use std::num::NonZeroUsize;

use crate::model::onset::{Onset, OnsetOf};
use crate::model::time::NS_PER_S;
use crate::model::trend::Ramp;
use crate::model::{Columns, SeriesMeta, TimeRange};

use super::compare;
use super::stats::median;

/// Stretches of the range in which series are looked at.
pub const SERIES_STRETCHES: NonZeroUsize = NonZeroUsize::new(720).expect("not zero");
/// Stretches in which events are counted: wide enough for some of each, so that a burst stands out of what chance gives.
pub const COUNT_STRETCHES: NonZeroUsize = NonZeroUsize::new(180).expect("not zero");
/// Stretches with a number that must be normal before another onset.
const QUIET: usize = 3;
/// Stretches of the baseline with a number; with fewer nothing is known of it.
const LEAST_NORMAL: usize = 5;
/// Median absolute deviation of a normal distribution to its standard deviation.
const MAD_TO_SIGMA: f64 = 1.4826;
/// Standard deviations of a count by chance that are no burst.
const BY_CHANCE: f64 = 4.0;

/// So many stretches should lie in the baseline.
const WANTED_NORMAL: i64 = 12;
/// No more stretches than this, however long the range is.
const MOST_STRETCHES: usize = 10_000;

/// In how many stretches a range is looked at: as many as usual, or more where the baseline is a small part of it.
pub fn stretches(usual: NonZeroUsize, range: TimeRange, baseline: TimeRange) -> NonZeroUsize {
    let wanted = range.len_ns() / (baseline.len_ns() / WANTED_NORMAL).max(1);
    usual.max(NonZeroUsize::new((wanted.max(1) as usize).min(MOST_STRETCHES)).unwrap_or(usual))
}

/// What is normal.
struct Normal {
    median: f64,
    min: f64,
    max: f64,
    mad: f64,
}

impl Normal {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        if values.len() < LEAST_NORMAL {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let middle = median(values.clone())?;
        let mad = median(values.iter().map(|value| (value - middle).abs()).collect())?;
        Some(Self { median: middle, min: *values.first()?, max: *values.last()?, mad })
    }
}

/// Where a series leaves its baseline. Counters are looked at by what they rise by. O(columns).
pub fn of_series(meta: &SeriesMeta, baseline: TimeRange, columns: &Columns) -> Vec<Onset> {
    let course = compare::means(meta, columns);
    let greatest = course.iter().map(|(_, mean)| mean.abs()).fold(0.0, f64::max);
    let least = compare::floor(meta, greatest, compare::is_rate(meta));
    of_course(&course, (baseline, columns.range, columns.columns.len()), OnsetOf::Series(meta.id), &|_| least)
}

/// Where the number of events leaves its baseline. O(columns).
pub fn of_counts(of: OnsetOf, baseline: TimeRange, range: TimeRange, counts: &[u64]) -> Vec<Onset> {
    let width_s = (range.len_ns() as f64 / counts.len().max(1) as f64 / NS_PER_S as f64).max(f64::MIN_POSITIVE);
    let course: Vec<(usize, f64)> = counts.iter().enumerate().map(|(index, count)| (index, *count as f64 / width_s)).collect();
    // Of a count of n chance alone makes n ± √n.
    let chance = |rate: f64| BY_CHANCE * (rate * width_s + 1.0).sqrt() / width_s;
    of_course(&course, (baseline, range, counts.len()), of, &chance)
}

fn of_course(
    course: &[(usize, f64)],
    (baseline, range, n_columns): (TimeRange, TimeRange, usize),
    of: OnsetOf,
    least: &dyn Fn(f64) -> f64,
) -> Vec<Onset> {
    let Some(n) = NonZeroUsize::new(n_columns) else { return Vec::new() };
    let is_normal = |index: usize| baseline.start() <= range.edge(index, n) && range.edge(index + 1, n) <= baseline.end();
    let middle = |index: usize| f64::midpoint(range.edge(index, n).0 as f64, range.edge(index + 1, n).0 as f64) / NS_PER_S as f64;
    let calm: Vec<(f64, f64)> =
        course.iter().filter(|(index, _)| is_normal(*index)).map(|(index, value)| (middle(*index), *value)).collect();
    // What rises as steadily as before leaves nothing.
    let ramp = Ramp::of(&calm);
    let Some(normal) = Normal::of(course.iter().filter(|(index, _)| is_normal(*index)).map(|pair| pair.1).collect()) else {
        return Vec::new();
    };
    let noise = (MAD_TO_SIGMA * normal.mad).max(normal.median.abs() * 0.02).max(least(normal.max.max(0.0)));
    let is_out = |value: f64| value > normal.max + noise || value < normal.min - noise;
    let mut onsets = Vec::new();
    let mut n_quiet = QUIET;
    for (index, value) in course {
        let judged = ramp.filter(|_| !is_normal(*index)).map_or(*value, |ramp| ramp.without(middle(*index), *value));
        if !is_out(judged) {
            n_quiet += 1;
            continue;
        }
        if n_quiet >= QUIET {
            let within = TimeRange::new(range.edge(*index, n), range.edge(index + 1, n));
            let limits = (normal.min - noise, normal.max + noise);
            onsets.push(Onset { at: within.start(), within, limits, of, normal: normal.median, value: *value });
        }
        n_quiet = 0;
    }
    onsets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::series::Bucket;
    use crate::model::{SeriesKind, Timestamp};

    const BASELINE: i64 = 10;

    fn range(columns: usize) -> (TimeRange, TimeRange) {
        let to = |secs: usize| TimeRange::new(Timestamp(0), Timestamp::from_secs(secs as i64));
        (to(BASELINE as usize), to(columns))
    }

    #[track_caller]
    fn check_series(kind: SeriesKind, values: &[f64], expected: &[i64]) {
        let cell = |value: &f64| {
            (!value.is_nan()).then_some(Bucket { min: *value, max: *value, mean: *value, last: *value, count: 1, n_nan: 0, n_inf: 0 })
        };
        let (baseline, range) = range(values.len());
        let columns = Columns { range, columns: values.iter().map(cell).collect() };
        let onsets = of_series(&SeriesMeta { kind, ..SeriesMeta::default() }, baseline, &columns);
        assert_eq!(onsets.iter().map(|onset| onset.at.0 / NS_PER_S).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_stays_out_begins_once_and_begins_again_after_quiet() {
        let quiet = [30., 31., 29., 30., 32., 30., 29., 31., 30., 30.];
        check_series(SeriesKind::Gauge, &[&quiet[..], &[30., 400., 410., 30., 405., 30., 31., 30., 500.]].concat(), &[11, 18]);
        check_series(SeriesKind::Gauge, &[&quiet[..], &[33., 28., 31.]].concat(), &[]);
        check_series(SeriesKind::Gauge, &[&quiet[..], &[f64::NAN, 2., f64::NAN]].concat(), &[11]);
        check_series(SeriesKind::Gauge, &[5.; 3], &[]);
    }

    #[test]
    fn a_counter_leaves_its_baseline_when_it_rises_otherwise() {
        let steady: Vec<f64> = (0..20).map(|i| f64::from(i) * 10.0).collect();
        check_series(SeriesKind::Counter, &steady, &[]);
        let faster: Vec<f64> = (0..20).map(|i| f64::from(i) * 10.0 + f64::from((i - 12).max(0)) * 200.0).collect();
        check_series(SeriesKind::Counter, &faster, &[13]);
    }

    #[test]
    fn what_rises_as_steadily_as_before_begins_nothing() {
        let disk = |more: f64| (0..30).map(|i| 100.0 + 5.0 * f64::from(i) + more * f64::from((i - 20).max(0))).collect::<Vec<_>>();
        check_series(SeriesKind::Gauge, &disk(0.0), &[]);
        check_series(SeriesKind::Gauge, &disk(90.0), &[21]);
    }

    #[test]
    fn a_burst_is_more_than_chance_gives() {
        let of = |counts: &[u64]| {
            let (baseline, range) = range(counts.len());
            of_counts(OnsetOf::Events(None), baseline, range, counts).iter().map(|onset| onset.at.0 / NS_PER_S).collect::<Vec<_>>()
        };
        assert_eq!(of(&[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 40, 50, 0]), [13]);
        assert_eq!(of(&[100, 104, 96, 99, 101, 100, 98, 102, 100, 100, 120, 130, 100]), Vec::<i64>::new());
        assert_eq!(of(&[100, 104, 96, 99, 101, 100, 98, 102, 100, 100, 0, 0, 100]), [10], "silence is news too");
    }
}
