//! How sources are read, in `case.toml`: `[formats]`, `[time_columns]`, `[anchors]` and `format_files`.

use toml_edit::{Array, Item, Table, Value, value};

use super::meta::{Reader, set, write_map};
use crate::model::case::ReadingOptions;

impl Reader<'_> {
    pub(super) fn reading(&mut self) -> ReadingOptions {
        // A date of TOML is as good as its text.
        let text = |item: &Item| item.as_str().map(str::to_owned).or_else(|| item.as_datetime().map(ToString::to_string));
        ReadingOptions {
            formats: self.map("formats", text),
            time_columns: self.map("time_columns", text),
            anchors: self.map("anchors", text),
            format_files: self.texts("format_files"),
        }
    }
}

/// Writes what changed.
pub(super) fn write_reading(root: &mut Table, now: &ReadingOptions, was: &ReadingOptions) {
    if now.format_files != was.format_files {
        let files = now.format_files.iter().map(String::as_str).collect::<Array>();
        set(root, "format_files", (!now.format_files.is_empty()).then(|| value(files)));
    }
    let maps = [
        ("formats", &now.formats, &was.formats),
        ("time_columns", &now.time_columns, &was.time_columns),
        ("anchors", &now.anchors, &was.anchors),
    ];
    for (key, now, was) in maps {
        write_map(root, key, now, was, |words| Value::from(words.as_str()));
    }
}
