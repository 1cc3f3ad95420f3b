//! One record in full: message, trace id and all other fields, made again from its text when it is looked at.

use std::borrow::Cow;

use super::access::{self, Column};
use super::found::Moment;
use super::json::{self, Sink, Value};
use super::line::{Reader, bare, compose_prefix, without_colours};
use super::roles::{Binding, Meaning, Place, Role};
use super::text;
use super::{Layout, LogPlan, keys, level, pairs};
use crate::model::Timestamp;
use crate::parse::RecordDetail;

/// One value of the record with the meaning of its key.
struct Entry {
    name: String,
    text: String,
    binding: Option<Binding>,
}

struct Collect<'s> {
    plan: &'s LogPlan,
    entries: Vec<Entry>,
}

impl<'a> Sink<'a> for Collect<'_> {
    fn expect(&mut self, _: &'a [u8], _: usize, _: Place) -> Option<(Meaning, usize)> {
        None
    }

    fn meaning(&mut self, key: &'a [u8], _: &'a [u8], place: Place) -> Meaning {
        keys::lookup(self.plan, key, place)
    }

    fn value(&mut self, meaning: Meaning, key: &'a [u8], place: Place, value: Value<'a>) {
        let key = lossy(key);
        let name = if place == Place(0) { key } else { format!("{}.{key}", place.path()) };
        let text = match value {
            Value::Escaped(text) => unescape(text),
            Value::Nested(text) => byte_list(text).unwrap_or_else(|| lossy(text)),
            Value::Text(text) | Value::Bare(text) => lossy(text),
        };
        self.entries.push(Entry { name, text, binding: meaning.binding });
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// The text of a string with escapes, given without its quotes.
pub(super) fn unescape(text: &[u8]) -> String {
    let quoted = [b"\"", text, b"\""].concat();
    serde_json::from_slice(&quoted).unwrap_or_else(|_| lossy(text))
}

/// journald writes a text with control characters as a list of byte numbers.
fn byte_list(text: &[u8]) -> Option<String> {
    let bytes: Vec<u8> = serde_json::from_slice(text).ok().filter(|bytes: &Vec<u8>| bytes.len() > 3)?;
    Some(lossy(&bytes))
}

/// Everything that one record says. `bytes` is the whole record, with the lines folded into it.
pub fn read_record(plan: &LogPlan, bytes: &[u8]) -> RecordDetail {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let is_coloured = plan.habits.has_colours || bytes.first() == Some(&0x1b);
    let uncoloured = if is_coloured { without_colours(&bytes[..end]) } else { Cow::Borrowed(&bytes[..end]) };
    let (first, folded) = (bare(&uncoloured), bytes.get(end + 1..).unwrap_or_default());
    let folded = folded.strip_suffix(b"\n").unwrap_or(folded);
    let mut reader = Reader::new(plan);
    let Some(found) = reader.read(first) else {
        let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        return RecordDetail { message: lossy(bare(whole)), ..RecordDetail::default() };
    };
    let line = if plan.habits.has_compose_prefix { compose_prefix(first).map_or(first, |(_, rest)| rest) } else { first };
    let mut collect = Collect { plan, entries: Vec::new() };
    let text = match found.layout {
        Layout::Json => {
            if json::walk(line, 0, &mut collect) == Err(json::Surprise::Odd) {
                collect.entries.clear();
                validated(&mut collect, line);
            }
            None
        }
        Layout::Logfmt => {
            pairs::walk(line, 0, &mut collect);
            None
        }
        Layout::Access => Some(access(&mut reader, line, &mut collect)),
        Layout::Text => Some(text_line(&mut reader, line, &mut collect)),
    };
    let mut detail = RecordDetail {
        time: if let Moment::At(ns) = found.time { Some(Timestamp(ns)) } else { None },
        level: found.level,
        service: found.service.as_deref().map(lossy),
        ..RecordDetail::default()
    };
    assign(&mut detail, collect.entries, text.is_some());
    if let Some(text) = text {
        detail.message = text;
    } else if detail.message.is_empty() {
        detail.message = lossy(line);
    }
    if !folded.is_empty() {
        detail.message.push('\n');
        detail.message.push_str(&String::from_utf8_lossy(folded));
    }
    detail
}

/// Gives entries to their roles, the rest to the fields. In text the time, level and message stand outside of keys.
fn assign(detail: &mut RecordDetail, entries: Vec<Entry>, is_text: bool) {
    let best = |role: Role| {
        let mut best: Option<(usize, u8)> = None;
        for (index, entry) in entries.iter().enumerate() {
            if let Some(binding) = entry.binding.filter(|binding| binding.role == role && !entry.text.is_empty())
                && best.is_none_or(|(_, rank)| binding.rank <= rank)
            {
                best = Some((index, binding.rank));
            }
        }
        best.map(|(index, _)| index)
    };
    let (message, trace) = (best(Role::Message), best(Role::Trace));
    let outside = if is_text { [None; 3] } else { [best(Role::Time), best(Role::Level), message] };
    let service = best(Role::Service).filter(|index| detail.service.as_deref() == Some(entries[*index].text.as_str()));
    for (index, entry) in entries.into_iter().enumerate() {
        if Some(index) == trace {
            detail.trace_id = Some(entry.text);
        } else if Some(index) == outside[2] {
            detail.message = entry.text;
        } else if !outside[..2].contains(&Some(index)) && Some(index) != service {
            detail.fields.push((entry.name, entry.text));
        }
    }
}

fn validated(collect: &mut Collect, line: &[u8]) {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(line) else { return };
    for (name, value) in object {
        let text = if let serde_json::Value::String(text) = &value { text.clone() } else { value.to_string() };
        let binding = keys::lookup(collect.plan, name.as_bytes(), Place(0)).binding;
        collect.entries.push(Entry { name, text, binding });
    }
}

fn access(reader: &mut Reader, line: &[u8], collect: &mut Collect) -> String {
    let time_end = access::time_start(line).and_then(|at| Some(at + reader.clock.read(&line[at..])?.len));
    let Some(access) = time_end.and_then(|end| access::after_time(line, end)) else { return lossy(line) };
    let mut add = |name: String, text: &[u8]| collect.entries.push(Entry { name, text: lossy(text), binding: None });
    add("client".to_owned(), line.split(|byte| *byte == b' ').next().unwrap_or_default());
    add("status".to_owned(), access.status.to_string().as_bytes());
    let latency = reader.plan.habits.access_latency.map(|(column, _)| column);
    let mut n_quoted = 0;
    for (index, (start, column)) in access::columns(line, access.rest).enumerate() {
        match column {
            Column::Word(text) if index == 0 => collect.entries.push(Entry { name: "bytes".into(), text: lossy(text), binding: None }),
            Column::Word(text) => {
                let name = if latency == Some(index) { "latency".to_owned() } else { format!("column_{}", index + 1) };
                collect.entries.push(Entry { name, text: lossy(text), binding: None });
            }
            Column::Quoted(text) if is_trace_id(text) => {
                let binding = Binding { role: Role::Trace, rank: 0, unit: None };
                collect.entries.push(Entry { name: "trace_id".into(), text: lossy(text), binding: Some(binding) });
            }
            Column::Quoted(text) => {
                // The combined format: referrer, then user agent.
                let name = ["referrer", "user_agent"].get(n_quoted).map_or_else(|| format!("column_{}", index + 1), |&name| name.into());
                n_quoted += 1;
                collect.entries.push(Entry { name, text: lossy(text), binding: None });
            }
            Column::Pair(len) => pairs::walk(&line[..start + len], start, collect),
        }
    }
    format!("{} {}", lossy(access.request), access.status)
}

/// 16 or 32 hexadecimal digits, as W3C and B3 trace ids are.
fn is_trace_id(text: &[u8]) -> bool {
    matches!(text.len(), 16 | 32) && text.iter().all(u8::is_ascii_hexdigit)
}

fn text_line(reader: &mut Reader, line: &[u8], collect: &mut Collect) -> String {
    let Some(head) = text::head(reader, line) else { return lossy(line) };
    let object = text::object_start(line, head.rest).filter(|_| line.ends_with(b"}"));
    pairs::walk(&line[..object.unwrap_or(line.len())], head.rest, collect);
    let has_object = object.is_some_and(|object| json::walk(line, object, collect).is_ok());
    let end = object.filter(|_| has_object).unwrap_or(line.len());
    let rest = level::strip(line.get(head.rest..end).unwrap_or_default());
    let message = match rest.iter().position(|byte| *byte == b'\t') {
        Some(tab) if is_caller(&rest[..tab]) => {
            collect.entries.insert(0, Entry { name: "caller".to_owned(), text: lossy(&rest[..tab]), binding: None });
            &rest[tab + 1..]
        }
        _ => rest,
    };
    lossy(message.trim_ascii())
}

/// `glog/main.go:56`.
fn is_caller(text: &[u8]) -> bool {
    let colon = text.iter().rposition(|byte| *byte == b':');
    colon.is_some_and(|at| at > 0 && at + 1 < text.len() && text[at + 1..].iter().all(u8::is_ascii_digit) && !text.contains(&b' '))
}
