//! One line: which layout it has, and the roles found in it. The main layout is tried first, then every other.
//!
//! Nothing here depends on the lines before; what is remembered ([`Keys`], [`Clock`]) only saves time.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use std::borrow::Cow;

use super::clock::Clock;
use super::found::{Found, Moment};
use super::json::{self, Surprise};
use super::keys::Keys;
use super::roles::{Binding, Meaning, Place};
use super::sink::{Around, RoleSink, TakesTime};
use super::text::Openings;
use super::{Layout, LogPlan, access, level, named, pairs, rendered, text, wrapped};
use crate::model::Level;
use crate::model::catalog::ProblemKind;

/// How far into a line roles are looked for: bounds the work for a line of any length.
pub(super) const MAX_LINE_BYTES: usize = 64 << 10;

/// Reads the lines of one chunk.
#[derive(Debug)]
pub(super) struct Reader<'p> {
    pub plan: &'p LogPlan,
    /// What the lines are part of; empty when they are read alone.
    pub chunk: &'p [u8],
    pub clock: Clock<'p>,
    pub json_keys: Keys,
    pub pair_keys: Keys,
    /// Whether the line is known to be ASCII without any backslash: an object is then walked faster.
    pub is_plain: bool,
    /// Whether a line of text may hold an equals sign, and so pairs.
    pub has_pairs: bool,
    /// How texts began so far.
    pub openings: Openings,
}

/// A line without what may stand around it: byte order mark, holes of NUL, carriage return.
pub(super) fn bare(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\r").unwrap_or(line);
    line = line.strip_prefix(b"\xef\xbb\xbf").or_else(|| line.strip_prefix(b"\x1e")).unwrap_or(line);
    while let [0, rest @ ..] = line {
        line = rest;
    }
    line
}

/// A line without the escape sequences that colour it (`ESC [ … letter`); borrowed when there are none.
pub(super) fn without_colours(line: &[u8]) -> Cow<'_, [u8]> {
    let line = &line[..line.len().min(MAX_LINE_BYTES)];
    let Some(mut at) = memchr::memchr(0x1b, line) else { return Cow::Borrowed(line) };
    let mut plain = line[..at].to_vec();
    while at < line.len() {
        if line[at..].starts_with(b"\x1b[") {
            let len = line[at + 2..].iter().position(u8::is_ascii_alphabetic);
            at = len.map_or(line.len(), |len| at + len + 3);
        } else {
            plain.push(line[at]);
            at += 1;
        }
    }
    Cow::Owned(plain)
}

/// What collectors of several containers put before a line, and the rest: `service  | ` of docker-compose,
/// `[pod/name/container] ` of kubectl, `pod container ` of stern before an object, a time or pairs.
pub(super) fn compose_prefix(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(inner) = line.strip_prefix(b"[pod/") {
        let end = inner.iter().take(256).position(|byte| *byte == b']')?;
        let container = inner[..end].iter().position(|byte| *byte == b'/').map(|slash| &inner[slash + 1..end])?;
        return inner[end + 1..].strip_prefix(b" ").map(|rest| (container, rest));
    }
    bar_prefix(line).or_else(|| stern_prefix(line))
}

/// `pod container`: two names, the first with a dash as pods of a deployment have.
pub(super) fn pod_and_container(words: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = words.split(|byte| *byte == b' ');
    let (pod, container) = (parts.next()?, parts.next()?);
    let is_name =
        |name: &[u8]| !name.is_empty() && name.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    (parts.next().is_none() && pod.contains(&b'-') && is_name(pod) && is_name(container)).then_some((pod, container))
}

fn stern_prefix(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if !line.first()?.is_ascii_lowercase() {
        return None;
    }
    let first = line.iter().take(128).position(|byte| *byte == b' ')?;
    let second = first + 1 + line[first + 1..].iter().take(128).position(|byte| *byte == b' ')?;
    let (_, container) = pod_and_container(&line[..second])?;
    let rest = &line[second + 1..];
    let is_line = rest.starts_with(b"{\"") || starts_with_pair(rest) || crate::parse::timestamp::read(rest).is_some();
    is_line.then_some((container, rest))
}

fn bar_prefix(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let bar = line.iter().take(64).position(|byte| *byte == b'|')?;
    let name = line[..bar].trim_ascii_end();
    let is_name = !name.is_empty() && name.len() < bar && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let rest = &line[bar + 1..];
    is_name.then(|| (name, rest.strip_prefix(b" ").unwrap_or(rest)))
}

