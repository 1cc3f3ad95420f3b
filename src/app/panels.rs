//! Panels: which series are shown, their columns, and the words beside them.
//!
//! A panel names its series by full name and source path, because ids shift while sources are still loading.

mod asked;
mod forget;
mod limits;
mod naming;
mod words;

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::model::case::{CaseMeta, Earlier, PanelForm, PanelRef, PanelShape, Renderer};
use crate::model::query::ValueAt;
use crate::model::series::{Bucket, Derivation, ValueState};
use crate::model::text;
use crate::model::{Catalog, Columns, SeriesId, SeriesKind, SeriesMeta, TimeRange, Timestamp, Unit};

use super::clock::Clock;
use super::exemplars::Exemplars;
use super::ghost::Ghost;
use super::heat::{Behind, Heat};
use super::message::{Limit, PanelChoice, SeriesStats};
use super::parts::Parts;
use super::scale::Scale;
use super::trust::{Nature, Trust};
use super::{columns, heat, trust};
use limits::rule_for;
pub(crate) use limits::{Threshold, dashboards_of};
pub(crate) use naming::{find, place_of, reference};
pub(crate) use words::PanelTexts;

/// One panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Panel {
    pub(crate) reference: PanelRef,
    /// Index in the present catalog; `None` while its source is not loaded.
    pub(crate) id: Option<SeriesId>,
    /// Role or metric name, harmless text.
    pub(crate) name: String,
    /// Metric name, empty where `name` says it.
    pub(crate) metric: String,
    /// Service, instance or other labels; the metric name of a series without any.
    pub(crate) place: String,
    pub(crate) unit: Unit,
    pub(crate) kind: SeriesKind,
    pub(crate) clip: Option<f64>,
    pub(crate) threshold: Option<Threshold>,
    /// Why this series was chosen.
    pub(crate) why: String,
    /// Last answer.
    pub(crate) columns: Option<Columns>,
    /// The answer laid over the visible window.
    pub(crate) shown: Vec<Option<Bucket>>,
    /// The answer is for another window than the visible one.
    pub(crate) is_stale: bool,
    pub(crate) stats: Option<SeriesStats>,
    pub(crate) value: Option<ValueAt>,
    /// What the value at the cursor is, or why there is none.
    pub(crate) state: Option<ValueState>,
    /// Columns in which a counter that went in, or the series itself, began again.
    pub(crate) resets: Vec<usize>,
    /// How far each column is to be trusted; empty while the answer is for another window.
    pub(crate) trust: Vec<Trust>,
    pub(crate) scale: Scale,
    /// Whether its baseline is to be drawn behind it.
    pub(crate) is_haunted: bool,
    /// Which earlier window the ghost shows, where it is not the baseline.
    pub(crate) earlier: Option<Earlier>,
    /// Last answer for the ghost.
    pub(crate) ghost_columns: Option<Columns>,
    /// The baseline laid over the visible window.
    pub(crate) ghost: Vec<Option<f64>>,
    /// Where the limit is first crossed.
    pub(crate) crossing_column: Option<usize>,
    /// What lies from here on is hidden.
    until: Option<Timestamp>,
    extent: Option<TimeRange>,
    step_ns: Option<i64>,
    /// Cells of braille, two a column; empty with blocks.
    pub(crate) fine: Vec<Option<Bucket>>,
    /// How it shows more than its series.
    pub(crate) form: Option<PanelForm>,
    pub(crate) parts: Parts,
    /// The histogram behind it, while it is shown as one.
    pub(crate) behind: Option<Behind>,
    pub(crate) heat: Heat,
    /// Observations that its series keep as examples.
    pub(crate) exemplars: Exemplars,
    derivation: Option<Arc<Derivation>>,
    /// Whether a value at the cursor was answered at all.
    pub(crate) has_value_answer: bool,
    /// Least and greatest of the axis.
    pub(crate) axis: (f64, f64),
    pub(crate) texts: PanelTexts,
}

