//! What every key does: keys in, state, effects and words out.

mod fake;

use coroner::app::actions::{self, Action};
use coroner::app::looks::ThemeName;
use coroner::app::{CasePlace, Effect, KeyPress, Message, Question, Reply, Setup, State, keys, update};
use coroner::model::case::{AnnotationKind, CauseStatus, CauseType, EvidenceTarget, MarkerName, Relation};
use coroner::model::{CaseDoc, TimeRange, Timestamp};
use fake::screen::screen;
use fake::{NO_JOB, Session, at};

/// The screen as text.
fn after(sequence: &str) -> Session {
    let mut session = Session::loaded(120, 40);
    session.keys(sequence);
    session
}

fn cursor(sequence: &str) -> f64 {
    after(sequence).cursor_secs()
}

fn visible(sequence: &str) -> (i64, i64) {
    let range = after(sequence).state.visible();
    let secs = |at: Timestamp| (at.0 - fake::START * 1_000_000_000) / 1_000_000_000;
    (secs(range.start()), secs(range.end()))
}

fn notice(sequence: &str) -> String {
    after(sequence).state.notice().unwrap_or_default().to_owned()
}

fn shows(sequence: &str, words: &str) -> bool {
    let drawn = screen(&after(sequence));
    drawn.contains(words)
}

/// The histogram that keeps some, as a panel.
const EXEMPLARS: &str = "P \"heat map rpc\" Enter 2";

fn kinds(session: &Session) -> Vec<String> {
    session.state.case().by_time().iter().map(|record| record.kind.name().to_owned()).collect()
}

/// One column of the lanes at this size, in seconds.
const COLUMN: f64 = 720.0 / 68.0;
const MIDDLE: &str = "t t \"03:24:00\" Enter ";

/// The same for what is done to records.
fn promise_of_records(action: Action) -> bool {
    let m = MIDDLE;
    let claim = |keys: &str| format!("{m}p ; h \"the pool leaks\" ctrl-s 5 ; / \"kind:hypothesis\" Enter {keys}");
    let note = |keys: &str| format!("{m}a \"first\" ctrl-s 5 {keys}");
    let time = |keys: &str| after(&note(keys)).state.case().by_time()[0].at();
    match action {
        Action::AddRecord => kinds(&after("; n \"quote\" Enter \"said\" ctrl-s")) == ["quote"],
        Action::Hypothesis => kinds(&after("; h \"x\" ctrl-s")) == ["hypothesis"],
        Action::EvidenceFor => shows(&claim("; f"), "evidence for: the pool leaks"),
        Action::EvidenceAgainst => shows(&claim("; g Enter"), "evidence against it"),
        Action::Confirm => shows(&claim("; c"), "confirmed"),
        Action::Refute => shows(&claim("; r"), "refuted"),
        Action::Reopen => shows(&claim("; r ; o"), "open; u takes it back"),
        Action::LinkRecords => {
            kinds(&after(&claim("; / Enter ; / \"kind:hypothesis\" Enter a \"n\" ctrl-s 5 ; l Enter"))).contains(&"link".to_owned())
        }
        Action::InsertNote => shows(&note("; i"), "note between, on"),
        Action::TagRecords => shows(&note("; t \"pool\" Enter"), "tag: 1 of 1 record"),
        Action::Retime => time("; m \"+90s\" Enter") == Some(at(330)),
        Action::NudgeEarlier => time("; ,") < Some(at(240)),
        Action::NudgeLater => time("; .") > Some(at(240)),
        Action::Star => after(&note("; p")).state.case().by_time()[0].is_pinned,
        Action::FilterNotes => shows("; / \"kind:lesson\" Enter", "only kind:lesson"),
        Action::PinUrl => {
            kinds(&after("; u \"https://git.example/7 the fix\" Enter")) == ["evidence"]
                && shows("; u \"file:///x\" Enter", "is no address")
        }
        Action::PinDiff => shows("; d \"x\" ^s", "no unified diff") && shows("; d", "paste a unified diff"),
        Action::RecordHistory => after(&note("; y")).effects.iter().any(|effect| matches!(effect, Effect::History(_))),
        Action::Preview => shows("; v", "as it would be exported"),
        Action::Suggested => shows("; s", "markers that the data suggest"),
        _ => shows("; x", "no conflicts to settle"),
    }
}

/// The same for how the screen is shared out and what leaves it.
fn promise_of_panes(action: Action) -> bool {
    let view = |keys: &str| after(keys).state.case().meta.screen.clone();
    let hides = |keys: &str, name: &str| view(keys).hides(name);
    let rows = |keys: &str| screen(&after(keys)).lines().position(|line| line.contains(" events ") && line.contains("chain")).unwrap_or(0);
    let border = |keys: &str| {
        let drawn = screen(&after(keys));
        drawn.lines().find_map(|line| line.find('┬').map(|at| line[..at].chars().count())).unwrap_or(0)
    };
    match action {
        Action::FocusFacets => shows("9", "4 values") || shows("9", "3 values"),
        Action::ChooseColumns => {
            view("C \"latency\" Tab Enter").columns.as_deref() == Some(&["level", "service", "latency_ms"].map(str::to_owned)[..])
                && view("C \"latency\" Tab Enter u").columns.is_none()
                && shows("C \"latency\" Enter", "level service latency_ms message")
        }
        Action::Wrap => view("\\").is_wrapped && !view("\\ \\").is_wrapped && !view("\\ u").is_wrapped,
        Action::ScrollRight => {
            let session = |keys: &str| {
                let mut session = Session::loaded(60, 24);
                session.keys(keys);
                screen(&session)
            };
            !session("3").contains("latency_ms=") && session("3 )").contains("latency_ms=") && session("3 ) ) ) )").contains("are in sight")
        }
        Action::ScrollLeft => notice("3 (") == "this is the beginning",
        Action::TallerList => rows("ctrl-w +") < rows("") && rows("ctrl-w + u") == rows(""),
        Action::LowerList => rows("ctrl-w -") > rows("") && rows("ctrl-w - ctrl-w +") == rows(""),
        Action::WiderList => border("ctrl-w >") == border("") + 4,
        Action::NarrowerList => border("ctrl-w <") + 4 == border("") && border("ctrl-w < u") == border(""),
        Action::UsualSizes => border("ctrl-w < ctrl-w < ctrl-w =") == border("") && rows("ctrl-w - ctrl-w =") == rows(""),
        Action::HideSide => hides("ctrl-w s", "side") && border("ctrl-w s") == 0 && shows("ctrl-w s 4", "No causal chain yet"),
        Action::Lanes => hides("ctrl-w l \"phases\" Tab Enter", "phases") && !shows("ctrl-w l \"phases\" Enter", " phases "),
        Action::Balanced => view("ctrl-w 2 ctrl-w 1") == coroner::model::case::ScreenView::default(),
        Action::LogsFirst => rows("ctrl-w 2") < rows("") && hides("ctrl-w 2", "phases"),
        Action::MetricsFirst => rows("ctrl-w 3") > rows(""),
        Action::Writing => border("ctrl-w 4") < border("") && shows("7 ctrl-w 4", "No causal chain yet"),
        Action::Pager => {
            let paged = |keys: &str| match after(keys).effects.last() {
                Some(Effect::OpenPager(words)) => words.clone(),
                _ => String::new(),
            };
            paged("3 & \"level:error\" Enter ctrl-w p").contains(" events that pass level:error, 2026-11-22T03:20:00Z")
                && paged("7 ctrl-w p").contains("ends in the middle of a record")
                && paged("2 ctrl-w p").contains("http_p99")
                && paged("1 ctrl-w p").contains("rollback")
        }
        _ => {
            matches!(after("3 e ctrl-e").effects.last(), Some(Effect::OpenSource { source, line, n_lines: 1 }) if source.0 == 1 && *line > 1)
        }
    }
}

