//! Whether a series behaves differently in a window than in a baseline, and since when.
//!
//! Each window is a row of equal stretches, each with its mean; of a counter what it rises by in a second. Median and median
//! absolute deviation (Hampel 1974) say what is normal, so a spike in the baseline changes little. A tenth of the window is
//! looked at too: an outage that lasts a quarter of the window does not move its median. The one thing to know: both values of
//! a ratio carry the noise of the baseline, so that 0 → 1 is no infinite change.

use std::collections::HashSet;

use crate::model::compare::{Direction, Moved, Part, SeriesChange, Spread};
use crate::model::series::Bucket;
use crate::model::trend::Ramp;
use crate::model::{Columns, Sample, SeriesKind, SeriesMeta, Timestamp, Unit};

use super::stats::median;

/// Numbers that a window needs before anything is said of it.
const LEAST_SAMPLES: u64 = 5;
/// A value must leave the normal one by so many standard deviations, estimated from the median deviation.
const DEVIATIONS: f64 = 3.0;
/// Median absolute deviation of a normal distribution to its standard deviation.
const MAD_TO_SIGMA: f64 = 1.4826;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It differs.
    Differs(Box<SeriesChange>),
    /// It does not.
    Alike,
    /// Too few numbers to say.
    Few,
}

/// One stretch with numbers: where it begins and ends among the stretches, least, mean, greatest.
struct Stretch {
    index: usize,
    min: f64,
    mean: f64,
    max: f64,
}

/// The stretches of a window that have numbers, and how many numbers those are.
struct Course {
    all: Vec<Stretch>,
    n: u64,
}

/// Whether its numbers are what it rises by in a second.
pub fn is_rate(meta: &SeriesMeta) -> bool {
    matches!(meta.kind, SeriesKind::Counter | SeriesKind::HistogramPart)
}

/// Whether its quantiles and counts tell more than it does.
pub fn is_bucket(meta: &SeriesMeta) -> bool {
    (meta.kind == SeriesKind::HistogramPart || meta.name.ends_with("_bucket")) && meta.labels.get("le").is_some()
}

/// Whether what a series is about was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Its counters were at zero until they first appear.
    Known,
    /// It is new itself, and everything of it is.
    New,
}

/// What a series is about: instance, pod or host.
pub fn target_of(meta: &SeriesMeta) -> Option<&str> {
    ["instance", "pod", "host", "container"].into_iter().find_map(|label| meta.labels.get(label))
}

/// Metric and service, without how it was derived.
pub fn metric_of(meta: &SeriesMeta) -> String {
    let service = ["service", "service_name", "job", "app"].into_iter().find_map(|label| meta.labels.get(label));
    format!("{}\u{0}{}", meta.name.split(':').next().unwrap_or_default(), service.unwrap_or_default())
}

/// Compares one series. O(stretches).
pub fn series(meta: &SeriesMeta, target: Target, baseline: &Columns, window: &Columns) -> Verdict {
    let is_rate = is_rate(meta);
    let course = |columns: &Columns| if is_rate { risen(columns) } else { levels(columns) };
    let (before, after) = (course(baseline), course(window));
    let spreads = (spread(&before), spread(&after));
    let change = |direction, moved, score, departed| {
        Verdict::Differs(Box::new(SeriesChange {
            id: meta.id,
            name: meta.full_name(),
            unit: meta.unit,
            is_per_second: is_rate,
            baseline: spreads.0,
            window: spreads.1,
            direction,
            moved,
            score,
            departed,
            clip: meta.clip.filter(|_| !is_rate),
            n_more: 0,
        }))
    };
    let begin = |course: &Course| course.all.first().map(|first| edge(window, first.index));
    match spreads {
        (Some(was), None) if was.n >= LEAST_SAMPLES => change(Direction::Gone, None, 0.0, Some(window.range.start())),
        (None, Some(now)) if now.n >= LEAST_SAMPLES && is_rate && target == Target::Known => {
            // A counter that first appears was at zero: nothing had been counted.
            let (part, to) = if now.median > 0.0 { (Part::Median, now.median) } else { (Part::High, now.high) };
            if to <= 0.0 {
                return Verdict::Alike;
            }
            let noise = floor(meta, to, is_rate);
            change(Direction::New, Some(Moved { part, from: 0.0, to }), doublings(0.0, to, noise), begin(&after))
        }
        (None, Some(now)) if now.n >= LEAST_SAMPLES => change(Direction::New, None, 0.0, begin(&after)),
        (Some(was), Some(now)) if was.n >= LEAST_SAMPLES && now.n >= LEAST_SAMPLES => {
            let noise = noise(meta, &was, &now, is_rate);
            if goes_on((&before, baseline), (&after, window), noise) {
                return Verdict::Alike;
            }
            let Some((moved, score)) = most_moved(&was, &now, noise) else { return Verdict::Alike };
            let direction = if moved.to > moved.from { Direction::Up } else { Direction::Down };
            let departed = departure(&after, &was, noise, direction).map(|index| edge(window, index));
            change(direction, Some(moved), score, departed)
        }
        _ => Verdict::Few,
    }
}

