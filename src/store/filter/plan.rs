//! A filter compiled: conditions sorted by cost, each asked only about the records that the cheaper ones left open.
//!
//! Every node gets the wanted records as bits and gives those of them that pass, never others. `and` narrows what is
//! wanted, `or` asks the dearer side only about what the cheaper one refused; so text is read where it decides.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::filter::{Comparison, Expr, Term, TextTest, Words};
use crate::model::query::TextMatch;
use crate::model::{EventFilter, Level, SourceId};
use crate::parse::NO_TIME;

use super::super::column::Column;
use super::super::log::Log;
use super::super::patterns::PatternIndex;
use super::super::segment::Segment;
use super::super::{StoreError, Watch};
use super::field::FieldPlan;
use super::text::Matcher;
use super::trace::TracePlan;

/// One segment and who asks about it.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub log: &'a Log,
    pub segment: usize,
    pub watch: &'a Watch<'a>,
}

impl Part<'_> {
    pub fn segment(&self) -> &Segment {
        &self.log.segments[self.segment]
    }
}

/// One bit a record of a segment.
pub(super) type Bits = Vec<u64>;

#[derive(Clone)]
pub(super) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Column(ColumnTest),
    Text(Box<Matcher>),
    Trace(Box<TracePlan>),
    Field(Box<FieldPlan>),
}

/// What the columns decide.
#[derive(Clone)]
pub(super) enum ColumnTest {
    /// By `Level as usize`.
    Levels([bool; Level::ALL.len()]),
    Services(HashSet<String>),
    Service(NameTest),
    Sources(Vec<SourceId>),
    File(NameTest),
    Status(Comparison, u16),
    /// Seconds, as the column keeps them.
    Latency(Comparison, f32),
    Since(i64),
    Until(i64),
    Pattern(u32, Arc<PatternIndex>),
}

/// All conditions of a filter; `None` when there is none.
pub(super) fn compile(filter: &EventFilter, patterns: Option<&Arc<PatternIndex>>, logs: &[Arc<Log>]) -> Result<Option<Node>, StoreError> {
    let mut parts = Vec::new();
    if let Some(least) = filter.min_level {
        parts.push(Node::Column(ColumnTest::Levels(Level::ALL.map(|level| level >= least && level != Level::Unknown))));
    }
    if !filter.services.is_empty() {
        parts.push(Node::Column(ColumnTest::Services(filter.services.iter().cloned().collect())));
    }
    if !filter.sources.is_empty() {
        parts.push(Node::Column(ColumnTest::Sources(filter.sources.clone())));
    }
    for TextMatch { pattern, is_negated } in &filter.text {
        let node = Node::Text(Box::new(Matcher::new(pattern)?));
        parts.push(if *is_negated { Node::Not(Box::new(node)) } else { node });
    }
    if let Some(trace_id) = &filter.trace_id {
        parts.push(Node::Trace(Box::new(TracePlan::new(trace_id, logs))));
    }
    if let Some(expr) = &filter.expr {
        parts.push(of_expr(expr, patterns, logs)?);
    }
    Ok((!parts.is_empty()).then(|| Node::all(parts)))
}

fn of_expr(expr: &Expr, patterns: Option<&Arc<PatternIndex>>, logs: &[Arc<Log>]) -> Result<Node, StoreError> {
    Ok(match expr {
        Expr::And(parts) => Node::all(parts.iter().map(|part| of_expr(part, patterns, logs)).collect::<Result<_, _>>()?),
        Expr::Or(parts) => Node::any(parts.iter().map(|part| of_expr(part, patterns, logs)).collect::<Result<_, _>>()?),
        Expr::Not(part) => Node::Not(Box::new(of_expr(part, patterns, logs)?)),
        Expr::Term(term) => of_term(term, patterns, logs)?,
    })
}

fn of_term(term: &Term, patterns: Option<&Arc<PatternIndex>>, logs: &[Arc<Log>]) -> Result<Node, StoreError> {
    let column = match term {
        Term::Text(pattern) => return Ok(Node::Text(Box::new(Matcher::new(pattern)?))),
        Term::Trace(id) => return Ok(Node::Trace(Box::new(TracePlan::new(id, logs)))),
        Term::Field(name, test) => return Ok(Node::Field(Box::new(FieldPlan::new(name, test)?))),
        Term::Pattern(number) => match patterns {
            Some(patterns) => ColumnTest::Pattern(*number, Arc::clone(patterns)),
            None => return Err(StoreError::Question(format!("pattern:{number}: no patterns are known here"))),
        },
        Term::Level(comparison, wanted) => ColumnTest::Levels(Level::ALL.map(|level| passes_level(level, *comparison, *wanted))),
        Term::Status(comparison, status) => ColumnTest::Status(*comparison, *status),
        Term::Latency(comparison, ns) => ColumnTest::Latency(*comparison, (*ns as f64 / 1e9) as f32),
        Term::Since(at) => ColumnTest::Since(at.0),
        Term::Until(at) => ColumnTest::Until(at.0),
        Term::Service(test) => ColumnTest::Service(NameTest::new(test)?),
        Term::File(test) => ColumnTest::File(NameTest::new(test)?),
    };
    Ok(Node::Column(column))
}

