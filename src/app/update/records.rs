//! What is done to records besides writing them: judged, linked, labelled, moved in time, starred, inserted, filtered.
//!
//! What takes many records takes those that the filter of the notes leaves, else the selected one.

use crate::app::editor::Editor;
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker, TextPurpose};
use crate::app::side::Tab;
use crate::app::state::{Focus, State};
use crate::model::case::{Annotation, AnnotationKind, CauseStatus, Edit, Hypothesis, HypothesisStatus, Link, Relation, signed_duration};
use crate::model::{AnnotationId, TimeRange, Timestamp, text};

use super::annotate::headline;
use super::navigate::Way;

/// What a claim is judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    Open,
    Confirmed,
    Refuted,
}

/// For or against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearing {
    For,
    Against,
}

const NO_CLAIM: &str = "select a hypothesis or cause in the notes (5) or the chain (4) first";

fn selected(state: &State) -> Option<&Annotation> {
    state
        .side
        .annotation()
        .filter(|_| matches!(state.side.tab, Tab::Chain | Tab::Notes))
        .and_then(|id| state.session.doc.annotations.get(id))
}

/// Sets the status of the selected hypothesis or cause.
pub(super) fn judge(state: &mut State, judgement: Judgement) -> Vec<Effect> {
    let Some(id) = selected(state).map(|record| record.id.clone()) else {
        state.say(NO_CLAIM);
        return Vec::new();
    };
    let edit = state.session.change(&id, state.now, |record| match &mut record.kind {
        AnnotationKind::Hypothesis(it) => {
            it.status = match judgement {
                Judgement::Open => HypothesisStatus::Open,
                Judgement::Confirmed => HypothesisStatus::Confirmed,
                Judgement::Refuted => HypothesisStatus::Refuted,
            };
        }
        AnnotationKind::Cause(it) => {
            it.status = match judgement {
                Judgement::Open => CauseStatus::Suspected,
                Judgement::Confirmed => CauseStatus::Confirmed,
                Judgement::Refuted => CauseStatus::Refuted,
            };
        }
        _ => {}
    });
    let word = match judgement {
        Judgement::Open => "open",
        Judgement::Confirmed => "confirmed",
        Judgement::Refuted => "refuted",
    };
    match edit {
        Some(edit) => {
            state.say(format!("{word}; u takes it back"));
            state.session.commit(format!("judge {word}"), vec![edit])
        }
        None => {
            state.say(if selected(state).is_some_and(is_claim) { "it is that already" } else { NO_CLAIM });
            Vec::new()
        }
    }
}

fn is_claim(record: &Annotation) -> bool {
    matches!(record.kind, AnnotationKind::Hypothesis(_) | AnnotationKind::Cause(_))
}

/// Lists the evidence to attach to the selected claim; what bears on it already is chosen.
pub(super) fn attach(state: &mut State, bearing: Bearing) {
    let Some((id, known)) = selected(state).filter(|record| is_claim(record)).map(|record| (record.id.clone(), borne(record, bearing)))
    else {
        state.say(NO_CLAIM);
        return;
    };
    let evidence = state.session.doc.evidence();
    if evidence.is_empty() {
        state.say("nothing pinned yet: p pins what is under the cursor");
        return;
    }
    let chosen = evidence.iter().enumerate().filter(|(_, (record, _))| known.contains(&record.id)).map(|(index, _)| index).collect();
    let items = evidence.iter().map(|(record, _)| item(state, record, PickValue::Annotation(record.id.clone()))).collect();
    let word = if bearing == Bearing::For { "for" } else { "against" };
    let title = format!("evidence {word} it: Tab chooses, Enter takes; type words or an id");
    let mut picker = Picker::new(PickPurpose::Attach(bearing), title, items);
    picker.chosen = Some(chosen);
    picker.about = Some(id);
    state.overlays.push(Overlay::Picker(picker));
}

fn item(state: &State, record: &Annotation, value: PickValue) -> PickItem {
    let when = record.at().map(|at| state.clock.both(at)).unwrap_or_default();
    PickItem { label: headline(record), detail: format!("{} {when} {}", record.kind.name(), record.id.0), key: String::new(), value }
}

fn borne(record: &Annotation, bearing: Bearing) -> Vec<AnnotationId> {
    match (&record.kind, bearing) {
        (AnnotationKind::Hypothesis(it), Bearing::For) => it.supports.clone(),
        (AnnotationKind::Hypothesis(it), Bearing::Against) => it.against.clone(),
        (AnnotationKind::Cause(it), Bearing::For) => it.evidence.clone(),
        (AnnotationKind::Cause(it), Bearing::Against) => it.against.clone(),
        _ => Vec::new(),
    }
}

