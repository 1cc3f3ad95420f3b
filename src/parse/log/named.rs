//! Formats described as data: a pattern with named groups, or names of keys by role. Ours are in `assets/formats`,
//! a user's come from `--format-file`.
//!
//! A pattern is tried on a whole line. Groups named `time`, `level`, `service`, `message`, `status`, `latency`
//! (or `latency_ms` and so on) and `trace` have that role, all other groups become fields. A line that does not
//! match is read as any other line would be.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use chrono::{DateTime, NaiveDateTime};
use regex::bytes::{Captures, Regex, RegexBuilder};

use super::below::{self, Below};
use super::format_file::{FormatError, FormatText, format_texts};
use super::found::{Found, Moment};
use super::level;
use super::line::Reader;
use super::line::bare;
use super::roles::{Binding, Role};
use super::sink::TakesTime;
use crate::model::Level;
use crate::model::catalog::{Zone, ZoneCertainty};
use crate::parse::timestamp::{self, Civil, EpochUnit, Missing, epoch_ns};

/// Our own formats. Order matters: of two that fit as well the first is taken.
const ASSETS: &[&str] = &[
    include_str!("../../../assets/formats/proxies.toml"),
    include_str!("../../../assets/formats/servers.toml"),
    include_str!("../../../assets/formats/databases.toml"),
    include_str!("../../../assets/formats/java.toml"),
    include_str!("../../../assets/formats/platforms.toml"),
    include_str!("../../../assets/formats/systems.toml"),
    include_str!("../../../assets/formats/languages.toml"),
];

/// Lines that a format is tried on.
const PROBE_LINES: usize = 60;
/// Share of lines that fit a format which says nothing of it.
const LEAST_SHARE: f32 = 0.7;

/// A format that is described as data.
#[derive(Debug)]
pub struct NamedFormat {
    name: String,
    pattern: Option<String>,
    /// Built when a line is first tried on it, `None` when it cannot be.
    built: OnceLock<Option<Built>>,
    /// Words that every line of it holds: tried before the pattern.
    holds: Vec<String>,
    unit: Option<EpochUnit>,
    time_format: Option<String>,
    service: Option<String>,
    levels: BTreeMap<String, Level>,
    pub(super) keys: Vec<(Vec<u8>, Binding)>,
    pub(super) is_fields_only: bool,
    pub(super) is_timeless: bool,
    pub(super) has_pairs: bool,
    heading: Option<String>,
    continued: Option<String>,
    say: Option<String>,
    offset: Option<String>,
    least_share: f32,
    raised: Vec<(String, Level)>,
}

/// A pattern ready to run.
#[derive(Debug)]
struct Built {
    regex: Regex,
    groups: Vec<Group>,
    has_date_group: bool,
    below: Below,
}

impl PartialEq for NamedFormat {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.pattern == other.pattern
    }
}

/// A named group of a pattern.
#[derive(Debug)]
pub(super) struct Group {
    pub index: usize,
    pub name: String,
    pub role: Option<(Role, Option<EpochUnit>)>,
}

/// Reads a TOML file of formats: `[[format]]` tables, or a single one without that line.
pub fn read_formats(text: &str) -> Result<Vec<Arc<NamedFormat>>, FormatError> {
    let formats = format_texts(text)?;
    formats.into_iter().map(|format| NamedFormat::checked(format).map(Arc::new)).collect()
}

/// The formats that come with the program; a test checks them, so that their patterns are built only when they are tried.
pub fn known_formats() -> &'static [Arc<NamedFormat>] {
    static KNOWN: LazyLock<Vec<Arc<NamedFormat>>> = LazyLock::new(|| {
        let texts = ASSETS.iter().flat_map(|text| format_texts(text).unwrap_or_default());
        texts.filter_map(|text| NamedFormat::of(text).ok().map(Arc::new)).collect()
    });
    &KNOWN
}

