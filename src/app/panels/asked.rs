//! What panels ask for besides their own series: parts, histograms, ghosts; and what comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use super::Panels;
use crate::app::ghost::Ghost;
use crate::app::heat::{self, Heat};
use crate::model::case::PanelShape;
use crate::model::{Columns, SeriesId, SeriesQuery, TimeRange, Timestamp};

impl Panels {
    /// All series that are drawn as lines: those of the panels, then those of their parts, each once.
    pub(crate) fn line_ids(&self) -> Vec<SeriesId> {
        let mut ids = self.ids();
        let mut seen: BTreeSet<SeriesId> = ids.iter().copied().collect();
        ids.extend(self.all.iter().flat_map(|panel| panel.parts.ids()).filter(|id| seen.insert(*id)));
        ids
    }

    /// What to ask for the histograms that are shown, and the time before the window that counting needs.
    pub(crate) fn heat_query(&mut self, (visible, columns): (TimeRange, NonZeroUsize)) -> Option<SeriesQuery> {
        let shown = || self.all.iter().filter(|panel| panel.shape() == Some(PanelShape::Heat)).filter_map(|panel| panel.behind.as_ref());
        let step_ns = shown().map(|behind| behind.step_ns).max()?;
        let mut seen = BTreeSet::new();
        let ids: Vec<SeriesId> = shown().flat_map(|behind| behind.ids.iter().copied()).filter(|id| seen.insert(*id)).collect();
        self.n_early = heat::n_early(visible, columns.get(), step_ns);
        let before = visible.len_ns() / columns.get() as i64 * self.n_early as i64;
        let range = TimeRange::new(visible.start().plus_ns(-before), visible.end());
        let columns = columns.saturating_add(self.n_early);
        (visible.len_ns() > 0).then_some(SeriesQuery { ids, range, columns })
    }

    /// Counts what was answered to `heat_query`.
    pub(crate) fn take_heat(&mut self, ids: &[SeriesId], columns: &[Columns]) {
        let index: BTreeMap<SeriesId, usize> = ids.iter().enumerate().map(|(index, id)| (*id, index)).collect();
        let n_early = self.n_early;
        for panel in &mut self.all {
            let Some(behind) = &panel.behind else { continue };
            let own: Option<Vec<Columns>> = behind.ids.iter().map(|id| columns.get(*index.get(id)?).cloned()).collect();
            if let Some(own) = own {
                panel.heat = Heat::count(behind, &own, n_early);
            }
        }
    }

    /// The earlier windows that are drawn behind panels, and of which series.
    pub(crate) fn ghosts(&self, visible: TimeRange, baseline: Option<TimeRange>, t0: Option<Timestamp>) -> Vec<(TimeRange, Vec<SeriesId>)> {
        let mut windows: BTreeMap<(Timestamp, Timestamp), Vec<SeriesId>> = BTreeMap::new();
        for panel in self.all.iter().filter(|panel| panel.is_haunted) {
            let window = Ghost::of(panel.earlier, baseline, t0).and_then(|ghost| ghost.window(visible));
            if let (Some(window), Some(id)) = (window, panel.id) {
                windows.entry((window.start(), window.end())).or_default().push(id);
            }
        }
        windows.into_iter().map(|((start, end), ids)| (TimeRange::new(start, end), ids)).collect()
    }
}
