//! A loaded log as bytes and back, so that it need not be parsed again: pure, knows no files.
//!
//! A cache is a [`Frame`] (what it is of, and a checksum of every part) and its parts: first everything that is known
//! of the log as a whole ([`facts`]), then one part a segment ([`columns`]), so that parts can be read on any thread,
//! then the large columns that few questions need, a part each, which stay where they are until they are asked for.
//! What was derived from all logs together is a cache of one part ([`series`]).
//! Nothing in it is believed: what does not match, or would make an answer impossible, gives [`Unfit`], and the log is
//! read again.

pub mod columns;
pub mod facts;
pub mod frame;
pub mod series;
mod wire;

#[cfg(test)]
mod tests;

pub use facts::Remembered;
pub use frame::{Frame, Key, Part};

/// Why a cache is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is of something else: another text, other rules, another version.
    #[error("is of another text or version")]
    Other,
    /// It is not as it was written.
    #[error("{0}")]
    Damaged(&'static str),
}
