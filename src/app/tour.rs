//! The guided tour of the demo: ten steps that tell its story, each finished by really doing it.
//!
//! It watches what the state becomes, never which key was pressed: whoever gets there by the palette, by another key or by
//! the command line has done it too. The keys that it names are the bound ones. It has rows of its own below the last row
//! of the screen, so that nothing that it points to is covered, and stays while a form or list is open.

use unicode_width::UnicodeWidthStr;

use super::actions::Action;
use super::message::Effect;
use super::side::Tab;
use super::state::State;
use crate::model::case::MarkerName;
use crate::model::query::{Pattern, PatternStatus};
use crate::model::{AnnotationKind, CaseDoc, Level, Timestamp};

/// How the tour is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// The last row asks once.
    Asked,
    /// It begins.
    Accepted,
}

/// Where the user is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tour {
    /// Only the demo has what the steps speak of.
    is_demo: bool,
    is_offered: bool,
    is_running: bool,
    /// Index of the step that is to be done.
    at: usize,
    /// Steps that were done, not skipped.
    n_done: usize,
    /// The step was seen undone: what was so before it began is no doing.
    is_armed: bool,
    before: Option<Box<Before>>,
    /// What was said of something that was done instead.
    remark: Option<&'static str>,
    pub(crate) n_exports: usize,
}

/// What was so when a step began.
#[derive(Debug, Clone)]
struct Before {
    case: CaseDoc,
    cursor: Timestamp,
    n_exports: usize,
}

impl Tour {
    pub(crate) const fn is_demo(&self) -> bool {
        self.is_demo
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.is_running
    }
}

struct Step {
    title: &'static str,
    /// What to do; `{name}` stands for the key of an action.
    words: &'static str,
    is_done: fn(&State, &Before) -> bool,
}

const STEPS: [Step; 10] = [
    Step {
        title: "the calm before",
        words: "An order service broke here. {start} takes the cursor to the start, {cursor-right} and {cursor-right-10} move on: all \
                panels follow. Stop in the calm on the left: that is the baseline.",
        is_done: |state, before| {
            let cursor = state.timeline.cursor;
            cursor != before.cursor && state.baseline().is_some_and(|range| cursor < range.end())
        },
    },
    Step {
        title: "the deploy",
        words: "Triangles in the lane of changes are deploys: {next-deploy} goes to the next one, {prev-deploy} back; {next-change} stops \
                at alerts too. Stop on a deploy; the last row says which.",
        is_done: |state, _| {
            let near = |at: Timestamp| state.timeline.cursor.0.abs_diff(at.0) <= 1_000_000;
            state.catalog.changes.iter().any(|change| change.kind.contains("deploy") && change.time.is_some_and(near))
        },
    },
    Step {
        title: "what moved first",
        words: "Which of hundreds of series moved after it? {panel-picker} lists them; type {moves} to have those that moved most \
                first, {list-down} chooses, {accept} draws it as a panel.",
        is_done: |state, before| state.session.doc.meta.panels.len() > before.case.meta.panels.len() && state.overlays.is_empty(),
    },
    Step {
        title: "compare",
        words: "{compare} compares what is in sight with the baseline: series, levels, services, messages, field values, most \
                different first. {down} walks through it.",
        is_done: |state, _| state.compared.found.is_some(),
    },
    Step {
        title: "a message that was born",
        words: "{patterns} groups all log lines into patterns. {down} to one that says born, or error: {open} keeps only its \
                events.",
        is_done: |state, _| filtered_patterns(state).any(is_telling),
    },
    Step {
        title: "one request through all services",
        words: "{undo} takes the filter back. {next-onset} goes to the next burst of errors, {next-error} to the error, {trace} shows its trace: where did the \
                time go? Look for the widest gap.",
        is_done: |state, _| state.side.tab == Tab::Trace && state.trace.shown().is_some_and(|trace| !trace.events.is_empty()),
    },
    Step {
        title: "mark the moment",
        words: "It hurts by now: {mark} marks the time under the cursor. Type {impact}, the start of it, and press {accept}. Phases \
                and durations of the report come from marks.",
        is_done: |state, before| marks(&state.session.doc, is_impact) != marks(&before.case, is_impact),
    },
    Step {
        title: "a cause, with evidence",
        words: "{pin} pins what is under the cursor as evidence. Then {cause}: write in one sentence what caused what, and \
                {save-text} adds it to the chain with its evidence.",
        is_done: |state, before| causes(&state.session.doc) > causes(&before.case),
    },
    Step {
        title: "then and now",
        words: "{panels} goes to the panels, {ghost} draws the baseline behind the selected one. Or {play} \
                replays from here, the future hidden: what could be known?",
        is_done: |state, before| state.replay.is_some() || state.session.doc.meta.view.ghost.len() > before.case.meta.view.ghost.len(),
    },
    Step {
        title: "the postmortem",
        words: "{export} writes the postmortem: Markdown with charts, every number with its evidence. The last row says \
                where. ({close} ends a replay.)",
        is_done: |state, before| state.tour.n_exports > before.n_exports,
    },
];

