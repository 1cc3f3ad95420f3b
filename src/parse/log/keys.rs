//! Remembers the keys of the lines before, so that most keys of a line cost one comparison.
//!
//! Loggers write the same keys in the same order. Slots hold that order; a key out of place is found by its first
//! letters among all that were seen, a long one in a small cache, a new one in the tables of `roles`. Both only save time: what a key means depends on nothing but the
//! plan, its name and its place.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use super::LogPlan;
use super::roles::{Meaning, Place, meaning, path_of};

/// Longest key, quotes and colon included, that has a slot.
const SLOT_BYTES: usize = 16;
/// How many slots ahead an expected key is looked for, when one or two keys of the line before are missing.
const LOOK_AHEAD: usize = 3;
/// Misses in one line after which its order is learnt anew.
const MISSES_TO_LEARN: u8 = 3;

/// Heads of keys that are told apart; a second key with the head of a first takes its place.
const HEADS: usize = 64;

/// One expected key: its bytes as a number, compared under a mask.
#[derive(Debug, Clone, Copy)]
struct Slot {
    word: u128,
    mask: u128,
    len: usize,
    place: Place,
    meaning: Meaning,
}

#[derive(Debug, Clone, Copy)]
struct Cached {
    bytes: [u8; 24],
    len: u8,
    place: Place,
    meaning: Meaning,
}

/// The memory. One for each layout of a file, so that they do not disturb each other.
#[derive(Debug)]
pub(super) struct Keys {
    slots: Vec<Slot>,
    cursor: usize,
    n_misses: u8,
    is_learning: bool,
    /// The key seen last of each head, whatever its order.
    by_head: Box<[Option<Slot>; HEADS]>,
    cache: Box<[Option<Cached>; 256]>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            slots: Vec::with_capacity(32),
            cursor: 0,
            n_misses: 0,
            is_learning: true,
            by_head: Box::new([None; HEADS]),
            cache: Box::new([None; 256]),
        }
    }
}

impl Keys {
    /// Must be called at the start of each line.
    #[inline]
    pub fn start(&mut self) {
        self.is_learning = self.n_misses >= MISSES_TO_LEARN || self.slots.is_empty();
        if self.is_learning {
            self.slots.clear();
        }
        (self.cursor, self.n_misses) = (0, 0);
    }

    /// The meaning of the key at `line[at]` and the position after it, if it is an expected one.
    #[inline(always)]
    pub fn expect(&mut self, line: &[u8], at: usize, place: Place) -> Option<(Meaning, usize)> {
        let rest = line.get(at..)?;
        let word = match rest.first_chunk::<SLOT_BYTES>() {
            Some(head) => u128::from_le_bytes(*head),
            // Near the end of the line: zeros follow, which no key holds.
            None if rest.is_empty() => return None,
            None => u128::from_le_bytes(*line.last_chunk::<SLOT_BYTES>()?) >> ((SLOT_BYTES - rest.len()) * 8),
        };
        let fits = |slot: &Slot| word & slot.mask == slot.word && slot.place == place;
        if let Some(slot) = self.slots.get(self.cursor) {
            if fits(slot) {
                self.cursor += 1;
                return Some((slot.meaning, at + slot.len));
            }
            if let Some(ahead) = self.look_ahead(word, place) {
                self.cursor = ahead + 1;
                return Some((self.slots[ahead].meaning, at + self.slots[ahead].len));
            }
        }
        let slot = self.by_head[head_of(word)].filter(fits)?;
        self.n_misses = self.n_misses.saturating_add(1);
        self.learn(slot);
        Some((slot.meaning, at + slot.len))
    }

    /// Puts a key behind those of the line that is learnt from.
    #[inline]
    fn learn(&mut self, slot: Slot) {
        if self.is_learning {
            self.slots.push(slot);
            self.cursor = self.slots.len();
        }
    }

    /// The slot of a key behind some that are missing here.
    fn look_ahead(&self, word: u128, place: Place) -> Option<usize> {
        let end = self.slots.len().min(self.cursor + LOOK_AHEAD);
        (self.cursor + 1..end).find(|at| word & self.slots[*at].mask == self.slots[*at].word && self.slots[*at].place == place)
    }

    /// The meaning of a key that was not expected; `pattern` is the key with its quotes and colon or equals sign.
    pub fn meaning(&mut self, plan: &LogPlan, key: &[u8], pattern: &[u8], place: Place) -> Meaning {
        let meaning = self.cached(plan, key, place);
        self.n_misses = self.n_misses.saturating_add(1);
        if pattern.len() <= SLOT_BYTES {
            let mut bytes = [0u8; SLOT_BYTES];
            bytes[..pattern.len()].copy_from_slice(pattern);
            let mask = if pattern.len() == SLOT_BYTES { u128::MAX } else { (1u128 << (pattern.len() * 8)) - 1 };
            let slot = Slot { word: u128::from_le_bytes(bytes), mask, len: pattern.len(), place, meaning };
            self.by_head[head_of(slot.word)] = Some(slot);
            self.learn(slot);
        }
        meaning
    }

    /// Forgets the misses of a line that was learnt from; must be called at its end.
    #[inline]
    pub fn end(&mut self) {
        if self.is_learning {
            self.n_misses = 0;
        }
    }

    fn cached(&mut self, plan: &LogPlan, key: &[u8], place: Place) -> Meaning {
        if key.len() > 24 || key.is_empty() {
            return lookup(plan, key, place);
        }
        let mix = key.iter().fold(u32::from(place.0) + 1, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(*byte)));
        let entry = &mut self.cache[(mix ^ (mix >> 8)) as usize % 256];
        if let Some(cached) = entry
            && cached.place == place
            && cached.bytes[..usize::from(cached.len)] == *key
        {
            return cached.meaning;
        }
        let mut bytes = [0u8; 24];
        bytes[..key.len()].copy_from_slice(key);
        let meaning = lookup(plan, key, place);
        *entry = Some(Cached { bytes, len: key.len() as u8, place, meaning });
        meaning
    }
}

/// Where a key is kept by its first four bytes, the quote among them.
#[inline(always)]
fn head_of(word: u128) -> usize {
    ((word as u32).wrapping_mul(0x9e37_79b1) >> 26) as usize
}

/// What a key of this file means: what its values told, else its name.
pub(super) fn lookup(plan: &LogPlan, key: &[u8], place: Place) -> Meaning {
    let mut found = meaning(place, key);
    if let Some((path, len)) = path_of(place, key)
        && let Some((_, binding)) = plan.bound.iter().find(|(bound, _)| bound == &path[..len])
    {
        found.binding = *binding;
    }
    found
}
