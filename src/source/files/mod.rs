//! The embedded engine behind the trait: files, folders and archives, loaded in the background.
//!
//! [`open`] only lists; [`FileSource::load`] reads, on the thread that calls it and on its workers, and publishes
//! snapshots. Questions are answered from the newest snapshot at any time, and say when it is not the last one.

mod apart;
pub mod archive;
mod assemble;
pub mod cache;
mod chunks;
mod clocks;
pub mod content;
mod database;
pub mod decode;
mod dense;
mod disorder;
pub mod expand;
mod follow;
pub mod glance;
mod identity;
mod load;
mod loading;
mod look;
pub mod names;
mod options;
mod peek;
mod pool;
mod prepare;
mod raw;
mod reading;
mod remarks;
mod repeats;
mod said;
mod scrapes;
mod sets;
mod spans;
mod streamed;
mod twins;
mod units;
mod unpack;
mod utf16;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::model::facets::{FacetQuery, Facets};
use crate::model::offset::ClockOffsets;
use crate::model::query::{BestEvent, BestQuery, FieldSeen, HistogramQuery, Pattern, PatternQuery, Stats, StatsQuery, ValueAt};
use crate::model::skew::Stamp;
use crate::model::zones::SourceZones;
use crate::model::{
    Catalog, Columns, Event, EventFilter, EventPage, EventQuery, EventRef, Histogram, Sample, SeriesId, SeriesQuery, SourceId, TimeRange,
    Timestamp, Zone,
};
use crate::parse::detect;
use crate::parse::log::NamedFormat;
use crate::store::derived;
use crate::store::events::Events;
use crate::store::filter::Selections;
use crate::store::log::Log;
use crate::store::promql::Pool;
use crate::store::series::SeriesStore;
use crate::store::{StoreError, Text, Watch};

use super::{Answer, Computed, Job, RawLines, Source, SourceError, Steps};
use content::Content;
pub use follow::Polled;
pub use options::{ComputedSeries, OpenError, OpenOptions, Preview};
pub use said::Said;

/// Everything that questions are answered from, at one moment of loading.
#[derive(Default)]
struct Snapshot {
    catalog: Arc<Catalog>,
    contents: Arc<Vec<Arc<Content>>>,
    logs: Vec<Arc<Log>>,
    /// In the order of `Catalog::series`.
    series: Arc<Vec<Arc<SeriesStore>>>,
    /// What the catalog does not tell of the documents.
    apart: Arc<assemble::Apart>,
}

/// Files, folders and archives as a source.
pub struct FileSource {
    options: OpenOptions,
    zones: Vec<(Option<String>, Zone)>,
    /// Taken by the one call of `load` that does the work.
    found: Mutex<Option<Vec<expand::Found>>>,
    /// At the times of the case.
    snapshot: RwLock<Arc<Snapshot>>,
    clocks: Mutex<clocks::Clocks>,
    selections: Selections,
    /// By source and size.
    hashes: Mutex<HashMap<(SourceId, u64), String>>,
    /// What loading left behind, to go on with.
    kept: Mutex<Option<follow::Kept>>,
    notices: Mutex<Vec<String>>,
}

/// Lists what is meant and checks the options. Reads no file; returns at once.
pub fn open(options: OpenOptions) -> Result<FileSource, OpenError> {
    let zone = |(pattern, text): &(Option<String>, String)| {
        let zone = names::zone(text).ok_or_else(|| OpenError::Zone { text: text.clone() })?;
        Ok((pattern.clone(), zone))
    };
    let zones = options.zones.iter().map(zone).collect::<Result<Vec<_>, OpenError>>()?;
    if let Some((_, text)) = options.forced.iter().find(|(_, name)| !is_format(name, &options.formats)) {
        return Err(OpenError::Format { text: text.clone(), known: detect::forced_names().join(", ") });
    }
    let found = expand::expand(&options)?;
    let clocks = Mutex::default();
    Ok(FileSource {
        options,
        zones,
        found: Mutex::new(Some(found)),
        snapshot: RwLock::default(),
        clocks,
        selections: Selections::default(),
        hashes: Mutex::default(),
        kept: Mutex::default(),
        notices: Mutex::default(),
    })
}

