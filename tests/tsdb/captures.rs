//! One recorded incident told three ways: answers of the query API, a dump as `OpenMetrics`, and the database itself.
//!
//! An answer of the API holds what was evaluated at whole steps: the last sample at or before each, at most five minutes
//! old, none behind a stale marker. Expressions are not stored anywhere and cannot be compared sample by sample.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Dump, ours};

/// How far the query API looks back.
const LOOK_BACK_MS: i64 = 300_000;

/// The value that the API gives at a moment.
fn evaluated(samples: &[(i64, f64)], at: i64) -> Option<f64> {
    let (ms, value) = samples[..samples.partition_point(|sample| sample.0 <= at)].last()?;
    let is_live = at - ms < LOOK_BACK_MS && value.to_bits() != coroner::model::series::STALE_BITS;
    is_live.then_some(*value)
}

fn is_same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

/// Name and label matchers of a plain selector; nothing for an expression.
fn selector(query: &str) -> Option<(String, Vec<String>)> {
    let (name, rest) = query.split_once('{').map_or((query, ""), |(name, rest)| (name, rest.trim_end_matches('}')));
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
    is_name.then(|| (format!("__name__=\"{name}\""), rest.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()))
}

fn compare_answers(folder: &Path, stored: &Dump) {
    let queries: BTreeMap<String, String> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("QUERIES.json")).expect("queries")).expect("an object");
    let answers: BTreeMap<&String, Dump> = queries.keys().map(|name| (name, ours(&folder.join(format!("{name}.json"))).0)).collect();
    let times = || answers.values().flat_map(|answer| answer.values().flatten()).map(|sample| sample.0);
    let (first, last) = (times().min().expect("a sample"), times().max().expect("a sample"));
    println!("{:34} {:>7} {:>9} {:>9} {:>9} {:>9}  cause", "query", "series", "answered", "same", "other", "absent");
    for (name, query) in &queries {
        let answer = &answers[name];
        let n_answered: usize = answer.values().map(Vec::len).sum();
        let Some((metric, labels)) = selector(query) else {
            println!("{name:34} {:7} {n_answered:9} {:>9} {:>9} {:>9}  computed by the server, not stored", answer.len(), "-", "-", "-");
            continue;
        };
        let is_meant = |identity: &&String| identity.contains(&metric) && labels.iter().all(|label| identity.contains(label.as_str()));
        let (mut n_same, mut n_other, mut n_absent) = (0, 0, 0);
        for identity in stored.keys().filter(is_meant) {
            let got: BTreeMap<i64, f64> = answer.get(identity).into_iter().flatten().copied().collect();
            for at in (first..=last).step_by(1000) {
                match (evaluated(&stored[identity], at), got.get(&at)) {
                    (Some(a), Some(b)) if is_same(a, *b) => n_same += 1,
                    (None, None) => {}
                    (Some(_), None) => n_absent += 1,
                    _ => n_other += 1,
                }
            }
        }
        let cause = if n_answered == 0 { "answered nothing: no series has these labels" } else { "" };
        println!("{name:34} {:7} {n_answered:9} {n_same:9} {n_other:9} {n_absent:9}  {cause}", answer.len());
        assert_eq!((n_same, n_other, n_absent), (n_answered, 0, 0), "{name}");
    }
}

fn compare_text(text: &Dump, stored: &Dump) {
    let (mut n_same, mut n_stale, mut n_other) = (0, 0, 0);
    for (identity, samples) in text {
        let other = &stored[identity];
        assert_eq!(samples.len(), other.len(), "{identity}");
        for (a, b) in samples.iter().zip(other) {
            let is_stale = b.1.to_bits() == coroner::model::series::STALE_BITS;
            match a.0 == b.0 && is_same(a.1, b.1) {
                true if is_stale => n_stale += 1,
                true => n_same += 1,
                false => n_other += 1,
            }
        }
    }
    println!(
        "OpenMetrics: {} series; {n_same} samples are the same, {n_stale} are NaN for a stale marker (text has no other word), {n_other} differ; \
         {} more series are in the database only (the dump selects)",
        text.len(),
        stored.len() - text.len()
    );
    assert_eq!(n_other, 0);
}

#[test]
#[ignore = "by hand: CORONER_CAPTURES=FOLDER of recorded incidents"]
fn a_recorded_incident_says_the_same_in_all_three_forms() {
    let folder = std::env::var("CORONER_CAPTURES").expect("CORONER_CAPTURES");
    for incident in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok).map(|entry| entry.path()) {
        println!("\n{}", incident.display());
        let (stored, _) = ours(&incident.join("tsdb-snapshot"));
        compare_answers(&incident.join("prometheus"), &stored);
        compare_text(&ours(&incident.join("prometheus/openmetrics.txt.gz")).0, &stored);
    }
}