impl NamedFormat {
    /// A format whose pattern can be built and matches its samples.
    pub(super) fn checked(mut text: FormatText) -> Result<Self, FormatError> {
        let samples = std::mem::take(&mut text.samples);
        let format = Self::of(text)?;
        let wrong = |reason: String| FormatError::Format { name: format.name.clone(), reason };
        if let Some(pattern) = &format.pattern {
            let compiled = |pattern: &String| compile(pattern).map_err(|error| wrong(error.replace('\n', " ")));
            let regex = compiled(pattern)?;
            let below = Below {
                heading: format.heading.as_ref().map(compiled).transpose()?,
                continued: format.continued.as_ref().map(compiled).transpose()?,
                heads: format.has_plain_reports().then(|| regex.clone()),
            };
            let built = Built::of(regex, format.unit, below);
            if !format.is_timeless && !built.groups.iter().any(|group| matches!(group.role, Some((Role::Time, _)))) {
                return Err(wrong("its pattern has no group named time: write (?<time>…) around the time, or timeless = true".into()));
            }
            let _ = format.built.set(Some(built));
            if let Some(sample) = samples.iter().find(|sample| !format.fits(sample.as_bytes())) {
                return Err(wrong(format!("does not match its sample, or finds no time in it: {sample:?}")));
            }
        }
        Ok(format)
    }

    fn of(text: FormatText) -> Result<Self, FormatError> {
        let name = text.name.clone();
        let wrong = |reason: String| FormatError::Format { name: name.clone(), reason };
        if text.pattern.is_none() && text.keys.is_empty() {
            return Err(wrong("has neither a pattern nor keys; give one of them".into()));
        }
        let unit = match text.latency_unit.as_deref() {
            None => None,
            Some(unit) => Some(unit_of(unit).ok_or_else(|| wrong(format!("latency_unit {unit:?} is none of s, ms, us, ns")))?),
        };
        let level = |(word, level): (&String, &String)| {
            let level = Level::ALL.into_iter().find(|known| known.name() == level);
            let none = || wrong(format!("level of {word:?} is none of trace, debug, info, warn, error, fatal"));
            Ok((word.clone(), level.ok_or_else(none)?))
        };
        let lower = |(word, level): (String, Level)| (word.to_lowercase(), level);
        let levels = text.levels.iter().map(|pair| level(pair).map(lower)).collect::<Result<_, _>>()?;
        let raised = text.raised.iter().map(level).collect::<Result<_, _>>()?;
        let mut keys = Vec::new();
        for (role, names) in &text.keys {
            let (role, unit) = role_of(role, unit)
                .ok_or_else(|| wrong(format!("{role:?} is no role; roles are time, level, service, message, status, latency, trace")))?;
            for (rank, name) in names.iter().enumerate() {
                let path = name.to_ascii_lowercase().replace('-', "_").into_bytes();
                keys.push((path, Binding { role, rank: rank.min(50) as u8, unit }));
            }
        }
        Ok(Self {
            name: text.name,
            pattern: text.pattern,
            built: OnceLock::new(),
            holds: text.holds,
            unit,
            time_format: text.time_format,
            service: text.service,
            levels,
            keys,
            is_fields_only: text.fields_only,
            is_timeless: text.timeless,
            has_pairs: text.pairs,
            heading: text.heading,
            continued: text.continued,
            say: text.say,
            offset: text.offset,
            raised,
            least_share: text.share.unwrap_or(LEAST_SHARE),
        })
    }

    /// The pattern ready to run.
    fn built(&self) -> Option<&Built> {
        let part = |pattern: &Option<String>| pattern.as_ref().and_then(|pattern| compile(pattern).ok());
        let heads = || self.has_plain_reports().then(|| part(&self.pattern)).flatten();
        let below = || Below { heading: part(&self.heading), continued: part(&self.continued), heads: heads() };
        let build = || Some(Built::of(compile(self.pattern.as_ref()?).ok()?, self.unit, below()));
        self.built.get_or_init(build).as_ref()
    }

    /// What it says of lines below.
    pub(super) fn below(&self) -> &Below {
        static NOTHING: Below = Below { heading: None, continued: None, heads: None };
        self.built().map_or(&NOTHING, |built| &built.below)
    }

