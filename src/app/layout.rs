//! Which part of the screen belongs to which pane: pure arithmetic on the size.
//!
//! Shares that the user chose are clamped to what leaves every pane usable; they never take a pane away.
//! All lanes and panels share the columns `lanes_x .. lanes_x + lanes_width`, so one moment is one column everywhere.

use crate::model::case::ScreenView;

/// Smallest screen that shows anything but advice.
pub(crate) const MIN_SIZE: (u16, u16) = (30, 8);

/// From this width on list and side pane stand beside one another.
pub(crate) const SPLIT_WIDTH: u16 = 100;
/// Least columns of the list and of the side pane beside one another.
const MIN_SPLIT: (u16, u16) = (40, 30);
/// Rows of the list that panels never take.
const MIN_LIST: u16 = 3;

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Area {
    pub(crate) x: u16,
    pub(crate) y: u16,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// The lanes in their order from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Overview,
    Ruler,
    Phases,
    Events,
    /// Hits of the find, while there is one.
    Hits,
    Changes,
    Alerts,
    Notes,
}

impl Lane {
    /// Lanes that can be hidden.
    pub(crate) const ALL: [Self; 7] = [Self::Overview, Self::Ruler, Self::Phases, Self::Events, Self::Changes, Self::Alerts, Self::Notes];

    /// Name on screen and in files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Ruler => "ruler",
            Self::Phases => "phases",
            Self::Events => "events",
            Self::Hits => "hits",
            Self::Changes => "changes",
            Self::Alerts => "alerts",
            Self::Notes => "notes",
        }
    }
}

/// Which pane has all the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zoomed {
    Panels,
    List,
    Side,
}

/// What the layout depends on besides the size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) n_panels: usize,
    /// Panels that show more than one series, and how many rows they can use.
    pub(crate) tall_panels: Vec<(usize, u16)>,
    pub(crate) selected_panel: usize,
    pub(crate) has_alerts: bool,
    pub(crate) has_hits: bool,
    pub(crate) is_side_focused: bool,
    pub(crate) zoomed: Option<Zoomed>,
    /// What the user chose.
    pub(crate) screen: ScreenView,
}

/// Where everything goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    pub(crate) size: (u16, u16),
    /// The screen is below `MIN_SIZE`: nothing else is set.
    pub(crate) is_too_small: bool,
    /// Width of the labels left of the lanes.
    pub(crate) label_width: u16,
    /// Lane columns.
    pub(crate) lanes_width: u16,
    /// Width of the numbers right of the lanes.
    pub(crate) value_width: u16,
    /// Lanes that are shown, from the top, with first row and height.
    pub(crate) lanes: Vec<(Lane, u16, u16)>,
    /// Panels that are shown: index, first row and height.
    pub(crate) panels: Vec<(usize, u16, u16)>,
    /// Height of a panel of one series.
    pub(crate) panel_height: u16,
    /// First row of all panels.
    pub(crate) panels_y: u16,
    /// Line with the heading of the list and the tabs.
    pub(crate) heading_y: u16,
    pub(crate) list: Area,
    pub(crate) side: Area,
    pub(crate) hints_y: u16,
}

impl Layout {
    /// The row and height of a lane, if it is shown.
    pub(crate) fn lane(&self, wanted: Lane) -> Option<(u16, u16)> {
        self.lanes.iter().find(|(lane, ..)| *lane == wanted).map(|(_, y, height)| (*y, *height))
    }

    /// Rows of all panels that are shown.
    pub(crate) fn panel_rows(&self) -> std::ops::Range<u16> {
        self.panels_y..self.panels.last().map_or(self.panels_y, |(_, y, height)| y + height)
    }
}

