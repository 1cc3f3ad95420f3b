//! The trace of the pane: which id it follows, its events, and what its traces tell of the clocks.
//!
//! It follows the selected event while another pane has the keys; in the pane itself the trace stays, so that one can
//! walk through its events.

use crate::model::query::PageStart;
use crate::model::skew::ClockCheck;
use crate::model::trace::Trace;
use crate::model::{EventFilter, EventPage, EventQuery, Timestamp};

/// Events of one trace that are listed: more are a loop, and the head says so.
const MAX_EVENTS: usize = 1_000;

/// The pane.
#[derive(Debug, Clone, Default)]
pub(crate) struct TracePane {
    /// The id that is shown; `None` when no selected event had one.
    pub(crate) id: Option<String>,
    /// Its events, once they came.
    pub(crate) found: Option<Trace>,
    /// What all traces tell of the clocks.
    pub(crate) clocks: Option<ClockCheck>,
}

impl TracePane {
    /// The question for the events of the id.
    pub(crate) fn question(&self) -> Option<EventQuery> {
        let filter = EventFilter { trace_id: Some(self.id.clone()?), ..EventFilter::default() };
        Some(EventQuery { filter, range: None, start: PageStart::AtOrAfter(Timestamp::MIN), limit: MAX_EVENTS })
    }

    /// Takes the answer.
    pub(crate) fn take(&mut self, query: &EventQuery, page: EventPage) {
        self.found = query.filter.trace_id.clone().map(|id| Trace::new(id, page));
    }

    /// The trace, if it is that of the id.
    pub(crate) fn shown(&self) -> Option<&Trace> {
        self.found.as_ref().filter(|trace| Some(&trace.id) == self.id.as_ref())
    }
}
