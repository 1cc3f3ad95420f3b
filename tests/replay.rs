//! Replay and its curtain: what is played, what is told on the way, and that nothing of the future is on the screen.

mod fake;

use coroner::app::Message;
use coroner::model::query::{GroupBy, HistogramQuery, PageStart, PatternQuery};
use coroner::model::{EventFilter, EventQuery, Level, SeriesQuery, TimeRange, Timestamp};
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Curtain, Job, Source};
use fake::screen::screen;
use fake::{Fake, START, Session, at};
use proptest::prelude::*;

fn after(sequence: &str) -> Session {
    let mut session = Session::loaded(120, 40);
    session.keys(sequence);
    session
}

fn notice(session: &Session) -> String {
    session.state.notice().unwrap_or_default().to_owned()
}

/// Lets the wall clock go on, a tick each quarter of a second.
fn wait(session: &mut Session, from_secs: i64, n_quarters: i64) {
    for quarter in 1..=n_quarters {
        let now = Timestamp((START + 86_400 + from_secs) * 1_000_000_000 + quarter * 250_000_000);
        session.send(Message::Tick(now));
    }
}

#[test]
fn the_head_moves_with_the_wall_clock_and_stops_where_it_is_told() {
    let mut session = after("t t \"03:22:00\" Enter space");
    assert!(screen(&session).contains("▶ ×10"), "{}", screen(&session));
    wait(&mut session, 0, 8);
    assert!((session.cursor_secs() - 140.0).abs() < 1e-6, "two seconds at ×10: {}", session.cursor_secs());
    session.keys("t + t +");
    wait(&mut session, 2, 4);
    assert!((session.cursor_secs() - 200.0).abs() < 1e-6, "one more at ×60: {}", session.cursor_secs());
    session.keys("space");
    assert!(screen(&session).contains("‖ ×60") && notice(&session).starts_with("paused"), "{}", screen(&session));
    wait(&mut session, 3, 8);
    assert!((session.cursor_secs() - 200.0).abs() < 1e-6);
    assert!(!session.state.is_playing(), "no ticks are wanted any more");
    session.keys("esc");
    assert!((session.cursor_secs() - 120.0).abs() < 1e-6, "the view before comes back");
    assert!(!session.state.has_curtain());
}

#[test]
fn what_is_written_waits_for_nobody_but_the_play_waits_for_what_is_written() {
    let mut session = after("t t \"03:22:00\" Enter space a \"seen\"");
    wait(&mut session, 0, 20);
    assert!((session.cursor_secs() - 120.0).abs() < 1e-6);
    session.keys("ctrl-s");
    wait(&mut session, 5, 4);
    assert!(session.cursor_secs() > 125.0);
}

#[test]
fn the_play_ends_with_the_data() {
    let mut session = after("t t \"03:31:50\" Enter space t + t + t + t + t +");
    wait(&mut session, 0, 8);
    assert!(session.cursor_secs() > 719.9 && !session.state.is_playing());
    assert!(notice(&session).contains("end of the data"));
    session.keys("esc");
    assert!((session.cursor_secs() - 710.0).abs() < 1e-6);
}

#[test]
fn alerts_and_limits_light_up_when_they_would_have() {
    let mut session = after("t t \"03:22:50\" Enter t .");
    let drawn = screen(&session);
    assert!(!drawn.contains("GoroutinesHigh") && !drawn.contains("firing"), "{drawn}");
    assert!(!drawn.contains("peak 2 6"), "the peak has not come yet\n{drawn}");
    session.keys("t t \"03:22:56\" Enter");
    assert!(notice(&session).contains("over 1 000"), "{}", notice(&session));
    session.keys("t t \"03:23:16\" Enter");
    assert!(notice(&session).contains("alert GoroutinesHigh fires for order"), "{}", notice(&session));
    assert!(screen(&session).contains("1 firing  1 over limit"), "{}", screen(&session));
    session.keys("t t \"03:23:30\" Enter");
    assert!(notice(&session).contains("alert ErrorRateHigh fires"), "{}", notice(&session));
    session.keys("t t \"03:22:00\" Enter");
    let drawn = screen(&session);
    assert!(!drawn.contains("firing") && !drawn.contains("over limit"), "{drawn}");
}

#[test]
fn a_stop_offers_to_write_down_what_could_be_known() {
    let mut session = after("t t \"03:23:20\" Enter t . space space");
    assert!(notice(&session).contains("t k writes down"), "{}", notice(&session));
    session.keys("t k");
    let drawn = screen(&session);
    for words in
        ["what could be known at 03:23:20", "alert GoroutinesHigh fires for order since", "last change: deploy", "over 1 000 first at"]
    {
        assert!(drawn.contains(words), "{words}\n{drawn}");
    }
    session.keys("ctrl-s esc");
    let record = session.state.case().by_time()[0].clone();
    assert_eq!((record.kind.name(), record.at(), record.tags), ("moment", Some(at(200)), vec!["known".to_owned()]));
    session.keys("u");
    assert!(session.state.case().annotations.is_empty());
}

