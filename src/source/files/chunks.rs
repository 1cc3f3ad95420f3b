//! Cuts a log into chunks at line ends, so that any thread can parse any chunk.
//!
//! A chunk owns the lines that start in its stretch of `chunk_bytes`; both ends are found by looking at the bytes
//! around them, without knowing the other chunks. A line longer than a chunk makes its chunk longer and leaves the
//! ones after it empty; beyond a bound only its beginning is parsed.

use std::cell::RefCell;
use std::ops::Range;

use crate::model::{Problem, ProblemKind};
use crate::parse::log::{LogPlan, parse_chunk};
use crate::parse::metric::{gotrace, jvmtrace};
use crate::store::runtime_trace::Traced;
use crate::store::segment::{Draft, count_lines};
use crate::store::{StoreError, Text};

use super::content::Content;

/// How much of one line is parsed: longer than any honest record, small enough for a few at once in memory.
const MAX_LINE_BYTES: u64 = 64 << 20;
/// Bytes looked at first in search of a line end: most lines are shorter, and what is read here is read twice.
const FIRST_PROBE_BYTES: u64 = 4 << 10;
/// Bytes looked at further in search of it.
const PROBE_BYTES: u64 = 64 << 10;

thread_local! {
    /// The bytes of the chunk of this thread; kept because fresh memory costs more than the copy into it.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A parsed chunk.
#[derive(Debug)]
pub struct Parsed {
    /// Where it is in the source.
    pub range: Range<u64>,
    /// What it holds.
    pub draft: Draft,
    /// What runtimes say between its lines.
    pub traces: Vec<Traced>,
}

/// How many chunks a source of this size has; at least one.
pub fn count(size_bytes: u64, chunk_bytes: u64) -> u64 {
    size_bytes.div_ceil(chunk_bytes.max(1)).max(1)
}

/// Parses chunk `index`; `None` when no line starts in its stretch.
pub fn parse(content: &Content, plan: &LogPlan, index: u64, chunk_bytes: u64) -> Result<Option<Parsed>, StoreError> {
    let size = content.size_bytes();
    let chunk_bytes = chunk_bytes.max(1);
    let stretch = (index * chunk_bytes).min(size)..((index + 1) * chunk_bytes).min(size);
    let Some(start) = record_start(content, plan, stretch.start, stretch.end)? else { return Ok(None) };
    let end = record_start(content, plan, stretch.end, size)?.unwrap_or(size);
    if start >= end {
        return Ok(None);
    }
    let parsed_end = end.min(stretch.end.max(start) + MAX_LINE_BYTES);
    parse_lines(content, plan, start..end, parsed_end, chunk_bytes).map(Some)
}

/// Parses whole lines from a line start on, at most about `chunk_bytes`: what a log has grown by. The range may end in
/// the middle of a line if that is the end of the content.
pub fn parse_next(content: &Content, plan: &LogPlan, range: Range<u64>, chunk_bytes: u64) -> Result<Parsed, StoreError> {
    let cut = range.end.min(range.start.saturating_add(chunk_bytes.max(1)));
    let end = if cut < range.end { record_start(content, plan, cut, range.end)?.unwrap_or(range.end) } else { range.end };
    let end = end.min(range.end);
    parse_lines(content, plan, range.start..end, end.min(cut + MAX_LINE_BYTES), chunk_bytes)
}

/// Parses a range of whole lines; of a line that is too long only what stands before `parsed_end`.
fn parse_lines(content: &Content, plan: &LogPlan, range: Range<u64>, parsed_end: u64, chunk_bytes: u64) -> Result<Parsed, StoreError> {
    BUFFER.with_borrow_mut(|buffer| {
        let parsed = draft(content.read_into(range.start..parsed_end, buffer)?, plan, range, parsed_end);
        // One long line must not keep its memory for ever.
        if buffer.len() as u64 > chunk_bytes.saturating_mul(4) {
            *buffer = Vec::new();
        }
        Ok(parsed)
    })
}

/// Parses the lines at `start..end`, of which the bytes up to `parsed_end` are given.
fn draft(bytes: &[u8], plan: &LogPlan, Range { start, end }: Range<u64>, parsed_end: u64) -> Parsed {
    let mut chunk = parse_chunk(plan, bytes);
    if parsed_end < end {
        let line = count_lines(bytes) + 1;
        let byte = memchr::memrchr(b'\n', bytes).map_or(0, |at| at as u64 + 1);
        let reason = format!("line is {} bytes long; only its first {} are read", end - start - byte, parsed_end - start - byte);
        chunk.problems.push(Problem { line, byte, kind: ProblemKind::Limit, reason });
    }
    let draft = if start == 0 { Draft::first(chunk, bytes) } else { Draft::later(chunk, bytes) };
    let mut traces = Vec::new();
    gotrace::find(bytes, |at, line| traces.push(Traced { at: start + at as u64, line }));
    if jvmtrace::is_told_in(plan.format_name()) {
        jvmtrace::find(bytes, |at, line| traces.push(Traced { at: start + at as u64, line }));
    }
    Parsed { range: start..end, draft, traces }
}

/// What runtimes say between the lines of a content of this format that was not parsed in this loading.
pub fn traces(content: &Content, format: &str) -> Result<Vec<Traced>, StoreError> {
    const BLOCK_BYTES: u64 = 1 << 20;
    let (mut at, size, mut buffer, mut traces) = (0, content.size_bytes(), Vec::new(), Vec::new());
    while at < size {
        let end = line_start(content, (at + BLOCK_BYTES).min(size), size)?.unwrap_or(size);
        // Nothing that is looked for stands behind the first bytes of a very long line.
        let bytes = content.read_into(at..end.min(at + MAX_LINE_BYTES), &mut buffer)?;
        gotrace::find(bytes, |offset, line| traces.push(Traced { at: at + offset as u64, line }));
        if jvmtrace::is_told_in(format) {
            jvmtrace::find(bytes, |offset, line| traces.push(Traced { at: at + offset as u64, line }));
        }
        at = end;
    }
    Ok(traces)
}

/// Looked back so far for the end of the last whole line; a longer line counts as whole.
const MAX_OPEN_END_BYTES: u64 = 1 << 20;

/// Where the whole lines of a content end: behind its last line end, or at its end when its last line is very long.
pub fn whole_lines(content: &Content) -> Result<u64, StoreError> {
    let size = content.size_bytes();
    let from = size.saturating_sub(MAX_OPEN_END_BYTES);
    let mut end = size;
    while end > from {
        let start = end.saturating_sub(PROBE_BYTES).max(from);
        if let Some(found) = memchr::memrchr(b'\n', &content.read(start..end)?) {
            return Ok(start + found as u64 + 1);
        }
        end = start;
    }
    Ok(if from == 0 { 0 } else { size })
}

/// The first line start in `from..to`, or behind it where the lines that start there are of the record before them.
fn record_start(content: &Content, plan: &LogPlan, from: u64, to: u64) -> Result<Option<u64>, StoreError> {
    let Some(start) = line_start(content, from, to)?.filter(|start| *start > 0 && plan.minds_cuts()) else {
        return line_start(content, from, to);
    };
    let before = content.read(start.saturating_sub(PROBE_BYTES)..start)?;
    let after = content.read(start..content.size_bytes().min(start + PROBE_BYTES))?;
    Ok(Some(start + plan.n_bytes_of_record(&before, &after) as u64))
}

/// The first line start in `from..to`. A line starts at 0 and after every line end.
fn line_start(content: &Content, from: u64, to: u64) -> Result<Option<u64>, StoreError> {
    if from == 0 {
        return Ok((to > 0 || content.size_bytes() == 0).then_some(0));
    }
    // The line end before a line that starts at `from` is at `from - 1`.
    let (mut at, mut n_bytes) = (from - 1, FIRST_PROBE_BYTES);
    while at + 1 < to {
        let probe = content.read(at..(to - 1).min(at + n_bytes))?;
        if let Some(found) = memchr::memchr(b'\n', &probe) {
            return Ok(Some(at + found as u64 + 1));
        }
        at += probe.len() as u64;
        n_bytes = PROBE_BYTES;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn chunks_cover_every_byte_once_and_start_at_line_starts(text in "[ab\n]{0,60}", chunk_bytes in 1u64..20) {
            let content = Content::decoded("x".into(), text.clone().into_bytes());
            let mut at = 0;
            for index in 0..count(text.len() as u64, chunk_bytes) {
                let Some(parsed) = parse(&content, &LogPlan::default(), index, chunk_bytes).unwrap() else { continue };
                prop_assert_eq!(parsed.range.start, at);
                prop_assert!(at == 0 || text.as_bytes()[at as usize - 1] == b'\n');
                at = parsed.range.end;
            }
            prop_assert_eq!(at, text.len() as u64);
        }
    }
}
