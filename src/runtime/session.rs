//! The loop: wait, drain, draw once. Nothing awaits in the key path; all work is jobs, the saver, or the loader.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::follow::Follower;
use super::input::Input;
use super::jobs::{Jobs, guarded};
use super::journal::CaseStore;
use super::keyboard::Keyboard;
use super::memory::Keeper;
use super::private::PrivateFile;
use super::saver::Saver;
use super::terminal::{self, Screen};
use super::{editor, export, outside, sections, zones};
use crate::app::message::LoadProgress;
use crate::app::{Effect, Message, State, update};
use crate::model::case::{CaseMeta, Choice, MetaConflict};
use crate::model::{CaseDoc, Timestamp};
use crate::report::case_file::settle_meta;
use crate::source::files::FileSource;
use crate::source::pace::Pace;
use crate::source::{Job, Source};
use crate::ui::{Background, Theme};

/// Frames are at least this far apart; more would not be seen, and would cost a slow line its bytes.
const FRAME: Duration = Duration::from_millis(16);
/// Lines of text are told when nothing more has come for this long: several keys make one change.
const PLAIN_PAUSE: Duration = Duration::from_millis(80);
/// The same while answers are under way.
const PLAIN_WAIT: Duration = Duration::from_millis(400);
/// The terminal has this long to tell its background before the first frame; a later answer is taken as well.
pub(super) const ANSWER_WAIT: Duration = Duration::from_millis(20);
/// The clock on screen moves once a second.
const TICK: Duration = Duration::from_secs(1);
/// The play head of a replay moves this often: seen as motion, and little enough for a slow line.
const PLAY_TICK: Duration = Duration::from_millis(125);
/// How often loading reports while it runs.
const LOAD_REPORT: Duration = Duration::from_millis(100);

/// Which theme fits a background.
pub type ThemeFor = Box<dyn Fn(Background) -> Theme>;

/// Everything a session starts with.
pub struct Start {
    /// The sources, not yet loaded.
    pub source: Arc<FileSource>,
    /// Where the case is kept.
    pub store: CaseStore,
    /// A case that is shown but not on disk yet.
    pub seed: Option<CaseDoc>,
    /// What opening the case had to say.
    pub notices: Vec<String>,
    /// State before the first message.
    pub state: State,
    /// Colours and symbols.
    pub theme: Theme,
    /// Whether the terminal is asked for its background, and which theme fits then.
    pub theme_for: Option<ThemeFor>,
    /// Where `X` writes.
    pub export_to: export::Target,
    /// Whether growing sources are followed from the start.
    pub is_following: bool,
    /// What happens first of all.
    pub first: Vec<Message>,
    /// Folder of what is kept for the user, if anything is.
    pub memory: Option<PathBuf>,
}

/// Runs the explorer until the user leaves; tells where in the case that was. Returns after the terminal is restored and the case is on disk.
pub fn run(start: Start) -> anyhow::Result<Option<String>> {
    terminal::install_panic_hook();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(Session::run(start));
    // Cancelled jobs end at their next check; leaving does not wait for them.
    runtime.shutdown_background();
    result
}

struct Session {
    state: State,
    theme: Theme,
    screen: Screen,
    jobs: Jobs,
    saver: Saver,
    keeper: Keeper,
    source: Arc<FileSource>,
    export_to: export::Target,
    messages: UnboundedSender<Message>,
    follower: Option<Follower>,
    keyboard: Option<Keyboard>,
    keys: UnboundedSender<Input>,
    theme_for: Option<ThemeFor>,
    /// Keys come out of a pipe, not from somebody who types.
    is_piped: bool,
    /// Unpacked for an editor: removed on leaving.
    copies: Vec<PrivateFile>,
    is_leaving: bool,
    /// Something is being played, and goes on after the keys that wait.
    goes_on: bool,
}

/// What woke the loop.
enum Wake {
    Input(Input),
    Message(Message),
    Resized,
    /// A second went by.
    Tick,
    /// The play head of a replay is due to move.
    Play,
    Frame,
    /// The terminal has taken the last frame.
    Freed,
    GoOn,
    Terminate,
    Lost,
}

