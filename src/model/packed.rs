//! Samples of one series in a few bits each, every one of them readable by its index in O(1).
//!
//! Blocks of 512, times and values apart. Times: a straight line through the block, and what each time is off it (frame of
//! reference, a common unit divided out): a steady scrape costs nothing a sample. Values: those that are decimals with few
//! digits become integers over a power of ten (after Afroozeh, Kuffó and Boncz, "ALP", 2023), again above a common base; a
//! block that is not, in all its bits, stays as it is. What comes out has the same bits as what went in, special values
//! included. Only whole blocks are added, but for the last one; a reader packs what it has while it reads on.

mod times;
mod values;

pub use times::Times;
pub use values::{Node, Values};

use std::ops::Range;

use super::Sample;
use super::time::Timestamp;

/// Samples in a block: the head of a block is a tenth of a byte a sample, and a ragged end is read in a microsecond.
pub const BLOCK: usize = 512;

/// Times and values, and what each whole block says in sum.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Packed {
    /// Rising.
    pub times: Times,
    /// As many.
    pub values: Values,
    /// One a whole block.
    pub leaves: Vec<Node>,
}

impl Packed {
    /// Adds a block of times, in rising order and not before those that are there, and their values: [`BLOCK`] of them,
    /// fewer only at the end. O(n).
    pub fn push(&mut self, times: &[i64], values: &[f64]) {
        self.times.push(times);
        self.push_values(values);
    }

    /// The same with times that are packed: one block, which all series of a table share.
    pub fn push_shared(&mut self, times: &Times, values: &[f64]) {
        self.times.append(times);
        self.push_values(values);
    }

    /// Adds samples that come after these, which must be whole blocks.
    pub fn append(&mut self, later: &Self) {
        self.times.append(&later.times);
        self.values.append(&later.values);
        self.leaves.extend_from_slice(&later.leaves);
    }

    fn push_values(&mut self, values: &[f64]) {
        let leaf = self.values.push(values);
        if values.len() == BLOCK {
            self.leaves.push(leaf);
        }
    }

    /// Adds samples in rising order.
    pub fn extend(&mut self, samples: &[Sample]) {
        let (mut times, mut values) = ([0; BLOCK], [0.0; BLOCK]);
        for block in samples.chunks(BLOCK) {
            for (i, sample) in block.iter().enumerate() {
                (times[i], values[i]) = (sample.time.0, sample.value);
            }
            self.push(&times[..block.len()], &values[..block.len()]);
        }
    }

