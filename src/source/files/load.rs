//! The order of loading: list, decode, recognise, documents, logs, and last the logs that lack a date.
//!
//! One thread puts results in order and publishes; workers read and parse. Nothing that a worker does depends on when
//! it does it, so the answer never depends on their number.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::{Problem, ProblemKind, SourceId, SourceKind, SourceReport, TimeRange};
use crate::parse::document::{self, parse_document};
use crate::parse::log::LogPlan;
use crate::parse::metric::prometheus::exemplars;
use crate::parse::{Context, Document, Plan, Verdict, metric};
use crate::source::{Job, SourceError};
use crate::store::{StoreError, Text};

use super::assemble::{Settled, snapshot};
use super::content::Content;
use super::decode::{Budget, Packing};
use super::follow::Kept;
use super::loading::Loading;
use super::look::OnDisk;
use super::peek::Peeked;
use super::pool::{self, Step};
use super::prepare::{self, Recognised, RotatedSet};
use super::said::Told;
use super::spans::busiest;
use super::unpack::{self, Entry, EntryBytes};
use super::{FileSource, Snapshot, database, expand, names, streamed};

mod cached;
mod derived;
mod logs;

/// While loading, the catalog is published this often, and never for more than a fifth of the time.
pub(super) const PUBLISH_EVERY: Duration = Duration::from_millis(100);
/// Tables of queries are small; larger objects are something else.
const MAX_QUERIES_BYTES: u64 = 1 << 20;
/// Name of the format of such a table when nothing else claims it.
const QUERIES_FORMAT: &str = "query-names";

/// One loading.
pub struct Loader<'a> {
    pub(super) source: &'a FileSource,
    pub(super) job: &'a Job,
    pub(super) on_change: &'a (dyn Fn() + Sync),
    total_bytes: u64,
    pub(super) sources: Vec<Loading>,
    pub(super) packed: Vec<(usize, std::path::PathBuf, Packing)>,
    contents: Arc<Vec<Arc<Content>>>,
    pub(super) settled: Settled,
    pub(super) version: u64,
    pub(super) next_publish: Instant,
    /// Where dates that are left out are taken from.
    pub(super) neighbours: Option<TimeRange>,
    /// Rotated logs whose parts are still to be described: that takes a pass over their bytes.
    pub(super) sets: Vec<RotatedSet>,
    /// What large files told before anything was read, by path.
    pub(super) early: HashMap<String, Peeked>,
    /// Logs whose index is to be kept.
    to_keep: cached::ToKeep,
}

impl<'a> Loader<'a> {
    /// A loading of `source` that reports to `job` and `on_change`.
    pub fn new(source: &'a FileSource, job: &'a Job, on_change: &'a (dyn Fn() + Sync)) -> Self {
        Self {
            source,
            job,
            on_change,
            total_bytes: 0,
            sources: Vec::new(),
            packed: Vec::new(),
            contents: Arc::default(),
            settled: Settled::default(),
            version: 0,
            next_publish: Instant::now(),
            neighbours: None,
            sets: Vec::new(),
            early: HashMap::new(),
            to_keep: cached::ToKeep::default(),
        }
    }

    /// Goes on with what an earlier loading kept.
    pub fn resume(source: &'a FileSource, job: &'a Job, on_change: &'a (dyn Fn() + Sync), kept: &mut Kept) -> Self {
        Self {
            sources: std::mem::take(&mut kept.sources),
            contents: Arc::clone(&source.snapshot().contents),
            // A series that the user wrote made a version of its own.
            version: kept.version.max(source.as_read().catalog.version),
            neighbours: kept.neighbours,
            ..Self::new(source, job, on_change)
        }
    }

    /// Gives back what is needed to go on.
    pub fn pause(self, kept: &mut Kept) {
        kept.sources = self.sources;
        kept.is_settled_there = true;
        kept.version = self.version;
        kept.neighbours = self.neighbours;
    }

