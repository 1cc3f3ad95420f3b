//! The postmortem as JSON: every value with its formula and inputs, in a stable order, the same bytes on every run.
//!
//! Schema `coroner.postmortem/1`; fields are added, never changed in meaning. Moments are RFC 3339 beside the whole
//! nanoseconds since 1970 as text, for readers whose numbers cannot hold them. Words are as they came from their
//! sources; what a terminal would obey is written as a `\u` escape. Each struct is taken apart by name, so that a new
//! field cannot be forgotten here.

use serde_json::{Map, Value, json};

use super::layout::Audience;
use super::lint::Finding;
use super::postmortem::{
    ACTION_TYPES, ActionRow, AlertRow, AttemptRow, AuthorRow, Block, ClockDoubt, Coverage, Derived, Detection, Edge, Effect, Exhibit,
    GapRow, Head, Indicator, Indicators, MarkerRow, Postmortem, Provenance, SeriesUsed, ServiceRow, Sign, SourceUsed, StageCheck, StageRow,
    Step, TimelineRow, TurningPoint,
};
use crate::model::case::{Relation, Verdict};
use crate::model::text::{printable, rfc3339};
use crate::model::{TimeRange, Timestamp};

/// Name and version of the shape.
pub const SCHEMA: &str = "coroner.postmortem/1";

/// Name of its JSON Schema, `assets/postmortem.schema.json`.
pub const SCHEMA_ID: &str = "urn:coroner:postmortem:1";
/// The schema itself.
pub const SCHEMA_TEXT: &str = include_str!("../../assets/postmortem.schema.json");

/// The document, indented, with a line end.
pub fn print(postmortem: &Postmortem) -> String {
    let text = serde_json::to_string_pretty(&value(postmortem)).unwrap_or_default();
    format!("{}\n", harmless(&text))
}

/// One value on one line.
pub(super) fn line(value: &Value) -> String {
    harmless(&value.to_string())
}

/// What a terminal would obey, or a reader not see, as `\u` escapes. Line ends stay: JSON has none inside of texts.
pub(super) fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for line in json.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        if matches!(printable(body), std::borrow::Cow::Borrowed(_)) {
            out.push_str(body);
        } else {
            for c in body.chars() {
                let mut utf8 = [0; 4];
                if matches!(printable(c.encode_utf8(&mut utf8)), std::borrow::Cow::Borrowed(_)) {
                    out.push(c);
                } else {
                    let mut utf16 = [0; 2];
                    out.extend(c.encode_utf16(&mut utf16).iter().map(|unit| format!("\\u{unit:04x}")));
                }
            }
        }
        out.push_str(end);
    }
    out
}

/// The document as a value.
pub fn value(postmortem: &Postmortem) -> Value {
    let Postmortem {
        head,
        summary,
        impact,
        degraded,
        slo,
        services,
        response,
        detection,
        what_if,
        indicators,
        timeline,
        n_left_out,
        chain,
        edges,
        exhibits,
        attempts,
        turning_points,
        actions,
        considered,
        coverage,
        stages,
        told,
        sections,
        recovered,
        impact_s,
        provenance,
        lint,
        redactions,
        charts,
        assets,
        audience,
        foreign: _,
    } = postmortem;
    json!({
        "$schema": SCHEMA_ID,
        "schema": SCHEMA,
        "audience": match audience {
            Audience::Internal => "internal",
            Audience::Public => "public",
        },
        "head": self::head(head),
        "summary": summary.iter().map(|(slot, text)| json!({"slot": slot, "text": text})).collect::<Vec<_>>(),
        "impact": all(impact, derived),
        "impact_seconds": number(*impact_s),
        "recovered_by_data": moment(*recovered),
        "degraded": all(degraded, derived),
        "slo": all(slo, derived),
        "services": all(services, service),
        "response": all(response, derived),
        "detection": self::detection(detection),
        "what_if": all(what_if, derived),
        "indicators": self::indicators(indicators),
        "timeline": all(timeline, row),
        "timeline_left_out": n_left_out,
        "causes": all(chain, step),
        "edges": all(edges, edge),
        "evidence": all(exhibits, exhibit),
        "attempts": all(attempts, attempt),
        "turning_points": all(turning_points, turning_point),
        "actions": all(actions, action),
        "considered": all(considered, action),
        "coverage": self::coverage(coverage),
        "stages": all(stages, stage),
        "told": told.iter().map(|one| json!({"name": one.name, "title": one.title, "head": one.head, "rows": one.rows})).collect::<Vec<_>>(),
        "sections": sections.iter().map(|(name, text)| json!({"name": name, "text": text})).collect::<Vec<_>>(),
        "charts": charts
            .iter()
            .map(|(stem, chart)| json!({
                "file": format!("{assets}/{stem}.svg"),
                "title": chart.title,
                "unit": chart.unit.name(),
                "range": range(chart.range),
                "threshold": number(chart.threshold),
                "clipped_at": number(chart.clip),
            }))
            .collect::<Vec<_>>(),
        "provenance": self::provenance(provenance),
        "lint": lint.as_ref().map(|findings| all(findings, finding)),
        "redactions": redactions.iter().map(|done| json!({"rule": done.rule, "count": done.count})).collect::<Vec<_>>(),
    })
}

