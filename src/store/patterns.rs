//! Message patterns of all events: mined when first asked for, remembered until the data grows.
//!
//! While logs are read every record gets the code of its message ([`crate::parse::template::signature`]), which costs
//! four bytes a record. Mining looks only at the different messages, of all sources together in the order (source, first
//! record), so that one template has one number everywhere and the same data gives the same numbers. Counts come
//! from the columns.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::pattern::due_in;
use crate::model::query::{GroupBy, Pattern, PatternQuery, PatternStatus};
use crate::model::{EventRef, Level, SourceId, TimeRange, Timestamp};
use crate::parse::{NO_TIME, template};

use super::events::{Events, is_inside, overlaps};
use super::filter::Selection;
use super::log::Log;
use super::{StoreError, Watch};

/// A surge is at least so many times what was due.
const SURGE_FACTOR: f64 = 3.0;
/// And so many standard deviations (of the difference of two Poisson counts) above it.
const SURGE_SIGMAS: f64 = 3.0;
/// So many events must have been seen and due before their absence says something: by chance once in twenty.
const DUE_TO_DIE: f64 = 3.0;

/// The patterns of the messages that were there when it was made.
#[derive(Debug, Default)]
pub struct PatternIndex {
    /// Sources, the epoch of their text, and how many messages each had.
    made_of: Vec<(SourceId, u32, usize)>,
    templates: Vec<String>,
    /// Pattern of each message, by place in `made_of`.
    of_message: Vec<Box<[u32]>>,
}

impl PatternIndex {
    fn mine(logs: &[Arc<Log>], made_of: Vec<(SourceId, u32, usize)>) -> Self {
        let mined = template::mine(logs.iter().flat_map(|log| log.messages()));
        let mut rest = mined.of_message.as_slice();
        let of_message = made_of.iter().map(|(_, _, n)| {
            let (own, others) = rest.split_at(*n);
            rest = others;
            own.into()
        });
        let of_message = of_message.collect();
        Self { made_of, templates: mined.templates, of_message }
    }

    /// Pattern of a message of a log; `None` for the messages that were not kept.
    pub(super) fn of(&self, log: &Log, message: u32) -> Option<u32> {
        self.of_source(log.source).get(message as usize).copied()
    }

    pub(super) fn of_source(&self, source: SourceId) -> &[u32] {
        let place = self.made_of.binary_search_by_key(&source, |made| made.0);
        place.map_or(&[], |place| &self.of_message[place])
    }

    /// Text of a pattern.
    pub(super) fn template(&self, id: u32) -> &str {
        self.templates.get(id as usize).map_or("", String::as_str)
    }
}

/// The index that was made last.
#[derive(Default)]
pub struct Known(Mutex<Arc<PatternIndex>>);

/// What is counted of one pattern.
#[derive(Clone, Default)]
struct Tally {
    by_level: [u64; Level::ALL.len()],
    span: Option<(i64, i64)>,
    in_windows: (u64, u64),
    is_before: bool,
    /// Events of one service in a row, by service of the log that is being counted, and of all logs so far.
    run: (u16, u64),
    by_code: BTreeMap<u16, u64>,
    by_service: BTreeMap<String, u64>,
}

