//! Looks for the index of a log and reads it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::source::files::content::read_at;
use crate::store::cache::{Frame, Key, Remembered, Unfit, columns};
use crate::store::segment::Segment;

use super::place;
use super::{CacheOptions, Identity};

/// What was found.
pub enum Found<T> {
    /// What was kept.
    Kept(T),
    /// None that is of it.
    Nothing,
    /// One that is not as it was written.
    Damaged(PathBuf, Unfit),
}

/// The index of a log whose head matches; the segments are still to be read.
pub struct Opened {
    /// What is remembered of the log as a whole.
    pub remembered: Remembered,
    parts: Parts,
}

/// A file of parts whose head matches.
struct Parts {
    path: PathBuf,
    file: File,
    frame: Frame,
    starts: Vec<u64>,
}

/// Looks for the index of a log in all folders.
pub fn find(options: &CacheOptions, identity: &Identity) -> Found<Opened> {
    look(options, identity, |parts| {
        let remembered = Remembered::decode(&parts.read(0)?)?;
        Ok(Opened { remembered, parts })
    })
}

/// Looks for what follows from all logs together, and reads it.
pub fn find_derived<T>(options: &CacheOptions, identity: &Identity, decode: impl Fn(&[u8]) -> Result<T, Unfit>) -> Found<T> {
    look(options, identity, |parts| decode(&parts.read(0)?))
}

fn look<T>(options: &CacheOptions, identity: &Identity, read: impl Fn(Parts) -> Result<T, Unfit>) -> Found<T> {
    let mut damaged = None;
    for folder in place::folders(options) {
        let path = folder.file(&identity.name);
        let Ok(file) = File::open(&path) else { continue };
        place::touch(&file, &path, options.user.as_ref());
        match Parts::new(file, path.clone(), &identity.key).and_then(&read) {
            Ok(kept) => return Found::Kept(kept),
            Err(Unfit::Other) => {}
            Err(unfit) => damaged = damaged.or(Some((path, unfit))),
        }
    }
    damaged.map_or(Found::Nothing, |(path, unfit)| Found::Damaged(path, unfit))
}

impl Parts {
    fn new(file: File, path: PathBuf, key: &Key) -> Result<Self, Unfit> {
        let size = file.metadata().map_err(unreadable)?.len();
        if size < Frame::FIRST_BYTES as u64 {
            return Err(Unfit::Damaged("it is cut off"));
        }
        let head_size = Frame::size_of(&read(&file, 0..Frame::FIRST_BYTES as u64)?)? as u64;
        if size < head_size {
            return Err(Unfit::Damaged("it is cut off"));
        }
        let frame = Frame::decode(&read(&file, 0..head_size)?, key, size)?;
        let starts = frame.starts();
        Ok(Self { path, file, frame, starts })
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Unfit> {
        let (part, start) = self.frame.parts.get(index).zip(self.starts.get(index)).ok_or(Unfit::Damaged("it lacks a part"))?;
        let bytes = read(&self.file, *start..*start + part.len)?;
        part.check(&bytes)?;
        Ok(bytes)
    }
}

impl Opened {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.parts.path
    }

    /// How many segments it holds.
    pub fn n_segments(&self) -> usize {
        self.parts.frame.parts.len() - 1
    }

    /// Reads some of the segments.
    pub fn segments(&self, range: Range<usize>) -> Result<Vec<Segment>, Unfit> {
        // One buffer for all: its pages are asked for once.
        let mut buffer = Vec::new();
        let mut segment = |index: usize| {
            let part = &self.parts.frame.parts[index + 1];
            let len = usize::try_from(part.len).map_err(|_| Unfit::Damaged("a part is too long"))?;
            if buffer.len() < len {
                buffer.resize(len, 0);
            }
            read_at(&self.parts.file, &mut buffer[..len], self.parts.starts[index + 1]).map_err(unreadable)?;
            columns::decode(part.check(&buffer[..len])?)
        };
        range.map(&mut segment).collect()
    }
}

fn read(file: &File, range: Range<u64>) -> Result<Vec<u8>, Unfit> {
    let len = usize::try_from(range.end - range.start).map_err(|_| Unfit::Damaged("a part is too long"))?;
    let mut bytes = vec![0; len];
    read_at(file, &mut bytes, range.start).map_err(unreadable)?;
    Ok(bytes)
}

fn unreadable(_: io::Error) -> Unfit {
    Unfit::Damaged("it cannot be read")
}
