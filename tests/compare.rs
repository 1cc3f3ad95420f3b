//! What is different between two windows of files: the cause on top, with counts, and nothing made of chance.

use std::fmt::Write as _;
use std::path::Path;

use coroner::model::compare::{CompareQuery, Counted, Difference, Direction, SeriesOrder};
use coroner::model::{EventFilter, TimeRange, Timestamp};
use coroner::runtime::compare;
use coroner::source::files::{OpenOptions, open};
use coroner::source::{Job, SourceError};

/// 2026-11-23T02:00:00Z.
const START: i64 = 1_795_399_200;
/// From here on every fourth request of the new version fails, and the queue fills.
const BROKEN: i64 = 300;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

fn write_outage(dir: &Path) {
    let (mut log, mut metrics) = (String::new(), String::from("time,queue_depth,workers\n"));
    for secs in 0..600 {
        let is_broken = secs >= BROKEN;
        for request in 0..4 {
            let is_failed = is_broken && request == 0;
            let (level, status) = if is_failed { ("error", 502) } else { ("info", 200) };
            let version = if is_broken { "v2" } else { "v1" };
            let time = coroner::model::text::rfc3339(at(secs));
            let message = if is_failed { "upstream refused" } else { "request done" };
            let _ = writeln!(
                log,
                r#"{{"time":"{time}","level":"{level}","service":"shop","msg":"{message}","status":{status},"version":"{version}","uid":"u-{secs}-{request}"}}"#
            );
        }
        let depth = if is_broken { 800 + secs % 7 } else { 3 + secs % 3 };
        let _ = writeln!(metrics, "{},{depth},{}", START + secs, 8 + secs % 2);
    }
    std::fs::write(dir.join("shop.log"), log).expect("written");
    std::fs::write(dir.join("shop.csv"), metrics).expect("written");
}

fn compared(jobs: usize, chunk_bytes: u64, window: TimeRange) -> Difference {
    let dir = tempfile::tempdir().expect("a folder");
    write_outage(dir.path());
    let options = OpenOptions { sources: vec![dir.path().to_owned()], jobs, chunk_bytes, ..OpenOptions::default() };
    let source = open(options).expect("the folder exists");
    let job = Job::new();
    source.load(&job, &|| {}).expect("nobody cancels");
    let query = CompareQuery { baseline: TimeRange::new(at(0), at(120)), window, filter: EventFilter::default() };
    let found = compare::difference(&source, &query, &job).expect("compared");
    job.cancel();
    assert!(matches!(compare::difference(&source, &query, &job), Err(SourceError::Cancelled)));
    found
}

#[test]
fn what_changed_is_on_top_with_its_counts_and_ids_are_left_out() {
    let found = compared(2, 1 << 20, TimeRange::new(at(180), at(420)));
    let series: Vec<&str> = found.series.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(series, ["queue_depth", "fromlogs:error_ratio{service=\"shop\"}"], "{:?}", found.series);
    assert_eq!(found.series[0].direction, Direction::Up);
    let departed = found.series[0].departed.expect("it left its baseline").since(at(BROKEN)).abs();
    assert!(departed <= 1_000_000_000, "to the sample, one a second: {departed}");
    assert_eq!(found.ordered(SeriesOrder::Time)[0], 0, "it left before the errors were counted");
    assert_eq!(found.n_events, (480, 960));
    assert_eq!(found.levels.told[0].what, Counted::Level(coroner::model::Level::Error));
    assert_eq!(found.levels.told[0].n, (0, 120));
    assert!(found.services.told.is_empty(), "as many requests as before");
    assert_eq!(found.patterns.told.iter().map(|change| change.n).collect::<Vec<_>>(), [(0, 120)]);
    let values: Vec<String> = found.values.told.iter().map(|change| format!("{} {:?}", change.what.words(), change.n)).collect();
    assert_eq!(values, ["version=v2 (0, 480)", "status=502 (0, 120)", "version=v1 (480, 480)"]);
    assert_eq!(found.fields_left_out.iter().map(|field| field.0.as_str()).collect::<Vec<_>>(), ["uid"]);
}

#[test]
fn a_quiet_window_tells_no_difference() {
    let found = compared(1, 1 << 20, TimeRange::new(at(130), at(290)));
    assert!(found.series.is_empty(), "{:?}", found.series);
    let counts = [&found.levels, &found.services, &found.patterns, &found.values];
    assert!(counts.iter().all(|counts| counts.told.is_empty()), "{counts:?}");
}

#[test]
fn threads_and_chunks_never_change_a_comparison() {
    let window = TimeRange::new(at(180), at(420));
    assert_eq!(compared(3, 700, window), compared(1, 1 << 20, window));
}
