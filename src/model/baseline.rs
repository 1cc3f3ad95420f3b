//! Which stretch of the data counts as normal when nobody said so.

use super::catalog::Catalog;
use super::time::{NS_PER_S, TimeRange, Timestamp};

/// Least length of data before the incident that makes a baseline.
const MIN_BASELINE_NS: i64 = 10 * NS_PER_S;

/// Most that is taken for normal: what was longer ago than ten minutes before the incident may be another load, another
/// release, another day.
const MAX_BASELINE_NS: i64 = 600 * NS_PER_S;

/// The end of a stretch that is longer than a baseline may be.
fn cut(range: TimeRange) -> TimeRange {
    TimeRange::new(range.start().max(range.end().plus_ns(-MAX_BASELINE_NS)), range.end())
}

/// What is taken for normal when nobody said when it began.
fn first_fifth(bulk: TimeRange) -> TimeRange {
    TimeRange::new(bulk.start(), bulk.start().plus_ns(bulk.len_ns() / 5))
}

/// What counts as normal, on the screen as in documents: the ten minutes before the first sign, if the data before it last
/// at least ten seconds; else those before the next one; else the end of the first fifth of where most records are.
///
/// `signs` are T+0, the trigger and the start of the impact, as far as somebody said them, in any order.
pub fn range(extent: TimeRange, bulk: TimeRange, signs: impl IntoIterator<Item = Timestamp>) -> TimeRange {
    let mut ends: Vec<Timestamp> = signs.into_iter().collect();
    ends.sort();
    let before = |end: Timestamp| TimeRange::new(extent.start(), end.min(extent.end()).max(extent.start()));
    let long_enough = ends.into_iter().map(before).find(|range| range.len_ns() >= MIN_BASELINE_NS);
    cut(long_enough.unwrap_or_else(|| first_fifth(bulk)))
}

/// The same for what a catalog holds; a record far away from the rest is no beginning of the data. `None` without data.
pub fn of(catalog: &Catalog, signs: impl IntoIterator<Item = Timestamp>) -> Option<TimeRange> {
    let extent = catalog.extent?;
    let signs: Vec<Timestamp> = signs.into_iter().collect();
    let main = catalog.main().filter(|main| signs.iter().all(|at| main.contains(*at))).unwrap_or(extent);
    Some(range(main, catalog.bulk().unwrap_or(extent), signs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_ends_before_the_incident() {
        let at = Timestamp::from_secs;
        let extent = TimeRange::new(at(0), at(1000));
        let end = |t0: Option<i64>, impact: Option<i64>| range(extent, extent, [t0, impact].into_iter().flatten().map(at)).end();
        assert_eq!(end(Some(130), Some(310)), at(130));
        assert_eq!(end(None, Some(310)), at(310));
        assert_eq!(end(Some(4), Some(310)), at(310));
        assert_eq!(end(Some(4), None), at(200));
        assert_eq!(end(None, None), at(200));
        assert_eq!(end(Some(5000), None), at(1000));
    }

    #[test]
    fn what_is_normal_is_at_most_the_ten_minutes_before_the_first_sign() {
        let at = Timestamp::from_secs;
        let day = TimeRange::new(at(0), at(86_400));
        assert_eq!(range(day, day, [at(50_000), at(40_000)]), TimeRange::new(at(39_400), at(40_000)));
        assert_eq!(range(day, day, [at(300)]), TimeRange::new(at(0), at(300)));
        assert_eq!(range(day, day, []), TimeRange::new(at(16_680), at(17_280)), "and as much when nobody said when it began");
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
