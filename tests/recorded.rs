//! Both recorded incidents in every form, preset and language, against what is in the repository.
//!
//! One line for each file of each combination (bytes, hash), so that nothing changes unseen; the whole Markdown of both in
//! the usual order is there to be read (`tests/golden/no-timeout.md`, `demo-data/order-outage/postmortem.md`).
//! `CORONER_BLESS=1` writes the document anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use coroner::report::blocks::hash;
use coroner::report::format::ALL;
use coroner::report::layout::Layout;
use coroner::report::words::Language;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A recording with the notes of its case.
fn recordings() -> [(&'static str, PathBuf, PathBuf); 2] {
    let (demo, small) = (Path::new(ROOT).join("demo-data"), Path::new(ROOT).join("tests/data/no-timeout"));
    [
        ("order-outage", demo.join("order-outage.tar.zst"), demo.join("order-outage")),
        ("no-timeout", small.join("no-timeout.tar.zst"), small.join("case")),
    ]
}

/// Every form in one order of sections and one language, as `coroner export` writes it: one line a file.
fn exported((archive, case): (&Path, &Path), preset: &str, language: &str) -> String {
    let out = tempfile::tempdir().expect("a temporary folder");
    let forms: Vec<&str> = ALL.iter().map(|entry| entry.1).collect();
    let run = Command::new(env!("CARGO_BIN_EXE_coroner"))
        .current_dir(archive.parent().expect("a file lies in a folder"))
        .args(["export", "--quiet", "--format", &forms.join(","), "--template", preset, "--lang", language])
        .arg("--case")
        .arg(case)
        .arg("--output")
        .arg(out.path())
        .arg(archive.file_name().expect("a file has a name"))
        .output()
        .expect("the program runs");
    assert!(run.status.success(), "{preset} {language}: {}", String::from_utf8_lossy(&run.stderr));
    let mut files: Vec<PathBuf> = std::fs::read_dir(out.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let mut table = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("every form is text");
        let _ = writeln!(
            table,
            "{preset} {language} {}: {} bytes, {}",
            file.file_name().expect("a file has a name").display(),
            text.len(),
            hash(&text)
        );
        if preset == "full" && language == "en" && file.ends_with("postmortem.md") && case.ends_with("case") {
            check_whole(&text);
        }
    }
    table
}

/// The document that is there to be read.
fn check_whole(text: &str) {
    let golden = Path::new(ROOT).join("tests/golden/no-timeout.md");
    if std::env::var_os("CORONER_BLESS").is_some() {
        std::fs::write(&golden, text).expect("written");
    }
    let golden = std::fs::read_to_string(&golden).expect("tests/golden/no-timeout.md; CORONER_BLESS=1 writes it");
    for (line, (told, golden)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(told, golden, "line {} of the export; CORONER_BLESS=1 accepts it", line + 1);
    }
    assert_eq!(text.len(), golden.len());
}

#[test]
fn both_recordings_are_written_as_recorded_in_every_form_order_and_language() {
    for (name, archive, case) in recordings() {
        // The larger recording takes its time to read: every order in one language, and one order in the other.
        let pairs = Layout::all().iter().flat_map(|layout| Language::ALL.map(|(_, tag)| (layout.name.as_str(), tag)));
        let pairs: Vec<(&str, &str)> = pairs.filter(|(preset, tag)| name != "order-outage" || *tag == "en" || *preset == "full").collect();
        let tables: Vec<String> = std::thread::scope(|scope| {
            let (archive, case) = (&archive, &case);
            let halves = pairs.chunks(pairs.len().div_ceil(2));
            let work =
                halves.map(|half| scope.spawn(move || half.iter().map(|(p, l)| exported((archive, case), p, l)).collect::<String>()));
            work.collect::<Vec<_>>().into_iter().map(|work| work.join().expect("no export panics")).collect()
        });
        insta::assert_snapshot!(format!("forms_of_{name}"), tables.concat());
    }
}

#[test]
fn every_claim_of_both_documents_is_computed_again() {
    for (_, archive, case) in recordings() {
        let out = tempfile::tempdir().expect("a temporary folder");
        let document = out.path().join("postmortem.md");
        let name = archive.file_name().expect("a file has a name");
        let mut export = Command::new(env!("CARGO_BIN_EXE_coroner"));
        export.current_dir(archive.parent().expect("a file lies in a folder")).args(["export", "--quiet", "--case"]);
        assert!(export.arg(&case).arg("-o").arg(&document).arg(name).status().expect("the program runs").success());
        let run = Command::new(env!("CARGO_BIN_EXE_coroner"))
            .current_dir(archive.parent().expect("a file lies in a folder"))
            .args(["verify", "--quiet", "--case"])
            .args([&case, &document])
            .arg(name)
            .output()
            .expect("the program runs");
        let told = String::from_utf8_lossy(&run.stdout);
        assert_eq!(run.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&run.stderr));
        assert!(told.contains(" 0 drifted, 0 cannot be checked"), "{told}");
    }
}
