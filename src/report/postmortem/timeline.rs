//! The timeline: markers, notes, changes, alerts that fired, attempts and pinned evidence, by time of the event.

use std::collections::BTreeMap;

use super::context::{Context, change_words, words};
use super::evidence::{labels_for_alert, labels_for_line, sentence};
use crate::model::case::{EvidenceTarget, MarkerName};
use crate::model::time::NS_PER_S;
use crate::model::{Alert, Annotation, AnnotationKind, Change, ChangeSort, Labels, Timestamp};

/// Most changes and alerts that the table shows by itself; notes of people are never left out.
const MOST_RECORDS: usize = 120;
/// Firings before and after one that may be the same one, told by another source.
const NEIGHBOURS: usize = 4;

/// Most changes and alerts that the table shows by itself.
pub const fn timeline_limit() -> usize {
    MOST_RECORDS
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// When it began.
    pub at: Timestamp,
    /// When it ended, for things with a length.
    pub until: Option<Timestamp>,
    /// How far `at` may be off, or the latest moment of an interval, in words; empty when exact.
    pub doubt: String,
    /// Distance from T+0.
    pub offset: Option<String>,
    /// Service.
    pub service: Option<String>,
    /// Who did, said or wrote it: a role, or the author of the record.
    pub owner: Option<String>,
    /// change, alert, symptom, action, decision, communication, recovery, observation.
    pub kind: String,
    /// What happened.
    pub text: String,
    /// Labels of evidence (`E1`) and places in sources (`deploys.jsonl:2`).
    pub evidence: Vec<String>,
}

pub(super) fn gather(context: &mut Context) -> (Vec<TimelineRow>, usize) {
    let mut rows: Vec<TimelineRow> =
        context.case.by_time().into_iter().filter_map(|annotation| of_annotation(context, annotation)).collect();
    let (records, n_left_out) = records(context);
    rows.extend(records);
    // Stable: of rows at one moment notes come first, then records in the order of the catalog.
    rows.sort_by_key(|row| row.at);
    (rows, n_left_out)
}

fn of_annotation(context: &Context, annotation: &Annotation) -> Option<TimelineRow> {
    let at = annotation.at()?;
    let label = context.exhibits.get(&annotation.id).cloned();
    let mut row = TimelineRow {
        at,
        until: None,
        doubt: String::new(),
        offset: context.offset(at),
        service: None,
        owner: Some(annotation.author.clone()).filter(|author| !author.trim().is_empty()),
        kind: "observation".into(),
        text: annotation.text.clone(),
        evidence: label.into_iter().collect(),
    };
    match &annotation.kind {
        AnnotationKind::Moment { service, row_kind, .. } => {
            row.service.clone_from(service);
            row.kind = row_kind.clone().unwrap_or(row.kind);
        }
        AnnotationKind::Range { range, service, row_kind, .. } => {
            row.until = Some(range.end());
            row.service.clone_from(service);
            row.kind = row_kind.clone().unwrap_or(row.kind);
        }
        AnnotationKind::Marker { name, latest, rule, .. } => {
            row.doubt = latest.map_or(String::new(), |latest| format!("or up to {} later", super::impact::duration(latest.since(at))));
            tell_marker(context, &mut row, (*name, rule), annotation);
        }
        AnnotationKind::Attempt(attempt) => {
            row.until = (!attempt.at.is_empty()).then(|| attempt.at.end());
            row.kind = "action".into();
            row.owner = attempt.by.clone().or(row.owner);
            if let Some(effect) = &attempt.effect {
                row.text = format!("{} ({effect})", annotation.text);
            }
        }
        AnnotationKind::Evidence(evidence) => {
            // A pinned change or alert is already there as the record itself.
            if matches!(evidence.target, EvidenceTarget::Change { .. } | EvidenceTarget::Alert { .. })
                && is_loaded(context, &evidence.source)
            {
                return None;
            }
            let (kind, what) = sentence(evidence);
            row.kind = kind.into();
            row.text = if annotation.text.trim().is_empty() { what } else { annotation.text.clone() };
        }
        AnnotationKind::Quote(quote) => {
            row.kind = "communication".into();
            row.owner = quote.role.clone().or(row.owner);
            row.text = match &quote.role {
                Some(role) => format!("{role}: “{}”", annotation.text.trim()),
                None => format!("“{}”", annotation.text.trim()),
            };
        }
        // These have tables of their own, or no time.
        _ => return None,
    }
    Some(row)
}

