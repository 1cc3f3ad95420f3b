//! Series that are computed from raw metrics, through the whole program: found by themselves, explained, typed by the user.

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::coroner;
use serde_json::Value;

/// 2023-11-14T22:13:20Z.
const START: i64 = 1_700_000_000;

/// Two instances of one service, scraped every second for 100 s. From 60 s on, half of the requests fail and take longer
/// than the highest bucket can tell; `api-2` is started anew at 40 s and does not answer from 80 s to 85 s.
fn metrics() -> String {
    let mut text = String::new();
    for name in ["requests", "duration", "sum", "in_use", "max", "odd"] {
        for instance in ["api-1", "api-2"] {
            let place = format!("instance=\"{instance}\",service=\"api\"");
            let bad = |second: i64| (second - 60).max(0) * 5;
            for second in 0..100 {
                let at = START + second;
                let is_restarted = instance == "api-2" && second >= 40;
                let since = if is_restarted { second - 40 } else { second };
                let (all, slow) = (since * 10, bad(second));
                if instance == "api-2" && (80..85).contains(&second) {
                    if second == 80 {
                        let _ = writeln!(
                            text,
                            "{}",
                            match name {
                                "requests" => format!("http_requests_total{{code=\"200\",{place}}} NaN {at}"),
                                "in_use" => format!("pool_in_use{{{place}}} NaN {at}"),
                                _ => continue,
                            }
                        );
                    }
                    continue;
                }
                let _ = match name {
                    "requests" => {
                        let _ = writeln!(text, "http_requests_total{{code=\"200\",{place}}} {} {at}", all - slow.min(all));
                        if slow > 0 { writeln!(text, "http_requests_total{{code=\"503\",{place}}} {slow} {at}") } else { Ok(()) }
                    }
                    "duration" => {
                        let fast = all - slow.min(all);
                        let _ = writeln!(text, "http_duration_seconds_bucket{{{place},le=\"0.1\"}} {fast} {at}");
                        let _ = writeln!(text, "http_duration_seconds_bucket{{{place},le=\"1\"}} {fast} {at}");
                        writeln!(text, "http_duration_seconds_bucket{{{place},le=\"+Inf\"}} {all} {at}")
                    }
                    "in_use" => writeln!(text, "pool_in_use{{{place}}} {} {at}", if second < 60 { 0 } else { 8 }),
                    "max" => writeln!(text, "pool_max{{{place}}} 8 {at}"),
                    "odd" if instance == "api-1" => writeln!(text, "odd_value{{{place}}} {} {at}", if second > 50 { "NaN" } else { "1" }),
                    _ => Ok(()),
                };
            }
        }
    }
    text + "# EOF\n"
}

fn incident() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("as it was made");
    std::fs::create_dir(dir.path().join("incident")).expect("as it was made");
    std::fs::write(dir.path().join("incident/metrics.txt"), metrics()).expect("as it was made");
    dir
}

fn answer(dir: &Path, args: &[&str]) -> Value {
    let (code, out, err) = coroner(dir, &[&["series", "incident", "--json"], args].concat());
    assert_eq!(code, 0, "{args:?}: {err}{out}");
    serde_json::from_str(&out).expect("as it was made")
}

/// `value state` of the only series at a second from the start.
fn at(dir: &Path, series: &str, second: i64) -> String {
    let json = answer(dir, &["--match", series, "--at", &(START + second).to_string()]);
    let all = json["series"].as_array().expect("as it was made");
    assert_eq!(all.len(), 1, "{series}: {json}");
    format!("{} {}", all[0]["value"], all[0]["state"].as_str().expect("as it was made"))
}

#[test]
fn zero_nan_stale_and_absent_are_told_apart() {
    let dir = incident();
    let pool = "pool_in_use{instance=\"api-2\"*";
    assert_eq!(at(dir.path(), pool, 30), "0 zero");
    assert_eq!(at(dir.path(), pool, 70), "8 value");
    assert_eq!(at(dir.path(), pool, 82), "null stale");
    assert_eq!(at(dir.path(), pool, 90), "8 value");
    assert_eq!(at(dir.path(), "odd_value*", 60), "null nan");
    assert_eq!(at(dir.path(), "http_requests_total{code=\"503\",instance=\"api-1\"*", 30), "null absent");
    let (_, text, _) = coroner(dir.path(), &["series", "incident", "--match", pool, "--at", &(START + 82).to_string()]);
    assert!(text.contains("stale"), "{text}");
}

