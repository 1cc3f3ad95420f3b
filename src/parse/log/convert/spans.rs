//! Spans of distributed traces as records: OTLP and Tempo, Jaeger, Zipkin, the console exporter of OpenTelemetry.
//!
//! A span is an event at its start with its name as message, its service, its duration as latency and its trace id,
//! so that all questions to logs can be asked of it. One that failed is an error; all others have no level.

use serde_json::{Map, Value};

use crate::parse::otlp::flatten;

/// What wrote a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracer {
    Otlp,
    Jaeger,
    Zipkin,
    /// `stdouttrace` of OpenTelemetry for Go.
    Console,
}

/// Names of members that only spans have together, first the time of the start.
const SIGNS: &[(Tracer, &[&[&str]])] = &[
    (Tracer::Otlp, &[&["startTimeUnixNano", "start_time_unix_nano"], &["traceId", "trace_id"], &["spanId", "span_id"]]),
    (Tracer::Jaeger, &[&["startTime"], &["operationName"], &["traceID", "traceId"], &["spanID", "spanId"]]),
    (Tracer::Console, &[&["StartTime"], &["Name"], &["SpanContext"]]),
    (Tracer::Zipkin, &[&["traceId"], &["id"], &["localEndpoint", "remoteEndpoint", "timestamp", "duration", "annotations"]]),
];

/// Which tracer writes objects with these members.
pub(super) fn tracer_of(has: impl Fn(&str) -> bool) -> Option<Tracer> {
    // A log record may have a trace id, an id and a time as well.
    let is_log = ["level", "severity", "message", "msg", "log"].iter().any(|name| has(name));
    let fits = |signs: &[&[&str]]| signs.iter().all(|any| any.iter().any(|name| has(name)));
    SIGNS.iter().filter(|_| !is_log).find(|(_, signs)| fits(signs)).map(|(tracer, _)| *tracer)
}

/// One span as a record, and what is wrong with it. `labels` are those of its resource, `processes` those of its trace.
pub(super) fn record_of(
    tracer: Tracer,
    span: &Map<String, Value>,
    labels: &Map<String, Value>,
    processes: &Map<String, Value>,
) -> (Map<String, Value>, Option<&'static str>) {
    let mut record = Map::new();
    let parts = match tracer {
        Tracer::Otlp => otlp(span, &mut record),
        Tracer::Jaeger => jaeger(span, processes, &mut record),
        Tracer::Zipkin => zipkin(span, &mut record),
        Tracer::Console => console(span, &mut record),
    };
    let mut problem = None;
    if let Some(ns) = parts.duration_ns {
        if ns < 0 {
            problem = Some("the span ends before it starts");
        } else {
            record.insert("duration_ns".into(), Value::from(ns as i64));
        }
    }
    if parts.is_error {
        record.insert("level".into(), "error".into());
    }
    for (key, value) in labels.iter().chain(&parts.tags) {
        let name = if record.contains_key(key) || matches!(key.as_str(), "level" | "message" | "msg" | "time" | "timestamp") {
            format!("tags.{key}")
        } else {
            key.clone()
        };
        record.insert(name, value.clone());
    }
    (record, problem)
}

/// What all tracers tell in their own ways.
#[derive(Debug, Default)]
struct Parts {
    duration_ns: Option<i128>,
    is_error: bool,
    tags: Map<String, Value>,
}

fn get<'v>(object: &'v Map<String, Value>, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| object.get(*name)).filter(|value| !value.is_null())
}

/// Copies members under our names.
fn copy(span: &Map<String, Value>, names: &[(&str, &[&str])], record: &mut Map<String, Value>) {
    for (ours, theirs) in names {
        if let Some(value) = get(span, theirs).filter(|value| value.as_str() != Some("")) {
            record.insert((*ours).to_owned(), value.clone());
        }
    }
}

fn integer(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)).or_else(|| value.as_str()?.parse().ok())
}

