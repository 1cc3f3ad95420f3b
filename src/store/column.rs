//! Whole numbers in as few bytes as they need: a straight line through the column, and of each number what it lies above it.
//!
//! `number(i) = base + step · ((i · slope) / 2¹⁶ + small(i))`, where the small numbers are all of one width, 0 … 8 bytes,
//! one after another. Ids that hardly vary take one byte, times and offsets that grow steadily two, a column of equal
//! numbers nothing. Any number is found in constant time, and the bytes may be written and read back as they are.

use std::sync::Arc;

/// Bytes behind the last number, so that each can be read as eight bytes.
const SPARE: usize = 8;
/// Bits of the slope behind the point.
const SLOPE_BITS: u32 = 16;
/// Wider columns have no slope: it would not fit.
const MAX_SLOPED: u64 = 1 << 40;

/// One column, immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub(super) base: i64,
    pub(super) step: i64,
    pub(super) slope: u64,
    /// Bytes of a small number.
    pub(super) width: usize,
    mask: u64,
    /// The small numbers, the lowest byte first, and [`SPARE`] bytes.
    /// Shared between a segment and the same one with its times moved.
    pub(super) bytes: Arc<[u8]>,
}

impl Default for Column {
    fn default() -> Self {
        Self::from_parts(0, 1, 0, 0, [0; SPARE])
    }
}

impl Column {
    /// As it was written: base, step, slope, width and bytes.
    pub(super) fn from_parts(base: i64, step: i64, slope: u64, width: usize, bytes: impl Into<Arc<[u8]>>) -> Self {
        let mask = if width == 8 { u64::MAX } else { (1 << (8 * width)) - 1 };
        Self { base, step, slope, width, mask, bytes: bytes.into() }
    }

    /// Every number so much greater; the bytes are shared. O(1).
    pub(super) fn moved(&self, by: i64) -> Self {
        Self { base: self.base.wrapping_add(by), ..self.clone() }
    }

    /// Numbers that stay near one another.
    pub fn of<T: Copy + Ord>(values: &[T], number: impl Fn(T) -> i64) -> Self {
        let Some(first) = values.first() else { return Self::default() };
        let (min, max) = values.iter().fold((*first, *first), |(min, max), value| (min.min(*value), max.max(*value)));
        let (min, max) = (number(min), number(max));
        let width = width_of(max.wrapping_sub(min) as u64);
        Self::packed(min, 1, 0, width, values.iter().map(|value| number(*value).wrapping_sub(min) as u64))
    }

    /// Numbers that rise, for example offsets: the least of them, a step, and how many steps each lies above the least.
    pub fn rising(least: i64, step: i64, above: &[u64]) -> Self {
        let max = above.iter().copied().max().unwrap_or(0);
        let (Some(first), Some(last)) = (above.first(), above.last()) else { return Self::default() };
        let plain = width_of(max);
        if plain <= 1 || max >= MAX_SLOPED || last <= first {
            return Self::packed(least, step, 0, plain, above.iter().copied());
        }
        let slope = ((last - first) << SLOPE_BITS) / (above.len() as u64 - 1);
        let bent = || above.iter().enumerate().map(|(i, above)| *above as i64 - on_line(i, slope));
        let (low, high) = bent().fold((i64::MAX, i64::MIN), |(low, high), above| (low.min(above), high.max(above)));
        let width = width_of((high - low) as u64);
        if width >= plain {
            return Self::packed(least, step, 0, plain, above.iter().copied());
        }
        let base = least.wrapping_add(step.wrapping_mul(low));
        Self::packed(base, step, slope, width, bent().map(|above| (above - low) as u64))
    }

    /// Numbers that do not rise, else as [`Column::rising`].
    pub fn of_steps(least: i64, step: i64, above: &[u64]) -> Self {
        Self::packed(least, step, 0, width_of(above.iter().copied().max().unwrap_or(0)), above.iter().copied())
    }

