//! The command line as scripts see it: JSON in the promised shapes and nothing beside it, exit codes, times, zones.

mod common;

use std::fs;
use std::path::Path;

use common::{coroner, unpack_outage};
use regex::Regex;
use serde_json::Value;

/// What every command is tried on.
const LOG: &str = "{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:00.5Z\",\"msg\":\"request\",\"service\":\"order\",\"trace_id\":\"a1\",\"latency\":0.25}\n\
    {\"level\":\"warn\",\"ts\":\"2026-11-23T02:28:01.123456789Z\",\"msg\":\"slow\",\"service\":\"order\",\"latency\":2.5}\n\
    {\"level\":\"error\",\"ts\":\"2026-11-23T02:31:02Z\",\"msg\":\"pool exhausted\",\"service\":\"order\",\"latency\":6}\n\
    {\"level\":\"info\",\"msg\":\"no time\"}\n{\"level\":\"info\",\"ts\":\"2026-11-23T02:3";
const LOCAL: &str = "2026-11-23 10:28:30 INFO user 17 stored\n2026-11-23 10:28:31 ERROR user 18 lost\n";
const SERIES: &str = "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"wait_seconds\",\"service\":\"order\"},\
    \"values\":[[1795400880,\"1\"],[1795400881,\"NaN\"],[1795400882,\"+Inf\"],[1795400883,\"4.5\"],[1795400900,\"-Inf\"]]}]}}";
const DEPLOY: &str = "{\"ts\":\"2026-11-23T02:28:00Z\",\"kind\":\"deploy\",\"service\":\"order\",\"from\":\"v1\",\"to\":\"v2\"}\n";

/// A small case: one source of each kind, one that is nothing, T+0 at the deploy.
fn case() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temporary folder");
    let case = dir.path().join("case");
    unpack_outage(&case, |path| path.ends_with("alerts.json") || path.contains("order-1-during1-goroutine-2"));
    for (name, text) in [
        ("order.log", LOG),
        ("local.log", LOCAL),
        ("wait.json", SERIES),
        ("deploys.jsonl", DEPLOY),
        ("case.toml", "[t0]\nat = \"2026-11-23T02:28:00Z\"\nlabel = \"deploy\"\n"),
    ] {
        fs::write(case.join(name), text).expect("written");
    }
    fs::write(case.join("noise.bin"), [0u8, 1, 2, 3].repeat(500)).expect("written");
    dir
}

#[track_caller]
fn out(dir: &Path, args: &[&str]) -> String {
    let (code, out, err) = coroner(dir, args);
    assert_eq!(code, 0, "{args:?}: {err}");
    out
}

/// The one JSON document on standard output.
#[track_caller]
fn json(dir: &Path, args: &[&str]) -> Value {
    let out = out(dir, args);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
}

/// Checks a value against a shape: `time`, `number` (a number or `"±Inf"`), `count`, `text`, `map`, each with `?` when it may
/// be null; an array of one shape; an object with at least these fields.
#[track_caller]
fn check(value: &Value, shape: &Value, place: &str) {
    let is_time = |text: &str| Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$").expect("pattern").is_match(text);
    match shape {
        Value::String(kind) => {
            if value.is_null() && kind.ends_with('?') {
                return;
            }
            let is_right = match kind.trim_end_matches('?') {
                "time" => value.as_str().is_some_and(is_time),
                "number" => value.is_number() || value == "+Inf" || value == "-Inf",
                "count" => value.is_u64(),
                "map" => value.is_object(),
                "text" => value.is_string(),
                choices => choices.split('|').any(|choice| value == choice),
            };
            assert!(is_right, "{place}: {value} is no {kind}");
        }
        Value::Array(element) => {
            let all = value.as_array().unwrap_or_else(|| panic!("{place}: {value} is no list"));
            all.iter().enumerate().for_each(|(i, one)| check(one, &element[0], &format!("{place}[{i}]")));
        }
        Value::Object(fields) => {
            for (name, shape) in fields {
                let field = value.get(name).unwrap_or_else(|| panic!("{place}: no {name} in {value}"));
                check(field, shape, &format!("{place}.{name}"));
            }
        }
        _ => panic!("{place}: {shape} is no shape"),
    }
}

