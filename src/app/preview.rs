//! What is guessed of logs that are still being read, made ready for drawing: expected counts by column, and the last
//! errors and warnings as rows.

use std::num::NonZeroUsize;

use crate::model::{Catalog, Level, TimeRange, Timestamp, text};

/// Rows of last lines that are shown at most.
const MAX_ROWS: usize = 6;

/// One of the last lines of a log that is not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastLine {
    pub(crate) time: Option<Timestamp>,
    pub(crate) level: Level,
    /// Service or source, and the message.
    pub(crate) words: String,
}

/// Rows for the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Preview {
    pub(crate) last: Vec<LastLine>,
    /// Catalog for which they were made.
    version: Option<u64>,
}

impl Preview {
    /// Takes the last lines of all sources, latest last. O(sources).
    pub(crate) fn prepare(&mut self, catalog: &Catalog) {
        if self.version == Some(catalog.version) {
            return;
        }
        self.version = Some(catalog.version);
        self.last.clear();
        for source in &catalog.sources {
            let lines = source.preview.iter().flat_map(|preview| &preview.last);
            self.last.extend(lines.map(|line| {
                let who = line.service.as_deref().unwrap_or_else(|| source.path.rsplit('/').next().unwrap_or_default());
                let message = line.message.lines().next().unwrap_or_default();
                LastLine { time: line.time, level: line.level, words: text::printable(&format!("{who}  {message}")).into_owned() }
            }));
        }
        // Errors stay before warnings do.
        self.last.sort_by_key(|line| (line.level >= Level::Error, line.time));
        self.last.drain(..self.last.len().saturating_sub(MAX_ROWS));
        self.last.sort_by_key(|line| line.time);
    }

    /// How many rows of a list of this height they take, with their heading.
    pub(crate) fn n_rows(&self, height: usize) -> usize {
        let n = self.last.len().min((height / 2).saturating_sub(1));
        if n == 0 { 0 } else { n + 1 }
    }
}

/// Events that are still to be read, by column.
pub(crate) fn expected(catalog: &Catalog, range: TimeRange, columns: NonZeroUsize) -> Vec<u64> {
    let mut out = vec![0.0; columns.get()];
    for (stretch, n) in catalog.sources.iter().filter_map(|source| source.preview.as_ref()).flat_map(|preview| &preview.stretches) {
        let Some(seen) = stretch.intersect(range) else { continue };
        let (Some(first), Some(last)) = (range.column_of(seen.start(), columns), range.column_of(seen.end().plus_ns(-1), columns)) else {
            continue;
        };
        for (column, cell) in out.iter_mut().enumerate().take(last + 1).skip(first) {
            let own = TimeRange::new(range.edge(column, columns), range.edge(column + 1, columns));
            let shared = own.intersect(seen).map_or(0, TimeRange::len_ns);
            *cell += *n as f64 * shared as f64 / stretch.len_ns().max(1) as f64;
        }
    }
    out.into_iter().map(|n: f64| n.round() as u64).collect()
}
