//! Lines that several logs hold: a program's own file, what its container runtime kept of it, what reached the journal.
//!
//! Two logs tell of the same events where nearly every line of the one stands in the other too, at nearly the same time.
//! Programs that run several times write alike without writing the same: so the lines must tell them apart, by times finer
//! than seconds, or by going on for longer than a start lasts. What is found is skipped by series that count events
//! (`derive`), in the log that says less; nothing else changes. Knows no formats: who asks gives the line of a record.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use super::log::{Log, LogBuilder};
use super::segment::Segment;
use super::{StoreError, Watch};
use crate::model::SourceId;
use crate::model::time::NS_PER_S;
use crate::parse::log::Written;

/// Times of one line in two logs are at most so far apart: whole seconds, and what it waited on its way.
const APART_NS: i64 = 2 * NS_PER_S;
/// Different lines that both must hold at least.
const LEAST_LINES: usize = 10;
/// Without fine times in the lines both must go on for so long together.
const LEAST_NS: i64 = 60 * NS_PER_S;
/// Lines that are looked at before all are.
const PROBES: u64 = 16;
/// Records that are read to find likely pairs: well under a second. Beyond that logs are not compared.
const MAX_PROBE_READS: u64 = 400_000;
/// Records of likely pairs that are read.
const MAX_READS: u64 = 8_000_000;
/// Bytes of a record that are read: longer lines are compared by their beginnings.
const LINE_BYTES: u64 = 16 << 10;

/// Reads the line of a record.
pub type WrittenReader<'a> = Box<dyn Fn(&[u8]) -> Written + Sync + 'a>;

/// Records of one log that another one holds too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The log whose records they are.
    pub of: SourceId,
    /// The log in which they are counted.
    pub counted_in: SourceId,
    /// How many.
    pub n_records: u64,
    /// Their numbers, in rising order, apart from one another.
    pub records: Vec<Range<u64>>,
}

/// A record as it is compared.
#[derive(Debug, Clone, Copy)]
struct Entry {
    time: i64,
    line: u64,
    record: u64,
    is_fine: bool,
    is_bare: bool,
}

/// A log, and how the line of one of its records is read.
type Told<'a> = (Arc<Log>, WrittenReader<'a>);

/// How many records may still be read.
struct Left {
    of_probes: u64,
    of_all: u64,
}

