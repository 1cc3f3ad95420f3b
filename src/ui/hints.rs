//! Last row: what the keys do here, a word to the user, and whether everything is saved.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::theme::Theme;
use super::{overlays, paint};
use crate::app::State;
use crate::app::actions::{self, Action, Context};
use crate::app::debt::IsNarrow;
use crate::app::keys;
use crate::app::overlay::Overlay;
use crate::app::press::KeyPress;
use crate::app::prompt::PromptKind;
use crate::app::session::{CasePlace, SaveStatus};
use crate::app::side::Tab;
use crate::app::state::{Focus, Notice};
use crate::app::works;
use crate::model::text;

/// Keys after a prefix that are told in the last row; more of them get a frame.
const MOST_HINTS: usize = 8;

/// Draws it.
pub(super) fn draw(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let y = state.layout.hints_y;
    let width = state.layout.size.0;
    let (status, status_style) = match state.session.status() {
        SaveStatus::Untouched => match &state.session.place {
            CasePlace::Saved(_) => (String::new(), theme.dim),
            CasePlace::Nowhere(_) => ("read-only".to_owned(), theme.warn),
        },
        SaveStatus::Saved => ("saved".to_owned(), theme.good),
        SaveStatus::Saving => match &state.session.place {
            CasePlace::Saved(_) => ("saving …".to_owned(), theme.dim),
            CasePlace::Nowhere(why) => (format!("not saved: {}", text::printable(why)), theme.error),
        },
        SaveStatus::Failed(why) => (format!("not saved: {}", text::printable(&why)), theme.error),
    };
    // What is not saved matters more than hints; where it does not fit, the key that tells all of it and help stay.
    let is_unsaved = status.starts_with("not saved");
    let is_cut = status.width() > usize::from(if is_unsaved { width } else { width / 2 });
    let status = if is_cut { shortened(&status, usize::from(if is_unsaved { width * 2 / 3 } else { width / 2 })) } else { status };
    let status = theme.signs(&status);
    let mut room = width.saturating_sub(status.width() as u16 + if status.is_empty() { 0 } else { 2 });
    paint::put_right(buffer, 0, y, width, &status, status_style);
    let debt = if state.has_curtain() { String::new() } else { state.debt.words(if width < 100 { IsNarrow::Yes } else { IsNarrow::No }) };
    if !debt.is_empty() && room > width / 2 {
        paint::put_right(buffer, 0, y, room, &debt, theme.warn);
        room = room.saturating_sub(debt.width() as u16 + 2);
    }
    if !state.pending.is_empty() {
        continuations(state, y, room, theme, buffer);
    } else if let Some(offer) = crate::app::tour::offer(state).filter(|_| state.notice.is_none()) {
        paint::put(buffer, 0, y, room, &theme.signs(&offer), theme.key);
    } else if let Some(notice) = state.notice.as_ref().filter(|notice| is_notice_shown(state, notice)) {
        let (sign, style) = if notice.is_bad { ("! ", theme.error) } else { ("· ", theme.good) };
        let words = format!("{sign}{}", text::printable(&notice.text));
        paint::put(buffer, 0, y, room, &theme.signs(&words), style);
    } else if let (Some(seek), Context::Main) = (&state.seek, state.context()) {
        let way = if seek.is_forward { "next" } else { "previous" };
        let share = seek.progress.map(|progress| format!("{}  Esc stops", crate::app::find::share_words(progress))).unwrap_or_default();
        let words = format!("looking for the {way} {} … {share}", text::printable(&seek.what));
        paint::put(buffer, 0, y, room, &theme.signs(&words), theme.dim);
    } else {
        keys_for(state, y, room, theme, buffer);
    }
    wrapped_notice(state, y, room, theme, buffer);
}

/// Words that do not fit take the rows above the last one, where they are not cut; those of a replay come too often for that.
fn wrapped_notice(state: &State, y: u16, room: u16, theme: &Theme, buffer: &mut Buffer) {
    let is_calm = |notice: &&Notice| notice.is_bad || !state.is_playing();
    let Some(notice) = state.notice.as_ref().filter(is_calm).filter(|notice| is_notice_shown(state, notice)) else { return };
    let (sign, style) = if notice.is_bad { ("!", theme.error) } else { ("·", theme.good) };
    let words = format!("{sign} {}", text::printable(&notice.text));
    let width = state.layout.size.0;
    if words.width() <= usize::from(room) || !state.pending.is_empty() {
        return;
    }
    let lines = crate::app::side::wrap(&words, usize::from(width));
    let first = y.saturating_sub(lines.len() as u16);
    for (row, line) in (first..y).zip(&lines) {
        paint::fill(buffer, 0, row, width, ' ', theme.overlay);
        paint::put(buffer, 0, row, width, &theme.signs(line), style.patch(theme.overlay));
    }
    paint::fill(buffer, 0, y, room, ' ', ratatui::style::Style::reset());
    keys_for(state, y, room, theme, buffer);
}

