//! What an offset does to everything that a source holds, held against the same files with other times in them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use proptest::prelude::*;

use crate::model::filter::{Expr, Term};
use crate::model::offset::ClockOffsets;
use crate::model::query::{EventQuery, PageStart, TextPattern};
use crate::model::text::rfc3339;
use crate::model::{Catalog, EventFilter, SeriesQuery, TimeRange, Timestamp};
use crate::source::files::{FileSource, OpenOptions, open};
use crate::source::{Job, Source};

/// 2026-11-23T02:28:00Z.
const START_MS: i64 = 1_795_400_880_000;

fn stamp(ms: i64) -> String {
    rfc3339(Timestamp::from_millis(START_MS + ms))
}

/// Two logs of two services, samples in a file of their own and changes, the second log and the samples off by `by_ms`.
fn write(dir: &Path, (a, b): (&[i64], &[i64]), by_ms: i64) {
    let record = |service: &str, ms: i64, n: usize| {
        format!(
            "{{\"ts\":\"{}\",\"level\":\"info\",\"service\":\"{service}\",\"msg\":\"request {n} took\",\"duration_ms\":{n}}}\n",
            stamp(ms)
        )
    };
    let log = |service: &str, times: &[i64], by: i64| -> String {
        times.iter().enumerate().map(|(n, ms)| record(service, ms * 100 + by, n)).collect()
    };
    std::fs::write(dir.join("a.jsonl"), log("order", a, 0)).unwrap();
    std::fs::write(dir.join("b.jsonl"), log("payment", b, by_ms)).unwrap();
    let samples = |by: i64| -> String {
        let line = |i: i64| format!("pool_wait{{service=\"payment\"}} {} {}\n", i % 7, START_MS + i * 1_000 + by);
        format!("# TYPE pool_wait gauge\n{}", (0..40).map(line).collect::<String>())
    };
    std::fs::write(dir.join("pool.prom"), samples(by_ms)).unwrap();
    let changes: String = (0..3)
        .map(|i| {
            let at = stamp(i * 4_000 + by_ms);
            format!("{{\"time\":\"{at}\",\"kind\":\"deploy\",\"service\":\"order\",\"from\":\"v{i}\",\"to\":\"v{}\"}}\n", i + 1)
        })
        .collect();
    std::fs::write(dir.join("deploys.jsonl"), changes).unwrap();
}

fn load(dir: &Path) -> FileSource {
    let source = open(OpenOptions { sources: vec![dir.to_owned()], jobs: 2, ..OpenOptions::default() }).unwrap();
    source.load(&Job::new(), &|| {}).unwrap();
    source
}

fn offsets(ns: i64) -> ClockOffsets {
    ["b.jsonl", "pool.prom", "deploys.jsonl"].map(|name| (name.to_owned(), ns)).into_iter().filter(|(_, ns)| *ns != 0).collect()
}

/// Everything that a source answers, in words.
fn told(source: &FileSource) -> Vec<String> {
    let job = Job::new();
    let catalog: std::sync::Arc<Catalog> = source.catalog(&job).unwrap();
    let mut told = vec![format!("{:?} {}", catalog.extent, catalog.n_events)];
    let query = EventQuery { filter: EventFilter::default(), range: None, start: PageStart::AtOrAfter(Timestamp::MIN), limit: 10_000 };
    let page = source.events(&query, &job).unwrap().value;
    assert!(page.events.is_sorted_by_key(|event| (event.time, event.id)), "events in order of time");
    told.extend(page.events.iter().map(|event| format!("{:?} {} {}", event.time, event.source, event.message)));
    let everything = TimeRange::new(Timestamp::from_millis(START_MS - 100_000), Timestamp::from_millis(START_MS + 100_000));
    // What is remembered of a filter that reads text does not hold at other times.
    let since = Expr::And(vec![
        Expr::Term(Term::Text(TextPattern::Literal("took".into()))),
        Expr::Term(Term::Since(Timestamp::from_millis(START_MS + 5_000))),
    ]);
    let filter = EventFilter { expr: Some(since), ..EventFilter::default() };
    told.push(format!("{} since", source.count(&filter, None, &job).unwrap().value));
    for meta in &catalog.series {
        let samples = source.samples(meta.id, everything, 10_000, &job).unwrap().value;
        let query = SeriesQuery { ids: vec![meta.id], range: everything, columns: NonZeroUsize::new(37).unwrap() };
        let columns = source.series(&query, &job).unwrap().value;
        told.push(format!("{} {:?} {samples:?} {columns:?}", meta.full_name(), meta.extent));
    }
    told.extend(catalog.changes.iter().map(|change| format!("{:?} {}", change.time, change.text)));
    told.extend(catalog.sources.iter().map(|report| format!("{} {:?} {}", report.path, report.extent, report.n_records)));
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn an_offset_is_what_other_times_in_the_files_would_be_and_taken_back_leaves_nothing(
        a in prop::collection::vec(0i64..120, 1..30), b in prop::collection::vec(0i64..120, 1..30), by_ms in -9_000i64..9_000,
    ) {
        let (stated, meant) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(stated.path(), (&a, &b), 0);
        write(meant.path(), (&a, &b), by_ms);
        let source = load(stated.path());
        let before = told(&source);
        let version = source.catalog(&Job::new()).unwrap().version;
        source.set_clocks(&offsets(by_ms * 1_000_000), &Job::new()).unwrap();
        prop_assert_eq!(told(&source), told(&load(meant.path())));
        prop_assert!(by_ms == 0 || source.catalog(&Job::new()).unwrap().version > version);
        source.set_clocks(&BTreeMap::new(), &Job::new()).unwrap();
        prop_assert_eq!(told(&source), before);
    }
}

