//! The postmortem as plain values: everything that the document says, nothing about how it looks.
//!
//! `gather` asks the facts once for each number, and writes every number into the list of derived values with its
//! formula and inputs, so that it can be computed again. Words from outside are still raw here: whoever prints them
//! escapes them (`report::escape`). No clock, no file: the same case and facts give the same values.

mod attempts;
mod baseline;
mod budget;
mod chain;
mod context;
mod counterfactual;
mod coverage;
mod credit;
mod detection;
mod evidence;
mod failed;
mod foreign;
mod impact;
mod indicators;
mod limits;
mod peers;
mod profile;
pub mod provenance;
mod refine;
mod requests;
mod services;
mod silence;
mod slo;
mod stages;
mod stated;
mod suggest;
mod summary;
mod tallied;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_told;
mod timeline;
mod told;

use std::collections::BTreeMap;

use super::Facts;
use super::layout::Audience;
use super::lint::Finding;
use super::redact::Redaction;
use super::svg::Chart;
use crate::model::case::{Anchor, PanelRef};
use crate::model::{CaseDoc, TimeRange, Timestamp};
use context::Context;

pub use attempts::{AttemptRow, Effect, TurningPoint};
pub use chain::{Edge, Step};
pub use coverage::{ACTION_TYPES, Coverage};
pub use detection::{AlertRow, Detection, Sign};
pub use evidence::{Block, Exhibit};
pub use indicators::{Indicator, Indicators};
pub use provenance::{AuthorRow, ClockDoubt, GapRow, MarkerRow, Provenance, SeriesUsed, SourceUsed};
pub use services::ServiceRow;
pub use stages::{StageCheck, StageRow, overall};
pub use suggest::Suggestion;
pub use timeline::{TimelineRow, timeline_limit};
pub use told::Told;
pub use {context::told_end, limits::BEYOND};

/// How much is gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Everything that a document says.
    #[default]
    Document,
    /// What the claims of the case rest on: for the status bar, after every edit.
    Claims,
}

/// What the report is told besides the case and its facts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportSettings {
    /// Version of the program, as `--version` prints it.
    pub tool_version: String,
    /// Panels chosen by the program; used when the case names none.
    pub panels: Vec<PanelRef>,
    /// What is normal; by default the time from the start of the data (at most ten minutes) to the first sign, cut where a
    /// series had left what was usual before it.
    pub baseline: Option<TimeRange>,
    /// `sections/*.md`: file stem → text.
    pub sections: BTreeMap<String, String>,
    /// Folder of the pictures as the document links to it; empty: `postmortem.assets`.
    pub assets: String,
    /// Name of what was opened: the title of a case that has none.
    pub name: String,
    /// How much is gathered.
    pub scope: Scope,
}

/// One number or time of the document that can be computed again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Derived {
    /// Stable name, for example `impact.duration.user`.
    pub id: String,
    /// What it is, for people.
    pub label: String,
    /// As printed; `None` prints `not recorded`.
    pub value: Option<String>,
    /// The formula in a few words, for tables; empty: `formula` is short enough.
    pub how: String,
    /// How it is computed from the inputs; why there is no value, if there is none.
    pub formula: String,
    /// Series, windows, markers: all that the formula takes.
    pub inputs: Vec<String>,
}

/// An action item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionRow {
    /// `A1` …
    pub label: String,
    /// What to do.
    pub action: String,
    /// prevent, mitigate, detect, process, document.
    pub action_type: Option<String>,
    /// Team or role.
    pub owner: Option<String>,
    /// Urgency.
    pub priority: Option<String>,
    /// Where it is tracked.
    pub link: Option<String>,
    /// Due date.
    pub due: Option<String>,
    /// How one can tell that it is done.
    pub done_when: Option<String>,
    /// Day on which it was done.
    pub done_on: Option<String>,
    /// Labels of the causes it addresses.
    pub causes: Vec<String>,
    /// The gap that it closes, when no record tells of it.
    pub gap: Option<String>,
    /// Why it is not done, though it was considered.
    pub not_doing_because: Option<String>,
}

/// Head of the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// Title of the incident.
    pub title: String,
    /// SEV1 …
    pub severity: Option<String>,
    /// draft, in review, final.
    pub status: Option<String>,
    /// Services concerned.
    pub services: Vec<String>,
    /// Local zone of the people concerned.
    pub time_zone: Option<String>,
    /// First moment of the incident, from markers.
    pub start: Option<Timestamp>,
    /// End of the incident, from markers.
    pub end: Option<Timestamp>,
    /// From its start to its end, in words.
    pub duration: Option<String>,
    /// What T+0 is.
    pub t0: Option<Anchor>,
    /// Further lines: number, authors, owner, roles, places, tags, the change; key and values.
    pub more: Vec<(&'static str, Vec<String>)>,
    /// Program and version.
    pub generator: String,
}

