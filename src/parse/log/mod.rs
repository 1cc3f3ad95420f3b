//! Log lines of any logger: JSON by key roles, logfmt, access logs, klog, syslog and text that has a time.
//!
//! `guess` looks at three windows of a file and makes a [`LogPlan`]; with it every line is read without its
//! neighbours, so that a file can be cut at any line border and parsed in any order ([`parse_chunk`]). A line
//! without a time of its own belongs to the record before it. What needs the neighbour (the second pass of an
//! hour when clocks are set back, a duplicate across a border) is added by [`Joiner`], chunk after chunk.
//!
//! Follow a line: `line` chooses a layout → `json`, `pairs`, `access` or `text` finds keys → `roles` says what
//! a key means → `found` keeps the best of each role → `clock` makes a moment of the time.

mod access;
mod below;
mod clock;
mod column;
pub mod convert;
mod correlation;
mod detail;
mod ends;
mod format_file;
mod found;
mod guess;
mod join;
mod json;
mod keys;
mod level;
mod line;
mod named;
mod nested;
mod pairs;
mod rendered;
mod roles;
mod scan;
mod sink;
mod spoken;
mod structured;
mod survey;
mod text;
mod title;
mod unit;
mod w3c;
mod wrapped;
mod written;
mod zone;

#[cfg(test)]
mod tests;

pub use detail::read_record;
pub use format_file::FormatError;
pub use guess::plan;
pub use join::{Joined, Joiner};
pub use named::{NamedFormat, known_formats, read_formats};
pub use scan::{give_back, parse_chunk};
pub use written::{Written, written};

use std::sync::Arc;

use super::timestamp::EpochUnit;
use crate::model::Level;
use crate::model::catalog::Zone;
use clock::ClockPlan;
use roles::Binding;
use unit::Guess;

/// How the lines of one log are read: layout, key roles, epoch units, zone.
#[derive(Debug, Clone, Default)]
pub struct LogPlan {
    format: String,
    score: f32,
    why: String,
    zone: Zone,
    needs_date: bool,
    has_open_dates: bool,
    /// The layout of most lines; the others are tried too.
    layout: Layout,
    habits: Habits,
    clock: ClockPlan,
    /// What keys of this file mean beyond their names: rank and unit found out from their values, by path.
    bound: Vec<(Vec<u8>, Option<Binding>)>,
    /// A format that is described as data: reads the lines of [`Layout::Named`], else names fields in text.
    named: Option<Arc<NamedFormat>>,
    patterns: Patterns,
    /// Units of latencies that were found out from numbers.
    guesses: Vec<Guess>,
}

/// Whether messages are looked at for patterns: left out only to measure what that costs.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patterns {
    /// Always, for users.
    #[default]
    Found,
    /// No record has one.
    LeftOut,
}

impl LogPlan {
    /// Name of the format, for example `zap-json`.
    pub fn format_name(&self) -> &str {
        &self.format
    }

    /// Whether another log is written in the same way, so that both may be parts of one.
    pub fn reads_like(&self, other: &Self) -> bool {
        self.layout == other.layout && self.named == other.named
    }

    /// Whether every line is read by the other as by this one.
    pub fn reads_same(&self, other: &Self) -> bool {
        let habits = |plan: &Self| (plan.format.clone(), plan.zone.clone(), plan.needs_date);
        habits(self) == habits(other)
            && self.reads_like(other)
            && self.habits == other.habits
            && self.clock == other.clock
            && self.bound == other.bound
    }

    /// Everything that decides how a line is read, in words: the same for two states of one log unless what was added to
    /// it changes how the lines before are read. Where dates are written out, the moment of writing decides nothing.
    pub fn rules(&self) -> String {
        let reference = if self.needs_date { self.clock.reference } else { None };
        let clock = (&self.clock.rule, reference, self.clock.order);
        let lines = (self.layout, &self.habits, &self.bound, &self.named, self.patterns);
        format!("{:?}", (&self.format, &self.zone, self.needs_date, clock, lines))
    }

    /// The same for the bench that measures what patterns cost.
    #[doc(hidden)]
    #[must_use]
    pub fn with_patterns(self, patterns: Patterns) -> Self {
        Self { patterns, ..self }
    }

