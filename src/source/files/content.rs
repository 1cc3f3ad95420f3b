//! The decoded bytes of one source: a file on disk that is read in place, or bytes in memory.
//!
//! Files are read with positioned reads, never mapped: a file that shrinks while it is shown gives an error, not a
//! signal. What was packed stays in memory once decoded.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::store::{StoreError, Text};

use super::identity::FileId;

/// Files that stay open at once, far below the usual limit of a process; further ones are opened for every read.
const MAX_OPEN: usize = 200;
/// How many are open now.
static N_OPEN: AtomicUsize = AtomicUsize::new(0);

/// Bytes that somebody hands over instead of a file.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// Part of the binary.
    Static(&'static [u8]),
    /// Shared with the giver.
    Shared(Arc<[u8]>),
}

impl Bytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

/// Decoded bytes and their path in the catalog.
#[derive(Debug)]
pub struct Content {
    path: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Disk {
        file: PathBuf,
        size_bytes: u64,
        open: OnceLock<File>,
        /// The file that was opened first: another one under its name is not read.
        id: OnceLock<FileId>,
    },
    Decoded(Vec<u8>),
    Given(Bytes),
    /// Text that a document was made into.
    Converted {
        original: Arc<Content>,
        text: Vec<u8>,
        keeps_lines: bool,
    },
    /// The beginning of another.
    Cut {
        inner: Arc<Content>,
        size_bytes: u64,
    },
    /// Parts one after another.
    Joined {
        parts: Vec<Part>,
        own: Arc<Content>,
    },
    /// Files of one folder that are one source; as bytes they stand one after another in order of their paths.
    Folder {
        paths: Vec<String>,
        parts: Vec<Part>,
    },
}

/// A part of a joined content.
#[derive(Debug)]
struct Part {
    start: u64,
    content: Arc<Content>,
    /// Whether a line end is put behind it, because it has none.
    is_closed: bool,
}

impl Part {
    fn end(&self) -> u64 {
        self.start + self.content.size_bytes() + u64::from(self.is_closed)
    }
}