#[track_caller]
fn shape(text: &str) -> Value {
    serde_json::from_str(text).expect("a shape")
}

#[test]
fn inspect_keeps_its_shape() {
    let dir = case();
    let document = json(dir.path(), &["inspect", "--json", "case"]);
    let expected = shape(
        r#"{"schema":"coroner.inspect/1","extent":{"first":"time","last":"time"},"sources":[{"path":"text",
        "kind":"logs|metrics|changes|alerts|traces|profile|report|unknown","format":"text","confidence":"number","records":"count","series":"count?",
        "first":"time?","last":"time?","zone":{"assumed":"text?","certainty":"offset|file|default|inferred|anchored|none"},
        "levels":"map","services":["text"],"unplaced":"count","problem_count":"count",
        "problems":[{"line":"count","byte":"count","kind":"text","reason":"text"}]}]}"#,
    );
    check(&document, &expected, "inspect");
    let sources = document["sources"].as_array().expect("sources");
    let source = |path: &str| sources.iter().find(|source| source["path"] == path).expect(path);
    let kinds: Vec<_> = sources.iter().map(|source| source["kind"].as_str().expect("kind")).collect();
    assert_eq!(kinds, ["alerts", "changes", "logs", "unknown", "logs", "profile", "metrics"], "{document}");
    let order = source("order.log");
    assert_eq!((order["records"].as_u64(), order["unplaced"].as_u64(), &order["series"]), (Some(5), Some(2), &Value::Null), "{order}");
    assert!(order["problems"].as_array().expect("problems").iter().any(|problem| problem["kind"] == "truncated"), "{order}");
    assert_eq!((source("local.log")["zone"]["certainty"].as_str(), source("noise.bin")["first"].is_null()), (Some("default"), true));
    let runner_up = sources.iter().filter(|source| !source["runner_up"].is_null());
    runner_up.for_each(|source| check(&source["runner_up"], &shape(r#"{"format":"text","confidence":"number"}"#), "runner_up"));
}

#[test]
fn events_are_json_lines_in_order_of_time() {
    let dir = case();
    let text = out(dir.path(), &["events", "--json", "--quiet", "case"]);
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    let expected = shape(
        r#"{"time":"time?","level":"trace|debug|info|warn|error|fatal|unknown","service":"text?","source":"text","line":"count","message":"text",
        "trace_id":"text?","fields":"map"}"#,
    );
    for event in &events {
        check(event, &expected, "event");
    }
    let messages: Vec<_> = events.iter().map(|event| event["message"].as_str().expect("message")).collect();
    assert_eq!(messages[..5], ["request", "slow", "pool exhausted", "user 17 stored", "user 18 lost"]);
    assert!(events[5..].len() == 2 && events[5..].iter().all(|event| event["time"].is_null()), "those without a time come last");
    assert_eq!(events[1]["time"], "2026-11-23T02:28:01.123456789Z");
    assert_eq!((events[0]["trace_id"].as_str(), events[1]["trace_id"].as_str()), (Some("a1"), None));
    let unplaced = out(dir.path(), &["events", "--json", "--quiet", "--unplaced", "case"]);
    let unplaced: Vec<Value> = unplaced.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    assert_eq!(unplaced.len(), 2);
    assert!(unplaced.iter().all(|event| event["time"].is_null()));
}

#[test]
fn fuzzy_events_come_best_first_with_their_score() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let line = |secs: u32, message: &str| format!("{{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:{secs:02}Z\",\"msg\":\"{message}\"}}\n");
    let log = [line(1, "spooler up"), line(2, "pool exhausted"), line(3, "nothing"), line(4, "wait for pool")].concat();
    fs::write(dir.path().join("a.log"), log).expect("written");
    let out = out(dir.path(), &["events", "--json", "--fuzzy", "pool", "a.log"]);
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let messages: Vec<&str> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!(messages, ["pool exhausted", "wait for pool", "spooler up"]);
    let scores: Vec<i64> = events.iter().filter_map(|event| event["score"].as_i64()).collect();
    assert!(scores.len() == 3 && scores.is_sorted_by(|a, b| a >= b) && scores[0] > scores[2], "{scores:?}");
}

