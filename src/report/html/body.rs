//! Markdown of a section as HTML, through a list of what is allowed.
//!
//! Raw HTML passes only in the four forms that our own printer writes; everything else of it is shown as text. Links go to
//! web addresses and places of the page, pictures are our own charts, drawn into the page. Tables get labels for narrow
//! screens, evidence and causes get anchors, derived numbers a link to their formula.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::report::escape::{slug, xml};
use crate::report::markdown::Section;
use crate::report::postmortem::Postmortem;
use crate::report::svg;
use crate::report::words::{Language, Voice};

/// The page as far as its parts must know of each other: charts and anchors.
pub struct Page<'a> {
    postmortem: &'a Postmortem,
    /// Anchors that are taken; each stands once.
    anchors: BTreeSet<String>,
    /// Names of its sections: links lead only to what is there.
    sections: Vec<String>,
    /// Says the words of charts.
    voice: Voice,
}

/// Text of some Markdown on one line, escaped, without any tag.
pub fn text_of(markdown: &str) -> String {
    let words = Parser::new(markdown).filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(xml_text(&text)),
        _ => None,
    });
    words.collect()
}

/// The zero-width spaces of our Markdown only keep GitHub from making links; here nothing does.
fn xml_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.replace('\u{200b}', "").split('\n').enumerate() {
        out.push_str(if index > 0 { "\n" } else { "" });
        let parts: Vec<String> = line.split('\t').map(xml).collect();
        out.push_str(&parts.join("\t"));
    }
    out
}

impl<'a> Page<'a> {
    /// A page of these values.
    pub fn new(postmortem: &'a Postmortem, sections: &[Section]) -> Self {
        let sections = sections.iter().map(|section| section.name.clone()).collect();
        Self { postmortem, anchors: BTreeSet::new(), sections, voice: Voice::of(Language::English, postmortem) }
    }

    /// The same with its own words in this voice.
    #[must_use]
    pub fn in_voice(mut self, voice: Voice) -> Self {
        self.voice = voice;
        self
    }

    /// The text of a section.
    pub fn section(&mut self, section: &Section) -> String {
        self.print(&section.name, &section.text)
    }

    /// Any Markdown; `name` is the section that it belongs to.
    pub fn print(&mut self, name: &str, markdown: &str) -> String {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        let mut writer = Writer {
            page: self,
            section: name,
            out: String::new(),
            table: None,
            stack: Vec::new(),
            n_lists: 0,
            heading_at: 0,
            is_details: 0,
        };
        for event in Parser::new_ext(markdown, options) {
            writer.event(event);
        }
        for _ in 0..writer.is_details {
            writer.out.push_str("</details>\n");
        }
        writer.out
    }

    /// The anchor if nobody has it yet, as an attribute.
    fn anchor(&mut self, id: &str) -> String {
        if !id.is_empty() && self.anchors.insert(id.to_owned()) { format!(" id=\"{}\"", xml(id)) } else { String::new() }
    }

    fn has(&self, section: &str) -> bool {
        self.sections.iter().any(|name| name == section)
    }

    fn chart(&self, address: &str) -> Option<String> {
        let stem = address.rsplit('/').next()?.strip_suffix(".svg")?;
        let (_, chart) = self.postmortem.charts.iter().find(|(name, _)| name == stem)?;
        Some(format!("<figure class=\"chart\">{}</figure>\n", self.voice.svg(svg::draw(chart)).trim_end()))
    }
}

/// A table while it is read.
#[derive(Default)]
struct Table {
    heads: Vec<String>,
    cell: String,
    column: usize,
    is_head: bool,
    row_id: String,
    row: String,
    formula: Option<String>,
}

struct Writer<'p, 'a> {
    page: &'p mut Page<'a>,
    section: &'p str,
    out: String,
    table: Option<Table>,
    /// What a closing tag must write.
    stack: Vec<String>,
    n_lists: usize,
    heading_at: usize,
    is_details: usize,
}

