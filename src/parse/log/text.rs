//! Text with a time at its start, in brackets, behind a priority or behind a prefix; klog and syslog among them.

use memchr::memchr;

use super::column::Column;
use super::found::{Found, Moment, status};
use super::level;
use super::line::Reader;
use super::sink::TakesTime;
use super::{correlation, structured, wrapped};
use crate::model::Level;
use crate::parse::timestamp::{self, EpochUnit, Missing, Stamp, epoch_ns};

/// How far into a line a late time is looked for.
const MAX_LATE_BYTES: usize = 160;

/// Where the time of a text line stands, and what is said before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Head {
    pub stamp: At,
    /// Position after the time.
    pub rest: usize,
    /// Position where the time begins.
    pub start: usize,
    pub shape: Shape,
}

/// The time itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum At {
    /// As written.
    Civil(Stamp),
    /// Nanoseconds since the epoch.
    Epoch(Option<i64>),
    /// Nanoseconds since a start that the text does not tell.
    Since(i64),
}

/// What surrounds the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing or a bracket.
    Plain,
    /// Letter of klog.
    Klog(Level),
    /// `<PRI>` of syslog on the wire.
    Priority(u16),
    /// `<PRI>1 `, RFC 5424.
    Priority5424(u16),
    /// Other text.
    Late,
}

/// Finds the time of a text line. `reader` only remembers; `None` for a line without a time where it may stand.
pub(super) fn head(reader: &mut Reader, line: &[u8]) -> Option<Head> {
    let habits = &reader.plan.habits;
    let (is_dateless, epoch, has_late_time) = (habits.is_dateless, habits.epoch_at_start, habits.has_late_time);
    let (mut at, mut shape) = (0, Shape::Plain);
    if let Some((priority, after)) = priority(line) {
        (at, shape) = (after, Shape::Priority(priority));
        if line[at..].starts_with(b"1 ") {
            (at, shape) = (at + 2, Shape::Priority5424(priority));
        }
    }
    if matches!(line.get(at), Some(b'[' | b'(')) {
        at += 1;
    }
    let text = line.get(at..)?;
    let first = *text.first()?;
    if let Some(level) = klog_letter(first).filter(|_| text.get(1).is_some_and(u8::is_ascii_digit))
        && let Some(stamp) = timestamp::read_klog(&text[1..])
    {
        return Some(Head { stamp: At::Civil(stamp), rest: at + 1 + stamp.len, start: at, shape: Shape::Klog(level) });
    }
    if let Some(stamp) = reader.clock.read(text)
        && (stamp.civil.missing != Missing::Date || is_dateless)
    {
        let rest = at + stamp.len;
        return Some(Head { stamp: At::Civil(stamp), rest: rest + cri_len(&line[rest..]), start: at, shape });
    }
    if habits.has_minutes
        && let Some(stamp) = timestamp::read_minutes(text)
    {
        return Some(Head { stamp: At::Civil(stamp), rest: at + stamp.len, start: at, shape });
    }
    if looks_dated(text) {
        return Some(Head { stamp: At::Epoch(None), rest: at + DATED.len(), start: at, shape });
    }
    if first == b'@'
        && let Some(stamp) = tai64n(text)
    {
        return Some(Head { stamp, rest: at + 25, start: at, shape });
    }
    if let (Some(unit), true) = (epoch, first.is_ascii_digit()) {
        let len = text.iter().position(|byte| matches!(byte, b' ' | b'\t' | b']' | b',' | b':' | b'|')).unwrap_or(text.len());
        if EpochUnit::of(&text[..len]) == Some(unit) {
            return Some(Head { stamp: At::Epoch(epoch_ns(&text[..len], unit)), rest: at + len, start: at, shape });
        }
    }
    if reader.plan.habits.is_relative
        && let Some(head) = relative(line)
    {
        return Some(head);
    }
    if has_late_time { late(line) } else { None }
}

/// What a severity as `PostgreSQL` writes it says of its line: `[4001] app@shop DETAIL:  …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// It begins a report.
    Report,
    /// It goes on with the report before it.
    Detail,
}

