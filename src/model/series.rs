//! Metric series: identity, unit, samples, and columns reduced to screen width.

use std::fmt;
use std::sync::Arc;

use super::event::SourceId;
use super::time::{TimeRange, Timestamp};

/// Index of a series in the catalog; stable for the same set of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SeriesId(pub u32);

/// Label pairs sorted by name, without `__name__`.
///
/// Kept as one text, each name and value behind its length (`3:job5:order`): a million series have a million of these.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Labels(Box<str>);

impl Labels {
    /// Sorts the pairs by name; of equal names the last wins.
    pub fn new(mut pairs: Vec<(String, String)>) -> Self {
        pairs.reverse();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, kept| later.0 == kept.0);
        let mut text = String::with_capacity(pairs.iter().map(|(name, value)| name.len() + value.len() + 6).sum());
        for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
            text.push_str(&part.len().to_string());
            text.push(':');
            text.push_str(part);
        }
        Self(text.into_boxed_str())
    }

    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|pair| pair.0 == name).map(|pair| pair.1)
    }

    /// All pairs in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest: &str = &self.0;
        std::iter::from_fn(move || Some((next_part(&mut rest)?, next_part(&mut rest)?)))
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text that they are kept as: it holds every name and value, among other bytes.
    pub fn as_kept(&self) -> &str {
        &self.0
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.0.len()
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.iter().cmp(other.iter())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Takes a length and that many bytes off the front.
#[inline]
fn next_part<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (mut length, mut at) = (0_usize, 0);
    let bytes = rest.as_bytes();
    loop {
        let digit = bytes.get(at)?.wrapping_sub(b'0');
        at += 1;
        if digit > 9 {
            break;
        }
        length = length.wrapping_mul(10).wrapping_add(usize::from(digit));
    }
    let (part, after) = rest.get(at..)?.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

/// Labels that tell how a request ended, the most telling first.
pub const STATUS_LABELS: [&str; 15] = [
    "code",
    "status",
    "status_code",
    "http_status",
    "http_status_code",
    "http_response_status_code",
    "response_code",
    "statuscode",
    "code_class",
    "status_class",
    "grpc_code",
    "grpc_status",
    "rpc_grpc_status_code",
    "result",
    "outcome",
];

/// What the values count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Unit {
    /// Nothing known.
    #[default]
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share, 1 = 100 %.
    Ratio,
    /// Per second.
    PerSecond,
    /// Bytes per second.
    BytesPerSecond,
}

impl Unit {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "1",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
            Self::PerSecond => "1/s",
            Self::BytesPerSecond => "bytes/s",
        }
    }
}

/// How the values of a series behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SeriesKind {
    /// A value that goes up and down.
    #[default]
    Gauge,
    /// Only rises, but for resets.
    Counter,
    /// A rate over a window.
    Rate,
    /// A quantile, possibly clipped by its histogram's top bucket.
    Quantile,
    /// Part of a histogram or summary (`_bucket`, `_count`, `_sum`).
    HistogramPart,
}

impl SeriesKind {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Rate => "rate",
            Self::Quantile => "quantile",
            Self::HistogramPart => "histogram",
        }
    }
}

/// The bits of the `NaN` with which Prometheus says that a series has ended. Any other `NaN` is a value.
pub const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// One sample. `value` may be `NaN` or infinite when the source says so: that is a statement, not a gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When.
    pub time: Timestamp,
    /// What, in the unit of the series.
    pub value: f64,
}

impl Sample {
    /// Whether this says that the series has ended: no value from here on until the next sample.
    pub const fn is_stale_marker(self) -> bool {
        self.value.to_bits() == STALE_BITS
    }
}

/// What there is of a series at a moment. The four that look alike on a chart are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueState {
    /// A number other than zero.
    Value,
    /// The number zero: measured, nothing there.
    Zero,
    /// The source says that it is no number, such as 0/0.
    Nan,
    /// The source says that it is infinite.
    Infinite,
    /// There were values before, but none is left: a target did not answer or the series ended.
    Stale,
    /// There is no sample at or before the moment, or the expression had nothing to compute from.
    Absent,
}

