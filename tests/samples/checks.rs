//! The facts of a manifest, key by key: each is one check of what was loaded.

use std::collections::BTreeSet;

use coroner::model::{Event, Level, ProfileMark, Sample, SeriesMeta, Timestamp, Unit};
use serde_json::Value;

use crate::Loaded;

/// Keys that are not compared, and why.
pub const NOT_CHECKED: &[(&str, &str)] = &[
    ("lnav_first", "the zone, and the year where there is none, are choices of lnav"),
    ("lnav_last", "the same"),
    ("note", "words about the file"),
    ("exemplars", "a count that is zero in all samples"),
    ("top3", "a profile tells its total, its stacks are not kept"),
];

/// What a fact is compared with, and whether it agrees.
type Verdict = Result<(), String>;

/// All facts of a sample that what was loaded does not agree with.
pub fn faults(sample: &Value, loaded: &Loaded) -> Vec<String> {
    let expected = sample["expected"].as_object().expect("facts");
    let bind = sample["bind"].as_str();
    let mut faults: Vec<String> = loaded
        .catalog
        .sources
        .iter()
        .flat_map(|source| source.problems.kept())
        .filter(|problem| problem.reason.contains("defect in Coroner"))
        .map(|problem| problem.reason.clone())
        .collect();
    for (key, value) in expected {
        // Where the manifest says what binds, the rest is an account of what another program made of the file.
        if bind.is_some_and(|bind| key.starts_with("lnav_") && !bind.contains(key.as_str())) {
            continue;
        }
        if let Err(reason) = check(key, value, sample, loaded) {
            faults.push(format!("{key}: {reason}"));
        }
    }
    faults
}

fn check(key: &str, value: &Value, sample: &Value, loaded: &Loaded) -> Verdict {
    let sources = &loaded.catalog.sources;
    let sum = |count: fn(&coroner::model::SourceReport) -> u64| sources.iter().map(count).sum::<u64>();
    let n_records = sum(|source| source.n_records);
    let kind = sample["kind"].as_str().unwrap_or_default();
    match key {
        "first" | "last" => extent(key, value, sample, loaded),
        "first_author_time" => times([loaded.catalog.changes.iter().filter_map(|change| change.time).min()], [value]),
        "last_author_time" => times([loaded.catalog.changes.iter().filter_map(|change| change.time).max()], [value]),
        "last_start" => times([loaded.events.iter().filter_map(|event| event.time).max()], [value]),
        "times" => {
            let mut found: Vec<_> = loaded.catalog.changes.iter().map(|change| (change.line, change.time)).collect();
            found.sort();
            times(found.into_iter().map(|(_, at)| at), value.as_array().expect("a list"))
        }
        "samples" if kind == "profiles" => equal(profile(loaded)?.n_samples, value),
        "rows" if kind == "metrics" && sample["expected"].get("tables").is_some() => {
            let n_tables = sample["expected"]["tables"].as_u64().unwrap_or(0);
            let n_marks = loaded.text.lines().filter(|line| line.starts_with("sep=")).count() as u64;
            equal(sum(|source| source.n_lines) - n_tables - n_marks, value)
        }
        "events" | "events_total" | "lnav_messages" | "records" | "non_empty_cells" | "points" | "spans" | "rules" | "payloads"
        | "commits" | "gcs" | "float_points" | "samples" | "rows" => equal(n_records, value),
        "lines" if value.is_array() => {
            let mut found: Vec<u64> = sources.iter().map(|source| source.n_lines).filter(|n| *n > 0).collect();
            let mut expected: Vec<u64> = value.as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
            // A rotated set is one source.
            if found.len() == 1 {
                expected = vec![expected.iter().sum()];
            }
            found.sort_unstable();
            same(&found, &expected)
        }
        "lines" if kind == "metrics" => equal(n_records, value),
        "lines" => {
            // `wc -l` counts line ends.
            let is_open = value.as_u64() == Some(loaded.text.matches('\n').count() as u64) && !loaded.text.ends_with('\n');
            equal(sum(|source| source.n_lines) - u64::from(is_open), value)
        }
        "json_lines" => equal(loaded.events.iter().filter(|event| is_json(event)).count() as u64, value),
        "non_json_lines" => equal(loaded.events.iter().filter(|event| !is_json(event)).count() as u64, value),
        "continuation_lines" => equal(sum(|source| source.n_continuation_lines), value),
        "series" => equal(sum(|source| source.n_series.unwrap_or(0)), value),
        "levels" | "lnav_levels" => levels(value, loaded),
        "severity" => {
            let found: Vec<Level> = loaded.events.iter().map(|event| event.level).collect();
            let expected = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            same(&found, &expected.map(|word| level(word).ok_or("no level")).collect::<Result<Vec<_>, _>>()?)
        }
        "check_line4" => line(4, value, loaded),
        "truth" if value.is_object() => truth(value, loaded),
        "truth" => formula(value.as_str().unwrap_or_default(), loaded),
        "jump_back" => file_order(loaded),
        _ => check_documents(key, value, loaded),
    }
}

