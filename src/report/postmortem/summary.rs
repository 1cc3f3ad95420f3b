//! The head and the six slots of the summary, filled with what the other parts found.

use super::context::{Context, change_words, show};
use super::impact::{Peak, duration, peak_of};
use super::suggest::NO_PROOF;
use super::{Derived, Head, Step};
use crate::model::case::{CauseStatus, CauseType, MarkerName};
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::model::{TimeRange, Timestamp};

/// A step of the chain so near to the marker of the trigger speaks of it.
const SAME_TRIGGER_NS: i64 = 2 * NS_PER_S;
/// Waves whose lengths are told one by one.
const MOST_WAVES: usize = 4;

/// The six slots: name and sentence. A slot about which nothing is recorded says so.
pub(super) fn slots(context: &mut Context, impact: &[Derived], response: &[Derived], chain: &[Step]) -> Vec<(String, String)> {
    let slots = [
        ("What", what(context, impact)),
        ("Trigger", trigger(context, chain)),
        ("Cause", cause(chain)),
        ("Impact", numbers(context, impact)),
        ("Detection", detection(context, response)),
        ("Mitigation", mitigation(context, response)),
    ];
    slots.into_iter().map(|(name, words)| (name.to_owned(), words.unwrap_or_else(|| "not recorded".into()))).collect()
}

pub(super) fn head(context: &Context) -> Head {
    let meta = &context.case.meta;
    let title = [meta.title.as_str(), &context.settings.name].into_iter().find(|title| !title.trim().is_empty());
    let start = context.marker(MarkerName::ImpactStart).map(|marker| marker.at).or(context.t0.as_ref().map(|t0| t0.at));
    let end = [MarkerName::Resolved, MarkerName::Mitigated].into_iter().find_map(|name| context.marker(name)).map(|marker| marker.at);
    Head {
        title: title.unwrap_or("Untitled incident").to_owned(),
        severity: meta.severity.clone(),
        status: meta.status.clone(),
        services: meta.services.clone(),
        time_zone: meta.time_zone.clone(),
        start,
        end,
        duration: start.zip(end).filter(|(start, end)| start <= end).map(|(start, end)| duration(end.since(start))),
        t0: context.t0.clone(),
        more: super::stated::head(context),
        generator: format!("coroner {}", context.settings.tool_version).trim_end().to_owned(),
    }
}

fn value<'a>(rows: &'a [Derived], id: &str) -> Option<&'a str> {
    rows.iter().find(|row| row.id == id).and_then(|row| row.value.as_deref())
}

fn what(context: &Context, impact: &[Derived]) -> Option<String> {
    let Some(start) = context.marker(MarkerName::ImpactStart) else { return suggested(context) };
    let services = &context.case.meta.services;
    let whose = if services.is_empty() { String::new() } else { format!(" of {}", services.join(", ")) };
    let duration =
        value(impact, "impact.duration.user").map_or_else(|| "; its end is not recorded".into(), |words| format!(", for {words}"));
    let end = context.recovery().map_or(Timestamp::MAX, |(_, marker)| marker.at);
    let waves = waves(context, TimeRange::new(start.at, end.max(start.at)));
    Some(format!("Users{whose} were affected from {}{duration}{waves}.", context.moment(start.at)))
}

/// `, in 2 waves: 1m16s and 1m18s (2m34s together)`; nothing for a single one.
fn waves(context: &Context, window: TimeRange) -> String {
    let felt: Vec<TimeRange> = context.waves.iter().filter_map(|wave| wave.intersect(window)).filter(|wave| !wave.is_empty()).collect();
    let all = duration(felt.iter().map(|wave| wave.len_ns()).fold(0, i64::saturating_add));
    let lengths: Vec<String> = felt.iter().take(MOST_WAVES).map(|wave| duration(wave.len_ns())).collect();
    match lengths.as_slice() {
        [] | [_] => String::new(),
        _ if felt.len() > MOST_WAVES => format!(", in {} waves ({all} together)", felt.len()),
        [most @ .., last] => format!(", in {} waves: {} and {last} ({all} together)", felt.len(), most.join(", ")),
    }
}

/// Nobody marked the impact: what the data say, said to be that.
fn suggested(context: &Context) -> Option<String> {
    let start = context.suggested.get(&MarkerName::ImpactStart)?;
    let end = context.suggested.get(&MarkerName::Mitigated);
    let until = end.map_or_else(|| "; its end is not in the data".into(), |end| format!(" until {}", context.moment(end.at)));
    let waves = waves(context, TimeRange::new(start.at, end.map_or(Timestamp::MAX, |end| end.at.max(start.at))));
    Some(format!("Nobody marked when users were affected; the data suggest from {}{until}{waves}.", context.moment(start.at)))
}

