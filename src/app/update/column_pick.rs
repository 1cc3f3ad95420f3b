//! Columns of the event list (`C`), and long messages: wrapped (`\`) or moved (`(` `)`).
//!
//! Columns and wrapping are kept in the case and taken back by `u`; how far messages are moved is not.

use std::collections::BTreeMap;

use crate::app::list::rows;
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::state::State;
use crate::model::text;

use super::navigate::Way;

/// Values that a line of the picker names.
const NAMED_VALUES: usize = 3;

/// Lists what may be a column: those that are, in their order, then what is no field, then the fields seen.
pub(super) fn open(state: &mut State) {
    if state.catalog.n_events == 0 {
        state.say("no events here, so there are no columns to choose");
        return;
    }
    let present = present(state);
    let mut names = present.clone();
    let known = rows::OWN.iter().map(|own| own.0.to_owned()).chain(fields(state).into_keys());
    names.extend(known.filter(|name| !present.contains(name)));
    let mut picker = Picker::new(PickPurpose::Columns, TITLE, names.iter().map(|name| item(state, name)).collect());
    picker.order = (0..present.len()).collect();
    picker.chosen = Some(picker.order.iter().copied().collect());
    picker.first_chosen.clone_from(&picker.chosen);
    state.overlays.push(Overlay::Picker(picker));
}

const TITLE: &str = "columns in the order in which Tab chooses them; the time always stays";

fn present(state: &State) -> Vec<String> {
    let usual = || rows::USUAL.map(str::to_owned).to_vec();
    state.session.doc.meta.screen.columns.clone().unwrap_or_else(usual)
}

/// Fields that are known, with the values seen most: those of the rows at hand, and those of a sample once it is there.
fn fields(state: &State) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in state.list.rows.iter().flat_map(|row| &row.pairs) {
        fields.entry(name.clone()).or_insert_with(|| format!("here: {}", brief(value)));
    }
    for field in state.words.iter().flat_map(|words| &words.fields) {
        let values: Vec<String> = field.values.iter().take(NAMED_VALUES).map(|(value, _)| brief(value)).collect();
        let told = if values.is_empty() { "long or nested values".to_owned() } else { values.join("  ") };
        fields.insert(field.name.clone(), told);
    }
    fields
}

fn brief(value: &str) -> String {
    let mut words: String = value.chars().take(24).collect();
    if words.len() < value.len() {
        words.push('…');
    }
    text::printable(&words).into_owned()
}

fn item(state: &State, name: &str) -> PickItem {
    let own = rows::OWN.iter().find(|own| own.0 == name).map(|own| own.1.to_owned());
    let detail = own.or_else(|| fields(state).remove(name)).unwrap_or_default();
    PickItem { label: text::printable(name).into_owned(), detail, key: String::new(), value: PickValue::Column(name.to_owned()) }
}

/// The sample of fields came: the picker lists those that it did not know.
pub(super) fn words_came(state: &mut State) {
    let Some(Overlay::Picker(picker)) = state.overlays.last() else { return };
    if picker.purpose != PickPurpose::Columns {
        return;
    }
    let is_listed = |name: &String| picker.items.iter().any(|item| matches!(&item.value, PickValue::Column(listed) if listed == name));
    let new: Vec<PickItem> = fields(state).into_keys().filter(|name| !is_listed(name)).map(|name| item(state, &name)).collect();
    let known = fields(state);
    if let Some(Overlay::Picker(picker)) = state.overlays.last_mut() {
        for item in &mut picker.items {
            if let PickValue::Column(name) = &item.value
                && let Some(values) = known.get(name)
            {
                item.detail.clone_from(values);
            }
        }
        picker.add(&new);
    }
}

/// Enter: what is chosen, in the order in which it was; without a change the current line comes behind, or goes.
pub(super) fn take(state: &mut State, picker: &Picker) -> Vec<Effect> {
    let mut order = picker.order.clone();
    let is_touched = picker.is_changed() || order != (0..order.len()).collect::<Vec<_>>();
    if let (false, Some(current)) = (is_touched, picker.current()) {
        match order.iter().position(|index| *index == current) {
            Some(at) => drop(order.remove(at)),
            None => order.push(current),
        }
    }
    let name = |index: usize| match picker.items.get(index).map(|item| &item.value) {
        Some(PickValue::Column(name)) => Some(name.clone()),
        _ => None,
    };
    let names: Vec<String> = order.into_iter().filter_map(name).collect();
    let words = if names.is_empty() { "time and message only".to_owned() } else { names.join(", ") };
    let columns = Some(names).filter(|names| !names.iter().map(String::as_str).eq(rows::USUAL));
    let Some(edit) = state.session.change_meta(|meta| meta.screen.columns = columns) else {
        state.say("the same columns as before");
        return Vec::new();
    };
    state.list.pan = 0;
    let effects = state.session.commit("columns of the list", vec![edit]);
    state.say(format!("columns: {}; u takes it back", text::printable(&words)));
    effects
}

/// Long messages go on in further rows, or are cut again.
pub(super) fn toggle_wrap(state: &mut State) -> Vec<Effect> {
    if state.catalog.n_events == 0 {
        state.say("no events here, so there are no long messages");
        return Vec::new();
    }
    let Some(edit) = state.session.change_meta(|meta| meta.screen.is_wrapped = !meta.screen.is_wrapped) else { return Vec::new() };
    state.list.pan = 0;
    let is_wrapped = !state.list.shape.is_wrapped;
    let effects = state.session.commit(if is_wrapped { "wrap messages" } else { "cut messages" }, vec![edit]);
    state.say(if is_wrapped { "long messages go on below; \\ cuts them again" } else { "a row each: ( and ) move long messages" });
    effects
}

/// Moves long messages by half of what is seen of them; a wrapped one that is higher than the list by half the list.
pub(super) fn scroll(state: &mut State, way: Way) {
    if state.layout.list.width == 0 || state.list.rows.is_empty() {
        state.say("the event list has long messages to move: 3 shows it");
        return;
    }
    let height = state.list_height().max(1);
    let list = &mut state.list;
    let (at, step, most) = if list.shape.is_wrapped {
        (
            &mut list.skip,
            height.div_ceil(2),
            list.selected.and_then(|row| list.rows.get(row)).map_or(0, |row| row.n_lines(&list.shape, MOST_LINES).saturating_sub(height)),
        )
    } else {
        let shape = &list.shape;
        let widest = list.rows.iter().skip(list.top).take(height).map(|row| row.tail_columns(shape)).max().unwrap_or(0);
        (&mut list.pan, (shape.tail_width / 2).max(1), widest.saturating_sub(shape.tail_width))
    };
    let before = *at;
    *at = match way {
        Way::Forward if before >= most => before,
        Way::Forward => before + step.min(most - before).max(1),
        Way::Back => before.saturating_sub(step),
    };
    if *at == before {
        let words = match (way, list.shape.is_wrapped) {
            (Way::Forward, true) => "the end of this message is in sight",
            (Way::Forward, false) => "the ends of these messages are in sight",
            (Way::Back, _) => "this is the beginning",
        };
        state.say(words);
    }
}

/// Lines of one message beyond which nobody walks.
const MOST_LINES: usize = 20_000;
