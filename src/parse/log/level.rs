//! Levels as loggers write them: words, single letters, numbers.

use super::column::Column;
use crate::model::Level;

/// What a number means as a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// 10 trace … 60 fatal, as pino and bunyan count.
    Tens,
    /// 0 emergency … 7 debug.
    Syslog,
    /// 0 verbose … 4 critical, as Application Insights counts.
    Azure,
}

impl Numbers {
    /// The level of a number in this way of counting.
    pub fn level(self, number: i32) -> Level {
        match self {
            Self::Tens => match number {
                ..=0 => Level::Unknown,
                1..=10 => Level::Trace,
                11..=20 => Level::Debug,
                21..=30 => Level::Info,
                31..=40 => Level::Warn,
                41..=50 => Level::Error,
                _ => Level::Fatal,
            },
            Self::Syslog => match number {
                0..=2 => Level::Fatal,
                3 => Level::Error,
                4 => Level::Warn,
                5 | 6 => Level::Info,
                7 => Level::Debug,
                _ => Level::Unknown,
            },
            Self::Azure => match number {
                0 => Level::Trace,
                1 => Level::Info,
                2 => Level::Warn,
                3 => Level::Error,
                4 => Level::Fatal,
                _ => Level::Unknown,
            },
        }
    }
}

/// Level of an OpenTelemetry severity number, 1 … 24.
pub(super) fn otel(number: i32) -> Level {
    match number {
        1..=4 => Level::Trace,
        5..=8 => Level::Debug,
        9..=12 => Level::Info,
        13..=16 => Level::Warn,
        17..=20 => Level::Error,
        21..=24 => Level::Fatal,
        _ => Level::Unknown,
    }
}

/// Level of the HTTP status of a request that states none.
pub(super) fn of_status(status: u16) -> Level {
    match status {
        0 => Level::Unknown,
        500.. => Level::Error,
        400.. => Level::Warn,
        _ => Level::Info,
    }
}

/// The commonest words of [`of_field`].
#[inline]
pub(super) fn common(word: &[u8]) -> Option<Level> {
    match word {
        b"info" | b"INFO" => Some(Level::Info),
        b"error" | b"ERROR" => Some(Level::Error),
        b"warn" | b"WARN" => Some(Level::Warn),
        b"debug" | b"DEBUG" => Some(Level::Debug),
        _ => None,
    }
}

/// A word in a field that holds levels: `info`, `ERROR+2` (slog), `DEBUG1` (`PostgreSQL`), `W` (mongodb).
#[inline]
pub(super) fn of_field(word: &[u8]) -> Option<Level> {
    if let Some(level) = common(word) {
        return Some(level);
    }
    if let [letter] | [letter, b'1'..=b'5'] = word {
        return of_letter(*letter);
    }
    let stem = word.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(word.len());
    let level = Level::from_word(&word[..stem])?;
    match &word[stem..] {
        [] => Some(level),
        // slog: DEBUG-4 is four below debug.
        [b'-', ..] if level == Level::Debug => Some(Level::Trace),
        [b'+' | b'-' | b'0'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => Some(level),
        _ => None,
    }
}

/// One letter, as klog, mongodb and others write.
pub(super) fn of_letter(letter: u8) -> Option<Level> {
    Some(match letter.to_ascii_uppercase() {
        b'T' | b'V' => Level::Trace,
        b'D' => Level::Debug,
        b'I' | b'N' => Level::Info,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        b'F' | b'C' | b'A' | b'P' => Level::Fatal,
        _ => return None,
    })
}

/// How many words of a line may come before its level (a thread, a logger, a host).
const MAX_WORDS: usize = 3;
/// How far into a line a level is looked for, in bytes.
const MAX_BYTES: usize = 160;

/// How much a level says that the place where it stands is that of levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// `[http]`, `[info-1]`, `[I]`: as often the name of something else.
    Little,
    /// `[error]`, `warn:`.
    Some,
    /// `ERROR`, `[WARN ]`.
    Much,
}

/// A level in the first words after the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub level: Level,
    /// As it is written.
    word: &'a [u8],
    /// Position behind it and the sign that ends it.
    end: usize,
}

impl Told<'_> {
    /// What its writing tells of its place.
    pub fn weight(&self) -> Weight {
        weight_of(self.word)
    }
}

/// Looks for a level in the first words after the time: in brackets, before a colon, in capitals, or where the log has
/// its levels.
pub(super) fn find(rest: &[u8], column: Column) -> Option<Level> {
    find_and_look(rest, column).0
}