#[test]
fn words_for_a_course_tell_nan_from_missing_data_and_call_no_distance_of_samples_missing() {
    let dir = incident();
    let told = |keys: &str| {
        let (code, text, err) = coroner(dir.path(), &["screenshot", "incident", "--size", "120x40", "--plain", "--keys", keys]);
        assert_eq!(code, 0, "{err}");
        text.lines().find(|line| line.contains(", selected: ")).unwrap_or_default().to_owned()
    };
    let odd = told("P \"odd_value\" Enter esc");
    assert!(odd.contains("odd_value api-1") || odd.contains("odd_value api api-1"), "{odd}");
    assert!(odd.contains("no number (NaN or infinite) in 4") && !odd.contains("no data"), "{odd}");
    // Zoomed in until samples stand apart: what lies between them is not missing.
    let near = told("P \"odd_value\" Enter esc t t \"22:13:30\" Enter 3*+");
    assert!(near.contains("steady around 1") && !near.contains("no data"), "{near}");
}

#[test]
fn a_computed_series_tells_its_formula_window_and_restarts() {
    let dir = incident();
    let rate = answer(dir.path(), &["--match", "http_requests_total:rate{*", "--step", "1s"]);
    let series = &rate["series"][0];
    assert_eq!(series["derivation"]["formula"], "sum by (service) (rate(http_requests_total[4s]))");
    assert_eq!((&series["derivation"]["window_s"], &series["derivation"]["scrape_s"]), (&Value::from(4), &Value::from(1)));
    assert_eq!(series["derivation"]["resets"], serde_json::json!(["2023-11-14T22:14:00Z"]));
    let least = series["columns"].as_array().unwrap().iter().filter_map(|column| column["min"].as_f64()).fold(f64::INFINITY, f64::min);
    assert!(least >= 0.0, "a rate is never negative: {least}");
    let p99 = answer(dir.path(), &["--match", "http_duration_seconds:p99{*", "--at", &(START + 75).to_string()]);
    assert_eq!((&p99["series"][0]["value"], &p99["series"][0]["clip"]), (&Value::from(1), &Value::from(1)));
    let (_, text, _) =
        coroner(dir.path(), &["series", "incident", "--match", "http_duration_seconds:p99{*", "--at", &(START + 75).to_string()]);
    assert!(text.contains("≥1 s"), "{text}");
}

