//! Plain values that every layer speaks: no I/O, no screen, no async.
//!
//! Units and invariants live in the types: a time is [`Timestamp`], a stretch of it [`TimeRange`],
//! a missing number is `Option` or an absent column, never a magic value.

pub mod baseline;
pub mod case;
pub mod catalog;
pub mod compare;
pub mod dense;
pub mod event;
pub mod facets;
pub mod filter;
pub mod find;
pub mod fuzzy;
pub mod glob;
pub mod known;
pub mod offset;
pub mod onset;
pub mod packed;
pub mod patch;
pub mod pattern;
pub mod preview;
pub mod query;
pub mod record;
pub mod series;
pub mod skew;
pub mod text;
pub mod time;
pub mod trace;
pub mod trend;
pub mod when;
pub mod zones;

pub use case::{Annotation, AnnotationId, AnnotationKind, CaseDoc};
pub use catalog::{Catalog, Problem, ProblemKind, SourceKind, SourceReport, Zone, ZoneCertainty};
pub use dense::Dense;
pub use event::{Event, EventRef, Level, SourceId};
pub use preview::{Preview, PreviewLine};
pub use query::{EventFilter, EventPage, EventQuery, Histogram, SeriesQuery};
pub use record::{
    Alert, AlertState, Change, ChangeSort, DashboardPanel, Exemplar, ProfileFunction, ProfileMark, ProfileStack, ProfileTop, ThresholdRule,
};
pub use series::{Columns, Labels, Sample, SeriesId, SeriesKind, SeriesMeta, Unit};
pub use time::{TimeRange, Timestamp};
