//! Asks a source everything that a comparison of two windows needs, with stated bounds.
//!
//! Series cost so many stretches a window however long they are; levels, services and patterns are counted by columns; only
//! fields read text, and at most [`Difference::MOST_READ`] events a window, spread over it as the events are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;

use crate::analysis::compare::{self, Target, Verdict};
use crate::model::compare::{Basis, CompareQuery, CountChange, Counted, Counts, Difference, SeriesChange};
use crate::model::query::{GroupBy, HistogramQuery, PageStart, PatternQuery};
use crate::model::{Catalog, Event, EventQuery, Level, SeriesId, SeriesMeta, SeriesQuery, TimeRange};
use crate::source::{Job, Source, SourceError};

/// Series asked for at once: cancelling waits for so many at most.
const BATCH: usize = 256;
/// Stretches that events are read from: finer follows their rate more closely, and asks more often.
const SLICES: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");
const STRETCHES: NonZeroUsize = NonZeroUsize::new(Difference::STRETCHES).expect("not zero");
const ONE: NonZeroUsize = NonZeroUsize::MIN;
/// Different values from which on a field names things one by one.
const MOST_VALUES: usize = 100;
/// Longer values are sentences: patterns tell of them.
const LONGEST_VALUE: usize = 160;

/// Everything that differs between the two windows.
pub fn difference(source: &dyn Source, query: &CompareQuery, job: &Job) -> Result<Difference, SourceError> {
    let catalog = source.catalog(job)?;
    let mut found = Difference { baseline: query.baseline, window: query.window, ..Difference::default() };
    compare_series(source, query, &catalog, (&mut found, job))?;
    if catalog.n_events > 0 {
        compare_counts(source, query, &mut found, job)?;
        compare_patterns(source, query, &mut found, job)?;
        compare_values(source, query, &mut found, job)?;
    }
    Ok(found)
}

fn compare_series(
    source: &dyn Source,
    query: &CompareQuery,
    catalog: &Catalog,
    (found, job): (&mut Difference, &Job),
) -> Result<(), SourceError> {
    let metas: Vec<&SeriesMeta> = catalog.series.iter().filter(|meta| !compare::is_bucket(meta)).collect();
    found.tally.n_buckets = (catalog.series.len() - metas.len()) as u64;
    job.restart(metas.len() as u64);
    let mut kept: Vec<SeriesChange> = Vec::new();
    let mut by_metric: HashMap<String, u64> = HashMap::new();
    let was_there = |meta: &&SeriesMeta| meta.extent.is_some_and(|extent| extent.start() < query.baseline.end());
    let known: HashSet<&str> = catalog.series.iter().filter(was_there).filter_map(compare::target_of).collect();
    let is_new = |meta: &SeriesMeta| compare::target_of(meta).is_some_and(|target| !known.contains(target));
    for batch in metas.chunks(BATCH) {
        job.check()?;
        let ids: Vec<SeriesId> = batch.iter().map(|meta| meta.id).collect();
        let columns = |range| source.series(&SeriesQuery { ids: ids.clone(), range, columns: STRETCHES }, job);
        let (before, after) = (columns(query.baseline)?.value, columns(query.window)?.value);
        for (meta, (before, after)) in batch.iter().zip(before.iter().zip(&after)) {
            let target = if is_new(meta) { Target::New } else { Target::Known };
            match compare::series(meta, target, before, after) {
                Verdict::Differs(change) => {
                    *by_metric.entry(compare::metric_of(meta)).or_default() += 1;
                    kept.push(*change);
                }
                Verdict::Alike => {}
                Verdict::Few => found.tally.n_few += 1,
            }
        }
        found.tally.n_compared += batch.len() as u64;
        job.advance(batch.len() as u64);
        // A million series are not held: only those that may be told.
        if kept.len() > Difference::MOST_SERIES * 8 {
            cut(&mut kept, catalog);
        }
    }
    cut(&mut kept, catalog);
    for change in &mut kept {
        job.check()?;
        to_the_sample(source, query, catalog, (change, job))?;
    }
    found.tally.n_differ = by_metric.values().sum();
    for change in &mut kept {
        // The first of each metric takes the count away, so that the others have none.
        let n = by_metric.remove(&metric_of(catalog, change));
        change.n_more = n.map_or(0, |n| n - 1);
    }
    found.series = kept;
    Ok(())
}

