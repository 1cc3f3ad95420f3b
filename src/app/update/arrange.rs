//! How the screen is shared out: sizes of panes, what is hidden, ready-made arrangements. All of it is kept in the case,
//! so `u` takes it back; sizes are found by trying, because the layout alone knows what fits.

use std::collections::BTreeSet;

use crate::app::layout::{self, Lane};
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::side::Tab;
use crate::app::state::{Focus, State};
use crate::model::case::ScreenView;

use super::action;
use super::navigate::Way;

/// Columns by which one key moves the border between list and side pane.
const SIDE_STEP: u16 = 4;

/// Ready-made arrangements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrangement {
    Balanced,
    LogsFirst,
    MetricsFirst,
    Writing,
}

/// Makes another choice: one step that `u` takes back.
fn choose(state: &mut State, name: &str, change: impl FnOnce(&mut ScreenView)) -> Vec<Effect> {
    let Some(edit) = state.session.change_meta(|meta| change(&mut meta.screen)) else { return Vec::new() };
    state.session.commit(name, vec![edit])
}

/// Gives the list rows of the panels (forward), or the panels rows of the list.
pub(super) fn resize_list(state: &mut State, way: Way) -> Vec<Effect> {
    if state.zoomed.is_some() {
        state.say("one pane has all the room: z gives it back first");
        return Vec::new();
    }
    let shape = state.shape();
    let height = |share: u8| {
        let screen = ScreenView { panels: Some(share), ..shape.screen.clone() };
        layout::compute(state.layout.size, &layout::Shape { screen, ..shape.clone() }).list.height
    };
    let now = state.layout.list.height;
    let step = (state.layout.size.1 / 20).max(1);
    // The share whose list is nearest to the wanted height, on the right side of the present one.
    let wanted = if way == Way::Forward { now.saturating_add(step) } else { now.saturating_sub(step) };
    let moves = |share: &u8| if way == Way::Forward { height(*share) > now } else { height(*share) < now };
    let Some(share) = (0..=100).filter(moves).min_by_key(|share| height(*share).abs_diff(wanted)) else {
        state.say(if way == Way::Forward { "the panels keep a row" } else { "the panels have all they can use" });
        return Vec::new();
    };
    choose(state, if way == Way::Forward { "taller list" } else { "lower list" }, |screen| screen.panels = Some(share))
}

/// Moves the border between list and side pane to the right (forward) or left.
pub(super) fn resize_side(state: &mut State, way: Way) -> Vec<Effect> {
    let (width, side) = (state.layout.size.0, state.layout.side.width);
    if state.layout.list.width == 0 || side == 0 {
        state.say(match () {
            () if state.zoomed.is_some() => "one pane has all the room: z gives it back first",
            () if width < layout::SPLIT_WIDTH => "below 100 columns list and side pane take turns: Tab and the digits change them",
            () => "the side pane is hidden: ^w s shows it",
        });
        return Vec::new();
    }
    let shape = state.shape();
    let columns = |share: u8| {
        let screen = ScreenView { side: Some(share), ..shape.screen.clone() };
        layout::compute(state.layout.size, &layout::Shape { screen, ..shape.clone() }).side.width
    };
    let wanted = if way == Way::Forward { side.saturating_sub(SIDE_STEP) } else { side.saturating_add(SIDE_STEP) };
    let moves = |share: &u8| if way == Way::Forward { columns(*share) < side } else { columns(*share) > side };
    let Some(share) = (0..=100).filter(moves).min_by_key(|share| columns(*share).abs_diff(wanted)) else {
        state.say(if way == Way::Forward { "the side pane cannot be narrower" } else { "the list cannot be narrower" });
        return Vec::new();
    };
    choose(state, if way == Way::Forward { "wider list" } else { "narrower list" }, |screen| screen.side = Some(share))
}

/// The usual sizes again.
pub(super) fn reset_sizes(state: &mut State) -> Vec<Effect> {
    state.zoomed = None;
    let effects = choose(state, "usual sizes", |screen| (screen.panels, screen.side) = (None, None));
    state.say("panes have their usual sizes");
    effects
}

