//! Where nearly all of the data lie, when a few records lie far away from the rest.
//!
//! One record with a wrong year, a restart of last week in a list of pods: the extent reaches there, but neither the first
//! view nor what counts as normal should. Pure: `source` counts, this decides. Nothing is left out of any answer by it.

use std::num::NonZeroUsize;

use super::time::{TimeRange, Timestamp};

/// Stretches in which records are counted.
pub const STRETCHES: NonZeroUsize = NonZeroUsize::new(512).expect("not zero");
/// One record in so many may lie far away, such as a log in another zone that nobody knows of; more are part of the data.
const FEW: u64 = 20;
/// So many may lie far away, even of little data.
const ALWAYS_FEW: u64 = 3;
/// Looks closer and closer at most so often: a wrong century hides an hour only twice.
const MOST_LOOKS: usize = 6;
/// Nothing lies far away from data that are shorter than this.
const LEAST_APART_NS: i64 = 10 * 60 * 1_000_000_000;

/// Where nearly all data lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dense {
    /// From the first to just after the last of them; shorter than the extent.
    pub range: TimeRange,
    /// Records, samples, changes, alerts and profiles outside of it.
    pub n_outside: u64,
}

/// Finds it by counts of equal stretches of a range. `None` when nothing lies far away.
///
/// `count` gives the number of records in each of [`STRETCHES`] stretches of a range. Far away is what a gap divides from
/// the rest that is longer than the rest itself, and it is at most one record of twenty, or three of all. O(looks · stretches).
pub fn of(extent: TimeRange, mut count: impl FnMut(TimeRange) -> Vec<u64>) -> Option<TimeRange> {
    let mut range = extent;
    let mut n_left = None;
    for _ in 0..MOST_LOOKS {
        let counts = count(range);
        let total: u64 = *n_left.get_or_insert(counts.iter().sum());
        let (first, last) = kept(&counts, range, total)?;
        let start = if first == 0 { range.start() } else { range.edge(first, STRETCHES) };
        let end = if last + 1 == counts.len() { range.end() } else { range.edge(last + 1, STRETCHES) };
        let found = TimeRange::new(start, end);
        if found == range || found.is_empty() {
            break;
        }
        range = found;
    }
    (range != extent && !range.is_empty()).then_some(range)
}

/// First and last stretch of the rest.
fn kept(counts: &[u64], range: TimeRange, total: u64) -> Option<(usize, usize)> {
    let islands = islands(counts);
    let main = islands.iter().enumerate().max_by_key(|(index, island)| (island.n, std::cmp::Reverse(*index)))?.0;
    let (mut low, mut high) = (main, main);
    let width = range.len_ns() / counts.len().max(1) as i64;
    let is_few = |n: u64| n.saturating_mul(FEW) <= total || (n <= ALWAYS_FEW && n.saturating_mul(5) <= total);
    loop {
        let length = (islands[high].last - islands[low].first + 1) as i64;
        let apart = |gap: usize| gap as i64 > length && (gap as i64).saturating_mul(width) > LEAST_APART_NS;
        let before: u64 = islands[..low].iter().map(|island| island.n).sum();
        let after: u64 = islands[high + 1..].iter().map(|island| island.n).sum();
        if low > 0 && !(apart(islands[low].first - islands[low - 1].last - 1) && is_few(before)) {
            low -= 1;
        } else if high + 1 < islands.len() && !(apart(islands[high + 1].first - islands[high].last - 1) && is_few(after)) {
            high += 1;
        } else {
            return Some((islands[low].first, islands[high].last));
        }
    }
}

/// Stretches with something in them, one after the other.
struct Island {
    first: usize,
    last: usize,
    n: u64,
}

fn islands(counts: &[u64]) -> Vec<Island> {
    let mut islands: Vec<Island> = Vec::new();
    for (index, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        match islands.last_mut().filter(|island| island.last + 1 == index) {
            Some(island) => (island.last, island.n) = (index, island.n + n),
            None => islands.push(Island { first: index, last: index, n: *n }),
        }
    }
    islands
}

/// The middle of the fullest of equal stretches.
pub fn peak(range: TimeRange, counts: &[u64]) -> Option<Timestamp> {
    let n = NonZeroUsize::new(counts.len())?;
    let (index, count) = counts.iter().enumerate().max_by_key(|(index, count)| (**count, std::cmp::Reverse(*index)))?;
    let stretch = TimeRange::new(range.edge(index, n), range.edge(index + 1, n));
    (*count > 0).then(|| stretch.start().plus_ns(stretch.len_ns() / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: i64 = 3_600;

    /// Where the records at these seconds are, `None` if nothing is far away.
    fn found(secs: &[i64]) -> Option<(i64, i64)> {
        let (first, last) = (*secs.iter().min()?, *secs.iter().max()?);
        let extent = TimeRange::new(Timestamp::from_secs(first), Timestamp::from_secs(last).plus_ns(1));
        let count = |range: TimeRange| {
            let mut counts = vec![0; STRETCHES.get()];
            for column in secs.iter().filter_map(|at| range.column_of(Timestamp::from_secs(*at), STRETCHES)) {
                counts[column] += 1;
            }
            counts
        };
        of(extent, count).map(|range| (range.start().0 / 1_000_000_000, range.end().0 / 1_000_000_000))
    }

    fn hour(start: i64) -> Vec<i64> {
        (0..720).map(|i| start + i * 5).collect()
    }

    #[track_caller]
    fn check_near(secs: &[i64], first: i64, last: i64) {
        let (start, end) = found(secs).expect("something lies far away");
        assert!(start <= first && first - start < 60 && end >= last && end - last < 60, "{start} {end}");
    }

    #[test]
    fn a_few_records_far_away_are_no_part_of_the_data() {
        let base = 1_774_000_000;
        check_near(&[&[base - 30 * H][..], &hour(base)].concat(), base, base + 3595);
        check_near(&[&[0][..], &hour(base), &[base + 9_000 * H, base + 9_001 * H]].concat(), base, base + 3595);
        check_near(&[&[base - 500 * H, base - 90 * H, base - 30 * H][..], &hour(base)].concat(), base, base + 3595);
    }

    #[test]
    fn what_is_near_or_is_much_is_part_of_the_data() {
        let base = 1_774_000_000;
        assert_eq!(found(&hour(base)), None);
        assert_eq!(found(&[&[base - H / 2][..], &hour(base)].concat()), None, "half an hour before an hour");
        assert_eq!(found(&[hour(base - 24 * H), hour(base)].concat()), None, "the same hour of the day before");
        assert_eq!(found(&[5, 90_000]), None, "two records");
        assert_eq!(found(&(0..48).map(|i| i * H).collect::<Vec<_>>()), None, "a thin night is no gap");
        assert_eq!(found(&[7]), None);
    }
}
