//! What a user settled: defaults < `config.toml` < environment < flags. None of it is ever needed.
//!
//! `ENTRIES` is the one table of keys: it feeds reading, the environment, errors and `coroner config --print-default`.
//! Keys are bound in `bindings`; where the file lies is in `place`.

mod bindings;
mod place;
mod print;
mod read;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use toml_edit::Value;

use crate::app::Script;
use crate::app::clock::Style;
use crate::app::keymap::Keymap;
use crate::app::looks::Switch;

pub use bindings::Preset;
pub use place::{Place, find};
pub use print::default_document;

/// What was settled.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of the theme, as `CORONER_THEME` takes it; `None`: what the terminal says.
    pub theme: Option<String>,
    /// Whether a flag says so, over the environment.
    pub is_theme_asked: bool,
    /// Which clock leads at the start.
    pub(crate) time: Style,
    /// Zone of local times where a case names none.
    pub zone: Tz,
    /// Which keys are the base of one's own.
    pub preset: Preset,
    /// Who writes annotations; `None`: the user of the system.
    pub author: Option<String>,
    /// Program that edits texts; `None`: `$VISUAL` or `$EDITOR`.
    pub editor: Option<String>,
    /// Program that shows long texts; `None`: `$PAGER`.
    pub pager: Option<String>,
    /// Whether the mouse is taken at the start.
    pub mouse: Switch,
    /// Whether position and layout of a case, typed lines and macros are kept.
    pub keeps_state: bool,
    /// Commands at the start.
    pub start: Script,
    /// What keys mean.
    pub keymap: Keymap,
    /// Bindings of one's own that took a key from another action, in words.
    pub conflicts: Vec<String>,
    overrides: bindings::Overrides,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: None,
            is_theme_asked: false,
            time: Style::Utc,
            zone: Tz::UTC,
            preset: Preset::Default,
            author: None,
            editor: None,
            pager: None,
            mouse: Switch::Off,
            keeps_state: true,
            start: Script::default(),
            keymap: Keymap::standard(),
            conflicts: Vec::new(),
            overrides: BTreeMap::new(),
        }
    }
}

impl Config {
    /// What a file and the environment say. Errors name file and line, or the variable; all of them at once.
    pub fn load(file: Option<(&str, &str)>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let mut config = Self::default();
        let mut wrong = Vec::new();
        if let Some((name, text)) = file {
            read::file(&mut config, name, text, &mut wrong);
        }
        read::environment(&mut config, variable, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let (keymap, conflicts) = bindings::bound(config.preset, &config.overrides);
        (config.keymap, config.conflicts) = (keymap, conflicts);
        Ok(config)
    }

    /// Actions that have no key with the chosen preset though they have one by default.
    pub fn keyless(&self) -> Vec<&'static str> {
        bindings::keyless(&self.keymap)
    }
}

/// One key of the file.
struct Entry {
    name: &'static str,
    /// Its default, as it is written.
    default: &'static str,
    /// Sentences for the printed file.
    words: &'static str,
    /// Takes a value, or says what it should be.
    take: fn(&mut Config, &Value) -> Result<(), String>,
}

/// Themes by name; `auto` asks the terminal.
pub const THEMES: &[&str] = &["auto", "dark", "light", "high-contrast", "16", "16-light", "mono", "ascii", "unicode"];

const ENTRIES: &[Entry] = &[
    Entry {
        name: "theme",
        default: "\"auto\"",
        words: "Colours: auto (what the terminal says), dark, light, high-contrast, 16, 16-light, mono; ascii or unicode: its colours, these signs.",
        take: |config, value| {
            let name = word(value)?;
            one_of(name, THEMES)?;
            config.theme = (name != "auto").then(|| name.to_owned());
            Ok(())
        },
    },
    Entry {
        name: "time",
        default: "\"utc\"",
        words: "Which times are shown first: utc, local (of `zone`), offset (T+, once there is a T+0). T on screen goes on to the next.",
        take: |config, value| {
            config.time = match one_of(word(value)?, &["utc", "local", "offset"])? {
                0 => Style::Utc,
                1 => Style::Local,
                _ => Style::Offset,
            };
            Ok(())
        },
    },
    Entry {
        name: "zone",
        default: "\"UTC\"",
        words: "Zone of local times where a case names none, such as Europe/Berlin.",
        take: |config, value| {
            let name = word(value)?;
            let zones = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            // Of a zone people know the city.
            let city = |zone: &&str| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name));
            let hint = || zones().find(city).or_else(|| crate::model::filter::nearest(name, zones()));
            config.zone = name.parse().map_err(|_| {
                let hint = hint().map_or_else(String::new, |near| format!("; did you mean {near}?"));
                format!("{name:?} is no zone{hint}")
            })?;
            Ok(())
        },
    },
    Entry {
        name: "preset",
        default: "\"default\"",
        words: "Keys that yours are laid over: default (as in vim), lnav, perfetto.",
        take: |config, value| {
            config.preset = Preset::ALL[one_of(word(value)?, &Preset::ALL.map(Preset::name))?];
            Ok(())
        },
    },
    Entry {
        name: "author",
        default: "\"\"",
        words: "Who writes notes; empty: the user of the system.",
        take: |config, value| text(value).map(|text| config.author = text),
    },
    Entry {
        name: "editor",
        default: "\"\"",
        words: "Program that edits texts (ctrl-e in a note); empty: $VISUAL, $EDITOR or vi.",
        take: |config, value| text(value).map(|text| config.editor = text),
    },
    Entry {
        name: "pager",
        default: "\"\"",
        words: "Program that shows long texts; empty: $PAGER or less.",
        take: |config, value| text(value).map(|text| config.pager = text),
    },
    Entry {
        name: "mouse",
        default: "false",
        words: "Whether click, drag and wheel are ours at the start; else the terminal selects text with them. U m turns it over.",
        take: |config, value| {
            config.mouse = if is_on(value)? { Switch::On } else { Switch::Off };
            Ok(())
        },
    },
    Entry {
        name: "state",
        default: "true",
        words: "Whether the place in a case, its layout, typed commands and macros are kept for the next time.",
        take: |config, value| {
            config.keeps_state = is_on(value)?;
            Ok(())
        },
    },
    Entry {
        name: "start",
        default: "[]",
        words: "Commands to run when a case is read, as the command line takes them: [\"filter-in level>=warn\", \"panels\"].",
        take: |config, value| read::start(config, value),
    },
];

fn word(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "must be a text in quotes".to_owned())
}

/// A text; empty means none.
fn text(value: &Value) -> Result<Option<String>, String> {
    Ok(Some(word(value)?.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// `true` or `false`; variables of the environment may also say `on`, `yes` or `1`.
fn is_on(value: &Value) -> Result<bool, String> {
    let said = value.as_bool().or_else(|| match value.as_str() {
        Some("true" | "on" | "yes" | "1") => Some(true),
        Some("false" | "off" | "no" | "0") => Some(false),
        _ => None,
    });
    said.ok_or_else(|| "must be true or false".to_owned())
}

fn one_of(name: &str, known: &[&str]) -> Result<usize, String> {
    known.iter().position(|known| *known == name).ok_or_else(|| {
        let hint = crate::app::commands::nearest_name(name, known.iter().copied());
        let hint = hint.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        format!("{name:?} is none of {}{hint}", known.join(", "))
    })
}

#[cfg(test)]
mod tests;
