//! Merging: what both sides wrote is there afterwards, whoever merges, however often.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::report::case_file::{Merged, annotation_to_json, merge_annotations, merge_lock, merge_meta, settle_meta};

/// A file with these records; the ids in `removed` have a tombstone.
fn file(records: &[Value], removed: &[&str]) -> String {
    let mut text: String = records.iter().map(|record| format!("{record}\n")).collect();
    text.extend(removed.iter().map(|id| format!("{{\"id\":\"{id}\",\"del\":true}}\n")));
    text
}

fn cause(text: &str, status: &str, evidence: &[&str], rev: u32) -> Value {
    json!({"id": "C", "v": 1, "kind": "cause", "t0": "2026-11-23T02:30:22Z", "t1": "2026-11-23T02:30:22Z", "order": 1, "ctype": "defect",
        "status": status, "ev": evidence, "text": text, "rev": rev})
}

fn merged(base: &str, ours: &str, theirs: &str) -> (CaseDoc, Merged) {
    let merged = merge_annotations(base, ours, theirs);
    assert_eq!(merged, merge_annotations(base, theirs, ours), "the sides swapped");
    assert_eq!(merge_annotations(base, &merged.text, theirs).text, merged.text, "merged again");
    let annotations = parse_annotations(&merged.text).annotations;
    (CaseDoc { annotations, ..CaseDoc::default() }, merged)
}

#[test]
fn two_fields_of_one_record_changed_by_two_people_are_both_changed() {
    let base = file(&[cause("leak", "suspected", &["A"], 1)], &[]);
    let ours = file(&[cause("leak", "confirmed", &["A", "B"], 2)], &[]);
    let theirs = file(&[cause("the handler leaks", "suspected", &["A", "C"], 2)], &[]);
    let (doc, found) = merged(&base, &ours, &theirs);
    assert!(found.conflicts.is_empty(), "{found:?}");
    let fields = annotation_to_json(&doc.annotations[&AnnotationId("C".into())]);
    assert_eq!(
        (&fields["text"], &fields["status"], &fields["ev"]),
        (&json!("the handler leaks"), &json!("confirmed"), &json!(["A", "B", "C"]))
    );
}

#[test]
fn one_field_changed_by_two_people_is_a_conflict_that_either_value_settles() {
    let base = file(&[cause("leak", "suspected", &[], 1)], &[]);
    let (ours, theirs) = (file(&[cause("one", "suspected", &[], 2)], &[]), file(&[cause("other", "suspected", &[], 3)], &[]));
    let (doc, found) = merged(&base, &ours, &theirs);
    assert_eq!(found.conflicts.len(), 1);
    let id = AnnotationId("C".into());
    assert_eq!(doc.annotations[&id].text, "other", "the newer one stands");
    let conflict = doc.conflicts()[0].0.id.clone();
    for (choice, text) in [(Choice::First, "other"), (Choice::Second, "one")] {
        let mut settled = doc.clone();
        settled.settle(&conflict, choice, Timestamp(9)).unwrap().iter().for_each(|edit| settled.apply(edit));
        assert_eq!((settled.annotations.len(), settled.annotations[&id].text.as_str()), (1, text));
        // What is settled stays settled when the branch is merged once more.
        let written = write_annotations(&settled.annotations, &parse_annotations(&found.text));
        let again = merge_annotations(&base, &written, &theirs);
        assert!(again.conflicts.is_empty() && parse_annotations(&again.text).annotations == settled.annotations, "{again:?}");
    }
}

#[test]
fn a_record_removed_here_and_changed_there_stays_with_a_conflict() {
    let base = file(&[cause("leak", "suspected", &[], 1)], &[]);
    let (ours, theirs) = (file(&[], &["C"]), file(&[cause("leaks", "suspected", &[], 2)], &[]));
    let (mut doc, found) = merged(&base, &ours, &theirs);
    assert_eq!((doc.annotations.len(), found.conflicts.len()), (2, 1));
    let conflict = doc.conflicts()[0].0.id.clone();
    doc.settle(&conflict, Choice::Second, Timestamp(9)).unwrap().iter().for_each(|edit| doc.apply(edit));
    assert!(doc.annotations.is_empty(), "{doc:?}");
    let (doc, _) = merged(&base, &file(&[], &["C"]), &base);
    assert!(doc.annotations.is_empty(), "removed here and untouched there is removed");
}

#[test]
fn two_kinds_under_one_id_are_a_conflict_of_whole_records() {
    let quote = json!({"id": "C", "v": 1, "kind": "quote", "t": "2026-11-23T02:30:22Z", "text": "it leaks", "rev": 2});
    let (doc, found) = merged("", &file(&[quote], &[]), &file(&[cause("leak", "suspected", &[], 1)], &[]));
    assert_eq!(found.conflicts.len(), 1);
    assert_eq!(doc.annotations[&AnnotationId("C".into())].kind.name(), "quote");
    assert!(doc.conflicts()[0].1.sides[1].as_ref().is_some_and(|side| side["kind"] == "cause"));
}

