//! Any record and any head of a case, for properties that hold for all of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::model::case::*;
use crate::model::{Annotation, AnnotationId, AnnotationKind, Labels, TimeRange, Timestamp, Unit};

pub(crate) fn any_time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_filter("zero means absent", |ns| *ns != 0).prop_map(Timestamp)
}

pub(crate) fn any_range() -> impl Strategy<Value = TimeRange> {
    (any_time(), any_time()).prop_map(|(a, b)| TimeRange::new(a, b))
}

pub(crate) fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("NaN is not equal to itself", |v| !v.is_nan()), Just(f64::INFINITY), 0.0..1.0f64]
}

pub(crate) fn any_labels() -> impl Strategy<Value = Labels> {
    prop::collection::vec((".{0,5}", ".{0,8}"), 0..3).prop_map(Labels::new)
}

pub(crate) fn any_ids() -> impl Strategy<Value = Vec<AnnotationId>> {
    prop::collection::vec("[A-Z0-9]{1,6}".prop_map(AnnotationId), 0..3)
}

pub(crate) fn any_target() -> BoxedStrategy<EvidenceTarget> {
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
        (prop::option::of(any_time()), word(), word(), any::<String>()).prop_map(|(at, before, after, text)| EvidenceTarget::Diff {
            at,
            before,
            after,
            text
        }),
        (prop::option::of(any_time()), any::<String>()).prop_map(|(at, url)| EvidenceTarget::Link { at, url }),
    ]
    .boxed()
}

pub(crate) fn any_kind() -> BoxedStrategy<AnnotationKind> {
    prop_oneof![any_placed_kind(), any_claim(), any_story_kind()].boxed()
}

pub(crate) fn word() -> impl Strategy<Value = Option<String>> {
    prop::option::of(any::<String>())
}

pub(crate) fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(all.to_vec())
}

pub(crate) fn any_id() -> impl Strategy<Value = AnnotationId> {
    any::<String>().prop_map(AnnotationId)
}

/// Kinds that are a place on the clock.
pub(crate) fn any_placed_kind() -> BoxedStrategy<AnnotationKind> {
    let numbers = prop::collection::btree_map(any::<String>(), any_number(), 0..3);
    let stage = (any_range(), prop::option::of(any_number()), any_labels(), numbers, any::<Option<bool>>());
    prop_oneof![
        (any_time(), word(), word(), any::<Option<i64>>()).prop_map(|(at, service, row_kind, uncertainty_ns)| AnnotationKind::Moment {
            at,
            service,
            row_kind,
            uncertainty_ns
        }),
        (any_range(), any_of(&RangeEnd::ALL), word(), word()).prop_map(|(range, end, service, row_kind)| AnnotationKind::Range {
            range,
            end,
            service,
            row_kind
        }),
        (any_of(&MarkerName::ALL), any_time(), prop::option::of(any_time()), any::<String>(), any_ids())
            .prop_map(|(name, at, latest, rule, evidence)| AnnotationKind::Marker { name, at, latest, rule, evidence }),
        (any::<String>(), word(), any_target()).prop_map(|(source, source_sha256, target)| AnnotationKind::Evidence(Evidence {
            source,
            source_sha256,
            target
        })),
        (any_range(), word(), prop::option::of(any_of(&Outcome::ALL)), word(), any_ids())
            .prop_map(|(at, effect, outcome, by, evidence)| AnnotationKind::Attempt(Attempt { at, effect, outcome, by, evidence })),
        (stage, prop::option::of(any_of(&Verdict::ALL))).prop_map(|((at, percent, selector, thresholds, has_rolled_back), verdict)| {
            AnnotationKind::Stage(Stage { at, percent, selector, thresholds, verdict, has_rolled_back })
        }),
        (any_time(), word(), word()).prop_map(|(at, role, channel)| AnnotationKind::Quote(Quote { at, role, channel })),
        (any_time(), any::<Option<u32>>()).prop_map(|(at, order)| AnnotationKind::KeyMoment { at, order }),
    ]
    .boxed()
}

/// Causes, their links and hypotheses.
pub(crate) fn any_claim() -> BoxedStrategy<AnnotationKind> {
    let words = (word(), word(), word(), word(), prop::option::of(any_of(&IfRemoved::ALL)));
    let cause =
        (any_of(&CauseType::ALL), any_of(&CauseStatus::ALL), prop::option::of(any_range()), (any_ids(), any_ids()), any::<u32>(), words)
            .prop_map(|(cause_type, status, at, (evidence, against), order, words)| {
                let (service, how_we_know, would_disprove, accepted_because, if_removed) = words;
                AnnotationKind::Cause(Cause {
                    cause_type,
                    status,
                    at,
                    evidence,
                    against,
                    order,
                    service,
                    how_we_know,
                    would_disprove,
                    if_removed,
                    accepted_because,
                })
            });
    let hypothesis =
        (prop::option::of(any_range()), any_of(&HypothesisStatus::ALL), any_ids(), any_ids(), word(), prop::option::of(any_id())).prop_map(
            |(at, status, supports, against, would_disprove, closed_by)| {
                AnnotationKind::Hypothesis(Hypothesis { at, status, supports, against, would_disprove, closed_by })
            },
        );
    let link = (any_id(), any_id(), any_of(&Relation::ALL), any::<Option<i64>>(), prop::option::of(any_of(&CauseStatus::ALL)), any_ids())
        .prop_map(|(from, to, relation, lag_ns, confidence, evidence)| {
            AnnotationKind::Link(Link { from, to, relation, lag_ns, confidence, evidence })
        });
    prop_oneof![cause, hypothesis, link].boxed()
}

