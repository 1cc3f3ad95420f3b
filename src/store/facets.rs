//! Values of all fields of the events of a window in one pass over their text, so that ten fields cost what one does.
//!
//! A field with more different values than an answer may hold is told as such, without any of them: each thread drops
//! it when it has met too many itself, and all together when their sum is too many, so the number of threads never shows.
//! Of very many events a sample is read: which records are in it follows from their numbers alone.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use crate::model::facets::{Facet, FacetKey, FacetPart, FacetQuery, FacetReach, FacetValue, Facets};
use crate::model::query::{GroupBy, HistogramQuery};

use super::events::Events;
use super::sample::OneIn;
use super::{StoreError, Watch};

/// Events between two words on how far it is: a word costs as much as some ten events.
const STRIDE: usize = 256;

/// A field that fewer than one in so many events have stands behind the others.
const RARE: u64 = 100;

/// The values of one field.
#[derive(Default)]
struct Values {
    n_events: u64,
    /// `None` once there are too many.
    counts: Option<HashMap<String, u64>>,
}

/// The fields of a stretch of events.
#[derive(Default)]
struct Tally {
    fields: HashMap<String, Values>,
    n_untold: usize,
    n_read: u64,
}

impl Events<'_> {
    /// Counts values. O(events of the window).
    pub fn facets(&self, query: &FacetQuery, watch: &Watch<'_>) -> Result<Facets, StoreError> {
        match query.part {
            FacetPart::Columns => {
                let facets =
                    [(FacetKey::Level, GroupBy::Level), (FacetKey::Service, GroupBy::Service), (FacetKey::Source, GroupBy::Source)]
                        .into_iter()
                        .map(|(key, by)| self.column_facet(query, (key, vec![by]), watch))
                        .collect::<Result<Vec<_>, _>>()?;
                Ok(Facets { n_events: facets.first().map_or(0, |facet| facet.n_events), facets })
            }
            FacetPart::Fields => self.field_facets(query, watch),
        }
    }

    fn histogram_query(query: &FacetQuery, by: Vec<GroupBy>) -> HistogramQuery {
        HistogramQuery { filter: query.filter.clone(), range: query.range, columns: NonZeroUsize::MIN, by }
    }

    fn column_facet(&self, query: &FacetQuery, (key, by): (FacetKey, Vec<GroupBy>), watch: &Watch<'_>) -> Result<Facet, StoreError> {
        let groups = self.histogram(&Self::histogram_query(query, by), watch)?.groups;
        let value = |(group, counts): (Vec<String>, Vec<u64>)| {
            let mut parts = group.into_iter();
            FacetValue { value: parts.next().unwrap_or_default(), label: parts.next(), count: counts.into_iter().sum() }
        };
        Ok(Facet::of(key, groups.into_iter().map(value).collect()))
    }

    fn field_facets(&self, query: &FacetQuery, watch: &Watch<'_>) -> Result<Facets, StoreError> {
        let patterns = self.column_facet(query, (FacetKey::Pattern, vec![GroupBy::Pattern, GroupBy::Template]), watch)?;
        let n_events = patterns.n_events;
        let one_in = match query.reach {
            FacetReach::Sample => n_events.div_ceil(Facets::MOST_READ),
            FacetReach::All => 1,
        };
        let sample = OneIn::new(one_in);
        watch.expect(usize::try_from(n_events / one_in.max(1)).unwrap_or(usize::MAX));
        let question = Self::histogram_query(query, Vec::new());
        let tallies = self.each_detail(&question, sample, watch, |tally: &mut Tally, fields: &[(String, String)]| {
            tally.n_untold += 1;
            tally.n_read += 1;
            if tally.n_untold == STRIDE {
                tally.n_untold = 0;
                watch.advance(STRIDE, STRIDE as u64);
            }
            for (name, value) in fields {
                tally.add(name, value);
            }
        })?;
        let n_read = tallies.iter().map(|tally| tally.n_read).sum::<u64>();
        let mut all: BTreeMap<String, Values> = BTreeMap::new();
        for (name, values) in tallies.into_iter().flat_map(|tally| tally.fields) {
            match all.entry(name) {
                std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(values)),
                std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().take(values),
            }
        }
        let mut fields: Vec<Facet> = all.into_iter().map(|(name, values)| values.facet(name, (one_in > 1).then_some(n_read))).collect();
        // What few events have tells little, one value in all of them nothing apart, and too many nothing together.
        let rank = |facet: &Facet| match facet.n_values {
            Some(2..) if facet.n_events * RARE >= n_read => 0,
            Some(n) if n > 1 || facet.n_events < n_read => 1,
            Some(_) => 2,
            None => 3,
        };
        fields.sort_by_key(|facet| (rank(facet), facet.n_values, facet.key.clone()));
        let facets = std::iter::once(patterns).filter(|facet| n_events > 0 && facet.n_values > Some(0)).chain(fields).collect();
        Ok(Facets { n_events, facets })
    }
}

