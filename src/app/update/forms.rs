//! Forms for causal steps, attempts, action items and the case: opened, filled from a record, saved as one step.

use crate::app::editor::TextBox;
use crate::app::form::{Field, FieldKind, Form, FormPurpose, PickLine};
use crate::app::line::LineInput;
use crate::app::message::Effect;
use crate::app::overlay::Overlay;
use crate::app::session::Session;
use crate::app::state::State;
use crate::model::case::{ActionItem, Annotation, AnnotationKind, Attempt, CaseMeta, Cause, CauseStatus, CauseType, Edit, Relation};
use crate::model::{AnnotationId, TimeRange, text};

use super::annotate;
use super::chain::{self, Above};

const EFFECTS: [&str; 4] = ["not said", "worked", "no effect", "worse"];
const ACTION_TYPES: [&str; 6] = ["not said", "prevent", "mitigate", "detect", "process", "document"];
const STATUSES: [&str; 4] = ["not said", "draft", "in review", "final"];
/// How the step before acts on this one.
const RELATION: &str = "step above";
const NOT_LINKED: &str = "not linked";
const PRIORITIES: [&str; 5] = ["not said", "P0", "P1", "P2", "P3"];

fn text_field(label: &'static str, value: &str, hint: &'static str) -> Field {
    Field { label, kind: FieldKind::Text(LineInput::new(value)), hint }
}

fn lines_field(label: &'static str, value: &str, hint: &'static str) -> Field {
    Field { label, kind: FieldKind::Lines(Box::new(TextBox::new(value))), hint }
}

fn choice_field(label: &'static str, options: Vec<&'static str>, chosen: usize) -> Field {
    Field { label, kind: FieldKind::Choice { options, chosen }, hint: "" }
}

fn open(state: &mut State, form: Form) {
    state.overlays.push(Overlay::Form(Box::new(form)));
}

/// A causal step: new at the cursor, or a change of one.
pub(super) fn cause(state: &mut State, record: Option<&Annotation>) {
    let old = record.and_then(|record| match &record.kind {
        AnnotationKind::Cause(cause) => Some(cause.clone()),
        _ => None,
    });
    let is_first = state.session.doc.chain().is_empty();
    let cause = old.unwrap_or_else(|| Cause {
        cause_type: if is_first { CauseType::Trigger } else { CauseType::Effect },
        at: Some(super::navigate::span(state)),
        evidence: state.session.fresh_pins.clone(),
        ..Cause::default()
    });
    let lines: Vec<PickLine> = state
        .session
        .doc
        .evidence()
        .into_iter()
        .map(|(pin, _)| PickLine { id: pin.id.clone(), label: annotate::headline(pin), is_chosen: cause.evidence.contains(&pin.id) })
        .collect();
    let type_names = CauseType::ALL.iter().map(|kind| kind.name()).collect();
    let status_names = CauseStatus::ALL.iter().map(|status| status.name()).collect();
    let position = |found: Option<usize>| found.unwrap_or(0);
    let mut fields = vec![
        lines_field("statement", record.map_or("", |record| &record.text), "what happened, the system as its subject; Tab goes on"),
        choice_field("type", type_names, position(CauseType::ALL.iter().position(|kind| *kind == cause.cause_type))),
        choice_field("status", status_names, position(CauseStatus::ALL.iter().position(|status| *status == cause.status))),
        Field {
            label: "evidence",
            kind: FieldKind::Picks { lines, cursor: 0 },
            hint: "nothing pinned yet: Esc, then p on a panel, event or change",
        },
    ];
    let above = chain::above(state, record.map(|record| &record.id));
    if above != Above::Nothing {
        let names = [NOT_LINKED].into_iter().chain(Relation::ALL.iter().map(|relation| relation.name())).collect();
        let chosen = Relation::ALL.iter().position(|relation| above == Above::Linked(*relation)).map_or(0, |at| at + 1);
        fields.insert(3, choice_field(RELATION, names, chosen));
    }
    let at = cause.at.unwrap_or_else(|| super::navigate::span(state));
    let when = state.clock.both(at.start());
    let title = record.map_or_else(|| format!("causal step at {when}"), |_| format!("change causal step {}", cause.order));
    let id = record.map(|record| record.id.clone());
    open(state, Form::new(FormPurpose::Cause { id, at }, title, fields));
}

