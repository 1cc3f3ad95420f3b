//! A hash of a message that is the same for all values of its numbers, made while the log is read.
//!
//! A word is a run of letters, digits, `_` and bytes beyond ASCII; one with a digit counts as "some value", whatever it
//! says. Words are found eight bytes at a time. Constants are fixed, so that equal data gives equal patterns
//! everywhere. Two messages that differ elsewhere share a hash with a chance of 2⁻⁶⁴ a pair.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// What a word with a digit is hashed as.
const VALUE: u64 = 0x9e37_79b9_7f4a_7c15;
const MIX: u64 = 0xff51_afd7_ed55_8ccd;

/// Hash of the first line of a message; see [`super::first_line`], which must have been applied.
#[inline]
pub fn signature(message: &[u8]) -> u64 {
    let mut hash = VALUE;
    let mut at = 0;
    let mut word = Word::default();
    while at < message.len() {
        let (chunk, len) = eight(message, at);
        let letters = letters(chunk) & below(len);
        let n = ((!letters & HIGHS).trailing_zeros() / 8) as usize;
        let n = n.min(8);
        if n > 0 {
            word.take(chunk, n);
            at += n;
            if n == 8 {
                continue;
            }
        }
        hash = mix(hash, word.end());
        // The sign after the word; a run of blanks is one.
        if let Some(sign) = message.get(at) {
            hash = mix(hash, u64::from(*sign));
            at += 1;
            while *sign == b' ' && message.get(at) == Some(&b' ') {
                at += 1;
            }
        }
    }
    mix(hash, word.end())
}

/// A word on the way.
#[derive(Default)]
struct Word {
    hash: u64,
    has_digit: bool,
}

impl Word {
    #[inline]
    fn take(&mut self, chunk: u64, n: usize) {
        let part = chunk & below(n);
        self.has_digit |= in_range(part, b'0', b'9') & below(n) != 0;
        self.hash = mix(self.hash, part ^ (n as u64));
    }

    #[inline]
    fn end(&mut self) -> u64 {
        let hash = if self.has_digit { VALUE } else { self.hash };
        *self = Self::default();
        hash
    }
}

#[inline]
fn mix(hash: u64, value: u64) -> u64 {
    let mixed = (hash.rotate_left(23) ^ value).wrapping_mul(MIX);
    mixed ^ (mixed >> 32)
}

/// Up to eight bytes at `at`, zero beyond the end, and how many there are.
#[inline]
fn eight(message: &[u8], at: usize) -> (u64, usize) {
    let rest = &message[at..];
    if let Some(chunk) = rest.first_chunk::<8>() {
        return (u64::from_le_bytes(*chunk), 8);
    }
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    (u64::from_le_bytes(bytes), rest.len())
}

/// All bits of the first `n` bytes.
#[inline]
const fn below(n: usize) -> u64 {
    if n >= 8 { u64::MAX } else { (1 << (n * 8)) - 1 }
}

/// High bit of each byte of `chunk` that lies in `low..=high` (both below 128).
#[inline]
const fn in_range(chunk: u64, low: u8, high: u8) -> u64 {
    let low_bits = chunk & !HIGHS;
    let at_least = low_bits + ONES * (128 - low as u64);
    let beyond = low_bits + ONES * (127 - high as u64);
    at_least & !beyond & !chunk & HIGHS
}

/// High bit of each byte that belongs to a word.
#[inline]
const fn letters(chunk: u64) -> u64 {
    let lower = chunk | (ONES * 0x20);
    // `_` is 0x5f, which the case bit makes 0x7f.
    in_range(lower, b'a', b'z') | in_range(chunk, b'0', b'9') | in_range(chunk, b'_', b'_') | (chunk & HIGHS)
}
