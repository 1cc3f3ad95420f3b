//! JSON as files of incidents hold it: a sketch of a cut document, and its complete elements with their places.
//!
//! Knows nothing of any format; `super::recognise` asks the sketch, the readers ask for the elements.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::catalog::Problems;
use crate::model::{Problem, ProblemKind};

/// Deepest nesting that a sketch follows and most paths that it keeps: enough for every answer of an API.
const SKETCH_DEPTH: usize = 7;
const SKETCH_PATHS: usize = 600;

/// The paths of the first JSON value in a stretch of bytes that may be cut anywhere, with the first scalar at each.
/// `data.result[].metric.job` is a path; a container has an empty scalar.
#[derive(Debug, Default)]
pub(crate) struct Sketch {
    paths: BTreeMap<String, String>,
    /// Whether the value ends before the bytes do, and more than white space follows.
    pub has_more: bool,
    /// First significant byte: `{` or `[`.
    pub opens_with: u8,
}

impl Sketch {
    /// Looks at `bytes`; `None` when they do not begin like JSON or break its grammar before they end.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut scan = Scan { bytes, at: 0, sketch: Self::default() };
        scan.blank();
        scan.sketch.opens_with = scan.peek().filter(|b| matches!(b, b'{' | b'['))?;
        let mut path = String::new();
        match scan.value(&mut path, 0) {
            Ok(()) => {
                scan.blank();
                scan.sketch.has_more = scan.peek().is_some();
                Some(scan.sketch)
            }
            Err(Stop::Ends) => Some(scan.sketch),
            Err(Stop::Broken) => None,
        }
    }

    /// Whether there is something at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }

    /// The first scalar at `path`, without quotes.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.paths.get(path).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether an object or array stands at `path`.
    pub fn has_container(&self, path: &str) -> bool {
        self.paths.get(path).is_some_and(String::is_empty)
    }

    /// Keys of the outermost object.
    pub fn top_keys(&self) -> impl Iterator<Item = &str> {
        self.paths().filter(|path| !path.is_empty() && !path.contains(['.', '[']))
    }

    /// All paths in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.keys().map(String::as_str)
    }
}

enum Stop {
    /// The bytes end here.
    Ends,
    /// This is not JSON.
    Broken,
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    sketch: Sketch,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf)) {
            self.at += 1;
        }
    }

    fn note(&mut self, path: &str, scalar: &[u8]) {
        if self.sketch.paths.len() < SKETCH_PATHS && !self.sketch.paths.contains_key(path) {
            let short = &scalar[..scalar.len().min(120)];
            self.sketch.paths.insert(path.to_owned(), String::from_utf8_lossy(short).into_owned());
        }
    }

    fn value(&mut self, path: &mut String, depth: usize) -> Result<(), Stop> {
        self.blank();
        match self.peek().ok_or(Stop::Ends)? {
            b'{' if depth < SKETCH_DEPTH => self.object(path, depth),
            b'[' if depth < SKETCH_DEPTH => self.array(path, depth),
            b'{' | b'[' => self.skip(),
            b'"' => {
                let text = self.string()?;
                self.note(path, text);
                Ok(())
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                let start = self.at;
                while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')) {
                    self.at += 1;
                }
                let text = self.bytes.get(start..self.at).unwrap_or_default();
                self.note(path, text);
                Ok(())
            }
            _ => Err(Stop::Broken),
        }
    }

    fn object(&mut self, path: &mut String, depth: usize) -> Result<(), Stop> {
        self.note(path, b"");
        self.at += 1;
        loop {
            self.blank();
            match self.peek().ok_or(Stop::Ends)? {
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                b',' => self.at += 1,
                b'"' => {
                    let key = String::from_utf8_lossy(self.string()?).into_owned();
                    self.blank();
                    if self.peek().ok_or(Stop::Ends)? != b':' {
                        return Err(Stop::Broken);
                    }
                    self.at += 1;
                    let length = path.len();
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&key);
                    self.value(path, depth + 1)?;
                    path.truncate(length);
                }
                _ => return Err(Stop::Broken),
            }
        }
    }

    fn array(&mut self, path: &mut String, depth: usize) -> Result<(), Stop> {
        self.note(path, b"");
        self.at += 1;
        let length = path.len();
        loop {
            self.blank();
            match self.peek().ok_or(Stop::Ends)? {
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                b',' => self.at += 1,
                _ => {
                    path.push_str("[]");
                    self.value(path, depth + 1)?;
                    path.truncate(length);
                }
            }
        }
    }

    /// A container deeper than the sketch follows: only its end matters.
    fn skip(&mut self) -> Result<(), Stop> {
        let mut open = 0_usize;
        loop {
            match self.peek().ok_or(Stop::Ends)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn string(&mut self) -> Result<&'a [u8], Stop> {
        let bytes: &'a [u8] = self.bytes;
        let start = self.at + 1;
        let mut at = start;
        while let Some(b) = self.bytes.get(at) {
            match b {
                b'"' => {
                    self.at = at + 1;
                    return Ok(&bytes[start..at]);
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        Err(Stop::Ends)
    }
}

/// Text of a file without its BOM; invalid UTF-8 becomes U+FFFD and one counted problem.
pub(crate) fn text<'a>(bytes: &'a [u8], problems: &mut Problems) -> Cow<'a, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) => {
            let byte = error.valid_up_to();
            let reason = "bytes that are not UTF-8 are shown as U+FFFD".to_owned();
            problems.push(Problem { line: line_of(bytes, byte), byte: byte as u64, kind: ProblemKind::Encoding, reason });
            String::from_utf8_lossy(bytes)
        }
    }
}

