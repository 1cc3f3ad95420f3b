//! The text of `coroner inspect`: one line a source that fits the terminal, then everything that went wrong.
//!
//! What all rows share is said once above them (the date), what is as it should be is not said at all (a sure format,
//! times with their offset). Problems of one sort and reason are one line with their number and places.

use std::io::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::model::offset;
use crate::model::skew::ClockCheck;
use crate::model::text::{grouped, printable, rfc3339};
use crate::model::{Catalog, Problem, SourceReport, Timestamp, ZoneCertainty};

use super::super::output;
use super::InspectOptions;

/// Shown with a row's format when it is not nearly certain.
const SURE: f32 = 0.85;
/// Below this width a row keeps its notes for the next line and its times to whole seconds.
const NARROW: usize = 110;
/// Formats are cut to so many columns then.
const NARROW_FORMAT: usize = 18;
/// A path is never cut below this.
const MIN_PATH: usize = 20;
/// Digits of a second that people compare.
const MILLIS: usize = "00:00:00.000".len();

/// Writes the whole answer.
pub(super) fn write(catalog: &Catalog, clocks: &ClockCheck, options: &InspectOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    let dates = Dates::of(catalog);
    write_summary(catalog, dates, options.width, out)?;
    let layout = Layout { dates, width: options.width };
    layout.write_rows(catalog, options, out)?;
    write_unplaced(catalog, out)?;
    write_all_problems(catalog, out)?;
    write_remarks(catalog, out)?;
    let name = |id| catalog.source(id).map_or_else(String::new, |report| report.path.clone());
    for (at, words) in clocks.sentences(name).into_iter().enumerate() {
        let way_out = "coroner trace tells more, --clock moves it";
        writeln!(out, "{}  {words}; times are as it states them ({way_out})", if at == 0 { "\nclocks:\n" } else { "" })?;
    }
    Ok(())
}

fn plural(n: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" })
}

fn write_summary(catalog: &Catalog, dates: Dates, width: Option<usize>, out: &mut dyn Write) -> anyhow::Result<()> {
    write!(out, "{}", plural(catalog.sources.len() as u64, "source"))?;
    if let Some(extent) = catalog.extent {
        let (first, last) = (rfc3339(extent.start()), rfc3339(extent.end().plus_ns(-1)));
        let last = if dates == Dates::Shared { &last["2026-11-23T".len()..] } else { &*last };
        write!(out, "  {} to {}", first.replacen('T', " ", 1), last.replacen('T', " ", 1))?;
    }
    let gap = if width.is_some_and(|width| width < NARROW) { "\n" } else { "  " };
    let n_measured = catalog.series.iter().filter(|meta| !meta.is_derived).count();
    writeln!(out, "{gap}{}  {} series", plural(catalog.n_events, "event"), grouped(n_measured as u64))?;
    Ok(())
}

/// How much of a date the rows must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dates {
    /// All on one day, which stands above.
    Shared,
    /// Month and day.
    OneYear,
    /// All of it.
    Years,
}

impl Dates {
    fn of(catalog: &Catalog) -> Self {
        let Some(extent) = catalog.extent else { return Self::Shared };
        let (first, last) = (rfc3339(extent.start()), rfc3339(extent.end().plus_ns(-1)));
        match () {
            () if first[..10] == last[..10] => Self::Shared,
            () if first[..4] == last[..4] => Self::OneYear,
            () => Self::Years,
        }
    }

    /// `02:28:09.331`, `11-23 02:28:09.331` or all of it, in UTC, cut to `n_digits` of its time of day.
    fn time(self, at: Timestamp, n_digits: usize) -> String {
        let text = rfc3339(at);
        let (date, clock) = text.trim_end_matches('Z').split_once('T').unwrap_or((&text, ""));
        let clock = clock.get(..n_digits).unwrap_or(clock).trim_end_matches('.');
        match self {
            Self::Shared => clock.to_owned(),
            Self::OneYear => format!("{} {clock}", date.get(5..).unwrap_or(date)),
            Self::Years => format!("{date} {clock}"),
        }
    }
}

/// Where the notes of a row stand, when not in their column.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Notes {
    None,
    Inside(String),
    Below(String),
}

struct Layout {
    dates: Dates,
    width: Option<usize>,
}

impl Layout {
    fn is_narrow(&self) -> bool {
        self.width.is_some_and(|width| width < NARROW)
    }

