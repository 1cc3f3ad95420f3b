//! What series look like over the whole extent, so that the panel picker can be asked for a shape.
//!
//! Told from a hundred columns of each, as the pyramid answers them: means for steps and slopes, least and greatest
//! values for spikes. Asked in small parts while a picker wants it, for so many series at most; see `update::shape_view`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::trust;
use crate::model::series::Bucket;
use crate::model::{Catalog, Columns, SeriesId, SeriesKind, SeriesMeta, TimeRange, Timestamp};

/// Columns over the extent: steps of a hundredth of it are seen.
pub(crate) const COLUMNS: NonZeroUsize = NonZeroUsize::new(120).expect("not zero");
/// Series of one question: some milliseconds of work.
pub(crate) const AT_ONCE: usize = 256;
/// Series that are looked at, in the order of the catalog, parts of histograms last. Each keeps half a kilobyte.
pub(crate) const MOST: usize = 20_000;
/// From so many times its own unrest on, a series moves.
const MOVES: f32 = 4.0;

/// A shape with the words that find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Moves at T+0, or at the cursor.
    Moves,
    Step,
    Spike,
    /// Rises all the time: a leak.
    Rising,
    Falling,
    Flat,
    /// A counter that began again.
    Resets,
    /// No sample for a while in the middle.
    Gaps,
    /// Samples that say NaN or infinite.
    Nan,
}

impl Shape {
    /// All of them with their words, the first being the usual one.
    pub(crate) const ALL: [(Self, &'static [&'static str]); 9] = [
        (Self::Moves, &["moves", "onset"]),
        (Self::Step, &["step", "steps"]),
        (Self::Spike, &["spike", "spikes", "burst"]),
        (Self::Rising, &["rising", "leak", "leaks", "rises"]),
        (Self::Falling, &["falling", "falls", "drops"]),
        (Self::Flat, &["flat", "constant"]),
        (Self::Resets, &["resets", "reset", "restarts"]),
        (Self::Gaps, &["gaps", "gap", "stale"]),
        (Self::Nan, &["nan"]),
    ];

    /// The shape that a word means.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, words)| words.contains(&word)).map(|(shape, _)| shape)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(shape, _)| *shape == self).map_or("", |(_, words)| words[0])
    }
}

/// What is known of one series.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Outline {
    /// Shapes that do not depend on a moment.
    shapes: Vec<Shape>,
    /// Mean of each column, NaN without a number.
    means: Box<[f32]>,
}

/// What is known of all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shapes {
    /// Extent and version of the catalog that the outlines are of.
    pub(crate) of: Option<(TimeRange, u64)>,
    pub(crate) known: Arc<BTreeMap<SeriesId, Outline>>,
    /// Ids that are still to be asked for, the next ones last.
    pub(crate) left: Vec<SeriesId>,
}

impl Shapes {
    /// Begins again when extent or catalog are other ones.
    pub(crate) fn begin(&mut self, range: TimeRange, catalog: &Catalog) {
        if self.of == Some((range, catalog.version)) {
            return;
        }
        let is_part = |meta: &&SeriesMeta| meta.kind == SeriesKind::HistogramPart;
        let whole = catalog.series.iter().filter(|meta| !is_part(meta));
        let mut left: Vec<SeriesId> = whole.chain(catalog.series.iter().filter(is_part)).take(MOST).map(|meta| meta.id).collect();
        left.reverse();
        *self = Self { of: Some((range, catalog.version)), known: Arc::default(), left };
    }

    /// What to ask next.
    pub(crate) fn next(&self) -> Vec<SeriesId> {
        self.left.iter().rev().take(AT_ONCE).copied().collect()
    }

    /// Takes the answer to `next`.
    pub(crate) fn take(&mut self, ids: &[SeriesId], columns: &[Columns], catalog: &Catalog) {
        let known = Arc::make_mut(&mut self.known);
        for (id, columns) in ids.iter().zip(columns) {
            if let Some(meta) = catalog.series(*id) {
                known.insert(*id, outline(meta, &columns.columns));
            }
        }
        self.left.truncate(self.left.len().saturating_sub(ids.len()));
    }
}

impl Outline {
    /// Whether the series looks like this; `at` is the column of the moment at which it may move.
    pub(crate) fn is(&self, shape: Shape, at: usize) -> bool {
        if shape == Shape::Moves { self.moves(at) >= MOVES } else { self.shapes.contains(&shape) }
    }