    /// What is said where more than one group says it.
    pub(super) fn said(&self, captures: &Captures<'_>) -> Option<Vec<u8>> {
        let template = self.say.as_ref()?;
        let value =
            |name: &str| captures.name(name).map(|text| Cow::Owned(text.as_bytes().to_vec())).filter(|text: &Cow<[u8]>| **text != *b"-");
        Some(below::filled(template, value))
    }

    /// What a line of the log says of the offset of its times: `1:00`, east of UTC.
    pub(super) fn offset_told(&self, lines: &[&[u8]]) -> Option<Zone> {
        let regex = compile(self.offset.as_ref()?).ok()?;
        let text = lines.iter().find_map(|line| regex.captures(line)?.name("offset"))?;
        let text = std::str::from_utf8(text.as_bytes()).ok()?;
        let (sign, text) = text.strip_prefix('-').map_or(("+", text.trim_start_matches('+')), |text| ("-", text));
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours <= 14 && minutes < 60).then(|| Zone { name: format!("{sign}{hours:02}:{minutes:02}"), certainty: ZoneCertainty::File })
    }

    /// Name of the format.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has a pattern for whole lines.
    pub fn has_pattern(&self) -> bool {
        self.pattern.is_some()
    }

    pub(super) fn groups(&self) -> &[Group] {
        self.built().map_or(&[], |built| &built.groups)
    }

    pub(super) fn captures<'a>(&self, line: &'a [u8]) -> Option<Captures<'a>> {
        self.built()?.regex.captures(line)
    }

    /// Whether a line matches and its time, if the format has one, can be read.
    pub(super) fn fits(&self, line: &[u8]) -> bool {
        if !self.holds.iter().all(|words| memchr::memmem::find(line, words.as_bytes()).is_some()) {
            return false;
        }
        let Some(captures) = self.captures(line) else { return false };
        self.is_timeless || self.time_text(&captures).is_some_and(|time| self.civil(&time).is_some() || EpochUnit::of(&time).is_some())
    }

    /// Share of the first lines that fit, of those that may begin a record: parts of stack traces do not.
    pub(super) fn share(&self, lines: &[&[u8]]) -> f32 {
        if self.pattern.is_none() {
            return 0.0;
        }
        let sample: Vec<_> = lines.iter().filter(|line| self.may_begin(line)).take(PROBE_LINES).collect();
        let n = sample.iter().filter(|line| self.fits(super::line::bare(line))).count();
        n as f32 / sample.len().max(1) as f32
    }

    /// Whether reports stand below their heads as they are, neither indented nor marked.
    fn has_plain_reports(&self) -> bool {
        self.least_share < LEAST_SHARE
    }

    /// Whether a line may begin a record of it: indented lines do where the pattern says so.
    pub(super) fn may_begin(&self, line: &[u8]) -> bool {
        begins_record(line) || line.first() == Some(&b' ') && self.pattern.as_ref().is_some_and(|pattern| pattern.starts_with("^ *"))
    }

    /// Whether enough of the lines fit.
    pub(super) fn is_that_of(&self, lines: &[&[u8]]) -> bool {
        self.share(lines) > self.least_share
    }

    fn time_text(&self, captures: &Captures<'_>) -> Option<Vec<u8>> {
        let time = captures.name("time")?.as_bytes();
        if !self.built().is_some_and(|built| built.has_date_group) {
            return Some(time.to_vec());
        }
        let date = captures.name("date")?.as_bytes();
        Some([date, b" ", time].concat())
    }

    fn civil(&self, text: &[u8]) -> Option<Civil> {
        let Some(format) = &self.time_format else { return timestamp::read(text).map(|stamp| stamp.civil) };
        let text = std::str::from_utf8(text).ok()?;
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            let offset_s = time.offset().local_minus_utc();
            let secs = time.timestamp() + i64::from(offset_s);
            return Some(Civil { secs, nanos: time.timestamp_subsec_nanos(), offset_s: Some(offset_s), missing: Missing::Nothing });
        }
        let time = NaiveDateTime::parse_from_str(text, format).ok()?.and_utc();
        Some(Civil { secs: time.timestamp(), nanos: time.timestamp_subsec_nanos(), offset_s: None, missing: Missing::Nothing })
    }

    fn level(&self, word: &[u8]) -> Option<Level> {
        let lower = String::from_utf8_lossy(word).to_lowercase();
        self.levels.get(lower.trim()).copied().or_else(|| level::of_field(word.trim_ascii()))
    }

    /// The worst level that words in a record raise it to.
    fn raised_level(&self, report: &[u8]) -> Option<Level> {
        let is_said = |(words, _): &&(String, Level)| memchr::memmem::find(report, words.as_bytes()).is_some();
        self.raised.iter().filter(is_said).map(|(_, level)| *level).max()
    }

    /// The text of the time of a line.
    pub(super) fn time_of(&self, line: &[u8]) -> Option<Vec<u8>> {
        self.time_text(&self.captures(line)?)
    }

    /// What the format says of a time without its zone: for the survey of a plan.
    pub(super) fn stamp(&self, line: &[u8]) -> Option<Civil> {
        let captures = self.captures(line)?;
        self.civil(&self.time_text(&captures)?)
    }
}

