//! Bytes eight at a time: loads, searches and numbers in one register.
//!
//! Strings and numbers of a log are short: a call of a vector search for each would cost more than it saves. All
//! functions are exact for any bytes; what lies beyond the end of a text counts as zero.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use wide::u8x16;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const ZEROS: u64 = ONES * b'0' as u64;

/// Up to eight bytes at `at`, the first in the lowest bits.
#[inline(always)]
pub fn eight(text: &[u8], at: usize) -> u64 {
    let Some(rest) = text.get(at..) else { return 0 };
    if let Some(chunk) = rest.first_chunk::<8>() {
        return u64::from_le_bytes(*chunk);
    }
    // The last eight bytes end with those that are asked for.
    match text.last_chunk::<8>() {
        Some(last) if !rest.is_empty() => u64::from_le_bytes(*last) >> ((8 - rest.len()) * 8),
        _ => short(rest),
    }
}

/// Sixteen bytes at `at`, zero beyond the end; `None` at the end, and in a text of fewer than sixteen.
#[inline(always)]
pub fn sixteen(text: &[u8], at: usize) -> Option<u128> {
    let rest = text.get(at..)?;
    if let Some(chunk) = rest.first_chunk::<16>() {
        return Some(u128::from_le_bytes(*chunk));
    }
    let last = text.last_chunk::<16>().filter(|_| !rest.is_empty())?;
    Some(u128::from_le_bytes(*last) >> ((16 - rest.len()) * 8))
}

/// A text of at most eight bytes; of a longer one the first eight.
#[inline(always)]
pub fn short(text: &[u8]) -> u64 {
    if let Some(chunk) = text.first_chunk::<8>() {
        return u64::from_le_bytes(*chunk);
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << ((text.len() - 4) * 8);
    }
    match *text {
        [a, b, c] => u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16,
        [a, b] => u64::from(a) | u64::from(b) << 8,
        [a] => u64::from(a),
        _ => 0,
    }
}

/// Whether two texts are the same: short ones at once, long ones only when they end alike.
#[inline(always)]
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(end), Some(other)) => {
            u64::from_le_bytes(*end) == u64::from_le_bytes(*other) && (short(a) == short(b)) && (a.len() <= 16 || a == b)
        }
        _ => short(a) == short(b),
    }
}

/// High bit of each byte that is no digit; the other bits are zero.
#[inline(always)]
pub const fn non_digits(word: u64) -> u64 {
    let values = word ^ ZEROS;
    // Carries never leave a byte: seven bits and 118.
    (((values & !HIGHS) + ONES * 118) | values) & HIGHS
}

/// High bit of each byte that is zero; above the lowest of them others may be marked too.
#[inline(always)]
pub const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// The place of the lowest marked byte; 8 when none is.
#[inline(always)]
pub const fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// The number of the first `n` bytes, which must be digits; `n` is 1 … 8.
#[inline(always)]
pub const fn number(word: u64, n: usize) -> u64 {
    // Leading zeros take the place of what is not there.
    let values = (word << (64 - 8 * n)) & (ONES * 15);
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

/// The number of a text of one to eight digits; `None` when a byte is none.
#[inline(always)]
pub fn digits(text: &[u8]) -> Option<u64> {
    let n = text.len();
    if n == 0 || n > 8 {
        return None;
    }
    let word = short(text);
    (first(non_digits(word)) >= n).then(|| number(word, n))
}

/// The digits of a number of at most eight bytes, with a point or without, and how many stand behind it; `None` for others.
#[inline(always)]
pub fn decimal(text: &[u8]) -> Option<(u64, usize)> {
    let n = text.len();
    let word = short(text);
    let others = non_digits(word);
    let point = first(others);
    if n == 0 || n > 8 {
        return None;
    }
    if point >= n {
        return Some((number(word, n), 0));
    }
    // A digit before the point and one behind it, and nothing else but digits.
    let is_decimal = word >> (8 * point) & 255 == u64::from(b'.') && point > 0 && point + 1 < n && first(others & (others - 1)) >= n;
    let below = word & ((1 << (8 * point)) - 1);
    let above = word >> (8 * point) >> 8;
    is_decimal.then(|| (number(above << (8 * point) | below, n - 1), n - 1 - point))
}

/// Position of the first `A` or `B` at or after `at`.
#[inline(always)]
pub fn find_either<const A: u8, const B: u8>(line: &[u8], mut at: usize) -> Option<usize> {
    while let Some(chunk) = line.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let mut hit = zeros(word ^ (ONES * u64::from(A)));
        if A != B {
            hit |= zeros(word ^ (ONES * u64::from(B)));
        }
        if hit != 0 {
            return Some(at + first(hit));
        }
        at += 8;
    }
    line.get(at..)?.iter().position(|byte| *byte == A || *byte == B).map(|len| at + len)
}

