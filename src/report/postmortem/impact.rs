//! How long, how bad, how fast: durations and response measures from markers, peaks of the panels from samples.

use std::collections::BTreeSet;

use super::context::{Context, Marker, Panel, show, step_words, window_words};
use super::{Derived, failed, limits};
use crate::model::case::{EvidenceTarget, MarkerName};
use crate::model::text::{rfc3339, whole_duration};
use crate::model::time::NS_PER_S;
use crate::model::{SeriesMeta, TimeRange, Timestamp};

/// A measure between two markers: id, what it is, from, to.
type Measure = (&'static str, &'static str, MarkerName, MarkerName);

/// Stretches that are listed: a value that flaps for days must not fill the document.
const MOST_STRETCHES: usize = 20;

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
    // A panel that somebody only looked at is no impact.
    let panels: Vec<Panel> = context.panels.iter().filter(|panel| !panel.role.is_empty() || is_pinned(context, panel)).cloned().collect();
    for (index, panel) in panels.iter().enumerate() {
        rows.push(peak(context, panel, index));
    }
    rows.extend(failed::failed_requests(context));
    for row in &rows {
        context.record(row.clone());
    }
    rows
}

/// Whether evidence of the case is of this series.
fn is_pinned(context: &Context, panel: &Panel) -> bool {
    context.case.evidence().into_iter().any(|(_, evidence)| match &evidence.target {
        EvidenceTarget::Series { name, labels, .. } => {
            let series = SeriesMeta { name: name.clone(), labels: labels.clone(), ..SeriesMeta::default() }.full_name();
            series == panel.reference.series && evidence.source == panel.reference.source
        }
        _ => false,
    })
}

/// Seconds of user impact by the markers.
pub(super) fn seconds(context: &Context) -> Option<f64> {
    let (start, end) = context.marker(MarkerName::ImpactStart).zip(context.marker(MarkerName::Mitigated))?;
    Some(end.at.since(start.at) as f64 / NS_PER_S as f64)
}

/// One row for each stretch in which users felt it.
pub(super) fn degraded(context: &mut Context) -> Vec<Derived> {
    let (found, words) = limits::degraded(context);
    let n = found.len();
    context.waves = found.iter().map(|one| one.0).collect();
    let end = context.catalog.extent.map(TimeRange::end);
    let mut rows = Vec::new();
    for (index, (range, roles)) in found.into_iter().enumerate().take(MOST_STRETCHES) {
        let open = if end.is_some_and(|end| range.end() >= end) { ", to the end of the data" } else { "" };
        rows.push(Derived {
            id: format!("impact.degraded.{}", index + 1),
            label: if n == 1 { "Degraded".into() } else { format!("Degraded, {} of {n}", index + 1) },
            value: Some(format!("{} to {}, {}{open}", context.short_moment(range.start()), context.short_moment(range.end()), duration(range.len_ns()))),
            how: format!("{} beyond its limit", told(context, &roles).join(" and ")),
            formula: "from the first sample of a stretch in which 4 of 5 samples were bad to the first good one after it; pauses up to 20 s (3 steps) joined".into(),
            inputs: words.clone(),
        });
    }
    for row in &rows {
        context.record(row.clone());
    }
    rows
}

/// What the panels of these roles are called in a sentence.
fn told(context: &Context, roles: &[String]) -> Vec<String> {
    roles.iter().map(|role| context.panel(role).map_or(role.as_str(), |panel| panel.told()).to_owned()).collect()
}

/// Rows of the detection and response table.
pub(super) fn response(context: &mut Context) -> Vec<Derived> {
    let mut rows: Vec<Derived> = RESPONSE.into_iter().map(|measure| between(context, measure)).collect();
    // The house's own formulas: one with the name of a measure takes its place, others follow.
    let mut taken = BTreeSet::new();
    for own in &context.case.meta.measures {
        let name = own.name.trim();
        let same = rows.iter().position(|row| {
            row.label.eq_ignore_ascii_case(name) || row.label.to_lowercase().ends_with(&format!("({})", name.to_lowercase()))
        });
        let mut row = between(context, ("", name, own.from, own.to));
        row.id = same.map_or_else(|| format!("response.{}", crate::report::escape::slug(name, &mut taken)), |index| rows[index].id.clone());
        match same {
            Some(index) => rows[index] = row,
            None => rows.push(row),
        }
    }
    for row in &rows {
        context.record(row.clone());
    }
    rows
}

fn between(context: &Context, (id, label, from, to): (&str, &str, MarkerName, MarkerName)) -> Derived {
    let formula = format!("{} − {}", to.name(), from.name());
    let input = |name: MarkerName| {
        let marker = context.marker(name);
        marker.map_or_else(|| format!("{} not recorded", name.name()), |marker| format!("{} = {}", name.name(), marker_words(&marker)))
    };
    let value = context.marker(from).zip(context.marker(to)).map(|(start, end)| {
        let before = match (from, to) {
            (MarkerName::ImpactStart, MarkerName::Detected) => "before user impact",
            _ => "",
        };
        let before = if before.is_empty() { format!("{} before {}", to.name(), from.name()) } else { format!("{} {before}", to.name()) };
        let words = signed(end.at.since(start.at), &before);
        let low = end.at.since(start.latest.unwrap_or(start.at));
        let high = end.latest.unwrap_or(end.at).since(start.at);
        if low == high { words } else { format!("{words} (between {} and {})", duration(low), duration(high)) }
    });
    Derived { id: id.into(), label: label.into(), value, formula, inputs: vec![input(from), input(to)], ..Derived::default() }
}