/// Whether a steady rise or fall only goes on: nearly all of the window lies where the line of the baseline leads.
fn goes_on((before, baseline): (&Course, &Columns), (after, window): (&Course, &Columns), noise: f64) -> bool {
    let time = |columns: &Columns, index: usize| edge(columns, index).0 as f64 / crate::model::time::NS_PER_S as f64;
    let points: Vec<(f64, f64)> = before.all.iter().map(|stretch| (time(baseline, stretch.index), stretch.mean)).collect();
    let Some(ramp) = Ramp::of(&points).filter(|_| window.range.start() >= baseline.range.end()) else { return false };
    let is_on = |stretch: &&Stretch| {
        let at = time(window, stretch.index);
        (stretch.mean - ramp.at(at)).abs() <= noise + ramp.slack(at)
    };
    after.all.iter().filter(is_on).count() * 10 >= after.all.len() * 9
}

fn edge(columns: &Columns, index: usize) -> Timestamp {
    std::num::NonZeroUsize::new(columns.columns.len()).map_or(columns.range.start(), |n| columns.range.edge(index, n))
}

fn numbers(columns: &Columns) -> impl Iterator<Item = (usize, &Bucket)> {
    columns.columns.iter().enumerate().filter_map(|(index, bucket)| Some((index, bucket.as_ref().filter(|bucket| bucket.count > 0)?)))
}

/// The values of a gauge.
fn levels(columns: &Columns) -> Course {
    let all = numbers(columns).map(|(index, bucket)| Stretch { index, min: bucket.min, mean: bucket.mean, max: bucket.max });
    Course { all: all.collect(), n: numbers(columns).map(|(_, bucket)| u64::from(bucket.count)).sum() }
}

/// The mean of each stretch that has a number, by its index; of a counter what it rises by in a second.
pub(super) fn means(meta: &SeriesMeta, columns: &Columns) -> Vec<(usize, f64)> {
    let course = if is_rate(meta) { risen(columns) } else { levels(columns) };
    course.all.into_iter().map(|stretch| (stretch.index, stretch.mean)).collect()
}

/// What a counter rises by in a second, from stretch to stretch; one that fell began again at zero.
fn risen(columns: &Columns) -> Course {
    let n = columns.columns.len().max(1);
    let width_s = columns.range.len_ns() as f64 / n as f64 / crate::model::time::NS_PER_S as f64;
    let mut all = Vec::new();
    let mut before: Option<(usize, f64)> = None;
    for (index, bucket) in numbers(columns) {
        if let Some((last, value)) = before {
            let rise = if bucket.last >= value { bucket.last - value } else { bucket.last.max(0.0) };
            let rate = rise / ((index - last) as f64 * width_s).max(f64::MIN_POSITIVE);
            all.push(Stretch { index, min: rate, mean: rate, max: rate });
        }
        before = Some((index, bucket.last));
    }
    Course { all, n: numbers(columns).map(|(_, bucket)| u64::from(bucket.count)).sum() }
}

fn spread(course: &Course) -> Option<Spread> {
    let mut means: Vec<f64> = course.all.iter().map(|stretch| stretch.mean).collect();
    means.sort_by(f64::total_cmp);
    let last = means.len().checked_sub(1)?;
    // Towards the middle: of few stretches one is not a tenth.
    let tenth = last.div_ceil(10);
    let middle = median(means.clone())?;
    let mad = median(means.iter().map(|value| (value - middle).abs()).collect())?;
    let min = course.all.iter().map(|stretch| stretch.min).fold(f64::INFINITY, f64::min);
    let max = course.all.iter().map(|stretch| stretch.max).fold(f64::NEG_INFINITY, f64::max);
    Some(Spread { median: middle, mad, low: means[tenth], high: means[last - tenth], min, max, n: course.n })
}

