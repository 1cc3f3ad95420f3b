//! The embedded engine: what is kept of the parsed sources, and how it is asked.
//!
//! Events are columns in segments ([`segment`], [`log`]); their text stays where it is and is read again when an
//! event is shown or searched ([`Text`]). Series are samples with a min/max pyramid ([`series`]).
//! Knows nothing of files, archives or screens: `source::files` fills it and hands its answers on.

pub mod acts;
pub mod cache;
mod cells;
mod column;
pub mod columns;
pub mod derive;
pub mod derived;
pub mod ends;
pub mod events;
mod facets;
pub mod fields;
pub mod filter;
mod fresh;
pub mod fuzzy;
pub mod grow;
pub mod histogram;
pub mod late;
pub mod log;
mod moved;
mod parallel;
pub mod patterns;
pub mod promql;
pub mod repeats;
pub mod runtime_trace;
mod sample;
pub mod segment;
pub mod series;
pub mod service;
mod spread;
pub mod stamps;
mod statistic;
mod tally;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Why the store has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The question was taken back.
    #[error("cancelled")]
    Cancelled,
    /// The question cannot be answered as it stands.
    #[error("{0}")]
    Question(String),
    /// Text could not be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which source.
        path: String,
        /// Why.
        reason: String,
    },
}

/// The decoded bytes of one source, wherever they are.
pub trait Text: Send + Sync {
    /// Path as in the catalog.
    fn path(&self) -> &str;
    /// Size at the time of loading.
    fn size_bytes(&self) -> u64;
    /// Exactly these bytes, or an error when the source has shrunk or vanished. Borrowed when they are in memory.
    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>, StoreError>;
    /// The same into a buffer that is used again and again; bytes that are in memory are borrowed and not copied.
    fn read_into<'a>(&'a self, range: Range<u64>, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], StoreError> {
        match self.read(range)? {
            Cow::Borrowed(bytes) => Ok(bytes),
            Cow::Owned(bytes) => {
                *buffer = bytes;
                Ok(buffer)
            }
        }
    }
}

/// Is told how far a question is, from any thread. Counts records.
pub trait Gauge: Sync {
    /// So many records will be looked at.
    fn expect(&self, n_records: u64);
    /// So many more were looked at, and so many of them pass.
    fn advance(&self, n_records: u64, n_found: u64);
}

/// Goes with every question: can tell it to stop, and collects what the user should know about the answer.
pub struct Watch<'a> {
    is_cancelled: &'a (dyn Fn() -> bool + Sync),
    gauge: Option<&'a dyn Gauge>,
    warnings: Mutex<Vec<String>>,
}

impl<'a> Watch<'a> {
    /// Different warnings that one answer carries at most.
    const MAX_WARNINGS: usize = 20;

    /// Asks `is_cancelled` at every block of text and every segment, on any thread.
    pub fn new(is_cancelled: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { is_cancelled, gauge: None, warnings: Mutex::default() }
    }

    /// The same that tells how far it is.
    #[must_use]
    pub fn with_gauge(self, gauge: &'a dyn Gauge) -> Self {
        Self { gauge: Some(gauge), ..self }
    }

    pub(crate) fn expect(&self, n_records: usize) {
        if let Some(gauge) = self.gauge {
            gauge.expect(n_records as u64);
        }
    }

    pub(crate) fn advance(&self, n_records: usize, n_found: u64) {
        if let Some(gauge) = self.gauge {
            gauge.advance(n_records as u64, n_found);
        }
    }

    /// `Err(Cancelled)` once the question was taken back.
    pub fn check(&self) -> Result<(), StoreError> {
        if (self.is_cancelled)() { Err(StoreError::Cancelled) } else { Ok(()) }
    }

