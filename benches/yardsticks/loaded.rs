//! Questions to a loaded log, through the same door as the screen.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use coroner::model::query::{GroupBy, HistogramQuery, PageStart, Stat, StatKind, StatsQuery, TextMatch, TextPattern};
use coroner::model::{EventFilter, EventQuery, TimeRange, Timestamp};
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source};

use crate::programs::median;

/// A log that is loaded once and asked many times.
pub struct Loaded {
    source: FileSource,
    extent: TimeRange,
}

/// Loads with both cores. Panics when the log does not load: a bench has nothing better to do.
pub fn load(path: &Path) -> Loaded {
    let options = OpenOptions { sources: vec![path.to_owned()], ..OpenOptions::default() };
    let source = open(options).expect("opens");
    source.load(&Job::new(), &|| {}).expect("loads");
    let catalog = source.catalog(&Job::new()).expect("a catalog");
    let extent = catalog.extent.expect("a log with times");
    Loaded { source, extent }
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
