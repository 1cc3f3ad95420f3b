//! Where the values of a JSON text begin and end, without building or checking them.
//!
//! Works in a loop, so that nesting of any depth costs no stack, and stops where a text is cut.

use std::ops::Range;

/// A member of an object: its name as written (escapes and all) and where its value is.
#[derive(Debug, Clone)]
pub(crate) struct Member<'a> {
    pub name: &'a [u8],
    pub value: Range<usize>,
}

/// Position of the next byte that is no white space.
pub(crate) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n' | 0x1e)) {
        at += 1;
    }
    at
}

/// Position after the string that begins at `at`; `None` when it is cut.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Position after the value that begins at `at`; `None` when it is cut or none begins there.
pub(crate) fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string_end(bytes, at),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0usize, at);
            loop {
                match bytes.get(at)? {
                    b'"' => {
                        at = string_end(bytes, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => {
            let len = bytes[at..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'));
            Some(at + len?).filter(|end| *end > at)
        }
    }
}

/// Members of the object at the start of `range`; the value of a cut one reaches to the end of the bytes.
pub(crate) fn members(bytes: &[u8], range: Range<usize>) -> Vec<Member<'_>> {
    let mut members = Vec::new();
    let mut at = range.start + 1;
    loop {
        at = skip_space(bytes, at);
        if bytes.get(at) != Some(&b'"') {
            return members;
        }
        let Some(name_end) = string_end(bytes, at) else { return members };
        let name = &bytes[at + 1..name_end - 1];
        at = skip_space(bytes, name_end);
        if bytes.get(at) != Some(&b':') {
            return members;
        }
        let start = skip_space(bytes, at + 1);
        let end = value_end(bytes, start);
        members.push(Member { name, value: start..end.unwrap_or(bytes.len()) });
        let Some(end) = end else { return members };
        at = skip_space(bytes, end);
        if bytes.get(at) != Some(&b',') {
            return members;
        }
        at += 1;
    }
}

/// An element of an array, and whether it is whole.
pub(crate) struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Elements of the array at `at`, one after another; the last one may be cut (its range reaches to the end).
pub(crate) fn elements(bytes: &[u8], at: usize) -> Elements<'_> {
    Elements { bytes, at: at + 1 }
}

impl Iterator for Elements<'_> {
    type Item = (Range<usize>, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let start = skip_space(self.bytes, self.at);
        if matches!(self.bytes.get(start)?, b']' | b'}') {
            return None;
        }
        let Some(end) = value_end(self.bytes, start) else {
            self.at = self.bytes.len();
            return Some((start..self.bytes.len(), false));
        };
        let next = skip_space(self.bytes, end);
        self.at = if self.bytes.get(next) == Some(&b',') { next + 1 } else { next };
        if self.bytes.get(next).is_some_and(|byte| !matches!(byte, b',' | b']')) {
            // What follows is no JSON: there is nothing after it.
            self.at = self.bytes.len();
        }
        Some((start..end, true))
    }
}

/// Copies JSON without the white space between its parts; a raw line end inside a string becomes a blank.
pub(crate) fn minify(json: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'"' => {
                let end = string_end(json, at).unwrap_or(json.len());
                out.extend(json[at..end].iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
                at = end;
            }
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
}
