//! `profile.proto` of pprof, bare or gzipped, decoded by hand so that memory and every index stay bounded.
//!
//! Unknown fields are skipped as protobuf wants it; a broken message keeps what was read before the break.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::top::Tally;
use crate::model::catalog::Problems;
use crate::model::{ProblemKind, ProfileTop, Timestamp};
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// Most bytes that a gzipped profile may unpack to: far above real ones, far below a bomb's.
const MAX_BYTES: u64 = 1 << 30;
/// Frames of a stack that are looked at, from the innermost.
const MOST_FRAMES: usize = 512;

/// One field of a message.
#[derive(Debug, Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A fixed 32 or 64 bit value, which pprof does not use.
    Fixed,
}

/// Walks the fields of a message; `None` from `next` with `is_broken` set means that the rest is not protobuf.
struct Fields<'a> {
    bytes: &'a [u8],
    is_broken: bool,
}

impl<'a> Fields<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, is_broken: false }
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for (index, b) in self.bytes.iter().enumerate().take(10) {
            value |= u64::from(b & 0x7f) << (7 * index).min(63);
            if b & 0x80 == 0 {
                self.bytes = &self.bytes[index + 1..];
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, n: u64) -> Option<&'a [u8]> {
        let n = usize::try_from(n).ok().filter(|n| *n <= self.bytes.len())?;
        let (head, rest) = self.bytes.split_at(n);
        self.bytes = rest;
        Some(head)
    }

    fn field(&mut self) -> Option<(u64, Field<'a>)> {
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => self.take(8).map(|_| Field::Fixed)?,
            2 => {
                let n = self.varint()?;
                Field::Bytes(self.take(n)?)
            }
            5 => self.take(4).map(|_| Field::Fixed)?,
            _ => return None,
        };
        (tag >> 3 != 0).then_some((tag >> 3, field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);
    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() || self.is_broken {
            return None;
        }
        let found = self.field();
        self.is_broken = found.is_none();
        found
    }
}

/// What the timeline needs of a profile.
#[derive(Debug, Default)]
struct Profile<'a> {
    /// (type, unit) as indexes of strings.
    sample_types: Vec<(u64, u64)>,
    /// One sum for each sample type.
    sums: Vec<i128>,
    n_samples: u64,
    n_mappings: u64,
    strings: Vec<&'a [u8]>,
    time_ns: i64,
    duration_ns: i64,
    default_type: u64,
    is_broken: bool,
    /// Bodies of samples, locations and functions, for the table of functions.
    samples: Vec<&'a [u8]>,
    locations: Vec<&'a [u8]>,
    functions: Vec<&'a [u8]>,
}

impl<'a> Profile<'a> {
    fn decode(bytes: &'a [u8]) -> Self {
        let mut profile = Self::default();
        let mut fields = Fields::of(bytes);
        for (number, field) in fields.by_ref() {
            match (number, field) {
                (1, Field::Bytes(body)) => profile.sample_types.push(value_type(body)),
                (2, Field::Bytes(body)) => {
                    profile.add_sample(body);
                    profile.samples.push(body);
                }
                (3, Field::Bytes(_)) => profile.n_mappings += 1,
                (4, Field::Bytes(body)) => profile.locations.push(body),
                (5, Field::Bytes(body)) => profile.functions.push(body),
                (6, Field::Bytes(text)) => profile.strings.push(text),
                (9, Field::Number(ns)) => profile.time_ns = ns as i64,
                (10, Field::Number(ns)) => profile.duration_ns = ns as i64,
                (14, Field::Number(index)) => profile.default_type = index,
                _ => {}
            }
        }
        profile.is_broken = fields.is_broken;
        profile
    }

    /// Adds the values of a sample. One without a stack or with nothing but zeros is not counted, as `go tool pprof`
    /// drops it too; its values still belong to the total.
    fn add_sample(&mut self, body: &[u8]) {
        let (mut position, mut has_stack, mut has_value) = (0, false, false);
        for (number, field) in Fields::of(body) {
            match (number, field) {
                (1, Field::Number(_)) => has_stack = true,
                (1, Field::Bytes(packed)) => has_stack |= !packed.is_empty(),
                (2, Field::Number(value)) => {
                    has_value |= value != 0;
                    self.add_value(&mut position, value);
                }
                (2, Field::Bytes(packed)) => {
                    let mut values = Fields::of(packed);
                    while let Some(value) = (!values.bytes.is_empty()).then(|| values.varint()).flatten() {
                        has_value |= value != 0;
                        self.add_value(&mut position, value);
                    }
                }
                _ => {}
            }
        }
        self.n_samples += u64::from(has_stack && has_value);
    }

    fn add_value(&mut self, position: &mut usize, value: u64) {
        // More values than anything real would have are ignored, so that a hostile sample cannot grow the sums.
        if *position < 64 {
            if self.sums.len() <= *position {
                self.sums.resize(*position + 1, 0);
            }
            self.sums[*position] += i128::from(value as i64);
        }
        *position += 1;
    }

