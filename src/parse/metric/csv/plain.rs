//! Rows of plain decimals in a wide table, which nearly all are: no text is made of their cells.
//!
//! Rows of which each is later than the one before are gathered column by column and packed a block at a time, with one
//! packing of their times for all columns that have a value in each row; cells may be empty. Says the same as the general
//! way in any case.

use std::collections::HashSet;

use super::super::{cell, decimal};
use super::{Decimal, Place, Reader, Sample, Table, TimeNotes, Timestamp, time_of};
use crate::model::packed::{BLOCK, Packed, Times};
use crate::model::when::WallZone;

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
    /// Their values: those of a column one after another, [`BLOCK`] for each, NaN for an empty cell. Columns without the time.
    values: Vec<f64>,
    /// Columns with an empty cell in the row at hand, then in the rows that are gathered.
    row_gaps: Vec<usize>,
    has_gap: Vec<bool>,
    /// Columns that are a series already, the time not among them.
    n_known: usize,
    /// The column of the time.
    time: usize,
    /// Two columns are of one series: the general way tells.
    has_twins: bool,
}

impl PlainRows {
    /// Reads a row; `None`, and nothing done, for one that is in any way unusual.
    pub fn read(&mut self, reader: &mut Reader, table: &Table, separator: char, line: &str, place: Place) -> Option<()> {
        if !is_wide(table, separator) {
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
            } else if column >= table.header.len() {
                return None;
            } else if !cell.is_empty() {
                let (value, length) = decimal::float(cell.as_bytes())?;
                if length != cell.len() {
                    return None;
                }
                self.found.push((column, cell::scaled(value, table.value_at(column).scale)));
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
            reader.push(index, Sample { time, value: *value }, place);
        }
        self.found = found;
        Some(())
    }

    fn series_of(&mut self, reader: &mut Reader, table: &Table, column: usize) -> usize {
        *self.series[column].get_or_insert_with(|| {
            let value = table.value_at(column);
            let (name, labels) = table.identity(&[], value, &reader.stem);
            let index = reader.collector.series(name, labels);
            reader.collector.set_unit(index, value.unit);
            index
        })
    }

    /// Gathers a row that is later than the last one; `None`, and nothing done, for any other.
    fn whole(&mut self, reader: &mut Reader, table: &Table, separator: u8, line: &str, place: Place) -> Option<()> {
        if self.has_twins {
            return None;
        }
        let (time, written) = self.row(reader.zone, table, separator, line)?;
        if self.n_known + 1 < table.header.len() {
            self.know(reader, table)?;
        }
        if let Some(written) = written {
            reader.note_time(written, table);
        }
        self.keep(time, place);
        if self.times.len() == BLOCK {
            self.flush(reader);
        }
        Some(())
    }

