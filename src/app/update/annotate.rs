//! Marks, notes and pinned evidence: made, changed, removed.

use crate::app::editor::Editor;
use crate::app::jobs::Slot;
use crate::app::list::EventRow;
use crate::app::message::{Effect, FreezeTarget, Question};
use crate::app::overlay::{Overlay, TextPurpose};
use crate::app::panels::place_of;
use crate::app::session::Session;
use crate::app::side::{SideItem, Tab};
use crate::app::state::{Focus, State};
use crate::model::case::{Annotation, AnnotationKind, Edit, Evidence, EvidenceTarget, MarkerName, RangeEnd};
use crate::model::{TimeRange, Timestamp, text};

use super::{chain, compare_view, forms, kind_form, pick};

/// One line that says what a record is.
pub(crate) fn headline(record: &Annotation) -> String {
    let first = text::printable(record.text.lines().next().unwrap_or_default()).into_owned();
    match &record.kind {
        AnnotationKind::Marker { name, .. } => {
            let name = name.name().replace('_', " ");
            if first.is_empty() { name } else { format!("{name}: {first}") }
        }
        AnnotationKind::Cause(cause) => format!("C{} {first}", cause.order),
        kind if first.is_empty() => kind.name().to_owned(),
        _ => first,
    }
}

/// Puts the cursor's moment under a marker's name: new, or the old one moves.
pub(super) fn set_marker(state: &mut State, name: MarkerName) -> Vec<Effect> {
    let at = state.timeline.cursor;
    let words = name.name().replace('_', " ");
    let existing = state.session.doc.annotations.values().find_map(|record| match record.kind {
        AnnotationKind::Marker { name: other, .. } if other == name => Some(record.id.clone()),
        _ => None,
    });
    let edit = if let Some(id) = existing {
        state.session.change(&id, state.now, |record| {
            record.kind = AnnotationKind::Marker { name, at, latest: None, rule: "manual".into(), evidence: Vec::new() };
        })
    } else {
        let kind = AnnotationKind::Marker { name, at, latest: None, rule: "manual".into(), evidence: Vec::new() };
        Some(Session::put(state.session.annotation(state.now, kind, String::new())))
    };
    let Some(edit) = edit else {
        state.say(format!("{words} is here already"));
        return Vec::new();
    };
    let effects = state.session.commit(format!("mark {words}"), vec![edit]);
    state.say(format!("{words} = {}", state.clock.both(at)));
    effects
}

/// Takes a marker that the data suggest; one that was set meanwhile stays.
pub(super) fn accept(state: &mut State, suggested: Vec<(AnnotationKind, String)>) -> Vec<Effect> {
    let mut edits = Vec::new();
    let mut taken: Vec<(String, Timestamp)> = Vec::new();
    for (kind, words) in suggested {
        let AnnotationKind::Marker { name, at, .. } = kind else { continue };
        let marker = name.name().replace('_', " ");
        if state.session.doc.marker(name).is_some() || taken.iter().any(|(other, _)| *other == marker) {
            state.say(format!("{marker} is set already; m moves it"));
            continue;
        }
        edits.push(Session::put(state.session.annotation(state.now, kind, words)));
        taken.push((marker, at));
    }
    let Some((_, first)) = taken.first() else { return Vec::new() };
    let first = *first;
    let names: Vec<&str> = taken.iter().map(|(marker, _)| marker.as_str()).collect();
    let effects = state.session.commit(format!("accept {}", names.join(", ")), edits);
    state.say(match taken.as_slice() {
        [(marker, at)] => format!("{marker} = {}; u takes it back", state.clock.both(*at)),
        _ => format!("{} are set; u takes them back", names.join(", ")),
    });
    state.jump_to(first);
    effects
}

/// A marker by a typed name: `impact_start`, `impact start`.
pub(super) fn mark_by_name(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let wanted = typed.trim().replace([' ', '-'], "_");
    if let Some(name) = MarkerName::from_name(&wanted) {
        Ok(set_marker(state, name))
    } else {
        let names: Vec<&str> = MarkerName::ALL.iter().map(|name| name.name()).collect();
        Err(format!("{typed:?} is no marker; the names are {}", names.join(", ")))
    }
}

/// A column of the key-indicator table.
pub(super) fn add_key_moment(state: &mut State) -> Vec<Effect> {
    let at = state.timeline.cursor;
    let label = state.clock.offset(at).unwrap_or_else(|| text::rfc3339(at));
    let record = state.session.annotation(state.now, AnnotationKind::KeyMoment { at, order: None }, label.clone());
    state.say(format!("key moment {label}"));
    state.session.commit("key moment", vec![Session::put(record)])
}

