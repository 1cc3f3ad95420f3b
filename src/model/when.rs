//! Times and durations as people and files write them, read to the nanosecond.
//!
//! The one reader behind the command line, the `go to` prompt and the small formats; log lines have their own
//! fast paths in `parse::timestamp`. A time without an offset is read in the zone the caller gives, never silently.

mod days;
mod fault;
mod spoken;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone};

use super::text;
use super::time::{NS_PER_S, TimeRange, Timestamp};

use days::on_the_right_day;
pub use days::{parse_range, same_time_of_other_days};
pub use fault::fault;

const NS_PER_DAY: i64 = 86_400 * NS_PER_S;

/// The zone of times that carry no offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WallZone {
    /// Universal time.
    #[default]
    Utc,
    /// A fixed offset, seconds east of UTC.
    Offset(i32),
    /// A zone with rules, such as `Asia/Shanghai`.
    Named(chrono_tz::Tz),
}

impl WallZone {
    /// `UTC`, `Z`, `GMT`, `+05:30`, `-0700` or an IANA name.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        if matches!(name.to_ascii_uppercase().as_str(), "UTC" | "Z" | "GMT" | "ETC/UTC") {
            return Some(Self::Utc);
        }
        if let Some(seconds) = read_offset(name) {
            return Some(Self::Offset(seconds));
        }
        name.parse().ok().map(Self::Named)
    }

    /// Name as `from_name` reads it.
    pub fn name(self) -> String {
        match self {
            Self::Utc => "UTC".into(),
            Self::Offset(seconds) => {
                let sign = if seconds < 0 { '-' } else { '+' };
                let minutes = seconds.unsigned_abs() / 60;
                format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            Self::Named(zone) => zone.name().to_owned(),
        }
    }

    /// Seconds east of UTC at a moment.
    pub fn offset_at(self, at: Timestamp) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Offset(seconds) => seconds,
            Self::Named(zone) => zone.offset_from_utc_datetime(&civil_of(at)).fix().local_minus_utc(),
        }
    }

    /// Turns wall time (nanoseconds as if it were UTC) into a moment. Of a time that happens twice the first is
    /// taken; one that is skipped in spring moves forward by the skipped hour.
    pub fn moment_of(self, civil_ns: i64) -> Timestamp {
        let seconds = match self {
            Self::Utc => 0,
            Self::Offset(seconds) => seconds,
            Self::Named(zone) => {
                let civil = civil_of(Timestamp(civil_ns));
                let found = zone.offset_from_local_datetime(&civil).earliest();
                let before_gap = || zone.offset_from_local_datetime(&(civil - TimeDelta::hours(3))).earliest();
                found.or_else(before_gap).map_or(0, |offset| offset.fix().local_minus_utc())
            }
        };
        Timestamp(civil_ns.saturating_sub(i64::from(seconds) * NS_PER_S))
    }
}

fn civil_of(at: Timestamp) -> NaiveDateTime {
    let (secs, ns) = (at.0.div_euclid(NS_PER_S), at.0.rem_euclid(NS_PER_S));
    chrono::DateTime::from_timestamp(secs, ns as u32).expect("every i64 of nanoseconds is a date of the years 1677 to 2262").naive_utc()
}

/// A date and time as written, before a zone is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Wall time: nanoseconds since the epoch as if it were UTC.
    pub civil_ns: i64,
    /// Seconds east of UTC, if the text says so.
    pub offset: Option<i32>,
}

impl Written {
    /// The moment: by its own offset, else in `zone`.
    pub fn at(self, zone: WallZone) -> Timestamp {
        match self.offset {
            Some(seconds) => Timestamp(self.civil_ns.saturating_sub(i64::from(seconds) * NS_PER_S)),
            None => zone.moment_of(self.civil_ns),
        }
    }
}

/// What relative forms refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reference {
    /// The wall clock, for `now`.
    pub now: Option<Timestamp>,
    /// T+0.
    pub t0: Option<Timestamp>,
    /// What offsets from T+0 count from while that is not set.
    pub start: Option<Timestamp>,
    /// The cursor.
    pub cursor: Option<Timestamp>,
    /// What the data cover.
    pub extent: Option<TimeRange>,
    /// Where nearly all of them lie, if a few lie far away.
    pub dense: Option<TimeRange>,
    /// When there is most of them.
    pub peak: Option<Timestamp>,
    /// Zone of times without an offset.
    pub zone: WallZone,
}

/// Forms that `parse` accepts, for messages.
pub const FORMS: &str = "2026-11-23T02:30:22Z, 2026-11-23 02:30, 02:30:22, 3pm, yesterday 3pm, T+3m, -5m, or an epoch in s, ms, us or ns";

