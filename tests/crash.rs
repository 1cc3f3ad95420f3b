//! What happens to the program from outside: killed, terminated, resized, its folder not writable, opened twice.
//!
//! The promise is always the same one: what the screen called saved is there afterwards, and the terminal too.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Pty, coroner, last_row_of, unpack_outage};
use rustix::process::Signal;
use serde_json::Value;

const SIZE: (u16, u16) = (160, 60);

/// The changes, the three key series and one short log: enough to tell a story, quick to read.
fn short_outage(dir: &Path) -> PathBuf {
    let wanted = ["deploys.jsonl", "alerts.json", "go_goroutines.json", "edge_p99.json", "edge_error_ratio.json", "userdb.log"];
    let case = dir.join("outage");
    unpack_outage(&case, |path| wanted.iter().any(|name| path.ends_with(name)));
    case
}

fn opened(dir: &Path, args: &[&str]) -> Pty {
    let pty = Pty::start(dir, args, SIZE);
    pty.wait_until_read();
    pty
}

/// One step of the story.
struct Step {
    /// Keys, and what the screen says then.
    keys: &'static [(&'static str, &'static str)],
    /// The keys that make the edit.
    last: &'static str,
    /// What is shown while it is made, and no longer afterwards.
    before: &'static str,
    /// What the screen says afterwards.
    after: &'static str,
    /// What must stand in the case from then on.
    in_case: &'static str,
    /// What the notes tell from then on.
    in_notes: &'static str,
}

/// Ten steps of every sort.
const STORY: [Step; 10] = [
    step(&[("t", "make the cursor T+0")], "0", "make the cursor T+0", "T+0 = deploy", "", " T+0 "),
    step(&[("m", "─ mark ")], "\r", "─ mark ", "trigger = ", "\"name\":\"trigger\"", "▼ trigger"),
    step(&[("a", "note on"), ("first words", "first words")], "\x13", "note on", "first words", "first words", "first words"),
    step(&[("2", "")], "p", "nothing", "pinned: go_goroutines", "\"series\":\"go_goroutines\"", "▪ series"),
    step(&[("c", "causal step at"), ("went live", "went live")], "\x13", "causal step at", "step 1 of the chain", "went live", ""),
    step(&[("L", "T+"), ("a", "note on"), ("one\rtwo", "two")], "\x13", "note on", "two", "one\\ntwo", "two"),
    step(&[("m", "─ mark "), ("impact", "▌impact start")], "\r", "─ mark ", "impact start = ", "impact_start", "▼ impact start"),
    step(&[("M", "mitigation tried at"), ("restarted", "restarted")], "\x13", "mitigation tried at", "", "restarted", ""),
    step(&[("c", "causal step at"), ("filled up", "filled up")], "\x13", "causal step at", "step 2 of the chain", "filled up", ""),
    step(&[("A", "─ action item"), ("bound it", "bound it")], "\x13", "─ action item", "bound it", "bound it", "bound it"),
];

const fn step(
    keys: &'static [(&'static str, &'static str)],
    last: &'static str,
    before: &'static str,
    after: &'static str,
    in_case: &'static str,
    in_notes: &'static str,
) -> Step {
    Step { keys, last, before, after, in_case, in_notes }
}

/// Tells the first `n` steps; after each the screen has said that it is saved.
#[track_caller]
fn tell(pty: &mut Pty, n: usize) {
    for step in &STORY[..n] {
        for (keys, then) in step.keys {
            pty.press(keys, then);
        }
        pty.type_keys(step.last);
        pty.wait(&format!("{:?} that is saved", step.after), |screen| {
            !screen.contains(step.before) && screen.contains(step.after) && last_row_of(screen).ends_with("saved")
        });
        // The notes are where most of it is seen.
        pty.press("5", "▌ chain │ notes");
    }
}

/// Every note of the case as JSON lines.
#[track_caller]
fn notes(dir: &Path, case: &str) -> String {
    let (code, out, err) = coroner(dir, &["note", case, "list", "--json"]);
    assert!(code < 2, "{err}");
    for line in out.lines() {
        serde_json::from_str::<Value>(line).expect("JSON lines");
    }
    out
}

#[test]
fn a_kill_after_any_confirmed_note_loses_none() {
    for n in 1..=STORY.len() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let case = short_outage(dir.path());
        let mut pty = opened(dir.path(), &["outage"]);
        tell(&mut pty, n);
        pty.kill();
        let mut again = opened(dir.path(), &["outage"]);
        again.press("5", "▌ chain │ notes");
        for step in STORY[..n].iter().filter(|step| !step.in_notes.is_empty()) {
            again.wait_for(step.in_notes);
        }
        again.type_keys("q");
        assert!(again.wait_for_end());
        let notes = notes(dir.path(), "outage");
        for (index, step) in STORY[..n].iter().enumerate() {
            assert!(notes.contains(step.in_case), "step {index} of {n}: no {:?} in\n{notes}", step.in_case);
        }
        for step in &STORY[n..] {
            assert!(!notes.contains(step.in_case) || step.in_case.is_empty(), "{n}: {:?} in\n{notes}", step.in_case);
        }
        assert!(fs::read_to_string(case.join("case.toml")).expect("case.toml").contains("[t0]"));
    }
}

#[test]
fn a_signal_restores_the_terminal_and_keeps_the_notes() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let dir = tempfile::tempdir().expect("temporary folder");
        short_outage(dir.path());
        let mut pty = opened(dir.path(), &["outage"]);
        assert!(pty.is_on_alternate_screen());
        tell(&mut pty, 4);
        pty.signal(signal);
        pty.wait_for_end();
        assert!(!pty.is_on_alternate_screen(), "{signal:?}");
        let notes = notes(dir.path(), "outage");
        assert!(STORY[..4].iter().all(|step| notes.contains(step.in_case)), "{signal:?}: {notes}");
    }
}

