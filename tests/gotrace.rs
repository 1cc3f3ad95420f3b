//! Lines of `GODEBUG=gctrace=1` and `schedtrace` inside a log: series beside it, and the log stays a log, whatever a
//! container runtime or a collector put before them.

use std::sync::Arc;

use coroner::model::text::rfc3339;
use coroner::model::{SourceKind, TimeRange, Timestamp};
use coroner::source::files::content::Bytes;
use coroner::source::files::{FileSource, OpenOptions, open};
use coroner::source::{Job, Source as _};

fn loaded(name: &str, text: &str) -> FileSource {
    let memory = vec![(name.to_owned(), Bytes::Shared(Arc::from(text.as_bytes())))];
    let source = open(OpenOptions { memory, ..OpenOptions::default() }).expect("sources that exist");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    source
}

fn gc(number: u32, since_s: f64, goal_mb: u32) -> String {
    format!(
        "gc {number} @{since_s:.3}s 1%: 0.085+2.3+0.003 ms clock, 0.17+0/0.50/0.25+0.007 ms cpu, 3->4->2 MB, {goal_mb} MB goal, 0 MB stacks, 0 MB globals, 2 P"
    )
}

/// `service time value` of the samples of the heap goal.
fn goals(source: &FileSource) -> Vec<String> {
    let catalog = source.catalog(&Job::new()).expect("a catalog");
    assert_eq!(catalog.sources[0].kind, SourceKind::Logs, "{:?}", catalog.sources[0]);
    let all = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let mut told = Vec::new();
    for meta in catalog.series.iter().filter(|meta| meta.name == "go_gctrace_heap_goal_bytes") {
        for sample in source.samples(meta.id, all, 100, &Job::new()).expect("samples").value {
            let service = meta.labels.get("service").unwrap_or("-");
            told.push(format!("{service} {} {}", &rfc3339(sample.time)[11..], sample.value / f64::from(1 << 20)));
        }
    }
    told
}

#[test]
fn whatever_stands_before_the_lines_gives_them_their_time() {
    let (a, b) = (gc(1, 0.5, 4), gc(2, 10.5, 6));
    let json = |text: &str| text.replace('>', "\\u003e");
    let forms = [
        (
            "kubectl.log",
            format!(
                "2026-11-23T02:00:00.100000000Z level=info msg=start\n2026-11-23T02:00:01.000000000Z {a}\n2026-11-23T02:00:11.000000000Z {b}\n"
            ),
        ),
        (
            "cri.log",
            format!(
                "2026-11-23T02:00:00.100000000Z stdout F starting\n2026-11-23T02:00:01.000000000Z stderr F {a}\n2026-11-23T02:00:11.000000000Z stderr F {b}\n"
            ),
        ),
        (
            "docker.log",
            format!(
                "{{\"log\":\"starting\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T02:00:00.1Z\"}}\n{{\"log\":\"{}\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T02:00:01Z\"}}\n{{\"log\":\"{}\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T02:00:11Z\"}}\n",
                json(&a),
                json(&b)
            ),
        ),
        (
            "zap.log",
            format!(
                "{{\"level\":\"info\",\"ts\":\"2026-11-23T02:00:00.1Z\",\"msg\":\"start\"}}\n{{\"level\":\"info\",\"ts\":\"2026-11-23T02:00:01Z\",\"msg\":\"{a}\"}}\n{{\"level\":\"info\",\"ts\":\"2026-11-23T02:00:11Z\",\"msg\":\"{b}\"}}\n"
            ),
        ),
        (
            "journal.json",
            format!(
                "{{\"__REALTIME_TIMESTAMP\":\"1795399200100000\",\"MESSAGE\":\"start\",\"PRIORITY\":\"6\",\"_PID\":\"1\"}}\n{{\"__REALTIME_TIMESTAMP\":\"1795399201000000\",\"MESSAGE\":\"{a}\",\"PRIORITY\":\"6\",\"_PID\":\"1\"}}\n{{\"__REALTIME_TIMESTAMP\":\"1795399211000000\",\"MESSAGE\":\"{b}\",\"PRIORITY\":\"6\",\"_PID\":\"1\"}}\n"
            ),
        ),
        (
            "compose.log",
            format!("web-1  | 2026-11-23T02:00:00.1Z start\nweb-1  | 2026-11-23T02:00:01Z {a}\nweb-1  | 2026-11-23T02:00:11Z {b}\n"),
        ),
    ];
    for (name, text) in forms {
        let goals = goals(&loaded(name, &text));
        let told: Vec<&str> = goals.iter().filter_map(|goal| goal.split_once(' ')).map(|(_, told)| told).collect();
        assert_eq!(told, ["02:00:01Z 4", "02:00:11Z 6"], "{name}: {goals:?}");
    }
}

#[test]
fn lines_without_a_time_are_placed_by_the_records_around_them() {
    // The process began at 02:00:00.5; the record before its second line is the nearest.
    let text = format!(
        "time=2026-11-23T02:00:00Z level=info msg=a\n{}\ntime=2026-11-23T02:00:05Z level=info msg=b\n{}\ntime=2026-11-23T02:00:20Z level=info msg=c\n{}\n",
        gc(1, 1.0, 4),
        gc(2, 4.5, 6),
        gc(1, 0.25, 8),
    );
    let source = loaded("order.log", &text);
    assert_eq!(
        goals(&source),
        ["order 02:00:01.5Z 4", "order 02:00:05Z 6", "order 02:00:20Z 8"],
        "a clock that falls back is a new process"
    );
    assert_eq!(source.catalog(&Job::new()).expect("a catalog").n_events, 6, "those that the log takes for records stay some");
}
