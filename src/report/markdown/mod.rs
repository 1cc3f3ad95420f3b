//! A postmortem as GitHub-flavoured Markdown with pictures beside it.
//!
//! Every word that came from outside goes through `report::escape`. Headings stop at the third level and every
//! table row is one line, so that wikis take it. Sections about which nothing is known are left out; what a postmortem
//! must have prints `not recorded`. Each section is a block with its hash (`report::blocks`), so that it can be written again
//! without losing what people wrote around it.

mod appendix;
mod chain;
mod detection;
mod dialect;
mod footnotes;
mod glossary;
mod story;
mod table;
mod told;

use std::fmt::Write as _;

use std::collections::BTreeMap;

use super::blocks;
use super::escape::{cell, code, inline, link_path, section, yaml};
use super::postmortem::{Derived, Head, Indicator, Indicators, Postmortem};
use super::style::{Feature, Style};
use super::svg;
use super::words::Voice;
use crate::model::text::{rfc3339, t_offset};
use table::Table;

/// Printed where a number or time is missing.
const NOT_RECORDED: &str = "not recorded";
/// Measures that many houses do not take: without a value they share one line.
const OPTIONAL: [&str; 3] = ["response.declare", "response.diagnose", "response.verify"];
/// Printed where a series has no sample.
const NO_SAMPLE: &str = "–";

/// The document and its pictures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// The Markdown text.
    pub markdown: String,
    /// File name (no folder) and SVG text of each picture.
    pub assets: Vec<(String, String)>,
}

/// One section of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Stable name: `timeline`; `section.NAME` for the user's own prose.
    pub name: String,
    /// Heading, as Markdown.
    pub title: String,
    /// Markdown below the heading.
    pub text: String,
}

/// Prints a postmortem with all its sections. Deterministic: the same values give the same bytes.
pub fn render(postmortem: &Postmortem) -> Rendered {
    render_in(postmortem, &Style::default())
}

/// Prints a postmortem in a style.
pub fn render_in(postmortem: &Postmortem, style: &Style) -> Rendered {
    let mut body = vec![("head".to_owned(), head(postmortem, style))];
    for section in sections(postmortem, style) {
        body.push((section.name, format!("## {}\n\n{}", section.title, section.text)));
    }
    let texts: Vec<&str> = body.iter().map(|(_, text)| text.as_str()).collect();
    let notes = footnotes::notes(&texts, postmortem);
    if style.dialect.footnotes == Feature::On && !notes.is_empty() {
        let notes = Voice::of(style.language, postmortem).markdown(&notes);
        body.push(("footnotes".to_owned(), notes));
    }
    let mut front = String::new();
    front_matter(&mut front, postmortem);
    for (key, value) in style.stated() {
        let _ = writeln!(front, "{key}: {}", yaml(&value));
    }
    let hashes: Vec<String> = body.iter().map(|(name, text)| format!("{name} {}", blocks::hash(text))).collect();
    let wrapped = body.iter().map(|(name, text)| blocks::wrap(name, text)).collect::<Vec<_>>().join("\n");
    // Without comments no block has a mark: one seal for all of it.
    let (seal, wrapped) = match style.dialect.html {
        Feature::On => (blocks::hash(&hashes.join("\n")), wrapped),
        Feature::Off => {
            let bare = dialect::without_html(&wrapped);
            (blocks::hash(&bare), bare)
        }
    };
    let _ = writeln!(front, "document: {}", yaml(&seal));
    let markdown = format!("{}\n{wrapped}", blocks::wrap("front", &front));
    let voice = Voice::of(style.language, postmortem);
    let assets = postmortem.charts.iter().map(|(stem, chart)| (format!("{stem}.svg"), voice.svg(svg::draw(chart)))).collect();
    Rendered { markdown, assets }
}

/// Title and the line under it.
pub fn head(postmortem: &Postmortem, style: &Style) -> String {
    let mut top = String::new();
    heading(&mut top, 1, &postmortem.head.title);
    lead(&mut top, &postmortem.head);
    match top.split_once('\n') {
        // The title is the user's.
        Some((title, rest)) => format!("{title}\n{}", Voice::of(style.language, postmortem).markdown(rest)),
        None => top,
    }
}

