//! Answers of the Prometheus query API (also Thanos, Mimir, VictoriaMetrics): matrix, vector, scalar, error body.
//!
//! The usual form of a matrix is walked as bytes (`fast`); all else is streamed series by series, so that a cut document
//! keeps what came before the cut. Times are read as decimal text, never through a float.

pub mod exemplars;
mod fast;
mod histograms;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::catalog::Problems;
use crate::model::{Labels, ProblemKind, Sample, Timestamp, Zone, ZoneCertainty, when};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::native::{self, Histogram};
use super::{Collector, Place, Surprise, meaning, value_of};

/// Reads an answer of `/api/v1/query` or `/query_range`, the bare `data` of one, a bare array of series, or several in
/// a row (`/api/v1/export` of `VictoriaMetrics` among them).
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    if let Some(document) = usual(bytes, context) {
        return document;
    }
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut answer = Answer { text: &text, stem: super::stem(&context.path), problems, ..Answer::default() };
    let mut reader = serde_json::Deserializer::from_str(&text);
    loop {
        if let Err(error) = (Whole { answer: &mut answer }).deserialize(&mut reader) {
            let kept = format!("; {} complete series are kept", answer.n_series);
            answer.problems.push(json::problem_of(&error, &text, &kept));
            break;
        }
        if reader.end().is_ok() {
            break;
        }
    }
    answer.into_document(bytes, context)
}

/// The usual form of a matrix; `None` when it is anything else.
fn usual(bytes: &[u8], context: &Context) -> Option<Document> {
    let matrix = fast::matrix(bytes)?;
    let mut answer = Answer { stem: super::stem(&context.path), ..Answer::default() };
    for (name, labels, samples) in matrix.series {
        answer.n_series += 1;
        answer.n_points += samples.len() as u64;
        let name = name.unwrap_or_else(|| answer.stem.to_owned());
        answer.collector.whole_series(name, labels, samples)?;
    }
    matrix.words.iter().for_each(|words| answer.warn(words));
    Some(answer.into_document(bytes, context))
}

#[derive(Default)]
struct Answer<'a> {
    text: &'a str,
    stem: &'a str,
    collector: Collector,
    problems: Problems,
    status: String,
    error_kind: String,
    error: String,
    /// Time of a scalar result, until its value comes.
    scalar_time: Option<Timestamp>,
    n_series: u64,
    n_points: u64,
    /// Native histograms by name and labels.
    histograms: BTreeMap<(String, Labels), Vec<Histogram>>,
    /// Native histograms that cannot be read.
    n_bad_histograms: u64,
}

