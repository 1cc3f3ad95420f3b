//! `coroner events --patterns --around TIME`: the message patterns, each compared before and after a moment.

use std::io::Write;

use serde_json::{Value, json};

use super::output::{self, OutputForm};
use crate::model::pattern::{self, PatternOrder};
use crate::model::query::{Pattern, PatternQuery};
use crate::model::text::{grouped, printable, rfc3339};
use crate::model::{EventFilter, Level, TimeRange, Timestamp};
use crate::source::{Job, Source};

/// Which patterns, and how to write them.
#[derive(Debug, Clone)]
pub struct PatternsOptions {
    /// Of which events.
    pub filter: EventFilter,
    /// Only inside this range, which also bounds what is compared.
    pub range: Option<TimeRange>,
    /// The moment before and after which events are counted.
    pub around: Timestamp,
    /// At most so many patterns.
    pub limit: Option<u64>,
    /// For people or for programs.
    pub form: OutputForm,
}

/// Writes one pattern a line, those that changed most first. Whether there was any.
pub fn run(source: &dyn Source, options: &PatternsOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    let extent = options.range.or(source.catalog(&job)?.extent);
    let windows = extent.map(|extent| {
        let at = options.around.clamp(extent.start(), extent.end());
        (TimeRange::new(extent.start(), at), TimeRange::new(at, extent.end()))
    });
    let windows = windows.filter(|(before, after)| !before.is_empty() && !after.is_empty());
    if let (None, Some(extent)) = (windows, extent) {
        let (first, last) = (rfc3339(extent.start()), rfc3339(extent.end().plus_ns(-1)));
        anyhow::bail!(
            "--around {} leaves nothing to compare; the data reach from {first} to {last}, and T+0 is their start until the case marks one (t 0 on screen)",
            rfc3339(options.around)
        );
    }
    let query = PatternQuery { filter: options.filter.clone(), range: options.range, windows };
    let mut found = source.patterns(&query, &job)?.value;
    pattern::sort(&mut found, PatternOrder::Change, windows);
    let has_any = !found.is_empty();
    found.truncate(options.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX));
    match options.form {
        OutputForm::Json => found.iter().try_for_each(|pattern| output::write_json(out, &json_of(pattern, windows)))?,
        OutputForm::Text => write_text(&found, out)?,
    }
    Ok(has_any)
}

fn json_of(pattern: &Pattern, windows: Option<(TimeRange, TimeRange)>) -> Value {
    json!({
        "id": pattern.id,
        "template": pattern.template,
        "count": pattern.count,
        "before": pattern.in_windows.0,
        "after": pattern.in_windows.1,
        "expected_after": windows.map(|windows| (pattern.due(windows) * 10.0).round() / 10.0),
        "status": pattern.status.name(),
        "surprise": windows.map(|windows| (pattern.surprise(windows) * 10.0).round() / 10.0),
        "level": pattern.level.name(),
        "services": pattern.services,
        "first": output::time(pattern.first),
        "last": output::time(pattern.last),
    })
}

/// `born  error  #17  0  764  2026-11-22T03:23:03Z  order  acquire: pool exhausted after <*>`.
fn write_text(found: &[Pattern], out: &mut dyn Write) -> anyhow::Result<()> {
    let header = ["status", "level", "pattern", "before", "after", "first", "services", "template"].map(str::to_owned).to_vec();
    let mut rows = vec![header];
    rows.extend(found.iter().map(|pattern| {
        let level = if pattern.level == Level::Unknown { "-" } else { pattern.level.name() };
        let services: Vec<_> = pattern.services.iter().map(|name| printable(name)).collect();
        vec![
            pattern.status.name().to_owned(),
            level.to_owned(),
            format!("#{}", pattern.id),
            grouped(pattern.in_windows.0),
            grouped(pattern.in_windows.1),
            pattern.first.map_or_else(|| "-".to_owned(), rfc3339),
            services.join(","),
            printable(&pattern.template).into_owned(),
        ]
    }));
    output::write_table(out, &rows, &[2, 3, 4])?;
    Ok(())
}
