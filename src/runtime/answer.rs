//! Questions of the state, answered from a source and the pure analysis. Runs on a blocking thread.
//!
//! The same function serves the screen, `screenshot` and the tests, so that they cannot differ.

use std::num::NonZeroUsize;

use sha2::{Digest, Sha256};

use super::export::Target;
use super::find;
use crate::analysis::{panels, stats};
use crate::app::message::{Crossing, FreezeTarget, Limit, PanelChoice, Question, Reply, SeriesStats};
use crate::model::case::{Evidence, EvidenceTarget};
use crate::model::filter::{Expr, Term};
use crate::model::query::PageStart;
use crate::model::series::Sample;
use crate::model::{Catalog, EventFilter, EventQuery, EventRef, SeriesId, SeriesQuery, SourceId, TimeRange, Timestamp};
use crate::source::{Curtain, Job, Source, SourceError};

/// Columns over the whole extent from which the telling series are chosen.
pub(super) const CHOICE_COLUMNS: NonZeroUsize = NonZeroUsize::new(240).expect("not zero");
/// Frozen points of a pinned series: enough for a sparkline that outlives its source.
const FROZEN_POINTS: NonZeroUsize = NonZeroUsize::new(60).expect("not zero");
/// Samples read for the statistics of one series; beyond that the columns answer.
const STATS_SAMPLES: usize = 2_000_000;
/// Lines of a log excerpt that evidence keeps, and the width at which each is cut.
const EXCERPT: (usize, usize) = (15, 400);

/// Answers one question of a case that is kept nowhere. Cancellation is checked by the source every chunk.
pub fn answer(source: &dyn Source, question: &Question, job: &Job) -> Result<Reply, SourceError> {
    answer_for(source, &Target::default(), question, job)
}

/// The same for a case whose documents go to `target`: it knows the words of `sections/*.md`.
pub fn answer_for(source: &dyn Source, target: &Target, question: &Question, job: &Job) -> Result<Reply, SourceError> {
    Ok(match question {
        Question::Known { until, question } => answer(&Curtain::new(source, *until), question, job)?,
        Question::ChoosePanels => Reply::Panels(choose_panels(source, job)?),
        Question::Define(formulas) => {
            let defined = source.define(formulas, job)?;
            Reply::Defined(defined.value, defined.warnings)
        }
        Question::SetClocks(offsets, zones) => {
            source.set_zones(zones);
            let moved = source.set_clocks(offsets, job)?;
            Reply::Defined(moved.value, moved.warnings)
        }
        Question::Series(query) => Reply::Series(source.series(query, job)?.value),
        Question::Stats { ids, baseline, window, limits } => Reply::Stats(series_stats(source, ids, (*baseline, *window), limits, job)?),
        Question::ValuesAt { ids, at } => Reply::Values(source.values_at(ids, *at, job)?.value),
        Question::Histogram(query) => Reply::Histogram(source.histogram(query, job)?.value),
        Question::Events(query) => Reply::Events(source.events(query, job)?.value),
        Question::Event(id) => Reply::Event(Box::new(source.event(*id, job)?)),
        Question::Patterns(query) => Reply::Patterns(source.patterns(query, job)?.value),
        Question::Compare(query) => Reply::Difference(Box::new(super::compare::difference(source, query, job)?)),
        Question::Onsets(query) => Reply::Onsets(super::onsets::find(source, query, job)?),
        Question::Facets(query) => Reply::Facets(Box::new(source.facets(query, job)?.value)),
        Question::Clocks => Reply::Clocks(super::clocks::check(source, job)?),
        Question::Count { filter, range } => Reply::Count(source.count(filter, *range, job)?.value),
        Question::Look(query) => Reply::Look(Box::new(find::look(source, query, job)?)),
        Question::Position { filter, id, at } => Reply::Count(find::position(source, filter, (*id, *at), job)?),
        Question::Words => Reply::Words(std::sync::Arc::new(find::words(source, job)?)),
        Question::Standings(evidence) => Reply::Standings(
            evidence
                .iter()
                .map(|(id, one)| Ok((id.clone(), super::standing::standing(source, one, job)?)))
                .collect::<Result<_, SourceError>>()?,
        ),
        Question::Suggested(case) => Reply::Suggested(super::gate::suggested(case, source, job)?),
        Question::Debt(case) => Reply::Debt(super::gate::debt(case, source, target, job)?),
        Question::Manuscript(query) => {
            let made = super::manuscript::manuscript(query, source, target);
            Reply::Manuscript(Box::new(made.map_err(|error| SourceError::Question(format!("{error:#}")))?))
        }
        Question::Freeze(targets) => Reply::Frozen(targets.iter().map(|target| freeze(source, target, job)).collect::<Result<_, _>>()?),
    })
}

