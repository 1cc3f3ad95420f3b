//! Which action a sequence of keys means in a context; built from the action table, ready to be rebound.

use std::collections::BTreeMap;

use super::actions::{self, Action, Context};
use super::keys;
use super::message::KeyPress;

/// What the keys pressed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// This action.
    Action(Action),
    /// The beginning of something longer.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Bindings by context.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: BTreeMap<(Context, Vec<KeyPress>), Action>,
}

impl Keymap {
    /// The default keys of the action table.
    pub fn standard() -> Self {
        let mut bindings = BTreeMap::new();
        for info in actions::ALL {
            for key in info.keys {
                let keys = keys::parse_sequence(key).expect("a test reads every default key");
                for context in info.contexts {
                    bindings.insert((*context, keys.clone()), info.action);
                }
            }
        }
        Self { bindings }
    }

    /// Looks the keys up.
    pub fn meaning(&self, context: Context, pressed: &[KeyPress]) -> Meaning {
        if let Some(action) = self.bindings.get(&(context, pressed.to_vec())) {
            return Meaning::Action(*action);
        }
        if self.continuations(context, pressed).next().is_some() { Meaning::Prefix } else { Meaning::Nothing }
    }

    /// Keys that may follow a prefix, with their actions.
    pub fn continuations(&self, context: Context, pressed: &[KeyPress]) -> impl Iterator<Item = (KeyPress, Action)> {
        self.bindings
            .iter()
            .filter(move |((of, keys), _)| *of == context && keys.len() > pressed.len() && keys.starts_with(pressed))
            .map(move |((_, keys), action)| (keys[pressed.len()], *action))
    }

    /// All keys of an action as text, in the order of the table: `h ←`.
    pub fn keys_of(&self, action: Action) -> Vec<String> {
        action
            .info()
            .keys
            .iter()
            .filter_map(|key| keys::parse_sequence(key).ok())
            .filter(|keys| action.info().contexts.iter().any(|context| self.bindings.get(&(*context, keys.clone())) == Some(&action)))
            .map(|keys| keys::show_sequence(&keys))
            .collect()
    }

    /// The first key of an action, for hints; empty when it has none.
    pub fn key_of(&self, action: Action) -> String {
        self.keys_of(action).into_iter().next().unwrap_or_default()
    }
}
