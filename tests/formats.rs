//! Formats that reach beyond one file or one line, through the same door as the screen: rotated sets, twins,
//! documents of records, formats that the user names.

use std::sync::Arc;

use coroner::model::query::PageStart;
use coroner::model::{Catalog, Event, EventFilter, EventQuery, Problem, ProblemKind, SourceId, SourceKind, Timestamp, ZoneCertainty};
use coroner::parse::log::read_formats;
use coroner::source::files::content::Bytes;
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source};
use proptest::prelude::*;

fn options(files: &[(&str, &str)]) -> OpenOptions {
    let memory = files.iter().map(|(name, text)| ((*name).to_owned(), Bytes::Shared(Arc::from(text.as_bytes())))).collect();
    OpenOptions { memory, ..OpenOptions::default() }
}

fn loaded(options: OpenOptions) -> FileSource {
    let source = open(options).expect("sources that exist");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    source
}

fn catalog(source: &FileSource) -> Arc<Catalog> {
    source.catalog(&Job::new()).expect("a catalog")
}

fn events(source: &FileSource) -> Vec<Event> {
    let query = EventQuery { start: PageStart::AtOrAfter(Timestamp(0)), limit: 10_000, filter: EventFilter::default(), range: None };
    source.events(&query, &Job::new()).expect("a page").value.events
}

fn line(minute: u32, word: &str) -> String {
    format!("2026-11-23T02:{minute:02}:00Z INFO {word}\n")
}

#[test]
fn files_of_a_rotated_log_are_one_source_in_order_of_time() {
    let parts = [line(1, "a") + &line(2, "b"), line(3, "c"), line(4, "d") + " folded"];
    let source = loaded(options(&[("logs/app.log.2", &parts[0]), ("logs/app.log", &parts[2]), ("logs/app.log.1", &parts[1])]));
    let catalog = catalog(&source);
    let by_name = |name: &str| catalog.sources.iter().find(|report| report.path.ends_with(name)).expect("a source");
    let set = by_name("app.log");
    assert_eq!((set.kind, set.n_records, set.n_lines), (SourceKind::Logs, 4, 5));
    assert!(set.why.contains("app.log.2 (lines 1 to 2), app.log.1 (lines 3 to 3), app.log (lines 4 to 5)"), "{}", set.why);
    assert_eq!((by_name("app.log.1").kind, by_name("app.log.1").n_records), (SourceKind::Report, 0));
    assert_eq!(catalog.n_problems(), 0, "{:?}", catalog.sources);
    let words: Vec<_> = events(&source).into_iter().map(|event| (event.line, event.message)).collect();
    assert_eq!(words[3], (4, "d\n folded".to_owned()));
    assert_eq!(words[0], (1, "a".to_owned()));
    let quoted = source.lines(set.id, 3, 4, &Job::new()).expect("lines");
    assert_eq!(String::from_utf8(quoted.bytes).expect("text"), line(3, "c") + &line(4, "d"));
    // The hash of a file is that of its own bytes.
    let alone = loaded(options(&[("logs/app.log", &parts[2])]));
    assert_eq!(source.sha256(set.id, &Job::new()).expect("a hash"), alone.sha256(SourceId(0), &Job::new()).expect("a hash"));
}

#[test]
fn logs_of_two_instances_are_no_rotated_set() {
    let texts = [(1..20).map(|i| line(i, "a")).collect::<String>(), (1..20).map(|i| line(i, "b")).collect()];
    let source = loaded(options(&[("web.1", &texts[0]), ("web.2", &texts[1])]));
    assert!(catalog(&source).sources.iter().all(|report| report.n_records == 19));
}

