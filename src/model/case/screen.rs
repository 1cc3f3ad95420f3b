//! How the screen is shared out and what the event list shows, as far as the case keeps it.
//!
//! Shares are percentages, not rows: the same case is opened on other terminals. What does not fit one is clamped there.

use std::collections::BTreeSet;

/// The user's choice; the default is what the program chooses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreenView {
    /// Columns of the event list between its time and its message, in order; `None`: the usual ones.
    pub columns: Option<Vec<String>>,
    /// Whether long messages of the event list go on in further rows.
    pub is_wrapped: bool,
    /// Percent of the rows below the lanes that the panels have; `None`: what they need.
    pub panels: Option<u8>,
    /// Percent of the columns that the side pane has; `None`: the usual part.
    pub side: Option<u8>,
    /// Names of lanes and panes that are not shown; names that this version does not know stay.
    pub hidden: BTreeSet<String>,
}

impl ScreenView {
    /// Name of the side pane among what is hidden.
    pub const SIDE: &str = "side";

    /// Whether the pane or lane of this name is hidden.
    pub fn hides(&self, name: &str) -> bool {
        self.hidden.contains(name)
    }
}
