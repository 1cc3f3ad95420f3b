//! Failed requests as logs and monitoring services counted them: records with a status, and counts per period.
//!
//! Not here: counters and rates by status (`failed`). The one thing to know: all requests and the failed ones come from the
//! same place, so that no more can fail than there were.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Context, step_words, window_words};
use super::failed::{Estimate, ID, LABEL, whole};
use super::requests::{is_entry, service};
use super::{Derived, peers};
use crate::model::event::Level;
use crate::model::filter::{Comparison, Expr, Term};
use crate::model::text::value;
use crate::model::{EventFilter, Labels, SeriesKind, SeriesMeta, SourceId, SourceKind, TimeRange, Unit};

/// Families of services whose records are counted: beyond this many a log names users, not services.
const MOST_SERVICES: usize = 64;
/// Hosts of one family that are added up.
const MOST_PEERS: usize = 256;
/// Labels that tell series of one answer apart without saying whose they are.
const OF_ANSWER: [&str; 4] = ["id", "stat", "statistic", "label"];
/// What all requests of a period are called, letters and digits only.
const ALL_REQUESTS: [&str; 6] = ["requestcount", "requests", "totalrequests", "httprequests", "requestcountsum", "requestssum"];

/// Counts of one service, or of its hosts side by side, from logs of one format.
struct Logged {
    services: Vec<String>,
    sources: Vec<SourceId>,
    failed: u64,
    all: u64,
}

/// Records with a status of 500 or more, of the service that users meet: an entry point, else the one with most requests.
pub(super) fn by_log(context: &mut Context, window: TimeRange, words: &str) -> Option<Derived> {
    // The end of the impact belongs to it.
    let inside = TimeRange::new(window.start(), window.end().plus_ns(1));
    let is_at_entry = |one: &Logged| one.services.iter().any(|service| is_entry(service));
    let best = logged(context, inside).into_iter().max_by_key(|one| (is_at_entry(one), one.all))?;
    let path = context.path(*best.sources.first()?);
    let more = if best.sources.len() > 1 { format!(" and {} more", best.sources.len() - 1) } else { String::new() };
    context.used_sources.extend(&best.sources);
    let hosts = peers::words(&best.services);
    let log = if best.services.len() > 1 { "logs" } else { "log" };
    let mut inputs = vec![format!("{log} of {hosts} ({path}{more})"), format!("window {words}"), window_words(window)];
    let label = format!("{LABEL}, in the {log} of {hosts}");
    let unstated = errors_without_status(context, &best, inside);
    if unstated > 0 {
        inputs.push(format!("{} error records without a status are not among them", whole(unstated as f64)));
    }
    inputs.extend(super::silence::missing(context, &best.services, inside));
    let formula = "records with a status from 500 to 599, of all records with a status, both ends included";
    if best.failed == 0 && unstated > 0 {
        let why = format!(
            "no record with a status failed, of {}, but {} error records state none: how many requests those were is not recorded",
            whole(best.all as f64),
            whole(unstated as f64)
        );
        return Some(Derived { id: ID.into(), label, how: why, formula: formula.into(), inputs, ..Derived::default() });
    }
    let share = value(best.failed as f64 / best.all as f64, Unit::Ratio);
    Some(Derived {
        id: ID.into(),
        label,
        value: Some(format!("{}, {share} of {} with a status", whole(best.failed as f64), whole(best.all as f64))),
        how: format!("records with status 5xx, {words}"),
        formula: formula.into(),
        inputs,
    })
}

/// Errors that the logs of a service tell without a status: they may be failed requests, or not.
fn errors_without_status(context: &Context, counted: &Logged, window: TimeRange) -> u64 {
    let has_status = Expr::Term(Term::Status(Comparison::Ge, 100));
    let filter = EventFilter {
        services: counted.services.clone(),
        sources: counted.sources.clone(),
        min_level: Some(Level::Error),
        expr: Some(Expr::Not(Box::new(has_status))),
        ..EventFilter::default()
    };
    context.facts.count(&filter, window)
}

/// Where no record of a service has a status: how many of its records are errors. No share of requests, and not called one.
pub(super) fn error_records(context: &mut Context, service: &str, window: TimeRange, words: &str) -> Option<Derived> {
    let inside = TimeRange::new(window.start(), window.end().plus_ns(1));
    let count = |sources: &[SourceId], min_level: Option<Level>| {
        let filter = EventFilter { services: vec![service.to_owned()], sources: sources.to_vec(), min_level, ..EventFilter::default() };
        context.facts.count(&filter, inside)
    };
    let mut by_format = logs_by_format(context, &[service.to_owned()]);
    by_format.retain(|sources| count(sources, Some(Level::Error)) > 0);
    let sources = by_format.into_iter().max_by_key(|sources| count(sources, None))?;
    let (errors, all) = (count(&sources, Some(Level::Error)), count(&sources, None));
    let path = context.path(*sources.first()?);
    let more = if sources.len() > 1 { format!(" and {} more", sources.len() - 1) } else { String::new() };
    context.used_sources.extend(&sources);
    Some(Derived {
        id: "impact.errors".into(),
        label: format!("Error records, in the log of {service}"),
        value: Some(format!("{} of {} records", whole(errors as f64), whole(all as f64))),
        how: format!("records of level error or fatal, {words}; records are no requests"),
        formula: "records of level error or fatal, of all records of the service, both ends included".into(),
        inputs: vec![format!("log of {service} ({path}{more})"), format!("window {words}"), window_words(window)],
    })
}