impl<'p> Reader<'p> {
    pub fn new(plan: &'p LogPlan) -> Self {
        Self {
            plan,
            chunk: &[],
            clock: Clock::new(&plan.clock),
            json_keys: Keys::default(),
            pair_keys: Keys::default(),
            is_plain: false,
            has_pairs: true,
            openings: Openings::new(plan.habits.levels),
        }
    }

    /// The roles of a line that begins a record; `None` for one that belongs to the record before it.
    #[inline]
    pub fn read<'a>(&mut self, line: &'a [u8]) -> Option<Found<'a>> {
        let mut found = Found::default();
        self.read_into(line, &mut found).then_some(found)
    }

    /// The same into a new `found`; whether the line begins a record.
    #[inline]
    pub fn read_into<'a>(&mut self, line: &'a [u8], found: &mut Found<'a>) -> bool {
        if (self.plan.habits.has_colours || line.first() == Some(&0x1b))
            && let Cow::Owned(plain) = without_colours(line)
        {
            let mut inner = Found::default();
            let is_record = self.read_plain(&plain, &mut inner).is_some();
            *found = inner.into_owned();
            return is_record;
        }
        self.read_plain(line, found).is_some()
    }

    /// The same for a line without colours: what was left by taking them out may look like one.
    pub fn read_plain<'a>(&mut self, line: &'a [u8], found: &mut Found<'a>) -> Option<()> {
        let whole = bare(line);
        let mut line = &whole[..whole.len().min(MAX_LINE_BYTES)];
        if self.plan.habits.has_compose_prefix
            && let Some((service, rest)) = compose_prefix(line)
        {
            found.take_prefix(service);
            line = rest;
        }
        found.layout = self.layout(line, whole.len() > MAX_LINE_BYTES, found)?;
        if self.plan.habits.is_level_from_status && found.level == Level::Unknown {
            found.level = level::of_status(found.status);
        }
        if found.level == Level::Unknown {
            found.level = self.plan.habits.unstated_level;
        }
        found.add_nanos();
        if found.is_syslog && found.level == Level::Unknown {
            // RFC 3164, 4.3.3: what carries no priority has that of `user.notice`.
            found.level = Level::Info;
        }
        Some(())
    }

    /// Tries the layouts in turn, the main one first; the first that makes a record of the line.
    #[inline(always)]
    fn layout<'a>(&mut self, line: &'a [u8], is_cut_by_us: bool, found: &mut Found<'a>) -> Option<Layout> {
        if self.plan.layout == Layout::Named
            && let Some(format) = &self.plan.named
        {
            match named::read(self, format, line, found) {
                named::Matched::Record => return Some(Layout::Named),
                named::Matched::GoesOn => return None,
                named::Matched::No => {}
            }
        }
        let order = match (*line.first()?, self.plan.layout) {
            (b'{', _) => return self.json(line, is_cut_by_us, found).then_some(Layout::Json),
            (b' ' | b'\t', _) => return None,
            (_, Layout::Logfmt) => [Layout::Logfmt, Layout::Text, Layout::Access],
            (_, Layout::Access) => [Layout::Access, Layout::Text, Layout::Logfmt],
            _ => [Layout::Text, Layout::Logfmt, Layout::Access],
        };
        order.into_iter().find(|layout| match layout {
            Layout::Logfmt => self.logfmt(line, found),
            Layout::Access => access::read(self, line, found),
            _ => text::read(self, line, found),
        })
    }

    /// A line of pairs is a record if it has a time, or, among its like, any role.
    fn logfmt<'a>(&mut self, line: &'a [u8], found: &mut Found<'a>) -> bool {
        if !starts_with_pair(line) {
            return false;
        }
        let has_role = self.pairs(line, 0, found, TakesTime::Yes);
        found.time != Moment::None || (has_role && self.plan.layout == Layout::Logfmt)
    }

    /// Takes the roles of all pairs from `at` on; whether there were any.
    pub fn pairs<'a>(&mut self, line: &'a [u8], at: usize, found: &mut Found<'a>, takes_time: TakesTime) -> bool {
        self.pair_keys.start();
        let around = self.around(line);
        let mut sink = RoleSink::new((self.plan, &mut self.clock, &mut self.pair_keys), (line, around), found, takes_time);
        if self.is_plain {
            pairs::walk_plain(line, at, &mut sink);
        } else {
            pairs::walk(line, at, &mut sink);
        }
        let has_role = sink.finish();
        self.pair_keys.end();
        has_role
    }

    #[inline(always)]
    fn json<'a>(&mut self, line: &'a [u8], is_cut_by_us: bool, found: &mut Found<'a>) -> bool {
        let end = self.object(line, 0, found, TakesTime::Yes);
        let is_main = self.plan.layout == Layout::Json;
        match end {
            Ok(end) if !line[end..].trim_ascii().is_empty() => {
                let rest = line[end..].trim_ascii_start();
                found.rest = rest.starts_with(b"{\"").then_some(rest);
                found.problem = Some((ProblemKind::Syntax, "text after the end of the JSON object"));
            }
            Ok(_) => {}
            Err(Surprise::Cut) if is_cut_by_us => {
                found.problem = Some((ProblemKind::Limit, "line is longer than 64 KiB: roles were looked for in its first 64 KiB only"));
            }
            Err(Surprise::Cut) => found.problem = Some((ProblemKind::Truncated, "line ends inside its JSON object")),
            Err(Surprise::Odd) => {
                self.validate(line, found);
                if found.problem.is_some() {
                    found.rest = self.whole_object_after(line);
                }
            }
        }
        if self.plan.habits.is_wrapped
            && let Some(inner) = wrapped::text_of(self.plan, line)
        {
            if wrapped::continues(inner.as_bytes()) {
                return false;
            }
            let inner = self.inner(&inner);
            found.take_inner(inner);
        }
        if self.plan.habits.has_templates {
            found.forget_place();
        }
        if self.plan.habits.has_scopes
            && found.trace == 0
            && let Some(id) = rendered::scope_trace(line)
        {
            found.take_trace(u8::MAX, id);
        }
        found.time != Moment::None || (is_main && line.get(1) != Some(&b'{'))
    }

    /// Where a line stands in the chunk.
    #[inline(always)]
    fn around<'w>(&self, line: &'w [u8]) -> Around<'w>
    where
        'p: 'w,
    {
        let start = (line.as_ptr() as usize).wrapping_sub(self.chunk.as_ptr() as usize);
        match self.chunk.get(start..) {
            Some(wide) if wide.len() >= line.len() => Around { wide },
            _ => Around { wide: line },
        }
    }

    /// Takes the roles of the object that starts at `at`.
    pub fn object<'a>(&mut self, line: &'a [u8], at: usize, found: &mut Found<'a>, takes_time: TakesTime) -> Result<usize, Surprise> {
        self.json_keys.start();
        let around = self.around(line);
        let mut sink = RoleSink::new((self.plan, &mut self.clock, &mut self.json_keys), (line, around), found, takes_time);
        let end = if self.is_plain { json::walk_plain(line, at, &mut sink) } else { json::walk(line, at, &mut sink) };
        sink.finish();
        self.json_keys.end();
        end
    }

    /// The object with a time that reaches to the end of a line whose start was torn.
    fn whole_object_after<'a>(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        /// A torn start holds few objects; this bounds the work.
        const MAX_STARTS: usize = 8;
        memchr::memmem::find_iter(&line[1..], b"{\"").take(MAX_STARTS).map(|at| &line[at + 1..]).find(|rest| {
            let mut found = Found::default();
            let end = self.object(rest, 0, &mut found, TakesTime::Yes);
            end.is_ok_and(|end| rest[end..].trim_ascii().is_empty()) && matches!(found.time, Moment::At(_))
        })
    }

    /// Reads a line that surprised the walker with the validating parser.
    fn validate(&mut self, line: &[u8], found: &mut Found) {
        found.is_fallback = true;
        match serde_json::from_slice(line) {
            Ok(serde_json::Value::Object(object)) => self.take_object(&object, Place(0), found),
            Ok(_) => {}
            Err(error) if error.is_eof() => found.problem = Some((ProblemKind::Truncated, "line ends inside its JSON object")),
            Err(_) => found.problem = Some((ProblemKind::Syntax, "not valid JSON")),
        }
    }

    pub fn take_object(&mut self, object: &serde_json::Map<String, serde_json::Value>, place: Place, found: &mut Found) {
        for (key, value) in object {
            let Meaning { binding, inside } = super::keys::lookup(self.plan, key.as_bytes(), place);
            match (value, inside) {
                // The tables name the places, so this ends after a few steps.
                (serde_json::Value::Object(object), Some(inside)) => self.take_object(object, inside, found),
                (serde_json::Value::String(text), _) => self.take_owned(binding, text, found),
                (serde_json::Value::Number(number), _) => self.take_owned(binding, &number.to_string(), found),
                _ => {}
            }
        }
    }

    fn take_owned(&mut self, binding: Option<Binding>, text: &str, found: &mut Found) {
        if let Some(binding) = binding {
            found.take_owned(binding, text, &mut self.clock, &self.plan.habits);
        }
    }
}

/// Whether a line begins like `key=`.
pub(super) fn starts_with_pair(line: &[u8]) -> bool {
    let n = line.iter().take(64).position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@')));
    n.is_some_and(|n| n > 0 && line[n] == b'=' && !line[0].is_ascii_digit())
}
