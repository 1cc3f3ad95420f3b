//! Which records of very many are read where all would take too long.
//!
//! Nothing but the number of a record decides, so the same ones are read every time, by any number of threads.

/// One record of every so many of a source, at a place in each stretch that only its number decides: no rhythm of a log
/// can hide from it, and neither threads nor chunks show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OneIn(u64);

impl OneIn {
    /// Every record.
    pub const ALL: Self = Self(1);

    /// One of `n`; every one for 0 and 1.
    pub fn new(n: u64) -> Self {
        Self(n.max(1))
    }

    /// Whether record `number` of its source is in the sample. O(1).
    #[inline]
    pub fn has(self, number: u64) -> bool {
        let (stretch, place) = (number / self.0, number % self.0);
        // The mixer of splitmix64 (Steele, Lea and Flood 2014).
        let mixed = (stretch ^ (stretch >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % self.0 == place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_of_each_stretch_is_in_the_sample_and_no_rhythm_of_a_log_decides_which() {
        for n in [0, 1, 2, 7, 11] {
            let (sample, len) = (OneIn::new(n), n.max(1));
            assert!((0..50).all(|stretch| (0..len).filter(|place| sample.has(stretch * len + place)).count() == 1));
        }
        let n_even = (0..40_000u64).filter(|number| OneIn::new(4).has(*number) && number.is_multiple_of(2)).count();
        assert!(n_even.abs_diff(5_000) < 200, "{n_even}");
        assert!((0..9).all(|number| OneIn::ALL.has(number)));
    }
}
