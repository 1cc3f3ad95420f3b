//! The unit of latencies whose key names none: by what the logger writes, then by the form of the numbers, then by their size.
//!
//! Decided once, from sampled lines. A unit that no logger's habit tells is a [`Guess`]: it is said, and one that more lines of
//! the same format tell, in another file, takes its place ([`agree`](super::LogPlan::agree)).

use super::guess::has_key;
use super::survey::{Survey, Values};
use crate::parse::timestamp::EpochUnit::{self, Micros, Millis, Nanos, Seconds};

/// A unit that was found out from numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// Path of the key in lower case; empty for a column of an access log.
    pub key: String,
    /// What it is taken for.
    pub unit: EpochUnit,
    /// Whether the logger writes no other.
    pub is_sure: bool,
    /// Numbers that told it.
    pub n: usize,
}

impl Guess {
    /// The sentence about it.
    pub(super) fn remark(&self) -> String {
        let unit = match self.unit {
            Seconds => "seconds",
            Millis => "milliseconds",
            Micros => "microseconds",
            Nanos => "nanoseconds",
        };
        match self.key.as_str() {
            "" => format!("latency: a number behind the request is read as {unit}, guessed"),
            key => format!("latency: `{key}` read as {unit}, guessed"),
        }
    }
}

/// Who wrote a log, as far as that tells how durations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// zap and what is built on it, such as Caddy: seconds as a float.
    Zap,
    /// slog: whole nanoseconds.
    Slog,
    /// logrus, and others that leave `time.Duration` to Go's JSON.
    Go,
    /// Traefik: whole nanoseconds.
    Traefik,
    /// zerolog: milliseconds, whole or not.
    Zerolog,
    /// pino, bunyan: milliseconds.
    Node,
    /// structlog and formatters of Python's `logging`: differences of `time.time()`.
    Python,
    /// Pairs.
    Logfmt,
    Unknown,
}

impl Writer {
    fn of(survey: &Survey) -> Self {
        let has = |key| has_key(survey, key);
        let texts = |key: &[u8]| survey.values.get(key).map_or(&[][..], |values| &values.texts[..]);
        let is_upper = || texts(b"level").iter().all(|text| text.first().is_some_and(u8::is_ascii_uppercase));
        let is_epoch_float = || texts(b"ts").iter().all(|text| text.contains(&b'.') && EpochUnit::of(text) == Some(Seconds));
        match () {
            () if survey.n_logfmt > survey.n_json => Self::Logfmt,
            () if survey.n_json == 0 => Self::Unknown,
            () if has("hostname") && has("pid") => Self::Node,
            () if has("level") && has("ts") && (is_epoch_float() || has("caller")) => Self::Zap,
            () if has("downstreamstatus") || has("originduration") => Self::Traefik,
            () if has("asctime") || has("levelname") => Self::Python,
            () if has("event") && has("level") && has("timestamp") => Self::Python,
            () if has("level") && has("time") && has("msg") => {
                if is_upper() {
                    Self::Slog
                } else {
                    Self::Go
                }
            }
            () if has("level") && has("time") && has("message") => Self::Zerolog,
            () => Self::Unknown,
        }
    }
}

/// The numbers under one key.
struct Numbers {
    n: usize,
    /// Smallest that is not 0.
    least: f64,
    median: f64,
    most: f64,
    /// Most digits behind a point; `None` for whole numbers.
    n_decimals: Option<usize>,
}

impl Numbers {
    fn of(texts: &[Vec<u8>]) -> Option<Self> {
        let number = |text: &Vec<u8>| std::str::from_utf8(text).ok()?.parse::<f64>().ok().filter(|value| value.is_finite());
        let mut values: Vec<f64> = texts.iter().filter_map(number).filter(|value| *value > 0.0).collect();
        values.sort_by(f64::total_cmp);
        let decimals = |text: &Vec<u8>| Some(text.len() - 1 - text.iter().position(|byte| *byte == b'.')?);
        let n_decimals = texts.iter().filter(|text| number(text).is_some()).filter_map(decimals).max();
        let (least, most) = (*values.first()?, *values.last()?);
        Some(Self { n: values.len(), least, median: values[values.len() / 2], most, n_decimals })
    }
}

