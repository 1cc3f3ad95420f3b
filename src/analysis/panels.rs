//! Which series to show for concurrency, P99 and error rate: an alias table finds candidates, their movement ranks them.
//!
//! `score = ln((peak + floor) / (baseline + floor)) × √coverage`. The baseline is the median of the first fifth, the
//! floor keeps small numbers from looking like explosions, coverage is the share of columns with data. Among series of
//! comparable score a user-facing aggregate is preferred for P99 and error rate, and a service to a load generator for
//! concurrency. What stands in for goroutines, P99 or the error rate is called by what it is: threads, requests in flight,
//! P95, mean latency, else by the metric's own words. The table is `assets/aliases.toml`; nothing here knows a metric's name.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use serde::Deserialize;

use super::stats::median;
use crate::model::series::Bucket;
use crate::model::{Columns, SeriesId, SeriesKind, SeriesMeta, Unit, text};

/// Of a best score so large a share is comparable: a preference may decide.
const COMPARABLE: f64 = 0.6;
/// From this tier on a name is a guess at what the role means.
const GUESSED: u8 = 3;
/// Origin of what has no course, behind all others.
const SINGLE: u8 = 4;
/// What a series that does not move scores, so that coverage still orders those.
const AT_REST: f64 = 0.05;

/// A series that may be shown, with its columns over the extent (some two hundred of them).
#[derive(Debug, Clone, Copy)]
pub struct PanelCandidate<'a> {
    /// What it is.
    pub meta: &'a SeriesMeta,
    /// How it went.
    pub columns: &'a Columns,
}

/// The series chosen for a role.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Which of the three places it takes: the name of a role of the table.
    pub place: &'static str,
    /// What it is called: `goroutines`, `P99`, `error rate`, or what it is instead.
    pub role: String,
    /// The most telling series.
    pub id: SeriesId,
    /// Why this one, one sentence.
    pub why: String,
    /// The other candidates with what they are called, best first.
    pub others: Vec<(String, SeriesId)>,
    /// The tier of the alias that it fits: 1 is what the role means.
    tier: u8,
}

impl Choice {
    /// Whether this is a guess where `later` is the thing itself, in a role in which that decides.
    fn gives_way_to(&self, later: &Self) -> bool {
        let of_role = table().role.iter().any(|role| role.name == self.place && role.gives_way);
        of_role && self.tier >= GUESSED && later.tier == 1
    }
}

