//! Finds again what evidence points at: by the hash of lines, by the fingerprint of a series and its value, by the words
//! of a change, the labels and start of an alert, the total of a profile. Paths are only where the search begins.

use sha2::{Digest as _, Sha256};

use super::answer::{cut_line, hex};
use crate::model::case::{Evidence, EvidenceTarget, Standing};
use crate::model::{Catalog, SeriesMeta, SourceId, SourceReport};
use crate::source::{Job, Source, SourceError};

/// Lines looked through at once.
const PAGE_LINES: u64 = 20_000;

/// Where a piece of evidence stands. A few lines to read if it is in its place; else every line of the sources.
pub fn standing(source: &dyn Source, evidence: &Evidence, job: &Job) -> Result<Standing, SourceError> {
    let catalog = source.catalog(job)?;
    let home = catalog.source_of(&evidence.source).map(|report| report.id);
    let path = |id: SourceId| catalog.source(id).map_or_else(String::new, |report| report.path.clone());
    // The one in its own source, else the first elsewhere.
    let placed = |found: Vec<SourceId>, what: &str| match found.iter().find(|id| Some(**id) == home).or(found.first()) {
        Some(id) if Some(*id) == home => Standing::Holds,
        Some(id) => Standing::Moved { source: path(*id), line: None },
        None => Standing::Lost { why: gone(home, evidence, what) },
    };
    Ok(match &evidence.target {
        EvidenceTarget::Lines { .. } => lines(source, &catalog, evidence, job)?,
        EvidenceTarget::Series { .. } => series(source, &catalog, (evidence, home), job)?,
        EvidenceTarget::Change { line, at, text } => {
            let same: Vec<_> = catalog.changes.iter().filter(|change| change.time == *at && change.text == *text).collect();
            match same.iter().find(|change| Some(change.source) == home && change.line == *line).or(same.first()) {
                Some(change) if Some(change.source) == home && change.line == *line => Standing::Holds,
                Some(change) => Standing::Moved { source: path(change.source), line: Some(change.line) },
                None => Standing::Lost { why: gone(home, evidence, "no change at that time with those words") },
            }
        }
        EvidenceTarget::Alert { name, labels, at, .. } => {
            let is_it = |alert: &&crate::model::Alert| {
                alert.name == *name && alert.labels == *labels && (alert.active_at == *at || alert.firing_at == Some(*at))
            };
            placed(catalog.alerts.iter().filter(is_it).map(|alert| alert.source).collect(), "no alert with those labels began then")
        }
        EvidenceTarget::Profile { profile, at, total, .. } => {
            let is_it = |mark: &&crate::model::ProfileMark| mark.kind == *profile && mark.time == *at && same(mark.total, *total);
            placed(catalog.profiles.iter().filter(is_it).map(|mark| mark.source).collect(), "no profile of that time with that total")
        }
        EvidenceTarget::Diff { .. } | EvidenceTarget::Link { .. } => Standing::Outside,
    })
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) || (a - b).abs() <= b.abs() * 1e-12
}

fn gone(home: Option<SourceId>, evidence: &Evidence, what: &str) -> String {
    if home.is_none() { format!("{} is not loaded, and {what}", evidence.source) } else { what.to_owned() }
}

/// A series of the same name and labels that has the frozen value at its moment.
fn series(
    source: &dyn Source,
    catalog: &Catalog,
    (evidence, home): (&Evidence, Option<SourceId>),
    job: &Job,
) -> Result<Standing, SourceError> {
    let EvidenceTarget::Series { name, labels, at, value, .. } = &evidence.target else { return Ok(Standing::Outside) };
    let full_name = SeriesMeta { name: name.clone(), labels: labels.clone(), ..SeriesMeta::default() }.full_name();
    let mut found: Vec<&SeriesMeta> = catalog.series.iter().filter(|meta| meta.is_called(&full_name)).collect();
    found.sort_by_key(|meta| (Some(meta.source) != home, meta.id));
    let ids: Vec<_> = found.iter().map(|meta| meta.id).collect();
    let values = source.values_at(&ids, *at, job)?.value;
    let mut others = Vec::new();
    for (meta, now) in found.iter().zip(values) {
        let now = now.map(|now| now.value).filter(|value| value.is_finite());
        let is_same = match (now, value) {
            (Some(now), Some(then)) => same(now, *then),
            (now, then) => now.is_none() && then.is_none(),
        };
        let path = catalog.source(meta.source).map_or_else(String::new, |report| report.path.clone());
        match (is_same, Some(meta.source) == home) {
            (true, true) => return Ok(Standing::Holds),
            (true, false) => return Ok(Standing::Moved { source: path, line: None }),
            (false, _) => others.push(format!("{} in {path}", now.map_or_else(|| "no sample".to_owned(), |now| now.to_string()))),
        }
    }
    let why = match others.first() {
        Some(other) => format!("the series has another value at that moment: {other}"),
        None => gone(home, evidence, "no series has that name and those labels"),
    };
    Ok(Standing::Lost { why })
}

