//! Series that stand in several files, through the same door as the screen: one where they agree, also while files change;
//! and formulas over them, computed again when what they read has changed.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use coroner::model::{Catalog, Timestamp};
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source as _};

/// 2023-11-14T22:13:20Z.
const START: i64 = 1_700_000_000;

/// The counter of two instances as `promtool tsdb dump` prints it, a scrape a second at a third of it.
fn dump(seconds: i64, per_second: i64) -> String {
    let line = |instance: &str, second: i64| {
        let at = (START + second) * 1000 + 331;
        format!("{{__name__=\"requests_total\", instance=\"{instance}\"}} {} {at}\n", second * per_second)
    };
    ["a", "b"].into_iter().flat_map(|instance| (0..seconds).map(move |second| line(instance, second))).collect()
}

/// The same as the query API answers it, at whole seconds.
fn answer(seconds: i64, per_second: i64) -> String {
    let series = |instance: &str| {
        let mut values = String::new();
        for second in 1..seconds {
            let _ = write!(values, "{}[{},\"{}\"]", if second > 1 { "," } else { "" }, START + second, (second - 1) * per_second);
        }
        format!("{{\"metric\":{{\"__name__\":\"requests_total\",\"instance\":\"{instance}\"}},\"values\":[{values}]}}")
    };
    format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{},{}]}}}}", series("a"), series("b"))
}

fn loaded(dir: &Path) -> FileSource {
    let source = open(OpenOptions { sources: vec![dir.to_owned()], jobs: 2, ..OpenOptions::default() }).expect("files that exist");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    source
}

fn catalog(source: &FileSource) -> Arc<Catalog> {
    source.catalog(&Job::new()).expect("a catalog")
}

/// Looks until what was written is read: a file that changes is read again once it stands still.
fn look(source: &FileSource) {
    for _ in 0..3 {
        source.poll(&Job::new(), &|| {}).expect("not cancelled");
    }
}

/// Measured series as `instance: files`.
fn series(source: &FileSource) -> Vec<String> {
    let catalog = catalog(source);
    let path = |id| catalog.source(id).map_or("?", |report| report.path.as_str());
    let measured = catalog.series.iter().filter(|meta| !meta.is_derived);
    measured
        .map(|meta| format!("{}: {}", meta.labels.get("instance").unwrap_or("?"), meta.sources().map(path).collect::<Vec<_>>().join(" ")))
        .collect()
}

#[test]
fn a_series_of_two_files_is_one_as_long_as_they_agree() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).expect("a file");
    write("answer.json", answer(20, 3));
    write("dump.prom", dump(20, 3));
    let source = loaded(dir.path());
    assert_eq!(series(&source), ["a: dump.prom answer.json", "b: dump.prom answer.json"]);
    let n_derived = catalog(&source).series.iter().filter(|meta| meta.name == "requests_total:rate").count();
    assert_eq!(n_derived, 1);

    write("answer.json", answer(21, 4));
    look(&source);
    assert_eq!(series(&source), ["a: answer.json", "a: dump.prom", "b: answer.json", "b: dump.prom"]);
    let told: Vec<String> = catalog(&source).sources.iter().flat_map(|report| report.remarks.clone()).collect();
    assert!(told.len() == 1 && told[0].starts_with("2 series are in answer.json too, with other values at 3"), "{told:?}");

    write("answer.json", answer(22, 3));
    write("dump.prom", dump(22, 3));
    look(&source);
    assert_eq!(series(&source), ["a: dump.prom answer.json", "b: dump.prom answer.json"]);
    assert!(catalog(&source).sources.iter().all(|report| report.remarks.is_empty()));

    write("dump.prom", "nothing\n".into());
    look(&source);
    assert_eq!(series(&source), ["a: answer.json", "b: answer.json"], "what the other holds is still there");
}

#[test]
fn a_formula_is_computed_again_when_the_file_below_it_grows() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("dump.prom"), dump(20, 3)).expect("a file");
    let source = loaded(dir.path());
    let formula = "sum(requests_total)".to_owned();
    source.define(std::slice::from_ref(&formula), &Job::new()).expect("not cancelled");
    let last = |source: &FileSource| {
        let catalog = catalog(source);
        let meta = catalog.series.iter().find(|meta| meta.name == formula).expect("the formula").clone();
        let at = Timestamp::from_secs(START + 1000).min(meta.extent.expect("values").end());
        source.values_at(&[meta.id], at, &Job::new()).expect("a value").value[0].as_ref().expect("a value").value
    };
    assert_eq!(last(&source).to_string(), "114");
    fs::write(dir.path().join("dump.prom"), dump(40, 3)).expect("a file");
    look(&source);
    assert_eq!(last(&source).to_string(), "234");
}

