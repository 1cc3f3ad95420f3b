//! The loop of the welcome screen: keys, the quick look at this folder, and what the user chose.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::input::Input;
use super::keyboard::Keyboard;
use super::recent::{self, Case};
use super::session::{ANSWER_WAIT, ThemeFor, now, suspend};
use super::terminal::{self, Screen};
use crate::app::looks::Switch;
use crate::app::welcome::{Choice, Recent, Sight, Welcome};
use crate::model::SourceKind;
use crate::source::files::glance::{Glance, glance};
use crate::ui::{self, Background, Theme};

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
    /// Whether the terminal is asked for its background, and which theme fits then.
    pub theme_for: Option<ThemeFor>,
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

/// Shows the welcome screen until something is chosen; tells that, and the background of the terminal, if it answered.
/// The terminal is given back when this returns.
pub fn run(start: Start) -> anyhow::Result<(Chosen, Option<Background>)> {
    terminal::install_panic_hook();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let chosen = runtime.block_on(serve(start));
    runtime.shutdown_background();
    chosen
}

async fn serve(start: Start) -> anyhow::Result<(Chosen, Option<Background>)> {
    let (sender, mut sight) = oneshot::channel();
    let looked_at = start.folder.clone();
    std::thread::spawn(move || sender.send(words_of(&glance(&looked_at, MOST_LOOKING))));
    let (keys, mut typed) = unbounded_channel();
    let keyboard = Some(Keyboard::start(keys.clone())?);
    let screen = Screen::enter(Switch::Off)?;
    // The answer comes while the folder is looked at.
    if start.theme_for.is_some() {
        screen.ask()?;
    }
    let first = tokio::time::timeout(FIRST_LOOK, &mut sight).await.ok().and_then(Result::ok);
    let mut is_looking = first.is_none();
    let recent = start.cases.iter().map(of_case).collect();
    let welcome = Welcome::new(&start.folder.display().to_string(), first, recent, now());
    let Start { cases, list, theme, theme_for, .. } = start;
    let mut desk = Desk { welcome, cases, list, screen, keyboard, keys, theme, theme_for, background: None };
    let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?];
    let mut resizes = signal(SignalKind::window_change())?;
    let mut waiting = VecDeque::new();
    let end = tokio::time::Instant::now() + if desk.theme_for.is_some() { ANSWER_WAIT } else { Duration::ZERO };
    while let Ok(Some(input)) = tokio::time::timeout_at(end, typed.recv()).await {
        let is_last = input == Input::Attributes;
        waiting.extend(desk.learn(input)?);
        if is_last {
            break;
        }
    }
    let chosen = loop {
        desk.draw()?;
        let input = if let Some(input) = waiting.pop_front() {
            Some(input)
        } else {
            tokio::select! {
                biased;
                () = any_signal(&mut ends) => break Chosen::Quit,
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
            }
        };
        let Some(input) = input else { break Chosen::Quit };
        let key = match desk.learn(input)? {
            Some(Input::Key(key)) => key,
            Some(Input::Lost) => break Chosen::Quit,
            _ => continue,
        };
        if let Some(choice) = desk.welcome.key(key)
            && let Some(chosen) = desk.take(choice)?
        {
            break chosen;
        }
    };
    Ok((chosen, desk.background))
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
    theme: Theme,
    theme_for: Option<ThemeFor>,
    /// What the terminal answered.
    background: Option<Background>,
}

impl Desk {
    fn draw(&mut self) -> anyhow::Result<()> {
        self.welcome.size = self.screen.size()?;
        self.screen.settle();
        Ok(self.screen.show(|buffer| ui::welcome::draw_into(&self.welcome, &self.theme, buffer))?)
    }

    /// Takes what the terminal tells of itself; gives everything else back.
    fn learn(&mut self, input: Input) -> anyhow::Result<Option<Input>> {
        match input {
            Input::Background(answer) => {
                if let (Some(theme_for), Some(background)) = (&self.theme_for, Background::of_answer(&answer)) {
                    (self.theme, self.background) = (theme_for(background), Some(background));
                }
                Ok(None)
            }
            Input::HasKeyboardProtocol => {
                self.screen.use_protocol()?;
                Ok(None)
            }
            Input::Attributes => Ok(None),
            other => Ok(Some(other)),
        }
    }

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
