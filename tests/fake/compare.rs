//! What differs between two windows of the invented incident.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use coroner::analysis::compare::{self, Target, Verdict};
use coroner::model::compare::{Basis, CompareQuery, CountChange, Counted, Counts, Difference};
use coroner::model::{Event, Level, TimeRange};

use super::patterns::pattern_of;
use super::{Fake, words};

impl Fake {
    pub fn compare(&self, query: &CompareQuery) -> Difference {
        let mut found = Difference { baseline: query.baseline, window: query.window, ..Difference::default() };
        let n = NonZeroUsize::new(60).expect("not zero");
        for meta in self.catalog.series.iter().filter(|meta| !compare::is_bucket(meta)) {
            found.tally.n_compared += 1;
            match compare::series(meta, Target::Known, &self.columns(meta.id, query.baseline, n), &self.columns(meta.id, query.window, n)) {
                Verdict::Differs(change) => found.series.push(*change),
                Verdict::Few => found.tally.n_few += 1,
                Verdict::Alike => {}
            }
        }
        compare::rank(&mut found.series, &|change| change.name.clone());
        found.tally.n_differ = found.series.len() as u64;
        let within = |range: TimeRange| {
            self.events.iter().filter(move |event| Self::passes(event, &query.filter) && event.time.is_some_and(|at| range.contains(at)))
        };
        found.n_events = (within(query.baseline).count() as u64, within(query.window).count() as u64);
        found.n_read = found.n_events;
        let lengths = (query.baseline.len_ns().unsigned_abs(), query.window.len_ns().unsigned_abs());
        let counts = |key: &dyn Fn(&Event) -> String, what: &dyn Fn(&str) -> Counted, of, basis| {
            let mut seen: BTreeMap<String, (u64, u64)> = BTreeMap::new();
            within(query.baseline).for_each(|event| seen.entry(key(event)).or_default().0 += 1);
            within(query.window).for_each(|event| seen.entry(key(event)).or_default().1 += 1);
            Counts::of(seen.iter().filter_map(|(name, n)| CountChange::of(what(name), *n, of, basis)).collect())
        };
        let level = |name: &str| Counted::Level(Level::ALL.into_iter().find(|level| level.name() == name).expect("a level"));
        found.levels = counts(&|event| event.level.name().to_owned(), &level, lengths, Basis::Rate);
        let service = |name: &str| Counted::Service(name.to_owned());
        found.services = counts(&|event| event.service.clone().unwrap_or_default(), &service, lengths, Basis::Rate);
        let template = |name: &str| {
            let id = name.parse().expect("a number");
            let all = words(&[], None).patterns;
            let template =
                all.iter().find(|pattern| pattern.id == id).map_or_else(|| format!("pattern {id}"), |pattern| pattern.template.clone());
            Counted::Pattern(id, template)
        };
        found.patterns = counts(&|event| pattern_of(event).to_string(), &template, found.n_events, Basis::Share);
        let value = |name: &str| Counted::Value("thread".into(), name.to_owned());
        found.values = counts(&|event| format!("worker-{}", u8::from(event.level >= Level::Error)), &value, found.n_events, Basis::Share);
        found.fields_left_out = vec![("latency_ms".into(), "100 or more values".into())];
        found
    }
}
