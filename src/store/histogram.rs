//! Counts and statistics of events by column of time and by group.
//!
//! Level, service and source come from the columns: a scan of a few bytes a record, with the group found in a small
//! table and the column remembered from the record before. Any other field reads the text.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::filter::number;
use crate::model::query::{GroupBy, HistogramQuery, Stat, Stats, StatsQuery};
use crate::model::{Histogram, Level, TimeRange, Timestamp};
use crate::parse::RecordDetail;

use super::column::Column;
use super::columns::latency;
use super::events::{Events, Place, is_inside};
use super::filter::Selection;
use super::filter::field::field_text;
use super::log::{Log, NO_MESSAGE};
use super::patterns::PatternIndex;
use super::sample::OneIn;
use super::statistic::{Kept, statistic};
use super::tally::Tally;
use super::{StoreError, Watch, parallel};

/// Name of the field that stands for the latency role.
const LATENCY: &str = "latency";

impl Events<'_> {
    /// Counts by group and column. Only groups with an event inside the range.
    pub fn histogram(&self, query: &HistogramQuery, watch: &Watch<'_>) -> Result<Histogram, StoreError> {
        let n = query.columns.get();
        let count = |counts: &mut Vec<u64>, cell: Cell<'_>| *grown(counts, cell.group * n + cell.column) += cell.count;
        let detail = if needs_text(&query.by) { Detail::Text(OneIn::ALL) } else { Detail::Counts };
        let mut groups = BTreeMap::new();
        for (keys, mut counts) in self.each_cell(query, detail, watch, count)? {
            counts.resize(keys.len() * n, 0);
            for (key, counts) in keys.into_iter().zip(counts.chunks_exact(n)) {
                let row = groups.entry(key).or_insert_with(|| vec![0; n]);
                row.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        }
        Ok(Histogram { range: query.range, groups })
    }

    /// Statistics of fields by group and column. Holds all values of the fields that are asked for.
    pub fn stats(&self, query: &StatsQuery, watch: &Watch<'_>) -> Result<Stats, StoreError> {
        let mut fields: Vec<&str> = query.stats.iter().map(|stat| stat.field.as_str()).collect();
        fields.sort_unstable();
        fields.dedup();
        // Latencies are kept as they stand in their column: half the memory to fill and to look through.
        if fields == [LATENCY] { self.stats_of::<f32>(query, &fields, watch) } else { self.stats_of::<f64>(query, &fields, watch) }
    }

    fn stats_of<T: Kept>(&self, query: &StatsQuery, fields: &[&str], watch: &Watch<'_>) -> Result<Stats, StoreError> {
        let by = &query.histogram.by;
        let is_text_wanted = fields.iter().any(|field| *field != LATENCY) || needs_text(by);
        let detail = if is_text_wanted { Detail::Text(OneIn::ALL) } else { Detail::Columns };
        let (n, n_fields) = (query.histogram.columns.get(), fields.len());
        let names: Vec<Option<&str>> = fields.iter().map(|field| (*field != LATENCY).then_some(*field)).collect();
        let keep = |values: &mut Vec<Vec<T>>, cell: Cell<'_>| {
            for (f, field) in names.iter().enumerate() {
                if let Some(value) = cell.number(*field) {
                    grown(values, (cell.group * n + cell.column) * n_fields + f).push(T::of(value));
                }
            }
        };
        let mut groups: BTreeMap<Vec<String>, Vec<Vec<T>>> = BTreeMap::new();
        // Stretches come in file order, so the values of a cell do too, whatever the number of threads.
        for (keys, mut values) in self.each_cell(&query.histogram, detail, watch, keep)? {
            values.resize_with(keys.len() * n * n_fields, Vec::new);
            let mut values = values.into_iter();
            for key in keys {
                let cells = values.by_ref().take(n * n_fields);
                match groups.entry(key) {
                    Entry::Vacant(entry) => drop(entry.insert(cells.collect())),
                    Entry::Occupied(mut entry) => entry.get_mut().iter_mut().zip(cells).for_each(|(all, more)| all.extend(more)),
                }
            }
        }
        let (keys, values): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
        let columns: Vec<Mutex<Vec<Vec<T>>>> = values.into_iter().flat_map(|group| in_columns(group, n_fields)).map(Mutex::new).collect();
        let numbers = parallel::map(
            &columns,
            self.jobs,
            || (),
            |(), cell| {
                watch.check()?;
                let mut values = cell.lock().unwrap_or_else(PoisonError::into_inner);
                let number = |stat: &Stat| {
                    let field = fields.iter().position(|field| *field == stat.field)?;
                    let value = statistic(stat.kind, &mut values[field])?;
                    Some(if stat.field == LATENCY { decimal(value) } else { value })
                };
                Ok(query.stats.iter().map(number).collect::<Vec<_>>())
            },
        )?;
        let mut numbers = numbers.into_iter();
        Ok(keys.into_iter().map(|key| (key, numbers.by_ref().take(n).collect())).collect())
    }

    /// Visits the fields of those events that pass and are in the sample, all threads at once; what was gathered of each stretch, in file order.
    pub(super) fn each_detail<A: Default + Send>(
        &self,
        query: &HistogramQuery,
        sample: OneIn,
        watch: &Watch<'_>,
        visit: impl Fn(&mut A, &[(String, String)]) + Sync,
    ) -> Result<Vec<A>, StoreError> {
        let visit = |gathered: &mut A, cell: Cell<'_>| visit(gathered, cell.detail.map_or(&[], |detail| &detail.fields));
        Ok(self.each_cell(query, Detail::Text(sample), watch, visit)?.into_iter().map(|(_, gathered)| gathered).collect())
    }

    /// Visits the events that pass on all threads; gives the groups and what was gathered of each stretch, in file order.
    fn each_cell<A: Default + Send>(
        &self,
        query: &HistogramQuery,
        detail: Detail,
        watch: &Watch<'_>,
        visit: impl Fn(&mut A, Cell<'_>) + Sync,
    ) -> Result<Vec<Gathered<A>>, StoreError> {
        let filter = self.filter(&query.filter)?;
        let patterns = self.patterns_for(&query.by);
        let places = self.places(&filter, Some(query.range));
        let jobs = if matches!(detail, Detail::Text(_)) { self.jobs } else { self.jobs_for(&filter, &places) };
        let stretches = parallel::stretches(&places, jobs, |place| place.segment().len());
        parallel::map(
            &stretches,
            jobs,
            || filter.clone(),
            |filter, stretch| {
                let (mut groups, mut gathered) = (Groups::new(&query.by, patterns.clone()), A::default());
                let mut visit = |cell: Cell<'_>| visit(&mut gathered, cell);
                for Place { log, at } in *stretch {
                    watch.check()?;
                    let selection = self.selections.get(filter, log, *at, watch)?;
                    let part = Part { log, segment: *at, selection: &selection };
                    match (&*selection, detail) {
                        (Selection::None, _) => {}
                        (_, Detail::Text(sample)) => part.each_record((query, sample), &mut groups, watch, &mut visit)?,
                        (_, detail) => part.each_cell(query, detail, &mut groups, &mut visit),
                    }
                }
                Ok((groups.keys, gathered))
            },
        )
    }
}