/// Below this a change means nothing in the unit: a millisecond, one per cent, one of a count.
pub(super) fn floor(meta: &SeriesMeta, greatest: f64, is_rate: bool) -> f64 {
    match meta.unit {
        Unit::Bytes => 65_536.0,
        _ if is_rate => (greatest * 0.01).clamp(f64::MIN_POSITIVE, 1.0),
        Unit::Seconds => 0.001,
        Unit::Ratio => 0.01,
        Unit::PerSecond => (greatest * 0.01).clamp(0.1, 1.0),
        Unit::BytesPerSecond => 1_024.0,
        Unit::None if greatest > 2.0 => 1.0,
        Unit::None => (greatest * 0.01).max(f64::MIN_POSITIVE),
    }
}

/// What of a difference may be noise: the deviation of the baseline, a fiftieth of its value, or what means nothing.
fn noise(meta: &SeriesMeta, was: &Spread, now: &Spread, is_rate: bool) -> f64 {
    let greatest = [was.min, was.max, now.min, now.max].into_iter().map(f64::abs).fold(0.0, f64::max);
    (MAD_TO_SIGMA * was.mad).max(was.median.abs() * 0.02).max(floor(meta, greatest, is_rate))
}

/// Doublings or halvings from one to the other, with the noise added to both.
fn doublings(from: f64, to: f64, noise: f64) -> f64 {
    let nearer = if from.signum() == to.signum() { from.abs().min(to.abs()) } else { 0.0 };
    (1.0 + (to - from).abs() / (nearer + noise)).log2()
}

/// The part of the window that moved most, if it left what is normal.
fn most_moved(was: &Spread, now: &Spread, noise: f64) -> Option<(Moved, f64)> {
    let far = DEVIATIONS * noise;
    let median_left = (now.median - was.median).abs() > far && !(was.low..=was.high).contains(&now.median);
    let candidates = [
        (Part::Median, was.median, now.median, median_left),
        (Part::High, was.high, now.high, now.high > was.max && now.high - was.high > far),
        (Part::Low, was.low, now.low, now.low < was.min && was.low - now.low > far),
    ];
    let moved = candidates.into_iter().filter(|candidate| candidate.3);
    let scored = moved.map(|(part, from, to, _)| (Moved { part, from, to }, doublings(from, to, noise)));
    // The median says most; another part must tell clearly more.
    scored.reduce(|best, other| if other.1 > best.1 * 1.25 { other } else { best })
}

/// The first stretch beyond everything that the baseline spans, with the next one beyond it too.
fn departure(course: &Course, was: &Spread, noise: f64, direction: Direction) -> Option<usize> {
    let is_out = |stretch: &Stretch| match direction {
        Direction::Down | Direction::Gone => stretch.mean < was.min - noise,
        Direction::Up | Direction::New => stretch.mean > was.max + noise,
    };
    let at = |index: usize| course.all.get(index).is_none_or(is_out);
    (0..course.all.len()).find(|index| is_out(&course.all[*index]) && at(index + 1)).map(|index| course.all[index].index)
}

/// The first sample that is itself beyond everything the baseline spans, among those from the one before the stretch of
/// departure on; of a counter, the first that rose that fast; of what was not there before, the first of all. `None` when
/// the stretch tells it only as a whole.
pub fn first_beyond(meta: &SeriesMeta, change: &SeriesChange, samples: &[Sample]) -> Option<Timestamp> {
    let (now, departed) = (change.window?, change.departed?);
    let Some(was) = change.baseline else {
        return samples.iter().map(|sample| sample.time).find(|time| *time >= departed);
    };
    let noise = noise(meta, &was, &now, change.is_per_second);
    let is_down = matches!(change.direction, Direction::Down | Direction::Gone);
    let is_out = |value: f64| if is_down { value < was.min - noise } else { value > was.max + noise };
    let numbers: Vec<Sample> = samples.iter().filter(|sample| sample.value.is_finite()).copied().collect();
    let level_is_out = |sample: &&Sample| sample.time >= departed && is_out(sample.value);
    if !change.is_per_second {
        return numbers.iter().find(level_is_out).map(|sample| sample.time);
    }
    let rate = |pair: &[Sample]| {
        let rise = if pair[1].value >= pair[0].value { pair[1].value - pair[0].value } else { pair[1].value.max(0.0) };
        rise * crate::model::time::NS_PER_S as f64 / pair[1].time.since(pair[0].time).max(1) as f64
    };
    numbers.windows(2).find(|pair| pair[1].time >= departed && is_out(rate(pair))).map(|pair| pair[1].time)
}

