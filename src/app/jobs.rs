//! Questions under way: one slot a purpose, a new question cancels the old, late answers are dropped.
//!
//! `sync` compares what a slot should hold with what it last asked, so nothing is asked when nothing changed.

use std::collections::BTreeMap;

use super::message::{Effect, JobId, Question};
use crate::model::Timestamp;

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Panels,
    /// Series of formulas.
    Formulas,
    /// Clocks moved by the offsets of the case.
    ClockOffsets,
    Series,
    /// Columns of an earlier time, to be drawn behind panels; one slot for each distance.
    Ghosts(usize),
    /// Columns of the buckets of histograms.
    Heat,
    /// Courses over the whole extent, for shapes.
    Shapes,
    Stats,
    Values,
    Events,
    Overview,
    /// The page of the list at and after its middle.
    ListAfter,
    /// The page before it.
    ListBefore,
    Total,
    Detail,
    /// The next or previous event of a kind.
    Seek,
    FindTotal,
    FindPosition,
    /// How records hold the letters of a find that was accepted.
    FindWanted,
    /// Hits of the find by column.
    Hits,
    /// What records say to a find that is being typed, and how many of them pass.
    Look,
    LookTotal,
    /// What filters and finds may name.
    Words,
    /// Evidence being frozen.
    Freeze,
    Patterns,
    /// Values of level, service and source.
    FacetColumns,
    /// Values of patterns and fields.
    FacetFields,
    /// Events for the pager.
    Pager,
    /// What differs between two windows.
    Compare,
    /// Counts of each pattern over the visible range.
    PatternCourses,
    /// Events of the trace.
    Trace,
    /// When something left its own baseline.
    Onsets,
    /// What shared traces tell of the clocks.
    Clocks,
    /// Whether evidence stands where it was pinned.
    Standings,
    /// Claims that lack support.
    Debt,
    /// Markers that the data suggest.
    Suggested,
    /// The document as it would be exported.
    Manuscript,
}

/// One slot.
#[derive(Debug, Clone)]
struct Asked {
    question: Question,
    /// The first moment that its answer does not know.
    until: Option<Timestamp>,
    /// Version of the catalog for which it was asked.
    version: u64,
    waiting: Option<JobId>,
    error: Option<String>,
}

/// All slots and the counter of jobs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Jobs {
    last: u64,
    /// The first moment that answers must not know, while a curtain hides the rest.
    pub(crate) until: Option<Timestamp>,
    slots: BTreeMap<Slot, Asked>,
}

impl Jobs {
    /// Makes the slot hold the answer to this question for this version of the catalog.
    ///
    /// Asks when the question changed (the old one is cancelled), or when the catalog did and nothing is under
    /// way: while loading, a question is finished before it is asked again, so that answers come at all.
    pub(crate) fn sync(&mut self, slot: Slot, wanted: Option<Question>, version: u64, effects: &mut Vec<Effect>) {
        let Some(wanted) = wanted else {
            self.drop_slot(slot, effects);
            return;
        };
        let until = self.until_for(slot);
        let is_wanted = |asked: &Asked| asked.question == wanted && asked.until == until;
        let is_wanted_already =
            self.slots.get(&slot).is_some_and(|asked| is_wanted(asked) && (asked.version == version || asked.waiting.is_some()));
        if !is_wanted_already {
            self.ask(slot, wanted, version, effects);
        }
    }

    /// Asks now, whatever was asked before.
    pub(crate) fn ask(&mut self, slot: Slot, question: Question, version: u64, effects: &mut Vec<Effect>) {
        self.drop_slot(slot, effects);
        self.last += 1;
        let id = JobId(self.last);
        let until = self.until_for(slot);
        self.slots.insert(slot, Asked { question: question.clone(), until, version, waiting: Some(id), error: None });
        let question = match until {
            Some(until) => Question::Known { until, question: Box::new(question) },
            None => question,
        };
        effects.push(Effect::Ask(id, question));
    }

    /// What an answer for this slot must not know. Which panels there are stays as it was, and what the case itself holds
    /// is hidden by its own time.
    fn until_for(&self, slot: Slot) -> Option<Timestamp> {
        self.until.filter(|_| !matches!(slot, Slot::Panels | Slot::Formulas | Slot::ClockOffsets | Slot::Standings | Slot::Debt))
    }

    /// Whether the slot was ever asked.
    pub(crate) fn is_asked(&self, slot: Slot) -> bool {
        self.slots.contains_key(&slot)
    }

