//! Kubernetes events (`kubectl get events -o json`), old and new API mixed: each a change, a span when it repeats.

use serde_json::Value;

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Change, ProblemKind, Timestamp};
use crate::parse::document::json::{self, plain};
use crate::parse::log::convert::scan::{elements, members};
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// Reads a list of events, or JSON lines of them.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut changes = Vec::new();
    for element in json::elements(&text, &mut problems) {
        let place = Place { line: element.line, byte: element.byte };
        // `kubectl get --watch` wraps each event.
        let value = element.value.get("object").filter(|object| object.is_object()).unwrap_or(&element.value);
        let items: Vec<(&Value, u64)> = match value.get("items").and_then(Value::as_array) {
            Some(items) => items.iter().zip(lines_of_items(&text, &element)).collect(),
            None => vec![(value, element.line)],
        };
        for (item, line) in items.into_iter().filter(|(item, _)| item.get("reason").is_some()) {
            let place = Place { line, ..place };
            let change = change_of(item, line);
            if change.time.is_none() {
                problems.push(place.problem(ProblemKind::Time, "event without a readable time".into()));
            }
            changes.push(change);
        }
    }
    let n_unplaced = changes.iter().filter(|change| change.time.is_none()).count() as u64;
    let n_records = changes.len() as u64;
    super::finish(changes, problems, bytes, n_records, n_unplaced, super::zone_of(context, false))
}

/// Lines on which the items of a list begin, without end.
fn lines_of_items(text: &str, element: &json::Element) -> impl Iterator<Item = u64> {
    let bytes = text.as_bytes();
    let start = usize::try_from(element.byte).unwrap_or(usize::MAX).min(bytes.len());
    let items = members(bytes, start..bytes.len()).into_iter().find(|member| member.name == b"items");
    let starts = items.into_iter().flat_map(|items| elements(bytes, items.value.start)).map(|(range, _)| range.start);
    let (mut line, mut counted) = (element.line, start);
    let lines: Vec<u64> = starts
        .map(|at| {
            line += memchr::memchr_iter(b'\n', &bytes[counted..at]).count() as u64;
            counted = at;
            line
        })
        .collect();
    // A list inside of a wrapper is not looked for: its items begin where the wrapper does.
    lines.into_iter().chain(std::iter::repeat(element.line))
}

pub(super) fn change_of(event: &Value, line: u64) -> Change {
    let at = |pointer: &str| event.pointer(pointer).and_then(plain).filter(|text| !text.is_empty());
    let time = |pointer: &str| at(pointer).and_then(|text| when::any(&text, WallZone::Utc)).filter(|time| *time > Timestamp(0));
    let first = time("/firstTimestamp").or_else(|| time("/eventTime")).or_else(|| time("/deprecatedFirstTimestamp"));
    let last = time("/lastTimestamp").or_else(|| time("/series/lastObservedTime")).or_else(|| time("/deprecatedLastTimestamp"));
    let start = first.or(last).or_else(|| time("/metadata/creationTimestamp"));
    let object =
        ["/involvedObject", "/regarding"].into_iter().find(|pointer| event.pointer(pointer).is_some()).unwrap_or("/involvedObject");
    let name = at(&format!("{object}/name"));
    let kind = at(&format!("{object}/kind")).unwrap_or_default();
    let message = at("/message").or_else(|| at("/note")).unwrap_or_default();
    let count = at("/count").or_else(|| at("/series/count")).filter(|count| count != "1");
    let reason = at("/reason").unwrap_or_default();
    let fields = [
        ("type", at("/type")),
        ("reason", Some(reason.clone())),
        ("object", name.as_ref().map(|name| format!("{kind}/{name}"))),
        ("namespace", at("/metadata/namespace")),
        ("count", count.clone()),
        ("component", at("/source/component").or_else(|| at("/reportingComponent"))),
    ];
    let subject = name.clone().unwrap_or(kind);
    Told { reason, subject, message, service: name, count, span: (start, last), fields: fields.into() }.change(line)
}

/// What an event says, however it is written.
pub(super) struct Told {
    pub(super) reason: String,
    /// What it is about.
    pub(super) subject: String,
    pub(super) message: String,
    pub(super) service: Option<String>,
    /// How often it was seen, if more than once.
    pub(super) count: Option<String>,
    /// First and last time.
    pub(super) span: (Option<Timestamp>, Option<Timestamp>),
    pub(super) fields: Vec<(&'static str, Option<String>)>,
}

impl Told {
    /// The event as a change; one that was seen several times lasts from the first to the last.
    pub(super) fn change(self, line: u64) -> Change {
        let (start, last) = self.span;
        let times = self.count.as_ref().map(|count| format!(" (×{count})")).unwrap_or_default();
        Change {
            time: start,
            end: last.filter(|last| start.is_some_and(|start| *last > start)),
            kind: self.reason.to_lowercase(),
            text: format!("{} {}: {}{times}", self.subject, self.reason, self.message).trim().to_owned(),
            service: self.service,
            fields: self.fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect(),
            line,
            ..Change::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_of_event_are_placed_and_repeats_are_spans() {
        let text = r#"{"kind":"EventList","items":[
            {"kind":"Event","reason":"Scheduled","message":"assigned","firstTimestamp":null,"lastTimestamp":null,"eventTime":"2022-12-21T16:43:07.860897Z","involvedObject":{"kind":"Pod","name":"web"}},
            {"kind":"Event","reason":"BackOff","message":"restarting","type":"Warning","count":4,"firstTimestamp":"2022-12-21T16:43:08Z","lastTimestamp":"2022-12-21T16:45:09Z","involvedObject":{"kind":"Pod","name":"web"}}]}"#;
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!((document.n_records, document.n_unplaced, document.problems.total()), (2, 0, 0));
        assert_eq!(document.changes[1].text, "web BackOff: restarting (×4)");
        assert_eq!(document.changes.iter().map(|change| change.line).collect::<Vec<_>>(), [2, 3], "the line on which each begins");
        assert_eq!(document.changes[1].end.map(when::shown).as_deref(), Some("2022-12-21T16:45:09Z"));
    }
}
