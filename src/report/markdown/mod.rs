//! A postmortem as GitHub-flavoured Markdown with pictures beside it.
//!
//! Every word that came from outside goes through `report::escape`. Headings stop at the third level and every
//! table row is one line, so that wikis take it. Sections about which nothing is known are left out; what a postmortem
//! must have prints `not recorded`.

mod appendix;
mod chain;
mod story;
mod table;

use std::fmt::Write as _;

use std::collections::BTreeMap;

use super::escape::{cell, code, inline, link_path, section, yaml};
use super::postmortem::{Derived, Head, Indicators, Postmortem};
use super::svg;
use crate::model::text::{rfc3339, t_offset, whole_duration};
use crate::model::time::NS_PER_S;
use table::Table;

/// Printed where a number or time is missing.
const NOT_RECORDED: &str = "not recorded";
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

/// Prints a postmortem. Deterministic: the same values give the same bytes.
pub fn render(postmortem: &Postmortem) -> Rendered {
    let mut out = String::new();
    front_matter(&mut out, postmortem);
    heading(&mut out, 1, &postmortem.head.title);
    lead(&mut out, &postmortem.head);
    summary(&mut out, postmortem);
    measures(&mut out, "Impact", &postmortem.impact);
    prose(&mut out, &postmortem.sections, "impact");
    measures(&mut out, "Detection and response", &postmortem.response);
    indicators(&mut out, postmortem);
    story::timeline(&mut out, postmortem);
    chain::chain(&mut out, postmortem);
    story::turning_points(&mut out, postmortem);
    story::attempts(&mut out, postmortem);
    story::actions(&mut out, postmortem);
    for stem in postmortem.sections.keys().filter(|stem| !["summary", "impact"].contains(&stem.as_str())) {
        heading(&mut out, 2, &title_of(stem));
        prose(&mut out, &postmortem.sections, stem);
    }
    appendix::appendix(&mut out, postmortem);
    let assets = postmortem.charts.iter().map(|(stem, chart)| (format!("{stem}.svg"), svg::draw(chart))).collect();
    Rendered { markdown: out, assets }
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
    line("---\ntitle", Some(yaml(&head.title)));
    line("severity", head.severity.as_deref().map(yaml));
    line("status", head.status.as_deref().map(yaml));
    line("date", head.start.map(|start| yaml(rfc3339(start).get(..10).unwrap_or_default())));
    line("start", head.start.map(|start| yaml(&rfc3339(start))));
    line("end", head.end.map(|end| yaml(&rfc3339(end))));
    let seconds = head.start.zip(head.end).map(|(start, end)| end.since(start) / NS_PER_S).and_then(|secs| u64::try_from(secs).ok());
    line("duration", seconds.map(|secs| yaml(&whole_duration(secs))));
    let services: Vec<String> = head.services.iter().map(|service| yaml(service)).collect();
    line("services", (!services.is_empty()).then(|| format!("[{}]", services.join(", "))));
    line("time_zone", Some(yaml("UTC")));
    line("local_time_zone", head.time_zone.as_deref().map(yaml));
    line("t0", head.t0.as_ref().map(|t0| yaml(&rfc3339(t0.at))));
    line("t0_is", head.t0.as_ref().map(|t0| yaml(&t0.label)));
    line("generator", Some(yaml(&head.generator)));
    out.push_str("---\n");
}

/// The line under the title: what T+0 is, and in which zone times are.
fn lead(out: &mut String, head: &Head) {
    let mut words: Vec<String> = Vec::new();
    words.extend(head.severity.as_deref().map(|severity| format!("**{}**", inline(severity))));
    words.extend(head.status.as_deref().map(|status| format!("status {}", inline(status))));
    words.push("all times UTC".into());
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
    for row in rows {
        let value = row.value.as_deref().map_or_else(|| NOT_RECORDED.to_owned(), |value| format!("**{}**", cell(value)));
        let how = if row.how.is_empty() { &row.formula } else { &row.how };
        table.row(vec![cell(&row.label), format!("{value} <!-- {} -->", row.id), cell(how)]);
    }
    table.write(out);
    if title == "Impact" {
        out.push_str("\nFull formulas, windows and inputs: appendix, derived values.\n");
    }
}

fn indicators(out: &mut String, postmortem: &Postmortem) {
    let Indicators { columns, rows, window, notes } = &postmortem.indicators;
    heading(out, 2, "Key indicators");
    if rows.is_empty() {
        out.push_str("No series was chosen.\n");
        return;
    }
    let mut head = vec!["Indicator".to_owned(), "Shape".to_owned()];
    head.extend(columns.iter().map(|(label, at)| match at {
        Some(at) if !rfc3339(*at).starts_with(label.as_str()) => format!("{}<br>{}", cell(label), clock(*at)),
        _ => cell(label),
    }));
    head.push("Peak".into());
    let mut table = Table::with_head(head);
    for row in rows {
        let name = if row.role.is_empty() { code(&row.series) } else { format!("{}<br>{}", cell(&row.role), code(&row.series)) };
        let mut cells = vec![name, if row.spark.is_empty() { NO_SAMPLE.into() } else { format!("`{}`", row.spark) }];
        cells.extend(row.cells.iter().map(|value| value.as_deref().map_or_else(|| NO_SAMPLE.to_owned(), cell)));
        cells.push(row.peak.as_deref().map_or_else(|| NO_SAMPLE.to_owned(), cell));
        table.row(cells);
    }
    table.write(out);
    out.push_str("\nEach value is the last sample at or before its moment; `–` means that there is none that is fresh, `≥` that the series cannot show more");
    out.push_str(", `NaN` that the source says so.");
    if let Some(window) = window {
        let offset = |at: crate::model::Timestamp| postmortem.head.t0.as_ref().map_or_else(|| rfc3339(at), |t0| t_offset(at.since(t0.at)));
        let _ = write!(out, " Shape, peak and pictures cover {} to {}; `·` is a gap.", offset(window.start()), offset(window.end()));
    }
    for note in notes {
        let _ = write!(out, " {}", inline(note));
    }
    out.push('\n');
    for row in rows {
        if !row.is_loaded {
            let _ = writeln!(out, "\n{} of {} is not in the data at hand.", code_text(&row.series), code_text(&row.source));
        }
        if let Some(asset) = &row.asset {
            let name = if row.role.is_empty() { &row.series } else { &row.role };
            let _ = writeln!(out, "\n{}", image(postmortem, asset, name));
        }
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