#[test]
fn exemplars_of_files_and_answers_lead_from_a_series_to_traces() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("a file");
    write(
        "metrics.prom",
        "# TYPE a counter\na_total{i=\"1\"} 3 1700000000 # {trace_id=\"t1\"} 1 1699999999.5\na_total{i=\"1\"} 4 1700000001\n# EOF\n",
    );
    write(
        "exemplars.json",
        r#"{"status":"success","data":[{"seriesLabels":{"__name__":"a_total","i":"1"},"exemplars":[{"labels":{"traceID":"t2"},"value":"2","timestamp":1700000000.75}]}]}"#,
    );
    let source = loaded(dir.path());
    let traces = |source: &FileSource| -> Vec<String> {
        let catalog = catalog(source);
        let meta = catalog.series.iter().find(|meta| meta.name == "a_total").expect("the counter");
        catalog.exemplars_of(meta).iter().filter_map(|exemplar| exemplar.trace_id().map(str::to_owned)).collect()
    };
    assert_eq!(traces(&source), ["t1", "t2"]);
    assert_eq!(catalog(&source).n_events, 1, "an answer of exemplars is a list of events too");
    write("metrics.prom", "# TYPE a counter\na_total{i=\"1\"} 3 1700000000\na_total{i=\"1\"} 4 1700000001\n# EOF\n");
    look(&source);
    assert_eq!(traces(&source), ["t2"]);
}