    /// Whether what the panes show is still on its way.
    pub(crate) fn is_view_waiting(&self) -> bool {
        use Slot::{Events, ListAfter, ListBefore, Overview, Series, Stats, Values};
        [Series, Stats, Values, Events, Overview, ListBefore, ListAfter].into_iter().any(|slot| self.is_waiting(slot))
    }

    fn drop_slot(&mut self, slot: Slot, effects: &mut Vec<Effect>) {
        if let Some(id) = self.slots.remove(&slot).and_then(|old| old.waiting) {
            effects.push(Effect::Cancel(id));
        }
    }

    /// The slot that waits for this answer and the question it answers; `None` for a late one.
    pub(crate) fn settle(&mut self, id: JobId, error: Option<String>) -> Option<(Slot, Question)> {
        let (slot, asked) = self.slots.iter_mut().find(|(_, asked)| asked.waiting == Some(id))?;
        asked.waiting = None;
        asked.error = error;
        Some((*slot, asked.question.clone()))
    }

    /// The slot that waits for this answer.
    pub(crate) fn slot(&self, id: JobId) -> Option<Slot> {
        self.slots.iter().find(|(_, asked)| asked.waiting == Some(id)).map(|(slot, _)| *slot)
    }

    /// Whether the slot waits.
    pub(crate) fn is_waiting(&self, slot: Slot) -> bool {
        self.slots.get(&slot).is_some_and(|asked| asked.waiting.is_some())
    }

    /// Whether anything is under way.
    pub(crate) fn is_any_waiting(&self) -> bool {
        self.slots.values().any(|asked| asked.waiting.is_some())
    }

    /// Why the slot has no answer.
    pub(crate) fn error(&self, slot: Slot) -> Option<&str> {
        self.slots.get(&slot)?.error.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SeriesId, Timestamp};

    fn values(at: i64) -> Question {
        Question::ValuesAt { ids: vec![SeriesId(0)], at: Timestamp(at) }
    }

    #[test]
    fn a_new_question_cancels_the_old_and_the_late_answer_is_dropped() {
        let (mut jobs, mut effects) = (Jobs::default(), Vec::new());
        jobs.sync(Slot::Values, Some(values(1)), 1, &mut effects);
        jobs.sync(Slot::Values, Some(values(2)), 1, &mut effects);
        assert_eq!(effects[1..], [Effect::Cancel(JobId(1)), Effect::Ask(JobId(2), values(2))]);
        assert!(jobs.settle(JobId(1), None).is_none());
        assert_eq!(jobs.settle(JobId(2), None), Some((Slot::Values, values(2))));
    }

    #[test]
    fn behind_another_curtain_everything_is_asked_again_but_what_panels_there_are() {
        let (mut jobs, mut effects) = (Jobs { until: Some(Timestamp(7)), ..Jobs::default() }, Vec::new());
        jobs.sync(Slot::Values, Some(values(1)), 1, &mut effects);
        jobs.sync(Slot::Panels, Some(Question::ChoosePanels), 1, &mut effects);
        let known = |until| Question::Known { until: Timestamp(until), question: Box::new(values(1)) };
        assert_eq!(effects, [Effect::Ask(JobId(1), known(7)), Effect::Ask(JobId(2), Question::ChoosePanels)]);
        assert_eq!(jobs.settle(JobId(1), None), Some((Slot::Values, values(1))));
        jobs.until = Some(Timestamp(9));
        jobs.sync(Slot::Values, Some(values(1)), 1, &mut effects);
        jobs.sync(Slot::Panels, Some(Question::ChoosePanels), 1, &mut effects);
        assert_eq!(effects[2..], [Effect::Ask(JobId(3), known(9))]);
    }

    #[test]
    fn nothing_is_asked_when_nothing_changed() {
        let (mut jobs, mut effects) = (Jobs::default(), Vec::new());
        jobs.sync(Slot::Values, Some(values(1)), 1, &mut effects);
        jobs.settle(JobId(1), None);
        jobs.sync(Slot::Values, Some(values(1)), 1, &mut effects);
        assert_eq!(effects.len(), 1);
    }

    #[test]
    fn a_growing_catalog_does_not_starve_a_question() {
        let (mut jobs, mut effects) = (Jobs::default(), Vec::new());
        for version in 1..10 {
            jobs.sync(Slot::Values, Some(values(1)), version, &mut effects);
        }
        assert_eq!(effects.len(), 1);
        jobs.settle(JobId(1), None);
        jobs.sync(Slot::Values, Some(values(1)), 10, &mut effects);
        assert_eq!(effects.len(), 2);
    }
}
