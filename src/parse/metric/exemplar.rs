//! Exemplars on their way to a document: each once, and no more than memory should hold.
//!
//! A scrape repeats the exemplars of the one before it until new ones come.

use std::collections::HashSet;

use crate::model::catalog::Problems;
use crate::model::{Exemplar, ProblemKind};

use super::Place;

/// Exemplars that one source may hold; further ones are only counted.
const MAX_KEPT: usize = 100_000;

/// Those of one source.
#[derive(Debug, Default)]
pub(super) struct Exemplars {
    kept: Vec<Exemplar>,
    seen: HashSet<(String, crate::model::Labels, i64, u64, crate::model::Labels)>,
    n_beyond: u64,
}

impl Exemplars {
    /// Takes one that was not there before.
    pub fn push(&mut self, exemplar: Exemplar) {
        if self.kept.len() >= MAX_KEPT {
            self.n_beyond += 1;
            return;
        }
        let Exemplar { name, labels, time, value, own, .. } = &exemplar;
        if self.seen.insert((name.clone(), labels.clone(), time.0, value.to_bits(), own.clone())) {
            self.kept.push(exemplar);
        }
    }

    /// All of them, and a word on those that were left out.
    pub fn finish(self, problems: &mut Problems) -> Vec<Exemplar> {
        if self.n_beyond > 0 {
            let reason = format!("{} exemplars beyond the first {MAX_KEPT} are not kept", self.n_beyond);
            problems.push(Place::default().problem(ProblemKind::Limit, reason));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Labels, SourceId, Timestamp};

    fn exemplar(time: i64, value: f64, trace: &str) -> Exemplar {
        let own = Labels::new(vec![("trace_id".to_owned(), trace.to_owned())]);
        Exemplar { name: "a_bucket".into(), labels: Labels::default(), time: Timestamp(time), value, own, source: SourceId::default() }
    }

    #[test]
    fn an_exemplar_that_a_later_scrape_repeats_is_kept_once() {
        let mut exemplars = Exemplars::default();
        for (time, value, trace) in [(1, 0.5, "a"), (1, 0.5, "a"), (2, 0.5, "a"), (1, 0.7, "a"), (1, 0.5, "b"), (1, 0.5, "a")] {
            exemplars.push(exemplar(time, value, trace));
        }
        let mut problems = Problems::default();
        let kept = exemplars.finish(&mut problems);
        let told: Vec<_> = kept.iter().map(|one| (one.time.0, one.value, one.trace_id().unwrap_or_default())).collect();
        assert_eq!(told, [(1, 0.5, "a"), (2, 0.5, "a"), (1, 0.7, "a"), (1, 0.5, "b")]);
        assert_eq!(problems.total(), 0);
    }

    #[test]
    fn exemplars_beyond_the_limit_are_counted() {
        let mut exemplars = Exemplars::default();
        (0..MAX_KEPT as i64 + 3).for_each(|time| exemplars.push(exemplar(time, 1.0, "a")));
        let mut problems = Problems::default();
        assert_eq!(exemplars.finish(&mut problems).len(), MAX_KEPT);
        assert!(problems.kept()[0].reason.starts_with("3 exemplars beyond"), "{problems:?}");
    }
}