#[test]
fn offsets_hold_from_the_first_catalog_on_and_for_what_comes_later() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), (&[1, 2], &[3, 4]), 0);
    let source = open(OpenOptions { sources: vec![dir.path().to_owned()], jobs: 1, ..OpenOptions::default() }).unwrap();
    let warnings = source.set_clocks(&offsets(60_000_000_000), &Job::new()).unwrap().warnings;
    assert!(warnings.is_empty(), "nothing is read yet: {warnings:?}");
    source.load(&Job::new(), &|| {}).unwrap();
    let extent_of = |path: &str| {
        let catalog = source.catalog(&Job::new()).unwrap();
        let report = catalog.source_of(path).unwrap();
        (report.clock_ns, report.extent.map(|(first, last)| (rfc3339(first), rfc3339(last))))
    };
    assert_eq!(extent_of("b.jsonl"), (60_000_000_000, Some((stamp(60_300), stamp(60_400)))));
    assert_eq!(extent_of("a.jsonl"), (0, Some((stamp(100), stamp(200)))));
    let more = format!("{{\"ts\":\"{}\",\"level\":\"info\",\"service\":\"payment\",\"msg\":\"more\",\"duration_ms\":1}}\n", stamp(900));
    let path = dir.path().join("b.jsonl");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &more).unwrap();
    assert!(source.poll(&Job::new(), &|| {}).unwrap().has_changed);
    source.settle(&Job::new(), &|| {}).unwrap();
    assert_eq!(extent_of("b.jsonl"), (60_000_000_000, Some((stamp(60_300), stamp(60_900)))));
    // A formula is computed at the new times.
    let defined = source.define(&["max(pool_wait)".to_owned()], &Job::new()).unwrap().value;
    let extents = |name: &str| defined.series.iter().find(|meta| meta.name == name).and_then(|meta| meta.extent).map(TimeRange::start);
    assert_eq!(extents("max(pool_wait)"), extents("pool_wait"));
    assert_eq!(extents("pool_wait"), Some(Timestamp::from_millis(START_MS + 60_000)));
    let warnings = source.set_clocks(&ClockOffsets::from([("gone.log".into(), 5)]), &Job::new()).unwrap().warnings;
    assert_eq!(warnings, ["no source is called gone.log, so its clock offset moves nothing"]);
}

#[test]
fn another_zone_is_what_opening_in_it_would_give_and_taken_back_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let line = |n: u32| format!("2026-11-23 02:{:02}:{:02} INFO order request {n} took\n", 28 + n / 60, n % 60);
    std::fs::write(dir.path().join("plain.log"), (0..90).map(line).collect::<String>()).unwrap();
    write(dir.path(), (&[1, 2], &[3, 4]), 0);
    let open_in = |zones: &[(&str, &str)]| {
        let zones = zones.iter().map(|(path, zone)| (Some((*path).to_owned()), (*zone).to_owned())).collect();
        let source = open(OpenOptions { sources: vec![dir.path().to_owned()], jobs: 2, zones, ..OpenOptions::default() }).unwrap();
        source.load(&Job::new(), &|| {}).unwrap();
        source
    };
    let zone_of = |source: &FileSource| source.catalog(&Job::new()).unwrap().source_of("plain.log").map(|report| report.zone.clone());
    let says = |zones: &[(&str, &str)]| zones.iter().map(|(path, zone)| ((*path).to_owned(), (*zone).to_owned())).collect();
    let (source, other) = (open_in(&[]), open_in(&[("plain.log", "Europe/Berlin")]));
    let before = told(&source);
    source.set_zones(&says(&[("plain.log", "Europe/Berlin"), ("b.jsonl", "Europe/Berlin")]));
    assert_eq!((told(&source), zone_of(&source)), (told(&other), zone_of(&other)), "times with a zone of their own stay");
    // Beside a clock that was wrong both count.
    source.set_clocks(&ClockOffsets::from([("plain.log".into(), 60_000_000_000)]), &Job::new()).unwrap();
    other.set_clocks(&ClockOffsets::from([("plain.log".into(), 60_000_000_000)]), &Job::new()).unwrap();
    assert_eq!(told(&source), told(&other));
    source.set_zones(&BTreeMap::new());
    source.set_clocks(&BTreeMap::new(), &Job::new()).unwrap();
    assert_eq!(told(&source), before);
    // What the case said at the opening can be taken back as well.
    let opened = open_in(&[("plain.log", "+05:30")]);
    opened.set_zones(&says(&[("plain.log", "")]));
    assert_eq!((told(&opened), zone_of(&opened)), (before, zone_of(&source)));
}