    fn write_rows(&self, catalog: &Catalog, options: &InspectOptions, out: &mut dyn Write) -> anyhow::Result<()> {
        // Narrow screens have no room for what is zero in most rows.
        let has_series = !self.is_narrow() && catalog.sources.iter().any(|report| report.n_series.is_some());
        let mut header = vec!["source", "format", "records"];
        header.extend(has_series.then_some("series"));
        let n_before_times = header.len();
        header.extend(["first", "last", "notes"]);
        let mut rows = vec![header.into_iter().map(str::to_owned).collect::<Vec<String>>()];
        rows.extend(catalog.sources.iter().map(|report| self.row(report, has_series)));
        self.cut_paths(&mut rows);
        let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
        let times_start: usize = (0..n_before_times).map(|column| width(column) + 2).sum();
        let mut notes = vec![Notes::None; rows.len()];
        for (index, row) in rows.iter_mut().enumerate() {
            // What has no time has room for words there; other notes stand in the row if it is wide, else below it.
            let report = index.checked_sub(1).and_then(|index| catalog.sources.get(index));
            if report.is_some_and(|report| report.extent.is_none()) {
                notes[index] = Notes::Inside(row.pop().unwrap_or_default());
                row.truncate(n_before_times);
            } else if self.is_narrow() {
                notes[index] = Notes::Below(row.pop().filter(|_| index > 0).unwrap_or_default());
            }
        }
        let mut lines = Vec::new();
        output::write_table(&mut lines, &rows, &(2..n_before_times).collect::<Vec<_>>())?;
        for ((index, line), notes) in String::from_utf8_lossy(&lines).lines().enumerate().zip(&notes) {
            match notes {
                Notes::Inside(words) => {
                    let blanks = " ".repeat(times_start.saturating_sub(line.width()));
                    writeln!(out, "{}", fitted(format!("{line}{blanks}{words}").trim_end(), self.width))?;
                }
                _ => writeln!(out, "{}", fitted(line, self.width))?,
            }
            if let Notes::Below(words) = notes
                && !words.is_empty()
            {
                writeln!(out, "  {}", fitted(words, self.width.map(|width| width.saturating_sub(2))))?;
            }
            if let (super::Detail::Full, Some(index)) = (options.detail, index.checked_sub(1)) {
                write_detail(&catalog.sources[index], out)?;
            }
        }
        Ok(())
    }

    fn row(&self, report: &SourceReport, has_series: bool) -> Vec<String> {
        let format = if report.format.is_empty() { report.kind.name() } else { &report.format };
        let doubt = Some(report.confidence).filter(|score| *score < SURE && *score > 0.0);
        let doubt = doubt.map_or_else(String::new, |score| format!(" {:.0} %", score * 100.0));
        let n_digits = if self.is_narrow() { "00:00:00".len() } else { MILLIS };
        let (first, last) = report.extent.unzip();
        // A moment has no last.
        let times =
            [first, last.filter(|last| Some(*last) != first)].map(|at| at.map_or_else(String::new, |at| self.dates.time(at, n_digits)));
        let format = fitted(&format!("{}{doubt}", printable(format)), self.is_narrow().then_some(NARROW_FORMAT));
        let mut row = vec![printable(&report.path).into_owned(), format, grouped(report.n_records)];
        row.extend(has_series.then(|| report.n_series.map_or_else(String::new, grouped)));
        row.extend(times);
        row.push(notes(report));
        row
    }

    /// Cuts paths in their middle so that the longest row fits, its notes left out.
    fn cut_paths(&self, rows: &mut [Vec<String>]) {
        let Some(width) = self.width else { return };
        let n_columns = rows.first().map_or(0, Vec::len);
        let column = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
        let others: usize = (1..n_columns.saturating_sub(1)).map(|index| column(index) + 2).sum();
        // Room for the commonest notes in a wide table.
        let notes = if self.is_narrow() { 0 } else { column(n_columns.saturating_sub(1)).min(14) + 2 };
        let room = width.saturating_sub(others + notes).max(MIN_PATH);
        for row in rows {
            if row[0].width() > room {
                row[0] = middle_cut(&row[0], room);
            }
        }
    }
}

