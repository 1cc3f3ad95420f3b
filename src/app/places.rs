//! Where things stand that are drawn above and between the panes: frames, lines of pickers, filters, tabs.
//!
//! Not drawing: places in cells, from the state alone, so that what the pointer hits is what `ui` draws there.

use unicode_width::UnicodeWidthStr;

use super::form::{FieldKind, Form};
use super::help;
use super::layout::{Area, Layout};
use super::overlay::{Help, Picker};
use super::side::Tab;
use super::state::State;
use crate::model::case::title_of;

/// Widest frame.
const FRAME: u16 = 100;
/// Columns that the heading of the list keeps when the tabs stand on its right.
const HEADING: u16 = 44;
/// The same when conditions or a find stand in it.
const BUSY_HEADING: u16 = 60;

/// The frame of a layer with room for so many rows, border included. It lies at the bottom, so that lanes and panels stay
/// in sight where the screen is high enough.
pub(crate) fn frame(layout: &Layout, rows: u16) -> Area {
    let width = layout.size.0.min(FRAME);
    let height = (rows + 2).min(layout.hints_y);
    Area { x: (layout.size.0 - width) / 2, y: layout.hints_y - height, width, height }
}

/// The room inside a frame.
pub(crate) fn inside(frame: Area) -> Area {
    Area { x: frame.x + 2, y: frame.y + 1, width: frame.width.saturating_sub(4), height: frame.height.saturating_sub(2) }
}

/// Lines of a layer that are in sight: where they stand, and which one is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) area: Area,
    pub(crate) top: usize,
}

impl Lines {
    /// So many lines from the bottom of what is open up to `y`, the selected one among them.
    fn of(area: Area, y: u16, selected: usize) -> Self {
        let height = (area.y + area.height).saturating_sub(y);
        Self { area: Area { y, height, ..area }, top: (selected + 1).saturating_sub(usize::from(height)) }
    }

    /// The line at a cell, whether there is one or not.
    pub(crate) fn at(&self, column: u16, row: u16) -> Option<usize> {
        let Area { x, y, width, height } = self.area;
        // The border beside a line belongs to it.
        let is_in = (x.saturating_sub(1)..x + width + 1).contains(&column) && (y..y + height).contains(&row);
        is_in.then(|| self.top + usize::from(row - y))
    }
}

/// Rows that a picker asks for.
pub(crate) fn picker_rows(layout: &Layout, picker: &Picker) -> u16 {
    (picker.items.len() as u16).saturating_add(2).min(layout.hints_y * 3 / 5).max(6)
}

/// The lines of a picker, below what is typed.
pub(crate) fn picker_lines(layout: &Layout, picker: &Picker) -> Lines {
    let area = inside(frame(layout, picker_rows(layout, picker)));
    Lines::of(area, area.y + 1, picker.selected)
}

/// What the keys do in the list of filters, folded to its frame.
pub(crate) fn filter_words(state: &State) -> Vec<String> {
    let least = state.list.filter.min_level;
    let level = least.map_or_else(|| "all levels".to_owned(), |level| format!("level {} and worse", level.name()));
    let keys: &[&str] = if state.list.chips.is_empty() {
        &["→ keeps only worse ones", "& keeps events with a text, a field or a service", "E types a whole filter"]
    } else {
        &[
            "←→ weaker, stronger",
            "Space switches off or on",
            "Enter edits",
            "! keeps the others",
            "d removes",
            "& adds",
            "E edits all as one text",
            "u undoes",
        ]
    };
    let room = usize::from(inside(frame(&state.layout, 1)).width);
    let mut lines = vec![level];
    for part in keys {
        match lines.last_mut() {
            Some(line) if line.width() + 3 + part.width() <= room => *line = format!("{line}   {part}"),
            _ => lines.extend(super::side::wrap(part, room.max(8))),
        }
    }
    lines
}

/// Rows that the list of filters asks for, and its lines below the words about the keys.
pub(crate) fn filter_lines(state: &State, selected: usize) -> (u16, Lines) {
    let (n_words, n_chips) = (filter_words(state).len() as u16, state.list.chips.len().max(1) as u16);
    let rows = n_chips + n_words;
    let area = inside(frame(&state.layout, rows));
    // On a low screen the words give way, not the filters.
    let n_words = n_words.min(area.height.saturating_sub(n_chips.min(2)));
    (rows, Lines::of(area, area.y + n_words, selected))
}

/// Rows that help asks for, and its lines.
pub(crate) fn help_lines(state: &State, open: &Help) -> (u16, Lines) {
    let rows = state.layout.hints_y.saturating_sub(2);
    let area = inside(frame(&state.layout, rows));
    let room = usize::from(area.height.saturating_sub(1));
    let top = open.scroll.min(help::lines(state, open).len().saturating_sub(room));
    (rows, Lines { top, ..Lines::of(area, area.y + 1, 0) })
}

/// A name between the panes, from its first column on; `…` (no tab) stands for those left out at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TabName {
    pub(crate) x: u16,
    pub(crate) tab: Option<Tab>,
    pub(crate) name: String,
}

