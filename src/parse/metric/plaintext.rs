//! Plain lines of a collector: Graphite (`path value epoch`), `OpenTSDB` (`put name epoch value tag=value`) and `StatsD`
//! (`name:value|type|@rate|#tag:value`).
//!
//! Lines of the first two carry their time. `StatsD` lines carry none by design (Datadog's may): what a file of them counts is
//! placed at the time of the file, counters as their sum over the sample rate, gauges as the last state, timers and sets by
//! what can be said of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::when;
use crate::model::{ProblemKind, SeriesKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity, lines};
use super::{FileTime, Place, time_of_file, value_of};

/// How sure a stretch of lines is Graphite's, 0 … 1, and why. Paths must have a dot or tags: `up 1 1700000000` is an exposition.
pub(crate) fn recognise_graphite(head: &str) -> Option<(f32, String)> {
    let is_one = |line: &str| graphite(line).is_some_and(|(path, ..)| path.name.contains('.') || !path.labels.is_empty());
    share_of(head, is_one, 0.9, "lines are a path with dots or tags, a value and an epoch")
}

/// How sure a stretch of lines is `StatsD`'s, 0 … 1, and why.
pub(crate) fn recognise_statsd(head: &str) -> Option<(f32, String)> {
    share_of(head, |line| statsd(line).is_some(), 0.95, "lines are name:value|type")
}

fn share_of(head: &str, is_one: impl Fn(&str) -> bool, certainty: f32, why: &str) -> Option<(f32, String)> {
    let all: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(200).collect();
    let n = all.iter().filter(|line| is_one(line)).count();
    let share = n as f32 / all.len().max(1) as f32;
    (n > 0 && share >= 0.8).then(|| (certainty * share, format!("{n} of {} {why}", all.len())))
}

fn graphite(line: &str) -> Option<(Identity, &str, f64)> {
    let mut words = line.split_ascii_whitespace();
    let (path, value, time) = (words.next()?, words.next()?, words.next()?);
    let mut parts = path.split(';');
    let name = parts.next().filter(|name| !name.is_empty() && !name.starts_with('.') && !name.contains([':', '/', '{']))?;
    let labels: Option<Vec<_>> = parts.map(|part| part.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))).collect();
    let is_time = time == "-1" || when::epoch(time).is_some();
    (words.next().is_none() && is_time).then_some(())?;
    Some((Identity::new(name, labels?), time, value_of(value).ok()?))
}

/// Reads Graphite lines; records are lines.
pub(crate) fn parse_graphite(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        let Some((identity, time, value)) = graphite(line) else {
            gather.refuse(place, "the line is not a path, a value and an epoch");
            continue;
        };
        gather.n_records += 1;
        match when::epoch(time).filter(|_| time != "-1") {
            Some(time) => {
                gather.certainty = Some(ZoneCertainty::Offset);
                gather.push(place, identity, time, value);
            }
            None => gather.unplaced(place, "the time -1 means when it was received, which the file does not tell"),
        }
    }
    gather.finish(bytes)
}

/// How sure a stretch of lines is `OpenTSDB`'s, 0 … 1, and why.
pub(crate) fn recognise_opentsdb(head: &str) -> Option<(f32, String)> {
    let lines: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(200).collect();
    let n = lines.iter().filter(|line| opentsdb(line).is_some()).count();
    // No other format has such lines: half of them broken are still these.
    (n > 0 && n * 2 >= lines.len()).then(|| (0.96, format!("{n} of {} lines put a name, an epoch, a value and tags", lines.len())))
}

fn opentsdb(line: &str) -> Option<(Identity, Timestamp, f64)> {
    let mut words = line.strip_prefix("put ")?.split_ascii_whitespace();
    let (name, time, value) = (words.next()?, words.next()?, words.next()?);
    let labels: Option<Vec<_>> = words.map(|word| word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))).collect();
    Some((Identity::new(name, labels?), when::epoch(time).filter(|at| at.0 > 0)?, value_of(value).ok()?))
}

/// Reads lines of `OpenTSDB`; records are lines.
pub(crate) fn parse_opentsdb(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        gather.n_records += 1;
        match opentsdb(line) {
            Some((identity, time, value)) => {
                gather.certainty = Some(ZoneCertainty::Offset);
                gather.push(place, identity, time, value);
            }
            None => gather.refuse(place, "the line is not put, a name, an epoch, a value and tags"),
        }
    }
    gather.finish(bytes)
}

