//! The tables that tell what happened and what was done: timeline, turning points, attempts, action items.

use std::fmt::Write as _;

use super::table::Table;
use super::{NO_SAMPLE, NOT_RECORDED, clock, heading};
use crate::model::Timestamp;
use crate::model::text::rfc3339;
use crate::report::escape::{cell, code, web_link};
use crate::report::postmortem::{ACTION_TYPES, ActionRow, Effect, Postmortem, TimelineRow, timeline_limit};

pub(super) fn timeline(out: &mut String, postmortem: &Postmortem) {
    heading(out, 2, "Timeline");
    if postmortem.timeline.is_empty() {
        out.push_str("not recorded\n");
        return;
    }
    let days: Vec<&[TimelineRow]> = postmortem.timeline.chunk_by(|a, b| day(a.at) == day(b.at)).collect();
    for rows in &days {
        if days.len() > 1 {
            heading(out, 3, &day(rows[0].at));
        }
        let mut table = Table::new(&["Time (UTC)", "T+", "Service", "Kind", "What happened", "Evidence"]);
        for row in *rows {
            table.row(vec![
                times(row),
                row.offset.clone().unwrap_or_default(),
                row.service.as_deref().map_or_else(String::new, cell),
                cell(&row.kind),
                cell(&row.text),
                evidence(&row.evidence),
            ]);
        }
        table.write(out);
    }
    if postmortem.n_left_out > 0 {
        let _ = writeln!(
            out,
            "\n{} more changes and alerts are not shown; the table takes {} and prefers those inside the incident.",
            postmortem.n_left_out,
            timeline_limit()
        );
    }
}

fn day(at: Timestamp) -> String {
    rfc3339(at).get(..10).unwrap_or_default().to_owned()
}

fn times(row: &TimelineRow) -> String {
    let until = row.until.map_or(String::new(), |until| {
        let date = if day(until) == day(row.at) { String::new() } else { format!("{} ", day(until)) };
        format!("–{date}{}", clock(until))
    });
    let doubt = if row.doubt.is_empty() { String::new() } else { format!(" ({})", row.doubt) };
    format!("{}{until}{doubt}", clock(row.at))
}

/// Labels as they are, places in sources as code.
fn evidence(entries: &[String]) -> String {
    let is_label = |entry: &str| entry.strip_prefix('E').is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()));
    let shown: Vec<String> = entries.iter().map(|entry| if is_label(entry) { entry.clone() } else { code(entry) }).collect();
    shown.join(", ")
}

fn effects(effects: &[Effect]) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| NO_SAMPLE.into());
    let shown: Vec<String> = effects
        .iter()
        .map(|effect| format!("{} {} → {}", cell(&effect.role), cell(&value(&effect.before)), cell(&value(&effect.after))))
        .collect();
    shown.join("<br>")
}

pub(super) fn turning_points(out: &mut String, postmortem: &Postmortem) {
    heading(out, 2, "Trigger, mitigation, resolution");
    let mut table = Table::new(&["Turn", "What", "Time (UTC)", "T+", "Evidence", "60 s before → after", "Set by"]);
    for point in &postmortem.turning_points {
        table.row(vec![
            format!("**{}**", point.name),
            point.what.as_deref().map_or_else(|| NOT_RECORDED.to_owned(), cell),
            point.at.map_or_else(String::new, clock),
            point.offset.clone().unwrap_or_default(),
            evidence(&point.evidence),
            effects(&point.effects),
            cell(&point.set_by),
        ]);
    }
    table.write(out);
}

pub(super) fn attempts(out: &mut String, postmortem: &Postmortem) {
    if postmortem.attempts.is_empty() {
        return;
    }
    heading(out, 2, "Attempted mitigations");
    let mut table = Table::new(&["Time (UTC)", "T+", "What was tried", "60 s before → after", "Effect as stated", "Evidence"]);
    for row in &postmortem.attempts {
        let until = row.until.map_or(String::new(), |until| format!("–{}", clock(until)));
        table.row(vec![
            format!("{}{until}", clock(row.at)),
            row.offset.clone().unwrap_or_default(),
            cell(&row.what),
            effects(&row.effects),
            row.stated.as_deref().map_or_else(|| "not stated".to_owned(), cell),
            evidence(&row.evidence),
        ]);
    }
    table.write(out);
    out.push_str("\nBefore and after are means of the samples in the 60 s before the start and after the end. They show what followed, not what caused it.\n");
}

pub(super) fn actions(out: &mut String, postmortem: &Postmortem) {
    heading(out, 2, "Action items");
    if postmortem.actions.is_empty() {
        out.push_str("not recorded\n");
    } else {
        let mut table = Table::new(&["Id", "Action", "Type", "Owner", "Priority", "Due", "For", "Done when", "Done on", "Tracking"]);
        let word = |text: &Option<String>| text.as_deref().map_or_else(String::new, cell);
        for row in &postmortem.actions {
            table.row(vec![
                row.label.clone(),
                cell(&row.action),
                word(&row.action_type),
                word(&row.owner),
                word(&row.priority),
                word(&row.due),
                answers(row),
                word(&row.done_when),
                word(&row.done_on),
                row.link.as_deref().map_or_else(String::new, web_link),
            ]);
        }
        table.without_empty_columns().write(out);
    }
    considered(out, postmortem);
    coverage(out, postmortem);
}

/// Labels of causes, and the gap that it closes.
fn answers(row: &ActionRow) -> String {
    let gap = row.gap.as_deref().map(cell).filter(|gap| !gap.is_empty());
    row.causes.iter().cloned().chain(gap).collect::<Vec<_>>().join(", ")
}

/// What is not done, so that nobody proposes it again without its reason.
fn considered(out: &mut String, postmortem: &Postmortem) {
    if postmortem.considered.is_empty() {
        return;
    }
    out.push_str("\nConsidered, and not done:\n\n");
    let mut table = Table::new(&["Id", "Action", "For", "Not done because"]);
    for row in &postmortem.considered {
        let reason = row.not_doing_because.as_deref().map_or_else(String::new, cell);
        table.row(vec![row.label.clone(), cell(&row.action), answers(row), reason]);
    }
    table.without_empty_columns().write(out);
}

/// Causes against sorts of actions: what nobody answers stands out.
fn coverage(out: &mut String, postmortem: &Postmortem) {
    let coverage = &postmortem.coverage;
    if coverage.rows.is_empty() {
        return;
    }
    out.push_str("\nWhich cause is answered by which sort of action:\n\n");
    let mut table = Table::with_head(std::iter::once("Cause").chain(ACTION_TYPES).map(str::to_owned).collect());
    for (label, cells) in &coverage.rows {
        let shown = cells.iter().map(|labels| if labels.is_empty() { NO_SAMPLE.to_owned() } else { labels.join(", ") });
        table.row(std::iter::once(label.clone()).chain(shown).collect());
    }
    table.write(out);
    if !coverage.open.is_empty() {
        let _ = writeln!(out, "\nCauses without an action: {}.", coverage.open.join(", "));
    }
    if !coverage.absent.is_empty() {
        let _ = writeln!(out, "\nNo action of type: {}.", coverage.absent.join(", "));
    }
}
