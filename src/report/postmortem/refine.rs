//! When users first felt it, more finely than samples tell: the first of the run of failing requests before a bad sample.
//!
//! A sample every fifteen seconds, or a rate over the last ten, says that it was bad by then, not since when. Logs say when
//! each request failed. The run is followed back from the bad sample until it pauses; what failed now and then before is no
//! part of it.

use super::context::Context;
use super::impact::duration;
use super::requests::{is_entry, service};
use crate::model::event::Level;
use crate::model::filter::{Comparison, Expr, Term};
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::model::{EventFilter, SeriesMeta, TimeRange, Timestamp};

/// Parts in which failing events are counted.
const PARTS: i64 = 50;
/// A run may pause for so long: many logs state whole seconds.
const PAUSE_NS: i64 = NS_PER_S * 3 / 2;
/// Fewest failing events that are a run, and how many times more they are than usual.
const LEAST: u64 = 3;
const TIMES_USUAL: f64 = 5.0;
/// Bursts so far apart are one story, which is followed back so far.
const LONG_PAUSE_NS: i64 = 120 * NS_PER_S;
const MOST_BACK_NS: i64 = 600 * NS_PER_S;
/// A start is searched down to this.
const FINEST_NS: i64 = NS_PER_S / 1000;

/// Events that tell of failures.
struct Failing {
    filter: EventFilter,
    words: String,
    follow: Follow,
}

/// Whether bursts before are followed back: errors of any log may be another story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follow {
    Never,
    FromRun,
    Always,
}

/// How far a value looks back: the window of its rates, else two steps.
pub(super) fn lag(meta: &SeriesMeta) -> i64 {
    let step_ns = meta.step_ns.unwrap_or(NS_PER_S);
    let derived = meta.derivation.as_ref().and_then(|derivation| derivation.window).map(|window| window.0);
    let queried = meta.query.as_deref().and_then(window_of);
    derived.or(queried).unwrap_or(0).max(step_ns.saturating_mul(2))
}

/// The widest `[10s]` of a query.
fn window_of(query: &str) -> Option<i64> {
    let ranges = query.split('[').skip(1).filter_map(|rest| rest.split([']', ':']).next());
    ranges.filter_map(nanoseconds).max()
}

/// `1m30s` as nanoseconds.
fn nanoseconds(text: &str) -> Option<i64> {
    let (mut total, mut number) = (0i64, String::new());
    let mut rest = text.trim();
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            number.push(c);
            rest = &rest[1..];
            continue;
        }
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let ns = match &rest[..unit] {
            "ms" => NS_PER_S / 1000,
            "s" => NS_PER_S,
            "m" => 60 * NS_PER_S,
            "h" => 3600 * NS_PER_S,
            "d" => 86_400 * NS_PER_S,
            _ => return None,
        };
        total = total.saturating_add(number.parse::<i64>().ok()?.saturating_mul(ns));
        number.clear();
        rest = &rest[unit..];
    }
    (total > 0).then_some(total)
}

/// The start of the impact and how it is known, from the first bad sample of these series.
pub(super) fn impact_start(context: &mut Context, first_bad: Timestamp, metas: &[&SeriesMeta]) -> (Timestamp, String) {
    let step_ns = metas.iter().filter_map(|meta| meta.step_ns).max().unwrap_or(NS_PER_S);
    let looks_back = metas.iter().map(|meta| lag(meta)).max().unwrap_or(0).max(step_ns);
    let begin = context.t0.as_ref().map(|t0| t0.at).filter(|at| *at < first_bad);
    let from = first_bad.plus_ns(-looks_back.saturating_add(step_ns));
    let window = TimeRange::new(begin.map_or(from, |begin| from.max(begin)), first_bad.plus_ns(1));
    for Failing { filter, words, follow } in filters(context) {
        // What a service calls an error is followed back even where too few lie just before the sample.
        let Some(at) = run(context, &filter, window).or((follow == Follow::Always).then_some(first_bad)) else { continue };
        let first = if follow == Follow::Never { at } else { burst(context, &filter, at) };
        if at == first_bad && first == at {
            continue;
        }
        let since = if first < at { format!("; it failed in bursts from {} on, which begin it", rfc3339(first)) } else { String::new() };
        let whole = first.0.rem_euclid(NS_PER_S) == 0;
        let known = if whole { "; the log states whole seconds, so up to 1s later" } else { "" };
        let before = duration(first_bad.since(first));
        return (first, format!("first of the run of {words} that leads to it, {before} before that sample{since}{known}"));
    }
    (
        first_bad,
        format!("between {} and that sample, as far as samples every {} tell", rfc3339(first_bad.plus_ns(-step_ns)), duration(step_ns)),
    )
}

