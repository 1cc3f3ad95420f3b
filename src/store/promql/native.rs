//! Functions over whole histograms: `histogram_quantile(0.9, sum by (a) (rate(x[5m])))` and its like, where `x` was a native
//! histogram and is kept as `x_bucket`, `x_count` and `x_sum`.
//!
//! The numbers are those of Prometheus 2.42 (`histogramRate` in `promql/functions.go`, `histogramQuantile` and
//! `histogramFraction` in `promql/quantile.go`). Its buckets are found again between the bounds that are kept, and their
//! resolution from how far these lie apart: samples of several are brought to the lowest. A classic histogram of that name
//! is answered in the same way.

use std::collections::HashMap;

use super::parse::{Grouping, Histogram, Node, Selector};
use super::quantile::{BOUND, bound};
use super::rows::{NAME, Row, without};
use super::window::{Covered, reached};
use super::{LOOK_BACK_NS, MAX_CELLS, Pool, Scope};
use crate::model::{Labels, Sample, Timestamp};
use crate::store::StoreError;

/// A share of all observations below which a bucket of a histogram of fractions is what rounding left.
const DUST: f64 = 1e-12;

/// The resolution of a histogram that holds nothing which would tell.
const ANY: i32 = i32::MAX;

/// Observations between two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    lower: f64,
    upper: f64,
    count: f64,
}

/// A histogram at one moment: buckets that hold something, by rising bounds, none over another.
#[derive(Debug, Clone, PartialEq, Default)]
struct Spread {
    count: f64,
    sum: f64,
    buckets: Vec<Bucket>,
    /// Lowest resolution of the samples in it, see `Bucket::schema`; `None` when the bounds are no powers.
    schema: Option<i32>,
}

/// One histogram over time.
struct Course {
    /// Without a name.
    labels: Labels,
    times: Vec<Timestamp>,
    /// Observations at each time; a staleness marker where the series ended.
    counts: Vec<f64>,
    sums: Vec<f64>,
    /// Finite and rising.
    bounds: Vec<f64>,
    /// Observations up to each bound, the bounds of one time after another; NaN where a bucket reaches over the bound.
    below: Vec<f64>,
    /// Whether the histogram began again at this time.
    is_reset: Vec<bool>,
    /// Resolution at each time; empty for bounds that are no powers.
    schemas: Vec<i32>,
}

/// An argument that is a histogram: a selector, a rate of it, the sum of either.
pub(super) struct Asked<'a> {
    selector: &'a Selector,
    name: &'a str,
    /// Function and its window, ns.
    window: Option<(&'static str, i64)>,
    /// From the innermost.
    groupings: Vec<&'a Grouping>,
    is_mean: bool,
}

/// What an argument asks for, when it is one of a histogram that is kept as its buckets. `Err` has the word that is not
/// supported there.
pub(super) fn asked<'a>(node: &'a Node, pool: &Pool<'_>) -> Result<Option<Asked<'a>>, &'static str> {
    let of = |selector: &'a Selector, window| {
        let name = selector.name.as_deref().filter(|name| is_kept_apart(name, pool));
        name.map(|name| Asked { selector, name, window, groupings: Vec::new(), is_mean: false })
    };
    Ok(match node {
        Node::Select(selector) => of(selector, None),
        Node::Window(window) => match of(&window.selector, Some((window.function, window.range_ns))) {
            Some(_) if !matches!(window.function, "rate" | "increase") => return Err(window.function),
            asked => asked,
        },
        Node::Aggregate(aggregate) => match asked(&aggregate.of, pool)? {
            Some(inner) if !matches!(aggregate.function, "sum" | "avg") || inner.is_mean => return Err(aggregate.function),
            Some(inner) if aggregate.function == "avg" && !inner.groupings.is_empty() => return Err("avg"),
            Some(mut inner) => {
                inner.groupings.push(&aggregate.grouping);
                inner.is_mean = aggregate.function == "avg";
                Some(inner)
            }
            None => None,
        },
        _ => None,
    })
}

