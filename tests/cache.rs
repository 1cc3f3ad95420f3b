//! The index of logs that were read before: never another answer, never trusted when anything does not match.

mod common;
mod grown;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::coroner;
use coroner::model::query::{PageStart, PatternQuery};
use coroner::model::{Catalog, EventFilter, EventQuery, EventRef, SourceKind, TimeRange, Timestamp};
use coroner::parse::log::read_formats;
use coroner::source::files::cache::CacheOptions;
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source};
use proptest::prelude::*;

/// Writes a file that was last changed `age_s` seconds ago.
fn write_aged(path: &Path, bytes: &[u8], age_s: u64) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
    fs::write(path, bytes).expect("written");
    let file = fs::File::options().write(true).open(path).expect("there");
    file.set_modified(SystemTime::now() - Duration::from_secs(age_s)).expect("a time of change");
}

fn write(path: &Path, text: &str) {
    write_aged(path, text.as_bytes(), 3600);
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// Lines made of a number, `n` of them.
fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(line).collect::<Vec<_>>().concat()
}

fn clock(i: usize) -> String {
    format!("{:02}:{:02}:{:02}", i / 3600 % 24, i / 60 % 60, i % 60)
}

fn zap(i: usize) -> String {
    let level = if i.is_multiple_of(7) { "error" } else { "info" };
    // Every fiftieth is late; trace ids, statuses and latencies vary.
    let at = if i % 50 == 49 { i - 20 } else { i };
    format!(
        "{{\"level\":\"{level}\",\"ts\":\"2026-11-23T{}.{:03}Z\",\"msg\":\"request {i} served\",\"service\":\"svc{}\",\"trace_id\":\"{:032x}\",\"status\":{},\"latency\":{}.5}}\n",
        clock(at),
        i % 1000,
        i % 3,
        i / 4,
        200 + i % 5 * 100,
        i % 11
    )
}

/// Logs of many kinds, all older than a few seconds.
fn many_formats(dir: &Path) {
    let file = |name: &str| dir.join(name);
    write(
        &file("zap.log"),
        &lines(400, |i| if i == 200 { "panic: boom\n\ngoroutine 7 [running]:\nmain.handle()\n".into() } else { zap(i) }),
    );
    write(&file("broken.log"), &lines(120, |i| if i % 9 == 4 { "{\"level\":\"info\",\"ts\":\n".into() } else { zap(i) }));
    write(
        &file("pairs.log"),
        &lines(200, |i| format!("time=2026-11-23T{}Z level=warn msg=\"pool at {i}\" service=pay latency=1.5s\n", clock(i))),
    );
    write(
        &file("plain.txt"),
        &lines(150, |i| format!("2026-11-23 {} ERROR db.pool - exhausted after {i}\n  at line {i}\n  at top\n", clock(i))),
    );
    write(&file("syslog"), &lines(150, |i| format!("Nov 23 {} host kernel: eth{} is up\n", clock(i), i % 3)));
    write(
        &file("access.log"),
        &lines(150, |i| {
            format!("10.0.0.{} - - [23/Nov/2026:{} +0100] \"GET /x/{i} HTTP/1.1\" {} 12\n", i % 9, clock(i), 200 + i % 4 * 100)
        }),
    );
    write(&file("berlin.log"), &lines(90, |i| format!("2026-10-25 02:{:02}:00 INFO pass {}\n", i % 60, i / 60)));
    write(&file("untimed.log"), &lines(60, |i| if i < 3 { "banner\n".into() } else { format!("{} DEBUG step {i}\n", clock(i)) }));
    write(&file("table.csv"), &("time,level,message\n".to_owned() + &lines(100, |i| format!("2026-11-23T{}Z,info,row {i}\n", clock(i)))));
    write_aged(&file("packed.log.gz"), &gz(&lines(200, zap)), 3600);
    write_aged(&file("wide.log"), &lines(80, zap).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), 3600);
    for (part, name) in ["set.log.2.gz", "set.log.1", "set.log"].into_iter().enumerate() {
        let text = lines(100, |i| format!("2026-11-23T0{part}:{}Z INFO part {part} line {i}\n", &clock(i)[3..]));
        write_aged(&file(name), &if part == 0 { gz(&text) } else { text.into_bytes() }, 3600);
    }
    write(
        &file("docker.log"),
        &lines(100, |i| format!("{{\"log\":\"line {i} of it\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T{}Z\"}}\n", clock(i))),
    );
}

