//! `key=value` pairs: logfmt lines and pairs inside of text.

use memchr::memchr;

use super::json::{Sink, Value, string_end};
use super::roles::Place;
use crate::parse::bytes::find_either;

/// The same as [`walk`] for a line of ASCII without a backslash.
pub(super) fn walk_plain<'a, S: Sink<'a>>(line: &'a [u8], at: usize, sink: &mut S) {
    let at = sink.run_pairs(line, at);
    if at < line.len() {
        walk(line, at, sink);
    }
}

/// Reports each pair of `line` from `at` on. What is no pair is passed over; a quote that never closes takes the rest.
pub(super) fn walk<'a, S: Sink<'a>>(line: &'a [u8], mut at: usize, sink: &mut S) {
    loop {
        while line.get(at) == Some(&b' ') {
            at += 1;
        }
        let (meaning, key, value_at);
        if let Some((expected, after)) = sink.expect(line, at, Place(0)) {
            (meaning, key, value_at) = (expected, &line[..0], after);
        } else {
            let Some(equals) = line.get(at..).and_then(|rest| memchr(b'=', rest)).map(|len| at + len) else { return };
            let start = key_start(line, at, equals);
            if start == equals {
                at = equals + 1;
                continue;
            }
            (key, value_at) = (&line[start..equals], equals + 1);
            meaning = sink.meaning(key, &line[start..=equals], Place(0));
        }
        let (value, end) = value(line, value_at);
        sink.value(meaning, key, Place(0), value);
        at = end;
    }
}

/// Where the key before `equals` starts; `equals` itself when no key stands there (`a&b=1`, `==`).
fn key_start(line: &[u8], from: usize, equals: usize) -> usize {
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/');
    let mut start = equals;
    while start > from && is_key(line[start - 1]) {
        start -= 1;
    }
    let is_border = start == from || matches!(line[start - 1], b' ' | b'\t' | b'[' | b'(' | b'{' | b',' | b';');
    if is_border { start } else { equals }
}

fn value(line: &[u8], at: usize) -> (Value<'_>, usize) {
    if line.get(at) == Some(&b'"') {
        let Some((end, is_escaped)) = string_end(line, at + 1) else { return (Value::Text(&line[at + 1..]), line.len()) };
        let text = &line[at + 1..end];
        return (if is_escaped { Value::Escaped(text) } else { Value::Text(text) }, end + 1);
    }
    let end = find_either::<b' ', b'\t'>(line, at).unwrap_or(line.len());
    let mut text = line.get(at..end).unwrap_or_default();
    while let Some((b',' | b';' | b']' | b')', before)) = text.split_last() {
        text = before;
    }
    (Value::Text(text), end)
}
