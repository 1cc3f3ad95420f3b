//! Gathers the courses in which `analysis::onset` looks for bursts and onsets.

use crate::analysis::onset::{self, COUNT_STRETCHES, SERIES_STRETCHES};
use crate::model::onset::{Onset, OnsetOf, OnsetQuery};
use crate::model::query::{GroupBy, HistogramQuery};
use crate::model::{Level, SeriesQuery};
use crate::source::{Job, Source, SourceError};

/// All of them in order of time.
pub fn find(source: &dyn Source, query: &OnsetQuery, job: &Job) -> Result<Vec<Onset>, SourceError> {
    let catalog = source.catalog(job)?;
    let mut onsets = Vec::new();
    let columns = source.series(&SeriesQuery { ids: query.ids.clone(), range: query.range, columns: SERIES_STRETCHES }, job)?.value;
    for (id, columns) in query.ids.iter().zip(&columns) {
        if let Some(meta) = catalog.series(*id) {
            onsets.extend(onset::of_series(meta, query.baseline, columns));
        }
    }
    job.check()?;
    if catalog.n_events > 0 {
        let (filter, by) = (query.filter.clone(), vec![GroupBy::Level]);
        let histogram = HistogramQuery { filter, range: query.range, columns: COUNT_STRETCHES, by };
        let groups = source.histogram(&histogram, job)?.value.groups;
        for least in [None, Some(Level::Warn), Some(Level::Error)] {
            let mut counts = vec![0; COUNT_STRETCHES.get()];
            let is_counted = |key: &[String]| {
                let level = Level::ALL.into_iter().find(|level| key.first().is_some_and(|name| level.name() == name));
                least.is_none_or(|least| level.is_some_and(|level| level >= least))
            };
            for own in groups.iter().filter(|(key, _)| is_counted(key)).map(|(_, own)| own) {
                counts.iter_mut().zip(own).for_each(|(sum, count)| *sum += count);
            }
            onsets.extend(onset::of_counts(OnsetOf::Events(least), query.baseline, query.range, &counts));
        }
    }
    onsets.sort_by_key(|onset| (onset.at, onset.of));
    Ok(onsets)
}
