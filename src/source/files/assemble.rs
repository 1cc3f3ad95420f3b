//! What is known of every source while loading, and the catalog made of it.
//!
//! Documents enter the catalog together, when the last of them is read, because the numbers of series follow from all
//! of them and must not move under a screen; logs grow in place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::series::SeriesMeta;
use crate::model::{
    Alert, Catalog, Change, DashboardPanel, Exemplar, Labels, ProfileMark, SeriesId, SourceId, SourceKind, SourceReport, ThresholdRule,
    Timestamp,
};
use crate::parse::{Document, ParsedSeries, alert, metric};
use crate::store::derive::DerivedSeries;
use crate::store::derived::{self, Computed};
use crate::store::ends;
use crate::store::log::LogBuilder;
use crate::store::promql::Pool;
use crate::store::series::SeriesStore;
use crate::store::{StoreError, Watch};

use super::content::Content;
use super::loading::Loading;
use super::scrapes::{self, Joined, Scrapes};
use super::spans::extent;
use super::twins::{self, Held, Twins};
use super::{Snapshot, clocks};

/// Formats in which Prometheus's mark for the end of a series has become a plain NaN.
const TEXT_DUMPS: [&str; 3] = ["openmetrics", "prometheus-exposition", "promtool-tsdb-dump"];

/// Everything that documents hold.
#[derive(Default)]
pub struct Documents {
    series: Vec<(SeriesMeta, Arc<SeriesStore>)>,
    changes: Vec<Change>,
    alerts: Vec<Alert>,
    profiles: Vec<ProfileMark>,
    rules: Vec<ThresholdRule>,
    dashboard_panels: Vec<DashboardPanel>,
    exemplars: Vec<Exemplar>,
    scrapes: Scrapes,
}

/// Documents in the order of the catalog.
#[derive(Clone, Default)]
pub struct Settled {
    pub(super) catalog: Catalog,
    pub(super) series: Arc<Vec<Arc<SeriesStore>>>,
    apart: Arc<Apart>,
    /// Series that the user wrote as formulas: computed again when what they are made of changes.
    pub(super) formulas: Vec<String>,
}

/// What documents hold several times and the catalog once: as it is there.
#[derive(Clone, Default)]
pub struct Apart {
    alerts: Vec<Alert>,
    twins: Twins,
    scrapes: Scrapes,
    joined: Joined,
}

impl Documents {
    /// Takes in what a document holds and tells the report.
    pub fn add(&mut self, source: SourceId, mut document: Document, query: Option<&str>, report: &mut SourceReport) {
        report.n_records = document.n_records;
        report.n_lines = document.n_lines;
        report.n_unplaced = document.n_unplaced;
        report.zone = document.zone.clone();
        report.extent = extent_of(&document);
        report.services = services_of(&document);
        report.n_series = (report.kind == SourceKind::Metrics || !document.series.is_empty()).then_some(document.series.len() as u64);
        report.problems = document.problems;
        if TEXT_DUMPS.contains(&report.format.as_str()) {
            ends::mark(&mut document.series);
            scrapes::note(&mut self.scrapes, source, &document.series, report);
        }
        let marks_its_end = report.format == metric::tsdb::FORMAT;
        let held = |series| {
            let (meta, store) = kept_series(series, source, query);
            (SeriesMeta { marks_its_end, ..meta }, store)
        };
        self.series.extend(document.series.into_iter().map(held));
        self.changes.extend(document.changes.into_iter().map(|change| Change { source, ..change }));
        self.alerts.extend(document.alerts.into_iter().map(|alert| Alert { source, ..alert }));
        self.profiles.extend(document.profiles.into_iter().map(|profile| ProfileMark { source, ..profile }));
        let panels = document.dashboard_panels.into_iter().map(|panel| DashboardPanel { source, ..panel });
        self.dashboard_panels.extend(panels);
        self.add_exemplars(source, document.exemplars);
        self.rules.extend(document.rules.into_iter().map(|rule| ThresholdRule { source, ..rule }));
    }