    /// Keeps a word for the user; the same word once.
    pub fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if warnings.len() < Self::MAX_WARNINGS && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// The value, or a warning and `None` when its text cannot be read: one lost file does not take the others along.
    pub fn readable<T>(&self, result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error @ StoreError::Unreadable { .. }) => {
                self.warn(error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The warnings so far.
    pub fn into_warnings(self) -> Vec<String> {
        self.warnings.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Logs made by hand: one record a line of `time level service text`, parsed by nothing but the test.

    use std::sync::Arc;

    use super::log::{Log, LogBuilder};
    use super::segment::Draft;
    use super::*;
    use crate::model::{Level, SourceId};
    use crate::parse::template::signature;
    use crate::parse::{LogChunk, LogColumns, Message, NO_SERVICE, NO_TIME, RecordDetail, trace_hash};

    /// Text in memory.
    pub struct Bytes(pub String, pub Vec<u8>);

    impl Text for Bytes {
        fn path(&self) -> &str {
            &self.0
        }
        fn size_bytes(&self) -> u64 {
            self.1.len() as u64
        }
        fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>, StoreError> {
            let gone = || StoreError::Unreadable { path: self.0.clone(), reason: "ends early".into() };
            self.1.get(range.start as usize..range.end as usize).map(Cow::Borrowed).ok_or_else(gone)
        }
    }

    /// `12 error order text` → columns; a line that starts with a blank continues the record before it;
    /// `-` stands for no time, no level, no service.
    pub fn chunk(bytes: &[u8]) -> LogChunk {
        let mut chunk = LogChunk::default();
        let mut columns = LogColumns::default();
        let mut offset = 0u32;
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            let text = String::from_utf8_lossy(line);
            chunk.n_lines += 1;
            if text.starts_with(' ') {
                if columns.offsets.is_empty() {
                    chunk.head_bytes += line.len() as u32;
                    chunk.head_lines += 1;
                } else {
                    chunk.n_continuation_lines += 1;
                }
            } else {
                let mut words = text.trim_end().splitn(4, ' ');
                let mut next = || words.next().unwrap_or("-");
                columns.offsets.push(offset);
                columns.times.push(next().parse().unwrap_or(NO_TIME));
                columns.levels.push(Level::from_word(next().as_bytes()).unwrap_or_default());
                let service = next();
                columns.services.push(match chunk.services.iter().position(|s| s == service) {
                    Some(i) => i as u16,
                    None if service == "-" => NO_SERVICE,
                    None => {
                        chunk.services.push(service.to_owned());
                        (chunk.services.len() - 1) as u16
                    }
                });
                let message = next();
                let status = message.split(' ').find_map(|word| word.strip_prefix("status=")?.parse().ok());
                columns.statuses.push(status.unwrap_or(0));
                columns.latencies.push(message.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(f32::NAN));
                columns
                    .traces
                    .push(message.split(' ').find_map(|word| word.strip_prefix("trace=")).map_or(0, |id| trace_hash(id.as_bytes())));
                columns.message_starts.push(text.find(message).filter(|_| message != "-").unwrap_or(0) as u16);
                columns.message_lens.push(if message == "-" { 0 } else { message.len() as u16 });
                let signature = signature(message.as_bytes());
                columns.messages.push(match chunk.messages.iter().position(|message| message.signature == signature) {
                    Some(i) => i as u32,
                    None => {
                        chunk.messages.push(Message { signature, text: message.into() });
                        (chunk.messages.len() - 1) as u32
                    }
                });
            }
            offset += line.len() as u32;
        }
        chunk.columns = columns;
        chunk
    }

    /// Reads one record back.
    pub fn detail(bytes: &[u8]) -> RecordDetail {
        let text = String::from_utf8_lossy(bytes);
        let first = text.lines().next().unwrap_or("");
        let mut words = first.splitn(4, ' ').skip(2);
        let service = words.next().filter(|s| *s != "-").map(str::to_owned);
        let message = words.next().unwrap_or("").to_owned();
        let word = message.split(' ').next().unwrap_or("").to_owned();
        let mut fields = vec![("word".into(), word)];
        fields.extend(message.split(' ').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())));
        let trace_id = fields.iter().find(|(name, _)| name == "trace").map(|(_, id)| id.clone());
        RecordDetail { service, message, fields, trace_id, ..RecordDetail::default() }
    }

    /// A log of these lines, cut into chunks of `lines_per_chunk` lines.
    pub fn log(source: u32, path: &str, text: &str, lines_per_chunk: usize) -> Arc<Log> {
        Arc::new(builder(source, path, text, lines_per_chunk).snapshot())
    }

    /// The same, to go on with.
    pub fn builder(source: u32, path: &str, text: &str, lines_per_chunk: usize) -> LogBuilder {
        let bytes = Arc::new(Bytes(path.to_owned(), text.as_bytes().to_vec()));
        let mut builder = LogBuilder::new(SourceId(source), bytes, Arc::new(detail));
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for (i, part) in lines.chunks(lines_per_chunk.max(1)).enumerate() {
            let part = part.concat();
            let draft = if i == 0 { Draft::first } else { Draft::later };
            builder.append(draft(chunk(part.as_bytes()), part.as_bytes()), part.len() as u64);
        }
        builder
    }

    /// Never cancelled.
    pub fn watch() -> Watch<'static> {
        Watch::new(&|| false)
    }
}
