//! A series as one line of block characters, so that the document speaks without its pictures.

use crate::model::Sample;
use crate::model::TimeRange;
use std::num::NonZeroUsize;

/// Eight heights; a column without a sample is `·`.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Greatest finite value of each of `n` equal columns; `None` is a gap. O(samples).
pub fn maxima(samples: &[Sample], range: TimeRange, n: NonZeroUsize) -> Vec<Option<f64>> {
    let mut columns = vec![None; n.get()];
    for sample in samples.iter().filter(|sample| sample.value.is_finite()) {
        if let Some(column) = range.column_of(sample.time, n) {
            columns[column] = Some(columns[column].map_or(sample.value, |max: f64| max.max(sample.value)));
        }
    }
    columns
}

/// Draws columns between 0 (or the least value, if it is below) and the greatest. Empty when there is no value.
pub fn draw(columns: &[Option<f64>]) -> String {
    let values = || columns.iter().flatten().copied().filter(|value| value.is_finite());
    if values().next().is_none() {
        return String::new();
    }
    let low = values().fold(0.0, f64::min);
    let high = values().fold(f64::MIN, f64::max);
    let height = |value: f64| {
        // Halved first: the span of two great numbers of different sign is no finite number.
        let share = if high > low { (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) } else { 0.0 };
        BLOCKS[((share * 8.0) as usize).min(7)]
    };
    columns.iter().map(|column| column.filter(|value| value.is_finite()).map_or('·', height)).collect()
}

/// Joins neighbours so that at most `n` columns are left; the greatest value of each group stays.
pub fn narrow(columns: &[Option<f64>], n: NonZeroUsize) -> Vec<Option<f64>> {
    let size = columns.len().div_ceil(n.get()).max(1);
    columns.chunks(size).map(|group| group.iter().flatten().copied().reduce(f64::max)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_stays_a_gap_and_a_spike_stays_a_spike() {
        assert_eq!(draw(&[Some(0.0), None, Some(8.0), Some(4.0)]), "▁·█▅");
        assert_eq!(draw(&[Some(f64::MAX), Some(f64::MIN)]), "█▁");
        assert_eq!(draw(&[None, None]), "");
        assert_eq!(draw(&[Some(0.0), Some(0.0)]), "▁▁");
        let two = NonZeroUsize::new(2).unwrap();
        assert_eq!(narrow(&[Some(1.0), Some(9.0), Some(1.0), None], two), [Some(9.0), Some(1.0)]);
    }
}
