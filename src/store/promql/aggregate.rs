//! `sum by (…)` and its like: rows of a group become one, step by step.

use std::collections::HashMap;

use super::Scope;
use super::parse::{Aggregate, Grouping};
use super::rows::{NAME, Row, only, without};
use super::window::variance;
use crate::model::Labels;
use crate::store::StoreError;

impl Grouping {
    /// The labels of the group that a row belongs to.
    pub(super) fn group(&self, labels: &Labels) -> Labels {
        match self {
            Self::By(names) => only(labels, names),
            Self::Without(names) => without(&without(labels, names), &[NAME]),
        }
    }
}

impl Scope<'_> {
    pub(super) fn aggregate(&self, aggregate: &Aggregate) -> Result<Vec<Row>, StoreError> {
        let parameter = aggregate.parameter.as_ref().map(|node| self.scalar(node)).transpose()?;
        let rows = self.vector(&aggregate.of)?;
        let mut groups: Vec<(Labels, Vec<Row>)> = Vec::new();
        let mut index: HashMap<Labels, usize> = HashMap::new();
        for row in rows {
            let group = aggregate.grouping.group(&row.labels);
            let at = *index.entry(group.clone()).or_insert(groups.len());
            if at == groups.len() {
                groups.push((group, Vec::new()));
            }
            groups[at].1.push(row);
        }
        if matches!(aggregate.function, "topk" | "bottomk") {
            let wanted = parameter.unwrap_or_default();
            return Ok(groups.into_iter().flat_map(|(_, rows)| best(aggregate.function, &wanted, rows)).collect());
        }
        let n = self.steps.n;
        let of_group = |(labels, rows): (Labels, Vec<Row>)| {
            let values = (0..n).map(|step| fold(aggregate.function, rows.iter().filter_map(|row| row.values[step]))).collect();
            Row { labels, values }
        };
        Ok(groups.into_iter().map(of_group).collect())
    }
}

fn fold(function: &str, values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    values.clone().next()?;
    match function {
        "sum" => Some(values.sum()),
        "avg" => Some(average(values)),
        "min" => values.reduce(|least, value| if least > value || least.is_nan() { value } else { least }),
        "max" => values.reduce(|most, value| if most < value || most.is_nan() { value } else { most }),
        "count" => Some(values.count() as f64),
        "group" => Some(1.0),
        "stdvar" => Some(variance(values)),
        "stddev" => Some(variance(values).sqrt()),
        _ => None,
    }
}

/// Running mean, which does not overflow where a sum would.
fn average(values: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut n) = (0.0f64, 0.0);
    for value in values {
        n += 1.0;
        if n == 1.0 {
            mean = value;
            continue;
        }
        let is_settled = mean.is_infinite() && !value.is_nan() && (value.is_finite() || (mean > 0.0) == (value > 0.0));
        if !is_settled {
            mean += value / n - mean / n;
        }
    }
    mean
}

/// The rows with the greatest or least values, at each step those of that step. NaN is last in both.
fn best(function: &str, wanted: &[f64], mut rows: Vec<Row>) -> Vec<Row> {
    for (step, wanted) in wanted.iter().enumerate() {
        let mut present: Vec<(usize, f64)> = rows.iter().enumerate().filter_map(|(i, row)| Some((i, row.values[step]?))).collect();
        present.sort_by(|a, b| {
            let by_value = if function == "topk" { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) };
            a.1.is_nan().cmp(&b.1.is_nan()).then(by_value)
        });
        let n = if *wanted >= 1.0 { *wanted as usize } else { 0 };
        for (index, _) in present.into_iter().skip(n) {
            rows[index].values[step] = None;
        }
    }
    rows
}