/// What is to be seen of each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Nothing: events of one group and column come as one cell.
    Counts,
    /// What is in the columns.
    Columns,
    /// Its fields, of those in a sample.
    Text(OneIn),
}

/// Keys of the groups of a stretch, and what was gathered about them.
type Gathered<A> = (Vec<Vec<String>>, A);

/// The values of one group, by column and field.
fn in_columns<T>(values: Vec<Vec<T>>, n_fields: usize) -> impl Iterator<Item = Vec<Vec<T>>> {
    let n_columns = values.len() / n_fields.max(1);
    let mut values = values.into_iter();
    (0..n_columns).map(move |_| values.by_ref().take(n_fields).collect())
}

/// Whether a group key is not in the columns.
fn needs_text(by: &[GroupBy]) -> bool {
    by.iter().any(|by| matches!(by, GroupBy::Field(_)))
}

/// The element at `index`, with empty ones put before it.
fn grown<T: Default + Clone>(list: &mut Vec<T>, index: usize) -> &mut T {
    if index >= list.len() {
        list.resize(index + 1, T::default());
    }
    &mut list[index]
}

/// One segment of the scan.
struct Part<'a> {
    log: &'a Arc<Log>,
    segment: usize,
    selection: &'a Selection,
}

impl Part<'_> {
    /// Visits the events that pass, from columns alone. A few ns an event, less than one when only counts are wanted.
    fn each_cell(&self, query: &HistogramQuery, detail: Detail, groups: &mut Groups<'_>, visit: &mut impl FnMut(Cell<'_>)) {
        let segment = &self.log.segments[self.segment];
        let columns = &segment.columns;
        let has_patterns = groups.patterns.is_some();
        let by_service = query.by.contains(&GroupBy::Service);
        let n_services = segment.service_codes.len();
        // Group of (level, service) in this segment; they are few, and so are the messages.
        let mut known = vec![UNKNOWN; Level::ALL.len() * n_services];
        let mut by_message: HashMap<(usize, u32), usize> = HashMap::new();
        let mut group_of = |level: Level, service: usize, message: Option<u32>| {
            let cell = level as usize * n_services + service;
            let mut find = |message| {
                let name = self.log.service_name(segment.service_codes[service]);
                groups.find(&Facts { log: self.log, level, service: name, message, detail: None })
            };
            if let Some(message) = message {
                return *by_message.entry((cell, message)).or_insert_with(|| find(message));
            }
            if known[cell] == UNKNOWN {
                known[cell] = find(NO_MESSAGE);
            }
            known[cell]
        };
        let mut tally = Tally::new(columns, by_service.then_some(n_services));
        let can_tally = detail == Detail::Counts && !has_patterns && *self.selection == Selection::All;
        // Fetched once: the column may still be in the file of the index.
        let latencies: Option<&Column> = (detail == Detail::Columns).then(|| &*columns.latencies);
        self.each_run(query, &mut |column, run| {
            if can_tally && tally.suits(&run) {
                let record = run.start;
                tally.count(columns, run, |level, service, count| {
                    let service = service.unwrap_or_else(|| columns.service(record));
                    let group = group_of(level, service, None);
                    visit(Cell { group, column, latency: f32::NAN, detail: None, count });
                });
                return;
            }
            for record in run.filter(|i| self.selection.contains(*i)) {
                let message = has_patterns.then(|| columns.message(record));
                let group = group_of(columns.level(record), columns.service(record), message);
                let latency = latencies.map_or(f32::NAN, |latencies| latency(latencies, record));
                visit(Cell { group, column, latency, detail: None, count: 1 });
            }
        });
    }

    /// Visits stretches of records that lie in one column.
    fn each_run(&self, query: &HistogramQuery, visit: &mut impl FnMut(usize, Range<usize>)) {
        let segment = &self.log.segments[self.segment];
        let mut finder = ColumnFinder::new(query.range, query.columns);
        let (mut at, end) = self.within(query.range);
        let is_sorted = segment.order.is_none();
        while at < end {
            let Some(column) = finder.find(segment.columns.time(at)) else {
                at += 1;
                continue;
            };
            // In order of time all records up to the edge of a column are in it.
            let next = if is_sorted { self.run_end(at, end, finder.edges.1) } else { at + 1 };
            visit(column, at..next);
            at = next;
        }
    }

    /// The records that can lie inside of a range.
    fn within(&self, range: TimeRange) -> (usize, usize) {
        let segment = &self.log.segments[self.segment];
        match segment.order {
            None => (segment.partition(|time, _| time < range.start().0), segment.partition(|time, _| time < range.end().0)),
            Some(_) => (0, segment.len()),
        }
    }

    /// The first record from `at` on whose time is not before `edge`, at most `end`; records are in order of time.
    fn run_end(&self, at: usize, end: usize, edge: i64) -> usize {
        let columns = &self.log.segments[self.segment].columns;
        let (mut low, mut step) = (at, 1);
        while low + step < end && columns.time(low + step) < edge {
            low += step;
            step *= 2;
        }
        let mut high = (low + step).min(end);
        while low + 1 < high {
            let middle = low.midpoint(high);
            if columns.time(middle) < edge { low = middle } else { high = middle }
        }
        high
    }

    /// Visits the events that pass and are in the sample, each read again from its text.
    fn each_record(
        &self,
        (query, sample): (&HistogramQuery, OneIn),
        groups: &mut Groups<'_>,
        watch: &Watch<'_>,
        visit: &mut impl FnMut(Cell<'_>),
    ) -> Result<(), StoreError> {
        let segment = &self.log.segments[self.segment];
        let range = self.log.segment_range(self.segment);
        let Some(text) = watch.readable(self.log.text.read(range.clone()))? else { return Ok(()) };
        let mut finder = ColumnFinder::new(query.range, query.columns);
        for i in (0..segment.len()).filter(|i| sample.has(segment.base_record + *i as u64) && self.selection.contains(*i)) {
            let Some(column) = finder.find(segment.columns.time(i)) else { continue };
            let record = self.log.record_range(self.segment, i);
            let to = (record.end - range.start).min(text.len() as u64);
            let detail = self.log.detail(&text[(record.start - range.start) as usize..to as usize]);
            let service = self.log.service_name(segment.service(i));
            let message = segment.columns.message(i);
            let group = groups.find(&Facts { log: self.log, level: segment.columns.level(i), service, message, detail: Some(&detail) });
            visit(Cell { group, column, latency: segment.columns.latency(i), detail: Some(&detail), count: 1 });
        }
        Ok(())
    }
}

