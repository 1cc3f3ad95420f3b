//! Cutting bytes at line borders, so that a block can be parsed without its neighbours.
//!
//! Knows nothing of records: a line that belongs to the record before it may begin a block.

use memchr::{memchr, memchr_iter, memrchr};

/// Position just after the last line end in `bytes`; `None` when no line ends there.
pub fn last_line_end(bytes: &[u8]) -> Option<usize> {
    memrchr(b'\n', bytes).map(|at| at + 1)
}

/// Position just after the first line end at or after `from`; `None` when no line ends there.
pub fn next_line_start(bytes: &[u8], from: usize) -> Option<usize> {
    memchr(b'\n', bytes.get(from..)?).map(|at| from + at + 1)
}

/// Number of lines; a last line without its line end counts too. At the speed of `wc -l`.
pub fn count_lines(bytes: &[u8]) -> u64 {
    let ended = memchr_iter(b'\n', bytes).count() as u64;
    ended + u64::from(bytes.last().is_some_and(|last| *last != b'\n'))
}

/// The lines of a block with the offset of each, without `\n` (a `\r` before it stays).
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Iterates over the lines of `bytes`.
pub fn lines(bytes: &[u8]) -> Lines<'_> {
    Lines { bytes, at: 0 }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let len = memchr(b'\n', rest).unwrap_or(rest.len());
        self.at += len + 1;
        Some((start, &rest[..len]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_line_without_its_end_counts() {
        assert_eq!(count_lines(b""), 0);
        assert_eq!(count_lines(b"a\nb"), 2);
        assert_eq!(count_lines(b"a\n\n"), 2);
        assert_eq!(lines(b"a\n\nb").collect::<Vec<_>>(), [(0, &b"a"[..]), (2, b""), (3, b"b")]);
    }

    #[test]
    fn blocks_are_cut_after_a_line_end_only() {
        assert_eq!(last_line_end(b"ab\ncd"), Some(3));
        assert_eq!(last_line_end(b"abcd"), None);
        assert_eq!(next_line_start(b"ab\ncd\n", 3), Some(6));
        assert_eq!(next_line_start(b"ab\ncd", 3), None);
    }
}
