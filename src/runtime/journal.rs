//! Where the case lives on disk: saved files, and a journal of the edits since the last save.
//!
//! An edit counts as saved only once its journal line is on the disk (fsync), so `kill -9` loses nothing that the
//! screen called saved. `save` writes the case files by temporary file, fsync and rename, then empties the journal;
//! killed between the two, the journal is replayed over files that already hold it, which changes nothing.
//! Files that others changed meanwhile are merged field by field (`outside`, `replay`), never overwritten.
//! One process writes: the second one that opens the case only reads. Text forms: `report::case_file`.

mod disk;
mod history;
mod lock;
mod outside;
mod replay;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::model::case::EditStep;
use crate::model::{AnnotationId, CaseDoc, Catalog};
use crate::report::case_file::{
    LoadedAnnotations, LoadedMeta, LockedSource, lock_sources, parse_annotations, parse_lock, parse_meta, write_annotations, write_lock,
    write_meta,
};
use disk::Disk;
pub use history::Version;
use lock::{LockFile, Locking};
pub use outside::Outside;
use steps::{read_journal, signed, step_to_json};

/// Folder of what need not be kept in git.
const PRIVATE: &str = ".coroner";
const META: &str = "case.toml";
const ANNOTATIONS: &str = "annotations.jsonl";
const SOURCES: &str = "sources.lock";

/// Why the case could not be opened or saved.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder does not take files.
    #[error("{folder}: cannot be written; --case DIR keeps the case elsewhere ({reason})")]
    NotWritable {
        /// The case folder.
        folder: String,
        /// What the system says.
        reason: String,
    },
    /// The case was opened for reading only.
    #[error("{folder}: open for reading only: {reason}")]
    ReadOnly {
        /// The case folder.
        folder: String,
        /// Why, with the way out.
        reason: String,
    },
    /// There is no folder to write to.
    #[error("the notes are in memory only; give a place for the case with --case DIR")]
    InMemory,
    /// Somebody else changed a file meanwhile.
    #[error(
        "{path}: changed on disk by others, not overwritten; your edits are in the journal and are merged when the case is opened again"
    )]
    ChangedOnDisk {
        /// The file.
        path: String,
    },
    /// A file could not be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
}

/// Whether edits can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Yes.
    Writable,
    /// No, and why.
    ReadOnly(String),
    /// There is nowhere to write.
    InMemory,
}

/// The case on disk.
#[derive(Debug)]
pub struct CaseStore {
    dir: PathBuf,
    mode: Mode,
    journal: Option<File>,
    lock: Option<LockFile>,
    meta: LoadedMeta,
    annotations: LoadedAnnotations,
    sources: Vec<LockedSource>,
    /// Length of the good part of the journal; what follows is a torn line.
    journal_len: u64,
    /// Length of the whole journal when the case was opened.
    journal_seen: u64,
    disk: Disk,
    glance: Option<outside::Glance>,
    /// Who makes the edits of this session, for the history of records; empty: nobody said.
    author: String,
}

impl CaseStore {
    /// The same, with its edits signed by this author.
    #[must_use]
    pub fn signed_by(self, author: String) -> Self {
        Self { author, ..self }
    }

    /// Opens the case in `dir`, which need not exist yet: nothing is written before the first edit. Gives the document
    /// with the journal replayed, and what the user should know. Errors only when an existing file cannot be read.
    pub fn open(dir: &Path) -> Result<(Self, CaseDoc, Vec<String>), StoreError> {
        let mut notices = Vec::new();
        let mut store = Self { dir: dir.to_owned(), mode: Mode::Writable, ..Self::in_memory() };
        store.read_files(&mut notices)?;
        let doc = CaseDoc { meta: store.meta.meta.clone(), annotations: store.annotations.annotations.clone() };
        let doc = store.replay(doc, &mut notices)?;
        if store.mode == Mode::Writable && (dir.join(META).exists() || dir.join(PRIVATE).exists()) {
            store.take_lock_on_open(&mut notices);
        }
        Ok((store, doc, notices))
    }

    /// The document of the case in `dir` with the journal replayed, for looking only: nothing is locked or written.
    pub fn read_only(dir: &Path) -> Result<(CaseDoc, Vec<String>), StoreError> {
        let mut notices = Vec::new();
        let mut store = Self { dir: dir.to_owned(), ..Self::in_memory() };
        store.read_files(&mut notices)?;
        let doc = CaseDoc { meta: store.meta.meta.clone(), annotations: store.annotations.annotations.clone() };
        let doc = store.replay(doc, &mut notices)?;
        Ok((doc, notices))
    }

    /// Whether the folder holds no case yet.
    pub fn is_new(&self) -> bool {
        !self.dir.join(META).exists() && !self.dir.join(ANNOTATIONS).exists() && self.journal_seen == 0
    }

