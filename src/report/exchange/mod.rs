//! Files that other tools take: timeline and action items in the shapes of their imports and calls.
//!
//! Nothing is sent anywhere. Words become one line; what a tool would read as markup, a mention, a command or a formula
//! is escaped by the rules of that tool.

mod actions;
mod csv;
mod slack;
mod timeline;

pub use actions::{github, gitlab_csv, jira_csv};
pub use slack::{MOST_CHARS, slack};
pub use timeline::{aws, gitlab_timeline, grafana, rootly, timeline_csv, timeline_jsonl, timesketch};

use crate::model::Timestamp;
use crate::model::text::{printable, rfc3339};

/// All lines as one, control characters made visible.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(['\n', '\r', '\t', ' ']).filter(|word| !word.is_empty()).collect();
    printable(&words.join(" ")).into_owned()
}

/// `2026-03-01 10:00:00.5`: what spreadsheets take for a time, with milliseconds at most; always UTC.
fn plain_time(at: Timestamp) -> String {
    let at = Timestamp(at.0.div_euclid(1_000_000) * 1_000_000);
    rfc3339(at).replacen('T', " ", 1).trim_end_matches('Z').to_owned()
}

/// Whole text at most `most` characters long, cut with an ellipsis.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
