//! Answers of `/api/v1/alerts`, alone or polled again and again: `[{"polled_at": …, "response": {…}}, …]`.
//!
//! The list of polls may name its keys as it likes: the object that holds `alerts` is looked for, and a time beside it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Alert, Labels, ProblemKind, Timestamp, Zone, ZoneCertainty};
use crate::parse::document::json::{self, plain};
use crate::parse::metric::{Place, time_of_file};
use crate::parse::{Context, Document};

/// Reads a body, an array or JSON lines of polled bodies. Records are the alerts found.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut polls: Vec<(Timestamp, Vec<Value>)> = Vec::new();
    let mut untimed: Vec<Value> = Vec::new();
    for element in json::elements(&text, &mut problems) {
        if let Some(error) = error_of(&element.value) {
            let place = Place { line: element.line, byte: element.byte };
            problems.push(place.problem(ProblemKind::Answer, format!("the engine answered with an error: {error}")));
            continue;
        }
        // Alertmanager answers with the bare list.
        if element.value.get("labels").is_some() && (element.value.get("startsAt").is_some() || element.value.get("activeAt").is_some()) {
            untimed.push(element.value);
            continue;
        }
        match (alerts_in(&element.value, 0), poll_time(&element.value)) {
            (Some(alerts), Some(at)) => polls.push((at, alerts.clone())),
            (Some(alerts), None) => untimed.extend(alerts.iter().cloned()),
            (None, _) => {
                let place = Place { line: element.line, byte: element.byte };
                problems.push(place.problem(ProblemKind::Syntax, "record holds no list of alerts".into()));
            }
        }
    }
    polls.sort_by_key(|poll| poll.0);
    let mut alerts = follow(&polls, &mut problems);
    let n_unread = untimed.iter().filter(|alert| read(alert).is_none()).count() as u64;
    if n_unread > 0 {
        let reason = format!("{n_unread} alerts without a name or a readable start");
        problems.push(Place::default().problem(ProblemKind::Time, reason));
    }
    alerts.extend(at_one_moment(&untimed, context));
    alerts.sort_by(|a, b| (a.active_at, &a.name, &a.labels).cmp(&(b.active_at, &b.name, &b.labels)));
    let has_times = !alerts.is_empty() || !polls.is_empty();
    let zone = if has_times { Zone { name: "UTC".into(), certainty: ZoneCertainty::Offset } } else { Zone::default() };
    Document {
        n_records: alerts.len() as u64 + n_unread,
        n_unplaced: n_unread,
        alerts,
        problems,
        n_lines: json::count_lines(bytes),
        zone,
        ..Document::default()
    }
}

fn error_of(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    let body = if object.contains_key("status") { value } else { object.values().find(|inner| inner.get("status").is_some())? };
    (body.get("status")?.as_str()? == "error").then(|| body.get("error").and_then(plain).unwrap_or_default())
}

/// The list called `alerts` whose elements carry labels, at most three objects deep.
fn alerts_in(value: &Value, depth: usize) -> Option<&Vec<Value>> {
    let object = value.as_object().filter(|_| depth < 4)?;
    if let Some(alerts) = object.get("alerts").and_then(Value::as_array)
        && alerts.iter().all(|alert| alert.get("labels").is_some())
    {
        return Some(alerts);
    }
    object.values().find_map(|inner| alerts_in(inner, depth + 1))
}

/// A time beside the answer: the first scalar field of the outer object that reads as one.
fn poll_time(value: &Value) -> Option<Timestamp> {
    let object = value.as_object()?;
    object.values().filter(|inner| inner.is_string() || inner.is_number()).find_map(|inner| {
        let text = plain(inner)?;
        when::any(&text, WallZone::Utc).filter(|at| at.0 > 100_000_000 * crate::model::time::NS_PER_S)
    })
}

