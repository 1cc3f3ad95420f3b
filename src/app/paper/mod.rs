//! Markdown laid out for the terminal: headings, paragraphs, lists, tables, quotes, code, links as text.
//!
//! Not a Markdown parser for everything: it reads what the export writes and what people write into sections. Whatever it
//! does not know stays in sight as text. The one thing to know: every line remembers the line of the Markdown it came from,
//! so that remarks of the lint stand beside it. Control characters never pass (`model::text::printable`).

mod inline;
mod table;

use inline::{Piece, pieces, wrap};

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    /// Text.
    #[default]
    Plain,
    /// `**…**`, heads of tables.
    Strong,
    /// `*…*`.
    Emphasis,
    /// Code and sparklines.
    Code,
    /// Words of a link.
    Link,
    /// A quotation.
    Quote,
    /// The title and headings of sections.
    Heading,
    /// Addresses, rules, borders.
    Dim,
}

/// Text of one tone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

impl Span {
    fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// One line as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pub(crate) spans: Vec<Span>,
    /// Line of the Markdown, from 0.
    pub(crate) source: usize,
}

impl Line {
    /// Its words without tones.
    pub(crate) fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

/// Lays Markdown out in so many columns. O(length of the text).
pub(crate) fn lay_out(markdown: &str, width: usize) -> Vec<Line> {
    let source: Vec<&str> = markdown.lines().collect();
    let mut layout = Layout { source: &source, width: width.max(8), lines: Vec::new() };
    let mut at = 0;
    while at < source.len() {
        at = layout.block(at);
    }
    while layout.lines.last().is_some_and(|line| line.spans.is_empty()) {
        layout.lines.pop();
    }
    layout.lines
}

struct Layout<'a> {
    source: &'a [&'a str],
    width: usize,
    lines: Vec<Line>,
}

