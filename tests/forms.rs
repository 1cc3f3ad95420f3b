//! Small files in the forms that loggers, stores and tools write, each with what Coroner must make of it.
//!
//! One line of `tests/data/forms.jsonl` is one file: its text, its zone where it has none, when it was last written
//! (for those without a year), and the part of the report that matters. All were written by hand for this test.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use coroner::model::query::PageStart;
use coroner::model::text::rfc3339;
use coroner::model::{EventFilter, EventQuery, SourceReport, Timestamp};
use coroner::source::files::content::Bytes;
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source};
use serde_json::{Map, Value, json};

/// When files were last written unless they say so: an hour or two after what they tell.
const MODIFIED_S: u64 = 1_795_411_200;

fn load(form: &Value) -> (tempfile::TempDir, FileSource) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join(form["name"].as_str().expect("a name"));
    fs::write(&path, form["text"].as_str().expect("a text")).expect("a temporary file");
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(form["modified"].as_u64().unwrap_or(MODIFIED_S));
    File::options().write(true).open(&path).expect("the file").set_modified(modified).expect("a time");
    let zones = form["zone"].as_str().map(|zone| (None, zone.to_owned())).into_iter().collect();
    let source = open(OpenOptions { sources: vec![path], zones, jobs: 1, ..OpenOptions::default() }).expect("a file that exists");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    (dir, source)
}

/// What `inspect` says of a source, under the names of its JSON.
fn report(source: &SourceReport) -> Map<String, Value> {
    let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| rfc3339(at).into());
    let levels: Map<String, Value> = source.levels.iter().map(|(level, n)| (level.name().to_owned(), json!(n))).collect();
    let report = json!({
        "kind": source.kind.name(), "format": source.format, "records": source.n_records, "unplaced": source.n_unplaced,
        "first": time(source.extent.map(|extent| extent.0)), "last": time(source.extent.map(|extent| extent.1)),
        "levels": levels, "services": source.services,
    });
    report.as_object().expect("an object").clone()
}

/// Messages and latencies of the events, in their order; microseconds tell two latencies apart.
fn told(source: &FileSource) -> (Vec<Value>, Vec<Value>) {
    let query = EventQuery { start: PageStart::AtOrAfter(Timestamp(0)), limit: 100, filter: EventFilter::default(), range: None };
    let events = source.events(&query, &Job::new()).expect("a page").value.events;
    let seconds = |latency: f32| (f64::from(latency) * 1e6).round() / 1e6;
    let latencies = events.iter().map(|event| event.latency_s.map(seconds).into()).collect();
    (events.into_iter().map(|event| event.message.into()).collect(), latencies)
}

fn faults(form: &Value) -> Vec<String> {
    let (_dir, source) = load(form);
    let catalog = source.catalog(&Job::new()).expect("a catalog");
    let mut found = report(&catalog.sources[0]);
    let (messages, latencies) = told(&source);
    found.insert("messages".into(), messages.into());
    found.insert("latencies".into(), latencies.into());
    let expected = form["expected"].as_object().expect("facts");
    let wrong = expected.iter().filter(|(key, value)| found.get(*key) != Some(*value));
    wrong.map(|(key, value)| format!("{key} is {}, not {value}", found.get(key).unwrap_or(&Value::Null))).collect()
}

#[test]
fn every_form_is_read_as_what_it_is() {
    let all = include_str!("data/forms.jsonl").lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON lines"));
    let mut failed = Vec::new();
    for form in all {
        let faults = faults(&form);
        if !faults.is_empty() {
            failed.push(format!("{}: {}", form["name"], faults.join("; ")));
        }
    }
    assert!(failed.is_empty(), "{} forms are read otherwise\n{}", failed.len(), failed.join("\n"));
}

/// Sizes of chunks that put a border into every part of a line of some form: more of them than any record has lines.
const CUTS: [u64; 9] = [1, 13, 40, 64, 90, 127, 200, 301, 500];

/// Everything that a text says when it is cut so: the report with its problems, and the events with all their fields.
fn said(name: &str, text: &[u8], chunk_bytes: Option<u64>) -> String {
    let memory = vec![(name.to_owned(), Bytes::Shared(Arc::from(text)))];
    let whole = OpenOptions { memory, jobs: 1, ..OpenOptions::default() };
    let source = open(OpenOptions { chunk_bytes: chunk_bytes.unwrap_or(whole.chunk_bytes), ..whole }).expect("a text");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    let catalog = source.catalog(&Job::new()).expect("a catalog");
    let query = EventQuery { start: PageStart::AtOrAfter(Timestamp(i64::MIN)), limit: 500, filter: EventFilter::default(), range: None };
    let events = source.events(&query, &Job::new()).expect("a page").value.events;
    let report = &catalog.sources[0];
    let about = (&report.format, report.n_records, report.n_lines, report.n_continuation_lines, report.n_unplaced, report.extent);
    format!("{about:#?}\n{:#?}\n{:#?}\n{:#?}\n{events:#?}", report.levels, report.services, report.problems)
}

#[test]
fn the_cut_into_chunks_never_changes_what_a_form_says() {
    let forms = include_str!("data/forms.jsonl").lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON lines"));
    let text = |form: &Value, key: &str| form[key].as_str().expect("a text").to_owned();
    let mut all: Vec<(String, Vec<u8>)> = forms.map(|form| (text(&form, "name"), text(&form, "text").into_bytes())).collect();
    for folder in ["walker", "detector"] {
        let seeds = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(folder)).expect("seeds");
        for seed in seeds.map(|seed| seed.expect("a seed").path()) {
            all.push((format!("{folder}/{}", seed.file_name().expect("a name").to_string_lossy()), fs::read(&seed).expect("a seed")));
        }
    }
    all.sort();
    let mut failed = Vec::new();
    for (name, text) in all {
        let whole = said(&name, &text, None);
        for cut in CUTS.into_iter().filter(|cut| *cut < text.len() as u64) {
            let parts = said(&name, &text, Some(cut));
            if parts != whole {
                let other = whole.lines().zip(parts.lines()).find(|(whole, parts)| whole != parts);
                failed.push(format!("{name} at {cut}: {other:?}"));
                break;
            }
        }
    }
    assert!(failed.is_empty(), "{} forms depend on the cut\n{}", failed.len(), failed.join("\n"));
}
