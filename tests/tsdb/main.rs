//! Prometheus databases on disk against what Prometheus' own tools say of them, sample for sample.
//!
//! `tests/data/tsdb` was written by Prometheus 2.42 from samples of our own; its README says how. Tests that need a
//! Prometheus on this machine say so and pass when there is none. `CORONER_CAPTURES` names a folder of recorded
//! incidents for those that compare whole recordings.
#![allow(clippy::print_stdout, reason = "what was compared, and why not, is for whoever runs these")]
#![allow(clippy::float_cmp, reason = "the same sample is the same to the last bit")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use coroner::model::{Catalog, SeriesId, SourceKind, TimeRange, Timestamp};
use coroner::source::files::{OpenOptions, open};
use coroner::source::{Job, Source};

/// Samples by identity: ms and value.
type Dump = BTreeMap<String, Vec<(i64, f64)>>;

/// Everything that a folder or file holds, in the words of `promtool tsdb dump`.
fn ours(path: &Path) -> (Dump, Catalog) {
    let source = open(OpenOptions { sources: vec![path.to_owned()], ..OpenOptions::default() }).expect("opens");
    let job = Job::new();
    source.load(&job, &|| ()).expect("loads");
    let catalog = source.catalog(&job).expect("a catalog");
    let mut dump = Dump::new();
    for meta in catalog.series.iter().filter(|meta| !meta.is_derived) {
        let all = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
        let samples = source.samples(SeriesId(meta.id.0), all, usize::MAX, &job).expect("samples").value;
        let own = [("__name__", meta.name.as_str())];
        let mut pairs: Vec<(&str, &str)> = own.into_iter().filter(|(_, name)| !name.is_empty()).chain(meta.labels.iter()).collect();
        pairs.sort_unstable();
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let samples = samples.iter().map(|sample| (sample.time.0 / 1_000_000, sample.value)).collect();
        dump.insert(format!("{{{}}}", pairs.join(", ")), samples);
    }
    (dump, Catalog::clone(&catalog))
}

/// The lines of `promtool tsdb dump`.
fn theirs(text: &str) -> Dump {
    let mut dump = Dump::new();
    for line in text.lines() {
        let (rest, ms) = line.rsplit_once(' ').expect("a time");
        let (identity, value) = rest.rsplit_once(' ').expect("a value");
        dump.entry(identity.to_owned()).or_default().push((ms.parse().expect("ms"), value.parse().expect("a number")));
    }
    dump
}

/// First differences in words; empty when both hold the same.
fn differences(ours: &Dump, theirs: &Dump) -> String {
    let mut text = String::new();
    for (identity, wanted) in theirs {
        match ours.get(identity) {
            None => writeln!(text, "missing {identity}: {} samples", wanted.len()).expect("text"),
            Some(got) => {
                let is_same = |a: &(i64, f64), b: &(i64, f64)| a.0 == b.0 && (a.1 == b.1 || a.1.is_nan() && b.1.is_nan());
                if got.len() != wanted.len() || !got.iter().zip(wanted).all(|(a, b)| is_same(a, b)) {
                    let first = got.iter().zip(wanted).find(|(a, b)| !is_same(a, b));
                    writeln!(text, "{identity}: {} for {} samples, first {first:?}", got.len(), wanted.len()).expect("text");
                }
            }
        }
    }
    for identity in ours.keys().filter(|identity| !theirs.contains_key(*identity)) {
        writeln!(text, "more than there is: {identity}").expect("text");
    }
    text
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tsdb").join(name)
}

fn unpacked(name: &str) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(data(name)).expect("a recording");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("text");
    text
}

fn problems(catalog: &Catalog) -> Vec<&str> {
    catalog.sources.iter().flat_map(|source| source.problems.kept()).map(|problem| problem.reason.as_str()).collect()
}

#[test]
fn a_block_is_one_source_and_says_what_promtool_dumps() {
    let (ours, catalog) = ours(&data("block"));
    assert_eq!(differences(&ours, &theirs(&unpacked("block.dump.gz"))), "");
    let source = &catalog.sources[0];
    assert_eq!((catalog.sources.len(), source.kind, source.format.as_str()), (1, SourceKind::Metrics, "prometheus-tsdb"));
    assert_eq!((source.path.as_str(), source.n_series, source.n_records), ("01M83PR3R56FNCDR2Q4M05C2FP", Some(4), 490));
    assert_eq!(problems(&catalog), [] as [&str; 0]);
}

