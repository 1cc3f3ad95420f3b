//! The marks inside a line of Markdown, and how it is broken into lines of a width.
//!
//! Knows nothing of blocks. Wide characters (Chinese) may be broken between any two; other text only at blanks, and
//! inside a word that is longer than a line.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::{Span, Tone};
use crate::app::side::belongs_to_number;
use crate::model::text::printable;

/// A stretch of a line, or a line break.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Piece {
    pub(super) span: Span,
    pub(super) is_break: bool,
}

impl Piece {
    pub(super) fn new(tone: Tone, text: &str) -> Self {
        Self { span: Span::new(tone, text), is_break: false }
    }
}

/// What is open while a line is read.
#[derive(Default)]
struct Marks {
    is_strong: bool,
    is_emphasis: bool,
    text: String,
    out: Vec<Piece>,
}

impl Marks {
    fn tone(&self) -> Tone {
        match (self.is_strong, self.is_emphasis) {
            (true, _) => Tone::Strong,
            (_, true) => Tone::Emphasis,
            _ => Tone::Plain,
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.out.push(Piece::new(self.tone(), &printable(&text)));
        }
    }

    fn put(&mut self, tone: Tone, text: &str) {
        self.flush();
        self.out.push(Piece::new(tone, &printable(text)));
    }
}

/// The stretches of a line.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut marks = Marks::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = special(&mut marks, rest).unwrap_or_else(|| {
            marks.text.push(first);
            &rest[first.len_utf8()..]
        });
    }
    marks.flush();
    marks.out
}

/// Takes a mark at the start of `rest`; `None` when there is none.
fn special<'a>(marks: &mut Marks, rest: &'a str) -> Option<&'a str> {
    let after = |n: usize| Some(&rest[n..]);
    match rest.as_bytes()[0] {
        b'\\' => {
            let next = rest[1..].chars().next().filter(char::is_ascii_punctuation)?;
            marks.text.push(next);
            after(2)
        }
        b'`' => {
            let n = rest.bytes().take_while(|byte| *byte == b'`').count();
            let end = crate::model::text::closing_ticks(&rest[n..], n)?;
            let inner = &rest[n..n + end];
            let is_padded = inner.len() > 2 && inner.starts_with(' ') && inner.ends_with(' ') && !inner.trim().is_empty();
            marks.put(Tone::Code, if is_padded { &inner[1..inner.len() - 1] } else { inner });
            after(n + end + n)
        }
        b'*' if rest.starts_with("**") => {
            marks.flush();
            marks.is_strong = !marks.is_strong;
            after(2)
        }
        b'*' | b'_' if opens_or_closes(marks, rest) => {
            marks.flush();
            marks.is_emphasis = !marks.is_emphasis;
            after(1)
        }
        b'!' if rest.starts_with("![") => {
            let (words, target, n) = link(&rest[1..])?;
            marks.put(Tone::Dim, &format!("[picture: {} ({target})]", plain(words)));
            after(1 + n)
        }
        b'[' => {
            let (words, target, n) = link(rest)?;
            let words = plain(words);
            marks.put(Tone::Link, &words);
            if target != words && !target.is_empty() {
                marks.put(Tone::Dim, &format!(" ({target})"));
            }
            after(n)
        }
        b'<' => tag(marks, rest),
        b'&' => {
            let end = rest[..rest.len().min(12)].find(';')?;
            marks.text.push_str(&entity(&rest[1..end])?);
            after(end + 1)
        }
        _ => None,
    }
}

/// A single mark stands at the edge of a word, and is closed somewhere.
fn opens_or_closes(marks: &Marks, rest: &str) -> bool {
    let sign = &rest[..1];
    let next = rest[1..].chars().next();
    if marks.is_emphasis {
        return !marks.text.ends_with(' ') && next.is_none_or(|c| sign == "*" || !c.is_alphanumeric());
    }
    let before = marks.text.chars().next_back();
    let is_edge = before.is_none_or(|c| sign == "*" || !c.is_alphanumeric());
    is_edge && next.is_some_and(|c| !c.is_whitespace() && !sign.starts_with(c)) && rest[1..].contains(sign)
}

fn tag<'a>(marks: &mut Marks, rest: &'a str) -> Option<&'a str> {
    if let Some(after) = ["<br>", "<br/>", "<br />"].iter().find_map(|tag| rest.strip_prefix(tag)) {
        marks.flush();
        marks.out.push(Piece { is_break: true, ..Piece::default() });
        return Some(after);
    }
    if let Some(comment) = rest.strip_prefix("<!--") {
        let after = comment.split_once("-->")?.1;
        let kept = marks.text.trim_end_matches(' ').len();
        marks.text.truncate(kept);
        return Some(after);
    }
    let (inner, after) = rest[1..].split_once('>')?;
    let is_address = ["http://", "https://", "mailto:"].iter().any(|scheme| inner.starts_with(scheme)) && !inner.contains(' ');
    if is_address {
        marks.put(Tone::Link, inner);
        return Some(after);
    }
    None
}

/// `[words](target)`: words, target, length.
fn link(rest: &str) -> Option<(&str, &str, usize)> {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    let mut close = None;
    for (at, c) in rest.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => depth += 1,
            ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    close = Some(at);
                    break;
                }
            }
            _ => {}
        }
    }
    let close = close?;
    let target = rest[close + 1..].strip_prefix('(')?;
    let end = target.find(')')?;
    let address = target[..end].split(' ').next().unwrap_or_default().trim_matches(['<', '>']);
    Some((&rest[1..close], address, close + 1 + 1 + end + 1))
}

