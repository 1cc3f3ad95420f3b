//! Formats that are parsed whole: which one a file is, and the door to their readers.
//!
//! [`recognise`] goes by content only: magic bytes, then the shape of JSON, then a vote of the lines of three windows.
//! It knows nothing of log formats; `parse::detect` weighs both.

pub(crate) mod json;
mod names;
mod told;
mod unplaced;
pub(crate) mod yaml;

use crate::model::SourceKind;
use crate::model::catalog::Problems;

use super::{Context, Document, Windows, alert, change, metric, profile};
use json::Sketch;
pub use names::FORMATS;
use told::{configuration, exposition};

/// What a file may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Sort of content; `Report` means that there is nothing to place on the timeline.
    pub kind: SourceKind,
    /// Name of the format, as `parse_document` takes it.
    pub format: &'static str,
    /// 0 … 1.
    pub confidence: f32,
    /// Why, one sentence.
    pub why: String,
}

fn candidate(kind: SourceKind, format: &'static str, confidence: f32, why: impl Into<String>) -> Candidate {
    Candidate { kind, format, confidence, why: why.into() }
}

/// Formats that the content may be, best first; empty when none of these fits. Costs one pass over the windows.
pub fn recognise(windows: &Windows<'_>) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = by_magic(windows.head).into_iter().collect();
    if found.is_empty() {
        found.extend(by_json(windows));
        found.extend(by_lines(windows));
    }
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.format.cmp(b.format)));
    found
}

/// The format of a table of metrics whose column of times has this name.
pub fn table_with(time_column: &str, windows: &Windows<'_>) -> Option<&'static str> {
    let head = whole_lines(windows.head, windows.size_bytes <= windows.head.len() as u64);
    metric::csv::recognise(&head, Some(time_column)).map(|_| table_format(&head))
}

fn table_format(head: &str) -> &'static str {
    if head.lines().nth(1).is_some_and(|line| line.contains('\t')) { "tsv" } else { "csv" }
}

/// Whether a format without anything on the timeline is still read, for what it tells of others.
pub fn is_context(format: &str) -> bool {
    format == "grafana-dashboard"
}

/// Whether a format tells times only by distance from a moment that the other sources help to find.
pub fn needs_neighbours(format: &str) -> bool {
    [change::kubectl::FORMAT, change::describe::FORMAT, metric::loops::FORMAT].contains(&format)
}

/// Reads a whole file of a format that `recognise` named; an unknown name or a report gives an empty document.
/// Nothing in it lies before 1971: what claims to is counted as unplaced.
pub fn parse_document(format: &str, bytes: &[u8], context: &Context) -> Document {
    checked(read(format, bytes, context))
}

/// A file that comes in blocks of whole lines.
pub enum Stream {
    /// An exposition or a dump.
    Exposition(Box<metric::exposition::Stream>),
    /// Tables.
    Table(Box<metric::csv::Stream>),
}

impl Stream {
    /// The next whole lines; only the last of all may lack its end.
    pub fn feed(&mut self, lines: &[u8]) {
        match self {
            Self::Exposition(stream) => stream.feed(lines),
            Self::Table(stream) => stream.feed(lines),
        }
    }

    /// The same with the help of others, where that is of use.
    pub fn feed_by(&mut self, lines: &[u8], crew: metric::csv::Crew<'_>) {
        match self {
            Self::Exposition(stream) => stream.feed(lines),
            Self::Table(stream) => stream.feed_by(lines, crew),
        }
    }

    /// What they held.
    pub fn finish(self, context: &Context) -> Document {
        checked(match self {
            Self::Exposition(stream) => stream.finish(context),
            Self::Table(stream) => stream.finish(context),
        })
    }
}

/// A reader that takes a file of this format in blocks of whole lines, for those that may be larger than memory should
/// hold twice; `None` when the format is read whole.
pub fn stream(format: &str, context: &Context) -> Option<Stream> {
    match format {
        "openmetrics" | "prometheus-exposition" | "promtool-tsdb-dump" => {
            Some(Stream::Exposition(Box::new(metric::exposition::Stream::new(context))))
        }
        "csv" | "tsv" => Some(Stream::Table(Box::new(metric::csv::Stream::new(context)))),
        _ => None,
    }
}

/// A document of which nothing lies before 1971.
pub fn checked(mut document: Document) -> Document {
    unplaced::take_out(&mut document);
    document
}

