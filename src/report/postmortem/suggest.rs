//! Markers that the data suggest: offered, never taken. A suggestion is printed as one, with the rule that found it.
//!
//! The nearest change before users felt it is a coincidence until somebody says otherwise; nothing here says cause.

use std::collections::BTreeMap;

use super::attempts::is_attempt;
use super::context::{Context, change_words};
use super::{detection, limits, refine};
use crate::model::case::MarkerName;
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::model::{Change, ChangeSort, Timestamp};

/// How far before the impact a change can be suggested as its trigger.
const TRIGGER_NS: i64 = 1800 * NS_PER_S;
/// How far before the impact an alert can have announced it.
const EARLY_ALERT_NS: i64 = 300 * NS_PER_S;

/// What the rule of a suggested trigger ends with, also when it was taken over.
pub(super) const NO_PROOF: &str = "nearness is no proof";

/// A marker that nobody has set, as the data suggest it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Which marker.
    pub name: MarkerName,
    /// When.
    pub at: Timestamp,
    /// The rule that found it, for `Marker::rule`.
    pub rule: String,
    /// What it is, if a record tells.
    pub text: String,
}

/// One suggestion at most for each of trigger, `impact_start`, detected, acknowledged, mitigated, resolved. Set markers bound the others.
pub(super) fn all(context: &mut Context) -> BTreeMap<MarkerName, Suggestion> {
    let (degraded, words) = limits::degraded(context);
    let begin = context.t0.as_ref().map(|t0| t0.at).into_iter().chain(context.marker(MarkerName::Trigger).map(|marker| marker.at)).min();
    let mut found = BTreeMap::new();
    let mut add = |name, at, rule: String, text: String| {
        found.insert(name, Suggestion { name, at, rule, text });
    };
    let after = degraded.iter().filter(|one| begin.is_none_or(|begin| one.0.end() > begin)).collect::<Vec<_>>();
    let rule = |what: &str| format!("{what}: {}", words.join(" or "));
    let marked = context.marker(MarkerName::ImpactStart).map(|marker| marker.at);
    let mut felt_from = None;
    if let Some(first) = after.first().filter(|_| marked.is_none()) {
        let metas: Vec<_> = first.1.iter().filter_map(|role| context.panel(role)?.meta).collect();
        let (at, how) = refine::impact_start(context, first.0.start(), &metas);
        felt_from = Some(at);
        let what = format!("first sample ({}) of a stretch in which 4 of 5 were bad", rfc3339(first.0.start()));
        add(MarkerName::ImpactStart, at, format!("{how}; {}", rule(&what)), String::new());
    }
    let start = marked.or(felt_from).or(after.first().map(|one| one.0.start()));
    let is_worst = |one: &&&(crate::model::TimeRange, Vec<String>)| {
        let is_felt = |roles: &[String]| roles.iter().any(|role| role == "error rate");
        is_felt(&one.1) || !after.iter().any(|other| is_felt(&other.1))
    };
    let last = after.iter().filter(is_worst).rfind(|one| start.is_none_or(|start| one.0.end() > start));
    // A series that ends while it is bad has not recovered.
    let shown = context.felt_panels().into_iter().filter_map(|panel| panel.meta?.extent);
    let end_of_data = shown.map(crate::model::TimeRange::end).max();
    if let Some(last) = last.filter(|last| end_of_data.is_none_or(|end| last.0.end().plus_ns(15 * NS_PER_S) <= end)) {
        context.recovered = Some(last.0.end());
        add(MarkerName::Mitigated, last.0.end(), rule("first good sample after the last bad stretch"), String::new());
    }
    let Some(start) = start else { return found };
    let catalog = context.catalog;
    let alerts = catalog.alerts.iter().filter_map(|alert| Some((alert.firing_at?, format!("alert {}", alert.name))));
    let pages = of_sort(context, ChangeSort::Paged).map(|(at, change)| (at, change_words(change)));
    let early = start.plus_ns(-EARLY_ALERT_NS);
    let detected = alerts.chain(pages).filter(|(at, _)| *at >= early).min();
    let paged = detected.as_ref().map_or(start, |(at, _)| *at);
    if let Some((at, text)) = detected {
        add(MarkerName::Detected, at, "first alert that fired, from 5 min before the impact on".into(), text);
    }
    if let Some((at, change)) = of_sort(context, ChangeSort::Acknowledged).filter(|(at, _)| *at >= paged).min_by_key(|(at, _)| *at) {
        add(MarkerName::Acknowledged, at, "first acknowledgement of a page since the detection".into(), change_words(change));
    }
    let ended = of_sort(context, ChangeSort::Paged).filter_map(|(_, change)| Some((change.end?, change)));
    if let Some((at, change)) = of_sort(context, ChangeSort::Closed).chain(ended).filter(|(at, _)| *at >= paged).max_by_key(|(at, _)| *at) {
        add(MarkerName::Resolved, at, "last page that was closed".into(), change_words(change));
    }
    if let Some((at, rule, change)) = trigger(context, start) {
        add(MarkerName::Trigger, at, rule, change_words(change));
    }
    found.retain(|name, _| context.marker(*name).is_none());
    found
}

