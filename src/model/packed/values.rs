//! Values in blocks, bit for bit: decimals as integers above a common base, all else as it is.

use std::ops::Range;

use super::{blocks_of, pack, unpack, width_of};
use crate::model::series::STALE_BITS;

/// Powers of ten that a value may be scaled by; all are exact, and so is division by them below 2^53.
pub(super) const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
/// Integers beyond this lose digits in a 64-bit float.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Added to a number up to [`SHIFTED`] it leaves no room for a fraction: what is rounded then stands in the lowest bits.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// Half of 2^52.
const SHIFTED: f64 = 2_251_799_813_685_248.0;
/// Values that are looked at before a power of ten is given up: most do not fit at once.
const FEW: usize = 8;

/// The bits of special values that a packed block can hold beside numbers: NaN as parsers write it, the marker with which
/// Prometheus ends a series, and both infinities. The greatest codes of a block stand for them.
const SPECIALS: [u64; 4] = [f64::NAN.to_bits(), STALE_BITS, f64::INFINITY.to_bits(), f64::NEG_INFINITY.to_bits()];

/// What some values are in sum: NaN and infinities are counted apart, a stale marker is no value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// Least finite value.
    pub min: f64,
    /// Greatest finite value.
    pub max: f64,
    /// Of the finite values.
    pub sum: f64,
    /// Last finite value.
    pub last: f64,
    /// Finite values.
    pub count: u32,
    /// NaN, but for stale markers.
    pub n_nan: u32,
    /// Infinities.
    pub n_inf: u32,
}

impl Node {
    /// Of no value.
    pub const EMPTY: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0, last: 0.0, count: 0, n_nan: 0, n_inf: 0 };

    /// Takes in the next value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.min = self.min.min(value);
            self.max = self.max.max(value);
            self.sum += value;
            self.last = value;
            self.count += 1;
        } else if value.to_bits() == STALE_BITS {
            // The series has ended: nothing to show.
        } else if value.is_nan() {
            self.n_nan += 1;
        } else {
            self.n_inf += 1;
        }
    }

    /// Takes in a node of later values.
    pub fn merge(&mut self, later: &Self) {
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.sum += later.sum;
        if later.count > 0 {
            self.last = later.last;
        }
        self.count += later.count;
        self.n_nan += later.n_nan;
        self.n_inf += later.n_inf;
    }

    /// Of a block.
    fn of(block: &[f64]) -> Self {
        let mut node = Self::EMPTY;
        let is_finite = block.iter().fold(true, |all, value| all & (value.abs() < f64::INFINITY));
        let Some(last) = block.last().filter(|_| is_finite) else {
            for value in block {
                node.add(*value);
            }
            return node;
        };
        // One pass a statistic: each then runs at the speed of the machine. The sum is that of one value after the other.
        node.min = block.iter().fold(f64::INFINITY, |min, value| if *value < min { *value } else { min });
        node.max = block.iter().fold(f64::NEG_INFINITY, |max, value| if *value > max { *value } else { max });
        node.sum = block.iter().fold(0.0, |sum, value| sum + value);
        (node.last, node.count) = (*last, block.len() as u32);
        node
    }
}

/// Values, bit for bit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    blocks: Vec<ValueBlock>,
    words: Vec<u64>,
}

/// `(base + code) / 10^exponent`, or the bits themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ValueBlock {
    base: i64,
    /// Place of its first word.
    word: usize,
    width: u8,
    /// Power of ten; [`RAW`] for blocks that stay as they are.
    exponent: u8,
    /// Whether the four greatest codes are the special values.
    has_specials: bool,
}

const RAW: u8 = u8::MAX;

impl Values {
    /// Adds the next values: a block of them, fewer only at the end. Gives what they are in sum. O(n).
    pub fn push(&mut self, block: &[f64]) -> Node {
        let node = Node::of(block);
        let mut integers = [0; super::BLOCK];
        let head = ValueBlock { base: 0, word: self.words.len(), width: 64, exponent: RAW, has_specials: false };
        if node.count as usize == block.len()
            && let Some(exponent) = plain_exponent(block, &mut integers)
        {
            let (base, greatest) = (shifted(node.min, exponent), shifted(node.max, exponent));
            let width = width_of((greatest - base) as u64) as u8;
            self.blocks.push(ValueBlock { base, width, exponent: exponent as u8, ..head });
            pack(&mut self.words, integers[..block.len()].iter().map(|integer| (integer - base) as u64), u32::from(width));
        } else {
            self.push_other(block, head);
        }
        node
    }

