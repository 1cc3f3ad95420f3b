//! Tombstones: stretches of series that were deleted but still lie in the chunks.

use std::collections::HashMap;

use super::bytes::{Cursor, Fault, crc32c};

/// First bytes of the file.
pub const MAGIC: [u8; 4] = [0x01, 0x30, 0xba, 0x30];

/// Deleted stretches, both ends inclusive, ms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deleted(Vec<(i64, i64)>);

impl Deleted {
    /// Adds a stretch.
    pub fn add(&mut self, first_ms: i64, last_ms: i64) {
        self.0.push((first_ms, last_ms));
    }

    /// Whether a moment lies in one of them.
    pub fn contains(&self, time_ms: i64) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&time_ms))
    }
}

/// What is deleted of each series. Nothing is taken from a file whose checksum is wrong: it might delete anything.
pub fn read(bytes: &[u8]) -> Result<HashMap<u64, Deleted>, Fault> {
    let body = bytes.len().checked_sub(4).filter(|end| *end >= 5).ok_or_else(|| Fault::new(0, "is too short for tombstones"))?;
    if bytes[..4] != MAGIC {
        return Err(Fault::new(0, "does not begin with the magic number of tombstones; deleted stretches are shown"));
    }
    if bytes[4] != 1 {
        return Err(Fault::new(4, format!("format {} of tombstones is not known; deleted stretches are shown", bytes[4])));
    }
    if Cursor::new(&bytes[body..]).be32() != Some(crc32c(&bytes[5..body])) {
        return Err(Fault::new(body as u64, "the checksum of the tombstones is wrong; deleted stretches are shown"));
    }
    let mut deleted: HashMap<u64, Deleted> = HashMap::new();
    let mut cursor = Cursor::new(&bytes[5..body]);
    while !cursor.is_empty() {
        let at = (body - cursor.rest().len()) as u64;
        let stone = (|| Some((cursor.uvarint()?, cursor.varint()?, cursor.varint()?)))();
        let Some((reference, first, last)) = stone else { return Err(Fault::new(at, "a tombstone ends too early")) };
        deleted.entry(reference).or_default().add(first, last);
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_inclusive_and_a_damaged_file_deletes_nothing() {
        let mut bytes = MAGIC.to_vec();
        bytes.push(1);
        let stones = [5, 20, 40, 5, 99, 99]; // series 5: 10…20, series 5: -50…-50
        bytes.extend(stones);
        bytes.extend(crc32c(&stones).to_be_bytes());
        let deleted = read(&bytes).unwrap();
        assert_eq!([9, 10, 20, 21, -50].map(|at| deleted[&5].contains(at)), [false, true, true, false, true]);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 4;
            assert!(read(&damaged).is_err(), "byte {at}");
        }
    }
}
