//! The document as it would be exported: outline, paper with its margin, remarks of the lint below; beside it what is
//! being written.

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::draft::{Chapter, Draft, Origin, Remark, advice, panes};
use crate::app::editor::Editor;
use crate::app::layout::Area;
use crate::app::overlay::{Overlay, TextPurpose};
use crate::app::paper::Tone;
use crate::model::text;

/// Draws it over everything but the last row.
pub(super) fn draw(state: &State, draft: &Draft, theme: &Theme, buffer: &mut Buffer) {
    let (width, height) = state.layout.size;
    clear(buffer, Area { x: 0, y: 0, width, height: height - 1 });
    title(state, draft, theme, buffer);
    let panes = panes(state.layout.size, is_writing(state));
    if let Some(outline) = panes.outline {
        draw_outline(draft, outline, theme, buffer);
    }
    draw_paper(state, draft, panes.paper, theme, buffer);
    draw_remarks(draft, panes.remarks, theme, buffer);
}

fn is_writing(state: &State) -> bool {
    matches!(state.overlays.last(), Some(Overlay::Editor(editor)) if matches!(editor.purpose, TextPurpose::Prose(_)))
}

fn clear(buffer: &mut Buffer, area: Area) {
    for y in area.y..area.y + area.height {
        for x in area.x..area.x + area.width {
            buffer[(x, y)].reset();
        }
    }
}

fn title(state: &State, draft: &Draft, theme: &Theme, buffer: &mut Buffer) {
    let width = state.layout.size.0;
    paint::fill(buffer, 0, 0, width, ' ', theme.overlay);
    let style = draft.manuscript.as_ref().map_or("", |manuscript| manuscript.style.as_str());
    let words = match &draft.find {
        Some(find) => format!("find: {}", find.input.text()),
        None => format!("postmortem as it would be exported  {style}"),
    };
    let bold = theme.strong.patch(theme.overlay);
    let used = paint::put(buffer, 1, 0, width - 1, &theme.signs(&text::printable(&words)), bold);
    if draft.find.as_ref().is_some_and(|find| find.is_typing) {
        paint::tint(buffer, 1 + used, 0, 1, Style::new().add_modifier(Modifier::REVERSED));
    }
    let keys = "[ ] section  e finding  / find  i write  a add  p preset  z language";
    if usize::from(width) > words.width() + keys.width() + 6 {
        paint::put_right(buffer, 0, 0, width - 1, keys, theme.dim.patch(theme.overlay));
    }
}

fn draw_outline(draft: &Draft, area: Area, theme: &Theme, buffer: &mut Buffer) {
    for y in area.y..area.y + area.height {
        paint::cell(buffer, area.x + area.width, y, theme.sign('│'), theme.faint);
    }
    let Some(manuscript) = &draft.manuscript else { return };
    let here = draft.chapter_index();
    let rows = usize::from(area.height);
    let top = (here.unwrap_or(0) + 2).saturating_sub(rows);
    for (row, (index, chapter)) in manuscript.chapters.iter().enumerate().skip(top).take(rows).enumerate() {
        let y = area.y + row as u16;
        let is_here = here == Some(index);
        let sign = match chapter.origin {
            Origin::Made => "  ",
            Origin::Unwritten(_) => "+ ",
            Origin::File(_) | Origin::Record(..) => "✎ ",
        };
        paint::put(buffer, area.x + 1, y, 2, &theme.signs(sign), theme.mark);
        let count = count_of(chapter);
        let style = if is_here { theme.strong } else { theme.text };
        let room = area.width.saturating_sub(4 + count.width() as u16);
        paint::put(buffer, area.x + 3, y, room, &theme.signs(&plain(&chapter.title)), style);
        let tone = if chapter.remarks.iter().any(|remark| remark.is_error) { theme.error } else { theme.warn };
        paint::put_right(buffer, area.x, y, area.width - 1, &count, tone);
        if is_here {
            paint::cell(buffer, area.x, y, theme.sign('▌'), theme.key);
            paint::tint(buffer, area.x + 1, y, area.width - 1, theme.selected);
        }
    }
}

