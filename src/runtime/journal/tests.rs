mod disk;

use std::fs;

use serde_json::Map;

use super::*;
use crate::model::case::{CaseMeta, Edit, MarkerName};
use crate::model::{Annotation, AnnotationKind, Timestamp};

fn marker(id: &str, secs: i64, text: &str) -> Annotation {
    Annotation {
        id: AnnotationId(id.into()),
        kind: AnnotationKind::Marker {
            name: MarkerName::Detected,
            at: Timestamp::from_secs(secs),
            latest: None,
            rule: "manual".into(),
            evidence: Vec::new(),
        },
        text: text.into(),
        tags: vec![],
        visibility: crate::model::case::Visibility::default(),
        is_pinned: false,
        author: "oncall".into(),
        created: Timestamp::from_secs(1),
        updated: Timestamp::from_secs(1),
        revision: 1,
        unknown: Map::new(),
    }
}

/// Puts, changes and removes records and renames the case: every sort of edit, the last step undoes one.
fn story() -> Vec<EditStep> {
    let put = |before: Option<&Annotation>, after: Option<&Annotation>| Edit::Put {
        before: before.cloned().map(Box::new),
        after: after.cloned().map(Box::new),
    };
    let step = |edits| EditStep { name: "edit".into(), edits };
    let (a, a2, b) = (marker("A", 9, "one"), marker("A", 8, "two\nlines"), marker("B", 3, "b"));
    let titled = CaseMeta { title: "Order \"outage\"".into(), ..CaseMeta::default() };
    let rename = Edit::Meta { before: Box::default(), after: Box::new(titled) };
    let remove = step(vec![put(Some(&b), None)]);
    vec![
        step(vec![put(None, Some(&a))]),
        step(vec![put(Some(&a), Some(&a2)), put(None, Some(&b))]),
        step(vec![rename]),
        remove.clone(),
        remove.inverse(),
    ]
}

fn apply(doc: &mut CaseDoc, step: &EditStep) {
    step.edits.iter().for_each(|edit| doc.apply(edit));
}

#[test]
fn after_every_prefix_of_the_journal_the_case_is_what_it_was_then() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, mut doc, _) = CaseStore::open(dir.path()).unwrap();
    let mut states = vec![(0, doc.clone())];
    let journal = dir.path().join(".coroner/journal");
    for step in story() {
        store.append(&step).unwrap();
        apply(&mut doc, &step);
        states.push((fs::read(&journal).unwrap().len(), doc.clone()));
    }
    drop(store);
    let bytes = fs::read(&journal).unwrap();
    for cut in 0..=bytes.len() {
        fs::write(&journal, &bytes[..cut]).unwrap();
        let (mut reopened, found, notices) = CaseStore::open(dir.path()).unwrap();
        let (whole, expected) = states.iter().rev().find(|state| state.0 <= cut).unwrap();
        assert_eq!(found, *expected, "cut at {cut}");
        assert_eq!(notices.iter().any(|notice| notice.contains("cut off")), cut > *whole, "{notices:?}");
        if cut % 97 == 0 {
            // What is written after a torn line must not be swallowed by it.
            reopened.append(&story()[0]).unwrap();
            drop(reopened);
            let mut after = expected.clone();
            apply(&mut after, &story()[0]);
            assert_eq!(CaseStore::open(dir.path()).unwrap().1, after);
        }
    }
}

#[test]
fn a_save_at_any_point_and_a_kill_before_the_journal_is_emptied_change_nothing() {
    for n_saved in 0..=story().len() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, mut doc, _) = CaseStore::open(dir.path()).unwrap();
        for (index, step) in story().iter().enumerate() {
            if index == n_saved {
                store.save(&doc).unwrap();
            }
            store.append(step).unwrap();
            apply(&mut doc, step);
        }
        let journal = fs::read(dir.path().join(".coroner/journal")).unwrap();
        store.save(&doc).unwrap();
        drop(store);
        assert_eq!(fs::read(dir.path().join(".coroner/journal")).unwrap().len(), 0);
        let (_, found, notices) = CaseStore::open(dir.path()).unwrap();
        assert_eq!((found, notices), (doc.clone(), vec![]));
        fs::write(dir.path().join(".coroner/journal"), journal).unwrap();
        let (_, found, notices) = CaseStore::open(dir.path()).unwrap();
        assert_eq!(found, doc);
        assert!(!notices.iter().any(|notice| notice.contains("also changed")), "{notices:?}");
    }
}

#[test]
fn a_line_broken_in_the_middle_is_told_and_the_rest_is_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let private = dir.path().join(".coroner");
    fs::create_dir_all(&private).unwrap();
    let lines: Vec<String> = story().iter().take(2).map(|step| step_to_json(step).to_string()).collect();
    fs::write(private.join("journal"), format!("{}\n{{bro\u{fffd}ken\n{}\n", lines[0], lines[1])).unwrap();
    let (_, doc, notices) = CaseStore::open(dir.path()).unwrap();
    assert_eq!(doc.annotations.len(), 2);
    assert!(notices[0].contains("journal:2"), "{notices:?}");
    assert!(private.join("journal.damaged").exists());
}

