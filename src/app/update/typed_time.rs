//! Typed times, for the prompt and the command line: `model::when` reads them, here is what they refer to.

use crate::app::clock::Style;
use crate::app::state::State;
use crate::model::when::{self, Reference, WallZone};
use crate::model::{Timestamp, text};

/// Reads a typed time: an offset from T+0 (`T+12m`), from the cursor (`-90s`), a time of day in the zone on screen,
/// a date and time, an epoch.
pub(super) fn parse(state: &State, typed: &str) -> Result<Timestamp, String> {
    when::parse(typed, &reference(state))
}

/// What typed times refer to.
pub(super) fn reference(state: &State) -> Reference {
    let zone = if state.clock.style == Style::Local { WallZone::Named(state.clock.zone) } else { WallZone::Utc };
    Reference { now: Some(state.now), t0: state.t0(), cursor: Some(state.timeline.cursor), extent: state.timeline.extent, zone }
}

/// What a typed time means, for the prompt.
pub(super) fn preview(state: &State, typed: &str) -> Option<Result<String, String>> {
    if typed.trim().is_empty() {
        return None;
    }
    Some(parse(state, typed).map(|at| {
        let offset = state.clock.offset(at).map(|offset| format!("  {offset}")).unwrap_or_default();
        let outside = match state.timeline.extent {
            Some(extent) if !extent.contains(at) => "  (outside the data)",
            _ => "",
        };
        format!("{}{offset}{outside}", text::rfc3339(at))
    }))
}
