//! A TOML file of formats as it is written: what may stand in it, and why one cannot be used.
//!
//! Checks the shape only; `named` makes formats of it that lines are read with.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A file of formats as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormatFile {
    pub format: Vec<FormatText>,
}

/// One format as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormatText {
    pub name: String,
    #[serde(default)]
    pub pattern: Option<String>,
    /// As `strftime` writes it, for times that are not known anyway.
    #[serde(default)]
    pub time_format: Option<String>,
    /// Unit of `latency`: s, ms, us or ns.
    #[serde(default)]
    pub latency_unit: Option<String>,
    /// Service of every record.
    #[serde(default)]
    pub service: Option<String>,
    /// Words of this format for levels.
    #[serde(default)]
    pub levels: BTreeMap<String, String>,
    /// Names of keys by role, for JSON and logfmt.
    #[serde(default)]
    pub keys: BTreeMap<String, Vec<String>>,
    /// Whether the pattern only names fields: time and level are found faster without it.
    #[serde(default)]
    pub fields_only: bool,
    /// Whether its lines have no time: they are listed and searched, but have no place on the timeline.
    #[serde(default)]
    pub timeless: bool,
    /// Words that every line holds: lines without them are not tried on the pattern.
    #[serde(default)]
    pub holds: Vec<String>,
    /// Pattern of messages that only announce the line below: both are one message.
    #[serde(default)]
    pub heading: Option<String>,
    /// Pattern of lines that the next one goes on with if all before its message is the same.
    #[serde(default)]
    pub continued: Option<String>,
    /// Pattern of a line that tells the `offset` of its times from UTC.
    #[serde(default)]
    pub offset: Option<String>,
    /// The message with other groups: `{method} {message} {status}`.
    #[serde(default)]
    pub say: Option<String>,
    /// Whether messages hold `key=value` pairs.
    #[serde(default)]
    pub pairs: bool,
    /// Words that make a record at least so bad, wherever they stand in it.
    #[serde(default)]
    pub raised: BTreeMap<String, String>,
    /// Least share of lines that begin a record where most stand below one.
    #[serde(default)]
    pub share: Option<f32>,
    /// Lines that must match.
    #[serde(default)]
    pub samples: Vec<String>,
}

/// Why a file of formats cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Not TOML, or not of the right shape.
    #[error("{0}")]
    Syntax(String),
    /// A format that makes no sense.
    #[error("format {name:?}: {reason}")]
    Format {
        /// Which.
        name: String,
        /// Why, and the way out.
        reason: String,
    },
}

/// The formats of a file: `[[format]]` tables, or a single one without that line.
pub(super) fn format_texts(text: &str) -> Result<Vec<FormatText>, FormatError> {
    let is_list = text.lines().any(|line| line.trim_start().starts_with("[[format]]"));
    let syntax = |error: toml_edit::de::Error| FormatError::Syntax(error.to_string().trim_end().replace('\n', " "));
    Ok(if is_list {
        toml_edit::de::from_str::<FormatFile>(text).map_err(syntax)?.format
    } else {
        vec![toml_edit::de::from_str::<FormatText>(text).map_err(syntax)?]
    })
}