impl Session {
    async fn run(start: Start) -> anyhow::Result<Option<String>> {
        let (messages, mut inbox) = unbounded_channel();
        let (keys, mut typed) = unbounded_channel();
        let screen = Screen::enter(start.state.looks().plain())?;
        let loading = start_loading(Arc::clone(&start.source), messages.clone());
        let source: Arc<dyn Source> = start.source.clone();
        let mut session = Self {
            state: start.state,
            theme: start.theme,
            screen,
            jobs: Jobs::new(source, start.export_to.clone(), messages.clone()),
            saver: Saver::start(start.store, start.seed, messages.clone()),
            keeper: Keeper::start(start.memory),
            source: start.source,
            export_to: start.export_to,
            messages,
            follower: None,
            keyboard: None,
            keys,
            theme_for: start.theme_for,
            is_piped: !std::io::stdin().is_terminal(),
            copies: Vec::new(),
            is_leaving: false,
            goes_on: false,
        };
        for notice in start.notices {
            session.feed(Message::Notice(notice))?;
        }
        if start.is_following {
            session.feed(Message::Follow)?;
        }
        for message in start.first {
            session.feed(message)?;
        }
        let result = session.serve(&mut inbox, &mut typed).await;
        loading.cancel();
        if let Some(follower) = session.follower.take() {
            follower.cancel();
        }
        session.jobs.cancel_all();
        session.saver.finish();
        session.keeper.finish();
        result.map(|()| session.state.position())
    }

