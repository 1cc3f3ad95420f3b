//! The README tells what the program does: its key table is the action table.
//!
//! `CORONER_WRITE_README=1 cargo test --test readme` writes the table anew.

use std::fmt::Write as _;
use std::path::Path;

use coroner::app::actions::{ALL, Context, Group};

const START: &str = "<!-- keys: generated from the action table; `cargo test readme` checks them -->\n";
const END: &str = "<!-- /keys -->";

fn table() -> String {
    let mut out = String::from("| keys | action |\n|---|---|\n");
    let groups: Vec<Group> = ALL.iter().map(|action| action.group).fold(Vec::new(), |mut seen, group| {
        if !seen.contains(&group) {
            seen.push(group);
        }
        seen
    });
    for group in groups {
        let _ = writeln!(out, "| | **{}** |", group.name());
        for action in ALL.iter().filter(|action| action.group == group && action.contexts.contains(&Context::Main)) {
            let keys: Vec<String> = action.keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
            let keys = if keys.is_empty() { format!("`:{}`", action.name) } else { keys.join(" ") };
            let _ = writeln!(out, "| {keys} | {} |", action.sentence.replace('|', "\\|"));
        }
    }
    out
}

#[test]
fn the_readme_lists_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md");
    let (before, rest) = readme.split_once(START).expect("README.md has the start mark of the key table");
    let (found, after) = rest.split_once(END).expect("README.md has the end mark of the key table");
    if std::env::var_os("CORONER_WRITE_README").is_some() {
        std::fs::write(&path, format!("{before}{START}{}{END}{after}", table())).expect("README.md is writable");
        return;
    }
    assert!(found == table(), "the key table of README.md is out of date; run: CORONER_WRITE_README=1 cargo test --test readme");
}
