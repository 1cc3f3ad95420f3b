//! What the themes promise: every pair of colours that is really drawn can be read, colours of different meaning stay apart
//! for colour-blind eyes, and no meaning is only a colour. Rows keep their width whatever the letters.
//!
//! Contrast is that of WCAG 2.2: (L1 + 0.05) / (L2 + 0.05) with the relative luminance of sRGB. Colour blindness is
//! simulated with the matrices of Machado, Oliveira and Fernandes (2009) at full severity, on linear light; distances are
//! CIEDE2000 (Sharma, Wu, Dalal 2005), where 2.3 is about the least that eyes tell apart side by side.

mod colour;
mod fake;
mod pointer;
mod spoken;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use colour::{Ink, contrast, distance};
use coroner::app::Message;
use coroner::app::looks::ThemeName;
use coroner::ui::{self, Theme};
use fake::Session;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use unicode_width::UnicodeWidthStr;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

/// Keys that bring every pane and layer on screen.
const SCREENS: &[&str] = &[
    "",
    "t t \"03:22:05\" Enter m \"trigger\" Enter t t \"T+55s\" Enter m \"impact start\" Enter a \"a note\" ^s e p c \"a step\" ^s t t \"T+4m55s\" Enter m \"mitigated\" Enter t t \"T+3m\" Enter",
    "t t \"03:23:00\" Enter v L L",
    "3 v j j j",
    "t t \"03:23:00\" Enter + + +",
    "? \"zoom\"",
    "^p \"gor\"",
    "P",
    "a \"a note 漢字\"",
    "c \"a step\" Tab",
    "& \"level>=\"",
    "& \"level>=warn\" Enter F",
    "/ \"pool\"",
    "/ \"pool\" Enter n",
    "q",
    "t",
    ";",
    "t t \"nonsense\"",
    "1 . Enter",
    "3 e Enter",
    "4",
    "5",
    "7",
    "8 j",
    "t t \"03:22:05\" Enter t 0 v t t \"03:27:00\" Enter b z j j",
    "e t o",
    "2 V o",
    "2 V s",
    "2 V m",
    "V b",
    "t t \"03:23:30\" Enter P \"heat map rpc\" Enter 2 6",
    "t t \"03:22:05\" Enter t 0 2 Y B j R 6",
    "2 z",
    "A \"do it\"",
];

fn drawn(session: &Session, theme: &Theme) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, session.size.0, session.size.1));
    ui::paint(&session.state, theme, &mut buffer);
    buffer
}

fn sessions() -> Vec<Session> {
    let mut sessions: Vec<Session> = SCREENS
        .iter()
        .map(|keys| {
            let mut session = Session::loaded(120, 40);
            session.keys(keys);
            session
        })
        .collect();
    let mut narrow = Session::loaded(60, 16);
    narrow.send(Message::Notice("a word that is long enough to be folded over more than one row of a narrow screen".into()));
    sessions.push(narrow);
    let mut loading = Session::unloaded(120, 40);
    loading.loading();
    sessions.push(loading);
    sessions
}

/// Ink and paper of all cells that show something, with an example.
fn pairs(theme: &Theme, sessions: &[Session]) -> BTreeMap<(String, String), ((Color, Color), String)> {
    let mut pairs = BTreeMap::new();
    for session in sessions {
        let buffer = drawn(session, theme);
        for (index, cell) in buffer.content.iter().enumerate().filter(|(_, cell)| cell.symbol().trim() != "") {
            // Reversed, it is the same contrast.
            let pair = (cell.fg, cell.bg);
            let row = index / usize::from(buffer.area.width);
            let example = || format!("{:?} in row {row}", cell.symbol());
            pairs.entry((format!("{:?}", pair.0), format!("{:?}", pair.1))).or_insert_with(|| (pair, example()));
        }
    }
    pairs
}

