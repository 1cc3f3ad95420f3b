//! `coroner histogram`: counts of events by bucket of time and by group, with statistics of fields.
//!
//! Buckets lie on multiples of their length since the epoch, so that two runs over different ranges can be compared;
//! the first and the last are cut at the ends of the range that was asked for.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZeroUsize;

use anyhow::bail;
use serde_json::{Map, Value, json};

use super::fields;
use super::output::{self, OutputForm};
use crate::model::query::{FieldSeen, GroupBy, HistogramQuery, Stat, StatKind, StatsQuery};
use crate::model::text::{grouped, printable, rfc3339, value};
use crate::model::time::NS_PER_S;
use crate::model::{EventFilter, TimeRange, Timestamp, Unit};
use crate::source::{Job, Source};

/// Schema of the JSON form.
const SCHEMA: &str = "coroner.histogram/1";
/// Buckets of one answer: a year of minutes.
const MAX_BUCKETS: i128 = 600_000;

/// What to count.
#[derive(Debug, Clone)]
pub struct HistogramOptions {
    /// Which events.
    pub filter: EventFilter,
    /// Over which time; everything when `None`.
    pub range: Option<TimeRange>,
    /// Length of a bucket, ns, at least 1.
    pub bucket_ns: i64,
    /// Group keys.
    pub by: Vec<GroupBy>,
    /// Numbers of fields.
    pub stats: Vec<Stat>,
    /// For people or for programs.
    pub form: OutputForm,
}

impl Default for HistogramOptions {
    fn default() -> Self {
        let filter = EventFilter::default();
        Self { filter, range: None, bucket_ns: NS_PER_S, by: Vec::new(), stats: Vec::new(), form: OutputForm::default() }
    }
}

/// Name of a group key as it is asked for and written.
fn key_name(by: &GroupBy) -> &str {
    match by {
        GroupBy::Level => "level",
        GroupBy::Service => "service",
        GroupBy::Source => "source",
        GroupBy::Pattern => "pattern",
        GroupBy::Template => "template",
        GroupBy::Field(name) => name,
    }
}

/// Reads `level`, `service`, `source`, `pattern` (its number), `template` (its text) or the name of a field.
pub fn parse_by(name: &str) -> GroupBy {
    match name {
        "level" => GroupBy::Level,
        "service" => GroupBy::Service,
        "source" => GroupBy::Source,
        "pattern" => GroupBy::Pattern,
        "template" => GroupBy::Template,
        _ => GroupBy::Field(name.to_owned()),
    }
}

/// Reads `p99:latency`, `p99.9:f`, `min:f`, `max:f`, `mean:f`, `sum:f`.
pub fn parse_stat(text: &str) -> anyhow::Result<Stat> {
    let unknown =
        || anyhow::anyhow!("statistic {text:?} is unknown; write p50, p90, p99, p99.9, min, max, mean or sum, a colon and a field");
    let (kind, field) = text.split_once(':').filter(|(_, field)| !field.is_empty()).ok_or_else(unknown)?;
    let kind = match kind {
        "min" => StatKind::Min,
        "max" => StatKind::Max,
        "mean" | "avg" => StatKind::Mean,
        "sum" => StatKind::Sum,
        _ => {
            let percent: f64 = kind.strip_prefix('p').and_then(|digits| digits.parse().ok()).ok_or_else(unknown)?;
            if !(0.0..=100.0).contains(&percent) {
                return Err(unknown());
            }
            StatKind::Quantile(percent / 100.0)
        }
    };
    Ok(Stat { kind, field: field.to_owned() })
}

fn stat_name(stat: &Stat) -> String {
    let kind = match stat.kind {
        // The shortest decimal: 0.999 · 100 is not quite 99.9.
        StatKind::Quantile(q) => format!("p{}", (q * 1e11).round() / 1e9),
        StatKind::Min => "min".into(),
        StatKind::Max => "max".into(),
        StatKind::Mean => "mean".into(),
        StatKind::Sum => "sum".into(),
    };
    format!("{kind}:{}", stat.field)
}

