//! Whether evidence still stands where it was pinned.

/// Where the thing that evidence points at is now, in the sources that are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Where it was, the same.
    Holds,
    /// The same, in another place: a rotated, renamed, packed or exported file, or other lines of it.
    Moved {
        /// Path of the source that holds it now.
        source: String,
        /// First line from 1, for lines.
        line: Option<u64>,
    },
    /// Nowhere; what is there instead, if there is something.
    Lost {
        /// Why, in words.
        why: String,
    },
    /// It points outside of the sources.
    Outside,
}

impl Standing {
    /// Name in JSON: `ok`, `moved`, `lost`, `outside`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Holds => "ok",
            Self::Moved { .. } => "moved",
            Self::Lost { .. } => "lost",
            Self::Outside => "outside",
        }
    }

    /// In words: `moved to b.log:17`.
    pub fn words(&self) -> String {
        match self {
            Self::Holds => "ok".to_owned(),
            Self::Moved { source, line: Some(line) } => format!("moved to {source}:{line}"),
            Self::Moved { source, line: None } => format!("moved to {source}"),
            Self::Lost { why } => format!("lost: {why}"),
            Self::Outside => "outside of the sources".to_owned(),
        }
    }
}
