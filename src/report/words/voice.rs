//! One document in one language: the table of phrases, and the words of others that it must leave alone.
//!
//! Before a phrase is looked for, every stretch that people or sources wrote is replaced by one sign of a private plane;
//! afterwards it comes back as it was. So a note that reads like a phrase of ours is neither translated nor turned round.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};

use super::{Language, Table};
use crate::report::escape::{cell, inline, mermaid};
use crate::report::postmortem::Postmortem;

/// First sign of the plane that stands for what is left alone.
const FIRST: u32 = 0xF_0000;
/// Signs of that plane.
const MOST: usize = 0xFFFD;
/// Signs at which labels of a graph and messages of the checks are cut: the cut form stands in the document.
const CUTS: [usize; 3] = [60, 89, 90];

/// What says our phrases in a document.
pub struct Voice {
    language: Language,
    /// As printed, each once; only for languages that translate.
    foreign: BTreeSet<String>,
}

impl Voice {
    /// The voice of this document.
    pub fn of(language: Language, postmortem: &Postmortem) -> Self {
        let Some(table) = language.table() else { return Self { language, foreign: BTreeSet::new() } };
        let own = own_names(postmortem);
        let words = postmortem.foreign.iter().map(String::as_str).chain(own.iter().map(String::as_str));
        let foreign = words.flat_map(forms).filter(|text| table.may_be_foreign(text)).collect();
        Self { language, foreign }
    }

    /// A phrase in this language; what is not known stays as it is.
    pub fn say(&self, text: &str) -> String {
        self.shielded(text, |text| self.language.say(text).into_owned())
    }

    /// Several sentences, each a phrase.
    pub fn sentences(&self, text: &str) -> String {
        self.shielded(text, |text| self.language.sentences(text))
    }

    /// Our own Markdown in this language.
    pub fn markdown(&self, markdown: &str) -> String {
        self.shielded(markdown, |text| self.language.markdown(text))
    }

    /// The words of a picture in this language.
    pub fn svg(&self, svg: String) -> String {
        if self.language.table().is_none() {
            return svg;
        }
        let mut out = String::with_capacity(svg.len());
        for (index, part) in svg.split('>').enumerate() {
            out.push_str(if index > 0 { ">" } else { "" });
            match part.find('<') {
                Some(end) if end > 0 && (part[end..].starts_with("</text") || part[end..].starts_with("</title")) => {
                    out.extend([self.label(&part[..end]).as_str(), &part[end..]]);
                }
                _ => out.push_str(part),
            }
        }
        out
    }

    /// Words of a picture: a phrase, else name by name.
    fn label(&self, text: &str) -> String {
        self.shielded(text, |text| {
            let whole = self.language.say(text);
            if whole != text {
                return whole.into_owned();
            }
            let names = |part: &str| part.split(", ").map(|word| self.language.say(word).into_owned()).collect::<Vec<_>>().join(", ");
            text.split(": ").map(names).collect::<Vec<_>>().join(": ")
        })
    }

    /// The stretches of a text that are not ours.
    pub fn foreign_in(&self, text: &str) -> Vec<String> {
        self.shield(text).map(|shield| shield.find_iter(text).map(|found| found.as_str().to_owned()).collect()).unwrap_or_default()
    }

    fn shielded(&self, text: &str, say: impl Fn(&str) -> String) -> String {
        if self.language.table().is_none() {
            return say(text);
        }
        let Some(shield) = self.shield(text) else { return say(text) };
        let mut kept: Vec<String> = Vec::new();
        let hidden = shield.replace_all(text, |found: &regex::Captures| {
            let sign = char::from_u32(FIRST + kept.len() as u32).filter(|_| kept.len() < MOST);
            sign.map_or_else(
                || found[0].to_owned(),
                |sign| {
                    kept.push(found[0].to_owned());
                    sign.to_string()
                },
            )
        });
        let said = say(&hidden);
        let mut out = String::with_capacity(said.len() + text.len());
        for c in said.chars() {
            match (c as u32).checked_sub(FIRST).and_then(|index| kept.get(index as usize)) {
                Some(words) => out.push_str(words),
                None => out.push(c),
            }
        }
        out
    }

    /// Finds what is not ours in a text; the longest first. Signs of the private plane are never ours.
    fn shield(&self, text: &str) -> Option<Regex> {
        let mut there: Vec<&String> = self.foreign.iter().filter(|words| text.contains(words.as_str())).collect();
        there.sort_by_key(|words| std::cmp::Reverse(words.len()));
        let edge = |c: Option<char>| if c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') { r"\b" } else { "" };
        let bounded = there.into_iter().map(|words| {
            let (first, last) = (edge(words.chars().next()), edge(words.chars().next_back()));
            format!("{first}{}{last}", regex::escape(words))
        });
        let pattern = bounded.chain(["[\u{F0000}-\u{FFFFD}]".to_owned()]).collect::<Vec<_>>().join("|");
        RegexBuilder::new(&pattern).size_limit(256 << 20).build().ok()
    }
}

/// As which the words of somebody stand in a document.
fn forms(words: &str) -> Vec<String> {
    let words = words.trim().trim_end_matches('.');
    let mut all = vec![cell(words)];
    for line in words.lines().map(str::trim) {
        all.extend([line.to_owned(), cell(line), inline(line), crate::report::escape::xml(line)]);
    }
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    for most in CUTS {
        let Some((at, _)) = line.char_indices().nth(most) else { continue };
        let cut = &line[..at];
        let whole = cut.rsplit_once(' ').map_or(cut, |parts| parts.0).trim_end_matches([',', ';', ':']);
        all.extend([format!("{}…", cell(cut)), mermaid(whole, most), mermaid(cut, most)]);
    }
    all.push(mermaid(&line, usize::MAX));
    // A graph shows the first sentence.
    all.extend(line.split(". ").next().map(|first| mermaid(first, usize::MAX)));
    all.retain(|form| !form.trim().is_empty());
    all
}

/// Names that stand in the values themselves: series, sources, queries.
fn own_names(postmortem: &Postmortem) -> Vec<String> {
    let provenance = &postmortem.provenance;
    let series = postmortem.detection.signs.iter().map(|sign| &sign.series);
    let series = series.chain(postmortem.indicators.series.iter().flat_map(|one| [&one.series, &one.metric]));
    let series = series.chain(provenance.series.iter().flat_map(|one| std::iter::once(&one.name).chain(&one.query)));
    let paths = provenance.sources.iter().map(|source| &source.path).chain(provenance.series.iter().map(|one| &one.source));
    let paths = paths.chain(postmortem.indicators.series.iter().map(|one| &one.source));
    let pairs = postmortem.exhibits.iter().flat_map(|exhibit| std::iter::once(&exhibit.subject));
    let services = postmortem.services.iter().map(|row| &row.service).chain(&postmortem.detection.silent);
    series.chain(paths).chain(pairs).chain(services).cloned().collect()
}

impl Table {
    /// Whether words may be somebody's: not a phrase of ours, nor a part of one, nor one word of them.
    fn may_be_foreign(&self, words: &str) -> bool {
        let is_word = !words.contains(' ') && words.chars().all(char::is_alphabetic);
        let is_ours = if is_word { self.vocabulary.contains(words) } else { self.all.iter().any(|phrase| phrase.contains(words)) };
        !is_ours
    }
}
