//! The key-indicator table: chosen series at chosen moments.
//!
//! A cell is the last sample at or before its moment, unless stale; a blank means "no sample", nothing is interpolated.

use std::num::NonZeroUsize;

use super::Derived;
use super::context::{Context, Panel, show, step_words, window_words};
use crate::model::case::EvidenceTarget;
use crate::model::text::{rfc3339, t_offset};
use crate::model::time::NS_PER_S;
use crate::model::{Annotation, AnnotationKind, CaseDoc, SeriesMeta, TimeRange, Timestamp};
use crate::report::spark;

/// Columns of a sparkline: wide enough to see the shape, narrow enough for a table of several.
const SPARK_COLUMNS: NonZeroUsize = NonZeroUsize::new(12).expect("not zero");
/// Default moments, seconds from T+0.
const DEFAULT_S: [i64; 4] = [-60, 0, 180, 300];

/// The table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indicators {
    /// The moments: label, time. The baseline comes first and has no time.
    pub moments: Vec<(String, Option<Timestamp>)>,
    /// One a series.
    pub series: Vec<Indicator>,
    /// What the sparklines and pictures cover.
    pub window: Option<TimeRange>,
    /// What "baseline" means, and other words below the table.
    pub notes: Vec<String>,
}

/// One series at all moments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indicator {
    /// What it is for; empty for a series that came with evidence.
    pub role: String,
    /// Name of the metric, without labels.
    pub metric: String,
    /// Full name.
    pub series: String,
    /// Path of its source.
    pub source: String,
    /// One text a moment; `None` is "no sample".
    pub cells: Vec<Option<String>>,
    /// Greatest value in the window.
    pub peak: Option<String>,
    /// The window as block characters.
    pub spark: String,
    /// File stem of its picture; a series that came with evidence has its picture there.
    pub asset: Option<String>,
    /// Whether the series is in the data at hand.
    pub is_loaded: bool,
}

pub(super) fn gather(context: &mut Context) -> Indicators {
    let columns = columns(context);
    let mut panels = context.panels.clone();
    add_pinned(context, &mut panels);
    let mut rows = Vec::new();
    for (index, panel) in panels.iter().enumerate() {
        rows.push(row(context, panel, index, &columns));
    }
    let mut notes = Vec::new();
    if let Some(range) = context.baseline {
        let cut = context.baseline_cut.as_ref().map_or_else(String::new, |cut| {
            format!("; it ends before {}, where {} had left what was usual", context.short_moment(cut.at), cut.series)
        });
        notes.push(format!("Baseline: median of the finite samples in {}{cut}; × is the peak as a multiple of it.", window_words(range)));
    }
    if context.t0.is_none() {
        notes.push("T+0 is not set, so there are no default moments.".into());
    }
    Indicators { moments: columns, series: rows, window: (!context.story.is_empty()).then_some(context.story), notes }
}

/// Baseline, then the key moments of the user, else T−1m, T+0, T+3m, T+5m and the recovery.
fn columns(context: &Context) -> Vec<(String, Option<Timestamp>)> {
    let mut columns = vec![("Baseline".to_owned(), None)];
    let offset = |at: Timestamp| context.offset(at).unwrap_or_else(|| rfc3339(at));
    let chosen = chosen_moments(context.case);
    if !chosen.is_empty() {
        columns.extend(chosen.into_iter().map(|(label, at)| {
            let offset = offset(at);
            // A label that only says when says it once.
            let is_silent = label.is_empty() || label.replace('-', "−") == offset;
            (if is_silent { offset } else { format!("{offset} {label}") }, Some(at))
        }));
        return columns;
    }
    if let Some(t0) = &context.t0 {
        // A moment without any data would be a row of blanks.
        let has_data = |at: &Timestamp| context.catalog.extent.is_none_or(|extent| extent.contains(*at));
        columns.extend(default_moments(t0.at).filter(has_data).map(|at| (t_offset(at.since(t0.at)), Some(at))));
    }
    if let Some((name, marker)) = context.recovery() {
        columns.push((format!("{} recovery ({})", offset(marker.at), name.name()), Some(marker.at)));
    }
    columns
}

/// The key moments of the user with their labels, by their order and then by time.
pub(super) fn chosen_moments(case: &CaseDoc) -> Vec<(String, Timestamp)> {
    let of = |annotation: &Annotation| match annotation.kind {
        AnnotationKind::KeyMoment { at, order } => Some((order.unwrap_or(u32::MAX), annotation.text.trim().to_owned(), at)),
        _ => None,
    };
    let mut chosen: Vec<_> = case.by_time().into_iter().filter_map(of).collect();
    chosen.sort_by_key(|moment| moment.0);
    chosen.into_iter().map(|(_, label, at)| (label, at)).collect()
}

