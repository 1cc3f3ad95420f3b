//! What may follow in a filter that is being typed, and which known word was probably meant.

use super::key::Key;
use super::{Expr, FieldTest, Term, TextTest, Words};
use crate::model::event::Level;
use crate::model::query::{FieldSeen, Pattern};

/// Words of the data that filters may name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Services of the catalog.
    pub services: &'a [String],
    /// Paths of sources.
    pub files: &'a [String],
    /// Fields and their values.
    pub fields: &'a [FieldSeen],
    /// Message patterns.
    pub patterns: &'a [Pattern],
}

/// Ways to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Byte of the text before the cursor at which the words begin.
    pub start: usize,
    /// What may stand from there on, best first; each goes on from what is typed.
    pub words: Vec<String>,
    /// What each word means, where it does not say so itself; as long as `words`.
    pub notes: Vec<String>,
}

/// What keys look like with the sign that is meant most of the time.
const STARTS: [&str; 13] =
    ["level>=", "service:", "status>=", "latency>", "file:", "trace:", "pattern:", "since:", "until:", "fuzzy~", "not ", "and ", "or "];
const SIGNS: [char; 6] = [':', '=', '<', '>', '~', '!'];

/// Ways to go on from the text before the cursor.
pub fn complete(before: &str, known: Known<'_>) -> Completion {
    let Some(start) = token_start(before) else { return Completion { start: before.len(), ..Completion::default() } };
    let token = &before[start..];
    let (start, words) = match token.find(SIGNS) {
        None => (start, beginnings(token, known)),
        Some(sign) => {
            let value = start + sign + (token[sign..].len() - token[sign..].trim_start_matches(SIGNS).len());
            (value, values(&token[..sign], &before[value..], known))
        }
    };
    let (words, notes) = words.into_iter().unzip();
    Completion { start, words, notes }
}

/// Keys, names of fields, and conditions whose value begins like the word.
fn beginnings(token: &str, known: Known<'_>) -> Vec<(String, String)> {
    let lower = token.to_lowercase();
    let plain = |word: String| (word, String::new());
    let mut words: Vec<(String, String)> =
        STARTS.iter().filter(|word| word.starts_with(&lower)).map(|word| plain((*word).to_owned())).collect();
    let is_key = |name: &str| Key::from_name(name).is_some();
    let name = |field: &FieldSeen| {
        let name = if super::key::is_key(&field.name) { field.name.clone() } else { super::print::quoted(&field.name) };
        // Numbers are compared, other values are named.
        plain(format!("{name}{}", if field.n_numbers == field.n_records { ">" } else { ":" }))
    };
    let fields = known.fields.iter().filter(|field| field.name.to_lowercase().starts_with(&lower) && !is_key(&field.name));
    words.extend(fields.map(name));
    if !lower.is_empty() {
        let levels = Level::ALL.iter().rev().filter(|level| level.name().starts_with(&lower));
        words.extend(levels.map(|level| plain(format!("level>={}", level.name()))));
        let services = known.services.iter().filter(|name| name.to_lowercase().contains(&lower));
        words.extend(services.map(|name| plain(format!("service:{}", quoted_if_needed(name)))));
    }
    words
}

/// What may stand behind a key or the name of a field.
fn values(key: &str, typed: &str, known: Known<'_>) -> Vec<(String, String)> {
    let lower = typed.to_lowercase();
    let fitting = |names: &mut dyn Iterator<Item = &str>| {
        let mut names: Vec<&str> = names.filter(|name| name.to_lowercase().contains(&lower)).collect();
        names.sort_by_key(|name| !name.to_lowercase().starts_with(&lower));
        names.into_iter().map(|name| (quoted_if_needed(name), String::new())).collect()
    };
    let of_field = |name: &str| {
        let field = known.fields.iter().find(|field| field.name == name);
        fitting(&mut field.iter().flat_map(|field| &field.values).map(|(value, _)| value.as_str()))
    };
    match Key::from_name(key) {
        Some(Key::Level) => fitting(&mut Level::ALL.iter().rev().map(|level| level.name())),
        Some(Key::Service) => fitting(&mut known.services.iter().map(String::as_str)),
        Some(Key::File) => fitting(&mut known.files.iter().map(String::as_str)),
        Some(Key::Since | Key::Until) => fitting(&mut ["T+", "T-"].into_iter()),
        Some(Key::Pattern) => patterns(&lower, known.patterns),
        Some(Key::Status) => of_field("status"),
        Some(Key::Latency | Key::Trace | Key::Fuzzy) => Vec::new(),
        None => of_field(key.trim_matches('"')),
    }
}

/// Numbers of the patterns that begin like this, and of those whose text holds it.
fn patterns(typed: &str, patterns: &[Pattern]) -> Vec<(String, String)> {
    let fits = |pattern: &&Pattern| pattern.id.to_string().starts_with(typed) || pattern.template.to_lowercase().contains(typed);
    let mut found: Vec<&Pattern> = patterns.iter().filter(fits).collect();
    found.sort_by_key(|pattern| (std::cmp::Reverse(pattern.count), pattern.id));
    found.into_iter().map(|pattern| (pattern.id.to_string(), pattern.template.clone())).collect()
}

fn quoted_if_needed(name: &str) -> String {
    let is_plain = !name.is_empty() && !name.contains([' ', '\t', '"', '\'', '(', ')', '*']);
    if is_plain { name.to_owned() } else { super::print::quoted(name) }
}

/// Where the word begins that the cursor is in; `None` inside quotes.
fn token_start(before: &str) -> Option<usize> {
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, c) in before.char_indices() {
        match c {
            '"' if !is_escaped => is_quoted = !is_quoted,
            ' ' | '\t' | '(' if !is_quoted => start = at + c.len_utf8(),
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    if before[start..].starts_with('-') {
        start += 1;
    }
    (!is_quoted).then_some(start)
}

/// The known word that differs least, if it differs by little.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let most = if lower.chars().count() < 5 { 1 } else { 2 };
    let scored = known.into_iter().map(|name| (distance(&lower, &name.to_lowercase()), name));
    scored.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Letters to insert, remove, change or swap with their neighbour (optimal string alignment). O(n·m).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// Words about conditions that are valid but probably not meant: a field named nearly like a key, a service or file
/// that the data do not have.
pub fn remarks(expr: &Expr, known: Known<'_>) -> Vec<String> {
    let mut found = Vec::new();
    collect(expr, known, &mut found);
    found
}

fn collect(expr: &Expr, known: Known<'_>, found: &mut Vec<String>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| collect(part, known, found)),
        Expr::Not(part) => collect(part, known, found),
        Expr::Term(Term::Field(name, FieldTest::Text(_) | FieldTest::Number(..))) => {
            if let Some(key) = nearest(name, Key::ALL.map(Key::name)).filter(|key| key != name) {
                found.push(format!("{name} is looked for as a field; did you mean {key}?"));
            }
        }
        Expr::Term(Term::Service(TextTest::Is(Words::Exact(wanted)))) if !known.services.is_empty() => {
            if !known.services.iter().any(|name| name.eq_ignore_ascii_case(wanted)) {
                let hint = nearest(wanted, known.services.iter().map(String::as_str));
                let hint = hint.map_or_else(String::new, |name| format!("; did you mean {name}?"));
                found.push(format!("no service is called {wanted:?}{hint}"));
            }
        }
        Expr::Term(_) => {}
    }
}
