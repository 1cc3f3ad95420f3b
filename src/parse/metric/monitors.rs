//! JSON answers of what watches hosts and programs: netdata's data, Zabbix' history and trends, and the variables that a
//! Go program publishes (`/debug/vars`).
//!
//! Variables carry no time: they are placed at that of their file, as an exposition is.

use serde_json::{Map, Value};

use crate::model::time::NS_PER_S;
use crate::model::when::{self, WallZone};
use crate::model::{ProblemKind, Timestamp, ZoneCertainty};
use crate::parse::document::json::{self, Sketch, plain};
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity};
use super::{FileTime, Place, time_of_file, value_of};

/// Deepest group of published variables.
const MAX_DEPTH: usize = 6;

/// Whether a JSON document is an answer of one of these, and why.
pub(crate) fn recognise(sketch: &Sketch) -> Option<&'static str> {
    let is_netdata = |front: &str| {
        sketch.text(&format!("{front}labels[]")).is_some_and(|first| first == "time") && sketch.has_container(&format!("{front}data[]"))
    };
    if is_netdata("") || is_netdata("result.") {
        return Some("data of a chart of netdata");
    }
    let is_zabbix = |front: &str| sketch.has(&format!("{front}[].itemid")) && sketch.has(&format!("{front}[].clock"));
    if is_zabbix("result") || is_zabbix("") {
        return Some("history of items of Zabbix");
    }
    (sketch.has("memstats.HeapAlloc") && sketch.has_container("cmdline")).then_some("variables that a Go program publishes")
}

/// Reads such an answer; records are rows, values of items, or variables.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    for element in json::elements(&text, &mut gather.problems) {
        let (place, value) = (Place { line: element.line, byte: element.byte }, &element.value);
        if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
            gather.problems.push(place.problem(ProblemKind::Answer, format!("the engine answered with an error: {error}")));
        }
        let result = value.get("result").unwrap_or(value);
        if value.get("memstats").is_some() {
            variables(&mut gather, place, (value, context));
        } else if result.get("labels").is_some() {
            netdata(&mut gather, place, value, result);
        } else if value.get("itemid").is_some() {
            zabbix(&mut gather, place, value);
        } else {
            for item in result.as_array().into_iter().flatten() {
                zabbix(&mut gather, place, item);
            }
        }
    }
    gather.finish(bytes)
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => value_of(text).ok(),
        // Newer answers tell a value with its anomaly rate and annotations.
        Value::Array(parts) => number(parts.first()?),
        _ => None,
    }
}

fn netdata(gather: &mut Gather<'_>, place: Place, answer: &Value, result: &Value) {
    let names: Vec<String> = result.get("labels").and_then(Value::as_array).into_iter().flatten().filter_map(plain).collect();
    let chart = ["name", "id", "chart"].iter().find_map(|key| answer.get(*key)?.as_str());
    for row in result.get("data").and_then(Value::as_array).into_iter().flatten() {
        gather.n_records += 1;
        let time = row.get(0).and_then(plain).and_then(|text| when::any(&text, WallZone::Utc)).filter(|at| at.0 > 0);
        let Some(time) = time else {
            gather.unplaced(place, "a row has no time");
            continue;
        };
        gather.certainty = Some(ZoneCertainty::Offset);
        for (index, name) in names.iter().enumerate().skip(1) {
            let name = chart.map_or_else(|| name.clone(), |chart| format!("{chart}.{name}"));
            if let Some(value) = row.get(index).and_then(number) {
                gather.push(place, Identity::new(name, Vec::new()), time, value);
            }
        }
    }
}

/// A value of an item, or what was averaged of an hour.
fn zabbix(gather: &mut Gather<'_>, place: Place, item: &Value) {
    gather.n_records += 1;
    let text = |key: &str| item.get(key).and_then(plain);
    let seconds = text("clock").and_then(|clock| clock.parse::<i64>().ok()).filter(|clock| *clock > 0);
    let time = seconds.and_then(|seconds| seconds.checked_mul(NS_PER_S));
    let Some(time) = time.and_then(|time| time.checked_add(text("ns").and_then(|ns| ns.parse().ok()).unwrap_or(0))) else {
        gather.unplaced(place, "a value has no time");
        return;
    };
    gather.certainty = Some(ZoneCertainty::Offset);
    let id = text("itemid").unwrap_or_default();
    let name = text("name").or_else(|| text("key_")).unwrap_or_else(|| "zabbix_item".to_owned());
    let mut is_any = false;
    for (key, end) in [("value", ""), ("value_min", "_min"), ("value_avg", "_avg"), ("value_max", "_max")] {
        let Some(value) = item.get(key).and_then(number) else { continue };
        is_any = true;
        gather.push(place, Identity::new(format!("{name}{end}"), vec![("itemid".to_owned(), id.clone())]), Timestamp(time), value);
    }
    if !is_any {
        gather.refuse(place, format!("the value of item {id} is not a number"));
    }
}