/// The severity before the first colon with two blanks, which no other program writes.
pub(super) fn severity(line: &[u8]) -> Option<Severity> {
    const MAX_PREFIX_BYTES: usize = 300;
    let colon = memchr::memmem::find(&line[..line.len().min(MAX_PREFIX_BYTES)], b":  ")?;
    let start = line[..colon].iter().rposition(|byte| !byte.is_ascii_uppercase() && !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    match &line[start..colon] {
        b"DETAIL" | b"HINT" | b"STATEMENT" | b"CONTEXT" | b"QUERY" | b"LOCATION" | b"BACKTRACE" => Some(Severity::Detail),
        b"LOG" | b"ERROR" | b"FATAL" | b"PANIC" | b"WARNING" | b"NOTICE" | b"INFO" => Some(Severity::Report),
        level if level.starts_with(b"DEBUG") && level.len() <= 6 => Some(Severity::Report),
        _ => None,
    }
}

/// Shape of the commonest times, `0` for any digit.
const DATED: &[u8] = b"0000-00-00T00:00:00";

/// Whether a text begins with what can only be meant as a time, even if there is no such day or hour.
fn looks_dated(text: &[u8]) -> bool {
    let is_alike = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b' '),
        _ => byte == shape,
    };
    text.len() >= DATED.len() && text.iter().zip(DATED).all(is_alike)
}

/// ` stdout F`
pub(super) const CRI_BYTES: usize = 9;

/// Length of ` stdout F`, the stream and the tag that a container runtime writes between its time and the line.
pub(super) fn cri_len(rest: &[u8]) -> usize {
    let is_cri = matches!(rest, [b' ', b's', b't', b'd', b'o', b'u', b't', b' ', b'F' | b'P', b' ', ..])
        || matches!(rest, [b' ', b's', b't', b'd', b'e', b'r', b'r', b' ', b'F' | b'P', b' ', ..]);
    if is_cri { CRI_BYTES } else { 0 }
}

/// Where another line's time, stream and tag stand inside a line, as when two writers were not kept apart.
fn fused(rest: &[u8]) -> Option<usize> {
    /// Lengths of the times that runtimes write.
    const LENGTHS: std::ops::RangeInclusive<usize> = 20..=35;
    let tags = memchr::memmem::find_iter(rest, b" std").filter(|at| cri_len(&rest[*at..]) > 0);
    tags.filter_map(|at| {
        let starts = LENGTHS.filter_map(|len| at.checked_sub(len));
        starts.into_iter().find(|start| timestamp::read(&rest[*start..at]).is_some_and(|stamp| start + stamp.len == at))
    })
    .find(|start| *start > 0)
}

/// Times since a start: `[   12.345678]` of the kernel, `[12.345s]` of the JVM, `INFO[0012]` of logrus, `gc 7 @8.989s`, `SCHED 1009ms:`.
pub(super) fn relative(line: &[u8]) -> Option<Head> {
    /// Longer than any machine runs; larger numbers are epochs.
    const MAX_SECS: i64 = 100_000_000;
    let digits =
        |at: usize| line.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count());
    let seconds = |at: usize, len: usize, scale: i64| {
        let text = std::str::from_utf8(&line[at..at + len]).ok()?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole: i64 = whole.parse().ok().filter(|whole| *whole < MAX_SECS)?;
        let nanos: i64 = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").get(..9)?.parse().ok()? };
        Some((whole * 1_000_000_000 + nanos) / scale)
    };
    let head = |ns: i64, start: usize, rest: usize, shape: Shape| Some(Head { stamp: At::Since(ns), rest, start, shape });
    if line.first() == Some(&b'[') {
        let start = 1 + line[1..].iter().take_while(|byte| **byte == b' ').count();
        let len = digits(start);
        let is_fraction = line[start..start + len].contains(&b'.');
        // The JVM writes `[12.345s]`.
        let n_unit = usize::from(line.get(start + len) == Some(&b's'));
        return if is_fraction && line.get(start + len + n_unit) == Some(&b']') {
            head(seconds(start, len, 1)?, start, start + len + n_unit + 1, Shape::Plain)
        } else {
            None
        };
    }
    if line.get(4) == Some(&b'[') && line.get(9) == Some(&b']') && digits(5) == 4 {
        let level = match &line[..4] {
            b"TRAC" => Level::Trace,
            b"DEBU" => Level::Debug,
            b"INFO" => Level::Info,
            b"WARN" => Level::Warn,
            b"ERRO" => Level::Error,
            b"FATA" | b"PANI" => Level::Fatal,
            _ => return None,
        };
        return head(seconds(5, 4, 1)?, 5, 10, Shape::Klog(level));
    }
    if let Some(rest) = line.strip_prefix(b"gc ") {
        let at = 3 + rest.iter().take(12).position(|byte| *byte == b'@')? + 1;
        let len = digits(at);
        return if line.get(at + len) == Some(&b's') { head(seconds(at, len, 1)?, at, at + len + 1, Shape::Plain) } else { None };
    }
    if line.starts_with(b"SCHED ") {
        let len = digits(6);
        return if line[6 + len..].starts_with(b"ms:") { head(seconds(6, len, 1000)?, 6, 6 + len + 3, Shape::Plain) } else { None };
    }
    None
}

