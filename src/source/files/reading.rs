//! Going on with a log that was read: its whole lines were appended, and what stands behind them waits for its line end.
//!
//! A few new lines are a small segment. Small ones at the end are appended again together with what comes, each at most
//! as often as its size doubles, so that a log that grows all day has few segments and a byte costs the same.

use std::sync::Arc;

use crate::parse::log::{Joiner, LogPlan};
use crate::source::{Job, SourceError};
use crate::store::grow::LogMark;
use crate::store::log::LogBuilder;
use crate::store::runtime_trace::Traced;
use crate::store::{StoreError, Text};

use super::chunks::{self, Parsed};
use super::content::Content;

/// How a log is read on.
pub struct Reading {
    /// How its lines are read.
    pub plan: Arc<LogPlan>,
    /// Size at which the plan was made.
    pub planned_at: u64,
    /// What the next chunk must know.
    pub joiner: Joiner,
    /// Behind the last whole line that was appended.
    whole: u64,
    /// Looked through for the end of the line that begins there.
    searched: u64,
    /// Before the unfinished line, if that was appended as it stands.
    open_end: Option<Mark>,
    /// Before each of the small segments at the end.
    marks: Vec<Mark>,
    /// What the Go runtime says between the lines so far.
    pub traces: Vec<Traced>,
    /// Before it nobody looked for those: those lines were taken from an index.
    pub traces_from: u64,
}

/// A place to go back to.
struct Mark {
    start: u64,
    log: LogMark,
    joiner: Joiner,
}

/// What became of new text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grown {
    /// No line of it is finished.
    Waits,
    /// Its whole lines were appended.
    Appended,
    /// It changes how the lines before it are read: the log must be read again.
    ReadAgain,
}

impl Reading {
    /// After all whole lines of a log, which end at `whole`, were appended through this joiner.
    pub fn after(plan: Arc<LogPlan>, joiner: Joiner, whole: u64, size: u64) -> Self {
        Self {
            plan,
            planned_at: size,
            joiner,
            whole,
            searched: size,
            open_end: None,
            marks: Vec::new(),
            traces: Vec::new(),
            traces_from: 0,
        }
    }

    /// After a log was taken from its index, which ended at `size`, a line end.
    pub fn resumed(plan: Arc<LogPlan>, joiner: Joiner, size: u64) -> Self {
        Self { traces_from: size, ..Self::after(plan, joiner, size, size) }
    }

    /// What the Go runtime says up to `end`, also in lines that were taken from an index.
    pub fn all_traces(&mut self, content: &Content, end: u64) -> Result<&[Traced], StoreError> {
        if self.traces_from > 0 {
            self.traces = chunks::traces(content, self.plan.format_name())?;
            self.traces.retain(|trace| trace.at < end);
            self.traces_from = 0;
        }
        Ok(&self.traces)
    }

    /// Behind the last line that was appended whole.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// Whether the unfinished last line is shown as it is.
    pub fn has_open_end(&self) -> bool {
        self.open_end.is_some()
    }

    /// Records before the unfinished line, if that is shown as it is.
    pub fn n_whole_records(&self) -> Option<u64> {
        self.open_end.as_ref().map(|mark| mark.log.n_records())
    }

    /// Appends the unfinished last line as it stands, until its end comes. Gives its length.
    pub fn append_open_end(&mut self, log: &mut LogBuilder, content: &Content) -> Result<u64, StoreError> {
        let size = content.size_bytes();
        if self.open_end.is_some() || self.whole >= size {
            return Ok(0);
        }
        let parsed = chunks::parse_next(content, &self.plan, self.whole..size, size - self.whole)?;
        self.open_end = Some(self.mark(log));
        self.append(log, parsed);
        log.set_loose(self.marks.len() + 1);
        Ok(size - self.whole)
    }

    /// The content has grown: appends its new whole lines, `chunk_bytes` at a time.
    pub fn go_on(&mut self, log: &mut LogBuilder, content: &Arc<Content>, chunk_bytes: u64, job: &Job) -> Result<Grown, SourceError> {
        let Some(end) = self.last_line_end(content)? else { return Ok(Grown::Waits) };
        // Text before the first record is one record, or none, only as a whole.
        if log.n_records() == 0 && self.whole > 0 || self.open_end.as_ref().is_some_and(|mark| mark.log.n_records() == 0 && self.whole > 0)
        {
            return Ok(Grown::ReadAgain);
        }
        log.reopen();
        log.set_text(content.clone());
        if let Some(mark) = self.open_end.take() {
            self.go_back(log, &mark);
            log.renew();
        }
        self.whole = self.joined_start(log, end, chunk_bytes);
        let cut = if end < content.size_bytes() { &Arc::new(Content::cut(Arc::clone(content), end)) } else { content };
        while self.whole < end {
            job.check()?;
            let parsed = chunks::parse_next(cut, &self.plan, self.whole..end, chunk_bytes)?;
            let size = parsed.range.end - parsed.range.start;
            if size < chunk_bytes {
                let mark = self.mark(log);
                self.marks.push(mark);
            }
            self.append(log, parsed);
            self.whole += size;
            job.advance(size);
        }
        log.set_loose(self.marks.len());
        Ok(Grown::Appended)
    }

    /// The place behind the last line end among the bytes that were not looked at.
    fn last_line_end(&mut self, content: &Content) -> Result<Option<u64>, StoreError> {
        const BLOCK_BYTES: u64 = 256 << 10;
        let (from, size) = (self.searched.max(self.whole), content.size_bytes());
        let mut end = size;
        while end > from {
            let start = end.saturating_sub(BLOCK_BYTES).max(from);
            if let Some(found) = memchr::memrchr(b'\n', &content.read(start..end)?) {
                let found = start + found as u64 + 1;
                self.searched = size;
                return Ok(Some(found));
            }
            end = start;
        }
        self.searched = size;
        Ok(None)
    }

    /// Where to append from, so that small segments are joined; goes back to there.
    fn joined_start(&mut self, log: &mut LogBuilder, end: u64, chunk_bytes: u64) -> u64 {
        let mut start = self.whole;
        if self.marks.first().is_some_and(|first| end - first.start > chunk_bytes) {
            self.marks.clear();
        }
        while let Some(mark) = self.marks.pop_if(|mark| start - mark.start <= 2 * (end - start)) {
            self.go_back(log, &mark);
            start = mark.start;
        }
        start
    }

    fn mark(&self, log: &LogBuilder) -> Mark {
        Mark { start: self.whole, log: log.mark(), joiner: self.joiner.clone() }
    }

    fn go_back(&mut self, log: &mut LogBuilder, mark: &Mark) {
        log.go_back(&mark.log);
        self.joiner = mark.joiner.clone();
        self.traces.retain(|trace| trace.at < mark.start);
    }

    fn append(&mut self, log: &mut LogBuilder, parsed: Parsed) {
        let Parsed { range, mut draft, traces } = parsed;
        self.traces.extend(traces);
        draft.join(&mut self.joiner);
        log.append(draft, range.end - range.start);
    }
}
