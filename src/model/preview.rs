//! What a few places of a log tell before it is read: shown with `~`, never exported, gone once it is read.

use super::event::Level;
use super::time::{TimeRange, Timestamp};

/// Estimates of the part of a log that is still to be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preview {
    /// Records in it, estimated from the bytes that records take where it was looked.
    pub n_records: u64,
    /// Stretches of time in file order, and how many of its records lie in each.
    pub stretches: Vec<(TimeRange, u64)>,
    /// The last warnings and errors of the file, oldest first.
    pub last: Vec<PreviewLine>,
}

/// One of the last lines of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreviewLine {
    /// When.
    pub time: Option<Timestamp>,
    /// How bad.
    pub level: Level,
    /// Who, if the record says so.
    pub service: Option<String>,
    /// What.
    pub message: String,
}