/// The first full time behind other text.
pub(super) fn late(line: &[u8]) -> Option<Head> {
    if line.first() == Some(&b'#') {
        return None;
    }
    let end = line.len().min(MAX_LATE_BYTES);
    (1..end).filter(|at| matches!(line[at - 1], b' ' | b'[' | b'(' | b'|' | b'\t') && line[*at].is_ascii_alphanumeric()).find_map(|at| {
        let stamp = timestamp::read(&line[at..]).filter(|stamp| stamp.civil.missing == Missing::Nothing)?;
        Some(Head { stamp: At::Civil(stamp), rest: at + stamp.len, start: at, shape: Shape::Late })
    })
}

/// Reads a text line; whether it begins a record.
pub(super) fn read<'a>(reader: &mut Reader, line: &'a [u8], found: &mut Found<'a>) -> bool {
    let Some(head) = head(reader, line) else { return false };
    if reader.plan.habits.has_details && severity(line.get(head.rest..).unwrap_or_default()) == Some(Severity::Detail) {
        return false;
    }
    let moment = match head.stamp {
        At::Civil(stamp) => reader.clock.place(stamp.civil),
        At::Epoch(ns) => ns,
        At::Since(ns) => reader.clock.since(ns),
    };
    let mut head = head;
    if reader.plan.habits.is_stamped && head.shape == Shape::Plain {
        let inner = wrapped::runtime_text(line, head.rest);
        if wrapped::continues(&line[inner..]) {
            return false;
        }
        let app = wrapped::app_stamp(reader, &line[inner..]);
        found.level = app.level;
        // An object is known by the blank before it.
        head.rest = if app.len == 0 { inner.saturating_sub(1).max(head.rest) } else { inner + app.len };
    }
    found.time = moment.map_or(Moment::Bad, Moment::At);
    let rest = line.get(head.rest..).unwrap_or_default();
    if cri_len(&line[head.rest.saturating_sub(CRI_BYTES)..]) > 0 {
        found.rest = fused(rest).map(|start| &rest[start..]);
    }
    let mut said = rest;
    match head.shape {
        Shape::Klog(level) => {
            found.level = level;
            // Thread and place in the source stand before the bracket.
            said = memchr(b']', rest).map_or(rest, |end| &rest[end + 1..]);
        }
        Shape::Priority(priority) => {
            found.level = level::Numbers::Syslog.level(i32::from(priority % 8));
            said = syslog_tag(rest, found);
        }
        Shape::Priority5424(priority) => {
            found.level = level::Numbers::Syslog.level(i32::from(priority % 8));
            if let Some(app) = rest.trim_ascii_start().split(|byte| *byte == b' ').nth(1).filter(|app| *app != b"-") {
                found.take_prefix(app);
            }
            said = &rest[structured::message_start(rest)..];
        }
        Shape::Late => prefix(&line[..head.start], found),
        Shape::Plain => {
            // With a full date only `tag[pid]:` tells that a host and a tag follow.
            let is_syslog = matches!(head.stamp, At::Civil(stamp) if stamp.civil.missing == Missing::Year);
            if is_syslog || reader.openings.of(rest).has_tag {
                said = syslog_tag(rest, found);
                found.is_syslog = said.len() < rest.len();
            }
        }
    }
    if found.level == Level::Unknown
        && let Some(level) =
            reader.openings.of(rest).level.or_else(|| if found.is_syslog { level::find(said, reader.plan.habits.levels) } else { None })
    {
        found.level = level;
    }
    if reader.plan.habits.has_correlation
        && let Some(id) = correlation::trace_of(rest)
    {
        found.take_trace(0, id);
    }
    let end = roles(reader, line, head.rest, found);
    // The message is what follows the time (and host and tag), without its level and the object at its end.
    let n_object = rest.len() - (end - head.rest).min(rest.len());
    let is_whole = n_object == 0 && said.len() == rest.len();
    let message = &said[..said.len().saturating_sub(n_object)];
    found.say(if is_whole { &message[reader.openings.of(rest).message..] } else { level::strip(message, reader.plan.habits.levels) });
    true
}

