//! What was tried, and what turned the incident, each with the numbers before and after.
//!
//! Whether something worked is never read from its kind: the values around it are printed, the verdict is the user's.

use super::Derived;
use super::context::{Context, change_words, is_clipped, show, words};
use super::evidence::labels_for_line;
use crate::model::case::{Attempt, MarkerName};
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::model::{AnnotationKind, Change, ChangeSort, TimeRange, Timestamp};

/// How far before and after an action its effect is measured.
const AROUND_NS: i64 = 60 * NS_PER_S;
/// An attempt noted this near to a change speaks of that change.
pub(super) const SAME_NS: i64 = 5 * NS_PER_S;
/// Parts of kinds of changes that try to end an incident.
const MITIGATING: [&str; 14] = [
    "scale",
    "rollback",
    "roll-back",
    "roll_back",
    "revert",
    "restart",
    "failover",
    "failback",
    "drain",
    "shed",
    "throttle",
    "limit",
    "breaker",
    "disable",
];

/// A panel before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Role of the panel.
    pub role: String,
    /// Mean of the minute before.
    pub before: Option<String>,
    /// Mean of the minute after.
    pub after: Option<String>,
}

/// One attempted mitigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// When it began.
    pub at: Timestamp,
    /// When it ended, for things with a length.
    pub until: Option<Timestamp>,
    /// Distance from T+0.
    pub offset: Option<String>,
    /// What was done.
    pub what: String,
    /// What the user says of its effect.
    pub stated: Option<String>,
    /// What the panels say.
    pub effects: Vec<Effect>,
    /// Labels and places.
    pub evidence: Vec<String>,
}

/// Trigger, mitigation or resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurningPoint {
    /// `Trigger` …
    pub name: String,
    /// What it was; `None`: not recorded.
    pub what: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// Distance from T+0.
    pub offset: Option<String>,
    /// Who set the marker, and by which rule.
    pub set_by: String,
    /// Labels and places.
    pub evidence: Vec<String>,
    /// What the panels say.
    pub effects: Vec<Effect>,
}

/// Its outcome, and what was said of its effect.
fn stated(attempt: &Attempt) -> Option<String> {
    let outcome = attempt.outcome.map(|outcome| outcome.name().replace('_', " "));
    match (outcome, attempt.effect.clone()) {
        (Some(outcome), Some(effect)) => Some(format!("{outcome}: {effect}")),
        (outcome, effect) => outcome.or(effect),
    }
}

pub(super) fn attempts(context: &mut Context) -> Vec<AttemptRow> {
    let case = context.case;
    let mut rows = Vec::new();
    let mut spoken_of = Vec::new();
    for annotation in case.by_time() {
        let AnnotationKind::Attempt(attempt) = &annotation.kind else { continue };
        let change = near(context, attempt.at.start());
        spoken_of.extend(change.map(|change| (change.source, change.line)));
        rows.push(AttemptRow {
            at: attempt.at.start(),
            until: (!attempt.at.is_empty()).then(|| attempt.at.end()),
            offset: context.offset(attempt.at.start()),
            what: annotation.text.clone(),
            stated: stated(attempt),
            effects: Vec::new(),
            evidence: change.map_or_else(Vec::new, |change| place(context, change)),
        });
    }
    let begin = context.t0.as_ref().map(|t0| t0.at).into_iter().chain(context.marker(MarkerName::Trigger).map(|marker| marker.at)).min();
    for change in &context.catalog.changes {
        let Some(at) = change.time else { continue };
        if !is_attempt(change) || begin.is_some_and(|begin| at <= begin) || spoken_of.contains(&(change.source, change.line)) {
            continue;
        }
        rows.push(AttemptRow {
            at,
            until: change.end,
            offset: context.offset(at),
            what: change_words(change),
            stated: None,
            effects: Vec::new(),
            evidence: place(context, change),
        });
    }
    rows.sort_by_key(|row| row.at);
    for (index, row) in rows.iter_mut().enumerate() {
        row.effects = effects(context, row.at, row.until.unwrap_or(row.at), &format!("attempt.{}", index + 1));
    }
    rows
}

/// Whether a change was meant to end an incident: a symptom whose name holds such a word was not.
pub(super) fn is_attempt(change: &Change) -> bool {
    let is_done = matches!(change.sort(), ChangeSort::Done | ChangeSort::Reaction);
    is_done && is_mitigating(&change.kind.to_ascii_lowercase())
}

/// Whether changes of this (lower-case) kind are meant to end an incident.
fn is_mitigating(kind: &str) -> bool {
    MITIGATING.iter().any(|word| kind.contains(word))
}

pub(super) fn turning_points(context: &mut Context) -> Vec<TurningPoint> {
    const POINTS: [(&str, MarkerName); 3] =
        [("Trigger", MarkerName::Trigger), ("Mitigation", MarkerName::Mitigated), ("Resolution", MarkerName::Resolved)];
    POINTS.into_iter().map(|(name, marker)| turning_point(context, name, marker)).collect()
}

