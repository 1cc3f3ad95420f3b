//! The one clock: extent, visible window, cursor and selected range, and how keys move them.
//!
//! Pure arithmetic on times. The window never leaves the extent and never gets narrower than a microsecond
//! a column; the cursor always lies inside the window.

use std::num::NonZeroUsize;

use crate::model::{TimeRange, Timestamp};

/// No zoom beyond this width of one column.
const MIN_COLUMN_NS: i64 = 1_000;

/// What the window follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// What is shown first.
    Home,
    /// The whole extent.
    All,
    /// Nothing: the user chose it.
    Own,
}

/// Cursor, window and selection over the extent of the data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Timeline {
    /// All data; `None` before anything is placed.
    pub(crate) extent: Option<TimeRange>,
    /// What the lanes show.
    pub(crate) visible: TimeRange,
    /// The moment that every pane follows.
    pub(crate) cursor: Timestamp,
    /// Fixed end of the selected range; the cursor is the other.
    pub(crate) anchor: Option<Timestamp>,
    /// Lane columns.
    pub(crate) columns: NonZeroUsize,
    /// Where nearly all data and the incident lie: what is shown first, if a few things lie far away.
    pub(crate) home: Option<TimeRange>,
    /// What the window follows until the user zooms or pans.
    view: View,
    /// The cursor waits at its first place until the user moves it.
    pub(crate) is_cursor_untouched: bool,
}

impl Timeline {
    pub(crate) fn new(columns: NonZeroUsize) -> Self {
        Self {
            extent: None,
            visible: TimeRange::default(),
            cursor: Timestamp::default(),
            anchor: None,
            columns,
            home: None,
            view: View::Home,
            is_cursor_untouched: true,
        }
    }

    /// The data reaches from here to there now; `first` is where an untouched cursor goes.
    pub(crate) fn set_extent(&mut self, extent: Option<TimeRange>, first: Option<Timestamp>) {
        self.extent = extent.filter(|range| !range.is_empty());
        let Some(extent) = self.extent else { return };
        match self.view {
            View::Home => self.visible = self.home.unwrap_or(extent),
            View::All => self.visible = extent,
            View::Own => {}
        }
        if self.is_cursor_untouched {
            let start = if self.view == View::Home { self.visible.start() } else { extent.start() };
            self.cursor = first.filter(|at| extent.contains(*at)).unwrap_or(start);
        }
        self.set_visible(self.visible);
        self.clamp_cursor();
    }

    /// Puts a cursor that the user has not moved yet where there is something to see.
    pub(crate) fn wait_at(&mut self, at: Timestamp) {
        if self.is_cursor_untouched && self.visible.contains(at) {
            self.cursor = at;
        }
    }

    /// Whether the cursor is on the last moment of the data.
    pub(crate) fn is_at_end(&self) -> bool {
        self.extent.is_some_and(|extent| self.cursor == extent.end().plus_ns(-1))
    }

    /// The data grew: the cursor goes to their end, and a window that showed the end before shows it still.
    pub(crate) fn stick_to_end(&mut self, end_before: Option<Timestamp>) {
        let Some(extent) = self.extent else { return };
        let showed_end = end_before.is_some_and(|end| self.visible.end() >= end);
        self.cursor = extent.end().plus_ns(-1);
        if showed_end || !self.visible.contains(self.cursor) {
            self.shift(extent.end().since(self.visible.end()));
        }
        self.clamp_cursor();
    }

    /// The selected range, once it has both ends.
    pub(crate) fn selection(&self) -> Option<TimeRange> {
        let anchor = self.anchor?;
        (anchor != self.cursor).then(|| TimeRange::new(anchor, self.cursor))
    }

    /// The column of the cursor.
    pub(crate) fn cursor_column(&self) -> Option<usize> {
        self.visible.column_of(self.cursor, self.columns)
    }

    /// Length of one column, at least a nanosecond.
    pub(crate) fn column_ns(&self) -> i64 {
        (self.visible.len_ns() / self.columns.get() as i64).max(1)
    }

    /// Moves the cursor by columns; the window follows when it leaves it.
    pub(crate) fn step(&mut self, columns: i64) {
        let ns = (i128::from(self.visible.len_ns()) * i128::from(columns) / self.columns.get() as i128) as i64;
        let ns = if ns == 0 { columns.signum() } else { ns };
        self.move_to(self.cursor.plus_ns(ns));
    }

