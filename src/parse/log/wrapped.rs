//! A line inside a line: what a container runtime, a collector or the journal put around the line of a program.
//!
//! There are then two clocks. The outer one places the record, because every line has it; the time that the program
//! wrote is kept as the field `app_time`. Lines that a program wrote as one message (a stack trace) came apart in
//! the runtime; they are folded again by how they begin.

use super::found::{Found, Moment};
use super::json::{self, Sink, Value};
use super::keys;
use super::level;
use super::line::Reader;
use super::roles::{Meaning, Place, Role};
use super::sink::TakesTime;
use super::text::{At, Head, Shape};
use super::{LogPlan, correlation};
use crate::model::Level;
use crate::parse::timestamp;

/// Name of the field for the time that the program wrote.
pub(super) const APP_TIME: &str = "app_time";

/// Finds the best message of an object.
struct MessageSink<'p, 'a> {
    plan: &'p LogPlan,
    best: Option<(u8, Value<'a>)>,
}

impl<'a> Sink<'a> for MessageSink<'_, 'a> {
    fn expect(&mut self, _: &'a [u8], _: usize, _: Place) -> Option<(Meaning, usize)> {
        None
    }

    fn meaning(&mut self, key: &'a [u8], _: &'a [u8], place: Place) -> Meaning {
        keys::lookup(self.plan, key, place)
    }

    fn value(&mut self, meaning: Meaning, _: &'a [u8], _: Place, value: Value<'a>) {
        let Some(binding) = meaning.binding.filter(|binding| binding.role == Role::Message) else { return };
        if self.best.is_none_or(|(rank, _)| binding.rank <= rank) {
            self.best = Some((binding.rank, value));
        }
    }
}

/// The line that an object carries as its message.
pub(super) fn text_of(plan: &LogPlan, line: &[u8]) -> Option<String> {
    if let Some(text) = line.strip_prefix(b"{\"log\":\"") {
        // Docker writes it first.
        let (end, _) = json::string_end(text, 0)?;
        return unescape(&text[..end]);
    }
    let mut sink = MessageSink { plan, best: None };
    json::walk(line, 0, &mut sink).ok()?;
    match sink.best?.1 {
        Value::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        Value::Escaped(text) => unescape(text),
        Value::Bare(_) | Value::Nested(_) => None,
    }
}

fn unescape(text: &[u8]) -> Option<String> {
    serde_json::from_slice(&[b"\"", text, b"\""].concat()).ok()
}

/// Whether the start of a message (escapes and all) looks like a line of its own.
pub(super) fn looks_like_line(text: &[u8]) -> bool {
    text.starts_with(b"{\\\"")
        || [&b"level="[..], b"ts=", b"time="].iter().any(|start| text.starts_with(start))
        || timestamp::read(text).is_some_and(|stamp| stamp.civil.missing == timestamp::Missing::Nothing && stamp.len + 1 < text.len())
        || klog(text).is_some()
}

/// Level and length of the head of a klog line.
fn klog(text: &[u8]) -> Option<(Level, usize)> {
    let letter = text.first().filter(|letter| matches!(letter, b'I' | b'W' | b'E' | b'F'))?;
    let stamp = timestamp::read_klog(&text[1..])?;
    Some((level::of_letter(*letter)?, stamp.len + 1))
}

/// Whether a line begins with the time of a runtime: always nine digits of fraction and an offset.
pub(super) fn is_runtime_stamp(line: &[u8], head: &Head) -> bool {
    let At::Civil(stamp) = head.stamp else { return false };
    let n_digits = line.get(20..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let is_nano = line.get(10) == Some(&b'T') && line.get(19) == Some(&b'.') && n_digits == 9 && head.rest < line.len();
    let is_tagged = line.get(head.rest..).is_some_and(|rest| rest.starts_with(b" stdout ") || rest.starts_with(b" stderr "));
    head.shape == Shape::Plain && head.start == 0 && stamp.civil.offset_s.is_some() && (is_nano || is_tagged)
}

/// Where the text of the program begins behind the time that ends at `at`: after one blank, and after `stdout F `.
pub(super) fn runtime_text(line: &[u8], at: usize) -> usize {
    let rest = &line[at.min(line.len())..];
    let text = match rest {
        [b' ', b's', b't', b'd', b'o', b'u', b't', b' ', tag @ ..] | [b' ', b's', b't', b'd', b'e', b'r', b'r', b' ', tag @ ..] => {
            let len = tag.iter().position(|byte| *byte == b' ').map_or(tag.len(), |len| len + 1);
            8 + len
        }
        [b' ', ..] => 1,
        _ => 0,
    };
    at + text
}

/// The time that a program wrote, and the level if its form tells one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AppStamp {
    pub level: Level,
    /// Bytes to pass over, 0 for none.
    pub len: usize,
}

/// A time at the start of the text of a program.
pub(super) fn app_stamp(reader: &mut Reader, text: &[u8]) -> AppStamp {
    let open = usize::from(matches!(text.first(), Some(b'[' | b'(')));
    match text.get(open) {
        Some(b'0'..=b'9' | b'A'..=b'Z') => {}
        _ => return AppStamp::default(),
    }
    if let Some((level, len)) = klog(text) {
        return AppStamp { level, len };
    }
    reader.clock.read(&text[open..]).map_or(AppStamp::default(), |stamp| AppStamp { level: Level::Unknown, len: open + stamp.len })
}

/// Whether a line goes on with the message of the line before: indented, or a part of a stack trace by its first
/// words. Runtimes of Java, Go, Python and Node.
pub(super) fn continues(text: &[u8]) -> bool {
    const STARTS: &[&[u8]] = &[
        b"at ",
        b"Caused by: ",
        b"Suppressed: ",
        b"... ",
        b"goroutine ",
        b"created by ",
        b"[signal SIG",
        b"exit status ",
        b"Traceback (most recent",
        b"During handling of the above",
        b"The above exception was",
    ];
    match text.first() {
        None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'}' | b')' | b']') => return true,
        Some(b'{' | b'0'..=b'9') => return false,
        Some(_) => {}
    }
    let text = &text[..text.len().min(300)];
    let text = text.trim_ascii_end();
    STARTS.iter().any(|start| text.starts_with(start)) || is_exception(text) || is_go_frame(text)
}

