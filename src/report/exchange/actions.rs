//! Action items for trackers.
//!
//! GitLab imports `title,description,due date` (a header row, an assignee is not taken); Jira maps a header at import and
//! needs `Summary`; GitHub has no import of tables, so each line is the body of one call that makes an issue.

use serde_json::json;

use super::csv::Csv;
use super::{cut, one_line};
use crate::report::escape;
use crate::report::json::line;
use crate::report::postmortem::{ActionRow, Postmortem};

/// Longest title that GitLab and Jira take.
const TITLE_CHARS: usize = 255;

/// `title,description,due date`.
pub fn gitlab_csv(postmortem: &Postmortem) -> String {
    let mut csv = Csv::new(&["title", "description", "due date"]);
    for row in &postmortem.actions {
        let description: Vec<String> = details(postmortem, row).iter().map(|line| escape::cell(line)).collect();
        csv.row(&[title(row), description.join("; "), row.due.clone().unwrap_or_default()]);
    }
    csv.print()
}

/// Columns of the usual names; dates are `yyyy-MM-dd`.
pub fn jira_csv(postmortem: &Postmortem) -> String {
    let mut csv = Csv::new(&["Summary", "Description", "Issue Type", "Priority", "Due Date", "Labels"]);
    for row in &postmortem.actions {
        csv.row(&[
            title(row),
            details(postmortem, row).iter().map(|line| jira(&one_line(line))).collect::<Vec<_>>().join("; "),
            "Task".into(),
            row.priority.clone().unwrap_or_default(),
            row.due.clone().unwrap_or_default(),
            labels(row).join(" "),
        ]);
    }
    csv.print()
}

/// One body of `POST /repos/OWNER/REPO/issues` a line.
pub fn github(postmortem: &Postmortem) -> String {
    let body = |row: &ActionRow| {
        let details: Vec<String> = details(postmortem, row).iter().map(|line| format!("- {}", escape::cell(line))).collect();
        line(&json!({"title": title(row), "body": details.join("\n"), "labels": labels(row)}))
    };
    postmortem.actions.iter().map(|row| format!("{}\n", body(row))).collect()
}

fn title(row: &ActionRow) -> String {
    cut(&one_line(&row.action), TITLE_CHARS)
}

/// Everything that has no column of its own.
fn details(postmortem: &Postmortem, row: &ActionRow) -> Vec<String> {
    let mut lines = vec![format!("Action {} of the postmortem: {}", row.label, postmortem.head.title)];
    let mut add = |name: &str, value: &Option<String>| {
        if let Some(value) = value.as_ref().filter(|value| !value.trim().is_empty()) {
            lines.push(format!("{name}: {value}"));
        }
    };
    add("Owner", &row.owner);
    add("Type", &row.action_type);
    add("Priority", &row.priority);
    add("Due", &row.due);
    add("Done when", &row.done_when);
    add("Tracked at", &row.link);
    for label in &row.causes {
        if let Some(step) = postmortem.chain.iter().find(|step| step.label == *label) {
            lines.push(format!("For {label}: {}", step.statement));
        }
    }
    lines
}

/// `postmortem`, the sort of action, the urgency: words without blanks.
fn labels(row: &ActionRow) -> Vec<String> {
    let mut labels = vec!["postmortem".to_owned()];
    for word in [&row.action_type, &row.priority].into_iter().flatten() {
        let label: String = one_line(word).chars().filter(|c| c.is_alphanumeric() || *c == '-').take(40).collect();
        if !label.is_empty() {
            labels.push(label.to_lowercase());
        }
    }
    labels
}

/// Jira's own markup means nothing behind a backslash; a mention needs its bracket.
fn jira(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "{}[]|!*_^~+".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
