//! The embedded engine from bytes to answers, through the same door as the screen: `open`, `load`, ask.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use coroner::cli::output::OutputForm;
use coroner::cli::{events, histogram, inspect, series};
use coroner::model::query::{GroupBy, PageStart, TextMatch, TextPattern};
use coroner::model::{EventFilter, EventQuery, Level, ProblemKind, SeriesQuery, SourceId, SourceKind, TimeRange, Timestamp, ZoneCertainty};
use coroner::source::files::content::Bytes;
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source, SourceError};
use proptest::prelude::*;
use serde_json::Value;

/// 2026-11-23T02:00:00Z in seconds.
const START_S: i64 = 1_795_399_200;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START_S + secs)
}

/// A zap line `secs` after the start.
fn zap(secs: f64, level: &str, service: &str, message: &str) -> String {
    let ts = coroner::model::text::rfc3339(Timestamp(START_S * 1_000_000_000 + (secs * 1e9) as i64));
    format!(
        "{{\"level\":\"{level}\",\"ts\":\"{ts}\",\"caller\":\"lab/main.go:162\",\"msg\":\"{message}\",\"service\":\"{service}\",\"status\":200,\"latency\":{}}}\n",
        0.01 * (secs + 1.0)
    )
}

/// 300 lines over five minutes, errors from the third on, every 100th out of order, one panic with its stack.
fn order_log() -> String {
    let mut text = String::new();
    for i in 0..300 {
        let secs = if i % 100 == 99 { f64::from(i) - 5.5 } else { f64::from(i) };
        let (level, message) = if i >= 180 && i % 3 == 0 { ("error", "acquire: pool exhausted") } else { ("info", "request") };
        text += &zap(secs, level, "order", message);
        if i == 200 {
            text += "goroutine 7 [running]:\nmain.handle()\n\t/src/main.go:12 +0x1d\n";
        }
    }
    text
}

