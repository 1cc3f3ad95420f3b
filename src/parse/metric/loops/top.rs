//! `top -b` and `uptime`: load, tasks, processors, memory, and the processes together by their command.
//!
//! Processes come and go, commands stay: a series a command bounds their number, and nothing that was printed is left out.

use std::collections::BTreeMap;

use super::{Program, Reading, When};
use crate::model::Unit;
use crate::model::time::NS_PER_S;

/// What a process line says, by command.
#[derive(Default)]
struct Command {
    n: f64,
    cpu: f64,
    resident: Option<f64>,
}

struct Top {
    clock: i64,
    /// Columns below the header of the processes.
    columns: Vec<String>,
    commands: BTreeMap<String, Command>,
}

/// `top - 03:20:00 up 12 days, …, load average: 0.50, 0.40, 0.25`, or the same without `top -`.
pub(super) fn begun(line: &str) -> Option<(Box<dyn Program>, Vec<Reading>)> {
    let line = line.trim();
    let line = line.strip_prefix("top - ").unwrap_or(line);
    let (clock, rest) = line.split_once(" up ")?;
    let clock = clock_ns(clock.trim())?;
    let (_, loads) = rest.rsplit_once("load average: ").or_else(|| rest.rsplit_once("load averages: "))?;
    // A comma may stand for the point: then blanks divide the numbers.
    let numbers = loads.split_whitespace().map(|word| word.trim_end_matches(',').replace(',', ".").parse::<f64>());
    let loads: Vec<f64> = numbers.collect::<Result<_, _>>().ok().filter(|loads: &Vec<f64>| loads.len() == 3)?;
    let readings = ["1m", "5m", "15m"].iter().zip(loads).map(|(over, load)| Reading::new("load_average", &[("over", over)], load));
    let readings = readings.collect();
    Some((Box::new(Top { clock, columns: Vec::new(), commands: BTreeMap::new() }), readings))
}

/// `03:20:00`, `03:20`.
fn clock_ns(text: &str) -> Option<i64> {
    let parts: Vec<i64> = text.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let is_clock = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
    is_clock.then_some(((hours * 60 + minutes) * 60 + seconds) * NS_PER_S)
}

impl Program for Top {
    fn name(&self) -> &'static str {
        "top"
    }

    fn line(&mut self, line: &str) -> Option<Vec<Reading>> {
        let line = line.trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.contains(&"PID") && words.contains(&"%CPU") {
            self.columns = words.iter().map(|word| (*word).to_owned()).collect();
            return Some(Vec::new());
        }
        if let Some(rest) = ["Tasks:", "Threads:", "Processes:"].iter().find_map(|start| line.strip_prefix(start)) {
            return pairs(rest).map(|pairs| pairs.iter().map(|(n, state)| Reading::new("tasks", &[("state", state)], *n)).collect());
        }
        if let Some((of, rest)) = cpu(line) {
            let cpu = if of.is_empty() { "all" } else { of };
            let reading =
                |(n, mode): &(f64, &str)| Reading::new("cpu_ratio", &[("cpu", cpu), ("mode", mode)], n / 100.0).in_unit(Unit::Ratio);
            return pairs(rest).map(|pairs| pairs.iter().map(reading).collect());
        }
        if let Some((scale, of, rest)) = memory(line) {
            let name = format!("{of}_bytes");
            let reading = |(n, what): &(f64, &str)| {
                // `avail Mem` stands in the line of the swap and tells of the memory.
                let (name, what) = if *what == "avail Mem" { ("memory_bytes", "available") } else { (name.as_str(), *what) };
                Reading::new(name, &[("state", what)], n * scale).in_unit(Unit::Bytes)
            };
            return pairs(rest).map(|pairs| pairs.iter().map(reading).collect());
        }
        self.process(&words)
    }

    fn end(&mut self) -> Vec<Reading> {
        let mut readings = Vec::new();
        for (command, of) in std::mem::take(&mut self.commands) {
            let labels = [("command", command.as_str())];
            readings.push(Reading::new("process_count", &labels, of.n));
            readings.push(Reading::new("process_cpu_ratio", &labels, of.cpu).in_unit(Unit::Ratio));
            readings.extend(of.resident.map(|bytes| Reading::new("process_resident_bytes", &labels, bytes).in_unit(Unit::Bytes)));
        }
        readings
    }

    fn when(&self) -> When {
        When::Clock(self.clock)
    }
}

