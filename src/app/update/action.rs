//! Runs an action, from a key, the palette or the command line (then possibly with an argument).

use crate::app::actions::Action;
use crate::app::history::Motion;
use crate::app::jobs::Slot;
use crate::app::layout::Zoomed;
use crate::app::list::IsNegated;
use crate::app::message::Effect;
use crate::app::overlay::{Confirm, ConfirmPurpose, Overlay};
use crate::app::prompt::{Prompt, PromptKind};
use crate::app::session::Undone;
use crate::app::side::{SideItem, Tab};
use crate::app::state::{Focus, State};
use crate::app::timeline::Timeline;
use crate::model::Level;
use crate::model::case::PanelShape;

use super::arrange::{self, Arrangement};
use super::navigate::{self, Way};
use super::records::{self, Bearing, Judgement};
use super::{
    annotate, chain, clock_view, column_pick, command_line, compare_view, exemplars, facet_view, filter, find, forms, kind_form, looks,
    onset_view, overlays, pager, palette, panel_edit, panel_form, panel_typed, panel_view, pattern_view, pick, play, replay, search,
    settle, sources_view, trace_view, zone_view,
};

/// Runs it.
pub(super) fn run(state: &mut State, action: Action, argument: Option<&str>) -> Vec<Effect> {
    if let Some(argument) = argument.map(str::trim).filter(|argument| !argument.is_empty())
        && let Some(result) = with_argument(state, action, argument)
    {
        return result.unwrap_or_else(|why| {
            state.warn(why);
            Vec::new()
        });
    }
    match action {
        Action::CursorLeft
        | Action::CursorRight
        | Action::CursorLeft10
        | Action::CursorRight10
        | Action::Start
        | Action::End
        | Action::ZoomIn
        | Action::ZoomOut
        | Action::FitAll
        | Action::FitSelection
        | Action::PanLeft
        | Action::PanRight
        | Action::SelectRange
        | Action::SwapEnd
        | Action::CycleTime
        | Action::Snap => time(state, action),
        Action::NextDeploy => navigate::deploy(state, Way::Forward),
        Action::PrevDeploy => navigate::deploy(state, Way::Back),
        Action::NextAlert => navigate::alert(state, Way::Forward),
        Action::PrevAlert => navigate::alert(state, Way::Back),
        Action::NextChange => navigate::change(state, Way::Forward),
        Action::PrevChange => navigate::change(state, Way::Back),
        Action::WeakestClaim => super::debt::weakest(state),
        Action::NextMark => navigate::mark(state, Way::Forward),
        Action::PrevMark => navigate::mark(state, Way::Back),
        Action::NextPhase => navigate::phase(state, Way::Forward),
        Action::PrevPhase => navigate::phase(state, Way::Back),
        Action::Back => navigate::history(state, Way::Back),
        Action::Forward => navigate::history(state, Way::Forward),
        Action::Up => navigate::vertical(state, -1),
        Action::Down => navigate::vertical(state, 1),
        Action::PageUp => navigate::vertical(state, -navigate::half_page(state)),
        Action::PageDown => navigate::vertical(state, navigate::half_page(state)),
        Action::Unplaced => {
            state.list.toggle_unplaced(state.timeline.cursor);
            focus(state, Focus::List);
        }
        Action::ClearFilters => return filter::clear(state),
        Action::Faster => replay::change_speed(state, Way::Forward),
        Action::Slower => replay::change_speed(state, Way::Back),
        Action::Known => replay::write_known(state),
        Action::GoTo => prompt(state, PromptKind::GoTo),
        Action::Find => prompt(state, PromptKind::Find),
        Action::GhostWindow => prompt(state, PromptKind::Ghost),
        Action::Limit => prompt(state, PromptKind::Limit),
        Action::FilterIn => return filter_by_selected(state, PromptKind::FilterIn),
        Action::FilterOut => return filter_by_selected(state, PromptKind::FilterOut),
        Action::Filters => state.overlays.push(Overlay::Filters(0)),
        Action::Help => state.overlays.push(Overlay::Help(crate::app::overlay::Help::default())),
        Action::HelpHere => overlays::help_here(state),
        Action::Palette => palette::open(state),
        Action::Preview => super::draft_view::open(state),
        Action::PinUrl => prompt(state, PromptKind::Url),
        Action::PinDiff => super::outside::write_diff(state),
        Action::Conflicts => settle::list(state),
        Action::Suggested => return super::debt::ask_suggested(state),
        Action::AddRecord => kind_form::kinds(state),
        Action::Hypothesis => kind_form::open_new(state, "hypothesis"),
        Action::EvidenceFor => records::attach(state, Bearing::For),
        Action::EvidenceAgainst => records::attach(state, Bearing::Against),
        Action::LinkRecords => records::link(state),
        Action::InsertNote => records::insert(state),
        Action::TagRecords => prompt(state, PromptKind::Tag),
        Action::Retime => prompt(state, PromptKind::Retime),
        Action::FilterNotes => prompt(state, PromptKind::Notes),
        Action::CommandLine => command_line::open(state, ""),
        Action::RecordMacro => play::record(state),
        Action::PlayMacro => play::last(state, 1),
        Action::Macro | Action::PressKeys => command_line::open(state, &format!("{} ", action.info().name)),
        Action::ChooseZone => pick::zones(state),
        Action::SourceZone => zone_view::open(state),
        Action::ClockOffset => clock_view::open(state),
        Action::ProposeClock => clock_view::propose(state),
        Action::PanelPicker => pick::panels(state),
        Action::Mark => pick::markers(state),
        Action::NextPane => step_pane(state, 1),
        Action::PrevPane => step_pane(state, -1),
        Action::FocusChanges => focus(state, Focus::Changes),
        Action::FocusPanels => focus(state, Focus::Panels),
        Action::FocusEvents => focus(state, Focus::List),
        Action::FocusChain => show_tab(state, Tab::Chain),
        Action::FocusNotes => show_tab(state, Tab::Notes),
        Action::FocusDetail => show_tab(state, Tab::Detail),
        Action::FocusSources => show_tab(state, Tab::Sources),
        Action::Messages => sources_view::messages(state),
        Action::FocusPatterns => show_tab(state, Tab::Patterns),
        Action::FocusFacets => show_tab(state, Tab::Facets),
        Action::ChooseColumns => column_pick::open(state),
        Action::ScrollLeft => column_pick::scroll(state, Way::Back),
        Action::ScrollRight => column_pick::scroll(state, Way::Forward),
        Action::Lanes => arrange::pick_lanes(state),
        Action::FocusTrace => trace_view::show(state),
        Action::Exemplar => exemplars::open(state),
        Action::NextExemplar => exemplars::step(state, Way::Forward),
        Action::PrevExemplar => exemplars::step(state, Way::Back),
        Action::Reorder => pattern_view::next_order(state),
        Action::ZoomPane => zoom_pane(state),
        Action::NextTheme | Action::Mouse | Action::PlainText | Action::Redraw => looks::run(state, action, None),
        Action::Dismiss => overlays::dismiss(state),
        Action::ListUp => overlays::step(state, -1),
        Action::ListDown => overlays::step(state, 1),
        Action::Toggle => return overlays::toggle(state),
        Action::Lower => return filter::shift_level(state, Way::Back),
        Action::Raise => return filter::shift_level(state, Way::Forward),
        Action::NextField => overlays::next_field(state, 1),
        Action::PrevField => overlays::next_field(state, -1),
        Action::No => drop(state.overlays.pop()),
        _ => return run_with_effects(state, action),
    }
    Vec::new()
}

