//! A source behind a curtain: it answers as if nothing from a moment on had happened yet.
//!
//! Every question is cut at the moment, so that no pane can leak what comes later. A column in which the moment lies
//! is asked for again up to it: the other columns are exactly those without a curtain. What cannot be cut is refused.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Answer, Job, RawLines, Source, SourceError};
use crate::model::facets::{FacetQuery, Facets};
use crate::model::known::{before, cut_columns, cut_histogram, n_known};
use crate::model::query::{BestEvent, BestQuery, FieldSeen, HistogramQuery, PageStart, Pattern, PatternQuery, ValueAt};
use crate::model::skew::Stamp;
use crate::model::{
    Catalog, Columns, Event, EventFilter, EventPage, EventQuery, EventRef, Histogram, Sample, SeriesId, SeriesQuery, SourceId, TimeRange,
    Timestamp,
};

/// What is known of a source before a moment.
pub struct Curtain<'a> {
    source: &'a dyn Source,
    until: Timestamp,
}

impl<'a> Curtain<'a> {
    /// Hides what lies at or after `until`.
    pub fn new(source: &'a dyn Source, until: Timestamp) -> Self {
        Self { source, until }
    }

    /// The part of a range that is known; of everything, what has a time.
    fn cut(&self, range: Option<TimeRange>) -> Option<TimeRange> {
        before(range.unwrap_or(TimeRange::new(Timestamp::MIN, Timestamp::MAX)), self.until)
    }

    /// The column in which the curtain hangs and the part of it that is known.
    fn part(&self, range: TimeRange, columns: NonZeroUsize) -> Option<(usize, TimeRange)> {
        let column = n_known(range, columns.get(), self.until);
        let start = range.edge(column.min(columns.get()), columns);
        (column < columns.get() && start < self.until).then(|| (column, TimeRange::new(start, self.until)))
    }

    fn whole_columns(&self, query: &SeriesQuery, job: &Job) -> Result<Answer<Vec<Columns>>, SourceError> {
        let mut answer = self.source.series(query, job)?;
        answer.value.iter_mut().for_each(|columns| cut_columns(columns, self.until));
        Ok(answer)
    }
}

impl Source for Curtain<'_> {
    fn catalog(&self, job: &Job) -> Result<Arc<Catalog>, SourceError> {
        Ok(Arc::new(self.source.catalog(job)?.known_until(self.until)))
    }

    fn series(&self, query: &SeriesQuery, job: &Job) -> Result<Answer<Vec<Columns>>, SourceError> {
        let mut answer = self.whole_columns(query, job)?;
        if let Some((column, range)) = self.part(query.range, query.columns) {
            let part = self.source.series(&SeriesQuery { ids: query.ids.clone(), range, columns: NonZeroUsize::MIN }, job)?;
            for (columns, part) in answer.value.iter_mut().zip(part.value) {
                columns.columns[column] = part.columns.first().copied().flatten();
            }
        }
        Ok(answer)
    }

    fn values_at(&self, ids: &[SeriesId], at: Timestamp, job: &Job) -> Result<Answer<Vec<Option<ValueAt>>>, SourceError> {
        self.source.values_at(ids, at.min(self.until.plus_ns(-1)), job)
    }

    fn samples(&self, id: SeriesId, range: TimeRange, limit: usize, job: &Job) -> Result<Answer<Vec<Sample>>, SourceError> {
        match before(range, self.until) {
            Some(range) => self.source.samples(id, range, limit, job),
            None => Ok(Answer::complete(Vec::new())),
        }
    }

    fn histogram(&self, query: &HistogramQuery, job: &Job) -> Result<Answer<Histogram>, SourceError> {
        let mut answer = self.source.histogram(query, job)?;
        cut_histogram(&mut answer.value, self.until);
        if let Some((column, range)) = self.part(query.range, query.columns) {
            let part = self.source.histogram(&HistogramQuery { range, columns: NonZeroUsize::MIN, ..query.clone() }, job)?;
            for (key, counts) in part.value.groups {
                let count = counts.first().copied().unwrap_or(0);
                if count > 0 {
                    answer.value.groups.entry(key).or_insert_with(|| vec![0; query.columns.get()])[column] = count;
                }
            }
        }
        Ok(answer)
    }

    fn facets(&self, query: &FacetQuery, job: &Job) -> Result<Answer<Facets>, SourceError> {
        match before(query.range, self.until) {
            Some(range) => self.source.facets(&FacetQuery { range, ..query.clone() }, job),
            None => Ok(Answer::complete(Facets::default())),
        }
    }

    fn events(&self, query: &EventQuery, job: &Job) -> Result<Answer<EventPage>, SourceError> {
        match self.cut(query.range).filter(|_| !matches!(query.start, PageStart::Unplaced(_))) {
            Some(range) => self.source.events(&EventQuery { range: Some(range), ..query.clone() }, job),
            // Nobody knows when a record without a time was written.
            None => Ok(Answer::complete(EventPage::default())),
        }
    }

    fn event(&self, id: EventRef, job: &Job) -> Result<Event, SourceError> {
        let event = self.source.event(id, job)?;
        if event.time.is_some_and(|at| at < self.until) {
            return Ok(event);
        }
        Err(SourceError::Question("the event lies behind the curtain; t . opens it".into()))
    }

    fn count(&self, filter: &EventFilter, range: Option<TimeRange>, job: &Job) -> Result<Answer<u64>, SourceError> {
        match self.cut(range) {
            Some(range) => self.source.count(filter, Some(range), job),
            None => Ok(Answer::complete(0)),
        }
    }

    fn patterns(&self, query: &PatternQuery, job: &Job) -> Result<Answer<Vec<Pattern>>, SourceError> {
        let Some(range) = self.cut(query.range) else { return Ok(Answer::complete(Vec::new())) };
        let known = |window: TimeRange| before(window, self.until).unwrap_or(TimeRange::new(self.until, self.until));
        let windows = query.windows.map(|(a, b)| (known(a), known(b)));
        self.source.patterns(&PatternQuery { range: Some(range), windows, ..query.clone() }, job)
    }

    fn patterns_of(&self, ids: &[EventRef], job: &Job) -> Result<Answer<Vec<Option<u32>>>, SourceError> {
        self.source.patterns_of(ids, job)
    }

    fn best(&self, query: &BestQuery, job: &Job) -> Result<Answer<Vec<BestEvent>>, SourceError> {
        match self.cut(query.range) {
            Some(range) => self.source.best(&BestQuery { range: Some(range), ..query.clone() }, job),
            None => Ok(Answer::complete(Vec::new())),
        }
    }

    /// Names only: values and counts are those of all the data.
    fn stamps(&self, job: &Job) -> Result<Answer<Vec<Stamp>>, SourceError> {
        let mut answer = self.source.stamps(job)?;
        answer.value.retain(|stamp| stamp.time < self.until);
        Ok(answer)
    }

    fn fields(&self, job: &Job) -> Result<Answer<Vec<FieldSeen>>, SourceError> {
        let mut answer = self.source.fields(job)?;
        for field in &mut answer.value {
            *field = FieldSeen { name: std::mem::take(&mut field.name), ..FieldSeen::default() };
        }
        Ok(answer)
    }

    fn lines(&self, source: SourceId, first: u64, last: u64, job: &Job) -> Result<RawLines, SourceError> {
        self.source.lines(source, first, last, job)
    }

    fn file(&self, source: SourceId) -> Option<PathBuf> {
        self.source.file(source)
    }

    fn sha256(&self, source: SourceId, job: &Job) -> Result<String, SourceError> {
        self.source.sha256(source, job)
    }
}