/// For every action: keys that use it and whether the world is as it should be afterwards.
fn promise(action: Action) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
    let m = MIDDLE;
    match action {
        Action::CursorLeft => near(cursor(&format!("{m}h")), 240.0 - COLUMN) && near(cursor(&format!("{m}left")), 240.0 - COLUMN),
        Action::CursorRight => near(cursor("l"), COLUMN) && near(cursor("right"), COLUMN),
        Action::CursorLeft10 => near(cursor(&format!("{m}H")), 240.0 - 10.0 * COLUMN),
        Action::CursorRight10 => near(cursor("L"), 10.0 * COLUMN) && near(cursor("shift-right"), 10.0 * COLUMN),
        Action::Start => near(cursor(&format!("{m}g")), 0.0),
        Action::End => cursor("G") > 719.9,
        Action::ZoomIn => visible(&format!("{m}+")) == (120, 480),
        Action::ZoomOut => visible(&format!("{m}+ -")) == (0, 720),
        Action::FitAll => visible(&format!("{m}+ + + 0")) == (0, 720),
        Action::FitSelection => visible(&format!("{m}v t t \"03:26:00\" Enter f")) == (240, 360),
        Action::PanLeft => visible(&format!("{m}+ <")) == (0, 360),
        Action::PanRight => visible(&format!("{m}+ >")) == (300, 660),
        Action::SelectRange => after(&format!("{m}v t t \"+60s\" Enter")).state.selection() == Some(TimeRange::new(at(240), at(300))),
        Action::SwapEnd => near(cursor(&format!("{m}v t t \"+60s\" Enter x")), 240.0),
        Action::GoTo => near(cursor("t t \"03:25\" Enter"), 300.0) && shows("t t \"nonsense\" Enter", "known forms"),
        Action::SetT0 => {
            let t0 = |keys: &str| after(keys).state.case().meta.t0.clone().expect("set");
            let (on_change, beside) = (t0(". t 0"), t0("t t \"03:22:00\" Enter t 0"));
            let is_exact = on_change.at == at(125) && on_change.label.contains("deploy") && beside.at == at(120);
            let on_alert = t0("t a t 0").label;
            is_exact && notice("t t \"03:22:00\" Enter t 0").contains("goes there") && on_alert.starts_with("alert ")
        }
        Action::ChooseZone => shows("t z \"Shanghai\" Enter", "11:20:00 Shanghai +08:00"),
        Action::SourceZone => {
            let zones = |keys: &str| after(keys).state.case().meta.zones.clone();
            let said = |keys: &str| zones(keys).get("logs/order-1.log").cloned();
            said("3 e t Z \"+01:00\" Enter").as_deref() == Some("+01:00")
                && zones("3 e t Z \"+01:00\" Enter u").is_empty()
                && zones("3 e t Z \"+01:00\" Enter t Z ctrl-u Enter").is_empty()
                && said(": \"source-zone order-1.log Asia/Shanghai\" Enter").as_deref() == Some("Asia/Shanghai")
                && shows("3 e t Z \"Berlim\" Enter", "is no zone; known forms: +01:00")
                && shows("7", "no zone in its times: UTC; t Z sets it")
                && shows("7 : \"source-zone order-1.log +01:00\" Enter", "zone from the case; t Z changes it")
                && shows("4 t Z", "whose times have another zone?")
        }
        Action::ClockOffset => {
            let offsets = |keys: &str| after(keys).state.case().meta.clock_offsets.clone();
            let moved = |keys: &str| offsets(keys).get("logs/order-1.log").copied();
            moved("3 e t c \"-1.5s\" Enter") == Some(-1_500_000_000)
                && offsets("3 e t c \"-1.5s\" Enter u").is_empty()
                && moved("3 e t c \"-1.5s\" Enter u ctrl-r") == Some(-1_500_000_000)
                && offsets("3 e t c \"-1.5s\" Enter t c ctrl-u Enter").is_empty()
                && moved(": \"clock-offset order-1.log +2m\" Enter") == Some(120_000_000_000)
                && shows("3 e t c \"soon\" Enter", "known forms: +1.5s")
                && shows("3 e t c \"-1.5s\" Enter 7", "clock -1.5s  t c changes it")
                && shows("3 e t c \"-1.5s\" Enter 6", "its source states 03:23:0")
                && shows("4 t c", "whose clock is wrong?")
                && shows("4 t c \"order-1\" Enter", "its times are as it states them")
        }
        Action::ProposeClock => {
            shows("3 e t o t C", "> -1.7s")
                && after("3 e t o t C Enter").state.case().meta.clock_offsets.values().eq(&[-1_700_000_000])
                && notice("t C").contains("beside a trace")
        }
        Action::CycleTime => notice(&format!("{m}t 0 T")) == "times from T+0" && notice("T").contains("UTC"),
        Action::Snap => near(cursor("t t \"03:21:00.7\" Enter '"), 61.0),
        Action::Play => {
            let playing = after(&format!("{m}space"));
            playing.state.is_playing() && !after(&format!("{m}space space")).state.is_playing() && shows(&format!("{m}space"), "▶ ×10")
        }
        Action::Faster => shows(&format!("{m}space t +"), "▶ ×30") && notice("t +").starts_with("Space plays first"),
        Action::Slower => shows(&format!("{m}space t -"), "▶ ×5"),
        Action::Curtain => {
            let closed = format!("{m}t .");
            !shows(&closed, "▲rollback") && shows(&closed, "‖ ×10") && shows(&format!("{closed} t ."), "▲rollback")
        }
        Action::Known => {
            let session = after(&format!("{m}t k ctrl-s"));
            session.state.case().by_time()[0].text.contains("alert ErrorRateHigh fires for order since 03:23:25")
        }
        Action::NextError => near(cursor("e"), 183.074),
        Action::PrevError => near(cursor("e e E"), 183.074),
        Action::NextNewError => near(cursor("t e"), cursor("e")) && notice("t e").contains("first of its kind"),
        Action::PrevNewError => near(cursor("G t E"), cursor("t e")),
        Action::NextWarning => cursor("w") < cursor("e"),
        Action::PrevWarning => near(cursor("w w W"), cursor("w")),
        Action::NextChange => near(cursor("."), 125.0) && notice(".").contains("deploy") && near(cursor("1 j"), 100.0),
        Action::PrevChange => near(cursor("G ,"), 420.0) && near(cursor("1 G k"), 460.0),
        Action::NextDeploy => near(cursor("t d"), 125.0) && !notice("t d t d").contains("alert"),
        Action::PrevDeploy => near(cursor("G t D"), 420.0),
        Action::NextAlert => near(cursor("t a"), 195.0) && notice("t a t a").contains("ErrorRateHigh fires"),
        Action::PrevAlert => near(cursor("G t A"), 470.0) && notice("G t A").contains("GoroutinesHigh is over"),
        Action::NextOnset => {
            let first = ". t 0 s";
            near(cursor(first), 135.0)
                && notice(first).starts_with("goroutines order left its baseline: 117, usually 39 · P99 order left")
                && notice(&format!("{first} s")).starts_with("errors burst: ")
                && notice("G s").starts_with("no burst or onset after the cursor")
        }
        Action::PrevOnset => cursor(". t 0 G S") > 135.0 && near(cursor(". t 0 s s S"), 135.0),
        Action::NextMark => near(cursor(&format!("{m}m Enter g ]")), 240.0),
        Action::PrevMark => near(cursor(&format!("{m}m Enter G [")), 240.0),
        Action::WeakestClaim => {
            let bare = format!("{m}c \"pool is full\" ^s g");
            shows(&bare, "evidence debt 1")
                && near(cursor(&format!("{bare} D")), 240.0)
                && notice(&format!("{bare} D")).starts_with("1 of 1: PM001 C1")
                && notice("D").starts_with("nothing is claimed")
                && !shows(&format!("{bare} u"), "debt")
        }
        Action::NextPhase => near(cursor(&format!("{m}m \"impact start\" Enter g }}")), 240.0),
        Action::PrevPhase => near(cursor(&format!("{m}m \"impact start\" Enter G {{")), 240.0),
        Action::NextTrace => after("o").state.selected_event().map(|id| id.record) == Some(50),
        Action::PrevTrace => after("o o O").state.selected_event().map(|id| id.record) == Some(50),
        Action::Back => near(cursor(". . ctrl-o"), 125.0) && near(cursor(". . alt-left"), 125.0),
        Action::Forward => near(cursor(". . ctrl-o alt-right"), cursor(". .")),
        Action::Find => near(cursor("/ \"'pool exhausted\" Enter"), 183.074) && shows("/ \"'pool exhausted\" Enter", "1 of "),
        Action::FindNext => shows("/ \"/pool wait/\" Enter n n", "3 of "),
        Action::FindPrev => shows("/ \"/pool wait/\" Enter n n N", "2 of "),
        Action::FilterIn => shows("& \"level>=error\" Enter", "level>=error") && shows("& \"level>=error\" Enter", "/ 1 936"),
        Action::FilterOut => shows("! \"GET\" Enter", "-GET"),
        Action::Filters => shows("& \"level>=warn\" Enter F", "warn and worse") && !shows("& \"level>=warn\" Enter F d esc", "level>=warn"),
        Action::Unplaced => {
            shows(": \"unplaced\" Enter", "nobody knows when") && shows(": \"unplaced\" Enter : \"unplaced\" Enter", "GET /orders/1000")
        }
        Action::ClearFilters => !shows("& \"level>=warn\" Enter : \"clear-filters\" Enter", "level>=warn"),
        Action::Mark => after(&format!("{m}m Enter")).state.case().marker(MarkerName::Trigger) == Some(at(240)),
        Action::Note => {
            let session = after(&format!("{m}a \"one\\ntwo\" ^s"));
            let doc = session.state.case();
            let note = doc.annotations.values().next().expect("a note");
            note.text == "one\ntwo" && note.at() == Some(at(240))
        }
        Action::Pin => kinds(&after(&format!("{m}2 p 3 p"))) == ["evidence", "evidence"],
        Action::Cause => {
            kinds(&after(&format!("{m}p c \"held\" ^s"))) == ["cause", "evidence"]
                || kinds(&after(&format!("{m}p c \"held\" ^s"))) == ["evidence", "cause"]
        }
        Action::AddRecord
        | Action::Hypothesis
        | Action::EvidenceFor
        | Action::EvidenceAgainst
        | Action::Confirm
        | Action::Refute
        | Action::Reopen
        | Action::LinkRecords
        | Action::InsertNote
        | Action::TagRecords
        | Action::Retime
        | Action::NudgeEarlier
        | Action::NudgeLater
        | Action::Star
        | Action::FilterNotes
        | Action::Suggested
        | Action::Preview
        | Action::PinUrl
        | Action::PinDiff
        | Action::RecordHistory
        | Action::Conflicts => promise_of_records(action),
        Action::FocusFacets
        | Action::ChooseColumns
        | Action::Wrap
        | Action::ScrollLeft
        | Action::ScrollRight
        | Action::TallerList
        | Action::LowerList
        | Action::WiderList
        | Action::NarrowerList
        | Action::UsualSizes
        | Action::HideSide
        | Action::Lanes
        | Action::Balanced
        | Action::LogsFirst
        | Action::MetricsFirst
        | Action::Writing
        | Action::Pager
        | Action::OpenSource => promise_of_panes(action),
        Action::Attempt => kinds(&after(&format!("{m}M \"scaled out\" ^s"))) == ["attempt"],
        Action::ActionItem => {
            kinds(&after("A \"add a limit\" ^s")) == ["action"] && shows("A \"x\" Tab Tab Tab Tab \"soon\" ^s", "is no date")
        }
        Action::Edit => {
            let session = after(&format!("{m}a \"one\" ^s 5 i \" more\" ^s"));
            session.state.case().annotations.values().any(|record| record.text == "one more")
        }
        Action::Delete => kinds(&after(&format!("{m}a \"one\" ^s 5 d"))).is_empty() && after("2 d").state.case().meta.panels.len() == 2,
        Action::MoveUp => order("c \"a\" ^s c \"b\" ^s 4 K") == ["b", "a"],
        Action::MoveDown => order("c \"a\" ^s c \"b\" ^s 4 g J") == ["b", "a"] && after("2 J").state.case().meta.panels[0].role == "P99",
        Action::Undo => kinds(&after("a \"x\" ^s u")).is_empty(),
        Action::Redo => kinds(&after("a \"x\" ^s u ctrl-r")) == ["moment"],
        Action::Title => {
            after(": \"title Orders down\" Enter").state.case().meta.title == "Orders down"
                && after(": \"title\" Enter \"Orders\" ^s").state.case().meta.title == "Orders"
        }
        Action::Severity => {
            let session = after(": \"severity SEV2\" Enter : \"severity\" Enter Tab \"d\" Tab \"order, user\" ^s");
            let meta = &session.state.case().meta;
            meta.severity.as_deref() == Some("SEV2") && meta.status.as_deref() == Some("draft") && meta.services == ["order", "user"]
        }
        Action::Export => after("X").effects.iter().any(|effect| matches!(effect, Effect::Export(_))),
        Action::Save => notice("ctrl-s") == "nothing new to save",
        Action::Up => near(cursor("3 j j k"), 0.037),
        Action::Down => near(cursor("3 j"), 0.037) && near(cursor("3 j j"), 1.0),
        Action::PageUp => near(cursor("3 pagedown pageup"), 0.0),
        Action::PageDown => cursor("3 ctrl-d") > 5.0,
        Action::Open => visible(&format!("{m}v t t \"+60s\" Enter Enter")) == (240, 300) && shows("3 e Enter", "logs/order-1.log:"),
        Action::NextPane => near(cursor("tab j"), 0.037),
        Action::PrevPane => near(cursor("backtab j"), 100.0),
        Action::FocusChanges => near(cursor("1 j"), 100.0),
        Action::FocusPanels => shows("2 j 6", "http_p99{service="),
        Action::FocusEvents => near(cursor("3 j"), 0.037),
        Action::FocusChain => shows("4", "No causal chain yet"),
        Action::FocusNotes => shows("5", "No marks or notes yet"),
        Action::FocusDetail => shows("3 6", "latency_ms"),
        Action::FocusSources => shows("7", "ends in the middle of a record"),
        Action::Messages => {
            let gone = "t t \"03:24\" Enter t 0 T 4 j";
            shows(&format!("{gone} U n"), "· times from T+0") && !shows(gone, "times from T+0")
        }
        Action::FocusPatterns => shows(". t 0 8", "▲ born") && shows("8 Enter", "pattern:0"),
        Action::Compare => {
            let b = ". t 0 v t t \"03:27:00\" Enter b";
            let level = format!("{b} j j j j j j Enter");
            let filters = |keys: &str| after(keys).state.case().meta.filters.clone();
            shows(b, "what is different in 4m55s from")
                && after(b).state.selection().is_none()
                && (cursor(&format!("{b} j Enter")) - 134.0).abs() < 6.0
                && filters(&level).iter().map(|filter| filter.text.as_str()).eq(["level:error"])
                && near(cursor(&level), 125.0)
                && filters(&format!("{level} u")).is_empty()
                && notice(". t 0 g v t t \"03:22:05\" Enter b").starts_with("this range is the baseline itself")
        }
        Action::NextExemplar => {
            (notice("2 V n").starts_with("no exemplars of this series; 3 of others"))
                && notice(&format!("{EXEMPLARS} g V n V n")) == "exemplar 7.5 s of trace t9"
                && (cursor(&format!("{EXEMPLARS} g V n V n")) - 200.0).abs() < 0.5
                && notice(&format!("{EXEMPLARS} G V n")).starts_with("no exemplar of this panel after")
        }
        Action::PrevExemplar => {
            let said = notice(&format!("{EXEMPLARS} G V N"));
            said.starts_with("exemplar 9 s customer=") && said.ends_with("gold") && !said.contains('\u{1b}')
        }
        Action::Exemplar => {
            let opened = after(&format!("{EXEMPLARS} G V x"));
            screen(&opened).contains("trace t9") && (opened.cursor_secs() - 200.0).abs() < 0.5
        }
        Action::FocusTrace => shows("3 t o", "widest gap") && shows("3 t t \"03:20:05\" Enter t o", "has no trace id"),
        Action::Reorder => {
            let by_time = ". t 0 v t t \"03:27:00\" Enter b r";
            notice("8 r") == "patterns by born around the cursor 03:20:00"
                && notice("r").contains("only the patterns")
                && shows(by_time, "differ, earliest first")
                && shows(&format!("{by_time} r"), "differ, largest first")
        }
        Action::ZoomPane => !shows("3 z", "goroutines") && shows("3 z z", "goroutines"),
        Action::PanelPicker => after("P \"offered\" Enter").state.case().meta.panels.len() == 4,
        Action::LogScale => {
            let view = |keys: &str| after(keys).state.case().meta.view.log.len();
            (view("2 Y"), view("2 Y Y"), view("2 Y u"), view("2 Y u ctrl-r")) == (1, 0, 0, 1)
                && shows("2 Y", "  log ")
                && !shows("2", "  log ")
        }
        Action::Ghost => {
            let view = |keys: &str| after(keys).state.case().meta.view.ghost.len();
            (view("2 B"), view("2 B B"), view("2 B u")) == (1, 0, 0) && shows(&format!("{m}t 0 2 B"), "∘") && !shows(m, "∘")
        }
        Action::HeatMap => {
            let shown = |keys: &str| screen(&after(keys));
            let heat = shown(&format!("{m}P \"heat map rpc\" Enter"));
            heat.contains("≤100 ms")
                && heat.contains(">10 s")
                && heat.replace('\u{a0}', " ").contains("observed   P50 ")
                && forms("P \"heat map rpc\" Enter") == ["heat"]
                && forms("P \"heat map rpc\" Enter V h").is_empty()
                && forms("P \"heat map rpc\" Enter u").is_empty()
                && notice("2 V h").contains("no buckets")
        }
        Action::Overlaid => {
            forms("2 V o") == ["overlaid"]
                && forms("2 V o V o").is_empty()
                && forms("2 V o u").is_empty()
                && forms("2 V s V o") == ["overlaid"]
                && shows("2 V o", "a order")
                && shows("2 V o", "b payment")
                && notice("2 j V o").contains("one series only")
        }
        Action::Stacked => {
            forms("2 V s") == ["stacked"]
                && forms(": \"stacked service\" Enter") == ["stacked by service"]
                && shows(": \"stacked nonsense\" Enter", "labels that do: service")
                && shows("2 V s", "sum")
        }
        Action::Multiples => forms("2 V m") == ["multiples"] && shows("2 V m", "payment") && !shows("2", "payment ▁"),
        Action::Plain => forms("2 V o V p").is_empty() && notice("2 V p").contains("one series already"),
        Action::Renderer => {
            let is_dots = |keys: &str| screen(&after(keys)).contains('⣀');
            !is_dots("2") && is_dots("V b") && !is_dots("V b V b") && !is_dots("V b u")
        }
        Action::GhostWindow => {
            let earlier =
                |keys: &str| after(keys).state.case().meta.view.earlier.values().map(|earlier| earlier.text()).collect::<Vec<_>>();
            earlier("2 V g \"-2m\" Enter") == ["-2m"]
                && earlier(": \"ghost -2m\" Enter u").is_empty()
                && earlier("2 V g \"-2m\" Enter B").is_empty()
                && shows("2 V g \"-2m\" Enter", "∘")
                && shows("2 V g \"T-1m\"", "T+0 is not set")
                && shows("2 V g \"soon\" Enter", "known forms: -1h")
        }
        Action::Limit => {
            let limits = |keys: &str| after(keys).state.case().meta.thresholds.values().copied().collect::<Vec<_>>();
            limits("2 j V l \"250ms\" Enter") == [0.25]
                && limits("2 j V l \"250ms\" Enter u").is_empty()
                && limits("2 j V l \"250ms\" Enter : \"limit off\" Enter").is_empty()
                && shows("2 j V l \"250ms\" Enter 6", "over 250 ms first at 03:22:1")
                && shows("2 j j V l \"<1%\" Enter 6", "under 1 % at the start already")
                && shows("2 V l \"soon\" Enter", "is no limit")
        }
        Action::Trust => {
            let is_on = |keys: &str| after(keys).state.case().meta.view.has_trust;
            let n_shaded = |keys: &str| screen(&after(keys)).matches('/').count();
            let is_seen = n_shaded("R") > n_shaded("R u") && n_shaded(": \"trust\" Enter") == n_shaded("R");
            is_on("R") && !is_on("R R") && !is_on("R u") && is_seen
        }
        Action::Palette => near(cursor("^p \"rollback\" Enter"), 420.0),
        Action::CommandLine => near(cursor(": \"goto 03:25\" Enter"), 300.0) && shows(": \"goto T+1m\" Enter", "T+0"),
        Action::RecordMacro => near(cursor("Q l l Q"), 2.0 * COLUMN) && shows("Q l l", "recording 2"),
        Action::PlayMacro => near(cursor("Q l l Q @ @"), 6.0 * COLUMN) && notice("@").contains("no macro was recorded"),
        Action::Macro => near(cursor("Q l l Q : \"macro save two\" Enter : \"macro play two 3\" Enter"), 8.0 * COLUMN),
        Action::PressKeys => near(cursor(": \"keys 3*l\" Enter"), 3.0 * COLUMN),
        Action::Help => shows("?", "keys that work in the panels") && shows("F1 \"zzqq\"", "no key does that"),
        Action::HelpHere => shows("^p F1", "keys that work in this list") && !shows("^p F1 F1", "keys that work"),
        Action::Copy => matches!(after("3 y").effects.last(), Some(Effect::Copy(words)) if words.contains("GET /orders")),
        Action::Close => after(&format!("{m}v L esc")).state.selection().is_none(),
        Action::Tour => {
            let begin = Message::Tour(coroner::app::tour::Offer::Accepted);
            let mut session = after("");
            session.send(begin);
            let first = screen(&session).contains("tour 1/10");
            session.keys("F2");
            first && screen(&session).contains("tour 2/10") && notice("F2").contains("coroner demo")
        }
        Action::Follow => {
            let off = after("ctrl-f ctrl-f");
            after("ctrl-f").effects == [Effect::Follow] && shows("ctrl-f", "FOLLOW") && off.effects == [Effect::Follow, Effect::Unfollow]
        }
        Action::NextTheme => after("U t").state.looks().theme() == Some(ThemeName::Light) && shows(": \"theme 16\" Enter", "theme 16"),
        Action::Mouse => after("U m").state.looks().mouse().is_on() && !after("U m U m").state.looks().mouse().is_on(),
        Action::PlainText => after("U p").state.looks().plain().is_on(),
        Action::Redraw => after("ctrl-l").state.looks().n_redraws() == 1,
        Action::Suspend => after("ctrl-z").effects == [Effect::Suspend],
        Action::Quit => after("q").effects == [Effect::Quit] && after("ctrl-c").effects == [Effect::Quit],
        Action::Accept => near(cursor("t t \"03:25\" Enter"), 300.0),
        Action::Dismiss => !shows("? esc", "keys that work"),
        Action::ListUp => near(cursor("^p down up Enter"), cursor("l")) || shows("^p down up", "palette"),
        Action::ListDown => shows("m down", "mark"),
        Action::Toggle => after("P \"go_gor\" down tab Enter").state.case().meta.panels.len() == 4,
        Action::Lower => shows("F right right right left", "level debug and worse") || shows("F right right right left", "level>=trace"),
        Action::Raise => shows("F right", "level trace and worse"),
        Action::SaveText => kinds(&after("a \"x\" ^s")) == ["moment"],
        Action::ExternalEditor => matches!(after("a \"x\" ^e").effects.last(), Some(Effect::OpenEditor(words)) if words == "x"),
        Action::NextField => shows("c Tab right", "defect"),
        Action::PrevField => shows("c \"x\" backtab", "nothing pinned yet"),
        Action::Yes => !shows("a \"x\" esc y", "note on"),
        Action::No => shows("a \"x\" esc n", "note on"),
    }
}

