//! The detail of an event: what it says, its fields in one column, nested values line by line, long texts folded, the
//! record as it is on demand.
//!
//! Each field is an item, so that the keys for filters have something to be about. Nothing is cut: what is folded away
//! says how much it is, and Enter shows it.

use unicode_width::UnicodeWidthStr;

use crate::app::clock::Precision;
use crate::app::jobs::Slot;
use crate::app::side::{Choice, Fold, Ink, Side, SideItem};
use crate::app::state::State;
use crate::model::facets::FacetKey;
use crate::model::filter::{Expr, Term};
use crate::model::query::TextPattern;
use crate::model::{Event, Level, Unit, offset, text};

use super::side_view::{advice, lines_of};

/// Lines of one text that stand at once; a longer one shows its beginning.
const LINES: usize = 12;
/// Those that it then shows.
const FIRST_LINES: usize = 8;
/// Below this the time of day says which moment is meant.
const HALF_DAY_NS: u64 = 43_200_000_000_000;
/// Fields that say why something failed, as loggers name them, without their prefix: they come first.
const WHY: [&str; 10] = ["error", "err", "exception", "exc_info", "exc", "cause", "reason", "failure", "panic", "error_message"];
/// Longest condition that is of use in a filter.
const CONDITION_CHARS: usize = 300;

/// Makes the lines. O(event).
pub(super) fn lines(state: &State, side: &mut Side, width: usize) {
    let Some(row) = state.list.selected() else { return };
    if let Some(why) = state.jobs.error(Slot::Detail) {
        advice(side, &format!("the event cannot be read: {why}. 7 shows the sources."), width);
        return;
    }
    let Some(event) = state.detail.as_ref().filter(|event| event.id == row.id) else {
        advice(side, "reading …", width);
        return;
    };
    head(state, side, event, width);
    let pairs = pairs(event);
    let widest = pairs.iter().map(|pair| text::printable(&pair.name).width()).max().unwrap_or(0);
    let name_width = widest.clamp(7, (width / 3).max(7));
    for pair in &pairs {
        one(side, pair, (name_width, width));
    }
    raw(side, event, width);
}

fn head(state: &State, side: &mut Side, event: &Event, width: usize) {
    let ink = match event.level {
        Level::Error | Level::Fatal => Ink::Error,
        Level::Warn => Ink::Warn,
        _ => Ink::Strong,
    };
    side.item(value(FacetKey::Level.condition(event.level.name()), event.level.name()));
    let time = event.time.map_or_else(|| "  without a time".to_owned(), |at| format!("  {}", text::rfc3339(at)));
    let offset = event.time.and_then(|at| state.clock.offset(at)).map(|offset| format!("  {offset}")).unwrap_or_default();
    side.line(vec![(ink, event.level.name().to_owned()), (Ink::Time, time), (Ink::Dim, offset)]);
    let moved = state.catalog.source(event.id.source).map_or(0, |report| report.clock_ns);
    if let Some(at) = event.time.filter(|_| moved != 0) {
        let own = at.plus_ns(-moved);
        let is_near = moved.unsigned_abs() < HALF_DAY_NS;
        let own = if is_near { state.clock.day_time(own, Precision::Millis) } else { text::rfc3339(own) };
        side.line(vec![(Ink::Mark, format!("clock {}", offset::text(moved))), (Ink::Dim, format!("  its source states {own}"))]);
    }
    let first = event.message.lines().next().unwrap_or_default();
    let is_findable = !first.trim().is_empty() && first.chars().count() <= CONDITION_CHARS && event.raw.contains(first);
    let expr = if is_findable { Ok(Expr::Term(Term::Text(TextPattern::Literal(first.to_owned())))) } else { Err(NOT_IN_RECORD) };
    let choice = Choice { expr, text: event.message.clone() };
    folded(side, (&choice, Vec::new(), Ink::Normal), &shape(&event.message), ("message", width));
}

const NOT_IN_RECORD: &str = "the record does not hold these words as they stand: & types others";

struct Pair {
    name: String,
    text: String,
    expr: Result<Expr, &'static str>,
}

/// Whether a field of this name, or its last part, says why something failed.
fn says_why(name: &str) -> bool {
    WHY.iter().any(|why| {
        let at = name.len().checked_sub(why.len()).filter(|at| name.is_char_boundary(*at));
        at.is_some_and(|at| name[at..].eq_ignore_ascii_case(why) && (at == 0 || name[..at].ends_with(['.', '_'])))
    })
}

