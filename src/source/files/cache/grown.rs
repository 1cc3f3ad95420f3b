//! The index of a log that has grown since it was written: its beginning is taken from there, only the rest is read.
//!
//! Used only for a plain file that is still the same file, whose first bytes are those that the index is of as far as
//! [`N_SAMPLES`] stretches of them tell, and whose lines are read by the same rules now that there are more of them. A log
//! that ended inside a line is not gone on with, nor one that was rotated, cut, or written anew.

use sha2::{Digest, Sha256};

use super::key::{RULES, SAMPLE_BYTES, text};
use super::{CacheOptions, Identity, Opened, place, read};
use crate::parse::log::{Joiner, LogPlan};
use crate::source::files::content::{Content, Kept};
use crate::source::files::identity::FileId;
use crate::store::Text;

/// Stretches that are looked at, four times as many as of a log that did not change: no time of change vouches for the rest.
const N_SAMPLES: u64 = 64;
/// Of the form of the notes.
const VERSION: u8 = 1;
/// Version, hash and joiner.
const BYTES: usize = 1 + 32 + Joiner::BYTES;

/// What is kept beside an index to go on with its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes {
    beginning: [u8; 32],
    /// What the next chunk must know.
    pub joiner: [u8; Joiner::BYTES],
}

impl Notes {
    /// Of a log whose every line was appended through this joiner; `None` when it cannot be gone on with.
    pub fn of(content: &Content, plan: &LogPlan, joiner: &Joiner) -> Option<Self> {
        let size = content.size_bytes();
        let ends_whole = size > 0 && *content.read(size - 1..size).ok()? == *b"\n";
        Some(Self { beginning: beginning(content, plan, size)?, joiner: joiner.to_bytes() }).filter(|_| ends_whole)
    }

    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        [&[VERSION][..], &self.beginning, &self.joiner].concat()
    }

    /// What was encoded; `None` for anything else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
        let (beginning, joiner) = (bytes[1..33].try_into().ok()?, bytes[33..].try_into().ok()?);
        (bytes[0] == VERSION).then_some(Self { beginning, joiner })
    }
}

/// Looks in all folders for an index of the beginning of a log, the longest one of the newest folder.
pub fn find_grown(options: &CacheOptions, identity: &Identity, content: &Content, plan: &LogPlan) -> Option<Opened> {
    let log = format!("{}-", identity.name.split('-').next()?);
    let size = content.size_bytes();
    let is_beginning = |opened: &Opened| {
        let known = opened.remembered.size_bytes();
        let notes = Notes::decode(&opened.remembered.notes);
        (1..size).contains(&known) && notes.is_some_and(|notes| beginning(content, plan, known) == Some(notes.beginning))
    };
    place::folders(options).into_iter().find_map(|folder| {
        let opened = folder.of_log(&log).into_iter().filter_map(read::open_any);
        opened.filter(is_beginning).max_by_key(|opened| opened.remembered.size_bytes())
    })
}

/// Tells the first `size` bytes of a file and the rules by which they are read; `None` for what is no plain file.
fn beginning(content: &Content, plan: &LogPlan, size: u64) -> Option<[u8; 32]> {
    let Kept::File(file) = content.kept() else { return None };
    let id = FileId::of(&std::fs::metadata(file).ok()?);
    let mut hash = Sha256::new();
    text(&mut hash, RULES);
    text(&mut hash, content.path());
    text(&mut hash, &format!("{id:?}"));
    text(&mut hash, &plan.rules());
    hash.update(size.to_le_bytes());
    if size <= N_SAMPLES * SAMPLE_BYTES {
        hash.update(content.read(0..size).ok()?);
    } else {
        let last = size - SAMPLE_BYTES;
        for sample in 0..N_SAMPLES {
            let start = (u128::from(last) * u128::from(sample) / u128::from(N_SAMPLES - 1)) as u64;
            hash.update(content.read(start..start + SAMPLE_BYTES).ok()?);
        }
    }
    Some(hash.finalize().into())
}
