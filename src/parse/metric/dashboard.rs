//! Grafana dashboards as context: what their panels are called, ask, count in, and where their limits lie.
//!
//! Reads the JSON model with panels nested in rows, as exported or as `/api/dashboards/uid` answers it. No data is in it;
//! thresholds become limits of the series that answer the same expression.

use serde_json::Value;

use crate::model::{DashboardPanel, SourceId, ThresholdRule, Unit};
use crate::parse::document::json::{self, Sketch};
use crate::parse::{Context, Document};

/// Rows in rows in rows: far more than Grafana nests.
const MAX_DEPTH: usize = 8;

/// Whether a JSON document is a dashboard, and why.
pub(crate) fn recognise(sketch: &Sketch) -> Option<&'static str> {
    let is_board = |front: &str| {
        let has = |path: &str| sketch.has(&format!("{front}{path}"));
        has("panels[].targets")
            || has("panels[].gridPos")
            || has("rows[].panels")
            || (has("panels") && has("schemaVersion") && has("title"))
    };
    (is_board("") || is_board("dashboard.")).then_some("a Grafana dashboard: titles, units, limits and queries of panels, no data")
}

/// Reads a dashboard; records are its panels with a query.
pub(crate) fn parse(bytes: &[u8], _context: &Context) -> Document {
    let mut document = Document { n_lines: json::count_lines(bytes), ..Document::default() };
    let text = json::text(bytes, &mut document.problems);
    for element in json::elements(&text, &mut document.problems) {
        let board = element.value.get("dashboard").unwrap_or(&element.value);
        let title = board.get("title").and_then(Value::as_str).unwrap_or("");
        walk(&mut document, title, board, 0);
    }
    document.n_records = document.dashboard_panels.len() as u64;
    document
}

fn walk(document: &mut Document, dashboard: &str, value: &Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for key in ["panels", "rows"] {
        for child in value.get(key).and_then(Value::as_array).into_iter().flatten() {
            if let Some((panel, rules)) = panel_of(dashboard, child) {
                document.dashboard_panels.push(panel);
                document.rules.extend(rules);
            }
            walk(document, dashboard, child, depth + 1);
        }
    }
}

fn panel_of(dashboard: &str, value: &Value) -> Option<(DashboardPanel, Vec<ThresholdRule>)> {
    let targets = value.get("targets")?.as_array()?;
    let expressions: Vec<String> =
        targets.iter().filter_map(|target| target.get("expr").or_else(|| target.get("query"))?.as_str()).map(str::to_owned).collect();
    if expressions.is_empty() {
        return None;
    }
    let title = value.get("title").and_then(Value::as_str).unwrap_or("").to_owned();
    let unit = value.pointer("/fieldConfig/defaults/unit").or_else(|| value.pointer("/yaxes/0/format")).and_then(Value::as_str);
    let limits = limits_of(value);
    let rules = limits
        .iter()
        .flat_map(|(limit, above_is_bad)| {
            expressions.iter().map(|expression| ThresholdRule {
                name: title.clone(),
                expression: expression.split_whitespace().collect::<Vec<_>>().join(" "),
                above_is_bad: *above_is_bad,
                value: *limit,
                for_ns: 0,
                source: SourceId::default(),
            })
        })
        .collect();
    let panel = DashboardPanel {
        title,
        dashboard: dashboard.to_owned(),
        unit: unit.map_or(Unit::None, unit_of),
        expressions,
        limits: limits.into_iter().map(|(limit, _)| limit).collect(),
        source: SourceId::default(),
    };
    Some((panel, rules))
}

/// Limits and whether what lies above is bad: steps of a field that turn red, or the thresholds of the old graph panel.
fn limits_of(value: &Value) -> Vec<(f64, bool)> {
    let steps = value.pointer("/fieldConfig/defaults/thresholds/steps").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_absolute = value.pointer("/fieldConfig/defaults/thresholds/mode").and_then(Value::as_str) != Some("percentage");
    let is_red = |step: &Value| step.get("color").and_then(Value::as_str).is_some_and(|color| color.contains("red") || color == "#d44a3a");
    let mut found = Vec::new();
    for (index, step) in steps.iter().enumerate().filter(|_| is_absolute) {
        // The first step has no value: it is the colour below all others. Red there means that low is bad.
        match step.get("value").and_then(Value::as_f64) {
            Some(limit) if is_red(step) => found.push((limit, true)),
            Some(limit) if index == 1 && is_red(&steps[0]) => found.push((limit, false)),
            _ => {}
        }
    }
    for threshold in value.get("thresholds").and_then(Value::as_array).into_iter().flatten() {
        if let Some(limit) = threshold.get("value").and_then(Value::as_f64) {
            found.push((limit, threshold.get("op").and_then(Value::as_str) != Some("lt")));
        }
    }
    found
}

/// Grafana's names of units whose values are in base units; others leave the numbers as they are.
fn unit_of(name: &str) -> Unit {
    match name {
        "s" | "dtdurations" => Unit::Seconds,
        "bytes" | "decbytes" => Unit::Bytes,
        "percentunit" => Unit::Ratio,
        "reqps" | "ops" | "rps" | "wps" | "iops" | "cps" | "eps" | "mps" => Unit::PerSecond,
        "Bps" | "binBps" => Unit::BytesPerSecond,
        _ => Unit::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_in_rows_tell_their_queries_units_and_limits() {
        let text = r#"{"title":"Orders","schemaVersion":36,"panels":[
            {"type":"row","title":"Latency","panels":[{"title":"P99","gridPos":{},"targets":[{"expr":"histogram_quantile(0.99,\n sum by (le) (rate(x_bucket[1m])))"}],
              "fieldConfig":{"defaults":{"unit":"s","thresholds":{"mode":"absolute","steps":[{"color":"green","value":null},{"color":"orange","value":1},{"color":"red","value":2.5}]}}}}]},
            {"title":"text only","type":"text","gridPos":{}},
            {"title":"Ready","targets":[{"expr":"up"}],"fieldConfig":{"defaults":{"thresholds":{"steps":[{"color":"red","value":null},{"color":"green","value":1}]}}}}]}"#;
        assert!(recognise(&Sketch::of(text.as_bytes()).expect("JSON")).is_some());
        let document = parse(text.as_bytes(), &Context::default());
        let titles: Vec<(&str, Unit, &[f64])> =
            document.dashboard_panels.iter().map(|panel| (panel.title.as_str(), panel.unit, panel.limits.as_slice())).collect();
        assert_eq!(titles, [("P99", Unit::Seconds, &[2.5][..]), ("Ready", Unit::None, &[1.0][..])]);
        assert_eq!(document.rules[0].expression, "histogram_quantile(0.99, sum by (le) (rate(x_bucket[1m])))");
        assert_eq!((document.rules[0].above_is_bad, document.rules[1].above_is_bad, document.n_records), (true, false, 2));
    }
}
