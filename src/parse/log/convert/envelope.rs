//! JSON that holds log records or spans: answers of Loki, Elasticsearch, `CloudWatch`, Splunk, Datadog, Google Cloud
//! logging, OTLP requests, traces, arrays of records, and records printed over several lines.
//!
//! A record is known by its keys; what is around it is opened as long as its name is one of those that wrap.

use std::ops::Range;

use serde_json::{Map, Value};

use super::Writer;
use super::rows::Columns;
use super::scan::{Member, elements, members, minify, skip_space, value_end};
use super::slack;
use super::spans::{self, Tracer};
use crate::model::Level;
use crate::model::catalog::ProblemKind;
use crate::parse::log::roles::{Role, stated_role};
use crate::parse::otlp::{any_value, flatten};
use crate::parse::timestamp::{self, EpochUnit};

/// Names of members that hold records deeper down.
const WRAPPERS: &[&str] = &[
    "data",
    "result",
    "results",
    "hits",
    "events",
    "logs",
    "entries",
    "items",
    "records",
    "messages",
    "streams",
    "rows",
    "logevents",
    "log_entries",
    "matches",
    "value",
    "resourcelogs",
    "resource_logs",
    "responses",
    "payload",
    "resourcespans",
    "resource_spans",
    "spans",
    "batches",
    "trace",
    "traces",
    "tables",
];
/// Names of lists whose records belong to one resource.
const SCOPES: &[&str] =
    &["scopeLogs", "scope_logs", "instrumentationLibraryLogs", "scopeSpans", "scope_spans", "instrumentationLibrarySpans"];
/// Records are not looked for deeper than this.
const MAX_DEPTH: u8 = 8;

/// What was found on the way, to name the format.
#[derive(Debug, Default)]
struct Seen {
    loki: u64,
    otlp: u64,
    hits: u64,
    datadog: u64,
    splunk: u64,
    insights: u64,
    cloudwatch: u64,
    gcp: u64,
    otlp_spans: u64,
    jaeger: u64,
    zipkin: u64,
    slack: u64,
    /// Rows of tables.
    rows: u64,
    /// Other records inside of something.
    wrapped: u64,
    /// Records at the top over several lines.
    pretty: u64,
    /// Records at the top on one line each: those need no conversion.
    plain: u64,
    /// Lines at the top that are no JSON.
    others: u64,
}

/// Bytes looked at first, and plain records in them that settle it.
const GLANCE_BYTES: usize = 64 << 10;
const MANY_PLAIN: u64 = 64;

/// Format of a document by its first bytes; `None` when it holds no records, or only such as are read line by line.
pub(super) fn recognise(head: &[u8]) -> Option<&'static str> {
    let start = skip_space(head, 0);
    if !matches!(head.get(start)?, b'{' | b'[') {
        return None;
    }
    // Most files with such a start are plain records, one a line: then the first of them tell.
    if head.len() > GLANCE_BYTES {
        let mut writer = Writer::new(&head[..GLANCE_BYTES], 0);
        let seen = walk(&mut writer);
        if seen.plain >= MANY_PLAIN && seen.plain == writer.n_records {
            return None;
        }
    }
    let mut writer = Writer::new(head, 0);
    let seen = walk(&mut writer);
    let n = writer.n_records - seen.plain;
    if n == 0 || seen.plain * 2 > writer.n_records || seen.others > writer.n_records {
        return None;
    }
    let by_count = [
        (seen.loki, "loki"),
        (seen.otlp, "otlp-logs"),
        (seen.hits, "elasticsearch"),
        (seen.datadog, "datadog"),
        (seen.splunk, "splunk-json"),
        (seen.insights, "cloudwatch-insights"),
        (seen.cloudwatch, "cloudwatch-logs"),
        (seen.gcp, "gcp-logging"),
        (seen.otlp_spans, "otlp-traces"),
        (seen.jaeger, "jaeger"),
        (seen.zipkin, "zipkin"),
        (seen.slack, "slack"),
        (seen.rows, "log-analytics"),
        (seen.wrapped, "json-array"),
        (seen.pretty, "json-pretty"),
    ];
    by_count.into_iter().rev().max_by_key(|(n, _)| *n).map(|(_, name)| name)
}

