//! Which file a name means: the same name may mean another file a moment later, and the same file get another name.

use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// A file of this machine, whatever it is called. Given to another file once this one is deleted and closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    /// Of an open file, or of what a name means now.
    #[cfg(unix)]
    pub fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { device: meta.dev(), number: meta.ino() }
    }

    /// The time of creation stands for the number that this system does not tell.
    #[cfg(not(unix))]
    pub fn of(meta: &Metadata) -> Self {
        let created = meta.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        Self { device: 0, number: created.map_or(0, |since| since.as_nanos() as u64) }
    }
}

/// The file beside `path` that is this one: where rotation put it.
pub fn find_beside(path: &Path, id: FileId) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<PathBuf> = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    names.sort();
    names.into_iter().find(|name| fs::symlink_metadata(name).is_ok_and(|meta| meta.is_file() && FileId::of(&meta) == id))
}

/// How many bytes at both ends of what was read tell whether it is still there.
pub const PROBE_BYTES: u64 = 1024;

/// What stands at both ends of the first `size` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// Bytes that it tells of.
    pub size: u64,
    hash: (u64, u64),
}

impl Ends {
    /// Reads both ends; `None` when they cannot be read.
    pub fn of<E>(size: u64, read: impl Fn(std::ops::Range<u64>) -> Result<Vec<u8>, E>) -> Option<Self> {
        let hash = |range: std::ops::Range<u64>| {
            let mut hasher = DefaultHasher::new();
            hasher.write(&read(range).ok()?);
            Some(hasher.finish())
        };
        let head = hash(0..size.min(PROBE_BYTES))?;
        let tail = hash(size.saturating_sub(PROBE_BYTES)..size)?;
        Some(Self { size, hash: (head, tail) })
    }
}
