//! By how many quarters of an hour the times of a source without a zone are off, from what other sources tell of the
//! same events. Only a hint, never applied: silence unless the evidence is strong and the times as read do not agree.
//!
//! Two signs: bursts of errors that fall together only after a shift, and a span that begins and ends as another one does
//! only after a shift, as an export of the same window from a dashboard does.

use crate::model::time::NS_PER_S;
use crate::model::{TimeRange, Timestamp};

/// Zones differ from UTC by whole quarters of an hour, up to 14 hours.
const QUARTER_S: i64 = 900;
const MAX_QUARTERS: i64 = 56;
/// Fewer errors, or minutes with any, are no burst.
const MIN_ERRORS: u64 = 20;
const MIN_MINUTES: usize = 2;
/// How alike bursts must be to be the same ones, and how much less alike after any other shift.
const SAME: f64 = 0.8;
const OTHER: f64 = 0.4;
/// Ends of the same window differ by the step of an export at most.
const END_S: i64 = 75;
const MIN_SPAN_S: i64 = 600;

/// Errors a minute from the start of a range on.
pub type Minutes = Vec<u64>;

/// The shift, in seconds, that brings `errors` onto those of `others`, all counted by minute over the same range.
pub fn by_errors(errors: &[u64], others: &[u64]) -> Option<i64> {
    let is_burst = |minutes: &[u64]| minutes.iter().sum::<u64>() >= MIN_ERRORS && minutes.iter().filter(|n| **n > 0).count() >= MIN_MINUTES;
    // What goes on all the time tells no moment.
    let is_steady = |minutes: &[u64]| {
        let first = minutes.iter().position(|n| *n > 0).unwrap_or(0);
        let last = minutes.iter().rposition(|n| *n > 0).unwrap_or(0);
        let inside = &minutes[first..(last + 1).min(minutes.len())];
        inside.len() > 5 && inside.iter().filter(|n| **n == 0).count() * 10 < inside.len()
    };
    if !is_burst(errors) || !is_burst(others) || is_steady(errors) {
        return None;
    }
    let mut alike: Vec<(f64, i64)> =
        (-MAX_QUARTERS..=MAX_QUARTERS).map(|quarters| (likeness(errors, others, quarters * QUARTER_S / 60), quarters)).collect();
    let as_read = alike.iter().find(|one| one.1 == 0).map_or(0.0, |one| one.0);
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.abs().cmp(&b.1.abs())));
    let (best, quarters) = alike[0];
    let is_alone = alike.iter().skip(1).all(|(likeness, _)| *likeness < best - OTHER);
    (quarters != 0 && best >= SAME && as_read < OTHER && is_alone).then_some(quarters * QUARTER_S)
}

/// Cosine of the roots of two counts, one moved by some minutes: 1 is the same course. Roots, so that one great minute
/// is not all of it.
fn likeness(moved: &[u64], other: &[u64], by_minutes: i64) -> f64 {
    let root = |n: u64| (n as f64).sqrt();
    let norm = |minutes: &[u64]| minutes.iter().map(|n| *n as f64).sum::<f64>().sqrt();
    let product: f64 = moved
        .iter()
        .enumerate()
        .filter(|(_, n)| **n > 0)
        .filter_map(|(at, n)| {
            let at = usize::try_from(i64::try_from(at).ok()?.checked_add(by_minutes)?).ok()?;
            Some(root(*n) * root(*other.get(at)?))
        })
        .sum();
    let length = norm(moved) * norm(other);
    if length > 0.0 { product / length } else { 0.0 }
}

