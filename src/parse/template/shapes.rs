//! Recognises a message that differs from one before only in words with a digit, without making its signature.
//!
//! Most lines of a log come from few places in a program. A [`Shape`] is a message cut at its words with a digit: what
//! stands between them must be the same, byte by byte, eight at a time. A message that fits has the [`super::signature()`]
//! of the message that the shape was made of; one that does not may have it too (blanks in a row count as one there).

use super::signature::{digits, word_bytes};
use crate::parse::bytes::{eight, first, non_digits, short};

/// Shapes that are tried: more cost more than a signature.
const MAX_SHAPES: usize = 8;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// Longer messages are seldom alike.
const MAX_BYTES: usize = 512;
/// Messages after which it is asked whether trying is worth it.
const TRIES: u32 = 256;

/// One message with holes.
#[derive(Debug, Default)]
struct Shape {
    /// What stands before, between and behind the holes, one after another.
    text: Vec<u8>,
    /// Where each part of it ends.
    ends: Vec<usize>,
    code: u32,
}

/// The shapes of the messages of one chunk.
#[derive(Debug, Default)]
pub struct Shapes {
    shapes: Vec<Shape>,
    /// The shape that fitted last.
    last: usize,
    /// The shape that is replaced next.
    oldest: usize,
    n_fits: u32,
    n_misses: u32,
}

impl Shapes {
    /// What [`Shapes::learn`] was told for a message with the signature of this one, if one with its shape is known.
    #[inline]
    pub fn find(&mut self, message: &[u8]) -> Option<u32> {
        if self.is_vain() {
            return None;
        }
        if let Some(shape) = self.shapes.get(self.last)
            && shape.fits(message)
        {
            self.n_fits += 1;
            return Some(shape.code);
        }
        let found = self.shapes.iter().position(|shape| shape.fits(message));
        match found {
            Some(at) => {
                (self.last, self.n_fits) = (at, self.n_fits + 1);
                Some(self.shapes[at].code)
            }
            None => {
                self.n_misses += 1;
                None
            }
        }
    }

    /// Keeps the shape of a message and what stands for its signature.
    pub fn learn(&mut self, message: &[u8], code: u32) {
        if message.len() > MAX_BYTES || self.is_vain() {
            return;
        }
        let shape = Shape::of(message, code);
        if self.shapes.len() < MAX_SHAPES {
            self.shapes.push(shape);
            return;
        }
        self.shapes[self.oldest] = shape;
        self.oldest = (self.oldest + 1) % MAX_SHAPES;
    }

    fn is_vain(&self) -> bool {
        self.n_misses > TRIES && self.n_misses / 2 > self.n_fits
    }
}

impl Shape {
    fn of(message: &[u8], code: u32) -> Self {
        let mut shape = Self { code, ..Self::default() };
        let (mut start, mut at) = (0, 0);
        while at < message.len() {
            let (len, has_digit) = word_at(message, at);
            if has_digit {
                shape.add(&message[start..at]);
                start = at + len;
            }
            // The sign behind the word.
            at += len + 1;
        }
        shape.add(&message[start..]);
        shape
    }

    fn add(&mut self, part: &[u8]) {
        self.text.extend_from_slice(part);
        self.ends.push(self.text.len());
    }

    /// Whether a message is this one with other words in its holes.
    #[inline]
    fn fits(&self, message: &[u8]) -> bool {
        let (mut at, mut start) = (0, 0);
        for (i, end) in self.ends.iter().enumerate() {
            let (Some(part), Some(own)) = (self.text.get(start..*end), message.get(at..at + (end - start))) else { return false };
            if !is_same(part, own) {
                return false;
            }
            (at, start) = (at + part.len(), *end);
            if at == message.len() {
                // A hole needs a word.
                return i + 1 == self.ends.len();
            }
            let (len, has_digit) = word_at(message, at);
            if !has_digit {
                return false;
            }
            at += len;
        }
        false
    }
}