/// Shares the screen out. O(1).
pub(crate) fn compute(size: (u16, u16), shape: &Shape) -> Layout {
    let (width, height) = size;
    if width < MIN_SIZE.0 || height < MIN_SIZE.1 {
        return Layout { size, is_too_small: true, lanes_width: 1, panel_height: 1, ..Layout::default() };
    }
    let (label_width, value_width) = match width {
        ..60 => (12, 9),
        60..100 => (19, 18),
        100..160 => (23, 29),
        _ => (28, 36),
    };
    let mut layout =
        Layout { size, label_width, value_width, lanes_width: width - label_width - value_width, hints_y: height - 1, ..Layout::default() };
    let mut y = 1;
    for (lane, rows) in lanes_for(height, shape) {
        layout.lanes.push((lane, y, rows));
        y += rows;
    }
    y = place_panels(&mut layout, y, shape);
    layout.heading_y = y;
    place_list(&mut layout, shape);
    layout
}

fn lanes_for(height: u16, shape: &Shape) -> Vec<(Lane, u16)> {
    let mut lanes = usual_lanes(height, shape.has_alerts);
    lanes.retain(|(lane, _)| !shape.screen.hides(lane.name()));
    if shape.has_hits {
        let at = lanes.iter().rposition(|(lane, _)| *lane <= Lane::Events).map_or(0, |at| at + 1);
        lanes.insert(at, (Lane::Hits, 1));
    }
    lanes
}

fn usual_lanes(height: u16, has_alerts: bool) -> Vec<(Lane, u16)> {
    use Lane::{Alerts, Changes, Events, Notes, Overview, Phases, Ruler};
    match height {
        ..12 => vec![(Events, 1), (Changes, 1)],
        12..18 => vec![(Ruler, 1), (Events, 1), (Changes, 1)],
        18..22 => vec![(Ruler, 1), (Phases, 1), (Events, 1), (Changes, 1), (Notes, 1)],
        22..30 => vec![(Overview, 1), (Ruler, 1), (Phases, 1), (Events, 1), (Changes, 1), (Notes, 1)],
        _ => {
            let events = if height >= 50 { 3 } else { 2 };
            let mut lanes = vec![(Overview, 1), (Ruler, 1), (Phases, 1), (Events, events), (Changes, 1)];
            if has_alerts {
                lanes.push((Alerts, 1));
            }
            lanes.push((Notes, 1));
            lanes
        }
    }
}

fn place_panels(layout: &mut Layout, y: u16, shape: &Shape) -> u16 {
    let height = layout.size.1;
    let free = layout.hints_y.saturating_sub(y + 1);
    let n_tall = shape.tall_panels.len().min(shape.n_panels) as u16;
    let share = shape.screen.panels.filter(|_| shape.zoomed.is_none());
    let room = match shape.zoomed {
        Some(Zoomed::Panels) => free,
        Some(_) => 0,
        None if share.is_some() => {
            let most = free.saturating_sub(MIN_LIST);
            let rows = (u32::from(free) * u32::from(share.unwrap_or(0)) + 50) / 100;
            (rows as u16).clamp(most.min(1), most)
        }
        // What needs many rows takes some of the list.
        None if n_tall > 0 => (height / 2).min(free.saturating_sub(2)),
        None => (height * 2 / 5).min(free.saturating_sub(2)),
    };
    layout.panels_y = y;
    layout.panel_height = 1;
    if room == 0 {
        return y;
    }
    let is_zoomed = shape.zoomed == Some(Zoomed::Panels) || share.is_some();
    let wanted = match height {
        _ if is_zoomed => 12,
        ..30 => 1,
        30..50 => 3,
        _ => 5,
    };
    let n_plain = (shape.n_panels as u16).saturating_sub(n_tall);
    let tall = tall_height(height, room, n_tall, is_zoomed.then_some(n_plain));
    let of_tall = |(_, most): &(usize, u16)| tall.min(*most);
    let all_tall: u16 = shape.tall_panels.iter().map(of_tall).fold(0, u16::saturating_add);
    layout.panel_height = (room.saturating_sub(all_tall) / n_plain.max(1)).clamp(1, wanted);
    let height_of = |index: usize| shape.tall_panels.iter().find(|panel| panel.0 == index).map_or(layout.panel_height, of_tall);
    let mut first = 0;
    while first < shape.selected_panel && (first..=shape.selected_panel).map(height_of).sum::<u16>() > room {
        first += 1;
    }
    let mut at = y;
    for index in first..shape.n_panels {
        let height = height_of(index);
        if at + height > y + room {
            break;
        }
        layout.panels.push((index, at, height));
        at += height;
    }
    // Without a panel a row says what to do, or two on a narrow screen.
    let for_words = if layout.size.0 < 110 && height >= 12 { 2.min(room) } else { 1 };
    if shape.n_panels == 0 { y + for_words } else { at }
}

