//! The trace id that a logger puts in brackets before its message: `[trace-span]` of Spring Boot, `[app,trace,span]` of
//! Sleuth, `[trace]` where a pattern of logback names `%X{traceId}`.
//!
//! What stands in brackets in a message is none of it: only the first bytes behind the time are looked at, and a bare
//! id must be as long as those of W3C are.

use memchr::memchr;

use super::access::{is_request_id, is_trace_id};

/// How far behind the time the bracket is looked for.
const MAX_BYTES: usize = 192;

/// The trace id of a line, given what follows its time.
pub(super) fn trace_of(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = &rest[..rest.len().min(MAX_BYTES)];
    loop {
        let inside = &rest[memchr(b'[', rest)? + 1..];
        let end = memchr(b']', inside)?;
        if let Some(id) = trace_in(inside[..end].trim_ascii()) {
            return Some(id);
        }
        rest = &inside[end..];
    }
}

/// The trace id of what stands between brackets. Zeros are how W3C writes that there is none.
fn trace_in(inside: &[u8]) -> Option<&[u8]> {
    let mut words = inside.split(|byte| matches!(byte, b'-' | b',' | b'/' | b' '));
    let is_some = |id: &&[u8]| id.iter().any(|byte| *byte != b'0');
    let first = words.next()?;
    if words.clone().next().is_none() {
        return Some(value(first)).filter(|id| is_request_id(id)).filter(is_some);
    }
    // An application may stand before the two ids, and its name may hold a dash.
    std::iter::once(first).chain(words.clone()).zip(words).find_map(|(id, span)| {
        let (id, span) = (value(id), value(span));
        (is_trace_id(id) && span.len() == 16 && is_trace_id(span)).then_some(id).filter(is_some)
    })
}

/// `id` of `name=id` and `name:id`.
fn value(word: &[u8]) -> &[u8] {
    word.iter().rposition(|byte| matches!(byte, b'=' | b':')).map_or(word, |at| &word[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rest: &str, expected: &str) {
        let got = trace_of(rest.as_bytes()).map(String::from_utf8_lossy);
        assert_eq!(got.as_deref().unwrap_or("none"), expected, "{rest}");
    }

    #[test]
    fn a_bracket_before_the_message_tells_the_trace() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        check(&format!("  INFO 1 --- [shop] [main] [{id}-00f067aa0ba902b7] c.e.Shop : stored"), id);
        check("  INFO [my-shop,4bf92f3577b34da6,00f067aa0ba902b7] 1 --- [main] c.e.Shop : stored", "4bf92f3577b34da6");
        check("  INFO [my-shop,4bf92f3577b34da6,00f067aa0ba902b7,true] 1 --- [main] c.e.Shop : stored", "4bf92f3577b34da6");
        check(&format!(" [main] INFO  [traceId={id}] com.example.Shop - stored"), id);
        check(&format!(" [main] INFO  [{id}] com.example.Shop - stored"), id);
    }

    #[test]
    fn threads_addresses_and_zeros_are_no_trace() {
        check("  INFO 1 --- [shop] [nio-8080-exec-1] [                                                 ] c.e.Shop : [x", "none");
        check(" INFO [00000000000000000000000000000000-0000000000000000] c.e.Shop : stored", "none");
        check(" INFO [12345678901234567890123456789012] stored", "none");
        check(" INFO [00007f3a7c01a1b0] stored", "none");
        check(" [", "none");
    }
}
