//! Evidence debt: claims of the case that nothing supports yet, the weakest first.
//!
//! Asked again only when the case changed, never for a frame; the judging is done in the background.

use crate::model::{AnnotationId, Timestamp};

/// A claim that lacks support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// `PM001` …
    pub rule: String,
    /// Where: `C2`, a marker, a row.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub fix: String,
    /// The record, if it is about one.
    pub subject: Option<AnnotationId>,
    /// The moment, if it is about one.
    pub at: Option<Timestamp>,
}

/// What is known of the debt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Debt {
    /// Revision of the case that was asked about.
    pub(crate) asked: Option<u64>,
    /// The weakest claim first.
    pub(crate) owed: Vec<Owed>,
    /// Which one the key leads to next.
    pub(crate) next: usize,
}

impl Debt {
    /// `evidence debt 3`; empty when nothing is owed.
    pub(crate) fn words(&self, is_narrow: IsNarrow) -> String {
        match (self.owed.len(), is_narrow) {
            (0, _) => String::new(),
            (n, IsNarrow::Yes) => format!("debt {n}"),
            (n, IsNarrow::No) => format!("evidence debt {n}"),
        }
    }
}

/// Whether there is room for whole words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsNarrow {
    Yes,
    No,
}
