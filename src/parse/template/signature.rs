//! A hash of a message that is the same for all values of its numbers, made while the log is read.
//!
//! A word is a run of letters, digits and bytes beyond ASCII; one with a digit counts as "some value", whatever it
//! says. Words are found eight bytes at a time and each costs one multiplication with the sign after it: this runs
//! over every message of a log. Constants are fixed, so that equal data gives equal patterns everywhere.
//! Two messages that differ elsewhere share a hash with a chance of about 2⁻⁶⁴ a pair.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// What a word with a digit is hashed as.
const VALUE: u64 = 0x9e37_79b9_7f4a_7c15;
/// Odd, with bits everywhere.
const MIX: u64 = 0xff51_afd7_ed55_8ccd;
/// Spreads the sign after a word over the bytes of the word.
const SIGN: u64 = 0xc4ce_b9fe_1a85_ec53;

/// Hash of the first line of a message; see [`super::first_line`], which must have been applied.
#[inline]
pub fn signature(message: &[u8]) -> u64 {
    let (mut hash, mut at) = (VALUE, 0);
    // Eight letters and more of the word so far, and whether it holds a digit.
    let (mut word, mut has_digit) = (0u64, false);
    let mut last_sign = 0;
    while at < message.len() {
        let chunk = eight(message, at);
        let digits = digits(chunk);
        let n = ((!(letters(chunk) | digits) & HIGHS).trailing_zeros() / 8) as usize;
        if n == 8 {
            has_digit |= digits != 0;
            word = step(word, chunk);
            at += 8;
            last_sign = 0;
            continue;
        }
        let below = (1u64 << (n * 8)) - 1;
        has_digit |= digits & below != 0;
        // Beyond the end of the message the chunk is zero, and so is the sign.
        let sign = chunk >> (n * 8) & 0xff;
        at += n + 1;
        if n == 0 && sign == u64::from(b' ') && last_sign == sign {
            continue;
        }
        let value = if has_digit { VALUE } else { word.rotate_left(32) ^ (chunk & below) };
        hash = step(hash, value.wrapping_add(sign.wrapping_mul(SIGN)));
        (word, has_digit, last_sign) = (0, false, sign);
    }
    // A last word of a multiple of eight letters has not met its end.
    let value = if has_digit { VALUE } else { word.rotate_left(32) };
    finish(if last_sign == 0 && (has_digit || word != 0) { step(hash, value) } else { hash })
}

/// Hash of all bytes of a text. Fixed, as that of messages is.
#[inline]
pub fn hash(text: &[u8]) -> u64 {
    let mut hash = VALUE ^ text.len() as u64;
    let mut at = 0;
    while at < text.len() {
        hash = step(hash, eight(text, at));
        at += 8;
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

/// Up to eight bytes at `at`, zero beyond the end.
#[inline]
fn eight(message: &[u8], at: usize) -> u64 {
    let rest = &message[at..];
    if let Some(chunk) = rest.first_chunk::<8>() {
        return u64::from_le_bytes(*chunk);
    }
    let n = rest.len();
    if let Some(last) = message.last_chunk::<8>() {
        return u64::from_le_bytes(*last) >> ((8 - n) * 8);
    }
    rest.iter().rev().fold(0, |chunk, byte| chunk << 8 | u64::from(*byte))
}

/// High bit of each byte that is a digit.
#[inline]
const fn digits(chunk: u64) -> u64 {
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
