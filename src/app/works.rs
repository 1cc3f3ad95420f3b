//! Which actions do something here and now: in this pane or layer, with the data that are loaded, with what is selected.
//!
//! Help lists only these. An action that is left out here does nothing but say why; `tests/help.rs` holds it to that. When
//! in doubt an action works: a key that is listed and then explains itself does less harm than one that is hidden.

use super::actions::{Action, ActionInfo, Context};
use super::overlay::Overlay;
use super::side::{SideItem, Tab};
use super::state::{Focus, State};
use super::update::{clock_view, pager, zone_view};
use crate::model::{Annotation, AnnotationKind};

/// The layer that keys belong to when help is not counted.
pub(crate) fn layer(state: &State) -> Option<&Overlay> {
    state.overlays.iter().rev().find(|overlay| !matches!(overlay, Overlay::Help(_)))
}

/// Where keys are looked up when help is closed.
pub(crate) fn context(state: &State) -> Context {
    match layer(state) {
        None => Context::Main,
        Some(Overlay::Editor(_) | Overlay::Form(_)) => Context::Editing,
        Some(Overlay::Confirm(_)) => Context::Asking,
        Some(_) => Context::Typing,
    }
}

/// Where that is, for people.
pub(crate) fn place(state: &State) -> String {
    match layer(state) {
        Some(Overlay::Picker(_)) => "in this list".to_owned(),
        Some(Overlay::Prompt(_)) => "while typing".to_owned(),
        Some(Overlay::Filters(_)) => "in the filters".to_owned(),
        Some(Overlay::Draft(_)) => "in the postmortem".to_owned(),
        Some(Overlay::Editor(_)) => "in this note".to_owned(),
        Some(Overlay::Form(_)) => "in this form".to_owned(),
        Some(Overlay::Confirm(_)) => "in this question".to_owned(),
        Some(Overlay::Help(_)) | None => match state.focus {
            Focus::Changes => "in the changes".to_owned(),
            Focus::Panels => "in the panels".to_owned(),
            Focus::List => "in the events".to_owned(),
            Focus::Side => format!("in {}", state.side.tab.name()),
        },
    }
}

/// Whether an action does something here and now.
pub(crate) fn works(state: &State, info: &ActionInfo) -> bool {
    let context = context(state);
    if !info.contexts.contains(&context) {
        return false;
    }
    if context == Context::Main { works_in_panes(state, info.action) } else { works_in_layer(state, info.action) }
}

fn works_in_layer(state: &State, action: Action) -> bool {
    use Action as A;
    match (layer(state), action) {
        (Some(Overlay::Picker(picker)), A::Toggle) => picker.chosen.is_some(),
        (Some(Overlay::Filters(_)), A::Toggle | A::Lower | A::Raise) => !state.list.chips.is_empty(),
        (Some(Overlay::Picker(_) | Overlay::Prompt(_)), A::Lower | A::Raise) | (Some(Overlay::Editor(_)), A::NextField | A::PrevField) => {
            false
        }
        _ => true,
    }
}

/// Whether there is something to act upon, by what the action needs.
fn works_in_panes(state: &State, action: Action) -> bool {
    use Action as A;
    let has_time = state.timeline.extent.is_some();
    let has_events = state.catalog.n_events > 0;
    let doc = &state.session.doc;
    match action {
        A::CursorLeft
        | A::CursorRight
        | A::CursorLeft10
        | A::CursorRight10
        | A::ZoomIn
        | A::ZoomOut
        | A::FitAll
        | A::PanLeft
        | A::PanRight
        | A::SelectRange
        | A::GoTo
        | A::SetT0
        | A::Snap
        | A::Mark
        | A::Note
        | A::Pin
        | A::Compare => has_time,
        A::Start | A::End => has_time || state.focus == Focus::Side,
        A::FitSelection => state.timeline.selection().is_some(),
        A::SwapEnd => state.timeline.anchor.is_some(),
        A::NextError
        | A::PrevError
        | A::NextNewError
        | A::PrevNewError
        | A::NextWarning
        | A::PrevWarning
        | A::Find
        | A::FilterIn
        | A::FilterOut
        | A::Filters => has_events,
        A::NextDeploy | A::PrevDeploy => !state.catalog.changes.is_empty(),
        A::NextAlert | A::PrevAlert => !state.catalog.alerts.is_empty(),
        A::NextChange | A::PrevChange => !state.catalog.changes.is_empty() || !state.catalog.alerts.is_empty(),
        A::NextMark | A::PrevMark => !state.lanes.marks.is_empty(),
        A::NextPhase | A::PrevPhase => !state.lanes.all_phases.is_empty(),
        A::NextTrace | A::PrevTrace => state.list.selected().is_some_and(|row| row.trace_id.is_some()),
        A::Back => state.history.can_go_back(),
        A::Forward => state.history.can_go_forward(),
        A::FindNext | A::FindPrev => state.list.find.is_some(),
        A::ClearFilters => !state.list.chips.is_empty(),
        A::WeakestClaim | A::FilterNotes => !doc.annotations.is_empty(),
        A::Suggested => has_time && state.catalog.is_complete,
        A::Conflicts => !doc.conflicts().is_empty() || !doc.meta.conflicts.is_empty(),
        A::Undo => state.session.can_undo(),
        A::Redo => state.session.can_redo(),
        A::Open => can_open(state),
        A::Reorder => state.focus == Focus::Side && matches!(state.side.tab, Tab::Patterns | Tab::Compare),
        A::ZoomPane => state.zoomed.is_some() || state.focus != Focus::Changes,
        A::Messages => !state.said.is_empty() && !state.has_curtain(),
        A::PanelPicker => !state.catalog.series.is_empty(),
        A::Tour => state.tour.is_demo(),
        A::Close => has_something_to_close(state),
        _ => {
            let on_time = works_on_time(state, action).or_else(|| works_on_layout(state, action));
            on_time.or_else(|| works_on_panel(state, action)).or_else(|| works_on_record(state, action)).unwrap_or(true)
        }
    }
}