fn all<T>(items: &[T], print: fn(&T) -> Value) -> Value {
    items.iter().map(print).collect()
}

/// A moment: `null`, or its text and nanoseconds.
fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!({"time": rfc3339(at), "ns": at.0.to_string()}))
}

fn range(range: TimeRange) -> Value {
    json!({"from": moment(Some(range.start())), "to": moment(Some(range.end()))})
}

fn number(value: Option<f64>) -> Value {
    match value {
        Some(value) if value == f64::INFINITY => "+Inf".into(),
        Some(value) if value == f64::NEG_INFINITY => "-Inf".into(),
        _ => value.and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number),
    }
}

/// Fields of the head that hold one text; others are lists.
const SINGLE: [&str; 4] = ["id", "published", "owner", "change"];

fn head(head: &Head) -> Value {
    let Head { title, severity, status, services, time_zone, start, end, duration, t0, more, generator } = head;
    let mut out = json!({
        "title": title,
        "severity": severity,
        "status": status,
        "services": services,
        "time_zone": "UTC",
        "local_time_zone": time_zone,
        "start": moment(*start),
        "end": moment(*end),
        "duration": duration,
        "t0": t0.as_ref().map(|t0| json!({"at": moment(Some(t0.at)), "is": t0.label})),
        "generator": generator,
    });
    let value = |(key, values): &(&'static str, Vec<String>)| {
        let value = if SINGLE.contains(key) { json!(values.first()) } else { json!(values) };
        ((*key).to_owned(), value)
    };
    extend(&mut out, Value::Object(more.iter().map(value).collect()));
    out
}

/// One number: what it is, what it says, how it is computed.
fn derived(row: &Derived) -> Value {
    let Derived { id, label, value, how, formula, inputs } = row;
    let how = if how.is_empty() { formula } else { how };
    json!({"id": id, "label": label, "value": value, "how": how, "formula": formula, "inputs": inputs})
}

fn indicators(indicators: &Indicators) -> Value {
    let Indicators { moments, series, window, notes } = indicators;
    json!({
        "moments": moments.iter().map(|(label, at)| json!({"label": label, "at": moment(*at)})).collect::<Vec<_>>(),
        "window": window.map(range),
        "series": all(series, indicator),
        "notes": notes,
    })
}

fn indicator(one: &Indicator) -> Value {
    let Indicator { role, metric, series, source, cells, peak, spark, asset, is_loaded } = one;
    json!({
        "role": role, "metric": metric, "series": series, "source": source, "cells": cells, "peak": peak, "shape": spark,
        "chart": asset.as_ref().map(|stem| format!("{stem}.svg")), "is_loaded": is_loaded,
    })
}

fn service(row: &ServiceRow) -> Value {
    let ServiceRow {
        service,
        id,
        first,
        first_offset,
        peak_error,
        peak_p99,
        recovered,
        recovered_offset,
        length,
        still,
        silent,
        has_alert,
        inputs: _,
    } = row;
    json!({
        "service": service, "id": id, "first": moment(Some(*first)), "first_offset": first_offset, "peak_error": peak_error,
        "peak_p99": peak_p99, "recovered": moment(*recovered), "recovered_offset": recovered_offset, "length": length,
        "has_alert": has_alert, "still_unusual": still, "silent": silent,
    })
}

fn detection(detection: &Detection) -> Value {
    let Detection { signs, n_signs, n_looked_at, detected, alerts, silent } = detection;
    let sign = |sign: &Sign| {
        let Sign { id, at, offset, series, source, rule, saved } = sign;
        json!({"id": id, "at": moment(Some(*at)), "offset": offset, "series": series, "source": source, "rule": rule, "saved": saved})
    };
    let alert = |alert: &AlertRow| {
        let AlertRow { at, offset, name, service, after, n_firings } = alert;
        json!({"at": moment(Some(*at)), "offset": offset, "name": name, "service": service, "after_impact": after, "firings": n_firings})
    };
    json!({
        "detected": detected,
        "signs": signs.iter().map(sign).collect::<Vec<_>>(),
        "sign_count": n_signs,
        "series_looked_at": n_looked_at.0,
        "series_not_looked_at": n_looked_at.1,
        "alerts": alerts.iter().map(alert).collect::<Vec<_>>(),
        "silent_services": silent,
    })
}