impl Events<'_> {
    /// The patterns of the events that pass, in order of their number. O(events); reads text only for the filter.
    pub fn patterns(&self, query: &PatternQuery, watch: &Watch<'_>) -> Result<Vec<Pattern>, StoreError> {
        let filter = self.filter(&query.filter)?;
        let index = self.pattern_index();
        let mut tallies = vec![Tally::default(); index.templates.len()];
        for log in self.logs.iter().filter(|log| filter.wants_source(log.source)) {
            for segment in 0..log.segments.len() {
                watch.check()?;
                if query.range.is_some_and(|range| !overlaps(log.segments[segment].span, range)) {
                    continue;
                }
                let selection = self.selections.get(&filter, log, segment, watch)?;
                tally(log, segment, &selection, (query, index.of_source(log.source)), &mut tallies);
            }
            for tally in &mut tallies {
                tally.name_services(log);
            }
        }
        let covered = query.windows.map(|windows| (windows, Covered::by(self.logs)));
        let found = tallies.into_iter().enumerate().filter(|(_, tally)| tally.count() > 0);
        Ok(found.map(|(id, tally)| tally.pattern(id as u32, index.template(id as u32), covered.as_ref())).collect())
    }

    /// The pattern of each event.
    pub fn patterns_of(&self, ids: &[EventRef], watch: &Watch<'_>) -> Result<Vec<Option<u32>>, StoreError> {
        watch.check()?;
        let index = self.pattern_index();
        let pattern = |id: &EventRef| {
            let log = self.logs.binary_search_by_key(&id.source, |log| log.source).ok().map(|i| &self.logs[i])?;
            let (segment, i) = log.find(id.record)?;
            index.of(log, log.segments[segment].columns.message(i))
        };
        Ok(ids.iter().map(pattern).collect())
    }

    /// The index, if a group key needs it.
    pub(super) fn patterns_for(&self, by: &[GroupBy]) -> Option<Arc<PatternIndex>> {
        by.iter().any(|by| matches!(by, GroupBy::Pattern | GroupBy::Template)).then(|| self.pattern_index())
    }

    /// The index of the messages that are there now: mined again when there are more than last time.
    pub(super) fn pattern_index(&self) -> Arc<PatternIndex> {
        let made_of: Vec<(SourceId, u32, usize)> = self.logs.iter().map(|log| (log.source, log.epoch, log.n_messages())).collect();
        // Held while mining, so that two questions at a time mine once.
        let mut known = self.selections.patterns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.made_of != made_of {
            *known = Arc::new(PatternIndex::mine(self.logs, made_of));
        }
        Arc::clone(&known)
    }
}

/// Adds the events of a segment that pass.
fn tally(log: &Log, segment: usize, selection: &Selection, (query, of_message): (&PatternQuery, &[u32]), tallies: &mut [Tally]) {
    let columns = &log.segments[segment].columns;
    for i in (0..columns.len).filter(|i| selection.contains(*i)) {
        let time = columns.time(i);
        if query.range.is_some_and(|range| !is_inside(time, range)) {
            continue;
        }
        let Some(tally) = of_message.get(columns.message(i) as usize).map(|id| &mut tallies[*id as usize]) else { continue };
        tally.by_level[columns.level(i) as usize] += 1;
        tally.count_service(log.segments[segment].service(i));
        if time == NO_TIME {
            continue;
        }
        let (first, last) = tally.span.unwrap_or((time, time));
        tally.span = Some((first.min(time), last.max(time)));
        if let Some((before, after)) = query.windows {
            tally.in_windows.0 += u64::from(is_inside(time, before));
            tally.in_windows.1 += u64::from(is_inside(time, after));
            tally.is_before |= time < after.start().0;
        }
    }
}

impl Tally {
    fn count(&self) -> u64 {
        self.by_level.iter().sum()
    }

    /// Events of one service often follow each other: their run is added at its end.
    fn count_service(&mut self, code: u16) {
        if self.run.0 != code {
            self.end_run();
            self.run.0 = code;
        }
        self.run.1 += 1;
    }

    fn end_run(&mut self) {
        let (code, n) = std::mem::take(&mut self.run);
        if n > 0 {
            *self.by_code.entry(code).or_default() += n;
        }
    }

    /// Codes of a log mean nothing in the next one.
    fn name_services(&mut self, log: &Log) {
        self.end_run();
        for (code, n) in std::mem::take(&mut self.by_code) {
            if let Some(name) = log.service_name(code) {
                *self.by_service.entry(name.to_owned()).or_default() += n;
            }
        }
    }

