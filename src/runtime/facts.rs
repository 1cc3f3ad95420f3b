//! What a report may ask, answered from a source. The report itself knows no source.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::answer::hex;
use super::names;
use crate::model::case::{Evidence, Standing};
use crate::model::query::ValueAt;
use crate::model::skew::ClockCheck;
use crate::model::{CaseDoc, Catalog, EventFilter, Sample, SeriesId, TimeRange, Timestamp};
use crate::report::Facts;
use crate::source::{Job, Source, SourceError};

/// Facts of a completely loaded source.
pub struct SourceFacts<'a> {
    source: &'a dyn Source,
    catalog: Arc<Catalog>,
    job: Job,
}

impl<'a> SourceFacts<'a> {
    /// Takes a snapshot of the catalog, with sources called as `case` calls them: where an archive lies makes no other document.
    ///
    /// The source must be loaded to its end for the report to be whole. The job may be cancelled: then answers are empty, and nobody waits for them.
    pub fn of_case(source: &'a dyn Source, case: &CaseDoc, job: &Job) -> Result<Self, SourceError> {
        let mut catalog = source.catalog(job)?;
        let names = names::of_case(source, &catalog, case, job);
        if !names.is_empty() {
            let renamed = Arc::make_mut(&mut catalog);
            for (id, name) in names {
                if let Some(report) = renamed.sources.get_mut(id.0 as usize) {
                    report.path = name;
                }
            }
        }
        Ok(Self { source, catalog, job: job.clone() })
    }
}

impl Facts for SourceFacts<'_> {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn value_at(&self, id: SeriesId, at: Timestamp) -> Option<ValueAt> {
        self.source.values_at(&[id], at, &self.job).ok()?.value.into_iter().next().flatten()
    }

    fn samples(&self, id: SeriesId, range: TimeRange) -> Vec<Sample> {
        self.source.samples(id, range, usize::MAX, &self.job).map(|answer| answer.value).unwrap_or_default()
    }

    fn count(&self, filter: &EventFilter, range: TimeRange) -> u64 {
        self.source.count(filter, Some(range), &self.job).map(|answer| answer.value).unwrap_or_default()
    }

    fn clocks(&self) -> ClockCheck {
        super::clocks::check(self.source, &self.job).unwrap_or_default()
    }

    fn standing(&self, evidence: &Evidence) -> Option<Standing> {
        super::standing::standing(self.source, evidence, &self.job).ok()
    }

    fn sha256(&self, path: &str) -> Option<String> {
        let id = self.catalog.source_of(path)?.id;
        self.source.sha256(id, &self.job).ok()
    }

    fn lines_sha256(&self, path: &str, first: u64, last: u64) -> Option<String> {
        let id = self.catalog.source_of(path)?.id;
        let lines = self.source.lines(id, first, last, &self.job).ok()?;
        (lines.first == first && lines.last == last).then(|| hex(&Sha256::digest(&lines.bytes)))
    }
}
