//! Whether the stages of a rollout passed: requests, share of failures, P99 and every named limit, from the series of the stage alone.
//!
//! A series belongs to a stage when it carries every label of its selector. Too few requests or samples are no
//! verdict: an idle canary looks healthy. What a person stated stands over what the data say, and both are told.

use super::context::{Context, Panel};
use super::failed::{count, whole};
use super::limits::{Bound, felt};
use super::requests::counters_where;
use crate::model::case::{Stage, Verdict};
use crate::model::glob::matches;
use crate::model::text::value;
use crate::model::{Annotation, AnnotationId, AnnotationKind, Labels, Sample, SeriesKind, SeriesMeta, TimeRange, Unit};
use crate::report::lint::Limits;

/// Share of failed requests that a stage may have where no limit is set anywhere.
const DEFAULT_SHARE: f64 = 0.05;
/// Names under which a stage limits the share of failed requests and the P99, besides names of series.
const SHARE_NAMES: [&str; 4] = ["error share", "error rate", "error ratio", "errors"];
const P99_NAMES: [&str; 1] = ["p99"];

/// One stage and its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRow {
    /// Its record.
    pub id: AnnotationId,
    /// What it is called: `1 %`.
    pub name: String,
    /// When, half-open.
    pub at: TimeRange,
    /// Share of the traffic in percent.
    pub percent: Option<f64>,
    /// Requests seen; `None` when no counter carries its labels.
    pub requests: Option<f64>,
    /// What was held against a limit.
    pub checks: Vec<StageCheck>,
    /// What the data say.
    pub derived: Verdict,
    /// Why, in words.
    pub why: String,
    /// What a person says.
    pub stated: Option<Verdict>,
    /// Whether the rollback rule fired; `None`: nobody said.
    pub has_rolled_back: Option<bool>,
}

impl StageRow {
    /// What a person says, else what the data say.
    pub fn verdict(&self) -> Verdict {
        self.stated.unwrap_or(self.derived)
    }
}

/// One value against its limit.
#[derive(Debug, Clone, PartialEq)]
pub struct StageCheck {
    /// `error share`, `P99`, or the name of the series.
    pub metric: String,
    /// The series, or the counters it was computed from; empty when there is none.
    pub series: String,
    /// The worst finite sample; for the error share, failed by all requests.
    pub observed: Option<f64>,
    /// Mean of the finite samples.
    pub mean: Option<f64>,
    /// The last good value.
    pub threshold: f64,
    /// Which side of it is bad.
    pub above_is_bad: bool,
    /// Where the limit comes from.
    pub limit: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Finite samples in the stage.
    pub n_samples: usize,
    /// The outcome; inconclusive with too few samples.
    pub verdict: Verdict,
}

impl StageCheck {
    /// `P99 120 ms ≤ 1 s (ok)`.
    pub fn words(&self) -> String {
        let limit = format!("{} {}", if self.above_is_bad { "≤" } else { "≥" }, value(self.threshold, self.unit));
        match (self.observed, self.verdict) {
            (Some(observed), Verdict::Pass) => format!("{} {} {limit}", self.metric, value(observed, self.unit)),
            (Some(observed), Verdict::Fail) => format!("{} {}, not {limit}", self.metric, value(observed, self.unit)),
            (_, _) => format!("{} {limit}: {} samples, too few to tell", self.metric, self.n_samples),
        }
    }
}

/// The verdict over all stages: a failed one fails, else one without a verdict leaves it open; none is no verdict.
pub fn overall(stages: &[StageRow]) -> Verdict {
    let is_any = |wanted| stages.iter().any(|stage| stage.verdict() == wanted);
    match stages {
        _ if is_any(Verdict::Fail) => Verdict::Fail,
        [] => Verdict::Inconclusive,
        _ if is_any(Verdict::Inconclusive) => Verdict::Inconclusive,
        _ => Verdict::Pass,
    }
}

