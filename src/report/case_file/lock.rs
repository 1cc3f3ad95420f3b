//! `sources.lock`: what the sources looked like that evidence refers to, so that a later reader can tell whether
//! the evidence still stands on the same bytes.

use std::collections::BTreeMap;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::parse_time;
use crate::model::text::rfc3339;
use crate::model::{CaseDoc, Catalog, Timestamp};

/// One source that evidence refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockedSource {
    /// Path as in the catalog.
    pub path: String,
    /// Decoded size, bytes; `None` when the source was never loaded.
    pub size_bytes: Option<u64>,
    /// SHA-256 of the decoded bytes, lower-case hex.
    pub sha256: Option<String>,
    /// First and last record, both inclusive.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// The sources that evidence of `doc` refers to, by path. What the catalog does not know comes from `known` (the
/// file as it was), else from the evidence itself.
pub fn lock_sources(doc: &CaseDoc, catalog: Option<&Catalog>, known: &[LockedSource]) -> Vec<LockedSource> {
    let mut locked: BTreeMap<&str, LockedSource> = BTreeMap::new();
    for (_, evidence) in doc.evidence() {
        let entry = locked.entry(&evidence.source).or_insert_with(|| {
            let loaded = catalog.and_then(|catalog| catalog.source_of(&evidence.source));
            let known = known.iter().find(|source| source.path == evidence.source);
            let mut entry = known.cloned().unwrap_or_default();
            entry.path.clone_from(&evidence.source);
            if let Some(source) = loaded {
                entry.size_bytes = Some(source.size_bytes);
                entry.span = source.extent;
                if source.sha256.is_some() {
                    entry.sha256.clone_from(&source.sha256);
                }
            }
            entry
        });
        if entry.sha256.is_none() {
            entry.sha256.clone_from(&evidence.source_sha256);
        }
    }
    locked.into_values().collect()
}

/// Reads a file; entries that do not fit are left out, as the file is made again from the case.
pub fn parse_lock(text: &str) -> Vec<LockedSource> {
    let Ok(document) = text.trim_start_matches('\u{feff}').parse::<DocumentMut>() else { return Vec::new() };
    let Some(tables) = document.get("source").and_then(Item::as_array_of_tables) else { return Vec::new() };
    let read = |table: &Table| {
        let text = |key| table.get(key).and_then(Item::as_str);
        Some(LockedSource {
            path: text("path")?.to_owned(),
            size_bytes: table.get("size_bytes").and_then(Item::as_integer).and_then(|n| u64::try_from(n).ok()),
            sha256: text("sha256").map(str::to_owned),
            span: text("first").and_then(parse_time).zip(text("last").and_then(parse_time)),
        })
    };
    tables.iter().filter_map(read).collect()
}

/// The text of a file that holds these sources.
pub fn write_lock(sources: &[LockedSource]) -> String {
    let mut tables = ArrayOfTables::new();
    for source in sources {
        let mut table = Table::new();
        table.insert("path", value(source.path.as_str()));
        if let Some(size) = source.size_bytes.and_then(|size| i64::try_from(size).ok()) {
            table.insert("size_bytes", value(size));
        }
        if let Some(sha256) = &source.sha256 {
            table.insert("sha256", value(sha256.as_str()));
        }
        if let Some((first, last)) = source.span {
            table.insert("first", value(rfc3339(first)));
            table.insert("last", value(rfc3339(last)));
        }
        tables.push(table);
    }
    let mut document = DocumentMut::new();
    document.insert("version", value(1));
    if !tables.is_empty() {
        document.insert("source", Item::ArrayOfTables(tables));
    }
    format!("# What the evidence of this case stands on. Written by coroner with every save.\n{document}")
}

/// Merges three versions of the file by path: what one side changed wins, ours where both did. The next save makes
/// the file again from the case.
pub fn merge_lock(base: &str, ours: &str, theirs: &str) -> String {
    let read = |text: &str| parse_lock(text).into_iter().map(|source| (source.path.clone(), source)).collect::<BTreeMap<_, _>>();
    let (base, mut ours, mut theirs) = (read(base), read(ours), read(theirs));
    let paths: std::collections::BTreeSet<String> = base.keys().chain(ours.keys()).chain(theirs.keys()).cloned().collect();
    let merged = paths.into_iter().filter_map(|path| {
        let (was, one, other) = (base.get(&path), ours.remove(&path), theirs.remove(&path));
        if one.as_ref() == was { other } else { one.or(other) }
    });
    write_lock(&merged.collect::<Vec<_>>())
}