/// Actions that ask something of the world.
fn run_with_effects(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Start => navigate::edge(state, Way::Back),
        Action::SetT0 => return navigate::set_t0(state),
        Action::NextError => return search::level(state, Level::Error, Way::Forward),
        Action::PrevError => return search::level(state, Level::Error, Way::Back),
        Action::NextNewError => return search::new_error(state, Way::Forward),
        Action::PrevNewError => return search::new_error(state, Way::Back),
        Action::NextWarning => return search::level(state, Level::Warn, Way::Forward),
        Action::PrevWarning => return search::level(state, Level::Warn, Way::Back),
        Action::NextOnset => return onset_view::seek(state, Way::Forward),
        Action::PrevOnset => return onset_view::seek(state, Way::Back),
        Action::NextTrace => return search::trace(state, Way::Forward),
        Action::PrevTrace => return search::trace(state, Way::Back),
        Action::FindNext => return find::step(state, Way::Forward),
        Action::FindPrev => return find::step(state, Way::Back),
        Action::Note => annotate::write_note(state),
        Action::Pin => return annotate::pin(state),
        Action::Cause => forms::cause(state, None),
        Action::Attempt => forms::attempt(state, None),
        Action::ActionItem => forms::action_item(state, None),
        Action::Title => forms::case(state, "title"),
        Action::Severity => forms::case(state, "severity"),
        Action::Edit => annotate::edit(state),
        Action::Delete if state.focus == Focus::Panels => return panel_edit::remove_selected(state),
        Action::Delete => return annotate::delete(state),
        Action::MoveUp => return move_item(state, -1),
        Action::MoveDown => return move_item(state, 1),
        Action::Open => return open(state),
        Action::Confirm => return records::judge(state, Judgement::Confirmed),
        Action::Refute => return records::judge(state, Judgement::Refuted),
        Action::Reopen => return records::judge(state, Judgement::Open),
        Action::Star => return records::star(state),
        Action::RecordHistory => return super::versions::ask(state),
        Action::NudgeEarlier => return records::nudge(state, Way::Back),
        Action::NudgeLater => return records::nudge(state, Way::Forward),
        Action::Undo => return undo(state, Way::Back),
        Action::Redo => return undo(state, Way::Forward),
        Action::Export => {
            state.say("writing the postmortem …");
            return vec![Effect::Export(Box::new(state.session.doc.clone()))];
        }
        Action::Save => {
            let effects = state.session.write_as_asked();
            if effects.is_empty() {
                state.say("nothing new to save");
            }
            return effects;
        }
        Action::Compare => return compare_view::start(state),
        Action::Close => return close(state),
        Action::LogScale => return panel_view::toggle_log(state),
        Action::HeatMap => return panel_form::toggle(state, PanelShape::Heat),
        Action::Overlaid => return panel_form::toggle(state, PanelShape::Overlaid),
        Action::Stacked => return panel_form::toggle(state, PanelShape::Stacked),
        Action::Multiples => return panel_form::toggle(state, PanelShape::Multiples),
        Action::Plain => return panel_form::plain(state),
        Action::Renderer => return panel_view::toggle_renderer(state),
        Action::Ghost => return panel_view::toggle_ghost(state),
        Action::Trust => return panel_view::toggle_trust(state),
        Action::Play => return replay::toggle(state),
        Action::Curtain => return replay::toggle_curtain(state),
        Action::Follow => return crate::app::follow::toggle(state),
        Action::Copy => return pager::copy(state),
        Action::Tour => return crate::app::tour::run(state),
        Action::OpenSource => return pager::open_source(state),
        Action::Pager => return pager::start(state),
        Action::Wrap => return column_pick::toggle_wrap(state),
        Action::TallerList => return arrange::resize_list(state, Way::Forward),
        Action::LowerList => return arrange::resize_list(state, Way::Back),
        Action::WiderList => return arrange::resize_side(state, Way::Forward),
        Action::NarrowerList => return arrange::resize_side(state, Way::Back),
        Action::UsualSizes => return arrange::reset_sizes(state),
        Action::HideSide => return arrange::toggle_side(state),
        Action::Balanced => return arrange::arrange(state, Arrangement::Balanced),
        Action::LogsFirst => return arrange::arrange(state, Arrangement::LogsFirst),
        Action::MetricsFirst => return arrange::arrange(state, Arrangement::MetricsFirst),
        Action::Writing => return arrange::arrange(state, Arrangement::Writing),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Quit => return quit(state),
        Action::Accept => return overlays::accept(state),
        Action::SaveText => return overlays::save_text(state),
        Action::ExternalEditor => return overlays::external_editor(state),
        Action::Yes => return overlays::confirmed(state),
        _ => {}
    }
    Vec::new()
}