/// All panels and which one is selected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panels {
    pub(crate) all: Vec<Panel>,
    pub(crate) selected: usize,
    /// The formula that was just typed and is no panel yet.
    pub(crate) pending: Option<String>,
    /// Whether formulas were ever defined: then their going is told as well.
    pub(crate) has_defined: bool,
    /// Whether what is not to be trusted is shaded.
    pub(crate) has_trust: bool,
    pub(crate) renderer: Renderer,
    /// What was chosen for us: role, series, why, and further candidates.
    choices: Vec<(PanelRef, String)>,
    /// Role and series of further candidates, best first.
    candidates: Vec<(String, SeriesId)>,
    /// Columns before the window in the last question for histograms.
    n_early: usize,
    /// How the lines of the formula that was just typed are to be shown together.
    pub(crate) pending_shape: Option<PanelShape>,
    /// What lies from here on is hidden.
    pub(crate) until: Option<Timestamp>,
    /// Whether the choice was answered.
    pub(crate) is_chosen: bool,
}

/// So few series are all shown when none has a known role.
const SHOWN_UNKNOWN: usize = 5;

impl Panels {
    /// Remembers the choice by name.
    pub(crate) fn set_choices(&mut self, choices: &[PanelChoice], catalog: &Catalog) {
        self.is_chosen = true;
        self.candidates = choices.iter().flat_map(|choice| choice.others.iter().cloned()).collect();
        self.choices = choices
            .iter()
            .filter_map(|choice| {
                let meta = catalog.series(choice.id)?;
                Some((reference(catalog, meta, &choice.role), choice.why.clone()))
            })
            .collect();
        if choices.is_empty() && catalog.series.len() <= SHOWN_UNKNOWN {
            let why = "no goroutines, P99 or error rate among these few series".to_owned();
            self.choices = catalog.series.iter().map(|meta| (reference(catalog, meta, ""), why.clone())).collect();
        }
    }

    /// Further candidates for the roles, best first.
    pub(crate) fn candidates(&self) -> &[(String, SeriesId)] {
        &self.candidates
    }

    /// What is shown as references, to start a change of the user's own selection from.
    pub(crate) fn references(&self) -> Vec<PanelRef> {
        self.all.iter().map(|panel| panel.reference.clone()).collect()
    }

    /// Formulas that must be in the catalog: those of the panels and the one just typed, each once.
    pub(crate) fn formulas(&self) -> Vec<String> {
        let shown = self.all.iter().filter_map(|panel| panel.reference.formula().map(str::to_owned));
        shown.chain(self.pending.clone()).collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    /// Ids of the panels in the catalog, in their order.
    pub(crate) fn ids(&self) -> Vec<SeriesId> {
        self.all.iter().filter_map(|panel| panel.id).collect()
    }

    /// Panels that want many rows, and how many they can use.
    pub(crate) fn tall(&self) -> Vec<(usize, u16)> {
        let rows_of = |panel: &Panel| {
            let n_parts = panel.parts.all.len();
            Some(match panel.shape()? {
                PanelShape::Heat => panel.behind.as_ref().map_or(0, |behind| behind.bounds.len()) + 1,
                PanelShape::Multiples => n_parts * 3,
                PanelShape::Stacked | PanelShape::Overlaid => 40,
            })
        };
        self.all
            .iter()
            .enumerate()
            .filter_map(|(index, panel)| Some((index, u16::try_from(rows_of(panel)?).unwrap_or(u16::MAX).max(4))))
            .collect()
    }

    /// Cells of an answer for one column of the screen.
    pub(crate) fn fineness(&self) -> usize {
        match self.renderer {
            Renderer::Blocks => 1,
            Renderer::Braille => 2,
        }
    }

    /// The limit of each of these.
    pub(crate) fn limits(&self) -> Vec<Option<Limit>> {
        self.all.iter().filter(|panel| panel.id.is_some()).map(|panel| panel.threshold.as_ref().map(Threshold::limit)).collect()
    }

    pub(crate) fn selected(&self) -> Option<&Panel> {
        self.all.get(self.selected)
    }

    /// Makes the list of panels from the case, else from the choice; keeps the numbers of those that stay.
    pub(crate) fn rebuild(&mut self, catalog: &Catalog, meta: &CaseMeta) {
        let wanted: Vec<(PanelRef, String)> = if meta.panels.is_empty() {
            self.choices.clone()
        } else {
            meta.panels.iter().map(|panel| (panel.clone(), "chosen in the case".to_owned())).collect()
        };
        self.has_trust = meta.view.has_trust;
        self.renderer = meta.view.renderer;
        let mut old = std::mem::take(&mut self.all);
        for (reference, why) in wanted {
            let found = find(catalog, &reference);
            let kept = old.iter().position(|panel| panel.reference == reference).map(|index| old.swap_remove(index));
            let mut panel = kept.unwrap_or_else(|| Panel::empty(reference.clone()));
            panel.describe(found, catalog, meta);
            panel.why = text::printable(&why).into_owned();
            self.all.push(panel);
        }
        self.selected = self.selected.min(self.all.len().saturating_sub(1));
    }

    /// Lays the answers over the visible window and writes the words. O(panels × columns).
    pub(crate) fn prepare(&mut self, sight: (TimeRange, usize), normal: (Option<TimeRange>, Option<Timestamp>), clock: &Clock) {
        let (fineness, until) = (self.fineness(), self.until);
        for panel in &mut self.all {
            panel.until = until;
            panel.prepare((sight, fineness), normal, clock);
        }
    }
}

impl Panel {
    fn empty(reference: PanelRef) -> Self {
        Self {
            reference,
            id: None,
            name: String::new(),
            metric: String::new(),
            place: String::new(),
            unit: Unit::None,
            kind: SeriesKind::Gauge,
            clip: None,
            threshold: None,
            why: String::new(),
            columns: None,
            shown: Vec::new(),
            is_stale: false,
            stats: None,
            value: None,
            state: None,
            resets: Vec::new(),
            trust: Vec::new(),
            scale: Scale::Linear,
            is_haunted: false,
            earlier: None,
            step_ns: None,
            ghost_columns: None,
            ghost: Vec::new(),
            crossing_column: None,
            until: None,
            extent: None,
            fine: Vec::new(),
            form: None,
            parts: Parts::default(),
            behind: None,
            heat: Heat::default(),
            exemplars: Exemplars::default(),
            derivation: None,
            has_value_answer: false,
            axis: (0.0, 1.0),
            texts: PanelTexts::default(),
        }
    }

