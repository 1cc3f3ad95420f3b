//! PM032: shares that cannot be, and failures after the mitigation. Not here: the order of markers (`markers`).

use super::{Desk, Finding};
use crate::model::case::MarkerName;
use crate::model::text::{self, rfc3339};
use crate::model::{AnnotationKind, SeriesMeta, TimeRange, Timestamp, Unit};

/// Users feel this share of failures.
const FELT: f64 = 0.05;
/// So many samples are no accident.
const LEAST: usize = 3;

pub(super) fn check(desk: &Desk, found: &mut Vec<Finding>) {
    let Some(extent) = desk.facts.catalog().extent else { return };
    for meta in error_rates(desk) {
        let samples = desk.facts.samples(meta.id, extent);
        let greatest = samples.iter().filter(|sample| sample.value.is_finite()).max_by(|a, b| a.value.total_cmp(&b.value));
        if let Some(sample) = greatest.filter(|sample| sample.value > 1.0 + 1e-6) {
            let message = format!("{} is at {}: no more can fail than there is", meta.full_name(), text::value(sample.value, meta.unit));
            let fix = "take another series for the error rate: this one is no share, or its parts are not of one service";
            found.push(Finding::new("PM032", "error rate", message, fix).at(sample.time));
            continue;
        }
        found.extend(after_mitigation(desk, meta, extent.end()));
    }
}

/// The series that the case shows as its error rate, where they are shares.
fn error_rates<'a>(desk: &'a Desk) -> impl Iterator<Item = &'a SeriesMeta> {
    let panels = desk.case.meta.panels.iter().filter(|panel| panel.role.eq_ignore_ascii_case("error rate"));
    let catalog = desk.facts.catalog();
    panels.filter_map(|panel| {
        let home = catalog.source_of(&panel.source).map(|report| report.id);
        let is_it = |meta: &&SeriesMeta| meta.unit == Unit::Ratio && Some(meta.source) == home && meta.is_called(&panel.series);
        catalog.series.iter().find(is_it)
    })
}

fn after_mitigation(desk: &Desk, meta: &SeriesMeta, end: Timestamp) -> Option<Finding> {
    let (id, at) = desk.case.annotations.values().find_map(|annotation| match &annotation.kind {
        AnnotationKind::Marker { name: MarkerName::Mitigated, at, latest, .. } => Some((&annotation.id, latest.unwrap_or(*at))),
        _ => None,
    })?;
    // The sample at the moment itself still tells of the time before it, and a rate looks back.
    let window = meta.derivation.as_ref().and_then(|derivation| derivation.window).map_or(0, |window| window.0);
    let from = at.plus_ns(window.max(meta.step_ns.unwrap_or(0)).saturating_add(1));
    if from >= end {
        return None;
    }
    let later = desk.facts.samples(meta.id, TimeRange::new(from, end));
    let failing: Vec<Timestamp> = later.iter().filter(|sample| sample.value >= FELT).map(|sample| sample.time).collect();
    let last = failing.last().filter(|_| failing.len() >= LEAST)?;
    let message = format!("mitigated is at {}, but {} is at 5 % or more up to {}", rfc3339(at), meta.full_name(), rfc3339(*last));
    Some(
        Finding::new("PM032", "mitigated", message, "move the marker to where it was over, or say in its words what still failed")
            .about(id)
            .at(at),
    )
}
