//! What the screen says to its user: notices that stay readable, times that are marked where they go wrong.

mod fake;

use coroner::app::Message;
use coroner::model::Catalog;
use fake::Session;
use fake::screen::screen;

/// The screen of this size after these keys.
fn shown(size: (u16, u16), keys: &str) -> String {
    let mut session = Session::loaded(size.0, size.1);
    session.keys(keys);
    screen(&session)
}

#[track_caller]
fn check_shows(keys: &str, words: &str) {
    let screen = shown((120, 40), keys);
    assert!(screen.contains(words), "{words:?} after {keys}:\n{screen}");
}

#[track_caller]
fn check_hides(keys: &str, words: &str) {
    let screen = shown((120, 40), keys);
    assert!(!screen.contains(words), "{words:?} after {keys}:\n{screen}");
}

#[test]
fn a_typed_time_is_marked_below_where_it_goes_wrong() {
    for (keys, typed) in [("t t \"03:65\"", "> 03:65"), (": \"goto 03:65\"", ": goto 03:65")] {
        let screen = shown((80, 24), keys);
        let lines: Vec<&str> = screen.lines().collect();
        let at = lines.iter().position(|line| line.contains(typed)).unwrap_or_else(|| panic!("{screen}"));
        let column = |line: &str, part: &str| line.split(part).next().map(|before| before.chars().count());
        assert_eq!(column(lines[at + 1], "^^"), column(lines[at], "65"), "{screen}");
        assert!(screen.contains("no form of a time goes on like this: \"65\""), "{screen}");
    }
}

#[test]
fn an_unfinished_time_is_no_mistake() {
    for typed in ["0", "03:", "03:2", "T+3", "yester"] {
        check_hides(&format!("t t \"{typed}\""), "│ !");
        check_shows(&format!("t t \"{typed}\""), "yesterday 3pm   T+12m");
    }
    check_shows("t t \"03:2\" Enter", "\"03:2\" is not a time");
}

#[test]
fn an_offset_without_t0_says_which_key_sets_it() {
    check_shows("t t \"T+3m\"", "T+0 is not set: t 0 makes the cursor T+0");
    check_shows("t t \"03:24\" Enter t 0 t t \"T+3m\"", "→ 2026-11-22T03:27:00Z  T+3m");
}

#[test]
fn a_typed_time_is_told_in_the_zone_that_is_shown() {
    check_shows("t z \"Shanghai\" Enter t t \"11:25\"", "→ 2026-11-22 11:25:00 Shanghai +08:00");
    check_shows("t t \"yesterday 3:10\"", "→ 2026-11-21T03:10:00Z  (outside the data)");
    check_shows("t t \"today 3:25\"", "→ 2026-11-22T03:25:00Z");
}

#[test]
fn words_that_do_not_fit_are_folded_and_never_cut() {
    let mut session = Session::loaded(80, 24);
    session.state.begin_with_reading();
    let last = |session: &Session, n: usize| screen(session).lines().rev().take(n).map(str::to_owned).collect::<Vec<_>>();
    let rows = last(&session, 3);
    assert!(rows[2].starts_with("· how the flags say") && rows[1].contains("or with ^s") && rows[0].contains("? help"), "{rows:#?}");
    session.keys("l 7");
    let screen = screen(&session);
    assert!(screen.contains("read as the flags say, for now"), "{screen}");
}

#[test]
fn why_nothing_is_saved_leaves_room_for_the_keys_and_is_told_in_full_with_the_sources() {
    let mut session = Session::loaded(80, 24);
    session.keys("a \"x\" ^s");
    let why = "cases/order-outage: open for reading only: process 24033 on host has this case open; close it there first";
    session.send(Message::SaveFailed(why.into()));
    session.keys("esc");
    let words = screen(&session);
    let last = words.lines().last().unwrap_or_default();
    assert!(last.starts_with("7 why  ? help") && last.contains("not saved: cases/order-outage") && last.ends_with('…'), "{words}");
    session.keys("7");
    let words = screen(&session);
    assert!(words.contains("close it there") && words.contains("not saved: cases/order-outage"), "{words}");
}

