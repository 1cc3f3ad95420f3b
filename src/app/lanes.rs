//! The lanes above the panels as cells: ruler, phases, counts of events, changes, alerts, notes, profiles.
//!
//! Made in `update` when the window, the data or the case change; drawing only copies.

use std::num::NonZeroUsize;

use crate::model::case::{AnnotationKind, CaseDoc, MarkerName};
use crate::model::known::{before, n_known};
use crate::model::text;
use crate::model::{AnnotationId, Catalog, Change, Histogram, Level, TimeRange, Timestamp};

use super::clock::{self, Clock};
use super::columns::project;
use super::preview;

/// Counts of events by level in one column, indexed by `Level as usize`.
pub(crate) type LevelCounts = [u64; 7];

/// What a stretch of the incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PhaseKind {
    Baseline,
    /// The change is live, users do not feel it yet.
    Incubation,
    /// Nothing but T+0 is known.
    SinceT0,
    Impact,
    Recovery,
    After,
}

impl PhaseKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Incubation => "incubation",
            Self::SinceT0 => "since T+0",
            Self::Impact => "impact",
            Self::Recovery => "recovery",
            Self::After => "after",
        }
    }
}

/// A stretch between two markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) kind: PhaseKind,
    pub(crate) range: TimeRange,
}

/// A stretch of columns, both inclusive, with words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) label: String,
}

/// Something people did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangeCell {
    pub(crate) column: usize,
    pub(crate) label: String,
}

/// An alert over columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlertCell {
    pub(crate) span: Span,
    /// First column in which it fires; `None` if it only was pending.
    pub(crate) firing_from: Option<usize>,
    pub(crate) is_critical: bool,
}

/// What stands in the notes lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteSort {
    Marker,
    /// Numbered from 1 in order of time.
    Note(usize),
    Evidence,
    Cause,
    Attempt,
}

/// A note over columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoteCell {
    pub(crate) span: Span,
    pub(crate) sort: NoteSort,
}

/// All lanes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lanes {
    pub(crate) ruler: Vec<(usize, String)>,
    pub(crate) phases: Vec<(PhaseKind, Span)>,
    /// Phases in time, also those out of sight.
    pub(crate) all_phases: Vec<Phase>,
    pub(crate) events: Vec<Option<LevelCounts>>,
    pub(crate) is_events_stale: bool,
    /// Events that are still to be read, by column, as far as that can be guessed.
    pub(crate) expected: Vec<u64>,
    /// Hits of the find by column.
    pub(crate) hits: Vec<Option<LevelCounts>>,
    pub(crate) is_hits_stale: bool,
    pub(crate) overview: Vec<LevelCounts>,
    pub(crate) overview_expected: Vec<u64>,
    /// Columns of the overview that are visible, both inclusive.
    pub(crate) overview_window: Option<(usize, usize)>,
    pub(crate) overview_cursor: Option<usize>,
    /// Column of T+0.
    pub(crate) overview_t0: Option<usize>,
    pub(crate) changes: Vec<ChangeCell>,
    pub(crate) alerts: Vec<AlertCell>,
    pub(crate) notes: Vec<NoteCell>,
    pub(crate) profiles: Vec<usize>,
    /// Marks in time order for `[` and `]`.
    pub(crate) marks: Vec<(Timestamp, AnnotationId)>,
    events_answer: Option<(TimeRange, Vec<LevelCounts>)>,
    hits_answer: Option<(TimeRange, Vec<LevelCounts>)>,
}

/// What the lanes are made from.
pub(crate) struct Sight<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) doc: &'a CaseDoc,
    pub(crate) clock: &'a Clock,
    pub(crate) visible: TimeRange,
    pub(crate) columns: NonZeroUsize,
    /// What lies from here on is hidden.
    pub(crate) until: Option<Timestamp>,
}

impl Lanes {
    pub(crate) fn take_events(&mut self, histogram: &Histogram) {
        self.events_answer = Some((histogram.range, by_column(histogram)));
    }

    pub(crate) fn take_hits(&mut self, histogram: &Histogram) {
        self.hits_answer = Some((histogram.range, by_column(histogram)));
    }

    /// Another find: the hits of the one before say nothing.
    pub(crate) fn drop_hits(&mut self) {
        self.hits_answer = None;
    }

    pub(crate) fn take_overview(&mut self, histogram: &Histogram) {
        self.overview = by_column(histogram);
    }

