//! The head of a cache: a sign, the version of its form, the key of what it is of, and length and checksum of each part.
//!
//! The parts follow one after another, and nothing follows them, so that a file that was cut or appended to is told by
//! its length. CRC-32 finds every change of up to 32 bits in a row and costs a tenth of a second a gigabyte; it is no
//! defence against somebody who wants to deceive, for which [`super::columns`] checks what it reads.

use super::Unfit;
use super::wire::{In, Out};

/// First bytes of a cache.
const SIGN: [u8; 8] = *b"coronIDX";
/// Rises with every change of the form.
const VERSION: u32 = 2;
/// Sign, version, number of parts and key.
const FIXED_BYTES: usize = 8 + 4 + 4 + 32;
/// Length and checksum.
const PART_BYTES: usize = 8 + 4;
/// More parts than a log of a petabyte has.
const MAX_PARTS: u32 = 1 << 28;

/// What a cache is of: a hash of everything that decides what is in it.
pub type Key = [u8; 32];

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Bytes.
    pub len: u64,
    /// Their CRC-32.
    pub checksum: u32,
}

impl Part {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { len: bytes.len() as u64, checksum: crc32fast::hash(bytes) }
    }

    /// The bytes, if they are those that were written.
    pub fn check<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], Unfit> {
        if Self::of(bytes) == *self { Ok(bytes) } else { Err(Unfit::Damaged("a checksum does not match")) }
    }
}

/// The head of a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is of.
    pub key: Key,
    /// Its parts in their order.
    pub parts: Vec<Part>,
}

impl Frame {
    /// So many first bytes tell how long a head is.
    pub const FIRST_BYTES: usize = FIXED_BYTES;

    /// Bytes of a head over so many parts.
    pub const fn size_bytes(n_parts: usize) -> usize {
        FIXED_BYTES + n_parts * PART_BYTES + 4
    }

    /// Bytes of the head that begins with these bytes.
    pub fn size_of(first: &[u8]) -> Result<usize, Unfit> {
        let mut first = In(first);
        if first.take(SIGN.len())? != SIGN {
            return Err(Unfit::Damaged("it does not begin as an index does"));
        }
        if first.u32()? != VERSION {
            return Err(Unfit::Other);
        }
        let n_parts = first.u32()?;
        if n_parts > MAX_PARTS {
            return Err(Unfit::Damaged("its head is damaged"));
        }
        Ok(Self::size_bytes(n_parts as usize))
    }

    /// The head as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Out(Vec::with_capacity(Self::size_bytes(self.parts.len())));
        out.0.extend_from_slice(&SIGN);
        out.u32(VERSION);
        out.u32(self.parts.len() as u32);
        out.0.extend_from_slice(&self.key);
        for part in &self.parts {
            out.u64(part.len);
            out.u32(part.checksum);
        }
        let checksum = crc32fast::hash(&out.0);
        out.u32(checksum);
        out.0
    }

    /// Reads a head, which must be that of `key` if there is one, in a cache of so many bytes in all.
    pub fn decode(head: &[u8], key: Option<&Key>, size_bytes: u64) -> Result<Self, Unfit> {
        let size = Self::size_of(head)?;
        let (body, checksum) = head.split_at_checked(size - 4).ok_or(Unfit::Damaged("its head is cut off"))?;
        if checksum != crc32fast::hash(body).to_le_bytes() {
            return Err(Unfit::Damaged("its head is damaged"));
        }
        let mut body = In(&body[SIGN.len() + 8..]);
        let found: Key = body.take(32)?.try_into().expect("32 bytes were taken");
        if key.is_some_and(|key| found != *key) {
            return Err(Unfit::Other);
        }
        let mut parts = Vec::with_capacity(body.0.len() / PART_BYTES);
        while !body.0.is_empty() {
            parts.push(Part { len: body.u64()?, checksum: body.u32()? });
        }
        let all = parts.iter().try_fold(size as u64, |sum, part| sum.checked_add(part.len));
        if all != Some(size_bytes) {
            return Err(Unfit::Damaged("its length is not that of its parts"));
        }
        Ok(Self { key: found, parts })
    }

    /// Where each part begins.
    pub fn starts(&self) -> Vec<u64> {
        let mut at = Self::size_bytes(self.parts.len()) as u64;
        let start = |part: &Part| {
            let start = at;
            at += part.len;
            start
        };
        self.parts.iter().map(start).collect()
    }
}