fn variables(gather: &mut Gather<'_>, place: Place, (value, context): (&Value, &Context)) {
    let Some((time, source)) = time_of_file(context, gather.zone) else {
        gather.unplaced(place, "published variables carry no time and nothing tells that of the file; they are not placed");
        return;
    };
    let word = if matches!(source, FileTime::Modified) { "the modification time" } else { "the name" };
    let reason = format!("published variables carry no time; {word} of the file gives it, {}", when::shown(time));
    gather.problems.push(place.problem(ProblemKind::Time, reason));
    gather.certainty = Some(if matches!(source, FileTime::Name) { ZoneCertainty::File } else { ZoneCertainty::Inferred });
    if let Value::Object(group) = value {
        variable(gather, (place, time), "", group, 0);
    }
}

fn variable(gather: &mut Gather<'_>, (place, time): (Place, Timestamp), front: &str, group: &Map<String, Value>, depth: usize) {
    for (key, value) in group {
        let name = if front.is_empty() { key.clone() } else { format!("{front}_{key}") };
        match value {
            Value::Number(number) => {
                gather.n_records += 1;
                gather.push(place, Identity::new(name, Vec::new()), time, number.as_f64().unwrap_or(f64::NAN));
            }
            Value::Object(inner) if depth < MAX_DEPTH => variable(gather, (place, time), &name, inner, depth + 1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str], n_problems: u64) {
        assert!(recognise(&Sketch::of(text.as_bytes()).expect("JSON")).is_some(), "{text}");
        let context = Context { modified: Some(Timestamp::from_secs(1_700_000_500)), ..Context::default() };
        let document = parse(text.as_bytes(), &context);
        let one = |one: &crate::parse::ParsedSeries| {
            let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let samples: Vec<String> =
                one.samples.iter().map(|sample| format!("{}@{}", sample.value, sample.time.0 / NS_PER_S - 1_700_000_000)).collect();
            format!("{}{{{}}} {}", one.name, labels.join(","), samples.join(" "))
        };
        let got: Vec<String> = document.series.iter().map(one).collect();
        assert_eq!((got, document.problems.total()), (expected.iter().map(|line| (*line).to_owned()).collect(), n_problems));
    }

    #[test]
    fn rows_of_netdata_are_series_by_dimension() {
        check(
            r#"{"labels":["time","user","system"],"data":[[1700000001,12.5,3],[1700000000,10.5,null]]}"#,
            &["user{} 10.5@0 12.5@1", "system{} 3@1"],
            0,
        );
        check(
            r#"{"api":1,"id":"system.cpu","result":{"labels":["time","user"],"data":[[1700000000,[1.5,0,0]]]}}"#,
            &["system.cpu.user{} 1.5@0"],
            0,
        );
    }

    #[test]
    fn history_and_trends_of_zabbix_are_series_by_item() {
        check(
            r#"{"jsonrpc":"2.0","result":[{"itemid":"23296","clock":"1700000000","value":"0.0850","ns":"563157632"},{"itemid":"23296","clock":"1700000060","value":"down","ns":"0"}],"id":1}"#,
            &["zabbix_item{itemid=23296} 0.085@0"],
            1,
        );
        check(
            r#"[{"itemid":"1","clock":"1700000000","num":"60","value_min":"1","value_avg":"2","value_max":"9"}]"#,
            &["zabbix_item_min{itemid=1} 1@0", "zabbix_item_avg{itemid=1} 2@0", "zabbix_item_max{itemid=1} 9@0"],
            0,
        );
    }

    #[test]
    fn published_variables_stand_at_the_time_of_their_file_and_that_is_said() {
        check(
            r#"{"cmdline":["/bin/order"],"goroutines":34,"memstats":{"HeapAlloc":123456,"BySize":[{"Size":0}]}}"#,
            &["goroutines{} 34@500", "memstats_HeapAlloc{} 123456@500"],
            1,
        );
    }
}
