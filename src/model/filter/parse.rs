//! Text of a filter to its value, by descent, with the column of whatever it does not understand.
//!
//! ```text
//! or    = and ("or" and)*          and  = not ("and"? not)*
//! not   = ("not" | "-") not | "(" or ")" | term
//! term  = "quoted" | 'quoted' | /regex/ | ~letters | key sign value | word
//! ```
//! Never fails by panic or deep recursion; an empty text is no filter at all.

use std::ops::Range;

use super::complete::nearest;
use super::key::{Key, key_len};
use super::{Comparison, Expr, FieldTest, FilterError, Term, TextTest, Words, number};
use crate::model::event::Level;
use crate::model::query::TextPattern;
use crate::model::time::Timestamp;
use crate::model::when::{self, Reference};

/// Brackets and negations inside one another.
const MAX_DEPTH: usize = 64;

/// A sign between a key and a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Compare(Comparison),
    Matches,
}

/// Longest first.
const SIGNS: [(&str, Sign); 9] = [
    (">=", Sign::Compare(Comparison::Ge)),
    ("<=", Sign::Compare(Comparison::Le)),
    ("!=", Sign::Compare(Comparison::Ne)),
    ("==", Sign::Compare(Comparison::Eq)),
    (":", Sign::Compare(Comparison::Eq)),
    ("=", Sign::Compare(Comparison::Eq)),
    (">", Sign::Compare(Comparison::Gt)),
    ("<", Sign::Compare(Comparison::Lt)),
    ("~", Sign::Matches),
];

/// Reads a filter. `reference` is what `since:` and `until:` refer to. A blank text is `None`: everything passes.
pub fn parse(text: &str, reference: &Reference) -> Result<Option<Expr>, FilterError> {
    let mut parser = Parser { text, at: 0, reference, depth: 0 };
    parser.blanks();
    if parser.at == text.len() {
        return Ok(None);
    }
    let expr = parser.or()?;
    if parser.rest().starts_with(')') {
        return Err(parser.error(parser.at..parser.at + 1, "this ) closes nothing; quote it to look for it"));
    }
    Ok(Some(expr))
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    reference: &'a Reference,
    depth: usize,
}

/// A value as written, with its place.
struct Value {
    text: String,
    is_quoted: bool,
    span: Range<usize>,
}

