//! Lines of a container runtime. CRI: `time stdout P text` is a part of a line that goes on, `F` ends it. Docker's
//! json-file: a part has no line end at the end of its `log`.
//!
//! Parts of the two streams may alternate. A joined line stands where its first part stood.

use std::collections::HashMap;

use super::Writer;
use crate::model::catalog::ProblemKind;
use crate::parse::chunk::lines;
use crate::parse::timestamp;

/// How many lines are looked at.
const PROBE_LINES: usize = 50;

/// One line of a runtime, cut into its parts.
pub(super) struct CriLine<'a> {
    pub stream: &'a [u8],
    /// Position of the letter.
    pub tag_at: usize,
    /// Whether more of the line follows.
    pub is_part: bool,
    pub text: &'a [u8],
}

/// Reads `time stream tag text`.
pub(super) fn split(line: &[u8]) -> Option<CriLine<'_>> {
    let space = memchr::memchr(b' ', &line[..line.len().min(40)])?;
    let rest = &line[space + 1..];
    let stream = if rest.starts_with(b"stdout ") || rest.starts_with(b"stderr ") { &rest[..6] } else { return None };
    let tag_at = space + 8;
    let is_part = match line.get(tag_at)? {
        b'P' => true,
        b'F' => false,
        _ => return None,
    };
    let text_at = tag_at + memchr::memchr(b' ', &line[tag_at..]).map_or(1, |len| len + 1);
    line[0].is_ascii_digit().then(|| CriLine { stream, tag_at, is_part, text: line.get(text_at..).unwrap_or_default() })
}

pub(super) fn is_container_log(head: &[u8]) -> bool {
    let sample: Vec<&[u8]> = lines(head).map(|(_, line)| line).filter(|line| !line.is_empty()).take(PROBE_LINES).collect();
    let n = sample.iter().filter(|line| split(line).is_some() && timestamp::read(line).is_some()).count();
    n > 0 && n * 2 > sample.len()
}

/// What follows the text in a line of Docker.
const DOCKER_TAIL: &[u8] = b"\",\"stream\":\"";

pub(super) fn is_docker_log(head: &[u8]) -> bool {
    let sample: Vec<&[u8]> = lines(head).map(|(_, line)| line).filter(|line| !line.is_empty()).take(PROBE_LINES).collect();
    let n = sample.iter().filter(|line| docker(line).is_some()).count();
    n > 0 && n * 2 > sample.len()
}

/// The text of a line of Docker, escapes and all, the stream and the rest.
fn docker(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let text = line.strip_prefix(b"{\"log\":\"")?;
    let end = memchr::memmem::rfind(text, DOCKER_TAIL)?;
    let rest = &text[end..];
    let stream = &rest[DOCKER_TAIL.len()..];
    let stream = &stream[..memchr::memchr(b'"', stream)?];
    Some((&text[..end], stream, rest))
}

/// Whether any line may be a part.
pub(super) fn has_parts(block: &[u8]) -> bool {
    let is_open = |at: usize| at >= 2 && &block[at - 2..at] != b"\\n";
    [&b" stdout P"[..], b" stderr P"].iter().any(|part| memchr::memmem::find(block, part).is_some())
        || memchr::memmem::find_iter(block, DOCKER_TAIL).any(is_open)
}

/// Joins the parts of Docker: the text of all, the stream and time of the last one.
fn convert_docker(writer: &mut Writer<'_>) {
    let bytes = writer.original;
    let mut records: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut open: HashMap<&[u8], (usize, &[u8])> = HashMap::new();
    for (offset, line) in lines(bytes) {
        let Some((text, stream, rest)) = docker(line) else {
            records.push((offset, line.to_vec()));
            continue;
        };
        let index = if let Some((index, _)) = open.remove(stream) {
            index
        } else {
            records.push((offset, b"{\"log\":\"".to_vec()));
            records.len() - 1
        };
        records[index].1.extend_from_slice(text);
        if text.ends_with(b"\\n") {
            records[index].1.extend_from_slice(rest);
        } else {
            open.insert(stream, (index, rest));
        }
    }
    // The last text of a container may lack its line end.
    for (index, rest) in open.into_values() {
        records[index].1.extend_from_slice(rest);
    }
    for (offset, line) in &records {
        writer.record(*offset, |out| out.extend_from_slice(line));
    }
}

pub(super) fn convert(writer: &mut Writer<'_>) {
    let bytes = writer.original;
    if is_docker_log(&bytes[..bytes.len().min(64 << 10)]) {
        return convert_docker(writer);
    }
    let mut records: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut open: HashMap<&[u8], usize> = HashMap::new();
    for (offset, line) in lines(bytes) {
        let Some(part) = split(line) else {
            records.push((offset, line.to_vec()));
            continue;
        };
        if let Some(index) = open.get(part.stream) {
            records[*index].1.extend_from_slice(part.text);
        } else {
            let mut whole = line.to_vec();
            whole[part.tag_at] = b'F';
            records.push((offset, whole));
        }
        if part.is_part {
            let last = records.len() - 1;
            open.entry(part.stream).or_insert(last);
        } else {
            open.remove(part.stream);
        }
    }
    let unfinished = open.values().map(|index| records[*index].0).min();
    for (offset, line) in &records {
        writer.record(*offset, |out| out.extend_from_slice(line));
    }
    if let Some(offset) = unfinished {
        writer.problem(offset, ProblemKind::Truncated, "the last part of this line is missing");
    }
}