#[test]
fn a_field_that_nobody_has_is_an_error_with_the_nearest() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let log = "{\"ts\":\"2026-11-23T02:28:01Z\",\"msg\":\"a\",\"method\":\"GET\",\"took\":\"250ms\",\"size\":12}\n";
    fs::write(dir.path().join("a.log"), log).expect("written");
    let error = |args: &[&str]| {
        let (code, out, err) = coroner(dir.path(), &[&["histogram", "a.log", "--json"], args].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        err
    };
    assert!(error(&["--by", "methd"]).contains("did you mean method?"));
    assert!(error(&["--stat", "p99:methood"]).contains("no event has a field \"methood\""));
    assert!(error(&["--stat", "p99:method"]).contains("holds no numbers, such as \"GET\""));
    let row = json(dir.path(), &["histogram", "a.log", "--json", "--by", "method,template", "--stat", "max:took,sum:size"]);
    assert_eq!(row["rows"][0]["stats"], serde_json::json!({"max:took": 0.25, "sum:size": 12}));
    let text = out(dir.path(), &["histogram", "a.log", "--by", "pattern", "--stat", "max:took"]);
    assert!(text.contains("250 ms"), "{text}");
}

#[test]
fn the_values_of_fields_are_counted_over_all_events_that_pass() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let line = |n: u32| {
        let (level, path) = if n.is_multiple_of(4) { ("error", "/pay") } else { ("info", "/") };
        format!("{{\"ts\":\"2026-11-23T02:28:{:02}Z\",\"level\":\"{level}\",\"msg\":\"hit {n}\",\"path\":\"{path}\",\"id\":{n}}}\n", n % 60)
    };
    fs::write(dir.path().join("a.log"), (0..40).map(line).collect::<String>()).expect("written");
    let document = json(dir.path(), &["facets", "--json", "--quiet", "a.log"]);
    let expected = shape(
        r#"{"schema":"coroner.facets/1","events":"count","facets":[{"field":"text","events":"count","distinct":"count?","left_out":"count?",
        "sample":"count?","values":[{"value":"text","label":"text?","count":"count"}]}]}"#,
    );
    check(&document, &expected, "facets");
    let asked = json(dir.path(), &["facets", "--json", "--quiet", "a.log", "--field", "path,level", "--filter", "id<20"]);
    let facets = asked["facets"].as_array().expect("facets");
    assert_eq!(facets.iter().map(|facet| facet["field"].as_str().expect("a name")).collect::<Vec<_>>(), ["path", "level"]);
    assert_eq!(facets[0]["values"], serde_json::json!([{"value":"/","label":null,"count":15},{"value":"/pay","label":null,"count":5}]));
    let text = out(dir.path(), &["facets", "--quiet", "a.log", "--field", "id", "--limit", "2"]);
    assert!(text.contains("id: 40 values in 40 events") && text.contains("and 38 more; --limit lists more"), "{text}");
    let (code, _, err) = coroner(dir.path(), &["facets", "--quiet", "a.log", "--field", "pth"]);
    assert!(code == 2 && err.contains("did you mean path?"), "{code} {err}");
    let (code, ..) = coroner(dir.path(), &["facets", "--quiet", "a.log", "--filter", "nothing-like-this"]);
    assert_eq!(code, 1, "the answer is no");
}

