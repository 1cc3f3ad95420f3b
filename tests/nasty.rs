//! Inputs as they lie about after an outage: nothing panics, nothing hangs, and every loss is told.

mod common;

use std::fs;
use std::path::Path;

use common::coroner;
use serde_json::Value;

/// Inspects one file with these bytes and gives its report.
#[track_caller]
fn inspect(name: &str, bytes: &[u8]) -> Value {
    let dir = tempfile::tempdir().expect("temporary folder");
    fs::write(dir.path().join(name), bytes).expect("written");
    let (code, out, err) = coroner(dir.path(), &["inspect", "--json", "--quiet", name]);
    assert_eq!(code, 0, "inspect {name}: {err}");
    let document: Value = serde_json::from_str(&out).expect("one JSON document");
    document["sources"][0].clone()
}

/// All events of one file, as JSON lines.
#[track_caller]
fn events(name: &str, bytes: &[u8]) -> Vec<Value> {
    let dir = tempfile::tempdir().expect("temporary folder");
    fs::write(dir.path().join(name), bytes).expect("written");
    let (_, out, _) = coroner(dir.path(), &["events", "--json", "--quiet", name]);
    out.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect()
}

fn problem_kinds(report: &Value) -> Vec<String> {
    let problems = report["problems"].as_array().expect("problems");
    problems.iter().map(|problem| problem["kind"].as_str().expect("kind").to_owned()).collect()
}

const LINE: &str = "{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:10.212Z\",\"msg\":\"request\",\"status\":200}\n";

#[test]
fn a_cut_last_line_is_kept_and_told() {
    let report = inspect("app.log", format!("{LINE}{LINE}{{\"level\":\"error\",\"ts\":\"2026-11-23T02:2").as_bytes());
    assert_eq!(report["records"], 3, "{report}");
    assert!(problem_kinds(&report).contains(&"truncated".to_owned()), "{report}");
}

#[test]
fn crlf_and_a_byte_order_mark_change_nothing() {
    let report = inspect("app.log", format!("\u{feff}{}", LINE.repeat(3).replace('\n', "\r\n")).as_bytes());
    assert_eq!((report["records"].as_u64(), report["unplaced"].as_u64()), (Some(3), Some(0)), "{report}");
}

#[test]
fn text_of_windows_tools_is_read_like_any_other() {
    let text: Vec<u8> = format!("\u{feff}{}", LINE.repeat(3).replace('\n', "\r\n")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let report = inspect("app.log", &text);
    assert_eq!((report["records"].as_u64(), report["unplaced"].as_u64()), (Some(3), Some(0)), "{report}");
    assert_eq!(events("app.log", &text)[2]["message"], "request");
}

#[test]
fn invalid_utf8_is_shown_lossy_and_told() {
    let mut bytes = LINE.repeat(2).into_bytes();
    bytes.extend(b"{\"level\":\"warn\",\"ts\":\"2026-11-23T02:28:11Z\",\"msg\":\"caf\xe9\"}\n");
    let report = inspect("app.log", &bytes);
    assert_eq!(report["records"], 3);
    assert!(problem_kinds(&report).contains(&"encoding".to_owned()), "{report}");
    let all = events("app.log", &bytes);
    assert_eq!(all[2]["message"], "caf\u{fffd}");
}

#[test]
fn a_stack_trace_is_one_event() {
    let text = "2026-11-23 02:28:09,120 INFO start\n2026-11-23 02:28:10,000 ERROR boom\nTraceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no\n2026-11-23 02:28:11,000 INFO on\n";
    let report = inspect("app.log", text.as_bytes());
    assert_eq!(report["records"], 3, "{report}");
}

#[test]
fn nothing_lands_at_1970() {
    let text =
        format!("{LINE}{{\"level\":\"info\",\"ts\":0,\"msg\":\"clock not set\"}}\n{{\"level\":\"info\",\"msg\":\"no time\"}}\n{LINE}");
    let report = inspect("app.log", text.as_bytes());
    assert_eq!(report["records"], 4);
    assert!(report["first"].as_str().expect("a first time").starts_with("2026-11-23T"), "{report}");
    assert_eq!(report["unplaced"], 2, "{report}");
}

#[test]
fn an_error_body_is_shown_as_an_error() {
    let report = inspect("p99.json", br#"{"status":"error","errorType":"bad_data","error":"1:5: parse error: unclosed left parenthesis"}"#);
    assert_eq!(report["records"], 0);
    assert!(report["problems"].to_string().contains("unclosed left parenthesis"), "{report}");
}

#[test]
fn special_values_are_neither_gaps_nor_zero() {
    let text = br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"wait"},"values":[[1795400897,"1"],[1795400898,"NaN"],[1795400899,"+Inf"],[1795400903,"4"]]}]}}"#;
    let report = inspect("wait.json", text);
    assert_eq!((report["records"].as_u64(), report["series"].as_u64()), (Some(4), Some(1)), "{report}");
    let dir = tempfile::tempdir().expect("temporary folder");
    fs::write(dir.path().join("wait.json"), text).expect("written");
    let (code, out, err) = coroner(dir.path(), &["series", "--json", "--quiet", "--step", "1s", "wait.json"]);
    assert_eq!(code, 0, "{err}");
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    let columns = answer["series"][0]["columns"].as_array().expect("columns");
    assert!(columns.iter().any(Value::is_null), "the hole of three seconds stays a hole: {out}");
}

