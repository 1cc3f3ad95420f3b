//! Logs that grow, move, shrink and vanish while they are followed, looked at by hand: what has come is what a fresh
//! load of the same files tells.

mod common;

use std::fmt::Write as _;
use std::fs::{self, OpenOptions as File};
use std::io::{BufRead as _, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;

use coroner::model::query::{GroupBy, HistogramQuery, PageStart, PatternQuery};
use coroner::model::{EventFilter, EventQuery, ProblemKind, SourceId, TimeRange, Timestamp};
use coroner::source::files::{FileSource, OpenOptions, Polled, open};
use coroner::source::{Job, Source as _};
use proptest::prelude::*;

use common::Pty;

fn options(dir: &Path) -> OpenOptions {
    OpenOptions { sources: vec![dir.to_owned()], jobs: 2, ..OpenOptions::default() }
}

fn loaded(options: OpenOptions) -> FileSource {
    let source = open(options).expect("sources that exist");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    source
}

fn poll(source: &FileSource) -> Polled {
    let polled = source.poll(&Job::new(), &|| {}).expect("not cancelled");
    assert!(polled.is_ready);
    polled
}

fn append(path: &Path, text: &str) {
    File::new().append(true).create(true).open(path).expect("file").write_all(text.as_bytes()).expect("disk");
}

/// Messages of all events in order of time.
fn messages(source: &FileSource) -> Vec<String> {
    told(source).into_iter().map(|line| line.rsplit("[order] ").next().unwrap_or_default().to_owned()).collect()
}

/// Everything that the list tells, but for numbers of sources and records, which may differ.
fn told(source: &FileSource) -> Vec<String> {
    let mut all = Vec::new();
    for start in [PageStart::AtOrAfter(Timestamp::MIN), PageStart::Unplaced(0)] {
        let query = EventQuery { filter: EventFilter::default(), range: None, start, limit: 100_000 };
        for event in source.events(&query, &Job::new()).expect("events").value.events {
            let place = format!("{:?}|{}|{}|{}", event.time.map(|time| time.0), event.line, event.n_lines, event.level.name());
            all.push(format!("{place}|{:?}|{}", event.service, event.message));
        }
    }
    all
}

/// Histogram, patterns and what is known of each log.
fn summed(source: &FileSource) -> String {
    let catalog = source.catalog(&Job::new()).expect("catalog");
    let mut out = format!("{:?} {}\n", catalog.extent, catalog.n_events);
    for report in catalog.sources.iter().filter(|report| report.n_records > 0) {
        let facts = (report.n_records, report.n_lines, report.n_continuation_lines, report.n_unplaced, report.extent);
        let words = (&report.format, &report.levels, &report.services, report.problems.counts());
        let _ = writeln!(out, "{} {facts:?} {words:?}", report.path);
    }
    if let Some(range) = catalog.extent {
        let columns = NonZeroUsize::new(7).expect("not 0");
        let by = vec![GroupBy::Level, GroupBy::Template];
        let query = HistogramQuery { filter: EventFilter::default(), range, columns, by };
        let _ = writeln!(out, "{:?}", source.histogram(&query, &Job::new()).expect("histogram").value.groups);
        for meta in &catalog.series {
            let samples = source.samples(meta.id, TimeRange::new(Timestamp::MIN, Timestamp::MAX), 9_999, &Job::new()).expect("samples");
            let _ = writeln!(out, "{} {:?} {}", meta.name, meta.labels, samples.value.iter().map(|s| s.value).sum::<f64>());
        }
    }
    let _ = write!(out, "{:?}", source.patterns(&PatternQuery::default(), &Job::new()).expect("patterns").value);
    out
}

/// Followed and fresh tell the same.
#[track_caller]
fn same_as_fresh(followed: &FileSource, dir: &Path) {
    followed.settle(&Job::new(), &|| {}).expect("not cancelled");
    let fresh = loaded(options(dir));
    assert_eq!(told(followed), told(&fresh));
    assert_eq!(summed(followed), summed(&fresh));
}

fn line(second: usize, words: &str) -> String {
    format!("2026-11-23T02:{:02}:{:02}.000Z INFO [order] {words}\n", second / 60, second % 60)
}

#[test]
fn whole_new_lines_appear_and_an_unfinished_one_waits_for_its_end() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &line(1, "one"));
    let source = loaded(options(dir.path()));
    assert_eq!(poll(&source).records, []);
    append(&log, &line(2, "two"));
    append(&log, "2026-11-23T02:00:03.000Z INFO [order] thr");
    assert_eq!(poll(&source).records, [(SourceId(0), 1..2)]);
    assert_eq!(messages(&source), ["one", "two"]);
    assert!(!poll(&source).has_changed);
    append(&log, "ee\n");
    assert_eq!(poll(&source).records, [(SourceId(0), 2..3)]);
    assert_eq!(messages(&source), ["one", "two", "three"]);
    same_as_fresh(&source, dir.path());
}

