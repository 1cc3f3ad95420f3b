//! Typed times, for the prompt and the command line: `model::when` reads them, here is what they refer to.

use std::ops::Range;

use crate::app::Action;
use crate::app::clock::{Precision, Style};
use crate::app::state::State;
use crate::model::time::NS_PER_S;
use crate::model::when::{self, Reference, WallZone};
use crate::model::{Timestamp, text};

/// Reads a typed time: an offset from T+0 (`T+12m`), from the cursor (`-90s`), a time of day in the zone on screen,
/// a date and time, an epoch.
pub(super) fn parse(state: &State, typed: &str) -> Result<Timestamp, String> {
    when::parse(typed, &reference(state))
}

/// Goes to a typed time, and says what else it could have meant.
pub(super) fn go_to(state: &mut State, typed: &str) -> Result<Timestamp, String> {
    let (at, days) = (parse(state, typed)?, other_days(state, typed));
    if !days.is_empty() {
        state.say(format!("{}; the data have this time on {days} too: write the date to go there", text::rfc3339(at)));
    }
    state.jump_to(at);
    Ok(at)
}

/// What typed times refer to.
pub(super) fn reference(state: &State) -> Reference {
    let zone = if state.clock.style == Style::Local { WallZone::Named(state.clock.zone) } else { WallZone::Utc };
    Reference {
        now: Some(state.now),
        t0: state.t0(),
        start: None,
        cursor: Some(state.timeline.cursor),
        extent: state.timeline.extent,
        dense: state.catalog.dense.map(|dense| dense.range),
        peak: state.catalog.peak,
        zone,
    }
}

/// What a typed time means, for the prompt, and which bytes of it are wrong. What is only unfinished means nothing yet.
pub(super) fn preview(state: &State, typed: &str) -> (Option<Result<String, String>>, Option<Range<usize>>) {
    if typed.trim().is_empty() {
        return (None, None);
    }
    let error = match parse(state, typed) {
        Ok(at) => return (Some(Ok(told(state, typed, at))), None),
        Err(error) => error,
    };
    match when::fault(typed, &reference(state)) {
        Some(at) if at >= typed.trim_end().len() => (None, None),
        Some(at) => (Some(Err(format!("no form of a time goes on like this: {:?}", typed[at..].trim_end()))), Some(at..typed.len())),
        None if state.t0().is_none() && error.contains("T+0") => {
            let key = state.keymap.key_of(Action::SetT0);
            (Some(Err(format!("T+0 is not set: {key} makes the cursor T+0"))), None)
        }
        None => (Some(Err(error)), None),
    }
}

/// The moment on the clock that is shown, and what is remarkable about it.
fn told(state: &State, typed: &str, at: Timestamp) -> String {
    let precision = match at.0.rem_euclid(NS_PER_S) {
        0 => Precision::Seconds,
        ns if ns % 1_000_000 == 0 => Precision::Millis,
        _ => Precision::Micros,
    };
    let moment = if state.clock.style == Style::Local { state.clock.date_time(at, precision) } else { text::rfc3339(at) };
    let offset = state.clock.offset(at).map(|offset| format!("  {offset}")).unwrap_or_default();
    let outside = match state.timeline.extent {
        Some(extent) if !extent.contains(at) => "  (outside the data)",
        _ => "",
    };
    let days = other_days(state, typed);
    let others = if days.is_empty() { String::new() } else { format!("  (not {days}: write the date to mean it)") };
    format!("{moment}{offset}{outside}{others}")
}

/// Other days whose same time of day lies inside the data, and could have been meant: `2026-03-16`.
pub(super) fn other_days(state: &State, typed: &str) -> String {
    let reference = reference(state);
    let day = |at: &Timestamp| {
        let wall = at.plus_ns(i64::from(reference.zone.offset_at(*at)) * NS_PER_S);
        text::rfc3339(wall).split('T').next().unwrap_or_default().to_owned()
    };
    when::same_time_of_other_days(typed, &reference).iter().map(day).collect::<Vec<_>>().join(", ")
}
