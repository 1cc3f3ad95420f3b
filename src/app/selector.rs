//! Selectors inside formulas: which metrics an expression names and under which conditions on their labels.
//!
//! Reads as much of `PromQL` as that takes, no more: `store::promql` knows what an expression means.

use regex::Regex;

use crate::model::Labels;

/// A condition on a label, as selectors have them.
pub(crate) enum Matcher {
    Is(String, String),
    IsNot(String, String),
    Fits(String, Regex),
    FitsNot(String, Regex),
}

impl Matcher {
    /// Whether these labels meet it; a label that is missing is empty.
    pub(crate) fn holds(&self, labels: &Labels) -> bool {
        let value = |name: &str| labels.get(name).unwrap_or_default();
        match self {
            Self::Is(name, wanted) => value(name) == *wanted,
            Self::IsNot(name, wanted) => value(name) != *wanted,
            Self::Fits(name, wanted) => wanted.is_match(value(name)),
            Self::FitsNot(name, wanted) => !wanted.is_match(value(name)),
        }
    }
}

/// Every word of an expression, metric or not, each with all that follows it.
pub(crate) fn words(expression: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let mut rest = expression;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| !is_name(c));
        let n = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(n);
        rest = after;
        (n > 0).then_some((word, after))
    })
}

/// The conditions of a selector that begins here; what cannot be read is left out.
pub(crate) fn matchers(text: &str) -> Vec<Matcher> {
    let Some(mut rest) = text.strip_prefix('{') else { return Vec::new() };
    let mut out = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        let n = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(n);
        let after = after.trim_start();
        let Some((sign, after)) = ["=~", "!~", "!=", "="].into_iter().find_map(|sign| Some((sign, after.strip_prefix(sign)?))) else {
            return out;
        };
        let Some((value, after)) = quoted(after.trim_start()) else { return out };
        let name = name.to_owned();
        let whole = || Regex::new(&format!("^(?s:{value})$"));
        match (sign, whole()) {
            ("=", _) => out.push(Matcher::Is(name, value)),
            ("!=", _) => out.push(Matcher::IsNot(name, value)),
            ("=~", Ok(fits)) => out.push(Matcher::Fits(name, fits)),
            ("!~", Ok(fits)) => out.push(Matcher::FitsNot(name, fits)),
            _ => {}
        }
        rest = after;
    }
}

/// A quoted text at the start, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote != '`' => value.extend(chars.next().map(|(_, c)| if c == 'n' { '\n' } else { c })),
            c if c == quote => return Some((value, &text[at + c.len_utf8()..])),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_their_conditions_are_found_in_any_formula() {
        let of = |formula| words(formula).map(|(word, rest)| format!("{word}{}", matchers(rest).len())).collect::<Vec<_>>();
        assert_eq!(of(r#"sum by (le) (rate(a_b:c{x="1", y=~"2|3"}[4s]))"#)[..5], ["sum0", "by0", "le0", "rate0", "a_b:c2"]);
        assert_eq!(of("é{"), ["é0"]);
        assert!(of(" ( ) ").is_empty());
        let labels = |value: &str| Labels::new(vec![("x".into(), value.into())]);
        let conditions = matchers(r#"{x!="a", x=~"b.*", y!~".+"}"#);
        let holds = |value| conditions.iter().all(|condition| condition.holds(&labels(value)));
        assert_eq!(["a", "b", "bc", "c"].map(holds), [false, true, true, false]);
    }
}
