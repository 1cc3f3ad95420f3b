//! A look at a few places of large logs before they are read: from when to when they reach, how dense they are, and what
//! went wrong last.
//!
//! Reads about half a percent of a file: blocks at equal distances, and a longer one at its end. Between two of them the
//! bytes are shared out over the time between their times. Everything here is an estimate that reading replaces.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::model::{Level, Preview, PreviewLine, SourceId, SourceReport, TimeRange, Timestamp};
use crate::parse::log::{LogPlan, parse_chunk, read_record};
use crate::parse::{Context, LogChunk, NO_TIME, Plan, Verdict};
use crate::source::SourceError;
use crate::store::{StoreError, Text};

use super::Snapshot;
use super::archive;
use super::cache::{self, CacheOptions, Identity};
use super::content::Content;
use super::decode::Packing;
use super::expand::{Found, Input};
use super::load::{Loader, PUBLISH_EVERY};
use super::loading::Loading;
use super::pool::{self, Step};
use super::prepare;
use super::spans::extent;

/// Plain files up to this size are read before anybody could look at a preview.
const MIN_BYTES: u64 = 8 << 20;
/// Packed files and archives from this size on delay what follows.
const SLOW_BYTES: u64 = 1 << 20;
/// Files that are looked at: the largest.
const MAX_FILES: usize = 500;
/// Bytes of one look, and of the one at the end.
const BLOCK_BYTES: u64 = 32 << 10;
const TAIL_BYTES: u64 = 128 << 10;
/// One part in so many of a file is looked at, in at most so many blocks.
const SHARE: u64 = 200;
const MAX_BLOCKS: u64 = 96;
/// Decoded bytes of a packed file that are looked at.
const PACKED_HEAD_BYTES: u64 = 256 << 10;
/// Errors, and warnings besides, of a file that are shown.
const N_LAST: (usize, usize) = (4, 2);

/// What a few places of a log tell.
#[derive(Debug, Clone, Default)]
pub struct Peeked {
    stretches: Vec<Stretch>,
    last: Vec<PreviewLine>,
    span: Option<(i64, i64)>,
    /// Its size, and what it was taken for by the same look that decides how it is read.
    verdict: Option<(u64, Verdict)>,
}

/// Bytes between two looks.
#[derive(Debug, Clone)]
struct Stretch {
    bytes: Range<u64>,
    span: (i64, i64),
    n_records: f64,
}

/// One look.
struct Look {
    at: u64,
    span: (i64, i64),
    bytes_per_record: f64,
}

impl Peeked {
    /// First and last time that was seen.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span.map(|(first, last)| (Timestamp(first), Timestamp(last)))
    }

    /// What it was taken for when it had this size, the first time that this is asked; `None` when only a part was seen.
    pub fn take_verdict(&mut self, size_bytes: u64) -> Option<Verdict> {
        self.verdict.take().filter(|(size, _)| *size == size_bytes).map(|(_, verdict)| verdict)
    }

    /// What of it is still to come once the bytes before `read` are read.
    pub fn preview(&self, read: u64) -> Preview {
        let mut preview = Preview { last: self.last.clone(), ..Preview::default() };
        for stretch in self.stretches.iter().filter(|stretch| stretch.bytes.end > read) {
            let size = (stretch.bytes.end - stretch.bytes.start).max(1);
            let done = read.saturating_sub(stretch.bytes.start).min(size) as f64 / size as f64;
            let n = (stretch.n_records * (1.0 - done)) as u64;
            let start = stretch.span.0 + ((stretch.span.1 - stretch.span.0) as f64 * done) as i64;
            let range = TimeRange::new(Timestamp(start), Timestamp(stretch.span.1).plus_ns(1));
            preview.n_records += n;
            preview.stretches.push((range, n));
        }
        preview
    }
}

/// Looks at a log. O(1/200 of its bytes).
pub fn peek(content: &Content, plan: &LogPlan) -> Result<Peeked, StoreError> {
    let size = content.size_bytes();
    let tail_bytes = TAIL_BYTES.min(size);
    let n = (size / SHARE).saturating_sub(tail_bytes).div_ceil(BLOCK_BYTES).clamp(2, MAX_BLOCKS);
    let mut looks = Vec::new();
    for i in 0..n {
        let at = size / n * i;
        let bytes = whole_lines(content, at..size.min(at + BLOCK_BYTES))?;
        looks.extend(look(at, &bytes, &parse_chunk(plan, &bytes)));
    }
    let bytes = whole_lines(content, size - tail_bytes..size)?;
    let chunk = parse_chunk(plan, &bytes);
    let tail = look(size - tail_bytes, &bytes, &chunk);
    let mut peeked = Peeked { last: last_bad(plan, &bytes, &chunk), ..Peeked::default() };
    let end = tail.as_ref().map(|tail| Look { at: size, span: (tail.span.1, tail.span.1), bytes_per_record: tail.bytes_per_record });
    looks.extend(tail.into_iter().chain(end));
    looks.sort_by_key(|look| look.at);
    peeked.span = looks.iter().map(|look| look.span).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    for pair in looks.windows(2) {
        let (from, to) = (&pair[0], &pair[1]);
        let span = (from.span.0.min(to.span.0), from.span.0.max(to.span.0));
        let n_records = (to.at - from.at) as f64 / f64::midpoint(from.bytes_per_record, to.bytes_per_record);
        peeked.stretches.push(Stretch { bytes: from.at..to.at, span, n_records });
    }
    Ok(peeked)
}

