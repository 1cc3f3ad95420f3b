//! The terminal is lent to `$EDITOR` and taken back, in a real pseudo-terminal.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::Pty;

/// An editor that ends at once, as `ed` in a script does: nothing is typed, so nobody waits for it.
fn editor(dir: &std::path::Path, script: &str) -> String {
    let path = dir.join("editor.sh");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
    path.display().to_string()
}

fn start(script: &str) -> (tempfile::TempDir, Pty) {
    let dir = tempfile::tempdir().expect("temporary folder");
    let case = dir.path().join("outage");
    fs::create_dir(&case).expect("folder");
    fs::write(case.join("app.log"), "2026-03-01T10:00:00Z INFO all is well\n2026-03-01T10:01:00Z ERROR all is lost\n").expect("written");
    let editor = editor(dir.path(), script);
    let pty = Pty::start_with(dir.path(), &["outage"], (100, 30), &[("VISUAL", ""), ("EDITOR", &editor)]);
    pty.wait_for("all is well");
    (dir, pty)
}

#[test]
fn what_the_editor_wrote_comes_back_into_the_note_and_keys_go_on() {
    let (dir, mut pty) = start("sed -i 's/tpyo/typo/' \"$1\"");
    pty.press("a", "note on");
    pty.press("a tpyo", "a tpyo");
    pty.press("\x05", "a typo");
    pty.press("\x13", "saved");
    pty.type_keys("q");
    assert!(pty.wait_for_end());
    let notes = fs::read_to_string(dir.path().join("outage/annotations.jsonl")).expect("saved");
    assert!(notes.contains("a typo"), "{notes}");
}

#[test]
fn an_editor_that_fails_leaves_the_typed_text_and_says_so() {
    let (_dir, mut pty) = start("exit 3");
    pty.press("a", "note on");
    pty.press("kept words", "kept words");
    pty.press("\x05", "the text is unchanged");
    assert!(pty.screen().contains("kept words"));
    pty.press("\x13", "saved");
    pty.type_keys("q");
    assert!(pty.wait_for_end());
}
