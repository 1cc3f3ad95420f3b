//! The whole recorded outage through the command line: every file recognised, every line accounted for, and every
//! value equal to what an independent reading of the same files gives.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use common::{coroner, unpack_outage};
use serde_json::Value;

/// What may go wrong in a recording that was not damaged: lines written late.
const EXPLAINED: &[&str] = &["order"];
/// Series by file and `instance` label.
const SERIES: [(&str, Option<&str>); 3] = [("go_goroutines", Some("order-1")), ("edge_p99", None), ("edge_error_ratio", None)];
/// Moments from the deploy on, in seconds, as the command line and the report call them.
const MOMENTS: [(&str, &str, i64); 4] = [("T-1m", "T−1m", -60), ("T+0", "T+0", 0), ("T+3m", "T+3m", 180), ("T+5m", "T+5m", 300)];

fn json(dir: &Path, args: &[&str]) -> Value {
    let (code, out, err) = coroner(dir, args);
    assert_eq!(code, 0, "{args:?}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error} in {out}"))
}

fn files_below(dir: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).expect("folder") {
        let entry = entry.expect("entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files_below(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name);
        }
    }
}

/// The moment of the first deploy of v1.9.0, read without the program.
fn deploy(outage: &Path) -> DateTime<Utc> {
    let text = fs::read_to_string(outage.join("deploys.jsonl")).expect("deploys");
    let line = text.lines().find(|line| line.contains("\"deploy\"") && line.contains("v1.9.0")).expect("the deploy");
    let record: Value = serde_json::from_str(line).expect("JSON");
    let time = ["ts", "time", "timestamp"].iter().find_map(|key| record[*key].as_str()).expect("a time");
    time.parse().expect("RFC 3339")
}

/// The last sample at or before `at`, read without the program.
fn value_at(outage: &Path, file: &str, instance: Option<&str>, at: DateTime<Utc>) -> f64 {
    let text = fs::read_to_string(outage.join(format!("prometheus/{file}.json"))).expect("series");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let all = answer["data"]["result"].as_array().expect("series");
    let series = all.iter().find(|series| instance.is_none_or(|wanted| series["metric"]["instance"] == wanted)).expect("the series");
    let mut samples = series["values"].as_array().expect("samples").iter();
    let seconds = at.timestamp_millis() as f64 / 1e3;
    let sample = samples.rfind(|sample| sample[0].as_f64().expect("time") <= seconds).expect("a sample");
    sample[1].as_str().expect("value").parse().expect("number")
}

#[test]
fn every_file_is_recognised_and_every_line_accounted_for() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let outage = dir.path().join("order-outage");
    unpack_outage(&outage, |_| true);
    let mut expected = BTreeSet::new();
    files_below(&outage, "", &mut expected);
    let report = json(dir.path(), &["inspect", "--json", "--quiet", "order-outage"]);
    let sources = report["sources"].as_array().expect("sources");
    assert_eq!(sources.iter().map(|source| source["path"].as_str().expect("path").to_owned()).collect::<BTreeSet<_>>(), expected);
    let mut n_logs = 0;
    for source in sources {
        let path = source["path"].as_str().expect("path");
        assert_ne!(source["kind"], "unknown", "{source}");
        assert!(source["confidence"].as_f64() > Some(0.5) && !source["format"].as_str().expect("format").is_empty(), "{source}");
        let problems = source["problems"].as_array().expect("problems");
        assert_eq!(source["problem_count"].as_u64(), Some(problems.len() as u64), "{source}");
        for problem in problems {
            assert!(EXPLAINED.contains(&problem["kind"].as_str().expect("kind")), "{path}: {problem}");
            assert!(!problem["reason"].as_str().expect("reason").is_empty() && problem["line"].as_u64() > Some(0), "{path}: {problem}");
        }
        if source["kind"] != "logs" {
            continue;
        }
        n_logs += 1;
        let bytes = fs::read(outage.join(path)).expect("file");
        let n_lines = bytes.split(|byte| *byte == b'\n').count() as u64 - 1 + u64::from(bytes.last() != Some(&b'\n'));
        let count = |key: &str| source[key].as_u64().expect(key);
        assert_eq!(count("lines"), n_lines, "{path}");
        assert_eq!(count("records") + count("continuation_lines"), n_lines, "{path}");
        let by_level: u64 = source["levels"].as_object().expect("levels").values().filter_map(Value::as_u64).sum();
        assert_eq!((by_level, count("unplaced")), (count("records"), 0), "{path}");
    }
    assert_eq!(n_logs, expected.iter().filter(|path| path.starts_with("logs/")).count());

    // Late lines, counted without the program.
    let log = fs::read_to_string(outage.join("logs/order-1.log")).expect("log");
    let time = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["ts"].as_str().expect("time").to_owned();
    let mut newest = String::new();
    let mut n_late = 0;
    for time in log.lines().map(time) {
        n_late += usize::from(time < newest);
        newest = newest.max(time);
    }
    let source = sources.iter().find(|source| source["path"] == "logs/order-1.log").expect("order-1");
    assert!(source["problems"][0]["reason"].as_str().expect("reason").starts_with(&format!("{n_late} of ")), "{source}");
}

