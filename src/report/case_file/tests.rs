use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::model::case::*;
use crate::model::{Annotation, AnnotationId, AnnotationKind, Labels, TimeRange, Timestamp, Unit};

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
        kind: AnnotationKind::Moment { at: Timestamp::from_secs(secs), service: None, row_kind: None },
        text: "x".into(),
        tags: vec![],
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
    let alien = r#"{"id":"Z", "kind":"hypothesis","claim":"x", "t":"1970-01-01T00:00:01Z"}"#;
    let text = format!(
        "{{\"id\": broken\n<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n{}{alien}\n{{\"id\":\"C\",\"del\":true}}\n{}",
        lines[0],
        lines[1],
        written(std::slice::from_ref(&b)),
        written(&[note("C", 1)]),
    );
    let loaded = parse_annotations(&text);
    assert_eq!(loaded.annotations.keys().map(|id| id.0.as_str()).collect::<Vec<_>>(), ["A", "B", "Z"]);
    assert_eq!(loaded.annotations[&a.id].text, "newer");
    assert_eq!(loaded.problems.kept().iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 2, 4, 5, 6]);
    assert_eq!(write_annotations(&loaded.annotations, &loaded), text, "unchanged");

    let mut changed = loaded.annotations.clone();
    changed.insert(AnnotationId("D".into()), note("D", 9));
    changed.remove(&b.id);
    let again = write_annotations(&changed, &loaded);
    for kept in [
        "{\"id\": broken",
        "<<<<<<< ours",
        "=======",
        ">>>>>>> theirs",
        lines[0].trim_end(),
        lines[1].trim_end(),
        alien,
        "{\"id\":\"C\",\"del\":true}",
        "{\"id\":\"B\",\"del\":true}",
    ] {
        assert!(again.lines().any(|line| line == kept), "{kept} is missing in\n{again}");
    }
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

fn any_time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_filter("zero means absent", |ns| *ns != 0).prop_map(Timestamp)
}

fn any_range() -> impl Strategy<Value = TimeRange> {
    (any_time(), any_time()).prop_map(|(a, b)| TimeRange::new(a, b))
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("NaN is not equal to itself", |v| !v.is_nan()), Just(f64::INFINITY), 0.0..1.0f64]
}

fn any_labels() -> impl Strategy<Value = Labels> {
    prop::collection::vec((".{0,5}", ".{0,8}"), 0..3).prop_map(Labels::new)
}

fn any_ids() -> impl Strategy<Value = Vec<AnnotationId>> {
    prop::collection::vec("[A-Z0-9]{1,6}".prop_map(AnnotationId), 0..3)
}

fn any_target() -> impl Strategy<Value = EvidenceTarget> {
    let unit = prop::sample::select(vec![Unit::None, Unit::Seconds, Unit::Bytes, Unit::Ratio, Unit::PerSecond, Unit::BytesPerSecond]);
    let points = prop::collection::vec(prop::option::of(any_number()), 0..5);
    let series = (
        ".{0,9}",
        any_labels(),
        unit,
        any_range(),
        any_time(),
        prop::option::of(any_number()),
        prop::option::of((any_time(), any_number())),
        points,
    )
        .prop_map(|(name, labels, unit, range, at, value, peak, points)| EvidenceTarget::Series {
            name,
            labels,
            unit,
            range,
            at,
            value,
            peak,
            points,
        });
    prop_oneof![
        series,
        (any::<u64>(), any::<u64>(), prop::option::of(any_time()), "[0-9a-f]{4}", any::<String>())
            .prop_map(|(first, last, at, sha256, excerpt)| EvidenceTarget::Lines { first, last, at, sha256, excerpt }),
        (any::<u64>(), prop::option::of(any_time()), any::<String>()).prop_map(|(line, at, text)| EvidenceTarget::Change {
            line,
            at,
            text
        }),
        (any::<String>(), any_labels(), any_time(), prop::option::of(any_time()))
            .prop_map(|(name, labels, at, until)| EvidenceTarget::Alert { name, labels, at, until }),
        (any::<String>(), prop::option::of(any_time()), any_number(), any::<String>())
            .prop_map(|(profile, at, total, unit)| EvidenceTarget::Profile { profile, at, total, unit }),
    ]
}