/// Everything that has a name: why it failed, service, source, trace, latency, then the fields in their order.
fn pairs(event: &Event) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut add = |name: &str, text: &str, expr: Result<Expr, &'static str>| {
        if !text.is_empty() {
            pairs.push(Pair { name: name.to_owned(), text: text.to_owned(), expr });
        }
    };
    let field = |text: &str, name: &str| {
        let is_short = text.chars().count() <= CONDITION_CHARS;
        let key = FacetKey::Field(name.to_owned());
        if is_short { key.condition(text) } else { Err("this value is too long for a filter: & types a part of it") }
    };
    for (name, text) in event.fields.iter().filter(|(name, _)| says_why(name)) {
        add(name, text, field(text, name));
    }
    let service = event.service.as_deref().unwrap_or_default();
    add("service", service, FacetKey::Service.condition(service));
    let lines = if event.n_lines > 1 { format!("{} (+{} lines)", event.line, event.n_lines - 1) } else { event.line.to_string() };
    if !event.source.is_empty() {
        add("source", &format!("{}:{lines}", event.source), FacetKey::Source.condition(&event.source));
    }
    let trace = event.trace_id.as_deref().unwrap_or_default();
    add("trace", trace, Ok(Expr::Term(Term::Trace(trace.to_owned()))));
    let latency = event.latency_s.map(|seconds| text::value(f64::from(seconds), Unit::Seconds)).unwrap_or_default();
    add("took", &latency, Err("& latency>1s keeps the slow ones"));
    for (name, text) in event.fields.iter().filter(|(name, _)| !says_why(name)) {
        add(name, text, field(text, name));
    }
    pairs
}

fn value(expr: Result<Expr, &'static str>, text: &str) -> SideItem {
    SideItem::Value(Box::new(Choice { expr, text: text.to_owned() }))
}

/// A name and its value; of a nested one every line below it.
fn one(side: &mut Side, pair: &Pair, (name_width, width): (usize, usize)) {
    let name = text::printable(&pair.name);
    let blanks = name_width.saturating_sub(name.width());
    let choice = Choice { expr: pair.expr.clone(), text: pair.text.clone() };
    let shaped = shape(&pair.text);
    if shaped.contains('\n') || name.width() > name_width {
        side.item(SideItem::Value(Box::new(choice.clone())));
        side.folded(Vec::new(), (Ink::Dim, &name), width);
        return folded(side, (&choice, vec![(Ink::Normal, "  ".to_owned())], Ink::Normal), &shaped, (&pair.name, width));
    }
    let beginning = vec![(Ink::Dim, format!("{name}{} ", " ".repeat(blanks)))];
    folded(side, (&choice, beginning, Ink::Normal), &shaped, (&pair.name, width));
}

/// A text below or behind its beginning; of a long one the first lines and a line that shows the others.
fn folded(side: &mut Side, (choice, beginning, ink): (&Choice, Vec<(Ink, String)>, Ink), shaped: &str, (name, width): (&str, usize)) {
    let fold = Fold::Text(name.to_owned());
    let all: Vec<&str> = shaped.lines().collect();
    let is_long = all.len() > LINES;
    let n_shown = if is_long && !side.open.contains(&fold) { FIRST_LINES } else { all.len() };
    let indent = " ".repeat(beginning.iter().map(|word| word.1.width()).sum());
    let mut beginning = Some(beginning);
    for line in &all[..n_shown.max(1).min(all.len())] {
        // A line is an item, so that a long text is walked through line by line.
        side.item(SideItem::Value(Box::new(choice.clone())));
        let words = beginning.take().unwrap_or_else(|| vec![(Ink::Normal, indent.clone())]);
        let depth = line.len() - line.trim_start_matches(' ').len();
        let words = words.into_iter().chain((depth > 0).then(|| (Ink::Normal, " ".repeat(depth)))).collect();
        side.folded(words, (ink, &text::printable(&line[depth..])), width);
    }
    if is_long {
        side.item(SideItem::Fold(fold));
        let words = match all.len() - n_shown {
            0 => "- Enter folds these lines".to_owned(),
            n => format!("+ {} more lines: Enter shows them", text::grouped(n as u64)),
        };
        side.line(vec![(Ink::Normal, indent), (Ink::Dim, words)]);
    }
}

