//! Zones of sources whose times have none: which source is meant, what the typed zone does, what other sources propose.
//!
//! A zone is an edit of the case like any other, so `u` takes it back, and opening the case again reads the source in it.
//! Until then its times are moved by what the zones differ; evidence from it moves in the same step.

use crate::app::Action;
use crate::app::message::Effect;
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker};
use crate::app::prompt::{Prompt, PromptKind};
use crate::app::state::State;
use crate::model::filter::nearest;
use crate::model::glob::names_source;
use crate::model::when::WallZone;
use crate::model::zones::{self, ProposedZone, SourceZones};
use crate::model::{SourceId, SourceReport, ZoneCertainty, text};

use super::clock_view::{has_times, moved_evidence, source_meant};
use super::pick::{clean, item};

/// What is known of zones beside the case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Zones {
    /// What the case said when the sources were opened.
    pub(crate) at_open: SourceZones,
    /// What other sources speak for.
    pub(crate) proposed: Vec<ProposedZone>,
}

/// The zone of a source in a word of the list of sources: `UTC?` when nobody says so.
pub(crate) fn word(report: &SourceReport) -> String {
    match report.zone.certainty {
        ZoneCertainty::None => String::new(),
        ZoneCertainty::Offset => "own zone".to_owned(),
        ZoneCertainty::File | ZoneCertainty::Anchored => clean(&report.zone.name),
        ZoneCertainty::Inferred | ZoneCertainty::Default => format!("{}?", clean(&report.zone.name)),
    }
}

/// What is to be told below a source whose zone nobody says, or that the user says.
pub(crate) fn sentence(state: &State, report: &SourceReport) -> Option<String> {
    let key = state.keymap.key_of(Action::SourceZone);
    if zones::of(&state.session.doc.meta.zones, &report.path).is_some() && zones::can_be_said(&report.zone) {
        return Some(format!("zone from the case; {key} changes it"));
    }
    if let Some(proposed) = proposed(state, &report.path) {
        return Some(format!("no zone, but {}: {key} takes it", clean(&proposed.why)));
    }
    (report.zone.certainty == ZoneCertainty::Default).then(|| format!("no zone in its times: UTC; {key} sets it"))
}

fn proposed<'a>(state: &'a State, path: &str) -> Option<&'a ProposedZone> {
    state.zones.proposed.iter().find(|proposed| proposed.path == path)
}

/// Other sources speak for zones: the first is told.
pub(super) fn propose(state: &mut State, proposed: Vec<ProposedZone>) {
    if let Some(first) = proposed.first() {
        let key = state.keymap.key_of(Action::SourceZone);
        let more = match proposed.len() - 1 {
            0 => String::new(),
            n => format!("; {} more: 7 lists them", text::grouped(n as u64)),
        };
        state.warn(format!("{} has no zone, but {}: {key} takes it{more}", clean(&first.path), clean(&first.why)));
    }
    state.zones.proposed = proposed;
    state.data_revision += 1;
}

/// Whether the zone of a source can be said.
pub(crate) fn can_say(state: &State) -> bool {
    state.catalog.sources.iter().any(is_open)
}

fn is_open(report: &SourceReport) -> bool {
    has_times(report) && zones::can_be_said(&report.zone)
}

/// `t Z`: the zone of the source of what is selected, of the one for which others speak, else of one from a list.
pub(super) fn open(state: &mut State) {
    let of_path = |path: &str| state.catalog.source_of(path).map(|report| report.id);
    match source_meant(state).filter(|id| state.catalog.source(*id).is_some_and(is_open)) {
        Some(id) => type_zone(state, id),
        None => match state.zones.proposed.iter().find_map(|proposed| of_path(&proposed.path)) {
            Some(id) => type_zone(state, id),
            None => list(state),
        },
    }
}

/// Sources to choose from.
fn list(state: &mut State) {
    let of = |report: &SourceReport| item(clean(&report.path), word(report), PickValue::SourceZone(report.id));
    let items: Vec<PickItem> = state.catalog.sources.iter().filter(|report| is_open(report)).map(of).collect();
    if items.is_empty() {
        state.say("the times of all sources carry their own zone");
        return;
    }
    state.overlays.push(Overlay::Picker(Picker::new(PickPurpose::Clock, "whose times have another zone?", items)));
}

/// Opens the line for the zone of a source, with what others propose or the case says in it.
pub(super) fn type_zone(state: &mut State, id: SourceId) {
    let Some(report) = state.catalog.source(id) else { return };
    let said = zones::of(&state.session.doc.meta.zones, &report.path);
    let text = said.or_else(|| proposed(state, &report.path).map(|proposed| proposed.zone.as_str())).unwrap_or_default().to_owned();
    state.overlays.push(Overlay::Prompt(Prompt::new(PromptKind::SourceZone(id), &text)));
    super::overlays::refresh_prompt(state);
}

