//! The events of one source: segments in file order, the names its codes stand for, and the way back to its text.
//!
//! A record runs from its offset to the start of the next one, across segments, so that a message that was cut by a
//! chunk border is whole again. Segments are shared between snapshots: publishing costs a pointer a segment.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::model::catalog::Problems;
use crate::model::{Event, EventRef, Level, Problem, ProblemKind, SourceId, Timestamp};
use crate::parse::{Message, NO_SERVICE, NO_TIME, RecordDetail, template};

use super::columns::Columns;
use super::late::KeptParts;
use super::segment::{Draft, Late, Segment, Times, count_lines};
use super::service::service_of_path;
use super::{StoreError, Text, Watch};

/// Reads one record again with all its fields.
pub type RecordReader = Arc<dyn Fn(&[u8]) -> RecordDetail + Send + Sync>;

/// A record is read back up to this size; the rest of a longer one is neither shown nor searched.
pub const MAX_RECORD_BYTES: u64 = 1 << 20;
/// `Event::raw` is cut at this size: more than any screen shows, less than a page of them can hurt.
pub const MAX_RAW_BYTES: usize = 64 << 10;
/// Services beyond so many of one source are counted together.
const MAX_SERVICES: usize = 65_000;
/// What those are called.
const OTHER_SERVICES: &str = "(other services)";

/// Different messages of one source from which templates are made: bounds memory where every word is new.
pub const MAX_MESSAGES: u32 = 1 << 18;
/// Code of messages beyond them.
pub(super) const NO_MESSAGE: u32 = u32::MAX;

/// The events of one source, as far as they are loaded. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    pub(super) source: SourceId,
    pub(super) text: Arc<dyn Text>,
    read_record: RecordReader,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) services: Vec<String>,
    pub(super) n_records: u64,
    pub(super) end_byte: u64,
    pub(super) is_whole: bool,
    /// Segments at the end that may be joined with what comes next.
    pub(super) n_loose: usize,
    /// Rises when something that was told of the text does not hold any more.
    pub(super) epoch: u32,
    /// How far its times were moved from those that it states.
    pub(super) moved_ns: i64,
    /// Where columns are that were left in an index.
    pub(super) kept: Option<Arc<dyn KeptParts>>,
    /// Records that another log holds too and that are counted there, in rising order.
    pub(super) elsewhere: Arc<[Range<u64>]>,
}

impl Log {
    /// The source.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// Number of records.
    pub fn n_records(&self) -> u64 {
        self.n_records
    }

