//! Recorded keys, and what is being played: a stack of steps that `update::play` takes one by one.
//!
//! Steps wait for the answers that the ones before asked for, so that a macro does at any speed what the keys did by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys::Step;
use super::press::KeyPress;
use super::script::Script;

/// Keys of one macro.
const MAX_KEYS: usize = 10_000;
/// Macros that are kept by name.
const MAX_NAMED: usize = 200;
/// A macro is played at most so often at once.
pub(crate) const MAX_TIMES: u32 = 1_000;
/// How deep macros may play others.
const MAX_DEPTH: usize = 8;

/// A step with the place that an error names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Of a line of a file; empty for a key.
    pub(crate) place: String,
    pub(crate) step: Step,
}

/// Something being played.
#[derive(Debug, Clone)]
struct Frame {
    name: String,
    steps: Arc<[Placed]>,
    at: usize,
    /// Times that it is played after this one.
    n_left: u32,
    /// It waits until everything is read.
    needs_data: bool,
}

/// Macros of this session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Macros {
    recording: Option<Vec<KeyPress>>,
    last: Vec<KeyPress>,
    named: BTreeMap<String, Vec<KeyPress>>,
    playing: Vec<Frame>,
    /// What the last script died of.
    pub(crate) failure: Option<String>,
}

impl Macros {
    pub(crate) fn with_named(named: BTreeMap<String, Vec<KeyPress>>) -> Self {
        Self { named, ..Self::default() }
    }

    /// How many keys are recorded, while they are.
    pub(crate) fn n_recorded(&self) -> Option<usize> {
        self.recording.as_ref().map(Vec::len)
    }

    pub(crate) fn record(&mut self, keys: &[KeyPress]) {
        if let Some(recording) = self.recording.as_mut().filter(|_| self.playing.iter().all(|frame| frame.needs_data))
            && recording.len() + keys.len() <= MAX_KEYS
        {
            recording.extend_from_slice(keys);
        }
    }

    pub(crate) fn start_recording(&mut self) {
        self.recording = Some(Vec::new());
    }

    /// Ends the recording; what was recorded is the last macro now, unless nothing was.
    pub(crate) fn end_recording(&mut self) -> usize {
        let keys = self.recording.take().unwrap_or_default();
        let n = keys.len();
        if n > 0 {
            self.last = keys;
        }
        n
    }

    pub(crate) fn last(&self) -> &[KeyPress] {
        &self.last
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &[KeyPress])> {
        self.named.iter().map(|(name, keys)| (name.as_str(), keys.as_slice()))
    }

    pub(crate) fn named(&self, name: &str) -> Option<&[KeyPress]> {
        self.named.get(name).map(Vec::as_slice)
    }

    /// Keeps the last macro by a name.
    pub(crate) fn save(&mut self, name: &str) -> Result<&[KeyPress], String> {
        if name.is_empty() || name.len() > 60 || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(format!("{name:?} is no name for a macro; write one word"));
        }
        if self.last.is_empty() {
            return Err("no macro was recorded: Q starts and ends one".to_owned());
        }
        if self.named.len() >= MAX_NAMED && !self.named.contains_key(name) {
            return Err(format!("{MAX_NAMED} macros are kept already; macro remove NAME makes room"));
        }
        self.named.insert(name.to_owned(), self.last.clone());
        Ok(&self.last)
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.named.remove(name).is_some()
    }

    /// Puts something to be played on top. A macro that plays already is refused: it would never end.
    pub(crate) fn play(&mut self, name: &str, steps: Vec<Step>, times: u32) -> Result<(), String> {
        if self.playing.iter().any(|frame| frame.name == name) {
            return Err(format!("{name} plays itself: stopped"));
        }
        if self.playing.len() >= MAX_DEPTH {
            return Err(format!("macros that play macros, more than {MAX_DEPTH} deep: stopped"));
        }
        let steps = steps.into_iter().map(|step| Placed { place: String::new(), step }).collect();
        self.push(name, steps, times, false);
        Ok(())
    }

    /// Puts a script to be played below everything else: it runs when everything is read.
    pub(crate) fn start(&mut self, script: &Script) {
        let line = |(place, line): &(String, String)| Placed { place: place.clone(), step: Step::Command(line.clone()) };
        let steps: Arc<[Placed]> = script.lines().iter().map(line).collect();
        self.failure = None;
        self.push("the commands at the start", steps, 1, true);
    }

    fn push(&mut self, name: &str, steps: Arc<[Placed]>, times: u32, needs_data: bool) {
        if !steps.is_empty() && times > 0 {
            self.playing.push(Frame { name: name.to_owned(), steps, at: 0, n_left: times.min(MAX_TIMES) - 1, needs_data });
        }
    }

    /// Whether anything is being played, or waits to be.
    pub(crate) fn is_playing(&self) -> bool {
        !self.playing.is_empty()
    }

    /// Whether the first step waits until everything is read.
    pub(crate) fn waits_for_data(&self) -> bool {
        self.playing.last().is_some_and(|frame| frame.needs_data)
    }

    /// What is being played, and how often it is still to be.
    pub(crate) fn playing(&self) -> Option<(&str, u32)> {
        self.playing.first().map(|frame| (frame.name.as_str(), frame.n_left))
    }

    /// The next step. What has ended is let go of first, so that a macro may end by playing another one.
    pub(crate) fn next_step(&mut self) -> Option<Placed> {
        loop {
            let frame = self.playing.last_mut()?;
            if let Some(step) = frame.steps.get(frame.at) {
                frame.at += 1;
                frame.needs_data = false;
                return Some(step.clone());
            }
            if frame.n_left > 0 {
                (frame.n_left, frame.at) = (frame.n_left - 1, 0);
            } else {
                self.playing.pop();
            }
        }
    }

    /// Lets go of what has ended.
    pub(crate) fn tidy(&mut self) {
        while self.playing.last().is_some_and(|frame| frame.n_left == 0 && frame.at >= frame.steps.len()) {
            self.playing.pop();
        }
    }

    /// Ends everything that is played.
    pub(crate) fn stop(&mut self) {
        self.playing.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keys::parse_sequence;

    fn steps(text: &str) -> Vec<Step> {
        parse_sequence(text).expect(text).into_iter().map(Step::Key).collect()
    }

    #[test]
    fn a_macro_is_played_as_often_as_asked_and_never_inside_itself() {
        let mut macros = Macros::default();
        macros.play("a", steps("l l"), 2).expect("plays");
        assert!(macros.play("a", steps("h"), 1).is_err_and(|why| why.contains("plays itself")));
        macros.play("b", steps("h"), 1).expect("another one");
        let played = std::iter::from_fn(|| macros.next_step()).count();
        assert_eq!(played, 1 + 4);
        assert!(!macros.is_playing());
        macros.play("a", steps("l"), u32::MAX).expect("bounded");
        assert_eq!(std::iter::from_fn(|| macros.next_step()).count(), MAX_TIMES as usize);
    }

    #[test]
    fn what_is_recorded_is_bounded_and_can_be_kept_by_a_name() {
        let mut macros = Macros::default();
        assert!(macros.save("x").is_err());
        macros.start_recording();
        for _ in 0..MAX_KEYS {
            macros.record(&[KeyPress::char('l'), KeyPress::char('h')]);
        }
        assert_eq!(macros.n_recorded(), Some(MAX_KEYS));
        assert_eq!(macros.end_recording(), MAX_KEYS);
        assert!(macros.save("two words").is_err());
        assert!(macros.save("x").is_ok() && macros.named("x").is_some());
        assert!(macros.remove("x") && !macros.remove("x"));
    }
}