/// Reads a moment in any of the accepted forms (`FORMS`); the error says what is wrong and names them.
///
/// A clock time without a date falls on a day of the data: of those where nearly all of them lie, on the one nearest to the
/// cursor, else to T+0, else to when there is most of them. [`same_time_of_other_days`] tells what else it could have meant.
/// `+5m` and `-5m` count from the cursor, else from the end of the extent. Epochs are told apart by magnitude. `3pm`, `yesterday 3pm`,
/// `monday 14h05` and `23 nov 14:05` are understood too; `today` and `yesterday` count from the last day of the data. [`fault()`]
/// tells where a text goes wrong.
pub fn parse(text: &str, reference: &Reference) -> Result<Timestamp, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("no time given; known forms: {FORMS}"));
    }
    read(text, reference).map_err(|why| match (why, fault(text, reference)) {
        (Why::NothingToCountFrom(why), _) => format!("{text:?} {why}"),
        (Why::NoForm(why), Some(at)) if 0 < at && at < text.len() => {
            let column = text[..at].chars().count() + 1;
            format!("{text:?} {why}: column {column}, {:?}, fits no form; known forms: {FORMS}", &text[at..])
        }
        (Why::NoForm(why), _) => format!("{text:?} {why}; known forms: {FORMS}"),
    })
}

/// Why a text is no moment.
enum Why {
    /// It is read, and what it counts from is not there.
    NothingToCountFrom(&'static str),
    NoForm(&'static str),
}

fn read(text: &str, reference: &Reference) -> Result<Timestamp, Why> {
    let from_nothing = |why| Err(Why::NothingToCountFrom(why));
    let refuse = |why| Err(Why::NoForm(why));
    if text.eq_ignore_ascii_case("now") {
        return reference.now.map_or_else(|| from_nothing("needs a clock, and there is none here"), Ok);
    }
    if let Some(rest) = text.strip_prefix(['T', 't']).filter(|rest| !rest.starts_with(char::is_alphabetic)) {
        let Some(ns) = signed_duration(rest) else { return refuse("begins like an offset from T+0 but has no duration such as T+3m") };
        return reference.t0.or(reference.start).map_or_else(|| from_nothing("counts from T+0, which is not set"), |t0| Ok(t0.plus_ns(ns)));
    }
    if text.starts_with(['+', '-', '−']) {
        let Some(ns) = signed_duration(text) else { return refuse("begins like an offset but has no duration such as -5m") };
        let from = reference.cursor.or(reference.extent.map(TimeRange::end));
        return from.map_or_else(|| from_nothing("is relative, and there is nothing to count from"), |from| Ok(from.plus_ns(ns)));
    }
    if let Some(at) = written(text) {
        return Ok(at.at(reference.zone));
    }
    if let Some(ns_of_day) = clock(text) {
        let at = on_the_right_day(ns_of_day, reference);
        return at.map_or_else(|| from_nothing("has no date, and there are no data to take it from"), Ok);
    }
    if let Some(at) = spoken::read(text, reference) {
        return Ok(at);
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return match epoch(text) {
            Some(at) if at.0 >= 100_000_000 * NS_PER_S => Ok(at),
            _ => refuse("is a number too small or too large for an epoch"),
        };
    }
    refuse("is not a time")
}

/// `+3m`, `-90s`, `+0`, `−1h02m`; empty means 0.
fn signed_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text == "0" {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-').or_else(|| text.strip_prefix('−'))?),
    };
    if rest.trim() == "0" {
        return Some(0);
    }
    parse_duration(rest).ok().map(|ns| sign * ns)
}

/// Reads `1m30s`, `90s`, `1.5h`, `250ms`, `2d` into nanoseconds, never negative.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let refuse = || format!("{text:?} is not a duration; known forms: 90s, 1m30s, 1.5h, 250ms, 2d (units ns us ms s m h d w)");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(refuse());
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refuse)?;
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at(letters);
        let unit_ns = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" | "sec" | "secs" | "second" | "seconds" => NS_PER_S,
            "m" | "min" | "mins" | "minute" | "minutes" => 60 * NS_PER_S,
            "h" | "hour" | "hours" => 3_600 * NS_PER_S,
            "d" | "day" | "days" => NS_PER_DAY,
            "w" | "week" | "weeks" => 7 * NS_PER_DAY,
            _ => return Err(refuse()),
        };
        let part = scaled(number, unit_ns).ok_or_else(refuse)?;
        total = total.checked_add(part).ok_or_else(refuse)?;
        rest = after.trim_start();
    }
    Ok(total)
}

/// `number × unit` in nanoseconds without a float; digits below one nanosecond are cut. `None` if it does not fit.
fn scaled(number: &str, unit_ns: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = &fraction[..fraction.len().min(18)];
    let share = if fraction.is_empty() {
        0
    } else {
        let digits: i128 = fraction.parse().ok()?;
        digits * i128::from(unit_ns) / 10_i128.pow(fraction.len() as u32)
    };
    whole.checked_mul(unit_ns)?.checked_add(share as i64)
}

