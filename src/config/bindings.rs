//! Keys of a user over those of a preset: the user's own win, and what lost its key is named.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, read};
use crate::app::KeyPress;
use crate::app::actions::{self, Action, Context};
use crate::app::keymap::Keymap;
use crate::app::keys;

/// Keys of an action in a context, in the place of its default ones.
pub(super) type Overrides = BTreeMap<(Context, Action), Vec<Vec<KeyPress>>>;

/// Tables below `[keys]`.
pub(super) const CONTEXTS: &[(&str, Context)] =
    &[("main", Context::Main), ("typing", Context::Typing), ("editing", Context::Editing), ("asking", Context::Asking)];

/// The table that a context's keys stand in.
pub(super) fn table_of(context: Context) -> &'static str {
    match context {
        Context::Main => "keys",
        Context::Typing => "keys.typing",
        Context::Editing => "keys.editing",
        Context::Asking => "keys.asking",
    }
}

/// Keys that fingers know from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Those of the action table: as in vim where there is a likeness.
    Default,
    /// As in lnav.
    Lnav,
    /// As in the Perfetto viewer: w, a, s, d.
    Perfetto,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Default, Self::Lnav, Self::Perfetto];

    /// Name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Lnav => "lnav",
            Self::Perfetto => "perfetto",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Lnav => include_str!("../../assets/keys/lnav.toml"),
            Self::Perfetto => include_str!("../../assets/keys/perfetto.toml"),
        }
    }

    /// Its bindings; a test reads every preset.
    pub(super) fn overrides(self) -> Result<Overrides, Vec<String>> {
        let (mut config, mut wrong) = (Config::default(), Vec::new());
        read::file(&mut config, self.name(), self.text(), &mut wrong);
        if wrong.is_empty() { Ok(config.overrides) } else { Err(wrong) }
    }
}

/// The keymap of a preset with one's own keys over it, and what they took from others.
pub(super) fn bound(preset: Preset, own: &Overrides) -> (Keymap, Vec<String>) {
    let mut keymap = Keymap::standard();
    lay_over(&mut keymap, &preset.overrides().unwrap_or_default());
    let conflicts = lay_over(&mut keymap, own);
    (keymap, conflicts)
}

/// Binds all of them: first the old keys of these actions go, then the new ones come, so that two actions can change places.
fn lay_over(keymap: &mut Keymap, overrides: &Overrides) -> Vec<String> {
    for (context, action) in overrides.keys() {
        keymap.unbind(*context, *action);
    }
    let mut conflicts = Vec::new();
    for ((context, action), sequences) in overrides {
        for keys in sequences {
            let lost = keymap.bind(*context, keys.clone(), *action);
            if lost.len() > MOST_TOLD {
                conflicts.push(told_together(*context, (keys, *action), lost));
                continue;
            }
            for (lost, other) in lost {
                conflicts.push(told(keymap, *context, (keys, *action), (&lost, other)));
            }
        }
    }
    conflicts
}

/// Conflicts of one key that are told one by one; a prefix has many.
const MOST_TOLD: usize = 2;

/// `t is zoom-in now: 3 keys that begin with it are gone: t t (goto), t 0 (set-t0), t z (zone)`.
fn told_together(context: Context, taken: (&[KeyPress], Action), mut lost: Vec<(Vec<KeyPress>, Action)>) -> String {
    lost.sort_by_key(|(keys, action)| (actions::ALL.iter().position(|info| info.action == *action), keys.clone()));
    let gone: Vec<String> = lost.iter().map(|(keys, action)| format!("{} ({})", keys::show_sequence(keys), action.info().name)).collect();
    let place = if context == Context::Main { String::new() } else { format!(" {}", context.name()) };
    format!(
        "{} is {}{place} now: {} keys that begin with it are gone: {}",
        keys::show_sequence(taken.0),
        taken.1.info().name,
        gone.len(),
        gone.join(", ")
    )
}

/// `u is next-mark now: undo lost it and has no other key (:undo)`.
fn told(keymap: &Keymap, context: Context, taken: (&[KeyPress], Action), lost: (&[KeyPress], Action)) -> String {
    let (key, gone) = (keys::show_sequence(taken.0), keys::show_sequence(lost.0));
    let name = lost.1.info().name;
    let what = if key == gone { "it".to_owned() } else { gone };
    let others = keymap.keys_in(context, lost.1);
    let rest = match (others.is_empty(), lost.1.info().is_in_palette()) {
        (false, _) => format!("keeps {}", others.join(", ")),
        (true, true) => format!("has no other key (:{name})"),
        (true, false) => "has no other key".to_owned(),
    };
    let place = if context == Context::Main { String::new() } else { format!(" {}", context.name()) };
    format!("{key} is {}{place} now: {name} lost {what} and {rest}", taken.1.info().name)
}

/// Actions that have no key though they have one by default.
pub(super) fn keyless(keymap: &Keymap) -> Vec<&'static str> {
    let names: BTreeSet<&str> =
        actions::ALL.iter().filter(|info| !info.keys.is_empty() && keymap.keys_of(info.action).is_empty()).map(|info| info.name).collect();
    names.into_iter().collect()
}
