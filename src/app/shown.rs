//! How the screen is shared out for now: what `u` takes back although no case keeps it.
//!
//! Sizes, lanes, columns, panels and filters are kept in the case and are edits of it. A pane that has all the room and the
//! conditions of the notes belong to this sitting; they are compared after every message, so no action can forget to tell.

use super::layout::Zoomed;
use super::state::{Focus, State};

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The pane that has all the room, and that it has the focus then.
    zoomed: Option<Zoomed>,
    /// Where the focus is; moving it alone is no step.
    focus: Focus,
    notes_filter: String,
}

/// What is known of the screen since the last message.
#[derive(Debug, Clone)]
pub(crate) struct LastShown {
    shown: Shown,
    n_commits: u64,
}

impl Shown {
    fn is_shared_out_as(&self, other: &Self) -> bool {
        self.zoomed == other.zoomed && self.notes_filter == other.notes_filter
    }

    /// What changed, for the words of undo.
    pub(crate) fn change_to(&self, after: &Self) -> &'static str {
        match (self.zoomed == after.zoomed, after.zoomed) {
            (true, _) => "filter the notes",
            (false, Some(_)) => "give a pane all the room",
            (false, None) => "give the room back",
        }
    }
}

impl State {
    fn shown(&self) -> Shown {
        Shown { zoomed: self.zoomed, focus: self.focus, notes_filter: self.side.notes_filter.clone() }
    }

    /// After a message: what changed of it becomes a step that can be taken back.
    pub(crate) fn keep_shown(&mut self) {
        let now = LastShown { shown: self.shown(), n_commits: self.session.n_commits() };
        if let Some(last) = self.last_shown.replace(now.clone())
            && !last.shown.is_shared_out_as(&now.shown)
        {
            self.session.keep_shown((last.shown, now.shown), last.n_commits);
        }
    }

    /// Shares the screen out as it was.
    pub(crate) fn show_again(&mut self, shown: Shown) {
        if self.zoomed != shown.zoomed {
            (self.zoomed, self.focus) = (shown.zoomed, shown.focus);
            self.subject = if shown.focus == Focus::Side { self.subject } else { shown.focus };
        }
        if self.side.notes_filter != shown.notes_filter {
            self.side.notes_filter = shown.notes_filter;
            self.side.made_for = None;
        }
        // This is no step of its own.
        self.last_shown = None;
    }
}