/// Group of what was not met yet.
const UNKNOWN: usize = usize::MAX;

/// One event and where it is counted; or the first of several of which only the number counts.
struct Cell<'a> {
    group: usize,
    column: usize,
    /// In seconds; NaN for none, and where only the number counts.
    latency: f32,
    detail: Option<&'a RecordDetail>,
    count: u64,
}

impl Cell<'_> {
    /// Of a field, or of the latency role.
    #[inline]
    fn number(&self, field: Option<&str>) -> Option<f64> {
        let value = match field {
            None => f64::from(self.latency),
            Some(field) => number(&self.detail?.fields.iter().find(|(name, _)| name == field)?.1)?,
        };
        value.is_finite().then_some(value)
    }
}

/// What an event may be grouped by.
struct Facts<'a> {
    log: &'a Log,
    level: Level,
    service: Option<&'a str>,
    message: u32,
    detail: Option<&'a RecordDetail>,
}

/// Groups in the order in which they were met.
struct Groups<'a> {
    by: &'a [GroupBy],
    patterns: Option<Arc<PatternIndex>>,
    keys: Vec<Vec<String>>,
    index: HashMap<Vec<String>, usize>,
}

impl<'a> Groups<'a> {
    fn new(by: &'a [GroupBy], patterns: Option<Arc<PatternIndex>>) -> Self {
        Self { by, patterns, keys: Vec::new(), index: HashMap::new() }
    }

