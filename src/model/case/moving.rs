//! Moving a record in time: by an offset (a clock was wrong, a drag by samples), or to a moment.

use super::{Annotation, AnnotationKind, Evidence, EvidenceTarget};
use crate::model::time::{TimeRange, Timestamp};

impl Evidence {
    /// Moves what it points at by `ns`, because the clock of its source is moved: it then stands where it stood.
    pub fn move_with_source(&mut self, ns: i64) {
        let moved = |time: &mut Option<Timestamp>| *time = time.map(|time| time.plus_ns(ns));
        match &mut self.target {
            EvidenceTarget::Series { range, at, peak, .. } => {
                *range = TimeRange::new(range.start().plus_ns(ns), range.end().plus_ns(ns));
                *at = at.plus_ns(ns);
                *peak = peak.map(|(at, value)| (at.plus_ns(ns), value));
            }
            EvidenceTarget::Alert { at, until, .. } => {
                *at = at.plus_ns(ns);
                moved(until);
            }
            EvidenceTarget::Lines { at, .. } | EvidenceTarget::Change { at, .. } | EvidenceTarget::Profile { at, .. } => moved(at),
            // Of no source that has a clock.
            EvidenceTarget::Diff { .. } | EvidenceTarget::Link { .. } => {}
        }
    }
}

impl Annotation {
    /// Moves all of its times by `ns`; later is positive. Errors say why it has no time that could move.
    pub fn shift(&mut self, ns: i64) -> Result<(), String> {
        let moved = |range: TimeRange| TimeRange::new(range.start().plus_ns(ns), range.end().plus_ns(ns));
        match &mut self.kind {
            AnnotationKind::Moment { at, .. } | AnnotationKind::KeyMoment { at, .. } => *at = at.plus_ns(ns),
            AnnotationKind::Quote(quote) => quote.at = quote.at.plus_ns(ns),
            AnnotationKind::Marker { at, latest, .. } => {
                *at = at.plus_ns(ns);
                *latest = latest.map(|latest| latest.plus_ns(ns));
            }
            AnnotationKind::Range { range, .. } => *range = moved(*range),
            AnnotationKind::Attempt(attempt) => attempt.at = moved(attempt.at),
            AnnotationKind::Stage(stage) => stage.at = moved(stage.at),
            AnnotationKind::Cause(cause) if cause.at.is_some() => cause.at = cause.at.map(moved),
            AnnotationKind::Hypothesis(hypothesis) if hypothesis.at.is_some() => hypothesis.at = hypothesis.at.map(moved),
            AnnotationKind::Evidence(_) => return Err("evidence keeps the time it was pinned at; pin it again".into()),
            AnnotationKind::Cause(_) | AnnotationKind::Hypothesis(_) => return Err(format!("this {} has no time yet", self.kind.name())),
            AnnotationKind::Link(_)
            | AnnotationKind::Action(_)
            | AnnotationKind::Question(_)
            | AnnotationKind::Bucket(_)
            | AnnotationKind::Lesson(_)
            | AnnotationKind::Section(_)
            | AnnotationKind::Factor(_)
            | AnnotationKind::Resource(_)
            | AnnotationKind::Conflict(_)
            | AnnotationKind::Other(_) => return Err(format!("a {} has no time", self.kind.name())),
        }
        Ok(())
    }

    /// Puts it at a moment: a range keeps its length; a cause or hypothesis without a time gets one.
    pub fn place(&mut self, at: Timestamp) -> Result<(), String> {
        if let Some(from) = self.at() {
            return self.shift(at.since(from));
        }
        let range = TimeRange::new(at, at);
        match &mut self.kind {
            AnnotationKind::Cause(cause) => cause.at = Some(range),
            AnnotationKind::Hypothesis(hypothesis) => hypothesis.at = Some(range),
            _ => return self.shift(0),
        }
        Ok(())
    }
}
