//! Which change ended it, if any did: a change is credited only when what users felt turned soon after it.
//!
//! The last change before a recovery is a coincidence until the data say more: a dependency that came back explains a
//! recovery as well. So the indicator must fall half way to normal within [`SOON_NS`] and what it looks back, and no target
//! of another service may have come back meanwhile. Everything else is told as what happened at the same time.

use super::context::{Context, change_words};
use super::impact::duration;
use super::limits::{Bound, felt, stretches};
use super::refine::lag;
use crate::model::case::MarkerName;
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::model::{Change, ChangeSort, SeriesMeta, TimeRange, Timestamp};

/// So soon after a change the indicator must turn, beyond what it looks back itself.
const SOON_NS: i64 = 20 * NS_PER_S;
/// So long before a change its level is measured, or three samples.
const LEVEL_NS: i64 = 5 * NS_PER_S;
/// Changes before a recovery that are looked at, the last first.
const MOST_CHANGES: usize = 8;
/// What came back at the same time: so many are named.
const MOST_NAMED: usize = 3;

/// What is known of a change before a recovery.
#[derive(Clone)]
pub(super) struct Credit<'a> {
    pub(super) change: &'a Change,
    /// When it was done.
    pub(super) at: Timestamp,
    /// Which panel turned, and the first sample from which on it stayed below half of its level.
    turned: Option<(String, Timestamp)>,
    /// Within this the indicator had to turn.
    limit_ns: i64,
    /// What else turned then.
    coincident: Vec<String>,
    pub(super) is_credited: bool,
}

impl Credit<'_> {
    /// What the data say of it, after the words of a recovery: `last change before it: rollback v2 → v1; error rate turned 8s after it`.
    pub(super) fn words(&self) -> String {
        let what = change_words(self.change);
        let turned = match (&self.turned, self.is_credited) {
            (None, _) => "nothing that users felt turned after it".to_owned(),
            (Some((role, at)), is_credited) => {
                let after = at.since(self.at);
                let doubt = match () {
                    () if is_credited => String::new(),
                    () if after <= self.limit_ns => ", but it need not be the reason".to_owned(),
                    () => format!(", too late to credit it (within {})", duration(self.limit_ns)),
                };
                format!("{role} turned {} after it{doubt}", duration(after))
            }
        };
        format!("last change before it: {what}; {turned}")
    }

    /// What else turned then, a sentence of its own with a blank before it; empty if nothing did.
    pub(super) fn aside(&self) -> String {
        if self.coincident.is_empty() { String::new() } else { format!(" At that time: {}.", self.coincident.join(", ")) }
    }
}

/// The change that ended it, else the last one before the recovery with what is known of it.
pub(super) fn find<'a>(context: &mut Context<'a>) -> Option<Credit<'a>> {
    let (recovered, _) = [MarkerName::Mitigated, MarkerName::Resolved].into_iter().find_map(|name| context.moment_of(name))?;
    let start = context.impact_window()?.0.start();
    let is_done =
        |change: &&Change| matches!(change.sort(), ChangeSort::Done | ChangeSort::Reaction) && !change.kind.eq_ignore_ascii_case("note");
    let done = context.catalog.changes.iter().filter(is_done).filter_map(|change| Some((change.end.or(change.time)?, change)));
    let mut before: Vec<(Timestamp, &Change)> = done.filter(|(at, _)| *at > start && *at <= recovered).collect();
    before.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut last = None;
    for (at, change) in before.into_iter().take(MOST_CHANGES) {
        let credit = judge(context, change, at, recovered);
        if credit.is_credited {
            return Some(credit);
        }
        last.get_or_insert(credit);
    }
    last
}

