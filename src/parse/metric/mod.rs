//! Series of any metric format: collected by identity, put in order, named and given units.
//!
//! One file a format reads it into a `Collector`; `meaning` guesses unit and behaviour. Nothing here knows files.

mod analytics;
mod cell;
mod cloud;
mod cloudwatch;
mod console;
pub mod csv;
pub(crate) mod dashboard;
mod datadog;
mod decimal;
mod engines;
mod exemplar;
pub mod exposition;
mod gather;
pub mod gotrace;
mod graphite_raw;
mod influx;
pub mod jvmtrace;
mod listing;
pub(crate) mod loops;
pub mod meaning;
mod monitors;
pub(crate) mod native;
pub(crate) mod nmon;
mod otlp;
mod plaintext;
pub mod prometheus;
pub(crate) mod rrd;
mod sysstat;
pub mod tsdb;

pub use meaning::clip;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use crate::model::catalog::Problems;
use crate::model::packed::{BLOCK, Packed, Times};
use crate::model::{Labels, Problem, ProblemKind, Sample, Timestamp, Unit};

use super::document::json::Sketch;
use super::{Context, Document, ParsedSeries};

type Reader = fn(&[u8], &Context) -> Document;

/// Formats of lines beside tables and expositions: name, how sure a stretch of lines is one and why, reader.
pub(crate) const LINE_FORMATS: [(&str, fn(&str) -> Option<(f32, String)>, Reader); 16] = [
    ("influx-line-protocol", influx::recognise, influx::parse),
    ("graphite", plaintext::recognise_graphite, plaintext::parse_graphite),
    ("graphite-raw", graphite_raw::recognise, graphite_raw::parse),
    ("statsd", plaintext::recognise_statsd, plaintext::parse_statsd),
    ("opentsdb", plaintext::recognise_opentsdb, plaintext::parse_opentsdb),
    (loops::FORMAT, loops::recognise, loops::parse),
    (nmon::FORMAT, nmon::recognise, nmon::parse),
    (rrd::FORMAT, rrd::recognise, rrd::parse),
    ("container-listing", listing::recognise, listing::parse),
    ("console-table", console::recognise, console::parse),
    ("sadf", sysstat::recognise_table, sysstat::parse_table),
    ("sadf-lines", sysstat::recognise_lines, sysstat::parse_lines),
    ("sar", sysstat::recognise_sar, sysstat::parse_sar),
    ("iostat", sysstat::recognise_iostat, sysstat::parse_iostat),
    ("vmstat", sysstat::recognise_vmstat, sysstat::parse_vmstat),
    ("go-runtime-trace", gotrace::recognise, gotrace::parse),
];

/// Formats of JSON beside answers of Prometheus: name, why a document is one, reader.
pub(crate) const JSON_FORMATS: [(&str, fn(&Sketch) -> Option<&'static str>, Reader); 9] = [
    ("sadf-json", sysstat::recognise_json, sysstat::parse_json),
    ("cloudwatch-metrics", cloudwatch::recognise, cloudwatch::parse),
    ("datadog-metrics", datadog::recognise, datadog::parse),
    ("azure-monitor", cloud::recognise_azure, cloud::parse_azure),
    ("google-monitoring", cloud::recognise_google, cloud::parse_google),
    ("log-analytics-metrics", analytics::recognise, analytics::parse),
    ("host-answer", monitors::recognise, monitors::parse),
    ("otlp-metrics", otlp::recognise, otlp::parse),
    ("engine-answer", engines::recognise, engines::parse),
];

/// Where something stands in its file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// Line from 1, 0 for the whole file.
    pub line: u64,
    /// Byte offset.
    pub byte: u64,
}

impl Place {
    /// A problem at this place.
    pub fn problem(self, kind: ProblemKind, reason: String) -> Problem {
        Problem { line: self.line, byte: self.byte, kind, reason }
    }
}

/// A problem that has no place yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Surprise {
    /// Sort of problem.
    pub kind: ProblemKind,
    /// One sentence.
    pub reason: String,
}

/// Series in the order of their first sample, found again by name and labels.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    series: Vec<ParsedSeries>,
    /// Hash of name and labels → the last series that has it: a million identities are not kept twice.
    index: HashMap<u64, usize>,
    /// For each series the one before it with the same hash.
    before: Vec<Option<usize>>,
    hasher: RandomState,
    is_disordered: Vec<bool>,
}

