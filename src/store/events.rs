//! Events of all sources in one order: time, then source, then record.
//!
//! Every segment is a run in time order; a walk merges the runs that can hold the next event and opens (filters) a
//! segment only when its turn comes, so the first page of a search does not read the rest. The walk goes both ways.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::filter::Expr;
use crate::model::query::PageStart;
use crate::model::{Event, EventFilter, EventPage, EventQuery, EventRef, TimeRange};
use crate::parse::NO_TIME;

use super::filter::{Filter, Selection, Selections};
use super::log::Log;
use super::segment::Segment;
use super::{StoreError, Watch, parallel};

/// The loaded logs, sorted by source, and what earlier questions found.
pub struct Events<'a> {
    /// Logs in order of their source.
    pub logs: &'a [Arc<Log>],
    /// Shared between questions.
    pub selections: &'a Selections,
    /// Threads that one question may use; never changes an answer.
    pub jobs: usize,
}

/// One segment of a log.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub log: &'a Arc<Log>,
    pub at: usize,
}

impl<'a> Place<'a> {
    pub fn segment(self) -> &'a Segment {
        &self.log.segments[self.at]
    }
}

/// Below so many records columns are scanned faster than a thread starts.
const MIN_RECORDS_TO_SHARE: usize = 100_000;

