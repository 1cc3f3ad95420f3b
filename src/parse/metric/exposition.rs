//! Text exposition 0.0.4, `OpenMetrics` 1.0 and the output of `promtool tsdb dump`: one sample a line.
//!
//! The three differ in the unit of their times (ms, s, ms) and in where the name stands; magnitude tells the unit.
//! A snapshot without times takes that of its file. Native histograms of a dump become count, sum and buckets; exemplars
//! are counted, not read.

use std::collections::{BTreeMap, HashMap};

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Labels, ProblemKind, Sample, SeriesKind, Timestamp, Unit, Zone, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document, ParsedSeries};

use super::native::{self, Histogram};
use super::{Collector, FileTime, Place, Surprise, decimal, meaning, value_of};

/// What a line of an exposition is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Line<'a> {
    /// Nothing, or a comment for people.
    Blank,
    /// `# TYPE`, `# HELP`, `# UNIT`: keyword, metric, rest.
    Meta(&'a str, &'a str, &'a str),
    /// `# EOF`.
    End,
    /// A sample.
    Sample(SampleLine<'a>),
}

/// A sample as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleLine<'a> {
    /// Name and labels, as they stand.
    pub identity: &'a str,
    /// Value.
    pub value: &'a str,
    /// Time, if there is one.
    pub time: Option<&'a str>,
    /// Whether an exemplar follows.
    pub has_exemplar: bool,
}

/// Takes a line apart; `Err` says why it is not one of an exposition. O(line).
pub(crate) fn line(text: &str) -> Result<Line<'_>, String> {
    let text = text.trim_end_matches(['\r', '\n']);
    let trimmed = text.trim_start();
    if trimmed.is_empty() {
        return Ok(Line::Blank);
    }
    if let Some(comment) = trimmed.strip_prefix('#') {
        let mut words = comment.trim_start().splitn(3, [' ', '\t']);
        let (keyword, metric) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        return Ok(match keyword {
            "EOF" if metric.is_empty() => Line::End,
            "TYPE" | "HELP" | "UNIT" if !metric.is_empty() => Line::Meta(keyword, metric, words.next().unwrap_or("").trim()),
            _ => Line::Blank,
        });
    }
    let identity_len = identity_len(trimmed).ok_or("is not a metric name with labels")?;
    let (identity, rest) = trimmed.split_at(identity_len);
    let (rest, has_exemplar) = rest.split_once(" # ").map_or((rest, false), |(front, _)| (front, true));
    let rest = rest.trim();
    if rest.starts_with('{') {
        // A native histogram of a dump holds blanks: the value is up to the closing brace.
        let end = rest.rfind('}').map_or(rest.len(), |at| at + 1);
        let (value, time) = rest.split_at(end);
        let time = Some(time.trim()).filter(|time| !time.is_empty());
        return Ok(Line::Sample(SampleLine { identity: identity.trim_end(), value, time, has_exemplar }));
    }
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().ok_or("has no value")?;
    let time = words.next();
    if words.next().is_some() {
        return Err("has more than a value and a time".into());
    }
    Ok(Line::Sample(SampleLine { identity: identity.trim_end(), value, time, has_exemplar }))
}

