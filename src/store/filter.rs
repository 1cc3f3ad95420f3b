//! Which records of a segment pass a filter: columns first, then text, a whole segment at a time.
//!
//! A literal is searched over the text of the whole segment and hits are mapped to records, which costs what `grep`
//! costs. Other patterns look at one record after the other, so that no match can span two. Answers are kept by
//! segment ([`Selections`]) because a page, a count and a histogram of one filter ask for the same.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;

use crate::model::query::{TextMatch, TextPattern};
use crate::model::{EventFilter, Level, SourceId};

use super::log::{Log, MAX_RECORD_BYTES};
use super::{StoreError, Watch};

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

/// A filter ready to run.
pub struct Filter {
    given: EventFilter,
    services: Option<HashSet<String>>,
    tests: Vec<TextTest>,
}

struct TextTest {
    matcher: Matcher,
    is_negated: bool,
}

enum Matcher {
    /// These bytes.
    Exact(Box<memmem::Finder<'static>>),
    /// These bytes in any case: an expression that cannot match a line end unless the literal holds one.
    Folded(regex::bytes::Regex),
    Regex(regex::bytes::Regex),
    Fuzzy(Vec<u8>),
}

impl Filter {
    /// Checks and compiles; an expression that does not compile is an error that says where.
    pub fn new(filter: &EventFilter) -> Result<Self, StoreError> {
        let mut tests = filter.text.iter().map(TextTest::new).collect::<Result<Vec<_>, _>>()?;
        if let Some(trace_id) = &filter.trace_id {
            tests.push(TextTest { matcher: Matcher::exact(trace_id), is_negated: false });
        }
        let services = (!filter.services.is_empty()).then(|| filter.services.iter().cloned().collect());
        Ok(Self { given: filter.clone(), services, tests })
    }

    /// Whether a source can hold anything that passes.
    pub fn wants_source(&self, source: SourceId) -> bool {
        self.given.sources.is_empty() || self.given.sources.contains(&source)
    }

    /// Whether the columns alone decide.
    pub fn is_cheap(&self) -> bool {
        self.tests.is_empty()
    }

    fn select(&self, log: &Log, segment: usize, watch: &Watch<'_>) -> Result<Selection, StoreError> {
        let selection = self.by_columns(log, segment);
        if self.tests.is_empty() || selection == Selection::None {
            return Ok(selection);
        }
        watch.check()?;
        let range = log.segment_range(segment);
        let Some(text) = watch.readable(log.text.read(range.clone()))? else { return Ok(Selection::None) };
        Ok(self.by_text(&Records { log, segment, base: range.start, text }, selection))
    }

    fn by_columns(&self, log: &Log, segment: usize) -> Selection {
        let segment = &log.segments[segment];
        let n = segment.len();
        if self.given.min_level.is_none() && self.services.is_none() {
            return Selection::All;
        }
        let least = self.given.min_level;
        let passes_level = |level: Level| least.is_none_or(|least| level >= least && level != Level::Unknown);
        let name = |code: &u16| log.service_name(*code).unwrap_or("");
        let wanted = |code| self.services.as_ref().is_none_or(|services| services.contains(name(code)));
        let by_code: Vec<bool> = segment.service_codes.iter().map(wanted).collect();
        let mut words = vec![0u64; n.div_ceil(64)];
        for (i, level) in segment.columns.levels.iter().enumerate() {
            let passes = passes_level(*level) && by_code[segment.local_service(i)];
            words[i / 64] |= u64::from(passes) << (i % 64);
        }
        Selection::of(words, n)
    }

    fn by_text(&self, records: &Records<'_>, selection: Selection) -> Selection {
        let n = records.len();
        let mut words = match selection {
            Selection::Some(words) => words.into_vec(),
            _ => (0..n.div_ceil(64)).map(|word| u64::MAX >> (64 - (n - word * 64).min(64))).collect(),
        };
        for test in &self.tests {
            let hits = test.matcher.hits(records, &words);
            for (word, hits) in words.iter_mut().zip(hits) {
                *word &= if test.is_negated { !hits } else { hits };
            }
        }
        Selection::of(words, n)
    }
}

/// The text of a segment and where its records are in it.
struct Records<'a> {
    log: &'a Log,
    segment: usize,
    base: u64,
    text: Cow<'a, [u8]>,
}

impl Records<'_> {
    fn len(&self) -> usize {
        self.log.segments[self.segment].len()
    }

    fn range(&self, i: usize) -> Range<usize> {
        let range = self.log.record_range(self.segment, i);
        let end = range.end.min(range.start + MAX_RECORD_BYTES).min(self.base + self.text.len() as u64);
        (range.start - self.base) as usize..(end - self.base) as usize
    }

    fn bytes(&self, i: usize) -> &[u8] {
        let bytes = &self.text[self.range(i)];
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        bytes.strip_suffix(b"\r").unwrap_or(bytes)
    }
}

