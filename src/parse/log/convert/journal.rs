//! `journalctl -o export`: blocks of `FIELD=value` lines with a blank line between; a field that holds control
//! characters stands as its name, eight bytes of length (little end first), the bytes, a line end.

use serde_json::{Map, Value};

use super::Writer;
use crate::model::catalog::ProblemKind;

/// Whether the bytes begin with a block of the journal.
pub(super) fn is_export(head: &[u8]) -> bool {
    let start = &head[..head.len().min(64 << 10)];
    let is_field = |line: &[u8]| {
        let name = line.iter().position(|byte| *byte == b'=').map(|at| &line[..at]);
        name.is_some_and(|name| !name.is_empty() && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_'))
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
