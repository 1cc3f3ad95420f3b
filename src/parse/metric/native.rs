//! Native histograms: samples that hold all their buckets, from any format, and the series that are made of them.
//!
//! Panels and quantiles know classic histograms, so a native one becomes `NAME_count`, `NAME_sum` and cumulative
//! `NAME_bucket{le=…}`: one series for every bound that any sample states, lower or upper. A sample whose bucket reaches over a bound
//! (its resolution was lower then) has no value there: a gap, never a guess.

use crate::model::series::STALE_BITS;
use crate::model::{Labels, Sample, SeriesKind, Timestamp};
use crate::parse::ParsedSeries;

/// The schema whose bounds are listed instead of computed.
pub const CUSTOM_SCHEMA: i32 = -53;

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// When, ms since 1970.
    pub time_ms: i64,
    /// Observations; for a stale marker the stale value.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// Filled buckets by rising bounds; they do not overlap.
    pub buckets: Vec<Bucket>,
}

impl Histogram {
    /// The end of a series.
    pub fn stale(time_ms: i64) -> Self {
        let stale = f64::from_bits(STALE_BITS);
        Self { time_ms, count: stale, sum: stale, buckets: Vec::new() }
    }

    fn is_stale(&self) -> bool {
        self.sum.to_bits() == STALE_BITS
    }
}

/// Observations between two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// How many observations.
    pub count: f64,
}

/// Neighbouring buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Buckets that are left out before it; for the first span its first index.
    pub offset: i32,
    /// How many buckets.
    pub length: u32,
}

/// Which buckets the counts of a histogram belong to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// Resolution: a power of two holds `2^schema` buckets.
    pub schema: i32,
    /// Width of the bucket around zero.
    pub zero_threshold: f64,
    /// Buckets above zero.
    pub positive: Vec<Span>,
    /// Buckets below zero.
    pub negative: Vec<Span>,
    /// Bounds of the custom schema.
    pub custom: Vec<f64>,
}

impl Layout {
    /// Number of counts above zero.
    pub fn n_positive(&self) -> u64 {
        self.positive.iter().map(|span| u64::from(span.length)).sum()
    }

    /// Number of counts below zero.
    pub fn n_negative(&self) -> u64 {
        self.negative.iter().map(|span| u64::from(span.length)).sum()
    }

    /// The buckets that hold something, by rising bounds. Counts are absolute.
    pub fn buckets(&self, zero: f64, positive: &[f64], negative: &[f64]) -> Vec<Bucket> {
        let is_filled = |(_, count): &(i64, f64)| *count != 0.0;
        let mut buckets: Vec<Bucket> = Vec::new();
        let below = indexes(&self.negative).zip(negative.iter().copied()).filter(is_filled);
        buckets.extend(below.map(|(index, count)| Bucket { lower: -self.bound(index), upper: -self.bound(index - 1), count }));
        buckets.reverse();
        if zero != 0.0 {
            buckets.push(Bucket { lower: -self.zero_threshold, upper: self.zero_threshold, count: zero });
        }
        let above = indexes(&self.positive).zip(positive.iter().copied()).filter(is_filled);
        buckets.extend(above.map(|(index, count)| Bucket { lower: self.bound(index - 1), upper: self.bound(index), count }));
        buckets
    }

    /// Upper bound of the bucket `index` above zero. The same bound has the same bits in every resolution.
    pub fn bound(&self, index: i64) -> f64 {
        if self.schema == CUSTOM_SCHEMA {
            return match usize::try_from(index) {
                Err(_) => f64::NEG_INFINITY,
                Ok(index) => self.custom.get(index).copied().unwrap_or(f64::INFINITY),
            };
        }
        // In parts of the finest resolution, 256 to a power of two.
        let parts = if self.schema <= 8 {
            index.saturating_mul(1 << (8 - self.schema).clamp(0, 40))
        } else {
            return (index as f64 / f64::from(self.schema.min(60)).exp2()).exp2();
        };
        let (whole, part) = (parts.div_euclid(256), parts.rem_euclid(256));
        let bound = (whole as f64).exp2() * (part as f64 / 256.0).exp2();
        // The topmost bucket ends at the greatest float: above it there is only infinity.
        if whole == 1024 && part == 0 { f64::MAX } else { bound }
    }
}