    /// Whether a column that was left in an index is not there any more: its records say nothing.
    pub fn is_lost(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.is_lost())
    }

    /// Path as in the catalog.
    pub fn path(&self) -> &str {
        self.text.path()
    }

    /// Bytes of all columns in memory.
    pub fn memory_bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.memory_bytes()).sum()
    }

    /// Whether the text of a segment cannot grow any more.
    pub(super) fn is_settled(&self, segment: usize) -> bool {
        self.is_whole || segment + self.n_loose.max(1) < self.segments.len()
    }

    /// Segment and index of a record.
    pub(super) fn find(&self, record: u64) -> Option<(usize, usize)> {
        let segment = self.segments.partition_point(|segment| segment.base_record <= record).checked_sub(1)?;
        let i = (record - self.segments[segment].base_record) as usize;
        (i < self.segments[segment].len()).then_some((segment, i))
    }

    /// Different messages so far, in order of their first record; a code of `columns.messages` is a place in it.
    pub(super) fn messages(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(|segment| segment.new_messages.iter().map(AsRef::as_ref))
    }

    /// Texts by code, for many look-ups.
    pub(super) fn message_texts(&self) -> MessageTexts<'_> {
        let mut next = 0;
        let starts = self.segments.iter().map(|segment| {
            next += segment.new_messages.len() as u32;
            next
        });
        MessageTexts { ends: starts.collect(), segments: &self.segments }
    }

    /// How many different messages there are so far.
    pub(super) fn n_messages(&self) -> usize {
        self.segments.iter().map(|segment| segment.new_messages.len()).sum()
    }

    /// Name of a service code.
    pub(super) fn service_name(&self, code: u16) -> Option<&str> {
        self.services.get(code as usize).map(String::as_str)
    }

    fn start_of(&self, segment: usize, i: usize) -> u64 {
        self.segments[segment].base_byte + u64::from(self.segments[segment].columns.offset(i))
    }

    /// Bytes of a record, line end included.
    pub(super) fn record_range(&self, segment: usize, i: usize) -> Range<u64> {
        let start = self.start_of(segment, i);
        let end = if i + 1 < self.segments[segment].len() {
            self.start_of(segment, i + 1)
        } else if segment + 1 < self.segments.len() {
            self.start_of(segment + 1, 0)
        } else {
            self.end_byte
        };
        start..end.max(start)
    }

    /// Segment and index of the record that holds this byte.
    pub(super) fn record_at(&self, byte: u64) -> Option<(usize, usize)> {
        let mut segment = self.segments.partition_point(|segment| segment.base_byte <= byte).checked_sub(1)?;
        // Text before the first record of a segment belongs to the last one before it.
        if self.start_of(segment, 0) > byte {
            segment = segment.checked_sub(1)?;
        }
        let (mut low, mut high) = (0, self.segments[segment].len());
        while high - low > 1 {
            let middle = low.midpoint(high);
            if self.start_of(segment, middle) <= byte { low = middle } else { high = middle }
        }
        Some((segment, low))
    }

    /// Where the message of a record stands in the source, if it stands there in one piece.
    pub fn message_range(&self, record: u64) -> Option<Range<u64>> {
        let (segment, i) = self.find(record)?;
        let (span, start) = (self.segments[segment].columns.message_span(i)?, self.start_of(segment, i));
        Some(start + span.start as u64..start + span.end as u64)
    }

    /// Bytes from the first to the last record of a segment, the last one cut at the limit of a record.
    pub(super) fn segment_range(&self, segment: usize) -> Range<u64> {
        let last = self.record_range(segment, self.segments[segment].len() - 1);
        self.start_of(segment, 0)..last.end.min(last.start + MAX_RECORD_BYTES)
    }

    /// Reads one record, cut at the limit.
    pub(super) fn detail(&self, record: &[u8]) -> RecordDetail {
        (self.read_record)(record)
    }

    /// A record with all its fields; `None`, and a warning, when its text is gone.
    pub(super) fn read_detail(&self, segment: usize, i: usize, watch: &Watch<'_>) -> Result<Option<RecordDetail>, StoreError> {
        let range = self.record_range(segment, i);
        let kept = range.start..range.end.min(range.start + MAX_RECORD_BYTES);
        Ok(watch.readable(self.text.read(kept))?.map(|bytes| self.detail(&bytes)))
    }

    /// Line of a record from 1. Reads at most the text of 64 records before it.
    fn line_of(&self, segment: usize, i: usize) -> Result<u64, StoreError> {
        let (mark, line) = self.segments[segment].line_mark(i);
        let line = self.segments[segment].base_line + line + 1;
        if mark == i {
            return Ok(line);
        }
        Ok(line + count_lines(&self.text.read(self.start_of(segment, mark)..self.start_of(segment, i))?))
    }

    /// The record as an event. Text that is gone leaves an event without words, and a warning.
    pub(super) fn event(&self, segment: usize, i: usize, watch: &Watch<'_>) -> Result<Event, StoreError> {
        let columns = &self.segments[segment].columns;
        let time = columns.time(i);
        let record = self.segments[segment].base_record + i as u64;
        let mut event = Event {
            id: EventRef { source: self.source, record },
            time: (time != NO_TIME).then_some(Timestamp(time)),
            clock_ns: self.moved_ns,
            level: columns.level(i),
            service: self.service_name(self.segments[segment].service(i)).map(str::to_owned),
            source: self.text.path().to_owned(),
            latency_s: Some(columns.latency(i)).filter(|latency| !latency.is_nan()),
            n_lines: 1,
            ..Event::default()
        };
        let range = self.record_range(segment, i);
        let kept = range.start..range.end.min(range.start + MAX_RECORD_BYTES);
        let Some((bytes, line)) = watch.readable(self.text.read(kept).and_then(|bytes| Ok((bytes, self.line_of(segment, i)?))))? else {
            return Ok(event);
        };
        let detail = self.detail(&bytes);
        event.line = line;
        event.n_lines = self.lines_in(&bytes, range)?;
        event.message = detail.message;
        event.trace_id = detail.trace_id;
        event.fields = detail.fields;
        if event.service.as_deref() == Some(OTHER_SERVICES) {
            event.service = detail.service;
        }
        let raw = &bytes[..bytes.len().min(MAX_RAW_BYTES)];
        String::from_utf8_lossy(raw).trim_end_matches(['\n', '\r']).clone_into(&mut event.raw);
        Ok(event)
    }

    /// Lines of a record of which the first bytes are known; a last line without its end counts.
    fn lines_in(&self, known: &[u8], range: Range<u64>) -> Result<u32, StoreError> {
        const BLOCK: u64 = 1 << 20;
        let mut n = count_lines(known);
        let mut last = known.last().copied();
        let mut at = range.start + known.len() as u64;
        while at < range.end {
            let block = self.text.read(at..range.end.min(at + BLOCK))?;
            n += count_lines(&block);
            last = block.last().copied();
            at += block.len() as u64;
        }
        let n = n + u64::from(last.is_some_and(|byte| byte != b'\n'));
        Ok(u32::try_from(n).unwrap_or(u32::MAX).max(1))
    }

    /// The greatest known line start at or before `line` (from 1): its offset and its line.
    pub fn line_start(&self, line: u64) -> (u64, u64) {
        let i = self.segments.partition_point(|segment| segment.base_line < line);
        i.checked_sub(1).map_or((0, 1), |i| (self.segments[i].base_byte, self.segments[i].base_line + 1))
    }
}