/// One alert of an answer with its active time and whether it fires.
fn read(value: &Value) -> Option<(Alert, bool)> {
    let labels = value.get("labels")?.as_object()?;
    let mut alert = super::from_labels(labels.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?))))?;
    let started = value.get("activeAt").or_else(|| value.get("startsAt")).and_then(plain)?;
    alert.active_at = when::any(&started, WallZone::Utc)?;
    let annotations = value.get("annotations");
    let annotation = |name: &str| annotations.and_then(|all| all.get(name)).and_then(plain);
    alert.summary = annotation("summary").or_else(|| annotation("description")).or_else(|| annotation("message"));
    let state = value.get("state").and_then(plain).or_else(|| value.pointer("/status/state").and_then(plain));
    Some((alert, state.is_none_or(|state| state != "pending")))
}

/// Alerts of bodies that say not when they were asked: active since they say, firing by then at the latest; over only
/// when they are called resolved. The same alert told again (a webhook's reminders) is one.
pub(crate) fn at_one_moment(alerts: &[Value], context: &Context) -> Vec<Alert> {
    let asked = time_of_file(context, WallZone::Utc).map(|(at, _)| at);
    let mut out: BTreeMap<(String, Labels, Timestamp), Alert> = BTreeMap::new();
    for (value, (mut alert, is_firing)) in alerts.iter().filter_map(|value| Some((value, read(value)?))) {
        if is_firing {
            alert.firing_at = Some(alert.active_at);
            // `startsAt` is when it began to fire. One that is still open has no known end, which says nothing of its start.
            let is_exact = value.get("activeAt").is_none();
            let since = asked.map_or(0, |at| at.since(alert.active_at).max(0));
            alert.uncertainty_ns = if is_exact || since > LONGEST_PENDING_NS { 0 } else { since };
        }
        alert.ended_at = end_of(value);
        let known = out.entry((alert.name.clone(), alert.labels.clone(), alert.active_at)).or_insert_with(|| alert.clone());
        known.ended_at = known.ended_at.or(alert.ended_at);
    }
    out.into_values().collect()
}

/// `endsAt` of a resolved alert; of a firing one it is a time in the future at which nobody will have refreshed it.
fn end_of(alert: &Value) -> Option<Timestamp> {
    let state = alert.get("status").and_then(Value::as_str).or_else(|| alert.get("state").and_then(Value::as_str));
    let ends = alert.get("endsAt").and_then(plain).filter(|_| state == Some("resolved"))?;
    when::any(&ends, WallZone::Utc).filter(|at| at.0 > 0)
}

/// An alert seldom waits longer before it fires: what was asked later than this tells nothing of when it did.
const LONGEST_PENDING_NS: i64 = 3_600 * crate::model::time::NS_PER_S;

struct Open {
    alert: Alert,
    seen_at: Timestamp,
}

/// Follows alerts through polls in order of time: firing at the first poll that says so, over at the first without it.
fn follow(polls: &[(Timestamp, Vec<Value>)], problems: &mut Problems) -> Vec<Alert> {
    let mut open: BTreeMap<(String, Labels), Open> = BTreeMap::new();
    let mut done = Vec::new();
    let mut previous: Option<Timestamp> = None;
    for (at, values) in polls {
        let gap = previous.map_or(0, |previous| at.since(previous));
        let mut seen = Vec::new();
        for value in values {
            let Some((alert, is_firing)) = read(value) else {
                problems.push(Place::default().problem(ProblemKind::Time, "alert without a name or a readable start".into()));
                continue;
            };
            let key = (alert.name.clone(), alert.labels.clone());
            seen.push(key.clone());
            let is_new_episode = open.get(&key).is_some_and(|known| known.alert.active_at != alert.active_at);
            if is_new_episode && let Some(ended) = open.remove(&key) {
                done.push(close(ended, alert.active_at.max(previous.unwrap_or(alert.active_at)), gap));
            }
            let known = open.entry(key).or_insert_with(|| Open { alert, seen_at: *at });
            known.seen_at = *at;
            if is_firing && known.alert.firing_at.is_none() {
                known.alert.firing_at = Some(*at);
                let since_active = at.since(known.alert.active_at).max(0);
                known.alert.uncertainty_ns =
                    known.alert.uncertainty_ns.max(if previous.is_some() { gap.min(since_active) } else { since_active });
            }
        }
        let gone: Vec<_> = open.keys().filter(|key| !seen.contains(key)).cloned().collect();
        done.extend(gone.iter().filter_map(|key| open.remove(key)).map(|ended| close(ended, *at, gap)));
        previous = Some(*at);
    }
    done.extend(open.into_values().map(|still| still.alert));
    done
}