/// Whether there is no series of a name, but the buckets of a histogram that is called so.
pub(super) fn is_kept_apart(name: &str, pool: &Pool<'_>) -> bool {
    !pool.has(name) && pool.has(&format!("{name}_bucket")) && pool.has(&format!("{name}_count"))
}

/// The selector of one of the series that a histogram is kept as.
pub(super) fn part(selector: &Selector, name: &str, end: &str) -> Selector {
    Selector { name: Some(format!("{name}{end}")), ..selector.clone() }
}

impl Scope<'_> {
    /// `histogram_quantile` and its like over histograms, at each step.
    pub(super) fn histograms(&self, function: Histogram, parameters: &[Vec<f64>], asked: &Asked<'_>) -> Result<Vec<Row>, StoreError> {
        let courses = self.courses(asked)?;
        let group = |labels: &Labels| asked.groupings.iter().fold(labels.clone(), |labels, grouping| grouping.group(&labels));
        let mut rows: Vec<Row> = Vec::new();
        let mut index: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<Vec<&Course>> = Vec::new();
        for course in &courses {
            let labels = group(&course.labels);
            let at = *index.entry(labels.clone()).or_insert(groups.len());
            if at == groups.len() {
                groups.push(Vec::new());
                rows.push(Row { labels, values: Vec::new() });
            }
            groups[at].push(course);
        }
        self.room_for(rows.len())?;
        for (row, courses) in rows.iter_mut().zip(groups) {
            let mut values = Vec::with_capacity(self.steps.n);
            for step in 0..self.steps.n {
                self.watch.check()?;
                let at = asked.selector.moment(&self.steps, step);
                let all: Vec<Spread> = courses.iter().filter_map(|course| course.at(at, asked.window)).collect();
                let parameter = |index: usize| parameters.get(index).and_then(|values| values.get(step)).copied().unwrap_or(f64::NAN);
                values.push(summed(all, asked.is_mean).map(|spread| match function {
                    Histogram::Count => spread.count,
                    Histogram::Sum => spread.sum,
                    Histogram::Mean => spread.sum / spread.count,
                    Histogram::Fraction => spread.fraction(parameter(0), parameter(1)),
                    Histogram::Quantile => spread.quantile(parameter(0)),
                }));
            }
            row.values = values;
        }
        Ok(rows)
    }

    fn courses(&self, asked: &Asked<'_>) -> Result<Vec<Course>, StoreError> {
        let read = |end: &str| {
            let mut by_labels: HashMap<Labels, Vec<(Option<f64>, Vec<Sample>)>> = HashMap::new();
            for meant in self.pool.meant(&part(asked.selector, asked.name, end)) {
                let labels = meant.labels();
                let bound = labels.get(BOUND).and_then(bound);
                by_labels.entry(without(&labels, &[NAME, BOUND])).or_default().push((bound, meant.samples()));
            }
            by_labels
        };
        let (mut buckets, mut sums) = (read("_bucket"), read("_sum"));
        let mut counts: Vec<_> = read("_count").into_iter().collect();
        counts.sort_by(|a, b| a.0.cmp(&b.0));
        let (mut courses, mut n_cells) = (Vec::new(), 0);
        for (labels, counts) in counts {
            self.watch.check()?;
            let Some(buckets) = buckets.remove(&labels) else { continue };
            let Some((_, counts)) = counts.into_iter().next() else { continue };
            n_cells += counts.len() * buckets.len();
            if n_cells > MAX_CELLS {
                return Err(StoreError::Question(format!("{} has too many buckets at too many times; narrow the selector", asked.name)));
            }
            let sums = sums.remove(&labels).and_then(|mut found| found.pop()).map(|(_, samples)| samples).unwrap_or_default();
            courses.push(Course::new(labels, &counts, &sums, buckets));
        }
        Ok(courses)
    }
}

