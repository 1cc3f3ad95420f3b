//! Log lines of any logger.
use super::{LogChunk, RecordDetail};
use crate::model::Zone;

/// How the lines of one log are read: layouts, key roles, epoch units, zone.
#[derive(Debug, Clone, Default)]
pub struct LogPlan {}
impl LogPlan {
    /// Stand-in.
    pub fn zone(&self) -> Zone {
        Zone::default()
    }
    /// Stand-in.
    pub fn needs_date(&self) -> bool {
        false
    }
}
/// Stand-in.
pub fn parse_chunk(_plan: &LogPlan, _bytes: &[u8]) -> LogChunk {
    LogChunk::default()
}
/// Stand-in.
pub fn read_record(_plan: &LogPlan, _bytes: &[u8]) -> RecordDetail {
    RecordDetail::default()
}

/// Stand-in.
#[derive(Debug, Clone)]
pub struct Joiner;
impl Joiner {
    /// Stand-in.
    pub fn new(_plan: &LogPlan) -> Self {
        Self
    }
    /// Stand-in.
    pub fn join(&mut self, _chunk: &mut LogChunk) {}
}
