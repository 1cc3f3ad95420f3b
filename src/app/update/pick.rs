//! Lists to pick from: palette, commands, zones, panels, markers, things to pin.

use std::collections::BTreeSet;

use chrono_tz::Tz;

use crate::app::actions::{self, Action};
use crate::app::message::{Effect, FreezeTarget};
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::panels;
use crate::app::state::State;
use crate::model::case::MarkerName;
use crate::model::text;

use super::{action, annotate, panel_edit};

fn item(label: impl Into<String>, detail: impl Into<String>, value: PickValue) -> PickItem {
    PickItem { label: label.into(), detail: detail.into(), key: String::new(), value }
}

fn clean(words: &str) -> String {
    text::printable(words).into_owned()
}

fn action_items(state: &State) -> Vec<PickItem> {
    actions::ALL
        .iter()
        .filter(|info| info.is_in_palette())
        .map(|info| {
            let key = state.keymap.key_of(info.action);
            PickItem { key, ..item(info.name, info.sentence, PickValue::Action(info.action)) }
        })
        .collect()
}

/// Everything there is: actions, changes, alerts, marks, series.
pub(super) fn palette(state: &mut State) {
    let mut items = action_items(state);
    let clock = &state.clock;
    items.extend(state.catalog.changes.iter().filter_map(|change| {
        let at = change.time?;
        Some(item(clean(&format!("{} {}", change.kind, change.text)), format!("change {}", clock.both(at)), PickValue::Moment(at)))
    }));
    items.extend(state.catalog.alerts.iter().map(|alert| {
        let at = alert.firing_at.unwrap_or(alert.active_at);
        let label = format!("{} {}", alert.name, alert.service.as_deref().unwrap_or_default());
        item(clean(label.trim()), format!("alert {}", clock.both(at)), PickValue::Moment(at))
    }));
    items.extend(state.session.doc.by_time().into_iter().filter_map(|record| {
        let at = record.at()?;
        let label = annotate::headline(record);
        Some(item(label, format!("{} {}", record.kind.name(), clock.both(at)), PickValue::Annotation(record.id.clone())))
    }));
    items.extend(series_items(state));
    let picker = Picker::new(PickPurpose::Palette, "palette: action, series, change, alert, mark", items);
    state.overlays.push(Overlay::Picker(picker));
}

/// Actions by name, with an argument.
pub(super) fn commands(state: &mut State) {
    let picker = Picker::new(PickPurpose::Command, "command: name and argument, for example goto T+3m", action_items(state));
    state.overlays.push(Overlay::Picker(picker));
}

/// Zones of the world.
pub(super) fn zones(state: &mut State) {
    let mut items = vec![item("UTC", "no local zone", PickValue::Zone(Tz::UTC))];
    items.extend(chrono_tz::TZ_VARIANTS.iter().filter(|zone| **zone != Tz::UTC).map(|zone| item(zone.name(), "", PickValue::Zone(*zone))));
    state.overlays.push(Overlay::Picker(Picker::new(PickPurpose::Zone, "zone of local times", items)));
}

fn series_items(state: &State) -> Vec<PickItem> {
    let catalog = &state.catalog;
    catalog
        .series
        .iter()
        .map(|meta| {
            let reference = panels::reference(catalog, meta, "");
            item(clean(&reference.series), format!("series {}", clean(&reference.source)), PickValue::Series(reference))
        })
        .collect()
}

/// Series for the panels, the present ones first and chosen.
pub(super) fn panels(state: &mut State) {
    let present = state.panels.references();
    let is_present = |item: &PickItem| match &item.value {
        PickValue::Series(reference) => present.iter().any(|panel| panel.series == reference.series && panel.source == reference.source),
        _ => false,
    };
    let (mut items, others): (Vec<_>, Vec<_>) = series_items(state).into_iter().partition(is_present);
    let n_present = items.len();
    items.extend(others);
    if items.is_empty() {
        state.say("no series loaded yet");
        return;
    }
    let mut picker = Picker::new(PickPurpose::Panels, "panels: Tab chooses, Enter takes", items);
    picker.chosen = Some((0..n_present).collect());
    state.overlays.push(Overlay::Picker(picker));
}

/// Names of key moments; the next one in the usual order is selected.
pub(super) fn markers(state: &mut State) {
    let doc = &state.session.doc;
    let mut items: Vec<PickItem> = MarkerName::ALL
        .into_iter()
        .map(|name| {
            let detail = doc.marker(name).map_or_else(String::new, |at| format!("set at {}; moves it", state.clock.both(at)));
            item(name.name().replace('_', " "), detail, PickValue::Marker(name))
        })
        .collect();
    items.push(item("key moment", "a column of the key-indicator table", PickValue::KeyMoment));
    let last_before = MarkerName::ALL.iter().rposition(|name| doc.marker(*name).is_some_and(|at| at <= state.timeline.cursor));
    let first = last_before.map_or(0, |at| at + 1);
    let next = (first..MarkerName::ALL.len()).find(|index| {
        let name = MarkerName::ALL[*index];
        // Optional ones are not proposed.
        let is_usual =
            !matches!(name, MarkerName::Escalated | MarkerName::StatusPage | MarkerName::RollbackStart | MarkerName::RollbackDone);
        is_usual && doc.marker(name).is_none()
    });
    let title = format!("mark {} as", state.clock.both(state.timeline.cursor));
    let mut picker = Picker::new(PickPurpose::Marker, title, items);
    picker.selected = next.unwrap_or(0);
    state.overlays.push(Overlay::Picker(picker));
}