/// Actions on the clock that need more than a time.
fn works_on_time(state: &State, action: Action) -> Option<bool> {
    use Action as A;
    let has_time = state.timeline.extent.is_some();
    Some(match action {
        A::Play | A::Curtain | A::Known => has_time,
        A::Faster | A::Slower => state.has_curtain(),
        A::NextAlert | A::PrevAlert => !state.catalog.alerts.is_empty(),
        A::NextOnset | A::PrevOnset => has_time && (state.catalog.n_events > 0 || !state.panels.all.is_empty()),
        A::SourceZone => zone_view::can_say(state),
        A::ClockOffset => clock_view::can_move(state),
        A::ProposeClock => clock_view::proposed(state).is_some(),
        _ => return None,
    })
}

/// Actions on how the screen is shared out.
fn works_on_layout(state: &State, action: Action) -> Option<bool> {
    use Action as A;
    let (layout, screen) = (&state.layout, &state.session.doc.meta.screen);
    Some(match action {
        A::TallerList | A::LowerList => state.zoomed.is_none(),
        A::WiderList | A::NarrowerList => layout.list.width > 0 && layout.side.width > 0,
        A::UsualSizes => state.zoomed.is_some() || screen.panels.is_some() || screen.side.is_some(),
        A::ScrollLeft => layout.list.width > 0 && (state.list.pan > 0 || state.list.skip > 0),
        A::ScrollRight => layout.list.width > 0 && !state.list.rows.is_empty(),
        A::ChooseColumns | A::Wrap => state.catalog.n_events > 0,
        A::OpenSource => pager::source_meant(state).is_some(),
        A::Copy => pager::text_to_copy(state).is_some(),
        A::PlayMacro => !state.macros.last().is_empty(),
        _ => return None,
    })
}

/// Actions on the selected panel.
fn works_on_panel(state: &State, action: Action) -> Option<bool> {
    use Action as A;
    let panel = state.panels.selected();
    Some(match action {
        A::LogScale | A::Ghost | A::GhostWindow | A::Limit | A::Overlaid | A::Stacked | A::Multiples => panel.is_some(),
        A::HeatMap => panel.is_some_and(|panel| panel.behind.is_some() || panel.form.is_some()),
        A::Exemplar | A::NextExemplar | A::PrevExemplar => panel.is_some_and(|panel| !panel.exemplars.is_empty()),
        A::Plain => panel.is_some_and(|panel| panel.form.is_some()),
        A::Renderer | A::Trust => !state.panels.all.is_empty(),
        _ => return None,
    })
}

/// Actions on the selected record.
fn works_on_record(state: &State, action: Action) -> Option<bool> {
    use Action as A;
    let in_side = state.side.annotation().and_then(|id| state.session.doc.annotations.get(id));
    let focused = in_side.filter(|_| state.focus == Focus::Side);
    let listed = in_side.filter(|_| matches!(state.side.tab, Tab::Chain | Tab::Notes));
    let is_claim = |record: &Annotation| matches!(record.kind, AnnotationKind::Cause(_) | AnnotationKind::Hypothesis(_));
    Some(match action {
        A::Delete if state.focus == Focus::Panels => state.panels.all.len() > 1,
        A::Edit | A::Delete => focused.is_some(),
        A::MoveUp | A::MoveDown => match state.focus {
            Focus::Panels => state.panels.all.len() > 1,
            Focus::Side => state.side.tab == Tab::Chain && state.session.doc.chain().len() > 1,
            _ => false,
        },
        A::EvidenceFor | A::EvidenceAgainst | A::Confirm | A::Refute | A::Reopen => listed.is_some_and(is_claim),
        A::LinkRecords | A::InsertNote | A::NudgeEarlier | A::NudgeLater | A::Star => listed.is_some(),
        A::TagRecords | A::Retime => listed.is_some() || (state.side.tab == Tab::Notes && !state.side.notes_filter.is_empty()),
        _ => return None,
    })
}

fn can_open(state: &State) -> bool {
    state.timeline.selection().is_some()
        || match state.focus {
            Focus::Side => matches!(
                state.side.item_selected(),
                Some(SideItem::Annotation(_) | SideItem::Pattern(_) | SideItem::Difference(_) | SideItem::Event(_))
            ),
            Focus::List => state.list.selected().is_some(),
            Focus::Panels => state.panels.selected().is_some(),
            Focus::Changes => state.timeline.extent.is_some(),
        }
}

fn has_something_to_close(state: &State) -> bool {
    state.zoomed.is_some()
        || state.has_curtain()
        || state.timeline.anchor.is_some()
        || state.list.find.is_some()
        || state.seek.is_some()
        || state.jobs.is_waiting(super::jobs::Slot::Compare)
        || state.notice.is_some()
        || state.tour.is_running()
}