#[test]
fn an_unfinished_line_that_was_shown_is_read_again_when_its_end_comes() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &(line(1, "one") + line(2, "two").trim_end()));
    let source = loaded(options(dir.path()));
    assert_eq!(messages(&source), ["one", "two"]);
    append(&log, " and a half");
    poll(&source);
    assert_eq!(messages(&source), ["one", "two"], "its end has not come");
    source.settle(&Job::new(), &|| {}).expect("not cancelled");
    append(&log, "\n");
    poll(&source);
    assert_eq!(messages(&source), ["one", "two and a half"]);
    append(&log, line(3, "three").trim_end());
    poll(&source);
    assert_eq!(messages(&source).len(), 2);
    source.settle(&Job::new(), &|| {}).expect("not cancelled");
    assert_eq!(messages(&source).len(), 3, "who does not follow sees what is there");
    same_as_fresh(&source, dir.path());
}

#[test]
fn a_stack_trace_grows_with_its_record() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &(line(1, "panic: out of connections") + "goroutine 7 [running]:\n"));
    let source = loaded(options(dir.path()));
    append(&log, "main.acquire(0x1)\n");
    poll(&source);
    append(&log, "\tpool.go:12\n");
    poll(&source);
    append(&log, &line(2, "restarted"));
    poll(&source);
    assert_eq!(messages(&source).len(), 2);
    same_as_fresh(&source, dir.path());
}

#[test]
fn rotation_reads_the_rest_of_the_old_file_and_goes_on_with_the_new() {
    let dir = tempfile::tempdir().expect("folder");
    let (log, old) = (dir.path().join("app.log"), dir.path().join("app.log.1"));
    append(&log, &line(1, "one"));
    let source = loaded(options(dir.path()));
    poll(&source);
    append(&log, &line(2, "two"));
    fs::rename(&log, &old).expect("renamed");
    append(&old, &line(3, "three"));
    append(&log, &line(4, "four"));
    poll(&source);
    assert_eq!(messages(&source), ["one", "two", "three", "four"]);
    append(&log, &line(5, "five"));
    poll(&source);
    same_as_fresh(&source, dir.path());
    // Once more, with the second generation moved on.
    fs::rename(&old, dir.path().join("app.log.2")).expect("renamed");
    fs::rename(&log, &old).expect("renamed");
    append(&log, &line(6, "six"));
    poll(&source);
    poll(&source);
    assert_eq!(messages(&source), ["one", "two", "three", "four", "five", "six"]);
    // A writer that still has the old file open.
    append(&old, &line(6, "late"));
    poll(&source);
    assert_eq!(messages(&source).len(), 7);
    same_as_fresh(&source, dir.path());
    let problems: u64 = source.catalog(&Job::new()).expect("catalog").n_problems();
    assert_eq!(problems, 0);
}

#[test]
fn rotation_that_packs_the_old_file_counts_it_once() {
    let dir = tempfile::tempdir().expect("folder");
    let (log, old) = (dir.path().join("app.log"), dir.path().join("app.log.1.gz"));
    append(&log, &(line(1, "one") + &line(2, "two")));
    let source = loaded(options(dir.path()));
    poll(&source);
    let mut packed = flate2::write::GzEncoder::new(fs::File::create(&old).expect("file"), flate2::Compression::fast());
    packed.write_all(&fs::read(&log).expect("log")).expect("disk");
    packed.finish().expect("disk");
    fs::rename(&log, dir.path().join("gone")).expect("renamed");
    append(&log, &line(3, "three"));
    fs::remove_file(dir.path().join("gone")).expect("removed");
    for _ in 0..3 {
        poll(&source);
    }
    assert_eq!(messages(&source), ["one", "two", "three"]);
}

