//! `coroner events`: events in order of time, page by page, so that memory does not grow with them.
//!
//! Records without a time come last, with `"time":null`, unless a range was asked for. With letters to fit (`--fuzzy`) the
//! best come first instead.

use std::io::Write;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::output::{self, OutputForm};
use crate::model::query::{BestQuery, PageStart};
use crate::model::text::{printable, rfc3339};
use crate::model::{Event, EventFilter, EventQuery, EventRef, TimeRange, Timestamp};
use crate::source::{Job, Source};

/// Events read at once.
const PAGE: usize = 2000;

/// Which events, and how to write them.
#[derive(Debug, Clone, Default)]
pub struct EventsOptions {
    /// Which ones.
    pub filter: EventFilter,
    /// Only inside this range.
    pub range: Option<TimeRange>,
    /// Where to start; the first event when `None`. `Unplaced` gives only the records without a usable time.
    pub start: Option<PageStart>,
    /// At most so many.
    pub limit: Option<u64>,
    /// Letters that events are scored by: the best come first, then. The filter says which events hold them.
    pub letters: Option<String>,
    /// Whether each event comes with its message pattern.
    pub patterns: Patterns,
    /// For people or for programs.
    pub form: OutputForm,
}

/// Whether each event comes with its message pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patterns {
    /// Nothing is mined.
    #[default]
    Hidden,
    /// As `"pattern"`, a number; null beyond the limit of different messages of a source.
    Shown,
}

/// Writes one line an event. Whether there was any.
pub fn run(source: &dyn Source, options: &EventsOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    if let Some(letters) = &options.letters {
        return best_first(source, options, letters, out);
    }
    let mut n_left = options.limit.unwrap_or(u64::MAX);
    let mut n_written = 0;
    let mut start = options.start.unwrap_or(PageStart::AtOrAfter(Timestamp::MIN));
    let mut n_unplaced = 0;
    while n_left > 0 {
        let limit = PAGE.min(usize::try_from(n_left).unwrap_or(PAGE));
        let query = EventQuery { filter: options.filter.clone(), range: options.range, start, limit };
        let page = source.events(&query, &job)?.value;
        write_events(source, options, (&page.events, &[]), out)?;
        n_left -= page.events.len() as u64;
        n_written += page.events.len() as u64;
        start = match (start, page.events.last(), page.has_more) {
            (PageStart::Unplaced(_), _, false) => break,
            (PageStart::Unplaced(_), ..) => {
                n_unplaced += page.events.len() as u64;
                PageStart::Unplaced(n_unplaced)
            }
            (_, Some(last), true) => PageStart::After(last.id),
            _ if options.range.is_none() => PageStart::Unplaced(0),
            _ => break,
        };
    }
    Ok(n_written > 0)
}

/// Writes the events that hold the letters, the best first; of equal ones the earlier.
fn best_first(source: &dyn Source, options: &EventsOptions, letters: &str, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    let is_unplaced = matches!(options.start, Some(PageStart::Unplaced(_)));
    let limit = options.limit.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let query = BestQuery {
        filter: options.filter.clone(),
        range: options.range,
        letters: letters.to_owned(),
        limit: if is_unplaced { usize::MAX } else { limit },
        budget: u64::MAX,
    };
    let mut hits = source.best(&query, &job)?.value;
    hits.retain(|hit| !is_unplaced || hit.time.is_none());
    hits.truncate(limit);
    for page in hits.chunks(PAGE) {
        let events = page.iter().map(|hit| source.event(hit.id, &job)).collect::<Result<Vec<_>, _>>()?;
        let scores: Vec<i64> = page.iter().map(|hit| hit.score).collect();
        write_events(source, options, (&events, &scores), out)?;
    }
    Ok(!hits.is_empty())
}

