//! A postmortem as one HTML page: charts and style inside, no script, nothing loaded from anywhere.
//!
//! The words are those of the Markdown sections (`report::markdown`), so the two forms cannot tell different things;
//! `body` turns them into HTML and lets through only what is known. The head is printed from the values themselves.
//! A policy in the page forbids scripts and requests, should anything ever slip through.

mod body;

use std::fmt::Write as _;

use super::blocks;
use super::escape::xml;
use super::markdown::{self, Section};
use super::postmortem::{Derived, Head, Postmortem};
use super::style::{Dialect, Feature, Style};
use super::words::Voice;
use crate::model::Timestamp;
use crate::model::text::rfc3339;

pub(super) use body::Page;

const CSS: &str = include_str!("../../../assets/html/page.css");
/// Nothing may be run or loaded; styles stand in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Numbers at the head of the page, at most.
const MOST_TILES: usize = 8;

/// The whole page.
pub fn page(postmortem: &Postmortem, style: &Style) -> String {
    let stated = style.stated();
    let style = Style { dialect: Dialect { mermaid: Feature::Off, html: Feature::On, footnotes: Feature::Off }, ..style.clone() };
    let sections = markdown::sections(postmortem, &style);
    let mut out = String::from("<!doctype html>\n");
    let title = xml(&postmortem.head.title);
    let _ = writeln!(
        out,
        "<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"{}\">\n<title>{title}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n<div class=\"page\">",
        style.language.tag(),
        POLICY.replace("frame-ancestors 'none'", "").trim_end_matches([' ', ';']),
        xml(&postmortem.head.generator)
    );
    let voice = Voice::of(style.language, postmortem);
    header(&mut out, postmortem, &voice);
    contents(&mut out, &sections);
    out.push_str("<main>\n");
    let mut page = Page::new(postmortem, &sections).in_voice(voice);
    for section in &sections {
        let _ = writeln!(out, "<section id=\"{}\">", xml(&section.name));
        let _ = writeln!(
            out,
            "<h2>{}<a class=\"here\" href=\"#{}\" aria-label=\"link\">#</a></h2>",
            body::text_of(&section.title),
            xml(&section.name)
        );
        out.push_str(&page.section(section));
        out.push_str("</section>\n");
    }
    let _ = writeln!(out, "</main>\n<footer>{}</footer>\n</div>\n</body>\n</html>", xml(&postmortem.head.generator));
    let mut metas = String::new();
    for (key, value) in stated.iter().filter(|entry| ["preset", "audience", "language"].contains(&entry.0)) {
        let _ = writeln!(metas, "<meta name=\"coroner:{key}\" content=\"{}\">", xml(value));
    }
    seal(&out.replacen("<style>\n", &format!("{metas}<style>\n"), 1))
}

/// Begin of the line that holds the hash of the rest of the page.
const SEAL: &str = "<meta name=\"coroner:document\" content=\"";

fn seal(page: &str) -> String {
    page.replacen("<style>\n", &format!("{SEAL}{}\">\n<style>\n", blocks::hash(page)), 1)
}

/// Whether a page is as it was written. `None`: it has no seal, so it comes from elsewhere.
pub fn is_sealed(page: &str) -> Option<bool> {
    let line = page.lines().find(|line| line.starts_with(SEAL))?;
    let rest: String = page.lines().filter(|other| *other != line).map(|line| format!("{line}\n")).collect();
    Some(line[SEAL.len()..].split('"').next() == Some(blocks::hash(&rest).as_str()))
}

/// The style that a page states; what it does not state is as usual.
pub fn style_of(page: &str) -> Style {
    let lines =
        page.lines().filter_map(|line| line.strip_prefix("<meta name=\"coroner:")?.strip_suffix("\">")?.split_once("\" content=\""));
    let front: String = lines.map(|(key, value)| format!("{key}: \"{value}\"\n")).collect();
    Style::of_document(&format!("---\n{front}---\n"))
}

