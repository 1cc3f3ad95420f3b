//! From text to a tree that can be evaluated: `promql-parser` knows grammar and types, this file what is supported.
//!
//! Nothing else names that crate. Whatever is not supported is refused here, by name and column, never at evaluation.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{self, AtModifier, Expr, LabelModifier, Offset, VectorMatchCardinality};

use std::collections::BTreeMap;

use crate::model::{SeriesId, SeriesMeta, Timestamp};

use super::native;
use super::place;
use super::rows::NAME;
use super::{ExpressionError, Pool, Steps};

/// An expression that can be evaluated.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    node: Node,
}

impl Expression {
    /// Checks an expression; the error names the part that is wrong or not supported, and its column.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        /// Deeper brackets are an attack on the stack, not a question.
        const MAX_BRACKETS: usize = 100;
        let refused = |reason: &str| place::refused(text, reason);
        if text.len() > 64 << 10 || place::pieces(text).iter().filter(|piece| piece.text == "(" || piece.text == "-").count() > MAX_BRACKETS
        {
            return Err(ExpressionError { reason: "the expression is too long".into(), column: 1 });
        }
        let tree = parser::parse(text).map_err(|reason| refused(&reason))?;
        let node = Lowering { text }.node(&tree)?;
        Ok(Self { text: text.trim().to_owned(), node })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// The series that it reads, and whether their falls are taken for restarts; each once, in order of name.
    pub fn inputs<'a>(&self, pool: &Pool<'a>) -> Vec<(&'a SeriesMeta, bool)> {
        let mut found: BTreeMap<SeriesId, (&SeriesMeta, bool)> = BTreeMap::new();
        self.node.visit(&mut |node| {
            let (selector, is_counted) = match node {
                Node::Select(selector) => (selector, false),
                Node::Window(window) => (&window.selector, matches!(window.function, "rate" | "irate" | "increase")),
                _ => return,
            };
            let histogram = selector.name.as_deref().filter(|name| native::is_kept_apart(name, pool));
            let metas = histogram.map_or_else(
                || pool.metas_of(selector),
                |name| ["_bucket", "_count", "_sum"].iter().flat_map(|end| pool.metas_of(&native::part(selector, name, end))).collect(),
            );
            for meta in metas {
                found.entry(meta.id).or_insert((meta, false)).1 |= is_counted;
            }
        });
        found.into_values().collect()
    }

    /// A histogram that is kept as its buckets and asked for where only numbers can be answered, or in a way that is not
    /// supported.
    pub(super) fn misused_histogram(&self, pool: &Pool<'_>) -> Option<ExpressionError> {
        self.misused(&self.node, pool)
    }

    fn misused(&self, node: &Node, pool: &Pool<'_>) -> Option<ExpressionError> {
        match node {
            Node::Quantile(_, of) | Node::Histogram(_, _, of) => match native::asked(of, pool) {
                Ok(Some(_)) => return None,
                Ok(None) => {}
                Err(word) => return Some(place::error_at(&self.text, word, 0, format!("{word} of histograms is not supported"))),
            },
            Node::Select(selector) | Node::Window(Window { selector, .. }) => {
                let name = selector.name.as_ref().filter(|name| native::is_kept_apart(name, pool))?;
                let ways = "histogram_quantile(0.9, …), histogram_count(…), histogram_sum(…) of it";
                let reason = format!("{name} is a histogram, not a number: ask for {ways}, or for {name}_bucket with its label le");
                return Some(place::error_at(&self.text, name, 0, reason));
            }
            _ => {}
        }
        node.parts().into_iter().find_map(|part| self.misused(part, pool))
    }

    /// What the first quantile in it is taken of: the same text for quantiles that read the same.
    pub fn quantile_of(&self) -> Option<String> {
        let mut found = None;
        self.node.visit(&mut |node| {
            if let Node::Quantile(_, of) = node {
                found.get_or_insert_with(|| format!("{of:?}"));
            }
        });
        found
    }

    /// The first metric that it names.
    pub fn first_metric(&self) -> Option<String> {
        let mut found = None;
        self.node.visit(&mut |node| {
            if let Node::Select(selector) | Node::Window(Window { selector, .. }) = node {
                found = found.take().or_else(|| selector.name.clone());
            }
        });
        found
    }

    /// Whether it is one aggregation of a window and nothing else.
    pub fn is_plain_aggregate(&self) -> bool {
        matches!(&self.node, Node::Aggregate(aggregate) if aggregate.of_window().is_some())
    }

    /// Whether the answer is a quantile of a histogram.
    pub fn is_quantile(&self) -> bool {
        matches!(self.node, Node::Quantile(..))
    }
}