/// The same, and how many bytes decided it: what stands behind them could be anything.
pub(super) fn find_and_look(rest: &[u8], column: Column) -> (Option<Level>, usize) {
    match look(rest, column) {
        Some(told) => (Some(told.level), told.end),
        // A record that says less than its like has its level further ahead.
        None if column.n_before > 0 => {
            let told = look(rest, Column { n_before: 0, ..column }).filter(|told| told.weight() == Weight::Much);
            (told.map(|told| told.level), usize::MAX)
        }
        None => (None, usize::MAX),
    }
}

/// The first level in the place of levels or behind it.
pub(super) fn look(rest: &[u8], column: Column) -> Option<Told<'_>> {
    let rest = &rest[..rest.len().min(MAX_BYTES)];
    let (mut at, mut n_words, mut n_parts) = (0, 0, 0);
    while n_words < MAX_WORDS {
        at += separators(&rest[at..]);
        let first = rest.get(at)?;
        let close = match first {
            b'[' => b']',
            b'<' => b'>',
            b'(' => b')',
            _ => 0,
        };
        let is_there = n_parts >= column.n_before;
        n_parts += 1;
        if close != 0 {
            let end = rest[at..].iter().position(|byte| *byte == close).map_or(rest.len(), |len| at + len);
            if is_there && let Some((level, word)) = in_brackets(&rest[at + 1..end]) {
                return Some(Told { level, word, end: end + 1 });
            }
            at = end;
            continue;
        }
        let len = word_len(&rest[at..]);
        let word = &rest[at..at + len];
        if is_there && let Some((level, word)) = of_bare(word, n_words, Follows::of(&rest[at + len..], column)) {
            return Some(Told { level, word, end: at + len + 2 });
        }
        at += len;
        // A thread or process number is no word, nor is a pair.
        n_words += usize::from(!word.iter().all(u8::is_ascii_digit) && !word.contains(&b'='));
    }
    None
}

/// Length of what separates the parts of a line.
fn separators(text: &[u8]) -> usize {
    let is_separator = |byte: &u8| matches!(byte, b' ' | b'\t' | b':' | b'|' | b',' | b'-' | b']' | b')' | b'>');
    text.iter().take_while(|byte| is_separator(byte)).count()
}

/// Length of a word that may be a level.
fn word_len(text: &[u8]) -> usize {
    text.iter().take_while(|byte| !matches!(byte, b' ' | b'\t' | b':' | b'|' | b',')).count()
}

/// The text after the time without what separates them and without a level that stands first.
pub(super) fn strip(rest: &[u8], column: Column) -> &[u8] {
    &rest[strip_and_look(rest, column).0..]
}

/// How many bytes [`strip`] takes away, and how many decided it.
pub(super) fn strip_and_look(rest: &[u8], column: Column) -> (usize, usize) {
    let start = separators(rest);
    if column.n_before > 0 {
        return (start, start + 1);
    }
    let text = &rest[start..];
    let close = match text.first() {
        Some(b'[') => b']',
        Some(b'<') => b'>',
        _ => {
            let end = word_len(text);
            let is_level = of_bare(&text[..end], 0, Follows::of(&text[end..], column)).is_some();
            return if is_level {
                (start + end + separators(&text[end..]), start + end + separators(&text[end..]) + 2)
            } else {
                (start, start + end + 2)
            };
        }
    };
    let Some(end) = text.iter().position(|byte| *byte == close) else { return (start, usize::MAX) };
    if in_brackets(&text[1..end]).is_none() {
        return (start, start + end + 1);
    }
    let end = start + end + 1;
    let end = end + separators(&rest[end..]);
    (end, end + 1)
}

/// `[INFO ]`, `[E]`, `[core:error]`.
fn in_brackets(inner: &[u8]) -> Option<(Level, &[u8])> {
    let word = inner.rsplit(|byte| *byte == b':').next().unwrap_or(inner).trim_ascii();
    Some((of_field(word)?, word))
}

/// What the writing of a level tells of its place.
fn weight_of(word: &[u8]) -> Weight {
    let is_plain = || PLAIN.iter().any(|plain| word.eq_ignore_ascii_case(plain));
    match word {
        _ if word.len() < 3 || is_plain() => Weight::Little,
        _ if word.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) => Weight::Much,
        _ if word.iter().all(u8::is_ascii_alphabetic) => Weight::Some,
        _ => Weight::Little,
    }
}

