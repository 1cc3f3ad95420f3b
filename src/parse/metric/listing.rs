//! What people print again and again in a loop: `docker stats` and `kubectl top`, with the moment between the listings.
//!
//! Listings that follow a line with a time stand at that time. Without any, one listing alone stands at the time of its
//! file; several cannot be placed, for nothing tells how long the loop waited.

use crate::model::when::{self, WallZone};
use crate::model::{ProblemKind, SeriesKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::timestamp;
use crate::parse::{Context, Document};

use super::cell::{self, Decimal};
use super::gather::{Gather, Identity, lines, name_of};
use super::{FileTime, Place, time_of_file};

/// Months as programs write them in English.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Which program printed a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Docker,
    Kubectl,
}

/// The columns below a header, by where each begins.
struct Header {
    program: Program,
    columns: Vec<(usize, String)>,
}

impl Header {
    fn of(line: &str) -> Option<Self> {
        let program = match () {
            () if line.contains("CPU %") && line.contains("MEM USAGE / LIMIT") => Program::Docker,
            () if line.contains("NAME") && line.contains("CPU(cores)") && line.contains("MEMORY(bytes)") => Program::Kubectl,
            () => return None,
        };
        let mut columns: Vec<(usize, String)> = Vec::new();
        for (at, word) in words(line) {
            columns.push((at, word.to_owned()));
        }
        Some(Self { program, columns })
    }
}

/// Cells and where they begin: two blanks or more, or a tab, stand between them.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut start = None;
    let bytes = line.as_bytes();
    for at in 0..=bytes.len() {
        let is_gap = |at: usize| bytes.get(at).is_none_or(|byte| matches!(byte, b' ' | b'\t'));
        let ends = is_gap(at) && (bytes.get(at).is_none_or(|byte| *byte == b'\t') || is_gap(at + 1));
        match start {
            None if !is_gap(at) => start = Some(at),
            Some(from) if ends => {
                out.push((from, &line[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    out
}

/// A line without what a terminal is told by it.
pub(super) fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.next();
            while chars.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
        } else if c != '\r' {
            out.push(c);
        }
    }
    out
}

/// How sure a stretch of lines is such a listing, 0 … 1, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let header = head.lines().filter(|line| !line.trim().is_empty()).take(6).find_map(|line| Header::of(&plain(line)))?;
    let program = if header.program == Program::Docker { "docker stats" } else { "kubectl top" };
    Some((0.96, format!("has the header of {program}")))
}

/// A line that is nothing but a moment: RFC 3339, an epoch, or what `date` prints.
pub(super) fn moment(line: &str, zone: WallZone) -> Option<(Timestamp, ZoneCertainty)> {
    let line = line.trim().trim_matches(['=', '-', '#', ' ']);
    if let Some(written) = when::written(line) {
        let certainty = if written.offset.is_some() { ZoneCertainty::Offset } else { ZoneCertainty::Default };
        return Some((written.at(zone), certainty));
    }
    if let Some(at) = when::epoch(line).filter(|at| at.0 > 0) {
        return Some((at, ZoneCertainty::Offset));
    }
    // `Mon Nov 23 02:30:00 UTC 2026`, `Mon Nov 23 02:30:00 AM CET 2026`
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (month, day, clock, year) = (words.get(1)?, words.get(2)?, words.get(3)?, words.last()?);
    let month = MONTHS.iter().position(|known| known == month)? + 1;
    let day: u32 = day.parse().ok()?;
    timestamp::days(year.parse().ok()?, month as u32, day)?;
    let (hour, rest) = clock.split_once(':')?;
    let hour: u32 = hour.parse().ok()?;
    let hour = match words.get(4).copied() {
        Some("AM") => hour % 12,
        Some("PM") => hour % 12 + 12,
        _ => hour,
    };
    let written = when::written(&format!("{year}-{month:02}-{day:02} {hour:02}:{rest}"))?;
    let stated = words[4..words.len() - 1].iter().find(|word| !matches!(**word, "AM" | "PM")).and_then(|word| WallZone::from_name(word));
    Some((written.at(stated.unwrap_or(zone)), if stated.is_some() { ZoneCertainty::File } else { ZoneCertainty::Default }))
}

/// Reads listings; records are their rows.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let (mut header, mut at): (Option<Header>, Option<(Timestamp, ZoneCertainty)>) = (None, None);
    let n_listings = lines(&text).filter(|(_, line)| Header::of(&plain(line)).is_some()).count();
    let has_times = lines(&text).any(|(_, line)| moment(&plain(line), gather.zone).is_some());
    if !has_times && n_listings == 1 {
        at = time_of_file(context, gather.zone).map(|(time, source)| {
            let word = if matches!(source, FileTime::Modified) { "the modification time" } else { "the name" };
            let reason = format!("the listing carries no time; {word} of the file gives it, {}", when::shown(time));
            gather.problems.push(Place::default().problem(ProblemKind::Time, reason));
            (time, if matches!(source, FileTime::Name) { ZoneCertainty::File } else { ZoneCertainty::Inferred })
        });
    }
    for (place, line) in lines(&text) {
        let line = plain(line);
        if line.trim().is_empty() {
            continue;
        }
        if let Some(found) = moment(&line, gather.zone) {
            at = Some(found);
        } else if let Some(found) = Header::of(&line) {
            header = Some(found);
        } else if let Some(header) = &header {
            gather.n_records += 1;
            let Some((time, certainty)) = at else {
                gather.unplaced(place, "the listing has no time; print date before each");
                continue;
            };
            gather.certainty = Some(certainty);
            row(&mut gather, (place, time), header, &line);
        } else {
            gather.refuse(place, "a line before the header, not read");
        }
    }
    gather.finish(bytes)
}