/// Forms of panels in the case.
fn forms(sequence: &str) -> Vec<String> {
    after(sequence).state.case().meta.view.forms.values().map(coroner::model::case::PanelForm::text).collect()
}

fn order(sequence: &str) -> Vec<String> {
    after(sequence).state.case().chain().iter().map(|(record, _)| record.text.clone()).collect()
}

#[test]
fn every_action_keeps_its_promise() {
    let broken: Vec<&str> = actions::ALL.iter().filter(|info| !promise(info.action)).map(|info| info.name).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn the_first_crossing_of_a_limit_is_told_in_time_and_words() {
    let drawn = screen(&after("t t \"03:22:05\" Enter t 0 T 2 6"));
    assert!(drawn.contains(">1 000 T+50s"), "{drawn}");
    assert!(drawn.contains("over 1 000 first at T+50s"), "{drawn}");
    // Inside the outage the window begins beyond the limit: the true crossing is not known here.
    let inside = screen(&after("t t \"03:24:00\" Enter + + + + 2 6"));
    assert!(inside.contains("over 1 000 at the start already"), "{inside}");
}

#[test]
fn how_panels_are_drawn_says_so_in_the_detail() {
    let drawn = screen(&after("t t \"03:22:05\" Enter t 0 2 Y B R 6 z"));
    for words in [
        "logarithmic, 10 to 2 695",
        "the 125 s before 03:22:05",
        "signs",
        "stale: no sample",
        "an earlier time, laid over",
        "NaN: no number",
    ] {
        assert!(drawn.contains(words), "{words}\n{drawn}");
    }
}

#[test]
fn the_panel_picker_is_asked_for_units_and_shapes() {
    let listed = |typed: &str| {
        let drawn = screen(&after(&format!("t t \"03:22:10\" Enter P \"{typed}\"")));
        let has = |name: &str| drawn.lines().any(|line| line.contains(&format!("☐ {name}")) || line.contains(&format!("☑ {name}")));
        ["go_goroutines{service=\"order\"}", "go_goroutines{service=\"payment\"}", "http_error_ratio", "http_p99", "rpc_duration"].map(has)
    };
    assert_eq!(listed("unit:s"), [false, false, false, true, false]);
    assert_eq!(listed("unit:%"), [false, false, true, false, false]);
    assert_eq!(listed("shape:gaps"), [true, false, false, false, false]);
    assert_eq!(listed("shape:nan unit:s"), [false, false, false, true, false]);
    assert_eq!(listed("moves at onset"), [true, false, true, true, false]);
    assert_eq!(listed("gor payment"), [false, true, false, false, false], "letters alone still find");
    let session = after("P \"shape:step\" Enter");
    assert!(!session.state.is_waiting(), "every part was answered");
}

#[test]
fn the_palette_and_the_command_line_reach_every_action_that_works_without_a_layer() {
    for info in actions::ALL.iter().filter(|info| info.is_in_palette()) {
        let mut session = Session::loaded(120, 40);
        session.keys(": ");
        session.keys(&format!("\"{}\"", info.name));
        assert!(screen(&session).contains(info.sentence), "{}", info.name);
        assert_eq!(Action::from_name(info.name), Some(info.action));
    }
}

#[test]
fn a_comparison_under_way_blocks_no_key_and_esc_stops_it() {
    let mut session = after(". t 0");
    let key = |session: &mut Session, name: &str| {
        let key = keys::parse_sequence(name).expect("a key")[0];
        update(&mut session.state, Message::Key(key))
    };
    let asked = key(&mut session, "b");
    let job = asked.iter().find_map(|effect| match effect {
        Effect::Ask(id, Question::Compare(query)) => Some((*id, query.clone())),
        _ => None,
    });
    let (id, query) = job.expect("it is asked in the background");
    assert_eq!((query.baseline.end(), query.window.start()), (at(125), at(125)), "what is visible is cut at the baseline");
    let progress = coroner::app::message::Progress { done: 30, total: 120, found: 0 };
    update(&mut session.state, Message::Progress(id, progress));
    assert!(screen(&session).contains("comparing … 25 %"), "{}", screen(&session));
    let effects = key(&mut session, "esc");
    assert!(effects.contains(&Effect::Cancel(id)));
    assert!(screen(&session).contains("b tells what is different"));
    let late = Reply::Difference(Box::new(session.fake.compare(&query)));
    update(&mut session.state, Message::Replied(id, Ok(late)));
    assert!(!screen(&session).contains("what is different in 9"), "a late answer is dropped");
}

#[test]
fn esc_closes_exactly_one_layer() {
    let mut session = after("3 z v l / \"'GET\" Enter a \"text\"");
    let count = |session: &Session| {
        let drawn = screen(session);
        ["Throw away", "note on", "/'GET"].iter().filter(|words| drawn.contains(**words)).count()
    };
    assert_eq!(count(&session), 2);
    session.keys("esc");
    assert_eq!(count(&session), 3, "the question lies on the note");
    session.keys("y");
    assert_eq!(count(&session), 1);
    assert!(session.state.selection().is_some());
    session.keys("esc");
    assert!(screen(&session).contains("chain"), "the pane zoom closes first");
    session.keys("esc");
    assert!(session.state.selection().is_none());
    assert_eq!(count(&session), 1);
    session.keys("esc");
    assert_eq!(count(&session), 0);
}

#[test]
fn evidence_pinned_since_the_last_step_belongs_to_the_next_one() {
    let session =
        after(&format!("{MIDDLE}2 p 3 p c \"the pool is exhausted\" Tab \"d\" Tab \"c\" ^s . p c \"scaling out did not help\" ^s"));
    let doc = session.state.case();
    let chain = doc.chain();
    assert_eq!(chain.len(), 2);
    assert_eq!((chain[0].1.cause_type, chain[0].1.status), (CauseType::Defect, CauseStatus::Confirmed));
    assert_eq!((chain[0].1.evidence.len(), chain[1].1.evidence.len()), (2, 1));
    assert_eq!((chain[0].1.order, chain[1].1.order), (1, 2));
    let links = doc.annotations.values().filter_map(|record| match &record.kind {
        AnnotationKind::Link(link) => Some((link.from.clone(), link.to.clone(), link.relation)),
        _ => None,
    });
    let links: Vec<_> = links.collect();
    assert_eq!(links, [(chain[0].0.id.clone(), chain[1].0.id.clone(), Relation::Causes)]);
}

#[test]
fn the_pin_depends_on_the_focused_pane() {
    let target = |sequence: &str| {
        let session = after(sequence);
        let doc = session.state.case();
        let pinned = doc.evidence();
        pinned.iter().map(|(_, evidence)| evidence.target.clone()).collect::<Vec<_>>()
    };
    assert!(
        matches!(&target(&format!("{MIDDLE}v L 2 j p"))[..], [EvidenceTarget::Series { name, range, .. }] if name == "http_p99" && range.len_ns() < 120_000_000_000)
    );
    assert!(matches!(&target("3 e p")[..], [EvidenceTarget::Lines { .. }]));
    assert!(matches!(&target("1 . p")[..], [EvidenceTarget::Change { .. }]));
    assert!(matches!(
        &target("1 t t \"03:24:20\" Enter p tab tab tab Enter")[..],
        [EvidenceTarget::Alert { .. }, EvidenceTarget::Alert { .. }, EvidenceTarget::Profile { .. }]
    ));
    assert!(notice("1 g p").contains("nothing under the cursor"));
}

#[test]
fn removing_a_step_in_the_middle_links_its_neighbours_and_undo_brings_all_back() {
    let mut session = after("c \"a\" ^s c \"b\" ^s c \"c\" ^s");
    let before = session.state.case().clone();
    session.keys("4 g j d");
    let doc = session.state.case();
    assert_eq!(doc.chain().iter().map(|step| step.0.text.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(doc.annotations.values().filter(|record| matches!(record.kind, AnnotationKind::Link(_))).count(), 1);
    session.keys("u");
    assert_eq!(session.state.case(), &before);
}

#[test]
fn undoing_everything_restores_the_first_document_whatever_was_done() {
    let story = format!("{MIDDLE}t 0 m Enter 2 p a \"x\" ^s c \"y\" ^s J P \"offered\" Enter A \"z\" ^s 5 d t z \"Paris\" Enter");
    let mut session = after(&story);
    assert_ne!(session.state.case(), &CaseDoc::default());
    session.keys("u u u u u u u u u u u u");
    assert_eq!(session.state.case(), &CaseDoc::default());
    assert_eq!(session.state.notice(), Some("nothing to undo"));
}

#[test]
fn every_step_is_journalled_with_rising_numbers_and_then_the_case_is_written() {
    let session = after("a \"x\" ^s u ctrl-r");
    let numbers = session.effects.iter().filter_map(|effect| match effect {
        Effect::Journal { number, .. } => Some(*number),
        _ => None,
    });
    let numbers: Vec<u64> = numbers.collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(matches!(session.effects.last(), Some(Effect::SaveCase(_))));
    assert!(screen(&session).contains("saved"));
}

#[test]
fn quitting_asks_only_when_something_would_be_lost() {
    let mut session = Session::loaded(80, 24);
    session.keys("a \"x\" ^s");
    session.send(Message::SaveFailed("disk full".into()));
    assert!(screen(&session).contains("not saved: disk full"));
    session.keys("q");
    assert!(screen(&session).contains("Leave anyway?"));
    session.keys("n");
    assert!(!session.effects.contains(&Effect::Quit));
    session.keys("q y");
    assert!(session.effects.contains(&Effect::Quit));
}

#[test]
fn a_case_without_a_home_says_so_before_it_is_left() {
    let setup = Setup {
        title: "x".into(),
        case: CaseDoc::default(),
        now: at(0),
        id_seed: 1,
        author: "a".into(),
        size: (80, 24),
        place: CasePlace::Nowhere("the folder is read-only; start with --case DIR".into()),
    };
    let mut state = State::new(setup);
    let press = |state: &mut State, sequence: &str| -> Vec<Effect> {
        keys::parse_sequence(sequence).expect(sequence).into_iter().flat_map(|key| update(state, Message::Key(key))).collect()
    };
    assert_eq!(press(&mut state, "q"), [Effect::Quit]);
    assert!(!press(&mut state, "a \"x\" ^s q").contains(&Effect::Quit));
    assert!(press(&mut state, "y").contains(&Effect::Quit));
}

#[test]
fn nothing_is_asked_when_nothing_changed() {
    let mut session = Session::loaded(120, 40);
    let before = session.n_asked;
    session.keys("j k ? esc v esc u").send(Message::Tick(at(90_000)));
    assert_eq!(session.n_asked, before);
    session.send(Message::Resized { width: 120, height: 40 });
    assert_eq!(session.n_asked, before);
    session.keys("l");
    assert_eq!(session.n_asked, before + 1, "only the values at the cursor");
}

#[test]
fn a_new_question_cancels_the_old_one_and_its_late_answer_is_dropped() {
    let mut session = Session::loaded(120, 40);
    let asked = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Ask(id, question @ Question::ValuesAt { .. }) => Some((*id, question.clone())),
            _ => None,
        })
    };
    let first = update(&mut session.state, Message::Key(KeyPress::char('l')));
    let (id, question) = asked(&first).expect("asked");
    let second = update(&mut session.state, Message::Key(KeyPress::char('L')));
    assert!(second.contains(&Effect::Cancel(id)));
    let before = screen(&session);
    let late = session.fake.answer(&question);
    assert!(update(&mut session.state, Message::Replied(id, Ok(late))).is_empty());
    assert!(update(&mut session.state, Message::Replied(NO_JOB, Ok(Reply::Count(1)))).is_empty());
    assert_eq!(screen(&session), before);
}

