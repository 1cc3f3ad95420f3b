//! Tables within JSON: the names of the columns once, then rows of bare values, as Log Analytics answers.
//!
//! Decides whether a table holds log records, and makes an object of each row. Tables of numbers are `metric::analytics`'.

use serde_json::{Map, Value};

use crate::parse::log::roles::{Role, stated_role};

/// Columns that say what happened, where no other does.
const OPERATIONS: [&str; 4] = ["name", "operation_Name", "OperationName", "target"];

/// The columns of a table of log records.
pub(super) struct Columns {
    names: Vec<String>,
    /// The column of times, if its name does not say that it is.
    time: Option<usize>,
    /// The column with the words of a record, if its name does not say that it is.
    words: Option<usize>,
}

impl Columns {
    /// The columns that a list describes; `None` where no time or nothing of a log is among them.
    pub fn of(list: &Value) -> Option<Self> {
        let text = |column: &Value, names: [&str; 2]| names.iter().find_map(|name| column.get(name)?.as_str().map(str::to_owned));
        let list = list.as_array()?;
        let names: Vec<String> = list.iter().map(|column| text(column, ["name", "ColumnName"])).collect::<Option<_>>()?;
        let has = |role: Role| names.iter().any(|name| stated_role(name.as_bytes()) == Some(role));
        let is_time = |column: &Value| text(column, ["type", "DataType"]).is_some_and(|sort| sort.eq_ignore_ascii_case("datetime"));
        let time = if has(Role::Time) { None } else { Some(list.iter().position(is_time)?) };
        let operation = || OPERATIONS.iter().find_map(|known| names.iter().position(|name| name == known));
        let words = if has(Role::Message) { None } else { operation() };
        let is_log = has(Role::Message) || has(Role::Level) || words.is_some() && (has(Role::Trace) || has(Role::Status));
        is_log.then_some(Self { names, time, words })
    }

    /// A row as a record; `None` for what is no row of this table.
    pub fn record(&self, row: &Value) -> Option<Map<String, Value>> {
        let cells = row.as_array().filter(|cells| cells.len() <= self.names.len())?;
        let is_said = |cell: &Value| !cell.is_null() && cell.as_str() != Some("");
        let cells = self.names.iter().enumerate().zip(cells).filter(|(_, cell)| is_said(cell));
        let name = |index: usize, name: &str| match index {
            index if Some(index) == self.time => "@timestamp".to_owned(),
            index if Some(index) == self.words => "message".to_owned(),
            _ => name.to_owned(),
        };
        Some(cells.map(|((index, own), cell)| (name(index, own), cell.clone())).collect())
    }
}