/// The different messages of a log.
pub(super) struct MessageTexts<'a> {
    /// Messages up to the end of each segment.
    ends: Vec<u32>,
    segments: &'a [Arc<Segment>],
}

impl MessageTexts<'_> {
    /// Text of a code; `None` beyond the limit.
    pub fn get(&self, code: u32) -> Option<&str> {
        let segment = self.ends.partition_point(|end| *end <= code);
        let start = segment.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.segments.get(segment)?.new_messages.get((code - start) as usize).map(AsRef::as_ref)
    }
}

/// What is known of a log beside its columns, for the catalog.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogFacts {
    /// Number of lines.
    pub n_lines: u64,
    /// Lines folded into the record before them.
    pub n_continuation_lines: u64,
    /// Records without a time.
    pub n_unplaced: u64,
    /// First and last time.
    pub span: Option<(i64, i64)>,
    /// Records by level.
    pub level_counts: [u64; Level::ALL.len()],
    /// Problems at their places in the source.
    pub problems: Problems,
    /// Records earlier than the latest one before them.
    pub late: Late,
    /// Index, line and byte of the first of those.
    pub first_late: Option<(u64, u64, u64)>,
    /// Records beyond the limit of different messages: they have no pattern.
    pub n_without_pattern: u64,
    /// Different messages that are longer than patterns look.
    pub n_long_messages: u64,
}

/// Appends chunks in file order.
pub struct LogBuilder {
    pub(super) log: Log,
    pub(super) facts: LogFacts,
    pub(super) codes: HashMap<String, u16>,
    default_service: Option<String>,
    /// Signature → code of its message.
    pub(super) messages: HashMap<u64, u32>,
    pub(super) is_full: bool,
}