#[test]
fn empty_blank_and_binary_files_are_named() {
    for (name, bytes) in [
        ("empty.log", &b""[..]),
        ("blank.log", b" \n\t\n\n"),
        ("nul.bin", &[0u8; 4096]),
        ("page.json", b"<!DOCTYPE html><html><body>login</body></html>"),
    ] {
        let report = inspect(name, bytes);
        assert_eq!(report["records"], 0, "{name}: {report}");
        assert!(!report["format"].as_str().expect("format").is_empty(), "{name}: {report}");
    }
}

#[test]
fn deep_nesting_and_long_lines_cost_bounded_work() {
    let deep =
        format!("{LINE}{{\"ts\":\"2026-11-23T02:28:11Z\",\"msg\":\"deep\",\"x\":{}1{}}}\n{LINE}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(inspect("deep.log", deep.as_bytes())["records"], 3);
    let long = format!("{LINE}{{\"ts\":\"2026-11-23T02:28:11Z\",\"msg\":\"{}\"}}\n{LINE}", "x".repeat(20_000_000));
    let report = inspect("long.log", long.as_bytes());
    assert_eq!(report["records"], 3, "{report}");
}

#[test]
fn damaged_archives_keep_what_they_hold() {
    use std::io::Write as _;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(LINE.repeat(2000).as_bytes()).expect("memory");
    let whole = gz.finish().expect("memory");
    let cut = inspect("app.log.gz", &whole[..whole.len() - 20]);
    assert!(cut["records"].as_u64().expect("records") > 0 && cut["problem_count"].as_u64() > Some(0), "{cut}");
    let mut trailing = whole.clone();
    trailing.extend(b"garbage at the end");
    let report = inspect("app.log.gz", &trailing);
    assert_eq!(report["records"], 2000, "{report}");
    assert!(report["problem_count"].as_u64() > Some(0), "{report}");
}

#[test]
fn a_bomb_is_refused_with_the_flag_that_allows_it() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let packed = zstd::encode_all(&vec![b'a'; 50_000_000][..], 3).expect("memory");
    fs::write(dir.path().join("bomb.log.zst"), packed).expect("written");
    let (_, out, err) = coroner(dir.path(), &["inspect", "--max-decoded", "1M", "bomb.log.zst"]);
    assert!(format!("{out}{err}").contains("--max-decoded"), "{out}{err}");
}

#[test]
fn an_archive_never_writes_outside_and_lists_its_members() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let mut tar = tar::Builder::new(Vec::new());
    for name in ["logs/app.log", "logs/../../escape.log"] {
        let mut header = tar::Header::new_gnu();
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(LINE.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        tar.append(&header, LINE.as_bytes()).expect("memory");
    }
    fs::create_dir(dir.path().join("inner")).expect("folder");
    fs::write(dir.path().join("inner/bundle.tar"), tar.into_inner().expect("memory")).expect("written");
    let (code, out, err) = coroner(dir.path(), &["inspect", "--json", "--quiet", "inner/bundle.tar"]);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(document["sources"].as_array().expect("sources").len(), 2, "{out}");
    assert!(!dir.path().join("escape.log").exists() && !dir.path().join("inner/logs").exists());
}

