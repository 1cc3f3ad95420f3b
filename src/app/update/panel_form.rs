//! Several series in one panel, and histograms over time: what the actions do. Kept in the case, undone like any edit.

use crate::app::heat;
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::parts::{self, Parts};
use crate::app::state::State;
use crate::model::case::{PanelForm, PanelRef, PanelShape};
use crate::model::{SeriesKind, SeriesMeta, text};

use super::panel_edit::case_changed;
use super::panel_view::{change, selected};

/// So many parts are shown together without asking which.
const FEW: usize = 8;

/// The selected panel in this shape, or with its one series again.
pub(super) fn toggle(state: &mut State, shape: PanelShape) -> Vec<Effect> {
    let Some(series) = selected(state) else { return Vec::new() };
    let form = state.session.doc.meta.view.forms.get(&series).cloned();
    match form {
        Some(form) if form.shape == shape => plain(state),
        Some(PanelForm { shape: before, by }) if before != PanelShape::Heat && shape != PanelShape::Heat => {
            set(state, PanelForm { shape, by })
        }
        _ if shape == PanelShape::Heat => heat_map(state),
        _ => choose(state, shape),
    }
}

/// One series only.
pub(super) fn plain(state: &mut State) -> Vec<Effect> {
    let Some(series) = selected(state) else { return Vec::new() };
    if !state.session.doc.meta.view.forms.contains_key(&series) {
        state.say("this panel shows one series already");
        return Vec::new();
    }
    change(state, "one series", "one series", |view| drop(view.forms.remove(&series)))
}

/// The series of the selected panel.
fn meta(state: &mut State) -> Option<SeriesMeta> {
    let id = state.panels.selected().and_then(|panel| panel.id);
    let meta = id.and_then(|id| state.catalog.series(id)).cloned();
    if meta.is_none() {
        state.say(if state.panels.selected().is_some() { "this series is not loaded" } else { "no panel selected: P adds panels" });
    }
    meta
}

fn heat_map(state: &mut State) -> Vec<Effect> {
    let Some(meta) = meta(state) else { return Vec::new() };
    if heat::behind(&meta, &state.catalog).is_none() {
        state.say("no buckets of a histogram lie behind this panel: P lists histograms as heat maps");
        return Vec::new();
    }
    set(state, PanelForm { shape: PanelShape::Heat, by: None })
}

/// Splits at once where there is only one way to do it, else asks how.
fn choose(state: &mut State, shape: PanelShape) -> Vec<Effect> {
    let Some(meta) = meta(state) else { return Vec::new() };
    let (n_all, by) = parts::splits(&meta, &state.catalog);
    if n_all < 2 {
        let name = text::printable(&meta.name).into_owned();
        state.say(format!("{name} has one series only; P takes a formula with several, such as sum by (LABEL) (rate(NAME[1m]))"));
        return Vec::new();
    }
    let is_one_way = match by.as_slice() {
        [] => true,
        [(_, n)] => *n == n_all,
        _ => false,
    };
    if is_one_way && n_all <= FEW {
        return set(state, PanelForm { shape, by: None });
    }
    let item = |label: String, detail: String, value| PickItem { label, detail, key: String::new(), value };
    let all = PickValue::Form(PanelForm { shape, by: None });
    let words = names(&Parts::of(&meta, &PanelForm { shape, by: None }, &state.catalog));
    let mut items = vec![item(format!("all {n_all} series"), words, all)];
    items.extend(by.into_iter().map(|(label, n)| {
        let form = PickValue::Form(PanelForm { shape, by: Some(label.clone()) });
        let words = names(&Parts::of(&meta, &PanelForm { shape, by: Some(label.clone()) }, &state.catalog));
        item(format!("by {}", text::printable(&label)), format!("{n} series: {words}"), form)
    }));
    if let Some(inner) = formula_of(&meta) {
        let labels = parts::varying(&meta, &state.catalog).into_iter().filter(|label| is_name(label));
        items.extend(labels.map(|label| {
            let formula = format!("sum by ({label}) ({inner})");
            item(format!("sum by {label}"), format!("computed: {}", text::printable(&formula)), PickValue::Sum(shape, formula))
        }));
    }
    let title = format!("{}: which series", shape.name());
    state.overlays.push(Overlay::Picker(Picker::new(PickPurpose::Split, title, items)));
    Vec::new()
}

