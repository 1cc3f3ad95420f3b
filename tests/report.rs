//! The postmortem of a small made-up incident, and of a hostile one: what is printed, and what must never be.

#[path = "report/exports.rs"]
mod exports;
#[path = "report/golden.rs"]
mod golden;
mod incident;
#[path = "report/language.rs"]
mod language;
#[path = "report/schema.rs"]
mod schema;

use coroner::model::case::{CauseStatus, CauseType, EvidenceTarget, Link, MarkerName, PanelRef, Relation};
use coroner::model::{AnnotationKind, CaseDoc, Labels, Timestamp, Unit};
use coroner::report::markdown::{Rendered, render};
use coroner::report::postmortem::{ReportSettings, gather};
use incident::*;
use proptest::prelude::*;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

fn postmortem(incident: &Incident, case: &CaseDoc) -> Rendered {
    render(&gather(case, incident, &settings()))
}

fn settings() -> ReportSettings {
    ReportSettings { tool_version: "0.1.0".into(), ..ReportSettings::default() }
}

#[test]
fn the_whole_story_reads_like_a_document_one_would_sign() {
    let incident = checkout_incident();
    let case = checkout_case();
    let rendered = postmortem(&incident, &case);
    insta::assert_snapshot!("checkout_postmortem", rendered.markdown);
    let names: Vec<&str> = rendered.assets.iter().map(|asset| asset.0.as_str()).collect();
    for name in &names {
        assert!(rendered.markdown.contains(&format!("(postmortem.assets/{name})")), "{name} is not linked");
    }
    assert_eq!(rendered.markdown.matches("![").count(), names.len());
}

#[test]
fn the_same_case_gives_the_same_bytes() {
    let once = postmortem(&checkout_incident(), &checkout_case());
    assert_eq!(once, postmortem(&checkout_incident(), &checkout_case()));
}

#[test]
fn a_missing_marker_is_not_recorded_and_never_zero() {
    let mut case = checkout_case();
    case.annotations.retain(|_, annotation| {
        !matches!(annotation.kind, AnnotationKind::Marker { name: MarkerName::Detected | MarkerName::Resolved, .. })
    });
    let text = postmortem(&checkout_incident(), &case).markdown;
    for id in ["impact.duration.total", "response.ttd", "response.tta", "response.ttm", "response.ttr"] {
        let line = text.lines().find(|line| line.contains(&format!("<!-- {id} -->"))).unwrap();
        assert!(line.contains("| not recorded <!--"), "{line}");
    }
}

#[test]
fn an_empty_case_without_data_still_prints() {
    let rendered = postmortem(&Incident::default(), &CaseDoc::default());
    assert!(rendered.markdown.contains("# Untitled incident") && rendered.assets.is_empty());
    assert!(!rendered.markdown.contains("NaN **"));
}

#[test]
fn a_case_without_a_title_is_called_like_what_was_opened() {
    let case = CaseDoc::default();
    let named = ReportSettings { name: "checkout-2026-03".into(), ..settings() };
    let text = render(&gather(&case, &Incident::default(), &named)).markdown;
    assert!(text.contains("\n# checkout-2026-03\n") && text.contains("\ntitle: \"checkout-2026-03\"\n"), "{text}");
}

#[test]
fn the_window_covers_the_whole_impact_when_nobody_marked_its_end() {
    let mut case = CaseDoc::default();
    case.meta.t0 =
        Some(coroner::model::case::Anchor { at: at(0), label: format!("set by hand at {}", coroner::model::text::rfc3339(at(0))) });
    let settings = ReportSettings { panels: checkout_case().meta.panels, ..settings() };
    let text = render(&gather(&case, &checkout_incident(), &settings)).markdown;
    let peak = text.lines().find(|line| line.starts_with("| **Peak** |")).unwrap();
    assert!(peak.contains("4 750"), "the peak at T+7m30s is far behind the last note: {peak}");
    assert!(text.contains("T+0 = 2026-03-01T10:00:00Z, set by hand\n"), "{text}");
}

