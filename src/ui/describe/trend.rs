//! The course of a series in words: `rose from 31 ms to 9.8 s between T+7s and T+2m, fell to 40 ms until T+6m`.
//!
//! A turn counts when it is at least a fifth of the whole span (a zigzag filter); what is smaller is noise to the ear.

/// A stretch in one direction: columns and values of its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Leg {
    pub(super) from: (usize, f64),
    pub(super) to: (usize, f64),
}

/// Share of the whole span that makes a turn.
const TURN: f64 = 0.2;
/// Share of a leg within which a value is still at its end.
const AT_END: f64 = 0.05;
/// More legs than this are told as ups and downs.
pub(super) const MOST_LEGS: usize = 5;

/// The legs of a course; empty when it hardly moves. O(columns).
pub(super) fn legs(values: &[Option<f64>]) -> Vec<Leg> {
    let points: Vec<(usize, f64)> = values.iter().enumerate().filter_map(|(column, value)| Some((column, (*value)?))).collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let least = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let greatest = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let span = greatest - least;
    // A tenth of its own height is no movement.
    if span <= greatest.abs().max(least.abs()) * 0.1 {
        return Vec::new();
    }
    let turns = turns(&points, span * TURN);
    let mut ends: Vec<(usize, f64)> = vec![*first];
    ends.extend(turns);
    ends.push(*last);
    ends.dedup_by_key(|end| end.0);
    ends.windows(2).map(|pair| narrowed(&points, pair[0], pair[1])).filter(|leg| (leg.to.1 - leg.from.1).abs() >= span * TURN).collect()
}

/// Highs and lows that are followed by a movement of at least `enough` the other way.
fn turns(points: &[(usize, f64)], enough: f64) -> Vec<(usize, f64)> {
    let mut turns = Vec::new();
    // Highest and lowest since the last turn.
    let (mut high, mut low) = (points[0], points[0]);
    let mut is_rising = None;
    for point in points {
        high = if point.1 > high.1 { *point } else { high };
        low = if point.1 < low.1 { *point } else { low };
        if is_rising != Some(false) && high.1 - point.1 >= enough {
            turns.push(high);
            (is_rising, high, low) = (Some(false), *point, *point);
        } else if is_rising != Some(true) && point.1 - low.1 >= enough {
            turns.push(low);
            (is_rising, high, low) = (Some(true), *point, *point);
        }
    }
    turns
}

/// The movement alone: a flat stretch at either end does not belong to it.
fn narrowed(points: &[(usize, f64)], from: (usize, f64), to: (usize, f64)) -> Leg {
    let near = (to.1 - from.1).abs() * AT_END;
    let within = || points.iter().filter(|point| (from.0..=to.0).contains(&point.0));
    let start = within().rev().find(|point| (point.1 - from.1).abs() <= near).map_or(from.0, |point| point.0);
    let end = within().find(|point| point.0 >= start && (point.1 - to.1).abs() <= near).map_or(to.0, |point| point.0);
    Leg { from: (start, from.1), to: (end, to.1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(values: &str, expected: &str) {
        let values: Vec<Option<f64>> = values.split_whitespace().map(|word| word.parse().ok()).collect();
        let told: Vec<String> =
            legs(&values).iter().map(|leg| format!("{}@{}-{}@{}", leg.from.1, leg.from.0, leg.to.1, leg.to.0)).collect();
        assert_eq!(told.join(" "), expected);
    }

    #[test]
    fn a_rise_is_told_from_where_it_left_to_where_it_arrived() {
        check("1 1 1 5 9 9 9", "1@2-9@4");
        check("9 9 5 1 1", "9@1-1@3");
    }

    #[test]
    fn there_and_back_are_two_legs_and_noise_is_none() {
        check("1 1 9 9 1 1", "1@1-9@2 9@3-1@4");
        check("1 2 1 9 8 9 1 2 1", "1@2-9@3 9@5-1@6");
        check("100 101 100 99", "");
        check("5 - - 5", "");
        check("", "");
    }

    #[test]
    fn a_gap_does_not_hide_a_movement() {
        check("1 - - 9", "1@0-9@3");
    }

    proptest! {
        #[test]
        fn legs_go_forward_and_never_overlap(values in proptest::collection::vec(proptest::option::of(-9.0f64..9.0), 0..60)) {
            let legs = legs(&values);
            for leg in &legs {
                prop_assert!(leg.from.0 <= leg.to.0);
            }
            for pair in legs.windows(2) {
                prop_assert!(pair[0].to.0 <= pair[1].from.0);
            }
        }
    }
}
