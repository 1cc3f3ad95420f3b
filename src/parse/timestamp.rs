//! Times as loggers write them, read byte by byte: civil forms and epoch numbers.
//!
//! Reads what stands in the text and says what is missing there (offset, year, date); it never guesses.
//! A zone and a missing year are put in by the clock of `parse::log`. What cannot be told in nanoseconds
//! of 64 bits, or lies before 1971, has no time: nothing lands at 1970.

mod calendar;
mod offset;
mod slashed;

use super::bytes;
use crate::model::time::NS_PER_S;

pub use calendar::{civil_of_days, days};
use calendar::{is_leap, week_date};
use offset::offset;
pub use offset::zone_name;
use slashed::Half;
pub use slashed::{DateOrder, is_ambiguous, votes};

/// What a text leaves open about its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Date and time are there.
    #[default]
    Nothing,
    /// Month and day, but no year; `secs` are those of the leap year 1972.
    Year,
    /// A time of day only; `secs` are those since midnight.
    Date,
}

/// A time as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Civil {
    /// Seconds since 1970 on the written clock, the offset not taken into account.
    pub secs: i64,
    /// Fraction, 0 … 999,999,999.
    pub nanos: u32,
    /// Seconds east of UTC, when the text says so.
    pub offset_s: Option<i32>,
    /// What the text leaves open.
    pub missing: Missing,
}

/// A time and the number of bytes it takes in the text, its zone included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// The time.
    pub civil: Civil,
    /// Bytes read.
    pub len: usize,
}

/// Date, hour and minute: the part of a stamp that rarely changes from line to line.
#[derive(Debug, Clone, Copy, Default)]
struct Minutes {
    len: usize,
    secs: i64,
    missing: Missing,
    tail: Tail,
}

/// What follows the minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Tail {
    /// `:SS`, fraction, zone.
    #[default]
    Colon,
    /// `SS` at once, as in `20261123T022809Z`.
    Compact,
    /// `:SS`, fraction, zone, then the year (ctime).
    Year,
    /// `:SS.fraction`, without which the form is another one (Android).
    Point,
    /// `AM` or `PM` at once, without which the form is another one (kitchen clock).
    Half,
}

/// Reads the stamp at the start of `text`, in any known form but klog's. O(1).
pub fn read(text: &[u8]) -> Option<Stamp> {
    tail(text, minutes(text, DateOrder::default())?)
}

/// Reads `MMDD HH:MM:SS.ffffff`, what klog and glog put behind the letter of the level.
pub fn read_klog(text: &[u8]) -> Option<Stamp> {
    let (month, day) = (two(text, 0)?, two(text, 2)?);
    if text.get(4) != Some(&b' ') {
        return None;
    }
    let secs = days(1972, month, day)? * 86_400 + hour_minute(text, 5)?;
    tail(text, Minutes { len: 10, secs, missing: Missing::Year, tail: Tail::Colon }).filter(|stamp| stamp.len > 10)
}

/// Reads `9:12`, `14:20 UTC`: hours and minutes as people write them before a word, a dash or a closing bracket. Too
/// weak a sign to be looked for where times have seconds.
pub fn read_minutes(text: &[u8]) -> Option<Stamp> {
    let colon = if text.get(1) == Some(&b':') { 1 } else { 2 };
    let hour = if colon == 1 { digit(text, 0)? } else { two(text, 0)? };
    let minute = two(text, colon + 1).filter(|minute| *minute < 60 && hour < 24)?;
    let end = colon + 3;
    if text.get(colon) != Some(&b':')
        || !matches!(text.get(end), Some(b' ' | b'\t' | b']' | b')' | b'-' | b'|' | b',' | b'Z' | b'h' | 0xe2))
    {
        return None;
    }
    let (mut secs, mut at) = (i64::from(hour * 3600 + minute * 60), end);
    if let Some((half, after)) = Half::at(text, at)
        && let Some(shift) = half.shift(secs)
    {
        (secs, at) = (secs + shift, after);
    }
    let (offset_s, len) = match text.get(at) {
        // A dash between time and words is no sign.
        Some(b'-') => (None, at),
        _ if text.get(at) == Some(&b' ') && matches!(text.get(at + 1), Some(b'-' | b'+')) => (None, at),
        _ => offset(text, at),
    };
    Some(Stamp { civil: Civil { secs, nanos: 0, offset_s, missing: Missing::Date }, len })
}

