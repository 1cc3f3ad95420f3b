//! Cells of tables that people exported or opened in a spreadsheet: numbers with units, decimal commas, local dates.
//!
//! Grafana chooses a unit for each cell, so one column may hold `800 ms` and `1.0 s`: every number is turned into the
//! base unit. What depends on the habits of a table (comma, order of day and month) is voted over its cells.

use crate::model::{Timestamp, Unit, when};

/// What stands between whole and fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Decimal {
    /// `1,234.5`
    #[default]
    Point,
    /// `1.234,5`
    Comma,
}

/// Which number of `11/12/2026` is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum DateOrder {
    /// Nothing in the table tells: read as the month first, and said so.
    #[default]
    Open,
    /// The second.
    MonthFirst,
    /// The first.
    DayFirst,
    /// None: days are counted, as spreadsheets do.
    Serial,
}

/// Decides by all cells of a table.
///
/// `1,234` alone may be either; where cells are divided by semicolons, the comma is taken by what stands inside them.
pub(super) fn decimal<'a>(cells: impl Iterator<Item = &'a str>, separator: char) -> Decimal {
    let (mut n_point, mut n_comma, mut n_open) = (0, 0, 0);
    for number in cells.map(|cell| split_unit(cell).0).filter(|number| number.parse::<f64>().is_err() || number.contains('.')) {
        match (number.rfind('.'), number.rfind(',')) {
            (Some(point), Some(comma)) if comma > point => n_comma += 1,
            (Some(_), _) => n_point += 1,
            // Groups of three behind one to three digits read as thousands, all else after a comma is a fraction.
            (None, Some(comma)) if !is_grouped(number, comma) => n_comma += 1,
            (None, Some(_)) => n_open += 1,
            _ => {}
        }
    }
    let is_open = n_comma == n_point && n_open > 0 && separator == ';';
    if n_comma > n_point || is_open { Decimal::Comma } else { Decimal::Point }
}

/// Whether what stands before the last comma may be thousands: `12,345,678`, not `0,125` or `1234,567`.
fn is_grouped(number: &str, comma: usize) -> bool {
    let mut groups = number[..comma].trim_start_matches(['+', '-', '−']).split(',');
    let first = groups.next().unwrap_or("");
    number.len() - comma == 4 && (1..=3).contains(&first.len()) && !first.starts_with('0') && groups.all(|group| group.len() == 3)
}

/// A number in its base unit; `None` when the cell is no number, or its unit is unknown and not the word of its column.
pub(super) fn number(cell: &str, decimal: Decimal, own_word: Option<&str>) -> Option<(f64, Unit)> {
    if let Some(sign) = cell.trim().strip_suffix('∞') {
        return Some((if sign.starts_with(['-', '−']) { f64::NEG_INFINITY } else { f64::INFINITY }, Unit::None));
    }
    let (text, unit) = split_unit(cell);
    let (group, point) = if decimal == Decimal::Comma { ('.', ',') } else { (',', '.') };
    let value = if text.contains([',', '.', '\'', '’', ' ', '\u{a0}', '\u{202f}', '−']) {
        // Blanks divide thousands, `1 234`, and nothing else.
        let blank = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}');
        let of_digits = |part: &str| part.chars().take_while(char::is_ascii_digit).count();
        if text.split(blank).skip(1).any(|part| of_digits(part) != 3) {
            return None;
        }
        let is_group = |c: char| c == group || blank(c) || matches!(c, '\'' | '’');
        let as_point = |c: char| match c {
            c if c == point => '.',
            '−' => '-',
            c => c,
        };
        let plain: String = text.chars().filter(|c| !is_group(*c)).map(as_point).collect();
        super::value_of(&plain).ok()?
    } else {
        super::value_of(text).ok()?
    };
    let (scale, unit) = scale(unit).or_else(|| own_word.and_then(|own| scale_of_own(unit, own)))?;
    Some((scaled(value, scale), unit))
}

/// A number in another unit. Parts of one are divided, so that `0.8 ms` is the float that is nearest to it.
pub(super) fn scaled(value: f64, scale: f64) -> f64 {
    if scale < 1.0 { value / (1.0 / scale).round() } else { value * scale }
}

/// The word behind most numbers of a column, where no unit of that name is known: `°C`, `apples`.
pub(super) fn own_word<'a>(cells: impl Iterator<Item = &'a str>) -> Option<String> {
    let (mut counts, mut n_cells) = (std::collections::BTreeMap::<&str, usize>::new(), 0);
    for cell in cells {
        n_cells += 1;
        let (text, word) = split_unit(cell);
        if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '−' | '.')) && scale(word).is_none() {
            let word = word.split_once(' ').filter(|(prefix, _)| count_scale(prefix).is_some()).map_or(word, |(_, word)| word);
            *counts.entry(word).or_default() += 1;
        }
    }
    let (word, n) = counts.into_iter().max_by_key(|(_, n)| *n)?;
    let is_word =
        word.chars().count() <= 12 && !word.contains(|c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, ':' | '-' | '.'));
    (n * 2 > n_cells && is_word).then(|| word.to_owned())
}

