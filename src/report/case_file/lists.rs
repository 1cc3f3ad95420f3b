//! Lists of tables in `case.toml`: panels and filters. What this version does not know stays where it is.

use toml_edit::{ArrayOfTables, InlineTable, Item, Table, TableLike, Value, value};

use super::meta::{Reader, set};
use crate::model::case::{PanelRef, SavedFilter};

impl Reader<'_> {
    pub(super) fn panels(&mut self) -> Vec<PanelRef> {
        let panel = |table: &dyn TableLike| {
            Some(PanelRef {
                role: text(table, "role").unwrap_or_default(),
                series: text(table, "series")?,
                source: text(table, "source").unwrap_or_default(),
            })
        };
        self.tables("panels", "a list of tables with series, source and role", panel)
    }

    pub(super) fn filters(&mut self) -> Vec<SavedFilter> {
        let filter = |table: &dyn TableLike| {
            let is_off = table.get("off").is_some_and(|item| item.as_bool() == Some(true));
            Some(SavedFilter { text: text(table, "filter")?, is_off })
        };
        self.tables("filters", "a list of tables with filter = \"level>=warn\" and off = true for one that is switched off", filter)
    }

    /// `[[key]]` or `key = [{ … }]`; with one entry that cannot be read the whole list is left as it is.
    pub(super) fn tables<T>(&mut self, key: &str, wanted: &str, read: impl Fn(&dyn TableLike) -> Option<T>) -> Vec<T> {
        let Some(item) = self.root.get(key) else { return Vec::new() };
        let entries: Option<Vec<T>> = match item {
            Item::ArrayOfTables(tables) => tables.iter().map(|table| read(table)).collect(),
            Item::Value(Value::Array(array)) => array.iter().map(|entry| entry.as_inline_table().and_then(|table| read(table))).collect(),
            _ => None,
        };
        entries.unwrap_or_else(|| {
            self.wrong(key, wanted);
            Vec::new()
        })
    }
}

fn text(table: &dyn TableLike, key: &str) -> Option<String> {
    table.get(key).and_then(Item::as_str).map(str::to_owned)
}

/// Rewrites the list of filters. One that was there before keeps its comments and unknown keys, wherever it goes.
pub(super) fn write_filters(root: &mut Table, filters: &[SavedFilter], before: &[SavedFilter]) {
    let old: Vec<Table> = match root.get("filters") {
        Some(Item::ArrayOfTables(tables)) => tables.iter().cloned().collect(),
        Some(Item::Value(Value::Array(array))) => {
            array.iter().filter_map(Value::as_inline_table).cloned().map(InlineTable::into_table).collect()
        }
        _ => Vec::new(),
    };
    if filters.is_empty() {
        root.remove("filters");
        return;
    }
    let mut positions = old.iter().filter_map(Table::position).collect::<Vec<_>>().into_iter();
    // A table that could not be read shifts nothing: then no list was read at all.
    let mut old: Vec<Option<(&SavedFilter, Table)>> = before.iter().zip(old).map(Some).collect();
    let mut take = |is_same: &dyn Fn(&SavedFilter) -> bool| {
        old.iter_mut().find(|entry| entry.as_ref().is_some_and(|entry| is_same(entry.0))).and_then(Option::take).map(|entry| entry.1)
    };
    let known: Vec<Option<Table>> = filters.iter().map(|filter| take(&|old| old.text == filter.text)).collect();
    let mut tables = ArrayOfTables::new();
    for (filter, known) in filters.iter().zip(known) {
        // A changed text takes the place of one that is gone, with its comments.
        let mut table = known.or_else(|| take(&|old| !filters.iter().any(|filter| filter.text == old.text))).unwrap_or_default();
        if table.get("filter").and_then(Item::as_str) != Some(filter.text.as_str()) {
            set(&mut table, "filter", Some(value(filter.text.as_str())));
        }
        if filter.is_off != table.get("off").is_some_and(|item| item.as_bool() == Some(true)) {
            set(&mut table, "off", filter.is_off.then(|| value(true)));
        }
        // The places in the file stay those of the list.
        table.set_position(positions.next());
        tables.push(table);
    }
    root.insert("filters", Item::ArrayOfTables(tables));
}

/// Rewrites the list of panels; fields that this version does not know stay with the panel that keeps its place.
pub(super) fn write_panels(root: &mut Table, panels: &[PanelRef]) {
    if panels.is_empty() {
        root.remove("panels");
        return;
    }
    let fields = |panel: &PanelRef| [("role", panel.role.clone()), ("series", panel.series.clone()), ("source", panel.source.clone())];
    if let Some(Item::Value(Value::Array(array))) = root.get_mut("panels") {
        while array.len() > panels.len() {
            array.remove(array.len() - 1);
        }
        for (index, panel) in panels.iter().enumerate() {
            let mut table = array.get(index).and_then(Value::as_inline_table).cloned().unwrap_or_else(InlineTable::new);
            for (key, text) in fields(panel) {
                table.insert(key, Value::from(text));
            }
            if index < array.len() {
                array.replace(index, table);
            } else {
                array.push(table);
            }
        }
        return;
    }
    if !matches!(root.get("panels"), Some(Item::ArrayOfTables(_))) {
        root.insert("panels", Item::ArrayOfTables(ArrayOfTables::new()));
    }
    let Some(tables) = root.get_mut("panels").and_then(Item::as_array_of_tables_mut) else { return };
    while tables.len() > panels.len() {
        tables.remove(tables.len() - 1);
    }
    for (index, panel) in panels.iter().enumerate() {
        if index >= tables.len() {
            tables.push(Table::new());
        }
        if let Some(table) = tables.get_mut(index) {
            for (key, text) in fields(panel) {
                if table.get(key).and_then(Item::as_str) != Some(text.as_str()) {
                    set(table, key, Some(value(text)));
                }
            }
        }
    }
}
