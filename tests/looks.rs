//! How every pane and layer looks at four sizes in three themes: one file a pane, so that a change is read at once.
//!
//! A file holds the text of the dark theme whole; of the light theme only that its text is the same, and its styles; of
//! the ASCII theme the lines in which other signs stand than their plain twins. Styles are runs of letters, one letter a
//! style, rows that repeat the row above left out.

mod fake;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use coroner::app::tour::Offer;
use coroner::app::welcome::{Recent, Sight, Welcome};
use coroner::app::{Message, State, keys};
use coroner::model::Timestamp;
use coroner::ui::{self, Theme};
use fake::Session;
use fake::screen::{paint, rows};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

/// `#a0b0c0`, a name, and the modifiers as letters.
fn style_words(fg: Color, bg: Color, modifier: Modifier) -> String {
    let color = |color: Color| match color {
        Color::Reset => "-".to_owned(),
        Color::Rgb(r, g, b) => format!("{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(n) => n.to_string(),
        other => format!("{other:?}").to_lowercase(),
    };
    let marks =
        [(Modifier::BOLD, '*'), (Modifier::DIM, '.'), (Modifier::REVERSED, '!'), (Modifier::UNDERLINED, '_'), (Modifier::ITALIC, '/')];
    let marks: String = marks.into_iter().filter(|(mark, _)| modifier.contains(*mark)).map(|(_, sign)| sign).collect();
    format!("{}/{}{marks}", color(fg), color(bg))
}

/// Runs of styles, a line for each row that differs from the row above; letters by first use.
fn styles(buffer: &Buffer) -> String {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut letters: BTreeMap<String, char> = BTreeMap::new();
    let mut legend = Vec::new();
    let mut out = String::new();
    let mut last = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(char, u16)> = Vec::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let words = style_words(cell.fg, cell.bg, cell.modifier);
            let n = letters.len();
            let letter = *letters.entry(words.clone()).or_insert_with(|| {
                let letter = LETTERS.chars().nth(n).unwrap_or('?');
                legend.push(format!("{letter} {words}"));
                letter
            });
            match runs.last_mut() {
                Some((of, length)) if *of == letter => *length += 1,
                _ => runs.push((letter, 1)),
            }
        }
        // The rest of a row needs no length.
        let n = runs.len();
        let line: String = runs
            .iter()
            .enumerate()
            .map(|(i, (letter, length))| if i + 1 == n || *length == 1 { letter.to_string() } else { format!("{letter}{length}") })
            .collect();
        if line != last {
            let _ = writeln!(out, "{y:>2} {line}");
            last = line;
        }
    }
    format!("{}\n{out}", legend.join("  "))
}

/// Signs that ASCII replaces, as pairs; what is not among them stands out in the snapshot.
fn differing(dark: &[String], ascii: &[String]) -> String {
    let mut pairs: BTreeMap<char, char> = BTreeMap::new();
    let mut out = String::new();
    for (y, (dark, ascii)) in dark.iter().zip(ascii).enumerate() {
        let (a, b): (Vec<char>, Vec<char>) = (dark.chars().collect(), ascii.chars().collect());
        let is_same = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || *pairs.entry(*a).or_insert(*b) == *b);
        if !is_same {
            let _ = writeln!(out, "{y:>2} {ascii}");
        }
    }
    let pairs: String = pairs.iter().map(|(a, b)| format!("{a}{b} ")).collect();
    format!("{}\n{out}", pairs.trim_end())
}

/// Everything about a pane in one snapshot.
fn look(name: &str, draw: impl Fn((u16, u16), &Theme) -> Buffer) {
    let mut out = String::new();
    for size in SIZES {
        let (dark, light) = (draw(size, &Theme::dark()), draw(size, &Theme::light()));
        let ascii = draw(size, &Theme::mono().ascii());
        let text = rows(&dark);
        assert_eq!(text, rows(&light), "{name}: no meaning is only a colour");
        assert!(rows(&ascii).iter().all(|row| row.is_ascii()), "{name} in ASCII");
        let (width, height) = size;
        let _ = writeln!(out, "== {width}x{height} dark\n{}\n-- styles dark\n{}", text.join("\n"), styles(&dark));
        let _ = writeln!(out, "-- styles light\n{}", styles(&light).lines().next().unwrap_or_default());
        let _ = writeln!(out, "-- ascii\n{}", differing(&text, &rows(&ascii)));
    }
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "snapshots/looks"}, {
        insta::assert_snapshot!(name, out);
    });
}

fn look_at(name: &str, sequence: &str) {
    keys::parse_sequence(sequence).expect(sequence);
    look(name, |size, theme| {
        let mut session = Session::loaded(size.0, size.1);
        session.keys(sequence);
        paint(size, |frame| ui::draw(&session.state, theme, frame))
    });
}

