//! Bytes to records. Pure, never panics, never fails as a whole: every parser gives records and problems.
//!
//! `detect` decides by content what a file is; one file a format parses it. Log formats are parsed in
//! record-aligned chunks into columns and again, one record at a time, into full detail; all other formats
//! are small enough to be parsed whole.

pub mod alert;
mod bytes;
pub mod change;
pub mod chunk;
pub mod detect;
pub mod document;
pub mod log;
pub mod metric;
mod otlp;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod profile;
pub mod template;
pub mod timestamp;

use crate::model::catalog::{Problems, Zone};
use crate::model::packed::{BLOCK, Packed};
use crate::model::{
    Alert, Change, DashboardPanel, Exemplar, Labels, Level, ProfileMark, Sample, SeriesKind, SourceKind, ThresholdRule, TimeRange,
    Timestamp, Unit,
};

/// What detection looks at: three windows of the decoded file (they may touch or coincide in a small one).
#[derive(Debug, Clone, Copy)]
pub struct Windows<'a> {
    /// Path as in the catalog: a hint for names, never the reason for a format.
    pub path: &'a str,
    /// Size of the whole file, decoded.
    pub size_bytes: u64,
    /// First bytes.
    pub head: &'a [u8],
    /// Bytes around the middle, starting at a line start.
    pub middle: &'a [u8],
    /// Last bytes, starting at a line start.
    pub tail: &'a [u8],
}

/// What parsing needs to know besides the bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// Path as in the catalog.
    pub path: String,
    /// Zone given by the user for this source.
    pub zone: Option<Zone>,
    /// What other sources cover: gives missing years and days.
    pub neighbours: Option<TimeRange>,
    /// Modification time of the file, the last resort for a missing year or date.
    pub modified: Option<Timestamp>,
    /// The query that produced this file, from a neighbour file.
    pub query: Option<String>,
    /// Formats that the user describes, tried before all others.
    pub formats: Vec<std::sync::Arc<log::NamedFormat>>,
    /// Name of the format that the user says it is.
    pub forced: Option<String>,
    /// Column of a table that the user says holds the time.
    pub time_column: Option<String>,
    /// Moment at which the clock of a log without dates stood at its first time, given by the user.
    pub anchor: Option<Timestamp>,
}

/// What a file is.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Sort of content.
    pub kind: SourceKind,
    /// Name of the format.
    pub format: String,
    /// 0 … 1.
    pub confidence: f32,
    /// The next best.
    pub runner_up: Option<(String, f32)>,
    /// Why, one sentence.
    pub why: String,
    /// How to read it.
    pub plan: Plan,
}

/// How to read a file.
#[derive(Debug, Clone)]
pub enum Plan {
    /// Line by line, in chunks, as columns.
    Log(Box<log::LogPlan>),
    /// Whole, by `parse_document`.
    Document,
    /// Nothing to place on a timeline; counted and listed only.
    Nothing,
}

/// Everything that a file of a small format holds.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Series with their samples in rising order of time.
    pub series: Vec<ParsedSeries>,
    /// Changes in file order.
    pub changes: Vec<Change>,
    /// Alerts by time.
    pub alerts: Vec<Alert>,
    /// Profiles.
    pub profiles: Vec<ProfileMark>,
    /// Thresholds.
    pub rules: Vec<ThresholdRule>,
    /// Panels of dashboards: context, no data.
    pub dashboard_panels: Vec<DashboardPanel>,
    /// Exemplars of its series.
    pub exemplars: Vec<Exemplar>,
    /// What went wrong.
    pub problems: Problems,
    /// Records as counted by `inspect` (points, changes, alerts, samples).
    pub n_records: u64,
    /// Lines of text, 0 for binary.
    pub n_lines: u64,
    /// Records without a usable time.
    pub n_unplaced: u64,
    /// Zone of the times.
    pub zone: Zone,
}

/// One series as parsed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParsedSeries {
    /// Metric name, else the stem of the file.
    pub name: String,
    /// Labels without `__name__`.
    pub labels: Labels,
    /// Unit, from metadata or the name's suffix.
    pub unit: Unit,
    /// Behaviour, from metadata or the name's suffix.
    pub kind: SeriesKind,
    /// Limit that values cannot exceed for technical reasons.
    pub clip: Option<f64>,
    /// Whole blocks of samples that come before [`ParsedSeries::samples`], packed while the rest was read: a long series
    /// never lies in memory as it is.
    pub packed: Packed,
    /// Rising times; of two samples at one time the later one in the file is kept and the other counted as a duplicate.
    pub samples: Vec<Sample>,
}

