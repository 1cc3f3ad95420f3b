//! The index of logs that were read before, so that opening them again need not parse: which file holds it, and
//! whether it may be used.
//!
//! An index is used only when its key is that of the log: the same bytes as far as size, time of change and samples
//! tell, read by the same plan (which holds everything that the options and the other sources decide) and by the same
//! version of the rules; of a log that has grown since, the index of its beginning is used (`grown`). Everything else about a source, its format and the reasons for it, is found out anew every time.
//! The form of the bytes is [`crate::store::cache`]; an index that is damaged is told of and made again.

mod grown;
mod key;
mod place;
mod read;
mod write;

use std::path::PathBuf;

pub use grown::{Notes, find_grown};
pub use key::Identity;
pub use read::{Found, Opened, Parts, find, find_derived, may_have};
pub use write::{write, write_derived};

/// Less than this, all logs together, is parsed in a few hundredths of a second: an index would only litter the folder.
const MIN_BYTES: u64 = 8 << 20;
/// Where indexes are worth it, a log of less than this gets none: opening its index costs what parsing it does.
const MIN_LOG_BYTES: u64 = 256 << 10;
/// Less than a page costs as much to leave as to read.
const MIN_LATE_BYTES: usize = 2 << 10;

/// Where indexes are kept, and of what.
#[derive(Debug, Clone)]
pub struct CacheOptions {
    /// Folder of a case: tried first.
    pub beside: Option<PathBuf>,
    /// Folder of the user's caches: when there is no case folder or it takes no files.
    pub user: Option<PathBuf>,
    /// Nothing is kept when all logs together are smaller; never changes an answer.
    pub min_bytes: u64,
    /// Nothing is kept of a log that is smaller.
    pub min_log_bytes: u64,
    /// Columns of a segment that are smaller are read with it, larger ones when they are asked for; never changes an answer.
    pub min_late_bytes: usize,
}

impl CacheOptions {
    /// Indexes beside a case or in the folder of the user's caches.
    pub fn new(beside: Option<PathBuf>, user: Option<PathBuf>) -> Self {
        Self { beside, user, min_bytes: MIN_BYTES, min_log_bytes: MIN_LOG_BYTES, min_late_bytes: MIN_LATE_BYTES }
    }
}