    fn describe(&mut self, found: Option<&SeriesMeta>, catalog: &Catalog, meta: &CaseMeta) {
        let series = || self.reference.formula().unwrap_or_else(|| self.reference.series.split('{').next().unwrap_or_default());
        let title = if self.reference.role.is_empty() { series() } else { &self.reference.role };
        self.name = text::printable(title).into_owned();
        self.id = found.map(|found| found.id);
        self.scale = if meta.view.log.contains(&self.reference.series) { Scale::Log } else { Scale::Linear };
        self.is_haunted = meta.view.ghost.contains(&self.reference.series);
        self.earlier = meta.view.earlier.get(&self.reference.series).copied();
        self.find_parts(found, catalog, meta);
        self.exemplars = match (found, &self.behind) {
            (Some(found), Some(_)) => Exemplars::of_histogram(found, catalog),
            (Some(found), None) => Exemplars::of(found, catalog),
            (None, _) => Exemplars::default(),
        };
        let Some(found) = found else {
            self.place = "not loaded".into();
            return;
        };
        self.place = place_of(found);
        self.metric = if self.reference.role.is_empty() { String::new() } else { text::printable(&found.name).into_owned() };
        if self.place.is_empty() {
            self.place = std::mem::take(&mut self.metric);
        }
        if self.place.is_empty() {
            // Nothing else tells it from others of its name.
            let path = catalog.source(found.source).map(|source| source.path.as_str()).unwrap_or_default();
            self.place = text::printable(path.rsplit('/').next().unwrap_or_default()).into_owned();
        }
        if let Some(behind) = &self.behind {
            self.name = text::printable(&behind.name).into_owned();
            self.metric = "heat map".into();
        } else if let (Some(form), false) = (&self.form, self.parts.all.is_empty()) {
            self.place = text::printable(&form.text()).into_owned();
        }
        (self.unit, self.kind, self.clip, self.extent) = (found.unit, found.kind, found.clip, found.extent);
        self.step_ns = found.step_ns;
        self.derivation.clone_from(&found.derivation);
        self.threshold = meta
            .thresholds
            .get(&self.reference.series)
            .map(|value| Threshold { value: *value, above_is_bad: !meta.view.floors.contains(&self.reference.series), name: "case".into() })
            .or_else(|| rule_for(found, catalog));
    }

