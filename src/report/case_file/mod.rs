//! The case document as text files that merge in git, and back. Pure: texts in, texts out.
//!
//! `case.toml` keeps every comment, unknown key and order; only values that changed are touched.
//! `annotations.jsonl` is one record a line; whatever this version does not understand (a broken line, a
//! conflict marker, a field, a kind) is kept and written back. Who reads and writes the files: `runtime::journal`.

mod annotations;
mod lists;
mod lock;
mod meta;
mod record;
mod tables;
#[cfg(test)]
pub(super) mod tests;
mod view;

pub use annotations::{LoadedAnnotations, SideLine, parse_annotations, write_annotations};
pub use lock::{LockedSource, lock_sources, parse_lock, write_lock};
pub use meta::{LoadedMeta, MetaError, parse_meta, write_meta};
pub use record::{annotation_from_json, annotation_to_json, kind_from_fields};

use crate::model::Timestamp;

/// Reads an RFC 3339 time as the files hold it; `None` when it is none or outside 1678…2262.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt().map(Timestamp)
}
