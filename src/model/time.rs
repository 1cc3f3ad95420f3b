//! Time on the one clock: nanoseconds since the Unix epoch, UTC, and half-open ranges of it.
//!
//! Knows nothing of zones or text; `parse::timestamp` reads, `model::text` prints.

use std::num::NonZeroUsize;

/// Nanoseconds in one second.
pub const NS_PER_S: i64 = 1_000_000_000;

/// A moment: nanoseconds since the Unix epoch, UTC. Covers the years 1678 to 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The earliest moment that can be told.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest moment that can be told.
    pub const MAX: Self = Self(i64::MAX);

    /// Whole seconds since the epoch; saturates at the ends of the range.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(NS_PER_S))
    }

    /// Whole milliseconds since the epoch; saturates at the ends of the range.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// This moment moved by `ns` nanoseconds; saturates at the ends of the range.
    #[must_use]
    pub const fn plus_ns(self, ns: i64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Nanoseconds from `earlier` to this moment; negative when it is later; saturates.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Seconds since the epoch as a float, for drawing and JSON of other tools; loses sub-microsecond digits.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NS_PER_S as f64
    }
}

/// A half-open stretch of time, `start <= end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeRange {
    start: Timestamp,
    end: Timestamp,
}

impl TimeRange {
    /// The range between two moments, given in either order.
    pub fn new(a: Timestamp, b: Timestamp) -> Self {
        Self { start: a.min(b), end: a.max(b) }
    }

    /// First moment inside (unless the range is empty).
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// First moment after the range.
    pub const fn end(self) -> Timestamp {
        self.end
    }

    /// Length in nanoseconds, saturating, never negative.
    pub const fn len_ns(self) -> i64 {
        self.end.since(self.start)
    }

    /// Whether no moment lies inside.
    pub const fn is_empty(self) -> bool {
        self.start.0 == self.end.0
    }

    /// Whether `at` lies inside: `start <= at < end`.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The common part, `None` when the two do not overlap.
    pub fn intersect(self, other: Self) -> Option<Self> {
        let (start, end) = (self.start.max(other.start), self.end.min(other.end));
        (start < end).then_some(Self { start, end })
    }

    /// Start of column `index` of `n` equal columns; column `n` is the end. O(1), no rounding drift.
    pub fn edge(self, index: usize, n: NonZeroUsize) -> Timestamp {
        let len = i128::from(self.end.0) - i128::from(self.start.0);
        let ns = len * index as i128 / n.get() as i128;
        Timestamp((i128::from(self.start.0) + ns) as i64)
    }

    /// The column of `n` equal columns that holds `at`; `None` outside the range.
    pub fn column_of(self, at: Timestamp, n: NonZeroUsize) -> Option<usize> {
        if !self.contains(at) {
            return None;
        }
        let len = i128::from(self.end.0) - i128::from(self.start.0);
        let offset = i128::from(at.0) - i128::from(self.start.0);
        // `edge` rounds down, so the column found by division can be one too low.
        let guess = ((offset * n.get() as i128) / len) as usize;
        let column = if guess + 1 < n.get() && self.edge(guess + 1, n) <= at { guess + 1 } else { guess };
        Some(column.min(n.get() - 1))
    }

    /// Splits into `n` equal stretches that touch without overlap; the rounding remainder is spread. O(n).
    pub fn split(self, n: NonZeroUsize) -> Vec<Self> {
        (0..n.get()).map(|i| Self { start: self.edge(i, n), end: self.edge(i + 1, n) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_moment_lies_in_exactly_the_column_whose_edges_hold_it(
            start in -1_000_000_000_000i64..1_000_000_000_000, len in 1i64..1_000_000_000_000,
            n in 1usize..500, at in 0i64..1_000_000_000_000,
        ) {
            let range = TimeRange::new(Timestamp(start), Timestamp(start + len));
            let n = NonZeroUsize::new(n).expect("n starts at 1");
            let at = Timestamp(start + at % len);
            let column = range.column_of(at, n).expect("inside");
            prop_assert!(range.edge(column, n) <= at || range.edge(column, n) == range.edge(column + 1, n));
            prop_assert!(at < range.edge(column + 1, n));
        }

        #[test]
        fn a_split_touches_without_overlap(start: i32, len in 0i64..1_000_000, n in 1usize..300) {
            let range = TimeRange::new(Timestamp(start.into()), Timestamp(i64::from(start) + len));
            let parts = range.split(NonZeroUsize::new(n).expect("n starts at 1"));
            prop_assert_eq!(parts[0].start(), range.start());
            prop_assert_eq!(parts[n - 1].end(), range.end());
            prop_assert!(parts.windows(2).all(|w| w[0].end() == w[1].start()));
        }
    }
}
