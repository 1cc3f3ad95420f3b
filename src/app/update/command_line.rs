//! The command line: an action by its name with what it takes, words to go on with, help for the word in hand, and
//! lines that were typed before.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::app::actions::{self, Action, ActionInfo};
use crate::app::arguments::{self, Argument};
use crate::app::commands::{self, Names};
use crate::app::message::{Effect, Memory};
use crate::app::overlay::Overlay;
use crate::app::prompt::{Offered, Prompt, PromptKind, Recalled};
use crate::app::state::State;
use crate::model::case::{KINDS, MarkerName};
use crate::model::{Timestamp, fuzzy, text};

use super::{action, filter, panel_typed, typed_time};

/// Words offered at once.
const MAX_OFFERED: usize = 500;
/// Series whose names are looked through; a key must not wait.
const SERIES_LOOKED_THROUGH: usize = 200_000;

/// Opens the line with a text to go on from.
pub(super) fn open(state: &mut State, text: &str) {
    state.overlays.push(Overlay::Prompt(Prompt::new(PromptKind::Command, text)));
    refresh(state);
}

/// Enter: what is typed is run and remembered, or the reason stands above it.
pub(super) fn accept(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let mut effects = run(state, typed, Names::Short)?;
    let line = typed.trim().trim_start_matches(':').trim();
    if state.commands.remember(line) && state.macros.n_recorded().is_none() {
        effects.push(Effect::Remember(Memory::Command(line.to_owned())));
    }
    Ok(effects)
}

/// Runs a line.
pub(super) fn run(state: &mut State, line: &str, names: Names) -> Result<Vec<Effect>, String> {
    let command = commands::read(line, names)?;
    if command.argument.is_empty() {
        return Ok(action::run(state, command.action, None));
    }
    action::with_argument(state, command.action, &command.argument)
        .unwrap_or_else(|| Err(format!("{} takes nothing behind its name", command.action.info().name)))
}

/// An earlier (`-1`) or later (`1`) line that begins with what is typed.
pub(super) fn recall(state: &mut State, way: isize) -> Vec<Effect> {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() else { return Vec::new() };
    // Down from the line leads into what is offered below it, and up out of that again; up from the line to earlier ones.
    let offered = prompt.offered.as_ref().filter(|offered| !offered.words.is_empty() && prompt.recalled.is_none());
    if offered.is_some_and(|offered| way > 0 || offered.chosen.is_some_and(|at| at > 0)) {
        super::overlays::step(state, way);
        return Vec::new();
    }
    let lines = if prompt.kind == PromptKind::Command { &state.commands } else { &state.filters_typed };
    let (at, typed) = match prompt.recalled.take() {
        Some(recalled) => (Some(recalled.at), recalled.typed),
        None => (None, prompt.input.text().to_owned()),
    };
    let found = lines.step(at, way, &typed).map(|(at, line)| (at, line.to_owned()));
    match (found, at) {
        (Some((at, line)), _) => {
            prompt.input = crate::app::line::LineInput::new(line);
            prompt.recalled = Some(Recalled { at, typed });
        }
        // Beyond the last one stands what was typed.
        (None, Some(_)) if way > 0 => prompt.input = crate::app::line::LineInput::new(typed),
        (None, Some(at)) => prompt.recalled = Some(Recalled { at, typed }),
        (None, None) => {}
    }
    super::overlays::refresh_prompt(state);
    Vec::new()
}

/// What the help row, the marks and the offered words say for what is typed.
struct Told {
    help: Result<String, String>,
    wrong: Option<Range<usize>>,
    offered: Offered,
}

/// Makes help and offers for what is typed.
pub(super) fn refresh(state: &mut State) {
    let Some(Overlay::Prompt(prompt)) = state.overlays.last() else { return };
    let (typed, before) = (prompt.input.text().to_owned(), prompt.input.before_cursor().to_owned());
    let told = tell(state, &typed, &before);
    if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
        prompt.preview = Some(told.help);
        prompt.wrong = told.wrong;
        prompt.offered = Some(told.offered);
    }
}

fn tell(state: &State, typed: &str, before: &str) -> Told {
    let name_at = before.len() - before.trim_start_matches([' ', ':']).len();
    let is_name = !before[name_at..].contains(char::is_whitespace);
    if is_name && commands::split(typed).1.is_empty() {
        return tell_name(&before[name_at..], name_at);
    }
    match commands::read(typed, Names::Short) {
        Ok(command) => tell_argument(state, command.action, (typed, before)),
        // The cursor may stand behind a name that still wants something.
        Err(why) => match commands::read(before.trim_end(), Names::Short).or_else(|_| named_only(before)) {
            Ok(command) => tell_argument(state, command.action, (typed, before)),
            Err(()) => Told { help: Err(why), wrong: None, offered: nothing(before.len()) },
        },
    }
}

/// An action that means nothing without an argument, before there is one.
fn named_only(before: &str) -> Result<commands::Command, ()> {
    let action = Action::from_name(commands::split(before).0).filter(|action| arguments::needs_argument(*action)).ok_or(())?;
    Ok(commands::Command { action, argument: String::new() })
}

