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
