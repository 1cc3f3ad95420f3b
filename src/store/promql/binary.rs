//! Operators between numbers and vectors, with `on`, `ignoring`, `group_left`, `group_right` and `bool`.

use std::collections::HashMap;

use super::Scope;
use super::parse::{Binary, Cardinality, Grouping};
use super::rows::{NAME, Row, Value, joined, only, shown, with, without};
use crate::model::Labels;
use crate::store::StoreError;

impl Scope<'_> {
    pub(super) fn binary(&self, binary: &Binary) -> Result<Value, StoreError> {
        let operator = Operator { name: binary.operator, is_bool: binary.is_bool };
        Ok(match (self.value(&binary.left)?, self.value(&binary.right)?) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                let both = left.iter().zip(&right);
                Value::Scalar(both.map(|(left, right)| operator.number(*left, *right).unwrap_or(0.0)).collect())
            }
            (Value::Vector(rows), Value::Scalar(numbers)) => {
                Value::Vector(joined(operator.with_numbers(rows, &numbers, |value, number| operator.kept(value, number, value)))?)
            }
            (Value::Scalar(numbers), Value::Vector(rows)) => {
                Value::Vector(joined(operator.with_numbers(rows, &numbers, |value, number| operator.kept(number, value, value)))?)
            }
            (Value::Vector(left), Value::Vector(right)) => Value::Vector(match binary.operator {
                "and" | "or" | "unless" => set(binary, left, right, self.steps.n),
                _ => matched(binary, operator, (left, right), self.steps.n)?,
            }),
        })
    }
}

/// Exact, as `PromQL` compares: infinity equals itself, NaN nothing.
#[expect(clippy::float_cmp, reason = "== of the language compares all bits")]
fn is_equal(left: f64, right: f64) -> bool {
    left == right
}

#[derive(Clone, Copy)]
struct Operator {
    name: &'static str,
    is_bool: bool,
}

impl Operator {
    fn compares(self) -> bool {
        matches!(self.name, "==" | "!=" | ">" | "<" | ">=" | "<=")
    }

    /// Whether the result is still what the metric name says. Of `atan2` it is not, but Prometheus 2.42 says so.
    fn keeps_name(self) -> bool {
        (self.compares() || self.name == "atan2") && !self.is_bool
    }

    /// The result of an arithmetic operator, 1 or 0 of a comparison; `None` for an operator that is neither.
    fn number(self, left: f64, right: f64) -> Option<f64> {
        let truth = |is_true: bool| Some(if is_true { 1.0 } else { 0.0 });
        match self.name {
            "+" => Some(left + right),
            "-" => Some(left - right),
            "*" => Some(left * right),
            "/" => Some(left / right),
            "%" => Some(left % right),
            "^" => Some(left.powf(right)),
            "atan2" => Some(left.atan2(right)),
            "==" => truth(is_equal(left, right)),
            "!=" => truth(!is_equal(left, right)),
            ">" => truth(left > right),
            "<" => truth(left < right),
            ">=" => truth(left >= right),
            "<=" => truth(left <= right),
            _ => None,
        }
    }

    /// The value that stays: of a comparison that holds the value itself, else `None`.
    fn kept(self, left: f64, right: f64, value: f64) -> Option<f64> {
        let number = self.number(left, right)?;
        if !self.compares() || self.is_bool {
            return Some(number);
        }
        (number != 0.0).then_some(value)
    }

    fn with_numbers(self, rows: Vec<Row>, numbers: &[f64], value: impl Fn(f64, f64) -> Option<f64>) -> Vec<Row> {
        let of_row = |row: Row| {
            let values = row.values.iter().zip(numbers).map(|(own, number)| value((*own)?, *number)).collect();
            let labels = if self.keeps_name() { row.labels } else { without(&row.labels, &[NAME]) };
            Row { labels, values }
        };
        rows.into_iter().map(of_row).collect()
    }
}

/// What rows must have in common.
fn signature(matching: &Grouping, labels: &Labels) -> Labels {
    match matching {
        Grouping::By(names) => only(labels, names),
        Grouping::Without(names) => without(&without(labels, names), &[NAME]),
    }
}