/// Cut text ends in `…`.
fn shortened(words: &str, width: usize) -> String {
    if words.width() <= width { words.to_owned() } else { format!("{}…", paint::cut(words, width.saturating_sub(1)).trim_end()) }
}

/// Above a note or form only what went wrong is told: its keys matter more than good news from before.
fn is_notice_shown(state: &State, notice: &Notice) -> bool {
    match state.context() {
        Context::Main => true,
        Context::Editing => notice.is_bad,
        // There is no prompt that could be hidden.
        Context::Typing => matches!(state.overlays.last(), Some(Overlay::Draft(_))),
        Context::Asking => false,
    }
}

/// What may follow a prefix.
fn continuations(state: &State, y: u16, room: u16, theme: &Theme, buffer: &mut Buffer) {
    let mut found: Vec<(KeyPress, Action)> = state.keymap.continuations(state.context(), &state.pending).collect();
    found.sort_by_key(|(key, action)| {
        (
            actions::ALL.iter().position(|info| info.action == *action),
            action.info().keys.iter().position(|keys| keys.ends_with(&keys::show(*key))),
        )
    });
    // Several keys of one action share a line.
    let found = found.into_iter().fold(Vec::<(String, Action)>::new(), |mut lines, (key, action)| {
        match lines.last_mut() {
            Some((keys, last)) if *last == action => *keys = format!("{keys} {}", keys::show(key)),
            _ => lines.push((keys::show(key), action)),
        }
        lines
    });
    if found.len() > MOST_HINTS {
        table(state, &found, theme, buffer);
        hint(buffer, 0, y, room, "Esc", "leave", theme);
        return;
    }
    let mut x = paint::put(buffer, 0, y, room, &format!("{} … ", keys::show_sequence(&state.pending)), theme.key);
    for (key, action) in found {
        let info = action.info();
        // Sentences of several keys do not fit a narrow screen; names do.
        let words = if room < 100 { info.name } else { info.sentence.split([':', ',']).next().unwrap_or_default() };
        x = hint(buffer, x, y, room, &key, words, theme);
    }
    hint(buffer, x, y, room, "Esc", "leave", theme);
}

/// Many keys in a frame above the last row: a line each where the screen is high enough, else two columns.
fn table(state: &State, found: &[(String, Action)], theme: &Theme, buffer: &mut Buffer) {
    let n_columns = if found.len() + 2 > usize::from(state.layout.hints_y) * 3 / 5 { 2 } else { 1 };
    let n_rows = found.len().div_ceil(n_columns);
    let title = format!("{} …", keys::show_sequence(&state.pending));
    let area = overlays::open_frame(state, n_rows as u16, &title, theme, buffer);
    let width = area.width / n_columns as u16;
    let key_width = found.iter().map(|(keys, _)| theme.signs(keys).width()).max().unwrap_or(1) as u16;
    for (index, (key, action)) in found.iter().enumerate() {
        let (x, y) = (area.x + width * (index / n_rows) as u16, area.y + (index % n_rows) as u16);
        if y >= area.y + area.height {
            continue;
        }
        paint::put(buffer, x, y, key_width, &theme.signs(key), theme.key.patch(theme.overlay));
        let words = if n_columns == 1 { action.info().sentence } else { action.info().sentence.split(':').next().unwrap_or_default() };
        paint::put(buffer, x + key_width + 2, y, width.saturating_sub(key_width + 3), &theme.signs(words), theme.text);
    }
}

fn hint(buffer: &mut Buffer, x: u16, y: u16, room: u16, key: &str, words: &str, theme: &Theme) -> u16 {
    let (key, words) = (theme.signs(key), theme.signs(words));
    let needed = (key.width() + 1 + words.width()) as u16;
    if x + needed > room {
        return x;
    }
    let used = paint::put_words(buffer, x, y, room - x, &[(&key, theme.key), (" ", theme.dim), (&words, theme.dim)]);
    x + used + 2
}

