//! Rising times in blocks: a line and what each time is off it.

use std::ops::Range;
use std::sync::Arc;

use super::{BLOCK, blocks_of, pack, unpack, width_of};

/// Rising times, ns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Times {
    n: usize,
    blocks: Vec<TimeBlock>,
}

/// `first + index · step + unit · code`.
#[derive(Debug, Clone, PartialEq)]
struct TimeBlock {
    first: i64,
    step: i64,
    unit: i64,
    /// The codes, where there are any; all series of a table have the same.
    words: Option<Arc<[u64]>>,
    width: u8,
}

impl Times {
    /// Adds the next times, in rising order: [`BLOCK`] of them, fewer only at the end. O(n).
    pub fn push(&mut self, block: &[i64]) {
        let Some((start, end)) = block.first().zip(block.last()).map(|(start, end)| (*start, *end)) else { return };
        self.n += block.len();
        // Far apart or alone there is no line to speak of; wrapping arithmetic is exact for any two times.
        let span = end.checked_sub(start).filter(|_| block.len() > 1);
        let stride = if block.len() > 1 { block[1].wrapping_sub(start) } else { 0 };
        if span.is_some() && stride > 0 && block.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == stride) {
            self.blocks.push(TimeBlock { first: start, step: stride, unit: stride, words: None, width: 0 });
            return;
        }
        let (mut unit, mut step) = (1, 0);
        if let Some(span) = span {
            unit = unit_of(block).max(1) as i64;
            step = span / unit / (block.len() as i64 - 1) * unit;
        }
        let mut codes = [0; BLOCK];
        for (i, (code, time)) in codes.iter_mut().zip(block).enumerate() {
            *code = time.wrapping_sub(start).wrapping_sub(step.wrapping_mul(i as i64)) / unit;
        }
        let codes = &codes[..block.len()];
        // Without a line the offsets are those from the first time, which is the least: they may use all 64 bits.
        let least = if span.is_some() { codes.iter().copied().min().unwrap_or(0) } else { 0 };
        let above = || codes.iter().map(|code| code.wrapping_sub(least) as u64);
        let width = width_of(above().max().unwrap_or(0));
        let first = start.wrapping_add(least.wrapping_mul(unit));
        let mut words = Vec::new();
        pack(&mut words, above(), width);
        self.blocks.push(TimeBlock { first, step, unit, words: (width > 0).then(|| words.into()), width: width as u8 });
    }

    /// Adds times that come after these, which must be whole blocks.
    pub fn append(&mut self, later: &Self) {
        debug_assert!(self.n.is_multiple_of(BLOCK), "only the last block may be short");
        self.n += later.n;
        self.blocks.extend_from_slice(&later.blocks);
    }

    /// Every time moved by `ns`; the codes are shared. O(blocks).
    #[must_use]
    pub fn moved(&self, ns: i64) -> Self {
        let moved = |block: &TimeBlock| TimeBlock { first: block.first.wrapping_add(ns), ..block.clone() };
        Self { n: self.n, blocks: self.blocks.iter().map(moved).collect() }
    }

    /// Number of times.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Gives back what growing took beyond need.
    pub fn shrink(&mut self) {
        self.blocks.shrink_to_fit();
    }

    /// The time at `index`. O(1).
    pub fn get(&self, index: usize) -> i64 {
        let (block, i) = (&self.blocks[index / BLOCK], index % BLOCK);
        let code = block.words.as_ref().map_or(0, |words| unpack(words, i, u32::from(block.width)));
        block.first.wrapping_add(block.step.wrapping_mul(i as i64)).wrapping_add(block.unit.wrapping_mul(code as i64))
    }

    /// The times of a range in order: faster than one at a time.
    pub fn each(&self, range: Range<usize>, mut visit: impl FnMut(i64)) {
        for (index, own) in blocks_of(range) {
            let block = &self.blocks[index];
            match &block.words {
                None => own.for_each(|i| visit(block.first.wrapping_add(block.step.wrapping_mul(i as i64)))),
                Some(words) => own.for_each(|i| {
                    let code = unpack(words, i, u32::from(block.width));
                    visit(block.first.wrapping_add(block.step.wrapping_mul(i as i64)).wrapping_add(block.unit.wrapping_mul(code as i64)));
                }),
            }
        }
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

    /// Whether all blocks are whole and at the same distance, and what that is.
    pub fn stride(&self) -> Option<i64> {
        let first = self.blocks.first()?;
        let is_next = |pair: &[TimeBlock]| pair[1].first.checked_sub(pair[0].first) == first.step.checked_mul(BLOCK as i64);
        let is_steady = self.n > BLOCK
            && self.blocks.iter().all(|block| block.width == 0 && block.step == first.step)
            && self.blocks.windows(2).all(is_next);
        is_steady.then_some(first.step)
    }

    /// Bytes on the heap; those that several series share are counted in parts.
    pub fn memory_bytes(&self) -> usize {
        let shared = |block: &TimeBlock| block.words.as_ref().map_or(0, |words| (words.len() * 8 + 16) / Arc::strong_count(words));
        self.blocks.capacity() * size_of::<TimeBlock>() + self.blocks.iter().map(shared).sum::<usize>()
    }
}

/// The greatest unit of which all distances are multiples; 0 when all are 0.
fn unit_of(block: &[i64]) -> u64 {
    let mut unit = 0;
    for pair in block.windows(2) {
        let distance = (pair[1] - pair[0]) as u64;
        if unit == 1 {
            break;
        }
        if unit == 0 || !distance.is_multiple_of(unit) {
            unit = gcd(unit, distance);
        }
    }
    unit
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