/// One part of an expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Number(f64),
    Select(Selector),
    Window(Window),
    Instant(Instant),
    Quantile(Box<Node>, Box<Node>),
    /// Only of whole histograms: parameters, and what they are.
    Histogram(Histogram, Vec<Node>, Box<Node>),
    Aggregate(Aggregate),
    Binary(Box<Binary>),
    Negate(Box<Node>),
}

impl Node {
    pub(super) fn visit<'a>(&'a self, seen: &mut dyn FnMut(&'a Self)) {
        seen(self);
        self.parts().into_iter().for_each(|part| part.visit(seen));
    }

    /// What it is made of.
    fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::Select(_) => Vec::new(),
            Self::Window(window) => window.parameter.iter().map(AsRef::as_ref).collect(),
            Self::Instant(call) => call.arguments.iter().collect(),
            Self::Quantile(q, of) => vec![q, of],
            Self::Histogram(_, parameters, of) => parameters.iter().chain([of.as_ref()]).collect(),
            Self::Aggregate(aggregate) => aggregate.parameter.iter().chain([&aggregate.of]).map(AsRef::as_ref).collect(),
            Self::Binary(binary) => vec![&binary.left, &binary.right],
            Self::Negate(inner) => vec![inner],
        }
    }
}

/// What is asked of a whole histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Histogram {
    Count,
    Sum,
    Mean,
    Fraction,
    Quantile,
}

/// Which series.
#[derive(Debug, Clone)]
pub(super) struct Selector {
    /// The metric, when exactly one is named.
    pub name: Option<String>,
    /// Conditions on labels, and on `__name__` unless `name` says it.
    pub matchers: Vec<Matcher>,
    pub at: At,
    pub offset_ns: i64,
}

/// Which moment a selector is about, before its offset: `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// That of each step.
    Steps,
    /// The first step.
    Start,
    /// The last step.
    End,
    /// One that is stated.
    Moment(Timestamp),
}

impl Selector {
    /// The moment of a step.
    pub fn moment(&self, steps: &Steps, step: usize) -> Timestamp {
        let at = match self.at {
            At::Steps => steps.time(step),
            At::Start => steps.time(0),
            At::End => steps.time(steps.n.saturating_sub(1)),
            At::Moment(at) => at,
        };
        at.plus_ns(-self.offset_ns)
    }
}

/// A function over the samples of a window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub function: &'static str,
    pub selector: Selector,
    pub range_ns: i64,
    /// Of `quantile_over_time`.
    pub parameter: Option<Box<Node>>,
}

/// A function over values at one moment.
#[derive(Debug, Clone)]
pub(super) struct Instant {
    pub function: &'static str,
    pub arguments: Vec<Node>,
    /// Strings among the arguments, in their order.
    pub words: Vec<String>,
}

/// `sum by (…) (…)` and its like.
#[derive(Debug, Clone)]
pub(super) struct Aggregate {
    pub function: &'static str,
    pub grouping: Grouping,
    pub parameter: Option<Box<Node>>,
    pub of: Box<Node>,
}

impl Aggregate {
    /// The window over one metric that it is of, if it can be made row by row.
    pub fn of_window(&self) -> Option<&Window> {
        match self.of.as_ref() {
            Node::Window(window) if self.parameter.is_none() && window.selector.name.is_some() => Some(window),
            _ => None,
        }
    }
}

/// Which labels a group is made of.
#[derive(Debug, Clone)]
pub(super) enum Grouping {
    By(Vec<String>),
    Without(Vec<String>),
}

/// Two sides and an operator.
#[derive(Debug, Clone)]
pub(super) struct Binary {
    pub operator: &'static str,
    pub left: Node,
    pub right: Node,
    /// `on` or `ignoring`.
    pub matching: Grouping,
    pub cardinality: Cardinality,
    /// A comparison that answers 0 or 1 instead of keeping or dropping.
    pub is_bool: bool,
}

/// Which side may have several series for one of the other.
#[derive(Debug, Clone)]
pub(super) enum Cardinality {
    OneToOne,
    /// `group_left`, with labels taken from the right.
    ManyToOne(Vec<String>),
    /// `group_right`, with labels taken from the left.
    OneToMany(Vec<String>),
}

