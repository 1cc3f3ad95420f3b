//! Where the cursor was before each jump, for back and forward.

use crate::model::{TimeRange, Timestamp};

/// As many places as one wants to go back by hand.
const KEPT: usize = 100;

/// A place to return to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) cursor: Timestamp,
    pub(crate) visible: TimeRange,
}

/// Places behind and ahead.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    back: Vec<Place>,
    forward: Vec<Place>,
}

impl History {
    /// Remembers the place that a jump leaves.
    pub(crate) fn leave(&mut self, place: Place) {
        self.forward.clear();
        if self.back.last() != Some(&place) {
            self.back.push(place);
        }
        if self.back.len() > KEPT {
            self.back.remove(0);
        }
    }

    pub(crate) fn can_go_back(&self) -> bool {
        !self.back.is_empty()
    }

    pub(crate) fn can_go_forward(&self) -> bool {
        !self.forward.is_empty()
    }

    pub(crate) fn back(&mut self, now: Place) -> Option<Place> {
        let place = self.back.pop()?;
        self.forward.push(now);
        Some(place)
    }

    pub(crate) fn forward(&mut self, now: Place) -> Option<Place> {
        let place = self.forward.pop()?;
        self.back.push(now);
        Some(place)
    }
}
