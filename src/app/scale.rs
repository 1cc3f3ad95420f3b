//! The axis of a panel, linear or logarithmic, and where on it a value lies.

use crate::model::series::Bucket;

/// How values become heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scale {
    #[default]
    Linear,
    /// Zero and negative values have no place on it: they lie at the floor and are marked.
    Log,
}

impl Scale {
    /// Least and greatest of the axis for these values. A limit in reach is included.
    pub(crate) fn axis(self, shown: &[Option<Bucket>], ghost: &[Option<f64>], limit: Option<f64>) -> (f64, f64) {
        let ranges = shown.iter().flatten().filter(|bucket| bucket.count > 0).map(|bucket| (bucket.min, bucket.max));
        let all = ranges.chain(ghost.iter().flatten().map(|value| (*value, *value)));
        match self {
            Self::Linear => linear(all, limit),
            Self::Log => logarithmic(all, limit),
        }
    }

    /// Share of the height, 0 … 1. O(1).
    pub(crate) fn share(self, (low, high): (f64, f64), value: f64) -> f64 {
        match self {
            Self::Linear => ((value - low) / (high - low)).clamp(0.0, 1.0),
            Self::Log if value <= 0.0 => 0.0,
            Self::Log => ((value.log10() - low.log10()) / (high.log10() - low.log10())).clamp(0.0, 1.0),
        }
    }

    /// The mark of a value that has no place on the axis.
    pub(crate) fn floor_sign(self, value: f64) -> Option<char> {
        match self {
            Self::Log if value < 0.0 => Some('<'),
            Self::Log if value == 0.0 => Some('0'),
            _ => None,
        }
    }
}

/// Zero to the greatest value; from the least one when the values stay far from zero.
fn linear(all: impl Iterator<Item = (f64, f64)>, limit: Option<f64>) -> (f64, f64) {
    let (mut low, mut high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (min, max)| (low.min(min), high.max(max)));
    if low > high {
        return (0.0, 1.0);
    }
    high = limit.filter(|line| *line > high && *line <= high * 2.0).unwrap_or(high);
    let is_far_from_zero = low > 0.0 && (high - low) < high * 0.1 && high > low;
    if !is_far_from_zero {
        low = low.min(0.0);
    }
    if high <= low { (low, low + 1.0) } else { (low, high) }
}

/// The power of ten below the least positive value to the greatest one.
fn logarithmic(all: impl Iterator<Item = (f64, f64)>, limit: Option<f64>) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, 0.0f64);
    for (min, max) in all.filter(|(_, max)| *max > 0.0) {
        low = low.min(if min > 0.0 { min } else { max });
        high = high.max(max);
    }
    if high <= 0.0 {
        return (1.0, 10.0);
    }
    high = limit.filter(|line| *line > high && *line <= high * 10.0).unwrap_or(high);
    let floor = 10f64.powf(low.log10().floor());
    // Below the least power of ten that a number can hold there is no floor.
    let low = if floor > 0.0 { floor } else { low };
    if high <= low { (low, low * 10.0) } else { (low, high) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bucket(min: f64, max: f64) -> Bucket {
        Bucket { min, max, mean: min, last: max, count: 1, n_nan: 0, n_inf: 0 }
    }

    #[test]
    fn the_axis_starts_at_zero_unless_the_values_are_far_from_it() {
        let axis = |shown: &[Option<Bucket>], limit| Scale::Linear.axis(shown, &[], limit);
        assert_eq!(axis(&[Some(bucket(3.0, 3.0)), None, Some(bucket(9.0, 9.0))], None), (0.0, 9.0));
        assert_eq!(axis(&[Some(bucket(1000.0, 1000.0)), Some(bucket(1009.0, 1009.0))], None), (1000.0, 1009.0));
        assert_eq!(axis(&[Some(bucket(6.0, 6.0))], Some(10.0)), (0.0, 10.0));
        assert_eq!(axis(&[], None), (0.0, 1.0));
    }

    #[test]
    fn a_logarithmic_axis_starts_at_a_power_of_ten_and_leaves_out_what_has_no_logarithm() {
        let axis = |shown: &[Option<Bucket>]| Scale::Log.axis(shown, &[], None);
        assert_eq!(axis(&[Some(bucket(30.0, 40.0)), Some(bucket(-5.0, 4000.0)), Some(bucket(0.0, 0.0))]), (10.0, 4000.0));
        assert_eq!(axis(&[Some(bucket(0.0, 0.0)), Some(bucket(-3.0, -1.0))]), (1.0, 10.0));
        assert_eq!(axis(&[Some(bucket(10.0, 10.0))]), (10.0, 100.0));
        let share = |value| Scale::Log.share((1.0, 100.0), value);
        assert_eq!([1.0, 10.0, 100.0, 0.0, -9.0].map(|value| (share(value) * 100.0) as i32), [0, 50, 100, 0, 0]);
        assert_eq!([0.0, -1.0, 1.0].map(|value| Scale::Log.floor_sign(value)), [Some('0'), Some('<'), None]);
    }

    proptest! {
        #[test]
        fn any_value_has_a_height_on_any_axis(a in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, b in prop::num::f64::NORMAL) {
            for scale in [Scale::Linear, Scale::Log] {
                let axis = scale.axis(&[Some(bucket(a.min(b), a.max(b)))], &[], None);
                prop_assert!(axis.0 <= axis.1, "{axis:?}");
                for value in [a, b] {
                    let share = scale.share(axis, value);
                    prop_assert!(share.is_nan() || (0.0..=1.0).contains(&share));
                }
            }
        }
    }
}
