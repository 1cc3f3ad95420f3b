//! What the screen looks like, at four sizes and in every state worth looking at.

mod fake;

use coroner::app::Message;
use coroner::model::Timestamp;
use coroner::ui::Theme;
use fake::Session;
use fake::screen::{buffer, text};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

#[track_caller]
fn check(name: &str, session: &Session) {
    let (width, height) = session.size;
    insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&buffer(session, &Theme::dark())));
}

fn each_size(name: &str, prepare: impl Fn(&mut Session)) {
    for (width, height) in SIZES {
        let mut session = Session::loaded(width, height);
        prepare(&mut session);
        check(name, &session);
    }
}

/// The story half told: T+0, marks, a note, pins, two steps.
const STORY: &str = r#"t t "03:22:05" Enter t 0 m "trigger" Enter t t "T+55s" Enter m "impact start" Enter
    a "P99 leaves its baseline" ^s t t "T+3m" Enter 2 p 3 e p c "one connection per id is held until the batch ends" ^s
    t t "T+4m55s" Enter m "mitigated" Enter t t "T+3m" Enter"#;

#[test]
fn the_first_screen_works_before_anything_is_read() {
    for (width, height) in SIZES {
        let mut session = Session::unloaded(width, height);
        session.loading();
        check("loading", &session);
    }
}

#[test]
fn what_is_guessed_of_a_large_log_is_marked_and_keys_work_on_it() {
    use coroner::model::{Catalog, Level, Preview, PreviewLine, SourceId, SourceKind, SourceReport, TimeRange};
    for (width, height) in SIZES {
        let line = |secs: i64, level: Level, message: &str| PreviewLine {
            time: Some(fake::at(secs)),
            level,
            service: Some("order".into()),
            message: message.into(),
        };
        let preview = Preview {
            n_records: 4_100_000,
            stretches: vec![
                (TimeRange::new(fake::at(0), fake::at(300)), 600_000),
                (TimeRange::new(fake::at(300), fake::at(720)), 3_500_000),
            ],
            last: vec![line(700, Level::Warn, "pool wait 2.1s"), line(719, Level::Error, "acquire: pool exhausted")],
        };
        let source = SourceReport {
            id: SourceId(0),
            path: "logs/order.jsonl".into(),
            kind: SourceKind::Logs,
            format: "zap-json".into(),
            size_bytes: 1000 << 20,
            extent: Some((fake::at(0), fake::at(720))),
            preview: Some(Box::new(preview)),
            ..SourceReport::default()
        };
        let extent = Some(TimeRange::new(fake::at(0), fake::at(720)));
        let catalog = Catalog { sources: vec![source], extent, version: 1, ..Catalog::default() };
        let mut session = Session::unloaded(width, height);
        session.loading();
        session.send(coroner::app::Message::Catalog(std::sync::Arc::new(catalog)));
        session.keys("7 + l");
        check("preview", &session);
    }
}

#[test]
fn an_empty_folder_says_what_to_do() {
    for (width, height) in SIZES {
        let mut session = Session::unloaded(width, height);
        let catalog = coroner::model::Catalog { version: 1, is_complete: true, ..Default::default() };
        session.send(coroner::app::Message::Catalog(std::sync::Arc::new(catalog)));
        check("empty", &session);
    }
}

#[test]
fn a_loaded_incident_shows_everything_on_one_clock() {
    each_size("loaded", |session| {
        session.keys(". .");
    });
}

#[test]
fn the_annotated_story_reads_from_the_screen() {
    each_size("story", |session| {
        session.keys(STORY);
    });
}

#[test]
fn zoomed_in_the_columns_stay_aligned() {
    each_size("zoomed", |session| {
        session.keys("t t \"03:23:00\" Enter + + + l l");
    });
}

#[test]
fn a_selected_range_is_seen_in_all_lanes() {
    each_size("selected", |session| {
        session.keys("t t \"03:23:00\" Enter v L L");
    });
}

#[test]
fn a_note_is_written_over_the_list_and_the_panels_stay_in_sight() {
    each_size("editing", |session| {
        session.keys("t t \"03:23:00\" Enter a \"Goroutines leave their baseline.\\nNobody noticed 漢字 yet\"");
    });
}

#[test]
fn a_causal_step_is_a_form() {
    each_size("form", |session| {
        session.keys("t t \"03:24:00\" Enter p 3 p c \"pool is exhausted\" Tab a");
    });
}

#[test]
fn help_lists_every_key() {
    each_size("help", |session| {
        session.keys("?");
    });
}

#[test]
fn the_palette_finds_everything() {
    each_size("palette", |session| {
        session.keys("^p \"gor\"");
    });
}

#[test]
fn times_from_t0_lead_everywhere_when_asked() {
    each_size("offset", |session| {
        session.keys("t t \"03:22:05\" Enter t 0 T l l l");
    });
}

