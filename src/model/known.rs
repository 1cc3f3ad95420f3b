//! What is known at a moment of the past: the data as if nothing after it had happened yet.
//!
//! One definition for the screen and the sources: what lies at or after `until` is not there, and numbers that are told
//! of a whole file say nothing. Names stay (of sources, series, services), and so does the extent: they are the frame in
//! which a replay is seen, not what happened.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::catalog::{Catalog, Problems};
use super::query::Histogram;
use super::record::Alert;
use super::series::{Columns, Derivation, SeriesMeta};
use super::time::{TimeRange, Timestamp};

impl Catalog {
    /// Everything that is known before `until`. O(catalog).
    #[must_use]
    pub fn known_until(&self, until: Timestamp) -> Self {
        let mut known = self.without_totals();
        known.take_known(self, until);
        known.exemplars.retain(|exemplar| exemplar.time < until);
        for meta in &mut known.series {
            cut_series(meta, until);
        }
        known
    }

    /// Without the numbers that speak of all the data: records, problems, least and greatest values. O(catalog).
    #[must_use]
    pub fn without_totals(&self) -> Self {
        let mut known = self.clone();
        for source in &mut known.sources {
            (source.n_records, source.n_lines, source.n_continuation_lines, source.n_unplaced) = (0, 0, 0, 0);
            (source.problems, source.extent, source.preview) = (Problems::default(), None, None);
            source.levels.clear();
            source.remarks.clear();
        }
        for meta in &mut known.series {
            (meta.bounds, meta.n_samples) = (None, 0);
        }
        known
    }

    /// Takes from the whole catalog the changes, alerts and profiles that are known before `until`. Indexes are those of
    /// the whole catalog, as far as they go; exemplars, of which there may be very many, stay, and who shows them hides
    /// those of later moments. O(changes + alerts + profiles).
    pub fn take_known(&mut self, whole: &Self, until: Timestamp) {
        let is_past = |at: Option<Timestamp>| at.is_some_and(|at| at < until);
        self.changes = whole.changes.iter().filter(|change| is_past(change.time)).cloned().collect();
        self.profiles = whole.profiles.iter().filter(|profile| is_past(profile.time)).cloned().collect();
        self.alerts = whole.alerts.iter().filter(|alert| alert.active_at < until).map(|alert| known_alert(alert, until)).collect();
    }
}

/// An alert of which neither the end nor the firing is known before it happens.
fn known_alert(alert: &Alert, until: Timestamp) -> Alert {
    let past = |at: Option<Timestamp>| at.filter(|at| *at < until);
    Alert { firing_at: past(alert.firing_at), ended_at: past(alert.ended_at), ..alert.clone() }
}

fn cut_series(meta: &mut SeriesMeta, until: Timestamp) {
    meta.extent = meta.extent.and_then(|extent| before(extent, until));
    if let Some(derivation) = meta.derivation.as_mut().filter(|derivation| derivation.resets.iter().any(|at| *at >= until)) {
        let resets = derivation.resets.iter().copied().filter(|at| *at < until).collect();
        *derivation = Arc::new(Derivation { resets, ..Derivation::clone(derivation) });
    }
}

/// The part of a range before a moment; `None` when nothing of it is.
pub fn before(range: TimeRange, until: Timestamp) -> Option<TimeRange> {
    (range.start() < until).then(|| TimeRange::new(range.start(), range.end().min(until)))
}

/// How many of the first columns of a range lie wholly before a moment.
pub fn n_known(range: TimeRange, columns: usize, until: Timestamp) -> usize {
    let Some(n) = NonZeroUsize::new(columns) else { return 0 };
    if until >= range.end() { columns } else { range.column_of(until, n).unwrap_or(0) }
}

/// Takes away the columns that do not lie wholly before a moment.
pub fn cut_columns(columns: &mut Columns, until: Timestamp) {
    let n = n_known(columns.range, columns.columns.len(), until);
    columns.columns[n..].fill(None);
}

/// Takes away the counts that do not lie wholly before a moment, and groups of which nothing is left.
pub fn cut_histogram(histogram: &mut Histogram, until: Timestamp) {
    for counts in histogram.groups.values_mut() {
        let n = n_known(histogram.range, counts.len(), until);
        counts[n..].fill(0);
    }
    histogram.groups.retain(|_, counts| counts.iter().any(|count| *count > 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange::new(Timestamp(start), Timestamp(end))
    }

    #[test]
    fn only_columns_that_are_wholly_past_are_known() {
        let known = |until| n_known(range(100, 200), 10, Timestamp(until));
        assert_eq!([known(0), known(100), known(109), known(110), known(199), known(200), known(999)], [0, 0, 0, 1, 9, 10, 10]);
        assert_eq!(before(range(1, 5), Timestamp(1)), None);
        assert_eq!(before(range(1, 5), Timestamp(3)), Some(range(1, 3)));
    }

    #[test]
    fn an_alert_is_pending_until_it_fires_and_fires_until_it_ends() {
        let alert = Alert {
            name: "High".into(),
            labels: crate::model::Labels::default(),
            severity: None,
            service: None,
            summary: None,
            active_at: Timestamp(10),
            firing_at: Some(Timestamp(20)),
            ended_at: Some(Timestamp(30)),
            uncertainty_ns: 0,
            source: crate::model::SourceId(0),
        };
        let catalog = Catalog { alerts: vec![alert], ..Catalog::default() };
        let known = |until| {
            let alerts = catalog.known_until(Timestamp(until)).alerts;
            alerts.first().map(|alert| (alert.firing_at.is_some(), alert.ended_at.is_some()))
        };
        assert_eq!([known(10), known(11), known(21), known(31)], [None, Some((false, false)), Some((true, false)), Some((true, true))]);
    }
}