/// An epoch as decimal text, its unit told by magnitude: below 1e11 seconds, 1e14 milliseconds, 1e17 microseconds,
/// else nanoseconds. Exact: no float in between. A short exponent form (`1.7e9`) is understood too.
pub fn epoch(text: &str) -> Option<Timestamp> {
    if let Some(at) = plain_seconds(text.as_bytes()) {
        return Some(at);
    }
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    if digits.bytes().any(|b| b == b'e' || b == b'E') {
        let value: f64 = digits.parse().ok()?;
        return (value.is_finite() && value < 1e11).then(|| Timestamp(sign * ((value * 1e6).round() as i64).saturating_mul(1_000)));
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let whole = digits.split('.').next().unwrap_or("").trim_start_matches('0').len();
    let unit_ns = match whole {
        0..=11 => NS_PER_S,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        _ => 1,
    };
    scaled(digits, unit_ns).map(|ns| Timestamp(sign * ns))
}

/// The form of nearly all samples: ten digits of seconds, then at most nine of a fraction.
fn plain_seconds(bytes: &[u8]) -> Option<Timestamp> {
    let (head, rest) = bytes.split_at_checked(10)?;
    let digits = |sum: i64, b: &u8| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0'));
    let secs = head.iter().try_fold(0, digits)?;
    let fraction = match rest {
        [] => return secs.checked_mul(NS_PER_S).map(Timestamp),
        [b'.', fraction @ ..] if (1..=9).contains(&fraction.len()) => fraction,
        _ => return None,
    };
    let ns = fraction.iter().try_fold(0, digits)? * 10_i64.pow(9 - fraction.len() as u32);
    Some(Timestamp(secs.checked_mul(NS_PER_S)?.checked_add(ns)?))
}

/// Reads a number or a text time of a record: epoch by magnitude or `written` text in `zone`.
pub fn any(text: &str, zone: WallZone) -> Option<Timestamp> {
    let text = text.trim();
    epoch(text).or_else(|| written(text).map(|at| at.at(zone)))
}

/// Reads a date with a time: `2026-11-23T02:30:22.5Z`, `2026-11-23 02:30 +0100`, `20261123T023022Z`, with `.` or `,`
/// before the fraction. A date alone is midnight. `None` for anything else and outside the years 1678 to 2262.
pub fn written(text: &str) -> Option<Written> {
    let bytes = text.trim().as_bytes();
    let (date, rest) = date(bytes)?;
    let midnight = i128::from(date.num_days_from_ce() - 719_163) * i128::from(NS_PER_DAY);
    let rest = match rest {
        [] => return i64::try_from(midnight).ok().map(|civil_ns| Written { civil_ns, offset: None }),
        [b'T' | b't' | b' ' | b'_' | b'-', rest @ ..] => rest,
        _ => return None,
    };
    let (ns_of_day, rest) = clock_prefix(rest)?;
    let zone = std::str::from_utf8(rest).ok()?.trim();
    let offset = if zone.is_empty() { None } else { Some(zone_suffix(zone)?) };
    let civil_ns = i64::try_from(midnight + i128::from(ns_of_day)).ok()?;
    Some(Written { civil_ns, offset })
}

/// `YYYY-MM-DD`, `YYYY/MM/DD` or `YYYYMMDD` at the start.
fn date(bytes: &[u8]) -> Option<(NaiveDate, &[u8])> {
    let (year, rest) = number(bytes, 4)?;
    let separator = rest.first().copied().filter(|b| matches!(b, b'-' | b'/' | b'.'));
    let (month, rest) = number(skip_one(rest, separator)?, 2)?;
    let (day, rest) = number(skip_one(rest, separator)?, 2)?;
    Some((NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32)?, rest))
}

fn skip_one(bytes: &[u8], separator: Option<u8>) -> Option<&[u8]> {
    separator.map_or(Some(bytes), |separator| after(bytes, separator))
}

fn skip_separator(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'-' | b':' | b'_' | b'.', rest @ ..] | rest => rest,
    }
}

fn after(bytes: &[u8], wanted: u8) -> Option<&[u8]> {
    bytes.split_first().filter(|(first, _)| **first == wanted).map(|(_, rest)| rest)
}

/// Exactly `n` digits at the start.
fn number(bytes: &[u8], n: usize) -> Option<(i64, &[u8])> {
    let (head, rest) = (bytes.get(..n)?, bytes.get(n..)?);
    let value = head.iter().try_fold(0_i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))?;
    Some((value, rest))
}

