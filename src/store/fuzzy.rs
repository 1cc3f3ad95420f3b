//! The events that fit typed letters best: filtered by the letters first, then only the survivors scored.
//!
//! An event is as good as its message, if that holds the letters: each different message is scored once, and no text read.
//! Segments are scored in order of time, some at once on all threads. No score is above that of a record that holds every
//! word whole, so once enough of those are found, all earlier than what is left, the rest cannot be better and is not
//! scored: a word that stands in every record costs as little as one that stands in few.

use std::collections::{BinaryHeap, HashMap};
use std::ops::ControlFlow;

use crate::model::fuzzy::Letters;
use crate::model::query::{BestEvent, BestQuery};
use crate::model::{EventRef, SourceId, Timestamp};
use crate::parse::NO_TIME;

use super::events::{Events, Place, is_inside};
use super::filter::{self, Filter, Selection, each_record};
use super::{StoreError, Watch, parallel};

/// Segments scored together, whatever the number of threads.
const TOGETHER: usize = 8;
/// Bytes of a record that are scored at most: what `fuzzy` looks at, with room for wide characters.
const SCORED_BYTES: usize = 8 << 10;

/// Order of the answer: the least is the best. Score from high to low, then time (none last), source and record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    lost: i64,
    time: i64,
    source: u32,
    record: u64,
}

impl Events<'_> {
    /// The best events, best first; of equal ones the earlier first.
    pub fn best(&self, query: &BestQuery, watch: &Watch<'_>) -> Result<Vec<BestEvent>, StoreError> {
        let filter = self.filter(&query.filter)?;
        let letters = Letters::new(&query.letters);
        let best = letters.best();
        let mut places = self.places(&filter, query.range);
        places.sort_by_key(|place| (first_time(place), place.log.source, place.at));
        watch.expect(places.iter().map(|place| place.segment().len()).sum());
        let mut found = Found { ranks: BinaryHeap::new(), limit: query.limit };
        let (mut rest, mut n_scored) = (places.as_slice(), 0);
        while !rest.is_empty() && query.limit > 0 {
            let is_enough = found.ranks.len() == query.limit
                && found.ranks.peek().is_some_and(|worst| worst.lost == 0 && worst.time < first_time(&rest[0]));
            if is_enough || n_scored >= query.budget {
                break;
            }
            let (now, later) = rest.split_at(TOGETHER.min(rest.len()));
            rest = later;
            let scored = parallel::map(
                now,
                self.jobs,
                || (filter.clone(), letters.clone()),
                |(filter, letters), place| self.score(filter, (letters, best), *place, query, watch),
            )?;
            for (ranks, n) in scored {
                n_scored += n;
                ranks.into_iter().for_each(|rank| found.add(rank));
            }
        }
        let event = |rank: Rank| BestEvent {
            id: EventRef { source: SourceId(rank.source), record: rank.record },
            time: (rank.time != i64::MAX).then_some(Timestamp(rank.time)),
            score: best - rank.lost,
        };
        Ok(found.ranks.into_sorted_vec().into_iter().map(event).collect())
    }

    /// The best of one segment, and how many were scored for it.
    fn score(
        &self,
        filter: &Filter,
        (letters, best): (&Letters, i64),
        place: Place<'_>,
        query: &BestQuery,
        watch: &Watch<'_>,
    ) -> Result<(Vec<Rank>, u64), StoreError> {
        watch.check()?;
        let segment = place.segment();
        let selection = self.selections.get(filter, place.log, place.at, watch)?;
        let is_wanted = |i: usize| selection.contains(i) && query.range.is_none_or(|range| is_inside(segment.columns.time(i), range));
        let mut wanted = vec![0u64; segment.len().div_ceil(64)];
        if *selection != Selection::None {
            (0..segment.len()).filter(|i| is_wanted(*i)).for_each(|i| wanted[i / 64] |= 1 << (i % 64));
        }
        let n_wanted: u64 = wanted.iter().map(|word| u64::from(word.count_ones())).sum();
        let rank = |i: usize, score: i64| {
            let time = segment.columns.time(i);
            let time = if time == NO_TIME { i64::MAX } else { time };
            Rank { lost: best - score.min(best), time, source: place.log.source.0, record: segment.base_record + i as u64 }
        };
        let mut found = Found { ranks: BinaryHeap::new(), limit: query.limit };
        let mut buffer = String::new();
        self.score_messages(place, (letters, query), &mut wanted, |i, score| found.add(rank(i, score)));
        let is_in_order = segment.order.is_none();
        let most = if query.budget == u64::MAX { u64::MAX } else { query.budget.div_ceil(TOGETHER as u64) };
        let mut n_scored = 0;
        each_record((place.log, place.at), &wanted, watch, |i, record| {
            // Later records of a segment in order cannot be better than the worst of enough that hold every word whole.
            if n_scored >= most || (is_in_order && !found.can_take(rank(i, best))) {
                return ControlFlow::Break(());
            }
            n_scored += 1;
            let text = String::from_utf8_lossy(&record[..record.len().min(SCORED_BYTES)]);
            found.add(rank(i, letters.score(&text, &mut buffer)));
            ControlFlow::Continue(())
        })?;
        watch.advance(segment.len(), n_wanted);
        Ok((found.ranks.into_vec(), n_scored))
    }

    /// Scores records by their message, each different one once, and takes them out of the wanted ones.
    fn score_messages(
        &self,
        place: Place<'_>,
        (letters, query): (&Letters, &BestQuery),
        wanted: &mut [u64],
        mut take: impl FnMut(usize, i64),
    ) {
        let typed = filter::letters::Letters::new(&query.letters);
        let texts = place.log.message_texts();
        let mut known: HashMap<u32, Option<i64>> = HashMap::new();
        let mut buffer = String::new();
        let columns = &place.segment().columns;
        for i in 0..columns.len {
            if wanted[i / 64] >> (i % 64) & 1 == 0 {
                continue;
            }
            let message = columns.message(i);
            let mut score = || texts.get(message).and_then(|text| typed.in_message(text)).map(|text| letters.score(&text, &mut buffer));
            if let Some(score) = *known.entry(message).or_insert_with(&mut score) {
                wanted[i / 64] &= !(1 << (i % 64));
                take(i, score);
            }
        }
    }
}

