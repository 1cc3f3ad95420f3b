//! Documents whose values are log records, made into a text of one record a line that the line readers take.
//!
//! What is read line by line elsewhere is here one large JSON answer, a table with quoted line ends, a block of
//! fields, or a line in parts. The text is made so that line numbers stay true: a record stands on the line on which
//! it begins in the original, with blank lines up to the next one. Where several records share a line that cannot
//! be; then lines are counted by records, and [`Converted::keeps_lines`] and [`Converted::why`] say so.

mod envelope;
mod journal;
mod partial;
mod plain;
mod redis;
mod rows;
pub(crate) mod scan;
mod slack;
mod slow;
mod spans;
pub(crate) mod table;
mod xml;

#[cfg(test)]
mod tests;

pub use envelope::is_chat;

use crate::model::SourceKind;
use crate::model::catalog::{Problem, ProblemKind, Problems};
use crate::parse::change::helm;
use crate::parse::metric::prometheus::exemplars;
use crate::parse::{Windows, document};

/// What a document is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// JSON that holds records: an answer of an API, an array, records over several lines.
    Json(&'static str),
    /// Rows under a header with a time and a message.
    Table,
    /// `journalctl -o export`.
    JournalExport,
    /// `journalctl -o verbose`.
    JournalVerbose,
    /// The slow query log of `MySQL`.
    SlowQueries,
    /// `redis-cli slowlog get`.
    RedisSlow,
    /// Elements of XML.
    Xml,
    /// `java.util.logging`: two lines a record.
    TwoLine,
    /// Lines that end by carriage returns alone.
    Returns,
    /// Lines with blanks before their times.
    Indented,
    /// Lines of a container runtime; only some are cut into parts.
    Partial,
    /// Exemplars of a metric, as the query API answers them.
    Exemplars,
}

/// The text of records that a document was made into.
#[derive(Debug, Clone, Default)]
pub struct Converted {
    /// One record a line, blank lines between them.
    pub text: Vec<u8>,
    /// Sort of its records: logs or spans.
    pub kind: SourceKind,
    /// Name of the format; empty when that of the records says it all.
    pub format: String,
    /// What it was, one sentence.
    pub why: String,
    /// Number of records.
    pub n_records: u64,
    /// Whether every record stands on the line on which it begins in the original.
    pub keeps_lines: bool,
    /// What was wrong, by place in the original.
    pub problems: Problems,
}

/// Whether a file is such a document; looks at its windows only.
pub fn sort_of(windows: &Windows) -> Option<Sort> {
    let head = windows.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(windows.head);
    if journal::is_export(head) {
        return Some(Sort::JournalExport);
    }
    if journal::is_verbose(head) {
        return Some(Sort::JournalVerbose);
    }
    if slow::is_slow_log(head) {
        return Some(Sort::SlowQueries);
    }
    if redis::is_slow_log(head) {
        return Some(Sort::RedisSlow);
    }
    if partial::is_docker_log(head) {
        return Some(Sort::Partial);
    }
    if xml::is_log(head) {
        return Some(Sort::Xml);
    }
    if plain::is_two_line(head) {
        return Some(Sort::TwoLine);
    }
    if plain::has_lone_returns(head) {
        return Some(Sort::Returns);
    }
    if plain::is_indented(head) {
        return Some(Sort::Indented);
    }
    if exemplars::is_answer(head) {
        return Some(Sort::Exemplars);
    }
    if let Some(format) = envelope::recognise(head) {
        let is_claimed = || document::recognise(windows).first().is_some_and(|candidate| candidate.confidence >= 0.6);
        return (envelope::is_unmistakable(format) || !is_claimed()).then_some(Sort::Json(format));
    }
    if table::is_log(head) && std::str::from_utf8(head).ok().and_then(helm::recognise).is_none() {
        return Some(Sort::Table);
    }
    if partial::is_container_log(head) {
        return Some(Sort::Partial);
    }
    // What is neither measurements nor anything else that is known.
    let is_open = || table::is_list(head) && document::recognise(windows).first().is_none_or(|candidate| candidate.confidence < 0.6);
    is_open().then_some(Sort::Table)
}

/// Whether a block of a container's log may hold a line that is cut into parts.
pub fn has_parts(block: &[u8]) -> bool {
    partial::has_parts(block)
}

