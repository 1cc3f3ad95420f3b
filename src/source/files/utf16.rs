//! Text in UTF-16 or UTF-32 with a byte order mark, as Windows tools write it, turned into UTF-8 while it is read.
//!
//! What does not decode becomes U+FFFD. Without a mark nothing is guessed: such a file is named as binary.

use std::io::{self, Read};

/// Width and order of the units of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wide {
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// UTF-32, low byte first.
    Utf32Le,
    /// UTF-32, high byte first.
    Utf32Be,
}

/// Bytes of the beginning that must look like text, so that binary data that happens to begin like a mark is let be.
const PROBE_BYTES: usize = 256;

impl Wide {
    /// What a file is that begins with these bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        let wide = match head {
            [0xff, 0xfe, 0, 0, ..] => Self::Utf32Le,
            [0, 0, 0xfe, 0xff, ..] => Self::Utf32Be,
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ => return None,
        };
        let mut text = String::new();
        let whole = head.len().min(PROBE_BYTES) / 4 * 4;
        wide.reader(&head[..whole]).read_to_string(&mut text).ok()?;
        let is_odd = |c: char| c.is_control() && !c.is_whitespace() && c != '\u{1b}' || c == '\u{fffd}';
        // The probe may end inside a pair.
        let n_odd = text.chars().filter(|c| is_odd(*c)).count();
        (n_odd <= 1 && text.chars().any(|c| c.is_ascii_graphic())).then_some(wide)
    }

    /// The text as UTF-8.
    pub fn reader<R: Read>(self, inner: R) -> Utf8Reader<R> {
        Utf8Reader { inner, wide: self, rest: Vec::new(), high: None, ready: Vec::new(), at: 0, is_at_start: true }
    }

    fn unit_bytes(self) -> usize {
        if matches!(self, Self::Utf16Le | Self::Utf16Be) { 2 } else { 4 }
    }

    fn unit(self, bytes: &[u8]) -> u32 {
        match (self, bytes) {
            (Self::Utf16Le, [a, b]) => u16::from_le_bytes([*a, *b]).into(),
            (Self::Utf16Be, [a, b]) => u16::from_be_bytes([*a, *b]).into(),
            (Self::Utf32Le, [a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]),
            (Self::Utf32Be, [a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]),
            _ => 0xfffd,
        }
    }
}

/// Reads UTF-8 out of wide text.
#[derive(Debug)]
pub struct Utf8Reader<R> {
    inner: R,
    wide: Wide,
    /// Bytes of a unit that is not complete yet.
    rest: Vec<u8>,
    /// First half of a pair.
    high: Option<u32>,
    ready: Vec<u8>,
    at: usize,
    is_at_start: bool,
}

impl<R: Read> Utf8Reader<R> {
    fn push(&mut self, unit: u32) {
        let is_pair = self.wide.unit_bytes() == 2;
        let code = match (self.high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => 0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00),
            (high, _) => {
                if high.is_some() {
                    self.put('\u{fffd}');
                }
                if is_pair && (0xd800..=0xdbff).contains(&unit) {
                    self.high = Some(unit);
                    return;
                }
                unit
            }
        };
        self.put(char::from_u32(code).unwrap_or('\u{fffd}'));
    }

    fn put(&mut self, c: char) {
        let is_mark = std::mem::take(&mut self.is_at_start) && c == '\u{feff}';
        if !is_mark {
            self.ready.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Decodes the next block; whether there was one.
    fn fill(&mut self) -> io::Result<bool> {
        let mut block = [0; 16 << 10];
        let n = self.inner.read(&mut block)?;
        self.ready.clear();
        self.at = 0;
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(&block[..n]);
        let units = bytes.chunks_exact(self.wide.unit_bytes());
        let rest = units.remainder().to_vec();
        for unit in units {
            let unit = self.wide.unit(unit);
            self.push(unit);
        }
        self.rest = rest;
        if n == 0 && (self.high.take().is_some() | !std::mem::take(&mut self.rest).is_empty()) {
            self.put('\u{fffd}');
        }
        Ok(n > 0 || !self.ready.is_empty())
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let n = buffer.len().min(self.ready.len() - self.at);
        buffer[..n].copy_from_slice(&self.ready[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "2026-11-23T02:00:00Z ERROR größer 😀\r\nnext\n";

    fn encoded(text: &str, wide: Wide) -> Vec<u8> {
        let text = format!("\u{feff}{text}");
        match wide {
            Wide::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Wide::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Wide::Utf32Le => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
            Wide::Utf32Be => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        }
    }

    fn decoded(wide: Wide, bytes: &[u8]) -> String {
        let mut text = String::new();
        wide.reader(bytes).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn every_width_and_order_is_known_by_its_mark_and_read() {
        for wide in [Wide::Utf16Le, Wide::Utf16Be, Wide::Utf32Le, Wide::Utf32Be] {
            let bytes = encoded(&TEXT.repeat(1000), wide);
            assert_eq!(Wide::of(&bytes), Some(wide));
            assert_eq!(decoded(wide, &bytes), TEXT.repeat(1000));
        }
    }

    #[test]
    fn a_half_character_at_the_end_is_marked_and_binary_data_is_let_be() {
        let bytes = encoded("ab😀", Wide::Utf16Le);
        assert_eq!(decoded(Wide::Utf16Le, &bytes[..bytes.len() - 2]), "ab\u{fffd}");
        assert_eq!(decoded(Wide::Utf16Le, &bytes[..bytes.len() - 1]), "ab\u{fffd}");
        let noise: Vec<u8> = [0xff, 0xfe].into_iter().chain((0..250u8).map(|i| i.wrapping_mul(37) % 9)).collect();
        assert_eq!(Wide::of(&noise), None);
        assert_eq!(Wide::of(&[0xff, 0xfe]), None);
    }
}
