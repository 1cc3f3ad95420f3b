//! What `coroner` shows without arguments: this folder, the demo, and the cases that were opened lately.
//!
//! A state of its own, for nothing is loaded yet: keys in, a [`Choice`] out. `runtime::welcome` draws it and does what was
//! chosen; `runtime::recent` keeps the list.

use super::press::{KeyCode, KeyPress};
use crate::model::{Timestamp, text};

/// What lies in a folder at a quick look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// What kinds of sources there seem to be, most telling first: `logs`, 12.
    pub kinds: Vec<(String, usize)>,
    /// Files that are no source.
    pub n_others: usize,
    /// There was more than a quick look takes.
    pub is_cut_short: bool,
}

impl Sight {
    /// Files that look like sources.
    pub fn n_sources(&self) -> usize {
        self.kinds.iter().map(|(_, n)| n).sum()
    }

    /// `12 logs, 3 metrics and 5 other files`.
    pub fn words(&self) -> String {
        let kinds = self.kinds.iter().map(|(kind, n)| format!("{n} {kind}")).collect::<Vec<_>>().join(", ");
        let words = match (kinds.is_empty(), self.n_others) {
            (true, _) => "nothing that looks like logs, metrics or profiles".to_owned(),
            (false, 0) => kinds,
            (false, n) => format!("{kinds}, {n} other"),
        };
        if self.is_cut_short { format!("{words}, and more") } else { words }
    }
}

/// A case that was opened before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// What it is called.
    pub name: String,
    /// Where it lies, for people.
    pub place: String,
    /// When it was opened last.
    pub opened: Timestamp,
    /// Whether it is there now.
    pub is_there: bool,
}

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// This folder.
    Folder,
    /// The demo with its guided tour.
    Tour,
    /// The demo.
    Demo,
    /// This one of the recent cases.
    Recent(usize),
    /// Take it from the list of recent cases.
    Forget(usize),
    /// Suspend to the shell.
    Suspend,
    /// Leave.
    Quit,
}

/// Cases that are not there any more and are told all the same, behind the others: their disk may be mounted again.
const MOST_GONE: usize = 2;

/// The welcome screen.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// Columns and rows.
    pub size: (u16, u16),
    /// This folder, for people.
    pub folder: String,
    /// What lies in it; `None` while one looks.
    pub sight: Option<Sight>,
    /// The latest first.
    pub recent: Vec<Recent>,
    /// A word to the user.
    pub notice: Option<String>,
    pub(crate) selected: usize,
    pub(crate) has_keys_open: bool,
    now: Timestamp,
}

/// One line that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) choice: Choice,
    pub(crate) label: String,
    pub(crate) detail: String,
    /// Dim words at the right.
    pub(crate) aside: String,
    /// It cannot be opened.
    pub(crate) is_gone: bool,
}

impl Welcome {
    /// Before the first key; what is selected first is what a user most likely came for.
    pub fn new(folder: &str, sight: Option<Sight>, recent: Vec<Recent>, now: Timestamp) -> Self {
        let folder = text::printable(folder).into_owned();
        let mut welcome = Self { size: (80, 24), folder, sight, recent, notice: None, selected: 0, has_keys_open: false, now };
        let has_sources = welcome.sight.as_ref().is_some_and(|sight| sight.n_sources() > 0);
        let first = match welcome.recent.iter().position(|recent| recent.is_there) {
            _ if has_sources => Choice::Folder,
            Some(index) => Choice::Recent(index),
            None => Choice::Tour,
        };
        welcome.selected = welcome.lines().iter().position(|line| line.choice == first).unwrap_or(0);
        welcome
    }

    /// Takes a key; `None` while there is nothing to be done outside.
    pub fn key(&mut self, key: KeyPress) -> Option<Choice> {
        self.notice = None;
        if self.has_keys_open {
            let leaves = key.ctrl && key.code == KeyCode::Char('c');
            self.has_keys_open = false;
            return leaves.then_some(Choice::Quit);
        }
        let n = self.lines().len();
        match (key.code, key.ctrl) {
            (KeyCode::Char('c'), true) | (KeyCode::Char('q') | KeyCode::Esc, false) => return Some(Choice::Quit),
            (KeyCode::Char('z'), true) => return Some(Choice::Suspend),
            (KeyCode::Char('j'), false) | (KeyCode::Char('n'), true) | (KeyCode::Down | KeyCode::Tab, _) => {
                self.selected = (self.selected + 1) % n;
            }
            (KeyCode::Char('k'), false) | (KeyCode::Char('p'), true) | (KeyCode::Up | KeyCode::BackTab, _) => {
                self.selected = (self.selected + n - 1) % n;
            }
            (KeyCode::Char('g'), false) | (KeyCode::Home, _) => self.selected = 0,
            (KeyCode::Char('G'), false) | (KeyCode::End, _) => self.selected = n - 1,
            (KeyCode::Char('?') | KeyCode::F(1), false) => self.has_keys_open = true,
            (KeyCode::F(2), false) => return Some(Choice::Tour),
            (KeyCode::Char(digit @ '1'..='9'), false) => {
                let index = digit as usize - '1' as usize;
                if index < n {
                    self.selected = index;
                    return self.accept();
                }
            }
            (KeyCode::Char('d') | KeyCode::Delete, false) => match self.lines()[self.selected].choice {
                Choice::Recent(index) => return Some(Choice::Forget(index)),
                _ => self.notice = Some("only cases of the list can be forgotten".to_owned()),
            },
            (KeyCode::Enter, _) => return self.accept(),
            _ => {}
        }
        None
    }

    fn accept(&mut self) -> Option<Choice> {
        let line = self.lines().into_iter().nth(self.selected)?;
        if line.is_gone {
            self.notice = Some(format!("{} is not there any more; d takes it from the list", line.detail));
            return None;
        }
        Some(line.choice)
    }