    /// Does it all.
    pub fn run(mut self, found: &[expand::Found]) -> Result<(), SourceError> {
        let size = |found: &expand::Found| match &found.input {
            expand::Input::File { size_bytes, .. } => *size_bytes,
            _ => 0,
        };
        self.add_total(found.iter().map(size).sum());
        let known: HashSet<String> = found.iter().map(|found| found.path.clone()).collect();
        self.look_ahead(found)?;
        let budget = Budget::new(self.source.options.max_decoded_bytes, self.source.options.growth);
        let entries = database::gather(unpack::entries(found, &budget, self.source.options.jobs, self.job)?);
        self.take(entries);
        let archives = self.find_archives(found);
        self.publish();
        self.decode(&budget)?;
        self.name_queries()?;
        self.read()?;
        self.remember_ends();
        self.derive()?;
        self.check_indexes()?;
        self.sources.iter_mut().for_each(|source| source.report.is_complete = true);
        self.publish();
        self.keep();
        let source = self.source;
        let mut kept = Kept::new(known, budget);
        kept.archives = archives;
        self.pause(&mut kept);
        source.keep(kept);
        Ok(())
    }

    /// Recognises and reads all sources that are not complete.
    pub(super) fn read(&mut self) -> Result<(), SourceError> {
        let plans = self.recognise()?;
        let is_late = |verdict: &Option<Verdict>| verdict.as_ref().is_some_and(|verdict| document::needs_neighbours(&verdict.format));
        self.load_documents(&plans, (None, &|verdict| !is_late(verdict)))?;
        let late: Vec<Option<Verdict>> = plans.iter().map(|verdict| verdict.clone().filter(|_| is_late(verdict))).collect();
        let patterns = self.source.options.patterns;
        let plans: Vec<_> = log_plans(plans).into_iter().map(|(index, plan)| (index, plan.with_patterns(patterns))).collect();
        let plans = self.with_units(plans);
        self.consider_keeping(&plans);
        let (dateless, dated): (Vec<_>, Vec<_>) = plans.into_iter().partition(|(_, plan)| plan.needs_date() || plan.has_open_dates());
        self.load_logs(dated)?;
        if !dateless.is_empty() {
            self.neighbours = busiest(&self.sources.iter().map(Loading::report_now).collect::<Vec<_>>());
            let dateless = self.with_dates(dateless, self.neighbours);
            let dateless = self.with_units(dateless);
            self.load_logs(dateless)?;
        }
        if late.iter().any(Option::is_some) {
            self.neighbours = busiest(&self.sources.iter().map(Loading::report_now).collect::<Vec<_>>());
            self.load_documents(&late, (self.neighbours, &is_late))?;
        }
        self.describe_sets();
        Ok(())
    }

    /// What was taken from indexes is shown now; only then it is looked at what was left in them.
    fn check_indexes(&mut self) -> Result<(), SourceError> {
        if !self.has_unchecked() {
            return Ok(());
        }
        self.publish();
        let again = self.check_restored()?;
        if !again.is_empty() {
            self.parse_logs(again)?;
            self.remember_ends();
            self.derive()?;
        }
        Ok(())
    }

    pub(super) fn add_total(&mut self, bytes: u64) {
        self.total_bytes += bytes;
        self.job.set_total(self.total_bytes);
    }

    pub(super) fn take(&mut self, entries: Vec<Entry>) {
        for (index, Entry { path, modified, bytes, problems }) in (self.sources.len()..).zip(entries) {
            let on_disk = OnDisk::of(&bytes, modified);
            let is_gone = matches!(bytes, EntryBytes::Gone);
            let content = match bytes {
                EntryBytes::Ready(content) => content,
                EntryBytes::Packed(file, packing) => {
                    self.packed.push((index, file, packing));
                    Content::decoded(path.clone(), Vec::new())
                }
                EntryBytes::Gone => Content::decoded(path.clone(), Vec::new()),
            };
            let report = SourceReport {
                id: SourceId(index as u32),
                path,
                size_bytes: content.size_bytes(),
                is_complete: is_gone,
                ..SourceReport::default()
            };
            let peeked = self.early.remove(&report.path);
            let told = Told::of(&self.source.options.said, &report.path);
            self.sources.push(Loading { problems, on_disk, peeked, told, ..Loading::new(report, Arc::new(content), modified) });
        }
        self.share_contents();
    }

