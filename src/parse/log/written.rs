//! The line as the program wrote it: without what a container runtime, the journal, syslog or `docker-compose` put around it.
//!
//! Two sources that carry the same line tell of one event, whoever collected it. Not for reading: what a line means stands in
//! `detail`.

use super::line::{Reader, bare, compose_prefix, without_colours};
use super::{Layout, LogPlan, text, wrapped};

/// The first line of a record, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Without colours and without blanks at its ends.
    pub text: String,
    /// Whether the program itself wrote a time finer than seconds into it: then hardly two lines are alike by chance.
    pub has_fine_time: bool,
    /// Whether nothing stood around it.
    pub is_bare: bool,
}

/// What a program wrote of a record, given with all that stands around it. Costs a look at its first line.
pub fn written(plan: &LogPlan, record: &[u8]) -> Written {
    let end = memchr::memchr(b'\n', record).unwrap_or(record.len());
    let line = without_colours(&record[..end]);
    let line = bare(&line);
    let line = if plan.habits.has_compose_prefix { compose_prefix(line).map_or(line, |(_, rest)| rest) } else { line };
    let inner = match plan.layout {
        Layout::Json if plan.habits.is_wrapped => wrapped::text_of(plan, line),
        Layout::Text => {
            let mut reader = Reader::new(plan);
            let start = text::head(&mut reader, line).and_then(|head| match plan.habits.is_stamped {
                true => Some(wrapped::runtime_text(line, head.rest)),
                false => text::syslog_parts(&head, line).map(|parts| parts.message),
            });
            start.and_then(|start| line.get(start..)).map(|text| String::from_utf8_lossy(text).into_owned())
        }
        _ => None,
    };
    let is_bare = inner.is_none();
    let text = inner.unwrap_or_else(|| String::from_utf8_lossy(line).into_owned());
    let text = String::from_utf8_lossy(&without_colours(text.lines().next().unwrap_or_default().as_bytes())).trim().to_owned();
    let has_fine_time = has_fine_time(text.as_bytes());
    Written { text, has_fine_time, is_bare }
}

/// `:20.157`, `:20,157`, or an epoch of more than ten digits or with a fraction.
fn has_fine_time(text: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = 0;
    while at < text.len() {
        let n = digits(&text[at..]);
        if n == 0 {
            at += 1;
            continue;
        }
        let has_fraction = text.get(at + n).is_some_and(|byte| matches!(byte, b'.' | b',')) && digits(&text[at + n + 1..]) >= 3;
        let is_seconds = n == 2 && at > 0 && text[at - 1] == b':';
        let is_epoch = text[at] == b'1' && (matches!(n, 13 | 16 | 19) || n == 10 && has_fraction);
        if is_epoch || is_seconds && has_fraction {
            return true;
        }
        at += n;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Context, Windows};

    fn line_of(record: &str) -> (String, bool) {
        let bytes = record.repeat(4).into_bytes();
        let windows = Windows { path: "x", size_bytes: bytes.len() as u64, head: &bytes, middle: &bytes, tail: &bytes };
        let plan = super::super::plan(&windows, &Context::default()).expect("a log");
        let found = written(&plan, record.as_bytes());
        (found.text, found.has_fine_time)
    }

    #[test]
    fn a_line_is_the_same_however_it_was_collected() {
        let line = "2026-11-22 03:20:00,157 INFO [http-1] c.e.Order - request 7 took 262 ms";
        for record in [
            format!("{line}\n"),
            format!("{{\"log\":\"{line}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T03:20:00.160024123Z\"}}\n"),
            format!("2026-11-22T03:20:00.160024123Z stdout F {line}\n"),
            format!("{{\"__REALTIME_TIMESTAMP\":\"1795317600160447\",\"PRIORITY\":\"6\",\"MESSAGE\":\"{line}\"}}\n"),
            format!("Nov 22 03:20:00 node1 order[812]: {line}\n"),
            format!("order-1  | {line}\n"),
        ] {
            assert_eq!(line_of(&record), (line.to_owned(), true), "{record}");
        }
    }

    #[test]
    fn a_time_of_whole_seconds_is_not_fine() {
        for (text, is_fine) in [
            ("{\"ts\":1795317600.157,\"msg\":\"x\"}", true),
            ("{\"ts\":1795317600157}", true),
            ("2026/11/22 03:20:00 [notice] 1#1: start worker process 29", false),
            ("took 12.345 ms, id 1795317600", false),
        ] {
            assert_eq!(has_fine_time(text.as_bytes()), is_fine, "{text}");
        }
    }
}
