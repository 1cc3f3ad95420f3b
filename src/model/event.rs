//! One log record as the screen and the exports show it, and how it is named.
//!
//! The store keeps only columns; an [`Event`] is made again from the text of its source when it is asked for.

use super::time::Timestamp;

/// Index of a source in the catalog: sources are sorted by path, so it does not depend on load order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(pub u32);

/// Names one event: its source and its position there, counted from 0 in file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventRef {
    /// The source that holds the record.
    pub source: SourceId,
    /// Index of the record in the source, in file order.
    pub record: u64,
}

/// Severity, least first. `Unknown` is for records that state none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Level {
    /// No level in the record.
    #[default]
    Unknown,
    /// Finest detail.
    Trace,
    /// Detail for developers.
    Debug,
    /// Normal operation (also notice).
    Info,
    /// Something to look at.
    Warn,
    /// Something failed.
    Error,
    /// The process or system gave up (also panic, critical, alert, emergency).
    Fatal,
}

impl Level {
    /// All levels, least severe first.
    pub const ALL: [Self; 7] = [Self::Unknown, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Lower-case name as used in JSON and filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// Reads a level as loggers write it: any case, short and long forms, syslog words. Not numbers,
    /// whose meaning depends on the logger.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        let mut lower = [0u8; 16];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"trace" | b"trc" | b"trce" | b"finest" | b"finer" | b"verbose" | b"silly" => Self::Trace,
            b"debug" | b"dbg" | b"fine" | b"debg" | b"dbug" => Self::Debug,
            b"info" | b"inf" | b"information" | b"informational" | b"notice" | b"log" | b"http" | b"normal" | b"config" | b"success" => {
                Self::Info
            }
            b"warn" | b"wrn" | b"warning" => Self::Warn,
            b"error" | b"err" | b"eror" | b"severe" | b"failure" | b"fail" => Self::Error,
            b"fatal" | b"ftl" | b"panic" | b"pnc" | b"dpanic" | b"critical" | b"crit" | b"alert" | b"emerg" | b"emergency" => Self::Fatal,
            _ => return None,
        })
    }
}

/// One log record, ready to show. Text is as in the source (lossy where it was not UTF-8), not yet escaped:
/// pass it through `model::text` before it reaches a terminal or an export.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event {
    /// What to call it.
    pub id: EventRef,
    /// Its time; `None` for a record that could not be placed.
    pub time: Option<Timestamp>,
    /// Nanoseconds by which its time was moved from the stated one, because the clock of its source was wrong.
    pub clock_ns: i64,
    /// Severity as stated.
    pub level: Level,
    /// Service, from the record or else from the source's name.
    pub service: Option<String>,
    /// Path of the source as in the catalog.
    pub source: String,
    /// First line of the record in its source, counted from 1.
    pub line: u64,
    /// Number of lines, 1 unless folded.
    pub n_lines: u32,
    /// The human sentence; for structured records the message role, else the rest of the line.
    pub message: String,
    /// Trace id, if the record has one.
    pub trace_id: Option<String>,
    /// How long it took, in seconds, if the record says so.
    pub latency_s: Option<f32>,
    /// Further fields in the order of the record: name and value as text (JSON values stay JSON).
    pub fields: Vec<(String, String)>,
    /// The whole record as in the source, cut at a stated limit.
    pub raw: String,
}
