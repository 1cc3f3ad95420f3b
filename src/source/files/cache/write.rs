//! Writes an index: part after part into a file of another name, its head last, then the name.

use std::io::{self, Seek, SeekFrom, Write};

use crate::source::Job;
use crate::store::cache::columns::Layout;
use crate::store::cache::{Frame, Part, Remembered};
use crate::store::log::LogBuilder;

use super::place::{self, Folder};
use super::{CacheOptions, Identity};

/// Keeps the index of a log that is loaded, with notes of the loader, in the first folder that takes it. Quiet when
/// none does: the log is then read again next time.
pub fn write(options: &CacheOptions, identity: &Identity, log: &LogBuilder, notes: &[u8], job: &Job) {
    let layout = Layout::of(log);
    let part = |part| if part == 0 { Remembered::encode(log, notes) } else { layout.encode(log, part, options.min_late_bytes) };
    write_parts(options, identity, layout.n_parts(), &part, job);
}

/// Keeps what follows from all logs together.
pub fn write_derived(options: &CacheOptions, identity: &Identity, series: &[u8], job: &Job) {
    write_parts(options, identity, 1, &|_| series.to_vec(), job);
}

fn write_parts(options: &CacheOptions, identity: &Identity, n_parts: usize, part: &dyn Fn(usize) -> Vec<u8>, job: &Job) {
    for folder in place::folders(options) {
        if job.check().is_err() || write_to(&folder, identity, n_parts, part, job).is_ok() {
            return;
        }
    }
}

fn write_to(folder: &Folder, identity: &Identity, n_parts: usize, part: &dyn Fn(usize) -> Vec<u8>, job: &Job) -> io::Result<()> {
    let mut unfinished = folder.begin(&identity.name)?;
    let mut parts = Vec::with_capacity(n_parts);
    unfinished.file.seek(SeekFrom::Start(Frame::size_bytes(n_parts) as u64))?;
    for bytes in (0..n_parts).map(part) {
        // Dropped unfinished, it is removed.
        job.check().map_err(io::Error::other)?;
        parts.push(Part::of(&bytes));
        unfinished.file.write_all(&bytes)?;
    }
    unfinished.file.seek(SeekFrom::Start(0))?;
    unfinished.file.write_all(&Frame { key: identity.key, parts }.encode())?;
    // What was changed while it was read is not what the key says.
    if !identity.is_settled() {
        return Ok(());
    }
    unfinished.finish()?;
    folder.tidy(&identity.name);
    Ok(())
}