/// Placed changes of a sort.
fn of_sort<'a>(context: &Context<'a>, sort: ChangeSort) -> impl Iterator<Item = (Timestamp, &'a Change)> + use<'a> {
    let changes = context.catalog.changes.iter().filter(move |change| change.sort() == sort);
    changes.filter_map(|change| Some((change.time?, change)))
}

/// The last change of the service whose series moved first, else the one that is nearest before users felt it or before the
/// first series moved; what somebody did before what merely answered something.
fn trigger<'a>(context: &mut Context<'a>, start: Timestamp) -> Option<(Timestamp, String, &'a Change)> {
    let is_told = |change: &Change| ["note", "alert", "annotation", "comment"].contains(&&*change.kind.to_ascii_lowercase());
    let is_candidate = |change: &&Change| {
        let is_near = change.time.is_some_and(|at| at <= start && start.since(at) <= TRIGGER_NS);
        is_near && matches!(change.sort(), ChangeSort::Done | ChangeSort::Reaction) && !is_told(change) && !is_attempt(change)
    };
    let candidates: Vec<&'a Change> = context.catalog.changes.iter().filter(is_candidate).collect();
    // One candidate needs no comparison, and none no series.
    let first = if candidates.len() > 1 { detection::first_move(context).filter(|(moved, _)| *moved < start) } else { None };
    let moved = first.as_ref().map(|(moved, _)| *moved);
    let gaps = |at: Timestamp| (start.since(at), moved.filter(|moved| at <= *moved).map_or(i64::MAX, |moved| moved.since(at)));
    let is_of_first = |change: &Change| {
        let label = change.service.as_ref().filter(|service| !service.is_empty()).map(|service| format!("=\"{service}\""));
        let is_named = |label: String| first.as_ref().is_some_and(|(_, series)| series.iter().any(|series| series.contains(&label)));
        label.is_some_and(is_named) && change.time.is_some_and(|at| moved.is_some_and(|moved| at <= moved))
    };
    let rank = |change: &&Change| {
        let at = change.time.unwrap_or_default();
        let (to_impact, to_move) = gaps(at);
        (change.sort(), !is_of_first(change), to_impact.min(to_move), std::cmp::Reverse(at))
    };
    let change = candidates.into_iter().min_by_key(rank)?;
    let at = change.time?;
    let (to_impact, to_move) = gaps(at);
    let rule = match () {
        () if is_of_first(change) => {
            format!("last change of the service whose series moved first, {} before that", super::impact::duration(to_move))
        }
        () if to_move < to_impact => format!("nearest change before the first series that moved, by {}", super::impact::duration(to_move)),
        () => format!("last change before the impact, by {}", super::impact::duration(to_impact)),
    };
    Some((at, format!("{rule}; {NO_PROOF}"), change))
}
