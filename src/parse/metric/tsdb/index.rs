//! The index of a block: its symbols, and the labels and chunks of its series.
//!
//! Postings are not read: all series are wanted, and they lie one after another. Damage costs the series it hits: the
//! next one is found again at the next place where a checksum is right.

use super::Folder;
use super::bytes::{Cursor, Fault, Window, crc32c};

/// First bytes of an index.
pub const MAGIC: [u8; 4] = [0xba, 0xaa, 0xd7, 0x00];
/// Bytes of the table of contents, which ends the file.
const TOC_BYTES: u64 = 6 * 8 + 4;
/// A series with more bytes than this is damage.
const MAX_SERIES_BYTES: u64 = 64 << 20;
/// How many bytes are looked at in vain, after damage, before the rest is given up.
const MAX_SEARCH_BYTES: u64 = 64 << 20;
/// Series begin at multiples of this, in format 2.
const ALIGN: u64 = 16;

/// A series as the index tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    /// What tombstones call it.
    pub reference: u64,
    /// Labels as they stand, `__name__` among them.
    pub labels: Vec<(String, String)>,
    /// Its chunks by time.
    pub chunks: Vec<ChunkMeta>,
}

/// Where a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkMeta {
    /// First time, ms.
    pub min_ms: i64,
    /// Last time, ms.
    pub max_ms: i64,
    /// Segment in the upper four bytes, offset in the lower.
    pub reference: u64,
}

/// Reads the index `file`; series go to `take`, what is wrong to `report`. An error means that nothing can be read.
pub fn read(folder: &dyn Folder, file: usize, take: &mut dyn FnMut(Series), report: &mut dyn FnMut(Fault)) -> Result<(), Fault> {
    let mut window = Window::new(folder, file);
    let head = window.up_to(0, 5)?.to_vec();
    if head.get(..4) != Some(&MAGIC[..]) {
        report(Fault::new(0, "does not begin with the magic number of an index"));
    }
    let version = match head.get(4) {
        Some(version @ 1..=3) => *version,
        Some(version) => {
            report(Fault::new(4, format!("format {version} of an index is not known; it is read as format 2")));
            2
        }
        None => return Err(Fault::new(0, "is too short for an index")),
    };
    let toc = toc(&mut window)?;
    if toc.is_none() {
        report(Fault::new(
            window.size().saturating_sub(TOC_BYTES),
            "the checksum of the table of contents is wrong; series are looked for without it",
        ));
    }
    let start = toc.as_ref().map_or(5, |toc| toc.symbols);
    let (symbols, symbols_end) = Symbols::read(&mut window, start, version, report)?;
    let stretch = toc.as_ref().map_or((symbols_end, window.size()), |toc| (toc.series, toc.series_end));
    Walk { window, version, symbols: &symbols, is_bounded: toc.is_some() }.run(stretch, take, report)
}

struct Toc {
    symbols: u64,
    series: u64,
    series_end: u64,
}

/// The table of contents; `None` when it is damaged.
fn toc(window: &mut Window<'_>) -> Result<Option<Toc>, Fault> {
    let size = window.size();
    let Some(start) = size.checked_sub(TOC_BYTES) else { return Ok(None) };
    let bytes = window.get(start..size)?;
    let (table, sum) = bytes.split_at(bytes.len() - 4);
    if Cursor::new(sum).be32() != Some(crc32c(table)) {
        return Ok(None);
    }
    let mut cursor = Cursor::new(table);
    let places: Vec<u64> = std::iter::from_fn(|| cursor.be64()).collect();
    let [symbols, series, ..] = places[..] else { return Ok(None) };
    let series_end = places.iter().copied().filter(|place| *place > series).min().unwrap_or(start).min(start);
    Ok(Some(Toc { symbols, series, series_end }))
}

/// The texts that labels are made of.
struct Symbols {
    bytes: Vec<u8>,
    /// Where each text is in `bytes`; in format 1 behind its offset in the file.
    places: Vec<(u64, u32, u32)>,
    version: u8,
}

impl Symbols {
    /// Reads the table at `start`; says where it ends.
    fn read(window: &mut Window<'_>, start: u64, version: u8, report: &mut dyn FnMut(Fault)) -> Result<(Self, u64), Fault> {
        let damaged = |reason: &str| Fault::new(start, format!("the table of symbols {reason}; no series of this block can be named"));
        let length = Cursor::new(window.get(start..start.saturating_add(4)).map_err(|_| damaged("is missing"))?).be32();
        let length = u64::from(length.unwrap_or(0));
        let end = start.saturating_add(4 + length + 4);
        if end > window.size() {
            return Err(damaged("is longer than the file"));
        }
        // Read by itself: a window would keep both.
        let bytes = window.get(start + 4..end)?.to_vec();
        let (table, sum) = bytes.split_at(bytes.len() - 4);
        let is_sound = Cursor::new(sum).be32() == Some(crc32c(table));
        let mut cursor = Cursor::new(table);
        let n = cursor.be32().ok_or_else(|| damaged("is empty"))?;
        let mut places = Vec::new();
        for _ in 0..n {
            let at = (table.len() - cursor.rest().len()) as u64;
            let text = cursor.counted().ok_or_else(|| damaged("is damaged"))?;
            let from = table.len() - cursor.rest().len() - text.len();
            places.push((start + 4 + at, from as u32, text.len() as u32));
        }
        if !is_sound {
            let text = |place: &(u64, u32, u32)| &table[place.1 as usize..][..place.2 as usize];
            let n_unsorted = places.windows(2).filter(|pair| text(&pair[0]) >= text(&pair[1])).count();
            if !cursor.is_empty() || n_unsorted > 2 {
                return Err(damaged("has a wrong checksum"));
            }
            report(Fault::new(start, "the checksum of the table of symbols is wrong: a name or the value of a label may be damaged"));
        }
        Ok((Self { bytes, places, version }, end))
    }

