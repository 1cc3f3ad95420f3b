//! How long, how bad, how fast: durations and response measures from markers, peaks of the panels from samples.

use super::context::{Context, Marker, Panel, show, step_words, window_words};
use super::{Derived, failed};
use crate::model::TimeRange;
use crate::model::case::MarkerName;
use crate::model::text::{rfc3339, whole_duration};
use crate::model::time::NS_PER_S;

/// A measure between two markers: id, what it is, from, to.
type Measure = (&'static str, &'static str, MarkerName, MarkerName);

/// Formulas of the response measures; tools disagree on them, so each is printed.
const RESPONSE: [Measure; 8] = [
    ("response.incubation", "Trigger to impact", MarkerName::Trigger, MarkerName::ImpactStart),
    ("response.ttd", "Time to detect (TTD)", MarkerName::ImpactStart, MarkerName::Detected),
    ("response.tta", "Time to acknowledge (TTA)", MarkerName::Detected, MarkerName::Acknowledged),
    ("response.declare", "Time to declare", MarkerName::Detected, MarkerName::Declared),
    ("response.diagnose", "Time to diagnose", MarkerName::Detected, MarkerName::Diagnosed),
    ("response.ttm", "Time to mitigate (TTM)", MarkerName::Detected, MarkerName::Mitigated),
    ("response.ttr", "Time to resolve (TTR)", MarkerName::ImpactStart, MarkerName::Resolved),
    ("response.verify", "Time to verify", MarkerName::Resolved, MarkerName::Verified),
];

/// Rows of the impact table.
pub(super) fn impact(context: &mut Context) -> Vec<Derived> {
    const DURATIONS: [Measure; 2] = [
        ("impact.duration.user", "Duration of user impact", MarkerName::ImpactStart, MarkerName::Mitigated),
        ("impact.duration.total", "Duration until resolved", MarkerName::ImpactStart, MarkerName::Resolved),
    ];
    let mut rows: Vec<Derived> = DURATIONS.into_iter().map(|measure| between(context, measure)).collect();
    let panels = context.panels.clone();
    for (index, panel) in panels.iter().enumerate() {
        rows.push(peak(context, panel, index));
    }
    rows.extend(failed::failed_requests(context));
    for row in &rows {
        context.record(row.clone());
    }
    rows
}

/// Rows of the detection and response table.
pub(super) fn response(context: &mut Context) -> Vec<Derived> {
    let rows: Vec<Derived> = RESPONSE.into_iter().map(|measure| between(context, measure)).collect();
    for row in &rows {
        context.record(row.clone());
    }
    rows
}

fn between(context: &Context, (id, label, from, to): Measure) -> Derived {
    let formula = format!("{} − {}", to.name(), from.name());
    let input = |name: MarkerName| {
        let marker = context.marker(name);
        marker.map_or_else(|| format!("{} not recorded", name.name()), |marker| format!("{} = {}", name.name(), marker_words(&marker)))
    };
    let value = context.marker(from).zip(context.marker(to)).map(|(start, end)| {
        let words = duration(end.at.since(start.at));
        let words = match from {
            MarkerName::ImpactStart if to == MarkerName::Detected && end.at < start.at => format!("{words} (detected before user impact)"),
            _ => words,
        };
        let low = end.at.since(start.latest.unwrap_or(start.at));
        let high = end.latest.unwrap_or(end.at).since(start.at);
        if low == high { words } else { format!("{words} (between {} and {})", duration(low), duration(high)) }
    });
    Derived { id: id.into(), label: label.into(), value, formula, inputs: vec![input(from), input(to)] }
}

fn marker_words(marker: &Marker) -> String {
    match marker.latest {
        Some(latest) => format!("{} … {}", rfc3339(marker.at), rfc3339(latest)),
        None => rfc3339(marker.at),
    }
}

/// A distance of two moments, rounded to whole seconds; below ten seconds with a tenth.
pub(super) fn duration(ns: i64) -> String {
    let sign = if ns < 0 { "−" } else { "" };
    let ns = ns.unsigned_abs();
    if ns < 10 * NS_PER_S as u64 && !ns.is_multiple_of(NS_PER_S as u64) {
        return format!("{sign}{:.1}s", ns as f64 / NS_PER_S as f64);
    }
    format!("{sign}{}", whole_duration((ns + NS_PER_S as u64 / 2) / NS_PER_S as u64))
}

fn peak(context: &mut Context, panel: &Panel, index: usize) -> Derived {
    let name = if panel.role.is_empty() { panel.reference.series.clone() } else { panel.role.clone() };
    let id = format!("impact.peak.{}", index + 1);
    let label = format!("Peak {name}");
    let Some(meta) = panel.meta else {
        let formula = format!("series {} of {} is not in the data at hand", panel.reference.series, panel.reference.source);
        return Derived { id, label, value: None, formula, inputs: Vec::new() };
    };
    let window = context.impact_window().or_else(|| context.catalog.extent.map(|range| (range, "all data".into())));
    let Some((range, words)) = window else {
        return Derived { id, label, value: None, formula: "no data".into(), inputs: Vec::new() };
    };
    // The end of the impact belongs to it.
    let samples = context.samples(meta, TimeRange::new(range.start(), range.end().plus_ns(1)));
    let mut peak: Option<(crate::model::Timestamp, f64)> = None;
    for sample in samples.iter().filter(|sample| sample.value.is_finite()) {
        if peak.is_none_or(|(_, greatest)| sample.value > greatest) {
            peak = Some((sample.time, sample.value));
        }
    }
    let n_inf = samples.iter().filter(|sample| sample.value == f64::INFINITY).count();
    let value = peak.map(|(at, value)| {
        let infinite = if n_inf > 0 { format!("; {n_inf} samples say +Inf") } else { String::new() };
        format!("{} at {}{infinite}", show(meta, value), context.moment(at))
    });
    let clip = meta.clip.map(|clip| format!("values cannot exceed {}", show(meta, clip).trim_start_matches("≥ ")));
    let formula = format!("greatest finite sample, first time it was reached; window {words}, both ends included");
    let mut inputs = vec![format!("series {} ({})", meta.full_name(), context.path(meta.source)), step_words(meta), window_words(range)];
    inputs.extend(clip);
    Derived { id, label, value, formula, inputs }
}
