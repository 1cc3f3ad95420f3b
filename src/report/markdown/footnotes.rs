//! Footnotes of evidence: in every table a label leads to a note at the end of the document, which says what it is and where from.
//!
//! A preset without the causal chain keeps the way to the sources by them. Readers that know no footnotes are
//! printed without (`--no-footnotes`): the labels stay.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::code_text;
use crate::report::escape::{cell, web_link};
use crate::report::postmortem::{Block, Exhibit, Postmortem};

/// Pairs of an exhibit that say where it is from.
const PLACES: [&str; 6] = ["Series", "Lines", "Record", "Source", "Files", "Address"];

/// The text of a section with a footnote behind every label that stands alone in a cell, or in a list of such.
pub(super) fn refer(text: &str, postmortem: &Postmortem) -> String {
    let is_known = |label: &str| postmortem.exhibits.iter().any(|exhibit| exhibit.label == label);
    let of_cell = |cell: &str| -> String {
        let bare = cell.trim();
        let is_list = !bare.is_empty() && bare.split(", ").any(is_known);
        if !is_list {
            return cell.to_owned();
        }
        let noted = |part: &str| if is_known(part) { format!("{part}[^{part}]") } else { part.to_owned() };
        cell.replace(bare, &bare.split(", ").map(noted).collect::<Vec<_>>().join(", "))
    };
    let lines: Vec<&str> = text.split('\n').collect();
    let quoted = crate::report::blocks::quoted(&lines);
    let of_line = |(line, is_quoted): (&&str, &bool)| match line.strip_prefix("| ").and_then(|rest| rest.strip_suffix(" |")) {
        Some(cells) if !is_quoted => format!("| {} |", cells.split(" | ").map(of_cell).collect::<Vec<_>>().join(" | ")),
        _ => (*line).to_owned(),
    };
    lines.iter().zip(&quoted).map(of_line).collect::<Vec<_>>().join("\n")
}

/// The notes to which the sections refer, one line each.
pub(super) fn notes(sections: &[&str], postmortem: &Postmortem) -> String {
    let mark = |exhibit: &Exhibit| format!("[^{}]", exhibit.label);
    let wanted: BTreeSet<&str> = postmortem
        .exhibits
        .iter()
        .filter(|exhibit| sections.iter().any(|text| text.contains(&mark(exhibit))))
        .map(|exhibit| exhibit.label.as_str())
        .collect();
    let mut out = String::new();
    for exhibit in postmortem.exhibits.iter().filter(|exhibit| wanted.contains(exhibit.label.as_str())) {
        let _ = writeln!(out, "{}: {}", mark(exhibit), words(exhibit));
    }
    out
}

fn words(exhibit: &Exhibit) -> String {
    let pairs = match &exhibit.block {
        Block::Values { pairs, .. } | Block::Lines { pairs, .. } => pairs,
    };
    let places = pairs.iter().filter(|(name, _)| PLACES.contains(&name.as_str())).map(|(name, value)| {
        let shown = if name == "Address" { web_link(value) } else { code_text(value) };
        format!("{}: {shown}", cell(name))
    });
    let caption = Some(cell(&exhibit.caption)).filter(|caption| !caption.is_empty());
    std::iter::once(exhibit.kind.to_owned()).chain(caption).chain(places).collect::<Vec<_>>().join("; ")
}
