//! The whole story on the recorded outage, with keys only: open, scrub, annotate, export, quit.
//!
//! The export is compared with `tests/golden/story.md`, byte for byte; `CORONER_BLESS=1` writes it anew. What the
//! document says may depend on the data and the keys alone: not on the clock, the user, or where the folder lies.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{Pty, coroner, last_row_of, unpack_outage};

/// Where the document of the story is kept.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/story.md");

/// Everything but the logs that the story does not look at.
fn is_wanted(path: &str) -> bool {
    !path.starts_with("logs/") || path.ends_with("/order-1.log") || path.ends_with("/edge-access.log")
}

/// The moment of the cursor as the first row shows it: `T+3m03s`.
fn offset(screen: &str) -> String {
    let first = screen.lines().next().unwrap_or_default();
    first.split_whitespace().find(|word| word.starts_with("T+") || word.starts_with("T-")).unwrap_or_default().to_owned()
}

/// `T+3m03s` in seconds; 0 for anything else.
fn seconds(offset: &str) -> u32 {
    let digits = |text: &str| text.parse::<u32>().unwrap_or(0);
    let rest = offset.trim_start_matches("T+").trim_end_matches('s');
    match rest.split_once('m') {
        Some((minutes, seconds)) => digits(minutes) * 60 + digits(seconds),
        None => digits(rest),
    }
}

/// The row of the event list under the cursor.
fn selected_event(screen: &str) -> String {
    let mut rows = screen.lines().skip_while(|row| !row.contains("chain │ notes │ detail")).skip(1);
    rows.find(|row| row.starts_with('▌')).unwrap_or_default().chars().take(71).collect()
}

/// Presses a key again and again until the screen shows what is wanted.
#[track_caller]
fn walk(pty: &mut Pty, key: &str, part: impl Fn(&str) -> String, is_there: impl Fn(&str) -> bool) {
    for _ in 0..200 {
        if is_there(&part(&pty.screen())) {
            return;
        }
        pty.press_and_see(key, &part);
    }
    panic!("{key:?} does not lead there:\n{}", pty.screen());
}

/// Goes on to the next event by `key` and waits until the list has followed.
///
/// Zoomed so far in that the cursor is told to the millisecond: then its row is known by its time.
#[track_caller]
fn next_event(pty: &mut Pty, key: &str) {
    let clock = |screen: &str| screen.lines().next().and_then(|row| row.split_whitespace().nth(2)).unwrap_or_default().to_owned();
    assert!(clock(&pty.screen()).contains('.'), "zoomed in: {}", pty.row(0));
    pty.press_and_see(key, |screen| (clock(screen), selected_event(screen)));
    pty.wait("event under the cursor", |screen| selected_event(screen).contains(&clock(screen)));
}