fn judge<'a>(context: &mut Context<'a>, change: &'a Change, at: Timestamp, recovered: Timestamp) -> Credit<'a> {
    let mut credit = Credit { change, at, turned: None, limit_ns: SOON_NS, coincident: Vec::new(), is_credited: false };
    let mut lag_ns = 0;
    for panel in context.felt_panels() {
        let Some(meta) = panel.meta else { continue };
        let Some(bound) = felt(context, meta) else { continue };
        let Some(turned) = turn(context, meta, &bound, (at, recovered)) else { continue };
        let limit_ns = SOON_NS.saturating_add(lag(meta));
        if credit.turned.is_none() || turned.since(at) <= limit_ns {
            credit.turned = Some((panel.told().to_owned(), turned));
            (credit.limit_ns, lag_ns) = (limit_ns, lag(meta));
        }
        if turned.since(at) <= limit_ns {
            break;
        }
    }
    let until = credit.turned.as_ref().map_or(recovered, |(_, turned)| *turned);
    let returned = came_back(context, change, TimeRange::new(at, until.plus_ns(1)));
    let is_soon = credit.turned.as_ref().is_some_and(|(_, turned)| turned.since(at) <= credit.limit_ns);
    credit.is_credited = is_soon && returned.is_empty();
    if !credit.is_credited {
        credit.coincident = returned;
        credit.coincident.extend(resolved(context, TimeRange::new(until.plus_ns(-lag_ns.max(LEVEL_NS)), until.plus_ns(1))));
        credit.coincident.truncate(MOST_NAMED);
    }
    credit
}

/// The first sample from which on the panel stays below half of its level at the change; `None`: it was not bad then, or never fell.
fn turn(context: &mut Context, meta: &SeriesMeta, bound: &Bound, (at, recovered): (Timestamp, Timestamp)) -> Option<Timestamp> {
    let step_ns = meta.step_ns.unwrap_or(NS_PER_S);
    let before = TimeRange::new(at.plus_ns(-LEVEL_NS.max(step_ns.saturating_mul(3))), at.plus_ns(1));
    let level: Vec<f64> = context.samples(meta, before).iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect();
    let level = if level.is_empty() { return None } else { level.iter().sum::<f64>() / level.len() as f64 };
    if !bound.is_bad(level) {
        return None;
    }
    let normal = super::limits::usual(context, meta).unwrap_or(0.0);
    let half = f64::midpoint(level, normal);
    let after = context.samples(meta, TimeRange::new(at.plus_ns(1), recovered.plus_ns(1)));
    let after: Vec<_> = after.iter().filter(|sample| !sample.value.is_nan()).collect();
    let last_high = after.iter().rposition(|sample| sample.value >= half);
    after.get(last_high.map_or(0, |index| index + 1)).map(|sample| sample.time)
}

/// Targets of other services that came back in a window: `up bank came back at 02:35:46`.
fn came_back(context: &mut Context, change: &Change, window: TimeRange) -> Vec<String> {
    let down = Bound { value: 0.5, above_is_bad: false, why: String::new() };
    let mut found: Vec<(Timestamp, String)> = Vec::new();
    let catalog = context.catalog;
    for meta in catalog.series.iter().filter(|meta| super::silence::is_up(meta)) {
        let service = super::requests::service(&meta.labels);
        if service.is_some() && service == change.service.as_deref() {
            continue;
        }
        let Some(extent) = meta.extent else { continue };
        let samples = context.facts.samples(meta.id, extent);
        for range in stretches(&samples, &down, meta.step_ns) {
            let name = service.or_else(|| meta.labels.get("instance")).unwrap_or(&meta.name);
            let words = format!("{name} could be scraped again ({})", clock(range.end()));
            if window.contains(range.end()) && found.iter().all(|one| one.1 != words) {
                context.uses(meta);
                found.push((range.end(), words));
            }
        }
    }
    found.sort();
    found.into_iter().map(|one| one.1).collect()
}

fn resolved(context: &Context, window: TimeRange) -> Vec<String> {
    let ended = context.catalog.alerts.iter().filter_map(|alert| Some((alert.ended_at.filter(|at| window.contains(*at))?, alert)));
    let mut words: Vec<String> = ended.map(|(at, alert)| format!("alert {} ended ({})", alert.name, clock(at))).collect();
    words.dedup();
    words
}

fn clock(at: Timestamp) -> String {
    rfc3339(at).get(11..19).unwrap_or_default().to_owned()
}