/// `and`, `or`, `unless`: by presence at each step.
fn set(binary: &Binary, mut left: Vec<Row>, right: Vec<Row>, n: usize) -> Vec<Row> {
    let presence = |rows: &[Row]| {
        let mut by_signature: HashMap<Labels, Vec<bool>> = HashMap::new();
        for row in rows {
            let present = by_signature.entry(signature(&binary.matching, &row.labels)).or_insert_with(|| vec![false; n]);
            present.iter_mut().zip(&row.values).for_each(|(present, value)| *present |= value.is_some());
        }
        by_signature
    };
    let keep = |rows: &mut [Row], others: &HashMap<Labels, Vec<bool>>, is_wanted: bool| {
        for row in rows {
            let other = others.get(&signature(&binary.matching, &row.labels));
            for (step, value) in row.values.iter_mut().enumerate() {
                if other.is_some_and(|present| present[step]) != is_wanted {
                    *value = None;
                }
            }
        }
    };
    match binary.operator {
        "and" => keep(&mut left, &presence(&right), true),
        "unless" => keep(&mut left, &presence(&right), false),
        _ => {
            let mut right = right;
            keep(&mut right, &presence(&left), false);
            // One row for what both sides tell of at different steps.
            let mut index: HashMap<Labels, usize> = left.iter().enumerate().map(|(i, row)| (row.labels.clone(), i)).collect();
            for row in right {
                match index.get(&row.labels) {
                    Some(at) => left[*at].values.iter_mut().zip(row.values).for_each(|(own, other)| *own = own.or(other)),
                    None => {
                        index.insert(row.labels.clone(), left.len());
                        left.push(row);
                    }
                }
            }
        }
    }
    left
}

/// One row with its partner of the other side, at each step.
fn matched(binary: &Binary, operator: Operator, (left, right): (Vec<Row>, Vec<Row>), n: usize) -> Result<Vec<Row>, StoreError> {
    // "Many" is the side whose rows go through; of each signature the other side has one at a step.
    let is_swapped = matches!(binary.cardinality, Cardinality::OneToMany(_));
    let (many, one) = if is_swapped { (right, left) } else { (left, right) };
    let mut partners: HashMap<Labels, Vec<Row>> = HashMap::new();
    for row in one {
        partners.entry(signature(&binary.matching, &row.labels)).or_default().push(row);
    }
    for (labels, rows) in &partners {
        if (0..n).any(|step| rows.iter().filter(|row| row.values[step].is_some()).count() > 1) {
            let side = if is_swapped { "left" } else { "right" };
            let words = format!("the {side} side of {} has several series for {}; group them", binary.operator, shown(labels));
            return Err(StoreError::Question(words));
        }
    }
    let mut out: Vec<Row> = Vec::new();
    let many: Vec<(Labels, Row)> = many.into_iter().map(|row| (signature(&binary.matching, &row.labels), row)).collect();
    let mut n_alike: HashMap<Labels, usize> = HashMap::new();
    for (key, _) in &many {
        *n_alike.entry(key.clone()).or_insert(0) += 1;
    }
    // Which row of the answer has a value at each step, counted from 1; only where several rows might.
    let mut used: HashMap<Labels, Vec<usize>> = HashMap::new();
    for (key, row) in many {
        let Some(partners) = partners.get(&key) else { continue };
        let is_alone = n_alike.get(&key) == Some(&1);
        for partner in partners {
            let value = |step: usize| {
                let (own, other) = (row.values[step]?, partner.values[step]?);
                if is_swapped { operator.kept(other, own, other) } else { operator.kept(own, other, own) }
            };
            let values: Vec<Option<f64>> = (0..n).map(value).collect();
            if matches!(binary.cardinality, Cardinality::OneToOne) && !is_alone {
                let (used, own) = (used.entry(key.clone()).or_insert_with(|| vec![0; n]), out.len() + 1);
                for (step, _) in row.values.iter().enumerate().filter(|(step, own)| own.is_some() && partner.values[*step].is_some()) {
                    let before = std::mem::replace(&mut used[step], own);
                    if before != 0 && before != own {
                        let words = format!("the left side of {} has several series for {}; group them", binary.operator, shown(&key));
                        return Err(StoreError::Question(words));
                    }
                }
            }
            if values.iter().any(Option::is_some) {
                out.push(Row { labels: labels_of(binary, operator, &row.labels, &partner.labels), values });
            }
        }
    }
    joined(out)
}

fn labels_of(binary: &Binary, operator: Operator, many: &Labels, one: &Labels) -> Labels {
    let mut labels = if operator.keeps_name() { many.clone() } else { without(many, &[NAME]) };
    match &binary.cardinality {
        Cardinality::OneToOne => {
            labels = match &binary.matching {
                Grouping::By(names) => only(&labels, names),
                Grouping::Without(names) => without(&labels, names),
            };
        }
        Cardinality::ManyToOne(included) | Cardinality::OneToMany(included) => {
            for name in included {
                labels = with(&labels, name, one.get(name).unwrap_or_default());
            }
        }
    }
    labels
}