    /// How well the sampled lines fit, 0 … 1.
    pub fn score(&self) -> f32 {
        self.score
    }

    /// Why it was taken for that, one sentence.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The zone in which zoneless times are read.
    pub fn zone(&self) -> Zone {
        self.zone.clone()
    }

    /// What is guessed of the units of its latencies, a sentence each.
    pub fn unit_remarks(&self) -> Vec<String> {
        self.guesses.iter().filter(|guess| !guess.is_sure).map(Guess::remark).collect()
    }

    /// Gives one key one unit in all logs of one format: that which its logger tells in one of them, else what numbers tell;
    /// milliseconds, which are taken for want of anything else, come last.
    pub fn agree(plans: &mut [&mut Self]) {
        let mut all: Vec<(String, Guess)> =
            plans.iter().flat_map(|plan| plan.guesses.iter().map(|guess| (plan.format.clone(), guess.clone()))).collect();
        all.sort_by_key(|(_, guess)| (!guess.is_sure, guess.unit == EpochUnit::Millis, std::cmp::Reverse(guess.n)));
        for plan in plans {
            let format = plan.format.clone();
            for guess in plan.guesses.iter_mut().filter(|guess| !guess.is_sure && !guess.key.is_empty()) {
                let best = all.iter().find(|(other, best)| *other == format && best.key == guess.key);
                let Some((_, best)) = best.filter(|(_, best)| best.unit != guess.unit || best.is_sure) else { continue };
                (guess.unit, guess.is_sure) = (best.unit, best.is_sure);
                let bound = plan.bound.iter_mut().filter(|(path, _)| *path == guess.key.as_bytes());
                bound.filter_map(|(_, binding)| binding.as_mut()).for_each(|binding| binding.unit = Some(best.unit));
            }
        }
    }

    /// Whether its dates could have their day first or their month, and nothing in it tells: plan again when other sources
    /// are known.
    pub fn has_open_dates(&self) -> bool {
        self.has_open_dates
    }

    /// Whether the text leaves out the year or the whole date: plan again when other sources are known.
    pub fn needs_date(&self) -> bool {
        self.needs_date
    }
}

/// The sorts of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Layout {
    /// A time at the start (or after a prefix), then text.
    #[default]
    Text,
    /// One object a line.
    Json,
    /// `key=value` pairs.
    Logfmt,
    /// `host - user [time] "request" status bytes …`.
    Access,
    /// As a pattern says.
    Named,
}

/// What the lines of one file have in common beyond their layout, as far as reading depends on it.
#[derive(Debug, Clone, PartialEq, Default)]
struct Habits {
    /// `service  | ` before each line, as docker-compose writes.
    has_compose_prefix: bool,
    /// Lines hold escape sequences that colour them.
    has_colours: bool,
    /// The time stands behind other text.
    has_late_time: bool,
    /// Times are bare times of day.
    is_dateless: bool,
    /// Times are hours and minutes, as people write them.
    has_minutes: bool,
    /// A report of several lines has a time in each of them, as `PostgreSQL` writes.
    has_details: bool,
    /// Lines begin with an epoch number.
    epoch_at_start: Option<EpochUnit>,
    /// Numbers that stand for levels.
    numeric_levels: Option<level::Numbers>,
    /// Where levels stand behind the time.
    levels: column::Column,
    /// `HTTP/1.1" 200` in the text.
    has_http_status: bool,
    /// No record states a level but each a status.
    is_level_from_status: bool,
    /// The message of each object is itself a line of some format, as container runtimes and collectors write.
    is_wrapped: bool,
    /// A runtime put its own time before each line (`kubectl logs --timestamps`, CRI).
    is_stamped: bool,
    /// Times count from a start that the text does not tell.
    is_relative: bool,
    /// The level of records that state none, where the format says so.
    unstated_level: Level,
    /// Messages are templates, filled from the other fields.
    has_templates: bool,
    /// Trace ids stand in a list of scopes.
    has_scopes: bool,
    /// A bracket before the message tells the trace.
    has_correlation: bool,
    /// The sentence in which lines tell how long something took.
    spoken: Option<&'static spoken::Sentence>,
    /// Which field after the status of an access log is its latency.
    access_latency: Option<(usize, EpochUnit)>,
}