impl Built {
    fn of(regex: Regex, unit: Option<EpochUnit>, below: Below) -> Self {
        let named = regex.capture_names().enumerate().filter_map(|(index, name)| Some((index, name?)));
        let groups: Vec<Group> = named.map(|(index, name)| Group { index, name: name.to_owned(), role: role_of(name, unit) }).collect();
        let has = |wanted: &str| groups.iter().any(|group| group.name == wanted);
        let has_date_group = has("date") && has("time");
        Self { regex, groups, has_date_group, below }
    }
}

/// Whether a line may begin a record of a format that a pattern describes: no comment, and no part of a stack trace.
pub(super) fn begins_record(line: &[u8]) -> bool {
    let line = bare(line);
    let is_comment = line.first() == Some(&b'#') && line.get(1) != Some(&b'#');
    !is_comment && !super::wrapped::continues(line)
}

/// What a pattern makes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matched {
    /// It begins a record.
    Record,
    /// It goes on with the record of the line before.
    GoesOn,
    /// It does not match.
    No,
}

/// Reads a line by its pattern.
pub(super) fn read<'a>(reader: &mut Reader, format: &NamedFormat, line: &'a [u8], found: &mut Found<'a>) -> Matched {
    let Some(captures) = format.captures(line) else { return Matched::No };
    let head_len = captures.name("message").map_or(line.len(), |message| message.start());
    let below = format.below();
    if below.continued.is_some() && below::goes_on(below, below::line_before(reader.chunk, line), line, head_len) {
        return Matched::GoesOn;
    }
    found.time = match format.time_text(&captures) {
        Some(time) => match moment(reader, format, &time) {
            Some(moment) => moment,
            None => return Matched::No,
        },
        None if format.is_timeless => Moment::None,
        None => return Matched::No,
    };
    if format.has_pairs {
        reader.pairs(line, head_len, found, TakesTime::No);
    }
    for group in format.groups() {
        let (Some((role, unit)), Some(text)) = (group.role, captures.get(group.index)) else { continue };
        match role {
            Role::Level => found.level = format.level(text.as_bytes()).unwrap_or(found.level),
            Role::Service => found.take_prefix(&line[text.range()]),
            Role::Status => found.status = super::found::status(text.as_bytes()).unwrap_or(0),
            Role::Latency => found.latency = super::found::seconds(text.as_bytes(), unit).unwrap_or(f32::NAN),
            Role::Trace => found.take_trace(0, text.as_bytes()),
            _ => {}
        }
    }
    if found.level == Level::Unknown
        && found.status == 0
        && let Some(message) = captures.name("message")
    {
        found.level = level::find(message.as_bytes(), reader.plan.habits.levels).unwrap_or_default();
    }
    if !format.raised.is_empty() {
        let report = below::report(below, line, reader.chunk);
        found.level = format.raised_level(report).map_or(found.level, |level| level.max(found.level));
    }
    if let Some(service) = &format.service {
        found.take_constant(service.as_bytes());
    }
    let announced = || below::announced(below, line, head_len, below::text_below(reader.chunk, line));
    match captures.name("message").map(|message| message.range()).filter(|range| !matches!(&line[range.clone()], b"" | b"-")) {
        _ if below.heading.is_some()
            && let Some(text) = announced() =>
        {
            found.put_together(text);
        }
        range => match format.said(&captures) {
            Some(text) => found.put_together(text),
            None => range.into_iter().for_each(|range| found.say(&line[range])),
        },
    }
    Matched::Record
}

