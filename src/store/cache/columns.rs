//! One segment: its columns as they lie in memory, and what belongs to them.
//!
//! What every view of a log needs is in the part of the segment; each large column that few questions need is a part of
//! its own (`late`), of nothing but its bytes, so that it can be left where it is.
//!
//! Whoever asks a segment trusts that its columns are of one length and that what they point at is there. So all of
//! that is looked at here: a cache that was made by hand may tell lies about a log, but it cannot stop the program.

use std::sync::Arc;

use super::Unfit;
use super::wire::{In, Out};
use crate::parse::{NO_SERVICE, NO_TIME};
use crate::store::column::Column;
use crate::store::columns::{Columns, N_LATE};
use crate::store::late::{KeptParts, Late};
use crate::store::log::{LogBuilder, NO_MESSAGE};
use crate::store::segment::{LINE_STRIDE, Lines, Segment};

const ODD: Unfit = Unfit::Damaged("its columns do not fit together");

/// Which part of a cache is what: first what is known of the log as a whole, then the segments, then their late columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// How many segments there are.
    pub n_segments: usize,
}

impl Layout {
    /// Of a log.
    pub fn of(log: &LogBuilder) -> Self {
        Self { n_segments: log.log.segments.len() }
    }

    /// Of a cache of so many parts.
    pub fn of_parts(n_parts: usize) -> Result<Self, Unfit> {
        let n = n_parts.checked_sub(1).filter(|n| n.is_multiple_of(1 + N_LATE)).ok_or(Unfit::Damaged("it lacks a part"))?;
        Ok(Self { n_segments: n / (1 + N_LATE) })
    }

    /// How many parts there are.
    pub fn n_parts(self) -> usize {
        1 + self.n_segments * (1 + N_LATE)
    }

    /// The part of a segment.
    pub fn segment(self, index: usize) -> usize {
        1 + index
    }

    /// The parts of the late columns of some segments.
    pub fn late(self, segments: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let first = 1 + self.n_segments;
        first + segments.start * N_LATE..first + segments.end * N_LATE
    }

    /// What a part behind the first holds.
    pub fn encode(self, log: &LogBuilder, part: usize, min_late_bytes: usize) -> Vec<u8> {
        match part.checked_sub(1 + self.n_segments) {
            None => encode(log, part - 1, min_late_bytes),
            Some(late) => {
                let column = log.log.segments[late / N_LATE].columns.late()[late % N_LATE];
                if is_apart(column, min_late_bytes) { column.bytes.to_vec() } else { Vec::new() }
            }
        }
    }
}

/// Whether a column is worth a part of its own.
fn is_apart(column: &Column, min_bytes: usize) -> bool {
    column.width > 0 && column.bytes.len() >= min_bytes
}

/// Segment `index` of a log as bytes; late columns of at least so many bytes are parts of their own.
fn encode(log: &LogBuilder, index: usize, min_late_bytes: usize) -> Vec<u8> {
    let segment = &log.log.segments[index];
    let Segment { base_byte, base_line, base_record, columns, service_codes, order, unplaced, span, lines, new_messages } = &**segment;
    let mut out = Out(Vec::with_capacity(columns.memory_bytes() + (4 << 10)));
    for number in [*base_byte, *base_line, *base_record, columns.len as u64] {
        out.u64(number);
    }
    let (first, last) = span.unwrap_or((NO_TIME, NO_TIME));
    out.i64(first);
    out.i64(last);
    out.u8(u8::from(columns.has_untimed));
    for column in columns.early() {
        write_column(&mut out, column);
    }
    for column in columns.late() {
        let is_apart = is_apart(column, min_late_bytes);
        out.u8(u8::from(is_apart));
        write_frame(&mut out, column);
        if !is_apart {
            out.bytes(&column.bytes);
        }
    }
    out.list(columns.status_values.iter(), |out, status| out.u16(*status));
    out.list(columns.message_codes.iter(), |out, code| out.u32(*code));
    out.list(service_codes.iter(), |out, code| out.u16(*code));
    out.list(order.iter(), write_column);
    out.list(unplaced.iter(), |out, record| out.u32(*record));
    match lines {
        Lines::OneEach(head) => {
            out.u8(0);
            out.u32(*head);
        }
        Lines::Marks(marks) => {
            out.u8(1);
            out.list(marks.iter(), |out, mark| out.u32(*mark));
        }
    }
    out.list(new_messages.iter(), |out, message| out.text(message));
    out.0
}