/// Puts the changes in order: most doublings first, then what is new and what is gone without a number to compare. Of each
/// metric, named by `metric_of`, one comes first; the others wait behind everything.
pub fn rank(changes: &mut Vec<SeriesChange>, metric_of: &dyn Fn(&SeriesChange) -> String) {
    sort(changes);
    let mut seen = HashSet::new();
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for change in changes.drain(..) {
        if seen.insert(metric_of(&change)) { first.push(change) } else { others.push(change) }
    }
    changes.append(&mut first);
    changes.append(&mut others);
}

fn sort(changes: &mut [SeriesChange]) {
    let group = |change: &SeriesChange| match (change.direction, change.moved) {
        (_, Some(_)) => 0,
        (Direction::Gone, None) => 2,
        (_, None) => 1,
    };
    changes.sort_by(|a, b| {
        let by_time = || a.departed.cmp(&b.departed);
        group(a).cmp(&group(b)).then(b.score.total_cmp(&a.score)).then_with(by_time).then_with(|| a.name.cmp(&b.name))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimeRange;

    fn columns(values: &[f64]) -> Columns {
        let cell = |value: &f64| {
            (!value.is_nan()).then_some(Bucket { min: *value, max: *value, mean: *value, last: *value, count: 1, n_nan: 0, n_inf: 0 })
        };
        let range = TimeRange::new(Timestamp(0), Timestamp::from_secs(values.len() as i64));
        Columns { range, columns: values.iter().map(cell).collect() }
    }

    fn told(kind: SeriesKind, before: &[f64], after: &[f64]) -> String {
        let meta = SeriesMeta { name: "x".into(), kind, ..SeriesMeta::default() };
        match series(&meta, Target::Known, &columns(before), &columns(after)) {
            Verdict::Alike => "alike".into(),
            Verdict::Few => "few".into(),
            Verdict::Differs(change) => {
                let since = change.departed.map(|at| format!(" at {}", at.0 / 1_000_000_000)).unwrap_or_default();
                format!("{} {}{since}", change.direction.name(), change.facts())
            }
        }
    }

    const NORMAL: [f64; 10] = [33.0, 34.0, 33.0, 32.0, 33.0, 34.0, 33.0, 33.0, 35.0, 33.0];

    #[test]
    fn a_level_that_rose_is_told_with_its_first_departure() {
        let risen = [33.0, 34.0, 33.0, 900.0, 1000.0, 1200.0, 1200.0, 1100.0, 1000.0, 1000.0];
        assert_eq!(told(SeriesKind::Gauge, &NORMAL, &risen), "up 33 → 1 000 (median), ×30, peak 1 200; 10 and 10 samples at 3");
        assert_eq!(told(SeriesKind::Gauge, &risen, &NORMAL), "alike", "within what the noisy half spans");
        assert_eq!(told(SeriesKind::Gauge, &NORMAL, &NORMAL), "alike");
    }

    #[test]
    fn an_outage_of_a_quarter_of_the_window_is_seen_though_the_median_stays() {
        let mut short = vec![33.0; 40];
        short[10..20].fill(900.0);
        assert_eq!(told(SeriesKind::Gauge, &NORMAL, &short), "up 34 → 900 (p90 over the time), ×26, peak 900; 10 and 40 samples at 10");
        let mut spike = vec![33.0; 40];
        spike[10] = 900.0;
        assert_eq!(told(SeriesKind::Gauge, &NORMAL, &spike), "alike");
    }

    #[test]
    fn counters_are_compared_by_what_they_rise_and_a_restart_is_no_fall() {
        let steady: Vec<f64> = (0..10).map(|i| 1000.0 + f64::from(i) * 5.0).collect();
        let restarted: Vec<f64> = (0..10).map(|i| f64::from(i) * 5.0).collect();
        assert_eq!(told(SeriesKind::Counter, &steady, &restarted), "alike");
        let fast: Vec<f64> = (0..10).map(|i| f64::from(i) * 50.0).collect();
        assert_eq!(told(SeriesKind::Counter, &steady, &fast), "up 5 /s → 50 /s (median), ×10, peak 50 /s; 10 and 10 samples at 1");
    }

    #[test]
    fn what_is_not_there_is_new_or_gone_and_few_samples_say_nothing() {
        assert_eq!(told(SeriesKind::Gauge, &NORMAL, &[f64::NAN; 9]), "gone no number any more, before 33 (median); 10 and 0 samples at 0");
        assert!(told(SeriesKind::Gauge, &[f64::NAN; 9], &NORMAL).starts_with("new none before, now 32 to 35, median 33"));
        assert_eq!(told(SeriesKind::Gauge, &NORMAL, &[1.0, 900.0]), "few");
        assert_eq!(told(SeriesKind::Gauge, &[], &[]), "few");
        assert_eq!(told(SeriesKind::Gauge, &[0.0; 9], &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]), "alike");
    }

    #[test]
    fn departure_is_told_to_the_sample_and_a_counter_by_its_rise() {
        let stretched = |kind, after: &[f64], samples: &[(i64, f64)]| {
            let meta = SeriesMeta { name: "x".into(), kind, ..SeriesMeta::default() };
            let normal: Vec<f64> = if kind == SeriesKind::Counter { (0..9).map(f64::from).collect() } else { vec![1.0; 9] };
            let Verdict::Differs(change) = series(&meta, Target::Known, &columns(&normal), &columns(after)) else { panic!("it differs") };
            let at = |(ms, value): &(i64, f64)| Sample { time: Timestamp(ms * 1_000_000), value: *value };
            let samples: Vec<Sample> = samples.iter().map(at).collect();
            (change.departed.map(|at| at.0 / 1_000_000), first_beyond(&meta, &change, &samples).map(|at| at.0 / 1_000_000))
        };
        let gauge = stretched(SeriesKind::Gauge, &[1.0, 1.0, 60.0, 90.0, 90.0, 90.0], &[(1_900, 1.0), (2_100, 1.0), (2_600, 90.0)]);
        assert_eq!(gauge, (Some(2_000), Some(2_600)));
        let counter =
            stretched(SeriesKind::Counter, &[9.0, 10.0, 50.0, 90.0, 130.0, 170.0], &[(1_900, 10.0), (2_300, 10.4), (2_800, 50.0)]);
        assert_eq!(counter, (Some(2_000), Some(2_800)));
        let meta = SeriesMeta { name: "x".into(), ..SeriesMeta::default() };
        let Verdict::Differs(born) = series(&meta, Target::New, &columns(&[]), &columns(&[7.0; 6])) else { panic!("it is new") };
        let first = Sample { time: Timestamp(300_000_000), value: 7.0 };
        assert_eq!(first_beyond(&meta, &born, &[first]), Some(first.time), "a pin there has a value");
    }

    #[test]
    fn the_greatest_change_comes_first_and_what_is_gone_last() {
        let change = |name: &str, direction, score: f64| SeriesChange {
            id: crate::model::SeriesId(0),
            name: name.into(),
            unit: Unit::None,
            is_per_second: false,
            baseline: None,
            window: None,
            direction,
            moved: (score > 0.0).then_some(Moved { part: Part::Median, from: 1.0, to: 2.0 }),
            score,
            departed: None,
            clip: None,
            n_more: 0,
        };
        let mut all = vec![
            change("gone", Direction::Gone, 0.0),
            change("new", Direction::New, 0.0),
            change("little", Direction::Up, 1.0),
            change("much", Direction::Down, 5.0),
            change("much:rate", Direction::Down, 4.0),
        ];
        rank(&mut all, &|change| change.name.split(':').next().unwrap_or_default().to_owned());
        assert_eq!(all.iter().map(|change| change.name.as_str()).collect::<Vec<_>>(), ["much", "little", "new", "gone", "much:rate"]);
    }
}
