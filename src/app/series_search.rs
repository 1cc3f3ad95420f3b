//! Series of the catalog as lines of a picker, made only for what is typed.
//!
//! A catalog may hold a million series; a key must not wait for them. So a cheap test of letters goes over at most
//! `LOOKED_THROUGH` of them, and only `LISTED` that pass become lines. What is left out is counted and said.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::overlay::{PickItem, PickValue};
use super::panels;
use crate::model::{Catalog, SeriesId, SeriesMeta, text};

/// More lines than anybody scrolls through; each costs a fuzzy match a key.
const LISTED: usize = 1_000;
/// A pass over so many series takes about 20 ms.
const LOOKED_THROUGH: usize = 200_000;

/// The series that a picker offers besides its own lines.
#[derive(Debug, Clone)]
pub(crate) struct SeriesSearch {
    catalog: Arc<Catalog>,
    /// Listed by the picker itself.
    left_out: BTreeSet<SeriesId>,
    /// How many fit what is typed, among those looked through.
    n_fitting: usize,
    n_listed: usize,
}

impl SeriesSearch {
    pub(crate) fn new(catalog: Arc<Catalog>, left_out: BTreeSet<SeriesId>) -> Self {
        Self { catalog, left_out, n_fitting: 0, n_listed: 0 }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// From now on the picker lists this one itself.
    pub(crate) fn leave_out(&mut self, id: SeriesId) {
        self.left_out.insert(id);
    }

    /// How many series there are beyond the picker's own lines.
    pub(crate) fn len(&self) -> usize {
        self.catalog.series.len().saturating_sub(self.left_out.len())
    }

    /// Lines for the series whose letters can fit the query, in the order of the catalog. O(`LOOKED_THROUGH`).
    pub(crate) fn lines(&mut self, query: &str) -> Vec<PickItem> {
        let catalog = Arc::clone(&self.catalog);
        let lower = query.to_lowercase();
        let sources: BTreeSet<_> = catalog
            .sources
            .iter()
            .filter(|source| !lower.is_empty() && source.path.to_lowercase().contains(&lower))
            .map(|source| source.id)
            .collect();
        let words: Vec<Vec<u8>> = lower.split_whitespace().map(letters).collect();
        let (mut tight, mut loose) = (Vec::new(), Vec::new());
        self.n_fitting = 0;
        for meta in catalog.series.iter().take(LOOKED_THROUGH).filter(|meta| !self.left_out.contains(&meta.id)) {
            if !(meta.sources().any(|source| sources.contains(&source)) || words.iter().all(|word| may_fit(word, meta))) {
                continue;
            }
            self.n_fitting += 1;
            let wanted = if words.iter().all(|word| holds(word, meta)) { &mut tight } else { &mut loose };
            if wanted.len() < LISTED {
                wanted.push(meta);
            }
        }
        // Whole words first: scattered letters must not crowd them out.
        let lines: Vec<PickItem> = tight.into_iter().chain(loose).take(LISTED).map(|meta| line(&catalog, meta, "")).collect();
        self.n_listed = lines.len();
        lines
    }

    /// What is not listed, in words; empty when everything is.
    pub(crate) fn left_out_words(&self) -> String {
        let all = self.catalog.series.len();
        let searched =
            if all > LOOKED_THROUGH { format!(", first {} series searched", text::grouped(LOOKED_THROUGH as u64)) } else { String::new() };
        match self.n_fitting.saturating_sub(self.n_listed) {
            0 => searched.trim_start_matches(", ").to_owned(),
            more => format!("{} more fit: type on{searched}", text::grouped(more as u64)),
        }
    }
}

/// One series as a line; `why` goes before its source.
pub(crate) fn line(catalog: &Catalog, meta: &SeriesMeta, why: &str) -> PickItem {
    let reference = panels::reference(catalog, meta, "");
    let label = text::printable(&reference.series).into_owned();
    let detail = format!("{why}series {}", text::printable(&reference.source));
    PickItem { label, detail, key: String::new(), value: PickValue::Series(reference) }
}

/// Letters and digits: the signs between names and labels are not looked at.
fn letters(word: &str) -> Vec<u8> {
    word.bytes().filter(u8::is_ascii_alphanumeric).collect()
}

/// Whether the letters come in this order in name and labels, whatever their case: true wherever the fuzzy match is.
fn may_fit(letters: &[u8], meta: &SeriesMeta) -> bool {
    let mut rest = letters.iter();
    let Some(mut wanted) = rest.next() else { return true };
    let labels = meta.labels.iter().flat_map(|(name, value)| name.bytes().chain(value.bytes()));
    for byte in meta.name.bytes().chain(labels) {
        if byte.to_ascii_lowercase() == *wanted {
            let Some(next) = rest.next() else { return true };
            wanted = next;
        }
    }
    false
}

/// Whether the letters stand side by side in the name or in a label's value.
fn holds(letters: &[u8], meta: &SeriesMeta) -> bool {
    let is_in = |text: &str| letters.is_empty() || text.as_bytes().windows(letters.len()).any(|part| part.eq_ignore_ascii_case(letters));
    is_in(&meta.name) || meta.labels.iter().any(|(_, value)| is_in(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(n: usize) -> SeriesSearch {
        let series = (0..n).map(|i| SeriesMeta { id: SeriesId(i as u32), name: format!("metric_{i}"), ..SeriesMeta::default() });
        SeriesSearch::new(Arc::new(Catalog { series: series.collect(), ..Catalog::default() }), BTreeSet::new())
    }

    #[test]
    fn of_very_many_series_a_part_is_listed_and_the_rest_is_counted() {
        let mut search = search(5_000);
        assert_eq!(search.lines("").len(), LISTED);
        assert_eq!(search.left_out_words(), "4 000 more fit: type on");
        assert_eq!(search.lines("metric_4999").len(), 1);
        assert_eq!(search.left_out_words(), "");
    }

    #[test]
    fn whole_words_are_listed_before_scattered_letters() {
        let mut search = search(5_000);
        assert_eq!(search.lines("4999").first().map(|line| line.label.as_str()), Some("metric_4999"));
        assert!(search.lines("49").iter().take(100).all(|line| line.label.contains("49")));
    }

    #[test]
    fn a_series_that_the_picker_lists_itself_comes_once() {
        let mut search = search(3);
        search.leave_out(SeriesId(1));
        assert_eq!((search.lines("").len(), search.len()), (2, 2));
    }
}