fn cached(dir: &Path, user: &Path) -> OpenOptions {
    let cache = CacheOptions {
        min_bytes: 0,
        min_log_bytes: 0,
        min_late_bytes: 16,
        ..CacheOptions::new(Some(dir.to_owned()), Some(user.to_owned()))
    };
    OpenOptions { sources: vec![dir.to_owned()], cache: Some(cache), ..OpenOptions::default() }
}

fn loaded(options: OpenOptions) -> FileSource {
    let source = open(options).expect("sources that exist");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    source
}

/// Everything that can be asked.
#[derive(Debug, PartialEq)]
struct Answers {
    catalog: Catalog,
    rest: Vec<String>,
}

fn answers(source: &FileSource) -> Answers {
    let job = Job::new();
    let catalog = source.catalog(&job).expect("a catalog");
    let query =
        EventQuery { start: PageStart::AtOrAfter(Timestamp(i64::MIN)), limit: 100_000, filter: EventFilter::default(), range: None };
    let mut rest: Vec<String> =
        source.events(&query, &job).expect("events").value.events.iter().map(|event| format!("{event:?}")).collect();
    let all = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
    for meta in &catalog.series {
        rest.push(format!("{:?}", source.samples(meta.id, all, usize::MAX, &job).expect("samples").value));
    }
    rest.push(format!("{:?}", source.patterns(&PatternQuery::default(), &job).expect("patterns").value));
    for report in catalog.sources.iter().filter(|report| report.kind == SourceKind::Logs) {
        let ids: Vec<EventRef> = (0..report.n_records).map(|record| EventRef { source: report.id, record }).collect();
        rest.push(format!("{:?}", source.patterns_of(&ids, &job).expect("patterns").value));
        rest.push(format!("{:?}", source.lines(report.id, report.n_lines / 2 + 1, report.n_lines / 2 + 1, &job).ok()));
    }
    Answers { catalog: Catalog { version: 0, ..(*catalog).clone() }, rest }
}

fn uncached(options: &OpenOptions) -> Answers {
    answers(&loaded(OpenOptions { cache: None, ..options.clone() }))
}

/// All indexes of logs, sorted.
fn indexes(folder: &Path) -> Vec<PathBuf> {
    kept(folder, "index")
}

/// All files with this ending, sorted.
fn kept(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("entry").path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|own| own == ending)).collect();
    paths.sort();
    paths
}

/// A folder with one log, and a folder of caches.
struct Place {
    dir: tempfile::TempDir,
    user: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("folder"), user: tempfile::tempdir().expect("folder") }
    }

    fn with_log(text: &str) -> Self {
        let place = Self::new();
        write(&place.log(), text);
        place
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("app.log")
    }

    fn options(&self) -> OpenOptions {
        cached(self.dir.path(), self.user.path())
    }

    fn beside(&self) -> PathBuf {
        self.dir.path().join(".coroner/index")
    }
}

/// Loads with the index and says whether it was used: its segments are those of the load that wrote it.
#[track_caller]
fn is_used(options: &OpenOptions) -> bool {
    assert_eq!(answers(&loaded(options.clone())), uncached(options), "an index must not change an answer");
    let tiny = OpenOptions { chunk_bytes: 64, ..options.clone() };
    let parsed = loaded(OpenOptions { cache: None, ..tiny.clone() }).event_memory_bytes();
    loaded(tiny).event_memory_bytes() != parsed
}