    /// Takes in exemplars of a source.
    pub fn add_exemplars(&mut self, source: SourceId, exemplars: Vec<Exemplar>) {
        self.exemplars.extend(exemplars.into_iter().map(|exemplar| Exemplar { source, ..exemplar }));
    }

    /// Moves everything of each source by so much.
    pub fn move_times(&mut self, by: impl Fn(SourceId) -> i64) {
        let series = std::mem::take(&mut self.series).into_iter();
        self.series = series
            .map(|held| {
                let ns = by(held.0.source);
                clocks::moved_series(held, ns)
            })
            .collect();
        self.changes.iter_mut().for_each(|change| clocks::move_change(change, by(change.source)));
        self.alerts.iter_mut().for_each(|alert| clocks::move_alert(alert, by(alert.source)));
        self.profiles.iter_mut().for_each(|profile| clocks::move_profile(profile, by(profile.source)));
        self.exemplars.iter_mut().for_each(|exemplar| clocks::move_exemplar(exemplar, by(exemplar.source)));
    }

    /// Puts everything in the order of the catalog. Sources are numbered by path, so their number sorts like it.
    pub fn settle(mut self) -> Settled {
        let (series, joined) = scrapes::join(self.series, &mut self.exemplars, &self.scrapes);
        let (series, twins) = twins::merge(series);
        let (mut metas, stores) = in_order(series);
        set_clips(&mut metas);
        self.changes.sort_by_key(|change| (change.time.is_none(), change.time, change.source, change.line));
        self.profiles.sort_by(|a, b| (a.time.is_none(), a.time, a.source, &a.kind).cmp(&(b.time.is_none(), b.time, b.source, &b.kind)));
        self.dashboard_panels.sort_by(|a, b| (a.source, &a.title, &a.expressions).cmp(&(b.source, &b.title, &b.expressions)));
        let key = |exemplar: &Exemplar| (exemplar.time, exemplar.value.to_bits());
        self.exemplars.sort_by(|a, b| (&a.name, &a.labels, key(a), &a.own, a.source).cmp(&(&b.name, &b.labels, key(b), &b.own, b.source)));
        self.rules.sort_by(|a, b| (a.source, &a.name, &a.expression).cmp(&(b.source, &b.name, &b.expression)));
        // Stable order before merging, so that the answer does not depend on who was read first.
        self.alerts.sort_by(|a, b| (a.active_at, &a.name, &a.labels, a.source).cmp(&(b.active_at, &b.name, &b.labels, b.source)));
        let catalog = Catalog {
            series: metas,
            changes: self.changes,
            alerts: alert::merge(self.alerts.clone()),
            profiles: self.profiles,
            rules: self.rules,
            dashboard_panels: self.dashboard_panels,
            exemplars: self.exemplars,
            ..Catalog::default()
        };
        Settled {
            catalog,
            series: Arc::new(stores),
            apart: Arc::new(Apart { alerts: self.alerts, twins, scrapes: self.scrapes, joined }),
            formulas: Vec::new(),
        }
    }
}

/// Series in the order of the catalog, numbered.
fn in_order(mut series: Vec<(SeriesMeta, Arc<SeriesStore>)>) -> (Vec<SeriesMeta>, Vec<Arc<SeriesStore>>) {
    series.sort_by(|(a, _), (b, _)| (&a.name, &a.labels, a.source).cmp(&(&b.name, &b.labels, b.source)));
    let (mut metas, stores): (Vec<_>, Vec<_>) = series.into_iter().unzip();
    metas.iter_mut().enumerate().for_each(|(i, meta)| meta.id = SeriesId(i as u32));
    (metas, stores)
}

