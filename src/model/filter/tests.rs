//! What is read, refused, printed and offered.

use proptest::prelude::*;

use super::*;
use crate::model::query::{FieldSeen, Pattern};
use crate::model::time::TimeRange;
use crate::model::when::Reference;

fn reference() -> Reference {
    let extent = TimeRange::new(Timestamp::from_secs(1_795_400_000), Timestamp::from_secs(1_795_403_600));
    Reference { t0: Some(Timestamp::from_secs(1_795_400_600)), extent: Some(extent), ..Reference::default() }
}

fn read(text: &str) -> Result<Option<Expr>, FilterError> {
    parse(text, &reference())
}

/// Canonical text.
#[track_caller]
fn printed(text: &str) -> String {
    read(text).unwrap_or_else(|error| panic!("{text}: {error}")).map_or_else(String::new, |expr| expr.to_string())
}

/// The text with a marker below, and the reason.
fn refused(text: &str) -> String {
    let error = read(text).expect_err(text);
    let marks = "^".repeat(text[error.span.clone()].chars().count().max(1));
    format!("{text}\n{}{marks} {}", " ".repeat(error.column - 1), error.reason)
}

#[test]
fn every_form_of_the_language_is_understood() {
    let same = [
        "level>=warn service:order status>=500 latency>1s \"exact words\" /re gex/ fuzzy~abc trace:abc pattern:17",
        "file:order* since:2026-11-23T02:24:20Z until:2026-11-23T02:26:20Z field:value field>12 -word",
        "a or b c or (d or e) f",
        "not (a b) not -c -(d)",
        "level:unknown level!=error service!=pay service~^pay status:200 latency<=250ms",
        "\"level\":x \"two words\">=1m30s user.id:7 @timestamp:x \"and\" \"10:30\" 10.0.0.1",
        "path:/orders/5 url:\"//x\" service:\"a*b\" x:\"\"",
    ];
    for text in same {
        assert_eq!(printed(text), text.replace("-(d)", "-d"));
    }
    assert_eq!(printed("  "), "");
    assert_eq!(printed("a AND b and not c"), "a b -c");
    assert_eq!(printed("(a (b)) ((c))"), "a b c");
    assert_eq!(printed("'exact words"), "\"exact words\"");
    assert_eq!(printed("level >= warn level = info"), "level>=warn level:info");
    assert_eq!(printed("status:5xx status>4xx"), "status>=500 status<600 status>=500");
    assert_eq!(printed("latency>0.25 ~abc since:T+1m"), "latency>250ms fuzzy~abc since:2026-11-23T02:24:20Z");
    assert_eq!(printed("http://x/y std::fmt f(x) a->b -5m"), "\"http://x/y\" \"std::fmt\" \"f(x)\" \"a->b\" -5m");
    assert_eq!(printed("(f(x))"), "\"f(x)\"");
}

#[test]
fn mistakes_are_shown_at_their_column_with_the_nearest_word() {
    let all = [
        "level>=warm",
        "service:order levle>=warn",
        "a and",
        "or a",
        "(a or b",
        "a) b",
        "\"a",
        "/(x/",
        "/orders/5",
        "status>=abc",
        "latency>1x",
        "since:T+x",
        "level>=",
        "pattern:x",
        "trace>3",
        "not",
        "()",
        "é level:loud",
        "service~(",
    ];
    let seen = all.map(refused).join("\n");
    insta::assert_snapshot!(seen);
}

#[test]
fn a_thousand_brackets_are_refused_not_followed() {
    assert!(refused(&"(".repeat(10_000)).contains("inside one another"));
    assert!(refused(&"-".repeat(10_000)).contains("inside one another"));
    assert!(refused(&"not ".repeat(10_000)).contains("inside one another"));
}

#[test]
fn what_may_follow_is_offered() {
    let services = ["order".to_owned(), "pay ment".to_owned()];
    let files = ["logs/order-1.log".to_owned()];
    let field = |name: &str, n_numbers, values: &[&str]| FieldSeen {
        name: name.into(),
        n_records: 2,
        n_numbers,
        n_durations: 0,
        values: values.iter().map(|value| ((*value).to_owned(), 1)).collect(),
    };
    let fields = [field("method", 0, &["GET", "POST x"]), field("bytes", 2, &[]), field("status", 2, &["200", "503"])];
    let pattern = Pattern {
        id: 17,
        template: "acquire: pool exhausted after <*>".into(),
        count: 3,
        first: None,
        last: None,
        level: Level::Error,
        ..Pattern::default()
    };
    let patterns = [pattern];
    let known = Known { services: &services, files: &files, fields: &fields, patterns: &patterns };
    let offered = |before: &str| {
        let Completion { start, words, .. } = complete(before, known);
        words.iter().map(|word| format!("{}{word}", &before[..start])).collect::<Vec<_>>()
    };
    assert_eq!(offered("a se"), ["a service:"]);
    assert_eq!(offered("(le"), ["(level>="]);
    assert_eq!(offered("-s")[..2], ["-service:", "-status>="]);
    assert_eq!(offered("service:"), ["service:order", "service:\"pay ment\""]);
    assert_eq!(offered("level>=e"), ["level>=error", "level>=debug", "level>=trace"]);
    assert_eq!(offered("file:ord"), ["file:logs/order-1.log"]);
    assert_eq!(offered("a meth"), ["a method:"]);
    assert_eq!(offered("byt"), ["bytes>"], "numbers are compared");
    assert_eq!(offered("ord"), ["service:order"]);
    assert_eq!(offered("err"), ["level>=error"]);
    assert_eq!(offered("method:p"), ["method:\"POST x\""]);
    assert_eq!(offered("status>=5"), ["status>=503"]);
    assert_eq!((offered("pattern:1"), offered("pattern:pool")), (vec!["pattern:17".to_owned()], vec!["pattern:17".to_owned()]));
    assert_eq!(complete("pattern:", known).notes, ["acquire: pool exhausted after <*>"]);
    assert_eq!(offered("\"a se"), [] as [&str; 0]);
    assert_eq!(nearest("servise", ["service", "status"]), Some("service"));
    assert_eq!(nearest("level", ["service"]), None);
}

