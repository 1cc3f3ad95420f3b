//! `coroner series --exemplars`: single observations that series keep as examples, each with the trace that made it.
//!
//! Told by the series that holds them, though its samples may not be there: an answer of `query_exemplars` stands alone.

use std::io::Write;

use serde_json::{Value, json};

use super::{OutputForm, SCHEMA, SeriesOptions, output};
use crate::model::text::{printable, rfc3339};
use crate::model::{Catalog, Exemplar, SeriesMeta, TimeRange, Timestamp};

/// Exemplars of one series that are told beside its columns; `n_exemplars` counts all.
const MAX_BESIDE: usize = 1_000;

/// Writes the exemplars of all series that match. Whether there is any.
pub(super) fn run(catalog: &Catalog, options: &SeriesOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    // One may have been made before the first sample of its series.
    let range = options.range.unwrap_or(TimeRange::new(Timestamp::MIN, Timestamp::MAX));
    let mut groups: Vec<(SeriesMeta, Vec<&Exemplar>)> = Vec::new();
    for all in catalog.exemplars.chunk_by(|a, b| a.name == b.name && a.labels == b.labels) {
        let meta = SeriesMeta { name: all[0].name.clone(), labels: all[0].labels.clone(), ..SeriesMeta::default() };
        let own = within(all, range);
        if !own.is_empty() && super::is_wanted(&meta, options) {
            groups.push((meta, own));
        }
    }
    if options.form == OutputForm::Json {
        let series: Vec<Value> = groups.iter().map(|(meta, own)| group_json(catalog, meta, own)).collect();
        output::write_json(out, &json!({ "schema": SCHEMA, "series": series }))?;
        return Ok(!groups.is_empty());
    }
    for (meta, own) in &groups {
        writeln!(out, "{}  {} exemplars", printable(&meta.full_name()), own.len())?;
        let row = |exemplar: &&Exemplar| {
            let trace = exemplar.trace_id().map(|id| printable(id).into_owned()).unwrap_or_default();
            let others: Vec<String> = exemplar
                .own
                .iter()
                .filter(|(_, value)| Some(*value) != exemplar.trace_id())
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            vec![format!("  {}", rfc3339(exemplar.time)), exemplar.value.to_string(), trace, printable(&others.join(" ")).into_owned()]
        };
        let head = ["  time", "value", "trace", "labels"].map(str::to_owned).to_vec();
        let table: Vec<Vec<String>> = std::iter::once(head).chain(own.iter().map(row)).collect();
        output::write_table(out, &table, &[1])?;
    }
    Ok(!groups.is_empty())
}

/// Adds those of a series beside its columns.
pub(super) fn add(json: &mut Value, own: &[&Exemplar]) {
    if !own.is_empty() {
        json["n_exemplars"] = json!(own.len());
        json["exemplars"] = own.iter().take(MAX_BESIDE).map(|exemplar| one_json(exemplar)).collect();
    }
}

/// Exemplars within a range, by time; those that several sources hold once.
pub(super) fn within(all: &[Exemplar], range: TimeRange) -> Vec<&Exemplar> {
    let mut own: Vec<&Exemplar> = all.iter().filter(|exemplar| range.contains(exemplar.time)).collect();
    own.dedup_by(|a, b| a.time == b.time && a.value.to_bits() == b.value.to_bits() && a.own == b.own);
    own
}

fn group_json(catalog: &Catalog, meta: &SeriesMeta, own: &[&Exemplar]) -> Value {
    json!({
        "name": meta.name,
        "labels": output::labels(&meta.labels),
        "source": catalog.source(own[0].source).map(|source| source.path.as_str()),
        "n_exemplars": own.len(),
        "exemplars": own.iter().map(|exemplar| one_json(exemplar)).collect::<Vec<_>>(),
    })
}

fn one_json(exemplar: &Exemplar) -> Value {
    json!({
        "time": output::time(Some(exemplar.time)),
        "value": output::number(Some(exemplar.value)),
        "trace_id": exemplar.trace_id(),
        "labels": output::labels(&exemplar.own),
    })
}