/// Indexes of the buckets of spans.
fn indexes(spans: &[Span]) -> impl Iterator<Item = i64> + '_ {
    let mut next = 0_i64;
    spans.iter().flat_map(move |span| {
        let first = next + i64::from(span.offset);
        next = first + i64::from(span.length);
        first..next
    })
}

/// How many samples `series` would make of these, for limits.
pub fn n_samples(histograms: &[Histogram]) -> u64 {
    histograms.iter().map(|one| 2 + one.buckets.len() as u64).sum()
}

/// The series of a native histogram, times in rising order.
pub fn series(name: &str, labels: &Labels, histograms: &[Histogram]) -> Vec<ParsedSeries> {
    let mut bounds: Vec<f64> =
        histograms.iter().flat_map(|one| one.buckets.iter().flat_map(|bucket| [bucket.lower, bucket.upper])).collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup_by_key(|bound| bound.to_bits());
    bounds.retain(|bound| bound.is_finite());
    let placed = || histograms.iter().filter_map(|one| Some((one, Timestamp(one.time_ms.checked_mul(1_000_000)?))));
    let one = |end: &str, labels: Labels, samples: Vec<Sample>| ParsedSeries {
        name: format!("{name}{end}"),
        labels,
        kind: SeriesKind::HistogramPart,
        samples,
        ..ParsedSeries::default()
    };
    let mut all = vec![
        one("_count", labels.clone(), placed().map(|(one, time)| Sample { time, value: one.count }).collect()),
        one("_sum", labels.clone(), placed().map(|(one, time)| Sample { time, value: one.sum }).collect()),
    ];
    let with_le = |le: String| Labels::new(labels.iter().map(own).chain([("le".to_owned(), le)]).collect());
    let mut columns: Vec<Vec<Sample>> = bounds.iter().map(|_| Vec::new()).collect();
    for (one, time) in placed() {
        if one.is_stale() {
            for column in &mut columns {
                column.push(Sample { time, value: one.count });
            }
            continue;
        }
        let (mut below, mut next) = (0.0, one.buckets.iter().peekable());
        for (bound, column) in bounds.iter().zip(&mut columns) {
            while let Some(bucket) = next.next_if(|bucket| bucket.upper <= *bound) {
                below += bucket.count;
            }
            if next.peek().is_none_or(|bucket| bucket.lower >= *bound) {
                column.push(Sample { time, value: below });
            }
        }
    }
    all.extend(bounds.iter().zip(columns).map(|(bound, samples)| one("_bucket", with_le(written(*bound)), samples)));
    let infinite = placed().map(|(one, time)| Sample { time, value: one.count }).collect();
    all.push(one("_bucket", with_le("+Inf".to_owned()), infinite));
    all
}