    fn packed(base: i64, step: i64, slope: u64, width: usize, small: impl ExactSizeIterator<Item = u64>) -> Self {
        let mut bytes = Vec::with_capacity(small.len() * width + SPARE);
        match width {
            0 => {}
            1 => bytes.extend(small.map(|number| number as u8)),
            2 => extend(&mut bytes, small, |number| (number as u16).to_le_bytes()),
            3 => extend(&mut bytes, small, |number| [number as u8, (number >> 8) as u8, (number >> 16) as u8]),
            4 => extend(&mut bytes, small, |number| (number as u32).to_le_bytes()),
            8 => extend(&mut bytes, small, u64::to_le_bytes),
            _ => small.for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()[..width])),
        }
        bytes.extend_from_slice(&[0; SPARE]);
        Self::from_parts(base, step, slope, width, bytes)
    }

    /// The number at `i`, which must be less than the number of records.
    #[inline]
    pub fn get(&self, i: usize) -> i64 {
        self.number(i, self.small(i))
    }

    /// The number at `i` of a column that was made by [`Column::of`]: without a slope, in steps of one.
    #[inline]
    pub fn code(&self, i: usize) -> u64 {
        self.base as u64 + self.small(i)
    }

    /// What is kept of the number at `i`.
    #[inline]
    pub(super) fn small(&self, i: usize) -> u64 {
        let at = i * self.width;
        let word: [u8; 8] = *self.bytes[at..].first_chunk().expect("spare bytes follow every number");
        u64::from_le_bytes(word) & self.mask
    }

    #[inline]
    pub(super) fn number(&self, i: usize, small: u64) -> i64 {
        self.base.wrapping_add(self.step.wrapping_mul(on_line(i, self.slope).wrapping_add(small as i64)))
    }

    /// All numbers in order, each behind what is kept of it: faster than one at a time.
    pub(super) fn each(&self, len: usize, mut visit: impl FnMut(u64, i64)) {
        let kept = &self.bytes[..len * self.width];
        match self.width {
            1 => self.each_of(kept, |byte| u64::from(*byte), visit),
            2 => self.each_of(kept.as_chunks::<2>().0, |bytes| u64::from(u16::from_le_bytes(*bytes)), visit),
            3 => self.each_of(kept.as_chunks().0, |[low, middle, high]| u64::from(u32::from_le_bytes([*low, *middle, *high, 0])), visit),
            4 => self.each_of(kept.as_chunks::<4>().0, |bytes| u64::from(u32::from_le_bytes(*bytes)), visit),
            _ => (0..len).for_each(|i| visit(self.small(i), self.get(i))),
        }
    }

    #[inline]
    fn each_of<T>(&self, kept: &[T], small: impl Fn(&T) -> u64, mut visit: impl FnMut(u64, i64)) {
        for (i, kept) in kept.iter().enumerate() {
            let small = small(kept);
            visit(small, self.number(i, small));
        }
    }

    /// The one number that all records have.
    pub fn constant(&self) -> Option<i64> {
        (self.width == 0 && self.slope == 0).then_some(self.base)
    }

    /// Whether it is a column of so many numbers.
    pub(super) fn holds(&self, len: usize) -> bool {
        len.checked_mul(self.width).and_then(|bytes| bytes.checked_add(SPARE)) == Some(self.bytes.len())
    }

    /// Bytes in memory besides the constant part.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// Puts numbers of `N` bytes behind one another.
fn extend<const N: usize>(bytes: &mut Vec<u8>, numbers: impl ExactSizeIterator<Item = u64>, bytes_of: impl Fn(u64) -> [u8; N]) {
    let start = bytes.len();
    bytes.resize(start + numbers.len() * N, 0);
    for (place, number) in bytes[start..].as_chunks_mut::<N>().0.iter_mut().zip(numbers) {
        *place = bytes_of(number);
    }
}

#[inline]
const fn on_line(i: usize, slope: u64) -> i64 {
    ((i as u64).wrapping_mul(slope) >> SLOPE_BITS) as i64
}

/// Bytes that hold a number.
const fn width_of(most: u64) -> usize {
    (64 - most.leading_zeros() as usize).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_comes_back(values in prop::collection::vec(any::<i64>(), 0..40), shift in 0u32..64) {
            let values: Vec<i64> = values.into_iter().map(|value| value >> shift).collect();
            let column = Column::of(&values, |value| value);
            prop_assert_eq!((0..values.len()).map(|i| column.get(i)).collect::<Vec<_>>(), values);
        }

        #[test]
        fn every_rising_number_comes_back(
            gaps in prop::collection::vec(0i64..1_000_000, 1..80), least in -1_000_000_000_000i64..1_000_000_000_000,
            step in prop::sample::select(vec![1i64, 1000, 1_000_000_000]), late in 0usize..80,
        ) {
            let mut at = least;
            let mut values: Vec<i64> = gaps.iter().map(|gap| { at += gap * step; at }).collect();
            let late = late % values.len();
            values[late] = least;
            let above: Vec<u64> = values.iter().map(|value| ((value - least) / step) as u64).collect();
            let column = Column::rising(least, step, &above);
            prop_assert_eq!((0..values.len()).map(|i| column.get(i)).collect::<Vec<_>>(), values);
        }
    }

    #[test]
    fn steady_growth_and_sameness_cost_little() {
        let steady: Vec<u64> = (0..10_000).map(|i| i * 331 + i % 7).collect();
        assert_eq!(Column::rising(1_795_401_200_000, 1, &steady).width, 1);
        assert_eq!(Column::of(&[7u8; 100], i64::from).constant(), Some(7));
        assert_eq!(Column::of(&[200u16, 503, 404], i64::from).width, 2);
    }
}
