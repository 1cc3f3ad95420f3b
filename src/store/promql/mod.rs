//! A subset of `PromQL` over the series of the store, with the semantics of Prometheus 2.42.
//!
//! [`Expression::parse`] checks, [`evaluate`] answers at equal steps, all steps of a series at once. A selector takes the
//! last sample of at most five minutes before, nothing after a staleness marker; windows are closed at both ends; rates are
//! extrapolated. Numbers are meant to equal those of Prometheus to 1e-9: `tests/promql.rs` compares them with the program.
//! Not here: which formulas are worth showing (`store::derived`).

mod aggregate;
mod binary;
mod instant;
mod native;
mod parse;
mod place;
mod quantile;
mod rows;
mod select;
mod shared;
mod window;

use std::sync::Arc;

use crate::model::{Labels, Sample, Timestamp};

use super::{StoreError, Watch};
pub use parse::Expression;
pub use select::Pool;

/// Values of all rows at all steps that one part of an expression may have: 16 bytes each.
const MAX_CELLS: usize = 32_000_000;
/// How long a sample is the value of a series that gives no other, ns.
pub const LOOK_BACK_NS: i64 = 300_000_000_000;

/// Why an expression cannot be evaluated: what, and in which column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {reason}")]
pub struct ExpressionError {
    /// What is wrong.
    pub reason: String,
    /// Where, in characters from 1.
    pub column: usize,
}

/// Moments at which an expression is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The first.
    pub start: Timestamp,
    /// From one to the next, ns; above zero.
    pub step_ns: i64,
    /// How many.
    pub n: usize,
}

impl Steps {
    /// One moment.
    pub const fn at(at: Timestamp) -> Self {
        Self { start: at, step_ns: 1, n: 1 }
    }

    /// A moment by its index.
    pub fn time(&self, index: usize) -> Timestamp {
        self.start.plus_ns(self.step_ns.saturating_mul(index as i64))
    }
}

/// One line of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// Metric name where the expression keeps it, else empty.
    pub name: String,
    /// Labels.
    pub labels: Labels,
    /// Its values at the steps that have one, in rising order.
    pub samples: Vec<Sample>,
}

/// Evaluates an expression. Lines in order of labels; none that never has a value.
pub fn evaluate(expression: &Expression, pool: &Pool<'_>, steps: Steps, watch: &Watch<'_>) -> Result<Vec<Answered>, StoreError> {
    if let Some(error) = expression.misused_histogram(pool) {
        return Err(StoreError::Question(error.to_string()));
    }
    let scope = Scope { pool, steps, watch };
    let answer = match scope.value(expression.node())? {
        rows::Value::Scalar(values) => vec![rows::Row { labels: Labels::default(), values: values.into_iter().map(Some).collect() }],
        rows::Value::Vector(rows) => rows,
    };
    let mut answer: Vec<Answered> = answer.into_iter().filter_map(|row| row.answered(steps)).collect();
    answer.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
    Ok(answer)
}

/// The labels with the metric name among them.
pub fn named(labels: &Labels, name: &str) -> Labels {
    rows::with(labels, rows::NAME, name)
}

/// What every part of one evaluation knows.
#[derive(Clone, Copy)]
struct Scope<'a> {
    pool: &'a Pool<'a>,
    steps: Steps,
    watch: &'a Watch<'a>,
}

impl Scope<'_> {
    fn value(&self, node: &parse::Node) -> Result<rows::Value, StoreError> {
        use parse::Node;
        use rows::Value;
        self.watch.check()?;
        Ok(match node {
            Node::Number(number) => Value::Scalar(vec![*number; self.steps.n]),
            Node::Select(selector) => Value::Vector(self.select(selector)?),
            Node::Window(window) => Value::Vector(self.window(window)?),
            Node::Instant(call) => self.instant(call)?,
            Node::Quantile(q, of) => {
                let q = self.scalar(q)?;
                Value::Vector(match native::asked(of, self.pool) {
                    Ok(Some(asked)) => self.histograms(parse::Histogram::Quantile, &[q], &asked)?,
                    _ => quantile::of_buckets(&q, &self.buckets(of)?),
                })
            }
            Node::Histogram(function, parameters, of) => {
                let parameters = parameters.iter().map(|node| self.scalar(node)).collect::<Result<Vec<_>, _>>()?;
                Value::Vector(match native::asked(of, self.pool) {
                    Ok(Some(asked)) => self.histograms(*function, &parameters, &asked)?,
                    // Series of numbers have none.
                    _ => Vec::new(),
                })
            }
            Node::Aggregate(aggregate) => Value::Vector(self.aggregate(aggregate)?),
            Node::Binary(binary) => self.binary(binary)?,
            Node::Negate(inner) => self.value(inner)?.negated(),
        })
    }

    /// The rows of the buckets of a histogram: asked for several quantiles, it is read once.
    fn buckets(&self, node: &parse::Node) -> Result<Arc<Vec<rows::Row>>, StoreError> {
        let key = format!("{node:?}");
        if let Some(rows) = self.pool.remembered(&key, self.steps) {
            return Ok(rows);
        }
        let rows = Arc::new(self.vector(node)?);
        self.pool.remember(key, self.steps, &rows);
        Ok(rows)
    }

    fn vector(&self, node: &parse::Node) -> Result<Vec<rows::Row>, StoreError> {
        match self.value(node)? {
            rows::Value::Vector(rows) => Ok(rows),
            rows::Value::Scalar(_) => Err(StoreError::Question("a vector is expected here, not a number".into())),
        }
    }

    fn scalar(&self, node: &parse::Node) -> Result<Vec<f64>, StoreError> {
        match self.value(node)? {
            rows::Value::Scalar(values) => Ok(values),
            rows::Value::Vector(_) => Err(StoreError::Question("a number is expected here, not a vector".into())),
        }
    }

    /// Refuses what would not fit into memory.
    fn room_for(&self, n_rows: usize) -> Result<(), StoreError> {
        if n_rows.saturating_mul(self.steps.n) <= MAX_CELLS {
            return Ok(());
        }
        let words = format!("{n_rows} series at {} steps are too many; narrow the selector or take a longer step", self.steps.n);
        Err(StoreError::Question(words))
    }
}

#[cfg(test)]
mod tests;
