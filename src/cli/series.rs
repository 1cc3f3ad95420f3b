//! `coroner series`: metrics by name, reduced to columns, or their values at one moment.

mod exemplars;
mod expression;

use std::io::Write;
use std::num::NonZeroUsize;

use anyhow::bail;
use serde_json::{Value, json};

use super::output::{self, OutputForm};
use crate::model::query::ValueAt;
use crate::model::series::{Bucket, ValueState};
use crate::model::text::{grouped, printable, rfc3339, value};
use crate::model::{Catalog, Columns, Exemplar, SeriesId, SeriesMeta, SeriesQuery, TimeRange, Timestamp};
use crate::source::files::names::matches;
use crate::source::{Job, Source};

/// Schema of the JSON form.
const SCHEMA: &str = "coroner.series/1";
/// Columns of one answer, all series together.
const MAX_COLUMNS: u64 = 20_000_000;

/// How time is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    /// Equal columns over the range.
    Columns(NonZeroUsize),
    /// Columns of this length, ns, on multiples of it since the epoch.
    Step(i64),
    /// No columns: the last sample at or before a moment.
    At(Timestamp),
    /// No samples at all: exemplars only.
    Exemplars,
}

/// Which series, and how.
#[derive(Debug, Clone)]
pub struct SeriesOptions {
    /// `*` and `?` over the whole of `name{label="value",…}`, or over the name alone; all series when `None`.
    pub pattern: Option<String>,
    /// A formula in `PromQL`, evaluated instead of listing series.
    pub expr: Option<String>,
    /// How time is divided.
    pub division: Division,
    /// Over which time; everything when `None`.
    pub range: Option<TimeRange>,
    /// For people or for programs.
    pub form: OutputForm,
}

/// Writes the series that match. Whether there is any.
pub fn run(source: &dyn Source, options: &SeriesOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    if let Some(expr) = &options.expr {
        return expression::run(source, expr, options, out);
    }
    let job = Job::new();
    let catalog = source.catalog(&job)?;
    let metas: Vec<&SeriesMeta> = catalog.series.iter().filter(|meta| is_wanted(meta, options)).collect();
    let ids: Vec<SeriesId> = metas.iter().map(|meta| meta.id).collect();
    let (range, columns) = match options.division {
        Division::Exemplars => return exemplars::run(&catalog, options, out),
        Division::At(at) => {
            write_values(source, &catalog, &metas, (at, options.form), out)?;
            return Ok(!metas.is_empty());
        }
        Division::Columns(columns) => (options.range.or(catalog.extent).unwrap_or_default(), columns),
        Division::Step(step) => steps(options.range.or(catalog.extent).unwrap_or_default(), step)?,
    };
    if columns.get() as u64 * metas.len() as u64 > MAX_COLUMNS {
        bail!("{} columns of {} series are too many; choose fewer with --columns, --step or --match", columns, metas.len());
    }
    let answers = source.series(&SeriesQuery { ids, range, columns }, &job)?.value;
    match options.form {
        OutputForm::Json => {
            let series: Vec<Value> = metas.iter().zip(&answers).map(|(meta, columns)| series_json(&catalog, meta, columns)).collect();
            output::write_json(out, &json!({ "schema": SCHEMA, "series": series }))?;
        }
        OutputForm::Text => metas.iter().zip(&answers).try_for_each(|(meta, columns)| write_columns(&catalog, meta, columns, out))?,
    }
    Ok(!metas.is_empty())
}

/// Whether the pattern fits the name or the name with its labels.
fn is_wanted(meta: &SeriesMeta, options: &SeriesOptions) -> bool {
    options.pattern.as_ref().is_none_or(|pattern| {
        let plain = &pattern[..pattern.find(['*', '?']).unwrap_or(pattern.len())];
        let begins = meta.name.starts_with(plain) || plain.starts_with(meta.name.as_str());
        begins && (matches(pattern, &meta.name) || matches(pattern, &meta.full_name()))
    })
}

/// The range widened to whole steps.
fn steps(range: TimeRange, step: i64) -> anyhow::Result<(TimeRange, NonZeroUsize)> {
    if step < 1 {
        bail!("a step must be longer than nothing");
    }
    let (start, end, wide) = (i128::from(range.start().0), i128::from(range.end().0), i128::from(step));
    let first = start.div_euclid(wide) * wide;
    let n = (end - first + wide - 1).div_euclid(wide).max(1);
    let (Ok(first), Ok(last), Ok(n)) = (i64::try_from(first), i64::try_from(first + n * wide), usize::try_from(n)) else {
        bail!("the range is too long for steps of {step} ns");
    };
    let columns = NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
    Ok((TimeRange::new(Timestamp(first), Timestamp(last)), columns))
}

