//! A Prometheus database on disk: blocks, the chunks that the head wrote out, and the write-ahead log, as one source.
//!
//! Formats after Prometheus' `tsdb/docs/format/*.md`; index 1 to 3, all chunk encodings, logs plain, snappy or zstd.
//! Knows no file system: a [`Folder`] gives stretches of files. Damage costs what it hits and is a problem that names
//! file and offset. As in Prometheus the log adds only what no block covers, and of two samples at one time the one of
//! the earlier block stands.

mod bits;
mod bytes;
mod chunk;
mod head;
mod index;
mod layout;
mod merge;
mod snappy;
mod tombstones;
mod wal;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;

use self::bytes::{Cursor, Fault, Window, crc32c};
use self::head::{Head, MAX_CHUNK_BYTES};
use self::index::ChunkMeta;
use self::layout::{Block, Layout};
use self::merge::Merge;
use self::tombstones::Deleted;
use super::exemplar::Exemplars;
use crate::model::catalog::Problems;
use crate::model::{Exemplar, Labels, Problem, ProblemKind, SourceId, Timestamp, Zone, ZoneCertainty};
use crate::parse::{Context, Document};

pub use self::layout::{Part, describe, is_evidence, part_of};

/// Name of the format.
pub const FORMAT: &str = "prometheus-tsdb";
/// Samples of an ordinary chunk, to know how many chunks fit into a limit before any is read.
const SAMPLES_PER_CHUNK: u64 = 120;

/// Files of a database, by their paths inside it.
pub trait Folder {
    /// Paths with `/` between parts, sorted.
    fn paths(&self) -> Vec<&str>;
    /// Size of a file.
    fn size_bytes(&self, file: usize) -> u64;
    /// A stretch of a file; the error says why not.
    fn read(&self, file: usize, range: Range<u64>) -> Result<Cow<'_, [u8]>, String>;
}

/// Reads a whole database, at most `max_samples` of it: the newest.
pub fn parse(folder: &dyn Folder, context: &Context, max_samples: u64) -> Document {
    let paths = folder.paths();
    let layout = Layout::of(&paths);
    let mut reader = Reader {
        folder,
        paths: &paths,
        problems: Problems::default(),
        merge: Merge::default(),
        exemplars: Exemplars::default(),
        room: max_samples,
    };
    reader.read(&layout);
    reader.into_document(context)
}

struct Reader<'a> {
    folder: &'a dyn Folder,
    paths: &'a [&'a str],
    problems: Problems,
    merge: Merge,
    exemplars: Exemplars,
    /// Samples that may still be taken.
    room: u64,
}

/// What `meta.json` says, as far as it is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Meta {
    version: u64,
    stats: Stats,
    compaction: Compaction,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Stats {
    num_samples: u64,
    num_series: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Compaction {
    hints: Vec<String>,
}

/// The series of a block and where their chunks are.
struct Indexed<'a> {
    name: &'a str,
    block: &'a Block,
    meta: Meta,
    series: Vec<index::Series>,
    deleted: HashMap<u64, Deleted>,
    /// First and last time of its chunks by the index, which has checksums; `meta.json` has none.
    span: Option<(i64, i64)>,
    /// Problems there were before its chunks.
    n_problems: u64,
}