/// Length of `name`, `name{…}` or `{…}` at the start.
fn identity_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.') || b >= 0x80;
    let mut at = bytes.iter().position(|b| !is_name(*b)).unwrap_or(bytes.len());
    if at > 0 && bytes[0].is_ascii_digit() {
        return None;
    }
    let after_blank = at + bytes[at..].iter().take_while(|b| **b == b' ').count();
    if bytes.get(after_blank) != Some(&b'{') {
        return (at > 0 && bytes.get(at).is_some_and(|b| matches!(b, b' ' | b'\t'))).then_some(at);
    }
    at = after_blank + 1;
    let (mut is_quoted, mut is_escaped) = (false, false);
    while let Some(b) = bytes.get(at) {
        at += 1;
        match b {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'}' if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Name and labels of an identity; `Err` names the fault. `__name__` among the labels is the name.
pub(crate) fn identity(text: &str) -> Result<(String, Labels), String> {
    let (name, rest) = text.split_at(text.find('{').unwrap_or(text.len()));
    let mut name = name.trim().to_owned();
    let mut pairs = Vec::new();
    let mut rest = rest.strip_prefix('{').unwrap_or("").strip_suffix('}').unwrap_or("").trim();
    while !rest.is_empty() {
        let (label, after) = if rest.starts_with('"') {
            let (quoted, after) = quoted(rest).ok_or("has an open quote among its labels")?;
            (quoted, after.trim_start())
        } else {
            let end = rest.find(['=', ',']).ok_or("has a label without a value")?;
            (rest[..end].trim().to_owned(), &rest[end..])
        };
        let Some(after) = after.strip_prefix('=') else {
            // A quoted name of its own, `{"my.metric", a="b"}`, is the metric's.
            name = label;
            rest = after.trim_start_matches([',', ' ']);
            continue;
        };
        let (value, after) = quoted(after.trim_start()).ok_or("has a label value without quotes")?;
        if label == "__name__" {
            name = value;
        } else {
            pairs.push((label, value));
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => return Err("has text after a label value".into()),
        };
    }
    if name.is_empty() { Err("has no metric name".into()) } else { Ok((name, Labels::new(pairs))) }
}

/// A quoted text with `\\`, `\"` and `\n` undone, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &body[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                escaped @ ('\\' | '"') => out.push(escaped),
                other => {
                    out.push('\\');
                    out.push(other);
                }
            },
            c => out.push(c),
        }
    }
    None
}

/// Reads a whole exposition or dump.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut reader = Reader::new(context);
    let text = json::text(bytes, &mut reader.problems);
    let mut place = Place { line: 1, byte: 0 };
    let mut rest = &*text;
    while !rest.is_empty() {
        let length = reader.usual(rest.as_bytes(), place).unwrap_or_else(|| {
            let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
            reader.take(&rest[..end], place);
            end
        });
        rest = &rest[length..];
        place = Place { line: place.line + 1, byte: place.byte + length as u64 };
    }
    reader.n_lines = place.line - 1;
    reader.into_document(context)
}

