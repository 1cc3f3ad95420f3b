//! Logs whose index was kept: taken from there instead of parsed, and kept for the next time when they were parsed. Of a
//! log that has grown since, the rest is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::Loader;
use crate::parse::log::{Joiner, LogPlan};
use crate::source::SourceError;
use crate::source::files::cache::{self, CacheOptions, Found, Identity, Notes, Opened, Parts};
use crate::source::files::content::Content;
use crate::source::files::pool::{self, Step};
use crate::source::files::reading::{Grown, Reading};
use crate::store::Text;
use crate::store::cache::{Unfit, series};
use crate::store::derive::DerivedSeries;
use crate::store::segment::Segment;

/// Stretches of an index that each thread reads: few, because each needs a buffer, but enough for all to end together.
const STRETCHES_A_THREAD: usize = 4;

/// A log of which less than one in so many bytes is new keeps the index that it had: the next time as little is read.
const NEW_TO_KEEP: u64 = 16;

/// What is to be kept once all is read, and where.
#[derive(Default)]
pub(super) struct ToKeep {
    /// `None` when nothing is kept, or the logs are too small to be worth it.
    options: Option<CacheOptions>,
    /// Of the logs that were read to their end.
    identities: BTreeMap<usize, Identity>,
    /// Those of them whose index is to be written.
    parsed: BTreeSet<usize>,
    /// Logs that were taken from their index, of which columns were left where they are without a look at them.
    unchecked: Vec<(usize, Arc<LogPlan>, Arc<Parts>)>,
    /// What follows from all of them, if it is to be written.
    derived: Option<(Identity, Vec<u8>)>,
}

impl ToKeep {
    /// A log was not read to its end.
    pub(super) fn forget(&mut self, index: usize) {
        self.identities.remove(&index);
        self.parsed.remove(&index);
    }
}

/// A log, its plan, and its index if there is one.
type Looked = (usize, Arc<LogPlan>, Option<Opened>);