/// Place in the order of all placed events.
type Key = (i64, u32, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

impl Events<'_> {
    /// A page of events. Reads text only of segments that the page touches.
    pub fn page(&self, query: &EventQuery, watch: &Watch<'_>) -> Result<EventPage, StoreError> {
        let filter = self.filter(&query.filter)?;
        let (low, high) = query.range.map_or(((NO_TIME, u32::MAX, u64::MAX), (i64::MAX, u32::MAX, u64::MAX)), |range| {
            // No placed record has the least time, it means "no time".
            let low = range.start().0.max(NO_TIME + 1);
            ((low, 0, 0), (range.end().0, 0, 0))
        });
        match query.start {
            PageStart::AtOrAfter(at) => self.walk(&filter, low.max((at.0, 0, 0))..high, Direction::Forward, query.limit, watch),
            PageStart::Before(at) => self.walk(&filter, low..high.min((at.0, 0, 0)), Direction::Backward, query.limit, watch),
            PageStart::After(id) => match self.key_of(id)? {
                (NO_TIME, ..) => self.unplaced(&filter, |other| other > id, 0, query.limit, watch),
                key => self.walk(&filter, low.max((key.0, key.1, key.2 + 1))..high, Direction::Forward, query.limit, watch),
            },
            PageStart::BeforeEvent(id) => match self.key_of(id)? {
                (NO_TIME, ..) => {
                    let before = self.unplaced_refs(&filter, |other| other < id, usize::MAX, watch)?;
                    self.events_of(&before[before.len().saturating_sub(query.limit)..], before.len() > query.limit, watch)
                }
                key => self.walk(&filter, low..high.min(key), Direction::Backward, query.limit, watch),
            },
            PageStart::Unplaced(position) => self.unplaced(&filter, |_| true, position as usize, query.limit, watch),
        }
    }

    /// One event with all its fields.
    pub fn event(&self, id: EventRef, watch: &Watch<'_>) -> Result<Event, StoreError> {
        let (log, segment, i) = self.find(id)?;
        log.event(segment, i, watch)
    }

    /// How many events pass; with a range only placed ones, without all.
    pub fn count(&self, filter: &EventFilter, range: Option<TimeRange>, watch: &Watch<'_>) -> Result<u64, StoreError> {
        let filter = self.filter(filter)?;
        let places = self.places(&filter, range);
        watch.expect(places.iter().map(|place| place.segment().len()).sum());
        let counts = parallel::map(
            &places,
            self.jobs_for(&filter, &places),
            || filter.clone(),
            |filter, place| {
                watch.check()?;
                let segment = place.segment();
                let selection = self.selections.get(filter, place.log, place.at, watch)?;
                let lies_inside = |range| {
                    segment.span.is_some_and(|span| is_inside(span.0, range) && is_inside(span.1, range)) && segment.unplaced.is_empty()
                };
                let n = match range {
                    Some(range) if !lies_inside(range) => {
                        let passes = |i: &usize| selection.contains(*i) && is_inside(segment.columns.time(*i), range);
                        (0..segment.len()).filter(passes).count() as u64
                    }
                    _ => selection.count(segment.len()),
                };
                watch.advance(segment.len(), n);
                Ok(n)
            },
        )?;
        Ok(counts.into_iter().sum())
    }

    /// The filter ready to run; patterns are mined if it names one.
    pub(super) fn filter(&self, filter: &EventFilter) -> Result<Filter, StoreError> {
        let has_patterns = filter.expr.as_ref().is_some_and(Expr::has_patterns);
        Filter::new(filter, has_patterns.then(|| self.pattern_index()).as_ref(), self.logs)
    }

    /// The segments that can hold an event of the filter inside the range.
    pub(super) fn places(&self, filter: &Filter, range: Option<TimeRange>) -> Vec<Place<'_>> {
        let logs = self.logs.iter().filter(|log| filter.wants_source(log.source));
        let places = logs.flat_map(|log| (0..log.segments.len()).map(move |at| Place { log, at }));
        places.filter(|place| range.is_none_or(|range| overlaps(place.segment().span, range))).collect()
    }

    /// How many threads are worth their start.
    pub(super) fn jobs_for(&self, filter: &Filter, places: &[Place<'_>]) -> usize {
        let n_records: usize = places.iter().map(|place| place.segment().len()).sum();
        if filter.is_cheap() && n_records < MIN_RECORDS_TO_SHARE { 1 } else { self.jobs }
    }

    fn find(&self, id: EventRef) -> Result<(&Arc<Log>, usize, usize), StoreError> {
        let log = self.logs.binary_search_by_key(&id.source, |log| log.source).ok().map(|i| &self.logs[i]);
        let found = log.and_then(|log| log.find(id.record).map(|(segment, i)| (log, segment, i)));
        found.ok_or_else(|| StoreError::Question(format!("source {} has no event {}", id.source.0, id.record)))
    }

    fn key_of(&self, id: EventRef) -> Result<Key, StoreError> {
        let (log, segment, i) = self.find(id)?;
        Ok((log.segments[segment].columns.time(i), id.source.0, id.record))
    }

    /// Up to `limit` events of `bounds`, from its near end, given in rising order.
    fn walk(
        &self,
        filter: &Filter,
        bounds: std::ops::Range<Key>,
        direction: Direction,
        limit: usize,
        watch: &Watch<'_>,
    ) -> Result<EventPage, StoreError> {
        let mut walk = Walk::new(self, filter, bounds, direction);
        watch.expect(walk.runs.iter().map(|run| run.left.len()).sum());
        let mut found = Vec::new();
        while found.len() <= limit {
            let Some(next) = walk.next(watch)? else { break };
            found.push(next);
        }
        let has_more = found.len() > limit;
        found.truncate(limit);
        if direction == Direction::Backward {
            found.reverse();
        }
        self.events_of(&found, has_more, watch)
    }

    fn unplaced(
        &self,
        filter: &Filter,
        is_wanted: impl Fn(EventRef) -> bool,
        skip: usize,
        limit: usize,
        watch: &Watch<'_>,
    ) -> Result<EventPage, StoreError> {
        let end = skip.saturating_add(limit);
        let found = self.unplaced_refs(filter, is_wanted, end.saturating_add(1), watch)?;
        let page = found.get(skip..end.min(found.len())).unwrap_or_default();
        self.events_of(page, found.len() > end, watch)
    }

    /// The first `limit` unplaced records by (source, record).
    fn unplaced_refs(
        &self,
        filter: &Filter,
        is_wanted: impl Fn(EventRef) -> bool,
        limit: usize,
        watch: &Watch<'_>,
    ) -> Result<Vec<EventRef>, StoreError> {
        let mut found = Vec::new();
        for log in self.logs.iter().filter(|log| filter.wants_source(log.source)) {
            for (at, segment) in log.segments.iter().enumerate().filter(|(_, segment)| !segment.unplaced.is_empty()) {
                watch.check()?;
                let selection = self.selections.get(filter, log, at, watch)?;
                let id = |i: &u32| EventRef { source: log.source, record: segment.base_record + u64::from(*i) };
                found.extend(segment.unplaced.iter().filter(|i| selection.contains(**i as usize)).map(id).filter(|id| is_wanted(*id)));
                if found.len() >= limit {
                    found.truncate(limit);
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    fn events_of(&self, ids: &[EventRef], has_more: bool, watch: &Watch<'_>) -> Result<EventPage, StoreError> {
        let mut events = Vec::with_capacity(ids.len());
        for id in ids {
            watch.check()?;
            events.push(self.event(*id, watch)?);
        }
        Ok(EventPage { events, has_more })
    }
}

/// Whether a record time lies in a range; "no time" never does.
pub(super) fn is_inside(time: i64, range: TimeRange) -> bool {
    time != NO_TIME && range.start().0 <= time && time < range.end().0
}

/// Whether first and last time (both inclusive) touch a range.
pub(super) fn overlaps(span: Option<(i64, i64)>, range: TimeRange) -> bool {
    span.is_some_and(|(first, last)| first < range.end().0 && last >= range.start().0)
}

/// Records of a run that are searched at first; the rest of it waits and is four times as much next time. Trades the first
/// page, which may need a few records of many runs, against a little work a slice.
const FIRST_SLICE: usize = 1024;
/// Slices searched together at most.
const MOST_AHEAD: usize = 256;

/// A segment on the way, or what is left of it.
struct Run<'a> {
    log: &'a Arc<Log>,
    segment: usize,
    /// Which records pass, once its turn has come.
    selection: Option<Arc<Selection>>,
    /// Positions not yet given, in time order.
    left: std::ops::Range<usize>,
    /// How many of them are searched at once.
    slice: usize,
}

impl Run<'_> {
    /// Key of the next record that may be given, with the filter applied once the segment is open.
    fn next_key(&mut self, direction: Direction) -> Option<Key> {
        let segment = &self.log.segments[self.segment];
        while !self.left.is_empty() {
            let position = if direction == Direction::Forward { self.left.start } else { self.left.end - 1 };
            let i = segment.at_position(position);
            if self.selection.as_ref().is_none_or(|selection| selection.contains(i)) {
                return Some((segment.columns.time(i), self.log.source.0, segment.base_record + i as u64));
            }
            self.step(direction);
        }
        None
    }

    fn step(&mut self, direction: Direction) {
        match direction {
            Direction::Forward => self.left.start += 1,
            Direction::Backward => self.left.end -= 1,
        }
    }

    /// Keeps the near slice and gives back the rest, if there is any.
    fn cut(&mut self, direction: Direction) -> Option<Self> {
        if self.left.len() <= self.slice {
            return None;
        }
        let rest = match direction {
            Direction::Forward => self.left.start + self.slice..self.left.end,
            Direction::Backward => self.left.start..self.left.end - self.slice,
        };
        match direction {
            Direction::Forward => self.left.end = rest.start,
            Direction::Backward => self.left.start = rest.end,
        }
        Some(Self { log: self.log, segment: self.segment, selection: None, left: rest, slice: self.slice.saturating_mul(4) })
    }
}

struct Walk<'a> {
    events: &'a Events<'a>,
    filter: &'a Filter,
    direction: Direction,
    runs: Vec<Run<'a>>,
    /// Next key of every run that has one left.
    queue: BTreeSet<(Key, usize)>,
    /// Runs to be opened together, twice as many each time: the first page needs few, a rare match many.
    ahead: usize,
}

impl<'a> Walk<'a> {
    fn new(events: &'a Events<'a>, filter: &'a Filter, bounds: std::ops::Range<Key>, direction: Direction) -> Self {
        let mut walk = Self { events, filter, direction, runs: Vec::new(), queue: BTreeSet::new(), ahead: 1 };
        let slice = if filter.is_cheap() { usize::MAX } else { FIRST_SLICE };
        for log in events.logs.iter().filter(|log| filter.wants_source(log.source)) {
            for (at, segment) in log.segments.iter().enumerate() {
                let Some((first, last)) = segment.span else { continue };
                if bounds.start >= bounds.end || last < bounds.start.0 || first > bounds.end.0 {
                    continue;
                }
                let before = |key: Key| segment.partition(|time, record| (time, log.source.0, record) < key);
                walk.push(Run { log, segment: at, selection: None, left: before(bounds.start)..before(bounds.end), slice });
            }
        }
        walk
    }

    fn push(&mut self, mut run: Run<'a>) {
        if let Some(key) = run.next_key(self.direction) {
            self.queue.insert((key, self.runs.len()));
            self.runs.push(run);
        }
    }

    /// Searches the nearest unopened runs on all threads.
    fn open(&mut self, watch: &Watch<'_>) -> Result<(), StoreError> {
        watch.check()?;
        let is_unopened = |entry: &&(Key, usize)| self.runs[entry.1].selection.is_none();
        let nearest: Vec<(Key, usize)> = match self.direction {
            Direction::Forward => self.queue.iter().filter(is_unopened).take(self.ahead).copied().collect(),
            Direction::Backward => self.queue.iter().rev().filter(is_unopened).take(self.ahead).copied().collect(),
        };
        if !self.filter.is_cheap() {
            self.ahead = (self.ahead * 2).min(MOST_AHEAD);
        }
        for (_, at) in &nearest {
            if let Some(rest) = self.runs[*at].cut(self.direction) {
                self.push(rest);
            }
        }
        watch.advance(nearest.iter().map(|entry| self.runs[entry.1].left.len()).sum(), 0);
        let runs: Vec<&Run<'_>> = nearest.iter().map(|entry| &self.runs[entry.1]).collect();
        let selections = parallel::map(
            &runs,
            self.events.jobs,
            || self.filter.clone(),
            |filter, run| self.events.selections.get_positions(filter, (run.log, run.segment), &run.left, watch),
        )?;
        for (entry, selection) in nearest.into_iter().zip(selections) {
            self.queue.remove(&entry);
            let run = &mut self.runs[entry.1];
            if *selection == Selection::None {
                run.left = 0..0;
            }
            run.selection = Some(selection);
            if let Some(key) = run.next_key(self.direction) {
                self.queue.insert((key, entry.1));
            }
        }
        Ok(())
    }

    /// The next event on the way.
    fn next(&mut self, watch: &Watch<'_>) -> Result<Option<EventRef>, StoreError> {
        loop {
            let nearest = if self.direction == Direction::Forward { self.queue.first() } else { self.queue.last() };
            let Some((key, at)) = nearest.copied() else { return Ok(None) };
            if self.runs[at].selection.is_none() {
                self.open(watch)?;
                continue;
            }
            self.queue.remove(&(key, at));
            let run = &mut self.runs[at];
            run.step(self.direction);
            if let Some(next) = run.next_key(self.direction) {
                self.queue.insert((next, at));
            }
            return Ok(Some(EventRef { source: crate::model::SourceId(key.1), record: key.2 }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::query::{TextMatch, TextPattern};
    use crate::model::{Level, SourceId, Timestamp};
    use crate::store::testing::{log, watch};
    use proptest::prelude::*;

    fn ids(page: &EventPage) -> Vec<(u32, u64)> {
        page.events.iter().map(|e| (e.id.source.0, e.id.record)).collect()
    }

    fn query(start: PageStart, limit: usize) -> EventQuery {
        EventQuery { filter: EventFilter::default(), range: None, start, limit }
    }

    #[test]
    fn unplaced_records_have_their_own_list() {
        let logs = [log(0, "a", "- info s x\n5 info s y\n- info s z\n", 2), log(1, "b", "- error s w\n", 9)];
        let selections = Selections::default();
        let events = Events { logs: &logs, selections: &selections, jobs: 2 };
        let page = |start, limit| events.page(&query(start, limit), &watch()).unwrap();
        assert_eq!(ids(&page(PageStart::Unplaced(0), 9)), [(0, 0), (0, 2), (1, 0)]);
        let second = page(PageStart::Unplaced(1), 1);
        assert_eq!((ids(&second), second.has_more), (vec![(0, 2)], true));
        assert_eq!(ids(&page(PageStart::Unplaced(7), 1)), []);
        let after = |record| PageStart::After(EventRef { source: SourceId(0), record });
        assert_eq!(ids(&page(after(0), 9)), [(0, 2), (1, 0)]);
        assert_eq!(ids(&page(PageStart::BeforeEvent(EventRef { source: SourceId(1), record: 0 }), 1)), [(0, 2)]);
        assert_eq!(ids(&page(PageStart::AtOrAfter(Timestamp::MIN), 9)), [(0, 1)]);
        assert_eq!(events.count(&EventFilter::default(), None, &watch()), Ok(4));
        assert!(events.event(EventRef { source: SourceId(0), record: 3 }, &watch()).is_err());
    }

    #[test]
    fn a_question_taken_back_ends() {
        let logs = [log(0, "a", "1 info s x\n", 9)];
        let selections = Selections::default();
        let events = Events { logs: &logs, selections: &selections, jobs: 2 };
        let cancelled = Watch::new(&|| true);
        assert_eq!(events.page(&query(PageStart::AtOrAfter(Timestamp(0)), 1), &cancelled), Err(StoreError::Cancelled));
        assert_eq!(events.count(&EventFilter::default(), None, &cancelled), Err(StoreError::Cancelled));
    }

    /// Records as (time, level is error, word).
    type Spec = Vec<(i64, bool, bool)>;

    fn text_of(spec: &Spec) -> String {
        let line = |(time, is_error, has_word): &(i64, bool, bool)| {
            format!("{time} {} s {}\n", if *is_error { "error" } else { "info" }, if *has_word { "needle" } else { "hay" })
        };
        spec.iter().map(line).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn pages_both_ways_are_what_sorting_everything_gives(
            specs in prop::collection::vec(prop::collection::vec((0i64..30, any::<bool>(), any::<bool>()), 0..40), 1..4),
            lines in 1usize..20, limit in 0usize..12, from in 0usize..130, at in -2i64..33,
            (only_errors, only_needles, start, len) in (any::<bool>(), any::<bool>(), -2i64..30, 0i64..40),
        ) {
            let logs: Vec<_> = specs.iter().enumerate().map(|(i, spec)| log(i as u32, &format!("f{i}"), &text_of(spec), lines)).collect();
            let selections = Selections::default();
            let events = Events { logs: &logs, selections: &selections, jobs: 2 };
            let text = TextMatch { pattern: TextPattern::Literal("needle".into()), is_negated: false };
            let filter = EventFilter {
                min_level: only_errors.then_some(Level::Error),
                text: if only_needles { vec![text] } else { vec![] },
                ..EventFilter::default()
            };
            let range = (len > 0).then(|| TimeRange::new(Timestamp(start), Timestamp(start + len)));
            let mut all: Vec<(i64, u32, u64)> = Vec::new();
            let mut every: Vec<(i64, u32, u64)> = Vec::new();
            for (source, spec) in specs.iter().enumerate() {
                for (record, (time, is_error, has_word)) in spec.iter().enumerate() {
                    let key = (*time, source as u32, record as u64);
                    every.push(key);
                    let passes = (!only_errors || *is_error) && (!only_needles || *has_word);
                    if passes && range.is_none_or(|range| range.contains(Timestamp(*time))) {
                        all.push(key);
                    }
                }
            }
            all.sort_unstable();
            let wants = |start| EventQuery { filter: filter.clone(), range, start, limit };
            let check = |start, expected: Vec<&(i64, u32, u64)>, has_more| {
                let page = events.page(&wants(start), &watch()).unwrap();
                let expected: Vec<(u32, u64)> = expected.into_iter().map(|key| (key.1, key.2)).collect();
                assert_eq!((ids(&page), page.has_more), (expected, has_more));
            };
            let forward = |p: usize| (all[p..].iter().take(limit).collect::<Vec<_>>(), all.len() - p > limit);
            let backward = |p: usize| (all[p.saturating_sub(limit)..p].iter().collect::<Vec<_>>(), p > limit);
            let p = all.partition_point(|key| key.0 < at);
            check(PageStart::AtOrAfter(Timestamp(at)), forward(p).0, forward(p).1);
            check(PageStart::Before(Timestamp(at)), backward(p).0, backward(p).1);
            if !every.is_empty() {
                let key = every[from % every.len()];
                let id = EventRef { source: SourceId(key.1), record: key.2 };
                let p = all.partition_point(|other| *other <= key);
                check(PageStart::After(id), forward(p).0, forward(p).1);
                let p = all.partition_point(|other| *other < key);
                check(PageStart::BeforeEvent(id), backward(p).0, backward(p).1);
            }
            prop_assert_eq!(events.count(&filter, range, &watch()).unwrap(), all.len() as u64);
        }
    }
}
