//! Every change that the case makes to the disk, one small operation after the other.
//!
//! One place, so that a test can let each of them fail, or pull the plug at it. A file is replaced by temporary file,
//! fsync and rename; a name is durable once its folder is synced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

#[cfg(test)]
pub(super) use trial::{Loss, Trial};

/// The disk; in tests one that fails.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    pub(super) trial: Option<std::sync::Arc<std::sync::Mutex<Trial>>>,
}

#[cfg_attr(not(test), expect(dead_code, reason = "the failing disk of the tests reads it"))]
/// What an operation does, as far as a loss of power is concerned.
enum Step<'a> {
    /// Bytes at the end of a file, or a new file.
    Write(&'a Path, &'a [u8]),
    /// The bytes of a file are durable.
    SyncFile(&'a Path),
    Rename(&'a Path, &'a Path),
    /// The names in a folder are durable.
    SyncDir(&'a Path),
    Cut(&'a Path),
    Remove,
}

impl Disk {
    /// Replaces a file whole or not at all.
    pub(super) fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        // A symbolic link stays one: its target is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().unwrap_or(Path::new("."));
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
        let write = || -> io::Result<()> {
            let mut file = File::create(&temporary)?;
            if let Ok(metadata) = fs::metadata(&target) {
                file.set_permissions(metadata.permissions())?;
            }
            self.run(&Step::Write(&temporary, text.as_bytes()), || file.write_all(text.as_bytes()))?;
            self.run(&Step::SyncFile(&temporary), || file.sync_all())?;
            self.run(&Step::Rename(&temporary, &target), || fs::rename(&temporary, &target))?;
            self.sync_dir(folder)
        };
        let result = write();
        if result.is_err() {
            let _ = self.run(&Step::Remove, || fs::remove_file(&temporary));
        }
        result
    }

    /// Adds bytes to an open file and waits until the disk has them.
    pub(super) fn append(&self, path: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.run(&Step::Write(path, bytes), || file.write_all(bytes))?;
        self.run(&Step::SyncFile(path), || file.sync_data())
    }

    /// Opens a file to append to, made if it is not there, cut to a length.
    pub(super) fn open_log(&self, path: &Path, len: u64) -> io::Result<File> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        self.cut(path, &file, len)?;
        for folder in [path.parent(), path.parent().and_then(Path::parent)].into_iter().flatten() {
            self.sync_dir(folder)?;
        }
        Ok(file)
    }

    /// Cuts an open file and waits until the disk knows.
    pub(super) fn cut(&self, path: &Path, file: &File, len: u64) -> io::Result<()> {
        self.run(&Step::Cut(path), || file.set_len(len))?;
        self.run(&Step::SyncFile(path), || file.sync_all())
    }

    /// Makes renames and new names in a folder durable, where the system has such a thing.
    pub(super) fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.run(&Step::SyncDir(dir), || if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) })
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the failing disk of the tests has a state")]
    fn run(&self, _: &Step<'_>, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        work()
    }

    #[cfg(test)]
    fn run(&self, step: &Step<'_>, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match &self.trial {
            None => work(),
            Some(trial) => trial.lock().expect("one test holds it").run(step, work),
        }
    }
}

#[cfg(test)]
mod trial {
    //! A disk that stops at one operation.

    use std::collections::BTreeMap;

    use std::path::PathBuf;

    use super::{Step, fs, io};

    /// What happens at the chosen operation.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Loss {
        /// It fails, as on a full disk; the process lives on.
        Error,
        /// The process is killed in the middle of it.
        Killed,
        /// The machine is: bytes and names that were not synced are gone.
        Power,
    }

    /// The operations so far.
    #[derive(Debug)]
    pub(crate) struct Trial {
        pub(crate) fails_at: usize,
        pub(crate) loss: Loss,
        pub(crate) n_steps: usize,
        is_dead: bool,
        /// Files whose bytes may be gone: what they held when they were last synced.
        unsynced: BTreeMap<PathBuf, Vec<u8>>,
        /// Names that may be gone: what stood under them before, by folder.
        renamed: Vec<(PathBuf, Option<Vec<u8>>)>,
    }

    impl Trial {
        pub(crate) fn new(fails_at: usize, loss: Loss) -> Self {
            Self { fails_at, loss, n_steps: 0, is_dead: false, unsynced: BTreeMap::new(), renamed: Vec::new() }
        }

        pub(super) fn run(&mut self, step: &Step<'_>, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
            let stopped = || io::Error::other("no space left");
            if self.is_dead {
                return Err(stopped());
            }
            self.n_steps += 1;
            let is_it = self.n_steps - 1 == self.fails_at;
            if !is_it {
                self.note(step);
                return work();
            }
            if let Step::Write(path, bytes) = step {
                // Half of it gets through.
                self.note(step);
                let mut now = fs::read(path).unwrap_or_default();
                now.extend(&bytes[..bytes.len() / 2]);
                fs::write(path, now)?;
            }
            self.is_dead = self.loss != Loss::Error;
            if self.loss == Loss::Power {
                self.lose();
            }
            Err(stopped())
        }

        fn note(&mut self, step: &Step<'_>) {
            match step {
                Step::Write(path, _) | Step::Cut(path) => {
                    self.unsynced.entry(path.to_path_buf()).or_insert_with(|| fs::read(path).unwrap_or_default());
                }
                Step::SyncFile(path) => drop(self.unsynced.remove(*path)),
                Step::Rename(from, to) => {
                    self.renamed.push((to.to_path_buf(), fs::read(to).ok()));
                    if let Some(bytes) = self.unsynced.remove(*from) {
                        self.unsynced.insert(to.to_path_buf(), bytes);
                    }
                }
                Step::SyncDir(dir) => self.renamed.retain(|(path, _)| path.parent() != Some(dir)),
                Step::Remove => {}
            }
        }

        fn lose(&mut self) {
            for (path, bytes) in std::mem::take(&mut self.unsynced) {
                let _ = fs::write(path, bytes);
            }
            for (path, bytes) in std::mem::take(&mut self.renamed).into_iter().rev() {
                let _ = match bytes {
                    Some(bytes) => fs::write(path, bytes),
                    None => fs::remove_file(path),
                };
            }
        }
    }
}
