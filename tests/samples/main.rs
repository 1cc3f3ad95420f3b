//! Real files of many formats with facts found by other programs: what Coroner makes of each must agree with them.
//!
//! The samples in `tests/data/samples` come with the repository. A folder beside the repository (`../shared/samples`)
//! and the one that `CORONER_SAMPLES` names are read when they are there; both hold a `manifest.json` of the same
//! shape. Every key of `expected` is checked or stands in [`checks::NOT_CHECKED`] with the reason: a new key fails.

mod checks;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use coroner::model::query::PageStart;
use coroner::model::{Catalog, Event, EventFilter, EventQuery, Sample, SeriesId, TimeRange, Timestamp};
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source};
use serde_json::Value;

/// Formats that are not read yet. A sample that passes all the same fails here, so that this list never lags behind.
const NOT_READ_YET: &[&str] = &[];

/// One sample as loaded.
pub struct Loaded {
    /// What is there.
    pub catalog: Arc<Catalog>,
    /// Events of all its files by time, unplaced ones too.
    pub events: Vec<Event>,
    /// Samples of each series, in the order of the catalog; those that Coroner derives are left out.
    pub samples: Vec<Vec<Sample>>,
    /// The files as text, lossy.
    pub text: String,
}

/// The zone of a sample that its files do not tell: the first word like `Europe/Berlin`.
fn zone(sample: &Value) -> Option<String> {
    let words = sample["input_timezone"].as_str()?.split([' ', ',']);
    words.into_iter().find(|word| word.contains('/') && word.starts_with(char::is_uppercase)).map(str::to_owned)
}

/// When the files were last written: an hour after what the sample says is its end. It tells the year of logs without one.
fn modified(sample: &Value) -> SystemTime {
    let expected = &sample["expected"];
    let stated = ["last", "first"].iter().find_map(|key| expected[*key].as_str()).and_then(checks::time);
    let secs = stated.map_or(1_795_411_200, |at| at.0 / 1_000_000_000 + 3600);
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs.unsigned_abs())
}

/// Copies a file or folder with a time of modification that does not depend on the checkout.
fn copy(from: &Path, to: &Path, modified: SystemTime) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()), modified);
        }
        return;
    }
    fs::write(to, fs::read(from).expect("a sample")).expect("a temporary file");
    File::options().write(true).open(to).expect("a temporary file").set_modified(modified).expect("a time");
}

fn load(folder: &Path, sample: &Value) -> Loaded {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut text = String::new();
    for file in sample["files"].as_array().expect("files") {
        let from = folder.join(file.as_str().expect("a path"));
        copy(&from, &dir.path().join(from.file_name().expect("a name")), modified(sample));
        text += &String::from_utf8_lossy(&fs::read(&from).unwrap_or_default());
    }
    let zones = zone(sample).map(|zone| (None, zone)).into_iter().collect();
    let options = OpenOptions { sources: vec![dir.path().to_owned()], zones, jobs: 1, ..OpenOptions::default() };
    let source = open(options).expect("a folder that exists");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    let catalog = source.catalog(&Job::new()).expect("a catalog");
    let events = events(&source);
    let everything = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
    let stated = catalog.series.iter().filter(|series| !series.is_derived);
    let samples = stated.map(|series| samples(&source, series.id, everything)).collect();
    Loaded { catalog, events, samples, text }
}

fn samples(source: &FileSource, id: SeriesId, range: TimeRange) -> Vec<Sample> {
    source.samples(id, range, usize::MAX, &Job::new()).expect("samples").value
}

fn events(source: &FileSource) -> Vec<Event> {
    let page = |start| {
        let query = EventQuery { start, limit: 100_000, filter: EventFilter::default(), range: None };
        source.events(&query, &Job::new()).expect("a page").value.events
    };
    let all = page(PageStart::AtOrAfter(Timestamp(i64::MIN))).into_iter().chain(page(PageStart::Unplaced(0)));
    all.map(|event| source.event(event.id, &Job::new()).expect("an event")).collect()
}

/// What is wrong with each sample of a folder, by id; those without a fault are there with none.
fn faults(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let manifest = fs::read(folder.join("manifest.json")).expect("a manifest");
    let manifest: Vec<Value> = serde_json::from_slice(&manifest).expect("a list of samples");
    let check = |sample: &Value| {
        let id = sample["id"].as_str().expect("an id").to_owned();
        let loaded = load(folder, sample);
        (id, checks::faults(sample, &loaded))
    };
    manifest.iter().map(check).collect()
}

#[track_caller]
fn check(folder: &Path) {
    let mut failed = Vec::new();
    for (id, faults) in faults(folder) {
        if NOT_READ_YET.contains(&id.as_str()) {
            if faults.is_empty() {
                failed.push(format!("{id} agrees with its facts: take it out of NOT_READ_YET"));
            }
        } else if !faults.is_empty() {
            failed.push(format!("{id}:\n    {}", faults.join("\n    ")));
        }
    }
    assert!(failed.is_empty(), "{} samples disagree with their facts\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn the_samples_of_the_repository_agree_with_their_facts() {
    check(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/samples")));
}

#[test]
fn samples_beside_the_repository_agree_with_their_facts_when_they_are_there() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    let named = std::env::var_os("CORONER_SAMPLES").map(PathBuf::from);
    for folder in named.into_iter().chain([beside]) {
        if folder.join("manifest.json").is_file() {
            check(&folder);
        } else {
            eprintln!("{}: no samples there, skipped", folder.display());
        }
    }
}