/// Finds them in all pairs of logs that could hold the same, the likeliest first. O(pairs of logs), and O(records) for those
/// that do; what is beyond the limits of reading is not compared.
pub fn find(logs: &[Told<'_>], watch: &Watch<'_>) -> Result<Vec<Repeat>, StoreError> {
    let mut left = Left { of_probes: MAX_PROBE_READS, of_all: MAX_READS };
    let mut ranks: HashMap<SourceId, Rank> = HashMap::new();
    let mut found = Vec::new();
    for (fewer, more) in candidates(logs, watch)? {
        watch.check()?;
        let Some(range) = shared(&fewer.0, &more.0) else { continue };
        if !is_likely((fewer, more), &range, &mut left.of_probes, watch)? {
            continue;
        }
        let wide = range.start.saturating_sub(APART_NS)..range.end.saturating_add(APART_NS);
        let n = fewer.0.n_within(&wide) + more.0.n_within(&wide);
        let Some(rest) = left.of_all.checked_sub(n) else { continue };
        left.of_all = rest;
        let (of_fewer, of_more) = (entries(fewer, &wide, watch)?, entries(more, &wide, watch)?);
        let matched = matched(&of_fewer, &of_more);
        if !is_same(&matched, &of_fewer, (fewer.0.n_within(&range), &range)) {
            continue;
        }
        for ((log, _), entries) in [(fewer, &of_fewer), (more, &of_more)] {
            let is_bare = entries.first().is_some_and(|entry| entry.is_bare);
            ranks.entry(log.source()).or_insert_with(|| Rank::of(log, is_bare));
        }
        let is_fewer_skipped = ranks[&fewer.0.source()] < ranks[&more.0.source()];
        let (of, counted_in) = if is_fewer_skipped { (fewer, more) } else { (more, fewer) };
        let records = matched.iter().map(|(a, b)| if is_fewer_skipped { of_fewer[*a].record } else { of_more[*b].record }).collect();
        let (of, counted_in) = (of.0.source(), counted_in.0.source());
        found.push(Repeat { of, counted_in, n_records: matched.len() as u64, records: ranges(records) });
    }
    Ok(without_said(found, &ranks))
}

/// What three logs hold is said of two of them, each time of the one that counts.
fn without_said(mut found: Vec<Repeat>, ranks: &HashMap<SourceId, Rank>) -> Vec<Repeat> {
    found.sort_by_key(|repeat| (repeat.of, Reverse(ranks[&repeat.counted_in])));
    let mut kept: Vec<Repeat> = Vec::new();
    for repeat in found {
        let known = joined(kept.iter().filter(|known| known.of == repeat.of).flat_map(|known| known.records.iter().cloned()));
        let is_known = |range: &Range<u64>| known.iter().any(|known| known.start <= range.start && range.end <= known.end);
        if !repeat.records.iter().all(is_known) {
            kept.push(repeat);
        }
    }
    kept
}

/// Pairs with enough records in the time that they share, the one with fewer of them first; pairs of like numbers first.
fn candidates<'a, 'w>(logs: &'a [Told<'w>], watch: &Watch<'_>) -> Result<Vec<(&'a Told<'w>, &'a Told<'w>)>, StoreError> {
    let mut pairs = Vec::new();
    for (index, first) in logs.iter().enumerate() {
        watch.check()?;
        for second in &logs[index + 1..] {
            let Some(range) = shared(&first.0, &second.0) else { continue };
            let (a, b) = (first.0.n_within(&range), second.0.n_within(&range));
            let (fewer, more) = if a <= b { (first, second) } else { (second, first) };
            if a.min(b) >= LEAST_LINES as u64 {
                pairs.push((a.max(b) * 1_000 / a.min(b), fewer, more));
            }
        }
    }
    pairs.sort_by_key(|(unlike, fewer, more)| (*unlike, fewer.0.source(), more.0.source()));
    Ok(pairs.into_iter().map(|(_, fewer, more)| (fewer, more)).collect())
}

/// How much a log says of its records; the last part makes every two of them differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Statuses, latencies and levels of a thousand records.
    says: u64,
    /// Whether it is what the program wrote itself.
    is_bare: bool,
    /// Few records beside those of the program.
    alone: Reverse<u64>,
    id: Reverse<SourceId>,
}

impl Rank {
    fn of(log: &Log, is_bare: bool) -> Self {
        let mut n = 0;
        for columns in log.segments.iter().map(|segment| &segment.columns) {
            let says = |i: usize| {
                u64::from(columns.status(i) > 0)
                    + u64::from(!columns.latency(i).is_nan())
                    + u64::from(columns.level(i) != crate::model::Level::Unknown)
            };
            n += (0..columns.len).map(says).sum::<u64>();
        }
        let says = n * 1_000 / log.n_records().max(1);
        Self { says, is_bare, alone: Reverse(log.n_records()), id: Reverse(log.source()) }
    }
}

/// The time that both logs tell of.
fn shared(a: &Log, b: &Log) -> Option<Range<i64>> {
    let (a, b) = (a.span()?, b.span()?);
    let range = a.0.max(b.0)..a.1.min(b.1).saturating_add(1);
    (range.start < range.end).then_some(range)
}

/// Whether lines from all over the shared time are in the other log too.
fn is_likely((fewer, more): (&Told<'_>, &Told<'_>), range: &Range<i64>, left: &mut u64, watch: &Watch<'_>) -> Result<bool, StoreError> {
    let n = fewer.0.n_within(range);
    let around = |time: i64| time.saturating_sub(APART_NS)..time.saturating_add(APART_NS + 1);
    let places = (0..PROBES.min(n)).filter_map(|probe| fewer.0.nth_within(range, probe * n / PROBES.min(n)));
    let near = |(segment, i): (usize, usize)| more.0.n_within(&around(fewer.0.segments[segment].columns.time(i)));
    // Where there is little to read first: most logs are told apart there.
    let mut probes: Vec<(u64, (usize, usize))> = places.map(|place| (near(place), place)).collect();
    probes.sort_unstable();
    let mut n_missed = 0;
    for (n_near, (segment, i)) in &probes {
        let Some(rest) = left.checked_sub(n_near + 1) else { return Ok(false) };
        *left = rest;
        let Some(own) = entry(fewer, (*segment, *i), watch)? else { continue };
        let is_there = *n_near > 0 && entries(more, &around(own.time), watch)?.iter().any(|entry| entry.line == own.line);
        n_missed += usize::from(!is_there);
        if n_missed * 10 > probes.len() {
            return Ok(false);
        }
    }
    Ok(!probes.is_empty())
}

