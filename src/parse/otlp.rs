//! Values and attributes as OTLP writes them in JSON, the same in logs, spans and metrics.

use serde_json::{Map, Value};

/// The value of `{"stringValue": …}` and its like.
pub(crate) fn any_value(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else { return value.clone() };
    match kind.as_str() {
        "arrayValue" | "array_value" => {
            let values = inner.get("values").and_then(Value::as_array);
            Value::Array(values.map_or(Vec::new(), |values| values.iter().take(1000).map(any_scalar).collect()))
        }
        "kvlistValue" | "kvlist_value" => {
            let mut object = Map::new();
            flatten(inner.get("values"), &mut object);
            Value::Object(object)
        }
        _ => inner.clone(),
    }
}

/// One step only: lists inside of lists stay as they are written.
fn any_scalar(value: &Value) -> Value {
    value.as_object().and_then(|object| object.values().next()).cloned().unwrap_or_else(|| value.clone())
}

/// `[{"key": …, "value": {…}}]` as members.
pub(crate) fn flatten(attributes: Option<&Value>, into: &mut Map<String, Value>) {
    for attribute in attributes.and_then(Value::as_array).into_iter().flatten() {
        if let (Some(key), Some(value)) = (attribute.get("key").and_then(Value::as_str), attribute.get("value")) {
            into.insert(key.to_owned(), any_scalar(value));
        }
    }
}