struct Metric<'a> {
    name: &'a str,
    values: Vec<&'a str>,
    kind: &'a str,
    rate: f64,
    tags: Vec<(String, String)>,
    /// `T` and an epoch: Datadog's protocol since 1.3.
    time: Option<Timestamp>,
}

fn statsd(line: &str) -> Option<Metric<'_>> {
    let mut parts = line.trim().split('|');
    let mut front = parts.next()?.split(':');
    let name = front.next().filter(|name| !name.is_empty() && !name.contains([' ', '"', '{', '=']))?;
    let values: Vec<&str> = front.collect();
    let kind = parts.next().filter(|kind| matches!(*kind, "c" | "g" | "ms" | "h" | "d" | "s"))?;
    let (mut rate, mut tags, mut time) = (1.0, Vec::new(), None);
    for part in parts {
        if let Some(at) = part.strip_prefix('T').and_then(when::epoch) {
            time = Some(at);
        } else if let Some(text) = part.strip_prefix('@') {
            rate = text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= 1.0)?;
        } else if let Some(text) = part.strip_prefix('#') {
            tags = text.split(',').map(|tag| tag.split_once(':').unwrap_or((tag, ""))).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        }
    }
    let is_number = |value: &&str| kind == "s" || value_of(value).is_ok();
    (!values.is_empty() && values.iter().all(is_number)).then_some(Metric { name, values, kind, rate, tags, time })
}

/// What a file says of one metric.
#[derive(Default)]
struct State<'a> {
    n: f64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
    last: f64,
    members: BTreeSet<&'a str>,
    line: Place,
}

/// What one metric is, in the order of its times; those without one come first.
type Key<'a> = (&'a str, Vec<(String, String)>, &'a str, Option<Timestamp>);

/// Reads `StatsD` lines; records are lines.
pub(crate) fn parse_statsd(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let mut states: BTreeMap<Key<'_>, State<'_>> = BTreeMap::new();
    let mut n_untimed = 0;
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        let Some(metric) = statsd(line) else {
            gather.refuse(place, "the line is not name:value|type");
            continue;
        };
        gather.n_records += 1;
        n_untimed += u64::from(metric.time.is_none());
        let key = (metric.name, metric.tags, metric.kind, metric.time);
        let state = states.entry(key).or_insert_with(|| State { line: place, ..State::default() });
        for text in metric.values {
            state.take(text, metric.rate);
        }
    }
    let file_time = time_of_file(context, gather.zone);
    say_times(&mut gather, n_untimed, file_time);
    // What is counted goes on from one time to the next.
    let mut before: Option<(Key<'_>, f64, f64)> = None;
    for (key, mut state) in states {
        if let Some((last, n, sum)) = &before
            && (last.0, &last.1, last.2) == (key.0, &key.1, key.2)
        {
            (state.n, state.sum) = (state.n + n, state.sum + sum);
        }
        if let Some(time) = key.3.or(file_time.map(|(at, _)| at)) {
            for (identity, value) in state.series(&key) {
                gather.push(state.line, identity, time, value);
            }
        }
        before = key.3.is_some().then_some((key, state.n, state.sum));
    }
    gather.finish(bytes)
}

/// Says where the time of lines without one is from, and that of the document.
fn say_times(gather: &mut Gather<'_>, n_untimed: u64, file_time: Option<(Timestamp, FileTime)>) {
    gather.certainty = match file_time {
        _ if n_untimed == 0 => Some(ZoneCertainty::Offset),
        Some((_, FileTime::Name)) => Some(ZoneCertainty::File),
        Some(_) => Some(ZoneCertainty::Inferred),
        None => None,
    };
    let reason = match file_time {
        _ if n_untimed == 0 => return,
        Some((time, source)) => {
            let word = if matches!(source, FileTime::Modified) { "the modification time" } else { "the name" };
            format!("StatsD lines carry no time; {word} of the file gives it, {}", when::shown(time))
        }
        None => {
            gather.n_unplaced = n_untimed;
            "StatsD lines carry no time and nothing tells that of the file; they are not placed".to_owned()
        }
    };
    gather.problems.push(Place::default().problem(ProblemKind::Time, reason));
}

impl<'a> State<'a> {
    fn take(&mut self, text: &'a str, rate: f64) {
        let value = value_of(text).unwrap_or(0.0);
        self.n += 1.0 / rate;
        self.sum += value / rate;
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
        // A signed gauge changes the state, a bare one sets it.
        self.last = if text.starts_with(['+', '-']) { self.last + value } else { value };
        self.members.insert(text);
    }

