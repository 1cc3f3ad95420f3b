//! Every form and preset of the small incident, of the hostile one, and of one whose names must not get out.

use std::collections::BTreeSet;

use coroner::report::exchange;
use coroner::report::format::{ALL, Format};
use coroner::report::layout::{Audience, Layout};
use coroner::report::postmortem::Postmortem;
use coroner::report::print::{Printed, print};
use coroner::report::redact::{Names, redact, visible};
use coroner::report::style::{Dialect, Feature, Style};
use coroner::report::template;
use coroner::report::words::Language;

use super::*;

fn gathered(incident: &Incident, case: &CaseDoc) -> Postmortem {
    gather(case, incident, &settings())
}

fn styled(preset: &str) -> Style {
    Style { layout: Layout::named(preset).expect("a preset").clone(), ..Style::default() }
}

#[test]
fn every_form_of_the_small_incident() {
    let postmortem = gathered(&checkout_incident(), &checkout_case());
    for (format, name, ..) in ALL.into_iter().filter(|entry| entry.0 != Format::Markdown) {
        let text = print(&postmortem, format, &Style::default()).text;
        assert_eq!(text, print(&postmortem, format, &Style::default()).text, "{name}: not the same bytes twice");
        insta::assert_snapshot!(format!("export_{name}"), text);
    }
}

#[test]
fn every_preset_of_the_small_incident() {
    let postmortem = gathered(&checkout_incident(), &checkout_case());
    for layout in Layout::all() {
        let markdown = print(&postmortem, Format::Markdown, &styled(&layout.name)).text;
        let titles: Vec<&str> = markdown.lines().filter(|line| line.starts_with("## ")).collect();
        insta::assert_snapshot!(format!("preset_{}", layout.name), titles.join("\n"));
    }
}

#[test]
fn dialects_leave_out_what_a_reader_cannot_show() {
    let postmortem = gathered(&checkout_incident(), &checkout_case());
    let style = Style { dialect: Dialect { mermaid: Feature::Off, html: Feature::Off, footnotes: Feature::Off }, ..Style::default() };
    let text = print(&postmortem, Format::Markdown, &style).text;
    for mark in ["```mermaid", "<br>", "<!--", "<details>", "<summary>", "[^"] {
        assert!(!text.contains(mark), "{mark}");
    }
    assert!(text.contains("- **C1** T+0 (trigger, confirmed)"));
}

/// What a page may hold: no script, no handler, no address that would be asked for.
#[track_caller]
fn check_page(page: &str) {
    let lower = page.to_ascii_lowercase();
    for mark in
        ["<script", "<iframe", "<img", "<link", "<object", "<embed", "<form", "<base", "@import", "url(", "javascript:", " src=", "srcset="]
    {
        let inside_text = lower.match_indices(mark).all(|(at, _)| !is_tag(&lower, at, mark));
        assert!(inside_text, "{mark}");
    }
    for tag in tags(page) {
        // Without the values: only what the browser takes for names of attributes.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.split_whitespace().any(|name| name.starts_with("on")), "{tag}");
        if let Some(address) = tag.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()) {
            assert!(address.starts_with('#') || address.starts_with("https://tracker.example/"), "{tag}");
        }
    }
    assert!(lower.contains("content-security-policy") && lower.contains("default-src 'none'"));
}

fn is_tag(page: &str, at: usize, mark: &str) -> bool {
    let inside = page[..at].rfind('<').filter(|open| Some(*open) > page[..at].rfind('>'));
    mark.starts_with('<') || inside.is_some_and(|open| page[open..at].matches('"').count().is_multiple_of(2))
}

fn tags(page: &str) -> Vec<&str> {
    let body = page.split("</style>").nth(1).unwrap_or_default();
    body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()).collect()
}

/// Tags without their words, to compare two pages.
fn skeleton(page: &str) -> Vec<String> {
    tags(page)
        .iter()
        .map(|tag| tag.split(' ').next().unwrap_or_default().to_owned())
        .filter(|tag| !["br", "code", "/code"].contains(&tag.as_str()))
        .collect()
}