impl Settled {
    /// What was settled for a catalog that was published.
    pub fn of(published: &Snapshot) -> Self {
        let known = &published.catalog;
        let catalog = Catalog {
            series: known.series.clone(),
            changes: known.changes.clone(),
            alerts: known.alerts.clone(),
            profiles: known.profiles.clone(),
            rules: known.rules.clone(),
            dashboard_panels: known.dashboard_panels.clone(),
            exemplars: known.exemplars.clone(),
            ..Catalog::default()
        };
        let formulas: BTreeSet<String> = known.series.iter().filter(|meta| is_written(meta)).map(|meta| meta.name.clone()).collect();
        let (series, apart) = (Arc::clone(&published.series), Arc::clone(&published.apart));
        Self { catalog, series, apart, formulas: formulas.into_iter().collect() }
    }

    /// What the documents hold, to be settled again: without what comes from some sources or was computed.
    pub fn into_documents(self, is_left_out: impl Fn(SourceId) -> bool) -> Documents {
        let apart = Arc::unwrap_or_clone(self.apart);
        let stores = self.series.iter().map(Arc::clone);
        let is_whole = |(meta, _): &Held| !meta.is_derived && meta.also_in.is_empty();
        let series = self
            .catalog
            .series
            .into_iter()
            .zip(stores)
            .filter(is_whole)
            .chain(apart.twins.originals)
            .chain(apart.joined.originals.iter().cloned());
        let mut documents = Documents {
            series: series.filter(|(meta, _)| !is_left_out(meta.source)).collect(),
            changes: self.catalog.changes,
            alerts: apart.alerts,
            profiles: self.catalog.profiles,
            rules: self.catalog.rules,
            dashboard_panels: self.catalog.dashboard_panels,
            exemplars: self.catalog.exemplars,
            scrapes: apart.scrapes,
        };
        documents.scrapes.retain(|source, _| !is_left_out(*source));
        apart.joined.forget(&mut documents.series, &mut documents.exemplars);
        documents.dashboard_panels.retain(|panel| !is_left_out(panel.source));
        documents.exemplars.retain(|exemplar| !is_left_out(exemplar.source));
        documents.changes.retain(|change| !is_left_out(change.source));
        documents.alerts.retain(|alert| !is_left_out(alert.source));
        documents.profiles.retain(|profile| !is_left_out(profile.source));
        documents.rules.retain(|rule| !is_left_out(rule.source));
        documents
    }

    /// Takes in the series that were computed from log events, in place of all that were computed before.
    pub fn set_derived(&mut self, derived: Vec<DerivedSeries>) {
        let metas = std::mem::take(&mut self.catalog.series);
        let measured = metas.into_iter().zip(self.series.iter().map(Arc::clone)).filter(|(meta, _)| !meta.is_derived);
        let (metas, stores): (Vec<_>, Vec<_>) = measured.unzip();
        self.catalog.series = metas;
        self.series = Arc::new(stores);
        self.add(derived.into_iter().map(derived_series));
    }

    /// Takes in the changes that records of logs tell, in place of those that were told before; not what a list of changes
    /// tells of the same service at that moment.
    pub fn set_told(&mut self, told: Vec<Change>, is_log: impl Fn(SourceId) -> bool) {
        /// A program says a little later what was done to it.
        const SAME_NS: i64 = 5 * crate::model::time::NS_PER_S;
        let changes = &mut self.catalog.changes;
        changes.retain(|change| !is_log(change.source));
        let is_listed = |told: &Change| {
            let is_near = |change: &Change| change.time.zip(told.time).is_some_and(|(a, b)| a.since(b).saturating_abs() <= SAME_NS);
            told.service.is_some() && changes.iter().any(|change| change.service == told.service && is_near(change))
        };
        let told: Vec<Change> = told.into_iter().filter(|told| !is_listed(told)).collect();
        changes.extend(told);
        changes.sort_by_key(|change| (change.time.is_none(), change.time, change.source, change.line));
    }

    /// Takes in series as they are.
    pub fn add_held(&mut self, held: Vec<Held>) {
        self.add(held.into_iter());
    }

    /// Takes in series that were computed from log events, beside all others.
    pub fn add_derived(&mut self, derived: Vec<DerivedSeries>) {
        self.add(derived.into_iter().map(derived_series));
    }