/// Whether only one program writes documents like this.
pub(super) fn is_unmistakable(format: &str) -> bool {
    !matches!(format, "json-array" | "json-pretty")
}

/// Whether the records of a format are what people and bots wrote to each other: who writes there serves nothing.
pub fn is_chat(format: &str) -> bool {
    format == "slack"
}

/// Whether the records of a format are spans.
pub(super) fn holds_spans(format: &str) -> bool {
    matches!(format, "otlp-traces" | "jaeger" | "zipkin")
}

/// Writes all records of the original.
pub(super) fn convert(writer: &mut Writer<'_>) {
    walk(writer);
}

fn walk(writer: &mut Writer<'_>) -> Seen {
    let bytes = writer.original;
    let mut walk = Walk { bytes, writer, processes: Map::new(), seen: Seen::default() };
    let mut at = walk.writer.counted.0;
    loop {
        at = skip_space(bytes, at);
        match bytes.get(at) {
            None => break,
            Some(b'{' | b'[') => {
                let end = value_end(bytes, at);
                walk.visit(at..end.unwrap_or(bytes.len()), end.is_some(), &Map::new(), 0);
                let Some(end) = end else {
                    let reason = format!("the JSON ends in its middle, at byte {}; what is whole before that is read", bytes.len());
                    walk.writer.problem(bytes.len(), ProblemKind::Truncated, reason);
                    break;
                };
                at = end;
            }
            Some(b',') => at += 1,
            Some(_) => {
                walk.seen.others += 1;
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len + 1);
            }
        }
    }
    walk.seen
}

struct Walk<'w, 'a> {
    bytes: &'a [u8],
    writer: &'w mut Writer<'a>,
    /// Processes of the trace of Jaeger that is being read, by id.
    processes: Map<String, Value>,
    seen: Seen,
}

impl Walk<'_, '_> {
    /// Looks for records in the value at `range`. `labels` belong to every record in it.
    fn visit(&mut self, range: Range<usize>, is_whole: bool, labels: &Map<String, Value>, depth: u8) {
        if depth > MAX_DEPTH {
            return;
        }
        match self.bytes.get(range.start) {
            Some(b'[') if is_row(self.bytes, &range) && is_whole => self.insights(&range),
            Some(b'[') => {
                for (element, is_whole) in elements(self.bytes, range.start) {
                    self.visit(element, is_whole, labels, depth + 1);
                }
            }
            Some(b'{') => self.object(range, is_whole, labels, depth),
            _ => {}
        }
    }

    fn object(&mut self, range: Range<usize>, is_whole: bool, labels: &Map<String, Value>, depth: u8) {
        let all = members(self.bytes, range.clone());
        if let Some(tracer) = spans::tracer_of(|name| all.iter().any(|member| member.name == name.as_bytes())) {
            if is_whole {
                self.span(tracer, &range, labels);
            }
            return;
        }
        if let Some(processes) = find(&all, "processes").and_then(|member| object_of(self.bytes, &member.value)) {
            self.processes = processes;
        }
        if self.labelled(&all, labels, depth) || (is_whole && self.enveloped(&range, &all)) {
            return;
        }
        if is_record(self.bytes, &all) {
            if is_whole {
                self.record(&range, &all, depth);
            }
            return;
        }
        for member in &all {
            if WRAPPERS.iter().any(|name| member.name.eq_ignore_ascii_case(name.as_bytes())) {
                self.visit(member.value.clone(), member.value.end < self.bytes.len(), labels, depth + 1);
            }
        }
    }

