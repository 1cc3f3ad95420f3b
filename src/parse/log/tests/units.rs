//! Promises for the unit of a latency that no key names.

use super::*;

/// Latency of the first record in seconds, and what is said of its unit.
fn told(lines: &[String]) -> (String, Vec<String>) {
    let text = lines.join("\n") + "\n";
    let plan = plan_of(&text);
    let chunk = parse_chunk(&plan, text.as_bytes());
    (format!("{:.6}", chunk.columns.latencies[0]), plan.unit_remarks())
}

/// Lines with each of the values in the place of `{}`, a second apart in the place of `SS`.
fn lines(template: &str, values: &[&str]) -> Vec<String> {
    let line = |(second, value): (usize, &&str)| template.replace("SS", &format!("{second:02}")).replace("{}", value);
    values.iter().enumerate().map(line).collect()
}

#[track_caller]
fn check_unit(template: &str, values: &[&str], expected: &str) {
    assert_eq!(told(&lines(template, values)).0, expected, "{template} {values:?}");
}

const ZAP: &str = r#"{"level":"info","ts":1795144440.SS3,"logger":"http.log.access","msg":"handled","duration":{},"status":200}"#;
const ZAP_ISO: &str = r#"{"level":"info","ts":"2026-11-20T03:14:SS.123Z","caller":"a/b.go:1","msg":"x","latency":{}}"#;
const SLOG: &str = r#"{"time":"2026-11-20T03:14:SS.123456789Z","level":"INFO","msg":"x","duration":{}}"#;
const ZEROLOG: &str = r#"{"level":"info","duration":{},"time":"2026-11-20T03:14:SSZ","message":"x"}"#;
const STRUCTLOG: &str = r#"{"duration":{},"event":"x","level":"info","timestamp":"2026-11-20T03:14:SS.123456Z"}"#;
const PYTHON: &str = r#"{"asctime":"2026-11-20 03:14:SS,123","levelname":"INFO","name":"a","message":"x","elapsed":{}}"#;
const LOGFMT: &str = "time=2026-11-20T03:14:SSZ level=info msg=x duration={}";
const TRAEFIK: &str = r#"{"DownstreamStatus":200,"Duration":{},"level":"info","msg":"","time":"2026-11-20T03:14:SSZ"}"#;

#[test]
fn slow_requests_stay_slow_where_the_logger_writes_seconds() {
    for template in [ZAP, ZAP_ISO, STRUCTLOG, PYTHON, LOGFMT] {
        check_unit(template, &["3.318526", "4.350000", "2.1"], "3.318526");
        check_unit(template, &["275.82", "84.371", "260.9"], "275.820007");
        check_unit(template, &["0.004226", "0.011", "0.002"], "0.004226");
    }
}

#[test]
fn whole_numbers_of_go_are_nanoseconds_and_those_of_zerolog_and_node_milliseconds() {
    check_unit(SLOG, &["1500000000", "800000", "2400000"], "1.500000");
    check_unit(SLOG, &["1500", "800", "950"], "0.000002");
    check_unit(SLOG, &["35", "12", "950"], "0.035000");
    check_unit(TRAEFIK, &["120000", "95200000000", "15000"], "0.000120");
    check_unit(ZEROLOG, &["35000", "800000", "1200"], "35.000000");
    check_unit(ZEROLOG, &["2644.664", "1246.967", "15588.254"], "2.644664");
}

#[test]
fn a_guessed_unit_is_said_and_one_that_the_logger_tells_is_not() {
    let remarks = |template: &str, values: &[&str]| told(&lines(template, values)).1;
    assert_eq!(remarks(ZAP, &["3.318526"]), Vec::<String>::new());
    assert_eq!(remarks(LOGFMT, &["3.318526"]), ["latency: `duration` read as seconds, guessed"]);
    assert_eq!(remarks(r#"{"level":"info","time":"2026-11-20T03:14:SSZ","msg":"x","duration_ms":{}}"#, &["3"]), Vec::<String>::new());
}

#[test]
fn numbers_behind_a_request_have_the_unit_of_their_server() {
    const COMBINED: &str = r#"1.2.3.4 - - [20/Nov/2026:03:14:SS +0000] "GET / HTTP/1.1" 200 12 "-" "x" {}"#;
    const COMMON: &str = r#"1.2.3.4 - - [20/Nov/2026:03:14:SS +0000] "GET / HTTP/1.1" 200 12 {}"#;
    check_unit(COMBINED, &["271876000", "20941000", "398739000"], "271.876007");
    check_unit(COMBINED, &["559", "120", "540"], "0.000559");
    check_unit(COMBINED, &["3", "0", "12", "0"], "3.000000");
    check_unit(COMMON, &["1668", "1158", "7"], "1.668000");
    // All alike, or ever growing: no duration.
    check_unit(COMBINED, &["1", "1", "1"], "NaN");
    check_unit(COMBINED, &["1", "2", "3"], "NaN");
}

#[test]
fn one_key_has_one_unit_in_all_logs_of_a_format() {
    const JSON: &str = r#"{"severity":"info","at":"x","timestamp":"2026-11-20T03:14:SSZ","latency":{}}"#;
    let (fast, slow) = (lines(JSON, &["0.012", "0.031", "0.007"]).join("\n"), lines(JSON, &["3.012", "2.031", "4.1"]).join("\n"));
    let (mut fast, mut slow) = (plan_of(&fast), plan_of(&slow));
    assert_ne!(fast.unit_remarks(), slow.unit_remarks());
    LogPlan::agree(&mut [&mut fast, &mut slow]);
    assert_eq!(fast.unit_remarks(), slow.unit_remarks());
    let text = lines(JSON, &["3.012"]).join("\n");
    assert_eq!(parse_chunk(&slow, text.as_bytes()).columns.latencies, [3.012]);
}