/// A histogram as `promtool tsdb dump` prints it: `{count:3, sum:2, [-0.001,0.001]:2, (1,2]:1}`.
pub fn from_text(text: &str, time_ms: i64) -> Option<Histogram> {
    let number = |text: &str| super::value_of(text.trim()).ok();
    let body = text.strip_prefix('{')?.strip_suffix('}')?;
    let (count, rest) = body.strip_prefix("count:")?.split_once(", sum:")?;
    let (sum, mut rest) = rest.split_once(", ").map_or((rest, ""), |(sum, rest)| (sum, rest));
    let mut buckets = Vec::new();
    while !rest.is_empty() {
        let (bounds, after) = rest.split_once(':')?;
        let (lower, upper) = bounds.strip_prefix(['[', '('])?.strip_suffix([']', ')'])?.split_once(',')?;
        let (held, after) = after.split_once(", ").unwrap_or((after, ""));
        buckets.push(Bucket { lower: number(lower)?, upper: number(upper)?, count: number(held)? });
        rest = after;
    }
    buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
    Some(Histogram { time_ms, count: number(count)?, sum: number(sum)?, buckets })
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A bound as text that reads back as the same number.
fn written(bound: f64) -> String {
    if bound != 0.0 && !(1e-6..1e21).contains(&bound.abs()) { format!("{bound:e}") } else { format!("{bound}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(lower: f64, upper: f64, count: f64) -> Bucket {
        Bucket { lower, upper, count }
    }

    #[test]
    fn spans_and_schema_say_which_bounds_a_count_has() {
        let layout = Layout {
            schema: 0,
            zero_threshold: 0.001,
            positive: vec![Span { offset: 0, length: 2 }, Span { offset: 1, length: 1 }],
            negative: vec![Span { offset: 1, length: 1 }],
            custom: Vec::new(),
        };
        let got = layout.buckets(2.0, &[1.0, 3.0, 5.0], &[7.0]);
        assert_eq!(
            got,
            [bucket(-2.0, -1.0, 7.0), bucket(-0.001, 0.001, 2.0), bucket(0.5, 1.0, 1.0), bucket(1.0, 2.0, 3.0), bucket(4.0, 8.0, 5.0),]
        );
        let custom = Layout { schema: CUSTOM_SCHEMA, positive: vec![Span { offset: 0, length: 3 }], custom: vec![0.1, 1.0], ..layout };
        assert_eq!(
            custom.buckets(0.0, &[1.0, 2.0, 3.0], &[]),
            [bucket(f64::NEG_INFINITY, 0.1, 1.0), bucket(0.1, 1.0, 2.0), bucket(1.0, f64::INFINITY, 3.0),]
        );
    }

    #[test]
    fn the_text_of_a_dump_is_read() {
        let got = from_text("{count:11, sum:-1.5e-07, [-1,-0.5):2, [-0.001,0.001]:3, (0.5,+Inf]:6}", 7).unwrap();
        assert_eq!((got.count, got.sum, got.time_ms), (11.0, -1.5e-7, 7));
        assert_eq!(got.buckets, [bucket(-1.0, -0.5, 2.0), bucket(-0.001, 0.001, 3.0), bucket(0.5, f64::INFINITY, 6.0)]);
        assert_eq!(from_text("{count:0, sum:0}", 7).map(|one| one.buckets.len()), Some(0));
        assert!(["", "{}", "{count:1}", "{count:1, sum:x}", "{count:1, sum:1, (1,2]}"].iter().all(|text| from_text(text, 7).is_none()));
    }

    #[test]
    fn a_bound_has_the_same_bits_in_every_resolution() {
        let at = |schema, index| Layout { schema, ..Layout::default() }.bound(index).to_bits();
        for index in -40..40 {
            assert_eq!(at(0, index), at(3, index * 8));
            assert_eq!(at(3, index), at(8, index * 32));
            assert_eq!(at(-4, index), at(0, index * 16));
        }
        assert_eq!(at(8, 262_144), f64::MAX.to_bits());
    }

    #[test]
    fn buckets_become_cumulative_series_and_a_lower_resolution_a_gap() {
        let histograms = [
            Histogram {
                time_ms: 1000,
                count: 6.0,
                sum: 9.0,
                buckets: vec![bucket(0.5, 1.0, 1.0), bucket(1.0, 2.0, 2.0), bucket(2.0, 4.0, 3.0)],
            },
            Histogram { time_ms: 2000, count: 8.0, sum: 11.0, buckets: vec![bucket(0.25, 1.0, 4.0), bucket(1.0, 4.0, 4.0)] },
            Histogram::stale(3000),
        ];
        let all = series("x", &Labels::default(), &histograms);
        let text: Vec<String> = all
            .iter()
            .map(|one| {
                let values: Vec<String> =
                    one.samples.iter().map(|sample| format!("{}@{}", sample.value, sample.time.0 / 1_000_000_000)).collect();
                format!("{}{} {}", one.name, one.labels.get("le").unwrap_or(""), values.join(" "))
            })
            .collect();
        assert_eq!(
            text,
            [
                "x_count 6@1 8@2 NaN@3",
                "x_sum 9@1 11@2 NaN@3",
                "x_bucket0.25 0@1 0@2 NaN@3",
                "x_bucket0.5 0@1 NaN@3",
                "x_bucket1 1@1 4@2 NaN@3",
                "x_bucket2 3@1 NaN@3",
                "x_bucket4 6@1 8@2 NaN@3",
                "x_bucket+Inf 6@1 8@2 NaN@3",
            ]
        );
    }
}
