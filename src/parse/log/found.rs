//! The roles found in one line: for each role the value of the best key, of equal keys the last.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use std::borrow::Cow;

use super::clock::Clock;
use super::level;
use super::roles::{Binding, Role};
use super::{Habits, Layout};
use crate::model::Level;
use crate::model::catalog::ProblemKind;
use crate::parse::bytes;
use crate::parse::timestamp::EpochUnit;
use crate::parse::trace_hash;

/// What a line says about its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Moment {
    /// Nothing.
    #[default]
    None,
    /// Something that cannot be read or told.
    Bad,
    /// Nanoseconds since the epoch.
    At(i64),
}

/// Roles of one record. Ranks are those of the keys that gave the values, 255 for none.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    pub time: Moment,
    pub level: Level,
    pub service: Option<Cow<'a, [u8]>>,
    pub status: u16,
    /// Seconds, NaN for none.
    pub latency: f32,
    pub problem: Option<(ProblemKind, &'static str)>,
    pub is_fallback: bool,
    /// The layout that the line was read in.
    pub layout: Layout,
    /// Whether host and tag of syslog stand before the message, with no priority.
    pub is_syslog: bool,
    /// Another record that begins in the same line, as when two writers were not kept apart.
    pub rest: Option<&'a [u8]>,
    /// Nanoseconds that stand beside a time in whole seconds.
    pub nanos: u32,
    /// What it says; `None` where no key says it.
    pub message: Option<Said<'a>>,
    /// Stands for the trace id, 0 for none.
    pub trace: u32,
    ranks: [u8; 7],
}

/// The message of a record.
#[derive(Debug, Clone)]
pub(super) struct Said<'a> {
    pub text: Cow<'a, [u8]>,
    pub spelling: Spelling,
}

/// How a message stands in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    Plain,
    /// As a JSON string, with escapes.
    Escaped,
}

impl Default for Found<'_> {
    fn default() -> Self {
        Self {
            time: Moment::None,
            level: Level::Unknown,
            service: None,
            status: 0,
            latency: f32::NAN,
            problem: None,
            is_fallback: false,
            layout: Layout::Text,
            is_syslog: false,
            rest: None,
            nanos: 0,
            message: None,
            trace: 0,
            ranks: [u8::MAX; 7],
        }
    }
}

impl<'a> Found<'a> {
    /// Takes a value that does not live in the line for the role of its key, if no better key has given one.
    pub fn take_owned(&mut self, binding: Binding, text: &str, clock: &mut Clock, habits: &Habits) {
        let Binding { role, rank, .. } = binding;
        let owned = || Cow::Owned(text.as_bytes().to_vec());
        let text = text.as_bytes();
        match role {
            Role::Service => self.take_service(rank, owned()),
            Role::Message => self.take_message(rank, owned(), Spelling::Plain),
            Role::Time => self.take_time(binding, text, clock),
            Role::Level | Role::SyslogLevel | Role::OtelLevel => self.take_level(binding, text, habits),
            Role::Status => self.take_status(rank, text),
            Role::Latency => self.take_latency(binding, text),
            Role::Nanos => self.take_nanos(text),
            Role::Trace => self.take_trace(rank, text),
        }
    }

    /// The same without a borrow of its line.
    pub fn into_owned<'b>(self) -> Found<'b> {
        let message = self.message.map(|said| Said { text: Cow::Owned(said.text.into_owned()), ..said });
        Found { service: self.service.map(|service| Cow::Owned(service.into_owned())), message, rest: None, ..self }
    }

    /// Takes a service that stands outside of keys (a prefix, a tag); a key wins over it.
    pub fn take_prefix(&mut self, service: &'a [u8]) {
        self.take_service(u8::MAX - 1, Cow::Borrowed(service));
    }

    /// Takes a service that a format gives to all of its records.
    pub fn take_constant(&mut self, service: &[u8]) {
        self.take_service(u8::MAX, Cow::Owned(service.to_vec()));
    }

    /// Takes over what a line inside of this one says; it knows more than what is around it.
    pub fn take_inner(&mut self, inner: Found<'_>) {
        if inner.level != Level::Unknown {
            self.level = inner.level;
        }
        if self.time == Moment::None {
            self.time = inner.time;
        }
        if inner.status != 0 {
            self.status = inner.status;
        }
        if inner.trace != 0 {
            self.trace = inner.trace;
        }
        if !inner.latency.is_nan() {
            self.latency = inner.latency;
        }
        if let Some(service) = inner.service {
            self.service = Some(Cow::Owned(service.into_owned()));
        }
    }

    /// Takes a service.
    #[inline]
    pub fn take_service(&mut self, rank: u8, service: Cow<'a, [u8]>) {
        if rank <= self.ranks[1] && !service.is_empty() && service.as_ref() != b"null" {
            self.ranks[1] = rank;
            self.service = Some(service);
        }
    }