#[test]
fn a_failed_question_is_told_in_its_pane_and_the_rest_goes_on() {
    let mut session = Session::loaded(120, 40);
    let effects = update(&mut session.state, Message::Key(KeyPress::char('+')));
    for effect in effects {
        if let Effect::Ask(id, Question::Histogram(_)) = effect {
            update(&mut session.state, Message::Replied(id, Err("engine \u{1b}[2J went away".into())));
        }
    }
    let drawn = screen(&session);
    assert!(drawn.contains("engine ␛[2J went away"), "{drawn}");
    assert!(drawn.contains("GET /orders"));
}

#[test]
fn the_list_and_the_cursor_follow_each_other_over_page_borders() {
    let mut session = Session::loaded(120, 40);
    session.keys("3");
    for _ in 0..40 {
        session.keys("pagedown");
    }
    let far = session.cursor_secs();
    assert!(far > 100.0, "{far}");
    assert!(screen(&session).contains("▌03:2"));
    for _ in 0..40 {
        session.keys("pageup");
    }
    assert!(session.cursor_secs().abs() < 1e-9);
}

#[test]
fn pasted_text_goes_into_the_note_and_never_runs_as_keys() {
    let mut session = Session::loaded(80, 24);
    session.send(Message::Paste("q\nX".into()));
    assert!(session.effects.is_empty());
    session.keys("a");
    session.send(Message::Paste("first\r\nsecond".into()));
    session.keys("^s");
    assert!(session.state.case().annotations.values().any(|record| record.text == "first\nsecond"));
}

