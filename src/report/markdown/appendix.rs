//! The appendix: files, series, markers and every derived number, so that a reader can check all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::table::Table;
use super::{NOT_RECORDED, heading};
use crate::model::offset;
use crate::model::text::{grouped, rfc3339, t_offset, value};
use crate::model::time::NS_PER_S;
use crate::model::{Timestamp, Unit};
use crate::report::escape::{cell, code, inline};
use crate::report::lint::{Finding, counts};
use crate::report::postmortem::{BEYOND, MarkerRow, Postmortem, Provenance};

/// A formula of so many signs is printed once.
const LONG_FORMULA: usize = 100;

pub(super) fn appendix(out: &mut String, postmortem: &Postmortem) {
    let provenance = &postmortem.provenance;
    heading(out, 2, "Appendix: where this comes from");
    let _ = write!(out, "Written by {}. ", inline(&provenance.generator));
    match &postmortem.head.t0 {
        Some(t0) => {
            let label = if t0.label.trim().is_empty() { String::new() } else { format!(" ({})", cell(&t0.label)) };
            let _ = writeln!(out, "T+0 is {}{label}.", rfc3339(t0.at));
        }
        None => out.push_str("T+0 is not set.\n"),
    }
    if !provenance.is_complete {
        out.push_str("\n**Not all sources were read to their end when this was written.**\n");
    }
    sources(out, provenance);
    series(out, provenance);
    gaps(out, provenance);
    markers(out, provenance, postmortem.head.t0.as_ref().map(|t0| t0.at));
    if !postmortem.redactions.is_empty() {
        heading(out, 3, "Redactions");
        redactions(out, postmortem);
    }
    derived(out, provenance);
    if let Some(findings) = &postmortem.lint {
        lint(out, findings);
    }
}

/// What a reviewer would object to, and what was suppressed with which reason.
fn lint(out: &mut String, findings: &[Finding]) {
    heading(out, 3, "Lint");
    let (errors, warnings, infos) = counts(findings);
    let _ = writeln!(
        out,
        "Errors: {errors}, warnings: {warnings}, infos: {infos}. Due dates are judged by `coroner lint` on the day it runs.\n"
    );
    let open: Vec<&Finding> = findings.iter().filter(|finding| finding.suppressed.is_none()).collect();
    if !open.is_empty() {
        out.push_str("<details>\n<summary>Every objection with its way out</summary>\n\n");
        let mut table = Table::new(&["Rule", "Severity", "Where", "What", "Way out"]);
        for finding in open {
            table.row(vec![
                finding.rule.into(),
                finding.severity.name().into(),
                cell(&finding.place),
                cell(&finding.message),
                cell(&finding.fix),
            ]);
        }
        table.write(out);
        out.push_str("\n</details>\n");
    }
    let suppressed: Vec<(&Finding, &String)> =
        findings.iter().filter_map(|finding| Some((finding, finding.suppressed.as_ref()?))).collect();
    if !suppressed.is_empty() {
        out.push_str("\nSuppressed, and why:\n\n");
        let mut table = Table::new(&["Rule", "Where", "What", "Reason"]);
        for (finding, reason) in suppressed {
            table.row(vec![finding.rule.into(), cell(&finding.place), cell(&finding.message), cell(reason)]);
        }
        table.write(out);
    }
}

