//! Reading numbers out of bytes as Go's `encoding/binary` writes them, CRC-32C, and windows over large files.
//!
//! Nothing here panics: what is not there is `None` or a [`Fault`] with its place.

use std::ops::Range;

use super::Folder;
use crate::model::ProblemKind;

/// Why something could not be read, and where in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset in the file.
    pub at: u64,
    /// Sort of problem.
    pub kind: ProblemKind,
    /// One sentence.
    pub reason: String,
}

impl Fault {
    /// Damage at a place.
    pub fn new(at: u64, reason: impl Into<String>) -> Self {
        Self { at, kind: ProblemKind::Syntax, reason: reason.into() }
    }

    /// Something that ends before it should.
    pub fn cut(at: u64, reason: impl Into<String>) -> Self {
        Self { at, kind: ProblemKind::Truncated, reason: reason.into() }
    }
}

/// Takes numbers from the front of bytes.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// At the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(front)
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// Two bytes, big end first.
    pub fn be16(&mut self) -> Option<u16> {
        self.take(2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_be_bytes)
    }

    /// Four bytes, big end first.
    pub fn be32(&mut self) -> Option<u32> {
        self.take(4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
    }

    /// Eight bytes, big end first.
    pub fn be64(&mut self) -> Option<u64> {
        self.take(8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes)
    }

    /// A 64-bit float, big end first.
    pub fn float(&mut self) -> Option<f64> {
        self.be64().map(f64::from_bits)
    }

    /// An unsigned number of seven bits a byte, least first; `None` when it is cut or too long.
    pub fn uvarint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for (index, byte) in self.rest.iter().enumerate().take(10) {
            if index == 9 && *byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Some(value);
            }
        }
        None
    }

    /// A signed number, zigzag.
    pub fn varint(&mut self) -> Option<i64> {
        self.uvarint().map(unzigzag)
    }

    /// Bytes behind their length.
    pub fn counted(&mut self) -> Option<&'a [u8]> {
        let n = usize::try_from(self.uvarint()?).ok()?;
        self.take(n)
    }

    /// Text behind its length; what is not UTF-8 is replaced.
    pub fn text(&mut self) -> Option<String> {
        self.counted().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

/// The signed number that zigzag wrote as this one.
pub const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// CRC-32C (Castagnoli) of `bytes`, eight bytes a step.
pub fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let low = u32::from_le_bytes([word[0], word[1], word[2], word[3]]) ^ crc;
        let table = |n: usize, value: u32| TABLES[n][(value & 0xff) as usize];
        crc = table(7, low) ^ table(6, low >> 8) ^ table(5, low >> 16) ^ table(4, low >> 24);
        crc ^= table(3, word[4].into()) ^ table(2, word[5].into()) ^ table(1, word[6].into()) ^ table(0, word[7].into());
    }
    for byte in words.remainder() {
        crc = TABLES[0][((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8);
    }
    !crc
}

static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    /// The Castagnoli polynomial, least bit first.
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut i = 0;
        while i < 256 {
            let below: u32 = tables[table - 1][i];
            tables[table][i] = tables[0][(below & 0xff) as usize] ^ (below >> 8);
            i += 1;
        }
        table += 1;
    }
    tables
}

/// Bytes that are read ahead: files are walked forwards, so that one read serves many records.
const AHEAD_BYTES: u64 = 1 << 20;

/// A window that moves over a file, so that a file of any size costs the same memory.
pub struct Window<'a> {
    folder: &'a dyn Folder,
    file: usize,
    size: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    /// Over a file of the folder.
    pub fn new(folder: &'a dyn Folder, file: usize) -> Self {
        Self { folder, file, size: folder.size_bytes(file), start: 0, bytes: Vec::new() }
    }

    /// Size of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of a stretch; a fault when the file has none there or cannot be read.
    pub fn get(&mut self, range: Range<u64>) -> Result<&[u8], Fault> {
        if range.end > self.size || range.start > range.end {
            return Err(Fault::cut(range.start, format!("the file ends at {} before this does", self.size)));
        }
        let have = self.start..self.start + self.bytes.len() as u64;
        if range.start < have.start || range.end > have.end {
            let end = range.end.max(range.start.saturating_add(AHEAD_BYTES)).min(self.size);
            let read = self.folder.read(self.file, range.start..end).map_err(|reason| Fault::new(range.start, reason))?;
            self.bytes.clear();
            self.bytes.extend_from_slice(&read);
            self.start = range.start;
        }
        let from = (range.start - self.start) as usize;
        let length = (range.end - range.start) as usize;
        self.bytes.get(from..from + length).ok_or_else(|| Fault::new(range.start, "the file is shorter than it was"))
    }

    /// Up to `n` bytes from `at` on: fewer at the end of the file.
    pub fn up_to(&mut self, at: u64, n: u64) -> Result<&[u8], Fault> {
        let end = at.saturating_add(n).min(self.size);
        self.get(at.min(end)..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(b""), 0);
    }

    #[test]
    fn numbers_are_read_as_go_writes_them() {
        let mut cursor = Cursor::new(&[0x96, 0x01, 0x03, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]);
        assert_eq!((cursor.uvarint(), cursor.varint()), (Some(150), Some(-2)));
        assert_eq!(cursor.uvarint(), None, "more than 64 bits");
        assert_eq!(Cursor::new(&[0x80]).uvarint(), None, "cut");
        assert_eq!((unzigzag(u64::MAX), unzigzag(u64::MAX - 1)), (i64::MIN, i64::MAX));
    }
}
