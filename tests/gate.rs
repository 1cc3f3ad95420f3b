//! The quality gates as a pull request sees them: exit codes, JSON, and what must be caught.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::coroner;
use serde_json::Value;

const LOG: &str = "{\"level\":\"info\",\"ts\":\"2026-03-01T10:00:01Z\",\"msg\":\"ready\",\"service\":\"shop\"}\n\
    {\"level\":\"error\",\"ts\":\"2026-03-01T10:05:02Z\",\"msg\":\"acquire: pool exhausted\",\"service\":\"shop\"}\n\
    {\"level\":\"info\",\"ts\":\"2026-03-01T10:19:59Z\",\"msg\":\"done\",\"service\":\"shop\"}\n";
const DEPLOYS: &str = "{\"ts\":\"2026-03-01T10:04:30Z\",\"kind\":\"deploy\",\"service\":\"shop\",\"from\":\"v1\",\"to\":\"v2\"}\n\
    {\"ts\":\"2026-03-01T10:09:30Z\",\"kind\":\"rollback\",\"service\":\"shop\",\"from\":\"v2\",\"to\":\"v1\"}\n";

/// Twenty minutes of a shop with samples every ten seconds: half of its 100 requests/s fail from 10:05 to 10:10.
fn metrics() -> String {
    let row = |code: &str, count: &dyn Fn(i64) -> i64| {
        let values: Vec<String> = (0..=120).map(|n| format!("[{},\"{}\"]", 1_772_359_200 + n * 10, count(n * 10))).collect();
        format!(
            "{{\"metric\":{{\"__name__\":\"http_requests_total\",\"service\":\"shop\",\"code\":\"{code}\"}},\"values\":[{}]}}",
            values.join(",")
        )
    };
    let bad = |secs: i64| (secs.clamp(300, 600) - 300) * 50;
    let rows = [row("200", &|secs| secs * 100 - bad(secs)), row("503", &bad)];
    format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{}]}}}}", rows.join(","))
}

/// A case with markers, a quoted line, a pinned series and an export.
fn case() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("temporary folder");
    let case = dir.path().join("case");
    fs::create_dir(&case).expect("a folder");
    for (name, text) in [("shop.log", LOG), ("deploys.jsonl", DEPLOYS), ("requests.json", &metrics())] {
        fs::write(case.join(name), text).expect("a file of the case");
    }
    let note = |args: &[&str]| {
        let (code, _, err) = coroner(dir.path(), &[&["note", "case", "--quiet"], args].concat());
        assert_eq!(code, 0, "{args:?}: {err}");
    };
    note(&["t0", "2026-03-01T10:04:30Z", "deploy"]);
    for (name, at) in [
        ("trigger", "10:04:30"),
        ("impact_start", "10:05:00"),
        ("detected", "10:06:00"),
        ("mitigated", "10:10:00"),
        ("resolved", "10:10:30"),
    ] {
        note(&["add", "--kind", "marker", "--name", name, "--at", &format!("2026-03-01T{at}Z")]);
    }
    note(&["pin", "--lines", "shop.log:2", "no connection is left"]);
    note(&["pin", "--series", "http_requests_total{code=\"503\"*", "--at", "2026-03-01T10:08:00Z", "failures"]);
    let (code, _, err) = coroner(dir.path(), &["export", "case", "--quiet"]);
    assert_eq!(code, 0, "{err}");
    let document = case.join("postmortem.md");
    (dir, document)
}

/// Exit code and the JSON answer.
#[track_caller]
fn gate(dir: &Path, args: &[&str]) -> (i32, Value) {
    let (code, out, err) = coroner(dir, args);
    let value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}{err}"));
    (code, value)
}