fn keys_for(state: &State, y: u16, room: u16, theme: &Theme, buffer: &mut Buffer) {
    if room < state.layout.size.0 / 2 && state.context() == Context::Main && state.session.unsaved_reason().is_some() {
        let x = hint(buffer, 0, y, room, &state.keymap.key_of(Action::FocusSources), "why", theme);
        hint(buffer, x, y, room, &state.keymap.key_of(Action::Help), "help", theme);
        return;
    }
    let mut x = recording(state, y, room, theme, buffer);
    if let (Some(range), Context::Main) = (state.timeline.selection(), state.context()) {
        let length = match range.len_ns() {
            ns @ ..1_000_000_000 => text::value(ns as f64 / 1e9, crate::model::Unit::Seconds),
            ns => text::whole_duration((ns / 1_000_000_000) as u64),
        };
        let words = format!("range {length}  ");
        x += paint::put(buffer, x, y, room.saturating_sub(x), &words, theme.strong);
    }
    // Whoever sees only a few keys needs the one that shows all most.
    let is_open = state.context() == Context::Main;
    let hints: Vec<_> = hints(state).iter().filter(|(action, _)| !is_open || works::works(state, action.info())).collect();
    let help = hints.iter().find(|hint| hint.0 == Action::Help).map(|(action, words)| (state.keymap.key_of(*action), *words));
    let kept = help.as_ref().map_or(0, |(key, words)| (key.width() + words.width() + 3) as u16);
    for (action, words) in hints.iter().copied().take_while(|hint| hint.0 != Action::Help) {
        x = hint(buffer, x, y, room.saturating_sub(kept), &state.keymap.key_of(*action), words, theme);
    }
    if let Some((key, words)) = help {
        x = hint(buffer, x, y, room, &key, words, theme);
    }
    for (action, words) in hints.iter().copied().skip_while(|hint| hint.0 != Action::Help).skip(1) {
        x = hint(buffer, x, y, room, &state.keymap.key_of(*action), words, theme);
    }
}

/// A macro that is being recorded is told all the while: keys are kept.
fn recording(state: &State, y: u16, room: u16, theme: &Theme, buffer: &mut Buffer) -> u16 {
    let Some(n) = state.macros.n_recorded() else { return 0 };
    let words = format!("recording {n}: {} ends  ", state.keymap.key_of(Action::RecordMacro));
    paint::put(buffer, 0, y, room, &theme.signs(&words), theme.warn)
}

/// All was read, nothing has a time, and it is not the sources that are looked at, which say why.
fn has_nothing(state: &State) -> bool {
    let is_in_sources = state.focus == Focus::Side && state.side.tab == Tab::Sources;
    state.is_read() && state.timeline.extent.is_none() && !is_in_sources
}

