//! Where somebody was in a case: cursor, window, focus, tab, layout, typed filters; kept when one leaves and taken up again.
//!
//! As JSON of which every part may be missing or wrong: what makes no sense is left out. Times wait until everything is
//! read, and are forgotten as soon as a key moves the cursor before.

use serde_json::{Value, json};

use super::clock::Style;
use super::commands::Typed;
use super::layout::Zoomed;
use super::side::Tab;
use super::state::{Focus, State};
use crate::model::{TimeRange, Timestamp};

/// Number of this shape; another one is left alone.
const VERSION: u64 = 1;
/// No list is longer that anybody selects from by hand.
const MOST_ITEMS: u64 = 10_000;
/// Filters that are kept.
const FILTERS: usize = 100;

/// Cursor and window that wait for the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resumed {
    cursor: Timestamp,
    /// `None`: all of it.
    visible: Option<TimeRange>,
    /// What is shown first, where that is not all of it.
    is_home: bool,
    /// Selected panel and item of the side pane, which are there only then.
    panel: usize,
    side: usize,
}

const fn focus_name(focus: Focus) -> &'static str {
    match focus {
        Focus::Changes => "changes",
        Focus::Panels => "panels",
        Focus::List => "events",
        Focus::Side => "side",
    }
}

const fn zoomed_name(zoomed: Zoomed) -> &'static str {
    match zoomed {
        Zoomed::Panels => "panels",
        Zoomed::List => "events",
        Zoomed::Side => "side",
    }
}

const fn style_name(style: Style) -> &'static str {
    match style {
        Style::Utc => "utc",
        Style::Local => "local",
        Style::Offset => "offset",
    }
}

impl State {
    /// Where the user is, as text; `None` before everything is read: a place that was kept before stays then.
    pub fn position(&self) -> Option<String> {
        let extent = self.timeline.extent.filter(|_| self.catalog.is_complete && self.resumed.is_none())?;
        let is_whole = self.timeline.visible == extent || self.timeline.is_home();
        let visible = (!is_whole).then(|| [self.timeline.visible.start().0, self.timeline.visible.end().0]);
        let filters = self.filters_typed.lines();
        let value = json!({
            "version": VERSION,
            "cursor": self.timeline.cursor.0,
            "visible": visible,
            "home": self.timeline.is_home(),
            "focus": focus_name(self.focus),
            "tab": self.side.tab.name(),
            "zoomed": self.zoomed.map(zoomed_name),
            "time": style_name(self.clock.style),
            "panel": self.panels.selected,
            "side": self.side.selected(),
            "notes_filter": self.side.notes_filter,
            "filters": filters[filters.len().saturating_sub(FILTERS)..],
        });
        Some(format!("{value:#}\n"))
    }

    /// Takes up a place that was kept. Garbage changes nothing.
    pub fn resume(&mut self, kept: &str) {
        let Ok(value) = serde_json::from_str::<Value>(kept) else { return };
        if value.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return;
        }
        let word = |key: &str| value.get(key).and_then(Value::as_str);
        let number = |key: &str| value.get(key).and_then(Value::as_u64).filter(|n| *n <= MOST_ITEMS).map_or(0, |n| n as usize);
        let named = |focus: &Focus| Some(focus_name(*focus)) == word("focus");
        if let Some(focus) = [Focus::Changes, Focus::Panels, Focus::List, Focus::Side].into_iter().find(named) {
            self.focus = focus;
            self.subject = if focus == Focus::Side { self.subject } else { focus };
        }
        if let Some(tab) = Tab::ALL.into_iter().find(|tab| Some(tab.name()) == word("tab")) {
            self.side.tab = tab;
        }
        self.zoomed = [Zoomed::Panels, Zoomed::List, Zoomed::Side].into_iter().find(|zoomed| Some(zoomed_name(*zoomed)) == word("zoomed"));
        if let Some(style) = [Style::Utc, Style::Local, Style::Offset].into_iter().find(|style| Some(style_name(*style)) == word("time")) {
            self.clock.style = style;
        }
        word("notes_filter").unwrap_or_default().clone_into(&mut self.side.notes_filter);
        let filters = value.get("filters").and_then(Value::as_array).into_iter().flatten();
        self.filters_typed = Typed::new(filters.filter_map(Value::as_str).map(str::to_owned).take(FILTERS));
        let visible =
            value.get("visible").and_then(Value::as_array).and_then(|ends| Some((ends.first()?.as_i64()?, ends.get(1)?.as_i64()?)));
        let visible = visible.filter(|(from, to)| from < to).map(|(from, to)| TimeRange::new(Timestamp(from), Timestamp(to)));
        let is_home = value.get("home").and_then(Value::as_bool).unwrap_or(false);
        let cursor = value.get("cursor").and_then(Value::as_i64).map(Timestamp);
        self.resumed = cursor.map(|cursor| Resumed { cursor, visible, is_home, panel: number("panel"), side: number("side") });
        super::update::settle_view(self);
    }

    /// Everything is read: the cursor goes where it was, unless a key moved it meanwhile or that time is gone.
    pub(crate) fn take_up(&mut self) {
        if !self.catalog.is_complete {
            return;
        }
        let Some(resumed) = self.resumed.take() else { return };
        self.panels.selected = resumed.panel;
        self.side.select_coming(resumed.side);
        let is_there = self.timeline.extent.is_some_and(|extent| extent.contains(resumed.cursor));
        if !is_there || !self.timeline.is_cursor_untouched {
            return;
        }
        if let Some(visible) = resumed.visible.filter(|visible| visible.contains(resumed.cursor)) {
            self.timeline.show(visible);
        } else if !resumed.is_home || !self.timeline.visible.contains(resumed.cursor) {
            self.timeline.fit_all();
        }
        self.timeline.move_to(resumed.cursor);
    }
}
