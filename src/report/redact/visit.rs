//! Every word of a postmortem, once. Structs are taken apart by name: a new field does not compile until it is here.

use std::collections::BTreeMap;

use crate::report::postmortem::{
    ActionRow, AlertRow, AttemptRow, Block, Coverage, Derived, Detection, Edge, Effect, Exhibit, Head, Indicator, Indicators, MarkerRow,
    Postmortem, Provenance, SeriesUsed, ServiceRow, Sign, SourceUsed, StageCheck, StageRow, Step, Suggestion, TimelineRow, TurningPoint,
};
use crate::report::svg::Chart;

/// What is done with each text.
type With<'a> = &'a mut dyn FnMut(&mut String);

/// Leaves out what the public has no use for, or what cannot be told without names: evidence, sources, owners.
pub(super) fn prune(postmortem: &mut Postmortem) {
    postmortem.exhibits.clear();
    postmortem.lint = None;
    postmortem.head.more.retain(|(key, _)| ["id", "published", "environments", "regions", "tags", "categories", "change"].contains(key));
    postmortem.told.clear();
    postmortem.stages.clear();
    postmortem.summary.retain(|(_, words)| words != "not recorded");
    postmortem.sections.retain(|stem, _| ["summary", "impact"].contains(&stem.as_str()));
    for row in &mut postmortem.timeline {
        row.owner = None;
        row.evidence.clear();
    }
    for row in &mut postmortem.attempts {
        row.evidence.clear();
    }
    for step in &mut postmortem.chain {
        (step.evidence, step.lost, step.notes) = (Vec::new(), Vec::new(), Vec::new());
    }
    for point in &mut postmortem.turning_points {
        (point.evidence, point.set_by) = (Vec::new(), String::new());
    }
    postmortem.considered.clear();
    for action in &mut postmortem.actions {
        (action.owner, action.link) = (None, None);
    }
    for one in &mut postmortem.indicators.series {
        one.source.clear();
    }
    for sign in &mut postmortem.detection.signs {
        sign.source.clear();
    }
    let rows = [&mut postmortem.impact, &mut postmortem.degraded, &mut postmortem.slo, &mut postmortem.response, &mut postmortem.what_if];
    for row in rows.into_iter().flatten().chain(&mut postmortem.provenance.derived) {
        row.inputs.clear();
    }
    let provenance = &mut postmortem.provenance;
    provenance.sources.clear();
    provenance.other_problems.clear();
    provenance.series.clear();
    provenance.suggestions.clear();
    provenance.clock_doubts.clear();
    provenance.authors.clear();
    for marker in &mut provenance.markers {
        (marker.rule, marker.author, marker.set_at) = (String::new(), String::new(), None);
    }
    // The pictures of panels stay, under names that tell nothing; those of evidence go with it.
    let shown: Vec<String> = postmortem.indicators.series.iter().filter_map(|one| one.asset.clone()).collect();
    postmortem.charts.retain(|(stem, _)| shown.contains(stem));
    let renamed: BTreeMap<String, String> =
        postmortem.charts.iter().enumerate().map(|(index, (stem, _))| (stem.clone(), format!("chart-{}", index + 1))).collect();
    for (stem, _) in &mut postmortem.charts {
        *stem = renamed[stem].clone();
    }
    for asset in postmortem.indicators.series.iter_mut().filter_map(|one| one.asset.as_mut()) {
        if let Some(name) = renamed.get(asset) {
            asset.clone_from(name);
        }
    }
}

fn option(text: &mut Option<String>, with: With) {
    if let Some(text) = text {
        with(text);
    }
}

fn all(texts: &mut [String], with: With) {
    texts.iter_mut().for_each(with);
}