fn entry((log, written): &Told<'_>, (segment, i): (usize, usize), watch: &Watch<'_>) -> Result<Option<Entry>, StoreError> {
    let range = log.record_range(segment, i);
    let start = range.start..range.end.min(range.start + LINE_BYTES);
    let Some(bytes) = watch.readable(log.text.read(start))? else { return Ok(None) };
    let Written { text, has_fine_time, is_bare } = written(&bytes);
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let segment = &log.segments[segment];
    let (time, record) = (segment.columns.time(i), segment.base_record + i as u64);
    Ok(Some(Entry { time, line: hasher.finish(), record, is_fine: has_fine_time, is_bare }))
}

/// The records of a log within a time, by time.
fn entries(told: &Told<'_>, range: &Range<i64>, watch: &Watch<'_>) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    for (number, segment) in told.0.segments.iter().enumerate() {
        watch.check()?;
        let positions = segment.positions(range);
        for i in positions.map(|position| segment.at_position(position)) {
            found.extend(entry(told, (number, i), watch)?);
        }
    }
    found.sort_by_key(|entry| (entry.time, entry.record));
    Ok(found)
}

/// Pairs of places with the same line at nearly the same time, each record in one pair at most; the earliest that fits is
/// taken, so that repeated lines find one another in their order.
fn matched(a: &[Entry], b: &[Entry]) -> Vec<(usize, usize)> {
    let mut by_line: HashMap<u64, (Vec<usize>, usize)> = HashMap::new();
    for (index, entry) in b.iter().enumerate() {
        by_line.entry(entry.line).or_default().0.push(index);
    }
    let mut pairs = Vec::new();
    for (index, entry) in a.iter().enumerate() {
        let Some((places, next)) = by_line.get_mut(&entry.line) else { continue };
        while places.get(*next).is_some_and(|place| b[*place].time < entry.time.saturating_sub(APART_NS)) {
            *next += 1;
        }
        if let Some(place) = places.get(*next).filter(|place| b[**place].time <= entry.time.saturating_add(APART_NS)) {
            pairs.push((index, *place));
            *next += 1;
        }
    }
    pairs
}

/// Whether so many lines are no chance.
fn is_same(pairs: &[(usize, usize)], of_fewer: &[Entry], (n_shared, range): (u64, &Range<i64>)) -> bool {
    let lines: HashSet<u64> = pairs.iter().map(|(a, _)| of_fewer[*a].line).collect();
    let n_fine = pairs.iter().filter(|(a, _)| of_fewer[*a].is_fine).count();
    let is_whole = pairs.len() as u64 * 20 >= n_shared * 19;
    let is_telling = n_fine * 10 >= pairs.len() * 9 || range.end.saturating_sub(range.start) >= LEAST_NS;
    is_whole && is_telling && lines.len() >= LEAST_LINES
}

/// Numbers as ranges.
fn ranges(mut records: Vec<u64>) -> Vec<Range<u64>> {
    records.sort_unstable();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for record in records {
        match ranges.last_mut() {
            Some(last) if last.end == record => last.end += 1,
            _ => ranges.push(record..record + 1),
        }
    }
    ranges
}

