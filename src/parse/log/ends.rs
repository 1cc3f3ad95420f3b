//! Where the fields of an object end: found for a whole line at once, before any field is looked at, so that no field
//! waits for the end of the one before.
//!
//! The idea is stage one of simdjson (Langdale and Lemire 2019, "Parsing gigabytes of JSON per second"): one bit a byte
//! for quotes and for commas, and a running exclusive or of the quotes to tell what is inside a string. Lines with a
//! backslash are not looked at; nested values are not told apart, which their reader notices by how they begin.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use wide::u8x16;

use crate::parse::bytes::Block;

/// Blocks that are looked through; a field that ends behind them is read another way.
const MOST: usize = 64;

/// Ends of the fields of one line.
#[derive(Debug)]
pub(super) struct Ends {
    /// One bit a byte.
    marks: [u64; MOST],
    n_blocks: usize,
    n_quotes: u32,
    is_closed: bool,
}

impl Default for Ends {
    fn default() -> Self {
        Self { marks: [0; MOST], n_blocks: 0, n_quotes: 0, is_closed: false }
    }
}

impl Ends {
    /// Looks through the first `len` bytes of `wide`, behind the brace that opens an object. O(len); what stands behind
    /// them in `wide` only saves a copy.
    #[inline(always)]
    pub fn find(&mut self, wide: &[u8], len: usize) {
        let n_whole = (len / Block::LEN).min(MOST);
        let (mut counts, mut is_inside) = (u8x16::ZERO, 0u64);
        let (blocks, rest) = wide.get(..n_whole * Block::LEN).unwrap_or_default().as_chunks::<{ Block::LEN }>();
        debug_assert!(rest.is_empty(), "whole blocks only");
        for (block, marks) in blocks.iter().zip(&mut self.marks) {
            let block = Block::new(block);
            let quotes = block.marks_counted(b'"', &mut counts);
            let inside = parity(quotes) ^ is_inside;
            // All ones when the string goes on in the next block.
            is_inside = ((inside as i64) >> 63) as u64;
            *marks = block.marks(b',') & !inside;
        }
        self.n_quotes = counts.to_array().iter().map(|n| u32::from(*n)).sum();
        (self.n_blocks, self.is_closed) = (n_whole, false);
        if n_whole < MOST {
            self.find_in_last(wide, len, is_inside);
        }
    }

    /// The same for what is left behind whole blocks.
    #[inline(always)]
    fn find_in_last(&mut self, wide: &[u8], len: usize, is_inside: u64) {
        let at = self.n_blocks * Block::LEN;
        let block = match wide.get(at..).and_then(|rest| rest.first_chunk()) {
            Some(block) => Block::new(block),
            None => padded(wide, at),
        };
        let n = len - at;
        let here = (1 << (n % Block::LEN)) - 1;
        let quotes = block.marks(b'"') & here;
        let inside = parity(quotes) ^ is_inside;
        self.n_quotes += quotes.count_ones();
        if let Some(marks) = self.marks.get_mut(self.n_blocks) {
            *marks = block.marks(b',') & !inside & here;
            self.n_blocks += 1;
        }
        if inside >> 63 == 0
            && let Some(last) = len.checked_sub(1)
            && wide.get(last) == Some(&b'}')
        {
            self.marks[last / Block::LEN % MOST] |= 1 << (last % Block::LEN);
            self.is_closed = true;
        }
    }

    /// Goes through the places of the signs behind the fields from `at` on, in order.
    #[inline(always)]
    pub fn from(&self, at: usize) -> Places<'_> {
        let block = at / Block::LEN;
        let marks = self.marks.get(..self.n_blocks).unwrap_or_default();
        let now = marks.get(block).map_or(0, |marks| marks & (u64::MAX << (at % Block::LEN)));
        Places { marks, block, now }
    }

    /// How many quotes there are when the last place is that of the closing brace and no string goes on behind it.
    #[inline(always)]
    pub fn quotes_of_all(&self) -> Option<usize> {
        self.is_closed.then_some(self.n_quotes as usize)
    }
}

/// See [`Ends::from`].
pub(super) struct Places<'a> {
    marks: &'a [u64],
    block: usize,
    now: u64,
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.now == 0 {
            self.block += 1;
            self.now = *self.marks.get(self.block)?;
        }
        let place = self.block * Block::LEN + self.now.trailing_zeros() as usize;
        self.now &= self.now.wrapping_sub(1);
        Some(place)
    }
}

/// The last bytes, as if zeros stood behind them.
#[inline(never)]
fn padded(text: &[u8], at: usize) -> Block {
    let mut bytes = [0; Block::LEN];
    let rest = text.get(at..).unwrap_or_default();
    bytes[..rest.len()].copy_from_slice(rest);
    Block::new(&bytes)
}

/// Each bit tells whether the number of bits up to it is odd.
#[inline(always)]
const fn parity(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ (bits << 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn commas_outside_strings_end_fields(line in prop_oneof!["[\",a}é]{0,300}", "[\",a}]{4090,4200}"], behind in "[\",}]{0,80}", at in 0usize..300) {
            let wide = format!("{line}{behind}");
            let mut ends = Ends::default();
            ends.find(wide.as_bytes(), line.len());
            let mut is_inside = false;
            let mut expected = Vec::new();
            for (place, byte) in line.bytes().enumerate() {
                is_inside ^= byte == b'"';
                if byte == b',' && !is_inside {
                    expected.push(place);
                }
            }
            let is_closed = !is_inside && line.ends_with('}') && line.len() < MOST * Block::LEN;
            if is_closed {
                expected.push(line.len() - 1);
            }
            expected.retain(|place| (at..MOST * Block::LEN).contains(place));
            prop_assert_eq!(ends.from(at).collect::<Vec<_>>(), expected);
            prop_assert_eq!(ends.quotes_of_all(), is_closed.then(|| line.matches('"').count()));
        }
    }
}