/// Opens the editor for a note on the cursor or the selected range.
pub(super) fn write_note(state: &mut State) {
    let span = super::navigate::span(state);
    let title = if span.is_empty() {
        format!("note on {}", state.clock.both(span.start()))
    } else {
        format!("note on {} to {}", state.clock.both(span.start()), state.clock.both(span.end()))
    };
    state.overlays.push(Overlay::Editor(Box::new(Editor::new(TextPurpose::NewNote(span), title, ""))));
}

/// `^s` in the editor.
pub(super) fn save_editor(state: &mut State, editor: &Editor) -> Vec<Effect> {
    let words = editor.text.text().trim_end().to_owned();
    match &editor.purpose {
        TextPurpose::NewNote(span) => {
            let span = *span;
            if words.trim().is_empty() {
                state.say("an empty note is not kept");
                return Vec::new();
            }
            add_note(state, span, &words)
        }
        TextPurpose::Known(at) => {
            let kind = AnnotationKind::Moment { at: *at, service: None, row_kind: None, uncertainty_ns: None };
            let mut record = state.session.annotation(state.now, kind, words);
            record.tags.push("known".to_owned());
            state.session.commit("what could be known", vec![Session::put(record)])
        }
        TextPurpose::ChangeText(id) => {
            let edit = state.session.change(id, state.now, |record| record.text = words);
            state.session.commit("change text", edit.into_iter().collect())
        }
        TextPurpose::Diff(at) => super::outside::pin_diff(state, editor, *at),
        TextPurpose::Prose(origin) => super::draft_view::save(state, editor, origin),
    }
}

/// Adds a note; an empty span is a moment.
pub(super) fn add_note(state: &mut State, span: TimeRange, words: &str) -> Vec<Effect> {
    let kind = if span.is_empty() {
        AnnotationKind::Moment { at: span.start(), service: None, row_kind: None, uncertainty_ns: None }
    } else {
        AnnotationKind::Range { range: span, end: RangeEnd::default(), service: None, row_kind: None }
    };
    let record = state.session.annotation(state.now, kind, words.to_owned());
    state.timeline.anchor = None;
    state.session.commit("note", vec![Session::put(record)])
}

/// Pins what the focused pane has under the cursor.
pub(super) fn pin(state: &mut State) -> Vec<Effect> {
    if state.focus == Focus::List
        && let Some(effects) = pin_rows(state)
    {
        return effects;
    }
    if state.focus == Focus::Side && state.side.tab == Tab::Compare {
        return match compare_view::target(state, state.side.item_selected()) {
            Ok(target) => freeze(state, vec![target]),
            Err(why) => {
                state.say(why);
                Vec::new()
            }
        };
    }
    let targets = match state.focus {
        Focus::Panels => panel_target(state),
        Focus::List => event_target(state),
        Focus::Changes => lane_targets(state),
        Focus::Side if side_target(state).is_some() => side_target(state).into_iter().collect(),
        Focus::Side => match state.subject {
            Focus::Panels => panel_target(state),
            Focus::Changes => lane_targets(state),
            _ => event_target(state),
        },
    };
    match targets.len() {
        0 => {
            let advice = match state.focus {
                Focus::Changes => "nothing under the cursor: . and , go to changes and alerts",
                Focus::Panels => "no panel to pin: P adds one",
                _ => "no event selected to pin",
            };
            state.say(advice);
            Vec::new()
        }
        1 => freeze(state, targets.into_iter().map(|target| target.2).collect()),
        _ => {
            pick::targets(state, targets);
            Vec::new()
        }
    }
}

type Target = (String, String, FreezeTarget);

/// A pattern (by its first event) or an event of a trace.
fn side_target(state: &State) -> Option<Target> {
    match state.side.item_selected()? {
        SideItem::Pattern(id) => Some((String::new(), String::new(), FreezeTarget::PatternStart(*id))),
        SideItem::Event(id) => Some((String::new(), String::new(), FreezeTarget::Event(*id))),
        _ => None,
    }
}

fn panel_target(state: &State) -> Vec<Target> {
    let range = state.timeline.selection().unwrap_or(state.timeline.visible);
    let panel = state.panels.selected().and_then(|panel| Some((panel, panel.id?)));
    let target = panel.map(|(panel, id)| {
        let label = format!("{} {}", panel.name, panel.place);
        (label, panel.texts.value.clone(), FreezeTarget::Series { id, range, at: state.timeline.cursor })
    });
    target.into_iter().collect()
}

/// More at once would be a copy of the log, not evidence.
const MAX_ROWS: usize = 50;

