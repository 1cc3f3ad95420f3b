//! `free`, `df`, and `stats` of memcached.
//!
//! `free` does not tell its unit unless it was asked for one that people read (`-h`): then numbers stay numbers.

use super::{Program, Reading, When};
use crate::model::when;
use crate::model::{SeriesKind, Unit, ZoneCertainty};
use crate::parse::metric::gather::name_of;
use crate::parse::metric::value_of;

pub(super) fn begun(line: &str) -> Option<(Box<dyn Program>, Vec<Reading>)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.len() >= 4 && words[..3] == ["total", "used", "free"] {
        let columns = words.iter().map(|word| name_of(word)).collect();
        return Some((Box::new(Free { columns }), Vec::new()));
    }
    if words.first() == Some(&"Filesystem") && words.ends_with(&["Mounted", "on"]) && words.len() >= 6 {
        let columns: Vec<String> = words[..words.len() - 2].iter().map(|word| (*word).to_owned()).collect();
        return Some((Box::new(Disks { columns }), Vec::new()));
    }
    // It prints the process first.
    if words.len() == 3 && words[..2] == ["STAT", "pid"] && words[2].parse::<u64>().is_ok() {
        return Some((Box::new(Stats { when: When::Unknown }), Vec::new()));
    }
    None
}

/// A number, with the unit that a letter behind it tells.
fn sized(text: &str) -> Option<(f64, Unit)> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.replace(',', ".").parse().ok()?;
    let scale = match &text[digits.len()..] {
        "" => return Some((number, Unit::None)),
        "B" => 1.0,
        "K" | "Ki" => 1024.0,
        "M" | "Mi" => 1_048_576.0,
        "G" | "Gi" => 1_073_741_824.0,
        "T" | "Ti" => 1_099_511_627_776.0,
        "P" | "Pi" => 1_125_899_906_842_624.0,
        _ => return None,
    };
    Some((number * scale, Unit::Bytes))
}

struct Free {
    columns: Vec<String>,
}

impl Program for Free {
    fn name(&self) -> &'static str {
        "free"
    }

    fn line(&mut self, line: &str) -> Option<Vec<Reading>> {
        let (of, rest) = line.split_once(':')?;
        let of = match of.trim() {
            "Mem" => "memory".to_owned(),
            "-/+ buffers/cache" => "memory_without_cache".to_owned(),
            other if other.bytes().all(|byte| byte.is_ascii_alphabetic()) => other.to_ascii_lowercase(),
            _ => return None,
        };
        // That line begins with what is used.
        let skip = usize::from(of == "memory_without_cache");
        let columns = self.columns.iter().skip(skip);
        let read = |(column, text): (&String, &str)| {
            let (value, unit) = sized(text)?;
            Some(Reading::new(&of, &[("state", column)], value).in_unit(unit))
        };
        columns.zip(rest.split_whitespace()).map(read).collect()
    }
}

struct Disks {
    columns: Vec<String>,
}

impl Program for Disks {
    fn name(&self) -> &'static str {
        "df"
    }

    fn line(&mut self, line: &str) -> Option<Vec<Reading>> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let n = self.columns.len();
        let (device, mount) = (words.first()?, words.get(n..).filter(|mount| !mount.is_empty())?.join(" "));
        let labels = [("device", *device), ("mount", mount.as_str())];
        let blocks = self.columns.iter().find_map(|column| column.strip_suffix("-blocks"));
        // `1K-blocks`, `512-blocks`; with -h a letter stands behind each number.
        let block = blocks.and_then(sized).map(|(bytes, _)| bytes);
        let mut readings = Vec::new();
        for (column, text) in self.columns.iter().zip(&words).skip(1) {
            let name = match column.as_str() {
                "Type" => continue,
                "Use%" | "Capacity" | "%Used" => "disk_used_ratio".to_owned(),
                "IUse%" => "disk_inodes_used_ratio".to_owned(),
                "Size" | "Available" | "Avail" | "Used" => {
                    format!("disk_{}_bytes", column.to_ascii_lowercase().replace("available", "avail"))
                }
                "Inodes" | "IUsed" | "IFree" => format!("disk_{}", column.to_ascii_lowercase()),
                other if other.ends_with("-blocks") => "disk_size_bytes".to_owned(),
                _ => return None,
            };
            if *text == "-" {
                continue;
            }
            let reading = if let Some(percent) = text.strip_suffix('%') {
                Reading::new(&name, &labels, percent.parse::<f64>().ok()? / 100.0).in_unit(Unit::Ratio)
            } else {
                let (value, unit) = sized(text)?;
                let is_bytes = name.ends_with("_bytes");
                let scale = block.filter(|_| is_bytes && unit == Unit::None).unwrap_or(1.0);
                Reading::new(&name, &labels, value * scale).in_unit(if is_bytes { Unit::Bytes } else { Unit::None })
            };
            readings.push(reading);
        }
        (!readings.is_empty()).then_some(readings)
    }
}

/// Numbers that memcached counts up, by the ends and starts of their names.
const COUNTED: [&str; 13] = [
    "_hits",
    "_misses",
    "cmd_",
    "evictions",
    "total_",
    "bytes_read",
    "bytes_written",
    "reclaimed",
    "_yields",
    "rusage_",
    "expired_unfetched",
    "evicted_unfetched",
    "listen_disabled_num",
];

struct Stats {
    when: When,
}

impl Program for Stats {
    fn name(&self) -> &'static str {
        "memcached"
    }

    fn line(&mut self, line: &str) -> Option<Vec<Reading>> {
        if line.trim() == "END" {
            return Some(Vec::new());
        }
        let mut words = line.split_whitespace();
        let (stat, key, value) = (words.next()?, words.next()?, words.next().unwrap_or_default());
        if stat != "STAT" {
            return None;
        }
        if let (true, Some(at)) = (key == "time", when::epoch(value).filter(|at| at.0 > 0)) {
            self.when = When::At(at, ZoneCertainty::Offset);
        }
        let Ok(number) = value_of(value) else { return Some(Vec::new()) };
        let mut reading = Reading::new(&format!("memcached_{}", name_of(key)), &[], number);
        let is_counted = COUNTED.iter().any(|part| key.starts_with(part) || key.ends_with(part));
        reading.identity.kind = Some(if is_counted { SeriesKind::Counter } else { SeriesKind::Gauge });
        Some(vec![reading])
    }

    fn when(&self) -> When {
        self.when
    }
}
