//! `sadf -p`: a number a line behind its host, interval, moment, thing and field, divided by tabs or blanks.
//!
//! What a thing is no column tells: processors are known by their fields, all others are an `item`.

use crate::model::ZoneCertainty;
use crate::model::when::{self, WallZone};
use crate::model::{Change, Timestamp};
use crate::parse::document::json;
use crate::parse::metric::gather::{Gather, Identity, lines, name_of};
use crate::parse::metric::value_of;
use crate::parse::{Context, Document};

use super::sadf::restarted;

/// What is told of processors.
const OF_CPU: [&str; 14] =
    ["%usr", "%user", "%nice", "%sys", "%system", "%iowait", "%steal", "%irq", "%soft", "%guest", "%gnice", "%idle", "MHz", "wghMHz"];

struct Line<'a> {
    host: &'a str,
    time: Timestamp,
    certainty: ZoneCertainty,
    /// Thing, field and value, or the words of a restart.
    rest: Vec<&'a str>,
}

/// Host, interval and moment of a line; the rest has at least one word.
fn read(line: &str, zone: WallZone) -> Option<Line<'_>> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (host, interval) = (*words.first()?, words.get(1)?.parse::<i64>().ok()?);
    // `2026-11-23 02:30:00 UTC`, the same without the zone, or an epoch.
    let (time, certainty, n) = if let Some(time) = when::epoch(words.get(2)?).filter(|at| at.0 > 0) {
        (time, ZoneCertainty::Offset, 3)
    } else {
        let written = when::written(&format!("{} {}", words.get(2)?, words.get(3)?))?;
        let is_utc = words.get(4) == Some(&"UTC");
        let certainty = if is_utc { ZoneCertainty::Offset } else { ZoneCertainty::Default };
        (written.at(if is_utc { WallZone::Utc } else { zone }), certainty, 4 + usize::from(is_utc))
    };
    let rest = words[n..].to_vec();
    let is_value = rest.len() == 3 && value_of(&rest[2].replace(',', ".")).is_ok() && value_of(rest[1]).is_err();
    let is_word = rest.first().is_some_and(|word| matches!(*word, "LINUX-RESTART" | "COM"));
    (interval >= -1 && (is_value || is_word)).then_some(Line { host, time, certainty, rest })
}

/// Whether lines are of `sadf -p`, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let all: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(200).collect();
    let n = all.iter().filter(|line| read(line, WallZone::Utc).is_some()).count();
    let is_one = n > 0 && n * 10 >= all.len() * 9;
    is_one.then(|| (0.96, format!("{n} of {} lines are of sadf -p: host, interval, moment, thing, field and value", all.len())))
}

/// Reads the lines; records are lines.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let mut restarts: Vec<Change> = Vec::new();
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        gather.n_records += 1;
        let Some(Line { host, time, certainty, rest }) = read(line, gather.zone) else {
            gather.refuse(place, "the line is not a host, interval, moment, thing, field and value");
            continue;
        };
        gather.certainty = Some(certainty);
        if rest[0] == "LINUX-RESTART" {
            restarts.push(restarted(Some(host), Some(time), place.line));
            continue;
        }
        let [thing, field, value] = rest[..] else { continue };
        let Ok(value) = value_of(&value.replace(',', ".")) else { continue };
        let mut labels = vec![("host".to_owned(), host.to_owned())];
        let cpu = if thing == "all" { Some("all") } else { thing.strip_prefix("cpu").filter(|number| number.parse::<u32>().is_ok()) };
        let name = match cpu.filter(|_| OF_CPU.contains(&field)) {
            Some(cpu) => {
                labels.push(("cpu".to_owned(), cpu.to_owned()));
                format!("cpu_{}", name_of(field))
            }
            None => {
                labels.extend((thing != "-").then(|| ("item".to_owned(), thing.to_owned())));
                name_of(field)
            }
        };
        gather.push(place, Identity::new(name, labels), time, value);
    }
    let mut document = gather.finish(bytes);
    document.changes = restarts;
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_one_a_line_are_series_by_thing() {
        let text = "web1\t10\t2026-11-23 02:30:00 UTC\tall\t%user\t12.50\nweb1\t10\t2026-11-23 02:30:10 UTC\tall\t%user\t22.50\n\
            web1\t10\t2026-11-23 02:30:00 UTC\tcpu1\t%idle\t80,5\nweb1\t10\t2026-11-23 02:30:00 UTC\t-\trunq-sz\t3\n\
            web1\t10\t2026-11-23 02:30:00 UTC\teth0\trxpck/s\t7\nweb1\t-1\t2026-11-23 02:31:00 UTC\tLINUX-RESTART\t(4 CPU)\n";
        assert!(recognise(text).is_some() && recognise("10.0.0.1 - 2026-11-23 02:30:00 GET / 200\n").is_none());
        let document = parse(text.as_bytes(), &Context::default());
        let told = |one: &crate::parse::ParsedSeries| {
            let labels: Vec<String> =
                one.labels.iter().skip(usize::from(one.labels.get("cpu").is_none())).map(|(k, v)| format!("{k}={v}")).collect();
            format!("{} {} {}", one.name, labels.join(","), one.samples.last().expect("one").value)
        };
        let told: Vec<String> = document.series.iter().map(told).collect();
        let expected =
            ["cpu_percent_user cpu=all,host=web1 22.5", "cpu_percent_idle cpu=1,host=web1 80.5", "runq_sz  3", "rxpck_per_s item=eth0 7"];
        assert_eq!(told, expected);
        assert_eq!((document.n_records, document.changes.len(), document.problems.total()), (6, 1, 0));
    }
}