/// One choice a role, in the order goroutines, P99, error rate; a role without any series is left out.
///
/// The order of the candidates does not matter. O(candidates × columns).
pub fn choose(candidates: &[PanelCandidate<'_>]) -> Vec<Choice> {
    let table = table();
    table.role.iter().filter_map(|role| choose_one(role, table, candidates)).collect()
}

/// The same, where a series that was given comes before what was computed from metrics, and that before what was computed
/// from logs: a later origin only fills the roles that are left, and adds to the other candidates. A counter as it is
/// only ever rises: what was computed from it tells more. In a role that says so, a guess gives way to the thing itself.
/// A single sample is no course: it comes behind all that have one, whatever their origin.
pub fn choose_by_origin(candidates: &[PanelCandidate<'_>]) -> Vec<Choice> {
    let origin = |meta: &SeriesMeta| match (meta.is_derived, &meta.derivation, meta.kind) {
        _ if meta.n_samples == 1 => SINGLE,
        (false, _, SeriesKind::Counter | SeriesKind::HistogramPart) => 2,
        (false, ..) => 0,
        (true, Some(_), _) => 1,
        (true, None, _) => 3,
    };
    let mut choices: Vec<Choice> = Vec::new();
    for wanted in 0..=SINGLE {
        let part: Vec<PanelCandidate<'_>> = candidates.iter().copied().filter(|candidate| origin(candidate.meta) == wanted).collect();
        for choice in choose(&part) {
            match choices.iter_mut().find(|known| known.place == choice.place) {
                Some(known) => {
                    let (mut first, later) =
                        if wanted < SINGLE && known.gives_way_to(&choice) { (choice, known.clone()) } else { (known.clone(), choice) };
                    first.others.extend(std::iter::once((later.role, later.id)).chain(later.others));
                    *known = first;
                }
                None => choices.push(choice),
            }
        }
    }
    choices.sort_by_key(|choice| table().role.iter().position(|known| known.name == choice.place));
    choices
}

/// Whether a series may play any role: the caller need not reduce the others.
pub fn plays_a_role(meta: &SeriesMeta) -> bool {
    let words = Words::of(meta);
    table().role.iter().any(|role| role.tier_of(meta, &words).is_some())
}

#[derive(Debug, Deserialize)]
struct Table {
    user_facing: Vec<String>,
    outside: Vec<String>,
    instance_labels: Vec<String>,
    role: Vec<Role>,
}

#[derive(Debug, Deserialize)]
struct Role {
    name: String,
    prefers: Preference,
    floor: f64,
    /// Whether what fits only a lower tier is something else, and called so.
    #[serde(default)]
    is_stood_in_for: bool,
    /// Whether what fits no quantile gives way to one of a later origin.
    #[serde(default)]
    gives_way: bool,
    #[serde(default)]
    not: Vec<String>,
    /// What is no service, of what logs tell: tokens of its name.
    #[serde(default)]
    not_of: Vec<String>,
    alias: Vec<Alias>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Preference {
    /// A service, not what makes its load.
    Inside,
    /// What users meet, and aggregates rather than one process.
    UserFacing,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Alias {
    tier: u8,
    /// What a series that fits is called; empty: the role's name in the first tier, else the metric's own words.
    called: String,
    names: Vec<String>,
    tokens: Vec<String>,
    labels: BTreeMap<String, Vec<String>>,
    query: Vec<String>,
    kinds: Vec<String>,
    units: Vec<String>,
    not: Vec<String>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        toml_edit::de::from_str(include_str!("../../assets/aliases.toml")).expect("the built-in table parses: a test reads it")
    })
}

/// What the aliases compare with, made once a series.
struct Words {
    /// Name in lower case, other separators as underscores.
    name: String,
    name_tokens: Vec<String>,
    /// Tokens of the values of labels, except of such as `le`.
    label_tokens: Vec<String>,
    query_tokens: Vec<String>,
    /// Query without white space; the name where there is none.
    query: String,
}

impl Words {
    fn of(meta: &SeriesMeta) -> Self {
        let tokens = |text: &str| {
            let lower = text.to_lowercase();
            lower.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let query: String = meta.query.as_deref().unwrap_or("").chars().filter(|c| !c.is_whitespace()).collect();
        Self {
            name: meta.name.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "_"),
            name_tokens: tokens(&meta.name),
            label_tokens: meta.labels.iter().flat_map(|(_, value)| tokens(value)).collect(),
            query_tokens: tokens(&query),
            query,
        }
    }

    fn has_any(&self, wanted: &[String]) -> bool {
        [&self.name_tokens, &self.label_tokens, &self.query_tokens].into_iter().flatten().any(|token| wanted.contains(token))
    }
}

impl Role {
    /// The highest tier (least number) whose alias fits.
    fn tier_of(&self, meta: &SeriesMeta, words: &Words) -> Option<u8> {
        self.alias_of(meta, words).map(|alias| alias.tier)
    }

    /// The alias of the highest tier that fits, of equal ones the first.
    fn alias_of(&self, meta: &SeriesMeta, words: &Words) -> Option<&Alias> {
        let is_excluded = self.not.iter().any(|token| words.name_tokens.contains(token) || words.query_tokens.contains(token));
        let is_excluded = is_excluded || (meta.is_derived && self.not_of.iter().any(|token| words.label_tokens.contains(token)));
        let fitting = self.alias.iter().filter(|alias| alias.fits(meta, words));
        if is_excluded { None } else { fitting.min_by_key(|alias| alias.tier) }
    }

    /// What a series that plays this role is called.
    fn called(&self, alias: &Alias, meta: &SeriesMeta, words: &Words) -> String {
        match alias {
            alias if !alias.called.is_empty() => alias.called.clone(),
            alias if alias.tier == 1 || !self.is_stood_in_for => self.name.clone(),
            _ => own_words(words, meta),
        }
    }
}

impl Alias {
    fn fits(&self, meta: &SeriesMeta, words: &Words) -> bool {
        let one_of = |choices: &str, is_there: &dyn Fn(&str) -> bool| choices.split('|').any(is_there);
        (self.names.is_empty() || self.names.contains(&words.name))
            && self.tokens.iter().all(|group| one_of(group, &|token| words.name_tokens.iter().any(|own| own == token)))
            && self.query.iter().all(|group| one_of(group, &|part| words.query.contains(part)))
            && self
                .labels
                .iter()
                .all(|(label, values)| meta.labels.get(label).is_some_and(|own| values.iter().any(|value| value_fits(value, own))))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == meta.kind.name()))
            && (self.units.is_empty() || self.units.iter().any(|unit| unit == meta.unit.name()))
            && !self.not.iter().any(|token| words.name_tokens.contains(token))
    }
}

