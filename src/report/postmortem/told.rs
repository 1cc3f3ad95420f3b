//! What people recorded besides chain and timeline: hypotheses, factors, resources, stages, what went how, lessons,
//! questions. One table each, in the words of its records; only what the stages of a rollout show
//! is computed, by `stages`.

use std::collections::BTreeMap;

use super::ReportSettings;
use super::context::Context;
use super::failed::whole;
use super::stages::{StageCheck, StageRow};
use crate::model::case::{BucketName, CaseDoc, EvidenceTarget, HypothesisStatus};
use crate::model::text::{rfc3339, value};
use crate::model::{Annotation, AnnotationId, AnnotationKind, Unit};

/// One table of records of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Name of the section: `hypotheses`, `factors` …
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Heads of the columns.
    pub head: Vec<&'static str>,
    /// Rows, in raw words.
    pub rows: Vec<Vec<String>>,
}

/// The tables that have rows, in the order of the document.
pub(super) fn gather(context: &Context, stages: &[StageRow]) -> Vec<Told> {
    let tables = [
        hypotheses(context),
        factors(context),
        resources(context),
        self::stages(stages),
        went(context),
        lessons(context),
        questions(context),
        refuted(context),
        standings(context),
    ];
    tables.into_iter().filter(|told| !told.rows.is_empty()).collect()
}

/// Labels of evidence and causes; of other records their words.
fn labels(context: &Context, ids: &[AnnotationId]) -> String {
    let label = |id: &AnnotationId| {
        let known = context.exhibits.get(id).or_else(|| context.causes.get(id)).cloned();
        known.unwrap_or_else(|| context.case.annotations.get(id).map_or_else(|| format!("{} (gone)", id.0), first_line))
    };
    ids.iter().map(label).collect::<Vec<_>>().join(", ")
}

fn first_line(record: &Annotation) -> String {
    record.text.lines().next().unwrap_or_default().to_owned()
}

fn word(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

/// A row for each record of which `row` makes one, in the order of time.
fn rows(context: &Context, row: impl Fn(&Annotation) -> Option<Vec<String>>) -> Vec<Vec<String>> {
    context.case.by_time().into_iter().filter_map(row).collect()
}

fn claims(context: &Context, is_wanted: impl Fn(HypothesisStatus) -> bool) -> Vec<Vec<String>> {
    rows(context, |record| match &record.kind {
        AnnotationKind::Hypothesis(it) if is_wanted(it.status) => Some(vec![
            record.text.clone(),
            it.status.name().to_owned(),
            labels(context, &it.supports),
            labels(context, &it.against),
            word(it.would_disprove.as_ref()),
            it.closed_by.as_ref().map_or_else(String::new, |id| labels(context, std::slice::from_ref(id))),
        ]),
        _ => None,
    })
}

const CLAIM: [&str; 6] = ["Claim", "Status", "For", "Against", "What would disprove it", "Settled by"];

fn hypotheses(context: &Context) -> Told {
    let rows = claims(context, |status| matches!(status, HypothesisStatus::Open | HypothesisStatus::Confirmed));
    Told { name: "hypotheses", title: "Hypotheses", head: CLAIM.to_vec(), rows }
}

fn refuted(context: &Context) -> Told {
    let rows = claims(context, |status| matches!(status, HypothesisStatus::Refuted | HypothesisStatus::Superseded));
    Told { name: "refuted", title: "Appendix: hypotheses that did not hold", head: CLAIM.to_vec(), rows }
}

fn factors(context: &Context) -> Told {
    let mut rows = rows(context, |record| match &record.kind {
        AnnotationKind::Factor(it) => Some(vec![
            it.group.name().to_owned(),
            record.text.clone(),
            labels(context, &it.causes),
            if it.is_opinion && it.evidence.is_empty() { "opinion".to_owned() } else { labels(context, &it.evidence) },
        ]),
        _ => None,
    });
    rows.sort_by(|a, b| a[0].cmp(&b[0]));
    Told { name: "factors", title: "Contributing factors", head: vec!["Group", "Factor", "Helped", "Evidence"], rows }
}

fn resources(context: &Context) -> Told {
    let rows = rows(context, |record| match &record.kind {
        AnnotationKind::Resource(it) => Some(vec![
            record.text.clone(),
            word(it.apparent.as_ref()),
            word(it.actual.as_ref()),
            word(it.why.as_ref()),
            labels(context, &it.evidence),
        ]),
        _ => None,
    });
    let head = vec!["Resource", "What the dashboard suggested", "What it really was", "Why they differ", "Evidence"];
    Told { name: "resources", title: "Apparent and actual", head, rows }
}

/// The one table with derived cells: what the data say beside what people said.
fn stages(stages: &[StageRow]) -> Told {
    let row = |stage: &StageRow| {
        vec![
            stage.name.clone(),
            rfc3339(stage.at.start()),
            rfc3339(stage.at.end()),
            stage.percent.map_or_else(String::new, |percent| format!("{} %", value(percent, Unit::None))),
            stage.requests.map_or_else(|| "not counted".to_owned(), whole),
            stage.checks.iter().map(StageCheck::words).collect::<Vec<_>>().join("; "),
            match stage.stated {
                Some(stated) if stated != stage.derived => {
                    format!("{} as stated; by the data {}: {}", stated.name(), stage.derived.name(), stage.why)
                }
                _ => format!("{}: {}", stage.derived.name(), stage.why),
            },
            match stage.has_rolled_back {
                Some(true) => "fired".to_owned(),
                Some(false) => "did not fire".to_owned(),
                None => String::new(),
            },
        ]
    };
    let head = vec!["Stage", "From", "To", "Traffic", "Requests", "Checks", "Verdict", "Rollback rule"];
    Told { name: "stages", title: "Fix verification", head, rows: stages.iter().map(row).collect() }
}

fn went(context: &Context) -> Told {
    let mut rows = rows(context, |record| match &record.kind {
        AnnotationKind::Bucket(it) => Some(vec![said(it.name).to_owned(), record.text.clone(), labels(context, &it.about)]),
        _ => None,
    });
    let place = |row: &Vec<String>| BucketName::ALL.iter().position(|name| said(*name) == row[0]);
    rows.sort_by_key(place);
    Told { name: "went", title: "How it went", head: vec!["How", "What", "About"], rows }
}

const fn said(name: BucketName) -> &'static str {
    match name {
        BucketName::Well => "went well",
        BucketName::Badly => "went badly",
        BucketName::Lucky => "we were lucky",
        BucketName::Surprised => "we were surprised",
    }
}

