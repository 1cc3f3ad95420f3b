//! From lines to series: an exposition of any size, fed block by block, so that only its samples stay in memory.
//!
//! Most lines repeat an identity that was seen, in the order of the last scrape: those are not taken apart again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Exemplar, Problem, ProblemKind, Sample, SeriesKind, SourceId, Timestamp, Unit, Zone, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::metric::exemplar::Exemplars;
use crate::parse::metric::native::{self, Histogram};
use crate::parse::metric::{Collector, FileTime, Place, Surprise, decimal, meaning, time_of_file, value_of};
use crate::parse::{Context, Document, ParsedSeries};

use super::{Line, SampleLine, identity, identity_len, line};

/// Reads a whole exposition or dump.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut reader = Reader::new(context);
    reader.feed(bytes);
    reader.into_document(context)
}

/// An exposition that comes in blocks.
pub struct Stream(Reader);

impl Stream {
    /// Before its first line.
    pub fn new(context: &Context) -> Self {
        Self(Reader::new(context))
    }

    /// The next whole lines; only the last of all may lack its end.
    pub fn feed(&mut self, lines: &[u8]) {
        self.0.feed(lines);
    }

    /// What they held.
    pub fn finish(self, context: &Context) -> Document {
        self.0.into_document(context)
    }
}

struct Reader {
    collector: Collector,
    problems: Problems,
    /// Where the next line stands.
    place: Place,
    /// Identities as written, each once: most lines repeat one that was seen.
    seen: Vec<Seen>,
    /// Places in `seen`.
    known: HashMap<Arc<str>, Result<usize, Box<str>>>,
    /// The identity of the last sample.
    latest: Option<usize>,
    /// Whether it came behind another one: a history goes through its series in turn, or one after another to its end.
    goes_in_turn: bool,
    /// Native histograms by identity as written.
    histograms: BTreeMap<String, Vec<Histogram>>,
    types: HashMap<String, String>,
    units: HashMap<String, String>,
    file_time: Option<(Timestamp, FileTime)>,
    n_timed: u64,
    n_untimed: u64,
    n_unplaced: u64,
    exemplars: Exemplars,
}

/// An identity that was seen.
struct Seen {
    /// As it was written.
    written: Arc<str>,
    /// Its series.
    index: usize,
    /// What came behind it the last time: scrapes list their series in the same order.
    follower: Option<usize>,
}

impl Reader {
    fn new(context: &Context) -> Self {
        let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
        Self {
            collector: Collector::default(),
            problems: Problems::default(),
            place: Place { line: 1, byte: 0 },
            seen: Vec::new(),
            known: HashMap::new(),
            latest: None,
            goes_in_turn: false,
            histograms: BTreeMap::new(),
            types: HashMap::new(),
            units: HashMap::new(),
            file_time: time_of_file(context, zone),
            n_timed: 0,
            n_untimed: 0,
            n_unplaced: 0,
            exemplars: Exemplars::default(),
        }
    }

    /// Whole lines; only the last of all may lack its end.
    fn feed(&mut self, bytes: &[u8]) {
        let mut problems = Problems::default();
        let text = json::text(bytes, &mut problems);
        // One word on the encoding of the whole is enough.
        if let Some(problem) = problems.kept().first().filter(|_| !self.problems.counts().contains_key(&ProblemKind::Encoding)) {
            let (line, byte) = (problem.line + self.place.line - 1, problem.byte + self.place.byte);
            self.problems.push(Problem { line, byte, ..problem.clone() });
        }
        let mut rest = &*text;
        while !rest.is_empty() {
            let place = self.place;
            let length = self.usual(rest.as_bytes(), place).unwrap_or_else(|| {
                let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
                self.take(&rest[..end], place);
                end
            });
            rest = &rest[length..];
            self.place = Place { line: place.line + 1, byte: place.byte + length as u64 };
        }
    }