    pub(super) fn share_contents(&mut self) {
        self.contents = Arc::new(self.sources.iter().map(|source| Arc::clone(&source.content)).collect());
    }

    /// Decodes packed files.
    pub(super) fn decode(&mut self, budget: &Budget) -> Result<(), SourceError> {
        let packed = std::mem::take(&mut self.packed);
        let (sources, jobs, job) = (&self.sources, self.source.options.jobs, self.job);
        let work = |(index, file, packing): &(usize, std::path::PathBuf, Packing)| {
            unpack::decode_file(&sources[*index].report.path, file, *packing, budget, job)
        };
        let is_limited = |(_, problem): &(Content, Option<Problem>)| problem.as_ref().is_some_and(|p| p.kind == ProblemKind::Limit);
        let decoded = unpack::within_budget(&packed, (budget, jobs, job), work, is_limited)?;
        for ((index, ..), decoded) in packed.iter().zip(decoded) {
            let source = &mut self.sources[*index];
            let Some((content, problem)) = decoded else {
                source.unreadable(PANICKED.into());
                continue;
            };
            source.report.size_bytes = content.size_bytes();
            source.problems.extend(problem);
            source.content = Arc::new(content);
        }
        self.share_contents();
        // Decoded bytes are work of their own: they were not in the sizes of the files.
        let is_left = |source: &&Loading| !source.report.is_complete;
        let left: u64 = self.sources.iter().filter(is_left).map(|source| source.content.size_bytes()).sum();
        self.total_bytes = self.job.progress().0 + left;
        self.job.set_total(self.total_bytes);
        Ok(())
    }