/// The stages in the order of time.
pub(super) fn gather(context: &mut Context) -> Vec<StageRow> {
    let limits = Limits::new(&context.case.meta.lint.limits);
    let case = context.case;
    let stages = case.by_time().into_iter().filter_map(|record| match &record.kind {
        AnnotationKind::Stage(stage) => Some((record, stage)),
        _ => None,
    });
    stages.map(|(record, stage)| judge(context, (record, stage), &limits)).collect()
}

fn judge(context: &mut Context, (record, stage): (&Annotation, &Stage), limits: &Limits) -> StageRow {
    let fewest = limits.get("stage_samples").max(1.0) as usize;
    let mut checks = named(context, stage, fewest);

    let (requests, share) = requests(context, stage, fewest);
    if !checks.iter().any(|check| check.unit == Unit::Ratio) {
        checks.extend(share);
    }
    if !checks.iter().any(|check| is_p99_name(&check.series)) {
        checks.extend(p99(context, stage, fewest));
    }
    let (derived, why) = verdict(stage, requests, &checks, limits);
    StageRow {
        id: record.id.clone(),
        name: record.text.clone(),
        at: stage.at,
        percent: stage.percent,
        requests,
        checks,
        derived,
        why,
        stated: stage.verdict,
        has_rolled_back: stage.has_rolled_back,
    }
}

fn verdict(stage: &Stage, requests: Option<f64>, checks: &[StageCheck], limits: &Limits) -> (Verdict, String) {
    let least = limits.get("stage_requests");
    let words =
        |wanted: Verdict| checks.iter().filter(|check| check.verdict == wanted).map(StageCheck::words).collect::<Vec<_>>().join("; ");
    let has = |wanted: Verdict| checks.iter().any(|check| check.verdict == wanted);
    match requests {
        Some(n) if n < least => (Verdict::Inconclusive, format!("{} requests, fewer than {}", whole(n), whole(least))),
        _ if checks.is_empty() => (Verdict::Inconclusive, format!("no series{} tells failures or P99", selector_words(&stage.selector))),
        _ if has(Verdict::Fail) => (Verdict::Fail, words(Verdict::Fail)),
        _ if has(Verdict::Inconclusive) => (Verdict::Inconclusive, words(Verdict::Inconclusive)),
        Some(n) => (Verdict::Pass, format!("{} requests, all within their limits", whole(n))),
        None => (Verdict::Pass, "all within their limits; no counter tells the requests".to_owned()),
    }
}

fn selector_words(selector: &Labels) -> String {
    let pairs: Vec<String> = selector.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    if pairs.is_empty() { String::new() } else { format!(" with {}", pairs.join(", ")) }
}

