//! `coroner` without arguments in a real terminal: what it shows, what it opens, what it remembers.

mod common;

use std::path::Path;

use common::{Pty, coroner};

const LOG: &str = "time=2026-11-23T02:30:22Z level=info msg=\"request done\" service=order\n";

/// The program in a folder with a state folder of its own, in which it may remember.
fn start(dir: &Path, args: &[&str], state: &Path) -> Pty {
    let state = state.to_str().expect("temporary paths are text");
    Pty::start_with(dir, args, (100, 30), &[("XDG_STATE_HOME", state), ("CORONER_NO_RECENT", "")])
}

fn leave(mut pty: Pty) {
    pty.type_keys("q");
    assert!(pty.wait_for_end() && !pty.is_on_alternate_screen());
}

#[test]
fn a_case_that_was_opened_is_listed_and_opens_with_its_number() {
    let dir = tempfile::tempdir().expect("folder");
    let (state, incident, empty) = (dir.path().join("state"), dir.path().join("incident"), dir.path().join("empty"));
    std::fs::create_dir_all(&incident).and_then(|()| std::fs::create_dir_all(&empty)).expect("folders");
    std::fs::write(incident.join("order.log"), LOG.repeat(30)).expect("file");

    let pty = start(&empty, &[], &state);
    pty.wait_for("nothing that looks like logs, metrics or profiles");
    pty.wait_for("Cases that you open are listed here");
    leave(pty);
    assert!(!state.exists(), "who opened nothing left nothing");

    let pty = start(dir.path(), &["incident"], &state);
    pty.wait_until_read();
    leave(pty);
    let list = std::fs::read_to_string(state.join("coroner/recent.json")).expect("the list");
    assert!(list.contains("coroner.recent/1") && list.contains("/incident\""), "{list}");

    let mut pty = start(&empty, &[], &state);
    pty.wait_for("4 incident");
    pty.type_keys("4");
    pty.wait_until_read();
    leave(pty);

    std::fs::remove_dir_all(&incident).expect("gone");
    let mut pty = start(&empty, &[], &state);
    pty.wait_for("not there any more");
    pty.press("4", "d takes it from the list");
    pty.press("d", "taken from the list");
    leave(pty);
}

#[test]
fn a_folder_opens_at_once_only_if_it_is_a_case() {
    let dir = tempfile::tempdir().expect("folder");
    std::fs::write(dir.path().join("order.log"), LOG.repeat(30)).expect("file");
    let mut pty = Pty::start(dir.path(), &[], (100, 30));
    pty.wait_for("1 log");
    pty.type_keys("\r");
    pty.wait_until_read();
    leave(pty);
    std::fs::write(dir.path().join("case.toml"), "title = \"Orders down\"\n").expect("file");
    let pty = Pty::start(dir.path(), &[], (100, 30));
    pty.wait_for("Orders down");
    pty.wait_until_read();
    leave(pty);
}

#[test]
fn without_a_terminal_the_help_is_printed() {
    let dir = tempfile::tempdir().expect("folder");
    let (code, out, err) = coroner(dir.path(), &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("Usage: coroner") && err.contains("needs a terminal"), "{err}");
}

#[test]
fn the_welcome_asks_the_terminal_for_its_background_and_keeps_the_keys_that_come_meanwhile() {
    let dir = tempfile::tempdir().expect("folder");
    let mut pty = Pty::start_with(dir.path(), &[], (100, 30), &[("COLORFGBG", ""), ("COLORTERM", "")]);
    // The help of the welcome, asked for before the answer.
    pty.type_keys("?\x1b]11;rgb:ffff/ffff/dddd\x1b\\\x1b[?62;22c");
    pty.wait_for("any key goes back");
    // Dark grey for words that matter less, as on paper.
    pty.wait("light theme", |_| pty.inks().contains("Idx(240)"));
    pty.type_keys("\x1b");
    pty.wait_for("nothing that looks like");
    leave(pty);
}
