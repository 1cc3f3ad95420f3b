//! What stands in the rows of the event list: which columns, how wide, and the words behind them, cut, moved or wrapped.
//!
//! The time and the first columns stay where they are; everything behind them is the tail, which moves (`(` `)`) or goes
//! on in further rows (`\`), so that no byte of a record is out of reach on a narrow screen. A field that has a column
//! stands in the tail again only where its column cuts it.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{EventRow, fields_words};
use crate::app::clock::{Precision, Style};
use crate::app::state::State;
use crate::model::text;

/// Least and greatest width of a chosen column.
const WIDTHS: (usize, usize) = (3, 24);
/// Columns between the parts of a tail.
const GAP: usize = 2;

/// Columns that are no fields.
pub(crate) const OWN: [(&str, &str); 5] = [
    ("level", "severity"),
    ("service", "who wrote it"),
    ("source", "file or stream it is from"),
    ("line", "line in its source"),
    ("trace", "trace id"),
];
/// What stands there while nothing was chosen.
pub(crate) const USUAL: [&str; 2] = ["level", "service"];

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) width: usize,
}

/// The shape of all rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    /// Width of the time of day; 0 where only the offset fits.
    pub(crate) time: usize,
    /// Width of the time from T+0.
    pub(crate) offset: usize,
    pub(crate) is_short_time: bool,
    /// Columns that stay.
    pub(crate) fixed: Vec<Column>,
    /// Columns that move with the tail.
    pub(crate) moving: Vec<Column>,
    /// Whether a row above names the columns.
    pub(crate) has_header: bool,
    /// Column at which the tail begins, from the left of the list.
    pub(crate) tail_x: usize,
    /// Columns that the tail has.
    pub(crate) tail_width: usize,
    pub(crate) is_wrapped: bool,
    /// Columns by which tails are moved to the left.
    pub(crate) pan: usize,
}

impl Shape {
    pub(crate) const fn precision(&self) -> Precision {
        if self.is_short_time { Precision::Seconds } else { Precision::Millis }
    }

    /// Whether rows show their beginning only, as they do at first.
    const fn is_plain(&self) -> bool {
        !self.is_wrapped && self.pan == 0 && self.moving.is_empty() && !self.has_header
    }

    fn columns(&self) -> impl Iterator<Item = &Column> {
        self.fixed.iter().chain(&self.moving)
    }
}

/// The shape for a list of this width. O(rows at hand) when columns were chosen.
pub(crate) fn shape(state: &State, width: u16) -> Shape {
    let width = usize::from(width);
    let has_offset = state.clock.t0.is_some();
    let is_offset_first = state.clock.style == Style::Offset && has_offset;
    let is_short_time = width < 46;
    let time = match (is_offset_first && width < 70, is_short_time) {
        (true, _) => 0,
        (_, true) => 8,
        _ => 12,
    };
    let offset = if (has_offset && width >= 70) || time == 0 { 9 } else { 0 };
    let screen = &state.session.doc.meta.screen;
    let mut shape = Shape { time, offset, is_short_time, is_wrapped: screen.is_wrapped, pan: state.list.pan, ..Shape::default() };
    let part = |width: usize| if width > 0 { width + 1 } else { 0 };
    let mut x = 1 + part(time) + part(offset);
    match &screen.columns {
        None => {
            let service = match width {
                ..46 => 0,
                46..100 => 9,
                _ => 12,
            };
            let usual = [("level", 5), ("service", service)].into_iter().filter(|column| column.1 > 0);
            shape.fixed = usual.map(|(name, width)| Column { name: name.to_owned(), width }).collect();
            x += shape.fixed.iter().map(|column| column.width + 1).sum::<usize>();
        }
        Some(names) => {
            shape.has_header = !names.is_empty();
            for name in names {
                // Columns do not become narrower while one scrolls: they would jump.
                let before = state
                    .list
                    .shape
                    .columns()
                    .filter(|_| state.list.shape.has_header)
                    .find(|column| column.name == *name)
                    .map_or(0, |column| column.width);
                let column = Column { name: name.clone(), width: widest(&state.list.rows, name).max(before) };
                if shape.moving.is_empty() && x + column.width < width * 3 / 5 {
                    x += column.width + 1;
                    shape.fixed.push(column);
                } else {
                    shape.moving.push(column);
                }
            }
        }
    }
    (shape.tail_x, shape.tail_width) = (x.min(width), width.saturating_sub(x).max(1));
    shape
}

fn widest(rows: &[EventRow], name: &str) -> usize {
    let title = text::printable(name).width();
    if name == "level" {
        return title;
    }
    let cells = rows.iter().map(|row| row.cell(name).map_or(0, |cell| text::printable(cell).width()));
    cells.max().unwrap_or(0).max(title).clamp(WIDTHS.0, WIDTHS.1)
}

