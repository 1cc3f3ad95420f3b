//! Cells of (service, step) and what the records of a log put into them, a run of records at a time.
//!
//! Most records are in the step of the one before, and most segments are of one service: a run is found by its ends
//! and counted column by column, without looking at its records one by one. What the cells mean is told in
//! [`super::derive`].

use std::ops::Range;

use super::column::Column;
use super::columns::{Columns, latency};
use super::segment::Segment;
use crate::model::{Level, Timestamp};
use crate::parse::NO_TIME;

/// Equal steps on absolute multiples of their length, so that every engine can count the same ones.
pub(super) struct Grid {
    pub start: i64,
    pub step_ns: i64,
    pub n_steps: usize,
}

impl Grid {
    /// End of a step.
    pub fn end(&self, step: usize) -> Timestamp {
        Timestamp(self.start).plus_ns(self.step_ns.saturating_mul(step as i64 + 1))
    }

    /// The step of a time; one outside, which only a forged index has, counts at the nearer end.
    fn step_of(&self, time: i64) -> usize {
        ((time.saturating_sub(self.start).max(0) / self.step_ns) as usize).min(self.n_steps - 1)
    }
}

/// Events of one service in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub n_events: u32,
    pub n_errors: u32,
    pub n_statuses: u32,
    pub n_failed: u32,
    pub n_latencies: u32,
    /// Of the latencies those of records that have a status, too.
    pub n_timed: u32,
}

impl Cell {
    /// Counts the records of a run.
    pub fn count(&mut self, counts: &Counts, run: Range<usize>) {
        self.n_events += run.len() as u32;
        self.n_errors += counts.errors(&run);
        let (n_statuses, n_failed) = counts.statuses(&run);
        self.n_statuses += n_statuses;
        self.n_failed += n_failed;
        let n_latencies = |run| {
            let mut n = 0;
            each_latency(counts.latencies, run, |latency| n += u32::from(!latency.is_nan()));
            n
        };
        self.n_latencies += n_latencies(run.clone());
        self.n_timed += match counts.all_have_status() {
            Some(true) => n_latencies(run),
            Some(false) => 0,
            None => run.filter(|i| counts.has_status(*i) && !latency(counts.latencies, *i).is_nan()).count() as u32,
        };
    }

    pub fn add(&mut self, other: &Self) {
        self.n_events += other.n_events;
        self.n_errors += other.n_errors;
        self.n_statuses += other.n_statuses;
        self.n_failed += other.n_failed;
        self.n_latencies += other.n_latencies;
        self.n_timed += other.n_timed;
    }
}

/// Different statuses of a segment that are counted one after another.
const FEW_STATUSES: usize = 9;

/// The columns of a segment that cells count.
pub(super) struct Counts<'a> {
    columns: &'a Columns,
    latencies: &'a Column,
    /// For each place of a status: whether it is one, and whether it is a failure; the last is for any other place.
    status_sorts: Vec<(u32, u32)>,
}

impl<'a> Counts<'a> {
    pub fn of(columns: &'a Columns) -> Self {
        let sort = |status: u16| (u32::from(status > 0), u32::from(status >= 500));
        let status_sorts = columns.status_values.iter().map(|status| sort(*status)).chain([(0, 0)]).collect();
        Self { columns, latencies: &columns.latencies, status_sorts }
    }

    /// Whether all records have a status, or none; `None` where they differ.
    pub fn all_have_status(&self) -> Option<bool> {
        let place = self.columns.statuses.constant()?;
        Some(self.sort(place as u64).0 > 0)
    }

    /// Whether a record has a status.
    pub fn has_status(&self, i: usize) -> bool {
        self.sort(self.columns.statuses.code(i)).0 > 0
    }

    /// Of the status at a place: whether it is one, and whether it is a failure.
    fn sort(&self, place: u64) -> (u32, u32) {
        self.status_sorts.get(place as usize).copied().unwrap_or((0, 0))
    }

