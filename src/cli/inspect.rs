//! `coroner inspect`: what was recognised in which source, and everything that went wrong, by place.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::output::{self, OutputForm};
use crate::model::text::{grouped, printable, rfc3339};
use crate::model::{Catalog, SourceReport, Timestamp, ZoneCertainty};
use crate::source::{Job, Source};

/// Schema of the JSON form.
const SCHEMA: &str = "coroner.inspect/1";

/// How to inspect.
#[derive(Debug, Clone, Default)]
pub struct InspectOptions {
    /// For people or for programs.
    pub form: OutputForm,
}

/// Writes one entry a source. Whether there is any source.
pub fn run(source: &dyn Source, options: &InspectOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let catalog = source.catalog(&Job::new())?;
    match options.form {
        OutputForm::Json => output::write_json(out, &json_of(&catalog))?,
        OutputForm::Text => write_text(&catalog, out)?,
    }
    Ok(!catalog.sources.is_empty())
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
        "levels": levels,
        "services": report.services,
        "unplaced": report.n_unplaced,
        "size_bytes": report.size_bytes,
        "lines": report.n_lines,
        "continuation_lines": report.n_continuation_lines,
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

fn write_text(catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    let n_problems = catalog.n_problems();
    let n_sources = catalog.sources.len();
    write!(out, "{n_sources} source{}", if n_sources == 1 { "" } else { "s" })?;
    if let Some(extent) = catalog.extent {
        write!(out, "  {} to {}", rfc3339(extent.start()), rfc3339(extent.end().plus_ns(-1)))?;
    }
    writeln!(out, "  {} events  {} series", grouped(catalog.n_events), grouped(catalog.series.len() as u64))?;
    let rows: Vec<Vec<String>> = catalog.sources.iter().map(row).collect();
    output::write_table(out, &rows, &[3])?;
    let unplaced: Vec<&SourceReport> = catalog.sources.iter().filter(|report| report.n_unplaced > 0).collect();
    if !unplaced.is_empty() {
        writeln!(out, "\nwithout a usable time, kept and listed apart:")?;
        for report in unplaced {
            writeln!(out, "  {}: {} of {} records", printable(&report.path), grouped(report.n_unplaced), grouped(report.n_records))?;
        }
    }
    if n_problems > 0 {
        writeln!(out, "\n{} problem{}:", grouped(n_problems), if n_problems == 1 { "" } else { "s" })?;
        catalog.sources.iter().try_for_each(|report| write_problems(report, out))?;
    }
    Ok(())
}

fn row(report: &SourceReport) -> Vec<String> {
    let kind = if report.format.is_empty() { report.kind.name().to_owned() } else { format!("{} {}", report.kind.name(), report.format) };
    let records = match report.n_series {
        Some(series) => format!("{} records, {} series", grouped(report.n_records), grouped(series)),
        None => format!("{} records", grouped(report.n_records)),
    };
    let span = report
        .extent
        .map_or_else(|| "no time".to_owned(), |(first, last): (Timestamp, Timestamp)| format!("{} to {}", rfc3339(first), rfc3339(last)));
    let problems = match report.problems.total() {
        0 => String::new(),
        1 => "1 problem".to_owned(),
        n => format!("{} problems", grouped(n)),
    };
    let loading = if report.is_complete { "" } else { "still loading" };
    vec![
        printable(&report.path).into_owned(),
        printable(&kind).into_owned(),
        format!("{:.0} %", report.confidence * 100.0),
        records,
        span,
        zone_badge(report),
        problems,
        loading.to_owned(),
    ]
}

/// How the times of a source were read: `UTC?` where nobody said so.
fn zone_badge(report: &SourceReport) -> String {
    let name = printable(&report.zone.name);
    match report.zone.certainty {
        ZoneCertainty::Offset => "offset".to_owned(),
        ZoneCertainty::File => name.into_owned(),
        ZoneCertainty::Inferred => format!("{name} (date inferred)"),
        ZoneCertainty::Anchored => format!("{name} (anchored)"),
        ZoneCertainty::Default => format!("{name}?"),
        ZoneCertainty::None => String::new(),
    }
}

fn write_problems(report: &SourceReport, out: &mut dyn Write) -> anyhow::Result<()> {
    let path = printable(&report.path);
    for problem in report.problems.kept() {
        let place = if problem.line == 0 { path.to_string() } else { format!("{path}:{}", problem.line) };
        writeln!(out, "  {place}: {}: {}", problem.kind.name(), printable(&problem.reason))?;
    }
    let n_left = report.problems.total() - report.problems.kept().len() as u64;
    if n_left > 0 {
        let kinds: Vec<String> = report.problems.counts().iter().map(|(kind, n)| format!("{} {}", grouped(*n), kind.name())).collect();
        writeln!(out, "  {path}: {} more; in all {}", grouped(n_left), kinds.join(", "))?;
    }
    Ok(())
}
