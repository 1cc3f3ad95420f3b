//! One parsed chunk of a log as columns (see [`super::columns`]), immutable once made.
//!
//! A [`Draft`] is made beside the parser on any thread; [`super::log::LogBuilder`] gives it its place in the source
//! (byte, line and record before it) and makes it a [`Segment`]. A segment is a run in time order: records that came
//! late get a permutation, records without a time a list, both only where they exist.

use std::sync::Arc;

use crate::model::Level;
use crate::model::time::NS_PER_S;
use crate::parse::log::{Joined, Joiner, give_back};
use crate::parse::template::{first_line, signature};
use crate::parse::{LogChunk, LogColumns, Message, NO_SERVICE, NO_TIME};

use super::column::Column;
use super::columns::Columns;

/// Records between two marks of line numbers: trades 4 bytes a stride against text to count newlines in.
pub(super) const LINE_STRIDE: usize = 64;

/// A parsed chunk that does not know yet what comes before it.
#[derive(Debug, Default)]
pub struct Draft {
    /// Of its columns only the times are left: they may still be corrected.
    chunk: LogChunk,
    pub(super) columns: Columns,
    /// What the times say as they stand.
    times: Times,
    /// Which services of the chunk a record has; the last one stands for none.
    pub(super) used_services: Box<[bool]>,
    pub(super) lines: Lines,
    pub(super) level_counts: [u64; Level::ALL.len()],
}

/// What the times of a chunk say.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub order: Option<Column>,
    pub unplaced: Box<[u32]>,
    pub span: Option<(i64, i64)>,
    /// How many are whole seconds, if none is missing and none is earlier than the one before it.
    pub whole_of_rising: Option<u64>,
}

/// Where the lines of records are, relative to the chunk.
#[derive(Debug, Clone)]
pub(super) enum Lines {
    /// Every record is one line, the first after so many others.
    OneEach(u32),
    /// Line (from 0) of every 64th record.
    Marks(Arc<[u32]>),
}

impl Default for Lines {
    fn default() -> Self {
        Self::OneEach(0)
    }
}

/// Records that are earlier than the latest placed record before them, wherever in the source that one stands.
///
/// Compared with the latest, not with the neighbour: when one record is far ahead, all that follow until the clock has
/// caught up came late, and the distance is how long a record was held back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Late {
    /// The latest time so far.
    pub(super) latest: Option<i64>,
    /// Placed records, and those of them at a whole second.
    pub(super) n_placed: u64,
    pub(super) n_whole: u64,
    /// As the times stand.
    pub(super) literal: LateCount,
    /// A whole second taken for all of it: late only when it is over.
    pub(super) whole: LateCount,
}

/// How many records are late, and how late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LateCount {
    /// How many.
    pub count: u64,
    /// The greatest distance, ns.
    pub max_ns: i64,
    /// Index of the first such record.
    pub first: Option<u64>,
}

impl Late {
    /// The count for the source so far. Where many times are whole seconds, some writer knows no finer ones.
    pub fn count(&self) -> LateCount {
        if self.n_whole * 20 > self.n_placed { self.whole } else { self.literal }
    }

    /// Takes the next placed record in.
    fn add(&mut self, record: u64, time: i64) {
        let latest = self.latest.map_or(time, |latest| latest.max(time));
        self.latest = Some(latest);
        let is_whole = time % NS_PER_S == 0;
        self.n_placed += 1;
        self.n_whole += u64::from(is_whole);
        let distance = latest.saturating_sub(time);
        if distance == 0 {
            return;
        }
        self.literal.add(record, distance);
        if !is_whole || distance >= NS_PER_S {
            self.whole.add(record, distance);
        }
    }

    /// Takes in the times of the next chunk, whose first record has the index `base`, and what they say. O(1) where they
    /// rise, else O(n).
    pub(super) fn append(&mut self, times: &[i64], told: &Times, base: u64) {
        if let (Some(n_whole), Some((first, last))) = (told.whole_of_rising, told.span)
            && self.latest.is_none_or(|latest| latest <= first)
        {
            self.latest = Some(last);
            self.n_placed += times.len() as u64;
            self.n_whole += n_whole;
            return;
        }
        for (i, time) in times.iter().enumerate().filter(|(_, time)| **time != NO_TIME) {
            self.add(base + i as u64, *time);
        }
    }
}