    fn errors(&self, run: &Range<usize>) -> u32 {
        let levels = &self.columns.levels;
        if levels.width != 1 {
            return run.clone().map(|i| u32::from(self.columns.level(i) >= Level::Error)).sum();
        }
        let least = (Level::Error as i64).saturating_sub(levels.base).clamp(0, 256) as u16;
        levels.bytes[run.clone()].iter().map(|level| u32::from(u16::from(*level) >= least)).sum()
    }

    fn statuses(&self, run: &Range<usize>) -> (u32, u32) {
        let places: &Column = &self.columns.statuses;
        let sort = |place: u64| self.sort(place);
        let add = |(a, b): (u32, u32), (c, d): (u32, u32)| (a + c, b + d);
        match places.constant() {
            Some(place) => {
                let (is_status, is_failed) = sort(place as u64);
                (is_status * run.len() as u32, is_failed * run.len() as u32)
            }
            // A count of equal bytes takes many at once.
            None if places.width == 1 && places.base == 0 && self.status_sorts.len() <= FEW_STATUSES => {
                let bytes = &places.bytes[run.clone()];
                let count = |place: usize| bytes.iter().map(|byte| u32::from(usize::from(*byte) == place)).sum::<u32>();
                let all = self.status_sorts.iter().enumerate().filter(|(_, (is_status, _))| *is_status > 0);
                all.map(|(place, (_, is_failed))| (count(place), *is_failed)).map(|(n, is_failed)| (n, is_failed * n)).fold((0, 0), add)
            }
            None if places.width == 1 => {
                let base = places.base as u64;
                places.bytes[run.clone()].iter().map(|place| sort(base.wrapping_add(u64::from(*place)))).fold((0, 0), add)
            }
            None => run.clone().map(|i| sort(places.code(i))).fold((0, 0), add),
        }
    }
}

/// Latencies of a run in order, NaN for none.
pub(super) fn each_latency(latencies: &Column, run: Range<usize>, mut visit: impl FnMut(f32)) {
    if latencies.width == 4 {
        let base = latencies.base as u32;
        let bits = latencies.bytes[run.start * 4..run.end * 4].as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        bits.for_each(|bits| visit(f32::from_bits(base.wrapping_add(bits))));
    } else {
        run.for_each(|i| visit(latency(latencies, i)));
    }
}

/// Calls `visit` for runs of placed records that are in one cell, in file order. `codes` makes services of all logs of
/// those of the segment. O(log records) a run where all is in order, else O(records).
pub(super) fn each_run(segment: &Segment, codes: &[usize], grid: &Grid, mut visit: impl FnMut(Range<usize>, usize)) {
    let columns = &segment.columns;
    let firsts: Vec<Option<usize>> = segment.service_codes.iter().map(|code| Some(codes.get(usize::from(*code))? * grid.n_steps)).collect();
    let first_of = |i: usize| firsts.get(columns.service(i)).copied().flatten();
    let is_of_one_service = columns.services.constant().is_some();
    let is_in_order = segment.order.is_none() && segment.unplaced.is_empty();
    let mut at = 0;
    while at < columns.len {
        let time = columns.time(at);
        if time == NO_TIME {
            at += 1;
            continue;
        }
        let step = grid.step_of(time);
        let start = grid.start.saturating_add(grid.step_ns.saturating_mul(step as i64));
        let end = start.saturating_add(grid.step_ns);
        let to = if is_in_order {
            first_from(columns, at + 1, end)
        } else {
            (at + 1..columns.len).find(|i| !(start..end).contains(&columns.time(*i))).unwrap_or(columns.len)
        };
        while at < to {
            let first = first_of(at);
            let own = columns.service(at);
            let same = if is_of_one_service { to } else { (at + 1..to).find(|i| columns.service(*i) != own).unwrap_or(to) };
            if let Some(first) = first {
                visit(at..same, first + step);
            }
            at = same;
        }
    }
}

/// The first record at or after `from` that is not before `time`, in columns whose times rise.
fn first_from(columns: &Columns, from: usize, time: i64) -> usize {
    let (mut low, mut high) = (from, columns.len);
    while low < high {
        let middle = low.midpoint(high);
        if columns.time(middle) < time { low = middle + 1 } else { high = middle }
    }
    low
}
