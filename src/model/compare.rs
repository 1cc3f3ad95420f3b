//! What differs between two windows: the answer to "what is different here?".
//!
//! Counts always stand beside ratios, and what rests on few samples or events is not told as a difference: how few is
//! said instead. Everything is ordered: what there is more of first, each by how little chance explains it.

use super::Level;
use super::filter::{Comparison as Is, Expr, FieldTest, Term, TextTest, Words};
use super::query::EventFilter;
use super::series::{SeriesId, Unit};
use super::text;
use super::time::{TimeRange, Timestamp};

/// Which windows, and which events in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareQuery {
    /// What is normal.
    pub baseline: TimeRange,
    /// What is asked about.
    pub window: TimeRange,
    /// Only these events; series are compared whatever it says.
    pub filter: EventFilter,
}

impl CompareQuery {
    /// Least length of a baseline, ns.
    pub const MIN_BASELINE_NS: i64 = 10 * super::time::NS_PER_S;

    /// The two windows without what they share: a window that begins inside the baseline and goes beyond it is cut at its
    /// end, one that lies in it is compared with what comes before it, else after it. `None` when nothing is left.
    pub fn windows(baseline: TimeRange, window: TimeRange) -> Option<(TimeRange, TimeRange)> {
        let is_long = |range: &TimeRange| range.len_ns() >= Self::MIN_BASELINE_NS.min(baseline.len_ns());
        if window.is_empty() || baseline.is_empty() {
            return None;
        }
        if baseline.intersect(window).is_none_or(TimeRange::is_empty) {
            return Some((baseline, window));
        }
        let before = TimeRange::new(baseline.start(), window.start().max(baseline.start()));
        if window.start() > baseline.start() && is_long(&before) {
            return Some((before, window));
        }
        if window.end() > baseline.end() {
            return Some((baseline, TimeRange::new(baseline.end(), window.end())));
        }
        let after = TimeRange::new(window.end(), baseline.end());
        is_long(&after).then_some((after, window)).filter(|(after, _)| !after.is_empty())
    }
}

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// More, or higher.
    Up,
    /// Not there before.
    New,
    /// Less, or lower.
    Down,
    /// Not there any more.
    Gone,
}

impl Direction {
    /// Name in JSON answers and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::New => "new",
            Self::Down => "down",
            Self::Gone => "gone",
        }
    }
}

/// How the values of a series lie in one window: those of equal stretches of it, each by its mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Half are below.
    pub median: f64,
    /// Median distance from the median.
    pub mad: f64,
    /// A tenth are below.
    pub low: f64,
    /// A tenth are above.
    pub high: f64,
    /// Least sample; of a rate that of the stretches.
    pub min: f64,
    /// Greatest sample; of a rate that of the stretches.
    pub max: f64,
    /// Samples that are numbers.
    pub n: u64,
}

/// A series that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesChange {
    /// Which.
    pub id: SeriesId,
    /// Its full name.
    pub name: String,
    /// Of the numbers below.
    pub unit: Unit,
    /// Whether the numbers are what a counter rises by in a second.
    pub is_per_second: bool,
    /// Before; `None` when it has no number there.
    pub baseline: Option<Spread>,
    /// In the window.
    pub window: Option<Spread>,
    /// Which way.
    pub direction: Direction,
    /// Part of the window that moved most: the value before and in it, and which part that is.
    pub moved: Option<Moved>,
    /// Doublings between the two, the noise of the baseline added to both.
    pub score: f64,
    /// When it first left what the baseline spans, and stayed out for two stretches: its first sample beyond it.
    pub departed: Option<Timestamp>,
    /// Values at the limit of what can be measured may be higher.
    pub clip: Option<f64>,
    /// Other series of its metric and service that differ too; only of the one among them that moved most.
    pub n_more: u64,
}

/// What of a distribution moved most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// Which part.
    pub part: Part,
    /// In the baseline.
    pub from: f64,
    /// In the window.
    pub to: f64,
}

/// Parts of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Half the window is at or above it.
    Median,
    /// A tenth of the window is at or above it.
    High,
    /// A tenth of the window is at or below it.
    Low,
}

