//! What differs between a range and the baseline, as it was asked last: a comparison stays as it is while one looks at
//! its evidence, until the next is asked for.

use crate::model::compare::{CompareQuery, CountChange, Difference, SeriesChange, SeriesOrder};

use super::message::Progress;

/// The pane.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compared {
    /// What was asked last; `None` before the first time.
    pub(crate) query: Option<CompareQuery>,
    pub(crate) found: Option<Box<Difference>>,
    pub(crate) progress: Option<Progress>,
    pub(crate) order: SeriesOrder,
}

/// Which of the differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Series(usize),
    Level(usize),
    Service(usize),
    Pattern(usize),
    Value(usize),
}

impl Compared {
    /// Takes the answer.
    pub(crate) fn take(&mut self, found: Difference) {
        self.progress = None;
        self.found = Some(Box::new(found));
    }

    pub(crate) fn series(&self, index: usize) -> Option<&SeriesChange> {
        self.found.as_ref()?.series.get(index)
    }

    pub(crate) fn count(&self, found: Found) -> Option<&CountChange> {
        let all = self.found.as_ref()?;
        match found {
            Found::Series(_) => None,
            Found::Level(index) => all.levels.told.get(index),
            Found::Service(index) => all.services.told.get(index),
            Found::Pattern(index) => all.patterns.told.get(index),
            Found::Value(index) => all.values.told.get(index),
        }
    }
}