/// Whether two texts of one length are the same; they are short.
#[inline]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else { return short(a) == short(b) };
    let (mut a, mut b) = (a, b);
    while let (Some((chunk_a, more_a)), Some((chunk_b, more_b))) = (a.split_first_chunk::<8>(), b.split_first_chunk::<8>()) {
        if chunk_a != chunk_b {
            return false;
        }
        (a, b) = (more_a, more_b);
    }
    last_a == last_b
}

/// Length of the word that begins at `at`, 0 for none, and whether it holds a digit.
#[inline]
fn word_at(message: &[u8], at: usize) -> (usize, bool) {
    let chunk = eight(message, at);
    let n_digits = first(non_digits(chunk));
    if n_digits > 0 && n_digits < 8 && !is_of_word((chunk >> (8 * n_digits)) as u8) {
        return (n_digits, true);
    }
    let (mut len, mut has_digit) = (0, false);
    loop {
        let chunk = eight(message, at + len);
        let signs = !word_bytes(chunk) & HIGHS;
        // Digits below the first sign.
        let lowest = signs & signs.wrapping_neg();
        has_digit |= digits(chunk) & lowest.wrapping_sub(1) != 0;
        if signs != 0 {
            return (len + (signs.trailing_zeros() / 8) as usize, has_digit);
        }
        len += 8;
    }
}

/// Whether a byte belongs to a word.
#[inline]
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::super::signature::signature;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_numbers_fit_and_other_words_do_not() {
        let mut shapes = Shapes::default();
        shapes.learn(b"[http-nio-39] c.s.Order - request for order 951 of user a1 took 240 ms", 7);
        assert_eq!(shapes.find(b"[http-nio-4] c.s.Order - request for order 12345678901 of user xx9yy took 0 ms"), Some(7));
        for other in [
            "[http-nio-39] c.s.Order - request for order x of user a1 took 240 ms",
            "[http-nio-39] c.s.Order - request for order 951 of user a1 took 240 mm",
            "[http-nio-39] c.s.Order - request for order 951 of user a1 took 240 ms.",
            "[http-nio-39] c.s.Order - request for order 951 of user a1 took 240 m",
            "[http-nio-39] c.s.Order - request for order 951 of user a1 took",
            "",
        ] {
            assert_eq!(shapes.find(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn what_fits_has_the_same_signature(
            message in "([a1é]{0,9}[ .\\[-]{0,2}){0,5}",
            values in prop::collection::vec("[a-z]{0,3}[0-9]{1,9}[a-zé]{0,9}", 12),
            other in "([a1é]{0,9}[ .\\[-]{0,2}){0,5}",
        ) {
            let mut shapes = Shapes::default();
            shapes.learn(message.as_bytes(), 1);
            prop_assert_eq!(shapes.find(message.as_bytes()), Some(1), "a message fits itself");
            if shapes.find(other.as_bytes()).is_some() {
                prop_assert_eq!(signature(other.as_bytes()), signature(message.as_bytes()));
            }
            // The same with other words in place of those with a digit.
            let mut values = values.iter();
            let is_word = |c: char| c.is_alphanumeric();
            let mut changed = String::new();
            for piece in message.split_inclusive(|c| !is_word(c)) {
                let word = piece.trim_end_matches(|c| !is_word(c));
                changed.push_str(if word.contains('1') { values.next().expect("few words") } else { word });
                changed.push_str(&piece[word.len()..]);
            }
            prop_assert_eq!(shapes.find(changed.as_bytes()), Some(1), "{:?} {:?}", message, changed);
            prop_assert_eq!(signature(changed.as_bytes()), signature(message.as_bytes()));
        }

        #[test]
        fn bytes_of_any_kind_are_told_apart_as_signatures_do(a in prop::collection::vec(any::<u8>(), 0..40), b in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut shapes = Shapes::default();
            shapes.learn(&a, 1);
            prop_assert_eq!(shapes.find(&a), Some(1));
            if shapes.find(&b).is_some() {
                prop_assert_eq!(signature(&b), signature(&a));
            }
        }
    }
}
