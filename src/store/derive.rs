//! Series that exist only because there are logs: rate, error ratio, P50 and P99 of each service over time.
//!
//! Computed once from the columns, exactly, in two passes: the first counts the events of each cell of
//! (service, step), the second puts their latencies into place, counting-sort fashion. Threads take stretches of the
//! segments, and what they found is put together by cell. No text is read.
//! A sample stands at the end of the step that it tells of, as a rate of a metric does; a step without events has no
//! ratio and no quantile (a gap), and a rate of 0 between the first and the last event of its service.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::cells::{Cell, Counts, Grid, each_latency, each_run};
use super::log::Log;
use super::parallel::{map, stretches};
use super::segment::Segment;
use super::{StoreError, Watch};
use crate::model::time::NS_PER_S;
use crate::model::{Sample, SeriesKind, SourceId, Unit};
use crate::parse::metric::gotrace;

/// Cells of all services together; the step grows until they fit (four numbers and a sample each).
const MAX_CELLS: i128 = 2_000_000;
/// Steps of one series: more than any screen shows, few enough for quantiles to mean something.
const MAX_STEPS: i128 = 2_000;
/// Steps that people think in, seconds.
const STEPS_S: [i64; 16] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 10_800, 21_600, 86_400];

/// Names of series that events of any log make.
const OF_EVENTS: [&str; 5] =
    ["fromlogs:request_rate", "fromlogs:event_rate", "fromlogs:error_ratio", "fromlogs:latency_p50", "fromlogs:latency_p99"];

/// All names that a series from logs can have.
pub fn names() -> impl Iterator<Item = &'static str> {
    OF_EVENTS.into_iter().chain(gotrace::SERIES.map(|(name, ..)| name))
}

/// Whether the events of logs make a series of this name; others that come from logs are written between their records.
pub fn is_of_events(name: &str) -> bool {
    OF_EVENTS.contains(&name)
}

/// Unit and behaviour of the series of this name.
pub fn sort_of(name: &str) -> (Unit, SeriesKind) {
    match name {
        "fromlogs:latency_p50" | "fromlogs:latency_p99" => (Unit::Seconds, SeriesKind::Quantile),
        "fromlogs:error_ratio" => (Unit::Ratio, SeriesKind::Gauge),
        name => {
            let of_runtime = gotrace::SERIES.into_iter().find(|(known, ..)| *known == name);
            of_runtime.map_or((Unit::PerSecond, SeriesKind::Rate), |(_, unit, kind)| (unit, kind))
        }
    }
}

/// One series and how to compute it again.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedSeries {
    /// `fromlogs:latency_p99` and its like.
    pub name: &'static str,
    /// The service whose events it tells of.
    pub service: String,
    /// First source that names the service.
    pub source: SourceId,
    /// Unit of the values.
    pub unit: Unit,
    /// Behaviour of the values.
    pub kind: SeriesKind,
    /// The formula in words.
    pub formula: String,
    /// Rising times.
    pub samples: Vec<Sample>,
}

/// Derives the series of all services with up to `jobs` threads, whose number never changes an answer. O(events); nothing
/// without events.
pub fn derive(logs: &[Arc<Log>], jobs: usize, watch: &Watch<'_>) -> Result<Vec<DerivedSeries>, StoreError> {
    let mut series = Vec::new();
    for related in related(logs) {
        series.extend(derive_together(&related, jobs, watch)?);
    }
    // Stable: those of one service stay in their order.
    series.sort_by(|a, b| a.service.cmp(&b.service));
    Ok(series)
}

