//! A quick look at a folder: how many of its files seem to be logs, metrics, profiles, before anybody opens it.
//!
//! Bounded in entries, files, depth, bytes and time, because the folder may be anything: a home, a share, a root. Reads the
//! first bytes of each file and asks `parse::detect`; what it tells is a guess that loading replaces.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::model::SourceKind;
use crate::parse::{Context, Windows, detect};

use super::decode::Packing;
use super::expand::is_case_file;

/// Entries of folders that are looked at.
const MAX_ENTRIES: usize = 2_000;
/// Files that are opened.
const MAX_FILES: usize = 300;
/// Folders below one another.
const MAX_DEPTH: usize = 4;
/// Bytes of a file that are read.
const HEAD_BYTES: u64 = 16 << 10;

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// Files of each kind of source.
    pub kinds: BTreeMap<SourceKind, usize>,
    /// Archives and packed files, which were not opened.
    pub n_packed: usize,
    /// Files that are no source.
    pub n_others: usize,
    /// There was more than is looked at.
    pub is_cut_short: bool,
}

/// Looks at a folder for at most this long. A folder that cannot be read has nothing in it.
pub fn glance(folder: &Path, most: Duration) -> Glance {
    let mut look = Look { seen: Glance::default(), n_entries: 0, n_files: 0, until: Instant::now() + most };
    look.folder(folder, 0);
    look.seen
}

struct Look {
    seen: Glance,
    n_entries: usize,
    n_files: usize,
    until: Instant,
}

impl Look {
    fn is_over(&mut self) -> bool {
        let is_over = self.n_entries >= MAX_ENTRIES || self.n_files >= MAX_FILES || Instant::now() >= self.until;
        self.seen.is_cut_short |= is_over;
        is_over
    }

    fn folder(&mut self, folder: &Path, depth: usize) {
        let mut folders = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if self.is_over() {
                return;
            }
            self.n_entries += 1;
            let name = entry.file_name();
            // Links are not followed: a loop or another disk is no quick look.
            let Ok(kind) = entry.file_type() else { continue };
            if name.as_encoded_bytes().starts_with(b".") || is_case_file(folder, &name) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                self.n_files += 1;
                self.file(&entry.path());
            }
        }
        if depth + 1 >= MAX_DEPTH {
            self.seen.is_cut_short |= !folders.is_empty();
            return;
        }
        folders.sort();
        for folder in &folders {
            self.folder(folder, depth + 1);
        }
    }

    fn file(&mut self, path: &Path) {
        let mut head = Vec::new();
        let Ok(file) = File::open(path) else { return self.seen.n_others += 1 };
        let size_bytes = file.metadata().map_or(0, |meta| meta.len());
        if file.take(HEAD_BYTES).read_to_end(&mut head).is_err() {
            return self.seen.n_others += 1;
        }
        if is_packed(&head) {
            return self.seen.n_packed += 1;
        }
        let shown = path.to_string_lossy();
        let windows = Windows { path: &shown, size_bytes, head: &head, middle: b"", tail: b"" };
        match detect::detect(&windows, &Context::default()).kind {
            SourceKind::Unknown | SourceKind::Report => self.seen.n_others += 1,
            kind => *self.seen.kinds.entry(kind).or_default() += 1,
        }
    }
}

/// Packed files and archives by their first bytes.
fn is_packed(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.get(257..262) == Some(b"ustar") || Packing::of(head).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "time=2026-11-23T02:30:22Z level=info msg=\"request done\" service=order\n";

    fn write(folder: &Path, name: &str, bytes: &[u8]) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("inside")).expect("folder");
        fs::write(path, bytes).expect("file");
    }

    #[test]
    fn sources_are_counted_by_what_is_in_them_and_not_by_their_names() {
        let dir = tempfile::tempdir().expect("folder");
        write(dir.path(), "notes.xyz", LINE.repeat(20).as_bytes());
        write(dir.path(), "a/b/noname", LINE.repeat(20).as_bytes());
        write(dir.path(), "photo.log", &[0xff, 0xd8, 0xff, 0xe0, 0, 1, 2, 3]);
        write(dir.path(), "old.log", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
        write(dir.path(), ".hidden/x.log", LINE.as_bytes());
        let seen = glance(dir.path(), Duration::from_secs(60));
        assert_eq!(seen.kinds.into_iter().collect::<Vec<_>>(), [(SourceKind::Logs, 2)]);
        assert_eq!((seen.n_packed, seen.n_others, seen.is_cut_short), (1, 1, false));
    }

    #[test]
    fn a_look_ends_however_much_there_is() {
        let dir = tempfile::tempdir().expect("folder");
        for i in 0..MAX_FILES + 20 {
            write(dir.path(), &format!("{i}.log"), LINE.as_bytes());
        }
        let seen = glance(dir.path(), Duration::from_secs(60));
        assert!(seen.is_cut_short && seen.kinds[&SourceKind::Logs] <= MAX_FILES, "{seen:?}");
        assert!(glance(dir.path(), Duration::ZERO).is_cut_short);
        assert_eq!(glance(Path::new("/nonexistent"), Duration::from_secs(1)), Glance::default());
    }

    #[test]
    fn files_of_the_case_itself_are_no_sources() {
        let dir = tempfile::tempdir().expect("folder");
        write(dir.path(), "case.toml", b"title = \"x\"\n");
        write(dir.path(), "annotations.jsonl", b"{\"id\":\"1\",\"t\":\"2026-11-23T02:30:22Z\"}\n");
        write(dir.path(), "sections/summary.md", LINE.as_bytes());
        assert_eq!(glance(dir.path(), Duration::from_secs(60)), Glance::default());
    }
}
