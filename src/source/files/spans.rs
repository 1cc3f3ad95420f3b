//! Which time the sources of an incident cover: all of it, and the stretch that most of them share.

use crate::model::time::NS_PER_S;
use crate::model::{SourceReport, TimeRange, Timestamp};

/// From the first placed thing to just after the last.
pub fn extent(reports: &[SourceReport]) -> Option<TimeRange> {
    let extents = reports.iter().filter_map(|report| report.extent);
    extents.map(|(first, last)| TimeRange::new(first, last.plus_ns(1))).reduce(TimeRange::union)
}

/// The stretch that most sources cover: what a year or a day that a text leaves out is taken from. One old file beside
/// an incident, or a history that reaches from back then until now, must not pull the others into its years.
pub fn busiest(reports: &[SourceReport]) -> Option<TimeRange> {
    /// Sources of one incident need not overlap, but lie near to one another.
    const SLACK_NS: i64 = 86_400 * NS_PER_S;
    let extents = || reports.iter().filter_map(|report| report.extent);
    let near = |(first, last): (Timestamp, Timestamp)| (first.plus_ns(-SLACK_NS), last.plus_ns(SLACK_NS));
    let (mut starts, mut ends): (Vec<_>, Vec<_>) = extents().map(near).unzip();
    starts.sort_unstable();
    ends.sort_unstable();
    let n_at = |at: Timestamp| starts.partition_point(|start| *start <= at) - ends.partition_point(|end| *end < at);
    // The most are covered where one of them begins; of equal places the latest counts.
    let peak = starts.iter().copied().max_by_key(|at| (n_at(*at), *at))?;
    let there = extents().filter(|extent| (near(*extent).0..=near(*extent).1).contains(&peak));
    there.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1))).map(|(first, last)| TimeRange::new(first.min(last), first.max(last).plus_ns(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_year_is_taken_from_where_most_sources_lie() {
        let day = |n: i64| Timestamp::from_secs(n * 86_400);
        let report = |(first, last)| SourceReport { extent: Some((day(first), day(last))), ..SourceReport::default() };
        let of = |extents: &[(i64, i64)]| {
            let reports: Vec<SourceReport> = extents.iter().copied().map(report).collect();
            busiest(&reports).map(|range| (range.start(), range.end().plus_ns(-1)))
        };
        assert_eq!(of(&[(20_000, 20_001), (17_000, 17_001), (20_001, 20_002)]), Some((day(20_001), day(20_001))));
        assert_eq!(of(&[(17_000, 20_002), (20_001, 20_002)]), Some((day(20_001), day(20_002))), "a history of years");
        assert_eq!(of(&[(17_000, 17_001), (20_000, 20_001)]), Some((day(20_000), day(20_001))), "of two the later");
        assert_eq!(of(&[]), None);
    }
}
