//! Traces over files: one request through several logs, and clocks of sources that are told to be wrong.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::coroner;
use serde_json::Value;

/// Requests through order, which calls stock and payment, each with its own log, format and clock.
///
/// `payment_ahead_ms` is how far the clock of payment is wrong.
fn requests(dir: &Path, n: i64, payment_ahead_ms: i64) {
    let (mut order, mut stock, mut payment) = (String::new(), String::new(), String::new());
    for i in 0..n {
        let trace = format!("{:032x}", 0x5eed_0000 + i);
        let start_ms = 1_795_400_000_000 + i * 137;
        let time = |ms: i64| coroner::model::text::rfc3339(coroner::model::Timestamp::from_millis(ms));
        let level = if i % 50 == 7 { "error" } else { "info" };
        let _ = writeln!(
            order,
            r#"{{"level":"{level}","ts":"{}","msg":"request","service":"order","trace_id":"{trace}","latency":0.02}}"#,
            time(start_ms + 20)
        );
        let _ = writeln!(stock, "ts={} level=info svc=stock msg=request trace_id={trace} latency=6ms", time(start_ms + 9));
        let _ = writeln!(
            payment,
            r#"{{"level":"info","svc":"payment","trace_id":"{trace}","latency_ms":5.5,"time":{},"message":"request \u001b[2J"}}"#,
            start_ms + 18 + payment_ahead_ms
        );
    }
    for (name, text) in [("order.log", order), ("stock.log", stock), ("payment.log", payment)] {
        fs::write(dir.join(name), text).expect("written");
    }
}

fn trace(dir: &Path, id: Option<&str>) -> Value {
    let mut args = vec!["trace", ".", "--json", "--quiet"];
    args.extend(id.iter().flat_map(|id| ["--id", *id]));
    let (_, out, err) = coroner(dir, &args);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"))
}

#[test]
fn a_trace_runs_through_all_sources_in_order_of_time() {
    let dir = tempfile::tempdir().expect("temporary folder");
    requests(dir.path(), 60, 0);
    let id = format!("{:032x}", 0x5eed_0007);
    let found = trace(dir.path(), Some(&id));
    assert_eq!(found["schema"], "coroner.trace/1");
    let services: Vec<&str> = found["events"].as_array().expect("a list").iter().filter_map(|event| event["service"].as_str()).collect();
    assert_eq!(services, ["stock", "payment", "order"]);
    assert_eq!(
        (&found["duration_s"], &found["widest_gap"]["before"], &found["widest_gap"]["gap_s"]),
        (&0.011.into(), &1.into(), &0.009.into())
    );
    assert_eq!(found["clocks"]["skewed"], Value::Array(Vec::new()));
    assert_eq!(found["clocks"]["agreeing"].as_array().map(Vec::len), Some(3));
    let (code, text, _) = coroner(dir.path(), &["trace", ".", "--id", &id, "--quiet"]);
    assert!(code == 0 && text.contains("+9 ms widest  payment") && text.contains("request ␛[2J") && !text.contains('\u{1b}'), "{text}");
    assert!(text.contains("clocks of 3 sources agree (60 traces)"), "{text}");
}

#[test]
fn a_clock_that_is_wrong_is_told_with_its_ground_and_no_time_is_changed() {
    for (ahead_ms, words) in [(1_700, "clock of payment.log looks 1.7"), (-28_800_000, "looks 8h behind")] {
        let dir = tempfile::tempdir().expect("temporary folder");
        requests(dir.path(), 60, ahead_ms);
        let found = trace(dir.path(), None);
        let skew = &found["clocks"]["skewed"][0];
        assert_eq!((&skew["source"], &skew["against"], &skew["traces"]), (&"payment.log".into(), &Value::Null, &60.into()));
        let ahead_s = skew["ahead_s"].as_f64().expect("a number");
        assert!((ahead_s - ahead_ms as f64 / 1e3).abs() <= skew["uncertainty_s"].as_f64().expect("a number"), "{skew}");
        let (_, text, _) = coroner(dir.path(), &["trace", ".", "--id", &format!("{:032x}", 0x5eed_0000), "--quiet"]);
        assert!(text.contains(words) && text.contains("times are as the sources state them"), "{text}");
        let (_, events, _) = coroner(dir.path(), &["events", ".", "--filter", "service:payment", "--limit", "1", "--quiet"]);
        let stated = coroner::model::text::rfc3339(coroner::model::Timestamp::from_millis(1_795_400_000_018 + ahead_ms));
        assert!(events.starts_with(&stated), "{events}");
    }
}

