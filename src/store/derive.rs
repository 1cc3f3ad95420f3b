//! Series that exist only because there are logs: rate, error ratio, P50 and P99 of each service over time.
//!
//! Computed once from the columns, exactly, in two passes: the first counts the events of each cell of
//! (service, step), the second puts their latencies into place, counting-sort fashion. Threads take stretches of the
//! segments, and what they found is put together by cell. No text is read.
//! A sample stands at the end of the step that it tells of, as a rate of a metric does; a step without events has no
//! ratio and no quantile (a gap), and a rate of 0 between the first and the last event of its service.
//! Requests are records with a status. What a service only timed (a query, a call, a job) is a request where none of
//! its records has both a status and a latency, and nothing of its requests where some have.

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
    let segments: Vec<Piece> =
        logs.iter().enumerate().flat_map(|(log, of)| of.segments.iter().map(move |own| (log, &**own, &*of.elsewhere))).collect();
    let stretches = stretches(&segments, jobs.min(MAX_TALLIES / n_cells.max(1)).max(1), |(_, segment, _)| segment.len());
    let tallies = map(&stretches, jobs, || (), |(), stretch| Tally::of(stretch, (&services, &grid), n_cells, watch))?;
    let mut cells = vec![Cell::default(); n_cells];
    for tally in &tallies {
        cells.iter_mut().zip(&tally.cells).for_each(|(sum, cell)| sum.add(cell));
    }
    let times: Vec<Timed> = cells.chunks(grid.n_steps).map(Timed::of).collect();
    let blocks = blocks(&cells, grid.n_steps);
    let quantiles = map(&blocks, jobs, Vec::new, |room, block| {
        watch.check()?;
        Ok(quantiles(&tallies, block.clone(), (&grid, times[block.start / grid.n_steps]), room))
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
        let service = Service { name, source: *source, grid: &grid, cells: &cells[own], timed: times[index] };
        series.extend(service.counts().chain(service.quantiles(p50, p99)));
    }
    Ok(series)
}

/// Which latencies of a service are those of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timed {
    /// Those of records with a status: beside them it times queries, calls, jobs.
    Statuses,
    /// All: no record says both how a request went and how long it took.
    All,
}

