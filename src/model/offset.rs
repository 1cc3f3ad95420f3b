//! How far the clock of a source is moved, as text and back: `+1.5s`, `-90s`, `2m`, `0`.
//!
//! What is added to the times that a source states: a clock that was 2 s ahead has the offset `-2s`. Exact to the
//! nanosecond in both directions.

use std::collections::BTreeMap;

use super::time::NS_PER_S;
use super::when::parse_duration;

/// Path of a source, or a pattern over paths → what is added to its times, ns.
pub type ClockOffsets = BTreeMap<String, i64>;

/// No clock of an incident is wrong by more: a hundred years.
const MOST_NS: i64 = 100 * 365 * 86_400 * NS_PER_S;

/// Reads an offset; without a sign it is later, a plain `0` is none. Errors say what is understood.
pub fn parse(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let ns = match rest.trim() {
        "0" => 0,
        rest => parse_duration(rest).map_err(|_| format!("{text:?} is no offset; known forms: +1.5s, -90s, 2m, -8h, 250ms, 0"))?,
    };
    if ns > MOST_NS { Err(format!("{text:?} is more than a hundred years")) } else { Ok(sign * ns) }
}

/// Units in which an offset is told, the longest first.
const UNITS: [(u64, &str); 6] =
    [(3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];

/// The offset as [`parse`] reads it, always with a sign: `+1.5s`, `-90s`, `+8h`, `+250ms`.
pub fn text(ns: i64) -> String {
    let sign = if ns < 0 { '-' } else { '+' };
    let (size, second) = (ns.unsigned_abs(), NS_PER_S.unsigned_abs());
    if size == 0 {
        return "0".into();
    }
    // Up to two minutes are told in seconds, as a person would; a wrong zone in hours.
    let fits = |(unit, name): &&(u64, &str)| size.is_multiple_of(*unit) && (*name != "m" || size >= 2 * unit);
    let (unit, name) = UNITS.iter().find(fits).copied().unwrap_or((1, "ns"));
    if size > second && unit < second {
        let digits = format!("{:09}", size % second);
        return format!("{sign}{}.{}s", size / second, digits.trim_end_matches('0'));
    }
    format!("{sign}{}{name}", size / unit)
}

/// The offset of a source: that of its path, else that of the last pattern that names it; 0 without one.
pub fn of(offsets: &ClockOffsets, path: &str, names: impl Fn(&str, &str) -> bool) -> i64 {
    let named = || offsets.iter().rev().find(|(pattern, _)| names(pattern, path)).map(|(_, ns)| *ns);
    offsets.get(path).copied().or_else(named).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_read_as_people_write_them() {
        let good = [("+1.5s", 1_500_000_000), ("-90s", -90 * NS_PER_S), ("2m", 120 * NS_PER_S), ("0", 0), ("−1h", -3_600 * NS_PER_S)];
        for (typed, ns) in good {
            assert_eq!(parse(typed), Ok(ns), "{typed}");
        }
        for wrong in ["", "x", "5", "--5s", "200000d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let shown = [1_500_000_000, -90 * NS_PER_S, 120 * NS_PER_S, 8 * 3_600 * NS_PER_S, 250_000_000, -7, 60 * NS_PER_S, 0].map(text);
        assert_eq!(shown, ["+1.5s", "-90s", "+2m", "+8h", "+250ms", "-7ns", "+60s", "0"]);
    }

    #[test]
    fn the_path_of_a_source_goes_before_patterns() {
        let offsets = ClockOffsets::from([("logs/*".into(), 1), ("logs/a.log".into(), 2), ("logs/z*".into(), 3)]);
        let names = |pattern: &str, path: &str| crate::model::glob::matches(pattern, path);
        assert_eq!(["logs/a.log", "logs/b.log", "logs/z.log", "x"].map(|path| of(&offsets, path, names)), [2, 1, 3, 0]);
    }

    proptest! {
        #[test]
        fn every_offset_comes_back(ns in -MOST_NS..MOST_NS, unit in prop::sample::select(vec![1, 1_000, 1_000_000, NS_PER_S, 60 * NS_PER_S])) {
            let ns = ns / unit * unit;
            prop_assert_eq!(parse(&text(ns)), Ok(ns));
        }
    }
}
