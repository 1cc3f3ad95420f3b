//! `coroner SOURCE…`: the screen.

use std::io::IsTerminal as _;

use super::Outcome;
use super::args::OpenArgs;
use super::documents::default_target;
use super::open::{self, Opened};
use crate::app::actions::Action;
use crate::app::{CasePlace, Message, Setup, State};
use crate::runtime::journal::{CaseStore, Mode};
use crate::runtime::session::{self, Start};
use crate::ui::{Background, Theme};

/// Opens what the arguments name.
pub fn explore(args: &OpenArgs, follow: Follow, face: Face) -> anyhow::Result<Outcome> {
    run(open::open(args)?, follow, face)
}

/// Opens a case on its list of conflicts.
pub fn settle(args: &OpenArgs) -> anyhow::Result<Outcome> {
    run_with(open::open(args)?, Follow::No, Face::Cells, Some(Message::RunAction(Action::Conflicts)))
}

/// Whether growing sources are followed from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// New lines appear as they are written.
    Yes,
    /// Until the key is pressed.
    No,
}

impl From<bool> for Follow {
    fn from(is_asked: bool) -> Self {
        if is_asked { Self::Yes } else { Self::No }
    }
}

/// Runs the screen over something opened.
pub fn run(opened: Opened, follow: Follow, face: Face) -> anyhow::Result<Outcome> {
    run_with(opened, follow, face, None)
}

/// How the state is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// A screen of cells.
    #[default]
    Cells,
    /// Lines of text.
    Lines,
}

impl Face {
    /// Of the option `--plain`.
    pub(super) const fn of(is_plain: bool) -> Self {
        if is_plain { Self::Lines } else { Self::Cells }
    }

    /// Whether the explorer can be shown so where it was started; else an error that says what works there.
    fn check(self) -> anyhow::Result<()> {
        let term = std::env::var("TERM").unwrap_or_default();
        if self == Self::Lines {
            return Ok(());
        }
        anyhow::ensure!(
            std::io::stdout().is_terminal() && std::io::stdin().is_terminal(),
            "the explorer needs a terminal; without one: --plain tells everything in lines of text, coroner screenshot draws one screen, \
             coroner inspect, events, series and export answer in text and JSON"
        );
        anyhow::ensure!(
            !matches!(term.as_str(), "dumb" | "emacs"),
            "TERM={term} has no screen for the explorer; --plain tells everything in lines of text, coroner screenshot prints one screen"
        );
        Ok(())
    }
}

fn run_with(opened: Opened, follow: Follow, face: Face, first: Option<Message>) -> anyhow::Result<Outcome> {
    face.check()?;
    let export_to = default_target(&opened);
    let (store, on_disk, notices) = CaseStore::open(&opened.case_dir)?;
    let seed = opened.seed.clone().filter(|_| store.is_new());
    let state = State::new(Setup {
        title: opened.name.clone(),
        case: seed.clone().unwrap_or(on_disk),
        now: session::now(),
        id_seed: id_seed(),
        author: std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_else(|_| "unknown".into()),
        size: (80, 24),
        place: place(&store),
    });
    let is_following = follow == Follow::Yes;
    let theme = theme_from_environment(None);
    let theme_for = Theme::asks_background(variable).then_some((|background| theme_from_environment(Some(background))) as fn(_) -> _);
    let mut state = state;
    if face == Face::Lines {
        state.start_plain();
    }
    session::run(Start { source: opened.source, store, seed, notices, state, theme, theme_for, export_to, is_following, first })?;
    Ok(Outcome::Done)
}

/// Where the case is kept, or why it is not.
fn place(store: &CaseStore) -> CasePlace {
    match store.mode() {
        Mode::Writable => CasePlace::Saved(store.dir().display().to_string()),
        Mode::ReadOnly(why) => CasePlace::Nowhere(why.clone()),
        Mode::InMemory => CasePlace::Nowhere("notes are kept only while this runs; --case DIR keeps them".into()),
    }
}

/// Different in every process: time and process id, mixed by the state's generator.
fn id_seed() -> u64 {
    session::now().0 as u64 ^ u64::from(std::process::id()).rotate_left(40)
}

/// Colours and signs that the terminal can show, with the background that it told.
fn theme_from_environment(background: Option<Background>) -> Theme {
    Theme::of_answering_terminal(variable, background)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