/// The words of a link without marks.
fn plain(words: &str) -> String {
    pieces(words).into_iter().map(|piece| piece.span.text).collect()
}

fn entity(name: &str) -> Option<String> {
    let known = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'"), ("nbsp", "\u{a0}")];
    if let Some((_, text)) = known.iter().find(|entry| entry.0 == name) {
        return Some((*text).to_owned());
    }
    let number = name.strip_prefix('#')?;
    let code = number.strip_prefix(['x', 'X']).map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
    // A sign without width only keeps readers of Markdown from making links.
    if code == 8203 { Some(String::new()) } else { char::from_u32(code).map(String::from) }
}

/// A word that may not be broken, in its tones.
#[derive(Default)]
struct Word {
    spans: Vec<Span>,
    width: usize,
    /// A blank stands before it.
    has_blank: bool,
}

/// Breaks stretches into lines of at most `width` columns; the first begins with `first`, the others with `rest`.
pub(super) fn wrap(pieces: &[Piece], width: usize, (first, rest): (&str, &str)) -> Vec<Vec<Span>> {
    let mut lines: Vec<Vec<Span>> = Vec::new();
    let mut line = vec![Span::new(Tone::Plain, first)];
    let mut used = first.width();
    let mut is_empty = true;
    for word in with_whole_numbers(words(pieces), width.saturating_sub(rest.width())) {
        let Some(word) = word else {
            lines.push(std::mem::replace(&mut line, vec![Span::new(Tone::Plain, rest)]));
            (used, is_empty) = (rest.width(), true);
            continue;
        };
        let blank = usize::from(word.has_blank && !is_empty);
        if used + blank + word.width > width && !is_empty {
            lines.push(std::mem::replace(&mut line, vec![Span::new(Tone::Plain, rest)]));
            (used, is_empty) = (rest.width(), true);
        } else if blank == 1 {
            let tone = word.spans.first().map_or(Tone::Plain, |span| span.tone);
            let same = line.last().is_some_and(|span| span.tone == tone);
            line.push(Span::new(if same { tone } else { Tone::Plain }, " "));
            used += 1;
        }
        for span in word.spans {
            // Longer than a line: broken where it must be.
            for grapheme in span.text.graphemes(true) {
                let n = grapheme.width();
                if used + n > width && !is_empty {
                    lines.push(std::mem::replace(&mut line, vec![Span::new(Tone::Plain, rest)]));
                    used = rest.width();
                }
                match line.last_mut() {
                    Some(last) if last.tone == span.tone => last.text.push_str(grapheme),
                    _ => line.push(Span::new(span.tone, grapheme)),
                }
                used += n;
                is_empty = false;
            }
        }
    }
    lines.push(line);
    for line in &mut lines {
        line.retain(|span| !span.text.is_empty());
    }
    lines
}

/// A number stays with its further digits and its unit, as far as they fit a line: `7 401`, `2 s`.
fn with_whole_numbers(words: Vec<Option<Word>>, width: usize) -> Vec<Option<Word>> {
    let text = |word: &Word| word.spans.iter().map(|span| span.text.as_str()).collect::<String>();
    let mut out: Vec<Option<Word>> = Vec::new();
    for word in words {
        match (out.last_mut(), word) {
            (Some(Some(before)), Some(word))
                if word.has_blank
                    && before.width + 1 + word.width <= width
                    && text(before).ends_with(|c: char| c.is_ascii_digit())
                    && belongs_to_number(&text(&word)) =>
            {
                let tone = before.spans.last().map_or(Tone::Plain, |span| span.tone);
                before.width += 1 + word.width;
                before.spans.push(Span::new(tone, " "));
                before.spans.extend(word.spans);
            }
            (_, word) => out.push(word),
        }
    }
    out
}

/// Words in their order; `None` is a line break.
fn words(pieces: &[Piece]) -> Vec<Option<Word>> {
    let mut out: Vec<Option<Word>> = Vec::new();
    let mut word = Word::default();
    let mut has_blank = false;
    let finish = |word: &mut Word, out: &mut Vec<Option<Word>>| {
        if !word.spans.is_empty() {
            out.push(Some(std::mem::take(word)));
        }
    };
    for piece in pieces {
        if piece.is_break {
            finish(&mut word, &mut out);
            out.push(None);
            has_blank = false;
            continue;
        }
        for grapheme in piece.span.text.graphemes(true) {
            if grapheme == " " {
                finish(&mut word, &mut out);
                has_blank = true;
                continue;
            }
            let width = grapheme.width();
            if width == 2 {
                finish(&mut word, &mut out);
            }
            if word.spans.is_empty() {
                word.has_blank = std::mem::take(&mut has_blank);
            }
            match word.spans.last_mut() {
                Some(last) if last.tone == piece.span.tone => last.text.push_str(grapheme),
                _ => word.spans.push(Span::new(piece.span.tone, grapheme)),
            }
            word.width += width;
            if width == 2 {
                finish(&mut word, &mut out);
            }
        }
    }
    finish(&mut word, &mut out);
    out
}
