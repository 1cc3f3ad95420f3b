//! Series computed from raw counters, buckets and gauges: rates, quantiles, error ratios, shares of a limit, aggregates.
//!
//! `recipes` proposes formulas from what metrics are called and labelled, [`compute`] evaluates one as `PromQL` does.
//! A formula is what is evaluated, word by word: whoever asks Prometheus the same gets the same numbers. Series that come
//! from log events are in `store::derive`; what a formula means is in `store::promql`.

mod recipes;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::promql::{Answered, Expression, Pool, Steps, evaluate};
use super::{StoreError, Watch};
use crate::model::series::Derivation;
use crate::model::time::NS_PER_S;
use crate::model::{Labels, Sample, SeriesKind, SourceId, TimeRange, Timestamp, Unit, text};
use crate::parse::ParsedSeries;
use crate::parse::metric::meaning;
pub use recipes::{Recipe, recipes};

/// Steps of one series: beyond that the step grows, and the window of rates with it, so that nothing is skipped.
const MAX_STEPS: i64 = 20_000;
/// Samples that all derived series read together while loading; what is left out can be asked for as an expression.
const MAX_READ: u64 = 60_000_000;
/// Series that are computed while loading, as far as their number is told before: more are asked for one by one.
const MAX_LINES: u64 = 50_000;
/// Restarts that one series names: more tell nothing.
const MAX_RESETS: usize = 1_000;

/// One computed series.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// Metric name with what was done to it: `http_requests_total:error_ratio`; the formula itself where the user wrote it.
    pub name: String,
    /// Labels.
    pub labels: Labels,
    /// Unit of the values.
    pub unit: Unit,
    /// Behaviour of the values.
    pub kind: SeriesKind,
    /// First source that went in.
    pub source: SourceId,
    /// Highest finite bound of the histogram: a quantile at it lies at or beyond it.
    pub clip: Option<f64>,
    /// How it was computed.
    pub derivation: Derivation,
    /// Rising times.
    pub samples: Vec<Sample>,
}

/// Computes everything that `recipes` proposes, the most telling first, as far as the reading allows.
pub fn derive(pool: &Pool<'_>, watch: &Watch<'_>) -> Result<Vec<Computed>, StoreError> {
    derive_within(MAX_READ, pool, watch)
}

/// The same with another limit.
fn derive_within(max_read: u64, pool: &Pool<'_>, watch: &Watch<'_>) -> Result<Vec<Computed>, StoreError> {
    let (mut left, mut lines_left) = (max_read, MAX_LINES);
    let (mut left_out, mut too_many): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut read: BTreeSet<String> = BTreeSet::new();
    let mut chosen: Vec<usize> = Vec::new();
    let (recipes, alone) = recipes::proposed(pool);
    for (index, recipe) in recipes.iter().enumerate() {
        let of = Expression::parse(&recipe.formula).ok().and_then(|expression| expression.quantile_of());
        let n_read = if of.as_ref().is_some_and(|of| read.contains(of)) { 0 } else { recipe.n_read };
        let Some(fewer_lines) = lines_left.checked_sub(recipe.n_lines) else {
            too_many.push(recipe.name.as_str());
            continue;
        };
        let Some(rest) = left.checked_sub(n_read) else {
            left_out.push(recipe.name.as_str());
            continue;
        };
        (left, lines_left) = (rest, fewer_lines);
        read.extend(of.clone());
        chosen.push(index);
    }
    let computed = compute_all(&recipes, &chosen, pool, watch)?;
    let limits = [
        (left_out, "series are computed from so many samples while loading", max_read),
        (too_many, "so many series are computed while loading", MAX_LINES),
    ];
    for (left_out, words, most) in limits {
        let Some(first) = left_out.first() else { continue };
        let (n, most) = (text::grouped(left_out.len() as u64), text::grouped(most));
        watch.warn(format!("{n} kinds of computed series are left out, such as {first}: {words}: {most}; series --expr and P compute any"));
    }
    if let Some(first) = alone.first() {
        let more = if alone.len() > 1 { format!(" and {} more", alone.len() - 1) } else { String::new() };
        watch.warn(format!(
            "{first}{more}: no histogram of a server names the same services, so what clients saw beyond their servers is not computed"
        ));
    }
    Ok(computed.into_iter().flatten().collect())
}

