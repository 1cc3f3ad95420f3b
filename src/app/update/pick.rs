//! Lists to pick from: zones, panels, markers, things to pin.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::app::actions::Action;
use crate::app::heat;
use crate::app::message::{Effect, FreezeTarget};
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::panels as shown;
use crate::app::series_search::{self, SeriesSearch};
use crate::app::state::State;
use crate::model::case::{MarkerName, PanelForm, PanelRef, PanelShape};
use crate::model::text;

use super::{action, annotate, kind_form, palette, panel_edit, panel_form, records, settle};

pub(super) fn item(label: impl Into<String>, detail: impl Into<String>, value: PickValue) -> PickItem {
    PickItem { label: label.into(), detail: detail.into(), key: String::new(), value }
}

pub(super) fn clean(words: &str) -> String {
    text::printable(words).into_owned()
}

/// Zones of the world.
pub(super) fn zones(state: &mut State) {
    let mut items = vec![item("UTC", "no local zone", PickValue::Zone(Tz::UTC))];
    items.extend(chrono_tz::TZ_VARIANTS.iter().filter(|zone| **zone != Tz::UTC).map(|zone| item(zone.name(), "", PickValue::Zone(*zone))));
    state.overlays.push(Overlay::Picker(Picker::new(PickPurpose::Zone, "zone of local times", items)));
}

/// Histograms that the panel picker lists.
const HISTOGRAMS: usize = 200;

/// Series for the panels: the present ones first and chosen, then the candidates for the usual panels, then all.
pub(super) fn panels(state: &mut State) {
    let catalog = &state.catalog;
    if catalog.series.is_empty() {
        state.say("no series loaded: open a folder that holds Prometheus JSON, an exposition dump or CSV");
        return;
    }
    let present: Vec<_> = state.panels.ids().into_iter().filter_map(|id| catalog.series(id)).collect();
    let mut items: Vec<PickItem> = present.iter().map(|meta| series_search::line(catalog, meta, "")).collect();
    let n_present = items.len();
    let mut listed: BTreeSet<_> = present.iter().map(|meta| meta.id).collect();
    for (role, id) in state.panels.candidates() {
        if let Some(meta) = catalog.series(*id)
            && listed.insert(*id)
        {
            items.push(series_search::line(catalog, meta, &format!("{}?  ", clean(role))));
        }
    }
    let heat = heat::histograms(catalog).into_iter().take(HISTOGRAMS).map(|(meta, name)| {
        let detail = catalog.source(meta.source).map_or_else(String::new, |source| clean(&source.path));
        item(clean(&format!("heat map {name}")), detail, PickValue::Heat(shown::reference(catalog, meta, "")))
    });
    items.extend(heat);
    let mut picker = Picker::new(PickPurpose::Panels, "panels: a name, unit:s, shape:spike, moves, or a formula: rate(x[1m])", items);
    picker.chosen = Some((0..n_present).collect());
    picker.first_chosen.clone_from(&picker.chosen);
    let picker = picker.with_series(SeriesSearch::new(Arc::clone(catalog), listed));
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
    let name = (zone != state.usual_zone).then(|| zone.name().to_owned());
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
        PickPurpose::Panels => {
            return match current.map(|index| &picker.items[index].value) {
                Some(PickValue::Formula(text)) => add_formula(state, text),
                Some(PickValue::Heat(reference)) if !picker.is_changed() => add_heat(state, reference.clone()),
                _ => take_panels(state, picker),
            };
        }
        PickPurpose::Pin => {
            let chosen = chosen_or_current(picker);
            let targets = chosen.into_iter().filter_map(|index| match &picker.items[index].value {
                PickValue::Target(target) => Some(target.clone()),
                _ => None,
            });
            let targets = targets.collect();
            return annotate::freeze(state, targets);
        }
        PickPurpose::Suggested => {
            let chosen = chosen_or_current(picker).into_iter();
            let suggested = chosen.filter_map(|index| match &picker.items[index].value {
                PickValue::Suggested(kind, words) => Some(((**kind).clone(), words.clone())),
                _ => None,
            });
            let suggested = suggested.collect();
            return annotate::accept(state, suggested);
        }
        PickPurpose::Lanes => return super::arrange::take_lanes(state, picker),
        PickPurpose::Columns => return super::column_pick::take(state, picker),
        PickPurpose::Attach(bearing) => {
            let Some(about) = picker.about.clone() else { return Vec::new() };
            let chosen = picker.chosen.clone().unwrap_or_default();
            let id = |index: usize| match picker.items.get(index).map(|item| &item.value) {
                Some(PickValue::Annotation(id)) => Some(id.clone()),
                _ => None,
            };
            let mut ids: Vec<_> = chosen.into_iter().filter_map(id).collect();
            // Enter without Tab takes the line it stands on, too.
            if !picker.is_changed() {
                ids.extend(current.and_then(id).filter(|id| !ids.contains(id)));
            }
            return records::attached(state, &about, bearing, ids);
        }
        _ => {}
    }
    let Some(value) = current.map(|index| picker.items[index].value.clone()) else {
        state.say(format!("nothing is called {:?}", picker.input.text()));
        return Vec::new();
    };
    take(state, value)
}

