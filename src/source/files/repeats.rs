//! Logs that tell of the same events because they were collected in several ways: which ones, said of each, and counted once.
//!
//! All of their records stay; only series of events leave out those that another log tells of (`store::repeats`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::load::Loader;
use crate::model::{Problem, ProblemKind, SourceId, text};
use crate::parse::log::written;
use crate::source::SourceError;
use crate::store::Watch;
use crate::store::repeats::{Repeat, WrittenReader, find, joined};

impl Loader<'_> {
    /// Looks for them among the logs as they are now.
    pub(super) fn find_repeats(&mut self) -> Result<(), SourceError> {
        let mut logs = Vec::new();
        for source in &self.sources {
            let (Some(log), Some(plan)) = (&source.log, source.plan.clone()) else { continue };
            logs.push((Arc::new(log.snapshot()), Box::new(move |record: &[u8]| written(&plan, record)) as WrittenReader<'_>));
        }
        let is_cancelled = || self.job.check().is_err();
        let found = find(&logs, &Watch::new(&is_cancelled))?;
        let mut by_source: BTreeMap<SourceId, Vec<&Repeat>> = BTreeMap::new();
        for repeat in &found {
            by_source.entry(repeat.of).or_default().push(repeat);
        }
        for index in 0..self.sources.len() {
            let repeats = by_source.remove(&SourceId(index as u32)).unwrap_or_default();
            let told: Vec<Problem> = repeats.iter().map(|repeat| self.words(repeat)).collect();
            let source = &mut self.sources[index];
            source.repeats = told;
            if let Some(log) = &mut source.log {
                log.count_elsewhere(joined(repeats.iter().flat_map(|repeat| repeat.records.iter().cloned())));
            }
        }
        Ok(())
    }

    fn words(&self, repeat: &Repeat) -> Problem {
        let report = |id: SourceId| self.sources[id.0 as usize].report_now();
        let (own, other) = (report(repeat.of), &self.sources[repeat.counted_in.0 as usize].report.path);
        let n = match (repeat.n_records, own.n_records) {
            (n, all) if n == all => format!("all {}", text::grouped(n)),
            (n, all) => format!("{} of {}", text::grouped(n), text::grouped(all)),
        };
        let reason = format!("{n} records are in {other} too, the same lines at the same time: series of events count them once, there");
        Problem { line: 0, byte: 0, kind: ProblemKind::Duplicate, reason }
    }
}