fn carries(labels: &Labels, selector: &Labels) -> bool {
    selector.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// Requests of the stage and the share of them that failed.
fn requests(context: &mut Context, stage: &Stage, fewest: usize) -> (Option<f64>, Option<StageCheck>) {
    let Some(group) = counters_where(context, |meta| carries(&meta.labels, &stage.selector)) else {
        return (None, gauge(context, stage, is_error_ratio).map(|meta| check_of("error share", context, stage, (meta, fewest))));
    };
    let counted = count(context, &group, stage.at);
    let per_member =
        group.members.iter().map(|member| context.samples(member.0, stage.at).iter().filter(|sample| sample.value.is_finite()).count());
    let n_samples = per_member.max().unwrap_or(0);
    let (threshold, limit) = share_limit(context, stage);
    let share = (counted.all.likely > 0.0).then(|| counted.failed.likely / counted.all.likely);
    let verdict = match share {
        Some(share) if n_samples >= fewest => {
            if share > threshold {
                Verdict::Fail
            } else {
                Verdict::Pass
            }
        }
        _ => Verdict::Inconclusive,
    };
    let series = format!("{}{}", group.words(), selector_words(&stage.selector));
    let check = StageCheck {
        metric: "error share".into(),
        series,
        observed: share,
        mean: share,
        threshold,
        above_is_bad: true,
        limit,
        unit: Unit::Ratio,
        n_samples,
        verdict,
    };
    (Some(counted.all.likely), Some(check))
}

/// The limit of the share of failed requests: of the stage, else what the error-rate panel is held to.
fn share_limit(context: &mut Context, stage: &Stage) -> (f64, String) {
    if let Some(limit) = role_limit(stage, &SHARE_NAMES) {
        return (limit, "limit of the stage".into());
    }
    let panel = context.panel("error rate").and_then(|panel| panel.meta).filter(|meta| meta.unit == Unit::Ratio);
    let bound = panel.and_then(|meta| felt(context, meta)).filter(|bound| bound.above_is_bad);
    bound.map_or_else(|| (DEFAULT_SHARE, "5 %, no limit is set".to_owned()), |bound| (bound.value, bound.why))
}

fn role_limit(stage: &Stage, names: &[&str]) -> Option<f64> {
    stage.thresholds.iter().find(|(name, _)| names.iter().any(|role| is_same_name(name, role))).map(|(_, limit)| *limit)
}

/// Case, `_` and blanks do not count.
fn is_same_name(name: &str, role: &str) -> bool {
    name.trim().replace(['_', '-'], " ").eq_ignore_ascii_case(role)
}

fn p99(context: &mut Context, stage: &Stage, fewest: usize) -> Option<StageCheck> {
    let meta = gauge(context, stage, is_p99)?;
    Some(check_of("P99", context, stage, (meta, fewest)))
}

/// The series of a role that carries the labels of the stage: the panel's, else the one with most samples.
fn gauge<'a>(context: &Context<'a>, stage: &Stage, fits: fn(&SeriesMeta) -> bool) -> Option<&'a SeriesMeta> {
    let is_wanted = |meta: &SeriesMeta| fits(meta) && carries(&meta.labels, &stage.selector);
    let panel = context.panels.iter().filter_map(|panel: &Panel| panel.meta).find(|meta| is_wanted(meta));
    let most =
        || context.catalog.series.iter().filter(|meta| is_wanted(meta)).max_by_key(|meta| (meta.n_samples, std::cmp::Reverse(meta.id)));
    panel.or_else(most)
}

fn is_error_ratio(meta: &SeriesMeta) -> bool {
    let name = meta.name.to_ascii_lowercase();
    meta.unit == Unit::Ratio && ["error", "fail", "5xx"].iter().any(|word| name.contains(word))
}

fn is_p99(meta: &SeriesMeta) -> bool {
    let is_asked =
        || meta.query.as_deref().is_some_and(|query| ["quantile(0.99,", "quantile(0.990,"].iter().any(|call| query.contains(call)));
    let is_labelled = || meta.labels.get("quantile").and_then(|text| text.parse::<f64>().ok()).is_some_and(|q| (q - 0.99).abs() < 1e-9);
    meta.unit == Unit::Seconds && (is_p99_name(&meta.name) || is_labelled() || (meta.kind == SeriesKind::Quantile && is_asked()))
}

