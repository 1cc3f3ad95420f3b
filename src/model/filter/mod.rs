//! The filter language as plain values: what `level>=warn service:order "pool exhausted"` means.
//!
//! [`parse()`] reads text into an [`Expr`] and says at which column it stops making sense; `Display` gives the
//! canonical text back (`parse(print(x)) == x`); [`complete()`] knows what may follow. Who evaluates it is `store::filter`.
//! The one thing to know: a comparison needs a value, so a record without a status passes neither `status:200` nor
//! `status!=200`; `not` (or `-`) turns any condition round and then passes those records too.

mod complete;
mod key;
mod parse;
mod print;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use super::event::Level;
use super::query::TextPattern;
use super::time::Timestamp;

pub use complete::{Completion, Known, complete, nearest, remarks};
pub use parse::parse;

/// The language on one page, for `--help`.
pub const LANGUAGE: &str = "\
Filters: conditions side by side must all hold; and, or, not (or -) and ( ) combine them.
  pool exhausted          both words are in the record (case counts only with a capital letter)
  \"pool exhausted\"        these words as they stand; \\\" for a quote
  /acquire: \\w+/          a regular expression
  fuzzy~plxh              these letters in this order
  level>=warn             trace debug info warn error fatal, unknown; also : != < <= >
  service:order*          * stands for any text; != differs; ~ matches a regular expression
  file:logs/order*        the source, by its path or file name
  status>=500 status:5xx  HTTP or similar status
  latency>1.5s            seconds, or with a unit: 250ms, 1m30s
  since:T+1m until:14:03  from a moment on, up to before a moment
  trace:4bf92f35          the record names this trace
  pattern:17              the message pattern of this number
  field:value field>12    another field; \"status\":x for one that is named like a word above
A record without the value passes no comparison; not passes it: -service:order.";

/// A condition, or several put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// All of them hold.
    And(Vec<Expr>),
    /// At least one of them holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// One condition.
    Term(Term),
}

/// One condition on a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// The raw record matches.
    Text(TextPattern),
    /// Severity; records without one pass only `level:unknown`.
    Level(Comparison, Level),
    /// Status of the request.
    Status(Comparison, u16),
    /// Latency in nanoseconds.
    Latency(Comparison, i64),
    /// At or after a moment.
    Since(Timestamp),
    /// Before a moment.
    Until(Timestamp),
    /// Service.
    Service(TextTest),
    /// Path of the source, or a part of it that ends where the path ends and begins at a `/`.
    File(TextTest),
    /// The raw record holds this id.
    Trace(String),
    /// Number of the message pattern.
    Pattern(u32),
    /// A field of a structured record, by name.
    Field(String, FieldTest),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `:`, `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Comparison {
    /// Whether `left` compares to `right` like this; values without an order (NaN) never do.
    pub fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let Some(ordering) = left.partial_cmp(right) else { return false };
        match self {
            Self::Eq => ordering == Equal,
            Self::Ne => ordering != Equal,
            Self::Lt => ordering == Less,
            Self::Le => ordering != Greater,
            Self::Gt => ordering == Greater,
            Self::Ge => ordering != Less,
        }
    }

    /// As it is printed.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Eq => ":",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// A condition on a text value. Case is ignored when the wanted text holds no upper-case letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// It is this.
    Is(Words),
    /// There is a value and it is not this.
    IsNot(Words),
    /// This regular expression matches in it (case counts as the expression says).
    Matches(String),
}

/// A wanted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// As it stands.
    Exact(String),
    /// With `*` for any text; at least one.
    Glob(String),
}

/// A condition on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldTest {
    /// On its text.
    Text(TextTest),
    /// On its number, as `number` reads it on both sides; `Eq` and `Ne` are conditions on the text.
    Number(Comparison, String),
}

/// Why a text is no filter, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// Bytes of the text that are meant; may be empty at its end.
    pub span: Range<usize>,
    /// Character it begins at, from 1.
    pub column: usize,
    /// What is wrong, what was expected, and the nearest known word.
    pub reason: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.reason)
    }
}

impl std::error::Error for FilterError {}

impl Expr {
    /// All of these: nested ones are taken in, a single one stands for itself.
    pub fn all(parts: Vec<Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::And(inner) => inner,
            other => vec![other],
        });
        Self::single(flat.collect(), Self::And)
    }

    /// Any of these, likewise.
    pub fn any(parts: Vec<Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Or(inner) => inner,
            other => vec![other],
        });
        Self::single(flat.collect(), Self::Or)
    }

    fn single(mut parts: Vec<Self>, of: impl FnOnce(Vec<Self>) -> Self) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                of(parts)
            }
            None => of(parts),
        }
    }

    /// The conditions that must all hold: the parts of an `And`, else the expression itself.
    pub fn conditions(&self) -> &[Self] {
        match self {
            Self::And(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// Whether a pattern is named in it.
    pub fn has_patterns(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::has_patterns),
            Self::Not(part) => part.has_patterns(),
            Self::Term(term) => matches!(term, Term::Pattern(_)),
        }
    }

    /// Whether the columns alone decide, without reading text.
    pub fn is_cheap(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::is_cheap),
            Self::Not(part) => part.is_cheap(),
            Self::Term(term) => !matches!(term, Term::Text(_) | Term::Trace(_) | Term::Field(..)),
        }
    }
}

/// Units of durations, in seconds.
const UNITS: [(&str, f64); 7] = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// A number as text: plain, quoted, or a duration with its unit, which counts in seconds.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim().trim_matches('"');
    if let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').filter(|at| *at > 0)?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let unit = UNITS.iter().find(|unit| unit.0 == &rest[digits..unit_end])?;
        seconds += rest[..digits].parse::<f64>().ok()? * unit.1;
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(seconds)
}
