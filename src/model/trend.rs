//! Whether a course rises or falls steadily, and what goes on if it goes on so: a disk that fills, a count that is never reset.
//!
//! Not here: what left its normal values (`analysis`, `report`), which asks this first. The one thing to know: only a course of
//! which the slope explains nearly all is a ramp; a step or noise is none.

/// Fewest points of a ramp.
const LEAST_POINTS: usize = 8;
/// It rises by so many times what is left when the line is taken away.
const CLEAR: f64 = 8.0;
/// Of the slope so large a share may be more or less later on.
const SLACK: f64 = 0.25;

/// A steady rise or fall up to a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// By how much in a unit of time.
    pub slope: f64,
    /// The last moment that it was measured at.
    until: f64,
    /// Its value then.
    level: f64,
}

impl Ramp {
    /// The ramp through points (time, value) in order of time. The slope is the median of those between the points of the
    /// first half and of the second (Theil and Sen, on pairs), so that a spike changes little. O(n log n).
    pub fn of(points: &[(f64, f64)]) -> Option<Self> {
        let n = points.len();
        if n < LEAST_POINTS || points.iter().any(|point| !point.0.is_finite() || !point.1.is_finite()) {
            return None;
        }
        let half = n.div_ceil(2);
        let slopes = points.iter().zip(&points[half..]).filter(|(a, b)| b.0 > a.0).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0));
        let slope = middle(slopes.collect())?;
        let origin = middle(points.iter().map(|point| point.1 - slope * point.0).collect())?;
        // Of nine in ten: a spike may be far off, a step is not.
        let mut left: Vec<f64> = points.iter().map(|point| (point.1 - slope * point.0 - origin).abs()).collect();
        left.sort_by(f64::total_cmp);
        let left = left[n * 9 / 10];
        let (first, until) = (points[0].0, points[n - 1].0);
        let rise = (slope * (until - first)).abs();
        (rise > 0.0 && rise >= CLEAR * left).then_some(Self { slope, until, level: origin + slope * until })
    }

    /// What it has at a moment if it goes on so.
    pub fn at(&self, time: f64) -> f64 {
        self.level + self.slope * (time - self.until)
    }

    /// By how much a later value may be off and still be the same ramp.
    pub fn slack(&self, time: f64) -> f64 {
        SLACK * (self.slope * (time - self.until)).abs()
    }

    /// A later value less what the ramp alone explains of it: a value as when it was last measured, if it goes on so.
    pub fn without(&self, time: f64, value: f64) -> f64 {
        let due = self.slope * (time - self.until);
        let off = value - self.level - due;
        let within = self.slack(time);
        self.level + off.signum() * (off.abs() - within).max(0.0)
    }
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    let at = values.len().checked_sub(1)? / 2;
    values.sort_by(f64::total_cmp);
    Some(values[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..20).map(|n| (f64::from(n), value(f64::from(n)))).collect()
    }

    #[test]
    fn a_steady_rise_is_a_ramp_and_a_step_or_noise_is_none() {
        let ramp = Ramp::of(&points(|t| 100.0 + 5.0 * t)).unwrap();
        assert!((ramp.at(30.0) - 250.0).abs() < 1e-9);
        assert!(Ramp::of(&points(|t| 100.0 - 5.0 * t + (t * 7.0).sin())).is_some());
        assert_eq!(Ramp::of(&points(|_| 3.0)), None);
        assert_eq!(Ramp::of(&points(|t| (t * 7.0).sin())), None);
        assert_eq!(Ramp::of(&points(|t| if t < 12.0 { 1.0 } else { 50.0 })), None);
        assert_eq!(Ramp::of(&points(|t| t)[..5]), None);
    }

    #[test]
    fn what_goes_on_like_a_ramp_stays_where_it_was_and_what_leaves_it_does_not() {
        let ramp = Ramp::of(&points(|t| 100.0 + 5.0 * t)).unwrap();
        assert!((ramp.without(39.0, 295.0) - 195.0).abs() < 1e-9);
        assert!((ramp.without(39.0, 310.0) - 195.0).abs() < 1e-9, "a little steeper is the same ramp");
        assert!(ramp.without(39.0, 900.0) > 700.0);
    }
}