fn matrix() -> String {
    let values: Vec<String> = (0..300).map(|i| format!("[{},\"{}\"]", START_S + i, if i == 123 { 9000 } else { 30 + i % 3 })).collect();
    let gap: Vec<String> = (0..300).filter(|i| !(100..150).contains(i)).map(|i| format!("[{},\"NaN\"]", START_S + i)).collect();
    format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[\
         {{\"metric\":{{\"__name__\":\"go_goroutines\",\"service\":\"order\"}},\"values\":[{}]}},\
         {{\"metric\":{{\"__name__\":\"go_goroutines\",\"service\":\"pay\"}},\"values\":[{}]}}]}}}}",
        values.join(","),
        gap.join(",")
    )
}

fn unnamed_matrix() -> String {
    format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{{\"metric\":{{}},\"values\":[[{START_S},\"0.25\"],[{},\"9.5\"]]}}]}}}}",
        START_S + 60
    )
}

const QUERIES: &str = "{\"edge_p99\":\"histogram_quantile(0.99, sum by (le) (rate(x_bucket[10s])))\",\"go_goroutines\":\"go_goroutines\"}";

fn deploys() -> String {
    let ts = |secs| coroner::model::text::rfc3339(at(secs));
    format!(
        "{{\"ts\":\"{}\",\"kind\":\"deploy\",\"service\":\"order\",\"from\":\"v1\",\"to\":\"v2\"}}\n{{\"ts\":\"{}\",\"kind\":\"rollback\",\"service\":\"order\",\"from\":\"v2\",\"to\":\"v1\"}}\n",
        ts(100),
        ts(250)
    )
}

/// A small incident in a folder.
fn incident() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
        std::fs::write(file, text).expect("writable");
    };
    write("logs/order-1.log", &order_log());
    write("prometheus/go_goroutines.json", &matrix());
    write("prometheus/edge_p99.json", &unnamed_matrix());
    write("prometheus/QUERIES.json", QUERIES);
    write("deploys.jsonl", &deploys());
    dir
}

fn loaded(options: OpenOptions) -> FileSource {
    let source = open(options).expect("sources that exist");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    source
}

fn folder(path: &Path) -> FileSource {
    loaded(OpenOptions { sources: vec![path.to_owned()], ..OpenOptions::default() })
}

fn memory(files: &[(&str, &[u8])]) -> FileSource {
    let memory = files.iter().map(|(name, bytes)| ((*name).to_owned(), Bytes::Shared(Arc::from(*bytes)))).collect();
    loaded(OpenOptions { memory, ..OpenOptions::default() })
}

/// Everything that the commands say about a source.
fn all_answers(source: &FileSource) -> Vec<String> {
    let mut answers = Vec::new();
    let mut keep = |run: &dyn Fn(&mut dyn std::io::Write) -> anyhow::Result<bool>| {
        let mut out = Vec::new();
        run(&mut out).expect("memory takes everything");
        answers.push(String::from_utf8(out).expect("text"));
    };
    for form in [OutputForm::Json, OutputForm::Text] {
        keep(&|out| inspect::run(source, &inspect::InspectOptions { form, ..Default::default() }, out));
        keep(&|out| events::run(source, &events::EventsOptions { form, ..Default::default() }, out));
        let by = vec![GroupBy::Level, GroupBy::Service];
        let stats = vec![histogram::parse_stat("p99:latency").expect("a statistic")];
        let counted = histogram::HistogramOptions { bucket_ns: 60_000_000_000, by, stats, form, ..Default::default() };
        keep(&|out| histogram::run(source, &counted, out));
        let columns = series::Division::Columns(NonZeroUsize::new(7).expect("not 0"));
        for division in [columns, series::Division::Step(60_000_000_000), series::Division::At(at(123))] {
            let options = series::SeriesOptions { pattern: None, expr: None, division, range: None, form };
            keep(&|out| series::run(source, &options, out));
        }
    }
    answers
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_folder_is_recognised_placed_and_counted() {
    let dir = incident();
    let source = folder(dir.path());
    let catalog = source.catalog(&Job::new()).unwrap();
    let paths: Vec<&str> = catalog.sources.iter().map(|report| report.path.as_str()).collect();
    assert_eq!(
        paths,
        ["deploys.jsonl", "logs/order-1.log", "prometheus/QUERIES.json", "prometheus/edge_p99.json", "prometheus/go_goroutines.json"]
    );
    let kinds: Vec<SourceKind> = catalog.sources.iter().map(|report| report.kind).collect();
    assert_eq!(kinds, [SourceKind::Changes, SourceKind::Logs, SourceKind::Report, SourceKind::Metrics, SourceKind::Metrics]);
    let log = &catalog.sources[1];
    assert_eq!((log.n_records, log.n_lines, log.n_continuation_lines), (300, 303, 3));
    assert_eq!((log.levels[&Level::Error], log.services.as_slice()), (40, &["order".to_owned()][..]));
    assert_eq!(log.zone.certainty, ZoneCertainty::Offset);
    assert_eq!(log.problems.total(), 1, "{:?}", log.problems);
    let late = &log.problems.kept()[0];
    assert_eq!((late.kind, late.line), (ProblemKind::Order, 100));
    assert!(late.reason.starts_with("3 of 300 records") && late.reason.contains("4.5 s"), "{}", late.reason);
    assert_eq!(
        catalog.changes.iter().map(|change| (change.time, change.kind.as_str())).collect::<Vec<_>>(),
        [(Some(at(100)), "deploy"), (Some(at(250)), "rollback")]
    );
    let measured = catalog.series.iter().filter(|meta| !meta.is_derived);
    let named: Vec<(&str, Option<&str>)> = measured.map(|meta| (meta.name.as_str(), meta.query.as_deref())).collect();
    assert_eq!(named[0].0, "edge_p99");
    assert!(named[0].1.unwrap().starts_with("histogram_quantile"));
    assert_eq!(named[1..], [("go_goroutines", Some("go_goroutines")); 2]);
    assert_eq!(catalog.extent, Some(TimeRange::new(at(0), at(299).plus_ns(1))));
    assert!(catalog.is_complete && catalog.n_events == 300);
}

#[test]
fn a_spike_survives_a_gap_stays_a_gap_and_a_value_goes_stale() {
    let dir = incident();
    let source = folder(dir.path());
    let catalog = source.catalog(&Job::new()).unwrap();
    let id = |service: &str| catalog.series.iter().find(|meta| !meta.is_derived && meta.labels.get("service") == Some(service)).unwrap().id;
    let query =
        SeriesQuery { ids: vec![id("order"), id("pay")], range: TimeRange::new(at(0), at(300)), columns: NonZeroUsize::new(6).unwrap() };
    let columns = source.series(&query, &Job::new()).unwrap().value;
    assert_eq!(columns[0].columns[2].map(|bucket| bucket.max), Some(9000.0));
    assert_eq!(columns[1].columns[2], None);
    assert_eq!(columns[1].columns[0].map(|bucket| (bucket.count, bucket.n_nan)), Some((0, 50)));
    let values = source.values_at(&[id("order"), id("pay")], at(123).plus_ns(5), &Job::new()).unwrap().value;
    assert_eq!(values[0].as_ref().map(|found| (found.value, found.sample_time)), Some((9000.0, at(123))));
    assert_eq!(values[1], None);
}

#[test]
fn threads_chunks_and_the_order_of_arguments_never_change_an_answer() {
    let dir = incident();
    let base = Some(dir.path().to_owned());
    let mut names: Vec<_> = ["logs", "prometheus", "deploys.jsonl"].map(|name| dir.path().join(name)).to_vec();
    let ask = |sources: &[std::path::PathBuf], jobs, chunk_bytes| {
        let options = OpenOptions { sources: sources.to_vec(), base: base.clone(), jobs, chunk_bytes, ..OpenOptions::default() };
        all_answers(&loaded(options))
    };
    let expected = ask(&[dir.path().to_owned()], 1, 1 << 22);
    assert!(expected[1].lines().count() == 300);
    for (jobs, chunk_bytes) in [(2, 1), (3, 100), (8, 1000), (1, 12_345)] {
        names.rotate_left(1);
        for (got, expected) in ask(&names, jobs, chunk_bytes).iter().zip(&expected) {
            assert_eq!(got, expected, "{jobs} threads, chunks of {chunk_bytes} bytes");
        }
    }
}

#[test]
fn packed_and_archived_sources_say_what_plain_ones_say() {
    let dir = incident();
    let plain = all_answers(&folder(dir.path()));
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", dir.path()).unwrap();
    let tar = tar.into_inner().unwrap();
    let out = tempfile::tempdir().unwrap();
    let mut xz = liblzma::write::XzEncoder::new(std::fs::File::create(out.path().join("case.tar.xz")).unwrap(), 1);
    xz.write_all(&tar).unwrap();
    xz.finish().unwrap();
    let archived = all_answers(&folder(out.path()));
    let remark = r#""case.tar.xz is an archive: what is added to it later is not followed""#;
    for (got, expected) in archived.iter().zip(&plain).filter(|(_, plain)| plain.starts_with('{')) {
        assert_eq!(&got.replace(remark, "").replace("case.tar.xz/", ""), expected);
    }
    let catalog = folder(&out.path().join("case.tar.xz")).catalog(&Job::new()).unwrap();
    assert!(catalog.sources[1].path.ends_with("case.tar.xz/logs/order-1.log"), "{}", catalog.sources[1].path);

    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(order_log().as_bytes()).unwrap();
    let mut gz = gz.finish().unwrap();
    gz.truncate(gz.len() - 20);
    let source = memory(&[("order-1.log.gz", &gz)]);
    let catalog = source.catalog(&Job::new()).unwrap();
    let report = &catalog.sources[0];
    assert!(report.kind == SourceKind::Logs && report.n_records > 100, "what was decoded is kept: {report:?}");
    assert!(report.problems.counts().contains_key(&ProblemKind::Truncated), "{:?}", report.problems);
}

#[test]
fn events_come_in_pages_both_ways_and_by_text() {
    let dir = incident();
    let source = folder(dir.path());
    let job = Job::new();
    let query = |start, limit| EventQuery { filter: EventFilter::default(), range: None, start, limit };
    let first = source.events(&query(PageStart::AtOrAfter(at(95)), 5), &job).unwrap().value;
    let lines: Vec<u64> = first.events.iter().map(|event| event.line).collect();
    assert_eq!(lines, [96, 97, 98, 99, 101], "line 100 is earlier than its place");
    let back = source.events(&query(PageStart::BeforeEvent(first.events[0].id), 2), &job).unwrap().value;
    assert_eq!(back.events.iter().map(|event| event.line).collect::<Vec<_>>(), [100, 95]);
    assert!(first.has_more && back.has_more);

    let text = TextMatch { pattern: TextPattern::Literal("POOL exhausted".to_lowercase()), is_negated: false };
    let filter = EventFilter { text: vec![text], min_level: Some(Level::Error), ..EventFilter::default() };
    assert_eq!(source.count(&filter, None, &job).unwrap().value, 40);
    let stack = TextMatch { pattern: TextPattern::Regex(r"goroutine \d+ \[".into()), is_negated: false };
    let page = EventQuery { filter: EventFilter { text: vec![stack], ..EventFilter::default() }, ..query(PageStart::AtOrAfter(at(0)), 9) };
    let page = source.events(&page, &job).unwrap().value;
    assert_eq!(page.events.len(), 1);
    let event = &page.events[0];
    assert_eq!((event.line, event.n_lines, event.message.lines().count()), (201, 4, 4));
    assert!(event.raw.ends_with("main.go:12 +0x1d"));
    assert!(event.fields.iter().any(|(name, value)| name == "status" && value == "200"));
    let lines = source.lines(event.id.source, event.line, event.line + 3, &job).unwrap();
    assert_eq!(String::from_utf8(lines.bytes).unwrap(), format!("{}\n", event.raw));
}

#[test]
fn lines_and_hashes_are_those_of_the_file() {
    let dir = incident();
    let options = OpenOptions { sources: vec![dir.path().to_owned()], chunk_bytes: 500, ..OpenOptions::default() };
    let source = loaded(options);
    let text = order_log();
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let job = Job::new();
    for (first, last) in [(1, 1), (1, 303), (150, 160), (202, 204), (303, 303)] {
        let lines = source.lines(SourceId(1), first, last, &job).unwrap();
        assert_eq!(String::from_utf8(lines.bytes).unwrap(), all[first as usize - 1..last as usize].concat());
    }
    for (first, last) in [(0, 1), (2, 1), (303, 304), (400, 400)] {
        assert!(matches!(source.lines(SourceId(1), first, last, &job), Err(SourceError::Question(_))));
    }
    assert!(source.lines(SourceId(99), 1, 1, &job).is_err());
    let hash = source.sha256(SourceId(2), &job).unwrap();
    assert_eq!(hash.len(), 64);
    assert_eq!(hash, source.sha256(SourceId(2), &job).unwrap());
    let empty = memory(&[("empty.log", b"")]);
    assert_eq!(empty.sha256(SourceId(0), &job).unwrap(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn a_file_that_shrinks_after_loading_is_a_word_and_not_a_panic() {
    let dir = incident();
    let source = folder(dir.path());
    std::fs::write(dir.path().join("logs/order-1.log"), "gone\n").unwrap();
    let job = Job::new();
    let query = EventQuery { filter: EventFilter::default(), range: None, start: PageStart::AtOrAfter(at(0)), limit: 3 };
    let answer = source.events(&query, &job).unwrap();
    assert_eq!(answer.value.events.len(), 3);
    assert!(answer.is_partial && answer.warnings[0].contains("shorter"), "{:?}", answer.warnings);
    assert!(matches!(source.lines(SourceId(1), 100, 101, &job), Err(SourceError::Unreadable { .. })));
    assert!(source.sha256(SourceId(1), &job).is_err());
}

#[test]
fn the_catalog_grows_while_loading_and_loading_can_be_ended() {
    let dir = incident();
    let options = OpenOptions { sources: vec![dir.path().to_owned()], jobs: 1, chunk_bytes: 64, ..OpenOptions::default() };
    let source = open(options.clone()).unwrap();
    assert!(!source.catalog(&Job::new()).unwrap().is_complete);
    let n_changes = AtomicUsize::new(0);
    let job = Job::new();
    let count = || {
        n_changes.fetch_add(1, Ordering::Relaxed);
    };
    source.load(&job, &count).unwrap();
    assert!(n_changes.load(Ordering::Relaxed) >= 4);
    let (done, total) = job.progress();
    assert_eq!(done, total, "progress ends at its end");

    let source = open(options).unwrap();
    let job = Job::new();
    let cancel = || job.cancel();
    assert!(matches!(source.load(&job, &cancel), Err(SourceError::Cancelled)));
    let answer = source.count(&EventFilter::default(), None, &Job::new()).unwrap();
    assert!(answer.is_partial, "what is not loaded is said to be missing");
}

#[test]
fn unreadable_and_unknown_sources_do_not_take_the_others_along() {
    let source = memory(&[("a.log", order_log().as_bytes()), ("noise.bin", &[0, 159, 146, 150, 0, 1, 2]), ("zero", b"")]);
    let catalog = source.catalog(&Job::new()).unwrap();
    assert_eq!(
        catalog.sources.iter().map(|report| report.kind).collect::<Vec<_>>(),
        [SourceKind::Logs, SourceKind::Unknown, SourceKind::Unknown]
    );
    assert!(catalog.is_complete && catalog.n_events == 300);
}

#[test]
fn zones_given_by_the_user_are_taken_and_shown() {
    let text = "2026-11-23 03:00:00,000 INFO one\n2026-11-23 03:00:01,000 ERROR two\n";
    let ask = |zones: Vec<(Option<String>, String)>| {
        let memory = vec![("app.log".to_owned(), Bytes::Shared(Arc::from(text.as_bytes())))];
        let source = loaded(OpenOptions { memory, zones, ..OpenOptions::default() });
        let report = source.catalog(&Job::new()).unwrap().sources[0].clone();
        (report.zone.certainty, report.extent.unwrap().0)
    };
    assert_eq!(ask(vec![]), (ZoneCertainty::Default, at(3600)));
    assert_eq!(ask(vec![(None, "Europe/Berlin".into())]), (ZoneCertainty::File, at(0)));
    assert_eq!(ask(vec![(None, "UTC".into()), (Some("app.log".into()), "+01:00".into())]), (ZoneCertainty::File, at(0)));
    let options = OpenOptions { zones: vec![(None, "Mars".into())], sources: vec![".".into()], ..OpenOptions::default() };
    assert!(open(options).err().unwrap().to_string().contains("Mars"));
}

#[test]
fn the_commands_write_the_shapes_of_the_contract() {
    let dir = incident();
    let answers = all_answers(&folder(dir.path()));
    let inspected = json(&answers[0]);
    assert_eq!(inspected["schema"], "coroner.inspect/1");
    assert_eq!(inspected["extent"]["first"], "2026-11-23T02:00:00Z");
    let log = &inspected["sources"][1];
    for key in
        ["path", "kind", "format", "confidence", "records", "first", "last", "zone", "levels", "services", "unplaced", "problem_count"]
    {
        assert!(!log[key].is_null(), "{key} in {log}");
    }
    assert!(log["series"].is_null() && log["levels"] == serde_json::json!({ "error": 40, "info": 260 }));
    let event = json(answers[1].lines().next().unwrap());
    assert_eq!((&event["time"], &event["level"], &event["line"]), (&"2026-11-23T02:00:00Z".into(), &"info".into(), &1.into()));
    assert_eq!(event["fields"]["latency"], 0.01);
    let counted = json(&answers[2]);
    assert_eq!(counted["by"], serde_json::json!(["level", "service"]));
    let rows = counted["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["count"].as_u64().unwrap()).sum::<u64>(), 300);
    let errors: Vec<u64> = rows.iter().filter(|row| row["key"]["level"] == "error").map(|row| row["count"].as_u64().unwrap()).collect();
    assert_eq!(errors, [20, 20]);
    assert!(rows[0]["stats"]["p99:latency"].as_f64().unwrap() > 0.5);
    let columns = json(&answers[4]);
    let measured = |answer: &Value| -> Vec<Value> {
        let all = answer["series"].as_array().unwrap().iter();
        all.filter(|series| !series["name"].as_str().unwrap().starts_with("fromlogs:")).cloned().collect()
    };
    let columns = measured(&columns);
    let goroutines = &columns[1];
    assert_eq!(goroutines["labels"], serde_json::json!({ "service": "order" }));
    assert_eq!((&goroutines["columns"][2]["max"], &goroutines["columns"][2]["count"]), (&9000.into(), &60.into()));
    assert!(columns[2]["columns"][2]["min"].is_null());
    let at_moment = json(&answers[5]);
    let at_moment = measured(&at_moment);
    assert_eq!((&at_moment[1]["value"], &at_moment[2]["value"]), (&9000.into(), &Value::Null));
}

#[test]
fn escape_sequences_of_a_source_never_reach_the_terminal() {
    let evil = zap(1.0, "info", "o\\u001b]52;c;x\\u0007", "red \\u001b[31m \\u202e \\u009b2J");
    let source = memory(&[("e\u{1b}[2J.log", evil.as_bytes())]);
    for answer in all_answers(&source) {
        assert!(answer.lines().all(|line| matches!(coroner::model::text::printable(line), std::borrow::Cow::Borrowed(_))), "{answer:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_log_cut_anywhere_on_any_threads_gives_the_same_events(
        lines in prop::collection::vec((0u32..4, 0i32..60, any::<bool>()), 1..60), jobs in 1usize..5, chunk_bytes in 1u64..600,
    ) {
        let mut text = String::new();
        for (kind, secs, is_error) in lines {
            match kind {
                0 => text += "\tat some.place(File.java:12)\n",
                1 => text += "free text without a time\n",
                _ => text += &zap(f64::from(secs), if is_error { "error" } else { "info" }, if secs % 2 == 0 { "a" } else { "b" }, "m"),
            }
        }
        let ask = |jobs, chunk_bytes| {
            let memory = vec![("x.log".to_owned(), Bytes::Shared(Arc::from(text.as_bytes())))];
            all_answers(&loaded(OpenOptions { memory, jobs, chunk_bytes, ..OpenOptions::default() }))
        };
        let (got, expected) = (ask(jobs, chunk_bytes), ask(1, 1 << 22));
        for (got, expected) in got.iter().zip(&expected) {
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), name in "[a-z]{1,5}\\.(log|json|gz|tar|zip)") {
        let source = memory(&[(&name, &bytes)]);
        prop_assert!(source.catalog(&Job::new()).unwrap().is_complete);
        all_answers(&source);
    }
}

#[test]
fn a_quantile_learns_its_limit_from_the_buckets_beside_it() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let queries = r#"{"p99": "histogram_quantile(0.99, sum by (le) (rate(wait_seconds_bucket[10s])))", "up": "up"}"#;
    let p99 =
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1795400897,"1"],[1795400898,"10"]]}]}}"#;
    let buckets = "# TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"5.0\"} 1 1795400897\nwait_seconds_bucket{le=\"10.0\"} 2 1795400897\nwait_seconds_bucket{le=\"+Inf\"} 3 1795400897\n# EOF\n";
    for (name, text) in [("QUERIES.json", queries), ("p99.json", p99), ("up.json", p99), ("raw.txt", buckets)] {
        std::fs::write(dir.path().join(name), text).expect("written");
    }
    let options = coroner::source::files::OpenOptions { sources: vec![dir.path().to_owned()], ..Default::default() };
    let source = coroner::source::files::open(options).expect("opened");
    source.load(&coroner::source::Job::new(), &|| {}).expect("loaded");
    let catalog = coroner::source::Source::catalog(&source, &coroner::source::Job::new()).expect("catalog");
    let meta = catalog.series.iter().find(|meta| meta.name == "p99").expect("the series is named by its file");
    assert_eq!(meta.clip, Some(10.0));
}

