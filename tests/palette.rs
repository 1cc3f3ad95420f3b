//! The command line, macros, commands of files and the palette: keys in, screen and state out.

#![allow(clippy::field_reassign_with_default, reason = "a field of the settings is no business of tests")]

mod fake;

use coroner::app::{Effect, Memory, Message, Script, Settings};
use fake::Session;
use fake::screen::screen;

fn after(sequence: &str) -> Session {
    let mut session = Session::loaded(120, 40);
    session.keys(sequence);
    session
}

#[track_caller]
fn check_shows(sequence: &str, words: &str) {
    let shown = screen(&after(sequence));
    assert!(shown.contains(words), "{words:?} after {sequence}:\n{shown}");
}

/// One column of the lanes, in seconds.
const COLUMN: f64 = 720.0 / 68.0;

#[track_caller]
fn check_cursor(session: &Session, secs: f64) {
    assert!((session.cursor_secs() - secs).abs() < 1e-6, "{} is not {secs}", session.cursor_secs());
}

#[test]
fn the_row_above_the_line_helps_with_the_word_in_hand() {
    check_shows(":", "an action by its name");
    check_shows(": \"got\"", "goto [TIME]: go to a typed time");
    check_shows(": \"goto \"", "14:03:22   T+12m");
    check_shows(": \"goto 03:25\"", "goto → 2026-11-22T03:25:00");
    check_shows(": \"goot\"", "did you mean goto?");
    check_shows(": \"filter-in level>=warm\"", "did you mean warn?");
    check_shows(": \"zoom-in 3\"", "zoom-in takes nothing behind its name");
    check_shows(": \"zoom\" Enter", "is short for several: zoom-in, zoom-out, …");
}

#[test]
fn tab_goes_through_names_and_through_what_an_action_takes() {
    check_shows(": \"filter-o\" Tab \"GET\" Enter", "-GET");
    check_cursor(&after(": \"goto rollb\" Tab Enter"), 420.0);
    check_shows(": \"zone Berl\" Tab Enter", "Berlin");
    check_shows(": \"filter-in lev\" Tab \"err\" Tab Enter", "level>=error");
    check_shows(": \"mark imp\" Tab Enter 5", "impact start");
    assert_eq!(after(": \"severity 2\" Tab Enter").state.case().meta.severity.as_deref(), Some("SEV2"));
    check_shows(": \"panel rate(rpc_d\" Tab \"[1m])\"", "rate(rpc_duration_seconds_bucket[1m])");
    // S-Tab goes back.
    check_shows(": \"zoom\" Tab Tab backtab", ": zoom-in");
}

#[test]
fn every_action_that_takes_words_takes_them_on_the_line() {
    check_shows(": \"title Orders are down\" Enter", "Orders are down");
    check_shows(": \"note pool is full\" Enter 5", "pool is full");
    check_shows(": \"find 'pool exhausted\" Enter", "/'pool exhausted 1 of");
    check_shows("2 : \"limit 250\" Enter", "more than 250 is beyond the limit");
    check_cursor(&after(": \"03:25\" Enter"), 300.0);
    check_cursor(&after(": \"03:25\" Enter : \"+30s\" Enter"), 330.0);
    assert!(after(": \"export\" Enter").effects.iter().any(|effect| matches!(effect, Effect::Export(_))));
    assert!(after(": \"q\" Enter").effects.contains(&Effect::Quit));
}

#[test]
fn lines_that_were_typed_come_back_by_the_arrows() {
    let mut session = after(": \"goto 03:21\" Enter : \"title x\" Enter : \"goto 03:22\" Enter");
    let kept: Vec<&Effect> = session.effects.iter().filter(|effect| matches!(effect, Effect::Remember(_))).collect();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[2], &Effect::Remember(Memory::Command("goto 03:22".into())));
    session.keys(": up up up Enter");
    check_cursor(&session, 60.0);
    session.keys(": \"ti\" up");
    assert!(screen(&session).contains(": title x"), "only those that begin with what is typed");
    session.keys("down");
    assert!(screen(&session).contains(": ti "), "beyond the last stands what was typed");
    session.keys("esc : ctrl-p");
    assert!(screen(&session).contains(": goto 03:21"), "a line that is used again is the last one");
}

#[test]
fn filters_that_were_typed_come_back_too() {
    check_shows("& \"level>=warn\" Enter & \"pool\" Enter ! up up", "> level>=warn");
}

#[test]
fn lines_of_sessions_before_are_there() {
    let mut session = Session::loaded(120, 40);
    let mut settings = Settings::default();
    settings.commands = vec!["goto 03:25".into()];
    session.state.configure(settings);
    session.keys(": up Enter");
    check_cursor(&session, 300.0);
}

