//! Puts what a walk over keys finds into a record.
//!
//! Values are held until the walk is over and then read role by role, so that their order in the line, which may differ
//! from one to the next, decides nothing; of a role that comes several times all are held and read in their order.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use std::hint::black_box;

use super::LogPlan;
use super::clock::Clock;
use super::found::{Found, Spelling};
use super::json::{Run, Sink, Value};
use super::keys::{Keys, NO_BINDING};
use super::roles::{Binding, Meaning, N_HELD, N_RIVALS, Place};
use crate::parse::bytes::{
    digits_and_points, eight, ends_of_number, find_blank_in_ascii, find_in_ascii, first_of_any_two, first_of_two, marks_in_ascii,
};

/// Whether a key may give the time of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TakesTime {
    Yes,
    /// In text the time stands outside of keys.
    No,
}

/// Where a line stands: what follows it may be loaded with its last bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'w> {
    /// The line and all that stands behind it.
    pub wide: &'w [u8],
}

/// Values that are held beyond one of each role.
const MOST_MORE: usize = N_HELD - N_RIVALS - 1;

/// Bytes in which a key and the beginning of its value are found.
type Field = [u8; 64];

impl Around<'_> {
    /// The bytes at `at` and behind it; `None` near the end of the chunk.
    #[inline(always)]
    fn field(&self, at: usize) -> Option<&Field> {
        self.wide.get(at..)?.first_chunk()
    }
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
    around: Around<'s>,
    /// Start and length of the values that are held; the last one takes those without a role.
    held: [(u32, u32); N_HELD],
    bindings: [Binding; N_HELD],
    /// One bit for each that is held, and for each of those that has escapes.
    is_held: u32,
    is_escaped: u32,
    /// Values of roles that have one already; they stand behind those of the roles.
    n_more: usize,
    /// Where [`Keys::ends`] counts from in the line, once they are found.
    ends_from: Option<usize>,
}

impl<'a> Sink<'a> for RoleSink<'_, '_, 'a> {
    #[inline(always)]
    fn run(&mut self, line: &'a [u8], at: usize) -> Run {
        if self.keys.have_no_order() { self.run_in_any_order(line, at) } else { self.run_in_order(line, at) }
    }

    #[inline(never)]
    fn run_on(&mut self, line: &'a [u8], at: usize) -> Run {
        match self.ends_from {
            Some(from) => self.fields(line, at, from),
            None => self.run_in_order(line, at),
        }
    }

    #[inline(always)]
    fn run_pairs(&mut self, line: &'a [u8], mut at: usize) -> usize {
        let (mut n_fields, mut is_held) = (0, 0u32);
        for slot in self.keys.simple_order().0 {
            let Some((start, len, next)) = slot.after(line, at).and_then(|value_at| simple_pair(line, value_at)) else { break };
            let (index, bit) = slot.rival();
            let Some(index) = place_of((index, bit), is_held, &mut self.n_more) else { break };
            self.held[index % N_HELD] = (start as u32, len as u32);
            self.bindings[index % N_HELD] = slot.binding();
            is_held |= bit & ((1 << N_RIVALS) - 1);
            n_fields += 1;
            at = next;
        }
        self.is_held |= is_held;
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

/// Sixteen bytes of a field from `at` on.
#[inline(always)]
fn part(field: &Field, at: usize) -> &[u8; 16] {
    field.get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; 16])
}

/// How many of the first bytes are those of a number; sixteen for that many and more.
#[inline(always)]
fn len_of_number(bytes: &[u8; 16]) -> usize {
    first_of_any_two(ends_of_number(eight(bytes, 0)), ends_of_number(eight(bytes, 8)))
}

/// Whether the value at `at` is a string, and its length without quotes; of a line of ASCII without a backslash, of which
/// sixteen bytes are given. `None` for what is neither string nor number.
#[inline(always)]
fn value_in(line: &[u8], at: usize, bytes: &[u8; 16]) -> Option<(bool, usize)> {
    let (low, high) = (eight(bytes, 0), eight(bytes, 8));
    if low as u8 == b'"' {
        // The quote that opens it is none that closes it.
        let (first, second) = (marks_in_ascii::<b'"'>(low) & !0xff, marks_in_ascii::<b'"'>(high));
        if first | second != 0 {
            return Some((true, first_of_two(first, second) - 1));
        }
        return find_in_ascii::<b'"'>(line, at + 16).map(|end| (true, end - at - 1));
    }
    let mut len = first_of_two(ends_of_number(low), ends_of_number(high));
    if len == 16 {
        len = digits_and_points(line, at);
    }
    (len > 0).then_some((false, len))
}