#[test]
fn statements_of_a_database_are_no_latency_of_requests_beside_a_log_that_tells_theirs() {
    let dir = tempfile::tempdir().expect("folder");
    let (mut web, mut database) = (String::new(), String::new());
    for second in 0..300u32 {
        let (minute, second, slow) = (second / 60, second % 60, if second > 200 { 900 } else { 3 });
        let time = format!("2026-03-01T10:{minute:02}:{second:02}.000Z");
        writeln!(web, r#"{{"level":"info","ts":"{time}","msg":"request","service":"web","status":200,"latency":0.05}}"#).expect("written");
        let ms = slow + second;
        let time = format!("2026-03-01 10:{minute:02}:{second:02}.000 UTC");
        writeln!(database, "{time} [7] app@app LOG:  duration: {ms}.5 ms  statement: SELECT 1").expect("written");
    }
    std::fs::create_dir(dir.path().join("incident")).expect("folder");
    std::fs::write(dir.path().join("incident/web.log"), web).expect("written");
    std::fs::write(dir.path().join("incident/postgresql.log"), database).expect("written");
    let (code, screen, err) = coroner(dir.path(), &["screenshot", "incident", "--size", "160x45"]);
    assert_eq!(code, 0, "{err}");
    let rows: Vec<&str> = screen.lines().skip_while(|line| !line.contains("P99")).take(3).collect();
    assert!(rows.iter().any(|row| row.contains("web")) && !rows.iter().any(|row| row.contains("postgresql")), "{screen}");
}

#[test]
fn the_usual_panels_are_computed_when_nobody_gave_them() {
    let dir = incident();
    let (code, screen, err) =
        coroner(dir.path(), &["screenshot", "incident", "--at", &(START + 75).to_string(), "--size", "160x45", "--keys", "2 6"]);
    assert_eq!(code, 0, "{err}");
    assert!(screen.contains("P99") && screen.contains("error rate") && screen.contains("≥1 s"), "{screen}");
    assert!(
        screen.contains(":error_ratio") || screen.contains("http_requests_total:e…") && screen.contains("50 %"),
        "a counter is no error rate: {screen}"
    );
    assert!(screen.contains("histogram_quantile(0.99,"), "the detail tells the formula: {screen}");
    assert!(screen.contains("4 scrapes of 1 s") && screen.contains("restarts"), "{screen}");
}

#[test]
fn a_typed_formula_becomes_a_panel_and_can_be_undone() {
    let dir = incident();
    let picture = |keys: &str| {
        let (code, screen, err) =
            coroner(dir.path(), &["screenshot", "incident", "--at", &(START + 75).to_string(), "--size", "160x45", "--keys", keys]);
        assert_eq!(code, 0, "{err}");
        screen
    };
    let typed = picture("P \"max(pool_in_use) * 2\" Enter");
    assert!(typed.contains("max(pool_in_use)") && typed.contains("peak 16"), "{typed}");
    let undone = picture("P \"max(pool_in_use) * 2\" Enter u");
    assert!(undone.contains("undone") && !undone.contains("peak 16"), "{undone}");
    let wrong = picture("P \"max(pool_in_use\" Enter");
    assert!(wrong.contains("column 4") && wrong.contains("not closed"), "{wrong}");
}

#[test]
fn a_panel_of_a_formula_comes_back_with_its_case() {
    let dir = incident();
    let case = "[[panels]]\nrole = \"\"\nseries = \"sum by (service) (rate(http_requests_total{code=\\\"503\\\"}[4s])){service=\\\"api\\\"}\"\nsource = \"promql\"\n";
    std::fs::write(dir.path().join("incident/case.toml"), format!("schema = \"coroner.case/1\"\n{case}")).unwrap();
    let (code, screen, err) = coroner(dir.path(), &["screenshot", "incident", "--at", &(START + 75).to_string(), "--size", "160x45"]);
    assert_eq!(code, 0, "{err}");
    assert!(screen.contains("10 /s"), "{screen}");
    let (code, _, err) = coroner(dir.path(), &["export", "incident", "--output", "postmortem.md"]);
    assert_eq!(code, 0, "{err}");
    let document = std::fs::read_to_string(dir.path().join("postmortem.md")).unwrap();
    assert!(document.contains("rate(http\\_requests\\_total") || document.contains("rate(http_requests_total"), "{document}");
}

#[test]
fn metrics_that_one_selector_finds_keep_their_names() {
    let dir = incident();
    let names = |expr: &str| -> Vec<String> {
        let json = answer(dir.path(), &["--expr", expr, "--at", &(START + 30).to_string()]);
        let all = json["series"].as_array().expect("as it was made").iter();
        all.map(|one| one["labels"]["__name__"].as_str().unwrap_or("-").to_owned()).collect()
    };
    assert_eq!(names("{__name__=~\"pool_.*\",instance=\"api-1\"}"), ["pool_in_use", "pool_max"]);
    assert_eq!(names("topk(1, pool_max)").first().map(String::as_str), Some("pool_max"));
    assert_eq!(names("pool_max{instance=\"api-1\"}"), ["-"], "it is called so already");
}

#[test]
fn an_expression_is_answered_at_moments_steps_and_columns() {
    let dir = incident();
    let expr = "sum by (service) (rate(http_requests_total[4s]))";
    let at = answer(dir.path(), &["--expr", expr, "--at", &(START + 70).to_string()]);
    assert_eq!(at["series"][0]["labels"], serde_json::json!({ "service": "api" }));
    let value = at["series"][0]["value"].as_f64().unwrap();
    assert!((value - 20.0).abs() < 0.01, "{at}");
    let steps = answer(dir.path(), &["--expr", expr, "--step", "10s"]);
    assert_eq!(steps["series"][0]["columns"][7]["last"].as_f64(), Some(value), "{steps}");
    assert_eq!(answer(dir.path(), &["--expr", expr, "--columns", "3"])["series"][0]["columns"].as_array().unwrap().len(), 3);
    let (code, _, err) = coroner(dir.path(), &["series", "incident", "--expr", "sum(nothing) + foo(x)"]);
    assert!(code == 2 && err.contains("column 16") && err.contains("foo"), "{code} {err}");
}
