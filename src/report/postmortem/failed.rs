//! How many requests failed: difference of counters where there are counters, else the integral of a rate.
//!
//! The method changes the answer several times over, so the method, the step, the window and the bounds are part of
//! the result. A counter that falls has been reset: it then counts from 0.

use super::Derived;
use super::context::{Context, step_words, window_words};
use super::requests::{Group, Outcome, counters, rates, service, total_rate};
use super::tallied;
use crate::model::text::{grouped, value};
use crate::model::time::NS_PER_S;
use crate::model::{Sample, SeriesMeta, TimeRange, Timestamp, Unit};

pub(super) const ID: &str = "impact.failed";
pub(super) const LABEL: &str = "Failed requests";

/// A count with its bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Estimate {
    pub(super) likely: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Estimate {
    pub(super) fn add(&mut self, other: Self) {
        self.likely += other.likely;
        self.low += other.low;
        self.high += other.high;
    }

    pub(super) fn words(self) -> String {
        let (likely, low, high) = (whole(self.likely), whole(self.low), whole(self.high));
        if low == high { likely } else { format!("{likely} (between {low} and {high})") }
    }
}

/// The rows about failed requests: by counter, by integral as a cross-check, or why there is none.
pub(super) fn failed_requests(context: &mut Context) -> Vec<Derived> {
    let Some((window, words)) = context.impact_window() else {
        let formula = "needs impact_start (or T+0) and data after it".to_owned();
        return vec![Derived { id: ID.into(), label: LABEL.into(), formula, ..Derived::default() }];
    };
    let mut rows = Vec::new();
    let mut counted = None;
    if let Some(group) = counters(context) {
        let (row, failed) = by_counter(context, &group, window, &words);
        counted = Some(failed);
        rows.push(row);
        rows.extend(excess(context, &group, window));
    }
    let mut why_not = None;
    let integral = match rates(context) {
        Some(group) => Some(by_rates(context, &group, window, &words)),
        None => by_ratio(context, window, &words).unwrap_or_else(|why| {
            why_not = Some(why);
            None
        }),
    };
    if let Some((mut integral, integrated)) = integral {
        if let Some(counted) = counted {
            integral.id = "impact.failed.check".into();
            integral.label = "Failed requests, cross-check".into();
            if let Some(words) = disagreement(counted, integrated) {
                integral.how = format!("{}; {words}", integral.how);
            }
        }
        rows.push(integral);
    }
    if rows.is_empty() {
        // A count that only says why there is none gives way to one that is there.
        let by_log = tallied::by_log(context, window, &words);
        let is_counted = by_log.as_ref().is_some_and(|row| row.value.is_some());
        let by_period = if is_counted { None } else { tallied::by_period(context, window, &words) };
        rows.extend(by_period.or(by_log));
    }
    let ratio = context.panel("error rate").and_then(|panel| panel.meta).filter(|meta| meta.is_share_of_records());
    let of_records = ratio.and_then(|meta| service(&meta.labels)).map(str::to_owned);
    let errors = of_records.filter(|_| rows.is_empty()).and_then(|service| tallied::error_records(context, &service, window, &words));
    if rows.is_empty() {
        let nothing = "no counter or rate of requests with a status label, and no rate beside the error rate, in the data".to_owned();
        let formula = why_not.unwrap_or(nothing);
        rows.push(Derived { id: ID.into(), label: LABEL.into(), formula, ..Derived::default() });
    }
    rows.extend(errors);
    rows
}

/// What is said when the ranges of two ways to count do not overlap.
fn disagreement(counted: Estimate, integrated: Estimate) -> Option<String> {
    if integrated.low <= counted.high && counted.low <= integrated.high {
        return None;
    }
    let apart = (integrated.likely - counted.likely).abs();
    let share = if counted.likely > 0.0 { format!(" ({})", value(apart / counted.likely, Unit::Ratio)) } else { String::new() };
    let more = if integrated.likely > counted.likely { "more" } else { "fewer" };
    Some(format!(
        "{}{share} {more} than the count, and the ranges do not overlap: a rate looks back beyond the window and is extrapolated, \
         a counter is not, so the count is nearer",
        whole(apart)
    ))
}

/// What a group of counters counted in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Counted {
    /// Failed requests.
    pub(super) failed: Estimate,
    /// All requests.
    pub(super) all: Estimate,
    /// Counters that began again.
    pub(super) n_resets: usize,
    /// From the first to the last sample that was counted in, whatever the window: other data may reach much further.
    pub(super) recorded: Option<TimeRange>,
}

/// When any of these series was recorded.
pub(super) fn recorded<'a>(series: impl IntoIterator<Item = &'a SeriesMeta>) -> Option<TimeRange> {
    series.into_iter().filter_map(|meta| meta.extent).reduce(TimeRange::union)
}