#[test]
fn an_external_editor_gives_its_text_back() {
    let mut session = after("a \"draft\" ^e");
    session.send(Message::Edited(Some("better\nwords\n".into())));
    session.keys("^s");
    assert!(session.state.case().annotations.values().any(|record| record.text == "better\nwords"));
    session.send(Message::Edited(None));
    assert_eq!(session.state.notice(), Some("nothing changed in $EDITOR"));
}

#[test]
fn every_key_works_before_anything_is_read() {
    for info in actions::ALL.iter().filter(|info| info.is_in_palette()) {
        for key in info.keys {
            let mut session = Session::unloaded(80, 24);
            session.keys(key);
            let _ = screen(&session);
        }
    }
}

#[test]
fn any_mash_of_keys_keeps_the_cursor_inside_and_never_panics() {
    // A fixed stream: SplitMix64 over all printable keys and the named ones.
    let named = ["enter", "esc", "tab", "up", "down", "left", "right", "pageup", "pagedown", "ctrl-p", "ctrl-s", "ctrl-r", "backspace"];
    let mut seed = 7_u64;
    let mut next = || {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)) as usize
    };
    let mut session = Session::loaded(80, 24);
    for _ in 0..3_000 {
        let pick = next() % (94 + named.len());
        let key = if pick < 94 { KeyPress::char(char::from(b'!' + pick as u8)) } else { keys::parse(named[pick - 94]).expect("known") };
        session.send(Message::Key(key));
        assert!(session.state.visible().contains(session.state.cursor()));
    }
    let _ = screen(&session);
}