#[test]
fn a_histogram_has_only_rows_that_count() {
    let dir = case();
    let document =
        json(dir.path(), &["histogram", "--json", "--quiet", "--bucket", "1m", "--by", "level,service", "--stat", "p99:latency", "case"]);
    let expected = shape(
        r#"{"schema":"coroner.histogram/1","bucket_s":"number","by":["text"],
        "rows":[{"start":"time","key":{"level":"text","service":"text?"},"count":"count","stats":{"p99:latency":"number?"}}]}"#,
    );
    check(&document, &expected, "histogram");
    let rows = document["rows"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row["count"].as_u64() > Some(0)), "{document}");
    assert_eq!(rows.iter().filter_map(|row| row["count"].as_u64()).sum::<u64>(), 5);
    let plain = json(dir.path(), &["histogram", "--json", "--quiet", "case"]);
    assert!(plain["rows"].as_array().expect("rows").iter().all(|row| row.get("stats").is_none()), "stats only when asked");
}

#[test]
fn exemplars_are_listed_by_the_series_that_keeps_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = "# TYPE a counter\na_total{i=\"1\"} 1 1700000000 # {trace_id=\"t1\",user=\"x\"} 0.5 1699999999.5\n\
        a_total{i=\"1\"} 2 1700000001\nb_total 1 1700000000\n# EOF\n";
    fs::write(dir.path().join("metrics.txt"), text).expect("written");
    let (code, out, _) = coroner(dir.path(), &["series", ".", "--exemplars", "--json", "--quiet"]);
    let found: Value = serde_json::from_str(&out).expect("json");
    assert_eq!((code, &found["schema"], found["series"].as_array().map(Vec::len)), (0, &serde_json::json!("coroner.series/1"), Some(1)));
    let own = &found["series"][0];
    assert_eq!(
        (&own["name"], &own["labels"], &own["source"]),
        (&serde_json::json!("a_total"), &serde_json::json!({"i": "1"}), &serde_json::json!("metrics.txt"))
    );
    let labels = serde_json::json!({"trace_id": "t1", "user": "x"});
    let told = serde_json::json!([{"time": "2023-11-14T22:13:19.5Z", "value": 0.5, "trace_id": "t1", "labels": labels}]);
    assert_eq!((&own["n_exemplars"], &own["exemplars"]), (&serde_json::json!(1), &told));
    let (_, out, _) = coroner(dir.path(), &["series", ".", "--exemplars", "--quiet"]);
    assert!(out.contains("a_total{i=\"1\"}  1 exemplars") && out.contains("t1") && out.contains("user=x"), "{out}");
    assert_eq!(coroner(dir.path(), &["series", ".", "--exemplars", "--match", "b*", "--quiet"]).0, 1);
}

#[test]
fn series_say_missing_infinite_and_stale() {
    let dir = case();
    let document = json(dir.path(), &["series", "--json", "--quiet", "--step", "1s", "--match", "wait*", "case"]);
    let column = r#"{"start":"time","end":"time","min":"number?","max":"number?","mean":"number?","last":"number?","count":"count"}"#;
    let head = shape(
        r#"{"schema":"coroner.series/1","series":[{"name":"text","labels":"map","unit":"text",
        "kind":"gauge|counter|rate|quantile|histogram|ratio|unknown|info|state","source":"text"}]}"#,
    );
    check(&document, &head, "series");
    let columns = document["series"][0]["columns"].as_array().expect("columns");
    columns.iter().filter(|one| !one.is_null()).for_each(|one| check(one, &shape(column), "column"));
    assert!(columns.iter().any(Value::is_null), "a hole is null: {document}");
    let at = |moment: &str| json(dir.path(), &["series", "--json", "--quiet", "--at", moment, "--match", "wait*", "case"]);
    let first = at("1795400880");
    check(
        &first,
        &shape(
            r#"{"schema":"coroner.series/1","at":"time","series":[{"name":"text","labels":"map","value":"number?","sample_time":"time?"}]}"#,
        ),
        "at",
    );
    assert_eq!(first["series"][0]["value"], 1);
    assert_eq!(at("2026-11-23T02:28:01Z")["series"][0]["value"], Value::Null, "NaN is null");
    assert_eq!(at("T+2s")["series"][0]["value"], "+Inf");
    assert_eq!(at("1795400900000")["series"][0]["value"], "-Inf");
    assert_eq!(at("2026-11-23T02:20:00Z")["series"][0]["value"], Value::Null, "before the first sample");
    assert_eq!(at("2026-11-23T02:38:00Z")["series"][0]["value"], Value::Null, "stale");
}

