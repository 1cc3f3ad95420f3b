//! What is kept of each record of a segment: about 20 bytes, less where a format says less.
//!
//! Every column is a `Column` of small numbers; those with few different values hold places in a list of them. A column
//! that a format does not have takes no bytes. Text stays in the file: `offset` and `message_span` tell where.

use std::ops::Range;

use super::column::Column;
use super::late::Late;
use super::log::NO_MESSAGE;
use crate::model::Level;
use crate::model::time::NS_PER_S;
use crate::parse::{LogColumns, NO_TIME};

/// Number of [`Columns::early`].
const N_EARLY: usize = 4;
/// Number of [`Columns::late`].
pub(super) const N_LATE: usize = 6;

/// The records of a segment, in file order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Number of records.
    pub(super) len: usize,
    pub(super) offsets: Column,
    pub(super) times: Column,
    /// The small number 0 of `times` stands for no time.
    pub(super) has_untimed: bool,
    pub(super) levels: Column,
    /// Places in `Segment::service_codes`.
    pub(super) services: Column,
    /// Places in `status_values`.
    pub(super) statuses: Late,
    pub(super) status_values: Box<[u16]>,
    /// Bits of a 32-bit float.
    pub(super) latencies: Late,
    /// Places in `message_codes`, or codes themselves where that is empty.
    pub(super) messages: Late,
    pub(super) message_codes: Box<[u32]>,
    /// Hashes of trace ids, 0 for none.
    pub(super) traces: Late,
    pub(super) message_starts: Late,
    pub(super) message_lens: Late,
}

impl Columns {
    /// Packs what was parsed, all but the times. `n_services`: the place of records without one.
    pub(super) fn of(parsed: &LogColumns, n_services: usize) -> Self {
        let (status_values, statuses) = statuses(&parsed.statuses);
        Self {
            len: parsed.offsets.len(),
            offsets: Column::rising(0, 1, &parsed.offsets.iter().map(|offset| u64::from(*offset)).collect::<Vec<_>>()),
            levels: Column::of(&parsed.levels, |level| level as i64),
            services: Column::of(&parsed.services, |service| i64::from(service).min(n_services as i64)),
            statuses: statuses.into(),
            status_values,
            latencies: latencies(&parsed.latencies).into(),
            messages: Column::of(&parsed.messages, i64::from).into(),
            traces: Column::of(&parsed.traces, i64::from).into(),
            message_starts: Column::of(&parsed.message_starts, i64::from).into(),
            message_lens: Column::of(&parsed.message_lens, i64::from).into(),
            ..Self::default()
        }
    }

    /// Adds the times; `span` is the first and last of those that are there.
    pub(super) fn set_times(&mut self, times: &[i64], span: Option<(i64, i64)>, n_untimed: usize) {
        let Some((first, _)) = span else {
            (self.times, self.has_untimed) = (Column::default(), true);
            return;
        };
        self.has_untimed = n_untimed > 0;
        let above = match step_of(times, first) {
            NS_PER_S => steps::<{ NS_PER_S as u64 }>(times, first, self.has_untimed),
            1_000_000 => steps::<1_000_000>(times, first, self.has_untimed),
            1_000 => steps::<1_000>(times, first, self.has_untimed),
            _ => steps::<1>(times, first, self.has_untimed),
        };
        self.times = above;
    }

    /// Makes codes of the source of the places in the list of messages of the chunk.
    pub(super) fn set_message_codes(&mut self, codes: Vec<u32>) {
        if !codes.is_empty() && codes.len() * 8 <= self.len {
            self.message_codes = codes.into();
            return;
        }
        let own: Vec<u32> = (0..self.len).map(|i| codes.get(self.messages.get(i) as usize).copied().unwrap_or(NO_MESSAGE)).collect();
        (self.messages, self.message_codes) = (Column::of(&own, i64::from).into(), Box::default());
    }

    /// Offset of a record in the text of its segment.
    #[inline]
    pub fn offset(&self, i: usize) -> u32 {
        self.offsets.get(i) as u32
    }

    /// Time of a record, or [`NO_TIME`].
    #[inline]
    pub fn time(&self, i: usize) -> i64 {
        let small = self.times.small(i);
        if self.has_untimed && small == 0 { NO_TIME } else { self.times.number(i, small) }
    }

    /// Severity of a record.
    #[inline]
    pub fn level(&self, i: usize) -> Level {
        Level::ALL[(self.levels.code(i) as usize).min(Level::ALL.len() - 1)]
    }

    /// Place of the service of a record in the list of the segment.
    #[inline]
    pub fn service(&self, i: usize) -> usize {
        self.services.code(i) as usize
    }

    /// Status of a record, 0 for none.
    #[inline]
    pub fn status(&self, i: usize) -> u16 {
        self.status_values.get(self.statuses.code(i) as usize).copied().unwrap_or(0)
    }

    /// Latency of a record in seconds, NaN for none.
    #[inline]
    pub fn latency(&self, i: usize) -> f32 {
        latency(&self.latencies, i)
    }

    /// Whether any record may have a latency.
    pub fn has_latencies(&self) -> bool {
        self.latencies.constant().is_none_or(|bits| !f32::from_bits(bits as u32).is_nan())
    }

    /// Code of the message of a record in its source, or `NO_MESSAGE`.
    #[inline]
    pub fn message(&self, i: usize) -> u32 {
        let place = self.messages.code(i);
        if self.message_codes.is_empty() {
            return place as u32;
        }
        self.message_codes.get(place as usize).copied().unwrap_or(NO_MESSAGE)
    }

