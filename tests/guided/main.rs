//! The first minutes with the program, by keys alone on the recorded outage: the guided tour, and whole stories with the
//! number of key presses that they take.

mod stories;
mod tour;

use std::path::PathBuf;
use std::sync::OnceLock;

use coroner::app::{CasePlace, Message, Setup, State, keys};
use coroner::cli::args::{OpenArgs, ReadArgs};
use coroner::cli::documents;
use coroner::cli::open::{self, Notes, Opened};
use coroner::model::{CaseDoc, Timestamp};
use coroner::runtime::batch::{Batch, as_text};
use coroner::source::Job;
use coroner::ui::Theme;

/// Somebody with the demo and a keyboard.
pub struct Walker<'a> {
    /// The state machine over the demo.
    pub batch: Batch<'a>,
    size: (u16, u16),
}

impl Walker<'_> {
    /// Presses keys.
    pub fn press(&mut self, sequence: &str) {
        for key in keys::parse_sequence(sequence).expect(sequence) {
            self.batch.press(&[key]);
        }
        if sequence.ends_with('X') {
            // The batch writes no files.
            self.batch.feed(Message::Exported(PathBuf::from("coroner-demo/postmortem.md")));
        }
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        as_text(&self.batch.screen(self.size, &Theme::dark()).expect("a screen"))
    }

    /// Fails unless these words are on the screen.
    #[track_caller]
    pub fn check_shows(&self, words: &str) {
        assert!(self.screen().contains(words), "{words:?} is not on the screen:\n{}", self.screen());
    }
}

/// Opens the demo, read whole, as often as the test wants.
pub fn with_demo(notes: Notes, test: impl Fn(&mut dyn FnMut((u16, u16)) -> Walker<'static>)) {
    static DEMO: OnceLock<Opened> = OnceLock::new();
    // Unpacking and reading takes longest: all tests share it.
    let opened = DEMO.get_or_init(|| {
        let opened = open::open_demo(Some(PathBuf::from("/nonexistent/tour")), Notes::Finished).expect("the demo");
        opened.source.load(&Job::new(), &|| {}).expect("it is whole");
        opened
    });
    let case = if notes == Notes::Finished { opened.case().expect("the case") } else { CaseDoc::default() };
    test(&mut |size| {
        let setup = Setup {
            title: "order-outage".into(),
            case: case.clone(),
            now: Timestamp::from_secs(1_800_000_000),
            id_seed: 7,
            author: "new".into(),
            size,
            place: CasePlace::Saved("coroner-demo".into()),
        };
        Walker { batch: Batch::new(State::new(setup), &*opened.source, documents::default_target(opened)).expect("a catalog"), size }
    });
}

/// Opens an excerpt of another recorded outage, without notes.
pub fn with_no_timeout(test: impl FnOnce(Walker<'_>)) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/no-timeout.tar.gz");
    let read = ReadArgs { case: Some(PathBuf::from("/nonexistent/no-timeout")), no_cache: true, ..ReadArgs::default() };
    let opened = open::open(&OpenArgs { sources: vec![path.into()], read }).expect("the excerpt");
    opened.source.load(&Job::new(), &|| {}).expect("it is whole");
    let setup = Setup {
        title: "no-timeout".into(),
        case: CaseDoc::default(),
        now: Timestamp::from_secs(1_800_000_000),
        id_seed: 7,
        author: "new".into(),
        size: (120, 40),
        place: CasePlace::Saved("no-timeout".into()),
    };
    let target = documents::default_target(&opened);
    test(Walker { batch: Batch::new(State::new(setup), &*opened.source, target).expect("a catalog"), size: (120, 40) });
}