    async fn serve(&mut self, inbox: &mut UnboundedReceiver<Message>, typed: &mut UnboundedReceiver<Input>) -> anyhow::Result<()> {
        let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?];
        let mut resizes = signal(SignalKind::window_change())?;
        self.keyboard = Some(Keyboard::start(self.keys.clone())?);
        self.feed(Message::Terminal(self.theme.name(), self.theme.signs_of()))?;
        self.resize()?;
        self.learn_the_terminal(typed).await?;
        self.draw()?;
        let freed = self.screen.freed();
        let mut last_frame = Instant::now();
        let mut is_dirty = false;
        let mut tick = tokio::time::interval(TICK);
        let mut last_play = Instant::now();
        while !self.is_leaving {
            let frame_due = tokio::time::Instant::from_std(last_frame + self.pause());
            let play_due = tokio::time::Instant::from_std(last_play + PLAY_TICK);
            let (is_free, takes_keys) = (self.screen.is_free(), self.takes_keys(is_dirty));
            let wake = tokio::select! {
                biased;
                _ = any_signal(&mut signals) => Wake::Terminate,
                _ = resizes.recv() => Wake::Resized,
                input = typed.recv(), if takes_keys => input.map_or(Wake::Lost, Wake::Input),
                () = freed.notified() => Wake::Freed,
                // While the terminal has not taken the last frame, none is drawn: the next one shows it all.
                () = tokio::time::sleep_until(frame_due), if is_dirty && is_free => Wake::Frame,
                () = std::future::ready(()), if self.goes_on => Wake::GoOn,
                () = tokio::time::sleep_until(play_due), if self.state.is_playing() => Wake::Play,
                message = inbox.recv() => message.map_or(Wake::Lost, Wake::Message),
                _ = tick.tick() => Wake::Tick,
            };
            if let Wake::Frame = wake {
                self.draw()?;
                (last_frame, is_dirty) = (Instant::now(), false);
                continue;
            }
            if self.state.looks().plain().is_on() && matches!(wake, Wake::Input(_)) {
                last_frame = Instant::now();
            }
            // A second that goes by changes few screens, and no other is drawn for it.
            is_dirty |= match &wake {
                Wake::Tick => self.state.shows_time(now()),
                Wake::Freed => false,
                _ => true,
            };
            match wake {
                Wake::Frame | Wake::Freed => {}
                Wake::GoOn => {
                    self.goes_on = false;
                    self.feed(Message::GoOn)?;
                }
                Wake::Input(input) => self.input(input)?,
                Wake::Message(message) => self.feed(message)?,
                Wake::Resized => self.resize()?,
                Wake::Tick => self.feed(Message::Tick(now()))?,
                Wake::Play => {
                    last_play = Instant::now();
                    self.feed(Message::Tick(now()))?;
                }
                // A signal or a terminal that is gone: leave; the journal has every step.
                Wake::Terminate | Wake::Lost => self.is_leaving = true,
            }
            while let Ok(message) = inbox.try_recv() {
                self.feed(message)?;
                is_dirty = true;
            }
        }
        if is_dirty && self.state.looks().plain().is_on() {
            self.draw()?;
        }
        Ok(())
    }

    /// How long nothing is drawn after the last frame.
    fn pause(&self) -> Duration {
        match (self.state.looks().plain().is_on(), self.state.is_waiting()) {
            (false, _) => FRAME,
            (true, false) => PLAIN_PAUSE,
            (true, true) => PLAIN_WAIT,
        }
    }

    /// Whether the next key is taken now. Keys out of a pipe wait until what the one before asked for is told.
    fn takes_keys(&self, is_dirty: bool) -> bool {
        !self.is_piped || (!is_dirty && !self.state.is_waiting() && self.state.is_read() && self.screen.is_free())
    }

    /// Asks the terminal what it is, and waits a moment for the answer. Keys that come meanwhile are keys.
    async fn learn_the_terminal(&mut self, typed: &mut UnboundedReceiver<Input>) -> anyhow::Result<()> {
        if self.state.looks().plain().is_on() || self.theme_for.is_none() {
            return Ok(());
        }
        self.screen.ask()?;
        let end = tokio::time::Instant::now() + ANSWER_WAIT;
        while let Ok(Some(input)) = tokio::time::timeout_at(end, typed.recv()).await {
            let is_last = input == Input::Attributes;
            self.input(input)?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Takes the size of the terminal and draws everything anew.
    fn resize(&mut self) -> anyhow::Result<()> {
        self.screen.forget();
        let (width, height) = self.screen.size()?;
        self.feed(Message::Resized { width, height })
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        Ok(self.screen.draw(&self.state, &self.theme)?)
    }

    fn input(&mut self, input: Input) -> anyhow::Result<()> {
        match input {
            Input::Key(key) => {
                self.feed(Message::Tick(now()))?;
                self.feed(Message::Key(key))
            }
            Input::Paste(text) => self.feed(Message::Paste(text)),
            Input::Mouse(press) => {
                self.feed(Message::Tick(now()))?;
                self.feed(Message::Mouse(press))
            }
            Input::Background(answer) => {
                if let (Some(theme_for), Some(background)) = (&self.theme_for, Background::of_answer(&answer)) {
                    self.theme = theme_for(background);
                    self.feed(Message::Terminal(self.theme.name(), self.theme.signs_of()))?;
                }
                Ok(())
            }
            Input::HasKeyboardProtocol => Ok(self.screen.use_protocol()?),
            Input::Attributes => Ok(()),
            Input::Lost => {
                self.is_leaving = true;
                Ok(())
            }
        }
    }

    /// One message through `update`, and its effects.
    fn feed(&mut self, message: Message) -> anyhow::Result<()> {
        if let Message::Replied(id, _) = &message {
            self.jobs.finished(*id);
        }
        let looks = self.state.looks();
        for effect in update(&mut self.state, message) {
            self.execute(effect)?;
        }
        if self.state.looks().plain() != looks.plain() {
            self.screen.show_as(self.state.looks().plain())?;
            self.resize()?;
        }
        if self.state.looks().n_redraws() != looks.n_redraws() {
            panic_if_asked();
            self.screen.forget();
        }
        Ok(())
    }

    fn execute(&mut self, effect: Effect) -> anyhow::Result<()> {
        match effect {
            Effect::Ask(id, question) => self.jobs.ask(id, question),
            Effect::Cancel(id) => self.jobs.cancel(id),
            Effect::Journal { number, step } => self.saver.journal(number, step),
            Effect::SaveCase(case) => self.saver.save(case),
            Effect::MergeCase { revision, case } => self.saver.merge(revision, case),
            Effect::History(id) => self.saver.history(id),
            Effect::WriteSection { stem, before, text } => {
                let message = sections::written(&self.export_to, stem, &before, text);
                self.feed(message)?;
            }
            Effect::SettleMeta { meta, conflict, choice } => {
                let message = settled_meta(meta, &conflict, choice);
                self.feed(message)?;
            }
            Effect::Export(case) => self.export(case),
            Effect::OpenEditor(text) => match self.lend(|| editor::edit(&text))? {
                Ok(text) => self.feed(Message::Edited(Some(text)))?,
                Err(error) => {
                    self.feed(Message::Edited(None))?;
                    self.feed(Message::Notice(error.to_string()))?;
                }
            },
            Effect::Copy(text) => {
                // Never in the middle of a frame.
                self.screen.settle();
                let message = outside::copy(&text).map_or_else(|error| Message::Notice(format!("not copied: {error:#}")), Message::Told);
                self.feed(message)?;
            }
            Effect::OpenSource { source, line, n_lines } => match outside::locate(&*self.source, source, (line, n_lines)) {
                Ok(place) => {
                    self.show_outside(|| outside::open_at(&place.path, place.line))?;
                    if let Some(words) = place.words {
                        self.feed(Message::Told(words))?;
                    }
                    // An editor with windows of its own goes on with the file.
                    self.copies.extend(place.copy);
                }
                Err(error) => self.feed(Message::Notice(format!("{error:#}")))?,
            },
            Effect::OpenPager(text) => self.show_outside(|| outside::page(&text))?,
            Effect::GoOn => self.goes_on = true,
            Effect::Remember(memory) => self.keeper.keep(memory),
            Effect::Follow => self.follower = Some(Follower::start(Arc::clone(&self.source), self.messages.clone())),
            Effect::Unfollow => drop(self.follower.take()),
            Effect::Suspend => self.lend(suspend)?,
            Effect::Quit => self.is_leaving = true,
        }
        Ok(())
    }

    /// Gives the terminal away for a while; the reader must not eat the keys that are typed there.
    fn lend<T>(&mut self, meanwhile: impl FnOnce() -> T) -> anyhow::Result<T> {
        self.keyboard = None;
        let result = self.screen.lend(meanwhile)?;
        self.keyboard = Some(Keyboard::start(self.keys.clone())?);
        Ok(result)
    }

    /// Gives the terminal to another program; what went wrong there is told.
    fn show_outside(&mut self, run: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        match self.lend(run)? {
            Ok(()) => Ok(()),
            Err(error) => self.feed(Message::Notice(format!("{error:#}"))),
        }
    }

    fn export(&self, case: Box<CaseDoc>) {
        let (source, to, messages) = (Arc::clone(&self.source), self.export_to.clone(), self.messages.clone());
        tokio::task::spawn_blocking(move || {
            let message = match guarded(|| export::export(&case, &*source, &to)) {
                Ok(Ok(written)) => Message::Exported(written.markdown),
                Ok(Err(error)) => Message::ExportFailed(format!("{error:#}")),
                Err(panic) => Message::ExportFailed(format!("the export stopped: {panic}")),
            };
            let _ = messages.send(message);
        });
    }
}

/// Lets a test see what becomes of the terminal; not in a release.
fn panic_if_asked() {
    assert!(!cfg!(debug_assertions) || std::env::var_os("CORONER_PANIC_ON_REDRAW").is_none(), "asked to panic");
}

/// What becomes of `case.toml` with one of the two values.
pub fn settled_meta(meta: Box<CaseMeta>, conflict: &MetaConflict, choice: Choice) -> Message {
    match settle_meta(&meta, conflict, choice) {
        Ok(after) => Message::MetaSettled(meta, Box::new(after)),
        Err(why) => Message::Notice(why),
    }
}

async fn any_signal(signals: &mut [Signal; 3]) -> Option<()> {
    let [a, b, c] = signals;
    tokio::select! { x = a.recv() => x, x = b.recv() => x, x = c.recv() => x }
}

/// Stops this process the way `^z` does and returns when it is continued.
pub(super) fn suspend() {
    // Only this process: the shell's job control continues it with SIGCONT.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
}

/// Loads on a thread of its own and reports while it runs. The returned job cancels it.
fn start_loading(source: Arc<FileSource>, messages: UnboundedSender<Message>) -> Job {
    let job = Job::new();
    let (loader_job, loader_messages) = (job.clone(), messages.clone());
    let loader = Arc::clone(&source);
    let handle = std::thread::spawn(move || {
        let publish = || {
            if let Ok(catalog) = loader.catalog(&Job::new()) {
                let _ = loader_messages.send(Message::Catalog(catalog));
            }
        };
        match guarded(|| loader.load(&loader_job, &publish)) {
            Ok(Ok(())) => {
                publish();
                let hints = zones::hints(&*loader, &loader_job).unwrap_or_default();
                loader.take_notices().into_iter().for_each(|notice| drop(loader_messages.send(Message::Notice(notice))));
                if !hints.is_empty() {
                    let proposed = hints.iter().map(zones::ZoneHint::proposed).collect();
                    drop(loader_messages.send(Message::ZonesProposed(proposed)));
                }
            }
            Ok(Err(error)) => drop(loader_messages.send(Message::Notice(error.to_string()))),
            Err(panic) => drop(loader_messages.send(Message::Notice(format!("loading stopped: {panic}")))),
        }
    });
    let watched = job.clone();
    std::thread::spawn(move || {
        let mut pace = Pace::new(Instant::now());
        while !handle.is_finished() && watched.check().is_ok() {
            std::thread::sleep(LOAD_REPORT);
            let Ok(catalog) = source.catalog(&Job::new()) else { return };
            // The last word on loading is the complete catalog, not a progress that comes after it.
            if catalog.is_complete {
                return;
            }
            let (done, total) = watched.progress();
            let speed = pace.tell(Instant::now(), (done, total));
            let n_complete = catalog.sources.iter().filter(|source| source.is_complete).count();
            let current = catalog.sources.iter().find(|source| !source.is_complete).map(|source| source.path.clone());
            let progress = LoadProgress {
                bytes: (done, total),
                sources: (n_complete, catalog.sources.len()),
                current: current.unwrap_or_default(),
                bytes_per_s: speed.per_s,
                left_s: speed.left_s,
            };
            if messages.send(Message::Loading(progress)).is_err() {
                return;
            }
        }
    });
    job
}

/// The wall clock; a clock before 1970 or after 2262 reads as those.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
