//! Functions over the samples of a window: `rate` and its like, `*_over_time`.
//!
//! A rate is the rise between the first and the last sample of the window, falls of a counter taken as a restart from zero,
//! extrapolated to the ends of the window as in `extrapolatedRate` of Prometheus 2.42 (`promql/functions.go`): at most half
//! a sample distance beyond where no sample is near, and never below zero.

use super::Scope;
use super::parse::{Node, Window};
use super::rows::{Row, joined};
use super::select::Meant;
use crate::model::{Sample, Timestamp};
use crate::store::StoreError;

/// One window: its ends and the samples between them, without staleness markers.
struct View<'a> {
    start: Timestamp,
    end: Timestamp,
    range_ns: i64,
    samples: &'a [Sample],
    /// Values before falls between two of the samples, in order.
    before_falls: &'a [f64],
}

impl Scope<'_> {
    pub(super) fn window(&self, window: &Window) -> Result<Vec<Row>, StoreError> {
        let meant = self.pool.meant(&window.selector);
        self.room_for(meant.len())?;
        let mut rows = Vec::with_capacity(meant.len());
        self.window_rows(window, meant, &mut |row| {
            rows.push(row.clone());
            Ok(())
        })?;
        joined(rows)
    }

    /// The rows of an operand one after another; those of a selector are made one at a time.
    pub(super) fn each_row(&self, node: &Node, take: &mut Take<'_>) -> Result<(), StoreError> {
        match node {
            // Without a name two metrics may give one row.
            Node::Window(window) if window.selector.name.is_some() => self.window_rows(window, self.pool.meant(&window.selector), take),
            Node::Select(selector) => self.pool.meant(selector).iter().try_for_each(|meant| take(&self.selected(selector, meant)?)),
            Node::Aggregate(aggregate) => match self.pool.shared(aggregate, self.steps) {
                Some(rows) => rows.iter().try_for_each(take),
                None => self.aggregate(aggregate)?.iter().try_for_each(take),
            },
            other => self.vector(other)?.iter().try_for_each(take),
        }
    }

    pub(super) fn window_rows(&self, window: &Window, meant: Vec<Meant<'_>>, take: &mut Take<'_>) -> Result<(), StoreError> {
        let parameter = window.parameter.as_ref().map(|node| self.scalar(node)).transpose()?;
        let rate = Rate::of(window);
        // One row is made after the other in the same room.
        let mut row = Row { labels: crate::model::Labels::default(), values: Vec::with_capacity(self.steps.n) };
        for meant in meant {
            self.watch.check()?;
            let mut samples = meant.samples();
            samples.retain(|sample| !sample.is_stale_marker());
            let falls = Falls::of(&samples);
            self.pool.know_falls(&meant, &falls.times);
            let mut fallen = falls.between();
            let mut spans = Spans::default();
            let (mut from, mut to) = (0, 0);
            let value = |step: usize| {
                let end = window.selector.moment(&self.steps, step);
                let start = end.plus_ns(-window.range_ns);
                from += reached(&samples[from..], |sample| sample.time < start);
                to = to.max(from);
                to += reached(&samples[to..], |sample| sample.time <= end);
                let view = View { start, end, range_ns: window.range_ns, samples: &samples[from..to], before_falls: fallen(from, to) };
                let parameter = parameter.as_ref().map_or(0.0, |values| values[step]);
                match rate {
                    _ if view.samples.is_empty() => None,
                    Some(rate) => extrapolated(&view, rate, &mut spans),
                    None => apply(window.function, &view, parameter),
                }
            };
            row.values.clear();
            row.values.extend((0..self.steps.n).map(value));
            row.labels = if window.function == "last_over_time" { meant.named_labels() } else { meant.labels() };
            take(&row)?;
        }
        Ok(())
    }
}

/// What is done with each row.
type Take<'a> = dyn FnMut(&Row) -> Result<(), StoreError> + 'a;

/// Where the values of a series fall: at a restart, if it counts.
#[derive(Default)]
struct Falls {
    /// Indexes of the samples that are below their predecessor.
    at: Vec<usize>,
    /// When.
    times: Vec<Timestamp>,
    /// The values before.
    before: Vec<f64>,
}

impl Falls {
    fn of(samples: &[Sample]) -> Self {
        let mut falls = Self::default();
        for (index, pair) in samples.windows(2).enumerate().filter(|(_, pair)| pair[1].value < pair[0].value) {
            falls.at.push(index + 1);
            falls.times.push(pair[1].time);
            falls.before.push(pair[0].value);
        }
        falls
    }

