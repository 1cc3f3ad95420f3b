//! Search in raw text: over whole blocks at the speed of `memmem` or the expression's own prefilter, hits mapped
//! back to records.
//!
//! A block is read into a buffer of the thread that fits its cache, searched, and forgotten. A match never spans two
//! records: one that does in the block is looked at again in its own record. Expressions that see the edges of the
//! whole text, or whose matches run over records again and again, are asked record by record.

use std::cell::RefCell;
use std::ops::{ControlFlow, Range};

use memchr::memmem;

use crate::model::query::TextPattern;

use super::super::StoreError;
use super::super::log::MAX_RECORD_BYTES;
use super::letters::Letters;
use super::plan::{Bits, Part};
use super::spelling;

/// Text searched at once: small enough to stay in the second cache between reading and searching, large enough that
/// a read costs nothing.
const BLOCK_BYTES: u64 = 256 << 10;
/// Between two wanted records further apart than this the text is not read.
const GAP_BYTES: u64 = 16 << 10;
/// Below one wanted record in so many, blocks follow the wanted ones.
const SPARSE: usize = 16;
/// Matches across records in one block after which the rest of it is asked record by record.
const MAX_SPANNING: usize = 4;

thread_local! {
    /// The block of this thread; kept because fresh memory costs more than the copy into it.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone)]
pub(super) enum Matcher {
    /// These bytes.
    Exact(Box<memmem::Finder<'static>>),
    /// These ASCII bytes in any case.
    Folded(Folded),
    /// An expression whose matches in a block are those in its records, but for matches that span two.
    Scan(regex::bytes::Regex),
    /// Any other expression.
    Each(regex::bytes::Regex),
    Fuzzy(Box<Letters>),
}

impl Matcher {
    pub fn new(pattern: &TextPattern) -> Result<Self, StoreError> {
        if let TextPattern::Literal(text) = pattern
            && let Some(spelled) = spelling::of_fields(&regex::escape(text))
        {
            let has_case = text.chars().any(char::is_uppercase);
            let built = regex::bytes::RegexBuilder::new(&spelled).case_insensitive(!has_case).build();
            return Ok(Self::Scan(built.map_err(|error| StoreError::Question(format!("{text:?}: {error}")))?));
        }
        Ok(match pattern {
            TextPattern::Literal(text) if text.chars().any(char::is_uppercase) || !text.chars().any(char::is_alphabetic) => {
                Self::exact(text)
            }
            TextPattern::Literal(text) if text.is_ascii() => Self::Folded(Folded::new(text)),
            TextPattern::Literal(text) => {
                let built = regex::bytes::RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build();
                Self::Scan(built.map_err(|error| StoreError::Question(format!("{text:?}: {error}")))?)
            }
            TextPattern::Regex(text) => {
                let spelled = spelling::of_fields(text);
                let built = regex::bytes::RegexBuilder::new(spelled.as_deref().unwrap_or(text)).multi_line(true).build();
                let regex = built.map_err(|error| StoreError::Question(error.to_string()))?;
                if sees_edges(text) { Self::Each(regex) } else { Self::Scan(regex) }
            }
            TextPattern::Fuzzy(text) => Self::Fuzzy(Box::new(Letters::new(text))),
        })
    }

    pub fn exact(text: &str) -> Self {
        Self::Exact(Box::new(memmem::Finder::new(text).into_owned()))
    }

    pub const fn cost(&self) -> u8 {
        match self {
            Self::Exact(_) => 1,
            Self::Folded(_) => 2,
            Self::Scan(_) => 3,
            Self::Fuzzy(_) => 4,
            Self::Each(_) => 5,
        }
    }

    /// Those of the wanted records that match.
    pub fn hits(&self, part: &Part<'_>, wanted: &[u64]) -> Result<Bits, StoreError> {
        let mut found = vec![0; wanted.len()];
        if let Self::Fuzzy(letters) = self {
            letters.by_message(part, wanted, &mut found);
            let left: Bits = wanted.iter().zip(&found).map(|(wanted, found)| wanted & !found).collect();
            each_block(part, &left, |block| self.in_block(block, &left, &mut found))?;
            return Ok(found);
        }
        each_block(part, wanted, |block| {
            self.in_block(block, wanted, &mut found);
        })?;
        found.iter_mut().zip(wanted).for_each(|(found, wanted)| *found &= wanted);
        Ok(found)
    }

    /// Sets the bits of records of a block that match; bits of records that are not wanted may be set too.
    pub fn in_block(&self, block: &Block<'_>, wanted: &[u64], found: &mut Bits) {
        match self {
            Self::Exact(finder) => by_scan(
                block,
                |record| record,
                wanted,
                found,
                |text| {
                    let at = finder.find(text)?;
                    Some(at..at + finder.needle().len())
                },
            ),
            Self::Folded(folded) => by_scan(block, |record| record, wanted, found, |text| folded.find(text)),
            Self::Scan(regex) => by_scan(block, without_line_end, wanted, found, |text| regex.find(text).map(|found| found.range())),
            Self::Each(regex) => by_record(block, wanted, found, |record| regex.is_match(record)),
            Self::Fuzzy(letters) => by_letters(block, letters, wanted, found),
        }
    }
}

/// Whether an expression may tell the edges of a record from those of a line, or changes how it does.
fn sees_edges(text: &str) -> bool {
    let changes_lines = |flags: &str| flags.split([':', ')', '<']).next().is_some_and(|flags| flags.contains(['m', 'R']));
    text.contains('$') || text.contains("\\A") || text.contains("\\z") || text.split("(?").skip(1).any(changes_lines)
}

/// ASCII text in any case: by what of it has no case where that is long enough to be rare, else by its letters.
#[derive(Clone)]
pub(super) struct Folded {
    /// In lower case.
    needle: Vec<u8>,
    by: FoldedBy,
}

#[derive(Clone)]
enum FoldedBy {
    /// The longest stretch without letters and where it begins: `":4711` of `"uid":4711`, whose name every record has.
    Core(Box<memmem::Finder<'static>>, usize),
    /// Its letters as an expression: the search that `regex` does is as good as ours and better on rare words.
    Regex(regex::bytes::Regex),
    /// One place after the other.
    Each,
}

/// Bytes without case from which on they are searched first: shorter ones stand everywhere.
const MIN_CORE: usize = 4;

impl Folded {
    fn new(text: &str) -> Self {
        let needle = text.to_ascii_lowercase().into_bytes();
        let cores = needle.split(u8::is_ascii_alphabetic).filter(|core| core.len() >= MIN_CORE && core.iter().any(u8::is_ascii_digit));
        if let Some(core) = cores.max_by_key(|core| core.len()) {
            let at = core.as_ptr() as usize - needle.as_ptr() as usize;
            let by = FoldedBy::Core(Box::new(memmem::Finder::new(core).into_owned()), at);
            return Self { by, needle };
        }
        let built = regex::bytes::RegexBuilder::new(&regex::escape(text)).case_insensitive(true).unicode(false).build();
        Self { needle, by: built.map_or(FoldedBy::Each, FoldedBy::Regex) }
    }

    fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        let is_at = |at: &usize| text.get(*at..*at + self.needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(&self.needle));
        match &self.by {
            FoldedBy::Core(finder, core_at) => {
                let mut from = 0;
                loop {
                    let hit = from + finder.find(text.get(from..)?)?;
                    if let Some(at) = hit.checked_sub(*core_at).filter(is_at) {
                        return Some(at..at + self.needle.len());
                    }
                    from = hit + 1;
                }
            }
            FoldedBy::Regex(regex) => regex.find(text).map(|found| found.range()),
            FoldedBy::Each => (0..text.len()).find(is_at).map(|at| at..at + self.needle.len()),
        }
    }
}

/// Consecutive records of a segment and their text.
pub(super) struct Block<'a> {
    part: Part<'a>,
    pub records: Range<usize>,
    text: &'a [u8],
}

impl Block<'_> {
    /// Start of record `i` in the text of the block.
    fn start(&self, i: usize) -> usize {
        let columns = &self.part.segment().columns;
        (columns.offset(i) - columns.offset(self.records.start)) as usize
    }

    /// Place of record `i` with its line end.
    fn range(&self, i: usize) -> Range<usize> {
        let start = self.start(i);
        let end = if i + 1 < self.records.end { self.start(i + 1) } else { self.text.len() };
        start..end.min(start + MAX_RECORD_BYTES as usize)
    }

    /// Record `i` without its line end.
    pub fn bytes(&self, i: usize) -> &[u8] {
        without_line_end(self.whole(i))
    }

    /// Record `i` as it stands.
    pub fn whole(&self, i: usize) -> &[u8] {
        &self.text[self.range(i)]
    }
}

