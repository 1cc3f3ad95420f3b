//! Changes as rows of a table: a header, then a row a change, with any of the usual separators.

use serde_json::{Map, Value};

use super::looks_like_change;
use crate::parse::document::json::Element;
use crate::parse::log::convert::table::row;

/// Rows that decide what a file is.
const PROBED: usize = 20;

/// Rows as records, with the names of the header as keys.
pub(crate) fn elements(text: &str) -> Vec<Element> {
    rows(text, usize::MAX)
}

/// Why a text is a table of changes, if it is one.
pub(crate) fn recognise(head: &str) -> Option<String> {
    let first = head.lines().next()?;
    let is_header = first.len() < 1000 && first.contains([',', ';', '\t', '|']) && !first.starts_with(['{', '[', '<', '#']);
    // Each name of a header is one; a time is not.
    if !is_header || first.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rows = rows(head, PROBED);
    let n = rows.iter().filter_map(|row| row.value.as_object()).filter(|record| looks_like_change(record)).count();
    (n > 0 && n * 2 >= rows.len()).then(|| format!("{n} of {} rows below a header have a time and the kind of a change", rows.len()))
}

fn rows(text: &str, limit: usize) -> Vec<Element> {
    let text = text.trim_start_matches('\u{feff}');
    let bytes = text.as_bytes();
    let Some(first) = text.lines().next() else { return Vec::new() };
    let count = |separator: &u8| memchr::memchr_iter(*separator, first.as_bytes()).count();
    let separator = [b',', b';', b'\t', b'|'].into_iter().max_by_key(count).unwrap_or(b',');
    let (header, mut at) = row(bytes, 0, separator);
    let names: Vec<String> = header.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_lowercase().replace(' ', "_")).collect();
    let mut elements = Vec::new();
    let (mut line, mut counted) = (1, 0);
    while at < bytes.len() && elements.len() < limit {
        let (cells, end) = row(bytes, at, separator);
        line += memchr::memchr_iter(b'\n', &bytes[counted..at]).count() as u64;
        counted = at;
        let mut record = Map::new();
        for (name, cell) in names.iter().zip(&cells).filter(|(name, cell)| !name.is_empty() && !cell.trim_ascii().is_empty()) {
            record.insert(name.clone(), String::from_utf8_lossy(cell).trim().into());
        }
        if !record.is_empty() {
            elements.push(Element { value: Value::Object(record), line, byte: at as u64 });
        }
        at = end;
    }
    elements
}