fn source_path<'c>(catalog: &'c Catalog, meta: &SeriesMeta) -> &'c str {
    catalog.source(meta.source).map_or("", |report| report.path.as_str())
}

/// All sources that hold a series, the one that its samples were taken from first.
fn source_paths<'c>(catalog: &'c Catalog, meta: &SeriesMeta) -> Vec<&'c str> {
    meta.sources().filter_map(|source| Some(catalog.source(source)?.path.as_str())).collect()
}

fn series_json(catalog: &Catalog, meta: &SeriesMeta, columns: &Columns) -> Value {
    let n = NonZeroUsize::new(columns.columns.len()).unwrap_or(NonZeroUsize::MIN);
    let column = |(i, bucket): (usize, &Option<Bucket>)| bucket.map(|bucket| column_json(columns.range, i, n, bucket));
    let mut json = json!({
        "name": meta.name,
        "labels": output::labels(&meta.labels),
        "unit": meta.unit.name(),
        "kind": meta.kind.name(),
        "source": source_path(catalog, meta),
        "sources": source_paths(catalog, meta),
        "query": meta.query,
        "columns": columns.columns.iter().enumerate().map(column).collect::<Vec<_>>(),
    });
    add_derivation(&mut json, meta);
    exemplars::add(&mut json, &exemplars::within(catalog.exemplars_of(meta), columns.range));
    json
}

/// How a series was computed, where it was.
fn add_derivation(json: &mut Value, meta: &SeriesMeta) {
    if let Some(clip) = meta.clip {
        json["clip"] = output::number(Some(clip));
    }
    let Some(derivation) = &meta.derivation else { return };
    let seconds = |ns: i64| output::number(Some(ns as f64 / 1e9));
    json["derivation"] = json!({
        "formula": derivation.formula,
        "window_s": derivation.window.map(|window| seconds(window.0)),
        "scrape_s": derivation.window.map(|window| seconds(window.1)),
        "inputs": derivation.n_inputs,
        "bounds": derivation.bounds,
        "resets": derivation.resets.iter().map(|at| output::time(Some(*at))).collect::<Vec<_>>(),
    });
}

/// The lines below the head of a series that was computed: formula, window, restarts.
fn write_derivation(meta: &SeriesMeta, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(derivation) = &meta.derivation else { return Ok(()) };
    writeln!(out, "  = {}", printable(&derivation.formula))?;
    let window = derivation.window_words();
    if !window.is_empty() {
        writeln!(out, "  window {window}")?;
    }
    if !derivation.resets.is_empty() {
        let shown: Vec<String> = derivation.resets.iter().take(10).map(|at| rfc3339(*at)).collect();
        let more = derivation.resets.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "  restarts of counters {}{more}", shown.join(" "))?;
    }
    if let Some(clip) = meta.clip.filter(|_| !derivation.bounds.is_empty()) {
        writeln!(out, "  {} bucket bounds up to {}; a value there is at least that", derivation.bounds.len(), value(clip, meta.unit))?;
    }
    Ok(())
}

/// `count` counts finite samples; special ones are counted beside them.
fn column_json(range: TimeRange, i: usize, n: NonZeroUsize, bucket: Bucket) -> Value {
    let finite = |value| output::number((bucket.count > 0).then_some(value));
    let mut json = json!({
        "start": output::time(Some(range.edge(i, n))),
        "end": output::time(Some(range.edge(i + 1, n))),
        "min": finite(bucket.min),
        "max": finite(bucket.max),
        "mean": finite(bucket.mean),
        "last": finite(bucket.last),
        "count": bucket.count,
    });
    if bucket.n_nan > 0 {
        json["nan"] = json!(bucket.n_nan);
    }
    if bucket.n_inf > 0 {
        json["inf"] = json!(bucket.n_inf);
    }
    json
}

