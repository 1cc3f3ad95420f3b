//! The side pane as lines: causal chain, notes, detail of what is selected, sources, patterns, values of fields, a
//! trace, what differs.
//!
//! Lines are made in `update` for the width of the pane; `Ink` says what a word means, not its colour.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use unicode_width::UnicodeWidthStr;

use super::clock::Style;
use super::compare::Found;
use super::state::Focus;
use crate::model::case::Standing;
use crate::model::facets::FacetKey;
use crate::model::filter::Expr;
use crate::model::{AnnotationId, EventRef, Timestamp};

/// Tabs in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tab {
    #[default]
    Chain,
    Notes,
    Detail,
    Sources,
    Patterns,
    Facets,
    Trace,
    Compare,
}

impl Tab {
    pub(crate) const ALL: [Self; 8] =
        [Self::Chain, Self::Notes, Self::Detail, Self::Sources, Self::Patterns, Self::Facets, Self::Trace, Self::Compare];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Notes => "notes",
            Self::Detail => "detail",
            Self::Sources => "sources",
            Self::Patterns => "patterns",
            Self::Facets => "facets",
            Self::Trace => "trace",
            Self::Compare => "compare",
        }
    }
}

/// Whether evidence stands where it was pinned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standings {
    /// Version of the catalog and the evidence that was asked about.
    pub(crate) asked: Option<(u64, Vec<AnnotationId>)>,
    pub(crate) found: BTreeMap<AnnotationId, Standing>,
}

/// What a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Normal,
    Dim,
    Strong,
    /// Times.
    Time,
    Good,
    Warn,
    Error,
    /// What the user made.
    Mark,
}

/// One line; lines of one item are selected together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SideLine {
    pub(crate) words: Vec<(Ink, String)>,
    pub(crate) item: usize,
}

/// What an item stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SideItem {
    Annotation(AnnotationId),
    /// Number of a message pattern.
    Pattern(u32),
    Event(EventRef),
    /// A difference: its place among those of the comparison.
    Difference(Found),
    /// Something that filters may ask for.
    Value(Box<Choice>),
    /// More of something: Enter shows it, or takes it back.
    Fold(Fold),
    Text,
}

/// A value and the events that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The condition, or why there is none.
    pub(crate) expr: Result<Expr, &'static str>,
    /// As it stands in the source, for copying.
    pub(crate) text: String,
}

/// What is shown in full on demand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fold {
    /// The record as in its source.
    Raw,
    /// A long text of the detail, by name.
    Text(String),
    /// The further values of a key.
    Facet(FacetKey),
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub(crate) struct Side {
    pub(crate) tab: Tab,
    /// Stays in sight above the lines, as far as the pane is high enough.
    pub(crate) heading: Vec<SideLine>,
    pub(crate) lines: Vec<SideLine>,
    pub(crate) items: Vec<SideItem>,
    /// Selected item of each tab.
    selected: [usize; Tab::ALL.len()],
    pub(crate) top: usize,
    /// Conditions on the notes that are listed.
    pub(crate) notes_filter: String,
    /// What is shown in full.
    pub(crate) open: BTreeSet<Fold>,
    /// What the lines were made for.
    pub(crate) made_for: Option<MadeFor>,
}

/// Everything that the lines depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MadeFor {
    pub(crate) tab: Tab,
    pub(crate) width: u16,
    /// Of the case, the answers and the catalog.
    pub(crate) revisions: (u64, u64, u64),
    pub(crate) style: Style,
    pub(crate) zone: Tz,
    pub(crate) t0: Option<Timestamp>,
    pub(crate) subject: (Focus, usize, Option<EventRef>),
    /// Words to the user, where they are listed.
    pub(crate) said: u64,
    /// Only where the lines are about what lies under it.
    pub(crate) cursor: Option<Timestamp>,
}

impl Side {
    pub(crate) fn selected(&self) -> usize {
        self.selected[self.tab as usize]
    }

    pub(crate) fn select(&mut self, item: usize) {
        self.selected[self.tab as usize] = item.min(self.items.len().saturating_sub(1));
    }

    /// Goes up or down by items in a pane of this height; one that is higher than the pane is first seen to its end.
    /// Whether anything moved.
    pub(crate) fn step(&mut self, items: isize, height: usize) -> bool {
        let room = height.saturating_sub(self.heading_rows(height)).max(1);
        let (first, last) = self.lines_of(self.selected());
        let (before, top) = (self.selected(), self.top);
        if items > 0 && last >= self.top + room && first <= self.top {
            self.top = (self.top + items.unsigned_abs()).min((last + 1).saturating_sub(room));
        } else if items < 0 && first < self.top && last >= self.top {
            self.top = self.top.saturating_sub(items.unsigned_abs()).max(first);
        } else {
            self.select(self.selected().saturating_add_signed(items));
        }
        (before, top) != (self.selected(), self.top)
    }

