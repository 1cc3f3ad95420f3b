//! One record in full: message, trace id and all other fields, made again from its text when it is looked at.

use std::borrow::Cow;

use super::access::{self, Column};
use super::found::{Found, Moment};
use super::json::{self, Sink, Value};
use super::line::{Reader, bare, compose_prefix, without_colours};
use super::roles::{Binding, Meaning, Place, Role};
use super::text;
use super::{Layout, LogPlan, below, correlation, keys, level, nested, pairs, rendered, structured, wrapped};
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
        if meaning.binding.is_none()
            && matches!(value, Value::Nested(_))
            && let Some(fields) = nested::fields(&name, &text)
        {
            self.entries.extend(fields.into_iter().map(|(name, text)| Entry { name, text, binding: None }));
            return;
        }
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
    let mut found = Found::default();
    if reader.read_plain(first, &mut found).is_none() {
        let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        return RecordDetail { message: lossy(bare(whole)), ..RecordDetail::default() };
    }
    let line = if plan.habits.has_compose_prefix { compose_prefix(first).map_or(first, |(_, rest)| rest) } else { first };
    let mut collect = Collect { plan, entries: Vec::new() };
    let mut folded_rest = folded;
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
        Layout::Named => {
            let (text, is_whole) = named_record(plan, line, folded, &mut collect);
            if is_whole {
                folded_rest = &[];
            }
            if super::line::starts_with_pair(text.as_bytes()) {
                own_pairs(&mut collect, &text);
            }
            Some(text)
        }
        Layout::Text if plan.habits.is_stamped => return stamped(reader, line, &found, folded),
        Layout::Text if plan.named.is_some() => Some(text_fields(&mut reader, line, &mut collect)),
        Layout::Text => Some(text_line(&mut reader, line, &mut collect)),
    };
    let mut detail = RecordDetail {
        time: if let Moment::At(ns) = found.time { Some(Timestamp(ns)) } else { None },
        level: found.level,
        service: found.service.as_deref().map(lossy),
        ..RecordDetail::default()
    };
    let is_template = best(&collect.entries, Role::Message).is_some_and(|index| collect.entries[index].name == rendered::TEMPLATE);
    assign(&mut detail, collect.entries, text.is_some());
    if plan.habits.has_templates && is_template {
        rendered::fill(&mut detail);
    }
    if plan.format == "serilog-compact" {
        rendered::name_fields(&mut detail.fields);
    }
    if plan.habits.has_scopes && detail.trace_id.is_none() {
        detail.trace_id = rendered::scope_trace(line).map(lossy);
    }
    if let Some(text) = text {
        detail.message = text;
    } else if detail.message.is_empty() {
        detail.message = lossy(line);
    }
    if plan.habits.is_wrapped && found.layout == Layout::Json {
        unwrap(&mut reader, &mut detail);
    }
    push_folded(&mut detail, &without_collectors(plan, folded_rest));
    detail
}

/// Folded lines without what collectors put around each: it is easier to read what the program wrote.
fn without_collectors<'a>(plan: &LogPlan, folded: &'a [u8]) -> Cow<'a, [u8]> {
    let is_w3c = plan.layout == Layout::Named && folded.first() == Some(&b'#');
    if folded.is_empty() || !(plan.habits.has_compose_prefix || plan.habits.is_wrapped || is_w3c) {
        return Cow::Borrowed(folded);
    }
    // A header of columns is no part of the record before it.
    let lines = folded.split(|byte| *byte == b'\n').filter(|line| !(is_w3c && line.first() == Some(&b'#')));
    let own = lines.map(|line| {
        let line = without_colours(line);
        if plan.habits.is_wrapped
            && let Some(inner) = wrapped::text_of(plan, &line)
        {
            return inner.trim_end().as_bytes().to_vec();
        }
        let own = if plan.habits.has_compose_prefix { compose_prefix(&line).map_or(&*line, |(_, rest)| rest) } else { &*line };
        own.to_vec()
    });
    Cow::Owned(own.collect::<Vec<_>>().join(&b'\n'))
}

