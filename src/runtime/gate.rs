//! What the quality gates need of the world: the case computed anew from its sources, and the files beside a document.
//!
//! `report::verify` and `report::lint` judge; this only fetches what they judge.

use std::fs;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::answer::{choose_panels, freeze, freeze_lines, hex};
use super::export::{Prepared, Target, panel_refs, prepare, sections_of};
use super::facts::SourceFacts;
use crate::app::debt::Owed;
use crate::app::message::FreezeTarget;
use crate::model::case::{Evidence, EvidenceTarget};
use crate::model::{AnnotationKind, CaseDoc, Catalog, SeriesMeta};
use crate::report::Facts as _;
use crate::report::escape::inline;
use crate::report::lint::{self, Desk, Finding};
use crate::report::postmortem::{ReportSettings, Scope, Suggestion, gather};
use crate::report::redact::{self, Names};
use crate::report::verify::{self, Form, Picture, Report};
use crate::source::{Job, Source, SourceError};

/// Computes an exported document again and compares.
pub fn verify(case: &CaseDoc, source: &dyn Source, target: &Target) -> anyhow::Result<Report> {
    let path = &target.markdown;
    let document = fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let document = String::from_utf8_lossy(&document).into_owned();
    let form = Form::of(&document).with_context(|| {
        format!(
            "{}: is no document that coroner wrote in a form that can be verified (md, html, json); export the case, and verify that",
            path.display()
        )
    })?;
    let all = frozen_anew(case, source)?;
    // Written as it was: the same sections in the same order, words and language, for the same readers.
    let style = form.style_of(&document);
    let (case, _) = redact::visible(&all, style.layout.audience);
    let Prepared { facts, postmortem, .. } = prepare(&case, source, target)?;
    let postmortem = redact::redact(postmortem, style.layout.audience, &Names::of(&all, facts.catalog()));
    let printed = form.print(&postmortem, &style);
    // Written in one folder and verified in another: the same sources under other paths are no drift.
    let moved = verify::stated_sources(form, &document).into_iter().filter_map(|then| {
        let now = facts.catalog().source_of(&then)?.path.clone();
        (now != then).then_some((now, then))
    });
    let moved = moved.flat_map(|(now, then)| [(inline(&now), inline(&then)), (now, then)]).collect::<Vec<_>>();
    let moved: Vec<_> =
        moved.iter().enumerate().filter(|(index, pair)| !moved[..*index].contains(pair)).map(|(_, pair)| pair.clone()).collect();
    let fresh = verify::in_paths_of(&printed.text, &moved);
    let folder = path.with_file_name(&postmortem.assets);
    let pictures: Vec<Picture> = printed
        .assets
        .iter()
        .map(|(name, svg)| {
            let there = fs::read(folder.join(name)).ok().map(|bytes| hex(&Sha256::digest(&bytes)));
            (name.clone(), there, Some(hex(&Sha256::digest(svg.as_bytes()))))
        })
        .collect();
    Ok(verify::compare(form, &document, &fresh, (&facts, &pictures)))
}

/// What a reviewer would object to. `exported`: the document as it is on disk; `today`: for due dates.
pub fn lint(
    case: &CaseDoc,
    source: &dyn Source,
    target: &Target,
    (exported, today): (Option<&str>, Option<&str>),
) -> anyhow::Result<Vec<Finding>> {
    let Prepared { facts, postmortem, rendered } = prepare(case, source, target)?;
    Ok(lint::check(&Desk { case, postmortem: &postmortem, facts: &facts, fresh: &rendered.markdown, exported, today }))
}

/// Claims of the case that lack support, the weakest first: what the status bar counts.
pub fn debt(case: &CaseDoc, source: &dyn Source, target: &Target, job: &Job) -> Result<Vec<Owed>, SourceError> {
    let facts = SourceFacts::of_case(source, case, job)?;
    let panels = if case.meta.panels.is_empty() { panel_refs(facts.catalog(), choose_panels(source, job)?) } else { Vec::new() };
    let sections = sections_of(target).map_err(|error| SourceError::Question(format!("{error:#}")))?;
    let postmortem = gather(case, &facts, &ReportSettings { panels, sections, scope: Scope::Claims, ..ReportSettings::default() });
    job.check()?;
    let findings = lint::check(&Desk { case, postmortem: &postmortem, facts: &facts, fresh: "", exported: None, today: None });
    job.check()?;
    let owed = |finding: &Finding| Owed {
        rule: finding.rule.to_owned(),
        place: finding.place.clone(),
        message: finding.message.clone(),
        fix: finding.fix.clone(),
        subject: finding.subject.clone(),
        at: finding.at,
    };
    Ok(lint::debt(&findings).into_iter().map(owed).collect())
}

