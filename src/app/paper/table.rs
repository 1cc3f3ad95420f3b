//! A Markdown table in columns: aligned, wrapped inside its cells, and told row by row where there is no room for columns.

use unicode_width::UnicodeWidthStr as _;

use super::inline::{Piece, pieces, wrap};
use super::{Span, Tone};

const BORDER: &str = " │ ";
/// Words up to this length are kept whole where there is room for all columns.
const LONGEST_WORD: usize = 18;
/// Columns narrower than this on average are no table any more.
const NARROWEST: usize = 7;

/// Whether a line is `| --- | :-: |`.
pub(super) fn is_delimiter(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('|') && line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// Whether a column ends flush right.
fn is_right(cell: &str) -> bool {
    cell.trim().ends_with(':') && !cell.trim().starts_with(':')
}

/// The cells of a row; an escaped border belongs to its cell.
fn cells(line: &str) -> Vec<&str> {
    let line = line.trim();
    let inner = line.strip_prefix('|').unwrap_or(line);
    let mut out = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (at, c) in inner.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '|' => {
                out.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner[start..].trim().is_empty() {
        out.push(inner[start..].trim());
    }
    out
}

/// Drawn lines with the row they come from: head, delimiter, rows.
pub(super) fn lay_out(lines: &[&str], width: usize) -> Vec<(usize, Vec<Span>)> {
    let head = cells(lines.first().copied().unwrap_or_default());
    let is_right: Vec<bool> = cells(lines.get(1).copied().unwrap_or_default()).into_iter().map(is_right).collect();
    let rows: Vec<Vec<Vec<Piece>>> = std::iter::once(head.clone())
        .chain(lines.iter().skip(2).map(|line| cells(line)))
        .map(|row| (0..head.len()).map(|column| pieces(row.get(column).copied().unwrap_or_default())).collect())
        .collect();
    let n = head.len();
    let room = width.saturating_sub(BORDER.width() * n.saturating_sub(1));
    if n == 0 {
        return Vec::new();
    }
    let natural: Vec<usize> = (0..n).map(|column| rows.iter().map(|row| natural_width(&row[column])).max().unwrap_or(0).max(1)).collect();
    let least: Vec<usize> = (0..n).map(|column| rows.iter().map(|row| longest_word(&row[column])).max().unwrap_or(0).max(1)).collect();
    if natural.iter().sum::<usize>() > room && (room < NARROWEST * n || least.iter().sum::<usize>() > room) {
        return row_by_row(&rows, width);
    }
    let widths = share(&natural, &least, room);
    let mut out = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let tone = if index == 0 { Tone::Strong } else { Tone::Plain };
        let source = if index == 0 { 0 } else { index + 1 };
        out.extend(draw_row(row, (&widths, &is_right), tone).into_iter().map(|spans| (source, spans)));
        if index == 0 {
            let rule = widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("─┼─");
            out.push((1, vec![Span::new(Tone::Dim, rule)]));
        }
    }
    out
}

fn natural_width(cell: &[Piece]) -> usize {
    cell.split(|piece| piece.is_break).map(|line| line.iter().map(|piece| piece.span.text.width()).sum()).max().unwrap_or(0)
}

fn longest_word(cell: &[Piece]) -> usize {
    let text: String = cell.iter().map(|piece| if piece.is_break { " " } else { piece.span.text.as_str() }).collect();
    // Between wide characters a line may break anywhere.
    let width = |word: &str| if word.chars().any(|c| unicode_width::UnicodeWidthChar::width(c) == Some(2)) { 4 } else { word.width() };
    text.split(' ').map(width).max().unwrap_or(0).min(LONGEST_WORD)
}

/// Widths between the longest word of each column and what it needs: all of one height, as far as the room goes.
fn share(natural: &[usize], least: &[usize], room: usize) -> Vec<usize> {
    let at = |level: usize| -> Vec<usize> {
        natural.iter().zip(least).map(|(natural, least)| level.clamp((*least).min(*natural), *natural)).collect()
    };
    let greatest = natural.iter().copied().max().unwrap_or(1);
    let level = (1..=greatest).rev().find(|level| at(*level).iter().sum::<usize>() <= room).unwrap_or(1);
    let mut widths = at(level);
    let mut left = room.saturating_sub(widths.iter().sum());
    for (width, natural) in widths.iter_mut().zip(natural) {
        if left > 0 && *width < *natural {
            *width += 1;
            left -= 1;
        }
    }
    widths
}

fn draw_row(row: &[Vec<Piece>], (widths, is_right): (&[usize], &[bool]), tone: Tone) -> Vec<Vec<Span>> {
    let drawn: Vec<Vec<Vec<Span>>> = row.iter().zip(widths).map(|(cell, width)| wrap(cell, *width, ("", ""))).collect();
    let height = drawn.iter().map(Vec::len).max().unwrap_or(0);
    let mut lines = Vec::new();
    for at in 0..height {
        let mut line: Vec<Span> = Vec::new();
        for (column, cell) in drawn.iter().enumerate() {
            let mut spans = cell.get(at).cloned().unwrap_or_default();
            spans.iter_mut().filter(|span| span.tone == Tone::Plain).for_each(|span| span.tone = tone);
            let used: usize = spans.iter().map(|span| span.text.width()).sum();
            let blank = Span::new(Tone::Plain, " ".repeat(widths[column].saturating_sub(used)));
            if column > 0 {
                line.push(Span::new(Tone::Dim, BORDER));
            }
            if is_right.get(column) == Some(&true) {
                line.push(blank);
                line.extend(spans);
            } else {
                line.extend(spans);
                line.push(blank);
            }
        }
        line.retain(|span| !span.text.is_empty());
        lines.push(line);
    }
    lines
}

/// `Head: cell` for each cell that says something.
fn row_by_row(rows: &[Vec<Vec<Piece>>], width: usize) -> Vec<(usize, Vec<Span>)> {
    let Some((head, rows)) = rows.split_first() else { return Vec::new() };
    let mut out = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mut is_first = true;
        for (name, cell) in head.iter().zip(row) {
            if cell.is_empty() {
                continue;
            }
            let name: String = name.iter().map(|piece| piece.span.text.as_str()).collect();
            let label = if name.is_empty() { Vec::new() } else { vec![Piece::new(Tone::Dim, &format!("{name}: "))] };
            let indent = if is_first { "" } else { "  " };
            let spans = wrap(&[label, cell.clone()].concat(), width, (indent, "    "));
            out.extend(spans.into_iter().map(|spans| (index + 2, spans)));
            is_first = false;
        }
    }
    out
}
