//! `InfluxDB` line protocol: `measurement,tag=value field=1.5,other=2i 1700000000000000000`.
//!
//! A field becomes the series `measurement_field` (`measurement` alone when the field is called `value`), tags become
//! labels. A text field becomes the series of its states: value 1 with the text as the label `value`. The precision of
//! times is not in the file; magnitude tells it. Grammar: `InfluxDB` line protocol reference, v2.

use crate::model::Timestamp;
use crate::model::when;
use crate::model::{ProblemKind, SeriesKind, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity, lines};
use super::{Place, time_of_file, value_of};

/// What is wrong with a point whose text goes on in the next line.
const OPEN_TEXT: &str = "has a text that does not end";
/// How many lines the text of one point may have: a stack trace does, and a quote that was lost costs no more than this.
const MOST_LINES: usize = 200;

/// One point as written.
#[derive(Debug, PartialEq)]
struct Point {
    measurement: String,
    tags: Vec<(String, String)>,
    fields: Vec<(String, Field)>,
    time: Option<Timestamp>,
}

#[derive(Debug, PartialEq)]
enum Field {
    Number(f64),
    Text(String),
}

/// How sure a stretch of lines is line protocol, 0 … 1, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let (mut n_points, mut n_all) = (0, 0);
    for (_, read) in points(head).take(200) {
        n_all += 1;
        // Without a time or a tag any `word key=value` would do, and that is logfmt.
        n_points += usize::from(read.is_ok_and(|point| point.time.is_some() || !point.tags.is_empty()));
    }
    let share = n_points as f32 / n_all.max(1) as f32;
    (n_points > 0 && share >= 0.6)
        .then(|| (0.95 * share, format!("{n_points} of {n_all} lines are a measurement, its fields and an epoch")))
}

/// Splits at the first `stop` that is neither escaped nor inside quotes; quotes count only where `has_quotes`.
fn until<'a>(text: &'a str, stops: &[u8], quotes: Quotes) -> (&'a str, &'a str) {
    let (mut is_escaped, mut is_quoted) = (false, false);
    for (at, b) in text.bytes().enumerate() {
        match b {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' if quotes == Quotes::Bind => is_quoted = !is_quoted,
            b if !is_quoted && stops.contains(&b) => return text.split_at(at),
            _ => {}
        }
    }
    (text, "")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// Blanks and commas inside quotes belong to the text.
    Bind,
    /// Quotes are letters like others: measurement and tags.
    AreLetters,
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next @ (',' | ' ' | '=' | '"' | '\\')) if c == '\\' => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

fn point(line: &str) -> Result<Point, String> {
    let (head, rest) = until(line.trim(), b" ", Quotes::AreLetters);
    let (fields_text, time) = until(rest.trim_start(), b" ", Quotes::Bind);
    let (measurement, mut tags_text) = until(head, b",", Quotes::AreLetters);
    if measurement.is_empty() || measurement.contains('"') {
        return Err("has no measurement".into());
    }
    let mut tags = Vec::new();
    while let Some(text) = tags_text.strip_prefix(',') {
        let (pair, rest) = until(text, b",", Quotes::AreLetters);
        let (key, value) = until(pair, b"=", Quotes::AreLetters);
        let value = value.strip_prefix('=').filter(|value| !value.is_empty() && !key.is_empty()).ok_or("has a tag without a value")?;
        tags.push((plain(key), plain(value)));
        tags_text = rest;
    }
    let mut fields = Vec::new();
    let mut rest = fields_text;
    while !rest.is_empty() {
        let (pair, after) = until(rest, b",", Quotes::Bind);
        let (key, value) = until(pair, b"=", Quotes::AreLetters);
        let value = value.strip_prefix('=').filter(|_| !key.is_empty()).ok_or("has a field without a value")?;
        fields.push((plain(key), field(value)?));
        rest = after.strip_prefix(',').unwrap_or("");
    }
    if fields.is_empty() {
        return Err("has no field".into());
    }
    let time = match time.trim() {
        "" => None,
        text => Some(when::epoch(text).ok_or_else(|| format!("has a time that is none: {text:?}"))?),
    };
    Ok(Point { measurement: plain(measurement), tags, fields, time })
}

/// The points of a text, each where it begins.
fn points(text: &str) -> impl Iterator<Item = (Place, Result<Point, String>)> {
    let mut next_byte = 0;
    let begun = lines(text).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    begun.filter_map(move |(place, line)| {
        // The lines of a text that reaches over several were read with its first.
        if place.byte < next_byte {
            return None;
        }
        let (read, end) = point_of_lines(text, place, line);
        next_byte = end;
        Some((place, read))
    })
}

/// The point that begins in a line, and the byte behind it: a text in quotes may hold line ends.
fn point_of_lines(text: &str, place: Place, line: &str) -> (Result<Point, String>, u64) {
    let start = place.byte as usize;
    let read = point(line);
    if !read.as_ref().is_err_and(|reason| reason == OPEN_TEXT) {
        return (read, place.byte);
    }
    let ends = memchr::memchr_iter(b'\n', &text.as_bytes()[start..]).map(|at| start + at + 1).chain([text.len()]);
    for end in ends.skip(1).take(MOST_LINES) {
        let whole = text.get(start..end).map(|whole| point(whole.trim_end_matches(['\n', '\r'])));
        if let Some(Ok(point)) = whole {
            return (Ok(point), end as u64);
        }
    }
    (read, place.byte)
}

