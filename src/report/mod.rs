//! From a case and its facts to a postmortem: pure, deterministic, every number recomputable.
//!
//! `Facts` is all that a report knows of the outside; `runtime` answers it from a source.
//! `case_file` turns the case document into text files and back; `postmortem` gathers plain values from a
//! case and its facts; `markdown`, `html`, `json` and `exchange` print them, `svg` draws the charts; `layout` says which
//! sections stand where, `redact` takes out what is not for the reader, `escape` is the gate that every foreign word passes;
//! `blocks` keeps what people wrote into a document; `lint` and `verify` judge it.

pub mod blocks;
pub mod case_file;
pub mod escape;
pub mod exchange;
pub mod format;
pub mod html;
pub mod json;
pub mod layout;
pub mod lint;
pub mod markdown;
pub mod postmortem;
pub mod print;
pub mod redact;
pub mod secrets;
pub mod spark;
pub mod style;
pub mod svg;
pub mod template;
pub mod verify;
pub mod words;

use crate::model::case::{Evidence, Standing};
use crate::model::query::ValueAt;
use crate::model::skew::ClockCheck;
use crate::model::{Catalog, EventFilter, Sample, SeriesId, TimeRange, Timestamp};

/// What a report asks. Answers must not depend on threads, order of load or cache.
pub trait Facts {
    /// The complete catalog.
    fn catalog(&self) -> &Catalog;
    /// Value at or before a moment, `None` when there is none or it is stale.
    fn value_at(&self, id: SeriesId, at: Timestamp) -> Option<ValueAt>;
    /// All samples inside a range.
    fn samples(&self, id: SeriesId, range: TimeRange) -> Vec<Sample>;
    /// Number of log events that pass a filter inside a range.
    fn count(&self, filter: &EventFilter, range: TimeRange) -> u64;
    /// What shared traces tell of the clocks of the sources; nothing when nobody looked.
    fn clocks(&self) -> ClockCheck {
        ClockCheck::default()
    }
    /// Where a piece of evidence stands now; `None`: nobody looked.
    fn standing(&self, _evidence: &Evidence) -> Option<Standing> {
        None
    }
    /// SHA-256 of a source by its path, lower-case hex.
    fn sha256(&self, path: &str) -> Option<String>;
    /// SHA-256 of the raw bytes of lines of a source, both ends included; `None` when it has no such lines.
    fn lines_sha256(&self, path: &str, first: u64, last: u64) -> Option<String> {
        let _ = (path, first, last);
        None
    }
}