impl Writer<'_, '_> {
    fn put(&mut self, html: &str) {
        match &mut self.table {
            Some(table) => table.cell.push_str(html),
            None => self.out.push_str(html),
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match self.stack.last().map(String::as_str) {
                Some("diff") => self.diff(&text),
                Some("mute") => {}
                _ => self.put(&xml_text(&text)),
            },
            Event::Code(text) => {
                let is_spark = !text.is_empty() && text.chars().all(|c| "▁▂▃▄▅▆▇█·".contains(c));
                let class = if is_spark { " class=\"spark\"" } else { "" };
                self.put(&format!("<code{class}>{}</code>", xml_text(&text)));
            }
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::SoftBreak => self.put("\n"),
            Event::HardBreak => self.put("<br>\n"),
            Event::Rule => self.put("<hr>\n"),
            Event::TaskListMarker(is_done) => self.put(if is_done { "☑ " } else { "☐ " }),
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    /// Only what our own printer writes; the rest is shown, not obeyed.
    fn html(&mut self, html: &str) {
        let bare = html.trim();
        match bare {
            "<br>" => self.put("<br>"),
            "<details>" => {
                self.is_details += 1;
                self.put("<details>\n");
            }
            "</details>" if self.is_details > 0 => {
                self.is_details -= 1;
                self.put("</details>\n");
            }
            "</details>" => {}
            _ if bare.starts_with("<summary>") && bare.ends_with("</summary>") => {
                let words = bare.trim_start_matches("<summary>").trim_end_matches("</summary>");
                self.put(&format!("<summary>{}</summary>\n", xml(words)));
            }
            _ if bare.starts_with("<!--") && bare.ends_with("-->") => {
                let id = bare.trim_start_matches("<!--").trim_end_matches("-->").trim();
                let is_derived = self.page.postmortem.provenance.derived.iter().any(|derived| derived.id == id);
                if let Some(table) = self.table.as_mut().filter(|_| is_derived) {
                    id.clone_into(&mut table.row_id);
                    table.formula = Some(id.to_owned());
                }
            }
            _ => self.put(&xml_text(html)),
        }
    }

    fn start(&mut self, tag: Tag) {
        match tag {
            Tag::Paragraph => {
                self.stack.push("</p>\n".into());
                self.put("<p>");
            }
            Tag::Heading { level, .. } => {
                // The page has its h1, the section its h2.
                let level = (level as usize).max(3);
                self.stack.push(format!("h{level}"));
                self.heading_at = self.out.len();
            }
            Tag::BlockQuote(_) => self.put("<blockquote>\n"),
            Tag::CodeBlock(kind) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(language) => language.split_whitespace().next().unwrap_or_default().to_owned(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.stack.push(if language == "diff" { "diff".into() } else { String::new() });
                self.put("<pre><code>");
            }
            Tag::List(first) => {
                let is_chain = self.section == "chain" && self.n_lists == 0 && first.is_none();
                self.n_lists += 1;
                self.stack.push(if first.is_some() { "</ol>\n".into() } else { "</ul>\n".into() });
                match first {
                    Some(1) => self.put("<ol>\n"),
                    Some(first) => self.put(&format!("<ol start=\"{first}\">\n")),
                    None => self.put(if is_chain { "<ul class=\"chain\">\n" } else { "<ul>\n" }),
                }
            }
            Tag::Item => self.put("<li>"),
            Tag::Table(_) => self.table = Some(Table::default()),
            Tag::TableHead => {
                if let Some(table) = &mut self.table {
                    (table.is_head, table.column) = (true, 0);
                }
                self.out.push_str("<div class=\"table\"><table>\n<thead><tr>");
            }
            Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    (table.column, table.row, table.row_id, table.formula) = (0, String::new(), String::new(), None);
                }
            }
            Tag::TableCell => {
                if let Some(table) = &mut self.table {
                    table.cell.clear();
                }
            }
            Tag::Emphasis => self.put("<em>"),
            Tag::Strong => self.put("<strong>"),
            Tag::Strikethrough => self.put("<del>"),
            Tag::Link { dest_url, .. } => {
                let is_safe = is_safe(&dest_url);
                self.stack.push(if is_safe { "</a>".into() } else { String::new() });
                if is_safe {
                    self.put(&format!("<a href=\"{}\" rel=\"noopener noreferrer\">", xml(&dest_url)));
                }
            }
            Tag::Image { dest_url, .. } => match self.page.chart(&dest_url) {
                Some(figure) => {
                    // A figure ends the paragraph that it stands in.
                    self.put("</p>");
                    self.put(&figure);
                    self.put("<p>");
                    self.stack.push("mute".into());
                }
                None => self.stack.push(String::new()),
            },
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                let close = self.stack.pop().unwrap_or_default();
                self.put(&close);
                if self.table.is_none() && self.out.ends_with("<p></p>\n") {
                    let end = self.out.len() - "<p></p>\n".len();
                    self.out.truncate(end);
                }
                self.out = std::mem::take(&mut self.out).replace("<p></p><figure", "<figure");
            }
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::BlockQuote(_) => self.put("</blockquote>\n"),
            TagEnd::CodeBlock => {
                self.stack.pop();
                self.put("</code></pre>\n");
            }
            TagEnd::List(_) | TagEnd::Link | TagEnd::Image => {
                let close = self.stack.pop().filter(|close| close.starts_with('<')).unwrap_or_default();
                self.put(&close);
            }
            TagEnd::Item => self.put("</li>\n"),
            TagEnd::TableCell => self.end_cell(),
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.is_head = false;
                }
                self.out.push_str("</tr></thead>\n<tbody>\n");
            }
            TagEnd::TableRow => self.end_row(),
            TagEnd::Table => {
                self.table = None;
                self.out.push_str("</tbody></table></div>\n");
            }
            TagEnd::Emphasis => self.put("</em>"),
            TagEnd::Strong => {
                self.put("</strong>");
                self.mark_exhibit();
            }
            TagEnd::Strikethrough => self.put("</del>"),
            _ => {}
        }
    }

    /// `<p><strong>E1</strong>` at its start: this is where the evidence stands.
    fn mark_exhibit(&mut self) {
        if self.table.is_some() {
            return;
        }
        let Some(start) = self.out.rfind("<p><strong>") else { return };
        let label = self.out[start + "<p><strong>".len()..].strip_suffix("</strong>").unwrap_or_default().to_owned();
        if self.page.postmortem.exhibits.iter().any(|exhibit| exhibit.label == label) {
            let id = self.page.anchor(&label);
            if !id.is_empty() {
                self.out.truncate(start);
                let _ = write!(self.out, "<p class=\"exhibit\"{id}><strong>{label}</strong>");
            }
        }
    }

    fn end_heading(&mut self) {
        let level = self.stack.pop().unwrap_or_else(|| "h3".into());
        let words = self.out.split_off(self.heading_at.min(self.out.len()));
        let label = words.split([':', '：']).next().unwrap_or_default().to_owned();
        let is_step = self.page.postmortem.chain.iter().any(|step| step.label == label);
        let id = if is_step { label } else { slug(&format!("{}-{}", self.section, strip(&words)), &mut BTreeSet::new()) };
        let id = self.page.anchor(&id);
        let _ = writeln!(self.out, "<{level}{id}>{words}</{level}>");
    }

    fn end_cell(&mut self) {
        let has_chain = self.page.has("chain");
        let words = self.page.voice.say("formula and inputs");
        // The class of a kind is its English name, whatever the page says.
        let kind_of = |said: &str| {
            let mut kinds = self.page.postmortem.timeline.iter().map(|row| &row.kind);
            kinds.find(|kind| self.page.voice.say(kind) == said).map_or_else(|| word(said), |kind| word(kind))
        };
        let kind =
            self.table.as_ref().filter(|table| self.section == "timeline" && table.column == 3).map(|table| kind_of(&strip(&table.cell)));
        let Some(table) = &mut self.table else { return };
        let cell = std::mem::take(&mut table.cell);
        if table.is_head {
            let _ = write!(self.out, "<th scope=\"col\">{cell}</th>");
            table.heads.push(strip(&cell));
            return;
        }
        let head = table.heads.get(table.column).cloned().unwrap_or_default();
        let is_blank = cell.trim().is_empty();
        let postmortem = self.page.postmortem;
        let mut cell = match kind.filter(|_| !is_blank && !table.is_head) {
            Some(kind) => format!("<span class=\"kind {kind}\">{cell}</span>"),
            None => cell,
        };
        if let Some(linked) = linked(&cell, postmortem).filter(|_| has_chain) {
            cell = linked;
        }
        if table.column == 0 && self.section == "actions" && postmortem.actions.iter().any(|action| action.label == cell) {
            table.row_id.clone_from(&cell);
        }
        if self.section == "appendix" && table.column == 0 {
            let id = strip(&cell);
            if postmortem.provenance.derived.iter().any(|derived| derived.id == id) {
                table.row_id = format!("formula.{id}");
            }
        }
        if let Some(id) = table.formula.take().filter(|_| self.page.has("appendix")) {
            let _ = write!(cell, "<a class=\"formula\" href=\"#formula.{0}\" title=\"{1}\">ƒ</a>", xml(&id), words);
        }
        let class = if is_blank { " class=\"blank\"" } else { "" };
        let _ = write!(table.row, "<td{class} data-label=\"{head}\">{cell}</td>");
        table.column += 1;
    }

    fn end_row(&mut self) {
        let Some(table) = &mut self.table else { return };
        let (row, id) = (std::mem::take(&mut table.row), std::mem::take(&mut table.row_id));
        let id = self.page.anchor(&id);
        let _ = writeln!(self.out, "<tr{id}>{row}</tr>");
    }

    fn diff(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            let class = match line.chars().next() {
                Some('+') => "add",
                Some('-') => "del",
                Some('@') => "hunk",
                _ => "",
            };
            let line = xml_text(line);
            self.put(&if class.is_empty() { line } else { format!("<span class=\"{class}\">{line}</span>") });
        }
    }
}

