mod any;
mod merge;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::Map;

pub(crate) use any::{any_annotation, any_meta};

use super::*;
use crate::model::case::*;
use crate::model::{Annotation, AnnotationId, AnnotationKind, CaseDoc, Timestamp};

const TOML: &str = "# our incident\ntitle = \"Order outage\" # keep me\nservices = [\n  \"order\", # first\n  \"edge\",\n]\nshoe_size = 43\n\n[t0]\nat = \"2026-11-23T02:30:22.616Z\"\nlabel = \"deploy\"\n\n# drawn in red\n[thresholds]\n\"p99{a=\\\"b\\\"}\" = 1\n\n[[panels]]\nseries = \"up\"\nsource = \"m.json\"\ncolour = \"green\"\n";

#[test]
fn a_case_that_nobody_changed_is_written_back_byte_for_byte() {
    for text in [TOML, "", "# only a comment", &TOML.replace('\n', "\r\n"), "\u{feff}title = 'x'\r\n"] {
        let loaded = parse_meta(text).unwrap();
        assert_eq!(write_meta(&loaded.meta, &loaded), text);
    }
}

#[test]
fn only_the_value_that_changed_is_touched() {
    let loaded = parse_meta(TOML).unwrap();
    let mut meta = loaded.meta.clone();
    meta.title = "Order and edge outage".into();
    meta.panels[0].role = "P99".into();
    let expected = TOML
        .replace("\"Order outage\"", "\"Order and edge outage\"")
        .replace("colour = \"green\"\n", "colour = \"green\"\nrole = \"P99\"\n");
    assert_eq!(write_meta(&meta, &loaded), expected);
    let text = write_meta(&CaseMeta { severity: Some("SEV1".into()), ..loaded.meta.clone() }, &loaded);
    assert!(text.contains("# keep me") && text.contains("shoe_size = 43") && text.contains("# drawn in red"), "{text}");
    assert_eq!(parse_meta(&text).unwrap().meta.severity.as_deref(), Some("SEV1"));
}

#[test]
fn filters_keep_their_comments_and_unknown_keys_wherever_they_go() {
    let text = "title = \"x\"\n\n# the noise\n[[filters]]\nfilter = \"-GET\" # always\ncolour = \"red\"\n\n[[filters]]\nfilter = \"level>=warn\"\noff = true\n\n[later]\na = 1\n";
    let loaded = parse_meta(text).unwrap();
    let filter = |text: &str, is_off| SavedFilter { text: text.into(), is_off };
    assert_eq!(loaded.meta.filters, [filter("-GET", false), filter("level>=warn", true)]);
    let write = |filters: &[SavedFilter]| write_meta(&CaseMeta { filters: filters.to_vec(), ..loaded.meta.clone() }, &loaded);
    let on = write(&[filter("-GET", true), filter("level>=warn", false)]);
    assert_eq!(on, text.replace("colour = \"red\"\n", "colour = \"red\"\noff = true\n").replace("warn\"\noff = true\n", "warn\"\n"));
    let fewer = write(&[filter("new", false), filter("-GET", false)]);
    assert!(fewer.contains("# always\ncolour = \"red\"") && fewer.contains("[later]\na = 1") && !fewer.contains("level"), "{fewer}");
    assert_eq!(parse_meta(&fewer).unwrap().meta.filters, [filter("new", false), filter("-GET", false)]);
    assert!(!write(&[]).contains("filters"));
    let broken = parse_meta("filters = [1]\n").unwrap();
    assert_eq!((broken.problems.len(), broken.meta.filters.len()), (1, 0));
}

