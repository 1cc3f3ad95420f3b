//! The timeline in the shapes of other tools' imports and calls.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::csv::Csv;
use super::{cut, one_line, plain_time};
use crate::model::Timestamp;
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::report::escape;
use crate::report::json::{self, harmless, line};
use crate::report::postmortem::{Postmortem, TimelineRow};

/// What AWS takes as the text of an event.
const AWS_CHARS: usize = 4000;

/// Columns as Dispatch writes them, ours behind. `Owner` is who did, said or wrote it; alerts have none.
pub fn timeline_csv(postmortem: &Postmortem) -> String {
    let mut csv =
        Csv::new(&["Time (in UTC)", "Description", "Owner", "End (in UTC)", "Offset", "Service", "Kind", "Uncertainty", "Evidence"]);
    for row in &postmortem.timeline {
        csv.row(&[
            plain_time(row.at),
            row.text.clone(),
            row.owner.clone().unwrap_or_default(),
            row.until.map_or_else(String::new, plain_time),
            row.offset.clone().unwrap_or_default(),
            row.service.clone().unwrap_or_default(),
            row.kind.clone(),
            row.doubt.clone(),
            row.evidence.join(" "),
        ]);
    }
    csv.print()
}

/// One event a line, all that is known of it.
pub fn timeline_jsonl(postmortem: &Postmortem) -> String {
    postmortem.timeline.iter().map(|row| format!("{}\n", line(&json::row(row)))).collect()
}

fn pretty(value: &Value) -> String {
    format!("{}\n", harmless(&serde_json::to_string_pretty(value).unwrap_or_default()))
}

/// `service: what happened [E1]` on one line.
fn sentence(row: &TimelineRow) -> String {
    let service = row.service.as_deref().map_or(String::new(), |service| format!("{}: ", one_line(service)));
    let evidence: Vec<String> = row.evidence.iter().map(|entry| one_line(entry)).collect();
    let evidence = if evidence.is_empty() { String::new() } else { format!(" [{}]", evidence.join(", ")) };
    format!("{service}{}{evidence}", one_line(&row.text))
}

/// Bodies of `POST /api/annotations`: milliseconds, a region for what has a length, text that is HTML there.
pub fn grafana(postmortem: &Postmortem) -> String {
    let ms = |at: Timestamp| at.0.div_euclid(NS_PER_S / 1000);
    let body = |row: &TimelineRow| {
        let mut tags = vec!["incident".to_owned(), one_line(&row.kind)];
        tags.extend(row.service.as_deref().map(one_line));
        json!({
            "time": ms(row.at), "timeEnd": ms(row.until.unwrap_or(row.at)), "tags": tags,
            "text": escape::xml(&sentence(row)),
        })
    };
    pretty(&postmortem.timeline.iter().map(body).collect())
}

/// Bodies of `POST /v1/incidents/ID/events` (JSON:API).
pub fn rootly(postmortem: &Postmortem) -> String {
    let body = |row: &TimelineRow| {
        json!({"data": {"type": "incident_events", "attributes": {
            "event": escape::cell(&sentence(row)), "occurred_at": rfc3339(row.at), "visibility": "internal",
        }}})
    };
    pretty(&postmortem.timeline.iter().map(body).collect())
}

/// Inputs of `CreateTimelineEvent`; the caller adds `incidentRecordArn`. The token makes sending twice harmless.
pub fn aws(postmortem: &Postmortem) -> String {
    let body = |(index, row): (usize, &TimelineRow)| {
        let text = cut(&format!("{}: {}", one_line(&row.kind), sentence(row)), AWS_CHARS);
        let digest = Sha256::digest(format!("{}\n{index}\n{}\n{text}", postmortem.head.title, row.at.0).as_bytes());
        let token: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        json!({"clientToken": token, "eventTime": rfc3339(row.at), "eventType": "Custom Event", "eventData": text})
    };
    pretty(&postmortem.timeline.iter().enumerate().map(body).collect())
}

/// One `/timeline comment | date time` a line.
pub fn gitlab_timeline(postmortem: &Postmortem) -> String {
    let one = |row: &TimelineRow| {
        // A bar would end the comment, and no escape of it is known.
        let comment = escape::cell(&sentence(row).replace('|', "¦"));
        let time = plain_time(row.at);
        format!("/timeline {comment} | {}\n", time.get(..16).unwrap_or(&time))
    };
    postmortem.timeline.iter().map(one).collect()
}

/// JSON lines with the fields that Timesketch demands, microseconds beside the text.
pub fn timesketch(postmortem: &Postmortem) -> String {
    let entry = |at: Timestamp, description: &str, row: &TimelineRow| {
        let value = json!({
            "message": sentence(row), "datetime": rfc3339(at).replace('Z', "+00:00"), "timestamp": at.0.div_euclid(1000),
            "timestamp_desc": description, "kind": row.kind, "service": row.service, "evidence": row.evidence,
        });
        format!("{}\n", line(&value))
    };
    let entries = |row: &TimelineRow| {
        let end = row.until.map_or(String::new(), |until| entry(until, "End Time", row));
        let begin = if row.until.is_some() { "Start Time" } else { "Event Time" };
        format!("{}{end}", entry(row.at, begin, row))
    };
    postmortem.timeline.iter().map(entries).collect()
}
