//! The finished case of the demo: what is in the repository is what the program writes from the recording.
//!
//! `CORONER_WRITE_DEMO=1 cargo test --test demo` writes the document anew after a change of the export; the notes of the
//! case are never touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use coroner::model::case::{CauseStatus, MarkerName};
use coroner::model::{AnnotationKind, CaseDoc};
use coroner::report::case_file;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-data")
}

/// Runs `coroner export` with more arguments and gives the files that it wrote, by name.
fn export(cwd: &Path, args: &[&str]) -> BTreeMap<String, String> {
    let out = tempfile::tempdir().expect("a temporary folder");
    let target = out.path().join("postmortem.md");
    let run = Command::new(env!("CARGO_BIN_EXE_coroner"))
        .current_dir(cwd)
        .args(["export", "--quiet", "--output", target.to_str().expect("temporary paths are text")])
        .args(args)
        .output()
        .expect("the program runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    files(out.path())
}

/// The document and its pictures.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    files.insert("postmortem.md".to_owned(), std::fs::read_to_string(folder.join("postmortem.md")).unwrap_or_default());
    for entry in std::fs::read_dir(folder.join("postmortem.assets")).into_iter().flatten().flatten() {
        files.insert(
            format!("postmortem.assets/{}", entry.file_name().display()),
            std::fs::read_to_string(entry.path()).expect("a picture is text"),
        );
    }
    files
}

#[track_caller]
fn check_same(found: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) {
    for (name, text) in expected {
        let found = found.get(name).unwrap_or_else(|| panic!("{name} is not written"));
        let differs = text.lines().zip(found.lines()).find(|(a, b)| a != b);
        assert!(text == found, "{name} differs, first here: {differs:#?}");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn the_demo_exports_the_postmortem_that_is_in_the_repository() {
    let cwd = tempfile::tempdir().unwrap();
    let found = export(cwd.path(), &[]);
    let case = folder().join("order-outage");
    if std::env::var_os("CORONER_WRITE_DEMO").is_some() {
        std::fs::remove_dir_all(case.join("postmortem.assets")).ok();
        std::fs::create_dir_all(case.join("postmortem.assets")).unwrap();
        for (name, text) in &found {
            std::fs::write(case.join(name), text).unwrap();
        }
        return;
    }
    check_same(&found, &files(&case));
    assert_eq!(std::fs::read_dir(cwd.path()).unwrap().count(), 0, "an export elsewhere leaves nothing behind");
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let args = ["order-outage.tar.zst", "--case", "order-outage"];
    let one = export(&folder(), &[&args[..], &["--jobs", "1"]].concat());
    let two = export(&folder(), &[&args[..], &["--jobs", "2"]].concat());
    check_same(&one, &two);
    check_same(&one, &files(&folder().join("order-outage")));
}

#[test]
fn every_claim_of_the_case_stands_on_evidence_that_resolves() {
    let case = folder().join("order-outage");
    let meta = case_file::parse_meta(&std::fs::read_to_string(case.join("case.toml")).unwrap()).unwrap();
    assert!(meta.problems.is_empty(), "{:?}", meta.problems);
    let notes = case_file::parse_annotations(&std::fs::read_to_string(case.join("annotations.jsonl")).unwrap());
    let case = CaseDoc { meta: meta.meta, annotations: notes.annotations };
    assert!(case.evidence().len() >= 8);
    assert!((5..=7).contains(&case.chain().len()));
    for (step, cause) in case.chain() {
        assert_eq!(cause.status, CauseStatus::Confirmed, "{}", step.text);
        assert!(!cause.evidence.is_empty() && cause.evidence.iter().all(|id| case.annotations.contains_key(id)), "{}", step.text);
    }
    let wanted = [MarkerName::Trigger, MarkerName::ImpactStart, MarkerName::Detected, MarkerName::Mitigated, MarkerName::Resolved];
    let times: Vec<_> = wanted.into_iter().map(|name| case.marker(name).unwrap_or_else(|| panic!("{} is not set", name.name()))).collect();
    assert!(times.is_sorted());
    let actions =
        || case.annotations.values().filter_map(|note| if let AnnotationKind::Action(action) = &note.kind { Some(action) } else { None });
    assert!(actions().count() > 0 && actions().all(|action| action.owner.is_some() && action.due.is_some() && !action.causes.is_empty()));
    let text = &files(&folder().join("order-outage"))["postmortem.md"];
    for doubt in
        ["no longer in the case", "is not among the loaded sources", "has changed since", "not in the data at hand", "time unknown"]
    {
        assert!(!text.contains(doubt), "{doubt}");
    }
}