impl Course {
    fn new(labels: Labels, counts: &[Sample], sums: &[Sample], buckets: Vec<(Option<f64>, Vec<Sample>)>) -> Self {
        let mut buckets: Vec<(f64, Vec<Sample>)> =
            buckets.into_iter().filter_map(|(bound, samples)| Some((bound.filter(|bound| bound.is_finite())?, samples))).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let times: Vec<Timestamp> = counts.iter().map(|sample| sample.time).collect();
        let (n, width) = (times.len(), buckets.len());
        let mut below = vec![f64::NAN; n * width];
        for (column, (_, samples)) in buckets.iter().enumerate() {
            placed(&times, samples, |row, value| below[row * width + column] = value);
        }
        let mut of_sums = vec![f64::NAN; n];
        placed(&times, sums, |row, value| of_sums[row] = value);
        let counts = counts.iter().map(|sample| sample.value).collect();
        let bounds = buckets.iter().map(|(bound, _)| *bound).collect();
        let mut course = Self { labels, times, counts, sums: of_sums, bounds, below, is_reset: vec![false; n], schemas: Vec::new() };
        let mut before: Option<usize> = None;
        for row in 0..n {
            if !course.is_end(row) {
                course.is_reset[row] = before.is_some_and(|before| course.began_again(before, row));
                before = Some(row);
            }
        }
        let schema = |row: usize| {
            let spread = course.spread((course.counts[row], 0.0), course.below(row), (1.0, None));
            spread.buckets.iter().try_fold(ANY, |least, bucket| Some(bucket.schema()?.min(least)))
        };
        course.schemas =
            (0..n).map(|row| if course.is_end(row) { Some(ANY) } else { schema(row) }).collect::<Option<_>>().unwrap_or_default();
        course
    }

    /// The lowest resolution of some samples.
    fn schema(&self, rows: &[usize]) -> Option<i32> {
        rows.iter().map(|row| self.schemas.get(*row).copied()).try_fold(ANY, |least, schema| Some(schema?.min(least)))
    }

    fn below(&self, row: usize) -> &[f64] {
        &self.below[row * self.bounds.len()..(row + 1) * self.bounds.len()]
    }

    fn is_end(&self, row: usize) -> bool {
        self.counts[row].to_bits() == crate::model::series::STALE_BITS
    }

    /// Whether any bucket lost something: a counter that only rises was restarted.
    fn began_again(&self, before: usize, now: usize) -> bool {
        if self.counts[now] < self.counts[before] {
            return true;
        }
        let (mut last_before, mut last_now) = (0.0, 0.0);
        for (before, now) in self.below(before).iter().zip(self.below(now)) {
            if before.is_nan() || now.is_nan() {
                // A finer resolution than before comes from another beginning.
                if before.is_nan() && !now.is_nan() {
                    return true;
                }
                continue;
            }
            if now - last_now < before - last_before {
                return true;
            }
            (last_before, last_now) = (*before, *now);
        }
        self.counts[now] - last_now < self.counts[before] - last_before
    }