    /// Puts the cursor somewhere; the window moves as little as it must.
    pub(crate) fn move_to(&mut self, at: Timestamp) {
        if self.extent.is_none() {
            return;
        }
        self.cursor = at;
        self.is_cursor_untouched = false;
        self.clamp_cursor();
        let visible = self.visible;
        if self.cursor < visible.start() {
            self.shift(self.cursor.since(visible.start()));
        } else if self.cursor >= visible.end() {
            self.shift(self.cursor.since(visible.end()).saturating_add(self.column_ns()));
        }
        self.clamp_cursor();
    }

    /// Puts the cursor somewhere far: if it was out of sight, the window is centred on it.
    pub(crate) fn jump_to(&mut self, at: Timestamp) {
        let is_far = !self.visible.contains(at);
        self.move_to(at);
        if is_far {
            let half = self.visible.len_ns() / 2;
            let start = self.cursor.plus_ns(-half);
            self.shift(start.since(self.visible.start()));
        }
    }

    /// The play head goes on: a window that it leaves turns like a page, so that it does not crawl.
    pub(crate) fn play_to(&mut self, at: Timestamp) {
        if at >= self.visible.end() {
            self.shift(at.since(self.visible.end()).saturating_add(self.visible.len_ns() / 2));
        }
        self.move_to(at);
    }

    /// Moves the window by half its length and the cursor with it.
    pub(crate) fn pan(&mut self, halves: i64) {
        let ns = (self.visible.len_ns() / 2).saturating_mul(halves);
        let before = self.visible.start();
        self.view = View::Own;
        self.shift(ns);
        let moved = self.visible.start().since(before);
        self.cursor = self.cursor.plus_ns(if moved == 0 { ns } else { moved });
        self.is_cursor_untouched = false;
        self.clamp_cursor();
    }

    /// Halves (`-1`) or doubles (`1`) the window; the cursor keeps its column.
    pub(crate) fn zoom(&mut self, doublings: i32) {
        let Some(extent) = self.extent else { return };
        let old = self.visible.len_ns();
        let new = if doublings < 0 { old >> doublings.unsigned_abs() } else { old.saturating_mul(1 << doublings) };
        let new = new.max(MIN_COLUMN_NS.saturating_mul(self.columns.get() as i64)).min(extent.len_ns());
        if new >= extent.len_ns() {
            self.fit_all();
            return;
        }
        self.view = View::Own;
        let before = i128::from(self.cursor.since(self.visible.start()));
        let kept = (before * i128::from(new) / i128::from(old.max(1))) as i64;
        let start = self.cursor.plus_ns(-kept);
        self.set_visible(TimeRange::new(start, start.plus_ns(new)));
    }

    /// Shows everything.
    pub(crate) fn fit_all(&mut self) {
        if let Some(extent) = self.extent {
            self.visible = extent;
            self.view = View::All;
            self.clamp_cursor();
        }
    }

    /// Shows what is shown first, where that is not everything. The cursor comes along.
    pub(crate) fn fit_home(&mut self) {
        if let Some(home) = self.home {
            self.show(home);
            self.view = View::Home;
        }
    }

    /// Whether the window is what is shown first, and things lie outside of it.
    pub(crate) fn is_home(&self) -> bool {
        self.view == View::Home && self.home.is_some_and(|home| home == self.visible)
    }

    /// Shows exactly this range, as far as the limits allow.
    pub(crate) fn show(&mut self, range: TimeRange) {
        self.view = View::Own;
        let min = MIN_COLUMN_NS.saturating_mul(self.columns.get() as i64);
        let range = if range.len_ns() < min {
            let start = range.start().plus_ns(-(min - range.len_ns()) / 2);
            TimeRange::new(start, start.plus_ns(min))
        } else {
            range
        };
        self.set_visible(range);
        self.clamp_cursor();
        let visible = self.visible;
        if !visible.contains(self.cursor) {
            self.cursor = self.cursor.clamp(visible.start(), visible.end().plus_ns(-1));
        }
    }

    fn shift(&mut self, ns: i64) {
        if ns != 0 {
            self.view = View::Own;
            self.set_visible(TimeRange::new(self.visible.start().plus_ns(ns), self.visible.end().plus_ns(ns)));
        }
    }