#[test]
fn an_index_gives_the_answers_of_the_log_in_every_format() {
    let place = Place::new();
    many_formats(place.dir.path());
    let zones = vec![(Some("berlin*".to_owned()), "Europe/Berlin".to_owned())];
    let options = OpenOptions { zones, chunk_bytes: 1000, ..place.options() };
    let expected = uncached(&options);
    assert_eq!(answers(&loaded(options.clone())), expected, "while the indexes are written");
    let n_logs = expected.catalog.sources.iter().filter(|report| report.kind == SourceKind::Logs).count();
    assert!(n_logs >= 12, "{:?}", expected.catalog.sources.iter().map(|report| (&report.path, report.kind)).collect::<Vec<_>>());
    assert_eq!(indexes(&place.beside()).len(), n_logs);
    for jobs in [1, 2] {
        // Other chunks would show in the memory, if anything were parsed.
        let again = loaded(OpenOptions { chunk_bytes: 1 << 20, jobs, ..options.clone() });
        assert_eq!(answers(&again), expected);
        let parsed = |chunk_bytes| loaded(OpenOptions { cache: None, chunk_bytes, ..options.clone() }).event_memory_bytes();
        assert!(again.event_memory_bytes() <= parsed(1000) && again.event_memory_bytes() != parsed(1 << 20));
        assert!(again.take_notices().is_empty());
    }
    assert_eq!(indexes(&place.beside()).len(), n_logs);
}

#[test]
fn what_changes_an_answer_is_part_of_the_key() {
    let place = Place::with_log(&lines(100, |i| format!("2026-11-23 {} INFO line {i}\n", clock(i))));
    let plain = place.options();
    assert!(!is_used(&OpenOptions { cache: None, ..plain.clone() }));
    loaded(plain.clone());
    assert!(is_used(&plain));
    let format = "name = \"mine\"\npattern = '^(?P<time>\\S+ \\S+) (?P<level>\\S+) (?P<message>.*)$'\n";
    let others = [
        OpenOptions { zones: vec![(None, "+05:30".into())], ..plain.clone() },
        OpenOptions { forced: vec![(None, "text".into())], ..plain.clone() },
        OpenOptions { formats: read_formats(format).expect("a format"), ..plain.clone() },
    ];
    for other in others {
        let expected = uncached(&other);
        for _ in 0..2 {
            assert_eq!(answers(&loaded(other.clone())), expected);
        }
    }
    assert_eq!(indexes(&place.beside()).len(), 3, "one a way to read it, but never more than three");
    assert_eq!(answers(&loaded(plain.clone())), uncached(&plain));
}

#[test]
fn a_log_that_changed_is_read_again() {
    let text = lines(100, zap);
    let place = Place::with_log(&text);
    let options = place.options();
    loaded(options.clone());
    assert!(is_used(&options));
    // As long as before, and changed where no window of the detection looks first.
    write_aged(&place.log(), text.replace("request 50 served", "request 50 refuse").as_bytes(), 1800);
    assert_eq!(answers(&loaded(options.clone())), uncached(&options));
    // The same time of change and length: the samples tell.
    let modified = fs::metadata(place.log()).expect("there").modified().expect("a time");
    write(&place.log(), &text.replace("request 9 served", "request 9 broken"));
    fs::File::options().write(true).open(place.log()).expect("there").set_modified(modified).expect("a time of change");
    assert_eq!(answers(&loaded(options.clone())), uncached(&options));
    // Grown, and cut.
    write_aged(&place.log(), (text.clone() + &zap(101)).as_bytes(), 900);
    assert_eq!(answers(&loaded(options.clone())), uncached(&options));
    write_aged(&place.log(), &text.as_bytes()[..text.len() / 2], 600);
    assert_eq!(answers(&loaded(options.clone())), uncached(&options));
    assert!(indexes(&place.beside()).len() <= 3, "of one log only the last ones are kept");
}

#[test]
fn a_log_that_was_changed_just_now_gets_no_index() {
    let place = Place::new();
    write_aged(&place.log(), lines(100, zap).as_bytes(), 0);
    loaded(place.options());
    assert_eq!(indexes(&place.beside()), Vec::<PathBuf>::new());
    assert_eq!(indexes(place.user.path()), Vec::<PathBuf>::new());
}

