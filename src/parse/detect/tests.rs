//! What files are taken for.

use super::*;

#[track_caller]
fn check(text: &[u8], kind: SourceKind, format: &str) {
    let windows = Windows { path: "f", size_bytes: text.len() as u64, head: text, middle: b"", tail: b"" };
    let verdict = detect(&windows, &Context::default());
    assert_eq!((verdict.kind, verdict.format.as_str()), (kind, format), "{}", String::from_utf8_lossy(&text[..text.len().min(60)]));
    assert!(!verdict.why.is_empty() && (0.0..=1.0).contains(&verdict.confidence));
}

#[test]
fn files_that_hold_nothing_to_read_are_named() {
    check(b"", SourceKind::Unknown, "empty");
    check(b" \n\t\n", SourceKind::Unknown, "blank");
    check(b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", SourceKind::Unknown, "html");
    check(b"\x7fELF\x02\x01\x01\0\0\0", SourceKind::Unknown, "elf");
    check(&[0x80, 0x01, 0x02, 0xff, 0x10].repeat(50), SourceKind::Unknown, "binary");
    check(b"\xff\xfea\0b\0", SourceKind::Unknown, "utf-16");
    check(b"the quick brown fox\njumps over the dog\n", SourceKind::Unknown, "text");
}

#[test]
fn configuration_and_prose_are_reports() {
    check(
        b"global:\n  scrape_interval: 1s\nscrape_configs:\n- job_name: lab\n  static_configs:\n",
        SourceKind::Report,
        "prometheus-config-yaml",
    );
    check(b"a: 1\nb:\n  - c: 2\n  - d: 3\ne: text\nf: true\n", SourceKind::Report, "yaml");
    check(b"[package]\nname = \"x\"\nversion = \"1\"\n", SourceKind::Report, "toml");
    check(b"[mysqld]\nport=3306\nuser=mysql\n", SourceKind::Report, "ini");
    check(b"# Title\n\nSome words about it.\n\n## Part\n\nAt 2026-11-23 02:28:09 it broke.\n", SourceKind::Report, "markdown");
    check(b"{\n  \"a\": {\"b\": 1}\n}\n", SourceKind::Report, "json");
    check(b"package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(1)\n}\n", SourceKind::Report, "source");
}

#[test]
fn logs_are_logs_and_tables_are_metrics() {
    check(b"2026/11/23 02:28:09 [INFO] a\n2026/11/23 02:28:10 [INFO] b\n", SourceKind::Logs, "go-std");
    check(b"{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:09Z\",\"msg\":\"a\"}\n", SourceKind::Logs, "zap-json");
    let table = b"Time,a,b\n2026-11-23 02:28:09,1.0 s,2\n2026-11-23 02:28:10,1.5 s,3\n";
    let windows = Windows { path: "f", size_bytes: table.len() as u64, head: table, middle: b"", tail: b"" };
    assert_eq!(detect(&windows, &Context::default()).kind, SourceKind::Metrics);
}