/// Ranges of several lists together.
pub fn joined(lists: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut all: Vec<Range<u64>> = lists.collect();
    all.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in all {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

impl Log {
    /// First and last time.
    fn span(&self) -> Option<(i64, i64)> {
        let spans = || self.segments.iter().filter_map(|segment| segment.span);
        spans().map(|span| span.0).min().zip(spans().map(|span| span.1).max())
    }

    /// How many records lie within a time. O(log records) a segment.
    fn n_within(&self, range: &Range<i64>) -> u64 {
        self.segments.iter().map(|segment| segment.positions(range).len() as u64).sum()
    }

    /// Segment and index of one of them, counted from 0 by segment and time.
    fn nth_within(&self, range: &Range<i64>, mut n: u64) -> Option<(usize, usize)> {
        for (number, segment) in self.segments.iter().enumerate() {
            let positions = segment.positions(range);
            let len = positions.len() as u64;
            if n < len {
                return Some((number, segment.at_position(positions.start + n as usize)));
            }
            n -= len;
        }
        None
    }
}

impl Segment {
    /// The records within a time, by their place in its order.
    fn positions(&self, range: &Range<i64>) -> Range<usize> {
        let outside = self.span.is_none_or(|(first, last)| last < range.start || first >= range.end);
        if outside { 0..0 } else { self.partition(|time, _| time < range.start)..self.partition(|time, _| time < range.end) }
    }
}

impl LogBuilder {
    /// Says which records another log holds too: series of events do not count them here.
    pub fn count_elsewhere(&mut self, records: Vec<Range<u64>>) {
        self.log.elsewhere = records.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{log, watch};

    fn found(a: &str, b: &str) -> Vec<(u32, u32, u64)> {
        let written = |record: &[u8]| {
            let text = String::from_utf8_lossy(record);
            let text = text.trim().splitn(4, ' ').nth(3).unwrap_or_default().to_owned();
            let has_fine_time = text.contains("at:");
            Written { text, has_fine_time, is_bare: true }
        };
        let logs = [(log(0, "a", a, 7), Box::new(written) as WrittenReader<'_>), (log(1, "b", b, 3), Box::new(written))];
        find(&logs, &watch())
            .expect("not cancelled")
            .into_iter()
            .map(|repeat| (repeat.of.0, repeat.counted_in.0, repeat.n_records))
            .collect()
    }

    fn lines(range: Range<i64>, step_s: i64, late_ns: i64, text: impl Fn(i64) -> String) -> String {
        range.map(|i| format!("{} info s {}\n", i * step_s * NS_PER_S + late_ns, text(i))).collect()
    }

    #[test]
    fn the_same_lines_a_little_later_are_the_same_events() {
        let text = |i| format!("at:{i} done status=200");
        let (own, kept) = (lines(0..40, 1, 0, text), lines(0..40, 1, 5_000_000, text));
        assert_eq!(found(&own, &kept), [(1, 0, 40)], "both say as much: the first counts");
        assert_eq!(found(&lines(0..40, 1, 0, text), &lines(10..30, 1, 9, text)), [(0, 1, 20)], "what only one of them covers stays");
    }

    #[test]
    fn a_log_among_others_of_a_journal_is_found_and_counted_where_it_says_more() {
        let text = |i| format!("at:{i} done status=200");
        let noise = lines(0..80, 1, 7, |i| format!("kernel {i}"));
        assert_eq!(found(&(lines(0..40, 1, 0, text) + &noise), &lines(0..40, 1, 0, text)), [(0, 1, 40)]);
    }

    #[test]
    fn programs_that_run_several_times_are_not_one() {
        let start = |i| format!("starting worker {i}");
        assert_eq!(found(&lines(0..30, 0, 0, start), &lines(0..30, 0, 9, start)), [], "thirty lines of one moment");
        assert_eq!(found(&lines(0..90, 1, 0, |_| "tick".into()), &lines(0..90, 1, 0, |_| "tick".into())), []);
        assert_eq!(found(&lines(0..90, 1, 0, start), &lines(0..90, 1, 9, |i| format!("worker {i} starts"))), []);
        assert_eq!(found(&lines(0..90, 1, 0, start), &lines(0..90, 1, 3 * NS_PER_S, start)), [], "too far apart");
    }

    #[test]
    fn repeated_lines_find_one_another_in_order() {
        let text = |i: i64| format!("at:{} again", i / 4);
        assert_eq!(found(&lines(0..80, 1, 0, text), &lines(0..80, 1, 1, text)), [(1, 0, 80)]);
    }
}