/// Puts the lines that were folded into a record below its message; blank ones at the end say nothing.
fn push_folded(detail: &mut RecordDetail, folded: &[u8]) {
    let folded = folded.trim_ascii_end();
    if !folded.is_empty() {
        detail.message.push('\n');
        detail.message.push_str(&String::from_utf8_lossy(folded));
    }
}

/// Replaces a message that is a line of its own by what that line says.
fn unwrap(reader: &mut Reader, detail: &mut RecordDetail) {
    let inner = inner(reader, detail.message.trim_end());
    detail.message = inner.message;
    detail.trace_id = inner.trace_id.or(detail.trace_id.take());
    detail.fields.extend(inner.fields);
}

/// What a line that another one carries says: its message, trace id and fields, its own time among them.
fn inner(reader: &mut Reader, text: &str) -> RecordDetail {
    let mut collect = Collect { plan: reader.plan, entries: Vec::new() };
    let mut detail = RecordDetail::default();
    let bytes = text.as_bytes();
    if text.starts_with('{') && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok() {
        if json::walk(bytes, 0, &mut collect).is_err() {
            collect.entries.clear();
            validated(&mut collect, bytes);
        }
        let time = best(&collect.entries, Role::Time).map(|index| collect.entries[index].text.clone());
        assign(&mut detail, collect.entries, false);
        detail.fields.extend(time.map(|time| (wrapped::APP_TIME.to_owned(), time)));
        if detail.message.is_empty() {
            text.clone_into(&mut detail.message);
        }
        return detail;
    }
    let app = wrapped::app_stamp(reader, bytes);
    let rest = &bytes[app.len.min(bytes.len())..];
    let first = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let object = text::object_start(&rest[..first], 0).filter(|_| rest[..first].ends_with(b"}"));
    let is_pairs = super::line::starts_with_pair(rest);
    add_trace(&mut collect, correlation::trace_of(&rest[..first]));
    pairs::walk(&rest[..object.unwrap_or(first)], 0, &mut collect);
    if let Some(object) = object {
        let _ = json::walk(&rest[..first], object, &mut collect);
    }
    let pair_time = best(&collect.entries, Role::Time).filter(|_| is_pairs).map(|index| collect.entries[index].text.clone());
    assign(&mut detail, collect.entries, !is_pairs);
    if detail.message.is_empty() {
        detail.message = if app.len > 0 { lossy(level::strip(rest, reader.plan.habits.levels).trim_ascii()) } else { text.to_owned() };
    }
    let app_time = (app.len > 0).then(|| lossy(&bytes[..app.len]).trim_start_matches(['[', '(']).to_owned()).or(pair_time);
    detail.fields.extend(app_time.map(|time| (wrapped::APP_TIME.to_owned(), time)));
    detail
}

/// A line with the time of a runtime before it.
fn stamped(mut reader: Reader, line: &[u8], found: &super::found::Found<'_>, folded: &[u8]) -> RecordDetail {
    let Some(head) = text::head(&mut reader, line) else { return RecordDetail { message: lossy(line), ..RecordDetail::default() } };
    let at = wrapped::runtime_text(line, head.rest);
    let mut detail = inner(&mut reader, &lossy(&line[at..]));
    detail.time = if let Moment::At(ns) = found.time { Some(Timestamp(ns)) } else { None };
    detail.level = found.level;
    detail.service = found.service.as_deref().map(lossy);
    if at > head.rest + 1 {
        let stream = lossy(line[head.rest..at].trim_ascii().split(|byte| *byte == b' ').next().unwrap_or_default());
        detail.fields.insert(0, ("stream".to_owned(), stream));
    }
    // Folded lines have the time of the runtime too; the message is easier to read without it.
    let mut lines = Vec::new();
    for line in folded.split(|byte| *byte == b'\n') {
        let line = if reader.plan.habits.has_compose_prefix { compose_prefix(line).map_or(line, |(_, rest)| rest) } else { line };
        let start = match text::head(&mut reader, line) {
            Some(head) => wrapped::runtime_text(line, head.rest),
            None => 0,
        };
        lines.push(&line[start.min(line.len())..]);
    }
    push_folded(&mut detail, &lines.join(&b'\n'));
    detail
}

