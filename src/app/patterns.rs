//! The message patterns of the pane: what was asked, what came back, and what is selected for the keys.
//!
//! The list holds every pattern of the answer in the order that is shown; lines are made of the first ones only.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use crate::model::filter::Expr;
use crate::model::pattern::{self, PatternOrder};
use crate::model::query::{GroupBy, HistogramQuery, Pattern, PatternQuery};
use crate::model::{EventFilter, Histogram, TimeRange, Timestamp};

/// Columns of a sparkline.
pub(crate) const COURSE_COLUMNS: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");
/// Patterns that become lines; nobody reads further without a filter.
pub(crate) const MAX_SHOWN: usize = 400;

/// What the windows meet at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    T0(Timestamp),
    Cursor(Timestamp),
}

impl Mark {
    pub(crate) const fn at(self) -> Timestamp {
        match self {
            Self::T0(at) | Self::Cursor(at) => at,
        }
    }
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns {
    pub(crate) order: PatternOrder,
    /// In the order shown; `None` before the first answer.
    pub(crate) found: Option<Vec<Pattern>>,
    /// The windows that the answer compares.
    pub(crate) windows: Option<(TimeRange, TimeRange)>,
    /// Counts over the visible range.
    pub(crate) courses: HashMap<u32, Vec<u64>>,
}

impl Patterns {
    /// Takes the answer to a question.
    pub(crate) fn take(&mut self, query: &PatternQuery, found: Vec<Pattern>) {
        self.windows = query.windows;
        self.found = Some(found);
        self.sort();
    }

    /// Takes the counts over the visible range.
    pub(crate) fn take_courses(&mut self, histogram: Histogram) {
        let course = |(key, counts): (Vec<String>, Vec<u64>)| Some((key.first()?.parse().ok()?, counts));
        self.courses = histogram.groups.into_iter().filter_map(course).collect();
    }

    /// Goes on to the next order.
    pub(crate) fn next_order(&mut self) {
        self.order = self.order.next();
        self.sort();
    }

    fn sort(&mut self) {
        if let Some(found) = &mut self.found {
            pattern::sort(found, self.order, self.windows);
        }
    }

    pub(crate) fn get(&self, id: u32) -> Option<&Pattern> {
        self.found.iter().flatten().find(|pattern| pattern.id == id)
    }
}

/// The filter of the list without its conditions on patterns: of one pattern there is nothing to compare.
pub(crate) fn filter_of(list: &EventFilter) -> EventFilter {
    let mut filter = list.clone();
    if let Some(expr) = filter.expr.take() {
        let parts: Vec<Expr> = expr.conditions().iter().filter(|part| !part.has_patterns()).cloned().collect();
        filter.expr = (!parts.is_empty()).then(|| Expr::all(parts));
    }
    filter
}

/// The question for the counts over the visible range.
pub(crate) fn course_question(filter: EventFilter, range: TimeRange) -> HistogramQuery {
    HistogramQuery { filter, range, columns: COURSE_COLUMNS, by: vec![GroupBy::Pattern] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::filter;
    use crate::model::when::Reference;

    #[test]
    fn one_pattern_takes_the_place_of_another_and_the_rest_of_the_filter_stays() {
        let expr = filter::parse("service:order pattern:3 -pattern:4", &Reference::default()).unwrap();
        let list = EventFilter { expr, ..EventFilter::default() };
        let words = |filter: EventFilter| filter.expr.map(|expr| expr.to_string());
        assert_eq!(words(filter_of(&list)).as_deref(), Some("service:order"));
        assert_eq!(words(filter_to(&list, 17)).as_deref(), Some("service:order pattern:17"));
        assert_eq!(filter_of(&filter_to(&EventFilter::default(), 1)), EventFilter::default());
    }
}
