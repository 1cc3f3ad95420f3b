//! The newest samples: those of the write-ahead log and of the chunks that the head wrote out, by series reference.
//!
//! References mean nothing outside this folder; `super` puts names to them. What is counted here and not kept, the
//! caller tells the user.

use std::collections::BTreeMap;

use super::super::native::{self, Histogram};
use super::Folder;
use super::bytes::{Cursor, Fault, Window, crc32c};
use super::chunk;
use super::tombstones::Deleted;
use super::wal::Log;
use crate::model::Unit;
use crate::model::series::SeriesKind;

/// First bytes of a file of head chunks.
pub const MAGIC: [u8; 4] = [0x01, 0x30, 0xbc, 0x91];
/// Bytes before the first chunk of a file.
const FILE_HEADER_BYTES: u64 = 8;
/// Series, first and last time, encoding.
const CHUNK_HEADER_BYTES: u64 = 8 + 8 + 8 + 1;
/// A chunk with more bytes than this is damage.
pub const MAX_CHUNK_BYTES: u64 = 1 << 20;

/// Floats and histograms of one series, each by rising time unless they were late.
#[derive(Debug, Default)]
pub struct Samples {
    /// Times in ms and values.
    pub floats: Vec<(i64, f64)>,
    /// Native histograms.
    pub histograms: Vec<Histogram>,
}

/// One series of the head.
#[derive(Debug, Default)]
pub struct HeadSeries {
    /// Its labels, once a record states them.
    pub labels: Option<Vec<(String, String)>>,
    /// From chunks that were written out.
    pub chunks: Samples,
    /// From the write-ahead log.
    pub ahead: Samples,
    /// Late ones, from the write-behind log.
    pub late: Samples,
    /// What was deleted.
    pub deleted: Deleted,
    /// What its metadata says.
    pub meta: Option<(SeriesKind, Unit)>,
}

/// Everything that the head holds.
#[derive(Debug)]
pub struct Head {
    /// By reference.
    pub series: BTreeMap<u64, HeadSeries>,
    /// Exemplars: series, time in ms and value, own labels.
    pub exemplars: Vec<(u64, (i64, f64), Vec<(String, String)>)>,
    /// Records of kinds that are not known.
    pub n_unknown: u64,
    /// Samples that the log holds but Prometheus refused: late, or a second one at the same time.
    pub n_refused: u64,
    /// How many samples may still be taken.
    room: u64,
}

impl Head {
    /// An empty one that takes up to `room` samples.
    pub fn new(room: u64) -> Self {
        Self { series: BTreeMap::new(), exemplars: Vec::new(), n_unknown: 0, n_refused: 0, room }
    }

    /// Whether the limit is reached.
    pub fn is_full(&self) -> bool {
        self.room == 0
    }

    /// How many more samples fit.
    pub fn room(&self) -> u64 {
        self.room
    }

    /// States the labels of a series.
    pub fn name(&mut self, reference: u64, labels: Vec<(String, String)>) {
        self.series.entry(reference).or_default().labels.get_or_insert(labels);
    }

    /// Deletes a stretch of a series.
    pub fn delete(&mut self, reference: u64, first_ms: i64, last_ms: i64) {
        self.series.entry(reference).or_default().deleted.add(first_ms, last_ms);
    }

    /// Takes what metadata says of a series.
    pub fn describe(&mut self, reference: u64, kind: u8, unit: &str) {
        let kind = match kind {
            1 => SeriesKind::Counter,
            3 | 4 => SeriesKind::HistogramPart,
            _ => SeriesKind::Gauge,
        };
        let unit = match unit {
            "seconds" => Unit::Seconds,
            "bytes" => Unit::Bytes,
            "ratio" => Unit::Ratio,
            _ => Unit::None,
        };
        self.series.entry(reference).or_default().meta = Some((kind, unit));
    }

    /// Takes a sample of a log.
    pub fn float(&mut self, reference: u64, sample: (i64, f64), log: Log) {
        let series = self.series.entry(reference).or_default();
        if log == Log::Behind {
            series.late.floats.push(sample);
        } else if series.ahead.floats.last().is_some_and(|last| last.0 >= sample.0) {
            self.n_refused += 1;
            return;
        } else {
            series.ahead.floats.push(sample);
        }
        self.room = self.room.saturating_sub(1);
    }

