//! Rows of values at equal steps: what the parts of an expression hand to one another.

use std::collections::HashMap;

use super::{Answered, Steps};
use crate::model::{Labels, Sample};
use crate::store::StoreError;

/// Label that holds the metric name while an expression is evaluated.
pub(super) const NAME: &str = "__name__";

/// One series at all steps; `None` where it has no value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// With `__name__` while it is known.
    pub labels: Labels,
    pub values: Vec<Option<f64>>,
}

/// A number or a vector at all steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Scalar(Vec<f64>),
    Vector(Vec<Row>),
}

impl Row {
    /// The same without a metric name.
    pub fn unnamed(self) -> Self {
        Self { labels: without(&self.labels, &[NAME]), ..self }
    }

    pub fn answered(self, steps: Steps) -> Option<Answered> {
        let sample = |(index, value): (usize, Option<f64>)| Some(Sample { time: steps.time(index), value: value? });
        let samples: Vec<Sample> = self.values.into_iter().enumerate().filter_map(sample).collect();
        let name = self.labels.get(NAME).unwrap_or_default().to_owned();
        (!samples.is_empty()).then(|| Answered { name, labels: without(&self.labels, &[NAME]), samples })
    }
}

impl Value {
    /// Unary minus.
    pub fn negated(self) -> Self {
        match self {
            Self::Scalar(values) => Self::Scalar(values.into_iter().map(|value| -value).collect()),
            Self::Vector(rows) => Self::Vector(mapped(rows, |value| Some(-value))),
        }
    }
}

/// Every value changed; the rows lose their names.
pub(super) fn mapped(rows: Vec<Row>, change: impl Fn(f64) -> Option<f64>) -> Vec<Row> {
    let row = |row: Row| Row { values: row.values.iter().map(|value| value.and_then(&change)).collect(), ..row.unnamed() };
    rows.into_iter().map(row).collect()
}

/// Labels but for these.
pub(super) fn without(labels: &Labels, names: &[impl AsRef<str>]) -> Labels {
    kept(labels, |name| !names.iter().any(|other| other.as_ref() == name))
}

/// Only these labels.
pub(super) fn only(labels: &Labels, names: &[impl AsRef<str>]) -> Labels {
    kept(labels, |name| names.iter().any(|other| other.as_ref() == name))
}

fn kept(labels: &Labels, is_kept: impl Fn(&str) -> bool) -> Labels {
    Labels::new(labels.iter().filter(|(name, _)| is_kept(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The labels with one set, or removed when the value is empty.
pub(super) fn with(labels: &Labels, name: &str, value: &str) -> Labels {
    let mut pairs: Vec<(String, String)> =
        labels.iter().filter(|pair| pair.0 != name).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if !value.is_empty() {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    Labels::new(pairs)
}

/// Joins rows of equal labels that never have a value at one step; an error where two do.
///
/// Series that differ by name only, such as a counter before and after a rename, become one.
pub(super) fn joined(rows: Vec<Row>) -> Result<Vec<Row>, StoreError> {
    let mut index: HashMap<Labels, usize> = HashMap::with_capacity(rows.len());
    let mut out: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(known) = index.get(&row.labels) else {
            index.insert(row.labels.clone(), out.len());
            out.push(row);
            continue;
        };
        for (old, new) in out[*known].values.iter_mut().zip(row.values) {
            if old.is_some() && new.is_some() {
                let words = format!("the answer has two series with the labels {}", shown(&row.labels));
                return Err(StoreError::Question(words));
            }
            *old = old.or(new);
        }
    }
    Ok(out)
}

/// Labels as Prometheus prints them.
pub(super) fn shown(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}
