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
/// Beyond that, what left earlier moves more: of series that hardly stirred before, any is far away.
const FAR: f32 = 30.0;
/// Columns by which a later onset counts half.
const LATE: f32 = 10.0;
/// Columns that an onset must last to be none by chance, and out of how many.
const LASTS: (usize, usize) = (3, 4);

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
    /// Mean of each column, of a counter what it rises by; NaN without a number.
    course: Box<[f32]>,
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

    /// How early after a column the series leaves where it was before, and how far it stays away, in its own unrest.
    ///
    /// Looks a quarter of the extent back and a third ahead. Knows neither scale nor zero of the values. O(columns).
    pub(crate) fn moves(&self, at: usize) -> f32 {
        let n = self.course.len();
        let at = at.min(n);
        let finite = |part: &[f32]| part.iter().copied().filter(|value| value.is_finite()).collect::<Vec<f32>>();
        let before = finite(&self.course[at.saturating_sub(n / 4)..at]);
        let after = &self.course[at..(at + n / 3).min(n)];
        let early = |columns: usize| 1.0 / (1.0 + columns as f32 / LATE);
        let Some(usual) = median(&before).filter(|_| before.len() >= 3) else {
            // What was not there before begins: the first failure of a kind.
            let is_new = before.is_empty() && at > 0 && self.course[..at].iter().all(|value| value.is_nan());
            return after.iter().position(|value| value.is_finite()).filter(|_| is_new).map_or(0.0, |column| FAR / 3.0 * early(column));
        };
        let mut unrest: Vec<f32> = before.iter().map(|value| (value - usual).abs()).collect();
        unrest.sort_by(f32::total_cmp);
        // One odd column before does not make every other one usual.
        let reach = unrest[unrest.len() - 1 - usize::from(unrest.len() >= 10)];
        let (low, high) =
            finite(after).into_iter().chain(before).fold((usual, usual), |(low, high), value| (low.min(value), high.max(value)));
        // A little of the whole way is rest, and what a float cannot tell apart.
        let rest = 0.02 * (high - low) + 1e-5 * usual.abs();
        let floor = 1.5 * unrest[unrest.len() / 2] + 0.5 * reach + rest;
        let is_out = |value: &&f32| (**value - usual).abs() > 1.2 * reach + rest;
        let lasts =
            |column: usize| after[column..].iter().filter(|value| value.is_finite()).take(LASTS.1).filter(is_out).count() >= LASTS.0;
        let Some(onset) = (0..after.len()).find(|column| is_out(&&after[*column]) && lasts(*column)) else { return 0.0 };
        let away: Vec<f32> = finite(&after[onset..]).into_iter().take(2 * LASTS.1).map(|value| (value - usual).abs()).collect();
        (median(&away).unwrap_or(0.0) / floor).min(FAR) * early(onset)
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
    let course = course(meta.kind, cells);
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
    Outline { shapes, course }
}

/// What the series is in each column: its mean, or what it rose by since the column before.
fn course(kind: SeriesKind, cells: &[Option<Bucket>]) -> Box<[f32]> {
    let filled = |cell: &Option<Bucket>| cell.filter(|bucket| bucket.count > 0);
    if !matches!(kind, SeriesKind::Counter | SeriesKind::HistogramPart) {
        return cells.iter().map(|cell| filled(cell).map_or(f32::NAN, |bucket| bucket.mean as f32)).collect();
    }
    let mut before: Option<(usize, f64)> = None;
    let rise = |(column, cell): (usize, &Option<Bucket>)| {
        let Some(last) = filled(cell).map(|bucket| bucket.last) else { return f32::NAN };
        // A restart says nothing of what was counted.
        let known = before.replace((column, last)).filter(|(_, value)| *value <= last);
        known.map_or(f32::NAN, |(place, value)| ((last - value) / (column - place) as f64) as f32)
    };
    cells.iter().enumerate().map(rise).collect()
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

    fn outline_of(values: impl Iterator<Item = f64>) -> Outline {
        let cell = |value: f64| {
            value.is_finite().then_some(Bucket { min: value, max: value, mean: value, last: value, count: 1, n_nan: 0, n_inf: 0 })
        };
        outline(&SeriesMeta::default(), &values.map(cell).collect::<Vec<_>>())
    }

    #[test]
    fn what_moves_depends_on_the_moment() {
        let outline = outline_of((0..120).map(|column| if column < 60 { 5.0 } else { 50.0 }));
        assert!(outline.moves(60) > outline.moves(50) && outline.moves(50) > MOVES);
        assert_eq!((outline.moves(20), outline.moves(0), outline.moves(500)), (0.0, 0.0, 0.0));
    }

    #[test]
    fn of_two_that_go_as_far_the_earlier_moves_more_and_what_first_appears_moves() {
        let from =
            |column: usize, way: f64| outline_of((0..120).map(move |at| (at * 7919 % 13) as f64 + if at < column { 0.0 } else { way }));
        assert!(from(62, 900.0).moves(60) > from(70, 900.0).moves(60));
        assert!(from(62, 900.0).moves(60) > from(62, 90.0).moves(60));
        let first = outline_of((0..120).map(|at| if at < 65 { f64::NAN } else { 1.0 }));
        assert!(first.moves(60) >= MOVES && first.moves(70) == 0.0);
        let counter = |rate: f64| {
            let cell = |at: usize| {
                let value = at as f64 * 10.0 + (at as f64 - 60.0).max(0.0) * rate;
                Some(Bucket { min: value, max: value, mean: value, last: value, count: 1, n_nan: 0, n_inf: 0 })
            };
            let cells: Vec<Option<Bucket>> = (0..120).map(cell).collect();
            outline(&SeriesMeta { kind: SeriesKind::Counter, ..SeriesMeta::default() }, &cells).moves(60)
        };
        assert!(counter(0.0) == 0.0 && counter(90.0) > MOVES, "a counter moves when it rises otherwise");
    }

    proptest::proptest! {
        #[test]
        fn noise_never_moves_more_than_a_clear_step(
            noise in proptest::collection::vec(-1.0..1.0f64, 120), other in proptest::collection::vec(-1.0..1.0f64, 120),
            at in 30usize..80, late in 0usize..20, step in 30.0..1e6f64,
        ) {
            let flat = outline_of(noise.iter().copied()).moves(at);
            let stepped = outline_of(other.iter().enumerate().map(|(column, noise)| noise + if column < at + late { 0.0 } else { step })).moves(at);
            proptest::prop_assert!(stepped > flat && stepped >= MOVES, "{} {}", stepped, flat);
        }

        #[test]
        fn scale_and_zero_of_the_values_do_not_matter(
            noise in proptest::collection::vec(-1.0..1.0f64, 120), at in 30usize..80, step in 0.0..100.0f64, scale in 1e-3..1e3f64, zero in -100.0..100.0f64,
        ) {
            let values = |column: usize| noise[column] + if column < at + 3 { 0.0 } else { step };
            let plain = outline_of((0..120).map(values)).moves(at);
            let other = outline_of((0..120).map(|column| (values(column) + zero) * scale)).moves(at);
            proptest::prop_assert!((plain - other).abs() <= 0.02 * plain.max(1.0), "{} {}", plain, other);
        }
    }
}
