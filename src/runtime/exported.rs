//! What the files of an export held when they were written, so that a table or text that people changed is not written over.
//!
//! Markdown and pages carry their own seals. A CSV, a JSON or the output of a template has no place for one: their hashes
//! are kept in `.coroner/exported.json` of the case, which git does not take. Without an entry (another clone, another
//! machine) nobody can tell, so the old file is kept beside the new one as `.orig`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::answer::hex;
use super::export::{Edits, write_whole};
use super::memory::make_private;

/// Hashes of written files by path.
#[derive(Debug, Default)]
pub struct Ledger {
    file: Option<PathBuf>,
    known: BTreeMap<String, String>,
}

impl Ledger {
    /// Of the case in this folder; where there is none, nothing is known and nothing is kept.
    pub fn of(case_dir: &Path) -> Self {
        if !case_dir.is_dir() {
            return Self::default();
        }
        let folder = case_dir.join(".coroner");
        let file = folder.join("exported.json");
        // A damaged list knows nothing: then the old files are kept beside the new ones.
        let known = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file: Some(file), known }
    }

    /// Writes a file that has no seal of its own; what people wrote into the old one is not lost.
    pub(super) fn write(&mut self, path: &Path, edits: Edits, bytes: &[u8]) -> anyhow::Result<()> {
        let key = std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned();
        match fs::read(path) {
            Ok(old) if old != bytes && !old.is_empty() => {
                let state = self.known.get(&key).map(|sha| *sha == hex(&Sha256::digest(&old)));
                keep(path, (state, edits), &old)?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{}: cannot be read", path.display())),
        }
        write_whole(path, bytes)?;
        // What is no longer there needs no protection.
        self.known.retain(|path, _| Path::new(path).exists());
        self.known.insert(key, hex(&Sha256::digest(bytes)));
        self.save(path);
        Ok(())
    }

    /// A folder that cannot be written loses only the knowledge, not a word of anybody.
    fn save(&self, written: &Path) {
        let Some((file, folder)) = self.file.as_ref().and_then(|file| Some((file, file.parent()?))) else { return };
        // Beside data that are no case nothing is left behind but what was asked for.
        let is_case = folder.is_dir() || folder.with_file_name("case.toml").is_file();
        let is_inside = folder.parent().is_some_and(|case| written.starts_with(case));
        let Some(mut text) = serde_json::to_vec_pretty(&self.known).ok().filter(|_| is_case || is_inside) else { return };
        text.push(b'\n');
        let is_new = !folder.is_dir();
        if make_private(folder).is_ok() {
            if is_new {
                let _ = fs::write(folder.join(".gitignore"), "*\n");
            }
            let _ = write_whole(file, &text);
        }
    }
}

/// `is_ours`: whether the old file is as it was written; `None`: nobody knows.
fn keep(path: &Path, (is_ours, edits): (Option<bool>, Edits), old: &[u8]) -> anyhow::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".orig");
    let orig = path.with_file_name(name);
    match (is_ours, edits) {
        (Some(true), _) => Ok(()),
        (Some(false), Edits::Keep) => anyhow::bail!(
            "{}: was edited by hand, and would be lost (PM030); put the words into the case, export elsewhere with -o, or overwrite it with --force \
             (the old one stays beside it as .orig)",
            path.display()
        ),
        (None, Edits::Keep) if fs::read(&orig).is_ok_and(|kept| kept != old) => anyhow::bail!(
            "{}: nobody knows whether it was edited by hand, and {} is there already; move one of them away, export elsewhere with -o, or overwrite \
             with --force",
            path.display(),
            orig.display()
        ),
        (Some(false), Edits::Overwrite) | (None, _) => write_whole(&orig, old),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_people_changed_is_not_written_over() {
        let case = tempfile::tempdir().unwrap();
        let path = case.path().join("postmortem.timeline.csv");
        let write = |edits, text: &str| Ledger::of(case.path()).write(&path, edits, text.as_bytes());
        write(Edits::Keep, "one\n").unwrap();
        write(Edits::Keep, "two\n").expect("as it was written: written anew");
        fs::write(&path, "two, and my words\n").unwrap();
        let refused = write(Edits::Keep, "three\n").unwrap_err().to_string();
        assert!(refused.contains("PM030") && refused.contains("--force"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two, and my words\n");
        write(Edits::Overwrite, "three\n").unwrap();
        let orig = path.with_file_name("postmortem.timeline.csv.orig");
        assert_eq!(
            (fs::read_to_string(&path).unwrap(), fs::read_to_string(orig).unwrap()),
            ("three\n".into(), "two, and my words\n".into())
        );
    }

    #[test]
    fn a_file_of_which_nobody_knows_who_wrote_it_is_kept_beside_the_new_one() {
        let case = tempfile::tempdir().unwrap();
        let path = case.path().join("a.csv");
        fs::write(&path, "old\n").unwrap();
        Ledger::of(case.path()).write(&path, Edits::Keep, b"new\n").unwrap();
        assert_eq!(fs::read_to_string(case.path().join("a.csv.orig")).unwrap(), "old\n");
        fs::remove_dir_all(case.path().join(".coroner")).unwrap();
        let refused = Ledger::of(case.path()).write(&path, Edits::Keep, b"newer\n").unwrap_err().to_string();
        assert!(refused.contains(".orig is there already"), "neither is lost: {refused}");
    }
}
