//! A hash of a message that is the same for all values of its numbers, made while the log is read.
//!
//! A word is a run of letters, digits and bytes beyond ASCII; one with a digit counts as "some value", whatever it
//! says. The kinds of sixty-four bytes are found at once, then each word costs one multiplication with the sign after it:
//! this runs over every message of a log. Constants are fixed, so that equal data gives equal patterns everywhere.
//! Two messages that differ elsewhere share a hash with a chance of about 2⁻⁶⁴ a pair.

use crate::parse::bytes::eight;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// What a word with a digit is hashed as.
const VALUE: u64 = 0x9e37_79b9_7f4a_7c15;
/// Odd, with bits everywhere.
const MIX: u64 = 0xff51_afd7_ed55_8ccd;
/// Tells the places of a message apart.
const PLACE: u64 = 0xd6e8_feb8_6659_fd93;
/// Spreads the sign after a word over the bytes of the word.
const SIGN: u64 = 0xc4ce_b9fe_1a85_ec53;

/// Hash of the first line of a message; see [`super::first_line`], which must have been applied.
#[inline]
pub fn signature(message: &[u8]) -> u64 {
    let mut hash = Sum::default();
    // Where the word begins that is being read, and whether it holds a digit so far.
    let (mut start, mut has_digit) = (0, false);
    let mut base = 0;
    while base < message.len() {
        let len = (message.len() - base).min(64);
        let (words, digits) = kinds(&message[base..base + len]);
        let mut from = 0;
        let mut signs = !words & (u64::MAX >> (64 - len));
        while signs != 0 {
            let at = signs.trailing_zeros();
            signs &= signs - 1;
            let end = base + at as usize;
            has_digit |= digits & (u64::MAX << from) & ((1 << at) - 1) != 0;
            // Of spaces in a row one counts.
            let sign = message[end];
            if !(sign == b' ' && start == end && end > 0 && message[end - 1] == b' ') {
                hash.add(value(message, start, end, has_digit).wrapping_add(u64::from(sign).wrapping_mul(SIGN)));
            }
            (start, has_digit, from) = (end + 1, false, at + 1);
        }
        has_digit |= from < 64 && digits & (u64::MAX << from) != 0;
        base += len;
    }
    if start < message.len() {
        hash.add(value(message, start, message.len(), has_digit));
    }
    finish(hash.sum)
}

/// Adds numbers up so that their order counts: no step waits for the one before.
#[derive(Default)]
struct Sum {
    sum: u64,
    place: u64,
}

impl Sum {
    #[inline]
    fn add(&mut self, value: u64) {
        self.place = self.place.wrapping_add(PLACE);
        let wide = u128::from(value ^ self.place) * u128::from(MIX);
        self.sum = self.sum.wrapping_add((wide as u64) ^ (wide >> 64) as u64);
    }
}

/// What stands for a word: one with a digit is as good as any other.
#[inline]
fn value(message: &[u8], start: usize, end: usize, has_digit: bool) -> u64 {
    if has_digit {
        return VALUE;
    }
    let (mut at, mut word) = (start, 0);
    while end - at > 8 {
        word = step(word, eight(message, at));
        at += 8;
    }
    // Eight bytes at once, without those after the word; none of an empty one.
    let rest = if at == end { 0 } else { eight(message, at) & (u64::MAX >> (64 - 8 * (end - at))) };
    word.rotate_left(32) ^ rest
}

/// One bit a byte of up to 64: letters, digits and bytes beyond ASCII, and digits alone.
#[inline]
fn kinds(bytes: &[u8]) -> (u64, u64) {
    let (mut words, mut only_digits) = (0, 0);
    for at in (0..bytes.len()).step_by(8) {
        let chunk = eight(bytes, at);
        let digits = digits(chunk);
        words |= bits(letters(chunk) | digits) << at;
        only_digits |= bits(digits) << at;
    }
    (words, only_digits)
}

/// The high bits of eight bytes side by side.
#[inline]
const fn bits(chunk: u64) -> u64 {
    (chunk & HIGHS).wrapping_mul(0x0002_0408_1020_4081) >> 56
}

/// Hash of all bytes of a text. Fixed, as that of messages is.
#[inline]
pub fn hash(text: &[u8]) -> u64 {
    let mut hash = VALUE ^ text.len() as u64;
    let (chunks, rest) = text.as_chunks::<8>();
    for chunk in chunks {
        hash = step(hash, u64::from_le_bytes(*chunk));
    }
    if !rest.is_empty() {
        hash = step(hash, eight(text, text.len() - rest.len()));
    }
    finish(hash)
}

#[inline]
const fn step(hash: u64, value: u64) -> u64 {
    (hash.rotate_left(26) ^ value).wrapping_mul(MIX)
}

/// Lets every bit of the last word reach every bit of the hash.
const fn finish(hash: u64) -> u64 {
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(SIGN);
    mixed ^ (mixed >> 29)
}

/// High bit of each byte that belongs to a word; the other bits are zero.
#[inline]
pub(super) const fn word_bytes(chunk: u64) -> u64 {
    (letters(chunk) | digits(chunk)) & HIGHS
}

/// High bit of each byte that is a digit.
#[inline]
pub(super) const fn digits(chunk: u64) -> u64 {
    let low_bits = chunk & !HIGHS;
    let at_least = low_bits + ONES * (128 - b'0' as u64);
    let beyond = low_bits + ONES * (127 - b'9' as u64);
    at_least & !beyond & !chunk & HIGHS
}

/// High bit of each byte that is a letter or beyond ASCII; the other bits mean nothing.
#[inline]
const fn letters(chunk: u64) -> u64 {
    let lower = (chunk | (ONES * 0x20)) & !HIGHS;
    let at_least = lower + ONES * (128 - b'a' as u64);
    let beyond = lower + ONES * (127 - b'z' as u64);
    (at_least & !beyond) | chunk
}
