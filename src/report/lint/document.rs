//! PM018, PM029 to PM031: the fix and the paper itself.

use super::{Desk, Finding, Limits};
use crate::model::case::Verdict;
use crate::report::blocks::{Part, quoted, split};

/// Most signs and edges of a mermaid graph that its renderers take.
const MERMAID: (usize, usize) = (50_000, 500);

pub(super) fn check(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    verification(desk, limits, found);
    if desk.case.meta.title.trim().is_empty() {
        let message = format!("nobody gave a title; the document is called {:?}, after what was opened", desk.postmortem.head.title);
        found.push(Finding::new("PM031", "title", message, "say what happened to whom: coroner note CASE set title=\"…\""));
    }
    let document = desk.exported.unwrap_or(desk.fresh);
    rendering(document, found);
    if let Some(exported) = desk.exported {
        edited(exported, found);
    }
}

fn verification(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    let stages = &desk.postmortem.stages;
    let is_about_it = |name: &str| ["verif", "canary", "rollout"].iter().any(|word| name.to_lowercase().contains(word));
    let has_section = desk.postmortem.sections.iter().any(|(stem, text)| is_about_it(stem) && !text.trim().is_empty());
    if stages.is_empty() && !has_section {
        let message = "nothing shows that the fix works: no stage of a rollout, no section about verification";
        found.push(Finding::new("PM018", "verification", message, "note the stages of the rollout, or write sections/verification.md"));
        return;
    }
    if !stages.is_empty() && stages.iter().all(|stage| stage.verdict() == Verdict::Inconclusive) && !has_section {
        let message = format!("no stage of the rollout came to a verdict; the last: {}", stages.last().map_or("", |stage| &stage.why));
        found.push(Finding::new(
            "PM018",
            "verification",
            message,
            "run a stage long enough to tell; coroner canary CASE shows what is missing",
        ));
    }
    for (index, stage) in stages.iter().enumerate() {
        let seconds = stage.at.len_ns() as f64 / 1e9;
        let mut warn = |message: String, fix: &str| {
            let finding = Finding::new("PM018", format!("stage {}", index + 1), message, fix);
            found.push(finding.into_warning().about(&stage.id).at(stage.at.start()));
        };
        if stage.verdict() != Verdict::Pass {
            continue;
        }
        if seconds < limits.get("stage_s") {
            let message = format!("passed after {seconds:.0} s: too short to tell (limit {:.0} s)", limits.get("stage_s"));
            warn(message, "let it stand longer, or call it inconclusive");
        } else if stage.derived != Verdict::Pass {
            let message = format!("stated as passed, but {} by the data: {}", stage.derived.name(), stage.why);
            warn(message, "say in its record what else shows it, or take the verdict back");
        }
    }
}

fn rendering(document: &str, found: &mut Vec<Finding>) {
    let lines: Vec<&str> = document.lines().collect();
    let quoted = quoted(&lines);
    let mut add = |line: usize, message: String, fix: &str| found.push(Finding::new("PM029", format!("line {}", line + 1), message, fix));
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim() == "```mermaid" {
            let graph: Vec<&&str> = lines[at + 1..].iter().take_while(|line| line.trim() != "```").collect();
            let n_signs: usize = graph.iter().map(|line| line.chars().count() + 1).sum();
            let n_edges = graph.iter().filter(|line| ["-->", "-.->", "==>", "--x"].iter().any(|arrow| line.contains(arrow))).count();
            if n_signs > MERMAID.0 || n_edges > MERMAID.1 {
                add(
                    at,
                    format!("the graph has {n_signs} signs and {n_edges} edges, more than mermaid takes"),
                    "leave causes out, or split the graph",
                );
            }
            at += graph.len();
        } else if !quoted[at] && lines[at].contains("![](") {
            add(at, "a picture without words for those who cannot see it".into(), "write them: ![what it shows](…)");
        } else if !quoted[at] && lines[at].starts_with('|') && n_cells(lines[at]) != n_cells(first_of_table(&lines, at)) {
            add(
                at,
                "a row that is not one line, or has other cells than its head".into(),
                "keep each row on one line, and write \\| for |",
            );
        }
        at += 1;
    }
}

fn first_of_table<'a>(lines: &[&'a str], at: usize) -> &'a str {
    let first = lines[..at].iter().rposition(|line| !line.starts_with('|')).map_or(0, |index| index + 1);
    lines[first]
}

fn n_cells(line: &str) -> usize {
    let mut is_escaped = false;
    let borders = line.chars().filter(|c| {
        let is_border = *c == '|' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_border
    });
    borders.count()
}

fn edited(exported: &str, found: &mut Vec<Finding>) {
    for part in split(exported) {
        if let Part::Block(block) = part
            && block.is_edited()
        {
            let message = format!(
                "the generated block \"{}\" was edited by hand; the next export would have to refuse it or lose the edit",
                block.name
            );
            let fix = "move your words outside of the block, or into sections/*.md, and export again";
            found.push(Finding::new("PM030", format!("line {}", block.line), message, fix));
        }
    }
}
