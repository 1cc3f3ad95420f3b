//! A form for any kind of record, made from the table of its fields: filled from a record, saved as one step.

use serde_json::{Map, Value};

use crate::app::editor::TextBox;
use crate::app::form::{Field as FormField, FieldKind, Form, FormPurpose, PickLine};
use crate::app::line::LineInput;
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::session::Session;
use crate::app::state::State;
use crate::model::case::{
    Annotation, Field, FieldSort, KINDS, KindFields, annotation_from_json, annotation_to_json, field_value, kind_from_fields,
};
use crate::model::text;

use super::annotate::headline;

/// Label of the field that holds the words of the record.
const WORDS: &str = "text";
const NOT_SAID: &str = "not said";

/// Lists the kinds to choose from.
pub(super) fn kinds(state: &mut State) {
    let item = |kind: &'static KindFields| PickItem {
        label: kind.name.to_owned(),
        detail: kind.text.to_owned(),
        key: String::new(),
        value: PickValue::Kind(kind.name),
    };
    let picker = Picker::new(PickPurpose::Kind, "add a record", KINDS.iter().map(item).collect());
    state.overlays.push(Overlay::Picker(picker));
}

/// A new record by a typed kind, with words if some follow.
pub(super) fn by_name(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let (name, words) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let kind = KindFields::of(name).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        format!("no kind {name:?}; there are {}", names.join(", "))
    })?;
    open_with(state, kind, words.trim());
    Ok(Vec::new())
}

/// Opens the form for a new record of this kind at the cursor or the selected range.
pub(super) fn open_new(state: &mut State, kind: &str) {
    if let Some(kind) = KindFields::of(kind) {
        open_with(state, kind, "");
    }
}

fn open_with(state: &mut State, kind: &'static KindFields, words: &str) {
    let span = super::navigate::span(state);
    let mut fields = Map::new();
    for (key, at) in [("t", span.start()), ("t0", span.start()), ("t1", span.end())] {
        // A hypothesis or cause of a moment has a start and an end, a range that is just a moment is open.
        if kind.field(key).is_some() && !(key == "t1" && kind.name == "range" && span.is_empty()) {
            fields.insert(key.to_owned(), text::rfc3339(at).into());
        }
    }
    let pins = state.session.fresh_pins.iter().map(|id| Value::from(id.0.as_str())).collect::<Vec<_>>();
    if let Some(field) = ["ev", "for"].into_iter().find_map(|key| kind.field(key))
        && !pins.is_empty()
    {
        fields.insert(field.key.to_owned(), pins.into());
    }
    fields.insert(WORDS.to_owned(), words.into());
    let title = format!("{} at {}", kind.name, state.clock.both(span.start()));
    open(state, kind, &fields, (None, title));
}

/// Opens the form on a record; `false` for a kind that has none.
pub(super) fn change(state: &mut State, record: &Annotation) -> bool {
    let Some(kind) = KindFields::of(record.kind.name()) else { return false };
    let title = format!("change {}: {}", kind.name, headline(record));
    open(state, kind, &annotation_to_json(record), (Some(record.id.clone()), title));
    true
}

fn open(
    state: &mut State,
    kind: &'static KindFields,
    known: &Map<String, Value>,
    (id, title): (Option<crate::model::AnnotationId>, String),
) {
    let words = known.get(WORDS).and_then(Value::as_str).unwrap_or_default();
    let mut fields = vec![FormField { label: WORDS, kind: FieldKind::Lines(Box::new(TextBox::new(words))), hint: kind.text }];
    fields.extend(kind.fields.iter().map(|field| form_field(state, field, known.get(field.key))));
    let mut form = Form::new(FormPurpose::Record { kind: kind.name, id }, title, fields);
    form.focus_on(WORDS);
    state.overlays.push(Overlay::Form(Box::new(form)));
}

fn form_field(state: &State, field: &'static Field, value: Option<&Value>) -> FormField {
    let kind = match field.sort {
        FieldSort::Choice(words) => choice(words(), value.and_then(Value::as_str)),
        FieldSort::Flag => choice(vec!["yes", "no"], value.and_then(Value::as_bool).map(|flag| if flag { "yes" } else { "no" })),
        FieldSort::Ids(kinds) | FieldSort::Id(kinds) => FieldKind::Picks { lines: lines(state, kinds, value), cursor: 0 },
        _ => FieldKind::Text(LineInput::new(typed(field, value))),
    };
    FormField { label: field.key, kind, hint: field.says }
}

