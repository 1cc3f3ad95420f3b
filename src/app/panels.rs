//! Panels: which series are shown, their columns, and the words beside them.
//!
//! A panel names its series by full name and source path, because ids shift while sources are still loading.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::model::case::{CaseMeta, FORMULA_SOURCE, PanelRef};
use crate::model::query::ValueAt;
use crate::model::record::squeezed;
use crate::model::series::{Bucket, Derivation, ValueState};
use crate::model::text;
use crate::model::{Catalog, Columns, DashboardPanel, SeriesId, SeriesKind, SeriesMeta, TimeRange, Timestamp, Unit};

use super::clock::Clock;
use super::message::{Limit, PanelChoice, SeriesStats};
use super::scale::Scale;
use super::trust::Trust;
use super::{ghost, trust};

/// A line drawn across a panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    pub(crate) value: f64,
    pub(crate) above_is_bad: bool,
    /// Rule that states it, or `case`.
    pub(crate) name: String,
}

impl Threshold {
    /// What it says of a value.
    pub(crate) fn limit(&self) -> Limit {
        Limit { value: self.value, above_is_bad: self.above_is_bad }
    }
}

/// Words beside a panel, made when its numbers change.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PanelTexts {
    /// Value at the cursor: `≥15.9 s`, `NaN`, `stale`, `absent`.
    pub(crate) value: String,
    /// `×407`, empty without a baseline.
    pub(crate) ratio: String,
    /// `peak 2 718`.
    pub(crate) peak: String,
    /// When the peak was reached.
    pub(crate) peak_at: String,
    /// `base 33`.
    pub(crate) baseline: String,
    /// `limit 1 000`, once it was crossed `>1 000 03:22:50`.
    pub(crate) threshold: String,
    /// `over 1 000 first at 03:22:50`, empty while the limit holds.
    pub(crate) crossing: String,
    pub(crate) axis_top: String,
    pub(crate) axis_bottom: String,
}

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
    /// Last answer for the ghost.
    pub(crate) ghost_columns: Option<Columns>,
    /// The baseline laid over the visible window.
    pub(crate) ghost: Vec<Option<f64>>,
    /// Where the limit is first crossed.
    pub(crate) crossing_column: Option<usize>,
    extent: Option<TimeRange>,
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
    /// What was chosen for us: role, series, why, and further candidates.
    choices: Vec<(PanelRef, String)>,
    /// Role and series of further candidates, best first.
    candidates: Vec<(String, SeriesId)>,
    /// Whether the choice was answered.
    pub(crate) is_chosen: bool,
}

/// So few series are all shown when none has a known role.
const SHOWN_UNKNOWN: usize = 5;

impl Panels {
    /// Remembers the choice by name.
    pub(crate) fn set_choices(&mut self, choices: &[PanelChoice], catalog: &Catalog) {
        self.is_chosen = true;
        self.candidates = choices.iter().flat_map(|choice| choice.others.iter().map(|id| (choice.role.clone(), *id))).collect();
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

    /// Ids of the panels with their baseline behind them.
    pub(crate) fn haunted(&self) -> Vec<SeriesId> {
        self.all.iter().filter(|panel| panel.is_haunted).filter_map(|panel| panel.id).collect()
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
    pub(crate) fn prepare(&mut self, sight: (TimeRange, usize), baseline: Option<TimeRange>, clock: &Clock) {
        for panel in &mut self.all {
            panel.prepare(sight, baseline, clock);
        }
    }
}

/// Names a series across loads.
pub(crate) fn reference(catalog: &Catalog, meta: &SeriesMeta, role: &str) -> PanelRef {
    let is_written = meta.derivation.as_ref().is_some_and(|derivation| derivation.is_written);
    let path = || catalog.source(meta.source).map(|source| source.path.clone()).unwrap_or_default();
    let source = if is_written { FORMULA_SOURCE.to_owned() } else { path() };
    PanelRef { role: role.to_owned(), series: meta.full_name(), source }
}

/// The series that a reference names; of several with one name that of the stated source, else the first.
pub(crate) fn find<'a>(catalog: &'a Catalog, reference: &PanelRef) -> Option<&'a SeriesMeta> {
    let name = reference.formula().unwrap_or_else(|| reference.series.split('{').next().unwrap_or_default());
    let start = catalog.series.partition_point(|meta| meta.name.as_str() < name);
    let mut same = catalog.series[start..].iter().take_while(|meta| meta.name == name).filter(|meta| meta.full_name() == reference.series);
    let first = same.clone().next()?;
    let of_source = same.find(|meta| catalog.source(meta.source).is_some_and(|source| source.path == reference.source));
    Some(of_source.unwrap_or(first))
}

