//! `coroner SOURCE…`: the screen.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::Outcome;
use super::args::{BeginArgs, OpenArgs};
use super::documents::default_target;
use super::kept;
use super::open::{self, Opened};
use super::settings;
use crate::app::actions::Action;
use crate::app::tour::Offer;
use crate::app::{CasePlace, Message, Script, Settings, Setup, State};
use crate::config::Config;
use crate::runtime::journal::{CaseStore, Mode};
use crate::runtime::memory;
use crate::runtime::position;
use crate::runtime::programs::{self, Programs};
use crate::runtime::session::{self, Start};
use crate::ui::{Background, Theme};

/// Opens what the arguments name, and remembers it for the welcome screen.
pub fn explore(args: &OpenArgs, begin: &Begin) -> anyhow::Result<Outcome> {
    let opened = open::open(args)?;
    run_with(opened, begin, Vec::new(), &|name| super::first::remember(args, name))
}

/// Opens the demo, with its tour offered or begun.
pub fn demo(opened: Opened, begin: &Begin, offer: Offer) -> anyhow::Result<Outcome> {
    run_with(opened, begin, vec![Message::Tour(offer)], &|_| {})
}

/// Opens a case on its list of conflicts.
pub fn settle(args: &OpenArgs) -> anyhow::Result<Outcome> {
    let first = vec![Message::RunAction(Action::Conflicts)];
    run_with(open::open(args)?, &Begin::default(), first, &|_| {})
}

/// How the explorer begins.
#[derive(Debug, Clone, Default)]
pub struct Begin {
    /// Whether growing sources are followed from the start.
    pub follow: Follow,
    /// Commands that run when everything is read.
    pub script: Script,
    /// What the user settled.
    pub config: Config,
    /// Whether what was kept is left alone.
    pub forgets: bool,
    /// Cells, or lines of text.
    pub face: Face,
    /// What the terminal told of itself before.
    pub background: Option<Background>,
}

impl Begin {
    /// What the flags say.
    pub fn new(args: &BeginArgs, follow: Follow) -> anyhow::Result<Self> {
        let config = settings::of(args)?;
        let own = args.run.as_ref().map(settings::script).transpose()?;
        let script = config.start.clone().then(own.unwrap_or_default());
        let forgets = args.no_state || !config.keeps_state;
        Ok(Self { follow, script, config, forgets, face: Face::of(args.plain), background: None })
    }

    /// Settings for the screen, with what was kept for the user.
    fn settings(&self, memory: Option<&PathBuf>) -> Settings {
        let kept = memory.map(|folder| memory::read(folder)).unwrap_or_default();
        Settings {
            keymap: self.config.keymap.clone(),
            style: self.config.time,
            zone: self.config.zone,
            mouse: self.config.mouse,
            commands: kept.commands,
            macros: kept.macros,
        }
    }
}

/// Whether growing sources are followed from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Follow {
    /// New lines appear as they are written.
    Yes,
    /// Until the key is pressed.
    #[default]
    No,
}

impl From<bool> for Follow {
    fn from(is_asked: bool) -> Self {
        if is_asked { Self::Yes } else { Self::No }
    }
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
}

