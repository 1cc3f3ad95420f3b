//! The screen as one SVG: a picture for documents that shows exactly the cells of the terminal.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

/// Width and height of a cell in pixels, close to common monospaced fonts at 14 px.
const CELL: (f64, f64) = (8.4, 18.0);

/// Colours of the page behind the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Where a cell has no background.
    pub background: &'static str,
    /// Where a cell has no foreground.
    pub foreground: &'static str,
}

impl Page {
    /// For the dark theme.
    pub const DARK: Self = Self { background: "#14161b", foreground: "#d4d7dd" };
    /// For the theme of high contrast.
    pub const BLACK: Self = Self { background: "#000000", foreground: "#ffffff" };
    /// For the light theme.
    pub const LIGHT: Self = Self { background: "#fbfbf9", foreground: "#22252a" };
}

/// One `<text>` for every run of cells of one style, its width forced so that columns stay columns in any font.
pub fn render(buffer: &Buffer, page: Page) -> String {
    let (width, height) = (f64::from(buffer.area.width) * CELL.0 + 16.0, f64::from(buffer.area.height) * CELL.1 + 16.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n",
        page.background
    );
    for row in 0..buffer.area.height {
        for run in runs(buffer, row) {
            draw_run(&mut svg, &run, row, page);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

struct Run {
    column: u16,
    cells: u16,
    text: String,
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

/// Neighbouring cells of one style. Signs beyond ASCII stand alone, so that a font cannot shift them.
fn runs(buffer: &Buffer, row: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut skip = 0;
    for column in 0..buffer.area.width {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let cell = &buffer[(column, row)];
        let width = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1) as u16;
        skip = width - 1;
        let is_text = cell.symbol().is_ascii();
        match runs.last_mut() {
            Some(run)
                if is_text
                    && run.text.is_ascii()
                    && (run.foreground, run.background, run.modifier) == (cell.fg, cell.bg, cell.modifier) =>
            {
                run.text.push_str(cell.symbol());
                run.cells += width;
            }
            // Equal blocks side by side are one: no seam shows between them.
            Some(run)
                if run.text == cell.symbol()
                    && block_height(cell.symbol()).is_some()
                    && (run.foreground, run.background, run.modifier) == (cell.fg, cell.bg, cell.modifier) =>
            {
                run.cells += width;
            }
            _ => runs.push(Run {
                column,
                cells: width,
                text: cell.symbol().to_owned(),
                foreground: cell.fg,
                background: cell.bg,
                modifier: cell.modifier,
            }),
        }
    }
    runs
}

fn draw_run(svg: &mut String, run: &Run, row: u16, page: Page) {
    let colour = |colour| if page == Page::LIGHT { on_paper(colour) } else { None }.or_else(|| hex(colour));
    let (mut foreground, mut background) = (colour(run.foreground).unwrap_or_else(|| page.foreground.into()), colour(run.background));
    if run.modifier.contains(Modifier::REVERSED) {
        let paper = background.unwrap_or_else(|| page.background.into());
        (foreground, background) = (paper, Some(foreground));
    }
    let (x, y) = (8.0 + f64::from(run.column) * CELL.0, 8.0 + f64::from(row) * CELL.1);
    let width = f64::from(run.cells) * CELL.0;
    if let Some(background) = background {
        let _ = writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{background}\"/>", CELL.1);
    }
    if run.modifier.contains(Modifier::UNDERLINED) {
        let line = y + CELL.1 - 1.5;
        let _ = writeln!(svg, "<rect x=\"{x:.1}\" y=\"{line:.1}\" width=\"{width:.1}\" height=\"1\" fill=\"{foreground}\"/>");
    }
    if run.text.trim().is_empty() {
        return;
    }
    if let Some((from, to)) = block_height(&run.text) {
        // Drawn, not written: fonts disagree about where a block begins and ends.
        let (top, height) = (y + CELL.1 * (1.0 - to), CELL.1 * (to - from));
        let _ = writeln!(svg, "<rect x=\"{x:.1}\" y=\"{top:.2}\" width=\"{width:.1}\" height=\"{height:.2}\" fill=\"{foreground}\"/>");
        return;
    }
    // Blanks at the ends move no letter, whatever a renderer does with them.
    let (lead, text) = (run.text.len() - run.text.trim_start().len(), run.text.trim());
    let blanks = (run.text.len() - text.len()) as f64;
    let (x, width) = (x + lead as f64 * CELL.0, width - blanks * CELL.0);
    let weight = if run.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let opacity = if run.modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let text: String = text.chars().fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            ' ' => out.push('\u{a0}'),
            _ => out.push(c),
        }
        out
    });
    let baseline = y + CELL.1 * 0.74;
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{foreground}\"{weight}{opacity}>{text}</text>"
    );
}

