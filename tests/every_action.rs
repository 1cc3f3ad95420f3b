//! Every action once through the keys and onto the screen. **A new action needs one line in `TABLE`:**
//!
//! ```text
//! ("name", "keys before it", "keys that use it", "what is on the screen then, and was not before"),
//! ```
//!
//! Keys are written as for `coroner screenshot --keys`; the data are those of `tests/fake`. What leaves no trace on the
//! screen is told by its effect: `effect Suspend`. What each action means beyond that is in `tests/keys.rs`.

mod fake;

use coroner::app::actions;
use coroner::app::tour::Offer;
use coroner::app::{Message, keys};
use fake::Session;
use fake::screen::screen;

/// One record noted and selected.
const NOTED: &str = "t t \"03:24:00\" Enter a \"first\" ^s 5";
/// A claim with a pin that could support it, selected.
const CLAIM: &str = "t t \"03:24:00\" Enter p ; h \"the pool leaks\" ^s 5 ; / \"kind:hypothesis\" Enter";
/// Two causal steps; the second is selected.
const CHAIN: &str = "c \"alpha\" ^s c \"beta\" ^s 4 G";

/// Name, keys before, keys that use it, what is seen then and was not before.
const TABLE: &[(&str, &str, &str, &str)] = &[
    // Time
    ("cursor-left", "t t \"03:24:00\" Enter", "h", "03:23:49"),
    ("cursor-right", "", "l", "2026-11-22 03:20:10"),
    ("cursor-left-10", "t t \"03:24:00\" Enter", "H", "03:22:14"),
    ("cursor-right-10", "", "L", "03:21:45"),
    ("start", "t t \"03:24:00\" Enter", "g", "2026-11-22 03:20:00"),
    ("end", "", "G", "2026-11-22 03:31:5"),
    ("zoom-in", "t t \"03:24:00\" Enter", "+", "(6m)"),
    ("zoom-out", "t t \"03:24:00\" Enter + +", "-", "(6m)"),
    ("fit-all", "t t \"03:24:00\" Enter + +", "0", "(12m all)"),
    ("fit-selection", "t t \"03:24:00\" Enter v t t \"03:26:00\" Enter", "f", "(2m)"),
    ("pan-left", "t t \"03:24:00\" Enter +", "<", "03:20:00─03:26:00"),
    ("pan-right", "t t \"03:24:00\" Enter +", ">", "03:25:00─03:31:00"),
    ("select", "t t \"03:24:00\" Enter", "v l", "range 10s"),
    ("swap-end", "t t \"03:24:00\" Enter v t t \"03:26:00\" Enter", "x", "2026-11-22 03:24:00"),
    ("goto", "", "t t \"03:25\" Enter", "2026-11-22 03:25:00"),
    ("set-t0", ".", "t 0", "T+0 = deploy"),
    ("zone", "", "t z \"Shanghai\" Enter", "11:20:00 Shanghai +08:00"),
    ("source-zone", "3 e", "t Z \"berlin\" Enter", "logs/order-1.log is read in Europe/Berlin"),
    ("clock-offset", "3 e", "t c \"-1.5s\" Enter", "clock of logs/order-1.log: -1.5s"),
    ("propose-clock", "", "t C", "clocks are compared beside a trace"),
    ("cycle-time", "t t \"03:22:00\" Enter t 0", "T", "times from T+0"),
    ("snap", "t t \"03:21:00.7\" Enter", "'", "2026-11-22 03:21:01"),
    ("play", "t t \"03:23\" Enter", "space", "▶ ×10"),
    ("faster", "t t \"03:23\" Enter space", "t +", "▶ ×30"),
    ("slower", "t t \"03:23\" Enter space", "t -", "▶ ×5"),
    ("curtain", "t t \"03:23\" Enter", "t .", "‖ ×10"),
    ("known", "t t \"03:24\" Enter", "t k", "ErrorRateHigh fires for order since"),
    ("follow", "", "^f", "FOLLOW"),
    // Jump
    ("next-error", "", "e", "03:23:03"),
    ("prev-error", "e e", "E", "2026-11-22 03:23:03"),
    ("next-warning", "", "w", "▌03:22:36.037"),
    ("prev-warning", "w w", "W", "▌03:22:36.037"),
    ("next-change", "", ".", "· deploy"),
    ("prev-change", "G", ",", "rollback order"),
    ("next-new-error", "", "t e", "first of its kind, seen"),
    ("prev-new-error", "G", "t E", "first of its kind, seen"),
    ("next-deploy", "", "t d", "deploy"),
    ("prev-deploy", "G", "t D", "rollback order"),
    ("next-alert", "", "t a", "alert GoroutinesHigh fires for order"),
    ("prev-alert", "G", "t A", "GoroutinesHigh is over"),
    ("next-onset", ". t 0", "s", "left its baseline: 117, usually 39"),
    ("prev-onset", ". t 0 G", "S", "left its baseline"),
    ("next-mark", "t t \"03:24:00\" Enter m Enter g", "]", "2026-11-22 03:24:00"),
    ("prev-mark", "t t \"03:24:00\" Enter m Enter G", "[", "2026-11-22 03:24:00"),
    ("weakest-claim", "c \"pool is full\" ^s", "D", "1 of 1: PM001 C1"),
    ("next-phase", "t t \"03:24:00\" Enter m \"impact start\" Enter g", "}", "2026-11-22 03:24:00"),
    ("prev-phase", "t t \"03:24:00\" Enter m \"impact start\" Enter G", "{", "2026-11-22 03:24:00"),
    ("next-trace", "", "o", "03:20:35"),
    ("prev-trace", "o o", "O", "2026-11-22 03:20:3"),
    ("back", ". .", "^o", "2026-11-22 03:22:05"),
    ("forward", ". . ^o", "alt-right", "2026-11-22 03:22:58"),
    // Find and filter
    ("find", "", "/ \"'pool exhausted\" Enter", "/'pool exhausted 1 of"),
    ("find-next", "/ \"/pool wait/\" Enter", "n", "2 of "),
    ("find-prev", "/ \"/pool wait/\" Enter n n", "N", "2 of "),
    ("filter-in", "", "& \"level>=error\" Enter", "[level>=error]"),
    ("filter-out", "", "! \"GET\" Enter", "-GET"),
    ("filters", "& \"level>=warn\" Enter", "F", "warn and worse"),
    ("unplaced", "", ": \"unplaced\" Enter", "nobody knows when"),
    ("clear-filters", "& \"level>=error\" Enter", ": \"clear-filters\" Enter", "03:20:00.037"),
    // Annotate
    ("mark", "t t \"03:24:00\" Enter", "m \"detected\" Enter", "detected = "),
    ("note", "t t \"03:24:00\" Enter", "a \"nobody noticed\" ^s 5", "nobody noticed"),
    ("pin", "t t \"03:24:00\" Enter", "3 p", "pinned: "),
    ("cause", "", "c \"held too long\" ^s", "step 1 of the chain"),
    ("attempt", "", "M \"scaled out\" ^s 4", "scaled out"),
    ("action-item", "", "A \"add a limit\" ^s 5", "add a limit"),
    ("edit", NOTED, "i", "text of "),
    ("delete", NOTED, "d", "removed; u brings it back"),
    ("move-up", CHAIN, "K", "▌1 effect"),
    ("move-down", "c \"alpha\" ^s c \"beta\" ^s 4 g", "J", "│▌2"),
    ("record", "", "; n \"quote\" Enter", "─ quote"),
    ("hypothesis", "", "; h", "─ hypothesis"),
    ("for", CLAIM, "; f", "evidence for: the pool leaks"),
    ("against", CLAIM, "; g", "evidence against: the pool leaks"),
    ("confirm", CLAIM, "; c", "confirmed; u takes it back"),
    ("refute", CLAIM, "; r", "refuted; u takes it back"),
    ("reopen", "t t \"03:24:00\" Enter ; h \"the pool leaks\" ^s 5 ; r", "; o", "open; u takes it back"),
    ("link", "; h \"one\" ^s ; h \"two\" ^s 5", "; l", "(type a relation"),
    ("insert", NOTED, "; i", "note between, on"),
    ("tag", NOTED, "; t \"pool\" Enter", "tag: 1 of 1 record"),
    ("retime", NOTED, "; m \"+90s\" Enter", "re-time: 1 of 1 record"),
    ("nudge-earlier", NOTED, "; ,", "· 03:23:5"),
    ("nudge-later", NOTED, "; .", "· 03:24:0"),
    ("star", NOTED, "; p", "it belongs into the short timeline"),
    ("filter-notes", NOTED, "; / \"kind:lesson\" Enter", "only kind:lesson"),
    ("suggested", "", "; s", "markers that the data suggest"),
    ("preview", "", "; v", "as it would be exported"),
    ("pin-url", "", "; u \"https://git.example/7 the fix\" Enter", "pinned: "),
    ("pin-diff", "", "; d", "paste a unified diff"),
    ("history", NOTED, "; y", "effect History"),
    ("conflicts", "", "; x", "no conflicts to settle"),
    ("undo", NOTED, "u", "undone: "),
    ("redo", "a \"first\" ^s u", "^r", "redone: "),
    ("title", "", ": \"title Orders down\" Enter", "Orders down"),
    ("severity", "", ": \"severity\" Enter", "services"),
    ("export", "", "X", "writing the postmortem …"),
    ("save", "", "^s", "nothing new to save"),
    // Panes
    ("up", "3 j j j", "k", "▌03:20:01.000"),
    ("down", "3", "j", "▌03:20:00.037"),
    ("page-up", "3 pagedown pagedown", "pageup", "▌03:20:0"),
    ("page-down", "3", "pagedown", "▌03:20:07"),
    ("open", "3 e", "Enter", "logs/order-1.log:"),
    ("next-pane", "", "tab", "Enter detail"),
    ("prev-pane", "", "backtab", "with profiles"),
    ("changes", "", "1", "with profiles"),
    ("panels", "3", "2", "panels  X export"),
    ("events", "", "3", "Enter detail"),
    ("chain", "5", "4", "No causal chain yet"),
    ("notes", "", "5", "No marks or notes yet"),
    ("detail", "3", "6", "latency_ms"),
    ("messages", "t t \"03:24\" Enter t 0", "U n", "said so far"),
    ("sources", "", "7", "ends in the middle of a record"),
    ("patterns", ". t 0", "8", "▲ born"),
    ("facets", "", "9", "4 values"),
    ("list-columns", "", "C \"latency\" Tab Enter", "columns: "),
    ("wrap", "", "\\", "long messages go on below"),
    ("scroll-left", "3", "(", "this is the beginning"),
    ("scroll-right", "3", ")", "< /orders/1001 200"),
    ("taller-list", "3", "^w +", "GET /orders/1016"),
    ("lower-list", "3", "^w - ^w - ^w - ^w - ^w - ^w - ^w - ^w -", "the panels have all they can use"),
    ("wider-list", "3", "^w >", "latency_ms=17 │"),
    ("narrower-list", "3", "^w <", "laten…│"),
    ("usual-sizes", "^w <", "^w =", "panes have their usual sizes"),
    ("hide-side", "", "^w s", "side pane"),
    ("lanes", "", "^w l", "─ lanes"),
    ("balanced", "3 ^w 2", "^w 1", "balanced: u takes it back"),
    ("logs-first", "3", "^w 2", "logs first: u takes it back"),
    ("metrics-first", "3", "^w 3", "metrics first: u takes it back"),
    ("writing", "3", "^w 4", "writing: u takes it back"),
    ("pager", "2", "^w p", "effect OpenPager"),
    ("open-source", "3 e", "^e", "effect OpenSource"),
    ("compare", ". t 0 v t t \"03:27:00\" Enter", "b", "what is different in 4m55s"),
    ("trace", "3", "t o", "widest gap"),
    ("reorder", "8", "r", "patterns by born"),
    ("zoom-pane", "4", "z", "c adds a step: trigger, defect, amplifier, effect."),
    ("panel-picker", "", "P", "─ panels: "),
    ("log-scale", "2", "Y", "logarithmic axis"),
    ("heat-map", "", "P \"heat map rpc\" Enter", "≤100 ms"),
    ("overlaid", "2", "V o", "b payment"),
    ("stacked", "2", "V s", "sum"),
    ("multiples", "2", "V m", "payment"),
    ("plain", "2 V o", "V p", "peak 2 695"),
    ("renderer", "2", "V b", "⣀"),
    ("exemplar", "P \"heat map rpc\" Enter 2 G", "V x", "of trace t9"),
    ("next-exemplar", "P \"heat map rpc\" Enter 2 g", "V n V n", "exemplar 7.5 s of trace t9"),
    ("prev-exemplar", "P \"heat map rpc\" Enter 2 G", "V N", "exemplar 9 s customer="),
    ("ghost", "t t \"03:24:00\" Enter t 0 2", "B", "∘ is the baseline"),
    ("ghost-window", "2", "V g \"-2m\" Enter", "∘"),
    ("limit", "2 j", "V l \"250ms\" Enter 6", "over 250 ms first at"),
    ("trust", "2", "R", "shaded: "),
    // Session
    ("palette", "", "^p", "─ palette"),
    ("command", "", ":", "─ command"),
    ("record-macro", "", "Q l", "recording 1"),
    ("play-macro", "Q l l Q", "@", "2026-11-22 03:20:42"),
    ("macro", "Q l \"x\" Q : \"macro save right\" Enter", ": \"macro list\" Enter", "right (2 keys)"),
    ("keys", "", ": \"keys 3*l\" Enter", "2026-11-22 03:20:31"),
    ("help", "", "?", "keys that work in the panels"),
    ("help-here", "^p", "F1", "keys that work in this list"),
    ("tour", "", "F2", "the tour runs inside the recorded outage"),
    ("copy", "3", "y", "effect Copy"),
    ("close", "t t \"03:24:00\" Enter v L", "esc", "e error"),
    ("theme", "", "U t", "theme light"),
    ("mouse", "", "U m", "mouse on"),
    ("plain-text", "", "U p", "told in lines of text"),
    ("redraw", "", "^l", "drawn anew"),
    ("suspend", "", "^z", "effect Suspend"),
    ("quit", "", "q", "effect Quit"),
    ("accept", "t t \"03:25\"", "Enter", "2026-11-22 03:25:00"),
    ("dismiss", "t t \"03:25\"", "esc", "m mark  a note"),
    ("list-up", "m down down", "up", "▌impact start"),
    ("list-down", "m", "down", "▌impact start"),
    ("toggle", "P \"go_gor\" down", "tab", "☑ go_goroutines{service=\"payment\"}"),
    ("lower", "F right right right", "left", "level debug and worse"),
    ("raise", "F", "right", "level trace and worse"),
    ("save-text", "5 a \"kept\"", "^s", "saved"),
    ("external-editor", "a \"words\"", "^e", "effect OpenEditor(\"words\")"),
    ("next-field", "c \"x\"", "tab right ^s 4", "1 defect"),
    ("prev-field", "c \"x\" tab", "backtab \"yz\"", "xyz"),
    ("yes", "a \"x\" esc", "y", "m mark  a note"),
    ("no", "a \"x\" esc", "n", "^s save"),
];

