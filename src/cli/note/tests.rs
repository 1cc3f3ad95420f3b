use super::*;

fn options(action: NoteAction, secs: i64) -> NoteOptions {
    NoteOptions { action, now: Timestamp::from_secs(1_800_000_000 + secs), entropy: 7, author: "on-call".into() }
}

fn add(what: NewNote, text: &str) -> NoteAction {
    NoteAction::Add { what, text: text.into(), tags: vec![] }
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
    let owned = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect();
    NewNote::Cause {
        cause_type: CauseType::Defect,
        status: CauseStatus::Suspected,
        at: None,
        evidence: owned(evidence),
        caused_by: owned(caused_by),
        relation: Relation::Causes,
    }
}

#[test]
fn what_a_command_says_is_there_when_the_case_is_opened_again() {
    let mut desk = Desk::new();
    desk.run(NoteAction::SetT0(Anchor { at: Timestamp::from_secs(100), label: "deploy".into() })).unwrap();
    desk.id(add(NewNote::Moment { at: Timestamp::from_secs(160), service: None, row_kind: None }, "pool full\nat last"));
    let first = desk.id(add(cause(&[], &[]), "leak"));
    let second = desk.id(add(cause(&[], &[&first]), "pool empty"));
    desk.run(NoteAction::Edit { id: first.clone(), change: NoteChange { status: Some(CauseStatus::Confirmed), ..NoteChange::default() } })
        .unwrap();
    let Desk { store, doc, dir, .. } = desk;
    drop(store);
    let (mut store, mut reopened, notices) = CaseStore::open(dir.path()).unwrap();
    assert_eq!((reopened.clone(), notices), (doc, vec![]));
    let text = run(&mut store, &mut reopened, &options(NoteAction::List { kind: None, format: ListFormat::Text }, 9)).unwrap().output;
    assert!(text.contains("T+1m      moment  pool full\n") && text.contains("cause defect confirmed  leak"), "{text}");
    assert!(text.contains(&format!("{first} causes {second}")), "{text}");
    let json = NoteAction::List { kind: Some("moment".into()), format: ListFormat::JsonLines };
    let json = run(&mut store, &mut reopened, &options(json, 9)).unwrap().output;
    let object: Value = serde_json::from_str(json.trim_end()).unwrap();
    assert_eq!((object["text"].as_str(), object["offset"].as_str()), (Some("pool full\nat last"), Some("T+1m")));
}

#[test]
fn a_marker_replaces_the_one_of_its_name() {
    let mut desk = Desk::new();
    for secs in [5, 6] {
        desk.run(add(NewNote::Marker { name: MarkerName::Detected, at: Timestamp::from_secs(secs), latest: None, rule: None }, ""))
            .unwrap();
    }
    assert_eq!((desk.doc.annotations.len(), desk.doc.marker(MarkerName::Detected)), (1, Some(Timestamp::from_secs(6))));
}

#[test]
fn a_removed_cause_leaves_no_dangling_links() {
    let mut desk = Desk::new();
    let first = desk.id(add(cause(&[], &[]), "a"));
    let _ = desk.id(add(cause(&[], &[&first]), "b"));
    let action = NewNote::Action { item: ActionItem::default(), causes: vec![first.clone()] };
    desk.run(add(action, "mend a")).unwrap();
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
    let wrong = NoteAction::Edit { id, change: NoteChange { effect: Some("worked".into()), ..NoteChange::default() } };
    assert!(desk.run(wrong).unwrap_err().to_string().contains("only an attempt"));
    assert!(desk.run(add(cause(&[], &[]), " ")).unwrap_err().to_string().contains("needs a text"));
}

#[test]
fn ids_sort_by_time_and_have_the_usual_form() {
    assert_eq!(ulid(Timestamp::from_millis(1_469_918_176_385), 0).0, "01ARYZ6S410000000000000000");
    assert!(ulid(Timestamp::from_secs(1), u128::MAX) < ulid(Timestamp::from_secs(2), 0));
}
