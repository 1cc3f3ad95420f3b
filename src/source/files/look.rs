//! What became of the file of one source since it was read: nothing, it grew, moved, shrank, vanished or is another one.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{Problem, ProblemKind, SourceKind, Timestamp, text};
use crate::store::Text;
use crate::store::log::LogBuilder;

use super::content::Content;
use super::decode::Packing;
use super::identity::{Ends, FileId, find_beside};
use super::load::Loader;
use super::loading::Loading;
use super::unpack::EntryBytes;
use super::{expand, names};

/// A source's file as it was when it was read.
#[derive(Debug)]
pub struct OnDisk {
    pub(super) file: PathBuf,
    pub(super) packing: Option<Packing>,
    pub(super) id: Option<FileId>,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<Timestamp>,
    pub(super) ends: Option<Ends>,
    /// It changed; it is read again when the next look finds it the same.
    pub(super) moving: Option<(u64, Option<Timestamp>)>,
    is_deleted: bool,
    /// How many files that its log went on in are gone from the disk.
    pub(super) n_gone: usize,
    /// Rotation moved the file before it away, which may still be written to.
    has_rotated: bool,
}

/// What became of one file.
pub enum Look {
    /// Nothing happened, or nothing that can be read yet.
    Same,
    /// Its log is longer now.
    Longer(Arc<Content>),
    /// It is to be read from the start.
    Other,
}

impl OnDisk {
    /// The file of what is being loaded; `None` for what lies in memory or in an archive.
    pub fn of(bytes: &EntryBytes, modified: Option<Timestamp>) -> Option<Self> {
        let (file, packing, size) = match bytes {
            EntryBytes::Ready(content) => content.file().map(|(file, size, _)| (file.clone(), None, Some(size)))?,
            EntryBytes::Packed(file, packing) => (file.clone(), Some(*packing), None),
            EntryBytes::Gone => return None,
        };
        Some(Self { file, packing, id: None, size, modified, ends: None, moving: None, is_deleted: false, n_gone: 0, has_rotated: false })
    }
}

impl Loader<'_> {
    /// Remembers both ends of every log that was read now, to see later whether they are still there.
    pub(super) fn remember_ends(&mut self) {
        for source in self.sources.iter_mut().filter(|source| source.reading.is_some()) {
            let Some(disk) = source.on_disk.as_mut().filter(|disk| disk.ends.is_none()) else { continue };
            let Some(last) = Content::parts(&source.content).pop() else { continue };
            disk.ends = ends_of(&last, last.size_bytes());
            disk.id = last.file().and_then(|(.., id)| id);
        }
    }

    /// Which source reads which file.
    pub(super) fn owners(&self) -> HashMap<FileId, usize> {
        let ids = |(index, source): (usize, &Loading)| {
            let parts = Content::parts(&source.content).into_iter().filter_map(|part| Some((part.file()?.2?, index)));
            parts.chain(source.on_disk.as_ref().and_then(|disk| Some((disk.id?, index)))).collect::<Vec<_>>()
        };
        self.sources.iter().enumerate().filter(|(_, source)| source.reading.is_some()).flat_map(ids).collect()
    }

    /// Looks at the file of one source.
    pub(super) fn look_at(&mut self, index: usize, owners: &HashMap<FileId, usize>) -> Look {
        let source = &mut self.sources[index];
        let Some(disk) = &mut source.on_disk else { return Look::Same };
        let meta = match fs::metadata(&disk.file) {
            Ok(meta) => meta,
            Err(error) => {
                if error.kind() == io::ErrorKind::NotFound && !disk.is_deleted {
                    disk.is_deleted = true;
                    happened(source, ProblemKind::Unreadable, "was deleted; what was read of it is kept".into());
                }
                return Look::Same;
            }
        };
        let (id, now) = (FileId::of(&meta), (meta.len(), expand::modified(&meta)));
        let is_followed = source.reading.is_some() && source.content.file().is_some();
        if disk.has_rotated && is_previous_longer(&source.content) {
            return Look::Other;
        }
        let known = disk.id.get_or_insert(id);
        if *known == id && disk.size.unwrap_or(now.0) == now.0 && disk.modified == now.1 {
            disk.size = Some(now.0);
            return Look::Same;
        }
        if !is_followed {
            // A log whose way of reading on is not known is read on from its start.
            let is_log = source.log.is_some() && source.content.file().is_some();
            return if is_log { Look::Other } else { changed_whole(source, id, now) };
        }
        if *known != id {
            return self.replaced(index, id, owners);
        }
        self.changed_log(index, &meta)
    }

    /// A log whose file is the same but was written to.
    fn changed_log(&mut self, index: usize, meta: &Metadata) -> Look {
        let source = &mut self.sources[index];
        let Some(disk) = &mut source.on_disk else { return Look::Same };
        let (old_size, size) = (disk.size.unwrap_or(0), meta.len());
        if size < old_size {
            let reason = format!(
                "was cut from {} to {} bytes while it was followed; it is read again from its start",
                text::grouped(old_size),
                text::grouped(size)
            );
            happened(source, ProblemKind::Truncated, reason);
            return Look::Other;
        }
        // It may have got another name just now: the next look tells.
        let Some(content) = opened(&source.report.path, &disk.file, disk.id) else { return Look::Same };
        let is_same = disk.ends.is_none_or(|ends| ends_of(&content, ends.size) == Some(ends));
        if !is_same {
            let reason = "was written anew while it was followed: its first bytes are others now; it is read again from its start";
            happened(source, ProblemKind::Truncated, reason.into());
            return Look::Other;
        }
        disk.modified = expand::modified(meta);
        disk.size = Some(content.size_bytes());
        disk.ends = ends_of(&content, content.size_bytes());
        if content.size_bytes() == old_size {
            return Look::Same;
        }
        let content = Arc::new(content);
        let mut parts = Content::parts(&source.content);
        parts.pop();
        with_last(parts, content).map_or(Look::Same, Look::Longer)
    }

    /// Another file took the name of a log: rotation moved the old one away, or somebody replaced it.
    fn replaced(&mut self, index: usize, id: FileId, owners: &HashMap<FileId, usize>) -> Look {
        let source = &mut self.sources[index];
        let Some(disk) = &mut source.on_disk else { return Look::Same };
        let old = disk.id;
        let moved = old.and_then(|old| find_beside(&disk.file, old));
        if owners.get(&id).is_some_and(|owner| *owner != index) {
            // The file under this name belongs to another log; ours is elsewhere.
            if let Some(moved) = moved {
                disk.file = moved;
            }
            return Look::Same;
        }
        let mut parts = Content::parts(&source.content);
        let Some(last) = parts.pop() else { return Look::Same };
        let rest = match &moved {
            Some(file) => {
                let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                opened(&format!("{}{name}", names::folder(&source.report.path)), file, old)
            }
            None => last.still_open(),
        };
        if moved.is_none() {
            disk.n_gone += 1;
            let reason = "another file took its name and it is gone; what was read of it is kept, and the new file goes on";
            happened(source, ProblemKind::Unreadable, reason.into());
        }
        let Some(disk) = &mut source.on_disk else { return Look::Same };
        parts.push(rest.map_or(last, Arc::new));
        let Some(content) = opened(&source.report.path, &disk.file, Some(id)) else { return Look::Same };
        *disk = OnDisk {
            id: Some(id),
            size: Some(content.size_bytes()),
            modified: None,
            ends: ends_of(&content, content.size_bytes()),
            file: disk.file.clone(),
            packing: None,
            moving: None,
            is_deleted: false,
            n_gone: disk.n_gone,
            has_rotated: true,
        };
        with_last(parts, Arc::new(content)).map_or(Look::Same, Look::Longer)
    }
}

