//! Which day a time of day without a date is meant on.
//!
//! **The rule.** It lies inside the data if it can; of those days, where nearly all of the data lie; of those, nearest to the
//! cursor, else to T+0, else to when there is most of them. One old record far away therefore never takes a time of day to
//! its own day. Of a window each end without a date follows the other one.

use super::{NS_PER_DAY, Reference, parse, spoken};
use crate::model::time::{NS_PER_S, TimeRange, Timestamp};

/// Other days that are told at most.
const MOST_OTHERS: usize = 3;

/// The moment at which the clock shows `ns_of_day`, on the day that the rule says.
pub(super) fn on_the_right_day(ns_of_day: i64, reference: &Reference) -> Option<Timestamp> {
    let near = reference.near()?;
    candidates(ns_of_day, reference).into_iter().min_by_key(|at| reference.rank(*at, near))
}

/// What a time of day without a date could have meant as well: the same time of other days inside the data, those nearest
/// to what was taken first, at most three. Empty for any other text.
pub fn same_time_of_other_days(text: &str, reference: &Reference) -> Vec<Timestamp> {
    let (Some(ns_of_day), Ok(taken)) = (time_alone(text), parse(text, reference)) else { return Vec::new() };
    others(ns_of_day, taken, reference)
}

/// The two ends of a window; of each that is a time of day without a date, the day is the one that fits the other end:
/// `23:50` to `00:10` is twenty minutes.
pub fn parse_range(from: Option<&str>, to: Option<&str>, reference: &Reference) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let alone = |text: Option<&str>| text.and_then(time_alone);
    match (from, to, alone(from), alone(to)) {
        (Some(from), Some(_), None, Some(ns)) => {
            let from = parse(from, reference)?;
            Ok((Some(from), Some(after(ns, from, reference))))
        }
        (Some(_), Some(to), Some(ns), None) => {
            let to = parse(to, reference)?;
            Ok((Some(before(ns, to, reference)), Some(to)))
        }
        (Some(from_text), Some(_), Some(from), Some(to)) => {
            let windows = candidates(from, reference).into_iter().map(|start| (start, after(to, start, reference)));
            let near = reference.near();
            let best = windows.min_by_key(|(start, end)| {
                let window = TimeRange::new(*start, *end);
                let shared = |of: Option<TimeRange>| of.and_then(|of| of.intersect(window)).map_or(0, TimeRange::len_ns);
                let reach = near.map_or(0, |near| window.start().since(near).max(near.since(window.end())).max(0));
                (std::cmp::Reverse((shared(reference.dense), shared(reference.extent))), reach)
            });
            // Without data there is no day: the same words as for one end.
            let (start, end) = best.map_or_else(|| parse(from_text, reference).map(|at| (at, at)), Ok)?;
            Ok((Some(start), Some(end)))
        }
        _ => Ok((from.map(|text| parse(text, reference)).transpose()?, to.map(|text| parse(text, reference)).transpose()?)),
    }
}

/// The time of day that a text is, if it names no day.
fn time_alone(text: &str) -> Option<i64> {
    if !text.trim().starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let joined: String = text.trim().to_lowercase().split([' ', ',']).filter(|word| !word.is_empty() && *word != "at").collect();
    spoken::time_of_day(&joined)
}

impl Reference {
    /// What a time of day should lie near to.
    fn near(&self) -> Option<Timestamp> {
        let start = self.dense.or(self.extent).map(TimeRange::start);
        self.cursor.or(self.t0).or(self.peak).or(start).or(self.now)
    }

    /// The least is meant.
    fn rank(&self, at: Timestamp, near: Timestamp) -> (bool, bool, u64) {
        let is_outside = |range: Option<TimeRange>| range.is_some_and(|range| at < range.start() || range.end() < at);
        (is_outside(self.extent), is_outside(self.dense), at.since(near).unsigned_abs())
    }

    fn wall_day(&self, at: Timestamp) -> i64 {
        at.0.saturating_add(i64::from(self.zone.offset_at(at)) * NS_PER_S).div_euclid(NS_PER_DAY)
    }

    fn moment(&self, day: i64, ns_of_day: i64) -> Option<Timestamp> {
        Some(self.zone.moment_of(day.checked_mul(NS_PER_DAY)?.checked_add(ns_of_day)?))
    }
}

/// The time on the days around everything that it may lie near to. A capture of years holds it on every day: only those
/// can be meant.
fn candidates(ns_of_day: i64, reference: &Reference) -> Vec<Timestamp> {
    let ends = |range: Option<TimeRange>| range.into_iter().flat_map(|range| [range.start(), range.end()]);
    let around = [reference.cursor, reference.t0, reference.peak].into_iter().flatten();
    let around = around.chain(ends(reference.dense)).chain(ends(reference.extent));
    let mut days: Vec<i64> = around.map(|at| reference.wall_day(at)).collect();
    if days.is_empty() {
        days.extend(reference.now.map(|now| reference.wall_day(now)));
    }
    let mut days: Vec<i64> = days.into_iter().flat_map(|day| [day.saturating_sub(1), day, day.saturating_add(1)]).collect();
    days.sort_unstable();
    days.dedup();
    days.into_iter().filter_map(|day| reference.moment(day, ns_of_day)).collect()
}