fn row(gather: &mut Gather<'_>, (place, time): (Place, Timestamp), header: &Header, line: &str) {
    let cells = words(line);
    if cells.len() != header.columns.len() {
        gather.refuse(place, format!("the row has {} cells, its header {}", cells.len(), header.columns.len()));
        return;
    }
    let pairs = || header.columns.iter().zip(&cells).map(|((_, column), (_, cell))| (column.as_str(), *cell));
    let labels: Vec<(String, String)> = pairs()
        .filter_map(|(column, cell)| {
            let name = match (header.program, column) {
                (Program::Docker, "CONTAINER ID") => "container_id",
                (Program::Docker, "NAME") => "container",
                (Program::Kubectl, "NAME") => "name",
                (Program::Kubectl, "POD") => "pod",
                (Program::Kubectl, "NAMESPACE") => "namespace",
                _ => return None,
            };
            Some((name.to_owned(), cell.to_owned()))
        })
        .collect();
    for (column, text) in pairs() {
        for (name, text) in parts(header.program, column, text) {
            if matches!(text, "--" | "<unknown>" | "") {
                continue;
            }
            match value(text) {
                Some((value, unit)) => {
                    let identity = Identity { name, labels: labels.clone(), unit, kind: Some(SeriesKind::Gauge) };
                    gather.push(place, identity, time, value);
                }
                None => gather.refuse(place, format!("{column}: {text:?} is not a number with a known unit")),
            }
        }
    }
}

/// What a cell tells, by the names of the series: two things stand in some.
fn parts<'t>(program: Program, column: &str, text: &'t str) -> Vec<(String, &'t str)> {
    let two = |first: &str, second: &str| {
        let (a, b) = text.split_once('/').unwrap_or((text, ""));
        vec![(first.to_owned(), a.trim()), (second.to_owned(), b.trim())]
    };
    match (program, column) {
        (_, "CONTAINER ID" | "CONTAINER" | "NAME" | "POD" | "NAMESPACE") => Vec::new(),
        (Program::Docker, "CPU %") => vec![("container_cpu_ratio".to_owned(), text)],
        (Program::Docker, "MEM USAGE / LIMIT") => two("container_memory_bytes", "container_memory_limit_bytes"),
        (Program::Docker, "MEM %") => vec![("container_memory_ratio".to_owned(), text)],
        (Program::Docker, "NET I/O") => two("container_network_received_bytes", "container_network_sent_bytes"),
        (Program::Docker, "BLOCK I/O") => two("container_block_read_bytes", "container_block_written_bytes"),
        (Program::Docker, other) => vec![(format!("container_{}", name_of(other)), text)],
        (Program::Kubectl, "CPU(cores)") => vec![("cpu_cores".to_owned(), text)],
        (Program::Kubectl, "MEMORY(bytes)") => vec![("memory_bytes".to_owned(), text)],
        (Program::Kubectl, "CPU%" | "CPU(%)") => vec![("cpu_ratio".to_owned(), text)],
        (Program::Kubectl, "MEMORY%" | "MEMORY(%)") => vec![("memory_ratio".to_owned(), text)],
        (Program::Kubectl, other) => vec![(name_of(other), text)],
    }
}