#[test]
fn opening_a_folder_writes_nothing_and_the_first_save_makes_a_case_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("new/case");
    let (mut store, mut doc, notices) = CaseStore::open(&case).unwrap();
    assert!(notices.is_empty() && !case.exists());
    apply(&mut doc, &story()[0]);
    store.save(&doc).unwrap();
    let mut names: Vec<String> = fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [".coroner", ".gitattributes", ".gitignore", "annotations.jsonl", "case.toml"]);
    assert_eq!(fs::read_to_string(case.join(".gitignore")).unwrap(), ".coroner/\n");
    fs::write(case.join(".gitignore"), "target\n.coroner/").unwrap();
    store.save(&doc).unwrap();
    assert_eq!(fs::read_to_string(case.join(".gitignore")).unwrap(), "target\n.coroner/");
}

#[test]
fn the_second_opener_only_reads() {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, mut doc, _) = CaseStore::open(dir.path()).unwrap();
    let (mut early, ..) = CaseStore::open(dir.path()).unwrap();
    first.append(&story()[0]).unwrap();
    apply(&mut doc, &story()[0]);
    let (mut second, seen, notices) = CaseStore::open(dir.path()).unwrap();
    assert_eq!(seen, doc);
    assert!(notices.iter().any(|notice| notice.contains(&format!("process {}", std::process::id()))), "{notices:?}");
    assert!(matches!(second.append(&story()[1]), Err(StoreError::ReadOnly { .. })));
    assert!(matches!(early.append(&story()[1]), Err(StoreError::ReadOnly { .. })), "opened before there was a lock");
    drop(first);
    let (mut third, ..) = CaseStore::open(dir.path()).unwrap();
    third.append(&story()[1]).unwrap();
}

#[test]
fn who_opened_before_others_wrote_does_not_cut_off_their_journal() {
    let dir = tempfile::tempdir().unwrap();
    let (mut early, ..) = CaseStore::open(dir.path()).unwrap();
    let (mut other, mut doc, _) = CaseStore::open(dir.path()).unwrap();
    other.append(&story()[0]).unwrap();
    apply(&mut doc, &story()[0]);
    drop(other);
    assert!(matches!(early.append(&story()[1]), Err(StoreError::ChangedOnDisk { .. })));
    drop(early);
    assert_eq!(CaseStore::open(dir.path()).unwrap().1, doc);
}

#[test]
fn the_lock_of_a_killed_process_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let private = dir.path().join(".coroner");
    fs::create_dir_all(&private).unwrap();
    let (store, ..) = CaseStore::open(dir.path()).unwrap();
    let own = fs::read_to_string(private.join("lock")).unwrap();
    drop(store);
    for stale in [
        own.replace(&format!("\"pid\":{}", std::process::id()), "\"pid\":4194305"),
        String::new(),
        own.replace("started\":\"", "started\":\"9"),
    ] {
        fs::write(private.join("lock"), stale).unwrap();
        assert_eq!(CaseStore::open(dir.path()).unwrap().0.mode(), &Mode::Writable);
    }
    fs::write(private.join("lock"), "{\"pid\":1,\"host\":\"another-host\"}").unwrap();
    assert!(matches!(CaseStore::open(dir.path()).unwrap().0.mode(), Mode::ReadOnly(why) if why.contains("another-host")));
}

#[test]
fn a_folder_that_takes_no_files_says_so_and_names_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data.tar");
    fs::write(&file, "x").unwrap();
    let (mut store, mut doc, _) = CaseStore::open(&file).unwrap();
    apply(&mut doc, &story()[0]);
    for error in [store.append(&story()[0]).unwrap_err(), store.save(&doc).unwrap_err()] {
        let words = error.to_string();
        assert!(words.contains("data.tar") && words.contains("--case DIR"), "{words}");
    }
    assert!(CaseStore::in_memory().append(&story()[0]).unwrap_err().to_string().contains("--case DIR"));
}

/// A case that was saved with "one", edited to "two" since, and changed by others meanwhile.
fn changed_outside(from: &str, to: &str) -> (tempfile::TempDir, CaseStore, CaseDoc) {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, mut doc, _) = CaseStore::open(dir.path()).unwrap();
    let steps = story();
    store.append(&steps[0]).unwrap();
    apply(&mut doc, &steps[0]);
    store.save(&doc).unwrap();
    assert!(!store.has_moved(), "our own save");
    store.append(&steps[1]).unwrap();
    apply(&mut doc, &steps[1]);
    let path = dir.path().join("annotations.jsonl");
    let theirs = fs::read_to_string(&path).unwrap().replace(from, to);
    fs::write(&path, &theirs).unwrap();
    (dir, store, doc)
}

