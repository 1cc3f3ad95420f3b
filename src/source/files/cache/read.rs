//! Looks for the index of a log and reads it: first what every view of the log needs, the rest when it is asked for.
//!
//! What is left in the file is looked at once while loading, so that damage is found before anybody says that the log is
//! loaded; and again when it is read, because a file can change in between.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::source::files::content::read_at;
use crate::store::cache::columns::{self, Layout};
use crate::store::cache::{Frame, Key, Remembered, Unfit};
use crate::store::late::KeptParts;
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
    layout: Layout,
    parts: Arc<Parts>,
}

/// Indexes that stay open at once; further ones are opened for every read.
const MAX_OPEN: usize = 100;
/// How many are open now.
static N_OPEN: AtomicUsize = AtomicUsize::new(0);
/// Bytes of segments, or of late columns, that are read at once; a longer part is read alone.
const WINDOW_BYTES: u64 = 1 << 20;

/// A file of parts whose head matches.
#[derive(Debug)]
pub struct Parts {
    path: PathBuf,
    /// `None` when too many are open.
    file: Option<File>,
    frame: Frame,
    starts: Vec<u64>,
    is_lost: AtomicBool,
}

/// Looks for the index of a log in all folders.
pub fn find(options: &CacheOptions, identity: &Identity) -> Found<Opened> {
    look(options, identity, Opened::of)
}

/// Opens an index of whatever it is; `None` for one that is damaged.
pub(super) fn open_any(path: PathBuf) -> Option<Opened> {
    let file = File::open(&path).ok()?;
    Parts::new(file, path, None).and_then(Opened::of).ok()
}

/// Looks for what follows from all logs together, and reads it.
pub fn find_derived<T>(options: &CacheOptions, identity: &Identity, decode: impl Fn(&[u8]) -> Result<T, Unfit>) -> Found<T> {
    look(options, identity, |parts| decode(&parts.part(0)?))
}

/// Whether there is a file for the index of a log; nobody looked into it.
pub fn may_have(options: &CacheOptions, identity: &Identity) -> bool {
    place::folders(options).into_iter().any(|folder| folder.file(&identity.name).is_file())
}

fn look<T>(options: &CacheOptions, identity: &Identity, read: impl Fn(Parts) -> Result<T, Unfit>) -> Found<T> {
    let mut damaged = None;
    for folder in place::folders(options) {
        let path = folder.file(&identity.name);
        let Ok(file) = File::open(&path) else { continue };
        place::touch(&file, &path, options.user.as_ref());
        match Parts::new(file, path.clone(), Some(&identity.key)).and_then(&read) {
            Ok(kept) => return Found::Kept(kept),
            Err(Unfit::Other) => {}
            Err(unfit) => damaged = damaged.or(Some((path, unfit))),
        }
    }
    damaged.map_or(Found::Nothing, |(path, unfit)| Found::Damaged(path, unfit))
}

impl Parts {
    fn new(file: File, path: PathBuf, key: Option<&Key>) -> Result<Self, Unfit> {
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
        let is_kept_open = N_OPEN.fetch_add(1, Ordering::Relaxed) < MAX_OPEN;
        if !is_kept_open {
            N_OPEN.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(Self { path, file: is_kept_open.then_some(file), frame, starts, is_lost: AtomicBool::new(false) })
    }

    /// Bytes of the file, into all of `bytes`.
    fn fill(&self, bytes: &mut [u8], from: u64) -> Result<(), Unfit> {
        match &self.file {
            Some(file) => read_at(file, bytes, from),
            None => File::open(&self.path).and_then(|file| read_at(&file, bytes, from)),
        }
        .map_err(unreadable)
    }

    fn part(&self, index: usize) -> Result<Box<[u8]>, Unfit> {
        let (part, start) = self.frame.parts.get(index).zip(self.starts.get(index)).ok_or(Unfit::Damaged("it lacks a part"))?;
        let mut bytes = vec![0; length(part.len)?].into_boxed_slice();
        self.fill(&mut bytes, *start)?;
        part.check(&bytes)?;
        Ok(bytes)
    }

    /// Visits some parts, whose checksums match, from one buffer: its pages are asked for once.
    fn each(&self, range: Range<usize>, mut visit: impl FnMut(usize, &[u8]) -> Result<(), Unfit>) -> Result<(), Unfit> {
        let (mut buffer, mut window) = (Vec::new(), 0..0u64);
        for index in range.clone() {
            let part = &self.frame.parts[index];
            let own = self.starts[index]..self.starts[index] + part.len;
            if own.end > window.end {
                let ends = (index..range.end).map(|other| self.starts[other] + self.frame.parts[other].len);
                let end = ends.take_while(|end| *end <= own.start + WINDOW_BYTES).last().unwrap_or(own.end).max(own.end);
                window = own.start..end;
                let len = length(window.end - window.start)?;
                buffer.resize(len.max(buffer.len()), 0);
                self.fill(&mut buffer[..len], window.start)?;
            }
            let start = (own.start - window.start) as usize;
            visit(index, part.check(&buffer[start..start + part.len as usize])?)?;
        }
        Ok(())
    }

    /// How many late columns there are.
    pub fn n_late(&self) -> usize {
        Layout::of_parts(self.frame.parts.len()).map_or(0, |layout| layout.late(0..layout.n_segments).len())
    }

    /// Whether some of the late columns are as they were written. Takes no memory for them.
    pub fn check_late(&self, some: Range<usize>) -> Result<(), Unfit> {
        let first = self.frame.parts.len() - self.n_late();
        self.each(first + some.start..first + some.end, |_, _| Ok(()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if self.file.is_some() {
            N_OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl KeptParts for Parts {
    fn read(&self, part: usize) -> Option<Box<[u8]>> {
        let read = self.part(part);
        self.is_lost.fetch_or(read.is_err(), Ordering::Relaxed);
        read.ok()
    }

    fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }
}

impl Opened {
    fn of(parts: Parts) -> Result<Self, Unfit> {
        let remembered = Remembered::decode(&parts.part(0)?)?;
        let layout = Layout::of_parts(parts.frame.parts.len())?;
        Ok(Self { remembered, layout, parts: Arc::new(parts) })
    }

    /// The file of parts.
    pub fn parts(&self) -> Arc<Parts> {
        Arc::clone(&self.parts)
    }

    /// How many segments it holds.
    pub fn n_segments(&self) -> usize {
        self.layout.n_segments
    }

    /// Reads some of the segments.
    pub fn segments(&self, range: Range<usize>) -> Result<Vec<Segment>, Unfit> {
        let kept: Arc<dyn KeptParts> = self.parts();
        let mut segments = Vec::with_capacity(range.len());
        self.parts.each(self.layout.segment(range.start)..self.layout.segment(range.end), |part, bytes| {
            let index = part - self.layout.segment(0);
            segments.push(columns::decode(bytes, &kept, self.layout.late(index..index + 1))?);
            Ok(())
        })?;
        Ok(segments)
    }
}

fn length(bytes: u64) -> Result<usize, Unfit> {
    usize::try_from(bytes).map_err(|_| Unfit::Damaged("a part is too long"))
}

fn read(file: &File, range: Range<u64>) -> Result<Vec<u8>, Unfit> {
    let mut bytes = vec![0; length(range.end - range.start)?];
    read_at(file, &mut bytes, range.start).map_err(unreadable)?;
    Ok(bytes)
}

fn unreadable(_: io::Error) -> Unfit {
    Unfit::Damaged("it cannot be read")
}
