//! What points at what: the ids that a record holds, by the key of their field, and how one is taken out.
//!
//! One list for all kinds, so that removing, merging, checking and picking never disagree about it.

use super::{AnnotationId, AnnotationKind};

/// One field of a record that holds ids.
#[derive(Debug)]
pub enum References<'a> {
    /// Any number, each at most once.
    Many(&'a mut Vec<AnnotationId>),
    /// At most one.
    One(&'a mut Option<AnnotationId>),
    /// Exactly one: without it the record means nothing.
    Needed(&'a mut AnnotationId),
}

impl AnnotationKind {
    /// The fields that hold ids, with their keys in files.
    pub fn references_mut(&mut self) -> Vec<(&'static str, References<'_>)> {
        use References::{Many, Needed, One};
        match self {
            Self::Marker { evidence, .. } => vec![("ev", Many(evidence))],
            Self::Hypothesis(it) => {
                vec![("for", Many(&mut it.supports)), ("against", Many(&mut it.against)), ("closed_by", One(&mut it.closed_by))]
            }
            Self::Cause(it) => vec![("ev", Many(&mut it.evidence)), ("against", Many(&mut it.against))],
            Self::Link(it) => vec![("from", Needed(&mut it.from)), ("to", Needed(&mut it.to)), ("ev", Many(&mut it.evidence))],
            Self::Attempt(it) => vec![("ev", Many(&mut it.evidence))],
            Self::Action(it) => vec![("causes", Many(&mut it.causes))],
            Self::Question(it) => vec![("about", Many(&mut it.about))],
            Self::Bucket(it) => vec![("about", Many(&mut it.about))],
            Self::Lesson(it) => vec![("ev", Many(&mut it.evidence))],
            Self::Factor(it) => vec![("ev", Many(&mut it.evidence)), ("causes", Many(&mut it.causes))],
            Self::Resource(it) => vec![("ev", Many(&mut it.evidence))],
            Self::Conflict(it) => vec![("of", Needed(&mut it.of))],
            Self::Moment { .. }
            | Self::Range { .. }
            | Self::Evidence(_)
            | Self::Quote(_)
            | Self::Stage(_)
            | Self::Section(_)
            | Self::KeyMoment { .. }
            | Self::Other(_) => Vec::new(),
        }
    }

    /// The ids that the record points at, with the key of their field.
    pub fn references(&self) -> Vec<(&'static str, AnnotationId)> {
        let mut copy = self.clone();
        let ids = |(key, field): (&'static str, References<'_>)| match field {
            References::Many(ids) => ids.iter().map(|id| (key, id.clone())).collect::<Vec<_>>(),
            References::One(id) => id.iter().map(|id| (key, id.clone())).collect(),
            References::Needed(id) => vec![(key, id.clone())],
        };
        copy.references_mut().into_iter().flat_map(ids).collect()
    }

    /// Takes an id out of all fields. `false`: the record means nothing without it and has to go too.
    #[must_use]
    pub fn forget(&mut self, gone: &AnnotationId) -> bool {
        let mut stays = true;
        for (_, field) in self.references_mut() {
            match field {
                References::Many(ids) => ids.retain(|id| id != gone),
                References::One(id) => {
                    id.take_if(|id| id == gone);
                }
                References::Needed(id) => stays &= id != gone,
            }
        }
        stays
    }
}
