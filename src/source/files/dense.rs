//! Where nearly all of what was read lies; told with the catalog once loading has ended.
//!
//! Looks at the order of times only, and of series at a few: it costs less than one histogram.

use std::sync::Arc;

use super::Snapshot;
use crate::model::dense::{self, Dense, STRETCHES};
use crate::model::{Catalog, TimeRange, Timestamp};
use crate::store::series::SeriesStore;

/// Series that are looked at, beside those that begin first and end last.
const MOST_SERIES: usize = 48;
/// So many of those.
const OUTERMOST: usize = 8;
/// A change, an alert or a profile belongs to the data if it lies no further from them than half their length, or this.
const LEAST_NEAR_NS: i64 = 10 * 60 * 1_000_000_000;

/// Tells the catalog of a snapshot where nearly all of it lies, if it is complete.
pub(super) fn tell(snapshot: &mut Snapshot) {
    if snapshot.catalog.is_complete {
        let (dense, peak) = find(snapshot);
        let catalog = Arc::make_mut(&mut snapshot.catalog);
        (catalog.dense, catalog.peak) = (dense, peak);
    }
}

fn find(snapshot: &Snapshot) -> (Option<Dense>, Option<Timestamp>) {
    let Some(extent) = snapshot.catalog.extent else { return (None, None) };
    let chosen = chosen(snapshot);
    let events = |range: TimeRange| {
        let mut counts = vec![0; STRETCHES.get()];
        snapshot.logs.iter().for_each(|log| log.spread(range, &mut counts));
        counts
    };
    let samples = |range: TimeRange| {
        let mut counts = vec![0; STRETCHES.get()];
        for series in &chosen {
            spread(series, range, &mut counts);
        }
        counts
    };
    let both = |range: TimeRange| events(range).iter().zip(samples(range)).map(|(events, samples)| events + samples).collect();
    let dense = dense::of(extent, both).map(|range| with_near(&snapshot.catalog, range)).filter(|range| {
        // What is a little shorter only would be another view for nothing.
        range.len_ns() < extent.len_ns() / 3 * 2
    });
    let main = dense.unwrap_or(extent);
    let peak = dense::peak(main, &events(main)).or_else(|| dense::peak(main, &samples(main)));
    (dense.map(|range| Dense { range, n_outside: n_outside(snapshot, range) }), peak)
}

/// Measured series that stand for all: those that begin first, those that end last, and some between.
fn chosen(snapshot: &Snapshot) -> Vec<&SeriesStore> {
    let measured = snapshot.catalog.series.iter().zip(snapshot.series.iter()).filter(|(meta, _)| !meta.is_derived);
    let mut all: Vec<(TimeRange, &SeriesStore)> = measured.filter_map(|(meta, store)| Some((meta.extent?, &**store))).collect();
    let mut chosen: Vec<&SeriesStore> = all.iter().step_by(all.len() / MOST_SERIES + 1).map(|(_, store)| *store).collect();
    all.sort_by_key(|(extent, _)| extent.start());
    chosen.extend(all.iter().take(OUTERMOST).map(|(_, store)| *store));
    all.sort_by_key(|(extent, _)| std::cmp::Reverse(extent.end()));
    chosen.extend(all.iter().take(OUTERMOST).map(|(_, store)| *store));
    chosen
}

fn spread(series: &SeriesStore, range: TimeRange, counts: &mut [u64]) {
    let mut from = series.index_of(range.start());
    for (column, count) in counts.iter_mut().enumerate() {
        let to = series.index_of(range.edge(column + 1, STRETCHES)).max(from);
        *count += (to - from) as u64;
        from = to;
    }
}

/// The range with the changes, alerts and profiles that lie near it.
fn with_near(catalog: &Catalog, range: TimeRange) -> TimeRange {
    let reach = (range.len_ns() / 2).max(LEAST_NEAR_NS);
    let near = TimeRange::new(range.start().plus_ns(-reach), range.end().plus_ns(reach));
    moments(catalog).filter(|at| near.contains(*at)).fold(range, |range, at| range.union(TimeRange::new(at, at.plus_ns(1))))
}

fn moments(catalog: &Catalog) -> impl Iterator<Item = Timestamp> {
    let changes = catalog.changes.iter().filter_map(|change| change.time);
    let alerts = catalog.alerts.iter().map(|alert| alert.active_at);
    changes.chain(alerts).chain(catalog.profiles.iter().filter_map(|profile| profile.time))
}

fn n_outside(snapshot: &Snapshot, range: TimeRange) -> u64 {
    let of_log = |log: &crate::store::log::Log| log.n_placed() - (log.n_before(range.end()) - log.n_before(range.start()));
    let events: u64 = snapshot.logs.iter().map(|log| of_log(log)).sum();
    let measured = snapshot.catalog.series.iter().zip(snapshot.series.iter()).filter(|(meta, _)| !meta.is_derived);
    let of_series = |series: &SeriesStore| series.len() - (series.index_of(range.end()) - series.index_of(range.start()));
    let samples: usize = measured.map(|(_, store)| of_series(store)).sum();
    events + samples as u64 + moments(&snapshot.catalog).filter(|at| !range.contains(*at)).count() as u64
}
