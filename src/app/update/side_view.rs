//! Makes the lines of the side pane for the tab that is shown.

use crate::app::panels::Panel;
use crate::app::scale::Scale;
use crate::app::side::{Ink, MadeFor, Side, SideItem, Tab};
use crate::app::state::{Focus, State};
use crate::app::trust;
use crate::model::case::{Annotation, AnnotationKind, CauseStatus, EvidenceTarget, HypothesisStatus, Relation, Standing};
use crate::model::series::Derivation;
use crate::model::{SeriesMeta, text};

use super::annotate::headline;
use super::chain::{self, Above};
use super::{compare_view, detail_view, exemplars, facet_view, pattern_view, sources_view, trace_view};

/// Makes the lines again. O(lines of the tab).
pub(crate) fn prepare(state: &mut State) {
    let key = key(state);
    if state.side.made_for.as_ref() == Some(&key) {
        return;
    }
    let mut side = std::mem::take(&mut state.side);
    side.clear();
    side.made_for = Some(key);
    let width = usize::from(if state.layout.side.width > 0 { state.layout.side.width } else { state.layout.size.0 }).saturating_sub(2);
    match side.tab {
        Tab::Chain => chain(state, &mut side, width),
        Tab::Notes => notes(state, &mut side, width),
        Tab::Detail => detail(state, &mut side, width),
        Tab::Sources => sources_view::lines(state, &mut side, width),
        Tab::Patterns => pattern_view::lines(state, &mut side, width),
        Tab::Facets => facet_view::lines(state, &mut side, width),
        Tab::Trace => trace_view::lines(state, &mut side, width),
        Tab::Compare => compare_view::lines(state, &mut side, width),
    }
    state.side = side;
}

/// Everything that the lines depend on.
fn key(state: &State) -> MadeFor {
    MadeFor {
        tab: state.side.tab,
        width: if state.layout.side.width > 0 { state.layout.side.width } else { state.layout.size.0 },
        revisions: (state.session.revision, state.data_revision, state.catalog.version),
        style: state.clock.style,
        zone: state.clock.zone,
        t0: state.clock.t0,
        subject: (state.subject, state.panels.selected, state.list.selected().map(|row| row.id)),
        said: if state.side.tab == Tab::Sources { state.said.revision() } else { 0 },
        cursor: (state.side.tab == Tab::Detail && tells_of_cursor(state)).then_some(state.timeline.cursor),
    }
}

/// Whether the detail says what lies under the cursor, besides values that are asked for.
fn tells_of_cursor(state: &State) -> bool {
    match state.subject {
        Focus::Changes => true,
        Focus::Panels => state.panels.selected().is_some_and(|panel| !panel.exemplars.is_empty()),
        _ => false,
    }
}

/// Harmless text that keeps its line ends.
pub(super) fn lines_of(words: &str) -> String {
    words.lines().map(text::printable).collect::<Vec<_>>().join("\n")
}

pub(super) fn advice(side: &mut Side, words: &str, width: usize) {
    side.item(SideItem::Text);
    side.folded(Vec::new(), (Ink::Dim, words), width);
}

fn when(state: &State, record: &Annotation) -> String {
    record.at().map(|at| state.clock.both(at)).unwrap_or_default()
}

/// How many records the curtain hides.
fn untold(state: &State, side: &mut Side, width: usize) {
    let n = state.n_untold();
    if n > 0 {
        let records = if n == 1 { "record" } else { "records" };
        side.head(vec![(Ink::Dim, format!("{n} {records} of later moments, or without one, behind the curtain"))], width);
    }
}

