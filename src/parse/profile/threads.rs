//! Thread dumps of Java, as `jstack`, `kill -3` and `jcmd Thread.print` write them: one mark a dump, threads by state as series.
//!
//! A dump that stands among the lines of a log stays an event of that log; here a file is nothing else.

use std::collections::BTreeMap;

use super::top::Tally;
use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Labels, ProblemKind, Sample, SeriesKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::metric::Place;
use crate::parse::{Context, Document, ParsedSeries};

/// Name of the format.
pub(crate) const FORMAT: &str = "java-thread-dump";
/// How each dump begins, below its time.
const HEADING: &str = "Full thread dump ";
/// Before the state of a thread.
const STATE: &str = "java.lang.Thread.State: ";

/// Whether a text begins with a dump, and why.
pub(crate) fn recognise(head: &str) -> Option<&'static str> {
    let mut lines = head.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let first = lines.next()?;
    let is_dump = first.starts_with(HEADING) || (when::written(first).is_some() && lines.next()?.starts_with(HEADING));
    is_dump.then_some("begins with a thread dump of Java")
}

/// One dump.
#[derive(Default)]
struct Dump<'t> {
    line: u64,
    time: Option<&'t str>,
    n_threads: u64,
    states: BTreeMap<&'t str, u64>,
    /// Frames of the thread that is being read.
    frames: Vec<&'t str>,
    tally: Tally<'t>,
}

impl Dump<'_> {
    fn end_thread(&mut self) {
        let frames = std::mem::take(&mut self.frames);
        self.tally.add(1.0, &frames);
    }
}

/// Reads all dumps of a file; records are threads.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let dumps = dumps(&text);
    let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
    let mut document = Document { n_lines: json::count_lines(bytes), ..Document::default() };
    let mut samples: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
    let states: Vec<&str> = dumps.iter().flat_map(|dump| dump.states.keys().copied()).collect();
    for mut dump in dumps {
        dump.end_thread();
        let own = dump.time.and_then(|time| when::any(time, zone));
        let (mut mark, mut told) = super::mark("threads", own, context);
        if own.is_some() {
            told.certainty = if context.zone.is_some() { ZoneCertainty::File } else { ZoneCertainty::Default };
        }
        document.n_records += dump.n_threads;
        document.zone = told;
        if let Some(time) = mark.time {
            for state in &states {
                put(samples.entry(state).or_default(), time, dump.states.get(state).copied().unwrap_or(0));
            }
        } else {
            document.n_unplaced += dump.n_threads;
            let reason = "the thread dump holds no time and the name of its file tells none".to_owned();
            problems.push(Place { line: dump.line, byte: 0 }.problem(ProblemKind::Time, reason));
        }
        (mark.total, mark.n_samples) = (dump.n_threads as f64, dump.n_threads);
        mark.top = dump.tally.top();
        document.profiles.push(mark);
    }
    document.series = samples.into_iter().map(|(state, samples)| series(state, samples)).collect();
    document.problems = problems;
    document
}

fn put(samples: &mut Vec<Sample>, time: Timestamp, n: u64) {
    // A state that several dumps of one second tell of has one sample.
    if samples.last().is_none_or(|last| last.time < time) {
        samples.push(Sample { time, value: n as f64 });
    }
}

fn series(state: &str, samples: Vec<Sample>) -> ParsedSeries {
    let labels = Labels::new(vec![("state".to_owned(), state.to_lowercase())]);
    ParsedSeries { name: "jvm_threads".to_owned(), labels, unit: Unit::None, kind: SeriesKind::Gauge, samples, ..ParsedSeries::default() }
}

/// The dumps of a text in their order.
fn dumps(text: &str) -> Vec<Dump<'_>> {
    let mut dumps: Vec<Dump<'_>> = Vec::new();
    let mut before = "";
    for (line, number) in text.lines().map(str::trim_end).zip(1..) {
        if line.starts_with(HEADING) {
            dumps.last_mut().into_iter().for_each(Dump::end_thread);
            dumps.push(Dump { line: number, time: Some(before).filter(|before| !before.is_empty()), ..Dump::default() });
        }
        let Some(dump) = dumps.last_mut() else {
            before = line;
            continue;
        };
        if line.starts_with('"') {
            dump.end_thread();
            dump.n_threads += 1;
        } else if let Some(state) = line.trim_start().strip_prefix(STATE) {
            *dump.states.entry(state.split(' ').next().unwrap_or(state)).or_default() += 1;
        } else if let Some(frame) = line.trim_start().strip_prefix("at ") {
            dump.frames.push(frame.split('(').next().unwrap_or(frame));
        }
        if !line.is_empty() {
            before = line;
        }
    }
    dumps
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "2026-11-23 02:28:09\nFull thread dump OpenJDK 64-Bit Server VM (17.0.9+9 mixed mode):\n\n\
        \"main\" #1 prio=5 tid=0x1 nid=0x1 waiting on condition\n   java.lang.Thread.State: TIMED_WAITING (sleeping)\n\
        \tat java.lang.Thread.sleep(Native Method)\n\tat shop.Main.main(Main.java:7)\n\n\
        \"pool-1\" #2 waiting for monitor entry\n   java.lang.Thread.State: BLOCKED (on object monitor)\n\tat shop.Pool.take(Pool.java:33)\n\n\
        \"GC Thread#0\" os_prio=0 runnable\n\n";

    #[test]
    fn each_dump_is_a_mark_and_counts_its_threads_by_state() {
        let text = format!("{DUMP}{}", DUMP.replace("02:28:09", "02:28:19").replace("BLOCKED (on object monitor)", "RUNNABLE"));
        assert!(recognise(&text).is_some() && recognise("Full thread dump OpenJDK\n").is_some());
        assert!(recognise("2026-11-23 02:28:09 started\nFull thread dump OpenJDK\n").is_none(), "a log with a dump in it");
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!((document.n_records, document.n_unplaced, document.profiles.len()), (6, 0, 2));
        let told: Vec<_> =
            document.series.iter().map(|one| (one.labels.get("state").unwrap(), one.iter().map(|sample| sample.value).collect())).collect();
        let expected: [(&str, Vec<f64>); 3] =
            [("blocked", vec![1.0, 0.0]), ("runnable", vec![0.0, 1.0]), ("timed_waiting", vec![1.0, 1.0])];
        assert_eq!(told, expected);
        assert_eq!(document.profiles[0].top.functions.len(), 3);
    }

    #[test]
    fn a_dump_without_a_time_says_so() {
        let document = parse(DUMP.split_once('\n').unwrap().1.as_bytes(), &Context::default());
        assert_eq!((document.n_unplaced, document.series.len(), document.profiles[0].time), (3, 0, None));
        assert_eq!(document.problems.total(), 1);
    }
}
