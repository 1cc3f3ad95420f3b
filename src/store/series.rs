//! Samples of one series and a min/max pyramid over them, so that any zoom costs O(columns).
//!
//! Samples are packed (`packed`): 1 to 4 bytes for whole numbers and decimals, 8 for floats that use all their digits;
//! the pyramid adds a tenth of a byte. Level 0 holds 512 samples a bucket, each further level 8 buckets of the one below.
//! Buckets keep min and max, never only the mean: a one-sample spike survives every zoom. NaN and ±Inf are counted apart
//! and never enter min, max or mean; a stale marker is no value at all and ends the one before it.
//! Knows nothing of names or labels; see `model::SeriesMeta`.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use crate::model::query::ValueAt;
use crate::model::series::Bucket;
use crate::model::{Columns, Sample, TimeRange, Timestamp};

use crate::model::packed::{BLOCK, Node, Packed, Times, Values};

/// Samples in a bucket of level 0, those of a packed block: scanning the two ragged ends of a column takes microseconds,
/// and the pyramid costs a tenth of a byte a sample.
const LEAF: usize = BLOCK;
/// Buckets of one level in a bucket of the next.
const FANOUT: usize = 8;

/// Samples in rising order of time, and their pyramid.
#[derive(Debug, Default)]
pub struct SeriesStore {
    times: Times,
    /// Shared with the same series at moved times, as are the levels.
    values: Arc<Values>,
    /// Of whole blocks, whole buckets of those, and so on.
    levels: Arc<Vec<Vec<Node>>>,
}

fn bucket(node: Node) -> Bucket {
    let Node { min, max, sum, last, count, n_nan, n_inf } = node;
    if count == 0 {
        return Bucket { min: 0.0, max: 0.0, mean: 0.0, last: 0.0, count, n_nan, n_inf };
    }
    // A sum of huge values overflows and rounding can leave the bounds by a hair; the mean never does.
    let mean = (sum / f64::from(count)).clamp(min, max);
    Bucket { min, max, mean, last, count, n_nan, n_inf }
}

impl SeriesStore {
    /// Takes samples; sorts them (stable) if they are not in order. O(n), O(n log n) when unsorted.
    pub fn new(mut samples: Vec<Sample>) -> Self {
        if !samples.is_sorted_by_key(|sample| sample.time) {
            samples.sort_by_key(|sample| sample.time);
        }
        Self::of(Packed::default(), &samples)
    }

    /// Whole blocks that are packed already, and the samples behind them in order.
    pub fn of(mut packed: Packed, rest: &[Sample]) -> Self {
        packed.extend(rest);
        packed.shrink();
        let Packed { times, values, leaves } = packed;
        Self { times, values: Arc::new(values), levels: Arc::new(pyramid(leaves)) }
    }

    /// The same values with every time moved by `ns`; a move that would leave what can be told stops at its edge. O(n / 512).
    #[must_use]
    pub fn moved(&self, ns: i64) -> Self {
        let (first, last) = if self.is_empty() { (0, 0) } else { (self.times.get(0), self.times.get(self.len() - 1)) };
        let ns = ns.clamp(i64::MIN.saturating_sub(first).min(0), i64::MAX.saturating_sub(last).max(0));
        Self { times: self.times.moved(ns), values: Arc::clone(&self.values), levels: Arc::clone(&self.levels) }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that samples and pyramid take on the heap.
    pub fn memory_bytes(&self) -> usize {
        let nodes: usize = self.levels.iter().map(|level| level.capacity() * size_of::<Node>() + size_of::<Vec<Node>>()).sum();
        self.times.memory_bytes() + self.values.memory_bytes() + nodes
    }

    /// From the first sample to just after the last.
    pub fn extent(&self) -> Option<TimeRange> {
        let last = self.len().checked_sub(1)?;
        Some(TimeRange::new(Timestamp(self.times.get(0)), Timestamp(self.times.get(last)).plus_ns(1)))
    }

    /// Least and greatest finite value.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let node = self.aggregate(0..self.len());
        (node.count > 0).then_some((node.min, node.max))
    }