#[test]
fn conditions_that_are_probably_not_meant_are_remarked_on() {
    let services = ["order".to_owned()];
    let remarks = |text| remarks(&read(text).unwrap().unwrap(), Known { services: &services, ..Known::default() });
    assert_eq!(remarks("servise:order"), ["servise is looked for as a field; did you mean service?"]);
    assert_eq!(remarks("-service:ordre"), ["no service is called \"ordre\"; did you mean order?"]);
    assert_eq!(remarks("service:order uid:7"), [] as [&str; 0]);
}

#[test]
fn durations_count_in_seconds() {
    assert_eq!(["12ms", "1m30s", "2", "\"1.5s\""].map(number), [Some(0.012), Some(90.0), Some(2.0), Some(1.5)]);
    assert_eq!(["", "fast", "3 apples", "s"].map(number), [None; 4]);
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,4}",
        2 => prop::collection::vec(prop::sample::select(vec!['a', 'B', ' ', '"', '\\', '/', ':', '(', ')', '*', '-', '~', '=', '<', '\n', '\'', 'é', '漢', '!', '.']), 1..6)
            .prop_map(|chars| chars.into_iter().collect()),
        1 => prop::sample::select(vec!["and", "or", "not", "level", "5m", "//x", "T+1m"]).prop_map(str::to_owned),
    ]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
    prop::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge])
}

fn text_test() -> impl Strategy<Value = TextTest> {
    prop_oneof![
        words().prop_map(|words| TextTest::Is(Words::Exact(words))),
        words().prop_map(|words| TextTest::IsNot(Words::Exact(words))),
        "[a-z]{0,2}\\*[a-z.]{0,2}".prop_map(|glob| TextTest::Is(Words::Glob(glob))),
        "[a-z.]{1,3}[+*]?".prop_map(TextTest::Matches),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    use crate::model::query::TextPattern::{Fuzzy, Literal, Regex};
    let order = prop::sample::select(vec![Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge]);
    prop_oneof![
        words().prop_map(|words| Term::Text(Literal(words))),
        "[a-z/ .)\"]{1,4}|\\\\w[a-z/]{0,3}".prop_map(|body| Term::Text(Regex(body.replace(')', "\\)")))),
        words().prop_map(|words| Term::Text(Fuzzy(words))),
        (comparison(), prop::sample::select(Level::ALL.to_vec())).prop_map(|(c, level)| Term::Level(c, level)),
        (comparison(), any::<u16>()).prop_map(|(c, status)| Term::Status(c, status)),
        (comparison(), 0..i64::MAX).prop_map(|(c, ns)| Term::Latency(c, ns)),
        (-8_000_000_000_000_000_000..8_000_000_000_000_000_000_i64).prop_map(|ns| Term::Since(Timestamp(ns))),
        (0..2_000_000_000_i64).prop_map(|secs| Term::Until(Timestamp::from_secs(secs))),
        text_test().prop_map(Term::Service),
        text_test().prop_map(Term::File),
        words().prop_map(Term::Trace),
        any::<u32>().prop_map(Term::Pattern),
        (words(), text_test()).prop_map(|(name, test)| Term::Field(name, FieldTest::Text(test))),
        (words(), order, prop::sample::select(vec!["12", "-1.5", "250ms", "1m30s"]))
            .prop_map(|(name, c, wanted)| Term::Field(name, FieldTest::Number(c, wanted.to_owned()))),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    term().prop_map(Expr::Term).prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::any),
            inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

#[test]
fn a_pattern_that_begins_like_a_word_is_printed_so_that_it_reads_back() {
    for text in ["a=:*", "a=://*", "a=//x*", "service=:*", "a!=:*", "\"a b\"=:*", "a:=*", "a:/x*", "file=//x*"] {
        let Ok(Some(expr)) = read(text) else { panic!("{text}") };
        assert_eq!(read(&expr.to_string()), Ok(Some(expr)), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same(expr in expr()) {
        let text = expr.to_string();
        prop_assert_eq!(read(&text), Ok(Some(expr)), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_column_in_it(text in "[a-c:=<>~!\"'/()\\\\ *é.1T+-]{0,20}|.{0,20}") {
        match read(&text) {
            Ok(Some(expr)) => prop_assert_eq!(read(&expr.to_string()), Ok(Some(expr))),
            Ok(None) => prop_assert!(text.trim().is_empty()),
            Err(error) => prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1 && text.get(error.span).is_some()),
        }
        let _ = complete(&text, Known::default());
    }
}
