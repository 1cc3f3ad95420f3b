//! Objects inside of a record, taken apart into fields with dotted names, so that `attr.docsExamined` or
//! `req.headers.host` is a field like any other.
//!
//! Lists stay as they are written, and so does what is nested too deep.

use serde_json::Value;

/// Objects inside of objects are opened so deep.
const MAX_DEPTH: u8 = 5;
/// Fields of one object; more stay together.
const MAX_FIELDS: usize = 100;

/// The fields of an object by their dotted names, in the order of the record; `None` for what is no object, is empty or
/// holds too much.
pub(super) fn fields(name: &str, text: &str) -> Option<Vec<(String, String)>> {
    if !text.starts_with('{') {
        return None;
    }
    let object: Value = serde_json::from_str(text).ok()?;
    let mut found = Vec::new();
    open(name, object, 0, &mut found);
    (!found.is_empty() && found.len() <= MAX_FIELDS).then_some(found)
}

fn open(name: &str, value: Value, depth: u8, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) if depth < MAX_DEPTH && !object.is_empty() => {
            for (key, value) in object {
                if found.len() > MAX_FIELDS {
                    return;
                }
                open(&format!("{name}.{key}"), value, depth + 1, found);
            }
        }
        Value::String(text) => found.push((name.to_owned(), text)),
        other => found.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_in_a_record_is_fields_with_dotted_names() {
        let text = r#"{"ns":"shop.orders","command":{"find":"orders","filter":{"a":1}},"keys":[1,2],"ms":12}"#;
        let told = fields("attr", text).unwrap();
        let told: Vec<_> = told.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(
            told,
            [
                ("attr.ns", "shop.orders"),
                ("attr.command.find", "orders"),
                ("attr.command.filter.a", "1"),
                ("attr.keys", "[1,2]"),
                ("attr.ms", "12")
            ]
        );
        assert_eq!(fields("attr", "[1]"), None);
        assert_eq!(fields("attr", "{}").map(|fields| fields.len()), Some(1));
        let deep = format!("{}1{}", "{\"a\":".repeat(90), "}".repeat(90));
        assert_eq!(fields("x", &deep).map(|fields| fields.len()), Some(1));
    }
}