/// The record as it is, on demand.
fn raw(side: &mut Side, event: &Event, width: usize) {
    let raw = event.raw.trim_end();
    let is_open = side.open.contains(&Fold::Raw);
    side.item(SideItem::Fold(Fold::Raw));
    let size = format!("{} bytes", text::grouped(raw.len() as u64));
    let lines = if event.n_lines > 1 { format!("{} lines, ", event.n_lines) } else { String::new() };
    let words = if is_open { format!("- as it is, {lines}{size}") } else { format!("+ as it is, {lines}{size}: Enter shows it") };
    side.line(vec![(Ink::Dim, words)]);
    if is_open {
        for line in lines_of(raw).lines() {
            side.item(SideItem::Text);
            side.folded(Vec::new(), (Ink::Dim, line), width);
        }
    }
}

/// A text by lines: JSON with a line for each member, its values untouched; escaped line ends of stack traces opened.
fn shape(text: &str) -> String {
    let trimmed = text.trim();
    let is_nested = trimmed.starts_with(['{', '[']) && trimmed.len() > 2;
    if is_nested && serde_json::from_str::<serde::de::IgnoredAny>(trimmed).is_ok() {
        return pretty(trimmed);
    }
    // Some loggers escape what they have escaped already.
    let is_escaped_stack = !trimmed.contains('\n')
        && ["\\n\\tat ", "\\n    at ", "\\ngoroutine ", "\\n\\t/", "\\n  File "].iter().any(|sign| trimmed.contains(sign));
    if is_escaped_stack {
        return trimmed.replace("\\n", "\n").replace("\\t", "    ");
    }
    text.trim_end().replace('\t', "    ").replace('\r', "")
}

/// Lays valid JSON out over lines; every number and string stays byte for byte.
fn pretty(json: &str) -> String {
    const INDENT: usize = 2;
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut is_quoted, mut is_escaped) = (0usize, false, false);
    let mut chars = json.chars().filter(|c| *c != '\0').peekable();
    while let Some(c) = chars.next() {
        if is_quoted {
            out.push(c);
            is_quoted = is_escaped || c != '"';
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    new_line(&mut out, depth * INDENT);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth * INDENT);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth * INDENT);
            }
            ':' => out.push_str(": "),
            '"' => {
                is_quoted = true;
                out.push(c);
            }
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

/// Deeper than this nothing is moved to the right any more.
const DEEPEST: usize = 40;

fn new_line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent.min(DEEPEST)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_values_have_a_line_for_each_member_and_no_byte_of_them_changes() {
        let text = r#" {"a":{"b":[1e400,2.50],"c":"x, {y}: \"z\""},"d":[],"e":{ } } "#;
        let shaped = shape(text);
        assert_eq!(
            shaped,
            "{\n  \"a\": {\n    \"b\": [\n      1e400,\n      2.50\n    ],\n    \"c\": \"x, {y}: \\\"z\\\"\"\n  },\n  \"d\": [],\n  \"e\": {}\n}"
        );
        assert_eq!(shape("{not json}"), "{not json}");
        assert_eq!(shape("[]"), "[]");
    }

    #[test]
    fn a_stack_trace_has_a_line_for_each_frame_however_it_was_written() {
        assert_eq!(shape("boom\\n\\tat a.B(C:1)\\n\\tat d.E(F:2)"), "boom\n    at a.B(C:1)\n    at d.E(F:2)");
        assert_eq!(shape("boom\n\tat a.B\r\n"), "boom\n    at a.B");
        assert_eq!(shape("C:\\new\\temp"), "C:\\new\\temp", "a path is no stack trace");
    }

    #[test]
    fn what_says_why_it_failed_comes_before_everything_else() {
        let field = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let fields = vec![field("path", "/pay"), field("log.Error", "pool exhausted"), field("terror", "no"), field("err", "EOF")];
        let event = Event { service: Some("order".into()), fields, ..Event::default() };
        let names: Vec<String> = pairs(&event).into_iter().map(|pair| pair.name).collect();
        assert_eq!(names, ["log.Error", "err", "service", "path", "terror"]);
    }
}
