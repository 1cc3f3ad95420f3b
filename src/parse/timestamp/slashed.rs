//! Dates with the day or the month first (`23/11/2026`, `11/23/2026`, `23.11.2026`) and clocks of twelve hours.
//!
//! Where both readings are days of the year the text does not say which is meant: [`votes`] tells what other times of
//! the file say, and a reader is told the order. Numbers may lack their leading zero, as spreadsheets write them.

use super::{Minutes, Missing, Tail, days, digit, four};

/// Which of the first two numbers of a date is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateOrder {
    /// `11/23/2026`.
    #[default]
    MonthFirst,
    /// `23/11/2026`.
    DayFirst,
}

/// A date of three numbers, the year last, and how many bytes it takes.
struct Date {
    first: u32,
    second: u32,
    year: i64,
    separator: u8,
    len: usize,
}

/// One or two digits at `at`, and the position after them.
fn short(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let tens = digit(text, at)?;
    Some(match digit(text, at + 1) {
        Some(ones) => (tens * 10 + ones, at + 2),
        None => (tens, at + 1),
    })
}

fn date(text: &[u8]) -> Option<Date> {
    let (first, at) = short(text, 0)?;
    let separator = *text.get(at).filter(|byte| matches!(byte, b'/' | b'.' | b'-'))?;
    let (second, at) = short(text, at + 1)?;
    let year = i64::from(four(text, at + 1)?);
    let is_date = text.get(at) == Some(&separator) && (1900..3000).contains(&year);
    let is_end = !text.get(at + 5).is_some_and(u8::is_ascii_digit);
    (is_date && is_end && (1..=31).contains(&first) && (1..=31).contains(&second)).then_some(Date {
        first,
        second,
        year,
        separator,
        len: at + 5,
    })
}

/// The order that a date shows by a number above twelve; `None` when it could be both, or is no such date.
pub fn votes(text: &[u8]) -> Option<DateOrder> {
    let date = date(text)?;
    match (date.first > 12, date.second > 12) {
        (true, false) => Some(DateOrder::DayFirst),
        (false, true) => Some(DateOrder::MonthFirst),
        _ => None,
    }
}

/// Whether a text begins with a date that has two readings.
pub fn is_ambiguous(text: &[u8]) -> bool {
    date(text).is_some_and(|date| date.separator == b'/' && date.first <= 12 && date.second <= 12 && date.first != date.second)
}

/// Date, hour and minute; `order` decides where the date does not.
pub(super) fn read(text: &[u8], order: DateOrder) -> Option<Minutes> {
    let date = date(text)?;
    // Points and dashes are written where the day comes first.
    let order = if date.separator == b'/' { order } else { DateOrder::DayFirst };
    let (day, month) = match votes(text).unwrap_or(order) {
        DateOrder::DayFirst => (date.first, date.second),
        DateOrder::MonthFirst => (date.second, date.first),
    };
    let mut at = date.len;
    at += usize::from(text.get(at) == Some(&b','));
    if !matches!(text.get(at)?, b' ' | b'T' | b':' | b'-') {
        return None;
    }
    let (secs, at) = hour_minute(text, at + 1)?;
    let secs = days(date.year, month, day)? * 86_400 + secs;
    Some(Minutes { len: at, secs, missing: Missing::Nothing, tail: Tail::Colon })
}

/// Seconds of `H:MM` or `HH:MM` at `at`, and the position after it.
pub(super) fn hour_minute(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let (hour, at) = short(text, at)?;
    let minute = super::two(text, at + 1).filter(|minute| *minute < 60)?;
    let is_time = text.get(at) == Some(&b':') && (hour < 24 || hour == 24 && minute == 0);
    is_time.then(|| (i64::from(hour * 3600 + minute * 60), at + 3))
}

/// Which half of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Am,
    Pm,
}

impl Half {
    /// `AM`, `pm`, with a blank before it (a narrow one that does not break, as Java writes since version 20) or none;
    /// and the position after it.
    pub fn at(text: &[u8], at: usize) -> Option<(Self, usize)> {
        let rest = text.get(at..)?;
        let start = match rest {
            [b' ', ..] => 1,
            [0xe2, 0x80, 0xaf, ..] => 3,
            _ => 0,
        };
        let half = match rest.get(start)? {
            b'A' | b'a' => Self::Am,
            b'P' | b'p' => Self::Pm,
            _ => return None,
        };
        let is_word = matches!(rest.get(start + 1)?, b'M' | b'm')
            && !rest.get(start + 2).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        is_word.then_some((half, at + start + 2))
    }

    /// Seconds to add to a time of day that was read as if it had 24 hours; `None` when it is none of twelve.
    pub fn shift(self, secs: i64) -> Option<i64> {
        let hour = secs.rem_euclid(86_400) / 3600;
        match (self, hour) {
            (Self::Am, 12) => Some(-43_200),
            (Self::Pm, 1..=11) => Some(43_200),
            (_, 1..=12) => Some(0),
            _ => None,
        }
    }
}

/// `2:28AM`, as zerolog writes on a console.
pub(super) fn kitchen(text: &[u8]) -> Option<Minutes> {
    let (secs, at) = hour_minute(text, 0)?;
    let (half, _) = Half::at(text, at)?;
    half.shift(secs).map(|_| Minutes { len: at, secs, missing: Missing::Date, tail: Tail::Half })
}
