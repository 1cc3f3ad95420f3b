//! The `ALERTS` series that Prometheus writes for its own alerts: spans of pending and firing, as fine as the step.

use std::collections::BTreeMap;

use crate::model::{Alert, Labels, Sample, Timestamp};
use crate::parse::{Context, ParsedSeries};

/// Alerts that series named `ALERTS` tell; empty when there are none.
///
/// A hole of a single evaluation ends an alert: Prometheus writes a sample at each one while it holds. One that lasts until the data end has no end.
pub(crate) fn alerts(series: &[ParsedSeries], context: &Context) -> Vec<Alert> {
    let told: Vec<&ParsedSeries> = series.iter().filter(|one| one.name == "ALERTS" && one.labels.get("alertstate").is_some()).collect();
    let told: Vec<(&ParsedSeries, Vec<Sample>)> = told.into_iter().map(|one| (one, one.iter().collect())).collect();
    let Some(step) = told.iter().filter_map(|(_, samples)| step_of(samples)).min() else { return Vec::new() };
    let document_end = series.iter().filter_map(ParsedSeries::last).map(|sample| sample.time).max();
    let data_end = document_end.max(context.neighbours.map(|range| range.end().plus_ns(-1)));
    let mut by_alert: BTreeMap<Labels, Vec<Run>> = BTreeMap::new();
    for (one, samples) in told {
        let labels = one.labels.iter().filter(|(name, _)| *name != "alertstate").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let is_firing = one.labels.get("alertstate") == Some("firing");
        by_alert.entry(Labels::new(labels.collect())).or_default().extend(runs(&samples, step, is_firing));
    }
    let mut out = Vec::new();
    for (labels, mut runs) in by_alert {
        runs.sort_by_key(|run| (run.first, run.is_firing));
        let Some(named) = super::from_labels(labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()))) else { continue };
        for episode in runs.chunk_by(|a, b| b.first.since(a.last) <= step + step / 2) {
            let last = episode.iter().map(|run| run.last).max().unwrap_or_default();
            let end = last.plus_ns(step);
            out.push(Alert {
                active_at: episode[0].first,
                firing_at: episode.iter().find(|run| run.is_firing).map(|run| run.first),
                ended_at: data_end.is_some_and(|data_end| end <= data_end).then_some(end),
                uncertainty_ns: step,
                ..named.clone()
            });
        }
    }
    out.sort_by(|a, b| (a.active_at, &a.name, &a.labels).cmp(&(b.active_at, &b.name, &b.labels)));
    out
}

struct Run {
    first: Timestamp,
    last: Timestamp,
    is_firing: bool,
}

/// Median distance of samples; a lone sample counts as a second.
fn step_of(samples: &[Sample]) -> Option<i64> {
    let mut distances: Vec<i64> = samples.windows(2).map(|pair| pair[1].time.since(pair[0].time)).collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied().or((samples.len() == 1).then_some(crate::model::time::NS_PER_S))
}

/// Stretches without a hole; samples of 0 (or stale) do not count.
fn runs(samples: &[Sample], step: i64, is_firing: bool) -> Vec<Run> {
    let held: Vec<Timestamp> = samples.iter().filter(|sample| sample.value > 0.0).map(|sample| sample.time).collect();
    held.chunk_by(|a, b| b.since(*a) <= step + step / 2)
        .filter_map(|run| Some(Run { first: *run.first()?, last: *run.last()?, is_firing }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(state: &str, secs: impl IntoIterator<Item = i64>) -> ParsedSeries {
        let labels = [("alertname", "Slow"), ("alertstate", state), ("severity", "page")];
        ParsedSeries {
            name: "ALERTS".into(),
            labels: Labels::new(labels.map(|(a, b)| (a.into(), b.into())).to_vec()),
            samples: secs.into_iter().map(|at| Sample { time: Timestamp::from_secs(at), value: 1.0 }).collect(),
            ..ParsedSeries::default()
        }
    }

    #[test]
    fn pending_and_firing_are_one_alert_and_a_hole_ends_it() {
        let all = [series("pending", 10..20), series("firing", (20..30).chain(50..61))];
        let found = alerts(&all, &Context::default());
        let at = Timestamp::from_secs;
        let moments: Vec<_> = found.iter().map(|alert| (alert.active_at, alert.firing_at, alert.ended_at)).collect();
        assert_eq!(moments, [(at(10), Some(at(20)), Some(at(30))), (at(50), Some(at(50)), None)]);
        assert_eq!((found[0].severity.as_deref(), found[0].labels.get("alertstate")), (Some("page"), None));
    }
}