/// Line (from 1) of a byte offset.
pub(crate) fn line_of(bytes: &[u8], byte: usize) -> u64 {
    memchr::memchr_iter(b'\n', &bytes[..byte.min(bytes.len())]).count() as u64 + 1
}

/// Number of lines, a last one without its end counted.
pub(crate) fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64 + u64::from(bytes.last().is_some_and(|b| *b != b'\n'))
}

/// Turns an error of `serde_json` into a problem: the end of input is a cut, anything else a breach of the grammar.
pub(crate) fn problem_of(error: &serde_json::Error, text: &str, kept: &str) -> Problem {
    let line_start = memchr::memchr_iter(b'\n', text.as_bytes()).nth(error.line().wrapping_sub(2)).map_or(0, |at| at + 1);
    let byte = (line_start + error.column().saturating_sub(1)).min(text.len());
    let (kind, reason) = if error.is_eof() {
        (ProblemKind::Truncated, format!("cut at byte {}: the document ends too early{kept}", text.len()))
    } else {
        (ProblemKind::Syntax, format!("not valid JSON at byte {byte}: {error}{kept}"))
    };
    Problem { line: error.line() as u64, byte: byte as u64, kind, reason }
}

/// One complete value and the line and byte where it begins.
pub(crate) struct Element {
    pub value: Value,
    pub line: u64,
    pub byte: u64,
}

/// The complete elements of an array, the values of JSON lines, or the one value that the text is. What does not
/// parse is counted in `problems`; what came before it is kept.
pub(crate) fn elements(text: &str, problems: &mut Problems) -> Vec<Element> {
    let mut out = Vec::new();
    if text.trim_start().starts_with('[') {
        let mut raw = Vec::new();
        let mut reader = serde_json::Deserializer::from_str(text);
        if let Err(error) = (Collect { out: &mut raw }).deserialize(&mut reader) {
            problems.push(problem_of(&error, text, &format!("; {} complete records are kept", raw.len())));
        }
        for element in raw {
            push_value(text, element.get(), problems, &mut out);
        }
        return out;
    }
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    if serde_json::from_str::<&RawValue>(first).is_ok() {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            push_value(text, line, problems, &mut out);
        }
        return out;
    }
    for element in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        match element {
            Ok(raw) => push_value(text, raw.get(), problems, &mut out),
            Err(error) => {
                problems.push(problem_of(&error, text, &format!("; {} complete records are kept", out.len())));
                break;
            }
        }
    }
    out
}

fn push_value(text: &str, piece: &str, problems: &mut Problems, out: &mut Vec<Element>) {
    let byte = offset_in(text, piece);
    // Pieces come in rising order, so lines are counted from the last place on: linear over the file.
    let (known_line, known_byte) = out.last().map_or((1, 0), |last| (last.line, last.byte as usize));
    let line = known_line + text.as_bytes().get(known_byte..byte).map_or(0, |gap| memchr::memchr_iter(b'\n', gap).count() as u64);
    match serde_json::from_str::<Value>(piece) {
        Ok(value) => out.push(Element { value, line, byte: byte as u64 }),
        Err(error) => {
            let is_last = byte + piece.len() >= text.trim_end().len();
            let (kind, reason) = if error.is_eof() && is_last {
                (ProblemKind::Truncated, format!("cut at byte {}: the last record is incomplete", text.len()))
            } else {
                (ProblemKind::Syntax, format!("not valid JSON: {error}"))
            };
            problems.push(Problem { line, byte: byte as u64, kind, reason });
        }
    }
}

/// Where a piece of a text begins in it.
pub(crate) fn offset_in(text: &str, piece: &str) -> usize {
    (piece.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize).min(text.len())
}

struct Collect<'o, 'a> {
    out: &'o mut Vec<&'a RawValue>,
}

impl<'de> DeserializeSeed<'de> for Collect<'_, 'de> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element()? {
            self.out.push(element);
        }
        Ok(())
    }
}

/// A scalar as text: strings as they are, numbers and booleans as JSON, containers as compact JSON; `None` for null.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_document_still_shows_its_shape() {
        let sketch = Sketch::of(br#" {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"val"#).expect("json");
        assert_eq!(sketch.text("data.resultType"), Some("matrix"));
        assert!(sketch.has("data.result[].metric.a") && !sketch.has_more);
        assert!(Sketch::of(b"[ERROR] not json").is_none());
        assert!(Sketch::of(b"{\"a\":1}\n{\"a\":2}").is_some_and(|sketch| sketch.has_more));
    }

    #[test]
    fn complete_elements_survive_a_cut() {
        for (text, n, kind) in [
            ("[{\"a\":1},{\"a\":2},{\"a\":", 2, ProblemKind::Truncated),
            ("{\"a\":1}\n{\"a\":2}\n{\"a\"", 2, ProblemKind::Truncated),
            ("{\"a\":1}\nnonsense\n{\"a\":2}\n", 2, ProblemKind::Syntax),
            ("{\n\"a\":1}\n{\n\"a\":2}\n{", 2, ProblemKind::Truncated),
        ] {
            let mut problems = Problems::default();
            let found = elements(text, &mut problems);
            assert_eq!((found.len(), problems.counts().get(&kind)), (n, Some(&1)), "{text}: {problems:?}");
        }
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let deep = "[".repeat(200_000);
        assert!(Sketch::of(deep.as_bytes()).is_some());
        assert!(elements(&deep, &mut Problems::default()).is_empty());
        let objects = "{\"a\":".repeat(100_000);
        assert!(elements(&objects, &mut Problems::default()).is_empty());
    }
}