    /// Takes a message.
    #[inline]
    pub fn take_message(&mut self, rank: u8, text: Cow<'a, [u8]>, spelling: Spelling) {
        if rank <= self.ranks[5] && !text.is_empty() {
            self.ranks[5] = rank;
            self.message = Some(Said { text, spelling });
        }
    }

    /// Takes a trace id. Never inlined: in the loop over keys its hash would take the registers of all other roles.
    #[inline(never)]
    pub fn take_trace(&mut self, rank: u8, id: &[u8]) {
        let id = bare_trace(id);
        if rank <= self.ranks[6] && !id.is_empty() && id != b"null" {
            (self.trace, self.ranks[6]) = (trace_hash(id), rank);
        }
    }

    /// Takes the message of a line whose layout says where it stands.
    pub fn say(&mut self, text: &'a [u8]) {
        self.message = Some(Said { text: Cow::Borrowed(text), spelling: Spelling::Plain });
    }

    /// Takes a message that was put together from parts of its record.
    pub fn put_together(&mut self, text: Vec<u8>) {
        self.message = Some(Said { text: Cow::Owned(text), spelling: Spelling::Plain });
    }

    /// The message is a template: what stands in the line is not what is read.
    pub fn forget_place(&mut self) {
        if let Some(said) = self.message.as_mut().filter(|said| said.text.contains(&b'{')) {
            said.text = Cow::Owned(said.text.to_vec());
        }
    }

    /// Takes a level.
    #[inline]
    pub fn take_level(&mut self, Binding { role, rank, .. }: Binding, text: &[u8], habits: &Habits) {
        // A stated word is better than a number beside it.
        let rank = if role == Role::Level { rank } else { 200 };
        let common = if role == Role::Level { level::common(text) } else { None };
        if rank <= self.ranks[0]
            && let Some(level) = common.or_else(|| level_of(role, text, habits))
        {
            (self.level, self.ranks[0]) = (level, rank);
        }
    }

    /// Takes a status.
    #[inline]
    pub fn take_status(&mut self, rank: u8, text: &[u8]) {
        if rank <= self.ranks[2]
            && let Some(status) = status(text)
        {
            (self.status, self.ranks[2]) = (status, rank);
        }
    }

    /// Takes a latency.
    #[inline]
    pub fn take_latency(&mut self, Binding { rank, unit, .. }: Binding, text: &[u8]) {
        if rank <= self.ranks[3]
            && let Some(seconds) = seconds(text, unit)
        {
            (self.latency, self.ranks[3]) = (seconds, rank);
        }
    }

    /// Takes the nanoseconds beside a time.
    pub fn take_nanos(&mut self, text: &[u8]) {
        self.nanos = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    }

    /// Adds nanoseconds that a key of their own gave.
    #[inline]
    pub fn add_nanos(&mut self) {
        if self.nanos > 0
            && self.nanos < 1_000_000_000
            && let Moment::At(ns) = self.time
            && ns % 1_000_000_000 == 0
        {
            self.time = Moment::At(ns.saturating_add(i64::from(self.nanos)));
        }
    }

    /// Takes a time.
    #[inline]
    pub fn take_time(&mut self, Binding { rank, unit, .. }: Binding, text: &[u8], clock: &mut Clock) {
        if rank > self.ranks[4] || text.is_empty() || text == b"null" {
            return;
        }
        match clock.value(text, unit) {
            Some(ns) => (self.time, self.ranks[4]) = (Moment::At(ns), rank),
            None if self.time == Moment::None => self.time = Moment::Bad,
            None => {}
        }
    }
}

/// The id itself in `projects/shop/traces/4bf92f35…`, as Google Cloud names a trace.
pub(super) fn bare_trace(id: &[u8]) -> &[u8] {
    const BEFORE: &[u8] = b"/traces/";
    match id.starts_with(b"projects/") {
        true => memchr::memmem::rfind(id, BEFORE).map_or(id, |at| &id[at + BEFORE.len()..]),
        false => id,
    }
}

#[inline(never)]
fn level_of(role: Role, text: &[u8], habits: &Habits) -> Option<Level> {
    if !text.first()?.is_ascii_digit() {
        // The names of the numbers, as protobuf writes them.
        return level::of_field(text.strip_prefix(b"SEVERITY_NUMBER_").unwrap_or(text));
    }
    let number = std::str::from_utf8(text).ok()?.parse().ok()?;
    match role {
        Role::SyslogLevel => Some(level::Numbers::Syslog.level(number)),
        Role::OtelLevel => Some(level::otel(number)),
        _ => habits.numeric_levels.map(|numbers| numbers.level(number)),
    }
}