/// Logs that share services, directly or over others. The step of a series follows from the span of these alone, so that
/// a peak stays what it is whatever else is opened.
fn related(logs: &[Arc<Log>]) -> Vec<Vec<Arc<Log>>> {
    let mut group_of: Vec<usize> = (0..logs.len()).collect();
    let mut first_with: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, log) in logs.iter().enumerate() {
        for service in &log.services {
            let other = *first_with.entry(service).or_insert(index);
            let (from, to) = (group_of[index].max(group_of[other]), group_of[index].min(group_of[other]));
            if from != to {
                group_of.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<Arc<Log>>> = BTreeMap::new();
    logs.iter().zip(group_of).for_each(|(log, group)| groups.entry(group).or_default().push(Arc::clone(log)));
    groups.into_values().collect()
}

/// The series of logs that share services, on one grid.
fn derive_together(logs: &[Arc<Log>], jobs: usize, watch: &Watch<'_>) -> Result<Vec<DerivedSeries>, StoreError> {
    let services = Services::of(logs);
    let Some(grid) = Grid::over(logs, services.names.len()) else { return Ok(Vec::new()) };
    let n_cells = grid.n_steps * services.names.len();
    let segments: Vec<Piece> = logs.iter().enumerate().flat_map(|(log, of)| of.segments.iter().map(move |own| (log, &**own))).collect();
    let stretches = stretches(&segments, jobs.min(MAX_TALLIES / n_cells.max(1)).max(1), |(_, segment)| segment.len());
    let tallies = map(&stretches, jobs, || (), |(), stretch| Tally::of(stretch, (&services, &grid), n_cells, watch))?;
    let mut cells = vec![Cell::default(); n_cells];
    for tally in &tallies {
        cells.iter_mut().zip(&tally.cells).for_each(|(sum, cell)| sum.add(cell));
    }
    let blocks = blocks(&cells, grid.n_steps);
    let quantiles = map(&blocks, jobs, Vec::new, |room, block| {
        watch.check()?;
        Ok(quantiles(&tallies, block.clone(), &grid, room))
    })?;
    let mut quantiles = blocks.iter().zip(quantiles).peekable();
    let mut series = Vec::new();
    for (index, (name, source)) in services.names.iter().enumerate() {
        let own = index * grid.n_steps..(index + 1) * grid.n_steps;
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        while let Some((_, part)) = quantiles.next_if(|(block, _)| own.contains(&block.start)) {
            p50.extend(part.0);
            p99.extend(part.1);
        }
        let service = Service { name, source: *source, grid: &grid, cells: &cells[own] };
        series.extend(service.counts().chain(service.quantiles(p50, p99)));
    }
    Ok(series)
}

/// Latencies that one thread puts in order at once: enough to be worth a turn, few enough that all threads end together.
const BLOCK_LATENCIES: u64 = 128 << 10;

/// Cells of all services cut into stretches, each of one service.
fn blocks(cells: &[Cell], n_steps: usize) -> Vec<Range<usize>> {
    let (mut blocks, mut start, mut n_latencies) = (Vec::new(), 0, 0);
    for (at, cell) in cells.iter().enumerate() {
        n_latencies += u64::from(cell.n_latencies);
        if (at + 1) % n_steps == 0 || n_latencies >= BLOCK_LATENCIES {
            blocks.push(start..at + 1);
            (start, n_latencies) = (at + 1, 0);
        }
    }
    blocks
}

/// P50 and P99 of the latencies of these cells, which are of one service. O(latencies).
fn quantiles(tallies: &[Tally], cells: Range<usize>, grid: &Grid, own: &mut Vec<f32>) -> (Vec<Sample>, Vec<Sample>) {
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for cell in cells {
        own.clear();
        for tally in tallies {
            own.extend_from_slice(tally.of_cell(cell));
        }
        if own.is_empty() {
            continue;
        }
        let (own, time) = (&mut own[..], grid.end(cell % grid.n_steps));
        p50.push(Sample { time, value: quantile(own, 0.5) });
        // The median stands at its place now, and what is greater behind it.
        let below = (own.len() - 1) / 2;
        p99.push(Sample { time, value: quantile_above(below, &mut own[below..], 0.99) });
    }
    (p50, p99)
}

/// Cells of all threads together: where there are many one thread counts, so that they take their room once.
const MAX_TALLIES: usize = 2_500_000;

/// A segment and the log that it is of.
type Piece<'a> = (usize, &'a Segment);

/// What a stretch of segments holds.
struct Tally {
    cells: Vec<Cell>,
    /// Latencies in the order of the cells.
    latencies: Vec<f32>,
    /// Where those of each cell begin, and where those of the last end.
    starts: Vec<usize>,
}

impl Tally {
    fn of(segments: &[Piece], (services, grid): (&Services, &Grid), n_cells: usize, watch: &Watch<'_>) -> Result<Self, StoreError> {
        let mut cells = vec![Cell::default(); n_cells];
        for (log, segment) in segments {
            watch.check()?;
            let counts = Counts::of(&segment.columns);
            each_run(segment, &services.codes[*log], grid, |run, cell| cells[cell].count(&counts, run));
        }
        let mut starts = Vec::with_capacity(n_cells + 1);
        let mut n_latencies = 0usize;
        for cell in &cells {
            starts.push(n_latencies);
            n_latencies += cell.n_latencies as usize;
        }
        starts.push(n_latencies);
        let mut latencies = vec![0f32; n_latencies];
        let mut next = starts.clone();
        for (log, segment) in segments.iter().filter(|(_, segment)| segment.columns.has_latencies()) {
            watch.check()?;
            each_run(segment, &services.codes[*log], grid, |run, cell| {
                let mut at = next[cell];
                each_latency(&segment.columns.latencies, run, |latency| {
                    if !latency.is_nan() {
                        latencies[at] = latency;
                        at += 1;
                    }
                });
                next[cell] = at;
            });
        }
        Ok(Self { cells, latencies, starts })
    }

    /// Latencies of one cell.
    fn of_cell(&self, cell: usize) -> &[f32] {
        &self.latencies[self.starts[cell]..self.starts[cell + 1]]
    }
}

/// Services over all logs.
struct Services {
    /// Name and first source, sorted by name.
    names: Vec<(String, SourceId)>,
    /// For each log: its service code → index in `names`.
    codes: Vec<Vec<usize>>,
}

impl Services {
    fn of(logs: &[Arc<Log>]) -> Self {
        let mut first: BTreeMap<&str, SourceId> = BTreeMap::new();
        for log in logs {
            for name in &log.services {
                first.entry(name).and_modify(|source| *source = (*source).min(log.source)).or_insert(log.source);
            }
        }
        let indexes: BTreeMap<&str, usize> = first.keys().enumerate().map(|(index, name)| (*name, index)).collect();
        let codes = logs.iter().map(|log| log.services.iter().map(|name| indexes[name.as_str()]).collect()).collect();
        let names = first.iter().map(|(name, source)| ((*name).to_owned(), *source)).collect();
        Self { names, codes }
    }
}

impl Grid {
    fn over(logs: &[Arc<Log>], n_services: usize) -> Option<Self> {
        let spans = || logs.iter().flat_map(|log| &log.segments).filter_map(|segment| segment.span);
        let (first, last) = (spans().map(|span| span.0).min()?, spans().map(|span| span.1).max()?);
        let most = MAX_STEPS.min(MAX_CELLS / n_services.max(1) as i128).max(1);
        let length = i128::from(last) - i128::from(first);
        let fits = |step_s: &&i64| length / (i128::from(**step_s) * i128::from(NS_PER_S)) < most;
        let step_ns = match STEPS_S.iter().find(fits) {
            Some(step_s) => step_s * NS_PER_S,
            // Whole days beyond a day a step.
            None => i64::try_from((length / most / i128::from(86_400 * NS_PER_S) + 1) * i128::from(86_400 * NS_PER_S)).ok()?,
        };
        let start = first.div_euclid(step_ns).checked_mul(step_ns)?;
        let n_steps = usize::try_from((i128::from(last) - i128::from(start)) / i128::from(step_ns)).ok()? + 1;
        Some(Self { start, step_ns, n_steps })
    }

    fn step_s(&self) -> f64 {
        self.step_ns as f64 / NS_PER_S as f64
    }
}

/// One service on the grid.
struct Service<'a> {
    name: &'a str,
    source: SourceId,
    grid: &'a Grid,
    cells: &'a [Cell],
}