/// Reads a segment back and looks whether it holds together; its late columns are `late` parts of `kept`. O(records).
pub fn decode(bytes: &[u8], kept: &Arc<dyn KeptParts>, late: std::ops::Range<usize>) -> Result<Segment, Unfit> {
    let mut part = In(bytes);
    let read = &mut part;
    let (base_byte, base_line, base_record) = (read.u64()?, read.u64()?, read.u64()?);
    // Far fewer than could be counted in 32 bits: what points at records does so in 32 bits.
    let len = usize::try_from(read.u64()?).ok().filter(|len| (1..1 << 31).contains(len)).ok_or(ODD)?;
    let (first, last) = (read.i64()?, read.i64()?);
    let mut columns = Columns { len, has_untimed: read.u8()? != 0, ..Columns::default() };
    for column in columns.early_mut() {
        *column = read_column(read, len)?;
    }
    for ((column, nothing), part) in columns.late_mut().into_iter().zip(late) {
        *column = if read.u8()? == 0 { read_column(read, len)?.into() } else { Late::new(read_frame(read)?, (kept, part), len, nothing) };
    }
    columns.status_values = read.list(In::u16)?.into();
    columns.message_codes = read.list(In::u32)?.into();
    let service_codes = read.list(In::u16)?.into();
    let n_orders = read.u64()?;
    let order = if n_orders == 0 { None } else { Some(read_loose_column(read)?) };
    let unplaced: Box<[u32]> = read.list(In::u32)?.into();
    let lines = match read.u8()? {
        0 => Lines::OneEach(read.u32()?),
        _ => Lines::Marks(read.list(In::u32)?.into()),
    };
    let new_messages = read.list(|read| read.text().map(Box::from))?.into();
    part.end()?;
    let span = (first != NO_TIME).then_some((first, last));
    let segment = Segment { base_byte, base_line, base_record, columns, service_codes, order, unplaced, span, lines, new_messages };
    if holds_together(&segment) { Ok(segment) } else { Err(ODD) }
}

fn write_column(out: &mut Out, column: &Column) {
    write_frame(out, column);
    out.bytes(&column.bytes);
}

fn write_frame(out: &mut Out, column: &Column) {
    out.i64(column.base);
    out.i64(column.step);
    out.u64(column.slope);
    out.u8(column.width as u8);
}

/// A column without its bytes.
fn read_frame(read: &mut In<'_>) -> Result<Column, Unfit> {
    let (base, step, slope, width) = (read.i64()?, read.i64()?, read.u64()?, usize::from(read.u8()?));
    if width > 8 { Err(ODD) } else { Ok(Column::from_parts(base, step, slope, width, [])) }
}

fn read_loose_column(read: &mut In<'_>) -> Result<Column, Unfit> {
    let mut column = read_frame(read)?;
    column.bytes = read.bytes()?.into();
    Ok(column)
}

fn read_column(read: &mut In<'_>, len: usize) -> Result<Column, Unfit> {
    read_loose_column(read).and_then(|column| if column.holds(len) { Ok(column) } else { Err(ODD) })
}

/// Whether nothing in a segment points at what is not there. First and last time are taken at their word: a pass over all
/// times would cost a tenth of opening again, and who reads times does not rely on them to find a place.
fn holds_together(segment: &Segment) -> bool {
    let len = segment.len();
    let columns = &segment.columns;
    let is_marked = match &segment.lines {
        Lines::OneEach(_) => true,
        Lines::Marks(marks) => marks.len() == len.div_ceil(LINE_STRIDE),
    };
    let is_listed = segment.unplaced.len() <= len && segment.unplaced.iter().all(|i| (*i as usize) < len);
    let n_placed = len - segment.unplaced.len().min(len);
    let is_ordered =
        segment.order.as_ref().is_none_or(|order| order.holds(n_placed) && (0..n_placed).all(|at| (order.get(at) as u64) < len as u64));
    is_marked
        && is_listed
        && is_ordered
        && (segment.order.is_some() || n_placed == len)
        && is_below(&columns.services, len, segment.service_codes.len())
        && rises(&columns.offsets, len)
}

/// Whether all numbers of a column are places in a list of `n`.
fn is_below(column: &Column, len: usize, n: usize) -> bool {
    let is_place = |number: i64| (number as u64) < n as u64;
    if let Some(only) = column.constant() {
        return is_place(only);
    }
    let mut fits = true;
    column.each(len, |_, number| fits &= is_place(number));
    fits
}

/// Whether a column of offsets never steps back.
fn rises(column: &Column, len: usize) -> bool {
    let (mut last, mut rises) = (0, true);
    column.each(len, |_, number| {
        rises &= number >= last;
        last = number;
    });
    rises && last <= i64::from(u32::MAX)
}

impl Segment {
    /// Whether its codes are among so many services and messages of its source.
    pub(super) fn points_inside(&self, n_services: usize, n_messages: usize) -> bool {
        let is_service = |code: &u16| *code == NO_SERVICE || usize::from(*code) < n_services;
        // A code of a record is looked up where it may not be found; those of a list are checked with it.
        let is_message = |code: &u32| *code == NO_MESSAGE || (*code as usize) < n_messages;
        let codes_fit = self.columns.message_codes.iter().all(is_message);
        self.service_codes.iter().all(is_service) && codes_fit
    }
}
