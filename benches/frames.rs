//! What a frame costs: microseconds to draw and encode it, and bytes to the terminal. Not a test, not criterion.
//!
//! `cargo bench --bench frames [-- SOURCE...]`; the demo without any. Times are medians; `at 30 kB/s` is what a slow line
//! needs for the frame.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for people who measure")]

use std::path::PathBuf;
use std::time::Instant;

use coroner::app::{CasePlace, Message, Setup, State, keys};
use coroner::cli::args::OpenArgs;
use coroner::cli::open::{self, Notes, Opened};
use coroner::runtime::batch::Batch;
use coroner::runtime::export::Target;
use coroner::runtime::frame::{Known, encode};
use coroner::ui::{self, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const ROUNDS: usize = 60;

fn main() {
    let sources: Vec<PathBuf> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).map(PathBuf::from).collect();
    let opened = if sources.is_empty() {
        open::open_demo(None, Notes::Finished).unwrap()
    } else {
        open::open(&OpenArgs { sources, ..OpenArgs::default() }).unwrap()
    };
    let catalog = open::load(&opened, true).unwrap();
    println!("{}: {} events, {} series", opened.name, catalog.n_events, catalog.series.len());
    println!("{:>8}  {:<22} {:>9} {:>9} {:>12}", "size", "frame", "µs", "bytes", "at 30 kB/s");
    for size in [(80, 24), (120, 40), (200, 60)] {
        measure(&opened, size);
    }
}

/// Each kind of frame, over and over.
fn measure(opened: &Opened, size: (u16, u16)) {
    let setup = Setup {
        title: opened.name.clone(),
        case: opened.case().unwrap(),
        now: coroner::model::Timestamp::default(),
        id_seed: 0,
        author: String::new(),
        size,
        place: CasePlace::Saved(String::new()),
    };
    let mut batch = Batch::new(State::new(setup), &*opened.source, Target::default()).unwrap();
    for (name, keys, known) in [
        ("whole screen", "", Known::Stale),
        ("nothing changed", "", Known::Shown),
        ("cursor, one column", "l", Known::Shown),
        ("event list, one row", "3 j", Known::Shown),
        ("event list, half a page", "3 ^d", Known::Shown),
        ("zoom in, then out", "+", Known::Shown),
        ("a word is said", "y", Known::Shown),
    ] {
        let keys = keys::parse_sequence(keys).unwrap();
        // Each kind from the same place.
        batch.press(&keys::parse_sequence("0 2 g e esc").unwrap());
        let (mut times, mut bytes) = (Vec::new(), Vec::new());
        let mut shown = drawn(&batch.state, size);
        for round in 0..ROUNDS {
            let is_zoom = name.starts_with("zoom") && round % 2 == 1;
            if is_zoom {
                batch.feed(Message::Key(keys::parse_sequence("-").unwrap()[0]));
            } else {
                batch.press(&keys);
            }
            let start = Instant::now();
            let next = drawn(&batch.state, size);
            let mut out = Vec::new();
            encode(&shown, &next, known, &mut out);
            times.push(start.elapsed().as_micros());
            bytes.push(out.len());
            shown = next;
        }
        times.sort_unstable();
        bytes.sort_unstable();
        let (time, bytes) = (times[ROUNDS / 2], bytes[ROUNDS / 2]);
        println!("{:>8}  {name:<22} {time:>9} {bytes:>9} {:>9} ms", format!("{}x{}", size.0, size.1), bytes / 30);
    }
}

fn drawn(state: &State, (width, height): (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    ui::paint(state, &Theme::dark(), &mut buffer);
    buffer
}