/// Marks of a kind, to see that one came or moved.
fn marks(case: &CaseDoc, is_meant: fn(&AnnotationKind) -> bool) -> Vec<(&str, u32)> {
    case.annotations.values().filter(|record| is_meant(&record.kind)).map(|record| (record.id.0.as_str(), record.revision)).collect()
}

fn is_impact(kind: &AnnotationKind) -> bool {
    matches!(kind, AnnotationKind::Marker { name: MarkerName::ImpactStart, .. })
}

fn is_mark(kind: &AnnotationKind) -> bool {
    matches!(kind, AnnotationKind::Marker { .. } | AnnotationKind::KeyMoment { .. })
}

/// The patterns that the filters keep, as far as the pane knows them.
fn filtered_patterns(state: &State) -> impl Iterator<Item = &Pattern> {
    let on = state.session.doc.meta.filters.iter().filter(|filter| !filter.is_off);
    let numbers = on.flat_map(|filter| filter.text.split_whitespace()).filter_map(|word| word.strip_prefix("pattern:")?.parse().ok());
    numbers.filter_map(|number| state.patterns.get(number))
}

/// One that came with the outage, or tells of an error.
fn is_telling(pattern: &Pattern) -> bool {
    pattern.status == PatternStatus::Born || pattern.level >= Level::Error
}

/// Why something like what a step asks for is not it.
fn remark(state: &State, at: usize, before: &Before) -> Option<&'static str> {
    match STEPS.get(at)?.title {
        "a message that was born" if filtered_patterns(state).any(|pattern| !is_telling(pattern)) => {
            Some("this one was there before: look for one that says born, or error")
        }
        "mark the moment" if marks(&state.session.doc, is_mark) != marks(&before.case, is_mark) => {
            Some("that is marked too; the step asks for impact start")
        }
        _ => None,
    }
}

/// Causal steps that stand on evidence.
fn causes(case: &CaseDoc) -> usize {
    case.chain().iter().filter(|(_, cause)| !cause.evidence.is_empty()).count()
}

/// The demo was opened.
pub(crate) fn begin(state: &mut State, offer: Offer) {
    state.tour.is_demo = true;
    match offer {
        Offer::Asked => state.tour.is_offered = true,
        Offer::Accepted => drop(run(state)),
    }
}

/// The key: begins, goes on where it was left, or skips a step.
pub(crate) fn run(state: &mut State) -> Vec<Effect> {
    if !state.tour.is_demo {
        state.say("the tour runs inside the recorded outage: coroner demo");
        return Vec::new();
    }
    state.tour.is_offered = false;
    if state.tour.is_running && state.tour.at >= STEPS.len() {
        leave(state);
    } else if state.tour.is_running {
        let at = state.tour.at;
        go(state, at + 1);
    } else {
        let at = if state.tour.at >= STEPS.len() { 0 } else { state.tour.at };
        if at == 0 {
            state.tour.n_done = 0;
        }
        state.tour.is_running = true;
        state.notice = None;
        go(state, at);
    }
    Vec::new()
}

/// `:tour 4`, `:tour skip`, `:tour off`.
pub(crate) fn run_typed(state: &mut State, argument: &str) -> Result<Vec<Effect>, String> {
    if !state.tour.is_demo {
        return Ok(run(state));
    }
    match argument {
        "off" => drop(leave(state)),
        "skip" => go(state, state.tour.at + 1),
        _ => match argument.parse() {
            Ok(number @ 1..=10) => {
                (state.tour.is_running, state.tour.is_offered) = (true, false);
                go(state, number - 1);
            }
            _ => return Err(format!("{argument:?} is no step; write 1 to 10, skip or off")),
        },
    }
    Ok(Vec::new())
}

/// Esc with nothing else open: leaves the tour; whether there was one.
pub(crate) fn leave(state: &mut State) -> bool {
    let was_running = std::mem::take(&mut state.tour.is_running);
    let key = state.keymap.key_of(Action::Tour);
    if was_running && state.tour.at < STEPS.len() {
        let words = format!("tour left at {} of {}; {key} goes on", state.tour.at + 1, STEPS.len());
        state.say(words);
    }
    was_running
}

