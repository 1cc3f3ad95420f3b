//! The panels: label, columns, and the numbers at the cursor.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::braille::Dots;
use super::paint;
use super::spark::Spark;
use super::theme::{Symbols, Theme};
use super::trust::{self, Lens};
use super::{heat, several};
use crate::app::State;
use crate::app::jobs::Slot;
use crate::app::layout::Area;
use crate::app::panels::Panel;
use crate::app::scale::Scale;
use crate::app::state::Focus;
use crate::model::case::PanelShape;

/// Draws those that have room.
pub(super) fn draw(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let layout = &state.layout;
    if state.panels.all.is_empty() {
        if layout.heading_y > layout.panels_y {
            let lines = crate::app::side::wrap(empty_words(state), usize::from(layout.size.0.saturating_sub(2)));
            for (y, line) in (layout.panels_y..layout.heading_y).zip(&lines) {
                paint::put(buffer, 1, y, layout.size.0 - 1, &theme.signs(line), theme.dim);
            }
        }
        return;
    }
    for (index, y, height) in &layout.panels {
        let Some(panel) = state.panels.all.get(*index) else { break };
        let area = Area { x: layout.label_width, y: *y, width: layout.lanes_width, height: *height };
        draw_label(state, (panel, *index), area, theme, buffer);
        match (panel.shape(), &panel.behind) {
            (Some(PanelShape::Heat), Some(behind)) => heat::draw(state, (panel, behind), area, theme, buffer),
            (Some(shape), _) => several::draw(state, (panel, shape), area, theme, buffer),
            (None, _) => {
                draw_columns(state, panel, area, theme, buffer);
                draw_values(state, panel, area, theme, buffer);
            }
        }
    }
}

fn empty_words(state: &State) -> &'static str {
    if !state.has_catalog {
        "panels appear when the first series is read"
    } else if state.catalog.series.is_empty() {
        if state.catalog.is_complete {
            "no metric series here: add Prometheus JSON, an exposition dump or CSV to the folder and open it again"
        } else {
            "no metric series so far, reading goes on"
        }
    } else if state.jobs.error(Slot::Panels).is_some() {
        "the panels could not be chosen: P picks series by name"
    } else if state.panels.is_chosen {
        "no goroutines, P99 or error rate among the series: P picks others by name"
    } else {
        "choosing the most telling series …"
    }
}

fn draw_label(state: &State, (panel, index): (&Panel, usize), area: Area, theme: &Theme, buffer: &mut Buffer) {
    let (y, height) = (area.y, area.height);
    let layout = &state.layout;
    let is_selected = index == state.panels.selected;
    let has_focus = is_selected && state.focus == Focus::Panels;
    let style = if has_focus { theme.strong } else { theme.text };
    if is_selected {
        let marker = if has_focus { theme.key } else { theme.faint };
        for row in 0..height {
            paint::cell(buffer, 0, y + row, theme.sign('▌'), marker);
        }
    }
    let width = layout.label_width - 2;
    // A logarithmic axis must be seen at every size: without a row for its word it stands before the name.
    let is_log = panel.scale == Scale::Log;
    let log = if is_log && height < 3 { "log " } else { "" };
    let name = theme.signs(&panel.name);
    let name = format!("{log}{name}");
    let place = theme.signs(&panel.place);
    if height == 1 {
        let is_wide = layout.label_width >= 16;
        let name_width = if is_wide { (name.width() as u16).clamp(width / 2, width * 2 / 3) } else { width };
        paint::put(buffer, 1, y, name_width, &name, style);
        if is_wide {
            paint::put(buffer, 2 + name_width, y, width.saturating_sub(name_width + 1), &place, theme.dim);
        }
        return;
    }
    let last = y + height - 1;
    let axis_width = 9.min(width / 2);
    let room = width - axis_width;
    match panel.shape() {
        // Their rows have labels of their own.
        Some(PanelShape::Heat) => {
            paint::put(buffer, 1, y, width, &name, style);
            paint::put(buffer, 1, y + 1, room, &theme.signs(&panel.metric), theme.dim);
            if height > 2 {
                paint::put(buffer, 1, y + 2, room, &place, theme.dim);
            }
            return;
        }
        Some(PanelShape::Multiples) => {
            paint::put(buffer, 1, y, room.min(9), &name, style);
            paint::put(buffer, 1, y + 1, room.min(9), &theme.signs(&panel.texts.axis_top), theme.dim);
            paint::put(buffer, 1, last, room.min(9), &theme.signs(&panel.texts.axis_bottom), theme.dim);
            return;
        }
        _ => {}
    }
    // The axis takes what its words need, the name the rest.
    let beside = |words: &str| width.saturating_sub((words.width() as u16 + 1).clamp(4, axis_width));
    let (top, bottom) = (theme.signs(&panel.texts.axis_top), theme.signs(&panel.texts.axis_bottom));
    paint::put(buffer, 1, y, beside(&top), &name, style);
    paint::put_right(buffer, 1 + room, y, axis_width, &top, theme.dim);
    let place_room = if height < 3 || is_log { room } else { width };
    if is_log && height > 2 {
        paint::put_right(buffer, 1 + room, y + 1, axis_width, "log", theme.dim);
    }
    if height > 2 {
        paint::put(buffer, 1, last, beside(&bottom), &theme.signs(&panel.metric), theme.dim);
    }
    paint::put(buffer, 1, y + 1, place_room, &place, theme.dim);
    paint::put_right(buffer, 1 + room, last, axis_width, &bottom, theme.dim);
}