fn read(format: &str, bytes: &[u8], context: &Context) -> Document {
    match format {
        "prometheus-matrix" | "prometheus-vector" | "prometheus-scalar" | "prometheus-error" | "victoriametrics-export" => {
            metric::prometheus::parse(bytes, context)
        }
        "openmetrics" | "prometheus-exposition" | "promtool-tsdb-dump" => metric::exposition::parse(bytes, context),
        "csv" | "tsv" => metric::csv::parse(bytes, context),
        "grafana-dashboard" => metric::dashboard::parse(bytes, context),
        "changes" => change::parse(bytes, context),
        "git-log" => change::git::parse(bytes, context),
        "github-deployment" => change::github::parse(bytes, context),
        change::describe::FORMAT => change::describe::parse(bytes, context),
        change::kubectl::FORMAT => change::kubectl::parse(bytes, context),
        change::helm::FORMAT => change::helm::parse(bytes, context),
        "kubernetes-events" => change::kubernetes::parse(bytes, context),
        change::object::FORMAT => change::object::parse(bytes, context),
        "azure-alerts" => alert::azure::parse(bytes, context),
        "prometheus-alerts" => alert::api::parse(bytes, context),
        "prometheus-rules" => alert::rules::parse(bytes, context),
        "prometheus-rules-yaml" => alert::rules::parse_yaml(bytes),
        format if change::mapped::is_known(format) => change::mapped::parse(bytes, context),
        "pprof" => profile::pprof::parse(bytes, context),
        profile::threads::FORMAT => profile::threads::parse(bytes, context),
        "goroutine-dump" => profile::goroutine::parse(bytes, context),
        "pprof-legacy" => profile::legacy::parse(bytes, context),
        _ => {
            let lines = metric::LINE_FORMATS.iter().map(|(name, _, reader)| (*name, *reader));
            let mut others = lines.chain(metric::JSON_FORMATS.iter().map(|(name, _, reader)| (*name, *reader)));
            if let Some((_, reader)) = others.find(|(name, _)| *name == format) {
                return reader(bytes, context);
            }
            let is_text = !bytes[..bytes.len().min(4096)].contains(&0);
            Document { n_lines: if is_text { json::count_lines(bytes) } else { 0 }, ..Document::default() }
        }
    }
}

/// Formats that their first bytes give away.
fn by_magic(head: &[u8]) -> Option<Candidate> {
    use SourceKind::{Profile, Report};
    let block = "of a Prometheus block; a block is read when its index and its chunks are opened together, as their folder";
    match head {
        [0xba, 0xaa, 0xd7, 0x00, ..] => {
            return Some(candidate(Report, "prometheus-tsdb-index", 1.0, format!("begins with the magic of the index {block}")));
        }
        [0x85, 0xbd, 0x40, 0xdd, ..] => {
            return Some(candidate(Report, "prometheus-tsdb-chunks", 1.0, format!("begins with the magic of the chunks {block}")));
        }
        [0x01, 0x30, 0xba, 0x30, ..] => {
            return Some(candidate(Report, "prometheus-tsdb-tombstones", 1.0, format!("begins with the magic of the tombstones {block}")));
        }
        [0x1f, 0x8b, ..] => {
            let start = gunzipped_start(head);
            return profile::pprof::is_profile_start(&start)
                .then(|| candidate(Profile, "pprof", 0.98, "gzipped, and holds the fields of a pprof profile"));
        }
        _ => {}
    }
    if profile::legacy::word_of(head).is_some() {
        return Some(candidate(Profile, "pprof-legacy", 0.95, "begins with the header words of an old binary CPU profile"));
    }
    let looks_binary = head.contains(&0) || head.first().is_some_and(|b| *b < b'\t' || *b == b'\n');
    (looks_binary && profile::pprof::is_profile_start(head))
        .then(|| candidate(Profile, "pprof", 0.97, "holds the fields of a pprof profile"))
}

fn gunzipped_start(head: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = vec![0; 64 << 10];
    let mut reader = flate2::read::MultiGzDecoder::new(head);
    let mut n = 0;
    while n < out.len() {
        match reader.read(&mut out[n..]) {
            Ok(read) if read > 0 => n += read,
            _ => break,
        }
    }
    out.truncate(n);
    out
}

