//! The gate that every foreign word passes on its way into a document: Markdown, fences, mermaid, YAML, XML.
//!
//! Text comes from logs, labels, file names and notes; none of it may become a link, an image, HTML, a heading, a
//! mention or another table column. Control characters are made visible first (`model::text::printable`).

use std::fmt::Write as _;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::model::text::printable;

/// Stops GitHub from making a mention, an issue reference or a link of what follows; shown as nothing.
const BREAK: &str = "&#8203;";

/// Text at the start of a line of Markdown: looks the same, means nothing. One line; O(n).
pub fn inline(text: &str) -> String {
    let text = within(text);
    let Some(first) = text.chars().next() else { return text };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    // What would begin a block: a heading, a list, a quote, an underline, a numbered list.
    match first {
        '#' | '-' | '+' | '=' | ':' => format!("\\{text}"),
        '>' => format!("&gt;{}", &text[1..]),
        _ if (1..10).contains(&digits) && [". ", ") "].iter().any(|end| format!("{} ", &text[digits..]).starts_with(end)) => {
            format!("{}\\{}", &text[..digits], &text[digits..])
        }
        _ => text,
    }
}

/// Text after other text of its line, or in a table cell: only what Markdown would read there is escaped.
fn within(text: &str) -> String {
    let text = printable(text.trim());
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut previous = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let rest = &text[at + c.len_utf8()..];
        let next = chars.peek().map_or(' ', |next| next.1);
        match c {
            // Before anything but punctuation a backslash is only a backslash.
            '\\' if next.is_alphanumeric() => out.push(c),
            // A multiplication or a glob between blanks marks nothing.
            '*' if previous == ' ' && next == ' ' && !out.is_empty() && !rest.is_empty() => out.push(c),
            '\\' | '*' | '`' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // Inside a word an underscore means nothing.
            '_' if previous.is_alphanumeric() && next.is_alphanumeric() => out.push(c),
            '_' => out.push_str("\\_"),
            '<' => out.push_str("&lt;"),
            // Elsewhere it means nothing once `<` is gone.
            '>' if previous == '-' => out.push_str("&gt;"),
            '&' if next == '#' || next.is_ascii_alphanumeric() => out.push_str("&amp;"),
            '@' => {
                out.push('@');
                out.push_str(BREAK);
            }
            '#' if next.is_ascii_digit() => {
                out.push('#');
                out.push_str(BREAK);
            }
            // The end of a heading.
            '#' if rest.trim_start_matches('#').is_empty() => out.push_str("\\#"),
            ':' if rest.starts_with("//") => {
                out.push(':');
                out.push_str(BREAK);
            }
            '.' if ends_with_word(&out, "www") => {
                out.push_str(BREAK);
                out.push('.');
            }
            _ => out.push(c),
        }
        previous = c;
    }
    out
}

/// Text of several lines inside a table cell or after other text: line ends become `<br>`, empty lines vanish.
pub fn cell(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(within).filter(|line| !line.is_empty()).collect();
    lines.join("<br>")
}

/// Text of several lines as a paragraph; line ends stay as hard breaks.
pub fn paragraph(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(inline).filter(|line| !line.is_empty()).collect();
    lines.join("\\\n")
}

/// A code span that no backtick of the text can end. Pipes are escaped, as table cells need it.
pub fn code(text: &str) -> String {
    let text = printable(text.trim());
    if text.is_empty() {
        return "–".into();
    }
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{}{pad}{ticks}", text.replace('|', "\\|"))
}

/// A code span outside of tables, where a backslash before a pipe would show.
pub fn code_in_text(text: &str) -> String {
    code(text).replace("\\|", "|")
}

/// A fenced block that nothing in `content` can end. Tabs stay; every other control character is made visible.
pub fn fence(content: &str, language: &str) -> String {
    let ticks = "`".repeat(longest_run(content, '`').max(2) + 1);
    let mut out = format!("{ticks}{language}\n");
    for line in content.lines() {
        let parts: Vec<Cow<str>> = line.split('\t').map(printable).collect();
        out.push_str(parts.join("\t").trim_end());
        out.push('\n');
    }
    out.push_str(&ticks);
    out.push('\n');
    out
}

