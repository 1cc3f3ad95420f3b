//! Which records pass, by hand and against a look at every record.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::*;
use crate::model::filter::{Comparison, Expr, FieldTest, Term, TextTest, Words, number, parse};
use crate::model::query::{GroupBy, HistogramQuery, PageStart, Stat, StatKind, StatsQuery, TextMatch, TextPattern};
use crate::model::when::Reference;
use crate::model::{EventQuery, Level, TimeRange, Timestamp};
use crate::parse::{NO_TIME, RecordDetail};
use crate::store::events::Events;
use crate::store::service::service_of_path;
use crate::store::testing::{chunk, detail};
use crate::store::testing::{log, watch};
use proptest::prelude::*;

const TEXT: &str = "1 error order Pool Exhausted\n at acquire\n2 info pay pool ok\n3 - - POOL\n4 warn order a.b+c\n";

fn passing(filter: &EventFilter) -> Vec<usize> {
    let log = log(0, "web.log", TEXT, 99);
    let selection = Filter::new(filter, None, &[]).unwrap().select(&log, 0, &watch()).unwrap();
    (0..4).filter(|i| selection.contains(*i)).collect()
}

fn text(pattern: TextPattern) -> EventFilter {
    EventFilter { text: vec![TextMatch { pattern, is_negated: false }], ..EventFilter::default() }
}

#[test]
fn a_literal_ignores_case_unless_it_has_a_capital() {
    assert_eq!(passing(&text(TextPattern::Literal("pool".into()))), [0, 1, 2]);
    assert_eq!(passing(&text(TextPattern::Literal("Pool".into()))), [0]);
    assert_eq!(passing(&text(TextPattern::Literal("a.b+c".into()))), [3]);
    assert_eq!(passing(&text(TextPattern::Literal("acquire".into()))), [0], "folded lines belong to their record");
    assert_eq!(passing(&text(TextPattern::Literal("acquire\n2".into()))), [] as [usize; 0], "no match spans two records");
}

#[test]
fn a_field_is_found_as_the_screen_shows_it_however_its_record_spells_it() {
    let records = "1 info s {\"Status\":503}\n2 info s status=503\n3 info s {\"status\":200,\"n\":503}\n4 - - Status=\"503 x\"\n";
    let log = log(0, "web.log", records, 99);
    let found = |pattern: TextPattern| -> Vec<usize> {
        let selection = Filter::new(&text(pattern), None, &[]).unwrap().select(&log, 0, &watch()).unwrap();
        (0..4).filter(|i| selection.contains(*i)).collect()
    };
    assert_eq!(found(TextPattern::Literal("status=503".into())), [0, 1, 3]);
    assert_eq!(found(TextPattern::Literal("Status=503".into())), [0, 3]);
    assert_eq!(found(TextPattern::Regex("status=50[23]".into())), [1]);
    assert_eq!(found(TextPattern::Regex("^1.*tatus=503".into())), [0]);
}

#[test]
fn expressions_and_letters_in_order_match_records() {
    assert_eq!(passing(&text(TextPattern::Regex("^1.*Exhausted$".into()))), [0]);
    assert_eq!(passing(&text(TextPattern::Fuzzy("plxh".into()))), [0]);
    assert!(Filter::new(&text(TextPattern::Regex("(".into())), None, &[]).is_err());
}

