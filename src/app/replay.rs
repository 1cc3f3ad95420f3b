//! Replay: the incident as those saw it who were there. The play head is the cursor; a curtain hides what comes after it.
//!
//! While the curtain is closed every question is asked as if nothing after the head had happened yet
//! (`Question::Known`), and what is held whole is cut at the head. Hidden are records, values, changes, alerts, profiles,
//! notes of later moments and all numbers that are told of whole files. Not hidden are the frame of the screen: the
//! extent, T+0, the names of series, services and sources, which panels there are, and limits, which were set before.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::case::CaseDoc;
use crate::model::{Alert, Catalog, TimeRange, Timestamp};

use super::jobs::Jobs;
use super::list::EventList;
use super::state::State;

/// Seconds of the incident that pass in a second.
pub(crate) const SPEEDS: [u32; 9] = [1, 2, 5, 10, 30, 60, 120, 300, 600];

/// What is in sight plays in about this time, unless another speed is chosen.
const USUAL_SECONDS: f64 = 60.0;

/// Whether the head moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    Paused,
    /// It was last moved at this time of the wall clock.
    Playing {
        since: Timestamp,
    },
}

/// What was on screen before the curtain closed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Before {
    pub(crate) cursor: Timestamp,
    pub(crate) visible: TimeRange,
    pub(crate) anchor: Option<Timestamp>,
}

/// While the curtain is closed.
#[derive(Debug, Clone)]
pub(crate) struct Replay {
    /// Everything there is, behind the curtain.
    pub(crate) whole: Arc<Catalog>,
    /// The case without records of later moments.
    pub(crate) told: CaseDoc,
    /// Revision of the case that `told` was made of; `None` when it must be made anew.
    pub(crate) told_of: Option<u64>,
    /// The first moment that is hidden.
    pub(crate) until: Timestamp,
    /// Index in `SPEEDS`.
    pub(crate) speed: usize,
    pub(crate) motion: Motion,
    pub(crate) before: Before,
    /// When each panel was first beyond its limit, as far as that was told; `None` before the first answer.
    pub(crate) crossed: Option<BTreeMap<String, Timestamp>>,
    /// What was said of the present step, and when.
    pub(crate) news: Option<(Timestamp, String)>,
}

impl Replay {
    /// `×60`.
    pub(crate) fn speed_words(&self) -> String {
        format!("×{}", SPEEDS[self.speed])
    }

    /// Whether the head moves by itself.
    pub(crate) fn is_playing(&self) -> bool {
        matches!(self.motion, Motion::Playing { .. })
    }
}

/// The speed at which a stretch plays in about a minute: an index in `SPEEDS`.
pub(crate) fn usual_speed(len_ns: i64) -> usize {
    let wanted = (len_ns as f64 / 1e9 / USUAL_SECONDS).max(1.0);
    let distance = |speed: u32| (f64::from(speed) / wanted).ln().abs();
    (0..SPEEDS.len()).min_by(|a, b| distance(SPEEDS[*a]).total_cmp(&distance(SPEEDS[*b]))).unwrap_or(0)
}

/// The records of a case that lie before a moment. One without a time was written by somebody who knew the end.
pub(crate) fn told(doc: &CaseDoc, until: Timestamp) -> CaseDoc {
    let is_past = |record: &crate::model::Annotation| record.at().is_some_and(|at| at < until);
    let annotations = doc.annotations.iter().filter(|(_, record)| is_past(record));
    CaseDoc { meta: doc.meta.clone(), annotations: annotations.map(|(id, record)| (id.clone(), record.clone())).collect() }
}

impl State {
    /// Whether a play head moves by itself: then ticks are wanted more often than once a second.
    pub fn is_playing(&self) -> bool {
        self.replay.as_ref().is_some_and(|replay| replay.is_playing())
    }

    /// Whether the curtain hides what comes after the cursor.
    pub fn has_curtain(&self) -> bool {
        self.replay.is_some()
    }

    /// The first moment that is hidden.
    pub(crate) fn hidden_from(&self) -> Option<Timestamp> {
        self.replay.as_ref().map(|replay| replay.until)
    }

