//! Alerts from the sources that tell them: polled API answers, the `ALERTS` series, the rules API.
//!
//! Each reader gives the alerts as its source sees them; [`merge`] joins what several sources say of one.

pub mod api;
pub mod azure;
pub mod rules;
pub mod series;

use std::collections::HashMap;

use crate::model::{Alert, Labels, Timestamp};

/// Joins alerts of one name whose labels agree and whose times overlap, as two sources tell one alert.
///
/// Labels agree when one set is contained in the other (a remote write adds labels). Of two moments the earlier
/// beginning is kept and the end of the surer source. Sorted by (active, name, labels). O(n × alerts of one name that are active at once).
pub fn merge(mut alerts: Vec<Alert>) -> Vec<Alert> {
    alerts.sort_by(|a, b| (a.active_at, &a.name, &a.labels, a.source).cmp(&(b.active_at, &b.name, &b.labels, b.source)));
    let slack = alerts.iter().map(|alert| alert.uncertainty_ns).max().unwrap_or(0);
    let mut merged: Vec<Alert> = Vec::with_capacity(alerts.len());
    // Alerts that may still overlap a later one, by name: those that ended long before are let go.
    let mut live: HashMap<String, Vec<usize>> = HashMap::new();
    for alert in alerts {
        let same_name = live.entry(alert.name.clone()).or_default();
        same_name.retain(|index| merged[*index].ended_at.is_none_or(|end| end.plus_ns(slack) >= alert.active_at));
        let same = same_name.iter().rev().copied().find(|index| merged[*index].source != alert.source && is_same(&merged[*index], &alert));
        if let Some(index) = same {
            join(&mut merged[index], alert);
        } else {
            same_name.push(merged.len());
            merged.push(alert);
        }
    }
    merged.sort_by(|a, b| (a.active_at, &a.name, &a.labels).cmp(&(b.active_at, &b.name, &b.labels)));
    merged
}

fn is_same(a: &Alert, b: &Alert) -> bool {
    let slack = a.uncertainty_ns.max(b.uncertainty_ns);
    let end = |alert: &Alert| alert.ended_at.unwrap_or(Timestamp::MAX);
    a.name == b.name
        && (contains(&a.labels, &b.labels) || contains(&b.labels, &a.labels))
        && a.active_at <= end(b).plus_ns(slack)
        && b.active_at <= end(a).plus_ns(slack)
        // A short alert just before another of the same name is not the same one.
        && a.active_at.since(b.active_at).unsigned_abs() <= slack.unsigned_abs().max(overlap(a, b))
}

fn overlap(a: &Alert, b: &Alert) -> u64 {
    let end = |alert: &Alert| alert.ended_at.unwrap_or(Timestamp::MAX);
    end(a).min(end(b)).since(a.active_at.max(b.active_at)).max(0).unsigned_abs()
}

fn contains(all: &Labels, some: &Labels) -> bool {
    some.iter().all(|(name, value)| all.get(name) == Some(value))
}

fn join(known: &mut Alert, other: Alert) {
    let is_surer = other.uncertainty_ns < known.uncertainty_ns;
    known.active_at = known.active_at.min(other.active_at);
    known.firing_at = match (known.firing_at, other.firing_at) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    known.ended_at = match (known.ended_at, other.ended_at) {
        (Some(_), Some(b)) if is_surer => Some(b),
        (a, b) => a.or(b),
    };
    known.uncertainty_ns = known.uncertainty_ns.min(other.uncertainty_ns);
    if contains(&other.labels, &known.labels) {
        known.labels = other.labels;
    }
    known.severity = known.severity.take().or(other.severity);
    known.service = known.service.take().or(other.service);
    known.summary = known.summary.take().or(other.summary);
}

/// An alert with what its labels tell; times are for the caller. `None` without an `alertname`.
pub(crate) fn from_labels(pairs: impl Iterator<Item = (String, String)>) -> Option<Alert> {
    let mut name = None;
    let mut rest = Vec::new();
    for (label, value) in pairs {
        match label.as_str() {
            "alertname" => name = Some(value),
            "alertstate" | "__name__" => {}
            _ => rest.push((label, value)),
        }
    }
    let labels = Labels::new(rest);
    let of = |names: &[&str]| names.iter().find_map(|name| labels.get(name)).map(str::to_owned);
    Some(Alert {
        name: name?,
        severity: of(&["severity"]),
        service: of(&["service", "app", "job"]),
        summary: None,
        active_at: Timestamp::default(),
        firing_at: None,
        ended_at: None,
        uncertainty_ns: 0,
        source: crate::model::SourceId::default(),
        labels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;

    fn alert(source: u32, active: i64, firing: Option<i64>, ended: Option<i64>, labels: &[(&str, &str)]) -> Alert {
        let pairs = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let named = std::iter::once(("alertname".to_owned(), "Slow".to_owned())).chain(pairs);
        Alert {
            active_at: Timestamp::from_secs(active),
            firing_at: firing.map(Timestamp::from_secs),
            ended_at: ended.map(Timestamp::from_secs),
            uncertainty_ns: 1_000_000_000,
            source: SourceId(source),
            ..from_labels(named).expect("named")
        }
    }

    #[test]
    fn two_sources_of_one_alert_give_one() {
        let polled = alert(0, 100, Some(112), Some(150), &[("service", "a")]);
        let series = alert(1, 101, Some(111), Some(149), &[("service", "a"), ("replica", "r0")]);
        let merged = merge(vec![series, polled]);
        assert_eq!(merged.len(), 1);
        assert_eq!((merged[0].active_at, merged[0].firing_at), (Timestamp::from_secs(100), Some(Timestamp::from_secs(111))));
        assert_eq!(merged[0].labels.get("replica"), Some("r0"));
    }

    #[test]
    fn episodes_and_other_labels_stay_apart() {
        let all = vec![
            alert(0, 100, None, Some(102), &[("service", "a")]),
            alert(1, 106, Some(120), Some(150), &[("service", "a")]),
            alert(1, 106, Some(120), Some(150), &[("service", "b")]),
            alert(1, 300, None, None, &[("service", "a")]),
        ];
        assert_eq!(merge(all).len(), 4);
    }
}
