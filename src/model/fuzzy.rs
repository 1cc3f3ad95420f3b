//! How well typed letters fit a text: the only place that names the matching library.
//!
//! A query is words between blanks; all must fit, in any order. Case counts only when the query holds an upper-case
//! letter (smart case). Whether a text fits at all is cheaper to ask than how well: see `store::filter::text`.

use std::sync::OnceLock;

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

/// Characters of a text that are scored; letters beyond them fit, at the least score.
pub const SCORED_CHARS: usize = 2_000;

fn matcher() -> &'static SkimMatcherV2 {
    static MATCHER: OnceLock<SkimMatcherV2> = OnceLock::new();
    let matcher = MATCHER.get_or_init(|| SkimMatcherV2::default().smart_case());
    // Its matrix keeps bonuses of the text before (and panics when told to keep nothing), so a score would depend on what was
    // scored earlier on the thread. Scoring one letter cuts the matrix down to cells that the next text overwrites.
    let _ = matcher.fuzzy_match("a", "a");
    matcher
}

/// Score (higher is better) and the matched character positions; `None` when some letter is missing.
///
/// An empty query fits everything with score 0. O(query × text).
pub fn score(query: &str, text: &str) -> Option<(i64, Vec<usize>)> {
    let mut total = 0;
    let mut positions = Vec::new();
    for word in query.split_whitespace() {
        let (score, indices) = matcher().fuzzy_indices(text, word)?;
        total += score;
        positions.extend(indices);
    }
    positions.sort_unstable();
    positions.dedup();
    Some((total, positions))
}

/// A query against many texts: scores only, with the greatest there can be.
#[derive(Debug, Clone)]
pub struct Letters {
    words: Vec<String>,
    /// Blanks and signs that are not typed, by byte: a word begins as well behind one as behind the other.
    is_blank: [bool; 128],
    /// What they are scored as: a sign that is not typed.
    sign: char,
}

impl Letters {
    /// Letters as typed.
    pub fn new(query: &str) -> Self {
        let is_typed = |byte: u8| query.as_bytes().contains(&byte);
        let is_blank = std::array::from_fn(|byte| {
            let byte = byte as u8;
            byte == b' ' || (byte.is_ascii_punctuation() && !is_typed(byte))
        });
        let sign = ['-', '/', '_', ':'].into_iter().find(|sign| !is_typed(*sign as u8)).unwrap_or(' ');
        Self { words: query.split_whitespace().map(str::to_owned).collect(), is_blank, sign }
    }

    /// The score of a text that is known to hold the letters: that of its first [`SCORED_CHARS`] characters, or 0.
    ///
    /// A record that begins with a word fits no better than one that holds it later.
    pub fn score(&self, text: &str, buffer: &mut String) -> i64 {
        buffer.clear();
        buffer.push(self.sign);
        let end = if text.len() <= SCORED_CHARS { text.len() } else { text.char_indices().nth(SCORED_CHARS).map_or(text.len(), |at| at.0) };
        buffer.extend(
            text[..end].chars().map(|c| if self.is_blank.get(c as usize).is_some_and(|is_blank| *is_blank) { self.sign } else { c }),
        );
        self.words.iter().try_fold(0, |total, word| Some(total + matcher().fuzzy_match(buffer, word)?)).unwrap_or(0)
    }

    /// The score of a text that holds every word as it stands, at the start of a word: none is higher.
    pub fn best(&self) -> i64 {
        let mut buffer = String::new();
        self.words.iter().map(|word| Self { words: vec![word.clone()], ..self.clone() }.score(word, &mut buffer)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Letters, score};
    use proptest::prelude::*;

    #[test]
    fn words_match_in_any_order_and_the_closer_match_wins() {
        assert!(score("order gor", "go_goroutines order-1").is_some());
        assert!(score("xyz", "go_goroutines").is_none());
        assert_eq!(score("", "anything"), Some((0, vec![])));
        let tight = score("pool", "db_pool_wait").expect("fits").0;
        let loose = score("pool", "pxoxoxl").expect("fits").0;
        assert!(tight > loose);
    }

    #[test]
    fn upper_case_in_the_query_makes_case_count() {
        assert!(score("P99", "p99_by_instance").is_none());
        assert!(score("p99", "P99").is_some());
    }

    #[test]
    fn a_word_that_stands_whole_reaches_the_best_score() {
        for (query, text) in [
            ("pool", "{\"msg\":\"pool exhausted\"}"),
            ("pool exhausted", "acquire: exhausted pool"),
            ("503", "status=503"),
            ("库存", "已加载 库存"),
            ("Pool", "xx Pool"),
        ] {
            let letters = Letters::new(query);
            assert_eq!(letters.score(text, &mut String::new()), letters.best(), "{query} in {text}");
        }
        assert!(Letters::new("pool").score("spool", &mut String::new()) < Letters::new("pool").best());
    }

    #[test]
    fn a_score_depends_on_nothing_that_was_scored_before() {
        let alone = |text: &str| score("aaa", text).map(|scored| scored.0);
        let texts = ["bbb aaa", "xaxaxa", "a a a", "aaaaaa", "baaxa a"];
        let first = texts.map(alone);
        assert!((0..4).all(|_| texts.iter().rev().map(|text| alone(text)).eq(first.iter().rev().copied())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn no_text_scores_above_the_best(query in "[a-cA-C0]{1,7}( [a-c]{1,3})?", text in "[a-cA-C0 :\"]{0,40}") {
            let letters = Letters::new(&query);
            prop_assert!(letters.score(&text, &mut String::new()) <= letters.best(), "{} > {}", letters.score(&text, &mut String::new()), letters.best());
        }
    }
}
