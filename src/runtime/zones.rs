//! Asks the sources for what `analysis::shift` weighs: which zone a source without one was written in.
//!
//! Only sources that say their own zone, or of which the user said it, are witnesses. Bounded in sources and time.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use crate::analysis::shift::{self, Minutes};
use crate::model::query::{GroupBy, HistogramQuery};
use crate::model::time::NS_PER_S;
use crate::model::zones::ProposedZone;
use crate::model::{Catalog, EventFilter, Level, SourceKind, SourceReport, TimeRange, Timestamp, ZoneCertainty};
use crate::source::{Job, Source, SourceError};

/// More sources than these are not compared.
const MAX_SOURCES: usize = 200;

/// A zone that a source seems to be written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneHint {
    /// The source.
    pub path: String,
    /// The zone, as `--tz` takes it.
    pub zone: String,
    /// Whose times it then agrees with.
    pub witness: String,
    /// What falls together.
    pub what: &'static str,
}

impl ZoneHint {
    /// One sentence with the flag to use.
    pub fn sentence(&self) -> String {
        let (path, zone) = (&self.path, &self.zone);
        let quoted = if path.contains([' ', '\'', '(', '&', ';']) { format!("'{path}={zone}'") } else { format!("{path}={zone}") };
        format!("{path} has no zone, but {}: try --tz {quoted}", self.why())
    }

    fn why(&self) -> String {
        format!("{} those of {} if it was written at {}", self.what, self.witness, self.zone)
    }

    /// The same for the screen, where a key takes it.
    pub fn proposed(&self) -> ProposedZone {
        ProposedZone { path: self.path.clone(), zone: self.zone.clone(), why: self.why() }
    }
}

/// Hints for all sources whose zone nobody said; empty when there is nothing to tell.
pub fn hints(source: &dyn Source, job: &Job) -> Result<Vec<ZoneHint>, SourceError> {
    let catalog = source.catalog(job)?;
    let has_times = |report: &&SourceReport| report.extent.is_some();
    let unsure: Vec<&SourceReport> =
        catalog.sources.iter().filter(has_times).filter(|report| report.zone.certainty == ZoneCertainty::Default).collect();
    let sure: Vec<&SourceReport> = catalog
        .sources
        .iter()
        .filter(has_times)
        .filter(|report| matches!(report.zone.certainty, ZoneCertainty::Offset | ZoneCertainty::File))
        .collect();
    if unsure.is_empty() || sure.is_empty() || unsure.len() + sure.len() > MAX_SOURCES {
        return Ok(Vec::new());
    }
    let errors = errors_a_minute(source, &catalog, job)?;
    Ok(unsure.into_iter().filter_map(|report| hint(report, &sure, &errors)).collect())
}

fn hint(report: &SourceReport, sure: &[&SourceReport], errors: &BTreeMap<String, Minutes>) -> Option<ZoneHint> {
    let found = |shift_s: i64, witness: &SourceReport, what| ZoneHint {
        path: report.path.clone(),
        zone: shift::zone(shift_s),
        witness: witness.path.clone(),
        what,
    };
    if let Some(own) = errors.get(&report.path) {
        let others = sure.iter().filter_map(|other| Some((*other, errors.get(&other.path)?)));
        let shifts: Vec<_> = others.filter_map(|(other, minutes)| Some((shift::by_errors(own, minutes)?, other))).collect();
        // Witnesses that disagree are none.
        if let Some((first, witness)) = shifts.first() {
            return shifts.iter().all(|(shift, _)| shift == first).then(|| found(*first, witness, "its errors fall together with"));
        }
    }
    let span = report.extent?;
    // Somebody whose window is the same as it stands is the better witness.
    if sure.iter().any(|other| is_same(span, other.extent)) {
        return None;
    }
    let shifts: Vec<_> = sure.iter().filter_map(|other| Some((shift::by_span(span, other.extent?)?, *other))).collect();
    let (first, witness) = shifts.first()?;
    // Logs are rotated by the hour, so theirs may be another one: only what lies apart from all others is off, and one
    // witness is not enough.
    let is_apart = || shift::is_apart(span, sure.iter().filter_map(|other| other.extent));
    if report.kind != SourceKind::Metrics && (shifts.len() < 2 || !is_apart()) {
        return None;
    }
    shifts.iter().all(|(shift, _)| shift == first).then(|| found(*first, witness, "its first and last times meet"))
}

fn is_same(span: (Timestamp, Timestamp), other: Option<(Timestamp, Timestamp)>) -> bool {
    let near = |a: Timestamp, b: Timestamp| a.0.abs_diff(b.0) < 120 * NS_PER_S as u64;
    other.is_some_and(|other| near(span.0, other.0) && near(span.1, other.1))
}

/// Errors of each source a minute, over everything.
fn errors_a_minute(source: &dyn Source, catalog: &Catalog, job: &Job) -> Result<BTreeMap<String, Minutes>, SourceError> {
    let Some((range, columns)) = catalog.extent.and_then(minutes) else { return Ok(BTreeMap::new()) };
    let filter = EventFilter { min_level: Some(Level::Error), ..EventFilter::default() };
    let query = HistogramQuery { filter, range, columns, by: vec![GroupBy::Source] };
    let groups = source.histogram(&query, job)?.value.groups;
    Ok(groups.into_iter().filter_map(|(key, counts)| Some((key.into_iter().next()?, counts))).collect())
}

/// The range, from a whole minute on, and its minutes.
fn minutes(extent: TimeRange) -> Option<(TimeRange, NonZeroUsize)> {
    const MINUTE_NS: i64 = 60 * NS_PER_S;
    let start = extent.start().0.div_euclid(MINUTE_NS).checked_mul(MINUTE_NS)?;
    let n = extent.end().0.checked_sub(start)?.div_euclid(MINUTE_NS).checked_add(1)?;
    let range = TimeRange::new(Timestamp(start), Timestamp(start.checked_add(n.checked_mul(MINUTE_NS)?)?));
    Some((range, NonZeroUsize::new(shift::minutes_of(range)?)?))
}