/// Evaluates the chosen recipes; the lines of each stand at its place. What reads the same metric follows one another, so
/// that its series are read once (`Pool::share`) and the buckets of several quantiles are kept (`Pool::remember`).
fn compute_all(recipes: &[Recipe], chosen: &[usize], pool: &Pool<'_>, watch: &Watch<'_>) -> Result<Vec<Vec<Computed>>, StoreError> {
    let mut families: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for index in chosen {
        let metric = Expression::parse(&recipes[*index].formula).ok().and_then(|expression| expression.first_metric()).unwrap_or_default();
        let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| metric.strip_suffix(end)).unwrap_or(&metric);
        families.entry(base.to_owned()).or_default().push(*index);
    }
    let mut computed: Vec<Vec<Computed>> = recipes.iter().map(|_| Vec::new()).collect();
    for family in families.into_values() {
        watch.check()?;
        let ready = |index: usize| Some((index, Ready::of(&recipes[index], pool).ok().flatten()?));
        let mut family: Vec<(usize, Ready<'_, '_>)> = family.into_iter().filter_map(ready).collect();
        // What is no more than rows that others need as well comes last, and takes them.
        family.sort_by_cached_key(|(index, ready)| (ready.expression.is_plain_aggregate(), ready.expression.quantile_of(), *index));
        if let Some(steps) = family.first().map(|(_, first)| first.steps) {
            let alike: Vec<&Expression> =
                family.iter().map(|(_, ready)| ready).filter(|ready| ready.steps == steps).map(|ready| &ready.expression).collect();
            pool.share(&alike, steps, watch)?;
        }
        for (index, ready) in family {
            match ready.compute(pool, watch) {
                Ok(lines) => computed[index] = lines,
                Err(StoreError::Cancelled) => return Err(StoreError::Cancelled),
                // Too many series for one formula, or labels that do not match: the formula is not worth showing.
                Err(_) => {}
            }
        }
        pool.forget_shared();
    }
    Ok(computed)
}

/// Evaluates one formula over the time of its inputs.
pub fn compute(recipe: &Recipe, pool: &Pool<'_>, watch: &Watch<'_>) -> Result<Vec<Computed>, StoreError> {
    Ready::of(recipe, pool)?.map_or(Ok(Vec::new()), |ready| ready.compute(pool, watch))
}

/// A formula that can be evaluated.
struct Ready<'r, 'a> {
    recipe: &'r Recipe,
    expression: Expression,
    inputs: Inputs<'a>,
    steps: Steps,
}

impl<'r, 'a> Ready<'r, 'a> {
    /// `None` where its inputs have no time.
    fn of(recipe: &'r Recipe, pool: &Pool<'a>) -> Result<Option<Self>, StoreError> {
        let expression = Expression::parse(&recipe.formula).map_err(|error| StoreError::Question(error.to_string()))?;
        let inputs = Inputs::of(&expression, pool);
        let steps = recipe.steps.or_else(|| inputs.steps());
        Ok(steps.map(|steps| Self { recipe, expression, inputs, steps }))
    }

    fn compute(self, pool: &Pool<'a>, watch: &Watch<'_>) -> Result<Vec<Computed>, StoreError> {
        let Self { recipe, expression, inputs, steps } = self;
        let mut answered = evaluate(&expression, pool, steps, watch)?;
        if let Some((service, instance)) = recipe.of_several {
            let instances = inputs.instances(service, instance);
            answered.retain(|line| instances.get(&service.and_then(|service| line.labels.get(service))).is_some_and(|own| own.len() > 1));
        }
        let facts = Facts {
            restarts: inputs.restarts(pool, watch)?,
            n_inputs: inputs.metas.len() as u64,
            source: inputs.metas.iter().map(|(meta, _)| meta.source).min().unwrap_or_default(),
            bounds: if expression.is_quantile() { words::bounds(inputs.metas.iter().map(|(meta, _)| *meta)) } else { Vec::new() },
        };
        Ok(answered.into_iter().map(|answered| computed(recipe, &expression, &facts, answered)).collect())
    }
}

/// Evaluates what a user wrote, at the given steps or over the time of its inputs at their own interval. The name of the
/// series is the text.
pub fn written(text: &str, steps: Option<Steps>, pool: &Pool<'_>, watch: &Watch<'_>) -> Result<Vec<Computed>, StoreError> {
    let expression = Expression::parse(text).map_err(|error| StoreError::Question(error.to_string()))?;
    compute(&Recipe { steps, ..Recipe::written(&expression) }, pool, watch)
}

/// The series that a formula reads.
struct Inputs<'a> {
    metas: Vec<(&'a crate::model::SeriesMeta, bool)>,
}