    fn find(&mut self, event: &Facts<'_>) -> usize {
        let pattern = || self.patterns.as_ref().and_then(|patterns| Some((patterns, patterns.of(event.log, event.message)?)));
        let part = |by: &GroupBy| match by {
            GroupBy::Level => event.level.name().to_owned(),
            GroupBy::Service => event.service.unwrap_or_default().to_owned(),
            GroupBy::Source => event.log.text.path().to_owned(),
            GroupBy::Pattern => pattern().map(|(_, id)| id.to_string()).unwrap_or_default(),
            GroupBy::Template => pattern().map(|(patterns, id)| patterns.template(id).to_owned()).unwrap_or_default(),
            GroupBy::Field(name) => event.detail.and_then(|detail| field_text(detail, name)).unwrap_or_default().to_owned(),
        };
        let key: Vec<String> = self.by.iter().map(part).collect();
        let next = self.keys.len();
        *self.index.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            next
        })
    }
}

/// Finds columns for times that come nearly in order.
struct ColumnFinder {
    range: TimeRange,
    columns: NonZeroUsize,
    column: usize,
    edges: (i64, i64),
}

impl ColumnFinder {
    fn new(range: TimeRange, columns: NonZeroUsize) -> Self {
        Self { range, columns, column: 0, edges: (0, 0) }
    }

    #[inline]
    fn find(&mut self, time: i64) -> Option<usize> {
        if time < self.edges.0 || time >= self.edges.1 {
            self.look_up(time)?;
        }
        Some(self.column)
    }