impl TextTest {
    fn new(wanted: &TextMatch) -> Result<Self, StoreError> {
        let matcher = match &wanted.pattern {
            TextPattern::Literal(text) if text.chars().any(char::is_uppercase) || !text.chars().any(char::is_alphabetic) => {
                Matcher::exact(text)
            }
            TextPattern::Literal(text) => Matcher::Folded(expression(&regex::escape(text), text.is_ascii())?),
            TextPattern::Regex(text) => Matcher::Regex(expression_as_given(text)?),
            TextPattern::Fuzzy(text) => Matcher::Fuzzy(text.clone().into_bytes()),
        };
        Ok(Self { matcher, is_negated: wanted.is_negated })
    }
}

fn expression(text: &str, is_ascii: bool) -> Result<regex::bytes::Regex, StoreError> {
    let built = regex::bytes::RegexBuilder::new(text).case_insensitive(true).unicode(!is_ascii).build();
    built.map_err(|error| StoreError::Question(format!("{text:?}: {error}")))
}

fn expression_as_given(text: &str) -> Result<regex::bytes::Regex, StoreError> {
    regex::bytes::RegexBuilder::new(text).multi_line(true).build().map_err(|error| StoreError::Question(error.to_string()))
}

impl Matcher {
    fn exact(text: &str) -> Self {
        Self::Exact(Box::new(memmem::Finder::new(text).into_owned()))
    }

    /// One bit a record; records that are not wanted may be left at 0.
    fn hits(&self, records: &Records<'_>, wanted: &[u64]) -> Vec<u64> {
        match self {
            Self::Exact(finder) => by_scan(records, |text, from| {
                let at = from + finder.find(&text[from..])?;
                Some(at..at + finder.needle().len())
            }),
            Self::Folded(regex) => by_scan(records, |text, from| regex.find_at(text, from).map(|found| found.range())),
            Self::Regex(regex) => by_record(records, wanted, |record| regex.is_match(record)),
            Self::Fuzzy(letters) => {
                let is_smart = !letters.iter().any(u8::is_ascii_uppercase);
                by_record(records, wanted, |record| is_subsequence(letters, record, is_smart))
            }
        }
    }
}

/// Hits of a search over the whole text, given back by record: after a hit the search goes on in the next record.
fn by_scan(records: &Records<'_>, find: impl Fn(&[u8], usize) -> Option<Range<usize>>) -> Vec<u64> {
    let n = records.len();
    let mut words = vec![0u64; n.div_ceil(64)];
    let (mut i, mut from) = (0, 0);
    while let Some(hit) = (from <= records.text.len()).then(|| find(&records.text, from)).flatten() {
        i = record_at(records, i, hit.start);
        let record = records.range(i);
        if hit.start < record.end && (hit.end <= record.end || find(&records.text[..record.end], record.start).is_some()) {
            words[i / 64] |= 1 << (i % 64);
        }
        if i + 1 >= n {
            break;
        }
        from = records.range(i + 1).start;
    }
    words
}

/// The record from `i` on that holds byte `at`: galloping, because hits are near one another.
fn record_at(records: &Records<'_>, mut i: usize, at: usize) -> usize {
    let n = records.len();
    let mut step = 1;
    while i + step < n && records.range(i + step).start <= at {
        i += step;
        step *= 2;
    }
    let mut high = (i + step).min(n);
    while i + 1 < high {
        let middle = i.midpoint(high);
        if records.range(middle).start <= at { i = middle } else { high = middle }
    }
    i
}

fn by_record(records: &Records<'_>, wanted: &[u64], passes: impl Fn(&[u8]) -> bool) -> Vec<u64> {
    let mut words = vec![0u64; wanted.len()];
    for (w, word) in wanted.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            let bit = left.trailing_zeros() as usize;
            left &= left - 1;
            words[w] |= u64::from(passes(records.bytes(w * 64 + bit))) << bit;
        }
    }
    words
}

/// Whether all bytes of `letters` occur in `record` in this order. Case of ASCII letters is ignored when `is_smart`.
fn is_subsequence(letters: &[u8], mut record: &[u8], is_smart: bool) -> bool {
    for letter in letters {
        let found = if is_smart && letter.is_ascii_lowercase() {
            memchr::memchr2(*letter, letter.to_ascii_uppercase(), record)
        } else {
            memchr::memchr(*letter, record)
        };
        let Some(at) = found else { return false };
        record = &record[at + 1..];
    }
    true
}

