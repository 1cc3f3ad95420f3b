//! What is normal when nobody says: the time before the first sign, cut where any series had left its own early course.
//!
//! The first sign is what people marked, and that is often late: alerts are coarse, and a pool is full before requests
//! fail. So the first half of the time before it says what is usual, and a series that leaves that and is still beyond it
//! at the first sign ends the baseline one step before it left. A blip that is over by then ends nothing.

use super::context::Context;
use super::detection::is_telling;
use super::limits::{stretches, unusual};
use crate::model::time::NS_PER_S;
use crate::model::{SeriesMeta, TimeRange, Timestamp};

/// How long after the first sign a stretch is followed, to see that it crosses it.
const AFTER_NS: i64 = 120 * NS_PER_S;
/// Series and samples that are looked at: the answer is asked after every edit.
const MOST_SERIES: usize = 4_000;
const MOST_SAMPLES: usize = 8_000_000;

/// A baseline that was cut, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// When that series had left what was usual.
    pub(super) at: Timestamp,
    /// Its full name.
    pub(super) series: String,
}

/// Cuts the default baseline of the context. O(samples before the first sign).
pub(super) fn settle(context: &mut Context) {
    let Some(wide) = context.baseline.filter(|_| context.settings.baseline.is_none()) else { return };
    let early = TimeRange::new(wide.start(), wide.start().plus_ns(wide.len_ns() / 2));
    context.baseline = Some(early);
    let around = TimeRange::new(wide.start(), wide.end().plus_ns(AFTER_NS));
    let catalog = context.catalog;
    let is_of_then = |meta: &&SeriesMeta| is_telling(meta) && meta.extent.is_some_and(|extent| extent.start() < early.end());
    let (mut first, mut n_samples): (Option<(Timestamp, Cut)>, usize) = (None, 0);
    for meta in catalog.series.iter().filter(is_of_then).take(MOST_SERIES) {
        if n_samples > MOST_SAMPLES {
            break;
        }
        let Some(bound) = unusual(context, meta) else { continue };
        let samples = context.facts.samples(meta.id, around);
        n_samples += samples.len();
        let crosses = |range: &TimeRange| range.start() >= early.end() && range.start() < wide.end() && range.end() >= wide.end();
        let Some(left) = stretches(&samples, &bound, meta.step_ns).into_iter().find(crosses) else { continue };
        let end = left.start().plus_ns(-meta.step_ns.unwrap_or(NS_PER_S));
        if first.as_ref().is_none_or(|(known, _)| end < *known) {
            first = Some((end, Cut { at: left.start(), series: meta.full_name() }));
        }
    }
    context.baseline = Some(wide);
    if let Some((end, cut)) = first {
        context.baseline = Some(TimeRange::new(wide.start(), end.max(early.end())));
        context.baseline_cut = Some(cut);
    }
}