/// What a typed zone would do, for the prompt.
pub(super) fn preview(state: &State, id: SourceId, typed: &str) -> Option<Result<String, String>> {
    let report = state.catalog.source(id)?;
    let path = clean(&report.path);
    if typed.trim().is_empty() {
        let now = if zones::of(&state.session.doc.meta.zones, &report.path).is_some() {
            "nothing typed takes back what the case says"
        } else {
            "the zone of its times, where they name none"
        };
        return Some(Ok(format!("{path}: {now}; read in {} now", clean(&report.zone.name))));
    }
    Some(named(typed).map(|zone| match (shift(report, &zone), report.extent) {
        (Some(ns), Some((first, _))) => format!("{path}: the first at {}", state.clock.both(first.plus_ns(ns))),
        (_, None) => format!("{path}: none of its times is known yet; read so when the case is opened next"),
        _ => format!("{path}: summer time begins or ends within it; read so when the case is opened next"),
    }))
}

/// A zone by what is typed, or what might have been meant.
fn named(typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |zone: &&str| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(typed));
    // Of a zone people know the city.
    let zone = WallZone::from_name(typed).or_else(|| WallZone::from_name(names().find(city)?));
    zone.map(WallZone::name).ok_or_else(|| {
        let hint = nearest(typed, names()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
        format!("{typed:?} is no zone; known forms: +01:00, Europe/Berlin, UTC{hint}")
    })
}

/// By how much the times of a source move from where they are, to be of this zone.
fn shift(report: &SourceReport, zone: &str) -> Option<i64> {
    let (first, last) = report.extent?;
    let stated = (first.plus_ns(-report.clock_ns), last.plus_ns(-report.clock_ns));
    zones::shift_ns(stated, &report.zone.name, zone)
}

/// Enter in the prompt: nothing typed is what the source would be without a word of the user.
pub(super) fn accept(state: &mut State, id: SourceId, typed: &str) -> Result<Vec<Effect>, String> {
    let zone = if typed.trim().is_empty() { String::new() } else { named(typed)? };
    Ok(set(state, id, &zone))
}

/// `:source-zone +01:00` for the source that is meant, `:source-zone logs/app.log Europe/Berlin` for one by its name.
pub(super) fn typed(state: &mut State, argument: &str) -> Result<Vec<Effect>, String> {
    let (name, zone) = argument.rsplit_once(char::is_whitespace).map_or(("", argument), |(name, zone)| (name.trim(), zone));
    let id = if name.is_empty() {
        let meant = source_meant(state).filter(|id| state.catalog.source(*id).is_some_and(is_open));
        meant.ok_or("nothing selected says which source is meant, or its times carry their zone: write its name before the zone")?
    } else {
        let mut fitting = state.catalog.sources.iter().filter(|report| names_source(name, &report.path) && is_open(report));
        let first = fitting.next().ok_or_else(|| format!("no source whose zone is open is called {name:?}; 7 lists all"))?;
        match fitting.count() {
            0 => first.id,
            n => return Err(format!("{name:?} names {} sources; write more of the path", n + 1)),
        }
    };
    accept(state, id, zone)
}

/// Says the zone of a source: one step that `u` takes back.
fn set(state: &mut State, id: SourceId, zone: &str) -> Vec<Effect> {
    let Some(report) = state.catalog.source(id).cloned() else { return Vec::new() };
    let path = clean(&report.path);
    let meta = state.session.change_meta(|meta| {
        meta.zones.remove(&report.path);
        // A pattern over several sources may still name it.
        if !zone.is_empty() && zones::of(&meta.zones, &report.path) != Some(zone) {
            meta.zones.insert(report.path.clone(), zone.to_owned());
        }
    });
    let Some(meta) = meta else {
        state.say(format!("the zone of {path} is so already"));
        return Vec::new();
    };
    let told = if zone.is_empty() { "UTC" } else { zone };
    let shift = shift(&report, told);
    let mut edits = vec![meta];
    edits.extend(shift.filter(|ns| *ns != 0).into_iter().flat_map(|ns| moved_evidence(state, id, ns)));
    let moved = match edits.len() - 1 {
        0 => String::new(),
        1 => ", a pin with it".to_owned(),
        n => format!(", {} pins with it", text::grouped(n as u64)),
    };
    let when = if shift.is_none() { ", from when the case is opened next" } else { "" };
    let key = state.keymap.key_of(Action::Undo);
    state.zones.proposed.retain(|proposed| proposed.path != report.path);
    state.say(format!("{path} is read in {told}{when}{moved}; {key} takes it back"));
    state.session.commit(format!("zone of {path} {told}"), edits)
}

/// Sources whose zone is another than when they were opened; an empty name where nobody says it any more.
pub(crate) fn changed(state: &State) -> SourceZones {
    let (before, now) = (&state.zones.at_open, &state.session.doc.meta.zones);
    if before == now {
        return SourceZones::new();
    }
    let zone = |report: &SourceReport| {
        let zone = zones::of(now, &report.path);
        (zone != zones::of(before, &report.path)).then(|| (report.path.clone(), zone.unwrap_or_default().to_owned()))
    };
    state.catalog.sources.iter().filter_map(zone).collect()
}
