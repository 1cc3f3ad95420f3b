//! Commands of a file: one a line, empty lines and lines that begin with `#` left out.
//!
//! Names are checked before anything runs; what an argument means is known only when its line runs.

use super::commands::{self, Names};
use super::keys;

/// More than anybody writes; a file of another kind given by mistake ends here.
const MAX_LINES: usize = 10_000;

/// Commands to run, with the place of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Each with the place that errors name: `morning.run:3`.
    lines: Vec<(String, String)>,
}

impl Script {
    /// Reads a text; `name` is that of its file. Errors are of the form `FILE:LINE: reason`, all of them at once.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<String>> {
        let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        Self::of(lines.map(|(index, line)| (format!("{name}:{}", index + 1), line.to_owned())))
    }

    /// The same of commands that come from several places.
    pub fn of(lines: impl IntoIterator<Item = (String, String)>) -> Result<Self, Vec<String>> {
        let is_meant = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let lines: Vec<(String, String)> = lines.into_iter().filter(|(_, line)| is_meant(line)).collect();
        if let Some((place, _)) = lines.get(MAX_LINES) {
            return Err(vec![format!("{place}: more than {MAX_LINES} commands")]);
        }
        let wrong: Vec<String> = lines.iter().filter_map(|(place, line)| check(line).err().map(|why| format!("{place}: {why}"))).collect();
        if wrong.is_empty() { Ok(Self { lines }) } else { Err(wrong) }
    }

    /// Adds the commands of another one behind these.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Places and lines.
    pub(crate) fn lines(&self) -> &[(String, String)] {
        &self.lines
    }
}

/// Whether a line names an action, and what can be told of its argument without data.
fn check(line: &str) -> Result<(), String> {
    let command = commands::read(line, Names::Whole)?;
    if command.action == super::Action::PressKeys {
        keys::parse_steps(&command.argument)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_line_is_told_with_its_file_and_number() {
        let text = "# morning\n\ngoto T+3m\n  :zoom-inn\nfilter-in level>=warn # not a comment\nkeys hop\nzoom-in 3\n";
        let wrong = Script::parse("a.run", text).expect_err("three lines are wrong");
        assert_eq!(
            wrong,
            [
                "a.run:4: no action is called \"zoom-inn\"; did you mean zoom-in?",
                "a.run:6: \"hop\" is no key; write one character, a name such as enter or pagedown, or ctrl-p, alt-left, shift-right",
                "a.run:7: zoom-in takes nothing behind its name",
            ]
        );
        let script = Script::parse("b", "\u{feff}goto T+3m\r\n#x\n:zoom-in").expect("a script");
        let told: Vec<String> = script.lines().iter().map(|(place, line)| format!("{place} {line}")).collect();
        assert_eq!(told, ["b:1 goto T+3m", "b:3 :zoom-in"]);
    }
}