/// A look at some whole lines; `None` without a time.
fn look(at: u64, bytes: &[u8], chunk: &LogChunk) -> Option<Look> {
    let placed = || chunk.columns.times.iter().copied().filter(|time| *time != NO_TIME);
    let span = (placed().min()?, placed().max()?);
    Some(Look { at, span, bytes_per_record: bytes.len() as f64 / chunk.columns.times.len() as f64 })
}

/// The whole lines of a stretch.
fn whole_lines(content: &Content, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
    let is_start = range.start == 0;
    let is_end = range.end == content.size_bytes();
    let mut bytes = content.read(range)?.into_owned();
    if !is_end {
        bytes.truncate(memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1));
    }
    if !is_start {
        let start = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
        bytes.drain(..start);
    }
    Ok(bytes)
}

/// The last errors, and the last warnings.
fn last_bad(plan: &LogPlan, bytes: &[u8], chunk: &LogChunk) -> Vec<PreviewLine> {
    let levels = &chunk.columns.levels;
    let last = |is_wanted: fn(Level) -> bool, n: usize| (0..levels.len()).rev().filter(move |i| is_wanted(levels[*i])).take(n);
    let mut found: Vec<usize> = last(|level| level >= Level::Error, N_LAST.0).chain(last(|level| level == Level::Warn, N_LAST.1)).collect();
    found.sort_unstable();
    let line = |i: usize| {
        let start = chunk.columns.offsets[i] as usize;
        let end = chunk.columns.offsets.get(i + 1).map_or(bytes.len(), |end| *end as usize);
        let detail = read_record(plan, bytes.get(start..end).unwrap_or_default());
        let time = Some(chunk.columns.times[i]).filter(|time| *time != NO_TIME).map(Timestamp);
        PreviewLine { time, level: levels[i], service: detail.service, message: detail.message }
    };
    found.into_iter().map(line).collect()
}

/// A packed log: its beginning, and how many records there may be if all of it is like that.
fn peek_packed(file: &Path, packing: Packing, context: &Context) -> Option<(Content, Box<LogPlan>, f64)> {
    let packed = File::open(file).ok()?;
    let packed_size = packed.metadata().ok()?.len();
    let mut counted = Counted { inner: packed, n_bytes: 0 };
    let mut head = Vec::new();
    let decoder = packing.decoder(BufReader::with_capacity(8 << 10, &mut counted)).ok()?;
    // What was decoded before an error is as good.
    let _ = decoder.take(PACKED_HEAD_BYTES).read_to_end(&mut head);
    let growth = head.len() as f64 / counted.n_bytes.clamp(1, packed_size.max(1)) as f64;
    head.truncate(memchr::memrchr(b'\n', &head).map_or(head.len(), |at| at + 1));
    let content = Content::decoded(context.path.clone(), head);
    let Plan::Log(plan) = prepare::verdict_of(&content, context).ok()?.plan else { return None };
    Some((content, plan, packed_size as f64 * growth))
}

struct Counted {
    inner: File,
    n_bytes: u64,
}

impl Read for &mut Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.n_bytes += n as u64;
        Ok(n)
    }
}

/// One file, as far as a look at it tells; no further than what it is when all of it is known from an index.
fn peek_file((found, file, size): (&Found, &Path, u64), context: &Context, cache: Option<&CacheOptions>) -> Option<(SourceReport, Peeked)> {
    let path = &found.path;
    let mut head = Vec::new();
    File::open(file).and_then(|opened| opened.take(512).read_to_end(&mut head)).ok()?;
    let report = SourceReport { path: path.clone(), size_bytes: size, ..SourceReport::default() };
    if archive::is_tar(&head) || archive::is_zip(&head) {
        return Some((SourceReport { format: "archive".into(), why: "is being unpacked".into(), ..report }, Peeked::default()));
    }
    let (verdict, peeked) = if let Some(packing) = Packing::of(&head) {
        let (content, plan, size) = peek_packed(file, packing, context)?;
        let mut peeked = peek(&content, &plan).ok()?;
        peeked.last.clear();
        let scale = size / content.size_bytes().max(1) as f64;
        // Nobody knows when the rest of it was written: its records are counted where it begins.
        peeked.stretches.iter_mut().for_each(|stretch| stretch.n_records *= scale.max(1.0));
        (prepare::verdict_of(&content, context).ok()?, peeked)
    } else {
        let content = Content::disk(path.clone(), file.to_owned(), size);
        let verdict = prepare::verdict_of(&content, context).ok()?;
        let Plan::Log(plan) = &verdict.plan else { return None };
        let has_index = cache.is_some_and(|options| Identity::of(&content, plan).is_some_and(|log| cache::may_have(options, &log)));
        let peeked = if has_index { Peeked::default() } else { peek(&content, plan).ok()? };
        (verdict.clone(), Peeked { verdict: Some((size, verdict)), ..peeked })
    };
    let mut loading = Loading::new(report, Arc::new(Content::decoded(path.clone(), Vec::new())), None);
    loading.recognise(&verdict);
    Some((loading.report, peeked))
}

