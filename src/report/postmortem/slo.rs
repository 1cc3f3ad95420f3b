//! What the failures cost of the error budget, and how fast it burned.
//!
//! Without an objective in the case the usual 99.9 % over 30 days is taken, and said to be an assumption in every row;
//! with one, the series that its indicator names are counted (`budget`).

use super::Derived;
use super::budget::{self, Measured};
use super::context::{Context, show, window_words};
use super::failed::{count, whole};
use super::impact::{duration, peak_of};
use super::limits::{felt, stretches};
use super::requests::counters;
use crate::model::case::{Indicator, Slo};
use crate::model::text::value;
use crate::model::time::NS_PER_S;
use crate::model::{TimeRange, Unit};

/// What is promised to users.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Objective {
    /// Share of requests that must succeed, below 1.
    pub(super) target: f64,
    /// Over how many days.
    pub(super) days: f64,
    /// `objective 99.9 % over 30 days (assumed: the case names none)`.
    pub(super) words: String,
}

/// Taken when the case names no objective.
const DEFAULT: (f64, f64) = (0.999, 30.0);

pub(super) fn objective(context: &Context) -> Objective {
    let counted = context.case.meta.slos.iter().find(|slo| !matches!(slo.indicator, Indicator::Latency { .. }));
    if let Some(slo) = counted.filter(|slo| slo.objective > 0.0 && slo.objective < 1.0 && slo.window_ns > 0) {
        return of_slo(slo);
    }
    let (target, days) = DEFAULT;
    let words = format!("objective {} over {days:.0} days (assumed: the case names none)", value(target, Unit::Ratio));
    Objective { target, days, words }
}

fn of_slo(slo: &Slo) -> Objective {
    let days = slo.window_ns as f64 / (86_400.0 * NS_PER_S as f64);
    let words = format!("objective {} over {} days ({})", value(slo.objective, Unit::Ratio), value(days, Unit::None), slo.name);
    Objective { target: slo.objective, days, words }
}

/// Budget of a period: the failures that are allowed.
pub(super) fn budget(objective: &Objective, requests_per_s: f64) -> f64 {
    (1.0 - objective.target) * requests_per_s * objective.days * 86_400.0
}

/// How many times faster than allowed the budget burns at this share of failed requests.
pub(super) fn burn(objective: &Objective, ratio: f64) -> f64 {
    ratio / (1.0 - objective.target)
}

/// Rows about the budget; none without a count of failed requests.
pub(super) fn rows(context: &mut Context) -> Vec<Derived> {
    let objective = objective(context);
    let mut rows = Vec::new();
    let case = context.case;
    for (index, slo) in case.meta.slos.iter().filter(|slo| slo.objective > 0.0 && slo.objective < 1.0 && slo.window_ns > 0).enumerate() {
        let part = Part {
            objective: of_slo(slo),
            suffix: if index == 0 { String::new() } else { format!(".{}", index + 1) },
            name: Some(&slo.name),
        };
        let measure = |context: &mut Context, window| budget::measure(context, slo, window);
        rows.extend(burned(context, &part, &measure));
    }
    if case.meta.slos.is_empty()
        && let Some(group) = counters(context)
    {
        let words = format!("counter {}", group.words());
        let measure = |context: &mut Context, window| Ok((count(context, &group, window), words.clone()));
        rows.extend(burned(context, &Part { objective: objective.clone(), suffix: String::new(), name: None }, &measure));
    }
    rows.extend(peak_burn(context, &objective));
    rows.extend(above_threshold(context));
    for row in &rows {
        context.record(row.clone());
    }
    rows
}

/// One objective among several.
struct Part<'a> {
    objective: Objective,
    /// What ids end in: nothing for the first.
    suffix: String,
    name: Option<&'a str>,
}