    /// Reads a row behind those that are gathered: its time, and how it is written where that is worth a note. `None` for
    /// one that is unusual, or not later than the last.
    fn row<'a>(&mut self, zone: WallZone, table: &Table, separator: u8, line: &'a str) -> Option<(i64, Option<&'a str>)> {
        let n_columns = table.header.len();
        if self.values.is_empty() {
            self.values.resize((n_columns - 1) * BLOCK, 0.0);
            self.has_gap.resize(n_columns - 1, false);
            self.series.resize(n_columns, None);
            self.time = table.time;
        }
        let written = self.cells(table, separator, line)?;
        for (column, scale) in &table.scaled {
            let cell = &mut self.values[column * BLOCK + self.times.len()];
            *cell = cell::scaled(*cell, *scale);
        }
        let epoch = decimal::epoch_ns(written.as_bytes()).filter(|(ns, length)| *length == written.len() && *ns >= FIRST_PLAIN_NS);
        let time = match epoch {
            Some((ns, _)) => Timestamp(ns),
            None => time_of(written.trim(), zone, table.dates).filter(|_| !written.contains('"'))?,
        };
        if self.times.last().is_some_and(|last| time.0 <= *last) || self.row_gaps.len() + 1 == n_columns {
            return None;
        }
        Some((time.0, epoch.is_none().then(|| written.trim())))
    }

    /// Gathers the row that was read last.
    fn keep(&mut self, time: i64, place: Place) {
        self.row_gaps.iter().for_each(|column| self.has_gap[*column] = true);
        self.times.push(time);
        self.places.push(place);
    }

    /// Whether a block of rows may come now that was read elsewhere: none is gathered, and every column is a series.
    pub fn is_between_blocks(&self, table: &Table, separator: char) -> bool {
        self.times.is_empty() && !self.has_twins && self.n_known + 1 == table.header.len() && is_wide(table, separator)
    }

    /// Takes a block that was read elsewhere and stands at a place; `false`, and nothing done, when it is not behind all
    /// that its series have.
    pub fn take(&mut self, reader: &mut Reader, block: Block, from: Place) -> bool {
        let Block { rows, times, columns, notes } = block;
        let Some(first) = rows.times.first().copied() else { return false };
        let kept: Vec<usize> =
            (0..self.series.len()).filter(|column| *column != self.time).filter_map(|column| self.series[column]).collect();
        if kept.len() != columns.len() || !kept.iter().all(|index| reader.collector.is_behind(*index, first)) {
            return false;
        }
        reader.note(&notes);
        let values = std::mem::replace(&mut self.values, rows.values);
        (self.times, self.places) = (rows.times, rows.places);
        for place in &mut self.places {
            *place = Place { line: place.line + from.line, byte: place.byte + from.byte };
        }
        for (column, (index, packed)) in kept.into_iter().zip(columns).enumerate() {
            let values = &self.values[column * BLOCK..(column + 1) * BLOCK];
            match packed {
                Some(packed) => {
                    reader.n_pushed += BLOCK as u64;
                    reader.collector.push_packed(index, (&self.times, &times), values, &packed);
                }
                None => self.push_present(reader, index, values),
            }
        }
        self.values = values;
        self.times.clear();
        self.places.clear();
        true
    }

    /// Reads the cells of a row behind those that are gathered; gives the time as it is written.
    fn cells<'a>(&mut self, table: &Table, separator: u8, line: &'a str) -> Option<&'a str> {
        let n_columns = table.header.len();
        let (mut rest, mut written, mut to) = (line.as_bytes(), "", self.times.len());
        self.row_gaps.clear();
        for column in 0..n_columns {
            let length = if column == table.time {
                let end = memchr::memchr(separator, rest).unwrap_or(rest.len());
                let start = line.len() - rest.len();
                written = &line[start..start + end];
                end
            } else {
                let (value, length) = match rest.first() {
                    Some(byte) if *byte != separator => decimal::float(rest)?,
                    _ => {
                        self.row_gaps.push(to / BLOCK);
                        (f64::NAN, 0)
                    }
                };
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
        Some(written)
    }

    /// Makes series of the columns that have their first value in the row at hand; `None` when two columns are one series.
    fn know(&mut self, reader: &mut Reader, table: &Table) -> Option<()> {
        for column in (0..table.header.len()).filter(|column| *column != table.time) {
            let kept = column - usize::from(column > table.time);
            if self.series[column].is_none() && !self.values[kept * BLOCK + self.times.len()].is_nan() {
                self.series_of(reader, table, column);
            }
        }
        let n_known = self.series.iter().flatten().count();
        if n_known > self.n_known {
            self.n_known = n_known;
            self.has_twins = self.series.iter().flatten().collect::<HashSet<_>>().len() < n_known;
        }
        (!self.has_twins).then_some(())
    }

    /// Puts what was gathered into its series.
    pub fn flush(&mut self, reader: &mut Reader) {
        let Some(first) = self.times.first().copied() else { return };
        let time = self.time;
        let kept = self.series.iter().enumerate().filter(move |(column, _)| *column != time);
        let columns = || kept.clone().enumerate().filter_map(|(column, (_, index))| Some((column, (*index)?)));
        if self.times.len() == BLOCK && columns().all(|(_, index)| reader.collector.is_behind(index, first)) {
            let mut packed = Times::default();
            packed.push(&self.times);
            for (column, index) in columns() {
                let values = &self.values[column * BLOCK..(column + 1) * BLOCK];
                if self.has_gap[column] {
                    self.push_present(reader, index, values);
                } else {
                    reader.n_pushed += BLOCK as u64;
                    reader.collector.push_block(index, (&self.times, &packed), values);
                }
            }
        } else {
            for (row, (time, place)) in self.times.iter().zip(&self.places).enumerate() {
                for (column, index) in columns() {
                    let value = self.values[column * BLOCK + row];
                    if !value.is_nan() {
                        reader.push(index, Sample { time: Timestamp(*time), value }, *place);
                    }
                }
            }
        }
        self.times.clear();
        self.places.clear();
        self.has_gap.fill(false);
    }

    /// Adds the values of one column but for its empty cells, all behind what its series has.
    fn push_present(&self, reader: &mut Reader, index: usize, values: &[f64]) {
        for ((time, place), value) in self.times.iter().zip(&self.places).zip(values).filter(|(_, value)| !value.is_nan()) {
            reader.push(index, Sample { time: Timestamp(*time), value: *value }, *place);
        }
    }
}

/// Whether all cells but the time are numbers with a point.
fn is_wide(table: &Table, separator: char) -> bool {
    table.is_wide() && table.decimal == Decimal::Point && separator.is_ascii()
}

/// [`BLOCK`] rows that were read without knowing those before them.
pub(super) struct Block {
    rows: PlainRows,
    times: Times,
    /// The values of each column; `None` where cells are empty.
    columns: Vec<Option<Packed>>,
    notes: TimeNotes,
}

impl Block {
    /// Reads a text of so many lines; `None` when any of them is unusual.
    pub fn read(text: &str, (table, separator, zone): (&Table, char, WallZone)) -> Option<Self> {
        let (mut rows, mut notes, mut at) = (PlainRows::default(), TimeNotes::default(), 0);
        for (number, line) in (0..).zip(text.split_inclusive('\n')) {
            let (time, written) = rows.row(zone, table, separator as u8, line.trim_end_matches(['\n', '\r']))?;
            if let Some(written) = written {
                notes.add(written, table);
            }
            rows.keep(time, Place { line: number, byte: at });
            at += line.len() as u64;
        }
        let mut times = Times::default();
        times.push(&rows.times);
        let packed = |(has_gap, values): (&bool, &[f64])| {
            (!has_gap).then(|| {
                let mut packed = Packed::default();
                packed.push_shared(&times, values);
                packed
            })
        };
        let columns = rows.has_gap.iter().zip(rows.values.chunks_exact(BLOCK)).map(packed).collect();
        (rows.times.len() == BLOCK).then_some(Self { rows, times, columns, notes })
    }
}