    fn text(&self, reference: u64) -> Option<String> {
        let index = if self.version == 1 {
            self.places.binary_search_by_key(&reference, |place| place.0).ok()?
        } else {
            usize::try_from(reference).ok()?
        };
        let (_, from, length) = *self.places.get(index)?;
        self.bytes.get(from as usize..)?.get(..length as usize).map(|text| String::from_utf8_lossy(text).into_owned())
    }
}

struct Walk<'a> {
    window: Window<'a>,
    version: u8,
    symbols: &'a Symbols,
    /// Whether the end of the series is known; else other sections follow, which look like damage.
    is_bounded: bool,
}

impl Walk<'_> {
    fn run(&mut self, (start, end): (u64, u64), take: &mut dyn FnMut(Series), report: &mut dyn FnMut(Fault)) -> Result<(), Fault> {
        let step = if self.version == 1 { 1 } else { ALIGN };
        let (mut at, mut searched, mut n_read) = (start.next_multiple_of(step), 0, 0_u64);
        let mut lost: Option<Fault> = None;
        while at < end {
            if self.window.up_to(at, 1)?.first() == Some(&0) {
                at += step; // padding
                continue;
            }
            match self.one(at, end) {
                Ok((series, next)) => {
                    if let Some(fault) = lost.take() {
                        report(Fault::new(fault.at, format!("{}; series are read again from {at} on", fault.reason)));
                    }
                    n_read += 1;
                    take(series);
                    at = next.next_multiple_of(step);
                }
                Err(fault) => {
                    searched += fault.1;
                    if searched > MAX_SEARCH_BYTES || !self.is_bounded && n_read > 0 {
                        break;
                    }
                    lost.get_or_insert(fault.0);
                    at += step;
                }
            }
        }
        if let Some(fault) = lost.filter(|_| self.is_bounded || n_read == 0) {
            report(Fault::new(fault.at, format!("{}; no series could be read behind it", fault.reason)));
        }
        Ok(())
    }

    /// The series at `at` and where it ends; else why not, and how many bytes were looked at.
    fn one(&mut self, at: u64, end: u64) -> Result<(Series, u64), (Fault, u64)> {
        let bad = |reason: &str, n: u64| (Fault::new(at, format!("the series here {reason}")), n + 16);
        let head = self.window.up_to(at, 10).map_err(|fault| (fault, 16))?;
        let mut cursor = Cursor::new(head);
        let length = cursor.uvarint().ok_or_else(|| bad("has no length", 0))?;
        let body = at + (head.len() - cursor.rest().len()) as u64;
        if length > MAX_SERIES_BYTES || body + length + 4 > end {
            return Err(bad("is longer than the section that holds it", 0));
        }
        let bytes = self.window.get(body..body + length + 4).map_err(|fault| (fault, 16))?;
        let (bytes, sum) = bytes.split_at(length as usize);
        if Cursor::new(sum).be32() != Some(crc32c(bytes)) {
            return Err(bad("has a wrong checksum", length));
        }
        let mut series = series(bytes, self.symbols).map_err(|reason| bad(reason, length))?;
        series.reference = if self.version == 1 { at } else { at / ALIGN };
        Ok((series, body + length + 4))
    }
}

fn series(bytes: &[u8], symbols: &Symbols) -> Result<Series, &'static str> {
    const CUT: &str = "ends too early";
    const NO_SYMBOL: &str = "names a symbol that is not there";
    let mut cursor = Cursor::new(bytes);
    let mut series = Series::default();
    for _ in 0..cursor.uvarint().ok_or(CUT)? {
        let (name, value) = (cursor.uvarint().ok_or(CUT)?, cursor.uvarint().ok_or(CUT)?);
        series.labels.push((symbols.text(name).ok_or(NO_SYMBOL)?, symbols.text(value).ok_or(NO_SYMBOL)?));
    }
    let n_chunks = cursor.uvarint().ok_or(CUT)?;
    let (mut time, mut reference) = (0_i64, 0_u64);
    for index in 0..n_chunks {
        let min_ms = match index {
            0 => cursor.varint().ok_or(CUT)?,
            _ => time.wrapping_add(cursor.uvarint().ok_or(CUT)? as i64),
        };
        let max_ms = min_ms.wrapping_add(cursor.uvarint().ok_or(CUT)? as i64);
        reference = match index {
            0 => cursor.uvarint().ok_or(CUT)?,
            _ => reference.wrapping_add(cursor.varint().ok_or(CUT)? as u64),
        };
        series.chunks.push(ChunkMeta { min_ms, max_ms, reference });
        time = max_ms;
    }
    Ok(series)
}
