//! Which series count requests by status, and which of them users feel.
//!
//! Names and labels differ from house to house, so nothing is keyed to one name: a group is a metric of one service
//! in one source whose status label holds values that look like statuses. Of several groups the one at the outer edge
//! is taken: the one that the error-rate panel is made of, else one with the name of an entry point, else the one
//! of the panel's service.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::context::Context;
use crate::model::series::STATUS_LABELS;
use crate::model::{Labels, SeriesKind, SeriesMeta, SourceKind, Unit};

/// Parts of names of what stands between users and services.
const ENTRY_WORDS: [&str; 12] =
    ["edge", "gateway", "ingress", "frontend", "front_end", "proxy", "nginx", "envoy", "haproxy", "traefik", "loadbalancer", "router"];
/// Statuses in words that mean failure.
const FAILED_WORDS: [&str; 12] = [
    "internal",
    "unavailable",
    "unknown",
    "deadlineexceeded",
    "deadline_exceeded",
    "resourceexhausted",
    "resource_exhausted",
    "dataloss",
    "data_loss",
    "error",
    "failed",
    "timeout",
];

/// What a status says about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Failed on the side of the service.
    Failed,
    /// The caller went away or no answer came: counts as failed only in the upper bound.
    Abandoned,
    /// Anything else.
    Other,
}

/// Series that count or rate the requests of one service by status.
pub(super) struct Group<'a> {
    pub(super) name: &'a str,
    pub(super) service: Option<&'a str>,
    pub(super) source: &'a str,
    pub(super) status_label: &'a str,
    pub(super) members: Vec<(&'a SeriesMeta, Outcome)>,
}

impl Group<'_> {
    /// `http_requests_total{service="order"} by code (metrics/a.json)`.
    pub(super) fn words(&self) -> String {
        let service = self.service.map_or(String::new(), |service| format!(" of service {service:?}"));
        format!("{}{service} by label {:?} ({})", self.name, self.status_label, self.source)
    }

    /// Statuses that count as failed, sorted.
    pub(super) fn statuses(&self, wanted: Outcome) -> Vec<&str> {
        let all = self.members.iter().filter(|member| member.1 == wanted).filter_map(|member| member.0.labels.get(self.status_label));
        let mut all: Vec<&str> = all.collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What a status value means; `None` when it does not look like a status.
pub(super) fn outcome(status: &str) -> Option<Outcome> {
    let status = status.trim().to_ascii_lowercase();
    let bytes = status.as_bytes();
    if bytes.len() == 3 && (bytes.iter().all(u8::is_ascii_digit) || &bytes[1..] == b"xx") {
        return match bytes[0] {
            b'5' => Some(Outcome::Failed),
            b'4' if status == "499" => Some(Outcome::Abandoned),
            b'0' => Some(Outcome::Abandoned),
            b'1'..=b'4' => Some(Outcome::Other),
            _ => None,
        };
    }
    if FAILED_WORDS.contains(&status.as_str()) {
        return Some(Outcome::Failed);
    }
    match status.as_str() {
        "0" | "cancelled" | "canceled" => Some(Outcome::Abandoned),
        "ok" | "success" | "notfound" | "not_found" | "invalidargument" | "invalid_argument" | "permissiondenied" | "unauthenticated" => {
            Some(Outcome::Other)
        }
        _ => None,
    }
}

/// The counters that users feel most; `None` when no counter has a status label.
pub(super) fn counters<'a>(context: &Context<'a>) -> Option<Group<'a>> {
    counters_where(context, |_| true)
}

/// The counters that users feel most, of those that are wanted.
pub(super) fn counters_where<'a>(context: &Context<'a>, is_wanted: impl Fn(&SeriesMeta) -> bool) -> Option<Group<'a>> {
    let is_counter = |meta: &SeriesMeta| {
        meta.kind == SeriesKind::Counter
            || (meta.kind != SeriesKind::Rate && (meta.name.ends_with("_total") || meta.name.ends_with("_count")))
    };
    best_group(context, |meta| is_counter(meta) && is_wanted(meta))
}

/// The rates by status that users feel most.
pub(super) fn rates<'a>(context: &Context<'a>) -> Option<Group<'a>> {
    best_group(context, |meta| is_rate(meta) && is_given(meta)).or_else(|| best_group(context, is_rate))
}

/// A rate of all requests of what the error ratio is of; never one of traces, which are sampled.
pub(super) fn total_rate<'a>(context: &Context<'a>, ratio: &SeriesMeta) -> Option<&'a SeriesMeta> {
    let is_sampled = |meta: &SeriesMeta| context.catalog.source(meta.source).is_some_and(|source| source.kind == SourceKind::Traces);
    let fits = |meta: &&SeriesMeta| {
        is_rate(meta) && is_about_requests(meta) && status_label(&meta.labels).is_none() && is_of_one(meta, ratio) && !is_sampled(meta)
    };
    context.catalog.series.iter().filter(fits).max_by_key(|meta| {
        let rank = rank(context, meta, service(&meta.labels));
        (is_given(meta), rank, meta.n_samples, Reverse(meta.id))
    })
}

