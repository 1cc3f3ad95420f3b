//! One chunk of whole lines to columns. The inner loop of loading: allocates per chunk, not per line.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

use memchr::memchr;

use super::detail::unescape;
use super::found::{Found, Moment, Spelling};
use super::line::Reader;
use super::{Layout, LogPlan, Patterns};
use crate::model::catalog::{Problem, ProblemKind};
use crate::parse::bytes::{Seen, is_same};
use crate::parse::chunk::lines;
use crate::parse::template::{MAX_MESSAGE_BYTES, Shapes, first_line, signature};
use crate::parse::{LogChunk, LogColumns, Message, NO_SERVICE, NO_TIME};

/// What is said of a local time that never was.
const SKIPPED: &str = "a local time that the clock skipped when it was set forward; read an hour later";

thread_local! {
    /// Empty columns with the room of a chunk before: what is taken anew for each is strewn among what stays of them.
    static SPARE: RefCell<LogColumns> = RefCell::default();
}

/// Gives the room of columns that are no longer needed to the next chunk of this thread.
pub fn give_back(mut columns: LogColumns) {
    // One chunk of very short lines must not keep its memory for ever.
    if columns.offsets.capacity() > MAX_SPARE {
        return;
    }
    columns.clear();
    SPARE.set(columns);
}

/// Records for which room is kept.
const MAX_SPARE: usize = 1 << 16;

/// Reads `bytes`, which are whole lines; the last one of a file may lack its end.
///
/// The answer for a file does not depend on where it was cut: lines before the first record of a chunk are
/// reported as its head and belong to the last record of the chunks before. O(bytes); at most 64 KiB of each line.
pub fn parse_chunk(plan: &LogPlan, bytes: &[u8]) -> LogChunk {
    let mut chunk = LogChunk { columns: SPARE.take(), ..LogChunk::default() };
    let mut services = Services::default();
    let mut messages = Messages::new();
    let mut reader = Reader { chunk: bytes, ..Reader::new(plan) };
    let Seen { is_ascii, has_nul, has_sign: has_backslash } = Seen::of(bytes, b'\\');
    let suspect = Suspect { encoding: !is_ascii && std::str::from_utf8(bytes).is_err(), nul: has_nul };
    let mut backslashes = Marks { bytes, byte: b'\\', next: if has_backslash { 0 } else { usize::MAX } };
    let mut equals = Marks { bytes, byte: b'=', next: 0 };
    reserve(&mut chunk.columns, bytes);
    let mut previous: Option<&[u8]> = None;
    for (offset, line) in lines(bytes) {
        chunk.n_lines += 1;
        suspect.check(&mut chunk, offset, line);
        reader.is_plain = !backslashes.any_in(offset, line.len()) && (is_ascii || line.is_ascii());
        reader.has_pairs = plan.layout != Layout::Text || equals.any_in(offset, line.len());
        let mut at = 0;
        loop {
            reader.clock.has_skipped = false;
            let mut piece = &line[at..];
            let mut found = Found::default();
            if !reader.read_into(piece, &mut found) {
                match (at, previous) {
                    (0, None) => chunk.head_lines += 1,
                    (0, Some(_)) => chunk.n_continuation_lines += 1,
                    _ => {}
                }
                break;
            }
            let next = found.rest.map(|rest| rest.as_ptr() as usize - piece.as_ptr() as usize);
            if let Some(next) = next {
                // The record ends where the next one begins: it is read as if the line did.
                piece = &piece[..next];
                problem(&mut chunk, offset, ProblemKind::Syntax, "several records stand on one line, each is read");
                found = Found::default();
                if !reader.read_into(piece, &mut found) {
                    at += next;
                    continue;
                }
            }
            let start = offset + at;
            match previous {
                None => {
                    chunk.head_bytes = start as u32;
                    chunk.first_line_hash = Some(hash(piece));
                }
                Some(previous) if is_same(previous, piece) => {
                    problem(&mut chunk, start, ProblemKind::Duplicate, "the same line as the record before");
                }
                Some(_) => {}
            }
            previous = Some(piece);
            if std::mem::take(&mut reader.clock.has_skipped) {
                problem(&mut chunk, start, ProblemKind::Time, SKIPPED);
            }
            push(&mut chunk, &mut services, start, piece, &found);
            chunk.columns.messages.push(match plan.patterns {
                Patterns::Found => messages.index(piece, &found),
                Patterns::LeftOut => 0,
            });
            match next {
                Some(next) => at += next,
                None => break,
            }
        }
    }
    match previous {
        None => chunk.head_bytes = bytes.len() as u32,
        Some(line) => chunk.last_line_hash = Some(hash(line)),
    }
    chunk.services = services.names;
    chunk.messages = messages.kept;
    chunk
}

