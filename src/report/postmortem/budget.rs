//! What an objective of the case counts: the series that its indicator names, over any window.
//!
//! Named series win over those that the program would choose; where a name fits no series, that is told and nothing is
//! put in its place.

use super::context::Context;
use super::failed::{Counted, Estimate, increase_of, integral, recorded, times};
use super::stages::fullest;
use crate::model::case::{Indicator, Slo};
use crate::model::glob::matches;
use crate::model::{SeriesMeta, TimeRange};

/// Counted by an indicator, with the series in words; the reason when it cannot be counted.
pub(super) type Measured = Result<(Counted, String), String>;

/// What the indicator of an objective counts in a window.
pub(super) fn measure(context: &mut Context, slo: &Slo, window: TimeRange) -> Measured {
    match &slo.indicator {
        Indicator::BadOfTotal { bad, total } => {
            let (failed, all) = (sum(context, bad, window)?, sum(context, total, window)?);
            Ok((failed_of(failed.estimate, failed.n_resets, &all), format!("bad {bad}, all {total}")))
        }
        Indicator::GoodOfTotal { good, total } => {
            let (good_ones, all) = (sum(context, good, window)?, sum(context, total, window)?);
            Ok((failed_of(less(all.estimate, good_ones.estimate), good_ones.n_resets, &all), format!("good {good}, all {total}")))
        }
        Indicator::Ratio { ratio, rate: Some(rate) } => by_rate(context, (ratio, rate), window),
        Indicator::Ratio { ratio, rate: None } => Err(format!("{ratio} counts no requests; name a rate beside the ratio")),
        Indicator::Latency { latency, threshold, .. } => by_buckets(context, (latency, *threshold), window),
    }
}

/// All that are not good. The bounds of both are not independent: the likely values only.
fn less(all: Estimate, good: Estimate) -> Estimate {
    let diff = |all: f64, good: f64| (all - good).max(0.0);
    let likely = diff(all.likely, good.likely);
    Estimate { likely, low: diff(all.low, good.low).min(likely), high: diff(all.high, good.high).max(likely) }
}

/// Series that were given, not computed here, of a name or pattern: each full name once.
fn given<'a>(context: &Context<'a>, pattern: &str) -> Vec<&'a SeriesMeta> {
    let is_named = |meta: &&SeriesMeta| pattern == meta.name || matches(pattern, &meta.full_name()) || matches(pattern, &meta.name);
    let all: Vec<&SeriesMeta> = context.catalog.series.iter().filter(is_named).collect();
    // A pattern often fits what was computed from the very counters that it is meant to name.
    let given: Vec<&SeriesMeta> = all.iter().copied().filter(|meta| meta.derivation.is_none()).collect();
    fullest(if given.is_empty() { all } else { given })
}

fn missing(pattern: &str) -> String {
    format!("no series is called {pattern}")
}

/// Counters of one name, added up.
struct Sum {
    estimate: Estimate,
    n_resets: usize,
    recorded: Option<TimeRange>,
}

/// So many failed of `all`.
fn failed_of(failed: Estimate, n_resets: usize, all: &Sum) -> Counted {
    Counted { failed, all: all.estimate, n_resets: n_resets + all.n_resets, recorded: all.recorded }
}

fn sum(context: &mut Context, pattern: &str, window: TimeRange) -> Result<Sum, String> {
    let found = given(context, pattern);
    if found.is_empty() {
        return Err(missing(pattern));
    }
    Ok(sum_of(context, &found, window))
}

fn sum_of<'a>(context: &mut Context<'a>, found: &[&'a SeriesMeta], window: TimeRange) -> Sum {
    let mut sum = Sum { estimate: Estimate::default(), n_resets: 0, recorded: recorded(found.iter().copied()) };
    for meta in found {
        let (increase, resets) = increase_of(context, meta, window, sum.recorded.map(TimeRange::start));
        sum.estimate.add(increase);
        sum.n_resets += resets;
    }
    sum
}

fn by_rate(context: &mut Context, (ratio, rate): (&str, &str), window: TimeRange) -> Measured {
    let only = |context: &Context<'_>, pattern: &str| {
        let found = given(context, pattern);
        match found.len() {
            0 => Err(missing(pattern)),
            1 => Ok(found[0].id),
            n => Err(format!("{n} series are called {pattern}; name one of them with its labels")),
        }
    };
    let (ratio_id, rate_id) = (only(context, ratio)?, only(context, rate)?);
    let (Some(ratio_meta), Some(rate_meta)) = (context.catalog.series(ratio_id), context.catalog.series(rate_id)) else {
        return Err(missing(ratio));
    };
    let margin = rate_meta.staleness_ns();
    let around = TimeRange::new(window.start().plus_ns(-margin), window.end().plus_ns(margin));
    let (rates, ratios) = (context.samples(rate_meta, around), context.samples(ratio_meta, around));
    let failed = integral(&times(&rates, &ratios, ratio_meta), window, margin).0;
    let all = integral(&rates, window, margin).0;
    Ok((Counted { failed, all, n_resets: 0, recorded: rate_meta.extent }, format!("∫ {rate} × {ratio} dt")))
}

/// Requests slower than the threshold: all less those of the bucket that ends at it.
fn by_buckets(context: &mut Context, (latency, threshold): (&str, f64), window: TimeRange) -> Measured {
    let found = given(context, latency);
    let found = if found.is_empty() { given(context, &format!("{latency}_bucket")) } else { found };
    let bound = |meta: &SeriesMeta| meta.labels.get("le").and_then(|le| le.trim().parse::<f64>().ok());
    if found.is_empty() {
        return Err(missing(latency));
    }
    let of = |wanted: f64| found.iter().copied().filter(|meta| bound(meta) == Some(wanted)).collect::<Vec<_>>();
    let (good, all) = (of(threshold), of(f64::INFINITY));
    if good.is_empty() || all.is_empty() {
        return Err(format!("{latency} has no bucket that ends at {threshold}: a quantile counts no requests"));
    }
    let (good, all) = (sum_of(context, &good, window), sum_of(context, &all, window));
    let words = format!("all less the bucket {threshold} of {latency}");
    Ok((failed_of(less(all.estimate, good.estimate), good.n_resets, &all), words))
}
