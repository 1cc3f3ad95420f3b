//! Recordings of `nmon -f`: comma lines of a section, a snapshot and numbers; `ZZZZ` lines tell when each snapshot was.
//!
//! A section names its columns once, in a line that has a title where the others have their snapshot. What a system cannot
//! measure is written as -1 and is a gap. Processes are taken together by their command.

use std::collections::{BTreeMap, HashMap};

use crate::model::when;
use crate::model::{ProblemKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity, lines, name_of};
use super::{Place, value_of};

/// Name of the format.
pub(crate) const FORMAT: &str = "nmon";
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// Sections with a column for each disk, file system or adapter.
const BY_ITEM: [&str; 6] = ["DISK", "JFS", "IOADAPT", "SEA", "FC", "VG"];

/// Whether lines are of nmon, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let all = || head.lines().filter(|line| !line.trim().is_empty());
    let is_first = all().next()?.starts_with("AAA,");
    let has = |start: &str| all().any(|line| line.starts_with(start));
    (is_first && (has("AAA,date,") || has("ZZZZ,"))).then(|| (0.98, "begins with the header lines of nmon".to_owned()))
}

/// `T0001` of a line of numbers.
fn is_snapshot(cell: &str) -> bool {
    cell.len() >= 5 && cell.starts_with('T') && cell[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// `03:20:11` and `22-NOV-2026`.
fn moment(clock: &str, date: &str) -> Option<when::Written> {
    let mut parts = date.trim().split('-');
    let (day, month, year) = (parts.next()?, parts.next()?.to_ascii_uppercase(), parts.next()?);
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    when::written(&format!("{year}-{month:02}-{day:0>2} {}", clock.trim().replace('.', ":")))
}

/// Reads a recording; records are lines of numbers.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let times = times(&text, &mut gather);
    let mut recording = Recording { times, ..Recording::default() };
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        match cells[..] {
            ["AAA", "host", host, ..] => host.clone_into(&mut recording.host),
            ["AAA" | "ZZZZ", ..] => {}
            [section, ..] if section.starts_with("BBB") => {}
            ["TOP", pid, snapshot, ref values @ ..] if is_snapshot(snapshot) && pid.parse::<u64>().is_ok() => {
                gather.n_records += 1;
                recording.process(&mut gather, (place, snapshot), values);
            }
            // Arguments of processes: words beside a snapshot.
            ["UARG", ..] => recording.leave_out("UARG", place),
            [section, snapshot, ref values @ ..] if is_snapshot(snapshot) => {
                gather.n_records += 1;
                recording.row(&mut gather, place, (section, snapshot, values));
            }
            [section, _title, ref columns @ ..] if !columns.is_empty() => {
                let columns = if section == "TOP" { &cells[3..] } else { columns };
                recording.columns.insert(section.to_owned(), columns.iter().map(|column| (*column).to_owned()).collect());
            }
            // The title of the processes, and what has no columns.
            ["TOP", _] => {}
            _ => gather.refuse(place, "the line is no section of nmon with a title or a snapshot"),
        }
    }
    recording.finish(&mut gather);
    gather.finish(bytes)
}

/// When each snapshot was.
fn times(text: &str, gather: &mut Gather<'_>) -> HashMap<String, Timestamp> {
    let mut times = HashMap::new();
    for (place, line) in lines(text).filter(|(_, line)| line.starts_with("ZZZZ,")) {
        let cells: Vec<&str> = line.split(',').collect();
        match cells[..] {
            [_, snapshot, clock, date, ..] if let Some(written) = moment(clock, date) => {
                gather.certainty = Some(ZoneCertainty::Default);
                times.insert(snapshot.trim().to_owned(), written.at(gather.zone));
            }
            _ => gather.problems.push(place.problem(ProblemKind::Time, "a snapshot whose time cannot be read".to_owned())),
        }
    }
    times
}

#[derive(Default)]
struct Recording {
    host: String,
    times: HashMap<String, Timestamp>,
    columns: BTreeMap<String, Vec<String>>,
    /// Share of processors by time and command.
    processes: BTreeMap<(Timestamp, String), (Place, f64)>,
    /// Sections that are not read: their first line, and how many.
    left_out: BTreeMap<String, (Place, u64)>,
}

impl Recording {
    fn leave_out(&mut self, section: &str, place: Place) {
        self.left_out.entry(section.to_owned()).or_insert((place, 0)).1 += 1;
    }

    fn time(&self, gather: &mut Gather<'_>, (place, snapshot): (Place, &str)) -> Option<Timestamp> {
        let time = self.times.get(snapshot).copied();
        if time.is_none() {
            gather.unplaced(place, format!("no ZZZZ line tells when snapshot {snapshot} was"));
        }
        time
    }

    fn row(&mut self, gather: &mut Gather<'_>, place: Place, (section, snapshot, values): (&str, &str, &[&str])) {
        let Some(columns) = self.columns.get(section) else {
            gather.refuse(place, format!("no line before names the columns of section {section}"));
            return;
        };
        let Some(time) = self.time(gather, (place, snapshot)) else { return };
        for (column, value) in columns.iter().zip(values).filter(|(column, value)| !column.is_empty() && !value.is_empty()) {
            match value_of(value) {
                // Not measured.
                Ok(-1.0) => {}
                Ok(value) => {
                    let (identity, scale) = identity(&self.host, section, column);
                    gather.push(place, identity, time, value * scale);
                }
                Err(reason) => gather.refuse(place, format!("{section}: {reason}")),
            }
        }
    }

