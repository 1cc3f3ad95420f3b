//! `coroner series --expr`: what a formula in `PromQL` says of the series.
//!
//! With `--at` it is evaluated at that moment, with `--step` at every multiple of it as a range query would be, else at
//! the interval of the series, so that columns keep their least and greatest value.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::bail;
use serde_json::{Value, json};

use super::{Division, MAX_COLUMNS, OutputForm, SCHEMA, SeriesOptions, output, series_json, steps, write_columns, write_found};
use crate::model::query::ValueAt;
use crate::model::{Catalog, Labels, SeriesMeta, TimeRange, Timestamp};
use crate::source::{Computed, Job, Source, Steps};
use crate::store::promql::LOOK_BACK_NS;
use crate::store::series::SeriesStore;

/// Writes what the expression says. Whether it says anything.
pub(super) fn run(source: &dyn Source, expr: &str, options: &SeriesOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    let catalog = source.catalog(&job)?;
    let range = options.range.or_else(|| extent_of_series(&catalog)).unwrap_or_default();
    match options.division {
        Division::At(at) => {
            let rows = source.evaluate(expr, Some(Steps::at(at)), &job)?.value;
            let rows: Vec<(SeriesMeta, Option<ValueAt>)> = rows.into_iter().map(|row| found(row, at)).collect();
            let shown: Vec<(&SeriesMeta, Option<ValueAt>)> = rows.iter().map(|(meta, value)| (meta, value.clone())).collect();
            write_found(&catalog, &shown, (at, options.form), out)?;
            Ok(!rows.is_empty())
        }
        Division::Step(step) => {
            let (range, n) = steps(range, step)?;
            let asked = Steps { start: range.start(), step_ns: step, n: n.get() };
            let rows = source.evaluate(expr, Some(asked), &job)?.value;
            write(&catalog, rows, (range, n), options.form, out)
        }
        Division::Exemplars => bail!("a formula has no exemplars; --match chooses series"),
        Division::Columns(n) => {
            let rows = source.evaluate(expr, None, &job)?.value;
            write(&catalog, rows, (range, n), options.form, out)
        }
    }
}

/// The time of the series alone: logs may reach much further.
fn extent_of_series(catalog: &Catalog) -> Option<TimeRange> {
    catalog.series.iter().filter_map(|meta| meta.extent).reduce(TimeRange::union)
}

fn write(
    catalog: &Catalog,
    rows: Vec<Computed>,
    (range, n): (TimeRange, NonZeroUsize),
    form: OutputForm,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    if n.get() as u64 * rows.len() as u64 > MAX_COLUMNS {
        bail!("{n} columns of {} series are too many; choose fewer with --columns or --step, or group them", rows.len());
    }
    let rows: Vec<_> = rows.into_iter().map(stored).map(|(meta, store)| (meta, store.columns(range, n))).collect();
    match form {
        OutputForm::Json => {
            let series: Vec<Value> = rows.iter().map(|(meta, columns)| series_json(catalog, meta, columns)).collect();
            output::write_json(out, &json!({ "schema": SCHEMA, "series": series }))?;
        }
        OutputForm::Text => rows.iter().try_for_each(|(meta, columns)| write_columns(catalog, meta, columns, out))?,
    }
    Ok(!rows.is_empty())
}

fn found(row: Computed, at: Timestamp) -> (SeriesMeta, Option<ValueAt>) {
    let (meta, store) = stored(row);
    let value = store.value_at(at, LOOK_BACK_NS);
    (meta, value)
}

fn stored(row: Computed) -> (SeriesMeta, SeriesStore) {
    let Computed { name, labels, unit, kind, source, clip, derivation, samples } = row;
    // A plain selector is called by its metric already; what takes several is not.
    let others = labels.iter().filter(|(label, value)| *label != "__name__" || !is_metric_of(value, &name));
    let labels = Labels::new(others.map(|(label, value)| (label.to_owned(), value.to_owned())).collect());
    let store = SeriesStore::new(samples);
    let query = Some(derivation.formula.clone());
    let (n_samples, extent, bounds) = (store.len() as u64, store.extent(), store.bounds());
    let derivation = Some(Arc::new(derivation));
    let meta = SeriesMeta {
        name,
        labels,
        unit,
        kind,
        source,
        clip,
        query,
        is_derived: true,
        derivation,
        n_samples,
        extent,
        bounds,
        ..SeriesMeta::default()
    };
    (meta, store)
}

/// Whether a formula is a selector of this metric alone.
fn is_metric_of(metric: &str, formula: &str) -> bool {
    formula.trim().strip_prefix(metric).is_some_and(|rest| rest.is_empty() || rest.starts_with('{') && rest.ends_with('}'))
}
