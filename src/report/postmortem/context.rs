//! What all parts of the gathering share: T+0, markers, panels, labels, and the list of what was used.

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::Cut;
use super::credit::Credit;
use super::indicators::{chosen_moments, default_moments};
use super::suggest::Suggestion;
use super::{Derived, ReportSettings};
use crate::model::baseline;
use crate::model::case::{Anchor, MarkerName, PanelRef};
use crate::model::event::SourceId;
use crate::model::text::{self, rfc3339, t_offset};
use crate::model::time::NS_PER_S;
use crate::model::{
    Annotation, AnnotationId, AnnotationKind, CaseDoc, Catalog, Change, Sample, SeriesId, SeriesMeta, TimeRange, Timestamp,
};
use crate::report::Facts;
use crate::report::escape::slug;
use crate::report::svg::Chart;

/// A change this near to a marker is taken for what the marker speaks of.
const SAME_MOMENT_NS: i64 = 2 * NS_PER_S;

/// A marker as set.
#[derive(Clone, Copy)]
pub(super) struct Marker<'a> {
    pub(super) at: Timestamp,
    pub(super) latest: Option<Timestamp>,
    pub(super) rule: &'a str,
    pub(super) annotation: &'a Annotation,
}

/// A panel of the case: the series may be missing in the data at hand.
#[derive(Clone)]
pub(super) struct Panel<'a> {
    pub(super) role: String,
    pub(super) reference: PanelRef,
    pub(super) meta: Option<&'a SeriesMeta>,
    /// Whether it is there only because it is pinned.
    pub(super) is_evidence: bool,
}

impl Panel<'_> {
    /// What it is called in a sentence: a share of log records is no error rate, whatever place it takes.
    pub(super) fn told(&self) -> &str {
        let is_of_records = self.meta.is_some_and(SeriesMeta::is_share_of_records);
        if is_of_records { "share of error records" } else { &self.role }
    }

    /// Whether it tells how long requests took, by its name: `P99`, `P95`, `mean latency`.
    fn is_latency(&self) -> bool {
        const WORDS: [&str; 9] =
            ["latency", "latencies", "duration", "durations", "response", "median", "percentile", "quantile", "elapsed"];
        let role = self.role.to_lowercase();
        let is_quantile = |word: &str| word.strip_prefix('p').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let is_told = role.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word) || is_quantile(word));
        is_told && self.meta.is_some_and(|meta| meta.unit == crate::model::Unit::Seconds)
    }
}

pub(super) struct Context<'a> {
    pub(super) case: &'a CaseDoc,
    pub(super) facts: &'a dyn Facts,
    pub(super) settings: &'a ReportSettings,
    pub(super) catalog: &'a Catalog,
    pub(super) t0: Option<Anchor>,
    pub(super) markers: BTreeMap<MarkerName, Marker<'a>>,
    pub(super) panels: Vec<Panel<'a>>,
    /// Markers that nobody set, as the data suggest them.
    pub(super) suggested: BTreeMap<MarkerName, Suggestion>,
    /// When users stopped feeling it, by the data.
    pub(super) recovered: Option<Timestamp>,
    /// Evidence → `E1` …
    pub(super) exhibits: BTreeMap<AnnotationId, String>,
    /// Cause → `C1` …
    pub(super) causes: BTreeMap<AnnotationId, String>,
    /// What charts cover.
    pub(super) story: TimeRange,
    /// What is normal, if anything is known of it.
    pub(super) baseline: Option<TimeRange>,
    /// What made the baseline end before the first sign.
    pub(super) baseline_cut: Option<Cut>,
    /// The change that ended it, or the last one before it was over.
    pub(super) credit: Option<Credit<'a>>,
    /// Stretches in which users felt it.
    pub(super) waves: Vec<TimeRange>,
    pub(super) used_sources: BTreeSet<SourceId>,
    pub(super) used_series: BTreeSet<SeriesId>,
    pub(super) derived: Vec<Derived>,
    pub(super) charts: Vec<(String, Chart)>,
    slugs: BTreeSet<String>,
}

