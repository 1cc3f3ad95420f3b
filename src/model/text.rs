//! Text that leaves the program: neutralised bytes from outside, times, durations, numbers with units.
//!
//! The one place where a foreign byte becomes printable, so that no escape sequence, bidi override or
//! control character of a log line reaches a terminal or an export.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Timelike};

use super::series::Unit;
use super::time::{NS_PER_S, Timestamp};

/// Makes text harmless on one line: control characters become their pictures (`␛`, `␉` …), line ends `␤`,
/// bidi controls, zero-width and tag characters a mark like `‹U+202E›`. O(n); borrowed when nothing changes.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push('␤'),
            '\0'..='\x1f' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('␀')),
            '\x7f' => out.push('␡'),
            _ if is_unsafe(c) => {
                let _ = write!(out, "‹U+{:04X}›", c as u32);
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character must not reach a terminal or an export as it is.
fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `2026-11-22T03:24:10.123456789Z` with as many digits of the fraction as needed (none for whole seconds).
pub fn rfc3339(at: Timestamp) -> String {
    let (secs, ns) = (at.0.div_euclid(NS_PER_S), at.0.rem_euclid(NS_PER_S));
    let date = DateTime::from_timestamp(secs, 0).expect("every i64 of nanoseconds is a date of the years 1677 to 2262");
    let mut out =
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", date.year(), date.month(), date.day(), date.hour(), date.minute(), date.second());
    if ns != 0 {
        let digits = format!("{ns:09}");
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
    out.push('Z');
    out
}

/// Distance from T+0 as the screen and the postmortem print it: `T+0`, `T+7s`, `T+2m05s`, `T+1h02m`, `T−12m`.
/// Whole seconds that have passed, cut off on both sides: no second is told that was not there. What lies less than a
/// second before T+0 is told with its hundredths (`T−0.02s`), or finer where those are 0 (`T−4ms`): it is before, and no second before.
pub fn t_offset(ns: i64) -> String {
    let secs = ns / NS_PER_S;
    match (secs, ns) {
        (0, 0..) => "T+0".into(),
        (0, _) => {
            let hundredths = ns.unsigned_abs() / (NS_PER_S as u64 / 100);
            match (hundredths, hundredths % 10) {
                (0, _) => format!("T−{}", below_hundredth(ns.unsigned_abs())),
                (_, 0) => format!("T−0.{}s", hundredths / 10),
                _ => format!("T−0.{hundredths:02}s"),
            }
        }
        _ => format!("T{}{}", if secs < 0 { '−' } else { '+' }, whole_duration(secs.unsigned_abs())),
    }
}

/// `4ms`, `120µs`, `7ns`: cut off to the greatest unit that is there.
fn below_hundredth(ns: u64) -> String {
    match ns {
        1_000_000.. => format!("{}ms", ns / 1_000_000),
        1_000.. => format!("{}µs", ns / 1_000),
        _ => format!("{ns}ns"),
    }
}

/// `7s`, `2m05s`, `3m`, `1h02m`, `2d03h` from whole seconds.
pub fn whole_duration(secs: u64) -> String {
    let (d, h, m, s) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60, secs % 60);
    match (d, h, m, s) {
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, 0) => format!("{m}m"),
        (0, 0, m, s) => format!("{m}m{s:02}s"),
        (0, h, 0, 0) => format!("{h}h"),
        (0, h, m, 0) => format!("{h}h{m:02}m"),
        (0, h, m, s) => format!("{h}h{m:02}m{s:02}s"),
        (d, 0, 0, _) => format!("{d}d"),
        (d, h, _, _) => format!("{d}d{h:02}h"),
    }
}

/// A value with its unit for people: `9.8 s`, `850 ms`, `92.3 %`, `412 300`, `1.2 GiB`, `140 /s`; `NaN`, `+Inf`, `−Inf`.
/// Three significant digits beyond thousands grouping; the sign is U+2212.
pub fn value(value: f64, unit: Unit) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".into() } else { "−Inf".into() };
    }
    let sign = if value < 0.0 { "−" } else { "" };
    let v = value.abs();
    let body = match unit {
        Unit::Seconds => seconds(v),
        Unit::Bytes => bytes(v),
        Unit::BytesPerSecond => format!("{}/s", bytes(v)),
        Unit::Ratio => format!("{} %", digits(v * 100.0)),
        Unit::PerSecond => format!("{} /s", digits(v)),
        Unit::None => digits(v),
    };
    format!("{sign}{body}")
}

