//! The matrix as Prometheus writes it, walked byte by byte: `[1795400897.123,"0.5"]` is read where it stands.
//!
//! Anything else (another shape, times that do not rise, a value that is no number, a cut) ends the walk with `None`,
//! and the general reader begins anew: it alone knows what to say of a problem.

use std::ops::Range;

use serde_json::{Map, Value};

use super::super::decimal;
use crate::model::{Labels, Sample, Timestamp};

/// What the walk gives.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    /// Name, labels and samples in file order, times strictly rising.
    pub series: Vec<(Option<String>, Labels, Vec<Sample>)>,
    /// `warnings` and `infos`.
    pub words: Vec<Value>,
}

/// Reads a whole answer, if it is a successful matrix of the usual form.
pub(super) fn matrix(bytes: &[u8]) -> Option<Matrix> {
    let mut walk = Walk { bytes, at: 0, is_matrix: false, found: Matrix::default() };
    walk.object(&mut Walk::top)?;
    walk.blank();
    (walk.at == bytes.len() && walk.is_matrix).then_some(walk.found)
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    is_matrix: bool,
    found: Matrix,
}

impl<'a> Walk<'a> {
    fn blank(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// The next significant byte, which must be this one.
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.blank();
        (self.bytes.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// Whether the next significant byte is this one; then it is taken.
    fn accept(&mut self, byte: u8) -> bool {
        self.expect(byte).is_some()
    }

    /// A text without escapes.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let start = self.at;
        let end = start + memchr::memchr2(b'"', b'\\', &self.bytes[start..])?;
        self.at = end + 1;
        (self.bytes[end] == b'"').then(|| &self.bytes[start..end])
    }

    /// Members of an object, each read by `member`.
    fn object(&mut self, member: &mut dyn FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.accept(b'}') {
            return Some(());
        }
        loop {
            let key = self.text()?;
            self.expect(b':')?;
            member(self, key)?;
            if !self.accept(b',') {
                return self.expect(b'}');
            }
        }
    }

    fn top(&mut self, key: &'a [u8]) -> Option<()> {
        match key {
            b"status" => (self.text()? == b"success").then_some(()),
            b"data" => self.object(&mut Self::data),
            b"warnings" | b"infos" => {
                let range = self.skip()?;
                self.found.words.push(serde_json::from_slice(&self.bytes[range]).ok()?);
                Some(())
            }
            b"stats" => self.skip().map(|_| ()),
            _ => None,
        }
    }

    fn data(&mut self, key: &'a [u8]) -> Option<()> {
        match key {
            b"resultType" => {
                self.is_matrix = self.text()? == b"matrix";
                self.is_matrix.then_some(())
            }
            b"result" => self.result(),
            b"stats" => self.skip().map(|_| ()),
            _ => None,
        }
    }

    fn result(&mut self) -> Option<()> {
        self.expect(b'[')?;
        if self.accept(b']') {
            return Some(());
        }
        loop {
            let (mut metric, mut samples) = (0..0, None);
            // Series of one answer are about equally long.
            let n_expected = self.found.series.last().map_or(0, |last| last.2.len() + 1);
            self.object(&mut |walk, key| match key {
                b"metric" => {
                    metric = walk.skip()?;
                    Some(())
                }
                b"values" if samples.is_none() => {
                    samples = Some(walk.pairs(n_expected)?);
                    Some(())
                }
                _ => None,
            })?;
            let labels: Map<String, Value> = serde_json::from_slice(&self.bytes[metric]).ok()?;
            let mut name = None;
            let mut pairs = Vec::with_capacity(labels.len());
            for (label, value) in labels {
                let Value::String(value) = value else { return None };
                if label == "__name__" {
                    name = Some(value);
                } else {
                    pairs.push((label, value));
                }
            }
            self.found.series.push((name, Labels::new(pairs), samples?));
            if !self.accept(b',') {
                return self.expect(b']');
            }
        }
    }

    /// `[[t,"v"],…]`, without any blank inside.
    fn pairs(&mut self, n_expected: usize) -> Option<Vec<Sample>> {
        self.expect(b'[')?;
        let mut samples: Vec<Sample> = Vec::with_capacity(n_expected.min(self.bytes.len() / 16));
        let mut rest = &self.bytes[self.at..];
        let mut last = i64::MIN;
        loop {
            rest = rest.strip_prefix(b"[")?;
            let (ns, length) = decimal::epoch_ns(rest)?;
            rest = rest[length..].strip_prefix(b",\"")?;
            let value;
            (value, rest) = value_and_rest(rest)?;
            if ns <= last {
                return None;
            }
            last = ns;
            samples.push(Sample { time: Timestamp(ns), value });
            match rest.split_first_chunk::<2>()? {
                (b"],", after) => rest = after,
                (b"]]", after) => {
                    self.at = self.bytes.len() - after.len();
                    return Some(samples);
                }
                _ => return None,
            }
        }
    }

    /// Steps over one value and says where it was; only brackets and quotes are looked at.
    fn skip(&mut self) -> Option<Range<usize>> {
        self.blank();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    loop {
                        self.at += memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..)?)?;
                        if self.bytes[self.at] == b'"' {
                            break;
                        }
                        self.at += 2;
                    }
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(start..self.at);
            }
        }
    }
}

/// The value before a quote, and what is behind the quote.
#[inline]
fn value_and_rest(bytes: &[u8]) -> Option<(f64, &[u8])> {
    if let Some((value, length)) = decimal::float(bytes)
        && bytes.get(length) == Some(&b'"')
    {
        return Some((value, &bytes[length + 1..]));
    }
    let end = bytes.iter().take(64).position(|byte| *byte == b'"')?;
    let value = super::value_of(std::str::from_utf8(&bytes[..end]).ok()?).ok()?;
    Some((value, &bytes[end + 1..]))
}
