//! Answers at screen width, laid over the visible window: projected while a newer answer is under way, halves of a
//! column put together, several series summed up.

use std::num::NonZeroUsize;

use crate::model::series::Bucket;
use crate::model::{Columns, TimeRange, Timestamp};

/// Lays cells of one range over the columns of another by the time of each column's middle; `None` outside. O(columns).
pub(crate) fn project<T: Clone>(from: TimeRange, cells: &[T], visible: TimeRange, columns: usize) -> Vec<Option<T>> {
    let (Some(n_from), Some(n_to)) = (NonZeroUsize::new(cells.len()), NonZeroUsize::new(columns)) else {
        return vec![None; columns];
    };
    (0..columns)
        .map(|column| {
            let start = visible.edge(column, n_to);
            let middle = Timestamp(start.0 + visible.edge(column + 1, n_to).since(start) / 2);
            from.column_of(middle, n_from).and_then(|index| cells.get(index).cloned())
        })
        .collect()
}

/// An answer over the visible window, and whether it is for that very window. Nothing without an answer.
pub(crate) fn lay(answer: Option<&Columns>, visible: TimeRange, columns: usize) -> (Vec<Option<Bucket>>, bool) {
    match answer {
        Some(answer) if answer.range == visible && answer.columns.len() == columns => (answer.columns.clone(), true),
        Some(answer) => (project(answer.range, &answer.columns, visible, columns).into_iter().map(Option::flatten).collect(), false),
        None => (Vec::new(), false),
    }
}

/// One column of every `n` neighbours.
pub(crate) fn together(cells: &[Option<Bucket>], n: usize) -> Vec<Option<Bucket>> {
    cells.chunks(n.max(1)).map(|part| part.iter().flatten().copied().reduce(merged)).collect()
}

/// All samples of both, the second later.
fn merged(a: Bucket, b: Bucket) -> Bucket {
    let (n_nan, n_inf) = (a.n_nan + b.n_nan, a.n_inf + b.n_inf);
    let numbers = match (a.count, b.count) {
        (0, _) => b,
        (_, 0) => a,
        (n, m) => {
            let mean = (a.mean * f64::from(n) + b.mean * f64::from(m)) / f64::from(n + m);
            let (min, max) = (a.min.min(b.min), a.max.max(b.max));
            Bucket { min, max, mean: mean.clamp(min, max), last: b.last, count: n + m, ..b }
        }
    };
    Bucket { n_nan, n_inf, ..numbers }
}

/// Column by column the sum of several series; a series without a number adds nothing.
pub(crate) fn sum(parts: &[Vec<Option<Bucket>>]) -> Vec<Option<Bucket>> {
    let n = parts.iter().map(Vec::len).max().unwrap_or(0);
    let of = |column: usize| {
        let cells = parts.iter().filter_map(|part| part.get(column).copied().flatten());
        cells.reduce(|a, b| match (a.count, b.count) {
            (0, _) => b,
            (_, 0) => a,
            _ => Bucket {
                min: a.min + b.min,
                max: a.max + b.max,
                mean: a.mean + b.mean,
                last: a.last + b.last,
                count: a.count.max(b.count),
                n_nan: a.n_nan + b.n_nan,
                n_inf: a.n_inf + b.n_inf,
            },
        })
    };
    (0..n).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "cells may be empty")]
    fn bucket(min: f64, max: f64) -> Option<Bucket> {
        Some(Bucket { min, max, mean: f64::midpoint(min, max), last: max, count: 2, n_nan: 0, n_inf: 0 })
    }

    #[test]
    fn old_cells_keep_their_time_in_a_new_window() {
        let range = |a, b| TimeRange::new(Timestamp(a), Timestamp(b));
        assert_eq!(project(range(0, 40), &[1, 2, 3, 4], range(20, 60), 4), [Some(3), Some(4), None, None]);
        assert_eq!(project(range(0, 40), &[1, 2, 3, 4], range(10, 20), 2), [Some(2), Some(2)]);
        assert_eq!(project::<u8>(range(0, 40), &[], range(10, 20), 2), [None, None]);
    }

    #[test]
    fn two_halves_of_a_column_keep_its_spike_and_its_gap() {
        let nan = Some(Bucket { count: 0, n_nan: 1, ..bucket(0.0, 0.0).unwrap() });
        let cells = [bucket(1.0, 3.0), bucket(0.0, 9.0), None, None, nan, bucket(2.0, 2.0)];
        let whole = together(&cells, 2);
        let first = whole[0].unwrap();
        assert_eq!((first.min, first.max, first.mean, first.last, first.count), (0.0, 9.0, 3.25, 9.0, 4));
        assert_eq!(whole[1], None);
        assert_eq!(whole[2].map(|bucket| (bucket.max, bucket.count, bucket.n_nan)), Some((2.0, 2, 1)));
    }

    #[test]
    fn parts_add_up_where_there_are_numbers() {
        let total = sum(&[vec![bucket(1.0, 2.0), None], vec![bucket(3.0, 4.0), bucket(5.0, 5.0)], vec![None]]);
        assert_eq!(
            total.iter().map(|cell| cell.map(|bucket| (bucket.min, bucket.max))).collect::<Vec<_>>(),
            [Some((4.0, 6.0)), Some((5.0, 5.0))]
        );
    }
}