fn seconds(v: f64) -> String {
    if v == 0.0 {
        "0 s".into()
    } else if v < 1e-6 {
        format!("{} ns", digits(v * 1e9))
    } else if v < 1e-3 {
        format!("{} µs", digits(v * 1e6))
    } else if v < 1.0 {
        format!("{} ms", digits(v * 1e3))
    } else {
        format!("{} s", digits(v))
    }
}

fn bytes(v: f64) -> String {
    const STEPS: [(f64, &str); 4] = [(1_099_511_627_776.0, "TiB"), (1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1024.0, "KiB")];
    STEPS.iter().find(|step| v >= step.0).map_or_else(|| format!("{} B", digits(v)), |step| format!("{} {}", digits(v / step.0), step.1))
}

/// Three significant digits below a thousand, whole and grouped by thin blanks from there on.
fn digits(v: f64) -> String {
    if v >= 999.5 {
        return if v < 1e15 { grouped(v.round() as u64) } else { format!("{v:.3e}") };
    }
    let text = if v >= 99.95 {
        format!("{v:.0}")
    } else if v >= 9.995 {
        format!("{v:.1}")
    } else if v >= 0.01 || v == 0.0 {
        format!("{v:.2}")
    } else if v >= 0.001 {
        // Two digits that count: never a zero of what is not nothing.
        format!("{v:.4}")
    } else {
        return format!("{v:.2e}");
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `412300` → `412 300`.
pub fn grouped(n: u64) -> String {
    let plain = n.to_string();
    let mut out = String::with_capacity(plain.len() + plain.len() / 3);
    for (i, c) in plain.chars().enumerate() {
        if i > 0 && (plain.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// Where a run of exactly `n` backticks begins, which ends a span of code in Markdown. O(bytes).
pub fn closing_ticks(text: &str, n: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].bytes().take_while(|byte| *byte == b'`').count();
        if run == n {
            return Some(start);
        }
        at = start + run;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_survives() {
        assert_eq!(printable("a\x1b]52;c;x\x07b\nc\u{202e}d\u{9b}e"), "a␛]52;c;x␇b␤c‹U+202E›d‹U+009B›e");
        assert!(matches!(printable("plain ✓ 漢"), Cow::Borrowed(_)));
    }

    #[test]
    fn times_print_with_the_digits_they_have() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(1_795_400_650_120_000_000)), "2026-11-23T02:24:10.12Z");
        assert_eq!(rfc3339(Timestamp(-1)), "1969-12-31T23:59:59.999999999Z");
        rfc3339(Timestamp::MIN);
        rfc3339(Timestamp::MAX);
    }

    #[test]
    fn offsets_read_like_people_say_them() {
        let at = |secs: i64| t_offset(secs * NS_PER_S);
        assert_eq!([at(0), at(7), at(125), at(180), at(3720), at(-720)], ["T+0", "T+7s", "T+2m05s", "T+3m", "T+1h02m", "T−12m"]);
        let ms = |ms: i64| t_offset(ms * 1_000_000);
        assert_eq!([ms(-22), ms(-500), ms(-999), ms(-1_000), ms(-60_022)], ["T−0.02s", "T−0.5s", "T−0.99s", "T−1s", "T−1m"]);
        assert_eq!([ms(22), ms(1_900), t_offset(-1)], ["T+0", "T+1s", "T−1ns"]);
        assert_eq!([t_offset(-4_700_000), t_offset(-120_999), t_offset(-10_000_000)], ["T−4ms", "T−120µs", "T−0.01s"]);
    }

    #[test]
    fn values_carry_their_unit() {
        let all = [
            value(9.84, Unit::Seconds),
            value(0.0497, Unit::Seconds),
            value(0.917, Unit::Ratio),
            value(412_300.0, Unit::None),
            value(f64::NAN, Unit::None),
            value(f64::INFINITY, Unit::Seconds),
            value(-3.0, Unit::None),
            value(1536.0, Unit::Bytes),
            value(0.0, Unit::Ratio),
        ];
        assert_eq!(all, ["9.84 s", "49.7 ms", "91.7 %", "412 300", "NaN", "+Inf", "−3", "1.5 KiB", "0 %"]);
    }
}
