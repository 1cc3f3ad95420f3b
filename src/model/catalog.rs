//! What a source holds: the answer to "what is there?", and everything small enough to be held whole.

use std::collections::BTreeMap;

use super::dense::Dense;
use super::event::{Level, SourceId};
use super::preview::Preview;
use super::record::{Alert, Change, DashboardPanel, Exemplar, ProfileMark, ThresholdRule};
use super::series::SeriesMeta;
use super::time::{TimeRange, Timestamp};

/// What a file was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SourceKind {
    /// Log records.
    Logs,
    /// Series.
    Metrics,
    /// Deploys and the like.
    Changes,
    /// Alerts or alerting rules.
    Alerts,
    /// Spans.
    Traces,
    /// pprof and goroutine dumps.
    Profile,
    /// Context with nothing to place on the timeline: configuration, reports, a case's own files.
    Report,
    /// Not recognised.
    #[default]
    Unknown,
}

impl SourceKind {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Changes => "changes",
            Self::Alerts => "alerts",
            Self::Traces => "traces",
            Self::Profile => "profile",
            Self::Report => "report",
            Self::Unknown => "unknown",
        }
    }
}

/// How sure the zone of a source's times is, surest first. Shown as a badge from `Default` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ZoneCertainty {
    /// Every time carries its offset, or is an epoch.
    Offset,
    /// The file or the user (`--tz`) says so.
    File,
    /// Part of the date was inferred (year, day) from other sources.
    Inferred,
    /// The user gave an anchor.
    Anchored,
    /// No word anywhere: UTC was taken.
    Default,
    /// The source has no times.
    #[default]
    None,
}

impl ZoneCertainty {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offset => "offset",
            Self::File => "file",
            Self::Inferred => "inferred",
            Self::Anchored => "anchored",
            Self::Default => "default",
            Self::None => "none",
        }
    }
}

/// The zone in which zoneless times of a source were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Zone {
    /// `UTC`, an IANA name or an offset like `+05:30`.
    pub name: String,
    /// How sure it is.
    pub certainty: ZoneCertainty,
}

/// Why a stretch of input was not taken as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// Input ends in the middle of a record.
    Truncated,
    /// Not valid UTF-8; kept, shown lossy.
    Encoding,
    /// Does not parse.
    Syntax,
    /// A time that cannot be read or lies outside 1678…2262.
    Time,
    /// A limit was reached; the reason names the limit and the flag that raises it.
    Limit,
    /// The same record again.
    Duplicate,
    /// Record earlier than its predecessor; re-sorted.
    Order,
    /// The engine or file reports an error of its own.
    Answer,
    /// The file could not be read.
    Unreadable,
}

impl ProblemKind {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Encoding => "encoding",
            Self::Syntax => "syntax",
            Self::Time => "time",
            Self::Limit => "limit",
            Self::Duplicate => "duplicate",
            Self::Order => "order",
            Self::Answer => "answer",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One problem at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line from 1; 0 when the whole file is meant.
    pub line: u64,
    /// Byte offset of the line.
    pub byte: u64,
    /// Sort of problem.
    pub kind: ProblemKind,
    /// One sentence, lower case, no full stop.
    pub reason: String,
}

/// Problems of one source: all are counted by kind, the first are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    kept: Vec<Problem>,
    counts: BTreeMap<ProblemKind, u64>,
}

impl Problems {
    /// How many problems a source keeps word by word; beyond that they are only counted.
    pub const KEPT: usize = 100;

    /// As they were counted and kept before.
    pub fn from_parts(mut kept: Vec<Problem>, counts: BTreeMap<ProblemKind, u64>) -> Self {
        kept.truncate(Self::KEPT);
        Self { kept, counts }
    }

    /// Counts a problem and keeps it if it is among the first.
    pub fn push(&mut self, problem: Problem) {
        *self.counts.entry(problem.kind).or_default() += 1;
        if self.kept.len() < Self::KEPT {
            self.kept.push(problem);
        }
    }