/// The whole postmortem.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Postmortem {
    /// Head.
    pub head: Head,
    /// Six slots: name and sentence.
    pub summary: Vec<(String, String)>,
    /// Durations, peaks, failed requests.
    pub impact: Vec<Derived>,
    /// Stretches in which users felt it, one row each.
    pub degraded: Vec<Derived>,
    /// What it cost of the error budget.
    pub slo: Vec<Derived>,
    /// Affected services, the first first.
    pub services: Vec<ServiceRow>,
    /// TTD and its like.
    pub response: Vec<Derived>,
    /// How early it could have been noticed, and which alerts did.
    pub detection: Detection,
    /// What an earlier mitigation would have saved.
    pub what_if: Vec<Derived>,
    /// The key-indicator table.
    pub indicators: Indicators,
    /// What happened, by time.
    pub timeline: Vec<TimelineRow>,
    /// Changes and alerts that the timeline leaves out.
    pub n_left_out: usize,
    /// Steps of the causal chain.
    pub chain: Vec<Step>,
    /// Edges between the steps.
    pub edges: Vec<Edge>,
    /// Evidence in the order of its labels.
    pub exhibits: Vec<Exhibit>,
    /// What was tried.
    pub attempts: Vec<AttemptRow>,
    /// Trigger, mitigation, resolution.
    pub turning_points: Vec<TurningPoint>,
    /// What to do.
    pub actions: Vec<ActionRow>,
    /// What was considered and is not done, each with its reason.
    pub considered: Vec<ActionRow>,
    /// Causes against sorts of actions.
    pub coverage: Coverage,
    /// Stages of the rollout of the fix, as the data judge them.
    pub stages: Vec<StageRow>,
    /// What people recorded besides: a table for each kind.
    pub told: Vec<Told>,
    /// Prose of the user: file stem → text.
    pub sections: BTreeMap<String, String>,
    /// When users stopped feeling it, by the data.
    pub recovered: Option<Timestamp>,
    /// Seconds of user impact, by the markers.
    pub impact_s: Option<f64>,
    /// Where all this comes from.
    pub provenance: Provenance,
    /// What a reviewer would object to, if that was looked at.
    pub lint: Option<Vec<Finding>>,
    /// What was taken out of all this for its readers.
    pub redactions: Vec<Redaction>,
    /// Pictures: file stem and chart.
    pub charts: Vec<(String, Chart)>,
    /// Folder of the pictures, for links.
    pub assets: String,
    /// For whom words were taken out of all this.
    pub audience: Audience,
    /// What people wrote and sources say: words that no language changes.
    pub foreign: Vec<String>,
}

/// Collects everything. Cost: a handful of passes over the samples of the series that are shown.
pub fn gather(case: &CaseDoc, facts: &dyn Facts, settings: &ReportSettings) -> Postmortem {
    let mut context = Context::new(case, facts, settings);
    baseline::settle(&mut context);
    context.suggested = suggest::all(&mut context);
    context.credit = credit::find(&mut context);
    let mut impact = impact::impact(&mut context);
    impact.extend(stated::impact(&mut context));
    let degraded = impact::degraded(&mut context);
    let slo = slo::rows(&mut context);
    let is_whole = settings.scope == Scope::Document;
    let services = if is_whole { services::gather(&mut context) } else { Vec::new() };
    let response = impact::response(&mut context);
    let detection = if is_whole { detection::gather(&mut context, &services) } else { Detection::default() };
    let what_if = counterfactual::rows(&mut context, &detection);
    let indicators = indicators::gather(&mut context);
    let exhibits = evidence::gather(&mut context);
    let (chain, edges) = chain::gather(&context);
    let (timeline, n_left_out) = timeline::gather(&mut context);
    let attempts = attempts::attempts(&mut context);
    let turning_points = attempts::turning_points(&mut context);
    let (actions, considered) = chain::actions(&context);
    let coverage = coverage::gather(&chain, &actions);
    let stages = stages::gather(&mut context);
    let told = told::gather(&context, &stages);
    let summary = summary::slots(&mut context, &impact, &response, &chain);
    let head = summary::head(&context);
    let provenance = provenance::gather(&context);
    let assets = if settings.assets.is_empty() { "postmortem.assets".to_owned() } else { settings.assets.clone() };
    Postmortem {
        head,
        summary,
        impact,
        degraded,
        slo,
        services,
        response,
        detection,
        what_if,
        indicators,
        timeline,
        n_left_out,
        chain,
        edges,
        exhibits,
        attempts,
        turning_points,
        actions,
        considered,
        coverage,
        stages,
        recovered: context.recovered,
        impact_s: impact::seconds(&context),
        told,
        sections: told::sections(case, settings),
        provenance,
        lint: None,
        redactions: Vec::new(),
        foreign: foreign::gather(&context),
        audience: Audience::Internal,
        charts: context.charts,
        assets,
    }
}