/// A record that is read by a pattern: its message, and whether the lines below are in it.
fn named_record(plan: &LogPlan, line: &[u8], folded: &[u8], collect: &mut Collect) -> (String, bool) {
    let text = named_line(plan, line, collect);
    let Some(format) = plan.named.as_ref().filter(|format| !format.below().is_nothing()) else { return (text, false) };
    let start = format.captures(line).and_then(|captures| captures.name("message").map(|message| message.start()));
    let head_len = start.unwrap_or(line.len());
    if let Some(whole) = below::with_folded(format.below(), line, head_len, folded) {
        return (whole, true);
    }
    let mut detail = RecordDetail { message: text, ..RecordDetail::default() };
    push_folded(&mut detail, &below::tidy(&line[..head_len.min(start.unwrap_or(0))], folded));
    (detail.message, true)
}

/// A line that is read by a pattern: its message group, else the whole line.
fn named_line(plan: &LogPlan, line: &[u8], collect: &mut Collect) -> String {
    let Some(format) = &plan.named else { return lossy(line) };
    let Some(captures) = format.captures(line) else { return lossy(line) };
    let mut message = None;
    for group in format.groups() {
        let Some(text) = captures.get(group.index).map(|text| text.as_bytes()).filter(|text| !matches!(*text, b"" | b"-")) else {
            continue;
        };
        match group.role {
            Some((Role::Time | Role::Level | Role::Service, _)) => {}
            Some((Role::Message, _)) => message = Some(lossy(text)),
            Some((Role::Trace, _)) => {
                let binding = Binding { role: Role::Trace, rank: 0, unit: None };
                collect.entries.push(Entry { name: group.name.clone(), text: lossy(text), binding: Some(binding) });
            }
            _ if group.name == "date" => {}
            _ => collect.entries.push(Entry { name: group.name.clone(), text: lossy(text), binding: None }),
        }
    }
    if format.has_pairs {
        let start = captures.name("message").map_or(line.len(), |message| message.start());
        pairs::walk(line, start, collect);
    }
    format.said(&captures).map(|text| lossy(&text)).or(message).unwrap_or_else(|| lossy(line))
}

/// Adds the pairs of a message to the fields that a pattern names.
fn own_pairs(collect: &mut Collect, message: &str) {
    let mut inner = Collect { plan: collect.plan, entries: Vec::new() };
    pairs::walk(message.as_bytes(), 0, &mut inner);
    let known: Vec<String> = collect.entries.iter().map(|entry| entry.name.clone()).collect();
    collect.entries.extend(inner.entries.into_iter().filter(|entry| !known.contains(&entry.name)));
}

/// Adds the trace id that a bracket tells, unless something before it told one.
fn add_trace(collect: &mut Collect, id: Option<&[u8]>) {
    let has_trace = collect.entries.iter().any(|entry| entry.binding.is_some_and(|binding| binding.role == Role::Trace));
    if let Some(id) = id.filter(|_| !has_trace) {
        let binding = Binding { role: Role::Trace, rank: 0, unit: None };
        collect.entries.insert(0, Entry { name: "trace_id".to_owned(), text: lossy(id), binding: Some(binding) });
    }
}

/// A text line whose fields a pattern names; one that does not match is read as any other.
fn text_fields(reader: &mut Reader, line: &[u8], collect: &mut Collect) -> String {
    let plan = reader.plan;
    match plan.named.as_ref().filter(|format| format.captures(line).is_some()) {
        Some(_) => {
            let message = named_line(plan, line, collect);
            if plan.habits.has_correlation
                && let Some(head) = text::head(reader, line)
            {
                add_trace(collect, correlation::trace_of(&line[head.rest..]));
            }
            own_pairs(collect, &message);
            message
        }
        None => text_line(reader, line, collect),
    }
}

/// The entry that speaks for a role: that of the best rank, of equal ones the last.
fn best(entries: &[Entry], role: Role) -> Option<usize> {
    let mut best: Option<(usize, u8)> = None;
    for (index, entry) in entries.iter().enumerate() {
        if let Some(binding) = entry.binding.filter(|binding| binding.role == role && !entry.text.is_empty())
            && best.is_none_or(|(_, rank)| binding.rank <= rank)
        {
            best = Some((index, binding.rank));
        }
    }
    best.map(|(index, _)| index)
}

