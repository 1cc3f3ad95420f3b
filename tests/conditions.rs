//! Every pane in every condition says what to do: nothing here, still reading, failed, filtered to nothing, too small.

mod fake;

use std::sync::Arc;

use coroner::app::{Effect, Message, update};
use coroner::model::{Catalog, Problem, ProblemKind, SourceId, SourceKind, SourceReport};
use fake::Session;
use fake::screen::screen;

/// What the world is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// Nothing is read yet.
    Loading,
    /// Read to the end: no source at all.
    Empty,
    /// Only series.
    NoLogs,
    /// Only logs.
    NoSeries,
    /// Every question fails.
    Failed,
    /// Read, but a filter lets nothing through.
    Filtered,
    /// Read, nothing noted, nothing selected.
    Fresh,
}
use Condition::{Empty, Failed, Filtered, Fresh, Loading, NoLogs, NoSeries};

fn session(condition: Condition, size: (u16, u16)) -> Session {
    let mut session = Session::unloaded(size.0, size.1);
    let whole = (*session.fake.catalog).clone();
    match condition {
        Loading => drop(session.loading()),
        Empty => session.send(Message::Catalog(Arc::new(Catalog { version: 1, is_complete: true, ..Catalog::default() }))),
        NoLogs => {
            session.fake.events.clear();
            session.send(Message::Catalog(Arc::new(Catalog { n_events: 0, ..whole })));
        }
        NoSeries => session.send(Message::Catalog(Arc::new(Catalog { series: Vec::new(), ..whole }))),
        Failed => fail(&mut session, Message::Catalog(Arc::new(whole))),
        Filtered => {
            session.send(Message::Catalog(Arc::new(whole)));
            session.keys("& \"level>=fatal\" Enter");
        }
        Fresh => session.send(Message::Catalog(Arc::new(whole))),
    }
    session
}

/// Sends a message; whatever is asked fails.
fn fail(session: &mut Session, message: Message) {
    let mut queue = vec![message];
    while let Some(message) = queue.pop() {
        for effect in update(&mut session.state, message) {
            if let Effect::Ask(id, _) = effect {
                queue.push(Message::Replied(id, Err("engine \u{1b}[2J went away".into())));
            }
        }
    }
}

/// Keys that lead to a pane, the condition, what it says.
const TABLE: &[(&str, Condition, &str)] = &[
    ("2", Loading, "panels appear when the first series is read"),
    ("2", Empty, "no metric series here: add Prometheus JSON"),
    ("2", NoSeries, "no metric series here: add Prometheus JSON"),
    ("2", Failed, "P picks series by name"),
    ("3", Loading, "events appear as soon as the first log is read; keys work already"),
    ("3", Empty, "nothing here that can be read: start with coroner DIR"),
    ("3", NoLogs, "no log events here: open a folder that holds logs"),
    ("3", Failed, "the events cannot be read: engine ␛[2J went away; 7 shows"),
    ("3", Filtered, "no event passes level>=fatal: F changes the filters"),
    ("4", Loading, "No causal chain yet. p pins evidence, c adds a step"),
    ("4", Fresh, "No causal chain yet. p pins evidence, c adds a step"),
    ("5", Loading, "No marks or notes yet. m marks a key moment"),
    ("5", Fresh, "No marks or notes yet. m marks a key moment"),
    ("m Enter 5 ; / \"kind:lesson\" Enter", Fresh, "No note fits kind:lesson. ; / changes the filter"),
    ("6", Loading, "Nothing loaded yet. Details of what is selected appear here."),
    ("3 6", Empty, "No event selected: 3 goes to the events"),
    ("3 6", Filtered, "No event selected: 3 goes to the events"),
    ("t t \"03:20:30\" Enter 1 6", Fresh, "No change, alert or profile under the cursor: . and , go to them."),
    ("2 6", Empty, "No panel selected: P adds panels"),
    ("7", Loading, "No sources here. Start with coroner DIR"),
    ("7", Empty, "No sources here. Start with coroner DIR"),
    ("8", Loading, "Nothing loaded yet. Patterns appear with the first log"),
    ("8", NoLogs, "No log events, so no patterns. Open a folder with logs."),
    ("8", Filtered, "No event passes the filter, so there are no patterns. F changes it."),
    ("t o", Loading, "Nothing loaded yet. A trace needs an event: 3"),
    ("t o", NoLogs, "No event selected, so no trace. 3 goes to the events."),
    ("t o", Filtered, "No event selected, so no trace. 3 goes to the events."),
    ("b", Loading, "nothing to compare yet"),
    ("1", Loading, "with profiles"),
];