#[test]
fn the_same_log_under_two_paths_is_counted_once() {
    let text = line(1, "a") + &line(2, "b");
    let source = loaded(options(&[("all-logs/app.log", &text), ("pods/app/app.log", &text), ("pods/other.log", &line(3, "c"))]));
    let catalog = catalog(&source);
    assert_eq!(catalog.n_events, 3);
    let twin = &catalog.sources[1];
    assert_eq!((twin.kind, twin.n_records, twin.is_complete), (SourceKind::Report, 0, true));
    assert!(
        matches!(twin.problems.kept(), [Problem { kind: ProblemKind::Duplicate, reason, .. }] if reason.contains("all-logs/app.log")),
        "{:?}",
        twin.problems
    );
}

const PRETTY: &str = "[\n  {\n    \"ts\": \"2026-11-23T02:28:09Z\",\n    \"level\": \"error\",\n    \"msg\": \"lost\"\n  },\n  {\n    \"ts\": \"2026-11-23T02:28:10Z\",\n    \"msg\": \"back\"\n  }\n]\n";

#[test]
fn records_of_a_document_point_into_the_file() {
    let source = loaded(options(&[("answer.json", PRETTY)]));
    let report = catalog(&source).sources[0].clone();
    assert_eq!((report.kind, report.format.as_str(), report.n_records, report.n_lines), (SourceKind::Logs, "json-array", 2, 11));
    assert_eq!(report.size_bytes, PRETTY.len() as u64);
    let events = events(&source);
    assert_eq!((events[0].line, events[0].message.as_str()), (2, "lost"));
    assert_eq!((events[1].line, events[1].message.as_str()), (7, "back"));
    let quoted = source.lines(SourceId(0), 7, 8, &Job::new()).expect("lines");
    assert_eq!(String::from_utf8(quoted.bytes).expect("text"), "  {\n    \"ts\": \"2026-11-23T02:28:10Z\",\n");
}

#[test]
fn a_user_names_the_format_of_a_source() {
    let formats = read_formats("name = \"ours\"\npattern = '^(?<message>.*) @ (?<time>.*)$'\n").expect("a format");
    let files = [("a.txt", "started @ 2026-11-23 02:28:09\nlost @ 2026-11-23 02:28:10\n")];
    let forced = vec![(Some("a.txt".to_owned()), "ours".to_owned())];
    let source = loaded(OpenOptions { formats, forced, ..options(&files) });
    assert_eq!(catalog(&source).sources[0].format, "ours");
    assert_eq!(events(&source)[1].message, "lost");
    let unknown = OpenOptions { forced: vec![(None, "thiers".into())], ..options(&files) };
    let Err(error) = open(unknown) else { panic!("an unknown format is refused") };
    assert!(error.to_string().contains("\"thiers\"") && error.to_string().contains("logfmt"), "{error}");
}

#[test]
fn an_anchor_places_a_log_without_dates() {
    let files = [("gc.log", "gc 1 @0.100s 2%: 0.01+0.5 ms clock\ngc 2 @1.250s 2%: 0.02+0.6 ms clock\n")];
    let source = loaded(options(&files));
    assert_eq!(catalog(&source).sources[0].n_unplaced, 2);
    let anchors = vec![("gc.log".to_owned(), Timestamp::from_secs(1_795_400_889))];
    let source = loaded(OpenOptions { anchors, ..options(&files) });
    let report = catalog(&source).sources[0].clone();
    assert_eq!((report.n_unplaced, report.zone.certainty), (0, ZoneCertainty::Anchored));
    assert_eq!(events(&source)[1].time, Some(Timestamp(1_795_400_890_250_000_000)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_cut_of_a_set_never_shows(jobs in 1usize..4, chunk_bytes in 1u64..200) {
        let parts = [line(1, "a") + " folded\n" + &line(2, "b"), line(3, "c")];
        let files = [("app.log.1", parts[0].as_str()), ("app.log", parts[1].as_str()), ("answer.json", PRETTY)];
        let key = |event: Event| (event.time, event.line, event.n_lines, event.message);
        let whole: Vec<_> = events(&loaded(options(&files))).into_iter().map(key).collect();
        let cut: Vec<_> = events(&loaded(OpenOptions { jobs, chunk_bytes, ..options(&files) })).into_iter().map(key).collect();
        prop_assert_eq!(whole, cut);
    }
}