#[test]
fn a_block_says_what_the_text_said_that_it_was_made_of() {
    assert_eq!(differences(&ours(&data("block")).0, &ours(&data("block.om.txt.gz")).0), "");
}

/// Whether this is a series that a native histogram was made into; promtool 2.42 does not print them.
fn is_native(identity: &str) -> bool {
    ["latency_seconds", "share_seconds"].iter().any(|name| identity.contains(name))
}

#[test]
fn a_data_folder_in_an_archive_says_what_promtool_dumps() {
    let (mut ours, catalog) = ours(&data("data.tar.gz"));
    assert!(catalog.sources.len() == 1 && catalog.sources[0].path.ends_with("data.tar.gz/full"), "{:?}", catalog.sources);
    assert!(catalog.sources[0].why.contains("4 blocks"), "{}", catalog.sources[0].why);
    ours.retain(|identity, _| !is_native(identity));
    assert_eq!(differences(&ours, &theirs(&unpacked("data.dump.gz"))), "");
    assert_eq!(problems(&catalog), [] as [&str; 0]);
}

#[test]
fn native_histograms_hold_what_the_server_answered() {
    let (ours, _) = ours(&data("data.tar.gz"));
    for (file, n_expected) in [("data.hist.json", 20), ("data.share.json", 10)] {
        let (answer, _) = crate::ours(&data(file));
        let mut n = 0;
        for (identity, wanted) in answer.iter().filter(|(identity, _)| !identity.contains("_bucket")) {
            let got: BTreeMap<i64, f64> = ours[identity].iter().copied().collect();
            for (ms, value) in wanted {
                // Where a sample was deleted the server answers with the one before it.
                let Some(got) = got.get(ms) else { continue };
                assert!(got == value, "{identity} at {ms}: {got} for {value}");
                n += 1;
            }
        }
        assert!(n >= 2 * n_expected, "{file}: {n} values compared");
        // Bounds are computed, so that their last digit may differ: what lies at or below each bound must not.
        let bounds = |dump: &Dump| -> Vec<(f64, BTreeMap<i64, f64>)> {
            let name =
                answer.keys().next().expect("a series").split('"').nth(1).expect("a name").rsplit_once('_').expect("an end").0.to_owned();
            let of = |(identity, samples): (&String, &Vec<(i64, f64)>)| {
                let le = identity.split("le=\"").nth(1)?.split('"').next()?.parse().ok()?;
                identity.contains(&format!("\"{name}_bucket\"")).then(|| (le, samples.iter().copied().collect()))
            };
            dump.iter().filter_map(of).collect()
        };
        let stored = bounds(&ours);
        let mut n = 0;
        for (le, wanted) in bounds(&answer) {
            let near = stored.iter().find(|(bound, _)| *bound == le || (bound - le).abs() <= 1e-14 * le.abs());
            let (_, got) = near.unwrap_or_else(|| panic!("{file}: no bucket at {le}"));
            for (ms, value) in &wanted {
                let Some(got) = got.get(ms) else { continue };
                assert!(got == value, "{file}: le {le} at {ms}: {got} for {value}");
                n += 1;
            }
        }
        assert!(n > 3 * n_expected, "{file}: {n} buckets compared");
    }
}

#[test]
#[ignore = "by hand: CORONER_TSDB=FOLDER CORONER_DUMP=FILE"]
fn a_database_says_what_a_dump_of_it_says() {
    let folder = std::env::var("CORONER_TSDB").expect("CORONER_TSDB");
    let dump = std::fs::read_to_string(std::env::var("CORONER_DUMP").expect("CORONER_DUMP")).expect("a dump");
    let (mut ours, catalog) = ours(Path::new(&folder));
    println!("{}", problems(&catalog).join("\n"));
    let theirs = theirs(&dump);
    ours.retain(|identity, _| theirs.contains_key(identity) || !is_native(identity));
    assert_eq!(differences(&ours, &theirs), "");
    println!("{} samples of {} series are the same", theirs.values().map(Vec::len).sum::<usize>(), theirs.len());
}

mod captures;
mod server;