impl Collector {
    /// Index of the series with this identity, made when it is new.
    pub fn series(&mut self, name: String, labels: Labels) -> usize {
        let hash = self.hasher.hash_one((&name, &labels));
        let latest = self.index.get(&hash).copied();
        let is_same = |index: &usize| self.series[*index].name == name && self.series[*index].labels == labels;
        if let Some(index) = std::iter::successors(latest, |index| self.before[*index]).find(is_same) {
            return index;
        }
        let index = self.series.len();
        self.series.push(ParsedSeries { name, labels, ..ParsedSeries::default() });
        self.is_disordered.push(false);
        self.before.push(latest);
        self.index.insert(hash, index);
        index
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// A new series with all its samples, whose times rise strictly; `None` when there is one with this identity.
    pub fn whole_series(&mut self, name: String, labels: Labels, samples: Vec<Sample>) -> Option<()> {
        let n_before = self.series.len();
        let index = self.series(name, labels);
        (index == n_before).then(|| self.series[index].samples = samples)
    }

    /// States the unit of a series, which its first word on it decides; whether it agrees with that.
    pub fn set_unit(&mut self, index: usize, unit: Unit) -> bool {
        let known = &mut self.series[index].unit;
        if *known == Unit::None {
            *known = unit;
        }
        unit == Unit::None || *known == unit
    }

    /// Adds a sample. One at the time of its predecessor replaces it; that and a step back are returned as a problem,
    /// whose place only the reader knows.
    pub fn push(&mut self, index: usize, sample: Sample) -> Result<(), Surprise> {
        let series = &mut self.series[index];
        // What does not come behind a packed block must be put in order with it.
        if series.samples.is_empty() && series.last().is_some_and(|last| last.time >= sample.time) {
            series.unpack();
        }
        match series.samples.last_mut() {
            Some(last) if last.time == sample.time => {
                *last = sample;
                Err(Surprise { kind: ProblemKind::Duplicate, reason: format!("second sample of {} at one time", series.name) })
            }
            Some(last) if last.time > sample.time => {
                let reason = format!("sample of {} earlier than its predecessor", series.name);
                series.samples.push(sample);
                self.is_disordered[index] = true;
                Err(Surprise { kind: ProblemKind::Order, reason })
            }
            _ => {
                series.samples.push(sample);
                if series.samples.len() == 2 * BLOCK && !self.is_disordered[index] {
                    series.pack_first();
                }
                Ok(())
            }
        }
    }

    /// Whether samples from this time on come behind all that a series has.
    pub fn is_behind(&self, index: usize, time: i64) -> bool {
        !self.is_disordered[index] && self.series[index].last().is_none_or(|last| last.time.0 < time)
    }

    /// Adds a whole block of samples at rising times that [`Collector::is_behind`]; `packed` are the times.
    pub fn push_block(&mut self, index: usize, (times, packed): (&[i64], &Times), values: &[f64]) {
        let series = &mut self.series[index];
        if series.samples.is_empty() {
            series.packed.push_shared(packed, values);
            return;
        }
        let samples = times.iter().zip(values).map(|(time, value)| Sample { time: Timestamp(*time), value: *value });
        series.samples.extend(samples);
        series.pack_first();
    }

    /// The same with values that are packed already.
    pub fn push_packed(&mut self, index: usize, times: (&[i64], &Times), values: &[f64], packed: &Packed) {
        let series = &mut self.series[index];
        if series.samples.is_empty() {
            series.packed.append(packed);
        } else {
            self.push_block(index, times, values);
        }
    }

    /// The series with samples in rising order; unit and behaviour filled where the reader gave none.
    pub fn finish(mut self, context: &Context, problems: &mut Problems) -> Vec<ParsedSeries> {
        for (series, is_disordered) in self.series.iter_mut().zip(self.is_disordered) {
            if is_disordered {
                series.unpack();
                let n_before = series.samples.len();
                series.samples.sort_by_key(|sample| sample.time);
                let mut kept: Vec<Sample> = Vec::with_capacity(n_before);
                for sample in series.samples.drain(..) {
                    match kept.last_mut() {
                        Some(last) if last.time == sample.time => *last = sample,
                        _ => kept.push(sample),
                    }
                }
                for _ in kept.len()..n_before {
                    problems
                        .push(Place::default().problem(ProblemKind::Duplicate, format!("second sample of {} at one time", series.name)));
                }
                series.samples = kept;
            }
            meaning::fill(series, context.query.as_deref());
        }
        self.series
    }
}

/// A value as metric formats write it: a decimal, `NaN`, `+Inf`, `-Inf`. `Err` says why not.
pub(crate) fn value_of(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if value.is_infinite() && text.bytes().any(|b| b.is_ascii_digit()) {
        return Err(format!("{text} lies beyond the range of a 64-bit float"));
    }
    Ok(value)
}

/// Name of a file without folders, compression and format endings: `a/edge_p99.json.gz` → `edge_p99`.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let mut stem = name;
    for _ in 0..3 {
        match stem.rsplit_once('.') {
            Some((front, end)) if !front.is_empty() && end.len() <= 8 && end.bytes().all(|b| b.is_ascii_alphanumeric()) => stem = front,
            _ => break,
        }
    }
    stem
}