fn is_p99_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.match_indices("p99").any(|(at, word)| !name[at + word.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

/// The limits that stage or case set for series by name.
fn named(context: &mut Context, stage: &Stage, fewest: usize) -> Vec<StageCheck> {
    let is_role = |name: &str| SHARE_NAMES.iter().chain(&P99_NAMES).any(|role| is_same_name(name, role));
    let mut checks = Vec::new();
    for (name, limit) in stage.thresholds.iter().filter(|(name, _)| !is_role(name)) {
        let found = found(context, name, &stage.selector);
        let bound = || Bound { value: *limit, above_is_bad: true, why: "limit of the stage".into() };
        if found.is_empty() {
            checks.push(check(name, (None, &[]), bound(), fewest));
        }
        for meta in found {
            let samples = own_samples(context, meta, stage.at);
            checks.push(check(&meta.full_name(), (Some(meta), &samples), bound(), fewest));
        }
    }
    let limits = &context.case.meta.thresholds;
    for (name, limit) in limits.iter().filter(|(name, _)| !stage.thresholds.contains_key(*name)) {
        let mut own = found(context, name, &stage.selector);
        own.retain(|meta| carries(&meta.labels, &stage.selector) && checks.iter().all(|one| one.metric != meta.full_name()));
        for meta in own {
            let samples = own_samples(context, meta, stage.at);
            let bound = Bound { value: *limit, above_is_bad: true, why: "threshold of the case".into() };
            checks.push(check(&meta.full_name(), (Some(meta), &samples), bound, fewest));
        }
    }
    checks
}

/// Series of a name or pattern, those of the stage if there are any; of one name in several sources the fullest.
fn found<'a>(context: &Context<'a>, pattern: &str, selector: &Labels) -> Vec<&'a SeriesMeta> {
    let all = context
        .catalog
        .series
        .iter()
        .filter(|meta| *pattern == meta.name || matches(pattern, &meta.full_name()) || matches(pattern, &meta.name));
    let mut all: Vec<&SeriesMeta> = all.collect();
    if all.iter().any(|meta| carries(&meta.labels, selector)) {
        all.retain(|meta| carries(&meta.labels, selector));
    }
    fullest(all)
}

/// Of series with the same full name the one with most samples, by name.
pub(super) fn fullest(mut all: Vec<&SeriesMeta>) -> Vec<&SeriesMeta> {
    all.sort_by_cached_key(|meta| (meta.full_name(), std::cmp::Reverse(meta.n_samples), meta.id));
    all.dedup_by_key(|meta| meta.full_name());
    all
}

fn check_of<'a>(metric: &str, context: &mut Context<'a>, stage: &Stage, (meta, fewest): (&'a SeriesMeta, usize)) -> StageCheck {
    let names: &[&str] = if metric == "P99" { &P99_NAMES } else { &SHARE_NAMES };
    let own = role_limit(stage, names).map(|value| Bound { value, above_is_bad: true, why: "limit of the stage".into() });
    let bound = own.or_else(|| felt(context, meta));
    let bound = bound.unwrap_or(Bound { value: DEFAULT_SHARE, above_is_bad: true, why: "5 %, no limit is set".into() });
    let samples = own_samples(context, meta, stage.at);
    check(metric, (Some(meta), &samples), bound, fewest)
}

/// Samples of the stage alone: one whose window reaches back before the stage tells of what was there before.
fn own_samples(context: &mut Context, meta: &SeriesMeta, at: TimeRange) -> Vec<Sample> {
    let window_ns = meta.derivation.as_ref().and_then(|derivation| derivation.window).map_or(0, |window| window.0);
    let first = at.start().plus_ns(window_ns);
    context.samples(meta, at).into_iter().filter(|sample| sample.time >= first && sample.value.is_finite()).collect()
}

fn check(metric: &str, (meta, samples): (Option<&SeriesMeta>, &[Sample]), bound: Bound, fewest: usize) -> StageCheck {
    let values = || samples.iter().map(|sample| sample.value);
    let worst = if bound.above_is_bad { values().reduce(f64::max) } else { values().reduce(f64::min) };
    let verdict = match worst {
        Some(worst) if samples.len() >= fewest => {
            if bound.is_bad(worst) {
                Verdict::Fail
            } else {
                Verdict::Pass
            }
        }
        _ => Verdict::Inconclusive,
    };
    StageCheck {
        metric: metric.to_owned(),
        series: meta.map_or_else(String::new, SeriesMeta::full_name),
        observed: worst,
        mean: (!samples.is_empty()).then(|| values().sum::<f64>() / samples.len() as f64),
        threshold: bound.value,
        above_is_bad: bound.above_is_bad,
        limit: bound.why,
        unit: meta.map_or(Unit::None, |meta| meta.unit),
        n_samples: samples.len(),
        verdict,
    }
}