/// What is wrong with a line of the table, if anything.
fn fault((name, before, keys, seen): (&str, &str, &str, &str)) -> Option<String> {
    let mut session = Session::loaded(120, 40);
    session.keys(before);
    if let Some(effect) = seen.strip_prefix("effect ") {
        session.keys(keys);
        let told: Vec<String> = session.effects.iter().map(|effect| format!("{effect:?}")).collect();
        return (!told.iter().any(|told| told.starts_with(effect))).then(|| format!("{name}: no effect {effect:?} in {told:?}"));
    }
    let (was, _) = (screen(&session), session.keys(keys));
    let is = screen(&session);
    match (was.contains(seen), is.contains(seen)) {
        (true, _) => Some(format!("{name}: {seen:?} is on the screen before {keys:?}:\n{was}")),
        (_, false) => Some(format!("{name}: {seen:?} is not on the screen after {keys:?}:\n{is}")),
        _ => None,
    }
}

#[test]
fn every_action_has_a_line_in_the_table_and_shows_on_the_screen() {
    let missing: Vec<String> = actions::ALL
        .iter()
        .filter(|info| !TABLE.iter().any(|line| line.0 == info.name))
        .map(|info| {
            format!("    (\"{}\", \"\", \"{}\", \"WHAT IS SEEN\"),", info.name, info.keys.first().unwrap_or(&": \\\"NAME\\\" Enter"))
        })
        .collect();
    assert!(missing.is_empty(), "add to TABLE in tests/every_action.rs a line such as\n{}", missing.join("\n"));
    let faults: Vec<String> = TABLE.iter().filter_map(|line| fault(*line)).collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), TABLE.len(), faults.join("\n\n"));
}