/// The sections about which something is known, in the order and under the titles of the style.
pub fn sections(postmortem: &Postmortem, style: &Style) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let block = |found: &mut Vec<Section>, name: &str, write: &dyn Fn(&mut String)| {
        let mut text = String::new();
        write(&mut text);
        if let Some((title, text)) = text.strip_prefix("## ").and_then(|text| text.split_once("\n\n")) {
            found.push(Section { name: name.to_owned(), title: title.to_owned(), text: text.to_owned() });
        }
    };
    block(&mut found, "summary", &|out| summary(out, postmortem));
    block(&mut found, "impact", &|out| impact(out, postmortem));
    block(&mut found, "detection", &|out| detection::section(out, postmortem));
    block(&mut found, "indicators", &|out| indicators(out, postmortem));
    block(&mut found, "timeline", &|out| story::timeline(out, postmortem));
    block(&mut found, "chain", &|out| chain::chain(out, postmortem, style.dialect.mermaid));
    block(&mut found, "turning-points", &|out| story::turning_points(out, postmortem));
    block(&mut found, "attempts", &|out| story::attempts(out, postmortem));
    block(&mut found, "actions", &|out| story::actions(out, postmortem));
    for stem in postmortem.sections.keys().filter(|stem| !["summary", "impact"].contains(&stem.as_str())) {
        block(&mut found, &format!("section.{}", bare(stem)), &|out| {
            heading(out, 2, &title_of(stem));
            prose(out, &postmortem.sections, stem);
        });
    }
    for one in &postmortem.told {
        block(&mut found, one.name, &|out| told::section(out, one));
    }
    block(&mut found, "appendix", &|out| appendix::appendix(out, postmortem));
    if style.layout.sections.iter().any(|place| place.id == "glossary") {
        let mut text = String::new();
        glossary::section(&mut text, &found, style.language);
        let table = text.split_once("\n\n").map(|parts| parts.1.to_owned());
        found.extend(table.map(|text| Section { name: "glossary".into(), title: "Glossary".into(), text }));
    }
    if style.layout.sections.iter().any(|place| place.id == "redactions") {
        block(&mut found, "redactions", &|out| {
            heading(out, 2, "About this document");
            appendix::redactions(out, postmortem);
        });
    }
    let names: Vec<&str> = found.iter().map(|section| section.name.as_str()).collect();
    let order = style.layout.arrange(&names);
    let voice = Voice::of(style.language, postmortem);
    order
        .into_iter()
        .map(|(index, title)| {
            let section = found[index].clone();
            let title = title.map_or_else(|| section.title.clone(), inline);
            let is_prose = section.name.starts_with("section.");
            let has_notes = style.dialect.footnotes == Feature::On && !is_prose && section.name != "appendix";
            let section = if has_notes { Section { text: footnotes::refer(&section.text, postmortem), ..section } } else { section };
            let text = if is_prose { section.text } else { voice.markdown(&section.text) };
            Section { name: section.name, title: style.language.say(&title).into_owned(), text }
        })
        .collect()
}

/// What it did to users, and what that cost.
fn impact(out: &mut String, postmortem: &Postmortem) {
    let rows: Vec<Derived> = [&postmortem.impact, &postmortem.degraded, &postmortem.slo].into_iter().flatten().cloned().collect();
    measures(out, "Impact", &rows);
    detection::services(out, postmortem);
    prose(out, &postmortem.sections, "impact");
}

/// `03-went_well` → `went-well`: the section that a file of prose is printed as.
pub fn bare(stem: &str) -> String {
    stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_').replace(['_', ' '], "-").to_lowercase()
}

/// A heading with a blank line around it.
fn heading(out: &mut String, level: usize, text: &str) {
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    let _ = writeln!(out, "{} {}\n", "#".repeat(level), inline(text));
}

