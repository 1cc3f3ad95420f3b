//! PM001, PM002, PM010: does every claim stand on something, and is that still there?

use super::{Desk, Finding, Limits, gist};
use crate::model::case::{CauseStatus, EvidenceTarget};
use crate::model::text::rfc3339;
use crate::model::{AnnotationKind, SeriesMeta, Timestamp};

pub(super) fn check(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    causes(desk, found);
    resolve(desk, found);
    rows(desk, limits, found);
}

fn causes(desk: &Desk, found: &mut Vec<Finding>) {
    for (index, (annotation, cause)) in desk.case.chain().into_iter().enumerate() {
        let has_evidence = cause.evidence.iter().any(|id| desk.case.annotations.contains_key(id));
        if has_evidence || cause.status == CauseStatus::Refuted {
            continue;
        }
        let status = cause.status.name();
        let fix = match cause.status {
            CauseStatus::Confirmed => "pin what shows it (p) and add it to the step, or set the step back to suspected",
            _ => "pin what shows it (p) and add it to the step, or say what would confirm or refute it",
        };
        let message = format!("{status} without evidence: {}", gist(&annotation.text));
        let finding = Finding::new("PM001", format!("C{}", index + 1), message, fix).about(&annotation.id);
        let finding = if let Some(range) = cause.at { finding.at(range.start()) } else { finding };
        found.push(if cause.status == CauseStatus::Confirmed { finding } else { finding.into_warning() });
    }
    for annotation in desk.case.annotations.values() {
        for (_, id) in annotation.kind.references() {
            if !desk.case.annotations.contains_key(&id) {
                let message = format!("refers to record {}, which the case does not hold", id.0);
                found.push(
                    Finding::new("PM002", place(desk, annotation), message, "take the reference out, or restore the record")
                        .about(&annotation.id),
                );
            }
        }
    }
}

/// The label of a record in the document, else its kind and the beginning of its id.
pub(super) fn place(desk: &Desk, annotation: &crate::model::Annotation) -> String {
    let at = |list: Vec<&crate::model::AnnotationId>, sign: &str| {
        list.iter().position(|id| **id == annotation.id).map(|index| format!("{sign}{}", index + 1))
    };
    let causes = desk.case.chain().into_iter().map(|one| &one.0.id).collect();
    let exhibits = desk.case.evidence().into_iter().map(|one| &one.0.id).collect();
    let actions = desk.case.annotations.values().filter(|one| matches!(one.kind, AnnotationKind::Action(_))).map(|one| &one.id).collect();
    let id: String = annotation.id.0.chars().take(10).collect();
    at(causes, "C").or_else(|| at(exhibits, "E")).or_else(|| at(actions, "A")).unwrap_or_else(|| format!("{} {id}", annotation.kind.name()))
}

fn resolve(desk: &Desk, found: &mut Vec<Finding>) {
    let catalog = desk.facts.catalog();
    for (annotation, evidence) in desk.case.evidence() {
        if matches!(evidence.target, EvidenceTarget::Diff { .. } | EvidenceTarget::Link { .. }) {
            continue;
        }
        let mut add = |message: String, fix: &str| {
            let finding = Finding::new("PM002", place(desk, annotation), message, fix).about(&annotation.id);
            found.push(if let Some(at) = annotation.at() { finding.at(at) } else { finding });
        };
        let path = &evidence.source;
        let source = catalog.source_of(path);
        let (Some(source), Some(now)) = (source, desk.facts.sha256(path)) else {
            add(format!("{path} is not among the sources"), "open the case with the source it was pinned from, or pin it anew");
            continue;
        };
        match &evidence.target {
            EvidenceTarget::Series { name, labels, .. } => {
                let wanted = SeriesMeta { name: name.clone(), labels: labels.clone(), ..SeriesMeta::default() }.full_name();
                if !catalog.series.iter().any(|meta| meta.source == source.id && meta.is_called(&wanted)) {
                    add(format!("{path} no longer holds the series {wanted}"), "pin the series anew");
                    continue;
                }
            }
            EvidenceTarget::Lines { first, last, sha256, .. } => {
                let lines = desk.facts.lines_sha256(path, *first, *last);
                if lines.as_ref() == Some(sha256) {
                    // The source grew or was rotated; the quoted lines are the same.
                    continue;
                }
                if lines.is_some() {
                    add(format!("{path}:{first}: the quoted lines have changed since they were pinned"), "pin the lines anew");
                    continue;
                }
            }
            EvidenceTarget::Change { line, .. }
                if !catalog.changes.iter().any(|change| change.source == source.id && change.line == *line) =>
            {
                add(format!("{path}:{line} is no change any more"), "pin the change anew");
                continue;
            }
            _ => {}
        }
        if evidence.source_sha256.as_ref().is_some_and(|then| *then != now) {
            add(format!("{path} has changed since this was pinned"), "look at it again, then pin it anew");
        }
    }
}

fn rows(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    let near = limits.ns("near_s");
    let mut known: Vec<Timestamp> = desk.case.evidence().into_iter().filter_map(|(annotation, _)| annotation.at()).collect();
    known.extend(desk.facts.catalog().changes.iter().filter_map(|change| change.time));
    known.extend(desk.facts.catalog().alerts.iter().filter_map(|alert| alert.firing_at));
    for annotation in desk.case.by_time() {
        let (at, until) = match &annotation.kind {
            AnnotationKind::Moment { at, .. } => (*at, *at),
            AnnotationKind::Range { range, .. } => (range.start(), range.end()),
            AnnotationKind::Marker { at, evidence, .. } if evidence.is_empty() => (*at, *at),
            _ => continue,
        };
        let is_near = |one: &Timestamp| *one >= at.plus_ns(-near) && *one <= until.plus_ns(near);
        if !known.iter().any(is_near) {
            let what = match (&annotation.kind, gist(&annotation.text)) {
                (AnnotationKind::Marker { name, .. }, text) if text.is_empty() => name.name().replace('_', " "),
                (kind, text) if text.is_empty() => format!("a {} without words", kind.name()),
                (_, text) => text,
            };
            let message = format!("nothing within {:.0} s shows it: {what}", limits.get("near_s"));
            let place = format!("{} {}", annotation.kind.name(), rfc3339(at));
            found.push(
                Finding::new("PM010", place, message, "pin the series, lines or change that shows it (p)").about(&annotation.id).at(at),
            );
        }
    }
}