    /// Takes an exemplar of a log.
    pub fn exemplar(&mut self, reference: u64, sample: (i64, f64), own: Vec<(String, String)>) {
        self.exemplars.push((reference, sample, own));
        self.room = self.room.saturating_sub(1);
    }

    /// Takes a histogram of a log.
    pub fn histogram(&mut self, reference: u64, sample: Histogram, log: Log) {
        let series = self.series.entry(reference).or_default();
        let size = native::n_samples(std::slice::from_ref(&sample));
        if log == Log::Behind {
            series.late.histograms.push(sample);
        } else if series.ahead.histograms.last().is_some_and(|last| last.time_ms >= sample.time_ms) {
            self.n_refused += 1;
            return;
        } else {
            series.ahead.histograms.push(sample);
        }
        self.room = self.room.saturating_sub(size);
    }

    /// Reads a file of chunks that the head wrote out.
    pub fn read_chunks(&mut self, folder: &dyn Folder, file: usize, report: &mut dyn FnMut(Fault)) {
        let mut window = Window::new(folder, file);
        match window.up_to(0, FILE_HEADER_BYTES) {
            Ok(head) if head.get(..4) != Some(&MAGIC[..]) => {
                report(Fault::new(0, "does not begin with the magic number of head chunks"));
            }
            Ok(_) => {}
            Err(fault) => return report(fault),
        }
        let mut at = FILE_HEADER_BYTES;
        while at + CHUNK_HEADER_BYTES <= window.size() && !self.is_full() {
            match self.head_chunk(&mut window, at, report) {
                Ok(Some(next)) => at = next,
                Ok(None) => return,
                Err(fault) => return report(fault),
            }
        }
    }

    /// Reads the chunk at a place; says where the next one is, or nothing behind the last.
    fn head_chunk(&mut self, window: &mut Window<'_>, at: u64, report: &mut dyn FnMut(Fault)) -> Result<Option<u64>, Fault> {
        let head = window.up_to(at, CHUNK_HEADER_BYTES + 10)?;
        let mut cursor = Cursor::new(head);
        let fields = (|| Some((cursor.be64()?, cursor.be64()?, cursor.be64()?, cursor.byte()?)))();
        let Some((reference, min, max, encoding)) = fields else { return Ok(None) };
        if reference == 0 && min == 0 && max == 0 {
            return Ok(None); // room that was set aside
        }
        let cut = |reason: &str| Fault::new(at, format!("the chunk here {reason}; the rest of the file is left out"));
        let length = cursor.uvarint().filter(|length| *length <= MAX_CHUNK_BYTES).ok_or_else(|| cut("has no sensible length"))?;
        let data = (head.len() - cursor.rest().len()) as u64;
        let end = at + data + length;
        if end + 4 > window.size() {
            return Err(Fault::cut(at, "the file ends in the middle of a chunk"));
        }
        let bytes = window.get(at..end + 4)?;
        let (bytes, sum) = bytes.split_at((end - at) as usize);
        if Cursor::new(sum).be32() != Some(crc32c(bytes)) {
            // Where the next one is, is not sure any more.
            return Err(cut("has a wrong checksum"));
        }
        // The highest bit says that its samples came late.
        match chunk::decode(encoding & 0x7f, &bytes[data as usize..]) {
            None => report(Fault::new(at, format!("the encoding {} of a chunk is not known; it is left out", encoding & 0x7f))),
            Some(chunk) => {
                if !chunk.is_whole {
                    report(Fault::cut(at, "a chunk ends before its last sample"));
                }
                let size = chunk.floats.len() as u64 + native::n_samples(&chunk.histograms);
                let series = self.series.entry(reference).or_default();
                series.chunks.floats.extend(chunk.floats);
                series.chunks.histograms.extend(chunk.histograms);
                self.room = self.room.saturating_sub(size);
            }
        }
        Ok(Some(end + 4))
    }
}