    /// A case was taken from the list.
    pub fn forget(&mut self, index: usize) {
        if index < self.recent.len() {
            self.recent.remove(index);
            self.selected = self.selected.min(self.lines().len() - 1);
            self.notice = Some("taken from the list; its files are untouched".to_owned());
        }
    }

    /// Everything that can be chosen, from the top.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let line =
            |choice, label: &str, detail: String| Line { choice, label: label.to_owned(), detail, aside: String::new(), is_gone: false };
        let seen = self.sight.as_ref().map_or_else(|| "looking …".to_owned(), Sight::words);
        let mut lines = vec![
            line(Choice::Folder, "open this folder", seen),
            line(Choice::Tour, "guided tour", "a recorded outage in ten steps, about five minutes".to_owned()),
            line(Choice::Demo, "demo", "the same outage with its finished notes, without a guide".to_owned()),
        ];
        let (there, gone): (Vec<_>, Vec<_>) = self.recent.iter().enumerate().partition(|(_, recent)| recent.is_there);
        lines.extend(there.into_iter().chain(gone.into_iter().take(MOST_GONE)).map(|(index, recent)| Line {
            choice: Choice::Recent(index),
            label: text::printable(&recent.name).into_owned(),
            detail: text::printable(&recent.place).into_owned(),
            aside: if recent.is_there { ago(recent.opened, self.now) } else { "not there any more".to_owned() },
            is_gone: !recent.is_there,
        }));
        lines
    }
}

/// `5 min ago`, `3 h ago`, `2 days ago`.
fn ago(then: Timestamp, now: Timestamp) -> String {
    let secs = now.0.saturating_sub(then.0) / 1_000_000_000;
    let plural = |n: i64, one: &str| if n == 1 { format!("1 {one} ago") } else { format!("{n} {one}s ago") };
    match secs {
        ..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", secs / 60),
        3_600..86_400 => format!("{} h ago", secs / 3_600),
        86_400..5_184_000 => plural(secs / 86_400, "day"),
        _ => plural(secs / 2_592_000, "month"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keys;

    fn recent(name: &str, is_there: bool) -> Recent {
        Recent { name: name.into(), place: format!("/inc/{name}"), opened: Timestamp::from_secs(1_000), is_there }
    }

    fn welcome(n_logs: usize, recent: Vec<Recent>) -> Welcome {
        let kinds = if n_logs > 0 { vec![("logs".to_owned(), n_logs)] } else { Vec::new() };
        Welcome::new("/here", Some(Sight { kinds, ..Sight::default() }), recent, Timestamp::from_secs(8_300))
    }

    fn press(welcome: &mut Welcome, sequence: &str) -> Option<Choice> {
        keys::parse_sequence(sequence).expect(sequence).into_iter().filter_map(|key| welcome.key(key)).last()
    }

    #[test]
    fn enter_opens_what_one_most_likely_came_for() {
        assert_eq!(press(&mut welcome(2, vec![recent("a", true)]), "enter"), Some(Choice::Folder));
        assert_eq!(press(&mut welcome(0, vec![recent("gone", false), recent("a", true)]), "enter"), Some(Choice::Recent(1)));
        assert_eq!(press(&mut welcome(0, vec![]), "enter"), Some(Choice::Tour));
    }

    #[test]
    fn every_line_is_reached_by_letters_arrows_and_its_number() {
        let mut screen = welcome(1, vec![recent("a", true), recent("b", true)]);
        assert_eq!(press(&mut screen, "G enter"), Some(Choice::Recent(1)));
        assert_eq!(press(&mut screen, "j enter"), Some(Choice::Folder), "round it goes");
        assert_eq!(press(&mut screen, "down down k enter"), Some(Choice::Tour));
        assert_eq!(press(&mut screen, "5"), Some(Choice::Recent(1)));
        assert_eq!(press(&mut screen, "9"), None);
        assert_eq!(press(&mut screen, "F2"), Some(Choice::Tour));
        for leaving in ["q", "esc", "ctrl-c", "? ctrl-c"] {
            assert_eq!(press(&mut screen, leaving), Some(Choice::Quit), "{leaving}");
        }
        assert_eq!(press(&mut screen, "? q"), None, "one layer at a time");
    }

    #[test]
    fn what_is_gone_says_so_and_can_be_forgotten() {
        let mut screen = welcome(0, vec![recent("a", false)]);
        assert_eq!(press(&mut screen, "G enter"), None);
        assert!(screen.notice.as_ref().is_some_and(|words| words.contains("/inc/a is not there any more; d")));
        assert_eq!(press(&mut screen, "d"), Some(Choice::Forget(0)));
        screen.forget(0);
        assert_eq!((screen.recent.len(), screen.lines().len()), (0, 3));
        assert_eq!(press(&mut screen, "g d"), None);
    }

    #[test]
    fn what_is_gone_does_not_push_what_is_there_off_the_list() {
        let gone = (0..9).map(|n| recent(&format!("gone{n}"), false));
        let screen = welcome(0, gone.chain([recent("a", true)]).collect());
        let labels: Vec<String> = screen.lines().into_iter().skip(3).map(|line| line.label).collect();
        assert_eq!(labels, ["a", "gone0", "gone1"]);
    }

    #[test]
    fn times_are_told_as_people_tell_them() {
        let told = |secs| ago(Timestamp::from_secs(0), Timestamp::from_secs(secs));
        assert_eq!(told(5), "just now");
        assert_eq!(told(-5), "just now");
        assert_eq!(told(7_300), "2 h ago");
        assert_eq!(told(90_000), "1 day ago");
        assert_eq!(told(86_400 * 90), "3 months ago");
    }
}