#[test]
fn what_others_wrote_meanwhile_is_merged_by_field_and_never_overwritten() {
    let (dir, mut store, doc) = changed_outside("\"rule\":\"manual\"", "\"rule\":\"pager\"");
    assert!(store.has_moved());
    assert!(matches!(store.save(&doc), Err(StoreError::ChangedOnDisk { .. })));
    let outside = store.merge_outside(&doc).unwrap().unwrap();
    assert_eq!(outside.words, "1 record changed");
    store.save(&outside.doc).unwrap();
    drop(store);
    let (_, found, notices) = CaseStore::open(dir.path()).unwrap();
    assert_eq!((&found, notices), (&outside.doc, vec![]));
    let saved = fs::read_to_string(dir.path().join("annotations.jsonl")).unwrap();
    assert!(saved.contains("pager") && saved.contains("two\\nlines"), "{saved}");
}

#[test]
fn a_field_that_others_changed_too_is_a_conflict_with_both_values() {
    let (dir, mut store, doc) = changed_outside("\"one\"", "\"theirs\"");
    let outside = store.merge_outside(&doc).unwrap().unwrap();
    assert!(outside.words.contains("1 conflict to settle"), "{}", outside.words);
    assert_eq!(store.merge_outside(&doc).unwrap().unwrap(), outside, "asking changes nothing");
    store.save_merged(&doc).unwrap();
    let saved = fs::read_to_string(dir.path().join("annotations.jsonl")).unwrap();
    assert!(saved.contains("theirs") && saved.contains("two"), "{saved}");
}

#[test]
fn the_journal_of_a_killed_process_is_merged_with_what_others_wrote_since() {
    let (dir, store, doc) = changed_outside("\"rule\":\"manual\"", "\"rule\":\"pager\"");
    drop(store);
    let toml = dir.path().join("case.toml");
    fs::write(&toml, "title = \"theirs\"\n").unwrap();
    let (mut store, found, notices) = CaseStore::open(dir.path()).unwrap();
    assert!(notices.iter().any(|notice| notice.contains("both changes were merged")), "{notices:?}");
    let id = AnnotationId("A".into());
    let text = format!("{:?}", found.annotations[&id]);
    assert!(text.contains("pager") && found.annotations[&id].text == doc.annotations[&id].text, "{text}");
    assert_eq!(found.meta.title, "theirs");
    store.save(&found).unwrap();
}

#[test]
fn the_head_of_the_case_is_merged_key_by_key() {
    let (dir, mut store, mut doc) = changed_outside("", "");
    fs::write(dir.path().join("case.toml"), "# hers\nseverity = \"SEV1\"\n").unwrap();
    doc.meta.title = "ours".into();
    let outside = store.merge_outside(&doc).unwrap().unwrap();
    assert_eq!(outside.words, "case.toml");
    store.save(&outside.doc).unwrap();
    let saved = fs::read_to_string(dir.path().join("case.toml")).unwrap();
    assert!(saved.contains("# hers") && saved.contains("SEV1") && saved.contains("ours"), "{saved}");
}

#[test]
fn a_case_file_that_does_not_parse_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("case.toml"), "title = \"x\"\n<<<<<<< ours\n").unwrap();
    let (mut store, doc, notices) = CaseStore::open(dir.path()).unwrap();
    assert!(notices[0].starts_with("case.toml:2"), "{notices:?}");
    assert!(matches!(store.save(&doc), Err(StoreError::ReadOnly { .. })));
}

#[test]
fn sections_are_read_by_their_stem() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sections")).unwrap();
    for (name, bytes) in [("summary.md", &b"We lost orders."[..]), ("broken.md", b"\xff"), ("notes.txt", b"x")] {
        fs::write(dir.path().join("sections").join(name), bytes).unwrap();
    }
    let (sections, notices) = CaseStore::open(dir.path()).unwrap().0.sections();
    assert_eq!(sections.into_iter().collect::<Vec<_>>(), [("summary".to_owned(), "We lost orders.".to_owned())]);
    assert!(notices.len() == 1 && notices[0].contains("broken.md"));
}

#[test]
fn a_step_says_who_made_it_and_older_ones_do_not() {
    let (first, second) = (step_to_json(&story()[0]), step_to_json(&story()[1]));
    let lines = format!("{}\n{second}\n", signed(first, "ann"));
    let journal = read_journal(lines.as_bytes());
    assert_eq!((journal.authors, journal.steps.len()), (vec!["ann".to_owned(), String::new()], 2));
}

#[test]
fn files_that_lack_what_the_journal_kept_are_known_until_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, mut doc, _) = CaseStore::open(dir.path()).unwrap();
    assert!(!store.is_behind(&doc));
    for step in &story()[..3] {
        store.append(step).unwrap();
        apply(&mut doc, step);
    }
    drop(store);
    // Killed before the files were written: the next to open them finds it in the journal.
    let (mut store, doc, _) = CaseStore::open(dir.path()).unwrap();
    assert!(store.is_behind(&doc) && !dir.path().join(META).exists());
    store.save(&doc).unwrap();
    drop(store);
    let (store, again, _) = CaseStore::open(dir.path()).unwrap();
    assert!(!store.is_behind(&again) && again == doc);
}