/// Whether a format goes by this name, of ours or of the user's.
pub fn is_format(name: &str, formats: &[Arc<NamedFormat>]) -> bool {
    detect::forced_names().contains(&name) || formats.iter().any(|format| format.name() == name)
}

/// What a user says of a source: the last pattern that names it, else the word for all.
fn said_of<T: Clone>(said: &[(Option<String>, T)], path: &str) -> Option<T> {
    let is_meant = |pattern: &Option<String>| pattern.as_deref().is_some_and(|pattern| names::names_source(pattern, path));
    let named = said.iter().rev().find(|(pattern, _)| is_meant(pattern));
    named.or_else(|| said.iter().rev().find(|(pattern, _)| pattern.is_none())).map(|(_, word)| word.clone())
}

impl FileSource {
    /// Reads everything, publishing what is known at least every 100 ms and after each source; `on_change` is called
    /// after each publication. Blocks until the end or until `job` is cancelled; a second call does nothing.
    pub fn load(&self, job: &Job, on_change: &(dyn Fn() + Sync)) -> Result<(), SourceError> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(found) = found else { return Ok(()) };
        load::Loader::new(self, job, on_change).run(&found)
    }

    /// Bytes that the columns of all events take in memory.
    pub fn event_memory_bytes(&self) -> usize {
        self.snapshot().logs.iter().map(|log| log.memory_bytes()).sum()
    }

    /// What loading had to say that is not about a source; each is told once.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has something told that is not about a source.
    pub fn notice(&self, notice: String) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }

    /// Bytes that samples and pyramids of all series take in memory.
    pub fn series_memory_bytes(&self) -> usize {
        self.snapshot().series.iter().map(|series| series.memory_bytes()).sum()
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, kept: follow::Kept) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    /// Zone given by the user for a source: the last pattern that names it, else the one for all.
    fn zone_of(&self, path: &str) -> Option<Zone> {
        said_of(&self.zones, path)
    }

    /// Format that the user says a source has: the last pattern that names it, else the one for all.
    fn forced_of(&self, path: &str) -> Option<String> {
        said_of(&self.options.forced, path)
    }

    /// Column that the user says holds the time.
    fn time_column_of(&self, path: &str) -> Option<String> {
        said_of(&self.options.time_columns, path)
    }

    /// When the clock of a log without dates began.
    fn anchor_of(&self, path: &str) -> Option<Timestamp> {
        self.options.anchors.iter().rev().find(|(pattern, _)| names::names_source(pattern, path)).map(|(_, anchor)| *anchor)
    }

    /// Asks the events of the newest snapshot.
    fn ask<T>(&self, job: &Job, question: impl FnOnce(&Events<'_>, &Watch<'_>) -> Result<T, StoreError>) -> Result<Answer<T>, SourceError> {
        job.check()?;
        let snapshot = self.snapshot();
        let is_cancelled = || job.check().is_err();
        let watch = Watch::new(&is_cancelled).with_gauge(job);
        let value = question(&Events { logs: &snapshot.logs, selections: &self.selections, jobs: self.options.jobs }, &watch)?;
        for log in snapshot.logs.iter().filter(|log| log.is_lost()) {
            watch.warn(format!("{}: its index was changed while it was used, and some columns are lost; open the log again", log.path()));
        }
        let warnings = watch.into_warnings();
        Ok(Answer { value, is_partial: !snapshot.catalog.is_complete || !warnings.is_empty(), warnings })
    }
}

impl From<StoreError> for SourceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Cancelled => Self::Cancelled,
            StoreError::Question(reason) => Self::Question(reason),
            StoreError::Unreadable { path, reason } => Self::Unreadable { path, reason },
        }
    }
}

