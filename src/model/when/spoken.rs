//! Times as people say them: `3pm`, `3:04 pm`, `14h05`, alone or with a day: `yesterday 3pm`, `monday 14:03`, `today`.

use super::days::on_the_right_day;
use super::{NS_PER_DAY, Reference, clock};
use crate::model::time::{NS_PER_S, Timestamp};

/// Names of the days; three letters are enough.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A day as it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// So many days before that of the wall clock.
    Ago(i64),
    /// Monday is 0.
    Weekday(i64),
}

/// Reads it; `None` when it is said in another way, or nothing tells which day is meant.
///
/// `today` and `yesterday` count from the wall clock. A weekday is the one inside the data that lies nearest to the
/// cursor, else the last one that the wall clock has seen. A day without a time is its midnight.
pub(super) fn read(text: &str, reference: &Reference) -> Option<Timestamp> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split([' ', ',']).filter(|word| !word.is_empty() && *word != "at").collect();
    let day = words.iter().enumerate().find_map(|(index, word)| Some((index, day_of(word)?)));
    let time: String = words.iter().enumerate().filter(|(index, _)| day.is_none_or(|(own, _)| own != *index)).map(|pair| *pair.1).collect();
    let ns_of_day = if time.is_empty() { day.map(|_| 0)? } else { time_of_day(&time)? };
    match day {
        None => on_the_right_day(ns_of_day, reference),
        Some((_, day)) => moment(day_number(day, reference)?, ns_of_day, reference),
    }
}

fn day_of(word: &str) -> Option<Day> {
    match word {
        "today" => return Some(Day::Ago(0)),
        "yesterday" => return Some(Day::Ago(1)),
        _ if word.len() < 3 => return None,
        _ => {}
    }
    WEEKDAYS.iter().position(|name| name.starts_with(word)).map(|index| Day::Weekday(index as i64))
}

/// Days since the epoch in the zone.
fn day_number(day: Day, reference: &Reference) -> Option<i64> {
    let of = |at: Timestamp| at.0.saturating_add(i64::from(reference.zone.offset_at(at)) * NS_PER_S).div_euclid(NS_PER_DAY);
    // 1970-01-01 was a Thursday.
    let weekday_of = |day: i64| (day + 3).rem_euclid(7);
    match day {
        Day::Ago(days) => Some(of(reference.now?) - days),
        Day::Weekday(wanted) => {
            let inside = reference.extent.and_then(|extent| {
                let near = of(reference.cursor.unwrap_or(extent.start()));
                let (first, last) = (of(extent.start()), of(extent.end()));
                let candidates = (near - 7..=near + 7).filter(|day| weekday_of(*day) == wanted && (first..=last).contains(day));
                candidates.min_by_key(|day| (day - near).abs())
            });
            let before = || reference.now.map(of).map(|today| today - (weekday_of(today) - wanted).rem_euclid(7));
            inside.or_else(before)
        }
    }
}

fn moment(day: i64, ns_of_day: i64, reference: &Reference) -> Option<Timestamp> {
    Some(reference.zone.moment_of(day.checked_mul(NS_PER_DAY)?.checked_add(ns_of_day)?))
}

/// `3pm`, `3:04pm`, `14h05`, `14h`, `14:03:22`, as nanoseconds of the day.
pub(super) fn time_of_day(text: &str) -> Option<i64> {
    const HOUR: i64 = 3_600 * NS_PER_S;
    let half = [("am", 0), ("a.m.", 0), ("pm", 12), ("p.m.", 12)].into_iter().find_map(|(word, add)| Some((text.strip_suffix(word)?, add)));
    if let Some((time, add)) = half {
        let ns = if time.contains(':') { clock(time)? } else { time.parse::<i64>().ok()?.checked_mul(HOUR)? };
        // Twelve is the hour before one.
        return (HOUR..13 * HOUR).contains(&ns).then(|| ns % (12 * HOUR) + add * HOUR);
    }
    if let Some((hours, minutes)) = text.split_once('h') {
        let (hours, minutes) = (hours.parse::<u8>().ok()?, if minutes.is_empty() { 0 } else { minutes.parse::<u8>().ok()? });
        return (hours < 24 && minutes < 60).then(|| i64::from(hours) * HOUR + i64::from(minutes) * 60 * NS_PER_S);
    }
    clock(text)
}