fn nothing(start: usize) -> Offered {
    Offered { start, words: Vec::new(), notes: Vec::new(), chosen: None }
}

/// `goto TIME: go to a typed time …`.
fn help_of(info: &ActionInfo) -> String {
    match arguments::of(info.action) {
        Some(argument) if arguments::needs_argument(info.action) => format!("{} {}: {}", info.name, argument.name(), info.sentence),
        Some(argument) => format!("{} [{}]: {}", info.name, argument.name(), info.sentence),
        None => format!("{}: {}", info.name, info.sentence),
    }
}

fn tell_name(typed: &str, start: usize) -> Told {
    let mut found: Vec<(i64, &ActionInfo)> = actions::ALL
        .iter()
        .filter(|info| info.is_in_palette() && info.action != Action::CommandLine)
        .filter_map(|info| Some((name_score(typed, info)?, info)))
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.truncate(MAX_OFFERED);
    let help = match (typed, found.first()) {
        ("", _) => Ok("an action by its name; Tab and ↓ go on, ↑ brings back earlier lines, a time alone goes there".to_owned()),
        (_, Some((_, info))) => Ok(help_of(info)),
        (_, None) => commands::read(typed, Names::Short).map(|command| help_of(command.action.info())),
    };
    let word = |info: &ActionInfo| if arguments::of(info.action).is_some() { format!("{} ", info.name) } else { info.name.to_owned() };
    let words = found.iter().map(|(_, info)| word(info)).collect();
    let notes = found.iter().map(|(_, info)| info.sentence.to_owned()).collect();
    Told { help, wrong: None, offered: Offered { start, words, notes, chosen: None } }
}

/// Beginnings before names that hold the letters, those before sentences that hold the word.
fn name_score(typed: &str, info: &ActionInfo) -> Option<i64> {
    let lower = typed.to_lowercase();
    if lower.is_empty() {
        return Some(0);
    }
    if info.name == lower || arguments::alias(&lower) == Some(info.action) {
        return Some(100_000);
    }
    if info.name.starts_with(&lower) {
        return Some(50_000 - info.name.len() as i64);
    }
    fuzzy::score(&lower, info.name).map(|(score, _)| score).or_else(|| info.sentence.contains(&lower).then_some(-1))
}

fn tell_argument(state: &State, action: Action, (typed, before): (&str, &str)) -> Told {
    let info = action.info();
    let Some(argument) = arguments::of(action) else {
        return Told { help: Ok(help_of(info)), wrong: None, offered: nothing(before.len()) };
    };
    let start = argument_start(before);
    let (given, so_far) = (commands::split(typed).1, before.get(start..).unwrap_or_default());
    let (preview, wrong) = preview(state, action, argument, given);
    let wrong = wrong.map(|span| span.start + start..span.end + start);
    let forms = if argument.forms().is_empty() { String::new() } else { format!("   {}", argument.forms()) };
    let help = match preview {
        Some(Ok(words)) => Ok(format!("{} → {words}", info.name)),
        Some(Err(why)) => Err(why),
        None => Ok(format!("{}{forms}", help_of(info))),
    };
    Told { help, wrong, offered: offer(state, argument, start, so_far) }
}

/// Where the argument begins: behind the blanks that follow the name.
fn argument_start(before: &str) -> usize {
    let name_at = before.len() - before.trim_start_matches([' ', ':']).len();
    let name_end = before[name_at..].find(char::is_whitespace).map_or(before.len(), |at| name_at + at);
    before.len() - before[name_end..].trim_start().len()
}

/// What an argument means so far, where that can be told.
fn preview(state: &State, action: Action, argument: Argument, given: &str) -> (Option<Result<String, String>>, Option<Range<usize>>) {
    if given.is_empty() {
        return (None, None);
    }
    let told = match argument {
        Argument::Time => return typed_time::preview(state, given),
        Argument::Limit => panel_typed::preview(state, PromptKind::Limit, given),
        Argument::Ghost => panel_typed::preview(state, PromptKind::Ghost, given),
        Argument::Filter => {
            return filter::told(state, given, if action == Action::FilterOut { PromptKind::FilterOut } else { PromptKind::FilterIn });
        }
        Argument::Zone => given.parse::<chrono_tz::Tz>().ok().map(|zone| Ok(format!("times in {}", zone.name()))),
        Argument::Keys => crate::app::keys::parse_steps(given).err().map(Err),
        _ => None,
    };
    (told, None)
}