#[test]
fn a_filter_is_completed_explained_and_switched_off() {
    assert!(shows("& \"lev\" Tab \"err\" Tab", "level>=error"));
    assert!(shows("& \"level>=warm\"", "did you mean warn?") && shows("& \"level>=warm\"", "^^^^"));
    assert!(shows("& \"level>=warm\" Enter", "did you mean warn?"), "the prompt stays open until it is right");
    assert!(shows("e & Tab", "service:"), "the selected event offers its own values");
    let kept = "& \"level>=error or pool\" Enter";
    assert!(shows(kept, "(level>=error or pool)"));
    assert!(shows(&format!("{kept} F space"), "off  (level>=error or pool)") && shows(&format!("{kept} F space esc"), "[off (level"));
    assert!(!after(&format!("{kept} F space esc")).state.case().meta.filters.iter().any(|filter| !filter.is_off));
    assert!(shows(&format!("{kept} F space space esc"), "(level>=error or pool)"));
    assert!(shows(&format!("{kept} F Enter \"-GET\" Enter"), "-GET") && shows(&format!("{kept} F Enter \"-GET\" Enter"), "or pool"));
    assert!(!shows(&format!("{kept} F Enter ^u Enter"), "or pool"));
}

#[test]
fn filters_are_kept_in_the_case_and_taken_back() {
    let texts = |sequence: &str| {
        let session = after(sequence);
        session.state.case().meta.filters.iter().map(|f| format!("{}{}", if f.is_off { "#" } else { "" }, f.text)).collect::<Vec<_>>()
    };
    let kept = "& \"level>=warn pool\" Enter";
    assert_eq!(texts(kept), ["level>=warn", "pool"]);
    assert_eq!(texts(&format!("{kept} F j space")), ["level>=warn", "#pool"]);
    assert_eq!(texts(&format!("{kept} F j !")), ["level>=warn", "-pool"]);
    assert_eq!(texts(&format!("{kept} F j ! !")), ["level>=warn", "pool"]);
    assert_eq!(texts(&format!("{kept} F j Enter ^u \"wait or gone\" Enter")), ["level>=warn", "wait or gone"]);
    assert_eq!(texts(&format!("{kept} F d")), ["pool"]);
    assert_eq!(texts(&format!("{kept} F right")), ["level>=error", "pool"]);
    assert_eq!(texts(&format!("{kept} F left left left left")), ["pool"]);
    assert_eq!(texts(&format!("{kept} F d d esc u u")), ["level>=warn", "pool"]);
    assert_eq!(texts(&format!("{kept} u")), [""; 0]);
    assert_eq!(texts(&format!("{kept} u ctrl-r")), ["level>=warn", "pool"]);
    assert!(shows(&format!("{kept} u"), "undone: filter") && !shows(&format!("{kept} u"), "[level"));
}

