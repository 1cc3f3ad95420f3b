//! The lanes above the panels, and the cursor and the selected range across all of them.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::paint;
use super::spark;
use super::theme::Theme;
use crate::app::State;
use crate::app::jobs::Slot;
use crate::app::lanes::{LevelCounts, NoteCell, NoteSort, PhaseKind};
use crate::app::layout::Lane;
use crate::app::state::Focus;
use crate::model::Level;

const WARN: usize = Level::Warn as usize;
const ERROR: usize = Level::Error as usize;

/// Draws all that have a row.
pub(super) fn draw(state: &State, theme: &Theme, buffer: &mut Buffer) {
    for (lane, y, height) in &state.layout.lanes {
        match lane {
            Lane::Overview => overview(state, *y, theme, buffer),
            Lane::Ruler => ruler(state, *y, theme, buffer),
            Lane::Phases => phases(state, *y, theme, buffer),
            Lane::Events => events(state, *y, *height, theme, buffer),
            Lane::Hits => super::hits::draw(state, *y, theme, buffer),
            Lane::Changes => changes(state, *y, theme, buffer),
            Lane::Alerts => alerts(state, *y, theme, buffer),
            Lane::Notes => notes(state, *y, theme, buffer),
        }
    }
}

pub(super) fn label(state: &State, y: u16, words: &str, theme: &Theme, buffer: &mut Buffer) {
    paint::put(buffer, 1, y, state.layout.label_width - 2, words, theme.dim);
}

pub(super) fn value(state: &State, y: u16, words: &str, style: Style, theme: &Theme, buffer: &mut Buffer) {
    let layout = &state.layout;
    let gap = if is_narrow(state) { 1 } else { 2 };
    paint::put(
        buffer,
        layout.label_width + layout.lanes_width + gap,
        y,
        layout.value_width.saturating_sub(gap),
        &theme.signs(words),
        style,
    );
}

/// Words for the value column must be very short.
fn is_narrow(state: &State) -> bool {
    state.layout.value_width < 12
}

/// A count that leaves room for its word in a narrow column.
fn count_words(state: &State, n: u64) -> String {
    if is_narrow(state) && n >= 1_000 { format!("{}k", n / 1_000) } else { paint::compact(n) }
}

fn total(counts: &LevelCounts) -> u64 {
    counts.iter().sum()
}

fn overview(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    label(state, y, "overview", theme, buffer);
    let x = state.layout.label_width;
    let expected = &state.lanes.overview_expected;
    let n_columns = usize::from(state.layout.lanes_width).min(state.lanes.overview.len().max(expected.len()));
    let counted = |column: usize| state.lanes.overview.get(column).copied().unwrap_or_default();
    let with_expected = |column: usize| total(&counted(column)) + expected.get(column).copied().unwrap_or(0);
    let greatest = (0..n_columns).map(with_expected).max().unwrap_or(0);
    let window = state.lanes.overview_window;
    let is_inside = |column: usize| window.is_some_and(|(from, to)| (from..=to).contains(&column));
    let cells = (0..n_columns).map(|column| {
        let counts = counted(column);
        let is_guessed = with_expected(column) > 2 * total(&counts);
        let style = if !is_inside(column) || is_guessed {
            theme.faint
        } else if counts[ERROR..].iter().any(|count| *count > 0) {
            theme.error
        } else {
            theme.band
        };
        (with_expected(column), style)
    });
    spark::counts(buffer, theme, (x, y), cells, greatest);
    let is_whole = state.timeline.extent == Some(state.timeline.visible);
    if let (Some((from, to)), false) = (window, is_whole) {
        paint::tint(buffer, x + from as u16, y, (to - from + 1) as u16, theme.range);
        let left = if from > 0 { x + from as u16 - 1 } else { x };
        paint::cell(buffer, left, y, '[', theme.key);
        paint::cell(buffer, (x + to as u16 + 1).min(x + state.layout.lanes_width - 1), y, ']', theme.key);
    }
    if let Some(column) = state.lanes.overview_t0 {
        paint::cell(buffer, x + column as u16, y, theme.sign('┃'), theme.time);
    }
    if let Some(column) = state.lanes.overview_cursor {
        paint::tint(buffer, x + column as u16, y, 1, theme.cursor);
    }
    let share = match state.timeline.extent {
        Some(extent) if !is_whole => format!("{} % shown", (state.timeline.visible.len_ns() / (extent.len_ns() / 100).max(1)).clamp(1, 99)),
        Some(_) => "all shown".into(),
        None => String::new(),
    };
    value(state, y, &share, theme.dim, theme, buffer);
}