fn chain(state: &State, side: &mut Side, width: usize) {
    untold(state, side, width);
    let steps = state.told().chain();
    if steps.is_empty() {
        let pins = state.session.fresh_pins.len();
        let pinned = if pins > 0 { format!(" {pins} pinned and waiting.") } else { String::new() };
        advice(side, &format!("No causal chain yet. p pins evidence, c adds a step: trigger, defect, amplifier, effect.{pinned}"), width);
        for line in GUIDE.into_iter().filter(|_| state.timeline.extent.is_some()) {
            advice(side, line, width);
        }
    }
    for (record, cause) in &steps {
        side.item(SideItem::Annotation(record.id.clone()));
        let (mark, ink) = match cause.status {
            CauseStatus::Confirmed => ("confirmed", Ink::Good),
            CauseStatus::Suspected => ("suspected", Ink::Warn),
            CauseStatus::Refuted => ("refuted", Ink::Error),
        };
        let kind = cause.cause_type.name().replace('_', " ");
        side.line(vec![
            (Ink::Mark, format!("{} ", cause.order)),
            (Ink::Strong, kind),
            (Ink::Time, format!("  {}", when(state, record))),
            (ink, format!("  {mark}")),
        ]);
        match chain::above(state, Some(&record.id)) {
            Above::Unlinked => side.line(vec![(Ink::Dim, "  not linked with the step above: i links it".into())]),
            Above::Linked(relation) if relation != Relation::Causes => {
                side.line(vec![(Ink::Dim, format!("  the step above {} this", relation.name()))]);
            }
            _ => {}
        }
        side.folded(vec![(Ink::Normal, "  ".into())], (Ink::Normal, &lines_of(&record.text)), width);
        for id in &cause.evidence {
            let words = match (state.told().annotations.get(id), state.session.doc.annotations.contains_key(id)) {
                (Some(record), _) => headline(record),
                (None, true) => "evidence of a later moment".into(),
                (None, false) => "evidence was removed".into(),
            };
            // One line each: the notes (5) show them whole.
            side.line(vec![(Ink::Dim, "  ▪ ".into()), (Ink::Dim, words)]);
        }
        if cause.evidence.is_empty() {
            side.line(vec![(Ink::Warn, "  no evidence: i attaches some".into())]);
        }
    }
    let attempts = state.told().by_time().into_iter().filter(|record| matches!(record.kind, AnnotationKind::Attempt(_)));
    for record in attempts {
        let AnnotationKind::Attempt(attempt) = &record.kind else { continue };
        side.item(SideItem::Annotation(record.id.clone()));
        let effect = attempt.effect.as_deref().unwrap_or("effect not said");
        let ink = if effect == "worked" { Ink::Good } else { Ink::Warn };
        side.line(vec![
            (Ink::Mark, "~ ".into()),
            (Ink::Strong, "tried".into()),
            (Ink::Time, format!("  {}", when(state, record))),
            (ink, format!("  {}", text::printable(effect))),
        ]);
        side.folded(vec![(Ink::Normal, "  ".into())], (Ink::Normal, &lines_of(&record.text)), width);
    }
}

/// The way from nothing to a postmortem, where one looks first.
const GUIDE: [&str; 6] = [
    "",
    ". and , walk the changes and alerts; t 0 on the change that started it makes it T+0",
    "e goes to the next error, / finds words, & keeps only some events",
    "j and k choose a panel; its numbers are those at the cursor; P adds other series",
    "m marks the moments: trigger, impact start, detected, mitigated, resolved",
    "X writes the postmortem from all of it",
];