#[test]
fn how_panels_are_drawn_is_kept_beside_what_is_not_known() {
    let text = "[view]\n# mine\ncolour = \"red\"\nlog = [\"p99{a=\\\"b\\\"}\"]\ntrust = true\n";
    let loaded = parse_meta(text).unwrap();
    let view = PanelView { log: ["p99{a=\"b\"}".to_owned()].into(), has_trust: true, ..PanelView::default() };
    assert_eq!(loaded.meta.view, view);
    let plain = write_meta(&CaseMeta { view: PanelView::default(), ..loaded.meta.clone() }, &loaded);
    assert_eq!(plain, "[view]\n# mine\ncolour = \"red\"\n");
    let ghost = PanelView { ghost: ["up".to_owned()].into(), ..view };
    let more = write_meta(&CaseMeta { view: ghost.clone(), ..loaded.meta.clone() }, &loaded);
    assert!(more.starts_with(text) && parse_meta(&more).unwrap().meta.view == ghost, "{more}");
    let broken = parse_meta("[view]\nlog = 1\ntrust = \"yes\"\n").unwrap();
    assert_eq!((broken.problems.len(), &broken.meta.view), (2, &PanelView::default()));
}

#[test]
fn how_the_screen_is_shared_out_is_kept_beside_what_is_not_known() {
    let text = "[screen]\n# mine\ntilt = 3\nhide = [\"moon\", \"phases\"]\n";
    let loaded = parse_meta(text).unwrap();
    assert!(loaded.meta.screen.hides("phases") && loaded.problems.is_empty());
    let mut screen = loaded.meta.screen.clone();
    screen.hidden.remove("phases");
    (screen.columns, screen.is_wrapped, screen.panels, screen.side) = (Some(vec![]), true, Some(40), Some(60));
    let more = write_meta(&CaseMeta { screen: screen.clone(), ..loaded.meta.clone() }, &loaded);
    assert!(more.contains("# mine\ntilt = 3\nhide = [\"moon\"]\n"), "{more}");
    let again = parse_meta(&more).unwrap();
    assert_eq!(again.meta.screen, screen, "no columns at all are not the usual ones");
    let bare = write_meta(&CaseMeta { screen: ScreenView::default(), ..again.meta.clone() }, &again);
    assert_eq!(bare, "[screen]\n# mine\ntilt = 3\n");
    let broken = parse_meta("[screen]\ncolumns = 1\nwrap = 2\npanels = 300\nside = \"x\"\nhide = [1]\n").unwrap();
    assert_eq!((broken.problems.len(), broken.meta.screen), (5, ScreenView::default()));
}

#[test]
fn forms_ghosts_and_renderer_of_panels_are_kept_and_taken_back() {
    let loaded = parse_meta("title = \"t\"\n").unwrap();
    let view = PanelView {
        forms: [("x{a=\"1\"}".to_owned(), PanelForm { shape: PanelShape::Stacked, by: Some("code".into()) })].into(),
        earlier: [("y".to_owned(), Earlier::BeforeT0(600_000_000_000))].into(),
        ghost: ["y".to_owned()].into(),
        renderer: Renderer::Braille,
        ..PanelView::default()
    };
    let text = write_meta(&CaseMeta { view: view.clone(), ..loaded.meta.clone() }, &loaded);
    assert!(text.contains("stacked by code") && text.contains("T-10m") && text.contains("renderer = \"braille\""), "{text}");
    let again = parse_meta(&text).unwrap();
    assert_eq!((&again.meta.view, &again.problems), (&view, &Vec::new()));
    assert_eq!(write_meta(&CaseMeta { view: PanelView::default(), ..again.meta.clone() }, &again), "title = \"t\"\n");
    let wrong = parse_meta("[view]\nrenderer = 3\n[view.forms]\nx = \"round\"\n[view.earlier]\nx = \"soon\"\n").unwrap();
    assert_eq!((wrong.meta.view, wrong.problems.len()), (PanelView::default(), 3));
}

#[test]
fn a_value_of_the_wrong_sort_is_told_and_left() {
    let loaded = parse_meta("title = 5\n[t0]\nat = \"soon\"\n").unwrap();
    assert_eq!(loaded.problems.len(), 2);
    let text = write_meta(&CaseMeta { status: Some("draft".into()), ..loaded.meta.clone() }, &loaded);
    assert!(text.contains("title = 5") && text.contains("\"soon\""), "{text}");
    assert_eq!(parse_meta("a = \n\nb = 1").unwrap_err().line, 1);
}

