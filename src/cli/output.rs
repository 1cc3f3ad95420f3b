//! What the commands that read share: one form of JSON, one of text, both safe to print.
//!
//! JSON keeps the text of the sources but writes every character that could reach a terminal as a command with an
//! escape; text passes through `model::text::printable`.

use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Number, Value};

use crate::model::text::{printable, rfc3339};
use crate::model::{Labels, Timestamp};

/// For whom a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputForm {
    /// For people, aligned.
    #[default]
    Text,
    /// For programs: the shapes of the contract, and nothing else.
    Json,
}

/// Columns of the terminal that standard output goes to; `None` when it goes elsewhere. `COLUMNS` speaks first.
pub(crate) fn screen_width() -> Option<usize> {
    use ratatui::backend::{Backend as _, CrosstermBackend};
    let stated = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || io::stdout().is_terminal().then(|| CrosstermBackend::new(io::stdout()).size().ok()).flatten();
    stated.or_else(|| measured().map(|size| usize::from(size.width))).filter(|width| *width > 0)
}

/// One JSON document on one line.
pub(crate) fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Harmless);
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Writes characters that a terminal would obey, C1 controls and bidi marks among them, as `\u` escapes.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if matches!(printable(fragment), std::borrow::Cow::Borrowed(_)) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut utf8 = [0; 4];
        for c in fragment.chars() {
            let text: &str = c.encode_utf8(&mut utf8);
            if matches!(printable(text), std::borrow::Cow::Borrowed(_)) {
                writer.write_all(text.as_bytes())?;
            } else {
                let mut utf16 = [0; 2];
                for unit in c.encode_utf16(&mut utf16) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// A number as JSON: `null` for none and NaN, `"+Inf"` and `"-Inf"` for the infinite.
pub(crate) fn number(value: Option<f64>) -> Value {
    match value {
        Some(value) if value == f64::INFINITY => Value::from("+Inf"),
        Some(value) if value == f64::NEG_INFINITY => Value::from("-Inf"),
        // Whole numbers without a fraction, as people and other programs write them.
        Some(value) if value.fract() == 0.0 && value.abs() < 9e15 => Value::from(value as i64),
        Some(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
        None => Value::Null,
    }
}

/// A moment as JSON.
pub(crate) fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::from(rfc3339(at)))
}

/// Labels as a JSON object in order of name.
pub(crate) fn labels(labels: &Labels) -> Value {
    labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<serde_json::Map<_, _>>().into()
}

/// Rows as text: columns as wide as their widest cell, two blanks between, no blanks at the end. Columns of `right`
/// are numbers and stand to the right. Cells must be harmless already.
pub(crate) fn write_table(out: &mut dyn Write, rows: &[Vec<String>], right: &[usize]) -> io::Result<()> {
    use unicode_width::UnicodeWidthStr;
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let blanks = " ".repeat(widths[column].saturating_sub(cell.width()));
            line += if column == 0 { "" } else { "  " };
            let (before, after) = if right.contains(&column) { (&*blanks, "") } else { ("", &*blanks) };
            line.extend([before, cell, after]);
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_the_same_text_and_no_command_for_a_terminal() {
        let text = "a\u{9b}31m\u{202e}b\u{e0001}\x1b[2J ü";
        let mut out = Vec::new();
        write_json(&mut out, &text).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        assert!(matches!(printable(json.trim_end()), std::borrow::Cow::Borrowed(_)), "{json}");
    }

    #[test]
    fn numbers_say_what_json_cannot() {
        let all = [Some(1.0), Some(0.5), Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), None].map(number);
        assert_eq!(Value::from(all.to_vec()).to_string(), r#"[1,0.5,null,"+Inf","-Inf",null]"#);
    }
}