/// What is shown when nobody chose.
pub(super) fn default_moments(t0: Timestamp) -> impl Iterator<Item = Timestamp> {
    DEFAULT_S.into_iter().map(move |secs| t0.plus_ns(secs * NS_PER_S))
}

/// Adds the series of pinned evidence that are no panel.
fn add_pinned<'a>(context: &Context<'a>, panels: &mut Vec<Panel<'a>>) {
    for (_, evidence) in context.case.evidence() {
        let EvidenceTarget::Series { name, labels, .. } = &evidence.target else { continue };
        let series = SeriesMeta { name: name.clone(), labels: labels.clone(), ..SeriesMeta::default() }.full_name();
        let is_there = panels.iter().any(|panel| panel.reference.series == series && panel.reference.source == evidence.source);
        if !is_there {
            let reference = crate::model::case::PanelRef { role: String::new(), series, source: evidence.source.clone() };
            let meta = context.find_series(&reference.series, &reference.source);
            panels.push(Panel { role: String::new(), reference, meta, is_evidence: true });
        }
    }
}

fn row(context: &mut Context, panel: &Panel, index: usize, columns: &[(String, Option<Timestamp>)]) -> Indicator {
    let mut row = Indicator {
        role: panel.told().to_owned(),
        metric: panel.reference.series.split('{').next().unwrap_or_default().to_owned(),
        series: panel.reference.series.clone(),
        source: panel.reference.source.clone(),
        cells: vec![None; columns.len()],
        ..Indicator::default()
    };
    let Some(meta) = panel.meta else { return row };
    row.is_loaded = true;
    context.uses(meta);
    context.path(meta.source).clone_into(&mut row.source);
    let samples = context.samples(meta, context.story);
    row.spark = spark::draw(&spark::maxima(&samples, context.story, SPARK_COLUMNS));
    let peak = samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).reduce(f64::max);
    let normal = context.baseline.and_then(|range| {
        let samples = context.samples(meta, range);
        median(samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect())
    });
    row.peak = peak.map(|peak| format!("{}{}", show(meta, peak), times_baseline(peak, normal)));
    if !panel.is_evidence {
        let title = if panel.role.is_empty() { meta.full_name() } else { format!("{}: {}", panel.told(), meta.full_name()) };
        let chart = context.chart(meta, title, context.story);
        row.asset = Some(context.add_chart("panel", chart));
    }
    let source = format!("series {} ({})", meta.full_name(), context.path(meta.source));
    for (column, (label, at)) in columns.iter().enumerate() {
        let (value, formula, inputs) = match at {
            Some(at) => {
                let value = context.facts.value_at(meta.id, *at).map(|found| show(meta, found.value));
                let limit = crate::model::text::value(meta.staleness_ns() as f64 / NS_PER_S as f64, crate::model::Unit::Seconds);
                (value, format!("last sample at or before the moment, not older than {limit}"), format!("at {}", rfc3339(*at)))
            }
            None => match context.baseline {
                Some(range) => (normal.map(|value| show(meta, value)), "median of the finite samples".to_owned(), window_words(range)),
                None => (None, "no time before the first sign is known".to_owned(), String::new()),
            },
        };
        row.cells[column].clone_from(&value);
        let label = format!("{} at {label}", if panel.role.is_empty() { &row.series } else { panel.told() });
        let inputs = [source.clone(), step_words(meta), inputs].into_iter().filter(|input| !input.is_empty()).collect();
        context.record(Derived {
            id: format!("indicator.{}.{}", index + 1, column + 1),
            label,
            value,
            how: String::new(),
            formula,
            inputs,
        });
    }
    row
}

/// ` (×4.8)`; nothing when there is no baseline above zero or the peak is not above it.
fn times_baseline(peak: f64, normal: Option<f64>) -> String {
    match normal {
        Some(normal) if normal > 0.0 && peak > normal => {
            format!(" (×{})", crate::model::text::value(peak / normal, crate::model::Unit::None))
        }
        _ => String::new(),
    }
}

/// Middle value; of an even number the mean of the two.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match n {
        0 => None,
        _ if n.is_multiple_of(2) => Some(f64::midpoint(values[n / 2 - 1], values[n / 2])),
        _ => Some(values[n / 2]),
    }
}