    fn text(&self, index: u64) -> String {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.strings.get(index))
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .unwrap_or_default()
    }

    /// The default sample type if it is named, else the last, as `go tool pprof` chooses.
    fn main_type(&self) -> usize {
        let named = self.text(self.default_type);
        let by_name = self.sample_types.iter().position(|(kind, _)| !named.is_empty() && self.text(*kind) == named);
        by_name.unwrap_or(self.sample_types.len().saturating_sub(1))
    }

    /// Its heaviest functions and stacks by the values of one sample type.
    fn top(&self, main: usize) -> ProfileTop {
        let number_of = |body: &[u8], wanted: u64| {
            Fields::of(body).find_map(|field| match field {
                (number, Field::Number(value)) if number == wanted => Some(value),
                _ => None,
            })
        };
        let name = |body: &&'a [u8]| -> Option<(u64, &'a str)> {
            let text = self.strings.get(usize::try_from(number_of(body, 2)?).ok()?)?;
            Some((number_of(body, 1)?, std::str::from_utf8(text).ok().filter(|text| !text.is_empty())?))
        };
        let functions: HashMap<u64, &str> = self.functions.iter().filter_map(name).collect();
        // A location has a line for each function that was inlined there, the innermost first.
        let location = |body: &&'a [u8]| -> Option<(u64, Vec<&'a str>)> {
            let lines = Fields::of(body).filter_map(|field| match field {
                (4, Field::Bytes(line)) => functions.get(&number_of(line, 1)?).copied(),
                _ => None,
            });
            Some((number_of(body, 1)?, lines.collect()))
        };
        let locations: HashMap<u64, Vec<&str>> = self.locations.iter().filter_map(location).collect();
        let mut tally = Tally::default();
        for body in &self.samples {
            let value = numbers(body, 2).nth(main).map_or(0.0, |value| value as i64 as f64);
            let frames: Vec<&str> = numbers(body, 1).filter_map(|id| locations.get(&id)).flatten().copied().take(MOST_FRAMES).collect();
            tally.add(value, &frames);
        }
        tally.top()
    }

    /// What it measures, from its sample types; the file name decides where they are alike.
    fn kind(&self, path: &str) -> String {
        let types: Vec<String> = self.sample_types.iter().map(|(kind, _)| self.text(*kind)).collect();
        let has = |name: &str| types.iter().any(|kind| kind == name);
        if has("inuse_space") || has("inuse_objects") {
            let main = types.get(self.main_type()).map_or("", String::as_str);
            return if main.starts_with("alloc") { "allocs".into() } else { "heap".into() };
        }
        if has("contentions") || has("delay") {
            return super::kind_in_name(path).filter(|kind| matches!(*kind, "mutex" | "block")).unwrap_or("contention").into();
        }
        let known = ["goroutine", "cpu", "threadcreate", "wall"].into_iter().find(|name| has(name)).map(str::to_owned);
        known.or_else(|| types.get(self.main_type()).filter(|kind| !kind.is_empty()).cloned()).unwrap_or_else(|| "profile".into())
    }
}

/// A repeated number of a message, packed or not.
fn numbers(body: &[u8], wanted: u64) -> impl Iterator<Item = u64> {
    Fields::of(body).filter(move |field| field.0 == wanted).flat_map(|(_, field)| {
        let (one, packed) = match field {
            Field::Number(value) => (Some(value), &[][..]),
            Field::Bytes(packed) => (None, packed),
            Field::Fixed => (None, &[][..]),
        };
        let mut packed = Fields::of(packed);
        one.into_iter().chain(std::iter::from_fn(move || (!packed.bytes.is_empty()).then(|| packed.varint()).flatten()))
    })
}

fn value_type(body: &[u8]) -> (u64, u64) {
    Fields::of(body).fold((0, 0), |(kind, unit), field| match field {
        (1, Field::Number(index)) => (index, unit),
        (2, Field::Number(index)) => (kind, index),
        _ => (kind, unit),
    })
}

/// Whether a stretch from the start of a bare message is a profile: all fields of the right sort, a sample type among
/// them. A cut last field is fine.
pub(crate) fn is_profile_start(bytes: &[u8]) -> bool {
    let mut fields = Fields::of(bytes);
    let (mut n_types, mut n_bodies) = (0, 0);
    for (number, field) in fields.by_ref() {
        match (number, field) {
            (1 | 11, Field::Bytes(body)) => {
                let mut inner = Fields::of(body);
                let is_type = body.len() <= 22 && inner.by_ref().all(|(number, field)| number <= 2 && matches!(field, Field::Number(_)));
                if !is_type || inner.is_broken {
                    return false;
                }
                n_types += usize::from(number == 1);
            }
            (2..=5, Field::Bytes(body)) => n_bodies += usize::from(!body.is_empty()),
            (6, Field::Bytes(_)) | (13, Field::Bytes(_) | Field::Number(_)) | (7..=10 | 12 | 14 | 15, Field::Number(_)) => n_bodies += 1,
            _ => return false,
        }
    }
    n_types > 0 && n_bodies > 0
}

