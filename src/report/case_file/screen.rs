//! `[screen]` in `case.toml`: how the screen is shared out. What this version does not know stays where it is.

use std::collections::BTreeSet;

use toml_edit::{Array, Item, Table, value};

use super::meta::Reader;
use crate::model::case::ScreenView;

impl Reader<'_> {
    pub(super) fn screen(&mut self) -> ScreenView {
        let Some(item) = self.root.get("screen") else { return ScreenView::default() };
        let Some(table) = item.as_table_like() else {
            self.wrong("screen", "a table with columns, wrap, panels, side and hide");
            return ScreenView::default();
        };
        let texts = |item: &Item| item.as_array()?.iter().map(|entry| entry.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>();
        let percent = |item: &Item| item.as_integer().and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= 100);
        let columns = table.get("columns").map(texts);
        let hidden = table.get("hide").map(texts);
        let wrap = table.get("wrap").map(Item::as_bool);
        let [panels, side] = ["panels", "side"].map(|key| table.get(key).map(percent));
        for (key, is_wrong, wanted) in [
            ("columns", columns == Some(None), "a list of names of fields"),
            ("hide", hidden == Some(None), "a list of names of lanes and panes"),
            ("wrap", wrap == Some(None), "true or false"),
            ("panels", panels == Some(None), "a whole number from 0 to 100"),
            ("side", side == Some(None), "a whole number from 0 to 100"),
        ] {
            if is_wrong {
                self.wrong(&format!("screen.{key}"), wanted);
            }
        }
        ScreenView {
            columns: columns.flatten(),
            is_wrapped: wrap.flatten() == Some(true),
            panels: panels.flatten(),
            side: side.flatten(),
            hidden: hidden.flatten().map(BTreeSet::from_iter).unwrap_or_default(),
        }
    }
}

/// Writes what changed; a table that says nothing any more goes.
pub(super) fn write_screen(root: &mut Table, now: &ScreenView, was: &ScreenView) {
    if now == was {
        return;
    }
    if root.get("screen").is_none_or(|item| !item.is_table_like()) {
        root.insert("screen", Item::Table(Table::new()));
    }
    let Some(table) = root.get_mut("screen").and_then(Item::as_table_like_mut) else { return };
    let mut put = |key: &str, is_changed: bool, new: Option<Item>| match new {
        _ if !is_changed => {}
        Some(item) => drop(table.insert(key, item)),
        None => drop(table.remove(key)),
    };
    let list = |names: &mut dyn Iterator<Item = &String>| value(names.map(String::as_str).collect::<Array>());
    put("columns", now.columns != was.columns, now.columns.as_ref().map(|names| list(&mut names.iter())));
    put("wrap", now.is_wrapped != was.is_wrapped, now.is_wrapped.then(|| value(true)));
    put("panels", now.panels != was.panels, now.panels.map(|share| value(i64::from(share))));
    put("side", now.side != was.side, now.side.map(|share| value(i64::from(share))));
    put("hide", now.hidden != was.hidden, (!now.hidden.is_empty()).then(|| list(&mut now.hidden.iter())));
    if table.is_empty() {
        root.remove("screen");
    }
}
