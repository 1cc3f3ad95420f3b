//! Pinned evidence as exhibits `E1` …: what it shows, where it stands, and whether the source is still the same.

use std::num::NonZeroUsize;

use sha2::{Digest as _, Sha256};

use super::context::{ChartLimits, Context, window_words};
use crate::model::case::{Evidence, EvidenceTarget};
use crate::model::patch::Patch;
use crate::model::text::{self, rfc3339};
use crate::model::time::NS_PER_S;
use crate::model::{AnnotationId, Labels, Sample, SeriesMeta, TimeRange, Timestamp, Unit};
use crate::report::spark;

const SPARK_COLUMNS: NonZeroUsize = NonZeroUsize::new(40).expect("not zero");
/// Lines of a log excerpt that are printed.
pub(super) const EXCERPT_LINES: usize = 15;
/// Lines of a change of code that are printed.
const DIFF_LINES: usize = 40;
/// Columns of a line of a diff.
const DIFF_COLUMNS: usize = 300;
/// Files of a diff that are named.
const MOST_FILES: usize = 8;

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// The annotation.
    pub id: AnnotationId,
    /// `E1` …
    pub label: String,
    /// The user's words.
    pub caption: String,
    /// `metric`, `log lines`, `change`, `alert`, `profile`.
    pub kind: &'static str,
    /// When.
    pub at: Option<Timestamp>,
    /// What it is called: the series, `file:line` …
    pub subject: String,
    /// What it shows.
    pub block: Block,
    /// Doubts: the source is gone or changed since.
    pub doubts: Vec<String>,
}

/// What an exhibit shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Name and value pairs, a sparkline if there is a shape, and the file stem of a picture.
    Values {
        /// Pairs in order.
        pairs: Vec<(String, String)>,
        /// Sparkline, may be empty.
        spark: String,
        /// Picture.
        asset: Option<String>,
    },
    /// Lines as they stand in the source.
    Lines {
        /// The lines.
        excerpt: String,
        /// Where they stand, with their hash.
        pairs: Vec<(String, String)>,
    },
}

pub(super) fn gather(context: &mut Context) -> Vec<Exhibit> {
    let case = context.case;
    case.evidence()
        .into_iter()
        .map(|(annotation, evidence)| {
            let (kind, subject, block) = show(context, &annotation.id, evidence);
            let doubts = doubts(context, evidence);
            if let Some(source) = context.catalog.source_of(&evidence.source) {
                context.used_sources.insert(source.id);
            }
            Exhibit {
                id: annotation.id.clone(),
                label: context.exhibits.get(&annotation.id).cloned().unwrap_or_default(),
                caption: annotation.text.clone(),
                kind,
                at: annotation.at(),
                subject,
                block,
                doubts,
            }
        })
        .collect()
}

fn doubts(context: &Context, evidence: &Evidence) -> Vec<String> {
    // These never lay in a source.
    if matches!(evidence.target, EvidenceTarget::Diff { .. } | EvidenceTarget::Link { .. }) {
        return Vec::new();
    }
    let now = context.facts.sha256(&evidence.source);
    match (&evidence.source_sha256, now) {
        (_, None) => vec![format!("{} is not among the loaded sources; the values frozen when it was pinned are shown", evidence.source)],
        (Some(then), Some(now)) if *then != now => {
            vec![format!("{} has changed since this was pinned (sha256 {now}, was {then})", evidence.source)]
        }
        _ => Vec::new(),
    }
}

