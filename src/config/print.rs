//! `coroner config --print-default`: every key with its default and what it means; reading it changes nothing.

use std::fmt::Write as _;

use super::bindings::{CONTEXTS, table_of};
use super::{ENTRIES, Preset};
use crate::app::actions::ALL;

/// Longest line of a sentence.
const WIDTH: usize = 110;

/// The file.
pub fn default_document() -> String {
    let mut out = String::from(
        "# Coroner: everything that can be settled, with its default. No line of it is needed.\n\
         # Each key can also be given as a variable: CORONER_THEME=light, CORONER_STATE=off …\n",
    );
    for entry in ENTRIES {
        out.push('\n');
        for line in crate::app::side::wrap(entry.words, WIDTH) {
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(out, "{} = {}", entry.name, entry.default);
    }
    let presets = Preset::ALL.map(Preset::name).join(", ");
    let _ = write!(
        out,
        "\n# Keys by the name of their action, in the place of those it has (presets: {presets}). One key or several one after\n\
         # the other; [] leaves the action without a key. A key that another action had is yours: coroner config --check names it.\n"
    );
    for context in CONTEXTS.iter().map(|(_, context)| *context) {
        let _ = writeln!(out, "\n[{}]", table_of(context));
        for info in ALL.iter().filter(|info| info.contexts.contains(&context)) {
            let keys: Vec<String> = info.keys.iter().map(|key| toml_edit::Value::from(*key).to_string().trim().to_owned()).collect();
            let _ = writeln!(out, "# {}\n# {} = [{}]", info.sentence, info.name, keys.join(", "));
        }
    }
    out
}