/// The most telling series for each role, chosen from columns over the whole extent.
pub fn choose_panels(source: &dyn Source, job: &Job) -> Result<Vec<PanelChoice>, SourceError> {
    let catalog = source.catalog(job)?;
    let Some(range) = catalog.extent else { return Ok(Vec::new()) };
    // Only series that some alias fits are worth reading: a million others stay untouched.
    let mut ids: Vec<SeriesId> = catalog.series.iter().filter(|meta| panels::plays_a_role(meta)).map(|meta| meta.id).collect();
    super::serving::keep_servers(&mut ids, (source, &catalog), range, job)?;
    let columns = source.series(&SeriesQuery { ids: ids.clone(), range, columns: CHOICE_COLUMNS }, job)?.value;
    let candidates: Vec<panels::PanelCandidate<'_>> = ids
        .iter()
        .zip(&columns)
        .filter_map(|(id, columns)| catalog.series(*id).map(|meta| panels::PanelCandidate { meta, columns }))
        .collect();
    Ok(panels::choose_by_origin(&candidates)
        .into_iter()
        .map(|choice| PanelChoice { role: choice.role, id: choice.id, why: choice.why, others: choice.others })
        .collect())
}

fn series_stats(
    source: &dyn Source,
    ids: &[SeriesId],
    (baseline, window): (TimeRange, TimeRange),
    limits: &[Option<Limit>],
    job: &Job,
) -> Result<Vec<SeriesStats>, SourceError> {
    ids.iter()
        .zip(limits.iter().copied().chain(std::iter::repeat(None)))
        .map(|(id, limit)| {
            let normal = source.samples(*id, baseline, STATS_SAMPLES, job)?.value;
            let all = source.samples(*id, window, STATS_SAMPLES, job)?.value;
            Ok(SeriesStats {
                baseline: stats::baseline_median(&normal),
                peak: stats::peak(&all),
                last: all.iter().rev().map(|sample| sample.value).find(|value| value.is_finite()),
                crossing: limit.and_then(|limit| first_crossing(&all, limit)),
            })
        })
        .collect()
}

/// The first sample beyond the limit; an infinite value counts, NaN does not.
fn first_crossing(samples: &[Sample], limit: Limit) -> Option<Crossing> {
    let mut numbers = samples.iter().filter(|sample| !sample.value.is_nan());
    let first = numbers.clone().next()?.time;
    let at = numbers.find(|sample| limit.is_crossed_by(sample.value))?.time;
    Some(Crossing { at, is_at_start: at == first })
}

/// Turns one target into evidence with frozen values and hashes.
pub fn freeze(source: &dyn Source, target: &FreezeTarget, job: &Job) -> Result<Evidence, SourceError> {
    let catalog = source.catalog(job)?;
    let (source_id, target) = match target {
        FreezeTarget::Series { id, range, at } => freeze_series(source, &catalog, (*id, *range, *at), job)?,
        FreezeTarget::Event(id) => (id.source, freeze_event(source, *id, job)?),
        FreezeTarget::PatternStart(pattern) => {
            let id = first_of_pattern(source, *pattern, job)?;
            (id.source, freeze_event(source, id, job)?)
        }
        FreezeTarget::Change(index) => {
            let change = catalog.changes.get(*index).ok_or_else(|| gone("change"))?;
            (change.source, EvidenceTarget::Change { line: change.line, at: change.time, text: change.text.clone() })
        }
        FreezeTarget::Alert(index) => {
            let alert = catalog.alerts.get(*index).ok_or_else(|| gone("alert"))?;
            let at = alert.firing_at.unwrap_or(alert.active_at);
            let target = EvidenceTarget::Alert { name: alert.name.clone(), labels: alert.labels.clone(), at, until: alert.ended_at };
            (alert.source, target)
        }
        FreezeTarget::Profile(index) => {
            let mark = catalog.profiles.get(*index).ok_or_else(|| gone("profile"))?;
            let target = EvidenceTarget::Profile { profile: mark.kind.clone(), at: mark.time, total: mark.total, unit: mark.unit.clone() };
            (mark.source, target)
        }
    };
    Ok(evidence(source, &catalog, (source_id, target), job))
}

/// Lines of a source as evidence.
pub fn freeze_lines(source: &dyn Source, id: SourceId, (first, last): (u64, u64), job: &Job) -> Result<Evidence, SourceError> {
    let catalog = source.catalog(job)?;
    let target = lines_target(source, id, (first, last), job)?;
    Ok(evidence(source, &catalog, (id, target), job))
}

