//! Which services were affected, from when, how badly, until when; and which of them no alert spoke of.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Context, show};
use super::limits::{BEYOND, felt, join, stretches, unusual};
use super::requests::service;
use super::silence::{self, Silence};
use super::{Derived, impact};
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::model::{Sample, SeriesId, SeriesKind, SeriesMeta, TimeRange, Timestamp, Unit};
use crate::report::escape::slug;

/// Series of one service and role that are read: instances beyond this change nothing of a maximum.
const MOST_INSTANCES: usize = 64;

const FORMULA: &str = "first sample of the first stretch in which 4 of 5 samples were bad, to the first good one after the last; stretches at most \
    20 s (3 steps) apart are one. Peaks: greatest finite samples after the baseline.";

const SILENT: &str = "No data is no health: a service is affected, too, while no request completes that usually does, while it cannot be scraped, \
    or while its samples are missing, for 10 s (4 steps, 3 times the usual) or longer. Recovered: nothing failed any more beyond what users feel \
    (5 %, or three times the usual), and the latency that went with it (1 s, or three times the usual) was over; where nothing failed, latency alone; \
    where users felt nothing, normal again.";

/// One affected service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceRow {
    /// Its name.
    pub service: String,
    /// Id of the derived value.
    pub id: String,
    /// When it first left what is normal.
    pub first: Timestamp,
    /// Distance from T+0.
    pub first_offset: Option<String>,
    /// Greatest share of failed requests.
    pub peak_error: Option<String>,
    /// Greatest P99.
    pub peak_p99: Option<String>,
    /// When it was normal again; `None`: not before the end of the data.
    pub recovered: Option<Timestamp>,
    /// Distance of that from T+0.
    pub recovered_offset: Option<String>,
    /// From first to recovered, in words.
    pub length: Option<String>,
    /// Whether it stayed beyond what is normal to the end of the data, though nothing failed any more.
    pub still: bool,
    /// When it did not answer: `no request completed 02:32:40 to 02:35:10`.
    pub silent: Vec<String>,
    /// Whether an alert of this service fired.
    pub has_alert: bool,
    /// Series and their limits, until they are recorded.
    pub(crate) inputs: Vec<String>,
}

/// What a series says of its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Errors,
    Latency,
}

fn role(meta: &SeriesMeta) -> Option<Role> {
    let words = format!("{} {}", meta.name, meta.query.as_deref().unwrap_or_default()).to_ascii_lowercase();
    let is_client = words.contains("client") || words.contains("_gc_") || words.contains("scrape") || words.contains("sched");
    if is_client || meta.kind == SeriesKind::HistogramPart {
        return None;
    }
    if meta.unit == Unit::Ratio && ["error", "fail", "5xx", "5.."].iter().any(|word| words.contains(word)) {
        return Some(Role::Errors);
    }
    // The log of a garbage collector is no service.
    let is_gc =
        service(&meta.labels).is_some_and(|name| name.split(|c: char| !c.is_alphanumeric()).any(|word| word == "gc" || word == "gclog"));
    let is_p99 = words.contains("p99") || words.contains("0.99") || meta.labels.get("quantile") == Some("0.99");
    (!is_gc && meta.unit == Unit::Seconds && meta.kind == SeriesKind::Quantile && is_p99).then_some(Role::Latency)
}

/// Whether a peak tells something: where records have no status, that none was logged as an error is no share of failures.
fn is_measured(meta: &SeriesMeta, peak: f64) -> bool {
    !meta.is_share_of_records() || peak > 0.0
}

/// How good a source of the numbers is: measured before computed before read from logs, whole services before instances.
fn rank(meta: &SeriesMeta) -> (bool, bool, bool) {
    let is_computed = meta.is_derived || meta.derivation.is_some();
    (!meta.name.starts_with("fromlogs"), !is_computed, !meta.name.ends_with(":instance"))
}

