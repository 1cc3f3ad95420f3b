//! What the Go runtime prints about itself: `GODEBUG=gctrace=1` and `GODEBUG=schedtrace=…`.
//!
//! Times count from the start of the process. A file of nothing else is placed once `--anchor FILE=TIME` says when its
//! first line was written; lines among those of a log ([`find`]) are placed by it, see `store::runtime_trace`.
//! Forms: package runtime, "Environment Variables".

use crate::model::time::NS_PER_S;
use crate::model::{ProblemKind, SeriesKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::Place;
use super::gather::{Gather, Identity, lines};

/// One line: nanoseconds since the start, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Since the start of the process.
    pub since_ns: i64,
    /// Places in [`SERIES`] and values.
    pub values: Vec<(u8, f64)>,
}

/// Names of the series that such lines make, with what they count.
pub const SERIES: [(&str, Unit, SeriesKind); 20] = [
    ("go_gctrace_gc_total", Unit::None, SeriesKind::Counter),
    ("go_gctrace_pause_seconds", Unit::Seconds, SeriesKind::Gauge),
    ("go_gctrace_concurrent_seconds", Unit::Seconds, SeriesKind::Gauge),
    ("go_gctrace_cpu_ratio", Unit::Ratio, SeriesKind::Gauge),
    ("go_gctrace_heap_before_bytes", Unit::Bytes, SeriesKind::Gauge),
    ("go_gctrace_heap_after_bytes", Unit::Bytes, SeriesKind::Gauge),
    ("go_gctrace_heap_live_bytes", Unit::Bytes, SeriesKind::Gauge),
    ("go_gctrace_heap_goal_bytes", Unit::Bytes, SeriesKind::Gauge),
    ("go_sched_gomaxprocs", Unit::None, SeriesKind::Gauge),
    ("go_sched_idleprocs", Unit::None, SeriesKind::Gauge),
    ("go_sched_threads", Unit::None, SeriesKind::Gauge),
    ("go_sched_spinningthreads", Unit::None, SeriesKind::Gauge),
    ("go_sched_needspinning", Unit::None, SeriesKind::Gauge),
    ("go_sched_idlethreads", Unit::None, SeriesKind::Gauge),
    ("go_sched_runqueue", Unit::None, SeriesKind::Gauge),
    ("go_sched_local_runqueues", Unit::None, SeriesKind::Gauge),
    ("jvm_gc_heap_before_bytes", Unit::Bytes, SeriesKind::Gauge),
    ("jvm_gc_heap_after_bytes", Unit::Bytes, SeriesKind::Gauge),
    ("jvm_gc_heap_size_bytes", Unit::Bytes, SeriesKind::Gauge),
    ("jvm_gc_pause_seconds", Unit::Seconds, SeriesKind::Gauge),
];
/// Where those of the scheduler begin.
const FIRST_OF_SCHED: usize = 8;
/// The last of those.
const LOCAL_QUEUES: u8 = 15;
/// Where those of garbage collections of Java begin: see [`super::jvmtrace`].
pub const FIRST_OF_JVM: u8 = 16;

/// Lines of the runtime among others, behind whatever a container runtime, a collector or a JSON logger put before them.
///
/// `visit` gets the offset of each line in `bytes` and what it says. Costs one search for two rare bytes.
pub fn find(bytes: &[u8], mut visit: impl FnMut(usize, Line)) {
    let (mut last_gc, mut last_sched) = (None, None);
    for (n, at) in memchr::memchr2_iter(b'@', b'x', bytes).enumerate() {
        if n > MAX_RARE && at / n < RARE_BYTES {
            // Here they are not rare: whole words are looked for behind the lines that were seen.
            find_words(bytes, &WORDS_OF_GC, at, &mut last_gc, &mut visit);
            find_words(bytes, &WORDS_OF_SCHED, at, &mut last_sched, &mut visit);
            return;
        }
        if bytes[at] == b'@' {
            // `gc 1 @8.989s`
            if at >= 5 && bytes[at - 1] == b' ' && bytes[at - 2].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                let line = &bytes[at..line_end(bytes, at)];
                if let Some(inside) = memchr::memmem::find(line, WORDS_OF_GC.inside) {
                    look(bytes, &WORDS_OF_GC, at + inside, &mut last_gc, &mut visit);
                }
            }
        } else if at >= 4 && bytes[at - 4..].starts_with(WORDS_OF_SCHED.inside) {
            look(bytes, &WORDS_OF_SCHED, at - 4, &mut last_sched, &mut visit);
        }
    }
}

/// How lines of one kind are known.
struct Words {
    /// What stands in each of them and hardly anywhere else.
    inside: &'static [u8],
    /// How they begin.
    start: &'static str,
    read: fn(&str) -> Option<Line>,
}

const WORDS_OF_GC: Words = Words { inside: b" ms clock, ", start: "gc ", read: gc };
const WORDS_OF_SCHED: Words = Words { inside: b"gomaxprocs=", start: "SCHED ", read: sched };

