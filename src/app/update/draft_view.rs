//! Reading the document on screen, and writing its sections beside it.

use super::action::{self, show_tab};
use super::records;
use crate::app::draft::{ADVICE, AskedFor, Draft, ManuscriptQuery, Origin, Seeking, panes};
use crate::app::editor::Editor;
use crate::app::jobs::Slot;
use crate::app::line::LineInput;
use crate::app::message::{Effect, Question};
use crate::app::overlay::{Overlay, PickItem, PickPurpose, PickValue, Picker, TextPurpose};
use crate::app::press::{KeyCode, KeyPress};
use crate::app::session::{CasePlace, Session};
use crate::app::side::Tab;
use crate::app::state::State;
use crate::model::AnnotationKind;
use crate::model::case::Section;

/// Opens it.
pub(super) fn open(state: &mut State) {
    state.overlays.push(Overlay::Draft(Box::default()));
}

/// The open document, whatever lies above it.
pub(super) fn open_draft(state: &mut State) -> Option<&mut Draft> {
    state.overlays.iter_mut().find_map(|overlay| if let Overlay::Draft(draft) = overlay { Some(&mut **draft) } else { None })
}

/// Words of a section that are being written.
fn typed(state: &State) -> Option<(String, String)> {
    match state.overlays.last() {
        Some(Overlay::Editor(editor)) => match &editor.purpose {
            TextPurpose::Prose(origin) => origin.stem().map(|stem| (stem.to_owned(), editor.text.text())),
            _ => None,
        },
        _ => None,
    }
}

/// Asks for the document when what it is made of has changed: one question at a time, however fast somebody types.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let (revision, typed) = (state.session.revision, typed(state));
    let is_ready = state.catalog.is_complete && !state.jobs.is_waiting(Slot::Manuscript);
    let Some(draft) = open_draft(state) else {
        return state.jobs.sync(Slot::Manuscript, None, 0, effects);
    };
    let key = AskedFor { revision, typed: typed.as_ref().map(|typed| typed.1.clone()), style: draft.style };
    if !is_ready || draft.asked.as_ref() == Some(&key) {
        return;
    }
    draft.asked = Some(key);
    let (preset, language) = draft.style;
    let query = ManuscriptQuery { case: state.session.doc.clone(), typed, preset, language };
    state.jobs.ask(Slot::Manuscript, Question::Manuscript(Box::new(query)), state.catalog.version, effects);
}

/// Lays it out for the screen.
pub(super) fn prepare(state: &mut State) {
    let typed = typed(state);
    let size = state.layout.size;
    let Some(draft) = open_draft(state) else { return };
    let place = panes(size, typed.is_some()).paper;
    let width = usize::from(place.width).clamp(8, crate::app::draft::WIDEST);
    draft.prepare((width, usize::from(place.height)), typed.as_ref().map(|typed| (typed.0.as_str(), typed.1.as_str())));
}

/// A key while it is on top.
pub(super) fn key(state: &mut State, key: KeyPress) -> Vec<Effect> {
    let half = isize::from(state.layout.size.1 as i16 / 2).max(1);
    let Some(draft) = open_draft(state) else { return Vec::new() };
    if let Some(find) = draft.find.as_mut().filter(|find| find.is_typing) {
        if find.input.key(key) {
            find_from_here(draft, 0);
        }
        return Vec::new();
    }
    match (key.code, key.ctrl) {
        (KeyCode::Char('j'), false) => draft.step(1),
        (KeyCode::Char('k'), false) => draft.step(-1),
        (KeyCode::Char('d'), true) | (KeyCode::PageDown | KeyCode::Char(' '), false) => draft.step(half),
        (KeyCode::Char('u'), true) | (KeyCode::PageUp, false) => draft.step(-half),
        (KeyCode::Char('g') | KeyCode::Home, false) => draft.go(0),
        (KeyCode::Char('G') | KeyCode::End, false) => draft.step(isize::MAX),
        (KeyCode::Char(']' | 'J'), false) => draft.turn(1),
        (KeyCode::Char('[' | 'K'), false) => draft.turn(-1),
        (KeyCode::Char('n'), false) => find_from_here(draft, 1),
        (KeyCode::Char('N'), false) => find_from_here(draft, -1),
        (KeyCode::Char('e'), false) => drop(draft.seek(1, |line| line.remark.is_some())),
        (KeyCode::Char('E'), false) => drop(draft.seek(-1, |line| line.remark.is_some())),
        (KeyCode::Char('/'), false) => draft.find = Some(Seeking { input: LineInput::default(), is_typing: true }),
        (KeyCode::Char('p'), false) => draft.style.0 += 1,
        (KeyCode::Char('z'), false) => draft.style.1 += 1,
        (KeyCode::Char('r'), false) => draft.asked = None,
        (KeyCode::Char('i'), false) => return write(state),
        (KeyCode::Char('a'), false) => add(state),
        (KeyCode::Char('X'), false) => return action::run(state, crate::app::Action::Export, None),
        (KeyCode::Char('q'), false) => drop(state.overlays.pop()),
        _ => {}
    }
    Vec::new()
}

/// The next line that holds what is looked for; with 0 this line will do.
fn find_from_here(draft: &mut Draft, way: isize) {
    let Some(needle) = draft.needle() else { return };
    let holds = |line: &crate::app::draft::DraftLine| line.line.text().to_lowercase().contains(&needle);
    if way != 0 || !draft.lines.get(draft.at).is_some_and(holds) {
        draft.seek(if way == 0 { 1 } else { way }, holds);
    }
}