impl LateCount {
    fn add(&mut self, record: u64, distance: i64) {
        self.count += 1;
        self.max_ns = self.max_ns.max(distance);
        self.first = self.first.or(Some(record));
    }
}

impl Draft {
    /// The first chunk of a source: lines before the first record become one record without a time.
    pub fn first(mut chunk: LogChunk, bytes: &[u8]) -> Self {
        if chunk.head_lines > 0 && !says_nothing(&bytes[..(chunk.head_bytes as usize).min(bytes.len())]) {
            let columns = &mut chunk.columns;
            columns.offsets.insert(0, 0);
            columns.times.insert(0, NO_TIME);
            columns.levels.insert(0, Level::Unknown);
            columns.services.insert(0, NO_SERVICE);
            columns.statuses.insert(0, 0);
            columns.latencies.insert(0, f32::NAN);
            columns.traces.insert(0, 0);
            let text = first_line(bytes);
            columns.message_starts.insert(0, 0);
            columns.message_lens.insert(0, 0);
            let message = Message { signature: signature(text), text: String::from_utf8_lossy(text).into() };
            columns.messages.iter_mut().for_each(|index| *index += 1);
            columns.messages.insert(0, 0);
            chunk.messages.insert(0, message);
            chunk.n_continuation_lines += u64::from(chunk.head_lines) - 1;
            chunk.head_lines = 0;
            chunk.head_bytes = 0;
        }
        chunk.n_continuation_lines += u64::from(chunk.head_lines);
        Self::new(chunk, bytes)
    }

    /// Any other chunk: lines before its first record belong to the record before the chunk.
    pub fn later(mut chunk: LogChunk, bytes: &[u8]) -> Self {
        chunk.n_continuation_lines += u64::from(chunk.head_lines);
        Self::new(chunk, bytes)
    }

    fn new(mut chunk: LogChunk, bytes: &[u8]) -> Self {
        let own_lines = chunk.n_lines.saturating_sub(u64::from(chunk.head_lines));
        // Where no line goes on with the record before it, and none is odd, as many records as lines are one a line.
        let is_plain = chunk.n_continuation_lines == 0 && chunk.problems.total() == 0;
        let is_one_each = is_plain && own_lines == chunk.columns.offsets.len() as u64;
        let lines = match is_one_each {
            true => Lines::OneEach(chunk.head_lines),
            false => lines_of(&chunk.columns.offsets, bytes, own_lines, chunk.head_lines),
        };
        let mut level_counts = [0; Level::ALL.len()];
        chunk.columns.levels.iter().for_each(|level| level_counts[*level as usize] += 1);
        let n_services = chunk.services.len();
        let mut used_services = vec![false; n_services + 1];
        chunk.columns.services.iter().for_each(|code| used_services[usize::from(*code).min(n_services)] = true);
        let columns = Columns::of(&chunk.columns, n_services);
        let times = std::mem::take(&mut chunk.columns.times);
        give_back(std::mem::replace(&mut chunk.columns, LogColumns { times, ..LogColumns::default() }));
        let mut draft = Self { chunk, columns, times: Times::default(), used_services: used_services.into(), lines, level_counts };
        draft.place();
        draft
    }

    /// Makes the column of the times, and what they say.
    fn place(&mut self) {
        let times = &self.chunk.columns.times;
        self.times = Times::of(times);
        self.columns.set_times(times, self.times.span, self.times.unplaced.len());
    }

    /// Completes it with what the chunks before it tell, which hardly ever moves a time.
    pub fn join(&mut self, joiner: &mut Joiner) {
        if joiner.join(&mut self.chunk) == Joined::Moved {
            self.place();
        }
    }

    /// The parsed chunk.
    pub fn chunk(&self) -> &LogChunk {
        &self.chunk
    }

    /// What its times say.
    pub(super) fn times(&self) -> &Times {
        &self.times
    }

    /// The columns, what their times say, and the messages that they point at.
    pub(super) fn into_parts(self) -> (Columns, Times, Lines, Vec<Message>) {
        (self.columns, self.times, self.lines, self.chunk.messages)
    }
}

/// First and last of times of which none is missing and none is earlier than the one before it.
fn ends_of_rising(times: &[i64]) -> Option<(i64, i64)> {
    let (first, last) = (*times.first()?, *times.last()?);
    // No time is the least of all numbers.
    (first != NO_TIME && times.is_sorted()).then_some((first, last))
}
const _: () = assert!(NO_TIME == i64::MIN);