#[test]
fn every_pane_says_what_to_do_when_it_has_nothing_to_show() {
    let mut faults = Vec::new();
    for (keys, condition, words) in TABLE {
        for size in [(80, 24), (120, 40)] {
            let mut session = session(*condition, size);
            session.keys(keys);
            // Where the pane shares the width, all of its words are read in the zoomed pane.
            if !screen(&session).contains(words) {
                session.keys("z");
            }
            let shown = screen(&session);
            if !shown.contains(words) {
                faults.push(format!("{keys:?} {condition:?} at {size:?} does not say {words:?}:\n{shown}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn panes_whose_questions_fail_say_why_and_the_rest_goes_on() {
    for (keys, words) in [("8", "Patterns cannot be found: engine"), ("b", "Not compared: engine"), ("t o", "No event selected")] {
        let mut session = session(Failed, (80, 24));
        for key in coroner::app::keys::parse_sequence(keys).expect(keys) {
            fail(&mut session, Message::Key(key));
        }
        let shown = screen(&session);
        assert!(shown.contains(words) && !shown.contains('\u{1b}'), "{keys}: {shown}");
    }
}

#[test]
fn a_source_that_fails_is_a_notice_with_its_way_out_and_told_once() {
    let source = |id: u32, path: &str, n_records| {
        let mut report = SourceReport {
            id: SourceId(id),
            path: path.into(),
            kind: SourceKind::Unknown,
            n_records,
            is_complete: true,
            ..SourceReport::default()
        };
        let reason = "permission denied \u{1b}[2J".to_owned();
        report.problems.push(Problem { line: 0, byte: 0, kind: ProblemKind::Unreadable, reason });
        report
    };
    let mut session = Session::unloaded(120, 40);
    let whole = (*session.fake.catalog).clone();
    let with = |more: Vec<SourceReport>, version| {
        let sources = whole.sources.iter().cloned().chain(more).collect();
        Message::Catalog(Arc::new(Catalog { sources, version, ..whole.clone() }))
    };
    session.send(with(vec![source(8, "logs/secret.log", 0)], 1));
    let shown = screen(&session);
    assert!(shown.contains("! logs/secret.log cannot be used: permission denied ␛[2J; 7 shows the sources"), "{shown}");
    assert!(shown.contains("GET /orders"), "the rest goes on");
    session.keys("l esc");
    session.send(with(vec![source(8, "logs/secret.log", 0)], 2));
    assert!(!screen(&session).contains("cannot be used"), "once");
    let mut two = Session::unloaded(120, 40);
    two.send(with(vec![source(8, "a", 0), source(9, "b", 0)], 1));
    assert!(screen(&two).contains("a and 1 more cannot be used"), "{}", screen(&two));
}

#[test]
fn too_small_a_screen_says_what_it_needs_in_every_condition() {
    for condition in [Loading, Empty, NoLogs, NoSeries, Failed, Filtered, Fresh] {
        let shown = screen(&session(condition, (29, 20)));
        assert!(shown.contains("29×20 is too small") && shown.contains("enlarge the"), "{condition:?}: {shown}");
        // The smallest screen that is large enough shows something in every pane.
        for keys in ["1", "2", "3", "4", "5", "6", "7", "8", "t o", "?", "^p", "m", "a", "c"] {
            let mut session = session(condition, (30, 8));
            session.keys(keys);
            let shown = screen(&session);
            assert!(!shown.contains("too small") && shown.lines().filter(|row| !row.trim().is_empty()).count() >= 4, "{keys}: {shown}");
        }
    }
}