/// One line of the answer.
struct Row {
    start: Timestamp,
    key: Vec<String>,
    count: u64,
    stats: Vec<Option<f64>>,
}

/// Writes a row for every bucket and group with an event. Whether there is any.
pub fn run(source: &dyn Source, options: &HistogramOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    let range = match options.range {
        Some(range) => Some(range),
        None => events_extent(source, &job)?,
    };
    let mut rows = Vec::new();
    for (part, columns) in range.map(|range| parts(range, options.bucket_ns)).transpose()?.unwrap_or_default() {
        rows.extend(rows_of(source, options, part, columns, &job)?);
    }
    let fields = if rows.is_empty() { Vec::new() } else { fields::of(source, options, &job)? };
    let has = |has_value: &dyn Fn(&Row) -> bool| rows.iter().any(has_value);
    for (at, by) in options.by.iter().enumerate() {
        if let GroupBy::Field(name) = by
            && !has(&|row| !row.key[at].is_empty())
        {
            fields::check(name, &fields)?;
        }
    }
    for (at, stat) in options.stats.iter().enumerate().filter(|(_, stat)| stat.field != "latency") {
        if !has(&|row| row.stats.get(at).is_some_and(Option::is_some)) {
            fields::check_number(&stat.field, &fields)?;
        }
    }
    rows.sort_by(|a, b| (a.start, &a.key).cmp(&(b.start, &b.key)));
    match options.form {
        OutputForm::Json => output::write_json(out, &json_of(options, &rows))?,
        OutputForm::Text => write_text(options, &rows, &fields, out)?,
    }
    Ok(!rows.is_empty())
}

/// What the logs cover.
fn events_extent(source: &dyn Source, job: &Job) -> anyhow::Result<Option<TimeRange>> {
    let catalog = source.catalog(job)?;
    let logs =
        catalog.sources.iter().filter(|report| matches!(report.kind, crate::model::SourceKind::Logs | crate::model::SourceKind::Traces));
    let extents = logs.filter_map(|report| report.extent).map(|(first, last)| TimeRange::new(first, last.plus_ns(1)));
    Ok(extents.reduce(TimeRange::union))
}

/// The range in whole buckets, and before and after them what is left over.
fn parts(range: TimeRange, bucket_ns: i64) -> anyhow::Result<Vec<(TimeRange, NonZeroUsize)>> {
    if bucket_ns < 1 {
        bail!("a bucket must be longer than nothing");
    }
    let (start, end, bucket) = (i128::from(range.start().0), i128::from(range.end().0), i128::from(bucket_ns));
    let first = -(-start).div_euclid(bucket) * bucket;
    let last = end.div_euclid(bucket) * bucket;
    let part = |from: i128, to: i128, n: i128| {
        let clamp = |at: i128| Timestamp(at.clamp(i64::MIN.into(), i64::MAX.into()) as i64);
        Some((TimeRange::new(clamp(from), clamp(to)), NonZeroUsize::new(usize::try_from(n).ok()?)?)).filter(|_| from < to)
    };
    if first > last {
        return Ok(part(start, end, 1).into_iter().collect());
    }
    let n = (last - first) / bucket;
    if n > MAX_BUCKETS {
        bail!("{n} buckets are too many; choose a longer one, or a shorter range with --from and --to");
    }
    Ok([part(start, first, 1), part(first, last, n), part(last, end, 1)].into_iter().flatten().collect())
}

