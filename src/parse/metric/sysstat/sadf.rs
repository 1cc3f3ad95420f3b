//! `sadf -j` (one JSON document) and `sadf -d` (tables with semicolons, a header for each activity).

use serde_json::{Map, Value};

use super::{iostat, sar};
use crate::model::when::{self, WallZone};
use crate::model::{Change, ProblemKind, TimeRange, Timestamp, ZoneCertainty};
use crate::parse::document::json::{self, Sketch};
use crate::parse::metric::gather::{Gather, Identity, lines, name_of};
use crate::parse::metric::{Place, value_of};
use crate::parse::{Context, Document};

/// Deepest group of a statistic, with room to spare.
const MAX_DEPTH: usize = 8;

/// Whether a JSON document is an answer of `sadf -j`.
pub(crate) fn recognise_json(sketch: &Sketch) -> Option<&'static str> {
    sketch.has("sysstat.hosts[].statistics").then_some("an answer of sadf -j: hosts with statistics")
}

/// Whether lines are tables of `sadf -d`, and why.
pub(crate) fn recognise_table(head: &str) -> Option<(f32, String)> {
    let header = head.lines().find(|line| !line.trim().is_empty())?;
    let is_table = header.starts_with('#') && header.contains("hostname;interval;timestamp");
    is_table.then(|| (0.97, "begins with the header of sadf -d".to_owned()))
}

/// Reads an answer of `sadf -j`; records are its statistics, one a moment.
pub(crate) fn parse_json(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let mut restarts = Vec::new();
    let hint = context.neighbours.map(TimeRange::start).or(context.modified);
    for element in json::elements(&text, &mut gather.problems) {
        let place = Place { line: element.line, byte: element.byte };
        for host in element.value.pointer("/sysstat/hosts").and_then(Value::as_array).into_iter().flatten() {
            read_host(&mut gather, &mut restarts, (place, hint), host);
        }
    }
    let mut document = gather.finish(bytes);
    document.changes = restarts;
    document
}

fn read_host(gather: &mut Gather<'_>, restarts: &mut Vec<Change>, (place, hint): (Place, Option<Timestamp>), host: &Value) {
    let text = |key: &str| host.get(key).and_then(Value::as_str);
    let labels: Vec<_> = text("nodename").map(|name| ("host".to_owned(), name.to_owned())).into_iter().collect();
    let zone = text("timezone").and_then(WallZone::from_name);
    // mpstat tells the date once, and clock times that pass midnight.
    let (mut day, mut last_s) = (text("date").and_then(|date| sar::day_of(date, hint)).map(|(day, _)| day), 0);
    let mut of_mpstat = |text: &str, zone: WallZone| {
        let (second, rest) = sar::clock(text.trim())?;
        day = day.filter(|_| rest.trim().is_empty()).map(|day| day + i64::from(second < last_s));
        last_s = second;
        Some((sar::moment(day? * 86_400 + second, zone), ZoneCertainty::Default))
    };
    for (index, statistic) in host.get("statistics").and_then(Value::as_array).into_iter().flatten().enumerate() {
        gather.n_records += 1;
        let stamp = statistic.get("timestamp");
        // iostat writes a text, and first what was since boot.
        let of_iostat = stamp.and_then(Value::as_str).and_then(|text| iostat::stamp(text, gather.zone, hint));
        let of_clock = || of_mpstat(stamp?.as_str()?, zone.unwrap_or(gather.zone));
        let Some((time, certainty)) = of_iostat.or_else(|| moment(stamp?, zone, gather.zone)).or_else(of_clock) else {
            gather.unplaced(place, "a statistic without a readable time");
            continue;
        };
        gather.certainty = Some(certainty);
        if of_iostat.is_some() && index == 0 {
            let reason = "the first report is the average since boot and no sample; it is left out".to_owned();
            gather.problems.push(place.problem(ProblemKind::Limit, reason));
            continue;
        }
        for (key, value) in statistic.as_object().into_iter().flatten().filter(|(key, _)| *key != "timestamp") {
            take(gather, place, time, &name_of(key), &labels, value, 0);
        }
    }
    for restart in host.get("restarts").and_then(Value::as_array).into_iter().flatten() {
        let time = restart.get("boot").and_then(|stamp| moment(stamp, zone, gather.zone)).map(|(time, _)| time);
        restarts.push(restarted(text("nodename"), time, place.line));
    }
}

/// A restart of the host as a mark on the timeline.
pub(super) fn restarted(host: Option<&str>, time: Option<Timestamp>, line: u64) -> Change {
    let text = format!("{} restarted", host.unwrap_or("host"));
    Change {
        time,
        end: None,
        kind: "restart".into(),
        service: None,
        text,
        from: None,
        to: None,
        fields: Vec::new(),
        source: crate::model::SourceId::default(),
        line,
    }
}

