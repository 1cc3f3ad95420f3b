//! Following: one look at all files, and what has come is read. Who wants to follow looks again and again.
//!
//! Names are looked at, not watched: a look costs a `stat` a file, works on every file system, and can be made by hand in
//! a test. A log that grew is read on from its last whole line; a file that rotation moved is read to its end under its
//! new name before the one that took its place; everything else that changed is read again as a whole, once it stands
//! still. Sources that come later are numbered after those that were there.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::model::{Event, EventFilter, SourceId, SourceKind, SourceReport, TimeRange};
use crate::parse::{Plan, Verdict};
use crate::source::{Job, SourceError};
use crate::store::{StoreError, Text};

use super::apart::Archives;
use super::assemble::Settled;
use super::content::Content;
use super::decode::Budget;
use super::expand::{self, Found, Input};
use super::identity::{FileId, PROBE_BYTES};
use super::load::Loader;
use super::loading::Loading;
use super::look::{Look, ends_of, opened, with_last};
use super::names;
use super::prepare::{self, WINDOW_BYTES};
use super::reading::Grown;
use super::unpack;
use super::{FileSource, OpenOptions};

/// Series computed from events are computed again at most so often, and for at most a tenth of the time.
const DERIVE_EVERY: Duration = Duration::from_secs(2);

/// What a look at the files found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Polled {
    /// Whether everything had been read before, so that there was something to look at.
    pub is_ready: bool,
    /// Whether anything of the catalog changed.
    pub has_changed: bool,
    /// Records that are new, by source.
    pub records: Vec<(SourceId, Range<u64>)>,
}

/// What loading leaves behind for following.
pub struct Kept {
    /// The sources with the means to read them on.
    pub sources: Vec<Loading>,
    /// Whether the loader has still to take what the documents hold out of what is published.
    pub is_settled_there: bool,
    /// Of the catalog.
    pub version: u64,
    /// Where dates that are left out are taken from.
    pub neighbours: Option<TimeRange>,
    /// Paths that were listed.
    known: HashSet<String>,
    /// What is not followed.
    pub(super) archives: Archives,
    budget: Budget,
    /// Events came after the last time that series were computed from them.
    is_derived_stale: bool,
    next_derive: Instant,
}

impl Kept {
    /// After loading what was listed under these paths.
    pub fn new(known: HashSet<String>, budget: Budget) -> Self {
        Self {
            sources: Vec::new(),
            is_settled_there: true,
            version: 0,
            neighbours: None,
            known,
            archives: Archives::new(),
            budget,
            is_derived_stale: false,
            next_derive: Instant::now(),
        }
    }
}

impl FileSource {
    /// Looks at all files once and reads what has come. Does nothing before everything was read. O(files + new bytes).
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is not general enough in its lifetime")]
    pub fn poll(&self, job: &Job, on_change: &(dyn Fn() + Sync)) -> Result<Polled, SourceError> {
        self.with_kept(job, on_change, |loader, kept| loader.look_around(kept))
    }

    /// Ends following for now: what stands behind the last line end is shown as it is, and computed series are brought up
    /// to date. Following may go on later.
    pub fn settle(&self, job: &Job, on_change: &(dyn Fn() + Sync)) -> Result<Polled, SourceError> {
        self.with_kept(job, on_change, |loader, kept| {
            let has_open_end = loader.append_open_ends()?;
            let is_stale = std::mem::take(&mut kept.is_derived_stale);
            if is_stale || has_open_end {
                loader.restore_settled(kept);
                loader.derive()?;
                loader.publish();
            }
            Ok(is_stale || has_open_end)
        })
    }

    /// Those of the new records that pass, in order of time, with all their fields.
    pub fn new_events(
        &self,
        polled: &Polled,
        filter: &EventFilter,
        range: Option<TimeRange>,
        job: &Job,
    ) -> Result<Vec<Event>, SourceError> {
        let events = self.ask(job, |events, watch| {
            let ids = events.fresh(filter, range, &polled.records, watch)?;
            ids.into_iter().map(|id| events.event(id, watch)).collect::<Result<Vec<_>, StoreError>>()
        })?;
        Ok(events.value)
    }