#[test]
fn a_file_that_is_cut_is_told_with_its_place_and_read_again() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &(line(1, "one") + &line(2, "two")));
    let source = loaded(options(dir.path()));
    poll(&source);
    fs::write(&log, line(3, "three")).expect("written");
    poll(&source);
    assert_eq!(messages(&source), ["three"]);
    let catalog = source.catalog(&Job::new()).expect("catalog");
    let problem = &catalog.sources[0].problems.kept()[0];
    assert_eq!((problem.kind, problem.line, problem.byte), (ProblemKind::Truncated, 2, 2 * line(1, "one").len() as u64));
    assert!(problem.reason.contains("was cut from"), "{}", problem.reason);
    append(&log, &line(4, "four"));
    assert_eq!(poll(&source).records, [(SourceId(0), 1..2)]);
}

#[test]
fn a_log_that_was_cut_goes_on_through_rotation() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &(line(1, "one") + &line(2, "two")));
    let source = loaded(options(dir.path()));
    poll(&source);
    fs::write(&log, line(3, "three")).expect("written");
    poll(&source);
    fs::rename(&log, dir.path().join("a.log.1")).expect("moved");
    append(&log, &line(4, "four"));
    poll(&source);
    poll(&source);
    assert_eq!(messages(&source), ["three", "four"]);
    append(&log, &line(5, "five"));
    poll(&source);
    assert_eq!(messages(&source), ["three", "four", "five"]);
    append(&log, &line(6, "six"));
    poll(&source);
    assert_eq!(messages(&source), ["three", "four", "five", "six"]);
}

#[test]
fn a_file_written_anew_at_the_same_size_or_longer_is_told() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &(line(1, "one") + &line(2, "two")));
    let source = loaded(options(dir.path()));
    poll(&source);
    fs::write(&log, line(3, "six") + &line(4, "ten")).expect("written");
    poll(&source);
    assert_eq!(messages(&source), ["six", "ten"]);
    fs::write(&log, line(5, "a") + &line(6, "b") + &line(7, "c")).expect("written");
    poll(&source);
    assert_eq!(messages(&source), ["a", "b", "c"]);
    let catalog = source.catalog(&Job::new()).expect("catalog");
    let problems = catalog.sources[0].problems.kept();
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|problem| problem.kind == ProblemKind::Truncated && problem.reason.contains("written anew")));
}

#[test]
fn a_copied_and_cut_log_is_told_and_nothing_counts_twice() {
    let dir = tempfile::tempdir().expect("folder");
    let (log, copy) = (dir.path().join("app.log"), dir.path().join("app.log.1"));
    append(&log, &(line(1, "one") + &line(2, "two")));
    let source = loaded(options(dir.path()));
    poll(&source);
    fs::copy(&log, &copy).expect("copied");
    poll(&source);
    assert_eq!(messages(&source), ["one", "two"]);
    fs::write(&log, "").expect("cut");
    poll(&source);
    append(&log, &line(3, "three"));
    for _ in 0..3 {
        poll(&source);
    }
    assert_eq!(messages(&source), ["one", "two", "three"]);
}

#[test]
fn a_deleted_file_keeps_what_was_read_and_says_so() {
    let dir = tempfile::tempdir().expect("folder");
    append(&dir.path().join("a.log"), &line(1, "one"));
    append(&dir.path().join("b.log"), &line(2, "two"));
    let source = loaded(options(dir.path()));
    poll(&source);
    fs::remove_file(dir.path().join("a.log")).expect("removed");
    assert!(poll(&source).has_changed);
    assert!(!poll(&source).has_changed, "said once");
    assert_eq!(messages(&source), ["one", "two"]);
    let catalog = source.catalog(&Job::new()).expect("catalog");
    assert!(catalog.sources[0].problems.kept()[0].reason.contains("deleted"));
}

