//! What is typed into a find, and what it means for records: exact words, an expression, or letters that fit.
//!
//! Letters are tried in three ways, the strictest first, and the first that any record passes is what is found: a
//! search for `pool` in records that hold `pool` is no search for every record with a p, two o and an l in it.

use std::fmt::Write as _;

use super::query::{TextMatch, TextPattern};

/// How records hold the letters that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Fit {
    /// Every word as it stands; also an exact text and an expression.
    #[default]
    Whole,
    /// The letters of each word in order and close together.
    Close,
    /// The letters of each word in order.
    Loose,
}

impl Fit {
    /// All, the strictest first.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Close, Self::Loose];
}

/// Signs that may stand between two letters that are close together.
const CLOSE: usize = 6;

/// Reads what is typed: `/regex/`, `'exact`, `"exact"`, else letters. Errors say what is wrong.
pub fn pattern(typed: &str) -> Result<TextPattern, String> {
    if let Some(body) = typed.strip_prefix('/') {
        let body = body.strip_suffix('/').unwrap_or(body);
        if body.is_empty() {
            return Err("an empty regular expression; write /something/".into());
        }
        return match regex::Regex::new(body) {
            Ok(_) => Ok(TextPattern::Regex(body.to_owned())),
            Err(error) => Err(error.to_string().lines().last().unwrap_or("not a regular expression").trim().to_owned()),
        };
    }
    let exact = typed.strip_prefix('\'').or_else(|| typed.strip_prefix('"').map(|rest| rest.strip_suffix('"').unwrap_or(rest)));
    match exact {
        Some("") => Err("nothing to look for".into()),
        Some(words) => Ok(TextPattern::Literal(words.to_owned())),
        None if typed.trim().is_empty() => Err("nothing to look for".into()),
        None => Ok(TextPattern::Fuzzy(typed.trim().to_owned())),
    }
}

/// What a record must hold for a pattern to fit like this; `None` where another fit says the same.
pub fn conditions(pattern: &TextPattern, fit: Fit) -> Option<Vec<TextMatch>> {
    let is = |pattern| TextMatch { pattern, is_negated: false };
    let TextPattern::Fuzzy(letters) = pattern else { return (fit == Fit::Whole).then(|| vec![is(pattern.clone())]) };
    let has_case = letters.chars().any(char::is_uppercase);
    match fit {
        // A word with an upper-case letter makes case count in all of them.
        Fit::Whole if has_case => Some(letters.split_whitespace().map(|word| is(TextPattern::Regex(regex::escape(word)))).collect()),
        Fit::Whole => Some(letters.split_whitespace().map(|word| is(TextPattern::Literal(word.to_owned()))).collect()),
        Fit::Close if letters.split_whitespace().all(|word| word.chars().nth(1).is_none()) => None,
        Fit::Close => Some(letters.split_whitespace().map(|word| is(TextPattern::Regex(close(word, has_case)))).collect()),
        Fit::Loose => Some(vec![is(pattern.clone())]),
    }
}

/// `p.{0,6}?l`.
fn close(word: &str, has_case: bool) -> String {
    let mut out = String::from(if has_case { "" } else { "(?i)" });
    for (at, letter) in word.chars().enumerate() {
        let gap = if at == 0 { String::new() } else { format!(".{{0,{CLOSE}}}?") };
        let _ = write!(out, "{gap}{}", regex::escape(letter.encode_utf8(&mut [0; 4])));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(typed: &str, fit: Fit) -> Option<Vec<String>> {
        let words = |text: &TextMatch| match &text.pattern {
            TextPattern::Literal(words) => format!("'{words}"),
            TextPattern::Regex(body) => format!("/{body}/"),
            TextPattern::Fuzzy(letters) => letters.clone(),
        };
        Some(conditions(&pattern(typed).unwrap(), fit)?.iter().map(words).collect())
    }

    #[test]
    fn a_find_is_exact_an_expression_or_letters() {
        assert_eq!(pattern("'GET /x"), Ok(TextPattern::Literal("GET /x".into())));
        assert_eq!(pattern("\"a b\""), Ok(TextPattern::Literal("a b".into())));
        assert_eq!(pattern("/a+/"), Ok(TextPattern::Regex("a+".into())));
        assert_eq!(pattern(" plxh "), Ok(TextPattern::Fuzzy("plxh".into())));
        assert!(pattern("/(/").is_err() && pattern(" ").is_err() && pattern("'").is_err() && pattern("//").is_err());
    }

    #[test]
    fn letters_are_tried_in_three_ways() {
        assert_eq!(words("pool ex", Fit::Whole).unwrap(), ["'pool", "'ex"]);
        assert_eq!(words("po ex", Fit::Close).unwrap(), ["/(?i)p.{0,6}?o/", "/(?i)e.{0,6}?x/"]);
        assert_eq!(words("Po.", Fit::Close).unwrap(), ["/P.{0,6}?o.{0,6}?\\./"]);
        assert_eq!(words("Pool ex", Fit::Whole).unwrap(), ["/Pool/", "/ex/"]);
        assert_eq!(words("pool ex", Fit::Loose).unwrap(), ["pool ex"]);
        assert_eq!((words("x", Fit::Close), words("/x/", Fit::Loose)), (None, None));
    }
}