fn write_columns(catalog: &Catalog, meta: &SeriesMeta, columns: &Columns, out: &mut dyn Write) -> anyhow::Result<()> {
    let samples = grouped(meta.n_samples);
    let (name, path) = (meta.full_name(), source_paths(catalog, meta).join(", "));
    writeln!(out, "{}  {} {}  {samples} samples  {}", printable(&name), meta.kind.name(), meta.unit.name(), printable(&path))?;
    write_derivation(meta, out)?;
    let traced = |exemplar: &Exemplar| exemplar.trace_id().map_or_else(String::new, |id| format!(" of trace {}", printable(id)));
    let exemplars = exemplars::within(catalog.exemplars_of(meta), columns.range);
    if let Some(last) = exemplars.last() {
        let n = exemplars.len();
        writeln!(out, "  {n} exemplars, the last {} at {}{}", value(last.value, meta.unit), rfc3339(last.time), traced(last))?;
    }
    let n = NonZeroUsize::new(columns.columns.len()).unwrap_or(NonZeroUsize::MIN);
    let mut table = vec![["  start", "min", "mean", "max", "last", "count"].map(str::to_owned).to_vec()];
    for (i, bucket) in columns.columns.iter().enumerate() {
        let Some(bucket) = bucket else { continue };
        let special = |n: u32, what: &str| if n > 0 { format!(" +{n} {what}") } else { String::new() };
        let finite = |number: f64| if bucket.count > 0 { value(number, meta.unit) } else { "-".to_owned() };
        let count = format!("{}{}{}", bucket.count, special(bucket.n_nan, "NaN"), special(bucket.n_inf, "Inf"));
        let start = format!("  {}", rfc3339(columns.range.edge(i, n)));
        table.push(vec![start, finite(bucket.min), finite(bucket.mean), finite(bucket.max), finite(bucket.last), count]);
    }
    output::write_table(out, &table, &[1, 2, 3, 4, 5])?;
    Ok(())
}

fn write_values(
    source: &dyn Source,
    catalog: &Catalog,
    metas: &[&SeriesMeta],
    (at, form): (Timestamp, OutputForm),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let ids: Vec<SeriesId> = metas.iter().map(|meta| meta.id).collect();
    let values = source.values_at(&ids, at, &Job::new())?.value;
    let found: Vec<(&SeriesMeta, Option<ValueAt>)> = metas.iter().copied().zip(values).collect();
    write_found(catalog, &found, (at, form), out)
}

/// Series with what was found of them at a moment.
fn write_found(
    catalog: &Catalog,
    found: &[(&SeriesMeta, Option<ValueAt>)],
    (at, form): (Timestamp, OutputForm),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let state = |meta: &SeriesMeta, found: &Option<ValueAt>| ValueState::of(meta, found.as_ref().map(|found| found.value), at);
    if form == OutputForm::Json {
        let series = found.iter().map(|(meta, found)| {
            let mut json = json!({
                "name": meta.name,
                "labels": output::labels(&meta.labels),
                "value": output::number(found.as_ref().map(|found| found.value)),
                "sample_time": output::time(found.as_ref().map(|found| found.sample_time)),
                "state": state(meta, found).name(),
                "source": source_path(catalog, meta),
                "sources": source_paths(catalog, meta),
            });
            add_derivation(&mut json, meta);
            json
        });
        let json = json!({ "schema": SCHEMA, "at": output::time(Some(at)), "series": series.collect::<Vec<_>>() });
        return Ok(output::write_json(out, &json)?);
    }
    // Scrapes of several processes may say the same name without a label: then the file tells them apart.
    let is_same = |a: &SeriesMeta, b: &SeriesMeta| a.name == b.name && a.labels == b.labels;
    let is_repeated = |index: usize| {
        let meta = found[index].0;
        let before = index.checked_sub(1).and_then(|index| found.get(index));
        [before, found.get(index + 1)].into_iter().flatten().any(|other| is_same(other.0, meta))
    };
    let row = |(index, (meta, found)): (usize, &(&SeriesMeta, Option<ValueAt>))| {
        let shown = match found {
            Some(found) if meta.clip.is_some_and(|clip| found.value >= clip) => format!("≥{}", value(found.value, meta.unit)),
            Some(found) => value(found.value, meta.unit),
            None => state(meta, found).name().to_owned(),
        };
        let time = found.as_ref().map_or_else(String::new, |found| rfc3339(found.sample_time));
        let path = if is_repeated(index) { printable(source_path(catalog, meta)).into_owned() } else { String::new() };
        vec![printable(&meta.full_name()).into_owned(), shown, time, path]
    };
    output::write_table(out, &found.iter().enumerate().map(row).collect::<Vec<_>>(), &[1])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lie_on_multiples_and_cover_the_range() {
        let of = |start, end| {
            let (range, n) = steps(TimeRange::new(Timestamp(start), Timestamp(end)), 10).unwrap();
            (range.start().0, range.end().0, n.get())
        };
        assert_eq!(of(3, 31), (0, 40, 4));
        assert_eq!(of(10, 20), (10, 20, 1));
        assert_eq!(of(-1, 1), (-10, 10, 2));
        assert_eq!(of(5, 5), (0, 10, 1));
    }
}