impl ParsedSeries {
    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.packed.len() + self.samples.len()
    }

    /// The first sample.
    pub fn first(&self) -> Option<Sample> {
        if self.packed.is_empty() { self.samples.first().copied() } else { Some(self.packed.get(0)) }
    }

    /// The last sample.
    pub fn last(&self) -> Option<Sample> {
        let packed = || self.packed.len().checked_sub(1).map(|last| self.packed.get(last));
        self.samples.last().copied().or_else(packed)
    }

    /// All samples in order.
    pub fn iter(&self) -> impl Iterator<Item = Sample> {
        self.packed.iter().chain(self.samples.iter().copied())
    }

    /// Puts all samples into the list.
    pub fn unpack(&mut self) {
        if !self.packed.is_empty() {
            self.samples = self.iter().collect();
            self.packed = Packed::default();
        }
    }

    /// Packs the first block of the list if that and the next one are whole and finite, so that what follows a number,
    /// or does not, is still seen at the start of the list.
    pub fn pack_first(&mut self) {
        let front = self.samples.get(..2 * BLOCK).filter(|front| front.iter().all(|sample| sample.value.is_finite()));
        if let Some(front) = front {
            self.packed.extend(&front[..BLOCK]);
            self.samples.drain(..BLOCK);
        }
    }
}

/// Marks a record without a usable time in `LogColumns::times`.
pub const NO_TIME: i64 = i64::MIN;
/// Marks a record without a service in `LogColumns::services`.
pub const NO_SERVICE: u16 = u16::MAX;

/// Columns of the records of one chunk, in file order. All vectors have the same length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogColumns {
    /// Offset of the record in the chunk; it ends where the next one starts.
    pub offsets: Vec<u32>,
    /// Time, or `NO_TIME`.
    pub times: Vec<i64>,
    /// Severity.
    pub levels: Vec<Level>,
    /// Index into `LogChunk::services`, or `NO_SERVICE`.
    pub services: Vec<u16>,
    /// HTTP or similar status, 0 when there is none.
    pub statuses: Vec<u16>,
    /// Latency in seconds, NaN when there is none.
    pub latencies: Vec<f32>,
    /// Index into `LogChunk::messages`.
    pub messages: Vec<u32>,
    /// [`trace_hash`] of the trace id, 0 when there is none.
    pub traces: Vec<u32>,
    /// Where in the record its message begins, 0 with a length of 0 where it does not stand there in one piece.
    pub message_starts: Vec<u16>,
    /// Bytes of the message as it stands there.
    pub message_lens: Vec<u16>,
}

impl LogColumns {
    /// Forgets all records and keeps their room.
    pub(crate) fn clear(&mut self) {
        self.offsets.clear();
        self.times.clear();
        self.levels.clear();
        self.services.clear();
        self.statuses.clear();
        self.latencies.clear();
        self.messages.clear();
        self.traces.clear();
        self.message_starts.clear();
        self.message_lens.clear();
    }
}

/// A number that stands for a trace id in `LogColumns::traces`; never 0. Two ids share one with a chance of 2⁻³².
pub fn trace_hash(id: &[u8]) -> u32 {
    let hash = template::hash(id);
    ((hash >> 32) as u32).max(1)
}

/// A message that stands for all of its signature: those that differ only in words with a digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// See [`template::signature`].
    pub signature: u64,
    /// Its first line, cut at [`template::MAX_MESSAGE_BYTES`].
    pub text: Box<str>,
}

/// One parsed chunk of a log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogChunk {
    /// The records.
    pub columns: LogColumns,
    /// Names that `columns.services` points at.
    pub services: Vec<String>,
    /// One message of each signature that `columns.messages` points at, in the order of their first records.
    pub messages: Vec<Message>,
    /// Bytes before the first record: continuation lines of the record that ended the previous chunk.
    pub head_bytes: u32,
    /// Lines before the first record.
    pub head_lines: u32,
    /// All lines of the chunk.
    pub n_lines: u64,
    /// Lines folded into a record of this chunk (those before the first record not included).
    pub n_continuation_lines: u64,
    /// Hash of the line that begins the first record: with the next one it shows a duplicate across a border.
    pub first_line_hash: Option<u64>,
    /// Hash of the line that begins the last record.
    pub last_line_hash: Option<u64>,
    /// Records read with the validating parser because the fast path was surprised.
    pub n_fallbacks: u64,
    /// Problems; lines (from 1) and bytes are relative to the chunk.
    pub problems: Problems,
}

/// One record with everything it says, made again from its text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordDetail {
    /// Time as read (before any correction that needs its neighbours).
    pub time: Option<Timestamp>,
    /// Severity.
    pub level: Level,
    /// Service, if the record names one.
    pub service: Option<String>,
    /// Message role.
    pub message: String,
    /// Trace id role.
    pub trace_id: Option<String>,
    /// Other fields in order.
    pub fields: Vec<(String, String)>,
}
