//! Clocks of sources that were wrong: which source is meant, what the typed offset does, what shared traces propose.
//!
//! An offset is an edit of the case like any other, so `u` takes it back. Evidence from the source moves in the same step:
//! it stands where it stood, while notes and marks keep the moments that people gave them.

use crate::app::jobs::Slot;
use crate::app::message::{Effect, Question};
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::prompt::{Prompt, PromptKind};
use crate::app::side::{SideItem, Tab};
use crate::app::state::{Focus, State};
use crate::model::case::Edit;
use crate::model::glob::names_source;
use crate::model::skew::ClockSkew;
use crate::model::{AnnotationKind, SourceId, SourceKind, SourceReport, offset, text};

use super::pick::{clean, item};
use super::zone_view;

/// `t c`: the offset of the source of what is selected, else of one from a list.
pub(super) fn open(state: &mut State) {
    match source_meant(state) {
        Some(id) => type_offset(state, id, None),
        None => list(state),
    }
}

/// The source of what the focused pane has selected, if it has times.
pub(super) fn source_meant(state: &State) -> Option<SourceId> {
    let id = match state.focus {
        Focus::List => state.list.selected().map(|row| row.id.source),
        Focus::Panels => state.panels.selected().and_then(|panel| Some(state.catalog.series(panel.id?)?.source)),
        Focus::Changes => {
            let here = state.timeline.visible.column_of(state.timeline.cursor, state.timeline.columns);
            let column = |at| state.timeline.visible.column_of(at, state.timeline.columns);
            let mut under =
                state.catalog.changes.iter().filter(|change| change.time.is_some_and(|at| here.is_some() && column(at) == here));
            under.next().map(|change| change.source)
        }
        Focus::Side => match (state.side.tab, state.side.item_selected()) {
            (Tab::Sources, Some(_)) => Some(SourceId(state.side.selected() as u32)),
            (_, Some(SideItem::Event(id))) => Some(id.source),
            (Tab::Detail, _) => state.detail.as_ref().map(|event| event.id.source),
            _ => None,
        },
    };
    id.filter(|id| state.catalog.source(*id).is_some_and(has_times))
}

pub(super) fn has_times(report: &SourceReport) -> bool {
    !matches!(report.kind, SourceKind::Report | SourceKind::Unknown)
}

/// Whether there is a source whose clock can be moved.
pub(crate) fn can_move(state: &State) -> bool {
    state.catalog.sources.iter().any(has_times)
}

/// Sources to choose from.
fn list(state: &mut State) {
    let with_times = state.catalog.sources.iter().filter(|report| has_times(report));
    let items: Vec<PickItem> = with_times
        .map(|report| {
            let moved = if report.clock_ns == 0 { String::new() } else { format!("clock {}  ", offset::text(report.clock_ns)) };
            item(clean(&report.path), format!("{moved}{}", clean(&report.format)), PickValue::Clock(report.id))
        })
        .collect();
    if items.is_empty() {
        state.say("no source has times yet");
        return;
    }
    state.overlays.push(Overlay::Picker(Picker::new(PickPurpose::Clock, "whose clock is wrong?", items)));
}

/// Opens the line for the offset of a source, with the present or a proposed one in it.
pub(super) fn type_offset(state: &mut State, id: SourceId, proposed: Option<i64>) {
    let Some(report) = state.catalog.source(id) else { return };
    let ns = proposed.unwrap_or(report.clock_ns);
    let text = if ns == 0 { String::new() } else { offset::text(ns) };
    state.overlays.push(Overlay::Prompt(Prompt::new(PromptKind::Clock(id), &text)));
    super::overlays::refresh_prompt(state);
}

/// What a typed offset would do, for the prompt.
pub(super) fn preview(state: &State, id: SourceId, typed: &str) -> Option<Result<String, String>> {
    let report = state.catalog.source(id)?;
    let path = clean(&report.path);
    if typed.trim().is_empty() {
        let now = match report.clock_ns {
            0 => "its times are as it states them; +1.5s moves them later, -90s earlier".to_owned(),
            ns => format!("moved by {} now; nothing typed moves it back", offset::text(ns)),
        };
        return Some(Ok(format!("{path}: {now}")));
    }
    Some(offset::parse(typed).map(|ns| {
        let first = report.extent.map(|(first, _)| first.plus_ns(ns.saturating_sub(report.clock_ns)));
        let first = first.map(|first| format!(", the first {}", state.clock.both(first))).unwrap_or_default();
        match ns {
            0 => format!("{path}: times as it states them{first}"),
            ns => {
                let by = offset::text(ns.saturating_abs());
                format!("{path}: all its times {} {}{first}", by.trim_start_matches('+'), if ns > 0 { "later" } else { "earlier" })
            }
        }
    }))
}

/// Enter in the prompt: nothing typed is no offset.
pub(super) fn accept(state: &mut State, id: SourceId, typed: &str) -> Result<Vec<Effect>, String> {
    let ns = if typed.trim().is_empty() { 0 } else { offset::parse(typed)? };
    Ok(set(state, id, ns))
}

/// `:clock-offset +1.5s` for the source that is meant, `:clock-offset logs/payment.log -90s` for one by its name.
pub(super) fn typed(state: &mut State, argument: &str) -> Result<Vec<Effect>, String> {
    let (name, text) = argument.rsplit_once(char::is_whitespace).map_or(("", argument), |(name, text)| (name.trim(), text));
    let id = if name.is_empty() {
        source_meant(state).ok_or("nothing selected says which source is meant: write its name before the offset")?
    } else {
        let mut fitting = state.catalog.sources.iter().filter(|report| names_source(name, &report.path) && has_times(report));
        let first = fitting.next().ok_or_else(|| format!("no source with times is called {name:?}; 7 lists them"))?;
        match fitting.count() {
            0 => first.id,
            n => return Err(format!("{name:?} names {} sources; write more of the path", n + 1)),
        }
    };
    let ns = offset::parse(text)?;
    Ok(set(state, id, ns))
}