/// A line of the runtime and what stands around it in a log are not longer.
const MAX_LINE: usize = 16 << 10;
/// How often a byte is met before it is asked whether it is rare.
const MAX_RARE: usize = 64;
/// A rare byte stands less than once in so many.
const RARE_BYTES: usize = 256;

fn line_start(bytes: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(MAX_LINE);
    memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |end| from + end + 1)
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    let to = bytes.len().min(at + MAX_LINE);
    memchr::memchr(b'\n', &bytes[at..to]).map_or(to, |end| at + end)
}

/// Lines of one kind from the one that holds `at` on; `last` was visited.
fn find_words(bytes: &[u8], words: &Words, at: usize, last: &mut Option<usize>, visit: &mut impl FnMut(usize, Line)) {
    let from = line_start(bytes, at);
    for at in memchr::memmem::find_iter(&bytes[from..], words.inside) {
        look(bytes, words, from + at, last, visit);
    }
}

/// Visits the line whose word is at `at`, if it is one of the runtime and not `last`.
fn look(bytes: &[u8], words: &Words, at: usize, last: &mut Option<usize>, visit: &mut impl FnMut(usize, Line)) {
    let (from, to) = (line_start(bytes, at), line_end(bytes, at));
    let front = String::from_utf8_lossy(&bytes[from..at]);
    // Loggers write `>` as they like, and a quote behind the last word.
    let text = format!("{}{}", &front[front.rfind(words.start).unwrap_or(front.len())..], String::from_utf8_lossy(&bytes[at..to]));
    let text = text.replace("\\u003e", ">");
    if *last != Some(from)
        && let Some(line) = (words.read)(text.split('"').next().unwrap_or(&text))
    {
        visit(from, line);
        *last = Some(from);
    }
}

/// How sure a stretch of lines is a trace of the runtime, 0 … 1, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let all: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(200).collect();
    let n = all.iter().filter(|line| read(line).is_some()).count();
    let share = n as f32 / all.len().max(1) as f32;
    // Mixed with the service's own lines it is a log.
    (n > 0 && share >= 0.9).then(|| (0.95 * share, format!("{n} of {} lines are of gctrace or schedtrace", all.len())))
}

fn read(line: &str) -> Option<Line> {
    gc(line).or_else(|| sched(line))
}

/// `gc 1 @8.989s 0%: 0.085+2.3+0.003 ms clock, 0.17+0/0.50/0.25+0.007 ms cpu, 3->4->2 MB, 4 MB goal, …, 2 P`
fn gc(line: &str) -> Option<Line> {
    let (head, rest) = line.strip_prefix("gc ")?.split_once(": ")?;
    let mut words = head.split(' ');
    let number: f64 = words.next()?.parse().ok()?;
    let since: f64 = words.next()?.strip_prefix('@')?.strip_suffix('s')?.parse().ok()?;
    let percent: f64 = words.next()?.strip_suffix('%')?.parse().ok()?;
    let parts: Vec<&str> = rest.split(", ").collect();
    let pauses: Option<Vec<f64>> = parts.first()?.strip_suffix(" ms clock")?.split('+').map(|part| part.parse().ok()).collect();
    let pauses = pauses?;
    let heap: Option<Vec<f64>> = parts.get(2)?.strip_suffix(" MB")?.split("->").map(|part| part.parse().ok()).collect();
    let (heap, goal) = (heap?, parts.get(3)?.strip_suffix(" MB goal")?.parse::<f64>().ok()?);
    let (Some(first), Some(last), &[before, after, live]) = (pauses.first(), pauses.last(), heap.as_slice()) else { return None };
    // Go writes MB for 2^20 bytes.
    let bytes = |mb: f64| mb * f64::from(1 << 20);
    Some(Line {
        since_ns: (since * NS_PER_S as f64) as i64,
        values: vec![
            (0, number),
            (1, (first + last) / 1000.0),
            (2, (pauses.iter().sum::<f64>() - first - last) / 1000.0),
            (3, percent / 100.0),
            (4, bytes(before)),
            (5, bytes(after)),
            (6, bytes(live)),
            (7, bytes(goal)),
        ],
    })
}

/// `SCHED 108ms: gomaxprocs=2 idleprocs=2 threads=4 spinningthreads=0 … idlethreads=2 runqueue=0 [ 0 0 ]`
fn sched(line: &str) -> Option<Line> {
    let (since, rest) = line.strip_prefix("SCHED ")?.split_once("ms: ")?;
    let since_ms: i64 = since.parse().ok()?;
    let (pairs, queues) = rest.split_once('[').map_or((rest, ""), |(pairs, queues)| (pairs, queues.split(']').next().unwrap_or("")));
    let mut values = Vec::new();
    for (key, value) in pairs.split_ascii_whitespace().filter_map(|pair| pair.split_once('=')) {
        // Newer runtimes add keys; the line is kept without them.
        let is_key = |(name, ..): &(&str, Unit, SeriesKind)| name.strip_prefix("go_sched_") == Some(key);
        let Some(place) = SERIES[FIRST_OF_SCHED..usize::from(FIRST_OF_JVM)].iter().position(is_key) else { continue };
        values.push(((FIRST_OF_SCHED + place) as u8, value.parse().ok()?));
    }
    let local: Option<Vec<f64>> = queues.split_ascii_whitespace().map(|word| word.parse().ok()).collect();
    values.extend(local.filter(|local| !local.is_empty()).map(|local| (LOCAL_QUEUES, local.iter().sum())));
    (!values.is_empty()).then_some(Line { since_ns: since_ms.checked_mul(1_000_000)?, values })
}