impl EventRow {
    /// What the row has in a column, as it is in the source.
    pub(crate) fn cell(&self, name: &str) -> Option<&str> {
        match name {
            "level" => Some(self.level.name()),
            "service" => Some(&self.service),
            "source" => Some(&self.source),
            "line" => Some(&self.line),
            "trace" => self.trace_id.as_deref(),
            _ => self.pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str()),
        }
    }

    /// The words behind the fixed columns: those of moving columns, the message, the fields. Line ends stay line ends.
    fn tail(&self, shape: &Shape) -> Tail {
        if shape.is_plain() {
            let cut = format!("{}{}{}", self.message, " ".repeat(GAP), self.fields);
            return Tail { message: 0..self.n_before_fields, text: cut };
        }
        let mut text = String::new();
        for column in &shape.moving {
            let cell = text::printable(self.cell(&column.name).unwrap_or_default());
            text.push_str(&crate::app::side::fit_start(&cell, column.width));
            text.push_str(&" ".repeat(GAP));
        }
        let start = text.len();
        if shape.is_wrapped {
            let lines = self.whole_message.trim_end().lines().map(|line| line.replace('\t', "    "));
            text.push_str(&lines.map(|line| text::printable(&line).into_owned()).collect::<Vec<_>>().join("\n"));
        } else {
            text.push_str(&text::printable(self.whole_message.trim_end()));
        }
        let (n_before, told) = fields_at_end(&self.whole_message, &self.pairs, self.trace_id.as_deref());
        let at_end = self.whole_message.get(n_before..).map(|words| text::printable(words.trim_end())).unwrap_or_default();
        // Line ends among them are shown in another way: then all of it is message.
        let message = start..if text[start..].ends_with(&*at_end) { text.len() - at_end.len() } else { text.len() };
        let is_told =
            |name: &str, value: &str| shape.columns().any(|column| column.name == name && text::printable(value).width() <= column.width);
        let others: Vec<&(String, String)> =
            self.pairs.iter().filter(|(name, value)| !told.contains(&name.as_str()) && !is_told(name, value)).collect();
        if !others.is_empty() {
            text.push_str(&" ".repeat(GAP));
            text.push_str(&fields_words(&others, usize::MAX));
        }
        Tail { text, message }
    }

    /// The lines of the tail that the list shows of it, at most `most` from `skip` on; not wrapped there is one.
    pub(crate) fn tail_lines(&self, shape: &Shape, skip: usize, most: usize) -> Vec<[(TailPart, String); 3]> {
        let tail = self.tail(shape);
        if !shape.is_wrapped {
            return vec![tail.parts(moved(&tail.text, shape.pan)..tail.text.len())];
        }
        fold(&tail.text, shape.tail_width, skip + most).into_iter().skip(skip).map(|line| tail.parts(line)).collect()
    }

    /// Lines of the tail, counted up to `most`.
    pub(crate) fn n_lines(&self, shape: &Shape, most: usize) -> usize {
        if shape.is_wrapped { fold(&self.tail(shape).text, shape.tail_width, most).len().max(1) } else { 1 }
    }

    /// Columns of the whole tail.
    pub(crate) fn tail_columns(&self, shape: &Shape) -> usize {
        self.tail(&Shape { pan: shape.pan.max(1), ..shape.clone() }).text.width()
    }
}

/// Bytes of a message before the fields that it ends with, and their names: `request id=7 status=200` is `request`, and
/// says both. A message of nothing else is one.
pub(crate) fn fields_at_end<'f>(message: &str, fields: &'f [(String, String)], trace_id: Option<&str>) -> (usize, Vec<&'f str>) {
    let mut told = Vec::new();
    let whole = message.trim_end();
    let mut end = whole.len();
    loop {
        let head = &whole[..end];
        let field = fields.iter().find_map(|(name, value)| Some((before_pair(head, Some(name), value)?, Some(name.as_str()))));
        let Some((n, name)) = field.or_else(|| Some((before_pair(head, None, trace_id?)?, None))) else { break };
        told.extend(name);
        end = head[..n].trim_end().len();
    }
    if end == 0 { (whole.len(), told) } else { (end, told) }
}