/// Factor of a unit that only its column knows, with a prefix or without.
fn scale_of_own(word: &str, own: &str) -> Option<(f64, Unit)> {
    if word == own {
        return Some((1.0, Unit::None));
    }
    let prefix = word.strip_suffix(own)?.trim_end();
    count_scale(prefix).map(|scale| (scale, Unit::None))
}

/// A name and the unit that stands in brackets behind it: `Latency (ms)`. Units of one letter may be anything.
pub(super) fn header_unit(header: &str) -> (&str, f64, Unit) {
    let plain = (header, 1.0, Unit::None);
    let Some(inside) = header.strip_suffix([')', ']']) else { return plain };
    let Some((name, word)) = inside.rsplit_once(['(', '[']) else { return plain };
    let (name, word) = (name.trim_end(), word.trim());
    let is_sure = word.chars().count() > 1 || matches!(word, "s" | "%" | "B");
    match scale(word).filter(|(_, unit)| is_sure && *unit != Unit::None && !name.is_empty()) {
        Some((scale, unit)) => (name, scale, unit),
        None => plain,
    }
}

/// Words for on and off.
pub(super) fn switch(cell: &str) -> Option<f64> {
    let is_any = |words: [&str; 4]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is_any(["true", "yes", "on", "up"]) {
        return Some(1.0);
    }
    is_any(["false", "no", "off", "down"]).then_some(0.0)
}

/// A number and the word behind it.
fn split_unit(cell: &str) -> (&str, &str) {
    let cell = cell.trim();
    // `1e9` is a number to its end; signs of money stand before.
    if super::value_of(cell).is_ok() {
        return (cell, "");
    }
    let cell = cell.strip_prefix(['$', '€', '£', '¥']).unwrap_or(cell);
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '−' | '.' | ',' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}');
    let Some(start) = cell.find(|c: char| !is_of_number(c)) else { return (cell, "") };
    let rest = &cell[start..];
    // An exponent belongs to the number.
    let exponent = rest.strip_prefix(['e', 'E']).map_or(0, |digits| {
        let n = digits.find(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '-')).unwrap_or(digits.len());
        if digits[..n].contains(|c: char| c.is_ascii_digit()) { n + 1 } else { 0 }
    });
    let (number, word) = cell.split_at(start + exponent);
    (number.trim_end_matches([' ', '\u{a0}', '\u{202f}']), word.trim())
}

/// Factor and unit of a word, as Grafana and spreadsheets write it.
fn scale(word: &str) -> Option<(f64, Unit)> {
    use Unit::{Bytes, BytesPerSecond, None as Plain, PerSecond, Ratio, Seconds};
    if let Some(bytes) = word.strip_suffix("/s").or_else(|| word.strip_suffix("/sec")).and_then(byte_scale) {
        return Some((bytes, BytesPerSecond));
    }
    if let Some(bytes) = byte_scale(word) {
        return Some((bytes, Bytes));
    }
    // `1.2K ops/s`, as panels count.
    if let Some((prefix, word)) = word.split_once(' ') {
        let (of_prefix, (of_word, unit)) = (count_scale(prefix)?, scale(word)?);
        return Some((of_prefix * of_word, unit));
    }
    Some(match word {
        "" => (1.0, Plain),
        "ns" => (1e-9, Seconds),
        "µs" | "μs" | "us" => (1e-6, Seconds),
        "ms" | "msec" | "millis" | "milliseconds" => (1e-3, Seconds),
        "s" | "sec" | "secs" | "second" | "seconds" => (1.0, Seconds),
        "m" | "min" | "mins" | "minute" | "minutes" => (60.0, Seconds),
        "h" | "hour" | "hours" => (3_600.0, Seconds),
        "d" | "day" | "days" => (86_400.0, Seconds),
        "week" | "weeks" => (604_800.0, Seconds),
        "year" | "years" => (31_536_000.0, Seconds),
        "%" | "percent" | "pct" => (0.01, Ratio),
        "/s" | "req/s" | "reqs/s" | "requests/s" | "reqps" | "ops/s" | "ops" | "rps" | "qps" | "tps" | "c/s" | "p/s" | "msg/s" | "wr/s"
        | "rd/s" | "io/s" | "iops" | "rows/s" | "evt/s" | "mess/s" | "rec/s" | "ev/s" => (1.0, PerSecond),
        _ => (count_scale(word).or_else(|| si_scale(word))?, Plain),
    })
}