/// What is worth a word about a source besides its numbers.
fn notes(report: &SourceReport) -> String {
    let mut notes = Vec::new();
    let n_problems = report.problems.total();
    notes.extend((n_problems > 0).then(|| plural(n_problems, "problem")));
    notes.extend(zone_badge(report));
    notes.extend((report.clock_ns != 0).then(|| format!("clock {}", offset::text(report.clock_ns))));
    notes.extend((report.n_unplaced > 0).then(|| format!("{} unplaced", grouped(report.n_unplaced))));
    notes.extend((report.n_continuation_lines > 0).then(|| plural(report.n_continuation_lines, "folded line")));
    notes.extend((!report.is_complete).then(|| "still loading".to_owned()));
    if report.n_records == 0 && n_problems == 0 && !report.why.is_empty() {
        notes.push(printable(&report.why).into_owned());
    }
    notes.join(", ")
}

/// How the times of a source were read, unless each carries its offset: `UTC?` where nobody said so.
fn zone_badge(report: &SourceReport) -> Option<String> {
    let name = printable(&report.zone.name);
    Some(match report.zone.certainty {
        ZoneCertainty::Offset | ZoneCertainty::None => return None,
        ZoneCertainty::File => name.into_owned(),
        ZoneCertainty::Inferred => format!("{name}?, date inferred"),
        ZoneCertainty::Anchored => format!("{name}, anchored"),
        ZoneCertainty::Default => format!("{name}?"),
    })
}

fn write_detail(report: &SourceReport, out: &mut dyn Write) -> anyhow::Result<()> {
    let runner_up = report
        .runner_up
        .as_ref()
        .map_or_else(String::new, |(format, score)| format!("; next {} {:.0} %", printable(format), score * 100.0));
    writeln!(out, "    {} {:.0} %: {}{runner_up}", report.kind.name(), report.confidence * 100.0, printable(&report.why))?;
    let mut more = vec![format!("{} bytes", grouped(report.size_bytes))];
    more.extend((report.n_lines > 0).then(|| plural(report.n_lines, "line")));
    more.extend(report.levels.iter().rev().map(|(level, n)| format!("{} {}", grouped(*n), level.name())));
    if !report.services.is_empty() {
        let n_more = report.services.len().saturating_sub(8);
        let names: Vec<_> = report.services.iter().take(8).map(|name| printable(name)).collect();
        more.push(format!("of {}{}", names.join(" "), if n_more > 0 { format!(" and {n_more} more") } else { String::new() }));
    }
    writeln!(out, "    {}", more.join(", "))?;
    Ok(())
}

fn write_unplaced(catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    let unplaced: Vec<&SourceReport> = catalog.sources.iter().filter(|report| report.n_unplaced > 0).collect();
    if !unplaced.is_empty() {
        writeln!(out, "\nwithout a usable time, kept apart (of logs `events --unplaced` lists them):")?;
        for report in unplaced {
            writeln!(out, "  {}: {} of {}", printable(&report.path), grouped(report.n_unplaced), plural(report.n_records, "record"))?;
        }
    }
    Ok(())
}

fn write_all_problems(catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    if catalog.n_problems() > 0 {
        writeln!(out, "\n{}:", plural(catalog.n_problems(), "problem"))?;
        catalog.sources.iter().try_for_each(|report| write_problems(report, out))?;
    }
    Ok(())
}

fn write_remarks(catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut is_first = true;
    for report in catalog.sources.iter().filter(|report| !report.remarks.is_empty()) {
        if std::mem::take(&mut is_first) {
            writeln!(out, "\nnotes:")?;
        }
        for remark in &report.remarks {
            writeln!(out, "  {}: {}", printable(&report.path), printable(remark))?;
        }
    }
    Ok(())
}

/// One line for each sort and reason, in order of the first place.
fn write_problems(report: &SourceReport, out: &mut dyn Write) -> anyhow::Result<()> {
    let path = printable(&report.path);
    let mut groups: Vec<Vec<&Problem>> = Vec::new();
    for problem in report.problems.kept() {
        match groups.iter_mut().find(|group| group[0].kind == problem.kind && group[0].reason == problem.reason) {
            Some(group) => group.push(problem),
            None => groups.push(vec![problem]),
        }
    }
    for group in groups {
        let (first, last) = (group[0], group[group.len() - 1]);
        let place = if first.line == 0 { path.to_string() } else { format!("{path}:{}", first.line) };
        write!(out, "  {place}: {}: {}", first.kind.name(), printable(&first.reason))?;
        if group.len() > 1 {
            let until = if last.line > first.line { format!(", until line {}", last.line) } else { String::new() };
            write!(out, " ({} times{until})", grouped(group.len() as u64))?;
        }
        writeln!(out)?;
    }
    let n_left = report.problems.total() - report.problems.kept().len() as u64;
    if n_left > 0 {
        let kinds: Vec<String> = report.problems.counts().iter().map(|(kind, n)| format!("{} {}", grouped(*n), kind.name())).collect();
        writeln!(out, "  {path}: {} more, not listed one by one; in all {}", grouped(n_left), kinds.join(", "))?;
    }
    Ok(())
}

