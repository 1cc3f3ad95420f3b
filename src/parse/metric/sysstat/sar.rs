//! `sar` as people paste it: the date only in the banner, in the order of days and months of some locale, tables below.
//! `pidstat` has the same form; its rows are about processes, see [`process`].
//!
//! Times that step back inside one table passed midnight. A new table begins on the day of the banner again.

use crate::model::time::NS_PER_S;
use crate::model::when::{WallZone, Written};
use crate::model::{ProblemKind, TimeRange, Timestamp, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::metric::gather::{Gather, Identity, lines, name_of};
use crate::parse::metric::{Place, value_of};
use crate::parse::{Context, Document, timestamp};

use super::sadf::{is_thing, restarted, thing_name};

const DAY_S: i64 = 86_400;

/// Whether lines are output of `sar`, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let banner = head.lines().find(|line| !line.trim().is_empty())?;
    let has_table = head.lines().skip(1).take(50).any(|line| header(line).is_some());
    (is_banner(banner) && has_table).then(|| (0.96, "begins with the banner of sar: system, host, date, processors".to_owned()))
}

pub(super) fn is_banner(line: &str) -> bool {
    let systems = ["Linux ", "AIX ", "SunOS ", "HP-UX "];
    systems.iter().any(|system| line.starts_with(system)) && line.contains('(') && line.contains("CPU")
}

/// Host and date of a banner: `Linux 6.1 (vm) \t11/23/26 \t_x86_64_\t(2 CPU)`.
pub(super) fn banner(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once('(')?;
    let (host, rest) = rest.split_once(')')?;
    Some((host, rest.split_ascii_whitespace().next()?))
}

/// Days since 1970 of a banner's date; of two readings the one nearer to `hint`.
pub(super) fn day_of(date: &str, hint: Option<Timestamp>) -> Option<(i64, bool)> {
    let parts: Vec<&str> = date.split(['/', '-', '.']).collect();
    let [a, b, c] = parts[..] else { return None };
    let number = |text: &str| text.parse::<i64>().ok();
    let (a_n, b_n, c_n) = (number(a)?, number(b)?, number(c)?);
    if a.len() == 4 {
        return timestamp::days(a_n, b_n as u32, c_n as u32).map(|day| (day, false));
    }
    let year = if c.len() == 2 { 2000 + c_n } else { c_n };
    let (us, eu) = (timestamp::days(year, a_n as u32, b_n as u32), timestamp::days(year, b_n as u32, a_n as u32));
    match (us, eu) {
        (Some(us), Some(eu)) if us != eu => {
            // Dots are written where the day comes first.
            if date.contains('.') {
                return Some((eu, false));
            }
            let distance = |day: i64| hint.map_or(0, |at| (at.0 / NS_PER_S / DAY_S - day).abs());
            Some((if distance(eu) < distance(us) { eu } else { us }, true))
        }
        (us, eu) => us.or(eu).map(|day| (day, false)),
    }
}

