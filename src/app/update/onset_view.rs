//! `s` and `S`: to the next or previous moment at which the events or a panel left their own baseline, and what it was.

use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::state::State;
use crate::model::onset::{Onset, OnsetOf, OnsetQuery};
use crate::model::{Level, SeriesKind, TimeRange, Unit, text};

use super::navigate::Way;

/// Things that left their baseline at one moment and are named; more are counted.
const MOST_NAMED: usize = 3;

/// Asks for them; the cursor goes there when the answer comes.
pub(super) fn seek(state: &mut State, way: Way) -> Vec<Effect> {
    let (Some(range), Some(baseline)) = (main(state), state.baseline()) else {
        state.say("nothing to look through yet");
        return Vec::new();
    };
    let (ids, filter) = (state.panels.ids(), state.list.filter.clone());
    let query = OnsetQuery { ids, filter, baseline, range, from: state.timeline.cursor, is_forward: way == Way::Forward };
    let mut effects = Vec::new();
    state.jobs.ask(Slot::Onsets, Question::Onsets(Box::new(query)), state.catalog.version, &mut effects);
    effects
}

/// Where they are sought: where nearly all data lie, unless the cursor or what is normal lies elsewhere.
fn main(state: &State) -> Option<TimeRange> {
    let is_inside =
        |main: &TimeRange| main.contains(state.timeline.cursor) && state.baseline().is_some_and(|calm| calm.intersect(*main) == Some(calm));
    state.timeline.home.filter(is_inside).or(state.timeline.extent)
}

/// Goes to the nearest one.
pub(super) fn came(state: &mut State, query: &OnsetQuery, onsets: &[Onset]) {
    let at = if query.is_forward {
        onsets.iter().map(|onset| onset.at).find(|at| *at > query.from)
    } else {
        onsets.iter().rev().map(|onset| onset.at).find(|at| *at < query.from)
    };
    let Some(at) = at else {
        let where_to = match (query.is_forward, state.has_curtain()) {
            (true, true) => "yet: the curtain hides what comes after the cursor",
            (true, false) => "after the cursor",
            (false, _) => "before the cursor",
        };
        state.say(format!("no burst or onset {where_to}; the baseline ends at {}", state.clock.both(query.baseline.end())));
        return;
    };
    state.jump_to(at);
    let here: Vec<&Onset> = onsets.iter().filter(|onset| onset.at == at).collect();
    let mut words: Vec<String> = here.iter().take(MOST_NAMED).map(|onset| words_of(state, onset)).collect();
    if here.len() > MOST_NAMED {
        words.push(format!("and {} more", here.len() - MOST_NAMED));
    }
    state.say(words.join(" · "));
}

/// `goroutines order left its baseline: 180, usually 33`.
fn words_of(state: &State, onset: &Onset) -> String {
    match onset.of {
        OnsetOf::Series(id) => {
            let panel = state.panels.all.iter().find(|panel| panel.id == Some(id));
            let (name, numbers) = panel.map_or_else(
                || ("a series".to_owned(), (onset.value.to_string(), onset.normal.to_string())),
                |panel| {
                    let is_rate = matches!(panel.kind, SeriesKind::Counter | SeriesKind::HistogramPart);
                    let print = |value: f64| if is_rate { format!("{}/s", text::value(value, panel.unit)) } else { panel.print(value) };
                    (format!("{} {}", panel.name, panel.place), (print(onset.value), print(onset.normal)))
                },
            );
            format!("{name} left its baseline: {}, usually {}", numbers.0, numbers.1)
        }
        OnsetOf::Events(level) => {
            let what = match level {
                Some(Level::Error) => "errors",
                Some(_) => "warnings and errors",
                None => "events",
            };
            let rate = |value: f64| text::value(value, Unit::PerSecond);
            let word = if onset.value > onset.normal { "burst" } else { "fell silent" };
            format!("{what} {word}: {}, usually {}", rate(onset.value), rate(onset.normal))
        }
    }
}