fn by_json(windows: &Windows<'_>) -> Vec<Candidate> {
    let Some(sketch) = Sketch::of(windows.head) else { return Vec::new() };
    let mut found: Vec<Candidate> = prometheus_api(&sketch, windows).into_iter().collect();
    if found.is_empty() {
        found.extend(
            metric::JSON_FORMATS
                .iter()
                .filter_map(|(name, recognise, _)| recognise(&sketch).map(|why| candidate(SourceKind::Metrics, name, 0.98, why))),
        );
    }
    if let Some(why) = metric::dashboard::recognise(&sketch).filter(|_| found.is_empty()) {
        found.push(candidate(SourceKind::Report, "grafana-dashboard", 0.97, why));
    }
    if found.is_empty() {
        found.extend(events(&sketch));
        found.extend(mapped(windows).filter(|_| found.is_empty()));
        if let Some(why) = change::object::recognise(&sketch).filter(|_| found.is_empty()) {
            found.push(candidate(SourceKind::Changes, change::object::FORMAT, 0.96, why));
        }
        found.extend(queries(&sketch, windows));
    }
    if found.is_empty() {
        found.extend(changes(&sketch, windows));
    }
    found
}

/// Keys at the top of an answer of the Prometheus HTTP API.
const BODY_KEYS: [&str; 8] = ["status", "data", "error", "errorType", "warnings", "infos", "isPartial", "stats"];