fn check_documents(key: &str, value: &Value, loaded: &Loaded) -> Verdict {
    let problems = || loaded.catalog.sources.iter().flat_map(|source| source.problems.kept());
    match key {
        "result_type" => {
            let format = &loaded.catalog.sources[0].format;
            if value.as_str().is_some_and(|kind| format.ends_with(kind)) { Ok(()) } else { Err(format!("format is {format}")) }
        }
        "histogram_points" => {
            let n = stated(loaded).filter(|series| series.name.ends_with("_bucket")).count();
            equal(n as u64, value)
        }
        "special" | "special_values" => {
            equal(loaded.samples.iter().flatten().filter(|sample| !sample.value.is_finite()).count() as u64, value)
        }
        "check" => sample_value(value, loaded),
        "counter_reset_at" => {
            let falls = loaded.samples.iter().zip(stated(loaded)).filter(|(_, series)| series.name.ends_with("_total"));
            let at = falls.flat_map(|(samples, _)| samples.windows(2)).find(|pair| pair[1].value < pair[0].value);
            times([at.map(|pair| pair[1].time)], [value])
        }
        "families" => {
            let family = |series: &SeriesMeta| {
                let name = ["_bucket", "_sum", "_count", "_total"].iter().find_map(|ending| series.name.strip_suffix(ending));
                name.unwrap_or(&series.name).to_owned()
            };
            equal(stated(loaded).map(family).collect::<BTreeSet<_>>().len() as u64, value)
        }
        "has_eof" => {
            let is_cut = problems().any(|problem| problem.kind == coroner::model::ProblemKind::Truncated);
            same(&!is_cut, &value.as_bool().unwrap_or(false))
        }
        "error_type" => mentioned(value.as_str().unwrap_or_default(), loaded),
        "must" => {
            let quoted = value.as_str().and_then(|text| text.split('"').nth(1)).unwrap_or_default();
            mentioned(quoted, loaded)?;
            same(&loaded.samples.len(), &0)
        }
        "tables" => {
            let n = stated(loaded).count() as u64;
            if n >= value.as_u64().unwrap_or(0) { Ok(()) } else { Err(format!("{n} series")) }
        }
        "header" if value[0] == "Time" => {
            let names: BTreeSet<&str> = stated(loaded).map(|series| series.name.as_str()).collect();
            let missing = value.as_array().into_iter().flatten().skip(1).filter_map(Value::as_str).find(|name| !names.contains(name));
            missing.map_or(Ok(()), |name| Err(format!("no series {name:?} in {names:?}")))
        }
        "header" => value.as_array().into_iter().flatten().filter_map(Value::as_str).try_for_each(|line| profile_header(line, loaded)),
        "units" => value.as_array().into_iter().flatten().filter_map(Value::as_str).try_for_each(|unit| {
            let unit = match unit {
                "%" => Unit::Ratio,
                "ms" | "s" => Unit::Seconds,
                "" => Unit::None,
                _ if unit.ends_with('B') => Unit::Bytes,
                other => return Err(format!("no check for the unit {other:?}")),
            };
            if stated(loaded).any(|series| series.unit == unit) { Ok(()) } else { Err(format!("no series in {unit:?}")) }
        }),
        "time" => {
            let source = &loaded.catalog.sources[0];
            same(&source.n_unplaced, &source.n_records)
        }
        "has_average_row" => same(&loaded.text.lines().any(|line| line.starts_with("Average:")), &value.as_bool().unwrap_or(false)),
        "types" => change_fields("type", value, loaded),
        "reasons" => change_fields("reason", value, loaded),
        "columns" => columns(value, loaded),
        _ => check_traces(key, value, loaded),
    }
}

