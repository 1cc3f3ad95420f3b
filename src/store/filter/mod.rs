//! Which records of a segment pass a filter, as one bit a record.
//!
//! A filter is compiled to a `plan`: columns first, text only for the records that are still undecided (`text`),
//! fields by reading a record again, last (`field`). Answers are kept by segment ([`Selections`]) because a page,
//! a count and a histogram of one filter ask for the same.

pub(super) mod field;
pub(super) mod letters;
mod plan;
mod spelling;
mod text;
mod trace;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::query::{TextMatch, TextPattern};
use crate::model::{EventFilter, SourceId};

use super::log::Log;
use super::patterns::{Known, PatternIndex};
use super::{StoreError, Watch};
use plan::Node;

/// Visits the wanted records of a segment without their line ends, in the order of the file, until
/// it is enough. Text that is gone is a warning.
pub fn each_record(
    (log, segment): (&Log, usize),
    wanted: &[u64],
    watch: &Watch<'_>,
    mut visit: impl FnMut(usize, &[u8]) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let read = text::each_block_until(&plan::Part { log, segment, watch }, wanted, |block| {
        let is_wanted = |i: &usize| wanted[i / 64] >> (i % 64) & 1 == 1;
        block.records.clone().filter(is_wanted).try_for_each(|i| visit(i, block.bytes(i)))
    });
    watch.readable(read).map(|_| ())
}

/// The records of one segment that pass, by index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every record.
    All,
    /// No record.
    None,
    /// One bit a record.
    Some(Box<[u64]>),
}

impl Selection {
    /// Whether record `i` passes.
    #[inline]
    pub fn contains(&self, i: usize) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Some(words) => words[i / 64] >> (i % 64) & 1 == 1,
        }
    }

    /// How many of `n` records pass.
    pub fn count(&self, n: usize) -> u64 {
        match self {
            Self::All => n as u64,
            Self::None => 0,
            Self::Some(words) => words.iter().map(|word| u64::from(word.count_ones())).sum(),
        }
    }

    fn of(words: Vec<u64>, n: usize) -> Self {
        match words.iter().map(|word| word.count_ones() as usize).sum::<usize>() {
            0 => Self::None,
            count if count == n => Self::All,
            _ => Self::Some(words.into()),
        }
    }
}

/// A filter ready to run. A clone is as good and shares nothing that threads would wait for.
#[derive(Clone)]
pub struct Filter {
    given: Arc<EventFilter>,
    /// Only if the filter names one.
    patterns: Option<Arc<PatternIndex>>,
    /// `None`: everything passes.
    plan: Option<Node>,
    is_cheap: bool,
}

impl Filter {
    /// Checks and compiles; an expression that does not compile is an error that says where.
    pub fn new(filter: &EventFilter, patterns: Option<&Arc<PatternIndex>>, logs: &[Arc<Log>]) -> Result<Self, StoreError> {
        let plan = plan::compile(filter, patterns, logs)?;
        let is_cheap = plan.as_ref().is_none_or(Node::is_cheap);
        Ok(Self { given: Arc::new(filter.clone()), patterns: patterns.cloned(), plan, is_cheap })
    }

    /// Whether answers to the other are answers to this one.
    fn is_same(&self, other: &Self) -> bool {
        let same_patterns = match (&self.patterns, &other.patterns) {
            (Some(own), Some(others)) => Arc::ptr_eq(own, others),
            (own, others) => own.is_none() && others.is_none(),
        };
        same_patterns && self.given == other.given && plan::same_traces(self.plan.as_ref(), other.plan.as_ref())
    }

    /// Whether what passes this filter passes the other too, because one typed on.
    fn narrows(&self, other: &Self) -> bool {
        let (own, others) = (&self.given, &other.given);
        let is_implied = |wanted: &TextMatch| own.text.iter().any(|text| text == wanted || is_longer(text, wanted));
        !others.text.is_empty()
            && others.text.iter().all(is_implied)
            && EventFilter { text: Vec::new(), ..(**own).clone() } == EventFilter { text: Vec::new(), ..(**others).clone() }
    }

    /// Whether a source can hold anything that passes.
    pub fn wants_source(&self, source: SourceId) -> bool {
        self.given.sources.is_empty() || self.given.sources.contains(&source)
    }

    /// Whether the columns alone decide.
    pub fn is_cheap(&self) -> bool {
        self.is_cheap
    }

    fn select(&self, log: &Log, segment: usize, watch: &Watch<'_>) -> Result<Selection, StoreError> {
        let n = log.segments[segment].len();
        let every = (0..n.div_ceil(64)).map(|word| u64::MAX >> (64 - (n - word * 64).min(64))).collect::<Vec<_>>();
        self.narrow((log, segment), every, watch)
    }

