//! Remembers the keys of the lines before, so that most keys of a line cost one comparison.
//!
//! Loggers write the same keys in the same order. Slots hold that order; a key out of place is found by its first
//! letters among all that were seen, a long one in a small cache, a new one in the tables of `roles`. Where lines have
//! no order at all the slots are left alone. All of it only saves time: what a key means depends on nothing but the
//! plan, its name and its place.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use super::LogPlan;
use super::roles::{Binding, Meaning, N_RIVALS, Place, Role, meaning, path_of};
use crate::parse::bytes::sixteen;

/// Longest key, quotes and colon included, that has a slot.
const SLOT_BYTES: usize = 16;
/// How many slots ahead an expected key is looked for, when one or two keys of the line before are missing.
const LOOK_AHEAD: usize = 3;
/// Misses in one line after which its order is learnt anew.
const MISSES_TO_LEARN: u8 = 3;

/// Orders learnt without one line that kept to the last, after which lines are taken to have none.
const ORDERS_TO_GIVE_UP: u8 = 8;
/// Lines after which an order is looked for again.
const LINES_WITHOUT_ORDER: u16 = 1024;
/// Heads of keys that are told apart; a second key with the head of a first takes its place.
const HEADS: usize = 256;

/// One known key: its quotes and colon (or its equals sign) included, as a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    word: u128,
    /// Its bytes among the sixteen that are compared.
    mask: u128,
    len: u8,
    place: Place,
    meaning: Meaning,
    /// [`Role::rival`](super::roles::Role::rival) of its role, or the number after all of them.
    rival: u8,
}

impl Slot {
    /// Which of the values that are held is its own; [`N_RIVALS`] for a key without a role.
    #[inline(always)]
    pub fn rival(&self) -> usize {
        usize::from(self.rival).min(N_RIVALS)
    }

    /// Bytes of the key with its quotes and colon.
    #[inline(always)]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// The role of its value.
    #[inline(always)]
    pub fn binding(&self) -> Option<Binding> {
        self.meaning.binding
    }

    /// The position after this key, if it stands at `at` in the record itself.
    #[inline(always)]
    pub fn after(&self, line: &[u8], at: usize) -> Option<usize> {
        (sixteen(line, at)? & self.mask == self.word).then_some(at + usize::from(self.len))
    }

    #[inline(always)]
    fn fits(&self, word: u128, place: Place) -> bool {
        word & self.mask == self.word && self.place == place
    }
}

/// What is known of the order of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// This line tells it.
    Learning,
    /// The slots hold it.
    Known,
    /// There was none, and is not looked for in so many further lines.
    Unknown(u16),
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
    order: Order,
    is_simple: bool,
    bindings: [Binding; N_RIVALS],
    /// Orders learnt since a line kept to one.
    n_orders: u8,
    /// The key seen last of each head, whatever its order.
    by_head: Vec<Option<Slot>>,
    cache: Vec<Option<Cached>>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            slots: Vec::with_capacity(32),
            cursor: 0,
            n_misses: 0,
            order: Order::Learning,
            is_simple: false,
            bindings: [Binding { role: Role::Nanos, rank: 0, unit: None }; N_RIVALS],
            n_orders: 0,
            // Both take their room with the first key: many a reader reads one record only.
            by_head: Vec::new(),
            cache: Vec::new(),
        }
    }
}

impl Keys {
    /// Must be called at the start of each line.
    #[inline]
    pub fn start(&mut self) {
        if self.order != Order::Known || self.n_misses >= MISSES_TO_LEARN || self.slots.is_empty() {
            self.start_anew();
        }
        (self.cursor, self.n_misses) = (0, 0);
    }

    /// Decides whether this line shall tell the order of keys.
    fn start_anew(&mut self) {
        self.order = match self.order {
            Order::Unknown(n) if n > 0 => Order::Unknown(n - 1),
            _ if self.n_orders >= ORDERS_TO_GIVE_UP => Order::Unknown(LINES_WITHOUT_ORDER),
            _ => Order::Learning,
        };
        self.n_orders = if self.order == Order::Learning { self.n_orders + 1 } else { 0 };
        self.slots.clear();
        self.is_simple = false;
    }

    /// Must be called at the end of each line.
    #[inline]
    pub fn end(&mut self) {
        match self.order {
            // What is new in a line that is learnt from is no surprise.
            Order::Learning => {
                (self.order, self.n_misses) = (Order::Known, 0);
                self.look_whether_simple();
            }
            Order::Known if self.n_misses < MISSES_TO_LEARN => self.n_orders = 0,
            _ => {}
        }
    }