#[test]
fn an_offset_moves_a_clock_in_every_answer_and_leaves_the_text_alone() {
    let dir = tempfile::tempdir().expect("temporary folder");
    requests(dir.path(), 60, 1_700);
    let events = |args: &[&str]| {
        let all = [&["events", ".", "--quiet", "--json"], args].concat();
        coroner(dir.path(), &all).1
    };
    let stated = events(&[]);
    let flag = ["--clock", "payment.log=-1.7s"];
    let moved = events(&flag);
    assert_ne!(stated, moved);
    for line in moved.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        let offset = if line["source"] == "payment.log" { Value::from(-1.7) } else { Value::Null };
        assert_eq!(line["clock_offset_s"], offset, "an event tells that its clock was moved, and no other does");
    }
    let (_, traced, _) = coroner(dir.path(), &[&["trace", ".", "--json", "--quiet"], &flag[..]].concat());
    let traced: Value = serde_json::from_str(&traced).expect("JSON");
    assert_eq!(traced["clocks"]["skewed"], Value::Array(Vec::new()), "the clocks agree then");
    // The same out of the case, and back again.
    fs::write(dir.path().join("case.toml"), "title = \"x\"\n\n[clock_offsets]\n\"payment.log\" = \"-1.7s\"\n").expect("written");
    assert_eq!(events(&[]), moved);
    assert_eq!(events(&["--clock", "payment.log=0"]), stated);
    let (_, inspected, _) = coroner(dir.path(), &["inspect", ".", "--json", "--quiet"]);
    let inspected: Value = serde_json::from_str(&inspected).expect("JSON");
    let of =
        |path: &str| inspected["sources"].as_array().expect("a list").iter().find(|source| source["path"] == path).expect("there").clone();
    assert_eq!((&of("payment.log")["clock_offset_s"], &of("order.log")["clock_offset_s"]), (&(-1.7).into(), &0.into()));
    let first = coroner::model::text::rfc3339(coroner::model::Timestamp::from_millis(1_795_400_000_018));
    assert_eq!(of("payment.log")["first"], first);
    let (_, text, _) = coroner(dir.path(), &["inspect", ".", "--quiet"]);
    assert!(text.contains("clock -1.7s"), "{text}");
    let (code, _, err) = coroner(dir.path(), &["events", ".", "--clock", "payment.log=soon"]);
    assert!(code == 2 && err.contains("SRC=OFFSET"), "{err}");
}

#[test]
fn too_few_traces_or_none_say_nothing_of_a_clock() {
    let dir = tempfile::tempdir().expect("temporary folder");
    requests(dir.path(), 4, 1_700);
    let found = trace(dir.path(), None);
    assert_eq!(found["clocks"]["skewed"], Value::Array(Vec::new()));
    assert_eq!(found["clocks"]["unsure"][0]["why"], "few");
    fs::write(dir.path().join("a.log"), "2026-11-23T02:13:22Z INFO started\n").expect("written");
    let (code, text, _) = coroner(dir.path(), &["trace", "a.log", "--quiet"]);
    assert_eq!((code, text.as_str()), (1, "no trace runs through two sources, so clocks cannot be compared\n"));
    assert_eq!(coroner(dir.path(), &["trace", "a.log", "--id", "nobody", "--quiet"]).0, 1);
}

#[test]
fn patterns_are_compared_before_and_after_a_moment() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let mut text = String::new();
    for i in 0..120 {
        let clock = format!("2026-11-23T02:{:02}:{:02}Z", i / 60, i % 60);
        let _ = writeln!(text, "{clock} INFO served request {i}");
        if i >= 60 {
            let _ = writeln!(text, "{clock} ERROR pool\u{7} exhausted after {i} ms");
        } else {
            let _ = writeln!(text, "{clock} DEBUG cache hit for {i}");
        }
    }
    fs::write(dir.path().join("order.log"), text).expect("written");
    let args = ["events", "order.log", "--patterns", "--around", "2026-11-23T02:01:00Z", "--quiet"];
    let (code, out, _) = coroner(dir.path(), &[&args[..], &["--json"]].concat());
    assert_eq!(code, 0);
    let rows: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told: Vec<_> =
        rows.iter().map(|row| (row["status"].as_str().unwrap(), row["before"].as_u64().unwrap(), row["after"].as_u64().unwrap())).collect();
    assert_eq!(told, [("born", 0, 60), ("died", 60, 0), ("steady", 60, 60)]);
    assert_eq!(
        (&rows[0]["level"], &rows[0]["services"][0], &rows[0]["first"]),
        (&"error".into(), &"order".into(), &"2026-11-23T02:01:00Z".into())
    );
    let (_, text, _) = coroner(dir.path(), &args);
    assert!(text.contains("born    error") && text.contains("pool␇ exhausted") && !text.contains('\u{7}'), "{text}");
    let (code, _, err) = coroner(dir.path(), &["events", "order.log", "--patterns", "--around", "2027-01-01T00:00:00Z"]);
    assert!(code == 2 && err.contains("leaves nothing to compare"), "{err}");
}

#[test]
fn a_message_longer_than_patterns_look_is_told() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let (long, many) = ("x".repeat(3000), "a ".repeat(300));
    fs::write(
        dir.path().join("a.log"),
        format!("2026-11-23T02:13:22Z INFO {long}\n2026-11-23T02:13:23Z INFO {many}\n2026-11-23T02:13:24Z INFO b\n"),
    )
    .expect("written");
    let (_, text, _) = coroner(dir.path(), &["inspect", "a.log", "--quiet"]);
    assert!(text.contains("notes:\n  a.log: 2 different messages are longer than patterns look: the first line"), "{text}");
    let (_, json, _) = coroner(dir.path(), &["inspect", "a.log", "--json", "--quiet"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["sources"][0]["problem_count"], json["sources"][0]["remarks"].as_array().map(Vec::len)), (&0.into(), Some(1)));
}