impl Top {
    fn process(&mut self, words: &[&str]) -> Option<Vec<Reading>> {
        let n = self.columns.len();
        let column = |name: &str| self.columns.iter().position(|column| column == name);
        let (cpu, command) = (column("%CPU")?, column("COMMAND")?);
        // The command is the last column and may hold blanks.
        let is_row = words.len() >= n && command + 1 == n && words[0].parse::<u64>().is_ok();
        let cpu: f64 = words.get(cpu).filter(|_| is_row)?.replace(',', ".").parse().ok()?;
        let resident = column("RES").and_then(|at| words.get(at)).and_then(|text| kibibytes(text));
        let of = self.commands.entry(words[command].to_owned()).or_default();
        of.n += 1.0;
        of.cpu += cpu / 100.0;
        of.resident = match (of.resident, resident) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        Some(Vec::new())
    }
}

/// `21004`, `512m`, `1.2g`: kibibytes unless a letter says otherwise, in bytes.
fn kibibytes(text: &str) -> Option<f64> {
    let scales = [('k', 1024.0), ('m', 1_048_576.0), ('g', 1_073_741_824.0), ('t', 1_099_511_627_776.0)];
    let last = text.chars().last()?.to_ascii_lowercase();
    let (number, scale) = match scales.iter().find(|(letter, _)| *letter == last) {
        Some((_, scale)) => (&text[..text.len() - 1], *scale),
        None => (text, 1024.0),
    };
    Some(number.replace(',', ".").parse::<f64>().ok()? * scale)
}

/// `%Cpu(s):`, `Cpu(s):`, `%Cpu0  :` → the processor, and what follows.
fn cpu(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix('%').unwrap_or(line).strip_prefix("Cpu")?;
    let (of, rest) = rest.split_once(':')?;
    let of = of.trim();
    (of == "(s)" || of.parse::<u32>().is_ok()).then_some((if of == "(s)" { "" } else { of }, rest))
}

/// `MiB Mem :`, `KiB Swap:`, `Mem:` → bytes of its unit, `memory` or `swap`, and what follows.
fn memory(line: &str) -> Option<(f64, &'static str, &str)> {
    let scale = match line.get(..4)? {
        "KiB " | "Mem:" | "Swap" => 1024.0,
        "MiB " => 1_048_576.0,
        "GiB " => 1_073_741_824.0,
        _ => return None,
    };
    let line = line.get(4..).filter(|_| line[1..].starts_with("iB ")).unwrap_or(line);
    let (of, rest) = line.split_once(':')?;
    let of = match of.trim() {
        "Mem" => "memory",
        "Swap" => "swap",
        _ => return None,
    };
    Some((scale, of, rest))
}

/// `213 total,   2 running` and `1.2%us,  0.5%sy`, with the letter that old versions write behind kibibytes; a point or a
/// comma may divide.
fn pairs(text: &str) -> Option<Vec<(f64, &str)>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '+' | '-'))).unwrap_or(rest.len());
        let number: f64 = rest[..end].trim_end_matches(['+', ',']).replace(',', ".").parse().ok()?;
        rest = rest[end..].trim_start_matches(['%', 'k', ' ']);
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        found.push((number, rest[..word].trim_matches([' ', ',', '.'])));
        rest = &rest[word..];
    }
    (!found.is_empty()).then_some(found)
}