    /// The histogram of a moment, or what a window adds to it.
    fn at(&self, at: Timestamp, window: Option<(&'static str, i64)>) -> Option<Spread> {
        let end = self.times.partition_point(|time| *time <= at);
        let Some((function, range_ns)) = window else {
            let row = end.checked_sub(1).filter(|row| !self.is_end(*row))?;
            let is_near = at.since(self.times[row]) <= LOOK_BACK_NS;
            let counted = (self.counts[row], self.sums[row]);
            return is_near.then(|| self.spread(counted, self.below(row), (1.0, self.schema(&[row]))));
        };
        let start = at.plus_ns(-range_ns);
        let begin = self.times.partition_point(|time| *time < start);
        let rows: Vec<usize> = (begin..end.max(begin)).filter(|row| !self.is_end(*row)).collect();
        let [first, .., last] = rows.as_slice() else { return None };
        let covered = Covered { start, end: at, first: self.times[*first], last: self.times[*last], n: rows.len() };
        let per = if function == "rate" { range_ns } else { 0 };
        let factor = covered.factor(None, per);
        let mut count = self.counts[*last] - self.counts[*first];
        let mut sum = self.sums[*last] - self.sums[*first];
        let mut below: Vec<f64> = self.below(*last).iter().zip(self.below(*first)).map(|(last, first)| last - first).collect();
        for pair in rows.windows(2).filter(|pair| self.is_reset[pair[1]]) {
            count += self.counts[pair[0]];
            sum += self.sums[pair[0]];
            below.iter_mut().zip(self.below(pair[0])).for_each(|(below, before)| *below += before);
        }
        Some(self.spread((count, sum), &below, (factor, self.schema(&rows))))
    }

    /// Each bucket is multiplied by itself, as Prometheus does it: a rank at a border hangs on the last bit.
    fn spread(&self, (count, sum): (f64, f64), below: &[f64], (factor, schema): (f64, Option<i32>)) -> Spread {
        let mut buckets = Vec::new();
        let (mut lower, mut counted) = (f64::NEG_INFINITY, 0.0);
        let known = self.bounds.iter().copied().zip(below.iter().copied()).filter(|(_, below)| !below.is_nan());
        for (upper, below) in known.chain([(f64::INFINITY, count)]) {
            // The first bucket of a classic histogram begins at zero.
            let from = if lower == f64::NEG_INFINITY && upper > 0.0 { 0.0 } else { lower };
            if (below - counted).abs() > count.abs() * DUST {
                buckets.push(Bucket { lower: from, upper, count: (below - counted) * factor });
            }
            (lower, counted) = (upper, below);
        }
        let mut spread = Spread { count: count * factor, sum: sum * factor, buckets, schema };
        if let Some(schema) = schema {
            spread.lower_to(schema);
        }
        spread
    }
}

/// Puts samples to their times; both rise.
fn placed(times: &[Timestamp], samples: &[Sample], mut put: impl FnMut(usize, f64)) {
    let mut next = 0;
    for (row, time) in times.iter().enumerate() {
        next += reached(&samples[next..], |sample| sample.time < *time);
        if let Some(sample) = samples.get(next).filter(|sample| sample.time == *time) {
            put(row, sample.value);
        }
    }
}

/// Several histograms as one: a bucket that lies over others takes them in.
fn summed(mut all: Vec<Spread>, is_mean: bool) -> Option<Spread> {
    let n = all.len() as f64;
    if all.len() < 2 {
        return all.pop();
    }
    let schema = all.iter().map(|spread| spread.schema).try_fold(ANY, |least, schema| Some(schema?.min(least)));
    let mut sum = Spread { schema, ..Spread::default() };
    let mut buckets: Vec<Bucket> = Vec::new();
    for mut spread in all {
        if let Some(schema) = schema {
            spread.lower_to(schema);
        }
        sum.count += spread.count;
        sum.sum += spread.sum;
        buckets.extend(spread.buckets);
    }
    buckets.sort_by(|a, b| a.lower.total_cmp(&b.lower).then(b.upper.total_cmp(&a.upper)));
    for bucket in buckets {
        match sum.buckets.last_mut() {
            Some(last) if bucket.lower < last.upper => {
                last.count += bucket.count;
                last.upper = last.upper.max(bucket.upper);
            }
            _ => sum.buckets.push(bucket),
        }
    }
    if is_mean {
        sum.count /= n;
        sum.sum /= n;
        sum.buckets.iter_mut().for_each(|bucket| bucket.count /= n);
    }
    Some(sum)
}

impl Bucket {
    /// The sides of a bucket away from zero, near and far; `None` for the one around zero and for what lies beyond all bounds.
    fn sides(&self) -> Option<(f64, f64)> {
        let sides = if self.upper <= 0.0 { (-self.upper, -self.lower) } else { (self.lower, self.upper) };
        (self.lower >= 0.0 || self.upper <= 0.0).then_some(sides).filter(|sides| sides.1.is_finite())
    }

