//! One annotation as one JSON object with a fixed order of keys, and back.
//!
//! Order: `id v kind`, the fields of the kind, `text tags author created updated rev`, then the fields that this
//! version does not know. A record of a known kind whose own fields do not fit is read as `Other`: nothing is lost,
//! because its fields then all count as unknown.

use serde_json::{Map, Value, json};

use super::parse_time;
use crate::model::case::{ActionItem, Attempt, Cause, CauseStatus, CauseType, Evidence, EvidenceTarget, MarkerName, Relation};
use crate::model::text::rfc3339;
use crate::model::{Annotation, AnnotationId, AnnotationKind, Labels, TimeRange, Timestamp, Unit};

/// Version of the record layout, written as `v`.
const VERSION: u64 = 1;
/// Keys that every kind has.
const COMMON: [&str; 9] = ["id", "v", "kind", "text", "tags", "author", "created", "updated", "rev"];

/// The annotation as a JSON object. O(size).
pub fn annotation_to_json(annotation: &Annotation) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("id".into(), json!(annotation.id.0));
    out.insert("v".into(), annotation.unknown.get("v").cloned().unwrap_or_else(|| json!(VERSION)));
    out.insert("kind".into(), json!(annotation.kind.name()));
    put_kind(&mut out, &annotation.kind);
    out.insert("text".into(), json!(annotation.text));
    if !annotation.tags.is_empty() {
        out.insert("tags".into(), json!(annotation.tags));
    }
    if !annotation.author.is_empty() {
        out.insert("author".into(), json!(annotation.author));
    }
    for (key, at) in [("created", annotation.created), ("updated", annotation.updated)] {
        if at != Timestamp::default() {
            out.insert(key.into(), time(at));
        }
    }
    out.insert("rev".into(), json!(annotation.revision));
    for (key, value) in &annotation.unknown {
        match (out.get_mut(key), value) {
            // What is unknown inside a known object goes back into that object.
            (Some(Value::Object(known)), Value::Object(more)) => {
                for (name, value) in more {
                    known.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            (Some(_), _) => {}
            (None, _) => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    out
}

/// Reads an annotation. `Err` says what is missing; the second part of `Ok` says why a record of a known kind
/// was kept as `Other`.
pub fn annotation_from_json(object: &Map<String, Value>) -> Result<(Annotation, Option<String>), String> {
    let id = object.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).ok_or("record without an \"id\" text")?;
    let kind_name = object.get("kind").and_then(Value::as_str).ok_or("record without a \"kind\" text")?;
    let mut unknown = object.clone();
    let common = take_common(&mut unknown)?;
    let before = unknown.clone();
    let (kind, surprise) = match take_kind(kind_name, &mut unknown) {
        Ok(Some(kind)) => (kind, None),
        Ok(None) => (AnnotationKind::Other(kind_name.to_owned()), None),
        Err(reason) => {
            unknown = before;
            (AnnotationKind::Other(kind_name.to_owned()), Some(reason))
        }
    };
    let annotation = Annotation { id: AnnotationId(id.to_owned()), kind, unknown, ..common };
    Ok((annotation, surprise))
}

/// Reads the fields that all kinds share and removes them; `kind` and `id` of the answer are to be set.
fn take_common(fields: &mut Map<String, Value>) -> Result<Annotation, String> {
    let mut common = Annotation {
        id: AnnotationId::default(),
        kind: AnnotationKind::Other(String::new()),
        text: String::new(),
        tags: Vec::new(),
        author: String::new(),
        created: Timestamp::default(),
        updated: Timestamp::default(),
        revision: 1,
        unknown: Map::new(),
    };
    for key in COMMON {
        let Some(value) = fields.shift_remove(key) else { continue };
        let wrong = || format!("\"{key}\" does not hold what it should");
        match key {
            "v" if value.as_u64() != Some(VERSION) => {
                fields.insert("v".into(), value);
            }
            "text" => value.as_str().ok_or_else(wrong)?.clone_into(&mut common.text),
            "author" => value.as_str().ok_or_else(wrong)?.clone_into(&mut common.author),
            "tags" => common.tags = texts(&value).ok_or_else(wrong)?,
            "created" => common.created = value.as_str().and_then(parse_time).ok_or_else(wrong)?,
            "updated" => common.updated = value.as_str().and_then(parse_time).ok_or_else(wrong)?,
            "rev" => common.revision = value.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong)?,
            _ => {}
        }
    }
    Ok(common)
}

fn put_kind(out: &mut Map<String, Value>, kind: &AnnotationKind) {
    match kind {
        AnnotationKind::Moment { at, service, row_kind } => {
            out.insert("t".into(), time(*at));
            put_text(out, "svc", service.as_deref());
            put_text(out, "rowkind", row_kind.as_deref());
        }
        AnnotationKind::Range { range, service, row_kind } => {
            put_range(out, *range);
            put_text(out, "svc", service.as_deref());
            put_text(out, "rowkind", row_kind.as_deref());
        }
        AnnotationKind::Marker { name, at, latest, rule } => {
            out.insert("t".into(), time(*at));
            if let Some(latest) = latest {
                out.insert("t_latest".into(), time(*latest));
            }
            out.insert("name".into(), json!(name.name()));
            out.insert("rule".into(), json!(rule));
        }
        AnnotationKind::Evidence(evidence) => put_evidence(out, evidence),
        AnnotationKind::Cause(cause) => {
            if let Some(range) = cause.at {
                put_range(out, range);
            }
            out.insert("order".into(), json!(cause.order));
            out.insert("ctype".into(), json!(cause.cause_type.name()));
            out.insert("status".into(), json!(cause.status.name()));
            out.insert("ev".into(), ids(&cause.evidence));
        }
        AnnotationKind::Link { from, to, relation } => {
            out.insert("from".into(), json!(from.0));
            out.insert("to".into(), json!(to.0));
            out.insert("rel".into(), json!(relation.name()));
        }
        AnnotationKind::Attempt(attempt) => {
            put_range(out, attempt.at);
            put_text(out, "effect", attempt.effect.as_deref());
        }
        AnnotationKind::Action(action) => {
            put_text(out, "type", action.action_type.as_deref());
            put_text(out, "owner", action.owner.as_deref());
            put_text(out, "priority", action.priority.as_deref());
            put_text(out, "link", action.link.as_deref());
            put_text(out, "due", action.due.as_deref());
            put_text(out, "done_when", action.done_when.as_deref());
            if !action.causes.is_empty() {
                out.insert("causes".into(), ids(&action.causes));
            }
        }
        AnnotationKind::KeyMoment { at } => {
            out.insert("t".into(), time(*at));
        }
        AnnotationKind::Other(_) => {}
    }
}

/// Reads and removes the fields of a kind; `None` for a kind that this version does not know.
fn take_kind(kind: &str, fields: &mut Map<String, Value>) -> Result<Option<AnnotationKind>, String> {
    let mut take = Taker { fields };
    Ok(Some(match kind {
        "moment" => AnnotationKind::Moment { at: take.time("t")?, service: take.opt_text("svc")?, row_kind: take.opt_text("rowkind")? },
        "range" => AnnotationKind::Range { range: take.range()?, service: take.opt_text("svc")?, row_kind: take.opt_text("rowkind")? },
        "marker" => AnnotationKind::Marker {
            at: take.time("t")?,
            latest: take.opt_time("t_latest")?,
            name: take.named("name", MarkerName::from_name)?,
            rule: take.opt_text("rule")?.unwrap_or_else(|| "manual".to_owned()),
        },
        "evidence" => AnnotationKind::Evidence(take_evidence(&mut take)?),
        "cause" => AnnotationKind::Cause(Cause {
            at: if take.fields.contains_key("t0") { Some(take.range()?) } else { None },
            order: take.opt_u64("order")?.map_or(Ok(0), |n| u32::try_from(n).map_err(|_| "\"order\" is too great".to_owned()))?,
            cause_type: take.named("ctype", CauseType::from_name)?,
            status: take.named("status", CauseStatus::from_name)?,
            evidence: take.ids("ev")?,
        }),
        "link" => AnnotationKind::Link {
            from: AnnotationId(take.text("from")?),
            to: AnnotationId(take.text("to")?),
            relation: take.named("rel", Relation::from_name)?,
        },
        "attempt" => AnnotationKind::Attempt(Attempt { at: take.range()?, effect: take.opt_text("effect")? }),
        "action" => AnnotationKind::Action(ActionItem {
            action_type: take.opt_text("type")?,
            owner: take.opt_text("owner")?,
            priority: take.opt_text("priority")?,
            link: take.opt_text("link")?,
            due: take.opt_text("due")?,
            done_when: take.opt_text("done_when")?,
            causes: take.ids("causes")?,
        }),
        "keymoment" => AnnotationKind::KeyMoment { at: take.time("t")? },
        _ => return Ok(None),
    }))
}

fn put_evidence(out: &mut Map<String, Value>, evidence: &Evidence) {
    if let Some(at) = evidence_time(&evidence.target) {
        out.insert("t".into(), time(at));
    }
    let mut source = Map::new();
    source.insert("path".into(), json!(evidence.source));
    put_text(&mut source, "sha256", evidence.source_sha256.as_deref());
    out.insert("src".into(), Value::Object(source));
    let (what, sel, snapshot) = match &evidence.target {
        EvidenceTarget::Series { name, labels, unit, range, value, peak, points, .. } => (
            "series",
            json!({"series": name, "labels": labels_json(labels), "from": rfc3339(range.start()), "to": rfc3339(range.end())}),
            json!({
                "unit": unit.name(),
                "value": value.map(number),
                "peak": peak.map(|(at, value)| json!({"t": rfc3339(at), "value": number(value)})),
                "points": points.iter().map(|point| point.map(number)).collect::<Vec<_>>(),
            }),
        ),
        EvidenceTarget::Lines { first, last, sha256, excerpt, .. } => {
            ("lines", json!({"first": first, "last": last}), json!({"sha256": sha256, "excerpt": excerpt}))
        }
        EvidenceTarget::Change { line, text, .. } => ("change", json!({"line": line}), json!({"text": text})),
        EvidenceTarget::Alert { name, labels, until, .. } => {
            ("alert", json!({"alert": name, "labels": labels_json(labels)}), json!({"until": until.map(rfc3339)}))
        }
        EvidenceTarget::Profile { profile, total, unit, .. } => {
            ("profile", json!({"profile": profile}), json!({"total": number(*total), "unit": unit}))
        }
    };
    out.insert("what".into(), json!(what));
    out.insert("sel".into(), sel);
    out.insert("snapshot".into(), snapshot);
}

fn take_evidence(take: &mut Taker) -> Result<Evidence, String> {
    let at = take.opt_time("t")?;
    let what = take.text("what")?;
    let (mut source, mut sel, mut snapshot) = (take.object("src")?, take.object("sel")?, take.object("snapshot")?);
    let mut src = Taker { fields: &mut source };
    let (path, source_sha256) = (src.text("path")?, src.opt_text("sha256")?);
    let needs_time = || "evidence without a time \"t\"".to_owned();
    let (mut of, mut kept) = (Taker { fields: &mut sel }, Taker { fields: &mut snapshot });
    let target = match what.as_str() {
        "series" => EvidenceTarget::Series {
            name: of.text("series")?,
            labels: of.labels("labels")?,
            range: TimeRange::new(of.time("from")?, of.time("to")?),
            at: at.ok_or_else(needs_time)?,
            unit: kept.named("unit", unit_from_name)?,
            value: kept.opt_number("value")?,
            peak: kept.peak()?,
            points: kept.points()?,
        },
        "lines" => EvidenceTarget::Lines {
            first: of.u64("first")?,
            last: of.u64("last")?,
            at,
            sha256: kept.text("sha256")?,
            excerpt: kept.text("excerpt")?,
        },
        "change" => EvidenceTarget::Change { line: of.u64("line")?, at, text: kept.text("text")? },
        "alert" => EvidenceTarget::Alert {
            name: of.text("alert")?,
            labels: of.labels("labels")?,
            at: at.ok_or_else(needs_time)?,
            until: kept.opt_time("until")?,
        },
        "profile" => EvidenceTarget::Profile {
            profile: of.text("profile")?,
            at,
            total: kept.opt_number("total")?.ok_or("\"total\" is missing")?,
            unit: kept.text("unit")?,
        },
        _ => return Err(format!("evidence of an unknown sort {what:?}")),
    };
    for (key, rest) in [("src", source), ("sel", sel), ("snapshot", snapshot)] {
        if !rest.is_empty() {
            take.fields.insert(key.to_owned(), Value::Object(rest));
        }
    }
    Ok(Evidence { source: path, source_sha256, target })
}

const fn evidence_time(target: &EvidenceTarget) -> Option<Timestamp> {
    match target {
        EvidenceTarget::Series { at, .. } | EvidenceTarget::Alert { at, .. } => Some(*at),
        EvidenceTarget::Lines { at, .. } | EvidenceTarget::Change { at, .. } | EvidenceTarget::Profile { at, .. } => *at,
    }
}

fn unit_from_name(name: &str) -> Option<Unit> {
    [Unit::None, Unit::Seconds, Unit::Bytes, Unit::Ratio, Unit::PerSecond, Unit::BytesPerSecond]
        .into_iter()
        .find(|unit| unit.name() == name)
}

fn time(at: Timestamp) -> Value {
    Value::String(rfc3339(at))
}

fn put_text(out: &mut Map<String, Value>, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        out.insert(key.into(), json!(text));
    }
}

