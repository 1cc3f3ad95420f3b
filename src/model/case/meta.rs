//! The named things of a case that are not annotations (`case.toml`).

use std::collections::BTreeMap;

use super::{MarkerName, PanelView, ReadingOptions, ScreenView};
use crate::model::offset::ClockOffsets;
use crate::model::time::Timestamp;

/// `case.toml`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaseMeta {
    /// Title of the incident.
    pub title: String,
    /// SEV1 … as the house says.
    pub severity: Option<String>,
    /// draft, in review, final.
    pub status: Option<String>,
    /// Services concerned.
    pub services: Vec<String>,
    /// Zone in which local times are shown (IANA name), besides UTC.
    pub time_zone: Option<String>,
    /// What T+0 is.
    pub t0: Option<Anchor>,
    /// Panels chosen by the user, as full series names with their source path; empty: choose.
    pub panels: Vec<PanelRef>,
    /// Zones given for sources without one: path or glob → IANA name or offset.
    pub zones: BTreeMap<String, String>,
    /// What is added to the times of sources whose clocks were wrong (`[clock_offsets]`): path or glob → ns.
    pub clock_offsets: ClockOffsets,
    /// How sources are read besides: formats, time columns, anchors.
    pub reading: ReadingOptions,
    /// Thresholds drawn on panels: full series name → value.
    pub thresholds: BTreeMap<String, f64>,
    /// Sources to load, relative to the case folder; empty: the folder itself.
    pub sources: Vec<String>,
    /// Conditions on the event list, in the order of their chips.
    pub filters: Vec<SavedFilter>,
    /// How the panels are drawn.
    pub view: PanelView,
    /// How the screen is shared out (`[screen]`).
    pub screen: ScreenView,
    /// Who, where, when: what stands at the head of the document besides title, severity and status.
    pub head: Head,
    /// What users felt and what cannot be measured (`[impact]`).
    pub impact: ImpactAnswers,
    /// Service level objectives (`[[slos]]`).
    pub slos: Vec<Slo>,
    /// Measures of the response between two markers (`[[measures]]`); empty: the usual ones.
    pub measures: Vec<Measure>,
    /// Markers that nobody can know, and why (`[unknown]`): `acknowledged = "the pager log is gone"`.
    pub unknown_markers: BTreeMap<MarkerName, String>,
    /// Names of people (`[[people]]`): told by role, taken out of a `public` export, never the subject of a cause.
    pub people: Vec<Person>,
    /// Settings of the checks (`[lint]`).
    pub lint: LintSettings,
    /// Keys that two people changed differently, left to settle (`[[conflicts]]`).
    pub conflicts: Vec<MetaConflict>,
}

/// Two edits of one key of `case.toml` that a merge could not settle; the file holds the first value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetaConflict {
    /// Where: table and key; an entry of a list goes by its name: `["slos", "orders", "objective"]`.
    pub key: Vec<String>,
    /// What both sides began with; `None` is a key that was not there.
    pub base: Option<serde_json::Value>,
    /// The values of the two sides, in an order that does not depend on who merges.
    pub sides: [Option<serde_json::Value>; 2],
}

impl CaseMeta {
    /// This with what changed from `before` to `after`, key by key; other keys stay.
    #[must_use]
    pub fn with_change(&self, before: &Self, after: &Self) -> Self {
        let mut now = self.clone();
        macro_rules! take {
            ($($key:ident)*) => { $(if before.$key != after.$key { now.$key.clone_from(&after.$key); })* };
        }
        take!(title severity status services time_zone t0 panels zones clock_offsets reading thresholds sources filters view screen);
        take!(head impact slos measures unknown_markers people lint conflicts);
        now
    }
}

/// Who, where, when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// Number of the incident in the house: `INC-2041`.
    pub id: Option<String>,
    /// Day of the incident, `YYYY-MM-DD`; `None`: that of the first marker.
    pub date: Option<String>,
    /// Day on which the document became final, `YYYY-MM-DD`.
    pub published: Option<String>,
    /// Who wrote it, by role or name.
    pub authors: Vec<String>,
    /// Team or role that owns the document.
    pub owner: Option<String>,
    /// Role in the response → who had it: `commander = "…"`.
    pub roles: BTreeMap<String, String>,
    /// Environments concerned.
    pub environments: Vec<String>,
    /// Regions concerned.
    pub regions: Vec<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Categories of the catalogue of the house.
    pub categories: Vec<String>,
    /// Links to tickets, chats, other documents: name → address.
    pub links: BTreeMap<String, String>,
}