fn notes(state: &State, side: &mut Side, width: usize) {
    untold(state, side, width);
    let mut n_notes = 0;
    let filter = side.notes_filter.clone();
    if !filter.is_empty() {
        side.head(vec![(Ink::Dim, format!("only {}", text::printable(&filter)))], width);
    }
    for record in state.told().by_time().into_iter().filter(|record| super::records::passes(&filter, record)) {
        let (mark, kind) = match &record.kind {
            AnnotationKind::Marker { name, .. } => ("▼ ".to_owned(), name.name().replace('_', " ")),
            AnnotationKind::Moment { .. } | AnnotationKind::Range { .. } => {
                n_notes += 1;
                (format!("{n_notes} "), "note".to_owned())
            }
            AnnotationKind::KeyMoment { .. } => {
                n_notes += 1;
                (format!("{n_notes} "), "key moment".to_owned())
            }
            AnnotationKind::Evidence(evidence) => ("▪ ".to_owned(), evidence_kind(&evidence.target).to_owned()),
            AnnotationKind::Action(item) => ("→ ".to_owned(), format!("action {}", item.priority.as_deref().unwrap_or_default())),
            AnnotationKind::Cause(_) | AnnotationKind::Attempt(_) | AnnotationKind::Link(_) => continue,
            AnnotationKind::Quote(_) | AnnotationKind::Hypothesis(_) | AnnotationKind::Stage(_) => {
                n_notes += i32::from(record.at().is_some());
                let mark = if record.at().is_some() { format!("{n_notes} ") } else { "· ".to_owned() };
                (mark, record.kind.name().to_owned())
            }
            AnnotationKind::Question(_)
            | AnnotationKind::Bucket(_)
            | AnnotationKind::Lesson(_)
            | AnnotationKind::Section(_)
            | AnnotationKind::Factor(_)
            | AnnotationKind::Resource(_)
            | AnnotationKind::Conflict(_) => ("· ".to_owned(), record.kind.name().to_owned()),
            AnnotationKind::Other(name) => ("? ".to_owned(), text::printable(name).into_owned()),
        };
        side.item(SideItem::Annotation(record.id.clone()));
        let mut words = vec![(Ink::Mark, mark), (Ink::Strong, kind.trim().to_owned()), (Ink::Time, format!("  {}", when(state, record)))];
        if let AnnotationKind::Range { range, .. } = &record.kind {
            words.push((Ink::Dim, format!(" for {}", text::whole_duration((range.len_ns() / 1_000_000_000) as u64))));
        }
        words.extend(remarks(state, record));
        side.line(words);
        if let Some(standing @ (Standing::Lost { .. } | Standing::Moved { .. })) = state.standings.found.get(&record.id) {
            side.folded(vec![(Ink::Normal, "  ".into())], (Ink::Warn, &lines_of(&standing.words())), width);
        }
        if !record.text.is_empty() {
            side.folded(vec![(Ink::Normal, "  ".into())], (Ink::Normal, &lines_of(&record.text)), width);
        }
    }
    if side.items.is_empty() && !filter.is_empty() {
        let words = format!("No note fits {}. ; / changes the filter, empty it lists all.", text::printable(&filter));
        return advice(side, &words, width);
    }
    if side.items.is_empty() {
        advice(side, "No marks or notes yet. m marks a key moment, a writes a note, p pins evidence, A adds an action item.", width);
    }
}

/// What is said of a record beside its kind and time: its star, judgement, standing, labels.
fn remarks(state: &State, record: &Annotation) -> Vec<(Ink, String)> {
    let mut words = Vec::new();
    if record.is_pinned {
        words.push((Ink::Mark, " *".into()));
    }
    if let AnnotationKind::Hypothesis(it) = &record.kind {
        let ink = if it.status == HypothesisStatus::Confirmed { Ink::Good } else { Ink::Warn };
        words.push((ink, format!("  {}", it.status.name())));
        words.push((Ink::Dim, format!("  {} for, {} against", it.supports.len(), it.against.len())));
    }
    match state.standings.found.get(&record.id) {
        Some(Standing::Holds) => words.push((Ink::Dim, "  ok".into())),
        Some(Standing::Lost { .. }) => words.push((Ink::Error, "  lost".into())),
        Some(Standing::Moved { .. }) => words.push((Ink::Warn, "  moved".into())),
        Some(Standing::Outside) | None => {}
    }
    words.extend(record.tags.iter().map(|tag| (Ink::Dim, format!("  #{}", text::printable(tag)))));
    words
}

const fn evidence_kind(target: &EvidenceTarget) -> &'static str {
    match target {
        EvidenceTarget::Series { .. } => "series",
        EvidenceTarget::Lines { .. } => "log lines",
        EvidenceTarget::Change { .. } => "change",
        EvidenceTarget::Alert { .. } => "alert",
        EvidenceTarget::Profile { .. } => "profile",
        EvidenceTarget::Diff { .. } => "code change",
        EvidenceTarget::Link { .. } => "link",
    }
}

pub(super) fn pair(side: &mut Side, name: &str, value: &str, width: usize) {
    if !value.is_empty() {
        side.item(SideItem::Text);
        let name = text::printable(name);
        side.folded(vec![(Ink::Dim, format!("{name:<10} "))], (Ink::Normal, &lines_of(value)), width);
    }
}

