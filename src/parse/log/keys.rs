//! Remembers the keys of the lines before, so that most keys of a line cost one comparison.
//!
//! Loggers write the same keys in the same order. Slots hold that order; a key out of place is found by its first
//! letters among all that were seen, a long one in a small cache, a new one in the tables of `roles`. Where lines have
//! no order at all the slots are left alone. All of it only saves time: what a key means depends on nothing but the
//! plan, its name and its place.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use wide::u8x16;

use super::LogPlan;
use super::ends::Ends;
use super::roles::{Binding, Meaning, N_RIVALS, Place, Role, meaning, path_of};
use crate::parse::bytes::{eight, sixteen};

/// Longest key, quotes and colon included, that has a slot.
const SLOT_BYTES: usize = 32;
/// Bytes that are compared at once: the first ones, and of a longer key the last ones.
const WORD_BYTES: usize = 16;
/// How many slots ahead an expected key is looked for, when one or two keys of the line before are missing.
const LOOK_AHEAD: usize = 3;
/// Misses in one line after which its order is learnt anew.
const MISSES_TO_LEARN: u8 = 3;

/// Orders learnt without one line that kept to the last, after which lines are taken to have none.
const ORDERS_TO_GIVE_UP: u8 = 8;
/// Lines after which an order is looked for again.
const LINES_WITHOUT_ORDER: u16 = 1024;
/// Heads of keys that are told apart, short ones and then long ones.
const HEADS: usize = 256;

/// One known key: its quotes and colon (or its equals sign) included, as a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    word: u8x16,
    /// Its bytes among the first sixteen.
    mask: u8x16,
    /// The last sixteen of a longer one.
    tail: u128,
    len: u8,
    place: Place,
    meaning: Meaning,
    /// [`Role::rival`](super::roles::Role::rival) of its role, or the number after all of them.
    rival: u8,
    /// The bit of that number.
    bit: u32,
    /// Bytes of the value seen last; [`ANY_LEN`] where they differ too often to be expected.
    value_len: u32,
    /// Values that were not as long as the one before.
    n_other: u32,
    /// Its role; any for a key without one.
    binding: Binding,
}

/// No value has this length.
const ANY_LEN: u32 = u32::MAX;
/// Values of another length before it is asked whether one is to be expected at all.
const OTHERS_TO_ASK: u32 = 16;

/// The first sixteen bytes of what may be a key, and eight of them as a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    all: u8x16,
    low: u64,
}

impl From<u128> for Head {
    #[inline(always)]
    fn from(bytes: u128) -> Self {
        Self { all: bytes.to_le_bytes().into(), low: bytes as u64 }
    }
}

impl From<&[u8; WORD_BYTES]> for Head {
    #[inline(always)]
    fn from(bytes: &[u8; WORD_BYTES]) -> Self {
        Self { all: u8x16::new(*bytes), low: eight(bytes, 0) }
    }
}

/// Stands where no key has a role.
pub(super) const NO_BINDING: Binding = Binding { role: Role::Nanos, rank: 0, unit: None };

impl Slot {
    /// Which of the values that are held is its own, and its bit; [`N_RIVALS`] for a key without a role.
    #[inline(always)]
    pub fn rival(&self) -> (usize, u32) {
        (usize::from(self.rival), self.bit)
    }

    /// Bytes of the key with its quotes and colon; at most [`SLOT_BYTES`].
    #[inline(always)]
    pub fn len(&self) -> usize {
        usize::from(self.len.wrapping_sub(1)) % SLOT_BYTES + 1
    }

    /// Whether the bytes begin with this key.
    #[inline(always)]
    pub fn begins(&self, head: Head, bytes: &[u8]) -> bool {
        (head.all & self.mask).cmp_eq(self.word).all() && (usize::from(self.len) <= WORD_BYTES || self.ends(bytes))
    }

    /// The same of the last bytes of a long key.
    #[inline(always)]
    fn ends(&self, bytes: &[u8]) -> bool {
        let tail = bytes.get(self.len() - WORD_BYTES..).and_then(|rest| rest.first_chunk::<WORD_BYTES>());
        tail.is_some_and(|tail| u128::from_le_bytes(*tail) == self.tail)
    }

    /// How long its value will be, if it is as long as the last one.
    #[inline(always)]
    pub fn expected_len(&self) -> usize {
        self.value_len as usize
    }

    /// Remembers a length that was not expected.
    #[inline(never)]
    pub fn expect_len(&mut self, len: usize, n_lines: u32) {
        if self.value_len != ANY_LEN {
            self.n_other += 1;
            let is_any = self.n_other > OTHERS_TO_ASK && self.n_other > n_lines / 4;
            self.value_len = if is_any { ANY_LEN } else { len as u32 };
        }
    }

    /// The role of its value; any when it has none.
    #[inline(always)]
    pub fn binding(&self) -> Binding {
        self.binding
    }

    /// The position after this key, if it stands at `at` in the record itself.
    #[inline(always)]
    pub fn after(&self, line: &[u8], at: usize) -> Option<usize> {
        self.begins(sixteen(line, at)?.into(), &line[at..]).then_some(at + usize::from(self.len))
    }

