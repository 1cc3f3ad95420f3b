//! Panes: the same key does the same thing in each of them, and what they look like at four sizes.

mod fake;

use coroner::app::actions::Action;
use coroner::app::{Effect, Message, keys, update};
use coroner::model::{Event, Level};
use fake::Session;
use fake::screen::screen;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

/// An event that says much: at 03:24:00 sharp, a nested field, a stack trace, a long word without a blank.
fn telling(session: &mut Session) -> usize {
    let is_it = |event: &Event| event.time == Some(fake::at(240));
    let place = session.fake.events.iter().position(is_it).expect("there is one each second");
    let event = &mut session.fake.events[place];
    let frames: Vec<String> = (1..=14).map(|n| format!("\tat shop.pricing.Batch.load{n}(Batch.java:{})", 100 + n)).collect();
    event.level = Level::Error;
    event.message = format!("price batch failed: upstream said no\n{}", frames.join("\n"));
    event.n_lines = 15;
    event.fields = vec![
        ("status".into(), "503".into()),
        ("request.ids".into(), format!("{}END", "1f2e3d4c5b6a".repeat(30))),
        ("upstream".into(), r#"{"host":"10.0.0.7","tries":[{"n":1,"ms":1500.0},{"n":2,"ms":3000}],"tls":null}"#.into()),
    ];
    event.raw = format!("{{\"level\":\"error\",\"msg\":\"price batch failed: upstream said no\"{}}}", ",\"pad\":1".repeat(20));
    place
}

fn telling_session(width: u16, height: u16) -> Session {
    let mut session = Session::unloaded(width, height);
    telling(&mut session);
    let catalog = session.fake.catalog.clone();
    session.send(Message::Catalog(catalog));
    session.keys("t t \"03:24:00\" Enter 3");
    session
}

#[track_caller]
fn check(name: &str, keys: &str) {
    for (width, height) in SIZES {
        let mut session = telling_session(width, height);
        session.keys(keys);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen(&session));
    }
}

#[test]
fn values_of_the_events_in_sight_have_counts_and_shares() {
    check("facets", "9");
}

#[test]
fn an_event_is_laid_out_by_its_fields() {
    check("detail", "6 z");
}

#[test]
fn long_messages_go_on_in_further_rows() {
    check("wrapped", "\\");
}

#[test]
fn the_ready_made_arrangements_leave_every_pane_useful() {
    check("logs_first", "ctrl-w 2");
    check("metrics_first", "ctrl-w 3");
    check("writing", "ctrl-w 4");
    check("balanced", "ctrl-w 3 ctrl-w 1");
}

#[test]
fn chosen_columns_stand_in_their_order_under_their_names() {
    check("columns", "C \"status\" Tab ctrl-u \"service\" Tab ctrl-u \"level\" Tab ctrl-u \"level\" Tab Enter");
}

/// Every pane, and the keys that focus it in the middle of what it shows.
const PANES: [(&str, &str); 11] = [
    ("changes", "1"),
    ("panels", "2 j"),
    ("events", "3"),
    ("chain", "c \"a\" ^s c \"b\" ^s c \"x\" ^s 4 g j"),
    ("notes", "a \"a\" ^s a \"b\" ^s a \"x\" ^s 5 g j"),
    ("detail", "3 6 j j j j"),
    ("sources", "7 j"),
    ("patterns", "8 j"),
    ("facets", "9 j j j j"),
    ("trace", "3 j t o g j"),
    ("compare", ". t 0 b j j"),
];

/// Keys that mean the same everywhere.
const KEYS: [&str; 10] = ["j", "k", "g", "G", "ctrl-d", "ctrl-u", "Enter", "Esc", "y", "/"];

/// What the user can tell of the state.
fn told(session: &Session) -> (String, Option<String>, usize) {
    let mut drawn = screen(session);
    // The last row holds the keys, which are no reaction.
    drawn.truncate(drawn.trim_end().rfind('\n').unwrap_or(0));
    (drawn, session.state.notice().map(str::to_owned), session.effects.len())
}

