//! Rows of plain decimals in a wide table, which nearly all are: no text is made of their cells.
//!
//! Rows that have a value in every column, each later than the one before, are gathered column by column and packed a
//! block at a time, with one packing of their times for all. Says the same as the general way in any case.

use super::super::decimal;
use super::{Decimal, Place, Reader, Sample, Table, Timestamp, time_of};
use crate::model::packed::{BLOCK, Times};

/// Ten digits that do not begin with a zero: what they mean is plain.
const FIRST_PLAIN_NS: i64 = 1_000_000_000 * crate::model::time::NS_PER_S;

/// Rows that were read and are not in their series yet.
#[derive(Default)]
pub(super) struct PlainRows {
    /// Series of each column, once it has a value.
    series: Vec<Option<usize>>,
    /// Column and value of the cells of one row.
    found: Vec<(usize, f64)>,
    /// Times of the rows that are gathered, and where these stand.
    times: Vec<i64>,
    places: Vec<Place>,
    /// Their values: those of a column one after another, [`BLOCK`] for each. Columns without the time.
    values: Vec<f64>,
    /// Whether each column is a series of its own, which is known with the first whole row.
    is_apart: Option<bool>,
}

impl PlainRows {
    /// Reads a row; `None`, and nothing done, for one that is in any way unusual.
    pub fn read(&mut self, reader: &mut Reader, table: &Table, separator: char, line: &str, place: Place) -> Option<()> {
        let is_wide = table.name.is_none() && table.labels.is_empty() && table.decimal == Decimal::Point;
        if !is_wide || !separator.is_ascii() {
            return None;
        }
        if self.whole(reader, table, separator as u8, line, place).is_some() {
            return Some(());
        }
        if memchr::memchr(b'"', line.as_bytes()).is_some() {
            return None;
        }
        self.found.clear();
        let (mut written, mut column, mut rest) = ("", 0, line);
        loop {
            let end = memchr::memchr(separator as u8, rest.as_bytes());
            let cell = &rest[..end.unwrap_or(rest.len())];
            if column == table.time {
                written = cell.trim();
            } else if !cell.is_empty() {
                let (value, length) = decimal::float(cell.as_bytes())?;
                if length != cell.len() {
                    return None;
                }
                self.found.push((column, value));
            }
            column += 1;
            match end {
                Some(end) => rest = &rest[end + 1..],
                None => break,
            }
        }
        if column != table.header.len() || self.found.is_empty() {
            return None;
        }
        let time = time_of(written, reader.zone, table.dates)?;
        self.flush(reader);
        reader.note_time(written, table);
        self.series.resize(column, None);
        let found = std::mem::take(&mut self.found);
        for (column, value) in &found {
            let index = self.series_of(reader, table, *column);
            push(reader, index, Sample { time, value: *value }, place);
        }
        self.found = found;
        Some(())
    }

    fn series_of(&mut self, reader: &mut Reader, table: &Table, column: usize) -> usize {
        *self.series[column].get_or_insert_with(|| {
            let (name, labels) = table.identity(&[], column, &reader.stem);
            reader.collector.series(name, labels)
        })
    }

    /// Gathers a row with a value in every column that is later than the last one; `None`, and nothing done, for any other.
    fn whole(&mut self, reader: &mut Reader, table: &Table, separator: u8, line: &str, place: Place) -> Option<()> {
        if self.is_apart == Some(false) {
            return None;
        }
        let (n_columns, at) = (table.header.len(), self.times.len());
        if self.values.is_empty() {
            self.values.resize((n_columns - 1) * BLOCK, 0.0);
        }
        let (mut rest, mut written) = (line.as_bytes(), "");
        let mut to = at;
        for column in 0..n_columns {
            let length = if column == table.time {
                let end = memchr::memchr(separator, rest).unwrap_or(rest.len());
                let start = line.len() - rest.len();
                written = &line[start..start + end];
                end
            } else {
                let (value, length) = decimal::float(rest)?;
                self.values[to] = value;
                to += BLOCK;
                length
            };
            let is_last = column + 1 == n_columns;
            match rest.get(length) {
                None if is_last => {}
                Some(byte) if *byte == separator && !is_last => rest = &rest[length + 1..],
                _ => return None,
            }
        }
        let epoch = decimal::epoch_ns(written.as_bytes()).filter(|(ns, length)| *length == written.len() && *ns >= FIRST_PLAIN_NS);
        let time = match epoch {
            Some((ns, _)) => Timestamp(ns),
            None => time_of(written.trim(), reader.zone, table.dates).filter(|_| !written.contains('"'))?,
        };
        if self.times.last().is_some_and(|last| time.0 <= *last) {
            return None;
        }
        if self.is_apart.is_none() {
            self.series.resize(n_columns, None);
            let mut own: Vec<usize> =
                (0..n_columns).filter(|column| *column != table.time).map(|column| self.series_of(reader, table, column)).collect();
            own.sort_unstable();
            own.dedup();
            self.is_apart = Some(own.len() + 1 == n_columns);
        }
        // Two columns of one series: the general way tells.
        self.is_apart.filter(|is_apart| *is_apart)?;
        if epoch.is_none() {
            reader.note_time(written.trim(), table);
        }
        self.times.push(time.0);
        self.places.push(place);
        if self.times.len() == BLOCK {
            self.flush(reader);
        }
        Some(())
    }

    /// Puts what was gathered into its series.
    pub fn flush(&mut self, reader: &mut Reader) {
        let Some(first) = self.times.first().copied() else { return };
        let columns = || self.series.iter().flatten().copied();
        if self.times.len() == BLOCK && columns().all(|index| reader.collector.is_behind(index, first)) {
            let mut packed = Times::default();
            packed.push(&self.times);
            for (index, values) in columns().zip(self.values.chunks_exact(BLOCK)) {
                reader.collector.push_block(index, (&self.times, &packed), values);
            }
        } else {
            for (row, (time, place)) in self.times.iter().zip(&self.places).enumerate() {
                for (column, index) in columns().enumerate() {
                    let value = self.values[column * BLOCK + row];
                    push(reader, index, Sample { time: Timestamp(*time), value }, *place);
                }
            }
        }
        self.times.clear();
        self.places.clear();
    }
}

fn push(reader: &mut Reader, index: usize, sample: Sample, place: Place) {
    if let Err(surprise) = reader.collector.push(index, sample) {
        reader.problems.push(place.problem(surprise.kind, surprise.reason));
    }
}