/// The tabs of the side pane as they stand above it, or right of the heading of the list.
pub(crate) fn tabs(state: &State) -> Vec<TabName> {
    let layout = &state.layout;
    let is_beside = layout.side.width > 0;
    let is_busy = !state.list.chips.is_empty() || state.list.find.is_some();
    let heading = if is_busy { BUSY_HEADING } else { HEADING };
    let room = if is_beside { layout.size.0 - layout.side.x } else { layout.size.0.saturating_sub(heading) };
    let shown = tabs_that_fit(state.side.tab, usize::from(room));
    let needed: usize = shown.iter().map(|(_, name)| name.width() + 1).sum::<usize>() + 1;
    let mut x = if is_beside { layout.side.x } else { layout.size.0.saturating_sub(needed as u16) };
    // The mark of the focus has a column of its own where no list is beside.
    x += u16::from(is_beside && layout.side.x == 0 && state.focus == super::state::Focus::Side);
    let mut names = Vec::new();
    for (tab, name) in shown {
        let next = x + name.width() as u16 + 1;
        names.push(TabName { x, tab, name });
        x = next;
    }
    names
}

/// The names of the tabs, as many around the open one as fit.
fn tabs_that_fit(open: Tab, room: usize) -> Vec<(Option<Tab>, String)> {
    let name = |tab: &Tab| (Some(*tab), format!(" {} ", tab.name()));
    let width = |names: &[(Option<Tab>, String)]| names.iter().map(|(_, name)| name.width() + 1).sum::<usize>();
    let more = || (None, "…".to_owned());
    let open = Tab::ALL.iter().position(|tab| *tab == open).unwrap_or(0);
    for first in 0..=open {
        for end in (open + 1..=Tab::ALL.len()).rev() {
            let mut names: Vec<_> = (first > 0).then(more).into_iter().collect();
            names.extend(Tab::ALL[first..end].iter().map(name));
            names.extend((end < Tab::ALL.len()).then(more));
            if width(&names) <= room + 1 {
                return names;
            }
        }
    }
    Vec::new()
}

/// A question and, below it, the row of its answers.
pub(crate) fn question(state: &State, words: &str) -> (Vec<String>, Area) {
    let room = usize::from(state.layout.size.0.saturating_sub(8)).min(94);
    let lines = super::side::wrap(&crate::model::text::printable(words), room);
    let area = inside(frame(&state.layout, lines.len() as u16 + 1));
    let y = area.y + lines.len() as u16;
    (lines, Area { y, height: 1, ..area })
}

/// Columns of `y yes` in the row of answers, and where `n no` stands.
pub(crate) const ANSWERS: [std::ops::Range<u16>; 2] = [0..5, 8..12];

/// Lines of a list in a form that stay in sight without the focus, as they are.
pub(crate) const SHORT_LIST: usize = 4;

/// A field of a form in its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldPlace {
    pub(crate) index: usize,
    pub(crate) y: u16,
    pub(crate) height: u16,
}

/// Columns of the names of fields, with the blank behind them.
pub(crate) fn name_columns(form: &Form) -> u16 {
    let longest = form.fields.iter().map(|field| title_of(field.label).width()).max().unwrap_or_default();
    longest.clamp(10, 16) as u16 + 1
}

/// Rows that a form asks for, and its fields that are in sight. On a low screen those above the focus give way.
pub(crate) fn form_fields(layout: &Layout, form: &Form) -> (u16, Vec<FieldPlace>) {
    let heights: Vec<usize> = (0..form.fields.len()).map(|index| rows_of(form, index)).collect();
    let rows = heights.iter().sum::<usize>() as u16;
    let area = inside(frame(layout, rows));
    let mut excess = heights.iter().take(form.focus + 1).sum::<usize>().saturating_sub(usize::from(area.height));
    let mut first = 0;
    while excess > 0 && first < form.focus {
        excess = excess.saturating_sub(heights[first]);
        first += 1;
    }
    let (mut y, end) = (area.y, area.y + area.height);
    let mut places = Vec::new();
    for (index, height) in heights.iter().enumerate().skip(first) {
        let height = (*height as u16).min(end.saturating_sub(y));
        if height > 0 {
            places.push(FieldPlace { index, y, height });
        }
        y += height;
    }
    (rows, places)
}

/// Rows that a field takes: a text grows with its lines, a long list shows only what is chosen until it has the focus.
fn rows_of(form: &Form, index: usize) -> usize {
    match &form.fields[index].kind {
        FieldKind::Picks { lines, .. } if index != form.focus && lines.len() > SHORT_LIST => {
            lines.iter().filter(|line| line.is_chosen).count().clamp(1, SHORT_LIST)
        }
        FieldKind::Picks { lines, .. } => lines.len().clamp(1, 8),
        FieldKind::Lines(lines) => (lines.lines().len() + 1).clamp(2, 6),
        FieldKind::Text(_) | FieldKind::Choice { .. } => 1,
    }
}

/// Where the options of a choice stand from its first column on; none where only the chosen one has room.
pub(crate) fn options(options: &[&str], width: u16) -> Vec<std::ops::Range<u16>> {
    let mut end = 0;
    let mut places = Vec::new();
    for option in options {
        let start = end;
        // Brackets or blanks stand around it.
        end += option.width() as u16 + 2;
        places.push(start..end);
    }
    if end > width { Vec::new() } else { places }
}