impl Service<'_> {
    fn series(&self, name: &'static str, formula: &str, samples: Vec<Sample>) -> Option<DerivedSeries> {
        let (unit, kind) = sort_of(name);
        let step = crate::model::text::whole_duration((self.grid.step_ns / NS_PER_S).unsigned_abs());
        let formula = format!("{formula} over {step}, from the log events of this service");
        let (service, source) = (self.name.to_owned(), self.source);
        (!samples.is_empty()).then_some(DerivedSeries { name, service, source, unit, kind, formula, samples })
    }

    /// Rate and error ratio.
    fn counts(&self) -> impl Iterator<Item = DerivedSeries> + use<> {
        let has = |cell: &Cell| cell.n_events > 0;
        let first = self.cells.iter().position(has).unwrap_or(0);
        let last = self.cells.iter().rposition(has).unwrap_or(0);
        // Requests are the events with a status or a latency; a service that logs none is told by all its events.
        let is_serving = self.cells.iter().any(|cell| cell.n_statuses > 0 || cell.n_latencies > 0);
        let requests = |cell: &Cell| if is_serving { cell.n_statuses.max(cell.n_latencies) } else { cell.n_events };
        // The steps at both ends are not whole: a rate there would show a fall that is none.
        let whole = (first + 1)..last;
        let rates = whole.map(|step| self.sample(step, f64::from(requests(&self.cells[step])) / self.grid.step_s())).collect();
        let has_statuses = self.cells.iter().any(|cell| cell.n_statuses > 0);
        let share = |cell: &Cell| match has_statuses {
            true => (cell.n_failed, cell.n_statuses),
            false => (cell.n_errors, cell.n_events),
        };
        // A log that holds nothing but failures cannot say of how many requests they are a share.
        let has_good = self.cells.iter().map(share).any(|(part, whole)| whole > part);
        let ratios = (first..=last)
            .filter(|_| has_good)
            .filter(|step| share(&self.cells[*step]).1 > 0)
            .map(|step| {
                let (part, whole) = share(&self.cells[step]);
                self.sample(step, f64::from(part) / f64::from(whole))
            })
            .collect();
        let (rate, what) = match is_serving {
            true => ("fromlogs:request_rate", "events with a status or a latency, per second,"),
            false => ("fromlogs:event_rate", "events per second"),
        };
        let ratio = match has_statuses {
            true => "events with a status of 500 or more / events with a status,",
            false => "events of level error or fatal / all events,",
        };
        [self.series(rate, what, rates), self.series("fromlogs:error_ratio", ratio, ratios)].into_iter().flatten()
    }

    /// What these samples are.
    fn quantiles(&self, p50: Vec<Sample>, p99: Vec<Sample>) -> impl Iterator<Item = DerivedSeries> + use<> {
        [
            self.series("fromlogs:latency_p50", "median of the latency", p50),
            self.series("fromlogs:latency_p99", "99th percentile of the latency (linear between the two nearest)", p99),
        ]
        .into_iter()
        .flatten()
    }

    fn sample(&self, step: usize, value: f64) -> Sample {
        Sample { time: self.grid.end(step), value }
    }
}

