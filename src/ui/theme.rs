//! Colours and signs. A meaning has one colour everywhere, and never only a colour.

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

/// Signs that have an ASCII stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbols {
    Unicode,
    Ascii,
}

/// How everything looks.
#[derive(Debug, Clone)]
pub struct Theme {
    pub(crate) symbols: Symbols,
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

const fn fg(index: u8) -> Style {
    Style::new().fg(Color::Indexed(index))
}

const fn bg(index: u8) -> Style {
    Style::new().bg(Color::Indexed(index))
}

impl Theme {
    /// 256 colours on a dark background; the default.
    pub const fn dark() -> Self {
        Self {
            symbols: Symbols::Unicode,
            text: Style::new(),
            dim: fg(246),
            faint: fg(240),
            strong: Style::new().add_modifier(Modifier::BOLD),
            key: fg(223),
            time: fg(110),
            good: fg(114),
            warn: fg(179),
            error: fg(203),
            mark: fg(176),
            change: fg(80),
            profile: fg(141),
            fill: fg(60),
            band: fg(110),
            cursor: bg(239),
            range: bg(24),
            selected: bg(236),
            selected_focused: Style::new().bg(Color::Indexed(238)).add_modifier(Modifier::BOLD),
            overlay: bg(235),
            baseline: fg(65),
            incubation: fg(136),
            impact: fg(167),
            recovery: fg(143),
            accents: [fg(110), fg(179), fg(176), fg(114), fg(203), fg(80)],
            heat: [fg(60), fg(67), fg(74), fg(117), fg(195)],
        }
    }

    /// 256 colours on a light background.
    pub const fn light() -> Self {
        Self {
            symbols: Symbols::Unicode,
            text: Style::new(),
            dim: fg(241),
            faint: fg(250),
            strong: Style::new().add_modifier(Modifier::BOLD),
            key: fg(94),
            time: fg(25),
            good: fg(28),
            warn: fg(130),
            error: fg(160),
            mark: fg(127),
            change: fg(30),
            profile: fg(91),
            fill: fg(152),
            band: fg(31),
            cursor: bg(252),
            range: bg(153),
            selected: bg(254),
            selected_focused: Style::new().bg(Color::Indexed(252)).add_modifier(Modifier::BOLD),
            overlay: bg(255),
            baseline: fg(71),
            incubation: fg(136),
            impact: fg(167),
            recovery: fg(101),
            accents: [fg(25), fg(130), fg(127), fg(28), fg(160), fg(30)],
            heat: [fg(152), fg(110), fg(67), fg(25), fg(17)],
        }
    }

    /// The 16 colours of the terminal.
    pub const fn sixteen() -> Self {
        const fn named(color: Color) -> Style {
            Style::new().fg(color)
        }
        Self {
            symbols: Symbols::Unicode,
            text: Style::new(),
            dim: Style::new(),
            faint: named(Color::DarkGray),
            strong: Style::new().add_modifier(Modifier::BOLD),
            key: named(Color::Yellow),
            time: named(Color::Cyan),
            good: named(Color::Green),
            warn: named(Color::Yellow),
            error: named(Color::Red),
            mark: named(Color::Magenta),
            change: named(Color::Cyan),
            profile: named(Color::Magenta),
            fill: named(Color::Blue),
            band: named(Color::Cyan),
            cursor: Style::new().add_modifier(Modifier::REVERSED),
            range: Style::new().bg(Color::Blue),
            selected: Style::new().add_modifier(Modifier::UNDERLINED),
            selected_focused: Style::new().add_modifier(Modifier::REVERSED),
            overlay: Style::new(),
            baseline: named(Color::Green),
            incubation: named(Color::Yellow),
            impact: named(Color::Red),
            recovery: named(Color::Yellow),
            accents: [
                named(Color::Cyan),
                named(Color::Yellow),
                named(Color::Magenta),
                named(Color::Green),
                named(Color::Red),
                named(Color::LightBlue),
            ],
            heat: [named(Color::DarkGray), named(Color::LightBlue), named(Color::Cyan), named(Color::Cyan), Style::new()],
        }
    }