fn without_line_end(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

/// Reads the wanted records of a segment block by block. Checks for cancellation at each.
pub(super) fn each_block(part: &Part<'_>, wanted: &[u64], mut visit: impl FnMut(&Block<'_>)) -> Result<(), StoreError> {
    each_block_until(part, wanted, |block| {
        visit(block);
        ControlFlow::Continue(())
    })
}

/// The same until it is enough.
pub(super) fn each_block_until(
    part: &Part<'_>,
    wanted: &[u64],
    mut visit: impl FnMut(&Block<'_>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let segment = part.segment();
    let n_wanted: usize = wanted.iter().map(|word| word.count_ones() as usize).sum();
    let is_sparse = n_wanted * SPARSE < segment.len();
    BUFFER.with_borrow_mut(|buffer| {
        let mut next = next_wanted(wanted, 0);
        while let Some(first) = next {
            part.watch.check()?;
            let records = first..block_end(part, wanted, first, is_sparse);
            let last = part.log.record_range(part.segment, records.end - 1);
            let start = part.log.record_range(part.segment, first).start;
            let text = part.log.text.read_into(start..last.end.min(last.start + MAX_RECORD_BYTES), buffer)?;
            if visit(&Block { part: *part, records: records.clone(), text }).is_break() {
                break;
            }
            next = next_wanted(wanted, records.end);
        }
        Ok(())
    })
}

/// The first wanted record at or after `from`.
fn next_wanted(wanted: &[u64], from: usize) -> Option<usize> {
    let mut word = from / 64;
    let mut bits = wanted.get(word)? & (u64::MAX << (from % 64));
    while bits == 0 {
        word += 1;
        bits = *wanted.get(word)?;
    }
    Some(word * 64 + bits.trailing_zeros() as usize)
}

/// Where the block that begins with record `first` ends.
fn block_end(part: &Part<'_>, wanted: &[u64], first: usize, is_sparse: bool) -> usize {
    let segment = part.segment();
    let offset = |i: usize| u64::from(segment.columns.offset(i));
    let limit = offset(first) + BLOCK_BYTES;
    if !is_sparse {
        let (mut low, mut high) = (first + 1, segment.len());
        while low < high {
            let middle = low.midpoint(high);
            if offset(middle) < limit { low = middle + 1 } else { high = middle }
        }
        return low;
    }
    let mut end = first + 1;
    while let Some(next) = next_wanted(wanted, end) {
        let at = offset(next);
        if at >= limit || at - offset(end) > GAP_BYTES {
            break;
        }
        end = next + 1;
    }
    end
}

/// Hits of a search over the whole block, given back by record: after a hit the search goes on in the next record.
/// `searched` tells what of a record may match.
fn by_scan(
    block: &Block<'_>,
    searched: fn(&[u8]) -> &[u8],
    wanted: &[u64],
    found: &mut Bits,
    find: impl Fn(&[u8]) -> Option<Range<usize>>,
) {
    let (mut i, mut from, mut n_spanning) = (block.records.start, 0, 0);
    while from <= block.text.len() {
        let Some(hit) = find(&block.text[from..]).map(|hit| hit.start + from..hit.end + from) else { return };
        i = record_at(block, i, hit.start);
        let record = searched(block.whole(i));
        if hit.end <= block.start(i) + record.len() || find(record).is_some() {
            found[i / 64] |= 1 << (i % 64);
        } else {
            n_spanning += 1;
        }
        i += 1;
        if i >= block.records.end {
            return;
        }
        if n_spanning > MAX_SPANNING {
            return by_record_from(block, i, wanted, found, |record| find(record).is_some());
        }
        from = block.start(i);
    }
}

/// Records that hold the letters: looked for where the rarest of them stands.
fn by_letters(block: &Block<'_>, letters: &Letters, wanted: &[u64], found: &mut Bits) {
    let (mut i, mut from) = (block.records.start, 0);
    while let Some(at) = block.text.get(from..).and_then(|text| letters.find_rarest(text)) {
        i = record_at(block, i, from + at);
        if wanted[i / 64] >> (i % 64) & 1 == 1 && letters.are_in(block.bytes(i)) {
            found[i / 64] |= 1 << (i % 64);
        }
        i += 1;
        if i >= block.records.end {
            return;
        }
        from = block.start(i);
    }
}

/// The record from `i` on that holds byte `at`: galloping, because hits are near one another.
fn record_at(block: &Block<'_>, mut i: usize, at: usize) -> usize {
    let n = block.records.end;
    let mut step = 1;
    while i + step < n && block.start(i + step) <= at {
        i += step;
        step *= 2;
    }
    let mut high = (i + step).min(n);
    while i + 1 < high {
        let middle = i.midpoint(high);
        if block.start(middle) <= at { i = middle } else { high = middle }
    }
    i
}

/// Asks every wanted record of a block.
pub(super) fn by_record(block: &Block<'_>, wanted: &[u64], found: &mut Bits, passes: impl Fn(&[u8]) -> bool) {
    by_record_from(block, block.records.start, wanted, found, passes);
}

fn by_record_from(block: &Block<'_>, from: usize, wanted: &[u64], found: &mut Bits, passes: impl Fn(&[u8]) -> bool) {
    let mut next = next_wanted(wanted, from);
    while let Some(i) = next.filter(|i| *i < block.records.end) {
        found[i / 64] |= u64::from(passes(block.bytes(i))) << (i % 64);
        next = next_wanted(wanted, i + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_in_any_case_is_found_where_it_stands_first(text in "[aA:1-]{0,60}", needle in "[aA]{0,2}[:1-]{0,6}[a1]{0,2}") {
            prop_assume!(!needle.is_empty());
            let expected = text.to_ascii_lowercase().find(&needle.to_ascii_lowercase()).map(|at| at..at + needle.len());
            prop_assert_eq!(Folded::new(&needle).find(text.as_bytes()), expected);
        }
    }

    #[test]
    fn a_number_is_searched_before_the_name_that_every_record_has() {
        let by_core = |text: &str| matches!(Folded::new(text).by, FoldedBy::Core(..));
        assert!(by_core("\"uid\":4711") && by_core("order-2026-11") && !by_core("pool exhausted") && !by_core("a-1"));
    }
}
