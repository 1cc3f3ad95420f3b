//! Colours and signs. A meaning has one colour everywhere, and never only a colour.
//!
//! The colours are in `table`, the choice that fits a terminal in `terminal`, the stand-ins of signs in `signs`.

mod signs;
mod table;
mod terminal;

use std::borrow::Cow;

use ratatui::style::{Color, Style};

use crate::app::looks::{Looks, Signs, ThemeName};
use signs::ascii;
pub use terminal::Background;

/// Signs that have an ASCII stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbols {
    Unicode,
    Ascii,
}

/// How everything looks.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    name: ThemeName,
    pub(crate) symbols: Symbols,
    /// Every cell before anything is drawn.
    pub(crate) base: Style,
    pub(crate) text: Style,
    pub(crate) dim: Style,
    pub(crate) faint: Style,
    pub(crate) strong: Style,
    pub(crate) key: Style,
    pub(crate) time: Style,
    pub(crate) good: Style,
    pub(crate) warn: Style,
    pub(crate) error: Style,
    /// What the user made.
    pub(crate) mark: Style,
    pub(crate) change: Style,
    pub(crate) profile: Style,
    pub(crate) fill: Style,
    pub(crate) band: Style,
    pub(crate) cursor: Style,
    pub(crate) range: Style,
    pub(crate) selected: Style,
    pub(crate) selected_focused: Style,
    pub(crate) overlay: Style,
    pub(crate) baseline: Style,
    pub(crate) incubation: Style,
    pub(crate) impact: Style,
    pub(crate) recovery: Style,
    /// Series that share a panel.
    accents: [Style; 6],
    /// From few to nearly all observations of a column in a bucket.
    pub(crate) heat: [Style; 5],
}

impl Theme {
    /// The row of the table.
    pub const fn of(name: ThemeName) -> Self {
        table::THEMES[name as usize]
    }

    /// 256 colours on a dark background; the default.
    pub const fn dark() -> Self {
        Self::of(ThemeName::Dark)
    }

    /// 256 colours on a light background.
    pub const fn light() -> Self {
        Self::of(ThemeName::Light)
    }

    /// The 16 colours of the terminal.
    pub const fn sixteen() -> Self {
        Self::of(ThemeName::Sixteen)
    }

    /// The same on a light background.
    pub const fn sixteen_light() -> Self {
        Self::of(ThemeName::SixteenLight)
    }

    /// No colour at all (`NO_COLOR`): bold, underline and reverse only.
    pub const fn mono() -> Self {
        Self::of(ThemeName::Mono)
    }

    /// Which row of the table it is.
    pub const fn name(&self) -> ThemeName {
        self.name
    }

    /// Which signs it draws.
    pub const fn signs_of(&self) -> Signs {
        match self.symbols {
            Symbols::Unicode => Signs::Unicode,
            Symbols::Ascii => Signs::Ascii,
        }
    }

    /// The same with what the user chose instead.
    #[must_use]
    pub fn with(&self, looks: &Looks) -> Self {
        let mut theme = match looks.theme() {
            Some(name) => Self::of(name),
            None => *self,
        };
        theme.symbols = match looks.signs() {
            Some(Signs::Unicode) => Symbols::Unicode,
            Some(Signs::Ascii) => Symbols::Ascii,
            None => self.symbols,
        };
        theme
    }

    /// Meanings that are told apart by colour too, with their styles.
    pub const fn meanings(&self) -> [(&'static str, Style); 6] {
        [
            ("error", self.error),
            ("warning", self.warn),
            ("good", self.good),
            ("data and time", self.band),
            ("made by the user", self.mark),
            ("change", self.change),
        ]
    }

    /// From hardly anything to nearly all.
    pub const fn heat(&self) -> [Style; 5] {
        self.heat
    }

    /// The same colours with ASCII signs only.
    #[must_use]
    pub const fn ascii(mut self) -> Self {
        self.symbols = Symbols::Ascii;
        self
    }

    /// Text of our own in the signs that the terminal has. Foreign text keeps its letters; what is not ASCII
    /// becomes `?` in the ASCII set.
    pub(crate) fn signs<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.symbols == Symbols::Unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.chars().map(ascii).collect())
    }

    /// Puts its own background below everything, if it has one, and replaces what is left beyond ASCII where the terminal
    /// has no more than that.
    pub(crate) fn restrict(&self, buffer: &mut ratatui::buffer::Buffer) {
        if let (Some(ink), Some(paper)) = (self.base.fg, self.base.bg) {
            for cell in &mut buffer.content {
                cell.fg = if cell.fg == Color::Reset { ink } else { cell.fg };
                cell.bg = if cell.bg == Color::Reset { paper } else { cell.bg };
            }
        }
        if self.symbols == Symbols::Ascii {
            for cell in &mut buffer.content {
                let first = cell.symbol().chars().next().unwrap_or(' ');
                if !cell.symbol().is_ascii() {
                    cell.set_char(self.sign(first));
                }
            }
        }
    }

    /// A line of text in the letters that the terminal has.
    pub fn written<'a>(&self, line: &'a str) -> Cow<'a, str> {
        self.signs(line)
    }

    /// One sign.
    pub(crate) fn sign(&self, c: char) -> char {
        if self.symbols == Symbols::Unicode || c.is_ascii() { c } else { ascii(c).chars().next().unwrap_or('?') }
    }

    /// The colour of one of several series in a panel; its letter says the same.
    pub(crate) fn accent(&self, index: usize) -> Style {
        self.accents[index % self.accents.len()]
    }

    /// From hardly anything to nearly all.
    pub(crate) const fn densities(&self) -> [char; 5] {
        match self.symbols {
            Symbols::Unicode => ['·', '░', '▒', '▓', '█'],
            Symbols::Ascii => ['.', ':', '+', '#', '@'],
        }
    }

    /// Between the least and the greatest value of a column.
    pub(crate) const fn band_sign(&self) -> char {
        match self.symbols {
            Symbols::Unicode => '▒',
            Symbols::Ascii => '%',
        }
    }

    /// Eight heights of a column, from one eighth to full.
    pub(crate) const fn eighths(&self) -> [char; 8] {
        match self.symbols {
            Symbols::Unicode => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Symbols::Ascii => ['_', '.', ':', '-', '=', '+', '#', '@'],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ascii_set_leaves_nothing_beyond_ascii() {
        let theme = Theme::mono().ascii();
        assert_eq!(theme.signs("≥9.8 s ×407 ▲v1 漢 ①"), ">=9.8 s x407 ^v1 ? 1");
        assert!(theme.eighths().iter().all(char::is_ascii));
    }
}
