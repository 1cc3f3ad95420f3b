//! Which action a sequence of keys means in a context: those of the action table, with what a user bound over them.
//!
//! No sequence is the beginning of another one in the same context: binding one takes it from whoever had it.

use std::collections::BTreeMap;

use super::actions::{self, Action, Context};
use super::keys;
use super::press::KeyPress;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bindings: BTreeMap<(Context, Vec<KeyPress>), Action>,
    /// The same by action, in the order in which they are told.
    sequences: BTreeMap<Action, Vec<(Context, Vec<KeyPress>)>>,
}

impl Keymap {
    /// The default keys of the action table.
    pub fn standard() -> Self {
        let mut keymap = Self { bindings: BTreeMap::new(), sequences: BTreeMap::new() };
        for info in actions::ALL {
            for key in info.keys {
                let keys = keys::parse_sequence(key).expect("a test reads every default key");
                for context in info.contexts {
                    keymap.put(*context, keys.clone(), info.action);
                }
            }
        }
        keymap
    }

    fn put(&mut self, context: Context, keys: Vec<KeyPress>, action: Action) {
        self.bindings.insert((context, keys.clone()), action);
        self.sequences.entry(action).or_default().push((context, keys));
    }

    /// Takes the keys of an action in a context away.
    pub fn unbind(&mut self, context: Context, action: Action) {
        self.bindings.retain(|(of, _), bound| (*of, *bound) != (context, action));
        if let Some(sequences) = self.sequences.get_mut(&action) {
            sequences.retain(|(of, _)| *of != context);
        }
    }

    /// Binds keys to an action; tells which keys of other actions went for that.
    pub fn bind(&mut self, context: Context, keys: Vec<KeyPress>, action: Action) -> Vec<(Vec<KeyPress>, Action)> {
        let is_in_the_way = |other: &[KeyPress]| other.starts_with(&keys) || keys.starts_with(other);
        let gone: Vec<(Vec<KeyPress>, Action)> = self
            .bindings
            .iter()
            .filter(|((of, other), _)| *of == context && is_in_the_way(other))
            .map(|((_, other), action)| (other.clone(), *action))
            .collect();
        for (other, of) in &gone {
            self.bindings.remove(&(context, other.clone()));
            if let Some(sequences) = self.sequences.get_mut(of) {
                sequences.retain(|known| known != &(context, other.clone()));
            }
        }
        self.put(context, keys, action);
        gone.into_iter().filter(|(_, of)| *of != action).collect()
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

    /// All keys of an action as text, each once: `h ←`.
    pub fn keys_of(&self, action: Action) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for (_, keys) in self.sequences.get(&action).into_iter().flatten() {
            let words = keys::show_sequence(keys);
            if !told.contains(&words) {
                told.push(words);
            }
        }
        told
    }

    /// The keys of an action in one context.
    pub fn keys_in(&self, context: Context, action: Action) -> Vec<String> {
        let here = self.sequences.get(&action).into_iter().flatten().filter(|(of, _)| *of == context);
        here.map(|(_, keys)| keys::show_sequence(keys)).collect()
    }

    /// The first key of an action, for hints; empty when it has none.
    pub fn key_of(&self, action: Action) -> String {
        self.keys_of(action).into_iter().next().unwrap_or_default()
    }
}