/// Whether two series are of the same service. Without a service on both, of the same metric, source or first word of the name.
fn is_of_one(rate: &SeriesMeta, ratio: &SeriesMeta) -> bool {
    let text = |meta: &SeriesMeta| format!("{} {}", meta.name, meta.query.as_deref().unwrap_or_default());
    let shares_metric = || {
        let (own, other) = (text(rate), text(ratio));
        let other = metric_names(&other);
        metric_names(&own).iter().any(|name| other.contains(name))
    };
    let first = |meta: &SeriesMeta| meta.name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
    match (service(&rate.labels), service(&ratio.labels)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => rate.source == ratio.source || first(rate) == first(ratio) || shares_metric(),
        _ => false,
    }
}

/// Whether nobody computed it here from other series: a second reading of the same counters checks nothing.
fn is_given(meta: &SeriesMeta) -> bool {
    meta.derivation.is_none()
}

pub(super) fn is_rate(meta: &SeriesMeta) -> bool {
    let name = meta.name.to_ascii_lowercase();
    let is_named = ["rps", "qps", "per_second", "persecond", "request_rate", "requests_rate"].iter().any(|word| name.contains(word));
    let is_queried =
        meta.query.as_deref().is_some_and(|query| query.contains("rate(") && !query.contains('/') && !query.contains("quantile"));
    meta.unit != Unit::Ratio && (meta.unit == Unit::PerSecond || is_named || (meta.kind == SeriesKind::Rate && is_queried))
}

pub(super) fn is_about_requests(meta: &SeriesMeta) -> bool {
    let words = format!("{} {}", meta.name, meta.query.as_deref().unwrap_or_default()).to_ascii_lowercase();
    ["request", "rps", "qps", "http", "grpc", "responses"].iter().any(|word| words.contains(word)) && !words.contains("client")
}

fn status_label(labels: &Labels) -> Option<(&'static str, Outcome)> {
    STATUS_LABELS.into_iter().find_map(|label| Some((label, outcome(labels.get(label)?)?)))
}

/// The service that a series is of, by its labels.
pub(super) fn service(labels: &Labels) -> Option<&str> {
    ["service", "service_name", "app", "job"].into_iter().find_map(|label| labels.get(label))
}

fn best_group<'a>(context: &Context<'a>, fits: impl Fn(&SeriesMeta) -> bool) -> Option<Group<'a>> {
    let mut groups: BTreeMap<(&str, Option<&str>, &str), Group<'a>> = BTreeMap::new();
    for meta in context.catalog.series.iter().filter(|meta| fits(meta) && is_about_requests(meta)) {
        let Some((label, outcome)) = status_label(&meta.labels) else { continue };
        let key = (meta.name.as_str(), service(&meta.labels), context.path(meta.source));
        let empty = || Group { name: key.0, service: key.1, source: key.2, status_label: label, members: Vec::new() };
        groups.entry(key).or_insert_with(empty).members.push((meta, outcome));
    }
    // The same counter often comes in several files: the one with most samples, then the first by name.
    groups.into_values().max_by_key(|group| {
        let rank = group.members.first().map_or(0, |member| rank(context, member.0, group.service));
        let n_failing = group.members.iter().filter(|member| member.1 == Outcome::Failed).count();
        let n_samples: u64 = group.members.iter().map(|member| member.0.n_samples).sum();
        (rank, n_failing > 0, n_samples, Reverse((group.name, group.service, group.source)))
    })
}

/// How near to the users a series is: 3 the error-rate panel is made of it, 2 it is named like an entry point,
/// 1 it belongs to the panel's service or the first service of the case, 0 anything else.
fn rank(context: &Context, meta: &SeriesMeta, service: Option<&str>) -> u8 {
    let panel = context.panel("error rate").and_then(|panel| panel.meta);
    if let Some(panel) = panel {
        let text = |meta: &SeriesMeta| format!("{} {}", meta.name, meta.query.as_deref().unwrap_or_default());
        let (text_of_panel, own_text) = (text(panel), text(meta));
        let is_same_service = self::service(&panel.labels).is_none_or(|wanted| service.is_none_or(|have| have == wanted));
        let (of_panel, own) = (metric_names(&text_of_panel), metric_names(&own_text));
        if is_same_service && own.iter().any(|name| of_panel.contains(name)) {
            return 3;
        }
    }
    if is_entry(&format!("{} {}", meta.name, service.unwrap_or_default())) {
        return 2;
    }
    let wanted = panel.and_then(|panel| self::service(&panel.labels)).or(context.case.meta.services.first().map(String::as_str));
    u8::from(wanted.is_some() && wanted == service)
}

/// Whether it is named like what stands between users and services.
pub(super) fn is_entry(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENTRY_WORDS.iter().any(|word| name.contains(word))
}

/// Words of a query that are names of counters.
fn metric_names(query: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    query.split(|c| !is_name(c)).filter(|word| word.ends_with("_total") || word.ends_with("_count")).collect()
}