#[test]
fn a_line_of_the_table_uses_its_action() {
    for (name, _, pressed, _) in TABLE {
        let info = actions::ALL.iter().find(|info| info.name == *name).unwrap_or_else(|| panic!("{name} is no action any more"));
        let pressed_keys = keys::parse_sequence(pressed).expect(pressed);
        let is_used = info.keys.iter().any(|key| {
            let wanted = keys::parse_sequence(key).expect(key);
            pressed_keys.windows(wanted.len()).any(|part| part == wanted)
        });
        let is_by_name = pressed.starts_with(": \"") && pressed.contains(name);
        // A heat map is chosen in the picker of panels; its key needs a panel with buckets first.
        assert!(is_used || is_by_name || *name == "heat-map", "{name}: {pressed:?} does not use it");
    }
}

#[test]
fn a_tour_under_way_changes_no_other_key() {
    for line in TABLE.iter().filter(|line| !["tour", "close", "dismiss", "zoom-pane"].contains(&line.0) && line.1.is_empty()) {
        let (mut alone, mut guided) = (Session::loaded(120, 40), Session::loaded(120, 43));
        guided.send(Message::Tour(Offer::Accepted));
        alone.keys(line.2);
        guided.keys(line.2);
        assert_eq!(alone.state.case(), guided.state.case(), "{}", line.0);
        assert_eq!((alone.state.cursor(), alone.state.visible()), (guided.state.cursor(), guided.state.visible()), "{}", line.0);
    }
}
