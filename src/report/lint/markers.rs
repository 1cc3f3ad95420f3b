//! PM003 to PM009 and PM026: do the times make sense?

use super::{Desk, Finding, Limits};
use crate::model::case::MarkerName;
use crate::model::text::{rfc3339, whole_duration};
use crate::model::time::NS_PER_S;
use crate::model::{AnnotationId, AnnotationKind, TimeRange, Timestamp};

/// What cannot come after what.
const ORDER: [(MarkerName, MarkerName); 11] = [
    (MarkerName::Trigger, MarkerName::ImpactStart),
    (MarkerName::ImpactStart, MarkerName::Mitigated),
    (MarkerName::Detected, MarkerName::Acknowledged),
    (MarkerName::Detected, MarkerName::Declared),
    (MarkerName::Detected, MarkerName::Diagnosed),
    (MarkerName::Detected, MarkerName::Escalated),
    (MarkerName::Detected, MarkerName::Mitigated),
    (MarkerName::RollbackStart, MarkerName::RollbackDone),
    (MarkerName::Mitigated, MarkerName::Resolved),
    (MarkerName::Resolved, MarkerName::Verified),
    (MarkerName::ImpactStart, MarkerName::Resolved),
];
/// Markers that every postmortem has.
const REQUIRED: [MarkerName; 5] =
    [MarkerName::Trigger, MarkerName::ImpactStart, MarkerName::Detected, MarkerName::Mitigated, MarkerName::Resolved];
/// Moments this near are one to the sample.
const SAME_NS: i64 = NS_PER_S;

struct Set<'a> {
    id: &'a AnnotationId,
    at: Timestamp,
    latest: Timestamp,
    rule: &'a str,
}

fn set<'a>(desk: &'a Desk, wanted: MarkerName) -> Option<Set<'a>> {
    desk.case.annotations.values().find_map(|annotation| match &annotation.kind {
        AnnotationKind::Marker { name, at, latest, rule, .. } if *name == wanted => {
            Some(Set { id: &annotation.id, at: *at, latest: latest.unwrap_or(*at), rule })
        }
        _ => None,
    })
}

pub(super) fn check(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    for (first, then) in ORDER {
        if let (Some(a), Some(b)) = (set(desk, first), set(desk, then))
            && a.at > b.latest
        {
            let message = format!("{} ({}) lies before {} ({})", then.name(), rfc3339(b.at), first.name(), rfc3339(a.at));
            found.push(Finding::new("PM003", then.name(), message, "correct one of the two markers (m)").about(b.id).at(b.at));
        }
    }
    detection(desk, limits, found);
    required(desk, found);
    holes(desk, limits, found);
    outside(desk, found);
    slipped(desk, found);
    paperwork(desk, limits, found);
}

/// Whether detection was later than the limit allows.
pub(super) fn is_late(desk: &Desk, limits: &Limits) -> bool {
    let late = set(desk, MarkerName::ImpactStart).zip(set(desk, MarkerName::Detected));
    late.is_some_and(|(impact, detected)| detected.at.since(impact.latest) > limits.ns("detection_s"))
}

fn detection(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    let (Some(impact), Some(detected)) = (set(desk, MarkerName::ImpactStart), set(desk, MarkerName::Detected)) else { return };
    let has_answer = desk.postmortem.actions.iter().any(|action| action.action_type.as_deref() == Some("detect"));
    if is_late(desk, limits) && !has_answer {
        let late = whole_duration((detected.at.since(impact.at) / NS_PER_S) as u64);
        let message = format!("detected {late} after the impact began, and no action is of type detect");
        found.push(
            Finding::new("PM004", "detected", message, "add an action that would have told sooner").about(detected.id).at(detected.at),
        );
    }
    let is_manual = |set: &Set| set.rule.trim().is_empty() || set.rule.trim() == "manual";
    if detected.at.since(impact.at).abs() < SAME_NS && is_manual(&impact) && is_manual(&detected) {
        let message = "detected and impact_start are the same moment, both set by hand: a time to detect of 0 is rarely true";
        found.push(
            Finding::new("PM005", "detected", message, "set detected to the alert or the first report").about(detected.id).at(detected.at),
        );
    }
}

fn required(desk: &Desk, found: &mut Vec<Finding>) {
    for name in REQUIRED {
        let is_unknown = desk.case.meta.unknown_markers.get(&name).is_some_and(|why| !why.trim().is_empty());
        if set(desk, name).is_some() || is_unknown {
            continue;
        }
        let suggested = desk.postmortem.provenance.suggestions.iter().find(|one| one.name == name);
        let fix = suggested.map_or_else(
            || format!("mark it (m), or say in case.toml why it is unknown: [unknown] {} = \"why\"", name.name()),
            |one| format!("the data suggest {} ({}); mark it (m), or say why it is unknown", rfc3339(one.at), one.rule),
        );
        let finding = Finding::new("PM006", name.name(), format!("{} is not recorded", name.name()), fix);
        found.push(if let Some(one) = suggested { finding.at(one.at) } else { finding });
    }
}

