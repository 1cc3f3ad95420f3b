//! Walks over one JSON object from left to right and reports keys that may have a role, without building anything.
//!
//! It expects the keys of the line before ([`Sink::expect`]) and checks no more of a value than where it ends;
//! whatever surprises it (an escaped key, a missing colon) is left to a validating parser. Objects inside
//! objects are entered only where a role can be, to a depth of four; all others are passed over in a loop, so that
//! nesting of any depth costs no stack.

use super::roles::{Meaning, Place};

/// A value as it stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A string without escapes, quotes left out.
    Text(&'a [u8]),
    /// A string with escapes, quotes left out.
    Escaped(&'a [u8]),
    /// A number or `true`, `false`, `null` (also bare words of logfmt).
    Bare(&'a [u8]),
    /// An object or array.
    Nested(&'a [u8]),
}

/// Why the walk ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surprise {
    /// The line ends inside the object.
    Cut,
    /// Something that this walker does not read.
    Odd,
}

/// What the walk reports to.
pub(super) trait Sink<'a> {
    /// The key expected next, if `line` has it at `at`: its meaning and the position after its colon.
    fn expect(&mut self, line: &'a [u8], at: usize, place: Place) -> Option<(Meaning, usize)>;
    /// Meaning of a key that was not expected; `pattern` is the key with its quotes and colon (or equals sign).
    fn meaning(&mut self, key: &'a [u8], pattern: &'a [u8], place: Place) -> Meaning;
    /// A value; `key` is empty when the key was expected. Called for keys without a role too.
    fn value(&mut self, meaning: Meaning, key: &'a [u8], place: Place, value: Value<'a>);
}

/// Deepest object that is entered.
const MAX_DEPTH: u8 = 4;

/// Walks over the object that starts at `line[at]`, which is `{`. Gives the position after its end.
pub(super) fn walk<'a, S: Sink<'a>>(line: &'a [u8], at: usize, sink: &mut S) -> Result<usize, Surprise> {
    object::<_, true>(line, at + 1, (Place(0), 0), sink)
}

/// The same for a line without any backslash: its strings end at the next quote.
pub(super) fn walk_unescaped<'a, S: Sink<'a>>(line: &'a [u8], at: usize, sink: &mut S) -> Result<usize, Surprise> {
    object::<_, false>(line, at + 1, (Place(0), 0), sink)
}

fn object<'a, S: Sink<'a>, const ESCAPES: bool>(line: &'a [u8], mut at: usize, here: (Place, u8), sink: &mut S) -> Result<usize, Surprise> {
    let (place, depth) = here;
    loop {
        // Most writers put no spaces anywhere.
        if line.get(at) != Some(&b'"') {
            at = skip_space(line, at);
            match line.get(at) {
                None => return Err(Surprise::Cut),
                Some(b'"') => {}
                Some(b'}') => return Ok(at + 1),
                Some(_) => return Err(Surprise::Odd),
            }
        }
        let (meaning, key);
        if let Some((expected, after)) = sink.expect(line, at, place) {
            (meaning, key, at) = (expected, &line[..0], after);
        } else {
            let (end, is_escaped) = end_of::<ESCAPES>(line, at + 1).ok_or(Surprise::Cut)?;
            key = &line[at + 1..end];
            let start = at;
            at = skip_space(line, end + 1);
            match line.get(at) {
                None => return Err(Surprise::Cut),
                Some(b':') if !is_escaped => at += 1,
                Some(_) => return Err(Surprise::Odd),
            }
            meaning = sink.meaning(key, &line[start..at], place);
        }
        if matches!(line.get(at), Some(..=b' ')) {
            at = skip_space(line, at);
        }
        at = match line.get(at) {
            None => return Err(Surprise::Cut),
            Some(b'"') => {
                let (end, is_escaped) = end_of::<ESCAPES>(line, at + 1).ok_or(Surprise::Cut)?;
                let text = &line[at + 1..end];
                sink.value(meaning, key, place, if is_escaped { Value::Escaped(text) } else { Value::Text(text) });
                end + 1
            }
            Some(b'{' | b'[') => {
                if let Some(inside) = meaning.inside.filter(|_| line[at] == b'{' && depth < MAX_DEPTH) {
                    object::<S, ESCAPES>(line, at + 1, (inside, depth + 1), sink)?
                } else {
                    let end = skip_nested(line, at).ok_or(Surprise::Cut)?;
                    sink.value(meaning, key, place, Value::Nested(&line[at..end]));
                    end
                }
            }
            Some(_) => {
                let end = bare_end(line, at);
                if end == line.len() {
                    return Err(Surprise::Cut);
                }
                if end == at {
                    return Err(Surprise::Odd);
                }
                sink.value(meaning, key, place, Value::Bare(&line[at..end]));
                end
            }
        };
        if line.get(at) == Some(&b',') {
            at += 1;
            continue;
        }
        at = skip_space(line, at);
        match line.get(at) {
            None => return Err(Surprise::Cut),
            Some(b',') => at += 1,
            Some(b'}') => return Ok(at + 1),
            Some(_) => return Err(Surprise::Odd),
        }
    }
}

#[inline(always)]
fn skip_space(line: &[u8], mut at: usize) -> usize {
    while matches!(line.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// Bytes that end a number or a literal.
const ENDS_BARE: [bool; 256] = {
    let mut table = [false; 256];
    let ends = b",}] \t\"{[:\r\n";
    let mut at = 0;
    while at < ends.len() {
        table[ends[at] as usize] = true;
        at += 1;
    }
    table
};

#[inline(always)]
fn bare_end(line: &[u8], at: usize) -> usize {
    line[at..].iter().position(|byte| ENDS_BARE[usize::from(*byte)]).map_or(line.len(), |len| at + len)
}

#[inline(always)]
fn end_of<const ESCAPES: bool>(line: &[u8], at: usize) -> Option<(usize, bool)> {
    if ESCAPES { string_end(line, at) } else { find_either::<b'"', b'"'>(line, at).map(|end| (end, false)) }
}

/// Position of the closing quote of the string that begins at `at`, and whether it holds escapes.
#[inline]
pub(super) fn string_end(line: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut is_escaped = false;
    loop {
        at = find_either::<b'"', b'\\'>(line, at)?;
        if line[at] == b'"' {
            return Some((at, is_escaped));
        }
        is_escaped = true;
        at += 2;
    }
}

/// Position of the first `A` or `B` at or after `at`. Eight bytes at a time: strings of a log are short, a call
/// of a vector search for each would cost more than it saves.
#[inline(always)]
pub(super) fn find_either<const A: u8, const B: u8>(line: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(chunk) = line.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let mut hit = zeros(word ^ (ONES * u64::from(A)));
        if A != B {
            hit |= zeros(word ^ (ONES * u64::from(B)));
        }
        if hit != 0 {
            return Some(at + (hit.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    line.get(at..)?.iter().position(|byte| *byte == A || *byte == B).map(|len| at + len)
}

/// Position after the object or array that begins at `at`; `None` when the line ends before it does.
fn skip_nested(line: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match line.get(at)? {
            b'"' => at = string_end(line, at + 1)?.0,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::roles;
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl<'a> Sink<'a> for Seen {
        fn expect(&mut self, _: &'a [u8], _: usize, _: Place) -> Option<(Meaning, usize)> {
            None
        }
        fn meaning(&mut self, key: &'a [u8], _: &'a [u8], place: Place) -> Meaning {
            roles::meaning(place, key)
        }
        fn value(&mut self, _: Meaning, key: &'a [u8], place: Place, value: Value<'a>) {
            let (Value::Text(text) | Value::Escaped(text) | Value::Bare(text) | Value::Nested(text)) = value;
            self.0.push(format!("{}/{}={}", place.path(), String::from_utf8_lossy(key), String::from_utf8_lossy(text)));
        }
    }

    fn seen(line: &str) -> (String, Result<usize, Surprise>) {
        let mut sink = Seen::default();
        let end = walk(line.as_bytes(), 0, &mut sink);
        (sink.0.join(" "), end)
    }

    #[test]
    fn values_are_found_wherever_a_role_can_be() {
        let (got, end) = seen(r#"{ "a" : "x\"y", "fields":{"message":"m","o":{"p":[1,"}"]}}, "n":-1.5e3,"o":{"level":"no"}}"#);
        assert_eq!(got, r#"/a=x\"y fields/message=m fields/o={"p":[1,"}"]} /n=-1.5e3 /o={"level":"no"}"#);
        assert!(end.is_ok());
        assert_eq!(seen("{}").1, Ok(2));
    }

    #[test]
    fn a_cut_line_is_told_from_an_odd_one() {
        let whole = r#"{"a":"x","b":{"c":[1,2]},"d":12}"#;
        for end in 1..whole.len() {
            assert_eq!(seen(&whole[..end]).1, Err(Surprise::Cut), "{}", &whole[..end]);
        }
        for odd in [r#"{"a" 1}"#, r#"{"a":}"#, r"{a:1}", r#"{"a":1 "b":2}"#, r#"{"\u0061":1}"#] {
            assert_eq!(seen(odd).1, Err(Surprise::Odd), "{odd}");
        }
    }

    #[test]
    fn nesting_of_any_depth_costs_no_stack() {
        let deep = format!(r#"{{"a":{}{},"ts":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(seen(&deep).1.is_ok());
        let objects = format!("{}1{}", r#"{"fields":"#.repeat(50_000), "}".repeat(50_000));
        assert!(seen(&objects).1.is_ok());
    }
}