fn show(context: &mut Context, id: &AnnotationId, evidence: &Evidence) -> (&'static str, String, Block) {
    let source = &evidence.source;
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let when = |context: &Context, at: Option<Timestamp>| at.map_or_else(|| "time unknown".to_owned(), |at| context.moment(at));
    let values = |pairs| Block::Values { pairs, spark: String::new(), asset: None };
    match &evidence.target {
        EvidenceTarget::Series { name, labels, .. } => {
            let series = full_name(name, labels);
            let block = metric(context, id, evidence, &series);
            ("metric", series, block)
        }
        EvidenceTarget::Lines { first, last, at, sha256, excerpt } => {
            let place = if first == last { format!("{source}:{first}") } else { format!("{source}:{first}-{last}") };
            let pairs = vec![pair("Lines", place.clone()), pair("Time", when(context, *at)), pair("sha256 of the lines", sha256.clone())];
            let excerpt: Vec<&str> = excerpt.lines().take(EXCERPT_LINES).collect();
            ("log lines", place, Block::Lines { excerpt: excerpt.join("\n"), pairs })
        }
        EvidenceTarget::Change { line, at, text } => {
            let place = format!("{source}:{line}");
            let pairs = vec![pair("Change", text.clone()), pair("Time", when(context, *at)), pair("Record", place.clone())];
            ("change", place, values(pairs))
        }
        EvidenceTarget::Alert { name, labels, at, until } => {
            let end = until.map_or_else(|| "still active at the end of the data".to_owned(), |until| context.moment(until));
            let subject = full_name(name, labels);
            let pairs = vec![
                pair("Alert", subject.clone()),
                pair("From", when(context, Some(*at))),
                pair("Until", end),
                pair("Source", source.clone()),
            ];
            ("alert", subject, values(pairs))
        }
        EvidenceTarget::Profile { profile, at, total, unit } => {
            let number = profile_total(*total, unit);
            let mut pairs = vec![
                pair("Profile", profile.clone()),
                pair("Total", number),
                pair("Time", when(context, *at)),
                pair("Source", source.clone()),
            ];
            let block = match super::profile::show(context, source) {
                Some((more, excerpt)) => {
                    pairs.extend(more);
                    Block::Lines { excerpt, pairs }
                }
                None => values(pairs),
            };
            ("profile", source.clone(), block)
        }
        EvidenceTarget::Diff { at, before, after, text } => {
            ("code", source.clone(), diff(text, (before, after), at.map(|at| context.moment(at))))
        }
        EvidenceTarget::Link { at, url } => {
            let mut pairs = vec![pair("Address", url.clone())];
            pairs.extend(at.map(|at| pair("Time", context.moment(at))));
            ("link", url.clone(), values(pairs))
        }
    }
}

/// What a diff says of itself, and its first lines; how many are left out is told.
fn diff(text: &str, (before, after): (&Option<String>, &Option<String>), when: Option<String>) -> Block {
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let commit = |commit: &Option<String>| commit.clone().unwrap_or_else(|| "not recorded".to_owned());
    let mut pairs = vec![pair("Before", commit(before)), pair("After", commit(after))];
    pairs.extend(when.map(|when| pair("Time", when)));
    if let Ok(patch) = Patch::read(text) {
        let (added, removed) = patch.total();
        pairs.push(pair("Files", patch.words(MOST_FILES)));
        pairs.push(pair("Lines added, removed", format!("+{added} −{removed}")));
    }
    let digest = Sha256::digest(text.as_bytes());
    pairs.push(pair("sha256 of the diff", digest.iter().map(|byte| format!("{byte:02x}")).collect()));
    let n_lines = text.lines().count();
    if n_lines > DIFF_LINES {
        pairs.push(pair("Shown", format!("the first {DIFF_LINES} of {n_lines} lines")));
    }
    let cut = |line: &str| match line.char_indices().nth(DIFF_COLUMNS) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    };
    let excerpt: Vec<String> = text.lines().take(DIFF_LINES).map(cut).collect();
    Block::Lines { excerpt: excerpt.join("\n"), pairs }
}

fn full_name(name: &str, labels: &Labels) -> String {
    SeriesMeta { name: name.to_owned(), labels: labels.clone(), ..SeriesMeta::default() }.full_name()
}

/// Values as frozen by the pin; the picture from the source if it is still there, else from the frozen points.
fn metric(context: &mut Context, id: &AnnotationId, evidence: &Evidence, series: &str) -> Block {
    let EvidenceTarget::Series { unit, range, at, value, peak, points, .. } = &evidence.target else {
        return Block::Values { pairs: Vec::new(), spark: String::new(), asset: None };
    };
    let live = context.find_series(series, &evidence.source);
    let print = |value: f64| live.map_or_else(|| text::value(value, *unit), |meta| super::context::show(meta, value));
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let mut pairs = vec![
        pair("Series", series.to_owned()),
        pair("Source", evidence.source.clone()),
        pair("Window", window_words(*range)),
        pair(&format!("Value at {}", context.moment(*at)), value.map_or_else(|| "no sample".into(), print)),
    ];
    if let Some((time, value)) = peak {
        pairs.push(pair(&format!("Peak at {}", context.moment(*time)), print(*value)));
    }
    if let Some(query) = live.and_then(|meta| meta.query.as_ref()) {
        pairs.push(pair("Query", query.clone()));
    }
    if let (Some(meta), Some(frozen)) = (live, value) {
        let now = context.facts.value_at(meta.id, *at).map(|found| found.value);
        if now.is_some_and(|now| now.to_bits() != frozen.to_bits() && !(now.is_nan() && frozen.is_nan())) {
            pairs.push(pair("Value in the source now", now.map_or_else(|| "no sample".into(), print)));
        }
    }
    let label = context.exhibits.get(id).cloned().unwrap_or_default();
    let title = format!("{label}: {series}");
    let chart = if let Some(meta) = live {
        context.chart(meta, title, *range)
    } else {
        let limits = ChartLimits { unit: *unit, max_gap_ns: frozen_gap(*range, points.len()), clip: None, threshold: None };
        context.chart_of(title, *range, frozen_samples(*range, points), &limits)
    };
    let asset = if range.is_empty() { None } else { Some(context.add_chart("evidence", chart)) };
    Block::Values { pairs, spark: spark::draw(&spark::narrow(points, SPARK_COLUMNS)), asset }
}