fn holes(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    let rows = &desk.postmortem.timeline;
    if let Some(trigger) = set(desk, MarkerName::Trigger)
        && !rows.iter().any(|row| row.at < trigger.at)
    {
        let message = "no row before the trigger: what was normal, and what had changed before?";
        found.push(Finding::new("PM008", "timeline", message, "add what happened before: earlier changes, load, warnings").at(trigger.at));
    }
    let (Some(impact), Some(end)) = (set(desk, MarkerName::ImpactStart), set(desk, MarkerName::Mitigated)) else { return };
    let inside = rows.iter().map(|row| row.at).filter(|at| *at >= impact.at && *at <= end.at);
    let mut moments: Vec<Timestamp> = inside.chain([impact.at, end.at]).collect();
    moments.sort();
    for pair in moments.windows(2).filter(|pair| pair[1].since(pair[0]) > limits.ns("gap_s")) {
        let length = whole_duration((pair[1].since(pair[0]) / NS_PER_S) as u64);
        let message = format!("nothing for {length} while users were affected, from {} to {}", rfc3339(pair[0]), rfc3339(pair[1]));
        found.push(Finding::new("PM007", "timeline", message, "say what was done or known meanwhile").at(pair[0]));
    }
}

fn outside(desk: &Desk, found: &mut Vec<Finding>) {
    let Some(extent) = desk.facts.catalog().extent else { return };
    // The end is the last record: a row at that very moment is inside.
    let extent = TimeRange::new(extent.start(), extent.end().plus_ns(1));
    for annotation in desk.case.by_time() {
        let is_row = matches!(
            annotation.kind,
            AnnotationKind::Moment { .. } | AnnotationKind::Range { .. } | AnnotationKind::Marker { .. } | AnnotationKind::Attempt(_)
        );
        if let Some(at) = annotation.at().filter(|at| is_row && !extent.contains(*at)) {
            let message = format!(
                "{} lies outside the data ({} … {}): wrong date or zone?",
                rfc3339(at),
                rfc3339(extent.start()),
                rfc3339(extent.end())
            );
            found.push(
                Finding::new("PM009", annotation.kind.name(), message, "correct its time, or load what covers it")
                    .about(&annotation.id)
                    .at(at),
            );
        }
    }
}

/// Rows exactly an hour from a change or alert, and none near one: a clock that was put forward or back.
fn slipped(desk: &Desk, found: &mut Vec<Finding>) {
    let catalog = desk.facts.catalog();
    let mut known: Vec<Timestamp> = catalog.changes.iter().filter_map(|change| change.time).collect();
    known.extend(catalog.alerts.iter().filter_map(|alert| alert.firing_at));
    let is_at = |at: Timestamp, slack: i64| known.iter().any(|one| one.since(at).abs() <= slack);
    let is_off =
        |at: Timestamp| [-3600, 3600].iter().any(|secs| is_at(at.plus_ns(secs * NS_PER_S), 2 * NS_PER_S)) && !is_at(at, 60 * NS_PER_S);
    let notes =
        desk.case.by_time().into_iter().filter(|one| matches!(one.kind, AnnotationKind::Moment { .. } | AnnotationKind::Marker { .. }));
    let off: Vec<_> = notes.filter(|one| one.at().is_some_and(is_off)).collect();
    if let [first, _, ..] = off.as_slice() {
        let message = format!("{} rows lie exactly one hour from a change or alert: summer time?", off.len());
        let finding =
            Finding::new("PM009", "timeline", message, "move them by an hour, or say in which zone they were noted").into_warning();
        found.push(finding.about(&first.id));
    }
}

fn paperwork(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    let Some(resolved) = set(desk, MarkerName::Resolved) else { return };
    let suggested = desk.postmortem.recovered.filter(|at| resolved.at.since(*at) >= limits.ns("paperwork_s"));
    if let Some(at) = suggested {
        let message = format!(
            "the data are good again from {} on, {} before resolved",
            rfc3339(at),
            whole_duration((resolved.at.since(at) / NS_PER_S) as u64)
        );
        found.push(
            Finding::new("PM026", "resolved", message, "tell the duration of the impact, not of the paperwork")
                .about(resolved.id)
                .at(resolved.at),
        );
    }
}
