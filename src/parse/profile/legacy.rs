//! Profiles of old: binary CPU profiles and the text forms of gperftools, Go and Java.
//!
//! Sampled heaps are scaled to what they stand for, by the rules of google/pprof (`legacy_profile.go`). Forms with
//! other rules are recognised and named with the tool that opens them, never given a wrong total.

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

/// Reads what an old profile tells without symbols.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    if let Some(word) = word_of(bytes) {
        return cpu(bytes, word, context);
    }
    let text = String::from_utf8_lossy(bytes);
    let first = text.lines().next().unwrap_or("");
    let counted = first.strip_prefix("threadcreate profile: total").and_then(|text| text.trim().parse::<f64>().ok());
    let n_lines = json::count_lines(bytes);
    let sums = if let Some(total) = counted {
        let n = text.lines().filter(|line| line.contains(" @ ")).count() as u64;
        Some(Sums { total, unit: "count".into(), n_samples: n, duration_ns: None })
    } else {
        heap(&text).or_else(|| java(&text))
    };
    let Some(sums) = sums else {
        let mut problems = Problems::default();
        let reason = "an old profile format whose values need scaling; it is not read, `go tool pprof` opens it".to_owned();
        problems.push(Place::default().problem(ProblemKind::Limit, reason));
        return Document { problems, n_lines, ..Document::default() };
    };
    let (mut mark, zone) = super::mark(text_kind(first).unwrap_or("heap"), None, context);
    (mark.total, mark.unit, mark.n_samples, mark.duration_ns) = (sums.total, sums.unit, sums.n_samples, sums.duration_ns);
    let n_samples = mark.n_samples;
    super::document(mark, zone, Problems::default(), n_samples, n_lines)
}

/// What the samples of a text profile come to.
struct Sums {
    total: f64,
    unit: String,
    n_samples: u64,
    duration_ns: Option<i64>,
}

/// Bytes that were sampled once in `rate` bytes on the average, as they were before: `scaleHeapSample` of google/pprof.
fn unsampled(count: f64, bytes: f64, rate: f64) -> f64 {
    if count <= 0.0 || bytes <= 0.0 {
        return 0.0;
    }
    let mean = bytes / count;
    if rate <= 1.0 { bytes } else { bytes / (1.0 - (-mean / rate).exp()) }
}

/// `heap profile: 12: 34560 [67: 890123] @ heap/1048576`, then `1: 2 [3: 4] @ 0x1`.
fn heap(text: &str) -> Option<Sums> {
    let mut lines = text.lines();
    let (_, sampler) = lines.next()?.strip_prefix("heap profile:")?.split_once('@')?;
    let (name, rate) = sampler.trim().split_once('/').unwrap_or((sampler.trim(), "1"));
    // Go states twice its rate, as gperftools did; the later forms state it as it is.
    let rate = rate.trim().parse::<f64>().unwrap_or(1.0);
    let rate = match name {
        "heap" => rate / 2.0,
        "heap_v2" | "heapz_v2" => rate,
        _ => 1.0,
    };
    let in_use = |line: &str| -> Option<(f64, f64)> {
        let (values, _) = line.split_once('@')?;
        let (count, rest) = values.split_once(':')?;
        Some((count.trim().parse().ok()?, rest.split('[').next()?.trim().parse().ok()?))
    };
    let (mut total, mut n_samples) = (0.0, 0);
    for (count, bytes) in lines.take_while(|line| !line.starts_with("MAPPED_LIBRARIES")).filter_map(in_use) {
        total += unsampled(count, bytes, rate).trunc();
        n_samples += 1;
    }
    Some(Sums { total, unit: "bytes".into(), n_samples, duration_ns: None })
}