    /// Gives back what growing took beyond need.
    pub fn shrink(&mut self) {
        self.times.shrink();
        self.values.shrink();
        self.leaves.shrink_to_fit();
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sample at `index`. O(1).
    pub fn get(&self, index: usize) -> Sample {
        Sample { time: Timestamp(self.times.get(index)), value: self.values.get(index) }
    }

    /// All samples.
    pub fn iter(&self) -> impl Iterator<Item = Sample> {
        (0..self.len()).map(|index| self.get(index))
    }
}

/// The blocks that a range of places reaches into, each with the places inside of it.
fn blocks_of(range: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let blocks = if range.is_empty() { 0..0 } else { range.start / BLOCK..range.end.div_ceil(BLOCK) };
    blocks.map(move |block| {
        let first = block * BLOCK;
        (block, range.start.max(first) - first..range.end.min(first + BLOCK) - first)
    })
}

/// Puts numbers of `width` bits, at most 64, one after another; they begin and end with a word.
fn pack(words: &mut Vec<u64>, numbers: impl ExactSizeIterator<Item = u64>, width: u32) {
    if width == 0 {
        return;
    }
    words.reserve((numbers.len() * width as usize).div_ceil(64));
    let (mut word, mut filled) = (0, 0);
    for number in numbers {
        word |= number << filled;
        filled += width;
        if filled >= 64 {
            words.push(word);
            filled -= 64;
            word = if filled == 0 { 0 } else { number >> (width - filled) };
        }
    }
    if filled > 0 {
        words.push(word);
    }
}

/// The number at place `i` of those that [`pack`] put into these words.
#[inline]
fn unpack(words: &[u64], i: usize, width: u32) -> u64 {
    if width == 0 {
        return 0;
    }
    let bit = i * width as usize;
    let (word, shift) = (bit / 64, (bit % 64) as u32);
    let low = words[word] >> shift;
    let value = if shift + width > 64 { low | words[word + 1] << (64 - shift) } else { low };
    if width == 64 { value } else { value & ((1 << width) - 1) }
}

fn width_of(greatest: u64) -> u32 {
    64 - greatest.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::values::POWERS;
    use super::*;
    use crate::model::series::STALE_BITS;
    use proptest::prelude::*;

    fn packed_times(times: &[i64]) -> Times {
        let mut packed = Times::default();
        times.chunks(BLOCK).for_each(|block| packed.push(block));
        packed.shrink();
        packed
    }

    fn packed_values(values: &[f64]) -> Values {
        let mut packed = Values::default();
        for block in values.chunks(BLOCK) {
            let _ = packed.push(block);
        }
        packed.shrink();
        packed
    }

    #[test]
    fn a_steady_scrape_of_whole_numbers_costs_two_bytes_a_sample() {
        let times: Vec<i64> = (0..100_000).map(|i| 1_795_400_000_000_000_000 + i * 15_000_000_000).collect();
        let values: Vec<f64> = (0..100_000).map(|i| f64::from(40_000 + i * 7919 % 5000)).collect();
        let (times, values) = (packed_times(&times), packed_values(&values));
        assert!(times.memory_bytes() < 10_000, "{}", times.memory_bytes());
        assert!(values.memory_bytes() < 200_000, "{}", values.memory_bytes());
    }

    #[test]
    fn jitter_of_milliseconds_costs_its_own_bits() {
        let times: Vec<i64> = (0..5120).map(|i| 1_795_400_000_000_000_000 + (i * 15_000 + i * 7 % 13) * 1_000_000).collect();
        let packed = packed_times(&times);
        assert!(packed.memory_bytes() < 5120, "{}", packed.memory_bytes());
        assert!((0..times.len()).all(|i| packed.get(i) == times[i]));
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => (-100_000i32..100_000, 0usize..6).prop_map(|(n, e)| f64::from(n) / POWERS[e]),
            2 => any::<f64>(),
            1 => (-9_007_199_254_740_992i64..9_007_199_254_740_992).prop_map(|n| n as f64),
            1 => any::<u64>().prop_map(f64::from_bits),
            1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::from_bits(STALE_BITS)]),
        ]
    }

    fn mostly_decimal() -> impl Strategy<Value = f64> {
        prop_oneof![
            30 => (-100_000i32..100_000).prop_map(|n| f64::from(n) / 100.0),
            1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::from_bits(STALE_BITS)]),
        ]
    }

    proptest! {
        #[test]
        fn values_come_out_bit_for_bit(values in prop_oneof![prop::collection::vec(value(), 0..40), prop::collection::vec(mostly_decimal(), 0..1500)]) {
            let packed = packed_values(&values);
            for (i, value) in values.iter().enumerate() {
                prop_assert_eq!(packed.get(i).to_bits(), value.to_bits());
            }
            let from = values.len() / 3;
            let mut all = Vec::new();
            packed.each(from..values.len(), |value| all.push(value.to_bits()));
            prop_assert_eq!(all, values[from..].iter().map(|value| value.to_bits()).collect::<Vec<_>>());
        }

        #[test]
        fn times_come_out_as_they_went_in_and_are_found(
            mut times in prop_oneof![prop::collection::vec(any::<i64>(), 0..40), prop::collection::vec(0i64..5000, 0..1500)],
            edges in prop::collection::vec(prop_oneof![any::<i64>(), -10i64..5100], 8),
        ) {
            times.sort_unstable();
            let packed = packed_times(&times);
            for (i, time) in times.iter().enumerate() {
                prop_assert_eq!(packed.get(i), *time);
            }
            let (from, mut all) = (times.len() / 3, Vec::new());
            packed.each(from..times.len(), |time| all.push(time));
            prop_assert_eq!(&all[..], &times[from..]);
            for edge in edges {
                prop_assert_eq!(packed.index_of(0, edge), times.partition_point(|time| *time < edge));
            }
        }
    }
}