/// Where the text of the program begins: behind the time of a runtime stands its own.
pub(super) fn program_text(reader: &mut Reader, line: &[u8], head: &Head) -> usize {
    if !wrapped::is_runtime_stamp(line, head) {
        return head.rest;
    }
    let inner = wrapped::runtime_text(line, head.rest);
    inner + wrapped::app_stamp(reader, &line[inner..]).len
}

/// What the first words after the time tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    level: Option<Level>,
    /// Where the message begins, behind the level.
    message: usize,
    /// Whether a host and a tag stand there.
    has_tag: bool,
}

/// How texts began so far: most lines of a log begin like one before.
#[derive(Debug)]
pub(super) struct Openings {
    known: [(u128, Opening); N_OPENINGS],
    column: Column,
}

/// Openings that are remembered.
const N_OPENINGS: usize = 16;

impl Openings {
    /// Nothing is known yet but where levels stand.
    pub fn new(column: Column) -> Self {
        // Sixteen zeros tell nothing.
        Self { known: [(0, Opening { level: None, message: 16, has_tag: false }); N_OPENINGS], column }
    }

    /// What is said at the beginning of `rest`.
    #[inline]
    fn of(&mut self, rest: &[u8]) -> Opening {
        let Some(head) = rest.first_chunk::<16>().map(|head| u128::from_le_bytes(*head)) else { return Opening::of(rest, self.column).0 };
        let place = (head as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
        let (known, opening) = self.known[place as usize % N_OPENINGS];
        if known == head && head != 0 {
            return opening;
        }
        let (opening, n_looked) = Opening::of(rest, self.column);
        if n_looked <= 16 {
            self.known[place as usize % N_OPENINGS] = (head, opening);
        }
        opening
    }
}

impl Opening {
    /// What a text tells, and how many of its bytes decided it.
    fn of(rest: &[u8], column: Column) -> (Self, usize) {
        let (level, for_level) = level::find_and_look(rest, column);
        let (message, for_message) = level::strip_and_look(rest, column);
        let mut words = rest.splitn(4, |byte| *byte == b' ');
        let (before, tag) = (words.next().map_or(0, <[u8]>::len) + words.next().map_or(0, <[u8]>::len) + 2, words.next());
        let for_tag = before + tag.map_or(0, <[u8]>::len) + 1;
        (Self { level, message, has_tag: tag.is_some_and(is_tag) }, for_level.max(for_message).max(for_tag))
    }
}

/// Takes the roles that stand in the text after the time: pairs, an object at the end, an HTTP status. Gives the end of the text.
fn roles<'a>(reader: &mut Reader, line: &'a [u8], at: usize, found: &mut Found<'a>) -> usize {
    let level = found.level;
    let object = if line.last() == Some(&b'}') { object_start(line, at) } else { None };
    if reader.has_pairs {
        reader.pairs(&line[..object.unwrap_or(line.len())], at, found, TakesTime::No);
    }
    if let Some(object) = object {
        // An object that does not parse is text.
        let _ = reader.object(line, object, found, TakesTime::No);
    }
    if level != Level::Unknown {
        found.level = level;
    }
    if let Some(sentence) = reader.plan.habits.spoken
        && found.latency.is_nan()
    {
        found.latency = sentence.read(&line[at..]).unwrap_or(f32::NAN);
        if found.status == 0 && !found.latency.is_nan() {
            found.status = sentence.status(&line[at..]).unwrap_or(0);
        }
    }
    if reader.plan.habits.has_http_status && found.status == 0 {
        found.status = http_status(&line[at..]).unwrap_or(0);
        if found.level == Level::Unknown {
            found.level = level::of_status(found.status);
        }
    }
    object.unwrap_or(line.len()).max(at)
}

/// Where an object begins that ends the line: `{"` after a space or tab.
pub(super) fn object_start(line: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(b'{', line.get(at..)?)?;
        if at > from && matches!(line[at - 1], b' ' | b'\t') && matches!(line.get(at + 1), Some(b'"')) {
            return Some(at);
        }
        at += 1;
    }
}

/// `<PRI>` and the position after it.
fn priority(line: &[u8]) -> Option<(u16, usize)> {
    let [b'<', rest @ ..] = line else { return None };
    let n = rest.iter().take(4).position(|byte| *byte == b'>').filter(|n| *n > 0)?;
    let value = std::str::from_utf8(&rest[..n]).ok()?.parse().ok()?;
    (value < 192).then_some((value, n + 2))
}

fn klog_letter(letter: u8) -> Option<Level> {
    matches!(letter, b'I' | b'W' | b'E' | b'F' | b'D' | b'C').then(|| level::of_letter(letter)).flatten()
}