impl Loader<'_> {
    /// Decides whether the logs of this loading are worth an index.
    pub(super) fn consider_keeping(&mut self, plans: &[(usize, LogPlan)]) {
        let size: u64 = plans.iter().map(|(index, _)| self.sources[*index].content.size_bytes()).sum();
        self.to_keep.options = self.source.options.cache.clone().filter(|options| size >= options.min_bytes);
    }

    /// Takes what was kept of these logs; gives back those that must be read.
    pub(super) fn restore(&mut self, plans: Vec<(usize, LogPlan)>) -> Result<Vec<(usize, Arc<LogPlan>)>, SourceError> {
        let plans = plans.into_iter().map(|(index, plan)| (index, Arc::new(plan))).collect();
        let Some(options) = self.to_keep.options.clone() else { return Ok(plans) };
        let looked = self.look(plans, &options)?;
        let read = self.read_segments(&looked)?;
        let mut rest = Vec::new();
        for ((index, plan, opened), segments) in looked.into_iter().zip(read) {
            match opened.map(|opened| self.take_index(index, &plan, opened, segments)) {
                Some(true) => {}
                _ => rest.push((index, plan)),
            }
            self.publish_if_due();
        }
        Ok(rest)
    }

    /// Finds the indexes.
    fn look(&mut self, plans: Vec<(usize, Arc<LogPlan>)>, options: &CacheOptions) -> Result<Vec<Looked>, SourceError> {
        let task = |(index, plan): &(usize, Arc<LogPlan>)| (Arc::clone(&self.sources[*index].content), Arc::clone(plan));
        let tasks: Vec<_> = plans.iter().map(task).collect();
        let mut looked: Vec<Looked> = plans.into_iter().map(|(index, plan)| (index, plan, None)).collect();
        let work = |(content, plan): &(Arc<Content>, Arc<LogPlan>)| {
            let identity = Identity::of(content, plan)?;
            let found = (content.size_bytes() >= options.min_log_bytes).then(|| match cache::find(options, &identity) {
                Found::Nothing => cache::find_grown(options, &identity, content, plan).map_or(Found::Nothing, Found::Kept),
                found => found,
            });
            Some((identity, found))
        };
        let (source, to_keep) = (self.source, &mut self.to_keep);
        pool::run(source.options.jobs, self.job, tasks, work, |step| {
            let Step::Done(number, Some(Some((identity, found)))) = step else { return };
            let index = looked[number].0;
            to_keep.identities.insert(index, identity);
            if found.is_some() {
                to_keep.parsed.insert(index);
            }
            match found {
                Some(Found::Kept(opened)) => looked[number].2 = Some(opened),
                Some(Found::Damaged(path, unfit)) => source.notice(damaged(&path, unfit)),
                _ => {}
            }
        })?;
        Ok(looked)
    }

    /// Reads the segments of all indexes, for each log in their order, or why that cannot be.
    fn read_segments(&self, looked: &[Looked]) -> Result<Vec<Result<Vec<Segment>, Unfit>>, SourceError> {
        let mut tasks: Vec<(usize, &Opened, Range<usize>)> = Vec::new();
        for (number, opened) in looked.iter().enumerate().filter_map(|(number, (.., opened))| Some((number, opened.as_ref()?))) {
            let n = opened.n_segments();
            let stretch = n.div_ceil(self.source.options.jobs.max(1) * STRETCHES_A_THREAD).max(1);
            tasks.extend((0..n).step_by(stretch).map(|from| (number, opened, from..n.min(from + stretch))));
        }
        let numbers: Vec<usize> = tasks.iter().map(|(number, ..)| *number).collect();
        let mut pieces: Vec<Option<Result<Vec<Segment>, Unfit>>> = tasks.iter().map(|_| None).collect();
        let work = |(_, opened, range): &(usize, &Opened, Range<usize>)| opened.segments(range.clone());
        pool::run(self.source.options.jobs, self.job, tasks, work, |step| {
            if let Step::Done(task, result) = step {
                pieces[task] = Some(result.unwrap_or(Err(Unfit::Damaged("it cannot be understood"))));
            }
        })?;
        let mut read: Vec<Result<Vec<Segment>, Unfit>> = looked.iter().map(|_| Ok(Vec::new())).collect();
        for (number, piece) in numbers.into_iter().zip(pieces) {
            match (&mut read[number], piece) {
                (Ok(segments), Some(Ok(piece))) => segments.extend(piece),
                (whole @ Ok(_), Some(Err(unfit))) => *whole = Err(unfit),
                _ => {}
            }
        }
        Ok(read)
    }

    /// Makes a log of an index. Whether that could be done.
    fn take_index(&mut self, index: usize, plan: &Arc<LogPlan>, opened: Opened, segments: Result<Vec<Segment>, Unfit>) -> bool {
        let size = self.sources[index].content.size_bytes();
        self.begin_log(index, plan);
        let log = self.sources[index].log.as_mut().expect("the log was begun above");
        let parts = opened.parts();
        let (known, notes) = (opened.remembered.size_bytes().min(size), Notes::decode(&opened.remembered.notes));
        if let Err(unfit) = segments.and_then(|segments| opened.remembered.fill(log, segments, Arc::<Parts>::clone(&parts), known)) {
            self.sources[index].log = None;
            self.source.notice(damaged(parts.path(), unfit));
            return false;
        }
        self.sources[index].reading = notes.map(|notes| Reading::resumed(Arc::clone(plan), Joiner::resume(plan, &notes.joiner), known));
        if known < size && !self.read_rest(index, size) {
            (self.sources[index].log, self.sources[index].reading) = (None, None);
            return false;
        }
        if (size - known) * NEW_TO_KEEP <= size {
            self.to_keep.parsed.remove(&index);
        }
        self.to_keep.unchecked.push((index, Arc::clone(plan), parts));
        self.job.advance(known);
        self.finish(index);
        true
    }

    /// Reads what a log holds beyond its index. Whether that could be done; else all of it must be read.
    fn read_rest(&mut self, index: usize, size: u64) -> bool {
        let (chunk_bytes, job) = (self.source.options.chunk_bytes, self.job);
        let source = &mut self.sources[index];
        let (Some(log), Some(reading)) = (&mut source.log, &mut source.reading) else { return false };
        reading.planned_at = size;
        if !matches!(reading.go_on(log, &source.content, chunk_bytes, job), Ok(Grown::Appended | Grown::Waits)) {
            return false;
        }
        reading.append_open_end(log, &source.content).map(|n_bytes| job.advance(n_bytes)).is_ok()
    }

    /// Whether something was left in an index that nobody looked at.
    pub(super) fn has_unchecked(&self) -> bool {
        !self.to_keep.unchecked.is_empty()
    }

    /// Looks at what was left in the indexes, after everything else is on the screen. The logs of those that are damaged
    /// must be read.
    pub(super) fn check_restored(&mut self) -> Result<Vec<(usize, Arc<LogPlan>)>, SourceError> {
        /// Late columns that are looked at together: each thread needs one buffer.
        const TOGETHER: usize = 1 << 10;
        let unchecked = std::mem::take(&mut self.to_keep.unchecked);
        let ranges = |number: usize, n: usize| (0..n).step_by(TOGETHER).map(move |from| (number, from..n.min(from + TOGETHER)));
        let tasks: Vec<(usize, Range<usize>)> =
            unchecked.iter().enumerate().flat_map(|(number, (.., parts))| ranges(number, parts.n_late())).collect();
        let numbers: Vec<usize> = tasks.iter().map(|(number, _)| *number).collect();
        let mut damage: BTreeMap<usize, Unfit> = BTreeMap::new();
        let work = |(number, range): &(usize, Range<usize>)| unchecked[*number].2.check_late(range.clone());
        pool::run(self.source.options.jobs, self.job, tasks, work, |step| {
            if let Step::Done(task, result) = step
                && let Err(unfit) = result.unwrap_or(Err(Unfit::Damaged("it cannot be understood")))
            {
                damage.insert(numbers[task], unfit);
            }
        })?;
        let mut again = Vec::new();
        for (number, (index, plan, parts)) in unchecked.into_iter().enumerate() {
            let Some(unfit) = damage.get(&number) else { continue };
            self.source.notice(damaged(parts.path(), *unfit));
            self.to_keep.parsed.insert(index);
            let source = &mut self.sources[index];
            // Nothing that was found in its columns meanwhile holds.
            source.epoch += 1;
            (source.log, source.reading) = (None, None);
            source.report.is_complete = false;
            let size = source.content.size_bytes();
            self.add_total(size);
            again.push((index, plan));
        }
        Ok(again)
    }

    /// The series that were derived from these logs before.
    pub(super) fn kept_derived(&mut self) -> Option<Vec<DerivedSeries>> {
        let options = self.to_keep.options.as_ref()?;
        let n_logs = self.sources.iter().filter(|source| source.log.is_some()).count();
        if self.to_keep.identities.len() != n_logs {
            return None;
        }
        let identity = Identity::of_all(self.to_keep.identities.iter().map(|(index, identity)| (*index, identity)));
        let n_sources = self.sources.len();
        match cache::find_derived(options, &identity, |bytes| series::decode(bytes, n_sources)) {
            Found::Kept(derived) => return Some(derived),
            Found::Damaged(path, unfit) => self.source.notice(damaged(&path, unfit)),
            Found::Nothing => {}
        }
        self.to_keep.derived = Some((identity, Vec::new()));
        None
    }

    /// Remembers what was derived from these logs, if it was not kept already.
    pub(super) fn keep_derived(&mut self, derived: &[DerivedSeries]) {
        if let Some((_, bytes)) = &mut self.to_keep.derived {
            *bytes = series::encode(derived);
        }
    }

    /// Writes what was read this time.
    pub(super) fn keep(&mut self) {
        let Some(options) = self.to_keep.options.take() else { return };
        for index in std::mem::take(&mut self.to_keep.parsed) {
            let source = &self.sources[index];
            if let (Some(identity), Some(log)) = (self.to_keep.identities.get(&index), &source.log) {
                let reading = source.reading.as_ref().filter(|reading| reading.whole() == log.end_byte() && !reading.has_open_end());
                let notes = reading.and_then(|reading| Notes::of(&source.content, &reading.plan, &reading.joiner));
                cache::write(&options, identity, log, &notes.map(|notes| notes.encode()).unwrap_or_default(), self.job);
            }
        }
        if let Some((identity, bytes)) = self.to_keep.derived.take() {
            cache::write_derived(&options, &identity, &bytes, self.job);
        }
    }
}

fn damaged(path: &Path, unfit: Unfit) -> String {
    format!("{}: the index is damaged ({unfit}); the log was read again", path.display())
}