fn rows_of(
    source: &dyn Source,
    options: &HistogramOptions,
    range: TimeRange,
    columns: NonZeroUsize,
    job: &Job,
) -> anyhow::Result<Vec<Row>> {
    let histogram = HistogramQuery { filter: options.filter.clone(), range, columns, by: options.by.clone() };
    let counts = source.histogram(&histogram, job)?.value;
    let stats = if options.stats.is_empty() {
        BTreeMap::new()
    } else {
        source.stats(&StatsQuery { histogram, stats: options.stats.clone() }, job)?.value
    };
    // A bucket is named by its start, also where the range cuts it.
    let start = |column| Timestamp(range.edge(column, columns).0.div_euclid(options.bucket_ns).saturating_mul(options.bucket_ns));
    let mut rows = Vec::new();
    for (key, counts) in counts.groups {
        for (column, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let stats = stats.get(&key).and_then(|columns| columns.get(column)).cloned().unwrap_or_default();
            rows.push(Row { start: start(column), key: key.clone(), count, stats });
        }
    }
    Ok(rows)
}

fn json_of(options: &HistogramOptions, rows: &[Row]) -> Value {
    let names: Vec<&str> = options.by.iter().map(key_name).collect();
    let row = |row: &Row| {
        let key: Map<String, Value> = names.iter().zip(&row.key).map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut json = json!({ "start": output::time(Some(row.start)), "key": key, "count": row.count });
        if !options.stats.is_empty() {
            let stats = options.stats.iter().zip(&row.stats).map(|(stat, value)| (stat_name(stat), output::number(*value)));
            json["stats"] = Value::Object(stats.collect());
        }
        json
    };
    json!({
        "schema": SCHEMA,
        "bucket_s": output::number(Some(options.bucket_ns as f64 / NS_PER_S as f64)),
        "by": names,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn write_text(options: &HistogramOptions, rows: &[Row], fields: &[FieldSeen], out: &mut dyn Write) -> anyhow::Result<()> {
    let header = ["start".to_owned()].into_iter().chain(options.by.iter().map(|by| printable(key_name(by)).into_owned()));
    let header = header.chain(["count".to_owned()]).chain(options.stats.iter().map(|stat| printable(&stat_name(stat)).into_owned()));
    let mut table = vec![header.collect::<Vec<_>>()];
    table.extend(rows.iter().map(|row| {
        let key = row.key.iter().map(|part| if part.is_empty() { "-".to_owned() } else { printable(part).into_owned() });
        let stats = options.stats.iter().zip(&row.stats).map(|(stat, found)| {
            let unit = if stat.field == "latency" || fields::is_duration(&stat.field, fields) { Unit::Seconds } else { Unit::None };
            found.map_or_else(|| "-".to_owned(), |found| value(found, unit))
        });
        [rfc3339(row.start)].into_iter().chain(key).chain([grouped(row.count)]).chain(stats).collect()
    }));
    let n_keys = options.by.len();
    output::write_table(out, &table, &(n_keys + 1..=n_keys + 1 + options.stats.len()).collect::<Vec<_>>())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_as_they_are_written() {
        for text in ["p99:latency", "p99.9:latency", "p50:x", "min:a.b", "mean:n", "sum:n"] {
            assert_eq!(stat_name(&parse_stat(text).unwrap()), text);
        }
        assert!(["p101:x", "p99", "p99:", "median:x", ":x", "px:y"].iter().all(|text| parse_stat(text).is_err()));
    }

    #[test]
    fn buckets_lie_on_multiples_and_ends_are_cut() {
        let cut = |start, end| {
            let parts = parts(TimeRange::new(Timestamp(start), Timestamp(end)), 10).unwrap();
            parts.into_iter().map(|(range, n)| (range.start().0, range.end().0, n.get())).collect::<Vec<_>>()
        };
        assert_eq!(cut(3, 38), [(3, 10, 1), (10, 30, 2), (30, 38, 1)]);
        assert_eq!(cut(10, 30), [(10, 30, 2)]);
        assert_eq!(cut(3, 7), [(3, 7, 1)]);
        assert_eq!(cut(-5, 5), [(-5, 0, 1), (0, 5, 1)]);
        assert_eq!(cut(4, 4), []);
        assert!(parts(TimeRange::new(Timestamp(0), Timestamp::MAX), 1).is_err());
    }
}
