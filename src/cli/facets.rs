//! `coroner facets`: which values the events of a window have, and how many events each; fields of very many events are
//! counted in a sample, which is said.

use std::io::Write;

use serde_json::{Value, json};

use super::fields;
use super::output::{self, OutputForm};
use crate::model::facets::{Facet, FacetKey, FacetPart, FacetQuery, FacetReach, FacetValue, Facets};
use crate::model::text::{grouped, printable};
use crate::model::{EventFilter, TimeRange};
use crate::source::{Job, Source};

/// Schema of the JSON form.
const SCHEMA: &str = "coroner.facets/1";

/// What is counted, and how to write it.
#[derive(Debug, Clone)]
pub struct FacetsOptions {
    /// Of which events.
    pub filter: EventFilter,
    /// Only inside this range.
    pub range: Option<TimeRange>,
    /// Level, service, source, pattern or a field; everything when there is none.
    pub fields: Vec<String>,
    /// Whether fields of very many events are counted in a sample.
    pub reach: FacetReach,
    /// At most so many values of each as text.
    pub limit: usize,
    /// For people or for programs.
    pub form: OutputForm,
}

/// Writes the values of each field. Whether any event passes.
pub fn run(source: &dyn Source, options: &FacetsOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    let found = count(source, options, &job)?;
    match options.form {
        OutputForm::Json => output::write_json(out, &json_of(&found))?,
        OutputForm::Text => write_text(&found, options.limit, out)?,
    }
    Ok(found.n_events > 0)
}

/// Asks only for what is named: columns answer at once, fields take a pass over the text.
fn count(source: &dyn Source, options: &FacetsOptions, job: &Job) -> anyhow::Result<Facets> {
    let Some(range) = options.range.or(source.catalog(job)?.extent) else { return Ok(Facets::default()) };
    let part_of = |name: &String| match name.as_str() {
        "level" | "service" | "source" => FacetPart::Columns,
        _ => FacetPart::Fields,
    };
    let is_asked = |part| options.fields.is_empty() || options.fields.iter().any(|name| part_of(name) == part);
    let mut all = Facets::default();
    for part in [FacetPart::Columns, FacetPart::Fields].into_iter().filter(|part| is_asked(*part)) {
        let found = source.facets(&FacetQuery { filter: options.filter.clone(), range, part, reach: options.reach }, job)?.value;
        all.n_events = found.n_events;
        all.facets.extend(found.facets);
    }
    if options.fields.is_empty() {
        return Ok(all);
    }
    let mut asked = Vec::new();
    for name in &options.fields {
        match all.facets.iter().position(|facet| facet.key.name() == name) {
            Some(at) => asked.push(all.facets.remove(at)),
            None if asked.iter().any(|facet: &Facet| facet.key.name() == name) => {}
            // No event of this window, but perhaps another.
            None => {
                if all.n_events > 0 && name != "pattern" {
                    fields::check(name, &source.fields(job)?.value)?;
                }
                asked.push(Facet::of(FacetKey::Field(name.clone()), Vec::new()));
            }
        }
    }
    Ok(Facets { facets: asked, ..all })
}

fn json_of(found: &Facets) -> Value {
    let value = |value: &FacetValue| json!({ "value": value.value, "label": value.label, "count": value.count });
    let facet = |facet: &Facet| {
        json!({
            "field": facet.key.name(),
            "events": facet.n_events,
            "distinct": facet.n_values,
            "left_out": facet.n_left_out(),
            "sample": facet.sample,
            "values": facet.values.iter().map(value).collect::<Vec<_>>(),
        })
    };
    json!({ "schema": SCHEMA, "events": found.n_events, "facets": found.facets.iter().map(facet).collect::<Vec<_>>() })
}

/// `status  200  94.0 %  94,012`; below what is left out, in words.
fn write_text(found: &Facets, limit: usize, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{} events", grouped(found.n_events))?;
    for facet in &found.facets {
        let n = |n: u64| if n == 1 { "1 value".to_owned() } else { format!("{} values", grouped(n)) };
        let different = facet.n_values.map_or_else(|| format!("more than {}, not listed", n(Facets::MOST_VALUES as u64)), n);
        let sample = facet.sample.map_or_else(String::new, |n| format!(" of a sample of {} (--exact counts all)", grouped(n)));
        writeln!(out, "\n{}: {different} in {} events{sample}", printable(facet.key.name()), grouped(facet.n_events))?;
        let share = |count: u64| format!("{:.1} %", count as f64 * 100.0 / facet.of_events(found.n_events).max(1) as f64);
        let row = |value: &FacetValue| {
            let told = if value.value.is_empty() { "(none)" } else { &value.value };
            let label = value.label.as_deref().unwrap_or_default();
            vec![share(value.count), grouped(value.count), printable(told).into_owned(), printable(label).into_owned()]
        };
        let rows: Vec<Vec<String>> = facet.values.iter().take(limit).map(row).collect();
        output::write_table(out, &rows, &[0, 1])?;
        let n_more = facet.n_values.unwrap_or(0).saturating_sub(rows.len() as u64);
        if n_more > 0 {
            let listed = facet.values.len() as u64;
            let way = if rows.len() < listed as usize { "; --limit lists more" } else { "" };
            writeln!(out, "and {} more{way}", grouped(n_more))?;
        }
    }
    Ok(())
}
