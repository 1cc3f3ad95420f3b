//! Log records in XML: the layouts of log4j and log4net, `java.util.logging`, events of Windows.
//!
//! A file of such records need not be a document (log4j writes no root), so elements are found one after another and
//! read without checking them: attributes and the text of leaves become fields.

use serde_json::{Map, Value};

use super::Writer;
use crate::model::catalog::ProblemKind;

/// Names of elements that hold one record, with what makes them one.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("log4j:event", &["timestamp="]),
    ("log4net:event", &["timestamp="]),
    ("Event", &["timeMillis=", "<Instant ", "SystemTime="]),
    ("event", &["timestamp="]),
    ("record", &["<date>", "<millis>"]),
];
/// How far into a record its signs are looked for.
const MAX_SIGN_BYTES: usize = 2000;

/// The element of records that the bytes hold, by its first one.
fn element(head: &[u8]) -> Option<&'static str> {
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace())?;
    if head[start] != b'<' {
        return None;
    }
    ELEMENTS.iter().find_map(|(name, signs)| {
        let at = find_start(head, name, start)?;
        let record = &head[at..head.len().min(at + MAX_SIGN_BYTES)];
        signs.iter().any(|sign| memchr::memmem::find(record, sign.as_bytes()).is_some()).then_some(*name)
    })
}

pub(super) fn is_log(head: &[u8]) -> bool {
    element(head).is_some()
}

/// Position of the next `<name` from `at`, followed by what ends a name.
fn find_start(bytes: &[u8], name: &str, at: usize) -> Option<usize> {
    let open = [b"<", name.as_bytes()].concat();
    let rest = bytes.get(at..)?;
    let mut found = memchr::memmem::find_iter(rest, &open);
    found.find(|at| rest.get(at + open.len()).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'>')).map(|found| at + found)
}

pub(super) fn convert(writer: &mut Writer<'_>) {
    let bytes = writer.original;
    let Some(name) = element(&bytes[..bytes.len().min(256 << 10)]) else { return };
    let close = [b"</", name.as_bytes(), b">"].concat();
    let mut at = 0;
    while let Some(start) = find_start(bytes, name, at) {
        let end = memchr::memmem::find(&bytes[start..], &close).map(|len| start + len + close.len());
        let text = String::from_utf8_lossy(&bytes[start..end.unwrap_or(bytes.len())]);
        if end.is_none() {
            let reason = format!("cut at byte {}: the last record is incomplete", bytes.len());
            writer.problem(start, ProblemKind::Truncated, reason);
        }
        let record = Value::Object(record_of(&text)).to_string();
        writer.record(start, |out| out.extend_from_slice(record.as_bytes()));
        at = end.unwrap_or(bytes.len());
    }
}

/// Attributes and the text of leaves as fields, some under the names that all readers of logs know.
fn record_of(text: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    let mut is_first = true;
    while let Some(open) = rest.find('<') {
        let tag = &rest[open + 1..];
        let Some(end) = tag.find('>') else { break };
        let (inside, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        if inside.starts_with(['/', '!', '?']) {
            continue;
        }
        let name = inside.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
        let attributes = attributes(&inside[name.len()..]);
        let (content, is_leaf) = leaf(after);
        // `<Data Name="x">y</Data>`, `<log4j:data name="x" value="y"/>`.
        let key = attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case("name")).map(|(_, value)| value.clone());
        if local == "data" {
            let value = attributes.iter().find(|(key, _)| key == "value").map_or(content, |(_, value)| value.clone());
            words.push(value.clone());
            if let Some(key) = key {
                fields.entry(key).or_insert_with(|| value.into());
            }
            continue;
        }
        for (key, value) in attributes.into_iter().filter(|(key, _)| !key.starts_with("xmlns")) {
            let key = if is_first { key } else { format!("{local}.{}", key.to_ascii_lowercase()) };
            fields.entry(known(&key).to_owned()).or_insert_with(|| value.into());
        }
        if is_leaf && !inside.ends_with('/') && !content.is_empty() {
            fields.entry(known(&local).to_owned()).or_insert_with(|| content.into());
        }
        is_first = false;
    }
    finish(&mut fields, &words);
    fields
}

/// Names of readers for names of writers.
fn known(key: &str) -> &str {
    match key {
        "timecreated.systemtime" | "date" => "timestamp",
        "provider.name" => "service",
        other => other,
    }
}

/// Levels of Windows are numbers, its message is often in the data only; throwables belong to the message.
fn finish(fields: &mut Map<String, Value>, words: &[String]) {
    let is_windows = fields.contains_key("eventid");
    if is_windows && let Some(number) = fields.get("level").and_then(Value::as_str).and_then(|level| level.parse::<u8>().ok()) {
        let level = ["info", "fatal", "error", "warn", "info", "debug"].get(usize::from(number)).copied().unwrap_or("info");
        fields.insert("level".into(), level.into());
    }
    if is_windows && !fields.contains_key("message") {
        let id = fields.get("eventid").and_then(Value::as_str).unwrap_or_default();
        let message = format!("event {id}: {}", words.join(" "));
        fields.insert("message".into(), message.trim_end_matches([' ', ':']).into());
    }
    // `millis` of java.util.logging is the same moment as its zoneless date, and says its zone.
    if let Some(millis) = fields.get("millis").filter(|_| fields.contains_key("sequence")).cloned() {
        fields.insert("timestamp".into(), millis);
    }
}

/// `key="value"` pairs.
fn attributes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let Some((value, next)) = after[1..].split_once(quote) else { break };
        found.push((key.trim().to_owned(), unescape(value)));
        rest = next;
    }
    found
}

/// The text up to the next tag, `CDATA` opened, and whether it is all that its element holds.
fn leaf(after: &str) -> (String, bool) {
    if let Some(data) = after.trim_start().strip_prefix("<![CDATA[") {
        return (data.split("]]>").next().unwrap_or(data).trim().to_owned(), true);
    }
    match after.split_once('<') {
        Some((text, tag)) => (unescape(text.trim()), tag.starts_with('/')),
        None => (unescape(after.trim()), true),
    }
}

fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let entity = after.split(';').next().filter(|entity| entity.len() < 12 && entity.len() < after.len()).unwrap_or("");
        let number = entity.strip_prefix("#x").and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let number = number.or_else(|| entity.strip_prefix('#')?.parse().ok());
        let sign = match entity {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => number.and_then(char::from_u32),
        };
        match sign {
            Some(sign) => {
                out.push(sign);
                rest = &after[entity.len() + 1..];
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