    /// Gives the values before the falls between samples `from` and `to`, which only rise from call to call.
    fn between<'f>(&'f self) -> impl FnMut(usize, usize) -> &'f [f64] {
        let (mut first, mut next) = (0, 0);
        move |from, to| {
            while self.at.get(first).is_some_and(|at| *at <= from) {
                first += 1;
            }
            next = next.max(first);
            while self.at.get(next).is_some_and(|at| *at < to) {
                next += 1;
            }
            &self.before[first..next]
        }
    }
}

/// A rise over a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    falls: Fall,
    /// Whether it is divided by the length of the window.
    per: Per,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    Second,
    Window,
}

impl Rate {
    fn of(window: &Window) -> Option<Self> {
        let (falls, per) = match window.function {
            "rate" => (Fall::Restart, Per::Second),
            "increase" => (Fall::Restart, Per::Window),
            "delta" => (Fall::Real, Per::Window),
            _ => return None,
        };
        Some(Self { falls, per })
    }
}

/// How many samples from the first on fulfil a condition that those at the end do not. Galloping: steps are short.
pub(super) fn reached(samples: &[Sample], is_before: impl Fn(&Sample) -> bool) -> usize {
    let mut end = 1;
    while end < samples.len() && is_before(&samples[end]) {
        end *= 2;
    }
    samples[..end.min(samples.len())].partition_point(is_before)
}

fn apply(function: &str, view: &View<'_>, parameter: f64) -> Option<f64> {
    let values = || view.samples.iter().map(|sample| sample.value);
    let n = view.samples.len() as f64;
    match function {
        "irate" => last_step(view, Fall::Restart),
        "idelta" => last_step(view, Fall::Real),
        "deriv" => slope(view),
        "resets" => Some(pairs(view).filter(|(before, after)| after < before).count() as f64),
        "changes" => Some(pairs(view).filter(|(a, b)| differ(*a, *b)).count() as f64),
        "avg_over_time" => Some(mean(values())),
        "sum_over_time" => Some(sum(values())),
        "count_over_time" => Some(n),
        "min_over_time" => values().reduce(|least, value| if value < least || least.is_nan() { value } else { least }),
        "max_over_time" => values().reduce(|most, value| if value > most || most.is_nan() { value } else { most }),
        "last_over_time" => values().next_back(),
        "present_over_time" => Some(1.0),
        "stdvar_over_time" => Some(variance(values())),
        "stddev_over_time" => Some(variance(values()).sqrt()),
        "quantile_over_time" => Some(quantile(parameter, values().collect())),
        _ => None,
    }
}

/// NaN after NaN is no change; zero after minus zero neither.
#[expect(clippy::float_cmp, reason = "a change is any other value")]
fn differ(before: f64, after: f64) -> bool {
    before != after && !(before.is_nan() && after.is_nan())
}

/// What a value below its predecessor means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fall {
    /// A counter began again at zero.
    Restart,
    /// A gauge went down.
    Real,
}

fn pairs<'a>(view: &View<'a>) -> impl Iterator<Item = (f64, f64)> + 'a {
    view.samples.windows(2).map(|pair| (pair[0].value, pair[1].value))
}

/// Seconds, by way of milliseconds as Prometheus counts them, so that the last bit is the same.
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e6 / 1000.0
}

/// Which part of a window its samples cover.
pub(super) struct Covered {
    pub start: Timestamp,
    pub end: Timestamp,
    /// Time of the first sample.
    pub first: Timestamp,
    /// Time of the last sample.
    pub last: Timestamp,
    /// How many samples there are; two at least.
    pub n: usize,
}

impl Covered {
    /// What a rise between the samples is multiplied by to reach the ends of the window, divided by `per_ns` unless that is
    /// 0. A counter was zero `to_zero` seconds before its first sample at the earliest.
    pub fn factor(&self, to_zero: Option<f64>, per_ns: i64) -> f64 {
        let span = Span::of(self);
        let to_start = to_zero.filter(|to_zero| *to_zero < span.to_start).unwrap_or(span.to_start);
        span.factor(to_start, per_ns)
    }
}

/// The same in seconds.
#[derive(Debug, Clone, Copy)]
struct Span {
    to_start: f64,
    to_end: f64,
    sampled: f64,
    average: f64,
}

impl Span {
    fn of(covered: &Covered) -> Self {
        let sampled = seconds(covered.last.since(covered.first));
        Self {
            to_start: seconds(covered.first.since(covered.start)),
            to_end: seconds(covered.end.since(covered.last)),
            sampled,
            average: sampled / (covered.n - 1) as f64,
        }
    }

    fn factor(&self, to_start: f64, per_ns: i64) -> f64 {
        let near = self.average * 1.1;
        let beyond = |distance: f64| if distance < near { distance } else { self.average / 2.0 };
        let factor = (self.sampled + beyond(to_start) + beyond(self.to_end)) / self.sampled;
        if per_ns == 0 { factor } else { factor / seconds(per_ns) }
    }
}

