//! The ghost of a panel: its baseline laid over what came after, so that both are seen at one place of the screen.
//!
//! The baseline ends at T+0, so the ghost begins there and is as long as the baseline: at T+1m it shows what was one
//! minute into the baseline. Beyond that there is nothing to compare with, and nothing is drawn.

use std::num::NonZeroUsize;

use super::panels::project;
use crate::model::series::Columns;
use crate::model::{TimeRange, Timestamp};

/// Where the ghost lies.
fn stretch(baseline: TimeRange) -> TimeRange {
    TimeRange::new(baseline.end(), baseline.end().plus_ns(baseline.len_ns()))
}

/// The earlier window whose columns are those of the visible one; `None` when the ghost is not in sight.
pub(crate) fn window(visible: TimeRange, baseline: TimeRange) -> Option<TimeRange> {
    let stretch = stretch(baseline);
    let is_in_sight = visible.start() < stretch.end() && stretch.start() < visible.end();
    let earlier = |at: Timestamp| at.plus_ns(-baseline.len_ns());
    is_in_sight.then(|| TimeRange::new(earlier(visible.start()), earlier(visible.end())))
}

/// The greatest value of the ghost in each visible column. O(columns).
pub(crate) fn lay(answer: &Columns, visible: TimeRange, columns: usize, baseline: TimeRange) -> Vec<Option<f64>> {
    let (Some(earlier), Some(n)) = (window(visible, baseline), NonZeroUsize::new(columns)) else { return Vec::new() };
    let stretch = stretch(baseline);
    let cells = project(answer.range, &answer.columns, earlier, columns);
    let middle = |column| {
        let start = visible.edge(column, n);
        Timestamp(start.0 + visible.edge(column + 1, n).since(start) / 2)
    };
    cells
        .into_iter()
        .enumerate()
        .map(|(column, cell)| cell.flatten().filter(|bucket| bucket.count > 0 && stretch.contains(middle(column))).map(|bucket| bucket.max))
        .collect()
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
        let earlier = window(visible, baseline).unwrap();
        assert_eq!(earlier, range(-20, 60));
        let bucket = |value: f64| Some(Bucket { min: value, max: value, mean: value, last: value, count: 1, n_nan: 0, n_inf: 0 });
        let cells = (-2..6).map(|tens| bucket(f64::from(tens)).filter(|_| tens >= 0)).collect();
        let answer = Columns { range: earlier, columns: cells };
        assert_eq!(lay(&answer, visible, 8, baseline), [None, None, Some(0.0), Some(1.0), None, None, None, None]);
        assert_eq!(window(range(40, 80), baseline), None);
        assert_eq!(window(range(0, 20), baseline), None);
    }
}