fn moment(stamp: &Value, stated: Option<WallZone>, fallback: WallZone) -> Option<(Timestamp, ZoneCertainty)> {
    let text = |key: &str| stamp.get(key).and_then(Value::as_str);
    let written = when::written(&format!("{} {}", text("date")?, text("time")?))?;
    let is_utc = stamp.get("utc").is_some_and(|utc| utc == 1 || utc == true);
    Some(match stated {
        _ if is_utc => (written.at(WallZone::Utc), ZoneCertainty::Offset),
        Some(zone) => (written.at(zone), ZoneCertainty::File),
        None => (written.at(fallback), ZoneCertainty::Default),
    })
}

/// Numbers become samples, groups lengthen the name, texts beside numbers become labels.
fn take(gather: &mut Gather<'_>, place: Place, time: Timestamp, name: &str, labels: &[(String, String)], value: &Value, depth: usize) {
    match value {
        _ if depth > MAX_DEPTH => gather.refuse(place, format!("{name} is nested too deep")),
        Value::Array(list) => list.iter().for_each(|one| take(gather, place, time, name, labels, one, depth + 1)),
        Value::Object(group) => {
            let labels = labels_of(group, labels);
            for (key, value) in group {
                // A group inside a group tells more than the one around it: `network.net-dev.rxpck` is of a `net-dev`.
                let inner = if value.is_number() { format!("{name}_{}", name_of(key)) } else { name_of(key) };
                take(gather, place, time, &inner, &labels, value, depth + 1);
            }
        }
        Value::Number(number) => {
            let Some(value) = number.as_f64() else { return };
            gather.push(place, Identity::new(name, labels.to_vec()), time, value);
        }
        Value::String(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// Texts of a group; in a group of one thing a whole number under the thing's key (`"number": 1`) is its name too.
fn labels_of(group: &Map<String, Value>, outer: &[(String, String)]) -> Vec<(String, String)> {
    let mut labels = outer.to_vec();
    labels.extend(group.iter().filter_map(|(key, value)| match value {
        Value::String(text) => Some((name_of(key), text.clone())),
        Value::Number(number) if key == "number" => Some((name_of(key), number.to_string())),
        _ => None,
    }));
    labels
}

/// Reads `sadf -d`; records are its rows.
pub(crate) fn parse_table(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let (mut header, mut restarts): (Vec<String>, _) = (Vec::new(), Vec::new());
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.trim_start_matches(['#', ' ']).split(';').collect();
        if line.starts_with('#') {
            header = cells.iter().map(|cell| (*cell).to_owned()).collect();
            continue;
        }
        gather.n_records += 1;
        let (Some(host), Some(stamp)) = (cells.first(), cells.get(2)) else {
            gather.refuse(place, "the row has no host and time");
            continue;
        };
        let Some(time) = row_time(&mut gather, stamp) else {
            gather.unplaced(place, format!("{stamp:?} is not a time"));
            continue;
        };
        if cells.get(3).is_some_and(|cell| cell.contains("RESTART")) {
            restarts.push(restarted(Some(host), Some(time), place.line));
            continue;
        }
        if cells.len() != header.len() {
            gather.refuse(place, format!("the row has {} cells, its header {}", cells.len(), header.len()));
            continue;
        }
        let mut labels = vec![("host".to_owned(), (*host).to_owned())];
        let mut thing = String::new();
        for (column, cell) in header.iter().zip(&cells).skip(3) {
            if is_thing(column) {
                thing = name_of(column);
                labels.push((thing.clone(), thing_name(column, cell)));
            } else if let Ok(value) = value_of(&cell.replace(',', ".")) {
                let name = [thing.as_str(), &name_of(column)].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("_");
                gather.push(place, Identity::new(name, labels.clone()), time, value);
            } else if !cell.is_empty() {
                gather.refuse(place, format!("{column} is not a number: {cell:?}"));
            }
        }
    }
    let mut document = gather.finish(bytes);
    document.changes = restarts;
    document
}

fn row_time(gather: &mut Gather<'_>, stamp: &str) -> Option<Timestamp> {
    if let Some(time) = when::epoch(stamp) {
        gather.certainty = Some(ZoneCertainty::Offset);
        return Some(time);
    }
    let (civil, zone) = stamp.strip_suffix(" UTC").map_or((stamp, None), |civil| (civil, Some(WallZone::Utc)));
    let certainty = if zone.is_some() { ZoneCertainty::Offset } else { ZoneCertainty::Default };
    gather.certainty = Some(certainty);
    when::written(civil).map(|written| written.at(zone.unwrap_or(gather.zone)))
}

/// Columns in capitals name what the row is about: `CPU`, `IFACE`, `DEV`, `INTR`, `TTY`.
pub(super) fn is_thing(column: &str) -> bool {
    column.len() > 1 && column.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_')
}

/// `-1` is how `sadf -d` writes all processors together.
pub(super) fn thing_name(column: &str, cell: &str) -> String {
    if column == "CPU" && cell == "-1" { "all".into() } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_sadf_json_are_series_by_thing() {
        let text = r#"{"sysstat":{"hosts":[{"nodename":"web-1","timezone":"UTC","statistics":[
            {"timestamp":{"date":"2026-11-23","time":"02:19:32","utc":1,"interval":1},
             "cpu-load":[{"cpu":"all","user":84.08},{"cpu":"0","user":80}],
             "memory":{"memfree":18957876,"memused-percent":2.82},
             "network":{"net-dev":[{"iface":"eth0","rxpck":2.0}]}}],
            "restarts":[{"boot":{"date":"2026-11-23","time":"02:00:00","utc":1}}]}]}}"#;
        let document = parse_json(text.as_bytes(), &Context::default());
        let names: Vec<String> = document
            .series
            .iter()
            .map(|one| {
                let labels: Vec<String> = one.labels.iter().filter(|(key, _)| *key != "host").map(|(k, v)| format!("{k}={v}")).collect();
                format!("{} {} {}", one.name, labels.join(","), one.samples[0].value)
            })
            .collect();
        let expected = ["cpu_load_user cpu=all 84.08", "cpu_load_user cpu=0 80", "memory_memfree  18957876"];
        assert_eq!(names[..3], expected);
        assert_eq!(names[3..], ["memory_memused_percent  2.82", "net_dev_rxpck iface=eth0 2"]);
        assert_eq!(document.series[0].samples[0].time, when::any("2026-11-23T02:19:32Z", WallZone::Utc).expect("a time"));
        assert_eq!((document.n_records, document.changes.len(), document.problems.total()), (1, 1, 0));
    }

    #[test]
    fn tables_of_sadf_are_read_by_their_own_headers() {
        let text = "# hostname;interval;timestamp;CPU;%user;%idle\nvm;1;2026-11-23 02:19:32 UTC;-1;84,08;0.5\n\
                    # hostname;interval;timestamp;IFACE;rxpck/s\nvm;1;2026-11-23 02:19:32 UTC;eth0;2.00\n\
                    vm;-1;2026-11-23 02:20:00 UTC;LINUX-RESTART\t(2 CPU)\nvm;1;yesterday;eth0;1\n";
        assert!(recognise_table(text).is_some());
        let document = parse_table(text.as_bytes(), &Context::default());
        let names: Vec<&str> = document.series.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["cpu_percent_user", "cpu_percent_idle", "iface_rxpck_per_s"]);
        assert_eq!(document.series[0].labels.get("cpu"), Some("all"));
        let values = [0, 1].map(|index| document.series[index].samples[0].value.to_string());
        assert_eq!(values, ["84.08", "0.5"], "some locales write a decimal comma");
        assert_eq!((document.n_records, document.n_unplaced, document.changes.len()), (4, 1, 1));
    }

    #[test]
    fn the_json_of_mpstat_is_read_over_midnight() {
        let text = r#"{"sysstat":{"hosts":[{"nodename":"web-1","date":"11/23/26","statistics":[
            {"timestamp":"23:59:59","cpu-load":[{"cpu":"all","usr":1.5,"idle":98},{"cpu":"0","usr":2.5}]},
            {"timestamp":"00:00:00","cpu-load":[{"cpu":"all","usr":11.5}]}]}]}}"#;
        let document = parse_json(text.as_bytes(), &Context::default());
        let told = |one: &crate::parse::ParsedSeries| format!("{} {:?} {}", one.name, one.labels.get("cpu"), one.samples.len());
        let told: Vec<String> = document.series.iter().map(told).collect();
        assert_eq!(told, ["cpu_load_usr Some(\"all\") 2", "cpu_load_idle Some(\"all\") 1", "cpu_load_usr Some(\"0\") 1"]);
        let times: Vec<String> = document.series[0].samples.iter().map(|sample| when::shown(sample.time)).collect();
        assert_eq!(times, ["2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z"]);
        assert_eq!((document.n_records, document.n_unplaced, document.problems.total()), (2, 0, 0));
    }

    #[test]
    fn the_json_of_iostat_is_read_too() {
        let text = r#"{"sysstat":{"hosts":[{"nodename":"web-1","number-of-cpus":2,"date":"11/23/2026","statistics":[
            {"timestamp":"11/23/2026 02:19:31 AM","avg-cpu":{"user":9},"disk":[{"disk_device":"sda","r/s":9}]},
            {"timestamp":"11/23/2026 02:19:32 AM","avg-cpu":{"user":1.25},"disk":[{"disk_device":"sda","r/s":2},{"disk_device":"sdb","r/s":3}]}]}]}}"#;
        let document = parse_json(text.as_bytes(), &Context::default());
        let told = |one: &crate::parse::ParsedSeries| format!("{} {:?} {}", one.name, one.labels.get("disk_device"), one.samples[0].value);
        let told: Vec<String> = document.series.iter().map(told).collect();
        assert_eq!(told, ["avg_cpu_user None 1.25", "disk_r_per_s Some(\"sda\") 2", "disk_r_per_s Some(\"sdb\") 3"]);
        assert_eq!(when::shown(document.series[0].samples[0].time), "2026-11-23T02:19:32Z");
    }
}