impl LogBuilder {
    /// An empty log of a source.
    pub fn new(source: SourceId, text: Arc<dyn Text>, read_record: RecordReader) -> Self {
        let default_service = service_of_path(text.path());
        let log = Log {
            source,
            text,
            read_record,
            segments: Vec::new(),
            services: Vec::new(),
            n_records: 0,
            end_byte: 0,
            is_whole: false,
            n_loose: 0,
            epoch: 0,
            moved_ns: 0,
            kept: None,
            elsewhere: Arc::default(),
        };
        Self { log, facts: LogFacts::default(), codes: HashMap::new(), default_service, messages: HashMap::new(), is_full: false }
    }

    /// What is loaded so far.
    pub fn snapshot(&self) -> Log {
        self.log.clone()
    }

    /// What is known so far.
    pub fn facts(&self) -> &LogFacts {
        &self.facts
    }

    /// Number of records so far.
    pub fn n_records(&self) -> u64 {
        self.log.n_records
    }

    /// Time of the last record so far, if it has one. O(1).
    pub fn last_time(&self) -> Option<i64> {
        let columns = &self.log.segments.last()?.columns;
        columns.len.checked_sub(1).map(|last| columns.time(last)).filter(|time| *time != NO_TIME)
    }

    /// Nothing more will be appended.
    pub fn finish(&mut self) {
        self.log.is_whole = true;
    }

    /// End of the bytes appended so far.
    pub fn end_byte(&self) -> u64 {
        self.log.end_byte
    }

    /// Services of the events so far, sorted.
    pub fn services(&self) -> Vec<String> {
        let mut services = self.log.services.clone();
        services.sort_unstable();
        services
    }

    /// Appends the next chunk, of `size_bytes` bytes.
    pub fn append(&mut self, draft: Draft, size_bytes: u64) {
        let (base_byte, base_line, base_record) = (self.log.end_byte, self.facts.n_lines, self.log.n_records);
        self.add_facts(&draft);
        self.log.end_byte += size_bytes;
        if draft.chunk().columns.times.is_empty() {
            return;
        }
        let service_codes = self.service_codes(&draft);
        let (mut columns, Times { order, unplaced, span, .. }, lines, messages) = draft.into_parts();
        let new_messages = self.known_messages(&mut columns, messages);
        self.log.n_records += columns.len as u64;
        let segment = Segment { base_byte, base_line, base_record, columns, service_codes, order, unplaced, span, lines, new_messages };
        self.log.segments.push(Arc::new(segment));
        self.place_first_late();
    }

