//! Numbers and times as nearly all samples write them, read without a detour.
//!
//! Gives `None` for everything unusual, never a wrong number: the caller then takes its general way.

/// Powers of ten that a float holds exactly.
const POWERS: [f64; 23] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

/// A decimal at the start of `bytes` and its length: `-12.5`, no exponent.
///
/// At most 2^53 by a power of ten that is exact too: one division rounds rightly (Clinger 1990). More digits are read by
/// the standard library.
#[inline]
pub fn float(bytes: &[u8]) -> Option<(f64, usize)> {
    let is_negative = bytes.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let (mut mantissa, mut at, mut point) = (0_u64, start, None);
    while let Some(byte) = bytes.get(at) {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if *byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            break;
        }
        at += 1;
    }
    let n_digits = at - start - usize::from(point.is_some());
    let n_behind = point.map_or(0, |point| at - point - 1);
    if n_digits == 0 || bytes.get(at).is_some_and(|byte| matches!(byte, b'e' | b'E')) {
        return None;
    }
    if n_digits <= 19 && mantissa <= 1 << 53 && n_behind < POWERS.len() {
        let value = mantissa as f64 / POWERS[n_behind];
        return Some((if is_negative { -value } else { value }, at));
    }
    let value: f64 = std::str::from_utf8(&bytes[..at]).ok()?.parse().ok()?;
    value.is_finite().then_some((value, at))
}

/// A time at the start of `bytes` in ns since 1970 and its length: ten digits of seconds with a fraction or without, or
/// thirteen of milliseconds.
#[inline]
pub fn epoch_ns(bytes: &[u8]) -> Option<(i64, usize)> {
    let (head, rest) = bytes.split_first_chunk::<10>()?;
    let mut secs = 0_i64;
    for byte in head {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        secs = secs * 10 + i64::from(digit);
    }
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = |bytes: &[u8]| bytes.iter().fold(0_i64, |sum, byte| sum * 10 + i64::from(byte - b'0'));
    match rest.first() {
        Some(b'.') => {
            let n = digits(&rest[1..]);
            if n == 0 || n > 9 {
                return None;
            }
            let fraction = number(&rest[1..=n]) * 10_i64.pow(9 - n as u32);
            Some((secs.checked_mul(1_000_000_000)?.checked_add(fraction)?, 11 + n))
        }
        Some(byte) if byte.is_ascii_digit() => {
            let n = digits(rest);
            let is_ms = n == 3 && rest.get(3) != Some(&b'.');
            is_ms.then(|| Some((secs.checked_mul(1_000_000_000)?.checked_add(number(&rest[..3]) * 1_000_000)?, 13)))?
        }
        _ => Some((secs.checked_mul(1_000_000_000)?, 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::when;
    use proptest::prelude::*;

    #[test]
    fn what_is_unusual_is_left_to_others() {
        assert_eq!([float(b"1e5"), float(b"NaN"), float(b"+Inf"), float(b""), float(b"-"), float(b".")], [None; 6]);
        assert_eq!(float(b"1.5\"]"), Some((1.5, 3)));
        assert_eq!(epoch_ns(b"1795400897,"), Some((1_795_400_897_000_000_000, 10)));
        assert_eq!([epoch_ns(b"17954008971"), epoch_ns(b"179540089"), epoch_ns(b"1795400897."), epoch_ns(b"1795400897123.5")], [None; 4]);
    }

    proptest! {
        #[test]
        fn a_number_is_the_one_that_the_standard_library_reads(value in prop_oneof![prop::num::f64::NORMAL, -1e9..1e9_f64, (0..1_000_000_i64).prop_map(|n| n as f64 / 1000.0)]) {
            let text = format!("{value}");
            if let Some((got, length)) = float(text.as_bytes()) {
                prop_assert_eq!((got.to_bits(), length), (value.to_bits(), text.len()));
            }
        }

        #[test]
        fn digits_in_any_number_are_read_right(text in "-?[0-9]{1,24}(\\.[0-9]{0,24})?") {
            let (got, length) = float(text.as_bytes()).unwrap();
            prop_assert_eq!((got.to_bits(), length), (text.parse::<f64>().unwrap().to_bits(), text.len()));
        }

        #[test]
        fn a_time_is_the_one_that_the_general_way_reads(text in "[1-9][0-9]{8,14}(\\.[0-9]{1,10})?") {
            if let Some((ns, length)) = epoch_ns(text.as_bytes()) {
                prop_assert_eq!(length, text.len());
                prop_assert_eq!(when::epoch(&text).map(|at| at.0), Some(ns));
            }
        }
    }
}
