//! Documents by templates of the user (Jinja, as minijinja understands it).
//!
//! The context is the JSON document (`coroner.postmortem/1`) with its fields at the top, and beside it `generated` (the
//! Markdown or HTML of each section by its name, ready to print) and, for pages, `svg` (charts by file name). What is
//! printed is escaped as the ending of the template demands, so that a word from a log never becomes markup.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, escape_formatter};

use super::escape;
use super::html::Page;
use super::postmortem::Postmortem;
use super::style::{Dialect, Feature, Style};
use super::words::Voice;
use super::{json, markdown, svg};
use crate::model::text::printable;

/// Name of the escaping of Markdown inside minijinja.
const MARKDOWN: &str = "markdown";

/// What a template may print; for help.
pub const HELP: &str = "\
A template is a file NAME.md.j2, NAME.html.j2 or NAME.txt.j2 in the language of Jinja. It sees the fields of --format json
(head, summary, impact, response, timeline, causes, evidence, actions, provenance …) and generated.NAME, each section as it
stands in the document: generated.timeline, generated.impact …; pages also svg[FILE]. Words are escaped by the ending;
|safe prints them as they are, |cell fits them into a table, |code into a code span.
  # {{ head.title }}
  {% for row in timeline %}- {{ row.offset }} {{ row.text }}
  {% endfor %}{{ generated.actions }}";

/// Why a template cannot be printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}: {reason}")]
pub struct TemplateError {
    /// Name of the file.
    pub name: String,
    /// Line from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// What a template writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Markdown,
    Html,
    Text,
}

/// `retro.md.j2` → `retro.md`; `None`: the name is not that of a template.
pub fn written_name(name: &str) -> Option<&str> {
    [".j2", ".jinja", ".jinja2"].iter().find_map(|ending| name.strip_suffix(ending)).filter(|stem| !stem.is_empty())
}

/// Prints `source`, a template called `name`.
pub fn print(name: &str, source: &str, postmortem: &Postmortem, style: &Style) -> Result<String, TemplateError> {
    let stem = written_name(name).unwrap_or(name).to_ascii_lowercase();
    let ending = match stem.rsplit('.').next() {
        Some("md" | "markdown") => Ending::Markdown,
        Some("html" | "htm" | "xml" | "svg") => Ending::Html,
        _ => Ending::Text,
    };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(move |_| match ending {
        Ending::Markdown => AutoEscape::Custom(MARKDOWN.into()),
        Ending::Html => AutoEscape::Html,
        Ending::Text => AutoEscape::Custom("text".into()),
    });
    environment.set_formatter(|out, state, value| {
        let is_word = value.kind() == minijinja::value::ValueKind::String && !value.is_safe();
        match (state.auto_escape(), is_word) {
            (AutoEscape::Custom(name), true) if name == MARKDOWN => Ok(out.write_str(&escape::cell(&value.to_string()))?),
            (AutoEscape::Custom(_), true) => Ok(out.write_str(&lines(&value.to_string()))?),
            (AutoEscape::Custom(_), false) if value.is_none() => Ok(()),
            (AutoEscape::Custom(_), false) => Ok(write!(out, "{value}")?),
            _ if value.is_none() => Ok(()),
            (AutoEscape::Html, true) => Ok(out.write_str(&page_text(&value.to_string()))?),
            _ => escape_formatter(out, state, value),
        }
    });
    environment.add_filter("cell", |text: String| Value::from_safe_string(escape::cell(&text)));
    environment.add_filter("code", |text: String| Value::from_safe_string(escape::code(&text)));
    let wrong = |error: &minijinja::Error| TemplateError {
        name: name.to_owned(),
        line: error.line().unwrap_or(1),
        reason: error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind())),
    };
    let template = environment.template_from_named_str(name, source).map_err(|error| wrong(&error))?;
    template.render(context(postmortem, style, ending)).map_err(|error| wrong(&error))
}

/// Several lines for a page.
fn page_text(text: &str) -> String {
    text.lines().map(escape::xml).collect::<Vec<_>>().join("\n")
}

/// Several lines of plain text.
fn lines(text: &str) -> String {
    text.lines().map(|line| printable(line).into_owned()).collect::<Vec<_>>().join("\n")
}

fn context(postmortem: &Postmortem, style: &Style, ending: Ending) -> Value {
    let mut fields: Vec<(String, Value)> = Vec::new();
    if let serde_json::Value::Object(all) = json::value(postmortem) {
        fields.extend(all.into_iter().map(|(name, value)| (name, Value::from(Serde(value)))));
    }
    // A template prints sections alone: their footnotes would lead nowhere.
    let dialect = Dialect { footnotes: Feature::Off, ..style.dialect };
    let sections = markdown::sections(postmortem, &Style { dialect, ..style.clone() });
    let mut page = Page::new(postmortem, &sections).in_voice(Voice::of(style.language, postmortem));
    let generated = sections.iter().map(|section| {
        let text = match ending {
            Ending::Html => page.section(section),
            Ending::Markdown | Ending::Text => section.text.clone(),
        };
        (section.name.replace(['-', '.'], "_"), Value::from_safe_string(text))
    });
    fields.push(("generated".into(), Value::from_pairs(generated)));
    if ending == Ending::Html {
        let voice = Voice::of(style.language, postmortem);
        let pictures =
            postmortem.charts.iter().map(|(stem, chart)| (format!("{stem}.svg"), Value::from_safe_string(voice.svg(svg::draw(chart)))));
        fields.push(("svg".into(), Value::from_pairs(pictures)));
    }
    Value::from_pairs(fields)
}