/// Kind and words of a marker; the trigger tells of its change as well.
fn tell_marker(context: &Context, row: &mut TimelineRow, (name, rule): (MarkerName, &str), marker: &Annotation) {
    row.kind = marker_kind(name).into();
    let is_silent = marker.text.trim().is_empty();
    let named = words(name);
    row.text = match is_silent {
        true => format!("{named} ({})", super::attempts::found_by(rule)),
        false => format!("{named}: {}", marker.text),
    };
    if name == MarkerName::Detected {
        tell_alert(context, row, &marker.text);
    }
    let is_it = |change: &&Change| name == MarkerName::Trigger && is_told_by_marker(context, change);
    let Some(change) = context.change_at(row.at).filter(is_it).and_then(|change| of_change(context, change)) else { return };
    (row.service, row.owner) = (change.service, change.owner.or(row.owner.take()));
    if is_silent {
        row.text = format!("{named}: {}", change.text);
    }
    let more: Vec<String> = change.evidence.into_iter().filter(|label| !row.evidence.contains(label)).collect();
    row.evidence.extend(more);
}

/// The detection is the alert itself: its row tells of it, and one is enough.
fn tell_alert(context: &Context, row: &mut TimelineRow, text: &str) {
    let alert = context.catalog.alerts.iter().find(|alert| is_detection(context, alert));
    let Some(alert) = alert.and_then(|alert| of_alert(context, alert)).filter(|_| !text.trim().is_empty()) else { return };
    row.text = format!("{}: {}", words(MarkerName::Detected), alert.text);
    (row.until, row.doubt, row.service) = (alert.until, alert.doubt, alert.service);
    row.evidence.extend(alert.evidence);
}

/// Whether the marker of the detection says nothing but that this alert fired.
fn is_detection(context: &Context, alert: &Alert) -> bool {
    let Some(marker) = context.marker(MarkerName::Detected) else { return false };
    let is_first = || context.catalog.alerts.iter().find(|other| other.firing_at == alert.firing_at && other.name == alert.name);
    alert.firing_at == Some(marker.at)
        && marker.annotation.text.trim() == format!("alert {}", alert.name)
        && is_first().is_some_and(|first| std::ptr::eq(first, alert))
}

/// Whether the marker of the trigger is this change: then its row tells of it, and one is enough.
fn is_told_by_marker(context: &Context, change: &Change) -> bool {
    let Some(marker) = context.marker(MarkerName::Trigger) else { return false };
    let is_it = context.change_at(marker.at).is_some_and(|it| (it.source, it.line) == (change.source, change.line));
    let text = marker.annotation.text.trim();
    is_it && (text.is_empty() || text.contains(change.text.trim()))
}

fn is_loaded(context: &Context, path: &str) -> bool {
    context.catalog.source_of(path).is_some()
}

const fn marker_kind(name: MarkerName) -> &'static str {
    match name {
        MarkerName::Trigger => "change",
        MarkerName::ImpactStart => "symptom",
        MarkerName::Detected => "alert",
        MarkerName::Acknowledged | MarkerName::Declared => "decision",
        MarkerName::Escalated | MarkerName::StatusPage => "communication",
        MarkerName::Diagnosed => "observation",
        MarkerName::RollbackStart | MarkerName::RollbackDone => "action",
        MarkerName::Mitigated | MarkerName::Resolved | MarkerName::Verified => "recovery",
    }
}

/// Changes and alerts that fired. Too many: those inside the story first, and of these the earliest.
fn records(context: &mut Context) -> (Vec<TimelineRow>, usize) {
    let catalog = context.catalog;
    let mut rows: Vec<(bool, TimelineRow, crate::model::event::SourceId)> = Vec::new();
    for change in &catalog.changes {
        if let Some(row) = of_change(context, change).filter(|_| !is_told_by_marker(context, change)) {
            rows.push((!context.story.contains(row.at), row, change.source));
        }
    }
    let mut by_identity: BTreeMap<(&str, &Labels), Vec<&Alert>> = BTreeMap::new();
    for alert in catalog.alerts.iter().filter(|alert| alert.firing_at.is_some()) {
        by_identity.entry((&alert.name, &alert.labels)).or_default().push(alert);
    }
    let detection = catalog.alerts.iter().find(|alert| is_detection(context, alert));
    for (alerts, index) in by_identity.values().flat_map(|alerts| (0..alerts.len()).map(move |index| (alerts, index))) {
        let alert = alerts[index];
        // Neighbours only: a flapping alert must not cost the square of its firings.
        let first = index.saturating_sub(NEIGHBOURS);
        let is_told = detection.is_some_and(|told| std::ptr::eq(told, alert) || is_same(told, alert));
        if is_told || alerts[first..index].iter().any(|earlier| is_same(earlier, alert)) {
            continue;
        }
        if let Some(mut row) = of_alert(context, alert) {
            let others = alerts[index + 1..].iter().take(NEIGHBOURS).filter(|later| is_same(alert, later));
            if row.evidence.first().is_some_and(|first| first == context.path(alert.source)) {
                row.evidence.extend(others.map(|later| context.path(later.source).to_owned()));
            }
            row.evidence.dedup();
            rows.push((!context.story.contains(row.at), row, alert.source));
        }
    }
    rows.sort_by_key(|row| (row.0, row.1.at, row.2));
    let n_left_out = rows.len().saturating_sub(MOST_RECORDS);
    rows.truncate(MOST_RECORDS);
    context.used_sources.extend(rows.iter().map(|row| row.2));
    (rows.into_iter().map(|row| row.1).collect(), n_left_out)
}