/// How many filters are remembered: those of a screen (list, lanes, find) and a few to go back to.
const KEPT_FILTERS: usize = 8;

type BySegment = HashMap<(SourceId, usize), Arc<Selection>>;

/// Selections of the last filters, by segment. Costs a bit a record and filter.
#[derive(Default)]
pub struct Selections {
    pub(super) patterns: super::patterns::Known,
    kept: Mutex<Vec<(EventFilter, BySegment)>>,
}

impl Selections {
    /// The records of a segment that pass, from memory if the filter reads text and was asked before.
    pub fn get(&self, filter: &Filter, log: &Log, segment: usize, watch: &Watch<'_>) -> Result<Arc<Selection>, StoreError> {
        if filter.is_cheap() || !log.is_settled(segment) {
            return filter.select(log, segment, watch).map(Arc::new);
        }
        let key = (log.source, segment);
        if let Some(selection) = self.lookup(filter, key) {
            return Ok(selection);
        }
        let selection = Arc::new(filter.select(log, segment, watch)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.iter_mut().find(|entry| entry.0 == filter.given) {
            entry.1.insert(key, Arc::clone(&selection));
        } else {
            kept.truncate(KEPT_FILTERS - 1);
            kept.insert(0, (filter.given.clone(), HashMap::from([(key, Arc::clone(&selection))])));
        }
        Ok(selection)
    }

    fn lookup(&self, filter: &Filter, key: (SourceId, usize)) -> Option<Arc<Selection>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|entry| entry.0 == filter.given)?;
        kept[..=at].rotate_right(1);
        kept[0].1.get(&key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{log, watch};
    use proptest::prelude::*;

    const TEXT: &str = "1 error order Pool Exhausted\n at acquire\n2 info pay pool ok\n3 - - POOL\n4 warn order a.b+c\n";

    fn passing(filter: &EventFilter) -> Vec<usize> {
        let log = log(0, "web.log", TEXT, 99);
        let selection = Filter::new(filter).unwrap().select(&log, 0, &watch()).unwrap();
        (0..4).filter(|i| selection.contains(*i)).collect()
    }

    fn text(pattern: TextPattern) -> EventFilter {
        EventFilter { text: vec![TextMatch { pattern, is_negated: false }], ..EventFilter::default() }
    }

    #[test]
    fn a_literal_ignores_case_unless_it_has_a_capital() {
        assert_eq!(passing(&text(TextPattern::Literal("pool".into()))), [0, 1, 2]);
        assert_eq!(passing(&text(TextPattern::Literal("Pool".into()))), [0]);
        assert_eq!(passing(&text(TextPattern::Literal("a.b+c".into()))), [3]);
        assert_eq!(passing(&text(TextPattern::Literal("acquire".into()))), [0], "folded lines belong to their record");
        assert_eq!(passing(&text(TextPattern::Literal("acquire\n2".into()))), [] as [usize; 0], "no match spans two records");
    }

    #[test]
    fn expressions_and_letters_in_order_match_records() {
        assert_eq!(passing(&text(TextPattern::Regex("^1.*Exhausted$".into()))), [0]);
        assert_eq!(passing(&text(TextPattern::Fuzzy("plxh".into()))), [0]);
        assert!(Filter::new(&text(TextPattern::Regex("(".into()))).is_err());
    }

    #[test]
    fn columns_and_negated_text_combine() {
        let negated = TextMatch { pattern: TextPattern::Literal("acquire".into()), is_negated: true };
        assert_eq!(passing(&EventFilter { text: vec![negated], ..EventFilter::default() }), [1, 2, 3]);
        assert_eq!(passing(&EventFilter { min_level: Some(Level::Warn), ..EventFilter::default() }), [0, 3]);
        assert_eq!(passing(&EventFilter { min_level: Some(Level::Unknown), ..EventFilter::default() }), [0, 1, 3]);
        assert_eq!(passing(&EventFilter { services: vec!["order".into(), "web".into()], ..EventFilter::default() }), [0, 2, 3]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_scan_finds_what_a_look_at_each_record_finds(words in prop::collection::vec("[ab]{0,4}", 1..150), needle in "[ab\n1]{1,3}") {
            let text: String = words.iter().map(|word| format!("1 info s {word}\n")).collect::<Vec<_>>().concat();
            let log = log(0, "x", &text, 999);
            for pattern in [needle.clone(), needle.to_uppercase()] {
                let filter = super::tests::text(TextPattern::Literal(pattern.clone()));
                let selection = Filter::new(&filter).unwrap().select(&log, 0, &watch()).unwrap();
                for (i, line) in text.split_inclusive('\n').enumerate() {
                    prop_assert_eq!(selection.contains(i), line.contains(&pattern));
                }
            }
        }
    }
}