/// Makes the text. O(bytes); never fails: what cannot be read is a problem at its place.
pub fn convert(sort: Sort, bytes: &[u8]) -> Converted {
    if sort == Sort::Exemplars {
        let exemplars::Records { text, n_records, problems } = exemplars::records(bytes);
        let why = format!("exemplars of a metric: {n_records} records, ordered by time and numbered by record");
        let format = exemplars::FORMAT.to_owned();
        return Converted { text, kind: SourceKind::Logs, format, why, n_records, keeps_lines: false, problems };
    }
    let skipped = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut writer = Writer::new(bytes, skipped);
    let told;
    let (format, what) = match sort {
        Sort::Json(format) => {
            envelope::convert(&mut writer);
            (format, if envelope::holds_spans(format) { "JSON that holds spans" } else { "JSON that holds log records" })
        }
        Sort::Table => {
            let (format, words) = table::convert(&mut writer);
            told = words;
            (format, told.as_str())
        }
        Sort::JournalExport => {
            journal::convert(&mut writer);
            ("journald-export", "blocks of journal fields")
        }
        Sort::JournalVerbose => {
            journal::convert_verbose(&mut writer);
            ("journald-verbose", "blocks of journal fields")
        }
        Sort::SlowQueries => {
            slow::convert(&mut writer);
            ("mysql-slow", "queries with their costs")
        }
        Sort::RedisSlow => {
            redis::convert(&mut writer);
            ("redis-slowlog", "slow queries of Redis")
        }
        Sort::Xml => {
            xml::convert(&mut writer);
            ("xml-log", "elements of XML that are log records")
        }
        Sort::TwoLine => {
            plain::convert_two_line(&mut writer);
            ("java-util-logging", "records of two lines")
        }
        Sort::Returns => {
            plain::convert_returns(&mut writer);
            ("", "lines that end by a carriage return alone")
        }
        Sort::Indented => {
            plain::convert_indented(&mut writer);
            ("", "lines with blanks before their times")
        }
        Sort::Partial => {
            partial::convert(&mut writer);
            ("cri", "lines of a container runtime, of which some were written in parts")
        }
        Sort::Exemplars => (exemplars::FORMAT, "exemplars of a metric"),
    };
    writer.finish(format, what)
}

/// Writes records at the lines on which they begin.
struct Writer<'a> {
    original: &'a [u8],
    text: Vec<u8>,
    n_records: u64,
    lines_out: u64,
    /// Bytes of the original up to which line ends are counted, and their number.
    counted: (usize, u64),
    keeps_lines: bool,
    problems: Problems,
}

impl<'a> Writer<'a> {
    fn new(original: &'a [u8], skipped: usize) -> Self {
        Self {
            original,
            text: Vec::with_capacity(original.len() + original.len() / 8),
            n_records: 0,
            lines_out: 0,
            counted: (skipped, 0),
            keeps_lines: true,
            problems: Problems::default(),
        }
    }

    /// Line (from 0) of a place; places must not go back.
    fn line_of(&mut self, offset: usize) -> u64 {
        let (at, line) = self.counted;
        if offset > at {
            let n = memchr::memchr_iter(b'\n', &self.original[at..offset.min(self.original.len())]).count();
            self.counted = (offset, line + n as u64);
        }
        self.counted.1
    }

    /// One record that begins at `offset` of the original.
    fn record(&mut self, offset: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let line = self.line_of(offset);
        if line < self.lines_out {
            self.keeps_lines = false;
        }
        while self.lines_out < line {
            self.text.push(b'\n');
            self.lines_out += 1;
        }
        write(&mut self.text);
        self.text.push(b'\n');
        self.lines_out += 1;
        self.n_records += 1;
    }

    fn problem(&mut self, offset: usize, kind: ProblemKind, reason: impl Into<String>) {
        let line = self.line_of(offset) + 1;
        self.problems.push(Problem { line, byte: offset as u64, kind, reason: reason.into() });
    }

    fn finish(mut self, format: &str, what: &str) -> Converted {
        let n_lines = self.line_of(self.original.len()) + u64::from(!self.original.ends_with(b"\n"));
        if self.keeps_lines {
            while self.lines_out < n_lines {
                self.text.push(b'\n');
                self.lines_out += 1;
            }
        } else {
            let mut text = Vec::with_capacity(self.text.len());
            self.text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.len() > 1).for_each(|line| text.extend_from_slice(line));
            self.text = text;
        }
        let lines = if self.keeps_lines {
            "line numbers are those of the file"
        } else {
            "several stand on one line, so lines are numbered by record"
        };
        Converted {
            text: self.text,
            kind: if envelope::holds_spans(format) { SourceKind::Traces } else { SourceKind::Logs },
            format: format.to_owned(),
            why: format!("{what}: {} records; {lines}", self.n_records),
            n_records: self.n_records,
            keeps_lines: self.keeps_lines,
            problems: self.problems,
        }
    }
}
