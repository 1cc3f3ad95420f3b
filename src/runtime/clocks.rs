//! Gathers shared traces from a source, so that `analysis::skew` can compare the clocks of its files.
//!
//! Trace ids are taken from a few moments over the whole extent; one pass over the text then finds all events that name
//! one of them, however far a clock is off. Bounded in ids and events, whatever the size of the data.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::analysis::skew::{self, Stamp};
use crate::model::query::{PageStart, TextMatch, TextPattern};
use crate::model::skew::ClockCheck;
use crate::model::{EventFilter, EventQuery, Timestamp};
use crate::source::{Job, Source, SourceError};

/// Moments at which trace ids are taken: some of them lie before the trouble, where requests are quick.
const MOMENTS: usize = 10;
/// Events read at each moment, and trace ids taken from them.
const PER_MOMENT: (usize, usize) = (400, 60);
/// A shorter id would be found in text that means something else.
const MIN_ID_BYTES: usize = 8;
/// Events of all traces together, and of one page.
const MAX_EVENTS: usize = 20_000;
const PAGE: usize = 4_000;

/// Compares the clocks of all sources that share traces.
pub fn check(source: &dyn Source, job: &Job) -> Result<ClockCheck, SourceError> {
    let ids = sample(source, job)?;
    if ids.is_empty() {
        return Ok(ClockCheck::default());
    }
    let alternatives: Vec<String> = ids.keys().map(|id| regex::escape(id)).collect();
    let pattern = TextPattern::Regex(alternatives.join("|"));
    let filter = EventFilter { text: vec![TextMatch { pattern, is_negated: false }], ..EventFilter::default() };
    let mut stamps = Vec::new();
    let mut start = PageStart::AtOrAfter(Timestamp::MIN);
    while stamps.len() < MAX_EVENTS {
        let page = source.events(&EventQuery { filter: filter.clone(), range: None, start, limit: PAGE }, job)?.value;
        for event in &page.events {
            let trace = event.trace_id.as_ref().and_then(|id| ids.get(id));
            if let (Some(trace), Some(time)) = (trace, event.time) {
                let length_ns = (f64::from(event.latency_s.unwrap_or(0.0)) * 1e9) as i64;
                stamps.push(Stamp { trace: *trace, source: event.id.source, time, length_ns });
            }
        }
        match page.events.last() {
            Some(last) if page.has_more => start = PageStart::After(last.id),
            _ => break,
        }
    }
    Ok(skew::check(&stamps))
}

/// Trace ids and their numbers.
fn sample(source: &dyn Source, job: &Job) -> Result<BTreeMap<String, usize>, SourceError> {
    let mut ids = BTreeMap::new();
    let Some(extent) = source.catalog(job)?.extent else { return Ok(ids) };
    let moments = std::num::NonZeroUsize::new(MOMENTS).expect("not zero");
    for moment in extent.split(moments) {
        let start = PageStart::AtOrAfter(moment.start());
        let query = EventQuery { filter: EventFilter::default(), range: None, start, limit: PER_MOMENT.0 };
        let page = source.events(&query, job)?.value;
        let mut n_new = 0;
        for id in page.events.into_iter().filter_map(|event| event.trace_id).filter(|id| id.len() >= MIN_ID_BYTES) {
            let next = ids.len();
            if n_new < PER_MOMENT.1
                && let Entry::Vacant(place) = ids.entry(id)
            {
                place.insert(next);
                n_new += 1;
            }
        }
    }
    Ok(ids)
}