/// A status of three digits.
pub(super) fn status(text: &[u8]) -> Option<u16> {
    match text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

/// A duration in seconds: a number in `unit`, or Go duration text such as `1m2.5s` or `1.39ms`.
#[inline(always)]
pub(super) fn seconds(text: &[u8], unit: Option<EpochUnit>) -> Option<f32> {
    if let Some(unit) = unit
        && let Some((digits, n_decimals)) = bytes::decimal(text)
    {
        return Some((few_digits(digits, n_decimals) * scale(unit)) as f32);
    }
    any_seconds(text, unit)
}

#[inline(never)]
fn any_seconds(text: &[u8], unit: Option<EpochUnit>) -> Option<f32> {
    let is_number = text.last()?.is_ascii_digit() || *text.last()? == b'.';
    if !is_number {
        return go_duration(text);
    }
    let scale = scale(unit?);
    let value = decimal(text)?;
    (value.is_finite() && value >= 0.0).then_some((value * scale) as f32)
}

/// Seconds in one unit.
#[inline]
const fn scale(unit: EpochUnit) -> f64 {
    match unit {
        EpochUnit::Seconds => 1.0,
        EpochUnit::Millis => 1e-3,
        EpochUnit::Micros => 1e-6,
        EpochUnit::Nanos => 1e-9,
    }
}

const POWERS: [f64; 16] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The number of at most eight digits, of which so many are decimals.
#[inline(always)]
fn few_digits(digits: u64, n_decimals: usize) -> f64 {
    // Below 2^53 and with a power of ten that a float holds exactly, one division rounds once.
    digits as f64 / POWERS[n_decimals % POWERS.len()]
}

/// A decimal number. Up to 15 digits without an exponent are read here, exactly as the library would.
#[inline]
fn decimal(text: &[u8]) -> Option<f64> {
    if text.len() <= 8
        && let Some((digits, n_decimals)) = bytes::decimal(text)
    {
        return Some(few_digits(digits, n_decimals));
    }
    let point = bytes::first(bytes::zeros(bytes::short(text) ^ u64::from_le_bytes([b'.'; 8])));
    if point < 8
        && let (Some(whole), Some(fraction)) = (text.get(..point), text.get(point + 1..))
        && let (Some(whole), Some(decimals)) = (bytes::digits(whole), bytes::digits(fraction))
        && point + fraction.len() <= 15
    {
        // Below 2^53 and with a power of ten that a float holds exactly, one division rounds once.
        let power = POWERS[fraction.len()];
        return Some((whole * power as u64 + decimals) as f64 / power);
    }
    if text.len() <= 16 {
        let (mut mantissa, mut point, mut is_plain) = (0u64, None, text.first().is_some_and(u8::is_ascii_digit));
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
                b'.' if point.is_none() => point = Some(at),
                _ => is_plain = false,
            }
        }
        // Below 2^53 and with a power of ten that a float holds exactly, one division rounds once.
        if is_plain && (text.len() < 16 || point.is_some()) {
            return Some(mantissa as f64 / POWERS[point.map_or(0, |at| text.len() - at - 1)]);
        }
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn go_duration(text: &[u8]) -> Option<f32> {
    let mut rest = text;
    let mut total = 0.0f64;
    while !rest.is_empty() {
        let n = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        let value = decimal(&rest[..n])?;
        rest = &rest[n..];
        let (scale, len) = match rest {
            [b'n', b's', ..] => (1e-9, 2),
            [b'u', b's', ..] => (1e-6, 2),
            // µ as micro sign or as Greek letter.
            [0xc2, 0xb5, b's', ..] | [0xce, 0xbc, b's', ..] => (1e-6, 3),
            [b'm', b's', ..] => (1e-3, 2),
            [b's', ..] => (1.0, 1),
            [b'm', ..] => (60.0, 1),
            [b'h', ..] => (3600.0, 1),
            _ => return None,
        };
        total += value * scale;
        rest = &rest[len..];
    }
    Some(total as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_become_seconds() {
        let close = |text: &str, unit, expected: f32| {
            let got = seconds(text.as_bytes(), unit).expect(text);
            assert!((got - expected).abs() <= expected * 1e-6, "{text}: {got}");
        };
        close("1.393927ms", None, 0.001_393_927);
        close("1m2.5s", None, 62.5);
        close("12µs", None, 12e-6);
        close("0.021767342", Some(EpochUnit::Seconds), 0.021_767_342);
        close("5.561846", Some(EpochUnit::Millis), 0.005_561_846);
        for nothing in ["15d", "fast", "", "-1", "1e999", "."] {
            assert_eq!(seconds(nothing.as_bytes(), Some(EpochUnit::Seconds)), None, "{nothing}");
        }
        assert_eq!(seconds(b"12", None), None, "a number without a unit is no duration");
    }

    #[test]
    fn decimals_are_those_of_the_library() {
        for text in [
            "0.569203",
            "9.12345678",
            "9.123456789",
            "0.1",
            "0.12x4",
            "0.-1",
            "0",
            "1",
            "0.021767342",
            "123456789012345",
            "1234567.12345678",
            "5.",
            "1e3",
            "00.5",
            "1234567890123456789",
            "-1",
            "",
            ".5",
            "1.2.3",
        ] {
            assert_eq!(decimal(text.as_bytes()), text.parse::<f64>().ok(), "{text}");
        }
    }

    #[test]
    fn a_status_has_three_digits() {
        assert_eq!((status(b"503"), status(b"ready"), status(b"0"), status(b"1000")), (Some(503), None, None, None));
    }
}