impl Snapshot {
    fn series(&self, id: SeriesId) -> Result<&SeriesStore, SourceError> {
        let series = self.series.get(id.0 as usize);
        series.map(Arc::as_ref).ok_or_else(|| SourceError::Question(format!("there is no series {}", id.0)))
    }

    fn content(&self, id: SourceId) -> Result<&Arc<Content>, SourceError> {
        self.contents.get(id.0 as usize).ok_or_else(|| SourceError::Question(format!("there is no source {}", id.0)))
    }

    fn answer<T>(&self, value: T) -> Answer<T> {
        Answer { value, is_partial: !self.catalog.is_complete, warnings: Vec::new() }
    }
}

impl Source for FileSource {
    fn catalog(&self, _job: &Job) -> Result<Arc<Catalog>, SourceError> {
        Ok(Arc::clone(&self.snapshot().catalog))
    }

    fn series(&self, query: &SeriesQuery, job: &Job) -> Result<Answer<Vec<Columns>>, SourceError> {
        let snapshot = self.snapshot();
        let columns = query.ids.iter().map(|id| {
            job.check()?;
            Ok(snapshot.series(*id)?.columns(query.range, query.columns))
        });
        Ok(snapshot.answer(columns.collect::<Result<_, SourceError>>()?))
    }

    fn values_at(&self, ids: &[SeriesId], at: Timestamp, job: &Job) -> Result<Answer<Vec<Option<ValueAt>>>, SourceError> {
        job.check()?;
        let snapshot = self.snapshot();
        let value = |id: &SeriesId| {
            let staleness = snapshot.catalog.series(*id).map_or(0, crate::model::SeriesMeta::staleness_ns);
            Ok(snapshot.series(*id)?.value_at(at, staleness))
        };
        Ok(snapshot.answer(ids.iter().map(value).collect::<Result<_, SourceError>>()?))
    }

    fn samples(&self, id: SeriesId, range: TimeRange, limit: usize, job: &Job) -> Result<Answer<Vec<Sample>>, SourceError> {
        job.check()?;
        let snapshot = self.snapshot();
        let (samples, is_cut) = snapshot.series(id)?.samples(range, limit);
        let mut answer = snapshot.answer(samples);
        answer.is_partial |= is_cut;
        Ok(answer)
    }

    fn evaluate(&self, expression: &str, steps: Option<Steps>, job: &Job) -> Result<Answer<Vec<Computed>>, SourceError> {
        let snapshot = self.snapshot();
        let is_cancelled = || job.check().is_err();
        let pool = Pool::new(&snapshot.catalog.series, &snapshot.series);
        Ok(snapshot.answer(derived::written(expression, steps, &pool, &Watch::new(&is_cancelled))?))
    }

    fn define(&self, formulas: &[String], job: &Job) -> Result<Answer<Arc<Catalog>>, SourceError> {
        // Who follows publishes too: one after the other.
        let _kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.as_read();
        if !snapshot.catalog.is_complete {
            return Err(SourceError::Question("the sources are still loading".into()));
        }
        let is_cancelled = || job.check().is_err();
        let watch = Watch::new(&is_cancelled);
        let Some(series) = assemble::with_formulas((&snapshot.catalog.series, &snapshot.series), formulas, &watch)? else {
            return self.catalog(job).map(Answer::complete);
        };
        let catalog = Catalog { series: series.0, version: snapshot.catalog.version + 1, ..Catalog::clone(&snapshot.catalog) };
        self.publish(Snapshot {
            catalog: Arc::new(catalog),
            contents: Arc::clone(&snapshot.contents),
            logs: snapshot.logs.clone(),
            series: Arc::new(series.1),
            apart: Arc::clone(&snapshot.apart),
        });
        Ok(Answer { value: self.catalog(job)?, is_partial: false, warnings: watch.into_warnings() })
    }

    fn set_zones(&self, zones: &SourceZones) {
        self.move_zones(zones);
    }