fn evidence(source: &dyn Source, catalog: &Catalog, (source_id, target): (SourceId, EvidenceTarget), job: &Job) -> Evidence {
    let path = catalog.source(source_id).map(|report| report.path.clone()).unwrap_or_default();
    // The hash of a very large source is not worth the wait at a key press; the export computes it.
    let is_small = catalog.source(source_id).is_some_and(|report| report.size_bytes <= 64 << 20);
    let source_sha256 = if is_small { source.sha256(source_id, job).ok() } else { None };
    Evidence { source: path, source_sha256, target }
}

fn gone(what: &str) -> SourceError {
    SourceError::Question(format!("the {what} is no longer in the catalog; pin it again"))
}

fn freeze_series(
    source: &dyn Source,
    catalog: &Catalog,
    (id, range, at): (SeriesId, TimeRange, Timestamp),
    job: &Job,
) -> Result<(SourceId, EvidenceTarget), SourceError> {
    let meta = catalog.series(id).ok_or_else(|| gone("series"))?;
    let columns = source.series(&SeriesQuery { ids: vec![id], range, columns: FROZEN_POINTS }, job)?.value;
    let value = source.values_at(&[id], at, job)?.value.into_iter().next().flatten().map(|value| value.value);
    let samples = source.samples(id, range, STATS_SAMPLES, job)?.value;
    let points = columns
        .first()
        .map(|columns| columns.columns.iter().map(|bucket| bucket.filter(|b| b.count > 0).map(|b| b.max)).collect())
        .unwrap_or_default();
    let target = EvidenceTarget::Series {
        name: meta.name.clone(),
        labels: meta.labels.clone(),
        unit: meta.unit,
        range,
        at,
        value: value.filter(|value| value.is_finite()),
        peak: stats::peak(&samples),
        points,
    };
    Ok((meta.source, target))
}

fn first_of_pattern(source: &dyn Source, pattern: u32, job: &Job) -> Result<EventRef, SourceError> {
    let filter = EventFilter { expr: Some(Expr::Term(Term::Pattern(pattern))), ..EventFilter::default() };
    let query = |start| EventQuery { filter: filter.clone(), range: None, start, limit: 1 };
    for start in [PageStart::AtOrAfter(Timestamp::MIN), PageStart::Unplaced(0)] {
        if let Some(event) = source.events(&query(start), job)?.value.events.first() {
            return Ok(event.id);
        }
    }
    Err(gone("pattern"))
}

fn freeze_event(source: &dyn Source, id: EventRef, job: &Job) -> Result<EvidenceTarget, SourceError> {
    let event = source.event(id, job)?;
    let last = event.line + u64::from(event.n_lines.max(1)) - 1;
    match lines_target(source, id.source, (event.line, last), job)? {
        EvidenceTarget::Lines { first, last, sha256, excerpt, .. } => {
            Ok(EvidenceTarget::Lines { first, last, at: event.time, sha256, excerpt })
        }
        other => Ok(other),
    }
}

fn lines_target(source: &dyn Source, id: SourceId, (first, last): (u64, u64), job: &Job) -> Result<EvidenceTarget, SourceError> {
    let lines = source.lines(id, first, last, job)?;
    let text = String::from_utf8_lossy(&lines.bytes);
    let excerpt: Vec<String> = text.lines().take(EXCERPT.0).map(cut_line).collect();
    let sha256 = hex(&Sha256::digest(&lines.bytes));
    Ok(EvidenceTarget::Lines { first: lines.first, last: lines.last, at: None, sha256, excerpt: excerpt.join("\n") })
}

pub(super) fn cut_line(line: &str) -> String {
    match line.char_indices().nth(EXCERPT.1) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_crossing_is_the_first_sample_beyond_the_limit() {
        let samples = |values: &[f64]| -> Vec<Sample> {
            values.iter().enumerate().map(|(at, value)| Sample { time: Timestamp(at as i64), value: *value }).collect()
        };
        let crossing = |values: &[f64], above_is_bad| first_crossing(&samples(values), Limit { value: 5.0, above_is_bad });
        let at = |at, is_at_start| Some(Crossing { at: Timestamp(at), is_at_start });
        assert_eq!(crossing(&[1.0, f64::NAN, 5.0, f64::INFINITY, 9.0], true), at(3, false));
        assert_eq!(crossing(&[f64::NAN, 6.0], true), at(1, true));
        assert_eq!(crossing(&[9.0, 4.0], false), at(1, false));
        assert_eq!(crossing(&[5.0, f64::NAN], true), None);
        assert_eq!(crossing(&[], true), None);
    }
}
