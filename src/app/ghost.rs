//! The ghost of a panel: an earlier window laid over what came later, so that both are seen at one place of the screen.
//!
//! Usually that is the baseline. It ends at T+0, so the ghost begins there and is as long as the baseline: at T+1m it
//! shows what was one minute into the baseline. Beyond that there is nothing to compare with, and nothing is drawn. A
//! ghost of an hour ago has no end.

use std::num::NonZeroUsize;

use super::columns::project;
use crate::model::case::Earlier;
use crate::model::series::Columns;
use crate::model::{TimeRange, Timestamp};

/// How far a ghost is moved and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ghost {
    shift_ns: i64,
    /// Everywhere without one.
    stretch: Option<TimeRange>,
}

impl Ghost {
    /// That of the chosen earlier window, else of the baseline; `None` when T+0 or baseline is not known.
    pub(crate) fn of(earlier: Option<Earlier>, baseline: Option<TimeRange>, t0: Option<Timestamp>) -> Option<Self> {
        let from = |start: Timestamp, ns: i64| Self { shift_ns: ns, stretch: Some(TimeRange::new(start, start.plus_ns(ns))) };
        match earlier {
            None => baseline.map(|baseline| from(baseline.end(), baseline.len_ns())),
            Some(Earlier::Shifted(ns)) => Some(Self { shift_ns: ns, stretch: None }),
            Some(Earlier::BeforeT0(ns)) => t0.map(|t0| from(t0, ns)),
        }
    }

    /// The earlier window whose columns are those of the visible one; `None` when the ghost is not in sight.
    pub(crate) fn window(self, visible: TimeRange) -> Option<TimeRange> {
        let is_in_sight = self.stretch.is_none_or(|stretch| visible.start() < stretch.end() && stretch.start() < visible.end());
        let earlier = |at: Timestamp| at.plus_ns(-self.shift_ns);
        is_in_sight.then(|| TimeRange::new(earlier(visible.start()), earlier(visible.end())))
    }

    /// The greatest value of the ghost in each visible column. O(columns).
    pub(crate) fn lay(self, answer: &Columns, visible: TimeRange, columns: usize) -> Vec<Option<f64>> {
        let (Some(earlier), Some(n)) = (self.window(visible), NonZeroUsize::new(columns)) else { return Vec::new() };
        let cells = project(answer.range, &answer.columns, earlier, columns);
        let middle = |column| {
            let start = visible.edge(column, n);
            Timestamp(start.0 + visible.edge(column + 1, n).since(start) / 2)
        };
        let is_there = |column| self.stretch.is_none_or(|stretch| stretch.contains(middle(column)));
        cells
            .into_iter()
            .enumerate()
            .map(|(column, cell)| cell.flatten().filter(|bucket| bucket.count > 0 && is_there(column)).map(|bucket| bucket.max))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::series::Bucket;

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange::new(Timestamp(start), Timestamp(end))
    }

    #[test]
    fn a_ghost_begins_at_the_end_of_the_baseline_and_is_as_long() {
        let (visible, baseline) = (range(0, 80), range(0, 20));
        let ghost = Ghost::of(None, Some(baseline), None).unwrap();
        let earlier = ghost.window(visible).unwrap();
        assert_eq!(earlier, range(-20, 60));
        let bucket = |value: f64| Some(Bucket { min: value, max: value, mean: value, last: value, count: 1, n_nan: 0, n_inf: 0 });
        let cells = (-2..6).map(|tens| bucket(f64::from(tens)).filter(|_| tens >= 0)).collect();
        let answer = Columns { range: earlier, columns: cells };
        assert_eq!(ghost.lay(&answer, visible, 8), [None, None, Some(0.0), Some(1.0), None, None, None, None]);
        assert_eq!(ghost.window(range(40, 80)), None);
        assert_eq!(ghost.window(range(0, 20)), None);
        // The same baseline named by its length, and a ghost without an end.
        assert_eq!(Ghost::of(Some(Earlier::BeforeT0(20)), None, Some(Timestamp(20))), Some(ghost));
        assert_eq!(Ghost::of(Some(Earlier::BeforeT0(20)), None, None), None);
        let shifted = Ghost::of(Some(Earlier::Shifted(20)), None, None).unwrap();
        let seen = [None, None, Some(0.0), Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0)];
        assert_eq!((shifted.window(visible), shifted.lay(&answer, visible, 8)), (Some(earlier), seen.to_vec()));
    }
}