impl Reader<'_> {
    fn report(&mut self, file: usize, fault: Fault) {
        let Fault { at, kind, reason } = fault;
        let reason = format!("{}:{at}: {reason}", self.paths[file]);
        self.problems.push(Problem { line: 0, byte: at, kind, reason });
    }

    fn report_all(&mut self, file: usize, faults: Vec<Fault>) {
        for fault in faults {
            self.report(file, fault);
        }
    }

    fn note(&mut self, kind: ProblemKind, reason: String) {
        self.problems.push(Problem { line: 0, byte: 0, kind, reason });
    }

    fn read(&mut self, layout: &Layout) {
        let mut blocks: Vec<Indexed<'_>> = layout.blocks.iter().map(|(name, block)| self.index(name, block)).collect();
        blocks.sort_by(|a, b| (a.span, a.name).cmp(&(b.span, b.name)));
        let head = self.head(layout);
        self.room = head.room();
        let newest_ms = self.limit(&blocks);
        let mut covered_ms = i64::MIN;
        for block in blocks {
            let is_late = block.meta.compaction.hints.iter().any(|hint| hint.contains("out-of-order"));
            let (span, n_before) = (block.span, block.n_problems);
            let is_sound = self.block(block, newest_ms) && n_before == 0;
            if let Some((_, last_ms)) = span.filter(|_| is_sound && !is_late) {
                covered_ms = covered_ms.max(last_ms.saturating_add(1));
            }
        }
        self.take_head(head, covered_ms);
        if layout.n_snapshots > 0 {
            let reason = format!("{} files of an in-memory snapshot are not read; the write-ahead log holds the same", layout.n_snapshots);
            self.note(ProblemKind::Limit, reason);
        }
        if layout.n_unfinished > 0 {
            let reason =
                format!("{} files of blocks that were being made or deleted are left out, as Prometheus does", layout.n_unfinished);
            self.note(ProblemKind::Limit, reason);
        }
    }

    /// The head: chunks that were written out, then the logs, oldest first.
    fn head(&mut self, layout: &Layout) -> Head {
        let mut head = Head::new(self.room);
        for file in &layout.head_chunks {
            let mut faults = Vec::new();
            head.read_chunks(self.folder, *file, &mut |fault| faults.push(fault));
            self.report_all(*file, faults);
        }
        for (file, log) in layout.logs() {
            let mut faults = Vec::new();
            wal::read(self.folder, file, log, &mut head, &mut |fault| faults.push(fault));
            self.report_all(file, faults);
        }
        if head.is_full() {
            self.note(
                ProblemKind::Limit,
                "the write-ahead log holds more samples than fit; the newest are left out; raise --max-decoded".into(),
            );
        }
        head
    }

    fn index<'b>(&mut self, name: &'b str, block: &'b Block) -> Indexed<'b> {
        let n_before = self.problems.total();
        let meta = block.meta.map_or_else(Meta::default, |file| self.meta(file));
        let mut deleted = HashMap::new();
        if let Some(file) = block.tombstones {
            let read = self.folder.read(file, 0..self.folder.size_bytes(file)).map_err(|reason| Fault::new(0, reason));
            match read.and_then(|bytes| tombstones::read(&bytes)) {
                Ok(found) => deleted = found,
                Err(fault) => self.report(file, fault),
            }
        }
        let (mut series, mut faults) = (Vec::new(), Vec::new());
        match block.index {
            None => self.note(ProblemKind::Truncated, format!("{name}: the index is missing; its chunks cannot be named")),
            Some(file) => {
                let read = index::read(self.folder, file, &mut |one| series.push(one), &mut |fault| faults.push(fault));
                faults.extend(read.err());
                self.report_all(file, faults);
            }
        }
        if block.meta.is_some() && meta.stats.num_series > 0 && meta.stats.num_series != series.len() as u64 {
            let reason = format!("{name}: meta.json states {} series, the index holds {}", meta.stats.num_series, series.len());
            self.note(ProblemKind::Truncated, reason);
        }
        let chunks = || series.iter().flat_map(|one| &one.chunks);
        let span = chunks().map(|chunk| chunk.min_ms).min().zip(chunks().map(|chunk| chunk.max_ms).max());
        Indexed { name, block, meta, series, deleted, span, n_problems: self.problems.total() - n_before }
    }

    fn meta(&mut self, file: usize) -> Meta {
        let read = self.folder.read(file, 0..self.folder.size_bytes(file)).map_err(|reason| Fault::new(0, reason));
        let parsed = read.and_then(|bytes| {
            serde_json::from_slice::<Meta>(&bytes).map_err(|error| Fault::new(0, format!("is no description of a block: {error}")))
        });
        match parsed {
            Ok(meta) => {
                if meta.version != 1 {
                    self.report(file, Fault::new(0, format!("states version {} of a block; only 1 is known", meta.version)));
                }
                meta
            }
            Err(fault) => {
                self.report(file, fault);
                Meta::default()
            }
        }
    }

    /// The moment before which chunks are left out so that the rest fits; says so.
    fn limit(&mut self, blocks: &[Indexed<'_>]) -> i64 {
        let max_chunks = usize::try_from(self.room / SAMPLES_PER_CHUNK).unwrap_or(usize::MAX);
        let n_chunks: usize = blocks.iter().flat_map(|block| &block.series).map(|series| series.chunks.len()).sum();
        if n_chunks <= max_chunks {
            return i64::MIN;
        }
        let all = blocks.iter().flat_map(|block| &block.series).flat_map(|series| &series.chunks);
        let mut ends: Vec<i64> = all.map(|chunk| chunk.max_ms).collect();
        let n_left_out = n_chunks - max_chunks;
        let newest_ms = ends.select_nth_unstable(n_left_out - 1).1.saturating_add(1);
        let reason = format!(
            "holds about {} samples, more than fit; only the newest are read; raise --max-decoded",
            n_chunks as u64 * SAMPLES_PER_CHUNK
        );
        self.note(ProblemKind::Limit, reason);
        newest_ms
    }

    /// Reads the chunks of a block; whether all of them were sound.
    fn block(&mut self, block: Indexed<'_>, newest_ms: i64) -> bool {
        let n_before = self.problems.total();
        let mut windows: HashMap<u32, (usize, Window<'_>)> =
            block.block.chunks.iter().map(|(segment, file)| (*segment, (*file, Window::new(self.folder, *file)))).collect();
        for (file, window) in windows.values_mut() {
            let head = window.up_to(0, 8);
            if !head.is_ok_and(|head| head.starts_with(&[0x85, 0xbd, 0x40, 0xdd, 1])) {
                self.report(*file, Fault::new(0, "does not begin with the magic number and version of chunks"));
            }
        }
        let (mut n_samples, mut n_skipped) = (0, 0_u64);
        let mut missing: HashMap<u32, u64> = HashMap::new();
        for series in block.series {
            let target = self.merge.series(series.labels);
            let deleted = block.deleted.get(&series.reference);
            for meta in &series.chunks {
                if meta.max_ms < newest_ms {
                    n_skipped += 1;
                    continue;
                }
                let segment = (meta.reference >> 32) as u32;
                let Some((file, window)) = windows.get_mut(&segment) else {
                    *missing.entry(segment).or_default() += 1;
                    continue;
                };
                let file = *file;
                match read_chunk(window, *meta) {
                    Ok(chunk) => {
                        n_samples += (chunk.floats.len() + chunk.histograms.len()) as u64;
                        if !chunk.is_whole {
                            self.report(file, Fault::cut(meta.reference & 0xffff_ffff, "a chunk ends before its last sample"));
                        }
                        self.merge.add(target, chunk.floats, chunk.histograms, deleted);
                    }
                    Err(fault) => self.report(file, fault),
                }
            }
        }
        for (segment, n) in missing {
            let reason = format!("{}: chunks/{:06} is missing, which holds {n} of its chunks", block.name, segment.saturating_add(1));
            self.note(ProblemKind::Truncated, reason);
        }
        let stated = block.meta.stats.num_samples;
        if n_skipped == 0 && stated > 0 && stated != n_samples {
            self.note(ProblemKind::Truncated, format!("{}: meta.json states {stated} samples, the chunks hold {n_samples}", block.name));
        }
        self.problems.total() == n_before
    }

    /// Adds the head to the blocks; what they cover up to `covered_ms` is theirs to tell.
    fn take_head(&mut self, head: Head, covered_ms: i64) {
        for (reference, (time_ms, value), own) in &head.exemplars {
            let labels = head.series.get(reference).and_then(|series| series.labels.clone());
            if let (Some(labels), Some(ns)) = (labels, time_ms.checked_mul(1_000_000)) {
                let (name, labels): (Vec<_>, Vec<_>) = labels.into_iter().partition(|(label, _)| label == "__name__");
                let name = name.into_iter().next().map(|(_, name)| name).unwrap_or_default();
                let (labels, own, time) = (Labels::new(labels), Labels::new(own.clone()), Timestamp(ns));
                self.exemplars.push(Exemplar { name, labels, time, value: *value, own, source: SourceId::default() });
            }
        }
        let (mut n_nameless, mut n_lost) = (0_u64, 0_usize);
        for one in head.series.into_values() {
            let parts = [one.chunks, one.ahead, one.late];
            let n = parts.iter().map(|part| part.floats.len() + part.histograms.len()).sum::<usize>();
            let Some(labels) = one.labels else {
                n_nameless += u64::from(n > 0);
                n_lost += n;
                continue;
            };
            if n == 0 {
                continue;
            }
            let target = self.merge.series(labels);
            if let Some((kind, unit)) = one.meta {
                self.merge.describe(target, kind, unit);
            }
            for (index, mut part) in parts.into_iter().enumerate() {
                // Late samples lie before the end of blocks by their nature.
                if index < 2 {
                    part.floats.retain(|sample| sample.0 >= covered_ms);
                    part.histograms.retain(|sample| sample.time_ms >= covered_ms);
                }
                self.merge.add(target, part.floats, part.histograms, Some(&one.deleted));
            }
        }
        if n_lost > 0 {
            let reason = format!(
                "{n_lost} samples of {n_nameless} series have no name: the part of the write-ahead log that names them is not here"
            );
            self.note(ProblemKind::Truncated, reason);
        }
        if head.n_unknown > 0 {
            self.note(ProblemKind::Syntax, format!("{} records of the write-ahead log are of kinds that are not known", head.n_unknown));
        }
        if head.n_refused > 0 {
            let reason =
                format!("{} samples of the write-ahead log were late or second at their time; Prometheus refused them too", head.n_refused);
            self.note(ProblemKind::Duplicate, reason);
        }
    }

    fn into_document(mut self, context: &Context) -> Document {
        let series = self.merge.finish(context, &mut self.problems);
        let n_records: u64 = series.iter().map(|one| one.samples.len() as u64).sum();
        let is_placed = n_records > 0;
        Document {
            alerts: crate::parse::alert::series::alerts(&series, context),
            exemplars: self.exemplars.finish(&mut self.problems),
            series,
            problems: self.problems,
            n_records,
            zone: Zone {
                name: if is_placed { "UTC".into() } else { String::new() },
                certainty: if is_placed { ZoneCertainty::Offset } else { ZoneCertainty::None },
            },
            ..Document::default()
        }
    }
}

/// The chunk that an index names.
fn read_chunk(window: &mut Window<'_>, meta: ChunkMeta) -> Result<chunk::Chunk, Fault> {
    let at = meta.reference & 0xffff_ffff;
    let head = window.up_to(at, 6)?;
    let mut cursor = Cursor::new(head);
    let length = cursor.uvarint().filter(|length| *length <= MAX_CHUNK_BYTES);
    let length = length.ok_or_else(|| Fault::new(at, "the chunk here has no sensible length; its samples are left out"))?;
    let start = at + (head.len() - cursor.rest().len()) as u64;
    let bytes = window.get(start..start + 1 + length + 4)?;
    let (bytes, sum) = bytes.split_at(1 + length as usize);
    if Cursor::new(sum).be32() != Some(crc32c(bytes)) {
        return Err(Fault::new(at, "the checksum of the chunk here is wrong; its samples are left out"));
    }
    chunk::decode(bytes[0], &bytes[1..])
        .ok_or_else(|| Fault::new(at, format!("the encoding {} of the chunk here is not known; its samples are left out", bytes[0])))
}

#[cfg(test)]
mod tests;