impl Loader<'_> {
    /// Looks at large files, and at all files when packed ones keep them waiting, and shows what there is. What is not
    /// looked at is only listed.
    pub(super) fn look_ahead(&mut self, found: &[Found]) -> Result<(), SourceError> {
        let files = found.iter().filter_map(|found| match &found.input {
            Input::File { file, size_bytes } => Some((found, file.as_path(), *size_bytes)),
            _ => None,
        });
        let mut files: Vec<(&Found, &Path, u64)> = files.collect();
        let is_slow = files.iter().any(|(_, file, size)| *size >= SLOW_BYTES && is_packed_or_archive(file));
        files.retain(|(.., size)| *size >= if is_slow { 1 } else { MIN_BYTES });
        files.sort_by_key(|(.., size)| std::cmp::Reverse(*size));
        files.truncate(MAX_FILES);
        if files.is_empty() || self.source.options.preview == super::Preview::LeftOut {
            return Ok(());
        }
        let reports = found.iter().zip(0u32..).map(|(found, id)| SourceReport {
            id: SourceId(id),
            path: found.path.clone(),
            ..SourceReport::default()
        });
        let mut reports: Vec<SourceReport> = reports.collect();
        let contexts: Vec<Context> = files.iter().map(|(found, ..)| self.early_context(found)).collect();
        let tasks: Vec<_> = files.iter().zip(&contexts).collect();
        let cache = self.source.options.cache.as_ref();
        let work = |(file, context): &(&(&Found, &Path, u64), &Context)| peek_file(**file, context, cache);
        pool::run(self.source.options.jobs, self.job, tasks, work, |step| {
            if let Step::Done(task, Some(Some((report, peeked)))) = step
                && let Some(place) = reports.iter_mut().find(|place| place.path == report.path)
            {
                *place = SourceReport { id: place.id, preview: Some(Box::new(peeked.preview(0))), extent: peeked.span(), ..report };
                self.early.insert(files[task].0.path.clone(), peeked);
            }
            self.publish_early_if_due(&reports);
        })?;
        self.publish_early(&reports);
        Ok(())
    }

    /// Looks at logs that nobody looked at yet.
    pub(super) fn look_at_logs(&mut self, logs: &[(usize, Arc<LogPlan>)], chunk_bytes: u64) -> Result<(), SourceError> {
        let is_shown = self.source.options.preview == super::Preview::Shown;
        let is_wanted = |source: &Loading| {
            let is_plain = source.content.file().is_some() && Content::parts(&source.content).len() == 1;
            is_shown && source.content.size_bytes() > chunk_bytes && !(is_plain && source.peeked.is_some())
        };
        let wanted: Vec<&(usize, Arc<LogPlan>)> = logs.iter().filter(|(index, _)| is_wanted(&self.sources[*index])).collect();
        let tasks: Vec<_> = wanted.iter().map(|(index, plan)| (Arc::clone(&self.sources[*index].content), plan)).collect();
        let (jobs, job) = (self.source.options.jobs, self.job);
        pool::run(
            jobs,
            job,
            tasks,
            |(content, plan)| peek(content, plan),
            |step| {
                if let Step::Done(task, Some(Ok(peeked))) = step {
                    self.sources[wanted[task].0].peeked = Some(peeked);
                }
            },
        )
    }

    /// What is known for parsing a file that is only listed.
    fn early_context(&self, found: &Found) -> Context {
        Context {
            path: found.path.clone(),
            zone: self.source.zone_of(&found.path),
            modified: found.modified,
            formats: self.source.options.formats.clone(),
            forced: self.source.forced_of(&found.path),
            time_column: self.source.time_column_of(&found.path),
            anchor: self.source.anchor_of(&found.path),
            ..Context::default()
        }
    }

    fn publish_early_if_due(&mut self, reports: &[SourceReport]) {
        if Instant::now() >= self.next_publish {
            self.publish_early(reports);
        }
    }

    /// Shows what is listed before anything is read.
    fn publish_early(&mut self, reports: &[SourceReport]) {
        self.version += 1;
        self.source.publish(Snapshot { catalog: Arc::new(early_catalog(reports, self.version)), ..Snapshot::default() });
        (self.on_change)();
        self.next_publish = Instant::now() + PUBLISH_EVERY;
    }
}

fn is_packed_or_archive(file: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(file).and_then(|opened| opened.take(512).read_to_end(&mut head));
    read.is_ok() && (Packing::of(&head).is_some() || archive::is_tar(&head) || archive::is_zip(&head))
}

/// The catalog of what was only looked at.
fn early_catalog(reports: &[SourceReport], version: u64) -> crate::model::Catalog {
    crate::model::Catalog { extent: extent(reports), sources: reports.to_vec(), version, ..crate::model::Catalog::default() }
}