#[test]
fn devices_pipes_and_missing_files_end_with_a_reason() {
    let dir = tempfile::tempdir().expect("temporary folder");
    for path in ["/dev/zero", "no-such-file.log"] {
        let (code, _, err) = coroner(dir.path(), &["inspect", path]);
        assert_eq!(code, 2, "{path}: {err}");
        assert!(err.contains(path), "{err}");
    }
}

#[test]
fn escape_sequences_never_reach_the_terminal() {
    let text = format!("{LINE}{{\"level\":\"error\",\"ts\":\"2026-11-23T02:28:11Z\",\"msg\":\"\\u001b]52;c;eHh4\\u0007 evil \\u202e\"}}\n");
    let dir = tempfile::tempdir().expect("temporary folder");
    let name = "a\u{1b}[31m.log";
    fs::write(dir.path().join(name), text).expect("written");
    for args in [&["events", "."][..], &["inspect", "."], &["screenshot", ".", "--keys", "e"]] {
        let (code, out, err) = coroner(dir.path(), args);
        assert_eq!(code, 0, "{args:?}: {err}");
        assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}') && !out.contains('\u{202e}'), "{args:?}: {out}");
    }
}

#[test]
fn the_same_files_in_any_order_give_the_same_answer() {
    let dir = tempfile::tempdir().expect("temporary folder");
    for (name, second) in [("b.log", 5), ("a.log", 3), ("c.log", 4)] {
        let lines: String = (0..200).map(|i| LINE.replace("10.212", &format!("{:02}.{:03}", second + i % 50, i))).collect();
        fs::write(dir.path().join(name), lines).expect("written");
    }
    let run = |args: &[&str]| coroner(Path::new(dir.path()), args).1;
    let one = run(&["events", "--json", "--quiet", "--jobs", "1", "a.log", "b.log", "c.log"]);
    assert_eq!(one.lines().count(), 600);
    assert_eq!(one, run(&["events", "--json", "--quiet", "--jobs", "2", "c.log", "a.log", "b.log"]));
}

/// A document of Prometheus with `n` samples of one series.
fn matrix(n: u64) -> String {
    let values: Vec<String> = (0..n).map(|i| format!("[{},\"{i}\"]", 1_795_400_889 + i)).collect();
    format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"__name__":"up"}},"values":[{}]}},{{"metric":{{"__name__":"down"}},"values":[{}]}}]}}}}"#,
        values.join(","),
        values.join(",")
    )
}

