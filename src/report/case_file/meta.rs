//! `case.toml`: the named things of a case. Comments, unknown keys and order survive; only what changed is touched.

use toml_edit::{Array, DocumentMut, Item, Table, Value, value};

use super::lists::{write_filters, write_panels};
use super::merge_meta::write_conflicts;
use super::parse_time;
use super::reading::write_reading;
use super::screen::write_screen;
use super::tables::{number, write_tables};
use super::view::write_view;
use crate::model::case::{Anchor, CaseMeta, Head};
use crate::model::offset;
use crate::model::text::rfc3339;

/// Why `case.toml` cannot be read as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct MetaError {
    /// Line from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// A file that was read, with what is needed to write it back.
#[derive(Debug, Clone, Default)]
pub struct LoadedMeta {
    /// What it says.
    pub meta: CaseMeta,
    /// Values that do not fit their key: left in the file, not in `meta`.
    pub problems: Vec<String>,
    pub(super) document: DocumentMut,
    text: String,
}

impl LoadedMeta {
    /// The text that was read.
    pub fn original(&self) -> &str {
        &self.text
    }
}

/// Reads a file. A value of a wrong type is a problem and stays in the file; a text that is no TOML is an error.
pub fn parse_meta(text: &str) -> Result<LoadedMeta, MetaError> {
    let body = text.trim_start_matches('\u{feff}');
    let document: DocumentMut = body.parse().map_err(|error: toml_edit::TomlError| MetaError {
        line: error.span().map_or(1, |span| body[..span.start.min(body.len())].matches('\n').count() + 1),
        reason: error.message().lines().next().unwrap_or("not TOML").to_owned(),
    })?;
    let (meta, problems) = read(&document);
    Ok(LoadedMeta { meta, problems, document, text: text.to_owned() })
}

/// The text of a file that says `meta`; `loaded` is what was read before (or the default for a new file).
pub fn write_meta(meta: &CaseMeta, loaded: &LoadedMeta) -> String {
    if *meta == loaded.meta {
        return loaded.text.clone();
    }
    let mut document = loaded.document.clone();
    let before = &loaded.meta;
    let root = document.as_table_mut();
    if meta.title != before.title {
        set_text(root, "title", Some(&meta.title));
    }
    let texts = [
        ("severity", &meta.severity, &before.severity),
        ("status", &meta.status, &before.status),
        ("time_zone", &meta.time_zone, &before.time_zone),
        ("id", &meta.head.id, &before.head.id),
        ("date", &meta.head.date, &before.head.date),
        ("published", &meta.head.published, &before.head.published),
        ("owner", &meta.head.owner, &before.head.owner),
    ];
    for (key, now, was) in texts {
        if now != was {
            set_text(root, key, now.as_deref());
        }
    }
    let lists = [
        ("services", &meta.services, &before.services),
        ("sources", &meta.sources, &before.sources),
        ("authors", &meta.head.authors, &before.head.authors),
        ("environments", &meta.head.environments, &before.head.environments),
        ("regions", &meta.head.regions, &before.head.regions),
        ("tags", &meta.head.tags, &before.head.tags),
        ("categories", &meta.head.categories, &before.head.categories),
    ];
    for (key, now, was) in lists {
        if now != was {
            set(root, key, (!now.is_empty()).then(|| value(now.iter().map(String::as_str).collect::<Array>())));
        }
    }
    if meta.t0 != before.t0 {
        write_anchor(root, meta.t0.as_ref());
    }
    if meta.panels != before.panels {
        write_panels(root, &meta.panels);
    }
    if meta.filters != before.filters {
        write_filters(root, &meta.filters, &before.filters);
    }
    write_view(root, &meta.view, &before.view);
    write_screen(root, &meta.screen, &before.screen);
    write_map(root, "zones", &meta.zones, &before.zones, |zone| Value::from(zone.as_str()));
    write_map(root, "clock_offsets", &meta.clock_offsets, &before.clock_offsets, |ns| Value::from(offset::text(*ns)));
    write_reading(root, &meta.reading, &before.reading);
    for (key, now, was) in [("roles", &meta.head.roles, &before.head.roles), ("links", &meta.head.links, &before.head.links)] {
        write_map(root, key, now, was, |words| Value::from(words.as_str()));
    }
    write_tables(root, meta, before);
    if meta.conflicts != before.conflicts {
        write_conflicts(root, &meta.conflicts);
    }
    write_map(root, "thresholds", &meta.thresholds, &before.thresholds, |number| Value::from(*number));
    let out = document.to_string();
    if loaded.text.contains("\r\n") { out.replace("\r\n", "\n").replace('\n', "\r\n") } else { out }
}