#[test]
fn a_find_offers_names_counts_hits_and_goes_round() {
    assert!(shows("/ \"plxh\"", "acquire: pool exhausted") && shows("/ \"plxh\"", "letters close together"));
    assert!(shows("/ \"pool wait\"", "hold all words as they stand"));
    assert!(shows("/ \"pool exh\" down Enter", "/pattern:1"), "the pattern is found as such");
    assert!(shows("/ \"'pool exhausted\" Enter", "hits"), "a lane of its own");
    assert_eq!(notice("/ \"'pool exhausted\" Enter N"), "past the first match: on from the last");
    assert_eq!(notice("/ \"'pool exhausted\" Enter N n"), "past the last match: on from the first");
    assert!(shows("/ \"'pool exhausted\" Enter N n", "/'pool exhausted 1 of"));
    assert!(notice("/ \"'nowhere\" Enter").starts_with("no match"));
    assert!(!shows("/ \"'pool exhausted\" Enter esc", "hits"));
}

#[test]
fn the_rows_of_a_range_in_the_list_are_pinned_in_one_step() {
    let mut session = after("3 e v j j p");
    assert_eq!(kinds(&session), ["evidence"; 3]);
    assert!(session.state.selection().is_none(), "the range has done its work");
    session.keys("u");
    assert!(kinds(&session).is_empty());
    let long = after(&format!("3 v {} p", "j ".repeat(60)));
    assert!(kinds(&long).is_empty() && long.state.notice().is_some_and(|words| words.contains("61 rows are too many")));
}

#[test]
fn a_statement_has_lines_and_a_step_says_how_the_one_above_acts_on_it() {
    let relations = |session: &Session| -> Vec<Relation> {
        let records = session.state.case().annotations.values();
        records.filter_map(|record| if let AnnotationKind::Link(link) = &record.kind { Some(link.relation) } else { None }).collect()
    };
    let mut session = after("c \"a\" Enter \"b\" ^s c \"c\" Tab Tab Tab right ^s");
    assert_eq!(order("c \"a\" Enter \"b\" ^s"), ["a\nb"]);
    assert_eq!(relations(&session), [Relation::Enables]);
    session.keys("4 i Tab Tab Tab left left ^s");
    assert_eq!(relations(&session), [], "not linked");
    assert!(screen(&session).contains("not linked with the step above"));
    session.keys("u K");
    assert_eq!((relations(&session).len(), session.state.case().chain()[0].0.text.as_str()), (1, "c"));
}

#[test]
fn words_of_the_key_before_do_not_stay_under_the_next_one() {
    assert_eq!(notice("t t \"03:22:00\" Enter t 0 l"), "");
    assert!(notice("t t \"03:22:00\" Enter t 0").contains("T+0"));
}

#[test]
fn a_hypothesis_is_written_judged_and_told_what_speaks_for_it() {
    let mut session = after("t t \"03:24\" Enter p ; h \"the pool leaks\" ctrl-s 5");
    let shown = screen(&session);
    assert!(shown.contains("hypothesis") && shown.contains("the pool leaks"), "{shown}");
    session.keys("; / \"kind:hypothesis\" Enter");
    assert!(screen(&session).contains("only kind:hypothesis"), "{}", screen(&session));
    session.keys("; c");
    assert!(screen(&session).contains("confirmed"), "{}", screen(&session));
    session.keys("u ; g");
    assert!(screen(&session).contains("evidence against: the pool leaks"), "{}", screen(&session));
    session.keys("Enter");
    assert!(screen(&session).contains("1 piece of evidence against it"), "{}", screen(&session));
    session.keys("; t \"pool -draft\" Enter");
    assert!(screen(&session).contains("tag: 1 of 1 record"), "{}", screen(&session));
    session.keys("; m \"+90s\" Enter");
    assert!(screen(&session).contains("re-time: 1 of 1 record"), "{}", screen(&session));
    session.keys("u u u u u");
    assert!(!screen(&session).contains("the pool leaks"), "{}", screen(&session));
}