#[test]
fn every_pane_reacts_to_every_common_key_or_says_why_not() {
    let mut silent = Vec::new();
    for (width, height) in [(120, 40), (80, 24)] {
        for (pane, focus) in PANES {
            for key in KEYS {
                let mut session = telling_session(width, height);
                session.keys(focus);
                // What the keys before said must not be taken for an answer.
                session.send(Message::Tick(fake::at(200_000)));
                let before = told(&session);
                session.keys(key);
                if told(&session) == before {
                    silent.push(format!("{key} in {pane} at {width}x{height}"));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn at_its_ends_every_list_says_that_it_ends() {
    for (pane, focus) in PANES.iter().filter(|(pane, _)| *pane != "changes") {
        for (end, key) in [("g", "k"), ("G", "j"), ("g", "ctrl-u"), ("G", "ctrl-d")] {
            let mut session = telling_session(120, 40);
            session.keys(focus);
            if *pane == "panels" {
                session.keys(if end == "g" { "k k k" } else { "j j j" });
            } else {
                session.keys(end);
            }
            session.keys(key);
            let words = session.state.notice().unwrap_or_default().to_owned();
            assert!(words.starts_with("this is the"), "{end} {key} in {pane}: {words:?}\n{}", screen(&session));
        }
    }
}

#[test]
fn copying_gives_what_is_selected_in_each_pane() {
    let copied = |keys: &str| {
        let mut session = telling_session(120, 40);
        session.keys(keys);
        match session.effects.last() {
            Some(Effect::Copy(words)) => words.clone(),
            _ => format!("nothing: {:?}", session.state.notice()),
        }
    };
    let message = copied("6 g j j j j y");
    assert!(message.starts_with("price batch failed") && message.ends_with("(Batch.java:114)"), "the whole message: {message}");
    assert_eq!(copied("9 g j y"), "info");
    assert!(copied("7 j y").contains("logs/order-1.log"));
    assert!(copied("3 y").starts_with("{\"level\":\"error\""));
}

#[test]
fn a_field_of_the_detail_becomes_a_condition() {
    let filters = |keys: &str| {
        let mut session = telling_session(120, 40);
        session.keys(keys);
        let texts = session.state.case().meta.filters.iter().map(|filter| filter.text.clone()).collect::<Vec<_>>();
        (texts, session.state.notice().unwrap_or_default().to_owned())
    };
    // The message takes eight lines and one that unfolds it; then come service, source, trace and the fields.
    let status = "6 g j j j j j j j j j j j j j";
    assert_eq!(filters(&format!("{status} Enter")).0, ["\"status\":503"]);
    assert_eq!(filters(&format!("{status} &")).0, ["\"status\":503"]);
    assert_eq!(filters(&format!("{status} !")).0, ["-\"status\":503"]);
    assert!(filters(&format!("{status} Enter u")).0.is_empty());
    assert_eq!(filters("6 g Enter").0, ["level:error"]);
    assert!(filters(&format!("{status} j Enter")).1.contains("too long for a filter"));
}

#[test]
fn what_is_folded_away_is_shown_on_demand() {
    let shown = |keys: &str| {
        let mut session = telling_session(120, 40);
        session.keys(keys);
        screen(&session)
    };
    let folded = shown("6 z");
    assert!(folded.contains("+ 7 more lines: Enter shows them") && !folded.contains("load14"), "{folded}");
    let fold = "6 z g j j j j j j j j j";
    assert!(shown(&format!("{fold} Enter")).contains("load14"));
    assert!(!shown(&format!("{fold} Enter Enter")).contains("load14") || shown(&format!("{fold} Enter")).contains("- Enter folds"));
    assert!(folded.contains("\"ms\": 1500.0"), "numbers stay as they are: {folded}");
    assert!(!folded.contains("\"pad\":1") && shown("6 z G Enter").contains("\"pad\":1"));
}

#[test]
fn no_byte_of_a_message_is_out_of_reach_at_80_columns() {
    let mut session = telling_session(80, 24);
    let mut seen = screen(&session);
    for _ in 0..80 {
        session.keys(")");
        seen.push_str(&screen(&session));
    }
    assert!(seen.contains("END") && seen.contains("load14") && seen.contains("\"tls\":null"), "{seen}");
    let mut session = telling_session(80, 24);
    session.keys("\\");
    let mut seen = screen(&session);
    for _ in 0..20 {
        session.keys(")");
        seen.push_str(&screen(&session));
    }
    for words in ["load1(", "load14(", "END", "\"tls\":null"] {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
    session.keys("j");
    assert!(screen(&session).contains("▌03:24:00.037"), "{}", screen(&session));
}

#[test]
fn facets_filter_in_and_out_and_the_selected_value_stays_selected() {
    let mut session = telling_session(120, 40);
    session.keys("9 g j j Enter");
    let texts = |session: &Session| session.state.case().meta.filters.iter().map(|filter| filter.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&session), ["level:error"]);
    let drawn = screen(&session);
    assert!(drawn.lines().any(|line| line.contains('▌') && line.contains("100 %") && line.ends_with("error")), "{drawn}");
    session.keys("u !");
    assert_eq!(texts(&session), ["-level:error"]);
    assert!(!screen(&session).lines().any(|line| line.ends_with("  error")), "{}", screen(&session));
    session.keys("u Enter Enter");
    assert!(session.state.notice().is_some_and(|words| words.contains("already")), "{:?}", session.state.notice());
}

#[test]
fn facets_say_how_many_values_they_do_not_list() {
    let mut session = telling_session(120, 40);
    session.keys("9 z");
    let drawn = screen(&session);
    assert!(drawn.contains("+ 4 more values: Enter lists 4"), "{drawn}");
    assert!(drawn.contains("more than 1 000 different values: not listed"), "{drawn}");
}

#[test]
fn counting_fields_blocks_no_key_and_esc_stops_it() {
    let mut session = telling_session(120, 40);
    let press = |session: &mut Session, name: &str| {
        let key = keys::parse_sequence(name).expect("a key")[0];
        update(&mut session.state, Message::Key(key))
    };
    let asked: Vec<_> =
        press(&mut session, "9").into_iter().filter_map(|effect| if let Effect::Ask(id, _) = effect { Some(id) } else { None }).collect();
    assert_eq!(asked.len(), 2, "columns at once, fields beside them");
    let progress = coroner::app::message::Progress { done: 30, total: 120, found: 0 };
    update(&mut session.state, Message::Progress(asked[1], progress));
    assert!(press(&mut session, "j").is_empty());
    assert!(press(&mut session, "esc").contains(&Effect::Cancel(asked[1])));
    assert_eq!(session.state.notice(), Some("counting stopped: another window or filter counts again"));
    assert!(!press(&mut session, "k").iter().any(|effect| matches!(effect, Effect::Ask(..))), "it stays stopped");
    assert!(press(&mut session, "+").iter().filter(|effect| matches!(effect, Effect::Ask(..))).count() > 2);
}

#[test]
fn sizes_end_where_a_pane_would_be_of_no_use() {
    for (width, height) in SIZES {
        for key in ["+", "-", "<", ">"] {
            let mut session = telling_session(width, height);
            for _ in 0..60 {
                session.keys(&format!("ctrl-w {key}"));
            }
            assert!(session.state.notice().is_some(), "the end is told: {key} at {width}x{height}");
            let drawn = screen(&session);
            assert!(drawn.contains("03:24:00") && drawn.contains("gorouti"), "{key}\n{drawn}");
            session.keys(&"u ".repeat(60));
            assert_eq!(session.state.case(), &coroner::model::CaseDoc::default());
        }
    }
}

#[test]
fn the_prefix_of_panes_lists_its_keys() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut session = telling_session(width, height);
        session.keys("ctrl-w");
        let drawn = screen(&session);
        for action in [Action::TallerList, Action::HideSide, Action::Writing, Action::Pager, Action::Lanes] {
            let words: String = action.info().sentence.chars().take(24).collect();
            assert!(drawn.contains(&words), "{words}\n{drawn}");
        }
    }
}

#[test]
fn the_source_of_an_event_of_a_trace_is_that_event() {
    let mut session = telling_session(120, 40);
    session.keys("j t o g ctrl-e");
    let first = match session.effects.last() {
        Some(Effect::OpenSource { line, .. }) => *line,
        other => panic!("{other:?}"),
    };
    session.keys("j ctrl-e");
    assert!(matches!(session.effects.last(), Some(Effect::OpenSource { line, .. }) if *line > first));
    session.keys("3 ctrl-e");
    assert!(matches!(session.effects.last(), Some(Effect::OpenSource { .. })));
}

/// Everything that filters or shares out the screen.
const LAYOUTS: [&str; 34] = [
    "z",
    "2 z",
    "3 z",
    "4 z",
    "tab",
    "backtab",
    "esc",
    "ctrl-w +",
    "ctrl-w -",
    "ctrl-w <",
    "ctrl-w >",
    "ctrl-w =",
    "ctrl-w s",
    "ctrl-w 1",
    "ctrl-w 2",
    "ctrl-w 3",
    "ctrl-w 4",
    "ctrl-w l \"phases\" Tab Enter",
    "C \"latency\" Tab Enter",
    "\\",
    "P \"payment\" Tab Enter",
    "2 d",
    "2 J",
    "2 V o",
    "V b",
    "R",
    "B",
    "2 Y",
    "& \"level:error\" Enter",
    "! \"pool\" Enter",
    ": \"clear-filters\" Enter",
    "; / \"kind:lesson\" Enter",
    "; / ctrl-u Enter",
    "F d esc",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 32, ..proptest::prelude::ProptestConfig::default() })]

    #[test]
    fn layout_and_filters_are_undone_to_the_first_and_redone_to_the_last(
        chosen in proptest::collection::vec(0..LAYOUTS.len(), 1..14), size in 0usize..3,
    ) {
        let (width, height) = [(80, 24), (120, 40), (200, 60)][size];
        let mut session = telling_session(width, height);
        // The place of the list and the focus are no layout: the same ones each time.
        let told = |session: &mut Session| {
            let layout = |key: &str| {
                let position: serde_json::Value = serde_json::from_str(&session.state.position().expect("all is read")).expect("JSON");
                position[key].clone()
            };
            (session.state.case().clone(), layout("zoomed"), layout("notes_filter"))
        };
        let start = told(&mut session);
        for choice in &chosen {
            session.keys(LAYOUTS[*choice]);
        }
        let end = told(&mut session);
        let words = || chosen.iter().map(|choice| LAYOUTS[*choice]).collect::<Vec<_>>();
        let all = |session: &mut Session, key: &str, none: &str| {
            for _ in 0..200 {
                session.keys(key);
                if session.state.notice() == Some(none) {
                    return;
                }
            }
            panic!("{key} never ends after {:?}", words());
        };
        all(&mut session, "u", "nothing to undo");
        proptest::prop_assert_eq!(told(&mut session), start, "undone: {:?}", words());
        all(&mut session, "ctrl-r", "nothing to redo");
        proptest::prop_assert_eq!(told(&mut session), end, "redone: {:?}", words());
    }
}

#[test]
fn one_key_is_one_step_of_undo() {
    let mut session = telling_session(120, 40);
    let zoomed = |session: &Session| session.state.position().is_some_and(|position| position.contains("\"zoomed\": \"events\""));
    session.keys("3 z");
    assert!(zoomed(&session));
    // The arrangement gives the room back and shares it out anew: one key, so one step.
    session.keys("ctrl-w 3");
    assert!(!zoomed(&session));
    session.keys("u");
    assert!(zoomed(&session) && session.state.notice() == Some("undone: arrange metrics first"), "{:?}", session.state.notice());
    session.keys("u");
    assert!(!zoomed(&session) && session.state.notice() == Some("undone: give a pane all the room"), "{:?}", session.state.notice());
}