fn read(document: &DocumentMut) -> (CaseMeta, Vec<String>) {
    let mut reader = Reader { root: document.as_table(), problems: Vec::new() };
    let meta = CaseMeta {
        title: reader.text("title").unwrap_or_default(),
        severity: reader.text("severity"),
        status: reader.text("status"),
        services: reader.texts("services"),
        time_zone: reader.text("time_zone"),
        t0: reader.anchor(),
        panels: reader.panels(),
        zones: reader.map("zones", |item| item.as_str().map(str::to_owned)),
        clock_offsets: reader.map("clock_offsets", |item| item.as_str().and_then(|text| offset::parse(text).ok())),
        reading: reader.reading(),
        thresholds: reader.map("thresholds", number),
        sources: reader.texts("sources"),
        filters: reader.filters(),
        view: reader.view(),
        screen: reader.screen(),
        head: reader.head(),
        impact: reader.impact(),
        slos: reader.slos(),
        measures: reader.measures(),
        unknown_markers: reader.unknown_markers(),
        people: reader.people(),
        lint: reader.lint(),
        conflicts: reader.conflicts(),
    };
    (meta, reader.problems)
}

pub(super) struct Reader<'a> {
    pub(super) root: &'a Table,
    pub(super) problems: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn wrong(&mut self, key: &str, wanted: &str) {
        self.problems.push(format!("{key} should be {wanted}; it is left as it is"));
    }

    fn head(&mut self) -> Head {
        let words = |item: &Item| item.as_str().map(str::to_owned);
        Head {
            id: self.text("id"),
            date: self.text("date"),
            published: self.text("published"),
            authors: self.texts("authors"),
            owner: self.text("owner"),
            roles: self.map("roles", words),
            environments: self.texts("environments"),
            regions: self.texts("regions"),
            tags: self.texts("tags"),
            categories: self.texts("categories"),
            links: self.map("links", words),
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let item = self.root.get(key)?;
        let text = item.as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong(key, "a text");
        }
        text
    }

    pub(super) fn texts(&mut self, key: &str) -> Vec<String> {
        let Some(item) = self.root.get(key) else { return Vec::new() };
        let texts: Option<Vec<String>> =
            item.as_array().and_then(|array| array.iter().map(|entry| entry.as_str().map(str::to_owned)).collect());
        texts.unwrap_or_else(|| {
            self.wrong(key, "a list of texts");
            Vec::new()
        })
    }

    fn anchor(&mut self) -> Option<Anchor> {
        let item = self.root.get("t0")?;
        let read = || {
            let table = item.as_table_like()?;
            let at = parse_time(table.get("at")?.as_str()?)?;
            let label = table.get("label").and_then(Item::as_str).unwrap_or_default().to_owned();
            Some(Anchor { at, label })
        };
        let anchor = read();
        if anchor.is_none() {
            self.wrong("t0", "a table with at = \"2026-11-22T03:24:10Z\" and label");
        }
        anchor
    }

    pub(super) fn map<T>(&mut self, key: &str, read: impl Fn(&Item) -> Option<T>) -> std::collections::BTreeMap<String, T> {
        let Some(item) = self.root.get(key) else { return std::collections::BTreeMap::new() };
        let Some(table) = item.as_table_like() else {
            self.wrong(key, "a table");
            return std::collections::BTreeMap::new();
        };
        let mut map = std::collections::BTreeMap::new();
        for (name, item) in table.iter() {
            match read(item) {
                Some(entry) => {
                    map.insert(name.to_owned(), entry);
                }
                None => self.problems.push(format!("{key}.{name} has a value of the wrong sort; it is left as it is")),
            }
        }
        map
    }
}

/// Sets or removes a key. The blanks and comments around an existing value stay.
pub(super) fn set(root: &mut Table, key: &str, item: Option<Item>) {
    let Some(mut item) = item else {
        root.remove(key);
        return;
    };
    if let (Some(old), Some(new)) = (root.get(key).and_then(Item::as_value), item.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    match root.get_mut(key) {
        Some(slot) => *slot = item,
        None => {
            root.insert(key, item);
        }
    }
}

fn set_text(root: &mut Table, key: &str, text: Option<&str>) {
    set(root, key, text.map(value));
}

fn write_anchor(root: &mut Table, anchor: Option<&Anchor>) {
    let Some(anchor) = anchor else {
        root.remove("t0");
        return;
    };
    if root.get("t0").is_none_or(|item| !item.is_table_like()) {
        root.insert("t0", Item::Table(Table::new()));
    }
    if let Some(table) = root.get_mut("t0").and_then(Item::as_table_like_mut) {
        table.insert("at", value(rfc3339(anchor.at)));
        table.insert("label", value(anchor.label.as_str()));
    }
}

pub(super) fn write_map<T: PartialEq>(
    root: &mut Table,
    key: &str,
    now: &std::collections::BTreeMap<String, T>,
    was: &std::collections::BTreeMap<String, T>,
    to_value: impl Fn(&T) -> Value,
) {
    if now == was {
        return;
    }
    if root.get(key).is_none_or(|item| !item.is_table_like()) {
        root.insert(key, Item::Table(Table::new()));
    }
    let Some(table) = root.get_mut(key).and_then(Item::as_table_like_mut) else { return };
    for name in was.keys().filter(|name| !now.contains_key(*name)) {
        table.remove(name);
    }
    for (name, entry) in now {
        if was.get(name) != Some(entry) {
            let mut new = to_value(entry);
            if let Some(old) = table.get(name).and_then(Item::as_value) {
                *new.decor_mut() = old.decor().clone();
            }
            table.insert(name, Item::Value(new));
        }
    }
    if table.is_empty() {
        root.remove(key);
    }
}