fn choice(words: Vec<&'static str>, chosen: Option<&str>) -> FieldKind {
    let options: Vec<&'static str> = std::iter::once(NOT_SAID).chain(words).collect();
    let chosen = chosen.and_then(|word| options.iter().position(|option| *option == word)).unwrap_or(0);
    FieldKind::Choice { options, chosen }
}

/// Records that a field may point at, those that it does first.
fn lines(state: &State, kinds: &[&str], value: Option<&Value>) -> Vec<PickLine> {
    let is_chosen = |id: &str| match value {
        Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(id)),
        Some(Value::String(one)) => one == id,
        _ => false,
    };
    let is_fit = |record: &&Annotation| kinds.is_empty() || kinds.contains(&record.kind.name());
    let line = |record: &Annotation| PickLine {
        id: record.id.clone(),
        label: if kinds.len() == 1 { headline(record) } else { format!("{}: {}", record.kind.name(), headline(record)) },
        is_chosen: is_chosen(&record.id.0),
    };
    let mut lines: Vec<PickLine> = state.session.doc.by_time().into_iter().filter(is_fit).map(line).collect();
    lines.sort_by_key(|line| !line.is_chosen);
    lines
}

/// A value as it is typed.
fn typed(field: &Field, value: Option<&Value>) -> String {
    match (field.sort, value) {
        (_, None | Some(Value::Null)) => String::new(),
        (FieldSort::Span, Some(ns)) => ns.as_i64().map_or_else(String::new, |ns| format!("{ns}ns")),
        (FieldSort::Labels | FieldSort::Numbers, Some(Value::Object(pairs))) => {
            let pair =
                |(name, value): (&String, &Value)| format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            pairs.iter().map(pair).collect::<Vec<_>>().join(", ")
        }
        (_, Some(Value::String(words))) => words.clone(),
        (_, Some(other)) => other.to_string(),
    }
}

/// Saves the form; errors say which field is wrong and leave it open.
pub(super) fn save(state: &mut State, form: &Form, kind: &str) -> Result<Vec<Effect>, String> {
    let FormPurpose::Record { id, .. } = &form.purpose else { return Ok(Vec::new()) };
    let table = KindFields::of(kind).ok_or_else(|| format!("no kind {kind}"))?;
    let words = form.text(WORDS);
    if words.is_empty() && table.needs_text {
        return Err(format!("{WORDS} is empty: {}; Esc leaves", table.text));
    }
    let old = id.as_ref().and_then(|id| state.session.doc.annotations.get(id)).cloned();
    let mut fields = old.as_ref().map(annotation_to_json).unwrap_or_default();
    for field in table.fields {
        match read(state, form, field)? {
            Some(value) => drop(fields.insert(field.key.to_owned(), value)),
            None if field.is_needed => return Err(format!("{} is empty: {}", field.key, field.says)),
            None => drop(fields.shift_remove(field.key)),
        }
    }
    let name = format!("{} {kind}", if old.is_some() { "change" } else { "add" });
    let edit = match old {
        Some(old) => {
            let (changed, surprise) = annotation_from_json(&fields)?;
            if let Some(reason) = surprise {
                return Err(reason);
            }
            state.session.change(&old.id, state.now, |record| {
                record.kind = changed.kind;
                record.text = words;
            })
        }
        None => {
            let made = kind_from_fields(kind, fields)?;
            Some(Session::put(state.session.annotation(state.now, made, words)))
        }
    };
    let Some(edit) = edit else { return Ok(Vec::new()) };
    let effects = state.session.commit(name.clone(), vec![edit]);
    state.session.fresh_pins.clear();
    state.timeline.anchor = None;
    state.say(format!("{name}; u takes it back"));
    Ok(effects)
}

/// What a field of the form says; `None` when nothing.
fn read(state: &State, form: &Form, field: &'static Field) -> Result<Option<Value>, String> {
    let typed = match field.sort {
        FieldSort::Ids(_) => {
            let ids: Vec<Value> = form.picks(field.key).into_iter().map(|id| id.0.into()).collect();
            return Ok((!ids.is_empty()).then_some(Value::Array(ids)));
        }
        FieldSort::Id(_) => return Ok(form.picks(field.key).into_iter().next().map(|id| id.0.into())),
        FieldSort::Choice(_) | FieldSort::Flag => match form.fields.iter().find(|one| one.label == field.key).map(|one| &one.kind) {
            Some(FieldKind::Choice { options, chosen }) if *chosen > 0 => options[*chosen].to_owned(),
            _ => return Ok(None),
        },
        _ => form.text(field.key),
    };
    if typed.is_empty() {
        return Ok(None);
    }
    field_value(field, &typed, &mut |text| super::typed_time::parse(state, text).map_err(|why| format!("{}: {why}", field.key))).map(Some)
}