/// A label inside the double quotes of a mermaid node or edge, at most `max_chars` long.
pub fn mermaid(text: &str, max_chars: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = printable(&line);
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == max_chars {
            out.push('…');
            break;
        }
        match c {
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            '#' | ';' | '`' | '%' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '\\' | '*' | '_' | '~' | '@' | '$' => {
                let _ = write!(out, "#{};", c as u32);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A double-quoted YAML scalar.
pub fn yaml(text: &str) -> String {
    let text = printable(text);
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Text or attribute of XML. What XML cannot hold at all is left out.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(c),
        }
    }
    out
}

/// A link only if it is a plain web address of harmless characters; otherwise the words.
pub fn web_link(text: &str) -> String {
    let text = text.trim();
    let is_web = ["https://", "http://", "mailto:"].iter().any(|scheme| text.starts_with(scheme));
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'*+,;=%".contains(c));
    if is_web && is_plain { format!("<{text}>") } else { cell(text) }
}

/// The text of a section file as its author wrote it, with control characters made visible and an open fence or
/// comment closed, so that it cannot swallow what follows.
pub fn section(text: &str) -> String {
    let mut open: Option<String> = None;
    let mut out = String::new();
    for line in text.lines() {
        let parts: Vec<Cow<str>> = line.split('\t').map(printable).collect();
        let line = parts.join("\t");
        let bare = line.trim_start();
        let mark = bare.chars().next().filter(|c| matches!(c, '`' | '~')).unwrap_or(' ');
        let run = bare.chars().take_while(|c| *c == mark).count();
        if run >= 3 && line.len() - bare.len() < 4 {
            let is_end = open.as_ref().is_some_and(|fence| fence.starts_with(mark) && run >= fence.len() && bare[run..].trim().is_empty());
            if is_end {
                open = None;
            } else if open.is_none() && !(mark == '`' && bare[run..].contains('`')) {
                open = Some(mark.to_string().repeat(run));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if let Some(fence) = open {
        out.push_str(&fence);
        out.push('\n');
    }
    if out.rfind("<!--").is_some_and(|start| !out[start..].contains("-->")) {
        out.push_str("-->\n");
    }
    out
}

/// A file name stem from foreign text: lower-case letters, digits and single dashes, at most 60 long, not in `taken`
/// (to which it is added).
pub fn slug(text: &str, taken: &mut BTreeSet<String>) -> String {
    let mut stem = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            stem.push(c);
        } else if !stem.is_empty() && !stem.ends_with('-') {
            stem.push('-');
        }
        if stem.len() >= 60 {
            break;
        }
    }
    let stem = match stem.trim_end_matches('-') {
        "" => "chart".to_owned(),
        stem => stem.to_owned(),
    };
    let mut name = stem.clone();
    let mut n = 2;
    while !taken.insert(name.clone()) {
        name = format!("{stem}-{n}");
        n += 1;
    }
    name
}

/// A relative path inside a link: everything but plain characters is percent-encoded.
pub fn link_path(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn ends_with_word(text: &str, word: &str) -> bool {
    let Some(start) = text.len().checked_sub(word.len()) else { return false };
    text.is_char_boundary(start)
        && text[start..].eq_ignore_ascii_case(word)
        && !text[..start].chars().next_back().is_some_and(char::is_alphanumeric)
}

fn longest_run(text: &str, wanted: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser};

    use super::*;

    /// The text that a reader sees, and whether anything but text came out.
    fn shown(markdown: &str) -> (String, bool) {
        let mut text = String::new();
        let mut is_plain = true;
        for event in Parser::new_ext(markdown, Options::all()) {
            match event {
                Event::Text(words) => text.push_str(&words),
                Event::Start(pulldown_cmark::Tag::Paragraph) | Event::End(pulldown_cmark::TagEnd::Paragraph) => {}
                _ => is_plain = false,
            }
        }
        (text, is_plain)
    }

    proptest! {
        #[test]
        fn any_text_reads_as_itself_and_means_nothing(text in "[ -~é漢\u{1b}]{0,40}") {
            // Neither is on at GitHub: smart punctuation, which only changes how quotes look, and ^superscript^.
            let markdown = format!("x {}", inline(&text));
            let mut options = Options::all();
            options.remove(Options::ENABLE_SMART_PUNCTUATION);
            options.remove(Options::ENABLE_SUPERSCRIPT);
            let mut seen = String::new();
            for event in Parser::new_ext(&markdown, options) {
                match event {
                    Event::Text(words) => seen.push_str(&words),
                    Event::Start(pulldown_cmark::Tag::Paragraph) | Event::End(_) => {}
                    other => prop_assert!(false, "{other:?} from {markdown:?}"),
                }
            }
            let expected = format!("x {}", printable(text.trim()));
            prop_assert_eq!(seen.replace('\u{200b}', ""), expected.trim_end());
        }

        #[test]
        fn any_text_at_the_start_of_a_line_stays_a_paragraph(text in "[-#=+:>0-9.)*_~`| a<!\\[\\]]{0,12}") {
            let (_, is_plain) = shown(&inline(&text));
            prop_assert!(is_plain, "{:?}", inline(&text));
        }

        #[test]
        fn a_fence_holds_whatever_is_in_it(text in "(`{0,5}|~~~|[a<>|#\n ]){0,20}") {
            let markdown = format!("{}\nafter\n", fence(&text, "text"));
            let last = Parser::new(&markdown).filter_map(|event| if let Event::Text(words) = event { Some(words.to_string()) } else { None }).last();
            prop_assert_eq!(last.as_deref(), Some("after"));
        }
    }

    #[test]
    fn mentions_references_and_addresses_stay_words() {
        assert_eq!(
            inline("@ops see #12 at http://evil.example or www.evil.example"),
            "@&#8203;ops see #&#8203;12 at http:&#8203;//evil.example or www&#8203;.evil.example"
        );
        assert_eq!(web_link("javascript:alert(1)"), "javascript:alert(1)");
        assert_eq!(web_link("https://tracker.example/INC-1?a=b"), "<https://tracker.example/INC-1?a=b>");
        assert_eq!(web_link("https://x/)<b>"), "https:&#8203;//x/)&lt;b>");
    }

    #[test]
    fn names_of_files_cannot_leave_their_folder() {
        let mut taken = BTreeSet::new();
        let names = ["../../.ssh/x", "p99{a=\"b\"}", "P99 a b", "", "漢"].map(|text| slug(text, &mut taken));
        assert_eq!(names, ["ssh-x", "p99-a-b", "p99-a-b-2", "chart", "chart-2"]);
        assert_eq!(link_path("my case/post(1).assets"), "my%20case/post%281%29.assets");
    }

    #[test]
    fn numbers_and_words_read_in_a_pager_as_they_are() {
        for text in
            ["15.8 s", "0.14 %", "−1.2", "- 3 of 4", "+Inf", "2. then", "db_pool_in_use", "C:\\temp", "a * b", "= 4 > 3", "v1.9.0 (2)"]
        {
            assert_eq!(cell(text), text);
        }
        assert_eq!(
            ["2. then", "15.8 s", "- 3", "> 2", "7)", "c #"].map(inline),
            ["2\\. then", "15.8 s", "\\- 3", "&gt; 2", "7\\)", "c \\#"]
        );
    }

    #[test]
    fn an_open_fence_of_a_section_is_closed() {
        assert_eq!(section("a\n````go\n```\nx"), "a\n````go\n```\nx\n````\n");
        assert_eq!(section("```\nx\n```\n<!-- y"), "```\nx\n```\n<!-- y\n-->\n");
    }
}