pub(super) fn gather(context: &mut Context) -> Vec<ServiceRow> {
    let mut groups: BTreeMap<(String, Role), BTreeMap<(String, u32), Vec<SeriesId>>> = BTreeMap::new();
    let has_metrics = context.catalog.series.iter().any(|meta| role(meta).is_some() && service(&meta.labels).is_some() && rank(meta).0);
    for meta in &context.catalog.series {
        let (Some(role), Some(service)) = (role(meta), service(&meta.labels)) else { continue };
        if has_metrics && !rank(meta).0 {
            continue;
        }
        groups.entry((service.to_owned(), role)).or_default().entry((meta.name.clone(), meta.source.0)).or_default().push(meta.id);
    }
    let catalog = context.catalog;
    let mut by_service: BTreeMap<String, Vec<Vec<&SeriesMeta>>> = BTreeMap::new();
    for ((service, _), families) in groups {
        let families = families.into_values().map(|ids| ids.into_iter().filter_map(|id| catalog.series(id)).collect::<Vec<_>>());
        let best = families.max_by_key(|metas| {
            let n: u64 = metas.iter().map(|meta| meta.n_samples).sum();
            (metas.first().map(|meta| rank(meta)), n, std::cmp::Reverse(metas.first().map(|meta| meta.id)))
        });
        by_service.entry(service).or_default().extend(best);
    }
    let mut silences = silence::of_services(context);
    for service in silences.keys() {
        by_service.entry(service.clone()).or_default();
    }
    let mut rows = Vec::new();
    for (service, families) in by_service {
        let silent = silences.remove(&service).unwrap_or_default();
        rows.extend(row(context, service, &families, &silent));
    }
    rows.sort_by(|a, b| (a.first, &a.service).cmp(&(b.first, &b.service)));
    let mut taken = BTreeSet::new();
    for row in &mut rows {
        // A name of a service may hold anything; an id stands in comments and tables.
        row.id = format!("service.{}", slug(&row.service, &mut taken));
        let until = row.recovered.map_or_else(|| "the end of the data".to_owned(), rfc3339);
        context.record(Derived {
            id: row.id.clone(),
            label: format!("{} affected", row.service),
            value: Some(format!("{} to {until}", rfc3339(row.first))),
            formula: format!("{FORMULA} {SILENT} {BEYOND}"),
            inputs: std::mem::take(&mut row.inputs),
            ..Derived::default()
        });
    }
    rows
}

