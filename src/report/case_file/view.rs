//! `[view]` in `case.toml`: how panels are drawn. What this version does not know stays where it is.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Array, Item, Table, TableLike, value};

use super::meta::Reader;
use crate::model::case::{Earlier, PanelForm, PanelView, Renderer};

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
        let (log, ghost, floors) = (names("log"), names("ghost"), names("floors"));
        let trust = table.get("trust");
        if trust.is_some_and(|item| item.as_bool().is_none()) {
            self.wrong("view.trust", "true or false");
        }
        let renderer = match table.get("renderer").map(|item| item.as_str()) {
            None | Some(Some("blocks")) => Renderer::Blocks,
            Some(Some("braille")) => Renderer::Braille,
            Some(_) => {
                self.wrong("view.renderer", "\"blocks\" or \"braille\"");
                Renderer::Blocks
            }
        };
        let forms =
            self.of_series(table, "forms", "\"overlaid\", \"stacked\", \"multiples\" or \"heat\", and \" by LABEL\"", PanelForm::parse);
        let earlier = self.of_series(table, "earlier", "\"-1h\" or \"T-10m\"", Earlier::parse);
        PanelView { log, ghost, has_trust: trust.and_then(Item::as_bool) == Some(true), forms, earlier, floors, renderer }
    }

    /// A table of series names and short texts.
    fn of_series<T>(&mut self, view: &dyn TableLike, key: &str, wanted: &str, parse: impl Fn(&str) -> Option<T>) -> BTreeMap<String, T> {
        let Some(item) = view.get(key) else { return BTreeMap::new() };
        let Some(table) = item.as_table_like() else {
            self.wrong(&format!("view.{key}"), "a table of series names");
            return BTreeMap::new();
        };
        let mut out = BTreeMap::new();
        for (series, item) in table.iter() {
            match item.as_str().and_then(&parse) {
                Some(found) => drop(out.insert(series.to_owned(), found)),
                None => self.wrong(&format!("view.{key}.{series:?}"), wanted),
            }
        }
        out
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
    for (key, now, was) in [("log", &now.log, &was.log), ("ghost", &now.ghost, &was.ghost), ("floors", &now.floors, &was.floors)] {
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
    match (now.renderer, was.renderer) {
        (Renderer::Braille, Renderer::Blocks) => drop(table.insert("renderer", value("braille"))),
        (Renderer::Blocks, Renderer::Braille) => drop(table.remove("renderer")),
        _ => {}
    }
    write_of_series(table, "forms", &now.forms, &was.forms, PanelForm::text);
    write_of_series(table, "earlier", &now.earlier, &was.earlier, |earlier| earlier.text());
    if table.is_empty() {
        root.remove("view");
    }
}

fn write_of_series<T: PartialEq>(
    view: &mut dyn TableLike,
    key: &str,
    now: &BTreeMap<String, T>,
    was: &BTreeMap<String, T>,
    text: impl Fn(&T) -> String,
) {
    if now == was {
        return;
    }
    if view.get(key).is_none_or(|item| !item.is_table_like()) {
        view.insert(key, Item::Table(Table::new()));
    }
    let Some(table) = view.get_mut(key).and_then(Item::as_table_like_mut) else { return };
    for series in was.keys().filter(|series| !now.contains_key(*series)) {
        table.remove(series);
    }
    for (series, item) in now.iter().filter(|(series, item)| was.get(*series) != Some(*item)) {
        table.insert(series, value(text(item)));
    }
    if table.is_empty() {
        view.remove(key);
    }
}
