//! A histogram over time: what each column of the screen counted in each bucket.
//!
//! Buckets are cumulative counters (`NAME_bucket` with `le`; native histograms are read as such). What a column counted
//! is told by the pyramid alone: the last value of the column less that of the one before, from zero again after a
//! restart. So any zoom costs O(columns × buckets).

mod behind;

use crate::app::columns::project;
use crate::model::series::Bucket;
use crate::model::{Columns, TimeRange, Unit, text};

pub(crate) use behind::{Behind, behind, histograms, observed_unit};

/// Counts of one column, bucket by bucket; `None` where nothing was scraped.
type Counts = Option<Vec<f64>>;

/// A histogram at screen width.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Heat {
    /// Upper bounds of the buckets, rising; the last may be infinite.
    pub(crate) bounds: Vec<f64>,
    /// The window that was counted.
    range: TimeRange,
    counted: Vec<Counts>,
    /// The counts laid over the visible window.
    pub(crate) shown: Vec<Counts>,
}

/// Buckets that share a row of the screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// First and last bucket.
    first: usize,
    last: usize,
    /// `≤250 ms`, `>10 s`.
    pub(crate) label: String,
}

/// Columns before the visible window that are asked for as well: what a column counted needs the value before it.
pub(crate) fn n_early(visible: TimeRange, columns: usize, step_ns: i64) -> usize {
    let width = (visible.len_ns() / columns.max(1) as i64).max(1);
    usize::try_from(2 * step_ns / width + 1).unwrap_or(1).clamp(1, columns.max(1))
}

impl Heat {
    /// Counts what was answered for the histogram, `columns` in the order of its series; the first `n_early` are only
    /// the time before. O(series × columns).
    pub(crate) fn count(behind: &Behind, columns: &[Columns], n_early: usize) -> Self {
        let n = columns.iter().map(|columns| columns.columns.len()).max().unwrap_or(0);
        let mut counted: Vec<Counts> = vec![None; n];
        let range = columns.first().map(|columns| columns.range).unwrap_or_default();
        let width = (range.len_ns() / n.max(1) as i64).max(1);
        let reach = usize::try_from(behind.staleness_ns / width).unwrap_or(0).max(1);
        for group in &behind.groups {
            let lines: Vec<(usize, &[Option<Bucket>])> =
                group.iter().filter_map(|(bucket, index)| Some((*bucket, columns.get(*index)?.columns.as_slice()))).collect();
            count_group(&lines, behind.bounds.len(), reach, &mut counted);
        }
        let start = columns.first().and_then(|columns| {
            let n = std::num::NonZeroUsize::new(n)?;
            Some(columns.range.edge(n_early.min(n.get()), n))
        });
        let range = start.map_or(range, |start| TimeRange::new(start, range.end()));
        Self { bounds: behind.bounds.clone(), range, counted: counted.split_off(n_early.min(n)), shown: Vec::new() }
    }

    /// Lays the counts over the visible window; the window that was asked for may differ from it by some nanoseconds.
    pub(crate) fn lay(&mut self, visible: TimeRange, columns: usize) {
        let is_same = self.counted.len() == columns
            && self.range.end() == visible.end()
            && self.range.start().since(visible.start()).unsigned_abs() <= columns as u64;
        self.shown = if is_same {
            self.counted.clone()
        } else {
            project(self.range, &self.counted, visible, columns).into_iter().map(Option::flatten).collect()
        };
    }

    /// The rows of a screen of this height from the bottom, empty buckets at both ends left out.
    pub(crate) fn rows(&self, height: usize, unit: Unit) -> Vec<Row> {
        let is_used = |bucket: usize| self.shown.iter().flatten().any(|counts| counts.get(bucket).is_some_and(|count| *count > 0.0));
        let used: Vec<usize> = (0..self.bounds.len()).filter(|bucket| is_used(*bucket)).collect();
        let (Some(first), Some(last)) = (used.first(), used.last()) else { return Vec::new() };
        let n = last - first + 1;
        let n_rows = n.min(height.max(1));
        (0..n_rows)
            .map(|row| {
                let (from, to) = (first + row * n / n_rows, first + (row + 1) * n / n_rows - 1);
                Row { first: from, last: to, label: self.label(to, unit) }
            })
            .collect()
    }

    fn label(&self, bucket: usize, unit: Unit) -> String {
        match self.bounds[bucket] {
            bound if bound.is_finite() => format!("≤{}", text::value(bound, unit)),
            _ if bucket == 0 => "all".to_owned(),
            _ => format!(">{}", text::value(self.bounds[bucket - 1], unit)),
        }
    }

    /// Observations of a row in a column, and their share of the column.
    pub(crate) fn in_row(&self, column: usize, row: &Row) -> Option<(f64, f64)> {
        let counts = self.shown.get(column)?.as_ref()?;
        let all: f64 = counts.iter().sum();
        let here: f64 = counts[row.first..=row.last].iter().sum();
        Some((here, if all > 0.0 { here / all } else { 0.0 }))
    }

    /// The row that holds a bucket.
    pub(crate) fn row_of(rows: &[Row], bucket: usize) -> Option<usize> {
        rows.iter().position(|row| (row.first..=row.last).contains(&bucket))
    }

    /// All observations of a column.
    pub(crate) fn total(&self, column: usize) -> Option<f64> {
        Some(self.shown.get(column)?.as_ref()?.iter().sum())
    }