#[test]
fn values_at_the_key_moments_are_those_of_the_files() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let outage = dir.path().join("order-outage");
    unpack_outage(&outage, |path| !path.starts_with("logs/") && !path.starts_with("pprof/"));
    let t0 = deploy(&outage);
    let (code, _, err) = coroner(dir.path(), &["note", "order-outage", "t0", &t0.to_rfc3339(), "deploy", "of", "v1.9.0"]);
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = coroner(dir.path(), &["export", "--quiet", "order-outage"]);
    assert_eq!(code, 0, "{err}");
    let document = fs::read_to_string(outage.join("postmortem.md")).expect("the export");
    let table: Vec<&str> =
        document.lines().skip_while(|line| *line != "## Key indicators").take_while(|line| !line.starts_with("![")).collect();
    let head = cells(table.iter().find(|line| line.starts_with("| Moment")).expect("the table"));
    for (asked, called, seconds) in MOMENTS {
        let answer = json(dir.path(), &["series", "--json", "--quiet", "--at", asked, "order-outage"]);
        let all = answer["series"].as_array().expect("series");
        let row = cells(table.iter().find(|line| line.starts_with(&format!("| {called} "))).expect("a row of the table"));
        for (file, instance) in SERIES {
            let expected = value_at(&outage, file, instance, t0 + TimeDelta::seconds(seconds));
            let is_wanted = |series: &&Value| series["name"] == file && instance.is_none_or(|name| series["labels"]["instance"] == name);
            let told: Vec<_> = all.iter().filter(is_wanted).map(|series| series["value"].as_f64()).collect();
            assert_eq!(told, [Some(expected)], "{file} at {asked}");
            // Below the table stands which series each column shows.
            let legend = table.iter().find(|line| line.contains(&format!(": `{file}"))).expect("a series below the table");
            let role = legend.trim_start_matches("- ").split(':').next().expect("a name");
            let column = head.iter().position(|cell| cell == role).expect("a column of the table");
            let (printed, half_digit) = number(&row[column]);
            assert!((printed - expected).abs() <= half_digit * 1.000_001, "{file} at {asked}: {} is not {expected}", row[column]);
        }
    }
}

fn cells(row: &str) -> Vec<String> {
    row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// `61.2 ms`, `2 229`, `93.7 %` as a number, with half of its last digit.
fn number(text: &str) -> (f64, f64) {
    let units = [(" ms", 1e-3), (" µs", 1e-6), (" s", 1.0), (" %", 1e-2), ("", 1.0)];
    let (digits, factor) = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor))).expect("a unit");
    let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
    let n_decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    (digits.parse::<f64>().unwrap_or_else(|_| panic!("{text:?} is no number")) * factor, 0.5 * 10f64.powi(-n_decimals) * factor)
}
