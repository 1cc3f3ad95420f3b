//! Records of several lines that have no sign of their own, and lines that end as on old machines.
//!
//! `java.util.logging` writes the time and the place on one line, the level and the message on the next. Progress bars
//! and old Macs end lines by a carriage return alone.

use serde_json::json;

use super::Writer;
use crate::parse::chunk::lines;
use crate::parse::log::level;
use crate::parse::timestamp;

/// Lines that are looked at.
const PROBE_LINES: usize = 40;

/// `Nov 23, 2026 2:28:09 AM com.example.Shop order`.
fn is_place(line: &[u8]) -> Option<usize> {
    let stamp = timestamp::read(line)?;
    let is_twelve = matches!(line.get(stamp.len.checked_sub(2)?..stamp.len)?, b"AM" | b"PM" | b"am" | b"pm");
    let rest = line.get(stamp.len + 1..)?;
    (is_twelve && rest.contains(&b'.') && !rest.is_empty()).then_some(stamp.len)
}

/// `SEVERE: message`: the level and where the message begins.
fn stated(line: &[u8]) -> Option<(&[u8], usize)> {
    let colon = line.iter().take(12).position(|byte| *byte == b':')?;
    (line.get(colon + 1) == Some(&b' ') && level::of_field(&line[..colon]).is_some()).then_some((&line[..colon], colon + 2))
}

pub(super) fn is_two_line(head: &[u8]) -> bool {
    let sample: Vec<&[u8]> = lines(head).map(|(_, line)| line).take(PROBE_LINES).collect();
    let n = sample.windows(2).filter(|pair| is_place(pair[0]).is_some() && stated(pair[1]).is_some()).count();
    n > 0 && n * 4 >= sample.len().min(PROBE_LINES) || n > 2
}

pub(super) fn convert_two_line(writer: &mut Writer<'_>) {
    let mut all: Vec<(usize, &[u8])> = lines(writer.original).collect();
    if let Some((_, first)) = all.first_mut() {
        *first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    }
    let starts: Vec<usize> =
        (0..all.len().saturating_sub(1)).filter(|i| is_place(all[*i].1).is_some() && stated(all[i + 1].1).is_some()).collect();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(all.len());
        let (Some(len), Some((level, at))) = (is_place(all[*start].1), stated(all[start + 1].1)) else { continue };
        let text = |line: &[u8]| String::from_utf8_lossy(line).trim_end().to_owned();
        let place = &all[*start].1;
        let mut message = text(&all[start + 1].1[at..]);
        for (_, line) in &all[start + 2..end] {
            message.push('\n');
            message.push_str(&text(line));
        }
        let record = json!({"timestamp": text(&place[..len]), "level": text(level), "logger": text(place[len..].trim_ascii_start()),
            "message": message.trim_end()})
        .to_string();
        writer.record(all[*start].0, |out| out.extend_from_slice(record.as_bytes()));
    }
}

/// Whether lines end by carriage returns alone.
pub(super) fn has_lone_returns(head: &[u8]) -> bool {
    memchr::memchr(b'\n', head).is_none() && memchr::memchr_iter(b'\r', head).take(2).count() == 2
}

pub(super) fn convert_returns(writer: &mut Writer<'_>) {
    let bytes = writer.original;
    let mut at = 0;
    for line in bytes.split(|byte| *byte == b'\r') {
        if !line.trim_ascii().is_empty() {
            writer.record(at, |out| out.extend_from_slice(line));
        }
        at += line.len() + 1;
    }
}

/// Whether blanks stand before the times of nearly all lines, as what is pasted or quoted has it.
pub(super) fn is_indented(head: &[u8]) -> bool {
    let sample: Vec<&[u8]> = lines(head).map(|(_, line)| line).filter(|line| !line.trim_ascii().is_empty()).take(PROBE_LINES).collect();
    let is_blank = |line: &&&[u8]| matches!(line.first(), Some(b' ' | b'\t'));
    let is_timed = |line: &&&[u8]| {
        let text = line.trim_ascii_start();
        let text = text.strip_prefix(b"[").unwrap_or(text);
        timestamp::read(text).is_some_and(|stamp| stamp.civil.missing != timestamp::Missing::Date && stamp.len + 1 < text.len())
    };
    let n_blank = sample.iter().filter(is_blank).count();
    let n_timed = sample.iter().filter(is_blank).filter(is_timed).count();
    n_blank * 10 >= sample.len() * 9 && n_timed * 10 >= sample.len() * 5 && n_timed > 1
}

/// The lines without the blanks before their times; one that has no time keeps what it is set in further.
pub(super) fn convert_indented(writer: &mut Writer<'_>) {
    let bytes = writer.original;
    let blanks = |line: &[u8]| line.len() - line.trim_ascii_start().len();
    let mut cut = 0;
    for (at, line) in lines(bytes) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let own = blanks(line);
        let text = line[own..].strip_prefix(b"[").unwrap_or(&line[own..]);
        if timestamp::read(text).is_some() {
            cut = own;
        }
        let line = line[own.min(cut)..].strip_suffix(b"\n").unwrap_or(&line[own.min(cut)..]);
        writer.record(at, |out| out.extend_from_slice(line));
    }
}