/// Room for the records of a chunk, by the length of its first lines.
fn reserve(columns: &mut LogColumns, bytes: &[u8]) {
    const SAMPLE: usize = 32;
    let (n, len) = lines(bytes).take(SAMPLE).fold((0, 0), |(n, len), (_, line)| (n + 1, len + line.len() + 1));
    let room = if n < SAMPLE { n } else { bytes.len() / (len / n).max(1) * 9 / 8 };
    columns.offsets.reserve(room);
    columns.times.reserve(room);
    columns.levels.reserve(room);
    columns.services.reserve(room);
    columns.statuses.reserve(room);
    columns.latencies.reserve(room);
    columns.messages.reserve(room);
    columns.traces.reserve(room);
    columns.message_starts.reserve(room);
    columns.message_lens.reserve(room);
}

/// Where one byte is in a chunk; asked about its lines in order.
struct Marks<'a> {
    bytes: &'a [u8],
    byte: u8,
    next: usize,
}

impl Marks<'_> {
    #[inline]
    fn any_in(&mut self, start: usize, len: usize) -> bool {
        if self.next < start || self.next == 0 {
            self.next = memchr(self.byte, &self.bytes[start..]).map_or(usize::MAX, |at| start + at);
        }
        self.next < start + len
    }
}

fn push(chunk: &mut LogChunk, services: &mut Services, offset: usize, line: &[u8], found: &Found) {
    let time = match found.time {
        Moment::At(ns) => ns,
        Moment::None => NO_TIME,
        Moment::Bad => {
            problem(
                chunk,
                offset,
                ProblemKind::Time,
                "its time cannot be read, or lies outside 1971…2262, or lacks a date that nothing tells; --anchor gives one",
            );
            NO_TIME
        }
    };
    if let Some((kind, reason)) = found.problem {
        problem(chunk, offset, kind, reason);
    }
    chunk.n_fallbacks += u64::from(found.is_fallback);
    let columns = &mut chunk.columns;
    columns.offsets.push(offset as u32);
    columns.times.push(time);
    columns.levels.push(found.level);
    columns.services.push(found.service.as_deref().map_or(NO_SERVICE, |name| services.index(name)));
    columns.statuses.push(found.status);
    columns.latencies.push(found.latency);
    columns.traces.push(found.trace);
    let (start, len) = span(line, found);
    columns.message_starts.push(start);
    columns.message_lens.push(len);
}

