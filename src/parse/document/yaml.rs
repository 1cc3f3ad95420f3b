//! YAML as a JSON value, for configurations that tell something: every scalar is a text, as it stands.
//!
//! Built from the events of the reader, not from its tree: nesting and size have limits, and an alias, which may stand for
//! itself a million times over, is left out.

use serde_json::{Map, Value};
use yaml_rust2::parser::{Event, Parser};

/// Deeper than any configuration.
const MAX_DEPTH: usize = 64;
/// Texts, lists and tables of one file.
const MAX_NODES: usize = 1_000_000;

/// A list or table that is not closed yet.
enum Open {
    List(Vec<Value>),
    Table(Map<String, Value>, Option<String>),
}

/// The documents of a text. An error has its line, from 1.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, (u64, String)> {
    let mut parser = Parser::new_from_str(text);
    let (mut open, mut done, mut n_nodes) = (Vec::new(), Vec::new(), 0);
    loop {
        let (event, mark) = parser.next_token().map_err(|error| (error.marker().line() as u64, error.info().to_owned()))?;
        let whole = match event {
            Event::StreamEnd => return Ok(done),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Table(Map::new(), None));
                None
            }
            Event::Scalar(text, ..) => Some(Value::String(text)),
            Event::Alias(_) => Some(Value::Null),
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|closed| match closed {
                Open::List(list) => Value::Array(list),
                Open::Table(table, _) => Value::Object(table),
            }),
            _ => None,
        };
        n_nodes += 1;
        if open.len() > MAX_DEPTH || n_nodes > MAX_NODES {
            return Err((mark.line() as u64, "is nested deeper or has more parts than any configuration".to_owned()));
        }
        let Some(whole) = whole else { continue };
        match open.last_mut() {
            None => done.push(whole),
            Some(Open::List(list)) => list.push(whole),
            Some(Open::Table(table, key)) => match key.take() {
                Some(key) => drop(table.insert(key, whole)),
                None => *key = Some(whole.as_str().unwrap_or_default().to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn documents_lists_tables_and_texts_are_read_and_aliases_left_out() {
        let text = "a: {b: 1, c: [x, 'y z']}\nd: |\n  one\n  two\n---\n- &z q\n- *z\n";
        assert_eq!(documents(text).unwrap(), [json!({"a": {"b": "1", "c": ["x", "y z"]}, "d": "one\ntwo\n"}), json!(["q", null])]);
        assert_eq!(documents("a: b\nc: [1\nd").unwrap_err().0, 4);
        assert!(documents(&"[".repeat(100_000)).is_err() && documents(&"- ".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-a:{}\\[\\], \n&*|>'\"#%!]{0,80}") {
            let _ = documents(&text);
        }
    }
}