#[test]
fn without_a_counter_the_failed_requests_are_an_integral_with_bounds() {
    let mut incident = checkout_incident();
    incident.remove_series("http_requests_total");
    let text = postmortem(&incident, &checkout_case()).markdown;
    let line = text.lines().find(|line| line.contains("<!-- impact.failed -->")).unwrap();
    assert!(line.contains("≈") && line.contains("between") && line.contains("∫ rate × error ratio dt"), "{line}");
    let derived = text.lines().find(|line| line.starts_with("| `impact.failed` |")).unwrap();
    assert!(derived.contains("trapezoid") && derived.contains("step 10 s"), "the whole method is in the appendix: {derived}");
    incident.remove_series("request_rate");
    let text = postmortem(&incident, &checkout_case()).markdown;
    assert!(text.lines().any(|line| line.contains("<!-- impact.failed -->") && line.contains("not recorded")));
}

#[test]
fn key_moments_of_the_user_replace_the_default_columns() {
    let mut case = checkout_case();
    add(&mut case, "Z1", "queue full", AnnotationKind::KeyMoment { at: at(200), order: None });
    let text = postmortem(&checkout_incident(), &case).markdown;
    let rows: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("| Moment")).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.iter().any(|row| row.starts_with("| T+3m20s queue full (10:03:20) |")), "{rows:#?}");
    assert!(!rows.iter().any(|row| row.starts_with("| T+5m")), "{rows:#?}");
}

#[test]
fn evidence_outlives_its_source_and_says_when_it_changed() {
    let mut incident = checkout_incident();
    incident.hashes.insert("logs/checkout.log".into(), "ffff".into());
    incident.remove_source("metrics/goroutines.json");
    let text = postmortem(&incident, &checkout_case()).markdown;
    assert!(text.contains("logs/checkout.log has changed since this was pinned"), "{text}");
    assert!(text.contains("metrics/goroutines.json is not among the loaded sources"), "{text}");
}

/// Everything that a hostile log line, label, path or note could try.
const HOSTILE: &str = "a|b `c` ```\n# head\n<script>alert(1)</script> [x](javascript:alert(1)) ![i](http://t.example/p.png) <http://u.example> @ops #123 https://v.example \u{1b}]52;c;x\u{7} \u{202e}evil --> &amp; *b* _i_ ~~s~~ $m$ | | |\n---\n- [ ] task\n\t> quote\n    code\n[ref]: http://w.example\n[ref] \"q\" end; %%{init}%%";