/// `2!` with errors among them, `2?` without.
fn count_of(chapter: &Chapter) -> String {
    match chapter.remarks.len() {
        0 => String::new(),
        n if chapter.remarks.iter().any(|remark| remark.is_error) => format!("{n}!"),
        n => format!("{n}?"),
    }
}

/// A heading without its escapes.
fn plain(title: &str) -> String {
    text::printable(&title.replace('\\', "")).into_owned()
}

fn draw_paper(state: &State, draft: &Draft, area: Area, theme: &Theme, buffer: &mut Buffer) {
    if draft.manuscript.is_none() {
        let words = match &draft.error {
            Some(why) => text::printable(why).into_owned(),
            None if state.catalog.is_complete => "gathering every number of the document …".to_owned(),
            None => "the sources are still being read; the document comes when they are done".to_owned(),
        };
        let style = if draft.error.is_some() { theme.error } else { theme.dim };
        for (row, line) in crate::app::side::wrap(&words, usize::from(area.width)).iter().enumerate().take(usize::from(area.height)) {
            paint::put(buffer, area.x, area.y + row as u16, area.width, &theme.signs(line), style);
        }
        return;
    }
    let needle = draft.needle();
    for (row, line) in draft.lines.iter().skip(draft.top).take(usize::from(area.height)).enumerate() {
        let y = area.y + row as u16;
        let mut x = area.x;
        for span in &line.line.spans {
            let room = (area.x + area.width).saturating_sub(x);
            x += paint::put(buffer, x, y, room, &theme.signs(&span.text), tone(span.tone, theme));
        }
        if let Some(needle) = &needle {
            tint_hits(buffer, (area, y), &line.line.text(), needle, theme);
        }
        let chapter = line.chapter.and_then(|index| draft.manuscript.as_ref()?.chapters.get(index));
        if let Some(remark) = line.remark.and_then(|index| chapter?.remarks.get(index)) {
            let (sign, style) = sign_of(remark, theme);
            paint::cell(buffer, area.x - 1, y, sign, style);
        }
        if draft.top + row == draft.at {
            paint::cell(buffer, area.x - 2, y, theme.sign('▌'), theme.key);
        }
    }
}

fn tint_hits(buffer: &mut Buffer, (area, y): (Area, u16), words: &str, needle: &str, theme: &Theme) {
    let lower = words.to_lowercase();
    for (at, _) in lower.match_indices(needle) {
        let before = lower[..at].width() as u16;
        if before < area.width {
            let style = theme.key.add_modifier(Modifier::UNDERLINED);
            paint::tint(buffer, area.x + before, y, (needle.width() as u16).min(area.width - before), style);
        }
    }
}

fn sign_of(remark: &Remark, theme: &Theme) -> (char, Style) {
    if remark.is_error { ('!', theme.error) } else { ('?', theme.warn) }
}

const fn tone(tone: Tone, theme: &Theme) -> Style {
    match tone {
        Tone::Plain => theme.text,
        Tone::Strong | Tone::Heading => theme.strong,
        Tone::Emphasis => theme.text.add_modifier(Modifier::ITALIC),
        Tone::Code => theme.time,
        Tone::Link => theme.change,
        Tone::Quote => theme.mark,
        Tone::Dim => theme.dim,
    }
}

