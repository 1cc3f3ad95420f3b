//! One source while it is loaded: what each stage found out of it, and the report that this makes.

use std::sync::Arc;

use crate::model::catalog::Problems;
use crate::model::{Level, Problem, ProblemKind, SourceReport, Timestamp};
use crate::parse::Verdict;
use crate::parse::log::LogPlan;
use crate::store::log::LogBuilder;

use super::content::Content;
use super::look::OnDisk;
use super::peek::Peeked;
use super::reading::Reading;
use super::said::Told;
use super::{apart, remarks};

/// One source while it is loaded. One field a thing that some stage of loading finds out.
pub struct Loading {
    /// What is known of it, but for the parts that a growing log tells.
    pub report: SourceReport,
    /// Its bytes.
    pub content: Arc<Content>,
    /// Modification time.
    pub modified: Option<Timestamp>,
    /// The query that made it.
    pub query: Option<String>,
    /// Its events.
    pub log: Option<LogBuilder>,
    /// What a few places of a large log told before it was read.
    pub peeked: Option<Peeked>,
    /// What went wrong before parsing, or with the file as a whole.
    pub problems: Vec<Problem>,
    /// The file that it is, to be looked at again while following.
    pub on_disk: Option<OnDisk>,
    /// How its log is read on.
    pub reading: Option<Reading>,
    /// How its records are read.
    pub plan: Option<Arc<LogPlan>>,
    /// What happened to the file since it was read.
    pub happened: Vec<Problem>,
    /// How often it was read again from the start.
    pub epoch: u32,
    /// What the case says of how it is read.
    pub told: Told,
    /// The archive of which it is the first source.
    pub archive: Option<String>,
    /// The logs that hold its records too, and count them.
    pub repeats: Vec<Problem>,
    /// What was guessed of the units of its latencies.
    pub guessed: Vec<String>,
}

impl Loading {
    /// A source of which nothing is read yet.
    pub fn new(report: SourceReport, content: Arc<Content>, modified: Option<Timestamp>) -> Self {
        Self {
            report,
            content,
            modified,
            query: None,
            log: None,
            peeked: None,
            problems: Vec::new(),
            on_disk: None,
            reading: None,
            plan: None,
            happened: Vec::new(),
            epoch: 0,
            told: Told::default(),
            archive: None,
            repeats: Vec::new(),
            guessed: Vec::new(),
        }
    }

    /// Takes over what detection says.
    pub fn recognise(&mut self, verdict: &Verdict) {
        let report = &mut self.report;
        report.kind = verdict.kind;
        report.format.clone_from(&verdict.format);
        report.confidence = verdict.confidence;
        report.runner_up.clone_from(&verdict.runner_up);
        report.why.clone_from(&verdict.why);
    }

    /// The report as it stands now.
    pub fn report_now(&self) -> SourceReport {
        let mut report = self.report.clone();
        if let Some(log) = &self.log {
            let facts = log.facts();
            report.n_records = log.n_records();
            report.n_lines = facts.n_lines;
            report.n_continuation_lines = facts.n_continuation_lines;
            report.n_unplaced = facts.n_unplaced;
            report.extent = facts.span.map(|span| (Timestamp(span.0), Timestamp(span.1)));
            report.read_bytes = log.end_byte();
            report.levels = Level::ALL.into_iter().zip(facts.level_counts).filter(|(_, n)| *n > 0).collect();
            report.services = log.services();
            report.problems = remarks::problems_of(facts, &report.format, report.n_records);
            report.remarks = remarks::remarks_of(facts, &report.format, report.n_records);
        }
        report.remarks.extend(self.told.remarks(&report.zone));
        report.remarks.extend(self.guessed.iter().cloned());
        report.remarks.extend(self.archive.as_deref().map(apart::remark));
        if let Some(log) = &self.log {
            super::disorder::explain(&mut report, log);
            // Blank lines stand for what was around the records of a document.
            report.n_continuation_lines *= u64::from(!self.content.is_converted());
        }
        if let (false, Some(peeked)) = (report.is_complete, &self.peeked) {
            let spans = [report.extent, peeked.span()].into_iter().flatten();
            report.extent = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            report.preview = Some(Box::new(peeked.preview(report.read_bytes)));
        }
        let own = || self.problems.iter().chain(&self.happened).chain(&self.repeats);
        if own().next().is_some() {
            let mut problems = Problems::default();
            own().for_each(|problem| problems.push(problem.clone()));
            problems.append(std::mem::take(&mut report.problems));
            report.problems = problems;
        }
        report.problems.kept_mut().sort_by_key(|problem| (problem.byte, problem.line));
        report
    }

    /// Records of lines that are finished.
    pub fn n_whole_records(&self) -> u64 {
        let n = self.log.as_ref().map_or(0, LogBuilder::n_records);
        self.reading.as_ref().and_then(Reading::n_whole_records).unwrap_or(n)
    }

    /// The log could not be read any further.
    pub fn cut(&mut self, reason: String) {
        let byte = self.log.as_ref().map_or(0, LogBuilder::end_byte);
        self.problems.push(Problem { line: 0, byte, kind: ProblemKind::Unreadable, reason });
    }

    /// The whole file could not be read.
    pub fn unreadable(&mut self, reason: String) {
        self.problems.push(Problem { line: 0, byte: 0, kind: ProblemKind::Unreadable, reason });
    }
}
