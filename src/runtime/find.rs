//! What a find asks of a source: how records hold what is typed, the best of them, and which number a hit has.

use crate::app::message::{Look, LookQuery, Words};
use crate::model::find::{Fit, conditions};
use crate::model::query::{BestQuery, PageStart, PatternQuery, TextPattern};
use crate::model::{EventFilter, EventQuery, EventRef, TimeRange, Timestamp};
use crate::source::{Job, Source, SourceError};

/// Records scored by their text while somebody types, at some 6 us each; those that fit by their message cost nothing.
const SCORED: u64 = 16_000;
/// Hits at one moment among which a hit is counted.
const AT_ONE_MOMENT: usize = 10_000;

/// The strictest way in which any record holds what is typed, and the best of those that do.
pub fn look(source: &dyn Source, query: &LookQuery, job: &Job) -> Result<Look, SourceError> {
    let mut last = Look::default();
    for fit in Fit::ALL {
        let Some(wanted) = conditions(&query.pattern, fit) else { continue };
        let mut filter = query.filter.clone();
        filter.text.extend(wanted.iter().cloned());
        let best = match &query.pattern {
            TextPattern::Fuzzy(letters) => best(source, filter, letters, query.limit.max(1), job)?,
            _ => after(source, filter, query, job)?,
        };
        let is_found = !best.is_empty();
        last = Look { wanted, fit, best };
        if is_found {
            break;
        }
    }
    last.best.truncate(query.limit);
    Ok(last)
}

fn best(source: &dyn Source, filter: EventFilter, letters: &str, limit: usize, job: &Job) -> Result<Vec<crate::model::Event>, SourceError> {
    let query = BestQuery { filter, range: None, letters: letters.to_owned(), limit, budget: SCORED };
    source.best(&query, job)?.value.into_iter().map(|hit| source.event(hit.id, job)).collect()
}

fn after(source: &dyn Source, filter: EventFilter, query: &LookQuery, job: &Job) -> Result<Vec<crate::model::Event>, SourceError> {
    let page = EventQuery { filter, range: None, start: PageStart::AtOrAfter(query.from), limit: query.limit };
    Ok(if query.limit == 0 { Vec::new() } else { source.events(&page, job)?.value.events })
}

/// How many events that pass come before this one in the order (time, source, record).
pub fn position(source: &dyn Source, filter: &EventFilter, (id, at): (EventRef, Timestamp), job: &Job) -> Result<u64, SourceError> {
    let before = source.count(filter, Some(TimeRange::new(Timestamp::MIN, at)), job)?.value;
    let range = Some(TimeRange::new(at, at.plus_ns(1)));
    let page = EventQuery { filter: filter.clone(), range, start: PageStart::AtOrAfter(at), limit: AT_ONE_MOMENT };
    let here = source.events(&page, job)?.value.events.iter().position(|event| event.id == id);
    Ok(before + here.unwrap_or(0) as u64)
}

/// What filters and finds may name.
pub fn words(source: &dyn Source, job: &Job) -> Result<Words, SourceError> {
    let fields = source.fields(job)?.value;
    // A source that finds no patterns has other words.
    let patterns = match source.patterns(&PatternQuery::default(), job) {
        Ok(patterns) => patterns.value,
        Err(SourceError::Cancelled) => return Err(SourceError::Cancelled),
        Err(_) => Vec::new(),
    };
    Ok(Words { fields, patterns })
}