/// A mitigation that was tried.
pub(super) fn attempt(state: &mut State, record: Option<&Annotation>) {
    let old = record.and_then(|record| match &record.kind {
        AnnotationKind::Attempt(attempt) => Some(attempt.clone()),
        _ => None,
    });
    let effect = old.as_ref().and_then(|old| old.effect.as_deref()).and_then(|effect| EFFECTS.iter().position(|known| *known == effect));
    let near = super::navigate::span(state);
    let suggestion = if record.is_none() { change_under_cursor(state) } else { String::new() };
    let fields = vec![
        lines_field("what", record.map_or(suggestion.as_str(), |record| &record.text), "what was tried; Tab goes on"),
        choice_field("effect", EFFECTS.to_vec(), effect.unwrap_or(0)),
    ];
    let at = old.map_or(near, |old| old.at);
    let title = format!("mitigation tried at {}", state.clock.both(at.start()));
    let id = record.map(|record| record.id.clone());
    open(state, Form::new(FormPurpose::Attempt { id, at }, title, fields));
}

fn change_under_cursor(state: &State) -> String {
    let (cursor, reach) = (state.timeline.cursor, state.timeline.column_ns());
    let near = state.catalog.changes.iter().find(|change| change.time.is_some_and(|at| at.since(cursor).abs() <= reach));
    near.map(|change| text::printable(&change.title()).into_owned()).unwrap_or_default()
}

/// An action item.
pub(super) fn action_item(state: &mut State, record: Option<&Annotation>) {
    let old = record
        .and_then(|record| match &record.kind {
            AnnotationKind::Action(item) => Some(item.clone()),
            _ => None,
        })
        .unwrap_or_default();
    let place = |names: &[&str], value: &Option<String>| {
        value.as_deref().and_then(|value| names.iter().position(|name| *name == value)).unwrap_or(0)
    };
    let lines = state
        .session
        .doc
        .chain()
        .into_iter()
        .map(|(step, _)| PickLine { id: step.id.clone(), label: annotate::headline(step), is_chosen: old.causes.contains(&step.id) })
        .collect();
    let or_empty = |value: &Option<String>| value.clone().unwrap_or_default();
    let fields = vec![
        lines_field("action", record.map_or("", |record| &record.text), "what to do, beginning with a verb; Tab goes on"),
        choice_field("type", ACTION_TYPES.to_vec(), place(&ACTION_TYPES, &old.action_type)),
        text_field("owner", &or_empty(&old.owner), "team or role"),
        choice_field("priority", PRIORITIES.to_vec(), place(&PRIORITIES, &old.priority)),
        text_field("due", &or_empty(&old.due), "YYYY-MM-DD"),
        text_field("link", &or_empty(&old.link), "where it is tracked"),
        text_field("done when", &or_empty(&old.done_when), "how one can tell that it is done"),
        Field { label: "causes", kind: FieldKind::Picks { lines, cursor: 0 }, hint: "no causal steps yet" },
    ];
    let id = record.map(|record| record.id.clone());
    let title = if id.is_some() { "change action item" } else { "action item" };
    open(state, Form::new(FormPurpose::Action { id }, title, fields));
}

/// Title, severity, status and services of the case.
pub(super) fn case(state: &mut State, focus: &str) {
    let meta = &state.session.doc.meta;
    let status = meta.status.as_deref().and_then(|status| STATUSES.iter().position(|known| *known == status)).unwrap_or(0);
    let fields = vec![
        text_field("title", &meta.title, "what happened, in one line"),
        text_field("severity", meta.severity.as_deref().unwrap_or_default(), "SEV1 … as your house says"),
        choice_field("status", STATUSES.to_vec(), status),
        text_field("services", &meta.services.join(", "), "names, separated by commas"),
    ];
    let mut form = Form::new(FormPurpose::Case, "the case", fields);
    form.focus_on(focus);
    open(state, form);
}

/// Saves a form; errors say which field is wrong and leave it open.
pub(super) fn save(state: &mut State, form: &Form) -> Result<Vec<Effect>, String> {
    match &form.purpose {
        FormPurpose::Cause { id, at } => save_cause(state, form, id.as_ref(), *at),
        FormPurpose::Attempt { id, at } => {
            let effect = form.choice("effect");
            let old = id.as_ref().and_then(|id| state.session.doc.annotations.get(id)).and_then(|record| match &record.kind {
                AnnotationKind::Attempt(attempt) => Some(attempt.clone()),
                _ => None,
            });
            let kind = AnnotationKind::Attempt(Attempt {
                at: *at,
                effect: (effect > 0).then(|| EFFECTS[effect].to_owned()),
                outcome: None,
                ..old.unwrap_or_default()
            });
            let what = needed(form, "what")?;
            Ok(change(state, id.as_ref(), kind, what, "mitigation tried"))
        }
        FormPurpose::Record { kind, .. } => super::kind_form::save(state, form, kind),
        FormPurpose::Action { id } => save_action(state, form, id.as_ref()),
        FormPurpose::Case => {
            let status = form.choice("status");
            let services = form.text("services");
            Ok(change_case(state, |meta| {
                meta.title = form.text("title");
                meta.severity = Some(form.text("severity")).filter(|severity| !severity.is_empty());
                meta.services = services.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
                // A status of another house stays unless one is chosen here.
                let is_foreign = meta.status.as_deref().is_some_and(|status| !STATUSES.contains(&status));
                if status > 0 || !is_foreign {
                    meta.status = (status > 0).then(|| STATUSES[status].to_owned());
                }
            }))
        }
    }
}