/// The notes were written while this test ran: their minutes, and the hashes over them, are of today.
fn without_wall_clock(document: &str) -> String {
    let minute = regex::Regex::new(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b").expect("a pattern");
    let hash = regex::Regex::new(r#"(gen:front sha=|gen:appendix sha=|document: ")[0-9a-f]{16}"#).expect("a pattern");
    hash.replace_all(&minute.replace_all(document, "TODAY"), "${1}HASH").into_owned()
}

/// Zooms, and waits for the new ruler.
#[track_caller]
fn zoom(pty: &mut Pty, keys: &str) {
    for key in keys.chars() {
        pty.press_and_see(&key.to_string(), |screen| screen.lines().nth(2).unwrap_or_default().to_owned());
    }
}

/// Focuses the panels, goes down to one and pins it.
#[track_caller]
fn pin_panel(pty: &mut Pty, keys: &str, role: &str) {
    pty.type_keys(keys);
    pty.wait(&format!("{role} in focus"), |screen| screen.lines().any(|row| row.starts_with(&format!("▌{role}"))));
    pty.pin();
}

/// Marks the cursor's moment.
#[track_caller]
fn mark(pty: &mut Pty, name: &str) {
    pty.press("m", "─ mark ");
    pty.press(name, &format!("▌{name}"));
    pty.type_keys("\r");
    pty.wait("mark that is saved", |screen| last_row_of(screen).contains(&format!("{name} = ")) && last_row_of(screen).ends_with("saved"));
}

/// Adds a causal step of this sort; what was pinned since the last step is its evidence.
#[track_caller]
fn step(pty: &mut Pty, number: usize, sort: &str, statement: &str) {
    pty.press("c", "causal step at");
    pty.press(statement, &statement[statement.len() - 12..]);
    pty.type_keys("\t");
    pty.type_keys(&sort[..1]);
    pty.wait(sort, |screen| screen.lines().any(|row| row.contains("type") && row.contains(sort)));
    pty.type_keys("\x13");
    pty.wait("step that is saved", |screen| {
        last_row_of(screen).contains(&format!("step {number} of the chain")) && last_row_of(screen).ends_with("saved")
    });
}

/// Files of a folder by their path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path());
    entries.map(|path| (path.file_name().expect("name").into(), std::fs::read(&path).expect("file"))).collect()
}

#[test]
fn the_whole_story_is_told_with_keys_and_exported_the_same_every_time() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let case = dir.path().join("order-outage");
    unpack_outage(&case, is_wanted);
    let mut pty = Pty::start(dir.path(), &["order-outage"], (120, 40));
    pty.wait_until_read();

    // To the deploy by its changes, and T+0 there.
    pty.press_and_see("g", |screen| screen.lines().next().unwrap_or_default().to_owned());
    walk(&mut pty, ".", |screen| last_row_of(screen).to_owned(), |said| said.contains("deploy order v1.8.3 → v1.9.0"));
    pty.press("t", "make the cursor T+0");
    pty.press("0", "T+0 = deploy order v1.8.3 → v1.9.0");
    mark(&mut pty, "trigger");
    pty.press("1", ". next");
    pty.pin();
    step(&mut pty, 1, "trigger", "order v1.9.0 goes live with batch pricing v2");

    // To the collapse: closer, along the lanes, then from error to error.
    zoom(&mut pty, "++");
    walk(&mut pty, "L", offset, |offset| seconds(offset) >= 160);
    walk(&mut pty, "l", offset, |offset| seconds(offset) >= 178);
    zoom(&mut pty, "++");
    pty.type_keys("3");
    next_event(&mut pty, "e");
    mark(&mut pty, "impact start");
    pty.press("/", "find");
    pty.press("'acquire connection", "'acquire connection");
    next_event(&mut pty, "\r");
    pty.pin();
    next_event(&mut pty, "n");
    pty.pin();
    zoom(&mut pty, "--");
    pin_panel(&mut pty, "2", "goroutines");
    step(&mut pty, 2, "defect", "the batch path holds every connection until the request ends");
    walk(&mut pty, "L", offset, |offset| seconds(offset) >= 210);
    zoom(&mut pty, "++");
    pty.type_keys("3");
    next_event(&mut pty, "e");
    pty.pin();
    zoom(&mut pty, "--");
    pin_panel(&mut pty, "2j", "P99");
    step(&mut pty, 3, "amplifier", "handlers wait for each other's connections until the deadline");
    walk(&mut pty, "L", offset, |offset| seconds(offset) >= 240);
    zoom(&mut pty, "++");
    pty.type_keys("3");
    next_event(&mut pty, "e");
    pty.pin();
    next_event(&mut pty, "e");
    pty.pin();
    zoom(&mut pty, "--");
    pin_panel(&mut pty, "2j", "error rate");
    step(&mut pty, 4, "effect", "nine of ten requests fail at the edge");

    // To the rollback by name, a little on, and out.
    pty.press("\x10", "palette");
    pty.press("rollback order", "▌change      rollback");
    pty.press_and_see("\r", offset);
    walk(&mut pty, "l", offset, |offset| seconds(offset) >= 418);
    mark(&mut pty, "mitigated");
    pty.press("X", "postmortem written to order-outage/postmortem.md");
    pty.type_keys("q");
    assert!(pty.wait_for_end() && !pty.is_on_alternate_screen());

    let written = std::fs::read_to_string(case.join("postmortem.md")).expect("the export");
    let assets = files(&case.join("postmortem.assets"));
    let (code, _, err) = coroner(dir.path(), &["export", "--quiet", "-o", "again/postmortem.md", "order-outage"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(std::fs::read_to_string(dir.path().join("again/postmortem.md")).expect("the export"), written);
    assert_eq!(files(&dir.path().join("again/postmortem.assets")), assets);

    let names: Vec<String> = assets.keys().map(|name| format!("<!-- beside it: {} -->\n", name.display())).collect();
    let told = without_wall_clock(&format!("{written}{}", names.concat()));
    let told = told.replace(concat!("coroner ", env!("CARGO_PKG_VERSION")), "coroner VERSION");
    if std::env::var_os("CORONER_BLESS").is_some() {
        std::fs::write(GOLDEN, &told).expect("written");
    }
    let golden = std::fs::read_to_string(GOLDEN).expect("tests/golden/story.md; CORONER_BLESS=1 writes it");
    for (line, (told, golden)) in told.lines().zip(golden.lines()).enumerate() {
        assert_eq!(told, golden, "line {} of the export; CORONER_BLESS=1 accepts it", line + 1);
    }
    assert_eq!(told.len(), golden.len());
}