    /// The resolution in which it is a bucket: a power of two holds `2^schema` of them. `None` when there is none.
    fn schema(&self) -> Option<i32> {
        let Some((near, far)) = self.sides() else { return Some(ANY) };
        let schema = -(far / near).log2().log2();
        let is_whole = schema.is_finite() && (schema - schema.round()).abs() < 1e-6;
        is_whole.then(|| schema.round() as i32)
    }
}

impl Spread {
    /// Brings the buckets to a resolution that is not above theirs.
    fn lower_to(&mut self, schema: i32) {
        if schema == ANY || self.buckets.iter().all(|bucket| matches!(bucket.schema(), Some(own) if own == schema || own == ANY)) {
            return;
        }
        let per_power = f64::from(schema).exp2();
        let mut lowered: Vec<Bucket> = Vec::with_capacity(self.buckets.len());
        for bucket in &self.buckets {
            let Some((_, far)) = bucket.sides() else {
                lowered.push(*bucket);
                continue;
            };
            let index = (far.log2() * per_power - 1e-6).ceil();
            let (near, far) = (((index - 1.0) / per_power).exp2(), (index / per_power).exp2());
            let (lower, upper) = if bucket.upper <= 0.0 { (-far, -near) } else { (near, far) };
            match lowered.last_mut() {
                Some(last) if last.upper.total_cmp(&upper).is_eq() => last.count += bucket.count,
                _ => lowered.push(Bucket { lower, upper, count: bucket.count }),
            }
        }
        self.buckets = lowered;
    }

    /// The bounds of a bucket; that around zero ends there when all others lie on one side of it.
    fn bounds(&self, bucket: &Bucket) -> (f64, f64) {
        if bucket.lower < 0.0 && bucket.upper > 0.0 {
            let has_negative = self.buckets.iter().any(|other| other.upper <= bucket.lower);
            let has_positive = self.buckets.iter().any(|other| other.lower >= bucket.upper);
            return match (has_negative, has_positive) {
                (false, true) => (0.0, bucket.upper),
                (true, false) => (bucket.lower, 0.0),
                _ => (bucket.lower, bucket.upper),
            };
        }
        (bucket.lower, bucket.upper)
    }

    /// Linear inside the bucket that holds the rank.
    fn quantile(&self, q: f64) -> f64 {
        if q < 0.0 {
            return f64::NEG_INFINITY;
        }
        if q > 1.0 {
            return f64::INFINITY;
        }
        if self.count == 0.0 || q.is_nan() {
            return f64::NAN;
        }
        let mut rank = q * self.count;
        let mut count = 0.0;
        let reaches = |bucket: &&Bucket| {
            count += bucket.count;
            count >= rank
        };
        let found = self.buckets.iter().find(reaches).or(self.buckets.last());
        let Some(bucket) = found else { return f64::NAN };
        let (lower, upper) = self.bounds(bucket);
        // Nothing is known of where above its bound a value lies.
        if upper == f64::INFINITY {
            return lower;
        }
        if lower == f64::NEG_INFINITY {
            return upper;
        }
        count = count.min(self.count);
        if count < rank {
            return upper;
        }
        rank -= count - bucket.count;
        lower + (upper - lower) * (rank / bucket.count)
    }

    /// The share of observations between two values.
    fn fraction(&self, from: f64, to: f64) -> f64 {
        if self.count == 0.0 || from.is_nan() || to.is_nan() {
            return f64::NAN;
        }
        if from >= to {
            return 0.0;
        }
        (self.rank(to) - self.rank(from)) / self.count
    }

    /// How many observations lie below a value.
    fn rank(&self, value: f64) -> f64 {
        let mut rank: f64 = 0.0;
        for bucket in &self.buckets {
            let (lower, upper) = self.bounds(bucket);
            if lower >= value {
                return rank.min(self.count);
            }
            if upper > value {
                let part = (value - lower) / (upper - lower);
                return (rank + if part.is_finite() { bucket.count * part } else { 0.0 }).min(self.count);
            }
            rank += bucket.count;
        }
        self.count
    }
}