#[test]
fn nothing_from_outside_becomes_markup() {
    let (incident, case) = hostile(HOSTILE);
    let rendered = postmortem(&incident, &case);
    let plain = postmortem(&hostile("x").0, &hostile("x").1);
    check_markup(&rendered.markdown);
    assert_eq!(shape(&rendered.markdown), shape(&plain.markdown), "hostile text changes the structure of the document");
    assert!(!rendered.markdown.contains(['\u{1b}', '\u{202e}', '\u{7}']));
    for (name, svg) in &rendered.assets {
        let stem = name.strip_suffix(".svg").unwrap();
        assert!(stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{name}");
        assert!(!svg.contains("<script") && !svg.contains("http://t.example\"") && !svg.contains('\u{1b}'), "{svg}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_mixture_of_signs_becomes_markup(text in "([-|`#<>!\\[\\]()*_~$&;:\\\\@%{}\"'=+. \n0-9a-z]|<!--|-->|```|https://|www\\.|<br>|&#124;|\\]\\(){1,24}") {
        prop_assume!(!text.trim().is_empty());
        let (incident, case) = hostile(&format!("x{text}y"));
        let markdown = postmortem(&incident, &case).markdown;
        check_markup(&markdown);
        let (incident, case) = hostile("x");
        prop_assert_eq!(shape(&markdown), shape(&postmortem(&incident, &case).markdown));
    }
}

#[test]
fn prose_of_the_user_stands_where_it_belongs() {
    let sections = [("summary", "We **lost** orders."), ("03-went-well", "Pages came fast.\n\n```\nopen")];
    let settings =
        ReportSettings { sections: sections.iter().map(|(stem, text)| ((*stem).into(), (*text).into())).collect(), ..settings() };
    let text = render(&gather(&checkout_case(), &checkout_incident(), &settings)).markdown;
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is missing"));
    assert!(place("## Summary") < place("We **lost** orders.") && place("We **lost** orders.") < place("- **What.**"));
    assert!(place("## Action items") < place("## Went well") && place("## Went well") < place("## Appendix"));
    assert!(text.contains("open\n```\n\n<!-- /gen -->"));
}

/// Only our own comments, line breaks and details are HTML; only our own pictures and trackers are links.
fn check_markup(markdown: &str) {
    let body = markdown.splitn(3, "---\n").nth(2).expect("a document begins with its front matter");
    for event in Parser::new_ext(body, gfm()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => panic!("link to {dest_url}"),
            Event::Start(Tag::Image { dest_url, link_type, .. }) => {
                assert!(link_type == LinkType::Inline && dest_url.starts_with("postmortem.assets/"), "image of {dest_url}");
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let html = html.trim();
                let is_ours = html == "<br>"
                    || html.starts_with("<!-- ")
                    || ["<details>", "</details>"].contains(&html)
                    || html.starts_with("<summary>");
                assert!(is_ours, "{html}");
                assert!(!html.starts_with("<!--") || (html.ends_with("-->") && html.len() < 60), "{html}");
            }
            Event::FootnoteReference(label) => {
                assert!(label.strip_prefix('E').is_some_and(|n| n.parse::<u32>().is_ok()), "[^{label}]");
            }
            Event::TaskListMarker(_) | Event::Rule => panic!("{event:?}"),
            _ => {}
        }
    }
    for word in ["@ops", "#123", "https://v.example", "http://t.example"] {
        let outside: String = Parser::new_ext(body, gfm())
            .scan(false, |is_code, event| {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => *is_code = true,
                    Event::End(pulldown_cmark::TagEnd::CodeBlock) => *is_code = false,
                    Event::Text(text) if !*is_code => return Some(text.to_string()),
                    _ => {}
                }
                Some(String::new())
            })
            .collect();
        assert!(!outside.contains(word), "{word} would become a link on GitHub");
    }
}

fn gfm() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_GFM
}

/// Headings, and the number of cells of each table row.
fn shape(markdown: &str) -> Vec<String> {
    let body = markdown.splitn(3, "---\n").nth(2).expect("a document begins with its front matter");
    let mut shape = Vec::new();
    let mut n_cells = 0;
    for event in Parser::new_ext(body, gfm()) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => shape.push(format!("{level}")),
            Event::Start(Tag::TableHead | Tag::TableRow) => n_cells = 0,
            Event::Start(Tag::TableCell) => n_cells += 1,
            Event::End(pulldown_cmark::TagEnd::TableHead | pulldown_cmark::TagEnd::TableRow) => shape.push(format!("row of {n_cells}")),
            Event::Start(tag @ (Tag::CodeBlock(_) | Tag::BlockQuote(_) | Tag::Emphasis | Tag::Strikethrough)) => {
                shape.push(format!("{tag:?}"));
            }
            _ => {}
        }
    }
    // Raw rows too: a parser drops the cells that a row has too many.
    let is_row = |line: &&str| line.starts_with("| ");
    shape.extend(body.lines().filter(is_row).map(|line| line.replace("\\|", "").matches('|').count().to_string()));
    shape
}

fn hostile(text: &str) -> (Incident, CaseDoc) {
    let mut incident = checkout_incident();
    incident.make_foreign(text);
    let mut case = checkout_case();
    case.meta.title = text.into();
    case.meta.services = vec![text.into()];
    case.meta.severity = Some(text.into());
    if let Some(t0) = &mut case.meta.t0 {
        t0.label = text.into();
    }
    case.meta.panels = incident
        .catalog
        .series
        .iter()
        .filter(|meta| meta.name != "http_requests_total")
        .map(|meta| PanelRef {
            role: "P99".into(),
            series: meta.full_name(),
            source: incident.catalog.sources[meta.source.0 as usize].path.clone(),
        })
        .collect();
    for annotation in case.annotations.values_mut() {
        annotation.text = text.into();
        annotation.author = text.into();
        match &mut annotation.kind {
            AnnotationKind::Moment { service, row_kind, .. } | AnnotationKind::Range { service, row_kind, .. } => {
                (*service, *row_kind) = (Some(text.into()), Some(text.into()));
            }
            AnnotationKind::Marker { rule, .. } => *rule = text.into(),
            AnnotationKind::Attempt(attempt) => attempt.effect = Some(text.into()),
            AnnotationKind::Action(action) => {
                for field in [
                    &mut action.action_type,
                    &mut action.owner,
                    &mut action.priority,
                    &mut action.link,
                    &mut action.due,
                    &mut action.done_when,
                ] {
                    *field = Some(text.into());
                }
            }
            AnnotationKind::Evidence(evidence) => {
                evidence.source = text.into();
                evidence.source_sha256 = Some(text.into());
                match &mut evidence.target {
                    EvidenceTarget::Series { name, labels, .. } | EvidenceTarget::Alert { name, labels, .. } => {
                        *name = text.into();
                        *labels = Labels::new(vec![(text.into(), text.into())]);
                    }
                    EvidenceTarget::Lines { excerpt, sha256, .. } => (*excerpt, *sha256) = (text.into(), text.into()),
                    EvidenceTarget::Change { text: words, .. } => *words = text.into(),
                    EvidenceTarget::Profile { profile, unit, .. } => (*profile, *unit) = (text.into(), text.into()),
                    EvidenceTarget::Diff { text: words, before, .. } => (*words, *before) = (text.into(), Some(text.into())),
                    EvidenceTarget::Link { url, .. } => *url = text.into(),
                }
            }
            _ => {}
        }
    }
    (incident, case)
}