/// Changes `case.toml` as one step.
pub(super) fn change_case(state: &mut State, change: impl FnOnce(&mut CaseMeta)) -> Vec<Effect> {
    let Some(edit) = state.session.change_meta(change) else {
        state.say("the case says that already");
        return Vec::new();
    };
    state.say("case changed; u takes it back");
    state.session.commit("change the case", vec![edit])
}

fn save_cause(state: &mut State, form: &Form, id: Option<&AnnotationId>, at: TimeRange) -> Result<Vec<Effect>, String> {
    let statement = needed(form, "statement")?;
    let chosen = form.choice(RELATION);
    let relation = chosen.checked_sub(1).map(|at| Relation::ALL[at]);
    let old = id.and_then(|id| state.session.doc.annotations.get(id)).and_then(|record| match &record.kind {
        AnnotationKind::Cause(cause) => Some(cause.clone()),
        _ => None,
    });
    let last = state.session.doc.chain().last().map(|(record, cause)| (record.id.clone(), cause.order));
    let order = old.as_ref().map_or_else(|| last.as_ref().map_or(1, |last| last.1 + 1), |old| old.order);
    let kind = AnnotationKind::Cause(Cause {
        cause_type: CauseType::ALL[form.choice("type")],
        status: CauseStatus::ALL[form.choice("status")],
        at: Some(at),
        evidence: form.picks("evidence"),
        order,
        ..old.unwrap_or_default()
    });
    if let Some(id) = id {
        let step = state.session.change(id, state.now, |record| {
            record.kind = kind;
            record.text = statement;
        });
        let mut edits: Vec<Edit> = step.into_iter().collect();
        edits.extend(chain::relate(state, id, relation));
        if !edits.is_empty() {
            state.say(format!("step {order} changed; u takes it back"));
        }
        return Ok(state.session.commit("change causal step", edits));
    }
    let record = state.session.annotation(state.now, kind, statement);
    let new_id = record.id.clone();
    let mut edits = vec![Session::put(record)];
    if let (Some((previous, _)), Some(relation)) = (last, relation) {
        edits.push(chain::link(state, previous, new_id.clone(), relation));
    }
    let effects = state.session.commit("causal step", edits);
    state.session.fresh_pins.clear();
    state.timeline.anchor = None;
    state.side.tab = crate::app::side::Tab::Chain;
    super::side_view::prepare(state);
    state.side.select_annotation(&new_id);
    state.say(format!("step {order} of the chain"));
    Ok(effects)
}

fn save_action(state: &mut State, form: &Form, id: Option<&AnnotationId>) -> Result<Vec<Effect>, String> {
    let what = needed(form, "action")?;
    let due = form.text("due");
    if !due.is_empty() && chrono::NaiveDate::parse_from_str(&due, "%Y-%m-%d").is_err() {
        return Err(format!("due: {due:?} is no date; write YYYY-MM-DD"));
    }
    let given = |label: &str| Some(form.text(label)).filter(|value| !value.is_empty());
    let named = |names: &[&str], at: usize| (at > 0).then(|| names[at].to_owned());
    let old = id.and_then(|id| state.session.doc.annotations.get(id)).and_then(|record| match &record.kind {
        AnnotationKind::Action(item) => Some(item.clone()),
        _ => None,
    });
    let kind = AnnotationKind::Action(ActionItem {
        action_type: named(&ACTION_TYPES, form.choice("type")),
        owner: given("owner"),
        priority: named(&PRIORITIES, form.choice("priority")),
        link: given("link"),
        due: given("due"),
        done_when: given("done when"),
        causes: form.picks("causes"),
        ..old.unwrap_or_default()
    });
    Ok(change(state, id, kind, what, "action item"))
}

fn needed(form: &Form, label: &str) -> Result<String, String> {
    let value = form.text(label);
    if value.is_empty() { Err(format!("{label} is empty: write it, or Esc leaves")) } else { Ok(value) }
}

/// Puts a new record or changes the one with this id.
fn change(state: &mut State, id: Option<&AnnotationId>, kind: AnnotationKind, words: String, name: &str) -> Vec<Effect> {
    let edit = match id {
        Some(id) => state.session.change(id, state.now, |record| {
            record.kind = kind;
            record.text = words;
        }),
        None => Some(Session::put(state.session.annotation(state.now, kind, words))),
    };
    state.session.commit(name, edit.into_iter().collect())
}
