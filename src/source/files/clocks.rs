//! Clocks that were wrong: everything of a source at the times of the case instead of those that it states.
//!
//! What was read stays as it is; beside it stands the same moved, from which all questions are answered. It is what
//! loading files with the other times in them would give: series that several sources hold are compared again, series
//! of events and of formulas computed again. Without an offset both are one and the same, and nothing is computed.

use std::sync::{Arc, PoisonError};

use super::assemble::Settled;
use super::spans::extent;
use super::{FileSource, Snapshot, names};
use crate::model::offset::{self, ClockOffsets};
use crate::model::zones::{self, SourceZones};
use crate::model::{Alert, Catalog, Change, Exemplar, ProfileMark, SeriesMeta, SourceId, SourceReport, TimeRange, Timestamp, Zone};
use crate::parse::log::convert::is_chat;
use crate::parse::metric::prometheus::exemplars;
use crate::store::derive::{self, derive};
use crate::store::log::Log;
use crate::store::{StoreError, Watch};

/// Offsets, and what they were applied to.
#[derive(Default)]
pub struct Clocks {
    offsets: ClockOffsets,
    /// Zones that are to be taken instead of those that sources were read in, by path.
    zones: SourceZones,
    /// At the times that the sources state.
    as_read: Arc<Snapshot>,
    /// What the documents hold, moved.
    settled: Option<Moved>,
}

/// What moves the times of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Shift {
    clock_ns: i64,
    zone_ns: i64,
    /// The zone that is told of it, if it is another than that in which it was read.
    zone: Option<Zone>,
}

impl Shift {
    fn ns(&self) -> i64 {
        self.clock_ns.saturating_add(self.zone_ns)
    }
}

/// Documents at moved times, and of what they were made.
struct Moved {
    of: Arc<Snapshot>,
    by: Vec<i64>,
    settled: Settled,
}

impl Clocks {
    /// What is added to the times of a source, and what is told of it.
    fn of(&self, read: &SourceReport) -> Shift {
        let clock_ns = offset::of(&self.offsets, &read.path, names::names_source);
        let (zone_ns, zone) = self.zones.get(&read.path).and_then(|name| zones::moved(read, name)).unzip();
        Shift { clock_ns, zone_ns: zone_ns.unwrap_or(0), zone }
    }

    /// What answers are given from.
    fn snapshot(&mut self, jobs: usize) -> Arc<Snapshot> {
        let read = Arc::clone(&self.as_read);
        let shifts: Vec<Shift> = read.catalog.sources.iter().map(|report| self.of(report)).collect();
        let by: Vec<i64> = shifts.iter().map(Shift::ns).collect();
        if shifts.iter().all(|shift| *shift == Shift::default()) {
            self.settled = None;
            return read;
        }
        let logs: Vec<Arc<Log>> = read.logs.iter().map(|log| moved_log(log, by_of(&by, log.source()))).collect();
        let is_same =
            |moved: &Moved| Arc::ptr_eq(&moved.of.series, &read.series) && Arc::ptr_eq(&moved.of.apart, &read.apart) && moved.by == by;
        if !self.settled.as_ref().is_some_and(is_same) {
            let settled = settle(&read, &logs, &by, jobs);
            self.settled = Some(Moved { of: Arc::clone(&read), by: by.clone(), settled });
        }
        let Some(Moved { settled, .. }) = &self.settled else { return read };
        let sources: Vec<SourceReport> =
            read.catalog.sources.iter().zip(&shifts).map(|(report, shift)| moved_report(report, shift)).collect();
        let catalog = Catalog {
            extent: extent(&sources),
            n_events: read.catalog.n_events,
            is_complete: read.catalog.is_complete,
            version: read.catalog.version,
            sources,
            ..settled.catalog.clone()
        };
        let mut moved = Snapshot {
            catalog: Arc::new(catalog),
            contents: Arc::clone(&read.contents),
            logs,
            series: Arc::clone(&settled.series),
            apart: Arc::clone(&read.apart),
        };
        super::dense::tell(&mut moved);
        Arc::new(moved)
    }
}

impl FileSource {
    /// Answers from now on tell of this.
    pub(super) fn publish(&self, mut snapshot: Snapshot) {
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was moved meanwhile made a version of its own.
        let least = clocks.as_read.catalog.version + 1;
        if snapshot.catalog.version < least {
            Arc::make_mut(&mut snapshot.catalog).version = least;
        }
        super::dense::tell(&mut snapshot);
        clocks.as_read = Arc::new(snapshot);
        self.show(&mut clocks);
    }

    /// What was read, at the times that the sources state.
    pub(super) fn as_read(&self) -> Arc<Snapshot> {
        Arc::clone(&self.clocks.lock().unwrap_or_else(PoisonError::into_inner).as_read)
    }

    /// Takes other offsets; what no source is called is told.
    pub(super) fn move_clocks(&self, offsets: &ClockOffsets) -> Vec<String> {
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        if clocks.offsets != *offsets {
            clocks.offsets.clone_from(offsets);
            self.show_anew(&mut clocks);
        }
        let catalog = &clocks.as_read.catalog;
        let is_there = |name: &str| catalog.sources.iter().any(|report| names::names_source(name, &report.path));
        let lost = offsets.keys().filter(|name| catalog.is_complete && !is_there(name));
        lost.map(|name| format!("no source is called {name}, so its clock offset moves nothing")).collect()
    }