fn hints(state: &State) -> &'static [(Action, &'static str)] {
    use Action as A;
    match state.overlays.last() {
        Some(Overlay::Editor(_)) => &[(A::SaveText, "save"), (A::ExternalEditor, "$EDITOR"), (A::Dismiss, "cancel")],
        Some(Overlay::Form(_)) => {
            &[(A::SaveText, "save"), (A::NextField, "next field"), (A::ExternalEditor, "$EDITOR"), (A::Dismiss, "cancel")]
        }
        Some(Overlay::Confirm(_)) => &[(A::Yes, "yes"), (A::No, "no")],
        Some(Overlay::Filters(_)) if state.list.chips.is_empty() => {
            &[(A::Raise, "only worse"), (A::FilterIn, "add"), (A::Dismiss, "close")]
        }
        Some(Overlay::Filters(_)) => &[
            (A::Accept, "edit"),
            (A::Toggle, "off/on"),
            (A::Raise, "stronger level"),
            (A::Lower, "weaker level"),
            (A::Delete, "remove"),
            (A::Dismiss, "close"),
        ],
        Some(Overlay::Picker(picker)) if picker.chosen.is_some() => &[(A::Toggle, "choose"), (A::Accept, "take"), (A::Dismiss, "close")],
        Some(Overlay::Help(_)) => &[(A::ListDown, "scroll"), (A::Toggle, "all or here"), (A::Dismiss, "close")],
        Some(Overlay::Prompt(prompt)) if prompt.kind == PromptKind::Command => {
            &[(A::Accept, "run"), (A::Toggle, "go on"), (A::ListUp, "earlier"), (A::Dismiss, "close")]
        }
        Some(Overlay::Draft(_)) => {
            &[(A::Accept, "write"), (A::ListDown, "down"), (A::Toggle, "next section"), (A::Find, "find"), (A::Dismiss, "close")]
        }
        Some(_) => &[(A::Accept, "take"), (A::ListDown, "next"), (A::Dismiss, "close")],
        None if state.timeline.anchor.is_some() => &[
            (A::CursorRight, "widen"),
            (A::Open, "zoom"),
            (A::SwapEnd, "other end"),
            (A::Note, "note"),
            (A::Pin, "pin"),
            (A::Close, "drop"),
        ],
        None if state.has_curtain() => &[
            (A::Play, "play or pause"),
            (A::Faster, "faster"),
            (A::CursorRight, "scrub"),
            (A::Known, "write down"),
            (A::Curtain, "open"),
            (A::Close, "end"),
            (A::Help, "help"),
        ],
        None if has_nothing(state) => &[(A::FocusSources, "sources"), (A::Palette, "palette"), (A::Help, "help"), (A::Quit, "quit")],
        None => match state.focus {
            Focus::Panels => &[
                (A::CursorRight, "move"),
                (A::ZoomIn, "zoom"),
                (A::SelectRange, "range"),
                (A::Find, "find"),
                (A::NextError, "error"),
                (A::NextChange, "change"),
                (A::Mark, "mark"),
                (A::Note, "note"),
                (A::Pin, "pin"),
                (A::Cause, "cause"),
                (A::PanelPicker, "panels"),
                (A::Export, "export"),
                (A::Palette, "palette"),
                (A::Help, "help"),
                (A::Quit, "quit"),
            ],
            Focus::List => &[
                (A::Down, "event"),
                (A::Find, "find"),
                (A::FilterIn, "filter"),
                (A::NextError, "error"),
                (A::NextTrace, "trace"),
                (A::Open, "detail"),
                (A::Pin, "pin"),
                (A::Note, "note"),
                (A::Copy, "copy"),
                (A::ChooseColumns, "columns"),
                (A::Wrap, "wrap"),
                (A::FocusFacets, "facets"),
                (A::Palette, "palette"),
                (A::Help, "help"),
            ],
            Focus::Side => match state.side.tab {
                Tab::Chain => &[
                    (A::Down, "next"),
                    (A::Open, "go to"),
                    (A::Edit, "change"),
                    (A::Delete, "remove"),
                    (A::MoveUp, "up"),
                    (A::MoveDown, "down"),
                    (A::Cause, "cause"),
                    (A::Attempt, "tried"),
                    (A::ZoomPane, "large"),
                    (A::Help, "help"),
                ],
                Tab::Notes => &[
                    (A::Down, "next"),
                    (A::Open, "go to"),
                    (A::Edit, "change"),
                    (A::Delete, "remove"),
                    (A::Copy, "copy"),
                    (A::ActionItem, "action item"),
                    (A::ZoomPane, "large"),
                    (A::Help, "help"),
                ],
                Tab::Detail => &[
                    (A::Down, "next"),
                    (A::Open, "only this"),
                    (A::FilterOut, "leave out"),
                    (A::Copy, "copy"),
                    (A::OpenSource, "source"),
                    (A::Pin, "pin"),
                    (A::ZoomPane, "large"),
                    (A::Help, "help"),
                ],
                Tab::Facets => &[
                    (A::Down, "next"),
                    (A::Open, "only this"),
                    (A::FilterOut, "leave out"),
                    (A::Undo, "undo"),
                    (A::Copy, "copy"),
                    (A::ZoomPane, "large"),
                    (A::Help, "help"),
                ],
                Tab::Compare => &[
                    (A::Down, "next"),
                    (A::Open, "evidence"),
                    (A::Reorder, "order"),
                    (A::Pin, "pin"),
                    (A::Compare, "again"),
                    (A::Undo, "undo"),
                    (A::ZoomPane, "large"),
                    (A::Help, "help"),
                ],
                Tab::Patterns => &[
                    (A::Down, "next"),
                    (A::Open, "only this"),
                    (A::Reorder, "order"),
                    (A::FilterOut, "leave out"),
                    (A::Pin, "pin first"),
                    (A::Copy, "copy"),
                    (A::ZoomPane, "large"),
                    (A::Help, "help"),
                ],
                Tab::Trace => &[
                    (A::Down, "next"),
                    (A::Open, "go to"),
                    (A::Pin, "pin"),
                    (A::Copy, "copy"),
                    (A::ZoomPane, "large"),
                    (A::NextPane, "pane"),
                    (A::Help, "help"),
                ],
                Tab::Sources => &[
                    (A::Down, "next"),
                    (A::SourceZone, "zone"),
                    (A::ClockOffset, "clock"),
                    (A::Copy, "copy"),
                    (A::ZoomPane, "large"),
                    (A::NextPane, "pane"),
                    (A::Help, "help"),
                ],
            },
            Focus::Changes => &[
                (A::NextChange, "next"),
                (A::PrevChange, "previous"),
                (A::Down, "with profiles"),
                (A::Pin, "pin"),
                (A::SetT0, "set T+0"),
                (A::Mark, "mark"),
                (A::Open, "detail"),
                (A::Help, "help"),
            ],
        },
    }
}