/// Markers that the data suggest and the case has not, with the rule that found each and what it is.
pub fn suggested(case: &CaseDoc, source: &dyn Source, job: &Job) -> Result<Vec<(AnnotationKind, String)>, SourceError> {
    let facts = SourceFacts::of_case(source, case, job)?;
    let panels = if case.meta.panels.is_empty() { panel_refs(facts.catalog(), choose_panels(source, job)?) } else { Vec::new() };
    let postmortem = gather(case, &facts, &ReportSettings { panels, scope: Scope::Claims, ..ReportSettings::default() });
    job.check()?;
    let marker = |one: Suggestion| {
        let rule = format!("accepted: {}", one.rule);
        (AnnotationKind::Marker { name: one.name, at: one.at, latest: None, rule, evidence: Vec::new() }, one.text)
    };
    Ok(postmortem.provenance.suggestions.into_iter().map(marker).collect())
}

/// The case with every piece of evidence as its source shows it now; what is not there stays as it was frozen.
fn frozen_anew(case: &CaseDoc, source: &dyn Source) -> anyhow::Result<CaseDoc> {
    let catalog = source.catalog(&Job::new())?;
    let mut case = case.clone();
    for annotation in case.annotations.values_mut() {
        if let AnnotationKind::Evidence(evidence) = &mut annotation.kind
            && let Some(target) = target_now(evidence, source, &catalog)
        {
            evidence.target = target;
        }
    }
    Ok(case)
}

/// What stands for words that a source no longer holds.
const GONE: &str = "no longer in the source";

fn target_now(evidence: &Evidence, source: &dyn Source, catalog: &Catalog) -> Option<EvidenceTarget> {
    let id = catalog.source_of(&evidence.source)?.id;
    let job = Job::new();
    let again = |target| freeze(source, &target, &job).ok().map(|found| found.target);
    match &evidence.target {
        EvidenceTarget::Lines { first, last, at, .. } => match freeze_lines(source, id, (*first, *last), &job).ok()?.target {
            EvidenceTarget::Lines { first: got_first, last: got_last, sha256, excerpt, .. } if (got_first, got_last) == (*first, *last) => {
                Some(EvidenceTarget::Lines { first: *first, last: *last, at: *at, sha256, excerpt })
            }
            _ => Some(EvidenceTarget::Lines { first: *first, last: *last, at: *at, sha256: GONE.into(), excerpt: GONE.into() }),
        },
        EvidenceTarget::Series { name, labels, range, at, .. } => {
            let wanted = SeriesMeta { name: name.clone(), labels: labels.clone(), ..SeriesMeta::default() }.full_name();
            let meta = catalog.series.iter().find(|meta| meta.source == id && meta.is_called(&wanted))?;
            again(FreezeTarget::Series { id: meta.id, range: *range, at: *at })
        }
        EvidenceTarget::Change { line, at, .. } => {
            match catalog.changes.iter().position(|change| change.source == id && change.line == *line) {
                Some(index) => again(FreezeTarget::Change(index)),
                None => Some(EvidenceTarget::Change { line: *line, at: *at, text: GONE.into() }),
            }
        }
        EvidenceTarget::Alert { name, labels, at, .. } => {
            let is_it = |alert: &crate::model::Alert| {
                alert.source == id && alert.name == *name && alert.labels == *labels && alert.firing_at.unwrap_or(alert.active_at) == *at
            };
            again(FreezeTarget::Alert(catalog.alerts.iter().position(is_it)?))
        }
        EvidenceTarget::Profile { .. } => again(FreezeTarget::Profile(catalog.profiles.iter().position(|mark| mark.source == id)?)),
        // Beyond the sources: what was frozen is all there is.
        EvidenceTarget::Diff { .. } | EvidenceTarget::Link { .. } => None,
    }
}