impl<'a> Context<'a> {
    pub(super) fn new(case: &'a CaseDoc, facts: &'a dyn Facts, settings: &'a ReportSettings) -> Self {
        let catalog = facts.catalog();
        let markers = markers(case);
        let t0 = t0(case, &markers);
        let story = story(case, catalog, &markers, t0.as_ref());
        let baseline = settings.baseline.or_else(|| baseline(catalog, &markers, t0.as_ref()));
        let named = if case.meta.panels.is_empty() { &settings.panels } else { &case.meta.panels };
        let panels = named.iter().map(|panel| resolve_panel(catalog, panel)).collect();
        let label = |prefix: char| move |(index, id): (usize, &AnnotationId)| (id.clone(), format!("{prefix}{}", index + 1));
        Self {
            case,
            facts,
            settings,
            catalog,
            t0,
            markers,
            panels,
            suggested: BTreeMap::new(),
            recovered: None,
            exhibits: case.evidence().iter().map(|(annotation, _)| &annotation.id).enumerate().map(label('E')).collect(),
            causes: case.chain().iter().map(|(annotation, _)| &annotation.id).enumerate().map(label('C')).collect(),
            story,
            baseline,
            baseline_cut: None,
            credit: None,
            waves: Vec::new(),
            used_sources: BTreeSet::new(),
            used_series: BTreeSet::new(),
            derived: Vec::new(),
            charts: Vec::new(),
            slugs: BTreeSet::new(),
        }
    }

    pub(super) fn marker(&self, name: MarkerName) -> Option<Marker<'a>> {
        self.markers.get(&name).copied()
    }

    /// Mitigated, else resolved.
    pub(super) fn recovery(&self) -> Option<(MarkerName, Marker<'a>)> {
        [MarkerName::Mitigated, MarkerName::Resolved].into_iter().find_map(|name| Some((name, self.marker(name)?)))
    }

    /// A marker, else what the data suggest, with words that say which.
    pub(super) fn moment_of(&self, name: MarkerName) -> Option<(Timestamp, String)> {
        let suggested = || self.suggested.get(&name).map(|one| (one.at, format!("suggested {}", name.name())));
        self.marker(name).map(|marker| (marker.at, name.name().to_owned())).or_else(suggested)
    }

    /// The time in which users were affected, with words for how its ends were chosen. `None` when there is no start.
    pub(super) fn impact_window(&self) -> Option<(TimeRange, String)> {
        let (start, start_words) = match (self.moment_of(MarkerName::ImpactStart), &self.t0) {
            (Some(moment), _) => moment,
            (None, Some(anchor)) => (anchor.at, "T+0 (no impact_start marker)".to_owned()),
            (None, None) => return None,
        };
        let marked = [MarkerName::Mitigated, MarkerName::Resolved]
            .into_iter()
            .find_map(|name| Some((self.marker(name)?.at, name.name().to_owned())));
        let (end, end_words) = match marked.or_else(|| self.moment_of(MarkerName::Mitigated)) {
            Some(moment) => moment,
            None => (self.catalog.extent?.end(), "end of data (no mitigated or resolved marker)".to_owned()),
        };
        (start < end).then(|| (TimeRange::new(start, end), format!("{start_words} → {end_words}")))
    }

    /// Distance from T+0, if that is set.
    pub(super) fn offset(&self, at: Timestamp) -> Option<String> {
        self.t0.as_ref().map(|t0| t_offset(at.since(t0.at)))
    }

    /// `02:33:28 (T+3m06s)`, or the time alone without T+0.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        match self.offset(at) {
            Some(offset) => format!("{} ({offset})", rfc3339(at)),
            None => rfc3339(at),
        }
    }

    /// `T+3m06s (02:33:28)`, or the whole time without T+0: for sentences and tables.
    pub(super) fn short_moment(&self, at: Timestamp) -> String {
        let time = rfc3339(at);
        match (self.offset(at), time.get(11..19)) {
            (Some(offset), Some(clock)) => format!("{offset} ({clock})"),
            _ => time,
        }
    }

    /// The panel of a role.
    pub(super) fn panel(&self, role: &str) -> Option<&Panel<'a>> {
        self.panels.iter().find(|panel| panel.role.eq_ignore_ascii_case(role))
    }

    /// The panel that tells how long requests took: P99, else another quantile or a mean, by what it is called.
    pub(super) fn latency(&self) -> Option<&Panel<'a>> {
        self.panel("P99").or_else(|| self.panels.iter().find(|panel| panel.is_latency()))
    }

    /// The panels of what users feel: what failed, and how long it took.
    pub(super) fn felt_panels(&self) -> Vec<Panel<'a>> {
        [self.panel("error rate"), self.latency()].into_iter().flatten().cloned().collect()
    }

    /// Notes that numbers of this series are in the document.
    pub(super) fn uses(&mut self, meta: &SeriesMeta) {
        self.used_series.insert(meta.id);
        self.used_sources.insert(meta.source);
    }

    /// All samples of a series inside a range, also noting the use.
    pub(super) fn samples(&mut self, meta: &SeriesMeta, range: TimeRange) -> Vec<Sample> {
        self.uses(meta);
        self.facts.samples(meta.id, range)
    }

    /// Path of a source; the empty text for one that the catalog does not know.
    pub(super) fn path(&self, source: SourceId) -> &'a str {
        self.catalog.source(source).map_or("", |source| &source.path)
    }

    /// Records a derived value and gives it back.
    pub(super) fn record(&mut self, derived: Derived) -> Derived {
        self.derived.push(derived.clone());
        derived
    }

    /// The change that a moment speaks of.
    pub(super) fn change_at(&self, at: Timestamp) -> Option<&'a Change> {
        let distance = |change: &Change| change.time.map_or(i64::MAX, |time| time.since(at).saturating_abs());
        self.catalog.changes.iter().filter(|change| distance(change) <= SAME_MOMENT_NS).min_by_key(|change| distance(change))
    }

    /// The series of this name and source; one of another source when that is the only one of its name.
    pub(super) fn find_series(&self, full_name: &str, source: &str) -> Option<&'a SeriesMeta> {
        find_series(self.catalog, full_name, source)
    }

    /// Adds a picture and gives its file stem.
    pub(super) fn add_chart(&mut self, prefix: &str, chart: Chart) -> String {
        let stem = slug(&format!("{prefix} {}", chart.title), &mut self.slugs);
        self.charts.push((stem.clone(), chart));
        stem
    }

    /// A picture of a series over a range, with the markers.
    pub(super) fn chart(&mut self, meta: &SeriesMeta, title: String, range: TimeRange) -> Chart {
        let samples = self.samples(meta, range);
        let threshold = self.case.meta.thresholds.get(&meta.full_name()).copied();
        self.chart_of(title, range, samples, &ChartLimits { unit: meta.unit, max_gap_ns: meta.staleness_ns(), clip: meta.clip, threshold })
    }

    pub(super) fn chart_of(&self, title: String, range: TimeRange, samples: Vec<Sample>, limits: &ChartLimits) -> Chart {
        Chart {
            title,
            unit: limits.unit,
            range,
            t0: self.t0.as_ref().map(|t0| t0.at),
            samples,
            max_gap_ns: limits.max_gap_ns,
            clip: limits.clip,
            threshold: limits.threshold,
            baseline: self.baseline,
            marks: self.markers.iter().map(|(name, marker)| (marker.at, words(*name).to_owned())).collect(),
        }
    }
}