#[test]
fn quitting_while_a_big_file_is_read_ends_at_once() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let mut file = std::io::BufWriter::new(fs::File::create(dir.path().join("big.log")).expect("file"));
    for second in 0..3600 {
        let time = format!("2026-11-23T{:02}:{:02}:{:02}", 2 + second / 3600, second / 60 % 60, second % 60);
        for n in 0..250 {
            let padding = "GET /orders?ids=1,2,3,4,5,6,7,8,9";
            writeln!(file, "{{\"level\":\"info\",\"ts\":\"{time}.{n:03}Z\",\"msg\":\"{padding}\",\"status\":200,\"uid\":{}}}", n * 7)
                .expect("disk");
        }
    }
    drop(file);
    assert!(fs::metadata(dir.path().join("big.log")).expect("file").len() > 90_000_000);
    // A busy machine may be late once, not every time: what holds the way out does so always.
    let quickest = (0..5).map(|_| quit_while_reading(dir.path())).find(|took| *took <= Duration::from_millis(200));
    assert!(quickest.is_some(), "never within 200 ms");
}

/// How long it takes from the key to the end of the program.
#[track_caller]
fn quit_while_reading(dir: &Path) -> Duration {
    let mut pty = Pty::start(dir, &["big.log"], SIZE);
    pty.wait_for("reading");
    // Keys work meanwhile.
    pty.press("?", "type to search, Tab");
    pty.type_keys("\x1b");
    pty.wait("the end of help", |screen| !screen.contains("type to search, Tab"));
    pty.wait_for("reading");
    let asked = Instant::now();
    pty.type_keys("q");
    assert!(pty.wait_for_end());
    assert!(!pty.is_on_alternate_screen());
    asked.elapsed()
}

#[test]
fn a_storm_of_sizes_leaves_a_whole_screen() {
    let dir = tempfile::tempdir().expect("temporary folder");
    short_outage(dir.path());
    let mut calm = opened(dir.path(), &["outage"]);
    calm.press_and_see("g", |screen| screen.lines().next().unwrap_or_default().to_owned());
    let mut pty = opened(dir.path(), &["outage"]);
    for i in 0..60u16 {
        pty.resize((1 + i * 37 % 230, 1 + i * 23 % 70));
        if i % 5 == 0 {
            pty.type_keys("zz");
        }
    }
    pty.resize(SIZE);
    // What the list had scrolled away on a lower screen stays so until the cursor moves there.
    let lines = |screen: &str| screen.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    // The terminal library holds a key that comes in the same moment as a resize until the next key: one more does no harm.
    pty.press_until("g", "whole screen", |screen| lines(screen) == lines(&calm.screen()));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_another_place_taken() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let case = short_outage(dir.path());
    // A file in the way stops also those whom permissions do not.
    fs::write(case.join(".coroner"), "").expect("written");
    fs::set_permissions(&case, std::os::unix::fs::PermissionsExt::from_mode(0o555)).expect("permissions");
    let mut pty = opened(dir.path(), &["outage"]);
    pty.press("a", "note on");
    pty.press("kept nowhere", "kept nowhere");
    pty.type_keys("\x13");
    pty.wait("word that it is not saved", |screen| last_row_of(screen).contains("not saved") && last_row_of(screen).contains("--case DIR"));
    pty.press("q", "Leave anyway?");
    pty.type_keys("y");
    assert!(pty.wait_for_end());
    let (code, _, err) = coroner(dir.path(), &["note", "outage", "add", "--at", "2026-11-23T02:30:22Z", "words"]);
    assert_eq!(code, 2);
    assert!(err.contains("outage") && err.contains("--case DIR"), "{err}");

    let mut pty = opened(dir.path(), &["outage", "--case", "elsewhere"]);
    tell(&mut pty, 3);
    pty.press("X", "postmortem written to elsewhere/postmortem.md");
    pty.type_keys("q");
    assert!(pty.wait_for_end());
    assert!(notes(dir.path(), "elsewhere").contains("first words"));
    assert!(dir.path().join("elsewhere/postmortem.md").exists() && !case.join("postmortem.md").exists());
    let mut again = opened(dir.path(), &["outage", "--case", "elsewhere"]);
    again.press("5", "first words");
    again.type_keys("q");
    again.wait_for_end();
    fs::set_permissions(&case, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
}

#[test]
fn the_second_who_opens_a_case_is_told_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("temporary folder");
    short_outage(dir.path());
    let mut first = opened(dir.path(), &["outage"]);
    tell(&mut first, 3);
    let mut second = opened(dir.path(), &["outage"]);
    second.wait_for("reading only");
    second.press("5", "first words");
    second.press("a", "note on");
    second.press("theirs", "theirs");
    second.type_keys("\x13");
    second.wait("word that it is not saved", |screen| last_row_of(screen).contains("not saved"));
    second.kill();
    tell_more(&mut first);
    let notes = notes(dir.path(), "outage");
    assert!(notes.contains("first words") && notes.contains("mine again") && !notes.contains("theirs"), "{notes}");
}

/// The first still writes.
#[track_caller]
fn tell_more(pty: &mut Pty) {
    pty.press("a", "note on");
    pty.press("mine again", "mine again");
    pty.type_keys("\x13");
    pty.wait("note that is saved", |screen| !screen.contains("note on") && last_row_of(screen).ends_with("saved"));
    pty.type_keys("q");
    assert!(pty.wait_for_end());
}
