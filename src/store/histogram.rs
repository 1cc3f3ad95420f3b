//! Counts and statistics of events by column of time and by group.
//!
//! Level, service and source come from the columns: a scan of a few bytes a record, with the group found in a small
//! table and the column remembered from the record before. Any other field reads the text.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::model::query::{GroupBy, HistogramQuery, Stat, StatKind, Stats, StatsQuery};
use crate::model::{Histogram, Level, TimeRange, Timestamp};
use crate::parse::RecordDetail;

use super::events::{Events, is_inside, overlaps};
use super::filter::{Filter, Selection};
use super::log::{Log, NO_MESSAGE};
use super::patterns::PatternIndex;
use super::{StoreError, Watch};

/// Name of the field that stands for the latency role.
const LATENCY: &str = "latency";

impl Events<'_> {
    /// Counts by group and column. Only groups with an event inside the range.
    pub fn histogram(&self, query: &HistogramQuery, watch: &Watch<'_>) -> Result<Histogram, StoreError> {
        let mut groups = Groups::new(&query.by, self.patterns_for(&query.by));
        let n = query.columns.get();
        let mut counts: Vec<u64> = Vec::new();
        self.each_cell(query, needs_text(&query.by), &mut groups, watch, |cell| *grown(&mut counts, cell.group * n + cell.column) += 1)?;
        counts.resize(groups.keys.len() * n, 0);
        let rows = groups.keys.into_iter().zip(counts.chunks_exact(n)).map(|(key, counts)| (key, counts.to_vec()));
        Ok(Histogram { range: query.range, groups: rows.collect() })
    }

    /// Statistics of fields by group and column. Holds all values of the fields that are asked for.
    pub fn stats(&self, query: &StatsQuery, watch: &Watch<'_>) -> Result<Stats, StoreError> {
        let mut fields: Vec<&str> = query.stats.iter().map(|stat| stat.field.as_str()).collect();
        fields.sort_unstable();
        fields.dedup();
        let by = &query.histogram.by;
        let is_text_wanted = fields.iter().any(|field| *field != LATENCY) || needs_text(by);
        let mut groups = Groups::new(by, self.patterns_for(by));
        let (n, n_fields) = (query.histogram.columns.get(), fields.len());
        let mut values: Vec<Vec<f64>> = Vec::new();
        self.each_cell(&query.histogram, is_text_wanted, &mut groups, watch, |cell| {
            for (f, field) in fields.iter().enumerate() {
                if let Some(value) = cell.number(field) {
                    grown(&mut values, (cell.group * n + cell.column) * n_fields + f).push(value);
                }
            }
        })?;
        values.resize_with(groups.keys.len() * n * n_fields, Vec::new);
        let mut number = |cell: usize, stat: &Stat| {
            let field = fields.iter().position(|field| *field == stat.field)?;
            let value = statistic(stat.kind, &mut values[cell * n_fields + field])?;
            Some(if stat.field == LATENCY { decimal(value) } else { value })
        };
        let mut stats = Stats::new();
        for (group, key) in groups.keys.into_iter().enumerate() {
            let cells = (0..n).map(|column| query.stats.iter().map(|stat| number(group * n + column, stat)).collect());
            stats.insert(key, cells.collect());
        }
        Ok(stats)
    }

    fn each_cell(
        &self,
        query: &HistogramQuery,
        is_text_wanted: bool,
        groups: &mut Groups<'_>,
        watch: &Watch<'_>,
        mut visit: impl FnMut(Cell<'_>),
    ) -> Result<(), StoreError> {
        let filter = Filter::new(&query.filter)?;
        for log in self.logs.iter().filter(|log| filter.wants_source(log.source)) {
            for (segment, _) in log.segments.iter().enumerate().filter(|(_, segment)| overlaps(segment.span, query.range)) {
                watch.check()?;
                let selection = self.selections.get(&filter, log, segment, watch)?;
                let part = Part { log, segment, selection: &selection };
                match &*selection {
                    Selection::None => {}
                    _ if is_text_wanted => part.each_record(query, groups, watch, &mut visit)?,
                    _ => part.each_cell(query, groups, &mut visit),
                }
            }
        }
        Ok(())
    }
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
    /// Visits the events that pass, from columns alone. A few ns an event.
    fn each_cell(&self, query: &HistogramQuery, groups: &mut Groups<'_>, visit: &mut impl FnMut(Cell<'_>)) {
        let segment = &self.log.segments[self.segment];
        let columns = &segment.columns;
        let mut finder = ColumnFinder::new(query.range, query.columns);
        let has_patterns = groups.patterns.is_some();
        let n_services = segment.service_codes.len();
        // Group of (level, service) in this segment; they are few, and so are the messages.
        let n_known = Level::ALL.len() * n_services;
        let mut known: Vec<Option<usize>> = vec![None; n_known];
        let mut by_message: HashMap<(usize, u32), usize> = HashMap::new();
        let rows = columns.times.iter().zip(&columns.levels).zip(&columns.services).zip(&columns.latencies);
        for (i, (((time, level), service), latency)) in rows.enumerate() {
            if !self.selection.contains(i) {
                continue;
            }
            let Some(column) = finder.find(*time) else { continue };
            let service = (*service as usize).min(n_services - 1);
            let cell = *level as usize * n_services + service;
            let mut find = |message| {
                let name = self.log.service_name(segment.service_codes[service]);
                groups.find(&Facts { log: self.log, level: *level, service: name, message, detail: None })
            };
            let group = if has_patterns {
                let message = columns.messages[i];
                *by_message.entry((cell, message)).or_insert_with(|| find(message))
            } else {
                *known[cell].get_or_insert_with(|| find(NO_MESSAGE))
            };
            visit(Cell { group, column, latency: *latency, detail: None });
        }
    }

    /// Visits the events that pass, each read again from its text.
    fn each_record(
        &self,
        query: &HistogramQuery,
        groups: &mut Groups<'_>,
        watch: &Watch<'_>,
        visit: &mut impl FnMut(Cell<'_>),
    ) -> Result<(), StoreError> {
        let segment = &self.log.segments[self.segment];
        let range = self.log.segment_range(self.segment);
        let Some(text) = watch.readable(self.log.text.read(range.clone()))? else { return Ok(()) };
        let mut finder = ColumnFinder::new(query.range, query.columns);
        for (i, time) in segment.columns.times.iter().enumerate().filter(|(i, _)| self.selection.contains(*i)) {
            let Some(column) = finder.find(*time) else { continue };
            let record = self.log.record_range(self.segment, i);
            let to = (record.end - range.start).min(text.len() as u64);
            let detail = self.log.detail(&text[(record.start - range.start) as usize..to as usize]);
            let service = self.log.service_name(segment.service(i));
            let message = segment.columns.messages[i];
            let group = groups.find(&Facts { log: self.log, level: segment.columns.levels[i], service, message, detail: Some(&detail) });
            visit(Cell { group, column, latency: segment.columns.latencies[i], detail: Some(&detail) });
        }
        Ok(())
    }
}

