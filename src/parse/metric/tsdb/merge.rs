//! Samples of one series from several blocks and logs, put together by labels.
//!
//! What overlaps holds the same samples twice: the second is dropped in silence when it says the same, and is a problem
//! when it says something else. Native histograms become series at the very end, when all their bounds are known.

use std::collections::HashMap;

use super::super::native::{self, Histogram};
use super::super::{Place, meaning};
use super::tombstones::Deleted;
use crate::model::catalog::Problems;
use crate::model::{Labels, ProblemKind, Sample, SeriesKind, Timestamp, Unit};
use crate::parse::{Context, ParsedSeries};

/// A nanosecond has room for these milliseconds.
const NS_PER_MS: i64 = 1_000_000;

/// All series so far.
#[derive(Debug, Default)]
pub struct Merge {
    index: HashMap<(String, Labels), usize>,
    series: Vec<Merged>,
    n_outside: u64,
}

#[derive(Debug, Default)]
struct Merged {
    name: String,
    labels: Labels,
    floats: Vec<Sample>,
    histograms: Vec<Histogram>,
    kind: SeriesKind,
    unit: Unit,
}

impl Merge {
    /// Number of the series with these labels.
    pub fn series(&mut self, mut labels: Vec<(String, String)>) -> usize {
        let name = labels.iter().position(|(name, _)| name == "__name__").map(|at| labels.swap_remove(at).1).unwrap_or_default();
        let key = (name, Labels::new(labels));
        if let Some(index) = self.index.get(&key) {
            return *index;
        }
        self.series.push(Merged { name: key.0.clone(), labels: key.1.clone(), ..Merged::default() });
        self.index.insert(key, self.series.len() - 1);
        self.series.len() - 1
    }

    /// What metadata says.
    pub fn describe(&mut self, series: usize, kind: SeriesKind, unit: Unit) {
        (self.series[series].kind, self.series[series].unit) = (kind, unit);
    }

    /// Adds samples but for those that were deleted.
    pub fn add(&mut self, series: usize, floats: Vec<(i64, f64)>, histograms: Vec<Histogram>, deleted: Option<&Deleted>) {
        let is_kept = |time_ms: i64| deleted.is_none_or(|deleted| !deleted.contains(time_ms));
        let target = &mut self.series[series];
        target.floats.reserve(floats.len());
        for (time_ms, value) in floats.into_iter().filter(|sample| is_kept(sample.0)) {
            match time_ms.checked_mul(NS_PER_MS) {
                Some(ns) => target.floats.push(Sample { time: Timestamp(ns), value }),
                None => self.n_outside += 1,
            }
        }
        for histogram in histograms.into_iter().filter(|one| is_kept(one.time_ms)) {
            if histogram.time_ms.checked_mul(NS_PER_MS).is_some() {
                target.histograms.push(histogram);
            } else {
                self.n_outside += 1;
            }
        }
    }

    /// The series in order of name and labels.
    pub fn finish(self, context: &Context, problems: &mut Problems) -> Vec<ParsedSeries> {
        drop(self.index);
        if self.n_outside > 0 {
            let reason = format!("{} samples lie outside 1678…2262 and are left out", self.n_outside);
            problems.push(Place::default().problem(ProblemKind::Time, reason));
        }
        let mut all: HashMap<(String, Labels), ParsedSeries> = HashMap::new();
        let mut n_contrary = 0;
        for mut one in self.series {
            n_contrary += settle(&mut one.floats, |sample| sample.time.0, |a, b| a.value.to_bits() == b.value.to_bits());
            n_contrary += settle(&mut one.histograms, |sample| sample.time_ms, |a, b| a == b || a.sum.is_nan() && b.sum.is_nan());
            let Merged { name, labels, floats, histograms, kind, unit } = one;
            let mut parts = if histograms.is_empty() { Vec::new() } else { native::series(&name, &labels, &histograms) };
            if !floats.is_empty() || parts.is_empty() {
                parts.push(ParsedSeries { name, labels, unit, kind, samples: floats, ..ParsedSeries::default() });
            }
            for part in parts.into_iter().filter(|part| !part.samples.is_empty()) {
                let key = (part.name.clone(), part.labels.clone());
                match all.entry(key) {
                    std::collections::hash_map::Entry::Vacant(place) => drop(place.insert(part)),
                    // A histogram that was scraped in both forms says the same in both.
                    std::collections::hash_map::Entry::Occupied(mut place) => {
                        let known = place.get_mut();
                        known.samples.extend(part.samples);
                        let _ = settle(&mut known.samples, |sample| sample.time.0, |_, _| true);
                    }
                }
            }
        }
        if n_contrary > 0 {
            let reason = format!("{n_contrary} samples are told twice with different values; those of the earlier block are kept");
            problems.push(Place::default().problem(ProblemKind::Duplicate, reason));
        }
        let mut all: Vec<ParsedSeries> = all.into_values().collect();
        for series in &mut all {
            meaning::fill(series, context.query.as_deref());
        }
        all.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        all
    }
}

/// Sorts by time and keeps the first at each; how many of the others say something else.
fn settle<T>(samples: &mut Vec<T>, time: impl Fn(&T) -> i64, is_same: impl Fn(&T, &T) -> bool) -> u64 {
    if samples.is_sorted_by(|a, b| time(a) < time(b)) {
        return 0;
    }
    samples.sort_by_key(|sample| time(sample));
    let mut n_contrary = 0;
    samples.dedup_by(|later, kept| {
        let is_twin = time(later) == time(kept);
        n_contrary += u64::from(is_twin && !is_same(later, kept));
        is_twin
    });
    n_contrary
}