/// Pins the rows of a range in the list, in one step; `None` when there is no such range.
fn pin_rows(state: &mut State) -> Option<Vec<Effect>> {
    state.timeline.anchor?;
    state.list.anchor?;
    let Some((from, to)) = state.list.range() else {
        state.warn("the range of rows is too long to pin: v again, nearer; or filter the list with & first");
        return Some(Vec::new());
    };
    let n = to - from + 1;
    if n > MAX_ROWS {
        state.warn(format!("{n} rows are too many to pin at once (at most {MAX_ROWS}): a shorter range, or filter with & first"));
        return Some(Vec::new());
    }
    let targets: Vec<FreezeTarget> = state.list.rows[from..=to].iter().map(|row| FreezeTarget::Event(row.id)).collect();
    let effects = freeze(state, targets);
    if !effects.is_empty() {
        (state.timeline.anchor, state.list.anchor) = (None, None);
    }
    Some(effects)
}

fn event_target(state: &State) -> Vec<Target> {
    let row = state.list.selected();
    row.map(|row| (row.message.clone(), row.service.clone(), FreezeTarget::Event(row.id))).into_iter().collect()
}

/// Changes, alerts and profiles in the column of the cursor.
fn lane_targets(state: &State) -> Vec<Target> {
    let (cursor, reach) = (state.timeline.cursor, state.timeline.column_ns());
    let is_near = |at: Timestamp| at.since(cursor).unsigned_abs() <= reach.unsigned_abs();
    let catalog = &state.catalog;
    let clean = |words: String| text::printable(words.trim()).into_owned();
    let changes = catalog.changes.iter().enumerate().filter_map(|(index, change)| {
        let at = change.time.filter(|at| is_near(*at))?;
        Some((clean(change.title()), state.clock.both(at), FreezeTarget::Change(index)))
    });
    let alerts = catalog.alerts.iter().enumerate().filter_map(|(index, alert)| {
        let is_under = alert.active_at <= cursor && alert.ended_at.is_none_or(|end| cursor < end);
        let is_here = is_under || is_near(alert.active_at) || alert.firing_at.is_some_and(is_near);
        is_here.then(|| {
            let label = clean(format!("alert {} {}", alert.name, alert.service.as_deref().unwrap_or_default()));
            (label, state.clock.both(alert.active_at), FreezeTarget::Alert(index))
        })
    });
    let profiles = catalog.profiles.iter().enumerate().filter_map(|(index, profile)| {
        let at = profile.time.filter(|at| is_near(*at))?;
        let label = clean(format!("{} profile {}", profile.kind, profile.service.as_deref().unwrap_or_default()));
        Some((label, state.clock.both(at), FreezeTarget::Profile(index)))
    });
    changes.chain(alerts).chain(profiles).collect()
}

/// Asks for the frozen values; the pin is made when they come.
pub(super) fn freeze(state: &mut State, targets: Vec<FreezeTarget>) -> Vec<Effect> {
    if targets.is_empty() {
        return Vec::new();
    }
    if state.jobs.is_waiting(Slot::Freeze) {
        state.say("still pinning; press p again in a moment");
        return Vec::new();
    }
    state.freezing = targets
        .iter()
        .map(|target| match target {
            FreezeTarget::Series { id, .. } => state.catalog.series(*id).map(|meta| meta.name.clone()),
            _ => None,
        })
        .collect();
    let mut effects = Vec::new();
    state.jobs.ask(Slot::Freeze, Question::Freeze(targets), state.catalog.version, &mut effects);
    effects
}

/// The frozen values came: the pins are made in one step.
pub(super) fn pinned(state: &mut State, evidence: Vec<Evidence>) -> Vec<Effect> {
    if evidence.is_empty() {
        state.say("nothing came back to pin");
        return Vec::new();
    }
    let captions: Vec<String> = evidence.iter().map(|evidence| caption(state, evidence)).collect();
    let mut edits = Vec::new();
    let mut ids = Vec::new();
    for (evidence, caption) in evidence.into_iter().zip(&captions) {
        let record = state.session.annotation(state.now, AnnotationKind::Evidence(evidence), caption.clone());
        ids.push(record.id.clone());
        edits.push(Session::put(record));
    }
    let name = if captions.len() == 1 { format!("pin {}", captions[0]) } else { format!("pin {} things", captions.len()) };
    let effects = state.session.commit(name.clone(), edits);
    state.session.fresh_pins.extend(ids);
    state.say(format!("pinned: {}", text::printable(name.trim_start_matches("pin "))));
    effects
}

