//! Bits of a chunk, most significant first, and the number codes made of them.
//!
//! The codes are those of Prometheus' `tsdb/chunkenc` (after Facebook's Gorilla, Pelkonen et al. 2015).

use super::bytes::unzigzag;

/// Takes bits from the front of bytes. Every reader gives `None` when they end.
#[derive(Debug)]
pub struct Bits<'a> {
    rest: &'a [u8],
    /// Bits that were taken from `rest` and not given out, at the low end.
    buffer: u64,
    n_buffered: u32,
}

impl<'a> Bits<'a> {
    /// At the first bit of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, buffer: 0, n_buffered: 0 }
    }

    /// One bit.
    pub fn bit(&mut self) -> Option<bool> {
        self.bits(1).map(|bit| bit == 1)
    }

    /// `n` ≤ 64 bits as a number.
    pub fn bits(&mut self, n: u32) -> Option<u64> {
        if n <= self.n_buffered {
            return Some(self.taken(n));
        }
        let missing = n - self.n_buffered;
        let high = self.taken(self.n_buffered);
        self.refill();
        if missing > self.n_buffered {
            return None;
        }
        let low = self.taken(missing);
        Some(if missing == 64 { low } else { high << missing | low })
    }

    fn taken(&mut self, n: u32) -> u64 {
        if n == 0 {
            return 0;
        }
        self.n_buffered -= n;
        self.buffer >> self.n_buffered & (u64::MAX >> (64 - n))
    }

    /// Fills the empty buffer.
    fn refill(&mut self) {
        if let Some((word, rest)) = self.rest.split_first_chunk::<8>() {
            (self.buffer, self.n_buffered, self.rest) = (u64::from_be_bytes(*word), 64, rest);
            return;
        }
        self.buffer = self.rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.n_buffered = 8 * self.rest.len() as u32;
        self.rest = &[];
    }

    /// A whole float.
    pub fn float(&mut self) -> Option<f64> {
        self.bits(64).map(f64::from_bits)
    }

    /// Number of one bits before a zero, at most `most` (then no zero follows).
    pub fn ones(&mut self, most: u32) -> Option<u32> {
        let mut n = 0;
        while n < most && self.bit()? {
            n += 1;
        }
        Some(n)
    }

    /// `binary.ReadUvarint`.
    pub fn uvarint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for index in 0..10 {
            let byte = self.bits(8)?;
            if index == 9 && byte > 1 {
                return None;
            }
            value |= (byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// `binary.ReadVarint`.
    pub fn varint(&mut self) -> Option<i64> {
        self.uvarint().map(unzigzag)
    }

    /// A signed number of `n` bits in which the value `2^(n-1)` is positive.
    pub fn signed(&mut self, n: u32) -> Option<i64> {
        let bits = self.bits(n)?;
        let is_negative = n < 64 && n > 0 && bits > 1 << (n - 1);
        Some(if is_negative { bits.wrapping_sub(1 << n) as i64 } else { bits as i64 })
    }

    /// `readVarbitInt`: a prefix of one bits tells the width.
    pub fn varbit_int(&mut self) -> Option<i64> {
        let width = VARBIT_WIDTHS[self.ones(8)? as usize];
        self.signed(width)
    }

    /// `readVarbitUint`.
    pub fn varbit_uint(&mut self) -> Option<u64> {
        let width = VARBIT_WIDTHS[self.ones(8)? as usize];
        self.bits(width)
    }
}

/// Widths of a number by the ones of its prefix.
const VARBIT_WIDTHS: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

/// A float that changes, as XOR with the one before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Xor {
    /// The value now.
    pub value: f64,
    leading: u32,
    trailing: u32,
}

impl Xor {
    /// Starts with a whole value.
    pub fn starting(value: f64) -> Self {
        Self { value, ..Self::default() }
    }

    /// `xorRead`.
    pub fn read(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        if !bits.bit()? {
            return Some(());
        }
        if bits.bit()? { self.read_window(bits) } else { self.read_same_window(bits) }
    }

    /// Significant bits where those of the last change were.
    pub fn read_same_window(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        let changed = bits.bits(64 - self.leading - self.trailing)?;
        self.value = f64::from_bits(self.value.to_bits() ^ changed << self.trailing);
        Some(())
    }

    /// Significant bits behind their place.
    pub fn read_window(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        let leading = bits.bits(5)? as u32;
        let n = match bits.bits(6)? as u32 {
            0 => 64,
            n => n,
        };
        self.trailing = 64_u32.checked_sub(leading + n)?;
        self.leading = leading;
        self.read_same_window(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_most_significant_first_across_any_border() {
        let bytes: Vec<u8> = (0..20).map(|i| i * 13 + 7).collect();
        let all: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
        for width in 1..=64_u32 {
            let mut bits = Bits::new(&bytes);
            let mut at = 0;
            while let Some(value) = bits.bits(width) {
                let expected = all[at..at + width as usize].iter().fold(0_u64, |word, bit| word << 1 | u64::from(*bit));
                assert_eq!(value, expected, "width {width} at {at}");
                at += width as usize;
            }
            assert!(at + width as usize > all.len());
        }
    }

    #[test]
    fn the_codes_of_numbers_are_those_of_prometheus() {
        // 0 · 10 100 (4) · 10 101 (-3) · 110 100000 (32)
        let mut bits = Bits::new(&[0b0101_0010, 0b1011_1010, 0b0000_0000]);
        let read: Vec<i64> = (0..4).map_while(|_| bits.varbit_int()).collect();
        assert_eq!(read, [0, 4, -3, 32]);
        assert_eq!(Bits::new(&[0xff]).varbit_int(), None);
    }
}
