//! The loop of the welcome screen: keys, the quick look at this folder, and what the user chose.

use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::input::Input;
use super::keyboard::Keyboard;
use super::recent::{self, Case};
use super::session::{now, suspend};
use super::terminal::{self, Screen};
use crate::app::looks::Switch;
use crate::app::welcome::{Choice, Recent, Sight, Welcome};
use crate::model::SourceKind;
use crate::source::files::glance::{Glance, glance};
use crate::ui::{self, Theme};

/// The quick look ends then, however much there is.
const MOST_LOOKING: Duration = Duration::from_millis(1_500);
/// The first screen waits so long for it: what is chosen first depends on it.
const FIRST_LOOK: Duration = Duration::from_millis(120);

/// What the welcome screen starts with.
pub struct Start {
    /// The folder that is looked at.
    pub folder: PathBuf,
    /// The recent cases.
    pub cases: Vec<Case>,
    /// Where they are kept.
    pub list: Option<PathBuf>,
    /// Colours and symbols.
    pub theme: Theme,
}

/// What was chosen.
pub enum Chosen {
    /// This folder.
    Folder,
    /// The demo with its tour.
    Tour,
    /// The demo.
    Demo,
    /// A case.
    Case(Case),
    /// Nothing.
    Quit,
}

/// Shows the welcome screen until something is chosen. The terminal is given back when this returns.
pub fn run(start: Start) -> anyhow::Result<Chosen> {
    terminal::install_panic_hook();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let chosen = runtime.block_on(serve(start));
    runtime.shutdown_background();
    chosen
}

async fn serve(start: Start) -> anyhow::Result<Chosen> {
    let (sender, mut sight) = oneshot::channel();
    let looked_at = start.folder.clone();
    std::thread::spawn(move || sender.send(words_of(&glance(&looked_at, MOST_LOOKING))));
    let first = tokio::time::timeout(FIRST_LOOK, &mut sight).await.ok().and_then(Result::ok);
    let mut is_looking = first.is_none();
    let recent = start.cases.iter().map(of_case).collect();
    let welcome = Welcome::new(&start.folder.display().to_string(), first, recent, now());
    let (keys, mut typed) = unbounded_channel();
    let keyboard = Some(Keyboard::start(keys.clone())?);
    let mut desk = Desk { welcome, cases: start.cases, list: start.list, screen: Screen::enter(Switch::Off)?, keyboard, keys };
    let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?];
    let mut resizes = signal(SignalKind::window_change())?;
    loop {
        desk.welcome.size = desk.screen.size()?;
        desk.screen.settle();
        desk.screen.show(|buffer| ui::welcome::draw_into(&desk.welcome, &start.theme, buffer))?;
        let input = tokio::select! {
            biased;
            () = any_signal(&mut ends) => return Ok(Chosen::Quit),
            _ = resizes.recv() => {
                desk.screen.forget();
                continue;
            }
            input = typed.recv() => input,
            seen = &mut sight, if is_looking => {
                is_looking = false;
                desk.welcome.sight = Some(seen.unwrap_or_default());
                continue;
            }
        };
        let key = match input {
            Some(Input::Key(key)) => key,
            None | Some(Input::Lost) => return Ok(Chosen::Quit),
            Some(_) => continue,
        };
        if let Some(choice) = desk.welcome.key(key)
            && let Some(chosen) = desk.take(choice)?
        {
            return Ok(chosen);
        }
    }
}

async fn any_signal(signals: &mut [Signal; 3]) {
    let [a, b, c] = signals;
    tokio::select! { _ = a.recv() => {}, _ = b.recv() => {}, _ = c.recv() => {} }
}

/// The screen and what it lists.
struct Desk {
    welcome: Welcome,
    cases: Vec<Case>,
    list: Option<PathBuf>,
    screen: Screen,
    keyboard: Option<Keyboard>,
    keys: UnboundedSender<Input>,
}

impl Desk {
    /// Does what was chosen; `Some` when the welcome is over.
    fn take(&mut self, choice: Choice) -> anyhow::Result<Option<Chosen>> {
        Ok(match choice {
            Choice::Folder => Some(Chosen::Folder),
            Choice::Tour => Some(Chosen::Tour),
            Choice::Demo => Some(Chosen::Demo),
            Choice::Quit => Some(Chosen::Quit),
            Choice::Recent(index) => self.cases.get(index).cloned().map(Chosen::Case),
            Choice::Suspend => {
                self.keyboard = None;
                self.screen.lend(suspend)?;
                self.keyboard = Some(Keyboard::start(self.keys.clone())?);
                None
            }
            Choice::Forget(index) => {
                self.forget(index);
                None
            }
        })
    }

    fn forget(&mut self, index: usize) {
        let Some(case) = self.cases.get(index) else { return };
        match self.list.as_ref().map_or(Ok(()), |list| recent::forget(list, case)) {
            Ok(()) => {
                self.cases.remove(index);
                self.welcome.forget(index);
            }
            Err(error) => self.welcome.notice = Some(format!("the list cannot be written: {error}")),
        }
    }
}

fn of_case(case: &Case) -> Recent {
    let first = case.sources.first().map(|path| path.display().to_string()).unwrap_or_default();
    let more = case.sources.len().saturating_sub(1);
    let place = if more > 0 { format!("{first} and {more} more") } else { first };
    Recent { name: case.name.clone(), place, opened: case.opened, is_there: case.is_there() }
}

fn words_of(seen: &Glance) -> Sight {
    let mut kinds: Vec<(String, usize)> = seen.kinds.iter().map(|(kind, n)| (files_of(*kind, *n), *n)).collect();
    if seen.n_packed > 0 {
        kinds.push(("packed".to_owned(), seen.n_packed));
    }
    Sight { kinds, n_others: seen.n_others, is_cut_short: seen.is_cut_short }
}

/// What a file of this kind is called.
fn files_of(kind: SourceKind, n: usize) -> String {
    let one = match kind {
        SourceKind::Logs => "log",
        SourceKind::Metrics => return "with metrics".to_owned(),
        SourceKind::Changes => return "with changes".to_owned(),
        SourceKind::Alerts => return "with alerts".to_owned(),
        SourceKind::Traces => return "with traces".to_owned(),
        SourceKind::Profile => "profile",
        SourceKind::Report | SourceKind::Unknown => "other",
    };
    if n == 1 { one.to_owned() } else { format!("{one}s") }
}
