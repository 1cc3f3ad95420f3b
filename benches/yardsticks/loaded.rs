//! Questions to a loaded log, through the same door as the screen.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use coroner::model::facets::{FacetPart, FacetQuery, FacetReach};
use coroner::model::query::{GroupBy, HistogramQuery, PageStart, PatternQuery, Stat, StatKind, StatsQuery, TextMatch, TextPattern};
use coroner::model::{EventFilter, EventQuery, TimeRange, Timestamp};
use coroner::parse::log::Patterns;
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::programs::median;

/// A log that is loaded once and asked many times.
pub struct Loaded {
    source: FileSource,
    extent: TimeRange,
}

/// Loads with both cores. Panics when the log does not load: a bench has nothing better to do.
pub fn load(path: &Path) -> Loaded {
    load_with(OpenOptions { sources: vec![path.to_owned()], ..OpenOptions::default() })
}

fn load_with(options: OpenOptions) -> Loaded {
    let source = open(options).expect("opens");
    source.load(&Job::new(), &|| {}).expect("loads");
    let catalog = source.catalog(&Job::new()).expect("a catalog");
    let extent = catalog.extent.expect("a log with times");
    Loaded { source, extent }
}

/// Loads on one core; the processor time that it took.
pub fn load_time(path: &Path, patterns: Patterns) -> (Duration, Loaded) {
    let spent = || {
        let usage = getrusage(UsageWho::RUSAGE_SELF).expect("every process has a usage");
        Duration::from_micros((usage.user_time() + usage.system_time()).num_microseconds().unsigned_abs())
    };
    let before = spent();
    let log = load_with(OpenOptions { sources: vec![path.to_owned()], jobs: 1, patterns, ..OpenOptions::default() });
    (spent().saturating_sub(before), log)
}

/// Times of `rounds` runs of `ask`; the middle one.
fn timed(rounds: usize, mut ask: impl FnMut()) -> Duration {
    let run = |_| {
        let start = Instant::now();
        ask();
        start.elapsed()
    };
    median((0..rounds).map(run).collect()).expect("at least one round")
}

fn columns(extent: TimeRange, bucket_ns: i64) -> NonZeroUsize {
    NonZeroUsize::new(((extent.end().0 - extent.start().0) / bucket_ns + 1) as usize).expect("at least one")
}

fn text(pattern: TextPattern) -> EventFilter {
    EventFilter { text: vec![TextMatch { pattern, is_negated: false }], ..EventFilter::default() }
}

impl Loaded {
    /// Anonymous memory of the columns.
    pub fn memory_bytes(&self) -> usize {
        self.source.event_memory_bytes()
    }

    /// How long the list of all patterns takes, and how long it is.
    pub fn list_patterns(&self) -> (Duration, usize) {
        let start = Instant::now();
        let patterns = self.source.patterns(&PatternQuery::default(), &Job::new()).expect("mined");
        (start.elapsed(), patterns.value.len())
    }

    /// Counts by second and level.
    pub fn histogram(&self, rounds: usize) -> Duration {
        let by = vec![GroupBy::Level];
        let columns = columns(self.extent, 1_000_000_000);
        let query = HistogramQuery { filter: EventFilter::default(), range: self.extent, columns, by };
        timed(rounds, || drop(black_box(self.source.histogram(&query, &Job::new()).expect("counts"))))
    }

    /// Exact P99 of latency by minute and service.
    pub fn p99(&self, rounds: usize) -> Duration {
        let by = vec![GroupBy::Service];
        let columns = columns(self.extent, 60_000_000_000);
        let histogram = HistogramQuery { filter: EventFilter::default(), range: self.extent, columns, by };
        let query = StatsQuery { histogram, stats: vec![Stat { kind: StatKind::Quantile(0.99), field: "latency".into() }] };
        timed(rounds, || drop(black_box(self.source.stats(&query, &Job::new()).expect("numbers"))))
    }

    /// Values of all fields, and in how many events they were counted.
    pub fn facets(&self, reach: FacetReach, rounds: usize) -> (Duration, u64) {
        let query = FacetQuery { filter: EventFilter::default(), range: self.extent, part: FacetPart::Fields, reach };
        let mut n_read = 0;
        let time = timed(rounds, || {
            let found = self.source.facets(&query, &Job::new()).expect("counts").value;
            n_read = found.facets.iter().find_map(|facet| facet.sample).unwrap_or(found.n_events);
        });
        (time, n_read)
    }

    /// How many records match, every time anew: each round appends an empty group, which changes the text of the
    /// pattern and not its matches, so that no kept selection answers.
    pub fn count_regex(&self, regex: &str, rounds: usize) -> Duration {
        let mut round = 0;
        timed(rounds, || {
            round += 1;
            let filter = text(TextPattern::Regex(format!("{regex}{}", "(?:)".repeat(round))));
            black_box(self.source.count(&filter, None, &Job::new()).expect("a count"));
        })
    }

    /// How many records hold one of `literals`; each is asked once.
    pub fn count_literal(&self, literals: &[&str]) -> Duration {
        let mut next = literals.iter();
        timed(literals.len(), || {
            let filter = text(TextPattern::Literal((*next.next().expect("one a round")).to_owned()));
            black_box(self.source.count(&filter, None, &Job::new()).expect("a count"));
        })
    }

    /// The first fifty records that hold one of `literals`.
    pub fn first_page(&self, literals: &[&str]) -> Duration {
        let mut next = literals.iter();
        timed(literals.len(), || {
            let filter = text(TextPattern::Literal((*next.next().expect("one a round")).to_owned()));
            let query = EventQuery { filter, range: None, start: PageStart::AtOrAfter(Timestamp(i64::MIN)), limit: 50 };
            black_box(self.source.events(&query, &Job::new()).expect("a page"));
        })
    }
}