/// The time of a file whose records carry none: from its name, else its modification time.
pub(crate) fn time_of_file(context: &Context, zone: crate::model::when::WallZone) -> Option<(Timestamp, FileTime)> {
    let name = context.path.rsplit(['/', '\\']).next().unwrap_or("");
    if let Some((written, _)) = crate::model::when::in_name(name) {
        let source = if written.offset.is_some() { FileTime::Name } else { FileTime::NameWithoutZone };
        return Some((written.at(zone), source));
    }
    context.modified.map(|at| (at, FileTime::Modified))
}

/// Where the time of a file came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileTime {
    /// Its name, with an offset.
    Name,
    /// Its name, without one.
    NameWithoutZone,
    /// The file system.
    Modified,
}

/// Names and queries of a file such as `{"edge_p99": "histogram_quantile(0.99, …)"}`; `None` when it is something else.
///
/// An object of texts most of which look like `PromQL`. Whether the names belong to files is for the caller to check.
pub fn queries(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
    let texts: BTreeMap<String, String> = object.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect();
    let n_queries = texts.values().filter(|text| meaning::looks_like_query(text)).count();
    let n_calls = texts.values().filter(|text| text.contains(['(', '{', '['])).count();
    (!texts.is_empty() && texts.len() * 10 >= object.len() * 9 && n_queries * 10 >= texts.len() * 8 && n_calls > 0).then_some(texts)
}

/// Series as lines for tests: name, labels, unit, and each sample with the time of its day.
#[cfg(test)]
fn told(document: &super::Document) -> Vec<String> {
    let one = |one: &super::ParsedSeries| {
        let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let time = |sample: &Sample| crate::model::when::shown(sample.time)[11..19].to_owned();
        let samples: Vec<String> = one.samples.iter().map(|sample| format!("{}@{}", sample.value, time(sample))).collect();
        format!("{}{{{}}} {} {}", one.name, labels.join(","), one.unit.name(), samples.join(" "))
    };
    document.series.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(secs: i64, value: f64) -> Sample {
        Sample { time: Timestamp::from_secs(secs), value }
    }

    #[test]
    fn samples_come_out_in_order_and_the_later_duplicate_wins() {
        let (mut collector, mut problems) = (Collector::default(), Problems::default());
        let index = collector.series("x".into(), Labels::default());
        for (at, value) in [(3, 3.0), (1, 1.0), (2, 2.0), (2, 2.5), (3, 9.0)] {
            if let Err(surprise) = collector.push(index, sample(at, value)) {
                problems.push(Place::default().problem(surprise.kind, surprise.reason));
            }
        }
        let series = collector.finish(&Context::default(), &mut problems);
        assert_eq!(series[0].samples, [sample(1, 1.0), sample(2, 2.5), sample(3, 9.0)]);
        assert_eq!(problems.counts().get(&ProblemKind::Duplicate), Some(&2));
        assert_eq!(problems.counts().get(&ProblemKind::Order), Some(&1));
    }

    #[test]
    fn a_stem_is_the_name_without_its_endings() {
        let all = ["a/edge_p99.json.gz", "x.tar.xz/m/up.json", "plain", ".hidden", "v1.2 of this thing"].map(stem);
        assert_eq!(all, ["edge_p99", "up", "plain", ".hidden", "v1.2 of this thing"]);
    }

    #[test]
    fn a_table_of_queries_is_told_from_other_objects() {
        let table = br#"{"up":"up","p99":"histogram_quantile(0.99, sum by (le) (rate(x_bucket[10s])))"}"#;
        assert_eq!(queries(table).map(|found| found.len()), Some(2));
        for other in [
            &br#"{"name":"coroner","version":"1.2.3"}"#[..],
            br#"{"a":1}"#,
            b"[]",
            b"{}",
            br#"{"text":"a sentence (with a bracket) here"}"#,
        ] {
            assert_eq!(queries(other), None);
        }
    }

    #[test]
    fn a_number_too_large_is_refused_not_made_infinite() {
        assert!(value_of("1e400").is_err() && value_of("x").is_err());
        assert!(value_of("+Inf").is_ok_and(f64::is_infinite) && value_of("NaN").is_ok_and(f64::is_nan));
    }
}
