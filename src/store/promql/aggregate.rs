//! `sum by (…)` and its like: rows of a group become one, step by step.

use std::collections::HashMap;

use super::Scope;
use super::parse::{Aggregate, Grouping};
use super::rows::{NAME, Row, only, without};
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
    /// One row a group. Series are read one after another, so that a sum over a million of them needs the room of its
    /// groups only.
    pub(super) fn aggregate(&self, aggregate: &Aggregate) -> Result<Vec<Row>, StoreError> {
        let parameter = aggregate.parameter.as_ref().map(|node| self.scalar(node)).transpose()?;
        if matches!(aggregate.function, "topk" | "bottomk") {
            let wanted = parameter.unwrap_or_default();
            let groups = grouped(&aggregate.grouping, self.vector(&aggregate.of)?);
            return Ok(groups.into_iter().flat_map(|rows| best(aggregate.function, &wanted, rows)).collect());
        }
        let mut groups: Vec<(Labels, Vec<Tally>)> = Vec::new();
        let mut index: HashMap<Labels, usize> = HashMap::new();
        self.each_row(&aggregate.of, &mut |row| {
            let group = aggregate.grouping.group(&row.labels);
            let at = *index.entry(group.clone()).or_insert(groups.len());
            if at == groups.len() {
                self.room_for(groups.len() + 1)?;
                groups.push((group, vec![Tally::default(); self.steps.n]));
            }
            for (tally, value) in groups[at].1.iter_mut().zip(&row.values) {
                if let Some(value) = value {
                    tally.add(aggregate.function, *value);
                }
            }
            Ok(())
        })?;
        let of_group = |(labels, tallies): (Labels, Vec<Tally>)| {
            let values = tallies.into_iter().map(|tally| tally.value(aggregate.function)).collect();
            Row { labels, values }
        };
        Ok(groups.into_iter().map(of_group).collect())
    }
}

/// Rows by group, groups in the order of their first row.
fn grouped(grouping: &Grouping, rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut groups: Vec<Vec<Row>> = Vec::new();
    let mut index: HashMap<Labels, usize> = HashMap::new();
    for row in rows {
        let at = *index.entry(grouping.group(&row.labels)).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(row);
    }
    groups
}

/// What an aggregation knows of the values of one group at one step, as in `aggregation` of Prometheus 2.42.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    n: f64,
    /// Sum, extreme, or sum of squares.
    value: f64,
    mean: f64,
}

impl Tally {
    fn add(&mut self, function: &str, value: f64) {
        let is_first = self.n < 1.0;
        self.n += 1.0;
        if is_first {
            let has_squares = matches!(function, "stddev" | "stdvar");
            *self = Self { n: 1.0, value: if has_squares { 0.0 } else { value }, mean: value };
            return;
        }
        match function {
            "sum" => self.value += value,
            "min" if self.value > value || self.value.is_nan() => self.value = value,
            "max" if self.value < value || self.value.is_nan() => self.value = value,
            "avg" => {
                // A running mean does not overflow where a sum would.
                let mean = self.mean;
                let is_settled = mean.is_infinite() && !value.is_nan() && (value.is_finite() || (mean > 0.0) == (value > 0.0));
                if !is_settled {
                    self.mean += value / self.n - mean / self.n;
                }
            }
            "stddev" | "stdvar" => {
                let delta = value - self.mean;
                self.mean += delta / self.n;
                self.value += delta * (value - self.mean);
            }
            _ => {}
        }
    }

    fn value(self, function: &str) -> Option<f64> {
        let value = match function {
            "avg" => self.mean,
            "count" => self.n,
            "group" => 1.0,
            "stdvar" => self.value / self.n,
            "stddev" => (self.value / self.n).sqrt(),
            _ => self.value,
        };
        (self.n > 0.0).then_some(value)
    }
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