    /// The case as far as it may be shown.
    pub(crate) fn told(&self) -> &CaseDoc {
        self.replay.as_ref().map_or(&self.session.doc, |replay| &replay.told)
    }

    /// Alerts that fire at the cursor, and panels that are beyond their limit there.
    pub(crate) fn alarms(&self) -> (usize, usize) {
        let n_over = self.panels.all.iter().filter(|panel| panel.is_bad_at_cursor()).count();
        (self.firing().count(), n_over)
    }

    /// Alerts that fire at the cursor.
    pub(crate) fn firing(&self) -> impl Iterator<Item = &Alert> {
        let cursor = self.timeline.cursor;
        let is_on = move |alert: &&Alert| alert.firing_at.is_some_and(|at| at <= cursor) && alert.ended_at.is_none_or(|end| cursor < end);
        self.catalog.alerts.iter().filter(is_on)
    }

    /// How many records of the case are hidden.
    pub(crate) fn n_untold(&self) -> usize {
        self.session.doc.annotations.len() - self.told().annotations.len()
    }

    /// Events that may be spoken of: all that were read, or those before the play head.
    pub(crate) fn n_events_known(&self) -> u64 {
        match &self.replay {
            Some(_) => self.lanes.overview.iter().flatten().sum(),
            None => self.catalog.n_events,
        }
    }

    /// Forgets every answer, or its part, that knows of a moment from `until` on.
    pub(crate) fn forget_from(&mut self, until: Timestamp) {
        self.lanes.forget_from(until, self.timeline.extent);
        self.panels.forget_from(until);
        self.list.forget_from(until);
        if self.detail.as_ref().is_some_and(|event| event.time.is_none_or(|at| at >= until)) {
            self.detail = None;
        }
        (self.patterns.found, self.patterns.courses) = (None, std::collections::HashMap::new());
        self.facets = super::facets::FacetPane::default();
        if self.compared.query.as_ref().is_some_and(|query| query.window.end() > until) {
            self.compared = super::compare::Compared::default();
        }
        (self.trace.found, self.trace.clocks) = (None, None);
        self.shapes = super::shapes::Shapes::default();
        self.words = None;
    }
}

impl EventList {
    /// Forgets the rows from a moment on.
    fn forget_from(&mut self, until: Timestamp) {
        self.cut_rows(&|row| row.time.is_some_and(|at| at < until), until);
    }
}

impl Jobs {
    /// Answers from now on know nothing from this moment on.
    pub(crate) fn hide_from(&mut self, until: Option<Timestamp>) {
        self.until = until;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Annotation, AnnotationId, AnnotationKind};

    #[test]
    fn what_is_in_sight_plays_in_about_a_minute() {
        let speed = |secs: i64| SPEEDS[usual_speed(secs * 1_000_000_000)];
        assert_eq!([speed(0), speed(60), speed(720), speed(3_600), speed(86_400 * 30)], [1, 1, 10, 60, 600]);
    }

    #[test]
    fn a_record_is_told_from_its_own_moment_on() {
        let mut doc = CaseDoc::default();
        let mut add = |id: &str, kind| {
            let id = AnnotationId(id.into());
            doc.annotations.insert(id.clone(), Annotation { id, kind, ..sample() });
        };
        add("early", AnnotationKind::Moment { at: Timestamp(5), service: None, row_kind: None, uncertainty_ns: None });
        add("late", AnnotationKind::Moment { at: Timestamp(9), service: None, row_kind: None, uncertainty_ns: None });
        add("wise", AnnotationKind::Lesson(crate::model::case::Lesson::default()));
        let ids = |until| told(&doc, Timestamp(until)).annotations.into_keys().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!((ids(5), ids(6), ids(99)), (vec![], vec!["early".to_owned()], vec!["early".to_owned(), "late".to_owned()]));
    }

    fn sample() -> Annotation {
        let mut session = super::super::session::Session::new(
            CaseDoc::default(),
            super::super::session::CasePlace::Saved(String::new()),
            String::new(),
            1,
        );
        session.annotation(Timestamp(0), AnnotationKind::Other("x".into()), String::new())
    }
}