/// The same for one byte in a line that is ASCII.
#[inline(always)]
pub fn find_in_ascii<const A: u8>(line: &[u8], at: usize) -> Option<usize> {
    // Without high bits a byte borrows only when it is zero.
    let hits = |word: u64| (word ^ (ONES * u64::from(A))).wrapping_sub(ONES) & HIGHS;
    let mut rest = line.get(at..)?;
    while let Some((chunk, more)) = rest.split_first_chunk::<16>() {
        let both = u128::from_le_bytes(*chunk);
        let (low, high) = (hits(both as u64), hits((both >> 64) as u64));
        if low | high != 0 {
            let place = if low == 0 { 8 + first(high) } else { first(low) };
            return Some(line.len() - rest.len() + place);
        }
        rest = more;
    }
    rest.iter().position(|byte| *byte == A).map(|len| line.len() - rest.len() + len)
}

/// Position of the first blank or control sign at or after `at` in a line that is ASCII; its end without one.
#[inline(always)]
pub fn find_blank_in_ascii(line: &[u8], at: usize) -> usize {
    let mut rest = line.get(at..).unwrap_or_default();
    while let Some((chunk, more)) = rest.split_first_chunk::<8>() {
        let hit = !(u64::from_le_bytes(*chunk) + ONES * (128 - u64::from(b'!'))) & HIGHS;
        if hit != 0 {
            return line.len() - rest.len() + first(hit);
        }
        rest = more;
    }
    line.len() - rest.len() + rest.iter().take_while(|byte| **byte > b' ').count()
}

/// High bit of each byte that is `A`, exact in text that is ASCII; a byte that is not spoils the one behind it only.
#[inline(always)]
pub const fn marks_in_ascii<const A: u8>(word: u64) -> u64 {
    // No borrow leaves a byte of seven bits.
    HIGHS.wrapping_sub(word ^ (ONES * A as u64)) & HIGHS
}

/// High bit of each byte from the first that is no digit, point, dash or slash on; those before it are exact.
#[inline(always)]
pub const fn ends_of_number(word: u64) -> u64 {
    let low = word & !HIGHS;
    !((low + ONES * (128 - b'-' as u64)) & !(low + ONES * (127 - b'9' as u64)) & !word) & HIGHS
}

/// Place of the first mark of two words in a row; 16 when there is none.
#[inline(always)]
pub const fn first_of_two(low: u64, high: u64) -> usize {
    if low != 0 { first(low) } else { 8 + first(high) }
}

/// The same without a branch, for words of which nothing can be foreseen.
#[inline(always)]
pub const fn first_of_any_two(low: u64, high: u64) -> usize {
    let place = first(low);
    place + first(high) * (place >> 3)
}

/// What a text holds, found in one pass over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// No byte is above 127.
    pub is_ascii: bool,
    /// Some byte is zero.
    pub has_nul: bool,
    /// The sign that was looked for is there.
    pub has_sign: bool,
}