fn time(state: &mut State, action: Action) {
    match action {
        Action::CursorLeft => state.timeline.step(-1),
        Action::CursorRight => state.timeline.step(1),
        Action::CursorLeft10 => state.timeline.step(-10),
        Action::CursorRight10 => state.timeline.step(10),
        Action::Start => navigate::edge(state, Way::Back),
        Action::End => navigate::edge(state, Way::Forward),
        Action::ZoomIn => state.moving(Motion::Zoom, |timeline| timeline.zoom(-1)),
        Action::ZoomOut => state.moving(Motion::Zoom, |timeline| timeline.zoom(1)),
        Action::FitAll if state.timeline.extent == Some(state.timeline.visible) => state.moving(Motion::Jump, Timeline::fit_home),
        Action::FitAll => state.moving(Motion::Jump, Timeline::fit_all),
        Action::FitSelection => navigate::fit_selection(state),
        Action::PanLeft => state.moving(Motion::Pan, |timeline| timeline.pan(-1)),
        Action::PanRight => state.moving(Motion::Pan, |timeline| timeline.pan(1)),
        Action::SelectRange => navigate::select(state),
        Action::SwapEnd => navigate::swap(state),
        Action::Snap => navigate::snap(state),
        _ => cycle_time(state),
    }
}

fn cycle_time(state: &mut State) {
    use crate::app::clock::Style;
    state.clock.style = state.next_style();
    let words = match state.clock.style {
        Style::Utc if state.clock.t0.is_none() && state.clock.zone == chrono_tz::Tz::UTC => {
            "times in UTC; t z chooses a local zone, t 0 sets T+0".to_owned()
        }
        Style::Utc => "times in UTC".to_owned(),
        Style::Local => format!("times in {}", state.clock.zone.name()),
        Style::Offset => "times from T+0".to_owned(),
    };
    state.say(words);
}

