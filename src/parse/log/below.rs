//! Records of a described format that go on in lines below: what was logged line by line and is one report, and a
//! message that stands under its heading.
//!
//! Two lines are of one report when all that stands before their messages is the same to the byte (time, process,
//! request) and the format says that such lines go on. That takes the line before, so a log must not be cut between the
//! two: [`LogPlan::n_bytes_of_record`] tells where a cut must move to.

use std::borrow::Cow;

use regex::bytes::Regex;

use super::LogPlan;
use super::line::bare;
use super::named::NamedFormat;

/// Lines below a heading that are looked at for its message.
const MAX_LINES: usize = 8;
/// How much of the lines below is looked at.
const MAX_BYTES: usize = 16 << 10;

/// What a format says of lines below.
#[derive(Debug, Default)]
pub(super) struct Below {
    /// A message that only announces the one in the next line.
    pub heading: Option<Regex>,
    /// A line that goes on in the next one if that begins in the same way.
    pub continued: Option<Regex>,
    /// Heads of records below which anything stands up to the next one.
    pub heads: Option<Regex>,
}

impl Below {
    /// Whether nothing of the kind is said.
    pub fn is_nothing(&self) -> bool {
        self.heading.is_none() && self.continued.is_none() && self.heads.is_none()
    }
}

/// Where `line` stands in `chunk`, if it is a part of it.
fn start_in(chunk: &[u8], line: &[u8]) -> Option<usize> {
    let start = (line.as_ptr() as usize).wrapping_sub(chunk.as_ptr() as usize);
    (start.checked_add(line.len())? <= chunk.len()).then_some(start)
}

/// The line before a line of `chunk`.
pub(super) fn line_before<'c>(chunk: &'c [u8], line: &[u8]) -> Option<&'c [u8]> {
    let end = start_in(chunk, line)?.checked_sub(1).filter(|end| chunk[*end] == b'\n')?;
    let start = memchr::memrchr(b'\n', &chunk[..end]).map_or(0, |at| at + 1);
    Some(bare(&chunk[start..end]))
}

/// What follows a line of `chunk`.
pub(super) fn text_below<'c>(chunk: &'c [u8], line: &[u8]) -> &'c [u8] {
    let end = start_in(chunk, line).map_or(chunk.len(), |start| start + line.len());
    let next = memchr::memchr(b'\n', &chunk[end..]).map_or(chunk.len(), |at| end + at + 1);
    &chunk[next..chunk.len().min(next + MAX_BYTES)]
}

/// A line with the lines of `chunk` below it that are of its record, where those stand there as they are.
pub(super) fn report<'c>(below: &Below, line: &'c [u8], chunk: &'c [u8]) -> &'c [u8] {
    let (Some(heads), Some(start)) = (&below.heads, start_in(chunk, line)) else { return line };
    let mut end = start + line.len();
    for (at, next) in crate::parse::chunk::lines(&chunk[end..chunk.len().min(end + MAX_BYTES)]).skip(1) {
        if heads.is_match(bare(next)) {
            break;
        }
        end = end.max(start + line.len() + at + next.len());
    }
    chunk.get(start..end.min(chunk.len())).unwrap_or(line)
}

/// Whether `line`, whose message begins at `head_len`, goes on with the line before it.
pub(super) fn goes_on(below: &Below, before: Option<&[u8]>, line: &[u8], head_len: usize) -> bool {
    let (Some(continued), Some(before)) = (&below.continued, before) else { return false };
    head_len > 0 && before.get(..head_len) == line.get(..head_len) && continued.is_match(before)
}

/// A line below without what it repeats of the head of its record; `None` for one that is of another record.
fn without_head<'l>(below: &Below, head: &[u8], before: &[u8], line: &'l [u8]) -> Option<&'l [u8]> {
    if !head.is_empty() && line.starts_with(head) && goes_on(below, Some(before), line, head.len()) {
        return Some(&line[head.len()..]);
    }
    if let Some(heads) = &below.heads {
        return (!heads.is_match(line)).then_some(line);
    }
    Some(without_tags(head, line)).filter(|rest| rest.len() < line.len() || matches!(line.first(), None | Some(b' ' | b'\t')))
}

/// A line without the `[tag] ` at its start that the head of its record ends with.
fn without_tags<'l>(head: &[u8], line: &'l [u8]) -> &'l [u8] {
    let end = if line.first() == Some(&b'[') { memchr::memmem::find(line, b"] ").map_or(0, |at| at + 2) } else { 0 };
    if end > 0 && head.ends_with(&line[..end]) { &line[end..] } else { line }
}

