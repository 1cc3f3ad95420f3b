//! One trace: all events that name one trace id, in time order, with what lies between them.
//!
//! Times are those of the sources. A clock that seems wrong is told beside them (`model::skew`), never corrected here.

use std::collections::BTreeSet;

use super::event::{Event, SourceId};
use super::query::EventPage;
use super::time::{NS_PER_S, Timestamp};

/// The events of one trace id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// The id.
    pub id: String,
    /// Placed events in the order (time, source, record).
    pub events: Vec<Event>,
    /// Whether there are more than were read.
    pub has_more: bool,
    /// Sources that state whole seconds only, while others state more.
    rough: BTreeSet<SourceId>,
}

impl Trace {
    /// The placed events of a page that was filtered by the id.
    pub fn new(id: impl Into<String>, page: EventPage) -> Self {
        let events: Vec<Event> = page.events.into_iter().filter(|event| event.time.is_some()).collect();
        let fine: BTreeSet<SourceId> = events.iter().filter(|event| !is_whole_second(event)).map(|event| event.id.source).collect();
        let all = events.iter().map(|event| event.id.source).filter(|_| !fine.is_empty());
        let rough = all.filter(|source| !fine.contains(source)).collect();
        Self { id: id.into(), events, has_more: page.has_more, rough }
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

    /// Whether the event is only known to a second while others are known better.
    pub fn is_rough(&self, index: usize) -> bool {
        self.events.get(index).is_some_and(|event| self.rough.contains(&event.id.source))
    }

    /// Whether the gap before an event is that between two moments, or may be off by a second.
    pub fn is_gap_rough(&self, index: usize) -> bool {
        self.is_rough(index) || index.checked_sub(1).is_some_and(|before| self.is_rough(before))
    }

    /// The event after the widest gap, the first of equals; `None` when all happen at once or within what is not known.
    /// O(events).
    pub fn widest_gap(&self) -> Option<usize> {
        let gaps = (1..self.events.len()).filter_map(|index| Some((self.gap_ns(index)?, index)));
        let is_sure = |gap: &(i64, usize)| gap.0 > if self.is_gap_rough(gap.1) { NS_PER_S } else { 0 };
        gaps.filter(is_sure).max_by_key(|(ns, index)| (*ns, std::cmp::Reverse(*index))).map(|gap| gap.1)
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

fn is_whole_second(event: &Event) -> bool {
    event.time.is_some_and(|at| at.0 % NS_PER_S == 0)
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> usize {
    all.collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EventRef, SourceId};

    fn trace(times: &[i64]) -> Trace {
        let event = |(i, time): (usize, &i64)| Event {
            id: EventRef { source: SourceId(u32::from(*time % NS_PER_S != 0)), record: i as u64 },
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
        assert_eq!((trace.events.len(), trace.n_sources(), trace.n_services()), (4, 1, 0));
    }

    #[test]
    fn a_gap_beside_a_whole_second_is_not_taken_for_the_widest() {
        let s = NS_PER_S;
        let rough = trace(&[5 * s, 5 * s + 213, 5 * s + 300, 5 * s + 310]);
        assert_eq!((rough.widest_gap(), rough.is_gap_rough(1), rough.is_gap_rough(2)), (Some(2), true, false));
        assert_eq!(trace(&[5 * s, 6 * s, 9 * s]).widest_gap(), Some(2), "all alike are as good as they are");
        assert_eq!(trace(&[5 * s, 8 * s + 1, 8 * s + 3]).widest_gap(), Some(1));
    }

    #[test]
    fn a_trace_of_one_moment_has_no_gap() {
        assert_eq!(trace(&[5, 5]).widest_gap(), None);
        assert_eq!((trace(&[]).duration_ns(), trace(&[]).widest_gap()), (None, None));
    }
}
