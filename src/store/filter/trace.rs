//! The records of one trace: by the column where a record tells its trace, by a search in the text where it does not.
//!
//! An id that some record has as its own is taken whole: then a record of another trace is never read. A part of an id,
//! or one that stands in text only, is searched for as any text. The column keeps a hash, so its hits are read and checked.

use std::sync::Arc;

use crate::parse::trace_hash;

use super::super::StoreError;
use super::super::log::Log;
use super::plan::{Bits, Part, is_none};
use super::text::{Matcher, each_block};

#[derive(Clone)]
pub(super) struct TracePlan {
    id: String,
    /// The hash of the id, if a record has it.
    hash: Option<u32>,
    text: Matcher,
}

impl TracePlan {
    /// O(records) of a few bytes each.
    pub fn new(id: &str, logs: &[Arc<Log>]) -> Self {
        let hash = trace_hash(id.as_bytes());
        let segments = || logs.iter().flat_map(|log| &log.segments);
        let is_known = segments().any(|segment| segment.columns.has_trace(hash));
        Self { id: id.to_owned(), hash: is_known.then_some(hash), text: Matcher::exact(id) }
    }

    /// Whether the answer of the other plan for the same id holds for this one.
    pub fn is_same(&self, other: &Self) -> bool {
        self.hash == other.hash
    }

    pub const fn cost(&self) -> u8 {
        self.text.cost()
    }

    /// Those of the wanted records that are of the trace.
    pub fn hits(&self, part: &Part<'_>, wanted: &[u64]) -> Result<Bits, StoreError> {
        let Some(hash) = self.hash else { return self.text.hits(part, wanted) };
        let columns = &part.segment().columns;
        let of_hash = |hash: u32| columns.with_trace(hash, wanted);
        let silent = of_hash(0);
        let mut found = if is_none(&silent) { vec![0; wanted.len()] } else { self.text.hits(part, &silent)? };
        let own = of_hash(hash);
        if is_none(&own) {
            return Ok(found);
        }
        each_block(part, &own, |block| {
            for i in block.records.clone().filter(|i| own[i / 64] >> (i % 64) & 1 == 1) {
                let is_own = part.log.detail(block.whole(i)).trace_id.as_deref() == Some(&self.id);
                found[i / 64] |= u64::from(is_own) << (i % 64);
            }
        })?;
        Ok(found)
    }
}