impl Layout<'_> {
    /// Lays out the block that begins at a line; tells the line after it.
    fn block(&mut self, at: usize) -> usize {
        let line = self.source[at];
        let bare = line.trim_start();
        if bare.is_empty() {
            self.blank(at);
            return at + 1;
        }
        if let Some(ticks) = fence_of(bare) {
            return self.code(at, ticks);
        }
        if bare.starts_with("<!--") {
            return self.comment(at);
        }
        if matches!(bare.trim_end(), "<details>" | "</details>") {
            return at + 1;
        }
        if let Some(words) = bare.trim_end().strip_prefix("<summary>").and_then(|rest| rest.strip_suffix("</summary>")) {
            let spans = [vec![Piece::new(Tone::Dim, "▾ ")], strong(pieces(words))].concat();
            self.put(&spans, (at, "", "  "));
            return at + 1;
        }
        let level = bare.bytes().take_while(|byte| *byte == b'#').count();
        if (1..=6).contains(&level) && bare[level..].starts_with(' ') {
            self.heading(at, level, bare[level..].trim().trim_end_matches('#').trim_end());
            return at + 1;
        }
        if is_rule(bare) {
            self.lines.push(Line { spans: vec![Span::new(Tone::Dim, "─".repeat(self.width))], source: at });
            return at + 1;
        }
        if bare.starts_with('|') && self.source.get(at + 1).is_some_and(|next| table::is_delimiter(next)) {
            return self.table(at);
        }
        if bare.starts_with('>') {
            return self.quote(at);
        }
        if let Some(item) = item_of(line) {
            return self.item(at, &item);
        }
        self.paragraph(at)
    }

    fn blank(&mut self, at: usize) {
        // A heading is underlined: that is distance enough.
        let is_apart = |line: &Line| line.spans.first().is_none_or(|span| span.tone == Tone::Dim && span.text.starts_with(['─', '═']));
        if self.lines.last().is_some_and(|line| !is_apart(line)) {
            self.lines.push(Line { spans: Vec::new(), source: at });
        }
    }

    fn put(&mut self, spans: &[Piece], (source, first, rest): (usize, &str, &str)) {
        for spans in wrap(spans, self.width, (first, rest)) {
            self.lines.push(Line { spans, source });
        }
    }

    fn heading(&mut self, at: usize, level: usize, words: &str) {
        self.blank(at);
        let mut spans = pieces(words);
        spans.iter_mut().filter(|piece| piece.span.tone == Tone::Plain).for_each(|piece| piece.span.tone = Tone::Heading);
        self.put(&spans, (at, "", ""));
        if level <= 2 {
            let sign = if level == 1 { "═" } else { "─" };
            self.lines.push(Line { spans: vec![Span::new(Tone::Dim, sign.repeat(self.width))], source: at });
        }
    }

    /// A fence: its lines as they are; a graph is told of, for its list stands below.
    fn code(&mut self, at: usize, ticks: usize) -> usize {
        let info = self.source[at].trim_start().trim_start_matches(['`', '~']).trim();
        let is_end = |line: &&&str| fence_of(line.trim()).is_some_and(|n| n >= ticks) && line.trim().trim_matches(['`', '~']).is_empty();
        let n = self.source[at + 1..].iter().position(|line| is_end(&line)).unwrap_or(self.source.len() - at - 1);
        if info == "mermaid" {
            let words = "[graph: drawn where mermaid is known; the list says the same]";
            self.put(&[Piece::new(Tone::Dim, words)], (at, "", ""));
            return at + n + 2;
        }
        for (index, line) in self.source[at + 1..at + 1 + n].iter().enumerate() {
            let shown = crate::model::text::printable(&line.replace('\t', "    ")).into_owned();
            for part in crate::app::side::wrap(&shown, self.width.saturating_sub(2)) {
                let spans = vec![Span::new(Tone::Dim, "┃ "), Span::new(Tone::Code, part)];
                self.lines.push(Line { spans, source: at + 1 + index });
            }
        }
        at + n + 2
    }

    /// A comment is not shown.
    fn comment(&mut self, at: usize) -> usize {
        let end = self.source[at..].iter().position(|line| line.contains("-->")).unwrap_or(0);
        let after = self.source[at + end].split_once("-->").map_or("", |parts| parts.1);
        if !after.trim().is_empty() {
            self.put(&pieces(after.trim()), (at + end, "", ""));
        }
        at + end + 1
    }

    fn table(&mut self, at: usize) -> usize {
        let n = self.source[at..].iter().take_while(|line| line.trim_start().starts_with('|')).count();
        for (row, spans) in table::lay_out(&self.source[at..at + n], self.width) {
            self.lines.push(Line { spans, source: at + row });
        }
        at + n
    }

    fn quote(&mut self, at: usize) -> usize {
        let n = self.source[at..].iter().take_while(|line| line.trim_start().starts_with('>')).count();
        let inner: Vec<&str> = self.source[at..at + n].iter().map(|line| line.trim_start()[1..].trim_start_matches(' ')).collect();
        for line in lay_out(&inner.join("\n"), self.width.saturating_sub(2)) {
            let tone = |tone| if tone == Tone::Plain { Tone::Quote } else { tone };
            let words = line.spans.into_iter().map(|span| Span { tone: tone(span.tone), ..span });
            let spans = std::iter::once(Span::new(Tone::Dim, "▌ ")).chain(words).collect();
            self.lines.push(Line { spans, source: at + line.source });
        }
        at + n
    }

    /// An entry of a list with the lines that go on with it.
    fn item(&mut self, at: usize, item: &Item) -> usize {
        let n = 1 + self.source[at + 1..].iter().take_while(|line| goes_on(line)).count();
        let rest = self.source[at + 1..at + n].iter().map(|line| line.trim()).collect::<Vec<_>>();
        let words = std::iter::once(item.words).chain(rest).collect::<Vec<_>>().join(" ");
        let indent = " ".repeat(item.indent.min(self.width / 2));
        let first = format!("{indent}{} ", item.sign);
        let blank = " ".repeat(unicode_width::UnicodeWidthStr::width(first.as_str()));
        self.put(&pieces(&words), (at, &first, &blank));
        at + n
    }

    fn paragraph(&mut self, at: usize) -> usize {
        let n = 1 + self.source[at + 1..].iter().take_while(|line| goes_on(line)).count();
        let mut words = String::new();
        for line in &self.source[at..at + n] {
            if !words.is_empty() {
                words.push(' ');
            }
            let is_broken = line.ends_with("  ") || line.ends_with('\\');
            words.push_str(line.trim().trim_end_matches('\\'));
            if is_broken {
                words.push_str("<br>");
            }
        }
        self.put(&pieces(words.trim_end_matches("<br>")), (at, "", ""));
        at + n
    }
}

/// Whether a line goes on with the paragraph above it.
fn goes_on(line: &str) -> bool {
    const STARTS: [&str; 6] = ["|", ">", "<!--", "<details", "</details", "<summary"];
    let bare = line.trim_start();
    let is_heading = bare.starts_with('#') && bare.trim_start_matches('#').starts_with(' ');
    let is_block = bare.is_empty() || is_heading || is_rule(bare) || fence_of(bare).is_some() || item_of(line).is_some();
    !is_block && !STARTS.iter().any(|sign| bare.starts_with(sign))
}

fn strong(mut spans: Vec<Piece>) -> Vec<Piece> {
    spans.iter_mut().filter(|piece| piece.span.tone == Tone::Plain).for_each(|piece| piece.span.tone = Tone::Strong);
    spans
}