#[test]
fn every_kind_of_record_has_a_form_made_of_its_fields() {
    for kind in coroner::model::case::KINDS {
        let mut session = after(&format!(": \"record {}\" Enter", kind.name));
        let shown = screen(&session);
        let first = kind.fields.first().expect("each kind has fields");
        assert!(shown.contains(&*coroner::model::case::title_of(first.key)), "{}: {shown}", kind.name);
        session.keys("esc");
    }
}

#[test]
fn a_note_between_two_others_gets_the_middle_of_their_times() {
    let mut session = after("t t \"03:24\" Enter a \"first\" ctrl-s t t \"03:26\" Enter a \"third\" ctrl-s 5 g");
    session.keys("; / \"first\" Enter ; / Enter ; i");
    let shown = screen(&session);
    assert!(shown.contains("note between, on") && shown.contains("03:25:00"), "{shown}");
}

#[test]
fn what_differs_is_pinned_itself_and_not_what_lies_under_the_cursor() {
    let compared = ". t 0 v t t \"03:27:00\" Enter b";
    let session = after(&format!("{compared} j p"));
    let doc = session.state.case();
    let pinned: Vec<&EvidenceTarget> = doc.evidence().into_iter().map(|(_, evidence)| &evidence.target).collect();
    let [EvidenceTarget::Series { range, at: moment, value, .. }] = pinned[..] else { panic!("{pinned:?}") };
    assert!(*range == TimeRange::new(at(125), at(420)) && range.contains(*moment) && value.is_some(), "{pinned:?}");
    // A level is a count; there is nothing to freeze, and no other thing is pinned in its place.
    let session = after(&format!("{compared} j j j j j j p"));
    assert_eq!(session.state.case().evidence().len(), 0);
    assert!(session.state.notice().is_some_and(|words| words.contains("a count is no evidence")), "{}", screen(&session));
}

#[test]
fn several_suggested_markers_are_taken_and_taken_back_at_once() {
    let mut session = after("; s tab tab Enter");
    let marks = |session: &Session| {
        let is_mark = |record: &&coroner::model::Annotation| matches!(record.kind, AnnotationKind::Marker { .. });
        session.state.case().annotations.values().filter(is_mark).count()
    };
    assert_eq!(marks(&session), 2, "{}", screen(&session));
    session.keys("u");
    assert_eq!(marks(&session), 0, "{}", screen(&session));
}

#[test]
fn a_marker_is_told_where_a_step_begins_in_the_same_column() {
    let session = after(". m \"trigger\" Enter c \"the first step\" ctrl-s");
    let shown = screen(&session);
    assert!(shown.lines().any(|row| row.contains(" notes") && row.contains("▼trigger")), "{shown}");
}

#[test]
fn a_marker_that_the_data_suggest_is_taken_with_its_rule_and_only_once() {
    let mut session = after("; s");
    let shown = screen(&session);
    assert!(shown.contains("markers that the data suggest"), "{shown}");
    session.keys("\"impact\" Enter");
    let rule = session.state.case().annotations.values().find_map(|record| match &record.kind {
        AnnotationKind::Marker { name: MarkerName::ImpactStart, rule, .. } => Some(rule.clone()),
        _ => None,
    });
    assert!(rule.as_ref().is_some_and(|rule| rule.starts_with("accepted: ")), "{rule:?} {}", screen(&session));
    session.keys("; s");
    assert!(!screen(&session).contains("impact start  "), "{}", screen(&session));
}

#[test]
fn the_keys_for_records_are_all_told_after_their_first_key() {
    for size in [(120, 40), (80, 24)] {
        let mut session = Session::loaded(size.0, size.1);
        session.keys(";");
        let shown = screen(&session);
        for info in actions::ALL.iter().filter(|info| info.keys.iter().any(|key| key.starts_with("; "))) {
            let words: String = info.sentence.split(':').next().unwrap_or_default().chars().take(20).collect();
            assert!(shown.contains(&words), "{}: {shown}", info.name);
        }
    }
}

#[test]
fn a_section_is_written_beside_the_document_and_kept_where_it_came_from() {
    let mut session = Session::loaded(120, 40);
    session.keys("; v ] i \"nine of ten orders failed\"");
    assert_eq!(screen(&session).matches("nine of ten orders failed").count(), 2, "source and document");
    assert!(!screen(&session).contains("40 to 150 words"), "advice is gone with the first letter");
    session.keys("^s");
    let sections = |session: &Session| {
        let all = session.state.case().annotations.values();
        all.filter(|record| record.kind.name() == "section").map(|record| record.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(sections(&session), ["nine of ten orders failed"]);
    session.keys("i \" at once\" ^s");
    assert_eq!(sections(&session), ["nine of ten orders failed at once"]);
    session.keys("Esc u u");
    assert!(sections(&session).is_empty());
    session.keys("; v ] ] i \"x\" ^s");
    let before = "- Loops over ids are **batches**.\n- A pool that is full tells nobody.\n".to_owned();
    let text = "- Loops over ids are **batches**.\n- A pool that is full tells nobody.x".to_owned();
    assert!(session.effects.contains(&Effect::WriteSection { stem: "lessons".into(), before, text: text.clone() }));
    let why = "somebody else has changed it".to_owned();
    session.send(Message::SectionFailed { stem: "lessons".into(), text, why });
    assert!(screen(&session).contains("tells nobody.x") && screen(&session).contains("somebody else"), "{}", screen(&session));
}

#[test]
fn a_section_that_is_made_leads_to_what_it_is_made_of() {
    let mut session = Session::loaded(120, 40);
    session.keys("a \"first\" ^s ; v ] ] ] enter");
    assert!(!screen(&session).contains("as it would be exported") && screen(&session).contains("first"), "{}", screen(&session));
}

#[test]
fn a_record_becomes_again_what_it_was() {
    use coroner::app::message::RecordVersion;
    let mut session = after("a \"one\" ^s 5");
    let before = session.state.case().by_time()[0].clone();
    session.keys("i \" two\" ^s");
    let now = session.state.case().by_time()[0].clone();
    let versions = vec![
        RecordVersion { step: "note".into(), before: None, after: Some(Box::new(before.clone())) },
        RecordVersion { step: "change text".into(), before: Some(Box::new(before.clone())), after: Some(Box::new(now.clone())) },
    ];
    session.send(Message::History(now.id.clone(), versions));
    assert!(screen(&session).contains("one → one two"), "{}", screen(&session));
    session.keys("down Enter");
    assert_eq!(session.state.case().by_time()[0].text, "one");
    session.keys("u");
    assert_eq!(session.state.case().by_time()[0].text, "one two");
}

#[test]
fn a_pasted_diff_is_evidence_with_its_files_counted() {
    let mut session = after("; d");
    session.send(Message::Paste("--- a/pool.go\n+++ b/pool.go\n@@ -1 +1 @@\n-defer c.Close()\n+c.Close()\n".into()));
    session.keys("^s");
    assert_eq!(session.state.case().by_time()[0].text, "pool.go +1 −1");
}