/// What was last computed of a window: those of a steady scrape are all alike, and a division takes long.
#[derive(Default)]
struct Spans {
    /// Distances in ns and number of samples that it is true of.
    key: (i64, i64, i64, usize),
    /// With the factor where no zero is near.
    known: Option<(Span, f64)>,
}

impl Spans {
    fn of(&mut self, covered: &Covered, per_ns: i64) -> (Span, f64) {
        let key = (covered.first.since(covered.start), covered.end.since(covered.last), covered.last.since(covered.first), covered.n);
        match self.known {
            Some(known) if self.key == key => known,
            _ => {
                let span = Span::of(covered);
                let known = (span, span.factor(span.to_start, per_ns));
                (self.key, self.known) = (key, Some(known));
                known
            }
        }
    }
}

/// The rise over the window, extrapolated to its ends, per second or as it is. In this order: quantiles at the border of a
/// bucket hang on the last bit.
fn extrapolated(view: &View<'_>, rate: Rate, spans: &mut Spans) -> Option<f64> {
    let [first, .., last] = view.samples else { return None };
    let per_ns = if rate.per == Per::Second { view.range_ns } else { 0 };
    let mut rise = last.value - first.value;
    if rate.falls == Fall::Restart {
        rise += view.before_falls.iter().fold(0.0, |sum, before| sum + before);
    }
    let covered = Covered { start: view.start, end: view.end, first: first.time, last: last.time, n: view.samples.len() };
    let (span, factor) = spans.of(&covered, per_ns);
    let may_begin = rate.falls == Fall::Restart && rise > 0.0 && first.value >= 0.0;
    if may_begin {
        let to_zero = span.sampled * (first.value / rise);
        if to_zero < span.to_start {
            return Some(rise * span.factor(to_zero, per_ns));
        }
    }
    Some(rise * factor)
}

/// Between the last two samples: per second for a counter, as it is for a gauge.
fn last_step(view: &View<'_>, falls: Fall) -> Option<f64> {
    let [.., before, last] = view.samples else { return None };
    let distance = seconds(last.time.since(before.time));
    if distance == 0.0 {
        return None;
    }
    Some(match falls {
        Fall::Restart if last.value < before.value => last.value / distance,
        Fall::Restart => (last.value - before.value) / distance,
        Fall::Real => last.value - before.value,
    })
}

/// Slope of the line of least squares, per second.
fn slope(view: &View<'_>) -> Option<f64> {
    let [first, _, ..] = view.samples else { return None };
    if view.samples.iter().all(|sample| sample.value.total_cmp(&first.value).is_eq()) {
        return first.value.is_finite().then_some(0.0).or(Some(f64::NAN));
    }
    let n = view.samples.len() as f64;
    let [mut x_sum, mut y_sum, mut xy_sum, mut xx_sum] = [Kahan::default(); 4];
    for sample in view.samples {
        let x = seconds(sample.time.since(first.time));
        x_sum.add(x);
        y_sum.add(sample.value);
        xy_sum.add(x * sample.value);
        xx_sum.add(x * x);
    }
    let (x_sum, y_sum) = (x_sum.total(), y_sum.total());
    let covariance = xy_sum.total() - x_sum * y_sum / n;
    Some(covariance / (xx_sum.total() - x_sum * x_sum / n))
}

/// Sum with a second number for what rounding loses (Kahan 1965, in the form of Neumaier 1974).
#[derive(Debug, Clone, Copy, Default)]
struct Kahan {
    sum: f64,
    lost: f64,
}

impl Kahan {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut sum = Kahan::default();
    values.for_each(|value| sum.add(value));
    sum.total()
}

/// Running mean, which does not overflow where a sum would.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut n) = (Kahan::default(), 0.0);
    for value in values {
        n += 1.0;
        let is_settled = mean.sum.is_infinite() && !value.is_nan() && (value.is_finite() || (mean.sum > 0.0) == (value > 0.0));
        if !is_settled {
            mean.add(value / n - mean.sum / n);
        }
    }
    mean.total()
}

/// Variance of all values, after Welford (1962).
fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut n, mut mean, mut squares) = (0.0, Kahan::default(), Kahan::default());
    for value in values {
        n += 1.0;
        let delta = value - (mean.sum + mean.lost);
        mean.add(delta / n);
        squares.add(delta * (value - (mean.sum + mean.lost)));
    }
    (squares.sum + squares.lost) / n
}

/// Linear between the two nearest.
fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).reverse().then(a.total_cmp(b)));
    let rank = q * (values.len() - 1) as f64;
    let low = rank.floor();
    let high = (low as usize + 1).min(values.len() - 1);
    let weight = rank - low;
    values[low as usize] * (1.0 - weight) + values[high] * weight
}