impl Seen {
    /// Looks at all bytes, many at once: no branch depends on what is there. O(bytes), at memory speed.
    pub fn of(text: &[u8], sign: u8) -> Self {
        // The least distance from a sign is zero where the sign is.
        let (mut all, mut least, mut nearest) = (0u8, u8::MAX, u8::MAX);
        for byte in text {
            all |= byte;
            least = least.min(*byte);
            nearest = nearest.min(byte ^ sign);
        }
        Self { is_ascii: all < 128, has_nul: least == 0, has_sign: nearest == 0 }
    }
}

/// 64 bytes, of which one number tells by a bit each where a sign is.
#[derive(Debug, Clone, Copy)]
pub struct Block([u8x16; 4]);

impl Block {
    /// Bytes of one.
    pub const LEN: usize = 64;

    /// These bytes.
    #[inline(always)]
    pub fn new(bytes: &[u8; Self::LEN]) -> Self {
        let (parts, _) = bytes.as_chunks::<16>();
        Self([u8x16::new(parts[0]), u8x16::new(parts[1]), u8x16::new(parts[2]), u8x16::new(parts[3])])
    }

    /// One bit for each byte that is `sign`; the first byte has the lowest.
    #[inline(always)]
    pub fn marks(&self, sign: u8) -> u64 {
        let sign = u8x16::splat(sign);
        together(self.0.map(|part| part.cmp_eq(sign)))
    }

    /// The same; adds one to the count of its place in its sixteen bytes for each. A count holds the marks of 63 blocks.
    #[inline(always)]
    pub fn marks_counted(&self, sign: u8, counts: &mut u8x16) -> u64 {
        let sign = u8x16::splat(sign);
        let same = self.0.map(|part| part.cmp_eq(sign));
        // What is the same is all ones, which is minus one.
        *counts -= (same[0] + same[1]) + (same[2] + same[3]);
        together(same)
    }
}

#[inline(always)]
fn together(same: [u8x16; 4]) -> u64 {
    let bits = |i: usize| u64::from(same[i].move_mask() as u16) << (16 * i);
    bits(0) | bits(1) | bits(2) | bits(3)
}

