//! Fixed words of a document in other languages than English.
//!
//! A table per language (`assets/lang/*.toml`) gives each English phrase, with `{}` where a name, a number or a time
//! stands, in its own words, with `{1}`, `{2}` … for these. Numbers, units and what people wrote stay as they are. The
//! phrases are found in the Markdown of the sections, place by place: headings, cells, entries, sentences. Code stays.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

mod voice;

pub use voice::Voice;

/// A language of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// As the program speaks.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// A phrase with holes.
struct Phrase {
    pattern: Regex,
    words: String,
}

struct Table {
    exact: BTreeMap<String, String>,
    phrases: Vec<Phrase>,
    /// All English phrases, with their holes.
    all: Vec<String>,
    /// Each word of these.
    vocabulary: BTreeSet<String>,
}

static CHINESE: LazyLock<Table> = LazyLock::new(|| read(include_str!("../../assets/lang/zh.toml")));

/// What a hole takes: never more than one clause, so that a short phrase cannot take what belongs to another.
const HOLE: &str = "((?:[^;]|;[^ ])+?)";
/// Holes in holes are looked at this deep.
const DEPTH: usize = 3;

fn read(text: &str) -> Table {
    let all: BTreeMap<String, String> = toml_edit::de::from_str(text).expect("a test reads the tables of words");
    let phrases: Vec<String> = all.keys().cloned().collect();
    let words = phrases.iter().flat_map(|phrase| phrase.split(|c: char| !c.is_alphabetic())).filter(|word| !word.is_empty());
    let vocabulary = words.map(str::to_owned).collect();
    let (exact, open): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(english, _)| !english.contains("{}"));
    let mut open: Vec<(String, String)> = open.into_iter().collect();
    // What says the most comes first, so that a short phrase never swallows a longer one.
    open.sort_by_key(|(english, _)| std::cmp::Reverse(english.len()));
    let phrase = |(english, words): (String, String)| {
        let parts: Vec<String> = english.split("{}").map(regex::escape).collect();
        Some(Phrase { pattern: Regex::new(&format!("(?s)^{}$", parts.join(HOLE))).ok()?, words })
    };
    Table { exact, phrases: open.into_iter().filter_map(phrase).collect(), all: phrases, vocabulary }
}

impl Language {
    /// All with their names on the command line.
    pub const ALL: [(Self, &'static str); 2] = [(Self::English, "en"), (Self::Chinese, "zh")];

    /// The language of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|entry| entry.1 == name).map(|entry| entry.0)
    }

    /// As HTML names it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    fn table(self) -> Option<&'static Table> {
        match self {
            Self::English => None,
            Self::Chinese => Some(&CHINESE),
        }
    }

    /// A phrase in this language; what is not known stays as it is.
    pub fn say(self, text: &str) -> Cow<'_, str> {
        match self.table() {
            Some(table) => table.find(text, DEPTH).map_or(Cow::Borrowed(text), Cow::Owned),
            None => Cow::Borrowed(text),
        }
    }

    /// Several sentences, each a phrase.
    pub fn sentences(self, text: &str) -> String {
        self.table().map_or_else(|| text.to_owned(), |table| table.sentences(text))
    }

    /// Our own Markdown in this language.
    pub fn markdown(self, markdown: &str) -> String {
        let Some(table) = self.table() else { return markdown.to_owned() };
        let mut fence: Option<(usize, bool)> = None;
        let mut out = String::with_capacity(markdown.len());
        for line in markdown.split_inclusive('\n') {
            let body = line.trim_end_matches('\n');
            let ticks = body.chars().take_while(|c| *c == '`').count();
            match fence {
                Some((open, _)) if ticks >= open && body.trim_matches('`').is_empty() => {
                    fence = None;
                    out.push_str(body);
                }
                Some((_, true)) => out.push_str(&table.labels(body)),
                Some(_) => out.push_str(body),
                None if ticks >= 3 => {
                    fence = Some((ticks, body.ends_with("mermaid")));
                    out.push_str(body);
                }
                None => out.push_str(&table.line(body)),
            }
            out.push_str(&line[body.len()..]);
        }
        out
    }
}