fn front_matter(out: &mut String, postmortem: &Postmortem) {
    let head = &postmortem.head;
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(out, "{key}: {value}");
        }
    };
    line("title", Some(yaml(&head.title)));
    line("severity", head.severity.as_deref().map(yaml));
    line("status", head.status.as_deref().map(yaml));
    line("date", head.start.map(|start| yaml(rfc3339(start).get(..10).unwrap_or_default())));
    line("start", head.start.map(|start| yaml(&rfc3339(start))));
    line("end", head.end.map(|end| yaml(&rfc3339(end))));
    line("duration", head.duration.as_deref().map(yaml));
    let services: Vec<String> = head.services.iter().map(|service| yaml(service)).collect();
    line("services", (!services.is_empty()).then(|| format!("[{}]", services.join(", "))));
    line("time_zone", Some(yaml("UTC")));
    line("local_time_zone", head.time_zone.as_deref().map(yaml));
    line("t0", head.t0.as_ref().map(|t0| yaml(&rfc3339(t0.at))));
    line("t0_is", head.t0.as_ref().map(|t0| yaml(&t0.label)));
    for (key, values) in &head.more {
        let values: Vec<String> = values.iter().map(|value| yaml(value)).collect();
        let is_single = ["id", "published", "owner", "change"].contains(key);
        line(key, if is_single { values.first().cloned() } else { Some(format!("[{}]", values.join(", "))) });
    }
    line("generator", Some(yaml(&head.generator)));
    let lint = postmortem.lint.as_deref().map(super::lint::counts);
    line("lint", lint.map(|(errors, warnings, infos)| yaml(&format!("errors {errors}, warnings {warnings}, infos {infos}"))));
}

/// The line under the title: what T+0 is, and in which zone times are.
fn lead(out: &mut String, head: &Head) {
    let mut words: Vec<String> = Vec::new();
    words.extend(head.severity.as_deref().map(|severity| format!("**{}**", inline(severity))));
    words.extend(head.status.as_deref().map(|status| format!("status {}", inline(status))));
    words.push(if words.is_empty() { "All times are UTC".into() } else { "all times are UTC".into() });
    words.push(match &head.t0 {
        Some(t0) => {
            let label = if t0.label.trim().is_empty() { String::new() } else { format!(", {}", cell(&t0.label)) };
            format!("T+0 = {}{label}", rfc3339(t0.at))
        }
        None => "T+0 is not set".into(),
    });
    let _ = writeln!(out, "{}", words.join(" · "));
}

fn summary(out: &mut String, postmortem: &Postmortem) {
    heading(out, 2, "Summary");
    prose(out, &postmortem.sections, "summary");
    for (name, words) in &postmortem.summary {
        let _ = writeln!(out, "- **{name}.** {}", cell(words));
    }
}

/// A section that the user wrote, as it stands.
fn prose(out: &mut String, sections: &BTreeMap<String, String>, stem: &str) {
    if let Some(text) = sections.get(stem).filter(|text| !text.trim().is_empty()) {
        if !out.ends_with("\n\n") {
            out.push('\n');
        }
        out.push_str(&section(text.trim()));
        out.push('\n');
    }
}

/// `went-well` → `Went well`.
fn title_of(stem: &str) -> String {
    let words = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_').replace(['-', '_'], " ");
    let mut chars = words.chars();
    chars.next().map_or_else(|| stem.to_owned(), |first| first.to_uppercase().chain(chars).collect())
}

fn measures(out: &mut String, title: &str, rows: &[Derived]) {
    heading(out, 2, title);
    let mut table = Table::new(&["Measure", "Value", "How"]);
    let (shown, left_out): (Vec<&Derived>, Vec<&Derived>) =
        rows.iter().partition(|row| row.value.is_some() || !OPTIONAL.contains(&row.id.as_str()));
    for row in shown {
        let value = row.value.as_deref().map_or_else(|| NOT_RECORDED.to_owned(), |value| format!("**{}**", cell(value)));
        let how = if row.how.is_empty() { &row.formula } else { &row.how };
        table.row(vec![cell(&row.label), format!("{value} <!-- {} -->", row.id), cell(how)]);
    }
    table.write(out);
    if !left_out.is_empty() {
        let labels: Vec<String> = left_out.iter().map(|row| cell(&row.label)).collect();
        let _ = writeln!(out, "\nAlso {NOT_RECORDED}: {}.", labels.join(", "));
    }
    if title == "Impact" {
        out.push_str("\nFull formulas, windows and inputs: appendix, derived values.\n");
    }
}