    fn with_kept(
        &self,
        job: &Job,
        on_change: &(dyn Fn() + Sync),
        work: impl FnOnce(&mut Loader<'_>, &mut Kept) -> Result<bool, SourceError>,
    ) -> Result<Polled, SourceError> {
        let mut place = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut kept) = place.take() else { return Ok(Polled::default()) };
        let counts =
            |sources: &[Loading]| -> Vec<(u32, u64)> { sources.iter().map(|source| (source.epoch, source.n_whole_records())).collect() };
        let before = counts(&kept.sources);
        let mut loader = Loader::resume(self, job, on_change, &mut kept);
        let result = work(&mut loader, &mut kept);
        let after = counts(&loader.sources);
        loader.pause(&mut kept);
        *place = Some(kept);
        let has_changed = result?;
        let records = after.iter().enumerate().filter_map(|(index, (epoch, n))| {
            let known = before.get(index).filter(|before| before.0 == *epoch).map_or(0, |before| before.1);
            (known < *n).then_some((SourceId(index as u32), known..*n))
        });
        Ok(Polled { is_ready: true, has_changed, records: records.collect() })
    }
}

impl Loader<'_> {
    /// One look at everything. Whether anything changed.
    fn look_around(&mut self, kept: &mut Kept) -> Result<bool, SourceError> {
        let owners = self.owners();
        let mut again = Vec::new();
        let mut has_changed = false;
        for index in 0..self.sources.len() {
            self.job.check()?;
            let n_happened = self.sources[index].happened.len();
            match self.look_at(index, &owners) {
                Look::Same => {}
                Look::Longer(content) => {
                    if self.read_on(index, content)? == Grown::ReadAgain {
                        again.push(index);
                    } else {
                        kept.is_derived_stale = true;
                        has_changed = true;
                    }
                }
                Look::Other => again.push(index),
            }
            has_changed |= self.sources[index].happened.len() > n_happened;
        }
        let n_before = self.sources.len();
        has_changed |= self.take_new(kept)?;
        has_changed |= self.sources.len() > n_before || !again.is_empty();
        let is_derive_due = |kept: &Kept| kept.is_derived_stale && Instant::now() >= kept.next_derive;
        if has_changed || is_derive_due(kept) {
            self.restore_settled(kept);
        }
        if !again.is_empty() || self.sources[n_before..].iter().any(|source| !source.report.is_complete) {
            self.read_again(&again, kept)?;
            (kept.is_derived_stale, kept.next_derive) = (true, Instant::now());
        }
        if is_derive_due(kept) {
            self.restore_settled(kept);
            let start = Instant::now();
            self.derive()?;
            (kept.is_derived_stale, has_changed) = (false, true);
            kept.next_derive = Instant::now() + DERIVE_EVERY.max(start.elapsed() * 10);
        }
        if has_changed {
            self.share_contents();
            self.publish();
        }
        Ok(has_changed)
    }

    /// Takes what the documents hold out of the published catalog: only when something is to be published.
    fn restore_settled(&mut self, kept: &mut Kept) {
        if std::mem::take(&mut kept.is_settled_there) {
            self.settled = Settled::of(&self.source.as_read());
        }
    }

    /// Reads what a log has grown by.
    fn read_on(&mut self, index: usize, content: Arc<Content>) -> Result<Grown, SourceError> {
        if self.is_read_otherwise(index, &content)? {
            self.sources[index].content = content;
            return Ok(Grown::ReadAgain);
        }
        let (chunk_bytes, job) = (self.source.options.chunk_bytes, self.job);
        let source = &mut self.sources[index];
        source.report.size_bytes = content.original().size_bytes();
        let (Some(reading), Some(log)) = (&mut source.reading, &mut source.log) else { return Ok(Grown::ReadAgain) };
        let whole = reading.whole();
        let grown = match reading.go_on(log, &content, chunk_bytes, job) {
            Err(SourceError::Unreadable { reason, .. }) => {
                source.cut(reason);
                Grown::Waits
            }
            other => other?,
        };
        // Until a line is finished the text ends where it did.
        if grown != Grown::Waits || self.sources[index].reading.as_ref().is_some_and(|reading| reading.whole() > whole) {
            self.sources[index].content = content;
        }
        Ok(grown)
    }

    /// Whether all that a log holds now would be read in another way than it was.
    fn is_read_otherwise(&mut self, index: usize, content: &Arc<Content>) -> Result<bool, StoreError> {
        let Some(reading) = &self.sources[index].reading else { return Ok(true) };
        let size = content.size_bytes();
        // Once a log is long, a little more of it seldom tells anything new.
        let is_due = size <= WINDOW_BYTES || size >= reading.planned_at.saturating_add(reading.planned_at / 4);
        if !is_due && !prepare::has_parts(content, reading.whole())? {
            return Ok(false);
        }
        let context = self.context(index, self.neighbours);
        if prepare::is_to_be_unfolded(content, &context)? {
            return Ok(true);
        }
        let verdict = prepare::verdict_of(content, &context)?;
        let is_same = matches!(verdict, Verdict { plan: Plan::Log(plan), .. } if plan.reads_same(&reading.plan));
        if let Some(reading) = &mut self.sources[index].reading {
            reading.planned_at = size;
        }
        Ok(!is_same)
    }

    /// Takes in files that were not there before. Whether something was told of a source that was.
    fn take_new(&mut self, kept: &mut Kept) -> Result<bool, SourceError> {
        let Ok(listed) = expand::expand(&listed_options(&self.source.options)) else { return Ok(false) };
        let is_told = self.tell_changed(&mut kept.archives, &listed);
        let is_new = |found: &Found| matches!(found.input, Input::File { .. }) && !kept.known.contains(&found.path);
        let new: Vec<Found> = listed.into_iter().filter(is_new).collect();
        if new.is_empty() {
            return Ok(is_told);
        }
        let owners = self.owners();
        let mut to_open = Vec::new();
        for found in new {
            kept.known.insert(found.path.clone());
            if self.is_being_copied(&found) {
                // It is looked at again when its log begins anew.
                kept.known.remove(&found.path);
            } else if self.is_part(&found, &owners) {
                self.take_part(&found);
            } else {
                to_open.push(found);
            }
        }
        let entries = unpack::entries(&to_open, &kept.budget, self.source.options.jobs, self.job)?;
        self.take(entries);
        Ok(is_told)
    }

    /// Whether rotation copies a log to this name and will cut the log next: until then its records are there twice.
    fn is_being_copied(&self, found: &Found) -> bool {
        let Input::File { file, .. } = &found.input else { return false };
        let (name, age) = names::rotation(&found.path);
        let is_original = |source: &&Loading| source.reading.is_some() && names::rotation(&source.report.path).0 == name;
        let Some(original) = self.sources.iter().find(is_original).filter(|_| age != names::Age::Current) else { return false };
        let Some(copy) = opened(&found.path, file, None) else { return false };
        let Some(last) = Content::parts(&original.content).pop() else { return false };
        let size = copy.size_bytes().min(last.size_bytes()).min(PROBE_BYTES);
        size > 0 && copy.file().map(|file| file.2) != last.file().map(|file| file.2) && ends_of(&copy, size) == ends_of(&last, size)
    }

    /// Whether the records of a file were read under another name.
    fn is_part(&mut self, found: &Found, owners: &HashMap<FileId, usize>) -> bool {
        let Input::File { file, .. } = &found.input else { return false };
        let Ok(meta) = fs::metadata(file) else { return false };
        let id = FileId::of(&meta);
        if let Some(owner) = owners.get(&id) {
            // The number of a file that was deleted may be given to another: what was read must be what stands there.
            let parts = Content::parts(&self.sources[*owner].content);
            let part = parts.iter().find(|part| part.file().is_some_and(|(.., found)| found == Some(id)));
            let ends = part.and_then(|part| ends_of(part, part.size_bytes()));
            return ends.is_some_and(|ends| opened(&found.path, file, None).and_then(|here| ends_of(&here, ends.size)) == Some(ends));
        }
        // What rotation packed was read before it was packed.
        let (name, age) = names::rotation(&found.path);
        if age == names::Age::Current || !unpack::is_packed(file) {
            return false;
        }
        let is_owner = |source: &&mut Loading| names::rotation(&source.report.path).0 == name;
        let mut disks = self.sources.iter_mut().filter(is_owner).filter_map(|source| source.on_disk.as_mut());
        let Some(disk) = disks.find(|disk| disk.n_gone > 0) else { return false };
        disk.n_gone -= 1;
        true
    }

    /// A file whose records another source tells.
    fn take_part(&mut self, found: &Found) {
        let report = SourceReport {
            id: SourceId(self.sources.len() as u32),
            path: found.path.clone(),
            kind: SourceKind::Report,
            format: "rotated".into(),
            confidence: 1.0,
            why: format!("part of a rotated log; its records are in {}", names::rotation(&found.path).0),
            is_complete: true,
            ..SourceReport::default()
        };
        self.sources.push(Loading::new(report, Arc::new(Content::decoded(found.path.clone(), Vec::new())), found.modified));
    }

    /// Reads sources from their start: those that changed and those that are new.
    fn read_again(&mut self, again: &[usize], kept: &Kept) -> Result<(), SourceError> {
        for index in again {
            self.begin_again(*index);
        }
        let is_again = |source: SourceId| again.contains(&(source.0 as usize));
        let formulas = std::mem::take(&mut self.settled.formulas);
        self.settled = std::mem::take(&mut self.settled).into_documents(is_again).settle();
        self.settled.formulas = formulas;
        self.decode(&kept.budget)?;
        self.read()?;
        self.remember_ends();
        self.sources.iter_mut().for_each(|source| source.report.is_complete = true);
        Ok(())
    }

    fn begin_again(&mut self, index: usize) {
        let source = &mut self.sources[index];
        let path = source.report.path.clone();
        let mut parts = Content::parts(&source.content);
        if let Some(disk) = &mut source.on_disk {
            (disk.id, disk.ends, disk.moving) = (None, None, None);
            if let Some(packing) = disk.packing {
                self.packed.push((index, disk.file.clone(), packing));
            } else if let Some(content) = opened(&path, &disk.file, None) {
                disk.size = Some(content.size_bytes());
                let content = Arc::new(content);
                parts.pop();
                let parts = parts.into_iter().map(|part| part.still_open().map_or(part, Arc::new)).collect();
                source.content = with_last(parts, Arc::clone(&content)).unwrap_or(content);
            }
            if let Ok(meta) = fs::metadata(&disk.file) {
                source.modified = expand::modified(&meta);
                disk.modified = source.modified;
            }
        }
        source.report =
            SourceReport { id: source.report.id, path, size_bytes: source.content.original().size_bytes(), ..SourceReport::default() };
        source.problems.clear();
        // The log counted on by itself while it grew; what is remembered of it must not be taken for the new one.
        source.epoch = source.log.as_ref().map_or(0, crate::store::log::LogBuilder::epoch).max(source.epoch) + 1;
        (source.log, source.reading, source.peeked) = (None, None, None);
    }

    /// Shows unfinished last lines as they are. Whether there was any.
    fn append_open_ends(&mut self) -> Result<bool, SourceError> {
        let mut has_any = false;
        for index in 0..self.sources.len() {
            let source = &mut self.sources[index];
            let Some((file, _, id)) = source.content.file() else { continue };
            // The text behind the last whole line was not taken over while it waited.
            let newest = opened(&source.report.path, &file.clone(), id).map(Arc::new);
            let (Some(reading), Some(log), Some(newest)) = (&mut source.reading, &mut source.log, newest) else { continue };
            if source.on_disk.as_ref().is_none_or(|disk| disk.size != Some(newest.size_bytes())) {
                continue;
            }
            let mut parts = Content::parts(&source.content);
            parts.pop();
            let Some(content) = with_last(parts, newest) else { continue };
            if content.size_bytes() > reading.whole() && !reading.has_open_end() {
                log.reopen();
                log.set_text(content.clone());
                has_any |= reading.append_open_end(log, &content)? > 0;
                source.report.size_bytes = content.original().size_bytes();
                source.content = content;
            }
        }
        if has_any {
            self.share_contents();
        }
        Ok(has_any)
    }
}

/// What is listed again: not standard input, which has an end.
fn listed_options(options: &OpenOptions) -> OpenOptions {
    let mut options = options.clone();
    options.memory.clear();
    options.sources.retain(|source| source.as_os_str() != "-");
    options
}