#[test]
fn hostile_words_mean_nothing_in_any_form() {
    let (incident, case) = hostile(HOSTILE);
    let (postmortem, plain) = (gathered(&incident, &case), gathered(&hostile("x").0, &hostile("x").1));
    for (format, name, ..) in ALL {
        let Printed { text, assets } = print(&postmortem, format, &Style::default());
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{9b}']), "{name} holds a command for a terminal");
        assert!(assets.iter().all(|(file, _)| file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))));
        match format {
            Format::Html => {
                check_page(&text);
                let expected = print(&plain, format, &Style::default()).text;
                assert_eq!(skeleton(&text), skeleton(&expected));
            }
            Format::TimelineCsv | Format::GitlabCsv | Format::JiraCsv => check_table(&text),
            Format::Json | Format::Grafana | Format::Rootly | Format::Aws => {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                if format == Format::Grafana {
                    let words = value[0]["text"].as_str().unwrap();
                    assert!(!words.contains('<') && !words.contains('>'), "Grafana takes text for HTML: {words}");
                }
            }
            Format::TimelineJsonl | Format::GithubJsonl | Format::Timesketch => {
                for line in text.lines() {
                    let value: serde_json::Value = serde_json::from_str(line).unwrap();
                    if format == Format::GithubJsonl {
                        let body = value["body"].as_str().unwrap();
                        assert!(!body.contains("@ops") && !body.contains("#123") && !body.contains("<script"), "{body}");
                    }
                }
            }
            Format::GitlabTimeline => {
                for line in text.lines() {
                    assert!(line.starts_with("/timeline ") && line.matches(" | ").count() == 1 && !line.contains("@ops"), "{line}");
                }
            }
            Format::Slack => {
                assert!(text.chars().count() <= exchange::MOST_CHARS);
                assert!(!text.contains('<') && !text.contains("@ops") && !text.contains("://"), "{text}");
            }
            Format::Markdown => check_markup(&text),
        }
    }
}

/// Every row has as many cells as the head, and no cell begins like a formula.
#[track_caller]
fn check_table(text: &str) {
    let rows: Vec<Vec<String>> = text.split("\r\n").filter(|row| !row.is_empty()).map(cells).collect();
    for row in &rows {
        assert_eq!(row.len(), rows[0].len(), "{row:?}");
        for cell in row {
            let is_number = cell.parse::<f64>().is_ok();
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
    }
}

fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    for c in row.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("one at least").push(c),
        }
    }
    cells
}