fn ruler(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    let x = state.layout.label_width;
    let end = x + state.layout.lanes_width;
    for (column, words) in &state.lanes.ruler {
        let at = x + *column as u16;
        if at + words.width() as u16 <= end {
            paint::put(buffer, at, y, end - at, &theme.signs(words), theme.time);
        }
    }
    if state.timeline.extent.is_none() {
        let words = if state.catalog.is_complete { "nothing with a time here: 7 shows the sources" } else { "" };
        // Nothing is drawn to the right of it either.
        paint::put(buffer, x, y, state.layout.size.0.saturating_sub(x), words, theme.dim);
    }
}

fn phases(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    label(state, y, "phases", theme, buffer);
    let x = state.layout.label_width;
    for (kind, span) in &state.lanes.phases {
        let (sign, style) = match kind {
            PhaseKind::Baseline | PhaseKind::After => ('░', theme.baseline),
            PhaseKind::Incubation | PhaseKind::SinceT0 => ('▒', theme.incubation),
            PhaseKind::Impact => ('▓', theme.impact),
            PhaseKind::Recovery => ('▒', theme.recovery),
        };
        let width = (span.to - span.from + 1) as u16;
        paint::fill(buffer, x + span.from as u16, y, width, theme.sign(sign), style);
        let words = format!(" {} ", span.label);
        let before = if usize::from(width) > words.width() + 2 { 2 } else { 0 };
        if usize::from(width) >= words.width() {
            paint::put(buffer, x + span.from as u16 + before, y, width - before, &words, style.patch(theme.strong));
        }
    }
    if state.lanes.phases.is_empty() && state.timeline.extent.is_some() {
        paint::put(buffer, x, y, state.layout.lanes_width, "m marks trigger, impact start, mitigated", theme.dim);
    }
    let here = state.timeline.cursor;
    let now = state.lanes.all_phases.iter().find(|phase| phase.range.contains(here));
    value(state, y, now.map_or("", |phase| phase.kind.name()), theme.dim, theme, buffer);
}

fn events(state: &State, y: u16, height: u16, theme: &Theme, buffer: &mut Buffer) {
    let dimmed = |style: Style| if state.lanes.is_events_stale { theme.faint } else { style };
    let worst = |counts: &LevelCounts| {
        if counts[ERROR..].iter().any(|count| *count > 0) {
            theme.error
        } else if counts[WARN] > 0 {
            theme.warn
        } else {
            theme.band
        }
    };
    let errors = |counts: &LevelCounts| counts[ERROR..].iter().sum::<u64>();
    let is_guessed = state.lanes.expected.iter().any(|n| *n > 0);
    label(state, y, if is_guessed { "~events, reading" } else { "events" }, theme, buffer);
    if state.catalog.n_events == 0 && !is_guessed {
        let words = if state.catalog.is_complete { "no log events in these sources" } else { "" };
        paint::put(buffer, state.layout.label_width, y, state.layout.lanes_width, words, theme.dim);
        return;
    }
    if let Some(why) = state.jobs.error(Slot::Events) {
        paint::put(
            buffer,
            state.layout.label_width,
            y,
            state.layout.lanes_width,
            &format!("no answer: {why}; zoom asks again"),
            theme.error,
        );
        return;
    }
    // What is still to be read is added where all events are counted, and faint where it is more than what was read.
    let all = |buffer: &mut Buffer, y: u16, style: &dyn Fn(&LevelCounts) -> Style| {
        let cells = state.lanes.events.iter().enumerate().map(|(column, cell)| {
            let (n, guessed) = (cell.as_ref().map_or(0, total), state.lanes.expected.get(column).copied().unwrap_or(0));
            (n + guessed, if guessed > n { theme.faint } else { cell.as_ref().map_or(theme.faint, |cell| dimmed(style(cell))) })
        });
        let cells: Vec<(u64, Style)> = cells.collect();
        let greatest = cells.iter().map(|cell| cell.0).max().unwrap_or(0);
        spark::counts(buffer, theme, (state.layout.label_width, y), cells.into_iter(), greatest);
    };
    let row = |buffer: &mut Buffer, y: u16, count: &dyn Fn(&LevelCounts) -> u64, style: &dyn Fn(&LevelCounts) -> Style| {
        let cells =
            state.lanes.events.iter().map(|cell| cell.as_ref().map_or((0, Style::new()), |cell| (count(cell), dimmed(style(cell)))));
        let greatest = state.lanes.events.iter().flatten().map(count).max().unwrap_or(0);
        spark::counts(buffer, theme, (state.layout.label_width, y), cells, greatest);
    };
    if height == 1 {
        all(buffer, y, &worst);
    } else {
        all(buffer, y, &|_| theme.band);
        if height == 3 {
            label(state, y + 1, "  warn", theme, buffer);
            row(buffer, y + 1, &|counts| counts[WARN], &|_| theme.warn);
        }
        label(state, y + height - 1, "  error", theme, buffer);
        row(buffer, y + height - 1, &errors, &|_| theme.error);
    }
    let here = state.timeline.cursor_column().and_then(|column| state.lanes.events.get(column).copied().flatten());
    let Some(here) = here else { return };
    let words = if is_narrow(state) {
        vec![if errors(&here) > 0 { (errors(&here), "err") } else { (here[WARN], "warn") }]
    } else {
        vec![(errors(&here), if state.layout.value_width < 20 { "err" } else { "error" }), (here[WARN], "warn")]
    };
    let mut bad: Vec<String> =
        words.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", count_words(state, *count))).collect();
    // Errors are told whole before warnings are told in part.
    let room = usize::from(state.layout.value_width.saturating_sub(2));
    while bad.len() > 1 && bad.join("  ").width() > room {
        bad.pop();
    }
    if height == 1 {
        let words = if bad.is_empty() { paint::compact(total(&here)) } else { bad.join("  ") };
        value(state, y, &words, if errors(&here) > 0 { theme.error } else { theme.dim }, theme, buffer);
    } else {
        value(state, y, &paint::compact(total(&here)), theme.dim, theme, buffer);
        if height == 3 && here[WARN] > 0 {
            value(state, y + 1, &paint::compact(here[WARN]), theme.warn, theme, buffer);
        }
        let last = if height == 3 { if errors(&here) > 0 { paint::compact(errors(&here)) } else { String::new() } } else { bad.join("  ") };
        value(state, y + height - 1, &last, if errors(&here) > 0 { theme.error } else { theme.warn }, theme, buffer);
    }
}

