//! `coroner inspect`: what was recognised in which source, and everything that went wrong, by place.

mod text;

use std::io::Write;

use serde_json::{Map, Value, json};

use super::output::{self, OutputForm};
use super::trace::clocks_json;
use crate::model::{Catalog, ProblemKind, SourceReport, ZoneCertainty};
use crate::runtime::clocks;
use crate::source::{Job, Source};

/// Schema of the JSON form.
const SCHEMA: &str = "coroner.inspect/1";

/// How to inspect.
#[derive(Debug, Clone, Default)]
pub struct InspectOptions {
    /// For people or for programs.
    pub form: OutputForm,
    /// Columns that a line of text may take; any number when nobody looks at a screen.
    pub width: Option<usize>,
    /// How much to say of each source in text.
    pub detail: Detail,
}

/// How much to say of each source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// One line.
    #[default]
    Short,
    /// Also why it was taken for its format, what else it could be, its lines, levels and services.
    Full,
}

/// Writes one entry a source. Whether there is any source.
pub fn run(source: &dyn Source, options: &InspectOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let catalog = source.catalog(&Job::new())?;
    let clocks = clocks::check(source, &Job::new())?;
    match options.form {
        OutputForm::Json => {
            let mut whole = json_of(&catalog);
            whole["clocks"] = clocks_json(&clocks, &catalog);
            output::write_json(out, &whole)?;
        }
        OutputForm::Text => text::write(&catalog, &clocks, options, out)?,
    }
    Ok(!catalog.sources.is_empty())
}

/// Whether nothing at all of what was named could be read.
pub fn is_unreadable(catalog: &Catalog) -> bool {
    let is_lost = |report: &SourceReport| report.n_records == 0 && report.problems.counts().contains_key(&ProblemKind::Unreadable);
    !catalog.sources.is_empty() && catalog.sources.iter().all(is_lost)
}

fn json_of(catalog: &Catalog) -> Value {
    let extent = catalog.extent.map(|range| (range.start(), range.end().plus_ns(-1)));
    json!({
        "schema": SCHEMA,
        "extent": { "first": output::time(extent.map(|e| e.0)), "last": output::time(extent.map(|e| e.1)) },
        "sources": catalog.sources.iter().map(source_json).collect::<Vec<_>>(),
    })
}

fn source_json(report: &SourceReport) -> Value {
    let (first, last) = report.extent.map_or((None, None), |(first, last)| (Some(first), Some(last)));
    let runner_up = report.runner_up.as_ref().map(|(format, score)| json!({ "format": format, "confidence": rounded(*score) }));
    let levels: Map<String, Value> = report.levels.iter().rev().map(|(level, n)| (level.name().to_owned(), json!(n))).collect();
    let problems = report
        .problems
        .kept()
        .iter()
        .map(|problem| json!({ "line": problem.line, "byte": problem.byte, "kind": problem.kind.name(), "reason": problem.reason }));
    let by_kind: Map<String, Value> = report.problems.counts().iter().map(|(kind, n)| (kind.name().to_owned(), json!(n))).collect();
    json!({
        "path": report.path,
        "kind": report.kind.name(),
        "format": report.format,
        "confidence": rounded(report.confidence),
        "runner_up": runner_up,
        "why": report.why,
        "records": report.n_records,
        "series": report.n_series,
        "first": output::time(first),
        "last": output::time(last),
        "zone": { "assumed": zone_name(report), "certainty": report.zone.certainty.name() },
        "clock_offset_s": output::number(Some(report.clock_ns as f64 / 1e9)),
        "levels": levels,
        "services": report.services,
        "unplaced": report.n_unplaced,
        "size_bytes": report.size_bytes,
        "lines": report.n_lines,
        "continuation_lines": report.n_continuation_lines,
        "remarks": report.remarks,
        "problem_count": report.problems.total(),
        "problem_counts": by_kind,
        "problems": problems.collect::<Vec<_>>(),
    })
}

/// Two decimals: more would promise more than a score of formats can hold.
fn rounded(score: f32) -> Value {
    output::number(Some((f64::from(score) * 100.0).round() / 100.0))
}

fn zone_name(report: &SourceReport) -> Option<&str> {
    (report.zone.certainty != ZoneCertainty::None && !report.zone.name.is_empty()).then_some(report.zone.name.as_str())
}
