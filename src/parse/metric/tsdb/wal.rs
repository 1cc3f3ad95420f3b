//! The write-ahead log: pages of record fragments, compressed or not, and what the records say.
//!
//! A record that is torn at the end is what a crash leaves behind; damage in the middle costs the rest of its page.
//! Everything is collected by series reference, because names may come after samples.

use std::io::Read;

use super::super::native::{CUSTOM_SCHEMA, Histogram, Layout, Span};
use super::Folder;
use super::bytes::{Cursor, Fault, Window, crc32c};
use super::head::Head;
use super::snappy;
use crate::model::series::STALE_BITS;

/// Fragments never reach over a page.
const PAGE_BYTES: u64 = 32 << 10;
/// Type, length and checksum of a fragment.
const HEADER_BYTES: u64 = 7;
/// What one record may unpack to: far more than a scrape of the largest target holds.
const MAX_RECORD_BYTES: u64 = 256 << 20;

/// Whether these first bytes of a file are those of a log: a fragment whose checksum is right.
pub fn is_start(head: &[u8]) -> bool {
    let mut cursor = Cursor::new(head);
    let Some((kind, length, sum)) = (|| Some((cursor.byte()?, cursor.be16()?, cursor.be32()?)))() else { return false };
    let is_known = kind & 0xe0 == 0 && matches!(kind & 7, 1 | 2) && length > 0;
    is_known && cursor.take(length.into()).is_some_and(|data| crc32c(data) == sum)
}

/// Which log it is: it decides what samples that step back in time mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// The write-ahead log: samples that come late were refused by Prometheus too.
    Ahead,
    /// The write-behind log: only late samples, all kept.
    Behind,
}