/// The first failing event of those that go on from there to `at` with pauses of at most [`LONG_PAUSE_NS`], far more than is
/// usual: a share in steps of seconds passes over what comes in bursts.
fn burst(context: &Context, filter: &EventFilter, at: Timestamp) -> Timestamp {
    let begin = context.t0.as_ref().map(|t0| t0.at).filter(|t0| *t0 < at);
    let floor = [Some(at.plus_ns(-MOST_BACK_NS)), begin, context.baseline.map(TimeRange::end)].into_iter().flatten().max().unwrap_or(at);
    let mut first = at;
    while first > floor {
        let window = TimeRange::new(first.plus_ns(-LONG_PAUSE_NS).max(floor), first);
        let n = context.facts.count(filter, window);
        if n < LEAST || (n as f64) < TIMES_USUAL * usual(context, filter, window) {
            break;
        }
        first = earliest(context, filter, window);
    }
    first
}

/// How many events of a window are usual.
fn usual(context: &Context, filter: &EventFilter, window: TimeRange) -> f64 {
    context
        .baseline
        .map_or(0.0, |baseline| context.facts.count(filter, baseline) as f64 * (window.len_ns() as f64 / baseline.len_ns().max(1) as f64))
}

/// The first event of a window that has one, down to the millisecond, and not before it.
fn earliest(context: &Context, filter: &EventFilter, window: TimeRange) -> Timestamp {
    let (mut low, mut high) = (window.start(), window.end());
    while high.since(low) > FINEST_NS {
        let middle = low.plus_ns(high.since(low) / 2);
        if context.facts.count(filter, TimeRange::new(low, middle)) > 0 { high = middle } else { low = middle }
    }
    let ms = NS_PER_S / 1000;
    Timestamp(high.plus_ns(-1).0.div_euclid(ms).saturating_mul(ms)).max(window.start())
}

/// What fails, nearest to users first; of a service that states no status, what it calls an error.
fn filters(context: &Context) -> Vec<Failing> {
    let failed = Some(Expr::Term(Term::Status(Comparison::Ge, 500)));
    let records = context.panel("error rate").and_then(|panel| panel.meta).filter(|meta| meta.is_share_of_records());
    let of_records = records.and_then(|meta| service(&meta.labels)).map(|service| Failing {
        filter: EventFilter { services: vec![service.to_owned()], min_level: Some(Level::Error), ..EventFilter::default() },
        words: format!("errors in the log of {service}"),
        follow: Follow::Always,
    });
    let entry: Vec<String> = context.catalog.services().into_iter().filter(|service| is_entry(service)).collect();
    let mut filters: Vec<Failing> = of_records.into_iter().collect();
    if !entry.is_empty() {
        let words = format!("requests with status ≥ 500 in the log of {}", entry.join(", "));
        let filter = EventFilter { expr: failed.clone(), services: entry, ..EventFilter::default() };
        filters.push(Failing { filter, words, follow: Follow::FromRun });
    }
    let filter = EventFilter { expr: failed, ..EventFilter::default() };
    filters.push(Failing { filter, words: "requests with status ≥ 500 in the logs".to_owned(), follow: Follow::FromRun });
    let filter = EventFilter { min_level: Some(Level::Error), ..EventFilter::default() };
    filters.push(Failing { filter, words: "errors in the logs".to_owned(), follow: Follow::Never });
    filters
}

/// The first of the failing events that lead without a pause to the end of a window.
fn run(context: &Context, filter: &EventFilter, window: TimeRange) -> Option<Timestamp> {
    let total = context.facts.count(filter, window);
    if total < LEAST || (total as f64) < TIMES_USUAL * usual(context, filter, window) {
        return None;
    }
    let width = (window.len_ns() / PARTS).max(1);
    let part = |index: i64| {
        let start = window.start().plus_ns(width.saturating_mul(index));
        let end = if index + 1 == PARTS { window.end() } else { start.plus_ns(width) };
        TimeRange::new(start, end)
    };
    let most_empty = (PAUSE_NS.max(window.len_ns() / 10) / width).max(1);
    let (mut first, mut n_empty) = (None, 0);
    for index in (0..PARTS).rev() {
        if context.facts.count(filter, part(index)) > 0 {
            (first, n_empty) = (Some(index), 0);
        } else {
            n_empty += 1;
        }
        if first.is_some() && n_empty > most_empty {
            break;
        }
    }
    Some(earliest(context, filter, part(first?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_query_looks_back_is_read_from_its_widest_range() {
        let ns = |query: &str| window_of(query).map(|ns| ns / NS_PER_S);
        assert_eq!(ns("sum(rate(a[10s])) / sum(rate(b[1m30s]))"), Some(90));
        assert_eq!(ns("max_over_time(rate(a[5m])[1h:30s])"), Some(3600));
        assert_eq!(ns("a{b=\"[x]\"}"), None);
        assert_eq!(ns("up"), None);
    }
}
