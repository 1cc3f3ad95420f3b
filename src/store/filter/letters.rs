//! Letters in order: which records hold all letters of every typed word, one after the other.
//!
//! Messages come first: where the words of a message that hold no digit already hold the letters, every record with
//! that message passes and none of them is read. Other records are searched letter by letter with `memchr`.

use std::collections::HashMap;

use super::super::log::NO_MESSAGE;
use super::plan::{Bits, Part};

/// What text of logs is mostly made of, the most frequent first; any other byte is rarer.
const COMMON: &[u8] = b"\"0e1,t:2a 3s5r4o69i8n7dlc/-m.pu_hgybvfkwx=[](){}jqz";

/// Typed words.
#[derive(Clone)]
pub(in crate::store) struct Letters {
    words: Vec<Vec<u8>>,
    /// Case does not count.
    is_folded: bool,
    /// The letter of all words that text holds least often.
    rarest: Option<u8>,
    /// Only letters and digits of ASCII, which no format writes in another way.
    is_plain: bool,
}

impl Letters {
    pub fn new(typed: &str) -> Self {
        let words = typed.split_whitespace().map(|word| word.as_bytes().to_vec());
        let letters = typed.bytes().filter(|byte| !byte.is_ascii_whitespace());
        let rarest = letters
            .min_by_key(|byte| COMMON.iter().position(|common| common == &byte.to_ascii_lowercase()).map_or(0, |at| COMMON.len() - at));
        let is_plain = typed.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
        Self { words: words.collect(), rarest, is_folded: !typed.chars().any(char::is_uppercase), is_plain }
    }

    /// Whether a text holds all letters of every word.
    pub fn are_in(&self, text: &[u8]) -> bool {
        self.words.iter().all(|word| self.is_in(word, text))
    }

    fn is_in(&self, word: &[u8], mut text: &[u8]) -> bool {
        for letter in word {
            let Some(at) = self.find(*letter, text) else { return false };
            text = &text[at + 1..];
        }
        true
    }

    #[inline]
    fn find(&self, letter: u8, text: &[u8]) -> Option<usize> {
        if self.is_folded && letter.is_ascii_lowercase() {
            memchr::memchr2(letter, letter.to_ascii_uppercase(), text)
        } else {
            memchr::memchr(letter, text)
        }
    }

    /// Where the rarest letter stands first: nothing before it can pass.
    pub fn find_rarest(&self, text: &[u8]) -> Option<usize> {
        self.rarest.map_or(Some(0), |letter| self.find(letter, text))
    }

    /// What all records with this message have in common, if that holds the letters.
    pub fn in_message(&self, message: &str) -> Option<String> {
        Some(constant(message)).filter(|text| self.is_plain && self.are_in(text.as_bytes()))
    }

    /// Sets the bits of wanted records whose message is enough. Reads no text.
    pub(super) fn by_message(&self, part: &Part<'_>, wanted: &[u64], found: &mut Bits) {
        let messages = part.log.message_texts();
        let mut known: HashMap<u32, bool> = HashMap::new();
        let mut last = (NO_MESSAGE, false);
        let columns = &part.segment().columns;
        for i in 0..columns.len {
            if wanted[i / 64] >> (i % 64) & 1 == 0 {
                continue;
            }
            let message = columns.message(i);
            if last.0 != message {
                let passes = || messages.get(message).is_some_and(|text| self.in_message(text).is_some());
                last = (message, *known.entry(message).or_insert_with(passes));
            }
            found[i / 64] |= u64::from(last.1) << (i % 64);
        }
    }
}

/// A message without its words that hold a digit: those differ between the records that share it.
fn constant(message: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if !word.bytes().any(|byte| byte.is_ascii_digit()) {
            out.push_str(word);
        }
        let sign = after.chars().next();
        out.extend(sign);
        rest = &after[sign.map_or(0, char::len_utf8)..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_in_any_order_and_their_letters_in_one() {
        let fits = |typed: &str, text: &str| Letters::new(typed).are_in(text.as_bytes());
        assert!(fits("ex pl", "pool exhausted") && fits("plxh", "Pool eXHausted") && !fits("xp", "pool exhausted"));
        assert!(fits("PE", "Pool Exhausted") && !fits("PE", "pool exhausted"));
        assert!(fits("库存", "a 库 b 存"));
    }

    #[test]
    fn values_are_no_part_of_a_message() {
        assert_eq!(constant("acquire: pool exhausted after 5s (a7b waiting) 库存"), "acquire: pool exhausted after  ( waiting) 库存");
    }
}