/// Services whose log states statuses, with what it counts in the window. Spans are no log: traces are sampled.
fn logged(context: &Context, window: TimeRange) -> Vec<Logged> {
    let is_of_requests = |meta: &&SeriesMeta| meta.name == "fromlogs:request_rate";
    let mut families: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in context.catalog.series.iter().filter(is_of_requests).filter_map(|meta| service(&meta.labels)) {
        families.entry(peers::family(name)).or_default().insert(name);
    }
    let mut found = Vec::new();
    for names in families.into_values().take(MOST_SERVICES) {
        let names: Vec<String> = names.into_iter().take(MOST_PEERS).map(str::to_owned).collect();
        let counted = logs_by_format(context, &names).into_iter().map(|sources| counted(context, &names, sources, window));
        // Hosts side by side write one format, so they are added up; another format tells the same requests once more.
        found.extend(counted.filter(|one| one.all > 0).max_by_key(|one| one.all));
    }
    found
}

/// The logs of these services, those apart that may tell of the same requests: of another format, or another file of a program.
fn logs_by_format(context: &Context, names: &[String]) -> Vec<Vec<SourceId>> {
    let is_of = |own: &[String]| own.iter().any(|name| names.contains(name));
    let mut found: BTreeMap<(&str, Vec<&str>), Vec<SourceId>> = BTreeMap::new();
    for source in context.catalog.sources.iter().filter(|source| source.kind == SourceKind::Logs && is_of(&source.services)) {
        found.entry((&source.format, peers::role(&source.path))).or_default().push(source.id);
    }
    found.into_values().collect()
}

/// Records with a status that these sources hold of these services.
fn counted(context: &Context, names: &[String], sources: Vec<SourceId>, window: TimeRange) -> Logged {
    let count = |low: u16| {
        let status = |comparison, limit| Expr::Term(Term::Status(comparison, limit));
        let expr = Some(Expr::all(vec![status(Comparison::Ge, low), status(Comparison::Lt, 600)]));
        let filter = EventFilter { services: names.to_vec(), sources: sources.clone(), expr, ..EventFilter::default() };
        context.facts.count(&filter, window)
    };
    let (failed, all) = (count(500), count(100));
    let is_told = |name: &&String| {
        let mut own = context.catalog.sources.iter().filter(|source| sources.contains(&source.id));
        own.any(|source| source.services.contains(*name))
    };
    Logged { services: names.iter().filter(is_told).cloned().collect(), failed, all, sources }
}

/// Counts per period of one thing: the failed requests, and all of them.
struct Periods<'a> {
    failed: Vec<&'a SeriesMeta>,
    all: &'a SeriesMeta,
}

/// Sum of the counts of failed requests per period, where the same source counts all requests, too.
pub(super) fn by_period(context: &mut Context, window: TimeRange, words: &str) -> Option<Derived> {
    let periods = periods(context)?;
    let mut failed = Estimate::default();
    // Where nothing failed no count is sent: only the count of all requests tells how long a period is.
    let period = periods.all.step_ns?;
    for meta in &periods.failed {
        failed.add(sum(context, (meta, period), window));
    }
    let all = sum(context, (periods.all, period), window);
    if all.likely <= 0.0 || failed.likely > all.likely {
        return None;
    }
    let names: Vec<String> = periods.failed.iter().map(|meta| meta.full_name()).collect();
    let path = context.path(periods.all.source);
    Some(Derived {
        id: ID.into(),
        label: LABEL.into(),
        value: Some(format!("{}, {} of {}", failed.words(), value(failed.likely / all.likely, Unit::Ratio), whole(all.likely))),
        how: format!("counts per period summed up, {words}"),
        formula: "Σ count of each period; of a period at an edge of the window the part inside. Low: whole periods inside. \
                  High: every period that the window touches. The time of a count is the start of its period"
            .into(),
        inputs: vec![
            format!("counts {} of {} ({path})", names.join(" + "), periods.all.full_name()),
            step_words(periods.all),
            window_words(window),
        ],
    })
}

fn periods<'a>(context: &Context<'a>) -> Option<Periods<'a>> {
    let is_count = |meta: &&SeriesMeta| meta.unit == Unit::None && meta.kind == SeriesKind::Gauge && !meta.is_derived;
    let catalog = context.catalog;
    let alls = catalog.series.iter().filter(is_count).filter(|meta| ALL_REQUESTS.contains(&letters(&meta.name).as_str()));
    let found = alls.map(|all| {
        let is_of_it =
            |meta: &&SeriesMeta| meta.source == all.source && owner(&meta.labels) == owner(&all.labels) && is_failing(&meta.name);
        Periods { failed: catalog.series.iter().filter(is_count).filter(is_of_it).collect(), all }
    });
    found.filter(|periods| !periods.failed.is_empty() && periods.all.step_ns.is_some()).max_by_key(|periods| periods.all.n_samples)
}

/// `HTTPCode_ELB_5XX_Count` and its like; not one status of them (`…_504_Count`), which is counted in it.
pub(super) fn is_failing(name: &str) -> bool {
    let name = letters(name);
    name.contains("5xx") && (name.contains("count") || name.starts_with("http"))
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn owner(labels: &Labels) -> Vec<(&str, &str)> {
    labels.iter().filter(|(name, _)| !OF_ANSWER.contains(name)).collect()
}

fn sum(context: &mut Context, (meta, period): (&SeriesMeta, i64), window: TimeRange) -> Estimate {
    let samples = context.samples(meta, TimeRange::new(window.start().plus_ns(-period), window.end()));
    let mut out = Estimate::default();
    for sample in samples.iter().filter(|sample| sample.value.is_finite()) {
        let own = TimeRange::new(sample.time, sample.time.plus_ns(period));
        let Some(inside) = own.intersect(window) else { continue };
        let part = inside.len_ns() as f64 / period as f64;
        out.likely += sample.value * part;
        out.high += sample.value;
        out.low += if part >= 1.0 { sample.value } else { 0.0 };
    }
    out
}

#[cfg(test)]
mod tests;