    /// The keys in their order, if all stand in the record itself and no two have rival roles; else nothing.
    #[inline(always)]
    pub fn simple_order(&self) -> &[Slot] {
        if self.is_simple { &self.slots } else { &[] }
    }

    /// Whether keys come in no order that lasts.
    #[inline(always)]
    pub fn have_no_order(&self) -> bool {
        matches!(self.order, Order::Unknown(_))
    }

    /// The key at `line[at]` of the record itself, if it is one that was seen.
    #[inline(always)]
    pub fn known(&self, line: &[u8], at: usize) -> Option<&Slot> {
        let word = sixteen(line, at)?;
        self.by_head.get(head_of(word))?.as_ref().filter(|slot| slot.fits(word, Place(0)))
    }

    /// What the roles of [`Keys::simple_order`] are bound to.
    #[inline(always)]
    pub fn simple_bindings(&self) -> &[Binding; N_RIVALS] {
        &self.bindings
    }

    fn look_whether_simple(&mut self) {
        let mut seen = 0u32;
        self.is_simple = self.slots.iter().all(|slot| {
            let bit = if slot.rival < N_RIVALS as u8 { 1 << slot.rival } else { 0 };
            let is_new = seen & bit == 0;
            seen |= bit;
            is_new && slot.place == Place(0)
        });
        for slot in &self.slots {
            if let Some(binding) = slot.meaning.binding {
                self.bindings[slot.rival()] = binding;
            }
        }
    }

    /// Goes on behind the first `n` keys.
    #[inline(always)]
    pub fn skip(&mut self, n: usize) {
        self.cursor = n;
    }

    /// The meaning of the key at `line[at]` and the position after it, if it is a known one.
    #[inline(always)]
    pub fn expect(&mut self, line: &[u8], at: usize, place: Place) -> Option<(Meaning, usize)> {
        let word = sixteen(line, at)?;
        if let Some(slot) = self.slots.get(self.cursor)
            && slot.fits(word, place)
        {
            self.cursor += 1;
            return Some((slot.meaning, at + usize::from(slot.len)));
        }
        let slot = self.out_of_place(word, place)?;
        Some((slot.meaning, at + usize::from(slot.len)))
    }

    /// A known key that is not the next one.
    #[inline(never)]
    fn out_of_place(&mut self, word: u128, place: Place) -> Option<Slot> {
        if self.order == Order::Known
            && let Some(ahead) = self.look_ahead(word, place)
        {
            self.cursor = ahead + 1;
            return Some(self.slots[ahead]);
        }
        let slot = (*self.by_head.get(head_of(word))?).filter(|slot| slot.fits(word, place))?;
        self.n_misses = self.n_misses.saturating_add(1);
        self.learn(slot);
        Some(slot)
    }

    /// Puts a key behind those of the line that is learnt from.
    #[inline]
    fn learn(&mut self, slot: Slot) {
        if self.order == Order::Learning {
            self.slots.push(slot);
            self.cursor = self.slots.len();
        }
    }

    /// The slot of a key behind some that are missing here.
    fn look_ahead(&self, word: u128, place: Place) -> Option<usize> {
        let end = self.slots.len().min(self.cursor + LOOK_AHEAD);
        (self.cursor + 1..end).find(|at| self.slots[*at].fits(word, place))
    }

    /// The meaning of a key that was not expected; `pattern` is the key with its quotes and colon or equals sign.
    pub fn meaning(&mut self, plan: &LogPlan, key: &[u8], pattern: &[u8], place: Place) -> Meaning {
        let meaning = self.cached(plan, key, place);
        self.n_misses = self.n_misses.saturating_add(1);
        if pattern.len() <= SLOT_BYTES {
            let mut bytes = [0u8; SLOT_BYTES];
            bytes[..pattern.len()].copy_from_slice(pattern);
            let rival = meaning.binding.map_or(N_RIVALS, |binding| binding.role.rival()) as u8;
            let mask = u128::MAX >> ((SLOT_BYTES - pattern.len()) * 8);
            let slot = Slot { word: u128::from_le_bytes(bytes), mask, len: pattern.len() as u8, place, meaning, rival };
            if self.by_head.is_empty() {
                self.by_head.resize(HEADS, None);
            }
            self.by_head[head_of(slot.word)] = Some(slot);
            self.learn(slot);
        }
        meaning
    }

    fn cached(&mut self, plan: &LogPlan, key: &[u8], place: Place) -> Meaning {
        if key.len() > 24 || key.is_empty() {
            return lookup(plan, key, place);
        }
        if self.cache.is_empty() {
            self.cache.resize(256, None);
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
    ((word as u32).wrapping_mul(0x9e37_79b1) >> 24) as usize
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
