//! What the mouse does, free of the terminal library, and what must be remembered between two of its messages.

use crate::model::Timestamp;

/// One thing that the mouse did, at a cell counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MousePress {
    /// What.
    pub kind: MouseKind,
    /// Column.
    pub column: u16,
    /// Row.
    pub row: u16,
}

/// What the mouse can do here; only its left button counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// The button went down.
    Down,
    /// The mouse moved with the button down.
    Drag,
    /// The button went up.
    Up,
    /// The wheel turned away from the user.
    WheelUp,
    /// The wheel turned towards the user.
    WheelDown,
}

/// Two clicks on one cell within this are one double click.
const DOUBLE_NS: i64 = 400_000_000;

/// The last click, and where a drag began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pointer {
    last: Option<(Timestamp, u16, u16)>,
    /// The moment at which the button went down, on the lanes or panels.
    pub(crate) pressed: Option<Timestamp>,
}

impl Pointer {
    /// Whether this click makes a double click of the one before. The third of three does not.
    pub(crate) fn is_second(&mut self, now: Timestamp, press: MousePress) -> bool {
        let is_second = self
            .last
            .is_some_and(|(at, column, row)| (column, row) == (press.column, press.row) && (0..=DOUBLE_NS).contains(&now.since(at)));
        self.last = (!is_second).then_some((now, press.column, press.row));
        is_second
    }
}