/// What the terminals have behind text that a theme is made for, and the ink they write with.
fn pages(theme: ThemeName) -> &'static [(&'static str, &'static str, [&'static str; 16])] {
    /// The palettes of xterm and of the Linux console.
    const XTERM: [&str; 16] = [
        "000000", "cd0000", "00cd00", "cdcd00", "0000ee", "cd00cd", "00cdcd", "e5e5e5", "7f7f7f", "ff0000", "00ff00", "ffff00", "5c5cff",
        "ff00ff", "00ffff", "ffffff",
    ];
    const CONSOLE: [&str; 16] = [
        "000000", "aa0000", "00aa00", "aa5500", "0000aa", "aa00aa", "00aaaa", "aaaaaa", "555555", "ff5555", "55ff55", "ffff55", "5555ff",
        "ff55ff", "55ffff", "ffffff",
    ];
    match theme {
        ThemeName::Dark => &[("000000", "ffffff", XTERM), ("14161b", "d4d7dd", XTERM), ("1e1e1e", "d4d4d4", XTERM)],
        ThemeName::Light => &[("ffffff", "000000", XTERM), ("fbfbf9", "22252a", XTERM)],
        ThemeName::Sixteen => &[("000000", "e5e5e5", XTERM), ("000000", "aaaaaa", CONSOLE)],
        ThemeName::SixteenLight => &[("ffffff", "000000", XTERM), ("ffffff", "000000", CONSOLE)],
        ThemeName::HighContrast | ThemeName::Mono => &[("000000", "ffffff", XTERM), ("ffffff", "000000", XTERM)],
    }
}

#[test]
fn every_pair_of_colours_that_is_drawn_can_be_read() {
    let sessions = sessions();
    for name in ThemeName::ALL {
        let least = if name == ThemeName::HighContrast { 7.0 } else { 4.5 };
        let mut wrong = String::new();
        for ((ink, paper), example) in pairs(&Theme::of(name), &sessions).into_values() {
            for (background, foreground, palette) in pages(name) {
                let of = |color, default: &str| Ink::of(color, palette).unwrap_or_else(|| Ink::hex(default));
                let got = contrast(of(ink, foreground), of(paper, background));
                if got < least {
                    let _ = writeln!(wrong, "{ink:?} on {paper:?} over {background}: {got:.2}, {example}");
                }
            }
        }
        assert!(wrong.is_empty(), "{} needs {least}:1\n{wrong}", name.name());
    }
}

#[test]
fn colours_of_different_meaning_stay_apart_for_colour_blind_eyes() {
    /// Four times what can just be told apart side by side.
    const LEAST: f64 = 9.5;
    for name in [ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast] {
        let meanings = Theme::of(name).meanings();
        for (index, (one, style)) in meanings.iter().enumerate() {
            for (other, other_style) in &meanings[index + 1..] {
                let ink = |style: &Style| Ink::of(style.fg.expect("a colour"), &[""; 16]).expect("one of the 256");
                let (apart, eyes) = distance(ink(style), ink(other_style));
                assert!(apart >= LEAST, "{}: {one} and {other} are {apart:.1} apart with {eyes}", name.name());
            }
        }
    }
}

#[test]
fn more_observations_are_never_darker_on_dark_nor_lighter_on_light() {
    for (name, sign) in [(ThemeName::Dark, 1.0), (ThemeName::HighContrast, 1.0), (ThemeName::Light, -1.0)] {
        let light = Theme::of(name).heat().map(|style| Ink::of(style.fg.expect("a colour"), &[""; 16]).expect("of 256").luminance() * sign);
        assert!(light.windows(2).all(|pair| pair[0] < pair[1]), "{}: {light:?}", name.name());
    }
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let mut rows = Vec::new();
    for y in 0..buffer.area.height {
        let mut row = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            row.push_str(buffer[(x, y)].symbol());
            skip = buffer[(x, y)].symbol().width().saturating_sub(1);
        }
        rows.push(row);
    }
    rows
}

#[test]
fn no_meaning_is_only_a_colour() {
    for session in sessions() {
        let dark = rows(&drawn(&session, &Theme::dark()));
        for name in ThemeName::ALL {
            assert_eq!(rows(&drawn(&session, &Theme::of(name))), dark, "{}", name.name());
        }
    }
}

#[test]
fn a_terminal_of_ascii_gets_no_other_byte() {
    let mut sessions = sessions();
    for (width, height) in SIZES {
        for keys in SCREENS {
            let mut session = Session::loaded(width, height);
            session.keys(keys);
            sessions.push(session);
        }
    }
    for session in sessions {
        let theme = Theme::dark().ascii();
        let buffer = drawn(&session, &theme);
        assert!(rows(&buffer).iter().all(|row| row.is_ascii()));
        let mut bytes = Vec::new();
        coroner::runtime::frame::encode(&buffer, &buffer, coroner::runtime::frame::Known::Stale, &mut bytes);
        assert!(bytes.is_ascii());
        for line in ui::describe(&session.state) {
            assert!(theme.written(&line).is_ascii(), "{line}");
        }
    }
}

