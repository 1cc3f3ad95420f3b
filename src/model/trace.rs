//! One trace: all events that name one trace id, in time order, with what lies between them.
//!
//! Times are those of the sources. A clock that seems wrong is told beside them (`model::skew`), never corrected here.

use super::event::Event;
use super::query::EventPage;
use super::time::Timestamp;

/// The events of one trace id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// The id.
    pub id: String,
    /// Placed events in the order (time, source, record).
    pub events: Vec<Event>,
    /// Whether there are more than were read.
    pub has_more: bool,
}

impl Trace {
    /// The placed events of a page that was filtered by the id.
    pub fn new(id: impl Into<String>, page: EventPage) -> Self {
        let events = page.events.into_iter().filter(|event| event.time.is_some()).collect();
        Self { id: id.into(), events, has_more: page.has_more }
    }

    /// Time of the first event.
    pub fn first(&self) -> Option<Timestamp> {
        self.events.first()?.time
    }

    /// Time of the last event.
    pub fn last(&self) -> Option<Timestamp> {
        self.events.last()?.time
    }

    /// From the first to the last event, in ns; `None` without events.
    pub fn duration_ns(&self) -> Option<i64> {
        Some(self.last()?.since(self.first()?))
    }

    /// From the first event to this one, in ns.
    pub fn offset_ns(&self, index: usize) -> Option<i64> {
        Some(self.events.get(index)?.time?.since(self.first()?))
    }

    /// From the event before to this one, in ns; `None` for the first.
    pub fn gap_ns(&self, index: usize) -> Option<i64> {
        let before = self.events.get(index.checked_sub(1)?)?.time?;
        Some(self.events.get(index)?.time?.since(before))
    }

    /// The event after the widest gap, the first of equals; `None` when all happen at once. O(events).
    pub fn widest_gap(&self) -> Option<usize> {
        let gaps = (1..self.events.len()).filter_map(|index| Some((self.gap_ns(index)?, index)));
        gaps.filter(|gap| gap.0 > 0).max_by_key(|(ns, index)| (*ns, std::cmp::Reverse(*index))).map(|gap| gap.1)
    }

    /// How many sources have an event of it.
    pub fn n_sources(&self) -> usize {
        distinct(self.events.iter().map(|event| event.id.source))
    }

    /// How many services have one.
    pub fn n_services(&self) -> usize {
        distinct(self.events.iter().filter_map(|event| event.service.as_deref()))
    }
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> usize {
    all.collect::<std::collections::BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EventRef, SourceId};

    fn trace(times: &[i64]) -> Trace {
        let event = |(i, time): (usize, &i64)| Event {
            id: EventRef { source: SourceId(i as u32 % 2), record: i as u64 },
            time: (*time >= 0).then_some(Timestamp(*time)),
            ..Event::default()
        };
        Trace::new("t", EventPage { events: times.iter().enumerate().map(event).collect(), has_more: false })
    }

    #[test]
    fn gaps_lie_between_events_and_the_widest_is_known() {
        let trace = trace(&[10, 12, 40, 68, -1]);
        assert_eq!((0..4).map(|i| trace.gap_ns(i)).collect::<Vec<_>>(), [None, Some(2), Some(28), Some(28)]);
        assert_eq!((trace.widest_gap(), trace.duration_ns(), trace.offset_ns(3)), (Some(2), Some(58), Some(58)));
        assert_eq!((trace.events.len(), trace.n_sources(), trace.n_services()), (4, 2, 0));
    }

    #[test]
    fn a_trace_of_one_moment_has_no_gap() {
        assert_eq!(trace(&[5, 5]).widest_gap(), None);
        assert_eq!((trace(&[]).duration_ns(), trace(&[]).widest_gap()), (None, None));
    }
}