/// How many signs a fence has.
fn fence_of(bare: &str) -> Option<usize> {
    let sign = bare.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let n = bare.chars().take_while(|c| *c == sign).count();
    (n >= 3 && !(sign == '`' && bare[n..].contains('`'))).then_some(n)
}

fn is_rule(bare: &str) -> bool {
    let signs: Vec<char> = bare.chars().filter(|c| !c.is_whitespace()).collect();
    signs.len() >= 3 && matches!(signs[0], '-' | '*' | '_') && signs.iter().all(|c| *c == signs[0])
}

/// An entry of a list.
struct Item<'a> {
    indent: usize,
    sign: String,
    words: &'a str,
}

fn item_of(line: &str) -> Option<Item<'_>> {
    let bare = line.trim_start();
    let indent = line.len() - bare.len();
    if let Some(words) = ["- ", "* ", "+ "].iter().find_map(|sign| bare.strip_prefix(sign)) {
        let task = [("[ ] ", "☐"), ("[x] ", "☑"), ("[X] ", "☑")];
        let found = task.iter().find_map(|(sign, shown)| Some((words.strip_prefix(sign)?, *shown)));
        let (words, sign) = found.unwrap_or((words, "•"));
        return Some(Item { indent, sign: sign.to_owned(), words });
    }
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    let words = [". ", ") "].iter().find_map(|end| bare[digits..].strip_prefix(end)).filter(|_| (1..10).contains(&digits))?;
    Some(Item { indent, sign: format!("{}.", &bare[..digits]), words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, width: usize, expected: &str) {
        let got: Vec<String> = lay_out(markdown, width).iter().map(|line| line.text().trim_end().to_owned()).collect();
        assert_eq!(got.join("\n"), expected.trim_matches('\n'));
    }

    #[test]
    fn blocks_look_as_they_are_meant() {
        check(
            "## Impact\n\nOne **two** `three`\nfour [five](https://x.example) six.\n\n- a\n  - b goes\n    on\n1. c\n- [x] d\n\n> said\n\n```text\nlet x;\n```\n\n<details>\n<summary>All</summary>\n\n<!-- gone -->\n\n</details>\n",
            40,
            "
Impact
────────────────────────────────────────
One two three four five
(https://x.example) six.

• a
  • b goes on
1. c
☑ d

▌ said

┃ let x;

▾ All
",
        );
    }

    #[test]
    fn a_number_stays_with_its_digits_and_its_unit() {
        check(
            "Failed requests by edge: 7 401, that is **85.2 %** of 8 686.",
            30,
            "Failed requests by edge:\n7 401, that is 85.2 % of\n8 686.",
        );
        check("Failed: 17 401 203", 12, "Failed:\n17 401 203");
    }

    #[test]
    fn tables_are_aligned_and_wrap_inside_their_cells() {
        check(
            "| Measure | Value | How |\n| --- | ---: | --- |\n| TTD | **12 s** <!-- x --> | detected − impact_start of the markers |\n| a\\|b | 3<br>4 | 影响 |\n",
            40,
            "
Measure │ Value │ How
────────┼───────┼───────────────────────
TTD     │  12 s │ detected −
        │       │ impact_start of the
        │       │ markers
a|b     │     3 │ 影响
        │     4 │
",
        );
    }

    #[test]
    fn a_table_without_room_is_told_row_by_row() {
        check(
            "| Id | Action | Owner | Due | For |\n| --- | --- | --- | --- | --- |\n| A1 | close connections | pool team | 2026-12-01 | C2 |\n",
            30,
            "
Id: A1
  Action: close connections
  Owner: pool team
  Due: 2026-12-01
  For: C2
",
        );
    }

    #[test]
    fn every_line_knows_where_it_came_from_and_controls_are_shown() {
        let lines = lay_out("one\n\n\u{1b}[31mtwo\u{7}\n", 20);
        assert_eq!(lines.iter().map(|line| line.source).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(!lines[2].text().contains(['\u{1b}', '\u{7}']), "{:?}", lines[2]);
    }

    #[test]
    fn nothing_that_people_type_makes_it_fail() {
        for text in [
            "|",
            "| a\n|-",
            "```",
            "> ",
            "[",
            "[a](",
            "![",
            "**",
            "`",
            "&#x110000;",
            "&#0;",
            "<",
            "<!--",
            "- ",
            "1. ",
            "#",
            "\\",
            "|---|\n|---|",
            "~~~\n",
        ] {
            for width in [1, 8, 40] {
                lay_out(text, width);
                lay_out(&format!("{text}\n{text}x"), width);
            }
        }
    }
}