fn close(open: Open, at: Timestamp, gap_ns: i64) -> Alert {
    let uncertainty_ns = open.alert.uncertainty_ns.max(gap_ns.min(at.since(open.seen_at).max(0)));
    Alert { ended_at: Some(at), uncertainty_ns, ..open.alert }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(at: &str, alerts: &str) -> String {
        format!(r#"{{"when":"{at}","body":{{"status":"success","data":{{"alerts":[{alerts}]}}}}}}"#)
    }

    fn slow(state: &str) -> String {
        format!(
            r#"{{"labels":{{"alertname":"Slow","service":"a","severity":"page"}},"annotations":{{"summary":"slow"}},"state":"{state}","activeAt":"2026-11-23T02:00:01.5Z","value":"1"}}"#
        )
    }

    #[test]
    fn the_start_of_an_open_alert_is_as_sure_however_old_its_file_is() {
        let text = r#"{"labels":{"alertname":"Slow"},"state":"active","startsAt":"2026-03-17T14:22:45Z"}"#;
        let alert: Value = serde_json::from_str(text).expect("json");
        let path = "alerts-2026-11-23T02-00-00Z.json".to_owned();
        let alerts = at_one_moment(&[alert], &Context { path, ..Context::default() });
        assert_eq!((alerts.len(), alerts[0].uncertainty_ns), (1, 0));
    }

    #[test]
    fn polls_give_each_alert_its_moments() {
        let polls = [
            poll("2026-11-23T02:00:00Z", ""),
            poll("2026-11-23T02:00:02Z", &slow("pending")),
            poll("2026-11-23T02:00:12Z", &slow("firing")),
            poll("2026-11-23T02:00:22Z", ""),
        ];
        for text in [format!("[{}]", polls.join(",")), polls.join("\n")] {
            let document = parse(text.as_bytes(), &Context::default());
            assert_eq!((document.alerts.len(), document.n_records, document.problems.total()), (1, 1, 0));
            let alert = &document.alerts[0];
            let shown = |at: Option<Timestamp>| at.map(when::shown);
            assert_eq!(when::shown(alert.active_at), "2026-11-23T02:00:01.5Z");
            assert_eq!(shown(alert.firing_at).as_deref(), Some("2026-11-23T02:00:12Z"));
            assert_eq!(shown(alert.ended_at).as_deref(), Some("2026-11-23T02:00:22Z"));
            assert_eq!((alert.uncertainty_ns, alert.summary.as_deref()), (10_000_000_000, Some("slow")));
        }
    }

    #[test]
    fn webhooks_tell_when_an_alert_is_resolved() {
        let alert = |status: &str, ends: &str| {
            format!(
                r#"{{"version":"4","status":"{status}","alerts":[{{"status":"{status}","labels":{{"alertname":"Slow"}},"startsAt":"2026-11-23T02:00:01Z","endsAt":"{ends}"}}]}}"#
            )
        };
        let text = format!("{}\n{}\n", alert("firing", "0001-01-01T00:00:00Z"), alert("resolved", "2026-11-23T02:09:00Z"));
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!(document.alerts.len(), 1);
        assert_eq!(document.alerts[0].ended_at.map(when::shown).as_deref(), Some("2026-11-23T02:09:00Z"));
    }

    #[test]
    fn a_cut_list_keeps_its_polls_and_a_lone_body_is_read() {
        let cut = format!("[{},{}", poll("2026-11-23T02:00:02Z", &slow("firing")), r#"{"when":"2026-"#);
        let document = parse(cut.as_bytes(), &Context::default());
        assert_eq!((document.alerts.len(), document.problems.counts().get(&ProblemKind::Truncated)), (1, Some(&1)));
        let body = format!(r#"{{"status":"success","data":{{"alerts":[{}]}}}}"#, slow("firing"));
        let document = parse(body.as_bytes(), &Context::default());
        assert_eq!(document.alerts[0].firing_at, Some(document.alerts[0].active_at));
    }
}