#[test]
fn what_nobody_knows_is_merged_too() {
    let alien = |mood: &str, size: u32| json!({"id": "Z", "kind": "dream", "mood": mood, "size": size, "text": "x", "rev": 1});
    let line = |value: Value| file(&[value], &[]) + "{broken\n";
    let (doc, found) = merged(&line(alien("blue", 1)), &line(alien("red", 1)), &line(alien("blue", 2)));
    let record = annotation_to_json(&doc.annotations[&AnnotationId("Z".into())]);
    assert_eq!((&record["mood"], &record["size"], &record["kind"]), (&json!("red"), &json!(2), &json!("dream")));
    assert_eq!(found.text.matches("{broken").count(), 1, "{}", found.text);
}

#[test]
fn a_file_that_git_left_half_merged_opens_as_if_the_driver_had_merged_it() {
    let [base, ours, theirs] = [("leak", 1), ("one", 2), ("other", 3)].map(|(text, rev)| file(&[cause(text, "suspected", &[], rev)], &[]));
    let whole = format!("<<<<<<< ours\n{ours}||||||| base\n{base}=======\n{theirs}>>>>>>> theirs\n");
    let (doc, _) = merged(&base, &ours, &theirs);
    assert_eq!(parse_annotations(&whole).annotations, doc.annotations);
    assert!(parse_annotations(&whole).problems.kept().iter().any(|problem| problem.reason.contains("1 conflicts")));
    let two_sides = format!("<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n");
    assert_eq!(parse_annotations(&two_sides).annotations.len(), 2);
}

#[test]
fn case_toml_is_merged_by_key_and_keeps_the_comments_of_both() {
    let base = "title = \"x\"\nseverity = \"SEV3\"\nservices = [\"a\"]\nmood = \"low\"\n\n[[slos]]\nname = \"orders\"\nobjective = 0.999\nwindow = \"30d\"\nbad = \"b\"\ntotal = \"t\"\n";
    let ours = base.replace("\"x\"", "\"ours\" # mine").replace("SEV3", "SEV1").replace("[\"a\"]", "[\"a\", \"b\"]");
    let theirs = base.replace("SEV3", "SEV2").replace("[\"a\"]", "[\"c\", \"a\"]").replace("0.999", "0.99 # theirs").replace("low", "high");
    let text = merge_meta(base, &ours, &theirs).unwrap();
    let swapped = merge_meta(base, &theirs, &ours).unwrap();
    let loaded = parse_meta(&text.text).unwrap();
    assert_eq!(loaded.meta, parse_meta(&swapped.text).unwrap().meta);
    let meta = &loaded.meta;
    assert_eq!((meta.title.as_str(), meta.services.join(" ").as_str(), meta.slos[0].objective), ("ours", "a b c", 0.99));
    for kept in ["# mine", "# theirs", "mood = \"high\""] {
        assert!(text.text.contains(kept), "{kept} is gone in\n{}", text.text);
    }
    assert_eq!((text.conflicts.len(), meta.conflicts.len(), meta.severity.as_deref()), (1, 1, Some("SEV1")));
    let settled = settle_meta(meta, &meta.conflicts[0], Choice::Second).unwrap();
    assert_eq!((settled.severity.as_deref(), settled.conflicts.len(), settled.slos.len()), (Some("SEV2"), 0, 1));
    assert_eq!(settle_meta(meta, &meta.conflicts[0], Choice::First).unwrap().severity.as_deref(), Some("SEV1"));
    assert!(merge_meta(base, "a = \n", &theirs).is_err());
}

#[test]
fn an_entry_of_a_list_is_merged_by_its_name() {
    let slo = |name: &str, objective: &str| {
        format!("[[slos]]\nname = \"{name}\"\nobjective = {objective}\nwindow = \"30d\"\nbad = \"b\"\ntotal = \"t\"\n")
    };
    let base = slo("orders", "0.999");
    let text = merge_meta(&base, &(slo("orders", "0.99") + &slo("new", "0.9")), &(slo("pay", "0.5") + &slo("orders", "0.95"))).unwrap();
    let meta = parse_meta(&text.text).unwrap().meta;
    assert_eq!(meta.slos.iter().map(|slo| slo.name.as_str()).collect::<Vec<_>>(), ["orders", "new", "pay"]);
    assert_eq!(meta.conflicts[0].key, ["slos", "orders", "objective"]);
    let settled = settle_meta(&meta, &meta.conflicts[0], Choice::Second).unwrap();
    assert!((settled.slos[0].objective - meta.slos[0].objective).abs() > 1e-9);
}

#[test]
fn the_lock_is_merged_by_path() {
    let lock = |paths: &[&str]| {
        write_lock(&paths.iter().map(|path| LockedSource { path: (*path).into(), ..LockedSource::default() }).collect::<Vec<_>>())
    };
    let text = merge_lock(&lock(&["a", "b"]), &lock(&["a", "b", "c"]), &lock(&["b", "d"]));
    assert_eq!(parse_lock(&text).iter().map(|source| source.path.as_str()).collect::<Vec<_>>(), ["b", "c", "d"]);
}