/// No request lasts a day.
const DAY_S: f64 = 86_400.0;

/// What the numbers of a key without a unit are; `None` without any number above 0.
pub(super) fn of_values(survey: &Survey, key: &[u8], values: &Values) -> Option<Guess> {
    let numbers = Numbers::of(&values.texts)?;
    let (unit, is_sure) = match numbers.n_decimals {
        Some(n_decimals) => fractions(Writer::of(survey), &numbers, n_decimals),
        None => whole(Writer::of(survey), &numbers),
    };
    Some(Guess { key: String::from_utf8_lossy(key).into_owned(), unit, is_sure, n: numbers.n })
}

/// Numbers some of which have a fraction.
///
/// A duration is measured in nanoseconds and then divided: more than six digits of fraction are seconds, five or six are
/// seconds of a clock of microseconds. With fewer, a median of one or more is hardly seconds.
fn fractions(writer: Writer, numbers: &Numbers, n_decimals: usize) -> (EpochUnit, bool) {
    let is_long = numbers.most >= DAY_S;
    match writer {
        Writer::Zap => (if is_long { Millis } else { Seconds }, !is_long),
        Writer::Node | Writer::Zerolog => (Millis, false),
        _ if is_long => (Millis, false),
        // Below a thousandth of a millisecond nothing is timed.
        _ if n_decimals >= 7 || numbers.least < 0.001 => (Seconds, false),
        Writer::Python | Writer::Logfmt if n_decimals >= 3 => (Seconds, false),
        _ if n_decimals >= 5 && numbers.median < 1000.0 => (Seconds, false),
        _ => (if numbers.median >= 1.0 { Millis } else { Seconds }, false),
    }
}

/// Whole numbers: milliseconds by wide custom, nanoseconds (Go's `time.Duration` as a number) where they are too large for that.
fn whole(writer: Writer, numbers: &Numbers) -> (EpochUnit, bool) {
    /// What Go counts as a duration is no less for a request; fewer are milliseconds that someone made of it.
    const LEAST_TYPICAL_NS: f64 = 500.0;
    let is_huge = numbers.least >= 1e5 || numbers.median >= 1e6;
    match writer {
        Writer::Traefik => (Nanos, true),
        Writer::Slog => (if numbers.median >= LEAST_TYPICAL_NS { Nanos } else { Millis }, is_huge),
        Writer::Go if is_huge => (Nanos, true),
        Writer::Zerolog | Writer::Node if numbers.most < DAY_S * 1e3 => (Millis, false),
        _ => (if is_huge { Nanos } else { Millis }, false),
    }
}

/// Lines of an access log: seconds as written, columns after the status.
pub(super) type Rows = [(i64, Vec<Option<Vec<u8>>>)];

/// The column of an access log that is a latency, with its unit and whether that is sure.
///
/// Decimals are seconds, as nginx writes `$request_time`; a column of them wins over whole numbers before it. Whole numbers
/// are microseconds, as Apache writes `%D`, where none is smaller than requests are; smaller ones in the last column are
/// milliseconds right behind the size, as Tomcat writes `%D`, and seconds (`%T`) behind quoted columns.
pub(super) fn of_columns(rows: &Rows) -> Option<(usize, EpochUnit, bool)> {
    let n_columns = rows.iter().map(|(_, columns)| columns.len()).max()?;
    let mut first = None;
    for column in 1..n_columns {
        let Some((unit, is_sure)) = of_column(rows, column, column + 1 == n_columns) else { continue };
        // A count of bytes may stand before the time that a server measured itself, as `$request_length` does.
        if is_sure {
            return Some((column, unit, true));
        }
        first = first.or(Some((column, unit, false)));
    }
    first
}

