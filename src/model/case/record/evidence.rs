//! Evidence as JSON: what it points at (`src`, `sel`) apart from what was frozen of it (`snapshot`).

use serde_json::{Map, Value, json};

use super::fields::{Taker, labels_json, number, put_text, time};
use crate::model::case::{Evidence, EvidenceTarget};
use crate::model::text::rfc3339;
use crate::model::{TimeRange, Timestamp, Unit};

pub(super) fn put_evidence(out: &mut Map<String, Value>, evidence: &Evidence) {
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
        EvidenceTarget::Diff { before, after, text, .. } => ("diff", json!({"before": before, "after": after}), json!({"text": text})),
        EvidenceTarget::Link { url, .. } => ("link", json!({"url": url}), json!({})),
    };
    out.insert("what".into(), json!(what));
    out.insert("sel".into(), sel);
    out.insert("snapshot".into(), snapshot);
}

pub(super) fn take_evidence(take: &mut Taker) -> Result<Evidence, String> {
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
        "diff" => EvidenceTarget::Diff { at, before: of.opt_text("before")?, after: of.opt_text("after")?, text: kept.text("text")? },
        "link" => EvidenceTarget::Link { at, url: of.text("url")? },
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
        EvidenceTarget::Lines { at, .. }
        | EvidenceTarget::Change { at, .. }
        | EvidenceTarget::Profile { at, .. }
        | EvidenceTarget::Diff { at, .. }
        | EvidenceTarget::Link { at, .. } => *at,
    }
}

fn unit_from_name(name: &str) -> Option<Unit> {
    [Unit::None, Unit::Seconds, Unit::Bytes, Unit::Ratio, Unit::PerSecond, Unit::BytesPerSecond]
        .into_iter()
        .find(|unit| unit.name() == name)
}
