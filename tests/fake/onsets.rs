//! When something of the invented incident left its own baseline.

use coroner::analysis::onset::{self, COUNT_STRETCHES, SERIES_STRETCHES};
use coroner::model::Level;
use coroner::model::onset::{Onset, OnsetOf, OnsetQuery};

use super::Fake;

impl Fake {
    pub fn onsets(&self, query: &OnsetQuery) -> Vec<Onset> {
        let mut onsets = Vec::new();
        for id in &query.ids {
            let meta = &self.catalog.series[id.0 as usize];
            onsets.extend(onset::of_series(meta, query.baseline, &self.columns(*id, query.range, SERIES_STRETCHES)));
        }
        let mut counts = vec![0; COUNT_STRETCHES.get()];
        for event in self.events.iter().filter(|event| Self::passes(event, &query.filter) && event.level >= Level::Error) {
            if let Some(column) = event.time.and_then(|at| query.range.column_of(at, COUNT_STRETCHES)) {
                counts[column] += 1;
            }
        }
        onsets.extend(onset::of_counts(OnsetOf::Events(Some(Level::Error)), query.baseline, query.range, &counts));
        onsets.sort_by_key(|onset| (onset.at, onset.of));
        onsets
    }
}
