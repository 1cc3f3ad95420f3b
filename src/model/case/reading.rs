//! How the sources of a case are to be read, as far as a user said so: kept, so that every later command reads them alike.
//!
//! Zones of times without one stand beside it, in `CaseMeta::zones`. Patterns name sources as on the command line: a
//! path, a file name, a folder, or `*` and `?`; the last pattern in the order of the alphabet that names a source counts.

use std::collections::BTreeMap;

/// What a user said of sources, by the pattern that names them; `*` is all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadingOptions {
    /// Formats that sources have (`[formats]`), as `--as` takes them.
    pub formats: BTreeMap<String, String>,
    /// Columns of tables that hold the time (`[time_columns]`).
    pub time_columns: BTreeMap<String, String>,
    /// When the clocks of logs without dates began (`[anchors]`), as RFC 3339.
    pub anchors: BTreeMap<String, String>,
    /// Files that describe formats (`format_files`), relative to the case folder.
    pub format_files: Vec<String>,
}