/// Reads a whole file; records are its lines.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let mut first_ns = None;
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        let Some(Line { since_ns, values }) = read(line) else {
            gather.refuse(place, "the line is not one of gctrace or schedtrace");
            continue;
        };
        gather.n_records += 1;
        let first_ns = *first_ns.get_or_insert(since_ns);
        let Some(anchor) = context.anchor else {
            gather.n_unplaced += 1;
            continue;
        };
        gather.certainty = Some(ZoneCertainty::Inferred);
        for (series, value) in values {
            let (name, unit, kind) = SERIES[usize::from(series)];
            let identity = Identity { name: name.into(), labels: Vec::new(), unit, kind: Some(kind) };
            gather.push(place, identity, Timestamp(anchor.0.saturating_add(since_ns - first_ns)), value);
        }
    }
    if gather.n_unplaced > 0 {
        let reason =
            format!("times of {} lines count from the start of the process; --anchor FILE=TIME places the first", gather.n_unplaced);
        gather.problems.push(Place { line: 1, byte: 0 }.problem(ProblemKind::Time, reason));
    }
    gather.finish(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "gc 1 @8.5s 0%: 0.085+2.3+0.003 ms clock, 0.17+0/0.50/0.25+0.007 ms cpu, 3->4->2 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P\n\
        gc 2 @18.5s 1%: 0.062+1.1+0.003 ms clock, 0.12+0/0.48/0.60+0.007 ms cpu, 5->5->5 MB, 6 MB goal, 2 P (forced)\n\
        SCHED 19500ms: gomaxprocs=2 idleprocs=0 threads=4 spinningthreads=1 needspinning=0 idlethreads=1 runqueue=3 [ 1 2 ] schedticks=[ 0 3 ]\n";

    #[test]
    fn lines_of_the_runtime_are_found_wherever_a_logger_put_them() {
        let [gc, _, sched] = TEXT.lines().collect::<Vec<_>>()[..] else { panic!("three lines") };
        let escaped = gc.replace('>', "\\u003e");
        let text = format!(
            "2026-11-23T02:00:00.000000001Z stderr F {gc}\n{{\"log\":\"{escaped}\\n\",\"stream\":\"stderr\"}}\n{sched}\nweb-1  | {sched}\n\
             the words ms clock, and gomaxprocs= alone say nothing\n{{\"MESSAGE\":\"{gc}\"}}\n"
        );
        let mut found = Vec::new();
        find(text.as_bytes(), |at, line| found.push((text[..at].lines().count(), line)));
        let (gc, sched) = (read(gc).unwrap(), read(sched).unwrap());
        let expected = [(0, gc.clone()), (1, gc.clone()), (2, sched.clone()), (3, sched), (5, gc)];
        assert_eq!(found, expected);
        // Where the bytes that are looked for are not rare, and become so or cease to be in the middle of a text.
        let (common, rare) = ("max 0x@x\n".repeat(60), "a long line with nothing to find\n".repeat(900));
        for front in ["", &common, &rare, &format!("{rare}{common}")] {
            let text = format!("{front}{text}{common}{common}{text}");
            let mut found = Vec::new();
            find(text.as_bytes(), |at, line| found.push((at, line)));
            found.sort_by_key(|(at, _)| *at);
            let lines: Vec<_> = found.iter().map(|(_, line)| line).collect();
            assert_eq!(lines, expected.iter().chain(&expected).map(|(_, line)| line).collect::<Vec<_>>());
            assert!(found.is_sorted_by(|(before, _), (after, _)| before < after), "each line once");
        }
    }

    #[test]
    fn relative_lines_wait_for_an_anchor() {
        assert!(recognise(TEXT).is_some() && recognise("gc is slow\n").is_none());
        let document = parse(TEXT.as_bytes(), &Context::default());
        assert_eq!((document.n_records, document.n_unplaced, document.series.len(), document.problems.total()), (3, 3, 0, 1));
        let anchor = Timestamp::from_secs(1_700_000_000);
        let document = parse(TEXT.as_bytes(), &Context { anchor: Some(anchor), ..Context::default() });
        let find = |name: &str| document.series.iter().find(|one| one.name == name).expect("a series");
        let pauses = find("go_gctrace_pause_seconds");
        assert!((pauses.samples[0].value - 0.000_088).abs() < 1e-12);
        assert_eq!((pauses.samples[0].time, pauses.samples[1].time), (anchor, anchor.plus_ns(10 * NS_PER_S)));
        assert!((find("go_sched_local_runqueues").samples[0].value - 3.0).abs() < 1e-9);
        assert!((find("go_gctrace_heap_goal_bytes").samples[1].value - 6.0 * 1_048_576.0).abs() < 1e-9);
    }
}