/// Moments from top to bottom as time goes, a column for each series.
fn indicators(out: &mut String, postmortem: &Postmortem) {
    let Indicators { moments, series, window, notes } = &postmortem.indicators;
    heading(out, 2, "Key indicators");
    if series.is_empty() {
        out.push_str("No series was chosen.\n");
        return;
    }
    let shown = |value: &Option<String>| value.as_deref().map_or_else(|| NO_SAMPLE.to_owned(), cell);
    let line = |name: String, of: &dyn Fn(&Indicator) -> String| std::iter::once(name).chain(series.iter().map(of)).collect::<Vec<_>>();
    let mut table = Table::with_head(line("Moment".into(), &|one| column_name(one, series)));
    table.row(line("shape".into(), &|one| if one.spark.is_empty() { NO_SAMPLE.into() } else { format!("`{}`", one.spark) }));
    for (index, (label, at)) in moments.iter().enumerate() {
        let name = match at {
            Some(at) if !rfc3339(*at).starts_with(label.as_str()) => format!("{} ({})", cell(label), clock(*at)),
            _ => cell(label),
        };
        table.row(line(name, &|one| one.cells.get(index).map_or_else(String::new, shown)));
    }
    table.row(line("**Peak**".into(), &|one| shown(&one.peak)));
    table.write(out);
    out.push_str("\nEach value is the last sample at or before its moment; `–` means that there is none that is fresh, `≥` that the series cannot show more");
    out.push_str(", `NaN` that the source says so.");
    if let Some(window) = window {
        let offset = |at: crate::model::Timestamp| postmortem.head.t0.as_ref().map_or_else(|| rfc3339(at), |t0| t_offset(at.since(t0.at)));
        let _ = write!(
            out,
            " Shape, peak and pictures cover {} to {}; `·` is a gap.",
            offset(window.start()),
            offset(crate::report::postmortem::told_end(*window))
        );
    }
    for note in notes {
        let _ = write!(out, " {}", cell(note));
    }
    out.push_str("\n\n");
    for one in series {
        let missing = if one.is_loaded { "" } else { ", not in the data at hand" };
        let _ = writeln!(out, "- {}: {} of {}{missing}", column_name(one, series), code_text(&one.series), code_text(&one.source));
    }
    for one in series {
        if let Some(asset) = &one.asset {
            let name = if one.role.is_empty() { &one.series } else { &one.role };
            let _ = writeln!(out, "\n{}", image(postmortem, asset, name));
        }
    }
}

/// The role; else the metric; of several series of one metric the whole name.
fn column_name(one: &Indicator, all: &[Indicator]) -> String {
    let is_same = |other: &&Indicator| other.role == one.role && other.metric == one.metric;
    match (one.role.as_str(), all.iter().filter(is_same).count()) {
        ("", 0 | 1) => code(&one.metric),
        ("", _) => code(&one.series),
        (role, 0 | 1) => cell(role),
        (role, _) => format!("{} {}", cell(role), code(&one.series)),
    }
}

/// A picture beside the document, with words for those who cannot see it.
fn image(postmortem: &Postmortem, stem: &str, words: &str) -> String {
    format!("![{}]({}/{stem}.svg)", inline(words), link_path(&postmortem.assets))
}

fn code_text(text: &str) -> String {
    super::escape::code_in_text(text)
}

/// Time of day with milliseconds if there are any.
fn clock(at: crate::model::Timestamp) -> String {
    let text = rfc3339(at);
    let time = text.get(11..).unwrap_or_default().trim_end_matches('Z');
    time.chars().take(12).collect::<String>().trim_end_matches(['.']).to_owned()
}