    /// How far the series goes after a column from where it was before, in its own unrest. O(columns).
    pub(crate) fn moves(&self, at: usize) -> f32 {
        let n = self.means.len();
        let near = (n / 10).max(3);
        let at = at.min(n);
        let before: Vec<f32> = self.means[at.saturating_sub(n / 4)..at].iter().copied().filter(|mean| mean.is_finite()).collect();
        let after: Vec<f32> = self.means[at..(at + near).min(n)].iter().copied().filter(|mean| mean.is_finite()).collect();
        let (Some(usual), false) = (median(&before), after.is_empty()) else { return 0.0 };
        let unrest = median(&before.iter().map(|mean| (mean - usual).abs()).collect::<Vec<_>>()).unwrap_or(0.0);
        let farthest = after.iter().map(|mean| (mean - usual).abs()).fold(0.0, f32::max);
        let size = before.iter().chain(&after).map(|mean| mean.abs()).fold(0.0, f32::max);
        // A hundredth of the size is rest: else what hardly moved at all would move most.
        let floor = 1.5 * unrest + 0.01 * size;
        if floor > 0.0 { farthest / floor } else { 0.0 }
    }

    /// The shapes in words.
    pub(crate) fn words(&self, at: usize) -> String {
        let all = Shape::ALL.into_iter().map(|(shape, _)| shape).filter(|shape| self.is(*shape, at));
        all.map(Shape::name).collect::<Vec<_>>().join(" ")
    }
}

