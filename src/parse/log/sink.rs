//! Puts what a walk over keys finds into a record.
//!
//! Values are held until the walk is over and then read role by role, so that their order in the line, which may differ
//! from one to the next, decides nothing; where a role comes twice the first is read at once.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use super::LogPlan;
use super::clock::Clock;
use super::found::{Found, Spelling};
use super::json::{Run, Sink, Value};
use super::keys::Keys;
use super::roles::{Binding, Meaning, N_RIVALS, Place};
use crate::parse::bytes::{digits_and_points, find_blank_in_ascii, find_in_ascii};

/// Whether a key may give the time of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TakesTime {
    Yes,
    /// In text the time stands outside of keys.
    No,
}

/// See the head of this file.
pub(super) struct RoleSink<'s, 'p, 'a> {
    plan: &'p LogPlan,
    clock: &'s mut Clock<'p>,
    keys: &'s mut Keys,
    found: &'s mut Found<'a>,
    takes_time: TakesTime,
    /// All values are parts of it.
    line: &'a [u8],
    /// Start and length of the values that are held; the last one takes those without a role.
    held: [(u32, u32); N_RIVALS + 1],
    bindings: [Binding; N_RIVALS],
    /// One bit for each that is held, and for each of those that has escapes.
    is_held: u32,
    is_escaped: u32,
}

impl<'a> Sink<'a> for RoleSink<'_, '_, 'a> {
    #[inline(always)]
    fn run(&mut self, line: &'a [u8], mut at: usize) -> Run {
        if self.keys.have_no_order() {
            return self.run_in_any_order(line, at);
        }
        let (mut n_fields, mut is_held, mut end) = (0, 0u32, None);
        for slot in self.keys.simple_order() {
            let Some((start, len, next)) = slot.after(line, at).and_then(|value_at| simple_value(line, value_at)) else { break };
            let is_last = match line.get(next) {
                Some(b',') => false,
                Some(b'}') => true,
                _ => break,
            };
            let index = slot.rival();
            self.held[index] = (start as u32, len as u32);
            is_held |= 1 << index;
            n_fields += 1;
            at = next + 1;
            if is_last {
                end = Some(at);
                break;
            }
        }
        self.is_held |= is_held & ((1 << N_RIVALS) - 1);
        self.keys.skip(n_fields);
        end.map_or(Run::Field(at), Run::End)
    }

    #[inline(always)]
    fn run_pairs(&mut self, line: &'a [u8], mut at: usize) -> usize {
        let (mut n_fields, mut is_held) = (0, 0u32);
        for slot in self.keys.simple_order() {
            let Some((start, len, next)) = slot.after(line, at).and_then(|value_at| simple_pair(line, value_at)) else { break };
            let index = slot.rival();
            self.held[index] = (start as u32, len as u32);
            is_held |= 1 << index;
            n_fields += 1;
            at = next;
        }
        self.is_held |= is_held & ((1 << N_RIVALS) - 1);
        self.keys.skip(n_fields);
        at
    }

    #[inline(always)]
    fn expect(&mut self, line: &'a [u8], at: usize, place: Place) -> Option<(Meaning, usize)> {
        self.keys.expect(line, at, place)
    }

    fn meaning(&mut self, key: &'a [u8], pattern: &'a [u8], place: Place) -> Meaning {
        self.keys.meaning(self.plan, key, pattern, place)
    }

    #[inline(always)]
    fn value(&mut self, meaning: Meaning, _: &'a [u8], _: Place, value: Value<'a>) {
        match value {
            Value::Text(text) | Value::Bare(text) => self.hold(meaning, text, Spelling::Plain),
            Value::Escaped(text) => self.hold(meaning, text, Spelling::Escaped),
            Value::Nested(_) => {}
        }
    }
}

/// Start and length of the string or number at `at`, and the position after it; of a line of ASCII without a backslash.
#[inline(always)]
fn simple_value(line: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    if line.get(at) == Some(&b'"') {
        let end = find_in_ascii::<b'"'>(line, at + 1)?;
        return Some((at + 1, end - at - 1, end + 1));
    }
    let len = digits_and_points(line, at);
    (len > 0).then_some((at, len, at + len))
}