    /// The same on a light background, where yellow cannot be read.
    pub const fn sixteen_light() -> Self {
        const fn named(color: Color) -> Style {
            Style::new().fg(color)
        }
        let mut theme = Self::sixteen();
        (theme.key, theme.warn) = (named(Color::Blue), named(Color::Magenta));
        (theme.time, theme.change, theme.band) = (named(Color::Blue), named(Color::Blue), named(Color::Blue));
        (theme.fill, theme.range) = (named(Color::Cyan), Style::new().bg(Color::Cyan));
        (theme.incubation, theme.recovery) = (named(Color::Magenta), named(Color::Magenta));
        theme.accents =
            [named(Color::Blue), named(Color::Red), named(Color::Magenta), named(Color::Green), named(Color::Cyan), named(Color::DarkGray)];
        theme
    }

    /// No colour at all (`NO_COLOR`): bold, underline and reverse only.
    pub const fn mono() -> Self {
        const PLAIN: Style = Style::new();
        const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
        const DIM: Style = Style::new().add_modifier(Modifier::DIM);
        const REVERSED: Style = Style::new().add_modifier(Modifier::REVERSED);
        const UNDERLINED: Style = Style::new().add_modifier(Modifier::UNDERLINED);
        Self {
            symbols: Symbols::Unicode,
            text: PLAIN,
            dim: PLAIN,
            faint: DIM,
            strong: BOLD,
            key: BOLD,
            time: PLAIN,
            good: PLAIN,
            warn: BOLD,
            error: BOLD,
            mark: BOLD,
            change: PLAIN,
            profile: PLAIN,
            fill: PLAIN,
            band: PLAIN,
            cursor: REVERSED,
            range: UNDERLINED,
            selected: UNDERLINED,
            selected_focused: REVERSED,
            overlay: PLAIN,
            baseline: PLAIN,
            incubation: PLAIN,
            impact: BOLD,
            recovery: PLAIN,
            accents: [PLAIN; 6],
            heat: [PLAIN; 5],
        }
    }

