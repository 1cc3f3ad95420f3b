//! What follows from all logs together: series of their events, changes that their records tell, and what is computed of both.

use std::sync::Arc;

use super::Loader;
use crate::source::SourceError;
use crate::source::files::{ComputedSeries, chunks, clocks};
use crate::store::derive::{DerivedSeries, derive};
use crate::store::log::Log;
use crate::store::{Watch, acts, runtime_trace};

impl Loader<'_> {
    /// Rate, error ratio and quantiles of each service, now that all its events are there.
    pub(in crate::source::files) fn derive(&mut self) -> Result<(), SourceError> {
        self.find_repeats()?;
        let logs: Vec<_> = self.sources.iter().filter_map(|source| source.log.as_ref()).map(|log| Arc::new(log.snapshot())).collect();
        let is_cancelled = || self.job.check().is_err();
        let derived = match self.kept_derived() {
            Some(derived) => derived,
            None => self.derived_from(&logs)?,
        };
        self.keep_derived(&derived);
        self.settled.set_derived(derived);
        let watch = Watch::new(&is_cancelled);
        self.settled.set_told(acts::told(&logs, &watch)?, |source| self.sources[source.0 as usize].log.is_some());
        watch.into_warnings().into_iter().for_each(|warning| self.source.notice(warning));
        if self.source.options.computed == ComputedSeries::LeftOut {
            return Ok(());
        }
        let watch = Watch::new(&is_cancelled);
        let computed = self.settled.compute(&watch)?;
        watch.into_warnings().into_iter().for_each(|warning| self.source.notice(warning));
        self.settled.add_computed(computed);
        self.settled.define(&Watch::new(&is_cancelled))?;
        Ok(())
    }

    fn derived_from(&mut self, logs: &[Arc<Log>]) -> Result<Vec<DerivedSeries>, SourceError> {
        let is_cancelled = || self.job.check().is_err();
        let services = clocks::of_services(logs, |source| &self.sources[source.0 as usize].report.format);
        let mut derived = derive(&services, self.source.options.jobs, &Watch::new(&is_cancelled))?;
        for log in logs {
            self.job.check()?;
            let source = &mut self.sources[log.source().0 as usize];
            match &mut source.reading {
                Some(reading) => derived.extend(runtime_trace::derive(log, reading.all_traces(&source.content, log.end_byte())?)),
                // Its columns were kept, the lines between its records were not.
                None => derived.extend(runtime_trace::derive(log, &chunks::traces(&source.content, &source.report.format)?)),
            }
        }
        Ok(derived)
    }
}