#[test]
fn steps_forward_find_nothing_behind_the_curtain_and_say_so() {
    for keys in ["e", ".", "]"] {
        let session = after(&format!("t t \"03:21:00\" Enter t . {keys}"));
        assert!((session.cursor_secs() - 60.0).abs() < 1e-6, "{keys}");
        assert!(notice(&session).contains("the curtain hides"), "{keys}: {}", notice(&session));
    }
    assert!((after("t t \"03:26:00\" Enter t . E").cursor_secs() - 359.0).abs() < 1.0, "what is past is found");
}

#[test]
fn notes_of_later_moments_are_hidden_and_counted() {
    let keys = "t t \"03:25\" Enter a \"the pool was empty\" ctrl-s t t \"03:21\" Enter a \"all is well\" ctrl-s 5 t .";
    let drawn = screen(&after(keys));
    assert!(drawn.contains("all is well") && !drawn.contains("the pool was empty"), "{drawn}");
    assert!(drawn.contains("1 record of later moments"), "{drawn}");
    assert!(screen(&after(&format!("{keys} t ."))).contains("the pool was empty"));
}

/// What is done behind the curtain: panes, searches, zooms, forms of panels.
const WAYS: [&str; 24] = [
    "h",
    "l",
    "H",
    "+",
    "-",
    "0",
    "<",
    "k",
    "j",
    "1",
    "2",
    "3 6",
    "4",
    "5",
    "7",
    "8",
    "3 t o",
    "b",
    "^p \"a\" esc",
    "/ \"pool\" Enter",
    "V o",
    "R B",
    "E",
    "P \"shape:step\" esc",
];

/// What is left open on the screen in the end: lists and lines that offer what there is.
const OPENED: [&str; 14] = [
    "",
    "^p",
    "^p \"rollback\"",
    "^p \"pool\"",
    "^p \"alert\"",
    ": \"goto \"",
    ": \"goto roll\"",
    ": \"set-t0 \"",
    ": \"filter-in pattern:\"",
    "3 & \"pattern:\"",
    "3 & \"latency_ms=\"",
    "/ \"pool\"",
    "P \"moves\"",
    "P \"shape:spike\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_screen_is_the_same_whatever_comes_after_the_play_head(
        head in 1i64..700, ways in proptest::collection::vec(0usize..WAYS.len(), 0..7), size in 0usize..3, back in 0i64..200,
        opened in 0..OPENED.len(),
    ) {
        let (width, height) = [(80, 24), (120, 40), (200, 60)][size];
        let of = |fake: Fake| {
            let mut session = Session::with(fake, width, height);
            let time = |secs: i64| format!("t t \"03:{:02}:{:02}\" Enter", 20 + secs / 60, secs % 60);
            // All was seen before: nothing of it may stay.
            session.keys("8 7 6");
            session.keys(&format!("t . {} t z \"UTC\" Enter", time(head)));
            for way in &ways {
                session.keys(way_at(*way));
                session.keys(&time(head));
            }
            session.keys(&time((head - back).max(0)));
            session.keys(OPENED[opened]);
            screen(&session)
        };
        let (one, other) = (of(Fake::new()), of(Fake::new().with_other_future(head + 1)));
        prop_assert!(one == other, "head {head}, {:?} {:?}\n{one}\n{other}", ways.iter().map(|way| WAYS[*way]).collect::<Vec<_>>(), OPENED[opened]);
    }
}

#[test]
fn lists_and_lines_offer_nothing_that_lies_behind_the_curtain() {
    // The rollback comes at 03:27, the first error at 03:23:03. What is typed stands on the screen as well.
    let in_one_line = |drawn: &str, words: [&str; 2]| drawn.lines().any(|line| words.iter().all(|word| line.contains(word)));
    for (time, is_told) in [("03:22:30", false), ("03:28:00", true)] {
        let cases = [
            ("^p \"rollback\"", ["rollback", "change  "]),
            (": \"goto rollb\"", ["rollback", "rollback"]),
            ("^p \"pool exhausted\"", ["acquire:", "pattern  "]),
        ];
        for (opened, words) in cases {
            let session = after(&format!("^p esc : \"goto \" esc esc t t \"{time}\" Enter t . {opened}"));
            let drawn = screen(&session);
            assert_eq!(in_one_line(&drawn, words), is_told, "{opened} at {time}\n{drawn}");
        }
    }
}