impl Times {
    /// O(n), O(n log n) when records are out of order.
    pub fn of(times: &[i64]) -> Self {
        if let Some(span) = ends_of_rising(times) {
            let n_whole = times.iter().map(|time| u64::from(time % NS_PER_S == 0)).sum::<u64>();
            return Self { span: Some(span), whole_of_rising: Some(n_whole), ..Self::default() };
        }
        let mut found = Self::default();
        let mut unplaced = Vec::new();
        let mut is_disordered = false;
        for (i, time) in times.iter().enumerate() {
            if *time == NO_TIME {
                unplaced.push(i as u32);
                continue;
            }
            let (min, max) = found.span.unwrap_or((*time, *time));
            is_disordered |= *time < max;
            found.span = Some((min.min(*time), max.max(*time)));
        }
        if is_disordered || !unplaced.is_empty() {
            let mut order: Vec<u32> = (0..times.len() as u32).filter(|i| times[*i as usize] != NO_TIME).collect();
            order.sort_by_key(|i| times[*i as usize]);
            found.order = Some(Column::of(&order, i64::from));
        }
        found.unplaced = unplaced.into();
        found
    }
}

/// Whether the lines before the first record are blank, comments, or the dashes that tools put around a log.
fn says_nothing(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').all(|line| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(b"#") || line.starts_with(b"-- ")
    })
}

/// One record a line if every record starts a line and there are no lines besides; else marks.
fn lines_of(offsets: &[u32], bytes: &[u8], own_lines: u64, head_lines: u32) -> Lines {
    let starts_line = |offset: &u32| *offset == 0 || bytes.get(*offset as usize - 1) == Some(&b'\n');
    if own_lines == offsets.len() as u64 && offsets.iter().all(starts_line) {
        return Lines::OneEach(head_lines);
    }
    let (mut line, mut at) = (0u32, 0usize);
    let marks = offsets.iter().step_by(LINE_STRIDE).map(|offset| {
        let to = (*offset as usize).clamp(at, bytes.len());
        line += count_lines(&bytes[at..to]) as u32;
        at = to;
        line
    });
    Lines::Marks(marks.collect())
}

/// Number of line ends. O(n), at memory speed.
pub fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// A chunk at its place in the source.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Offset of the chunk in the source.
    pub(super) base_byte: u64,
    /// Lines before the chunk.
    pub(super) base_line: u64,
    /// Records before the chunk.
    pub(super) base_record: u64,
    pub(super) columns: Columns,
    /// Service of the chunk → service of the source; the last entry is that of records without one.
    pub(super) service_codes: Box<[u16]>,
    /// Records with a time, in its order; `None` where that is the order of the file.
    pub(super) order: Option<Column>,
    pub(super) unplaced: Box<[u32]>,
    pub(super) span: Option<(i64, i64)>,
    pub(super) lines: Lines,
    /// Messages whose signature no segment before has; `columns.messages` counts through those of all segments.
    pub(super) new_messages: Arc<[Box<str>]>,
}

impl Segment {
    /// Number of records, at least one.
    pub fn len(&self) -> usize {
        self.columns.len
    }

    /// Never; see [`Segment::len`].
    pub fn is_empty(&self) -> bool {
        self.columns.len == 0
    }

    /// Number of records with a time.
    pub fn n_placed(&self) -> usize {
        self.len() - self.unplaced.len()
    }

    /// Index of the record at `position` in time order.
    pub(super) fn at_position(&self, position: usize) -> usize {
        self.order.as_ref().map_or(position, |order| order.get(position) as usize)
    }

