//! Where the place in a case is kept: `CASE/.coroner/state.json`, else with the user's own state.
//!
//! Beside the data only where the case is already: a folder that was merely looked into stays as it was. Safe to delete;
//! nothing is ever said of it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::memory::{make_private, replace};

/// A larger file is none of ours.
const MAX_BYTES: u64 = 1 << 20;
/// Places of cases without a folder of their own; the oldest go.
const MAX_PLACES: usize = 200;

/// The file of a case; `user` is the folder of the user's state.
pub fn file_of(case: &Path, user: Option<&Path>) -> Option<PathBuf> {
    if case.join(".coroner").is_dir() || case.join("case.toml").is_file() {
        return Some(case.join(".coroner").join("state.json"));
    }
    let whole = std::path::absolute(case).ok()?;
    let digest = Sha256::digest(whole.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(user?.join("cases").join(format!("{name}.json")))
}

/// What was kept of a case, wherever it lies.
pub fn read(case: &Path, user: Option<&Path>) -> Option<String> {
    let beside = case.join(".coroner").join("state.json");
    text(&beside).or_else(|| text(&file_of(case, user)?))
}

fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Keeps it. What cannot be written is left out: a place is easily found again.
pub fn write(case: &Path, user: Option<&Path>, position: &str) {
    let Some(path) = file_of(case, user) else { return };
    let Some(folder) = path.parent() else { return };
    let is_new = !folder.is_dir();
    if make_private(folder).is_ok() && is_new && folder.ends_with(".coroner") {
        // The case was never saved: its own list for git may not name this folder yet.
        let _ = fs::write(folder.join(".gitignore"), "*\n");
    }
    if folder.is_dir() && replace(&path, position).is_ok() && folder.ends_with("cases") {
        tidy(folder);
    }
}

fn tidy(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let age = |entry: fs::DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
    let mut all: Vec<_> = entries.filter_map(Result::ok).filter_map(age).collect();
    all.sort();
    for (_, path) in all.iter().take(all.len().saturating_sub(MAX_PLACES)) {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_lies_with_the_case_and_never_in_a_folder_that_was_only_looked_into() {
        let dir = tempfile::tempdir().unwrap();
        let (case, looked, user) = (dir.path().join("case"), dir.path().join("logs"), dir.path().join("user"));
        fs::create_dir_all(case.join(".coroner")).unwrap();
        fs::create_dir(&looked).unwrap();
        write(&case, Some(&user), "here");
        write(&looked, Some(&user), "there");
        assert_eq!(read(&case, Some(&user)).as_deref(), Some("here"));
        assert_eq!(read(&looked, Some(&user)).as_deref(), Some("there"));
        assert!(case.join(".coroner/state.json").is_file());
        assert_eq!(fs::read_dir(&looked).unwrap().count(), 0);
        assert_eq!(read(&looked, None), None);
        let new = dir.path().join("new");
        fs::create_dir(&new).unwrap();
        fs::write(new.join("case.toml"), "").unwrap();
        write(&new, None, "new");
        assert_eq!(fs::read_to_string(new.join(".coroner/.gitignore")).unwrap(), "*\n");
        write(&looked, None, "nowhere");
        fs::write(case.join(".coroner/state.json"), b"\xff").unwrap();
        assert_eq!(read(&case, None), None, "no text");
    }
}
