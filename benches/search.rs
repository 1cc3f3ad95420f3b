//! Filters and fuzzy search over one log, as ratios to `rg -c` in interleaved pairs. Not a test, not criterion.
//!
//! `cargo bench --bench search -- FILE [LITERAL] [REGEX] [LETTERS]`. CPU seconds are those of the process (ours) and of
//! its children (`rg`), in ticks of 10 ms, summed over all rounds; wall times are medians.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for people who measure")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use coroner::model::filter::{Expr, Term};
use coroner::model::query::{BestQuery, PageStart, TextMatch, TextPattern};
use coroner::model::{EventFilter, EventQuery, Timestamp};
use coroner::source::files::{self, FileSource, OpenOptions};
use coroner::source::{Job, Source};

const ROUNDS: i64 = 5;
/// Records scored for a key, as on screen.
const SCORED: u64 = 16_000;

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let Some(path) = words.next() else {
        println!("name a log: cargo bench --bench search -- FILE [LITERAL] [REGEX] [LETTERS]");
        return;
    };
    let mut next = |default: &str| words.next().unwrap_or_else(|| default.to_owned());
    let (literal, regex, letters) = (next("exhausted"), next("status\":5[0-9]+"), next("exhaust"));
    let source = files::open(OpenOptions { sources: vec![PathBuf::from(&path)], ..OpenOptions::default() }).unwrap();
    source.load(&Job::new(), &|| ()).unwrap();
    let n = source.catalog(&Job::new()).unwrap().n_events;
    println!("{path}: {n} events");
    for (name, pattern, args) in [
        ("literal", TextPattern::Literal(literal.clone()), vec!["-c", "-F", "-S", &literal]),
        ("regex", TextPattern::Regex(regex.clone()), vec!["-c", &regex]),
    ] {
        against_rg(&source, name, &pattern, &args, &path);
    }
    keystrokes(&source, &letters);
}

/// A filter that was never asked before: a moment that all records are after makes it another one.
fn filter(pattern: &TextPattern, round: i64) -> EventFilter {
    let text = vec![TextMatch { pattern: pattern.clone(), is_negated: false }];
    EventFilter { text, expr: Some(Expr::Term(Term::Since(Timestamp(i64::MIN / 2 + round)))), ..EventFilter::default() }
}

fn against_rg(source: &FileSource, name: &str, pattern: &TextPattern, args: &[&str], path: &str) {
    let (mut ours, mut theirs, mut first) = (Vec::new(), Vec::new(), Vec::new());
    let (mut our_ticks, mut their_ticks, mut counts) = (0, 0, (0, 0));
    for round in 0..ROUNDS {
        let start = Instant::now();
        let query =
            EventQuery { filter: filter(pattern, 1_000 + round), range: None, start: PageStart::AtOrAfter(Timestamp::MIN), limit: 50 };
        source.events(&query, &Job::new()).unwrap();
        first.push(start.elapsed().as_secs_f64());
        let middle = ticks();
        let start = Instant::now();
        counts.0 = source.count(&filter(pattern, round), None, &Job::new()).unwrap().value;
        ours.push(start.elapsed().as_secs_f64());
        let after = ticks();
        let start = Instant::now();
        let out = Command::new("rg").args(args).arg(path).stderr(Stdio::null()).output();
        theirs.push(start.elapsed().as_secs_f64());
        let last = ticks();
        counts.1 = out.ok().and_then(|out| String::from_utf8(out.stdout).ok()?.trim().parse::<u64>().ok()).unwrap_or(0);
        our_ticks += after.0 - middle.0;
        their_ticks += last.1 - after.1;
    }
    let (ours, theirs, first) = (median(ours), median(theirs), median(first));
    println!(
        "{name}: count {} (rg {})  wall {:.0} ms, rg {:.0} ms, ratio {:.2}  cpu {:.2} s, rg {:.2} s, ratio {:.2}  first page {:.1} ms",
        counts.0,
        counts.1,
        ours * 1e3,
        theirs * 1e3,
        ours / theirs,
        our_ticks as f64 / 100.0,
        their_ticks as f64 / 100.0,
        our_ticks as f64 / their_ticks.max(1) as f64,
        first * 1e3,
    );
}

/// A word typed letter by letter: every key counts the records that hold the letters and scores the best of them.
fn keystrokes(source: &FileSource, letters: &str) {
    let (mut cold, mut narrow) = (Vec::new(), Vec::new());
    let ends: Vec<usize> = letters.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    for round in 0..ROUNDS {
        for (key, end) in ends.iter().enumerate().skip(1) {
            for (times, number) in [(&mut narrow, 2_000 + round), (&mut cold, 10_000 + round * 100 + key as i64)] {
                let typed = &letters[..*end];
                let filter = filter(&TextPattern::Fuzzy(typed.to_owned()), number);
                let before = ticks().0;
                let start = Instant::now();
                let n = source.count(&filter, None, &Job::new()).unwrap().value;
                let counted = start.elapsed().as_secs_f64();
                let query = BestQuery { filter, range: None, letters: typed.to_owned(), limit: 50, budget: SCORED };
                source.best(&query, &Job::new()).unwrap();
                times.resize(ends.len().max(times.len()), Vec::new());
                times[key].push((counted, start.elapsed().as_secs_f64() - counted, n, ticks().0 - before));
            }
        }
    }
    for (key, end) in ends.iter().enumerate().skip(1) {
        let of = |times: &[Vec<(f64, f64, u64, u64)>]| {
            let counted = median(times[key].iter().map(|time| time.0).collect());
            let scored = median(times[key].iter().map(|time| time.1).collect());
            let cpu_ms = times[key].iter().map(|time| time.3).sum::<u64>() as f64 * 10.0 / times[key].len() as f64;
            format!("{:6.1} + {:5.1} ms (cpu {cpu_ms:5.1} ms)", counted * 1e3, scored * 1e3)
        };
        println!("fuzzy {:<12} {:>9} records   cold {}   narrowed {}", &letters[..*end], cold[key][0].2, of(&cold), of(&narrow));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU ticks of this process and of its children that ended.
fn ticks() -> (u64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(|word| word.parse().unwrap_or(0)).collect();
    let at = |i: usize| fields.get(i).copied().unwrap_or(0);
    (at(11) + at(12), at(13) + at(14))
}