/// How many of the bytes from `at` on are digits, points, dashes or slashes, as numbers are written.
#[inline(always)]
pub fn digits_and_points(line: &[u8], at: usize) -> usize {
    let Some(start) = line.get(at..) else { return 0 };
    let mut rest = start;
    while let Some((chunk, more)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let low = word & !HIGHS;
        let is_in = (low + ONES * (128 - u64::from(b'-'))) & !(low + ONES * (127 - u64::from(b'9'))) & !word & HIGHS;
        if is_in != HIGHS {
            return start.len() - rest.len() + first(!is_in & HIGHS);
        }
        rest = more;
    }
    start.len() - rest.len() + rest.iter().take_while(|byte| matches!(byte, b'-'..=b'9')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_load_is_the_bytes_and_zeros_behind_them(text in prop::collection::vec(any::<u8>(), 0..24), at in 0usize..30) {
            let expected = |rest: &[u8]| rest.iter().take(8).rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
            prop_assert_eq!(eight(&text, at), expected(text.get(at..).unwrap_or_default()));
            prop_assert_eq!(short(&text), expected(&text));
        }

        #[test]
        fn a_search_finds_the_first(text in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), any::<u8>()], 0..40), at in 0usize..44) {
            let first = |is_it: &dyn Fn(u8) -> bool| text.get(at..)?.iter().position(|byte| is_it(*byte)).map(|len| at + len);
            prop_assert_eq!(find_either::<b'"', b'\\'>(&text, at), first(&|byte| byte == b'"' || byte == b'\\'));
            prop_assert_eq!(find_either::<b'"', b'"'>(&text, at), first(&|byte| byte == b'"'));
            let len = text.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| matches!(byte, b'-'..=b'9')).count());
            prop_assert_eq!(digits_and_points(&text, at), len);
        }

        #[test]
        fn in_ascii_too(text in "[\"!#a-z \\x00\\x7f]{0,40}", at in 0usize..44) {
            let text = text.as_bytes();
            let expected = text.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'"')).map(|len| at + len);
            prop_assert_eq!(find_in_ascii::<b'"'>(text, at), expected);
            let blank = (at..text.len()).find(|at| text[*at] <= b' ').unwrap_or(text.len());
            prop_assert_eq!(find_blank_in_ascii(text, at), blank);
        }

        #[test]
        fn the_same_is_the_same(a in "[ab]{0,40}", b in "[ab]{0,40}", at in 0usize..40) {
            let mut other = a.clone().into_bytes();
            prop_assert!(is_same(a.as_bytes(), &other));
            prop_assert_eq!(is_same(a.as_bytes(), b.as_bytes()), a == b);
            if let Some(byte) = other.get_mut(at) {
                *byte ^= 1;
                prop_assert!(!is_same(a.as_bytes(), &other));
            }
        }

        #[test]
        fn marks_stand_where_their_bytes_do(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b','), any::<u8>()], 64)) {
            let block = Block::new(bytes.first_chunk().expect("64 bytes"));
            let expected = |sign: u8| (0..64).fold(0u64, |bits, at| bits | u64::from(bytes[at] == sign) << at);
            let mut counts = u8x16::ZERO;
            prop_assert_eq!((block.marks(b','), block.marks_counted(b'"', &mut counts)), (expected(b','), expected(b'"')));
            prop_assert_eq!(counts.to_array().iter().map(|n| usize::from(*n)).sum::<usize>(), memchr::memchr_iter(b'"', &bytes).count());
        }

        #[test]
        fn one_pass_sees_what_is_there(text in "[a-d]{0,80}", other in any::<u8>(), at in 0usize..90) {
            let mut text = text.into_bytes();
            if let Some(byte) = text.get_mut(at) {
                *byte = other;
            }
            let seen = Seen::of(&text, b'\\');
            prop_assert_eq!((seen.is_ascii, seen.has_nul, seen.has_sign), (text.is_ascii(), text.contains(&0), text.contains(&b'\\')));
        }

        #[test]
        fn two_words_end_a_number_where_it_ends(text in prop_oneof!["[0-9./-]{0,16}[^0-9]?.{0,8}", ".{16}"]) {
            let mut bytes = text.into_bytes();
            bytes.resize(16, b',');
            let (low, high) = (eight(&bytes, 0), eight(&bytes, 8));
            prop_assert_eq!(first_of_two(ends_of_number(low), ends_of_number(high)), digits_and_points(&bytes, 0));
            prop_assert_eq!(first_of_any_two(ends_of_number(low), ends_of_number(high)), digits_and_points(&bytes, 0));
        }

        #[test]
        fn digits_are_their_number(text in prop_oneof!["[0-9]{1,9}".prop_map(String::into_bytes), "[0-9]{0,4}[.][0-9.]{0,5}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..10)]) {
            let expected = std::str::from_utf8(&text).ok().filter(|text| text.len() <= 8 && text.bytes().all(|b| b.is_ascii_digit()));
            prop_assert_eq!(digits(&text), expected.and_then(|text| text.parse().ok()));
            let float = std::str::from_utf8(&text).ok().filter(|text| !text.starts_with('.') && !text.ends_with('.')).and_then(|text| text.parse().ok());
            if let Some((digits, n_decimals)) = decimal(&text) {
                prop_assert_eq!(Some(digits as f64 / 10f64.powi(n_decimals as i32)), float);
            } else {
                prop_assert!(text.len() > 8 || !text.iter().all(u8::is_ascii_digit) || text.is_empty());
            }
            let len = text.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert_eq!(first(non_digits(short(&text))), len);
        }
    }
}