/// What tells a series from others of its name: instance or service, else its label values.
pub(crate) fn place_of(meta: &SeriesMeta) -> String {
    let first = |names: &[&str]| names.iter().find_map(|name| meta.labels.get(name));
    let service = first(&["service", "service_name", "service.name", "app", "job"]);
    let instance = first(&["instance", "pod", "host", "node"]);
    let place = match (service, instance) {
        (Some(service), Some(instance)) if !instance.contains(service) => format!("{service} {instance}"),
        (_, Some(instance)) => instance.to_owned(),
        (Some(service), None) => service.to_owned(),
        (None, None) => meta.labels.iter().map(|(_, value)| value).collect::<Vec<_>>().join(","),
    };
    text::printable(&place).into_owned()
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
            ghost_columns: None,
            ghost: Vec::new(),
            crossing_column: None,
            extent: None,
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
        (self.unit, self.kind, self.clip, self.extent) = (found.unit, found.kind, found.clip, found.extent);
        self.derivation.clone_from(&found.derivation);
        self.threshold = meta
            .thresholds
            .get(&self.reference.series)
            .map(|value| Threshold { value: *value, above_is_bad: true, name: "case".into() })
            .or_else(|| rule_for(found, catalog));
    }

    fn prepare(&mut self, (visible, columns): (TimeRange, usize), baseline: Option<TimeRange>, clock: &Clock) {
        (self.shown, self.is_stale) = match &self.columns {
            Some(answer) if answer.range == visible && answer.columns.len() == columns => (answer.columns.clone(), false),
            Some(answer) => (project(answer.range, &answer.columns, visible, columns).into_iter().map(Option::flatten).collect(), true),
            None => (Vec::new(), true),
        };
        let resets = self.derivation.iter().flat_map(|derivation| &derivation.resets);
        let column_of = |at: Timestamp| NonZeroUsize::new(columns).and_then(|n| visible.column_of(at, n));
        self.resets = resets.filter_map(|at| column_of(*at)).chain(trust::falls(&self.shown, self.kind)).collect();
        self.crossing_column = self.stats.and_then(|stats| column_of(stats.crossing?.at));
        self.trust = if self.is_stale { Vec::new() } else { trust::columns(&self.shown, visible, self.extent, self.clip) };
        let ghost = self.ghost_columns.as_ref().filter(|_| self.is_haunted).zip(baseline);
        self.ghost = ghost.map(|(answer, baseline)| ghost::lay(answer, visible, columns, baseline)).unwrap_or_default();
        self.axis = self.scale.axis(&self.shown, &self.ghost, self.threshold.as_ref().map(|threshold| threshold.value));
        self.texts = self.words(clock);
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

    fn words(&self, clock: &Clock) -> PanelTexts {
        let baseline = self.stats.and_then(|stats| stats.baseline);
        let value = match &self.value {
            Some(value) => self.print(value.value),
            None if self.has_value_answer => self.state.unwrap_or(ValueState::Absent).name().to_owned(),
            None if self.id.is_none() => "no data".into(),
            None => String::new(),
        };
        let peak = self.stats.and_then(|stats| stats.peak);
        let (threshold, crossing) = self.limit_words(clock);
        PanelTexts {
            value,
            ratio: self.value.as_ref().zip(baseline).map(|(value, base)| ratio(value.value, base)).unwrap_or_default(),
            peak: peak.map(|(_, peak)| format!("peak {}", self.print(peak))).unwrap_or_default(),
            peak_at: peak.map(|(at, _)| clock.short(at)).unwrap_or_default(),
            baseline: baseline.map(|base| format!("base {}", self.print(base))).unwrap_or_default(),
            threshold,
            crossing,
            axis_top: text::value(self.axis.1, self.unit),
            axis_bottom: text::value(self.axis.0, self.unit),
        }
    }
}

impl Panel {
    /// The limit and when it was first crossed, short and in words.
    fn limit_words(&self, clock: &Clock) -> (String, String) {
        let Some(line) = &self.threshold else { return Default::default() };
        let limit = text::value(line.value, self.unit);
        let Some(crossing) = self.stats.and_then(|stats| stats.crossing) else { return (format!("limit {limit}"), String::new()) };
        let (sign, word) = if line.above_is_bad { ('>', "over") } else { ('<', "under") };
        let at = clock.short(crossing.at);
        let since = if crossing.is_at_start { "at the start already," } else { "first at" };
        (format!("{sign}{limit} {at}"), format!("{word} {limit} {since} {at}"))
    }
}

/// `×407`, `×1.2`, `×0.04`; empty when the baseline is 0 or either is no number.
fn ratio(value: f64, baseline: f64) -> String {
    let ratio = value / baseline;
    if !ratio.is_finite() || baseline <= 0.0 {
        return String::new();
    }
    match ratio.abs() {
        r if r >= 9.95 => format!("×{}", text::grouped(r.round() as u64)),
        r if r >= 0.995 => format!("×{ratio:.1}"),
        _ => format!("×{ratio:.2}"),
    }
}

