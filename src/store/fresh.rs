//! The events among those that came last: what a follower prints.

use std::ops::Range;

use crate::model::{EventFilter, EventRef, SourceId, TimeRange};
use crate::parse::NO_TIME;

use super::events::{Events, is_inside};
use super::{StoreError, Watch};

impl Events<'_> {
    /// Those of the given records that pass, in order of time; records without a time come last, and only without a range.
    pub fn fresh(
        &self,
        filter: &EventFilter,
        range: Option<TimeRange>,
        records: &[(SourceId, Range<u64>)],
        watch: &Watch<'_>,
    ) -> Result<Vec<EventRef>, StoreError> {
        let filter = self.filter(filter)?;
        let mut found = Vec::new();
        for (source, records) in records.iter().filter(|(source, _)| filter.wants_source(*source)) {
            let Some(log) = self.logs.iter().find(|log| log.source() == *source) else { continue };
            for (at, segment) in log.segments.iter().enumerate() {
                let own = segment.base_record..segment.base_record + segment.len() as u64;
                let wanted = own.start.max(records.start)..own.end.min(records.end);
                if wanted.is_empty() {
                    continue;
                }
                let selection = self.selections.get(&filter, log, at, watch)?;
                for record in wanted {
                    let i = (record - segment.base_record) as usize;
                    let time = segment.columns.time(i);
                    if selection.contains(i) && range.is_none_or(|range| is_inside(time, range)) {
                        found.push((time == NO_TIME, time, EventRef { source: *source, record }));
                    }
                }
            }
        }
        found.sort_unstable_by_key(|(is_unplaced, time, id)| (*is_unplaced, *time, *id));
        Ok(found.into_iter().map(|(_, _, id)| id).collect())
    }
}
