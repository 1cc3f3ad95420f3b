use serde_json::json;

use super::*;
use crate::model::case::{ActionItem, Cause, MarkerName, Question};

fn options(action: NoteAction, secs: i64) -> NoteOptions {
    NoteOptions { action, now: Timestamp::from_secs(1_800_000_000 + secs), entropy: 7, author: "on-call".into() }
}

fn add(new: NewNote, text: &str) -> NoteAction {
    NoteAction::Add(Box::new(NewNote { text: text.into(), ..new }))
}

fn moment(secs: i64) -> NewNote {
    let at = Timestamp::from_secs(secs);
    NewNote::new(AnnotationKind::Moment { at, service: None, row_kind: None, uncertainty_ns: None }, "")
}

fn list(select: Select, format: ListFormat) -> NoteAction {
    NoteAction::List { select, format, standings: Standings::new() }
}

fn fields(pairs: &Value) -> NoteChange {
    NoteChange { fields: pairs.as_object().unwrap().clone(), ..NoteChange::default() }
}

struct Desk {
    store: CaseStore,
    doc: CaseDoc,
    clock: i64,
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, doc, _) = CaseStore::open(dir.path()).unwrap();
        Self { store, doc, clock: 0, dir }
    }

    fn run(&mut self, action: NoteAction) -> anyhow::Result<NoteOutcome> {
        self.clock += 1;
        run(&mut self.store, &mut self.doc, &options(action, self.clock))
    }

    fn id(&mut self, action: NoteAction) -> String {
        self.run(action).unwrap().id.unwrap().0
    }
}

fn cause(evidence: &[&String], caused_by: &[&String]) -> NewNote {
    let evidence = evidence.iter().map(|id| AnnotationId((*id).clone())).collect();
    let kind = AnnotationKind::Cause(Cause { evidence, ..Cause::default() });
    NewNote { caused_by: caused_by.iter().map(|id| (*id).clone()).collect(), ..NewNote::new(kind, "") }
}

#[test]
fn what_a_command_says_is_there_when_the_case_is_opened_again() {
    let mut desk = Desk::new();
    desk.run(NoteAction::SetT0(Anchor { at: Timestamp::from_secs(100), label: "deploy".into() })).unwrap();
    desk.id(add(moment(160), "pool full\nat last"));
    let first = desk.id(add(cause(&[], &[]), "leak"));
    let second = desk.id(add(cause(&[], &[&first]), "pool empty"));
    desk.run(NoteAction::Edit { id: first.clone(), change: fields(&json!({"status": "confirmed"})) }).unwrap();
    let Desk { store, doc, dir, .. } = desk;
    drop(store);
    let (mut store, mut reopened, notices) = CaseStore::open(dir.path()).unwrap();
    assert_eq!((reopened.clone(), notices), (doc, vec![]));
    let text = run(&mut store, &mut reopened, &options(list(Select::default(), ListFormat::Text), 9)).unwrap().output;
    assert!(text.contains("T+1m      moment  pool full\n") && text.contains("cause defect confirmed  leak"), "{text}");
    assert!(text.contains(&format!("{first} causes {second}")), "{text}");
    let json = list(Select { kinds: vec!["moment".into()], ..Select::default() }, ListFormat::JsonLines);
    let json = run(&mut store, &mut reopened, &options(json, 9)).unwrap().output;
    let object: Value = serde_json::from_str(json.trim_end()).unwrap();
    assert_eq!((object["text"].as_str(), object["offset"].as_str()), (Some("pool full\nat last"), Some("T+1m")));
}

#[test]
fn a_marker_replaces_the_one_of_its_name() {
    let mut desk = Desk::new();
    for secs in [5, 6] {
        let at = Timestamp::from_secs(secs);
        let kind = AnnotationKind::Marker { name: MarkerName::Detected, at, latest: None, rule: "manual".into(), evidence: vec![] };
        desk.run(add(NewNote::new(kind, ""), "")).unwrap();
    }
    assert_eq!((desk.doc.annotations.len(), desk.doc.marker(MarkerName::Detected)), (1, Some(Timestamp::from_secs(6))));
}