/// Hides the side pane, or shows it again.
pub(super) fn toggle_side(state: &mut State) -> Vec<Effect> {
    let is_hidden = state.session.doc.meta.screen.hides(ScreenView::SIDE);
    let effects = choose(state, if is_hidden { "show the side pane" } else { "hide the side pane" }, |screen| {
        if !screen.hidden.remove(ScreenView::SIDE) {
            screen.hidden.insert(ScreenView::SIDE.to_owned());
        }
    });
    if !is_hidden && state.focus == Focus::Side {
        action::focus(state, Focus::List);
    }
    state.say(match (is_hidden, state.layout.size.0 < layout::SPLIT_WIDTH) {
        (true, false) => "the side pane is back",
        (true, true) => "the side pane is back: beside the list from 100 columns on",
        _ => "the side pane is hidden; 4 to 9 show it while it has the focus",
    });
    effects
}

/// Lists the lanes to choose those that are shown.
pub(super) fn pick_lanes(state: &mut State) {
    let screen = &state.session.doc.meta.screen;
    let item = |lane: &Lane| PickItem {
        label: lane.name().to_owned(),
        detail: sentence(*lane).to_owned(),
        key: String::new(),
        value: PickValue::Lane(*lane),
    };
    let shown = (0..Lane::ALL.len()).filter(|index| !screen.hides(Lane::ALL[*index].name())).collect();
    let mut picker = Picker::new(PickPurpose::Lanes, "lanes: Tab hides or shows one, Enter takes", Lane::ALL.iter().map(item).collect());
    picker.chosen = Some(shown);
    picker.first_chosen.clone_from(&picker.chosen);
    state.overlays.push(Overlay::Picker(picker));
}

const fn sentence(lane: Lane) -> &'static str {
    match lane {
        Lane::Overview => "errors over the whole extent, and where the window lies in it",
        Lane::Ruler => "times of the window",
        Lane::Phases => "baseline, impact, recovery",
        Lane::Events => "how many events, by level",
        Lane::Hits => "hits of the find",
        Lane::Changes => "deploys and other changes; alerts on low screens",
        Lane::Alerts => "pending and firing alerts",
        Lane::Notes => "marks, notes and evidence",
    }
}

/// Enter in the list of lanes; without a change the current one is hidden or shown.
pub(super) fn take_lanes(state: &mut State, picker: &Picker) -> Vec<Effect> {
    let mut chosen: BTreeSet<usize> = picker.chosen.clone().unwrap_or_default();
    if let (false, Some(current)) = (picker.is_changed(), picker.current())
        && !chosen.remove(&current)
    {
        chosen.insert(current);
    }
    let effects = choose(state, "choose lanes", |screen| {
        for (index, lane) in Lane::ALL.iter().enumerate() {
            if chosen.contains(&index) {
                screen.hidden.remove(lane.name());
            } else {
                screen.hidden.insert(lane.name().to_owned());
            }
        }
    });
    let hidden: Vec<&str> =
        Lane::ALL.iter().enumerate().filter(|(index, _)| !chosen.contains(index)).map(|(_, lane)| lane.name()).collect();
    state.say(if hidden.is_empty() { "all lanes are shown".to_owned() } else { format!("hidden: {}; u takes it back", hidden.join(", ")) });
    effects
}

/// One of the ready-made arrangements.
pub(super) fn arrange(state: &mut State, arrangement: Arrangement) -> Vec<Effect> {
    state.zoomed = None;
    let (name, panels, side, hidden): (_, _, _, &[Lane]) = match arrangement {
        Arrangement::Balanced => ("balanced", None, None, &[]),
        Arrangement::LogsFirst => ("logs first", Some(15), Some(30), &[Lane::Overview, Lane::Phases]),
        Arrangement::MetricsFirst => ("metrics first", Some(75), Some(33), &[]),
        Arrangement::Writing => ("writing", Some(20), Some(60), &[Lane::Overview, Lane::Alerts]),
    };
    let effects = choose(state, &format!("arrange {name}"), |screen| {
        (screen.panels, screen.side) = (panels, side);
        for lane in Lane::ALL {
            screen.hidden.remove(lane.name());
        }
        screen.hidden.remove(ScreenView::SIDE);
        screen.hidden.extend(hidden.iter().map(|lane| lane.name().to_owned()));
    });
    match arrangement {
        Arrangement::Balanced => {}
        Arrangement::LogsFirst => action::focus(state, Focus::List),
        Arrangement::MetricsFirst => action::focus(state, Focus::Panels),
        Arrangement::Writing => {
            // Chain and notes are written; another tab would be wide for nothing.
            let tab = if state.side.tab == Tab::Notes { Tab::Notes } else { Tab::Chain };
            action::show_tab(state, tab);
        }
    }
    state.say(format!("{name}: u takes it back, ^w = gives the usual sizes"));
    effects
}