impl ValueState {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Zero => "zero",
            Self::Nan => "nan",
            Self::Infinite => "inf",
            Self::Stale => "stale",
            Self::Absent => "absent",
        }
    }

    /// What the value that a source answered at `at` means for this series.
    pub fn of(meta: &SeriesMeta, value: Option<f64>, at: Timestamp) -> Self {
        match value {
            Some(value) if value.to_bits() == STALE_BITS => Self::Stale,
            Some(value) if value.is_nan() => Self::Nan,
            Some(value) if value.is_infinite() => Self::Infinite,
            Some(0.0) => Self::Zero,
            Some(_) => Self::Value,
            None if meta.derivation.is_some() => Self::Absent,
            None if meta.extent.is_some_and(|extent| extent.start() <= at) => Self::Stale,
            None => Self::Absent,
        }
    }
}

/// How a series was computed from others, so that anybody can compute it again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Derivation {
    /// The formula in `PromQL`. Prometheus answers the same at the times of the samples.
    pub formula: String,
    /// Window of its rates, ns, and the scrape interval that it was chosen from; `None` for formulas without one.
    pub window: Option<(i64, i64)>,
    /// Number of series that went in.
    pub n_inputs: u64,
    /// Upper bounds of the buckets of a histogram, rising, without +Inf.
    pub bounds: Vec<f64>,
    /// When counters that went in began again at zero: a restart; the rate counts on from there and is never negative.
    pub resets: Vec<Timestamp>,
    /// Whether the user wrote the formula.
    pub is_written: bool,
}

impl Derivation {
    /// Window, interval and treatment of resets in words; empty for formulas without a window.
    pub fn window_words(&self) -> String {
        let Some((window, step)) = self.window else { return String::new() };
        let seconds = |ns: i64| super::text::value(ns as f64 / super::time::NS_PER_S as f64, Unit::Seconds);
        format!(
            "{} = {} scrapes of {}; extrapolated to the ends of the window; a counter that falls counts on from zero",
            seconds(window),
            window / step.max(1),
            seconds(step)
        )
    }
}

/// What is known about a series besides its samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SeriesMeta {
    /// Index in the catalog.
    pub id: SeriesId,
    /// Metric name, or the stem of the file for a query answer without one.
    pub name: String,
    /// Labels.
    pub labels: Labels,
    /// Unit of the values.
    pub unit: Unit,
    /// Behaviour of the values.
    pub kind: SeriesKind,
    /// The query that produced it, if a neighbour file tells.
    pub query: Option<String>,
    /// Whether it was computed from log events or from other series; then `query` is the formula.
    pub is_derived: bool,
    /// How it was computed from other series; `None` for what was measured and for what comes from logs.
    pub derivation: Option<Arc<Derivation>>,
    /// The source it came from.
    pub source: SourceId,
    /// Other sources that hold the same series with the same values, in rising order.
    pub also_in: Box<[SourceId]>,
    /// Whether the source marks where a series ends, as a database of Prometheus does: without a mark a value lasts.
    pub marks_its_end: bool,
    /// Number of samples, special values included.
    pub n_samples: u64,
    /// From the first sample to just after the last; `None` when it has none.
    pub extent: Option<TimeRange>,
    /// Median distance of samples, ns; `None` with fewer than two.
    pub step_ns: Option<i64>,
    /// Least and greatest finite value.
    pub bounds: Option<(f64, f64)>,
    /// Upper limit that the values cannot exceed for technical reasons (top histogram bucket): a value at it prints with ≥.
    pub clip: Option<f64>,
}

impl SeriesMeta {
    /// `name{label="value",…}` as Prometheus prints it; just the name without labels.
    pub fn full_name(&self) -> String {
        let mut out = String::with_capacity(self.name.len() + self.labels.memory_bytes() + 8);
        self.write_full_name(&mut out).expect("a string takes everything");
        out
    }

    /// Whether this is its full name. Ends at the first difference, for a name is looked for among a million.
    pub fn is_called(&self, full_name: &str) -> bool {
        let mut rest = Rest(full_name);
        self.write_full_name(&mut rest).is_ok() && rest.0.is_empty()
    }

