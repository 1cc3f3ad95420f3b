//! The state machine without a terminal: every question is answered at once, so the same keys give the same screen.
//!
//! Serves `screenshot`, `demo --print` and the tests.

use std::collections::VecDeque;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::answer::answer_for;
use super::export::Target;
use super::session::settled_meta;
use crate::app::keys::Step;
use crate::app::{Effect, KeyPress, Message, Script, State, update};
use crate::source::{Job, Source};
use crate::ui::{self, Theme};

/// Feeds messages to a state and answers what it asks until it asks no more.
pub struct Batch<'a> {
    /// The state, to be looked at.
    pub state: State,
    source: &'a dyn Source,
    target: Target,
}

impl<'a> Batch<'a> {
    /// A state over a loaded source: knows the catalog and has all its first answers.
    /// Documents of its case would go to `target`.
    pub fn new(state: State, source: &'a dyn Source, target: Target) -> anyhow::Result<Self> {
        let catalog = source.catalog(&Job::new())?;
        let mut batch = Self { state, source, target };
        batch.feed(Message::Catalog(catalog));
        Ok(batch)
    }

    /// Presses keys one after the other.
    pub fn press(&mut self, keys: &[KeyPress]) {
        for key in keys {
            self.feed(Message::Key(*key));
        }
    }

    /// Presses keys and runs actions, one after the other; the first that goes wrong ends it.
    pub fn take(&mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            match step {
                Step::Key(key) => self.feed(Message::Key(*key)),
                Step::Command(line) => {
                    self.feed(Message::Command(line.clone()));
                    self.check().map_err(|why| format!("<{line}>: {why}"))?;
                }
            }
        }
        Ok(())
    }

    /// Runs the commands of a file.
    pub fn run(&mut self, script: Script) -> Result<(), String> {
        self.feed(Message::Start(script));
        self.check()
    }

    fn check(&self) -> Result<(), String> {
        self.state.script_failure().map_or(Ok(()), |why| Err(why.to_owned()))
    }

    /// One message and everything that follows from it. Effects on the world (journal, export, editor) are
    /// acknowledged without being done: a screenshot changes nothing.
    pub fn feed(&mut self, message: Message) {
        let mut messages = VecDeque::from([message]);
        while let Some(message) = messages.pop_front() {
            for effect in update(&mut self.state, message) {
                match effect {
                    Effect::Ask(id, question) => {
                        let reply = answer_for(self.source, &self.target, &question, &Job::new()).map_err(|error| error.to_string());
                        messages.push_back(Message::Replied(id, reply));
                    }
                    Effect::Journal { number, .. } => messages.push_back(Message::Saved(number)),
                    Effect::GoOn => messages.push_back(Message::GoOn),
                    Effect::SettleMeta { meta, conflict, choice } => messages.push_back(settled_meta(meta, &conflict, choice)),
                    Effect::Cancel(_)
                    | Effect::MergeCase { .. }
                    | Effect::SaveCase(_)
                    | Effect::Remember(_)
                    | Effect::Export(_)
                    | Effect::WriteSection { .. }
                    | Effect::History(_)
                    | Effect::OpenEditor(_)
                    | Effect::Copy(_)
                    | Effect::OpenSource { .. }
                    | Effect::OpenPager(_)
                    | Effect::Follow
                    | Effect::Unfollow
                    | Effect::Suspend
                    | Effect::Quit => {}
                }
            }
        }
    }

    /// The screen as cells.
    pub fn screen(&self, (width, height): (u16, u16), theme: &Theme) -> anyhow::Result<Buffer> {
        let mut terminal = Terminal::new(TestBackend::new(width, height))?;
        terminal.draw(|frame| ui::draw(&self.state, theme, frame))?;
        Ok(terminal.backend().buffer().clone())
    }
}

/// The screen as lines of text, blanks at line ends removed.
pub fn as_text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for column in 0..buffer.area.width {
            let symbol = buffer[(column, row)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