    /// Median distance of neighbouring samples, ns; samples at one moment do not count.
    pub fn step_ns(&self) -> Option<i64> {
        if let Some(stride) = self.times.stride().filter(|stride| *stride > 0) {
            return Some(stride);
        }
        let steps = || (1..self.len()).map(|i| self.times.get(i).saturating_sub(self.times.get(i - 1))).filter(|step| *step > 0);
        steps().next()?;
        Some(median_by_count(steps()).unwrap_or_else(|| {
            let mut steps: Vec<i64> = steps().collect();
            let middle = (steps.len() - 1) / 2;
            *steps.select_nth_unstable(middle).1
        }))
    }

    /// One bucket a column; a column without a sample is `None`. O(columns · log n).
    pub fn columns(&self, range: TimeRange, n: NonZeroUsize) -> Columns {
        let mut columns = Vec::with_capacity(n.get());
        let mut from = self.index_of(range.start());
        for column in 0..n.get() {
            let edge = range.edge(column + 1, n).0;
            let to = self.times.index_of(from, edge);
            let bucket = (from < to).then(|| bucket(self.aggregate(from..to)));
            columns.push(bucket.filter(|bucket| bucket.count + bucket.n_nan + bucket.n_inf > 0));
            from = to;
        }
        Columns { range, columns }
    }

    /// The last sample at or before `at`, unless it is older than `staleness_ns` or says that the series has ended.
    pub fn value_at(&self, at: Timestamp, staleness_ns: i64) -> Option<ValueAt> {
        let after = at.0.checked_add(1).map_or(self.len(), |next| self.times.index_of(0, next));
        let sample = self.sample(after.checked_sub(1)?);
        let is_live = at.since(sample.time) <= staleness_ns && !sample.is_stale_marker();
        is_live.then_some(ValueAt { value: sample.value, sample_time: sample.time })
    }

    /// Samples inside `range`, at most `limit`, and whether some were left out.
    pub fn samples(&self, range: TimeRange, limit: usize) -> (Vec<Sample>, bool) {
        let (from, to) = (self.index_of(range.start()), self.index_of(range.end()));
        let cut = to.min(from.saturating_add(limit));
        let mut samples = Vec::with_capacity(cut.saturating_sub(from));
        self.times.each(from..cut, |time| samples.push(Sample { time: Timestamp(time), value: 0.0 }));
        let mut places = samples.iter_mut();
        self.values.each(from..cut, |value| {
            if let Some(place) = places.next() {
                place.value = value;
            }
        });
        (samples, cut < to)
    }

    fn sample(&self, index: usize) -> Sample {
        Sample { time: Timestamp(self.times.get(index)), value: self.values.get(index) }
    }

    /// Index of the first sample at or after `at`. O(log n).
    pub fn index_of(&self, at: Timestamp) -> usize {
        self.times.index_of(0, at.0)
    }

    /// Everything about the samples `range.start..range.end`, in time order: ragged ends from the level below,
    /// whole buckets from the level above.
    fn aggregate(&self, range: Range<usize>) -> Node {
        let mut node = Node::EMPTY;
        let (first, last) = (range.start.div_ceil(LEAF), range.end / LEAF);
        if first >= last {
            range.for_each(|i| node.add(self.values.get(i)));
            return node;
        }
        (range.start..first * LEAF).for_each(|i| node.add(self.values.get(i)));
        self.climb(0, first..last, &mut node);
        (last * LEAF..range.end).for_each(|i| node.add(self.values.get(i)));
        node
    }

    /// Adds the buckets `range` of `level`, from the level above where they fill one of its buckets.
    fn climb(&self, level: usize, range: Range<usize>, node: &mut Node) {
        let nodes = &self.levels[level];
        let (first, last) = (range.start.div_ceil(FANOUT), range.end / FANOUT);
        if first >= last || level + 1 >= self.levels.len() {
            nodes[range].iter().for_each(|bucket| node.merge(bucket));
            return;
        }
        nodes[range.start..first * FANOUT].iter().for_each(|bucket| node.merge(bucket));
        self.climb(level + 1, first..last, node);
        nodes[last * FANOUT..range.end].iter().for_each(|bucket| node.merge(bucket));
    }
}

