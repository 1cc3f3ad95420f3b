//! A log whose clock was wrong: the same records at other times.
//!
//! Nothing is read or parsed again: a segment keeps its times as a base and what lies above it, so moving them costs a
//! number a segment; all bytes are shared with the log as it was read. Not for single records.

use std::sync::Arc;

use super::log::Log;
use super::segment::Segment;

impl Log {
    /// The log with every time moved by `ns`; later is positive. Times stay within what can be told: a move that would
    /// leave that stops at its edge. O(segments).
    #[must_use]
    pub fn moved(&self, ns: i64) -> Self {
        let spans = || self.segments.iter().filter_map(|segment| segment.span);
        let (first, last) = (spans().map(|span| span.0).min().unwrap_or(0), spans().map(|span| span.1).max().unwrap_or(0));
        // The least number of all stands for no time.
        let ns = ns.clamp((i64::MIN + 2).saturating_sub(first).min(0), (i64::MAX - 1).saturating_sub(last).max(0));
        let mut moved = self.clone();
        moved.moved_ns = moved.moved_ns.wrapping_add(ns);
        moved.segments = self.segments.iter().map(|segment| Arc::new(segment.moved(ns))).collect();
        moved
    }
}

impl Segment {
    fn moved(&self, ns: i64) -> Self {
        let mut moved = self.clone();
        if self.span.is_some() {
            moved.columns.times = self.columns.times.moved(ns);
        }
        moved.span = self.span.map(|(first, last)| (first + ns, last + ns));
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::NO_TIME;
    use crate::store::testing::log;
    use proptest::prelude::*;

    fn times(log: &Log) -> Vec<i64> {
        log.segments.iter().flat_map(|segment| (0..segment.len()).map(|i| segment.columns.time(i))).collect()
    }

    proptest! {
        #[test]
        fn a_log_that_is_moved_and_moved_back_is_as_it_was(
            lines in prop::collection::vec(prop::option::weighted(0.8, -90i64..90), 1..40), a_chunk in 1usize..9, by in -1_000i64..1_000,
        ) {
            let text: String = lines.iter().map(|time| format!("{} info s x\n", time.as_ref().map_or_else(|| "-".to_owned(), i64::to_string))).collect();
            let read = log(0, "a", &text, a_chunk);
            let moved = read.moved(by);
            let wanted: Vec<i64> = lines.iter().map(|time| time.map_or(NO_TIME, |time| time + by)).collect();
            prop_assert_eq!(times(&moved), wanted);
            let back = moved.moved(-by);
            prop_assert_eq!(times(&back), times(&read));
            let spans = |log: &Log| log.segments.iter().map(|segment| segment.span).collect::<Vec<_>>();
            prop_assert_eq!(spans(&back), spans(&read));
        }
    }

    #[test]
    fn a_move_stops_at_the_edge_of_what_can_be_told() {
        let read = log(0, "a", "5 info s x\n- info s y\n7 info s z\n", 9);
        assert_eq!(times(&read.moved(i64::MAX)), [i64::MAX - 3, NO_TIME, i64::MAX - 1]);
        assert_eq!(times(&read.moved(i64::MIN)), [i64::MIN + 5, NO_TIME, i64::MIN + 7]);
    }
}
