//! Documents in another language: every word of ours is in it, and no word of anybody else is touched.

use coroner::model::case::{DataLoss, IfRemoved};
use coroner::report::case_file::parse_annotations;
use coroner::report::format::Format;
use coroner::report::layout::Layout;
use coroner::report::lint::{Desk, check};
use coroner::report::postmortem::Postmortem;
use coroner::report::print::print;
use coroner::report::style::Style;
use coroner::report::words::{Language, Voice};
use regex::Regex;

use super::*;

fn in_chinese(postmortem: &Postmortem, format: Format, preset: &str) -> String {
    let style = Style { layout: Layout::named(preset).expect("a preset").clone(), language: Language::Chinese, ..Style::default() };
    print(postmortem, format, &style).text
}

/// What is left of a text without code, comments, tags, quotes of sources and words of others: only what the program says.
fn own_words(postmortem: &Postmortem, text: &str, format: Format) -> Vec<String> {
    let mut text = text.to_owned();
    if format == Format::Markdown {
        text = text.splitn(3, "---\n").nth(2).expect("a document has a front").to_owned();
        text = Regex::new("(?ms)^(```+)(?:text|diff)\n.*?^```+$").expect("a pattern").replace_all(&text, "").into_owned();
    } else {
        text = Regex::new("(?s)<style>.*?</style>|<head>.*?<title>|<pre>.*?</pre>").expect("a pattern").replace_all(&text, "").into_owned();
        text = Regex::new("data-label=\"([^\"]*)\"").expect("a pattern").replace_all(&text, ">$1<").into_owned();
        text = Regex::new("<code.*?</code>").expect("a pattern").replace_all(&text, "·").into_owned();
    }
    let voice = Voice::of(Language::Chinese, postmortem);
    let mut foreign: Vec<String> = voice.foreign_in(&text).into_iter().chain(postmortem.foreign.clone()).collect();
    foreign.sort_by_key(|words| std::cmp::Reverse(words.len()));
    for words in foreign {
        text = text.replace(&words, "·");
    }
    for what in ["(?s)<!--.*?-->", "<[^<>]*>", "`+[^`\n]*`+", r"!\[[^\]\n]*\]\([^)\n]*\)"] {
        text = Regex::new(what).expect("a pattern").replace_all(&text, "·").into_owned();
    }
    let run = Regex::new(r"[A-Za-z]{2,}(?:[ ,]+[a-z]{2,})+").expect("a pattern");
    let cells = text.lines().flat_map(|line| line.split(" | "));
    let mut found: Vec<String> = cells.filter_map(|cell| run.find(cell).map(|run| format!("{} … in {cell}", run.as_str()))).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn no_sentence_of_ours_is_left_in_english() {
    let postmortem = full();
    for layout in Layout::all() {
        for format in [Format::Markdown, Format::Html, Format::Slack] {
            let text = in_chinese(&postmortem, format, &layout.name);
            let left = own_words(&postmortem, &text, format);
            assert!(left.is_empty(), "{} {format:?}:\n{}", layout.name, left.join("\n"));
        }
    }
}

/// The small incident with all that a document may print: lint, records of every kind.
fn full() -> Postmortem {
    let (mut case, incident) = (checkout_case(), checkout_incident());
    let line = |(n, record): (usize, &&str)| {
        format!(
            "{{\"id\":\"R{n}\",\"v\":1,{record},\"author\":\"a\",\"created\":\"2026-03-02T00:00:00Z\",\"updated\":\"2026-03-02T00:00:00Z\",\"rev\":1}}"
        )
    };
    let notes = parse_annotations(&RECORDS.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"));
    assert_eq!(notes.problems.total(), 0, "{:?}", notes.problems);
    case.annotations.extend(notes.annotations);
    case.meta.impact.users = Some("about two hundred".into());
    case.meta.impact.data_loss = Some(DataLoss::Yes("three orders of one shop".into()));
    case.meta.head.owner = Some("team of the till".into());
    for annotation in case.annotations.values_mut() {
        if let AnnotationKind::Cause(cause) = &mut annotation.kind {
            cause.how_we_know = Some("waiters grow with every item".into());
            cause.if_removed = Some(IfRemoved::Reduced);
        }
    }
    let mut postmortem = gather(&case, &incident, &settings());
    let desk = Desk { case: &case, postmortem: &postmortem, facts: &incident, fresh: "", exported: None, today: None };
    postmortem.lint = Some(check(&desk));
    postmortem
}

/// One record of each kind that has a table.
const RECORDS: [&str; 9] = [
    r#""kind":"hypothesis","text":"the pool was full of idle ones","status":"open","would_disprove":"no idle connection""#,
    r#""kind":"factor","text":"no limit in review","group":"review","opinion":true"#,
    r#""kind":"resource","text":"connections of all","apparent":"looked fine","actual":"all of them taken","why":"the mean hides it""#,
    r#""kind":"stage","text":"first users","t0":"2026-03-01T10:09:00Z","t1":"2026-03-01T10:10:00Z","pct":5,"verdict":"pass""#,
    r#""kind":"bucket","text":"the rollback was quick","name":"well""#,
    r#""kind":"lesson","text":"a pool is shared by all","misconception":"each has its own""#,
    r#""kind":"question","text":"why did no alert fire","asked_by":"support desk","blocking":true"#,
    r#""kind":"hypothesis","text":"the network was slow","status":"refuted""#,
    r#""kind":"action","text":"Be careful with pools","type":"prevent","not_doing_because":"it says nothing""#,
];

#[test]
fn words_that_read_like_ours_stay_as_they_were_written() {
    let mut case = checkout_case();
    for words in ["Keep the sum of the pools: less than 408 of all", "a near miss: 390 of 400", "Detected at noon by chance."] {
        add(
            &mut case,
            &format!("Z{}", words.len()),
            words,
            AnnotationKind::Moment { at: at(100), service: None, row_kind: None, uncertainty_ns: None },
        );
    }
    let postmortem = gather(&case, &checkout_incident(), &settings());
    for format in [Format::Markdown, Format::Html] {
        let text = in_chinese(&postmortem, format, "full");
        for annotation in case.annotations.values().filter(|annotation| matches!(annotation.kind, AnnotationKind::Moment { .. })) {
            for line in annotation.text.lines() {
                assert!(text.contains(line.trim_end_matches('.')), "{line}");
            }
        }
    }
}