    /// Hash of the trace id of a record, 0 for none; see [`crate::parse::trace_hash`].
    #[inline]
    pub fn trace(&self, i: usize) -> u32 {
        self.traces.code(i) as u32
    }

    /// Whether any record may have a trace id.
    pub(super) fn may_have_traces(&self) -> bool {
        self.traces.constant() != Some(0)
    }

    /// Whether any record may have this hash.
    pub(super) fn has_trace(&self, hash: u32) -> bool {
        match self.traces.constant() {
            Some(only) => only as u32 == hash,
            None => (0..self.len).any(|i| self.trace(i) == hash),
        }
    }

    /// Those of the wanted records that have this hash.
    pub(super) fn with_trace(&self, hash: u32, wanted: &[u64]) -> Vec<u64> {
        if let Some(only) = self.traces.constant() {
            return if only as u32 == hash { wanted.to_vec() } else { vec![0; wanted.len()] };
        }
        let word = |(at, wanted): (usize, &u64)| {
            let first = at * 64;
            let records = first..self.len.min(first + 64);
            wanted & records.fold(0, |bits, i| bits | u64::from(self.trace(i) == hash) << (i - first))
        };
        wanted.iter().enumerate().map(word).collect()
    }

    /// Where in the record its message stands, as it stands there; `None` when it does not stand there in one piece.
    pub fn message_span(&self, i: usize) -> Option<Range<usize>> {
        let (start, len) = (self.message_starts.get(i) as usize, self.message_lens.get(i) as usize);
        (len > 0).then(|| start..start.saturating_add(len))
    }

    /// Columns that every view of a log needs.
    pub(super) fn early(&self) -> [&Column; N_EARLY] {
        [&self.offsets, &self.times, &self.levels, &self.services]
    }

    /// In the order of [`Columns::early`].
    pub(super) fn early_mut(&mut self) -> [&mut Column; N_EARLY] {
        [&mut self.offsets, &mut self.times, &mut self.levels, &mut self.services]
    }

    /// Columns that are needed for some questions only.
    pub(super) fn late(&self) -> [&Late; N_LATE] {
        [&self.statuses, &self.latencies, &self.messages, &self.traces, &self.message_starts, &self.message_lens]
    }

    /// In the order of [`Columns::late`], each with the number that says "none": a place behind all, no latency at all,
    /// no message, no trace, nowhere, no length.
    pub(super) fn late_mut(&mut self) -> [(&mut Late, i64); N_LATE] {
        [
            (&mut self.statuses, i64::from(u32::MAX)),
            (&mut self.latencies, i64::from(f32::NAN.to_bits())),
            (&mut self.messages, i64::from(NO_MESSAGE)),
            (&mut self.traces, 0),
            (&mut self.message_starts, 0),
            (&mut self.message_lens, 0),
        ]
    }

    /// Bytes in memory besides the constant part.
    pub fn memory_bytes(&self) -> usize {
        let early: usize = self.early().iter().map(|column| column.memory_bytes()).sum();
        let late: usize = self.late().iter().map(|column| column.memory_bytes()).sum();
        early + late + self.status_values.len() * 2 + self.message_codes.len() * 4
    }
}

/// A latency out of its column, seconds; NaN for none.
#[inline]
pub(super) fn latency(latencies: &Column, i: usize) -> f32 {
    f32::from_bits(latencies.code(i) as u32)
}

fn latencies(latencies: &[f32]) -> Column {
    if latencies.iter().all(|latency| latency.is_nan()) {
        return Column::of(&[f32::NAN.to_bits()], i64::from);
    }
    Column::of(&latencies.iter().map(|latency| latency.to_bits()).collect::<Vec<u32>>(), i64::from)
}

/// The coarsest step in which all times lie above the first.
fn step_of(times: &[i64], first: i64) -> i64 {
    let placed = times.iter().filter(|time| **time != NO_TIME).map(|time| time.wrapping_sub(first) as u64);
    // The coarsest first: one that does not fit is found out after a few times.
    match () {
        () if placed.clone().all(|above| above % NS_PER_S as u64 == 0) => NS_PER_S,
        () if placed.clone().all(|above| above % 1_000_000 == 0) => 1_000_000,
        () if placed.clone().all(|above| above % 1_000 == 0) => 1_000,
        () => 1,
    }
}

/// Times as steps above the first, or above one before it that stands for none.
fn steps<const STEP: u64>(times: &[i64], first: i64, has_untimed: bool) -> Column {
    if !has_untimed {
        let above: Vec<u64> = times.iter().map(|time| time.wrapping_sub(first) as u64 / STEP).collect();
        return Column::rising(first, STEP as i64, &above);
    }
    let none = first.wrapping_sub(STEP as i64);
    let above: Vec<u64> = times.iter().map(|time| if *time == NO_TIME { 0 } else { time.wrapping_sub(none) as u64 / STEP }).collect();
    Column::of_steps(none, STEP as i64, &above)
}

/// The different statuses in order of their first record, and the place of each record's in them.
fn statuses(statuses: &[u16]) -> (Box<[u16]>, Column) {
    let mut values: Vec<u16> = Vec::new();
    let mut places: Vec<u16> = Vec::with_capacity(statuses.len());
    let (mut last, mut place) = (None, 0);
    for status in statuses {
        if last != Some(*status) {
            last = Some(*status);
            place = values.iter().position(|value| value == status).unwrap_or_else(|| {
                values.push(*status);
                values.len() - 1
            }) as u16;
        }
        places.push(place);
    }
    (values.into(), Column::of(&places, i64::from))
}