impl Answer<'_> {
    fn into_document(mut self, bytes: &[u8], context: &Context) -> Document {
        if self.status == "error" || !self.error.is_empty() {
            let reason = format!(
                "the engine answered with an error: {}{}{}",
                self.error_kind,
                if self.error_kind.is_empty() { "" } else { ": " },
                self.error
            );
            self.problems.push(Place::default().problem(ProblemKind::Answer, reason));
        }
        if self.n_bad_histograms > 0 {
            let reason = format!("{} native histogram samples cannot be read", self.n_bad_histograms);
            self.problems.push(Place::default().problem(ProblemKind::Syntax, reason));
        }
        let mut series = self.collector.finish(context, &mut self.problems);
        for ((name, labels), mut histograms) in self.histograms {
            histograms.sort_by_key(|one| one.time_ms);
            histograms.dedup_by_key(|one| one.time_ms);
            let mut parts = native::series(&name, &labels, &histograms);
            for part in &mut parts {
                meaning::fill(part, None);
            }
            series.extend(parts);
        }
        let n_records: u64 = series.iter().map(|one| one.n_samples() as u64).sum();
        let certainty = if n_records > 0 { ZoneCertainty::Offset } else { ZoneCertainty::None };
        let name = if n_records > 0 { "UTC".to_owned() } else { String::new() };
        Document {
            alerts: crate::parse::alert::series::alerts(&series, context),
            series,
            problems: self.problems,
            n_records,
            n_lines: json::count_lines(bytes),
            zone: Zone { name, certainty },
            ..Document::default()
        }
    }

    fn place(&self, piece: &str) -> Place {
        let byte = json::offset_in(self.text, piece);
        Place { line: json::line_of(self.text.as_bytes(), byte), byte: byte as u64 }
    }

    fn warn(&mut self, words: &Value) {
        for word in words.as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.problems.push(Place::default().problem(ProblemKind::Answer, format!("the engine says: {word}")));
        }
    }

    fn add_point(&mut self, index: usize, time: &str, value: &str) {
        let value = unquoted(value);
        if value == "null" {
            return; // a gap
        }
        let outcome = match (when::epoch(unquoted(time)), value_of(value)) {
            (Some(time), Ok(value)) => {
                self.n_points += 1;
                self.collector.push(index, Sample { time, value })
            }
            (None, _) => Err(Surprise { kind: ProblemKind::Time, reason: format!("{time} is not a time") }),
            (_, Err(reason)) => Err(Surprise { kind: ProblemKind::Syntax, reason }),
        };
        if let Err(surprise) = outcome {
            // Finding a place reads the text up to it: only done for those that are kept word by word.
            let is_kept = self.problems.kept().len() < Problems::KEPT;
            let place = if is_kept { self.place(time) } else { Place::default() };
            self.problems.push(place.problem(surprise.kind, surprise.reason));
        }
    }

    /// Takes one series; the raw arrays are valid JSON already.
    fn add_series(&mut self, parts: &SeriesParts<'_>) {
        let mut name = self.stem.to_owned();
        let mut pairs = Vec::with_capacity(parts.metric.len());
        for (label, value) in &parts.metric {
            match (label.as_str(), json::plain(value)) {
                ("__name__", Some(value)) => name = value,
                (_, Some(value)) => pairs.push((label.clone(), value)),
                (_, None) => {}
            }
        }
        let labels = Labels::new(pairs);
        self.n_series += 1;
        for text in parts.histograms.iter().chain(&parts.histogram) {
            let (found, n_bad) = histograms::read(text.get());
            self.n_bad_histograms += n_bad;
            if !found.is_empty() {
                self.histograms.entry((name.clone(), labels.clone())).or_default().extend(found);
            }
        }
        if parts.value.is_none() && parts.values.is_none() && (parts.histogram.is_some() || parts.histograms.is_some()) {
            return;
        }
        let index = self.collector.series(name, labels);
        if let Some(value) = parts.value {
            for (time, value) in Pairs::of_one(value.get()) {
                self.add_point(index, time, value);
            }
        }
        match (parts.values, parts.timestamps) {
            (Some(values), Some(timestamps)) => {
                for (time, value) in Scalars(timestamps.get()).zip(Scalars(values.get())) {
                    self.add_point(index, time, value);
                }
            }
            (Some(values), None) => {
                for (time, value) in Pairs(values.get()) {
                    self.add_point(index, time, value);
                }
            }
            (None, _) => {}
        }
    }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// `[[t,v],…]` → (t, v), each as raw text. The input is valid JSON; pairs that hold anything but scalars end the walk.
struct Pairs<'a>(&'a str);

impl<'a> Pairs<'a> {
    fn of_one(pair: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut scalars = Scalars(pair);
        scalars.next().zip(scalars.next()).into_iter()
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);
    fn next(&mut self) -> Option<Self::Item> {
        // The outer bracket and commas before a pair are stepped over with the pair's own bracket.
        let text = self.0;
        let time_start = text.bytes().position(|b| !matches!(b, b'[' | b',' | b']' | b' ' | b'\n' | b'\r' | b'\t'))?;
        // Some ten bytes each: a plain loop beats a search made for long distances.
        let comma = text.as_bytes()[time_start..].iter().position(|b| *b == b',')? + time_start;
        let close = text.as_bytes()[comma..].iter().position(|b| *b == b']')? + comma;
        self.0 = &text[close + 1..];
        Some((text[time_start..comma].trim(), text[comma + 1..close].trim()))
    }
}

/// `[a,b,…]` → a, b … as raw text; strings in these arrays hold no commas.
struct Scalars<'a>(&'a str);

