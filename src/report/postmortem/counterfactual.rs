//! What if: the failures that the same mitigation would have saved, had it come at an earlier moment.
//!
//! It is an assumption that it would have worked as it did, after the same delay, and is worded as one. A change after which
//! nothing turned saves nothing: without one that did there is no row.

use super::attempts::{SAME_NS, is_attempt};
use super::context::{Context, change_words, window_words};
use super::detection::Detection;
use super::failed::count;
use super::requests::counters;
use super::{Derived, impact};
use crate::model::case::{MarkerName, Outcome};
use crate::model::text::value;
use crate::model::{AnnotationKind, TimeRange, Timestamp, Unit};

/// Moments that are tried.
const MOST_MOMENTS: usize = 6;

pub(super) fn rows(context: &mut Context, detection: &Detection) -> Vec<Derived> {
    let Some((action, what)) = action(context) else { return Vec::new() };
    let Some((recovered, _)) = context.moment_of(MarkerName::Mitigated).filter(|(at, _)| *at > action) else { return Vec::new() };
    let Some((impact, _)) = context.impact_window() else { return Vec::new() };
    let Some(group) = counters(context) else { return Vec::new() };
    let lag = recovered.since(action);
    let all = count(context, &group, TimeRange::new(impact.start(), recovered)).failed;
    let mut rows = Vec::new();
    for (index, (at, when)) in moments(context, detection, action).into_iter().enumerate() {
        let from = at.plus_ns(lag).max(impact.start());
        if from >= recovered {
            continue;
        }
        let saved = count(context, &group, TimeRange::new(from, recovered)).failed;
        let share = if all.likely > 0.0 {
            format!(", {} of those until the recovery", value(saved.likely / all.likely, Unit::Ratio))
        } else {
            String::new()
        };
        rows.push(Derived {
            id: format!("whatif.{}", index + 1),
            label: format!("{what} at {} ({when})", context.short_moment(at)),
            value: Some(format!("{} failures would have been saved{share}", saved.words())),
            how: format!("failures from {} to {}", context.short_moment(from), context.short_moment(recovered)),
            formula: format!(
                "counter difference of failed requests from the moment plus {} (what it took from the mitigation to the recovery) to the recovery",
                impact::duration(lag)
            ),
            inputs: vec![format!("counter {}", group.words()), window_words(TimeRange::new(from, recovered)), format!("done in fact at {}", context.moment(action))],
        });
    }
    for row in &rows {
        context.record(row.clone());
    }
    rows
}

/// What ended it, as far as that is known: the last attempt before the recovery that is recorded to have worked, else the
/// marked roll-back if no attempt of that moment is recorded to have done nothing, else the change after which what users
/// felt turned.
fn action(context: &Context) -> Option<(Timestamp, String)> {
    let recovered = context.moment_of(MarkerName::Mitigated).map(|(at, _)| at);
    let attempts: Vec<(Timestamp, Outcome, &str)> = context
        .case
        .by_time()
        .into_iter()
        .filter_map(|annotation| match &annotation.kind {
            AnnotationKind::Attempt(attempt) => Some((attempt.at.start(), attempt.verdict()?, annotation.text.as_str())),
            _ => None,
        })
        .collect();
    let worked = attempts.iter().filter(|(at, verdict, _)| *verdict == Outcome::Worked && recovered.is_none_or(|end| *at < end));
    if let Some((at, _, what)) = worked.max_by_key(|(at, ..)| *at) {
        return Some((*at, (*what).to_owned()));
    }
    let is_in_vain = |at: Timestamp| {
        attempts.iter().any(|(tried, verdict, _)| *verdict != Outcome::Worked && tried.since(at).saturating_abs() <= SAME_NS)
    };
    if let Some(marker) = context.marker(MarkerName::RollbackStart).filter(|marker| !is_in_vain(marker.at)) {
        return Some((marker.at, "Roll-back".into()));
    }
    let credit = context.credit.as_ref().filter(|credit| credit.is_credited)?;
    Some((credit.change.time.unwrap_or(credit.at), change_words(credit.change)))
}

fn moments(context: &Context, detection: &Detection, action: Timestamp) -> Vec<(Timestamp, String)> {
    let mut moments: Vec<(Timestamp, String)> = Vec::new();
    moments.extend(detection.signs.first().map(|sign| (sign.at, format!("first sign: {}", sign.series))));
    moments.extend(detection.alerts.first().map(|alert| (alert.at, format!("first alert: {}", alert.name))));
    moments.extend(context.marker(MarkerName::Detected).map(|marker| (marker.at, "detected".to_owned())));
    let attempts = context.catalog.changes.iter().filter(|change| is_attempt(change));
    moments.extend(attempts.filter_map(|change| Some((change.time?, format!("instead of {}", change_words(change))))));
    let begin = context.t0.as_ref().map(|t0| t0.at);
    moments.retain(|(at, _)| *at < action && begin.is_none_or(|begin| *at >= begin));
    moments.sort();
    moments.dedup_by_key(|moment| moment.0);
    moments.truncate(MOST_MOMENTS);
    moments
}
