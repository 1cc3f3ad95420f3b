//! Walks over one JSON object from left to right and reports keys that may have a role, without building anything.
//!
//! It expects the keys of the line before ([`Sink::expect`]) and checks no more of a value than where it ends;
//! whatever surprises it (an escaped key, a missing colon) is left to a validating parser. Objects inside
//! objects are entered only where a role can be, to a depth of four; all others are passed over in a loop, so that
//! nesting of any depth costs no stack.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use super::roles::{Meaning, Place};
use crate::parse::bytes::{digits_and_points, find_either, find_in_ascii};

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

/// Where [`Sink::run`] ended.
pub(super) enum Run {
    /// Before a field that is not as expected.
    Field(usize),
    /// Behind the end of the object.
    End(usize),
}

/// What the walk reports to.
pub(super) trait Sink<'a> {
    /// Takes the fields of the record itself from `at` on as long as they come as expected: known keys, each with a
    /// string or a number and a comma behind it. `line` is ASCII without a backslash.
    fn run(&mut self, _line: &'a [u8], at: usize) -> Run {
        Run::Field(at)
    }
    /// The same behind a field that did not, if it was run before.
    fn run_on(&mut self, _line: &'a [u8], at: usize) -> Run {
        Run::Field(at)
    }
    /// The same for pairs, each with a blank behind it. Gives the position of the first other.
    fn run_pairs(&mut self, _line: &'a [u8], at: usize) -> usize {
        at
    }
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

/// The same for a line of ASCII without any backslash: its strings end at the next quote.
pub(super) fn walk_plain<'a, S: Sink<'a>>(line: &'a [u8], at: usize, sink: &mut S) -> Result<usize, Surprise> {
    match sink.run(line, at + 1) {
        Run::Field(at) => object::<_, false>(line, at, (Place(0), 0), sink),
        Run::End(end) => Ok(end),
    }
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
        (meaning, key, at) = key_at::<S, ESCAPES>(line, at, place, sink)?;
        at = value::<_, ESCAPES>(line, at, (meaning, key), here, sink)?;
        match after_value(line, at)? {
            After::Key(next) if ESCAPES || depth > 0 => at = next,
            After::Key(next) => match sink.run_on(line, next) {
                Run::Field(next) => at = next,
                Run::End(end) => return Ok(end),
            },
            After::End(end) => return Ok(end),
        }
    }
}

/// Reports the value at `at` of the key before it, or walks into it. Gives the position after it.
#[inline(always)]
fn value<'a, S: Sink<'a>, const ESCAPES: bool>(
    line: &'a [u8],
    mut at: usize,
    (meaning, key): (Meaning, &'a [u8]),
    (place, depth): (Place, u8),
    sink: &mut S,
) -> Result<usize, Surprise> {
    if matches!(line.get(at), Some(..=b' ')) {
        at = skip_space(line, at);
    }
    match line.get(at) {
        None => Err(Surprise::Cut),
        Some(b'"') => {
            let (end, is_escaped) = end_of::<ESCAPES>(line, at + 1).ok_or(Surprise::Cut)?;
            let text = &line[at + 1..end];
            sink.value(meaning, key, place, if is_escaped { Value::Escaped(text) } else { Value::Text(text) });
            Ok(end + 1)
        }
        Some(b'{' | b'[') => {
            if let Some(inside) = meaning.inside.filter(|_| line[at] == b'{' && depth < MAX_DEPTH) {
                object::<S, ESCAPES>(line, at + 1, (inside, depth + 1), sink)
            } else {
                let end = skip_nested(line, at).ok_or(Surprise::Cut)?;
                sink.value(meaning, key, place, Value::Nested(&line[at..end]));
                Ok(end)
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
            Ok(end)
        }
    }
}

/// What stands after a value.
enum After {
    /// A comma; the next key is looked for from here.
    Key(usize),
    /// The end of the object, which is here.
    End(usize),
}

#[inline(always)]
fn after_value(line: &[u8], mut at: usize) -> Result<After, Surprise> {
    if line.get(at) == Some(&b',') {
        return Ok(After::Key(at + 1));
    }
    at = skip_space(line, at);
    match line.get(at) {
        None => Err(Surprise::Cut),
        Some(b',') => Ok(After::Key(at + 1)),
        Some(b'}') => Ok(After::End(at + 1)),
        Some(_) => Err(Surprise::Odd),
    }
}

/// The key that begins at `at`, empty when it was expected, its meaning, and the position after its colon.
#[inline(always)]
fn key_at<'a, S: Sink<'a>, const ESCAPES: bool>(
    line: &'a [u8],
    at: usize,
    place: Place,
    sink: &mut S,
) -> Result<(Meaning, &'a [u8], usize), Surprise> {
    if let Some((expected, after)) = sink.expect(line, at, place) {
        return Ok((expected, &line[..0], after));
    }
    let (end, is_escaped) = end_of::<ESCAPES>(line, at + 1).ok_or(Surprise::Cut)?;
    let after = skip_space(line, end + 1);
    match line.get(after) {
        None => Err(Surprise::Cut),
        Some(b':') if !is_escaped => {
            let key = &line[at + 1..end];
            Ok((sink.meaning(key, &line[at..=after], place), key, after + 1))
        }
        Some(_) => Err(Surprise::Odd),
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
    // Most are numbers.
    let at = at + digits_and_points(line, at);
    line[at..].iter().position(|byte| ENDS_BARE[usize::from(*byte)]).map_or(line.len(), |len| at + len)
}

#[inline(always)]
fn end_of<const ESCAPES: bool>(line: &[u8], at: usize) -> Option<(usize, bool)> {
    if ESCAPES { string_end(line, at) } else { find_in_ascii::<b'"'>(line, at).map(|end| (end, false)) }
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