/// The alerting rule that speaks of this series: same expression, up to blanks and (for ratios and quantiles) grouping.
fn rule_for(meta: &SeriesMeta, catalog: &Catalog) -> Option<Threshold> {
    let rule = catalog.rules.iter().find(|rule| rule.speaks_of(meta))?;
    let name = text::printable(&rule.name).into_owned();
    Some(Threshold { value: rule.value, above_is_bad: rule.above_is_bad, name })
}

/// Panels of dashboards that ask for this series: by the same expression, else by its name.
pub(crate) fn dashboards_of<'a>(meta: &'a SeriesMeta, catalog: &'a Catalog) -> impl Iterator<Item = &'a DashboardPanel> {
    let query = squeezed(meta.query.as_deref().unwrap_or(&meta.name));
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let asks = move |panel: &&DashboardPanel| {
        panel.expressions.iter().any(|expression| {
            squeezed(expression) == query || expression.split(|c| !is_name(c)).any(|word| word == meta.name && meta.query.is_none())
        })
    };
    catalog.dashboard_panels.iter().filter(asks)
}

/// Lays cells of one range over the columns of another by the time of each column's start; `None` outside. O(columns).
pub(crate) fn project<T: Clone>(from: TimeRange, cells: &[T], visible: TimeRange, columns: usize) -> Vec<Option<T>> {
    let (Some(n_from), Some(n_to)) = (std::num::NonZeroUsize::new(cells.len()), std::num::NonZeroUsize::new(columns)) else {
        return vec![None; columns];
    };
    (0..columns)
        .map(|column| {
            let start = visible.edge(column, n_to);
            let middle = Timestamp(start.0 + visible.edge(column + 1, n_to).since(start) / 2);
            from.column_of(middle, n_from).and_then(|index| cells.get(index).cloned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ThresholdRule;

    #[test]
    fn a_rule_finds_its_series_whatever_the_grouping() {
        let meta = SeriesMeta {
            name: "p99_by_instance".into(),
            query: Some("histogram_quantile(0.99, sum by (service, instance, le) (rate(x_bucket[10s])))".into()),
            ..SeriesMeta::default()
        };
        let rule = |expression: &str| ThresholdRule {
            name: "r".into(),
            expression: expression.into(),
            above_is_bad: true,
            value: 1.0,
            for_ns: 0,
            source: crate::model::SourceId::default(),
        };
        let mut catalog =
            Catalog { rules: vec![rule("histogram_quantile(0.99, sum by (service, le) (rate(x_bucket[10s])))")], ..Catalog::default() };
        assert!(rule_for(&meta, &catalog).is_some());
        catalog.rules = vec![rule("histogram_quantile(0.5, sum by (service, le) (rate(x_bucket[10s])))")];
        assert!(rule_for(&meta, &catalog).is_none());
    }

    #[test]
    fn a_panel_of_a_formula_knows_it_without_the_labels_of_its_line() {
        let of = |series: &str| PanelRef { role: String::new(), series: series.into(), source: FORMULA_SOURCE.into() };
        assert_eq!(of("sum(x{a=\"b\"})").formula(), Some("sum(x{a=\"b\"})"));
        assert_eq!(of("sum by (a) (x{b=\"c\"}){a=\"1\"}").formula(), Some("sum by (a) (x{b=\"c\"})"));
        assert_eq!(of("up{a=\"{\\\"\"}{__name__=\"up\",a=\"{\\\"\"}").formula(), Some("up{a=\"{\\\"\"}"));
        assert_eq!(PanelRef { source: "metrics.txt".into(), ..of("up") }.formula(), None);
    }

    #[test]
    fn ratios_read_at_a_glance() {
        assert_eq!([ratio(412_300.0, 1_013.0), ratio(1.2, 1.0), ratio(0.1, 2.0)], ["×407", "×1.2", "×0.05"]);
        assert_eq!([ratio(5.0, 0.0), ratio(f64::NAN, 1.0)], ["", ""]);
    }

    #[test]
    fn old_cells_keep_their_time_in_a_new_window() {
        let range = |a, b| TimeRange::new(Timestamp(a), Timestamp(b));
        assert_eq!(project(range(0, 40), &[1, 2, 3, 4], range(20, 60), 4), [Some(3), Some(4), None, None]);
        assert_eq!(project(range(0, 40), &[1, 2, 3, 4], range(10, 20), 2), [Some(2), Some(2)]);
        assert_eq!(project::<u8>(range(0, 40), &[], range(10, 20), 2), [None, None]);
    }
}