fn put_range(out: &mut Map<String, Value>, range: TimeRange) {
    out.insert("t0".into(), time(range.start()));
    out.insert("t1".into(), time(range.end()));
}

fn ids(ids: &[AnnotationId]) -> Value {
    Value::Array(ids.iter().map(|id| json!(id.0)).collect())
}

fn labels_json(labels: &Labels) -> Value {
    Value::Object(labels.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

/// A number as JSON; what JSON cannot say is text.
fn number(value: f64) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        json!(value)
    }
}

fn number_from(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "+Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Takes typed fields out of an object; what stays is unknown.
struct Taker<'a> {
    fields: &'a mut Map<String, Value>,
}

impl Taker<'_> {
    fn take<T>(&mut self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
        match self.fields.shift_remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(&value).map(Some).ok_or_else(|| format!("\"{key}\" does not hold what it should")),
        }
    }

    fn opt_text(&mut self, key: &str) -> Result<Option<String>, String> {
        self.take(key, |value| value.as_str().map(str::to_owned))
    }

    fn text(&mut self, key: &str) -> Result<String, String> {
        self.opt_text(key)?.ok_or_else(|| missing(key))
    }

    fn opt_time(&mut self, key: &str) -> Result<Option<Timestamp>, String> {
        self.take(key, |value| value.as_str().and_then(parse_time))
    }

    fn time(&mut self, key: &str) -> Result<Timestamp, String> {
        self.opt_time(key)?.ok_or_else(|| missing(key))
    }

    fn range(&mut self) -> Result<TimeRange, String> {
        let start = self.time("t0")?;
        let end = self.time("t1")?;
        if end < start {
            return Err("\"t1\" is earlier than \"t0\"".into());
        }
        Ok(TimeRange::new(start, end))
    }

    fn named<T>(&mut self, key: &str, from_name: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let name = self.text(key)?;
        from_name(&name).ok_or_else(|| format!("\"{key}\" has the unknown name {name:?}"))
    }

    fn ids(&mut self, key: &str) -> Result<Vec<AnnotationId>, String> {
        Ok(self.take(key, texts)?.unwrap_or_default().into_iter().map(AnnotationId).collect())
    }

    fn opt_u64(&mut self, key: &str) -> Result<Option<u64>, String> {
        self.take(key, Value::as_u64)
    }

    fn u64(&mut self, key: &str) -> Result<u64, String> {
        self.opt_u64(key)?.ok_or_else(|| missing(key))
    }

    fn opt_number(&mut self, key: &str) -> Result<Option<f64>, String> {
        self.take(key, number_from)
    }

    fn object(&mut self, key: &str) -> Result<Map<String, Value>, String> {
        self.take(key, |value| value.as_object().cloned())?.ok_or_else(|| missing(key))
    }

    fn labels(&mut self, key: &str) -> Result<Labels, String> {
        let pairs = self.object(key)?;
        let pairs: Option<Vec<_>> = pairs.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        pairs.map(Labels::new).ok_or_else(|| format!("\"{key}\" holds a value that is no text"))
    }

    fn peak(&mut self) -> Result<Option<(Timestamp, f64)>, String> {
        self.take("peak", |value| {
            let at = value.get("t").and_then(Value::as_str).and_then(parse_time)?;
            Some((at, number_from(value.get("value")?)?))
        })
    }

    fn points(&mut self) -> Result<Vec<Option<f64>>, String> {
        let read = |value: &Value| {
            value.as_array()?.iter().map(|point| if point.is_null() { Some(None) } else { number_from(point).map(Some) }).collect()
        };
        Ok(self.take("points", read)?.unwrap_or_default())
    }
}

fn missing(key: &str) -> String {
    format!("\"{key}\" is missing")
}