/// Counter difference over a window, reset-aware.
pub(super) fn count(context: &mut Context, group: &Group, window: TimeRange) -> Counted {
    let recorded = recorded(group.members.iter().map(|member| member.0));
    let recorded_from = recorded.map(TimeRange::start);
    let mut counted = Counted { recorded, ..Counted::default() };
    for (meta, outcome) in &group.members {
        let (increase, resets) = increase_of(context, meta, window, recorded_from);
        counted.n_resets += resets;
        counted.all.add(increase);
        match outcome {
            Outcome::Failed => counted.failed.add(increase),
            Outcome::Abandoned => counted.failed.high += increase.high,
            Outcome::Other => {}
        }
    }
    counted
}

/// Increase of one counter over a window and its resets. `recorded_from`: since when its like is recorded.
pub(super) fn increase_of(
    context: &mut Context,
    meta: &SeriesMeta,
    window: TimeRange,
    recorded_from: Option<Timestamp>,
) -> (Estimate, usize) {
    let margin = meta.staleness_ns();
    let around = TimeRange::new(window.start().plus_ns(-margin), window.end().plus_ns(margin.saturating_add(1)));
    let samples = context.samples(meta, around);
    let is_newborn = meta.extent.is_some_and(|extent| extent.start() > window.start() && Some(extent.start()) > recorded_from);
    increase(&samples, window, is_newborn)
}

fn by_counter(context: &mut Context, group: &Group, window: TimeRange, words: &str) -> (Derived, Estimate) {
    let Counted { failed, all, n_resets, .. } = count(context, group, window);
    let share = if all.likely > 0.0 {
        format!(", {} of {}", value(failed.likely / all.likely, Unit::Ratio), whole(all.likely))
    } else {
        String::new()
    };
    let abandoned = group.statuses(Outcome::Abandoned);
    let with_abandoned = if abandoned.is_empty() { String::new() } else { format!(" and status {}", abandoned.join(", ")) };
    let failing = group.statuses(Outcome::Failed);
    let formula = format!(
        "counter difference of status {}, reset-aware, Σ (now − before if now ≥ before, else now), from the last sample at or before the start \
         to the last at or before the end; a series that appears later counts from 0. Low: only between samples inside the window. \
         High: to the first sample after the end{with_abandoned}",
        if failing.is_empty() { "5xx (none recorded)".to_owned() } else { failing.join(", ") },
    );
    let step = group.members.first().map_or_else(String::new, |member| step_words(member.0));
    let inputs =
        vec![format!("counter {}", group.words()), step, format!("window {words}"), window_words(window), format!("{n_resets} resets")];
    let label = format!("{LABEL}, counted by {}", group.service.unwrap_or(group.name));
    let how = format!("counter difference of status {}, {words}", if failing.is_empty() { "5xx".to_owned() } else { failing.join(", ") });
    (Derived { id: ID.into(), label, value: Some(format!("{}{share}", failed.words())), how, formula, inputs }, failed)
}

/// Failures beyond what was usual before.
fn excess(context: &mut Context, group: &Group, window: TimeRange) -> Option<Derived> {
    let baseline = context.baseline?;
    let (usual, counted) = (count(context, group, baseline), count(context, group, window));
    if usual.all.likely <= 0.0 {
        return None;
    }
    let ratio = usual.failed.likely / usual.all.likely;
    Some(Derived {
        id: "impact.failed.excess".into(),
        label: "Failed requests beyond the usual".into(),
        value: Some(whole((counted.failed.likely - ratio * counted.all.likely).max(0.0))),
        how: format!("less the {} that failed before", value(ratio, Unit::Ratio)),
        formula: "failed − share that failed in the baseline × all requests of the window, at least 0".into(),
        inputs: vec![format!("counter {}", group.words()), format!("baseline {}", window_words(baseline)), window_words(window)],
    })
}

/// Increase of a counter over a window and the number of resets. `is_newborn`: it did not exist when the window began
/// although its like was recorded, so its first value was counted inside.
fn increase(samples: &[Sample], window: TimeRange, is_newborn: bool) -> (Estimate, usize) {
    let finite: Vec<&Sample> = samples.iter().filter(|sample| sample.value.is_finite()).collect();
    let mut out = Estimate::default();
    let mut n_resets = 0;
    if let Some(first) = finite.first()
        && is_newborn
        && first.time > window.start()
    {
        if first.time <= window.end() {
            out.likely += first.value;
        }
        out.high += first.value;
    }
    // Of the samples before the window only the last counts, of those after it only the first.
    for pair in finite.windows(2) {
        let (before, now) = (pair[0], pair[1]);
        if now.time <= window.start() || before.time >= window.end() {
            continue;
        }
        let is_reset = now.value < before.value;
        n_resets += usize::from(is_reset);
        let step = if is_reset { now.value } else { now.value - before.value };
        out.high += step;
        if now.time <= window.end() {
            out.likely += step;
            if before.time >= window.start() {
                out.low += step;
            }
        }
    }
    (out, n_resets)
}