    /// Finds tables of queries and gives the files beside them their queries.
    fn name_queries(&mut self) -> Result<(), SourceError> {
        let mut by_folder: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, source) in self.sources.iter().enumerate() {
            by_folder.entry(names::folder(&source.report.path).to_owned()).or_default().push(index);
        }
        for index in 0..self.sources.len() {
            self.job.check()?;
            let Some(queries) = self.queries_in(index) else { continue };
            let neighbours = &by_folder[names::folder(&self.sources[index].report.path)];
            let stems: HashMap<&str, usize> = neighbours.iter().map(|i| (names::stem(&self.sources[*i].report.path), *i)).collect();
            let named: Vec<(usize, String)> =
                queries.iter().filter_map(|(name, query)| Some((*stems.get(name.as_str())?, query.clone()))).collect();
            // Half of the names, or two of many: whoever sends a part of the results sends the whole list.
            if named.len() < 2 && named.len() * 2 < queries.len() {
                continue;
            }
            for (neighbour, query) in named {
                self.sources[neighbour].query = Some(query);
            }
            let report = &mut self.sources[index].report;
            QUERIES_FORMAT.clone_into(&mut report.format);
            report.why = format!("names the queries of {} files beside it", queries.len());
        }
        Ok(())
    }

    fn queries_in(&self, index: usize) -> Option<BTreeMap<String, String>> {
        let content = &self.sources[index].content;
        let size = content.size_bytes();
        if size == 0 || size > MAX_QUERIES_BYTES {
            return None;
        }
        let head = content.head(64).ok()?;
        head.contains(&b'{').then_some(())?;
        metric::queries(&content.head(size).ok()?)
    }

    pub(super) fn context(&self, index: usize, neighbours: Option<TimeRange>) -> Context {
        let source = &self.sources[index];
        Context {
            path: source.report.path.clone(),
            zone: self.source.zone_of(&source.report.path),
            neighbours,
            modified: source.modified,
            query: source.query.clone(),
            formats: self.source.options.formats.clone(),
            forced: self.source.forced_of(&source.report.path),
            time_column: self.source.time_column_of(&source.report.path),
            anchor: self.source.anchor_of(&source.report.path),
        }
    }

    /// Detects the format of every source.
    fn recognise(&mut self) -> Result<Vec<Option<Verdict>>, SourceError> {
        let indexes: Vec<usize> = (0..self.sources.len()).filter(|index| !self.sources[*index].report.is_complete).collect();
        let mut task = |index: &usize| (Arc::clone(&self.sources[*index].content), self.context(*index, None), self.seen(*index));
        let tasks: Vec<(Arc<Content>, Context, Option<Verdict>)> = indexes.iter().map(&mut task).collect();
        let mut verdicts: Vec<Option<Verdict>> = self.sources.iter().map(|_| None).collect();
        let (jobs, job, max_bytes) = (self.source.options.jobs, self.job, self.source.options.max_decoded_bytes);
        pool::run(
            jobs,
            job,
            tasks,
            |(content, context, seen)| match database::recognise(content) {
                Some(known) => Ok(known),
                None => prepare::recognise(content, context, seen.as_ref(), max_bytes),
            },
            |step| {
                if let Step::Done(task, result) = step {
                    verdicts[indexes[task]] = self.recognised(indexes[task], result);
                }
                self.publish_if_due();
            },
        )?;
        self.share_contents();
        self.settle_twins(&mut verdicts);
        self.join_rotated(&mut verdicts);
        self.publish();
        Ok(verdicts)
    }

    /// What a source was taken for when it was looked at, if it has not changed since.
    fn seen(&mut self, index: usize) -> Option<Verdict> {
        let source = &mut self.sources[index];
        let (_, size, _) = source.content.file()?;
        source.peeked.as_mut()?.take_verdict(size).filter(|_| source.query.is_none())
    }

    fn recognised(&mut self, index: usize, result: Option<Result<Recognised, StoreError>>) -> Option<Verdict> {
        let source = &mut self.sources[index];
        match result {
            Some(Ok(Recognised { verdict, converted, problems })) => {
                source.problems.extend(problems);
                if let Some(converted) = converted {
                    self.total_bytes = (self.total_bytes + converted.size_bytes()).saturating_sub(source.content.size_bytes());
                    self.job.set_total(self.total_bytes);
                    source.content = Arc::new(converted);
                }
                let is_queries = source.report.format == QUERIES_FORMAT && !matches!(verdict.plan, Plan::Log(_));
                if is_queries {
                    source.report.kind = SourceKind::Report;
                    source.report.confidence = 1.0;
                    self.finish(index);
                    return None;
                }
                source.recognise(&verdict);
                if matches!(verdict.plan, Plan::Nothing) {
                    self.finish(index);
                }
                return Some(verdict);
            }
            Some(Err(error)) => source.unreadable(reason_of(error)),
            None => source.unreadable(PANICKED.into()),
        }
        self.finish(index);
        None
    }

    /// Nothing more comes of this source.
    pub(super) fn finish(&mut self, index: usize) {
        let source = &mut self.sources[index];
        if !source.report.is_complete {
            source.report.is_complete = true;
            if let Some(log) = &mut source.log {
                log.finish();
            }
            self.job.advance(if source.log.is_some() { 0 } else { source.content.size_bytes() });
        }
    }

    fn load_documents(
        &mut self,
        verdicts: &[Option<Verdict>],
        (neighbours, is_wanted): (Option<TimeRange>, &dyn Fn(&Option<Verdict>) -> bool),
    ) -> Result<(), SourceError> {
        let is_document = |verdict: &Option<Verdict>| {
            is_wanted(verdict) && verdict.as_ref().is_some_and(|verdict| matches!(verdict.plan, Plan::Document))
        };
        let indexes: Vec<usize> = (0..self.sources.len()).filter(|index| is_document(&verdicts[*index])).collect();
        let task = |index: &usize| {
            (Arc::clone(&self.sources[*index].content), self.context(*index, neighbours), self.sources[*index].report.format.clone())
        };
        let tasks: Vec<_> = indexes.iter().map(task).collect();
        // What was settled before is shown until then.
        let mut documents = self.settled.clone().into_documents(|source| indexes.contains(&(source.0 as usize)));
        for (index, (source, verdict)) in self.sources.iter().zip(verdicts).enumerate() {
            // Events to read, and examples of the series that they belong to.
            let is_answer = verdict.as_ref().is_some_and(|verdict| verdict.format == exemplars::FORMAT);
            let original = source.content.original();
            if let Ok(bytes) = original.read(0..if is_answer { original.size_bytes() } else { 0 }) {
                documents.add_exemplars(SourceId(index as u32), exemplars::exemplars(&bytes));
            }
        }
        let (jobs, job, max_bytes) = (self.source.options.jobs, self.job, self.source.options.max_decoded_bytes);
        let work = |(content, context, format): &(Arc<Content>, Context, String)| -> Result<Document, StoreError> {
            if content.is_folder() {
                return Ok(database::parse(content, context, max_bytes));
            }
            match document::stream(format, context).filter(|_| content.size_bytes() > streamed::BLOCK_BYTES) {
                Some(stream) => streamed::read(content, stream, context, jobs),
                None => Ok(parse_document(format, &content.read(0..content.size_bytes())?, context)),
            }
        };
        pool::run(jobs, job, tasks, work, |step| {
            if let Step::Done(task, result) = step {
                let index = indexes[task];
                let source = &mut self.sources[index];
                match result {
                    Some(Ok(document)) => documents.add(SourceId(index as u32), document, source.query.as_deref(), &mut source.report),
                    Some(Err(error)) => source.unreadable(reason_of(error)),
                    None => source.unreadable(PANICKED.into()),
                }
                self.finish(index);
            }
            self.publish_if_due();
        })?;
        let formulas = std::mem::take(&mut self.settled.formulas);
        self.settled = documents.settle();
        self.settled.formulas = formulas;
        self.publish();
        Ok(())
    }

    /// Plans of logs that lack a date, made again now that it is known what the others cover.
    fn with_dates(&self, plans: Vec<(usize, LogPlan)>, neighbours: Option<TimeRange>) -> Vec<(usize, LogPlan)> {
        let again =
            |(index, plan): (usize, LogPlan)| match prepare::verdict_of(&self.sources[index].content, &self.context(index, neighbours)) {
                Ok(Verdict { plan: Plan::Log(plan), .. }) => (index, *plan),
                _ => (index, plan),
            };
        plans.into_iter().map(again).collect()
    }

    pub(super) fn publish_if_due(&mut self) {
        if Instant::now() >= self.next_publish {
            self.publish();
        }
    }

    pub(super) fn publish(&mut self) {
        let start = Instant::now();
        self.version += 1;
        let snapshot: Snapshot = snapshot(&self.sources, &self.contents, &self.settled, self.version);
        self.source.publish(snapshot);
        (self.on_change)();
        self.next_publish = Instant::now() + PUBLISH_EVERY.max(start.elapsed() * 4);
    }
}

/// What is said of a source whose parser panicked.
const PANICKED: &str = "could not be parsed because of a defect in Coroner; the other sources are not affected";

/// Why, without the path, which the report has anyway.
pub(super) fn reason_of(error: StoreError) -> String {
    match error {
        StoreError::Unreadable { reason, .. } | StoreError::Question(reason) => reason,
        StoreError::Cancelled => error.to_string(),
    }
}

fn log_plans(verdicts: Vec<Option<Verdict>>) -> Vec<(usize, LogPlan)> {
    let plan = |(index, verdict): (usize, Option<Verdict>)| match verdict?.plan {
        Plan::Log(plan) => Some((index, *plan)),
        _ => None,
    };
    verdicts.into_iter().enumerate().filter_map(plan).collect()
}