/// The moment that the text of a time means; `None` when it is no time at all.
fn moment(reader: &mut Reader, format: &NamedFormat, time: &[u8]) -> Option<Moment> {
    let civil = if format.time_format.is_none() { reader.clock.read(time).map(|stamp| stamp.civil) } else { format.civil(time) };
    let ns = match civil {
        Some(civil) => reader.clock.place(civil),
        None => epoch_ns(time, EpochUnit::of(time)?),
    };
    Some(ns.map_or(Moment::Bad, Moment::At))
}

fn compile(pattern: &str) -> Result<Regex, String> {
    // The first line of a file may begin with a byte order mark.
    let pattern = &pattern.strip_prefix('^').map_or_else(|| pattern.to_owned(), |rest| format!(r"^(?-u:\xEF\xBB\xBF)?{rest}"));
    RegexBuilder::new(pattern).unicode(false).size_limit(4 << 20).build().or_else(|_| {
        // A pattern of letters beyond ASCII needs Unicode.
        RegexBuilder::new(pattern).size_limit(16 << 20).build().map_err(|error| error.to_string())
    })
}

fn unit_of(unit: &str) -> Option<EpochUnit> {
    Some(match unit {
        "s" => EpochUnit::Seconds,
        "ms" => EpochUnit::Millis,
        "us" | "µs" => EpochUnit::Micros,
        "ns" => EpochUnit::Nanos,
        _ => return None,
    })
}

fn role_of(name: &str, unit: Option<EpochUnit>) -> Option<(Role, Option<EpochUnit>)> {
    let role = match name {
        "time" => Role::Time,
        "level" => Role::Level,
        "service" => Role::Service,
        "message" => Role::Message,
        "status" => Role::Status,
        "trace" | "trace_id" => Role::Trace,
        "latency" => return Some((Role::Latency, unit)),
        _ => return Some((Role::Latency, Some(unit_of(name.strip_prefix("latency_")?)?))),
    };
    Some((role, None))
}

#[cfg(test)]
mod tests {
    use super::super::format_file::FormatFile;
    use super::*;

    #[test]
    fn every_format_of_ours_is_read_and_matches_its_samples() {
        for text in ASSETS {
            let formats = read_formats(text).unwrap_or_else(|error| panic!("{error}"));
            assert!(!formats.is_empty());
            let written: FormatFile = toml_edit::de::from_str(text).unwrap();
            assert!(written.format.iter().all(|format| !format.samples.is_empty()), "a format without a sample is not tested");
        }
    }

    #[test]
    fn a_wrong_format_says_what_to_change() {
        let wrong = |text: &str| read_formats(text).unwrap_err().to_string();
        assert!(wrong("name = \"a\"").contains("neither a pattern nor keys"));
        assert!(wrong("name = \"a\"\npattern = '(?<when>x)'").contains("(?<time>"));
        assert!(wrong("name = \"a\"\npattern = '(?<time>x'").contains("unclosed group"));
        assert!(wrong("name = \"a\"\npattern = '^(?<time>\\S+)'\nsamples = ['no time']").contains("does not match its sample"));
        assert!(wrong("name = \"a\"\n[keys]\nwhen = [\"t\"]").contains("roles are time"));
        assert!(wrong("nam = \"a\"").contains("nam"));
    }
}