/// What stands behind a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    Colon,
    /// A sign that parts columns; any, where the log is known to write its levels bare.
    Column,
    /// A blank, or anything else that stands in sentences too.
    Blank,
}

impl Follows {
    fn of(rest: &[u8], column: Column) -> Self {
        match rest {
            [b':', ..] => Self::Colon,
            [b'\t' | b'|', ..] | [b' ', b' ' | b'|', ..] => Self::Column,
            _ if column.is_bare => Self::Column,
            _ => Self::Blank,
        }
    }
}

/// Levels of some loggers, but words of any message.
const PLAIN: [&[u8]; 9] = [b"log", b"http", b"normal", b"config", b"fine", b"failure", b"alert", b"success", b"fail"];

/// A word that stands alone: capitals are a level, small letters only where nothing else is meant.
fn of_bare(word: &[u8], n_before: usize, follows: Follows) -> Option<(Level, &[u8])> {
    if word.len() < 3 || !word.first()?.is_ascii_alphabetic() {
        return None;
    }
    // `10:00:01 INF]`, as Serilog writes, and `INFO/MainProcess]`, as Celery does.
    let (word, follows) = match word.strip_suffix(b"]") {
        Some(inner) => (inner.split(|byte| *byte == b'/').next().unwrap_or(inner), Follows::Column),
        None => (word, follows),
    };
    let has_colon = follows == Follows::Colon;
    // `channel.ERROR:`, as Monolog and Laravel write.
    let word = match word.iter().rposition(|byte| *byte == b'.') {
        Some(dot) if has_colon && n_before == 0 && word.len() > dot + 3 && word[dot + 1..].iter().all(u8::is_ascii_uppercase) => {
            &word[dot + 1..]
        }
        _ => word,
    };
    if word.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return Some((of_field(word)?, word));
    }
    if n_before > 1 || (n_before == 1 && !has_colon) || follows == Follows::Blank || !word.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    of_field(word).filter(|_| weight_of(word) > Weight::Little).map(|level| (level, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_found_where_loggers_put_it() {
        for (rest, level) in [
            (" [INFO] request", Some(Level::Info)),
            (" [6882] LOG:  service started", Some(Level::Info)),
            (" [6882] FATAL:  sorry", Some(Level::Fatal)),
            (":DEBUG:foo bar", Some(Level::Debug)),
            (" INFO [main ] Logger", Some(Level::Info)),
            (" [http-nio-8080 exec 1] ERROR com.foo.Bar - x", Some(Level::Error)),
            (" - app.db - WARNING - slow", Some(Level::Warn)),
            ("  INFO 1 --- [main] c.f.Bar", Some(Level::Info)),
            ("] [core:error] [pid 1] x", Some(Level::Error)),
            (" [error] 12#0: *1 connect() failed", Some(Level::Error)),
            ("\tWARN\tmain.go:57\tretrying", Some(Level::Warn)),
            (" myhost mail[8554]: <alert> High CPU", Some(Level::Fatal)),
            (" error: no route", Some(Level::Error)),
            ("] production.CRITICAL: lost", Some(Level::Fatal)),
            (" shop.example: lost", None),
            (" user asked for a DEBUG build", None),
            (" INF] Now listening", Some(Level::Info)),
            (": ERROR/ForkPoolWorker-1] Task raised", Some(Level::Error)),
            (" pid=1 tid=gq8 class=OrderJob jid=b4a INFO: start", Some(Level::Info)),
            (" | SUCCESS  | app:go", Some(Level::Info)),
            (" success: 3 of 4", None),
            (" config loaded", None),
            (" connection lost to HOST", None),
            ("", None),
        ] {
            assert_eq!(find(rest.as_bytes(), Column::default()), level, "{rest}");
        }
    }

    #[test]
    fn a_field_of_levels_is_read_in_every_dialect() {
        for (word, level) in [
            ("ERROR+2", Level::Error),
            ("DEBUG-4", Level::Trace),
            ("INFO", Level::Info),
            ("W", Level::Warn),
            ("D2", Level::Debug),
            ("DEBUG1", Level::Debug),
            ("Warning", Level::Warn),
        ] {
            assert_eq!(of_field(word.as_bytes()), Some(level), "{word}");
        }
        assert_eq!(of_field(b"ready"), None);
        assert_eq!(Numbers::Tens.level(50), Level::Error);
        assert_eq!(Numbers::Syslog.level(3), Level::Error);
    }
}