    fn prepare(
        &mut self,
        ((visible, columns), fineness): ((TimeRange, usize), usize),
        (baseline, t0): (Option<TimeRange>, Option<Timestamp>),
        clock: &Clock,
    ) {
        let (fine, is_fresh) = columns::lay(self.columns.as_ref(), visible, columns * fineness);
        self.shown = columns::together(&fine, fineness);
        self.fine = if fineness > 1 { fine } else { Vec::new() };
        self.is_stale = !is_fresh;
        self.parts.hide_from(self.until);
        self.parts.prepare(visible, columns, fineness);
        self.heat.lay(visible, columns);
        self.exemplars.until = self.until;
        self.exemplars.lay(visible, columns, self.behind.as_ref().map_or(&[], |behind| &behind.bounds));
        let resets = self.derivation.iter().flat_map(|derivation| &derivation.resets);
        let until = self.until;
        let is_known = |at: Timestamp| until.is_none_or(|until| at < until);
        let column_of = |at: Timestamp| NonZeroUsize::new(columns).filter(|_| is_known(at)).and_then(|n| visible.column_of(at, n));
        self.resets = resets.filter_map(|at| column_of(*at)).chain(trust::falls(&self.shown, self.kind)).collect();
        self.crossing_column = self.stats.and_then(|stats| column_of(stats.crossing?.at));
        self.trust = if self.is_stale { Vec::new() } else { trust::columns(&self.shown, visible, &self.nature()) };
        let ghost = Ghost::of(self.earlier, baseline, t0).filter(|_| self.is_haunted);
        self.ghost = self.ghost_columns.as_ref().zip(ghost).map(|(answer, ghost)| ghost.lay(answer, visible, columns)).unwrap_or_default();
        self.axis = self.axis_of_form();
        self.texts = self.words(clock);
    }

    /// What tells a stale series from one that has nothing to say.
    fn nature(&self) -> Nature {
        let is_computed = self.derivation.is_some();
        Nature { extent: self.extent, clip: self.clip, step_ns: self.step_ns, is_computed, until: self.until }
    }

    /// One axis for everything that the panel shows.
    fn axis_of_form(&self) -> (f64, f64) {
        let limit = self.threshold.as_ref().map(|threshold| threshold.value);
        match self.shape() {
            Some(PanelShape::Overlaid | PanelShape::Multiples) => {
                let all: Vec<Option<Bucket>> = self.parts.all.iter().flat_map(|part| part.shown.iter().copied()).collect();
                self.scale.axis(&all, &[], limit)
            }
            Some(PanelShape::Stacked) => {
                let tops = (0..self.shown.len().max(1)).map(|column| Some(self.parts.stack(column).1)).collect::<Vec<_>>();
                Scale::Linear.axis(&[], &tops, limit)
            }
            Some(PanelShape::Heat) | None => self.scale.axis(&self.shown, &self.ghost, limit),
        }
    }

    /// What the panel is drawn as, where there is something to draw it from.
    pub(crate) fn shape(&self) -> Option<PanelShape> {
        let shape = self.form.as_ref()?.shape;
        let has_any = if shape == PanelShape::Heat { self.behind.is_some() } else { !self.parts.all.is_empty() };
        has_any.then_some(shape)
    }

    /// Share of the height on a linear axis, 0 … 1: a sum has no other.
    pub(crate) fn scale_linear(&self, value: f64) -> f64 {
        Scale::Linear.share(self.axis, value)
    }

    /// Finds again what the panel shows besides its series.
    fn find_parts(&mut self, found: Option<&SeriesMeta>, catalog: &Catalog, meta: &CaseMeta) {
        self.form = meta.view.forms.get(&self.reference.series).cloned();
        let old = std::mem::take(&mut self.parts);
        let behind = self.behind.take();
        let (Some(form), Some(found)) = (&self.form, found) else { return };
        if form.shape == PanelShape::Heat {
            self.behind = heat::behind(found, catalog);
            if self.behind != behind {
                self.heat = Heat::default();
            }
        } else {
            self.parts = Parts::of(found, form, catalog);
            self.parts.keep_answers(&old);
        }
    }

    /// A value with its unit; `≥` when it sits at the limit of what can be measured.
    pub(crate) fn print(&self, value: f64) -> String {
        let printed = text::value(value, self.unit);
        if trust::is_clipped(value, self.clip) { format!("≥{printed}") } else { printed }
    }

    /// Whether the value at the cursor is beyond the limit.
    pub(crate) fn is_bad_at_cursor(&self) -> bool {
        self.value.as_ref().zip(self.threshold.as_ref()).is_some_and(|(value, line)| line.limit().is_crossed_by(value.value))
    }
}

#[cfg(test)]
mod tests;
