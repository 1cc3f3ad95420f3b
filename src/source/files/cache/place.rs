//! Folders of indexes: made when first needed, kept out of git and backups, and never larger than a bound.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::CacheOptions;

/// Where indexes lie in the folder of a case.
const BESIDE: &str = ".coroner/index";
/// How the name of an index ends.
pub const INDEX: &str = "index";
/// How the name of the series ends that were derived from all logs.
pub const SERIES: &str = "series";
/// How the name of one that is being written ends.
const UNFINISHED: &str = "unfinished";
/// All files of a folder: those of some fifty gigabytes of logs.
const MAX_FOLDER_BYTES: u64 = 2 << 30;
/// Files of one log: of its last states, or of the last ways to read it.
const MAX_OF_ONE_LOG: usize = 3;
/// What was not finished for so long never will be: its process is gone.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// A folder of indexes, which need not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// The folders to look into and to write to, the first one first.
pub fn folders(options: &CacheOptions) -> Vec<Folder> {
    let beside = options.beside.as_ref().filter(|case| case.is_dir()).map(|case| case.join(BESIDE));
    beside.into_iter().chain(options.user.clone()).map(Folder).collect()
}

impl Folder {
    /// The file of an index.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The files of indexes whose names begin like this, the newest first.
    pub fn of_log(&self, name: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let is_of_log = |path: &Path| {
            path.extension().is_some_and(|ending| ending == INDEX)
                && path.file_name().and_then(|own| own.to_str()).is_some_and(|own| own.starts_with(name))
        };
        let mut found: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter(|entry| is_of_log(&entry.path()))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.into_iter().map(|(_, path)| path).collect()
    }

    /// Makes the folder, with words to git and to backup programs that nothing in it is worth keeping.
    fn make(&self) -> io::Result<()> {
        if self.0.join("CACHEDIR.TAG").is_file() {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            // An index holds messages of the log: what others may not read there, they must not read here.
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        }
        builder.create(&self.0)?;
        fs::write(self.0.join(".gitignore"), "*\n")?;
        fs::write(
            self.0.join("CACHEDIR.TAG"),
            "Signature: 8a477f597d28d172789f06886806bc55\n# Indexes of logs, made by coroner. They are made again when they are gone.\n",
        )
    }

    /// A new file to write an index to, which nobody else writes.
    pub fn begin(&self, name: &str) -> io::Result<Unfinished> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        self.make()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = self.0.join(format!("{name}.{}-{number}.{UNFINISHED}", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let file = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Of a process that is gone, whose number is ours now.
                fs::remove_file(&path)?;
                options.open(&path)?
            }
            opened => opened?,
        };
        Ok(Unfinished { file, path, target: self.file(name) })
    }

    /// Removes what nobody will ever ask for, and the oldest beyond the bounds. `name` was written last.
    pub fn tidy(&self, name: &str) {
        let Ok(entries) = fs::read_dir(&self.0) else { return };
        let now = SystemTime::now();
        let mut kept = Vec::new();
        for entry in entries.filter_map(Result::ok) {
            let (path, Ok(meta)) = (entry.path(), entry.metadata()) else { continue };
            let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let ending = path.extension().and_then(|ending| ending.to_str());
            if matches!(ending, Some(INDEX | SERIES)) {
                kept.push((modified, path, meta.len()));
            } else if ending == Some(UNFINISHED) && now.duration_since(modified).is_ok_and(|age| age >= ABANDONED_AFTER) {
                let _ = fs::remove_file(path);
            }
        }
        kept.sort_unstable_by(|a, b| b.cmp(a));
        let log = name.split('-').next().unwrap_or(name);
        let is_of_log = |path: &Path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(log));
        let (mut n_of_log, mut sum) = (0, 0);
        for (_, path, size) in kept {
            n_of_log += usize::from(is_of_log(&path));
            sum += size;
            if path != self.file(name) && (sum > MAX_FOLDER_BYTES || is_of_log(&path) && n_of_log > MAX_OF_ONE_LOG) {
                sum -= size;
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// An index that is being written: gone when it is dropped.
#[derive(Debug)]
pub struct Unfinished {
    /// To write to.
    pub file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Unfinished {
    /// Puts it in its place, whole, for whoever opens it from now on. Not forced onto the disk: after a crash of the machine
    /// its checksums tell.
    pub fn finish(self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}

/// Says that an index was used, so that it is not the oldest.
pub fn touch(file: &File, path: &Path, user: Option<&PathBuf>) {
    // Beside a case nothing changes by reading: that folder may be compared and copied.
    if user.is_some_and(|user| path.starts_with(user)) {
        let _ = file.set_modified(SystemTime::now());
    }
}