/// Enter in the list of evidence.
pub(super) fn attached(state: &mut State, about: &AnnotationId, bearing: Bearing, chosen: Vec<AnnotationId>) -> Vec<Effect> {
    let n = chosen.len();
    let edit = state.session.change(about, state.now, |record| match (&mut record.kind, bearing) {
        (AnnotationKind::Hypothesis(Hypothesis { supports: list, .. }), Bearing::For)
        | (AnnotationKind::Hypothesis(Hypothesis { against: list, .. }), Bearing::Against) => *list = chosen,
        (AnnotationKind::Cause(it), Bearing::For) => it.evidence = chosen,
        (AnnotationKind::Cause(it), Bearing::Against) => it.against = chosen,
        _ => {}
    });
    let word = if bearing == Bearing::For { "for" } else { "against" };
    state.say(format!("{n} pieces of evidence {word} it"));
    state.session.commit(format!("evidence {word}"), edit.into_iter().collect())
}

/// Lists what the selected record may act on.
pub(super) fn link(state: &mut State) {
    let acts = |record: &Annotation| ["cause", "hypothesis", "attempt", "moment", "range", "factor"].contains(&record.kind.name());
    let Some(id) = selected(state).filter(|record| acts(record)).map(|record| record.id.clone()) else {
        state.say("select a cause, hypothesis, attempt or note first: a link begins there");
        return;
    };
    let doc = &state.session.doc;
    let ends: Vec<&Annotation> = doc.by_time().into_iter().filter(|record| acts(record) && record.id != id).collect();
    let mut items = Vec::new();
    for relation in Relation::ALL {
        items.extend(ends.iter().map(|record| {
            let link = Link { from: id.clone(), to: record.id.clone(), relation, ..Link::default() };
            let end = item(state, record, PickValue::LinkTo(Box::new(link)));
            PickItem { label: format!("{} {}", relation.name(), end.label), ..end }
        }));
    }
    if items.is_empty() {
        state.say("there is nothing else to link with yet");
        return;
    }
    let picker = Picker::new(PickPurpose::Link, "it …: type the relation, words or an id", items);
    state.overlays.push(Overlay::Picker(picker));
}

/// Makes the link, or changes how the two are linked.
pub(super) fn linked(state: &mut State, new: Link) -> Vec<Effect> {
    let relation = new.relation;
    let is_it = |record: &&Annotation| matches!(&record.kind, AnnotationKind::Link(link) if link.from == new.from && link.to == new.to);
    let present = state.session.doc.annotations.values().find(is_it).map(|record| record.id.clone());
    let edit = match present {
        Some(id) => state.session.change(&id, state.now, |record| {
            if let AnnotationKind::Link(link) = &mut record.kind {
                link.relation = relation;
            }
        }),
        None => {
            let kind = AnnotationKind::Link(new);
            Some(crate::app::session::Session::put(state.session.annotation(state.now, kind, String::new())))
        }
    };
    state.say(format!("linked: {}", relation.name()));
    state.session.commit("link", edit.into_iter().collect())
}

/// Marks the selected record as belonging into the short timeline, or takes that back.
pub(super) fn star(state: &mut State) -> Vec<Effect> {
    let Some(id) = selected(state).map(|record| record.id.clone()) else {
        state.say("select a note first (5)");
        return Vec::new();
    };
    let edit = state.session.change(&id, state.now, |record| record.is_pinned = !record.is_pinned);
    let is_starred = state.session.doc.annotations.get(&id).is_some_and(|record| !record.is_pinned);
    state.say(if is_starred { "it belongs into the short timeline" } else { "it no longer belongs into the short timeline" });
    state.session.commit("short timeline", edit.into_iter().collect())
}

/// A note in the middle between the selected one and the next: its time can be typed over with :goto before.
pub(super) fn insert(state: &mut State) {
    let Some((at, id)) = selected(state).and_then(|record| Some((record.at()?, record.id.clone()))) else {
        state.say("select a note with a time first (5)");
        return;
    };
    let listed: Vec<&Annotation> = state.session.doc.by_time();
    let here = listed.iter().position(|record| record.id == id).unwrap_or(0);
    let next = listed[here + 1..].iter().find_map(|record| record.at().filter(|next| *next > at));
    let end = next.or(state.timeline.extent.map(TimeRange::end)).filter(|end| *end > at).unwrap_or(at);
    let middle = Timestamp(at.0 + end.since(at) / 2);
    let title = format!("note between, on {}", state.clock.both(middle));
    let span = TimeRange::new(middle, middle);
    state.overlays.push(Overlay::Editor(Box::new(Editor::new(TextPurpose::NewNote(span), title, ""))));
}

