//! What was said to the user so far: a notice goes with the next key, its words stay readable below the sources.
//!
//! Not an audit trail: only the last hundred are kept, and only while the program runs.

use std::collections::VecDeque;

/// So many are kept: more than anyone reads back, less than a replay of hours could pile up.
const MOST: usize = 100;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) is_bad: bool,
    /// How often it was said without another one between.
    pub(crate) n_times: u32,
}

/// All that are kept, in the order in which they were said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    words: VecDeque<Word>,
    n_said: u64,
}

impl Said {
    /// Keeps one; the same words again only count.
    pub(crate) fn keep(&mut self, text: &str, is_bad: bool) {
        self.n_said += 1;
        if let Some(last) = self.words.back_mut().filter(|last| last.text == text) {
            last.n_times = last.n_times.saturating_add(1);
            return;
        }
        if self.words.len() == MOST {
            self.words.pop_front();
        }
        self.words.push_back(Word { text: text.to_owned(), is_bad, n_times: 1 });
    }

    /// The newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().rev()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Rises with everything that is said.
    pub(crate) fn revision(&self) -> u64 {
        self.n_said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hundred_are_kept_and_the_same_words_again_only_count() {
        let mut said = Said::default();
        for n in 0..120 {
            said.keep(&format!("word {n}"), false);
            said.keep(&format!("word {n}"), false);
        }
        let all: Vec<&Word> = said.newest_first().collect();
        assert_eq!((all.len(), all[0].text.as_str(), all[0].n_times), (100, "word 119", 2));
        assert_eq!(all[99].text, "word 20");
        assert_eq!(said.revision(), 240);
    }
}