/// Every pane: name of its file, keys that lead there.
const PANES: &[(&str, &str)] = &[
    ("panels", ". t 0 2"),
    ("panels_large", ". t 0 2 z"),
    ("changes", ". t 0 1 ."),
    ("events", "3 e"),
    ("events_large", "3 e z"),
    ("chain", "t t \"03:24:00\" Enter p c \"the pool is exhausted\" Tab d ^s . c \"scaled out\" ^s 4"),
    ("notes", "t t \"03:24:00\" Enter m Enter a \"nobody noticed\" ^s p 5"),
    ("detail", "3 e 6"),
    ("sources", "7"),
    ("patterns", ". t 0 8"),
    ("trace", "3 e t o"),
    ("compare", ". t 0 v t t \"03:27:00\" Enter b"),
    ("facets", "9"),
    ("replay", "t t \"03:24:00\" Enter t ."),
];

/// Every layer.
const LAYERS: &[(&str, &str)] = &[
    ("help", "?"),
    ("help_all", "? tab"),
    ("help_in_a_form", "c F1"),
    ("palette", "^p \"roll\""),
    ("command", ": \"go\""),
    ("panel_picker", "P \"go_\""),
    ("markers", "m"),
    ("find", "/ \"pool exh\""),
    ("goto", "t t \"03:2\""),
    ("filter", "& \"level>=warm\""),
    ("filters", "& \"level>=warn pool\" Enter F"),
    ("note", "t t \"03:23:00\" Enter a \"Nobody noticed\\n漢字 yet\""),
    ("form", "p c \"pool is exhausted\" Tab"),
    ("question", "a \"x\" esc"),
    ("prefix", "t"),
    ("prefix_many", ";"),
    ("source_zone", "3 e t Z \"+01:00\""),
    ("columns", "C"),
    ("lanes", "^w l"),
    ("suggested", "; s"),
    ("document", ". t 0 m Enter ; v"),
];

#[test]
fn every_pane_looks_as_it_did() {
    for (name, sequence) in PANES {
        look_at(name, sequence);
    }
}

#[test]
fn every_layer_looks_as_it_did() {
    for (name, sequence) in LAYERS {
        look_at(name, sequence);
    }
}

#[test]
fn no_pane_and_no_layer_is_without_a_picture() {
    let mut seen = std::collections::BTreeSet::new();
    for (_, sequence) in PANES.iter().chain(LAYERS) {
        let mut session = Session::loaded(120, 40);
        session.keys(sequence);
        seen.extend(session.state.places());
    }
    let missing: Vec<_> = State::every_place().into_iter().filter(|place| !seen.contains(place)).collect();
    assert!(missing.is_empty(), "no line of PANES or LAYERS shows {missing:?}");
}

#[test]
fn the_welcome_and_the_tour_look_as_they_did() {
    let recent = |name: &str, hours: i64, is_there| Recent {
        name: name.into(),
        place: format!("/home/on-call/incidents/{name}"),
        opened: Timestamp::from_secs(fake::START - hours * 3_600),
        is_there,
    };
    let welcome = |has_keys: bool, n_recent: usize| {
        let sight = Sight { kinds: vec![("logs".into(), 8), ("with metrics".into(), 37)], n_others: 2, is_cut_short: false };
        let all = vec![recent("order-outage", 2, true), recent("支付-timeout", 50, true), recent("moved-away", 2_000, false)];
        let mut screen = Welcome::new("/home/on-call/incidents", Some(sight), all.into_iter().take(n_recent).collect(), fake::at(0));
        for key in keys::parse_sequence(if has_keys { "?" } else { "j j j" }).expect("keys") {
            screen.key(key);
        }
        screen
    };
    look("welcome", |size, theme| paint(size, |frame| ui::welcome::draw(&welcome(false, 3), theme, frame)));
    look("welcome_first_time", |size, theme| paint(size, |frame| ui::welcome::draw(&welcome(false, 0), theme, frame)));
    look("welcome_keys", |size, theme| paint(size, |frame| ui::welcome::draw(&welcome(true, 3), theme, frame)));
    look("tour", |size, theme| {
        let mut session = Session::loaded(size.0, size.1);
        session.send(Message::Tour(Offer::Accepted));
        paint(size, |frame| ui::draw(&session.state, theme, frame))
    });
    look("tour_offer", |size, theme| {
        let mut session = Session::loaded(size.0, size.1);
        session.send(Message::Tour(Offer::Asked));
        paint(size, |frame| ui::draw(&session.state, theme, frame))
    });
}

#[test]
fn the_snapshots_stay_small() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/looks");
    let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let all: u64 = std::fs::read_dir(folder).expect("snapshots").flatten().map(|entry| size(&entry.path())).sum();
    assert!(all < 1_500_000, "{all} bytes of snapshots");
}
