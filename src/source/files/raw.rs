//! What a source holds, byte for byte: lines by number and the hash of all of it. In blocks, so that any size will do.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use sha2::{Digest as _, Sha256};

use super::content::Content;
use crate::source::{Job, RawLines, SourceError};
use crate::store::Text as _;
use crate::store::segment::count_lines;

/// Bytes that one reading of text takes at once.
const BLOCK_BYTES: u64 = 1 << 20;
/// Lines that one question may ask for, in bytes: far more than evidence holds.
const MAX_LINES_BYTES: u64 = 64 << 20;

/// Lines by number, looked for from a place whose line is known.
pub(super) fn lines(
    content: &Content,
    (mut at, mut line): (u64, u64),
    wanted: RangeInclusive<u64>,
    job: &Job,
) -> Result<RawLines, SourceError> {
    let (first, last) = wanted.into_inner();
    let end = content.size_bytes();
    let (mut bytes, mut last_found) = (Vec::new(), 0);
    while at < end && line <= last {
        job.check()?;
        let block = content.read(at..end.min(at + BLOCK_BYTES))?;
        at += block.len() as u64;
        let n = count_lines(&block);
        if line + n < first {
            line += n;
            continue;
        }
        for part in block.split_inclusive(|byte| *byte == b'\n') {
            if (first..=last).contains(&line) {
                bytes.extend_from_slice(part);
                last_found = line;
            }
            line += u64::from(part.ends_with(b"\n"));
        }
        if bytes.len() as u64 > MAX_LINES_BYTES {
            return Err(SourceError::Question(format!("{}: lines {first} to {last} are too long to be shown", content.path())));
        }
    }
    if last_found < last {
        return Err(SourceError::Question(format!("{} has no line {last}", content.path())));
    }
    Ok(RawLines { bytes, first, last })
}

/// SHA-256 of everything, as hexadecimal digits.
pub(super) fn sha256(content: &Content, job: &Job) -> Result<String, SourceError> {
    let mut hasher = Sha256::new();
    let (mut at, end) = (0, content.size_bytes());
    while at < end {
        job.check()?;
        let block = content.read(at..end.min(at + BLOCK_BYTES))?;
        hasher.update(&block);
        at += block.len() as u64;
    }
    let mut hash = String::with_capacity(64);
    for byte in hasher.finalize() {
        let _ = write!(hash, "{byte:02x}");
    }
    Ok(hash)
}
