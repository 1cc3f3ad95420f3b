//! Goroutine dumps as text: `?debug=2` (and a crash or SIGQUIT), a stack each; `?debug=1`, grouped with counts.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::top::Tally;
use crate::model::catalog::Problems;
use crate::model::{ProblemKind, ProfileTop};
use crate::parse::document::json;
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// `goroutine 42 [running]:` and newer `goroutine 1 gp=0xc0 m=0 mp=0x1 [select, 2 minutes]:`.
pub(crate) fn is_header(line: &str) -> bool {
    let Some(rest) = line.trim_end().strip_prefix("goroutine ") else { return false };
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.ends_with("]:") && rest.contains(" [")
}

/// `goroutine profile: total 8`.
pub(crate) fn grouped_total(line: &str) -> Option<u64> {
    line.trim_end().strip_prefix("goroutine profile: total ")?.parse().ok()
}

/// Reads either form. The total is the number of goroutines, samples are distinct stacks.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let (mut mark, zone) = super::mark("goroutine", None, context);
    let first = text.lines().next().unwrap_or("");
    let n_records;
    if let Some(total) = grouped_total(first) {
        let (n_stacks, sum) = grouped(&text);
        mark.total = total as f64;
        mark.n_samples = n_stacks;
        mark.top = grouped_top(&text);
        n_records = n_stacks;
        if sum != total {
            let reason = format!("{sum} goroutines are listed where the first line says {total}: the dump may be cut");
            problems.push(Place { line: json::count_lines(bytes), byte: bytes.len() as u64 }.problem(ProblemKind::Truncated, reason));
        }
    } else {
        let (n_goroutines, n_stacks) = listed(&text);
        mark.total = n_goroutines as f64;
        mark.n_samples = n_stacks;
        mark.top = listed_top(&text);
        n_records = n_goroutines;
        if !text.ends_with('\n') {
            let place = Place { line: json::count_lines(bytes), byte: bytes.len() as u64 };
            problems.push(place.problem(ProblemKind::Truncated, format!("cut at byte {}: the last line has no end", bytes.len())));
        }
    }
    if mark.time.is_none() {
        problems.push(Place::default().problem(ProblemKind::Time, "a goroutine dump holds no time and its name tells none".into()));
    }
    super::document(mark, zone, problems, n_records, json::count_lines(bytes))
}

/// Groups of a `debug=1` dump: their number and the goroutines in them.
fn grouped(text: &str) -> (u64, u64) {
    let counts = text.lines().skip(1).filter_map(|line| line.split_once(" @")?.0.parse::<u64>().ok());
    counts.fold((0, 0), |(n, sum), count| (n + 1, sum + count))
}

/// Goroutines of a `debug=2` dump and their distinct stacks (state and functions, without arguments and waiting times).
fn listed(text: &str) -> (u64, u64) {
    let (mut n_goroutines, mut stacks) = (0, HashSet::new());
    let mut current: Option<DefaultHasher> = None;
    for line in text.lines() {
        if is_header(line) {
            stacks.extend(current.take().map(|hash| hash.finish()));
            n_goroutines += 1;
            let state = line.rsplit_once('[').map_or("", |(_, state)| state).split([',', ']']).next().unwrap_or("");
            let mut hash = DefaultHasher::new();
            state.hash(&mut hash);
            current = Some(hash);
        } else if let Some(hash) = current.as_mut().filter(|_| !line.starts_with('\t') && !line.is_empty()) {
            function(line).hash(hash);
        }
    }
    stacks.extend(current.map(|hash| hash.finish()));
    (n_goroutines, stacks.len() as u64)
}

/// `net.(*conn).Read(0xc0001)`: the last bracket opens the arguments; `created by main.main in goroutine 1`.
fn function(line: &str) -> &str {
    line.strip_prefix("created by ")
        .map_or_else(|| line.rsplit_once('(').map_or(line, |(name, _)| name), |rest| rest.split(" in goroutine ").next().unwrap_or(rest))
}

/// Functions and stacks of a `debug=2` dump; who created a goroutine is no frame of it.
fn listed_top(text: &str) -> ProfileTop {
    let mut tally = Tally::default();
    let mut frames: Option<Vec<&str>> = None;
    for line in text.lines() {
        if is_header(line) {
            tally.add(1.0, &frames.replace(Vec::new()).unwrap_or_default());
        } else if let Some(frames) = frames.as_mut().filter(|_| !line.is_empty() && !line.starts_with(['\t', '.']))
            && !line.starts_with("created by ")
        {
            frames.push(function(line));
        }
    }
    tally.add(1.0, &frames.unwrap_or_default());
    tally.top()
}

/// Functions and stacks of a `debug=1` dump: `#\t0x1\tmain.a+0x1\t/a.go:1` below `2 @ 0x1 0x2`.
fn grouped_top(text: &str) -> ProfileTop {
    let mut tally = Tally::default();
    let mut group: Option<(f64, Vec<&str>)> = None;
    for line in text.lines().skip(1) {
        if let Some(count) = line.split_once(" @").and_then(|(count, _)| count.parse().ok()) {
            if let Some((value, frames)) = group.replace((count, Vec::new())) {
                tally.add(value, &frames);
            }
        } else if let Some(frame) = line.strip_prefix("#\t").and_then(|rest| rest.split('\t').nth(1))
            && let Some((_, frames)) = &mut group
        {
            frames.push(frame.rsplit_once("+0x").map_or(frame, |(name, _)| name));
        }
    }
    if let Some((value, frames)) = group {
        tally.add(value, &frames);
    }
    tally.top()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_name() -> Context {
        Context { path: "web-goroutine-20261123T023517Z.txt".into(), ..Context::default() }
    }

    #[test]
    fn every_goroutine_counts_and_equal_stacks_are_one() {
        let text = "goroutine 1 [running]:\nmain.main()\n\t/a.go:1 +0x1\n\ngoroutine 7 [select, 2 minutes]:\nmain.wait(0xc01)\n\t/a.go:2\ncreated by main.main in goroutine 1\n\t/a.go:3\n\n\
            goroutine 9 gp=0xc0 m=nil [select]:\nmain.wait(0xc02)\n\t/a.go:2\ncreated by main.main in goroutine 3\n\t/a.go:3\n";
        let document = parse(text.as_bytes(), &at_name());
        let mark = &document.profiles[0];
        assert_eq!((mark.total, mark.n_samples, mark.service.as_deref(), document.problems.total()), (3.0, 2, Some("web"), 0));
        assert!(mark.time.is_some());
        let waiting = &mark.top.functions[0];
        assert_eq!((waiting.name.as_str(), waiting.flat, waiting.cum, mark.top.stacks[0].value), ("main.wait", 2.0, 2.0, 2.0));
    }

    #[test]
    fn a_grouped_dump_tells_its_total_and_notices_a_cut() {
        let whole = "goroutine profile: total 3\n2 @ 0x1 0x2\n#\t0x1\tmain.a+0x1\n\n1 @ 0x3\n";
        let document = parse(whole.as_bytes(), &at_name());
        assert_eq!((document.profiles[0].total, document.n_records, document.problems.total()), (3.0, 2, 0));
        assert_eq!(document.profiles[0].top.functions[0].name, "main.a");
        let cut = parse(b"goroutine profile: total 3\n2 @ 0x1 0x2\n", &Context::default());
        assert_eq!((cut.problems.counts().get(&ProblemKind::Truncated), cut.n_unplaced), (Some(&1), 1));
    }
}
