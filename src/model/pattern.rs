//! How message patterns are compared around a mark, and in which order they are listed.
//!
//! The one thing to know: a pattern is due after the mark as often as before it, in proportion to the lengths of the
//! two windows. `surprise` is the log₂ ratio of seen to due, times the square root of the greater of the two: a
//! ratio counts for more the more events it rests on (one event of a new pattern: 1.6; a hundred: 76).

use super::query::{Pattern, PatternStatus};
use super::time::TimeRange;

/// In which order patterns are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PatternOrder {
    /// Those that changed most around the mark first.
    #[default]
    Change,
    /// The new ones first, by their first event.
    Born,
    /// Those that are gone first, by their last event.
    Died,
    /// The most frequent first.
    Count,
    /// By first event.
    First,
}

impl PatternOrder {
    /// All of them, as a key goes through them.
    pub const ALL: [Self; 5] = [Self::Change, Self::Born, Self::Died, Self::Count, Self::First];

    /// One word for the screen and the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Born => "born",
            Self::Died => "died",
            Self::Count => "count",
            Self::First => "first",
        }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// Events due in the second window when the rate of the first goes on.
pub fn due(n_before: u64, (before, after): (TimeRange, TimeRange)) -> f64 {
    due_in(n_before, (before.len_ns(), after.len_ns()))
}

/// The same of two lengths of time.
pub fn due_in(n_before: u64, (before_ns, after_ns): (i64, i64)) -> f64 {
    n_before as f64 * after_ns.max(1) as f64 / before_ns.max(1) as f64
}

impl Pattern {
    /// How many of its events were due after the mark, by the time that its logs cover.
    pub fn due(&self, windows: (TimeRange, TimeRange)) -> f64 {
        self.covered_ns.map_or_else(|| due(self.in_windows.0, windows), |covered| due_in(self.in_windows.0, covered))
    }

    /// How far the second window is from what was due: above 0 for more, below for less.
    pub fn surprise(&self, windows: (TimeRange, TimeRange)) -> f64 {
        /// Keeps the ratio finite where nothing was due or nothing came.
        const HALF: f64 = 0.5;
        let (seen, due) = (self.in_windows.1 as f64, self.due(windows));
        ((seen + HALF) / (due + HALF)).log2() * seen.max(due).sqrt()
    }
}

/// Sorts patterns; equals stay in the order of their numbers. O(n log n).
pub fn sort(patterns: &mut [Pattern], order: PatternOrder, windows: Option<(TimeRange, TimeRange)>) {
    let change = |pattern: &Pattern| {
        let is_steady = pattern.status == PatternStatus::Steady;
        (is_steady, windows.map_or(0.0, |windows| -pattern.surprise(windows).abs()))
    };
    let by_change = |a: &Pattern, b: &Pattern| {
        let (a, b) = (change(a), change(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    let at = |time: Option<super::Timestamp>| (time.is_none(), time);
    patterns.sort_by_key(|pattern| pattern.id);
    match order {
        PatternOrder::Change => patterns.sort_by(by_change),
        PatternOrder::Born => patterns.sort_by(|a, b| {
            let is_other = |pattern: &Pattern| pattern.status != PatternStatus::Born;
            is_other(a).cmp(&is_other(b)).then_with(|| if is_other(a) { by_change(a, b) } else { at(a.first).cmp(&at(b.first)) })
        }),
        PatternOrder::Died => patterns.sort_by(|a, b| {
            let is_other = |pattern: &Pattern| pattern.status != PatternStatus::Died;
            is_other(a).cmp(&is_other(b)).then_with(|| if is_other(a) { by_change(a, b) } else { at(a.last).cmp(&at(b.last)) })
        }),
        PatternOrder::Count => patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.count)),
        PatternOrder::First => patterns.sort_by_key(|pattern| at(pattern.first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    /// `name before after status`: windows of 100 s before and 50 s after the mark.
    fn pattern(id: u32, in_windows: (u64, u64), status: PatternStatus) -> Pattern {
        Pattern { id, count: in_windows.0 + in_windows.1, in_windows, status, first: Some(Timestamp(i64::from(id))), ..Pattern::default() }
    }

    fn windows() -> (TimeRange, TimeRange) {
        let at = Timestamp::from_secs;
        (TimeRange::new(at(0), at(100)), TimeRange::new(at(100), at(150)))
    }

    fn ids(order: PatternOrder) -> Vec<u32> {
        use PatternStatus::{Born, Died, Steady, Surged};
        let mut patterns = vec![
            pattern(0, (1000, 500), Steady),
            pattern(1, (0, 1), Born),
            pattern(2, (10, 400), Surged),
            pattern(3, (60, 0), Died),
            pattern(4, (0, 90), Born),
        ];
        sort(&mut patterns, order, Some(windows()));
        patterns.iter().map(|pattern| pattern.id).collect()
    }

    #[test]
    fn what_changed_most_comes_first_whatever_it_did() {
        assert_eq!(ids(PatternOrder::Change), [2, 4, 3, 1, 0]);
        assert_eq!(ids(PatternOrder::Born), [1, 4, 2, 3, 0]);
        assert_eq!(ids(PatternOrder::Died), [3, 2, 4, 1, 0]);
        assert_eq!(ids(PatternOrder::Count), [0, 2, 4, 3, 1]);
        assert_eq!(ids(PatternOrder::First), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_rate_that_goes_on_is_no_surprise() {
        assert!(pattern(0, (1000, 500), PatternStatus::Steady).surprise(windows()).abs() < 1e-9);
        assert!(pattern(0, (0, 0), PatternStatus::Steady).surprise(windows()).abs() < 1e-9);
        assert!(pattern(0, (60, 0), PatternStatus::Died).surprise(windows()) < -20.0);
    }
}