fn row(context: &mut Context, service: String, families: &[Vec<&SeriesMeta>], silent: &[Silence]) -> Option<ServiceRow> {
    let normal_until = context.baseline.map(TimeRange::end);
    let extent = context.catalog.extent?;
    let (mut bad, mut peaks, mut words, mut step) = (Vec::new(), [None::<String>, None], Vec::new(), NS_PER_S);
    // What users felt, and of that what failed: silence and errors weigh more than latency.
    let unanswered = || silent.iter().filter(|silence| !silence.is_missing).map(|silence| silence.range);
    let mut failing: Vec<TimeRange> = unanswered().collect();
    let mut felt_too = failing.clone();
    words.extend(silent.iter().map(|silence| silence.input.clone()));
    for metas in families {
        let Some(kind) = metas.first().and_then(|meta| role(meta)) else { continue };
        let mut worst: Option<(f64, &SeriesMeta)> = None;
        for meta in metas.iter().take(MOST_INSTANCES) {
            let Some(bound) = unusual(context, meta) else { continue };
            let samples = context.facts.samples(meta.id, extent);
            step = step.max(meta.step_ns.unwrap_or(NS_PER_S));
            let found = stretches(&samples, &bound, meta.step_ns);
            if found.iter().any(|range| normal_until.is_none_or(|end| range.end() > end)) {
                context.uses(meta);
                words.push(format!("{} ({}) {}", meta.full_name(), context.path(meta.source), bound.words(meta.unit)));
            }
            bad.extend(found);
            if let Some(bound) = felt(context, meta) {
                let found = stretches(&samples, &bound, meta.step_ns);
                failing.extend(found.iter().filter(|_| kind == Role::Errors));
                felt_too.extend(found);
            }
            let peak = greatest(&samples, normal_until);
            worst = [worst, peak.map(|peak| (peak, *meta))].into_iter().flatten().reduce(|a, b| if b.0 > a.0 { b } else { a });
        }
        let worst = worst.filter(|(peak, meta)| is_measured(meta, *peak));
        let of_what = |meta: &SeriesMeta| if meta.is_share_of_records() { " of its records" } else { "" };
        peaks[usize::from(kind == Role::Latency)] = worst.map(|(peak, meta)| format!("{}{}", show(meta, peak), of_what(meta)));
    }
    bad.extend(unanswered());
    // What was over before the incident is another story.
    let is_later = |range: &TimeRange| normal_until.is_none_or(|end| range.end() > end);
    let stretches: Vec<TimeRange> = join(bad, step).into_iter().filter(is_later).collect();
    let (first, unusual_until) = (stretches.first()?.start(), stretches.last()?.end());
    // A series that ends while it is bad has not recovered, whatever else goes on.
    let told_until = families.iter().flatten().filter_map(|meta| meta.extent).map(TimeRange::end).max().unwrap_or(extent.end());
    let is_over = |end: &Timestamp| end.plus_ns(15 * NS_PER_S) <= told_until;
    let later = |found: Vec<TimeRange>| join(found, step).into_iter().filter(is_later).collect::<Vec<_>>();
    let recovered = recovery(&later(failing), &later(felt_too), unusual_until, is_over);
    let silent = silent.iter().map(|silence| silence.words(told_until)).collect();
    let [peak_error, peak_p99] = peaks;
    let has_alert = context.catalog.alerts.iter().any(|alert| alert.firing_at.is_some() && alert.service.as_deref() == Some(&service));
    Some(ServiceRow {
        first,
        first_offset: context.offset(first),
        peak_error,
        peak_p99,
        recovered,
        recovered_offset: recovered.and_then(|at| context.offset(at)),
        length: recovered.map(|at| impact::duration(at.since(first))),
        still: recovered.is_some() && !is_over(&unusual_until),
        silent,
        has_alert,
        service,
        inputs: words,
        ..ServiceRow::default()
    })
}

/// When it was over: the end of the stretches in which something failed, with the latency that goes with them; else of what
/// failed alone; where nothing failed of what users felt, and where they felt nothing of what was unusual.
fn recovery(
    failing: &[TimeRange],
    felt: &[TimeRange],
    unusual_until: Timestamp,
    is_over: impl Fn(&Timestamp) -> bool,
) -> Option<Timestamp> {
    let end_of = |found: &mut dyn Iterator<Item = &TimeRange>| found.map(|range| range.end()).max();
    let goes_with = |range: &&TimeRange| failing.iter().any(|own| own.start() < range.end() && range.start() < own.end());
    let ends = match (failing, felt) {
        ([], []) => [Some(unusual_until), None],
        ([], _) => [end_of(&mut felt.iter()), None],
        _ => [end_of(&mut felt.iter().filter(goes_with)), end_of(&mut failing.iter())],
    };
    ends.into_iter().flatten().find(is_over)
}

fn greatest(samples: &[Sample], from: Option<Timestamp>) -> Option<f64> {
    let later = samples.iter().filter(|sample| from.is_none_or(|from| sample.time >= from));
    later.map(|sample| sample.value).filter(|value| value.is_finite()).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_among_levels_is_not_called_a_share_of_zero() {
        let of = |formula: &str| SeriesMeta { name: "fromlogs:error_ratio".into(), query: Some(formula.into()), ..SeriesMeta::default() };
        let (levels, statuses) =
            (of("events of level error or fatal / all events, over 2s"), of("events with a status of 500 or more / events with a status,"));
        assert!(!is_measured(&levels, 0.0) && is_measured(&levels, 0.1) && is_measured(&statuses, 0.0));
    }
}
