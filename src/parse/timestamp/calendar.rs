//! Days of the proleptic Gregorian calendar, counted from 1970-01-01. No time of day, no zone.

/// Days to a date of ISO 8601 given by week and day of the week; week 1 holds 4 January.
pub(super) fn week_date(year: i64, week: u32, day: u32) -> Option<i64> {
    let fourth = days(year, 1, 4)?;
    let monday = fourth - (fourth + 3).rem_euclid(7);
    let is_date = (1..=53).contains(&week) && (1..=7).contains(&day);
    is_date.then(|| monday + i64::from(week - 1) * 7 + i64::from(day - 1))
}

/// Whether 29 February is a day of this year.
pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 1970-01-01 to a date; `None` when there is no such date. Algorithm: H. Hinnant, `days_from_civil`.
pub fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    let last = match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > last {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

/// Year, month and day of a number of days from 1970-01-01. Algorithm: H. Hinnant, `civil_from_days`.
pub fn civil_of_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month as u32, (doy - (153 * mp + 2) / 5 + 1) as u32)
}
