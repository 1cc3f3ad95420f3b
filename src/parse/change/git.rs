//! `git log` in its forms: a commit a change, at its author date.

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

/// A line without the graph that `git log --graph` draws before it.
pub(crate) fn without_graph(line: &str) -> &str {
    let rest = line.trim_start_matches(['*', '|', '/', '\\', '_']);
    if rest.len() == line.len() { line } else { without_graph_spaced(line) }
}

fn without_graph_spaced(line: &str) -> &str {
    let end = line.find(|c: char| !matches!(c, '*' | '|' | '/' | '\\' | '_' | ' ')).unwrap_or(line.len());
    let drawn = line[..end].trim_end_matches(' ').len();
    if is_commit_line(line[drawn..].trim_start()) {
        return line[drawn..].trim_start();
    }
    // One blank follows the graph; those of an indented message stay.
    line[drawn..].strip_prefix(' ').unwrap_or(&line[drawn..])
}

/// One line a commit, as `--format=` makes them: a hash, a date and words, in some order and with some separator.
struct OneLine<'a> {
    hash: &'a str,
    time: Timestamp,
    words: String,
}

fn one_line(line: &str) -> Option<OneLine<'_>> {
    let separator = ['\t', '|', ';', ','].into_iter().find(|separator| line.matches(*separator).count() >= 2);
    let mut parts: Vec<&str> = match separator {
        Some(separator) => line.split(separator).map(str::trim).collect(),
        None => line.split(' ').filter(|part| !part.is_empty()).collect(),
    };
    let unquoted: Vec<&str> = parts.iter().map(|part| part.trim_matches('"')).collect();
    let at = unquoted.iter().take(8).position(|part| is_hash(part))?;
    let hash = unquoted[at];
    parts = unquoted;
    parts.remove(at);
    // A date takes one part between separators, up to six between blanks.
    let longest = if separator.is_some() { 1 } else { 6 };
    for start in 0..parts.len().min(4) {
        for n in (1..=longest.min(parts.len() - start)).rev() {
            if let Some(time) = git_date(&parts[start..start + n].join(" ")).filter(|at| at.0 > 0) {
                parts.drain(start..start + n);
                let words = parts.join(if separator.is_some() { ": " } else { " " });
                return Some(OneLine { hash, time, words });
            }
        }
    }
    None
}

fn is_hash(text: &str) -> bool {
    let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    // A number of an epoch is no hash; a short hash has letters and digits nearly always.
    is_hex && (matches!(text.len(), 40 | 64) || (7..=12).contains(&text.len()) && text.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

/// Whether lines are commits, one a line: all begin alike and the newest stands first, as git writes them.
pub(crate) fn is_one_line(head: &str) -> bool {
    const PROBED: usize = 50;
    let lines: Vec<Option<OneLine<'_>>> = head.lines().filter(|line| !line.trim().is_empty()).take(PROBED).map(one_line).collect();
    let n = lines.iter().flatten().count();
    let times: Vec<Timestamp> = lines.iter().flatten().map(|line| line.time).collect();
    let n_rising = times.windows(2).filter(|pair| pair[1] > pair[0]).count();
    n > 0 && n * 10 >= lines.len() * 9 && n_rising * 5 <= n
}

/// Reads commits; the first line of a message is the text.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut changes: Vec<Change> = Vec::new();
    let mut byte = 0;
    let is_one_line = !text.lines().take(50).any(|line| is_commit_line(without_graph(line)));
    for (line, number) in text.split_inclusive('\n').zip(1_u64..) {
        let written = without_graph(line.trim_end());
        if is_one_line {
            if let Some(OneLine { hash, time, words }) = one_line(written) {
                let fields = vec![("commit".to_owned(), hash.to_owned())];
                let (kind, to) = ("commit".to_owned(), Some(hash.to_owned()));
                changes.push(Change { time: Some(time), kind, to, text: words, line: number, fields, ..Change::default() });
            } else if !written.trim().is_empty() {
                problems.push(Place { line: number, byte }.problem(ProblemKind::Syntax, "no hash and date of a commit".into()));
            }
            byte += line.len() as u64;
            continue;
        }
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
        let (key, value) = (key.trim(), value.trim());
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