fn header(out: &mut String, postmortem: &Postmortem, voice: &Voice) {
    let head = &postmortem.head;
    out.push_str("<header>\n<p class=\"eyebrow\">");
    if let Some(severity) = &head.severity {
        let _ = write!(out, "<span class=\"badge severity\">{}</span>", xml(severity));
    }
    if let Some(status) = &head.status {
        let _ = write!(out, "<span class=\"badge\">{}</span>", xml(status));
    }
    for service in &head.services {
        let _ = write!(out, "<span>{}</span>", xml(service));
    }
    let _ = writeln!(out, "</p>\n<h1>{}</h1>\n<p class=\"when\">{}</p>", xml(&head.title), when(head));
    let tiles = tiles(postmortem);
    if !tiles.is_empty() {
        out.push_str("<dl class=\"tiles\">\n");
        for (label, value, more) in tiles {
            let more = if more.is_empty() { String::new() } else { format!("<small>{}</small>", xml(&voice.say(&more))) };
            let _ = writeln!(out, "<div><dt>{}</dt><dd>{}{more}</dd></div>", xml(&voice.say(&label)), xml(&value));
        }
        out.push_str("</dl>\n");
    }
    out.push_str("</header>\n");
}

/// `2026-03-01 10:03 → 10:09 UTC · T+0 = 10:00:00, deploy …`.
fn when(head: &Head) -> String {
    let minute = |at: Timestamp| rfc3339(at).get(..16).unwrap_or_default().replace('T', " ");
    let mut parts = Vec::new();
    if let Some(start) = head.start {
        let end = head.end.map_or(String::new(), |end| {
            let (start, end) = (minute(start), minute(end));
            let is_same_day = start.get(..10) == end.get(..10);
            format!(" – {}", if is_same_day { end.get(11..).unwrap_or_default() } else { &end })
        });
        parts.push(format!("{}{end} UTC", minute(start)));
    }
    if let Some(t0) = &head.t0 {
        let label = t0.label.trim();
        let label = if label.is_empty() { String::new() } else { format!(", {}", xml(label)) };
        parts.push(format!("T+0 = {}{label}", rfc3339(t0.at)));
    }
    parts.join(" · ")
}

/// Numbers that are known, each as label, figure and what belongs to it.
fn tiles(postmortem: &Postmortem) -> Vec<(String, String, String)> {
    let known = |rows: &[Derived], is_wanted: &dyn Fn(&str) -> bool| {
        let rows = rows.iter().filter(|row| is_wanted(&row.id));
        rows.filter_map(|row| row.value.as_ref().map(|value| (row.label.clone(), value.clone()))).collect::<Vec<_>>()
    };
    let mut tiles =
        known(&postmortem.impact, &|id| id == "impact.duration.user" || id == "impact.failed" || id.starts_with("impact.peak."));
    tiles.extend(known(&postmortem.response, &|id| id == "response.ttd" || id == "response.ttm" || id == "response.ttr"));
    tiles.truncate(MOST_TILES);
    tiles
        .into_iter()
        .map(|(label, value)| {
            let (figure, more) = split(&value);
            (label, figure.to_owned(), more.to_owned())
        })
        .collect()
}

/// The figure, and the words behind it: bounds, the moment.
fn split(value: &str) -> (&str, &str) {
    let cuts = [" (", " at ", ", ", "; "].into_iter().filter_map(|mark| value.find(mark));
    let Some(at) = cuts.min() else { return (value, "") };
    let more = value[at..].trim_start_matches([' ', ',', ';']);
    let more = match more.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) if !inner.contains(['(', ')']) => inner,
        _ => more,
    };
    (&value[..at], more)
}

fn contents(out: &mut String, sections: &[Section]) {
    out.push_str("<nav aria-label=\"contents\">\n<ol>\n");
    for section in sections {
        let _ = writeln!(out, "<li><a href=\"#{}\">{}</a></li>", xml(&section.name), body::text_of(&section.title));
    }
    out.push_str("</ol>\n</nav>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_states_its_style_and_knows_an_edit() {
        let style = Style { layout: super::super::layout::Layout::named("kehoe").unwrap().clone(), ..Style::default() };
        let text = page(&Postmortem::default(), &style);
        assert_eq!((is_sealed(&text), style_of(&text)), (Some(true), style));
        assert_eq!(is_sealed(&text.replace("</main>", "12</main>")), Some(false));
        assert_eq!(is_sealed("<!doctype html>\n<p>mine</p>\n"), None);
    }

    #[test]
    fn a_tile_shows_the_figure_and_keeps_the_rest_small() {
        assert_eq!(split("22 500 (between 21 600 and 22 500), 90 % of 25 000"), ("22 500", "(between 21 600 and 22 500), 90 % of 25 000"));
        assert_eq!(split("50s (between 45s and 50s)"), ("50s", "between 45s and 50s"));
        assert_eq!(split("≥ 10 s at T+4m (10:04:00)"), ("≥ 10 s", "at T+4m (10:04:00)"));
        assert_eq!(split("3m30s"), ("3m30s", ""));
    }
}