    /// Forgets the counts of columns that do not lie wholly before a moment.
    pub(crate) fn forget_from(&mut self, until: Timestamp, extent: Option<TimeRange>) {
        let cut = |range: TimeRange, cells: &mut [LevelCounts]| {
            let n = n_known(range, cells.len(), until);
            cells[n..].fill([0; 7]);
        };
        for (range, cells) in [&mut self.events_answer, &mut self.hits_answer].into_iter().flatten() {
            cut(*range, cells);
        }
        if let Some(extent) = extent {
            cut(extent, &mut self.overview);
        }
    }

    /// Makes everything again. O(columns + records held whole).
    pub(crate) fn prepare(&mut self, sight: &Sight<'_>) {
        let columns = sight.columns.get();
        self.ruler = clock::ticks(sight.clock, sight.visible, columns, 10)
            .into_iter()
            .filter_map(|(at, label)| Some((sight.visible.column_of(at, sight.columns)?, label)))
            .collect();
        self.all_phases = phases(sight.doc, sight.catalog.extent);
        if let Some(until) = sight.until {
            self.all_phases.retain_mut(|phase| before(phase.range, until).map(|range| phase.range = range).is_some());
        }
        self.phases = self
            .all_phases
            .iter()
            .filter_map(|phase| Some((phase.kind, sight.span(phase.range.start(), phase.range.end(), phase.kind.name().into())?)))
            .collect();
        let shown = |answer: &Option<(TimeRange, Vec<LevelCounts>)>| match answer {
            // Without any event there is no group, and so no column.
            Some((range, cells)) if *range == sight.visible && cells.is_empty() => (vec![Some([0; 7]); columns], false),
            Some((range, cells)) if *range == sight.visible && cells.len() == columns => (cells.iter().copied().map(Some).collect(), false),
            Some((range, cells)) => (project(*range, cells, sight.visible, columns), true),
            None => (vec![None; columns], true),
        };
        self.expected = preview::expected(sight.catalog, sight.visible, sight.columns);
        (self.events, self.is_events_stale) = shown(&self.events_answer);
        (self.hits, self.is_hits_stale) = shown(&self.hits_answer);
        self.prepare_changes(sight);
        self.prepare_notes(sight);
        self.prepare_overview(sight);
    }

    /// The cursor's place in the overview.
    pub(crate) fn set_overview_cursor(&mut self, extent: Option<TimeRange>, cursor: Timestamp, columns: NonZeroUsize) {
        self.overview_cursor = extent.and_then(|extent| extent.column_of(cursor, columns));
    }

    fn prepare_overview(&mut self, sight: &Sight<'_>) {
        self.overview_t0 = sight.catalog.extent.zip(sight.clock.t0).and_then(|(extent, t0)| extent.column_of(t0, sight.columns));
        self.overview_expected =
            sight.catalog.extent.map(|extent| preview::expected(sight.catalog, extent, sight.columns)).unwrap_or_default();
        self.overview_window = sight.catalog.extent.and_then(|extent| {
            let from = extent.column_of(sight.visible.start(), sight.columns)?;
            let to = extent.column_of(sight.visible.end().plus_ns(-1), sight.columns)?;
            Some((from, to))
        });
    }

    fn prepare_changes(&mut self, sight: &Sight<'_>) {
        let column = |at: Option<Timestamp>| sight.visible.column_of(at?, sight.columns);
        self.changes = sight
            .catalog
            .changes
            .iter()
            .filter_map(|change| {
                Some(ChangeCell { column: column(change.time)?, label: text::printable(&change_label(change)).into_owned() })
            })
            .collect();
        self.alerts = sight
            .catalog
            .alerts
            .iter()
            .filter_map(|alert| {
                let end = alert.ended_at.or(sight.until).unwrap_or(sight.visible.end());
                let span = sight.span(alert.active_at, end, text::printable(&alert.name).into_owned())?;
                let firing_from = alert.firing_at.and_then(|at| sight.column_clamped(at));
                let severity = alert.severity.as_deref().unwrap_or_default();
                Some(AlertCell { span, firing_from, is_critical: matches!(severity, "critical" | "page" | "error") })
            })
            .collect();
        self.profiles = sight.catalog.profiles.iter().filter_map(|profile| column(profile.time)).collect();
    }

