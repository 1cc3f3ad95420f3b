//! Baseline, peak and threshold crossings of one series, and where a baseline may be taken from.
//!
//! NaN is a statement without a size and infinity has none to compare: both are passed over, never counted as 0.

use crate::model::{Sample, Timestamp};

/// Median of the finite values (of an even number the mean of the middle two); `None` without any. O(n).
pub fn baseline_median(samples: &[Sample]) -> Option<f64> {
    median(samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect())
}

/// Median of finite values.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len().checked_sub(1)? / 2;
    let is_odd = values.len() % 2 == 1;
    let (_, low, above) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let low = *low;
    if is_odd {
        return Some(low);
    }
    let high = above.iter().copied().min_by(f64::total_cmp)?;
    Some(low + (high - low) / 2.0)
}

/// Greatest finite value and the first time at which it was reached.
pub fn peak(samples: &[Sample]) -> Option<(Timestamp, f64)> {
    let finite = samples.iter().filter(|sample| sample.value.is_finite());
    finite.fold(None, |best: Option<(Timestamp, f64)>, sample| match best {
        Some((_, value)) if value >= sample.value => best,
        _ => Some((sample.time, sample.value)),
    })
}

/// Last finite value.
pub fn last(samples: &[Sample]) -> Option<f64> {
    samples.iter().rev().map(|sample| sample.value).find(|value| value.is_finite())
}

/// Which side of a threshold is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Values greater than the threshold.
    Above,
    /// Values less than the threshold.
    Below,
}

/// First time at which the value lies beyond the threshold (not on it); infinite values count by their sign.
pub fn first_crossing(samples: &[Sample], threshold: f64, side: Side) -> Option<Timestamp> {
    let is_beyond = |value: f64| match side {
        Side::Above => value > threshold,
        Side::Below => value < threshold,
    };
    samples.iter().find(|sample| is_beyond(sample.value)).map(|sample| sample.time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Vec<Sample> {
        values.iter().zip(0..).map(|(value, at)| Sample { time: Timestamp::from_secs(at), value: *value }).collect()
    }

    #[test]
    fn special_values_never_count_as_sizes() {
        let series = samples(&[f64::NAN, 4.0, f64::INFINITY, 2.0, 4.0, f64::NEG_INFINITY]);
        assert_eq!(baseline_median(&series), Some(4.0));
        assert_eq!(peak(&series), Some((Timestamp::from_secs(1), 4.0)));
        assert_eq!(last(&series), Some(4.0));
        assert_eq!(baseline_median(&samples(&[1.0, 3.0, 2.0, 10.0])), Some(2.5));
        assert_eq!((baseline_median(&samples(&[f64::NAN])), peak(&[]), last(&[])), (None, None, None));
    }

    #[test]
    fn a_crossing_is_beyond_the_threshold() {
        let series = samples(&[f64::NAN, 1.0, 5.0, 6.0, 0.5]);
        assert_eq!(first_crossing(&series, 5.0, Side::Above), Some(Timestamp::from_secs(3)));
        assert_eq!(first_crossing(&series, 1.0, Side::Below), Some(Timestamp::from_secs(4)));
        assert_eq!(first_crossing(&series, 9.0, Side::Above), None);
    }
}
