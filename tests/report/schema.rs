//! Holds JSON against the schema in `assets/`, more strictly than the schema asks: a key that it does not name is an error.
//!
//! Knows only the words that our schema uses, and panics on any other, so that none is passed over.

use serde_json::Value;

/// Everything that does not fit, as `place: reason`; empty when the document fits.
pub fn objections(document: &Value, schema_text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema_text).expect("the schema is JSON");
    let mut found = Vec::new();
    Checker { root: &schema }.check(document, &schema, "", &mut found);
    found
}

struct Checker<'a> {
    root: &'a Value,
}

impl Checker<'_> {
    fn check(&self, value: &Value, schema: &Value, place: &str, found: &mut Vec<String>) {
        for (word, wanted) in schema.as_object().expect("a schema is an object") {
            let is_good = match word.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" | "format" | "items" | "properties" | "additionalProperties" => true,
                "type" => is_of_types(value, wanted),
                "const" => value == wanted,
                "enum" => wanted.as_array().expect("a list").contains(value),
                "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().expect("a number")),
                "pattern" => {
                    value.as_str().is_none_or(|text| regex::Regex::new(wanted.as_str().expect("text")).expect("a pattern").is_match(text))
                }
                "required" => wanted.as_array().expect("a list").iter().all(|key| value.get(key.as_str().expect("text")).is_some()),
                "anyOf" => wanted.as_array().expect("a list").iter().any(|one| {
                    let mut inner = Vec::new();
                    self.check(value, one, place, &mut inner);
                    inner.is_empty()
                }),
                "$ref" => {
                    let name = wanted.as_str().and_then(|text| text.strip_prefix("#/$defs/")).expect("a name of $defs");
                    self.check(value, &self.root["$defs"][name], place, found);
                    true
                }
                other => panic!("the checker does not know {other:?}"),
            };
            if !is_good {
                found.push(format!("{place}: {value} is not {word} {wanted}"));
            }
        }
        if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
            list.iter().enumerate().for_each(|(index, one)| self.check(one, items, &format!("{place}/{index}"), found));
        }
        if let (Some(fields), true) = (value.as_object(), schema.get("type").is_some_and(|kind| kind == "object")) {
            for (key, field) in fields {
                let place = format!("{place}/{key}");
                match schema.pointer(&format!("/properties/{key}")).or_else(|| schema.get("additionalProperties")) {
                    Some(schema) => self.check(field, schema, &place, found),
                    None => found.push(format!("{place}: the schema does not name it")),
                }
            }
        }
    }
}

fn is_of_types(value: &Value, wanted: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("a name") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type is called {other:?}"),
    };
    wanted.as_array().map_or_else(|| is(wanted), |names| names.iter().any(is))
}