fn lessons(context: &Context) -> Told {
    let rows = rows(context, |record| match &record.kind {
        AnnotationKind::Lesson(it) => {
            Some(vec![word(it.misconception.as_ref()), record.text.clone(), labels(context, &it.evidence), word(it.taught_in.as_ref())])
        }
        _ => None,
    });
    let head = vec!["What was believed", "What is right", "Evidence", "Now taught in"];
    Told { name: "lessons", title: "Lessons", head, rows }
}

fn questions(context: &Context) -> Told {
    let rows = rows(context, |record| match &record.kind {
        AnnotationKind::Question(it) => Some(vec![
            record.text.clone(),
            word(it.asked_by.as_ref()),
            word(it.answer.as_ref()),
            format!("{}{}", it.status.name(), if it.is_blocking { ", blocking" } else { "" }),
            labels(context, &it.about),
        ]),
        _ => None,
    });
    Told { name: "questions", title: "Questions", head: vec!["Question", "Asked by", "Answer", "Status", "About"], rows }
}

/// Prose of the user: what the records hold, and the files, which win.
pub(super) fn sections(case: &CaseDoc, settings: &ReportSettings) -> BTreeMap<String, String> {
    let records = case.annotations.values().filter_map(|record| match &record.kind {
        AnnotationKind::Section(section) => Some((section.name.clone(), record.text.clone())),
        _ => None,
    });
    records.chain(settings.sections.clone()).collect()
}

/// Where the evidence stands in the sources of today.
fn standings(context: &Context) -> Told {
    let rows = context.case.evidence().into_iter().filter_map(|(record, evidence)| {
        let standing = context.facts.standing(evidence)?;
        let label = context.exhibits.get(&record.id).cloned().unwrap_or_default();
        let place = match &evidence.target {
            EvidenceTarget::Lines { first, .. } | EvidenceTarget::Change { line: first, .. } => format!("{}:{first}", evidence.source),
            _ => evidence.source.clone(),
        };
        Some(vec![label, place, standing.words()])
    });
    let head = vec!["Evidence", "Pinned in", "Now"];
    Told { name: "standings", title: "Appendix: where the evidence stands", head, rows: rows.collect() }
}
