//! What help lists: the keys that work here and now, or all of them; narrowed by typing.

use super::actions::{self, ActionInfo, Context, Group};
use super::overlay::Help;
use super::state::State;
use super::works;
use crate::model::fuzzy;

/// Which keys are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    /// Those that do something now.
    #[default]
    Here,
    /// All.
    All,
}

impl Scope {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Here => Self::All,
            Self::All => Self::Here,
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    Heading(&'static str),
    Key {
        keys: String,
        sentence: &'static str,
        /// It does something here and now.
        works: bool,
    },
    /// What to do instead.
    Advice(String),
}

/// Rows of the list in help on this screen.
pub(crate) fn n_rows(state: &State) -> usize {
    // Frame, and the line that is typed.
    usize::from(state.layout.hints_y.saturating_sub(3))
}

/// Lines for what is typed. O(actions).
pub(crate) fn lines(state: &State, help: &Help) -> Vec<Line> {
    let query = help.input.text();
    let fits = |info: &&ActionInfo| {
        let keys = state.keymap.keys_of(info.action).join("  ");
        fuzzy::score(query, &format!("{} {} {keys}", info.name, info.sentence)).is_some()
    };
    let found: Vec<&ActionInfo> = actions::ALL.iter().filter(fits).collect();
    let mut lines = Vec::new();
    let mut last: Option<(Group, bool)> = None;
    for info in &found {
        let works = works::works(state, info);
        if help.scope == Scope::Here && !works {
            continue;
        }
        let is_main = info.contexts.contains(&Context::Main);
        if last != Some((info.group, is_main)) {
            last = Some((info.group, is_main));
            let is_layer = works::context(state) != Context::Main;
            lines.push(Line::Heading(match (is_main, is_layer && help.scope == Scope::Here) {
                (true, _) => info.group.name(),
                (false, true) => "Here",
                (false, false) => "While something is open",
            }));
        }
        let keys = state.keymap.keys_of(info.action).join("  ");
        lines.push(Line::Key { keys: if keys.is_empty() { format!(":{}", info.name) } else { keys }, sentence: info.sentence, works });
    }
    if lines.is_empty() {
        lines.push(Line::Advice(match (help.scope, found.len()) {
            (_, 0) => "no key does that; delete some letters".to_owned(),
            (Scope::All, _) => "no key does that".to_owned(),
            (Scope::Here, 1) => "nothing that works here; Tab shows 1 key that does it elsewhere".to_owned(),
            (Scope::Here, n) => format!("nothing that works here; Tab shows {n} keys that do it elsewhere"),
        }));
    }
    lines
}

/// The heading of the list.
pub(crate) fn title(state: &State, help: &Help) -> String {
    match help.scope {
        Scope::Here => format!("keys that work {}: type to search, Tab shows all", works::place(state)),
        Scope::All => "all keys: type to search, Tab shows what works here".to_owned(),
    }
}

/// Rows that a page goes on by: one stays in sight.
pub(crate) fn page(state: &State) -> isize {
    n_rows(state).saturating_sub(1).max(1).cast_signed()
}

/// Scrolls so that the last line stays at the bottom.
pub(crate) fn scroll(state: &State, help: &Help, rows: isize) -> usize {
    let last = lines(state, help).len().saturating_sub(n_rows(state));
    help.scroll.min(last).saturating_add_signed(rows).min(last)
}