    /// What fits the terminal that these environment variables describe.
    ///
    /// `CORONER_THEME` (dark, light, 16, mono) goes first, then `NO_COLOR`; `TERM` tells terminals of 16 colours or none,
    /// `COLORFGBG` a light background. A locale that is not UTF-8 gives ASCII signs; none at all says nothing.
    pub fn of_terminal(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = given("TERM").unwrap_or_default();
        let is_light = given("COLORFGBG")
            .and_then(|colours| colours.rsplit(';').next()?.parse::<u8>().ok())
            .is_some_and(|background| matches!(background, 7 | 9..=15));
        let has_few = ["xterm", "screen", "linux", "ansi", "rxvt", "cygwin", "xterm-color", "screen.linux"].contains(&term.as_str())
            || term.ends_with("-16color");
        let has_none = ["vt100", "vt102", "vt220"].contains(&term.as_str()) || term.ends_with("-mono") || term.ends_with("-m");
        let has_many = given("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
        let theme = match given("CORONER_THEME").as_deref() {
            Some("dark") => Self::dark(),
            Some("light") => Self::light(),
            Some("16") if is_light => Self::sixteen_light(),
            Some("16") => Self::sixteen(),
            Some("mono") => Self::mono(),
            _ if given("NO_COLOR").is_some() || has_none => Self::mono(),
            _ if has_few && !has_many && is_light => Self::sixteen_light(),
            _ if has_few && !has_many => Self::sixteen(),
            _ if is_light => Self::light(),
            _ => Self::dark(),
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(given).unwrap_or_else(|| "UTF-8".into()).to_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { theme } else { theme.ascii() }
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

    /// Replaces what is left beyond ASCII on the screen, where the terminal has no more than that.
    pub(crate) fn restrict(&self, buffer: &mut ratatui::buffer::Buffer) {
        if self.symbols == Symbols::Ascii {
            for cell in &mut buffer.content {
                let first = cell.symbol().chars().next().unwrap_or(' ');
                if !cell.symbol().is_ascii() {
                    cell.set_char(self.sign(first));
                }
            }
        }
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

fn ascii(c: char) -> &'static str {
    const TABLE: [(char, &str); 45] = [
        ('╎', ":"),
        ('≤', "<="),
        ('–', "-"),
        ('┃', "|"),
        ('─', "-"),
        ('│', "|"),
        ('├', "+"),
        ('┤', "+"),
        ('┬', "+"),
        ('┌', "+"),
        ('┐', "+"),
        ('└', "+"),
        ('┘', "+"),
        ('━', "="),
        ('╌', "-"),
        ('·', "."),
        ('…', "~"),
        ('−', "-"),
        ('×', "x"),
        ('↺', "r"),
        ('∘', "o"),
        ('≥', ">="),
        ('±', "+-"),
        ('▲', "^"),
        ('▼', "v"),
        ('◆', "*"),
        ('◇', "o"),
        ('▪', "*"),
        ('▌', ">"),
        ('⚠', "!"),
        ('░', "."),
        ('▒', ":"),
        ('▓', "#"),
        ('←', "<-"),
        ('→', "->"),
        ('↑', "up"),
        ('↓', "down"),
        ('≈', "~"),
        ('∞', "8"),
        ('µ', "u"),
        ('▶', ">"),
        ('‖', "="),
        ('☐', "[ ]"),
        ('☑', "[x]"),
        ('\u{a0}', " "),
    ];
    static ASCII: [&str; 128] = {
        const fn one(i: usize) -> &'static str {
            const ALL: &str = "\0\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7f";
            ALL.split_at(i).1.split_at(1).0
        }
        let mut table = [""; 128];
        let mut i = 0;
        while i < 128 {
            table[i] = one(i);
            i += 1;
        }
        table
    };
    if c.is_ascii() {
        return ASCII[c as usize];
    }
    match c {
        '▁'..='█' => &"_.:-=+#@"[c as usize - '▁' as usize..=c as usize - '▁' as usize],
        '①'..='⑨' => ASCII['1' as usize + (c as usize - '①' as usize)],
        '⑩'..='⑳' => "n",
        _ => TABLE.iter().find(|pair| pair.0 == c).map_or("?", |pair| pair.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &Theme) {
        let theme = Theme::of_terminal(|name| variables.iter().find(|variable| variable.0 == name).map(|variable| variable.1.to_owned()));
        assert_eq!(format!("{theme:?}"), format!("{expected:?}"), "{variables:?}");
    }

    #[test]
    fn the_environment_says_what_the_terminal_can_show() {
        check(&[("TERM", "xterm-256color")], &Theme::dark());
        check(&[("TERM", "xterm-256color"), ("COLORFGBG", "0;15")], &Theme::light());
        check(&[("TERM", "xterm"), ("LANG", "en_US.UTF-8")], &Theme::sixteen());
        check(&[("TERM", "xterm"), ("COLORFGBG", "0;15")], &Theme::sixteen_light());
        check(&[("TERM", "xterm"), ("COLORTERM", "truecolor")], &Theme::dark());
        check(&[("TERM", "xterm"), ("NO_COLOR", "1")], &Theme::mono());
        check(&[("NO_COLOR", "1"), ("CORONER_THEME", "16")], &Theme::sixteen());
        check(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], &Theme::dark().ascii());
        check(&[("LANG", "C.UTF-8"), ("LC_ALL", "")], &Theme::dark());
    }

    #[test]
    fn the_ascii_set_leaves_nothing_beyond_ascii() {
        let theme = Theme::mono().ascii();
        assert_eq!(theme.signs("≥9.8 s ×407 ▲v1 漢 ①"), ">=9.8 s x407 ^v1 ? 1");
        assert!(theme.eighths().iter().all(char::is_ascii));
    }
}