/// Enter: ends a find, else writes.
pub(super) fn accept(state: &mut State) -> Vec<Effect> {
    match open_draft(state).and_then(|draft| draft.find.as_mut()).filter(|find| find.is_typing) {
        Some(find) => {
            find.is_typing = false;
            Vec::new()
        }
        None => write(state),
    }
}

/// Esc: ends a find first. Tells whether there was one.
pub(super) fn end_find(draft: &mut Draft) -> bool {
    draft.find.take().is_some()
}

/// Opens the words of the section, or the pane with the records that it is made of.
fn write(state: &mut State) -> Vec<Effect> {
    let Some(chapter) = open_draft(state).and_then(|draft| draft.chapter().cloned()) else {
        state.say("j goes to the sections; :title changes the head");
        return Vec::new();
    };
    if chapter.origin == Origin::Made {
        return leave_for(state, &chapter.name);
    }
    write_in(state, chapter.origin, &chapter.written);
    Vec::new()
}

fn write_in(state: &mut State, origin: Origin, words: &str) {
    let stem = origin.stem().unwrap_or_default();
    let title = match &origin {
        Origin::File(_) => format!("sections/{}.md", crate::model::text::printable(stem)),
        _ => format!("section {}", crate::model::text::printable(stem)),
    };
    state.overlays.push(Overlay::Editor(Box::new(Editor::new(TextPurpose::Prose(origin), title, words))));
}

/// Closes the document and shows what a section is made of.
fn leave_for(state: &mut State, name: &str) -> Vec<Effect> {
    let kind = match name {
        "chain" | "attempts" => {
            state.overlays.pop();
            show_tab(state, Tab::Chain);
            return Vec::new();
        }
        "timeline" => "",
        "turning-points" | "detection" => "kind:marker",
        "hypotheses" | "refuted" => "kind:hypothesis",
        "factors" => "kind:factor",
        "resources" => "kind:resource",
        "stages" => "kind:stage",
        "went" => "kind:bucket",
        "actions" | "considered" => "kind:action",
        "lessons" => "kind:lesson",
        "questions" => "kind:question",
        "standings" => "kind:evidence",
        _ => {
            state.say("this section is made from the data: there is nothing to write; a adds a section");
            return Vec::new();
        }
    };
    state.overlays.pop();
    records::filter(state, kind)
}

/// Lists sections that can be added.
fn add(state: &mut State) {
    let Some(draft) = open_draft(state) else { return };
    let is_new = |stem: &str| draft.chapter_of(stem).is_none_or(|chapter| matches!(chapter.origin, Origin::Unwritten(_)));
    let item = |(stem, advice): &(&'static str, &'static str)| PickItem {
        label: stem.replace('-', " "),
        detail: advice.lines().next().unwrap_or_default().to_owned(),
        key: String::new(),
        value: PickValue::Section(stem),
    };
    let items = ADVICE.iter().filter(|entry| is_new(entry.0)).map(item).collect();
    state.overlays.push(Overlay::Picker(Picker::new(
        PickPurpose::Section,
        "write a section (others: sections/NAME.md of the case)",
        items,
    )));
}

/// One was taken.
pub(super) fn picked(state: &mut State, stem: &str) -> Vec<Effect> {
    write_in(state, Origin::Unwritten(stem.to_owned()), "");
    Vec::new()
}

/// Keeps what was written: in the file that it came from, else in a record of the case.
pub(super) fn save(state: &mut State, editor: &Editor, origin: &Origin) -> Vec<Effect> {
    let words = editor.text.text().trim_end().to_owned();
    let Some(stem) = origin.stem().map(str::to_owned) else { return Vec::new() };
    if let Some(draft) = open_draft(state) {
        draft.wanted = Some(match stem.as_str() {
            "summary" | "impact" => stem.clone(),
            other => format!("section.{other}"),
        });
    }
    match origin {
        Origin::File(_) => {
            if let CasePlace::Nowhere(why) = &state.session.place {
                let why = why.clone();
                state.warn(format!("not written: {why}"));
                state.overlays.push(Overlay::Editor(Box::new(editor.clone())));
                return Vec::new();
            }
            vec![Effect::WriteSection { stem, before: editor.original().to_owned(), text: words }]
        }
        Origin::Record(id, _) => {
            let edit = state.session.change(id, state.now, |record| record.text = words);
            state.session.commit(format!("section {stem}"), edit.into_iter().collect())
        }
        _ if words.is_empty() => {
            state.say("an empty section is not kept");
            Vec::new()
        }
        _ => {
            let kind = AnnotationKind::Section(Section { name: stem.clone() });
            let record = state.session.annotation(state.now, kind, words);
            state.session.commit(format!("section {stem}"), vec![Session::put(record)])
        }
    }
}

/// The file is written.
pub(super) fn written(state: &mut State, stem: &str) {
    // The document is made anew: its words have changed.
    state.session.revision += 1;
    state.say(format!("written: sections/{stem}.md"));
}

/// It is not: the words go back into the editor.
pub(super) fn failed(state: &mut State, stem: String, text: &str, why: &str) {
    let before = open_draft(state).and_then(|draft| draft.chapter_of(&stem)).map(|chapter| chapter.written.clone()).unwrap_or_default();
    write_in(state, Origin::File(stem), &before);
    if let Some(Overlay::Editor(editor)) = state.overlays.last_mut() {
        editor.text.replace(text);
    }
    state.warn(format!("not written: {why}"));
}