impl Tally {
    fn add(&mut self, name: &str, value: &str) {
        if value.is_empty() || value.len() > Facets::LONGEST * 4 || value.contains('\n') {
            return;
        }
        if !self.fields.contains_key(name) {
            self.fields.insert(name.to_owned(), Values { n_events: 0, counts: Some(HashMap::new()) });
        }
        let Some(values) = self.fields.get_mut(name) else { return };
        values.n_events += 1;
        let Some(counts) = &mut values.counts else { return };
        if let Some(count) = counts.get_mut(value) {
            *count += 1;
        } else if counts.len() < Facets::MOST_VALUES {
            counts.insert(value.to_owned(), 1);
        } else {
            values.counts = None;
        }
    }
}

impl Values {
    fn take(&mut self, more: Self) {
        self.n_events += more.n_events;
        let (Some(counts), Some(new)) = (&mut self.counts, more.counts) else {
            self.counts = None;
            return;
        };
        for (value, count) in new {
            *counts.entry(value).or_default() += count;
        }
        if counts.len() > Facets::MOST_VALUES {
            self.counts = None;
        }
    }

    fn facet(self, name: String, sample: Option<u64>) -> Facet {
        let key = FacetKey::Field(name);
        let Some(counts) = self.counts else { return Facet { key, n_events: self.n_events, values: Vec::new(), n_values: None, sample } };
        let value = |(value, count)| FacetValue { value, label: None, count };
        Facet { sample, ..Facet::of(key, counts.into_iter().map(value).collect()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::query::EventFilter;
    use crate::model::{TimeRange, Timestamp};
    use crate::store::filter::Selections;
    use crate::store::testing::{log, watch};

    fn counted(logs: &[std::sync::Arc<crate::store::log::Log>], jobs: usize, part: FacetPart) -> Facets {
        let selections = Selections::default();
        let events = Events { logs, selections: &selections, jobs };
        let range = TimeRange::new(Timestamp(0), Timestamp(10_000));
        events.facets(&FacetQuery { filter: EventFilter::default(), range, part, reach: FacetReach::Sample }, &watch()).unwrap()
    }

    fn told(facet: &Facet) -> String {
        let values = facet.values.iter().map(|value| format!("{}×{}", value.value, value.count)).collect::<Vec<_>>();
        format!("{} {:?} {}", facet.key.name(), facet.n_values, values.join(" "))
    }

    #[test]
    fn every_value_of_every_field_is_counted_and_few_values_come_first() {
        let text: String = (0..1_500).map(|n| format!("{n} info s id={n} kind={} all=x\n", ["a", "b", "a"][n % 3])).collect();
        let logs = [log(0, "p", &text, 100), log(1, "q", "1 warn t kind=c all=x\n", 9)];
        let columns = counted(&logs, 2, FacetPart::Columns);
        assert_eq!(columns.n_events, 1_501);
        assert_eq!(columns.facets.iter().map(told).collect::<Vec<_>>()[..1], ["level Some(2) info×1500 warn×1"]);
        let one = counted(&logs, 1, FacetPart::Fields);
        let fields: Vec<String> =
            one.facets.iter().filter(|facet| matches!(&facet.key, FacetKey::Field(name) if name != "word")).map(told).collect();
        assert_eq!(fields, ["kind Some(3) a×1000 b×500 c×1", "all Some(1) x×1501", "id None "]);
        assert_eq!(one, counted(&logs, 3, FacetPart::Fields), "threads never show");
    }

    #[test]
    fn of_very_many_events_fields_are_counted_in_a_stated_sample_spread_over_all_and_the_same_every_time() {
        // More than twice what is read: the kind changes half way, and every second line has a mark.
        let n = 2 * Facets::MOST_READ as usize + 100;
        let kind = |i: usize| if i < n / 2 { "early" } else { "late" };
        let text: String = (0..n).map(|i| format!("{} info s kind={} mark={}\n", i % 9_000, kind(i), i % 2)).collect();
        let ask = |chunk: usize, jobs: usize, reach| {
            let (logs, selections) = ([log(0, "p", &text, chunk)], Selections::default());
            let range = TimeRange::new(Timestamp(0), Timestamp(10_000));
            let query = FacetQuery { filter: EventFilter::default(), range, part: FacetPart::Fields, reach };
            Events { logs: &logs, selections: &selections, jobs }.facets(&query, &watch()).unwrap()
        };
        let sampled = ask(7_000, 2, FacetReach::Sample);
        assert_eq!(sampled, ask(999, 1, FacetReach::Sample), "neither threads nor chunks show");
        let of = |facets: &Facets, name: &str| facets.facets.iter().find(|facet| facet.key.name() == name).cloned().unwrap();
        assert_eq!(sampled.n_events, n as u64);
        for name in ["kind", "mark"] {
            let facet = of(&sampled, name);
            let size = facet.sample.expect("a sample, and its size");
            assert!((Facets::MOST_READ / 2..=Facets::MOST_READ).contains(&size) && facet.n_events == size, "{size}");
            assert!(facet.values.iter().all(|value| value.count.abs_diff(size / 2) < size / 50), "{:?}", facet.values);
        }
        let all = of(&ask(7_000, 2, FacetReach::All), "mark");
        assert_eq!((all.sample, all.values[0].count), (None, n as u64 / 2));
        assert_eq!(of(&sampled, "pattern").sample, None, "patterns are counted in all");
    }
}
