//! The causal chain: a mermaid graph, the same as a list, then each step with its evidence.

use std::fmt::Write as _;

use super::{NOT_RECORDED, clock, code_text, heading, image};
use crate::model::case::{CauseStatus, CauseType, Relation};
use crate::model::text::t_offset;
use crate::report::escape::{cell, fence, inline, mermaid, paragraph, web_link};
use crate::report::postmortem::{Block, Edge, Exhibit, Postmortem, Step};
use crate::report::style::Feature;

/// Mermaid refuses more than 500 edges, and nobody reads more nodes than this.
const MOST_NODES: usize = 60;
/// Signs of a statement that fit into a node.
const LABEL_CHARS: usize = 90;
/// Bytes that a sentence has at least.
const LEAST_SENTENCE: usize = 12;

pub(super) fn chain(out: &mut String, postmortem: &Postmortem, mermaid: Feature) {
    heading(out, 2, "Causal chain");
    if postmortem.chain.is_empty() {
        let _ = writeln!(out, "{NOT_RECORDED}");
    } else {
        let shown: Vec<&Step> = postmortem.chain.iter().filter(|step| step.status != CauseStatus::Refuted).collect();
        if mermaid == Feature::On && (2..=MOST_NODES).contains(&shown.len()) {
            out.push_str(&graph(&shown, postmortem));
            out.push('\n');
        }
        list(out, postmortem);
    }
    let mut printed: Vec<&str> = Vec::new();
    for step in &postmortem.chain {
        print_step(out, postmortem, step, &mut printed);
    }
    let rest: Vec<&Exhibit> = postmortem.exhibits.iter().filter(|exhibit| !printed.contains(&exhibit.label.as_str())).collect();
    if !rest.is_empty() {
        heading(out, 3, if postmortem.chain.is_empty() { "Evidence" } else { "Further evidence" });
        for exhibit in rest {
            print_exhibit(out, postmortem, exhibit);
        }
    }
}

fn graph(steps: &[&Step], postmortem: &Postmortem) -> String {
    // Long chains get too small to read from left to right.
    let direction = if steps.len() > 4 { "TD" } else { "LR" };
    let mut out = format!("```mermaid\nflowchart {direction}\n");
    for step in steps {
        let (open, close) = match step.cause_type {
            CauseType::Trigger => ("([", "])"),
            CauseType::Defect => ("[", "]"),
            CauseType::LatentCondition => ("[(", ")]"),
            CauseType::Amplifier => ("{{", "}}"),
            CauseType::MissingDefence => ("[/", "/]"),
            CauseType::Effect => ("(", ")"),
        };
        let when = offset(postmortem, step).map_or(String::new(), |offset| format!(" {}", mermaid(&offset, 20)));
        let words = mermaid(&gist(&step.statement), LABEL_CHARS);
        let _ = writeln!(out, "  {}{open}\"{}{when}: {words}\"{close}", step.label, step.label);
    }
    let is_shown = |label: &str| steps.iter().any(|step| step.label == label);
    for edge in postmortem.edges.iter().filter(|edge| is_shown(&edge.from) && is_shown(&edge.to)) {
        let arrow = match edge.relation {
            Some(Relation::Amplifies) => "==>",
            Some(Relation::Contradicts | Relation::Blocks) => "--x",
            None | Some(Relation::Masks | Relation::Mitigates) => "-.->",
            Some(Relation::Causes | Relation::Enables) => "-->",
        };
        let _ = writeln!(out, "  {} {arrow}|\"{}\"| {}", edge.from, mermaid(&edge_words(edge), 60), edge.to);
    }
    for step in steps.iter().filter(|step| step.status == CauseStatus::Suspected) {
        let _ = writeln!(out, "  style {} stroke-dasharray: 5 5", step.label);
    }
    out.push_str("```\n");
    out
}

/// The first sentence; if that is too long, its whole words that fit.
fn gist(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    // "1. " and "e.g. " end no sentence: a sentence has some length, and the next begins with a capital.
    let ends = |at: usize| at >= LEAST_SENTENCE && line[at + 2..].chars().next().is_some_and(char::is_uppercase);
    let sentence = line.match_indices(". ").find(|found| ends(found.0)).map_or(line.as_str(), |(at, _)| &line[..at]);
    if sentence.chars().count() <= LABEL_CHARS {
        return sentence.to_owned();
    }
    let cut: String = sentence.chars().take(LABEL_CHARS - 1).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{}…", whole.trim_end_matches([',', ';', ':']))
}

fn edge_words(edge: &Edge) -> String {
    let relation = edge.relation.map_or("then", Relation::name);
    let lag = edge.lag.as_ref().map_or(String::new(), |lag| format!(" after {lag}"));
    format!("{relation}{lag}")
}