/// The words of a metric's name, each once: `jvm_threads_live_threads` is "jvm threads live".
fn own_words(words: &Words, meta: &SeriesMeta) -> String {
    let mut all: Vec<&str> = Vec::new();
    for token in &words.name_tokens {
        if !all.contains(&token.as_str()) {
            all.push(token);
        }
    }
    if all.is_empty() { text::printable(&meta.name).into_owned() } else { all.join(" ") }
}

/// `5*` fits `503`; quantiles are equal as numbers (`0.990` and `0.99`).
fn value_fits(pattern: &str, value: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => value.starts_with(start),
        None => pattern == value || matches!((pattern.parse::<f64>(), value.parse::<f64>()), (Ok(a), Ok(b)) if a.total_cmp(&b).is_eq()),
    }
}

/// How a candidate did.
struct Judged<'a> {
    meta: &'a SeriesMeta,
    called: String,
    tier: u8,
    baseline: f64,
    peak: f64,
    coverage: f64,
    preference: u8,
    score: f64,
}

fn choose_one(role: &'static Role, table: &Table, candidates: &[PanelCandidate<'_>]) -> Option<Choice> {
    let fitting: Vec<Fitting<'_>> = candidates.iter().filter_map(|candidate| Fitting::of(role, *candidate)).collect();
    // Logs may begin long before the metrics do: the baseline lies where the candidates have data.
    let first = fitting.iter().filter_map(|one| one.columns.iter().position(|column| has_value(column.as_ref()))).min()?;
    let last = fitting.iter().filter_map(|one| one.columns.iter().rposition(|column| has_value(column.as_ref()))).max()?;
    let mut judged: Vec<Judged<'_>> = fitting.iter().filter_map(|one| judge(role, table, one, first..last + 1)).collect();
    judged.sort_by(|a, b| {
        let by_identity = (&a.meta.name, &a.meta.labels, a.meta.id).cmp(&(&b.meta.name, &b.meta.labels, b.meta.id));
        a.tier.cmp(&b.tier).then(b.score.total_cmp(&a.score)).then(by_identity)
    });
    let best = judged.first()?;
    let bar = best.score * COMPARABLE;
    let n_comparable = judged.iter().take_while(|one| one.tier == best.tier && one.score >= bar).count();
    // Of equal preference the first, which is the one with the best score.
    let (_, first) = (0..n_comparable).map(|index| (judged[index].preference, n_comparable - index)).max()?;
    let first = n_comparable - first;
    let chosen = queried_twin(&judged[..n_comparable], first).unwrap_or(first);
    let chosen = judged.remove(chosen);
    Some(Choice {
        place: &role.name,
        role: chosen.called.clone(),
        id: chosen.meta.id,
        why: sentence(role, &chosen, judged.len()),
        others: judged.into_iter().map(|one| (one.called, one.meta.id)).collect(),
        tier: chosen.tier,
    })
}

/// The same series from the answer to a query: that one is sampled evenly and somebody thought it worth asking for.
fn queried_twin(judged: &[Judged<'_>], chosen: usize) -> Option<usize> {
    let own = judged[chosen].meta;
    let is_twin = |meta: &SeriesMeta| meta.query.is_some() && meta.name == own.name && meta.labels == own.labels;
    judged.iter().position(|one| is_twin(one.meta)).filter(|_| own.query.is_none())
}

/// A candidate that fits an alias of the role.
struct Fitting<'a> {
    meta: &'a SeriesMeta,
    words: Words,
    columns: &'a [Option<Bucket>],
    tier: u8,
    called: String,
}

