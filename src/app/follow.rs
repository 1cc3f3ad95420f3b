//! Following growing sources: when the last new line came, and a cursor that stays at the end.

use super::message::Effect;
use super::state::State;
use crate::model::{Timestamp, text};

/// While sources are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Following {
    /// When the last new event came.
    last_new: Option<Timestamp>,
}

/// The end of the data as it was before more of it came.
pub(crate) struct EndBefore {
    n_events: u64,
    end: Option<Timestamp>,
    is_cursor_there: bool,
}

impl Following {
    /// `FOLLOW 3s`: how long ago the last new line came.
    pub(crate) fn words(self, now: Timestamp) -> String {
        match self.last_new {
            None => "FOLLOW".to_owned(),
            Some(at) => format!("FOLLOW {}", text::whole_duration(now.since(at).max(0) as u64 / 1_000_000_000)),
        }
    }
}

impl State {
    /// Whether growing sources are followed.
    pub fn is_following(&self) -> bool {
        self.follow.is_some()
    }

    /// Where the data end, before a new catalog is taken.
    pub(crate) fn end_before(&self) -> EndBefore {
        let timeline = &self.timeline;
        EndBefore {
            n_events: self.catalog.n_events,
            end: timeline.extent.map(crate::model::TimeRange::end),
            is_cursor_there: timeline.is_at_end() || timeline.is_cursor_untouched,
        }
    }

    /// A new catalog was taken: a cursor at the end stays there.
    pub(crate) fn keep_to_end(&mut self, before: &EndBefore) {
        let Some(following) = &mut self.follow else { return };
        if before.end.is_some() && self.catalog.n_events > before.n_events && self.catalog.is_complete {
            following.last_new = Some(self.now);
        }
        if before.is_cursor_there {
            self.timeline.stick_to_end(before.end);
        }
    }
}

/// Follows, or stops.
pub(crate) fn toggle(state: &mut State) -> Vec<Effect> {
    if state.follow.take().is_some() {
        state.say("not following any more");
        return vec![Effect::Unfollow];
    }
    begin(state)
}

/// Follows from now on.
pub(crate) fn begin(state: &mut State) -> Vec<Effect> {
    if state.follow.is_some() {
        return Vec::new();
    }
    state.follow = Some(Following::default());
    let end = if state.timeline.is_at_end() { "the cursor stays at the end" } else { "G goes to the end and stays there" };
    state.say(format!("following: new lines appear as they are written; {end}"));
    vec![Effect::Follow]
}