/// `ValueError: bad`, `java.lang.IllegalStateException`; a bare `Error:` begins a message as often.
fn is_exception(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
    let name = &text[..end];
    let is_name = !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'));
    is_name
        && name.len() > 5
        && [&b"Error"[..], b"Exception", b"Throwable", b"KeyboardInterrupt", b"SystemExit"].iter().any(|ending| name.ends_with(ending))
        && name.iter().any(u8::is_ascii_lowercase)
}

/// `main.(*Server).handle(0xc000, 0x1)`.
fn is_go_frame(text: &[u8]) -> bool {
    let Some(open) = text.iter().rposition(|byte| *byte == b'(') else { return false };
    let name = &text[..open];
    text.ends_with(b")") && name.contains(&b'.') && !name.contains(&b' ') && name.first().is_some_and(u8::is_ascii_alphabetic)
}

impl Reader<'_> {
    /// The roles of a line that another line carries; its time counts only where the outer line has none.
    pub(super) fn inner(&mut self, text: &str) -> Found<'static> {
        let text = text.trim_ascii_end();
        let mut found = Found::default();
        if text.starts_with('{')
            && let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text)
        {
            self.take_object(&object, Place(0), &mut found);
            return found.into_owned();
        }
        let line = text.lines().next().unwrap_or_default().trim_ascii_start().as_bytes();
        let line = super::line::without_colours(line).into_owned();
        let app = app_stamp(self, &line);
        let stamp = (app.len > 0).then(|| self.clock.read(line.strip_prefix(b"[").unwrap_or(&line))).flatten();
        let at = app.len.min(line.len());
        let mut found = Found::default();
        found.time = stamp.and_then(|stamp| self.clock.place(stamp.civil)).map_or(Moment::None, Moment::At);
        found.level = app.level;
        if found.level == Level::Unknown {
            found.level = level::find(&line[at..], self.plan.habits.levels).unwrap_or_default();
        }
        if let Some(id) = correlation::trace_of(&line[at..]) {
            found.take_trace(0, id);
        }
        let level = found.level;
        self.pairs(&line, at, &mut found, TakesTime::No);
        if level != Level::Unknown && at > 0 {
            found.level = level;
        }
        found.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_stack_trace_go_on_with_the_line_before() {
        for part in [
            "\tat com.shop.Order.save(Order.java:42)",
            "at Object.<anonymous> (/srv/app.js:3:9)",
            "Caused by: java.net.ConnectException: refused",
            "java.lang.IllegalStateException: no connection",
            "... 23 more",
            "Traceback (most recent call last):",
            "  File \"/srv/app.py\", line 3, in <module>",
            "ValueError: bad",
            "goroutine 7 [chan receive, 12 minutes]:",
            "main.(*Server).handle(0xc000010000, 0x1)",
            "main.main()",
            "created by main.main in goroutine 1",
            "",
            "}",
        ] {
            assert!(continues(part.as_bytes()), "{part}");
        }
        for line in [
            "Error: no",
            "panic: runtime error: index out of range",
            "Server started (v2)",
            "INFO started",
            "{\"a\":1}",
            "connected to db.local (10.0.0.1)",
            "level=info msg=x",
            "2026-11-23 x",
        ] {
            assert!(!continues(line.as_bytes()), "{line}");
        }
    }
}