    fn pattern(&self, id: u32, template: &str, windows: Option<&((TimeRange, TimeRange), Covered)>) -> Pattern {
        let level = Level::ALL.into_iter().max_by_key(|level| (self.by_level[*level as usize], *level)).unwrap_or_default();
        let mut services: Vec<(&String, &u64)> = self.by_service.iter().collect();
        services.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), *name));
        let covered_ns = windows.map(|((before, after), covered)| {
            let of = |window: &TimeRange| covered.within(services.iter().map(|(name, _)| name.as_str()), *window);
            (of(before), of(after))
        });
        Pattern {
            id,
            services: services.into_iter().map(|(name, _)| name.clone()).collect(),
            template: template.to_owned(),
            count: self.count(),
            first: self.span.map(|span| Timestamp(span.0)),
            last: self.span.map(|span| Timestamp(span.1)),
            level,
            in_windows: self.in_windows,
            covered_ns,
            status: covered_ns.map_or(PatternStatus::Steady, |covered| self.status(covered)),
        }
    }

    /// Rates are compared, over what the logs cover of the windows.
    fn status(&self, covered_ns: (i64, i64)) -> PatternStatus {
        let n_after = self.in_windows.1 as f64;
        let n_before = self.in_windows.0 as f64;
        let due = due_in(self.in_windows.0, covered_ns);
        // What was counted before is a sample as well: scaled to a longer window its chance grows with it.
        let scale = due_in(1, covered_ns);
        let deviation = (due.max(1.0) * (1.0 + scale)).sqrt();
        if n_after > 0.0 && !self.is_before {
            PatternStatus::Born
        } else if n_after >= due * SURGE_FACTOR && n_after > due + SURGE_SIGMAS * deviation {
            PatternStatus::Surged
        } else if n_after == 0.0 && due.min(n_before) >= DUE_TO_DIE {
            PatternStatus::Died
        } else {
            PatternStatus::Steady
        }
    }
}

/// When the logs of each service were written: other sources may begin long before them, and a file may be missing.
struct Covered {
    by_service: BTreeMap<String, Vec<(i64, i64)>>,
}

impl Covered {
    fn by(logs: &[Arc<Log>]) -> Self {
        let mut by_service: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
        for log in logs {
            let spans = || log.segments.iter().filter_map(|segment| segment.span);
            let Some((first, last)) = spans().map(|span| span.0).min().zip(spans().map(|span| span.1).max()) else { continue };
            for service in &log.services {
                by_service.entry(service.clone()).or_default().push((first, last));
            }
        }
        for spans in by_service.values_mut() {
            spans.sort_unstable();
        }
        Self { by_service }
    }