    /// Whether the files lack something of this document, such as edits that only the journal kept when the program was
    /// killed. What goes into git are the files.
    pub fn is_behind(&self, doc: &CaseDoc) -> bool {
        doc.meta != self.meta.meta || doc.annotations != self.annotations.annotations
    }

    /// A store that keeps nothing: for sources without a folder.
    pub fn in_memory() -> Self {
        Self {
            dir: PathBuf::new(),
            mode: Mode::InMemory,
            journal: None,
            lock: None,
            meta: LoadedMeta::default(),
            annotations: LoadedAnnotations::default(),
            sources: Vec::new(),
            journal_len: 0,
            journal_seen: 0,
            disk: Disk::default(),
            glance: None,
            author: String::new(),
        }
    }

    /// The case folder; empty in memory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether edits can be kept.
    pub const fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The prose of the case: `sections/*.md` by file stem. Files that cannot be read as text are left out and told.
    pub fn sections(&self) -> (BTreeMap<String, String>, Vec<String>) {
        let (mut sections, mut notices) = (BTreeMap::new(), Vec::new());
        let Ok(entries) = fs::read_dir(self.dir.join("sections")) else { return (sections, notices) };
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ext| ext == "md")) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match fs::read_to_string(&path) {
                Ok(text) => {
                    sections.insert(stem, text);
                }
                Err(error) => notices.push(format!("{}: {error}", path.display())),
            }
        }
        notices.sort();
        (sections, notices)
    }

    /// How a record came to be, oldest first, as far as this copy of the case knows: `.coroner` is not in git.
    pub fn history(&self, id: &AnnotationId) -> Vec<Version> {
        if self.mode == Mode::InMemory { Vec::new() } else { history::versions(&self.dir.join(PRIVATE), id) }
    }

    /// Writes one step to the journal; when this returns it is on the disk. One write and one fsync.
    pub fn append(&mut self, step: &EditStep) -> Result<(), StoreError> {
        self.open_journal()?;
        let mut line = signed(step_to_json(step), &self.author).to_string();
        line.push('\n');
        let path = self.dir.join(PRIVATE).join("journal");
        let journal = self.journal.as_mut().expect("opened above");
        if let Err(error) = self.disk.append(&path, journal, line.as_bytes()) {
            // A line that is half there must not swallow the next one.
            let _ = self.disk.cut(&path, journal, self.journal_len);
            return Err(self.not_writable(&error));
        }
        self.journal_len += line.len() as u64;
        Ok(())
    }

    /// Takes what `sources.lock` says from the loaded sources; `save` keeps the former words for those not loaded.
    pub fn note_sources(&mut self, doc: &CaseDoc, catalog: &Catalog) {
        self.sources = lock_sources(doc, Some(catalog), &self.sources);
    }

    /// Writes the case files and empties the journal. Each file is replaced whole or not at all. When others changed
    /// one meanwhile and `doc` does not hold what they wrote, nothing is written: `merge_outside` first.
    pub fn save(&mut self, doc: &CaseDoc) -> Result<(), StoreError> {
        self.make_writable()?;
        if !self.adopt(doc)? {
            return Err(StoreError::ChangedOnDisk { path: self.dir.display().to_string() });
        }
        let meta = write_meta(&doc.meta, &self.meta);
        let annotations = write_annotations(&doc.annotations, &self.annotations);
        self.sources = lock_sources(doc, None, &self.sources);
        let sources = write_lock(&self.sources);
        let has_sources = !self.sources.is_empty() || self.dir.join(SOURCES).exists();
        self.replace(META, self.meta.original(), &meta)?;
        self.meta = parse_meta(&meta).map_err(|error| StoreError::Unreadable { path: META.into(), reason: error.to_string() })?;
        self.replace(ANNOTATIONS, self.annotations.original(), &annotations)?;
        self.annotations = parse_annotations(&annotations);
        if has_sources {
            let before = fs::read_to_string(self.dir.join(SOURCES)).unwrap_or_default();
            self.replace(SOURCES, &before, &sources)?;
        }
        self.add_lines(".gitignore", &[format!("{PRIVATE}/")])?;
        self.add_lines(".gitattributes", &[META, ANNOTATIONS, SOURCES].map(|name| format!("{name} merge=coroner")))?;
        self.disk.sync_dir(&self.dir).map_err(|error| self.not_writable(&error))?;
        self.has_moved();
        self.empty_journal()
    }

    fn read_files(&mut self, notices: &mut Vec<String>) -> Result<(), StoreError> {
        let meta = self.read(META)?;
        match parse_meta(&meta) {
            Ok(loaded) => self.meta = loaded,
            Err(error) => {
                let why = format!("{META}:{}: {}; nothing is written until it is mended", error.line, error.reason);
                notices.push(why.clone());
                self.mode = Mode::ReadOnly(why);
            }
        }
        notices.extend(self.meta.problems.iter().map(|problem| format!("{META}: {problem}")));
        self.annotations = parse_annotations(&self.read(ANNOTATIONS)?);
        let problems = &self.annotations.problems;
        notices.extend(problems.kept().iter().map(|problem| format!("{ANNOTATIONS}:{}: {}", problem.line, problem.reason)));
        let n_more = problems.total().saturating_sub(problems.kept().len() as u64);
        if n_more > 0 {
            notices.push(format!("{ANNOTATIONS}: {n_more} more problems"));
        }
        self.sources = parse_lock(&self.read(SOURCES)?);
        Ok(())
    }

    /// Text of a file of the case; empty when it is not there. Bytes that are no text are an error, so that a save
    /// cannot replace them.
    fn read(&self, name: &str) -> Result<String, StoreError> {
        let path = self.dir.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::NotADirectory => Ok(String::new()),
            Err(error) => Err(StoreError::Unreadable { path: path.display().to_string(), reason: error.to_string() }),
        }
    }

    fn take_lock_on_open(&mut self, notices: &mut Vec<String>) {
        match lock::take(&self.dir.join(PRIVATE)) {
            Ok(Locking::Taken(lock)) => self.lock = Some(lock),
            Ok(Locking::HeldBy(holder)) => {
                let why = held_by(&holder, &self.dir);
                notices.push(format!("opened for reading only: {why}"));
                self.mode = Mode::ReadOnly(why);
            }
            // A folder that cannot be written is told when somebody wants to write.
            Err(_) => {}
        }
    }

    /// Makes sure that there is a folder, that it takes files and that nobody else writes there.
    fn make_writable(&mut self) -> Result<(), StoreError> {
        match &self.mode {
            Mode::Writable => {}
            Mode::InMemory => return Err(StoreError::InMemory),
            Mode::ReadOnly(reason) => {
                return Err(StoreError::ReadOnly { folder: self.dir.display().to_string(), reason: reason.clone() });
            }
        }
        if self.lock.is_some() {
            return Ok(());
        }
        let private = self.dir.join(PRIVATE);
        fs::create_dir_all(&private).map_err(|error| self.not_writable(&error))?;
        match lock::take(&private).map_err(|error| self.not_writable(&error))? {
            Locking::Taken(lock) => {
                self.lock = Some(lock);
                Ok(())
            }
            Locking::HeldBy(holder) => {
                let reason = held_by(&holder, &self.dir);
                self.mode = Mode::ReadOnly(reason.clone());
                Err(StoreError::ReadOnly { folder: self.dir.display().to_string(), reason })
            }
        }
    }

    fn open_journal(&mut self) -> Result<(), StoreError> {
        if self.journal.is_some() {
            return Ok(());
        }
        self.make_writable()?;
        let private = self.dir.join(PRIVATE);
        let path = private.join("journal");
        // Opened before anybody had a lock, and another process has written since: its edits must not be cut off.
        if fs::metadata(&path).map_or(0, |metadata| metadata.len()) != self.journal_seen {
            return Err(StoreError::ChangedOnDisk { path: path.display().to_string() });
        }
        let journal = self.disk.open_log(&path, self.journal_len).map_err(|error| self.not_writable(&error))?;
        self.journal = Some(journal);
        Ok(())
    }

    fn empty_journal(&mut self) -> Result<(), StoreError> {
        if self.journal.is_none() && !self.dir.join(PRIVATE).join("journal").exists() {
            return Ok(());
        }
        self.open_journal()?;
        let private = self.dir.join(PRIVATE);
        // The history is a comfort: a disk that is full must not keep the case from being saved.
        if let Ok(bytes) = fs::read(private.join("journal")) {
            let _ = history::keep(&private, &bytes);
        }
        let journal = self.journal.as_ref().expect("opened above");
        self.disk.cut(&private.join("journal"), journal, 0).map_err(|error| self.not_writable(&error))?;
        self.journal_len = 0;
        Ok(())
    }

    /// Replaces a file by temporary file, fsync and rename; does nothing when the text is the same.
    fn replace(&self, name: &str, before: &str, text: &str) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        if before == text && path.exists() {
            return Ok(());
        }
        self.disk.replace(&path, text).map_err(|error| self.not_writable(&error))
    }

    /// Adds lines to a file of git's unless they are there.
    fn add_lines(&self, name: &str, lines: &[String]) -> Result<(), StoreError> {
        let before = self.read(name)?;
        let missing: Vec<&String> = lines.iter().filter(|line| !before.lines().any(|have| have.trim() == line.as_str())).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        let more: String = missing.into_iter().map(|line| format!("{line}\n")).collect();
        self.replace(name, &before, &format!("{before}{gap}{more}"))
    }

    fn not_writable(&self, error: &io::Error) -> StoreError {
        StoreError::NotWritable { folder: self.dir.display().to_string(), reason: error.to_string() }
    }
}

fn held_by(holder: &str, dir: &Path) -> String {
    let lock = dir.join(PRIVATE).join("lock");
    format!("{holder} has this case open; close it there, or delete {} if it is gone", lock.display())
}