impl Part {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::High => "p90",
            Self::Low => "p10",
        }
    }

    /// What of the window has this value.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::High => "p90 over the time",
            Self::Low => "p10 over the time",
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Events of a level.
    Level(Level),
    /// Events of a service; empty for those without one.
    Service(String),
    /// Events of a message pattern: number and template.
    Pattern(u32, String),
    /// Events with this value of a field.
    Value(String, String),
    /// Events with a field that none had before.
    Field(String),
}

impl Counted {
    /// The condition that keeps only these events; `None` where there is none.
    pub fn condition(&self) -> Option<Expr> {
        let is = |value: &str| TextTest::Is(Words::Exact(value.to_owned()));
        Some(Expr::Term(match self {
            Self::Level(level) => Term::Level(Is::Eq, *level),
            Self::Service(name) if name.is_empty() => return None,
            Self::Service(name) => Term::Service(is(name)),
            Self::Pattern(id, _) => Term::Pattern(*id),
            Self::Value(name, value) => match value.parse() {
                Ok(status) if name == "status" => Term::Status(Is::Eq, status),
                _ => Term::Field(name.clone(), FieldTest::Text(is(value))),
            },
            Self::Field(name) => Term::Field(name.clone(), FieldTest::Text(TextTest::Is(Words::Glob("*".into())))),
        }))
    }

    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Level(level) => level.name().to_uppercase(),
            Self::Service(name) if name.is_empty() => "(no service)".to_owned(),
            Self::Service(name) => name.clone(),
            Self::Pattern(_, template) => template.clone(),
            Self::Value(name, value) => format!("{name}={value}"),
            Self::Field(name) => format!("{name}, a field that none had before"),
        }
    }
}

/// What a count is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Events in the length of the window.
    Rate,
    /// Events of all that were counted.
    Share,
}

/// How often something is in the baseline and in the window.
#[derive(Debug, Clone, PartialEq)]
pub struct CountChange {
    /// What.
    pub what: Counted,
    /// Events in the baseline and in the window.
    pub n: (u64, u64),
    /// What they are compared by: nanoseconds for a rate, events for a share.
    pub of: (u64, u64),
    /// Which of the two.
    pub basis: Basis,
    /// Rate or share in the window over that in the baseline; `None` where the baseline has none.
    pub ratio: Option<f64>,
    /// Which way.
    pub direction: Direction,
    /// How little chance explains it: the log-likelihood ratio G² (Dunning 1993). 10.8 is one in a thousand.
    pub surprise: f64,
}

impl CountChange {
    /// Compares two counts; `None` where there is nothing to compare them by.
    pub fn of(what: Counted, n: (u64, u64), of: (u64, u64), basis: Basis) -> Option<Self> {
        if of.0 == 0 || of.1 == 0 {
            return None;
        }
        let (total, of_before, of_after) = ((n.0 + n.1) as f64, of.0 as f64, of.1 as f64);
        let due = (total * of_before / (of_before + of_after), total * of_after / (of_before + of_after));
        let term = |n: f64, due: f64| if n > 0.0 && due > 0.0 { n * (n / due).ln() } else { 0.0 };
        let mut surprise = term(n.0 as f64, due.0) + term(n.1 as f64, due.1);
        if basis == Basis::Share {
            let (without_before, without_after) = (of_before - n.0 as f64, of_after - n.1 as f64);
            surprise += term(without_before, of_before - due.0) + term(without_after, of_after - due.1);
        }
        let ratio = (n.0 > 0).then(|| (n.1 as f64 / of_after) / (n.0 as f64 / of_before));
        let direction = match (n, ratio) {
            ((0, _), _) => Direction::New,
            ((_, 0), _) => Direction::Gone,
            (_, Some(ratio)) if ratio < 1.0 => Direction::Down,
            _ => Direction::Up,
        };
        Some(Self { what, n, of, basis, ratio, direction, surprise: (surprise * 2.0).max(0.0) })
    }

