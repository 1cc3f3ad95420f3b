//! What a reviewer would object to in a postmortem: rules PM001 to PM032, each with place, reason and way out.
//!
//! Pure: the case, its postmortem and the facts come in, findings go out, in the order of the rules. Rules live in a file
//! by what they look at; ids, severities and limits in `rules`. A finding that the case suppresses keeps its reason and is
//! printed in the appendix.

mod actions;
mod chain;
mod document;
mod evidence;
mod impossible;
mod markers;
mod rules;
#[cfg(test)]
mod tests;
mod words;

use super::Facts;
use super::postmortem::Postmortem;
use crate::model::{AnnotationId, CaseDoc, Timestamp};

pub use rules::{Limits, RULES, Rule, Severity, rule_of};

/// What is looked at.
pub struct Desk<'a> {
    /// The case.
    pub case: &'a CaseDoc,
    /// What was gathered from it.
    pub postmortem: &'a Postmortem,
    /// The sources.
    pub facts: &'a dyn Facts,
    /// The document as it would be written now.
    pub fresh: &'a str,
    /// The document as it was exported, if it was.
    pub exported: Option<&'a str>,
    /// `YYYY-MM-DD`; `None`: due dates are not judged.
    pub today: Option<&'a str>,
}

/// One objection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `PM001` …
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Where: `C2`, `A3`, `02:33:22`, `sections/summary.md:3`, a marker.
    pub place: String,
    /// The record, if it is about one: where a key can lead.
    pub subject: Option<AnnotationId>,
    /// The moment, if it is about one.
    pub at: Option<Timestamp>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// Why the case does not want to hear it.
    pub suppressed: Option<String>,
}

impl Finding {
    /// A finding of a rule at its severity.
    pub(crate) fn new(rule: &'static str, place: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let severity = rule_of(rule).map_or(Severity::Warning, |rule| rule.severity);
        Self { rule, severity, place: place.into(), subject: None, at: None, message: message.into(), fix: fix.into(), suppressed: None }
    }

    pub(crate) fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    pub(crate) fn about(mut self, id: &AnnotationId) -> Self {
        self.subject = Some(id.clone());
        self
    }

    pub(crate) fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }
}

/// Every finding, suppressed ones included, by rule and place of the record.
pub fn check(desk: &Desk) -> Vec<Finding> {
    let limits = Limits::new(&desk.case.meta.lint.limits);
    let mut found = Vec::new();
    evidence::check(desk, &limits, &mut found);
    markers::check(desk, &limits, &mut found);
    actions::check(desk, &limits, &mut found);
    words::check(desk, &mut found);
    chain::check(desk, &limits, &mut found);
    document::check(desk, &limits, &mut found);
    impossible::check(desk, &mut found);
    for finding in &mut found {
        finding.suppressed = suppression(desk.case, finding);
    }
    // Stable: findings of one rule stay in the order of what they are about.
    found.sort_by_key(|finding| finding.rule);
    found
}

fn suppression(case: &CaseDoc, finding: &Finding) -> Option<String> {
    let fits = |place: &str| {
        let is_record = finding.subject.as_ref().is_some_and(|id| !place.is_empty() && id.0.starts_with(place));
        let section = finding.place.strip_prefix("sections/").and_then(|rest| rest.split_once(".md")).map(|parts| parts.0);
        is_record || finding.place == place || section == Some(place)
    };
    let found = case.meta.lint.suppress.iter().find(|one| one.rule == finding.rule && one.at.as_deref().is_none_or(fits))?;
    // A suppression without a reason suppresses nothing.
    (!found.reason.trim().is_empty()).then(|| found.reason.clone())
}

/// Errors, warnings and infos that are not suppressed.
pub fn counts(findings: &[Finding]) -> (usize, usize, usize) {
    let n = |severity| findings.iter().filter(|finding| finding.suppressed.is_none() && finding.severity == severity).count();
    (n(Severity::Error), n(Severity::Warning), n(Severity::Info))
}

/// Claims that lack support, the weakest first: the evidence debt.
pub fn debt(findings: &[Finding]) -> Vec<&Finding> {
    let weight = |finding: &Finding| rule_of(finding.rule).map_or(0, |rule| rule.debt);
    let is_owed = |finding: &&Finding| finding.suppressed.is_none() && finding.severity > Severity::Info && weight(finding) > 0;
    let mut owed: Vec<&Finding> = findings.iter().filter(is_owed).collect();
    owed.sort_by_key(|finding| std::cmp::Reverse((finding.severity, weight(finding))));
    owed
}

/// At most sixty signs of a text, for messages.
fn gist(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