/// Reads stamps of one file: remembers the last minute, so that most lines cost only their seconds.
#[derive(Debug, Default)]
pub struct StampReader {
    bytes: [u8; 24],
    last: Minutes,
    order: DateOrder,
}

impl StampReader {
    /// For a file whose dates of two readings are written in this order.
    pub fn with_order(order: DateOrder) -> Self {
        Self { order, ..Self::default() }
    }

    /// The same as [`read`], faster when the minute is that of the call before.
    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        let n = self.last.len;
        let is_remembered = if n == 16 {
            let known = self.bytes.first_chunk().expect("24 bytes hold 16");
            text.first_chunk::<16>().is_some_and(|head| u128::from_le_bytes(*head) == u128::from_le_bytes(*known))
        } else {
            n != 0 && text.get(..n) == Some(&self.bytes[..n])
        };
        if is_remembered && let Some(stamp) = tail(text, self.last) {
            return Some(stamp);
        }
        let found = minutes(text, self.order)?;
        if found.len <= self.bytes.len() {
            self.bytes[..found.len].copy_from_slice(&text[..found.len]);
            self.last = found;
        }
        tail(text, found)
    }

    /// Whether `text`, which was read last, has sixteen bytes up to its minute and `:SS` with a fraction behind them.
    pub fn has_minutes_of_sixteen(&self, text: &[u8]) -> bool {
        self.last.len == 16 && self.last.tail == Tail::Colon && text.starts_with(&self.bytes[..16])
    }
}

fn minutes(text: &[u8], order: DateOrder) -> Option<Minutes> {
    match text.first()? {
        b'0'..=b'9' => numeric(text).or_else(|| slashed::read(text, order)).or_else(|| slashed::kitchen(text)),
        b'A'..=b'Z' | b'a'..=b'z' => named(text),
        _ => None,
    }
}

/// Forms that begin with a digit.
fn numeric(text: &[u8]) -> Option<Minutes> {
    let colon = |len, secs, missing| Some(Minutes { len, secs, missing, tail: Tail::Colon });
    let sep = *text.get(4)?;
    if text[2] == b':' {
        let secs = hour_minute(text, 0)?;
        return if text.get(5) == Some(&b':') { colon(5, secs, Missing::Date) } else { None };
    }
    if (text[2] == b'-' && text.get(14) == Some(&b'.') || text[2] == b'.' && text.get(11) == Some(&b':')) && text.get(5) == Some(&b' ') {
        // `11-23 02:28:09.123`, as Android writes; `11.23 02:28:09`.
        let date = days(1972, two(text, 0)?, two(text, 3)?)?;
        let tail = if text[2] == b'-' { Tail::Point } else { Tail::Colon };
        return Some(Minutes { len: 11, secs: date * 86_400 + hour_minute(text, 6)?, missing: Missing::Year, tail });
    }
    if matches!(text[2], b'/' | b'-' | b' ') && text[3].is_ascii_alphabetic() {
        let date = days(i64::from(four(text, 7)?), month(text, 3)?, two(text, 0)?)?;
        if text.get(6) != Some(&text[2]) || !matches!(text.get(11), Some(b':' | b' ' | b'T')) {
            return None;
        }
        return colon(17, date * 86_400 + hour_minute(text, 12)?, Missing::Nothing);
    }
    if matches!(sep, b'-' | b'/' | b'.') {
        let year = i64::from(four(text, 0)?);
        if text.get(5) == Some(&b'W') {
            let date =
                week_date(year, two(text, 6)?, digit(text, 9)?).filter(|_| text.get(8) == Some(&sep) && text.get(10) == Some(&b'T'))?;
            return colon(16, date * 86_400 + hour_minute(text, 11)?, Missing::Nothing);
        }
        if text.get(7) == Some(&sep) {
            let date = days(year, two(text, 5)?, two(text, 8)?)?;
            return matches!(text.get(10)?, b'T' | b't' | b' ' | b'_' | b'-' | b':')
                .then_some(())
                .and_then(|()| colon(16, date * 86_400 + hour_minute(text, 11).or_else(|| padded_hour(text, 11))?, Missing::Nothing));
        }
        let day_of_year = i64::from(two(text, 5)? * 10 + digit(text, 7)?);
        let is_day = (1..=365 + i64::from(is_leap(year))).contains(&day_of_year) && matches!(text.get(8)?, b'T' | b' ');
        let date = days(year, 1, 1)? + day_of_year - 1;
        return if is_day { colon(14, date * 86_400 + hour_minute(text, 9)?, Missing::Nothing) } else { None };
    }
    compact(text)
}