    /// Takes other zones.
    pub(super) fn move_zones(&self, zones: &SourceZones) {
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        if clocks.zones != *zones {
            clocks.zones.clone_from(zones);
            self.show_anew(&mut clocks);
        }
    }

    /// The same at other times is another version.
    fn show_anew(&self, clocks: &mut Clocks) {
        let read = &clocks.as_read;
        let catalog = Catalog { version: read.catalog.version + 1, ..Catalog::clone(&read.catalog) };
        clocks.as_read = Arc::new(Snapshot {
            catalog: Arc::new(catalog),
            contents: Arc::clone(&read.contents),
            logs: read.logs.clone(),
            series: Arc::clone(&read.series),
            apart: Arc::clone(&read.apart),
        });
        self.show(clocks);
    }

    fn show(&self, clocks: &mut Clocks) {
        let snapshot = clocks.snapshot(self.options.jobs);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }
}

fn by_of(by: &[i64], source: SourceId) -> i64 {
    by.get(source.0 as usize).copied().unwrap_or(0)
}

fn moved_log(log: &Arc<Log>, ns: i64) -> Arc<Log> {
    if ns == 0 { Arc::clone(log) } else { Arc::new(log.moved(ns)) }
}

/// What the documents hold at the moved times, with all that is computed of it as far as it was computed before.
fn settle(read: &Snapshot, logs: &[Arc<Log>], by: &[i64], jobs: usize) -> Settled {
    let whole = Settled::of(read);
    let formulas = whole.formulas.clone();
    let mut documents = whole.into_documents(|_| false);
    documents.move_times(|source| by_of(by, source));
    let mut settled = documents.settle();
    settled.formulas = formulas;
    if !read.catalog.series.iter().any(|meta| meta.is_derived) {
        return settled;
    }
    let watch = Watch::new(&|| false);
    let of_events = |meta: &SeriesMeta| derive::is_of_events(&meta.name);
    let has_moved = logs.iter().any(|log| by_of(by, log.source()) != 0);
    let series = read.catalog.series.iter().zip(read.series.iter());
    let kept = series.filter(|(meta, _)| meta.is_derived && meta.derivation.is_none() && !(has_moved && of_events(meta)));
    settled.add_held(kept.map(|(meta, store)| moved_series((meta.clone(), Arc::clone(store)), by_of(by, meta.source))).collect());
    if has_moved {
        let services = of_services(logs, |source| read.catalog.source(source).map_or("", |report| &report.format));
        settled.add_derived(derive(&services, jobs, &watch).unwrap_or_default());
    }
    let computed = settled.compute(&watch).unwrap_or_default();
    settled.add_computed(computed);
    // Never cancelled, and a formula that says nothing any more has no line.
    let _: Result<(), StoreError> = settled.define(&watch);
    settled
}

/// The logs of services, of which series are derived: who writes in a chat serves nothing, and exemplars are a sample of
/// requests, of which neither rate nor errors can be counted.
pub(super) fn of_services<'a>(logs: &[Arc<Log>], format_of: impl Fn(SourceId) -> &'a str) -> Vec<Arc<Log>> {
    let is_service = |format: &str| !is_chat(format) && format != exemplars::FORMAT;
    logs.iter().filter(|log| is_service(format_of(log.source()))).cloned().collect()
}

/// A series at moved times.
pub(super) fn moved_series((meta, store): super::twins::Held, ns: i64) -> super::twins::Held {
    if ns == 0 {
        return (meta, store);
    }
    let store = Arc::new(store.moved(ns));
    (SeriesMeta { extent: store.extent(), ..meta }, store)
}

fn moved_report(report: &SourceReport, shift: &Shift) -> SourceReport {
    let (mut report, ns) = (report.clone(), shift.ns());
    report.clock_ns = shift.clock_ns;
    if let Some(zone) = &shift.zone {
        // What its file or the head of the case said of the zone is not so any more.
        report.remarks.retain(|remark| !remark.starts_with("zone "));
        report.zone.clone_from(zone);
    }
    report.extent = report.extent.map(|(first, last)| (first.plus_ns(ns), last.plus_ns(ns)));
    if let Some(preview) = &mut report.preview {
        let moved = |range: TimeRange| TimeRange::new(range.start().plus_ns(ns), range.end().plus_ns(ns));
        preview.stretches.iter_mut().for_each(|(range, _)| *range = moved(*range));
        preview.last.iter_mut().for_each(|line| move_time(&mut line.time, ns));
    }
    report
}

fn move_time(time: &mut Option<Timestamp>, ns: i64) {
    *time = time.map(|time| time.plus_ns(ns));
}

pub(super) fn move_change(change: &mut Change, ns: i64) {
    move_time(&mut change.time, ns);
    move_time(&mut change.end, ns);
}

pub(super) fn move_alert(alert: &mut Alert, ns: i64) {
    alert.active_at = alert.active_at.plus_ns(ns);
    move_time(&mut alert.firing_at, ns);
    move_time(&mut alert.ended_at, ns);
}

pub(super) fn move_profile(profile: &mut ProfileMark, ns: i64) {
    move_time(&mut profile.time, ns);
}

pub(super) fn move_exemplar(exemplar: &mut Exemplar, ns: i64) {
    exemplar.time = exemplar.time.plus_ns(ns);
}

#[cfg(test)]
mod tests;