/// A version of a base: some records changed, removed and added.
fn any_version() -> BoxedStrategy<Vec<(Annotation, u8)>> {
    let id = prop::sample::select(vec!["A", "B", "C", "D"]);
    // Boxed: three of them would not fit the stack of a test.
    prop::collection::vec((any_annotation().boxed(), id, 0u8..6), 0..5)
        .prop_map(|list: Vec<(Annotation, &str, u8)>| {
            list.into_iter().map(|(annotation, id, how)| (Annotation { id: AnnotationId(id.into()), ..annotation }, how)).collect()
        })
        .boxed()
}

fn version(base: &BTreeMap<AnnotationId, Annotation>, changes: &[(Annotation, u8)]) -> String {
    let mut map = base.clone();
    for (other, how) in changes {
        match (how, map.get_mut(&other.id)) {
            (0, Some(_)) => drop(map.remove(&other.id)),
            (1, Some(known)) => known.text.clone_from(&other.text),
            (2, Some(known)) => known.tags.clone_from(&other.tags),
            (3, Some(known)) => known.revision = known.revision.saturating_add(1),
            (4, Some(known)) if known.kind.name() == other.kind.name() => known.kind = other.kind.clone(),
            _ => drop(map.insert(other.id.clone(), other.clone())),
        }
    }
    let loaded = parse_annotations(&write_annotations(base, &LoadedAnnotations::default()));
    write_annotations(&map, &loaded)
}

/// What a side changed and the merged file does not hold, neither in its record nor in a conflict.
fn lost(base: &str, side: &str, merged: &str) -> Vec<String> {
    let [base, side, merged] = [base, side, merged].map(|text| parse_annotations(text).annotations);
    let doc = CaseDoc { annotations: merged, ..CaseDoc::default() };
    let mut lost = Vec::new();
    for (id, record) in side.iter().filter(|(id, record)| base.get(*id) != Some(*record)) {
        let fields = annotation_to_json(record);
        let before = base.get(id).map(annotation_to_json).unwrap_or_default();
        let found = doc.annotations.get(id).map(annotation_to_json).unwrap_or_default();
        let told: Vec<(String, Option<Value>)> = doc
            .conflicts()
            .iter()
            .filter(|(_, conflict)| conflict.of == *id)
            .flat_map(|(_, conflict)| conflict.sides.clone().map(|side| (conflict.field.clone(), side)))
            .collect();
        if told.iter().any(|(field, _)| field == "*" || field == "del") {
            continue;
        }
        for (key, value) in fields
            .iter()
            .filter(|(key, value)| before.get(*key) != Some(*value) && !["rev", "created", "updated", "v"].contains(&key.as_str()))
        {
            let members = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
            let is_united = value.is_array()
                && value.as_array().is_some_and(|list| {
                    list.iter().all(|one| members(found.get(key)).contains(one) || members(before.get(key)).contains(one))
                });
            let is_told = told.iter().any(|(field, side)| {
                (field == key || field.starts_with(&format!("{key}."))) && (side.as_ref() == Some(value) || field != key)
            });
            let is_table = value.is_object() && found.get(key).is_some_and(Value::is_object);
            if found.get(key) != Some(value) && !is_united && !is_told && !is_table {
                lost.push(format!("{}.{key} = {value}", id.0));
            }
        }
    }
    lost
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_merge_is_symmetric_loses_nothing_and_is_done_once(base in any_version(), x in any_version(), y in any_version()) {
        let base: BTreeMap<_, _> = base.into_iter().map(|(annotation, _)| (annotation.id.clone(), annotation)).collect();
        let [x, y] = [x, y].map(|changes| version(&base, &changes));
        let base = write_annotations(&base, &LoadedAnnotations::default());
        let found = merge_annotations(&base, &x, &y);
        prop_assert_eq!(&found, &merge_annotations(&base, &y, &x));
        for side in [&x, &y] {
            prop_assert_eq!(lost(&base, side, &found.text), Vec::<String>::new());
            prop_assert_eq!(&merge_annotations(&base, &found.text, side).text, &found.text, "merged again");
            prop_assert_eq!(&merge_annotations(&base, &base, side).text, side, "identity");
            prop_assert_eq!(&merge_annotations(&base, side, side).text, side, "the same on both sides");
        }
        let gone: BTreeSet<AnnotationId> = parse_annotations(&found.text).removed();
        prop_assert!(parse_annotations(&found.text).annotations.keys().all(|id| !gone.contains(id)));
    }

    #[test]
    fn heads_of_a_case_merge_whoever_merges(base in any_meta().boxed(), x in any_meta().boxed(), y in any_meta().boxed()) {
        let [base, x, y] = [base, x, y].map(|meta| write_meta(&meta, &LoadedMeta::default()));
        let read = |text: &str| parse_meta(text).unwrap().meta;
        let found = merge_meta(&base, &x, &y).unwrap();
        prop_assert_eq!(read(&found.text), read(&merge_meta(&base, &y, &x).unwrap().text));
        prop_assert_eq!(read(&merge_meta(&base, &found.text, &y).unwrap().text), read(&found.text), "merged again");
        prop_assert_eq!(&merge_meta(&base, &base, &y).unwrap().text, &y);
    }
}