/// A chain of four steps with evidence of each kind, markers, notes, an attempt and two action items.
fn checkout_case() -> CaseDoc {
    let mut case = CaseDoc::default();
    base(&mut case);
    let series = |name: &str, value: f64| {
        let goroutines = |i: i64| {
            if i < 4 {
                Some(980.0)
            } else if (9..12).contains(&i) {
                None
            } else {
                Some(1000.0 + (i * 25 - 80) as f64 * 15.0)
            }
        };
        let points = (0..12).map(goroutines).collect();
        EvidenceTarget::Series {
            name: name.into(),
            labels: service_labels(),
            unit: Unit::None,
            range: between(120, 420),
            at: at(240),
            value: Some(value),
            peak: Some((at(410), 4150.0)),
            points,
        }
    };
    pin(&mut case, "E1", "one goroutine more for every stuck request", "metrics/goroutines.json", series("goroutines", 1600.0));
    let excerpt = "{\"ts\":\"2026-03-01T10:03:20Z\",\"level\":\"error\",\"msg\":\"pool exhausted | waiters=212\"}\n{\"ts\":\"2026-03-01T10:03:21Z\",\"level\":\"error\",\"msg\":\"```pool``` exhausted\"}".to_owned();
    pin(
        &mut case,
        "E2",
        "the pool says so itself",
        "logs/checkout.log",
        EvidenceTarget::Lines { first: 812, last: 813, at: Some(at(200)), sha256: "9f86d0".into(), excerpt },
    );
    pin(
        &mut case,
        "E3",
        "",
        "deploys.jsonl",
        EvidenceTarget::Change { line: 1, at: Some(at(0)), text: "checkout v41 → v42: one connection per item".into() },
    );
    pin(
        &mut case,
        "E4",
        "",
        "alerts.json",
        EvidenceTarget::Alert { name: "HighErrorRate".into(), labels: service_labels(), at: at(235), until: Some(at(470)) },
    );
    pin(
        &mut case,
        "E5",
        "",
        "pprof/checkout.goroutine.pb.gz",
        EvidenceTarget::Profile { profile: "goroutine".into(), at: Some(at(250)), total: 3981.0, unit: "count".into() },
    );
    cause(
        &mut case,
        "C1",
        1,
        (CauseType::Trigger, CauseStatus::Confirmed),
        "v42 takes one connection per item and gives it back only when the handler returns",
        &["E3"],
        Some(0),
    );
    cause(&mut case, "C2", 2, (CauseType::LatentCondition, CauseStatus::Confirmed), "The pool has no limit on waiters", &["E2"], Some(195));
    cause(
        &mut case,
        "C3",
        3,
        (CauseType::Amplifier, CauseStatus::Suspected),
        "Clients retry at once, so every failure comes back three times",
        &[],
        None,
    );
    cause(
        &mut case,
        "C4",
        4,
        (CauseType::Effect, CauseStatus::Confirmed),
        "Handlers pile up and nine of ten requests fail",
        &["E1", "E5", "E4", "E2"],
        Some(210),
    );
    for (id, from, to, relation) in
        [("L1", "C1", "C2", Relation::Enables), ("L2", "C2", "C4", Relation::Causes), ("L3", "C3", "C4", Relation::Amplifies)]
    {
        add(&mut case, id, "", AnnotationKind::Link(Link { from: id_of(from), to: id_of(to), relation, ..Link::default() }));
    }
    case
}

#[test]
fn times_are_whole_in_the_fixture() {
    assert_eq!(at(0), Timestamp::from_secs(1_772_359_200));
}