/// Words that an argument may be, or go on with. `start` is the byte of the line at which the argument begins.
fn offer(state: &State, argument: Argument, start: usize, so_far: &str) -> Offered {
    let known: Vec<(String, String)> = match argument {
        Argument::Filter => {
            let offered = filter::offer(state, so_far);
            return Offered { start: offered.start + start, ..offered };
        }
        Argument::Formula => return offer_series(state, start, so_far),
        Argument::Time => moments(state),
        Argument::Zone | Argument::SourceZone => {
            chrono_tz::TZ_VARIANTS.iter().map(|zone| (zone.name().to_owned(), String::new())).collect()
        }
        Argument::Marker => MarkerName::ALL.into_iter().map(|name| (name.name().replace('_', " "), String::new())).collect(),
        Argument::Kind => KINDS.iter().map(|kind| (format!("{} ", kind.name), kind.text.to_owned())).collect(),
        Argument::Limit => plain(&["off"]),
        Argument::Ghost => plain(&["baseline", "-1h", "T-10m", "off"]),
        Argument::Theme => plain(&["dark", "light", "high-contrast", "16", "16-light", "mono", "ascii", "unicode", "terminal"]),
        Argument::Switch => plain(&["on", "off"]),
        Argument::Severity => plain(&["SEV1", "SEV2", "SEV3", "SEV4"]),
        Argument::Label => labels(state),
        Argument::Tags => {
            let tags: BTreeSet<&String> = state.session.doc.annotations.values().flat_map(|record| &record.tags).collect();
            tags.into_iter().map(|tag| (tag.clone(), String::new())).collect()
        }
        Argument::Macro => macro_words(state, so_far),
        Argument::Step => plain(&["skip", "off"]),
        Argument::Notes => plain(&["kind:", "tag:", "author:", "pinned"]),
        Argument::Clock => state.catalog.sources.iter().map(|source| (format!("{} ", source.path), source.format.clone())).collect(),
        Argument::Find | Argument::Shift | Argument::Words | Argument::Count | Argument::Keys => Vec::new(),
    };
    let wanted = so_far.trim();
    let mut scored: Vec<(i64, (String, String))> = known
        .into_iter()
        .filter_map(|(word, note)| {
            let score = match fuzzy::score(wanted, &word) {
                Some((score, _)) => score + i64::from(word.starts_with(wanted)) * 10_000,
                None if note.to_lowercase().contains(&wanted.to_lowercase()) => -1,
                None => return None,
            };
            (word.trim_end() != wanted).then_some((score, (word, note)))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.truncate(MAX_OFFERED);
    let (words, notes) = scored.into_iter().map(|(_, pair)| pair).unzip();
    Offered { start, words, notes, chosen: None }
}

fn plain(words: &[&str]) -> Vec<(String, String)> {
    words.iter().map(|word| ((*word).to_owned(), String::new())).collect()
}

/// Moments that have a name, nearest to the cursor first: marks and notes, changes, alerts.
fn moments(state: &State) -> Vec<(String, String)> {
    let (catalog, cursor) = (&state.catalog, state.timeline.cursor);
    let records = state.told().by_time();
    let mut found: Vec<(Timestamp, String)> =
        records.into_iter().filter_map(|record| Some((record.at()?, super::annotate::headline(record)))).collect();
    found.extend(catalog.changes.iter().filter_map(|change| Some((change.time?, change.title()))));
    found.extend(catalog.alerts.iter().map(|alert| (alert.firing_at.unwrap_or(alert.active_at), format!("alert {}", alert.name))));
    found.sort_by_key(|(at, _)| at.since(cursor).unsigned_abs());
    found.truncate(1_000);
    found.into_iter().map(|(at, words)| (text::rfc3339(at), text::printable(words.trim()).into_owned())).collect()
}

/// Labels of the series in the selected panel.
fn labels(state: &State) -> Vec<(String, String)> {
    let meta = state.panels.selected().and_then(|panel| state.catalog.series(panel.id?));
    meta.map_or_else(Vec::new, |meta| meta.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn macro_words(state: &State, so_far: &str) -> Vec<(String, String)> {
    let named = || state.macros.names();
    match so_far.split_whitespace().next() {
        Some(verb @ ("play" | "remove")) => {
            named().map(|(name, keys)| (format!("{verb} {name}"), crate::app::keys::write_sequence(keys))).collect()
        }
        Some("save") => named().map(|(name, _)| (format!("save {name}"), "replaces it".to_owned())).collect(),
        _ => {
            let told = [
                ("save ", "keeps the last macro by a name"),
                ("play ", "plays it, once or several times"),
                ("remove ", "forgets it"),
                ("list", "tells the names"),
            ];
            told.map(|(word, note)| (word.to_owned(), note.to_owned())).to_vec()
        }
    }
}

/// Names of series that the last word of a formula may be.
fn offer_series(state: &State, start: usize, so_far: &str) -> Offered {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let word_at = so_far.rfind(|c: char| !is_name(c)).map_or(0, |at| at + so_far[at..].chars().next().map_or(1, char::len_utf8));
    let word = so_far[word_at..].to_lowercase();
    let series = state.catalog.series.iter().take(SERIES_LOOKED_THROUGH);
    let mut names: BTreeSet<(bool, &str)> = BTreeSet::new();
    for meta in series.filter(|meta| meta.name.to_lowercase().contains(&word) && meta.name.chars().all(is_name)) {
        names.insert((!meta.name.to_lowercase().starts_with(&word), &meta.name));
        // Those that begin with the word come first, and of each kind the first by name.
        if names.len() > MAX_OFFERED {
            names.pop_last();
        }
    }
    let words: Vec<String> = names.into_iter().map(|(_, name)| name.to_owned()).collect();
    Offered { start: start + word_at, notes: vec![String::new(); words.len()], words, chosen: None }
}
