//! Rows and cells of a text of tables: where a row ends, what divides its cells, and what stands before the header.
//!
//! A line end between quotes does not end a row. A quote that never closes is a sign like others.

use super::table::{self, Style};

/// A line of more cells is no row: one-line documents are full of commas.
pub(super) const MAX_COLUMNS: usize = 4096;

/// Signs that divide cells, the usual ones first.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Lines that one row may have.
const MAX_LINES: usize = 32;

/// Lines before the header: titles and comments.
const MAX_PREAMBLE: usize = 12;

/// Rows by which the separator is chosen, beside those of a preamble.
const PROBED_ROWS: usize = 5;

/// Rows that must be in sight before a text is opened.
pub(super) const OPENING_ROWS: usize = MAX_PREAMBLE + PROBED_ROWS + 1;

/// How a text of tables begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening {
    pub separator: char,
    /// Rows that are not blank before the header, or before the first row where there is none.
    pub n_before: usize,
    /// Whether the row there names the columns.
    pub is_headed: bool,
}

/// Looks at the first rows of a text. What divides cells is the sign by which a row has as many as those behind it.
pub(super) fn opening(text: &str, time_column: Option<&str>) -> Opening {
    let rows: Vec<&str> = rows(text).take(OPENING_ROWS).collect();
    let stated = rows.first().and_then(|row| row.strip_prefix("sep=")).and_then(|rest| rest.chars().next());
    let n_stated = usize::from(stated.is_some());
    let candidates = SEPARATORS.into_iter().filter(|separator| stated.is_none_or(|stated| stated == *separator));
    let candidates: Vec<char> = candidates.chain(stated.filter(|stated| !SEPARATORS.contains(stated))).collect();
    let fits = candidates.iter().filter_map(|separator| fit(&rows, n_stated, *separator)).reduce(|best, fit| {
        let rank = |fit: &Fit| (fit.n_alike, fit.n_cells);
        if rank(&fit) > rank(&best) { fit } else { best }
    });
    let Some(fit) = fits else {
        // A header alone, or nothing that is a table.
        let header = rows.get(n_stated).copied().unwrap_or("");
        let most = SEPARATORS.into_iter().rev().max_by_key(|c| header.matches(*c).count()).unwrap_or(',');
        return Opening { separator: stated.unwrap_or(most), n_before: n_stated, is_headed: true };
    };
    let style = Style { separator: fit.separator, time_column };
    let first = header_cells(rows[fit.at], fit.separator);
    Opening { separator: fit.separator, n_before: fit.at, is_headed: table::is_header(&first, style) || table::is_words(&first) }
}

/// A row that has as many cells as those right behind it.
struct Fit {
    separator: char,
    at: usize,
    n_cells: usize,
    n_alike: usize,
}

fn fit(rows: &[&str], from: usize, separator: char) -> Option<Fit> {
    let n_cells = |at: usize| rows.get(at).map_or(0, |row| cells(row, separator).len().min(MAX_COLUMNS + 1));
    let is_comment = |at: usize| rows.get(at).is_some_and(|row| row.starts_with('#'));
    (from..rows.len().min(from + MAX_PREAMBLE)).find_map(|at| {
        let n = n_cells(at);
        // A comment is the header only right before the rows, when those begin with a time.
        let is_odd =
            is_comment(at) && (is_comment(at + 1) || !rows.get(at + 1).is_some_and(|row| table::holds_time(&cells(row, separator))));
        if is_odd || !(2..=MAX_COLUMNS).contains(&n) || n_cells(at + 1) != n {
            return None;
        }
        let n_alike = (at + 1..rows.len()).take(PROBED_ROWS).take_while(|next| n_cells(*next) == n).count();
        Some(Fit { separator, at, n_cells: n, n_alike })
    })
}

/// Rows of a text that are not blank, without their line ends.
pub(super) fn rows(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (row, after) = rest.split_at(row_len(rest).unwrap_or_else(|alone| alone));
            rest = after;
            let row = row.trim_end_matches(['\n', '\r']);
            if !row.trim().is_empty() {
                return Some(row);
            }
        }
        None
    })
}

/// Length of the first row of a text with its line end. `Err` is that of its first line, where a quote is still open at
/// the end of the text and more lines might close it.
pub(super) fn row_len(text: &str) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let line_end = |from: usize| memchr::memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |at| from + at + 1);
    let first = line_end(0);
    let (mut from, mut end, mut state) = (0, first, Quotes::default());
    for _ in 0..MAX_LINES {
        state.pass(&bytes[from..end]);
        if !state.is_open {
            return Ok(end);
        }
        if end == bytes.len() {
            return Err(first);
        }
        (from, end) = (end, line_end(end));
    }
    Ok(first)
}

/// Whether a place in a row lies between quotes.
#[derive(Default)]
struct Quotes {
    is_open: bool,
    /// The byte before, in a cell that has begun.
    before: Option<u8>,
}

impl Quotes {
    fn pass(&mut self, bytes: &[u8]) {
        // Most lines have no quote at all.
        if !self.is_open && memchr::memchr(b'"', bytes).is_none() {
            self.before = None;
            return;
        }
        for byte in bytes {
            match byte {
                b'"' if self.is_open => self.is_open = false,
                // Behind its own end a quote is one of the text: `"a ""b"""`.
                b'"' => self.is_open = self.before.is_none_or(|before| before == b'"'),
                b',' | b';' | b'\t' | b'|' | b'\n' if !self.is_open => {
                    self.before = None;
                    continue;
                }
                b' ' if self.before.is_none() => continue,
                _ => {}
            }
            self.before = Some(*byte);
        }
    }
}

/// Cells of a row: quotes doubled inside quotes, blanks around cells cut.
pub(in crate::parse::metric) fn cells(row: &str, separator: char) -> Vec<String> {
    let mut out = Vec::new();
    let (mut cell, mut is_quoted) = (String::new(), false);
    let mut chars = row.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if cell.trim().is_empty() => is_quoted = true,
            c if c == separator && !is_quoted => out.push(std::mem::take(&mut cell).trim().to_owned()),
            c => cell.push(c),
        }
    }
    out.push(cell.trim().to_owned());
    out
}

/// Names of columns; a sign of a comment before them is none of the first.
pub(super) fn header_cells(row: &str, separator: char) -> Vec<String> {
    cells(row.trim_start_matches(['\u{feff}', '#', ' ']), separator)
}

/// Whether the numbers of a column name things: `pid`, `Id`, `session_id`, `SessionId`.
pub(super) fn is_id(header: &str) -> bool {
    const ALONE: [&str; 8] = ["id", "pid", "tid", "ppid", "spid", "xid", "uid", "gid"];
    let name = header.trim().trim_matches('"');
    let is_camel = |front: &str| front.ends_with(|c: char| c.is_ascii_lowercase());
    ALONE.iter().any(|id| name.eq_ignore_ascii_case(id))
        || name.to_ascii_lowercase().ends_with("_id")
        || name.strip_suffix("Id").or_else(|| name.strip_suffix("ID")).is_some_and(is_camel)
}