/// A record without a level is only equal to `unknown`, and neither above nor below anything.
fn passes_level(level: Level, comparison: Comparison, wanted: Level) -> bool {
    match (level, wanted) {
        (Level::Unknown, Level::Unknown) => matches!(comparison, Comparison::Eq | Comparison::Le | Comparison::Ge),
        (Level::Unknown, _) => false,
        _ => comparison.holds(&level, &wanted),
    }
}

impl Node {
    fn all(mut parts: Vec<Self>) -> Self {
        parts.sort_by_key(Self::cost);
        Self::And(parts)
    }

    fn any(mut parts: Vec<Self>) -> Self {
        parts.sort_by_key(Self::cost);
        Self::Or(parts)
    }

    /// Rank of what one record costs; text begins at `TEXT`.
    fn cost(&self) -> u8 {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::cost).max().unwrap_or(0),
            Self::Not(part) => part.cost(),
            Self::Column(_) => 0,
            Self::Text(matcher) => matcher.cost(),
            Self::Trace(plan) => plan.cost(),
            Self::Field(plan) => plan.cost(),
        }
    }

    /// Whether the columns alone decide.
    pub fn is_cheap(&self) -> bool {
        self.cost() == 0
    }

    /// Those of the wanted records that pass.
    pub fn eval(&self, part: &Part<'_>, mut wanted: Bits) -> Result<Bits, StoreError> {
        if is_none(&wanted) {
            return Ok(wanted);
        }
        match self {
            Self::And(nodes) => nodes.iter().try_fold(wanted, |left, node| node.eval(part, left)),
            Self::Or(nodes) => {
                let mut found = vec![0; wanted.len()];
                for node in nodes {
                    let hits = node.eval(part, wanted.clone())?;
                    for ((found, wanted), hits) in found.iter_mut().zip(&mut wanted).zip(hits) {
                        *found |= hits;
                        *wanted &= !hits;
                    }
                }
                Ok(found)
            }
            Self::Not(node) => {
                let hits = node.eval(part, wanted.clone())?;
                wanted.iter_mut().zip(hits).for_each(|(wanted, hits)| *wanted &= !hits);
                Ok(wanted)
            }
            Self::Column(test) => {
                test.narrow(part, &mut wanted);
                Ok(wanted)
            }
            Self::Text(matcher) => matcher.hits(part, &wanted),
            Self::Trace(plan) => plan.hits(part, &wanted),
            Self::Field(plan) => plan.hits(part, &wanted),
        }
    }
}