/// Linear between the two nearest (type 7 of Hyndman and Fan 1996). `values` are not empty, and put in another order. O(n).
fn quantile(values: &mut [f32], q: f64) -> f64 {
    quantile_above(0, values, q)
}

/// The same of values of which the `n_below` least are left out; it must not lie among them.
fn quantile_above(n_below: usize, values: &mut [f32], q: f64) -> f64 {
    let at = q * (n_below + values.len() - 1) as f64;
    let low = at.floor() as usize;
    let (_, a, above) = values.select_nth_unstable_by(low - n_below, f32::total_cmp);
    let a = f64::from(*a);
    match above.iter().copied().min_by(f32::total_cmp) {
        Some(b) if at > low as f64 => a + (f64::from(b) - a) * (at - low as f64),
        _ => a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{log, watch};
    use proptest::prelude::*;

    /// `name{service} end_of_step=value …`, one line a series; steps in seconds.
    fn derived(texts: &[(&str, &str)]) -> Vec<String> {
        let logs: Vec<Arc<Log>> = texts.iter().enumerate().map(|(i, (path, text))| log(i as u32, path, text, 2)).collect();
        let series = derive(&logs, 2, &watch()).expect("not cancelled");
        let told = |s: &DerivedSeries| {
            let samples: Vec<String> = s.samples.iter().map(|x| format!("{}={:.3}", x.time.0 / NS_PER_S, x.value)).collect();
            format!("{}{{{}}} {}", s.name.trim_start_matches("fromlogs:"), s.service, samples.join(" "))
        };
        series.iter().map(told).collect()
    }

    #[test]
    fn no_events_give_no_series() {
        assert_eq!(derived(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_service_that_logs_latencies_has_a_rate_and_quantiles() {
        // Times in ns: two events in second 1, one in second 2, none in 3, two in 4.
        let text =
            "1000000000 info api 0.1\n1500000000 error api 0.3\n2000000000 info api 0.2\n4100000000 info api 1\n4200000000 info api 3\n";
        assert_eq!(
            derived(&[("a.log", text)]),
            [
                // The first and the last second are not whole.
                "request_rate{api} 3=1.000 4=0.000",
                "error_ratio{api} 2=0.500 3=0.000 5=0.000",
                "latency_p50{api} 2=0.200 3=0.200 5=2.000",
                "latency_p99{api} 2=0.298 3=0.200 5=2.980",
            ]
        );
    }

    #[test]
    fn one_service_in_two_logs_is_one_series_whatever_their_order() {
        let (a, b) = ("1000000000 info api 1\n", "1100000000 info api 3\n3000000000 info db x\n");
        let mut both = derived(&[("a.log", a), ("b.log", b)]);
        let mut swapped = derived(&[("b.log", b), ("a.log", a)]);
        both.sort();
        swapped.sort();
        assert_eq!(both, swapped);
        assert!(both.contains(&"latency_p50{api} 2=2.000".to_owned()), "{both:?}");
    }

    #[test]
    fn events_without_a_time_count_nowhere() {
        assert_eq!(derived(&[("a.log", "- info api 1\n1000000000 warn api 2\n")])[0], "error_ratio{api} 2=0.000");
    }

    #[test]
    fn a_year_of_events_has_a_bounded_number_of_steps() {
        let text = "1000000000 info api 1\n31536000000000000 info api 2\n";
        let logs = [log(0, "a.log", text, 2)];
        let grid = Grid::over(&logs, 1).expect("there are events");
        assert!(grid.n_steps <= MAX_STEPS as usize + 1 && grid.step_ns % (86_400 * NS_PER_S / 4) == 0, "{} {}", grid.n_steps, grid.step_ns);
    }

    proptest! {
        #[test]
        fn each_cell_is_what_its_records_are_one_by_one(
            records in prop::collection::vec((0i64..9, 0usize..3, 0usize..4, 0u32..5), 1..60), is_in_order: bool, n_lines in 1usize..70,
        ) {
            let mut records = records;
            if is_in_order {
                records.sort_by_key(|record| record.0);
            }
            let level = |n: usize| ["info", "error", "fatal"][n];
            let service = |n: usize| ["api", "db", "pay", "-"][n];
            let line = |(time, l, s, latency): &(i64, usize, usize, u32)| match time {
                0 => format!("- {} {} {latency}\n", level(*l), service(*s)),
                time => format!("{}00000000 {} {} {}\n", time * 7, level(*l), service(*s), if *latency > 3 { "x".into() } else { latency.to_string() }),
            };
            let text: String = records.iter().map(line).collect();
            let logs = [log(0, "web.log", &text, n_lines)];
            let services = Services::of(&logs);
            let Some(grid) = Grid::over(&logs, services.names.len()) else { return Ok(()) };
            let n_cells = grid.n_steps * services.names.len();
            let pieces: Vec<Piece> = logs[0].segments.iter().map(|segment| (0, &**segment)).collect();
            let got = Tally::of(&pieces, (&services, &grid), n_cells, &watch()).unwrap();
            let (mut cells, mut latencies) = (vec![Cell::default(); n_cells], vec![Vec::new(); n_cells]);
            for segment in &logs[0].segments {
                let columns = &segment.columns;
                for i in (0..columns.len).filter(|i| columns.time(*i) != crate::parse::NO_TIME) {
                    let step = (columns.time(i) - grid.start) / grid.step_ns;
                    let cell = services.codes[0][usize::from(segment.service(i))] * grid.n_steps + step as usize;
                    let (status, latency) = (columns.status(i), columns.latency(i));
                    cells[cell].add(&Cell {
                        n_events: 1,
                        n_errors: u32::from(columns.level(i) >= crate::model::Level::Error),
                        n_statuses: u32::from(status > 0),
                        n_failed: u32::from(status >= 500),
                        n_latencies: u32::from(!latency.is_nan()),
                    });
                    latencies[cell].extend(Some(latency).filter(|latency| !latency.is_nan()));
                }
            }
            prop_assert_eq!(&got.cells, &cells);
            for (cell, latencies) in latencies.iter().enumerate() {
                prop_assert_eq!(got.of_cell(cell), &latencies[..]);
            }
        }

        #[test]
        fn a_quantile_behind_the_median_is_that_of_all(values in prop::collection::vec(-9i16..9, 1..40), q in 0.5f64..1.0) {
            let mut values: Vec<f32> = values.into_iter().map(f32::from).collect();
            let expected = quantile(&mut values.clone(), q);
            let (below, _) = ((values.len() - 1) / 2, quantile(&mut values, 0.5));
            prop_assert_eq!(quantile_above(below, &mut values[below..], q).to_bits(), expected.to_bits());
        }
    }

    #[test]
    fn a_quantile_lies_between_the_two_nearest() {
        assert!((quantile(&mut [1.0], 0.99) - 1.0).abs() < 1e-9);
        assert!((quantile(&mut [4.0, 2.0, 1.0, 3.0], 0.5) - 2.5).abs() < 1e-9);
    }
}
