//! Questions to a source and their answers, always reduced to what a screen or a page needs.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::event::{Event, EventRef, Level, SourceId};
use super::filter::Expr;
use super::series::SeriesId;
use super::time::{TimeRange, Timestamp};

/// Series over a range, one answer of `columns` buckets each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesQuery {
    /// Which series, answered in this order.
    pub ids: Vec<SeriesId>,
    /// Over which time.
    pub range: TimeRange,
    /// How many equal columns (`TimeRange::edge` gives their borders).
    pub columns: NonZeroUsize,
}

/// Which events are wanted. Empty means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// At least this severe; records without a level pass only when this is `None`.
    pub min_level: Option<Level>,
    /// Only these services.
    pub services: Vec<String>,
    /// Only these sources.
    pub sources: Vec<SourceId>,
    /// What the raw record must contain, and must not.
    pub text: Vec<TextMatch>,
    /// Only this trace id (looked for in the raw record).
    pub trace_id: Option<String>,
    /// What an expression of the filter language says; the other conditions hold as well.
    pub expr: Option<Expr>,
}

impl EventFilter {
    /// Whether every event passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the columns alone decide, without reading text.
    pub fn is_cheap(&self) -> bool {
        self.text.is_empty() && self.trace_id.is_none() && self.expr.as_ref().is_none_or(Expr::is_cheap)
    }
}

/// One condition on the text of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMatch {
    /// What to look for.
    pub pattern: TextPattern,
    /// `true`: records that match are left out.
    pub is_negated: bool,
}

/// How text is matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPattern {
    /// These bytes; case is ignored when they hold no upper-case letter (smart case).
    Literal(String),
    /// A regular expression in the syntax of the `regex` crate, checked before it gets here.
    Regex(String),
    /// All letters of each word in this order, the words in any (fuzzy), smart case.
    Fuzzy(String),
}

/// Where a page of events starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStart {
    /// The first events at or after this moment.
    AtOrAfter(Timestamp),
    /// The events just before this moment, the nearest ones, still in rising order.
    Before(Timestamp),
    /// The events that follow this one in the order (time, source, record).
    After(EventRef),
    /// The events that come just before this one, in rising order.
    BeforeEvent(EventRef),
    /// Unplaced records, from the given position in their list.
    Unplaced(u64),
}

/// A page of events in the order (time, source, record).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// Which ones.
    pub filter: EventFilter,
    /// Only inside this range, if given.
    pub range: Option<TimeRange>,
    /// Where to start.
    pub start: PageStart,
    /// At most so many.
    pub limit: usize,
}

/// A page of events and whether there is more.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventPage {
    /// In the order (time, source, record).
    pub events: Vec<Event>,
    /// Whether more events pass the filter beyond this page, in the direction of reading.
    pub has_more: bool,
}

/// What to count events by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupBy {
    /// Severity.
    Level,
    /// Service.
    Service,
    /// Source path.
    Source,
    /// Number of the message pattern.
    Pattern,
    /// Text of the message pattern.
    Template,
    /// The value of a field of structured records (reads the text).
    Field(String),
}

/// Counts of events over equal columns of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistogramQuery {
    /// Which events.
    pub filter: EventFilter,
    /// Over which time.
    pub range: TimeRange,
    /// How many equal columns.
    pub columns: NonZeroUsize,
    /// Group keys; empty counts all together.
    pub by: Vec<GroupBy>,
}

/// Counts by group and column. Groups in order of key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// What was asked for.
    pub range: TimeRange,
    /// Key (one text for each entry of `by`) → one count a column.
    pub groups: BTreeMap<Vec<String>, Vec<u64>>,
}

/// Values of a series at moments: the last sample at or before, unless stale.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueAt {
    /// The value as the source states it (may be NaN or infinite).
    pub value: f64,
    /// Time of the sample.
    pub sample_time: Timestamp,
}

/// Numbers over the events of each cell of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct StatsQuery {
    /// Which events, columns and groups.
    pub histogram: HistogramQuery,
    /// Which numbers of which field.
    pub stats: Vec<Stat>,
}

/// One number over many values of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Stat {
    /// Which number.
    pub kind: StatKind,
    /// `latency` is the latency role of any logger, in seconds; other names are fields of structured records.
    /// Durations with a unit (`12ms`) count in seconds.
    pub field: String,
}

/// Which number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StatKind {
    /// Quantile 0 … 1, linear between the two nearest values (type 7 of Hyndman and Fan).
    Quantile(f64),
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Mean.
    Mean,
    /// Sum.
    Sum,
}

/// Answer to a [`StatsQuery`]: group → column → one number a stat, `None` where no event has the field.
pub type Stats = BTreeMap<Vec<String>, Vec<Vec<Option<f64>>>>;

/// The events that fit typed letters best.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BestQuery {
    /// Which events; that they hold the letters is for the filter to say.
    pub filter: EventFilter,
    /// Only inside this range, if given; without it those without a time too.
    pub range: Option<TimeRange>,
    /// What they are scored by, see [`super::fuzzy::Letters`].
    pub letters: String,
    /// At most so many.
    pub limit: usize,
    /// When about so many texts were scored the best of them are the answer: what a screen waits for. `u64::MAX` scores
    /// all.
    pub budget: u64,
}

/// How well an event fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BestEvent {
    /// Which.
    pub id: EventRef,
    /// When.
    pub time: Option<Timestamp>,
    /// Higher is better: of its message if that holds the letters, else of the whole record; 0 when only letters far into a
    /// very long one fit.
    pub score: i64,
}

/// A field that records have, as a sample of them tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSeen {
    /// Name as in filters.
    pub name: String,
    /// Records of the sample that have it.
    pub n_records: u64,
    /// Those of them whose value is a number, perhaps with a unit.
    pub n_numbers: u64,
    /// Those of these that carry the unit of a duration, such as `12ms`: they count in seconds.
    pub n_durations: u64,
    /// Values and how often they were seen, the most frequent first; long ones are left out.
    pub values: Vec<(String, u64)>,
}

/// Which message patterns are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PatternQuery {
    /// Of which events.
    pub filter: EventFilter,
    /// Only events inside this range; without it all, those without a time too.
    pub range: Option<TimeRange>,
    /// Two windows to compare, before and after a mark. Without them every pattern is steady.
    pub windows: Option<(TimeRange, TimeRange)>,
}

/// Messages that differ only in their values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern {
    /// Counted by first occurrence in the order (source, record): the same for the same data.
    pub id: u32,
    /// The message with `<*>` for each value.
    pub template: String,
    /// Events.
    pub count: u64,
    /// First event with a time.
    pub first: Option<Timestamp>,
    /// Last event with a time.
    pub last: Option<Timestamp>,
    /// The level of most of its events, of equals the most severe.
    pub level: Level,
    /// Services of its events, the most frequent first.
    pub services: Vec<String>,
    /// Events in the two windows.
    pub in_windows: (u64, u64),
    /// How much of the two windows the logs of its services cover, ns: where there is no log nothing can be due.
    pub covered_ns: Option<(i64, i64)>,
    /// What the windows tell.
    pub status: PatternStatus,
}

/// How often a pattern is seen after a mark, against before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PatternStatus {
    /// Never seen until then.
    Born,
    /// At least three times as often as due, and by more than three standard deviations of the two counts.
    Surged,
    /// Not seen any more, though at least three times seen before and due.
    Died,
    /// None of these.
    #[default]
    Steady,
}

impl PatternStatus {
    /// Lower-case name as used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Born => "born",
            Self::Surged => "surged",
            Self::Died => "died",
            Self::Steady => "steady",
        }
    }
}
