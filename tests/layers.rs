//! Arrows go down only: every `crate::x` in a folder of `src/` must be in that folder's row of `MAY_USE`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folder (or file) of `src/` → what it may name. The picture is in `src/lib.rs`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("parse", &["model"]),
    ("store", &["model", "parse"]),
    ("source", &["model", "parse", "store"]),
    ("analysis", &["model"]),
    ("report", &["model"]),
    ("app", &["model"]),
    ("ui", &["model", "app"]),
    ("runtime", &["model", "app", "ui", "source", "analysis", "report"]),
    ("config", &["model", "app"]),
    ("cli", &["model", "parse", "store", "app", "ui", "source", "analysis", "report", "runtime", "config"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Crates that only one layer may name: the wall around the impure and the visible.
const ONLY_IN: &[(&str, &[&str])] =
    &[("tokio", &["runtime"]), ("ratatui", &["ui", "runtime", "cli"]), ("crossterm", &["runtime"]), ("fuzzy_matcher", &["model"])];

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("src is readable") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            out.push(path);
        }
    }
}

/// The folder of `src/` a file belongs to: its first part, or its stem for a file at the top.
fn room(file: &Path, src: &Path) -> String {
    let relative = file.strip_prefix(src).expect("inside src");
    let first = relative.components().next().expect("not empty").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Words that follow `prefix` in code (comments left out); for `crate::{a, b::c}` each of the first parts.
fn names_after(text: &str, prefix: &str) -> Vec<String> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut part = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        names.push(std::mem::take(&mut part));
                        continue;
                    }
                    _ => {}
                }
                part.push(c);
            }
            names.push(part);
        } else {
            names.push(rest.to_owned());
        }
    }
    names
        .iter()
        .map(|name| name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|name| !name.is_empty())
        .collect()
}

fn wrong_imports(room: &str, text: &str) -> Vec<String> {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let Some(allowed) = allowed.get(room) else {
        return vec![format!("src/{room} has no row in MAY_USE")];
    };
    let mut wrong = Vec::new();
    for name in names_after(text, "crate::") {
        let is_folder = MAY_USE.iter().any(|row| row.0 == name);
        if is_folder && name != room && !allowed.contains(&name.as_str()) {
            wrong.push(format!("{room} names crate::{name}"));
        }
    }
    for (krate, rooms) in ONLY_IN {
        let is_named = !names_after(text, &format!("{krate}::")).is_empty() || text.contains(&format!("use {krate};"));
        if is_named && !rooms.contains(&room) {
            wrong.push(format!("{room} names {krate}"));
        }
    }
    wrong
}

#[test]
fn every_arrow_goes_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("source is text");
        wrong.extend(wrong_imports(&room(&file, &src), &text).into_iter().map(|w| format!("{}: {w}", file.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_import_is_found_in_every_form() {
    let check = |room, text| wrong_imports(room, text).len();
    assert_eq!(check("app", "use crate::ui::theme;"), 1);
    assert_eq!(check("model", "use crate::{parse::log, store};"), 2);
    assert_eq!(check("ui", "fn f() { crate::source::job::Job::new(); }"), 1);
    assert_eq!(check("app", "use tokio::sync;"), 1);
    assert_eq!(check("app", "// crate::ui is painted elsewhere\nuse crate::model::Level;"), 0);
    assert_eq!(check("elsewhere", ""), 1);
}