fn any_kind() -> impl Strategy<Value = AnnotationKind> {
    let word = || prop::option::of(any::<String>());
    let cause = (
        prop::sample::select(CauseType::ALL.to_vec()),
        prop::sample::select(CauseStatus::ALL.to_vec()),
        prop::option::of(any_range()),
        any_ids(),
        any::<u32>(),
    )
        .prop_map(|(cause_type, status, at, evidence, order)| AnnotationKind::Cause(Cause { cause_type, status, at, evidence, order }));
    let action = (word(), word(), word(), word(), word(), word(), any_ids()).prop_map(
        |(action_type, owner, priority, link, due, done_when, causes)| {
            AnnotationKind::Action(ActionItem { action_type, owner, priority, link, due, done_when, causes })
        },
    );
    prop_oneof![
        (any_time(), word(), word()).prop_map(|(at, service, row_kind)| AnnotationKind::Moment { at, service, row_kind }),
        (any_range(), word(), word()).prop_map(|(range, service, row_kind)| AnnotationKind::Range { range, service, row_kind }),
        (prop::sample::select(MarkerName::ALL.to_vec()), any_time(), prop::option::of(any_time()), any::<String>())
            .prop_map(|(name, at, latest, rule)| AnnotationKind::Marker { name, at, latest, rule }),
        (any::<String>(), word(), any_target()).prop_map(|(source, source_sha256, target)| AnnotationKind::Evidence(Evidence {
            source,
            source_sha256,
            target
        })),
        cause,
        (any::<String>(), any::<String>(), prop::sample::select(Relation::ALL.to_vec()))
            .prop_map(|(from, to, relation)| AnnotationKind::Link { from: AnnotationId(from), to: AnnotationId(to), relation }),
        (any_range(), word()).prop_map(|(at, effect)| AnnotationKind::Attempt(Attempt { at, effect })),
        action,
        any_time().prop_map(|at| AnnotationKind::KeyMoment { at }),
        "x[a-z]{1,5}".prop_map(AnnotationKind::Other),
    ]
}

fn any_unknown() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        any::<String>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!({"a": [1, null, true]})),
        Just(Value::Null)
    ];
    prop::collection::vec(("zz[a-z]{1,4}", value), 0..3).prop_map(|pairs| pairs.into_iter().collect())
}

pub(crate) fn any_annotation() -> impl Strategy<Value = Annotation> {
    let common = (
        "[0-9A-Z]{1,26}",
        any::<String>(),
        prop::collection::vec(any::<String>(), 0..3),
        any::<String>(),
        any_time(),
        any_time(),
        any::<u32>(),
    );
    (common, any_kind(), any_unknown()).prop_map(|((id, text, tags, author, created, updated, revision), kind, unknown)| Annotation {
        id: AnnotationId(id),
        kind,
        text,
        tags,
        author,
        created,
        updated,
        revision,
        unknown,
    })
}

pub(crate) fn any_meta() -> impl Strategy<Value = CaseMeta> {
    let word = || prop::option::of(any::<String>());
    let words = || prop::collection::vec(any::<String>(), 0..3);
    let panel = (any::<String>(), any::<String>(), any::<String>()).prop_map(|(role, series, source)| PanelRef { role, series, source });
    let anchor = (any_time(), any::<String>()).prop_map(|(at, label)| Anchor { at, label });
    let zones = prop::collection::btree_map(any::<String>(), any::<String>(), 0..3);
    let thresholds = prop::collection::btree_map(any::<String>(), any_number(), 0..3);
    let texts = (any::<String>(), word(), word(), word(), words(), words());
    let filter = ("[a-c]{0,2}", any::<bool>()).prop_map(|(text, is_off)| SavedFilter { text, is_off });
    let lists = (prop::collection::vec(panel, 0..3), prop::collection::vec(filter, 0..4));
    let names = || prop::collection::btree_set(any::<String>(), 0..3);
    let shape = prop::sample::select(PanelShape::ALL.to_vec());
    let form = (shape, prop::option::of(any::<String>())).prop_map(|(shape, by)| PanelForm { shape, by });
    let forms = prop::collection::btree_map(any::<String>(), form, 0..3);
    let window = (1i64..i64::MAX / 1_000_000_000_000, any::<bool>())
        .prop_map(|(ns, is_shift)| if is_shift { Earlier::Shifted(ns) } else { Earlier::BeforeT0(ns * 1_000_000_000) });
    let earlier = prop::collection::btree_map(any::<String>(), window, 0..3);
    let renderer = prop::sample::select(vec![Renderer::Blocks, Renderer::Braille]);
    let view = ((names(), names(), names()), any::<bool>(), forms, earlier, renderer).prop_map(
        |((log, ghost, floors), has_trust, forms, earlier, renderer)| PanelView { log, ghost, has_trust, forms, earlier, floors, renderer },
    );
    let maps = (zones, thresholds, view);
    (texts, prop::option::of(anchor), lists, maps).prop_map(|(texts, t0, (panels, filters), (zones, thresholds, view))| CaseMeta {
        filters,
        view,
        title: texts.0,
        severity: texts.1,
        status: texts.2,
        time_zone: texts.3,
        services: texts.4,
        sources: texts.5,
        t0,
        panels,
        zones,
        thresholds,
    })
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