    #[inline(always)]
    fn fits(&self, head: Head, bytes: &[u8], place: Place) -> bool {
        self.begins(head, bytes) && self.place == place
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
    /// Orders learnt since a line kept to one.
    n_orders: u8,
    /// The key seen last of each head, whatever its order.
    by_head: Vec<Option<Slot>>,
    cache: Vec<Option<Cached>>,
    n_lines: u32,
    /// Where the fields of this line end, if its keys come in no order.
    pub ends: Ends,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            slots: Vec::with_capacity(32),
            cursor: 0,
            n_misses: 0,
            order: Order::Learning,
            is_simple: false,
            n_orders: 0,
            // Both take their room with the first key: many a reader reads one record only.
            by_head: Vec::new(),
            cache: Vec::new(),
            n_lines: 0,
            ends: Ends::default(),
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
        self.n_lines = self.n_lines.saturating_add(1);
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

    /// The keys that come next in their order, if all stand in the record itself; else nothing.
    #[inline(always)]
    pub fn simple_order(&mut self) -> (&mut [Slot], u32) {
        (if self.is_simple { self.slots.get_mut(self.cursor..).unwrap_or_default() } else { &mut [] }, self.n_lines)
    }

    /// Whether keys come in no order that lasts.
    #[inline(always)]
    pub fn have_no_order(&self) -> bool {
        matches!(self.order, Order::Unknown(_))
    }

    /// The key of the record itself that these bytes begin with, if it is one that was seen.
    #[inline(always)]
    pub fn known(&self, head: Head, bytes: &[u8]) -> Option<&Slot> {
        let first = self.by_head.get(head_of(head.low))?.as_ref();
        if let Some(slot) = first
            && slot.fits(head, bytes, Place(0))
        {
            return first;
        }
        self.by_head.get(long_head_of(head.low))?.as_ref().filter(|slot| slot.fits(head, bytes, Place(0)))
    }

    fn look_whether_simple(&mut self) {
        self.is_simple = self.slots.iter().all(|slot| slot.place == Place(0));
    }

    /// Goes on behind the next `n` keys.
    #[inline(always)]
    pub fn skip(&mut self, n: usize) {
        self.cursor += n;
    }

    /// The meaning of the key at `line[at]` and the position after it, if it is a known one.
    #[inline(always)]
    pub fn expect(&mut self, line: &[u8], at: usize, place: Place) -> Option<(Meaning, usize)> {
        let (head, bytes) = (Head::from(sixteen(line, at)?), &line[at..]);
        if let Some(slot) = self.slots.get(self.cursor)
            && slot.fits(head, bytes, place)
        {
            self.cursor += 1;
            return Some((slot.meaning, at + usize::from(slot.len)));
        }
        let slot = self.out_of_place(head, bytes, place)?;
        Some((slot.meaning, at + usize::from(slot.len)))
    }

    /// A known key that is not the next one.
    #[inline(never)]
    fn out_of_place(&mut self, head: Head, bytes: &[u8], place: Place) -> Option<Slot> {
        if self.order == Order::Known
            && let Some(ahead) = self.look_ahead(head, bytes, place)
        {
            self.cursor = ahead + 1;
            return Some(self.slots[ahead]);
        }
        let at = |place_of: usize| self.by_head.get(place_of).copied().flatten().filter(|slot| slot.fits(head, bytes, place));
        let slot = at(head_of(head.low)).or_else(|| at(long_head_of(head.low)))?;
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
    fn look_ahead(&self, head: Head, bytes: &[u8], place: Place) -> Option<usize> {
        let end = self.slots.len().min(self.cursor + LOOK_AHEAD);
        (self.cursor + 1..end).find(|at| self.slots[*at].fits(head, bytes, place))
    }

    /// The meaning of a key that was not expected; `pattern` is the key with its quotes and colon or equals sign.
    pub fn meaning(&mut self, plan: &LogPlan, key: &[u8], pattern: &[u8], place: Place) -> Meaning {
        let meaning = self.cached(plan, key, place);
        self.n_misses = self.n_misses.saturating_add(1);
        if pattern.len() <= SLOT_BYTES {
            let n_head = pattern.len().min(WORD_BYTES);
            let (mut word, mut mask) = ([0u8; WORD_BYTES], [0u8; WORD_BYTES]);
            word[..n_head].copy_from_slice(&pattern[..n_head]);
            mask[..n_head].fill(u8::MAX);
            let low = Head::from(u128::from_le_bytes(word)).low;
            let rival = meaning.binding.map_or(N_RIVALS, |binding| binding.role.rival()) as u8;
            let (bit, binding) = (1 << rival, meaning.binding.unwrap_or(NO_BINDING));
            let tail = pattern.last_chunk().map_or(0, |tail| u128::from_le_bytes(*tail));
            let slot = Slot {
                word: word.into(),
                mask: mask.into(),
                tail,
                len: pattern.len() as u8,
                place,
                meaning,
                rival,
                bit,
                value_len: 0,
                n_other: 0,
                binding,
            };
            if self.by_head.is_empty() {
                self.by_head.resize(HEADS * 2, None);
            }
            let head = head_of(low);
            let is_taken = self.by_head[head].is_some_and(|other| (other.word, other.tail) != (slot.word, slot.tail));
            self.by_head[if is_taken { long_head_of(low) } else { head }] = Some(slot);
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
fn head_of(low: u64) -> usize {
    ((low as u32).wrapping_mul(0x9e37_79b1) >> 24) as usize
}

/// Where it is kept when another has its first bytes: by the first eight. That of a short key is found for some values only.
#[inline(always)]
fn long_head_of(low: u64) -> usize {
    HEADS + (low.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
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