/// Reads a segment into `head`.
pub fn read(folder: &dyn Folder, file: usize, log: Log, head: &mut Head, report: &mut dyn FnMut(Fault)) {
    let mut reader = Segment { window: Window::new(folder, file), at: 0, record: Vec::new(), record_at: None, packing: Packing::None };
    while !head.is_full() {
        match reader.next(report) {
            Ok(Some((at, record))) => {
                if let Err(reason) = decode(&record, log, head) {
                    report(Fault::new(at, reason));
                }
            }
            Ok(None) => break,
            Err(fault) => {
                report(fault);
                reader.skip_page();
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Snappy,
    Zstd,
}

struct Segment<'a> {
    window: Window<'a>,
    at: u64,
    /// Fragments so far of the record that began at `record_at`.
    record: Vec<u8>,
    record_at: Option<u64>,
    packing: Packing,
}

impl Segment<'_> {
    fn skip_page(&mut self) {
        self.at = self.page_end().min(self.window.size());
        self.record_at = None;
        self.record.clear();
    }

    fn page_end(&self) -> u64 {
        (self.at / PAGE_BYTES + 1) * PAGE_BYTES
    }

    /// The next whole record and its place. An error costs the rest of the page.
    fn next(&mut self, report: &mut dyn FnMut(Fault)) -> Result<Option<(u64, Vec<u8>)>, Fault> {
        loop {
            let (at, size, page_end) = (self.at, self.window.size(), self.page_end());
            if at >= size {
                let torn = self.record_at.take();
                return torn.map_or(Ok(None), |at| Err(Fault::cut(at, "the record that begins here is torn: the log ends in it")));
            }
            let kind = self.window.get(at..at + 1)?[0];
            if matches!(kind & 7, 0) {
                let rest = self.window.get(at..page_end.min(size))?;
                if rest.iter().any(|byte| *byte != 0) {
                    return Err(Fault::new(at, "the rest of the page should be empty and is not; it is left out"));
                }
                self.at = page_end.min(size);
                continue;
            }
            if at + HEADER_BYTES > size {
                self.at = size;
                self.record_at = None;
                return Err(Fault::cut(at, "the log ends in the head of a record"));
            }
            let mut header = Cursor::new(&self.window.get(at..at + HEADER_BYTES)?[1..]);
            let (length, sum) = (u64::from(header.be16().unwrap_or(0)), header.be32().unwrap_or(0));
            let (start, end) = (at + HEADER_BYTES, at + HEADER_BYTES + length);
            if end > page_end {
                return Err(Fault::new(at, "the record reaches over its page; the rest of the page is left out"));
            }
            if end > size {
                self.at = size;
                self.record_at = None;
                return Err(Fault::cut(at, "the log ends in the middle of a record"));
            }
            let data = self.window.get(start..end)?;
            if crc32c(data) != sum {
                return Err(Fault::new(at, "the checksum of the record is wrong; the rest of the page is left out"));
            }
            self.at = end;
            let is_first = matches!(kind & 7, 1 | 2);
            match self.record_at.take() {
                // Its beginning was in a page that is left out.
                None if !is_first => continue,
                Some(lost) if is_first => report(Fault::cut(lost, "the record that begins here has no end")),
                begun => self.record_at = begun,
            }
            if is_first {
                self.record_at = Some(at);
                self.record.clear();
                self.packing = match kind & 0x18 {
                    0 => Packing::None,
                    0x08 => Packing::Snappy,
                    _ => Packing::Zstd,
                };
            }
            self.record.extend_from_slice(self.window.get(start..end)?);
            if self.record.len() as u64 > MAX_RECORD_BYTES {
                return Err(Fault::new(at, "a record is larger than any that Prometheus writes"));
            }
            if matches!(kind & 7, 1 | 4) {
                let begun = self.record_at.take().unwrap_or(at);
                let record = std::mem::take(&mut self.record);
                return match unpacked(self.packing, record) {
                    Some(record) => Ok(Some((begun, record))),
                    None => Err(Fault::new(begun, "the record cannot be decompressed")),
                };
            }
        }
    }
}

fn unpacked(packing: Packing, record: Vec<u8>) -> Option<Vec<u8>> {
    match packing {
        Packing::None => Some(record),
        Packing::Snappy => snappy::decode(&record),
        Packing::Zstd => {
            let mut out = Vec::new();
            let decoder = zstd::stream::read::Decoder::new(&record[..]).ok()?;
            let n = decoder.take(MAX_RECORD_BYTES + 1).read_to_end(&mut out).ok()? as u64;
            (n <= MAX_RECORD_BYTES).then_some(out)
        }
    }
}

/// Takes in one record; says why when it is damaged or of no known kind.
fn decode(record: &[u8], log: Log, head: &mut Head) -> Result<(), String> {
    let mut cursor = Cursor::new(record);
    let kind = cursor.byte().ok_or("the record is empty")?;
    let name = match kind {
        1 => "series",
        2 | 11 => "samples",
        3 => "tombstones",
        4 => "exemplars",
        5 => return Ok(()), // marks of chunks that were written out
        6 => "metadata",
        7..=10 | 12 | 13 => "histograms",
        _ => {
            head.n_unknown += 1;
            return Ok(());
        }
    };
    let done = match kind {
        1 => all(&mut cursor, |cursor| {
            let reference = cursor.be64()?;
            head.name(reference, labels(cursor)?);
            Some(())
        }),
        3 => all(&mut cursor, |cursor| {
            head.delete(cursor.be64()?, cursor.varint()?, cursor.varint()?);
            Some(())
        }),
        6 => all(&mut cursor, |cursor| metadata(cursor, head)),
        _ => timed(&mut cursor, kind, log, head),
    };
    done.ok_or_else(|| format!("a record of {name} ends too early"))
}

fn all(cursor: &mut Cursor<'_>, mut one: impl FnMut(&mut Cursor<'_>) -> Option<()>) -> Option<()> {
    while !cursor.is_empty() {
        one(cursor)?;
    }
    Some(())
}

fn labels(cursor: &mut Cursor<'_>) -> Option<Vec<(String, String)>> {
    let mut labels = Vec::new();
    for _ in 0..cursor.uvarint()? {
        labels.push((cursor.text()?, cursor.text()?));
    }
    Some(labels)
}