/// Where a value is held: at the place of its role, behind all of them if that is taken; `None` when there is no more room.
#[inline(always)]
fn place_of((index, bit): (usize, u32), is_held: u32, n_more: &mut usize) -> Option<usize> {
    if is_held & bit == 0 {
        return Some(index);
    }
    if *n_more == MOST_MORE {
        return None;
    }
    *n_more += 1;
    Some(N_RIVALS + *n_more)
}

/// Whether a value is one that the fast path for numbers does not know: a literal, an exponent, many digits.
#[inline(never)]
fn is_bare(value: &[u8]) -> bool {
    matches!(value, b"true" | b"false" | b"null")
        || value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')) && !value.is_empty()
}

#[inline(never)]
fn count_quotes(line: &[u8], start: usize, end: usize) -> usize {
    memchr::memchr_iter(b'"', line.get(start..end).unwrap_or_default()).count()
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
        (line, around): (&'a [u8], Around<'s>),
        found: &'s mut Found<'a>,
        takes_time: TakesTime,
    ) -> Self {
        let (plan, clock, keys) = reader;
        let (held, bindings) = ([(0, 0); N_HELD], [NO_BINDING; N_HELD]);
        Self { plan, clock, keys, found, takes_time, line, around, held, bindings, is_held: 0, is_escaped: 0, n_more: 0, ends_from: None }
    }

    /// [`Sink::run`] for lines whose keys come in their order, which must be ASCII.
    #[inline(always)]
    fn run_in_order(&mut self, line: &'a [u8], mut at: usize) -> Run {
        let (mut n_fields, mut is_held, mut end) = (0, self.is_held, None);
        let (slots, n_lines) = self.keys.simple_order();
        for slot in slots {
            // The compiler must not see that this is the length that is found: the next key would wait for it.
            let expected = black_box(slot.expected_len());
            let Some(mut field) = self.around.field(at) else { break };
            if !slot.begins(part(field, 0).into(), field) {
                // Some writers put a blank behind commas and colons.
                let Some(behind) = self.around.field(at + 1) else { break };
                if field[0] != b' ' || !slot.begins(part(behind, 0).into(), behind) {
                    break;
                }
                (at, field) = (at + 1, behind);
            }
            let mut value_at = at + slot.len();
            let mut value = value_in(line, value_at, part(field, slot.len()));
            if value.is_none() && field[slot.len()] == b' ' {
                value_at += 1;
                value = value_in(line, value_at, part(field, slot.len() + 1));
            }
            let Some((is_text, mut len)) = value else { break };
            if len == expected {
                len = expected;
            } else {
                slot.expect_len(len, n_lines);
            }
            let start = value_at + usize::from(is_text);
            let next = start + len + usize::from(is_text);
            let Some(after) = line.get(next).filter(|after| matches!(after, b',' | b'}')) else { break };
            let (index, bit) = slot.rival();
            let Some(index) = place_of((index, bit), is_held, &mut self.n_more) else { break };
            self.held[index % N_HELD] = (start as u32, len as u32);
            self.bindings[index % N_HELD] = slot.binding();
            is_held |= bit & ((1 << N_RIVALS) - 1);
            n_fields += 1;
            at = next + 1;
            if *after == b'}' {
                end = Some(at);
                break;
            }
        }
        self.is_held = is_held;
        self.keys.skip(n_fields);
        end.map_or(Run::Field(at), Run::End)
    }

    /// The same for lines whose keys come in any order.
    #[inline(never)]
    fn run_in_any_order(&mut self, line: &'a [u8], at: usize) -> Run {
        self.keys.ends.find(self.around.wide.get(at..).unwrap_or_default(), line.len() - at);
        self.ends_from = Some(at);
        self.fields(line, at, at)
    }

    /// Takes fields of known keys from `start` on, in a line whose [`Keys::ends`] count from `from`. It stops before one
    /// that is odd. No field waits for another, and nothing is asked that had to be foreseen.
    #[inline(always)]
    fn fields(&mut self, line: &'a [u8], start: usize, from: usize) -> Run {
        let keys = &*self.keys;
        let (mut at, mut is_held, mut n_quotes, mut n_fields, mut n_more) = (start, self.is_held, 0, 0, self.n_more);
        let mut ends = keys.ends.from(start - from);
        let is_whole = loop {
            let Some(end) = ends.next().map(|end| from + end) else { break true };
            let Some(mut field) = self.around.field(at) else { break false };
            if field[0] == b' ' {
                at += 1;
                let Some(behind) = self.around.field(at) else { break false };
                field = behind;
            }
            let Some(slot) = keys.known(part(field, 0).into(), field) else { break false };
            let before = slot.len() + usize::from(field[slot.len()] == b' ');
            let (value_at, value) = (at + before, part(field, before));
            let len = end.wrapping_sub(value_at);
            let is_text = value[0] == b'"';
            let is_closed = self.around.wide.get(end.wrapping_sub(1)) == Some(&b'"');
            #[expect(clippy::needless_bitwise_bool, reason = "one branch that is hardly ever taken in place of four that nobody foresees")]
            let is_odd =
                (is_text & (!is_closed | (len < 2))) | (!is_text & ((len == 0) | (len_of_number(value) < len))) | (len > line.len());
            if is_odd && (is_text || !line.get(value_at..end).is_some_and(is_bare)) {
                break false;
            }
            let (index, bit) = slot.rival();
            let Some(index) = place_of((index, bit), is_held, &mut n_more) else { break false };
            let quote = usize::from(is_text);
            self.held[index % N_HELD] = ((value_at + quote) as u32, (len - 2 * quote) as u32);
            self.bindings[index % N_HELD] = slot.binding();
            is_held |= bit & ((1 << N_RIVALS) - 1);
            n_quotes += 2 + 2 * quote;
            n_fields += 1;
            at = end + 1;
        };
        let n_all = keys.ends.quotes_of_all();
        let is_whole = is_whole && n_all.is_some();
        // A quote that belongs to none of them hides where they really end.
        let n_there = n_all.filter(|_| is_whole && start == from).unwrap_or_else(|| count_quotes(line, start, at));
        if n_there != n_quotes {
            return Run::Field(start);
        }
        (self.is_held, self.n_more) = (is_held, n_more);
        self.keys.skip(n_fields);
        if is_whole { Run::End(at) } else { Run::Field(at) }
    }

    #[inline(always)]
    fn hold(&mut self, meaning: Meaning, text: &'a [u8], spelling: Spelling) {
        let Some(binding) = meaning.binding else { return };
        let rival = binding.role.rival();
        let index = place_of((rival, 1 << rival), self.is_held, &mut self.n_more).unwrap_or_else(|| {
            self.finish();
            (self.is_held, self.n_more) = (0, 0);
            rival
        });
        let start = (text.as_ptr() as usize).wrapping_sub(self.line.as_ptr() as usize);
        self.held[index % N_HELD] = (start as u32, text.len() as u32);
        self.bindings[index % N_HELD] = binding;
        self.is_held |= 1 << rival;
        self.is_escaped = self.is_escaped & !(1 << index) | u32::from(spelling == Spelling::Escaped) << index;
    }

    #[inline(always)]
    fn take(&mut self, role: usize, index: usize) {
        let (start, len) = (self.held[index].0 as usize, self.held[index].1 as usize);
        let text = self.line.get(start..start + len).unwrap_or_default();
        let binding = self.bindings[index];
        let spelling = if self.is_escaped >> index & 1 != 0 { Spelling::Escaped } else { Spelling::Plain };
        let (found, habits) = (&mut *self.found, &self.plan.habits);
        // The number is constant where this stands in a loop of few rounds.
        match role {
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
                self.take(index, index);
            }
        }
        if self.n_more > 0 {
            self.take_more();
        }
        self.is_held != 0
    }

    /// Reads further values of roles that have one, in the order of the line: of equal keys the last one counts.
    #[inline(never)]
    fn take_more(&mut self) {
        for index in N_RIVALS + 1..=N_RIVALS + self.n_more {
            self.take(self.bindings[index].role.rival(), index);
        }
    }
}