#[test]
fn a_macro_waits_for_each_answer_and_is_played_as_often_as_asked() {
    let by_hand = after("e e e e e e").cursor_secs();
    check_cursor(&after("Q e Q : \"play-macro 5\" Enter"), by_hand);
    check_cursor(&after("Q e e Q @ @"), by_hand);
    // A text that is typed in a prompt is part of it.
    let twice = after("Q a \"x\" ctrl-s l Q @");
    assert_eq!(twice.state.case().annotations.len(), 2);
}

#[test]
fn a_macro_never_plays_itself() {
    let mut session = after("Q l Q : \"macro save a\" Enter");
    // Played while it is recorded, the macro becomes part of the new one.
    session.keys("g Q h @ Q g 10*l @");
    check_cursor(&session, 10.0 * COLUMN);
    session.keys("g Q l : \"macro play b\" Enter esc Q : \"macro save b\" Enter g : \"macro play b\" Enter");
    let notice = session.state.notice().unwrap_or_default().to_owned();
    assert!(notice.contains("plays itself: stopped"), "{notice}");
    check_cursor(&session, COLUMN);
    session.keys("l");
    check_cursor(&session, 2.0 * COLUMN);
}

#[test]
fn macros_are_kept_by_name_listed_and_removed() {
    let mut session = after("Q l \"x\" Q : \"macro save right\" Enter");
    assert!(session.effects.contains(&Effect::Remember(Memory::Macro("right".into(), "l x".into()))));
    session.keys(": \"macro list\" Enter");
    assert_eq!(session.state.notice(), Some("right (2 keys)"));
    session.keys(": \"macro play wrong\" Enter");
    assert!(screen(&session).contains("no macro is called \"wrong\"; there are right"));
    session.keys("esc : \"macro remove right\" Enter");
    assert!(session.effects.contains(&Effect::Remember(Memory::NoMacro("right".into()))));
}

#[test]
fn commands_of_a_file_run_when_everything_is_read_and_name_their_line_when_they_fail() {
    let script = |text: &str| Script::parse("m.run", text).expect(text);
    let mut session = Session::unloaded(120, 40);
    session.send(Message::Start(script("# first\ngoto 03:25\nfilter-in level>=error\nkeys l l <title Down>\n")));
    assert!(session.state.notice().is_some_and(|words| words.contains("Esc drops them")));
    session.keys("?");
    assert!(screen(&session).contains("keys that work"), "waiting takes no key");
    session.keys("esc");
    let catalog = session.fake.catalog.clone();
    session.send(Message::Catalog(catalog));
    check_cursor(&session, 300.0 + 2.0 * COLUMN);
    assert!(screen(&session).contains("level>=error") && session.state.case().meta.title == "Down");
    assert_eq!(session.state.script_failure(), None);

    let mut session = Session::loaded(120, 40);
    session.send(Message::Start(script("goto 03:25\ngoto nonsense\ngoto 03:26")));
    check_cursor(&session, 300.0);
    assert!(session.state.script_failure().is_some_and(|why| why.starts_with("m.run:2: ")), "{:?}", session.state.script_failure());
}

#[test]
fn esc_drops_commands_that_wait_for_the_data() {
    let mut session = Session::unloaded(120, 40);
    session.send(Message::Start(Script::parse("m", "goto 03:25").expect("right")));
    session.keys("esc");
    let catalog = session.fake.catalog.clone();
    session.send(Message::Catalog(catalog));
    assert!((session.cursor_secs() - 300.0).abs() > 1.0);
}

#[test]
fn the_palette_leads_to_everything_and_says_what_it_is() {
    check_shows("^p \"rollback\"", "change");
    check_shows("^p \"goroutines\"", "series");
    check_shows("^p \"order-1.log\"", "file");
    check_shows("^p \"order-1.log\" Enter", "logs/order-1.log");
    check_shows("^p \"zoom-in\"", "action");
    check_shows("^p \"pool exh\"", "pattern");
    check_shows("^p \"pool exh\" Enter", "pattern:");
    check_shows("m Enter ^p \"baseline\"", "phase");
    check_cursor(&after("^p \"03:25:30\" Enter"), 330.0);
    check_shows("^p \"03:25:30\"", "go to 03:25:30");
    check_shows("^p \"level>=error\" Enter", "level>=error");
    check_shows("^p \"level>=error\"", "filter in level>=error");
    check_shows(": \"goto 03:25\" Enter g ^p", "recent");
    check_cursor(&after(": \"goto 03:25\" Enter g ^p Enter"), 300.0);
    check_shows("A \"buy disks\" ctrl-s ^p \"buy disks\" Enter", "notes");
}

#[test]
fn undo_says_what_it_took_back_for_filters_panels_and_views() {
    let undone = |sequence: &str| after(&format!("{sequence} u")).state.notice().unwrap_or_default().to_owned();
    assert_eq!(undone("& \"level>=warn\" Enter"), "undone: filter level>=warn");
    assert_eq!(undone("P \"offered\" Enter"), "undone: choose panels");
    assert_eq!(undone("2 d"), "undone: remove panel go_goroutines{service=\"order\"}");
    assert_eq!(undone("2 Y"), "undone: axis");
    assert_eq!(undone(": \"clear-filters\" Enter"), "nothing to undo");
}