/// Answers of the Prometheus HTTP API and of programs that speak it.
fn prometheus_api(sketch: &Sketch, windows: &Windows<'_>) -> Option<Candidate> {
    use SourceKind::{Alerts, Metrics, Report};
    let has = |path: &str| sketch.has(path);
    let result_type =
        sketch.text("data.resultType").or_else(|| sketch.text("resultType")).map(str::to_owned).or_else(|| tail_result_type(windows));
    let in_result = |field: &str| {
        ["data.result[].", "result[].", "[]."]
            .iter()
            .any(|front| sketch.has_container(&format!("{front}metric")) && has(&format!("{front}{field}")))
    };
    // A log line may have a status and an error too: an answer is alone in its file and has few keys.
    let is_body = !sketch.has_more && sketch.top_keys().all(|key| BODY_KEYS.contains(&key));
    if is_body && sketch.text("status") == Some("error") && has("error") {
        return Some(candidate(Metrics, "prometheus-error", 0.99, "an answer of the Prometheus API that reports an error"));
    }
    if has("metric") && has("values") && has("timestamps") {
        return Some(candidate(Metrics, "victoriametrics-export", 0.98, "lines of series with values and timestamps"));
    }
    let has_result = has("data.result") || has("result") || has("[].metric");
    let known = result_type.as_deref().filter(|_| has_result);
    if known == Some("matrix") || in_result("values") || in_result("histograms") {
        let why = if has("data.result[]") || has("result[]") || has("[].metric") {
            "an answer of the Prometheus API with a matrix of series"
        } else {
            "an answer of the Prometheus API without any series: the query matched nothing, which is absent and not zero"
        };
        return Some(candidate(Metrics, "prometheus-matrix", 0.99, why));
    }
    if known == Some("vector") || in_result("value") || in_result("histogram") {
        return Some(candidate(Metrics, "prometheus-vector", 0.99, "an answer of the Prometheus API with a vector of samples"));
    }
    if matches!(known, Some("scalar" | "string")) {
        return Some(candidate(Metrics, "prometheus-scalar", 0.99, "an answer of the Prometheus API with a single value"));
    }
    if has("data.groups") && (has("data.groups[].rules") || sketch.text("status") == Some("success")) {
        return Some(candidate(Alerts, "prometheus-rules", 0.98, "an answer of the Prometheus API with groups of rules"));
    }
    let alerts = sketch.paths().find(|path| path.split(['.', '[']).next_back() == Some("alerts") && path.matches('.').count() <= 3);
    // The first of many polls is often empty: then a later one must show an alert.
    let tells_starts = || [&br#""activeAt""#[..], br#""startsAt""#].iter().any(|key| memchr::memmem::find(windows.head, key).is_some());
    if let Some(path) = alerts.filter(|path| has(&format!("{path}[].labels.alertname")) || path.ends_with("data.alerts") || tells_starts())
    {
        return Some(candidate(Alerts, "prometheus-alerts", 0.98, format!("alerts with labels and start times at {path}")));
    }
    if has("[].labels.alertname") && (has("[].startsAt") || has("[].activeAt")) {
        return Some(candidate(Alerts, "prometheus-alerts", 0.98, "a list of alerts with labels and start times, as Alertmanager answers"));
    }
    let is_azure = |at: &str| has(&format!("{at}essentials.monitorCondition")) && has(&format!("{at}essentials.alertRule"));
    if ["data.", "[].data.", "properties.", "[].properties.", "value[].properties."].into_iter().any(is_azure) {
        return Some(candidate(Alerts, "azure-alerts", 0.98, "alerts of Azure Monitor in the common alert schema"));
    }
    if known == Some("streams") {
        let why = "an answer of Loki with streams of lines: not read yet; `logcli query -o jsonl` writes lines that are read";
        return Some(candidate(Report, "loki-streams", 0.98, why));
    }
    let is_api = is_body && sketch.text("status") == Some("success") && has("data");
    is_api.then(|| {
        let what = sketch
            .paths()
            .find_map(|path| path.strip_prefix("data."))
            .unwrap_or("data")
            .split(['.', '['])
            .next()
            .unwrap_or("data")
            .to_owned();
        candidate(
            Report,
            "prometheus-api",
            0.9,
            format!("an answer of the Prometheus API about {what}: context, nothing to place on the timeline"),
        )
    })
}

/// `resultType` may stand after a long result, in files with sorted keys.
fn tail_result_type(windows: &Windows<'_>) -> Option<String> {
    let tail = String::from_utf8_lossy(windows.tail);
    let after = tail.rsplit_once("\"resultType\"")?.1;
    after.split('"').nth(1).map(str::to_owned)
}

/// Kubernetes, GitHub, TSDB metadata.
fn events(sketch: &Sketch) -> Option<Candidate> {
    use SourceKind::{Changes, Report};
    let has = |path: &str| sketch.has(path);
    let is_list = matches!(sketch.text("kind"), Some("EventList"))
        || (has("items[].reason") && (has("items[].involvedObject") || has("items[].regarding")))
        || (has("object.reason") && (has("object.involvedObject") || has("object.regarding")));
    if is_list || (has("involvedObject") && has("reason") && has("metadata")) {
        return Some(candidate(Changes, "kubernetes-events", 0.98, "Kubernetes events with a reason and an object"));
    }
    if ["", "[].", "payload.", "[].payload."].iter().any(|front| {
        has(&format!("{front}deployment")) && (has(&format!("{front}deployment_status.state")) || has(&format!("{front}deployment.ref")))
    }) {
        return Some(candidate(Changes, "github-deployment", 0.97, "GitHub payloads with a deployment and its status"));
    }
    if has("ulid") && has("minTime") && has("maxTime") && has("compaction") {
        let why = "describes a Prometheus block; a block is read when its index and its chunks are opened together, as their folder";
        return Some(candidate(Report, "prometheus-tsdb-meta", 0.99, why));
    }
    None
}

/// Records of tools whose shapes are known.
fn mapped(windows: &Windows<'_>) -> Option<Candidate> {
    let format = change::mapped::recognise(windows.head)?;
    Some(candidate(SourceKind::Changes, format, 0.97, format!("records with the members that {format} writes")))
}

fn queries(sketch: &Sketch, windows: &Windows<'_>) -> Option<Candidate> {
    let is_whole = windows.size_bytes <= windows.head.len() as u64;
    if sketch.opens_with != b'{' || !is_whole {
        return None;
    }
    let n = metric::queries(windows.head)?.len();
    Some(candidate(
        SourceKind::Report,
        "prometheus-queries",
        0.9,
        format!("an object of {n} names with PromQL queries: names and units for the results beside it"),
    ))
}

fn changes(sketch: &Sketch, windows: &Windows<'_>) -> Option<Candidate> {
    let mut ignored = Problems::default();
    let is_lines = sketch.opens_with == b'{' && sketch.has_more;
    let is_small = windows.size_bytes <= windows.head.len() as u64;
    let parts: Vec<&[u8]> = if is_lines && !is_small { vec![windows.head, windows.middle, windows.tail] } else { vec![windows.head] };
    let (mut n_changes, mut n_all) = (0.0, 0);
    for part in parts {
        let text = json::text(part, &mut ignored);
        let (share, n) = change::share(&text);
        n_changes += share * n as f32;
        n_all += n;
    }
    if n_all == 0 && sketch.opens_with == b'{' {
        return wrapped_changes(windows);
    }
    let share = n_changes / n_all.max(1) as f32;
    // Half of the records may be of kinds that we have no word for, but a log with a few changes stays a log.
    let why = format!("{:.0} % of the records have a time and the kind of a change", share * 100.0);
    (share >= 0.5).then(|| candidate(SourceKind::Changes, "changes", 0.6 + 0.37 * share, why)).or_else(|| wrapped_changes(windows))
}

/// `{"deployments": [ … ]}`.
fn wrapped_changes(windows: &Windows<'_>) -> Option<Candidate> {
    if windows.size_bytes > windows.head.len() as u64 {
        return None;
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(windows.head).ok()?;
    let list = object.values().filter_map(serde_json::Value::as_array).max_by_key(|list| list.len())?;
    let n = list.iter().filter_map(serde_json::Value::as_object).filter(|record| change::looks_like_change(record)).count();
    (n > 0 && n * 2 >= list.len())
        .then(|| candidate(SourceKind::Changes, "changes", 0.9, "a list of records with a time and the kind of a change"))
}

/// Whole lines of a window: a cut last line would count against every format.
fn whole_lines(window: &[u8], is_whole: bool) -> String {
    let end =
        if is_whole || window.ends_with(b"\n") { window.len() } else { memchr::memrchr(b'\n', window).map_or(window.len(), |at| at + 1) };
    // Checking first is several times as fast where all is well.
    std::str::from_utf8(&window[..end]).map_or_else(|_| String::from_utf8_lossy(&window[..end]).into_owned(), str::to_owned)
}

fn by_lines(windows: &Windows<'_>) -> Vec<Candidate> {
    use SourceKind::{Changes, Metrics, Profile, Report};
    if windows.head.contains(&0) {
        return Vec::new();
    }
    let is_small = windows.size_bytes <= windows.head.len() as u64;
    let (head, middle, tail) =
        (whole_lines(windows.head, is_small), whole_lines(windows.middle, is_small), whole_lines(windows.tail, is_small));
    let head = head.trim_start_matches('\u{feff}');
    let mut first_lines = head.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let Some(first) = first_lines.next() else { return Vec::new() };
    let mut found = Vec::new();
    let is_signal = first.starts_with("SIGQUIT:") || first.starts_with("PC=");
    if profile::goroutine::grouped_total(first).is_some() {
        found.push(candidate(Profile, "goroutine-dump", 0.99, "begins with the total of a goroutine profile"));
    } else if profile::goroutine::is_header(first) || (is_signal && first_lines.clone().take(5).any(profile::goroutine::is_header)) {
        found.push(candidate(Profile, "goroutine-dump", 0.98, "begins with the stack of a goroutine"));
    } else if let Some(why) = profile::threads::recognise(head) {
        found.push(candidate(Profile, profile::threads::FORMAT, 0.98, why));
    } else if profile::legacy::text_kind(first).is_some() {
        found.push(candidate(Profile, "pprof-legacy", 0.95, format!("begins with {first:?}, as an old text profile does")));
    } else if change::git::is_commit_line(change::git::without_graph(first))
        && first_lines.next().is_some_and(|line| {
            change::git::without_graph(line).split_once(':').is_some_and(|(key, _)| matches!(key.trim(), "Author" | "Merge" | "tree"))
        })
    {
        found.push(candidate(Changes, "git-log", 0.98, "begins with a commit and its author, as git log does"));
    } else if change::git::is_one_line(head) {
        found.push(candidate(Changes, "git-log", 0.95, "each line has the hash and the date of a commit, the newest first"));
    } else if let Some(why) = change::kubectl::recognise(head) {
        found.push(candidate(Changes, change::kubectl::FORMAT, 0.97, why));
    } else if let Some(why) = change::describe::recognise(head) {
        found.push(candidate(Changes, change::describe::FORMAT, 0.97, why));
    } else if let Some(why) = change::helm::recognise(head) {
        found.push(candidate(Changes, change::helm::FORMAT, 0.97, why));
    } else if let Some(why) = change::kubectl::ages_of_objects(head) {
        found.push(candidate(Report, "kubectl-get", 0.9, why));
    } else if let Some(why) = change::object::recognise_yaml(head).filter(|_| configuration(head).is_none()) {
        found.push(candidate(Changes, change::object::FORMAT, 0.95, why));
    } else if let Some(why) = change::table::recognise(head) {
        found.push(candidate(Changes, "changes", 0.95, why));
    }
    if !found.is_empty() {
        return found;
    }
    // In a small file the three windows are the same bytes.
    found.extend(if is_small { exposition(&[head]) } else { exposition(&[head, &middle, &tail]) });
    found.extend(
        metric::LINE_FORMATS
            .iter()
            .filter_map(|(name, recognise, _)| recognise(head).map(|(confidence, why)| candidate(Metrics, name, confidence, why))),
    );
    // Lines of objects hold commas, but no table begins with one.
    let is_json = head.starts_with("{\"") || head.starts_with("[{");
    if let Some((confidence, why)) = (!is_json).then(|| metric::csv::recognise(head, None)).flatten() {
        found.push(candidate(Metrics, table_format(head), confidence, why));
    }
    found.extend(configuration(head));
    if head.trim_start().get(..15).is_some_and(|start| start.to_ascii_lowercase().starts_with("<!doctype html"))
        || head.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("<html"))
    {
        found.push(candidate(Report, "html", 0.9, "an HTML page, perhaps a login or error page saved in place of an answer"));
    }
    found
}

#[cfg(test)]
mod tests;