#[test]
fn columns_and_negated_text_combine() {
    let negated = TextMatch { pattern: TextPattern::Literal("acquire".into()), is_negated: true };
    assert_eq!(passing(&EventFilter { text: vec![negated], ..EventFilter::default() }), [1, 2, 3]);
    assert_eq!(passing(&EventFilter { min_level: Some(Level::Warn), ..EventFilter::default() }), [0, 3]);
    assert_eq!(passing(&EventFilter { min_level: Some(Level::Unknown), ..EventFilter::default() }), [0, 1, 3]);
    assert_eq!(passing(&EventFilter { services: vec!["order".into(), "web".into()], ..EventFilter::default() }), [0, 2, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_scan_finds_what_a_look_at_each_record_finds(words in prop::collection::vec("[ab]{0,4}", 1..150), needle in "[ab\n1]{1,3}") {
        let lines: String = words.iter().map(|word| format!("1 info s {word}\n")).collect::<Vec<_>>().concat();
        let log = log(0, "x", &lines, 999);
        for pattern in [needle.clone(), needle.to_uppercase()] {
            let filter = text(TextPattern::Literal(pattern.clone()));
            let selection = Filter::new(&filter, None, &[]).unwrap().select(&log, 0, &watch()).unwrap();
            for (i, line) in lines.split_inclusive('\n').enumerate() {
                prop_assert_eq!(selection.contains(i), line.contains(&pattern));
            }
        }
    }
}

#[test]
fn a_pattern_is_named_by_its_number() {
    let logs = [log(0, "a.log", "1 info s took 5 ms\n2 info s took 7 ms\n3 info s other\n", 2)];
    let selections = Selections::default();
    let events = Events { logs: &logs, selections: &selections, jobs: 2 };
    let count = |text: &str| {
        let filter = EventFilter { expr: parse(text, &Reference::default()).unwrap(), ..EventFilter::default() };
        events.count(&filter, None, &watch()).unwrap()
    };
    assert_eq!([count("pattern:0"), count("pattern:1"), count("pattern:0 5"), count("-pattern:0"), count("pattern:9")], [2, 1, 1, 1, 0]);
}

/// A record as nothing but its text says.
struct Row {
    key: (i64, u32, u64),
    source: String,
    raw: String,
    level: Level,
    service: String,
    status: u16,
    latency: f32,
    detail: RecordDetail,
}

fn rows_of(source: u32, path: &str, text: &str) -> Vec<Row> {
    let mut raws: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        match raws.last_mut().filter(|_| line.starts_with(' ')) {
            Some(last) => last.push_str(line),
            None => raws.push(line.to_owned()),
        }
    }
    let row = |(record, raw): (usize, String)| {
        let chunk = chunk(raw.as_bytes());
        let columns = &chunk.columns;
        let service = chunk.services.first().cloned().or_else(|| service_of_path(path)).unwrap_or_default();
        let (level, status, latency) = (columns.levels[0], columns.statuses[0], columns.latencies[0]);
        let key = (columns.times[0], source, record as u64);
        Row { key, source: path.to_owned(), level, service, status, latency, detail: detail(raw.as_bytes()), raw }
    };
    raws.into_iter().enumerate().map(row).collect()
}

/// The plainest way to answer.
fn passes(expr: &Expr, row: &Row) -> bool {
    let is = |words: &Words, text: &str| {
        let (Words::Exact(wanted) | Words::Glob(wanted)) = words;
        let (wanted, text) =
            if wanted.chars().any(char::is_uppercase) { (wanted.clone(), text.to_owned()) } else { (wanted.clone(), text.to_lowercase()) };
        match words {
            Words::Exact(_) => wanted == text,
            Words::Glob(_) => {
                let body = wanted.split('*').map(regex::escape).collect::<Vec<_>>().join("(?s:.*)");
                regex::Regex::new(&format!("^{body}$")).unwrap().is_match(&text)
            }
        }
    };
    let text_test = |test: &TextTest, text: &str| match test {
        TextTest::Is(words) => is(words, text),
        TextTest::IsNot(words) => !is(words, text),
        TextTest::Matches(body) => regex::Regex::new(body).unwrap().is_match(text),
    };
    match expr {
        Expr::And(parts) => parts.iter().all(|part| passes(part, row)),
        Expr::Or(parts) => parts.iter().any(|part| passes(part, row)),
        Expr::Not(part) => !passes(part, row),
        Expr::Term(term) => match term {
            Term::Text(TextPattern::Literal(text)) if text.chars().any(char::is_uppercase) => row.raw.contains(text),
            Term::Text(TextPattern::Literal(text)) => row.raw.to_lowercase().contains(text),
            Term::Text(TextPattern::Regex(body)) => {
                regex::RegexBuilder::new(body).multi_line(true).build().unwrap().is_match(row.raw.trim_end_matches('\n'))
            }
            Term::Text(TextPattern::Fuzzy(letters)) => {
                let mut rest = row.raw.chars();
                letters.chars().all(|letter| rest.any(|c| c == letter || c.to_ascii_lowercase() == letter))
            }
            Term::Trace(id) => row.raw.contains(id),
            Term::Level(comparison, level) if row.level == Level::Unknown || *level == Level::Unknown => match comparison {
                Comparison::Eq | Comparison::Le | Comparison::Ge if row.level == *level => true,
                Comparison::Ne | Comparison::Gt | Comparison::Ge => row.level != Level::Unknown,
                _ => false,
            },
            Term::Level(comparison, level) => comparison.holds(&row.level, level),
            Term::Status(comparison, status) => row.status != 0 && comparison.holds(&row.status, status),
            Term::Latency(comparison, ns) => comparison.holds(&row.latency, &((*ns as f64 / 1e9) as f32)),
            Term::Since(at) => row.key.0 != NO_TIME && row.key.0 >= at.0,
            Term::Until(at) => row.key.0 != NO_TIME && row.key.0 < at.0,
            Term::Service(test) => text_test(test, &row.service),
            Term::File(test) => text_test(test, &row.source),
            Term::Pattern(_) => unreachable!("not generated"),
            Term::Field(name, test) => {
                let Some((_, value)) = row.detail.fields.iter().find(|field| field.0 == *name) else { return false };
                match test {
                    FieldTest::Text(test) => text_test(test, value),
                    FieldTest::Number(comparison, wanted) => number(value).is_some_and(|n| comparison.holds(&n, &number(wanted).unwrap())),
                }
            }
        },
    }
}

fn expr() -> impl Strategy<Value = Expr> {
    let terms = [
        "pool",
        "Pool",
        "\"pool ok\"",
        "exhausted",
        "zz",
        "\"at\"",
        "/pool|slow/",
        "/x$/",
        "/^5/",
        "/P[^z]*k/",
        "/\\s+at/",
        "/(?i)POOL/",
        "/k=\\w*$/",
        "/[^q]*/",
        "/\\A7/",
        "/exhausted.*503/",
        "/o\\b/",
        "/s\\s*1/",
        "fuzzy~plk",
        "fuzzy~Pk",
        "trace:v2",
        "level>=warn",
        "level:unknown",
        "level!=error",
        "level<warn",
        "level>=unknown",
        "status>=500",
        "status!=503",
        "status:200",
        "latency>0.25",
        "latency<=250ms",
        "latency!=12",
        "service:order",
        "service:o*r",
        "service!=order",
        "service~^f",
        "file:f0.log",
        "file:*1*",
        "file!=f0.log",
        "k:v",
        "k:value",
        "k:v*",
        "k!=v",
        "k~^v\\d",
        "n>5",
        "n<1",
        "n<=12ms",
        "word:pool",
        "k:esc",
        "k:\"\"",
    ];
    let reference = Reference::default();
    let read = |text: &str| parse(text, &reference).unwrap().unwrap();
    let mut terms: Vec<Expr> = terms.iter().map(|text| read(text)).collect();
    terms.extend([5, 9].map(|at| Expr::Term(Term::Since(Timestamp(at)))));
    terms.extend([7, 12].map(|at| Expr::Term(Term::Until(Timestamp(at)))));
    prop::sample::select(terms).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::any),
            inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

const MESSAGES: [&str; 10] = [
    "Pool exhausted status=503",
    "pool ok k=v",
    "0.25 slow status=200 k=Value",
    "12 x k=v2 n=7",
    "0.9 n=12ms",
    "a.b+c k=",
    "é pool x",
    "\\u0041 k=esc\\",
    "- k=V n=x",
    "status=200 n=3 pool",
];

fn text_of(lines: &[(Option<i64>, usize, usize, usize, bool)]) -> String {
    let line = |(time, level, service, message, has_tail): &(Option<i64>, usize, usize, usize, bool)| {
        let time = time.map_or_else(|| "-".to_owned(), |time| time.to_string());
        let tail = if *has_tail { " at pool k\n" } else { "" };
        let (level, service) = (["error", "-", "info", "warn"][*level], ["order", "pay", "-"][*service]);
        format!("{time} {level} {service} {}\n{tail}", MESSAGES[*message])
    };
    lines.iter().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn pages_counts_histograms_and_statistics_agree_with_a_look_at_every_record(
        files in prop::collection::vec(prop::collection::vec((prop::option::weighted(0.9, 0i64..20), 0usize..4, 0usize..3, 0usize..MESSAGES.len(), prop::bool::weighted(0.2)), 0..90), 1..4),
        expr in expr(), lines in 1usize..100, jobs in 1usize..4, limit in 1usize..40,
    ) {
        let texts: Vec<String> = files.iter().map(|file| text_of(file)).collect();
        let paths: Vec<String> = (0..files.len()).map(|i| format!("f{i}.log")).collect();
        let logs: Vec<_> = texts.iter().zip(&paths).enumerate().map(|(i, (text, path))| log(i as u32, path, text, lines)).collect();
        let rows = texts.iter().zip(&paths).enumerate().flat_map(|(i, (text, path))| rows_of(i as u32, path, text));
        let mut rows: Vec<Row> = rows.filter(|row| passes(&expr, row)).collect();
        rows.sort_by_key(|row| row.key);
        let selections = Selections::default();
        let events = Events { logs: &logs, selections: &selections, jobs };
        let filter = EventFilter { expr: Some(expr), ..EventFilter::default() };
        let range = TimeRange::new(Timestamp(3), Timestamp(15));
        let is_inside = |row: &&Row| range.contains(Timestamp(row.key.0));

        prop_assert_eq!(events.count(&filter, None, &watch()), Ok(rows.len() as u64));
        prop_assert_eq!(events.count(&filter, Some(range), &watch()), Ok(rows.iter().filter(is_inside).count() as u64));

        let (mut ids, mut start) = (Vec::new(), PageStart::AtOrAfter(Timestamp::MIN));
        loop {
            let page = events.page(&EventQuery { filter: filter.clone(), range: None, start, limit }, &watch()).unwrap();
            ids.extend(page.events.iter().map(|event| (event.id.source.0, event.id.record)));
            match page.events.last().filter(|_| page.has_more) {
                Some(last) => start = PageStart::After(last.id),
                None => break,
            }
        }
        let placed: Vec<(u32, u64)> = rows.iter().filter(|row| row.key.0 != NO_TIME).map(|row| (row.key.1, row.key.2)).collect();
        prop_assert_eq!(ids, placed);

        let columns = NonZeroUsize::new(4).unwrap();
        let query = HistogramQuery { filter, range, columns, by: vec![GroupBy::Service] };
        let mut counts: BTreeMap<Vec<String>, Vec<u64>> = BTreeMap::new();
        let mut sums: BTreeMap<Vec<String>, Vec<Vec<f64>>> = BTreeMap::new();
        for row in rows.iter().filter(is_inside) {
            let (key, column) = (vec![row.service.clone()], range.column_of(Timestamp(row.key.0), columns).unwrap());
            counts.entry(key.clone()).or_insert_with(|| vec![0; 4])[column] += 1;
            let values = &mut sums.entry(key).or_insert_with(|| vec![Vec::new(); 4])[column];
            values.extend(Some(f64::from(row.latency)).filter(|value| value.is_finite()));
        }
        prop_assert_eq!(events.histogram(&query, &watch()).unwrap().groups, counts);
        let stat = |kind| Stat { kind, field: "latency".into() };
        let query = StatsQuery { histogram: query, stats: vec![stat(StatKind::Sum), stat(StatKind::Max)] };
        for (key, columns) in events.stats(&query, &watch()).unwrap() {
            for (numbers, values) in columns.iter().zip(&sums[&key]) {
                let sum = Some(values.iter().sum::<f64>()).filter(|_| !values.is_empty());
                prop_assert!(numbers[0].zip(sum).map_or(numbers[0] == sum, |(a, b)| (a - b).abs() < 1e-5));
                prop_assert_eq!(numbers[1].map(|n| n as f32), values.iter().copied().reduce(f64::max).map(|n| n as f32));
            }
        }
    }
}
