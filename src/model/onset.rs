//! Moments at which something left its own baseline.

use super::event::Level;
use super::query::EventFilter;
use super::series::SeriesId;
use super::time::{TimeRange, Timestamp};

/// Where to look for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnsetQuery {
    /// Series that are looked at.
    pub ids: Vec<SeriesId>,
    /// Events that are counted.
    pub filter: EventFilter,
    /// What is normal.
    pub baseline: TimeRange,
    /// Where to look.
    pub range: TimeRange,
    /// From where, and which way.
    pub from: Timestamp,
    /// Whether the next one is wanted, or the one before.
    pub is_forward: bool,
}

/// What left its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnsetOf {
    /// The values of a series.
    Series(SeriesId),
    /// The number of events of this level or worse; `None` counts all.
    Events(Option<Level>),
}

/// A moment at which something left its baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Onset {
    /// The first sample or event beyond it; the start of `within` where none can be told.
    pub at: Timestamp,
    /// The first stretch beyond it.
    pub within: TimeRange,
    /// Below and above which a stretch is beyond it.
    pub limits: (f64, f64),
    /// What did.
    pub of: OnsetOf,
    /// What is usual: the median of the baseline; of events in a second.
    pub normal: f64,
    /// The mean of that stretch; of events in a second.
    pub value: f64,
}