/// What a reviewer would object to: at this line first, then in this section.
fn draw_remarks(draft: &Draft, area: Area, theme: &Theme, buffer: &mut Buffer) {
    let Some(chapter) = draft.chapter() else { return };
    let here = draft.lines.get(draft.at).and_then(|line| line.remark);
    let mut order: Vec<usize> = (0..chapter.remarks.len()).collect();
    order.sort_by_key(|index| (Some(*index) != here, !chapter.remarks[*index].is_error));
    let end = area.y + area.height;
    let mut y = area.y;
    for (n, index) in order.iter().enumerate() {
        if y >= end {
            break;
        }
        let remark = &chapter.remarks[*index];
        let (sign, style) = sign_of(remark, theme);
        paint::cell(buffer, area.x, y, sign, style);
        let more = order.len() - n - 1;
        let words = if y + 1 == end && more > 0 { format!("(and {more} more) {}", remark.words()) } else { remark.words() };
        let style = if Some(*index) == here || order.len() == 1 { theme.text } else { theme.dim };
        // Only the first one takes more than a row.
        let lines = crate::app::side::wrap(&words, usize::from(area.width - 2));
        let rows = if n == 0 { lines.len().min(usize::from(end - y)) } else { 1 };
        for row in 0..rows {
            let rest = if row + 1 == rows { lines[row..].join(" ") } else { lines[row].clone() };
            paint::put(buffer, area.x + 2, y, area.width - 2, &theme.signs(&rest), style);
            y += 1;
        }
    }
}

/// What is being written, with the remarks of its lines in the margin.
pub(super) fn draw_source(state: &State, editor: &Editor, theme: &Theme, buffer: &mut Buffer) {
    let Some(area) = panes(state.layout.size, true).source else { return };
    let is_beside = area.y == 1;
    let frame = theme.dim;
    if is_beside {
        for y in area.y..area.y + area.height {
            paint::cell(buffer, area.x + area.width, y, theme.sign('│'), theme.faint);
        }
    } else {
        paint::fill(buffer, area.x, area.y - 1, area.width, theme.sign('─'), frame);
    }
    let heading_y = if is_beside { area.y } else { area.y - 1 };
    paint::put(buffer, area.x + 2, heading_y, area.width.saturating_sub(4), &theme.signs(&format!(" {} ", editor.title)), theme.strong);
    let first = area.y + u16::from(is_beside);
    let room = Area { x: area.x + 2, y: first, width: area.width.saturating_sub(3), height: (area.y + area.height).saturating_sub(first) };
    let lines = draw_rows(editor, room, theme, buffer);
    let TextPurpose::Prose(origin) = &editor.purpose else { return };
    let stem = origin.stem().unwrap_or_default();
    if editor.text.lines().iter().all(String::is_empty) {
        let lines = advice(stem).lines().flat_map(|line| crate::app::side::wrap(line, usize::from(room.width.saturating_sub(2))));
        for (row, line) in lines.enumerate().take(usize::from(room.height)) {
            paint::put(buffer, room.x + 2, room.y + row as u16, room.width.saturating_sub(2), &theme.signs(&line), theme.dim);
        }
    }
    let draft = state.overlays.iter().find_map(|overlay| if let Overlay::Draft(draft) = overlay { Some(draft) } else { None });
    let Some(chapter) = draft.and_then(|draft| draft.chapter_of(stem)) else { return };
    for remark in &chapter.remarks {
        if let Some(row) = remark.line.and_then(|line| lines.iter().position(|shown| *shown == line)) {
            let (sign, style) = sign_of(remark, theme);
            paint::cell(buffer, area.x, room.y + row as u16, sign, style);
        }
    }
}

/// The text with its cursor, long lines broken; tells the line of each row.
fn draw_rows(editor: &Editor, room: Area, theme: &Theme, buffer: &mut Buffer) -> Vec<usize> {
    let (rows, (cursor, before)) = editor.text.rows(usize::from(room.width.saturating_sub(1)));
    let height = usize::from(room.height).max(1);
    let top = (cursor + 1).saturating_sub(height);
    for (row, (_, words)) in rows.iter().enumerate().skip(top).take(height) {
        let y = room.y + (row - top) as u16;
        paint::put(buffer, room.x, y, room.width, words, theme.text);
        if row == cursor {
            paint::tint(buffer, room.x + before.width() as u16, y, 1, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    rows.iter().skip(top).take(height).map(|row| row.0).collect()
}