/// The records that a change of many takes.
fn taken(state: &State) -> Vec<AnnotationId> {
    if state.side.tab == Tab::Notes && !state.side.notes_filter.is_empty() {
        let listed = state.session.doc.by_time();
        return listed.into_iter().filter(|record| passes(&state.side.notes_filter, record)).map(|record| record.id.clone()).collect();
    }
    selected(state).map(|record| record.id.clone()).into_iter().collect()
}

/// Changes many records as one step.
fn bulk(state: &mut State, name: &str, change: impl Fn(&mut Annotation)) -> Result<Vec<Effect>, String> {
    let ids = taken(state);
    if ids.is_empty() {
        return Err("select a note (5), or filter the notes: all that are left are taken".to_owned());
    }
    let edits: Vec<Edit> = ids.iter().filter_map(|id| state.session.change(id, state.now, &change)).collect();
    let n = edits.len();
    state.say(format!("{name}: {n} of {} records; u takes it back", ids.len()));
    Ok(state.session.commit(format!("{name} {n} records"), edits))
}

/// `pool -draft`: labels to add, and with a minus to take off.
pub(super) fn tag(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let words: Vec<&str> = typed.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    bulk(state, "tag", |record| {
        for word in &words {
            match word.strip_prefix('-') {
                Some(gone) => record.tags.retain(|tag| tag != gone),
                None => {
                    let tag = word.trim_start_matches(['+', '#']).to_owned();
                    if !tag.is_empty() && !record.tags.contains(&tag) {
                        record.tags.push(tag);
                    }
                }
            }
        }
    })
}

/// `+90s`: moves records in time; evidence stays where it was pinned.
pub(super) fn retime(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let ns = signed_duration(typed)?;
    bulk(state, "re-time", |record| drop(record.shift(ns)))
}

/// Moves the selected record by one sample of the selected panel, else by a second.
pub(super) fn nudge(state: &mut State, way: Way) -> Vec<Effect> {
    const SECOND: i64 = 1_000_000_000;
    let panel = state.panels.selected().and_then(|panel| state.catalog.series(panel.id?)).and_then(|meta| meta.step_ns);
    let step = panel.filter(|step| *step > 0).unwrap_or(SECOND);
    let Some(id) = selected(state).map(|record| record.id.clone()) else {
        state.say("select a note first (5)");
        return Vec::new();
    };
    let ns = if way == Way::Forward { step } else { -step };
    let mut why = None;
    let edit = state.session.change(&id, state.now, |record| why = record.shift(ns).err());
    match why {
        Some(why) => state.say(why),
        None => {
            let at = edit.as_ref().and_then(|edit| match edit {
                Edit::Put { after: Some(record), .. } => record.at(),
                _ => None,
            });
            state.say(at.map(|at| state.clock.both(at)).unwrap_or_default());
        }
    }
    state.session.commit("nudge", edit.into_iter().collect())
}

/// Filters the notes: `kind:hypothesis tag:pool author:ann pinned words`; nothing shows all.
pub(super) fn filter(state: &mut State, typed: &str) -> Vec<Effect> {
    typed.trim().clone_into(&mut state.side.notes_filter);
    state.side.made_for = None;
    state.side.tab = Tab::Notes;
    super::action::focus(state, Focus::Side);
    let n = state.session.doc.annotations.values().filter(|record| passes(typed, record)).count();
    state.say(if typed.trim().is_empty() { "all notes".to_owned() } else { format!("{n} records fit {}", text::printable(typed)) });
    Vec::new()
}

/// Whether a record fits all conditions of the filter of the notes.
pub(super) fn passes(filter: &str, record: &Annotation) -> bool {
    filter.split_whitespace().all(|word| match word.split_once(':') {
        Some(("kind", kind)) => kind.split(',').any(|kind| record.kind.name() == kind),
        Some(("tag", tag)) => tag.split(',').any(|tag| record.tags.iter().any(|own| own == tag)),
        Some(("author", author)) => author.split(',').any(|author| record.author == author),
        _ if word == "pinned" => record.is_pinned,
        _ => record.text.to_lowercase().contains(&word.to_lowercase()),
    })
}
