//! Evidence of the invented incident, frozen without a file.

use coroner::app::message::FreezeTarget;
use coroner::model::case::{Evidence, EvidenceTarget};
use coroner::model::{Event, Labels};

use super::Fake;
use super::patterns::pattern_of;

impl Fake {
    pub fn freeze(&self, target: &FreezeTarget) -> Evidence {
        let evidence = |source: &str, target| Evidence { source: source.into(), source_sha256: None, target };
        match target {
            FreezeTarget::Series { id, range, at } => {
                let meta = &self.catalog.series[id.0 as usize];
                let target = EvidenceTarget::Series {
                    name: meta.name.clone(),
                    labels: meta.labels.clone(),
                    unit: meta.unit,
                    range: *range,
                    at: *at,
                    value: self.value_at(*id, *at).map(|value| value.value),
                    peak: None,
                    points: vec![Some(1.0), None, Some(2.0)],
                };
                evidence("metrics/all.json", target)
            }
            FreezeTarget::Event(_) | FreezeTarget::PatternStart(_) => {
                let is_it = |event: &&Event| match target {
                    FreezeTarget::Event(id) => event.id == *id,
                    FreezeTarget::PatternStart(id) => pattern_of(event) == *id,
                    _ => false,
                };
                let event = self.events.iter().find(is_it).expect("known");
                let target = EvidenceTarget::Lines {
                    first: event.line,
                    last: event.line,
                    at: event.time,
                    sha256: "00".into(),
                    excerpt: event.raw.clone(),
                };
                evidence(&event.source, target)
            }
            FreezeTarget::Change(index) => {
                let change = &self.catalog.changes[*index];
                evidence(
                    "deploys.jsonl",
                    EvidenceTarget::Change { line: 1, at: change.time, text: format!("{} {}", change.kind, change.text) },
                )
            }
            FreezeTarget::Alert(index) => {
                let alert = &self.catalog.alerts[*index];
                let target = EvidenceTarget::Alert {
                    name: alert.name.clone(),
                    labels: Labels::default(),
                    at: alert.active_at,
                    until: alert.ended_at,
                };
                evidence("deploys.jsonl", target)
            }
            FreezeTarget::Profile(index) => {
                let mark = &self.catalog.profiles[*index];
                let target =
                    EvidenceTarget::Profile { profile: mark.kind.clone(), at: mark.time, total: mark.total, unit: mark.unit.clone() };
                evidence("pprof/order-goroutine.pb.gz", target)
            }
        }
    }
}
