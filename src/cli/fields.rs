//! Names of fields that people type: whether anybody has them, which are near, and what their numbers count.

use anyhow::bail;

use super::histogram::HistogramOptions;
use crate::model::filter::nearest;
use crate::model::query::{FieldSeen, GroupBy};
use crate::model::text::printable;
use crate::source::{Job, Source};

/// Names that an error lists.
const NAMED: usize = 6;

/// The fields of the sources, if the question names any.
pub(super) fn of(source: &dyn Source, options: &HistogramOptions, job: &Job) -> anyhow::Result<Vec<FieldSeen>> {
    let is_needed = options.by.iter().any(|by| matches!(by, GroupBy::Field(_))) || options.stats.iter().any(|stat| stat.field != "latency");
    Ok(if is_needed { source.fields(job)?.value } else { Vec::new() })
}

/// An error that names the nearest fields; for a field that no event of the answer has.
pub(super) fn check(name: &str, fields: &[FieldSeen]) -> anyhow::Result<()> {
    if fields.iter().any(|field| field.name == name) {
        return Ok(());
    }
    bail!("no event has a field {:?}{}", printable(name), hint(name, fields, "level, service, source, pattern and template also group"));
}

/// The same for a field whose numbers are asked for.
pub(super) fn check_number(name: &str, fields: &[FieldSeen]) -> anyhow::Result<()> {
    let numbers: Vec<FieldSeen> = fields.iter().filter(|field| field.n_numbers > 0).cloned().collect();
    match fields.iter().find(|field| field.name == name) {
        Some(field) if field.n_numbers > 0 => Ok(()),
        Some(field) => {
            let example = field.values.first().map(|(value, _)| format!(", such as {:?}", printable(value))).unwrap_or_default();
            bail!("field {:?} holds no numbers{example}{}", printable(name), hint(name, &numbers, "latency is the duration of requests"))
        }
        None => bail!("no event has a field {:?}{}", printable(name), hint(name, &numbers, "latency is the duration of requests")),
    }
}

/// Whether the numbers of a field are durations with a unit.
pub(super) fn is_duration(name: &str, fields: &[FieldSeen]) -> bool {
    fields.iter().any(|field| field.name == name && field.n_durations * 2 > field.n_numbers)
}

/// `; did you mean status? fields: method, path, status`.
fn hint(name: &str, fields: &[FieldSeen], otherwise: &str) -> String {
    if fields.is_empty() {
        return format!("; {otherwise}");
    }
    let lower = name.to_lowercase();
    let near = nearest(name, fields.iter().map(|field| field.name.as_str()));
    let is_part = |field: &&FieldSeen| field.name.to_lowercase().contains(&lower) || lower.contains(&field.name.to_lowercase());
    let near = near.or_else(|| fields.iter().find(is_part).map(|field| field.name.as_str()));
    let mut named: Vec<&FieldSeen> = fields.iter().collect();
    // Nearest first, then what most events have.
    named.sort_by_key(|field| (Some(field.name.as_str()) != near, !is_part(field), std::cmp::Reverse(field.n_records)));
    let names: Vec<_> = named.iter().take(NAMED).map(|field| printable(&field.name)).collect();
    let more = if named.len() > NAMED { format!(" and {} more", named.len() - NAMED) } else { String::new() };
    let mean = near.map(|name| format!("; did you mean {}?", printable(name))).unwrap_or_default();
    format!("{mean}{} {}{more}", if mean.is_empty() { "; fields:" } else { " fields:" }, names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, n_records: u64, n_numbers: u64, n_durations: u64) -> FieldSeen {
        FieldSeen { name: name.into(), n_records, n_numbers, n_durations, values: vec![("x".into(), 1)] }
    }

    #[test]
    fn an_unknown_field_is_answered_with_the_nearest() {
        let fields = [field("status", 9, 9, 0), field("method", 9, 0, 0), field("took", 9, 9, 9)];
        let error = |result: anyhow::Result<()>| result.unwrap_err().to_string();
        assert_eq!(error(check("statsu", &fields)), "no event has a field \"statsu\"; did you mean status? fields: status, method, took");
        assert_eq!(error(check("zzz", &[])), "no event has a field \"zzz\"; level, service, source, pattern and template also group");
        assert_eq!(error(check_number("method", &fields)), "field \"method\" holds no numbers, such as \"x\"; fields: status, took");
        assert!(check("took", &fields).is_ok() && check_number("took", &fields).is_ok());
        assert!(is_duration("took", &fields) && !is_duration("status", &fields));
    }
}
