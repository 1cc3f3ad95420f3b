//! Windows, counts and their words.

use super::*;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn range(start: i64, end: i64) -> TimeRange {
    TimeRange::new(at(start), at(end))
}

#[test]
fn the_two_windows_never_share_a_moment() {
    let windows = |window| CompareQuery::windows(range(0, 100), window);
    assert_eq!(windows(range(100, 200)), Some((range(0, 100), range(100, 200))));
    assert_eq!(windows(range(0, 200)), Some((range(0, 100), range(100, 200))));
    assert_eq!(windows(range(60, 200)), Some((range(0, 60), range(60, 200))));
    assert_eq!(windows(range(40, 60)), Some((range(0, 40), range(40, 60))));
    assert_eq!(windows(range(0, 50)), Some((range(50, 100), range(0, 50))));
    assert_eq!(windows(range(5, 150)), Some((range(0, 100), range(100, 150))));
    assert_eq!(windows(range(0, 100)), None);
    assert_eq!(windows(range(50, 50)), None);
}

fn share(n: (u64, u64), of: (u64, u64)) -> CountChange {
    CountChange::of(Counted::Value("status".into(), "502".into()), n, of, Basis::Share).unwrap()
}

#[test]
fn a_handful_of_events_is_never_told_and_a_flood_always_is() {
    assert!(!share((0, 3), (1000, 1000)).is_told());
    assert!(!share((1, 6), (1000, 1000)).is_told());
    assert!(!share((1000, 1100), (10_000, 10_000)).is_told(), "a tenth more is not half as much again");
    assert!(!share((0, 9), (8, 9)).is_told());
    assert!(share((0, 30), (1000, 1000)).is_told());
    assert!(share((900, 10), (1000, 1000)).is_told());
    assert!(CountChange::of(Counted::Field("x".into()), (0, 5), (0, 5), Basis::Share).is_none());
}

#[test]
fn a_load_that_doubled_changes_rates_but_no_shares() {
    assert_eq!(share((10, 20), (100, 200)).ratio, Some(1.0));
    assert!(share((10, 20), (100, 200)).surprise < 1e-9);
    let rate = CountChange::of(Counted::Service("a".into()), (100, 300), (10_000_000_000, 10_000_000_000), Basis::Rate).unwrap();
    assert_eq!(rate.facts(), "100 → 300 events, ×3.0 the rate (10 /s → 30 /s)");
}

#[test]
fn what_there_is_more_of_comes_first() {
    let all = vec![share((900, 10), (1000, 1000)), share((0, 40), (1000, 1000)), share((5, 600), (1000, 1000))];
    let told = Counts::of(all).told;
    assert_eq!(told.iter().map(|change| change.n.1).collect::<Vec<_>>(), [600, 40, 10]);
    assert_eq!(told[1].facts(), "0 of 1 000 → 40 of 1 000, none before");
}

#[test]
fn a_count_names_the_filter_that_shows_it() {
    let text = |counted: Counted| counted.condition().map(|expr| expr.to_string());
    assert_eq!(text(Counted::Level(Level::Error)).as_deref(), Some("level:error"));
    assert_eq!(text(Counted::Value("status".into(), "502".into())).as_deref(), Some("status:502"));
    assert_eq!(text(Counted::Field("code".into())).as_deref(), Some("code:*"));
    assert_eq!(text(Counted::Service(String::new())), None);
}