/// Moves the clock of a source: one step that `u` takes back.
fn set(state: &mut State, id: SourceId, ns: i64) -> Vec<Effect> {
    let Some(report) = state.catalog.source(id) else { return Vec::new() };
    let path = report.path.clone();
    let now = offset::of(&state.session.doc.meta.clock_offsets, &path, names_source);
    if report.clock_ns != now && !state.jobs.is_waiting(Slot::ClockOffsets) {
        state.say(format!("--clock says how far the clock of {} is moved; leave it out to change that here", clean(&path)));
        return Vec::new();
    }
    let by = ns.saturating_sub(now);
    let meta = state.session.change_meta(|meta| {
        meta.clock_offsets.remove(&path);
        // A pattern over several sources may still name it.
        if offset::of(&meta.clock_offsets, &path, names_source) != ns {
            meta.clock_offsets.insert(path.clone(), ns);
        }
    });
    let Some(meta) = meta.filter(|_| by != 0) else {
        state.say(format!("the clock of {} is so already", clean(&path)));
        return Vec::new();
    };
    let mut edits = vec![meta];
    edits.extend(moved_evidence(state, id, by));
    let n_moved = edits.len() - 1;
    let moved = match n_moved {
        0 => String::new(),
        1 => ", a pin with it".to_owned(),
        n => format!(", {} pins with it", text::grouped(n as u64)),
    };
    let key = state.keymap.key_of(crate::app::Action::Undo);
    state.say(format!("clock of {}: {}{moved}; {key} takes it back", clean(&path), offset::text(ns)));
    state.session.commit(format!("clock of {} {}", clean(&path), offset::text(ns)), edits)
}

/// Evidence that points into the source goes with it.
pub(super) fn moved_evidence(state: &State, id: SourceId, by: i64) -> Vec<Edit> {
    let of_source = |path: &str| state.catalog.source_of(path).is_some_and(|report| report.id == id);
    let ids = state.session.doc.annotations.values().filter_map(|record| match &record.kind {
        AnnotationKind::Evidence(evidence) if of_source(&evidence.source) => Some(&record.id),
        _ => None,
    });
    let moved = |id| {
        state.session.change(id, state.now, |record| {
            if let AnnotationKind::Evidence(evidence) = &mut record.kind {
                evidence.move_with_source(by);
            }
        })
    };
    ids.filter_map(moved).collect()
}

/// The clock that shared traces say is wrong, the worst first.
pub(crate) fn proposed(state: &State) -> Option<&ClockSkew> {
    state.trace.clocks.as_ref()?.skews.first()
}

/// `t C`: what shared traces say of the clocks, as an offset to take.
pub(super) fn propose(state: &mut State) {
    let Some(skew) = proposed(state).cloned() else {
        state.say(match &state.trace.clocks {
            Some(clocks) => clocks.summary(),
            None => "clocks are compared beside a trace: 3, choose an event with a trace id, then t o".to_owned(),
        });
        return;
    };
    let now = state.catalog.source(skew.source).map_or(0, |report| report.clock_ns);
    type_offset(state, skew.source, Some(now.saturating_sub(rounded(skew.ahead_ns, skew.uncertainty_ns))));
}

/// Digits below what is known of it would only pretend.
fn rounded(ns: i64, uncertainty_ns: i64) -> i64 {
    let mut unit = 1_000;
    while unit * 10 <= uncertainty_ns.unsigned_abs().min(1_000_000_000) {
        unit *= 10;
    }
    let unit = unit as i64;
    ns.saturating_add(unit / 2 * ns.signum()) / unit * unit
}

/// The sources answer at the times of the case.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let (wanted, zones) = (&state.session.doc.meta.clock_offsets, zone_view::changed(state));
    let is_moved = || state.catalog.sources.iter().any(|report| report.clock_ns != 0);
    if !wanted.is_empty() || !zones.is_empty() || state.jobs.is_asked(Slot::ClockOffsets) || is_moved() {
        // Its answer is a new version of the catalog: it is asked again only when the offsets change.
        let question = Question::SetClocks(wanted.clone(), zones);
        state.jobs.sync(Slot::ClockOffsets, Some(question), 0, effects);
    }
}

/// What the header says of clocks that are moved, long and short.
pub(crate) fn words(state: &State) -> Option<(String, String)> {
    let moved: Vec<&SourceReport> = state.catalog.sources.iter().filter(|report| report.clock_ns != 0).collect();
    match moved.as_slice() {
        [] => None,
        [only] => {
            let name = only.path.rsplit('/').next().unwrap_or_default();
            let by = offset::text(only.clock_ns);
            Some((format!("clock {} {by}", clean(name)), format!("clock {by}")))
        }
        all => Some((format!("{} clocks moved", all.len()), format!("{} clocks", all.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_has_as_many_digits_as_are_known() {
        assert_eq!(rounded(1_700_123_456, 5_000_000), 1_700_000_000);
        assert_eq!(rounded(-1_700_663_456, 900_000), -1_700_700_000);
        assert_eq!(rounded(28_800_400_000_000, 40_000_000_000), 28_800_000_000_000);
        assert_eq!(rounded(1_234_567, 0), 1_235_000);
    }
}
