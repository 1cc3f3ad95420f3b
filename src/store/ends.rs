//! Where series of a text dump ended: Prometheus marks it with a NaN of its own, which text cannot tell from others.
//!
//! A marker stands alone: before it lie numbers, behind it nothing for a while. That of a counter, a bucket or an alert is
//! certain, for those are never NaN; gauges of the same target that turn NaN in the same moment ended with it. A NaN among
//! other NaN is a value, such as a quotient of nothing by nothing.

use std::collections::HashSet;

use crate::model::series::STALE_BITS;
use crate::model::{Labels, Sample, SeriesKind};
use crate::parse::ParsedSeries;

/// Turns the NaN that mark an end into what Prometheus wrote. O(samples).
pub fn mark(series: &mut [ParsedSeries]) {
    let mut certain: HashSet<(String, i64)> = HashSet::new();
    for one in series.iter_mut().filter(|one| is_never_nan(one)) {
        for index in lone_nans(&one.samples) {
            certain.insert((target(&one.labels), one.samples[index].time.0));
            one.samples[index].value = f64::from_bits(STALE_BITS);
        }
    }
    for one in series {
        let nans = lone_nans(&one.samples);
        if nans.is_empty() {
            continue;
        }
        let step = step_ns(one);
        for index in nans {
            let at = one.samples[index].time;
            let is_before_gap = one.samples.get(index + 1).is_none_or(|next| next.time.since(at) > step + step / 2);
            if is_before_gap || certain.contains(&(target(&one.labels), at.0)) {
                one.samples[index].value = f64::from_bits(STALE_BITS);
            }
        }
    }
}

/// Counters, buckets, and the series that Prometheus itself writes for alerts, which is 1 or not there.
fn is_never_nan(series: &ParsedSeries) -> bool {
    matches!(series.kind, SeriesKind::Counter | SeriesKind::HistogramPart) || matches!(series.name.as_str(), "ALERTS" | "ALERTS_FOR_STATE")
}

/// NaN between numbers, or at the end behind one.
fn lone_nans(samples: &[Sample]) -> Vec<usize> {
    let is_nan = |index: usize| samples.get(index).is_some_and(|sample| sample.value.is_nan() && !sample.is_stale_marker());
    (1..samples.len()).filter(|index| is_nan(*index) && !is_nan(index - 1) && !is_nan(index + 1)).collect()
}

fn target(labels: &Labels) -> String {
    ["job", "instance"].map(|name| labels.get(name).unwrap_or_default()).join("\n")
}

/// Median distance of neighbouring samples.
fn step_ns(series: &ParsedSeries) -> i64 {
    let times = || series.iter().map(|sample| sample.time);
    let mut steps: Vec<i64> = times().zip(times().skip(1)).map(|(a, b)| b.since(a)).collect();
    let middle = steps.len() / 2;
    if steps.is_empty() { 0 } else { *steps.select_nth_unstable(middle).1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    /// One sample a second, `n` for NaN, `-` for none; `s` in the answer is a marker.
    fn marked(lines: &[(SeriesKind, &str)]) -> Vec<String> {
        let sample = |(second, word): (usize, &str)| {
            let value = if word == "n" { f64::NAN } else { word.parse().ok()? };
            Some(Sample { time: Timestamp::from_secs(second as i64), value })
        };
        let parsed = |(kind, words): &(SeriesKind, &str)| {
            let samples = words.split(' ').enumerate().filter_map(sample).collect();
            ParsedSeries { kind: *kind, samples, ..ParsedSeries::default() }
        };
        let mut series: Vec<ParsedSeries> = lines.iter().map(parsed).collect();
        mark(&mut series);
        let word = |sample: &Sample| match sample.value {
            _ if sample.is_stale_marker() => "s".to_owned(),
            value if value.is_nan() => "n".to_owned(),
            value => value.to_string(),
        };
        series.iter().map(|one| one.samples.iter().map(word).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_nan_before_a_gap_is_an_end_and_one_among_others_a_value() {
        let gauge = |words: &str| marked(&[(SeriesKind::Gauge, words)]).join("");
        assert_eq!(gauge("1 2 n - - 4 5"), "1 2 s 4 5");
        assert_eq!(gauge("1 2 3 n"), "1 2 3 s");
        assert_eq!(gauge("1 n n 2 3"), "1 n n 2 3");
        assert_eq!(gauge("1 n 2 3 4"), "1 n 2 3 4");
        assert_eq!(gauge("n n n"), "n n n");
    }

    #[test]
    fn a_counter_is_never_nan_and_takes_the_gauges_of_its_target_along() {
        let got = marked(&[(SeriesKind::Counter, "1 2 n 3"), (SeriesKind::Gauge, "1 2 n 3"), (SeriesKind::Gauge, "1 n 3 4")]);
        assert_eq!(got, ["1 2 s 3", "1 2 s 3", "1 n 3 4"]);
    }
}