    #[cold]
    fn look_up(&mut self, time: i64) -> Option<()> {
        if !is_inside(time, self.range) {
            return None;
        }
        self.column = self.range.column_of(Timestamp(time), self.columns)?;
        // With more columns than nanoseconds some columns are empty and `column_of` may name one of those.
        while self.range.edge(self.column + 1, self.columns).0 <= time {
            self.column += 1;
        }
        self.edges = (self.range.edge(self.column, self.columns).0, self.range.edge(self.column + 1, self.columns).0);
        Some(())
    }
}

/// Rounds to the seven digits that the latency column keeps, so that 0.83 does not become 0.8299999833.
fn decimal(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventFilter;
    use crate::model::query::StatKind;
    use crate::store::filter::Selections;
    use crate::store::testing::{log, watch};
    use proptest::prelude::*;

    fn query(by: &[GroupBy], end: i64, columns: usize) -> HistogramQuery {
        let range = TimeRange::new(Timestamp(0), Timestamp(end));
        HistogramQuery { filter: EventFilter::default(), range, columns: NonZeroUsize::new(columns).unwrap(), by: by.to_vec() }
    }

    fn counts(histogram: Histogram) -> Vec<(String, Vec<u64>)> {
        histogram.groups.into_iter().map(|(key, counts)| (key.join("/"), counts)).collect()
    }

    #[test]
    fn events_are_counted_by_what_was_asked() {
        let logs = [log(0, "a-1.log", "0 info s x\n5 error s y\n- info s y\n", 9), log(1, "b.log", "9 error - x\n", 9)];
        let selections = Selections::default();
        let events = Events { logs: &logs, selections: &selections, jobs: 2 };
        let ask = |by: &[GroupBy]| counts(events.histogram(&query(by, 10, 2), &watch()).unwrap());
        assert_eq!(ask(&[]), [(String::new(), vec![1, 2])]);
        assert_eq!(ask(&[GroupBy::Level]), [("error".into(), vec![0, 2]), ("info".into(), vec![1, 0])]);
        assert_eq!(ask(&[GroupBy::Service, GroupBy::Source]), [("b/b.log".into(), vec![0, 1]), ("s/a-1.log".into(), vec![1, 1])]);
        assert_eq!(ask(&[GroupBy::Field("word".into())]), [("x".into(), vec![1, 1]), ("y".into(), vec![0, 1])]);
    }

    #[test]
    fn statistics_are_exact_and_missing_ones_are_none() {
        let logs = [log(0, "a.log", "0 info s 0.83\n1 info s 0.5\n2 info s 2\n6 info s -\n", 9)];
        let selections = Selections::default();
        let events = Events { logs: &logs, selections: &selections, jobs: 2 };
        let stat = |kind| Stat { kind, field: "latency".into() };
        let kinds = [StatKind::Quantile(0.5), StatKind::Quantile(0.75), StatKind::Min, StatKind::Max, StatKind::Sum];
        let query = StatsQuery { histogram: query(&[], 8, 2), stats: kinds.map(stat).to_vec() };
        let stats = events.stats(&query, &watch()).unwrap();
        let expected = [Some(0.83), Some(1.415), Some(0.5), Some(2.0), Some(3.33)];
        assert_eq!(stats[&Vec::<String>::new()], [expected.to_vec(), vec![None; 5]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_column_counts_the_events_between_its_edges(
            times in prop::collection::vec(-5i64..200, 0..150), lines in 1usize..40, columns in 1usize..30, end in 1i64..220,
        ) {
            let text = times.iter().map(|time| format!("{time} info s x\n")).collect::<Vec<_>>().concat();
            let logs = [log(0, "a", &text, lines)];
            let selections = Selections::default();
            let events = Events { logs: &logs, selections: &selections, jobs: 2 };
            let query = query(&[], end, columns);
            let got = events.histogram(&query, &watch()).unwrap().groups.remove(&Vec::<String>::new()).unwrap_or(vec![0; columns]);
            let parts = query.range.split(query.columns);
            let expected: Vec<u64> =
                parts.iter().map(|part| times.iter().filter(|time| part.contains(Timestamp(**time))).count() as u64).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