#[test]
fn a_removed_cause_leaves_no_dangling_links() {
    let mut desk = Desk::new();
    let first = desk.id(add(cause(&[], &[]), "a"));
    let _ = desk.id(add(cause(&[], &[&first]), "b"));
    let action = ActionItem { causes: vec![AnnotationId(first[..25].to_owned()), AnnotationId(first.clone())], ..ActionItem::default() };
    desk.run(add(NewNote::new(AnnotationKind::Action(action), ""), "mend a")).unwrap();
    assert!(desk.doc.annotations.values().any(|note| note.kind.references() == [("causes", AnnotationId(first.clone()))]));
    desk.run(NoteAction::Remove { id: first }).unwrap();
    let kinds: Vec<&str> = desk.doc.annotations.values().map(|annotation| annotation.kind.name()).collect();
    assert_eq!(kinds, ["cause", "action"]);
    assert!(
        desk.doc
            .annotations
            .values()
            .all(|annotation| !matches!(&annotation.kind, AnnotationKind::Action(action) if !action.causes.is_empty()))
    );
}

#[test]
fn an_id_may_be_given_by_its_beginning_if_only_one_fits() {
    let mut desk = Desk::new();
    let id = desk.id(add(cause(&[], &[]), "a"));
    desk.id(add(cause(&[], &[]), "b"));
    assert!(find(&desk.doc, &id[..3]).unwrap_err().to_string().contains("2 notes"));
    assert_eq!(find(&desk.doc, &id.to_lowercase()).unwrap().text, "a");
    assert!(find(&desk.doc, "ZZZ").unwrap_err().to_string().contains("no note"));
    let wrong = NoteAction::Edit { id, change: fields(&json!({"status": "perhaps"})) };
    assert!(desk.run(wrong).unwrap_err().to_string().contains("perhaps"));
    assert!(desk.run(add(cause(&[], &[]), " ")).unwrap_err().to_string().contains("needs a text"));
}

#[test]
fn ids_sort_by_time_and_have_the_usual_form() {
    assert_eq!(ulid(Timestamp::from_millis(1_469_918_176_385), 0).0, "01ARYZ6S410000000000000000");
    assert!(ulid(Timestamp::from_secs(1), u128::MAX) < ulid(Timestamp::from_secs(2), 0));
}

#[test]
fn tags_and_times_change_for_many_notes_as_one_step() {
    let mut desk = Desk::new();
    let ids: Vec<String> = [10, 20].iter().map(|secs| desk.id(add(moment(*secs), "x"))).collect();
    desk.run(add(NewNote::new(AnnotationKind::Question(Question::default()), ""), "why?")).unwrap();
    let moments = Select { kinds: vec!["moment".into()], ..Select::default() };
    let tag = NoteAction::Tag { select: moments, add: vec!["clock".into()], remove: vec![] };
    assert_eq!(desk.run(tag).unwrap().output.lines().count(), 2);
    let tagged = Select { tags: vec!["clock".into()], ..Select::default() };
    desk.run(NoteAction::Retime { select: tagged, by_ns: -5_000_000_000 }).unwrap();
    let times: Vec<i64> = ids.iter().map(|id| desk.doc.annotations[&AnnotationId(id.clone())].at().unwrap().0 / 1_000_000_000).collect();
    assert_eq!(times, [5, 15]);
    let all = NoteAction::Retime { select: Select::default(), by_ns: 1 };
    assert!(desk.run(all).unwrap_err().to_string().contains("say which"));
    let question = desk.doc.annotations.values().find(|note| note.kind.name() == "question").unwrap().id.0.clone();
    let named = NoteAction::Retime { select: Select { ids: vec![question], ..Select::default() }, by_ns: 1 };
    assert!(desk.run(named).unwrap_err().to_string().contains("has no time"));
}

#[test]
fn a_note_shows_how_it_came_to_be_even_after_the_journal_was_emptied() {
    let mut desk = Desk::new();
    let id = desk.id(add(moment(10), "pool full"));
    desk.run(NoteAction::Edit { id: id.clone(), change: NoteChange { text: Some("pool empty".into()), ..NoteChange::default() } }).unwrap();
    let text = desk.run(NoteAction::Show { id: id.clone(), format: ListFormat::Text, standings: Standings::new() }).unwrap().output;
    assert!(text.contains("rev 1") && text.contains("text: pool full → pool empty"), "{text}");
    let json: Value = serde_json::from_str(
        &desk.run(NoteAction::Show { id, format: ListFormat::JsonLines, standings: Standings::new() }).unwrap().output,
    )
    .unwrap();
    assert_eq!((json["schema"].as_str(), json["history"].as_array().unwrap().len()), (Some("coroner.note/1"), 2));
    assert_eq!(json["history"][1]["changes"], json!({"text": ["pool full", "pool empty"]}));
}
