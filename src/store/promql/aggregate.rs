//! `sum by (…)` and its like: rows of a group become one, step by step.

use std::collections::HashMap;
use std::sync::Arc;

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
        if let Some(rows) = self.pool.shared(aggregate, self.steps) {
            return Ok(Arc::unwrap_or_clone(rows));
        }
        let mut gathering = Gathering::new(aggregate, self.steps.n);
        self.each_row(&aggregate.of, &mut |row| {
            gathering.take(row);
            self.room_for(gathering.n_groups())
        })?;
        Ok(gathering.rows())
    }
}

/// Groups of an aggregation that grow row by row.
pub(super) struct Gathering<'a> {
    aggregate: &'a Aggregate,
    n_steps: usize,
    groups: Vec<(Labels, Cells)>,
    index: HashMap<Labels, usize>,
}

/// What is known of a group at each step.
enum Cells {
    /// All that a sum or an extreme takes.
    Values(Vec<Option<f64>>),
    Tallies(Vec<Tally>),
}

impl<'a> Gathering<'a> {
    pub fn new(aggregate: &'a Aggregate, n_steps: usize) -> Self {
        Self { aggregate, n_steps, groups: Vec::new(), index: HashMap::new() }
    }

    pub fn n_groups(&self) -> usize {
        self.groups.len()
    }

    /// Adds a row to its group.
    pub fn take(&mut self, row: &Row) {
        let function = self.aggregate.function;
        let group = self.aggregate.grouping.group(&row.labels);
        let at = *self.index.entry(group.clone()).or_insert(self.groups.len());
        if at == self.groups.len() {
            let cells = match function {
                "sum" | "min" | "max" => Cells::Values(vec![None; self.n_steps]),
                _ => Cells::Tallies(vec![Tally::default(); self.n_steps]),
            };
            self.groups.push((group, cells));
        }
        match (&mut self.groups[at].1, function) {
            (Cells::Values(cells), "sum") => joined(cells, row, |sum, value| sum + value),
            (Cells::Values(cells), "min") => joined(cells, row, |least, value| if least > value || least.is_nan() { value } else { least }),
            (Cells::Values(cells), _) => joined(cells, row, |most, value| if most < value || most.is_nan() { value } else { most }),
            (Cells::Tallies(tallies), function) => {
                for (tally, value) in tallies.iter_mut().zip(&row.values) {
                    if let Some(value) = value {
                        tally.add(function, *value);
                    }
                }
            }
        }
    }

    /// One row a group, in the order of their first.
    pub fn rows(self) -> Vec<Row> {
        let function = self.aggregate.function;
        let of_group = |(labels, cells): (Labels, Cells)| match cells {
            Cells::Values(values) => Row { labels, values },
            Cells::Tallies(tallies) => Row { labels, values: tallies.into_iter().map(|tally| tally.value(function)).collect() },
        };
        self.groups.into_iter().map(of_group).collect()
    }
}

/// Puts the values of a row to those that are there.
#[inline]
fn joined(cells: &mut [Option<f64>], row: &Row, join: impl Fn(f64, f64) -> f64) {
    for (cell, value) in cells.iter_mut().zip(&row.values) {
        if let Some(value) = value {
            *cell = Some(cell.map_or(*value, |known| join(known, *value)));
        }
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
    /// Sum of squares.
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