/// Forty thousand requests with nanoseconds, a trace id each, two hundred different messages, one in fifty late.
fn requests(line: impl Fn(&str, u64, &str) -> String) -> String {
    let mut ns: i64 = START_S * 1_000_000_000;
    let text = (0..40_000u64).map(|i| {
        ns += 20_000 + (i * 7_919 % 13) as i64 * 3_333_333;
        let late = if i % 50 == 49 { 40_000_000 } else { 0 };
        let trace = format!("{:016x}{:016x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15), i ^ 0xabcd);
        line(&coroner::model::text::rfc3339(Timestamp(ns - late)), i, &trace)
    });
    text.collect()
}

#[test]
fn an_event_costs_at_most_24_bytes_with_every_column() {
    let json = requests(|ts, i, trace| {
        let word: String = (0..4).map(|n| char::from(b'a' + ((i % 200) >> (2 * n)) as u8 % 4)).collect();
        format!(
            "{{\"level\":\"info\",\"ts\":\"{ts}\",\"msg\":\"step {word}\",\"service\":\"s{}\",\"trace_id\":\"{trace}\",\"status\":{},\"latency\":0.0{i}}}\n",
            i % 5,
            200 + i % 7
        )
    });
    let logfmt = requests(|ts, i, trace| format!("ts={ts} level=info svc=pay msg=request trace_id={trace} status=200 latency={i}us\n"));
    let text = requests(|ts, i, _| format!("{ts} [INFO] request {i} done\n"));
    for (name, text) in [("a.log", json), ("b.log", logfmt), ("c.log", text)] {
        let source = memory(&[(name, text.as_bytes())]);
        assert_eq!(source.catalog(&Job::new()).expect("loaded").sources[0].n_records, 40_000);
        let per_event = source.event_memory_bytes() as f64 / 40_000.0;
        assert!(per_event <= 24.0, "{name}: {per_event}");
    }
}

#[test]
fn a_trace_is_found_by_its_id_in_every_source_and_by_a_part_of_it() {
    let json = "{\"level\":\"info\",\"ts\":\"2026-11-23T02:00:01Z\",\"msg\":\"a\",\"trace_id\":\"4bf92f3577b34da6\"}\n\
        {\"level\":\"info\",\"ts\":\"2026-11-23T02:00:02Z\",\"msg\":\"after 4bf92f3577b34da6\",\"trace_id\":\"0011223344556677\"}\n\
        {\"level\":\"info\",\"ts\":\"2026-11-23T02:00:03Z\",\"msg\":\"says 4bf92f3577b34da6\"}\n";
    let text = "2026-11-23T02:00:04Z [INFO] [order,4bf92f3577b34da6,7] b\n2026-11-23T02:00:05Z [INFO] c trace_id=4bf92f3577b34da6 x=1\n";
    let source = memory(&[("a.log", json.as_bytes()), ("b.log", text.as_bytes())]);
    let count = |id: &str| {
        let filter = EventFilter { trace_id: Some(id.into()), ..EventFilter::default() };
        source.count(&filter, None, &Job::new()).expect("an answer").value
    };
    assert_eq!(count("4bf92f3577b34da6"), 4, "not the one that has another id of its own");
    assert_eq!(count("4bf92f35"), 5, "a part of an id is text");
    assert_eq!(count("ffff"), 0);
}