    /// The selected item moves up in a pane of this height, so that lines that come below it are in sight.
    pub(crate) fn make_room_below(&mut self, height: usize) {
        let first = self.lines_of(self.selected()).0;
        self.top = self.top.max(first.saturating_sub(height / 3));
    }

    /// Selects an item and shows it first, as far as there are lines below it.
    pub(crate) fn begin_at(&mut self, item: usize) {
        self.select(item);
        self.top = self.lines_of(self.selected()).0;
    }

    /// First and last line of an item.
    fn lines_of(&self, item: usize) -> (usize, usize) {
        let first = self.lines.iter().position(|line| line.item == item).unwrap_or(0);
        (first, self.lines.iter().rposition(|line| line.item == item).unwrap_or(first))
    }

    /// The selected record of the case.
    pub(crate) fn annotation(&self) -> Option<&AnnotationId> {
        match self.items.get(self.selected())? {
            SideItem::Annotation(id) => Some(id),
            _ => None,
        }
    }

    /// What is selected.
    pub(crate) fn item_selected(&self) -> Option<&SideItem> {
        self.items.get(self.selected())
    }

    /// Selects a record in the tab that is shown.
    pub(crate) fn select_annotation(&mut self, id: &AnnotationId) {
        if let Some(index) = self.items.iter().position(|item| matches!(item, SideItem::Annotation(other) if other == id)) {
            self.select(index);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.heading.clear();
        self.lines.clear();
        self.items.clear();
    }

    /// The lines of the selected item as text.
    pub(crate) fn text_of_selected(&self) -> String {
        let selected = self.selected();
        text_of(self.lines.iter().filter(|line| line.item == selected))
    }

    /// Everything in the pane as text.
    pub(crate) fn text(&self) -> String {
        text_of(self.heading.iter().chain(&self.lines))
    }

    /// Starts an item; following lines belong to it.
    pub(crate) fn item(&mut self, item: SideItem) {
        self.items.push(item);
    }

    pub(crate) fn line(&mut self, words: Vec<(Ink, String)>) {
        self.lines.push(SideLine { words, item: self.items.len().saturating_sub(1) });
    }

    /// A line of the heading, folded to the width.
    pub(crate) fn head(&mut self, mut words: Vec<(Ink, String)>, width: usize) {
        let n = self.lines.len();
        if let Some((ink, last)) = words.pop() {
            self.folded(words, (ink, &last), width);
        }
        self.heading.extend(self.lines.drain(n..));
    }

    /// Rows of the heading in a pane of this height: items keep some for themselves.
    pub(crate) fn heading_rows(&self, height: usize) -> usize {
        const FOR_ITEMS: usize = 4;
        self.heading.len().min(height.saturating_sub(FOR_ITEMS))
    }

    /// Selects an item of lines that are still to be made.
    pub(crate) fn select_coming(&mut self, item: usize) {
        self.selected[self.tab as usize] = item;
    }

    /// Words folded to the width, behind a first line's beginning.
    pub(crate) fn folded(&mut self, first: Vec<(Ink, String)>, text: (Ink, &str), width: usize) {
        let indent: usize = first.iter().map(|word| word.1.width()).sum();
        let mut beginning = Some(first);
        for line in wrap(text.1, width.saturating_sub(indent).max(8)) {
            let mut words = beginning.take().unwrap_or_else(|| vec![(Ink::Normal, " ".repeat(indent))]);
            words.push((text.0, line));
            self.line(words);
        }
    }

    /// The same, but further lines begin at `indent`: a long beginning does not make them narrow.
    pub(crate) fn hanging(&mut self, first: Vec<(Ink, String)>, text: (Ink, &str), indent: usize, width: usize) {
        let used: usize = first.iter().map(|word| word.1.width()).sum();
        let room = width.saturating_sub(indent).max(8);
        let taken = used.saturating_sub(indent);
        if taken < 2 || taken * 2 > room {
            return self.folded(first, text, width);
        }
        // One word as wide as what the beginning takes of the first line stands for it.
        let placeholder = "x".repeat(taken.saturating_sub(1));
        let mut beginning = Some(first);
        for line in wrap(&format!("{placeholder} {}", text.1), room) {
            let (mut words, line) = match beginning.take() {
                Some(first) => (first, line.get(taken..).unwrap_or_default().to_owned()),
                None => (vec![(Ink::Normal, " ".repeat(indent))], line),
            };
            words.push((text.0, line));
            self.line(words);
        }
    }

    /// Keeps the selection in sight of a pane of this height.
    pub(crate) fn scroll(&mut self, height: usize) {
        let height = height - self.heading_rows(height);
        let selected = self.selected().min(self.items.len().saturating_sub(1));
        self.selected[self.tab as usize] = selected;
        let (first, last) = self.lines_of(selected);
        if last - first >= height.max(1) {
            // Higher than the pane: any part of it may be in sight.
            self.top = self.top.clamp(first, last + 1 - height.max(1));
        } else if last >= self.top + height {
            self.top = (last + 1).saturating_sub(height);
        } else if first < self.top {
            self.top = first;
        }
        self.top = self.top.min(self.lines.len().saturating_sub(height.max(1)));
    }
}

fn text_of<'a>(lines: impl Iterator<Item = &'a SideLine>) -> String {
    let line = |line: &SideLine| line.words.iter().map(|word| word.1.as_str()).collect::<String>().trim_end().to_owned();
    lines.map(line).collect::<Vec<_>>().join("\n")
}