#[test]
fn a_document_that_is_cut_keeps_what_is_whole() {
    let whole = matrix(50);
    for (name, text) in [
        ("up.json", whole[..whole.len() - 30].to_owned()),
        ("changes.json", r#"[{"ts":"2026-11-23T02:28:12Z","kind":"deploy","service":"a"},{"ts":"2026-11-23T02:29:12Z","kind":"dep"#.to_owned()),
        ("spans.json", r#"[{"traceId":"a","id":"b","name":"x","timestamp":1795400889000000,"duration":5,"localEndpoint":{"serviceName":"w"}},{"traceId":"a","id"#.to_owned()),
        ("loki.json", r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"app":"w"},"values":[["1795400890000000000","b"],["17954008890"#.to_owned()),
    ] {
        let report = inspect(name, text.as_bytes());
        assert!(report["records"].as_u64() > Some(0), "{name}: {report}");
        assert!(problem_kinds(&report).contains(&"truncated".to_owned()), "{name}: {report}");
    }
}

#[test]
fn holes_of_nul_bytes_end_no_line_and_are_told() {
    let mut bytes = LINE.as_bytes().to_vec();
    bytes.extend([0u8; 5000]);
    bytes.extend(LINE.as_bytes());
    bytes.extend(b"{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:11Z\",\"msg\":\"a\0b\"}\n");
    let report = inspect("app.log", &bytes);
    assert_eq!((report["records"].as_u64(), report["unplaced"].as_u64()), (Some(3), Some(0)), "{report}");
    assert!(problem_kinds(&report).contains(&"encoding".to_owned()), "{report}");
    assert_eq!(events("app.log", &bytes)[2]["message"], "a\0b");
}

#[test]
fn a_byte_order_mark_before_a_document_or_a_header_changes_nothing() {
    let alerts = r#"[{"labels":{"alertname":"A"},"startsAt":"2026-11-23T02:28:12Z"}]"#;
    for (name, text, n) in
        [("up.json", matrix(3).as_str(), 6), ("a.json", alerts, 1), ("m.csv", "time,cpu\n1795400889,1\n1795400890,2\n", 2)]
    {
        for text in [format!("\u{feff}{text}"), text.replace('\n', "\r\n")] {
            assert_eq!(inspect(name, text.as_bytes())["records"], n, "{name}: {text:?}");
        }
    }
}

#[test]
fn times_that_run_backwards_are_sorted_and_told() {
    let late = LINE.replace("02:28:10", "00:10:00");
    let report = inspect("app.log", format!("{LINE}{late}{LINE}").as_bytes());
    assert_eq!((report["first"].as_str(), report["unplaced"].as_u64()), (Some("2026-11-23T00:10:00.212Z"), Some(0)), "{report}");
    assert!(problem_kinds(&report).contains(&"order".to_owned()), "{report}");
}

#[test]
fn times_beyond_what_can_be_told_are_kept_apart() {
    let strange = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2262-04-12T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z"];
    let lines: String = strange.iter().map(|time| LINE.replace("2026-11-23T02:28:10.212Z", time)).collect();
    let report = inspect("app.log", format!("{LINE}{lines}").as_bytes());
    assert_eq!((report["records"].as_u64(), report["unplaced"].as_u64()), (Some(6), Some(5)), "{report}");
    assert_eq!(report["first"], report["last"], "{report}");
}

#[test]
fn lines_of_one_moment_keep_the_order_of_the_file() {
    let lines: String = (0..20_000).map(|i| LINE.replace("request", &format!("n{i}"))).collect();
    let all = events("app.log", lines.as_bytes());
    assert!(all.len() == 20_000 && all.iter().enumerate().all(|(i, event)| event["message"] == format!("n{i}").as_str()));
}

#[test]
fn a_table_without_rows_holds_nothing() {
    for (name, text) in
        [("a.csv", "time,value\n"), ("b.csv", "@timestamp,message\n"), ("c.json", "[]"), ("d.json", "{}"), ("e.log", "\u{feff}")]
    {
        let report = inspect(name, text.as_bytes());
        assert_eq!(report["records"], 0, "{name}: {report}");
    }
}

#[test]
fn every_packing_gives_what_came_before_a_cut() {
    use std::io::Write as _;
    let text =
        (0..20_000_u64).map(|i| LINE.replace("request", &format!("request {}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15)))).collect::<String>();
    let mut bz2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(1));
    bz2.write_all(text.as_bytes()).expect("memory");
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(text.as_bytes()).expect("memory");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text.as_bytes()).expect("memory");
    let packed = [
        ("app.log.zst", zstd::encode_all(text.as_bytes(), 1).expect("memory")),
        ("app.log.bz2", bz2.finish().expect("memory")),
        ("app.log.xz", xz.finish().expect("memory")),
        ("app.log.gz", gz.finish().expect("memory")),
    ];
    for (name, bytes) in packed {
        assert_eq!(inspect(name, &bytes)["records"], 20_000, "{name}");
        let cut = inspect(name, &bytes[..bytes.len() * 3 / 4]);
        let n = cut["records"].as_u64().expect("records");
        assert!((1..20_000).contains(&n) && problem_kinds(&cut).contains(&"truncated".to_owned()), "{name}: {cut}");
        let twice = inspect(name, &[bytes.clone(), bytes].concat());
        assert_eq!(twice["records"], 40_000, "{name}: members follow one another");
    }
}

#[test]
fn links_devices_and_twins_in_an_archive_are_left_alone() {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |name: &str, kind: tar::EntryType, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        if kind != tar::EntryType::Regular {
            header.set_link_name("/etc/passwd").expect("short");
        }
        header.set_cksum();
        tar.append(&header, bytes).expect("memory");
    };
    add("/etc/app.log", tar::EntryType::Regular, LINE.as_bytes());
    add("app.log", tar::EntryType::Regular, LINE.repeat(2).as_bytes());
    add("app.log", tar::EntryType::Regular, LINE.repeat(3).as_bytes());
    for (name, kind) in
        [("s", tar::EntryType::Symlink), ("h", tar::EntryType::Link), ("c", tar::EntryType::Char), ("f", tar::EntryType::Fifo)]
    {
        add(name, kind, b"");
    }
    let dir = tempfile::tempdir().expect("temporary folder");
    fs::write(dir.path().join("bundle.tar"), tar.into_inner().expect("memory")).expect("written");
    let (code, out, err) = coroner(dir.path(), &["inspect", "--json", "--quiet", "bundle.tar"]);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).expect("JSON");
    let sources = document["sources"].as_array().expect("sources");
    let shown: Vec<_> =
        sources.iter().map(|source| (source["path"].as_str().expect("path"), source["records"].as_u64().expect("records"))).collect();
    assert_eq!(shown, [("bundle.tar/app.log", 2), ("bundle.tar/app.log#2", 3), ("bundle.tar/etc/app.log", 1)]);
}

#[test]
fn labels_with_every_sign_stay_whole() {
    let text = "# TYPE up gauge\nup{a=\"line\\nbreak\",b=\"quote\\\"d\",c=\"back\\\\slash\",d=\"x=1,y={2}\"} 1 1795400889000\n";
    let dir = tempfile::tempdir().expect("temporary folder");
    fs::write(dir.path().join("up.prom"), text).expect("written");
    let (code, out, err) = coroner(dir.path(), &["series", "--json", "--quiet", "--at", "2026-11-23T02:28:09Z", "up.prom"]);
    assert_eq!(code, 0, "{err}");
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        answer["series"][0]["labels"],
        serde_json::json!({"a": "line\nbreak", "b": "quote\"d", "c": "back\\slash", "d": "x=1,y={2}"})
    );
}

#[test]
fn spans_out_of_order_without_parents_or_in_circles_are_spans() {
    let span = |id: u64, parent: u64, start: u64, end: u64| {
        format!(
            r#"{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"{id:016x}","parentSpanId":"{parent:016x}","name":"s","startTimeUnixNano":"{start}","endTimeUnixNano":"{end}"}}"#
        )
    };
    let at = 1_795_400_889_000_000_000;
    let mut spans = vec![span(1, 2, at, at + 5), span(2, 1, at, at - 5), span(3, 99, at, 0), span(4, 4, 0, 0)];
    spans.extend((10..5000).map(|id| span(id, 1, at + id, at + id + 1)));
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(","));
    let report = inspect("trace.json", text.as_bytes());
    assert_eq!(
        (report["kind"].as_str(), report["records"].as_u64(), report["unplaced"].as_u64()),
        (Some("traces"), Some(4994), Some(1)),
        "{report}"
    );
    assert!(report["problems"].to_string().contains("ends before it starts"), "{report}");
}

#[test]
fn profiles_without_functions_samples_or_strings_are_told_apart() {
    let types = [0x0a, 4, 8, 1, 16, 2];
    let strings: Vec<u8> = [&b""[..], b"samples", b"count"].iter().flat_map(|text| [&[0x32, text.len() as u8], *text].concat()).collect();
    let sample = [0x12, 6, 0x0a, 1, 1, 0x12, 1, 7];
    let bad_type = [0x0a, 4, 8, 100, 16, 101];
    for (bytes, n) in [
        ([&types[..], &strings].concat(), 0),
        ([&types[..], &sample, &strings].concat(), 1),
        ([&bad_type[..], &sample, &strings].concat(), 1),
    ] {
        let report = inspect("cpu.pb", &bytes);
        assert_eq!((report["kind"].as_str(), report["records"].as_u64()), (Some("profile"), Some(n)), "{report}");
    }
}

#[test]
fn a_name_with_a_line_end_is_one_name() {
    let dir = tempfile::tempdir().expect("temporary folder");
    fs::write(dir.path().join("a\nb.log"), LINE).expect("written");
    let (code, out, err) = coroner(dir.path(), &["inspect", "."]);
    assert!(code == 0 && !out.contains("a\nb") && out.contains("a␤b.log"), "{out}{err}");
    let (_, out, _) = coroner(dir.path(), &["events", "--json", "--quiet", "."]);
    assert_eq!(out.lines().count(), 1, "{out}");
}
