//! What a text says about its offset from UTC: numbers, `Z`, and names that mean one offset everywhere.

use super::two;

/// Zones by name that mean one offset everywhere; `CST`, `IST` and `BST` mean several and are left open.
fn zone_word(word: &[u8]) -> Option<i32> {
    Some(match word {
        b"UTC" | b"GMT" | b"WET" => 0,
        b"EST" | b"CDT" => -18_000,
        b"EDT" => -14_400,
        b"MST" | b"PDT" => -25_200,
        b"MDT" => -21_600,
        b"PST" => -28_800,
        b"WEST" | b"CET" => 3_600,
        b"CEST" | b"EET" => 7_200,
        b"EEST" | b"MSK" => 10_800,
        b"JST" | b"KST" => 32_400,
        b"HKT" | b"SGT" => 28_800,
        b"AEST" => 36_000,
        b"AEDT" => 39_600,
        _ => return None,
    })
}

/// Parts of the world that names of zones begin with.
const AREAS: [&[u8]; 10] =
    [b"Africa", b"America", b"Antarctica", b"Arctic", b"Asia", b"Atlantic", b"Australia", b"Europe", b"Indian", b"Pacific"];

/// Where a name such as `Europe/Berlin` or `America/Argentina/Buenos_Aires` ends that begins at `start`.
#[cold]
fn name_end(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let area = AREAS.iter().find(|area| rest.starts_with(area) && rest.get(area.len()) == Some(&b'/'))?;
    let is_part = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'_' | b'-');
    let len = rest.iter().take(40).take_while(|byte| is_part(byte)).count();
    (len > area.len() + 1).then_some(start + len)
}

/// The name of a zone that a text ends with, as in `2026-03-17 14:00:00 Europe/Berlin`.
pub fn zone_name(stamp: &[u8]) -> Option<&[u8]> {
    let at = memchr::memrchr(b' ', stamp)? + 1;
    (name_end(stamp, at)? == stamp.len()).then(|| &stamp[at..])
}

/// Offset from UTC at `at` (with or without a space before it), and where it ends.
#[inline]
pub(super) fn offset(text: &[u8], at: usize) -> (Option<i32>, usize) {
    let is_end = |end: usize| !text.get(end).is_some_and(u8::is_ascii_alphanumeric);
    let start = at + usize::from(text.get(at) == Some(&b' '));
    match text.get(start) {
        Some(b'Z' | b'z') if start == at && is_end(at + 1) => (Some(0), at + 1),
        Some(b'+' | b'-') => signed_offset(text, start, start == at).map_or((None, at), |(offset, end)| (Some(offset), end)),
        Some(b'A'..=b'Z') => {
            // All of them have three or four letters, and no letter may follow.
            let end = if is_end(start + 3) { start + 3 } else { start + 4 };
            let word = text.get(start..end).filter(|_| is_end(end));
            match word.and_then(zone_word) {
                Some(offset) => (Some(offset), end),
                // The rules of a zone are the clock's: here its name is only passed over.
                None if matches!(text[start], b'A' | b'E' | b'I' | b'P') && text.get(start + 1).is_some_and(u8::is_ascii_lowercase) => {
                    (None, name_end(text, start).unwrap_or(at))
                }
                None => (None, at),
            }
        }
        _ => (None, at),
    }
}

/// `+05:30`, `+0530`, and `+05` where nothing stands between time and offset.
fn signed_offset(text: &[u8], at: usize, may_be_short: bool) -> Option<(i32, usize)> {
    let sign = if text[at] == b'-' { -1 } else { 1 };
    let hours = two(text, at + 1).filter(|hours| *hours <= 18)?;
    let colon = usize::from(text.get(at + 3) == Some(&b':'));
    let (minutes, end) = match two(text, at + 3 + colon) {
        Some(minutes) => (minutes, at + 5 + colon),
        None if may_be_short => (0, at + 3),
        None => return None,
    };
    let ends = minutes < 60 && !text.get(end).is_some_and(u8::is_ascii_digit);
    ends.then_some((sign * (hours * 3600 + minutes * 60) as i32, end))
}
