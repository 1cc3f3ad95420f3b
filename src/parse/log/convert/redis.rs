//! `redis-cli slowlog get`: a numbered list of lists, the newest query first: number, epoch in seconds, microseconds, the
//! words of the command, client address and client name.

use serde_json::json;

use super::Writer;
use crate::parse::chunk::lines;

/// One query of the list.
#[derive(Default)]
struct Query {
    offset: usize,
    /// Indent of its members behind the first.
    indent: usize,
    number: String,
    epoch: String,
    micros: String,
    words: Vec<String>,
    client: Vec<String>,
}

/// Whether the bytes begin such a list.
pub(super) fn is_slow_log(head: &[u8]) -> bool {
    let mut first = lines(head).map(|(_, line)| line.trim_ascii()).filter(|line| !line.is_empty());
    first.next().is_some_and(|line| begins(line).is_some())
        && [b"2)", b"3)"].iter().all(|number| first.next().is_some_and(|line| line.starts_with(*number) && integer(&line[2..]).is_some()))
}

/// `12) 1) (integer) 9000`: the number of a query.
fn begins(line: &[u8]) -> Option<String> {
    integer(numbered(line)?.strip_prefix(b"1)")?)
}

/// What stands behind `12)`.
fn numbered(line: &[u8]) -> Option<&[u8]> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| line[digits..].strip_prefix(b")"))?.map(<[u8]>::trim_ascii_start)
}

/// `(integer) 9000`.
fn integer(text: &[u8]) -> Option<String> {
    let digits = text.trim_ascii().strip_prefix(b"(integer) ")?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| String::from_utf8_lossy(digits).into_owned())
}

/// `"lrange"`, with its escapes.
fn quoted(text: &[u8]) -> Option<String> {
    let text = text.trim_ascii();
    let inner = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some(serde_json::from_slice(text).unwrap_or_else(|_| String::from_utf8_lossy(inner).into_owned()))
}

pub(super) fn convert(writer: &mut Writer<'_>) {
    let mut query: Option<Query> = None;
    for (offset, line) in lines(writer.original) {
        let text = line.trim_ascii();
        if let Some(number) = begins(text) {
            write(writer, query.take());
            query = Some(Query { offset, number, ..Query::default() });
            continue;
        }
        let (Some(query), Some(rest)) = (&mut query, numbered(text)) else { continue };
        let indent = line.len() - line.trim_ascii_start().len();
        let is_member = query.indent == 0 || indent == query.indent;
        match integer(rest) {
            Some(epoch) if query.epoch.is_empty() => (query.epoch, query.indent) = (epoch, indent),
            Some(micros) if query.micros.is_empty() => query.micros = micros,
            _ => {
                // The first word stands behind the number of the list that it begins.
                let nested = numbered(rest).and_then(quoted);
                match (nested, quoted(rest)) {
                    (None, Some(client)) if is_member => query.client.push(client),
                    (Some(word), _) | (None, Some(word)) => query.words.push(word),
                    (None, None) => {}
                }
            }
        }
    }
    write(writer, query);
}

fn write(writer: &mut Writer<'_>, query: Option<Query>) {
    let Some(query) = query.filter(|query| !query.epoch.is_empty()) else { return };
    let mut client = query.client.into_iter();
    let record = json!({
        "timestamp": query.epoch.parse::<i64>().unwrap_or_default(),
        "message": query.words.join(" "),
        "duration_us": query.micros.parse::<u64>().unwrap_or_default(),
        "number": query.number,
        "client": client.next().unwrap_or_default(),
        "client_name": client.next().unwrap_or_default(),
    });
    writer.record(query.offset, |out| out.extend_from_slice(record.to_string().as_bytes()));
}