fn median(values: &[f32]) -> Option<f32> {
    let mut values = values.to_vec();
    let middle = values.len().checked_sub(1)? / 2;
    Some(*values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// Looks at a series. O(columns).
fn outline(meta: &SeriesMeta, cells: &[Option<Bucket>]) -> Outline {
    let mean_of = |cell: &Option<Bucket>| cell.filter(|bucket| bucket.count > 0).map_or(f32::NAN, |bucket| bucket.mean as f32);
    let means: Box<[f32]> = cells.iter().map(mean_of).collect();
    let buckets: Vec<Bucket> = cells.iter().flatten().copied().filter(|bucket| bucket.count > 0).collect();
    let mut shapes = Vec::new();
    let mut add = |shape: Shape, is_so: bool| shapes.extend(is_so.then_some(shape));
    add(Shape::Nan, cells.iter().flatten().any(|bucket| bucket.n_nan + bucket.n_inf > 0));
    let is_restarted = meta.derivation.as_ref().is_some_and(|derivation| !derivation.resets.is_empty());
    add(Shape::Resets, is_restarted || !trust::falls(cells, meta.kind).is_empty());
    add(Shape::Gaps, has_gap(cells));
    let low = buckets.iter().map(|bucket| bucket.min).fold(f64::INFINITY, f64::min);
    let high = buckets.iter().map(|bucket| bucket.max).fold(f64::NEG_INFINITY, f64::max);
    let reach = high - low;
    let is_flat = buckets.is_empty() || reach <= 0.001 * high.abs().max(low.abs());
    add(Shape::Flat, is_flat && !buckets.is_empty());
    if !is_flat && meta.kind != SeriesKind::Counter && meta.kind != SeriesKind::HistogramPart {
        let values: Vec<f64> = buckets.iter().map(|bucket| bucket.mean).collect();
        let (has_step, trend) = (has_step(&values, reach), trend(&values));
        add(Shape::Spike, is_spike(&buckets, (low, reach)) && trend.abs() < 0.85);
        add(Shape::Step, has_step);
        add(Shape::Rising, !has_step && trend > 0.85);
        add(Shape::Falling, !has_step && trend < -0.85);
    }
    Outline { shapes, means }
}

/// Empty columns between two with samples, twice as many as usual ones.
fn has_gap(cells: &[Option<Bucket>]) -> bool {
    let filled: Vec<usize> = cells.iter().enumerate().filter(|(_, cell)| cell.is_some()).map(|(column, _)| column).collect();
    let mut distances: Vec<usize> = filled.windows(2).map(|pair| pair[1] - pair[0]).collect();
    distances.sort_unstable();
    let usual = distances.get(distances.len() / 2).copied().unwrap_or(1);
    distances.last().is_some_and(|most| *most > usual * 2)
}

/// Nearly all columns stay in the lower part, a few reach the top; or the other way round.
fn is_spike(buckets: &[Bucket], (low, reach): (f64, f64)) -> bool {
    let n = buckets.len();
    let at_most = (n / 20).max(1);
    let n_high = buckets.iter().filter(|bucket| bucket.max > low + 0.5 * reach).count();
    let n_low = buckets.iter().filter(|bucket| bucket.min < low + 0.5 * reach).count();
    n >= 8 && (n_high <= at_most || n_low <= at_most)
}

/// Somewhere the middle of some columns lies half the reach away from that of those before.
fn has_step(values: &[f64], reach: f64) -> bool {
    let near = (values.len() / 12).max(3);
    let middle = |part: &[f64]| {
        let mut part = part.to_vec();
        let at = part.len() / 2;
        *part.select_nth_unstable_by(at, f64::total_cmp).1
    };
    // A slope crosses half the reach in half the time: only what does it within the stretch itself is a step.
    values.len() >= 2 * near
        && (near..=values.len() - near).any(|at| (middle(&values[at..at + near]) - middle(&values[at - near..at])).abs() > 0.4 * reach)
}

/// Rank correlation of values with time, -1 … 1 (Kendall's tau over pairs some columns apart, so that noise counts less).
fn trend(values: &[f64]) -> f64 {
    let lag = (values.len() / 6).max(1);
    let pairs: Vec<std::cmp::Ordering> = (lag..values.len()).map(|at| values[at].total_cmp(&values[at - lag])).collect();
    if pairs.len() < 4 {
        return 0.0;
    }
    let sum: i64 = pairs.iter().map(|order| *order as i64).sum();
    sum as f64 / pairs.len() as f64
}

/// The column of a moment.
pub(crate) fn column_of(range: TimeRange, at: Timestamp) -> usize {
    range.column_of(at, COLUMNS).unwrap_or(if at < range.start() { 0 } else { COLUMNS.get() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(kind: SeriesKind, value: impl Fn(usize) -> Option<f64>) -> String {
        let cell = |value: f64| Bucket { min: value, max: value, mean: value, last: value, count: 1, n_nan: 0, n_inf: 0 };
        let cells: Vec<Option<Bucket>> = (0..120).map(|column| value(column).map(cell)).collect();
        outline(&SeriesMeta { kind, ..SeriesMeta::default() }, &cells).words(60)
    }

    #[test]
    fn shapes_are_told_apart() {
        let wobble = |column: usize| ((column * 7919) % 13) as f64;
        let gauge = |value: &dyn Fn(usize) -> f64| words(SeriesKind::Gauge, |column| Some(value(column)));
        assert_eq!(gauge(&|_| 5.0), "flat");
        assert_eq!(gauge(&|column| if column < 60 { wobble(column) } else { 500.0 + wobble(column) }), "moves step");
        assert_eq!(gauge(&|column| if column == 30 { 900.0 } else { wobble(column) }), "spike");
        assert_eq!(gauge(&|column| column as f64 * 10.0 + wobble(column)), "rising");
        assert_eq!(gauge(&|column| 1000.0 - column as f64 * 5.0), "falling");
        assert_eq!(gauge(&|column| 40.0 + wobble(column)), "");
        assert_eq!(gauge(&|column| if (60..90).contains(&column) { 80.0 } else { 3.0 }), "moves step");
        assert_eq!(words(SeriesKind::Counter, |column| Some((column % 50) as f64)), "resets");
        assert_eq!(words(SeriesKind::Gauge, |column| (!(40..50).contains(&column)).then(|| wobble(column))), "gaps");
        assert_eq!(words(SeriesKind::Gauge, |_| None), "");
    }

    #[test]
    fn what_moves_depends_on_the_moment() {
        let cell = |value: f64| Some(Bucket { min: value, max: value, mean: value, last: value, count: 1, n_nan: 0, n_inf: 0 });
        let cells: Vec<Option<Bucket>> = (0..120).map(|column| cell(if column < 60 { 5.0 } else { 50.0 })).collect();
        let outline = outline(&SeriesMeta::default(), &cells);
        assert!(outline.moves(60) > 50.0 && outline.moves(58) > 50.0);
        assert_eq!((outline.moves(20), outline.moves(0), outline.moves(500)), (0.0, 0.0, 0.0));
    }
}