/// Every text that is printed.
pub(super) fn visit(postmortem: &mut Postmortem, with: With) {
    let Postmortem {
        head,
        summary,
        impact,
        degraded,
        slo,
        services,
        response,
        detection,
        what_if,
        indicators,
        timeline,
        n_left_out: _,
        chain,
        edges,
        exhibits,
        attempts,
        turning_points,
        actions,
        considered,
        coverage,
        stages,
        told,
        sections,
        recovered: _,
        impact_s: _,
        provenance,
        lint,
        redactions: _,
        charts,
        assets: _,
        // Not printed; `redact` changes it as it changes what is.
        foreign: _,
        audience: _,
    } = postmortem;
    self::head(head, with);
    for (_, words) in summary.iter_mut() {
        with(words);
    }
    for row in impact.iter_mut().chain(degraded).chain(slo).chain(response).chain(what_if) {
        derived(row, with);
    }
    for row in services.iter_mut() {
        service(row, with);
    }
    self::detection(detection, with);
    self::indicators(indicators, with);
    for row in timeline.iter_mut() {
        timeline_row(row, with);
    }
    for row in stages.iter_mut() {
        stage(row, with);
    }
    for row in chain.iter_mut() {
        step(row, with);
    }
    for row in edges.iter_mut() {
        edge(row, with);
    }
    for row in exhibits.iter_mut() {
        exhibit(row, with);
    }
    for row in attempts.iter_mut() {
        attempt(row, with);
    }
    for row in turning_points.iter_mut() {
        turning_point(row, with);
    }
    for row in actions.iter_mut().chain(considered.iter_mut()) {
        action(row, with);
    }
    let Coverage { rows: _, absent: _, open: _ } = coverage;
    told.iter_mut().flat_map(|one| &mut one.rows).for_each(|row| all(row, with));
    sections.values_mut().for_each(&mut *with);
    self::provenance(provenance, with);
    for finding in lint.iter_mut().flatten() {
        with(&mut finding.place);
        with(&mut finding.message);
        with(&mut finding.fix);
        option(&mut finding.suppressed, with);
    }
    for (_, picture) in charts.iter_mut() {
        chart(picture, with);
    }
}

fn head(head: &mut Head, with: With) {
    let Head { title, severity, status, services, time_zone: _, start: _, end: _, duration: _, t0, more, generator: _ } = head;
    for (_, values) in more.iter_mut() {
        all(values, with);
    }
    with(title);
    option(severity, with);
    option(status, with);
    all(services, with);
    if let Some(t0) = t0 {
        with(&mut t0.label);
    }
}

fn derived(row: &mut Derived, with: With) {
    let Derived { id: _, label, value, how, formula, inputs } = row;
    with(label);
    option(value, with);
    with(how);
    with(formula);
    all(inputs, with);
}

fn service(row: &mut ServiceRow, with: With) {
    let ServiceRow {
        service,
        id: _,
        first: _,
        first_offset: _,
        peak_error: _,
        peak_p99: _,
        recovered: _,
        recovered_offset: _,
        length: _,
        still: _,
        silent,
        has_alert: _,
        inputs,
    } = row;
    with(service);
    all(silent, with);
    all(inputs, with);
}

fn detection(detection: &mut Detection, with: With) {
    let Detection { signs, n_signs: _, n_looked_at: _, detected, alerts, silent } = detection;
    for sign in signs {
        let Sign { id: _, at: _, offset: _, series, source, rule, saved: _ } = sign;
        with(series);
        with(source);
        with(rule);
    }
    option(detected, with);
    for alert in alerts {
        let AlertRow { at: _, offset: _, name, service, after: _, n_firings: _ } = alert;
        with(name);
        option(service, with);
    }
    all(silent, with);
}

fn indicators(indicators: &mut Indicators, with: With) {
    let Indicators { moments, series, window: _, notes } = indicators;
    for (label, _) in moments.iter_mut() {
        with(label);
    }
    for one in series {
        let Indicator { role, metric, series, source, cells: _, peak: _, spark: _, asset: _, is_loaded: _ } = one;
        with(role);
        with(metric);
        with(series);
        with(source);
    }
    all(notes, with);
}

fn timeline_row(row: &mut TimelineRow, with: With) {
    let TimelineRow { at: _, until: _, doubt: _, offset: _, service, owner, kind, text, evidence } = row;
    option(service, with);
    option(owner, with);
    with(kind);
    with(text);
    all(evidence, with);
}

