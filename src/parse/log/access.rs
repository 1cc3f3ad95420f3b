//! Access logs: `host ident user [23/Nov/2026:02:28:09 +0000] "request" status bytes …` and what servers add to it.
//!
//! What follows the status is read as columns and pairs. Which column is a latency cannot be known from one line;
//! the plan finds out over many (`survey::access_latency`).

use memchr::memchr;

use super::found::{Found, Moment, seconds, status};
use super::json::string_end;
use super::level;
use super::line::Reader;
use super::sink::TakesTime;
use crate::model::Level;
use crate::parse::timestamp::Missing;

/// How far into a line the bracket of the time is looked for.
const MAX_HOST_BYTES: usize = 512;

/// One access line, cut into its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a> {
    /// Between the quotes.
    pub request: &'a [u8],
    pub status: u16,
    /// Position after the status.
    pub rest: usize,
}

/// Where the time of an access line begins: after a bracket, `dd/Mon/yyyy:`.
pub(super) fn time_start(line: &[u8]) -> Option<usize> {
    let at = memchr(b'[', &line[..line.len().min(MAX_HOST_BYTES)])? + 1;
    (at > 1 && line.get(at + 2) == Some(&b'/') && line.get(at + 11) == Some(&b':')).then_some(at)
}

/// Request and status after the time that ends at `at`.
pub(super) fn after_time(line: &[u8], at: usize) -> Option<Access<'_>> {
    if !line.get(at..)?.starts_with(b"] \"") {
        return None;
    }
    let start = at + 3;
    let mut from = start;
    // A request may hold quotes that nobody escaped: its end is the first quote that a status follows.
    loop {
        let (end, _) = string_end(line, from)?;
        let code = line.get(end + 2..end + 5).filter(|_| line.get(end + 1) == Some(&b' ')).and_then(status);
        if let Some(status) = code.filter(|_| matches!(line.get(end + 5), None | Some(b' ' | b'\t'))) {
            return Some(Access { request: &line[start..end], status, rest: end + 5 });
        }
        from = end + 1;
    }
}

/// Reads an access line; whether it is one.
pub(super) fn read<'a>(reader: &mut Reader, line: &'a [u8], found: &mut Found<'a>) -> bool {
    let Some(at) = time_start(line) else { return false };
    let Some(stamp) = reader.clock.read(&line[at..]).filter(|stamp| stamp.civil.missing == Missing::Nothing) else { return false };
    let Some(access) = after_time(line, at + stamp.len) else { return false };
    found.time = reader.clock.place(stamp.civil).map_or(Moment::Bad, Moment::At);
    if let Some((wanted, unit)) = reader.plan.habits.access_latency
        && let Some(Column::Word(text)) = columns(line, access.rest).nth(wanted).map(|(_, column)| column)
    {
        found.latency = seconds(text, Some(unit)).unwrap_or(f32::NAN);
    }
    for (start, column) in columns(line, access.rest) {
        match column {
            Column::Pair(len) => drop(reader.pairs(&line[..start + len], start, found, TakesTime::No)),
            Column::Quoted(text) if is_trace_id(text) => found.take_trace(0, text),
            Column::Word(text) if is_request_id(text) => found.take_trace(1, text),
            _ => {}
        }
    }
    found.say(access.request);
    found.status = access.status;
    if found.level == Level::Unknown {
        found.level = level::of_status(access.status);
    }
    true
}

/// 16 or 32 hexadecimal digits, as W3C and B3 trace ids are.
pub(super) fn is_trace_id(text: &[u8]) -> bool {
    matches!(text.len(), 16 | 32) && text.iter().all(u8::is_ascii_hexdigit)
}

/// The id that a proxy gives a request, outside of quotes: 32 hexadecimal digits, not all of them decimal.
pub(super) fn is_request_id(text: &[u8]) -> bool {
    text.len() == 32 && is_trace_id(text) && text.iter().any(u8::is_ascii_alphabetic)
}

/// What the columns behind the latency are called where the next one is `[upstream]`, as the ingress of Kubernetes
/// writes them. A column of several values, one for each upstream that was tried, has a comma behind all but the last.
pub(super) struct UpstreamNames {
    latency: usize,
    n_named: usize,
    is_on: bool,
}

