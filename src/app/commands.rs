//! Lines of the command line as text: which action a line names, with what argument; and the lines that were typed.
//!
//! Knows no state: a time that stands for `goto` is told by its form only.

use super::actions::{self, Action, ActionInfo};
use super::arguments;
use crate::model::filter::nearest;

/// Lines that are remembered; more nobody goes back through.
pub const REMEMBERED: usize = 500;
/// Longest line that is remembered.
const MAX_LINE_BYTES: usize = 2_000;

/// An action with what follows its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) action: Action,
    /// Trimmed; empty when there is none.
    pub(crate) argument: String,
}

/// Whether a name may be cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// At the keyboard, where the screen says what is meant.
    Short,
    /// In files, which must mean the same tomorrow.
    Whole,
}

/// The name and what follows it.
pub(crate) fn split(line: &str) -> (&str, &str) {
    let line = line.trim_start().trim_start_matches(':').trim_start();
    line.split_once(char::is_whitespace).map_or((line, ""), |(name, rest)| (name, rest.trim()))
}

/// Which action a line names. Errors name the nearest one.
pub(crate) fn read(line: &str, names: Names) -> Result<Command, String> {
    let (name, argument) = split(line);
    if name.is_empty() {
        return Err("no action is named".to_owned());
    }
    let action = match resolve(name, names) {
        Ok(action) => action,
        Err(_) if is_time(name) => return Ok(Command { action: Action::GoTo, argument: line.trim().trim_start_matches(':').to_owned() }),
        Err(why) => return Err(why),
    };
    if arguments::of(action).is_none() && !argument.is_empty() {
        return Err(format!("{} takes nothing behind its name", action.info().name));
    }
    if arguments::needs_argument(action) && argument.is_empty() {
        let wanted = arguments::of(action).map_or("an argument", arguments::Argument::name);
        return Err(format!("{} needs {wanted}", action.info().name));
    }
    Ok(Command { action, argument: argument.to_owned() })
}

fn resolve(name: &str, names: Names) -> Result<Action, String> {
    if let Some(action) = Action::from_name(name).or_else(|| arguments::alias(name)) {
        return Ok(action);
    }
    let offered: Vec<&ActionInfo> = actions::ALL.iter().filter(|info| info.is_in_palette()).collect();
    if names == Names::Short {
        let short: Vec<&&ActionInfo> = offered.iter().filter(|info| info.name.starts_with(name)).collect();
        match short[..] {
            [only] => return Ok(only.action),
            [first, second, ..] => {
                let more = if short.len() > 2 { ", …" } else { "" };
                return Err(format!("{name:?} is short for several: {}, {}{more}", first.name, second.name));
            }
            [] => {}
        }
    }
    let hint = nearest_name(name, offered.iter().map(|info| info.name)).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Err(format!("no action is called {name:?}{hint}"))
}

/// The name that is meant: little differs, or it begins or goes on with what is typed.
pub fn nearest_name<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let is_part = |known: &&str| name.len() > 2 && (known.contains(name) || name.contains(known));
    nearest(name, known.clone()).or_else(|| known.filter(is_part).min_by_key(|known| known.len()))
}

/// Whether a first word looks like a typed time: `14:03`, `T+3m`, `-90s`, `2026-11-22`.
fn is_time(word: &str) -> bool {
    let digits = word.trim_start_matches(['T', 't']).trim_start_matches(['+', '-']);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// Lines that were typed, the last one at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    lines: Vec<String>,
}

impl Typed {
    /// Lines of a file: those that are no text of one line are left out.
    pub fn new(lines: impl IntoIterator<Item = String>) -> Self {
        let mut typed = Self::default();
        for line in lines {
            typed.remember(&line);
        }
        typed
    }

    /// All of them, the last one at the end.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Adds a line; one that was typed before goes to the end. Tells whether it is remembered.
    pub(crate) fn remember(&mut self, line: &str) -> bool {
        let line = line.trim();
        if line.is_empty() || line.len() > MAX_LINE_BYTES || line.contains(char::is_control) {
            return false;
        }
        self.lines.retain(|known| known != line);
        self.lines.push(line.to_owned());
        if self.lines.len() > REMEMBERED {
            self.lines.remove(0);
        }
        true
    }

    /// The line before (`-1`) or after (`1`) this place that begins with a text, and its place.
    pub(crate) fn step(&self, at: Option<usize>, way: isize, beginning: &str) -> Option<(usize, &str)> {
        let fits = |index: &usize| self.lines[*index].starts_with(beginning) && self.lines[*index] != beginning;
        let at = at.unwrap_or(self.lines.len()).min(self.lines.len());
        let found = if way < 0 { (0..at).rev().find(fits) } else { (at + 1..self.lines.len()).find(fits) };
        found.map(|index| (index, self.lines[index].as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Result<(Action, &str), &str>) {
        let found = read(line, Names::Short);
        match (found, expected) {
            (Ok(command), Ok((action, argument))) => assert_eq!((command.action, command.argument.as_str()), (action, argument)),
            (Err(why), Err(words)) => assert!(why.contains(words), "{why}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_line_names_an_action_by_its_whole_name_or_by_enough_of_it() {
        check(":goto  T+3m ", Ok((Action::GoTo, "T+3m")));
        check("unpl", Ok((Action::Unplaced, "")));
        check("q", Ok((Action::Quit, "")));
        check("panel rate(x[1m])", Ok((Action::PanelPicker, "rate(x[1m])")));
        check("zoom", Err("short for several: zoom-in, zoom-out, …"));
        check("goot 14:03", Err("did you mean goto?"));
        check("zoom-inn", Err("did you mean zoom-in?"));
        check("xyzzy", Err("no action is called \"xyzzy\""));
        check("zoom-in 3", Err("zoom-in takes nothing behind its name"));
        check("macro", Err("macro needs"));
        check("  ", Err("no action is named"));
        assert!(read("unpl", Names::Whole).is_err_and(|why| why.contains("did you mean unplaced?")));
    }

    #[test]
    fn a_time_alone_goes_there() {
        check("14:03", Ok((Action::GoTo, "14:03")));
        check(":T+3m", Ok((Action::GoTo, "T+3m")));
        check("-90s", Ok((Action::GoTo, "-90s")));
        check("2026-11-22 03:24", Ok((Action::GoTo, "2026-11-22 03:24")));
    }

    #[test]
    fn typed_lines_come_back_once_each_and_are_bounded() {
        let mut typed = Typed::new(["goto 1".into(), "title x".into(), "goto 1".into(), "a\nb".into()]);
        assert_eq!(typed.lines(), ["title x", "goto 1"]);
        assert_eq!(typed.step(None, -1, ""), Some((1, "goto 1")));
        assert_eq!(typed.step(None, -1, "ti"), Some((0, "title x")));
        assert_eq!(typed.step(Some(0), 1, ""), Some((1, "goto 1")));
        assert_eq!(typed.step(Some(1), 1, ""), None);
        for n in 0..2 * REMEMBERED {
            typed.remember(&format!("goto {n}"));
        }
        assert_eq!(typed.lines().len(), REMEMBERED);
        assert!(!typed.remember(&"x".repeat(MAX_LINE_BYTES + 1)));
    }
}