/// Bottom and top of a block element as shares of the cell.
fn block_height(text: &str) -> Option<(f64, f64)> {
    let mut chars = text.chars();
    let (c, rest) = (chars.next()?, chars.next());
    match (c, rest) {
        ('▁'..='█', None) => Some((0.0, f64::from(c as u32 - '▁' as u32 + 1) / 8.0)),
        ('▀', None) => Some((0.5, 1.0)),
        ('▔', None) => Some((0.875, 1.0)),
        _ => None,
    }
}

/// The 16 colours as common terminals show them; `None` for the default colour.
fn hex(color: Color) -> Option<String> {
    let name = match color {
        Color::Reset => return None,
        Color::Black => "#1c1f26",
        Color::Red => "#e06c75",
        Color::Green => "#98c379",
        Color::Yellow => "#e5c07b",
        Color::Blue => "#61afef",
        Color::Magenta => "#c678dd",
        Color::Cyan => "#56b6c2",
        Color::Gray => "#abb2bf",
        Color::DarkGray => "#6b7280",
        Color::LightRed => "#ff7b86",
        Color::LightGreen => "#b5e08d",
        Color::LightYellow => "#ffd98a",
        Color::LightBlue => "#82c4ff",
        Color::LightMagenta => "#e29bf5",
        Color::LightCyan => "#7fdbe6",
        Color::White => "#f5f6f8",
        Color::Rgb(r, g, b) => return Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Indexed(index) => return Some(indexed(index)),
    };
    Some(name.into())
}

/// Those of the 16 colours that terminals with a light background show darker.
fn on_paper(color: Color) -> Option<String> {
    let name = match color {
        Color::Red | Color::LightRed => "#b3261e",
        Color::Green | Color::LightGreen => "#2e7031",
        Color::Yellow | Color::LightYellow => "#8a6d00",
        Color::Blue | Color::LightBlue => "#1d4fbf",
        Color::Magenta | Color::LightMagenta => "#9a2a96",
        _ => return None,
    };
    Some(name.into())
}

/// The 256-colour cube and grey ramp of xterm.
fn indexed(index: u8) -> String {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    const BASE: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match index {
        0..16 => hex(BASE[usize::from(index)]).unwrap_or_default(),
        16..232 => {
            let cube = usize::from(index - 16);
            format!("#{:02x}{:02x}{:02x}", STEPS[cube / 36], STEPS[cube / 6 % 6], STEPS[cube % 6])
        }
        _ => {
            let grey = 8 + 10 * (u32::from(index) - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn text_is_escaped_and_styles_are_kept() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        buffer.set_string(0, 0, "<a&b>", Style::default().fg(Color::Rgb(1, 2, 3)));
        let svg = render(&buffer, Page::DARK);
        assert!(svg.contains("&lt;a&amp;b&gt;") && svg.contains("#010203"), "{svg}");
        assert!(!svg.contains("<a"));
    }

    #[test]
    fn a_block_is_drawn_at_its_height() {
        assert_eq!(block_height("▁"), Some((0.0, 0.125)));
        assert_eq!(block_height("█"), Some((0.0, 1.0)));
        assert_eq!(block_height("ab"), None);
    }
}