    /// The bucket of a quantile in a column: its lower bound (`None`: the first bucket) and its upper one, infinite when
    /// nothing above the lower one can be measured.
    fn quantile(&self, column: usize, q: f64) -> Option<(Option<f64>, f64)> {
        let counts = self.shown.get(column)?.as_ref()?;
        let all: f64 = counts.iter().sum();
        if all <= 0.0 {
            return None;
        }
        let mut below = 0.0;
        for (bucket, count) in counts.iter().enumerate() {
            below += count;
            if *count > 0.0 && below >= q * all * (1.0 - 1e-12) {
                return Some((bucket.checked_sub(1).map(|lower| self.bounds[lower]), self.bounds[bucket]));
            }
        }
        None
    }

    /// `P99 5 s to 10 s`, `P99 ≥60 s` beyond the last bound, `P50 ≤5 ms` in the first bucket.
    fn quantile_words(&self, column: usize, q: f64, unit: Unit) -> Option<String> {
        let (lower, upper) = self.quantile(column, q)?;
        let print = |bound: f64| text::value(bound, unit);
        let name = q * 100.0;
        Some(match lower {
            Some(lower) if upper.is_infinite() => format!("P{name} ≥{}", print(lower)),
            Some(lower) => format!("P{name} {} to {}", print(lower), print(upper)),
            None if upper.is_infinite() => return None,
            None => format!("P{name} ≤{}", print(upper)),
        })
    }

    /// A column in words: how many observations, where the quantiles lie, which bucket holds most.
    pub(crate) fn explain(&self, column: usize, unit: Unit) -> String {
        let Some(counts) = self.shown.get(column).and_then(Option::as_ref) else { return "nothing scraped here".to_owned() };
        let all: f64 = counts.iter().sum();
        if all <= 0.0 {
            return "nothing observed here".to_owned();
        }
        let mut words = vec![format!("{} observed", number(all))];
        words.extend([0.5, 0.99].into_iter().filter_map(|q| self.quantile_words(column, q, unit)));
        let most = (0..counts.len()).max_by(|a, b| counts[*a].total_cmp(&counts[*b]).then(b.cmp(a)));
        if let Some(most) = most {
            // Both bounds: a row of a low panel holds several buckets, and its share is another.
            let label = match most.checked_sub(1).map(|lower| (self.bounds[lower], self.bounds[most])) {
                Some((lower, upper)) if upper.is_finite() => format!("{} to {}", text::value(lower, unit), text::value(upper, unit)),
                _ => self.label(most, unit),
            };
            words.push(format!("most {label} ({:.0} %)", counts[most] / all * 100.0));
        }
        words.join("   ")
    }

    /// Each bucket of a column with its count, for the detail; empty ones left out.
    pub(crate) fn buckets(&self, column: usize, unit: Unit) -> Vec<(String, String)> {
        let Some(counts) = self.shown.get(column).and_then(Option::as_ref) else { return Vec::new() };
        let all: f64 = counts.iter().sum();
        let line = |(bucket, count): (usize, &f64)| (self.label(bucket, unit), format!("{}  {:.1} %", number(*count), count / all * 100.0));
        counts.iter().enumerate().filter(|(_, count)| **count > 0.0).map(line).collect()
    }
}

/// Whole observations; less than one when a count was spread over columns between two scrapes.
pub(crate) fn number(count: f64) -> String {
    if count > 0.0 && count < 9.5 && (count - count.round()).abs() > 0.01 {
        format!("{count:.1}")
    } else {
        text::grouped(count.round() as u64)
    }
}

/// Adds what one histogram counted. Between two scrapes that lie further apart than a column, the count is spread
/// over the columns between them, as far as a value is good for (`reach`).
fn count_group(lines: &[(usize, &[Option<Bucket>])], n_bounds: usize, reach: usize, counted: &mut [Counts]) {
    let mut before: Vec<Option<f64>> = vec![None; lines.len()];
    let mut last_column: Option<usize> = None;
    for column in 0..counted.len() {
        let cell = |line: usize| lines[line].1.get(column).copied().flatten().filter(|bucket| bucket.count > 0);
        if (0..lines.len()).all(|line| cell(line).is_none()) {
            continue;
        }
        let (mut below, mut lower_before) = (0.0, last_column.map(|_| 0.0));
        let span = match last_column {
            Some(last) if column - last <= reach => last + 1..column + 1,
            _ => column..column + 1,
        };
        let share = 1.0 / span.len() as f64;
        let mut risen = vec![0.0; n_bounds];
        for line in 0..lines.len() {
            // A bucket that is new in a native histogram was as full as the one below it.
            let known = before[line].or(lower_before);
            let Some(bucket) = cell(line) else { continue };
            let up_to_here = known.map_or(bucket.last - bucket.min, |known| rise(known, &bucket));
            risen[lines[line].0] += (up_to_here - below).max(0.0);
            below = up_to_here.max(below);
            lower_before = known;
            before[line] = Some(bucket.last);
        }
        for counts in &mut counted[span] {
            let counts = counts.get_or_insert_with(|| vec![0.0; n_bounds]);
            counts.iter_mut().zip(&risen).for_each(|(count, risen)| *count += risen * share);
        }
        last_column = Some(column);
    }
}

/// How far a counter rose in a column since it was at `known`; after a restart it counts on from zero.
fn rise(known: f64, bucket: &Bucket) -> f64 {
    if bucket.min >= known && bucket.last >= bucket.max {
        return bucket.last - known;
    }
    let until_restart = if bucket.last < bucket.max { (bucket.max - known).max(0.0) } else { 0.0 };
    until_restart + bucket.last
}

#[cfg(test)]
mod tests;
