//! Message patterns over files: the same whatever the threads and chunks, and the same message in any format.

use std::fmt::Write as _;
use std::path::Path;

use coroner::model::query::{Pattern, PatternQuery};
use coroner::model::{EventRef, SourceId};
use coroner::source::files::{OpenOptions, open};
use coroner::source::{Job, Source as _};
use proptest::prelude::*;

/// Patterns of a folder, and the pattern of each of the first records of the first two sources.
fn mined(dir: &Path, jobs: usize, chunk_bytes: u64) -> (Vec<Pattern>, Vec<Option<u32>>) {
    let source =
        open(OpenOptions { sources: vec![dir.to_owned()], jobs, chunk_bytes, ..OpenOptions::default() }).expect("the folder exists");
    let job = Job::new();
    source.load(&job, &|| {}).expect("nobody cancels");
    let catalog = source.catalog(&job).expect("loaded");
    let ids = |s: u32| (0..catalog.sources[s as usize].n_records).map(move |record| EventRef { source: SourceId(s), record });
    let ids: Vec<EventRef> = (0..catalog.sources.len() as u32).flat_map(ids).collect();
    (source.patterns(&PatternQuery::default(), &job).expect("mined").value, source.patterns_of(&ids, &job).expect("mined").value)
}

fn templates(files: &[(&str, &str)]) -> Vec<(String, u64)> {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("written");
    }
    mined(dir.path(), 2, 1 << 20).0.into_iter().map(|pattern| (pattern.template, pattern.count)).collect()
}

#[test]
fn one_message_has_one_pattern_in_any_format() {
    let json = r#"{"level":"error","ts":"2026-11-23T02:13:20.001Z","msg":"pool \"main\" exhausted after 5s"}"#;
    let logfmt = r#"ts=2026-11-23T02:13:21Z level=error msg="pool \"other\" exhausted after 17s""#;
    let text = r#"2026-11-23T02:13:22Z ERROR pool "third" exhausted after 1.5s"#;
    let klog = r#"E1123 02:13:23.000001   12345 pool.go:17] pool "x" exhausted after 2s"#;
    let syslog = r#"Nov 23 02:13:24 host-a order[77]: pool "y" exhausted after 3s"#;
    let repeated = |line: &str| format!("{line}\n").repeat(3);
    let files = [json, logfmt, text, klog, syslog].map(repeated);
    let named: Vec<(String, &str)> = files.iter().enumerate().map(|(i, text)| (format!("{i}.log"), text.as_str())).collect();
    let named: Vec<(&str, &str)> = named.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    assert_eq!(templates(&named), [("pool <*> exhausted after <*>".to_owned(), 15)]);
}

#[test]
fn a_trace_below_a_message_does_not_change_its_pattern() {
    let text = "2026-11-23T02:13:22Z ERROR job 1 failed\n  at a.b(c.java:7)\n2026-11-23T02:13:23Z ERROR job 2 failed\n";
    assert_eq!(templates(&[("a.log", text)]), [("job <*> failed".to_owned(), 2)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn threads_and_chunks_never_change_a_pattern(
        words in prop::collection::vec(("(open|close|read)", "[a-c]{1,2}", "[d1]{1,3}", any::<bool>()), 20..120),
        jobs in 2usize..5, chunk_bytes in 60u64..2000,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut json, mut text) = (String::new(), String::from("a banner 1\n"));
        for (i, (verb, file, value, is_json)) in words.iter().enumerate() {
            let at = format!("2026-11-23T02:{:02}:{:02}Z", i / 60, i % 60);
            if *is_json {
                let _ = writeln!(json, r#"{{"ts":"{at}","level":"info","msg":"{verb} of {file} gave {value}"}}"#);
            } else {
                let _ = writeln!(text, "{at} INFO {verb} of {file} gave {value}\n  more");
            }
        }
        std::fs::write(dir.path().join("a.log"), json).expect("written");
        std::fs::write(dir.path().join("b.log"), text).expect("written");
        prop_assert_eq!(mined(dir.path(), jobs, chunk_bytes), mined(dir.path(), 1, 1 << 20));
    }
}