/// Answers about the impact that no series gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImpactAnswers {
    /// Whether data was lost; a required answer.
    pub data_loss: Option<DataLoss>,
    /// Users affected, a count or words.
    pub users: Option<String>,
    /// Accounts affected.
    pub accounts: Option<String>,
    /// Support tickets.
    pub tickets: Option<String>,
    /// Revenue lost.
    pub revenue: Option<String>,
    /// Whatever else is to be said.
    pub other: Option<String>,
}

/// Whether data was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataLoss {
    /// None.
    No,
    /// Some, and what.
    Yes(String),
    /// Nobody knows, and why.
    Unknown(String),
}

/// A service level objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// Its name; names one SLO of the case.
    pub name: String,
    /// Share of good requests, between 0 and 1: 0.999.
    pub objective: f64,
    /// Length of the window in nanoseconds.
    pub window_ns: i64,
    /// What is counted.
    pub indicator: Indicator,
}

/// How good and bad requests are told apart. Series are given by full name, name or glob as `coroner series --match` takes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Indicator {
    /// Counters of all and of bad requests.
    BadOfTotal {
        /// Bad requests.
        bad: String,
        /// All requests.
        total: String,
    },
    /// Counters of all and of good requests.
    GoodOfTotal {
        /// Good requests.
        good: String,
        /// All requests.
        total: String,
    },
    /// Gauges of the share of bad requests and of requests a second.
    Ratio {
        /// Share of bad requests, between 0 and 1.
        ratio: String,
        /// Requests a second, if there is such a series.
        rate: Option<String>,
    },
    /// A latency with the greatest good value, in the unit of the series.
    Latency {
        /// The series: a histogram or a quantile.
        latency: String,
        /// Greatest good value.
        threshold: f64,
        /// Requests a second, if there is such a series.
        rate: Option<String>,
    },
}

/// A measure of the response: the time from one marker to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// `TTD`, `time to declare` …
    pub name: String,
    /// Marker it starts at.
    pub from: MarkerName,
    /// Marker it ends at.
    pub to: MarkerName,
}

/// A person of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Name as it may stand in texts.
    pub name: String,
    /// Role to tell instead.
    pub role: Option<String>,
    /// Other names: log-in, `@handle`, mail address.
    pub aliases: Vec<String>,
}

/// Settings of the checks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LintSettings {
    /// Limits: name (`detection_s`, `gap_s` …, named by the rules) → number.
    pub limits: BTreeMap<String, f64>,
    /// Rules switched off for a place (`[[lint.suppress]]`).
    pub suppress: Vec<Suppression>,
}

/// One finding that is not to be told again; it is printed with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suppression {
    /// `PM014`.
    pub rule: String,
    /// Where: the id of a record or the name of a section; `None`: everywhere.
    pub at: Option<String>,
    /// Why; required.
    pub reason: String,
}

/// One condition on the event list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFilter {
    /// In the filter language.
    pub text: String,
    /// Switched off for now, and kept.
    pub is_off: bool,
}

/// What T+0 is and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The moment.
    pub at: Timestamp,
    /// What it is, one line: `deploy order v1.8.3 → v1.9.0`.
    pub label: String,
}

/// Names a series for a panel across loads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PanelRef {
    /// What the panel is for: `goroutines`, `P99`, `error rate`, or empty for one that the user added.
    pub role: String,
    /// `SeriesMeta::full_name`.
    pub series: String,
    /// Path of its source.
    pub source: String,
}

/// What stands for the path of the source of a panel that shows a formula.
pub const FORMULA_SOURCE: &str = "promql";

impl PanelRef {
    /// The formula that the panel shows, without the labels of the line that it chose; `None` for a series.
    ///
    /// A formula that ends in a brace of its own is a selector, and each of its lines has labels.
    pub fn formula(&self) -> Option<&str> {
        if self.source != FORMULA_SOURCE {
            return None;
        }
        let text = self.series.as_str();
        let (mut is_quoted, mut is_escaped, mut depth, mut last) = (false, false, 0u32, None);
        for (at, c) in text.char_indices() {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if is_quoted => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                '{' if !is_quoted => {
                    depth += 1;
                    last = if depth == 1 { Some(at) } else { last };
                }
                '}' if !is_quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        match last {
            Some(at) if text.ends_with('}') && at > 0 => Some(&text[..at]),
            _ => Some(text),
        }
    }
}