    /// Whether it is told as a difference: at least half as much again or a third less, and by more than chance gives one
    /// time in a thousand. A handful of events never is, nor is a share of a handful.
    pub fn is_told(&self) -> bool {
        const FEW: u64 = 20;
        const BY_CHANCE: f64 = 10.83;
        const LEAST: f64 = 1.5;
        let is_far = self.ratio.is_none_or(|ratio| !(1.0 / LEAST..LEAST).contains(&ratio));
        let is_of_few = self.basis == Basis::Share && self.of.0.min(self.of.1) < FEW;
        is_far && self.surprise >= BY_CHANCE && self.n.0 + self.n.1 >= 5 && !is_of_few
    }

    /// `3 of 4 000 → 812 of 4 096, ×264 its share`.
    pub fn facts(&self) -> String {
        let counts = |n: u64| text::grouped(n);
        let factor = match (self.direction, self.ratio, self.basis) {
            (Direction::New, ..) => "none before".to_owned(),
            (Direction::Gone, ..) => "none any more".to_owned(),
            (_, Some(ratio), Basis::Rate) => format!("{} the rate", times(ratio)),
            (_, Some(ratio), Basis::Share) => format!("{} its share", times(ratio)),
            (_, None, _) => String::new(),
        };
        match self.basis {
            Basis::Rate => {
                let rate = |n: u64, ns: u64| text::value(n as f64 / (ns as f64 / super::time::NS_PER_S as f64), Unit::PerSecond);
                format!(
                    "{} → {} events, {factor} ({} → {})",
                    counts(self.n.0),
                    counts(self.n.1),
                    rate(self.n.0, self.of.0),
                    rate(self.n.1, self.of.1)
                )
            }
            Basis::Share => {
                format!("{} of {} → {} of {}, {factor}", counts(self.n.0), counts(self.of.0), counts(self.n.1), counts(self.of.1))
            }
        }
    }
}

/// `×37`, `×0.02`: two digits, or all before the point.
pub fn times(ratio: f64) -> String {
    match ratio {
        ratio if ratio >= 10.0 => format!("×{}", text::grouped(ratio.round() as u64)),
        ratio if ratio >= 1.0 => format!("×{ratio:.1}"),
        ratio if ratio >= 0.01 => format!("×{ratio:.2}"),
        _ => "×<0.01".to_owned(),
    }
}

impl SeriesChange {
    /// How many times the value before; `None` where there is no such number.
    pub fn factor(&self) -> Option<f64> {
        let moved = self.moved?;
        let factor = moved.to / moved.from;
        (moved.from != 0.0 && factor.is_finite() && factor > 0.0).then_some(factor)
    }

    /// `33 → 1 223 (median), ×37, peak 2 718; 150 and 600 samples`.
    pub fn facts(&self) -> String {
        let (unit, each) = match (self.unit, self.is_per_second) {
            (Unit::None, true) => (Unit::PerSecond, ""),
            (Unit::Bytes, true) => (Unit::BytesPerSecond, ""),
            (unit, true) => (unit, " a second"),
            (unit, false) => (unit, ""),
        };
        let print = |value: f64| {
            let is_clipped = self.clip.is_some_and(|clip| value >= clip - clip.abs() * 1e-9);
            format!("{}{}", if is_clipped { "≥" } else { "" }, text::value(value, unit))
        };
        let n = |spread: Option<Spread>| text::grouped(spread.map_or(0, |spread| spread.n));
        let more = if self.n_more > 0 { format!("; {} more of this metric", text::grouped(self.n_more)) } else { String::new() };
        let samples = format!("{} and {} samples{more}", n(self.baseline), n(self.window));
        match (self.moved, self.baseline, self.window) {
            (Some(moved), _, Some(window)) => {
                let factor = self.factor().map(|factor| format!(", {}", times(factor))).unwrap_or_default();
                let edge = match self.direction {
                    Direction::Down | Direction::Gone => format!("least {}", print(window.min)),
                    Direction::Up | Direction::New => format!("peak {}", print(window.max)),
                };
                format!("{} → {}{each} ({}){factor}, {edge}; {samples}", print(moved.from), print(moved.to), moved.part.words())
            }
            (None, None, Some(window)) => {
                format!("none before, now {} to {}, median {}; {samples}", print(window.min), print(window.max), print(window.median))
            }
            (_, Some(before), _) => format!("no number any more, before {} (median); {samples}", print(before.median)),
            (_, None, None) => samples,
        }
    }
}

