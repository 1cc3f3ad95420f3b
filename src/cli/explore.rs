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
use crate::ui::Theme;

/// Opens what the arguments name.
pub fn explore(args: &OpenArgs, follow: Follow) -> anyhow::Result<Outcome> {
    run(open::open(args)?, follow)
}

/// Opens a case on its list of conflicts.
pub fn settle(args: &OpenArgs) -> anyhow::Result<Outcome> {
    run_with(open::open(args)?, Follow::No, Some(Message::RunAction(Action::Conflicts)))
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
pub fn run(opened: Opened, follow: Follow) -> anyhow::Result<Outcome> {
    run_with(opened, follow, None)
}

fn run_with(opened: Opened, follow: Follow, first: Option<Message>) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        std::io::stdout().is_terminal() && std::io::stdin().is_terminal(),
        "the explorer needs a terminal; without one use: coroner inspect, events, series, export, or screenshot"
    );
    anyhow::ensure!(
        std::env::var("TERM").as_deref() != Ok("dumb"),
        "TERM=dumb cannot show the explorer; coroner inspect, events and export work"
    );
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
    let theme = theme_from_environment();
    session::run(Start { source: opened.source, store, seed, notices, state, theme, export_to, is_following, first })?;
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

/// Colours and signs that the terminal can show.
fn theme_from_environment() -> Theme {
    Theme::of_terminal(|name| std::env::var(name).ok())
}