/// What an argument on the command line does; `None` when the action takes none.
pub(super) fn with_argument(state: &mut State, action: Action, argument: &str) -> Option<Result<Vec<Effect>, String>> {
    Some(match action {
        Action::GoTo => super::typed_time::go_to(state, argument).map(|_| Vec::new()),
        Action::SetT0 => super::typed_time::parse(state, argument).map(|at| {
            state.jump_to(at);
            navigate::set_t0(state)
        }),
        Action::ChooseZone => match argument.parse() {
            Ok(zone) => Ok(pick::set_zone(state, zone)),
            Err(_) => Err(format!("{argument:?} is no zone; write a name such as Asia/Shanghai")),
        },
        Action::Find => find::start_typed(state, argument, None),
        Action::FilterIn => filter::add(state, argument, IsNegated::No),
        Action::FilterOut => filter::add(state, argument, IsNegated::Yes),
        Action::Mark => annotate::mark_by_name(state, argument),
        Action::AddRecord => kind_form::by_name(state, argument),
        Action::TagRecords => records::tag(state, argument),
        Action::Retime => records::retime(state, argument),
        Action::SourceZone => zone_view::typed(state, argument),
        Action::ClockOffset => clock_view::typed(state, argument),
        Action::PinUrl => super::outside::pin_url(state, argument),
        Action::FilterNotes => Ok(records::filter(state, argument)),
        Action::Ghost | Action::GhostWindow => panel_typed::ghost(state, argument),
        Action::Limit => panel_typed::limit(state, argument),
        Action::Overlaid => panel_form::split(state, PanelShape::Overlaid, argument),
        Action::Stacked => panel_form::split(state, PanelShape::Stacked, argument),
        Action::Multiples => panel_form::split(state, PanelShape::Multiples, argument),
        Action::Tour => crate::app::tour::run_typed(state, argument),
        Action::Title => Ok(forms::change_case(state, |meta| argument.clone_into(&mut meta.title))),
        Action::NextTheme | Action::Mouse | Action::PlainText => {
            looks::run(state, action, Some(argument));
            Ok(Vec::new())
        }
        Action::Severity => Ok(forms::change_case(state, |meta| meta.severity = Some(argument.to_owned()))),
        Action::Note => Ok(annotate::add_note(state, navigate::span(state), argument)),
        Action::PanelPicker => Ok(pick::add_formula(state, argument)),
        Action::PlayMacro => play::counted(state, argument),
        Action::Macro => play::named(state, argument),
        Action::PressKeys => play::keys(state, argument),
        _ => return None,
    })
}

/// Opens a line to type.
pub(super) fn prompt(state: &mut State, kind: PromptKind) {
    // In the pattern pane the pattern is meant; it can be typed over.
    let pattern = match state.side.item_selected() {
        Some(SideItem::Pattern(id)) if state.focus == Focus::Side && kind.is_filter() => format!("pattern:{id} "),
        _ => String::new(),
    };
    state.overlays.push(Overlay::Prompt(Prompt::new(kind, &pattern)));
    if kind.is_filter() {
        filter::refresh(state);
    }
}

/// Focuses a pane; a pane zoom follows the focus.
pub(super) fn focus(state: &mut State, focus: Focus) {
    state.focus = focus;
    if focus != Focus::Side {
        state.subject = focus;
    }
    if state.zoomed.is_some() {
        state.zoomed = zoom_of(focus);
    }
}

const fn zoom_of(focus: Focus) -> Option<Zoomed> {
    match focus {
        Focus::Changes => None,
        Focus::Panels => Some(Zoomed::Panels),
        Focus::List => Some(Zoomed::List),
        Focus::Side => Some(Zoomed::Side),
    }
}

fn step_pane(state: &mut State, panes: isize) {
    let order = [Focus::Changes, Focus::Panels, Focus::List, Focus::Side];
    let at = order.iter().position(|pane| *pane == state.focus).unwrap_or(0) as isize;
    focus(state, order[(at + panes).rem_euclid(4) as usize]);
}

pub(super) fn show_tab(state: &mut State, tab: Tab) {
    state.side.tab = tab;
    focus(state, Focus::Side);
}

