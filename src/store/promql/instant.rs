//! Functions over values at one moment: `abs`, `clamp`, `label_replace` and their like.

use super::Scope;
use super::parse::{Instant, Node};
use super::rows::{NAME, Row, Value, joined, mapped, with};
use crate::model::Labels;
use crate::store::StoreError;

impl Scope<'_> {
    pub(super) fn instant(&self, call: &Instant) -> Result<Value, StoreError> {
        let argument = |index: usize| -> Result<&Node, StoreError> {
            call.arguments.get(index).ok_or_else(|| StoreError::Question(format!("{} needs more arguments", call.function)))
        };
        let number = |index: usize| self.scalar(argument(index)?);
        let rows = match call.function {
            "time" => {
                let at = |step: usize| self.steps.time(step).0 as f64 / 1e9;
                return Ok(Value::Scalar((0..self.steps.n).map(at).collect()));
            }
            "vector" => {
                let values = number(0)?.into_iter().map(Some).collect();
                return Ok(Value::Vector(vec![Row { labels: Labels::default(), values }]));
            }
            "scalar" => return Ok(Value::Scalar(single(&self.vector(argument(0)?)?, self.steps.n))),
            "absent" => return Ok(Value::Vector(vec![self.absent(argument(0)?)?])),
            _ => self.vector(argument(0)?)?,
        };
        let rows = match call.function {
            "sort" => return Ok(Value::Vector(rows)),
            "label_replace" => return Ok(Value::Vector(joined(label_replace(rows, &call.words)?)?)),
            "clamp" => clamped(rows, &number(1)?, &number(2)?),
            "clamp_min" => clamped(rows, &number(1)?, &vec![f64::INFINITY; self.steps.n]),
            "clamp_max" => clamped(rows, &vec![f64::NEG_INFINITY; self.steps.n], &number(1)?),
            "round" => {
                let to = if call.arguments.len() > 1 { number(1)? } else { vec![1.0; self.steps.n] };
                // Halves go up, below zero as well.
                with_steps(rows, |step, value| Some((value * (1.0 / to[step]) + 0.5).floor() / (1.0 / to[step])))
            }
            name => mapped(rows, |value| Some(plain(name, value))),
        };
        Ok(Value::Vector(joined(rows)?))
    }

    /// 1 where the argument has no value, with the labels that its selector demands.
    fn absent(&self, node: &Node) -> Result<Row, StoreError> {
        let rows = self.vector(node)?;
        let value = |step: usize| rows.iter().all(|row| row.values[step].is_none()).then_some(1.0);
        let labels = match node {
            Node::Select(selector) => selector.equal_labels(),
            _ => Labels::default(),
        };
        Ok(Row { labels, values: (0..self.steps.n).map(value).collect() })
    }
}

impl super::parse::Selector {
    /// Labels that are demanded to be equal to something, once each.
    fn equal_labels(&self) -> Labels {
        let mut labels = Labels::default();
        for matcher in &self.matchers {
            let is_once = self.matchers.iter().filter(|other| other.name == matcher.name).count() == 1;
            let is_equal = matches!(matcher.op, promql_parser::label::MatchOp::Equal);
            if is_equal && is_once && matcher.name != NAME {
                labels = with(&labels, &matcher.name, &matcher.value);
            }
        }
        labels
    }
}

fn plain(function: &str, value: f64) -> f64 {
    match function {
        "abs" => value.abs(),
        "ceil" => value.ceil(),
        "floor" => value.floor(),
        "sqrt" => value.sqrt(),
        "exp" => value.exp(),
        "ln" => value.ln(),
        "log2" => value.log2(),
        "log10" => value.log10(),
        "sgn" if value > 0.0 => 1.0,
        "sgn" if value < 0.0 => -1.0,
        _ => value,
    }
}

fn with_steps(rows: Vec<Row>, change: impl Fn(usize, f64) -> Option<f64>) -> Vec<Row> {
    let of_row = |row: Row| {
        let row = row.unnamed();
        Row { values: row.values.iter().enumerate().map(|(step, value)| change(step, (*value)?)).collect(), ..row }
    };
    rows.into_iter().map(of_row).collect()
}

/// NaN stays NaN, and a limit that is NaN makes it one.
fn clamped(rows: Vec<Row>, low: &[f64], high: &[f64]) -> Vec<Row> {
    with_steps(rows, |step, value| {
        let (low, high) = (low[step], high[step]);
        if low > high {
            return None;
        }
        let is_number = !value.is_nan() && !low.is_nan() && !high.is_nan();
        Some(if is_number { value.min(high).max(low) } else { f64::NAN })
    })
}

/// The value where there is exactly one, else NaN.
fn single(rows: &[Row], n: usize) -> Vec<f64> {
    let at = |step: usize| {
        let mut present = rows.iter().filter_map(|row| row.values[step]);
        match (present.next(), present.next()) {
            (Some(value), None) => value,
            _ => f64::NAN,
        }
    };
    (0..n).map(at).collect()
}

fn label_replace(rows: Vec<Row>, words: &[String]) -> Result<Vec<Row>, StoreError> {
    let [to, template, from, pattern] = words else {
        return Err(StoreError::Question("label_replace needs a vector and four texts".into()));
    };
    let pattern = regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|error| StoreError::Question(error.to_string()))?;
    let of_row = |row: Row| {
        let value = row.labels.get(from).unwrap_or_default();
        let Some(found) = pattern.captures(value) else { return row };
        let mut made = String::new();
        found.expand(template, &mut made);
        Row { labels: with(&row.labels, to, &made), ..row }
    };
    Ok(rows.into_iter().map(of_row).collect())
}