/// Several things lie under the cursor: which are to be pinned?
pub(super) fn targets(state: &mut State, targets: Vec<(String, String, FreezeTarget)>) {
    let items = targets.into_iter().map(|(label, detail, target)| item(label, detail, PickValue::Target(target))).collect();
    let mut picker = Picker::new(PickPurpose::Pin, "pin: Tab chooses several, Enter pins", items);
    picker.chosen = Some(BTreeSet::new());
    state.overlays.push(Overlay::Picker(picker));
}

/// Sets the zone of local times and shows them.
pub(super) fn set_zone(state: &mut State, zone: Tz) -> Vec<Effect> {
    state.clock.zone = zone;
    state.clock.style = if zone == Tz::UTC { crate::app::clock::Style::Utc } else { crate::app::clock::Style::Local };
    let name = (zone != Tz::UTC).then(|| zone.name().to_owned());
    state.say(format!("times in {}", zone.name()));
    match state.session.change_meta(|meta| meta.time_zone = name) {
        Some(edit) => state.session.commit(format!("zone {}", zone.name()), vec![edit]),
        None => Vec::new(),
    }
}

/// Enter in a picker.
pub(super) fn picked(state: &mut State, picker: &Picker) -> Vec<Effect> {
    let current = picker.current();
    match picker.purpose {
        PickPurpose::Panels => return take_panels(state, picker),
        PickPurpose::Pin => {
            let chosen = chosen_or_current(picker);
            let targets = chosen.into_iter().filter_map(|index| match &picker.items[index].value {
                PickValue::Target(target) => Some(target.clone()),
                _ => None,
            });
            let targets = targets.collect();
            return annotate::freeze(state, targets);
        }
        _ => {}
    }
    let argument = match picker.purpose {
        PickPurpose::Command => picker.input.text().trim().split_once(char::is_whitespace).map(|(_, argument)| argument.to_owned()),
        _ => None,
    };
    let Some(value) = current.map(|index| picker.items[index].value.clone()) else {
        state.say(format!("nothing is called {:?}", picker.input.text()));
        return Vec::new();
    };
    take(state, value, argument.as_deref())
}

fn take(state: &mut State, value: PickValue, argument: Option<&str>) -> Vec<Effect> {
    match value {
        PickValue::Action(Action::Palette | Action::CommandLine) => Vec::new(),
        PickValue::Action(chosen) => action::run(state, chosen, argument),
        PickValue::Moment(at) => {
            state.jump_to(at);
            Vec::new()
        }
        PickValue::Annotation(id) => {
            if let Some(at) = state.session.doc.annotations.get(&id).and_then(crate::model::Annotation::at) {
                state.jump_to(at);
            }
            Vec::new()
        }
        PickValue::Series(reference) => {
            let mut panels = state.panels.references();
            if let Some(at) = panels.iter().position(|panel| panel.series == reference.series && panel.source == reference.source) {
                state.panels.selected = at;
                state.say("this series is a panel already");
                return Vec::new();
            }
            let name = format!("add panel {}", reference.series);
            panels.push(reference);
            let effects = panel_edit::set(state, &name, panels);
            state.panels.selected = state.panels.all.len().saturating_sub(1);
            effects
        }
        PickValue::Zone(zone) => set_zone(state, zone),
        PickValue::Marker(name) => annotate::set_marker(state, name),
        PickValue::KeyMoment => annotate::add_key_moment(state),
        PickValue::Target(target) => annotate::freeze(state, vec![target]),
    }
}

fn chosen_or_current(picker: &Picker) -> Vec<usize> {
    match &picker.chosen {
        Some(chosen) if !chosen.is_empty() => chosen.iter().copied().collect(),
        _ => picker.current().into_iter().collect(),
    }
}

/// Present panels keep their order and role; new ones come behind. Enter without a change toggles the current line.
fn take_panels(state: &mut State, picker: &Picker) -> Vec<Effect> {
    let present = state.panels.references();
    let mut chosen = picker.chosen.clone().unwrap_or_default();
    let same = |a: &crate::model::case::PanelRef, b: &crate::model::case::PanelRef| a.series == b.series && a.source == b.source;
    let reference_of = |index: usize| match &picker.items[index].value {
        PickValue::Series(reference) => Some(reference.clone()),
        _ => None,
    };
    let is_unchanged = chosen.len()
        == picker
            .items
            .iter()
            .enumerate()
            .filter(|(index, _)| {
                chosen.contains(index) && reference_of(*index).is_some_and(|reference| present.iter().any(|panel| same(panel, &reference)))
            })
            .count()
        && chosen.len() == present.len();
    if let (true, Some(current)) = (is_unchanged, picker.current())
        && !chosen.remove(&current)
    {
        chosen.insert(current);
    }
    let wanted: Vec<_> = chosen.into_iter().filter_map(reference_of).collect();
    let mut next: Vec<_> = present.iter().filter(|panel| wanted.iter().any(|reference| same(panel, reference))).cloned().collect();
    let added: Vec<_> = wanted.into_iter().filter(|reference| !present.iter().any(|panel| same(panel, reference))).collect();
    next.extend(added);
    if next.is_empty() {
        state.say("at least one panel stays");
        return Vec::new();
    }
    let effects = panel_edit::set(state, "choose panels", next);
    state.panels.selected = state.panels.all.len().saturating_sub(1);
    effects
}