fn step(step: &mut Step, with: With) {
    let Step { label: _, statement, cause_type: _, status: _, at: _, evidence: _, lost, notes } = step;
    with(statement);
    for note in notes {
        with(&mut note.1);
    }
    all(lost, with);
}

fn stage(row: &mut StageRow, with: With) {
    let StageRow { id: _, name, at: _, percent: _, requests: _, checks, derived: _, why, stated: _, has_rolled_back: _ } = row;
    with(name);
    with(why);
    for check in checks {
        let StageCheck { metric, series, observed: _, mean: _, threshold: _, above_is_bad: _, limit, unit: _, n_samples: _, verdict: _ } =
            check;
        with(metric);
        with(series);
        with(limit);
    }
}

fn edge(edge: &mut Edge, with: With) {
    let Edge { from: _, to: _, relation: _, lag: _, text } = edge;
    with(text);
}

fn exhibit(exhibit: &mut Exhibit, with: With) {
    let Exhibit { id: _, label: _, caption, kind: _, at: _, subject, block, doubts } = exhibit;
    with(caption);
    with(subject);
    let pairs = match block {
        Block::Values { pairs, spark: _, asset: _ } => pairs,
        Block::Lines { excerpt, pairs } => {
            with(excerpt);
            pairs
        }
    };
    for (name, value) in pairs {
        with(name);
        with(value);
    }
    all(doubts, with);
}

fn effects(effects: &mut [Effect], with: With) {
    for effect in effects {
        let Effect { role, before: _, after: _ } = effect;
        with(role);
    }
}

fn attempt(row: &mut AttemptRow, with: With) {
    let AttemptRow { at: _, until: _, offset: _, what, stated, effects, evidence } = row;
    with(what);
    option(stated, with);
    self::effects(effects, with);
    all(evidence, with);
}

fn turning_point(point: &mut TurningPoint, with: With) {
    let TurningPoint { name: _, what, at: _, offset: _, set_by, evidence, effects } = point;
    option(what, with);
    with(set_by);
    all(evidence, with);
    self::effects(effects, with);
}

fn action(row: &mut ActionRow, with: With) {
    let ActionRow { label: _, action, action_type, owner, priority, link, due, done_when, done_on, causes: _, gap, not_doing_because } =
        row;
    with(action);
    for word in [action_type, owner, priority, link, due, done_when, done_on, gap, not_doing_because] {
        option(word, with);
    }
}

fn provenance(provenance: &mut Provenance, with: With) {
    let Provenance {
        sources,
        n_other_sources: _,
        other_problems,
        series,
        gaps,
        n_more_gaps: _,
        derived,
        clock_doubts,
        markers,
        generator: _,
        is_complete: _,
        suggestions,
        authors,
    } = provenance;
    for source in sources {
        let SourceUsed { path, size_bytes: _, sha256: _, format, n_records: _, span: _, zone, clock_ns: _, problems: _, n_unplaced: _ } =
            source;
        with(path);
        with(format);
        with(zone);
    }
    for (path, _) in other_problems.iter_mut() {
        with(path);
    }
    for series in series {
        let SeriesUsed { name, source, nature: _, step_ns: _, n_samples: _, query } = series;
        with(name);
        with(source);
        option(query, with);
    }
    for gap in gaps {
        with(&mut gap.of);
        with(&mut gap.source);
    }
    for row in derived.iter_mut() {
        self::derived(row, with);
    }
    for doubt in clock_doubts {
        with(&mut doubt.source);
        option(&mut doubt.against, with);
    }
    for author in authors {
        with(&mut author.name);
    }
    for marker in markers {
        let MarkerRow { name: _, at: _, latest: _, offset: _, rule, author, set_at: _ } = marker;
        with(rule);
        with(author);
    }
    for suggestion in suggestions {
        let Suggestion { name: _, at: _, rule, text } = suggestion;
        with(rule);
        with(text);
    }
}

fn chart(chart: &mut Chart, with: With) {
    let Chart { title, unit: _, range: _, t0: _, samples: _, max_gap_ns: _, clip: _, threshold: _, baseline: _, marks } = chart;
    with(title);
    for (_, label) in marks.iter_mut() {
        with(label);
    }
}