/// The best so far.
struct Found {
    ranks: BinaryHeap<Rank>,
    limit: usize,
}

impl Found {
    fn can_take(&self, rank: Rank) -> bool {
        self.ranks.len() < self.limit || self.ranks.peek().is_some_and(|worst| rank < *worst)
    }

    fn add(&mut self, rank: Rank) {
        if self.can_take(rank) {
            if self.ranks.len() >= self.limit {
                self.ranks.pop();
            }
            self.ranks.push(rank);
        }
    }
}

/// When the first record of a segment is; segments without a time come last.
fn first_time(place: &Place<'_>) -> i64 {
    place.segment().span.map_or(i64::MAX, |span| span.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventFilter;
    use crate::model::query::{TextMatch, TextPattern};
    use crate::store::filter::Selections;
    use crate::store::testing::{log, watch};
    use proptest::prelude::*;

    fn query(letters: &str, limit: usize) -> BestQuery {
        let text = vec![TextMatch { pattern: TextPattern::Fuzzy(letters.into()), is_negated: false }];
        BestQuery { filter: EventFilter { text, ..EventFilter::default() }, range: None, letters: letters.into(), limit, budget: u64::MAX }
    }

    #[test]
    fn the_best_come_first_and_of_equal_ones_the_earlier() {
        let text = "1 info s p-o-o-l\n2 info s spool\n3 info s pool\n- info s pool\n4 info s the pool\n5 info s none\n";
        let logs = [log(0, "a", text, 2)];
        let selections = Selections::default();
        let events = Events { logs: &logs, selections: &selections, jobs: 2 };
        let records = |limit| events.best(&query("pool", limit), &watch()).unwrap().iter().map(|hit| hit.id.record).collect::<Vec<_>>();
        assert_eq!(records(9)[..4], [2, 4, 3, 0], "four words of a letter each come before one inside another");
        assert_eq!(records(2), [2, 4]);
        assert_eq!(records(0), [0u64; 0]);
        let scores: Vec<i64> = events.best(&query("pool", 9), &watch()).unwrap().iter().map(|hit| hit.score).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b) && scores[0] == Letters::new("pool").best(), "{scores:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn ending_early_never_changes_what_is_best(
            words in prop::collection::vec((0i64..20, "[abx]{1,4}( [ab]{1,3})?"), 0..80), letters in "[ab]{1,3}( [ab])?",
            lines in 1usize..20, limit in 0usize..9,
        ) {
            let text: String = words.iter().map(|(time, word)| format!("{time} info s {word}\n")).collect();
            let logs = [log(0, "a", &text, lines), log(1, "b", &text, 7)];
            let selections = Selections::default();
            let events = Events { logs: &logs, selections: &selections, jobs: 2 };
            let mut all = events.best(&query(&letters, usize::MAX), &watch()).unwrap();
            prop_assert_eq!(all.len() as u64, events.count(&query(&letters, 0).filter, None, &watch()).unwrap());
            all.truncate(limit);
            prop_assert_eq!(events.best(&query(&letters, limit), &watch()).unwrap(), all);
        }
    }
}