/// The unit of a column that may be a latency, and whether it can hardly be anything else: seconds to the millisecond
/// or finer, which no size has and no ratio is written with.
fn of_column(rows: &Rows, column: usize, is_last: bool) -> Option<(EpochUnit, bool)> {
    let texts: Vec<_> = rows.iter().filter_map(|(secs, columns)| Some((*secs, columns.get(column)?.as_deref()?))).collect();
    // Traefik writes the unit behind the number; nothing else in such a line has one.
    let n_with_unit = texts.iter().filter(|(_, text)| text.ends_with(b"s") && super::found::seconds(text, None).is_some()).count();
    if n_with_unit * 10 >= rows.len() * 9 && n_with_unit > 0 {
        return Some((Millis, true));
    }
    let numbers: Vec<(i64, f64)> =
        texts.iter().filter_map(|(secs, text)| Some((*secs, std::str::from_utf8(text).ok()?.parse().ok()?))).collect();
    if numbers.len() * 10 < rows.len() * 9 || numbers.is_empty() || numbers.iter().any(|(_, value)| *value < 0.0) {
        return None;
    }
    let mut values: Vec<f64> = numbers.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    let max = values[values.len() - 1];
    let n_decimals = |text: &[u8]| text.iter().rev().position(|byte| *byte == b'.');
    if texts.iter().any(|(_, text)| text.contains(&b'.')) {
        let n_fine = texts.iter().filter(|(_, text)| n_decimals(text).is_some_and(|n| n >= 3)).count();
        return (max < 3600.0).then_some((Seconds, n_fine * 10 >= numbers.len() * 9));
    }
    let is_behind_quotes = rows.iter().any(|(_, columns)| columns.get(1..column).is_some_and(|between| between.contains(&None)));
    whole_column(&numbers, &values, is_last.then_some(is_behind_quotes)).map(|unit| (unit, false))
}

/// The unit of whole numbers behind a request; `sorted` are their values, `ends_behind_quotes` is told of the last column only.
fn whole_column(numbers: &[(i64, f64)], sorted: &[f64], ends_behind_quotes: Option<bool>) -> Option<EpochUnit> {
    /// Microseconds that hardly any request is shorter than.
    const LEAST_MICROS: f64 = 50.0;
    let (few, median, max) = (sorted[sorted.len() / 20], sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
    let starts = disorder(numbers, 0.0);
    let fits = |scale: f64| max * scale <= 3600.0 && (starts < 0.02 || disorder(numbers, scale) <= starts.max(0.2));
    if median >= 100.0 && few >= LEAST_MICROS && fits(1e-6) && (ends_behind_quotes != Some(false) || median >= 5000.0) {
        return Some(Micros);
    }
    let is_behind_quotes = ends_behind_quotes?;
    // A number of the connection or of requests on it only grows.
    let n_rises = numbers.windows(2).filter(|pair| pair[1].1 >= pair[0].1).count();
    let is_count = numbers.len() > 2 && n_rises + 1 == numbers.len();
    let is_one_value = sorted.first() == sorted.last();
    if is_one_value || is_count {
        return None;
    }
    let unit = if is_behind_quotes && median <= 10.0 && max <= 3600.0 { Seconds } else { Millis };
    fits(if unit == Seconds { 1.0 } else { 1e-3 }).then_some(unit)
}

/// Share of lines that end before the line above them did, if their numbers are so many seconds. A line is written when its
/// request ends, its time may be the start.
fn disorder(numbers: &[(i64, f64)], scale: f64) -> f64 {
    let ends = numbers.iter().map(|(secs, value)| *secs as f64 + value * scale);
    let n_late = ends.clone().zip(ends.skip(1)).filter(|(before, after)| *after < before - 1.5).count();
    n_late as f64 / numbers.len() as f64
}