type Parsed<T> = Result<T, FilterError>;

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, span: Range<usize>, reason: impl Into<String>) -> FilterError {
        let column = self.text[..span.start].chars().count() + 1;
        FilterError { span, column, reason: reason.into() }
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Length of `and`, `or` or `not` if it stands here as a word of its own.
    fn keyword(&self, keyword: &str) -> Option<usize> {
        let head = self.rest().get(..keyword.len())?;
        let after = self.rest()[keyword.len()..].chars().next();
        (head.eq_ignore_ascii_case(keyword) && after.is_none_or(|c| c.is_whitespace() || "()".contains(c))).then_some(keyword.len())
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.and()?];
        while let Some(len) = self.keyword("or") {
            self.at += len;
            parts.push(self.and()?);
        }
        Ok(Expr::any(parts))
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut parts = Vec::new();
        loop {
            self.blanks();
            let is_end = self.at == self.text.len() || self.rest().starts_with(')') || self.keyword("or").is_some();
            if let Some(len) = self.keyword("and").filter(|_| !is_end && !parts.is_empty()) {
                self.at += len;
                self.blanks();
                if self.at == self.text.len() || self.rest().starts_with(')') || self.keyword("or").is_some() {
                    return Err(self.missing());
                }
            } else if is_end {
                break;
            }
            parts.push(self.not()?);
        }
        if parts.is_empty() {
            return Err(self.missing());
        }
        Ok(Expr::all(parts))
    }

    /// A condition was expected here.
    fn missing(&self) -> FilterError {
        let before = self.text[..self.at].trim_end();
        let word = before.rsplit([' ', '\t']).next().unwrap_or_default();
        let end = (self.at + self.rest().chars().next().map_or(0, char::len_utf8)).min(self.text.len());
        if before.ends_with('(') {
            return self.error(self.at..end, "a condition is missing after (");
        }
        let reason = if word.is_empty() {
            "a condition is expected here, such as level>=warn or a word".to_owned()
        } else {
            format!("a condition is missing after {word}, such as level>=warn or a word")
        };
        self.error(self.at..end, reason)
    }

    fn not(&mut self) -> Parsed<Expr> {
        self.blanks();
        if self.depth >= MAX_DEPTH {
            return Err(self.error(self.at..self.at, format!("more than {MAX_DEPTH} brackets and negations inside one another")));
        }
        self.depth += 1;
        let result = self.nested();
        self.depth -= 1;
        result
    }

    fn nested(&mut self) -> Parsed<Expr> {
        let start = self.at;
        if let Some(len) = self.keyword("not") {
            self.at += len;
            self.blanks();
            if self.at == self.text.len() || self.rest().starts_with(')') {
                return Err(self.missing());
            }
            return Ok(Expr::Not(Box::new(self.not()?)));
        }
        if self.rest().starts_with('-') && self.rest()[1..].starts_with(|c: char| !c.is_whitespace() && c != ')') {
            self.at += 1;
            return Ok(Expr::Not(Box::new(self.not()?)));
        }
        if self.rest().starts_with('(') {
            self.at += 1;
            let inner = self.or()?;
            if !self.rest().starts_with(')') {
                return Err(self.error(start..start + 1, "this ( is not closed; add ), or quote it to look for it"));
            }
            self.at += 1;
            return Ok(inner);
        }
        for keyword in ["and", "or"] {
            if let Some(len) = self.keyword(keyword) {
                return Err(self.error(start..start + len, format!("{keyword} needs a condition before it; quote it to look for the word")));
            }
        }
        self.term()
    }

    fn term(&mut self) -> Parsed<Expr> {
        let start = self.at;
        match self.rest().as_bytes()[0] {
            b'"' => {
                let name = self.quoted('"')?;
                if let Some(sign) = self.sign(0) {
                    let value = self.value(start)?;
                    return self.field(name, sign, value).map(Expr::Term);
                }
                self.literal(start, name)
            }
            b'\'' => {
                let words = self.quoted('\'')?;
                self.literal(start, words)
            }
            b'/' => self.regex().map(Expr::Term),
            b'~' => {
                self.at += 1;
                let letters = self.value(start)?;
                self.known(Key::Fuzzy, (start..start, Sign::Matches), letters)
            }
            _ => self.key_or_word(),
        }
    }

    fn literal(&self, start: usize, words: String) -> Parsed<Expr> {
        if words.is_empty() {
            return Err(self.error(start..self.at, "there is nothing to look for between the quotes"));
        }
        Ok(Expr::Term(Term::Text(TextPattern::Literal(words))))
    }

    fn key_or_word(&mut self) -> Parsed<Expr> {
        let start = self.at;
        let len = key_len(self.rest());
        let name = &self.rest()[..len];
        let after = self.rest()[len..].trim_start();
        let gap = self.rest().len() - len - after.len();
        let is_spaced_sign = gap > 0 && SIGNS.iter().any(|(sign, _)| !matches!(*sign, ":" | "~") && after.starts_with(sign));
        // `http://x` and `std::fmt` are words.
        let is_word = len == 0 || (gap > 0 && !is_spaced_sign) || after.starts_with("::") || after.starts_with("://");
        if !is_word && let Some(sign) = self.sign(len + gap) {
            let key = Key::from_name(name);
            let value = self.value(start)?;
            return match key {
                Some(key) => self.known(key, (start..start + len, sign), value),
                None => self.field(name.to_owned(), sign, value).map(Expr::Term),
            };
        }
        let len = bare_len(self.rest());
        self.at += len;
        self.literal(start, self.text[start..self.at].to_owned())
    }

    /// Takes the sign that stands `ahead` bytes from here.
    fn sign(&mut self, ahead: usize) -> Option<Sign> {
        let rest = self.rest().get(ahead..)?;
        let (text, sign) = SIGNS.iter().find(|(text, _)| rest.starts_with(text))?;
        self.at += ahead + text.len();
        Some(*sign)
    }

    /// What follows a sign.
    fn value(&mut self, term: usize) -> Parsed<Value> {
        let before = &self.text[term..self.at];
        if before.ends_with(['=', '<', '>']) {
            self.blanks();
        }
        let start = self.at;
        let (text, is_quoted) = if self.rest().starts_with('"') {
            (self.quoted('"')?, true)
        } else {
            let len = bare_len(self.rest());
            self.at += len;
            (self.text[start..self.at].to_owned(), false)
        };
        if text.is_empty() && !is_quoted {
            return Err(self.error(start..start, format!("a value is missing after {}", before.trim_end())));
        }
        Ok(Value { text, is_quoted, span: start..self.at })
    }

    /// Text up to the closing quote; `'` may stay open to the end.
    fn quoted(&mut self, quote: char) -> Parsed<String> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.peek().map(|next| next.1) {
                    Some(c @ ('"' | '\\' | '\'')) => {
                        text.push(c);
                        chars.next();
                    }
                    Some(c @ ('n' | 'r' | 't')) => {
                        text.push(match c {
                            'n' => '\n',
                            'r' => '\r',
                            _ => '\t',
                        });
                        chars.next();
                    }
                    _ => text.push('\\'),
                },
                c if c == quote => {
                    self.at += at + 1;
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        if quote == '\'' {
            self.at = self.text.len();
            return Ok(text);
        }
        Err(self.error(start..self.text.len(), "this \" is not closed"))
    }

    /// `/body/`: it ends at the first `/` that no word goes on after.
    fn regex(&mut self) -> Parsed<Term> {
        let start = self.at;
        let mut body = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|next| next.1);
            match (c, next) {
                ('\\', Some('/')) => {
                    body.push('/');
                    chars.next();
                }
                ('\\', Some(c)) => {
                    body.extend(['\\', c]);
                    chars.next();
                }
                ('/', next) if next.is_none_or(|c| c.is_whitespace() || c == ')') => {
                    self.at += at + 1;
                    if body.is_empty() {
                        return Err(self.error(start..self.at, "an empty regular expression; write /something/"));
                    }
                    self.check_regex(&body, start + 1..self.at - 1)?;
                    return Ok(Term::Text(TextPattern::Regex(body)));
                }
                (c, _) => body.push(c),
            }
        }
        Err(self.error(start..self.text.len(), "this regular expression is not closed by /; a path needs quotes: \"/orders/5\""))
    }

    fn check_regex(&self, body: &str, span: Range<usize>) -> Parsed<()> {
        let Err(error) = regex::bytes::RegexBuilder::new(body).multi_line(true).build() else { return Ok(()) };
        let words = error.to_string();
        // The caret of the report stands four blanks in.
        let caret = words.lines().find(|line| line.trim_start().starts_with('^') && line.trim().bytes().all(|b| b == b'^'));
        let ahead = caret.and_then(|line| (line.len() - line.trim_start().len()).checked_sub(4)).unwrap_or(0);
        let before: usize = self.text[span.clone()].chars().take(ahead).map(char::len_utf8).sum();
        let place = (span.start + before).min(span.end)..span.end;
        let reason = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Err(self.error(place, format!("not a regular expression: {reason}")))
    }

    fn known(&self, key: Key, (name, sign): (Range<usize>, Sign), value: Value) -> Parsed<Expr> {
        let only = |allowed: &str| self.error(name.start..value.span.start, format!("{} goes with {allowed}", key.name()));
        let term = match (key, sign) {
            (Key::Service, sign) => Term::Service(self.text_test(sign, &value, only(": != ~"))?),
            (Key::File, sign) => Term::File(self.text_test(sign, &value, only(": != ~"))?),
            (Key::Fuzzy, Sign::Matches | Sign::Compare(Comparison::Eq)) if !value.text.is_empty() => {
                Term::Text(TextPattern::Fuzzy(value.text))
            }
            (Key::Fuzzy, _) => return Err(only("~ and letters, as in fuzzy~plxh")),
            (Key::Level | Key::Status | Key::Latency, Sign::Matches) => return Err(only(": != < <= > >=")),
            (Key::Level, Sign::Compare(comparison)) => Term::Level(comparison, self.level(&value)?),
            (Key::Status, Sign::Compare(comparison)) => return self.status(comparison, &value),
            (Key::Latency, Sign::Compare(comparison)) => Term::Latency(comparison, self.latency(&value)?),
            (Key::Since, Sign::Compare(Comparison::Eq | Comparison::Ge)) => Term::Since(self.moment(&value)?),
            (Key::Until, Sign::Compare(Comparison::Eq | Comparison::Lt)) => Term::Until(self.moment(&value)?),
            (Key::Trace, Sign::Compare(Comparison::Eq)) if !value.text.is_empty() => Term::Trace(value.text),
            (Key::Pattern, Sign::Compare(Comparison::Eq)) => {
                let wrong = || self.error(value.span.clone(), format!("{:?} is no number of a pattern, such as 17", value.text));
                value.text.parse().map(Term::Pattern).map_err(|_| wrong())?
            }
            _ => return Err(only(": and a value")),
        };
        Ok(Expr::Term(term))
    }

    fn field(&self, name: String, sign: Sign, value: Value) -> Parsed<Term> {
        let test = match sign {
            Sign::Compare(comparison) if !matches!(comparison, Comparison::Eq | Comparison::Ne) => {
                if number(&value.text).is_none_or(f64::is_nan) {
                    let known: Vec<&str> = Key::ALL.iter().map(|key| key.name()).collect();
                    let hint = nearest(&name, known).map_or_else(String::new, |key| format!("; did you mean {key}?"));
                    let reason =
                        format!("{:?} is no number; {name}{} expects one, such as 12 or 250ms{hint}", value.text, comparison.sign());
                    return Err(self.error(value.span, reason));
                }
                FieldTest::Number(comparison, value.text)
            }
            sign => FieldTest::Text(self.text_test(sign, &value, self.error(value.span.clone(), "a field goes with : != ~ < <= > >="))?),
        };
        Ok(Term::Field(name, test))
    }

    fn text_test(&self, sign: Sign, value: &Value, refused: FilterError) -> Parsed<TextTest> {
        let text = value.text.clone();
        let words = || if !value.is_quoted && text.contains('*') { Words::Glob(text.clone()) } else { Words::Exact(text.clone()) };
        match sign {
            Sign::Compare(Comparison::Eq) => Ok(TextTest::Is(words())),
            Sign::Compare(Comparison::Ne) => Ok(TextTest::IsNot(words())),
            Sign::Matches => {
                self.check_regex(&text, value.span.clone())?;
                Ok(TextTest::Matches(text))
            }
            Sign::Compare(_) => Err(refused),
        }
    }

    fn level(&self, value: &Value) -> Parsed<Level> {
        if value.text.eq_ignore_ascii_case(Level::Unknown.name()) {
            return Ok(Level::Unknown);
        }
        Level::from_word(value.text.as_bytes()).ok_or_else(|| {
            let hint = nearest(&value.text, Level::ALL.map(Level::name)).map_or_else(String::new, |name| format!("; did you mean {name}?"));
            let names = "trace, debug, info, warn, error, fatal, unknown";
            self.error(value.span.clone(), format!("{:?} is no level{hint} (known: {names})", value.text))
        })
    }

    /// `503`, or `5xx` for the whole hundred.
    fn status(&self, comparison: Comparison, value: &Value) -> Parsed<Expr> {
        let is = |comparison, status| Expr::Term(Term::Status(comparison, status));
        let hundred = value.text.strip_suffix("xx").and_then(|digit| digit.parse::<u16>().ok()).filter(|digit| (1..=9).contains(digit));
        match (hundred, comparison) {
            (Some(n), Comparison::Eq) => Ok(Expr::all(vec![is(Comparison::Ge, n * 100), is(Comparison::Lt, n * 100 + 100)])),
            (Some(n), Comparison::Ne) => Ok(Expr::any(vec![is(Comparison::Lt, n * 100), is(Comparison::Ge, n * 100 + 100)])),
            (Some(n), Comparison::Ge | Comparison::Lt) => Ok(is(comparison, n * 100)),
            (Some(n), Comparison::Gt) => Ok(is(Comparison::Ge, n * 100 + 100)),
            (Some(n), Comparison::Le) => Ok(is(Comparison::Lt, n * 100 + 100)),
            (None, comparison) => {
                let wrong =
                    || self.error(value.span.clone(), format!("{:?} is no status; expected a number such as 503, or 5xx", value.text));
                value.text.parse().map(|status| is(comparison, status)).map_err(|_| wrong())
            }
        }
    }

    fn latency(&self, value: &Value) -> Parsed<i64> {
        let is_plain = value.text.parse::<f64>().is_ok();
        let text = if is_plain { format!("{}s", value.text) } else { value.text.clone() };
        let wrong =
            || self.error(value.span.clone(), format!("{:?} is no latency; expected seconds or a duration such as 250ms", value.text));
        when::parse_duration(&text).map_err(|_| wrong())
    }

    fn moment(&self, value: &Value) -> Parsed<Timestamp> {
        when::parse(&value.text, self.reference).map_err(|reason| self.error(value.span.clone(), reason))
    }
}

/// Up to a blank, or to a bracket that was opened before.
fn bare_len(text: &str) -> usize {
    let mut open = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' if open == 0 => return at,
            ')' => open -= 1,
            c if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}