fn check_traces(key: &str, value: &Value, loaded: &Loaded) -> Verdict {
    let field = |event: &Event, name: &str| event.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    match key {
        "traces" => equal(loaded.events.iter().filter_map(|event| event.trace_id.as_deref()).collect::<BTreeSet<_>>().len() as u64, value),
        "errors" => equal(loaded.events.iter().filter(|event| event.level >= Level::Error).count() as u64, value),
        "services" => {
            let found: BTreeSet<&str> = loaded.events.iter().filter_map(|event| event.service.as_deref()).collect();
            same(&found, &value.as_array().into_iter().flatten().filter_map(Value::as_str).collect())
        }
        "spans_without_timestamp" => equal(loaded.events.iter().filter(|event| event.time.is_none()).count() as u64, value),
        "shared" => equal(loaded.events.iter().filter(|event| field(event, "shared").as_deref() == Some("true")).count() as u64, value),
        "names" => {
            let found: Vec<&str> = loaded.events.iter().map(|event| event.message.as_str()).collect();
            same(&found, &value.as_array().into_iter().flatten().filter_map(Value::as_str).collect())
        }
        _ => check_profiles(key, value, loaded),
    }
}

fn check_profiles(key: &str, value: &Value, loaded: &Loaded) -> Verdict {
    match key {
        "total" => {
            let mark = profile(loaded)?;
            let (number, unit) = value.as_str().map_or_else(|| (value.as_f64().unwrap_or(0.0), ""), quantity);
            let factor = match unit {
                "" => 1.0,
                "ms" => 1e6,
                "s" => 1e9,
                "kB" => 1024.0,
                "MB" => 1024.0 * 1024.0,
                other => return Err(format!("no check for the unit {other:?}")),
            };
            close(mark.total, number * factor, 0.001)
        }
        "sample_types" => {
            let mark = profile(loaded)?;
            let is_there = value.as_str().is_some_and(|types| types.contains(&format!("/{}", mark.unit)));
            if is_there { Ok(()) } else { Err(format!("the unit is {}", mark.unit)) }
        }
        "stacks" => equal(profile(loaded)?.n_samples, value),
        _ if NOT_CHECKED.iter().any(|(known, _)| *known == key) => Ok(()),
        _ => Err("no check for this key; add one, or say in NOT_CHECKED why there is none".into()),
    }
}

/// Whether an object is all of a line but the name of its container.
fn is_json(event: &Event) -> bool {
    event.raw.contains('{') && event.raw.trim_end().ends_with('}') && !event.fields.is_empty() | event.raw.contains(&event.message)
}

fn stated(loaded: &Loaded) -> impl Iterator<Item = &SeriesMeta> {
    loaded.catalog.series.iter().filter(|series| !series.is_derived)
}

fn profile(loaded: &Loaded) -> Result<&ProfileMark, String> {
    loaded.catalog.profiles.first().ok_or_else(|| "no profile was read".to_owned())
}

fn equal(found: u64, expected: &Value) -> Verdict {
    same(&Some(found), &expected.as_u64())
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Verdict {
    if found == expected { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}")) }
}

fn close(found: f64, expected: f64, share: f64) -> Verdict {
    if (found - expected).abs() <= expected.abs() * share { Ok(()) } else { Err(format!("found {found}, expected {expected}")) }
}

/// `6992.27kB` as number and unit.
fn quantity(text: &str) -> (f64, &str) {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    (text[..end].parse().unwrap_or(0.0), &text[end..])
}

/// A time of the manifest; words may follow it.
pub fn time(text: &str) -> Option<Timestamp> {
    let text = text.split(' ').next()?;
    let at = chrono::DateTime::parse_from_rfc3339(text).ok();
    let at = at.or_else(|| chrono::DateTime::parse_from_rfc3339(&format!("{text}Z")).ok());
    at?.timestamp_nanos_opt().map(Timestamp)
}

/// Compares times; a manifest holds microseconds at most, and says where only the second is meant.
fn times<'a>(found: impl IntoIterator<Item = Option<Timestamp>>, expected: impl IntoIterator<Item = &'a Value>) -> Verdict {
    let mut found = found.into_iter();
    for expected in expected {
        let text = expected.as_str().unwrap_or_default();
        let tolerance = if text.contains("second") { 1_000_000_000 } else { 1_000 };
        let (found, wanted) = (found.next().flatten(), time(text));
        let is_near = found.zip(wanted).is_some_and(|(a, b)| (a.0 - b.0).abs() <= tolerance);
        if !is_near {
            return Err(format!("found {found:?}, expected {text}"));
        }
    }
    Ok(())
}

