//! `git log` as it prints by default: a commit a change, at its author date.

use chrono::DateTime;

use crate::model::catalog::Problems;
use crate::model::when;
use crate::model::{Change, ProblemKind, Timestamp};
use crate::parse::document::json;
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// Whether a line begins a commit.
pub(crate) fn is_commit_line(line: &str) -> bool {
    let hash = line.strip_prefix("commit ").and_then(|rest| rest.split_whitespace().next()).unwrap_or("");
    matches!(hash.len(), 40 | 64) && hash.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Reads commits; the first line of a message is the text.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut changes: Vec<Change> = Vec::new();
    let mut byte = 0;
    for (line, number) in text.split_inclusive('\n').zip(1_u64..) {
        let written = line.trim_end();
        if is_commit_line(written) {
            let hash = written.split_whitespace().nth(1).unwrap_or("").to_owned();
            let fields = vec![("commit".to_owned(), hash.clone())];
            changes.push(Change { kind: "commit".into(), to: Some(hash), line: number, fields, ..Change::default() });
        } else if let Some(change) = changes.last_mut() {
            take(change, written, Place { line: number, byte }, &mut problems);
        }
        byte += line.len() as u64;
    }
    let n_unplaced = changes.iter().filter(|change| change.time.is_none()).count() as u64;
    let n_records = changes.len() as u64;
    super::finish(changes, problems, bytes, n_records, n_unplaced, super::zone_of(context, false))
}

fn take(change: &mut Change, line: &str, place: Place, problems: &mut Problems) {
    if let Some(message) = line.strip_prefix("    ") {
        if change.text.is_empty() {
            message.trim().clone_into(&mut change.text);
        }
    } else if let Some((key, value)) = line.split_once(':').filter(|_| change.text.is_empty()) {
        let value = value.trim();
        if matches!(key, "Date" | "AuthorDate") {
            change.time = git_date(value);
            if change.time.is_none() {
                problems.push(place.problem(ProblemKind::Time, format!("{value:?} is not a date of git")));
            }
        }
        change.fields.push((key.to_lowercase(), value.to_owned()));
    }
}

/// `Mon Aug 17 04:30:38 2026 +0000`, or one of the ISO styles.
fn git_date(text: &str) -> Option<Timestamp> {
    let own = DateTime::parse_from_str(text, "%a %b %e %H:%M:%S %Y %z").ok().and_then(|at| at.timestamp_nanos_opt()).map(Timestamp);
    own.or_else(|| when::any(text, when::WallZone::Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_changes_at_their_author_date() {
        let text = format!(
            "commit {}\nAuthor: A <a@b>\nDate:   Mon Aug 17 04:30:38 2026 +0200\n\n    fix: the pool\n    \n    more\n\ncommit {} (HEAD)\nDate: never\n",
            "a".repeat(40),
            "b".repeat(40)
        );
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!((document.changes.len(), document.n_unplaced, document.changes[1].line), (2, 1, 9));
        assert_eq!(document.changes[0].text, "fix: the pool");
        assert_eq!(document.changes[0].time.map(when::shown).as_deref(), Some("2026-08-17T02:30:38Z"));
    }
}
