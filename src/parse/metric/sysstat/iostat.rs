//! `iostat -t`: reports of processors and devices under the moment that each was made at.
//!
//! The first report after a start of the program is the average since boot, not a sample: it is counted and left out.
//! Its JSON (`-o JSON`) has the form of `sadf -j` but for its times, see `sadf`.

use crate::model::when::{self, WallZone};
use crate::model::{ProblemKind, TimeRange, Timestamp, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::metric::gather::{Gather, Identity, lines, name_of};
use crate::parse::metric::{Place, value_of};
use crate::parse::{Context, Document};

use super::sar::{banner, clock, day_of, is_banner, moment};

/// Whether lines are output of `iostat`, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let mut lines = head.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let banner = lines.next().filter(|line| is_banner(line))?;
    let has_table = lines.take(8).any(|line| is_cpu(line) || is_device(line));
    (has_table && banner.contains("CPU")).then(|| (0.97, "begins with the banner and a report of iostat".to_owned()))
}

fn is_cpu(line: &str) -> bool {
    line.starts_with("avg-cpu:")
}

fn is_device(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    words.next().is_some_and(|word| word.trim_end_matches(':') == "Device")
        && words.next().is_some_and(|word| word.contains('/') || word == "tps")
}

/// The moment of a report: `11/23/26 02:19:32`, `23.11.2026 02:19:32`, `2026-11-23T02:19:32Z`, with or without AM and PM.
pub(super) fn stamp(text: &str, zone: WallZone, hint: Option<Timestamp>) -> Option<(Timestamp, ZoneCertainty)> {
    let text = text.trim();
    if let Some(written) = when::written(text) {
        let certainty = if written.offset.is_some() { ZoneCertainty::Offset } else { ZoneCertainty::Default };
        return Some((written.at(zone), certainty));
    }
    let (date, rest) = text.split_once(char::is_whitespace)?;
    let (day, _) = day_of(date, hint)?;
    let (second, rest) = clock(rest.trim_start())?;
    rest.trim().is_empty().then(|| (moment(day * 86_400 + second, zone), ZoneCertainty::Default))
}

/// What the rows below a header are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Processors,
    Devices,
}

struct Reports<'a, 'c> {
    gather: Gather<'c>,
    host: &'a str,
    at: Option<Timestamp>,
    /// Since the banner.
    n_reports: u64,
    table: Option<(Table, Vec<&'a str>)>,
}

/// Reads the output of `iostat`; records are rows, those of the averages since boot among them.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let hint = context.neighbours.map(TimeRange::start).or(context.modified);
    let mut reports = Reports { gather, host: "", at: None, n_reports: 0, table: None };
    for (place, line) in lines(&text) {
        let zone = reports.gather.zone;
        if line.trim().is_empty() {
            reports.table = None;
        } else if let Some((host, _)) = banner(line).filter(|_| is_banner(line)) {
            (reports.host, reports.at, reports.n_reports) = (host, None, 0);
        } else if let Some((at, certainty)) = stamp(line, zone, hint) {
            reports.at = Some(at);
            reports.gather.certainty = Some(certainty);
            reports.begin(place);
        } else if is_cpu(line) || is_device(line) {
            let table = if is_cpu(line) { Table::Processors } else { Table::Devices };
            // Without -t nothing but the first table tells where a report begins.
            if reports.at.is_none() && (table == Table::Processors || reports.n_reports == 0) {
                reports.begin(place);
            }
            reports.table = Some((table, line.split_ascii_whitespace().skip(1).collect()));
        } else {
            reports.row(place, line);
        }
    }
    reports.gather.finish(bytes)
}