fn otlp(span: &Map<String, Value>, record: &mut Map<String, Value>) -> Parts {
    let (start, end) = (["startTimeUnixNano", "start_time_unix_nano"], ["endTimeUnixNano", "end_time_unix_nano"]);
    if let Some(at) = get(span, &start).and_then(integer).filter(|at| *at > 0) {
        record.insert("timeUnixNano".into(), at.to_string().into());
    }
    copy(span, &[("message", &["name"]), ("kind", &["kind"]), ("state", &["traceState", "trace_state"])], record);
    for (ours, theirs) in
        [("trace_id", ["traceId", "trace_id"]), ("span_id", ["spanId", "span_id"]), ("parent_span_id", ["parentSpanId", "parent_span_id"])]
    {
        if let Some(id) = get(span, &theirs).and_then(Value::as_str).filter(|id| !id.is_empty()) {
            record.insert(ours.into(), hex_id(id).into());
        }
    }
    if let Some(kind) = record.get("kind").map(kind_name) {
        record.insert("kind".into(), kind.into());
    }
    let status = span.get("status");
    let code = status.and_then(|status| status.get("code"));
    let is_error = code.is_some_and(|code| code.as_i64() == Some(2) || code.as_str().is_some_and(|code| code.ends_with("ERROR")));
    if let Some(message) = status.and_then(|status| status.get("message")).and_then(Value::as_str).filter(|text| !text.is_empty()) {
        record.insert("status_message".into(), message.into());
    }
    let mut tags = Map::new();
    flatten(span.get("attributes"), &mut tags);
    copy_lists(span, &["events", "links"], record);
    let duration = get(span, &end).and_then(integer).zip(get(span, &start).and_then(integer)).filter(|(end, _)| *end > 0);
    Parts { duration_ns: duration.map(|(end, start)| end - start), is_error, tags }
}

/// Kind of a span by its number or name.
fn kind_name(kind: &Value) -> String {
    const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];
    match kind.as_u64().and_then(|number| KINDS.get(number as usize)) {
        Some(name) => (*name).to_owned(),
        None => kind.as_str().map_or_else(|| kind.to_string(), |name| name.trim_start_matches("SPAN_KIND_").to_ascii_lowercase()),
    }
}

/// An id in hex: Tempo and Jaeger write the bytes in base 64.
fn hex_id(id: &str) -> String {
    let is_hex = id.len().is_multiple_of(16) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    match base64(id).filter(|bytes| !is_hex && matches!(bytes.len(), 8 | 16)) {
        Some(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        None => id.to_owned(),
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut n_bits, mut bytes) = (0u32, 0, Vec::new());
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits) as u8);
        }
    }
    Some(bytes)
}

fn copy_lists(span: &Map<String, Value>, names: &[&str], record: &mut Map<String, Value>) {
    for name in names {
        if let Some(list) = span.get(*name).filter(|list| list.as_array().is_some_and(|list| !list.is_empty())) {
            record.insert((*name).to_owned(), list.clone());
        }
    }
}

fn jaeger(span: &Map<String, Value>, processes: &Map<String, Value>, record: &mut Map<String, Value>) -> Parts {
    // The API writes microseconds; the JSON of its protobuf writes dates and `0.012s`.
    let start = span.get("startTime");
    if let Some(micros) = start.and_then(integer).filter(|micros| *micros > 0) {
        record.insert("timeUnixNano".into(), (micros * 1000).to_string().into());
    } else if let Some(date) = start.and_then(Value::as_str) {
        record.insert("timestamp".into(), date.into());
    }
    copy(span, &[("message", &["operationName"])], record);
    for (ours, theirs) in [("trace_id", ["traceID", "traceId"]), ("span_id", ["spanID", "spanId"])] {
        if let Some(id) = get(span, &theirs).and_then(Value::as_str) {
            record.insert(ours.into(), hex_id(id).into());
        }
    }
    let references = span.get("references").and_then(Value::as_array);
    let parent = references.and_then(|all| all.iter().find(|one| one["refType"] == "CHILD_OF").or(all.first()));
    let parent = parent.and_then(|one| one.get("spanID").or_else(|| one.get("spanId"))).or_else(|| span.get("parentSpanID"));
    if let Some(parent) = parent.and_then(Value::as_str).filter(|id| !id.is_empty()) {
        record.insert("parent_span_id".into(), hex_id(parent).into());
    }
    let id = span.get("processID").or_else(|| span.get("processId")).and_then(Value::as_str);
    let process = span.get("process").filter(|process| process.is_object()).or_else(|| processes.get(id?));
    let mut tags = Map::new();
    if let Some(process) = process {
        if let Some(service) = process.get("serviceName") {
            record.insert("service".into(), service.clone());
        }
        jaeger_tags(process.get("tags"), &mut tags);
    }
    jaeger_tags(span.get("tags"), &mut tags);
    copy_lists(span, &["logs", "warnings"], record);
    let is_error = tags.get("error").is_some_and(is_true) || tags.get("otel.status_code").is_some_and(|code| code == "ERROR");
    let duration = span.get("duration");
    let duration_ns = duration.and_then(integer).map(|micros| micros * 1000).or_else(|| {
        let seconds: f64 = duration?.as_str()?.strip_suffix('s')?.parse().ok()?;
        Some((seconds * 1e9).round() as i128)
    });
    Parts { duration_ns, is_error, tags }
}

