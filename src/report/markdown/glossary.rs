//! Words of the trade that a document uses, told in a line each. Data: `assets/glossary.toml`.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::table::Table;
use super::{Section, heading};
use crate::report::escape::cell;
use crate::report::words::Language;

#[derive(Deserialize)]
struct File {
    term: Vec<Term>,
}

#[derive(Deserialize)]
struct Term {
    word: String,
    #[serde(default)]
    or: Vec<String>,
    en: String,
    zh: String,
}

static TERMS: LazyLock<Vec<(Term, Option<Regex>)>> = LazyLock::new(|| {
    let file: File = toml_edit::de::from_str(include_str!("../../../assets/glossary.toml")).expect("a test reads the glossary");
    let regex = |term: &Term| {
        let words: Vec<String> = std::iter::once(&term.word).chain(&term.or).map(|word| regex::escape(word)).collect();
        RegexBuilder::new(&format!(r"\b(?:{})\b", words.join("|"))).case_insensitive(true).build().ok()
    };
    file.term.into_iter().map(|term| (regex(&term), term)).map(|(regex, term)| (term, regex)).collect()
});

/// A table of the words that these sections use; nothing when they use none.
pub(super) fn section(out: &mut String, sections: &[Section], language: Language) {
    // What stands in the appendix is for those who check numbers.
    let read = || sections.iter().filter(|section| section.name != "appendix");
    let used: Vec<&Term> = TERMS
        .iter()
        .filter(|(_, regex)| regex.as_ref().is_some_and(|regex| read().any(|section| regex.is_match(&section.text))))
        .map(|(term, _)| term)
        .collect();
    if used.is_empty() {
        return;
    }
    heading(out, 2, "Glossary");
    let mut table = Table::new(&["Term", "Meaning"]);
    for term in used {
        let meaning = match language {
            Language::English => &term.en,
            Language::Chinese => &term.zh,
        };
        table.row(vec![cell(&term.word), cell(meaning)]);
    }
    table.write(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_are_used_are_told() {
        let of = |text: &str| {
            let mut out = String::new();
            section(&mut out, &[Section { name: "summary".into(), title: "Summary".into(), text: text.into() }], Language::English);
            out
        };
        assert!(of("the P99 rose and goroutines piled up").matches("\n| ").count() == 4, "{}", of("the P99 rose and goroutines piled up"));
        assert_eq!(of("spooling poolside"), "", "whole words only");
    }
}