    /// Adds those of a later stretch of the same source.
    pub fn append(&mut self, later: Self) {
        for (kind, n) in later.counts {
            *self.counts.entry(kind).or_default() += n;
        }
        let room = Self::KEPT.saturating_sub(self.kept.len());
        self.kept.extend(later.kept.into_iter().take(room));
    }

    /// The first ones, in order of place.
    pub fn kept(&self) -> &[Problem] {
        &self.kept
    }

    /// Mutable access to the kept ones, to turn places within a chunk into places within the file.
    pub fn kept_mut(&mut self) -> &mut [Problem] {
        &mut self.kept
    }

    /// Number by kind.
    pub fn counts(&self) -> &BTreeMap<ProblemKind, u64> {
        &self.counts
    }

    /// Number of all.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// What became of one source (a file, an archive member, standard input).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceReport {
    /// Index in the catalog.
    pub id: SourceId,
    /// Path relative to what was opened, `/` between parts, archive members as `archive.tar.xz/inner/path`.
    pub path: String,
    /// What it was taken for.
    pub kind: SourceKind,
    /// Format name, for example `zap-json`, `prometheus-matrix`, `pprof`.
    pub format: String,
    /// 0 … 1.
    pub confidence: f32,
    /// The next best format and its score.
    pub runner_up: Option<(String, f32)>,
    /// Why it was taken for that, one sentence.
    pub why: String,
    /// Decoded size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the decoded bytes as lower-case hex, once computed.
    pub sha256: Option<String>,
    /// Events of a log (a folded message is one), points of metrics, changes, alerts, profile samples.
    pub n_records: u64,
    /// Lines in the file (0 for binary ones).
    pub n_lines: u64,
    /// Lines that were folded into the record before them.
    pub n_continuation_lines: u64,
    /// Distinct series; `None` for anything but metrics.
    pub n_series: Option<u64>,
    /// First to last record, both inclusive.
    pub extent: Option<(Timestamp, Timestamp)>,
    /// Zone of its times.
    pub zone: Zone,
    /// How far its clock is moved: all of its times here are so much later than the source states them, ns.
    pub clock_ns: i64,
    /// Records by level.
    pub levels: BTreeMap<Level, u64>,
    /// Services named in it, sorted.
    pub services: Vec<String>,
    /// Records without a usable time: kept and listed.
    pub n_unplaced: u64,
    /// What is worth knowing though nothing is wrong: limits of what is looked at, one sentence each.
    pub remarks: Vec<String>,
    /// What went wrong, by place.
    pub problems: Problems,
    /// Whether it is read to its end.
    pub is_complete: bool,
    /// Bytes of a log that are read so far.
    pub read_bytes: u64,
    /// What is guessed of a large log while it is not read to its end.
    pub preview: Option<Box<Preview>>,
}

/// Everything that is held whole, and a description of what is not (events, samples).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// All sources, sorted by path; `SourceId` is the index.
    pub sources: Vec<SourceReport>,
    /// All series, sorted by (name, labels, source path); `SeriesId` is the index.
    pub series: Vec<SeriesMeta>,
    /// Changes by time, unplaced ones last.
    pub changes: Vec<Change>,
    /// Alerts by time.
    pub alerts: Vec<Alert>,
    /// Profiles by time, unplaced ones last.
    pub profiles: Vec<ProfileMark>,
    /// Thresholds of alerting rules.
    pub rules: Vec<ThresholdRule>,
    /// Panels of dashboards.
    pub dashboard_panels: Vec<DashboardPanel>,
    /// Exemplars of series by name, labels and time.
    pub exemplars: Vec<Exemplar>,
    /// Number of log events, unplaced ones included.
    pub n_events: u64,
    /// From the first placed thing to just after the last; `None` when nothing is placed.
    pub extent: Option<TimeRange>,
    /// Where nearly all of it lies, if a few things lie far away; told once loading has ended.
    pub dense: Option<Dense>,
    /// When there is most of it: of events if there are any, else of samples; told once loading has ended.
    pub peak: Option<Timestamp>,
    /// Rises with every published change of the catalog.
    pub version: u64,
    /// Whether loading has ended.
    pub is_complete: bool,
}