    fn take(&mut self, text: &str, place: Place) {
        match line(text) {
            Ok(Line::Meta("TYPE", metric, kind)) => {
                self.types.insert(metric.to_owned(), kind.to_owned());
            }
            Ok(Line::Meta("UNIT", metric, unit)) => {
                self.units.insert(metric.to_owned(), unit.to_owned());
            }
            Ok(Line::Blank | Line::End | Line::Meta(..)) => {}
            Ok(Line::Sample(sample)) => {
                if let Some(written) = sample.exemplar
                    && let Err(reason) = self.exemplar(sample, written)
                {
                    self.problems.push(place.problem(ProblemKind::Syntax, reason));
                }
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
        let is_of = |slot: usize| {
            let written = &self.seen[slot].written;
            text.get(written.len()) == Some(&b' ') && text.starts_with(written.as_bytes())
        };
        let latest = self.latest?;
        // One of the two at most is meant; the likelier is looked at first.
        let (again, next) = (|| Some(latest).filter(|slot| is_of(*slot)), || self.seen[latest].follower.filter(|slot| is_of(*slot)));
        let slot = if self.goes_in_turn { next().or_else(again) } else { again().or_else(next) }?;
        self.goes_in_turn = slot != latest;
        let mut at = self.seen[slot].written.len() + 1;
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
        self.latest = Some(slot);
        self.n_timed += 1;
        if let Err(surprise) = self.collector.push(self.seen[slot].index, Sample { time: Timestamp(ns), value }) {
            self.problems.push(place.problem(surprise.kind, surprise.reason));
        }
        Some(at + 1)
    }

    /// Index of the series with this identity.
    fn index_of(&mut self, written: &str) -> Result<usize, Surprise> {
        let slot = match self.known.get(written) {
            Some(known) => known.clone(),
            None => {
                let shared: Arc<str> = written.into();
                let made = identity(written).map_err(String::into_boxed_str).map(|(name, labels)| {
                    let index = self.collector.series(name, labels);
                    self.seen.push(Seen { written: Arc::clone(&shared), index, follower: None });
                    self.seen.len() - 1
                });
                self.known.insert(shared, made.clone());
                made
            }
        };
        let slot = slot.map_err(|reason| Surprise { kind: ProblemKind::Syntax, reason: format!("the line {reason}") })?;
        if let Some(before) = self.latest.replace(slot) {
            self.seen[before].follower = Some(slot);
        }
        Ok(self.seen[slot].index)
    }

    fn sample(&mut self, sample: SampleLine<'_>) -> Result<(), Surprise> {
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

    /// `{trace_id="…"} 0.67 1520879607.789` behind a sample; without a time of its own it has that of the sample.
    fn exemplar(&mut self, sample: SampleLine<'_>, written: &str) -> Result<(), String> {
        let broken = || format!("the exemplar {written:?} cannot be read");
        let length = identity_len(written).ok_or_else(broken)?;
        let own = identity(&format!("exemplar{}", &written[..length])).map_err(|_| broken())?.1;
        let mut words = written[length..].split_ascii_whitespace();
        let value = words.next().and_then(|value| value_of(value).ok()).ok_or_else(broken)?;
        let time = words.next().or(sample.time).map_or(self.file_time.map(|(at, _)| at), when::epoch).ok_or_else(broken)?;
        let (name, labels) = identity(sample.identity).map_err(|_| broken())?;
        self.exemplars.push(Exemplar { name, labels, time, value, own, source: SourceId::default() });
        Ok(())
    }

    fn histogram(&mut self, sample: SampleLine<'_>) -> Result<(), Surprise> {
        let no_time = || Surprise { kind: ProblemKind::Time, reason: "a native histogram without a time".into() };
        let time = sample.time.and_then(when::epoch).ok_or_else(no_time)?;
        let found = native::from_text(sample.value, time.0.div_euclid(1_000_000));
        let unreadable = || Surprise { kind: ProblemKind::Syntax, reason: "the line holds a native histogram that cannot be read".into() };
        let found = found.ok_or_else(unreadable)?;
        self.histograms.entry(sample.identity.to_owned()).or_default().push(found);
        self.n_timed += 1;
        Ok(())
    }

    /// Series of the native histograms.
    fn native_series(&mut self) -> Vec<ParsedSeries> {
        let mut all = Vec::new();
        for (written, mut histograms) in std::mem::take(&mut self.histograms) {
            match identity(&written) {
                Ok((name, labels)) => {
                    histograms.sort_by_key(|one| one.time_ms);
                    histograms.dedup_by_key(|one| one.time_ms);
                    all.extend(native::series(&name, &labels, &histograms));
                }
                Err(reason) => self.problems.push(Place::default().problem(ProblemKind::Syntax, format!("a line {reason}"))),
            }
        }
        for one in &mut all {
            meaning::fill(one, None);
        }
        all
    }

    fn into_document(mut self, context: &Context) -> Document {
        let zone = self.zone(context);
        let exemplars = std::mem::take(&mut self.exemplars).finish(&mut self.problems);
        let native = self.native_series();
        let mut series = self.collector.finish(context, &mut self.problems);
        for one in &mut series {
            apply_metadata(one, &self.types, &self.units);
        }
        series.extend(native);
        let n_placed: u64 = series.iter().map(|one| one.n_samples() as u64).sum();
        Document {
            alerts: crate::parse::alert::series::alerts(&series, context),
            exemplars,
            series,
            problems: self.problems,
            n_records: n_placed + self.n_unplaced,
            n_lines: self.place.line - 1,
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
fn apply_metadata(series: &mut ParsedSeries, types: &HashMap<String, String>, units: &HashMap<String, String>) {
    let name = series.name.as_str();
    let family = ["_bucket", "_count", "_sum", "_total", "_created", "_gsum", "_gcount", "_info"]
        .iter()
        .find_map(|end| name.strip_suffix(end).filter(|front| types.contains_key(*front) || units.contains_key(*front)));
    let is_part = family.is_some();
    let kind = types.get(name).or_else(|| family.and_then(|family| types.get(family))).map(String::as_str);
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
    series.unit = match units.get(name).or_else(|| family.and_then(|family| units.get(family))).map(String::as_str) {
        Some("seconds") => Unit::Seconds,
        Some("bytes") => Unit::Bytes,
        Some("ratio" | "ratios") => Unit::Ratio,
        _ => series.unit,
    };
}