/// Letters that are wide, joined, written from the right, or nothing at all.
const LETTERS: &[&str] = &[
    "漢字かな交じり文",
    "e\u{301}a\u{308}\u{323}o\u{302}",
    "👩‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ⚠️ ❤️",
    "مرحبا بالعالم لا",
    "שלום עולם",
    "a\u{202e}b\u{2066}c\u{200f}d",
    "\u{200b}\u{feff}\u{ad}x\u{200d}y",
    "क्षि ไทย ខ្មែរ",
    "ﷺ 𒐫 ꧅",
    "\u{1b}[31mred\u{7}\t\u{9b}1m",
];

#[test]
fn rows_keep_their_width_whatever_the_letters() {
    for text in LETTERS {
        let typed: String = text.chars().filter(|c| *c != '"' && !c.is_control()).collect();
        for (width, height) in SIZES {
            let mut session = Session::saying(width, height, text);
            for keys in [
                String::new(),
                format!("a \"{typed}\""),
                format!("a \"{typed}\" ^s 5"),
                format!("c \"{typed}\" ^s 4"),
                format!("^p \"{typed}\""),
                format!("/ \"{typed}\""),
                format!("& \"{typed}\" Enter F"),
                "8 z".to_owned(),
                "3 Enter z".to_owned(),
                "P".to_owned(),
            ] {
                session.keys("esc esc esc esc");
                session.keys(&keys);
                for theme in [Theme::dark(), Theme::mono().ascii()] {
                    let buffer = drawn(&session, &theme);
                    for row in rows(&buffer) {
                        // Some letters join to fewer columns; each stands in a cell of its own.
                        let is_joined = row.chars().any(|c| ('\u{600}'..'\u{700}').contains(&c));
                        let columns = if is_joined { cells(&row) } else { row.width() };
                        assert_eq!(columns, usize::from(width), "{keys:?}: {row:?}");
                        assert!(!row.chars().any(is_hidden), "{keys:?}: {row:?}");
                    }
                }
            }
        }
    }
}

/// Columns, letter by letter.
fn cells(row: &str) -> usize {
    use unicode_segmentation::UnicodeSegmentation as _;
    row.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Controls, and what changes the direction of writing.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// Styles as letters: one letter a style, the same letter for the same style, with a legend.
fn styles(buffer: &Buffer) -> String {
    let name = |cell: &ratatui::buffer::Cell| format!("{:?} on {:?} {:?}", cell.fg, cell.bg, cell.modifier);
    let seen: BTreeSet<String> = buffer.content.iter().map(name).collect();
    let letters: BTreeMap<&String, char> = seen.iter().zip(('a'..='z').chain('A'..='Z')).collect();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(char, usize)> = Vec::new();
        for x in 0..buffer.area.width {
            let letter = letters.get(&name(&buffer[(x, y)])).copied().unwrap_or('?');
            match runs.last_mut() {
                Some((last, n)) if *last == letter => *n += 1,
                _ => runs.push((letter, 1)),
            }
        }
        let words: Vec<String> = runs.iter().map(|(letter, n)| format!("{letter}{n}")).collect();
        let _ = writeln!(out, "{}", words.join(" "));
    }
    for (style, letter) in letters {
        let _ = writeln!(out, "{letter} = {}", style.replace("NONE", "").trim());
    }
    out
}

#[test]
fn the_main_screen_looks_the_same_as_ever_in_three_themes() {
    for name in [ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast] {
        for (width, height) in SIZES {
            let mut session = Session::loaded(width, height);
            session.keys("t t \"03:22:05\" Enter t 0 t t \"T+2m\" Enter");
            let buffer = drawn(&session, &Theme::of(name));
            insta::assert_snapshot!(format!("{}_{width}x{height}", name.name()), styles(&buffer));
        }
    }
}

#[test]
fn a_theme_that_was_chosen_counts_more_than_that_of_the_terminal() {
    let mut session = Session::loaded(120, 40);
    session.keys(": \"theme light\" Enter");
    assert_eq!(session.state.looks().theme(), Some(ThemeName::Light));
    assert_eq!(drawn(&session, &Theme::dark()).content, drawn(&session, &Theme::light()).content);
    session.keys("U t");
    assert_eq!(session.state.looks().theme(), Some(ThemeName::HighContrast));
    session.keys(": \"theme ascii\" Enter");
    assert!(rows(&drawn(&session, &Theme::dark())).iter().all(|row| row.is_ascii()));
    session.keys(": \"theme nothing\" Enter");
    assert!(session.state.notice().is_some_and(|words| words.contains("high-contrast")));
}
