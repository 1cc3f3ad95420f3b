//! `journalctl -o export` and `-o verbose`.
//!
//! Export: blocks of `FIELD=value` lines with a blank line between; a field that holds control
//! characters stands as its name, eight bytes of length (little end first), the bytes, a line end.

use serde_json::{Map, Value};

use super::Writer;
use crate::model::catalog::ProblemKind;
use crate::parse::chunk::lines;
use crate::parse::timestamp;

/// Whether the bytes are blocks of a line with a time and indented fields.
pub(super) fn is_verbose(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"-- "));
    let first = lines.next().unwrap_or_default();
    header(first).is_some() && lines.next().is_some_and(|line| field(line).is_some())
}

/// The time of `Mon 2026-11-23 02:28:09.123456 UTC [s=…;i=…]`.
fn header(line: &[u8]) -> Option<&[u8]> {
    let open = memchr::memmem::find(line, b" [s=")?;
    timestamp::read(line).filter(|stamp| stamp.len <= open).map(|_| &line[..open])
}

/// `    NAME=value`.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"    ")?;
    let equals = memchr::memchr(b'=', line)?;
    let is_name = equals > 0 && line[..equals].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    is_name.then(|| (&line[..equals], &line[equals + 1..]))
}

/// Writes the blocks of `-o verbose`; a value goes on in lines that are no field.
pub(super) fn convert_verbose(writer: &mut Writer<'_>) {
    let bytes = writer.original;
    let mut block: Option<(usize, Map<String, Value>)> = None;
    let mut last = String::new();
    for (offset, line) in lines(bytes) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(time) = header(line) {
            write(writer, block.take());
            block = Some((offset, Map::from_iter([("@timestamp".to_owned(), text(time).into())])));
        } else if let (Some((name, value)), Some((_, fields))) = (field(line), &mut block) {
            last = text(name);
            fields.insert(last.clone(), text(value).into());
        } else if let Some(Value::String(value)) = block.as_mut().and_then(|(_, fields)| fields.get_mut(&last)) {
            value.push('\n');
            value.push_str(text(line).trim_start());
        }
    }
    write(writer, block);
}

/// Whether the bytes begin with a block of the journal.
pub(super) fn is_export(head: &[u8]) -> bool {
    let start = &head[..head.len().min(64 << 10)];
    let is_field = |line: &[u8]| {
        let name = line.iter().position(|byte| *byte == b'=').map(|at| &line[..at]);
        name.is_some_and(|name| {
            !name.is_empty() && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        })
    };
    let first = start.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    is_field(first) && first.starts_with(b"__") && memchr::memmem::find(start, b"__REALTIME_TIMESTAMP=").is_some()
}

pub(super) fn convert(writer: &mut Writer<'_>) {
    let bytes = writer.original;
    let mut at = writer.counted.0;
    let mut block: Option<(usize, Map<String, Value>)> = None;
    while at < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
        let line = &bytes[at..end];
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if line.is_empty() {
            write(writer, block.take());
            at = end + 1;
        } else if let Some(equals) = memchr::memchr(b'=', line) {
            let (_, fields) = block.get_or_insert_with(|| (at, Map::new()));
            fields.insert(text(&line[..equals]), text(&line[equals + 1..]).into());
            at = end + 1;
        } else {
            let length = bytes.get(end + 1..end + 9).and_then(|length| Some(u64::from_le_bytes(length.try_into().ok()?)));
            let value = length.and_then(|length| bytes.get(end + 9..(end + 9).checked_add(usize::try_from(length).ok()?)?));
            let Some(value) = value else {
                writer.problem(at, ProblemKind::Truncated, "the journal ends inside a field, or a length in it is wrong");
                break;
            };
            let (_, fields) = block.get_or_insert_with(|| (at, Map::new()));
            fields.insert(text(line), text(value).into());
            at = end + 9 + value.len() + 1;
        }
    }
    write(writer, block);
}

fn write(writer: &mut Writer<'_>, block: Option<(usize, Map<String, Value>)>) {
    if let Some((offset, fields)) = block {
        let text = Value::Object(fields).to_string();
        writer.record(offset, |out| out.extend_from_slice(text.as_bytes()));
    }
}