    fn add_facts(&mut self, draft: &Draft) {
        let times = draft.times();
        let (base_byte, base_record) = (self.log.end_byte, self.log.n_records);
        let facts = &mut self.facts;
        let mut problems = draft.chunk().problems.clone();
        for problem in problems.kept_mut() {
            problem.byte += base_byte;
            problem.line += if problem.line > 0 { facts.n_lines } else { 0 };
        }
        facts.problems.append(problems);
        facts.n_lines += draft.chunk().n_lines;
        facts.n_continuation_lines += draft.chunk().n_continuation_lines;
        facts.n_unplaced += times.unplaced.len() as u64;
        facts.late.append(&draft.chunk().columns.times, times, base_record);
        for (sum, n) in facts.level_counts.iter_mut().zip(draft.level_counts) {
            *sum += n;
        }
        facts.span = match (facts.span, times.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }

    /// Line and byte of the first late record.
    fn place_first_late(&mut self) {
        let Some(record) = self.facts.late.count().first else { return };
        if self.facts.first_late.is_none_or(|(known, ..)| known != record)
            && let Some((segment, i)) = self.log.find(record)
        {
            let line = self.log.line_of(segment, i).unwrap_or(0);
            self.facts.first_late = Some((record, line, self.log.start_of(segment, i)));
        }
    }

    fn service_codes(&mut self, draft: &Draft) -> Box<[u16]> {
        let chunk = draft.chunk();
        let names = chunk.services.iter().map(Some).chain([None]);
        let codes = names.zip(&draft.used_services).map(|(name, is_used)| match name.cloned().or_else(|| self.default_service.clone()) {
            Some(name) if *is_used => self.code_of(name),
            _ => NO_SERVICE,
        });
        codes.collect()
    }

    /// Makes the messages of columns count through those of the whole source; gives those that are new.
    fn known_messages(&mut self, columns: &mut Columns, messages: Vec<Message>) -> Arc<[Box<str>]> {
        let mut new = Vec::new();
        let codes: Vec<u32> = messages
            .into_iter()
            .map(|Message { signature, text }| {
                let next = self.messages.len() as u32;
                if next >= MAX_MESSAGES {
                    return self.messages.get(&signature).copied().unwrap_or(NO_MESSAGE);
                }
                *self.messages.entry(signature).or_insert_with(|| {
                    new.push(text);
                    next
                })
            })
            .collect();
        columns.set_message_codes(codes);
        self.facts.n_long_messages += new.iter().filter(|text| !template::is_whole(text)).count() as u64;
        if self.messages.len() as u32 >= MAX_MESSAGES {
            self.facts.n_without_pattern += (0..columns.len).filter(|i| columns.message(*i) == NO_MESSAGE).count() as u64;
        }
        new.into()
    }

    fn code_of(&mut self, name: String) -> u16 {
        if let Some(code) = self.codes.get(&name) {
            return *code;
        }
        if self.log.services.len() >= MAX_SERVICES {
            if !self.is_full {
                self.is_full = true;
                self.log.services.push(OTHER_SERVICES.to_owned());
                let reason = format!("more than {MAX_SERVICES} services; further ones are counted together as {OTHER_SERVICES}");
                self.facts.problems.push(Problem { line: 0, byte: 0, kind: ProblemKind::Limit, reason });
            }
            return MAX_SERVICES as u16;
        }
        let code = self.log.services.len() as u16;
        self.log.services.push(name.clone());
        self.codes.insert(name, code);
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{log, watch};

    const TEXT: &str = "5 error order a b\n in its second line\n7 info - c\n6 warn pay d\n tail\n8 - - e";

    fn all(log: &Log) -> Vec<(u64, u32, Option<String>, String)> {
        let event = |record| {
            let (segment, i) = log.find(record).unwrap();
            log.event(segment, i, &watch()).unwrap()
        };
        (0..log.n_records()).map(event).map(|e| (e.line, e.n_lines, e.service, e.raw)).collect()
    }

    #[test]
    fn the_cut_into_chunks_never_shows() {
        let whole = all(&log(0, "logs/web-1.log", TEXT, 99));
        assert_eq!(whole[0].3, "5 error order a b\n in its second line");
        assert_eq!(whole.iter().map(|e| (e.0, e.1)).collect::<Vec<_>>(), [(1, 2), (3, 1), (4, 2), (6, 1)]);
        assert_eq!(whole[1].2.as_deref(), Some("web"), "a record without a service speaks for its source");
        for lines in 1..6 {
            assert_eq!(all(&log(0, "logs/web-1.log", TEXT, lines)), whole);
        }
    }

    #[test]
    fn a_record_costs_at_most_24_bytes() {
        let text: String = (0..10_000).map(|i| format!("{i} info order x\n")).collect::<Vec<_>>().concat();
        let log = log(0, "a.log", &text, 4000);
        assert!(log.memory_bytes() as u64 <= 26 * log.n_records(), "{}", log.memory_bytes());
    }

    #[test]
    fn lost_text_leaves_an_event_and_a_warning() {
        let mut log = Log::clone(&log(0, "a.log", TEXT, 99));
        log.text = Arc::new(crate::store::testing::Bytes("a.log".into(), Vec::new()));
        let watch = watch();
        let event = log.event(0, 1, &watch).unwrap();
        assert_eq!((event.time, event.message.as_str()), (Some(Timestamp(7)), ""));
        assert_eq!(watch.into_warnings(), ["a.log: ends early"]);
    }
}
