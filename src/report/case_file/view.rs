//! `[view]` in `case.toml`: how panels are drawn. What this version does not know stays where it is.

use std::collections::BTreeSet;

use toml_edit::{Array, Item, Table, value};

use super::meta::Reader;
use crate::model::case::PanelView;

impl Reader<'_> {
    pub(super) fn view(&mut self) -> PanelView {
        let Some(item) = self.root.get("view") else { return PanelView::default() };
        let Some(table) = item.as_table_like() else {
            self.wrong("view", "a table with log and ghost (lists of series) and trust = true");
            return PanelView::default();
        };
        let mut names = |key: &str| {
            let Some(item) = table.get(key) else { return BTreeSet::new() };
            let names: Option<BTreeSet<String>> =
                item.as_array().and_then(|array| array.iter().map(|entry| entry.as_str().map(str::to_owned)).collect());
            names.unwrap_or_else(|| {
                self.wrong(&format!("view.{key}"), "a list of series names");
                BTreeSet::new()
            })
        };
        let (log, ghost) = (names("log"), names("ghost"));
        let trust = table.get("trust");
        if trust.is_some_and(|item| item.as_bool().is_none()) {
            self.wrong("view.trust", "true or false");
        }
        PanelView { log, ghost, has_trust: trust.and_then(Item::as_bool) == Some(true) }
    }
}

/// Writes what changed; a table that says nothing any more goes.
pub(super) fn write_view(root: &mut Table, now: &PanelView, was: &PanelView) {
    if now == was {
        return;
    }
    if root.get("view").is_none_or(|item| !item.is_table_like()) {
        root.insert("view", Item::Table(Table::new()));
    }
    let Some(table) = root.get_mut("view").and_then(Item::as_table_like_mut) else { return };
    for (key, now, was) in [("log", &now.log, &was.log), ("ghost", &now.ghost, &was.ghost)] {
        if now.is_empty() && now != was {
            table.remove(key);
        } else if now != was {
            table.insert(key, value(now.iter().map(String::as_str).collect::<Array>()));
        }
    }
    if now.has_trust && !was.has_trust {
        table.insert("trust", value(true));
    } else if was.has_trust && !now.has_trust {
        table.remove("trust");
    }
    if table.is_empty() {
        root.remove("view");
    }
}