/// What the parts are called.
fn names(parts: &Parts) -> String {
    parts.all.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What a sum over the series of this name is a sum of.
fn formula_of(meta: &SeriesMeta) -> Option<String> {
    match (&meta.derivation, meta.kind) {
        (Some(derivation), SeriesKind::Gauge | SeriesKind::Rate) => Some(derivation.formula.clone()),
        _ if !is_name(&meta.name) => None,
        (None, SeriesKind::Counter | SeriesKind::HistogramPart) => {
            let step_s = (meta.step_ns.unwrap_or(0).max(1) as f64 / 1e9).ceil() as u64;
            Some(format!("rate({}[{}s])", meta.name, step_s.max(1) * 4))
        }
        (None, SeriesKind::Gauge | SeriesKind::Rate) => Some(meta.name.clone()),
        // Quantiles do not add up.
        _ => None,
    }
}

/// Whether `PromQL` takes this as a name.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
}

/// The shape with a label that was typed.
pub(super) fn split(state: &mut State, shape: PanelShape, label: &str) -> Result<Vec<Effect>, String> {
    let Some(meta) = meta(state) else { return Ok(Vec::new()) };
    let label = label.trim_start_matches("by ").trim();
    let (_, by) = parts::splits(&meta, &state.catalog);
    if by.iter().any(|(name, _)| name == label) {
        return Ok(set(state, PanelForm { shape, by: Some(label.to_owned()) }));
    }
    let known: Vec<String> = by.iter().map(|(name, _)| text::printable(name).into_owned()).collect();
    let way_out = if known.is_empty() { "no label splits this series".to_owned() } else { format!("labels that do: {}", known.join(", ")) };
    Err(format!("{label:?} does not split this series; {way_out}"))
}

/// Writes the form of the selected panel into the case. Other panels of the same formula are parts of it then and go.
pub(super) fn set(state: &mut State, form: PanelForm) -> Vec<Effect> {
    let Some(meta) = meta(state) else { return Vec::new() };
    let Some(reference) = state.panels.selected().map(|panel| panel.reference.clone()) else { return Vec::new() };
    let kept: Vec<PanelRef> = state.panels.references();
    let is_other_line = |panel: &PanelRef| panel.formula().is_some() && panel.formula() == reference.formula() && *panel != reference;
    let panels: Vec<PanelRef> = kept.iter().filter(|panel| form.by.is_some() || !is_other_line(panel)).cloned().collect();
    let words = words(state, &meta, &form);
    let name = format!("panel {}", form.text());
    commit(state, &name, (reference, form, (panels.len() < kept.len()).then_some(panels)), &words)
}

/// Selects the panel and writes its form, and with it a new list of panels if there is one.
pub(super) fn commit(state: &mut State, name: &str, what: (PanelRef, PanelForm, Option<Vec<PanelRef>>), words: &str) -> Vec<Effect> {
    let (reference, form, panels) = what;
    let edit = state.session.change_meta(|meta| {
        meta.view.forms.insert(reference.series.clone(), form);
        if let Some(panels) = panels {
            meta.panels = panels;
        }
    });
    let Some(edit) = edit else { return Vec::new() };
    let effects = state.session.commit(name, vec![edit]);
    case_changed(state);
    let is_it =
        |panel: &crate::app::panels::Panel| panel.reference.series == reference.series && panel.reference.source == reference.source;
    state.panels.selected = state.panels.all.iter().position(is_it).unwrap_or(state.panels.selected);
    state.say(words);
    effects
}

/// What is on the panel now.
fn words(state: &State, meta: &SeriesMeta, form: &PanelForm) -> String {
    if form.shape == PanelShape::Heat {
        return "each column shows how its observations spread over the buckets; 6 lists those at the cursor".to_owned();
    }
    let parts = Parts::of(meta, form, &state.catalog);
    let more = if parts.n_left_out > 0 { format!(", the {} that reach less high are left out", parts.n_left_out) } else { String::new() };
    format!("{} series {}{more}; V p shows one again", parts.ids().count(), form.shape.name())
}