    /// Blocks of floats, of special values, and of numbers with many digits.
    fn push_other(&mut self, block: &[f64], raw: ValueBlock) {
        let packed = exponent_of(block).and_then(|exponent| {
            let scaled = || block.iter().filter(|value| value.is_finite()).map(|value| scale(*value, exponent));
            let (least, greatest) = scaled().fold((i64::MAX, i64::MIN), |(least, greatest), i| (least.min(i), greatest.max(i)));
            let base = if least > greatest { 0 } else { least };
            let has_specials = block.iter().any(|value| !value.is_finite());
            let n_codes = greatest.saturating_sub(least).max(0) as u64 + if has_specials { SPECIALS.len() as u64 } else { 0 };
            let width = width_of(n_codes) as u8;
            (width < 64).then_some(ValueBlock { base, width, exponent: exponent as u8, has_specials, ..raw })
        });
        let head = packed.unwrap_or(raw);
        self.blocks.push(head);
        let code = |value: &f64| {
            if head.exponent == RAW {
                value.to_bits()
            } else if value.is_finite() {
                (scale(*value, usize::from(head.exponent)) - head.base) as u64
            } else {
                let special = SPECIALS.iter().position(|bits| *bits == value.to_bits()).unwrap_or(0);
                (1 << head.width) - 1 - special as u64
            }
        };
        pack(&mut self.words, block.iter().map(code), u32::from(head.width));
    }

    /// Adds values that come after these, which must be whole blocks.
    pub fn append(&mut self, later: &Self) {
        let first = self.words.len();
        self.blocks.extend(later.blocks.iter().map(|block| ValueBlock { word: block.word + first, ..*block }));
        self.words.extend_from_slice(&later.words);
    }

    /// The value at `index`. O(1).
    #[inline]
    pub fn get(&self, index: usize) -> f64 {
        let block = &self.blocks[index / super::BLOCK];
        let code = unpack(&self.words[block.word..], index % super::BLOCK, u32::from(block.width));
        if block.exponent == RAW {
            return f64::from_bits(code);
        }
        if block.has_specials {
            let special = ((1 << block.width) - 1 - code) as usize;
            if let Some(bits) = SPECIALS.get(special) {
                return f64::from_bits(*bits);
            }
        }
        (block.base + code as i64) as f64 / POWERS[usize::from(block.exponent)]
    }

    /// The values of a range in order: faster than one at a time.
    pub fn each(&self, range: Range<usize>, mut visit: impl FnMut(f64)) {
        for (index, own) in blocks_of(range) {
            let block = self.blocks[index];
            let (words, width) = (&self.words[block.word..], u32::from(block.width));
            if block.exponent == RAW {
                words[own].iter().for_each(|bits| visit(f64::from_bits(*bits)));
            } else if block.has_specials {
                own.for_each(|i| visit(self.get(index * super::BLOCK + i)));
            } else if block.exponent == 0 {
                own.for_each(|i| visit((block.base + unpack(words, i, width) as i64) as f64));
            } else {
                let power = POWERS[usize::from(block.exponent)];
                own.for_each(|i| visit((block.base + unpack(words, i, width) as i64) as f64 / power));
            }
        }
    }

    /// Gives back what growing took beyond need.
    pub fn shrink(&mut self) {
        self.blocks.shrink_to_fit();
        self.words.shrink_to_fit();
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<ValueBlock>() + self.words.capacity() * size_of::<u64>()
    }
}

/// The least power of ten that makes integers of all values, which are finite, and those; `None` when there is none, or
/// when [`exponent_of`] has to look.
fn plain_exponent(block: &[f64], integers: &mut [i64]) -> Option<usize> {
    let few = FEW.min(block.len());
    (0..POWERS.len()).find(|exponent| {
        are_decimals(&block[..few], *exponent, &mut integers[..few]) && are_decimals(block, *exponent, &mut integers[..block.len()])
    })
}

/// Whether all values scaled and back have the same bits, and what they are scaled: no branch, so that several are done
/// at once.
#[inline]
fn are_decimals(block: &[f64], exponent: usize, integers: &mut [i64]) -> bool {
    let power = POWERS[exponent];
    block.iter().zip(integers).fold(true, |all, (value, integer)| {
        let scaled = value * power;
        let at = scaled + SHIFT;
        *integer = (at.to_bits() as i64).wrapping_sub(SHIFT.to_bits() as i64);
        // A negative zero has other bits than the zero that an integer gives.
        all & (((at - SHIFT) / power).to_bits() == value.to_bits()) & (scaled.abs() <= SHIFTED)
    })
}

/// The integer of a value that [`are_decimals`].
fn shifted(value: f64, exponent: usize) -> i64 {
    (value * POWERS[exponent] + SHIFT).to_bits() as i64 - SHIFT.to_bits() as i64
}

fn scale(value: f64, exponent: usize) -> i64 {
    (value * POWERS[exponent]).round() as i64
}

/// Whether value and back gives the same bits.
fn is_decimal(value: f64, exponent: usize) -> bool {
    let scaled = (value * POWERS[exponent]).round();
    // A negative zero has other bits than the zero that an integer gives.
    scaled.abs() < EXACT && (scaled as i64 as f64 / POWERS[exponent]).to_bits() == value.to_bits()
}

/// The least power of ten that makes integers of all numbers of a block; `None` when there is none.
fn exponent_of(block: &[f64]) -> Option<usize> {
    let mut exponent = 0;
    for value in block {
        if !value.is_finite() {
            if !SPECIALS.contains(&value.to_bits()) {
                return None;
            }
            continue;
        }
        while !is_decimal(*value, exponent) {
            exponent += 1;
            if exponent == POWERS.len() {
                return None;
            }
        }
    }
    // A number that fitted a small power may be too large for the one that a later number needs.
    block.iter().all(|value| !value.is_finite() || is_decimal(*value, exponent)).then_some(exponent)
}