fn by_rates(context: &mut Context, group: &Group, window: TimeRange, words: &str) -> (Derived, Estimate) {
    let mut failed = Estimate::default();
    for (meta, _) in group.members.iter().filter(|member| member.1 == Outcome::Failed) {
        let margin = meta.staleness_ns();
        let samples = context.samples(meta, TimeRange::new(window.start().plus_ns(-margin), window.end().plus_ns(margin)));
        failed.add(integral(&samples, window, margin).0);
    }
    let step = group.members.first().map_or_else(String::new, |member| step_words(member.0));
    let statuses = group.statuses(Outcome::Failed).join(", ");
    let formula = format!(
        "sum over series of ∫ rate(t) dt, status {statuses}; linear between samples (trapezoid), nothing over gaps. \
         Low and high: each sample held until the next, or back to the one before"
    );
    let inputs = vec![format!("rate {}", group.words()), step, format!("window {words}"), window_words(window)];
    let how = format!("∫ rate of status {statuses} dt, {words}");
    (Derived { id: ID.into(), label: LABEL.into(), value: Some(format!("≈ {}", failed.words())), how, formula, inputs }, failed)
}

/// Rate × share of failures; the reason why not, where there are numbers that must not be multiplied.
fn by_ratio(context: &mut Context, window: TimeRange, words: &str) -> Result<Option<(Derived, Estimate)>, String> {
    let Some(ratio) = context.panel("error rate").and_then(|panel| panel.meta) else { return Ok(None) };
    let Some(scale) = scale_of(ratio) else {
        return Err(format!("{} is no share of requests: it cannot be multiplied by a rate", ratio.full_name()));
    };
    // What a log says of its own requests is counted, not multiplied.
    if ratio.name.starts_with("fromlogs:") {
        return Err(format!("{} is a share of log records, not of requests, and no log states how its requests ended", ratio.full_name()));
    }
    let Some(rate) = total_rate(context, ratio) else {
        return Err(format!("no rate of requests of the same service as {}", ratio.full_name()));
    };
    let margin = rate.staleness_ns();
    let around = TimeRange::new(window.start().plus_ns(-margin), window.end().plus_ns(margin));
    let (rates, ratios) = (context.samples(rate, around), context.samples(ratio, around));
    let mut product = times(&rates, &ratios, ratio);
    for sample in &mut product {
        sample.value *= scale;
    }
    let (failed, covered_ns) = integral(&product, window, margin);
    let missing = window.len_ns() - covered_ns;
    let formula = "∫ rate(t) × error ratio(t) dt; ratio at or before each sample of the rate; linear between samples (trapezoid), nothing over gaps. \
                   Low and high: each sample held until the next, or back to the one before"
        .to_owned();
    let mut inputs = vec![
        format!("rate {} ({})", rate.full_name(), context.path(rate.source)),
        format!("error ratio {} ({})", ratio.full_name(), context.path(ratio.source)),
        step_words(rate),
        format!("window {words}"),
        window_words(window),
    ];
    if missing > NS_PER_S {
        inputs.push(format!("no samples for {}", super::impact::duration(missing)));
    }
    let how = format!("∫ rate × error ratio dt, {words}");
    let value = Some(format!("≈ {}", failed.words()));
    Ok(Some((Derived { id: ID.into(), label: LABEL.into(), value, how, formula, inputs }, failed)))
}

/// What makes a share between 0 and 1 of the values of a series; `None` for what is no share, such as a count.
fn scale_of(meta: &SeriesMeta) -> Option<f64> {
    let name = meta.name.to_ascii_lowercase();
    let says = |words: &[&str]| name.split(|c: char| !c.is_alphanumeric()).any(|token| words.contains(&token));
    let (low, high) = meta.bounds.unwrap_or((0.0, 1.0));
    let scale = match meta.unit {
        Unit::Ratio => 1.0,
        Unit::None if says(&["percent", "pct", "percentage"]) => 0.01,
        Unit::None if says(&["ratio", "share", "fraction"]) => 1.0,
        _ => return None,
    };
    (low * scale >= 0.0 && high * scale <= 1.0 + 1e-6).then_some(scale)
}