#[test]
fn where_the_folder_takes_no_files_the_user_has_a_place() {
    let place = Place::with_log(&lines(100, zap));
    fs::write(place.dir.path().join(".coroner"), "").expect("written");
    loaded(place.options());
    assert_eq!(indexes(place.user.path()).len(), 1);
    assert!(is_used(&place.options()));
}

#[test]
fn an_index_is_kept_out_of_git_and_may_be_deleted() {
    let place = Place::with_log(&lines(100, zap));
    loaded(place.options());
    assert_eq!(fs::read_to_string(place.beside().join(".gitignore")).expect("there"), "*\n");
    assert!(
        fs::read_to_string(place.beside().join("CACHEDIR.TAG")).expect("there").starts_with("Signature: 8a477f597d28d172789f06886806bc55")
    );
    fs::remove_dir_all(place.dir.path().join(".coroner")).expect("deleted");
    assert_eq!(answers(&loaded(place.options())), uncached(&place.options()));
    assert_eq!(indexes(&place.beside()).len(), 1);
}

#[test]
fn many_at_a_time_write_one_whole_index_and_leave_nothing_behind() {
    let place = Place::with_log(&lines(300, zap));
    let expected = uncached(&place.options());
    let abandoned = place.beside().join("x-y.1-1.unfinished");
    write_aged(&abandoned, b"torn", 7200);
    let young = place.beside().join("x-y.1-2.unfinished");
    write_aged(&young, b"torn", 60);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..4).for_each(|_| assert_eq!(answers(&loaded(place.options())), expected)));
        }
    });
    assert_eq!(indexes(&place.beside()).len(), 1);
    assert_eq!(kept(&place.beside(), "unfinished"), [young], "what another may still write stays, what nobody writes goes");
}

#[test]
fn the_oldest_go_when_a_folder_is_full() {
    let place = Place::with_log(&lines(100, zap));
    // Files without blocks: large only by their length.
    let large = |name: &str, hours: u64| {
        let path = place.beside().join(name);
        write_aged(&path, b"", 0);
        let file = fs::File::options().write(true).open(&path).expect("there");
        file.set_len(900 << 20).expect("a length");
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600)).expect("a time of change");
        path
    };
    let (oldest, middle, newest) = (large("a-1.index", 30), large("b-1.index", 20), large("c-1.series", 10));
    loaded(place.options());
    assert_eq!((oldest.exists(), middle.exists(), newest.exists()), (false, true, true));
    assert_eq!(indexes(&place.beside()).len(), 2);
}

/// A folder with a log and its index, the bytes of that, and the answers.
fn indexed(ending: &str) -> (Place, PathBuf, Vec<u8>, Answers) {
    let place = Place::with_log(&lines(40, |i| if i % 9 == 5 { "not a record {\n".into() } else { zap(i) }));
    let options = OpenOptions { chunk_bytes: 1000, ..place.options() };
    loaded(options.clone());
    let path = kept(&place.beside(), ending).pop().expect("a file");
    let bytes = fs::read(&path).expect("readable");
    let expected = uncached(&options);
    (place, path, bytes, expected)
}

/// The answers with these bytes for an index, and whether a notice tells of it.
#[track_caller]
fn check_damaged((place, path, whole, expected): &(Place, PathBuf, Vec<u8>, Answers), damaged: &[u8]) -> bool {
    fs::write(path, damaged).expect("written");
    let options = OpenOptions { chunk_bytes: 1000, ..place.options() };
    let source = loaded(options);
    assert_eq!(answers(&source), *expected);
    let notices = source.take_notices();
    assert!(notices.iter().all(|notice| notice.contains("index is damaged") && notice.contains("read again")), "{notices:?}");
    assert!(fs::read(path).expect("written again") == *whole, "the damage is healed");
    !notices.is_empty()
}

