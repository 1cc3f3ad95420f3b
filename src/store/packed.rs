//! Times and values of one series in a few bits each, every one of them readable by its index in O(1).
//!
//! Blocks of 512. Times: a straight line through the block, and what each time is off it (frame of reference, a common unit
//! divided out): a steady scrape costs nothing a sample. Values: those that are decimals with few digits become integers
//! over a power of ten (after Afroozeh, Kuffó and Boncz, "ALP", 2023), again above a common base; a block that is not, in
//! all its bits, stays as it is. What comes out has the same bits as what went in, special values included.

/// Samples in a block: the head of a block, 24 bytes, is nothing a sample, and a ragged end is read in a microsecond.
pub(super) const BLOCK: usize = 512;

/// Powers of ten that a value may be scaled by; all are exact, and so is division by them below 2^53.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
/// Integers beyond this lose digits in a 64-bit float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The bits of special values that a packed block can hold beside numbers: NaN as parsers write it, the marker with which
/// Prometheus ends a series, and both infinities. The greatest codes of a block stand for them.
const SPECIALS: [u64; 4] = [f64::NAN.to_bits(), crate::model::series::STALE_BITS, f64::INFINITY.to_bits(), f64::NEG_INFINITY.to_bits()];

/// Little numbers of equal width one after another, at most 64 bits each.
#[derive(Debug, Default)]
struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    fn push(&mut self, value: u64, width: u32) {
        if width == 0 {
            return;
        }
        let shift = self.len % 64;
        if shift == 0 {
            self.words.push(0);
        }
        let last = self.words.len() - 1;
        self.words[last] |= value << shift;
        if shift as u32 + width > 64 {
            self.words.push(value >> (64 - shift));
        }
        self.len += width as usize;
    }

    fn get(&self, bit: usize, width: u32) -> u64 {
        if width == 0 {
            return 0;
        }
        let (word, shift) = (bit / 64, (bit % 64) as u32);
        let low = self.words[word] >> shift;
        let value = if shift + width > 64 { low | self.words[word + 1] << (64 - shift) } else { low };
        if width == 64 { value } else { value & ((1 << width) - 1) }
    }

    fn memory_bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

fn width_of(greatest: u64) -> u32 {
    64 - greatest.leading_zeros()
}

/// Rising times, ns.
#[derive(Debug, Default)]
pub(super) struct Times {
    n: usize,
    blocks: Vec<TimeBlock>,
    bits: Bits,
}

/// `first + index · step + unit · code`.
#[derive(Debug, Clone, Copy)]
struct TimeBlock {
    first: i64,
    step: i64,
    unit: i64,
    bit: usize,
    width: u32,
}

impl Times {
    /// Adds the next times, in rising order: [`BLOCK`] of them, fewer only at the end. O(n).
    pub fn push(&mut self, block: &[i64]) {
        self.n += block.len();
        let (start, end) = (block[0], block[block.len() - 1]);
        // Far apart or alone there is no line to speak of; wrapping arithmetic is exact for any two times.
        let span = end.checked_sub(start).filter(|_| block.len() > 1);
        let mut unit = 1;
        let mut step = 0;
        if let Some(span) = span {
            unit = block.windows(2).fold(0u64, |unit, pair| gcd(unit, (pair[1] - pair[0]) as u64)).max(1) as i64;
            step = span / unit / (block.len() as i64 - 1) * unit;
        }
        let off = |i: usize, time: i64| time.wrapping_sub(start).wrapping_sub(step.wrapping_mul(i as i64)) / unit;
        let offs = || block.iter().enumerate().map(|(i, time)| off(i, *time));
        // Without a line the offsets are those from the first time, which is the least: they may use all 64 bits.
        let least = if span.is_some() { offs().min().unwrap_or(0) } else { 0 };
        let codes = || offs().map(|off| off.wrapping_sub(least) as u64);
        let width = width_of(codes().max().unwrap_or(0));
        let first = start.wrapping_add(least.wrapping_mul(unit));
        self.blocks.push(TimeBlock { first, step, unit, bit: self.bits.len, width });
        codes().for_each(|code| self.bits.push(code, width));
    }

    /// Number of times.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Gives back what growing took beyond need.
    pub fn shrink(&mut self) {
        self.blocks.shrink_to_fit();
        self.bits.words.shrink_to_fit();
    }

    /// The time at `index`. O(1).
    pub fn get(&self, index: usize) -> i64 {
        let (block, i) = (&self.blocks[index / BLOCK], index % BLOCK);
        let code = self.bits.get(block.bit + i * block.width as usize, block.width);
        block.first.wrapping_add(block.step.wrapping_mul(i as i64)).wrapping_add(block.unit.wrapping_mul(code as i64))
    }