    fn series(&self, (name, tags, kind, _): &Key<'_>) -> Vec<(Identity, f64)> {
        let one = |end: &str, kind, unit| Identity { name: format!("{name}{end}"), labels: tags.clone(), unit, kind: Some(kind) };
        let (seconds, scale) = if *kind == "ms" { (Unit::Seconds, 1e-3) } else { (Unit::None, 1.0) };
        match *kind {
            "c" => vec![(one("", SeriesKind::Counter, Unit::None), self.sum)],
            "g" => vec![(one("", SeriesKind::Gauge, Unit::None), self.last)],
            "s" => vec![(one("", SeriesKind::Gauge, Unit::None), self.members.len() as f64)],
            _ => vec![
                (one("_count", SeriesKind::HistogramPart, Unit::None), self.n),
                (one("_sum", SeriesKind::HistogramPart, seconds), self.sum * scale),
                (one("_min", SeriesKind::Gauge, seconds), self.min.unwrap_or(0.0) * scale),
                (one("_max", SeriesKind::Gauge, seconds), self.max.unwrap_or(0.0) * scale),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(document: &Document) -> Vec<(&str, f64)> {
        document.series.iter().map(|one| (one.name.as_str(), one.samples[0].value)).collect()
    }

    #[test]
    fn graphite_lines_are_series_with_their_times() {
        let text = b"servers.a.cpu;dc=eu 12.5 1700000000\nservers.a.cpu;dc=eu 13 1700000060\nx.y 1 -1\nnonsense\n\
                     load;dc=eu;host=a 5 1700000000\nusers 7 1700000000\n";
        let document = parse_graphite(text, &Context::default());
        let names: Vec<&str> = document.series.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["servers.a.cpu", "load", "users"]);
        assert_eq!((document.series[0].labels.get("dc"), document.series[1].labels.get("host")), (Some("eu"), Some("a")));
        assert_eq!((document.n_records, document.n_unplaced, document.problems.total()), (5, 1, 2));
        assert!(recognise_graphite("load;dc=eu 1 1700000000\n").is_some());
        assert!(recognise_graphite("a.b 1 1700000000\n").is_some());
        assert!(recognise_graphite("up 1 1700000000\n").is_none() && recognise_graphite("10.0.0.1 - -\n").is_none());
    }

    #[test]
    fn lines_that_put_a_value_are_series_with_their_tags() {
        let text = "put sys.cpu.user 1700000000 42.5 host=web01 cpu=0\nput sys.cpu.user 1700000010500 43.5 host=web01 cpu=0\nput bad\n";
        let document = parse_opentsdb(text.as_bytes(), &Context::default());
        assert_eq!((document.series.len(), document.n_records, document.problems.total()), (1, 3, 1));
        assert_eq!((document.series[0].labels.get("cpu"), document.series[0].samples[1].time.0), (Some("0"), 1_700_000_010_500_000_000));
        let one = text.lines().next().expect("a line");
        assert!(recognise_opentsdb(one).is_some() && recognise_opentsdb("put it there 1\n").is_none());
    }

    #[test]
    fn statsd_lines_are_summed_up_at_the_time_of_the_file() {
        let context = Context { modified: Some(Timestamp::from_secs(1_700_000_000)), ..Context::default() };
        let text =
            b"hits:1|c|@0.5|#a:b\nhits:3|c|#a:b\npool:5|g\npool:+2|g\ntook:100|ms\ntook:300:200|ms\nusers:x|s\nusers:y|s\nusers:x|s\n";
        let document = parse_statsd(text, &context);
        let expect =
            [("hits", 5.0), ("pool", 7.0), ("took_count", 3.0), ("took_sum", 0.6), ("took_min", 0.1), ("took_max", 0.3), ("users", 2.0)];
        for ((name, value), (expected_name, expected)) in values(&document).into_iter().zip(expect) {
            assert!(name == expected_name && (value - expected).abs() < 1e-9, "{name} {value}");
        }
        assert_eq!(document.n_records, 9);
        let timed = parse_statsd(b"hits:4|c|#a:b|T1700000010\nhits:3|c|#a:b|T1700000000\npool:9|g|T1700000000\nlast:1|g\n", &context);
        let hits: Vec<(i64, f64)> = timed.series[0].iter().map(|sample| (sample.time.0 / 1_000_000_000, sample.value)).collect();
        assert_eq!(hits, [(1_700_000_000, 3.0), (1_700_000_010, 7.0)], "a counter counts on");
        assert_eq!(timed.problems.total(), 1, "one line has no time");
        assert!(recognise_statsd("a:1|c\n").is_some() && recognise_statsd("time: 10|20\n").is_none());
    }
}
