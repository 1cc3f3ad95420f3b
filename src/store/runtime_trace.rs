//! Series of what runtimes say in the lines of a log, placed by the log: Go (`gctrace`, `schedtrace`), garbage
//! collections of Java.
//!
//! A line that is a record of its own has the record's time. One that has none was folded into the record before it: it
//! lies at or behind that record, and counts its seconds from the start of its process, so of all such lines of one
//! process the latest possible start places them all. A counter or a clock that falls back is a new process.

use std::collections::BTreeMap;

use super::derive::{self, DerivedSeries};
use super::log::Log;
use crate::model::{Sample, Timestamp};
use crate::parse::NO_TIME;
use crate::parse::metric::gotrace::{FIRST_OF_JVM, Line, SERIES};

/// How the series say where they come from.
const FORMULA: &str = "gctrace and schedtrace lines of the log";
const FORMULA_OF_JVM: &str = "garbage collections that the JVM logged";

/// A line of the runtime in a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    /// Offset of the line that it stands in.
    pub at: u64,
    /// What it says.
    pub line: Line,
}

/// One line with its process and what is known of its time.
struct Placed<'a> {
    line: &'a Line,
    time: Time,
}

/// The time of a line.
enum Time {
    /// The log states it.
    Stated(i64),
    /// It was folded into another record; by the clock of the process of this number.
    Folded(usize),
}

/// The series of the lines that were found in a log, by service. O(lines · log records).
pub fn derive(log: &Log, traced: &[Traced]) -> Vec<DerivedSeries> {
    let mut by_service: BTreeMap<&str, Vec<&Traced>> = BTreeMap::new();
    let mut traced: Vec<&Traced> = traced.iter().collect();
    traced.sort_by_key(|one| one.at);
    for one in traced {
        let service = log.record_at(one.at).and_then(|(segment, i)| log.service_name(log.segments[segment].service(i)));
        by_service.entry(service.unwrap_or_default()).or_default().push(one);
    }
    by_service.into_iter().flat_map(|(service, lines)| of_service(log, service, &lines)).collect()
}

fn of_service(log: &Log, service: &str, lines: &[&Traced]) -> Vec<DerivedSeries> {
    // Latest possible start of each process.
    let mut starts: Vec<i64> = vec![i64::MIN];
    let (mut since, mut placed) = (i64::MIN, Vec::new());
    for Traced { at, line } in lines {
        if line.since_ns < since {
            starts.push(i64::MIN);
        }
        since = line.since_ns;
        let Some((own, segment, i)) = log.record_at(*at).and_then(|own| timed(log, own).map(|(segment, i)| (own, segment, i))) else {
            continue;
        };
        let time = log.segments[segment].columns.time(i);
        let process = starts.len() - 1;
        starts[process] = starts[process].max(time.saturating_sub(line.since_ns));
        let time =
            if own == (segment, i) && log.record_range(segment, i).start == *at { Time::Stated(time) } else { Time::Folded(process) };
        placed.push(Placed { line, time });
    }
    let mut samples: BTreeMap<u8, Vec<Sample>> = BTreeMap::new();
    for Placed { line, time } in &placed {
        let time = Timestamp(match time {
            Time::Stated(time) => *time,
            Time::Folded(process) => starts[*process].saturating_add(line.since_ns),
        });
        for (series, value) in &line.values {
            samples.entry(*series).or_default().push(Sample { time, value: *value });
        }
    }
    let series = |(series, samples): (u8, Vec<Sample>)| {
        let name = SERIES[usize::from(series)].0;
        let (unit, kind) = derive::sort_of(name);
        let formula = if series < FIRST_OF_JVM { FORMULA } else { FORMULA_OF_JVM };
        let (service, formula) = (service.to_owned(), formula.to_owned());
        DerivedSeries { name, service, source: log.source(), unit, kind, formula, samples: rising(samples) }
    };
    samples.into_iter().map(series).collect()
}

/// The record, or the nearest one before it that has a time: some logs take such lines for records without one.
fn timed(log: &Log, (segment, i): (usize, usize)) -> Option<(usize, usize)> {
    let places = (0..=segment).rev().flat_map(|at| {
        let n = if at == segment { i + 1 } else { log.segments[at].len() };
        (0..n).rev().map(move |i| (at, i))
    });
    places.take(FAR).find(|(segment, i)| log.segments[*segment].columns.time(*i) != NO_TIME)
}

/// Looked back so many records for one with a time.
const FAR: usize = 10_000;

/// In order of time, of two at one time the later.
fn rising(mut samples: Vec<Sample>) -> Vec<Sample> {
    samples.sort_by_key(|sample| sample.time);
    samples.reverse();
    samples.dedup_by_key(|sample| sample.time);
    samples.reverse();
    samples
}