/// Samples of a stretch and its neighbours that are looked at; of longer ones the stretch is told.
const MOST_SAMPLES: usize = 4_096;

/// Moves the time of departure from the edge of its stretch to the first sample beyond the baseline.
fn to_the_sample(
    source: &dyn Source,
    query: &CompareQuery,
    catalog: &Catalog,
    (change, job): (&mut SeriesChange, &Job),
) -> Result<(), SourceError> {
    let (Some(departed), Some(meta)) = (change.departed, catalog.series(change.id)) else { return Ok(()) };
    let stretch = query.window.len_ns() / STRETCHES.get() as i64;
    let around = TimeRange::new(departed.plus_ns(-stretch), departed.plus_ns(2 * stretch));
    let samples = source.samples(change.id, around, MOST_SAMPLES, job)?.value;
    if let Some(at) = compare::first_beyond(meta, change, &samples) {
        change.departed = Some(at);
    }
    Ok(())
}

/// Keeps those that are told.
fn cut(changes: &mut Vec<SeriesChange>, catalog: &Catalog) {
    compare::rank(changes, &|change| metric_of(catalog, change));
    changes.truncate(Difference::MOST_SERIES);
}

fn metric_of(catalog: &Catalog, change: &SeriesChange) -> String {
    catalog.series(change.id).map(compare::metric_of).unwrap_or_default()
}

fn groups(
    source: &dyn Source,
    query: &CompareQuery,
    (range, by): (TimeRange, GroupBy),
    job: &Job,
) -> Result<BTreeMap<String, u64>, SourceError> {
    let question = HistogramQuery { filter: query.filter.clone(), range, columns: ONE, by: vec![by] };
    let groups = source.histogram(&question, job)?.value.groups;
    Ok(groups.into_iter().filter_map(|(key, counts)| Some((key.into_iter().next()?, counts.into_iter().sum()))).collect())
}

fn compare_counts(source: &dyn Source, query: &CompareQuery, found: &mut Difference, job: &Job) -> Result<(), SourceError> {
    let lengths = (query.baseline.len_ns().unsigned_abs(), query.window.len_ns().unsigned_abs());
    let of = |range, by| groups(source, query, (range, by), job);
    let levels = (of(query.baseline, GroupBy::Level)?, of(query.window, GroupBy::Level)?);
    let services = (of(query.baseline, GroupBy::Service)?, of(query.window, GroupBy::Service)?);
    found.n_events = (levels.0.values().sum(), levels.1.values().sum());
    let level_of = |name: &str| Level::ALL.into_iter().find(|level| level.name() == name).unwrap_or_default();
    let rate = |what, n| CountChange::of(what, n, lengths, Basis::Rate);
    found.levels = Counts::of(paired(&levels).filter_map(|(name, n)| rate(Counted::Level(level_of(name)), n)).collect());
    found.services = Counts::of(paired(&services).filter_map(|(name, n)| rate(Counted::Service(name.to_owned()), n)).collect());
    Ok(())
}

/// Every key of either side with both counts.
fn paired((before, after): &(BTreeMap<String, u64>, BTreeMap<String, u64>)) -> impl Iterator<Item = (&str, (u64, u64))> {
    let mut keys: Vec<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(|key| (key, (before.get(key).copied().unwrap_or(0), after.get(key).copied().unwrap_or(0))))
}

