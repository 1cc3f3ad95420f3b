//! What to open and how, and why nothing is opened.

use std::path::PathBuf;
use std::sync::Arc;

use super::cache::CacheOptions;
use super::content::Bytes;
use super::decode;
use super::said::Said;
use crate::model::Timestamp;
use crate::parse::log::{NamedFormat, Patterns};

/// What to open and how.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Files, folders, patterns, or `-` for standard input.
    pub sources: Vec<PathBuf>,
    /// Named bytes, for a case that is part of the binary.
    pub memory: Vec<(String, Bytes)>,
    /// Zones of times without one: for the sources that a pattern names, or for all.
    pub zones: Vec<(Option<String>, String)>,
    /// Formats that the user describes.
    pub formats: Vec<Arc<NamedFormat>>,
    /// Formats that the user says sources have: for those that a pattern names, or for all.
    pub forced: Vec<(Option<String>, String)>,
    /// Columns of tables that the user says hold the time: for the sources that a pattern names, or for all.
    pub time_columns: Vec<(Option<String>, String)>,
    /// When the clocks of logs without dates began, by the pattern that names them.
    pub anchors: Vec<(String, Timestamp)>,
    /// What is to be told of sources that a case speaks of.
    pub said: Said,
    /// At most so many bytes are decoded into memory, all sources together.
    pub max_decoded_bytes: u64,
    /// How far one of them may grow.
    pub growth: decode::Growth,
    /// Threads that parse; never changes an answer.
    pub jobs: usize,
    /// Paths are shown relative to this folder; without it, relative to the one folder that is opened, else as given.
    pub base: Option<PathBuf>,
    /// Bytes of a log that are parsed at once; never changes an answer.
    pub chunk_bytes: u64,
    /// Where indexes of logs are kept; without it none is read or written. Never changes an answer.
    pub cache: Option<CacheOptions>,
    /// Whether series are computed of those that were measured.
    pub computed: ComputedSeries,
    /// Whether anybody looks while it loads; never changes an answer.
    pub preview: Preview,
    /// For the bench that measures what patterns cost; no index may be kept without them.
    #[doc(hidden)]
    pub patterns: Patterns,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            memory: Vec::new(),
            zones: Vec::new(),
            max_decoded_bytes: 4 << 30,
            growth: decode::Growth::Honest,
            formats: Vec::new(),
            forced: Vec::new(),
            time_columns: Vec::new(),
            anchors: Vec::new(),
            said: Said::default(),
            jobs: std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            base: None,
            // With its columns it stays in the second cache while it is read.
            chunk_bytes: 1 << 20,
            cache: None,
            computed: ComputedSeries::Made,
            preview: Preview::Shown,
            patterns: Patterns::Found,
        }
    }
}

/// Rates, quantiles and ratios that loading makes of the series that were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ComputedSeries {
    /// They are in the catalog.
    #[default]
    Made,
    /// Nobody will look at them: for answers about events only.
    LeftOut,
}

/// What is shown of large files before they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preview {
    /// Extent, density and the last errors, from a look at a few places.
    Shown,
    /// Nothing, because the answer comes at the end.
    LeftOut,
}

/// Why nothing is opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing was named.
    #[error("no source given; name a file, a folder, a pattern, or - for standard input")]
    NoSource,
    /// There is no such file.
    #[error("{path}: no such file or folder")]
    NotFound {
        /// As given.
        path: String,
    },
    /// A pattern without a match.
    #[error("{pattern}: no file matches this pattern")]
    NothingMatches {
        /// As given.
        pattern: String,
    },
    /// A pattern that is none.
    #[error("{pattern}: {reason}")]
    Pattern {
        /// As given.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// Something that is not read.
    #[error("{path}: {reason}")]
    Refused {
        /// As given.
        path: String,
        /// Why, and the way out.
        reason: String,
    },
    /// A format that nobody knows.
    #[error("format {text:?} is unknown; give one of a --format-file, or one of: {known}")]
    Format {
        /// As given.
        text: String,
        /// Names that are known.
        known: String,
    },
    /// A zone that nobody knows.
    #[error("time zone {text:?} is unknown; give UTC, a name such as Europe/Berlin, or an offset such as +05:30")]
    Zone {
        /// As given.
        text: String,
    },
}