/// Kinds that people only write.
pub(crate) fn any_story_kind() -> BoxedStrategy<AnnotationKind> {
    let action =
        ((word(), word(), word(), word(), word()), (word(), word(), word(), word()), any_ids()).prop_map(|(first, second, causes)| {
            let (action_type, owner, priority, link, due) = first;
            let (done_when, done_on, gap, not_doing_because) = second;
            AnnotationKind::Action(ActionItem {
                action_type,
                owner,
                priority,
                link,
                due,
                done_when,
                done_on,
                causes,
                gap,
                not_doing_because,
            })
        });
    let value = || prop::option::of(prop_oneof![any::<String>().prop_map(Value::from), Just(json!(["a", 1])), Just(Value::Null)]);
    prop_oneof![
        action,
        (word(), word(), any_of(&QuestionStatus::ALL), any::<bool>(), any_ids()).prop_map(
            |(asked_by, answer, status, is_blocking, about)| {
                AnnotationKind::Question(Question { asked_by, answer, status, is_blocking, about })
            }
        ),
        (any_of(&BucketName::ALL), any_ids()).prop_map(|(name, about)| AnnotationKind::Bucket(Bucket { name, about })),
        (word(), any_ids(), word()).prop_map(|(misconception, evidence, taught_in)| AnnotationKind::Lesson(Lesson {
            misconception,
            evidence,
            taught_in
        })),
        any::<String>().prop_map(|name| AnnotationKind::Section(Section { name })),
        (any_of(&FactorGroup::ALL), any_ids(), any_ids(), any::<bool>())
            .prop_map(|(group, evidence, causes, is_opinion)| AnnotationKind::Factor(Factor { group, evidence, causes, is_opinion })),
        (word(), word(), word(), any_ids()).prop_map(|(apparent, actual, why, evidence)| AnnotationKind::Resource(Resource {
            apparent,
            actual,
            why,
            evidence
        })),
        (any_id(), any::<String>(), value(), value(), value()).prop_map(|(of, field, base, a, b)| AnnotationKind::Conflict(Conflict {
            of,
            field,
            base,
            sides: [a, b]
        })),
        "x[a-z]{1,5}".prop_map(AnnotationKind::Other),
    ]
    .boxed()
}

pub(crate) fn any_unknown() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        any::<String>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!({"a": [1, null, true]})),
        Just(Value::Null)
    ];
    prop::collection::vec(("zz[a-z]{1,4}", value), 0..3).prop_map(|pairs| pairs.into_iter().collect())
}

pub(crate) fn any_annotation() -> BoxedStrategy<Annotation> {
    let common = (
        "[0-9A-Z]{1,26}",
        any::<String>(),
        prop::collection::vec(any::<String>(), 0..3),
        any::<String>(),
        any_time(),
        any_time(),
        any::<u32>(),
        (any_of(&Visibility::ALL), any::<bool>()),
    );
    (common, any_kind(), any_unknown())
        .prop_map(|((id, text, tags, author, created, updated, revision, common), kind, unknown)| Annotation {
            id: AnnotationId(id),
            kind,
            text,
            tags,
            visibility: common.0,
            is_pinned: common.1,
            author,
            created,
            updated,
            revision,
            unknown,
        })
        .boxed()
}

pub(crate) fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(any::<String>(), 0..3)
}

pub(crate) fn any_head() -> BoxedStrategy<Head> {
    let map = || prop::collection::btree_map(any::<String>(), any::<String>(), 0..3);
    ((word(), word(), word(), word()), (words(), words(), words(), words(), words()), (map(), map()))
        .prop_map(|(one, many, maps)| Head {
            id: one.0,
            date: one.1,
            published: one.2,
            owner: one.3,
            authors: many.0,
            environments: many.1,
            regions: many.2,
            tags: many.3,
            categories: many.4,
            roles: maps.0,
            links: maps.1,
        })
        .boxed()
}

