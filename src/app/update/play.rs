//! Macros and commands of files: recorded, played one step after the other, ended by Esc.
//!
//! A step waits for the answers that the ones before asked for, and a script for everything to be read.

use crate::app::actions::{Action, Context};
use crate::app::commands::Names;
use crate::app::jobs::Slot;
use crate::app::keys::{self, Step};
use crate::app::macros::{MAX_TIMES, Placed};
use crate::app::message::{Effect, Memory};
use crate::app::press::{KeyCode, KeyPress};
use crate::app::script::Script;
use crate::app::state::State;

use super::{action, ask, command_line, input};

/// Steps between two looks at the keyboard.
const AT_ONCE: usize = 16;

/// Starts recording, or ends it.
pub(super) fn record(state: &mut State) {
    if state.macros.n_recorded().is_none() {
        state.macros.start_recording();
        let (record, play) = (state.keymap.key_of(Action::RecordMacro), state.keymap.key_of(Action::PlayMacro));
        state.say(format!("recording keys: {record} ends it, then {play} plays them"));
        return;
    }
    let play = state.keymap.key_of(Action::PlayMacro);
    match state.macros.end_recording() {
        0 => state.say("nothing was recorded; the macro before stays"),
        n => state.say(format!("{n} {} recorded: {play} plays them, :macro save NAME keeps them", if n == 1 { "key" } else { "keys" })),
    }
}

/// Records the keys of an action, but for those that end the recording; a macro that is played becomes part of it.
pub(super) fn note(state: &mut State, action: Action, pressed: &[KeyPress]) {
    match action {
        Action::RecordMacro => {}
        Action::PlayMacro => {
            let keys = state.macros.last().to_vec();
            state.macros.record(&keys);
        }
        _ => state.macros.record(pressed),
    }
}

/// Pasted text is recorded as if it had been typed, where it goes into something.
pub(super) fn note_paste(state: &mut State, text: &str) {
    if state.macros.n_recorded().is_none() || state.context() == Context::Main {
        return;
    }
    let typed = |c: char| match c {
        '\n' if state.context() == Context::Editing => KeyPress::plain(KeyCode::Enter),
        c if c.is_control() => KeyPress::char(' '),
        c => KeyPress::char(c),
    };
    let keys: Vec<KeyPress> = text.trim().replace("\r\n", "\n").chars().map(typed).collect();
    state.macros.record(&keys);
}

/// Plays the last macro so many times.
pub(super) fn last(state: &mut State, times: u32) {
    let keys = state.macros.last().to_vec();
    if keys.is_empty() {
        let record = state.keymap.key_of(Action::RecordMacro);
        state.say(format!("no macro was recorded: {record} starts and ends one"));
        return;
    }
    begin(state, "the macro", keys.into_iter().map(Step::Key).collect(), times);
}

/// Plays something, or ends all that plays: what refuses would be tried again and again.
fn begin(state: &mut State, name: &str, steps: Vec<Step>, times: u32) {
    state.macros.failure = None;
    if let Err(why) = state.macros.play(name, steps, times) {
        fail(state, "", &why);
    }
}

fn count(typed: &str) -> Result<u32, String> {
    typed
        .parse()
        .ok()
        .filter(|times| (1..=MAX_TIMES).contains(times))
        .ok_or_else(|| format!("{typed:?} is no number from 1 to {MAX_TIMES}"))
}

/// `:play-macro 5`.
pub(super) fn counted(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let times = count(typed)?;
    last(state, times);
    Ok(Vec::new())
}

/// `:macro save NAME`, `play NAME [TIMES]`, `remove NAME`, `list`.
pub(super) fn named(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let mut words = typed.split_whitespace();
    let (verb, name, more) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next());
    match verb {
        "save" => {
            let keys = keys::write_sequence(state.macros.save(name)?);
            state.say(format!("macro {name} kept: :macro play {name}"));
            Ok(vec![Effect::Remember(Memory::Macro(name.to_owned(), keys))])
        }
        "play" => {
            let times = more.map_or(Ok(1), count)?;
            let keys = state.macros.named(name).ok_or_else(|| no_macro(state, name))?.to_vec();
            begin(state, &format!("macro {name}"), keys.into_iter().map(Step::Key).collect(), times);
            Ok(Vec::new())
        }
        "remove" if state.macros.remove(name) => {
            state.say(format!("macro {name} removed"));
            Ok(vec![Effect::Remember(Memory::NoMacro(name.to_owned()))])
        }
        "remove" => Err(no_macro(state, name)),
        "list" => {
            let all: Vec<String> = state
                .macros
                .names()
                .map(|(name, keys)| format!("{name} ({} key{})", keys.len(), if keys.len() == 1 { "" } else { "s" }))
                .collect();
            state.say(if all.is_empty() { "no macro is kept".to_owned() } else { all.join(", ") });
            Ok(Vec::new())
        }
        _ => Err(format!("{verb:?} is nothing to do with a macro; write save NAME, play NAME [TIMES], remove NAME or list")),
    }
}

