//! Profiles of old: binary CPU profiles and the text forms of gperftools, Go and Java.
//!
//! A binary CPU profile and the first line of Go's text heap profile tell a total. The other forms need scaling by
//! rules of their own: they are recognised and named with the tool that opens them, never given a wrong total.

use crate::model::ProblemKind;
use crate::model::catalog::Problems;
use crate::parse::document::json;
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// First lines of the text forms, and the kind.
const STARTS: [(&str, &str); 9] = [
    ("heap profile:", "heap"),
    ("--- heapz", "heap"),
    ("--- heap", "heap"),
    ("--- contention", "contention"),
    ("--- mutex", "mutex"),
    ("--- growthz", "heap"),
    ("--- threadz", "threads"),
    ("--- threads", "threads"),
    ("threadcreate profile: total", "threadcreate"),
];

/// Kind of an old text profile with this first line.
pub(crate) fn text_kind(first_line: &str) -> Option<&'static str> {
    STARTS.iter().find(|(start, _)| first_line.starts_with(start)).map(|(_, kind)| *kind)
}

/// How the words of a binary CPU profile are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    size: usize,
    is_big_endian: bool,
}

impl Word {
    fn at(self, bytes: &[u8], index: usize) -> Option<u64> {
        let start = index.checked_mul(self.size)?;
        let word = bytes.get(start..start.checked_add(self.size)?)?;
        let fold = |sum: u64, b: &u8| (sum << 8) | u64::from(*b);
        Some(if self.is_big_endian { word.iter().fold(0, fold) } else { word.iter().rev().fold(0, fold) })
    }
}

/// The sort of words of a binary CPU profile, known by its header: 0, 3, 0 or 1, sampling period in µs, 0.
pub(crate) fn word_of(head: &[u8]) -> Option<Word> {
    let all = [(8, false), (8, true), (4, false), (4, true)].map(|(size, is_big_endian)| Word { size, is_big_endian });
    all.into_iter().find(|word| {
        let header: Option<Vec<u64>> = (0..5).map(|index| word.at(head, index)).collect();
        header.is_some_and(|words| words[0] == 0 && words[1] == 3 && words[2] <= 1 && (1..10_000_000).contains(&words[3]) && words[4] == 0)
    })
}

/// Reads what an old profile tells without symbols or scaling.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    if let Some(word) = word_of(bytes) {
        return cpu(bytes, word, context);
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned();
    let first = head.lines().next().unwrap_or("");
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let in_use = first.strip_prefix("heap profile:").and_then(|rest| number(rest.split(':').nth(1)?.split('[').next()?));
    let counted = first.strip_prefix("threadcreate profile: total").and_then(number);
    let n_lines = json::count_lines(bytes);
    let Some((total, unit)) = in_use.map(|total| (total, "bytes")).or(counted.map(|total| (total, "count"))) else {
        let mut problems = Problems::default();
        let reason = "an old profile format whose values need scaling; it is not read, `go tool pprof` opens it".to_owned();
        problems.push(Place::default().problem(ProblemKind::Limit, reason));
        return Document { problems, n_lines, ..Document::default() };
    };
    let (mut mark, zone) = super::mark(text_kind(first).unwrap_or("heap"), None, context);
    mark.n_samples =
        bytes.split(|b| *b == b'\n').filter(|line| memchr::memmem::find(line, b" @ ").is_some()).count().saturating_sub(1) as u64;
    mark.total = total;
    mark.unit = unit.into();
    let n_samples = mark.n_samples;
    super::document(mark, zone, Problems::default(), n_samples, n_lines)
}

/// Records of count, depth and addresses after the header, until the trailer 0, 1, 0.
fn cpu(bytes: &[u8], word: Word, context: &Context) -> Document {
    let mut problems = Problems::default();
    let period_us = word.at(bytes, 3).unwrap_or(0);
    let (mut n_ticks, mut stacks, mut index) = (0_u64, std::collections::HashSet::new(), 5_usize);
    loop {
        let (Some(count), Some(depth)) = (word.at(bytes, index), word.at(bytes, index.saturating_add(1))) else {
            problems
                .push(Place::default().problem(ProblemKind::Truncated, format!("the profile breaks off after {} stacks", stacks.len())));
            break;
        };
        if count == 0 && depth == 1 && word.at(bytes, index + 2) == Some(0) {
            break;
        }
        n_ticks = n_ticks.saturating_add(count);
        let first = index.saturating_add(2);
        let end = usize::try_from(depth).map_or(usize::MAX, |depth| first.saturating_add(depth));
        // A stack may come twice: the same stack is one sample. A hostile depth reads on to the end of the file at most.
        let addresses = first.saturating_mul(word.size)..end.saturating_mul(word.size).min(bytes.len());
        stacks.extend(bytes.get(addresses));
        index = end;
    }
    let (mut mark, zone) = super::mark("cpu", None, context);
    mark.total = n_ticks as f64 * period_us as f64 * 1e3;
    mark.unit = "nanoseconds".into();
    mark.n_samples = stacks.len() as u64;
    super::document(mark, zone, problems, stacks.len() as u64, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_heap_profile_tells_its_bytes() {
        let text = b"heap profile: 12: 34560 [67: 890123] @ heap/1048576\n1: 2 [3: 4] @ 0x1\n";
        let document = parse(text, &Context { path: "web-heap-20261123T023517Z.txt".into(), ..Context::default() });
        let mark = &document.profiles[0];
        assert_eq!((mark.total, mark.unit.as_str(), mark.n_samples, document.problems.total()), (34560.0, "bytes", 1, 0));
    }

    #[test]
    fn a_binary_cpu_profile_tells_its_time() {
        let words: [u64; 14] = [0, 3, 0, 10_000, 0, 4, 2, 11, 12, 3, 0, 0, 1, 0];
        for size in [4, 8] {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()[..size].to_vec()).collect();
            let document = parse(&bytes, &Context::default());
            let mark = &document.profiles[0];
            assert_eq!((mark.total, mark.n_samples, document.problems.total()), (70e6, 2, 0));
            let cut = parse(&bytes[..size * 7], &Context::default());
            assert_eq!(cut.problems.counts().get(&ProblemKind::Truncated), Some(&1));
        }
    }

    #[test]
    fn a_form_that_is_not_read_gets_no_total() {
        let document = parse(b"--- heapz 1 ---\nformat = java\n", &Context::default());
        assert_eq!((document.profiles.len(), document.problems.total()), (0, 1));
    }
}