#[test]
fn log_axis_ghost_and_trust_lie_on_the_panels_without_hiding_them() {
    each_size("trust", |session| {
        session.keys("t t \"03:22:05\" Enter t 0 2 Y B j R 6");
    });
    let mut session = Session::loaded(120, 40);
    session.keys("t t \"03:22:05\" Enter t 0 2 Y B j B R z");
    insta::assert_snapshot!("trust_zoomed_120x40", text(&buffer(&session, &Theme::dark())));
    let dark = text(&buffer(&session, &Theme::dark()));
    assert_eq!(text(&buffer(&session, &Theme::mono())), dark, "no meaning is only a colour");
    let ascii = text(&buffer(&session, &Theme::mono().ascii()));
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn a_histogram_over_time_is_explained_in_words() {
    each_size("heat", |session| {
        session.keys("t t \"03:23:30\" Enter P \"heat map rpc\" Enter 2 6");
    });
    let mut session = Session::loaded(120, 40);
    session.keys("t t \"03:23:30\" Enter P \"heat map rpc\" Enter 2 z");
    check("heat_zoomed", &session);
    let mut session = Session::loaded(120, 40);
    session.keys("P \"rpc 10\" Enter 2 g V n 6 2");
    check("exemplars", &session);
}

#[test]
fn several_series_share_a_panel_and_are_told_apart_without_colour() {
    for (name, keys) in
        [("overlaid", "V o"), ("stacked", "V s"), ("multiples", "V m"), ("braille_lines", "V b V o"), ("braille_multiples", "V b V m")]
    {
        each_size(name, |session| {
            session.keys(&format!("t t \"03:23:30\" Enter 2 {keys}"));
        });
    }
    for keys in ["V o", "V s", "V m", "V b", "V b V o", "V b V m", "P \"heat map rpc\" Enter"] {
        let mut session = Session::loaded(120, 40);
        session.keys(&format!("t t \"03:23:30\" Enter 2 {keys}"));
        let dark = text(&buffer(&session, &Theme::dark()));
        for theme in [Theme::mono(), Theme::light(), Theme::sixteen()] {
            assert_eq!(text(&buffer(&session, &theme)), dark, "no meaning is only a colour: {keys}");
        }
        let ascii = text(&buffer(&session, &Theme::mono().ascii()));
        assert!(ascii.is_ascii(), "{ascii}");
    }
}

#[test]
fn the_side_pane_fills_a_narrow_screen() {
    each_size("sources", |session| {
        session.keys("7");
    });
    each_size("detail", |session| {
        session.keys("3 e Enter");
    });
}

#[test]
fn message_patterns_are_listed_by_how_they_changed() {
    each_size("patterns", |session| {
        session.keys("t t \"03:22:05\" Enter t 0 8");
    });
}

#[test]
fn what_is_different_in_a_range_is_told_with_counts() {
    each_size("compare", |session| {
        session.keys("t t \"03:22:05\" Enter t 0 v t t \"03:27:00\" Enter b");
    });
    each_size("compare_zoomed", |session| {
        session.keys("t t \"03:22:05\" Enter t 0 v t t \"03:27:00\" Enter b z j j j j j");
    });
}

#[test]
fn a_trace_is_one_column_of_events_with_their_gaps() {
    each_size("trace", |session| {
        session.keys("t t \"03:22:05\" Enter t 0 e t o");
    });
}

#[test]
fn patterns_and_traces_read_without_colour_and_on_a_light_screen() {
    for keys in ["t t \"03:24:00\" Enter 8 z", "t t \"03:22:05\" Enter t 0 b z", "3 t t \"03:24:00\" Enter t o j"] {
        let mut session = Session::loaded(120, 40);
        session.keys(keys);
        let dark = text(&buffer(&session, &Theme::dark()));
        assert_eq!(text(&buffer(&session, &Theme::light())), dark);
        assert_eq!(text(&buffer(&session, &Theme::mono())), dark);
        let ascii = text(&buffer(&session, &Theme::mono().ascii()));
        assert!(ascii.is_ascii(), "{ascii}");
        assert!(!dark.contains('\u{1b}'), "{dark}");
    }
}

#[test]
fn without_patterns_or_a_trace_the_pane_says_what_to_do() {
    let show = |keys: &str| {
        let mut session = Session::loaded(120, 40);
        session.keys(keys);
        text(&buffer(&session, &Theme::dark()))
    };
    assert!(show("3 t t \"03:20:05\" Enter t o").contains("The selected event has no trace id"));
    assert!(show("& \"level>=fatal\" Enter 8").contains("No event passes the filter, so there"));
    let mut session = Session::unloaded(80, 24);
    session.keys("8");
    assert!(text(&buffer(&session, &Theme::dark())).contains("Nothing loaded yet."));
    let catalog = coroner::model::Catalog { version: 1, is_complete: true, ..Default::default() };
    session.send(coroner::app::Message::Catalog(std::sync::Arc::new(catalog)));
    assert!(text(&buffer(&session, &Theme::dark())).contains("No log events, so no patterns."));
    session.keys("t o");
    assert!(text(&buffer(&session, &Theme::dark())).contains("No event selected"));
}

#[test]
fn too_small_a_screen_says_so() {
    for (width, height) in [(20, 5), (29, 40), (100, 7), (1, 1)] {
        check("too_small", &Session::loaded(width, height));
    }
}

#[test]
fn without_colour_every_meaning_is_still_there() {
    for (width, height) in SIZES {
        let mut session = Session::loaded(width, height);
        session.keys(STORY);
        let drawn = buffer(&session, &Theme::mono());
        let is_plain = |color| color == ratatui::style::Color::Reset;
        assert!(drawn.content.iter().all(|cell| is_plain(cell.fg) && is_plain(cell.bg)), "a colour at {width}x{height}");
        insta::assert_snapshot!(format!("no_colour_{width}x{height}"), text(&drawn));
        let ascii = text(&buffer(&session, &Theme::mono().ascii()));
        assert!(ascii.is_ascii(), "{ascii}");
        insta::assert_snapshot!(format!("ascii_{width}x{height}"), ascii);
    }
}

#[test]
fn no_byte_of_a_source_reaches_the_terminal_unescaped() {
    let mut session = Session::loaded(120, 40);
    session.keys("3 t t \"03:20:05\" Enter Enter");
    let drawn = text(&buffer(&session, &Theme::dark()));
    assert!(drawn.contains("cache warmed␛[31m"), "{drawn}");
    assert!(!drawn.contains('\u{1b}'));
}

#[test]
fn every_size_and_every_layer_draws_without_a_panic() {
    for width in (1..130).step_by(16) {
        for height in (1..50).step_by(6) {
            for keys in [
                "",
                "?",
                "^p \"x\"",
                "a \"note\"",
                "c",
                "F",
                "t t \"nonsense\"",
                "7 z",
                "8 z",
                "3 t o z",
                "3 z",
                "v L",
                "q",
                "A",
                "P",
                "2 z",
                "2 V o",
                "2 V s z",
                "2 V m",
                "V b",
                "P \"heat map rpc\" Enter",
            ] {
                let mut session = Session::loaded(width, height);
                session.keys(keys);
                let _ = buffer(&session, &Theme::sixteen());
            }
        }
    }
}

/// Lets seconds go by: how many were said to change the screen. None changes it without that.
fn told_seconds(session: &mut Session, now: &mut Timestamp, n: usize) -> usize {
    let mut n_told = 0;
    for _ in 0..n {
        let before = text(&buffer(session, &Theme::dark()));
        *now = now.plus_ns(1_000_000_000);
        let is_told = session.state.shows_time(*now);
        session.send(Message::Tick(*now));
        assert!(is_told || text(&buffer(session, &Theme::dark())) == before, "a screen changed with time and was not drawn");
        n_told += usize::from(is_told);
    }
    n_told
}

#[test]
fn a_second_that_goes_by_is_drawn_only_where_the_screen_tells_it() {
    let mut session = Session::loaded(120, 40);
    let mut now = Timestamp::from_secs(fake::START + 86_400);
    session.send(Message::Tick(now));
    told_seconds(&mut session, &mut now, 10);
    assert_eq!(told_seconds(&mut session, &mut now, 100), 0);
    session.send(Message::Notice("a word".into()));
    assert_eq!(told_seconds(&mut session, &mut now, 20), 1, "it goes away once");
    for keys in ["t", "T + 3 m", "Esc", "a", "Esc", "P", "Esc"] {
        session.keys(keys);
        told_seconds(&mut session, &mut now, 12);
    }
    session.keys("^f");
    told_seconds(&mut session, &mut now, 12);
    assert_eq!(told_seconds(&mut session, &mut now, 5), 0, "nothing came yet");
}

#[test]
fn the_document_is_read_as_it_would_be_exported_and_written_beside_it() {
    each_size("document", |session| {
        session.keys(STORY).keys("; v ] ]");
    });
    for (width, height) in [(80, 24), (120, 40)] {
        let mut session = Session::loaded(width, height);
        session.keys(STORY).keys("; v ] i");
        check("document_empty_page", &session);
        session.keys("\"It was an error of *nobody*, and the **pool** was to blame for four minutes in which every order failed.\"");
        check("document_writing", &session);
        session.keys("^s / \"pool\" Enter n");
        check("document_found", &session);
    }
}

#[test]
fn a_replay_hides_what_comes_after_the_play_head() {
    each_size("replay", |session| {
        session.keys(STORY).keys("t t \"03:23:00\" Enter space t +");
        let tick = |ms: i64| Message::Tick(Timestamp(Timestamp::from_secs(fake::START + 86_400).0 + ms * 1_000_000));
        (1..=8).for_each(|step| session.send(tick(step * 125)));
    });
}
