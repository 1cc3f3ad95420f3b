//! Alerting rules as `/api/v1/rules` tells them: thresholds for panels, and the alerts that were active then; and as
//! the files that Prometheus and its operator load state them.

use serde_json::Value;

use crate::model::catalog::Problems;
use crate::model::{Problem, ProblemKind, SourceId, ThresholdRule, Zone};
use crate::parse::document::{json, yaml};
use crate::parse::metric::meaning;
use crate::parse::{Context, Document};

/// Reads the body of `/api/v1/rules`. Records are the rules; those of the form `expression OP number` give a threshold.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut document = Document { n_lines: json::count_lines(bytes), ..Document::default() };
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut alerts: Vec<Value> = Vec::new();
    for element in json::elements(&text, &mut problems) {
        let groups = element.value.pointer("/data/groups").or_else(|| element.value.get("groups"));
        for rule in groups.and_then(Value::as_array).into_iter().flatten().filter_map(|group| group.get("rules")?.as_array()).flatten() {
            document.n_records += 1;
            document.rules.extend(threshold(rule));
            let name = rule.get("name").and_then(Value::as_str);
            for alert in rule.get("alerts").and_then(Value::as_array).into_iter().flatten() {
                let mut alert = alert.clone();
                if let (Some(labels), Some(name)) = (alert.get_mut("labels").and_then(Value::as_object_mut), name) {
                    labels.entry("alertname").or_insert_with(|| name.into());
                }
                alerts.push(alert);
            }
        }
    }
    document.problems = problems;
    document.alerts = super::api::at_one_moment(&alerts, context);
    if !document.alerts.is_empty() {
        document.zone = Zone { name: "UTC".into(), certainty: crate::model::ZoneCertainty::Offset };
    }
    document
}

/// Far more than all rules of an installation.
const MAX_FILE_BYTES: usize = 16 << 20;

/// Reads a file of rules, or several in one. Records are the rules; those of the form `expression OP number` give a threshold.
pub(crate) fn parse_yaml(bytes: &[u8]) -> Document {
    let mut document = Document { n_lines: json::count_lines(bytes), ..Document::default() };
    if bytes.len() > MAX_FILE_BYTES {
        let reason = format!("a file of rules of {} bytes is not read", bytes.len());
        document.problems.push(Problem { line: 0, byte: 0, kind: ProblemKind::Limit, reason });
        return document;
    }
    let text = json::text(bytes, &mut document.problems);
    let files = match yaml::documents(&text) {
        Ok(files) => files,
        Err((line, reason)) => {
            let reason = format!("the rules cannot be read: {reason}");
            document.problems.push(Problem { line, byte: 0, kind: ProblemKind::Syntax, reason });
            return document;
        }
    };
    for file in &files {
        // The operator wraps them: `kind: PrometheusRule`, `spec: {groups: …}`.
        let groups = file.get("groups").or_else(|| file.pointer("/spec/groups")).and_then(Value::as_array);
        for rule in groups.into_iter().flatten().filter_map(|group| group.get("rules")?.as_array()).flatten() {
            document.n_records += 1;
            document.rules.extend(threshold(rule));
        }
    }
    document
}

/// The threshold of an alerting rule, if it is a comparison with a number.
fn threshold(rule: &Value) -> Option<ThresholdRule> {
    let text = |key: &str| rule.get(key).and_then(Value::as_str);
    if text("type").is_some_and(|kind| kind != "alerting") {
        return None;
    }
    let (expression, above_is_bad, value) = comparison(text("query").or_else(|| text("expr"))?)?;
    let for_ns = match rule.get("duration").or_else(|| rule.get("for")) {
        Some(Value::Number(secs)) => (secs.as_f64().unwrap_or(0.0) * 1e9) as i64,
        Some(Value::String(text)) => crate::model::when::parse_duration(text).unwrap_or(0),
        _ => 0,
    };
    let name = text("name").or_else(|| text("alert"))?.to_owned();
    Some(ThresholdRule { name, expression, above_is_bad, value, for_ns, source: SourceId::default() })
}

/// `expression > 5` → (expression, above is bad, 5); the number may stand on either side.
pub(crate) fn comparison(query: &str) -> Option<(String, bool, f64)> {
    let (left, operator, right) = meaning::split_operator(query)?;
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_above = match operator {
        ">" | ">=" => true,
        "<" | "<=" => false,
        _ => return None,
    };
    let right = right.strip_prefix("bool").map_or(right, str::trim_start);
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Err(_), Ok(value)) => Some((squeezed(left), is_above, value)),
        (Ok(value), Err(_)) => Some((squeezed(right), !is_above, value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_with_a_number_give_a_threshold() {
        let found = comparison("sum(rate(a{code=~\"5..\"}[10s])) /\n  sum(rate(a[10s])) > 0.05");
        assert_eq!(found, Some(("sum(rate(a{code=~\"5..\"}[10s])) / sum(rate(a[10s]))".into(), true, 0.05)));
        assert_eq!(comparison("1e3 < go_goroutines"), Some(("go_goroutines".into(), true, 1000.0)));
        assert_eq!(comparison("free_bytes <= 1024"), Some(("free_bytes".into(), false, 1024.0)));
        for other in ["up == 0", "a > b", "absent(up)", "a > 1 and b > 2"] {
            assert_eq!(comparison(other), None, "{other}");
        }
    }

    #[test]
    fn files_of_rules_give_thresholds() {
        let plain = "groups:\n  - name: lab\n    rules:\n      - alert: Busy\n        expr: |\n          go_goroutines\n            > 1000\n        for: 1m\n        labels: {severity: warning}\n      - record: job:x:rate\n        expr: rate(x[1m])\n      - alert: Odd\n        expr: up == 0\n";
        let wrapped = format!("apiVersion: v1\nkind: PrometheusRule\nspec:\n  {}", plain.replace('\n', "\n  "));
        for text in [plain, wrapped.trim_end()] {
            let document = parse_yaml(text.as_bytes());
            assert_eq!((document.n_records, document.rules.len(), document.problems.total()), (3, 1, 0), "{text}");
            let rule = &document.rules[0];
            let told = (rule.name.as_str(), rule.expression.as_str(), rule.above_is_bad, rule.value, rule.for_ns);
            assert_eq!(told, ("Busy", "go_goroutines", true, 1000.0, 60_000_000_000));
        }
        assert_eq!(parse_yaml(b"groups:\n  - rules: [\n").problems.kept()[0].line, 3);
    }

    #[test]
    fn rules_and_their_active_alerts_are_read() {
        let body = br#"{"status":"success","data":{"groups":[{"name":"g","rules":[
            {"state":"firing","name":"Busy","query":"go_goroutines \u003e 1000","duration":15,"labels":{},"type":"alerting",
             "alerts":[{"labels":{"alertname":"Busy","instance":"a"},"annotations":{},"state":"firing","activeAt":"2026-11-23T02:14:51.2Z","value":"2e3"}]},
            {"name":"r:sum","query":"sum(x)","type":"recording"}]}]}}"#;
        let document = parse(body, &Context::default());
        assert_eq!((document.n_records, document.rules.len(), document.alerts.len()), (2, 1, 1));
        assert_eq!((document.rules[0].value, document.rules[0].for_ns), (1000.0, 15_000_000_000));
    }
}