/// Writes one line an event, with its score if there are scores.
pub fn write_events(
    source: &dyn Source,
    options: &EventsOptions,
    (events, scores): (&[Event], &[i64]),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let ids: Vec<EventRef> = events.iter().map(|event| event.id).collect();
    let patterns = match options.patterns {
        Patterns::Hidden => Vec::new(),
        Patterns::Shown => source.patterns_of(&ids, &Job::new())?.value,
    };
    for (i, event) in events.iter().enumerate() {
        match options.form {
            OutputForm::Json => {
                let mut line = json_of(event, patterns.get(i));
                if let Some(score) = scores.get(i) {
                    line["score"] = json!(score);
                }
                output::write_json(out, &line)?;
            }
            OutputForm::Text => {
                if let Some(pattern) = patterns.get(i) {
                    write!(out, "{:>5} ", pattern.map_or("-".to_owned(), |id| format!("#{id}")))?;
                }
                write_text(event, out)?;
            }
        }
    }
    Ok(())
}

fn json_of(event: &Event, pattern: Option<&Option<u32>>) -> Value {
    let fields: Map<String, Value> = event.fields.iter().map(|(name, value)| (name.clone(), field_json(value))).collect();
    let mut line = json!({
        "time": output::time(event.time),
        "level": event.level.name(),
        "service": event.service,
        "source": event.source,
        "line": event.line,
        "message": event.message,
        "trace_id": event.trace_id,
        "fields": fields,
    });
    if event.clock_ns != 0 {
        line["clock_offset_s"] = output::number(Some(event.clock_ns as f64 / 1e9));
    }
    if let Some(pattern) = pattern {
        line["pattern"] = json!(pattern);
    }
    line
}

/// A field that is JSON by itself (number, object, list, true, false, null) as such, everything else as text.
fn field_json(text: &str) -> Value {
    let may_be_json = text.starts_with(|c: char| c.is_ascii_digit() || "-{[tfn".contains(c));
    if may_be_json && serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get().len() == text.len()) {
        // Numbers that do not survive the way through a float stay text.
        if let Ok(value) = serde_json::from_str::<Value>(text)
            && (!value.is_number() || text.len() <= 15 || *value.to_string() == *text)
        {
            return value;
        }
    }
    Value::from(text)
}

/// `2026-11-22T03:24:10.123Z ERROR order  acquire: pool exhausted  key=value  (logs/order.log:123)`. What the message
/// says anyway is not said again.
fn write_text(event: &Event, out: &mut dyn Write) -> anyhow::Result<()> {
    let time = event.time.map_or_else(|| "no time".to_owned(), rfc3339);
    let level = event.level.name().to_uppercase();
    let level = if level == "UNKNOWN" { "-" } else { &level };
    let service = event.service.as_deref().unwrap_or("-");
    write!(out, "{time:<24} {level:<5} {:<10} {}", printable(service), printable(&event.message))?;
    let is_said = |name: &str, value: &str| {
        let pair = format!("{name}={value}");
        event.message.contains(&pair) || event.message.contains(&format!("{name}={value:?}"))
    };
    for (name, value) in event.fields.iter().filter(|(name, value)| !is_said(name, value)) {
        write!(out, "  {}={}", printable(name), printable(value))?;
    }
    writeln!(out, "  ({}:{})", printable(&event.source), event.line)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_each_thing_once_and_where_it_stands() {
        let event = Event {
            message: "started pid=7 name=\"a b\"".into(),
            fields: [("pid", "7"), ("name", "a b"), ("status", "200")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            source: "logs/db.log".into(),
            line: 12,
            ..Event::default()
        };
        let mut out = Vec::new();
        write_text(&event, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("started pid=7 name=\"a b\"  status=200  (logs/db.log:12)\n"), "{text}");
    }

    #[test]
    fn fields_keep_their_sort() {
        let json = |text| field_json(text).to_string();
        assert_eq!(json("200"), "200");
        assert_eq!(json("0.021767342"), "0.021767342");
        assert_eq!(json("GET"), "\"GET\"");
        assert_eq!(json("007"), "\"007\"");
        assert_eq!(json("184467440737095516151"), "\"184467440737095516151\"");
        assert_eq!(json("{\"a\":[1]}"), "{\"a\":[1]}");
        assert_eq!(json("true"), "true");
        assert_eq!(json("nope"), "\"nope\"");
    }
}