/// Does what a line stands for.
pub(super) fn take(state: &mut State, value: PickValue) -> Vec<Effect> {
    match value {
        // Lanes and columns are taken as a whole.
        PickValue::Action(Action::Palette) | PickValue::Lane(_) | PickValue::Column(_) => Vec::new(),
        PickValue::Action(chosen) => action::run(state, chosen, None),
        PickValue::Place(place) => palette::take(state, place),
        PickValue::Moment(at) => {
            state.jump_to(at);
            Vec::new()
        }
        PickValue::Annotation(id) => {
            palette::show_record(state, &id);
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
        PickValue::Formula(text) => add_formula(state, &text),
        PickValue::Zone(zone) => set_zone(state, zone),
        PickValue::SourceZone(id) => {
            super::zone_view::type_zone(state, id);
            Vec::new()
        }
        PickValue::Clock(id) => {
            super::clock_view::type_offset(state, id, None);
            Vec::new()
        }
        PickValue::Marker(name) => annotate::set_marker(state, name),
        PickValue::Suggested(kind, words) => annotate::accept(state, vec![(*kind, words)]),
        PickValue::KeyMoment => annotate::add_key_moment(state),
        PickValue::Target(target) => annotate::freeze(state, vec![target]),
        PickValue::Version(version) => super::versions::restore(state, version),
        PickValue::Section(stem) => super::draft_view::picked(state, stem),
        PickValue::Kind(kind) => {
            kind_form::open_new(state, kind);
            Vec::new()
        }
        PickValue::LinkTo(link) => records::linked(state, *link),
        PickValue::Settle(settling, choice) => settle::take(state, &settling, choice),
        PickValue::Form(form) => panel_form::set(state, form),
        PickValue::Sum(shape, formula) => {
            state.panels.pending_shape = Some(shape);
            add_formula(state, &formula)
        }
        PickValue::Heat(reference) => add_heat(state, reference),
    }
}

/// A panel of a histogram, new or in the place of the one that shows its series.
fn add_heat(state: &mut State, reference: PanelRef) -> Vec<Effect> {
    let mut panels = state.panels.references();
    let is_new = !panels.iter().any(|panel| panel.series == reference.series && panel.source == reference.source);
    if is_new {
        panels.push(reference.clone());
    }
    let form = PanelForm { shape: PanelShape::Heat, by: None };
    let name = format!("add heat map {}", reference.series);
    panel_form::commit(
        state,
        &name,
        (reference, form, is_new.then_some(panels)),
        "each column shows how its observations spread over the buckets",
    )
}

/// Asks for the lines of a formula; they become panels when they are there.
pub(super) fn add_formula(state: &mut State, text: &str) -> Vec<Effect> {
    if state.panels.all.iter().any(|panel| panel.reference.formula() == Some(text)) {
        state.say("this formula is a panel already");
    } else if state.catalog.is_complete {
        state.panels.pending = Some(text.to_owned());
        state.say("computing …");
    } else {
        state.say("formulas are computed when everything is read; try again then");
    }
    Vec::new()
}

/// Lines of a formula that become panels at once.
const SHOWN_LINES: usize = 6;

/// The lines of a formula as panels behind the present ones: one step that can be undone.
pub(super) fn show_formula(state: &mut State, formula: &str) -> Vec<Effect> {
    let is_line = |meta: &&crate::model::SeriesMeta| meta.name == formula && meta.derivation.as_ref().is_some_and(|one| one.is_written);
    let lines: Vec<PanelRef> =
        state.catalog.series.iter().filter(is_line).map(|meta| crate::app::panels::reference(&state.catalog, meta, "")).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let n_left = lines.len().saturating_sub(SHOWN_LINES);
    let mut panels = state.panels.references();
    let first = panels.len();
    if let Some((shape, line)) = state.panels.pending_shape.take().zip(lines.first()) {
        panels.push(line.clone());
        let form = PanelForm { shape, by: None };
        let words = format!("{} parts of {}; u takes it back", lines.len(), clean(formula));
        return panel_form::commit(state, &format!("add panel {}", clean(formula)), (line.clone(), form, Some(panels)), &words);
    }
    panels.extend(lines.into_iter().take(SHOWN_LINES));
    let effects = panel_edit::set(state, &format!("add panel {}", clean(formula)), panels);
    state.panels.selected = first.min(state.panels.all.len().saturating_sub(1));
    let more = if n_left > 0 { format!("{n_left} more lines of this formula: P lists them; ") } else { String::new() };
    state.say(format!("{more}u takes it back"));
    effects
}

fn chosen_or_current(picker: &Picker) -> Vec<usize> {
    match &picker.chosen {
        Some(chosen) if !chosen.is_empty() => chosen.iter().copied().collect(),
        _ => picker.current().into_iter().collect(),
    }
}

/// Present panels keep their order and role; new ones come behind. Enter without a change toggles the current line.
fn take_panels(state: &mut State, picker: &Picker) -> Vec<Effect> {
    let same = |a: &PanelRef, b: &PanelRef| a.series == b.series && a.source == b.source;
    let reference_of = |index: usize| match picker.items.get(index).map(|item| &item.value) {
        Some(PickValue::Series(reference)) => Some(reference.clone()),
        _ => None,
    };
    let present = state.panels.references();
    let is_present = |reference: &PanelRef| present.iter().any(|panel| same(panel, reference));
    let listed = (0..picker.items.len()).filter(|index| reference_of(*index).is_some_and(|reference| is_present(&reference)));
    let listed: BTreeSet<usize> = listed.collect();
    let mut chosen = picker.chosen.clone().unwrap_or_default();
    if let (true, Some(current)) = (chosen == listed, picker.current())
        && !chosen.remove(&current)
    {
        chosen.insert(current);
    }
    let wanted: Vec<PanelRef> = chosen.into_iter().filter_map(reference_of).collect();
    // A panel whose source is not loaded now is in no list: only d removes it.
    let is_dropped = |panel: &PanelRef| {
        let is_listed = listed.iter().any(|index| reference_of(*index).is_some_and(|reference| same(panel, &reference)));
        is_listed && !wanted.iter().any(|reference| same(panel, reference))
    };
    let mut next: Vec<PanelRef> = present.iter().filter(|panel| !is_dropped(panel)).cloned().collect();
    let n_kept = next.len();
    next.extend(wanted.into_iter().filter(|reference| !is_present(reference)));
    if next.is_empty() {
        state.say("at least one panel stays");
        return Vec::new();
    }
    let first_new = (next.len() > n_kept).then_some(n_kept);
    let effects = panel_edit::set(state, "choose panels", next);
    state.panels.selected = first_new.unwrap_or(state.panels.selected).min(state.panels.all.len().saturating_sub(1));
    effects
}
