//! How early it could have been noticed: the first moment at which each loaded series left what is normal, the alerts
//! in the order in which they fired, and affected services that no alert spoke of.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::limits::{BEYOND, onset, unusual};
use super::services::ServiceRow;
use super::{Derived, impact};
use crate::model::case::MarkerName;
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::model::trend::Ramp;
use crate::model::{Alert, Sample, SeriesKind, SeriesMeta, TimeRange, Timestamp};

/// Signs that are printed: the earliest are what a reader acts on.
const MOST_SIGNS: usize = 12;
/// Series and samples that are looked at; beyond that the answer costs more than it tells, and the document says so.
const MOST_SERIES: usize = 5_000;
const MOST_SAMPLES: u64 = 20_000_000;
/// A stretch shorter than this would have been a false alarm to anybody.
const LEAST_NS: i64 = 10 * NS_PER_S;
/// Alerts that are listed.
const MOST_ALERTS: usize = 20;

/// The first moment at which a series could have told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// Id of the derived value.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Distance from T+0.
    pub offset: Option<String>,
    /// Full name of the series.
    pub series: String,
    /// Path of its source.
    pub source: String,
    /// The rule, in words.
    pub rule: String,
    /// How much earlier than the detection, in words; `None` without a detection, or when it was not earlier.
    pub saved: Option<String>,
}

/// An alert at its first firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// When it first fired.
    pub at: Timestamp,
    /// Distance from T+0.
    pub offset: Option<String>,
    /// Name.
    pub name: String,
    /// Service.
    pub service: Option<String>,
    /// Distance from the start of the impact, in words.
    pub after: Option<String>,
    /// How often it fired.
    pub n_firings: usize,
}

/// What there is to say about detection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Detection {
    /// Earliest signs, by time.
    pub signs: Vec<Sign>,
    /// Number of series that left what is normal before the detection.
    pub n_signs: usize,
    /// Series that were looked at, and series that were not because there are too many.
    pub n_looked_at: (usize, usize),
    /// What "detected" is here: the marker, or what the data suggest.
    pub detected: Option<String>,
    /// Alerts in the order in which they fired.
    pub alerts: Vec<AlertRow>,
    /// Affected services without any alert.
    pub silent: Vec<String>,
}

pub(super) fn gather(context: &mut Context, services: &[ServiceRow]) -> Detection {
    let detected = context.moment_of(MarkerName::Detected);
    let (found, n_looked_at) = signs(context);
    let until = detected.as_ref().map(|(at, _)| *at);
    let early: Vec<Sign> = found.into_iter().filter(|sign| until.is_none_or(|until| sign.at < until)).collect();
    let n_signs = early.len();
    let mut signs: Vec<Sign> = early.into_iter().take(MOST_SIGNS).collect();
    for (index, sign) in signs.iter_mut().enumerate() {
        sign.id = format!("early.{}", index + 1);
        sign.saved = until.map(|until| impact::duration(until.since(sign.at)));
        let formula =
            format!("first sample of the first stretch of at least 10 s in which 4 of 5 samples were bad: {}; {BEYOND}", sign.rule);
        context.record(Derived {
            id: sign.id.clone(),
            label: format!("{} could have told", sign.series),
            value: Some(rfc3339(sign.at)),
            formula,
            inputs: vec![format!("series {} ({})", sign.series, sign.source)],
            ..Derived::default()
        });
    }
    let alerts = alerts(context);
    let silent = if context.catalog.alerts.is_empty() {
        Vec::new()
    } else {
        let fired: Vec<String> = context.catalog.alerts.iter().filter(|alert| alert.firing_at.is_some()).map(words).collect();
        let speaks_of = |service: &str| fired.iter().any(|words| words.contains(&service.to_lowercase()));
        services.iter().filter(|row| !row.has_alert && !speaks_of(&row.service)).map(|row| row.service.clone()).collect()
    };
    let detected = detected.map(|(at, words)| format!("{words} {}", context.short_moment(at)));
    Detection { signs, n_signs, n_looked_at, detected, alerts, silent }
}

/// What an alert says of itself, small letters: some name their service nowhere but in their name.
fn words(alert: &Alert) -> String {
    let labels: Vec<&str> = alert.labels.iter().map(|label| label.1).collect();
    format!("{} {} {}", alert.name, alert.summary.as_deref().unwrap_or_default(), labels.join(" ")).to_lowercase()
}

/// Whether a rule on its value makes sense: no counters, no parts of histograms, no clock times or versions.
pub(super) fn is_telling(meta: &SeriesMeta) -> bool {
    let name = meta.name.to_ascii_lowercase();
    let is_constant = ["start_time", "build_info", "_info", "timestamp", "time_seconds", "scrape_", "_created", "alerts"];
    matches!(meta.kind, SeriesKind::Gauge | SeriesKind::Rate | SeriesKind::Quantile)
        && !is_constant.iter().any(|word| name.contains(word))
        && !name.ends_with(":instance")
        && !name.ends_with(":max")
}