/// The middle of numbers of which few are different, without a list of all; `None` when they are too many, or none.
fn median_by_count(numbers: impl Iterator<Item = i64>) -> Option<i64> {
    /// Different numbers: those of a clock that jitters by some milliseconds.
    const MAX: usize = 1 << 12;
    let mut counts: HashMap<i64, u64> = HashMap::new();
    let (mut last, mut n_last, mut n) = (0, 0, 0u64);
    for number in numbers {
        n += 1;
        if number == last {
            n_last += 1;
            continue;
        }
        *counts.entry(last).or_insert(0) += n_last;
        (last, n_last) = (number, 1);
        if counts.len() > MAX {
            return None;
        }
    }
    *counts.entry(last).or_insert(0) += n_last;
    let mut counts: Vec<(i64, u64)> = counts.into_iter().collect();
    counts.sort_unstable();
    let mut before = n.checked_sub(1)? / 2;
    let is_past = |(_, count): &&(i64, u64)| {
        let is_here = before < *count;
        before = before.saturating_sub(*count);
        is_here
    };
    counts.iter().find(is_past).map(|(number, _)| *number)
}

/// All levels, the finest first; only whole buckets, so a level may cover less than the one below. A short series has none.
fn pyramid(leaves: Vec<Node>) -> Vec<Vec<Node>> {
    if leaves.is_empty() {
        return Vec::new();
    }
    let mut levels = vec![leaves];
    while let Some(below) = levels.last().filter(|level| level.len() >= FANOUT) {
        let above = below.chunks_exact(FANOUT).map(|nodes| {
            let mut node = Node::EMPTY;
            for bucket in nodes {
                node.merge(bucket);
            }
            node
        });
        let above = above.collect();
        levels.push(above);
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::series::STALE_BITS;
    use proptest::prelude::*;

    fn store(samples: &[(i64, f64)]) -> SeriesStore {
        SeriesStore::new(samples.iter().map(|(time, value)| Sample { time: Timestamp(*time), value: *value }).collect())
    }

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange::new(Timestamp(start), Timestamp(end))
    }

    fn n(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    #[test]
    fn one_spike_in_a_hundred_thousand_samples_shows_in_a_single_column() {
        let samples: Vec<(i64, f64)> = (0..100_000).map(|i| (i, if i == 54_321 { 1e6 } else { 1.0 })).collect();
        let columns = store(&samples).columns(range(0, 100_000), n(1));
        let bucket = columns.columns[0].unwrap();
        assert_eq!((bucket.min, bucket.max, bucket.count), (1.0, 1e6, 100_000));
    }

    #[test]
    fn a_gap_is_none_and_special_values_are_counted_apart() {
        let store = store(&[(0, 1.0), (1, f64::NAN), (2, f64::INFINITY), (25, f64::NAN)]);
        let columns = store.columns(range(0, 30), n(3)).columns;
        let first = columns[0].unwrap();
        assert_eq!((first.min, first.max, first.count, first.n_nan, first.n_inf), (1.0, 1.0, 1, 1, 1));
        assert_eq!(columns[1], None);
        assert_eq!(columns[2].map(|b| (b.count, b.n_nan)), Some((0, 1)));
    }

    #[test]
    fn a_value_goes_stale() {
        let store = store(&[(10, 1.0), (20, 2.0)]);
        assert_eq!(store.value_at(Timestamp(9), 100), None);
        assert_eq!(store.value_at(Timestamp(24), 5).map(|v| v.value), Some(2.0));
        assert_eq!(store.value_at(Timestamp(26), 5), None);
    }

    #[test]
    fn a_stale_marker_ends_a_value_and_is_no_value() {
        let stale = f64::from_bits(STALE_BITS);
        let store = store(&[(10, 1.0), (20, stale), (31, f64::NAN)]);
        assert_eq!(store.value_at(Timestamp(19), 100).map(|v| v.value), Some(1.0));
        assert_eq!(store.value_at(Timestamp(25), 100), None);
        let columns = store.columns(range(10, 40), n(3)).columns;
        assert_eq!(columns.iter().map(|c| c.map(|c| (c.count, c.n_nan))).collect::<Vec<_>>(), [Some((1, 0)), None, Some((0, 1))]);
    }

    #[test]
    fn moved_samples_keep_their_values_and_distances() {
        let samples: Vec<(i64, f64)> = (0..1_300).map(|i| (i * 7 + i % 3, i as f64 / 8.0)).collect();
        let (read, moved) = (store(&samples), store(&samples).moved(-5_000));
        let everything = range(i64::MIN, i64::MAX);
        let by: Vec<(i64, f64)> = moved.samples(everything, 9_999).0.iter().map(|sample| (sample.time.0 + 5_000, sample.value)).collect();
        assert_eq!(by, samples);
        assert_eq!(moved.moved(5_000).samples(everything, 9_999), read.samples(everything, 9_999));
        assert_eq!((moved.bounds(), moved.step_ns()), (read.bounds(), read.step_ns()));
        assert_eq!(store(&[(i64::MAX - 3, 1.0)]).moved(9).extent(), Some(range(i64::MAX, i64::MAX)));
        assert!(store(&[]).moved(9).is_empty());
    }

    #[test]
    fn samples_at_both_ends_of_time_do_not_overflow() {
        let store = store(&[(i64::MIN, 1.0), (i64::MAX, 2.0)]);
        assert_eq!(store.step_ns(), Some(i64::MAX));
        assert_eq!(store.columns(range(i64::MIN, i64::MAX), n(2)).columns.len(), 2);
    }

    proptest! {
        #[test]
        fn the_step_is_the_median_of_all(steps in prop::collection::vec(0i64..6, 0..300), len in 0usize..2000, stride in 0i64..3) {
            let mut time = 0;
            let steps = steps.into_iter().chain(std::iter::repeat_n(stride, len));
            let samples: Vec<(i64, f64)> = steps.map(|step| { time += step; (time, 1.0) }).collect();
            let mut distances: Vec<i64> = samples.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|step| *step > 0).collect();
            distances.sort_unstable();
            prop_assert_eq!(store(&samples).step_ns(), distances.get(distances.len().saturating_sub(1) / 2).copied());
        }
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![8 => -1e3..1e3, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_zoom_says_what_a_plain_scan_says(
            steps in prop::collection::vec((0i64..5, value()), 0..3000),
            start in -100i64..8000, len in 0i64..9000, columns in 1usize..80,
        ) {
            let mut time = 0;
            let samples: Vec<(i64, f64)> = steps.iter().map(|(step, value)| { time += step; (time, *value) }).collect();
            let range = range(start, start + len);
            let got = store(&samples).columns(range, n(columns));
            for (i, part) in range.split(n(columns)).into_iter().enumerate() {
                let inside: Vec<f64> = samples.iter().filter(|s| part.contains(Timestamp(s.0))).map(|s| s.1).collect();
                let finite: Vec<f64> = inside.iter().copied().filter(|v| v.is_finite()).collect();
                let Some(bucket) = got.columns[i] else { prop_assert!(inside.is_empty()); continue };
                prop_assert_eq!(bucket.count as usize, finite.len());
                prop_assert_eq!(bucket.n_nan as usize, inside.iter().filter(|v| v.is_nan()).count());
                prop_assert_eq!((bucket.count + bucket.n_nan + bucket.n_inf) as usize, inside.len());
                if !finite.is_empty() {
                    prop_assert_eq!(Some(bucket.min), finite.iter().copied().min_by(f64::total_cmp));
                    prop_assert_eq!(Some(bucket.max), finite.iter().copied().max_by(f64::total_cmp));
                    prop_assert_eq!(Some(&bucket.last), finite.last());
                    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
                    prop_assert!((bucket.mean - mean).abs() <= 1e-9 * mean.abs().max(1.0));
                }
            }
        }
    }
}