impl Timed {
    fn of(cells: &[Cell]) -> Self {
        if cells.iter().any(|cell| cell.n_timed > 0) { Self::Statuses } else { Self::All }
    }
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
fn quantiles(tallies: &[Tally], cells: Range<usize>, (grid, timed): (&Grid, Timed), own: &mut Vec<f32>) -> (Vec<Sample>, Vec<Sample>) {
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for cell in cells {
        own.clear();
        for tally in tallies {
            own.extend_from_slice(tally.of_cell(cell, timed));
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

/// A segment, the log that it is of, and the records of that which are counted in another one.
type Piece<'a> = (usize, &'a Segment, &'a [Range<u64>]);

/// What a stretch of segments holds.
struct Tally {
    cells: Vec<Cell>,
    /// Latencies in the order of the cells, in each those of records with a status first.
    latencies: Vec<f32>,
    /// Where those of each cell begin, and where those of the last end.
    starts: Vec<usize>,
}

impl Tally {
    fn of(segments: &[Piece], (services, grid): (&Services, &Grid), n_cells: usize, watch: &Watch<'_>) -> Result<Self, StoreError> {
        let mut cells = vec![Cell::default(); n_cells];
        for (log, segment, elsewhere) in segments {
            watch.check()?;
            let counts = Counts::of(&segment.columns);
            each_run(segment, &services.codes[*log], grid, |run, cell| {
                each_own(segment, elsewhere, run, |own| cells[cell].count(&counts, own));
            });
        }
        let mut starts = Vec::with_capacity(n_cells + 1);
        let mut n_latencies = 0usize;
        for cell in &cells {
            starts.push(n_latencies);
            n_latencies += cell.n_latencies as usize;
        }
        starts.push(n_latencies);
        let mut latencies = vec![0f32; n_latencies];
        // Where the next one with a status goes, and the next one without.
        let mut next: Vec<[usize; 2]> = starts.iter().zip(&cells).map(|(start, cell)| [*start, start + cell.n_timed as usize]).collect();
        for (log, segment, elsewhere) in segments.iter().filter(|(_, segment, _)| segment.columns.has_latencies()) {
            watch.check()?;
            let counts = Counts::of(&segment.columns);
            let all_have_status = counts.all_have_status();
            each_run(segment, &services.codes[*log], grid, |run, cell| {
                each_own(segment, elsewhere, run, |run| {
                    let (mut at, mut i) = (next[cell], run.start);
                    each_latency(&segment.columns.latencies, run, |latency| {
                        if !latency.is_nan() {
                            let part = usize::from(!all_have_status.unwrap_or_else(|| counts.has_status(i)));
                            latencies[at[part]] = latency;
                            at[part] += 1;
                        }
                        i += 1;
                    });
                    next[cell] = at;
                });
            });
        }
        Ok(Self { cells, latencies, starts })
    }

    /// Latencies of one cell.
    fn of_cell(&self, cell: usize, timed: Timed) -> &[f32] {
        let start = self.starts[cell];
        match timed {
            Timed::Statuses => &self.latencies[start..start + self.cells[cell].n_timed as usize],
            Timed::All => &self.latencies[start..self.starts[cell + 1]],
        }
    }
}

/// Calls `visit` for the parts of a run that no other log holds.
#[inline]
fn each_own(segment: &Segment, elsewhere: &[Range<u64>], run: Range<usize>, mut visit: impl FnMut(Range<usize>)) {
    if elsewhere.is_empty() {
        return visit(run);
    }
    let (base, mut at) = (segment.base_record, segment.base_record + run.start as u64);
    let end = base + run.end as u64;
    let first = elsewhere.partition_point(|range| range.end <= at);
    for range in elsewhere[first..].iter().take_while(|range| range.start < end) {
        if at < range.start {
            visit((at - base) as usize..(range.start - base) as usize);
        }
        at = range.end.min(end);
    }
    if at < end {
        visit((at - base) as usize..run.end);
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
    timed: Timed,
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
        // A service that logs neither a status nor a latency is told by all its events.
        let is_serving = self.cells.iter().any(|cell| cell.n_statuses > 0 || cell.n_latencies > 0);
        let requests = |cell: &Cell| match self.timed {
            _ if !is_serving => cell.n_events,
            Timed::Statuses => cell.n_statuses,
            Timed::All => cell.n_statuses.max(cell.n_latencies),
        };
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
        let (rate, what) = match self.timed {
            _ if !is_serving => ("fromlogs:event_rate", "events per second"),
            Timed::Statuses => ("fromlogs:request_rate", "events with a status, per second,"),
            Timed::All => ("fromlogs:request_rate", "events with a status or a latency, per second,"),
        };
        let ratio = match has_statuses {
            true => "events with a status of 500 or more / events with a status,",
            false => "events of level error or fatal / all events,",
        };
        [self.series(rate, what, rates), self.series("fromlogs:error_ratio", ratio, ratios)].into_iter().flatten()
    }

    /// What these samples are.
    fn quantiles(&self, p50: Vec<Sample>, p99: Vec<Sample>) -> impl Iterator<Item = DerivedSeries> + use<> {
        let (median, p99th) = match self.timed {
            Timed::All => ("median of the latency", "99th percentile of the latency (linear between the two nearest)"),
            Timed::Statuses => (
                "median of the latency of events with a status",
                "99th percentile of the latency of events with a status (linear between the two nearest)",
            ),
        };
        [self.series("fromlogs:latency_p50", median, p50), self.series("fromlogs:latency_p99", p99th, p99)].into_iter().flatten()
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
mod tests;