pub(crate) fn any_impact() -> BoxedStrategy<ImpactAnswers> {
    let loss = prop_oneof![
        Just(None),
        Just(Some(DataLoss::No)),
        any::<String>().prop_map(|what| Some(DataLoss::Yes(what))),
        any::<String>().prop_map(|because| Some(DataLoss::Unknown(because))),
    ];
    (loss, word(), word(), word(), word(), word())
        .prop_map(|(data_loss, users, accounts, tickets, revenue, other)| ImpactAnswers {
            data_loss,
            users,
            accounts,
            tickets,
            revenue,
            other,
        })
        .boxed()
}

pub(crate) fn any_slo() -> BoxedStrategy<Slo> {
    let indicator = prop_oneof![
        (any::<String>(), any::<String>()).prop_map(|(bad, total)| Indicator::BadOfTotal { bad, total }),
        (any::<String>(), any::<String>()).prop_map(|(good, total)| Indicator::GoodOfTotal { good, total }),
        (any::<String>(), word()).prop_map(|(ratio, rate)| Indicator::Ratio { ratio, rate }),
        (any::<String>(), any_number(), word()).prop_map(|(latency, threshold, rate)| Indicator::Latency { latency, threshold, rate }),
    ];
    ("[a-c]{0,2}", any_number(), 1..i64::MAX, indicator)
        .prop_map(|(name, objective, window_ns, indicator)| Slo { name, objective, window_ns, indicator })
        .boxed()
}

type Told = (Vec<Slo>, Vec<Measure>, BTreeMap<MarkerName, String>, Vec<Person>, LintSettings);

pub(crate) fn any_lists() -> BoxedStrategy<Told> {
    let measure =
        ("[a-c]{0,2}", any_of(&MarkerName::ALL), any_of(&MarkerName::ALL)).prop_map(|(name, from, to)| Measure { name, from, to });
    let person = ("[a-c]{0,2}", word(), words()).prop_map(|(name, role, aliases)| Person { name, role, aliases });
    let suppression = ("[a-c]{0,2}", word(), any::<String>()).prop_map(|(rule, at, reason)| Suppression { rule, at, reason });
    let limits = prop::collection::btree_map(any::<String>(), any_number(), 0..3);
    let lint = (limits, prop::collection::vec(suppression, 0..3)).prop_map(|(limits, suppress)| LintSettings { limits, suppress });
    (
        prop::collection::vec(any_slo(), 0..3),
        prop::collection::vec(measure, 0..3),
        prop::collection::btree_map(any_of(&MarkerName::ALL), any::<String>(), 0..3),
        prop::collection::vec(person, 0..3),
        lint,
    )
        .boxed()
}

pub(crate) fn any_meta() -> BoxedStrategy<CaseMeta> {
    let word = || prop::option::of(any::<String>());
    let words = || prop::collection::vec(any::<String>(), 0..3);
    let panel = (any::<String>(), any::<String>(), any::<String>()).prop_map(|(role, series, source)| PanelRef { role, series, source });
    let anchor = (any_time(), any::<String>()).prop_map(|(at, label)| Anchor { at, label });
    let zones = prop::collection::btree_map(any::<String>(), any::<String>(), 0..3);
    let clock_offsets = prop::collection::btree_map(any::<String>(), -1_000_000_000_000_000i64..1_000_000_000_000_000, 0..3);
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
    let columns = prop::option::of(prop::collection::vec(any::<String>(), 0..3));
    let share = || prop::option::of(0..=100u8);
    // Boxed: the stack of a thread of tests is small.
    let screen = (columns, any::<bool>(), share(), share(), names())
        .prop_map(|(columns, is_wrapped, panels, side, hidden)| ScreenView { columns, is_wrapped, panels, side, hidden })
        .boxed();
    let maps = ((zones, clock_offsets), thresholds, (view, screen));
    let rest = (any_head(), any_impact(), any_lists());
    let all = (texts, prop::option::of(anchor), lists, maps, rest);
    let meta =
        all.prop_map(|(texts, t0, (panels, filters), ((zones, clock_offsets), thresholds, (view, screen)), (head, impact, told))| {
            CaseMeta {
                conflicts: Vec::new(),
                head,
                impact,
                slos: told.0,
                measures: told.1,
                unknown_markers: told.2,
                people: told.3,
                lint: told.4,
                filters,
                view,
                screen,
                title: texts.0,
                severity: texts.1,
                status: texts.2,
                time_zone: texts.3,
                services: texts.4,
                sources: texts.5,
                t0,
                panels,
                zones,
                clock_offsets,
                reading: ReadingOptions::default(),
                thresholds,
            }
        });
    (meta, any_reading()).prop_map(|(meta, reading)| CaseMeta { reading, ..meta }).boxed()
}

fn any_reading() -> BoxedStrategy<ReadingOptions> {
    let map = || prop::collection::btree_map(any::<String>(), any::<String>(), 0..3);
    let files = prop::collection::vec(any::<String>(), 0..3);
    (map(), map(), map(), files)
        .prop_map(|(formats, time_columns, anchors, format_files)| ReadingOptions { formats, time_columns, anchors, format_files })
        .boxed()
}