/// The product of two series at the times of the first; nothing where the second has no fresh value.
pub(super) fn times(rates: &[Sample], ratios: &[Sample], ratio: &SeriesMeta) -> Vec<Sample> {
    let at_or_before = |at: Timestamp| {
        let n = ratios.partition_point(|sample| sample.time <= at);
        n.checked_sub(1).map(|index| ratios[index]).filter(|sample| at.since(sample.time) <= ratio.staleness_ns())
    };
    rates.iter().filter_map(|rate| Some(Sample { time: rate.time, value: rate.value * at_or_before(rate.time)?.value })).collect()
}

/// Integral over the window by trapezoid, with the left and right sums as bounds, and the length that samples cover.
pub(super) fn integral(samples: &[Sample], window: TimeRange, max_gap_ns: i64) -> (Estimate, i64) {
    let (mut likely, mut left, mut right, mut covered) = (0.0, 0.0, 0.0, 0);
    for pair in samples.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let whole_ns = b.time.since(a.time);
        if !a.value.is_finite() || !b.value.is_finite() || whole_ns > max_gap_ns || whole_ns <= 0 {
            continue;
        }
        let (start, end) = (a.time.max(window.start()), b.time.min(window.end()));
        if start >= end {
            continue;
        }
        let at = |time: Timestamp| a.value + (b.value - a.value) * (time.since(a.time) as f64 / whole_ns as f64);
        let seconds = end.since(start) as f64 / NS_PER_S as f64;
        likely += f64::midpoint(at(start), at(end)) * seconds;
        left += a.value * seconds;
        right += b.value * seconds;
        covered += end.since(start);
    }
    (Estimate { likely, low: left.min(right).min(likely), high: left.max(right).max(likely) }, covered)
}

pub(super) fn whole(count: f64) -> String {
    if count.is_finite() && (0.0..1e15).contains(&count) { grouped(count.round() as u64) } else { format!("{count:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(points: &[(i64, f64)]) -> Vec<Sample> {
        points.iter().map(|(secs, value)| Sample { time: Timestamp::from_secs(*secs), value: *value }).collect()
    }

    fn window(start: i64, end: i64) -> TimeRange {
        TimeRange::new(Timestamp::from_secs(start), Timestamp::from_secs(end))
    }

    /// 1000 requests a second; the error ratio is 0.2 % at 0 s, 18 % at 180 s and 92 % at 300 s.
    #[test]
    fn the_method_changes_the_answer_and_the_bounds_say_so() {
        let failing = samples(&[(0, 2.0), (180, 180.0), (300, 920.0)]);
        let (got, covered) = integral(&failing, window(0, 300), i64::MAX);
        assert_eq!(got, Estimate { likely: 82_380.0, low: 21_960.0, high: 142_800.0 });
        assert_eq!(covered, 300 * NS_PER_S);
        assert_eq!(got.words(), "82 380 (between 21 960 and 142 800)");
        let usual = 0.002 * 1000.0 * 300.0;
        assert_eq!(whole(got.likely - usual), "81 780");
        let held = samples(&[(0, 2.0), (180, 180.0), (300, 920.0), (1200, 920.0)]);
        assert_eq!(whole(integral(&held, window(0, 1200), i64::MAX).0.likely), "910 380");
    }

    #[test]
    fn two_counts_whose_ranges_do_not_overlap_say_by_how_much_and_why() {
        let range = |low: f64, likely: f64, high: f64| Estimate { likely, low, high };
        let words = disagreement(range(7317.0, 7367.0, 7367.0), range(7388.0, 7390.0, 7392.0)).unwrap();
        assert!(words.starts_with("23 (0.31 %) more than the count, and the ranges do not overlap"), "{words}");
        assert_eq!(disagreement(range(90.0, 100.0, 110.0), range(105.0, 115.0, 120.0)), None);
    }

    #[test]
    fn nothing_is_counted_over_a_gap() {
        let (got, covered) = integral(&samples(&[(0, 1.0), (1, 1.0), (100, 1.0), (101, 1.0)]), window(0, 200), 5 * NS_PER_S);
        assert_eq!((got.likely, covered), (2.0, 2 * NS_PER_S));
    }

    #[test]
    fn a_reset_counts_from_zero() {
        let (got, resets) = increase(&samples(&[(0, 100.0), (10, 150.0), (20, 5.0), (30, 9.0)]), window(0, 30), false);
        assert_eq!((got.likely, resets), (59.0, 1));
    }

    #[test]
    fn a_counter_born_inside_the_window_counts_from_zero_and_the_ends_are_bounds() {
        let points = samples(&[(12, 3.0), (22, 10.0), (32, 17.0)]);
        let (got, _) = increase(&points, window(0, 25), true);
        assert_eq!(got, Estimate { likely: 10.0, low: 7.0, high: 17.0 });
        let (got, _) = increase(&points, window(15, 25), false);
        assert_eq!(got, Estimate { likely: 7.0, low: 0.0, high: 14.0 });
    }
}