fn go(state: &mut State, at: usize) {
    state.tour.at = at.min(STEPS.len());
    (state.tour.is_armed, state.tour.remark) = (false, None);
    let case = state.session.doc.clone();
    let before = Before { case, cursor: state.timeline.cursor, n_exports: state.tour.n_exports };
    state.tour.before = Some(Box::new(before));
}

/// Looks whether the step is done; whether it was.
pub(crate) fn watch(state: &mut State) -> bool {
    if !state.tour.is_running {
        return false;
    }
    let (Some(step), Some(before)) = (STEPS.get(state.tour.at), state.tour.before.as_deref()) else { return false };
    let is_done = (step.is_done)(state, before);
    let remark = if is_done { None } else { remark(state, state.tour.at, before) };
    if remark != state.tour.remark {
        state.tour.remark = remark;
        if let Some(words) = remark {
            state.say(words);
        }
    }
    if is_done && state.tour.is_armed {
        state.tour.n_done += 1;
        go(state, state.tour.at + 1);
        return true;
    }
    state.tour.is_armed |= !is_done;
    false
}

/// A key was pressed: the offer was read, or is not wanted.
pub(crate) fn key_pressed(state: &mut State) {
    state.tour.is_offered = false;
}

/// What the last row offers, once.
pub(crate) fn offer(state: &State) -> Option<String> {
    let key = state.keymap.key_of(Action::Tour);
    state.tour.is_offered.then(|| format!("{key} guides you through this outage in ten steps; other keys explore alone"))
}

/// Rows that the tour takes at the bottom of a screen of this height.
pub(crate) fn n_rows(state: &State, height: u16) -> u16 {
    match height {
        _ if !state.tour.is_running => 0,
        ..14 => 0,
        14..20 => 2,
        _ => 3,
    }
}

/// One piece of a line; keys stand out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Words(String),
    Key(String),
}

/// `3/10 what moved first`, while it runs.
pub(crate) fn heading(state: &State) -> Option<String> {
    let tour = &state.tour;
    let n = STEPS.len();
    tour.is_running.then(|| match STEPS.get(tour.at) {
        Some(step) => format!("tour {}/{n}  {}", tour.at + 1, step.title),
        None => format!("tour done: {} of {n} steps by your own hand", tour.n_done),
    })
}

/// What to do, in lines of this width.
pub(crate) fn lines(state: &State, width: usize) -> Vec<Vec<Piece>> {
    const END: &str = "That is the whole way: look, compare, mark, prove, write. {undo} takes edits back one by one, {help} shows the \
                       keys that work here, {quit} leaves. Yours opens with: coroner DIR";
    let words = STEPS.get(state.tour.at).map_or(END, |step| step.words);
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    for word in words.split_whitespace() {
        let pieces = pieces(state, word);
        let needed: usize = pieces.iter().map(|piece| piece.text().width()).sum();
        if used > 0 && used + 1 + needed > width {
            lines.push(Vec::new());
            used = 0;
        }
        let line = lines.last_mut().expect("there is one from the start");
        if used > 0 {
            line.push(Piece::Words(" ".to_owned()));
            used += 1;
        }
        used += needed;
        line.extend(pieces);
    }
    lines
}

impl Piece {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Words(text) | Self::Key(text) => text,
        }
    }
}

/// `{mark},` becomes the key and the comma. An action without a key is told as its name.
fn pieces(state: &State, word: &str) -> Vec<Piece> {
    let Some((before, rest)) = word.split_once('{') else { return vec![Piece::Words(word.to_owned())] };
    let Some((name, after)) = rest.split_once('}') else { return vec![Piece::Words(word.to_owned())] };
    let action = super::actions::ALL.iter().find(|info| info.name == name).map(|info| info.action);
    let key = match action {
        Some(action) => Some(state.keymap.key_of(action)).filter(|key| !key.is_empty()).unwrap_or_else(|| format!(":{name}")),
        None => name.to_owned(),
    };
    let words = |text: &str| (!text.is_empty()).then(|| Piece::Words(text.to_owned()));
    [words(before), Some(Piece::Key(key)), words(after)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::actions;

    #[test]
    fn every_key_that_the_tour_names_is_the_key_of_an_action() {
        for step in &STEPS {
            for (_, rest) in step.words.match_indices('{').map(|(at, _)| step.words.split_at(at + 1)) {
                let name = rest.split('}').next().unwrap_or_default();
                // What is to be typed stands out as well.
                assert!(name == "moves" || name == "impact" || actions::ALL.iter().any(|info| info.name == name), "{name}");
            }
        }
    }
}
