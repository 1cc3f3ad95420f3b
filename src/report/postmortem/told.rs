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

#[cfg(test)]
mod tests {
    use crate::model::CaseDoc;
    use crate::report::case_file::parse_annotations;
    use crate::report::markdown::render;
    use crate::report::postmortem::tests::facts;
    use crate::report::postmortem::{ReportSettings, gather};

    /// Words that would be a tag, a table border, a link, a comment, an escape sequence (as JSON writes it).
    const HOSTILE: &str = r"<script>alert(1)</script> | [x](javascript:a) --> \u001b[31m `b`";

    /// One record of each kind that has a table, of an incident from 10:00 on.
    const RECORDS: [&str; 8] = [
        r#""kind":"hypothesis","text":"W the pool was full","status":"open","would_disprove":"W idle connections""#,
        r#""kind":"factor","text":"W no limit","group":"G","opinion":true"#,
        r#""kind":"resource","text":"W connections","apparent":"W fine","actual":"W exhausted","why":"W averaged""#,
        r#""kind":"stage","text":"W canary","t0":"2026-03-01T10:00:00Z","t1":"2026-03-01T10:10:00Z","pct":5"#,
        r#""kind":"bucket","text":"W the rollback","name":"well""#,
        r#""kind":"lesson","text":"W a pool is shared","misconception":"W it is not""#,
        r#""kind":"question","text":"W why no alert","asked_by":"W support""#,
        r#""kind":"hypothesis","text":"W the network","status":"refuted""#,
    ];

    /// Titles in the order of the document; the actions stand between what went how and the lessons.
    const TITLES: [&str; 8] = [
        "Hypotheses",
        "Contributing factors",
        "Apparent and actual",
        "Fix verification",
        "How it went",
        "Lessons",
        "Questions",
        "Appendix: hypotheses that did not hold",
    ];

    fn document(records: &[&str], words: &str) -> String {
        let group = crate::model::case::FactorGroup::ALL[0].name();
        let line = |(n, record): (usize, &&str)| {
            let record = record.replace("\"G\"", &format!("\"{group}\"")).replace('W', words);
            format!(
                "{{\"id\":\"R{n}\",\"v\":1,{record},\"author\":\"a\",\"created\":\"2026-03-02T00:00:00Z\",\"updated\":\"2026-03-02T00:00:00Z\",\"rev\":1}}"
            )
        };
        let notes = parse_annotations(&records.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"));
        assert_eq!(notes.problems.total(), 0, "{:?}", notes.problems);
        let case = CaseDoc { annotations: notes.annotations, ..CaseDoc::default() };
        render(&gather(&case, &facts(&case.meta, [0.0; 3]), &ReportSettings::default())).markdown
    }

    fn places(document: &str) -> Vec<Option<usize>> {
        TITLES.iter().map(|title| document.find(&format!("\n## {title}\n"))).collect()
    }

    #[test]
    fn each_kind_has_its_table_in_the_order_of_the_document_and_none_without_records() {
        let whole = document(&RECORDS, "it says:");
        let found = places(&whole);
        assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?}\n{whole}");
        let heading = |title: &str| whole.find(&format!("\n## {title}\n"));
        assert!(heading("Action items").is_none_or(|at| found[4] < Some(at) && Some(at) < found[5]));
        for words in ["idle connections", "opinion", "averaged", "5 %", "went well", "it is not", "support", "refuted"] {
            assert!(whole.contains(words), "{words}\n{whole}");
        }
        for (index, record) in RECORDS.iter().enumerate() {
            let found = places(&document(&[record], "x"));
            assert_eq!(found.iter().position(Option::is_some), Some(index), "{record}");
            assert_eq!(found.iter().flatten().count(), 1, "{record}");
        }
        assert_eq!(places(&document(&[], "")), [None; 8]);
    }

    #[test]
    fn words_of_records_cannot_break_out_of_their_table() {
        let (hostile, plain) = (document(&RECORDS, HOSTILE), document(&RECORDS, "word"));
        assert!(!hostile.contains("<script>") && !hostile.contains('\u{1b}') && !hostile.contains("](javascript:"), "{hostile}");
        // As many borders that are not escaped as with plain words.
        let borders = |text: &str| {
            let tables = text.lines().filter(|line| line.starts_with("| "));
            tables.map(|line| line.replace("\\|", "").matches('|').count()).collect::<Vec<_>>()
        };
        assert_eq!(borders(&hostile), borders(&plain), "{hostile}");
    }
}