/// Whether two sources (polls and a series, say) tell of one firing of one alert.
fn is_same(a: &Alert, b: &Alert) -> bool {
    let slack = a.uncertainty_ns.saturating_add(b.uncertainty_ns).saturating_add(NS_PER_S);
    let is_near = a.firing_at.zip(b.firing_at).is_some_and(|(a, b)| a.since(b).saturating_abs() <= slack);
    a.source != b.source && is_near && a.name == b.name && a.labels == b.labels
}

fn of_change(context: &Context, change: &Change) -> Option<TimelineRow> {
    let at = change.time?;
    let path = context.path(change.source);
    let mut evidence = labels_for_line(context, path, change.line);
    // What is pinned tells its place where it is printed.
    if evidence.is_empty() {
        evidence.push(format!("{path}:{}", change.line));
    }
    Some(TimelineRow {
        at,
        until: change.end,
        doubt: String::new(),
        offset: context.offset(at),
        service: change.service.clone(),
        owner: change_owner(change),
        kind: sort_kind(change).into(),
        text: change_words(change),
        evidence,
    })
}

/// What a record of the list of changes tells of: what was seen, and what people did about a page, is no change.
fn sort_kind(change: &Change) -> &'static str {
    let field = |wanted: &str| change.fields.iter().find(|(own, _)| own == wanted).map_or("", |(_, value)| value.as_str());
    let says = |words: &[&str]| words.iter().any(|word| change.text.to_ascii_lowercase().contains(word));
    match change.sort() {
        ChangeSort::Done | ChangeSort::Reaction => "change",
        ChangeSort::Paged => "alert",
        ChangeSort::Acknowledged => "decision",
        ChangeSort::Closed => "recovery",
        // What a pager sent, or who was asked.
        ChangeSort::Observed if change.kind == "incident" => "communication",
        ChangeSort::Observed if field("type").ends_with("_log_entry") || field("event_type").starts_with("incident.") => "communication",
        ChangeSort::Observed if field("type").eq_ignore_ascii_case("warning") || says(&["unhealthy", "unable to", "fail"]) => "symptom",
        ChangeSort::Observed => "observation",
    }
}

/// Who made a change, as its record names them.
fn change_owner(change: &Change) -> Option<String> {
    const NAMES: [&str; 10] =
        ["author", "actor", "user", "deployer", "deployed_by", "triggered_by", "author_name", "author.name", "actor.login", "by"];
    let field = |name: &&str| change.fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    NAMES.iter().find_map(field).map(|(_, value)| value.clone()).filter(|value| !value.trim().is_empty())
}

fn of_alert(context: &Context, alert: &Alert) -> Option<TimelineRow> {
    let at = alert.firing_at?;
    let summary = alert.summary.as_deref().filter(|summary| !summary.trim().is_empty());
    let severity = alert.severity.as_ref().map_or(String::new(), |severity| format!(" ({severity})"));
    let mut evidence = labels_for_alert(context, &alert.name, &alert.labels, alert.active_at);
    if evidence.is_empty() {
        evidence.push(context.path(alert.source).to_owned());
    }
    Some(TimelineRow {
        at,
        until: alert.ended_at,
        doubt: if alert.uncertainty_ns > 0 { format!("± {}", super::impact::duration(alert.uncertainty_ns)) } else { String::new() },
        offset: context.offset(at),
        service: alert.service.clone(),
        owner: None,
        kind: "alert".into(),
        text: format!("{} fires{severity}{}", alert.name, summary.map_or(String::new(), |summary| format!(": {summary}"))),
        evidence,
    })
}