/// Seconds since midnight at the start of a line, and the rest of it.
pub(super) fn clock(line: &str) -> Option<(i64, &str)> {
    let mut words = line.splitn(2, char::is_whitespace);
    let (text, rest) = (words.next()?, words.next().unwrap_or("").trim_start());
    let mut parts = text.split(':').map(|part| part.parse::<i64>().ok().filter(|_| part.len() == 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (half, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (hour, rest) = match half {
        "AM" => (hour % 12, after.trim_start()),
        "PM" => (hour % 12 + 12, after.trim_start()),
        _ => (hour, rest),
    };
    Some((hour * 3600 + minute * 60 + second, rest))
}

/// Columns of a header line: a clock and words none of which is a number.
fn header(line: &str) -> Option<Vec<&str>> {
    let (_, rest) = clock(line)?;
    let columns: Vec<&str> = rest.split_ascii_whitespace().collect();
    let is_words = !columns.is_empty() && columns.iter().all(|cell| value_of(cell).is_err() && *cell != "all");
    (is_words && !rest.contains("RESTART")).then_some(columns)
}

/// Reads the output of `sar`; records are rows with numbers.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let hint = context.neighbours.map(TimeRange::start).or(context.modified);
    let (mut host, mut day, mut columns): (&str, Option<i64>, Vec<&str>) = ("", None, Vec::new());
    let (mut last_s, mut days_on, mut restarts) = (0, 0, Vec::new());
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        if let Some((name, date)) = banner(line).filter(|_| is_banner(line)) {
            host = name;
            let read = day_of(date, hint);
            day = read.map(|(day, _)| day);
            if read.is_none_or(|(_, is_open)| is_open) {
                let reason = format!("the date {date} may be read as month first or day first; --tz and the sources beside it do not tell");
                gather.problems.push(place.problem(ProblemKind::Time, reason));
            }
            (last_s, days_on) = (0, 0);
            continue;
        }
        let Some((second, rest)) = clock(line) else {
            // Averages sum up the samples above.
            if !line.starts_with("Average:") && !line.starts_with("Summary:") {
                gather.refuse(place, "the line is neither a header nor a row");
            }
            continue;
        };
        if let Some(found) = header(line) {
            if columns != found {
                (columns, last_s, days_on) = (found, 0, 0);
            }
            continue;
        }
        if second < last_s {
            days_on += 1;
        }
        last_s = second;
        let time = day.map(|day| moment((day + days_on) * DAY_S + second, gather.zone));
        if rest.contains("RESTART") {
            restarts.push(restarted(Some(host), time, place.line));
            continue;
        }
        gather.n_records += 1;
        match time {
            Some(time) => row(&mut gather, place, host, &columns, rest, time),
            None => gather.unplaced(place, "the row has a clock time and no banner tells its date"),
        }
    }
    let mut document = gather.finish(bytes);
    document.changes = restarts;
    document
}

pub(super) fn moment(civil_s: i64, zone: WallZone) -> Timestamp {
    Written { civil_ns: civil_s.saturating_mul(NS_PER_S), offset: None }.at(zone)
}

/// Columns of `pidstat` that tell which process a row is about.
const OF_PROCESS: [&str; 6] = ["UID", "USER", "PID", "TGID", "TID", "Command"];

/// A row about a process: ids and its command, which may have blanks, are labels. On which processor it ran last is none.
fn process(gather: &mut Gather<'_>, place: Place, host: &str, columns: &[&str], rest: &str, time: Timestamp) {
    let cells: Vec<&str> = rest.split_ascii_whitespace().collect();
    if cells.len() < columns.len() {
        gather.refuse(place, format!("the row has {} cells, its header {}", cells.len(), columns.len()));
        return;
    }
    gather.certainty = Some(ZoneCertainty::Default);
    let mut labels = vec![("host".to_owned(), host.to_owned())];
    for (column, cell) in columns.iter().zip(&cells).filter(|(column, cell)| OF_PROCESS.contains(column) && **cell != "-") {
        let value = if *column == "Command" { cells[columns.len() - 1..].join(" ") } else { (*cell).to_owned() };
        labels.push((name_of(column), value));
    }
    for (column, cell) in columns.iter().zip(&cells).filter(|(column, cell)| !OF_PROCESS.contains(column) && **cell != "-") {
        match value_of(&cell.replace(',', ".")) {
            Ok(value) => gather.push(place, Identity::new(format!("process_{}", name_of(column)), labels.clone()), time, value),
            Err(reason) => gather.refuse(place, format!("{column}: {reason}")),
        }
    }
}

fn row(gather: &mut Gather<'_>, place: Place, host: &str, columns: &[&str], rest: &str, time: Timestamp) {
    if columns.last() == Some(&"Command") {
        process(gather, place, host, columns, rest, time);
        return;
    }
    let cells: Vec<&str> = rest.split_ascii_whitespace().collect();
    if cells.len() != columns.len() {
        gather.refuse(place, format!("the row has {} cells, its header {}", cells.len(), columns.len()));
        return;
    }
    gather.certainty = Some(ZoneCertainty::Default);
    let mut labels = vec![("host".to_owned(), host.to_owned())];
    let mut thing = None;
    for (column, cell) in columns.iter().zip(cells) {
        if thing.is_none() && is_thing(column) {
            thing = Some(name_of(column));
            labels.push((name_of(column), thing_name(column, cell)));
            continue;
        }
        match value_of(&cell.replace(',', ".")) {
            Ok(value) => {
                let name = thing.as_ref().map_or_else(|| name_of(column), |thing| format!("{thing}_{}", name_of(column)));
                gather.push(place, Identity::new(name, labels.clone()), time, value);
            }
            Err(reason) => gather.refuse(place, format!("{column}: {reason}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::when;

    const TEXT: &str = "Linux 6.1.0 (web-1) \t12/31/26 \t_x86_64_\t(2 CPU)\n\n\
        11:59:58 PM     CPU     %user     %idle\n11:59:59 PM     all     84.08      0.50\n12:00:00 AM     all     91.50      0.00\n\
        Average:        all     89.82      0.25\n\n11:59:58 PM     IFACE   rxpck/s\n11:59:59 PM     eth0     2.00\n12:00:01 AM  LINUX RESTART\t(2 CPU)\n";

    #[test]
    fn rows_pass_midnight_and_averages_are_no_samples() {
        assert!(recognise(TEXT).is_some());
        let document = parse(TEXT.as_bytes(), &Context::default());
        let series = &document.series[0];
        assert_eq!(
            (series.name.as_str(), series.labels.get("cpu"), series.labels.get("host")),
            ("cpu_percent_user", Some("all"), Some("web-1"))
        );
        let at = |text: &str| when::any(text, WallZone::Utc).expect("a time");
        let times: Vec<Timestamp> = series.samples.iter().map(|sample| sample.time).collect();
        assert_eq!(times, [at("2026-12-31T23:59:59Z"), at("2027-01-01T00:00:00Z")]);
        assert_eq!(document.series[2].samples[0].time, at("2026-12-31T23:59:59Z"));
        assert_eq!((document.n_records, document.problems.total()), (3, 0));
        assert_eq!(document.changes[0].time, Some(at("2027-01-01T00:00:01Z")));
    }

    #[test]
    fn rows_of_pidstat_are_told_apart_by_process() {
        let text = "Linux 6.1.0 (web-1) \t11/23/26 \t_x86_64_\t(2 CPU)\n\n02:30:01      UID      TGID       TID    %usr    %CPU   CPU  Command\n\
            02:30:02        0       123         -    5.00    6.00     0  order\n02:30:02        0         -       124   15.00   16.00     1  |__java app\n\
            02:30:03        0       123         -   95.00   96.00     1  order\nAverage:        0       123         -   50.00   51.00     -  order\n";
        assert!(recognise(text).is_some());
        let document = parse(text.as_bytes(), &Context::default());
        let told = |one: &crate::parse::ParsedSeries| {
            let labels: Vec<String> = one.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("{} {} {}", one.name, labels.join(","), one.samples.last().expect("one").value)
        };
        let told: Vec<String> = document.series.iter().map(told).collect();
        let expected = [
            "process_percent_usr command=order,host=web-1,tgid=123,uid=0 95",
            "process_percent_cpu command=order,host=web-1,tgid=123,uid=0 96",
            "process_cpu command=order,host=web-1,tgid=123,uid=0 1",
            "process_percent_usr command=|__java app,host=web-1,tid=124,uid=0 15",
        ];
        assert_eq!(told[..4], expected);
        assert_eq!((document.n_records, document.problems.total()), (3, 0));
    }

    #[test]
    fn an_open_date_goes_to_the_reading_nearer_to_the_rest_and_says_so() {
        let day = |text: &str| when::any(text, WallZone::Utc).expect("a time");
        let read = |date: &str, hint: &str| day_of(date, Some(day(hint))).map(|(day, is_open)| (timestamp::civil_of_days(day), is_open));
        assert_eq!(read("03/04/26", "2026-04-03T00:00:00Z"), Some(((2026, 4, 3), true)));
        assert_eq!(read("03/04/26", "2026-03-05T00:00:00Z"), Some(((2026, 3, 4), true)));
        assert_eq!(read("23/11/2026", "2026-01-01T00:00:00Z"), Some(((2026, 11, 23), false)));
        assert_eq!(read("2026-11-23", "2020-01-01T00:00:00Z"), Some(((2026, 11, 23), false)));
        assert_eq!(read("04.03.2026", "2026-04-03T00:00:00Z"), Some(((2026, 3, 4), false)));
    }
}