/// Reads a profile, gzipped or bare.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let unpacked = if bytes.starts_with(&[0x1f, 0x8b]) { Some(unpack(bytes, &mut problems)) } else { None };
    let profile = Profile::decode(unpacked.as_deref().unwrap_or(bytes));
    if profile.is_broken {
        let reason = format!("the profile breaks off after {} samples", profile.n_samples);
        problems.push(Place::default().problem(ProblemKind::Truncated, reason));
    }
    let main = profile.main_type();
    let own_time = (profile.time_ns > 0).then_some(Timestamp(profile.time_ns));
    let (mut mark, zone) = super::mark(&profile.kind(&context.path), own_time, context);
    mark.total = profile.sums.get(main).map_or(0.0, |sum| *sum as f64);
    mark.unit = profile
        .sample_types
        .get(main)
        .map(|(_, unit)| profile.text(*unit))
        .filter(|unit| !unit.is_empty())
        .unwrap_or_else(|| "count".into());
    mark.n_samples = profile.n_samples;
    mark.top = profile.top(main);
    mark.duration_ns = (profile.duration_ns > 0).then_some(profile.duration_ns);
    if mark.time.is_none() {
        problems.push(Place::default().problem(ProblemKind::Time, "the profile holds no time and its name tells none".into()));
    }
    super::document(mark, zone, problems, profile.n_samples, 0)
}

fn unpack(bytes: &[u8], problems: &mut Problems) -> Vec<u8> {
    let mut out = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(MAX_BYTES).read_to_end(&mut out);
    if let Err(error) = read {
        problems.push(
            Place::default().problem(ProblemKind::Truncated, format!("the gzip stream breaks off: {error}; what came before is kept")),
        );
    } else if out.len() as u64 >= MAX_BYTES {
        problems.push(
            Place::default().problem(ProblemKind::Limit, format!("only the first {MAX_BYTES} bytes of the unpacked profile are read")),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn varint(mut value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    }

    fn number(field: u64, value: u64) -> Vec<u8> {
        [varint(field << 3), varint(value)].concat()
    }

    fn message(field: u64, body: &[u8]) -> Vec<u8> {
        [varint(field << 3 | 2), varint(body.len() as u64), body.to_vec()].concat()
    }

    fn profile(default_type: u64) -> Vec<u8> {
        let values = |values: &[u64]| message(2, &values.iter().flat_map(|value| varint(*value)).collect::<Vec<_>>());
        let packed = |sizes: &[u64]| message(2, &[message(1, &[1, 2]), values(sizes)].concat());
        let types = [message(1, &[number(1, 1), number(2, 2)].concat()), message(1, &[number(1, 3), number(2, 4)].concat())].concat();
        let strings: Vec<u8> =
            ["", "alloc_space", "bytes", "inuse_space", "bytes"].iter().flat_map(|text| message(6, text.as_bytes())).collect();
        let tail = [number(9, 1_795_401_022_000_000_000), number(10, 5), number(14, default_type)].concat();
        let stackless = message(2, &values(&[0, 0]));
        [types, packed(&[100, 7]), packed(&[50, 3]), packed(&[0, 0]), stackless, strings, tail].concat()
    }

    #[test]
    fn the_default_sample_type_gives_the_total() {
        for (default, kind, total) in [(0, "heap", 10.0), (1, "allocs", 150.0)] {
            let bytes = profile(default);
            assert!(is_profile_start(&bytes) && is_profile_start(&bytes[..40]));
            let document = parse(&bytes, &Context { path: "a-heap.pb".into(), ..Context::default() });
            let mark = &document.profiles[0];
            assert_eq!((mark.kind.as_str(), mark.total, mark.unit.as_str(), mark.n_samples), (kind, total, "bytes", 2));
            assert_eq!((mark.duration_ns, document.problems.total()), (Some(5), 0));
        }
    }

    #[test]
    fn text_is_no_profile() {
        for text in ["{\"a\":1}", "goroutine 1 [running]:\n", "2026-11-23 hello\n", "\n\n\n", ""] {
            assert!(!is_profile_start(text.as_bytes()), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (is_profile_start(&bytes), parse(&bytes, &Context::default()));
            let gzipped = [&[0x1f, 0x8b, 8, 0][..], &bytes].concat();
            let _ = parse(&gzipped, &Context::default());
        }

        #[test]
        fn a_damaged_profile_never_makes_it_panic(at in 0_usize..120, byte: u8, cut in 0_usize..120) {
            let mut bytes = profile(1);
            let n = bytes.len();
            bytes[at % n] = byte;
            let _ = parse(&bytes[..cut.min(n)], &Context::default());
            let _ = parse(&bytes, &Context::default());
        }
    }
}