/// A clock time alone: `02:30`, `02:30:22`, `02:30:22.5`.
fn clock(text: &str) -> Option<i64> {
    let padded = if text.as_bytes().get(1) == Some(&b':') { format!("0{text}") } else { text.to_owned() };
    clock_prefix(padded.as_bytes()).filter(|(_, rest)| rest.is_empty() && text.contains(':')).map(|(ns, _)| ns)
}

/// `HH:MM[:SS[.fraction]]` or `HHMM[SS]` at the start, as nanoseconds of the day. Leap second and `24:00` run over.
fn clock_prefix(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (hours, rest) = number(bytes, 2)?;
    let has_colons = rest.first() == Some(&b':');
    let (minutes, rest) = number(if has_colons { &rest[1..] } else { rest }, 2)?;
    let seconds = if has_colons { after(rest, b':').and_then(|rest| number(rest, 2)) } else { number(rest, 2) };
    let (seconds, mut rest) = seconds.unwrap_or((0, rest));
    if hours > 24 || minutes > 59 || seconds > 60 {
        return None;
    }
    let mut ns = 0;
    if let [b'.' | b',', digits @ ..] = rest {
        let n_digits = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        if n_digits == 0 {
            return None;
        }
        let mut unit = NS_PER_S;
        for digit in &digits[..n_digits.min(9)] {
            unit /= 10;
            ns += i64::from(digit - b'0') * unit;
        }
        rest = &digits[n_digits..];
    }
    Some((((hours * 60 + minutes) * 60 + seconds) * NS_PER_S + ns, rest))
}

/// `Z`, `UTC`, `GMT`, `+01:00`, `+0100`, and Go's `+0000 UTC`.
fn zone_suffix(text: &str) -> Option<i32> {
    let first = text.split_whitespace().next()?;
    if matches!(first, "Z" | "z" | "UTC" | "GMT") {
        return (first.len() == text.len()).then_some(0);
    }
    read_offset(first)
}

/// `+05:30`, `-0700`, `+08`.
fn read_offset(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let sign = match bytes.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = number(&bytes[1..], 2)?;
    let minutes = match rest {
        [] => 0,
        [b':', rest @ ..] | rest => number(rest, 2).filter(|(_, rest)| rest.is_empty())?.0,
    };
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60) as i32)
}

/// The first moment that a file name holds, such as `heap-20261123T024002Z.pb.gz` or `dump_2026-11-23T02-40-02.txt`,
/// or ten to nineteen digits of an epoch between the years 2000 and 2100; what it says about its zone stays as written.
pub fn in_name(name: &str) -> Option<(Written, std::ops::Range<usize>)> {
    let bytes = name.as_bytes();
    let starts = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit() && (*at == 0 || !bytes[at - 1].is_ascii_digit()));
    for start in starts {
        if let Some(found) = name_time(&bytes[start..]) {
            return Some((found.0, start..start + found.1));
        }
        let end = bytes[start..].iter().position(|b| !b.is_ascii_digit()).map_or(bytes.len(), |n| start + n);
        if matches!(end - start, 10 | 13 | 16 | 19)
            && let Some(at) = epoch(&name[start..end])
            && (946_684_800 * NS_PER_S..4_102_444_800 * NS_PER_S).contains(&at.0)
        {
            return Some((Written { civil_ns: at.0, offset: Some(0) }, start..end));
        }
    }
    None
}

/// Date, separator and time at the start of a piece of a file name; file systems forbid colons, so dashes may stand for them.
fn name_time(bytes: &[u8]) -> Option<(Written, usize)> {
    let (date, rest) = date(bytes).filter(|(date, _)| (2000..2100).contains(&date.year()))?;
    let [b'T' | b't' | b'_' | b'-' | b' ', rest @ ..] = rest else { return None };
    let (hours, mut rest) = number(rest, 2)?;
    let (minutes, after_minutes) = number(skip_separator(rest), 2)?;
    rest = after_minutes;
    let mut seconds = 0;
    if let Some((value, after_seconds)) = number(skip_separator(rest), 2) {
        (seconds, rest) = (value, after_seconds);
    }
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let offset = match rest {
        [b'Z' | b'z', tail @ ..] if !tail.first().is_some_and(u8::is_ascii_alphanumeric) => {
            rest = tail;
            Some(0)
        }
        _ => None,
    };
    let days = i64::from(date.num_days_from_ce() - 719_163);
    let civil_ns = days * NS_PER_DAY + ((hours * 60 + minutes) * 60 + seconds) * NS_PER_S;
    Some((Written { civil_ns, offset }, bytes.len() - rest.len()))
}

/// A moment as a message shows it.
pub fn shown(at: Timestamp) -> String {
    text::rfc3339(at)
}

#[cfg(test)]
mod tests;
