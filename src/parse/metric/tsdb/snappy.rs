//! Snappy, the block format: what compresses the records of a write-ahead log.
//!
//! After the format description of google/snappy. No framing, no compressing.

use super::bytes::Cursor;

/// No element of three bytes gives more than 64: anything that claims more is damage.
const MAX_GROWTH: usize = 22;

/// The bytes that were compressed; `None` when they are damaged.
pub fn decode(packed: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(packed);
    let size = usize::try_from(cursor.uvarint()?).ok()?;
    if size > packed.len().saturating_mul(MAX_GROWTH) {
        return None;
    }
    let mut out = Vec::with_capacity(size);
    while let Some(tag) = cursor.byte() {
        let upper = usize::from(tag >> 2);
        if matches!(tag & 3, 0) {
            let length = if upper < 60 { upper } else { little_end(cursor.take(upper - 59)?) };
            out.extend_from_slice(cursor.take(length.checked_add(1)?)?);
        } else {
            let (length, offset) = match tag & 3 {
                1 => (4 + (upper & 7), usize::from(tag >> 5) << 8 | usize::from(cursor.byte()?)),
                2 => (1 + upper, little_end(cursor.take(2)?)),
                _ => (1 + upper, little_end(cursor.take(4)?)),
            };
            let start = out.len().checked_sub(offset).filter(|_| offset > 0)?;
            // The copy may reach into what it writes.
            for at in start..start + length {
                out.push(out[at]);
            }
        }
        if out.len() > size {
            return None;
        }
    }
    (out.len() == size).then_some(out)
}

fn little_end(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn literals_and_copies_of_all_kinds_are_undone() {
        // "abcd", a copy of 4 from 4 back, "!", a copy of 6 from 1 back, and the same with a wide offset.
        assert_eq!(decode(&[9, 0x0c, b'a', b'b', b'c', b'd', 0x01, 4, 0x00, b'!']).as_deref(), Some(&b"abcdabcd!"[..]));
        assert_eq!(decode(&[7, 0x00, b'x', 0x16, 1, 0]).as_deref(), Some(&b"xxxxxxx"[..]));
        assert_eq!(decode(&[7, 0x00, b'x', 0x17, 1, 0, 0, 0]).as_deref(), Some(&b"xxxxxxx"[..]));
        let long: Vec<u8> = (0..200).collect();
        let packed = [&[200, 1, 60 << 2, 199][..], &long].concat();
        assert_eq!(decode(&packed), Some(long));
        assert_eq!(decode(&[5, 0x00, b'x', 0x16, 2, 0]), None, "a copy from before the start");
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