/// `--- heapz 1 ---` and `--- contentionz 1 ---` of Java: settings, samples of a value, a count and a stack, places.
fn java(text: &str) -> Option<Sums> {
    /// Rate of the heap sampler of Java, which the file does not state.
    const RATE: f64 = 524_288.0;
    let first = text.lines().next()?;
    let is_heap = first.starts_with("--- heapz");
    let setting = |name: &str| {
        let lines = text.lines().skip(1).take_while(|line| !line.contains(" @ ")).filter_map(|line| line.split_once('='));
        lines.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    if setting("format") != Some("java") || !(is_heap || first.starts_with("--- contention")) {
        return None;
    }
    let number = |name: &str| setting(name).and_then(|value| value.parse::<f64>().ok());
    let period = number("sampling period").filter(|period| *period > 0.0).unwrap_or(1.0);
    let sample = |line: &str| -> Option<(f64, f64)> {
        let (values, _) = line.split_once(" @ ")?;
        let mut values = values.split_whitespace().map(str::parse::<f64>);
        Some((values.next()?.ok()?, values.next()?.ok()?))
    };
    let (mut total, mut n_samples) = (0.0, 0);
    for (value, count) in text.lines().filter_map(sample) {
        total += if is_heap { unsampled(count, value, RATE).trunc() } else { value * period };
        n_samples += 1;
    }
    let duration_ns = number("ms since reset").map(|ms| (ms * 1e6) as i64);
    Some(Sums { total, unit: setting("resolution").unwrap_or("count").to_owned(), n_samples, duration_ns })
}

/// Records of count, depth and addresses after the header, until the trailer 0, 1, 0.
fn cpu(bytes: &[u8], word: Word, context: &Context) -> Document {
    let mut problems = Problems::default();
    let period_us = word.at(bytes, 3).unwrap_or(0);
    let (mut n_ticks, mut stacks, mut index) = (0_u64, std::collections::HashSet::new(), 5_usize);
    let mut rest = bytes.len();
    loop {
        let (Some(count), Some(depth)) = (word.at(bytes, index), word.at(bytes, index.saturating_add(1))) else {
            problems
                .push(Place::default().problem(ProblemKind::Truncated, format!("the profile breaks off after {} stacks", stacks.len())));
            break;
        };
        if count == 0 && depth == 1 && word.at(bytes, index + 2) == Some(0) {
            rest = (index + 3) * word.size;
            break;
        }
        n_ticks = n_ticks.saturating_add(count);
        let first = index.saturating_add(2);
        let end = usize::try_from(depth).map_or(usize::MAX, |depth| first.saturating_add(depth));
        // A stack may come twice: the same stack is one sample. A hostile depth reads on to the end of the file at most.
        let addresses = first.saturating_mul(word.size)..end.saturating_mul(word.size).min(bytes.len());
        // What was never on the processor is no sample; other programs leave it out as well.
        stacks.extend(bytes.get(addresses).filter(|_| count > 0));
        index = end;
    }
    let is_java = word.at(bytes, 2) == Some(1);
    let n_stacks = if is_java { named_stacks(&stacks, word, bytes.get(rest..).unwrap_or_default()) } else { stacks.len() };
    let (mut mark, zone) = super::mark("cpu", None, context);
    mark.total = n_ticks as f64 * period_us as f64 * 1e3;
    mark.unit = "nanoseconds".into();
    mark.n_samples = n_stacks as u64;
    super::document(mark, zone, problems, n_stacks as u64, 0)
}

/// Number of stacks that differ in their places: Java writes the places of its addresses behind the samples, as
/// ` 0x2a com.example.Shop.order (Shop.java:42)`, and several addresses may have one place.
fn named_stacks(stacks: &std::collections::HashSet<&[u8]>, word: Word, text: &[u8]) -> usize {
    let text = String::from_utf8_lossy(text);
    let place = |line: &'_ str| {
        let (address, place) = line.trim().strip_prefix("0x")?.split_once(char::is_whitespace)?;
        Some((u64::from_str_radix(address, 16).ok()?, place.trim().to_owned()))
    };
    let places: std::collections::HashMap<u64, String> = text.lines().filter_map(place).collect();
    let named = |stack: &&[u8]| -> Vec<Result<&str, u64>> {
        let addresses = (0..stack.len() / word.size).filter_map(|index| word.at(stack, index));
        addresses.map(|address| places.get(&address).map(String::as_str).ok_or(address)).collect()
    };
    stacks.iter().map(named).collect::<std::collections::HashSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sampled_heap_tells_what_it_stands_for() {
        let heap = |sampler: &str, line: &str| {
            let text = format!("heap profile: 1: 524288 [67: 890123] @ {sampler}\n{line} [3: 4] @ 0x1\n");
            parse(text.as_bytes(), &Context { path: "web-heap-20261123T023517Z.txt".into(), ..Context::default() }).profiles[0].clone()
        };
        // An object as large as the rate stands for 1 / (1 - 1/e) of them.
        for (sampler, line, total) in
            [("heap/1048576", "1: 524288", 829_411.0), ("heap_v2/524288", "1: 524288", 829_411.0), ("heapprofile", "1: 524288", 524_288.0)]
        {
            let mark = heap(sampler, line);
            assert_eq!((mark.total, mark.unit.as_str(), mark.n_samples), (total, "bytes", 1), "{sampler}");
        }
        assert_eq!((heap("heap/1048576", "0: 0").total, 1), (0.0, 1));
    }

    #[test]
    fn java_tells_contentions_by_their_period() {
        let text = "--- contentionz 1 ---\nformat = java\nresolution = microseconds\nsampling period = 100\nms since reset = 6019923\n    1  2 @ 0x3 0x4\n   14  1 @ 0x6\n\n 0x3 f (a.java:1)\n";
        let mark = parse(text.as_bytes(), &Context::default()).profiles[0].clone();
        assert_eq!(
            (mark.total, mark.unit.as_str(), mark.n_samples, mark.duration_ns),
            (1500.0, "microseconds", 2, Some(6_019_923_000_000))
        );
    }

    #[test]
    fn stacks_of_java_with_the_same_places_are_one() {
        let words: [u64; 14] = [0, 3, 1, 10_000, 0, 4, 1, 11, 3, 1, 12, 0, 1, 0];
        let bytes: Vec<u8> =
            words.iter().flat_map(|word| word.to_le_bytes()).chain(*b"\n 0xb run (A.java:1)\n 0xc run (A.java:1)\n").collect();
        assert_eq!(parse(&bytes, &Context::default()).profiles[0].n_samples, 1);
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
        let document = parse(b"--- threadz 1 ---\n", &Context::default());
        assert_eq!((document.profiles.len(), document.problems.total()), (0, 1));
    }
}
