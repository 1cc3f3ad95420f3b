//! What a user settled, as far as it changes what keys do and what is shown: taken over before the first message.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::clock::Style;
use super::commands::Typed;
use super::keymap::Keymap;
use super::looks::Switch;
use super::macros::Macros;
use super::press::KeyPress;
use super::state::State;

/// The settings of a session.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What keys mean.
    pub keymap: Keymap,
    /// Which clock leads at first.
    pub(crate) style: Style,
    /// Zone of local times where the case names none.
    pub zone: Tz,
    /// Whether the mouse is ours at first.
    pub mouse: Switch,
    /// Lines that were typed before.
    pub commands: Vec<String>,
    /// Macros by name.
    pub macros: BTreeMap<String, Vec<KeyPress>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keymap: Keymap::standard(),
            style: Style::Utc,
            zone: Tz::UTC,
            mouse: Switch::Off,
            commands: Vec::new(),
            macros: BTreeMap::new(),
        }
    }
}

impl State {
    /// Takes the settings over.
    pub fn configure(&mut self, settings: Settings) {
        self.keymap = settings.keymap;
        self.usual_zone = settings.zone;
        self.clock.zone = self.case_zone();
        self.clock.style = settings.style;
        self.looks.mouse = settings.mouse;
        self.commands = Typed::new(settings.commands);
        self.macros = Macros::with_named(settings.macros);
        super::update::settle_view(self);
    }

    /// The zone of local times: that of the case, else the usual one.
    pub(crate) fn case_zone(&self) -> Tz {
        self.session.doc.meta.time_zone.as_deref().and_then(|name| name.parse().ok()).unwrap_or(self.usual_zone)
    }
}