fn note(id: &str, secs: i64) -> Annotation {
    Annotation {
        id: AnnotationId(id.into()),
        kind: AnnotationKind::Moment { at: Timestamp::from_secs(secs), service: None, row_kind: None, uncertainty_ns: None },
        text: "x".into(),
        tags: vec![],
        visibility: Visibility::default(),
        is_pinned: false,
        author: "oncall".into(),
        created: Timestamp::from_secs(5),
        updated: Timestamp::from_secs(5),
        revision: 1,
        unknown: Map::new(),
    }
}

fn written(annotations: &[Annotation]) -> String {
    let map: BTreeMap<_, _> = annotations.iter().map(|a| (a.id.clone(), a.clone())).collect();
    write_annotations(&map, &LoadedAnnotations::default())
}

#[test]
fn records_are_sorted_by_time_and_have_a_fixed_order_of_keys() {
    insta::assert_snapshot!(written(&[note("A", 7), note("B", 3)]), @r#"
    {"id":"B","v":1,"kind":"moment","t":"1970-01-01T00:00:03Z","text":"x","author":"oncall","created":"1970-01-01T00:00:05Z","updated":"1970-01-01T00:00:05Z","rev":1}
    {"id":"A","v":1,"kind":"moment","t":"1970-01-01T00:00:07Z","text":"x","author":"oncall","created":"1970-01-01T00:00:05Z","updated":"1970-01-01T00:00:05Z","rev":1}
    "#);
}

#[test]
fn nothing_of_a_damaged_file_is_lost() {
    let [a, b, newer] = [note("A", 7), note("B", 3), Annotation { text: "newer".into(), revision: 2, ..note("A", 7) }];
    let lines = [&a, &newer].map(|one| written(std::slice::from_ref(one)));
    let alien = r#"{"id":"Z", "kind":"dream","claim":"x", "t":"1970-01-01T00:00:01Z"}"#;
    let text = format!(
        "{{\"id\": broken\n<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n{}{alien}\n{{\"id\":\"C\",\"del\":true}}\n{}",
        lines[0],
        lines[1],
        written(std::slice::from_ref(&b)),
        written(&[note("C", 1)]),
    );
    let loaded = parse_annotations(&text);
    let ids: Vec<&str> = loaded.annotations.keys().map(|id| id.0.as_str()).collect();
    assert!(ids.len() == 4 && ids.starts_with(&["A", "B", "Z"]), "{ids:?}");
    let conflicts = CaseDoc { annotations: loaded.annotations.clone(), ..CaseDoc::default() };
    let sides = conflicts.conflicts()[0].1.sides.clone().map(|side| side.unwrap());
    assert_eq!(sides, ["newer", "x"].map(serde_json::Value::from));
    assert_eq!(loaded.annotations[&a.id].text, "newer");
    assert_eq!(write_annotations(&loaded.annotations, &loaded), text, "unchanged");

    let mut changed = loaded.annotations.clone();
    changed.insert(AnnotationId("D".into()), note("D", 9));
    changed.remove(&b.id);
    let again = write_annotations(&changed, &loaded);
    for kept in ["{\"id\": broken", alien, "{\"id\":\"C\",\"del\":true}", "{\"id\":\"B\",\"del\":true}"] {
        assert!(again.lines().any(|line| line == kept), "{kept} is missing in\n{again}");
    }
    assert!(!again.contains("<<<"), "{again}");
    let reloaded = parse_annotations(&again);
    assert_eq!(reloaded.annotations, changed);
    assert_eq!(reloaded.side.len(), loaded.side.len());
    assert_eq!(write_annotations(&reloaded.annotations, &reloaded), again);
}

#[test]
fn the_order_of_two_versions_in_the_file_does_not_matter() {
    let [a, b] = ["one", "two"].map(|text| written(&[Annotation { text: text.into(), ..note("A", 1) }]));
    let load = |text: String| parse_annotations(&text).annotations;
    assert_eq!(load(format!("{a}{b}")), load(format!("{b}{a}")));
}

#[test]
fn a_record_taken_back_from_removal_loses_its_tombstone() {
    let loaded = parse_annotations("{\"id\":\"A\",\"del\":true}\n");
    assert!(loaded.is_removed(&AnnotationId("A".into())));
    let map = BTreeMap::from([(AnnotationId("A".into()), note("A", 1))]);
    let text = write_annotations(&map, &loaded);
    assert_eq!(parse_annotations(&text).annotations, map);
    assert!(!text.contains("del"));
}

#[test]
fn unknown_fields_survive_an_edit_even_inside_known_objects() {
    let line = r#"{"id":"E","v":1,"kind":"evidence","t":"2026-11-23T02:30:22Z","src":{"path":"a.log","mood":"blue"},"what":"lines","sel":{"first":1,"last":2,"column":7},"snapshot":{"sha256":"00","excerpt":"x"},"text":"seen","rev":3,"stars":5}"#;
    let loaded = parse_annotations(line);
    assert_eq!(loaded.problems.total(), 0);
    let mut changed = loaded.annotations.clone();
    changed.get_mut(&AnnotationId("E".into())).unwrap().text = "seen twice".into();
    let again = write_annotations(&changed, &loaded);
    assert!(again.contains(r#""mood":"blue""#) && again.contains(r#""column":7"#) && again.contains(r#""stars":5"#), "{again}");
    assert_eq!(parse_annotations(&again).annotations, changed);
}

#[test]
fn a_known_kind_with_strange_fields_is_kept_and_told() {
    let line = "{\"id\":\"M\",\"kind\":\"marker\",\"t\":\"2026-11-23T02:30:22Z\",\"name\":\"moonrise\"}\n";
    let loaded = parse_annotations(line);
    assert!(matches!(&loaded.annotations[&AnnotationId("M".into())].kind, AnnotationKind::Other(kind) if kind == "marker"));
    assert!(loaded.problems.kept()[0].reason.contains("moonrise"));
    assert_eq!(write_annotations(&loaded.annotations, &loaded), line);
}

#[test]
fn the_lock_comes_back_as_it_was_written() {
    let sources = vec![
        LockedSource {
            path: "a/b \"c\".log".into(),
            size_bytes: Some(7),
            sha256: Some("ab".into()),
            span: Some((Timestamp(1), Timestamp(2))),
        },
        LockedSource { path: "z".into(), ..LockedSource::default() },
    ];
    assert_eq!(parse_lock(&write_lock(&sources)), sources);
    assert_eq!(parse_lock(&write_lock(&[])), []);
}

#[test]
fn the_head_and_the_rules_of_a_case_keep_comments_and_unknown_keys() {
    let text = "title = \"x\"\nid = \"INC-1\" # ours\n\n[impact]\ndata_loss = false\nusers = 1200\nmood = \"low\"\n\n# the promise\n[[slos]]\nname = \"orders\" # ours\nobjective = 0.999\nwindow = \"30d\"\nbad = \"errors_total\"\ntotal = \"requests_total\"\ncolour = \"red\"\n\n[unknown]\nacknowledged = \"no pager log\"\nmoonrise = \"?\"\n\n[lint]\n[lint.limits]\ngap_s = 600\n[[lint.suppress]]\nrule = \"PM014\" # agreed\nreason = \"house words\"\n";
    let loaded = parse_meta(text).unwrap();
    let meta = &loaded.meta;
    assert_eq!(loaded.problems.len(), 1, "{:?}", loaded.problems);
    assert_eq!((meta.head.id.as_deref(), meta.impact.users.as_deref()), (Some("INC-1"), Some("1200")));
    assert_eq!(meta.impact.data_loss, Some(DataLoss::No));
    assert_eq!((meta.slos[0].window_ns, meta.slos[0].objective), (30 * 86_400 * 1_000_000_000, 0.999));
    assert_eq!(meta.unknown_markers[&MarkerName::Acknowledged], "no pager log");
    assert_eq!((meta.lint.limits["gap_s"], meta.lint.suppress[0].rule.as_str()), (600.0, "PM014"));
    assert_eq!(write_meta(meta, &loaded), text);
    let mut changed = meta.clone();
    changed.slos[0].objective = 0.99;
    changed.lint.suppress.push(Suppression { rule: "PM010".into(), at: None, reason: "drill".into() });
    changed.impact.data_loss = Some(DataLoss::Unknown("not counted".into()));
    let again = write_meta(&changed, &loaded);
    for kept in ["# ours", "# the promise", "colour = \"red\"", "mood = \"low\"", "moonrise", "# agreed"] {
        assert!(again.contains(kept), "{kept} is gone in\n{again}");
    }
    assert_eq!(parse_meta(&again).unwrap().meta, changed, "{again}");
}

#[test]
fn the_table_of_fields_names_every_field_of_every_kind() {
    let own = |annotation: &Annotation| {
        let plain = Annotation { kind: AnnotationKind::Other("x".into()), unknown: Map::new(), ..annotation.clone() };
        let common = annotation_to_json(&plain);
        let all = annotation_to_json(&Annotation { unknown: Map::new(), ..annotation.clone() });
        all.keys().filter(|key| !common.contains_key(*key)).cloned().collect::<Vec<_>>()
    };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
    for _ in 0..2000 {
        let annotation = any_annotation().new_tree(&mut runner).unwrap().current();
        if KindFields::of(annotation.kind.name()).is_some() {
            seen.entry(annotation.kind.name().to_owned()).or_default().extend(own(&annotation));
        }
    }
    for form in KINDS {
        let told: std::collections::BTreeSet<String> = form.fields.iter().map(|field| field.key.to_owned()).collect();
        assert_eq!(seen.get(form.name), Some(&told), "{}", form.name);
    }
}

#[test]
fn a_range_that_has_not_ended_is_read_without_an_end() {
    let line = "{\"id\":\"R\",\"v\":1,\"kind\":\"range\",\"t0\":\"2026-11-23T02:30:22Z\",\"text\":\"x\",\"rev\":1}\n";
    let loaded = parse_annotations(line);
    let record = &loaded.annotations[&AnnotationId("R".into())];
    assert!(matches!(&record.kind, AnnotationKind::Range { end: RangeEnd::Open, range, .. } if range.is_empty()));
    assert_eq!(write_annotations(&loaded.annotations, &loaded), line);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_was_saved_is_what_is_loaded(list in prop::collection::vec(any_annotation(), 0..6)) {
        let map: BTreeMap<_, _> = list.into_iter().map(|a| (a.id.clone(), a)).collect();
        let text = write_annotations(&map, &LoadedAnnotations::default());
        let loaded = parse_annotations(&text);
        prop_assert_eq!(loaded.problems.total(), 0);
        prop_assert_eq!(&loaded.annotations, &map);
        prop_assert_eq!(write_annotations(&loaded.annotations, &loaded), text.clone());
        prop_assert!(text.is_empty() || text.ends_with('\n'));
    }

    #[test]
    fn any_text_at_all_is_written_back_unchanged(text in "(\\{\"id\":\"[AB]\",\"kind\":\"(moment|q)\",\"text\":\".{0,3}\"\\}|.{0,20}|<<<<<<< x|\n|\r\n){0,9}") {
        let loaded = parse_annotations(&text);
        prop_assert_eq!(write_annotations(&loaded.annotations, &loaded), text);
    }

    #[test]
    fn a_case_changed_in_any_way_is_loaded_as_it_was_saved(before in any_meta(), after in any_meta()) {
        let first = write_meta(&before, &LoadedMeta::default());
        let loaded = parse_meta(&first).unwrap();
        prop_assert_eq!(&loaded.meta, &before);
        let second = write_meta(&after, &loaded);
        prop_assert_eq!(parse_meta(&second).unwrap().meta, after);
    }
}
