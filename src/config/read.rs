//! `config.toml` and the environment → [`Config`]. What is wrong is told with its line, and with the name that is meant.

use toml_edit::{Document, Item, TableLike, TomlError, Value};

use super::bindings::{self, CONTEXTS};
use super::{Config, ENTRIES};
use crate::app::Script;
use crate::app::actions::{self, Action, Context};
use crate::app::commands::nearest_name;
use crate::app::keys;

/// A place in a file.
struct Lines<'a> {
    name: &'a str,
    text: &'a str,
}

impl Lines<'_> {
    fn at(&self, span: Option<std::ops::Range<usize>>) -> String {
        let line = span.map_or(1, |span| self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
        format!("{}:{line}", self.name)
    }
}

/// Reads a file.
pub(super) fn file(config: &mut Config, name: &str, text: &str, wrong: &mut Vec<String>) {
    let text = text.trim_start_matches('\u{feff}');
    let lines = Lines { name, text };
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return wrong.push(not_toml(&lines, &error)),
    };
    let table = document.as_table();
    for (key, item) in table {
        let at = || lines.at(table.key(key).and_then(toml_edit::Key::span));
        if key == "keys" {
            match item.as_table_like() {
                Some(keys) => bound_keys(config, keys, Context::Main, &lines, wrong),
                None => wrong.push(format!("{}: keys must be a table: [keys]", at())),
            }
            continue;
        }
        let Some(entry) = ENTRIES.iter().find(|entry| entry.name == key) else {
            let known = ENTRIES.iter().map(|entry| entry.name).chain(["keys"]);
            wrong.push(format!("{}: there is no key {key:?}{}", at(), meant(key, known)));
            continue;
        };
        match item.as_value() {
            Some(value) if key == "start" => config.start = start_lines(value, &lines, wrong),
            Some(value) => {
                if let Err(why) = (entry.take)(config, value) {
                    wrong.push(format!("{}: {key}: {why}", at()));
                }
            }
            None => wrong.push(format!("{}: {key} is no table", at())),
        }
    }
}

fn not_toml(lines: &Lines<'_>, error: &TomlError) -> String {
    format!("{}: not TOML: {}", lines.at(error.span()), error.message().lines().next().unwrap_or("cannot be read"))
}

fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    nearest_name(name, known).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// `[keys]` and the tables of other contexts below it.
fn bound_keys(config: &mut Config, table: &dyn TableLike, context: Context, lines: &Lines<'_>, wrong: &mut Vec<String>) {
    for (name, item) in table.iter() {
        let at = || lines.at(table.key(name).and_then(toml_edit::Key::span));
        let other = CONTEXTS.iter().find(|(known, _)| *known == name).map(|(_, context)| *context);
        if let (Context::Main, Some(other), Some(inner)) = (context, other, item.as_table_like()) {
            bound_keys(config, inner, other, lines, wrong);
            continue;
        }
        let action = match action_here(name, context) {
            Ok(action) => action,
            Err(why) => {
                wrong.push(format!("{}: {why}", at()));
                continue;
            }
        };
        match sequences(item) {
            Ok(found) => drop(config.overrides.insert((context, action), found)),
            Err(why) => wrong.push(format!("{}: {name}: {why}", at())),
        }
    }
}

/// The action of this name that works in a context.
fn action_here(name: &str, context: Context) -> Result<Action, String> {
    let here = |info: &&actions::ActionInfo| info.contexts.contains(&context);
    if let Some(info) = actions::ALL.iter().filter(here).find(|info| info.name == name) {
        return Ok(info.action);
    }
    if let Some(action) = Action::from_any_name(name) {
        let tables: Vec<&str> = action.info().contexts.iter().map(|context| bindings::table_of(*context)).collect();
        return Err(format!("{name} works {}: put it into [{}]", action.info().contexts[0].name(), tables.join("] or [")));
    }
    Err(format!("there is no action {name:?}{}", meant(name, actions::ALL.iter().filter(here).map(|info| info.name))))
}

/// `["ctrl-x", "g g"]`, or one text.
fn sequences(item: &Item) -> Result<Vec<Vec<crate::app::KeyPress>>, String> {
    const FORM: &str = "must be a list of keys, such as [\"ctrl-x\", \"g g\"], or [] for none";
    let texts: Vec<&str> = match item.as_value() {
        Some(Value::String(text)) => vec![text.value()],
        Some(Value::Array(list)) => list.iter().map(|value| value.as_str().ok_or(FORM)).collect::<Result<_, _>>()?,
        _ => return Err(FORM.to_owned()),
    };
    let mut found = Vec::new();
    for text in texts {
        let keys = keys::parse_sequence(text)?;
        if keys.is_empty() {
            return Err("an empty text is no key; [] leaves the action without one".to_owned());
        }
        if !found.contains(&keys) {
            found.push(keys);
        }
    }
    Ok(found)
}

/// Commands at the start, each with its own line.
fn start_lines(value: &Value, lines: &Lines<'_>, wrong: &mut Vec<String>) -> Script {
    let Some(list) = value.as_array() else {
        wrong.push(format!("{}: start must be a list of commands in quotes", lines.at(value.span())));
        return Script::default();
    };
    let mut found = Vec::new();
    for value in list {
        match value.as_str() {
            Some(text) => found.push((lines.at(value.span()), text.to_owned())),
            None => wrong.push(format!("{}: start: a command stands in quotes", lines.at(value.span()))),
        }
    }
    Script::of(found).unwrap_or_else(|why| {
        wrong.extend(why);
        Script::default()
    })
}

/// Commands of the environment: separated by `;`.
pub(super) fn start(config: &mut Config, value: &Value) -> Result<(), String> {
    let text = super::word(value)?;
    let commands = text.split(';').map(|line| ("CORONER_START".to_owned(), line.to_owned()));
    config.start = Script::of(commands).map_err(|wrong| wrong.join("; "))?;
    Ok(())
}

/// `CORONER_THEME` and the like: a key in upper case.
pub(super) fn environment(config: &mut Config, variable: impl Fn(&str) -> Option<String>, wrong: &mut Vec<String>) {
    for entry in ENTRIES {
        let name = format!("CORONER_{}", entry.name.to_uppercase());
        let Some(given) = variable(&name).filter(|given| !given.is_empty()) else { continue };
        // What a terminal is said to show is never a reason not to start.
        if let Err(why) = (entry.take)(config, &Value::from(given.as_str()))
            && entry.name != "theme"
        {
            wrong.push(format!("{name}: {why}"));
        }
    }
}