/// Exactly so many columns: cut in front with `…` (the end of a path tells more), or filled with blanks.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return format!("{text}{}", " ".repeat(width - text.width()));
    }
    let mut tail = String::new();
    let mut used = 1;
    for c in text.chars().rev() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > width {
            break;
        }
        tail.insert(0, c);
    }
    let blanks = width.saturating_sub(1 + tail.width());
    format!("…{tail}{}", " ".repeat(blanks))
}

/// Exactly so many columns: cut at its end with `…`, or filled with blanks.
pub(crate) fn fit_start(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let room = if text.width() <= width { width } else { width.saturating_sub(1) };
    for c in text.chars() {
        let columns = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used + columns > room {
            break;
        }
        used += columns;
        out.push(c);
    }
    if room < width {
        out.push('…');
        used += 1;
    }
    out.push_str(&" ".repeat(width.saturating_sub(used)));
    out
}

/// Folds text at blanks; words wider than a line are cut, behind a comma, slash or brace of its second half if there is one. Line
/// ends are kept.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in words_of(paragraph, width) {
            let mut word = word;
            let blank = usize::from(!line.is_empty());
            if line.width() + blank + word.width() <= width {
                if blank == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                out.push(std::mem::take(&mut line));
            }
            while word.width() > width {
                let (mut cut, mut behind_sign) = (0, None);
                let mut used = 0;
                for (at, c) in word.char_indices() {
                    used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
                    if used > width {
                        break;
                    }
                    cut = at + c.len_utf8();
                    if matches!(c, ',' | ';' | '&' | '/' | '{') && used * 2 > width {
                        behind_sign = Some(cut);
                    }
                }
                let cut = behind_sign.unwrap_or(cut);
                let cut = if cut == 0 { word.chars().next().map_or(0, char::len_utf8) } else { cut };
                out.push(word[..cut].to_owned());
                word = &word[cut..];
            }
            line.push_str(word);
        }
        out.push(line);
    }
    out
}

/// The words of a paragraph; a number stays with its further digits and its unit, as far as they fit a line: `19 653`, `2 s`.
fn words_of(paragraph: &str, width: usize) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    let mut start = 0;
    for word in paragraph.split(' ') {
        let end = start + word.len();
        let before = words.last().copied().filter(|before| before.ends_with(|c: char| c.is_ascii_digit()));
        match before.filter(|before| belongs_to_number(word) && before.width() + 1 + word.width() <= width) {
            Some(before) => {
                let from = start - 1 - before.len();
                words.pop();
                words.push(&paragraph[from..end]);
            }
            None => words.push(word),
        }
        start = end + 1;
    }
    words
}

/// Further digits of a number, or a unit, with what a sentence puts behind it.
pub(crate) fn belongs_to_number(word: &str) -> bool {
    const UNITS: [&str; 14] = ["%", "s", "ms", "µs", "us", "ns", "m", "h", "d", "B", "kB", "MB", "GB", "MiB"];
    let word = word.trim_end_matches(|c: char| ".,;:)".contains(c));
    UNITS.contains(&word) || (word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_with_its_digits_and_its_unit() {
        assert_eq!(wrap("peak 3 659 s; 142 and", 10), ["peak", "3 659 s;", "142 and"]);
        assert_eq!(wrap("counting … 78 %  Esc stops", 13), ["counting …", "78 %  Esc", "stops"]);
        assert_eq!(wrap("12 345 678 900 s", 8), ["12 345", "678 900", "s"]);
    }

    #[test]
    fn text_folds_at_blanks_and_wide_words_are_cut() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrap("up{job=\"a\",zone=\"b\"}", 16), ["up{job=\"a\",", "zone=\"b\"}"]);
        assert_eq!(wrap("a,bcdefghij", 6), ["a,bcde", "fghij"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
    }

    #[test]
    fn lines_below_a_long_beginning_use_the_width() {
        let told = |first: &str, width: usize| {
            let mut side = Side::default();
            side.item(SideItem::Text);
            side.hanging(vec![(Ink::Time, first.to_owned())], (Ink::Dim, "rose from one to two and stayed there"), 2, width);
            side.text().lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(told("  03:22 T+5s  ", 32), ["  03:22 T+5s  rose from one to", "  two and stayed there"]);
        assert_eq!(told("  ", 32), ["  rose from one to two and", "  stayed there"]);
        assert_eq!(
            told("  03:22 T+5s  ", 24),
            ["  03:22 T+5s  rose from", "              one to two", "              and stayed", "              there"]
        );
    }
}