#[test]
fn files_that_appear_are_read_whatever_they_are() {
    let dir = tempfile::tempdir().expect("folder");
    append(&dir.path().join("m.log"), &line(5, "five"));
    let source = loaded(options(dir.path()));
    append(&dir.path().join("a.log"), "");
    fs::create_dir(dir.path().join("sub")).expect("folder");
    append(&dir.path().join("sub/z.log"), &line(6, "six"));
    let series = |n: usize| {
        let points: Vec<String> = (0..n).map(|i| format!("[{},\"{i}\"]", 1_795_400_000 + i * 15)).collect();
        format!(
            "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{{\"metric\":{{\"__name__\":\"up\"}},\"values\":[{}]}}]}}}}",
            points.join(",")
        )
    };
    fs::write(dir.path().join("up.json"), series(4)).expect("written");
    poll(&source);
    append(&dir.path().join("a.log"), &line(4, "four"));
    poll(&source);
    assert_eq!(messages(&source), ["four", "five", "six"]);
    let n_samples = || source.catalog(&Job::new()).expect("catalog").series.iter().find(|s| s.name == "up").map(|s| s.n_samples);
    assert_eq!(n_samples(), Some(4));
    // An export that is written again is read as a whole, once it stands still.
    fs::write(dir.path().join("up.json"), series(9)).expect("written");
    poll(&source);
    poll(&source);
    assert_eq!(n_samples(), Some(9));
}

#[test]
fn an_archive_says_from_the_start_that_it_is_not_followed_and_tells_when_it_changes() {
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().join("bundle.tar");
    let write = |n: usize| {
        let mut archive = tar::Builder::new(fs::File::create(&path).expect("file"));
        for name in ["a.log", "b.log"] {
            let text: String = (0..n).map(|second| line(second, name)).collect();
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            archive.append_data(&mut header, name, text.as_bytes()).expect("written");
        }
        archive.finish().expect("written");
    };
    write(3);
    let source = loaded(options(dir.path()));
    let told = |source: &FileSource| {
        let catalog = source.catalog(&Job::new()).expect("catalog");
        let remarks: Vec<String> = catalog.sources.iter().flat_map(|source| source.remarks.clone()).collect();
        let problems: Vec<String> =
            catalog.sources.iter().flat_map(|source| source.problems.kept().iter().map(|problem| problem.reason.clone())).collect();
        (remarks, problems)
    };
    assert_eq!(told(&source), (vec!["bundle.tar is an archive: what is added to it later is not followed".to_owned()], Vec::new()));
    assert!(!poll(&source).has_changed);
    write(9);
    assert!(poll(&source).has_changed, "that it changed is told");
    assert_eq!(told(&source).1, ["the archive bundle.tar was changed: archives are not followed, open it again"]);
    assert!(!poll(&source).has_changed, "once");
    assert_eq!(messages(&source).len(), 6);
}

#[test]
fn many_small_additions_make_few_segments() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &line(0, "request 0 done"));
    let source = loaded(options(dir.path()));
    let before = source.event_memory_bytes();
    for i in 1..400 {
        append(&log, &line(i, &format!("request {i} done")));
        assert_eq!(poll(&source).records, [(SourceId(0), i as u64..i as u64 + 1)]);
    }
    assert!(source.event_memory_bytes() < before + 400 * 64, "{}", source.event_memory_bytes());
    same_as_fresh(&source, dir.path());
}

#[test]
fn a_line_that_is_written_appears_on_the_screen_and_a_cursor_at_the_end_stays_there() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &(line(1, "one") + &line(2, "two")));
    let mut pty = Pty::start(dir.path(), &["a.log"], (120, 40));
    pty.wait_until_read();
    pty.press("\x06", "FOLLOW");
    append(&log, &line(3, "three"));
    pty.wait_for("[order] three");
    pty.wait("an age", |screen| screen.lines().next().is_some_and(|first| first.contains("FOLLOW ") && first.contains("3 events")));
    pty.press("G", "02:00:03");
    append(&log, &line(70, "seventy"));
    pty.wait("the cursor at the end", |screen| {
        screen.lines().next().is_some_and(|first| first.contains("02:01:10")) && screen.contains("[order] seventy")
    });
    pty.press("\x06", "not following any more");
    pty.type_keys("q");
    assert!(pty.wait_for_end());
}