#[test]
fn what_a_log_says_was_done_is_a_change_and_what_a_list_tells_is_not_told_twice() {
    let dir = tempfile::tempdir().expect("a folder");
    let flag = |at: &str, old: u8, new: u8| {
        format!(
            r#"{{"ts":"2026-05-04T10:{at}Z","level":"warn","service":"shop","msg":"feature flag changed","flag":"cart","old":"{old}","new":"{new}"}}"#
        )
    };
    let ready = r#"{"ts":"2026-05-04T10:00:00Z","level":"info","service":"shop","msg":"ready"}"#;
    let log = format!("{ready}\n{}\n{}\n", flag("05:01", 1, 100), flag("09:00", 100, 0));
    std::fs::write(dir.path().join("shop.log"), log).expect("a log");
    let list = r#"{"ts":"2026-05-04T10:05:00Z","kind":"flag","service":"shop","from":"1","to":"100"}"#;
    std::fs::write(dir.path().join("deploys.jsonl"), format!("{list}\n")).expect("a list");
    let (code, _, error) = common::coroner(dir.path(), &["export", "--format", "jsonl", "-o", "told.jsonl", "."]);
    assert_eq!(code, 0, "{error}");
    let told = std::fs::read_to_string(dir.path().join("told.jsonl")).expect("a timeline");
    let changes: Vec<&str> = told.lines().filter(|line| line.contains(r#""kind":"change""#)).collect();
    assert_eq!(changes.len(), 2, "{told}");
    assert!(changes[0].contains("deploys.jsonl:1") && changes[1].contains("feature flag changed: cart 100 → 0"), "{told}");
}

/// What `curl` saves of a target: no times, no instance.
fn look_at(count: i64) -> String {
    format!("# TYPE requests_total counter\nrequests_total {count}\n# TYPE busy gauge\nbusy 1\n")
}

#[test]
fn looks_at_a_target_are_one_course_and_targets_are_told_apart() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |service: &str, minute: i64, count: i64| {
        let path = dir.path().join(format!("{service}_2023-11-14T22-1{minute}-00Z.prom"));
        fs::write(path, look_at(count)).expect("as it was made");
    };
    for minute in 0..3 {
        write("order", minute, minute * 60);
    }
    let source = loaded(dir.path());
    let told = |source: &FileSource| {
        let catalog = catalog(source);
        let measured = catalog.series.iter().filter(|meta| !meta.is_derived && meta.name == "requests_total");
        measured.map(|meta| format!("{} {} in {}", meta.full_name(), meta.n_samples, meta.sources().count())).collect::<Vec<_>>()
    };
    assert_eq!(told(&source), ["requests_total 3 in 3"]);
    let rate = source.evaluate("rate(requests_total[2m])", None, &Job::new()).expect("a formula").value;
    assert_eq!(rate.first().and_then(|line| line.samples.last()).map(|sample| sample.value.to_string()), Some("1".to_owned()));
    // One look at something else makes neither a course nor an instance.
    fs::write(dir.path().join("other.prom"), look_at(7)).expect("as it was made");
    look(&source);
    assert_eq!(told(&source), ["requests_total 3 in 3", "requests_total 1 in 1"]);
    // Another target, while files are looked after: names are given, and a look that comes later finds its course.
    write("pay", 0, 5);
    write("pay", 1, 7);
    write("order", 3, 180);
    look(&source);
    assert_eq!(
        told(&source),
        ["requests_total 1 in 1", "requests_total{instance=\"order\"} 4 in 4", "requests_total{instance=\"pay\"} 2 in 2"]
    );
}

/// Requests of a program, one a second, from one number to another.
fn requests(range: std::ops::Range<i64>) -> impl Iterator<Item = (i64, String)> {
    let line = |i: i64| format!("{{\"ts\":{}.{:03},\"msg\":\"done\",\"path\":\"/o/{i}\",\"status\":200}}", START + i, i % 997);
    range.map(move |i| (START + i, line(i)))
}

/// As Docker keeps them.
fn kept(range: std::ops::Range<i64>) -> String {
    let line = |(at, line): (i64, String)| {
        let time = coroner::model::text::rfc3339(Timestamp::from_secs(at).plus_ns(998_000_001));
        format!("{{\"log\":\"{}\\n\",\"stream\":\"stdout\",\"time\":\"{time}\"}}\n", line.replace('"', "\\\""))
    };
    requests(range).map(line).collect()
}

/// The rate of requests of each service at its highest, and what is said of repeats.
fn rates(source: &FileSource) -> (Vec<String>, Vec<String>) {
    let catalog = catalog(source);
    let of_rate = catalog.series.iter().filter(|meta| meta.name == "fromlogs:request_rate");
    let rates = of_rate.map(|meta| {
        let most = meta.bounds.expect("values").1;
        format!("{} {most}", meta.labels.get("service").unwrap_or("?"))
    });
    let told = catalog
        .sources
        .iter()
        .flat_map(|report| report.problems.kept().iter().map(|problem| format!("{}: {}", report.path, problem.reason)));
    (rates.collect(), told.collect())
}

#[test]
fn lines_that_were_collected_in_two_ways_are_counted_once_and_all_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).expect("a file");
    let own = |range| requests(range).map(|(_, line)| line + "\n").collect::<String>();
    write("order.log", own(0..40));
    write("container-json.log", kept(20..60));
    let source = loaded(dir.path());
    let (rates_of, told) = rates(&source);
    assert_eq!(rates_of, ["container-json 1", "order 1"]);
    assert_eq!(
        told,
        [
            "container-json.log: 20 of 40 records are in order.log too, the same lines at the same time: series of events count them once, there"
        ]
    );
    assert_eq!(catalog(&source).n_events, 80, "nothing is taken out of the list");
    let n_rates = |source: &FileSource, service: &str| {
        let catalog = catalog(source);
        let of = |meta: &&coroner::model::SeriesMeta| meta.name == "fromlogs:request_rate" && meta.labels.get("service") == Some(service);
        catalog.series.iter().find(of).map_or(0, |meta| meta.n_samples)
    };
    assert_eq!((n_rates(&source, "order"), n_rates(&source, "container-json")), (38, 18), "a rate stands at whole steps");

    write("order.log", own(0..80));
    let (rates_of, told) = rates(&loaded(dir.path()));
    assert_eq!((rates_of.len(), told.len()), (1, 1), "{told:?}");
    assert!(told[0].starts_with("container-json.log: all 40 records are in order.log too"), "{told:?}");
}

#[test]
fn instances_that_write_alike_are_counted_each() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, nanos) in [("a", 1), ("b", 2)] {
        let line = |i: i64| {
            format!("{} GET /health 200 in {} ms\n", coroner::model::text::rfc3339(Timestamp::from_secs(START + i)), i % 7 + nanos)
        };
        fs::write(dir.path().join(format!("{name}.log")), (0..90).map(line).collect::<String>()).expect("a file");
    }
    assert_eq!(rates(&loaded(dir.path())).1, Vec::<String>::new());
}
