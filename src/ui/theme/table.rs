//! The table of themes: one row a theme, one column a meaning. Numbers are those of the 256 colours, which terminals
//! do not rearrange.
//!
//! `tests/themes.rs` holds what each row promises: the contrast of all pairs that are really drawn, and how far apart
//! the colours of different meaning stay for colour-blind eyes. Change a number, and it tells.

use ratatui::style::{Color, Modifier, Style};

use super::{Symbols, Theme};
use crate::app::looks::ThemeName;

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const REVERSED: Style = Style::new().add_modifier(Modifier::REVERSED);
const UNDERLINED: Style = Style::new().add_modifier(Modifier::UNDERLINED);

const fn fg(index: u8) -> Style {
    Style::new().fg(Color::Indexed(index))
}

const fn bg(index: u8) -> Style {
    Style::new().bg(Color::Indexed(index))
}

const fn on(ink: u8, paper: u8) -> Style {
    fg(ink).bg(Color::Indexed(paper))
}

const fn named(color: Color) -> Style {
    Style::new().fg(color)
}

/// The rows, in the order of [`ThemeName::ALL`].
pub(super) const THEMES: [Theme; 6] = [DARK, LIGHT, HIGH_CONTRAST, SIXTEEN, SIXTEEN_LIGHT, MONO];

/// For backgrounds up to `#1e1e1e`. Blue is data and time, yellow a warning, orange-red an error, green-blue good news,
/// pink what the user made, bold white what people did to the system and keys to press.
const DARK: Theme = Theme {
    name: ThemeName::Dark,
    symbols: Symbols::Unicode,
    base: PLAIN,
    text: PLAIN,
    dim: fg(248),
    faint: fg(245),
    strong: BOLD,
    key: fg(231).add_modifier(Modifier::BOLD),
    time: fg(74),
    good: fg(115),
    warn: fg(220),
    error: fg(209),
    mark: fg(225),
    change: fg(231),
    profile: fg(231),
    fill: fg(104),
    band: fg(74),
    cursor: on(231, 238),
    range: bg(18),
    selected: bg(235),
    selected_focused: bg(236).add_modifier(Modifier::BOLD),
    overlay: bg(234),
    baseline: fg(115),
    incubation: fg(220),
    impact: fg(209),
    recovery: fg(225),
    accents: [fg(74), fg(220), fg(225), fg(115), fg(209), fg(231)],
    heat: [fg(104), fg(74), fg(117), fg(159), fg(231)],
};

/// For backgrounds from `#fbfbf9` up.
const LIGHT: Theme = Theme {
    name: ThemeName::Light,
    symbols: Symbols::Unicode,
    base: PLAIN,
    text: PLAIN,
    dim: fg(240),
    faint: fg(242),
    strong: BOLD,
    key: fg(16).add_modifier(Modifier::BOLD),
    time: fg(26),
    good: fg(23),
    warn: fg(94),
    error: fg(88),
    mark: fg(54),
    change: fg(16),
    profile: fg(16),
    fill: fg(61),
    band: fg(26),
    cursor: on(16, 252),
    range: bg(195),
    selected: bg(255),
    selected_focused: bg(255).add_modifier(Modifier::BOLD),
    overlay: bg(255),
    baseline: fg(23),
    incubation: fg(94),
    impact: fg(88),
    recovery: fg(54),
    accents: [fg(26), fg(94), fg(54), fg(23), fg(88), fg(16)],
    heat: [fg(61), fg(26), fg(25), fg(18), fg(16)],
};

/// White on black whatever the terminal has; every pair at least 7:1.
const HIGH_CONTRAST: Theme = Theme {
    name: ThemeName::HighContrast,
    symbols: Symbols::Unicode,
    base: on(231, 16),
    text: fg(231),
    dim: fg(254),
    faint: fg(251),
    strong: fg(231).add_modifier(Modifier::BOLD),
    key: fg(231).add_modifier(Modifier::BOLD),
    time: fg(153),
    good: fg(49),
    warn: fg(220),
    error: fg(209),
    mark: fg(177),
    change: fg(231).add_modifier(Modifier::BOLD),
    profile: fg(231).add_modifier(Modifier::BOLD),
    fill: fg(110),
    band: fg(153),
    cursor: on(16, 231),
    range: on(231, 18),
    selected: on(231, 16).add_modifier(Modifier::UNDERLINED),
    selected_focused: on(16, 231).add_modifier(Modifier::BOLD),
    overlay: bg(16),
    baseline: fg(49),
    incubation: fg(220),
    impact: fg(209),
    recovery: fg(177),
    accents: [fg(153), fg(220), fg(177), fg(49), fg(209), fg(231)],
    heat: [fg(110), fg(117), fg(153), fg(195), fg(231)],
};

/// Only those of the 16 colours that can be read on black with the colours of xterm and of the Linux console: blue and
/// the dark grey cannot.
const SIXTEEN: Theme = Theme {
    name: ThemeName::Sixteen,
    symbols: Symbols::Unicode,
    base: PLAIN,
    text: PLAIN,
    dim: PLAIN,
    faint: named(Color::Gray),
    strong: BOLD,
    key: BOLD,
    time: named(Color::Cyan),
    good: named(Color::Green),
    warn: named(Color::LightYellow),
    error: named(Color::LightRed),
    mark: named(Color::LightMagenta),
    change: named(Color::White),
    profile: named(Color::White),
    fill: named(Color::Cyan),
    band: named(Color::Cyan),
    cursor: REVERSED,
    range: Style::new().fg(Color::White).bg(Color::Blue),
    selected: UNDERLINED,
    selected_focused: REVERSED,
    overlay: PLAIN,
    baseline: named(Color::Green),
    incubation: named(Color::LightYellow),
    impact: named(Color::LightRed),
    recovery: named(Color::LightMagenta),
    accents: [
        named(Color::Cyan),
        named(Color::LightYellow),
        named(Color::LightMagenta),
        named(Color::Green),
        named(Color::LightRed),
        named(Color::White),
    ],
    heat: [named(Color::Gray), named(Color::Cyan), named(Color::Cyan), named(Color::LightCyan), named(Color::White)],
};

/// The same on white, where only black, blue, red and magenta can be read.
const SIXTEEN_LIGHT: Theme = Theme {
    name: ThemeName::SixteenLight,
    symbols: Symbols::Unicode,
    base: PLAIN,
    text: PLAIN,
    dim: PLAIN,
    faint: DIM,
    strong: BOLD,
    key: BOLD,
    time: named(Color::Blue),
    good: named(Color::Blue),
    warn: named(Color::Magenta),
    error: named(Color::Red),
    mark: named(Color::Magenta),
    change: named(Color::Black),
    profile: named(Color::Black),
    fill: named(Color::Blue),
    band: named(Color::Blue),
    cursor: REVERSED,
    range: Style::new().fg(Color::White).bg(Color::Blue),
    selected: UNDERLINED,
    selected_focused: REVERSED,
    overlay: PLAIN,
    baseline: named(Color::Blue),
    incubation: named(Color::Magenta),
    impact: named(Color::Red),
    recovery: named(Color::Magenta),
    accents: [named(Color::Blue), named(Color::Red), named(Color::Magenta), named(Color::Black), named(Color::Blue), named(Color::Red)],
    heat: [named(Color::Blue), named(Color::Blue), named(Color::Blue), named(Color::Black), named(Color::Black)],
};

/// No colour at all (`NO_COLOR`).
const MONO: Theme = Theme {
    name: ThemeName::Mono,
    symbols: Symbols::Unicode,
    base: PLAIN,
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
};