/// Where in its line a message stands, 0 and 0 when it was put together, and beyond 65,535 bytes.
#[inline]
fn span(line: &[u8], found: &Found) -> (u16, u16) {
    let Some(Cow::Borrowed(text)) = found.message.as_ref().map(|said| &said.text) else { return (0, 0) };
    // The text is a part of the line, unless it was read from a copy of it.
    let start = (text.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
    match (u16::try_from(start), u16::try_from(text.len())) {
        (Ok(start), Ok(len)) if len > 0 && usize::from(start) + usize::from(len) <= line.len() => (start, len),
        _ => (0, 0),
    }
}

/// The messages of one chunk, one of each signature, in the order of their first record.
struct Messages<'a> {
    kept: Vec<Message>,
    shapes: Shapes,
    /// Messages as they were said, by their length and both ends: most are said again and again.
    said: Box<[(&'a [u8], u32); SAID]>,
    /// How often that told, and how often not.
    n_said: (u32, u32),
    index: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
}

/// Messages that are remembered as they were said.
const SAID: usize = 64;
/// Messages after which it is asked whether that is worth it.
const TRIES: u32 = 256;

impl<'a> Messages<'a> {
    fn new() -> Self {
        Self { kept: Vec::new(), shapes: Shapes::default(), said: Box::new([(&[], 0); SAID]), n_said: (0, 0), index: HashMap::default() }
    }

    /// Index of the message of a record; a record that says nothing stands for itself.
    #[inline]
    fn index(&mut self, line: &'a [u8], found: &Found<'a>) -> u32 {
        let said = match found.message.as_ref().map(|said| &said.text) {
            // What stands in the line is one line.
            None => start_of(line),
            Some(Cow::Borrowed(text)) => {
                // Where most messages differ, looking for them costs more than it saves.
                let is_vain = self.n_said.1 > TRIES && self.n_said.1 / 4 > self.n_said.0;
                let Some(place) = place_of(text).filter(|_| !is_vain) else { return self.index_of(start_of(text), found) };
                let (known, index) = self.said[place];
                if is_same(known, text) {
                    self.n_said.0 += 1;
                    return index;
                }
                self.n_said.1 += 1;
                let index = self.index_of(start_of(text), found);
                self.said[place] = (text, index);
                return index;
            }
            Some(Cow::Owned(text)) => first_line(text),
        };
        self.index_of(said, found)
    }

    fn index_of(&mut self, said: &[u8], found: &Found) -> u32 {
        if let Some(index) = self.shapes.find(said) {
            return index;
        }
        let signature = signature(said);
        let next = self.kept.len() as u32;
        let index = *self.index.entry(signature).or_insert(next);
        if index == next {
            let is_escaped = found.message.as_ref().is_some_and(|said| said.spelling == Spelling::Escaped);
            let text = if is_escaped { unescape(said) } else { String::from_utf8_lossy(said).into_owned() };
            self.kept.push(Message { signature, text: text.lines().next().unwrap_or_default().into() });
        }
        self.shapes.learn(said, index);
        index
    }
}

/// Place of a short message among those that were said.
#[inline]
fn place_of(text: &[u8]) -> Option<usize> {
    let (first, last) = (text.first_chunk::<4>()?, text.last_chunk::<4>()?);
    let mixed = u32::from_le_bytes(*first).wrapping_mul(0x9e37_79b9) ^ u32::from_le_bytes(*last).wrapping_mul(0x85eb_ca6b);
    (text.len() <= 256).then_some(((mixed >> 16) as usize ^ text.len()) % SAID)
}

/// What of a message in its line makes its signature; see [`first_line`].
fn start_of(message: &[u8]) -> &[u8] {
    message[..message.len().min(MAX_MESSAGE_BYTES)].trim_ascii()
}

/// Signatures are hashes already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

fn problem(chunk: &mut LogChunk, offset: usize, kind: ProblemKind, reason: &str) {
    let line = chunk.n_lines;
    chunk.problems.push(Problem { line, byte: offset as u64, kind, reason: reason.to_owned() });
}

/// Hash of a line, to see a duplicate across the border of two chunks.
fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(line);
    hasher.finish()
}

/// What is wrong somewhere in the chunk, so that its lines must be looked at one by one.
struct Suspect {
    encoding: bool,
    nul: bool,
}

impl Suspect {
    fn check(&self, chunk: &mut LogChunk, offset: usize, line: &[u8]) {
        if self.encoding && std::str::from_utf8(line).is_err() {
            problem(chunk, offset, ProblemKind::Encoding, "not valid UTF-8");
        }
        if self.nul && memchr(0, line).is_some() {
            problem(chunk, offset, ProblemKind::Encoding, "holds NUL bytes");
        }
    }
}

/// How many names are compared one by one before a table is used.
const FEW: usize = 16;

/// Names of one chunk in the order of their first record.
#[derive(Default)]
struct Services {
    names: Vec<String>,
    last: usize,
    table: HashMap<Vec<u8>, u16>,
}

impl Services {
    /// Index of a name; one beyond the 65,535th has none.
    fn index(&mut self, name: &[u8]) -> u16 {
        if self.names.get(self.last).is_some_and(|last| is_same(last.as_bytes(), name)) {
            return self.last as u16;
        }
        let known = if self.names.len() <= FEW && self.table.is_empty() {
            self.names.iter().position(|known| known.as_bytes() == name)
        } else {
            self.table.get(name).map(|index| usize::from(*index))
        };
        if let Some(index) = known {
            self.last = index;
            return index as u16;
        }
        if self.names.len() >= usize::from(NO_SERVICE) {
            return NO_SERVICE;
        }
        if self.names.len() == FEW {
            self.table = self.names.iter().enumerate().map(|(index, name)| (name.as_bytes().to_vec(), index as u16)).collect();
        }
        self.last = self.names.len();
        self.names.push(String::from_utf8_lossy(name).into_owned());
        if self.names.len() > FEW {
            self.table.insert(name.to_vec(), self.last as u16);
        }
        self.last as u16
    }
}