    fn process(&mut self, gather: &mut Gather<'_>, (place, snapshot): (Place, &str), values: &[&str]) {
        let columns = self.columns.get("TOP").map(Vec::as_slice).unwrap_or_default();
        let of = |name: &str| columns.iter().position(|column| column == name).and_then(|at| values.get(at));
        let (Some(cpu), Some(command)) = (of("%CPU").and_then(|cpu| value_of(cpu).ok()), of("Command")) else {
            gather.refuse(place, "a process without a share of processors or a command");
            return;
        };
        let command = (*command).to_owned();
        if let Some(time) = self.time(gather, (place, snapshot)) {
            self.processes.entry((time, command)).or_insert((place, 0.0)).1 += cpu / 100.0;
        }
    }

    fn finish(self, gather: &mut Gather<'_>) {
        for ((time, command), (place, cpu)) in self.processes {
            let labels = [("command", command), ("host", self.host.clone())].map(|(name, value)| (name.to_owned(), value)).to_vec();
            gather.push(place, Identity { unit: Unit::Ratio, ..Identity::new("process_cpu_ratio", labels) }, time, cpu);
        }
        for (section, (place, n)) in self.left_out {
            gather.problems.push(place.problem(ProblemKind::Limit, format!("{n} lines of section {section} are words and not read")));
        }
    }
}

/// What a column of a section is, and what its numbers are multiplied with.
fn identity(host: &str, section: &str, column: &str) -> (Identity, f64) {
    let lower = section.to_ascii_lowercase();
    let mut labels = Vec::new();
    let name = if let Some(cpu) = section.strip_prefix("CPU").filter(|cpu| *cpu == "_ALL" || cpu.parse::<u32>().is_ok()) {
        let cpu = cpu.trim_start_matches('0');
        labels.push(("cpu", if cpu == "_ALL" { "all" } else { cpu }));
        format!("nmon_cpu {column}")
    } else if let Some((item, what)) = section.starts_with("NET").then(|| column.split_once('-')).flatten() {
        labels.push(("interface", item));
        format!("nmon_{lower} {what}")
    } else if BY_ITEM.iter().any(|start| section.starts_with(start)) {
        labels.push(("item", column));
        format!("nmon_{lower}")
    } else {
        format!("nmon_{lower} {column}")
    };
    if !host.is_empty() {
        labels.push(("host", host));
    }
    let (bare, scale, unit) = match name.split_once(' ').and_then(|(section, what)| Some((section, what.strip_suffix('%')?))) {
        Some((section, what)) => (format!("{section}_{what}_ratio"), 0.01, Unit::Ratio),
        None => (name.replace(' ', "_"), 1.0, Unit::None),
    };
    let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (Identity { unit, ..Identity::new(name_of(&bare), labels) }, scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::metric::told;

    #[test]
    fn sections_are_series_at_the_times_of_their_snapshots() {
        let text = "AAA,progname,nmon\nAAA,host,web1\nAAA,date,22-NOV-2026\nBBBP,000,/etc/release\n\
            CPU_ALL,CPU Total web1,User%,Idle%,Busy,CPUs\nMEM,Memory MB web1,memtotal,bigfree\nNET,Network web1,eth0-read-KB/s,eth0-write-KB/s\n\
            DISKBUSY,Disk %Busy web1,sda,sdb\nTOP,%CPU Utilisation\nTOP,+PID,Time,%CPU,%Usr,Command\n\
            ZZZZ,T0001,03:20:10,22-NOV-2026\nCPU_ALL,T0001,1.5,98.5,,4\nMEM,T0001,15896.4,-1.0\nNET,T0001,5,0.5\nDISKBUSY,T0001,3,x\n\
            TOP,42,T0001,50.0,40.0,java\nTOP,43,T0001,25.0,20.0,java\nUARG,T0001,42,java -jar\nCPU_ALL,T0002,1,2,,4\n";
        assert!(recognise(text).is_some());
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!(
            told(&document),
            [
                "nmon_cpu_user_ratio{cpu=all,host=web1} ratio 0.015@03:20:10",
                "nmon_cpu_idle_ratio{cpu=all,host=web1} ratio 0.985@03:20:10",
                "nmon_cpu_cpus{cpu=all,host=web1} 1 4@03:20:10",
                "nmon_mem_memtotal{host=web1} 1 15896.4@03:20:10",
                "nmon_net_read_kb_per_s{host=web1,interface=eth0} 1 5@03:20:10",
                "nmon_net_write_kb_per_s{host=web1,interface=eth0} 1 0.5@03:20:10",
                "nmon_diskbusy{host=web1,item=sda} 1 3@03:20:10",
                "process_cpu_ratio{command=java,host=web1} ratio 0.75@03:20:10",
            ]
        );
        let reasons: Vec<&str> = document.problems.kept().iter().map(|problem| problem.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "DISKBUSY: \"x\" is not a number",
                "no ZZZZ line tells when snapshot T0002 was",
                "1 lines of section UARG are words and not read"
            ]
        );
        assert_eq!((document.n_records, document.n_unplaced), (7, 1));
    }
}