    /// Whether it is a share of log records, by their level, because none states how a request ended: no share of requests.
    pub fn is_share_of_records(&self) -> bool {
        self.name == "fromlogs:error_ratio" && self.query.as_deref().is_some_and(|formula| formula.contains("level error"))
    }

    fn write_full_name(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str(&self.name)?;
        let mut sign = '{';
        for (name, value) in self.labels.iter() {
            out.write_char(sign)?;
            out.write_str(name)?;
            write!(out, "={value:?}")?;
            sign = ',';
        }
        if self.labels.is_empty() { Ok(()) } else { out.write_char('}') }
    }

    /// All sources that hold it, the one that its samples were taken from first.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> {
        std::iter::once(self.source).chain(self.also_in.iter().copied())
    }

    /// After how many ns without a sample a value is stale: five steps, at least one second, at most five minutes; five
    /// minutes as in Prometheus where the end of a series is marked.
    pub fn staleness_ns(&self) -> i64 {
        const MAX: i64 = 300 * super::time::NS_PER_S;
        if self.derivation.is_some() {
            // Computed at every step: where there is none, the formula has no value.
            return self.step_ns.unwrap_or(MAX).clamp(1, MAX);
        }
        if self.marks_its_end {
            return MAX;
        }
        self.step_ns.map_or(MAX, |step| (step.saturating_mul(5)).clamp(super::time::NS_PER_S, MAX))
    }
}

/// A text that is compared with what is written.
struct Rest<'a>(&'a str);

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// All samples of one column of the screen. Finite values only; special ones are counted beside them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Least finite value.
    pub min: f64,
    /// Greatest finite value.
    pub max: f64,
    /// Mean of the finite values.
    pub mean: f64,
    /// Last finite value in time order.
    pub last: f64,
    /// Number of finite values; 0 when there are only special ones (then the four above are meaningless).
    pub count: u32,
    /// Samples that say NaN.
    pub n_nan: u32,
    /// Samples that say ±Inf.
    pub n_inf: u32,
}

/// One series over a range at screen width. A column without any sample is `None`, never 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// What was asked for.
    pub range: TimeRange,
    /// One entry a column, in time order.
    pub columns: Vec<Option<Bucket>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_labels_with_one_name_the_last_wins() {
        let labels = Labels::new(vec![("b".into(), "1".into()), ("a".into(), "2".into()), ("b".into(), "3".into())]);
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "2"), ("b", "3")]);
    }

    #[test]
    fn a_series_is_called_by_its_full_name_only() {
        let labels = |pairs: &[(&str, &str)]| Labels::new(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect());
        let all = [labels(&[]), labels(&[("a", "x\"\n")]), labels(&[("a", "x"), ("b", "é")]), labels(&[("a", "")])];
        let metas: Vec<SeriesMeta> =
            all.into_iter().map(|labels| SeriesMeta { name: "m".into(), labels, ..SeriesMeta::default() }).collect();
        let names: Vec<String> = metas.iter().map(SeriesMeta::full_name).collect();
        assert_eq!(names, ["m", r#"m{a="x\"\n"}"#, r#"m{a="x",b="é"}"#, r#"m{a=""}"#]);
        for (i, meta) in metas.iter().enumerate() {
            assert!(names.iter().enumerate().all(|(j, name)| meta.is_called(name) == (i == j)));
            assert!(!meta.is_called(&names[i][..names[i].len() - 1]) && !meta.is_called(&format!("{}x", names[i])));
        }
    }

    #[test]
    fn labels_come_out_as_they_went_in_whatever_they_hold() {
        let pairs = [("", "x:1"), ("3:a", ""), ("é", "7:\0"), ("job", "12:34")];
        let labels = Labels::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        let mut sorted = pairs;
        sorted.sort_unstable();
        assert_eq!(labels.iter().collect::<Vec<_>>(), sorted);
        assert_eq!(labels.get("job"), Some("12:34"));
        let other = Labels::new(vec![("a".into(), "10".into())]);
        assert!(other > Labels::default() && other < Labels::new(vec![("a".into(), "9".into())]), "by text, not by length");
    }
}
