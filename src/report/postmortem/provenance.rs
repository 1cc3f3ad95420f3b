//! Where every number comes from: files, series, markers, formulas.

use std::collections::{BTreeMap, BTreeSet};

use super::Derived;
use super::Suggestion;
use super::context::Context;
use crate::model::case::{EvidenceTarget, MarkerName};
use crate::model::skew::ClockSkew;
use crate::model::{SeriesMeta, SourceReport, TimeRange, Timestamp};

/// Gaps that are listed.
const MOST_GAPS: usize = 40;

/// What the appendix lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// Sources that the document refers to, by path.
    pub sources: Vec<SourceUsed>,
    /// Number of other sources that were loaded.
    pub n_other_sources: usize,
    /// Problems in the other sources: path, count.
    pub other_problems: Vec<(String, u64)>,
    /// Series that numbers come from.
    pub series: Vec<SeriesUsed>,
    /// Where data is missing: no number speaks of that time.
    pub gaps: Vec<GapRow>,
    /// Gaps beyond those that are listed.
    pub n_more_gaps: usize,
    /// Every number with its formula.
    pub derived: Vec<Derived>,
    /// Clocks that look wrong, the worst first.
    pub clock_doubts: Vec<ClockDoubt>,
    /// Every marker, set or not.
    pub markers: Vec<MarkerRow>,
    /// Markers that nobody set, as the data suggest them.
    pub suggestions: Vec<Suggestion>,
    /// Who wrote the notes of the case.
    pub authors: Vec<AuthorRow>,
    /// Program and version.
    pub generator: String,
    /// Whether all sources were read to their end.
    pub is_complete: bool,
}

/// A source that the document refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceUsed {
    /// Path.
    pub path: String,
    /// Decoded size, bytes; `None`: not loaded.
    pub size_bytes: Option<u64>,
    /// SHA-256 of the decoded bytes.
    pub sha256: Option<String>,
    /// Kind and format.
    pub format: String,
    /// Records.
    pub n_records: u64,
    /// First and last record.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Zone and its certainty.
    pub zone: String,
    /// How far its clock is moved: its times here are so much later than it states them, ns.
    pub clock_ns: i64,
    /// Problems by kind.
    pub problems: Vec<(String, u64)>,
    /// Records without a time.
    pub n_unplaced: u64,
}

/// A clock that looks wrong by the traces that its source shares with others. Times stay as the source states them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockDoubt {
    /// Path of the source.
    pub source: String,
    /// Path of the one that it is compared with; `None`: with most of the others.
    pub against: Option<String>,
    /// How far it is ahead, ns; below 0 it is behind.
    pub ahead_ns: i64,
    /// The same without its sign, in words.
    pub far: String,
    /// The truth lies so far around it, in words.
    pub around: String,
    /// Traces that it rests on.
    pub n_traces: u64,
}

/// A series that numbers come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeriesUsed {
    /// Full name.
    pub name: String,
    /// Path of its source.
    pub source: String,
    /// Unit and kind.
    pub nature: String,
    /// Median step, ns.
    pub step_ns: Option<i64>,
    /// Samples.
    pub n_samples: u64,
    /// The query that made it.
    pub query: Option<String>,
}

/// A time without data, of a series that numbers come from or of a log that lacks a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GapRow {
    /// Full name of the series, or the service of the log.
    pub of: String,
    /// Path of the source; empty for a log.
    pub source: String,
    /// From the last sample or record before to the first after it.
    pub range: TimeRange,
    /// How long that is, in words.
    pub lasts: String,
    /// What is missing.
    pub what: &'static str,
}

/// A marker, set or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkerRow {
    /// Which.
    pub name: MarkerName,
    /// When, `None`: not recorded.
    pub at: Option<Timestamp>,
    /// Latest moment.
    pub latest: Option<Timestamp>,
    /// Distance from T+0.
    pub offset: Option<String>,
    /// How it was found.
    pub rule: String,
    /// Who set it.
    pub author: String,
    /// When it was set or last changed, by the clock of the author.
    pub set_at: Option<Timestamp>,
}