/// ` 2:28`, as `MariaDB` writes hours of one digit.
#[cold]
fn padded_hour(text: &[u8], at: usize) -> Option<i64> {
    let (hour, minute) = (digit(text, at + 1)?, two(text, at + 3).filter(|minute| *minute < 60)?);
    (text[at] == b' ' && text.get(at + 2) == Some(&b':')).then(|| i64::from(hour * 3600 + minute * 60))
}

/// `20261123T022809`, `20261123 02:28:09`.
fn compact(text: &[u8]) -> Option<Minutes> {
    let date = days(i64::from(four(text, 0)?), two(text, 4)?, two(text, 6)?)?;
    if !matches!(text.get(8)?, b'T' | b' ' | b'-' | b'_') {
        return None;
    }
    if text.get(11) == Some(&b':') {
        let secs = date * 86_400 + hour_minute(text, 9)?;
        return Some(Minutes { len: 14, secs, missing: Missing::Nothing, tail: Tail::Colon });
    }
    let (hour, minute) = (two(text, 9)?, two(text, 11)?);
    let is_time = hour < 24 && minute < 60 && two(text, 13).is_some_and(|secs| secs < 61);
    let secs = date * 86_400 + i64::from(hour * 3600 + minute * 60);
    is_time.then_some(Minutes { len: 13, secs, missing: Missing::Nothing, tail: Tail::Compact })
}

const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Forms that begin with the name of a month or of a day of the week.
fn named(text: &[u8]) -> Option<Minutes> {
    if let Some(found) = month_first(text, 0, Tail::Colon) {
        return Some(found);
    }
    let is_weekday = WEEKDAYS.iter().any(|name| text.starts_with(*name));
    if !is_weekday {
        return None;
    }
    let at = if text.get(3) == Some(&b',') { 5 } else { 4 };
    if text.get(at - 1) != Some(&b' ') {
        return None;
    }
    if let Some(found) = month_first(text, at, Tail::Year) {
        return Some(found);
    }
    let found = numeric(text.get(at..)?)?;
    Some(Minutes { len: found.len + at, ..found })
}

/// `Nov 23 07:55`, `Nov  3 07:55`, `Nov 23 2026 07:55` from position `at`.
fn month_first(text: &[u8], at: usize, tail: Tail) -> Option<Minutes> {
    let month = month(text, at)?;
    if text.get(at + 3) != Some(&b' ') {
        return None;
    }
    let (day, mut next) = match (text.get(at + 4)?, text.get(at + 5)?) {
        (b' ', b'1'..=b'9') => (digit(text, at + 5)?, at + 6),
        (b'1'..=b'9', b' ') => (digit(text, at + 4)?, at + 5),
        _ => (two(text, at + 4)?, at + 6),
    };
    next += usize::from(text.get(next) == Some(&b','));
    if text.get(next) != Some(&b' ') {
        return None;
    }
    next += 1;
    if text.get(next + 4..next + 7) == Some(b" @ ") {
        // As Kibana shows it: `Nov 14, 2023 @ 22:13`.
        let secs = days(i64::from(four(text, next)?), month, day)? * 86_400 + hour_minute(text, next + 7)?;
        return Some(Minutes { len: next + 12, secs, missing: Missing::Nothing, tail: Tail::Colon });
    }
    let after = next + 4 + usize::from(text.get(next + 4) == Some(&b','));
    if text.get(after) == Some(&b' ') {
        let (secs, len) = slashed::hour_minute(text, after + 1)?;
        let secs = days(i64::from(four(text, next)?), month, day)? * 86_400 + secs;
        return Some(Minutes { len, secs, missing: Missing::Nothing, tail: Tail::Colon });
    }
    let secs = days(1972, month, day)? * 86_400 + hour_minute(text, next)?;
    (text.get(next + 5) == Some(&b':')).then_some(Minutes { len: next + 5, secs, missing: Missing::Year, tail })
}

