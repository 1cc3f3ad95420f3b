//! The claims of a postmortem as JSON: every value by its way through the document.
//!
//! Rows that have a name of their own (`id`, `path`, `name`) go by it, so that a new row does not shift the rest. Sources
//! and derived values have the names that they have in the other forms.

use std::collections::BTreeMap;

use serde_json::Value;

use super::claims::{Claim, ClaimKind};

/// Fields that say who wrote it, not what happened.
const NOT_CLAIMS: [&str; 4] = ["/$schema", "/schema", "/head/generator", "/provenance/generator"];
/// Lists of which the rows are derived values.
const DERIVED: [&str; 5] = ["impact", "degraded", "slo", "response", "what_if"];

/// All claims, in the order of the document; `None`: not the JSON of a postmortem.
pub fn claims(document: &str) -> Option<Vec<Claim>> {
    let value: Value = serde_json::from_str(document).ok()?;
    (value.get("schema")?.as_str()? == crate::report::json::SCHEMA).then(|| {
        let mut reader = Reader::default();
        reader.read("", &value);
        reader.claims
    })
}

/// For whom the document was written.
pub fn is_public(document: &str) -> bool {
    let value: Option<Value> = serde_json::from_str(document).ok();
    value.is_some_and(|value| value.get("audience").and_then(Value::as_str) == Some("public"))
}

#[derive(Default)]
struct Reader {
    claims: Vec<Claim>,
    seen: BTreeMap<String, usize>,
}

impl Reader {
    fn read(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| self.read(&format!("{path}/{key}"), value)),
            Value::Array(rows) => rows.iter().enumerate().for_each(|(index, row)| self.row(path, index, row)),
            Value::Null => {}
            Value::String(text) => self.add(path, text),
            other => self.add(path, &other.to_string()),
        }
    }

    fn row(&mut self, path: &str, index: usize, row: &Value) {
        let text = |key: &str| row.get(key).and_then(Value::as_str);
        let list = path.trim_start_matches('/');
        if let Some(source) = text("path").filter(|_| list == "provenance/sources") {
            self.add(&format!("appendix/Sources/{source}/SHA-256"), text("sha256").unwrap_or_default());
        }
        if let Some(id) = text("id").filter(|_| list == "provenance/derived") {
            let inputs = row.get("inputs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            self.add(&format!("appendix/Derived values/{id}/Inputs"), &inputs.collect::<Vec<_>>().join("; "));
            self.add(&format!("appendix/Derived values/{id}/Value"), text("value").unwrap_or_default());
            self.add(&format!("appendix/Derived values/{id}/Formula"), text("formula").unwrap_or_default());
            return;
        }
        if let (Some(id), true) = (text("id"), DERIVED.contains(&list)) {
            self.add(id, text("value").unwrap_or_default());
            return;
        }
        let name =
            ["id", "path", "series", "name", "slot"].iter().find_map(|key| text(key)).map_or_else(|| index.to_string(), str::to_owned);
        self.read(&format!("{path}/{name}"), row);
    }

    fn add(&mut self, id: &str, text: &str) {
        if NOT_CLAIMS.contains(&id) {
            return;
        }
        let id = id.trim_start_matches('/').to_owned();
        let n = self.seen.entry(id.clone()).or_default();
        *n += 1;
        let id = if *n > 1 { format!("{id}#{n}") } else { id };
        let block = id.split('/').next().unwrap_or_default().to_owned();
        self.claims.push(Claim { id, kind: ClaimKind::Cell, text: text.to_owned(), block, line: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_by_their_names() {
        let text = r#"{"schema":"coroner.postmortem/1","impact":[{"id":"impact.failed","value":"12"}],"timeline":[{"text":"a"},{"text":"b"}],
            "provenance":{"sources":[{"path":"m.json","sha256":"aa","records":3}]}}"#;
        let got: Vec<String> = claims(text).unwrap().into_iter().map(|claim| format!("{} = {}", claim.id, claim.text)).collect();
        assert_eq!(
            got,
            [
                "impact.failed = 12",
                "timeline/0/text = a",
                "timeline/1/text = b",
                "appendix/Sources/m.json/SHA-256 = aa",
                "provenance/sources/m.json/path = m.json",
                "provenance/sources/m.json/sha256 = aa",
                "provenance/sources/m.json/records = 3",
            ]
        );
        assert!(claims("{\"a\":1}").is_none() && claims("# T").is_none());
    }
}