fn trigger(context: &Context, chain: &[Step]) -> Option<String> {
    let Some(marker) = context.marker(MarkerName::Trigger) else {
        let one = context.suggested.get(&MarkerName::Trigger)?;
        let what = one.text.trim().trim_end_matches('.');
        return Some(format!("Nobody marked it; the data suggest {what}, at {}. That is no proof.", context.moment(one.at)));
    };
    let text = marker.annotation.text.trim();
    let is_then = |step: &&Step| step.at.is_some_and(|range| range.start().since(marker.at).abs() <= SAME_TRIGGER_NS);
    let of_trigger = |step: &&Step| step.cause_type == CauseType::Trigger && step.status != CauseStatus::Refuted;
    let step = chain.iter().filter(of_trigger).find(is_then);
    let what = match (text, step, context.change_at(marker.at)) {
        ("", _, Some(change)) => change_words(change),
        ("", Some(step), None) => format!("{} ({}, {})", step.statement.trim().trim_end_matches('.'), step.label, step.status.name()),
        ("", None, None) => "not described".into(),
        (text, ..) => text.to_owned(),
    };
    // Taken over from the data as it was offered: nobody said yet that it was so.
    let is_open = marker.rule.contains(NO_PROOF) && step.is_none_or(|step| step.status != CauseStatus::Confirmed);
    let doubt = if is_open {
        format!(" The data suggest it ({}); nobody has confirmed it.", marker.rule.trim_start_matches("accepted: "))
    } else {
        String::new()
    };
    Some(format!("{}, at {}.{doubt}", what.trim_end_matches('.'), context.moment(marker.at)))
}

/// The confirmed defect, else any confirmed cause, else a suspected one, said to be so.
fn cause(chain: &[Step]) -> Option<String> {
    let rank = |step: &&Step| match (step.status, step.cause_type) {
        (CauseStatus::Confirmed, CauseType::Defect) => 0,
        (CauseStatus::Confirmed, CauseType::LatentCondition) => 1,
        (CauseStatus::Suspected, CauseType::Defect) => 2,
        (CauseStatus::Confirmed, _) => 3,
        _ => 4,
    };
    let step = chain.iter().filter(|step| step.status != CauseStatus::Refuted && step.cause_type != CauseType::Effect).min_by_key(rank)?;
    Some(format!("{} ({}, {}).", step.statement.trim().trim_end_matches('.'), step.label, step.status.name()))
}

/// `At their worst, goroutines stood at 2 718 (T+4m19s) and P99 at 15.9 s (T+3m29s). 17 220 … requests failed.`
fn numbers(context: &mut Context, impact: &[Derived]) -> Option<String> {
    let panels = context.panels.clone();
    let mut peaks = Vec::new();
    for panel in panels.iter().filter(|panel| !panel.role.is_empty()) {
        let Some(Peak { meta, greatest: Some((at, value)), .. }) = peak_of(context, panel) else { continue };
        let when = context.offset(at).unwrap_or_else(|| rfc3339(at));
        let verb = if peaks.is_empty() { " stood" } else { "" };
        peaks.push(format!("{}{verb} at {} ({when})", panel.told(), show(meta, value)));
    }
    let worst = match peaks.as_slice() {
        [] => None,
        [only] => Some(format!("At the worst, {only}.")),
        [most @ .., last] => Some(format!("At their worst, {} and {last}.", most.join(", "))),
    };
    let failed = impact.iter().find(|row| row.id == "impact.failed");
    let failed = failed.and_then(|row| Some(format!("{}: {}.", row.label, row.value.as_deref()?)));
    let sentences: Vec<String> = worst.into_iter().chain(failed).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn detection(context: &Context, response: &[Derived]) -> Option<String> {
    let Some(marker) = context.marker(MarkerName::Detected) else {
        let one = context.suggested.get(&MarkerName::Detected)?;
        return Some(format!(
            "Nobody marked it; the first alert that fired was {}, at {}.",
            one.text.trim_start_matches("alert "),
            context.moment(one.at)
        ));
    };
    let text = marker.annotation.text.trim();
    let how = if text.is_empty() { String::new() } else { format!(" by {}", text.trim_end_matches('.')) };
    let after = value(response, "response.ttd").map_or(String::new(), |words| format!(", {words} after the impact began"));
    Some(format!("Detected at {}{how}{after}.", context.moment(marker.at)))
}

fn mitigation(context: &Context, response: &[Derived]) -> Option<String> {
    let Some((name, marker)) = context.recovery() else {
        let credit = context.credit.as_ref().filter(|_| context.suggested.contains_key(&MarkerName::Mitigated))?;
        return Some(format!("Nobody marked it; by the data, {}.{}", credit.words(), credit.aside()));
    };
    let text = marker.annotation.text.trim();
    let (how, aside) = match (text, &context.credit) {
        ("", Some(credit)) => (format!("; {}", credit.words()), credit.aside()),
        ("", None) => (String::new(), String::new()),
        (text, _) => (format!(": {}", text.trim_end_matches('.')), String::new()),
    };
    let after = value(response, "response.ttm").map_or(String::new(), |words| format!(", {words} after detection"));
    let verb = if name == MarkerName::Mitigated { "Mitigated" } else { "Resolved" };
    Some(format!("{verb} at {}{after}{how}.{aside}", context.moment(marker.at)))
}