fn coverage(coverage: &Coverage) -> Value {
    let Coverage { rows, absent, open } = coverage;
    let row = |(cause, actions): &(String, Vec<Vec<String>>)| {
        let by_type: Map<String, Value> =
            ACTION_TYPES.iter().zip(actions).map(|(name, labels)| ((*name).to_owned(), labels.clone().into())).collect();
        json!({"cause": cause, "actions": by_type})
    };
    json!({"rows": rows.iter().map(row).collect::<Vec<_>>(), "absent_types": absent, "open_causes": open})
}

fn finding(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule, "severity": finding.severity.name(), "where": finding.place, "message": finding.message,
        "fix": finding.fix, "suppressed": finding.suppressed,
    })
}

/// One event of the timeline.
pub(super) fn row(row: &TimelineRow) -> Value {
    let TimelineRow { at, until, doubt, offset, service, owner, kind, text, evidence } = row;
    json!({
        "at": moment(Some(*at)), "until": moment(*until), "doubt": doubt, "offset": offset, "service": service, "owner": owner,
        "kind": kind, "text": text, "evidence": evidence,
    })
}

fn step(step: &Step) -> Value {
    let Step { label, statement, cause_type, status, at, evidence, lost, notes } = step;
    json!({
        "id": label, "statement": statement, "type": cause_type.name(), "status": status.name(), "at": at.map(range),
        "evidence": evidence, "evidence_lost": lost,
        "notes": notes.iter().map(|(name, words)| json!({"name": name, "text": words})).collect::<Vec<_>>(),
    })
}

fn edge(edge: &Edge) -> Value {
    let Edge { from, to, relation, lag, text } = edge;
    json!({"from": from, "to": to, "relation": relation.map(Relation::name), "lag": lag, "text": text})
}

fn exhibit(exhibit: &Exhibit) -> Value {
    let Exhibit { id, label, caption, kind, at, subject, block, doubts } = exhibit;
    let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>();
    let mut out = json!({"id": label, "record": id.0, "caption": caption, "kind": kind, "at": moment(*at), "subject": subject});
    let more = match block {
        Block::Values { pairs: values, spark, asset } => {
            json!({"values": pairs(values), "shape": spark, "chart": asset.as_ref().map(|stem| format!("{stem}.svg"))})
        }
        Block::Lines { excerpt, pairs: values } => json!({"values": pairs(values), "excerpt": excerpt}),
    };
    extend(&mut out, more);
    extend(&mut out, json!({"doubts": doubts}));
    out
}

fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(from)) = (value, more) {
        let from: Map<String, Value> = from;
        into.extend(from);
    }
}

fn effects(effects: &[Effect]) -> Value {
    let one = |effect: &Effect| {
        let Effect { role, before, after } = effect;
        json!({"role": role, "before": before, "after": after})
    };
    effects.iter().map(one).collect()
}

/// One stage of a rollout; the shape is that of `coroner canary --json`.
pub fn stage(row: &StageRow) -> Value {
    let StageRow { id, name, at, percent, requests, checks, derived, why, stated, has_rolled_back } = row;
    let check = |check: &StageCheck| {
        let StageCheck { metric, series, observed, mean, threshold, above_is_bad, limit, unit, n_samples, verdict } = check;
        json!({
            "metric": metric, "series": series, "observed": number(*observed), "mean": number(*mean), "threshold": number(Some(*threshold)),
            "bad_is": if *above_is_bad { "above" } else { "below" }, "limit": limit, "unit": unit.name(), "samples": n_samples,
            "ok": match verdict { Verdict::Pass => Some(true), Verdict::Fail => Some(false), Verdict::Inconclusive => None },
        })
    };
    json!({
        "id": id.0, "name": name, "from": rfc3339(at.start()), "to": rfc3339(at.end()), "percent": number(*percent),
        "requests": number(*requests), "checks": checks.iter().map(check).collect::<Vec<_>>(), "verdict": row.verdict().name(),
        "derived": derived.name(), "stated": stated.map(Verdict::name), "why": why, "rolled_back": has_rolled_back,
    })
}