/// One event and where it is counted.
struct Cell<'a> {
    group: usize,
    column: usize,
    latency: f32,
    detail: Option<&'a RecordDetail>,
}

impl Cell<'_> {
    fn number(&self, field: &str) -> Option<f64> {
        let value = if field == LATENCY {
            f64::from(self.latency)
        } else {
            number_of(&self.detail?.fields.iter().find(|(name, _)| name == field)?.1)?
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
            GroupBy::Field(name) => event.detail.and_then(|detail| field_text(detail, name)).unwrap_or_default(),
        };
        let key: Vec<String> = self.by.iter().map(part).collect();
        let next = self.keys.len();
        *self.index.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            next
        })
    }
}

/// A field of a record as text; message and trace id by their roles.
fn field_text(detail: &RecordDetail, name: &str) -> Option<String> {
    let field = detail.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    field.or_else(|| match name {
        "message" | "msg" => Some(detail.message.clone()),
        "trace_id" => detail.trace_id.clone(),
        _ => None,
    })
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

/// Units of durations, in seconds.
const UNITS: [(&str, f64); 7] = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// A number as text: plain, quoted, or a duration with its unit, which counts in seconds.
fn number_of(text: &str) -> Option<f64> {
    let text = text.trim().trim_matches('"');
    if let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').filter(|at| *at > 0)?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let unit = UNITS.iter().find(|unit| unit.0 == &rest[digits..unit_end])?;
        seconds += rest[..digits].parse::<f64>().ok()? * unit.1;
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(seconds)
}

/// Rounds to the seven digits that the latency column keeps, so that 0.83 does not become 0.8299999833.
fn decimal(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

/// One number over values, which are put in another order; `None` without a value. O(n).
fn statistic(kind: StatKind, values: &mut [f64]) -> Option<f64> {
    let n = values.len();
    Some(match kind {
        _ if n == 0 => return None,
        StatKind::Min => values.iter().copied().min_by(f64::total_cmp)?,
        StatKind::Max => values.iter().copied().max_by(f64::total_cmp)?,
        StatKind::Sum => values.iter().sum(),
        StatKind::Mean => values.iter().sum::<f64>() / n as f64,
        StatKind::Quantile(q) => {
            let place = q.clamp(0.0, 1.0) * (n - 1) as f64;
            let (below, share) = (place.floor() as usize, place.fract());
            let (_, low, above) = values.select_nth_unstable_by(below.min(n - 1), f64::total_cmp);
            match above.iter().copied().min_by(f64::total_cmp) {
                Some(high) if share > 0.0 => *low + (high - *low) * share,
                _ => *low,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventFilter;
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
        let events = Events { logs: &logs, selections: &selections };
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
        let events = Events { logs: &logs, selections: &selections };
        let stat = |kind| Stat { kind, field: "latency".into() };
        let kinds = [StatKind::Quantile(0.5), StatKind::Quantile(0.75), StatKind::Min, StatKind::Max, StatKind::Sum];
        let query = StatsQuery { histogram: query(&[], 8, 2), stats: kinds.map(stat).to_vec() };
        let stats = events.stats(&query, &watch()).unwrap();
        let expected = [Some(0.83), Some(1.415), Some(0.5), Some(2.0), Some(3.33)];
        assert_eq!(stats[&Vec::<String>::new()], [expected.to_vec(), vec![None; 5]]);
    }

    #[test]
    fn durations_count_in_seconds() {
        assert_eq!(["12ms", "1m30s", "2", "\"1.5s\""].map(number_of), [Some(0.012), Some(90.0), Some(2.0), Some(1.5)]);
        assert_eq!(["", "fast", "3 apples", "s"].map(number_of), [None; 4]);
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
            let events = Events { logs: &logs, selections: &selections };
            let query = query(&[], end, columns);
            let got = events.histogram(&query, &watch()).unwrap().groups.remove(&Vec::<String>::new()).unwrap_or(vec![0; columns]);
            let parts = query.range.split(query.columns);
            let expected: Vec<u64> =
                parts.iter().map(|part| times.iter().filter(|time| part.contains(Timestamp(**time))).count() as u64).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