#[inline]
fn tail(text: &[u8], minutes: Minutes) -> Option<Stamp> {
    let mut civil = Civil { secs: minutes.secs, nanos: 0, offset_s: None, missing: minutes.missing };
    let mut at = minutes.len;
    let common = seconds_and_millis(bytes::eight(text, at));
    match (minutes.tail, text.get(at)) {
        (Tail::Point, _) if text.get(at + 3) != Some(&b'.') => return None,
        (Tail::Half, _) if Half::at(text, at).is_none() => return None,
        (Tail::Colon | Tail::Year | Tail::Point, _) if common.is_some() => {
            let (secs, nanos) = common.unwrap_or_default();
            civil.secs += secs;
            civil.nanos = nanos;
            at += 7;
        }
        (Tail::Compact, _) => {
            civil.secs += i64::from(two(text, at).filter(|secs| *secs < 61)?);
            at += 2;
        }
        (_, Some(b':')) => {
            let secs = two(text, at + 1)?;
            if secs > 60 {
                return None;
            }
            civil.secs += i64::from(secs);
            at += 3;
        }
        (_, next) => {
            // `2026-11-23T02:28Z` has no seconds; a time without a full date must have them, but for `2:28AM`.
            let is_kitchen = civil.missing == Missing::Date && Half::at(text, at).is_some();
            if civil.missing != Missing::Nothing && !is_kitchen || next.is_some_and(u8::is_ascii_digit) {
                return None;
            }
        }
    }
    if common.is_none() || minutes.tail == Tail::Compact {
        (civil.nanos, at) = fraction(text, at);
    }
    // What stands behind most times begins no half of a day.
    if !matches!(text.get(at), None | Some(b'Z' | b'+' | b']' | b'|' | b'\t'))
        && let Some((half, end)) = Half::at(text, at)
        && let Some(shift) = half.shift(civil.secs)
    {
        (civil.secs, at) = (civil.secs + shift, end);
    }
    (civil.offset_s, at) = offset(text, at);
    if minutes.tail == Tail::Year
        && let Some(year) = year_after(text, at)
    {
        // 1972 was a leap year, so 29 February of it may be no day of the year in the text.
        let (_, month, day) = civil_of_days(civil.secs.div_euclid(86_400));
        civil.secs = days(year, month, day)? * 86_400 + civil.secs.rem_euclid(86_400);
        civil.missing = Missing::Nothing;
        at += 5;
        if civil.offset_s.is_none() {
            (civil.offset_s, at) = offset(text, at);
        }
    }
    Some(Stamp { civil, len: at })
}

fn year_after(text: &[u8], at: usize) -> Option<i64> {
    let year = i64::from(four(text, at + 1)?);
    let ends = !text.get(at + 5).is_some_and(u8::is_ascii_digit);
    (text.get(at) == Some(&b' ') && ends && (1900..3000).contains(&year)).then_some(year)
}

/// Seconds and nanoseconds of `:09.123` and of `:09,123` that no further digit follows: what most loggers write.
#[inline]
fn seconds_and_millis(word: u64) -> Option<(i64, u32)> {
    const SIGNS: u64 = 0x8000_0000_8000_0080;
    // A comma and a point differ in one bit.
    let is_alike = bytes::non_digits(word) == SIGNS && word & 0xfd00_00ff == 0x2c00_003a;
    let digit = |at: u32| (word >> (8 * at)) as u32 & 15;
    let secs = digit(1) * 10 + digit(2);
    (is_alike && secs <= 60).then(|| (i64::from(secs), (digit(4) * 100 + digit(5) * 10 + digit(6)) * 1_000_000))
}

/// Nanoseconds of `.123` or `,123` at `at`, and where it ends; digits beyond nine are passed over.
#[inline]
fn fraction(text: &[u8], at: usize) -> (u32, usize) {
    const POWERS: [u32; 10] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    if !matches!(text.get(at), Some(b'.' | b',')) {
        return (0, at);
    }
    let word = bytes::eight(text, at + 1);
    let n = bytes::first(bytes::non_digits(word));
    if n < 8 {
        return if n == 0 { (0, at) } else { (bytes::number(word, n) as u32 * POWERS[n], at + 1 + n) };
    }
    let (mut value, mut n, mut end) = (0u32, 0usize, at + 1);
    while let Some(byte) = text.get(end).filter(|byte| byte.is_ascii_digit()) {
        if n < 9 {
            value = value * 10 + u32::from(byte - b'0');
            n += 1;
        }
        end += 1;
    }
    if n == 0 { (0, at) } else { (value * POWERS[n], end) }
}