/// `@` and 24 hexadecimal digits: TAI64N as daemontools writes it, ten seconds ahead of UTC by its convention.
fn tai64n(text: &[u8]) -> Option<At> {
    let hex = text.get(1..25).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))?;
    let hex = std::str::from_utf8(hex).ok()?;
    let secs = u64::from_str_radix(&hex[..16], 16).ok()?;
    let nanos = u32::from_str_radix(&hex[16..], 16).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    let secs = i64::try_from(secs.checked_sub(1 << 62)?).ok()? - 10;
    Some(At::Epoch(timestamp::to_ns(secs, nanos)))
}

/// `tag[pid]:`, or the kernel, which has no number: tells behind a full date that a host stands before it.
fn is_tag(word: &[u8]) -> bool {
    (word.ends_with(b"]:") && !word.starts_with(b"[")) || word == b"kernel:"
}

/// Host, tag, process and the position of the message of a syslog line whose time ends at `at`.
pub(super) struct SyslogParts<'a> {
    pub host: &'a [u8],
    pub pid: Option<&'a [u8]>,
    pub message: usize,
}

/// Takes ` host tag[pid]: message` apart, where [`read`] takes the tag for the service.
pub(super) fn syslog_parts<'a>(head: &Head, line: &'a [u8]) -> Option<SyslogParts<'a>> {
    let rest = line.get(head.rest..)?;
    let mut words = rest.strip_prefix(b" ").unwrap_or(rest).splitn(3, |byte| *byte == b' ');
    let (host, tag) = (words.next()?, words.next()?);
    let is_yearless = matches!(head.stamp, At::Civil(stamp) if stamp.civil.missing == Missing::Year) && head.shape == Shape::Plain;
    let name = tag.strip_suffix(b":")?;
    let is_syslog = is_yearless || is_tag(tag) || matches!(head.shape, Shape::Priority(_));
    if !is_syslog || host.is_empty() || level::of_field(name).is_some() || host.ends_with(b":") {
        return None;
    }
    let pid = memchr(b'[', name).and_then(|open| name[open + 1..].strip_suffix(b"]"));
    let lead = usize::from(rest.starts_with(b" "));
    let message = head.rest + lead + host.len() + 1 + tag.len();
    Some(SyslogParts { host, pid, message })
}

/// ` host tag[pid]: …`: the tag is the service. Gives what follows the tag, or everything where there is none.
fn syslog_tag<'a>(rest: &'a [u8], found: &mut Found<'a>) -> &'a [u8] {
    let mut words = rest.trim_ascii_start().splitn(3, |byte| *byte == b' ');
    let (Some(_host), Some(tag)) = (words.next(), words.next()) else { return rest };
    let Some(tag) = tag.strip_suffix(b":") else { return rest };
    let name = &tag[..memchr(b'[', tag).unwrap_or(tag.len())];
    if !name.is_empty() && level::of_field(name).is_none() {
        found.take_prefix(name);
    }
    words.next().unwrap_or_default()
}

/// `shop: ` or `ERROR: ` before the time: a service or a level.
fn prefix<'a>(before: &'a [u8], found: &mut Found<'a>) {
    let word = before.trim_ascii();
    let Some(word) = word.strip_suffix(b":") else {
        // `pod container`, as stern writes; `INFO  [main]`, `[ERROR]`.
        if let Some((_, container)) = super::line::pod_and_container(word) {
            found.take_prefix(container);
        } else if let Some(level) = level::find(word, Column { is_bare: true, ..Column::default() }) {
            found.level = level;
        }
        return;
    };
    if let Some(level) = level::of_field(word) {
        found.level = level;
    } else if !word.is_empty() && word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        found.take_prefix(word);
    }
}

/// `HTTP/1.1" 200`, `(HTTP/1.1 200)`.
pub(super) fn http_status(rest: &[u8]) -> Option<u16> {
    let mut at = 0;
    loop {
        at += memchr(b'H', rest.get(at..)?)?;
        if let Some(after) = rest[at..].strip_prefix(b"HTTP/") {
            let skip = after.iter().position(|byte| !(byte.is_ascii_digit() || *byte == b'.'))?;
            let after = after[skip..].strip_prefix(b"\"").unwrap_or(&after[skip..]);
            let after = after.strip_prefix(b" ")?;
            let ends = !after.get(3).is_some_and(u8::is_ascii_alphanumeric);
            return status(after.get(..3)?).filter(|_| ends);
        }
        at += 1;
    }
}