fn compare_patterns(source: &dyn Source, query: &CompareQuery, found: &mut Difference, job: &Job) -> Result<(), SourceError> {
    let question = PatternQuery { filter: query.filter.clone(), range: None, windows: Some((query.baseline, query.window)) };
    let patterns = match source.patterns(&question, job) {
        Ok(patterns) => patterns.value,
        Err(SourceError::Cancelled) => return Err(SourceError::Cancelled),
        // A source that finds no patterns has other differences to tell.
        Err(_) => return Ok(()),
    };
    let seen = patterns.into_iter().filter(|pattern| pattern.in_windows != (0, 0));
    let change = |pattern: crate::model::query::Pattern| {
        CountChange::of(Counted::Pattern(pattern.id, pattern.template), pattern.in_windows, found.n_events, Basis::Share)
    };
    found.patterns = Counts::of(seen.filter_map(change).collect());
    Ok(())
}

/// Values of one field and how often each was seen in the two windows.
#[derive(Default)]
struct Field {
    n: (u64, u64),
    values: HashMap<String, (u64, u64)>,
    n_long: u64,
}

fn compare_values(source: &dyn Source, query: &CompareQuery, found: &mut Difference, job: &Job) -> Result<(), SourceError> {
    let mut fields: BTreeMap<String, Field> = BTreeMap::new();
    found.n_read.0 = read(source, query, query.baseline, job, &mut |event| tally(&mut fields, event, |n| &mut n.0))?;
    found.n_read.1 = read(source, query, query.window, job, &mut |event| tally(&mut fields, event, |n| &mut n.1))?;
    let mut all = Vec::new();
    for (name, field) in fields {
        let n = field.n.0 + field.n.1;
        if field.n.0 == 0 && field.n.1 > 0 {
            all.extend(CountChange::of(Counted::Field(name), field.n, found.n_read, Basis::Share));
        } else if let Some(why) = too_many(&field, n) {
            found.fields_left_out.push((name, why));
        } else {
            let values = field.values.into_iter();
            all.extend(values.filter_map(|(value, n)| CountChange::of(Counted::Value(name.clone(), value), n, field.n, Basis::Share)));
        }
    }
    found.values = Counts::of(all);
    Ok(())
}

/// Why the values of a field are not compared: nearly every event has its own.
fn too_many(field: &Field, n: u64) -> Option<String> {
    let n_values = field.values.len();
    if field.n_long * 2 > n {
        return Some("most values are long".to_owned());
    }
    let is_own = n_values > 10 && n_values as u64 * 2 > n;
    (n_values >= MOST_VALUES || is_own)
        .then(|| if n_values >= MOST_VALUES { format!("{MOST_VALUES} or more values") } else { format!("{n_values} values in {n} events") })
}

fn tally(fields: &mut BTreeMap<String, Field>, event: Event, side: impl Fn(&mut (u64, u64)) -> &mut u64) {
    for (name, value) in event.fields {
        let field = fields.entry(name).or_default();
        *side(&mut field.n) += 1;
        if value.chars().count() > LONGEST_VALUE {
            field.n_long += 1;
        } else if field.values.len() < MOST_VALUES || field.values.contains_key(&value) {
            *side(field.values.entry(value).or_default()) += 1;
        }
    }
}

/// Reads events of a range, at most so many, spread over it as the events are; how many.
fn read(source: &dyn Source, query: &CompareQuery, range: TimeRange, job: &Job, take: &mut dyn FnMut(Event)) -> Result<u64, SourceError> {
    let question = HistogramQuery { filter: query.filter.clone(), range, columns: SLICES, by: Vec::new() };
    let counts: Vec<u64> = source.histogram(&question, job)?.value.groups.into_values().next().unwrap_or_default();
    let total: u64 = counts.iter().sum();
    let mut n_read = 0;
    for (slice, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        job.check()?;
        let share = if total <= Difference::MOST_READ { *count } else { (count * Difference::MOST_READ / total).max(1) };
        let range = TimeRange::new(range.edge(slice, SLICES), range.edge(slice + 1, SLICES));
        let limit = usize::try_from(share).unwrap_or(usize::MAX);
        let page = EventQuery { filter: query.filter.clone(), range: Some(range), start: PageStart::AtOrAfter(range.start()), limit };
        for event in source.events(&page, job)?.value.events {
            n_read += 1;
            take(event);
        }
    }
    Ok(n_read)
}