/// A file that is not a log: read again as a whole when it stands still, or at once when it has become twice as long.
fn changed_whole(source: &mut Loading, id: FileId, now: (u64, Option<Timestamp>)) -> Look {
    let Some(disk) = &mut source.on_disk else { return Look::Same };
    let has_doubled = disk.packing.is_none() && disk.size.is_some_and(|size| now.0 > size && now.0 >= size.saturating_mul(2));
    let is_document = matches!(source.report.kind, SourceKind::Metrics | SourceKind::Alerts | SourceKind::Profile);
    if disk.moving == Some(now) || has_doubled && !is_document {
        (disk.id, disk.size, disk.modified) = (Some(id), Some(now.0), now.1);
        return Look::Other;
    }
    disk.moving = Some(now);
    Look::Same
}

/// Whether somebody still wrote to the last but one file of a log.
fn is_previous_longer(content: &Arc<Content>) -> bool {
    let parts = Content::parts(content);
    let previous = parts.len().checked_sub(2).and_then(|at| parts.get(at));
    previous.is_some_and(|part| part.still_open().is_some_and(|now| now.size_bytes() > part.size_bytes()))
}

pub(super) fn happened(source: &mut Loading, kind: ProblemKind, reason: String) {
    let line = source.log.as_ref().map_or(0, |log| log.facts().n_lines);
    let byte = source.log.as_ref().map_or(0, LogBuilder::end_byte);
    source.happened.push(Problem { line, byte, kind, reason });
}

/// The whole file under a name; `None` when it cannot be opened or is not the one that is meant.
pub fn opened(path: &str, file: &PathBuf, id: Option<FileId>) -> Option<Content> {
    let handle = File::open(file).ok()?;
    let size = handle.metadata().ok()?.len();
    let content = Content::opened(path.to_owned(), file.clone(), size, handle).ok()?;
    (id.is_none() || content.file().is_some_and(|(.., found)| found == id)).then_some(content)
}

/// Both ends of the first bytes of a content; `None` when it has not as many or they cannot be read.
pub fn ends_of(content: &Content, size: u64) -> Option<Ends> {
    Ends::of(size.min(content.size_bytes()), |range| content.read(range).map(std::borrow::Cow::into_owned)).filter(|ends| ends.size == size)
}

/// The parts and a last one; alone it is itself.
pub fn with_last(mut parts: Vec<Arc<Content>>, last: Arc<Content>) -> Option<Arc<Content>> {
    if parts.is_empty() {
        return Some(last);
    }
    parts.push(Arc::clone(&last));
    Content::joined(last, parts).ok().map(Arc::new)
}
