//! Whose error ratios may stand for what users met: of what logs tell, that of services which serve requests.
//!
//! The share of error lines in the log of a node agent or a cron job is no error rate, and neither is that of a service
//! beside whose traffic the others' is many times greater. The time that a database takes for a statement is no latency of
//! requests either where the log of a service that answers with a status tells theirs.

use std::collections::BTreeMap;

use super::answer::CHOICE_COLUMNS;
use crate::model::{Catalog, SeriesId, SeriesQuery, TimeRange};
use crate::source::{Job, Source, SourceError};

/// Of the greatest traffic so small a share is beside the point.
const LEAST_TRAFFIC: f64 = 0.05;

/// Takes error ratios and latencies from logs out of the candidates where their services serve no requests, or few, while
/// others do.
pub(super) fn keep_servers(
    ids: &mut Vec<SeriesId>,
    (source, catalog): (&dyn Source, &Catalog),
    range: TimeRange,
    job: &Job,
) -> Result<(), SourceError> {
    let of = |name: &'static str| catalog.series.iter().filter(move |meta| meta.name == name && meta.is_derived);
    let rates: Vec<SeriesId> = of("fromlogs:request_rate").map(|meta| meta.id).collect();
    if rates.is_empty() || of("fromlogs:error_ratio").next().is_none() {
        return Ok(());
    }
    let columns = source.series(&SeriesQuery { ids: rates, range, columns: CHOICE_COLUMNS }, job)?.value;
    let sum =
        |columns: &crate::model::Columns| columns.columns.iter().flatten().filter(|one| one.count > 0).map(|one| one.mean).sum::<f64>();
    let traffic: BTreeMap<&str, f64> =
        of("fromlogs:request_rate").zip(&columns).filter_map(|(meta, own)| Some((meta.labels.get("service")?, sum(own)))).collect();
    let greatest = traffic.values().copied().fold(0.0, f64::max);
    let serves = |service: &str| traffic.get(service).is_some_and(|own| *own >= greatest * LEAST_TRAFFIC);
    if !of("fromlogs:error_ratio").any(|meta| meta.labels.get("service").is_some_and(serves)) {
        return Ok(());
    }
    let has_statuses = |service: &str| {
        let mut own = of("fromlogs:error_ratio").filter(|meta| meta.labels.get("service") == Some(service));
        own.any(|meta| !meta.is_share_of_records())
    };
    let answers = |service: &str| serves(service) && has_statuses(service);
    let is_told = of("fromlogs:latency_p99").any(|meta| meta.labels.get("service").is_some_and(answers));
    ids.retain(|id| {
        let Some(meta) = catalog.series(*id).filter(|meta| meta.is_derived) else { return true };
        let service = meta.labels.get("service");
        match &*meta.name {
            "fromlogs:error_ratio" => service.is_none_or(serves),
            "fromlogs:latency_p50" | "fromlogs:latency_p99" if is_told => service.is_none_or(has_statuses),
            _ => true,
        }
    });
    Ok(())
}
