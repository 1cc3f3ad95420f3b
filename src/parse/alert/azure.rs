//! Alerts of Azure Monitor in the common alert schema, as webhooks tell them one by one, and as the API lists them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Alert, Labels, ProblemKind, Timestamp, Zone, ZoneCertainty};
use crate::parse::document::json::{self, plain};
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// Reads one message, a list or lines of them. What fired and was resolved is one alert. Records are the messages.
pub(crate) fn parse(bytes: &[u8], _: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut alerts: BTreeMap<(String, Labels, Timestamp), Alert> = BTreeMap::new();
    let (mut n_records, mut n_unplaced) = (0, 0);
    for element in json::elements(&text, &mut problems) {
        let listed = element.value.get("value").and_then(Value::as_array);
        let messages: Vec<&Value> = listed.map_or_else(|| vec![&element.value], |list| list.iter().collect());
        for message in messages {
            n_records += 1;
            let Some(alert) = essentials(message).and_then(read) else {
                n_unplaced += 1;
                let place = Place { line: element.line, byte: element.byte };
                problems.push(place.problem(ProblemKind::Time, "alert without a rule or a readable start".into()));
                continue;
            };
            let known = alerts.entry((alert.name.clone(), alert.labels.clone(), alert.active_at)).or_insert_with(|| alert.clone());
            known.ended_at = known.ended_at.or(alert.ended_at);
        }
    }
    let mut alerts: Vec<Alert> = alerts.into_values().collect();
    alerts.sort_by(|a, b| (a.active_at, &a.name, &a.labels).cmp(&(b.active_at, &b.name, &b.labels)));
    let zone = if alerts.is_empty() { Zone::default() } else { Zone { name: "UTC".into(), certainty: ZoneCertainty::Offset } };
    Document { n_records, n_unplaced, alerts, problems, n_lines: json::count_lines(bytes), zone, ..Document::default() }
}

fn essentials(message: &Value) -> Option<&Value> {
    ["/data/essentials", "/properties/essentials", "/essentials"].into_iter().find_map(|path| message.pointer(path))
}

fn read(essentials: &Value) -> Option<Alert> {
    let text = |names: &[&str]| names.iter().find_map(|name| essentials.get(name).and_then(plain)).filter(|text| !text.is_empty());
    let time = |names: &[&str]| text(names).and_then(|text| when::any(&text, WallZone::Utc)).filter(|at| at.0 > 0);
    // A target is a long path; its end is what people call it.
    let target = essentials.pointer("/alertTargetIDs/0").and_then(plain).or_else(|| text(&["targetResourceName", "targetResource"]));
    let target = target.and_then(|path| path.rsplit('/').next().map(str::to_owned));
    let labels = [("severity", text(&["severity"])), ("target", target), ("monitor", text(&["monitoringService", "monitorService"]))];
    let name = ("alertname".to_owned(), text(&["alertRule"])?.rsplit('/').next()?.to_owned());
    let labels = labels.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value?)));
    let mut alert = super::from_labels(std::iter::once(name).chain(labels))?;
    alert.active_at = time(&["firedDateTime", "startDateTime"])?;
    alert.firing_at = Some(alert.active_at);
    alert.ended_at = time(&["resolvedDateTime", "monitorConditionResolvedDateTime"]).filter(|end| *end >= alert.active_at);
    alert.summary = text(&["description"]);
    Some(alert)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fired_and_was_resolved_is_one_alert() {
        let message = |condition: &str, end: &str| {
            format!(
                r#"{{"schemaId":"azureMonitorCommonAlertSchema","data":{{"essentials":{{"alertRule":"failed-requests","severity":"Sev1","monitorCondition":"{condition}","monitoringService":"Platform","alertTargetIDs":["/subscriptions/1/providers/x/gateways/agw"],"firedDateTime":"2026-11-23T02:22:04.0000000Z"{end},"description":"> 50"}}}}}}"#
            )
        };
        let resolved = message("Resolved", r#","resolvedDateTime":"2026-11-23T02:47:10Z""#);
        let text = format!("[{},{resolved}]", message("Fired", ""));
        let windows =
            crate::parse::Windows { path: "a.json", size_bytes: text.len() as u64, head: text.as_bytes(), middle: b"", tail: b"" };
        let found = crate::parse::document::recognise(&windows);
        assert_eq!(found.first().map(|found| found.format), Some("azure-alerts"));
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!((document.alerts.len(), document.n_records, document.problems.total()), (1, 2, 0));
        let alert = &document.alerts[0];
        assert_eq!(
            (alert.name.as_str(), alert.severity.as_deref(), alert.labels.get("target")),
            ("failed-requests", Some("Sev1"), Some("agw"))
        );
        assert_eq!(alert.ended_at.map(when::shown).as_deref(), Some("2026-11-23T02:47:10Z"));
        assert_eq!(alert.firing_at, Some(alert.active_at));
    }
}