/// Frozen points stand in the middle of their columns.
fn frozen_samples(range: TimeRange, points: &[Option<f64>]) -> Vec<Sample> {
    let Some(n) = NonZeroUsize::new(points.len()) else { return Vec::new() };
    let middle = |index: usize| range.edge(index, n).plus_ns(range.len_ns() / (2 * n.get() as i64));
    points.iter().enumerate().filter_map(|(index, point)| Some(Sample { time: middle(index), value: (*point)? })).collect()
}

/// Neighbouring columns are joined, others not.
fn frozen_gap(range: TimeRange, n_points: usize) -> i64 {
    (range.len_ns() / (n_points as i64).max(1) / 2).saturating_mul(3).saturating_add(NS_PER_S / 1000)
}

pub(super) fn profile_total(total: f64, unit: &str) -> String {
    match unit {
        "nanoseconds" => text::value(total / 1e9, Unit::Seconds),
        "bytes" => text::value(total, Unit::Bytes),
        "" | "count" => text::value(total, Unit::None),
        _ => format!("{} {unit}", text::value(total, Unit::None)),
    }
}

/// The evidence labels that point at this line of this source.
pub(super) fn labels_for_line(context: &Context, source: &str, line: u64) -> Vec<String> {
    let is_it = |evidence: &Evidence| {
        evidence.source == source && matches!(evidence.target, EvidenceTarget::Change { line: pinned, .. } if pinned == line)
    };
    labels(context, is_it)
}

/// The evidence labels that point at this alert.
pub(super) fn labels_for_alert(context: &Context, name: &str, labels_of_alert: &Labels, active_at: Timestamp) -> Vec<String> {
    let is_it = |evidence: &Evidence| match &evidence.target {
        EvidenceTarget::Alert { name: pinned, labels, at, .. } => pinned == name && labels == labels_of_alert && at.since(active_at) >= 0,
        _ => false,
    };
    labels(context, is_it)
}

fn labels(context: &Context, is_it: impl Fn(&Evidence) -> bool) -> Vec<String> {
    let found = context.case.evidence().into_iter().filter(|(_, evidence)| is_it(evidence));
    found.filter_map(|(annotation, _)| context.exhibits.get(&annotation.id).cloned()).collect()
}

/// One line that says what an exhibit is, for the timeline.
pub(super) fn sentence(evidence: &Evidence) -> (&'static str, String) {
    match &evidence.target {
        EvidenceTarget::Series { name, labels, unit, value, .. } => {
            let value = value.map_or_else(|| "no sample".to_owned(), |value| text::value(value, *unit));
            ("symptom", format!("{} = {value}", full_name(name, labels)))
        }
        EvidenceTarget::Lines { excerpt, .. } => {
            let first = excerpt.lines().next().unwrap_or_default();
            let cut = first.char_indices().nth(160).map_or_else(|| first.to_owned(), |(at, _)| format!("{}…", &first[..at]));
            ("observation", cut)
        }
        EvidenceTarget::Change { text, .. } => ("change", text.clone()),
        EvidenceTarget::Alert { name, at, .. } => ("alert", format!("{name} since {}", rfc3339(*at))),
        EvidenceTarget::Profile { profile, total, unit, .. } => {
            ("observation", format!("{profile} profile, total {}", profile_total(*total, unit)))
        }
        EvidenceTarget::Diff { .. } => ("change", format!("change of {}", evidence.source)),
        EvidenceTarget::Link { url, .. } => ("observation", url.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_diff_tells_how_much_of_it_is_shown_and_what_it_holds() {
        let lines: String = (0..100).map(|n| format!("+line {n} {}\n", "x".repeat(400))).collect();
        let text = format!("--- a/pool.go\n+++ b/pool.go\n@@ -0,0 +1,100 @@\n{lines}");
        let Block::Lines { excerpt, pairs } = diff(&text, (&None, &Some("1f2e3d4".into())), Some("T+0".into())) else { panic!("lines") };
        assert_eq!(excerpt.lines().count(), DIFF_LINES);
        assert!(excerpt.lines().all(|line| line.chars().count() <= DIFF_COLUMNS + 1));
        let of = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str());
        assert_eq!(of("Shown"), Some("the first 40 of 103 lines"));
        assert_eq!((of("Files"), of("After"), of("Before")), (Some("pool.go +100 −0"), Some("1f2e3d4"), Some("not recorded")));
        assert_eq!(of("sha256 of the diff").map(str::len), Some(64));
    }
}