/// Counts of one kind that differ.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Those told as different: what there is more of first, each by its surprise.
    pub told: Vec<CountChange>,
    /// How many were compared.
    pub n_compared: u64,
}

impl Counts {
    /// Keeps what is told, in its order. O(n log n).
    pub fn of(all: Vec<CountChange>) -> Self {
        let n_compared = all.len() as u64;
        let mut told: Vec<CountChange> = all.into_iter().filter(CountChange::is_told).collect();
        let is_less = |change: &CountChange| matches!(change.direction, Direction::Down | Direction::Gone);
        told.sort_by(|a, b| {
            let by_surprise = b.surprise.total_cmp(&a.surprise);
            is_less(a).cmp(&is_less(b)).then(by_surprise).then_with(|| a.what.words().cmp(&b.what.words()))
        });
        Self { told, n_compared }
    }
}

/// What became of the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeriesTally {
    /// Compared.
    pub n_compared: u64,
    /// Those of them that differ, told or not.
    pub n_differ: u64,
    /// With too few numbers in one of the windows to say.
    pub n_few: u64,
    /// Buckets of histograms: their quantiles and counts tell.
    pub n_buckets: u64,
}

/// In which order series are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SeriesOrder {
    /// Those that moved most first.
    #[default]
    Size,
    /// Those that left their baseline first; last those that never stayed out of it.
    Time,
}

impl SeriesOrder {
    /// The other one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Size => Self::Time,
            Self::Time => Self::Size,
        }
    }

    /// Which series come first.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Size => "largest first",
            Self::Time => "earliest first",
        }
    }
}

/// Everything that differs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// What is normal.
    pub baseline: TimeRange,
    /// What was asked about.
    pub window: TimeRange,
    /// The series that differ, at most [`Difference::MOST_SERIES`]: of each metric and service the one that moved most, then
    /// new and gone ones, then the others.
    pub series: Vec<SeriesChange>,
    /// What became of all.
    pub tally: SeriesTally,
    /// Events in the two windows.
    pub n_events: (u64, u64),
    /// By their rate.
    pub levels: Counts,
    /// By their rate.
    pub services: Counts,
    /// By their share of all events.
    pub patterns: Counts,
    /// By their share of the events that have the field.
    pub values: Counts,
    /// Events of the two windows whose fields were read, spread evenly over them.
    pub n_read: (u64, u64),
    /// Fields that were not compared by value, and why.
    pub fields_left_out: Vec<(String, String)>,
}

impl Difference {
    /// Series that are told one by one.
    pub const MOST_SERIES: usize = 500;
    /// Events of a window whose fields are read.
    pub const MOST_READ: u64 = 20_000;
    /// Stretches that each window of a series is cut into.
    pub const STRETCHES: usize = 200;

    /// Indices into `series` in this order.
    pub fn ordered(&self, order: SeriesOrder) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.series.len()).collect();
        if order == SeriesOrder::Time {
            let departed = |index: &usize| self.series[*index].departed;
            all.sort_by_key(|index| (departed(index).is_none(), departed(index)));
        }
        all
    }

    /// What the answer cost and what it leaves out, in one sentence.
    pub fn bounds_words(&self) -> String {
        let whole = self.n_read == self.n_events;
        let read = if whole {
            format!("fields of all {} events read", text::grouped(self.n_read.0 + self.n_read.1))
        } else {
            format!(
                "fields read of {} of {} and {} of {} events, spread evenly",
                text::grouped(self.n_read.0),
                text::grouped(self.n_events.0),
                text::grouped(self.n_read.1),
                text::grouped(self.n_events.1)
            )
        };
        let tally = self.tally;
        let few = if tally.n_few > 0 { format!(", {} have too few samples to say", text::grouped(tally.n_few)) } else { String::new() };
        let buckets = if tally.n_buckets > 0 {
            format!(", {} buckets of histograms left out", text::grouped(tally.n_buckets))
        } else {
            String::new()
        };
        format!(
            "{} of {} series differ{few}{buckets}; each by {} stretches a window; {read}",
            text::grouped(tally.n_differ),
            text::grouped(tally.n_compared),
            Self::STRETCHES
        )
    }
}

#[cfg(test)]
mod tests;