fn offset(postmortem: &Postmortem, step: &Step) -> Option<String> {
    let t0 = postmortem.head.t0.as_ref()?;
    step.at.map(|range| t_offset(range.start().since(t0.at)))
}

/// The graph in words, for readers and wikis without pictures.
fn list(out: &mut String, postmortem: &Postmortem) {
    for step in &postmortem.chain {
        let when = offset(postmortem, step).map_or(String::new(), |offset| format!(" {offset}"));
        let status = step.status.name();
        let _ = writeln!(out, "- **{}**{when} ({}, {status}): {}", step.label, type_words(step.cause_type), cell(&step.statement));
        for edge in postmortem.edges.iter().filter(|edge| edge.from == step.label) {
            let why = if edge.text.trim().is_empty() { String::new() } else { format!(": {}", cell(&edge.text)) };
            let _ = writeln!(out, "  - {} → {}{why}", edge_words(edge), edge.to);
        }
    }
    if postmortem.edges.iter().any(|edge| edge.relation.is_none()) {
        out.push_str("\n\"Then\" is only the order of the chain: no link between causes was recorded.\n");
    }
}

const fn type_words(cause_type: CauseType) -> &'static str {
    match cause_type {
        CauseType::Trigger => "trigger",
        CauseType::Defect => "defect",
        CauseType::LatentCondition => "latent condition",
        CauseType::Amplifier => "amplifier",
        CauseType::MissingDefence => "missing defence",
        CauseType::Effect => "effect",
    }
}

fn print_step<'a>(out: &mut String, postmortem: &'a Postmortem, step: &'a Step, printed: &mut Vec<&'a str>) {
    heading(out, 3, &format!("{}: {}, {}", step.label, type_words(step.cause_type), step.status.name()));
    let _ = writeln!(out, "{}", paragraph(&step.statement));
    let when = step.at.map(|range| {
        let until = if range.is_empty() { String::new() } else { format!(" to {}", clock(range.end())) };
        let offset = offset(postmortem, step).map_or(String::new(), |offset| format!(" ({offset})"));
        format!("When: {}{offset}{until}.", clock(range.start()))
    });
    let into = postmortem.edges.iter().filter(|edge| edge.to == step.label);
    let from: Vec<String> = into.map(|edge| format!("{} ({})", edge.from, cell(&edge_words(edge)))).collect();
    let from = (!from.is_empty()).then(|| format!("From {}.", from.join(", ")));
    if when.is_some() || from.is_some() {
        let _ = writeln!(out, "\n{}", [when, from].into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    for id in &step.lost {
        let _ = writeln!(out, "\nEvidence {} is no longer in the case.", code_text(id));
    }
    if step.evidence.is_empty() {
        out.push_str("\nNo evidence is pinned to this step.\n");
    }
    let notes: String = step.notes.iter().map(|(name, words)| format!("- {name}: {}\n", cell(words))).collect();
    if !notes.is_empty() {
        let _ = write!(out, "\n{notes}");
    }
    for label in &step.evidence {
        if printed.contains(&label.as_str()) {
            let _ = writeln!(out, "\n**{label}**: see above.");
            continue;
        }
        printed.push(label);
        if let Some(exhibit) = postmortem.exhibits.iter().find(|exhibit| exhibit.label == *label) {
            print_exhibit(out, postmortem, exhibit);
        }
    }
}

fn print_exhibit(out: &mut String, postmortem: &Postmortem, exhibit: &Exhibit) {
    let caption = cell(&exhibit.caption);
    let caption = if caption.is_empty() { String::new() } else { format!(": {caption}") };
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
    let _ = writeln!(out, "**{}** ({}){caption}\n", exhibit.label, exhibit.kind);
    let pairs = match &exhibit.block {
        Block::Values { pairs, .. } | Block::Lines { pairs, .. } => pairs,
    };
    for (name, value) in pairs {
        let is_name =
            ["Series", "Source", "Record", "Lines", "Query", "sha256 of the lines", "sha256 of the diff"].contains(&name.as_str());
        let shown = match name.as_str() {
            "Address" => web_link(value),
            _ if is_name => code_text(value),
            _ => cell(value),
        };
        let _ = writeln!(out, "- {}: {shown}", cell(name));
    }
    if let Block::Values { spark, .. } = &exhibit.block
        && !spark.is_empty()
    {
        let _ = writeln!(out, "- Shape: `{spark}`");
    }
    match &exhibit.block {
        Block::Lines { excerpt, .. } => {
            let language = if exhibit.kind == "code" { "diff" } else { "text" };
            let _ = write!(out, "\n{}", fence(excerpt, language));
        }
        Block::Values { asset: Some(asset), .. } => {
            let _ = writeln!(out, "\n{}", image(postmortem, asset, &exhibit.subject));
        }
        Block::Values { .. } => {}
    }
    for doubt in &exhibit.doubts {
        let _ = writeln!(out, "\nNote: {}.", inline(doubt));
    }
}