/// The notes of one author.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorRow {
    /// Who: a role, or a name.
    pub name: String,
    /// Number of notes by kind.
    pub kinds: Vec<(String, u64)>,
    /// When the first of them was written.
    pub first: Timestamp,
    /// When one of them was last changed.
    pub last: Timestamp,
}

pub(super) fn gather(context: &Context) -> Provenance {
    let catalog = context.catalog;
    let is_used = |source: &&SourceReport| context.used_sources.contains(&source.id);
    let mut sources: Vec<SourceUsed> = catalog.sources.iter().filter(is_used).map(|source| used(context, source)).collect();
    let known: BTreeSet<String> = sources.iter().map(|source| source.path.clone()).collect();
    let mut lost: BTreeSet<&str> = BTreeSet::new();
    for (_, evidence) in context.case.evidence() {
        // A diff and an address never lay in a source.
        let is_outside = matches!(evidence.target, EvidenceTarget::Diff { .. } | EvidenceTarget::Link { .. });
        if !is_outside && !known.contains(&evidence.source) && lost.insert(&evidence.source) {
            let sha256 = evidence.source_sha256.clone();
            sources.push(SourceUsed { path: evidence.source.clone(), sha256, format: "not loaded".into(), ..SourceUsed::default() });
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let others: Vec<&SourceReport> = catalog.sources.iter().filter(|source| !is_used(source)).collect();
    let series = context.used_series.iter().filter_map(|id| catalog.series(*id)).map(|meta| SeriesUsed {
        name: meta.full_name(),
        source: context.path(meta.source).to_owned(),
        nature: format!("{} {}", meta.kind.name(), meta.unit.name()),
        step_ns: meta.step_ns,
        n_samples: meta.n_samples,
        query: meta.query.clone(),
    });
    let gaps = gaps(context);
    Provenance {
        sources,
        n_other_sources: others.len(),
        other_problems: others.iter().filter(|s| s.problems.total() > 0).map(|s| (s.path.clone(), s.problems.total())).collect(),
        series: series.collect(),
        n_more_gaps: gaps.len().saturating_sub(MOST_GAPS),
        gaps: gaps.into_iter().take(MOST_GAPS).collect(),
        derived: context.derived.clone(),
        clock_doubts: clock_doubts(context),
        markers: markers(context),
        suggestions: context.suggested.values().cloned().collect(),
        authors: authors(context),
        generator: format!("coroner {}", context.settings.tool_version).trim_end().to_owned(),
        is_complete: catalog.is_complete,
    }
}

/// What shared traces say of the clocks.
fn clock_doubts(context: &Context) -> Vec<ClockDoubt> {
    let skews = context.facts.clocks().skews;
    let doubt = |skew: ClockSkew| {
        let [far, around] = skew.amounts();
        ClockDoubt {
            source: context.path(skew.source).to_owned(),
            against: skew.against.map(|other| context.path(other).to_owned()),
            ahead_ns: skew.ahead_ns,
            far,
            around,
            n_traces: skew.n_traces as u64,
        }
    };
    skews.into_iter().map(doubt).collect()
}

/// Where logs lack a file, and the series that numbers come from lack samples inside what the document covers, by time.
fn gaps(context: &Context) -> Vec<GapRow> {
    let of_files = super::silence::all_missing(context).into_iter();
    let mut found: Vec<GapRow> = of_files.map(|(of, range)| GapRow { of, range, what: "a file of the log", ..GapRow::default() }).collect();
    // Where nothing failed no count of failures is sent: that is no gap.
    let is_told = |meta: &&SeriesMeta| !meta.is_derived && !super::tallied::is_failing(&meta.name);
    let measured = context.used_series.iter().filter_map(|id| context.catalog.series(*id)).filter(is_told);
    for meta in measured {
        let (Some(extent), least) = (meta.extent, meta.staleness_ns()) else { continue };
        let Some(covered) = extent.intersect(context.story) else { continue };
        let source = context.path(meta.source);
        let samples = context.facts.samples(meta.id, covered);
        let pairs = samples.windows(2).filter(|pair| pair[1].time.since(pair[0].time) > least);
        found.extend(pairs.map(|pair| GapRow {
            of: meta.full_name(),
            source: source.to_owned(),
            range: TimeRange::new(pair[0].time, pair[1].time),
            what: "samples",
            ..GapRow::default()
        }));
    }
    for gap in &mut found {
        gap.lasts = super::impact::duration(gap.range.len_ns());
    }
    found.sort_by(|a, b| (a.range.start(), &a.of, &a.source).cmp(&(b.range.start(), &b.of, &b.source)));
    found
}

/// The zone in which a source was read and how sure it is, as the appendix says it.
pub fn zone_words(source: &SourceReport) -> String {
    match source.zone.name.as_str() {
        "" => source.zone.certainty.name().to_owned(),
        name => format!("{name} ({})", source.zone.certainty.name()),
    }
}

/// What a source was taken for, as the appendix says it.
pub fn format_words(source: &SourceReport) -> String {
    format!("{} / {}", source.kind.name(), source.format)
}

fn used(context: &Context, source: &SourceReport) -> SourceUsed {
    SourceUsed {
        path: source.path.clone(),
        size_bytes: Some(source.size_bytes),
        sha256: source.sha256.clone().or_else(|| context.facts.sha256(&source.path)),
        format: format_words(source),
        n_records: source.n_records,
        span: source.extent,
        zone: zone_words(source),
        clock_ns: source.clock_ns,
        problems: source.problems.counts().iter().map(|(kind, n)| (kind.name().to_owned(), *n)).collect(),
        n_unplaced: source.n_unplaced,
    }
}

/// The four markers that every postmortem needs, and all others that are set.
fn markers(context: &Context) -> Vec<MarkerRow> {
    const REQUIRED: [MarkerName; 5] =
        [MarkerName::Trigger, MarkerName::ImpactStart, MarkerName::Detected, MarkerName::Mitigated, MarkerName::Resolved];
    let wanted = MarkerName::ALL.into_iter().filter(|name| REQUIRED.contains(name) || context.marker(*name).is_some());
    wanted
        .map(|name| {
            let marker = context.marker(name);
            MarkerRow {
                name,
                at: marker.map(|marker| marker.at),
                latest: marker.and_then(|marker| marker.latest),
                offset: marker.and_then(|marker| context.offset(marker.at)),
                rule: marker.map_or(String::new(), |marker| marker.rule.to_owned()),
                author: marker.map_or(String::new(), |marker| marker.annotation.author.clone()),
                set_at: marker.map(|marker| marker.annotation.updated),
            }
        })
        .collect()
}

/// Whoever wrote a note that is still there, by name.
fn authors(context: &Context) -> Vec<AuthorRow> {
    let mut found: BTreeMap<&str, (BTreeMap<&str, u64>, Timestamp, Timestamp)> = BTreeMap::new();
    for note in context.case.annotations.values() {
        let entry = found.entry(note.author.trim()).or_insert((BTreeMap::new(), note.created, note.updated));
        *entry.0.entry(note.kind.name()).or_default() += 1;
        (entry.1, entry.2) = (entry.1.min(note.created), entry.2.max(note.updated));
    }
    let row = |(name, (kinds, first, last)): (&str, (BTreeMap<&str, u64>, Timestamp, Timestamp))| AuthorRow {
        name: if name.is_empty() { "unknown".to_owned() } else { name.to_owned() },
        kinds: kinds.into_iter().map(|(kind, n)| (kind.to_owned(), n)).collect(),
        first,
        last,
    };
    found.into_iter().map(row).collect()
}
