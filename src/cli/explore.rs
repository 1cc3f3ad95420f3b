//! `coroner SOURCE…`: the screen.

use std::io::IsTerminal as _;

use super::Outcome;
use super::args::OpenArgs;
use super::documents::default_target;
use super::open::{self, Opened};
use crate::app::actions::Action;
use crate::app::tour::Offer;
use crate::app::{CasePlace, Message, Setup, State};
use crate::runtime::journal::{CaseStore, Mode};
use crate::runtime::session::{self, Start};
use crate::ui::Theme;

/// Opens what the arguments name, and remembers it for the welcome screen.
pub fn explore(args: &OpenArgs, follow: Follow) -> anyhow::Result<Outcome> {
    let opened = open::open(args)?;
    run_with(opened, follow, None, &|name| super::first::remember(args, name))
}

/// Opens the demo, with its tour offered or begun.
pub fn demo(opened: Opened, offer: Offer) -> anyhow::Result<Outcome> {
    run_with(opened, Follow::No, Some(Message::Tour(offer)), &|_| {})
}

/// Opens a case on its list of conflicts.
pub fn settle(args: &OpenArgs) -> anyhow::Result<Outcome> {
    run_with(open::open(args)?, Follow::No, Some(Message::RunAction(Action::Conflicts)), &|_| {})
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

/// Whether there is a terminal that can show the screen, and what works without.
pub fn ensure_terminal() -> anyhow::Result<()> {
    anyhow::ensure!(
        std::io::stdout().is_terminal() && std::io::stdin().is_terminal(),
        "the explorer needs a terminal; without one use: coroner inspect, events, series, export, or screenshot"
    );
    anyhow::ensure!(
        std::env::var("TERM").as_deref() != Ok("dumb"),
        "TERM=dumb cannot show the explorer; coroner inspect, events and export work"
    );
    Ok(())
}

/// Runs the screen over something opened; `remember` is told what the case is called once it could be opened.
fn run_with(opened: Opened, follow: Follow, first: Option<Message>, remember: &dyn Fn(&str)) -> anyhow::Result<Outcome> {
    ensure_terminal()?;
    let export_to = default_target(&opened);
    let (store, on_disk, notices) = CaseStore::open(&opened.case_dir)?;
    let seed = opened.seed.clone().filter(|_| store.is_new());
    remember(if on_disk.meta.title.is_empty() { &opened.name } else { &on_disk.meta.title });
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
pub fn theme_from_environment() -> Theme {
    Theme::of_terminal(|name| std::env::var(name).ok())
}
