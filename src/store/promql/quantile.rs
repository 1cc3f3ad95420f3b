//! Quantiles of classic histograms: `histogram_quantile` as in `bucketQuantile` of Prometheus 2.42 (`promql/quantile.go`).

use std::collections::HashMap;

use super::rows::{NAME, Row, only, without};
use crate::model::Labels;

/// Label that holds the upper bound of a bucket.
pub(super) const BOUND: &str = "le";

/// A bucket at one moment: upper bound and number of observations up to it.
pub(super) type Bucket = (f64, f64);

/// The quantile of each histogram at each step. Rows without a bound that is a number are left out.
pub(super) fn of_buckets(q: &[f64], rows: &[Row]) -> Vec<Row> {
    let mut groups: HashMap<Labels, Vec<(f64, &[Option<f64>])>> = HashMap::new();
    for row in rows {
        let Some(bound) = only(&row.labels, &[BOUND]).get(BOUND).and_then(bound) else { continue };
        groups.entry(without(&row.labels, &[NAME, BOUND])).or_default().push((bound, &row.values));
    }
    let of_group = |(labels, mut buckets): (Labels, Vec<(f64, &[Option<f64>])>)| {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let value = |(step, q): (usize, &f64)| {
            let present: Vec<Bucket> = buckets.iter().filter_map(|(bound, counts)| Some((*bound, counts[step]?))).collect();
            (!present.is_empty()).then(|| bucket_quantile(*q, present))
        };
        Row { labels, values: q.iter().enumerate().map(value).collect() }
    };
    groups.into_iter().map(of_group).collect()
}

/// A bound as Go reads it.
pub(super) fn bound(text: &str) -> Option<f64> {
    match text.trim_start_matches('+').to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Some(f64::INFINITY),
        _ => text.parse().ok().filter(|bound: &f64| !bound.is_nan()),
    }
}

/// Linear inside the bucket that holds the rank; the highest finite bound when that is the one up to +Inf.
///
/// `buckets` in rising order of bounds. NaN without a bucket up to +Inf, without observations, or with fewer than two buckets.
pub(super) fn bucket_quantile(q: f64, buckets: Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    if buckets.last().is_none_or(|last| last.0 != f64::INFINITY) {
        return f64::NAN;
    }
    let buckets = monotonic(buckets);
    let [.., before_last, last] = buckets.as_slice() else { return f64::NAN };
    if last.1 == 0.0 || last.1.is_nan() {
        return f64::NAN;
    }
    let mut rank = q * last.1;
    let inner = &buckets[..buckets.len() - 1];
    let at = inner.partition_point(|bucket| (bucket.1 < rank) || bucket.1.is_nan());
    if at == inner.len() {
        return before_last.0;
    }
    let (end, mut count) = buckets[at];
    if at == 0 && end <= 0.0 {
        return end;
    }
    let mut start = 0.0;
    if at > 0 {
        start = buckets[at - 1].0;
        count -= buckets[at - 1].1;
        rank -= buckets[at - 1].1;
    }
    start + (end - start) * (rank / count)
}

/// Buckets of one bound added up, and counts that never fall: rates of buckets that were scraped apart may.
fn monotonic(buckets: Vec<Bucket>) -> Vec<Bucket> {
    let mut out: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for (bound, count) in buckets {
        match out.last_mut() {
            Some(last) if last.0.total_cmp(&bound).is_eq() => last.1 += count,
            _ => out.push((bound, count)),
        }
    }
    let mut most = f64::NEG_INFINITY;
    for bucket in &mut out {
        if bucket.1 > most {
            most = bucket.1;
        } else if bucket.1 < most {
            bucket.1 = most;
        }
    }
    out
}