    /// How much of a window the logs of these services cover together; of services without any all of it.
    fn within<'a>(&self, services: impl Iterator<Item = &'a str>, window: TimeRange) -> i64 {
        let mut spans: Vec<(i64, i64)> = services.filter_map(|service| self.by_service.get(service)).flatten().copied().collect();
        if spans.is_empty() {
            return window.len_ns();
        }
        spans.sort_unstable();
        // Neighbours a little apart are one: the next file begins with the next record.
        let slack = window.len_ns() / 100;
        let (mut sum, mut reached) = (0i64, window.start().0);
        for (first, last) in spans {
            let from = if first.saturating_sub(reached) <= slack { reached } else { first };
            let to = if window.end().0.saturating_sub(last) <= slack { window.end().0 } else { last.min(window.end().0) };
            if to > from {
                sum = sum.saturating_add(to.saturating_sub(from.max(reached)).max(0));
                reached = reached.max(to);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::filter::Selections;
    use crate::store::testing::{log, watch};
    use proptest::prelude::*;

    const TEXT: &str = "1 info s request 1\n2 info s request 2\n3 info s cache warm\n4 info s request 3\n\
        11 error s pool exhausted 7\n12 error s pool exhausted 8\n13 warn s pool exhausted 9\n14 info s cache warm\n";

    fn window(from: i64, to: i64) -> TimeRange {
        TimeRange::new(Timestamp(from), Timestamp(to))
    }

    fn patterns(logs: &[Arc<Log>], query: &PatternQuery) -> Vec<Pattern> {
        Events { logs, selections: &Selections::default(), jobs: 2 }.patterns(query, &watch()).unwrap()
    }

    #[test]
    fn what_comes_and_goes_around_a_mark_is_told() {
        let windows = Some((window(0, 10), window(10, 20)));
        // The log goes on: what it does not hold any more is gone.
        let text = format!("{TEXT}25 info s end of day\n");
        let found = patterns(&[log(0, "a", &text, 3)], &PatternQuery { windows, ..PatternQuery::default() });
        let told: Vec<_> = found[..3].iter().map(|p| (p.template.as_str(), p.count, p.level, p.in_windows, p.status.name())).collect();
        assert_eq!(
            told,
            [
                ("request <*>", 3, Level::Info, (3, 0), "died"),
                ("cache warm", 2, Level::Info, (1, 1), "steady"),
                ("pool exhausted <*>", 3, Level::Error, (0, 3), "born"),
            ]
        );
        assert_eq!((found[2].first, found[2].last), (Some(Timestamp(11)), Some(Timestamp(13))));
    }

    #[test]
    fn the_services_of_a_pattern_are_named_the_most_frequent_first() {
        let logs = [log(0, "a", "1 info api hit 1\n2 info db hit 2\n", 9), log(1, "b", "3 info db hit 3\n4 info - hit 4\n", 1)];
        let found = patterns(&logs, &PatternQuery::default());
        assert_eq!(found[0].services, ["db", "api", "b"]);
    }

    #[test]
    fn a_surge_is_more_than_chance_and_a_range_and_filter_hold() {
        let text: String = (0..50).map(|i| format!("{} info s retry {i}\n", if i < 5 { i } else { 60 + i })).collect();
        let logs = [log(0, "a", &text, 7)];
        let windows = Some((window(0, 60), window(60, 120)));
        assert_eq!(patterns(&logs, &PatternQuery { windows, ..PatternQuery::default() })[0].status, PatternStatus::Surged);
        let range = Some(window(0, 3));
        assert_eq!(patterns(&logs, &PatternQuery { range, ..PatternQuery::default() })[0].count, 3);
    }

    #[test]
    fn rates_are_compared_over_the_time_that_logs_cover() {
        // As often after the mark as before it: but the window before begins long before the log.
        let text: String = (0..60).map(|i| format!("{} info s retry {i}\n", 1000 + i)).collect();
        let logs = [log(0, "a", &text, 7)];
        let of = |before| {
            let windows = Some((before, window(1030, 1060)));
            let found = patterns(&logs, &PatternQuery { windows, ..PatternQuery::default() });
            (found[0].status, found[0].covered_ns)
        };
        assert_eq!(of(window(0, 1030)), (PatternStatus::Steady, Some((30, 29))));
        assert_eq!(of(window(1000, 1030)).0, PatternStatus::Steady);
    }

    #[test]
    fn one_template_has_one_number_in_all_sources() {
        let logs = [log(0, "a", TEXT, 9), log(3, "b", "5 info s cache warm\n6 info s new thing 1\n", 1)];
        let selections = Selections::default();
        let events = Events { logs: &logs, selections: &selections, jobs: 2 };
        let ids: Vec<EventRef> = [(3, 0), (3, 1), (0, 2), (0, 0)].map(|(s, record)| EventRef { source: SourceId(s), record }).into();
        assert_eq!(events.patterns_of(&ids, &watch()).unwrap(), [Some(1), Some(3), Some(1), Some(0)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_cut_into_chunks_never_changes_a_pattern(
            words in prop::collection::vec(("(open|close|read)", "[ab1]{1,2}", "[cd2]{1,2}"), 1..60), lines in 1usize..30,
        ) {
            let text: String = words.iter().enumerate().map(|(i, (a, b, c))| format!("{i} info s {a} {b} of {c}\n")).collect();
            let ids: Vec<EventRef> = (0..words.len() as u64).map(|record| EventRef { source: SourceId(0), record }).collect();
            let of = |log: Arc<Log>| {
                let (logs, selections) = ([log], Selections::default());
                let events = Events { logs: &logs, selections: &selections, jobs: 2 };
                (events.patterns_of(&ids, &watch()).unwrap(), events.patterns(&PatternQuery::default(), &watch()).unwrap())
            };
            prop_assert_eq!(of(log(0, "a", &text, 1000)), of(log(0, "a", &text, lines)));
        }
    }
}