/// `[{"key": …, "type": …, "value": …}]`; the JSON of its protobuf has `vStr` and the like in place of `value`.
fn jaeger_tags(tags: Option<&Value>, into: &mut Map<String, Value>) {
    for tag in tags.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
        let value = tag.iter().find(|(name, _)| *name == "value" || name.starts_with("vStr") || name.starts_with('v') && *name != "vType");
        if let (Some(key), Some((_, value))) = (tag.get("key").and_then(Value::as_str), value) {
            into.insert(key.to_owned(), value.clone());
        }
    }
}

fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")))
}

fn zipkin(span: &Map<String, Value>, record: &mut Map<String, Value>) -> Parts {
    if let Some(micros) = span.get("timestamp").and_then(integer).filter(|micros| *micros > 0) {
        record.insert("timeUnixNano".into(), (micros * 1000).to_string().into());
    }
    let names: [(&str, &[&str]); 5] = [
        ("message", &["name"]),
        ("trace_id", &["traceId"]),
        ("span_id", &["id"]),
        ("parent_span_id", &["parentId"]),
        ("shared", &["shared"]),
    ];
    copy(span, &names, record);
    record.entry("message").or_insert_with(|| "span without a name".into());
    if let Some(kind) = span.get("kind") {
        record.insert("kind".into(), kind_name(kind).into());
    }
    for (ours, theirs) in [("service", "localEndpoint"), ("peer", "remoteEndpoint")] {
        if let Some(name) = span.get(theirs).and_then(|endpoint| endpoint.get("serviceName")).filter(|name| name.as_str() != Some("")) {
            record.insert(ours.into(), name.clone());
        }
    }
    let tags = span.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    copy_lists(span, &["annotations"], record);
    // An `error` of Zipkin means a failure whatever it says, even nothing.
    let is_error = tags.contains_key("error");
    Parts { duration_ns: span.get("duration").and_then(integer).map(|micros| micros * 1000), is_error, tags }
}

fn console(span: &Map<String, Value>, record: &mut Map<String, Value>) -> Parts {
    copy(span, &[("timestamp", &["StartTime"]), ("message", &["Name"]), ("end", &["EndTime"])], record);
    let id = |parent: &str, name: &str| span.get(parent).and_then(|context| context.get(name)).and_then(Value::as_str);
    for (ours, parent, name) in
        [("trace_id", "SpanContext", "TraceID"), ("span_id", "SpanContext", "SpanID"), ("parent_span_id", "Parent", "SpanID")]
    {
        if let Some(id) = id(parent, name).filter(|id| id.bytes().any(|byte| byte != b'0')) {
            record.insert(ours.into(), id.into());
        }
    }
    if let Some(kind) = span.get("SpanKind") {
        record.insert("kind".into(), kind_name(kind).into());
    }
    let mut tags = Map::new();
    for list in [span.get("Resource"), span.get("Attributes")] {
        for tag in list.and_then(Value::as_array).into_iter().flatten() {
            if let (Some(key), Some(value)) = (tag.get("Key").and_then(Value::as_str), tag.get("Value")) {
                tags.insert(key.to_owned(), value.get("Value").unwrap_or(value).clone());
            }
        }
    }
    let is_error = span.get("Status").and_then(|status| status.get("Code")).is_some_and(|code| code == "Error");
    let time = |name: &str| crate::model::when::any(span.get(name)?.as_str()?, crate::model::when::WallZone::Utc);
    let duration_ns = time("EndTime").zip(time("StartTime")).map(|(end, start)| i128::from(end.0) - i128::from(start.0));
    Parts { duration_ns, is_error, tags }
}