/// When the first series left what is normal, and the names of all that did so then.
pub(super) fn first_move(context: &mut Context) -> Option<(Timestamp, Vec<String>)> {
    let signs = signs(context).0;
    let at = signs.first()?.at;
    Some((at, signs.into_iter().take_while(|sign| sign.at == at).map(|sign| sign.series).collect()))
}

fn signs(context: &mut Context) -> (Vec<Sign>, (usize, usize)) {
    let (Some(extent), Some(baseline)) = (context.catalog.extent, context.baseline) else { return (Vec::new(), (0, 0)) };
    let catalog = context.catalog;
    let telling: Vec<&SeriesMeta> = catalog.series.iter().filter(|meta| is_telling(meta)).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let (mut found, mut n_samples, mut n_series) = (Vec::new(), 0, 0);
    for meta in &telling {
        if n_series >= MOST_SERIES || n_samples >= MOST_SAMPLES {
            break;
        }
        n_samples += meta.n_samples;
        n_series += 1;
        let full_name = meta.full_name();
        if meta.extent.is_none_or(|extent| extent.start() >= baseline.end()) || !seen.insert(full_name.clone()) {
            continue;
        }
        let Some(bound) = unusual(context, meta) else { continue };
        let after = baseline.end();
        let samples = without_ramp(context.facts.samples(meta.id, extent), baseline);
        let long = |range: &TimeRange| range.len_ns() >= LEAST_NS;
        let Some(first) = onset(&samples, &bound, meta.step_ns, after).filter(long).filter(|range| range.start() >= after) else {
            continue;
        };
        let at = first.start();
        found.push((
            meta.id,
            Sign {
                id: String::new(),
                at,
                offset: context.offset(at),
                series: full_name,
                source: context.path(meta.source).to_owned(),
                rule: bound.words(meta.unit),
                saved: None,
            },
        ));
    }
    found.sort_by(|a, b| (a.1.at, &a.1.series).cmp(&(b.1.at, &b.1.series)));
    // What was computed from a metric says the same as the metric.
    let measured: Vec<(Timestamp, String)> =
        found.iter().filter(|one| !one.1.series.contains(':')).map(|one| (one.1.at, metric_of(&one.1.series).to_owned())).collect();
    found.retain(|(_, sign)| {
        let says_same = |(at, metric): &(Timestamp, String)| metric == metric_of(&sign.series) && sign.at.since(*at).abs() <= 5 * NS_PER_S;
        !sign.series.contains(':') || !measured.iter().any(says_same)
    });
    for (id, _) in found.iter().take(MOST_SIGNS) {
        if let Some(meta) = catalog.series(*id) {
            context.uses(meta);
        }
    }
    (found.into_iter().map(|one| one.1).collect(), (n_series, telling.len() - n_series))
}

/// The samples, those after the baseline less what a steady rise of the baseline alone explains of them: a disk that fills as it
/// always did tells of nothing.
fn without_ramp(mut samples: Vec<Sample>, baseline: TimeRange) -> Vec<Sample> {
    let seconds = |at: Timestamp| at.0 as f64 / NS_PER_S as f64;
    let calm = samples.iter().filter(|sample| baseline.contains(sample.time) && sample.value.is_finite());
    let points: Vec<(f64, f64)> = calm.map(|sample| (seconds(sample.time), sample.value)).collect();
    if let Some(ramp) = Ramp::of(&points) {
        for sample in samples.iter_mut().filter(|sample| sample.time >= baseline.end() && sample.value.is_finite()) {
            sample.value = ramp.without(seconds(sample.time), sample.value);
        }
    }
    samples
}

/// The metric's name without what was computed from it and without labels.
fn metric_of(series: &str) -> &str {
    series.split([':', '{']).next().unwrap_or(series)
}

fn alerts(context: &Context) -> Vec<AlertRow> {
    let start = context.moment_of(MarkerName::ImpactStart).map(|moment| moment.0);
    let mut first: BTreeMap<(&str, Option<&str>), (Timestamp, usize)> = BTreeMap::new();
    for alert in &context.catalog.alerts {
        let Some(at) = alert.firing_at else { continue };
        let entry = first.entry((&alert.name, alert.service.as_deref())).or_insert((at, 0));
        *entry = (entry.0.min(at), entry.1 + 1);
    }
    let mut rows: Vec<AlertRow> = first
        .into_iter()
        .map(|((name, service), (at, n_firings))| AlertRow {
            at,
            offset: context.offset(at),
            name: name.to_owned(),
            service: service.map(str::to_owned),
            after: start.map(|start| impact::signed(at.since(start), "before the impact")),
            n_firings,
        })
        .collect();
    rows.sort_by(|a, b| (a.at, &a.name, &a.service).cmp(&(b.at, &b.name, &b.service)));
    rows.truncate(MOST_ALERTS);
    rows
}