/// Functions over windows.
const WINDOWS: [&str; 18] = [
    "rate",
    "irate",
    "increase",
    "delta",
    "idelta",
    "resets",
    "changes",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "quantile_over_time",
    "deriv",
];
/// Functions over values.
const INSTANTS: [&str; 19] = [
    "abs",
    "ceil",
    "floor",
    "round",
    "sqrt",
    "exp",
    "ln",
    "log2",
    "log10",
    "sgn",
    "clamp",
    "clamp_min",
    "clamp_max",
    "scalar",
    "vector",
    "time",
    "absent",
    "label_replace",
    "sort",
];
/// Aggregations.
const AGGREGATES: [&str; 10] = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk"];
/// Operators.
const OPERATORS: [&str; 16] = ["+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless", "atan2"];

fn histogram(name: &str) -> Option<Histogram> {
    Some(match name {
        "histogram_count" => Histogram::Count,
        "histogram_sum" => Histogram::Sum,
        "histogram_avg" => Histogram::Mean,
        "histogram_fraction" => Histogram::Fraction,
        _ => return None,
    })
}

fn known(names: &[&'static str], name: &str) -> Option<&'static str> {
    names.iter().find(|known| **known == name).copied()
}

struct Lowering<'a> {
    text: &'a str,
}

impl Lowering<'_> {
    fn unsupported(&self, word: &str, what: &str) -> ExpressionError {
        place::error_at(self.text, word, 0, format!("{what} not supported"))
    }

    fn node(&self, expr: &Expr) -> Result<Node, ExpressionError> {
        Ok(match expr {
            Expr::Paren(paren) => self.node(&paren.expr)?,
            Expr::NumberLiteral(number) => Node::Number(number.val),
            Expr::Unary(unary) => Node::Negate(Box::new(self.node(&unary.expr)?)),
            Expr::VectorSelector(selector) => Node::Select(self.selector(selector)?),
            Expr::MatrixSelector(_) => return Err(self.unsupported("[", "a window without a function over it is")),
            Expr::Subquery(_) => return Err(self.subquery()),
            Expr::StringLiteral(_) => return Err(ExpressionError { reason: "a text alone is no expression".into(), column: 1 }),
            Expr::Extension(_) => return Err(ExpressionError { reason: "extensions are not supported".into(), column: 1 }),
            Expr::Call(call) => self.call(call)?,
            Expr::Aggregate(aggregate) => self.aggregate(aggregate)?,
            Expr::Binary(binary) => self.binary(binary)?,
        })
    }

    fn subquery(&self) -> ExpressionError {
        let pieces = place::pieces(self.text);
        // `[5m:1m]` is one word in the brackets, `[5m : 1m]` are several.
        let colon = pieces.windows(2).find(|pair| pair[0].text == "[" && pair[1].text.contains(':')).map_or("[", |pair| pair[1].text);
        self.unsupported(colon, "subqueries are")
    }

    fn selector(&self, selector: &parser::VectorSelector) -> Result<Selector, ExpressionError> {
        if !selector.matchers.or_matchers.is_empty() {
            return Err(self.unsupported("or", "or between label matchers is"));
        }
        let mut matchers = selector.matchers.matchers.clone();
        let mut name = selector.name.clone();
        if name.is_none()
            && let Some(at) = matchers.iter().position(|matcher| matcher.name == NAME && matches!(matcher.op, MatchOp::Equal))
        {
            name = Some(matchers.remove(at).value);
        }
        let offset_ns = match &selector.offset {
            None => 0,
            Some(Offset::Pos(by)) => ns(*by),
            Some(Offset::Neg(by)) => -ns(*by),
        };
        let at = match &selector.at {
            None => At::Steps,
            Some(AtModifier::Start) => At::Start,
            Some(AtModifier::End) => At::End,
            Some(AtModifier::At(time)) => At::Moment(match time.duration_since(std::time::UNIX_EPOCH) {
                Ok(after) => Timestamp(ns(after)),
                Err(before) => Timestamp(-ns(before.duration())),
            }),
        };
        Ok(Selector { name, matchers, at, offset_ns })
    }

    fn call(&self, call: &parser::Call) -> Result<Node, ExpressionError> {
        let name = call.func.name;
        let arguments = &call.args.args;
        if name == "histogram_quantile" {
            let [q, buckets] = arguments.as_slice() else { return Err(self.unsupported(name, "this number of arguments is")) };
            return Ok(Node::Quantile(Box::new(self.node(q)?), Box::new(self.node(buckets)?)));
        }
        if let Some(function) = histogram(name) {
            let Some((of, parameters)) = arguments.split_last() else { return Err(self.unsupported(name, "this number of arguments is")) };
            let parameters = parameters.iter().map(|parameter| self.node(parameter)).collect::<Result<_, _>>()?;
            return Ok(Node::Histogram(function, parameters, Box::new(self.node(of)?)));
        }
        if let Some(function) = known(&WINDOWS, name) {
            let inner = arguments.last().map(|expr| unwrapped(expr));
            let parameter = match arguments.as_slice() {
                [parameter, _] => Some(Box::new(self.node(parameter)?)),
                _ => None,
            };
            let window = match inner {
                Some(Expr::MatrixSelector(window)) => window,
                Some(Expr::Subquery(_)) => return Err(self.subquery()),
                _ => return Err(self.unsupported(name, "a window that is no selector is")),
            };
            return Ok(Node::Window(Window { function, selector: self.selector(&window.vs)?, range_ns: ns(window.range), parameter }));
        }
        let Some(function) = known(&INSTANTS, name) else { return Err(self.unsupported(name, &format!("the function {name} is"))) };
        let mut words = Vec::new();
        let mut nodes = Vec::new();
        for argument in arguments {
            match unwrapped(argument) {
                Expr::StringLiteral(text) => words.push(text.val.clone()),
                other => nodes.push(self.node(other)?),
            }
        }
        if function == "label_replace" && regex::Regex::new(words.get(3).map_or("", String::as_str)).is_err() {
            return Err(place::error_at(
                self.text,
                name,
                0,
                format!("{:?} is no regular expression", words.get(3).map_or("", String::as_str)),
            ));
        }
        Ok(Node::Instant(Instant { function, arguments: nodes, words }))
    }

    fn aggregate(&self, aggregate: &parser::AggregateExpr) -> Result<Node, ExpressionError> {
        let name = aggregate.op.to_string();
        let function = known(&AGGREGATES, &name).ok_or_else(|| self.unsupported(&name, &format!("the aggregation {name} is")))?;
        let grouping = match &aggregate.modifier {
            None => Grouping::By(Vec::new()),
            Some(modifier) => grouping(modifier),
        };
        let parameter = aggregate.param.as_ref().map(|parameter| self.node(parameter)).transpose()?.map(Box::new);
        Ok(Node::Aggregate(Aggregate { function, grouping, parameter, of: Box::new(self.node(&aggregate.expr)?) }))
    }

    fn binary(&self, binary: &parser::BinaryExpr) -> Result<Node, ExpressionError> {
        let name = binary.op.to_string();
        let operator = known(&OPERATORS, &name).ok_or_else(|| self.unsupported(&name, &format!("the operator {name} is")))?;
        let (left, right) = (self.node(&binary.lhs)?, self.node(&binary.rhs)?);
        let modifier = binary.modifier.as_ref();
        if modifier.is_some_and(|modifier| modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some()) {
            return Err(self.unsupported("fill", "fill is"));
        }
        let matching = modifier.and_then(|modifier| modifier.matching.as_ref()).map_or(Grouping::Without(Vec::new()), grouping);
        let cardinality = match modifier.map(|modifier| &modifier.card) {
            Some(VectorMatchCardinality::ManyToOne(labels)) => Cardinality::ManyToOne(labels.labels.clone()),
            Some(VectorMatchCardinality::OneToMany(labels)) => Cardinality::OneToMany(labels.labels.clone()),
            _ => Cardinality::OneToOne,
        };
        let is_bool = modifier.is_some_and(|modifier| modifier.return_bool);
        Ok(Node::Binary(Box::new(Binary { operator, left, right, matching, cardinality, is_bool })))
    }
}

fn unwrapped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => unwrapped(&paren.expr),
        other => other,
    }
}

fn grouping(modifier: &LabelModifier) -> Grouping {
    match modifier {
        LabelModifier::Include(labels) => Grouping::By(labels.labels.clone()),
        LabelModifier::Exclude(labels) => Grouping::Without(labels.labels.clone()),
    }
}

fn ns(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