#[inline]
fn digit(text: &[u8], at: usize) -> Option<u32> {
    let value = text.get(at)?.wrapping_sub(b'0');
    (value < 10).then_some(u32::from(value))
}

#[inline]
fn two(text: &[u8], at: usize) -> Option<u32> {
    let pair = text.get(at..at + 2)?;
    let (tens, ones) = (pair[0].wrapping_sub(b'0'), pair[1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn four(text: &[u8], at: usize) -> Option<u32> {
    Some(two(text, at)? * 100 + two(text, at + 2)?)
}

/// Seconds of `HH:MM`; `24:00` is the end of the day.
fn hour_minute(text: &[u8], at: usize) -> Option<i64> {
    let (hour, minute) = (two(text, at)?, two(text, at + 3)?);
    let is_time = text[at + 2] == b':' && minute < 60 && (hour < 24 || (hour == 24 && minute == 0));
    is_time.then(|| i64::from(hour * 3600 + minute * 60))
}

fn month(text: &[u8], at: usize) -> Option<u32> {
    const MONTHS: [&[u8; 3]; 12] = [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let name = text.get(at..at + 3)?.first_chunk::<3>()?.to_ascii_lowercase();
    MONTHS.iter().position(|month| month[..] == name[..]).map(|index| index as u32 + 1)
}

/// The first moment that counts as a time: whatever lies before 1971 is a clock that was not set.
pub(crate) const FIRST_NS: i64 = 365 * 86_400 * NS_PER_S;

/// Nanoseconds since the epoch; `None` before 1971 or after 2262.
pub fn to_ns(secs: i64, nanos: u32) -> Option<i64> {
    secs.checked_mul(NS_PER_S)?.checked_add(i64::from(nanos)).filter(|ns| *ns >= FIRST_NS)
}

/// What one step of a number of time is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EpochUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl EpochUnit {
    /// All units, the longest first.
    pub const ALL: [Self; 4] = [Self::Seconds, Self::Millis, Self::Micros, Self::Nanos];

    /// Number of zeros between this unit and a nanosecond.
    pub const fn zeros(self) -> i32 {
        match self {
            Self::Seconds => 9,
            Self::Millis => 6,
            Self::Micros => 3,
            Self::Nanos => 0,
        }
    }

    /// The unit in which a number lies between the years 2000 and 2100; there is at most one.
    pub fn of(text: &[u8]) -> Option<Self> {
        const PLAUSIBLE: std::ops::Range<i64> = 946_684_800..4_102_444_800;
        Self::ALL.into_iter().find(|unit| epoch_ns(text, *unit).is_some_and(|ns| PLAUSIBLE.contains(&(ns / NS_PER_S))))
    }
}

/// An epoch number, integer or decimal text, in nanoseconds: exact, never through a float.
pub fn epoch_ns(text: &[u8], unit: EpochUnit) -> Option<i64> {
    scaled(text, unit.zeros()).and_then(|ns| i64::try_from(ns).ok()).filter(|ns| *ns >= FIRST_NS)
}

/// `text × 10^zeros`, rounded towards zero; `None` when it is no decimal number or too large.
fn scaled(text: &[u8], zeros: i32) -> Option<i128> {
    let (is_negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let (mut mantissa, mut shift, mut is_fraction) = (0i128, zeros, false);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' if mantissa < 1_000_000_000_000_000_000_000_000_000 => {
                mantissa = mantissa * 10 + i128::from(byte - b'0');
                shift -= i32::from(is_fraction);
            }
            b'0'..=b'9' => shift += i32::from(!is_fraction),
            b'.' if !is_fraction => is_fraction = true,
            b'e' | b'E' => {
                let exponent = std::str::from_utf8(&digits[at + 1..]).ok()?;
                shift = shift.checked_add(exponent.parse::<i32>().ok().filter(|e| e.abs() < 400)?)?;
                break;
            }
            _ => return None,
        }
    }
    let value = match u32::try_from(shift) {
        Ok(up) => mantissa.checked_mul(10i128.checked_pow(up)?)?,
        Err(_) => 10i128.checked_pow(shift.unsigned_abs()).map_or(0, |down| mantissa / down),
    };
    Some(if is_negative { -value } else { value })
}

#[cfg(test)]
mod tests;
