//! Two people edit one case on two branches, and git merges them with the driver.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const COINED: &str = "{\"id\":\"01A\",\"v\":1,\"kind\":\"moment\",\"t\":\"2026-11-23T02:30:22Z\",\"text\":\"pool full\",\"rev\":1}\n";

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

#[track_caller]
fn git(dir: &Path, args: &[&str]) -> Output {
    let output = run(Command::new("git")
        .current_dir(dir)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@x"), ("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@x")]));
    assert!(args[0] == "merge" || output.status.success(), "git {args:?}: {output:?}");
    output
}

#[track_caller]
fn note(dir: &Path, args: &[&str]) -> String {
    let output = run(Command::new(env!("CARGO_BIN_EXE_coroner")).arg("note").arg(dir).args(args));
    assert!(output.status.success(), "note {args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// A case with one note on `main`, with the driver that `coroner merge --setup` tells to set up.
fn case() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let setup = run(Command::new(env!("CARGO_BIN_EXE_coroner")).args(["merge", "--setup"]));
    let setup = String::from_utf8(setup.stdout).expect("text");
    git(dir.path(), &["init", "-q", "-b", "main"]);
    for line in setup.lines().filter_map(|line| line.trim().strip_prefix("git config ")) {
        let (key, value) = line.split_once(' ').expect("a key and a value");
        let value = value.trim_matches('\'').replacen("coroner ", &format!("'{}' ", env!("CARGO_BIN_EXE_coroner")), 1);
        git(dir.path(), &["config", key, &value]);
    }
    fs::write(dir.path().join("case.toml"), "title = \"outage\"\nseverity = \"SEV3\"\nservices = [\"order\"]\n").expect("case.toml");
    fs::write(dir.path().join("annotations.jsonl"), COINED).expect("annotations.jsonl");
    note(dir.path(), &["tag", "01A", "--add", "seen"]);
    let attributes = fs::read_to_string(dir.path().join(".gitattributes")).expect("written with every save");
    assert!(attributes.lines().all(|line| setup.contains(line)), "{attributes}");
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "begin"]);
    git(dir.path(), &["branch", "theirs"]);
    dir
}

fn commit(dir: &Path) {
    git(dir, &["commit", "-qam", "edit"]);
}

#[test]
fn git_merges_what_two_people_wrote_into_one_case() {
    let dir = case();
    let dir = dir.path();
    note(dir, &["edit", "01A", "the pool of payment is full"]);
    note(dir, &["add", "moment", "rolled back", "--at", "2026-11-23T02:40:00Z"]);
    note(dir, &["title", "--severity", "SEV1"]);
    commit(dir);
    git(dir, &["checkout", "-q", "theirs"]);
    note(dir, &["edit", "01A", "--service", "payment", "--tag", "pool"]);
    note(dir, &["add", "moment", "users complain", "--at", "2026-11-23T02:35:00Z"]);
    note(dir, &["title", "--services", "order,payment"]);
    commit(dir);
    git(dir, &["checkout", "-q", "main"]);
    let merged = git(dir, &["merge", "-q", "theirs", "-m", "merge"]);
    assert!(merged.status.success(), "{merged:?}");
    let list = note(dir, &["list"]);
    for words in ["the pool of payment is full #seen #pool", "rolled back", "users complain"] {
        assert!(list.contains(words) || list.contains(&words.replace("#seen #pool", "#pool #seen")), "{words} is missing in\n{list}");
    }
    assert!(note(dir, &["show", "01A"]).contains("payment"));
    let meta = fs::read_to_string(dir.join("case.toml")).expect("case.toml");
    assert!(meta.contains("SEV1") && meta.contains("\"payment\""), "{meta}");
}

#[test]
fn git_stops_at_a_conflict_that_note_settle_settles() {
    let dir = case();
    let dir = dir.path();
    note(dir, &["edit", "01A", "one"]);
    note(dir, &["title", "--severity", "SEV1"]);
    commit(dir);
    git(dir, &["checkout", "-q", "theirs"]);
    note(dir, &["edit", "01A", "other"]);
    note(dir, &["title", "--severity", "SEV2"]);
    commit(dir);
    git(dir, &["checkout", "-q", "main"]);
    let merged = git(dir, &["merge", "-q", "theirs", "-m", "merge"]);
    assert!(!merged.status.success(), "{merged:?}");
    let conflicts = note(dir, &["settle"]);
    assert_eq!(conflicts.lines().count(), 2, "{conflicts}");
    let id = conflicts.split_whitespace().next().expect("an id");
    note(dir, &["settle", id, "--take", "b"]);
    note(dir, &["settle", "severity", "--take", "b"]);
    let meta = fs::read_to_string(dir.join("case.toml")).expect("case.toml");
    assert!(meta.contains("SEV2") && !meta.contains("conflicts"), "{meta}");
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "merge"]);
    let list = note(dir, &["list"]);
    assert!(list.contains("one") != list.contains("other") && list.lines().count() == 1, "{list}");
}