/// The shift, in seconds, after which a span begins and ends as another one.
pub fn by_span(span: (Timestamp, Timestamp), other: (Timestamp, Timestamp)) -> Option<i64> {
    let secs = |ns: i64| ns / NS_PER_S;
    let length = secs(span.1.0.saturating_sub(span.0.0));
    let (start, end) = (secs(other.0.0.saturating_sub(span.0.0)), secs(other.1.0.saturating_sub(span.1.0)));
    if length < MIN_SPAN_S {
        return None;
    }
    let quarters = (start + QUARTER_S / 2).div_euclid(QUARTER_S);
    let shift = quarters * QUARTER_S;
    let fits = |off: i64| (off - shift).abs() <= END_S;
    (quarters != 0 && quarters.abs() <= MAX_QUARTERS && fits(start) && fits(end)).then_some(shift)
}

/// Whether a span lies before or after each of the others.
pub fn is_apart(span: (Timestamp, Timestamp), mut others: impl Iterator<Item = (Timestamp, Timestamp)>) -> bool {
    others.all(|other| span.1 < other.0 || other.1 < span.0)
}

/// Minutes of a range, as many as counts should have; `None` when it is too long to be worth it.
pub fn minutes_of(range: TimeRange) -> Option<usize> {
    const MAX_DAYS: i64 = 8;
    let minutes = range.end().0.saturating_sub(range.start().0) / (60 * NS_PER_S);
    usize::try_from(minutes).ok().filter(|n| *n > 0 && minutes <= MAX_DAYS * 24 * 60)
}

/// An offset as a zone is written, for times that must be moved by `shift_s` to be UTC: they were written so far east.
pub fn zone(shift_s: i64) -> String {
    let east_minutes = -shift_s / 60;
    let sign = if east_minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", east_minutes.abs() / 60, east_minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(at: &[(usize, u64)]) -> Minutes {
        let mut all = vec![0; 300];
        for (minute, n) in at {
            all[*minute] = *n;
        }
        all
    }

    #[test]
    fn bursts_that_fall_together_an_hour_later_tell_the_zone() {
        let truth = minutes(&[(100, 200), (101, 50), (113, 220), (114, 40)]);
        let off = minutes(&[(160, 190), (161, 55), (173, 230), (174, 35)]);
        let shift = by_errors(&off, &truth).unwrap();
        assert_eq!((shift, zone(shift).as_str()), (-3_600, "+01:00"));
        assert_eq!(by_errors(&truth, &truth), None, "they agree as they are");
    }

    #[test]
    fn weak_signs_tell_nothing() {
        let truth = minutes(&[(100, 200), (101, 50)]);
        assert_eq!(by_errors(&minutes(&[(160, 3), (161, 1)]), &truth), None, "four errors are no burst");
        assert_eq!(by_errors(&[9; 300], &truth), None, "errors all the time have no moment");
        assert_eq!(by_errors(&minutes(&[(157, 200), (158, 50)]), &truth), None, "no zone is 57 minutes off");
        let daily = minutes(&[(40, 100), (41, 9), (100, 100), (101, 9), (160, 100), (161, 9), (220, 100), (221, 9)]);
        assert_eq!(by_errors(&minutes(&[(70, 100), (71, 9)]), &daily), None, "several shifts fit as well");
    }

    #[test]
    fn a_log_of_the_hour_before_is_apart_only_where_no_other_reaches_into_it() {
        let at = Timestamp::from_secs;
        let span = (at(3_613), at(7_179));
        assert!(is_apart(span, [(at(18_000), at(21_600)), (at(18_010), at(21_590))].into_iter()));
        assert!(!is_apart(span, [(at(18_000), at(21_600)), (at(7_000), at(21_600))].into_iter()));
        assert_eq!(by_span(span, (at(18_000), at(21_580))), Some(14_400));
    }

    #[test]
    fn a_window_of_the_same_length_tells_the_zone() {
        let at = Timestamp::from_secs;
        let span = (at(3_600), at(7_200));
        assert_eq!(by_span((at(7_205), at(10_790)), span), Some(-3_600));
        assert_eq!(by_span((at(3_605), at(7_190)), span), None);
        assert_eq!(by_span((at(7_205), at(10_000)), span), None);
        assert_eq!(zone(-20_700), "+05:45");
        assert_eq!(zone(16_200), "-04:30");
    }
}