fn no_macro(state: &State, name: &str) -> String {
    let names: Vec<&str> = state.macros.names().map(|(name, _)| name).collect();
    if names.is_empty() {
        format!("no macro is called {name:?}; none is kept")
    } else {
        format!("no macro is called {name:?}; there are {}", names.join(", "))
    }
}

/// `:keys e e Enter`.
pub(super) fn keys(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let steps = keys::parse_steps(typed)?;
    begin(state, &format!("keys {typed}"), steps, 1);
    Ok(Vec::new())
}

/// Commands of a file, to be run when everything is read.
pub(super) fn start(state: &mut State, script: &Script) {
    state.macros.start(script);
    if state.macros.is_playing() && !state.catalog.is_complete {
        state.say("the commands at the start run when everything is read; Esc drops them");
    }
}

/// One line, as if it had been typed; in a list or form also the actions that work there.
pub(super) fn command(state: &mut State, line: &str) -> Vec<Effect> {
    run_line(state, line).unwrap_or_else(|why| {
        fail(state, "", &why);
        Vec::new()
    })
}

fn run_line(state: &mut State, line: &str) -> Result<Vec<Effect>, String> {
    let here = Action::from_any_name(line.trim()).filter(|action| action.info().contexts.contains(&state.context()));
    match here {
        Some(action) if state.context() != Context::Main => Ok(action::run(state, action, None)),
        _ => command_line::run(state, line, Names::Whole),
    }
}

/// A key of the user while something is being played: Esc ends it, others are not for what it does. Whether it is dealt with.
pub(super) fn interrupt(state: &mut State, key: KeyPress) -> bool {
    let Some((name, n_left)) = state.macros.playing() else { return false };
    let is_stop = key.code == KeyCode::Esc || key == KeyPress { ctrl: true, ..KeyPress::char('c') };
    let name = name.to_owned();
    if state.macros.waits_for_data() {
        // Loading never takes the keys: only Esc with nothing else to close is for the script.
        let is_meant = key.code == KeyCode::Esc && state.context() == Context::Main && state.pending.is_empty();
        if is_meant {
            state.macros.stop();
            state.say(format!("dropped: {name}"));
        }
        return is_meant;
    }
    if is_stop {
        state.macros.stop();
        state.say(format!("stopped: {name}"));
    } else {
        let left = if n_left > 0 { format!(", {n_left} more times") } else { String::new() };
        state.say(format!("playing {name}{left}: Esc stops it"));
    }
    true
}

/// Takes the steps that nothing holds up, with the questions that follow from each.
pub(super) fn go_on(state: &mut State, effects: &mut Vec<Effect>) {
    for _ in 0..AT_ONCE {
        if !state.macros.is_playing() || is_held_up(state) {
            return;
        }
        let Some(step) = state.macros.next_step() else { return };
        take(state, &step, effects);
        state.macros.tidy();
        ask::settle(state, effects);
    }
    if state.macros.is_playing() && !is_held_up(state) {
        effects.push(Effect::GoOn);
    }
}

fn take(state: &mut State, step: &Placed, effects: &mut Vec<Effect>) {
    state.notice = None;
    let done = match &step.step {
        Step::Key(key) => Ok(input::press(state, *key)),
        Step::Command(line) => run_line(state, line),
    };
    let wrong = state.notice.as_ref().filter(|notice| notice.is_bad).map(|notice| notice.text.clone());
    match (done, wrong) {
        (Ok(more), None) => effects.extend(more),
        (Ok(more), Some(why)) => {
            effects.extend(more);
            fail(state, &step.place, &why);
        }
        (Err(why), _) => fail(state, &step.place, &why),
    }
}

/// Ends what is played, and says where.
fn fail(state: &mut State, place: &str, why: &str) {
    state.macros.stop();
    let words = if place.is_empty() { why.to_owned() } else { format!("{place}: {why}") };
    state.macros.failure = Some(words.clone());
    state.warn(words);
}

/// Whether a step must wait: for the data, or for what the one before asked.
fn is_held_up(state: &State) -> bool {
    if state.macros.waits_for_data() && !(state.has_catalog && state.catalog.is_complete) {
        return true;
    }
    let waits = [
        Slot::Panels,
        Slot::Formulas,
        Slot::ListAfter,
        Slot::ListBefore,
        Slot::Seek,
        Slot::FindWanted,
        Slot::Look,
        Slot::Freeze,
        Slot::Patterns,
        Slot::Detail,
        Slot::FacetColumns,
        Slot::FacetFields,
        Slot::Pager,
        Slot::Compare,
        Slot::Trace,
        Slot::Suggested,
    ];
    state.has_catalog && waits.into_iter().any(|slot| state.jobs.is_waiting(slot))
}