struct Reader<'a> {
    collector: Collector,
    problems: Problems,
    /// Series index by identity as written: most lines repeat one that was seen.
    known: HashMap<&'a str, Result<usize, String>>,
    /// The last of them.
    latest: Option<(&'a str, usize)>,
    /// Which series came behind each the last time: scrapes list theirs in the same order.
    followers: Vec<Option<(&'a str, usize)>>,
    /// Native histograms by identity as written.
    histograms: BTreeMap<&'a str, Vec<Histogram>>,
    types: HashMap<&'a str, &'a str>,
    units: HashMap<&'a str, &'a str>,
    file_time: Option<(Timestamp, FileTime)>,
    n_timed: u64,
    n_untimed: u64,
    n_unplaced: u64,
    n_exemplars: u64,
    n_lines: u64,
}

impl<'a> Reader<'a> {
    fn new(context: &Context) -> Self {
        let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
        Self {
            collector: Collector::default(),
            problems: Problems::default(),
            known: HashMap::new(),
            latest: None,
            followers: Vec::new(),
            histograms: BTreeMap::new(),
            types: HashMap::new(),
            units: HashMap::new(),
            file_time: super::time_of_file(context, zone),
            n_timed: 0,
            n_untimed: 0,
            n_unplaced: 0,
            n_exemplars: 0,
            n_lines: 0,
        }
    }

    fn take(&mut self, text: &'a str, place: Place) {
        match line(text) {
            Ok(Line::Meta("TYPE", metric, kind)) => {
                self.types.insert(metric, kind);
            }
            Ok(Line::Meta("UNIT", metric, unit)) => {
                self.units.insert(metric, unit);
            }
            Ok(Line::Blank | Line::End | Line::Meta(..)) => {}
            Ok(Line::Sample(sample)) => {
                if let Err(surprise) = self.sample(sample) {
                    self.problems.push(place.problem(surprise.kind, surprise.reason));
                }
            }
            Err(reason) => {
                let is_cut = !text.ends_with('\n');
                let kind = if is_cut { ProblemKind::Truncated } else { ProblemKind::Syntax };
                self.problems.push(place.problem(kind, format!("the line {reason}")));
            }
        }
    }

    /// A plain sample with a time, of the series of the line before or of the one that came behind it the last time: most
    /// lines of a history are such. Gives the length of the line; nothing for any other line.
    fn usual(&mut self, text: &[u8], place: Place) -> Option<usize> {
        let (latest, index) = self.latest?;
        let is_of = |identity: &str| text.get(identity.len()) == Some(&b' ') && text.starts_with(identity.as_bytes());
        let (identity, index) =
            if is_of(latest) { (latest, index) } else { (*self.followers.get(index)?).filter(|(identity, _)| is_of(identity))? };
        let mut at = identity.len() + 1;
        let (value, length) = decimal::float(&text[at..])?;
        at += length;
        if text.get(at) != Some(&b' ') {
            return None;
        }
        let (ns, length) = decimal::epoch_ns(&text[at + 1..])?;
        at += 1 + length;
        if text.get(at) != Some(&b'\n') {
            return None;
        }
        self.latest = Some((identity, index));
        self.n_timed += 1;
        if let Err(surprise) = self.collector.push(index, Sample { time: Timestamp(ns), value }) {
            self.problems.push(place.problem(surprise.kind, surprise.reason));
        }
        Some(at + 1)
    }

    /// Index of the series with this identity.
    fn index_of(&mut self, written: &'a str) -> Result<usize, Surprise> {
        let collector = &mut self.collector;
        let made = || identity(written).map(|(name, labels)| collector.series(name, labels));
        let index = self.known.entry(written).or_insert_with(made).clone();
        let index = index.map_err(|reason| Surprise { kind: ProblemKind::Syntax, reason: format!("the line {reason}") })?;
        if let Some((_, before)) = self.latest.replace((written, index)) {
            self.followers.resize(self.followers.len().max(before + 1), None);
            self.followers[before] = Some((written, index));
        }
        Ok(index)
    }

    fn sample(&mut self, sample: SampleLine<'a>) -> Result<(), Surprise> {
        self.n_exemplars += u64::from(sample.has_exemplar);
        if sample.value.starts_with('{') {
            return self.histogram(sample);
        }
        let index = self.index_of(sample.identity)?;
        let value = value_of(sample.value).map_err(|reason| Surprise { kind: ProblemKind::Syntax, reason })?;
        let time = if let Some(written) = sample.time {
            self.n_timed += 1;
            let unreadable = || Surprise { kind: ProblemKind::Time, reason: format!("{written:?} is not a time") };
            Some(when::epoch(written).ok_or_else(unreadable)?)
        } else {
            self.n_untimed += 1;
            self.file_time.map(|(at, _)| at)
        };
        if let Some(time) = time {
            return self.collector.push(index, Sample { time, value });
        }
        self.n_unplaced += 1;
        Ok(())
    }

    fn histogram(&mut self, sample: SampleLine<'a>) -> Result<(), Surprise> {
        let no_time = || Surprise { kind: ProblemKind::Time, reason: "a native histogram without a time".into() };
        let time = sample.time.and_then(when::epoch).ok_or_else(no_time)?;
        let found = native::from_text(sample.value, time.0.div_euclid(1_000_000));
        let unreadable = || Surprise { kind: ProblemKind::Syntax, reason: "the line holds a native histogram that cannot be read".into() };
        let found = found.ok_or_else(unreadable)?;
        self.histograms.entry(sample.identity).or_default().push(found);
        self.n_timed += 1;
        Ok(())
    }

    /// Series of the native histograms.
    fn native_series(&mut self) -> Vec<ParsedSeries> {
        let mut all = Vec::new();
        for (written, mut histograms) in std::mem::take(&mut self.histograms) {
            match identity(written) {
                Ok((name, labels)) => {
                    histograms.sort_by_key(|one| one.time_ms);
                    histograms.dedup_by_key(|one| one.time_ms);
                    all.extend(native::series(&name, &labels, &histograms));
                }
                Err(reason) => self.problems.push(Place::default().problem(ProblemKind::Syntax, format!("a line {reason}"))),
            }
        }
        all.iter_mut().for_each(|one| meaning::fill(one, None));
        all
    }

    fn into_document(mut self, context: &Context) -> Document {
        let zone = self.zone(context);
        let whole = Place::default();
        if self.n_exemplars > 0 {
            // Exemplars are counted so that nobody thinks there were none.
            self.problems.push(whole.problem(ProblemKind::Limit, format!("{} exemplars are not read yet", self.n_exemplars)));
        }
        let native = self.native_series();
        let mut series = self.collector.finish(context, &mut self.problems);
        for one in &mut series {
            apply_metadata(one, &self.types, &self.units);
        }
        series.extend(native);
        let n_placed: u64 = series.iter().map(|one| one.samples.len() as u64).sum();
        Document {
            alerts: crate::parse::alert::series::alerts(&series, context),
            series,
            problems: self.problems,
            n_records: n_placed + self.n_unplaced,
            n_lines: self.n_lines,
            n_unplaced: self.n_unplaced,
            zone,
            ..Document::default()
        }
    }

    /// Says where the times come from, in the zone and where need be in a problem.
    fn zone(&mut self, context: &Context) -> Zone {
        let named = |certainty| Zone { name: "UTC".into(), certainty };
        match self.file_time {
            _ if self.n_untimed == 0 && self.n_timed == 0 => Zone::default(),
            _ if self.n_untimed == 0 => named(ZoneCertainty::Offset),
            Some((_, FileTime::Name)) => named(ZoneCertainty::File),
            Some((_, FileTime::NameWithoutZone)) => context.zone.clone().unwrap_or_else(|| named(ZoneCertainty::Default)),
            Some((at, FileTime::Modified)) => {
                let reason =
                    format!("{} samples carry no time; the modification time of the file was taken, {}", self.n_untimed, when::shown(at));
                self.problems.push(Place::default().problem(ProblemKind::Time, reason));
                named(ZoneCertainty::Inferred)
            }
            None => {
                let reason = format!("{} samples carry no time and nothing tells that of the file; they are not placed", self.n_untimed);
                self.problems.push(Place::default().problem(ProblemKind::Time, reason));
                Zone::default()
            }
        }
    }
}

/// `# TYPE` and `# UNIT` of a family win over what names suggest.
fn apply_metadata(series: &mut ParsedSeries, types: &HashMap<&str, &str>, units: &HashMap<&str, &str>) {
    let name = series.name.as_str();
    let family = ["_bucket", "_count", "_sum", "_total", "_created", "_gsum", "_gcount", "_info"]
        .iter()
        .find_map(|end| name.strip_suffix(end).filter(|front| types.contains_key(front) || units.contains_key(front)));
    let is_part = family.is_some();
    let kind = types.get(name).or_else(|| family.and_then(|family| types.get(family))).copied();
    series.kind = match kind {
        Some("counter") => SeriesKind::Counter,
        Some("histogram" | "gaugehistogram") => SeriesKind::HistogramPart,
        Some("summary") if is_part => SeriesKind::HistogramPart,
        Some("summary") => SeriesKind::Quantile,
        Some("gauge" | "info" | "stateset") => SeriesKind::Gauge,
        _ => series.kind,
    };
    if name.ends_with("_bucket") || name.ends_with("_count") {
        return;
    }
    series.unit = match units.get(name).or_else(|| family.and_then(|family| units.get(family))).copied() {
        Some("seconds") => Unit::Seconds,
        Some("bytes") => Unit::Bytes,
        Some("ratio" | "ratios") => Unit::Ratio,
        _ => series.unit,
    };
}

/// Writes an identity as an exposition does; the inverse of `identity`.
#[cfg(test)]
fn written(name: &str, labels: &Labels) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    format!("{name}{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests;