fn sources(out: &mut String, provenance: &Provenance) {
    heading(out, 3, "Sources");
    let mut table = Table::new(&["Path", "Format", "Size", "Records", "First", "Last", "Zone", "Problems", "SHA-256"]);
    for source in &provenance.sources {
        let mut problems: Vec<String> = source.problems.iter().map(|(kind, n)| format!("{} {kind}", grouped(*n))).collect();
        if source.n_unplaced > 0 {
            problems.push(format!("{} without a time", grouped(source.n_unplaced)));
        }
        table.row(vec![
            code(&source.path),
            cell(&source.format),
            source.size_bytes.map_or_else(String::new, |size| format!("{} B", grouped(size))),
            if source.size_bytes.is_some() { grouped(source.n_records) } else { String::new() },
            source.span.map_or_else(String::new, |span| rfc3339(span.0)),
            source.span.map_or_else(String::new, |span| rfc3339(span.1)),
            cell(&source.zone),
            if problems.is_empty() { "none".into() } else { problems.join(", ") },
            source.sha256.as_deref().map_or_else(|| NOT_RECORDED.to_owned(), code),
        ]);
    }
    if table.is_empty() {
        out.push_str("This document refers to no source.\n");
    } else {
        table.write(out);
    }
    for source in provenance.sources.iter().filter(|source| source.clock_ns != 0) {
        let (path, offset) = (code(&source.path), offset::text(source.clock_ns));
        let _ = write!(out, "\nThe clock of {path} is moved by {offset}: its times here are so far from those that it states.\n");
    }
    for doubt in &provenance.clock_doubts {
        let way = if doubt.ahead_ns > 0 { "ahead of" } else { "behind" };
        let (path, n) = (code(&doubt.source), grouped(doubt.n_traces));
        let against = doubt.against.as_ref().map_or_else(|| "the others".to_owned(), |other| code(other));
        let _ = write!(
            out,
            "\nBy {n} shared traces the clock of {path} looks {} {way} {against} (±{}): its times here are as it states them.\n",
            doubt.far, doubt.around
        );
    }
    if provenance.n_other_sources > 0 {
        let _ = write!(out, "\nOther sources that were loaded: {}; nothing here refers to them.", provenance.n_other_sources);
        let n: u64 = provenance.other_problems.iter().map(|other| other.1).sum();
        if n > 0 {
            let _ = write!(out, " Problems were noted in {} of them, {} in all.", provenance.other_problems.len(), grouped(n));
        }
        out.push('\n');
    }
}

/// Where nothing is known: what numbers are made of has no sample or record there.
fn gaps(out: &mut String, provenance: &Provenance) {
    if provenance.gaps.is_empty() {
        return;
    }
    heading(out, 3, "Gaps in the data");
    let mut table = Table::new(&["From", "To", "Lasts", "Missing", "Of"]);
    for gap in &provenance.gaps {
        let of = if gap.source.is_empty() { cell(&gap.of) } else { code(&gap.of) };
        table.row(vec![rfc3339(gap.range.start()), rfc3339(gap.range.end()), gap.lasts.clone(), gap.what.into(), of]);
    }
    table.write(out);
    if provenance.n_more_gaps > 0 {
        let _ = write!(out, "\nFurther gaps: {}.\n", provenance.n_more_gaps);
    }
}

fn series(out: &mut String, provenance: &Provenance) {
    if provenance.series.is_empty() {
        return;
    }
    heading(out, 3, "Series");
    let mut table = Table::new(&["Series", "Source", "Kind, unit", "Step", "Samples", "Query"]);
    for series in &provenance.series {
        table.row(vec![
            code(&series.name),
            code(&series.source),
            cell(&series.nature),
            series.step_ns.map_or_else(String::new, |ns| value(ns as f64 / NS_PER_S as f64, Unit::Seconds)),
            grouped(series.n_samples),
            series.query.as_deref().map_or_else(String::new, code),
        ]);
    }
    table.write(out);
}