fn extent(key: &str, value: &Value, sample: &Value, loaded: &Loaded) -> Verdict {
    let extents = || loaded.catalog.sources.iter().filter_map(|source| source.extent);
    let found = if key == "first" { extents().map(|extent| extent.0).min() } else { extents().map(|extent| extent.1).max() };
    // A Grafana table states no zone: `input_timezone` was given, so that the times are true.
    let _ = sample;
    times([found], [value])
}

/// Levels as the manifest names them: words, letters, numbers of pino, priorities of syslog, statuses of HTTP.
fn level(word: &str) -> Option<Level> {
    if let Ok(number) = word.parse::<u16>() {
        return match number {
            10 => Some(Level::Trace),
            20 => Some(Level::Debug),
            30 | 100..=399 => Some(Level::Info),
            40 | 400..=499 => Some(Level::Warn),
            50 | 500..=599 => Some(Level::Error),
            60 => Some(Level::Fatal),
            _ => match number % 8 {
                0..=2 => Some(Level::Fatal),
                3 => Some(Level::Error),
                4 => Some(Level::Warn),
                5 | 6 => Some(Level::Info),
                _ => Some(Level::Debug),
            },
        };
    }
    match word.to_ascii_lowercase().as_str() {
        "trace" => Some(Level::Trace),
        "debug" => Some(Level::Debug),
        "info" | "information" | "i" => Some(Level::Info),
        "warn" | "warning" | "w" => Some(Level::Warn),
        "error" | "e" => Some(Level::Error),
        "fatal" => Some(Level::Fatal),
        "unknown" => Some(Level::Unknown),
        _ => None,
    }
}

fn levels(value: &Value, loaded: &Loaded) -> Verdict {
    for (word, n) in value.as_object().into_iter().flatten() {
        // A number of the application's own stands in the message, where it means nothing to others.
        let own = format!("level={word} ");
        let found = if loaded.events.iter().any(|event| event.message.contains(&own) || event.raw.contains(&own)) {
            loaded.events.iter().filter(|event| event.raw.contains(&own)).count()
        } else {
            let wanted = level(word).ok_or_else(|| format!("no level {word:?}"))?;
            loaded.events.iter().filter(|event| event.level == wanted).count()
        };
        equal(found as u64, n).map_err(|reason| format!("{word}: {reason}"))?;
    }
    Ok(())
}

fn line(number: u64, value: &Value, loaded: &Loaded) -> Verdict {
    let event = loaded.events.iter().find(|event| event.line == number).ok_or("no such line")?;
    times([event.time], [&value["ts"]])?;
    same(&Some(event.message.as_str()), &value["msg"].as_str())
}

fn truth(value: &Value, loaded: &Loaded) -> Verdict {
    equal(loaded.events.len() as u64, &value["events"])?;
    let mut found: Vec<Timestamp> = loaded.events.iter().filter_map(|event| event.time).collect();
    found.sort_unstable();
    if let Some(all) = value["times"].as_array() {
        return times(found.into_iter().map(Some), all);
    }
    times([found.first().copied(), found.last().copied()], [&value["first"], &value["last"]])
}

/// Times never fall when the events are in the order of the file.
fn file_order(loaded: &Loaded) -> Verdict {
    let mut by_line: Vec<_> = loaded.events.iter().map(|event| (event.line, event.time)).collect();
    by_line.sort_unstable();
    let falls = by_line.windows(2).find(|pair| pair[1].1 < pair[0].1);
    falls.map_or(Ok(()), |pair| Err(format!("time falls at line {}", pair[1].0)))
}

/// `p99[i]=0.1*i+0.2 s except i=7 null; cpu=90+i/10 %; mem=1e9+i*1e6 B; …; t=1700000000+15*i`, with the digits that cells show.
fn formula(text: &str, loaded: &Loaded) -> Verdict {
    if !text.starts_with("p99[i]=0.1*i+0.2 s") {
        return Err("no check for this formula".into());
    }
    for (series, samples) in stated(loaded).zip(&loaded.samples) {
        for sample in samples {
            let i = (sample.time.0 / 1_000_000_000 - 1_700_000_000) as f64 / 15.0;
            let expected = match series.name.get(..3) {
                Some("p99") => 0.1 * i + 0.2,
                Some("cpu") => (90.0 + i / 10.0) / 100.0,
                Some("mem") => 1e9 + i * 1e6,
                _ => return Err(format!("no formula for {:?}", series.name)),
            };
            close(sample.value, expected, 0.03).map_err(|reason| format!("{} at i={i}: {reason}", series.name))?;
        }
    }
    Ok(())
}

