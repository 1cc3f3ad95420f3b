//! Where cursor and window were before each jump, zoom and pan, for back and forward.
//!
//! Small moves of one sort in a row, such as a burst of `+`, leave one place: that before the first of them.

use crate::model::{TimeRange, Timestamp};

/// As many places as one wants to go back by hand.
const KEPT: usize = 100;

/// A place to return to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) cursor: Timestamp,
    pub(crate) visible: TimeRange,
}

/// How a place is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    /// At once: each is a place of its own.
    Jump,
    /// One of several steps of zoom.
    Zoom,
    /// One of several half windows.
    Pan,
}

/// Places behind and ahead.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    back: Vec<Place>,
    forward: Vec<Place>,
    /// The last small move, and where it led to.
    burst: Option<(Motion, Place)>,
}

impl History {
    /// Remembers the place that a jump leaves.
    pub(crate) fn leave(&mut self, place: Place) {
        self.burst = None;
        self.forward.clear();
        if self.back.last() != Some(&place) {
            self.back.push(place);
        }
        if self.back.len() > KEPT {
            self.back.remove(0);
        }
    }

    /// Remembers the place that a move has left, unless it goes on with the move before it, or led nowhere.
    pub(crate) fn moved(&mut self, motion: Motion, from: Place, to: Place) {
        if from == to {
            return;
        }
        if self.burst != Some((motion, from)) {
            self.leave(from);
        }
        self.burst = (motion != Motion::Jump).then_some((motion, to));
    }

    pub(crate) fn can_go_back(&self) -> bool {
        !self.back.is_empty()
    }

    pub(crate) fn can_go_forward(&self) -> bool {
        !self.forward.is_empty()
    }

    pub(crate) fn back(&mut self, now: Place) -> Option<Place> {
        self.burst = None;
        let place = self.back.pop()?;
        self.forward.push(now);
        Some(place)
    }

    pub(crate) fn forward(&mut self, now: Place) -> Option<Place> {
        self.burst = None;
        let place = self.forward.pop()?;
        self.back.push(now);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(cursor: i64, len: i64) -> Place {
        Place { cursor: Timestamp(cursor), visible: TimeRange::new(Timestamp(0), Timestamp(len)) }
    }

    #[test]
    fn a_burst_of_small_moves_is_one_place() {
        let mut history = History::default();
        history.moved(Motion::Zoom, place(5, 800), place(5, 400));
        history.moved(Motion::Zoom, place(5, 400), place(5, 200));
        history.moved(Motion::Zoom, place(5, 200), place(5, 200));
        history.moved(Motion::Pan, place(5, 200), place(105, 200));
        // The cursor was stepped on by hand: what follows begins anew.
        history.moved(Motion::Pan, place(107, 200), place(207, 200));
        history.moved(Motion::Jump, place(207, 200), place(207, 800));
        let mut left = Vec::new();
        let mut now = place(207, 800);
        while let Some(place) = history.back(now) {
            left.push(place);
            now = place;
        }
        assert_eq!(left, [place(207, 200), place(107, 200), place(5, 200), place(5, 800)]);
        assert_eq!(history.forward(now), Some(place(5, 200)));
    }
}
