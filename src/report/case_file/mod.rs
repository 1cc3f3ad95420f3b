//! The case document as text files that merge in git, and back. Pure: texts in, texts out.
//!
//! `case.toml` keeps every comment, unknown key and order; only values that changed are touched.
//! `annotations.jsonl` is one record a line; whatever this version does not understand (a broken line, a
//! conflict marker, a field, a kind) is kept and written back. Who reads and writes the files: `runtime::journal`.

mod annotations;
mod lists;
mod lock;
mod merge;
mod merge_meta;
mod meta;
mod reading;
mod screen;
mod set;
mod tables;
#[cfg(test)]
pub(super) mod tests;
mod view;

pub use crate::model::case::{annotation_from_json, annotation_to_json, kind_from_fields, parse_time};
pub use annotations::{LoadedAnnotations, SideLine, parse_annotations, write_annotations};
pub use lock::{LockedSource, lock_sources, merge_lock, parse_lock, write_lock};
pub use merge::{Merged, merge_annotations};
pub use merge_meta::{merge_meta, settle_meta};
pub use meta::{LoadedMeta, MetaError, parse_meta, write_meta};
pub use set::set_meta;