#[test]
fn whoever_listens_hears_no_drawings_and_of_no_gap_that_is_none() {
    let mut session = Session::loaded(120, 40);
    session.keys("t t \"03:24\" Enter + + + + 8");
    let lines = coroner::ui::describe(&session.state);
    let is_drawn = |c: char| ('\u{2581}'..='\u{258f}').contains(&c);
    assert!(lines.iter().any(|line| line.starts_with("patterns: steady ERROR 764")), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains(is_drawn) || line.contains("  ")), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("no data in")), "samples are farther apart than columns: {lines:#?}");
}

#[test]
fn hints_name_only_what_helps_here() {
    check_shows("F", "→ only worse  & add  Esc close");
    check_shows("& \"order\" Enter F", "d remove");
    let mut empty = Session::unloaded(80, 24);
    empty.send(Message::Catalog(std::sync::Arc::new(Catalog { is_complete: true, version: 1, ..Catalog::default() })));
    let nothing = screen(&empty);
    assert!(nothing.contains("nothing with a time here: 7 shows the sources"), "{nothing}");
    assert!(nothing.lines().last().is_some_and(|line| line.starts_with("7 sources")), "{nothing}");
}

#[test]
fn what_was_said_is_listed_newest_first_but_not_behind_the_curtain() {
    let mut session = Session::loaded(120, 40);
    session.keys("t t \"03:24\" Enter t 0 T 4 j U n");
    let words = screen(&session);
    let place = |part: &str| words.find(part).unwrap_or_else(|| panic!("{part:?} in\n{words}"));
    assert!(place("said so far") < place("· times from T+0") && place("· times from T+0") < place("· T+0 = "), "{words}");
    // Of a pane with more sources than rows, the words stand first.
    let mut small = Session::loaded(80, 24);
    small.keys("3 ^w 3 t t \"03:24\" Enter t 0 T U m U p U p U t U m U n");
    let words = screen(&small);
    let mut rows = words.lines().skip_while(|line| !line.contains(" compare ")).skip(1);
    assert!(rows.next().is_some_and(|line| line.contains("said so far")), "{words}");
    assert!(rows.filter(|line| line.contains("· ")).count() >= 3, "{words}");
    session.keys("t .");
    assert!(!screen(&session).contains("said so far"), "{}", screen(&session));
}

#[test]
fn conditions_and_hits_end_before_the_names_of_the_panes() {
    let mut session = Session::loaded(80, 24);
    session.keys("& \"level>=error service:order latency_ms>1\" Enter / \"pool\" Enter");
    let words = screen(&session);
    let heading = words.lines().find(|line| line.contains("─ events ")).unwrap_or_default();
    assert!(heading.contains("[level>=error]") && heading.contains("+2 F") && heading.contains("/pool 1 of 764"), "{words}");
    assert!(heading.contains(" chain "), "{words}");
}

#[test]
fn half_a_number_or_half_a_time_is_never_shown() {
    for width in 80..=130 {
        let mut session = Session::loaded(width, 40);
        session.keys("t t \"03:24\" Enter t 0 T T ^w 3");
        let words = screen(&session);
        let values = words.lines().filter(|line| line.contains("peak ") || line.contains("base "));
        let mut n = 0;
        for line in values {
            n += 1;
            assert!(!line.trim_end().ends_with('…'), "{width}: {line}");
        }
        assert!(n >= 6, "{words}");
    }
}

#[test]
fn a_find_in_a_narrow_pane_shows_what_it_found() {
    let mut session = Session::loaded(80, 24);
    session.keys("6 / \"pool exhausted\" Enter");
    let words = screen(&session);
    assert!(words.lines().any(|line| line.starts_with('▌') && line.contains("pool exhausted")), "{words}");
}

#[test]
fn no_title_of_a_layer_is_cut_at_eighty_columns() {
    for keys in ["P", "C", "?", "? tab", "^p", "m", "; s", "^w l", ":", "/", "&", "F", "t t", "t z", "a", "c", "; n"] {
        let words = shown((80, 24), keys);
        let title = words.lines().find(|line| line.starts_with('┌')).unwrap_or_else(|| panic!("no layer after {keys}:\n{words}"));
        assert!(!title.contains('…'), "{keys}: {title}");
    }
}