/// What bounds a chart besides its samples.
pub(super) struct ChartLimits {
    pub(super) unit: crate::model::Unit,
    pub(super) max_gap_ns: i64,
    pub(super) clip: Option<f64>,
    pub(super) threshold: Option<f64>,
}

/// Whether a value is as high as its series can go.
pub(super) fn is_clipped(meta: &SeriesMeta, value: f64) -> bool {
    meta.clip.is_some_and(|clip| value.is_finite() && value >= clip * (1.0 - 1e-9))
}

/// A value as printed: with its unit, and `≥` when the series cannot go higher for technical reasons.
pub(super) fn show(meta: &SeriesMeta, value: f64) -> String {
    format!("{}{}", if is_clipped(meta, value) { "≥ " } else { "" }, text::value(value, meta.unit))
}

/// Length of a step for people.
pub(super) fn step_words(meta: &SeriesMeta) -> String {
    meta.step_ns.map_or_else(
        || "step unknown".into(),
        |ns| format!("step {}", text::value(ns as f64 / NS_PER_S as f64, crate::model::Unit::Seconds)),
    )
}

/// `2026-11-23T02:33:28Z … 2026-11-23T02:37:11Z`.
pub(super) fn window_words(range: TimeRange) -> String {
    format!("{} … {}", rfc3339(range.start()), rfc3339(told_end(range)))
}

/// The end of a range as people say it: that of all data is one nanosecond after the last sample, which stands for it.
pub fn told_end(range: TimeRange) -> Timestamp {
    let is_rounder = range.end().0.rem_euclid(1000) == 1;
    if is_rounder { range.end().plus_ns(-1) } else { range.end() }
}

/// What a change says.
pub(super) fn change_words(change: &Change) -> String {
    change.title()
}

/// A marker's name as words.
pub(super) const fn words(name: MarkerName) -> &'static str {
    match name {
        MarkerName::Trigger => "trigger",
        MarkerName::ImpactStart => "impact start",
        MarkerName::Detected => "detected",
        MarkerName::Acknowledged => "acknowledged",
        MarkerName::Declared => "declared",
        MarkerName::Escalated => "escalated",
        MarkerName::StatusPage => "status page",
        MarkerName::Diagnosed => "diagnosed",
        MarkerName::RollbackStart => "rollback start",
        MarkerName::RollbackDone => "rollback done",
        MarkerName::Mitigated => "mitigated",
        MarkerName::Resolved => "resolved",
        MarkerName::Verified => "verified",
    }
}

