//! How well a typed query fits a text: the only place that names the matching library.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

/// Score (higher is better) and the matched character positions; `None` when some letter is missing.
///
/// Words of the query that are separated by blanks may match in any order; an empty query fits everything
/// with score 0. Case counts only when the query holds an upper-case letter (smart case). O(query × text).
pub fn score(query: &str, text: &str) -> Option<(i64, Vec<usize>)> {
    use std::sync::OnceLock;
    static MATCHER: OnceLock<SkimMatcherV2> = OnceLock::new();
    let matcher = MATCHER.get_or_init(|| SkimMatcherV2::default().smart_case());
    let mut total = 0;
    let mut positions = Vec::new();
    for word in query.split_whitespace() {
        let (score, indices) = matcher.fuzzy_indices(text, word)?;
        total += score;
        positions.extend(indices);
    }
    positions.sort_unstable();
    positions.dedup();
    Some((total, positions))
}

#[cfg(test)]
mod tests {
    use super::score;

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
}
