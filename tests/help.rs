//! Help: what works here and now, all of it reachable on a small screen, and nothing hidden that would have worked.

mod fake;

use coroner::app::actions::{self, Context};
use fake::Session;
use fake::screen::screen;

fn after(size: (u16, u16), sequence: &str) -> Session {
    let mut session = Session::loaded(size.0, size.1);
    session.keys(sequence);
    session
}

/// Names of the actions that help lists here, found by paging through it.
fn listed(size: (u16, u16), sequence: &str, open: &str) -> Vec<&'static str> {
    let mut session = after(size, sequence);
    session.keys(open);
    let mut text = String::new();
    for _ in 0..20 {
        text += &screen(&session);
        session.keys("pagedown");
    }
    let is_listed = |info: &&actions::ActionInfo| {
        let sentence: String = info.sentence.chars().take(44).collect();
        text.contains(&sentence)
    };
    actions::ALL.iter().filter(is_listed).map(|info| info.name).collect()
}

const PLACES: [&str; 9] = [
    "",
    "1",
    "3 e",
    "4",
    "5",
    "8",
    "t t \"03:24:00\" Enter a \"first\" ^s p 5",
    "c \"one\" ^s c \"two\" ^s 4 G",
    "t t \"03:24:00\" Enter m Enter v L",
];

#[test]
fn what_help_leaves_out_does_nothing_here_but_say_why() {
    for place in PLACES {
        let shown = listed((80, 24), place, "?");
        for info in actions::ALL.iter().filter(|info| info.contexts.contains(&Context::Main) && !shown.contains(&info.name)) {
            for key in info.keys {
                let mut session = after((80, 24), place);
                let (case, n_effects) = (session.state.case().clone(), session.effects.len());
                let time = (session.state.cursor(), session.state.visible(), session.state.selection());
                session.keys(key);
                assert_eq!(session.state.case(), &case, "{key} ({}) after {place:?}", info.name);
                assert_eq!(
                    (session.state.cursor(), session.state.visible(), session.state.selection()),
                    time,
                    "{} after {place:?}",
                    info.name
                );
                assert_eq!(session.effects.len(), n_effects, "{} after {place:?}", info.name);
            }
        }
    }
}

#[test]
fn help_differs_from_pane_to_pane_and_with_what_is_there() {
    let has = |place: &str, name: &str| listed((80, 24), place, "?").contains(&name);
    assert!(!has("", "reorder") && has("8", "reorder"));
    assert!(!has("", "find-next") && has("/ \"pool\" Enter", "find-next"));
    assert!(!has("", "undo") && has("m Enter", "undo"));
    assert!(!has("5", "edit") && has("t t \"03:24:00\" Enter a \"first\" ^s 5", "edit"));
    assert!(!has("", "tour"), "there is no tour outside the demo");
    assert!(!has("", "accept"), "what works in lists is told there");
    let mut empty = Session::unloaded(80, 24);
    empty.keys("?");
    let text = screen(&empty);
    assert!(!text.contains("next error"), "{text}");
}

#[test]
fn every_key_is_reached_on_a_small_screen() {
    let all = listed((80, 24), "", "? tab");
    let missing: Vec<_> = actions::ALL.iter().filter(|info| !all.contains(&info.name)).map(|info| info.name).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // By arrows as well, and back.
    let mut session = after((80, 24), "? end");
    let end = screen(&session);
    session.keys("down down down up home");
    assert_ne!(screen(&session), end);
    session.keys("end");
    assert_eq!(screen(&session), end, "keys below the end are not counted");
}

#[test]
fn help_is_searched_and_says_where_else_to_look() {
    let text = |keys: &str| screen(&after((80, 24), keys));
    assert!(text("? \"next error\"").contains("go to the next error"));
    assert!(text("? \"patterns by change born\"").contains("nothing that works here; Tab shows 1 key"));
    assert!(text("? \"patterns by change born\" tab").contains("list patterns by change, born"));
    assert!(text("? \"zzqq\"").contains("no key does that"));
    assert!(text("? tab tab").contains("keys that work in the panels"));
}

#[test]
fn over_something_open_help_tells_its_keys_and_closes_alone() {
    let in_list = listed((80, 24), "^p", "F1");
    assert!(in_list.contains(&"accept") && !in_list.contains(&"toggle") && !in_list.contains(&"zoom-in"), "{in_list:?}");
    assert!(listed((80, 24), "P", "F1").contains(&"toggle"), "a list that takes several");
    let in_note = listed((80, 24), "a", "F1");
    assert!(in_note.contains(&"save-text") && !in_note.contains(&"next-field"), "{in_note:?}");
    assert!(listed((80, 24), "c", "F1").contains(&"next-field"));
    let session = after((80, 24), "a \"typed\" F1 \"save\" esc");
    assert!(screen(&session).contains("typed") && !screen(&session).contains("keys that work"));
    assert!(!screen(&after((80, 24), "a F1 F1")).contains("keys that work"));
}