fn turning_point(context: &mut Context, name: &str, wanted: MarkerName) -> TurningPoint {
    let Some(marker) = context.marker(wanted) else {
        let empty = TurningPoint {
            name: name.into(),
            what: None,
            at: None,
            offset: None,
            set_by: String::new(),
            evidence: Vec::new(),
            effects: Vec::new(),
        };
        return empty;
    };
    let is_end = matches!(wanted, MarkerName::Mitigated | MarkerName::Resolved);
    // A change at the moment of a recovery did not bring it about: what did came before.
    let change = if is_end { None } else { context.change_at(marker.at) };
    let credit = context.credit.as_ref().filter(|credit| is_end && credit.at <= marker.at);
    let what = match (marker.annotation.text.trim(), change, credit) {
        ("", Some(change), _) => change_words(change),
        ("", None, Some(credit)) => match credit.aside() {
            aside if aside.is_empty() => format!("{} ({})", words(wanted), credit.words()),
            aside => format!("{} ({}).{}", words(wanted), credit.words(), aside),
        },
        ("", None, None) => words(wanted).to_owned(),
        (text, ..) => text.to_owned(),
    };
    // Words of people speak for themselves: only a change at that very moment is shown beside them.
    let is_silent = marker.annotation.text.trim().is_empty();
    let credited = credit.filter(|credit| is_silent && credit.is_credited).map(|credit| credit.change);
    let spoken_of = context.change_at(marker.at).filter(|_| !is_silent);
    let evidence = change.or(spoken_of).or(credited).map_or_else(Vec::new, |change| place(context, change));
    let author = &marker.annotation.author;
    let who = if author.is_empty() || author == "unknown" { String::new() } else { format!(", {author}") };
    let id = format!("turning.{}", wanted.name());
    TurningPoint {
        name: name.into(),
        what: Some(what),
        at: Some(marker.at),
        offset: context.offset(marker.at),
        set_by: format!("{}{who}", found_by(marker.rule)),
        evidence,
        effects: effects(context, marker.at, marker.latest.unwrap_or(marker.at), &id),
    }
}

/// How a marker was found, in short; the whole rule of a suggestion stands in the list of markers.
pub(super) fn found_by(rule: &str) -> &str {
    if rule.starts_with("accepted: ") { "accepted from the data" } else { rule }
}

fn near<'a>(context: &Context<'a>, at: Timestamp) -> Option<&'a Change> {
    let distance = |change: &Change| change.time.map_or(i64::MAX, |time| time.since(at).saturating_abs());
    context.catalog.changes.iter().filter(|change| distance(change) <= SAME_NS).min_by_key(|change| distance(change))
}

fn place(context: &Context, change: &Change) -> Vec<String> {
    let path = context.path(change.source);
    let mut labels = labels_for_line(context, path, change.line);
    if labels.is_empty() {
        labels.push(format!("{path}:{}", change.line));
    }
    labels
}

/// Error rate and latency before and after; panels that the case does not have are left out.
fn effects(context: &mut Context, start: Timestamp, end: Timestamp, id: &str) -> Vec<Effect> {
    let panels = context.felt_panels();
    let before = TimeRange::new(start.plus_ns(-AROUND_NS), start);
    let after = TimeRange::new(end, end.plus_ns(AROUND_NS));
    let mut effects = Vec::new();
    for panel in panels.iter().filter(|panel| panel.meta.is_some()) {
        let mut measure = |range: TimeRange, name: &str| {
            let meta = panel.meta?;
            let samples = context.samples(meta, range);
            let finite: Vec<f64> = samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect();
            let mean = finite.iter().sum::<f64>() / finite.len() as f64;
            // A mean of values of which one is only known to be at least so great is at least so great itself.
            let bound = if finite.iter().any(|value| is_clipped(meta, *value)) && !is_clipped(meta, mean) { "≥ " } else { "" };
            let value = (!finite.is_empty()).then(|| format!("{bound}{}", show(meta, mean)));
            context.record(Derived {
                id: format!("{id}.{}.{name}", panel.role.to_ascii_lowercase().replace(' ', "-")),
                label: format!("{} {name} {}", panel.told(), rfc3339(start)),
                value: value.clone(),
                how: String::new(),
                formula: "mean of the finite samples in the 60 s before the start, or after the end".into(),
                inputs: vec![
                    format!("series {} ({})", meta.full_name(), context.path(meta.source)),
                    super::context::window_words(range),
                    format!("{} samples", finite.len()),
                ],
            });
            value
        };
        let (before, after) = (measure(before, "before"), measure(after, "after"));
        effects.push(Effect { role: panel.told().to_owned(), before, after });
    }
    effects
}