/// The first such time at or after a moment.
fn after(ns_of_day: i64, from: Timestamp, reference: &Reference) -> Timestamp {
    let day = reference.wall_day(from);
    let moments = (day - 1..=day + 2).filter_map(|day| reference.moment(day, ns_of_day));
    moments.filter(|at| *at >= from).min().unwrap_or(from)
}

/// The last such time at or before a moment.
fn before(ns_of_day: i64, to: Timestamp, reference: &Reference) -> Timestamp {
    let day = reference.wall_day(to);
    let moments = (day - 2..=day + 1).filter_map(|day| reference.moment(day, ns_of_day));
    moments.filter(|at| *at <= to).max().unwrap_or(to)
}

fn others(ns_of_day: i64, taken: Timestamp, reference: &Reference) -> Vec<Timestamp> {
    let Some(extent) = reference.extent else { return Vec::new() };
    let near = reference.wall_day(taken);
    let (first, last) = (reference.wall_day(extent.start()).max(near - 400), reference.wall_day(extent.end()).min(near + 400));
    let moments = (first - 1..=last + 1).filter_map(|day| reference.moment(day, ns_of_day));
    let mut others: Vec<Timestamp> = moments.filter(|at| *at != taken && extent.start() <= *at && *at < extent.end()).collect();
    others.sort_by_key(|at| at.since(taken).unsigned_abs());
    others.truncate(MOST_OTHERS);
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{text, when};

    fn at(text: &str) -> Timestamp {
        when::parse(text, &Reference::default()).expect(text)
    }

    /// One record of the day before, and an hour of data.
    fn reference() -> Reference {
        Reference {
            extent: Some(TimeRange::new(at("2026-03-16T09:12Z"), at("2026-03-17T15:00Z"))),
            dense: Some(TimeRange::new(at("2026-03-17T14:00Z"), at("2026-03-17T15:00Z"))),
            peak: Some(at("2026-03-17T14:31Z")),
            ..Reference::default()
        }
    }

    #[track_caller]
    fn check(reference: &Reference, text: &str, expected: &str) {
        assert_eq!(parse(text, reference).map(text::rfc3339).as_deref(), Ok(expected), "{text}");
    }

    #[test]
    fn a_time_of_day_is_that_of_the_day_on_which_the_data_are() {
        let stray = reference();
        check(&stray, "14:03", "2026-03-17T14:03:00Z");
        check(&stray, "2pm", "2026-03-17T14:00:00Z");
        check(&stray, "13:55", "2026-03-17T13:55:00Z");
        check(&stray, "09:30", "2026-03-17T09:30:00Z");
        let on_it = Reference { cursor: Some(at("2026-03-16T09:12Z")), ..stray };
        check(&on_it, "14:03", "2026-03-17T14:03:00Z");
        check(&on_it, "09:30", "2026-03-16T09:30:00Z");
        assert_eq!(same_time_of_other_days("14:03", &stray), [at("2026-03-16T14:03Z")]);
        assert_eq!(same_time_of_other_days("2026-03-17 14:03", &stray), []);
        assert_eq!(same_time_of_other_days("yesterday 14:03", &stray), []);
    }

    #[test]
    fn on_two_busy_days_the_cursor_then_t0_then_the_busiest_time_decides() {
        let days = Some(TimeRange::new(at("2026-03-16T00:00Z"), at("2026-03-18T00:00Z")));
        let busy = Reference { extent: days, dense: days, peak: Some(at("2026-03-17T14:31Z")), ..Reference::default() };
        check(&busy, "14:03", "2026-03-17T14:03:00Z");
        let marked = Reference { t0: Some(at("2026-03-16T13:00Z")), ..busy };
        check(&marked, "14:03", "2026-03-16T14:03:00Z");
        check(&Reference { cursor: Some(at("2026-03-17T01:00Z")), ..marked }, "03:00", "2026-03-17T03:00:00Z");
    }

    #[test]
    fn an_end_without_a_date_follows_the_other_one() {
        let window = |reference: &Reference, from: &str, to: &str| {
            let (from, to) = parse_range(Some(from), Some(to), reference).unwrap();
            [from, to].map(|at| text::rfc3339(at.unwrap()))
        };
        let stray = reference();
        assert_eq!(window(&stray, "14:00", "15:00"), ["2026-03-17T14:00:00Z", "2026-03-17T15:00:00Z"]);
        assert_eq!(window(&stray, "13:00", "14:10"), ["2026-03-17T13:00:00Z", "2026-03-17T14:10:00Z"]);
        assert_eq!(window(&stray, "2026-03-16 08:00", "09:30"), ["2026-03-16T08:00:00Z", "2026-03-16T09:30:00Z"]);
        assert_eq!(window(&stray, "08:00", "2026-03-16 09:30"), ["2026-03-16T08:00:00Z", "2026-03-16T09:30:00Z"]);
        let night = Some(TimeRange::new(at("2026-03-16T23:55Z"), at("2026-03-17T00:05Z")));
        let night = Reference { extent: night, ..Reference::default() };
        assert_eq!(window(&night, "23:50", "00:10"), ["2026-03-16T23:50:00Z", "2026-03-17T00:10:00Z"]);
        assert!(parse_range(Some("14:00"), Some("15:00"), &Reference::default()).is_err());
    }
}