fn detail(state: &State, side: &mut Side, width: usize) {
    match state.subject {
        Focus::Panels => panel_detail(state, side, width),
        Focus::Changes => change_detail(state, side, width),
        _ => detail_view::lines(state, side, width),
    }
    if side.items.is_empty() {
        let words = match state.subject {
            Focus::Panels => "No panel selected: P adds panels, 2 goes to them.",
            Focus::Changes => "No change, alert or profile under the cursor: . and , go to them.",
            _ if !state.has_catalog => "Nothing loaded yet. Details of what is selected appear here.",
            _ => "No event selected: 3 goes to the events, F changes what they are filtered by.",
        };
        advice(side, words, width);
    }
}

/// Panels of dashboards that one series is shown with.
const SHOWN_DASHBOARDS: usize = 3;

fn panel_detail(state: &State, side: &mut Side, width: usize) {
    let Some(panel) = state.panels.selected() else { return };
    side.item(SideItem::Text);
    side.line(vec![(Ink::Strong, panel.name.clone()), (Ink::Time, format!("  {}", panel.texts.value))]);
    pair(side, "series", &panel.reference.series, width);
    pair(side, "source", &panel.reference.source, width);
    pair(side, "chosen", &panel.why, width);
    pair(side, "baseline", panel.texts.baseline.trim_start_matches("base "), width);
    pair(side, "peak", format!("{} {}", panel.texts.peak.trim_start_matches("peak "), panel.texts.peak_at).trim(), width);
    if let Some(line) = &panel.threshold {
        pair(side, "limit", &format!("{} by {}", text::value(line.value, panel.unit), line.name), width);
        pair(side, "crossed", &panel.texts.crossing, width);
    }
    if let Some(meta) = panel.id.and_then(|id| state.catalog.series(id)) {
        if let Some(derivation) = &meta.derivation {
            derivation_detail(state, side, (meta, derivation), width);
        } else {
            pair(side, "query", meta.query.as_deref().unwrap_or_default(), width);
        }
        let samples = if state.has_curtain() { String::new() } else { text::grouped(meta.n_samples) };
        pair(side, "samples", &samples, width);
        for panel in crate::app::panels::dashboards_of(meta, &state.catalog).take(SHOWN_DASHBOARDS) {
            pair(side, "dashboard", format!("{} / {}", panel.dashboard, panel.title).trim_matches([' ', '/']), width);
            panel.expressions.iter().for_each(|expression| pair(side, "asks", expression, width));
        }
        let step = meta.step_ns.map(|ns| text::value(ns as f64 / 1e9, crate::model::Unit::Seconds)).unwrap_or_default();
        pair(side, "step", &step, width);
        if let Some(clip) = meta.clip {
            pair(side, "clipped", &format!("no value above {} can be measured", text::value(clip, panel.unit)), width);
        }
    }
    form_detail(state, side, panel, width);
    exemplars::lines(state, side, panel, width);
    view_detail(state, side, panel, width);
}

/// What the panel shows besides its series, at the cursor.
fn form_detail(state: &State, side: &mut Side, panel: &Panel, width: usize) {
    if let (Some(behind), Some(column)) = (&panel.behind, state.timeline.cursor_column()) {
        pair(side, "histogram", &format!("{}, {} bounds in {} series", behind.name, behind.bounds.len(), behind.ids.len()), width);
        pair(side, "column", &panel.heat.explain(column, behind.unit), width);
        for (bucket, count) in panel.heat.buckets(column, behind.unit).into_iter().rev() {
            pair(side, &bucket, &count, width);
        }
        return;
    }
    for part in &panel.parts.all {
        let value = part.value.map_or_else(|| "no value here".to_owned(), |value| panel.print(value));
        pair(side, &format!("{} {}", part.letter, part.name), &value, width);
    }
}