/// Ids of the claims with this verdict.
fn ids(report: &Value, ok: Option<bool>) -> Vec<String> {
    let claims = report["claims"].as_array().expect("a list of claims").iter().filter(|claim| claim["ok"].as_bool() == ok);
    claims.map(|claim| claim["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn an_export_verifies_from_anywhere_and_states_what_the_counters_say() {
    let (dir, document) = case();
    let (code, report) = gate(dir.path(), &["verify", "case/postmortem.md", "--json"]);
    assert_eq!(
        (code, &report["schema"], &report["drifted"], &report["unchecked"]),
        (0, &"coroner.verify/1".into(), &0.into(), &0.into()),
        "{report}"
    );
    let failed = report["claims"].as_array().unwrap().iter().find(|claim| claim["id"] == "impact.failed").unwrap();
    assert!(failed["stated"].as_str().unwrap().starts_with("15 000") && failed["stated"] == failed["recomputed"], "{failed}");
    let folder = document.parent().unwrap();
    assert_eq!(gate(folder, &["verify", "postmortem.md", "--json"]).0, 0);
    assert_eq!(gate(Path::new("/"), &["verify", document.to_str().unwrap(), folder.to_str().unwrap(), "--json"]).0, 0);
}

#[test]
fn a_number_edited_by_hand_is_caught() {
    let (dir, document) = case();
    let text = fs::read_to_string(&document).unwrap();
    fs::write(&document, text.replacen("**15 000", "**15 100", 1)).unwrap();
    let (code, report) = gate(dir.path(), &["verify", "case/postmortem.md", "--json"]);
    assert_eq!((code, ids(&report, Some(false))), (2, vec!["impact.failed".to_owned()]), "{report}");
    assert_eq!(report["edited"], serde_json::json!(["impact"]));
    let (code, out, _) = coroner(dir.path(), &["verify", "case/postmortem.md", "--quiet"]);
    assert!(code == 2 && out.contains("impact.failed drifted") && out.contains("15 100") && out.contains("1 drifted"), "{out}");
}

#[test]
fn a_changed_source_and_a_changed_line_are_caught() {
    let (dir, document) = case();
    let log = document.with_file_name("shop.log");
    fs::write(&log, LOG.replace("pool exhausted", "pool was empty")).unwrap();
    let (code, report) = gate(dir.path(), &["verify", "case/postmortem.md", "--json"]);
    let drifted = ids(&report, Some(false));
    assert_eq!(code, 2);
    assert!(drifted.contains(&"source/shop.log".to_owned()), "{drifted:?}");
    assert!(drifted.iter().any(|id| id.starts_with("chain/E") && id.contains("line 1")), "the quoted line itself: {drifted:?}");
    let (code, lint) = gate(dir.path(), &["lint", "case", "--json"]);
    assert!(code == 2 && lint["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == "PM002"), "{lint}");
}

#[test]
fn a_missing_source_is_said_and_is_not_taken_for_truth() {
    let (dir, document) = case();
    fs::remove_file(document.with_file_name("requests.json")).unwrap();
    let (code, report) = gate(dir.path(), &["verify", "case/postmortem.md", "--json"]);
    assert_eq!((code, &report["missing"]), (1, &serde_json::json!(["requests.json"])), "{:?}", ids(&report, Some(false)));
    assert!(ids(&report, None).contains(&"impact.failed".to_owned()));
    let claim = report["claims"].as_array().unwrap().iter().find(|claim| claim["id"] == "impact.failed").unwrap();
    assert_eq!(claim["why"], "cannot be checked: source missing: requests.json");
}

#[test]
fn writing_again_keeps_what_people_wrote_or_refuses() {
    let (dir, document) = case();
    let text = fs::read_to_string(&document).unwrap();
    let ours = "Support heard of it from a customer first.";
    fs::write(&document, text.replacen("<!-- gen:detection", &format!("{ours}\n\n<!-- gen:detection"), 1)).unwrap();
    let export = |args: &[&str]| coroner(dir.path(), &[&["export", "case", "--quiet"], args].concat());
    assert_eq!(export(&[]).0, 0);
    let kept = fs::read_to_string(&document).unwrap();
    assert!(kept.contains(ours));
    assert_eq!(gate(dir.path(), &["verify", "case/postmortem.md", "--json"]).0, 0, "words between the blocks are no claims");
    // Now the same block changes on both sides.
    fs::write(&document, kept.replacen("| Measure | Value | How |", "| Measure | Amount | How |", 1)).unwrap();
    fs::write(document.with_file_name("requests.json"), metrics().replace("503", "504")).unwrap();
    let (code, _, err) = export(&[]);
    assert!(code == 2 && err.contains("impact") && err.contains("--force"), "{err}");
    assert!(fs::read_to_string(&document).unwrap().contains("| Measure | Amount | How |"), "nothing was written");
    assert_eq!(export(&["--force"]).0, 0);
    assert!(fs::read_to_string(dir.path().join("case/postmortem.md.orig")).unwrap().contains("| Measure | Amount | How |"));
    fs::write(&document, "# My own words\n").unwrap();
    assert!(export(&[]).2.contains("holds no marks of generated blocks"));
}

#[test]
fn lint_says_what_is_wrong_and_a_suppression_is_printed() {
    let (dir, document) = case();
    let (code, lint) = gate(dir.path(), &["lint", "case", "--json"]);
    assert_eq!((code, &lint["schema"]), (2, &"coroner.lint/1".into()));
    let rules: Vec<&str> = lint["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"PM018") && rules.contains(&"PM028"), "{rules:?}");
    for finding in lint["findings"].as_array().unwrap() {
        for field in ["rule", "severity", "where", "message", "fix"] {
            assert!(finding[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {finding}");
        }
    }
    let off = ["PM008", "PM016", "PM018", "PM027", "PM028"]
        .map(|rule| format!("[[lint.suppress]]\nrule = \"{rule}\"\nreason = \"an exercise\"\n"))
        .concat();
    let toml = document.with_file_name("case.toml");
    let text = fs::read_to_string(&toml).unwrap();
    fs::write(&toml, format!("{text}\n{off}")).unwrap();
    assert_eq!(gate(dir.path(), &["lint", "case", "--strict", "--json"]).0, 0, "nothing but what is suppressed");
    fs::remove_file(&document).unwrap();
    assert_eq!(coroner(dir.path(), &["export", "case", "--quiet"]).0, 0);
    assert!(fs::read_to_string(&document).unwrap().contains("| PM018 | verification |"), "the appendix tells it with its reason");
    assert!(fs::read_to_string(&document).unwrap().contains("an exercise"));
}

#[test]
fn strictness_turns_warnings_into_a_no() {
    let (dir, document) = case();
    let toml = document.with_file_name("case.toml");
    let text = fs::read_to_string(&toml).unwrap();
    fs::write(&toml, format!("{text}\n[[lint.suppress]]\nrule = \"PM018\"\nreason = \"an exercise\"\n")).unwrap();
    assert_eq!(gate(dir.path(), &["lint", "case", "--json"]).0, 0);
    assert_eq!(gate(dir.path(), &["lint", "case", "--strict", "--json"]).0, 1);
    assert_eq!(coroner(dir.path(), &["lint", "case", "--today", "soon"]).0, 2);
}

/// Every way to write a document that can be verified.
const WAYS: [&[&str]; 6] = [
    &["-f", "md"],
    &["-f", "md", "--no-html", "--no-mermaid"],
    &["-f", "md", "--no-footnotes"],
    &["-f", "html"],
    &["-f", "json"],
    &["-f", "html", "--public"],
];
const PRESETS: [&str; 7] = ["full", "sre-book", "pagerduty", "kehoe", "atlassian", "public", "tldr"];

/// Where a document of this form is written.
fn path_of(way: &[&str]) -> String {
    let ending = ["html", "json"].into_iter().find(|ending| way.contains(ending)).unwrap_or("md");
    format!("case/out.{ending}")
}

#[test]
fn every_form_preset_and_language_verifies_and_an_edited_number_does_not() {
    let (dir, _) = case();
    for (index, preset) in PRESETS.iter().enumerate() {
        // Each preset in each form, the languages in turn; `full` in both.
        let languages: &[&str] = if index == 0 { &["en", "zh"] } else { [&["en"], &["zh"]][index % 2] };
        for (language, way) in languages.iter().flat_map(|language| WAYS.iter().map(move |way| (language, way))) {
            let to = path_of(way);
            fs::remove_file(dir.path().join(&to)).ok();
            let what = [*way, &["-t", preset, "--lang", language, "-o", &to]].concat();
            let (code, _, err) = coroner(dir.path(), &[&["export", "case", "--quiet"][..], &what].concat());
            assert_eq!(code, 0, "{what:?}: {err}");
            let (code, report) = gate(dir.path(), &["verify", &to, "--json"]);
            assert_eq!((code, ids(&report, Some(false))), (0, vec![]), "{what:?}");
            assert!(report["claims"].as_array().unwrap().len() > 20, "{what:?}: {}", report["claims"].as_array().unwrap().len());
            let text = fs::read_to_string(dir.path().join(&to)).unwrap();
            assert!(text.contains("15 000"), "{what:?} says how many failed");
            fs::write(dir.path().join(&to), text.replace("15 000", "14 000")).unwrap();
            let (code, report) = gate(dir.path(), &["verify", &to, "--json"]);
            assert_eq!(code, 2, "{what:?}");
            let drifted = report["claims"].as_array().unwrap().iter().filter(|claim| claim["ok"] == false);
            assert!(drifted.clone().any(|claim| claim["stated"].as_str().unwrap_or_default().contains("14 000")), "{what:?}");
        }
    }
}

#[test]
fn a_page_or_a_document_without_marks_that_people_changed_is_never_lost() {
    let (dir, _) = case();
    for way in [WAYS[1], WAYS[3]] {
        let to = path_of(way);
        let run = |more: &[&str]| coroner(dir.path(), &[&["export", "case", "--quiet", "-o", &to][..], way, more].concat());
        assert_eq!(run(&[]).0, 0);
        assert_eq!(run(&[]).0, 0, "what nobody changed is written again");
        let path = dir.path().join(&to);
        let edited = fs::read_to_string(&path).unwrap().replace("15 000", "15 000 (says Ann's team)");
        fs::write(&path, &edited).unwrap();
        let (code, _, err) = run(&[]);
        assert!(code != 0 && err.contains("--force") && err.contains("sections"), "{code} {err}");
        assert_eq!(fs::read_to_string(&path).unwrap(), edited, "nothing is written");
        assert_eq!(run(&["--force"]).0, 0);
        assert!(!fs::read_to_string(&path).unwrap().contains("Ann's team"));
        let kept = path.with_extension(format!("{}.orig", path.extension().unwrap().display()));
        assert_eq!(fs::read_to_string(kept).unwrap(), edited, "the old one stays beside it");
    }
}

#[test]
fn an_edited_section_file_is_in_the_next_export_and_the_words_around_it_stay() {
    let (dir, document) = case();
    let folder = document.parent().unwrap();
    fs::create_dir_all(folder.join("sections")).unwrap();
    let export = || coroner(dir.path(), &["export", "case", "--quiet"]);
    fs::write(folder.join("sections/went-well.md"), "Pages came fast.\n").unwrap();
    assert_eq!(export().0, 0);
    let text = fs::read_to_string(&document).unwrap();
    assert!(text.contains("## Went well\n\nPages came fast.\n"));
    fs::write(&document, text.replace("<!-- gen:appendix", "A note of ours.\n\n<!-- gen:appendix")).unwrap();
    fs::write(folder.join("sections/went-well.md"), "Pages came in a minute.\n").unwrap();
    assert_eq!(export().0, 0);
    let text = fs::read_to_string(&document).unwrap();
    assert!(text.contains("Pages came in a minute.") && !text.contains("Pages came fast.") && text.contains("A note of ours."), "{text}");
    // Both changed: the words in the document, and the file that they come from.
    fs::write(&document, text.replace("in a minute", "in two minutes")).unwrap();
    fs::write(folder.join("sections/went-well.md"), "Pages came in an hour.\n").unwrap();
    let (code, _, err) = export();
    assert!(code != 0 && err.contains("section.went-well"), "{err}");
    assert!(fs::read_to_string(&document).unwrap().contains("in two minutes"), "nothing is written");
}