    /// Rates, quantiles and ratios of the series that were measured.
    pub fn compute(&self, watch: &Watch<'_>) -> Result<Vec<Computed>, StoreError> {
        derived::derive(&Pool::new(&self.catalog.series, &self.series), watch)
    }

    /// Takes in the series that were computed from others.
    pub fn add_computed(&mut self, computed: Vec<Computed>) {
        self.add(computed.into_iter().map(computed_series));
    }

    /// Computes the formulas of the user again.
    pub fn define(&mut self, watch: &Watch<'_>) -> Result<(), StoreError> {
        if let Some((metas, stores)) = with_formulas((&self.catalog.series, &self.series), &self.formulas, watch)? {
            self.catalog.series = metas;
            self.series = Arc::new(stores);
        }
        Ok(())
    }

    fn add(&mut self, more: impl Iterator<Item = (SeriesMeta, Arc<SeriesStore>)>) {
        let metas = std::mem::take(&mut self.catalog.series);
        let mut series: Vec<_> = metas.into_iter().zip(self.series.iter().map(Arc::clone)).collect();
        series.extend(more);
        let (metas, stores) = in_order(series);
        self.catalog.series = metas;
        self.series = Arc::new(stores);
    }
}

fn derived_series(derived: DerivedSeries) -> (SeriesMeta, Arc<SeriesStore>) {
    let DerivedSeries { name, service, source, unit, kind, formula, samples } = derived;
    let named = Some(service).filter(|service| !service.is_empty());
    let labels = Labels::new(named.map(|service| ("service".to_owned(), service)).into_iter().collect());
    let parsed = ParsedSeries { name: name.to_owned(), labels, unit, kind, samples, ..ParsedSeries::default() };
    let (meta, store) = kept_series(parsed, source, Some(&formula));
    (SeriesMeta { is_derived: true, ..meta }, store)
}

/// The series with those of the formulas that a user wrote instead of those that are there; `None` when nothing changes.
pub(super) fn with_formulas(
    (metas, stores): (&[SeriesMeta], &[Arc<SeriesStore>]),
    formulas: &[String],
    watch: &Watch<'_>,
) -> Result<Option<(Vec<SeriesMeta>, Vec<Arc<SeriesStore>>)>, StoreError> {
    /// More lines than anybody tells apart on panels.
    const MAX_LINES: usize = 200;
    let there: BTreeSet<&str> = metas.iter().filter(|meta| is_written(meta)).map(|meta| meta.name.as_str()).collect();
    if there == formulas.iter().map(String::as_str).collect() {
        return Ok(None);
    }
    let pool = Pool::new(metas, stores);
    let mut all: Vec<_> =
        metas.iter().zip(stores).filter(|(meta, _)| !is_written(meta)).map(|(meta, store)| (meta.clone(), Arc::clone(store))).collect();
    for formula in formulas.iter().collect::<BTreeSet<_>>() {
        match derived::written(formula, None, &pool, watch) {
            Ok(lines) if lines.is_empty() => watch.warn(format!("{formula}: no series fits, or none has a value")),
            Ok(lines) if lines.len() > MAX_LINES => watch.warn(format!("{formula}: {} lines are too many; group them", lines.len())),
            Ok(lines) => all.extend(lines.into_iter().map(|line| computed_series(Computed { name: formula.clone(), ..line }))),
            Err(StoreError::Cancelled) => return Err(StoreError::Cancelled),
            Err(error) => watch.warn(format!("{formula}: {error}")),
        }
    }
    Ok(Some(in_order(all)))
}

fn is_written(meta: &SeriesMeta) -> bool {
    meta.derivation.as_ref().is_some_and(|derivation| derivation.is_written)
}

pub(super) fn computed_series(computed: Computed) -> (SeriesMeta, Arc<SeriesStore>) {
    let Computed { name, labels, unit, kind, source, clip, derivation, samples } = computed;
    let parsed = ParsedSeries { name, labels, unit, kind, clip, samples, ..ParsedSeries::default() };
    let (meta, store) = kept_series(parsed, source, Some(&derivation.formula));
    (SeriesMeta { is_derived: true, derivation: Some(Arc::new(derivation)), ..meta }, store)
}

