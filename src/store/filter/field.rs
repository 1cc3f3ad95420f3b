//! Conditions on fields: the record is read again in full, after a search for the wanted words has left few of them.
//!
//! The search is sound for every layout: words of a value stand in the raw record as they are unless the record holds
//! escapes (JSON, colours) or a list of bytes, and such records are always read. Where nothing of the value must stand
//! there, the name must, in a record that is an object; and of a flat object a number is read where it stands.

use crate::model::filter::{Comparison, FieldTest, number};
use crate::model::query::TextPattern;
use crate::parse::RecordDetail;

use super::super::StoreError;
use super::plan::{Bits, NameTest, Part};
use super::text::{Block, Matcher, each_block};

/// Shorter words are in nearly every record.
const MIN_WORD: usize = 2;

#[derive(Clone)]
pub(super) struct FieldPlan {
    name: String,
    test: Test,
    /// What the raw record must hold for the test to pass.
    words: Option<Matcher>,
    /// What an object must hold to have the field: the last part of its name, which stands there as it is.
    key: Option<Matcher>,
    flat: Option<FlatNumber>,
}

#[derive(Clone)]
enum Test {
    Text(NameTest),
    Number(Comparison, f64),
}

impl FieldPlan {
    pub fn new(name: &str, test: &FieldTest) -> Result<Self, StoreError> {
        let test = match test {
            FieldTest::Text(test) => Test::Text(NameTest::new(test)?),
            FieldTest::Number(comparison, wanted) => {
                let refuse = || StoreError::Question(format!("{wanted:?} is no number to compare {name} with"));
                Test::Number(*comparison, number(wanted).ok_or_else(refuse)?)
            }
        };
        let words = match &test {
            Test::Text(NameTest::Is(name)) => {
                longest_word(&name.words).map(|word| Matcher::new(&TextPattern::Literal(word))).transpose()?
            }
            _ => None,
        };
        // These are known by their roles too, whatever their keys.
        let is_role = matches!(name, "message" | "msg" | "trace_id" | "app_time");
        let part = name.rsplit('.').next().filter(|part| part.len() >= MIN_WORD && !is_role);
        let flat = if let (Test::Number(..), false) = (&test, is_role || name.contains(['.', '"', '\\'])) {
            Some(FlatNumber::new(name))
        } else {
            None
        };
        Ok(Self { name: name.to_owned(), test, words, key: part.map(Matcher::exact), flat })
    }

    pub const fn cost(&self) -> u8 {
        if self.words.is_some() { 6 } else { 7 }
    }

    /// Those of the wanted records that have the field and pass.
    pub fn hits(&self, part: &Part<'_>, wanted: &[u64]) -> Result<Bits, StoreError> {
        let mut found = vec![0; wanted.len()];
        let mut is_cancelled = Ok(());
        each_block(part, wanted, |block| {
            if is_cancelled.is_ok() {
                is_cancelled = self.in_block(part, block, wanted, &mut found);
            }
        })?;
        is_cancelled.map(|()| found)
    }

    fn in_block(&self, part: &Part<'_>, block: &Block<'_>, wanted: &[u64], found: &mut Bits) -> Result<(), StoreError> {
        /// Records read between two looks at whether the question still stands.
        const STRIDE: usize = 256;
        let searched = self.words.as_ref().or(self.key.as_ref());
        let mut candidates = searched.map(|_| vec![0; wanted.len()]);
        if let (Some(words), Some(candidates)) = (searched, &mut candidates) {
            words.in_block(block, wanted, candidates);
        }
        let must_hold = |record: &[u8]| (self.words.is_some() || record.starts_with(b"{")) && !may_hide_words(record);
        let mut trust = Trust::default();
        let mut n_read = 0;
        for i in block.records.clone() {
            let is_in = |bits: &[u64]| bits[i / 64] >> (i % 64) & 1 == 1;
            if !is_in(wanted) || candidates.as_ref().is_some_and(|bits| !is_in(bits) && must_hold(block.whole(i))) {
                continue;
            }
            n_read += 1;
            if n_read % STRIDE == 0 {
                part.watch.check()?;
            }
            let flat = self.flat.as_ref().filter(|_| !trust.is_broken).and_then(|flat| flat.read(block.bytes(i)));
            let passes = match (&self.test, flat) {
                (Test::Number(comparison, wanted), Some(value)) if trust.n_checked >= Trust::ENOUGH => comparison.holds(&value, wanted),
                (_, flat) => {
                    let detail = part.log.detail(block.whole(i));
                    if let Some(value) = flat {
                        trust.check(field_text(&detail, &self.name).and_then(number) == Some(value));
                    }
                    self.passes(&detail)
                }
            };
            found[i / 64] |= u64::from(passes) << (i % 64);
        }
        Ok(())
    }