    /// Index of the first time from `from` on that is not below `edge`; `len` without one. O(log n).
    pub fn index_of(&self, from: usize, edge: i64) -> usize {
        let (mut low, mut high) = (from, self.n);
        // Columns ask for one edge after the other: the next is near.
        let mut reach = 64;
        while low + reach < high {
            if self.get(low + reach) >= edge {
                high = low + reach;
                break;
            }
            low += reach + 1;
            reach *= 2;
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.get(middle) < edge { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<TimeBlock>() + self.bits.memory_bytes()
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Values, bit for bit.
#[derive(Debug, Default)]
pub(super) struct Values {
    blocks: Vec<ValueBlock>,
    bits: Bits,
}

/// `(base + code) / 10^exponent`, or the bits themselves.
#[derive(Debug, Clone, Copy)]
struct ValueBlock {
    base: i64,
    bit: usize,
    width: u8,
    /// Power of ten; [`RAW`] for blocks that stay as they are.
    exponent: u8,
    /// Whether the four greatest codes are the special values.
    has_specials: bool,
}

const RAW: u8 = u8::MAX;

impl Values {
    /// Adds the next values: [`BLOCK`] of them, fewer only at the end. O(n).
    pub fn push(&mut self, block: &[f64]) {
        let raw = ValueBlock { base: 0, bit: self.bits.len, width: 64, exponent: RAW, has_specials: false };
        let packed = exponent_of(block).and_then(|exponent| {
            let scaled = || block.iter().filter(|value| value.is_finite()).map(|value| scale(*value, exponent));
            let (least, greatest) = scaled().fold((i64::MAX, i64::MIN), |(least, greatest), i| (least.min(i), greatest.max(i)));
            let base = if least > greatest { 0 } else { least };
            let has_specials = block.iter().any(|value| !value.is_finite());
            let n_codes = greatest.saturating_sub(least).max(0) as u64 + if has_specials { SPECIALS.len() as u64 } else { 0 };
            let width = width_of(n_codes) as u8;
            (width < 64).then_some(ValueBlock { base, width, exponent: exponent as u8, has_specials, ..raw })
        });
        let block_head = packed.unwrap_or(raw);
        self.blocks.push(block_head);
        for value in block {
            let code = if block_head.exponent == RAW {
                value.to_bits()
            } else if value.is_finite() {
                (scale(*value, usize::from(block_head.exponent)) - block_head.base) as u64
            } else {
                let special = SPECIALS.iter().position(|bits| *bits == value.to_bits()).unwrap_or(0);
                (1 << block_head.width) - 1 - special as u64
            };
            self.bits.push(code, u32::from(block_head.width));
        }
    }

    /// The value at `index`. O(1).
    pub fn get(&self, index: usize) -> f64 {
        self.read(&self.blocks[index / BLOCK], index % BLOCK)
    }

    fn read(&self, block: &ValueBlock, i: usize) -> f64 {
        let code = self.bits.get(block.bit + i * usize::from(block.width), u32::from(block.width));
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

    /// Gives back what growing took beyond need.
    pub fn shrink(&mut self) {
        self.blocks.shrink_to_fit();
        self.bits.words.shrink_to_fit();
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<ValueBlock>() + self.bits.memory_bytes()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packed_times(times: &[i64]) -> Times {
        let mut packed = Times::default();
        times.chunks(BLOCK).for_each(|block| packed.push(block));
        packed.shrink();
        packed
    }

    fn packed_values(values: &[f64]) -> Values {
        let mut packed = Values::default();
        values.chunks(BLOCK).for_each(|block| packed.push(block));
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
            1 => any::<u64>().prop_map(f64::from_bits),
            1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::from_bits(crate::model::series::STALE_BITS)]),
        ]
    }

    fn mostly_decimal() -> impl Strategy<Value = f64> {
        prop_oneof![
            30 => (-100_000i32..100_000).prop_map(|n| f64::from(n) / 100.0),
            1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::from_bits(crate::model::series::STALE_BITS)]),
        ]
    }

    proptest! {
        #[test]
        fn values_come_out_bit_for_bit(values in prop_oneof![prop::collection::vec(value(), 0..40), prop::collection::vec(mostly_decimal(), 0..1500)]) {
            let packed = packed_values(&values);
            for (i, value) in values.iter().enumerate() {
                prop_assert_eq!(packed.get(i).to_bits(), value.to_bits());
            }
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
            for edge in edges {
                prop_assert_eq!(packed.index_of(0, edge), times.partition_point(|time| *time < edge));
            }
        }
    }
}