fn draw_columns(state: &State, panel: &Panel, area: Area, theme: &Theme, buffer: &mut Buffer) {
    if panel.columns.is_none() || panel.shown.iter().all(Option::is_none) {
        let words = match state.jobs.error(Slot::Series) {
            Some(why) => format!("no answer: {why}; zoom asks again"),
            None if panel.id.is_none() && state.catalog.is_complete => "not in these sources: d removes the panel, P picks others".into(),
            None if panel.columns.is_none() || panel.is_stale => "reading …".into(),
            None => "no samples in this window: 0 shows all".into(),
        };
        paint::put(buffer, area.x + 1, area.y + area.height / 2, area.width.saturating_sub(1), &theme.signs(&words), theme.dim);
        return;
    }
    let spark = Spark {
        shown: &panel.shown,
        ghost: &panel.ghost,
        axis: panel.axis,
        scale: panel.scale,
        threshold: panel.threshold.as_ref(),
        trust: &panel.trust,
        is_dimmed: panel.is_stale,
    };
    if panel.fine.is_empty() || theme.symbols == Symbols::Ascii {
        spark.draw(area, theme, buffer);
    } else {
        spark.draw_behind(area, theme, buffer);
        let dots = Dots {
            fine: &panel.fine,
            axis: panel.axis,
            scale: panel.scale,
            threshold: panel.threshold.as_ref(),
            is_dimmed: panel.is_stale,
            part: None,
        };
        dots.draw(area, theme, buffer);
    }
    trust::draw(panel, area, Lens::of(state), theme, buffer);
    trust::exemplars(&panel.exemplars.columns, area, theme, buffer);
}

fn draw_values(state: &State, panel: &Panel, Area { y, height, .. }: Area, theme: &Theme, buffer: &mut Buffer) {
    let layout = &state.layout;
    let x = layout.label_width + layout.lanes_width;
    let width = layout.value_width;
    let texts = &panel.texts;
    let is_bad = panel.is_bad_at_cursor();
    let style = if is_bad { theme.error } else { theme.strong };
    let value_width = width.clamp(4, 11) - 1;
    paint::put_right(buffer, x + 1, y, value_width - 1, &theme.signs(&texts.value), style);
    let mut at = x + 1 + value_width;
    let end = x + width;
    // Over the limit is said by a sign as well as by the colour.
    if is_bad {
        paint::cell(buffer, x, y, theme.sign('!'), style);
    }
    if at + 5 <= end {
        paint::put(buffer, at, y, 7.min(end - at), &theme.signs(&texts.ratio), theme.warn);
        at += 8;
    }
    if height == 1 {
        if at + 8 <= end {
            paint::put(buffer, at, y, end - at, &theme.signs(&texts.peak), theme.dim);
        }
        return;
    }
    let place = |row: u16| Area { x: x + 2, y: y + row, width: width.saturating_sub(2), height: 1 };
    pair(place(1), (&texts.peak, theme.dim), (&[&texts.peak_at], theme.dim), theme, buffer);
    if height > 2 {
        let style = if texts.crossing.is_empty() { theme.dim } else { theme.error };
        pair(place(2), (&texts.baseline, theme.dim), (&[&texts.threshold, &texts.limit], style), theme, buffer);
    }
}

/// Two words in a row. Of the second the longest form is told that fits whole: half a number or half a time tells nothing.
fn pair(place: Area, (first, style): (&str, Style), (seconds, second_style): (&[&str], Style), theme: &Theme, buffer: &mut Buffer) {
    let used = paint::put(buffer, place.x, place.y, place.width, &theme.signs(first), style);
    let gap = if used > 0 { used + 2 } else { 0 };
    let room = place.width.saturating_sub(gap);
    let forms = seconds.iter().map(|words| theme.signs(words));
    if let Some(words) = forms.into_iter().find(|words| words.width() <= usize::from(room)) {
        paint::put(buffer, place.x + gap, place.y, room, &words, second_style);
    }
}