fn changes(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    let has_focus = state.focus == Focus::Changes;
    label(state, y, "changes", theme, buffer);
    if has_focus {
        paint::cell(buffer, 0, y, theme.sign('▌'), theme.key);
        paint::tint(buffer, 1, y, 8, theme.strong);
    }
    let x = state.layout.label_width;
    let end = x + state.layout.lanes_width;
    if state.layout.lane(Lane::Alerts).is_none() {
        // Without a lane of their own alerts lie behind the changes.
        alert_spans(state, y, theme, buffer);
    }
    let marks = &state.lanes.changes;
    for (index, mark) in marks.iter().enumerate() {
        let at = x + mark.column as u16;
        let next = marks.get(index + 1).map_or(end, |next| x + next.column as u16);
        paint::cell(buffer, at, y, theme.sign('▲'), theme.change);
        let room = next.saturating_sub(at + 1);
        if room >= 3 {
            let room = if next == end { room } else { room - 1 };
            paint::put(buffer, at + 1, y, room.min(16), &theme.signs(&mark.label), theme.change);
        }
    }
    let under = state.lanes.changes.iter().find(|mark| Some(mark.column) == state.timeline.cursor_column());
    if let Some(mark) = under {
        value(state, y, &format!("▲{}", mark.label), theme.change, theme, buffer);
    } else if state.layout.lane(Lane::Alerts).is_none() {
        alert_count(state, y, theme, buffer);
    }
}

fn alert_spans(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    let x = state.layout.label_width;
    // Pending below firing: the worse state is what is seen.
    for is_firing_pass in [false, true] {
        for alert in &state.lanes.alerts {
            for column in alert.span.from..=alert.span.to {
                let is_firing = alert.firing_from.is_some_and(|from| column >= from);
                if is_firing == is_firing_pass {
                    let (sign, style) = if is_firing { ('━', theme.error) } else { ('╌', theme.warn) };
                    paint::cell(buffer, x + column as u16, y, theme.sign(sign), style);
                }
            }
        }
    }
}

fn alert_count(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    let Some(column) = state.timeline.cursor_column() else { return };
    let under = || state.lanes.alerts.iter().filter(|alert| (alert.span.from..=alert.span.to).contains(&column));
    let firing = under().filter(|alert| alert.firing_from.is_some_and(|from| column >= from)).count();
    let pending = under().count() - firing;
    let names = if state.layout.value_width < 20 { ["fire", "pend"] } else { ["firing", "pending"] };
    // What fires matters more where only one of them has room.
    let pending = if is_narrow(state) && firing > 0 { 0 } else { pending };
    let words = [firing, pending].into_iter().zip(names).filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
    value(state, y, &words.collect::<Vec<_>>().join("  "), if firing > 0 { theme.error } else { theme.warn }, theme, buffer);
}