    /// Keeps the length where it can and moves the window inside the extent.
    fn set_visible(&mut self, wanted: TimeRange) {
        let Some(extent) = self.extent else { return };
        let len = wanted.len_ns().min(extent.len_ns());
        let last_start = extent.end().plus_ns(-len);
        let start = wanted.start().clamp(extent.start(), last_start.max(extent.start()));
        self.visible = TimeRange::new(start, start.plus_ns(len));
    }

    fn clamp_cursor(&mut self) {
        if let Some(extent) = self.extent {
            self.cursor = self.cursor.clamp(extent.start(), extent.end().plus_ns(-1).max(extent.start()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn timeline() -> Timeline {
        let mut timeline = Timeline::new(NonZeroUsize::new(100).expect("not 0"));
        timeline.set_extent(Some(TimeRange::new(Timestamp::from_secs(1_000), Timestamp::from_secs(2_000))), None);
        timeline
    }

    #[test]
    fn zooming_keeps_the_cursor_in_its_column() {
        let mut timeline = timeline();
        timeline.move_to(Timestamp::from_secs(1_300));
        let column = timeline.cursor_column();
        timeline.zoom(-1);
        assert_eq!(timeline.cursor_column(), column);
        assert_eq!(timeline.visible.len_ns(), 500 * 1_000_000_000);
        timeline.zoom(1);
        assert_eq!(timeline.visible, timeline.extent.expect("set"));
    }

    #[test]
    fn a_fitted_window_follows_the_growing_extent_until_the_user_zooms() {
        let mut timeline = timeline();
        let wider = TimeRange::new(Timestamp::from_secs(500), Timestamp::from_secs(2_500));
        timeline.set_extent(Some(wider), None);
        assert_eq!(timeline.visible, wider);
        timeline.zoom(-1);
        let zoomed = timeline.visible;
        timeline.set_extent(Some(TimeRange::new(Timestamp::from_secs(0), Timestamp::from_secs(9_000))), None);
        assert_eq!(timeline.visible, zoomed);
    }

    #[test]
    fn a_cursor_at_the_end_goes_on_with_the_data_and_a_window_that_showed_the_end_with_it() {
        let grown = |timeline: &mut Timeline, end: i64| {
            let before = timeline.extent.map(TimeRange::end);
            timeline.set_extent(Some(TimeRange::new(Timestamp::from_secs(1_000), Timestamp::from_secs(end))), None);
            timeline.stick_to_end(before);
            (timeline.visible.start(), timeline.visible.end(), timeline.is_at_end())
        };
        let mut timeline = timeline();
        timeline.move_to(Timestamp::MAX);
        assert!(timeline.is_at_end());
        assert_eq!(grown(&mut timeline, 2_100), (Timestamp::from_secs(1_000), Timestamp::from_secs(2_100), true), "all is shown still");
        timeline.show(TimeRange::new(Timestamp::from_secs(2_000), Timestamp::from_secs(2_100)));
        timeline.move_to(Timestamp::MAX);
        assert_eq!(grown(&mut timeline, 2_130), (Timestamp::from_secs(2_030), Timestamp::from_secs(2_130), true));
    }

    proptest! {
        #[test]
        fn no_sequence_of_moves_loses_the_cursor_or_the_window(moves in proptest::collection::vec(0u8..10, 0..60)) {
            let mut timeline = timeline();
            for step in moves {
                match step {
                    0 => timeline.step(1),
                    1 => timeline.step(-10),
                    2 => timeline.zoom(-1),
                    3 => timeline.zoom(1),
                    4 => timeline.pan(1),
                    5 => timeline.pan(-1),
                    6 => timeline.fit_all(),
                    7 => timeline.jump_to(Timestamp::from_secs(1_777)),
                    8 => timeline.show(TimeRange::new(Timestamp::from_secs(1_100), Timestamp::from_secs(1_100))),
                    _ => timeline.step(10),
                }
                let extent = timeline.extent.expect("set");
                prop_assert!(timeline.visible.contains(timeline.cursor), "{timeline:?}");
                prop_assert!(extent.start() <= timeline.visible.start() && timeline.visible.end() <= extent.end());
                prop_assert!(!timeline.visible.is_empty());
            }
        }
    }
}