/// A quantile cannot exceed the top bucket of its histogram: where the buckets are loaded beside it, it learns its limit.
/// O(quantile queries × series); nothing without such a query.
fn set_clips(metas: &mut [SeriesMeta]) {
    let mut clips: BTreeMap<String, Option<f64>> = BTreeMap::new();
    for query in metas.iter().filter(|meta| meta.clip.is_none()).filter_map(|meta| meta.query.as_ref()) {
        if !clips.contains_key(query) {
            let clip = metric::clip(query, metas.iter().map(|meta| (meta.name.as_str(), &meta.labels)));
            clips.insert(query.clone(), clip);
        }
    }
    for meta in metas.iter_mut().filter(|meta| meta.clip.is_none()) {
        meta.clip = meta.query.as_ref().and_then(|query| clips.get(query).copied().flatten());
    }
}

fn kept_series(series: ParsedSeries, source: SourceId, query: Option<&str>) -> (SeriesMeta, Arc<SeriesStore>) {
    let ParsedSeries { name, labels, unit, kind, clip, packed, samples } = series;
    let store = if packed.is_empty() { SeriesStore::new(samples) } else { SeriesStore::of(packed, &samples) };
    let meta = SeriesMeta {
        id: SeriesId::default(),
        name,
        labels,
        unit,
        kind,
        query: query.map(str::to_owned),
        is_derived: false,
        derivation: None,
        source,
        also_in: Box::default(),
        marks_its_end: false,
        n_samples: store.len() as u64,
        extent: store.extent(),
        step_ns: store.step_ns(),
        bounds: store.bounds(),
        clip,
    };
    (meta, Arc::new(store))
}

/// First and last moment of anything that a document places.
fn extent_of(document: &Document) -> Option<(Timestamp, Timestamp)> {
    let samples = document.series.iter().flat_map(|series| [series.first(), series.last()]).flatten().map(|sample| sample.time);
    let changes = document.changes.iter().flat_map(|change| [change.time, change.time.and(change.end)]).flatten();
    let alerts = document.alerts.iter().flat_map(|alert| [Some(alert.active_at), alert.ended_at]).flatten();
    let profiles = document.profiles.iter().filter_map(|profile| profile.time);
    samples.chain(changes).chain(alerts).chain(profiles).fold(None, |extent, at| {
        let (first, last) = extent.unwrap_or((at, at));
        Some((first.min(at), last.max(at)))
    })
}

fn services_of(document: &Document) -> Vec<String> {
    let series = document.series.iter().filter_map(|series| series.labels.get("service").map(str::to_owned));
    let changes = document.changes.iter().filter_map(|change| change.service.clone());
    let alerts = document.alerts.iter().filter_map(|alert| alert.service.clone());
    let profiles = document.profiles.iter().filter_map(|profile| profile.service.clone());
    series.chain(changes).chain(alerts).chain(profiles).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The snapshot of this moment.
pub fn snapshot(sources: &[Loading], contents: &Arc<Vec<Arc<Content>>>, settled: &Settled, version: u64) -> Snapshot {
    let mut reports: Vec<SourceReport> = sources.iter().map(Loading::report_now).collect();
    settled.apart.twins.tell(&mut reports);
    settled.apart.joined.tell(&mut reports);
    let catalog = Catalog {
        extent: extent(&reports),
        n_events: sources.iter().filter_map(|source| source.log.as_ref()).map(LogBuilder::n_records).sum(),
        is_complete: reports.iter().all(|report| report.is_complete),
        sources: reports,
        version,
        ..settled.catalog.clone()
    };
    let logs = sources.iter().filter_map(|source| source.log.as_ref()).map(|log| Arc::new(log.snapshot())).collect();
    let (series, apart) = (Arc::clone(&settled.series), Arc::clone(&settled.apart));
    Snapshot { catalog: Arc::new(catalog), contents: Arc::clone(contents), logs, series, apart }
}