/// The message of a line with what it announces behind it; `None` when it announces nothing.
pub(super) fn announced(below: &Below, line: &[u8], head_len: usize, text_below: &[u8]) -> Option<Vec<u8>> {
    let message = line.get(head_len..)?;
    if !below.heading.as_ref()?.is_match(message) {
        return None;
    }
    let head = line.get(..head_len)?;
    let mut before = line;
    for (_, next) in crate::parse::chunk::lines(text_below).take(MAX_LINES) {
        let next = bare(next);
        let text = without_head(below, head, before, next)?.trim_ascii();
        if !text.is_empty() {
            return Some([message.trim_ascii(), text].join(&b' ').trim_ascii().to_vec());
        }
        before = next;
    }
    None
}

/// The lines below as they are read: without the head they repeat, and without the blanks that all of them begin with.
pub(super) fn tidy(head: &[u8], folded: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = folded
        .split(|byte| *byte == b'\n')
        .map(|line| {
            let line = bare(line);
            if head.is_empty() { line } else { line.strip_prefix(head).unwrap_or_else(|| without_tags(head, line)) }
        })
        .collect();
    let blanks = |line: &[u8]| line.iter().take_while(|byte| **byte == b' ').count();
    let indent = lines.iter().filter(|line| !line.trim_ascii().is_empty()).map(|line| blanks(line)).min().unwrap_or(0);
    lines.iter().map(|line| line.get(indent..).unwrap_or_default()).collect::<Vec<_>>().join(&b'\n')
}

/// A message whose lines below were announced: they stand behind it, so they need not follow it again.
pub(super) fn with_folded(below: &Below, line: &[u8], head_len: usize, folded: &[u8]) -> Option<String> {
    let said = announced(below, line, head_len, folded)?;
    let tidied = tidy(&line[..head_len], folded);
    let rest = tidied.trim_ascii_start();
    let rest = memchr::memchr(b'\n', rest).map_or(&[][..], |end| &rest[end + 1..]).trim_ascii_end();
    let mut text = String::from_utf8_lossy(&said).into_owned();
    if !rest.is_empty() {
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(rest));
    }
    Some(text)
}

/// `{group}` in a template put in place, as far as groups are there.
pub(super) fn filled<'v>(template: &str, value: impl Fn(&str) -> Option<Cow<'v, [u8]>>) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        text.extend_from_slice(before.as_bytes());
        match value(name) {
            Some(value) => text.extend_from_slice(&value),
            None if text.ends_with(b" ") => drop(text.pop()),
            None => {}
        }
        rest = after;
    }
    text.extend_from_slice(rest.as_bytes());
    text.trim_ascii().to_vec()
}

impl LogPlan {
    /// Whether lines depend on those before or after them, so that a log is to be cut with care.
    pub fn minds_cuts(&self) -> bool {
        self.named.as_ref().is_some_and(|format| !format.below().is_nothing())
    }

    /// How many bytes of `after`, which begins at a line start, belong to the record that `before` ends with. Both may be
    /// a part of the log only.
    pub fn n_bytes_of_record(&self, before: &[u8], after: &[u8]) -> usize {
        let Some(format) = self.named.as_deref().filter(|_| self.minds_cuts()) else { return 0 };
        let whole = before.strip_suffix(b"\n").unwrap_or(before);
        let mut last = &whole[memchr::memrchr(b'\n', whole).map_or(0, |at| at + 1)..];
        let mut n_bytes = 0;
        for (at, line) in crate::parse::chunk::lines(after) {
            let is_below = || format.below().heads.as_ref().is_some_and(|heads| !heads.is_match(bare(line)));
            let is_inner =
                is_below() || matches!(line.first(), None | Some(b' ' | b'\t')) || line.first() == Some(&b'[') && !format.fits(line);
            if !is_inner && !head_len(format, bare(line)).is_some_and(|len| goes_on(format.below(), Some(bare(last)), bare(line), len)) {
                return n_bytes;
            }
            last = line;
            n_bytes = (at + line.len() + 1).min(after.len());
        }
        n_bytes
    }
}

/// Where the message of a line begins.
fn head_len(format: &NamedFormat, line: &[u8]) -> Option<usize> {
    format.captures(line)?.name("message").map(|message| message.start())
}
