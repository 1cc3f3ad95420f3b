//! What stands before the message in a line of RFC 5424. Time and priority are `text`'s.

use memchr::memchr;

/// Where the message begins in ` host app process id [data …] message` behind the time (RFC 5424, 6): data holds quoted
/// values, in which quote, backslash and bracket are escaped; the message may begin with a byte order mark.
pub(super) fn message_start(rest: &[u8]) -> usize {
    let mut at = rest.len() - rest.trim_ascii_start().len();
    for _ in 0..4 {
        let Some(len) = memchr(b' ', &rest[at..]) else { return rest.len() };
        at += len + 1;
    }
    match rest.get(at) {
        Some(b'-') => at += 1,
        Some(b'[') => {
            let mut is_quoted = false;
            while let Some(byte) = rest.get(at) {
                match byte {
                    b'\\' if is_quoted => at += 1,
                    b'"' => is_quoted = !is_quoted,
                    b']' if !is_quoted && rest.get(at + 1) != Some(&b'[') => break,
                    _ => {}
                }
                at += 1;
            }
            at += 1;
        }
        _ => {}
    }
    let message = rest.get(at..).unwrap_or_default().trim_ascii_start();
    rest.len() - message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_is_cut_or_odd_never_hides_more_than_itself() {
        let message = |rest: &str| rest[message_start(rest.as_bytes())..].to_owned();
        for (rest, expected) in [
            (" web1 shop 1 ID - hello", "hello"),
            (" web1 shop - - [a b=\"]\"] hello", "hello"),
            (" web1 shop - - [a][b c=\"\\\"\"] hello", "hello"),
            (" web1 shop - - hello", "hello"),
            (" web1 shop - - [a b=\"never closed", ""),
            (" web1 shop", ""),
            ("", ""),
        ] {
            assert_eq!(message(rest), expected, "{rest}");
        }
    }
}
