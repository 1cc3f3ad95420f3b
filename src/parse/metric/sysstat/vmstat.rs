//! `vmstat -t`: two header lines, rows of numbers, the time at the end of each.
//!
//! The first row after a start of the program is the average since boot, not a sample: it is counted and left out.

use crate::model::when::{self, WallZone};
use crate::model::{ProblemKind, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::metric::gather::{Gather, Identity, lines, name_of};
use crate::parse::metric::value_of;
use crate::parse::{Context, Document};

/// Whether lines are output of `vmstat`, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let mut lines = head.lines().filter(|line| !line.trim().is_empty());
    let (first, second) = (lines.next()?, lines.next()?);
    (is_groups(first) && is_columns(second)).then(|| (0.97, "begins with the two header lines of vmstat".to_owned()))
}

fn is_groups(line: &str) -> bool {
    line.starts_with("procs") && line.contains("memory") && line.contains("--")
}

fn is_columns(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    (words.next(), words.next()) == (Some("r"), Some("b")) && words.any(|word| word == "swpd" || word == "avm")
}

/// Reads the output of `vmstat`; records are rows, the averages since boot among them.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let (mut columns, mut stated, mut is_first): (Vec<&str>, Option<WallZone>, bool) = (Vec::new(), None, false);
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        if is_groups(line) {
            continue;
        }
        let cells: Vec<&str> = line.split_ascii_whitespace().collect();
        if is_columns(line) {
            // Headers are repeated every screenful: only the first begins a run.
            is_first |= columns.is_empty();
            // With -t the last column has the name of the zone.
            stated = cells.last().and_then(|word| WallZone::from_name(word));
            let zone_column =
                cells.last().is_some_and(|word| word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"+-".contains(&b)));
            columns = cells[..cells.len() - usize::from(zone_column)].to_vec();
            continue;
        }
        gather.n_records += 1;
        let values: Vec<f64> = cells.iter().map_while(|cell| value_of(cell).ok()).collect();
        if values.len() < columns.len() {
            gather.refuse(place, format!("the row has {} numbers, its header {} columns", values.len(), columns.len()));
            continue;
        }
        let Some(written) = when::written(&cells[columns.len()..].join(" ")) else {
            gather.unplaced(place, "the row has no time; vmstat -t prints it");
            continue;
        };
        gather.certainty = Some(if stated.is_some() { ZoneCertainty::File } else { ZoneCertainty::Default });
        let time = written.at(stated.unwrap_or(gather.zone));
        if std::mem::take(&mut is_first) {
            let reason = "the first row is the average since boot and no sample; it is left out".to_owned();
            gather.problems.push(place.problem(ProblemKind::Limit, reason));
            continue;
        }
        for (column, value) in columns.iter().zip(values) {
            gather.push(place, Identity::new(format!("vmstat_{}", name_of(column)), Vec::new()), time, value);
        }
    }
    if let Some(zone) = stated {
        gather.zone = zone;
    }
    gather.finish(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_since_boot_is_no_sample() {
        let text = "procs ---memory--- -----timestamp-----\n r  b   swpd  us                 UTC\n 6  0      0  30 2026-11-23 02:19:31\n\
                    5  0      0  84 2026-11-23 02:19:32\n 7  0      0  92 2026-11-23 02:19:33\n";
        assert!(recognise(text).is_some());
        let document = parse(text.as_bytes(), &Context::default());
        let names: Vec<&str> = document.series.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["vmstat_r", "vmstat_b", "vmstat_swpd", "vmstat_us"]);
        assert_eq!(document.series[3].samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [84.0, 92.0]);
        assert_eq!((document.n_records, document.problems.total()), (3, 1));
    }

    #[test]
    fn rows_without_a_time_are_kept_apart() {
        let text = "procs ---memory---\n r  b   swpd  us\n 6  0      0  30\n 6  0 0 3\n";
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!((document.n_records, document.n_unplaced, document.series.len()), (2, 2, 0));
    }
}
