//! The slow query log of `MySQL` and `MariaDB`: comments with the time, the user and what the query cost, then the query.
//!
//! Old servers write the time only when it changes; each query tells it again as `SET timestamp=`.

use serde_json::{Map, Value};

use super::Writer;
use crate::parse::chunk::lines;

/// Whether the bytes hold blocks of a slow query log.
pub(super) fn is_slow_log(head: &[u8]) -> bool {
    let mut sample = lines(head).map(|(_, line)| line).skip_while(|line| !line.starts_with(b"# ")).take(4);
    let has_start = sample.next().is_some_and(is_start);
    has_start && sample.any(|line| line.starts_with(b"# Query_time: "))
}

fn is_start(line: &[u8]) -> bool {
    line.starts_with(b"# Time: ") || line.starts_with(b"# User@Host: ")
}

pub(super) fn convert(writer: &mut Writer<'_>) {
    let bytes = writer.original;
    let mut block: Option<(usize, Map<String, Value>)> = None;
    let mut has_cost = false;
    for (offset, line) in lines(bytes) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        // The user follows the time of the same block, and begins one where the time is left out.
        if line.starts_with(b"# Time: ") || (is_start(line) && (has_cost || block.is_none())) {
            write(writer, block.take());
            block = Some((offset, Map::new()));
            has_cost = false;
        }
        let Some((_, fields)) = &mut block else { continue };
        if let Some(time) = text.strip_prefix("# Time: ") {
            if crate::parse::timestamp::read(time.as_bytes()).is_some() {
                fields.insert("time".into(), time.into());
            }
        } else if let Some(user) = text.strip_prefix("# User@Host: ") {
            fields.insert("user".into(), user.split("  Id:").next().unwrap_or(user).trim().into());
        } else if let Some(costs) = text.strip_prefix("# ") {
            has_cost |= costs.starts_with("Query_time: ");
            let words: Vec<&str> = costs.split_whitespace().collect();
            for pair in words.chunks_exact(2).filter(|pair| pair[0].ends_with(':')) {
                let name = match pair[0].trim_end_matches(':') {
                    "Query_time" => "duration_seconds".to_owned(),
                    name => name.to_ascii_lowercase(),
                };
                fields.insert(name, pair[1].into());
            }
        } else if let Some(epoch) = text.strip_prefix("SET timestamp=") {
            let epoch: Value = epoch.trim_end_matches(';').into();
            fields.entry("time").or_insert(epoch);
        } else if let Some(Value::String(query)) = fields.get_mut("message") {
            query.push('\n');
            query.push_str(text);
        } else if has_cost && !text.is_empty() {
            fields.insert("message".into(), text.into());
        }
    }
    write(writer, block);
}

fn write(writer: &mut Writer<'_>, block: Option<(usize, Map<String, Value>)>) {
    let Some((offset, fields)) = block.filter(|(_, fields)| fields.contains_key("message")) else { return };
    let text = Value::Object(fields).to_string();
    writer.record(offset, |out| out.extend_from_slice(text.as_bytes()));
}