fn marker_words(marker: &Marker) -> String {
    match marker.latest {
        Some(latest) => format!("{} … {}", rfc3339(marker.at), rfc3339(latest)),
        None => rfc3339(marker.at),
    }
}

/// A distance; a negative one says in words what came first: `12s (detected before user impact)`.
pub(super) fn signed(ns: i64, before: &str) -> String {
    if ns < 0 { format!("{} ({before})", duration(ns)) } else { duration(ns) }
}

/// A distance of two moments: the whole seconds that have passed, cut off as distances from T+0 are; below ten seconds with
/// its tenths, below a tenth in milliseconds. What is not nothing is never told as nothing.
pub(super) fn duration(ns: i64) -> String {
    const SECOND: u64 = NS_PER_S as u64;
    let sign = if ns < 0 { "−" } else { "" };
    let ns = ns.unsigned_abs();
    match ns {
        0 => "0s".to_owned(),
        1..1_000_000 => format!("{sign}<1ms"),
        1_000_000..100_000_000 => format!("{sign}{}ms", ns / 1_000_000),
        _ if ns >= 10 * SECOND || ns.is_multiple_of(SECOND) => format!("{sign}{}", whole_duration(ns / SECOND)),
        _ => match (ns / SECOND, ns / (SECOND / 10) % 10) {
            (whole, 0) => format!("{sign}{whole}s"),
            (whole, tenths) => format!("{sign}{whole}.{tenths}s"),
        },
    }
}

/// The greatest sample of a panel in the time of the impact (without one: in all data).
pub(super) struct Peak<'a> {
    pub(super) meta: &'a SeriesMeta,
    /// When it was first reached, and the value; `None` without a finite sample.
    pub(super) greatest: Option<(Timestamp, f64)>,
    n_infinite: usize,
    window: TimeRange,
    words: String,
}

pub(super) fn peak_of<'a>(context: &mut Context<'a>, panel: &Panel<'a>) -> Option<Peak<'a>> {
    let meta = panel.meta?;
    let (window, words) = context.impact_window().or_else(|| context.catalog.extent.map(|range| (range, "all data".into())))?;
    // The end of the impact belongs to it.
    let samples = context.samples(meta, TimeRange::new(window.start(), window.end().plus_ns(1)));
    let mut greatest: Option<(Timestamp, f64)> = None;
    for sample in samples.iter().filter(|sample| sample.value.is_finite()) {
        if greatest.is_none_or(|(_, value)| sample.value > value) {
            greatest = Some((sample.time, sample.value));
        }
    }
    let n_infinite = samples.iter().filter(|sample| sample.value == f64::INFINITY).count();
    Some(Peak { meta, greatest, n_infinite, window, words })
}

fn peak<'a>(context: &mut Context<'a>, panel: &Panel<'a>, index: usize) -> Derived {
    let name = if panel.role.is_empty() { panel.reference.series.clone() } else { panel.told().to_owned() };
    let empty = Derived { id: format!("impact.peak.{}", index + 1), label: format!("Peak {name}"), ..Derived::default() };
    let Some(Peak { meta, greatest, n_infinite, window, words }) = peak_of(context, panel) else {
        let formula = match panel.meta {
            None => format!("series {} of {} is not in the data at hand", panel.reference.series, panel.reference.source),
            Some(_) => "no data".to_owned(),
        };
        return Derived { formula, ..empty };
    };
    let value = greatest.map(|(at, value)| {
        let infinite = if n_infinite > 0 { format!("; {n_infinite} samples say +Inf") } else { String::new() };
        format!("{} at {}{infinite}", show(meta, value), context.short_moment(at))
    });
    let clip = meta.clip.map(|clip| format!("values cannot exceed {}", show(meta, clip).trim_start_matches("≥ ")));
    let how = format!("greatest sample, {words}");
    let formula = format!("greatest finite sample, first time it was reached; window {words}, both ends included");
    let mut inputs = vec![format!("series {} ({})", meta.full_name(), context.path(meta.source)), step_words(meta), window_words(window)];
    inputs.extend(clip);
    Derived { value, how, formula, inputs, ..empty }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_duration_is_cut_like_an_offset_and_never_told_as_nothing() {
        let ms = |ms: i64| duration(ms * 1_000_000);
        let told = [0, 40, 99, 160, 3_449, 9_990, 10_990, 185_900, -3_449].map(ms);
        assert_eq!(told, ["0s", "40ms", "99ms", "0.1s", "3.4s", "9.9s", "10s", "3m05s", "−3.4s"]);
        assert_eq!(duration(300), "<1ms");
    }
}
