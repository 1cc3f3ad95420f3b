//! Who answers questions about an incident: the embedded engine over files now, remote engines later.
//!
//! Every answer is already reduced to what a screen or a page needs. Nothing above this folder can tell
//! the engines apart; `contract` is the suite that all must pass.

pub mod curtain;
pub mod files;
pub mod job;
pub mod pace;

pub use curtain::Curtain;
pub use job::Job;

use std::path::PathBuf;
use std::sync::Arc;

pub use crate::store::derived::Computed;
pub use crate::store::promql::Steps;

use crate::model::facets::{FacetQuery, Facets};
use crate::model::offset::ClockOffsets;
use crate::model::query::{BestEvent, BestQuery, FieldSeen, HistogramQuery, Pattern, PatternQuery, Stats, StatsQuery, ValueAt};
use crate::model::skew::Stamp;
use crate::model::zones::SourceZones;
use crate::model::{
    Catalog, Columns, Event, EventFilter, EventPage, EventQuery, EventRef, Histogram, Sample, SeriesId, SeriesQuery, SourceId, TimeRange,
    Timestamp,
};

/// An answer, and what the engine said about it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// Whether some of the data was not reached (still loading, a limit, a failed shard): shown, never hidden.
    pub is_partial: bool,
    /// Words of the engine for the user.
    pub warnings: Vec<String>,
}

impl<T> Answer<T> {
    /// A complete answer without a word.
    pub fn complete(value: T) -> Self {
        Self { value, is_partial: false, warnings: Vec::new() }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The question was taken back.
    #[error("cancelled")]
    Cancelled,
    /// The question cannot be answered as it stands.
    #[error("{0}")]
    Question(String),
    /// A file could not be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Lines of a source as they stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLines {
    /// Bytes with their line ends.
    pub bytes: Vec<u8>,
    /// First line from 1.
    pub first: u64,
    /// Last line, inclusive.
    pub last: u64,
}

/// Answers questions. Synchronous: runs on a blocking thread, checks `job` for cancellation every chunk.
pub trait Source: Send + Sync {
    /// What is there so far. Cheap: a shared snapshot.
    fn catalog(&self, job: &Job) -> Result<Arc<Catalog>, SourceError>;

    /// Series reduced to `query.columns`, one answer an id in the order asked. O(columns) a series.
    fn series(&self, query: &SeriesQuery, job: &Job) -> Result<Answer<Vec<Columns>>, SourceError>;

    /// Value of each series at `at`: the last sample at or before, `None` when there is none or it is stale.
    fn values_at(&self, ids: &[SeriesId], at: Timestamp, job: &Job) -> Result<Answer<Vec<Option<ValueAt>>>, SourceError>;

    /// Samples of one series inside `range` as the source states them, at most `limit`; partial when cut.
    fn samples(&self, id: SeriesId, range: TimeRange, limit: usize, job: &Job) -> Result<Answer<Vec<Sample>>, SourceError>;

    /// What a `PromQL` expression says of the series, at the given steps or, without, at their own interval over all time.
    /// The error of one that is not understood names part and column.
    fn evaluate(&self, expression: &str, steps: Option<Steps>, job: &Job) -> Result<Answer<Vec<Computed>>, SourceError> {
        let _ = (expression, steps, job);
        Err(SourceError::Question("this source evaluates no expressions".into()))
    }

    /// Makes series of these formulas and forgets those of others; the catalog then holds them. Warnings name the formulas
    /// that say nothing and why. Only of a source that is loaded to its end.
    fn define(&self, formulas: &[String], job: &Job) -> Result<Answer<Arc<Catalog>>, SourceError> {
        let _ = formulas;
        Ok(Answer::complete(self.catalog(job)?))
    }

    /// Takes the times of these sources, by their paths, as written in these zones, and those of all others as they were
    /// read. An empty name is the zone of a source of which nobody says anything. `set_clocks` then answers at these times.
    fn set_zones(&self, zones: &SourceZones) {
        let _ = zones;
    }

    /// Moves the clocks of sources by these offsets, and those of all others back to what they state; the catalog then is at
    /// the new times. Warnings name what no source is called.
    fn set_clocks(&self, clocks: &ClockOffsets, job: &Job) -> Result<Answer<Arc<Catalog>>, SourceError> {
        let _ = clocks;
        Ok(Answer::complete(self.catalog(job)?))
    }

    /// Counts of events by group and column.
    fn histogram(&self, query: &HistogramQuery, job: &Job) -> Result<Answer<Histogram>, SourceError>;

    /// Which values the events of a window have.
    fn facets(&self, query: &FacetQuery, job: &Job) -> Result<Answer<Facets>, SourceError> {
        let _ = (query, job);
        Err(SourceError::Question("this source counts no values of fields".into()))
    }

    /// Statistics of fields of events by group and column.
    fn stats(&self, query: &StatsQuery, job: &Job) -> Result<Answer<Stats>, SourceError> {
        let _ = (query, job);
        Err(SourceError::Question("this source computes no statistics of fields".into()))
    }

    /// A page of events, never all.
    fn events(&self, query: &EventQuery, job: &Job) -> Result<Answer<EventPage>, SourceError>;

    /// One event with all its fields.
    fn event(&self, id: EventRef, job: &Job) -> Result<Event, SourceError>;

    /// How many events pass the filter inside the range (everywhere if `None`).
    fn count(&self, filter: &EventFilter, range: Option<TimeRange>, job: &Job) -> Result<Answer<u64>, SourceError>;

    /// Message patterns of the events that pass, in order of their number. The first question mines them.
    fn patterns(&self, query: &PatternQuery, job: &Job) -> Result<Answer<Vec<Pattern>>, SourceError> {
        let _ = (query, job);
        Err(SourceError::Question("this source finds no patterns in messages".into()))
    }

    /// The pattern of each event; `None` beyond the limit of different messages of a source.
    fn patterns_of(&self, ids: &[EventRef], job: &Job) -> Result<Answer<Vec<Option<u32>>>, SourceError> {
        let _ = (ids, job);
        Err(SourceError::Question("this source finds no patterns in messages".into()))
    }

    /// The events that fit typed letters best, best first.
    fn best(&self, query: &BestQuery, job: &Job) -> Result<Answer<Vec<BestEvent>>, SourceError> {
        let _ = (query, job);
        Err(SourceError::Question("this source does not score events".into()))
    }

    /// The fields that a sample of the events has, by name.
    fn fields(&self, job: &Job) -> Result<Answer<Vec<FieldSeen>>, SourceError> {
        let _ = job;
        Ok(Answer::complete(Vec::new()))
    }

    /// Events of the traces that several logs share, of a sample of those: for comparing clocks.
    fn stamps(&self, job: &Job) -> Result<Answer<Vec<Stamp>>, SourceError> {
        let _ = job;
        Ok(Answer::complete(Vec::new()))
    }

    /// Lines `first..=last` of a text source, for evidence and `verify`.
    fn lines(&self, source: SourceId, first: u64, last: u64, job: &Job) -> Result<RawLines, SourceError>;

    /// The file on this machine whose lines are those of the source; `None` for one that was unpacked, put together or handed over.
    fn file(&self, source: SourceId) -> Option<PathBuf> {
        let _ = source;
        None
    }

    /// SHA-256 of the decoded bytes of a source as lower-case hex.
    fn sha256(&self, source: SourceId, job: &Job) -> Result<String, SourceError>;
}