/// Rows of a panel that wants many; with all the room, three times those of each of the plain ones.
fn tall_height(height: u16, room: u16, n_tall: u16, n_plain_zoomed: Option<u16>) -> u16 {
    let wanted = match (height, n_plain_zoomed) {
        (_, Some(n_plain)) => (room * 3 / (n_plain + 3 * n_tall).max(1)).clamp(6, 40),
        (..24, _) => 5,
        (24..30, _) => 7,
        (30..50, _) => 10,
        _ => 14,
    };
    wanted.min(room)
}

fn place_list(layout: &mut Layout, shape: &Shape) {
    let (width, _) = layout.size;
    let y = layout.heading_y + 1;
    let height = layout.hints_y.saturating_sub(y);
    let whole = Area { x: 0, y, width, height };
    let nothing = Area { x: width, y, width: 0, height };
    let is_alone = width < SPLIT_WIDTH || shape.screen.hides(ScreenView::SIDE);
    (layout.list, layout.side) = if shape.zoomed == Some(Zoomed::Panels) {
        (Area { height: 0, ..whole }, nothing)
    } else if shape.zoomed == Some(Zoomed::Side) || (is_alone && shape.is_side_focused) {
        (Area { width: 0, ..whole }, whole)
    } else if shape.zoomed == Some(Zoomed::List) || is_alone {
        (whole, nothing)
    } else {
        let usual = (width * 2 / 5).min(90);
        let chosen = shape.screen.side.map(|share| (u32::from(width) * u32::from(share) + 50) / 100);
        let side = chosen.map_or(usual, |columns| (columns as u16).clamp(MIN_SPLIT.1, width - MIN_SPLIT.0 - 1));
        (Area { width: width - side - 1, ..whole }, Area { x: width - side, width: side, ..whole })
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_ever_lies_outside_the_screen(
            width in 0u16..400, height in 0u16..200, n_panels in 0usize..40, selected in 0usize..40,
            tall in proptest::collection::btree_set(0usize..40, 0..4),
            has_alerts: bool, has_hits: bool, is_side_focused: bool, zoomed in 0u8..4,
            shares in (proptest::option::of(0u8..=100), proptest::option::of(0u8..=100)), hidden in proptest::collection::btree_set(0usize..8, 0..4),
        ) {
            let zoomed = [None, Some(Zoomed::Panels), Some(Zoomed::List), Some(Zoomed::Side)][zoomed as usize];
            let selected_panel = selected.min(n_panels.saturating_sub(1));
            let tall_panels = tall.into_iter().filter(|index| *index < n_panels).map(|index| (index, 4 + index as u16)).collect();
            let screen = ScreenView {
                panels: shares.0,
                side: shares.1,
                hidden: hidden.into_iter().map(|index| Lane::ALL.get(index).map_or(ScreenView::SIDE, |lane| lane.name()).to_owned()).collect(),
                ..ScreenView::default()
            };
            let layout = compute((width, height), &Shape { screen, n_panels, tall_panels, selected_panel, has_alerts, has_hits, is_side_focused, zoomed });
            if !layout.is_too_small {
                for area in [layout.list, layout.side] {
                    prop_assert!(area.x + area.width <= width && area.y + area.height <= layout.hints_y);
                }
                prop_assert!(layout.lanes_width >= 9);
                prop_assert!(layout.panel_rows().end <= layout.hints_y);
                prop_assert!(n_panels == 0 || shares.0.is_none() || height < 12 || layout.list.height >= 2 || zoomed == Some(Zoomed::Panels));
                if !layout.panels.is_empty() {
                    prop_assert!(layout.panels.iter().any(|(index, ..)| *index == selected_panel));
                }
            }
        }
    }
}