/// Whether there is a terminal that can show the screen; else an error that says what works there.
pub fn ensure_terminal() -> anyhow::Result<()> {
    let term = std::env::var("TERM").unwrap_or_default();
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

/// Runs the screen over something opened; `remember` is told what the case is called once it could be opened.
fn run_with(opened: Opened, begin: &Begin, mut first: Vec<Message>, remember: &dyn Fn(&str)) -> anyhow::Result<Outcome> {
    if begin.face == Face::Cells {
        ensure_terminal()?;
    }
    let export_to = default_target(&opened);
    let (store, mut on_disk, mut notices) = CaseStore::open(&opened.case_dir)?;
    let mut store = store.signed_by(settings::author(&begin.config));
    let mut has_unkept_reading = false;
    if store.is_new() {
        has_unkept_reading = kept::keep_unsaved(&mut on_disk, &opened.read, &opened.case_dir)? && *store.mode() == Mode::Writable;
    } else if *store.mode() == Mode::Writable
        && let Err(why) = kept::keep_in(&mut store, &mut on_disk, &opened.read)
    {
        notices.push(format!("how the sources are read is not kept: {why:#}"));
    }
    if !store.is_new()
        && *store.mode() == Mode::Writable
        && store.is_behind(&on_disk)
        && let Err(why) = store.save(&on_disk)
    {
        notices.push(format!("what the journal kept is not in the files yet: {why}"));
    }
    let seed = opened.seed.clone().filter(|_| store.is_new());
    remember(if on_disk.meta.title.is_empty() { &opened.name } else { &on_disk.meta.title });
    let memory = memory::state_folder(|name| std::env::var_os(name)).filter(|_| !begin.forgets);
    let mut state = State::new(Setup {
        title: opened.name.clone(),
        case: seed.clone().unwrap_or(on_disk),
        now: session::now(),
        id_seed: id_seed(),
        author: settings::author(&begin.config),
        size: (80, 24),
        place: place(&store),
    });
    state.configure(begin.settings(memory.as_ref()));
    if has_unkept_reading {
        state.begin_with_reading();
    }
    // The demo begins as it did the first time, and what is read-only stays as it is.
    let is_kept = !begin.forgets && *store.mode() == Mode::Writable && opened.seed.is_none() && !store.dir().as_os_str().is_empty();
    let place_file = is_kept.then(|| store.dir().to_owned());
    if let Some(kept) = place_file.as_ref().and_then(|dir| position::read(dir, memory.as_deref())) {
        state.resume(&kept);
    }
    notices.extend(begin.config.conflicts.first().map(|first| {
        let more = begin.config.conflicts.len() - 1;
        let more = if more > 0 { format!("; and {more} more: coroner config --check") } else { String::new() };
        format!("{first}{more}")
    }));
    programs::settle(Programs { editor: begin.config.editor.clone(), pager: begin.config.pager.clone() });
    if !begin.script.is_empty() {
        first.push(Message::Start(begin.script.clone()));
    }
    let is_following = begin.follow == Follow::Yes;
    let theme = theme_with(&Wanted::of(&begin.config), begin.background);
    let theme_for = theme_for(&begin.config);
    if begin.face == Face::Lines {
        state.start_plain();
    }
    let position = session::run(Start {
        source: opened.source,
        store,
        seed,
        notices,
        state,
        theme,
        theme_for,
        export_to,
        is_following,
        first,
        memory: memory.clone(),
    })?;
    if let Some((dir, position)) = place_file.zip(position) {
        position::write(&dir, memory.as_deref(), &position);
    }
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

/// The theme that was settled.
#[derive(Clone)]
struct Wanted {
    name: Option<String>,
    /// By a flag, which goes over the environment; the settings file does not.
    is_asked: bool,
}

impl Wanted {
    fn of(config: &Config) -> Self {
        Self { name: config.theme.clone(), is_asked: config.is_theme_asked }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let own = || self.name.clone().filter(|_| name == "CORONER_THEME");
        if self.is_asked && name == "CORONER_THEME" { own() } else { std::env::var(name).ok().or_else(own) }
    }
}

/// Which theme fits the background that the terminal tells; nothing where it is not worth asking.
pub fn theme_for(config: &Config) -> Option<session::ThemeFor> {
    let wanted = Wanted::of(config);
    let asks = Theme::asks_background(|name| wanted.variable(name));
    asks.then(|| Box::new(move |background| theme_with(&wanted, Some(background))) as session::ThemeFor)
}

/// Colours and signs that the terminal can show, or those that were settled.
pub fn theme_of(config: &Config) -> Theme {
    theme_with(&Wanted::of(config), None)
}

/// The same, with the background that the terminal told.
fn theme_with(wanted: &Wanted, background: Option<Background>) -> Theme {
    Theme::of_answering_terminal(|name| wanted.variable(name), background)
}