    fn prepare_notes(&mut self, sight: &Sight<'_>) {
        self.notes.clear();
        self.marks.clear();
        let mut n_notes = 0;
        for annotation in sight.doc.by_time() {
            let Some(at) = annotation.at() else { continue };
            let (end, sort, label) = match &annotation.kind {
                AnnotationKind::Marker { name, .. } => (at, NoteSort::Marker, name.name().replace('_', " ")),
                AnnotationKind::Moment { .. } | AnnotationKind::KeyMoment { .. } | AnnotationKind::Range { .. } => {
                    n_notes += 1;
                    let end = if let AnnotationKind::Range { range, .. } = &annotation.kind { range.end() } else { at };
                    (end, NoteSort::Note(n_notes), String::new())
                }
                AnnotationKind::Evidence(_) => (at, NoteSort::Evidence, String::new()),
                AnnotationKind::Cause(cause) => (cause.at.map_or(at, TimeRange::end), NoteSort::Cause, format!("C{}", cause.order)),
                AnnotationKind::Attempt(attempt) => (attempt.at.end(), NoteSort::Attempt, String::new()),
                AnnotationKind::Quote(_) | AnnotationKind::Hypothesis(_) | AnnotationKind::Stage(_) => {
                    n_notes += 1;
                    (at, NoteSort::Note(n_notes), String::new())
                }
                _ => continue,
            };
            if sort != NoteSort::Evidence {
                self.marks.push((at, annotation.id.clone()));
            }
            if let Some(span) = sight.span(at, end, label) {
                self.notes.push(NoteCell { span, sort });
            }
        }
    }
}

impl Sight<'_> {
    /// Columns that a stretch of time touches; `None` when it is out of sight. A moment is a stretch of one column.
    fn span(&self, from: Timestamp, to: Timestamp, label: String) -> Option<Span> {
        let to = self.until.map_or(to, |until| to.min(until));
        let to = if to > from { to.plus_ns(-1) } else { from };
        if to < self.visible.start() || from >= self.visible.end() {
            return None;
        }
        Some(Span { from: self.column_clamped(from)?, to: self.column_clamped(to)?, label })
    }

    fn column_clamped(&self, at: Timestamp) -> Option<usize> {
        if self.visible.is_empty() {
            return None;
        }
        let at = at.clamp(self.visible.start(), self.visible.end().plus_ns(-1));
        self.visible.column_of(at, self.columns)
    }
}

/// A change in one word or two: the version of a deploy, else the kind, with a short target such as `canary 1 %`.
fn change_label(change: &Change) -> String {
    match (change.kind.as_str(), change.to.as_deref()) {
        ("deploy" | "release" | "deployment", Some(to)) => to.to_owned(),
        (kind, Some(to)) if to.chars().count() <= 6 => format!("{kind} {to}"),
        (kind, _) => kind.to_owned(),
    }
}

/// Turns groups by level into counts by column.
fn by_column(histogram: &Histogram) -> Vec<LevelCounts> {
    let n = histogram.groups.values().map(Vec::len).max().unwrap_or(0);
    let mut out = vec![[0; 7]; n];
    for (key, counts) in &histogram.groups {
        let name = key.first().map_or("", String::as_str);
        let level = Level::ALL.into_iter().find(|level| level.name() == name).unwrap_or_default();
        for (cell, count) in out.iter_mut().zip(counts) {
            cell[level as usize] += count;
        }
    }
    out
}

/// Phases from the markers, else from T+0; empty without either.
pub(crate) fn phases(doc: &CaseDoc, extent: Option<TimeRange>) -> Vec<Phase> {
    let Some(extent) = extent else { return Vec::new() };
    let trigger = doc.marker(MarkerName::Trigger).or(doc.meta.t0.as_ref().map(|t0| t0.at));
    let impact = doc.marker(MarkerName::ImpactStart);
    let mitigated = doc.marker(MarkerName::Mitigated);
    let resolved = doc.marker(MarkerName::Resolved);
    let mut borders: Vec<(Timestamp, PhaseKind)> = vec![(extent.start(), PhaseKind::Baseline)];
    borders.extend(trigger.map(|at| (at, PhaseKind::Incubation)));
    borders.extend(impact.map(|at| (at, PhaseKind::Impact)));
    borders.extend(mitigated.map(|at| (at, PhaseKind::Recovery)));
    borders.extend(resolved.map(|at| (at, PhaseKind::After)));
    if borders.len() == 1 {
        return Vec::new();
    }
    if impact.is_none() {
        // Without its own marker the impact begins with the trigger, if it is known to have ended.
        let kind = if mitigated.or(resolved).is_some() { PhaseKind::Impact } else { PhaseKind::SinceT0 };
        for border in &mut borders {
            if border.1 == PhaseKind::Incubation {
                border.1 = kind;
            }
        }
    }
    borders.sort_by_key(|border| border.0);
    let ends: Vec<Timestamp> = borders[1..].iter().map(|border| border.0).chain([extent.end()]).collect();
    borders
        .iter()
        .zip(ends)
        .map(|((at, kind), end)| Phase { kind: *kind, range: TimeRange::new(*at, end.max(*at)) })
        .filter(|phase| !phase.range.is_empty())
        .collect()
}