#[test]
fn notes_and_exports_speak_json_too() {
    let dir = case();
    let id = out(dir.path(), &["note", "case", "add", "--at", "T+1s", "first", "words"]);
    assert_eq!(id.trim().len(), 26, "{id}");
    out(dir.path(), &["note", "--quiet", "case", "pin", "--series", "wait_seconds", "--at", "T+3s"]);
    out(dir.path(), &["note", "--quiet", "case", "pin", "--lines", "order.log:3", "the pool"]);
    let list = out(dir.path(), &["note", "case", "list", "--json"]);
    let notes: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    let expected = shape(r#"{"schema":"coroner.note/1","id":"text","kind":"text","text":"text","author":"text","created":"time"}"#);
    for note in &notes {
        check(note, &expected, "note");
    }
    check(&notes[0], &shape(r#"{"t":"time","offset":"text"}"#), "note");
    assert_eq!(notes.len(), 3);
    let export = json(dir.path(), &["export", "--json", "--quiet", "case", "-o", "out/report.md"]);
    check(&export, &shape(r#"{"schema":"coroner.export/1","markdown":"text","assets":["text"]}"#), "export");
    let written = fs::read_to_string(dir.path().join("out/report.md")).expect("the export");
    assert!(written.contains("first words") && written.contains("the pool"));
    let (code, out, _) = coroner(dir.path(), &["note", "case", "list", "--kind", "attempt"]);
    assert_eq!((code, out.as_str()), (1, ""));
}

#[test]
fn exit_codes_say_done_no_and_wrong() {
    let dir = case();
    let code = |args: &[&str]| coroner(dir.path(), args);
    for args in [
        &["events", "--grep", "nowhere to be found", "case"][..],
        &["series", "--match", "zz*", "case"],
        &["events", "--level", "fatal", "case"],
    ] {
        assert_eq!(code(args).0, 1, "{args:?}");
        assert!(code(args).1.is_empty() || args[0] == "series", "{args:?}");
    }
    let wrong: [&[&str]; 9] = [
        &["inspect", "no-such-folder"],
        &["inspect"],
        &["events", "--level", "loud", "case"],
        &["events", "--grep", "(", "case"],
        &["events", "--from", "half past nine", "case"],
        &["series", "--step", "0s", "case"],
        &["inspect", "--tz", "Nowhere/Atall", "case"],
        &["inspect", "--bogus", "case"],
        &["note", "case", "remove", "no-such-id"],
    ];
    for args in wrong {
        let (code, out, err) = code(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(!err.trim().is_empty() && !err.contains("panicked"), "{args:?}: {err}");
    }
    assert_eq!(code(&["--version"]).1, format!("coroner {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_window_is_told_from_the_anchor_of_the_case() {
    let dir = tempfile::tempdir().expect("temporary folder");
    unpack_outage(&dir.path().join("outage"), |path| {
        path.ends_with("userdb.log") || path.ends_with("fakedb.log") || path == "deploys.jsonl"
    });
    let (code, _, err) = coroner(dir.path(), &["note", "outage", "t0", "2026-11-23T02:30:22Z"]);
    assert_eq!(code, 0, "{err}");
    let events = |args: &[&str]| {
        let text = out(dir.path(), &[&["events", "--json", "--quiet", "outage"], args].concat());
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON lines")["time"].as_str().expect("time").to_owned())
            .collect::<Vec<_>>()
    };
    let all = events(&[]);
    let expected =
        |from: &str, to: &str| all.iter().filter(|time| time.as_str() >= from && time.as_str() < to).cloned().collect::<Vec<_>>();
    assert_eq!(events(&["--from", "T+3m", "--limit", "5"]), expected("2026-11-23T02:33:22", "9")[..5]);
    let same = [
        ["T+1m", "T+2m"],
        ["02:31:22", "02:32:22"],
        ["2026-11-23T02:31:22Z", "2026-11-23T10:32:22+08:00"],
        ["1795401082", "1795401142000"],
    ];
    for [from, to] in same {
        assert_eq!(events(&["--from", from, "--to", to]), expected("2026-11-23T02:31:22", "2026-11-23T02:32:22"), "{from} to {to}");
    }
    assert!(events(&["--from", "-30s"]).len() < events(&["--from", "-60s"]).len());
}

#[test]
fn a_zone_moves_only_times_that_have_none() {
    let dir = case();
    let first = |args: &[&str], path: &str| {
        let document = json(dir.path(), &[&["inspect", "--json", "--quiet", "case"], args].concat());
        let source = document["sources"].as_array().expect("sources").iter().find(|source| source["path"] == path).cloned().expect(path);
        (source["first"].as_str().expect("first").to_owned(), source["zone"]["certainty"].as_str().expect("certainty").to_owned())
    };
    assert_eq!(first(&[], "local.log").0, "2026-11-23T10:28:30Z");
    let (_, _, err) = coroner(dir.path(), &["events", "--limit", "1", "case"]);
    assert!(err.contains("local.log") && err.contains("--tz"), "an assumed zone is told: {err}");
    for tz in ["Asia/Shanghai", "local.log=Asia/Shanghai", "+08:00"] {
        let (time, certainty) = first(&["--tz", tz], "local.log");
        assert_eq!(time, "2026-11-23T02:28:30Z", "{tz}");
        assert_ne!(certainty, "default", "{tz}");
        assert_eq!(first(&["--tz", tz], "order.log").0, "2026-11-23T02:28:00.5Z", "{tz}");
    }
    assert_eq!(first(&["--tz", "order.log=Asia/Shanghai"], "local.log").0, "2026-11-23T10:28:30Z");
    // A zone for a source that is not there is no zone for another one, and no silence either.
    let (code, _, err) = coroner(dir.path(), &["inspect", "case", "--tz", "locl.log=Asia/Shanghai"]);
    assert!(code == 2 && err.contains("did you mean") && err.contains("local.log"), "{err}");
}

#[test]
fn the_order_of_arguments_does_not_matter() {
    let dir = case();
    let files = ["case/order.log", "case/local.log", "case/wait.json", "case/deploys.jsonl"];
    for command in [&["inspect"][..], &["events"], &["histogram", "--bucket", "1s"], &["series", "--columns", "3"]] {
        let expected = out(dir.path(), &[command, &["--json", "--quiet"], &files].concat());
        let mut turned = files;
        for _ in 1..files.len() {
            turned.rotate_left(1);
            assert_eq!(
                out(dir.path(), &[command, &turned[..2], &["--quiet"], &turned[2..], &["--json"]].concat()),
                expected,
                "{command:?}"
            );
        }
    }
}

#[test]
fn help_man_and_completions_name_every_command() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let help = out(dir.path(), &["--help"]);
    let commands = ["demo", "inspect", "events", "histogram", "facets", "series", "note", "export", "screenshot", "completions", "man"];
    let man = out(dir.path(), &["man"]);
    assert!(man.starts_with(".ie") || man.starts_with(".TH"), "{man}");
    assert!(man.contains(".SH KEYS") && man.contains("EXIT CODES") || man.contains("Exit codes"), "{man}");
    let shells = ["bash", "zsh", "fish", "elvish", "powershell"];
    let completions: Vec<String> = shells.iter().map(|shell| out(dir.path(), &["completions", shell])).collect();
    for command in commands {
        let own = out(dir.path(), &[command, "--help"]);
        assert!(own.contains("Usage: coroner ") && own.contains(command), "{own}");
        assert!(own.lines().next().is_some_and(|line| line.len() > 10), "what {command} does: {own}");
        assert!(help.contains(&format!("  {command} ")), "{command} in {help}");
        assert!(man.contains(command), "{command}");
        assert!(completions.iter().all(|text| text.contains(command)), "{command}");
    }
    for command in ["inspect", "events", "histogram", "facets", "series", "export"] {
        assert!(out(dir.path(), &[command, "--help"]).contains("--json"), "{command}");
    }
}

#[test]
fn standard_input_is_a_source() {
    use std::io::Write as _;
    let mut child = std::process::Command::new(common::CORONER)
        .args(["events", "--json", "--quiet", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(LOG.as_bytes()).expect("the program reads");
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(String::from_utf8(output.stdout).expect("text").lines().count(), 5);
}

#[test]
fn exporting_twice_gives_the_same_bytes_even_without_a_case() {
    let dir = case();
    fs::remove_file(dir.path().join("case/case.toml")).expect("removed");
    let export = || {
        out(dir.path(), &["export", "--quiet", "case"]);
        fs::read_to_string(dir.path().join("case/postmortem.md")).expect("the export")
    };
    assert!(export() == export(), "two exports differ");
    let sources = json(dir.path(), &["inspect", "--json", "--quiet", "case"]);
    assert!(!sources.to_string().contains("postmortem"), "an export is no source: {sources}");
}

#[test]
fn an_export_elsewhere_holds_the_prose_of_the_case() {
    let dir = case();
    fs::create_dir(dir.path().join("case/sections")).expect("folder");
    fs::write(dir.path().join("case/sections/summary.md"), "The pool was empty and nobody was told.\n").expect("written");
    out(dir.path(), &["export", "--quiet", "case"]);
    out(dir.path(), &["export", "--quiet", "case", "-o", "elsewhere/postmortem.md"]);
    let read = |path: &str| fs::read_to_string(dir.path().join(path)).expect("the export");
    assert!(read("case/postmortem.md").contains("nobody was told"));
    assert!(read("elsewhere/postmortem.md") == read("case/postmortem.md"), "the exports differ");
}

#[test]
fn what_flags_say_of_a_source_is_kept_with_the_case_until_it_is_taken_away() {
    let dir = case();
    let first = |extra: &[&str]| {
        let args =
            [&["events", "--json", "--quiet", "--level", "error", "--limit", "1", "--filter", "user"][..], extra, &["case"]].concat();
        out(dir.path(), &args)
    };
    assert!(first(&[]).contains("2026-11-23T10:28:31Z"));
    // A name that is not there is told, with the one that was meant; the ending may be left out.
    let (code, _, err) = coroner(dir.path(), &["inspect", "case", "--tz", "locale.log=+08:00"]);
    assert!(code == 2 && err.contains("did you mean local.log?"), "{err}");
    out(dir.path(), &["export", "case", "--quiet", "--tz", "local=+08:00"]);
    assert!(first(&[]).contains("2026-11-23T02:28:31Z"));
    assert!(first(&["--tz", "local.log=+09:00"]).contains("2026-11-23T01:28:31Z"), "a flag speaks last");
    let inspected = json(dir.path(), &["inspect", "--json", "--quiet", "case"]);
    let local = inspected["sources"].as_array().expect("list").iter().find(|source| source["path"] == "local.log").expect("there");
    assert_eq!(local["remarks"][0], "zone +08:00 from case.toml");
    assert_eq!(coroner(dir.path(), &["verify", "case", "--quiet"]).0, 0, "a folder means the document in it");
    assert_eq!(coroner(dir.path(), &["note", "case", "set", "zones.local=Atlantis"]).0, 2);
    out(dir.path(), &["note", "case", "set", "zones.local="]);
    assert!(first(&[]).contains("2026-11-23T10:28:31Z"));
}