/// Web addresses, mail, and places in this page or beside it; nothing that runs.
fn is_safe(address: &str) -> bool {
    let lower = address.trim().to_ascii_lowercase();
    let has_scheme = lower.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
    let is_web = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    let is_beside = !has_scheme && !lower.starts_with("//") && !lower.starts_with('\\');
    (is_web || is_beside) && !lower.chars().any(char::is_control)
}

/// Labels of evidence and causes that stand alone in a cell, as links to where they are told.
fn linked(cell: &str, postmortem: &Postmortem) -> Option<String> {
    let is_known = |label: &str| {
        postmortem.exhibits.iter().any(|exhibit| exhibit.label == label) || postmortem.chain.iter().any(|step| step.label == label)
    };
    let parts: Vec<&str> = cell.split(", ").collect();
    if cell.is_empty() || !parts.iter().any(|part| is_known(part)) {
        return None;
    }
    let parts: Vec<String> =
        parts.iter().map(|part| if is_known(part) { format!("<a href=\"#{part}\">{part}</a>") } else { (*part).to_owned() }).collect();
    Some(parts.join(", "))
}

/// Text of HTML that this module wrote, escaped as it was.
fn strip(html: &str) -> String {
    let mut out = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => out.push(c),
            _ => {}
        }
    }
    out
}

/// A word for a class name.
fn word(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