impl<'a> Iterator for Scalars<'a> {
    type Item = &'a str;
    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches(|c: char| c == '[' || c == ',' || c.is_whitespace());
        let end = text.find([',', ']'])?;
        let (scalar, rest) = text.split_at(end);
        self.0 = rest;
        let scalar = scalar.trim();
        (!scalar.is_empty()).then_some(scalar)
    }
}

#[derive(Default)]
struct SeriesParts<'a> {
    metric: Vec<(String, Value)>,
    value: Option<&'a RawValue>,
    values: Option<&'a RawValue>,
    timestamps: Option<&'a RawValue>,
    histogram: Option<&'a RawValue>,
    histograms: Option<&'a RawValue>,
}

/// The whole body, its `data`, or a bare array of series.
struct Whole<'o, 'a> {
    answer: &'o mut Answer<'a>,
}

impl<'de> DeserializeSeed<'de> for Whole<'_, 'de> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer of the query API")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        Results { answer: self.answer }.visit_seq(seq)
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut parts = SeriesParts::default();
        let mut is_series = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "status" => self.answer.status = json::plain(&map.next_value()?).unwrap_or_default(),
                "errorType" => self.answer.error_kind = json::plain(&map.next_value()?).unwrap_or_default(),
                "error" => self.answer.error = json::plain(&map.next_value()?).unwrap_or_default(),
                "warnings" | "infos" => {
                    let words: Value = map.next_value()?;
                    self.answer.warn(&words);
                }
                "data" => map.next_value_seed(Whole { answer: &mut *self.answer })?,
                "result" => map.next_value_seed(Results { answer: &mut *self.answer })?,
                _ => is_series |= parts.take(&key, &mut map)?,
            }
        }
        if is_series {
            self.answer.add_series(&parts);
        }
        Ok(())
    }
}

impl<'de> SeriesParts<'de> {
    /// Takes the value of a key of a series; says whether the key belongs to one.
    fn take<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "metric" => {
                let labels: Value = map.next_value()?;
                if let Value::Object(labels) = labels {
                    self.metric = labels.into_iter().collect();
                }
            }
            "value" => self.value = map.next_value()?,
            "values" => self.values = map.next_value()?,
            "timestamps" => self.timestamps = map.next_value()?,
            "histogram" => self.histogram = map.next_value()?,
            "histograms" => self.histograms = map.next_value()?,
            _ => {
                map.next_value::<IgnoredAny>()?;
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The array of series, or the two elements of a scalar.
struct Results<'o, 'a> {
    answer: &'o mut Answer<'a>,
}

impl<'de> DeserializeSeed<'de> for Results<'_, 'de> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Results<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of series")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(One { answer: &mut *self.answer })?.is_some() {}
        Ok(())
    }
}

/// One series, or one element of a scalar.
struct One<'o, 'a> {
    answer: &'o mut Answer<'a>,
}

impl<'de> DeserializeSeed<'de> for One<'_, 'de> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series")
    }
    fn visit_u64<E>(self, secs: u64) -> Result<(), E> {
        self.answer.scalar_time = when::epoch(&secs.to_string());
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, secs: f64) -> Result<(), E> {
        self.answer.scalar_time = when::epoch(&format!("{secs:.6}"));
        Ok(())
    }
    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let Some(time) = self.answer.scalar_time.take() else { return Ok(()) };
        let Ok(value) = value_of(value) else {
            let reason = format!("the engine answered with a text, which no panel can show: {value:?}");
            self.answer.problems.push(Place::default().problem(ProblemKind::Answer, reason));
            return Ok(());
        };
        let index = self.answer.collector.series(self.answer.stem.to_owned(), Labels::default());
        self.answer.n_series += 1;
        self.answer.n_points += 1;
        // A series of its own with a single sample holds no surprise.
        let _ = self.answer.collector.push(index, Sample { time, value });
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut parts = SeriesParts::default();
        while let Some(key) = map.next_key::<String>()? {
            parts.take(&key, &mut map)?;
        }
        self.answer.add_series(&parts);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
