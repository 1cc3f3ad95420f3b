//! Garbage collections as the JVM logs them, `-Xlog:gc` and the older `-XX:+PrintGCDetails`: the heap before and after.
//!
//! Events and latencies come from the log as such; these are the numbers in it. Only logs of the JVM are looked at.

use super::gotrace::{FIRST_OF_JVM, Line};

/// Whether a log of this format tells of collections.
pub fn is_told_in(format: &str) -> bool {
    matches!(format, "jvm-unified-log" | "jvm-gc")
}

/// Collections in the lines of a log of the JVM. `visit` gets the offset of each line in `bytes` and what it says.
pub fn find(bytes: &[u8], mut visit: impl FnMut(usize, Line)) {
    let mut done = 0;
    for at in memchr::memmem::find_iter(bytes, b"->") {
        if at < done {
            continue;
        }
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
        done = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
        if let Some(line) = std::str::from_utf8(&bytes[start..done]).ok().and_then(read) {
            visit(start, line);
        }
    }
}

/// `GC(12) Pause Young (Normal) 1033M->433M(2048M) 7.597ms`; `[GC (…) [PSYoungGen: 1K->1K(2K)] 3K->2K(8K), 0.012 secs]`.
fn read(line: &str) -> Option<Line> {
    if !line.contains("Pause ") && !line.contains("GC") {
        return None;
    }
    // Parts of the heap are named before their numbers, the whole of it is not.
    let is_whole = |at: usize| !line[..at].ends_with(": ");
    let numbers = line.match_indices("->").filter_map(|(arrow, _)| {
        let start = line[..arrow].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
        let (after, rest) = line[arrow + 2..].split_once('(')?;
        let (size, rest) = rest.split_once(')')?;
        is_whole(start).then_some(([bytes_of(&line[start..arrow])?, bytes_of(after)?, bytes_of(size)?], rest))
    });
    let ([before, after, size], rest) = numbers.last()?;
    let mut values = vec![(FIRST_OF_JVM, before), (FIRST_OF_JVM + 1, after), (FIRST_OF_JVM + 2, size)];
    values.extend(pause(rest).map(|pause| (FIRST_OF_JVM + 3, pause)));
    Some(Line { since_ns: 0, values })
}

/// `433M`, `65536K`; the JVM counts in powers of two.
fn bytes_of(text: &str) -> Option<f64> {
    let unit = match text.as_bytes().last()? {
        b'B' => 1.0,
        b'K' => 1024.0,
        b'M' => 1_048_576.0,
        b'G' => 1_073_741_824.0,
        _ => return None,
    };
    text[..text.len() - 1].parse::<f64>().ok().map(|number| number * unit)
}

/// Seconds of ` 7.597ms`, or of what stands before ` secs]`.
fn pause(rest: &str) -> Option<f64> {
    if let Some((before, _)) = rest.split_once(" secs]") {
        return before.rsplit(' ').next()?.parse().ok();
    }
    rest.trim().strip_suffix("ms")?.parse::<f64>().ok().map(|ms| ms / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_heap_is_told_and_not_its_parts() {
        const MB: f64 = 1_048_576.0;
        let told = |line: &str| read(line).map(|line| line.values.iter().map(|(_, value)| *value).collect::<Vec<_>>());
        let young = "[2026-11-23T02:28:09.123+0000][info][gc] GC(12) Pause Young (Normal) (G1 Evacuation Pause) 1033M->433M(2048M) 7.5ms";
        assert_eq!(told(young), Some(vec![1033.0 * MB, 433.0 * MB, 2048.0 * MB, 0.0075]));
        let full = "2026-11-23T02:28:10.123+0000: 10.1: [Full GC (Ergonomics) [PSYoungGen: 10K->0K(76K)] [ParOldGen: 170K->169K(175K)] 180K->169K(251K), \
            [Metaspace: 20K->20K(1067K)], 1.5 secs] [Times: user=3.03 sys=0.01, real=1.51 secs] ";
        assert_eq!(told(full), Some(vec![180.0 * 1024.0, 169.0 * 1024.0, 251.0 * 1024.0, 1.5]));
        assert_eq!(told("[info][gc,heap] GC(12) Eden regions: 600->0(600)"), None);
        assert_eq!(told("user moved a->b(c)"), None);
        let mut n = 0;
        find(format!("{young}\nx -> y\n{full}").as_bytes(), |_, _| n += 1);
        assert_eq!(n, 2);
    }
}