/// What a pin is called until the user says it better.
fn caption(state: &State, evidence: &Evidence) -> String {
    match &evidence.target {
        EvidenceTarget::Series { name, unit, at, value, labels, .. } => {
            let meta = crate::model::SeriesMeta { labels: labels.clone(), ..Default::default() };
            let value = value.map_or_else(|| "no data".into(), |value| text::value(value, *unit));
            let place = place_of(&meta);
            let space = if place.is_empty() { "" } else { " " };
            format!("{name}{space}{place} {value} at {}", state.clock.offset(*at).unwrap_or_else(|| text::rfc3339(*at)))
        }
        EvidenceTarget::Lines { excerpt, .. } => {
            let is_it = |row: &&EventRow| row.raw.trim_end() == excerpt.trim_end();
            let selected = || state.list.selected().filter(|row| excerpt.contains(row.message.as_str()));
            let row = state.list.rows.iter().find(is_it).or_else(selected);
            row.map_or_else(|| short(excerpt.lines().next().unwrap_or_default()), row_caption)
        }
        EvidenceTarget::Change { text, .. } => text.clone(),
        EvidenceTarget::Alert { name, .. } => format!("alert {name}"),
        EvidenceTarget::Profile { profile, total, unit, .. } => format!("{profile} profile, {} {unit}", text::grouped(*total as u64)),
        EvidenceTarget::Diff { .. } => format!("change of {}", evidence.source),
        EvidenceTarget::Link { url, .. } => url.clone(),
    }
}

/// The message; a bare word such as `request` says nothing without its fields.
fn row_caption(row: &EventRow) -> String {
    const TELLING_CHARS: usize = 24;
    if row.message.chars().count() >= TELLING_CHARS || row.fields.is_empty() {
        return row.message.clone();
    }
    // The first field tells most; after it fields are whole or not there.
    let mut caption = short(&format!("{} {}", row.message, row.fields));
    if caption.chars().count() == CAPTION_CHARS
        && let Some(at) = caption.match_indices(' ').map(|(at, _)| at).rfind(|at| {
            let begins_field = caption[at + 1..].split(' ').next().is_some_and(|word| word.contains('='));
            begins_field && *at > row.message.len()
        })
    {
        caption.truncate(at);
    }
    caption
}

/// As much as fits a line of the chain and of the export's tables.
const CAPTION_CHARS: usize = 80;

fn short(words: &str) -> String {
    words.chars().take(CAPTION_CHARS).collect()
}

/// Opens what is selected in the side pane for change.
pub(super) fn edit(state: &mut State) {
    let record =
        state.side.annotation().filter(|_| state.focus == Focus::Side).and_then(|id| state.session.doc.annotations.get(id)).cloned();
    let Some(record) = record else {
        state.say("nothing to change here: select a step in the chain (4) or a note (5)");
        return;
    };
    match &record.kind {
        AnnotationKind::Cause(_) => forms::cause(state, Some(&record)),
        AnnotationKind::Attempt(_) => forms::attempt(state, Some(&record)),
        AnnotationKind::Action(_) => forms::action_item(state, Some(&record)),
        AnnotationKind::Moment { .. } | AnnotationKind::Range { .. } | AnnotationKind::KeyMoment { .. } | AnnotationKind::Marker { .. } => {
            let title = format!("text of {}", headline(&record));
            let editor = Editor::new(TextPurpose::ChangeText(record.id.clone()), title, &record.text);
            state.overlays.push(Overlay::Editor(Box::new(editor)));
        }
        _ if kind_form::change(state, &record) => {}
        _ => {
            let title = format!("text of {}", headline(&record));
            let editor = Editor::new(TextPurpose::ChangeText(record.id.clone()), title, &record.text);
            state.overlays.push(Overlay::Editor(Box::new(editor)));
        }
    }
}

/// Removes what is selected in the side pane; undo brings it back.
pub(super) fn delete(state: &mut State) -> Vec<Effect> {
    let record =
        state.side.annotation().filter(|_| state.focus == Focus::Side).and_then(|id| state.session.doc.annotations.get(id)).cloned();
    let Some(record) = record else {
        state.say("nothing to remove here: select a step in the chain (4) or a note (5)");
        return Vec::new();
    };
    let mut edits: Vec<Edit> = match &record.kind {
        AnnotationKind::Cause(_) => chain::unlink(state, &record.id),
        _ => Vec::new(),
    };
    edits.extend(let_go(state, &record));
    edits.extend(state.session.remove(&record.id));
    let name = format!("remove {}", headline(&record));
    state.say(format!("removed; u brings it back: {}", headline(&record)));
    state.session.commit(name, edits)
}

/// What points at a record lets go of it. Links of a step are dealt with before.
fn let_go(state: &State, gone: &Annotation) -> Vec<Edit> {
    let is_leaning = |record: &&Annotation| record.kind.references().iter().any(|(_, id)| *id == gone.id);
    let leaning: Vec<Annotation> = state.session.doc.annotations.values().filter(is_leaning).cloned().collect();
    let release = |record: Annotation| {
        let mut kind = record.kind;
        if kind.forget(&gone.id) {
            return state.session.change(&record.id, state.now, |record| record.kind = kind);
        }
        let is_dealt_with = matches!(gone.kind, AnnotationKind::Cause(_)) && matches!(kind, AnnotationKind::Link(_));
        if is_dealt_with { None } else { state.session.remove(&record.id) }
    };
    leaning.into_iter().filter_map(release).collect()
}
