//! Gathers the courses in which `analysis::onset` looks for bursts and onsets.

use crate::analysis::compare;
use crate::analysis::onset::{self, COUNT_STRETCHES, SERIES_STRETCHES};
use crate::model::onset::{Onset, OnsetOf, OnsetQuery};
use crate::model::query::{GroupBy, HistogramQuery, PageStart};
use crate::model::{Catalog, EventQuery, Level, Sample, SeriesQuery, Timestamp};
use crate::source::{Job, Source, SourceError};

/// Samples of one stretch that are looked at.
const MOST_SAMPLES: usize = 100_000;

/// All of them in order of time.
pub fn find(source: &dyn Source, query: &OnsetQuery, job: &Job) -> Result<Vec<Onset>, SourceError> {
    let catalog = source.catalog(job)?;
    let mut onsets = Vec::new();
    let n = onset::stretches(SERIES_STRETCHES, query.range, query.baseline);
    let columns = source.series(&SeriesQuery { ids: query.ids.clone(), range: query.range, columns: n }, job)?.value;
    for (id, columns) in query.ids.iter().zip(&columns) {
        if let Some(meta) = catalog.series(*id) {
            onsets.extend(onset::of_series(meta, query.baseline, columns));
        }
    }
    job.check()?;
    if catalog.n_events > 0 {
        let n = onset::stretches(COUNT_STRETCHES, query.range, query.baseline);
        let (filter, by) = (query.filter.clone(), vec![GroupBy::Level]);
        let histogram = HistogramQuery { filter, range: query.range, columns: n, by };
        let groups = source.histogram(&histogram, job)?.value.groups;
        for least in [None, Some(Level::Warn), Some(Level::Error)] {
            let mut counts = vec![0; n.get()];
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
    for onset in &mut onsets {
        job.check()?;
        if let Some(at) = exact(source, &catalog, query, onset, job)? {
            onset.at = at;
        }
    }
    onsets.sort_by_key(|onset| (onset.at, onset.of));
    Ok(onsets)
}

/// The first sample or event of the stretch that lies beyond what is normal: how wide stretches are must not be seen.
fn exact(source: &dyn Source, catalog: &Catalog, query: &OnsetQuery, onset: &Onset, job: &Job) -> Result<Option<Timestamp>, SourceError> {
    match onset.of {
        OnsetOf::Series(id) => {
            let samples = source.samples(id, onset.within, MOST_SAMPLES, job)?.value;
            let is_level = catalog.series(id).is_some_and(|meta| !compare::is_rate(meta));
            let is_out = |sample: &&Sample| sample.value < onset.limits.0 || sample.value > onset.limits.1;
            // What rises is beyond at the sample that tells so, whatever it says.
            Ok(samples.iter().find(|sample| !is_level || is_out(sample)).or(samples.first()).map(|sample| sample.time))
        }
        OnsetOf::Events(_) if onset.value < onset.normal => Ok(None),
        OnsetOf::Events(level) => {
            let mut filter = query.filter.clone();
            filter.min_level = filter.min_level.max(level);
            let first = EventQuery { filter, range: Some(onset.within), start: PageStart::AtOrAfter(onset.within.start()), limit: 1 };
            Ok(source.events(&first, job)?.value.events.first().and_then(|event| event.time))
        }
    }
}