fn mentioned(words: &str, loaded: &Loaded) -> Verdict {
    let problems = loaded.catalog.sources.iter().flat_map(|source| source.problems.kept());
    if problems.into_iter().any(|problem| problem.reason.contains(words)) { Ok(()) } else { Err(format!("no problem says {words:?}")) }
}

/// `{"metric": …, "at": …, "value": …}`, or a line of an exposition without a time.
fn sample_value(check: &Value, loaded: &Loaded) -> Verdict {
    let number = |text: &str| text.replace("Inf", "inf").parse::<f64>().ok();
    let (metric, value, at) = if let Some(line) = check.as_str() {
        let (metric, value) = line.rsplit_once(' ').ok_or("no value")?;
        (Value::from(metric), number(value), None)
    } else {
        let value = &check["value"];
        (check["metric"].clone(), value.as_f64().or_else(|| number(value.as_str()?)), check["at"].as_str().and_then(time))
    };
    let is_meant = |series: &SeriesMeta| match &metric {
        Value::Object(labels) => {
            let name = labels.get("__name__").and_then(Value::as_str);
            name.is_none_or(|name| series.name == name)
                && labels.iter().filter(|(key, _)| *key != "__name__").all(|(key, value)| series.labels.get(key) == value.as_str())
        }
        _ => {
            let text = metric.as_str().unwrap_or_default();
            if !text.contains('{') && text.contains(' ') {
                // `cpu-load all user`: a path through a document, whose words stand in the name or the labels.
                let said: Vec<&str> = series.name.split('_').chain(series.labels.iter().map(|(_, value)| value)).collect();
                return text.split([' ', '-']).all(|word| said.contains(&word));
            }
            let name = text.split(['{', ' ']).next().unwrap_or_default();
            series.name == name && series.labels.iter().all(|(key, value)| text.contains(&format!("{key}=\"{value}\"")))
        }
    };
    let found = stated(loaded).zip(&loaded.samples).filter(|(series, _)| is_meant(series)).find_map(|(_, samples)| match at {
        Some(at) => samples.iter().find(|sample| sample.time == at),
        None => samples.first(),
    });
    let found: Option<&Sample> = found;
    same(&found.map(|sample| sample.value), &value)
}

fn change_fields(name: &str, value: &Value, loaded: &Loaded) -> Verdict {
    for (word, n) in value.as_object().into_iter().flatten() {
        let has = |fields: &[(String, String)]| fields.iter().any(|(key, value)| key == name && value == word);
        let found = loaded.catalog.changes.iter().filter(|change| has(&change.fields)).count();
        equal(found as u64, n).map_err(|reason| format!("{word}: {reason}"))?;
    }
    Ok(())
}

/// Every column with a cell is the time, the message or a field of some event.
fn columns(value: &Value, loaded: &Loaded) -> Verdict {
    let known = |name: &str| {
        matches!(name, "message" | "datetime") || loaded.events.iter().any(|event| event.fields.iter().any(|(key, _)| key == name))
    };
    let missing: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|name| !known(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no event has {missing:?}")) }
}

/// One line of what `go tool pprof` prints above a table.
fn profile_header(line: &str, loaded: &Loaded) -> Verdict {
    let mark = profile(loaded)?;
    let Some((key, value)) = line.split_once(": ") else { return Err(format!("no check for {line:?}")) };
    match key {
        // The name of the program; ours are named by their files.
        "File" => Ok(()),
        "Type" => {
            let kinds: &[&str] = match value {
                "inuse_space" | "inuse_objects" => &["heap"],
                "alloc_space" | "alloc_objects" => &["allocs"],
                "delay" | "contentions" => &["block", "mutex"],
                other => &[other],
            };
            if kinds.contains(&mark.kind.as_str()) { Ok(()) } else { Err(format!("{line}: the kind is {}", mark.kind)) }
        }
        "Time" => {
            let shown = mark.time.map(|at| chrono::DateTime::from_timestamp_nanos(at.0).format("%b %-d, %Y at %-I:%M%P (UTC)").to_string());
            same(&shown.as_deref(), &Some(value))
        }
        "Duration" => {
            let (number, unit) = quantity(value.split(',').next().unwrap_or_default());
            let seconds = number * if unit == "ms" { 1e-3 } else { 1.0 };
            close(mark.duration_ns.unwrap_or(0) as f64 / 1e9, seconds, 0.05)
        }
        _ => Err(format!("no check for {line:?}")),
    }
}