/// Gives entries to their roles, the rest to the fields. In text the time, level and message stand outside of keys.
fn assign(detail: &mut RecordDetail, entries: Vec<Entry>, is_text: bool) {
    let best = |role: Role| best(&entries, role);
    let (message, trace) = (best(Role::Message), best(Role::Trace).filter(|index| entries[*index].text != "null"));
    let outside = if is_text { [None; 3] } else { [best(Role::Time), best(Role::Level), message] };
    let service = best(Role::Service).filter(|index| detail.service.as_deref() == Some(entries[*index].text.as_str()));
    for (index, entry) in entries.into_iter().enumerate() {
        if Some(index) == trace {
            detail.trace_id = Some(lossy(super::found::bare_trace(entry.text.as_bytes())));
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
    let mut upstream = access::UpstreamNames::behind(latency);
    for (index, (start, column)) in access::columns(line, access.rest).enumerate() {
        match column {
            Column::Word(text) if index == 0 => collect.entries.push(Entry { name: "bytes".into(), text: lossy(text), binding: None }),
            Column::Word(text) if access::is_request_id(text) => {
                let binding = Binding { role: Role::Trace, rank: 1, unit: None };
                collect.entries.push(Entry { name: "request_id".into(), text: lossy(text), binding: Some(binding) });
            }
            Column::Word(text) => {
                let name = match upstream.of(index, text) {
                    _ if latency == Some(index) => "latency".to_owned(),
                    Some(name) => name.to_owned(),
                    None => format!("column_{}", index + 1),
                };
                collect.entries.push(Entry { name, text: lossy(text), binding: None });
            }
            Column::Quoted(text) if access::is_trace_id(text) => {
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

fn text_line(reader: &mut Reader, line: &[u8], collect: &mut Collect) -> String {
    let Some(head) = text::head(reader, line) else { return lossy(line) };
    let object = text::object_start(line, head.rest).filter(|_| line.ends_with(b"}"));
    let before = &line[head.rest.saturating_sub(text::CRI_BYTES).max(head.start)..];
    if text::cri_len(before) > 0 {
        collect.entries.push(Entry { name: "stream".to_owned(), text: lossy(&before[1..7]), binding: None });
    }
    if reader.plan.habits.has_correlation {
        add_trace(collect, correlation::trace_of(&line[head.rest..]));
    }
    pairs::walk(&line[..object.unwrap_or(line.len())], head.rest, collect);
    let has_object = object.is_some_and(|object| json::walk(line, object, collect).is_ok());
    let end = object.filter(|_| has_object).unwrap_or(line.len());
    let mut start = head.rest;
    if let (text::Shape::Klog(_), text::At::Civil(_)) = (head.shape, head.stamp)
        && let Some(close) = memchr::memchr(b']', &line[start..end])
    {
        // `1 main.go:12] message`: the thread, and where in the source.
        let place = line[start..start + close].trim_ascii();
        let caller = place.rsplit(|byte| *byte == b' ').next().unwrap_or(place);
        if is_caller(caller) {
            collect.entries.insert(0, Entry { name: "caller".to_owned(), text: lossy(caller), binding: None });
            start += close + 1;
        }
    }
    if let Some(parts) = text::syslog_parts(&head, line) {
        start = parts.message;
        let mut add =
            |name: &str, text: &[u8]| collect.entries.insert(0, Entry { name: name.to_owned(), text: lossy(text), binding: None });
        parts.pid.into_iter().for_each(|pid| add("pid", pid));
        add("host", parts.host);
    } else if matches!(head.shape, text::Shape::Priority5424(_)) {
        start = head.rest + structured::message_start(&line[head.rest..]);
        let host = line[head.rest..].trim_ascii_start().split(|byte| *byte == b' ').next().unwrap_or_default();
        collect.entries.insert(0, Entry { name: "host".to_owned(), text: lossy(host), binding: None });
    }
    let rest = level::strip(line.get(start..end).unwrap_or_default(), reader.plan.habits.levels);
    if rest.trim_ascii().is_empty() && has_object {
        // The object says it all: its message is that of the line.
        return best(&collect.entries, Role::Message).map_or_else(String::new, |index| collect.entries.remove(index).text);
    }
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