#[test]
fn where_one_was_in_a_case_is_taken_up_again() {
    let mut before = after("& \"level>=warn\" Enter t t \"03:25\" Enter + + 5 z T");
    before.keys("2 j");
    let kept = before.state.position().expect("there is data");
    let mut session = Session::unloaded(120, 40);
    session.state.resume(&kept);
    let catalog = session.fake.catalog.clone();
    session.send(Message::Catalog(catalog));
    check_cursor(&session, 300.0);
    assert_eq!(session.state.visible(), before.state.visible());
    assert_eq!(session.state.position().as_deref(), Some(kept.as_str()));
    session.keys("& up");
    assert!(screen(&session).contains("> level>=warn"), "{}", screen(&session));
}

#[test]
fn a_key_before_everything_is_read_or_another_case_wins_over_the_kept_place() {
    let kept = after("t t \"03:25\" Enter").state.position().expect("there is data");
    let mut session = Session::unloaded(120, 40);
    session.state.resume(&kept);
    let mut partial = (*session.fake.catalog).clone();
    partial.is_complete = false;
    session.send(Message::Catalog(std::sync::Arc::new(partial)));
    session.keys("G");
    let catalog = session.fake.catalog.clone();
    session.send(Message::Catalog(catalog));
    assert!(session.cursor_secs() > 719.0);
}

#[test]
fn garbage_in_the_kept_place_changes_nothing() {
    let fresh = {
        let mut session = Session::unloaded(120, 40);
        let catalog = session.fake.catalog.clone();
        session.send(Message::Catalog(catalog));
        screen(&session)
    };
    let garbage = [
        "",
        "[]",
        "{\"version\":2,\"cursor\":1}",
        "{\"version\":1,\"cursor\":\"x\",\"visible\":[1],\"focus\":7,\"tab\":\"nowhere\",\"filters\":[1,null]}",
        "{\"version\":1,\"cursor\":-9223372036854775808,\"visible\":[9,1],\"panel\":18446744073709551615,\"side\":4000000000}",
    ];
    for kept in garbage {
        let mut session = Session::unloaded(120, 40);
        session.state.resume(kept);
        let catalog = session.fake.catalog.clone();
        session.send(Message::Catalog(catalog));
        session.keys("l h");
        let _ = screen(&session);
        session.keys("2 k k k k k j 4 j k");
        let mut again = Session::unloaded(120, 40);
        again.state.resume(kept);
        let catalog = again.fake.catalog.clone();
        again.send(Message::Catalog(catalog));
        assert_eq!(screen(&again), fresh, "{kept}");
    }
}

/// What the program prints with these arguments and nothing of this machine's settings, and its exit code.
fn run(dir: &std::path::Path, args: &[&str]) -> (String, Option<i32>) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_coroner"));
    command.args(args).current_dir(dir).env_remove("CORONER_CONFIG").env("XDG_CONFIG_HOME", dir);
    let output = command.output().expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code())
}

#[test]
fn the_settings_file_is_printed_checked_and_found() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let (printed, code) = run(dir.path(), &["config", "--print-default"]);
    assert_eq!(code, Some(0));
    std::fs::create_dir(dir.path().join("coroner")).expect("folder");
    let file = dir.path().join("coroner/config.toml");
    std::fs::write(&file, &printed).expect("written");
    assert_eq!(run(dir.path(), &["config", "--check"]), (format!("{}: all is well\n", file.display()), Some(0)));
    assert_eq!(run(dir.path(), &["config", "--path"]), (format!("{}\n", file.display()), Some(0)));
    std::fs::write(&file, "[keys]\nmark = [\"u\"]\n").expect("written");
    let (told, code) = run(dir.path(), &["config", "--check"]);
    assert!(told.contains("u is mark now: undo lost it and has no other key (:undo)") && code == Some(1), "{told}");
    std::fs::write(&file, "\nthem = 1\n").expect("written");
    let (told, code) = run(dir.path(), &["config", "--check"]);
    assert!(told.contains("config.toml:2: there is no key \"them\"; did you mean theme?") && code == Some(2), "{told}");
}

#[test]
fn a_file_of_commands_that_is_wrong_is_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().expect("temporary folder");
    std::fs::write(dir.path().join("m.run"), "goto T+1s\ngooto x\n").expect("written");
    let (told, code) = run(dir.path(), &["screenshot", "--run", "m.run"]);
    assert_eq!((told.as_str(), code), ("coroner: m.run:2: no action is called \"gooto\"; did you mean goto?\n", Some(2)));
}