#[test]
fn a_formula_of_a_note_is_defused_in_every_table() {
    for formula in ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1"] {
        let (incident, case) = hostile(formula);
        let postmortem = gathered(&incident, &case);
        for format in [Format::TimelineCsv, Format::GitlabCsv, Format::JiraCsv] {
            check_table(&print(&postmortem, format, &Style::default()).text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn no_mixture_of_signs_becomes_markup_of_a_page(text in "([-|`#<>!\\[\\]()*_~$&;:\\\\@%{}\"'=+. \n0-9a-z]|<!--|-->|```|https://|<br>|</td>|</style>|&#124;|\\]\\(| onload=){1,24}") {
        prop_assume!(!text.trim().is_empty());
        let (incident, case) = hostile(&format!("x{text}y"));
        let page = print(&gathered(&incident, &case), Format::Html, &Style::default()).text;
        check_page(&page);
        let (incident, case) = hostile("x");
        prop_assert_eq!(skeleton(&page), skeleton(&print(&gathered(&incident, &case), Format::Html, &Style::default()).text));
    }

    #[test]
    fn nobody_and_no_machine_is_named_to_the_public(
        person in "[A-Z][a-z]{4,8} [A-Z][a-z]{4,8}", host in "[a-z]{3}q-[0-9]{2}", local in "[a-z]{5,9}", token in "[A-Za-z0-9]{36}"
    ) {
        let mail = format!("{local}@mail.example.org");
        let words = format!("{person} saw {host}:9090 ({mail}, ghp_{token}) at https://wiki.{host}.internal/x fail");
        let (incident, mut case) = hostile(&words);
        let mut incident = incident;
        for meta in &mut incident.catalog.series {
            meta.labels = Labels::new(vec![("instance".into(), format!("{host}:9090"))]);
        }
        case.meta.people = vec![coroner::model::case::Person { name: person.clone(), role: None, aliases: vec![local.clone()] }];
        for annotation in case.annotations.values_mut() {
            annotation.visibility = coroner::model::case::Visibility::Public;
        }
        let names = Names::of(&case, &incident.catalog);
        let (told, _) = visible(&case, Audience::Public);
        let postmortem = redact(gathered(&incident, &told), Audience::Public, &names);
        prop_assert!(postmortem.redactions.iter().map(|done| done.count).sum::<u64>() > 0);
        for (format, name, ..) in ALL {
            let Printed { text, assets } = print(&postmortem, format, &styled("public"));
            let all: Vec<&str> = std::iter::once(text.as_str()).chain(assets.iter().flat_map(|(file, svg)| [file.as_str(), svg.as_str()])).collect();
            for secret in [&person, &host, &mail, &token, &local] {
                let bare = |text: &str| text.replace("&#8203;", "").replace(['\u{200b}', '\\'], "").to_lowercase();
                for text in &all {
                    prop_assert!(!bare(text).contains(&secret.to_lowercase()), "{} tells {}: {}", name, secret, text);
                }
            }
        }
    }
}

#[test]
fn internal_records_are_not_told_to_the_public() {
    let case = checkout_case();
    let (told, n_left_out) = visible(&case, Audience::Public);
    assert_eq!(n_left_out, case.annotations.values().filter(|one| !matches!(one.kind, AnnotationKind::Marker { .. })).count());
    let postmortem = redact(gathered(&checkout_incident(), &told), Audience::Public, &Names::of(&case, &checkout_incident().catalog));
    for (format, name, ..) in ALL {
        let text = print(&postmortem, format, &styled("public")).text;
        for words in ["Decides against a restart", "v43 gives connections back", "pool exhausted", "tracker.example", "on-call"] {
            assert!(!text.contains(words), "{name} tells {words:?}");
        }
    }
}

#[test]
fn keys_are_taken_out_for_everybody_and_counted() {
    let mut case = checkout_case();
    let key = format!("ghp_{}", "a1B2".repeat(9));
    case.meta.title = format!("pushed with {key}");
    let postmortem = redact(gathered(&checkout_incident(), &case), Audience::Internal, &Names::default());
    for (format, name, ..) in ALL {
        assert!(!print(&postmortem, format, &Style::default()).text.contains(&key), "{name}");
    }
    let markdown = print(&postmortem, Format::Markdown, &Style::default()).text;
    assert!(markdown.contains("### Redactions\n\nTaken out, by rule and how often: 1 GitHub token.\n"), "{markdown}");
}

#[test]
fn words_of_the_incident_stay_words_in_templates() {
    let (incident, case) = hostile(HOSTILE);
    let postmortem = gathered(&incident, &case);
    let markdown = template::print("a.md.j2", "x {{ head.title }}\n", &postmortem, &Style::default()).unwrap();
    assert!(!markdown.contains("<script>") && !markdown.contains("@ops") && markdown.contains("\\[x\\](javascript"), "{markdown}");
    let page =
        template::print("a.html.j2", "<p>{{ head.title }}</p>{{ generated.timeline }}{{ charts|length }}", &postmortem, &Style::default());
    let page = page.unwrap();
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;") && page.contains("<table>"), "{page}");
    let text = template::print("a.txt.j2", "{{ head.title }}", &postmortem, &Style::default()).unwrap();
    assert!(!text.contains('\u{1b}') && text.contains("<script>"));
}

#[test]
fn a_wrong_template_says_where() {
    let postmortem = gathered(&checkout_incident(), &checkout_case());
    for (source, expected) in [("a\n{% for %}\n", "t.md.j2:2: "), ("a\nb\n{{ hed.title }}\n", "t.md.j2:3: undefined value")] {
        let error = template::print("t.md.j2", source, &postmortem, &Style::default()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn anchors_of_a_page_stand_once_and_every_link_leads_somewhere() {
    for layout in Layout::all() {
        let page = print(&gathered(&checkout_incident(), &checkout_case()), Format::Html, &styled(&layout.name)).text;
        let of = |mark: &str| -> Vec<String> {
            tags(&page).iter().filter_map(|tag| Some(tag.split(mark).nth(1)?.split('"').next()?.to_owned())).collect()
        };
        let (ids, links) = (of(" id=\""), of(" href=\"#"));
        let unique: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{}: {ids:?}", layout.name);
        for link in &links {
            assert!(unique.contains(link), "{}: #{link} leads nowhere", layout.name);
        }
    }
}

/// Words that are the same in every language: units, zones, names of measures and of what a mark says.
const SHARED: [&str; 14] = ["SLO", "rollback", "UTC", "SEV", "TTD", "TTA", "TTM", "TTR", "NaN", "sha", "checkout", "dt", "min", "MAD"];

#[test]
fn no_english_is_left_in_a_chinese_document() {
    let (incident, case) = hostile("甲");
    let style = Style { language: Language::Chinese, ..Style::default() };
    let postmortem = gathered(&incident, &case);
    let mut left = BTreeSet::new();
    for section in coroner::report::markdown::sections(&postmortem, &style) {
        // The appendix quotes names of fields and files; `language` looks at its sentences.
        if section.name == "appendix" {
            continue;
        }
        for event in Parser::new_ext(&format!("## {}\n\n{}", section.title, section.text), gfm()) {
            let Event::Text(text) = event else { continue };
            let is_word = |word: &&str| word.len() >= 3 && !SHARED.iter().any(|shared| word.starts_with(shared));
            let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphabetic()).filter(is_word).collect();
            if !words.is_empty() && !text.starts_with("flowchart") && !text.starts_with("style") && !text.contains(']') {
                left.insert(format!("{}: {text}", section.name));
            }
        }
    }
    assert!(left.is_empty(), "{}", left.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn numbers_are_the_same_in_every_language() {
    let postmortem = gathered(&checkout_incident(), &checkout_case());
    let numbers = |language| {
        let text = print(&postmortem, Format::Markdown, &Style { language, ..Style::default() }).text;
        let body: String =
            text.lines().filter(|line| !line.contains("sha=") && !line.starts_with("document:")).collect::<Vec<_>>().join("\n");
        let mut numbers: Vec<String> = body
            .split(|c: char| !c.is_ascii_digit() && c != '.')
            .map(|n| n.trim_matches('.').to_owned())
            .filter(|n| !n.is_empty())
            .collect();
        numbers.sort();
        numbers
    };
    let (english, chinese) = (numbers(Language::English), numbers(Language::Chinese));
    let missing: Vec<&String> =
        english.iter().filter(|n| english.iter().filter(|m| m == n).count() != chinese.iter().filter(|m| m == n).count()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_json_fits_its_schema() {
    let (odd_incident, odd_case) = hostile(HOSTILE);
    let small = gathered(&checkout_incident(), &checkout_case());
    let mut bare = checkout_incident();
    bare.remove_source("metrics/goroutines.json");
    let public = redact(small.clone(), Audience::Public, &Names::default());
    for postmortem in [small, gathered(&odd_incident, &odd_case), gathered(&bare, &CaseDoc::default()), public] {
        let text = print(&postmortem, Format::Json, &Style::default()).text;
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(super::schema::objections(&value, coroner::report::json::SCHEMA_TEXT), [""; 0]);
        assert_eq!(value["$schema"], serde_json::from_str::<serde_json::Value>(coroner::report::json::SCHEMA_TEXT).unwrap()["$id"]);
    }
}