fn field(text: &str) -> Result<Field, String> {
    if let Some(body) = text.strip_prefix('"') {
        let (body, end) = until(body, b"\"", Quotes::AreLetters);
        return (end == "\"").then(|| Field::Text(plain(body))).ok_or_else(|| OPEN_TEXT.into());
    }
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Ok(Field::Number(1.0)),
        "f" | "F" | "false" | "False" | "FALSE" => return Ok(Field::Number(0.0)),
        _ => {}
    }
    value_of(text.strip_suffix(['i', 'u']).unwrap_or(text)).map(Field::Number)
}

/// Reads a whole file; records are its points.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let file_time = time_of_file(context, gather.zone).map(|(at, _)| at);
    let mut n_untimed = 0;
    for (place, read) in points(&text) {
        match read {
            Ok(point) => {
                n_untimed += u64::from(point.time.is_none());
                take(&mut gather, place, point, file_time);
            }
            Err(reason) => gather.refuse(place, format!("the line {reason}")),
        }
    }
    if n_untimed > 0
        && let Some(at) = file_time
    {
        let reason = format!("{n_untimed} points carry no time; that of the file was taken, {}", when::shown(at));
        gather.problems.push(Place::default().problem(ProblemKind::Time, reason));
    }
    gather.finish(bytes)
}

fn take(gather: &mut Gather<'_>, place: Place, point: Point, file_time: Option<Timestamp>) {
    gather.n_records += 1;
    let Some(time) = point.time.or(file_time) else {
        gather.unplaced(place, "the point carries no time and nothing tells that of the file");
        return;
    };
    gather.certainty = Some(if point.time.is_some() { ZoneCertainty::Offset } else { ZoneCertainty::Inferred });
    for (key, value) in point.fields {
        let name = if key == "value" { point.measurement.clone() } else { format!("{}_{key}", point.measurement) };
        let mut identity = Identity::new(name, point.tags.clone());
        let value = match value {
            Field::Number(value) => value,
            Field::Text(text) => {
                identity.labels.push(("value".into(), text));
                identity.kind = Some(SeriesKind::Gauge);
                1.0
            }
        };
        gather.push(place, identity, time, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_become_series_of_their_fields() {
        let text = "# comment\ncpu,host=a\\ b,region=eu idle=98.5,busy=2i,up=true 1700000000000000000\n\
                    cpu,host=a\\ b,region=eu idle=97 1700000010000000000\nload value=0.5 1700000000000000000\n\
                    app state=\"all, right\",n=3u 1700000000000\n";
        let document = parse(text.as_bytes(), &Context::default());
        let found: Vec<(String, String, Vec<f64>)> = document
            .series
            .iter()
            .map(|s| {
                let labels: Vec<String> = s.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
                (s.name.clone(), labels.join(","), s.samples.iter().map(|sample| sample.value).collect())
            })
            .collect();
        let expect = |name: &str, labels: &str, values: &[f64]| (name.to_owned(), labels.to_owned(), values.to_vec());
        assert_eq!(
            found,
            [
                expect("cpu_idle", "host=a b,region=eu", &[98.5, 97.0]),
                expect("cpu_busy", "host=a b,region=eu", &[2.0]),
                expect("cpu_up", "host=a b,region=eu", &[1.0]),
                expect("load", "", &[0.5]),
                expect("app_state", "value=all, right", &[1.0]),
                expect("app_n", "", &[3.0]),
            ]
        );
        assert_eq!((document.n_records, document.problems.total()), (4, 0));
        assert!(document.series.iter().all(|one| one.samples[0].time == Timestamp::from_secs(1_700_000_000)));
    }

    #[test]
    fn a_text_in_quotes_may_hold_line_ends() {
        let text = "log,host=c msg=\"first\r\n# second, a=\\\"b\\\"\n\nthird\",n=2 1700000000000000000\nlog,host=c n=3 1700000010000000000\n\
                    log,host=c msg=\"open 1700000020000000000\nlog,host=c n=4 1700000030000000000\n";
        assert!(recognise(text).is_some());
        let document = parse(text.as_bytes(), &Context::default());
        let values: Vec<f64> = document
            .series
            .iter()
            .find(|one| one.name == "log_n")
            .into_iter()
            .flat_map(crate::parse::ParsedSeries::iter)
            .map(|s| s.value)
            .collect();
        assert_eq!(values, [2.0, 3.0, 4.0]);
        let said = document.series.iter().find(|one| one.name == "log_msg").and_then(|one| one.labels.get("value"));
        assert_eq!(said, Some("first\r\n# second, a=\"b\"\n\nthird"));
        assert_eq!((document.n_records, document.problems.total()), (3, 1));
        assert_eq!(document.problems.kept()[0].line, 6);
    }

    #[test]
    fn other_lines_are_not_taken_for_points_and_broken_ones_are_counted() {
        for other in ["level=info msg=\"x y\" n=1", "2026-11-23 10:00:00 started", "key value", "a b c d", "up{job=\"x\"} 1 1700000000"] {
            assert!(recognise(other).is_none(), "{other}");
        }
        assert!(recognise("m f=1 1700000000").is_some() && recognise("m,a=b f=1\nm,a=c f=2\n").is_some());
        let document = parse(b"m f=1 1700000000\nm f= 1700000000\nm,t f=1\nm f=\"open 1\n", &Context::default());
        assert_eq!((document.n_records, document.problems.total()), (1, 3));
    }
}