impl Catalog {
    /// Services of all sources, sorted, each once.
    pub fn services(&self) -> Vec<String> {
        let mut services: Vec<String> = self.sources.iter().flat_map(|source| source.services.iter().cloned()).collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    /// From the first to the last record of the logs and metrics that hold at least a hundredth of all records: a chat or a
    /// ticket of a later hour does not stretch it, nor does a record far away. The whole extent when there are none.
    pub fn bulk(&self) -> Option<TimeRange> {
        let all = || self.sources.iter().filter(|source| matches!(source.kind, SourceKind::Logs | SourceKind::Metrics));
        let total: u64 = all().map(|source| source.n_records).sum();
        let many = all().filter(|source| source.n_records > 0 && source.n_records >= total / 100);
        let spans = many.filter_map(|source| source.extent).map(|(first, last)| TimeRange::new(first, last.plus_ns(1)));
        let bulk = spans.reduce(TimeRange::union).or(self.extent);
        self.dense.and_then(|dense| bulk?.intersect(dense.range)).or(bulk)
    }

    /// Where nearly all of the data lie: the extent, unless a few things lie far away.
    pub fn main(&self) -> Option<TimeRange> {
        self.dense.map(|dense| dense.range).or(self.extent)
    }

    /// Events read and, by estimate, still to be read; the latter is 0 once everything is read.
    pub fn n_events_expected(&self) -> (u64, u64) {
        (self.n_events, self.sources.iter().filter_map(|source| source.preview.as_ref()).map(|preview| preview.n_records).sum())
    }

    /// The source with this id.
    pub fn source(&self, id: SourceId) -> Option<&SourceReport> {
        self.sources.get(id.0 as usize)
    }

    /// The source of this path; else the one whose last path components agree most with it, if it is a single one.
    ///
    /// The same archive opened from another folder gives other beginnings of paths, and evidence keeps its own.
    pub fn source_of(&self, path: &str) -> Option<&SourceReport> {
        if let Some(exact) = self.sources.iter().find(|source| source.path == path) {
            return Some(exact);
        }
        match self.nearest_sources(path).as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The sources that share the most last path components with `path`, at least the file name.
    pub fn nearest_sources(&self, path: &str) -> Vec<&SourceReport> {
        let shared = |other: &str| path.rsplit('/').zip(other.rsplit('/')).take_while(|(a, b)| a == b).count();
        let (mut most, mut nearest) = (1, Vec::new());
        for source in &self.sources {
            let n = shared(&source.path);
            if n > most {
                most = n;
                nearest.clear();
            }
            if n == most {
                nearest.push(source);
            }
        }
        nearest
    }

    /// The series with this id.
    pub fn series(&self, id: super::series::SeriesId) -> Option<&SeriesMeta> {
        self.series.get(id.0 as usize)
    }

    /// Exemplars of a series by time. Those of a native histogram belong to its count. O(log n).
    pub fn exemplars_of(&self, meta: &SeriesMeta) -> &[Exemplar] {
        let of = |name: &str| {
            let key = |exemplar: &Exemplar| exemplar.name.as_str().cmp(name).then_with(|| exemplar.labels.cmp(&meta.labels));
            let start = self.exemplars.partition_point(|exemplar| key(exemplar).is_lt());
            let n = self.exemplars[start..].partition_point(|exemplar| key(exemplar).is_eq());
            &self.exemplars[start..start + n]
        };
        let own = of(&meta.name);
        meta.name.strip_suffix("_count").filter(|_| own.is_empty()).map_or(own, of)
    }

    /// Number of problems in all sources.
    pub fn n_problems(&self) -> u64 {
        self.sources.iter().map(|source| source.problems.total()).sum()
    }
}