impl Table {
    fn find(&self, text: &str, depth: usize) -> Option<String> {
        if let Some(words) = self.exact.get(text) {
            return Some(words.clone());
        }
        if depth == 0 || text.len() > 2000 {
            return None;
        }
        let captures = self.phrases.iter().find_map(|phrase| Some((phrase, phrase.pattern.captures(text)?)));
        let (phrase, captures) = captures?;
        let mut out = phrase.words.clone();
        for (index, hole) in captures.iter().enumerate().skip(1) {
            let hole = hole.map_or("", |hole| hole.as_str());
            let words = self.list(hole, depth - 1).or_else(|| self.find(hole, depth - 1)).unwrap_or_else(|| hole.to_owned());
            // A hole may hold what looks like the next one.
            out = out.replacen(&format!("{{{index}}}"), &words.replace('{', "\u{0}"), 1);
        }
        Some(out.replace('\u{0}', "{"))
    }

    /// `a, b, c` if each is a phrase.
    fn list(&self, text: &str, depth: usize) -> Option<String> {
        let parts: Option<Vec<String>> = text.split(", ").map(|part| self.find(part, depth)).collect();
        parts.filter(|parts| parts.len() > 1).map(|parts| parts.join("、"))
    }

    fn say(&self, text: &str) -> String {
        self.find(text, DEPTH).unwrap_or_else(|| text.to_owned())
    }

    /// One line of Markdown.
    fn line(&self, line: &str) -> String {
        let bare = line.trim_start();
        let indent = &line[..line.len() - bare.len()];
        if bare.is_empty() || bare.starts_with("![") || bare.starts_with("<!--") {
            return line.to_owned();
        }
        if let Some(rest) = bare.strip_prefix("| ").and_then(|rest| rest.strip_suffix(" |")) {
            let cells: Vec<String> = rest.split(" | ").map(|cell| self.cell(cell)).collect();
            return format!("| {} |", cells.join(" | "));
        }
        let n_marks = bare.chars().take_while(|c| *c == '#').count();
        if n_marks > 0 && bare[n_marks..].starts_with(' ') {
            return format!("{} {}", &bare[..n_marks], self.say(&bare[n_marks + 1..]));
        }
        if let Some(words) = bare.strip_prefix("<summary>").and_then(|rest| rest.strip_suffix("</summary>")) {
            return format!("<summary>{}</summary>", self.say(words));
        }
        if let Some((mark, rest)) = bare.split_once("]: ").filter(|(mark, _)| mark.starts_with("[^")) {
            return format!("{mark}]: {}", self.clauses(rest));
        }
        if let Some(rest) = bare.strip_prefix("- ") {
            return format!("{indent}- {}", self.entry(rest));
        }
        self.entry(line)
    }

    /// `**What.** words`, `Name: value`, or sentences.
    fn entry(&self, text: &str) -> String {
        if let Some((name, rest)) = text.strip_prefix("**").and_then(|rest| rest.split_once(".** ")) {
            return format!("**{}** {}", self.say(&format!("{name}.")), self.sentences(rest));
        }
        if text.contains(" · ") {
            return text.split(" · ").map(|part| self.say(part)).collect::<Vec<_>>().join(" · ");
        }
        self.sentences(text)
    }

