use proptest::prelude::*;

use super::*;
use crate::model::Timestamp;

const MS: i64 = 1_000_000;

/// A gateway that calls an order service, which calls user, stock and payment one after the other, as a source a
/// service. `length(i)` is how long the whole takes in ms, `ahead` how far each clock is wrong.
fn requests(n: usize, length: impl Fn(usize) -> i64, ahead: [i64; 5]) -> Vec<Stamp> {
    let mut stamps = Vec::new();
    for trace in 0..n {
        let (start, whole) = (1_795_400_000_000 * MS + trace as i64 * 137 * MS, length(trace) * MS);
        let parts = [(0, 100), (2, 96), (4, 20), (26, 30), (60, 34)];
        for (source, ((from, to), ahead)) in parts.into_iter().zip(ahead).enumerate() {
            let time = start + whole * (from + to) / 100 + ahead;
            stamps.push(Stamp { trace, source: SourceId(source as u32), time: Timestamp(time), length_ns: whole * to / 100 });
        }
    }
    stamps
}

fn told(stamps: &[Stamp]) -> Vec<(u32, i64, usize)> {
    check(stamps).skews.iter().map(|skew| (skew.source.0, (skew.ahead_ns + MS / 2) / MS, skew.n_traces)).collect()
}

#[test]
fn clocks_that_agree_are_told_to() {
    let found = check(&requests(40, |i| 10 + i as i64 % 7, [0; 5]));
    assert_eq!((found.skews, found.agreeing.len(), found.n_traces), (Vec::new(), 5, 40));
}

#[test]
fn one_clock_ahead_or_behind_is_found_with_its_size() {
    for wrong in [1_700 * MS, -350 * MS, 3_600_000 * MS] {
        let found = check(&requests(412, |i| 12 + i as i64 % 9, [0, 0, 0, 0, wrong]));
        let skew = &found.skews[0];
        assert_eq!((skew.source, skew.against, skew.n_traces, found.skews.len()), (SourceId(4), None, 412, 1));
        assert!((skew.ahead_ns - wrong).abs() <= skew.uncertainty_ns && skew.uncertainty_ns < 25 * MS, "{skew:?}");
    }
}

#[test]
fn the_clock_that_disagrees_with_most_is_the_wrong_one_even_if_it_encloses_them() {
    let found = told(&requests(40, |_| 12, [0, 2_000 * MS, 0, 0, 0]));
    assert_eq!(found.iter().map(|skew| skew.0).collect::<Vec<_>>(), [1]);
    let found = told(&requests(40, |_| 12, [2_000 * MS, 0, 0, 0, 0]));
    assert_eq!(found.iter().map(|skew| (skew.0, (skew.1 - 2_000).abs() < 15)).collect::<Vec<_>>(), [(0, true)]);
}

#[test]
fn of_two_clocks_it_is_only_known_that_they_differ() {
    let stamps: Vec<Stamp> = requests(40, |_| 12, [0, 0, 0, 0, 900 * MS]).into_iter().filter(|s| [1, 4].contains(&s.source.0)).collect();
    let found = check(&stamps);
    assert_eq!((found.skews.len(), found.skews[0].against, found.agreeing.len()), (1, Some(SourceId(1)), 0));
}

#[test]
fn few_traces_say_nothing() {
    let found = check(&requests(MIN_TRACES - 1, |_| 12, [0, 0, 0, 0, 1_700 * MS]));
    assert!(found.skews.is_empty() && found.agreeing.is_empty(), "{found:?}");
    assert!(found.unsure.contains(&(SourceId(4), Unsure::Few(4))), "{found:?}");
}

#[test]
fn whole_seconds_and_stamps_of_the_beginning_are_no_skew() {
    let mut stamps = requests(200, |i| if i % 3 == 0 { 15_000 } else { 12 + i as i64 % 5 }, [0; 5]);
    for stamp in stamps.iter_mut().filter(|stamp| stamp.source == SourceId(0)) {
        let start = stamp.time.0 - stamp.length_ns;
        stamp.time = Timestamp(start - start % NS_PER_S);
    }
    assert_eq!(told(&stamps), []);
}

#[test]
fn a_clock_of_whole_seconds_does_not_hide_a_smaller_skew() {
    let mut stamps = requests(200, |i| 12 + i as i64 % 5, [0, 0, -350 * MS, 0, 0]);
    for stamp in stamps.iter_mut().filter(|stamp| stamp.source == SourceId(0)) {
        stamp.time = Timestamp(stamp.time.0 - stamp.time.0 % NS_PER_S);
    }
    assert_eq!(told(&stamps).iter().map(|skew| (skew.0, (skew.1 + 350).abs() < 15)).collect::<Vec<_>>(), [(2, true)]);
}

#[test]
fn an_offset_that_jumps_about_is_refused() {
    let mut stamps = requests(60, |_| 12, [0; 5]);
    for stamp in stamps.iter_mut().filter(|stamp| stamp.source == SourceId(4)) {
        stamp.time = stamp.time.plus_ns((stamp.trace as i64 * 7_919 % 31 - 15) * 1_000 * MS);
    }
    let found = check(&stamps);
    assert!(found.skews.is_empty(), "{found:?}");
    assert_eq!(found.unsure, [(SourceId(4), Unsure::Unsteady(60))]);
}

#[test]
fn siblings_that_run_one_after_another_are_no_skew() {
    // Their caller keeps no log: payment is the longest, user always comes before it.
    let stamps: Vec<Stamp> = requests(60, |i| 100 + i as i64, [0; 5]).into_iter().filter(|s| s.source.0 >= 2).collect();
    assert_eq!(told(&stamps), []);
}

#[test]
fn events_without_a_length_and_alone_say_nothing() {
    let stamps: Vec<Stamp> = requests(60, |_| 12, [0; 5]).into_iter().map(|stamp| Stamp { length_ns: 0, ..stamp }).collect();
    let found = check(&stamps);
    assert!(found.skews.is_empty() && found.agreeing.is_empty() && found.n_traces == 60, "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_stamps_are_judged_without_a_panic(
        stamps in prop::collection::vec((0usize..8, 0u32..4, any::<i64>(), any::<i64>()), 0..80)
    ) {
        let stamps: Vec<Stamp> = stamps
            .into_iter()
            .map(|(trace, source, time, length_ns)| Stamp { trace, source: SourceId(source), time: Timestamp(time), length_ns })
            .collect();
        let _ = check(&stamps);
    }

    #[test]
    fn a_true_skew_is_found_within_its_uncertainty(wrong in 1usize..5, ahead in 60i64..100_000, sign: bool, length in 5i64..40) {
        let mut all = [0; 5];
        all[wrong] = if sign { ahead * MS } else { -ahead * MS };
        let found = check(&requests(30, |i| length + i as i64 % 5, all));
        prop_assert_eq!(found.skews.len(), 1, "{:?}", found);
        let skew = &found.skews[0];
        prop_assert_eq!(skew.source.0 as usize, wrong);
        prop_assert!((skew.ahead_ns - all[wrong]).abs() <= skew.uncertainty_ns, "{:?}", skew);
    }
}
