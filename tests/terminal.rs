//! The program in a real pseudo-terminal: what it asks, what it takes, and how it leaves.
#![cfg(unix)]

mod common;

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use common::{CORONER, Pty};

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temporary folder");
    let case = dir.path().join("outage");
    fs::create_dir(&case).expect("folder");
    fs::write(case.join("app.log"), "2026-03-01T10:00:00Z INFO all is well\n2026-03-01T10:01:00Z ERROR all is lost\n").expect("written");
    dir
}

fn start(dir: &tempfile::TempDir, variables: &[(&str, &str)]) -> Pty {
    let pty = Pty::start_with(dir.path(), &["outage"], (100, 30), variables);
    pty.wait_for("all is well");
    pty
}

#[test]
fn a_panic_of_the_main_thread_gives_the_terminal_back() {
    let dir = folder();
    let mut pty = start(&dir, &[("CORONER_PANIC_ON_REDRAW", "1"), ("RUST_BACKTRACE", "0")]);
    assert!(pty.is_on_alternate_screen() && !pty.is_cooked() && !pty.has_cursor());
    pty.type_keys("\x0c");
    assert!(!pty.wait_for_end());
    assert!(pty.screen().contains("asked to panic"), "{}", pty.screen());
    assert!(!pty.is_on_alternate_screen() && pty.is_cooked() && pty.has_cursor());
}

#[test]
fn the_answer_of_the_terminal_chooses_the_theme_and_no_key_is_lost() {
    let dir = folder();
    let mut pty = Pty::start_with(dir.path(), &["outage"], (100, 30), &[("COLORFGBG", ""), ("COLORTERM", "")]);
    // A key before the answer, one right behind it.
    pty.type_keys("5\x1b]11;rgb:ffff/ffff/dddd\x1b\\7\x1b[?62;22c");
    pty.wait_for("app.log");
    // Black on a key, as on paper.
    pty.wait("light theme", |_| pty.inks().contains("Idx(26)"));
    pty.type_keys("q");
    assert!(pty.wait_for_end());
}

#[test]
fn a_key_that_comes_together_with_a_resize_is_not_held_back() {
    let dir = folder();
    let mut pty = start(&dir, &[]);
    for round in 0..12u16 {
        let (key, words) = if round % 2 == 0 { ("7", "app.log") } else { ("4", "No causal chain yet") };
        pty.resize((100 + round % 5, 30 + round % 3));
        pty.type_keys(key);
        pty.wait_for(words);
    }
}

#[test]
fn a_paste_is_never_run_as_keys_and_lies_on_one_line_of_a_prompt() {
    let dir = folder();
    let mut pty = start(&dir, &[]);
    pty.press("\x1b[200~q\rq\x1b[201~", "pasted text goes into notes and prompts");
    pty.press("/", "find");
    pty.press("\x1b[200~all is\rlost\x1b[201~", "> all is lost");
}

#[test]
fn the_mouse_is_ours_only_while_it_is_on() {
    let dir = folder();
    let mut pty = start(&dir, &[]);
    assert!(!pty.has_mouse());
    pty.press("Um", "mouse on");
    pty.wait("mouse", |_| pty.has_mouse());
    pty.press("Um", "mouse off");
    pty.wait("no mouse", |_| !pty.has_mouse());
}

#[test]
fn lines_of_text_come_and_go_without_the_alternate_screen() {
    let dir = folder();
    let mut pty = start(&dir, &[]);
    pty.type_keys("Up");
    pty.wait("main screen", |_| !pty.is_on_alternate_screen());
    pty.press("e", "event: ");
    pty.type_keys("Up");
    pty.wait("screen", |_| pty.is_on_alternate_screen());
    pty.wait_for("all is lost");
    pty.type_keys("q");
    assert!(pty.wait_for_end());
}

/// Runs it on keys out of a pipe: exit code, standard output, standard error.
fn piped(args: &[&str], term: &str, keys: &str) -> (i32, String, String) {
    let dir = folder();
    let mut child = Command::new(CORONER)
        .args(args)
        .current_dir(dir.path())
        .env("TERM", term)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may refuse before it reads.
    let _ = child.stdin.take().expect("a pipe").write_all(keys.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn keys_out_of_a_pipe_are_answered_in_lines_of_text() {
    for keys in ["e", "eq", "e\nq\n"] {
        let (code, told, errors) = piped(&["outage", "--plain"], "dumb", keys);
        assert_eq!((code, errors.as_str()), (0, ""), "{told}");
        assert!(told.contains("event: ") && told.contains("all is lost"), "{told}");
        assert!(!told.contains('\x1b'), "{told:?}");
    }
}

#[test]
fn without_a_terminal_it_says_what_works_there() {
    let (code, told, why) = piped(&["outage"], "xterm-256color", "");
    assert_eq!((code, told.as_str()), (2, ""));
    assert!(why.contains("--plain") && why.contains("coroner screenshot"), "{why}");
    let dir = folder();
    let mut pty = Pty::start_with(dir.path(), &["outage"], (100, 30), &[("TERM", "dumb")]);
    assert!(!pty.wait_for_end());
    assert!(pty.screen().contains("--plain"), "{}", pty.screen());
}