    fn set_clocks(&self, clocks: &ClockOffsets, _job: &Job) -> Result<Answer<Arc<Catalog>>, SourceError> {
        let warnings = self.move_clocks(clocks);
        Ok(Answer { value: Arc::clone(&self.snapshot().catalog), is_partial: false, warnings })
    }

    fn histogram(&self, query: &HistogramQuery, job: &Job) -> Result<Answer<Histogram>, SourceError> {
        self.ask(job, |events, watch| events.histogram(query, watch))
    }

    fn facets(&self, query: &FacetQuery, job: &Job) -> Result<Answer<Facets>, SourceError> {
        self.ask(job, |events, watch| events.facets(query, watch))
    }

    fn stats(&self, query: &StatsQuery, job: &Job) -> Result<Answer<Stats>, SourceError> {
        self.ask(job, |events, watch| events.stats(query, watch))
    }

    fn events(&self, query: &EventQuery, job: &Job) -> Result<Answer<EventPage>, SourceError> {
        self.ask(job, |events, watch| events.page(query, watch))
    }

    fn event(&self, id: EventRef, job: &Job) -> Result<Event, SourceError> {
        Ok(self.ask(job, |events, watch| events.event(id, watch))?.value)
    }

    fn count(&self, filter: &EventFilter, range: Option<TimeRange>, job: &Job) -> Result<Answer<u64>, SourceError> {
        self.ask(job, |events, watch| events.count(filter, range, watch))
    }

    fn patterns(&self, query: &PatternQuery, job: &Job) -> Result<Answer<Vec<Pattern>>, SourceError> {
        self.ask(job, |events, watch| events.patterns(query, watch))
    }

    fn patterns_of(&self, ids: &[EventRef], job: &Job) -> Result<Answer<Vec<Option<u32>>>, SourceError> {
        self.ask(job, |events, watch| events.patterns_of(ids, watch))
    }

    fn best(&self, query: &BestQuery, job: &Job) -> Result<Answer<Vec<BestEvent>>, SourceError> {
        self.ask(job, |events, watch| events.best(query, watch))
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is not general enough in its lifetimes")]
    fn stamps(&self, job: &Job) -> Result<Answer<Vec<Stamp>>, SourceError> {
        self.ask(job, |events, watch| events.stamps(watch))
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is not general enough in its lifetimes")]
    fn fields(&self, job: &Job) -> Result<Answer<Vec<FieldSeen>>, SourceError> {
        self.ask(job, |events, watch| events.fields(watch))
    }

    fn lines(&self, source: SourceId, first: u64, last: u64, job: &Job) -> Result<RawLines, SourceError> {
        job.check()?;
        let snapshot = self.snapshot();
        let content = snapshot.content(source)?;
        if first == 0 || last < first {
            return Err(SourceError::Question(format!("{}: lines {first} to {last} are no lines", content.path())));
        }
        let log = snapshot.logs.iter().find(|log| log.source() == source);
        let text = content.with_lines();
        // Known places of lines are those of the text that was parsed.
        let is_parsed = std::ptr::eq(text, content.as_ref());
        let start = log.filter(|_| is_parsed).map_or((0, 1), |log| log.line_start(first));
        raw::lines(text, start, first..=last, job)
    }

    fn file(&self, source: SourceId) -> Option<PathBuf> {
        let snapshot = self.snapshot();
        snapshot.content(source).ok()?.plain_file().map(Path::to_owned)
    }

    fn sha256(&self, source: SourceId, job: &Job) -> Result<String, SourceError> {
        job.check()?;
        let snapshot = self.snapshot();
        let content = snapshot.content(source)?.original();
        let key = (source, content.size_bytes());
        if let Some(hash) = self.hashes.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(hash.clone());
        }
        let hash = raw::sha256(content, job)?;
        if snapshot.catalog.source(source).is_some_and(|report| report.is_complete) {
            self.hashes.lock().unwrap_or_else(PoisonError::into_inner).insert(key, hash.clone());
        }
        Ok(hash)
    }
}