fn metadata(cursor: &mut Cursor<'_>, head: &mut Head) -> Option<()> {
    let (reference, kind) = (cursor.uvarint()?, cursor.byte()?);
    let mut unit = String::new();
    for _ in 0..cursor.uvarint()? {
        let (name, value) = (cursor.text()?, cursor.text()?);
        if name == "UNIT" {
            unit = value;
        }
    }
    head.describe(reference, kind, &unit);
    Some(())
}

/// Records whose entries have a series and a time, as differences from the first (or, in the newer form, the one before).
fn timed(cursor: &mut Cursor<'_>, kind: u8, log: Log, head: &mut Head) -> Option<()> {
    if cursor.is_empty() {
        return Some(());
    }
    let is_new_form = matches!(kind, 11..=13);
    let (base, first_ms) = if is_new_form {
        let start = (cursor.varint()? as u64, cursor.varint()?);
        cursor.varint()?; // start time
        start
    } else {
        (cursor.be64()?, cursor.be64()? as i64)
    };
    let (mut reference, mut is_first) = (base, true);
    while !cursor.is_empty() {
        let mut time_ms = first_ms;
        if !(is_new_form && is_first) {
            let from = if is_new_form { reference } else { base };
            reference = from.wrapping_add(cursor.varint()? as u64);
            time_ms = first_ms.wrapping_add(cursor.varint()?);
        }
        // A start time: none, the one before, or stated.
        if is_new_form && !is_first && cursor.byte()? >= 2 {
            cursor.varint()?;
        }
        is_first = false;
        match kind {
            2 | 11 => head.float(reference, (time_ms, cursor.float()?), log),
            4 => {
                let value = cursor.float()?;
                head.exemplar(reference, (time_ms, value), labels(cursor)?);
            }
            _ => head.histogram(reference, histogram(cursor, time_ms, matches!(kind, 7 | 9 | 12))?, log),
        }
    }
    Some(())
}

fn histogram(cursor: &mut Cursor<'_>, time_ms: i64, is_integer: bool) -> Option<Histogram> {
    cursor.byte()?; // counter reset hint
    let schema = i32::try_from(cursor.varint()?).ok()?;
    let zero_threshold = cursor.float()?;
    let number = |cursor: &mut Cursor<'_>| if is_integer { cursor.uvarint().map(|n| n as f64) } else { cursor.float() };
    let (zero, count) = (number(cursor)?, number(cursor)?);
    let sum = cursor.float()?;
    let (positive, negative) = (spans(cursor)?, spans(cursor)?);
    let counts = (counts(cursor, is_integer)?, counts(cursor, is_integer)?);
    let mut custom = Vec::new();
    if schema == CUSTOM_SCHEMA {
        for _ in 0..cursor.uvarint()? {
            custom.push(cursor.float()?);
        }
    }
    if sum.to_bits() == STALE_BITS {
        return Some(Histogram::stale(time_ms));
    }
    let layout = Layout { schema, zero_threshold, positive, negative, custom };
    Some(Histogram { time_ms, count, sum, buckets: layout.buckets(zero, &counts.0, &counts.1) })
}

fn spans(cursor: &mut Cursor<'_>) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    for _ in 0..cursor.uvarint()? {
        let offset = i32::try_from(cursor.varint()?).ok()?;
        spans.push(Span { offset, length: u32::try_from(cursor.uvarint()?).ok()? });
    }
    Some(spans)
}

/// Counts of buckets; whole numbers are told as differences.
fn counts(cursor: &mut Cursor<'_>, is_integer: bool) -> Option<Vec<f64>> {
    let (mut counts, mut total) = (Vec::new(), 0_i64);
    for _ in 0..cursor.uvarint()? {
        counts.push(if is_integer {
            total = total.wrapping_add(cursor.varint()?);
            total as f64
        } else {
            cursor.float()?
        });
    }
    Some(counts)
}