fn alerts(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    label(state, y, "alerts", theme, buffer);
    alert_spans(state, y, theme, buffer);
    let x = state.layout.label_width;
    let mut free_from = 0;
    for alert in &state.lanes.alerts {
        let width = alert.span.label.width();
        let is_inside = alert.span.to - alert.span.from > width + 1;
        if alert.span.from >= free_from && is_inside {
            let style = if alert.is_critical { theme.error } else { theme.warn };
            paint::put(buffer, x + alert.span.from as u16 + 1, y, width as u16, &theme.signs(&alert.span.label), style);
            free_from = alert.span.from + width + 3;
        }
    }
    alert_count(state, y, theme, buffer);
}

fn notes(state: &State, y: u16, theme: &Theme, buffer: &mut Buffer) {
    label(state, y, "notes", theme, buffer);
    let x = state.layout.label_width;
    let end = state.lanes.events.len();
    for column in &state.lanes.profiles {
        paint::cell(buffer, x + *column as u16, y, theme.sign('◆'), theme.profile);
    }
    // Marks of the user lie above pins; words go where the next mark leaves room.
    for pass in 0..3 {
        for note in &state.lanes.notes {
            let (rank, sign) = match note.sort {
                NoteSort::Evidence => (0, '▪'),
                NoteSort::Note(n) => (1, numbered(n)),
                NoteSort::Cause => (1, '◇'),
                NoteSort::Attempt => (1, '≈'),
                NoteSort::Marker => (2, '▼'),
            };
            if rank != pass {
                continue;
            }
            for column in note.span.from + 1..=note.span.to {
                paint::cell(buffer, x + column as u16, y, theme.sign('─'), theme.mark);
            }
            paint::cell(buffer, x + note.span.from as u16, y, theme.sign(sign), theme.mark);
        }
    }
    let rank = |note: &NoteCell| matches!(note.sort, NoteSort::Marker);
    for (index, note) in state.lanes.notes.iter().enumerate().filter(|(_, note)| !note.span.label.is_empty()) {
        // Of those in one column the marker is told, else the first.
        let is_hidden = state.lanes.notes.iter().enumerate().any(|(other, there)| {
            let is_there = there.span.from == note.span.from && !there.span.label.is_empty();
            is_there && (rank(there), index) > (rank(note), other)
        });
        if is_hidden {
            continue;
        }
        let later = state.lanes.notes.iter().map(|other| other.span.from).chain(state.lanes.profiles.iter().copied());
        let next = later.filter(|from| *from > note.span.from).min().unwrap_or(end);
        let room = next.saturating_sub(note.span.from + 1 + usize::from(next < end));
        if room >= note.span.label.width().min(6) {
            paint::put(buffer, x + note.span.from as u16 + 1, y, room as u16, &theme.signs(&note.span.label), theme.mark);
        }
    }
    let n_profiles = state.lanes.profiles.len();
    if n_profiles > 0 {
        value(state, y, &format!("◆ {n_profiles} profile{}", if n_profiles == 1 { "" } else { "s" }), theme.profile, theme, buffer);
    }
}

fn numbered(n: usize) -> char {
    u32::try_from(n).ok().filter(|n| (1..=20).contains(n)).and_then(|n| char::from_u32('①' as u32 + n - 1)).unwrap_or('◇')
}

/// The selected range and the cursor through all lanes and panels.
pub(super) fn draw_cursor(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let layout = &state.layout;
    let x = layout.label_width;
    let rows: Vec<u16> = layout
        .lanes
        .iter()
        .filter(|(lane, ..)| *lane != Lane::Overview)
        .flat_map(|(_, y, height)| *y..*y + *height)
        .chain(layout.panel_rows())
        .collect();
    if state.timeline.extent.is_none() {
        return;
    }
    let columns = state.timeline.columns;
    if let Some(range) = state.timeline.selection() {
        let visible = state.timeline.visible;
        if let Some(seen) = range.intersect(visible) {
            let from = visible.column_of(seen.start(), columns).unwrap_or(0);
            let to = visible.column_of(seen.end().plus_ns(-1), columns).unwrap_or(from);
            for y in &rows {
                paint::tint(buffer, x + from as u16, *y, (to - from + 1) as u16, theme.range);
            }
        }
    }
    let Some(column) = state.timeline.cursor_column() else { return };
    let at = x + column as u16;
    for y in rows {
        let cell = &mut buffer[(at, y)];
        if cell.symbol() == " " {
            cell.set_char(theme.sign('│'));
            cell.set_style(theme.dim);
        } else {
            cell.set_style(theme.cursor);
        }
    }
}
