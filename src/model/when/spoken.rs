//! Times as people say them: `3pm`, `3:04 pm`, `14h05`, alone or with a day: `yesterday 3pm`, `monday 14:03`, `today`,
//! `23 nov 14:03`.

use chrono::{Datelike, NaiveDate};

use super::days::on_the_right_day;
use super::{NS_PER_DAY, Reference, clock};
use crate::model::time::{NS_PER_S, TimeRange, Timestamp};

/// Names of the days; three letters are enough.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Names of the months; three letters are enough.
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// 1970-01-01 counted in days since year 1.
const EPOCH_DAY: i64 = 719_163;

/// A day as it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// So many days before the last one of the data.
    Ago(i64),
    /// Monday is 0.
    Weekday(i64),
    /// Month and day of it, both from 1, and the year if it is said.
    Date(u32, u32, Option<i32>),
}

/// Reads it; `None` when it is said in another way, or nothing tells which day is meant.
///
/// `today` and `yesterday` count from the last day of the data, since a review looks back at it, else from the wall clock. A
/// date without a year is the nearest one to the data. A weekday is the one inside the data that lies nearest to the
/// cursor, else the last one that the wall clock has seen. A day without a time is its midnight.
pub(super) fn read(text: &str, reference: &Reference) -> Option<Timestamp> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split([' ', ',']).filter(|word| !word.is_empty() && *word != "at").collect();
    let (day, of_day) = match date_of(&words) {
        Some((date, taken)) => (Some(date), taken),
        None => words
            .iter()
            .enumerate()
            .find_map(|(at, word)| Some((day_of(word)?, vec![at])))
            .map_or((None, vec![]), |(day, at)| (Some(day), at)),
    };
    let time: String = words.iter().enumerate().filter(|(at, _)| !of_day.contains(at)).map(|pair| *pair.1).collect();
    let ns_of_day = if time.is_empty() { day.map(|_| 0)? } else { time_of_day(&time)? };
    match day {
        None => on_the_right_day(ns_of_day, reference),
        Some(day) => moment(day_number(day, reference)?, ns_of_day, reference),
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

/// `23 nov`, `nov 23rd`, `23 november 2026`, and which words they are.
fn date_of(words: &[&str]) -> Option<(Day, Vec<usize>)> {
    let month_at = words.iter().position(|word| word.len() >= 3 && MONTHS.iter().any(|name| name.starts_with(word)))?;
    let month = MONTHS.iter().position(|name| name.starts_with(words[month_at]))? as u32 + 1;
    let day_of_month = |at: usize| {
        let word = words.get(at)?;
        let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
        digits.parse::<u32>().ok().filter(|day| digits.len() <= 2 && (1..=31).contains(day))
    };
    let before = month_at.checked_sub(1).and_then(|at| Some((at, day_of_month(at)?)));
    let (day_at, day) = before.or_else(|| Some((month_at + 1, day_of_month(month_at + 1)?)))?;
    let year_at = month_at.max(day_at) + 1;
    let year = words.get(year_at).filter(|word| word.len() == 4).and_then(|word| word.parse::<i32>().ok());
    let mut taken = vec![month_at, day_at];
    taken.extend(year.map(|_| year_at));
    Some((Day::Date(month, day, year), taken))
}

/// Days since the epoch in the zone.
fn day_number(day: Day, reference: &Reference) -> Option<i64> {
    let of = |at: Timestamp| at.0.saturating_add(i64::from(reference.zone.offset_at(at)) * NS_PER_S).div_euclid(NS_PER_DAY);
    // 1970-01-01 was a Thursday.
    let weekday_of = |day: i64| (day + 3).rem_euclid(7);
    match day {
        Day::Ago(days) => {
            let last = reference.dense.or(reference.extent).filter(|data| !data.is_empty()).map(TimeRange::end);
            // The end itself is no more part of them.
            Some(of(last.map(|end| end.plus_ns(-1)).or(reference.now)?) - days)
        }
        Day::Date(month, day, year) => {
            let number = |year: i32| Some(i64::from(NaiveDate::from_ymd_opt(year, month, day)?.num_days_from_ce()) - EPOCH_DAY);
            if let Some(year) = year {
                return number(year);
            }
            let near = of(reference.dense.or(reference.extent).map(TimeRange::start).or(reference.now)?);
            let year = NaiveDate::from_num_days_from_ce_opt((near + EPOCH_DAY) as i32)?.year();
            (year - 1..=year + 1).filter_map(number).min_by_key(|day| (day - near).abs())
        }
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