#[test]
fn without_a_curtain_another_future_is_seen() {
    let of = |fake: Fake| {
        let mut session = Session::with(fake, 120, 40);
        session.keys("t t \"03:23:00\" Enter");
        screen(&session)
    };
    assert!(of(Fake::new()) != of(Fake::new().with_other_future(181)));
}

fn way_at(index: usize) -> &'static str {
    WAYS[index]
}

/// A log and a series on disk: the same up to second 60, then another future of the same length.
fn folder(future: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder for the test");
    let word = |secs: u64| if secs < 60 || secs == 119 { 3 } else { secs * future % 17 };
    let line = |secs: u64| {
        let level = if word(secs) > 9 { "error" } else { "info" };
        format!(
            "{{\"level\":\"{level}\",\"ts\":\"2026-11-22T03:{:02}:{:02}Z\",\"msg\":\"request {}\",\"service\":\"order\"}}\n",
            secs / 60,
            secs % 60,
            word(secs)
        )
    };
    std::fs::write(dir.path().join("order.log"), (0..120).map(line).collect::<String>()).expect("written");
    let values: Vec<String> = (0..120).map(|secs| format!("[{},\"{}\"]", 1_795_316_400 + secs, word(secs))).collect();
    let matrix = format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{{\"metric\":{{\"__name__\":\"go_goroutines\"}},\"values\":[{}]}}]}}}}",
        values.join(",")
    );
    std::fs::write(dir.path().join("goroutines.json"), matrix).expect("written");
    dir
}

fn read(dir: &tempfile::TempDir) -> FileSource {
    let source = open(OpenOptions { sources: vec![dir.path().to_owned()], ..OpenOptions::default() }).expect("opens");
    source.load(&Job::new(), &|| {}).expect("loads");
    source
}

#[test]
fn a_source_behind_a_curtain_answers_alike_whatever_comes_later() {
    let dirs = (folder(5), folder(11));
    let sources = (read(&dirs.0), read(&dirs.1));
    let start = Timestamp::from_secs(1_795_316_400);
    let second = |secs: i64| start.plus_ns(secs * 1_000_000_000);
    let job = Job::new();
    let n = |n: usize| std::num::NonZeroUsize::new(n).expect("not zero");
    let range = TimeRange::new(start, second(120));
    for until in [second(-1), start, second(1), second(59).plus_ns(1), second(60)] {
        let ask = |source: &FileSource| {
            let veiled = Curtain::new(source, until);
            let catalog = veiled.catalog(&job).expect("answers");
            let ids: Vec<_> = catalog.series.iter().map(|meta| meta.id).collect();
            let columns = [1, 7, 120]
                .map(|columns| veiled.series(&SeriesQuery { ids: ids.clone(), range, columns: n(columns) }, &job).expect("answers").value);
            let filter = EventFilter::default();
            let histogram = HistogramQuery { filter: filter.clone(), range, columns: n(7), by: vec![GroupBy::Level] };
            let page = |start| {
                veiled.events(&EventQuery { filter: filter.clone(), range: None, start, limit: 1000 }, &job).expect("answers").value
            };
            let pages = [PageStart::AtOrAfter(start), PageStart::Before(second(200)), PageStart::Unplaced(0)].map(page);
            let windows = Some((TimeRange::new(start, second(30)), TimeRange::new(second(30), second(120))));
            let patterns = veiled.patterns(&PatternQuery { windows, ..PatternQuery::default() }, &job).expect("answers").value;
            format!(
                "{:?} {columns:?} {:?} {:?} {:?} {pages:?} {} {:?} {:?}",
                catalog.sources.iter().map(|source| (&source.path, source.n_records, &source.levels)).collect::<Vec<_>>(),
                veiled.values_at(&ids, second(100), &job).expect("answers").value,
                ids.iter().map(|id| veiled.samples(*id, range, 1000, &job).expect("answers").value).collect::<Vec<_>>(),
                veiled.histogram(&histogram, &job).expect("answers").value,
                veiled.count(&filter, None, &job).expect("answers").value,
                patterns.iter().map(|pattern| (pattern.count, pattern.first, pattern.last, pattern.in_windows)).collect::<Vec<_>>(),
                catalog.series.iter().map(|meta| (meta.extent, meta.bounds, meta.n_samples)).collect::<Vec<_>>(),
            )
        };
        let (one, other) = (ask(&sources.0), ask(&sources.1));
        assert!(one == other, "until {until:?}\n{one}\n{other}");
    }
    let all = |source: &FileSource| {
        source.count(&EventFilter { min_level: Some(Level::Error), ..EventFilter::default() }, None, &job).expect("answers").value
    };
    assert_ne!(all(&sources.0), all(&sources.1), "the futures differ");
}
