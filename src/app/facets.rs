//! The values of the events in sight, as they were counted last; which of them are asked for is `update::facet_view`.

use crate::model::facets::{Facet, FacetPart, FacetQuery, Facets};

use super::message::Progress;

/// The pane.
#[derive(Debug, Clone, Default)]
pub(crate) struct FacetPane {
    columns: Option<(FacetQuery, Facets)>,
    fields: Option<(FacetQuery, Facets)>,
    /// How far the fields are.
    pub(crate) progress: Option<Progress>,
    /// What the user stopped: it is not asked for again.
    pub(crate) stopped: Option<FacetQuery>,
}

impl FacetPane {
    /// Takes an answer.
    pub(crate) fn take(&mut self, query: &FacetQuery, found: Facets) {
        let place = match query.part {
            FacetPart::Columns => &mut self.columns,
            FacetPart::Fields => &mut self.fields,
        };
        *place = Some((query.clone(), found));
        self.progress = None;
    }

    fn part(&self, part: FacetPart) -> Option<&(FacetQuery, Facets)> {
        match part {
            FacetPart::Columns => self.columns.as_ref(),
            FacetPart::Fields => self.fields.as_ref(),
        }
    }

    /// Whether the answer is to this very question.
    pub(crate) fn is_answered(&self, query: &FacetQuery) -> bool {
        self.part(query.part).is_some_and(|(asked, _)| asked == query)
    }

    /// Events that were counted.
    pub(crate) fn n_events(&self) -> Option<u64> {
        self.columns.as_ref().or(self.fields.as_ref()).map(|(_, found)| found.n_events)
    }

    /// In how many events fields were counted, if not in all.
    pub(crate) fn sample(&self) -> Option<u64> {
        self.fields.as_ref().and_then(|(_, found)| found.facets.iter().find_map(|facet| facet.sample))
    }

    /// All of them, columns first, each with the events among which it was counted.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Facet, u64)> {
        let parts = [FacetPart::Columns, FacetPart::Fields].into_iter().filter_map(|part| self.part(part));
        parts.flat_map(|(_, found)| found.facets.iter().map(|facet| (facet, facet.of_events(found.n_events))))
    }
}