/// A number with the unit of a container: `250m` are thousandths of a processor, `512Mi` are bytes.
fn value(text: &str) -> Option<(f64, Unit)> {
    let quantity = [("Ki", 1024.0), ("Mi", 1_048_576.0), ("Gi", 1_073_741_824.0), ("Ti", 1_099_511_627_776.0)];
    let in_bytes = quantity.iter().find_map(|(end, scale)| Some(text.strip_suffix(end)?.parse::<f64>().ok()? * scale));
    if let Some(bytes) = in_bytes {
        return Some((bytes, Unit::Bytes));
    }
    let milli = text.strip_suffix('m').and_then(|number| number.parse::<f64>().ok());
    milli.map(|milli| (milli / 1000.0, Unit::None)).or_else(|| cell::number(text, Decimal::Point, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::metric::told;

    #[track_caller]
    fn check(text: &str, n_problems: u64, expected: &[&str]) {
        assert!(recognise(text).is_some(), "{text}");
        let document = parse(text.as_bytes(), &Context { modified: Some(Timestamp::from_secs(1_700_000_000)), ..Context::default() });
        assert_eq!((told(&document), document.problems.total()), (expected.iter().map(|line| (*line).to_owned()).collect(), n_problems));
    }

    #[test]
    fn listings_in_a_loop_stand_at_the_times_between_them() {
        check(
            "2026-11-23T02:30:00Z\nNAME         CPU(cores)   MEMORY(bytes)\norder-6d4c   250m         512Mi\npay-1        2            <unknown>\n\
             Mon Nov 23 02:30:30 UTC 2026\nNAME         CPU(cores)   MEMORY(bytes)\norder-6d4c   1250m        1Gi\nbroken\n",
            1,
            &[
                "cpu_cores{name=order-6d4c} 1 0.25@02:30:00 1.25@02:30:30",
                "memory_bytes{name=order-6d4c} bytes 536870912@02:30:00 1073741824@02:30:30",
                "cpu_cores{name=pay-1} 1 2@02:30:00",
            ],
        );
    }

    #[test]
    fn a_listing_of_docker_alone_stands_at_the_time_of_its_file_and_that_is_said() {
        check(
            "\u{1b}[2J\u{1b}[HCONTAINER ID   NAME    CPU %     MEM USAGE / LIMIT   MEM %     NET I/O         BLOCK I/O   PIDS\n\
             1a2b3c         order   12.50%    1.5KiB / 2KiB       75.00%    1.5kB / 2.5kB   0B / 4kB    25\n",
            1,
            &[
                "container_cpu_ratio{container=order,container_id=1a2b3c} ratio 0.125@22:13:20",
                "container_memory_bytes{container=order,container_id=1a2b3c} bytes 1536@22:13:20",
                "container_memory_limit_bytes{container=order,container_id=1a2b3c} bytes 2048@22:13:20",
                "container_memory_ratio{container=order,container_id=1a2b3c} ratio 0.75@22:13:20",
                "container_network_received_bytes{container=order,container_id=1a2b3c} bytes 1500@22:13:20",
                "container_network_sent_bytes{container=order,container_id=1a2b3c} bytes 2500@22:13:20",
                "container_block_read_bytes{container=order,container_id=1a2b3c} bytes 0@22:13:20",
                "container_block_written_bytes{container=order,container_id=1a2b3c} bytes 4000@22:13:20",
                "container_pids{container=order,container_id=1a2b3c} 1 25@22:13:20",
            ],
        );
    }

    #[test]
    fn several_listings_without_a_time_are_not_placed() {
        let text =
            "NAME   CPU(cores)   MEMORY(bytes)\na      1m           1Mi\nNAME   CPU(cores)   MEMORY(bytes)\na      2m           1Mi\n";
        let document = parse(text.as_bytes(), &Context { modified: Some(Timestamp::from_secs(1_700_000_000)), ..Context::default() });
        assert_eq!((document.n_records, document.n_unplaced, document.series.len()), (2, 2, 0));
    }
}