/// What counts are abbreviated with.
fn count_scale(word: &str) -> Option<f64> {
    Some(match word {
        "K" | "k" | "Kil" => 1e3,
        "M" | "Mil" | "Mio" => 1e6,
        "B" | "Bil" | "Mrd" => 1e9,
        "T" | "Tri" => 1e12,
        "Quadr" => 1e15,
        "Quint" => 1e18,
        _ => return None,
    })
}

/// Factor of a unit with a prefix that no series here has as its own: `GHz`, `Mb/s`, `Kibit/s`.
fn si_scale(word: &str) -> Option<f64> {
    const BASES: [&str; 12] = ["Hz", "W", "Wh", "V", "A", "J", "b/s", "bit/s", "bits/s", "bps", "bits", "b"];
    let base = BASES.iter().filter(|base| word.ends_with(**base)).max_by_key(|base| base.len())?;
    Some(match word.strip_suffix(base)? {
        "" => 1.0,
        "µ" => 1e-6,
        "m" => 1e-3,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        _ => return None,
    })
}

fn byte_scale(word: &str) -> Option<f64> {
    Some(match word {
        "B" | "byte" | "bytes" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "PB" => 1e15,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        "PiB" => 1_125_899_906_842_624.0,
        _ => return None,
    })
}

/// Whether a cell is a time of day: `10:00`, `9:05:07.5 PM`.
pub(super) fn is_clock(cell: &str) -> bool {
    let lower = cell.trim().to_ascii_lowercase();
    let clock = lower.trim_end_matches(['a', 'p', 'm', ' ', '\u{202f}']);
    let parts: Vec<&str> = clock.split(':').collect();
    let is_part = |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_last = |part: &str| part.split(['.', ',']).all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
    (2..=3).contains(&parts.len()) && parts[..2].iter().all(is_part) && parts.get(2).is_none_or(|part| is_last(part))
}

/// Days since 1899-12-30 of a year from 1982 to 2118, as nanoseconds since 1970.
pub(super) fn serial_days(cell: &str) -> Option<i64> {
    let days: f64 = cell.trim().replace(',', ".").parse().ok()?;
    // To the millisecond: a spreadsheet knows no finer.
    (30_000.0..80_000.0).contains(&days).then(|| ((days - 25_569.0) * 86_400_000.0).round() as i64 * 1_000_000)
}

/// Decides the order of day and month by all dates of a column.
pub(super) fn date_order<'a>(cells: impl Iterator<Item = &'a str>) -> DateOrder {
    let mut order = DateOrder::Open;
    for (date, _) in cells.filter_map(split_date) {
        match date {
            [first, ..] if first > 12 => order = DateOrder::DayFirst,
            [_, second, _] if second > 12 => order = DateOrder::MonthFirst,
            _ => {}
        }
    }
    order
}

/// A local date and time in the form that all readers know: `23.11.2026 02:00`, `11/23/2026, 2:00:00 AM`,
/// `Nov 23, 2026 @ 02:00:00.000`. Dots put the day first wherever they are used.
pub(super) fn iso_date(cell: &str, order: DateOrder) -> Option<String> {
    if order == DateOrder::Serial {
        return Some(when::shown(Timestamp(serial_days(cell)?)).trim_end_matches('Z').to_owned());
    }
    let ([a, b, year], rest) = split_date(cell)?;
    let is_named = cell.starts_with(|c: char| c.is_alphabetic());
    let is_day_first =
        !is_named && (cell.contains('.') && cell.find('.') < cell.find(':').or(Some(usize::MAX)) || order == DateOrder::DayFirst);
    let (month, day) = if is_day_first { (b, a) } else { (a, b) };
    let year = if year < 100 { year + 2000 } else { year };
    let rest = rest.trim_start_matches([',', '@', ' ', '\u{202f}', '\u{a0}', 'T']);
    let lower = rest.to_ascii_lowercase();
    let half = [("am", 0), ("pm", 12)].into_iter().find_map(|(word, hours)| Some((lower.strip_suffix(word)?.len(), hours)));
    let clock = rest[..half.map_or(rest.len(), |(len, _)| len)].trim();
    if clock.is_empty() {
        return Some(format!("{year:04}-{month:02}-{day:02}"));
    }
    let (hour, after) = clock.split_once(':')?;
    let hour: u32 = hour.parse().ok()?;
    let hour = half.map_or(hour, |(_, more)| hour % 12 + more);
    Some(format!("{year:04}-{month:02}-{day:02} {hour:02}:{after}"))
}