impl<'a> Inputs<'a> {
    fn of(expression: &Expression, pool: &Pool<'a>) -> Self {
        Self { metas: expression.inputs(pool) }
    }

    fn extent(&self) -> Option<TimeRange> {
        self.metas.iter().filter_map(|(meta, _)| meta.extent).reduce(TimeRange::union)
    }

    fn steps(&self) -> Option<Steps> {
        let extent = self.extent()?;
        let step = words::interval(self.metas.iter().map(|(meta, _)| *meta)).unwrap_or(NS_PER_S);
        Some(steps_over(extent, step))
    }

    /// The instances of each service; all together where there is no label that names the service.
    fn instances(&self, service: Option<&str>, instance: &str) -> BTreeMap<Option<&'a str>, BTreeSet<&'a str>> {
        let mut instances: BTreeMap<Option<&str>, BTreeSet<&str>> = BTreeMap::new();
        for (meta, _) in &self.metas {
            let own = instances.entry(service.and_then(|service| meta.labels.get(service))).or_default();
            own.extend(meta.labels.get(instance));
        }
        instances
    }

    /// The counters among them that began again, and when.
    fn restarts(&self, pool: &Pool<'a>, watch: &Watch<'_>) -> Result<Vec<(&'a Labels, Vec<Timestamp>)>, StoreError> {
        let mut restarts = Vec::new();
        for (meta, _) in self.metas.iter().filter(|(_, is_counted)| *is_counted) {
            watch.check()?;
            let resets = pool.resets_of(meta);
            if !resets.is_empty() {
                restarts.push((&meta.labels, resets));
            }
        }
        Ok(restarts)
    }
}

/// What all lines of a formula have in common.
struct Facts<'a> {
    restarts: Vec<(&'a Labels, Vec<Timestamp>)>,
    n_inputs: u64,
    source: SourceId,
    bounds: Vec<f64>,
}

/// When counters that may be part of a line began again.
fn resets(restarts: &[(&Labels, Vec<Timestamp>)], line: &Labels) -> Vec<Timestamp> {
    let has = |labels: &Labels| line.iter().all(|(name, value)| labels.get(name).is_none_or(|own| own == value));
    let mut resets: BTreeSet<Timestamp> = BTreeSet::new();
    for (_, own) in restarts.iter().filter(|(labels, _)| has(labels)) {
        resets.extend(own);
        if resets.len() > MAX_RESETS {
            break;
        }
    }
    resets.into_iter().take(MAX_RESETS).collect()
}

/// Steps on multiples of the interval, which grows where there would be too many.
fn steps_over(extent: TimeRange, interval: i64) -> Steps {
    let n = extent.len_ns() / interval.max(1) + 1;
    let step_ns = interval.max(1).saturating_mul((n / MAX_STEPS + 1).max(1));
    let start = extent.start().0.div_euclid(step_ns).saturating_mul(step_ns);
    let first = if start < extent.start().0 { start.saturating_add(step_ns) } else { start };
    let n = (extent.end().0.saturating_sub(1).saturating_sub(first)).div_euclid(step_ns) + 1;
    // The last sample lies between two steps: the step behind it still sees it.
    Steps { start: Timestamp(first), step_ns, n: usize::try_from(n).unwrap_or(0) + 1 }
}

fn computed(recipe: &Recipe, expression: &Expression, facts: &Facts<'_>, answered: Answered) -> Computed {
    let Answered { name, labels, samples } = answered;
    let mut probe = ParsedSeries { name: recipe.name.clone(), labels: labels.clone(), ..ParsedSeries::default() };
    meaning::fill(&mut probe, Some(&recipe.formula));
    let kind = if expression.is_quantile() { SeriesKind::Quantile } else { recipe.kind.unwrap_or(probe.kind) };
    // What a plain selector answers keeps its name as a label, so that several metrics can be told apart.
    let shown = if recipe.is_written && !name.is_empty() { super::promql::named(&labels, &name) } else { labels.clone() };
    let derivation = Derivation {
        formula: recipe.formula.clone(),
        window: recipe.window,
        n_inputs: facts.n_inputs,
        resets: resets(&facts.restarts, &labels),
        is_written: recipe.is_written,
        bounds: facts.bounds.clone(),
    };
    Computed {
        name: recipe.name.clone(),
        labels: shown,
        unit: recipe.unit.unwrap_or(probe.unit),
        kind,
        source: facts.source,
        clip: facts.bounds.last().copied(),
        derivation,
        samples,
    }
}

#[cfg(test)]
mod tests;