    /// Number of placed records for which `is_before(time, record)` holds; they come first in the order.
    pub(super) fn partition(&self, is_before: impl Fn(i64, u64) -> bool) -> usize {
        let (mut low, mut high) = (0, self.n_placed());
        while low < high {
            let middle = low.midpoint(high);
            let i = self.at_position(middle);
            if is_before(self.columns.time(i), self.base_record + i as u64) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Service code of a record in its source; `NO_SERVICE` when it has none at all.
    pub(super) fn service(&self, i: usize) -> u16 {
        self.service_codes[self.columns.service(i)]
    }

    /// The nearest record at or before `i` whose line is known, and that line relative to the segment.
    pub(super) fn line_mark(&self, i: usize) -> (usize, u64) {
        match &self.lines {
            Lines::OneEach(head) => (i, u64::from(*head) + i as u64),
            Lines::Marks(marks) => (i / LINE_STRIDE * LINE_STRIDE, u64::from(marks[i / LINE_STRIDE])),
        }
    }

    /// Bytes that the segment takes in memory, without the constant part.
    pub fn memory_bytes(&self) -> usize {
        let marks = if let Lines::Marks(marks) = &self.lines { marks.len() } else { 0 };
        self.columns.memory_bytes()
            + self.service_codes.len() * 2
            + self.new_messages.iter().map(|text| text.len() + 16).sum::<usize>()
            + (marks + self.unplaced.len()) * 4
            + self.order.as_ref().map_or(0, Column::memory_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::chunk;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_that_rise_say_what_they_say_one_by_one(
            chunks in prop::collection::vec((prop::collection::vec(0i64..6, 0..8), prop::bool::weighted(0.7)), 1..6),
        ) {
            let (mut late, mut one_by_one, mut base, mut start) = (Late::default(), Late::default(), 0, 0);
            for (mut times, is_rising) in chunks {
                for time in &mut times {
                    *time = if *time == 0 && !is_rising { NO_TIME } else { start + *time * NS_PER_S / 4 };
                }
                if is_rising {
                    times.sort_unstable();
                }
                add(&mut late, &times, base);
                for (i, time) in times.iter().enumerate().filter(|(_, time)| **time != NO_TIME) {
                    one_by_one.add(base + i as u64, *time);
                }
                prop_assert_eq!(late, one_by_one);
                let placed = || times.iter().copied().filter(|time| *time != NO_TIME);
                let found = Times::of(&times);
                prop_assert_eq!(found.span, placed().min().zip(placed().max()));
                prop_assert_eq!(found.unplaced.len() + placed().count(), times.len());
                prop_assert_eq!(found.order.is_some(), !times.is_sorted() || times.contains(&NO_TIME));
                base += times.len() as u64;
                start += NS_PER_S / 2;
            }
        }
    }

    fn add(late: &mut Late, times: &[i64], base: u64) {
        late.append(times, &Times::of(times), base);
    }

    #[test]
    fn late_records_are_compared_with_the_latest_before_them_across_chunks() {
        let mut late = Late::default();
        add(&mut late, &[5, 9, 7, 8], 0);
        add(&mut late, &[NO_TIME, 3, 9, 4, 10], 4);
        assert_eq!(late.count(), LateCount { count: 4, max_ns: 6, first: Some(2) });
    }

    #[test]
    fn whole_seconds_among_finer_times_are_late_only_when_their_second_is_over() {
        let mut late = Late::default();
        add(&mut late, &[NS_PER_S + 130_000_000, NS_PER_S, NS_PER_S, 2 * NS_PER_S + 1, NS_PER_S], 0);
        assert_eq!(late.count(), LateCount { count: 1, max_ns: NS_PER_S + 1, first: Some(4) });
        let mut fine = Late::default();
        add(&mut fine, &(0..100).map(|i| i * 7 + 1).chain([NS_PER_S + 1, NS_PER_S]).collect::<Vec<_>>(), 0);
        assert_eq!(fine.count().count, 1, "among milliseconds a whole second is one of them");
    }

    #[test]
    fn only_records_that_are_late_or_unplaced_need_a_permutation() {
        assert_eq!(Times::of(&[1, 1, 2]).order, None);
        let order = Times::of(&[3, NO_TIME, 1]).order.unwrap();
        assert_eq!([order.get(0), order.get(1)], [2, 0]);
    }

    #[test]
    fn plain_lines_need_no_marks() {
        let text = b"1 info - a\n2 info - b\n";
        assert!(matches!(Draft::first(chunk(text), text).lines, Lines::OneEach(0)));
        let text = b"1 info - a\n more\n2 info - b\n";
        assert!(matches!(Draft::first(chunk(text), text).lines, Lines::Marks(_)));
    }

    #[test]
    fn lines_before_the_first_record_of_a_source_are_one_unplaced_record() {
        let text = b" banner\n more\n1 info - a\n";
        let draft = Draft::first(chunk(text), text);
        assert_eq!((draft.chunk().columns.times.as_slice(), draft.chunk().n_continuation_lines), (&[NO_TIME, 1][..], 1));
    }
}