/// How the panel is drawn, and what the signs on screen mean.
fn view_detail(state: &State, side: &mut Side, panel: &Panel, width: usize) {
    if panel.scale == Scale::Log {
        pair(side, "axis", &format!("logarithmic, {} to {}", panel.texts.axis_bottom, panel.texts.axis_top), width);
    }
    if let Some(earlier) = panel.earlier.filter(|_| panel.is_haunted) {
        let in_sight = if panel.ghost.iter().any(Option::is_some) { "" } else { "; nothing of it in this window" };
        pair(side, "ghost", &format!("{}{in_sight}", super::panel_typed::ghost_words(earlier)), width);
    } else if let Some(baseline) = state.baseline().filter(|_| panel.is_haunted) {
        let length = text::value(baseline.len_ns() as f64 / 1e9, crate::model::Unit::Seconds);
        let words = format!("the {length} before {}, drawn from there on", state.clock.both(baseline.end()));
        let in_sight = if panel.ghost.iter().any(Option::is_some) { "" } else { "; nothing of it in this window" };
        pair(side, "ghost", &format!("{words}{in_sight}"), width);
    }
    pair(side, "trust", &trust::summary(panel), width);
    for (index, (sign, words)) in trust::signs(&state.panels).into_iter().enumerate() {
        side.item(SideItem::Text);
        let name = if index == 0 { "signs" } else { "" };
        side.folded(vec![(Ink::Dim, format!("{name:<10} ")), (Ink::Strong, format!("{sign:<5} "))], (Ink::Normal, &words), width);
    }
}

/// How a series was computed: enough to do it again.
fn derivation_detail(state: &State, side: &mut Side, (meta, derivation): (&SeriesMeta, &Derivation), width: usize) {
    pair(side, "formula", &derivation.formula, width);
    pair(side, "window", &derivation.window_words(), width);
    pair(side, "from", &format!("{} series", text::grouped(derivation.n_inputs)), width);
    if let Some((first, last)) = derivation.resets.first().zip(derivation.resets.last()) {
        let n = derivation.resets.len();
        let times =
            if n == 1 { state.clock.both(*first) } else { format!("{n}, {} to {}", state.clock.both(*first), state.clock.both(*last)) };
        pair(side, "restarts", &times, width);
    }
    if !derivation.bounds.is_empty() {
        let shown = |bound: &f64| text::value(*bound, meta.unit);
        pair(side, "buckets", &derivation.bounds.iter().map(shown).collect::<Vec<_>>().join("  "), width);
    }
}

fn change_detail(state: &State, side: &mut Side, width: usize) {
    let (cursor, reach) = (state.timeline.cursor, state.timeline.column_ns());
    let is_near = |at: crate::model::Timestamp| at.since(cursor).abs() <= reach;
    for change in state.catalog.changes.iter().filter(|change| change.time.is_some_and(is_near)) {
        side.item(SideItem::Text);
        let at = change.time.map(|at| state.clock.both(at)).unwrap_or_default();
        side.line(vec![(Ink::Strong, text::printable(&change.kind).into_owned()), (Ink::Time, format!("  {at}"))]);
        side.folded(Vec::new(), (Ink::Normal, &lines_of(&change.text)), width);
        for (name, value) in &change.fields {
            pair(side, name, value, width);
        }
    }
    let is_under =
        |alert: &&crate::model::Alert| alert.active_at.plus_ns(-reach) <= cursor && alert.ended_at.is_none_or(|end| cursor < end);
    for alert in state.catalog.alerts.iter().filter(is_under) {
        side.item(SideItem::Text);
        let word = if alert.firing_at.is_some_and(|at| at <= cursor) { ("firing", Ink::Error) } else { ("pending", Ink::Warn) };
        side.line(vec![
            (Ink::Strong, format!("alert {}", text::printable(&alert.name))),
            (word.1, format!("  {}", word.0)),
            (Ink::Time, format!("  since {}", state.clock.both(alert.active_at))),
        ]);
        pair(side, "summary", alert.summary.as_deref().unwrap_or_default(), width);
        for (name, value) in alert.labels.iter() {
            pair(side, name, value, width);
        }
    }
    for profile in state.catalog.profiles.iter().filter(|profile| profile.time.is_some_and(is_near)) {
        side.item(SideItem::Text);
        side.line(vec![(Ink::Strong, format!("{} profile", text::printable(&profile.kind)))]);
        pair(side, "service", profile.service.as_deref().unwrap_or_default(), width);
        pair(side, "total", &format!("{} {}", text::grouped(profile.total.max(0.0) as u64), profile.unit), width);
        let path = state.catalog.source(profile.source).map(|source| source.path.clone()).unwrap_or_default();
        pair(side, "source", &path, width);
    }
}
