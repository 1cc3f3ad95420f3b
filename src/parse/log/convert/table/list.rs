//! Tables of things that were there at a time, whatever the column of the time is called: sessions of a database, jobs,
//! locks. Each row is an event; the rest of its cells are its fields.
//!
//! Only for tables that hold no measurements: who asks has looked at that before.

use std::borrow::Cow;

use super::{Header, Opened, opened};
use crate::parse::log::roles::Role;
use crate::parse::timestamp::{self, EpochUnit, Missing};

/// Columns that say in words what a thing does, the most telling first.
const WORDS: &[&str] = &["query", "info", "statement", "sql", "sql_text", "text", "event", "reason", "error", "action", "command"];
/// Cells that stand for a row without words of its own.
const MOST_PAIRS: usize = 8;
/// Rows with as many cells as the header, of ten.
const WHOLE_ROWS: usize = 8;

/// The header at `at`, if most rows below it have as many cells, and one column holds a time in nearly all of them.
pub(super) fn header(bytes: &[u8], at: usize) -> Option<Header> {
    let opened = opened(bytes, at).filter(|opened| !opened.is_postgres)?;
    let n = opened.names.len();
    let n_whole = opened.sample.iter().filter(|row| row.len() == n).count();
    if n < 2 || opened.sample.len() < 2 || n_whole * 10 < opened.sample.len() * WHOLE_ROWS {
        return None;
    }
    let time = (0..n).filter_map(|index| Some((fitness(&opened, index)?, index))).min()?.1;
    let lower: Vec<String> = opened.names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let said = WORDS.iter().find_map(|known| lower.iter().position(|name| name == known));
    let message = said.filter(|index| *index != time);
    let (has_status_words, separator, rows_at) = (opened.has_status_words(), opened.separator, opened.rows_at);
    Some(Header { separator, names: opened.names, time, message, has_status_words, is_list: true, rows_at })
}

/// How well a column tells the time of the rows, less is better: it never goes back, and its name says so. `None` where the
/// cells are no times; bare numbers need a name that means one.
fn fitness(opened: &Opened<'_>, index: usize) -> Option<(bool, u8)> {
    let rank = opened.time_rank(index);
    let is_time = |cell: &&[u8]| {
        let is_written = || timestamp::read(cell).is_some_and(|stamp| stamp.civil.missing != Missing::Date);
        is_written() || rank.is_some() && EpochUnit::of(cell).is_some()
    };
    let cells: Vec<&[u8]> = opened.cells(index).collect();
    let n = cells.iter().filter(|cell| is_time(cell)).count();
    let is_full = cells.len() * 10 >= opened.sample.len() * 9;
    // Times of one form rise as their text does.
    let is_rising = cells.is_sorted() || cells.iter().rev().is_sorted();
    (is_full && n > 0 && n * 10 >= cells.len() * 8).then_some((!is_rising, rank.unwrap_or(u8::MAX)))
}

/// Cells that databases write for nothing.
pub(super) fn is_null(cell: &[u8]) -> bool {
    matches!(cell, b"" | b"NULL" | b"\\N" | b"<null>")
}

/// A row in words: its first cells beside the time by their names.
pub(super) fn pairs(header: &Header, cells: &[Cow<'_, [u8]>]) -> String {
    let named = header.names.iter().zip(cells).enumerate();
    let told = named.filter(|(index, (_, cell))| *index != header.time && !is_null(cell));
    let pair = |(_, (name, cell)): (usize, (&String, &Cow<'_, [u8]>))| match super::role_of(&name.to_ascii_lowercase()) {
        Some(Role::Level | Role::Service) => String::from_utf8_lossy(cell).into_owned(),
        _ => format!("{name} {}", String::from_utf8_lossy(cell).trim()),
    };
    told.take(MOST_PAIRS).map(pair).collect::<Vec<_>>().join(", ")
}