/// The three numbers of a date as they stand (a month's name as its number, first) and what follows.
fn split_date(cell: &str) -> Option<([u32; 3], &str)> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let cell = cell.trim();
    if cell.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let (name, rest) = cell.split_once(' ')?;
        let month = MONTHS.iter().position(|month| name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(month)))? as u32 + 1;
        let (day, rest) = rest.split_once([',', ' '])?;
        let (year, rest) = leading_number(rest.trim_start())?;
        return Some(([month, day.parse().ok()?, year], rest)).filter(|(date, _)| date[2] >= 1970);
    }
    let (a, rest) = leading_number(cell)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '.' | '/' | '-'))?;
    let (b, rest) = leading_number(&rest[1..])?;
    let of_year = rest.strip_prefix(separator)?;
    let (year, rest) = leading_number(of_year)?;
    // `1.2.3` is a version.
    if !matches!(of_year.len() - rest.len(), 2 | 4) {
        return None;
    }
    let is_date = (1..=31).contains(&a) && (1..=31).contains(&b) && (year < 100 && separator != '-' || (1970..2300).contains(&year));
    let ends = rest.is_empty() || rest.starts_with([' ', ',', 'T', '\u{202f}', '\u{a0}']);
    (is_date && ends).then_some(([a, b, year], rest))
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_cells_become_base_units() {
        let read = |cell| number(cell, Decimal::Point, None);
        assert_eq!(read("800.0 ms"), Some((0.8, Unit::Seconds)));
        assert_eq!(read("1.0 s"), Some((1.0, Unit::Seconds)));
        assert_eq!(read("954 MiB"), Some((954.0 * 1_048_576.0, Unit::Bytes)));
        assert_eq!(read("1.5 kB/s"), Some((1_500.0, Unit::BytesPerSecond)));
        assert_eq!(read("50%"), Some((0.5, Unit::Ratio)));
        assert_eq!(read("1,234.5"), Some((1_234.5, Unit::None)));
        assert_eq!(read("1e9"), Some((1e9, Unit::None)));
        assert!(read("NaN").is_some_and(|(value, _)| value.is_nan()) && read("-Inf") == Some((f64::NEG_INFINITY, Unit::None)));
        assert_eq!(number("1 234 567,5 ms", Decimal::Comma, None), Some((1_234.567_5, Unit::Seconds)));
        assert_eq!((read("1’234.5"), read("10 20"), read("1 2345")), (Some((1_234.5, Unit::None)), None, None));
        assert_eq!(number("1.234,5", Decimal::Comma, None), Some((1_234.5, Unit::None)));
        assert_eq!(number("−0,5 s", Decimal::Comma, None), Some((-0.5, Unit::Seconds)));
        assert!(["", "ms", "5 apples", "=1+1", "1.2.3", "a", "%"].into_iter().all(|cell| read(cell).is_none()));
    }

    #[test]
    fn a_table_votes_on_its_comma() {
        let vote = |cells: &[&str]| decimal(cells.iter().copied(), ',');
        assert_eq!(vote(&["0,5", "12", "1.234,5"]), Decimal::Comma);
        assert_eq!(vote(&["1,234", "0.5"]), Decimal::Point);
        assert_eq!(vote(&["1", "2"]), Decimal::Point);
        assert_eq!(
            [vote(&["0,125"]), vote(&["-1234,567"]), vote(&["1,234"]), vote(&["12,345,678"])].map(|it| it == Decimal::Comma),
            [true, true, false, false]
        );
        assert_eq!(decimal(["1,234"].into_iter(), ';'), Decimal::Comma);
        assert_eq!(decimal(["1,234", "0.5"].into_iter(), ';'), Decimal::Point);
    }

    #[test]
    fn local_dates_are_read_by_the_vote_of_their_column() {
        let iso = |cell, order| iso_date(cell, order).unwrap_or_default();
        assert_eq!(iso("23.11.2026 02:00:10", DateOrder::Open), "2026-11-23 02:00:10");
        assert_eq!(iso("11/23/2026, 2:05:00 PM", DateOrder::MonthFirst), "2026-11-23 14:05:00");
        assert_eq!(iso("1/2/26 12:30 AM", DateOrder::DayFirst), "2026-02-01 00:30");
        assert_eq!(iso("Nov 23, 2026 @ 02:00:00.000", DateOrder::Open), "2026-11-23 02:00:00.000");
        assert_eq!(date_order(["1/2/2026", "1/13/2026"].into_iter()), DateOrder::MonthFirst);
        assert_eq!(date_order(["13/1/2026"].into_iter()), DateOrder::DayFirst);
        assert_eq!(date_order(["1/2/2026"].into_iter()), DateOrder::Open);
        assert!(
            ["1.5", "1.2.3", "10.0.0.1", "2026-11-23", "x", "", "May be", "1/2"]
                .into_iter()
                .all(|cell| iso_date(cell, DateOrder::Open).is_none())
        );
    }
}