const UPSTREAM_NAMES: [&str; 6] =
    ["upstream", "upstream_alternative", "upstream_addr", "upstream_response_length", "upstream_response_time", "upstream_status"];

impl UpstreamNames {
    /// Names for the columns of a line whose latency is column `latency`.
    pub fn behind(latency: Option<usize>) -> Self {
        Self { latency: latency.unwrap_or(usize::MAX), n_named: 0, is_on: false }
    }

    /// The name of the bare word `text` in column `index`; call it for each of them from left to right.
    pub fn of(&mut self, index: usize, text: &[u8]) -> Option<&'static str> {
        if self.latency.checked_add(1) == Some(index) {
            self.is_on = text.starts_with(b"[") && text.ends_with(b"]");
        }
        if !self.is_on {
            return None;
        }
        let name = UPSTREAM_NAMES.get(self.n_named).copied();
        if !text.ends_with(b",") {
            self.n_named += 1;
        }
        name
    }
}

/// A column after the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column<'a> {
    /// A bare word.
    Word(&'a [u8]),
    /// Between quotes.
    Quoted(&'a [u8]),
    /// `key=value` of this length.
    Pair(usize),
}

/// The columns from `at` on with their start. Column 0 is usually the number of bytes.
pub(super) fn columns(line: &[u8], mut at: usize) -> impl Iterator<Item = (usize, Column<'_>)> {
    std::iter::from_fn(move || {
        while line.get(at) == Some(&b' ') {
            at += 1;
        }
        let start = at;
        if *line.get(at)? == b'"' {
            let end = string_end(line, at + 1).map_or(line.len(), |(end, _)| end);
            at = (end + 1).min(line.len());
            return Some((start, Column::Quoted(&line[start + 1..end])));
        }
        let mut is_pair = false;
        while let Some(byte) = line.get(at).filter(|byte| **byte != b' ') {
            if *byte == b'=' {
                is_pair = true;
            }
            // `ua="Mozilla 5.0"` is one column.
            at = if is_pair && *byte == b'"' { string_end(line, at + 1).map_or(line.len(), |(end, _)| end + 1) } else { at + 1 };
        }
        Some((start, if is_pair { Column::Pair(at - start) } else { Column::Word(&line[start..at]) }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_may_hold_quotes_and_bytes_that_nobody_escaped() {
        let parts = |line: &str| {
            let at = time_start(line.as_bytes())?;
            let end = at + line[at..].find(']')?;
            after_time(line.as_bytes(), end).map(|access| (String::from_utf8_lossy(access.request).into_owned(), access.status))
        };
        assert_eq!(
            parts(r#"1.2.3.4 - - [23/Nov/2026:07:49:26 +0530] "GET /a HTTP/1.1" 200 2 "-" "c""#),
            Some(("GET /a HTTP/1.1".into(), 200))
        );
        assert_eq!(parts(r#"h - - [23/Nov/2026:07:49:26 +0530] "GET /"x" HTTP/1.1" 404 2"#), Some((r#"GET /"x" HTTP/1.1"#.into(), 404)));
        assert_eq!(parts(r#"h - - [23/Nov/2026:07:49:26 +0530] "\x16\x03\x01" 400 0"#), Some((r"\x16\x03\x01".into(), 400)));
        assert_eq!(parts(r#"h - - [23/Nov/2026:07:49:26 +0530] "-" 408 -"#), Some(("-".into(), 408)));
        assert_eq!(parts(r#"h - - [23/Nov/2026:07:49:26 +0530] "GET / HTTP/1.1" x"#), None);
    }

    #[test]
    fn columns_keep_quoted_text_together() {
        let line = br#"200 46 22697 "a b=c" up=127.0.0.1:1 ua="x y" -"#;
        let got: Vec<_> = columns(line, 3).map(|(_, column)| column).collect();
        assert_eq!(got.len(), 6);
        assert_eq!(got[..3], [Column::Word(b"46"), Column::Word(b"22697"), Column::Quoted(b"a b=c")]);
        assert_eq!(got[3..], [Column::Pair(14), Column::Pair(8), Column::Word(b"-")]);
    }
}