impl<'a> Fitting<'a> {
    fn of(role: &Role, candidate: PanelCandidate<'a>) -> Option<Self> {
        let words = Words::of(candidate.meta);
        let alias = role.alias_of(candidate.meta, &words)?;
        let called = role.called(alias, candidate.meta, &words);
        Some(Self { meta: candidate.meta, words, columns: &candidate.columns.columns, tier: alias.tier, called })
    }
}

fn has_value(column: Option<&Bucket>) -> bool {
    column.is_some_and(|bucket| bucket.count > 0)
}

/// Scores a candidate over the columns in which any has data; `None` for one without a finite value.
fn judge<'a>(role: &Role, table: &Table, one: &Fitting<'a>, span: Range<usize>) -> Option<Judged<'a>> {
    let meta = one.meta;
    let columns = one.columns.get(span.clone()).unwrap_or_default();
    let (early, late) = columns.split_at_checked(span.len().div_ceil(5)).unwrap_or((columns, &[]));
    let finite = |part: &'a [Option<Bucket>]| part.iter().flatten().filter(|bucket| bucket.count > 0);
    let greatest = |part| finite(part).map(|bucket| bucket.max).max_by(f64::total_cmp);
    // A series that is absent at first, as errors are before the first error, was at nothing.
    let baseline = median(finite(early).map(|bucket| bucket.mean).collect()).unwrap_or(0.0);
    let peak = greatest(late).or_else(|| greatest(early))?;
    let floor = floor_of(role, meta.unit, peak);
    let movement = ((peak.max(0.0) + floor) / (baseline.max(0.0) + floor)).ln().max(0.0);
    let coverage = finite(columns).count() as f64 / columns.len() as f64;
    let score = (movement + AT_REST) * coverage.sqrt();
    Some(Judged {
        meta,
        called: one.called.clone(),
        tier: one.tier,
        baseline,
        peak,
        coverage,
        preference: preference(role, table, meta, &one.words),
        score,
    })
}

/// The floor is in the unit that the role expects; in any other it is a small share of the peak.
fn floor_of(role: &Role, unit: Unit, peak: f64) -> f64 {
    let is_expected = match unit {
        Unit::Seconds | Unit::Ratio => role.floor < 1.0,
        Unit::None => role.floor >= 1.0,
        _ => false,
    };
    if is_expected { role.floor } else { (peak.abs() / 100.0).max(f64::MIN_POSITIVE) }
}

/// Higher is better among comparable ones.
fn preference(role: &Role, table: &Table, meta: &SeriesMeta, words: &Words) -> u8 {
    match role.prefers {
        Preference::Inside => u8::from(!words.has_any(&table.outside)),
        Preference::UserFacing => {
            let is_aggregate = !table.instance_labels.iter().any(|label| meta.labels.get(label).is_some());
            2 * u8::from(words.has_any(&table.user_facing)) + u8::from(is_aggregate) + u8::from(is_aggregate && meta.labels.is_empty())
        }
    }
}

fn sentence(role: &Role, chosen: &Judged<'_>, n_others: usize) -> String {
    let meta = chosen.meta;
    let shown = |value: f64| text::value(value, meta.unit);
    let movement = if chosen.peak > chosen.baseline {
        let factor =
            if chosen.baseline > 0.0 { format!(" (×{})", text::value(chosen.peak / chosen.baseline, Unit::None)) } else { String::new() };
        format!("went from {} to {}{factor}", shown(chosen.baseline), shown(chosen.peak))
    } else {
        format!("stayed at {}", shown(chosen.baseline))
    };
    let gaps = if chosen.coverage < 0.95 { format!(", seen in {:.0} % of the time", chosen.coverage * 100.0) } else { String::new() };
    let place = match (role.prefers, chosen.preference) {
        (Preference::UserFacing, 2..) => ", nearest to users among comparable ones",
        _ => "",
    };
    let stand_in = match () {
        () if chosen.called != role.name => format!(" (there are no {})", role.name),
        () if chosen.tier > 1 => format!(" (stands in for {})", role.name),
        () => String::new(),
    };
    let others = match n_others {
        0 => "the only candidate".to_owned(),
        1 => "one other candidate".to_owned(),
        n => format!("{n} other candidates"),
    };
    format!("{}{stand_in} {movement}{place}{gaps}; {others}", meta.full_name())
}

#[cfg(test)]
mod tests;
