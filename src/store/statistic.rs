//! One number over the values of a cell: least, greatest, sum, mean, quantile. Exact; values are kept as narrow as they came.

use std::cmp::Ordering;

use crate::model::query::StatKind;

/// How a value is kept until its statistic is computed.
pub(super) trait Kept: Copy + Clone + Default + Send {
    fn of(value: f64) -> Self;
    fn get(self) -> f64;
    fn order(&self, other: &Self) -> Ordering;
}

impl Kept for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn get(self) -> f64 {
        self
    }

    fn order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}

/// For numbers that came from an `f32`.
impl Kept for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }

    fn get(self) -> f64 {
        f64::from(self)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}

/// One number over values, which are put in another order; `None` without a value. O(n).
pub(super) fn statistic<T: Kept>(kind: StatKind, values: &mut [T]) -> Option<f64> {
    let n = values.len();
    Some(match kind {
        _ if n == 0 => return None,
        StatKind::Min => values.iter().min_by(|a, b| a.order(b))?.get(),
        StatKind::Max => values.iter().max_by(|a, b| a.order(b))?.get(),
        StatKind::Sum => values.iter().map(|value| value.get()).sum(),
        StatKind::Mean => values.iter().map(|value| value.get()).sum::<f64>() / n as f64,
        StatKind::Quantile(q) => {
            let place = q.clamp(0.0, 1.0) * (n - 1) as f64;
            let (below, share) = (place.floor() as usize, place.fract());
            let (_, low, above) = values.select_nth_unstable_by(below.min(n - 1), T::order);
            let low = low.get();
            match above.iter().min_by(|a, b| a.order(b)) {
                Some(high) if share > 0.0 => low + (high.get() - low) * share,
                _ => low,
            }
        }
    })
}
