//! How many events of a log lie in each of equal stretches of a range, by the order of times alone.
//!
//! Unlike a histogram it reads no column where a segment lies in one stretch, and else only where the stretches meet.

use crate::model::TimeRange;

use super::log::Log;
use super::segment::Segment;

impl Log {
    /// Adds them to `counts`, one for each stretch. O(segments + stretches · log n).
    pub fn spread(&self, range: TimeRange, counts: &mut [u64]) {
        let Some(n) = std::num::NonZeroUsize::new(counts.len()) else { return };
        let column = |ns: i64| range.column_of(crate::model::Timestamp(ns), n);
        for segment in &self.segments {
            let Some((first, last)) = segment.span else { continue };
            match (column(first), column(last)) {
                (Some(from), Some(to)) if from == to => counts[from] += segment.n_placed() as u64,
                (None, None) if last < range.start().0 || range.end().0 <= first => {}
                _ => {
                    let mut position = before(segment, range.start().0);
                    while position < segment.n_placed()
                        && let Some(column) = column(segment.columns.time(segment.at_position(position)))
                    {
                        let next = before(segment, range.edge(column + 1, n).0).max(position + 1);
                        counts[column] += (next - position) as u64;
                        position = next;
                    }
                }
            }
        }
    }

    /// Events with a time before one. O(segments · log n).
    pub fn n_before(&self, at: crate::model::Timestamp) -> u64 {
        let of = |segment: &Segment| match segment.span {
            Some((_, last)) if last < at.0 => segment.n_placed(),
            Some((first, _)) if first < at.0 => before(segment, at.0),
            _ => 0,
        };
        self.segments.iter().map(|segment| of(segment) as u64).sum()
    }

    /// Events with a time.
    pub fn n_placed(&self) -> u64 {
        self.segments.iter().map(|segment| segment.n_placed() as u64).sum()
    }
}

fn before(segment: &Segment, ns: i64) -> usize {
    segment.partition(|time, _| time < ns)
}

#[cfg(test)]
mod tests {
    use crate::model::{TimeRange, Timestamp};
    use crate::store::testing;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_event_inside_is_counted_in_its_stretch(
            times in prop::collection::vec(1i64..200, 1..40), per in 1usize..9, ends in (0i64..200, 0i64..200), n in 1usize..12,
        ) {
            let text: String = times.iter().map(|time| format!("{time} info order x\n")).collect();
            let log = testing::log(0, "a", &text, per);
            let range = TimeRange::new(Timestamp(ends.0), Timestamp(ends.1));
            let n = std::num::NonZeroUsize::new(n).expect("at least one");
            let (mut counts, mut expected) = (vec![0; n.get()], vec![0; n.get()]);
            log.spread(range, &mut counts);
            times.iter().filter_map(|time| range.column_of(Timestamp(*time), n)).for_each(|column| expected[column] += 1);
            prop_assert_eq!(counts, expected);
            let before = times.iter().filter(|time| **time < ends.0).count() as u64;
            prop_assert_eq!((log.n_before(Timestamp(ends.0)), log.n_placed()), (before, times.len() as u64));
        }
    }
}