    /// Sentence by sentence; a phrase may span several when one of its holes does.
    fn sentences(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            // The shortest run of sentences that is a phrase; else the first sentence as it is.
            let ends: Vec<usize> = rest.match_indices(". ").map(|(at, _)| at + 1).chain([rest.len()]).collect();
            let known = ends.iter().find_map(|end| Some((*end, self.find(&rest[..*end], DEPTH)?)));
            let (end, words, is_known) =
                known.map_or_else(|| (ends[0], self.clauses(&rest[..ends[0]]), false), |(end, words)| (end, words, true));
            out.push_str(&words);
            rest = &rest[end..];
            if let Some(next) = rest.strip_prefix(' ') {
                out.push_str(if is_known { "" } else { " " });
                rest = next;
            }
        }
        out
    }

    /// Clause by clause, where the whole is no phrase.
    fn clauses(&self, text: &str) -> String {
        let parts: Vec<(String, bool)> =
            text.split("; ").map(|part| self.find(part, DEPTH).map_or_else(|| (part.to_owned(), false), |words| (words, true))).collect();
        let mut out = String::new();
        for (index, (words, is_known)) in parts.iter().enumerate() {
            out.push_str(match index.checked_sub(1).map(|before| parts[before].1 || *is_known) {
                None => "",
                Some(true) => "；",
                Some(false) => "; ",
            });
            out.push_str(words);
        }
        out
    }

    /// A cell: its lines, without the marks around the words.
    fn cell(&self, cell: &str) -> String {
        let (words, comment) = cell.find(" <!--").map_or((cell, ""), |at| cell.split_at(at));
        let line = |line: &str| {
            let bold = line.strip_prefix("**").and_then(|rest| rest.strip_suffix("**")).filter(|inner| !inner.contains("**"));
            bold.map_or_else(|| self.sentences(line), |inner| format!("**{}**", self.sentences(inner)))
        };
        format!("{}{comment}", words.split("<br>").map(line).collect::<Vec<_>>().join("<br>"))
    }

    /// Labels of a graph: what stands between quotes.
    fn labels(&self, line: &str) -> String {
        line.split('"')
            .enumerate()
            .map(|(index, part)| if index % 2 == 1 { self.say(part) } else { part.to_owned() })
            .collect::<Vec<_>>()
            .join("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_translation_has_the_holes_of_its_phrase() {
        let all: BTreeMap<String, String> = toml_edit::de::from_str(include_str!("../../assets/lang/zh.toml")).unwrap();
        for (english, words) in &all {
            let n = english.matches("{}").count();
            for index in 1..=n + 1 {
                assert_eq!(words.contains(&format!("{{{index}}}")), index <= n, "{english:?} = {words:?}");
            }
        }
    }

    #[test]
    fn what_is_said_of_a_recovery_and_its_reason_is_said_in_chinese() {
        let changes = [
            "last change before it: X; error rate turned 3.4s after it",
            "last change before it: X; error rate turned 40s after it, too late to credit it (within 30s)",
            "last change before it: X; P99 turned 5s after it, but it need not be the reason",
            "last change before it: X; nothing that users felt turned after it",
        ];
        let aside = " At that time: Y could be scraped again (02:35:46), alert Z ended (02:35:47).";
        let mut all: Vec<String> = vec!["Nobody marked it; the first alert that fired was X, at 02:33:32.".into()];
        for change in changes {
            for recovery in [
                "Mitigated at 02:36:15, 3m28s after detection; ",
                "Mitigated at 02:36:15; ",
                "Resolved at 02:36:15; ",
                "Nobody marked it; by the data, ",
            ] {
                all.push(format!("{recovery}{change}."));
                // What is credited needs no aside.
                all.extend((change != changes[0]).then(|| format!("{recovery}{change}.{aside}")));
            }
            all.push(format!("mitigated ({change})"));
            all.extend((change != changes[0]).then(|| format!("resolved ({change}).{aside}")));
        }
        for relation in ["causes", "enables", "amplifies", "masks", "blocks", "mitigates", "contradicts", "then"] {
            all.extend([format!("{relation} after 51s → C3: W"), format!("{relation} → C3")]);
        }
        let word = Regex::new("[a-z]{3,}").expect("a pattern");
        for english in all {
            let said = Language::Chinese.sentences(&english);
            assert!(!word.is_match(&said), "{english}\n{said}");
        }
    }

    #[test]
    fn code_and_unknown_words_stay() {
        let text = "## Impact\n\n```text\n## Impact\n```\n\n| Measure | `Impact` | x |\n";
        assert_eq!(Language::Chinese.markdown(text), "## 影响\n\n```text\n## Impact\n```\n\n| 指标 | `Impact` | x |\n");
        assert_eq!(Language::English.markdown(text), text);
    }
}