/// The beginning of a text that fits, with `…` where it goes on.
fn fitted(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if text.width() > width => format!("{}…", start_of(text, width.saturating_sub(1))),
        _ => text.to_owned(),
    }
}

fn start_of(text: &str, width: usize) -> String {
    let mut used = 0;
    text.graphemes(true)
        .take_while(|part| {
            used += part.width();
            used <= width
        })
        .collect()
}

/// Beginning and end of a text around `…`: the end of a path says more than its middle.
fn middle_cut(text: &str, width: usize) -> String {
    let room = width.saturating_sub(1);
    let front = start_of(text, room / 3);
    let mut used = front.width();
    let mut back: Vec<&str> = text
        .graphemes(true)
        .rev()
        .take_while(|part| {
            used += part.width();
            used <= room
        })
        .collect();
    back.reverse();
    format!("{front}…{}", back.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::inspect::Detail;
    use crate::model::catalog::{Problems, Zone};
    use crate::model::{ProblemKind, SourceKind, TimeRange};

    fn catalog() -> Catalog {
        let at = |text: &str| crate::model::when::parse(text, &crate::model::when::Reference::default()).unwrap();
        let (first, last) = (at("2026-11-23T02:28:09.331123Z"), at("2026-11-23T02:40:28Z"));
        let mut problems = Problems::default();
        for line in 3..40 {
            problems.push(Problem { line, byte: line, kind: ProblemKind::Duplicate, reason: "the same line as the record before".into() });
        }
        let log = SourceReport {
            path: "a/rather/long/folder/that/nobody/reads/user.log".into(),
            kind: SourceKind::Logs,
            format: "go-std".into(),
            confidence: 0.93,
            n_records: 67_953,
            extent: Some((first, last)),
            zone: Zone { name: "UTC".into(), certainty: ZoneCertainty::Default },
            problems,
            is_complete: true,
            ..SourceReport::default()
        };
        let page = SourceReport {
            path: "p99.json".into(),
            format: "html".into(),
            why: "an HTML page".into(),
            is_complete: true,
            ..SourceReport::default()
        };
        Catalog {
            sources: vec![log, page],
            extent: Some(TimeRange::new(first, last.plus_ns(1))),
            n_events: 67_953,
            is_complete: true,
            ..Catalog::default()
        }
    }

    fn text(width: usize) -> String {
        let mut out = Vec::new();
        write(
            &catalog(),
            &ClockCheck::default(),
            &InspectOptions { width: Some(width), detail: Detail::Short, ..InspectOptions::default() },
            &mut out,
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_wide_table_says_shared_things_once_and_problems_by_reason() {
        insta::assert_snapshot!(text(120), @r"
        2 sources  2026-11-23 02:28:09.331123Z to 02:40:28Z  67 953 events  0 series
        source                                           format  records  first         last      notes
        a/rather/long/folder/that/nobody/reads/user.log  go-std   67 953  02:28:09.331  02:40:28  37 problems, UTC?
        p99.json                                         html          0  an HTML page

        37 problems:
          a/rather/long/folder/that/nobody/reads/user.log:3: duplicate: the same line as the record before (37 times, until line 39)
        ");
    }

    #[test]
    fn a_narrow_table_keeps_its_notes_below() {
        let shown = text(60);
        assert!(shown.lines().take(6).all(|line| line.width() <= 60), "{shown}");
        insta::assert_snapshot!(shown.lines().take(6).collect::<Vec<_>>().join("\n"), @r"
        2 sources  2026-11-23 02:28:09.331123Z to 02:40:28Z
        67 953 events  0 series
        source                   format  records  first     last
        a/rathe…/reads/user.log  go-std   67 953  02:28:09  02:40:28
          37 problems, UTC?
        p99.json                 html          0  an HTML page
        ");
    }
}
