//! Where a log puts its levels, voted over its sampled lines.
//!
//! What stands before a level may look like one: a thread `[info-1]`, a logger `debug`. Alone, the first level counts;
//! over many records the place of levels is the one where they stand most plainly. A small word that only begins some
//! sentences (`critical path done`) is none; one that nearly all records begin with is.

use std::collections::BTreeSet;

use super::level::{Weight, look};
use crate::model::Level;

/// Where the levels of a log stand behind its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Column {
    /// Words and brackets before them that are none, whatever they look like.
    pub n_before: u8,
    /// Whether records begin with a level in small letters and a blank.
    pub is_bare: bool,
}

/// Words and brackets that may stand before a level.
const MAX_BEFORE: u8 = 5;
/// Records that must begin alike before a small word is a level, of ten.
const MOST: usize = 9;
/// So many different words behind one level are no sentence that is repeated.
const MANY_WORDS: usize = 3;

/// Levels found from one place on.
#[derive(Debug, Default)]
struct Place {
    n: usize,
    /// Sum of weights.
    weight: usize,
    levels: BTreeSet<Level>,
}

/// What the sampled lines tell.
#[derive(Debug, Default)]
pub(super) struct Votes {
    places: [Place; MAX_BEFORE as usize + 1],
    n_lines: usize,
    n_bare: usize,
    levels: BTreeSet<Level>,
    words: BTreeSet<Vec<u8>>,
}

impl Votes {
    /// Counts one line: the text behind its time, and the message in it where something known stands before that.
    pub fn look(&mut self, rest: &[u8], said: &[u8]) {
        self.n_lines += 1;
        for (n_before, place) in (0..).zip(&mut self.places) {
            let Some(told) = look(rest, Column { n_before, is_bare: false }) else { break };
            place.n += 1;
            place.weight += told.weight() as usize;
            if told.weight() > Weight::Little {
                place.levels.insert(told.level);
            }
        }
        let mut words = said.trim_ascii_start().split(|byte| *byte == b' ');
        let (word, next) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if look(word, Column::default()).is_none()
            && let Some(told) = look(word, Column { n_before: 0, is_bare: true })
        {
            self.n_bare += 1;
            self.levels.insert(told.level);
            if self.words.len() < MANY_WORDS {
                self.words.insert(next.to_vec());
            }
        }
    }

    /// The place of levels.
    pub fn best(&self) -> Column {
        let [first, ..] = &self.places;
        let is_rival = |place: &Place| place.n * 10 >= first.n * MOST && place.levels.len() >= first.levels.len();
        let rivals = (0..).zip(&self.places).filter(|(n_before, place)| *n_before == 0 || is_rival(place));
        let best = rivals.max_by_key(|(n_before, place)| (place.weight, place.levels.len(), std::cmp::Reverse(*n_before)));
        let is_varied = self.levels.len() > 1 || self.words.len() >= MANY_WORDS;
        Column { n_before: best.map_or(0, |(n_before, _)| n_before), is_bare: is_varied && self.n_bare * 10 >= self.n_lines * MOST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn column(lines: &[&str]) -> (u8, bool) {
        let mut votes = Votes::default();
        for line in lines {
            votes.look(line.as_bytes(), line.as_bytes());
        }
        let Column { n_before, is_bare } = votes.best();
        (n_before, is_bare)
    }

    #[test]
    fn the_place_of_levels_is_where_they_stand_most_plainly() {
        assert_eq!(column(&[" [http-1] ERROR c.a.Api - x", " [main] INFO c.a.Api - x"]), (1, false));
        assert_eq!(column(&[" [fatal-1] [WARN] x", " [fatal-1] [ERROR] x"]), (1, false));
        assert_eq!(column(&[" | LOG | ERROR | x", " | panic | ERROR | x"]), (1, false));
        // What stands first stays the level where nothing stands more plainly behind it.
        assert_eq!(column(&[" [INFO] FATAL is what it said", " [ERROR] x", " [DEBUG] HTTP GET"]), (0, false));
        assert_eq!(column(&[" [DEBUG] HTTP GET /", " [DEBUG] HTTP PUT /"]), (0, false));
        assert_eq!(column(&[" [error] ERROR: lost", " [warn] ERROR: late"]), (0, false));
    }

    #[test]
    fn a_small_word_is_a_level_where_nearly_all_records_begin_with_one() {
        assert_eq!(column(&[" info started", " warn slow", " info stopped"]), (0, true));
        assert_eq!(column(&[" info a", " info b", " info c"]), (0, true));
        assert_eq!(column(&[" critical path done", " critical path done"]), (0, false));
        assert_eq!(column(&[" error budget is fine", " no fatal problem", " debug endpoint hit"]), (0, false));
    }
}