/// Start and length of the value of a pair at `at`, and the position after it and a blank.
#[inline(always)]
fn simple_pair(line: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    if line.get(at) == Some(&b'"') {
        let end = find_in_ascii::<b'"'>(line, at + 1)?;
        let next = end + 1 + usize::from(line.get(end + 1) == Some(&b' '));
        return Some((at + 1, end - at - 1, next));
    }
    let end = find_blank_in_ascii(line, at);
    let is_simple = match line.get(end) {
        None | Some(b' ') => !matches!(line.get(end.wrapping_sub(1)), None | Some(b',' | b';' | b']' | b')')),
        Some(_) => false,
    };
    is_simple.then_some((at, end - at, line.len().min(end + 1)))
}

impl<'s, 'p, 'a> RoleSink<'s, 'p, 'a> {
    /// Takes values of `line`.
    #[inline(always)]
    pub fn new(
        reader: (&'p LogPlan, &'s mut Clock<'p>, &'s mut Keys),
        line: &'a [u8],
        found: &'s mut Found<'a>,
        takes_time: TakesTime,
    ) -> Self {
        let (plan, clock, keys) = reader;
        let bindings = *keys.simple_bindings();
        Self { plan, clock, keys, found, takes_time, line, held: [(0, 0); N_RIVALS + 1], bindings, is_held: 0, is_escaped: 0 }
    }

    /// [`Sink::run`] for lines whose keys come in any order; a role that comes twice ends it.
    fn run_in_any_order(&mut self, line: &'a [u8], mut at: usize) -> Run {
        let mut is_held = self.is_held;
        let mut end = None;
        while end.is_none()
            && let Some(slot) = self.keys.known(line, at)
            && let Some((start, len, next)) = simple_value(line, at + slot.len())
        {
            let index = slot.rival();
            match line.get(next) {
                _ if is_held >> index & 1 != 0 => break,
                Some(b',') => {}
                Some(b'}') => end = Some(next + 1),
                _ => break,
            }
            self.held[index] = (start as u32, len as u32);
            if let (Some(binding), Some(place)) = (slot.binding(), self.bindings.get_mut(index)) {
                *place = binding;
            }
            is_held |= (1 << index) & ((1 << N_RIVALS) - 1);
            at = next + 1;
        }
        self.is_held = is_held;
        end.map_or(Run::Field(at), Run::End)
    }

    #[inline(always)]
    fn hold(&mut self, meaning: Meaning, text: &'a [u8], spelling: Spelling) {
        let Some(binding) = meaning.binding else { return };
        let index = binding.role.rival();
        if self.is_held >> index & 1 != 0 {
            self.take_early(index);
        }
        let start = (text.as_ptr() as usize).wrapping_sub(self.line.as_ptr() as usize);
        self.held[index] = (start as u32, text.len() as u32);
        self.bindings[index] = binding;
        self.is_held |= 1 << index;
        self.is_escaped = self.is_escaped & !(1 << index) | u32::from(spelling == Spelling::Escaped) << index;
    }

    #[inline(never)]
    fn take_early(&mut self, index: usize) {
        self.take(index);
    }

    #[inline(always)]
    fn take(&mut self, index: usize) {
        let (start, len) = (self.held[index].0 as usize, self.held[index].1 as usize);
        let text = self.line.get(start..start + len).unwrap_or_default();
        let binding = self.bindings[index];
        let spelling = if self.is_escaped >> index & 1 != 0 { Spelling::Escaped } else { Spelling::Plain };
        let (found, habits) = (&mut *self.found, &self.plan.habits);
        // The index is constant where this stands in a loop of few rounds.
        match index {
            0 if self.takes_time == TakesTime::No => {}
            0 => found.take_time(binding, text, self.clock),
            1 => found.take_level(binding, text, habits),
            2 => found.take_service(binding.rank, text.into()),
            3 => found.take_status(binding.rank, text),
            4 => found.take_latency(binding, text),
            5 => found.take_message(binding.rank, text.into(), spelling),
            6 if spelling == Spelling::Escaped => found.take_trace(binding.rank, super::detail::unescape(text).as_bytes()),
            6 => found.take_trace(binding.rank, text),
            _ => found.take_nanos(text),
        }
    }

    /// Reads what is held, which must be done at the end; whether any key had a role.
    #[inline(always)]
    pub fn finish(&mut self) -> bool {
        for index in 0..N_RIVALS {
            if self.is_held >> index & 1 != 0 {
                self.take(index);
            }
        }
        self.is_held != 0
    }
}