fn markers(case: &CaseDoc) -> BTreeMap<MarkerName, Marker<'_>> {
    let mut markers = BTreeMap::new();
    for annotation in case.annotations.values() {
        if let AnnotationKind::Marker { name, at, latest, rule, .. } = &annotation.kind {
            markers.entry(*name).or_insert(Marker { at: *at, latest: *latest, rule, annotation });
        }
    }
    markers
}

/// T+0 as the case says; else the trigger, else the start of the impact.
fn t0(case: &CaseDoc, markers: &BTreeMap<MarkerName, Marker>) -> Option<Anchor> {
    let from_marker = || {
        let (name, marker) =
            [MarkerName::Trigger, MarkerName::ImpactStart].into_iter().find_map(|name| Some((name, markers.get(&name)?)))?;
        Some(Anchor { at: marker.at, label: format!("{} marker", words(name)) })
    };
    let said = case.meta.t0.clone().map(|mut anchor| {
        // Whoever prints the anchor prints its time: once is enough.
        let time = rfc3339(anchor.at);
        if let Some(rest) = anchor.label.trim().strip_suffix(&time) {
            let label = rest.trim_end().trim_end_matches([',', ':']).trim_end_matches(" at");
            anchor.label = label.chars().collect();
        }
        anchor
    });
    said.or_else(from_marker)
}

/// What tables and charts cover: the whole impact with a minute before it, all that the case speaks of and every moment
/// of the key-indicator table, a tenth wider on both sides, inside the data. Without a recovery: to the end of the data.
fn story(case: &CaseDoc, catalog: &Catalog, markers: &BTreeMap<MarkerName, Marker>, t0: Option<&Anchor>) -> TimeRange {
    let extent = catalog.extent.unwrap_or_default();
    let mut times: Vec<Timestamp> = case.annotations.values().filter_map(Annotation::at).collect();
    times.extend(case.annotations.values().filter_map(|annotation| match &annotation.kind {
        AnnotationKind::Range { range, .. } => Some(range.end()),
        AnnotationKind::Attempt(attempt) => Some(attempt.at.end()),
        AnnotationKind::Marker { latest, .. } => *latest,
        _ => None,
    }));
    let begin = t0.map(|t0| t0.at).into_iter().chain(markers.get(&MarkerName::ImpactStart).map(|marker| marker.at)).min();
    times.extend(begin.map(|begin| begin.plus_ns(-60 * NS_PER_S)));
    if let Some(t0) = t0
        && chosen_moments(case).is_empty()
    {
        times.extend(default_moments(t0.at));
    }
    let is_over = [MarkerName::Mitigated, MarkerName::Resolved].iter().any(|name| markers.contains_key(name));
    if begin.is_some() && !is_over {
        times.extend(catalog.extent.map(TimeRange::end));
    }
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return extent };
    let margin = (last.since(*first) / 10).max(60 * NS_PER_S);
    let wide = TimeRange::new(first.plus_ns(-margin), last.plus_ns(margin));
    if extent.is_empty() { wide } else { wide.intersect(extent).unwrap_or(extent) }
}

fn baseline(catalog: &Catalog, markers: &BTreeMap<MarkerName, Marker>, t0: Option<&Anchor>) -> Option<TimeRange> {
    let marker = |name: MarkerName| markers.get(&name).map(|marker| marker.at);
    let signs = [t0.map(|t0| t0.at), marker(MarkerName::Trigger), marker(MarkerName::ImpactStart)];
    baseline::of(catalog, signs.into_iter().flatten()).filter(|range| !range.is_empty())
}

fn resolve_panel<'a>(catalog: &'a Catalog, panel: &PanelRef) -> Panel<'a> {
    Panel {
        role: panel.role.clone(),
        reference: panel.clone(),
        meta: find_series(catalog, &panel.series, &panel.source),
        is_evidence: false,
    }
}

fn find_series<'a>(catalog: &'a Catalog, full_name: &str, source: &str) -> Option<&'a SeriesMeta> {
    let named: Vec<&SeriesMeta> = catalog.series.iter().filter(|meta| meta.is_called(full_name)).collect();
    let home = catalog.source_of(source).map(|report| report.id);
    let is_there = |id| Some(id) == home;
    let here = named.iter().find(|meta| meta.sources().any(is_there));
    here.copied().or_else(|| if named.len() == 1 { Some(named[0]) } else { None })
}