fn zoom_pane(state: &mut State) {
    state.zoomed = if state.zoomed.is_some() { None } else { zoom_of(state.focus) };
    if state.zoomed.is_none() && state.focus == Focus::Changes {
        state.say("the changes lane has one line only");
    }
}

/// Esc with nothing open above the panes: exactly one layer.
fn close(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    let is_stopped = find::stop(state, &mut effects) || compare_view::stop(state, &mut effects) || facet_view::stop(state, &mut effects);
    if is_stopped || replay::end(state) {
        return effects;
    }
    if state.zoomed.is_some() {
        state.zoomed = None;
    } else if state.timeline.anchor.is_some() {
        (state.timeline.anchor, state.list.anchor) = (None, None);
    } else if state.list.find.is_some() {
        find::drop_find(state);
    } else if !crate::app::tour::leave(state) && state.notice.take().is_none() {
        state.say("nothing to close: q leaves");
    }
    effects
}

/// `&` and `!`: the selected value of the side pane at once, else what is typed.
fn filter_by_selected(state: &mut State, kind: PromptKind) -> Vec<Effect> {
    let is_negated = if kind == PromptKind::FilterOut { IsNegated::Yes } else { IsNegated::No };
    match state.side.item_selected() {
        Some(SideItem::Value(choice)) if state.focus == Focus::Side => filter::by_value(state, choice.expr.clone(), is_negated),
        _ => {
            prompt(state, kind);
            Vec::new()
        }
    }
}

/// Enter: the selected range first, else what the focused pane has selected.
fn open(state: &mut State) -> Vec<Effect> {
    if state.timeline.selection().is_some() {
        navigate::fit_selection(state);
        return Vec::new();
    }
    match state.focus {
        Focus::Side => return open_in_side(state),
        _ => state.side.tab = Tab::Detail,
    }
    if state.layout.side.width == 0 && state.focus != Focus::Side {
        focus(state, Focus::Side);
    }
    Vec::new()
}

/// Enter in the side pane.
fn open_in_side(state: &mut State) -> Vec<Effect> {
    match state.side.item_selected().cloned() {
        Some(SideItem::Pattern(id)) => return pattern_view::open(state, id),
        Some(SideItem::Difference(found)) => return compare_view::open(state, found),
        Some(SideItem::Event(id)) => trace_view::open(state, id),
        Some(SideItem::Value(choice)) => return filter::by_value(state, choice.expr, IsNegated::No),
        Some(SideItem::Fold(fold)) => {
            if !state.side.open.remove(&fold) {
                state.side.open.insert(fold);
                // What comes into sight comes below: there must be room for it.
                state.side.make_room_below(usize::from(state.layout.side.height));
            }
            state.side.made_for = None;
        }
        _ => {
            let at = state.side.annotation().and_then(|id| state.session.doc.annotations.get(id)).and_then(crate::model::Annotation::at);
            match at {
                Some(at) if at == state.timeline.cursor => state.say("the cursor is there already"),
                Some(at) => state.jump_to(at),
                None if state.side.tab == Tab::Compare && state.jobs.is_waiting(Slot::Compare) => state.say("still comparing"),
                None => state.say("nothing here lies on the timeline"),
            }
        }
    }
    Vec::new()
}

fn move_item(state: &mut State, rows: isize) -> Vec<Effect> {
    match state.focus {
        Focus::Panels => panel_edit::shift_selected(state, rows),
        Focus::Side if state.side.tab == Tab::Chain => chain::shift(state, rows),
        _ => {
            state.say("only panels and causal steps have an order of their own");
            Vec::new()
        }
    }
}

/// Takes the last step back, or makes it again.
pub(super) fn undo(state: &mut State, way: Way) -> Vec<Effect> {
    let done = if way == Way::Back { state.session.undo() } else { state.session.redo() };
    let word = if way == Way::Back { "undone" } else { "redone" };
    if let Some(Undone { name, effects, shown }) = done {
        if let Some(shown) = shown {
            state.show_again(shown);
        }
        super::panel_edit::case_changed(state);
        state.say(format!("{word}: {name}"));
        effects
    } else {
        state.say(if way == Way::Back { "nothing to undo" } else { "nothing to redo" });
        Vec::new()
    }
}

/// Leaves; asks only when something would be lost.
pub(super) fn quit(state: &mut State) -> Vec<Effect> {
    if let Some(why) = state.session.unsaved_reason() {
        let question = format!("not saved: {why}. Leave anyway?");
        state.overlays.push(Overlay::Confirm(Confirm { question, purpose: ConfirmPurpose::QuitUnsaved }));
        return Vec::new();
    }
    let mut effects = state.session.write();
    effects.push(Effect::Quit);
    effects
}
