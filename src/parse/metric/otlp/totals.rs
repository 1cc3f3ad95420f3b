//! Running totals of points that say only what was added since the point before, and exponential histograms.
//!
//! Points of delta temporality are added up in the order in which they stand, so that rates and quantiles are those of
//! any other counter. Exponential histograms become native ones: a bucket `i` of OTLP reaches from `base^i` to
//! `base^(i+1)`. Where the resolution falls, buckets are merged as the data model of OpenTelemetry says.

use std::collections::{BTreeMap, HashMap};

use crate::model::Labels;
use crate::parse::metric::cell;
use crate::parse::metric::native::{Bucket, Histogram, Layout};

/// Totals by series.
#[derive(Debug, Default)]
pub(super) struct Totals(HashMap<(String, Labels), f64>);

impl Totals {
    /// Adds what came to a series; gives its total.
    pub fn add(&mut self, name: &str, labels: &[(String, String)], added: f64) -> f64 {
        let total = self.0.entry((name.to_owned(), Labels::new(labels.to_vec()))).or_insert(0.0);
        *total += added;
        *total
    }
}

/// An exponential histogram: its resolution, and its counts by index.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Exponential {
    /// A power of two holds `2^scale` buckets.
    pub scale: i32,
    pub zero_threshold: f64,
    pub zero: f64,
    pub count: f64,
    pub sum: f64,
    pub positive: BTreeMap<i64, f64>,
    pub negative: BTreeMap<i64, f64>,
}

impl Exponential {
    /// The same with buckets of a lower resolution.
    fn at_scale(mut self, scale: i32) -> Self {
        let shift = (self.scale - scale).clamp(0, 62);
        let merged = |counts: &BTreeMap<i64, f64>| {
            let mut merged = BTreeMap::new();
            for (index, count) in counts {
                *merged.entry(index >> shift).or_insert(0.0) += count;
            }
            merged
        };
        (self.positive, self.negative) = (merged(&self.positive), merged(&self.negative));
        self.scale -= shift;
        self
    }

    /// Adds another one.
    pub fn add(self, other: Self) -> Self {
        let scale = self.scale.min(other.scale);
        let (mut total, added) = (self.at_scale(scale), other.at_scale(scale));
        total.zero_threshold = total.zero_threshold.max(added.zero_threshold);
        total.zero += added.zero;
        total.count += added.count;
        total.sum += added.sum;
        for (index, count) in added.positive {
            *total.positive.entry(index).or_insert(0.0) += count;
        }
        for (index, count) in added.negative {
            *total.negative.entry(index).or_insert(0.0) += count;
        }
        total
    }

    /// As a native histogram in units that are `factor` of these.
    pub fn native(&self, time_ms: i64, factor: f64) -> Histogram {
        let layout = Layout { schema: self.scale, ..Layout::default() };
        let is_filled = |(_, count): &(&i64, &f64)| **count != 0.0;
        let bound = |index: i64| cell::scaled(layout.bound(index), factor);
        let bounds = |index: i64| (bound(index), bound(index.saturating_add(1)));
        let below = self.negative.iter().filter(is_filled).rev();
        let mut buckets: Vec<Bucket> = below
            .map(|(index, count)| (bounds(*index), *count))
            .map(|((lower, upper), count)| Bucket { lower: -upper, upper: -lower, count })
            .collect();
        if self.zero != 0.0 {
            let edge = self.zero_threshold * factor;
            // Zero has one sign only, also as text.
            buckets.push(Bucket { lower: 0.0 - edge, upper: edge, count: self.zero });
        }
        let above = self.positive.iter().filter(is_filled);
        buckets.extend(above.map(|(index, count)| (bounds(*index), *count)).map(|((lower, upper), count)| Bucket { lower, upper, count }));
        Histogram { time_ms, count: self.count, sum: cell::scaled(self.sum, factor), buckets }
    }
}
