//! The conditions on the event list as chips: each a text of the filter language that can be switched off.
//!
//! The case holds the texts, so they come back and `u` takes changes back; this is what they mean, and the filter of
//! those that are on. A text that means nothing (any more) stays, and lets everything pass.

use crate::model::case::SavedFilter;
use crate::model::filter::{self, Comparison, Expr, Term};
use crate::model::when::Reference;
use crate::model::{EventFilter, Level, text};

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chip {
    /// As it is shown: brackets around alternatives, nothing that a terminal would obey.
    pub(crate) words: String,
    pub(crate) is_off: bool,
    pub(crate) meaning: Result<Expr, String>,
}

impl Chip {
    fn new(saved: &SavedFilter, reference: &Reference) -> Self {
        let meaning = match filter::parse(&saved.text, reference) {
            Ok(Some(expr)) => Ok(expr),
            Ok(None) => Err("an empty filter".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let words = match &meaning {
            Ok(expr) => bracketed(expr),
            Err(_) => saved.text.clone(),
        };
        Self { words: text::printable(&words).into_owned(), is_off: saved.is_off, meaning }
    }

    /// The condition, if it is on and means something.
    pub(crate) fn active(&self) -> Option<&Expr> {
        self.meaning.as_ref().ok().filter(|_| !self.is_off)
    }
}

/// A condition among others: alternatives in brackets.
fn bracketed(expr: &Expr) -> String {
    if let Expr::Or(_) = expr { format!("({expr})") } else { expr.to_string() }
}

/// The chips of a case.
pub(crate) fn read(saved: &[SavedFilter], reference: &Reference) -> Vec<Chip> {
    saved.iter().map(|saved| Chip::new(saved, reference)).collect()
}

/// A condition to be saved.
pub(crate) fn saved(expr: &Expr) -> SavedFilter {
    SavedFilter { text: expr.to_string(), is_off: false }
}

/// The level of `level>=x`.
pub(crate) fn least_level(expr: &Expr) -> Option<Level> {
    match expr {
        Expr::Term(Term::Level(Comparison::Ge, level)) if *level != Level::Unknown => Some(*level),
        _ => None,
    }
}

/// What passes all chips that are on.
pub(crate) fn filter_of(chips: &[Chip]) -> EventFilter {
    let active = || chips.iter().filter_map(Chip::active);
    let parts: Vec<Expr> = active().filter(|expr| least_level(expr).is_none()).cloned().collect();
    EventFilter {
        min_level: active().filter_map(least_level).max(),
        expr: (!parts.is_empty()).then(|| Expr::all(parts)),
        ..EventFilter::default()
    }
}

/// The chips that are on, in words: `level>=warn  service:order`.
pub(crate) fn words(chips: &[Chip]) -> String {
    chips.iter().filter(|chip| chip.active().is_some()).map(|chip| chip.words.as_str()).collect::<Vec<_>>().join("  ")
}

/// The conditions of a list with those of an expression: the same one once, and one least level.
pub(crate) fn with(saved_before: &[SavedFilter], reference: &Reference, expr: &Expr) -> Vec<SavedFilter> {
    let mut all = saved_before.to_vec();
    for part in expr.conditions() {
        let chips = read(&all, reference);
        let is_same = |chip: &Chip| match (&chip.meaning, least_level(part)) {
            (Ok(own), Some(_)) => least_level(own).is_some(),
            (Ok(own), None) => own == part,
            (Err(_), _) => false,
        };
        match chips.iter().position(is_same) {
            Some(at) => all[at] = saved(part),
            None => all.push(saved(part)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Vec<SavedFilter> {
        let one = |text: &&str| SavedFilter { text: text.trim_start_matches('#').into(), is_off: text.starts_with('#') };
        texts.iter().map(one).collect()
    }

    fn expr(text: &str) -> Expr {
        filter::parse(text, &Reference::default()).unwrap().unwrap()
    }

    fn texts(list: &[SavedFilter]) -> Vec<String> {
        list.iter().map(|saved| format!("{}{}", if saved.is_off { "#" } else { "" }, saved.text)).collect()
    }

    #[test]
    fn chips_that_are_off_or_mean_nothing_let_everything_pass() {
        let chips = read(&list(&["level>=warn", "#service:order", "level>=", "a or b"]), &Reference::default());
        let filter = filter_of(&chips);
        assert_eq!(filter.min_level, Some(Level::Warn));
        assert_eq!(filter.expr, Some(expr("a or b")));
        assert_eq!(words(&chips), "level>=warn  (a or b)");
        assert!(chips[2].meaning.as_ref().is_err_and(|why| why.contains("column")));
    }

    #[test]
    fn a_new_level_takes_the_place_of_the_old_and_nothing_stands_twice() {
        let reference = Reference::default();
        assert_eq!(texts(&with(&list(&["level>=warn", "x"]), &reference, &expr("level>=error x y"))), ["level>=error", "x", "y"]);
        assert_eq!(texts(&with(&list(&["#x"]), &reference, &expr("x"))), ["x"], "adding it again switches it on");
    }
}