/// Where bytes come from.
#[derive(Debug)]
pub enum Kept<'a> {
    /// A file.
    File(&'a Path),
    /// Memory.
    Memory(&'a [u8]),
    /// Other contents, one after another.
    Parts(Vec<&'a Content>),
}

impl Content {
    /// Where its bytes come from.
    pub fn kept(&self) -> Kept<'_> {
        match &self.place {
            Place::Disk { file, .. } => Kept::File(file),
            Place::Joined { parts, .. } | Place::Folder { parts, .. } => {
                Kept::Parts(parts.iter().map(|part| part.content.as_ref()).collect())
            }
            Place::Decoded(bytes) | Place::Converted { text: bytes, .. } => Kept::Memory(bytes),
            Place::Cut { inner, .. } => inner.kept(),
            Place::Given(bytes) => Kept::Memory(bytes.as_slice()),
        }
    }

    /// A plain file of this size.
    pub fn disk(path: String, file: PathBuf, size_bytes: u64) -> Self {
        Self { path, place: Place::Disk { file, size_bytes, open: OnceLock::new(), id: OnceLock::new() } }
    }

    /// The first bytes of a file that is open already; `file` is its name.
    pub fn opened(path: String, file: PathBuf, size_bytes: u64, handle: File) -> io::Result<Self> {
        let id = OnceLock::from(FileId::of(&handle.metadata()?));
        let open = OnceLock::new();
        if N_OPEN.fetch_add(1, Ordering::Relaxed) >= MAX_OPEN || open.set(handle).is_err() {
            N_OPEN.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(Self { path, place: Place::Disk { file, size_bytes, open, id } })
    }

    /// The first bytes of another.
    pub fn cut(inner: Arc<Self>, size_bytes: u64) -> Self {
        Self { path: inner.path.clone(), place: Place::Cut { inner, size_bytes } }
    }

    /// The plain file that it is, or that its last part is, its size when it was read, and which file that was (known once
    /// it was read).
    pub fn file(&self) -> Option<(&PathBuf, u64, Option<FileId>)> {
        match &self.place {
            Place::Disk { file, size_bytes, id, .. } => Some((file, *size_bytes, id.get().copied())),
            Place::Joined { parts, .. } => parts.last()?.content.file(),
            _ => None,
        }
    }

    /// The parts of a joined content, else itself.
    pub fn parts(this: &Arc<Self>) -> Vec<Arc<Self>> {
        match &this.place {
            Place::Joined { parts, .. } => parts.iter().map(|part| Arc::clone(&part.content)).collect(),
            _ => vec![Arc::clone(this)],
        }
    }

    /// The same file as far as it reaches now, if it is still held open: also one that has no name any more.
    pub fn still_open(&self) -> Option<Self> {
        let Place::Disk { file, open, .. } = &self.place else { return None };
        let handle = open.get()?.try_clone().ok()?;
        let size_bytes = handle.metadata().ok()?.len();
        Self::opened(self.path.clone(), file.clone(), size_bytes, handle).ok()
    }

    /// Bytes that were decoded or read from a pipe.
    pub fn decoded(path: String, bytes: Vec<u8>) -> Self {
        Self { path, place: Place::Decoded(bytes) }
    }

    /// Bytes that were handed over.
    pub fn given(path: String, bytes: Bytes) -> Self {
        Self { path, place: Place::Given(bytes) }
    }

    /// The text that a document was made into; `keeps_lines` says that its line numbers are those of the original.
    pub fn converted(original: Arc<Self>, text: Vec<u8>, keeps_lines: bool) -> Self {
        Self { path: original.path.clone(), place: Place::Converted { original, text, keeps_lines } }
    }

    /// Whether this is what a document was made into.
    pub const fn is_converted(&self) -> bool {
        matches!(self.place, Place::Converted { .. })
    }

    /// Parts one after another under the name of `own`; a part whose last line has no end gets one.
    pub fn joined(own: Arc<Self>, contents: Vec<Arc<Self>>) -> Result<Self, StoreError> {
        let mut parts = Vec::with_capacity(contents.len());
        let (mut start, n) = (0, contents.len());
        for (index, content) in contents.into_iter().enumerate() {
            let size = content.size_bytes();
            let is_open = size > 0 && *content.read(size - 1..size)? != b"\n"[..];
            let part = Part { start, content, is_closed: is_open && index + 1 < n };
            start = part.end();
            parts.push(part);
        }
        Ok(Self { path: own.path.clone(), place: Place::Joined { parts, own } })
    }

    /// Files of a folder that are one source, by their paths inside it.
    pub fn folder(path: String, mut files: Vec<(String, Self)>) -> Self {
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let mut start = 0;
        let (mut paths, mut parts) = (Vec::with_capacity(files.len()), Vec::with_capacity(files.len()));
        for (inner, content) in files {
            paths.push(inner);
            parts.push(Part { start, content: Arc::new(content), is_closed: false });
            start = parts.last().map_or(0, Part::end);
        }
        Self { path, place: Place::Folder { paths, parts } }
    }

    /// Paths and contents of the files that it is made of; empty unless it is a folder.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Self)> {
        let (paths, parts) = match &self.place {
            Place::Folder { paths, parts } => (&paths[..], &parts[..]),
            _ => (&[][..], &[][..]),
        };
        paths.iter().map(String::as_str).zip(parts.iter().map(|part| part.content.as_ref()))
    }

    /// Whether it is several files of a folder.
    pub fn is_folder(&self) -> bool {
        matches!(self.place, Place::Folder { .. })
    }

    /// The file whose lines are those of this content: plain, or the original of a text that keeps its lines.
    pub fn plain_file(&self) -> Option<&Path> {
        match &self.place {
            Place::Disk { file, .. } => Some(file),
            Place::Cut { inner, .. } => inner.plain_file(),
            Place::Converted { original, keeps_lines: true, .. } => original.plain_file(),
            _ => None,
        }
    }

    /// The bytes as they were found: what a hash is taken of.
    pub fn original(&self) -> &Self {
        match &self.place {
            Place::Converted { original, .. } => original.original(),
            Place::Joined { own, .. } => own.original(),
            Place::Cut { inner, .. } => inner.original(),
            _ => self,
        }
    }

    /// The bytes whose lines are numbered as the records are, as near to the original as can be.
    pub fn with_lines(&self) -> &Self {
        match &self.place {
            Place::Converted { original, keeps_lines: true, .. } => original,
            _ => self,
        }
    }

    fn read_joined(&self, parts: &[Part], range: &Range<u64>) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        let first = parts.partition_point(|part| part.end() <= range.start);
        for part in parts[first.min(parts.len())..].iter().take_while(|part| part.start < range.end) {
            let size = part.content.size_bytes();
            let from = range.start.max(part.start) - part.start;
            let to = range.end.min(part.end()) - part.start;
            if from < size {
                bytes.extend_from_slice(&part.content.read(from..to.min(size))?);
            }
            if to > size {
                bytes.push(b'\n');
            }
        }
        if bytes.len() as u64 == range.end - range.start {
            return Ok(bytes);
        }
        Err(StoreError::Unreadable { path: self.path.clone(), reason: "has no such bytes".into() })
    }

    /// The first bytes, up to `limit`.
    pub fn head(&self, limit: u64) -> Result<Cow<'_, [u8]>, StoreError> {
        self.read(0..limit.min(self.size_bytes()))
    }

    fn length(&self, range: &Range<u64>) -> Result<usize, StoreError> {
        let reason = || StoreError::Unreadable { path: self.path.clone(), reason: "stretch is too long".into() };
        usize::try_from(range.end.saturating_sub(range.start)).map_err(|_| reason())
    }

    fn part<'a>(&self, bytes: &'a [u8], range: &Range<u64>) -> Result<&'a [u8], StoreError> {
        let part = bytes.get(range.start as usize..range.end as usize);
        part.ok_or_else(|| StoreError::Unreadable { path: self.path.clone(), reason: "has no such bytes".into() })
    }

    /// Fills `bytes` from `start` on.
    fn read_disk(&self, start: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
        let Place::Disk { file, open, id, .. } = &self.place else { return Ok(()) };
        let unreadable = |reason: String| StoreError::Unreadable { path: self.path.clone(), reason };
        let result = match open.get() {
            Some(handle) => read_at(handle, bytes, start),
            None => File::open(file).and_then(|handle| {
                let found = FileId::of(&handle.metadata()?);
                if *id.get_or_init(|| found) != found {
                    return Err(io::Error::other("is another file than the one that was read; open it again to see what it holds now"));
                }
                let result = read_at(&handle, bytes, start);
                if N_OPEN.fetch_add(1, Ordering::Relaxed) >= MAX_OPEN || open.set(handle).is_err() {
                    N_OPEN.fetch_sub(1, Ordering::Relaxed);
                }
                result
            }),
        };
        match result {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(unreadable("is shorter than it was when it was opened; open it again to see what it holds now".into()))
            }
            Err(error) => Err(unreadable(error.to_string())),
        }
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        if let Place::Disk { open, .. } = &self.place
            && open.get().is_some()
        {
            N_OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Text for Content {
    fn path(&self) -> &str {
        &self.path
    }

    fn size_bytes(&self) -> u64 {
        match &self.place {
            Place::Disk { size_bytes, .. } | Place::Cut { size_bytes, .. } => *size_bytes,
            Place::Decoded(bytes) => bytes.len() as u64,
            Place::Given(bytes) => bytes.as_slice().len() as u64,
            Place::Converted { text, .. } => text.len() as u64,
            Place::Joined { parts, .. } | Place::Folder { parts, .. } => parts.last().map_or(0, Part::end),
        }
    }

    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>, StoreError> {
        let bytes = match &self.place {
            Place::Disk { .. } => {
                let mut bytes = vec![0; self.length(&range)?];
                self.read_disk(range.start, &mut bytes)?;
                return Ok(Cow::Owned(bytes));
            }
            Place::Joined { parts, .. } | Place::Folder { parts, .. } => return self.read_joined(parts, &range).map(Cow::Owned),
            Place::Cut { inner, .. } => return inner.read(range),
            Place::Decoded(bytes) | Place::Converted { text: bytes, .. } => bytes,
            Place::Given(bytes) => bytes.as_slice(),
        };
        self.part(bytes, &range).map(Cow::Borrowed)
    }

    fn read_into<'a>(&'a self, range: Range<u64>, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], StoreError> {
        let bytes = match &self.place {
            Place::Disk { .. } => {
                let length = self.length(&range)?;
                if buffer.len() < length {
                    buffer.resize(length, 0);
                }
                self.read_disk(range.start, &mut buffer[..length])?;
                return Ok(&buffer[..length]);
            }
            Place::Joined { parts, .. } | Place::Folder { parts, .. } => {
                *buffer = self.read_joined(parts, &range)?;
                return Ok(buffer);
            }
            Place::Cut { inner, .. } => return inner.read_into(range, buffer),
            Place::Decoded(bytes) | Place::Converted { text: bytes, .. } => bytes,
            Place::Given(bytes) => bytes.as_slice(),
        };
        self.part(bytes, &range)
    }
}

/// Fills `bytes` from `offset` on.
#[cfg(unix)]
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Fills `bytes` from `offset` on.
#[cfg(windows)]
pub(super) fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[n..];
        offset += n as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_shrinks_is_an_error_with_a_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.log");
        std::fs::write(&file, "0123456789").unwrap();
        let content = Content::disk("a.log".into(), file.clone(), 10);
        assert_eq!(content.read(2..5).unwrap(), &b"234"[..]);
        std::fs::write(&file, "0123").unwrap();
        let error = content.read(2..8).unwrap_err().to_string();
        assert!(error.contains("a.log") && error.contains("open it again"), "{error}");
        assert_eq!(content.read(0..4).unwrap(), &b"0123"[..]);
    }
}