impl<'a> Reports<'a, '_> {
    fn begin(&mut self, place: Place) {
        self.n_reports += 1;
        if self.n_reports == 1 {
            let reason = "the first report is the average since boot and no sample; it is left out".to_owned();
            self.gather.problems.push(place.problem(ProblemKind::Limit, reason));
        }
    }

    fn row(&mut self, place: Place, line: &'a str) {
        let Some((table, columns)) = &self.table else {
            self.gather.refuse(place, "the line is neither a header nor a row");
            return;
        };
        self.gather.n_records += 1;
        let mut cells: Vec<&str> = line.split_ascii_whitespace().collect();
        let mut labels = vec![("host".to_owned(), self.host.to_owned())];
        if *table == Table::Devices && !cells.is_empty() {
            // The name stands last with -h, where values carry units and cannot be told apart from it.
            labels.push(("device".to_owned(), cells.remove(0).to_owned()));
        }
        if cells.len() != columns.len() {
            self.gather.refuse(place, format!("the row has {} cells, its header {}", cells.len(), columns.len()));
            return;
        }
        let Some(at) = self.at else {
            self.gather.unplaced(place, "the report has no time; iostat -t prints it");
            return;
        };
        if self.n_reports == 1 {
            return;
        }
        let what = if *table == Table::Processors { "iostat_cpu" } else { "iostat" };
        for (column, cell) in columns.iter().zip(cells) {
            match value_of(&cell.replace(',', ".")) {
                Ok(value) => self.gather.push(place, Identity::new(format!("{what}_{}", name_of(column)), labels.clone()), at, value),
                Err(reason) => self.gather.refuse(place, format!("{column}: {reason}")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(at: &str, user: &str, reads: &str) -> String {
        format!(
            "{at}\navg-cpu:  %user   %nice %system %iowait  %steal   %idle\n           {user}    0.00    0.50    0.00    0.00   98.27\n\n\
             Device            r/s     rkB/s   rrqm/s  %rrqm r_await rareq-sz  %util\nsda              {reads}      1.00   0.00 0.00 1.50  4.00  0.10\n\n"
        )
    }

    #[test]
    fn reports_are_read_in_every_way_their_times_are_written() {
        let all = [
            ["11/23/26 02:19:31", "11/23/26 02:19:32", "11/23/26 02:19:33"],
            ["11/23/2026 02:19:31 AM", "11/23/2026 02:19:32 AM", "11/23/2026 02:19:33 AM"],
            ["2026-11-23T02:19:31Z", "2026-11-23T02:19:32Z", "2026-11-23T02:19:33Z"],
            ["23.11.2026 02:19:31", "23.11.2026 02:19:32", "23.11.2026 02:19:33"],
        ];
        for times in all {
            let text = format!(
                "Linux 6.1.0 (web-1) \t11/23/26 \t_x86_64_\t(2 CPU)\n\n{}{}{}",
                report(times[0], "9.00", "9.0"),
                report(times[1], "1,25", "2.0"),
                report(times[2], "1.50", "3.0")
            );
            assert!(recognise(&text).is_some() && super::super::recognise_sar(&text).is_none());
            let document = parse(text.as_bytes(), &Context::default());
            let find = |name: &str| document.series.iter().find(|one| one.name == name).expect("a series");
            let reads = find("iostat_r_per_s");
            assert_eq!((reads.labels.get("device"), reads.labels.get("host")), (Some("sda"), Some("web-1")));
            let told: Vec<String> = reads.samples.iter().map(|sample| format!("{} {}", when::shown(sample.time), sample.value)).collect();
            assert_eq!(told, ["2026-11-23T02:19:32Z 2", "2026-11-23T02:19:33Z 3"], "{times:?}");
            assert_eq!(find("iostat_cpu_percent_user").samples[0].value.to_string(), "1.25");
            assert_eq!((document.n_records, document.problems.total()), (6, 1), "{:?}", document.problems);
        }
    }

    #[test]
    fn reports_without_a_time_are_kept_apart() {
        let text = format!("Linux 6.1.0 (web-1) \t11/23/26 \t_x86_64_\t(2 CPU)\n\n{}", report("", "1.0", "2.0").trim_start());
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!((document.n_records, document.n_unplaced, document.series.len()), (2, 2, 0));
    }
}