fn attempt(row: &AttemptRow) -> Value {
    let AttemptRow { at, until, offset, what, stated, effects, evidence } = row;
    json!({
        "at": moment(Some(*at)), "until": moment(*until), "offset": offset, "what": what, "stated_effect": stated,
        "effects": self::effects(effects), "evidence": evidence,
    })
}

fn turning_point(point: &TurningPoint) -> Value {
    let TurningPoint { name, what, at, offset, set_by, evidence, effects } = point;
    json!({
        "name": name, "what": what, "at": moment(*at), "offset": offset, "set_by": set_by, "evidence": evidence,
        "effects": self::effects(effects),
    })
}

fn action(row: &ActionRow) -> Value {
    let ActionRow { label, action, action_type, owner, priority, link, due, done_when, done_on, causes, gap, not_doing_because } = row;
    json!({
        "id": label, "action": action, "type": action_type, "owner": owner, "priority": priority, "link": link, "due": due,
        "done_when": done_when, "causes": causes, "done_on": done_on, "gap": gap, "not_doing_because": not_doing_because,
    })
}

fn provenance(provenance: &Provenance) -> Value {
    let Provenance {
        sources,
        n_other_sources,
        other_problems,
        series,
        gaps,
        n_more_gaps,
        derived,
        clock_doubts,
        markers,
        generator,
        is_complete,
        suggestions,
        authors,
    } = provenance;
    json!({
        "generator": generator,
        "is_complete": is_complete,
        "sources": all(sources, source),
        "other_sources": n_other_sources,
        "other_problems": other_problems.iter().map(|(path, count)| json!({"path": path, "count": count})).collect::<Vec<_>>(),
        "series": all(series, self::series),
        "gaps": all(gaps, gap),
        "more_gaps": n_more_gaps,
        "clock_doubts": all(clock_doubts, clock_doubt),
        "markers": all(markers, marker),
        "authors": all(authors, author),
        "suggestions": suggestions
            .iter()
            .map(|one| json!({"name": one.name.name(), "at": moment(Some(one.at)), "rule": one.rule, "text": one.text}))
            .collect::<Vec<_>>(),
        "derived": all(derived, self::derived),
    })
}

fn gap(gap: &GapRow) -> Value {
    let GapRow { of, source, range, lasts, what } = gap;
    json!({"of": of, "source": source, "what": what, "lasts": lasts, "range": self::range(*range)})
}

fn source(source: &SourceUsed) -> Value {
    let SourceUsed { path, size_bytes, sha256, format, n_records, span, zone, clock_ns, problems, n_unplaced } = source;
    json!({
        "path": path, "size_bytes": size_bytes, "sha256": sha256, "format": format, "records": n_records,
        "first": moment(span.map(|span| span.0)), "last": moment(span.map(|span| span.1)), "zone": zone,
        "problems": problems.iter().map(|(kind, count)| json!({"kind": kind, "count": count})).collect::<Vec<_>>(),
        "unplaced": n_unplaced, "clock_offset_s": *clock_ns as f64 / 1e9,
    })
}

fn clock_doubt(doubt: &ClockDoubt) -> Value {
    let ClockDoubt { source, against, ahead_ns, far, around, n_traces } = doubt;
    json!({
        "source": source, "against": against, "ahead_s": *ahead_ns as f64 / 1e9, "far": far, "around": around, "traces": n_traces,
    })
}

fn series(series: &SeriesUsed) -> Value {
    let SeriesUsed { name, source, nature, step_ns, n_samples, query } = series;
    json!({
        "series": name, "source": source, "kind_unit": nature, "step_ns": step_ns.map(|ns| ns.to_string()), "samples": n_samples,
        "query": query,
    })
}

fn author(row: &AuthorRow) -> Value {
    let AuthorRow { name, kinds, first, last } = row;
    let kinds: Vec<Value> = kinds.iter().map(|(kind, n)| json!({"kind": kind, "count": n})).collect();
    json!({"author": name, "kinds": kinds, "first": moment(Some(*first)), "last": moment(Some(*last))})
}

fn marker(row: &MarkerRow) -> Value {
    let MarkerRow { name, at, latest, offset, rule, author, set_at } = row;
    json!({"name": name.name(), "at": moment(*at), "latest": moment(*latest), "offset": offset, "rule": rule, "author": author, "set_at": moment(*set_at)})
}

/// Holds a document against the schema; the same for the tests of the crate.
#[cfg(test)]
#[path = "../../tests/report/schema.rs"]
pub(super) mod schema;