#[test]
fn events_follow_prints_what_comes_and_ends_cleanly_when_interrupted() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &(line(1, "one") + &line(2, "two") + line(3, "thr").trim_end()));
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_coroner"))
        .args(["events", "--follow", "--limit", "2", "--grep", "t", "--quiet", "a.log"])
        .current_dir(dir.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut out = std::io::BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    let mut next = || out.next().unwrap_or_default();
    assert!(next().contains("[order] two"));
    assert!(next().contains("[order] thr "));
    append(&log, &("ee\n".to_owned() + &line(4, "for us") + &line(5, "ten")));
    assert!(next().contains("[order] three"));
    assert!(next().contains("[order] ten"));
    let id = rustix::process::Pid::from_raw(child.id() as i32).expect("a process id");
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("ours");
    assert_eq!(out.next(), None);
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}

#[test]
fn what_was_guessed_is_gone_when_everything_is_read() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("a.log");
    append(&log, &(0..900).map(|second| line(second, "request done and told of in some words")).collect::<String>());
    let source = open(OpenOptions { chunk_bytes: 4_096, ..options(dir.path()) }).expect("a folder");
    let seen = std::sync::Mutex::new(Vec::new());
    let on_change = || {
        let catalog = source.catalog(&Job::new()).expect("catalog");
        seen.lock().expect("lock").push((catalog.n_events_expected(), catalog.extent));
    };
    source.load(&Job::new(), &on_change).expect("not cancelled");
    let seen = seen.into_inner().expect("lock");
    assert_eq!(seen.last().map(|seen| seen.0), Some((900, 0)));
    for ((read, guessed), _) in seen.iter().filter(|seen| seen.0.1 > 0) {
        assert!((800..1_000).contains(&(read + guessed)), "{read} and {guessed}");
    }
}

#[test]
fn packed_files_are_decoded_together_and_a_limit_falls_at_the_same_place_every_time() {
    let dir = tempfile::tempdir().expect("folder");
    for n in 0..6 {
        let mut packed = flate2::write::GzEncoder::new(
            fs::File::create(dir.path().join(format!("{n}.log.gz"))).expect("file"),
            flate2::Compression::fast(),
        );
        let text: String = (0..500).map(|second| line(second, &format!("request {n} {}", second * 7919 % 1000))).collect();
        packed.write_all(text.as_bytes()).expect("disk");
        packed.finish().expect("disk");
    }
    let all = |jobs: usize, max_decoded_bytes: u64| {
        let source = loaded(OpenOptions { jobs, max_decoded_bytes, ..options(dir.path()) });
        let catalog = source.catalog(&Job::new()).expect("catalog");
        catalog.sources.iter().map(|source| (source.n_records, source.problems.total())).collect::<Vec<_>>()
    };
    assert_eq!(all(4, 1 << 30), vec![(500, 0); 6]);
    let cut = all(1, 80_000);
    assert!(cut.iter().any(|source| source.1 > 0) && cut[0] == (500, 0), "{cut:?}");
    assert_eq!(all(4, 80_000), cut);
}

/// Text of several shapes: records, continuation lines, comments, bad bytes, lines that repeat.
fn texts() -> impl Strategy<Value = String> {
    let shapes = prop_oneof![
        6 => (0usize..900, "[a-c]{1,3} [0-9]{1,2}").prop_map(|(second, words)| line(second, &words)),
        2 => (0usize..900, "[a-c]{1,3}").prop_map(|(second, words)| line(second, &words).replace("INFO", "ERROR").replace("order", "pay")),
        2 => "[ \t]at [a-z]{1,8}\n",
        1 => Just("# a comment\n".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just(line(7, "the same line")),
    ];
    prop::collection::vec(shapes, 1..40).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_time: 20_000, ..ProptestConfig::default() })]
    #[test]
    fn a_log_that_came_in_pieces_is_the_log_that_was_there_at_once(
        text in texts(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12), chunk_bytes in 40u64..2_000, rotations in prop::collection::vec(any::<bool>(), 12),
    ) {
        let dir = tempfile::tempdir().expect("folder");
        let log = dir.path().join("app.log");
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(text.len());
        let mut at = 0;
        append(&log, "");
        let source = loaded(OpenOptions { chunk_bytes, ..options(dir.path()) });
        for (cut, settles) in cuts.into_iter().zip(rotations.into_iter().chain([false])) {
            append(&log, &text[at..cut]);
            at = cut;
            poll(&source);
            if settles {
                source.settle(&Job::new(), &|| {}).expect("not cancelled");
            }
        }
        poll(&source);
        poll(&source);
        same_as_fresh(&source, dir.path());
    }
}