    /// Objects whose labels belong to all records in them: a stream of Loki, a resource or scope of OTLP.
    fn labelled(&mut self, all: &[Member<'_>], labels: &Map<String, Value>, depth: u8) -> bool {
        let bytes = self.bytes;
        if let (Some(stream), Some(values)) = (find(all, "stream"), find(all, "values"))
            && let Some(stream) = object_of(bytes, &stream.value)
        {
            self.loki(&stream, &values.value);
            return true;
        }
        if let Some(records) = find(all, "logRecords").or_else(|| find(all, "log_records")) {
            for (element, _) in elements(bytes, records.value.start).filter(|(_, is_whole)| *is_whole) {
                self.otlp(&element, labels);
            }
            return true;
        }
        if let (Some(columns), Some(rows)) = (find(all, "columns"), find(all, "rows"))
            && let Some(columns) = serde_json::from_slice(&bytes[columns.value.clone()]).ok().as_ref().and_then(Columns::of)
        {
            self.rows(&columns, &rows.value);
            return true;
        }
        let scopes = SCOPES.iter().find_map(|name| find(all, name));
        let Some(scopes) = scopes else { return false };
        let resource = find(all, "resource").and_then(|member| object_of(bytes, &member.value));
        let mut labels = labels.clone();
        flatten(resource.as_ref().and_then(|resource| resource.get("attributes")), &mut labels);
        self.visit(scopes.value.clone(), true, &labels, depth + 1);
        true
    }

    /// Objects that hold one record: a hit of Elasticsearch, a log of Datadog, a result of Splunk.
    fn enveloped(&mut self, range: &Range<usize>, all: &[Member<'_>]) -> bool {
        let bytes = self.bytes;
        let object = |name: &str| find(all, name).map(|member| member.value.clone()).filter(|value| bytes.get(value.start) == Some(&b'{'));
        if let Some(source) = object("_source") {
            self.seen.hits += 1;
            let index = find(all, "_index").map(|member| bytes[member.value.clone()].to_vec());
            self.writer.record(range.start, |out| {
                minify(&bytes[source], out);
                if let Some(index) = index {
                    append(out, "_index", &index);
                }
            });
            return true;
        }
        let text = |name: &str| find(all, name).map(|member| &bytes[member.value.clone()]);
        if text("type") == Some(b"\"message\"") && text("ts").is_some_and(slack::is_id) {
            let Some(message) = object_of(bytes, range) else { return false };
            self.seen.slack += 1;
            self.write(range.start, slack::record_of(&message));
            return true;
        }
        if let Some(attributes) = object("attributes").filter(|_| find(all, "id").is_some() && find(all, "type").is_some())
            && is_record(bytes, &members(bytes, attributes.clone()))
        {
            self.datadog(range, &attributes);
            return true;
        }
        if let Some(result) = object("result").filter(|_| find(all, "preview").is_some() || find(all, "offset").is_some()) {
            self.seen.splunk += 1;
            self.writer.record(range.start, |out| minify(&bytes[result], out));
            return true;
        }
        false
    }

    /// An object that is a record as it stands.
    fn record(&mut self, range: &Range<usize>, all: &[Member<'_>], depth: u8) {
        let has = |name: &str| all.iter().any(|member| member.name == name.as_bytes());
        let is_one_line = memchr::memchr(b'\n', &self.bytes[range.clone()]).is_none();
        match depth {
            0 if is_one_line => self.seen.plain += 1,
            0 => self.seen.pretty += 1,
            _ if has("logStreamName") || has("ingestionTime") || has("eventId") => self.seen.cloudwatch += 1,
            _ if has("logName") || has("insertId") => self.seen.gcp += 1,
            _ if has("_raw") || has("_time") => self.seen.splunk += 1,
            _ => self.seen.wrapped += 1,
        }
        let bytes = self.bytes;
        self.writer.record(range.start, |out| minify(&bytes[range.clone()], out));
    }

    /// `[["1795400889000000000", "line", {metadata}], …]` of one stream.
    fn loki(&mut self, stream: &Map<String, Value>, values: &Range<usize>) {
        let bytes = self.bytes;
        for (element, is_whole) in elements(bytes, values.start) {
            let Some(Value::Array(parts)) = is_whole.then(|| serde_json::from_slice(&bytes[element.clone()]).ok()).flatten() else {
                continue;
            };
            let (Some(time), Some(line)) = (parts.first(), parts.get(1)) else { continue };
            let mut record = Map::new();
            record.insert("timestamp".into(), time.clone());
            record.insert("line".into(), line.clone());
            extend(&mut record, stream);
            let metadata = parts.get(2).and_then(Value::as_object);
            let metadata = metadata.and_then(|all| all.get("structuredMetadata").and_then(Value::as_object).or(Some(all)));
            if let Some(metadata) = metadata {
                extend(&mut record, metadata);
            }
            self.seen.loki += 1;
            self.write(element.start, record);
        }
    }

    /// Rows of a table whose columns are named once.
    fn rows(&mut self, columns: &Columns, rows: &Range<usize>) {
        let bytes = self.bytes;
        for (row, _) in elements(bytes, rows.start).filter(|(_, is_whole)| *is_whole) {
            let read = serde_json::from_slice(&bytes[row.clone()]).ok();
            let Some(record) = read.as_ref().and_then(|row| columns.record(row)) else {
                self.writer.problem(row.start, ProblemKind::Syntax, "not a row of its table");
                continue;
            };
            self.seen.rows += 1;
            self.write(row.start, record);
        }
    }

    /// One log record of OpenTelemetry.
    fn otlp(&mut self, range: &Range<usize>, labels: &Map<String, Value>) {
        let Some(source) = object_of(self.bytes, range) else {
            self.writer.problem(range.start, ProblemKind::Syntax, "not valid JSON");
            return;
        };
        let mut record = Map::new();
        let field = |names: [&str; 2]| names.iter().find_map(|name| source.get(*name)).filter(|value| !is_zero(value)).cloned();
        for (name, other) in [
            ("timeUnixNano", "time_unix_nano"),
            ("observedTimeUnixNano", "observed_time_unix_nano"),
            ("severityText", "severity_text"),
            ("severityNumber", "severity_number"),
            ("traceId", "trace_id"),
            ("spanId", "span_id"),
        ] {
            if let Some(value) = field([name, other]) {
                record.insert(name.into(), value);
            }
        }
        if let Some(body) = source.get("body").map(any_value) {
            let text = if let Value::String(text) = body { text } else { body.to_string() };
            record.insert("body".into(), text.into());
        }
        extend(&mut record, labels);
        let mut attributes = Map::new();
        flatten(source.get("attributes"), &mut attributes);
        extend(&mut record, &attributes);
        self.seen.otlp += 1;
        self.write(range.start, record);
    }

    /// One span of a trace.
    fn span(&mut self, tracer: Tracer, range: &Range<usize>, labels: &Map<String, Value>) {
        let Some(span) = object_of(self.bytes, range) else {
            self.writer.problem(range.start, ProblemKind::Syntax, "not valid JSON");
            return;
        };
        let (record, problem) = spans::record_of(tracer, &span, labels, &self.processes);
        match tracer {
            Tracer::Otlp | Tracer::Console => self.seen.otlp_spans += 1,
            Tracer::Jaeger => self.seen.jaeger += 1,
            Tracer::Zipkin => self.seen.zipkin += 1,
        }
        if let Some(reason) = problem {
            self.writer.problem(range.start, ProblemKind::Time, reason);
        }
        self.write(range.start, record);
    }

    fn datadog(&mut self, range: &Range<usize>, attributes: &Range<usize>) {
        let Some(mut record) = object_of(self.bytes, attributes) else { return };
        if let Some(status) = record.get("status").and_then(Value::as_str).filter(|status| Level::from_word(status.as_bytes()).is_some()) {
            let level = Value::String(status.to_owned());
            record.shift_remove("status");
            record.insert("level".into(), level);
        }
        if let Some(Value::Object(inner)) = record.shift_remove("attributes") {
            extend(&mut record, &inner);
        }
        self.seen.datadog += 1;
        self.write(range.start, record);
    }

    /// `[{"field": "@timestamp", "value": "…"}, …]`: times are in UTC and do not say so.
    fn insights(&mut self, range: &Range<usize>) {
        let Ok(Value::Array(cells)) = serde_json::from_slice(&self.bytes[range.clone()]) else { return };
        let mut record = Map::new();
        for cell in &cells {
            let (Some(name), Some(value)) = (cell.get("field").and_then(Value::as_str), cell.get("value")) else { continue };
            let value = match value.as_str() {
                Some(text) if name == "@timestamp" && timestamp::read(text.as_bytes()).is_some_and(|stamp| stamp.len == text.len()) => {
                    Value::String(format!("{text}Z"))
                }
                _ => value.clone(),
            };
            if name != "@ptr" {
                record.insert(name.to_owned(), value);
            }
        }
        self.seen.insights += 1;
        self.write(range.start, record);
    }

    fn write(&mut self, offset: usize, record: Map<String, Value>) {
        let text = Value::Object(record).to_string();
        self.writer.record(offset, |out| out.extend_from_slice(text.as_bytes()));
    }
}

/// The member of this name, in any case.
fn find<'m, 'a>(all: &'m [Member<'a>], name: &str) -> Option<&'m Member<'a>> {
    all.iter().find(|member| member.name.eq_ignore_ascii_case(name.as_bytes()))
}

/// Adds members of `more` that are not there; a name that would take over the time, level or message gets a prefix.
fn extend(record: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (name, value) in more {
        let role = stated_role(name.as_bytes());
        let takes_over = |known: Role| role == Some(known) && record.keys().any(|key| role_of(key) == Some(known));
        let name = if record.contains_key(name) || takes_over(Role::Time) || takes_over(Role::Message) {
            format!("labels.{name}")
        } else {
            name.clone()
        };
        record.insert(name, value.clone());
    }
}

fn role_of(name: &str) -> Option<Role> {
    stated_role(name.as_bytes())
}

fn is_zero(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str().is_some_and(|text| text.is_empty() || text == "0") || value.as_i64() == Some(0)
}

fn object_of(bytes: &[u8], range: &Range<usize>) -> Option<Map<String, Value>> {
    match serde_json::from_slice(bytes.get(range.clone())?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Adds a member to the object that `out` ends with.
fn append(out: &mut Vec<u8>, name: &str, json: &[u8]) {
    if out.pop() == Some(b'}') {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{name}\":").as_bytes());
        minify(json, out);
        out.push(b'}');
    }
}

/// Whether an array is a row of `{"field": …, "value": …}`.
fn is_row(bytes: &[u8], range: &Range<usize>) -> bool {
    let Some((first, true)) = elements(bytes, range.start).next() else { return false };
    bytes.get(first.start) == Some(&b'{') && {
        let cell = members(bytes, first);
        cell.len() == 2 && cell[0].name == b"field" && cell[1].name == b"value"
    }
}

/// Whether the members are those of a log record: a time that can be read, and a message, a level or a request.
fn is_record(bytes: &[u8], all: &[Member<'_>]) -> bool {
    let role = |member: &Member<'_>| stated_role(member.name);
    let value = |member: &Member<'_>| {
        let value = &bytes[member.value.clone()];
        value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
    };
    let is_time = |member: &&Member<'_>| {
        let text = value(member);
        let is_date = bytes.get(member.value.start) == Some(&b'{') && memchr::memmem::find(&text[..text.len().min(32)], b"$date").is_some();
        is_date || timestamp::read(text).is_some() || EpochUnit::of(text).is_some()
    };
    let is_payload = |member: &Member<'_>| matches!(member.name, b"jsonPayload" | b"protoPayload" | b"log" | b"fields" | b"_raw");
    let has_words = all.iter().any(|member| {
        matches!(role(member), Some(Role::Message | Role::Level | Role::SyslogLevel | Role::OtelLevel)) || is_payload(member)
    });
    // What was timed or answered for a service or a trace needs no sentence.
    let is_any = |roles: &[Role]| all.iter().any(|member| role(member).is_some_and(|role| roles.contains(&role)));
    let has_words = has_words || is_any(&[Role::Status, Role::Latency]) && is_any(&[Role::Service, Role::Trace]);
    has_words && all.iter().filter(|member| role(member) == Some(Role::Time)).any(|member| is_time(&member))
}