/// Bytes before `name=value` or `name="value"` at the end of a text; without a name it may be any word.
fn before_pair(text: &str, name: Option<&str>, value: &str) -> Option<usize> {
    let quoted = || text.strip_suffix('"')?.strip_suffix(value)?.strip_suffix('"')?.strip_suffix('=');
    let rest = text.strip_suffix(value).and_then(|rest| rest.strip_suffix('=')).or_else(quoted)?;
    let n = match name {
        Some(name) => rest.strip_suffix(name)?.len(),
        None => rest.rfind(char::is_whitespace).map_or(0, |at| at + rest[at..].chars().next().map_or(1, char::len_utf8)),
    };
    (n == 0 || text[..n].ends_with(char::is_whitespace)).then_some(n)
}

/// What a part of a tail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TailPart {
    Columns,
    Message,
    Fields,
}

struct Tail {
    text: String,
    message: Range<usize>,
}

impl Tail {
    /// The three parts of a stretch of the text.
    fn parts(&self, range: Range<usize>) -> [(TailPart, String); 3] {
        let part = |from: usize, to: usize| self.text[from.clamp(range.start, range.end)..to.clamp(range.start, range.end)].to_owned();
        [
            (TailPart::Columns, part(0, self.message.start)),
            (TailPart::Message, part(self.message.start, self.message.end)),
            (TailPart::Fields, part(self.message.end, self.text.len())),
        ]
    }
}

/// Byte at which the text goes on when it is moved by so many columns; a wide character is never halved.
fn moved(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if used >= columns {
            return at;
        }
        used += grapheme.width();
    }
    text.len()
}

/// Folds text over lines of at most `width` columns, at blanks where it can; at most `most` lines. Together they hold
/// every character but line ends.
fn fold(text: &str, width: usize, most: usize) -> Vec<Range<usize>> {
    let width = width.max(2);
    let mut lines = Vec::new();
    let mut at = 0;
    for paragraph in text.split_inclusive('\n') {
        let end = at + paragraph.trim_end_matches('\n').len();
        let mut start = at;
        loop {
            if lines.len() >= most {
                return lines;
            }
            let cut = start + line_end(&text[start..end], width);
            lines.push(start..cut);
            start = cut;
            if start >= end {
                break;
            }
        }
        at += paragraph.len();
    }
    lines
}

/// Bytes of the first line: all that fits, up to the last blank if more follows and that is not far back.
fn line_end(text: &str, width: usize) -> usize {
    let (mut used, mut blank) = (0, None);
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > width {
            // A word longer than half a line is cut where the line ends.
            let whole = blank.filter(|(_, columns)| columns * 2 > width).map(|(end, _)| end);
            return whole.unwrap_or(at).max(text.chars().next().map_or(1, char::len_utf8));
        }
        if grapheme == " " {
            blank = Some((at + 1, used));
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_message_is_folded_at_blanks_and_long_words_are_cut() {
        let folded = |text: &'static str, width| fold(text, width, 99).into_iter().map(|line| &text[line]).collect::<Vec<_>>();
        assert_eq!(folded("one two three", 8), ["one two ", "three"]);
        assert_eq!(folded("a bcdefghijkl", 5), ["a bcd", "efghi", "jkl"]);
        assert_eq!(folded("boom\n  at x", 20), ["boom", "  at x"]);
        assert_eq!(folded("漢字漢字", 3), ["漢", "字", "漢", "字"]);
        assert_eq!(moved("漢字x", 3), 6);
    }

    #[test]
    fn the_fields_that_a_message_ends_with_are_told_once() {
        let fields =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
        let known = fields(&[("id", "7"), ("why", "pool is full"), ("user", "漢")]);
        let split = |message| {
            let (n, told) = fields_at_end(message, &known, Some("ab12"));
            (message[..n].to_owned(), told.join(" "))
        };
        let is = |before: &str, told: &str| (before.to_owned(), told.to_owned());
        assert_eq!(split("request trace=ab12 id=7 why=\"pool is full\""), is("request", "why id"));
        assert_eq!(split("request id=7 failed"), is("request id=7 failed", ""));
        assert_eq!(split("漢字  user=漢 \n"), is("漢字", "user"));
        assert_eq!(split("id=7"), is("id=7", "id"));
        assert_eq!(split("uuid=7 grid=7"), is("uuid=7 grid=7", ""));
        assert_eq!(split(""), is("", ""));
    }

    proptest! {
        #[test]
        fn no_character_is_lost_by_folding(text in "[a-c 漢\u{301}\n]{0,60}", width in 1usize..12) {
            let lines = fold(&text, width, usize::MAX);
            let together: String = lines.iter().map(|line| &text[line.clone()]).collect();
            prop_assert_eq!(together, text.replace('\n', ""));
            prop_assert!(lines.iter().all(|line| text[line.clone()].width() <= width.max(2) || text[line.clone()].graphemes(true).count() == 1));
            prop_assert_eq!(fold(&text, width, 2).len(), lines.len().min(2));
        }
    }
}