/// Share of the budget and mean burn rate of one objective.
fn burned(context: &mut Context, part: &Part, measure: &dyn Fn(&mut Context, TimeRange) -> Measured) -> Vec<Derived> {
    let (Some((window, words)), Some(extent)) = (context.impact_window(), context.catalog.extent) else { return Vec::new() };
    let Part { objective, suffix, name } = part;
    let of_name = name.map_or_else(String::new, |name| format!(", {name}"));
    let label = |what: &str| format!("{what}{of_name}");
    let (counted, whole_data, series) = match (measure(context, window), measure(context, extent)) {
        (Ok((counted, series)), Ok((whole_data, _))) => (counted, whole_data, series),
        (Err(why), _) | (_, Err(why)) => {
            let id = format!("slo.budget{suffix}");
            return vec![Derived {
                id,
                label: label("Error budget burned"),
                formula: why,
                inputs: vec![objective.words.clone()],
                ..Derived::default()
            }];
        }
    };
    // One old record of anything else must not thin out the requests.
    let counted_in = whole_data.recorded.and_then(|recorded| recorded.intersect(extent)).unwrap_or(extent);
    let seconds = counted_in.len_ns() as f64 / NS_PER_S as f64;
    let rate = if seconds > 0.0 { whole_data.all.likely / seconds } else { 0.0 };
    let budget = budget(objective, rate);
    let inputs = vec![series, window_words(window), objective.words.clone()];
    let mut rows = Vec::new();
    if budget > 0.0 {
        let failed = counted.failed;
        let share = |count: f64| value(count / budget, Unit::Ratio);
        let range = if share(failed.low) == share(failed.high) {
            String::new()
        } else {
            format!(" (between {} and {})", share(failed.low), share(failed.high))
        };
        rows.push(Derived {
            id: format!("slo.budget{suffix}"),
            label: label("Error budget burned"),
            value: Some(format!("{}{range} of {} allowed failures", share(failed.likely), whole(budget))),
            how: format!("{}; {} requests/s while they were counted", objective.words, value(rate, Unit::None)),
            formula: format!(
                "failed / ((1 − objective) × requests in the period); requests in the period = rate while they were counted × days; {words}"
            ),
            inputs: inputs.clone(),
        });
    }
    if counted.all.likely > 0.0 {
        let mean = burn(objective, counted.failed.likely / counted.all.likely);
        rows.push(Derived {
            id: format!("slo.burn.mean{suffix}"),
            label: label("Burn rate, mean"),
            value: Some(times(mean)),
            how: format!("share of failed requests / (1 − objective), {words}"),
            formula: "failed / all / (1 − objective)".into(),
            inputs,
        });
    }
    rows
}

fn times(burn: f64) -> String {
    format!("{}×", value(burn, Unit::None))
}

fn peak_burn(context: &mut Context, objective: &Objective) -> Option<Derived> {
    let panel = context.panel("error rate").cloned()?;
    let peak = peak_of(context, &panel)?;
    let (meta, (at, ratio)) = (peak.meta, peak.greatest.filter(|(_, ratio)| peak.meta.unit == Unit::Ratio && *ratio <= 1.0 + 1e-6)?);
    // The share of error lines among all lines of a log is none of requests.
    if meta.is_share_of_records() {
        return None;
    }
    let burn = burn(objective, ratio);
    let lasts = (burn > 0.0).then(|| objective.days * 86_400.0 / burn);
    let lasts = lasts.map_or_else(String::new, |secs| format!("; a full budget lasts {}", duration((secs * NS_PER_S as f64) as i64)));
    Some(Derived {
        id: "slo.burn.peak".into(),
        label: "Burn rate at the peak".into(),
        value: Some(format!("{}{lasts}", times(burn))),
        how: format!("{} / (1 − objective), at {}", show(meta, ratio), context.short_moment(at)),
        formula: "greatest error ratio / (1 − objective); a full budget lasts days / burn rate".into(),
        inputs: vec![format!("series {} ({})", meta.full_name(), context.path(meta.source)), objective.words.clone()],
    })
}

/// A quantile or a mean counts no requests: only how long it was above its limit can be said.
fn above_threshold(context: &mut Context) -> Option<Derived> {
    let panel = context.latency().cloned()?;
    let meta = panel.meta?;
    let bound = felt(context, meta)?;
    let (window, words) = context.impact_window()?;
    let samples = context.samples(meta, window);
    let ns: i64 = stretches(&samples, &bound, meta.step_ns).into_iter().map(crate::model::TimeRange::len_ns).sum();
    Some(Derived {
        id: "slo.latency".into(),
        label: format!(
            "Time with {} {} {}",
            panel.told(),
            if bound.above_is_bad { "above" } else { "below" },
            value(bound.value, meta.unit)
        ),
        value: Some(duration(ns)),
        how: format!("{}, {words}", bound.why),
        formula: "sum of the stretches in which 4 of 5 samples were beyond the limit, pauses up to 20 s (3 steps) included".into(),
        inputs: vec![format!("series {} ({})", meta.full_name(), context.path(meta.source)), bound.words(meta.unit), window_words(window)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1000 requests a second, 99.9 % over 30 days.
    #[test]
    fn the_month_has_a_budget_and_failures_have_a_price() {
        let objective = Objective { target: 0.999, days: 30.0, words: String::new() };
        let budget = budget(&objective, 1000.0);
        assert_eq!(format!("{budget:.0}"), "2592000");
        let share = |failed: f64| format!("{:.2}", failed / budget * 100.0);
        assert_eq!([82_380.0, 21_960.0, 142_800.0].map(share), ["3.18", "0.85", "5.51"]);
        assert_eq!(format!("{:.1}", 910_380.0 / budget * 100.0), "35.1");
        assert_eq!([0.002, 0.18, 0.92].map(|ratio| format!("{:.0}", burn(&objective, ratio))), ["2", "180", "920"]);
        assert_eq!(format!("{:.0}", 30.0 * 24.0 * 60.0 / burn(&objective, 0.92)), "47");
    }
}