    /// Those of the wanted records of a segment that pass.
    fn narrow(&self, (log, segment): (&Log, usize), wanted: Vec<u64>, watch: &Watch<'_>) -> Result<Selection, StoreError> {
        let Some(plan) = &self.plan else { return Ok(Selection::All) };
        let found = plan.eval(&plan::Part { log, segment, watch }, wanted);
        Ok(watch.readable(found)?.map_or(Selection::None, |words| Selection::of(words, log.segments[segment].len())))
    }
}

/// Whether a text that fits the longer condition fits the shorter one.
fn is_longer(longer: &TextMatch, shorter: &TextMatch) -> bool {
    if longer.is_negated || shorter.is_negated {
        return false;
    }
    let has_case = |text: &str| text.chars().any(char::is_uppercase);
    match (&longer.pattern, &shorter.pattern) {
        (TextPattern::Fuzzy(longer), TextPattern::Fuzzy(shorter)) => {
            longer.starts_with(shorter.as_str()) && (has_case(longer) || !has_case(shorter))
        }
        // What is written in lower case may be found in any.
        (TextPattern::Literal(longer), TextPattern::Literal(shorter)) => {
            longer.contains(shorter.as_str()) && longer.is_ascii() && (has_case(shorter) == has_case(longer))
        }
        _ => false,
    }
}

/// How many filters are remembered: those of a screen (list, lanes), the ways of fitting of the last keys of a find, and a
/// few to go back to.
const KEPT_FILTERS: usize = 24;

/// Source, epoch of its text, how far its times are moved, segment.
type Key = (SourceId, u32, i64, usize);
type BySegment = HashMap<Key, Arc<Selection>>;

/// Selections of the last filters, by segment. Costs a bit a record and filter.
#[derive(Default)]
pub struct Selections {
    pub(super) patterns: Known,
    kept: Mutex<Vec<(Filter, BySegment)>>,
}

impl Selections {
    /// The records of a segment that pass, from memory if the filter reads text and was asked before.
    pub fn get(&self, filter: &Filter, log: &Log, segment: usize, watch: &Watch<'_>) -> Result<Arc<Selection>, StoreError> {
        if filter.is_cheap() || !log.is_settled(segment) {
            return filter.select(log, segment, watch).map(Arc::new);
        }
        let key = (log.source, log.epoch, log.moved_ns, segment);
        if let Some(selection) = self.lookup(filter, key) {
            return Ok(selection);
        }
        let selection = Arc::new(match self.lookup_wider(filter, key) {
            Some(wider) => match &*wider {
                Selection::All => filter.select(log, segment, watch)?,
                Selection::None => Selection::None,
                Selection::Some(words) => filter.narrow((log, segment), words.to_vec(), watch)?,
            },
            None => filter.select(log, segment, watch)?,
        });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.iter_mut().find(|entry| entry.0.is_same(filter)) {
            entry.1.insert(key, Arc::clone(&selection));
        } else {
            kept.truncate(KEPT_FILTERS - 1);
            kept.insert(0, (filter.clone(), HashMap::from([(key, Arc::clone(&selection))])));
        }
        Ok(selection)
    }

    /// The records at some positions of the time order that pass; those elsewhere may be told wrongly.
    /// Looks at the whole segment, and remembers it, only if that is what is asked for or costs nothing.
    pub fn get_positions(
        &self,
        filter: &Filter,
        (log, segment): (&Log, usize),
        positions: &Range<usize>,
        watch: &Watch<'_>,
    ) -> Result<Arc<Selection>, StoreError> {
        let columns = &log.segments[segment];
        if filter.is_cheap() || positions.len() == columns.len() {
            return self.get(filter, log, segment, watch);
        }
        if let Some(selection) = self.lookup(filter, (log.source, log.epoch, log.moved_ns, segment)).filter(|_| log.is_settled(segment)) {
            return Ok(selection);
        }
        let mut wanted = vec![0u64; columns.len().div_ceil(64)];
        for i in positions.clone().map(|position| columns.at_position(position)) {
            wanted[i / 64] |= 1 << (i % 64);
        }
        filter.narrow((log, segment), wanted, watch).map(Arc::new)
    }

    /// Of the filters that let more pass the answer with the fewest records.
    fn lookup_wider(&self, filter: &Filter, key: Key) -> Option<Arc<Selection>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let wider = kept.iter().filter(|entry| filter.narrows(&entry.0)).filter_map(|entry| entry.1.get(&key));
        wider.min_by_key(|selection| selection.count(usize::MAX)).cloned()
    }

    fn lookup(&self, filter: &Filter, key: Key) -> Option<Arc<Selection>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|entry| entry.0.is_same(filter))?;
        kept[..=at].rotate_right(1);
        kept[0].1.get(&key).cloned()
    }
}