/// Whether two plans of one filter know the same traces; more may be known as logs are loaded.
pub(super) fn same_traces(a: Option<&Node>, b: Option<&Node>) -> bool {
    match (a, b) {
        (Some(Node::And(a) | Node::Or(a)), Some(Node::And(b) | Node::Or(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_traces(Some(a), Some(b)))
        }
        (Some(Node::Not(a)), Some(Node::Not(b))) => same_traces(Some(a), Some(b)),
        (Some(Node::Trace(a)), Some(Node::Trace(b))) => a.is_same(b),
        _ => true,
    }
}

pub(super) fn is_none(bits: &[u64]) -> bool {
    bits.iter().all(|word| *word == 0)
}

impl ColumnTest {
    fn narrow(&self, part: &Part<'_>, wanted: &mut Bits) {
        let segment = part.segment();
        let columns = &segment.columns;
        match self {
            Self::Levels(passes) => match columns.levels.constant() {
                Some(_) => keep_all_if(wanted, passes[columns.level(0) as usize]),
                None => keep(wanted, segment.len(), |i| passes[columns.level(i) as usize]),
            },
            Self::Services(names) => keep_services(part, wanted, |name| names.contains(name)),
            Self::Service(test) => keep_services(part, wanted, |name| !name.is_empty() && test.passes(name)),
            Self::Sources(sources) => keep_all_if(wanted, sources.contains(&part.log.source)),
            Self::File(test) => keep_all_if(wanted, test.passes_path(part.log.text.path())),
            Self::Status(comparison, wanted_status) => {
                let passes = |status: &u16| *status != 0 && comparison.holds(status, wanted_status);
                let by_place: Vec<bool> = columns.status_values.iter().map(passes).collect();
                keep_places(wanted, (segment.len(), &columns.statuses), &by_place);
            }
            Self::Latency(comparison, seconds) => match columns.latencies.constant() {
                Some(_) => keep_all_if(wanted, comparison.holds(&columns.latency(0), seconds)),
                None => keep(wanted, segment.len(), |i| comparison.holds(&columns.latency(i), seconds)),
            },
            Self::Pattern(id, patterns) => {
                let of_message = patterns.of_source(part.log.source);
                keep(wanted, segment.len(), |i| of_message.get(columns.message(i) as usize) == Some(id));
            }
            Self::Since(at) => match segment.span.filter(|_| segment.unplaced.is_empty()) {
                Some((first, _)) if first >= *at => {}
                Some((_, last)) if last < *at => wanted.fill(0),
                _ => keep(wanted, segment.len(), |i| columns.time(i) != NO_TIME && columns.time(i) >= *at),
            },
            Self::Until(at) => match segment.span.filter(|_| segment.unplaced.is_empty()) {
                Some((_, last)) if last < *at => {}
                Some((first, _)) if first >= *at => wanted.fill(0),
                _ => keep(wanted, segment.len(), |i| columns.time(i) != NO_TIME && columns.time(i) < *at),
            },
        }
    }
}

fn keep_all_if(wanted: &mut Bits, passes: bool) {
    if !passes {
        wanted.fill(0);
    }
}

/// Keeps the bits of records that pass; sixty-four at a time, without a branch a record, and no record in vain.
fn keep(wanted: &mut Bits, n: usize, passes: impl Fn(usize) -> bool) {
    for (at, word) in wanted.iter_mut().enumerate().filter(|(_, word)| **word != 0) {
        let first = at * 64;
        let bits = (first..n.min(first + 64)).fold(0, |bits, i| bits | u64::from(passes(i)) << (i - first));
        *word &= bits;
    }
}

/// The same for `n` records of which a column tells the place in a list of answers.
fn keep_places(wanted: &mut Bits, (n, column): (usize, &Column), passes: &[bool]) {
    match passes.iter().filter(|passes| **passes).count() {
        0 => wanted.fill(0),
        all if all == passes.len() => {}
        _ => keep(wanted, n, |i| passes.get(column.code(i) as usize).is_some_and(|passes| *passes)),
    }
}

/// The same by name of the service, which is looked at once a name and not once a record; `""` stands for none.
fn keep_services(part: &Part<'_>, wanted: &mut Bits, passes: impl Fn(&str) -> bool) {
    let segment = part.segment();
    let by_code: Vec<bool> = segment.service_codes.iter().map(|code| passes(part.log.service_name(*code).unwrap_or(""))).collect();
    keep_places(wanted, (segment.len(), &segment.columns.services), &by_code);
}

/// A condition on a name, compiled.
#[derive(Clone)]
pub(super) enum NameTest {
    Is(Name),
    IsNot(Name),
    Matches(regex::Regex),
}

/// A wanted name; in lower case when case does not count.
#[derive(Clone)]
pub(super) struct Name {
    pub words: String,
    pub is_glob: bool,
    pub is_folded: bool,
}

impl NameTest {
    pub fn new(test: &TextTest) -> Result<Self, StoreError> {
        let name = |words: &Words| {
            let (words, is_glob) = match words {
                Words::Exact(words) => (words, false),
                Words::Glob(words) => (words, true),
            };
            Name { words: words.clone(), is_glob, is_folded: !words.chars().any(char::is_uppercase) }
        };
        Ok(match test {
            TextTest::Is(words) => Self::Is(name(words)),
            TextTest::IsNot(words) => Self::IsNot(name(words)),
            TextTest::Matches(body) => {
                let built = regex::RegexBuilder::new(body).multi_line(true).build();
                Self::Matches(built.map_err(|error| StoreError::Question(error.to_string()))?)
            }
        })
    }

    pub fn passes(&self, text: &str) -> bool {
        match self {
            Self::Is(name) => name.is(text),
            Self::IsNot(name) => !name.is(text),
            Self::Matches(regex) => regex.is_match(text),
        }
    }

    /// The same for a path, of which the name may be a part from any `/` on.
    fn passes_path(&self, path: &str) -> bool {
        let ends = || std::iter::once(path).chain(path.match_indices('/').map(|(at, _)| &path[at + 1..]));
        match self {
            Self::Is(name) => ends().any(|end| name.is(end)),
            Self::IsNot(name) => !ends().any(|end| name.is(end)),
            Self::Matches(regex) => regex.is_match(path),
        }
    }
}

impl Name {
    fn is(&self, text: &str) -> bool {
        match (self.is_folded, self.is_glob) {
            (false, false) => self.words == text,
            (false, true) => glob(&self.words, text),
            (true, false) if text.is_ascii() => text.eq_ignore_ascii_case(&self.words),
            (true, false) => self.words == text.to_lowercase(),
            (true, true) => glob(&self.words, &text.to_lowercase()),
        }
    }
}

/// Whether a text is the wanted one, with `*` for any text. O(wanted · text) at worst.
fn glob(wanted: &str, text: &str) -> bool {
    let mut parts = wanted.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