/// Lines with the frozen hash: in their place, else anywhere in their source, else in any source.
fn lines(source: &dyn Source, catalog: &Catalog, evidence: &Evidence, job: &Job) -> Result<Standing, SourceError> {
    let EvidenceTarget::Lines { first, last, sha256, excerpt, .. } = &evidence.target else { return Ok(Standing::Outside) };
    let wanted = Wanted { n_lines: last - first + 1, sha256, first_line: excerpt.lines().next().unwrap_or_default() };
    let home = catalog.source_of(&evidence.source);
    if let Some(report) = home
        && report.n_lines >= *last
        && wanted.is_at(source, report.id, *first, job)?
    {
        return Ok(Standing::Holds);
    }
    let others = catalog.sources.iter().filter(|report| home.is_none_or(|home| home.id != report.id));
    for report in home.into_iter().chain(others) {
        if let Some(line) = wanted.search(source, report, *first, job)? {
            return Ok(Standing::Moved { source: report.path.clone(), line: Some(line) });
        }
    }
    Ok(Standing::Lost { why: gone(home.map(|report| report.id), evidence, "no lines with that hash are in any source") })
}

struct Wanted<'a> {
    n_lines: u64,
    sha256: &'a str,
    first_line: &'a str,
}

impl Wanted<'_> {
    /// Whether the lines stand from this line on. Other line ends, or none after the last line, make no difference.
    fn is_at(&self, source: &dyn Source, id: SourceId, first: u64, job: &Job) -> Result<bool, SourceError> {
        let Ok(lines) = source.lines(id, first, first + self.n_lines - 1, job) else {
            job.check()?;
            return Ok(false);
        };
        let hash = |bytes: &[u8]| hex(&Sha256::digest(bytes)) == self.sha256;
        if hash(&lines.bytes) {
            return Ok(true);
        }
        let plain = String::from_utf8_lossy(&lines.bytes).replace("\r\n", "\n");
        let bare = plain.trim_end_matches('\n');
        let ends = [format!("{bare}\n"), bare.to_owned(), format!("{bare}\n").replace('\n', "\r\n"), bare.replace('\n', "\r\n")];
        Ok(ends.iter().any(|text| hash(text.as_bytes())))
    }

    /// The place in a source that is nearest to the former one.
    fn search(&self, source: &dyn Source, report: &SourceReport, near: u64, job: &Job) -> Result<Option<u64>, SourceError> {
        let mut found: Option<u64> = None;
        let mut from = 1;
        while from <= report.n_lines {
            let to = report.n_lines.min(from + PAGE_LINES - 1);
            let Ok(page) = source.lines(report.id, from, to, job) else {
                job.check()?;
                return Ok(found);
            };
            let text = String::from_utf8_lossy(&page.bytes);
            for (line, words) in (from..).zip(text.lines()) {
                let is_nearer = found.is_none_or(|known| line.abs_diff(near) < known.abs_diff(near));
                if is_nearer && cut_line(words) == self.first_line && self.is_at(source, report.id, line, job)? {
                    found = Some(line);
                }
            }
            from = to + 1;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::runtime::answer::freeze_lines;
    use crate::source::files::{FileSource, OpenOptions, open};

    fn load(dir: &Path) -> FileSource {
        let source = open(OpenOptions { sources: vec![dir.to_owned()], jobs: 1, ..OpenOptions::default() }).unwrap();
        source.load(&Job::new(), &|| {}).unwrap();
        source
    }

    fn log(from: u32, n: u32, end: &str) -> String {
        (from..from + n)
            .map(|i| format!("{{\"ts\":\"2026-11-23T02:28:{i:02}Z\",\"level\":\"info\",\"msg\":\"request {i}\"}}{end}"))
            .collect()
    }

    #[test]
    fn lines_are_found_again_where_sources_were_rotated_renamed_packed_or_joined() {
        let first = tempfile::tempdir().unwrap();
        fs::write(first.path().join("a.log"), log(0, 9, "\n")).unwrap();
        let source = load(first.path());
        let id = source.catalog(&Job::new()).unwrap().sources[0].id;
        let evidence = freeze_lines(&source, id, (4, 5), &Job::new()).unwrap();
        assert_eq!(standing(&source, &evidence, &Job::new()).unwrap(), Standing::Holds);
        let gzip = |text: &str| {
            use std::io::Write as _;
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packed.write_all(text.as_bytes()).unwrap();
            packed.finish().unwrap()
        };
        let cases: [(&str, Vec<(&str, Vec<u8>)>, &str); 5] = [
            ("renamed", vec![("a.log", log(20, 5, "\n").into()), ("old.log", log(0, 9, "\n").into())], "old.log:4"),
            ("packed", vec![("a.log.1.gz", gzip(&log(0, 9, "\n")))], "a.log.1.gz:4"),
            ("joined", vec![("all.log", (log(30, 3, "\n") + &log(0, 9, "\n")).into())], "all.log:7"),
            ("cut", vec![("a.log", log(2, 7, "\n").into())], "a.log:2"),
            ("other line ends", vec![("b.log", log(0, 9, "\r\n").into())], "b.log:4"),
        ];
        for (name, files, place) in cases {
            let dir = tempfile::tempdir().unwrap();
            for (file, bytes) in files {
                fs::write(dir.path().join(file), bytes).unwrap();
            }
            let words = standing(&load(dir.path()), &evidence, &Job::new()).unwrap().words();
            assert!(words.starts_with("moved to ") && words.ends_with(place), "{name}: {words}");
        }
        // Rotated files are read as one source: the lines are where they were.
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.log"), log(20, 5, "\n")).unwrap();
        fs::write(dir.path().join("a.log.1"), log(0, 9, "\n")).unwrap();
        assert_eq!(standing(&load(dir.path()), &evidence, &Job::new()).unwrap(), Standing::Holds);
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.log"), log(0, 9, "\n").replace("request 4", "request x")).unwrap();
        assert!(matches!(standing(&load(dir.path()), &evidence, &Job::new()).unwrap(), Standing::Lost { .. }));
    }

    #[test]
    fn evidence_stands_when_it_moves_with_the_clock_of_its_source() {
        use crate::app::message::FreezeTarget;
        use crate::runtime::answer::freeze;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.log"), log(0, 9, "\n")).unwrap();
        let samples: String = (0..30).map(|i| format!("depth {i} {}\n", 1_795_400_880_000i64 + i * 1_000)).collect();
        fs::write(dir.path().join("depth.prom"), format!("# TYPE depth gauge\n{samples}")).unwrap();
        let source = load(dir.path());
        let job = Job::new();
        let catalog = source.catalog(&job).unwrap();
        let id = catalog.series.iter().find(|meta| meta.name == "depth").unwrap().id;
        let at = crate::model::Timestamp::from_secs(1_795_400_890);
        let range = crate::model::TimeRange::new(at.plus_ns(-5_000_000_000), at.plus_ns(5_000_000_000));
        let mut series = freeze(&source, &FreezeTarget::Series { id, range, at }, &job).unwrap();
        let lines = freeze_lines(&source, catalog.source_of("a.log").unwrap().id, (4, 5), &job).unwrap();
        let by = 90_000_000_000;
        source.set_clocks(&crate::model::offset::ClockOffsets::from([("depth.prom".into(), by), ("a.log".into(), by)]), &job).unwrap();
        assert_eq!(standing(&source, &lines, &job).unwrap(), Standing::Holds, "lines are known by their text");
        assert!(matches!(standing(&source, &series, &job).unwrap(), Standing::Lost { .. }), "the value is elsewhere now");
        series.move_with_source(by);
        assert_eq!(standing(&source, &series, &job).unwrap(), Standing::Holds);
    }
}
