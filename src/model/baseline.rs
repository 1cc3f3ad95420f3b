//! Which stretch of the data counts as normal when nobody said so.

use super::time::{NS_PER_S, TimeRange, Timestamp};

/// Least length of data before the incident that makes a baseline.
const MIN_BASELINE_NS: i64 = 10 * NS_PER_S;

/// What is taken for normal when nobody said when it began.
pub fn first_fifth(bulk: TimeRange) -> TimeRange {
    TimeRange::new(bulk.start(), bulk.start().plus_ns(bulk.len_ns() / 5))
}

/// What counts as normal: the data before T+0 or before the impact, whichever is earlier, if they last at least
/// ten seconds; else the data before the other one; else the first fifth of where most records are.
pub fn range(extent: TimeRange, bulk: TimeRange, t0: Option<Timestamp>, impact_start: Option<Timestamp>) -> TimeRange {
    let mut ends: Vec<Timestamp> = [t0, impact_start].into_iter().flatten().collect();
    ends.sort();
    let before = |end: Timestamp| TimeRange::new(extent.start(), end.min(extent.end()).max(extent.start()));
    let long_enough = ends.into_iter().map(before).find(|range| range.len_ns() >= MIN_BASELINE_NS);
    long_enough.unwrap_or_else(|| first_fifth(bulk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_ends_before_the_incident() {
        let at = Timestamp::from_secs;
        let extent = TimeRange::new(at(0), at(1000));
        let end = |t0: Option<i64>, impact: Option<i64>| range(extent, extent, t0.map(at), impact.map(at)).end();
        assert_eq!(end(Some(130), Some(310)), at(130));
        assert_eq!(end(None, Some(310)), at(310));
        assert_eq!(end(Some(4), Some(310)), at(310));
        assert_eq!(end(Some(4), None), at(200));
        assert_eq!(end(None, None), at(200));
        assert_eq!(end(Some(5000), None), at(1000));
    }

    #[test]
    fn a_chat_of_a_later_hour_does_not_stretch_what_is_normal_into_the_incident() {
        use crate::model::{Catalog, SourceKind, SourceReport};
        let at = Timestamp::from_secs;
        let source =
            |kind, n_records, first, last| SourceReport { kind, n_records, extent: Some((at(first), at(last))), ..SourceReport::default() };
        let sources = vec![
            source(SourceKind::Logs, 5_000, 0, 1_800),
            source(SourceKind::Logs, 4, 4_000, 4_800),
            source(SourceKind::Changes, 900, -9_000, 9),
        ];
        let catalog = Catalog { sources, extent: Some(TimeRange::new(at(-9_000), at(4_800))), ..Catalog::default() };
        let bulk = catalog.bulk().unwrap();
        assert_eq!((bulk.start(), first_fifth(bulk).end()), (at(0), at(360)));
        assert_eq!(Catalog { extent: catalog.extent, ..Catalog::default() }.bulk(), catalog.extent);
    }
}
