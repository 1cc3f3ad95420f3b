//! The canonical text of a filter: what [`super::parse()`] reads back as the same value.
//!
//! Words stand bare only when they cannot be taken for anything else; everything else is quoted.

use std::fmt::{self, Display, Formatter};

use super::key::{Key, is_key};
use super::{Expr, FieldTest, Term, TextTest, Words};
use crate::model::query::TextPattern;
use crate::model::text;
use crate::model::time::NS_PER_S;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => term.fmt(f),
            Self::And(parts) => join(f, parts, " ", |part| matches!(part, Self::Or(_) | Self::And(_))),
            Self::Or(parts) => join(f, parts, " or ", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) => match &**inner {
                Self::Term(term) => write!(f, "-{term}"),
                Self::Not(_) => write!(f, "not {inner}"),
                _ => write!(f, "not ({inner})"),
            },
        }
    }
}

fn join(f: &mut Formatter<'_>, parts: &[Expr], between: &str, is_nested: impl Fn(&Expr) -> bool) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        if is_nested(part) { write!(f, "({part})")? } else { part.fmt(f)? }
    }
    Ok(())
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(TextPattern::Literal(words)) => word(f, words),
            Self::Text(TextPattern::Regex(body)) => write!(f, "/{}/", slashed(body)),
            Self::Text(TextPattern::Fuzzy(letters)) => {
                f.write_str("fuzzy~")?;
                value(f, letters)
            }
            Self::Level(comparison, level) => write!(f, "level{}{}", comparison.sign(), level.name()),
            Self::Status(comparison, status) => write!(f, "status{}{status}", comparison.sign()),
            Self::Latency(comparison, ns) => write!(f, "latency{}{}", comparison.sign(), duration(*ns)),
            Self::Since(at) => write!(f, "since:{}", text::rfc3339(*at)),
            Self::Until(at) => write!(f, "until:{}", text::rfc3339(*at)),
            Self::Service(test) => text_test(f, Key::Service.name(), test),
            Self::File(test) => text_test(f, Key::File.name(), test),
            Self::Trace(id) => {
                f.write_str("trace:")?;
                value(f, id)
            }
            Self::Pattern(number) => write!(f, "pattern:{number}"),
            Self::Field(name, test) => {
                let name = if is_key(name) && Key::from_name(name).is_none() { name.clone() } else { quoted(name) };
                match test {
                    FieldTest::Text(test) => text_test(f, &name, test),
                    FieldTest::Number(comparison, wanted) => {
                        write!(f, "{name}{}", comparison.sign())?;
                        value(f, wanted)
                    }
                }
            }
        }
    }
}

fn text_test(f: &mut Formatter<'_>, name: &str, test: &TextTest) -> fmt::Result {
    let (sign, words) = match test {
        TextTest::Is(words) => (":", words),
        TextTest::IsNot(words) => ("!=", words),
        TextTest::Matches(body) => {
            write!(f, "{name}~")?;
            return value(f, body);
        }
    };
    // `a::x*` and `a://x*` are words, and a pattern cannot be quoted: the other sign says the same.
    let is_like_word = matches!(words, Words::Glob(glob) if glob.starts_with(':') || glob.starts_with("//"));
    let sign = if sign == ":" && is_like_word { "=" } else { sign };
    write!(f, "{name}{sign}")?;
    match words {
        Words::Exact(words) if words.contains('*') => f.write_str(&quoted(words)),
        Words::Exact(words) => value(f, words),
        Words::Glob(glob) => f.write_str(glob),
    }
}

/// A word that stands alone.
fn word(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let is_plain = |c: char| c.is_alphanumeric() || "_-.@#%+,/".contains(c);
    let is_keyword = ["and", "or", "not"].iter().any(|keyword| text.eq_ignore_ascii_case(keyword));
    let is_bare = text.starts_with(|c: char| c.is_alphanumeric() || c == '_') && text.chars().all(is_plain) && !is_keyword;
    f.write_str(&if is_bare { text.to_owned() } else { quoted(text) })
}

/// What follows a key and its sign.
fn value(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"'()".contains(c);
    let is_bare = !text.is_empty() && !text.starts_with([':', '=', '~', '<', '>', '!', '/']) && text.chars().all(is_plain);
    // A path may stand bare, but `x://` is read as a word.
    let is_path = text.starts_with('/') && !text.starts_with("//") && text.chars().all(is_plain);
    f.write_str(&if is_bare || is_path { text.to_owned() } else { quoted(text) })
}

pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Slashes that would end the expression get a backslash.
fn slashed(body: &str) -> String {
    let mut out = String::new();
    let mut is_escaped = false;
    for c in body.chars() {
        if c == '/' && !is_escaped {
            out.push('\\');
        }
        out.push(c);
        is_escaped = c == '\\' && !is_escaped;
    }
    out
}

/// In the greatest unit that keeps it whole.
fn duration(ns: i64) -> String {
    let units = [(NS_PER_S, "s"), (1_000_000, "ms"), (1_000, "us")];
    let fit = units.iter().find(|(unit, _)| ns % unit == 0);
    fit.map_or_else(|| format!("{ns}ns"), |(unit, name)| format!("{}{name}", ns / unit))
}
