//! Events of the traces that several logs share, from the columns alone: what comparing their clocks takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::events::Events;
use super::log::Log;
use super::{StoreError, Watch};
use crate::model::skew::Stamp;
use crate::model::{SourceId, Timestamp};
use crate::parse::NO_TIME;

/// About so many events are taken: of more, the traces that a hash of their id picks, from all of the time.
const ABOUT: u64 = 20_000;

impl Events<'_> {
    /// The events of the traces that more than one log has, of a sample of them; none where only one log has trace ids.
    /// O(records); no text is read.
    pub fn stamps(&self, watch: &Watch<'_>) -> Result<Vec<Stamp>, StoreError> {
        let traced = |log: &Arc<Log>| -> u64 {
            let with_ids = log.segments.iter().filter(|segment| segment.columns.may_have_traces());
            with_ids.map(|segment| segment.len() as u64).sum()
        };
        let logs: Vec<(&Arc<Log>, u64)> = self.logs.iter().map(|log| (log, traced(log))).filter(|(_, n)| *n > 0).collect();
        if logs.len() < 2 {
            return Ok(Vec::new());
        }
        let every = u32::try_from(logs.iter().map(|(_, n)| n).sum::<u64>().div_ceil(ABOUT)).unwrap_or(u32::MAX).max(1);
        let mut found: Vec<(u32, SourceId, i64, i64)> = Vec::new();
        for (log, _) in logs {
            for segment in &log.segments {
                watch.check()?;
                let columns = &segment.columns;
                for i in 0..segment.len() {
                    let (trace, time) = (columns.trace(i), columns.time(i));
                    if trace == 0 || time == NO_TIME || trace % every != 0 {
                        continue;
                    }
                    let latency_s = f64::from(columns.latency(i));
                    let length_ns = if latency_s.is_finite() { (latency_s * 1e9) as i64 } else { 0 };
                    found.push((trace, log.source, time, length_ns));
                }
            }
        }
        let mut sources: BTreeMap<u32, BTreeSet<SourceId>> = BTreeMap::new();
        for (trace, source, ..) in &found {
            sources.entry(*trace).or_default().insert(*source);
        }
        let shared = sources.into_iter().filter(|(_, sources)| sources.len() > 1);
        let numbers: BTreeMap<u32, usize> = shared.enumerate().map(|(number, (trace, _))| (trace, number)).collect();
        let stamp = |(trace, source, time, length_ns): (u32, SourceId, i64, i64)| {
            Some(Stamp { trace: *numbers.get(&trace)?, source, time: Timestamp(time), length_ns })
        };
        Ok(found.into_iter().filter_map(stamp).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::filter::Selections;
    use crate::store::testing::{log, watch};

    fn told(logs: &[Arc<Log>]) -> Vec<(usize, u32)> {
        let selections = Selections::default();
        let events = Events { logs, selections: &selections, jobs: 1 };
        events.stamps(&watch()).unwrap_or_default().iter().map(|stamp| (stamp.trace, stamp.source.0)).collect()
    }

    #[test]
    fn only_traces_that_two_logs_share_are_compared() {
        let a = log(0, "a.log", "10 info a trace=one\n11 info a trace=alone\n", 1);
        let b = log(1, "b.log", "12 info b trace=one\n13 info b none\n", 1);
        assert_eq!(told(&[Arc::clone(&a), b]), [(0, 0), (0, 1)]);
        assert!(told(&[a]).is_empty());
    }
}