    fn passes(&self, detail: &RecordDetail) -> bool {
        let Some(text) = field_text(detail, &self.name) else { return false };
        match &self.test {
            Test::Text(name) => name.passes(text),
            Test::Number(comparison, wanted) => number(text).is_some_and(|value| comparison.holds(&value, wanted)),
        }
    }
}

/// Whether numbers read in place are those that reading the whole record gives: the first ones of a block are read both
/// ways, because a key may have a role that keeps it out of the fields.
#[derive(Default)]
struct Trust {
    n_checked: u32,
    is_broken: bool,
}

impl Trust {
    const ENOUGH: u32 = 4;

    fn check(&mut self, is_same: bool) {
        self.n_checked += 1;
        self.is_broken |= !is_same;
    }
}

/// A number of a flat object, read where it stands.
#[derive(Clone)]
struct FlatNumber {
    /// `"name":`.
    key: Box<memchr::memmem::Finder<'static>>,
}

impl FlatNumber {
    fn new(name: &str) -> Self {
        Self { key: Box::new(memchr::memmem::Finder::new(format!("\"{name}\":").as_bytes()).into_owned()) }
    }

    /// `None` wherever there is any doubt: another object inside, an escape, the key twice or not as a key, no number.
    fn read(&self, record: &[u8]) -> Option<f64> {
        let inner = record.strip_prefix(b"{")?.strip_suffix(b"}")?;
        if memchr::memchr3(b'{', b'\\', 0x1b, inner).is_some() {
            return None;
        }
        let at = self.key.find(inner)?;
        let after = &inner[at + self.key.needle().len()..];
        let is_key = inner[..at].trim_ascii_end().last().is_none_or(|byte| *byte == b',');
        if !is_key || self.key.find(after).is_some() {
            return None;
        }
        let end = memchr::memchr(b',', after).unwrap_or(after.len());
        let value = std::str::from_utf8(after[..end].trim_ascii()).ok()?;
        value.starts_with(|c: char| c.is_ascii_digit() || c == '-').then(|| number(value)).flatten()
    }
}

/// The longest run of plain ASCII without blanks and quotes of a wanted value, if the raw record must hold it: a number
/// with a point or an exponent, a list or an object may be written in another way.
fn longest_word(value: &str) -> Option<String> {
    let is_integer = value.len() <= 15 && value.bytes().all(|b| b.is_ascii_digit());
    if value.starts_with(['{', '[']) || (!is_integer && value.trim_matches('*').parse::<f64>().is_ok()) {
        return None;
    }
    let words = value.split(|c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '\\' | '*'));
    words.max_by_key(|word| word.len()).filter(|word| word.len() >= MIN_WORD).map(str::to_owned)
}

/// Whether a raw record may hold a word in another form: escapes, colours, bytes as a list of numbers.
fn may_hide_words(record: &[u8]) -> bool {
    memchr::memchr2(b'\\', 0x1b, record).is_some() || memchr::memchr_iter(b'[', record).any(|at| is_number_list(&record[at + 1..]))
}

fn is_number_list(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    (1..=3).contains(&digits) && text[digits..].trim_ascii_start().starts_with(b",")
}

/// A field of a record as text; message and trace id by their roles.
pub(in crate::store) fn field_text<'d>(detail: &'d RecordDetail, name: &str) -> Option<&'d str> {
    if let Some((_, value)) = detail.fields.iter().find(|field| field.0 == name) {
        return Some(value);
    }
    match name {
        "message" | "msg" => Some(&detail.message),
        "trace_id" => detail.trace_id.as_deref(),
        _ if name.contains('.') => None,
        // The last part of a dotted name will do where only one field has it.
        _ => {
            let ends_so = |field: &str| field.strip_suffix(name).is_some_and(|before| before.ends_with('.'));
            let mut all = detail.fields.iter().filter(|(field, _)| ends_so(field));
            all.next().filter(|_| all.next().is_none()).map(|(_, value)| value.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_a_flat_object_is_read_only_without_a_doubt() {
        let read = |record: &str| FlatNumber::new("n").read(record.as_bytes());
        assert_eq!(read(r#"{"a":"x","n":12.5,"b":1}"#), Some(12.5));
        assert_eq!(read(r#"{"n": -3}"#), Some(-3.0));
        let doubtful = [
            r#"{"a":{"n":1}}"#,
            r#"{"a":"\"n\":1"}"#,
            r#"{"n":1,"n":2}"#,
            r#"{"n":"1s"}"#,
            r#"{"n":null}"#,
            r#"{"m":1}"#,
            r#"{"a":"b""n":1}"#,
            "n=1",
            "",
        ];
        assert_eq!(doubtful.map(read), [None; 9]);
    }
}