fn markers(out: &mut String, provenance: &Provenance, t0: Option<Timestamp>) {
    heading(out, 3, "Markers");
    let mut table = Table::new(&["Marker", "Time (UTC)", "T+", "Found by", "Set by"]);
    for marker in &provenance.markers {
        let time = |at: Timestamp| rfc3339(at);
        let at = match (marker.at, marker.latest) {
            (Some(at), Some(latest)) => format!("{} … {}", time(at), time(latest)),
            (Some(at), None) => time(at),
            (None, _) => NOT_RECORDED.into(),
        };
        table.row(vec![
            format!("`{}`", marker.name.name()),
            at,
            marker.offset.clone().unwrap_or_default(),
            cell(&marker.rule),
            set_by(marker),
        ]);
    }
    table.write(out);
    authors(out, provenance);
    if !provenance.suggestions.is_empty() {
        out.push_str("\nSuggested by the data, set by nobody:\n\n");
        let mut table = Table::new(&["Marker", "Time (UTC)", "T+", "What", "Rule"]);
        for one in &provenance.suggestions {
            let offset = postmortem_offset(t0, one.at);
            table.row(vec![format!("`{}`", one.name.name()), rfc3339(one.at), offset, cell(&one.text), cell(&one.rule)]);
        }
        table.write(out);
    }
}

/// Who set a marker, and when.
fn set_by(marker: &MarkerRow) -> String {
    let when = marker.set_at.map(minute);
    let parts: Vec<String> = [cell(&marker.author)].into_iter().chain(when).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// `2026-11-23 21:01`, UTC: nobody needs the second at which a note was written.
fn minute(at: Timestamp) -> String {
    rfc3339(at).chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// Whose notes these are.
fn authors(out: &mut String, provenance: &Provenance) {
    if provenance.authors.is_empty() {
        return;
    }
    heading(out, 3, "Notes by author");
    let mut table = Table::new(&["Author", "Notes", "Kinds", "First written (UTC)", "Last changed (UTC)"]);
    for author in &provenance.authors {
        let kinds: Vec<String> = author.kinds.iter().map(|(kind, n)| format!("{} {}", grouped(*n), kind)).collect();
        let n: u64 = author.kinds.iter().map(|kind| kind.1).sum();
        table.row(vec![cell(&author.name), grouped(n), cell(&kinds.join(", ")), minute(author.first), minute(author.last)]);
    }
    table.write(out);
}

fn postmortem_offset(t0: Option<Timestamp>, at: Timestamp) -> String {
    t0.map_or_else(String::new, |t0| t_offset(at.since(t0)))
}

fn derived(out: &mut String, provenance: &Provenance) {
    heading(out, 3, "Derived values");
    out.push_str("<details>\n<summary>Every number with its formula and inputs</summary>\n\n");
    let mut table = Table::new(&["Id", "What", "Value", "Formula", "Inputs"]);
    // A long formula is printed once; the rule that most of them share, once below the table.
    let mut first_with: BTreeMap<&str, &str> = BTreeMap::new();
    let beyond = format!("; {BEYOND}");
    for entry in &provenance.derived {
        let first = *first_with.entry(&entry.formula).or_insert(&entry.id);
        let formula = match first == entry.id || entry.formula.chars().count() < LONG_FORMULA {
            true => cell(&entry.formula.replace(&beyond, "")),
            false => format!("as for {}", code(first)),
        };
        let inputs: Vec<String> = entry.inputs.iter().map(|input| cell(input)).filter(|input| !input.is_empty()).collect();
        table.row(vec![
            code(&entry.id),
            cell(&entry.label),
            entry.value.as_deref().map_or_else(|| NOT_RECORDED.to_owned(), cell),
            formula,
            inputs.join("; "),
        ]);
    }
    table.write(out);
    if provenance.derived.iter().any(|entry| entry.formula.contains(&beyond)) {
        let _ = writeln!(out, "\n{}", inline(BEYOND));
    }
    out.push_str("\n</details>\n");
}

/// What was taken out, by rule.
pub(super) fn redactions(out: &mut String, postmortem: &Postmortem) {
    if postmortem.redactions.is_empty() {
        out.push_str("Nothing had to be taken out of it.\n");
        return;
    }
    let done = postmortem.redactions.iter().map(|done| format!("{} {}", grouped(done.count), cell(&done.rule)));
    let _ = writeln!(out, "Taken out, by rule and how often: {}.", done.collect::<Vec<_>>().join(", "));
}