#[test]
fn an_index_that_is_cut_or_not_one_is_told_of_and_made_again() {
    let indexed = indexed("index");
    let whole = indexed.2.clone();
    assert!(!check_damaged(&indexed, &whole));
    for size in [0, 1, 47, 48, 60, whole.len() / 2, whole.len() - 1] {
        assert!(check_damaged(&indexed, &whole[..size]), "cut at {size}");
    }
    assert!(check_damaged(&indexed, &[whole.as_slice(), b"x"].concat()));
    assert!(check_damaged(&indexed, &vec![0; whole.len()]));
    let source = loaded(indexed.0.options());
    assert!(source.take_notices().is_empty(), "the damage is healed");
}

#[test]
fn a_changed_byte_anywhere_never_changes_an_answer() {
    let files = [indexed("index"), indexed("series")];
    let config = ProptestConfig::with_cases(200);
    proptest!(config, |(file in 0usize..2, at in any::<prop::sample::Index>(), bit in 0u32..8, other in any::<prop::sample::Index>())| {
        let indexed = &files[file];
        let mut bytes = indexed.2.clone();
        let (at, other) = (at.index(bytes.len()), other.index(bytes.len()));
        bytes[at] ^= 1 << bit;
        // The version of the form lies in bytes 8 to 11: another one is no damage.
        prop_assert_eq!(check_damaged(indexed, &bytes), !(8..12).contains(&at));
        bytes.swap(at, other);
        check_damaged(indexed, &bytes);
    });
}

#[test]
fn the_commands_say_the_same_with_an_index_and_without() {
    let dir = tempfile::tempdir().expect("folder");
    // Larger than what is worth an index.
    write(&dir.path().join("case/big.log"), &lines(60_000, zap));
    write(&dir.path().join("case/small.log"), &lines(10, |i| format!("2026-11-23T{}Z WARN alone {i}\n", clock(i))));
    let home = dir.path().join("home").display().to_string();
    let run = |args: &[&str]| {
        let output = std::process::Command::new(common::CORONER).args(args).current_dir(dir.path()).env("XDG_CACHE_HOME", &home).output();
        let output = output.expect("the program starts");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        output.stdout
    };
    let commands: [&[&str]; 4] = [
        &["inspect", "--json", "case"],
        &["events", "--json", "case", "--level", "error", "--limit", "500", "--from", "T+2h"],
        &["histogram", "--json", "case", "--by", "pattern", "--bucket", "1h"],
        &["screenshot", "case", "--at", "T+3h"],
    ];
    let with = |args: &[&str], more: &str| run(&[args, &[more]].concat());
    let export = |name: &str, more: &[&str]| {
        run(&[&["export", "case", "--quiet", "--output", name], more].concat());
        let path = dir.path().join(name);
        let document = fs::read_to_string(&path).expect("written");
        // The next one is written under the same name, which is part of its checksums.
        fs::remove_file(path).expect("there");
        document
    };
    let document = export("written.md", &["--no-cache"]);
    let expected: Vec<Vec<u8>> = commands.iter().map(|args| with(args, "--no-cache")).collect();
    assert_eq!(indexes(&dir.path().join("case/.coroner/index")), Vec::<PathBuf>::new(), "--no-cache writes none");
    // The first one writes, the others read.
    for (args, expected) in commands.iter().zip(&expected).chain([(&commands[0], &expected[0])]) {
        assert!(run(args) == *expected, "{args:?}");
    }
    assert_eq!(export("written.md", &[]), document);
    let kept = indexes(&dir.path().join("case/.coroner/index"));
    assert_eq!(kept.len(), 1, "the small log gets none");
    // A plain file has no case folder: the user's folder of caches.
    run(&["inspect", "case/big.log"]);
    assert_eq!(indexes(&Path::new(&home).join("coroner")).len(), 1);
    // Not read either.
    fs::write(&kept[0], "damaged").expect("written");
    assert!(with(commands[0], "--no-cache") == expected[0]);
    assert_eq!(fs::read(&kept[0]).expect("there"), b"damaged");
    let (_, _, notice) = coroner(dir.path(), &["inspect", "case"]);
    assert!(notice.contains("index is damaged") && notice.contains("read again"), "{notice}");
}
