//! Which formulas are worth computing, from names, labels and behaviour of the metrics that were measured.
//!
//! Proposed in the order of what they tell of an incident: quantiles, error ratios, rates of services, shares of limits,
//! aggregates of instances, rates of single series. Nothing here reads a sample.

mod clients;

use std::collections::{BTreeSet, HashSet};

use super::words;
use crate::model::series::STATUS_LABELS;
use crate::model::{SeriesKind, SeriesMeta, Unit};
use crate::store::promql::{Expression, Pool, Steps};

/// Quantiles of a histogram.
const QUANTILES: [(&str, &str); 4] = [("p99", "0.99"), ("p95", "0.95"), ("p90", "0.9"), ("p50", "0.5")];
/// Scrapes in the window of a rate: it survives a scrape that failed, and that the samples do not lie on the steps.
const SCRAPES: i64 = 4;
/// Ranks beyond this tell instances apart or put them together; `rate:each` is none of them.
const LAST_OF_SERVICES: u8 = 11;
/// Single series of one metric whose rates are computed each: more are only added up.
const MAX_EACH: usize = 100;

/// A formula and what to call it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Name of the series.
    pub name: String,
    /// `PromQL`.
    pub formula: String,
    /// Unit, where the formula does not tell.
    pub unit: Option<Unit>,
    /// Behaviour, where the formula does not tell.
    pub kind: Option<SeriesKind>,
    /// Window of the rates, ns, and the scrape interval that it was chosen from.
    pub window: Option<(i64, i64)>,
    /// Samples that it reads.
    pub n_read: u64,
    /// Series that it gives at most, as far as they are told before.
    pub n_lines: u64,
    /// When, if not at every scrape.
    pub steps: Option<Steps>,
    /// Whether the user wrote it.
    pub is_written: bool,
    /// Labels of service and instance of a formula that only tells something of services with several instances.
    pub of_several: Option<(Option<&'static str>, &'static str)>,
    /// Order of telling, 0 first.
    pub rank: u8,
}

impl Recipe {
    /// What a user wrote.
    pub(super) fn written(expression: &Expression) -> Self {
        let text = expression.text().to_owned();
        Self {
            name: text.clone(),
            formula: text,
            unit: None,
            kind: None,
            window: None,
            n_read: 0,
            n_lines: 0,
            steps: None,
            is_written: true,
            of_several: None,
            rank: 0,
        }
    }
}

/// All series of one metric.
struct Family<'a> {
    name: &'a str,
    metas: Vec<&'a SeriesMeta>,
    kind: SeriesKind,
    /// Label that names the service.
    service: Option<&'static str>,
    /// Label that names one process of it, where a service has several.
    instance: Option<&'static str>,
    /// How many there are of them, over all services.
    n_instances: u64,
    labels: BTreeSet<&'a str>,
    interval: i64,
    window: i64,
}

/// The formulas for the series that were measured, the most telling first. O(series).
pub fn recipes(pool: &Pool<'_>) -> Vec<Recipe> {
    proposed(pool).0
}

/// The same, and the histograms of clients without one of the server that they called.
pub(super) fn proposed(pool: &Pool<'_>) -> (Vec<Recipe>, Vec<String>) {
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut group: Vec<&SeriesMeta> = Vec::new();
    for meta in pool.measured() {
        if group.first().is_some_and(|first| first.name != meta.name) {
            families.extend(Family::of(std::mem::take(&mut group)));
        }
        group.push(meta);
    }
    families.extend(Family::of(group));
    let mut out: Vec<Recipe> = families.iter().flat_map(|family| family.recipes(&families)).collect();
    let (pairs, alone) = clients::clients(&families);
    out.extend(pairs);
    out.sort_by(|a, b| (a.rank, &a.name).cmp(&(b.rank, &b.name)));
    (out, alone)
}

impl<'a> Family<'a> {
    /// `None` for what has no course.
    fn of(metas: Vec<&'a SeriesMeta>) -> Option<Self> {
        let first = metas.first()?;
        let interval = words::interval(metas.iter().copied())?;
        let labels: BTreeSet<&str> = metas.iter().flat_map(|meta| meta.labels.iter().map(|(name, _)| name)).collect();
        let service = words::SERVICE.into_iter().find(|label| labels.contains(label));
        let instance = words::INSTANCE.into_iter().filter(|label| labels.contains(label)).find_map(|label| {
            let of = |meta: &&'a SeriesMeta| (service.and_then(|service| meta.labels.get(service)), meta.labels.get(label));
            let pairs: HashSet<(Option<&str>, Option<&str>)> = metas.iter().map(of).collect();
            let services: HashSet<Option<&str>> = pairs.iter().map(|pair| pair.0).collect();
            (pairs.len() > services.len()).then_some((label, pairs.len() as u64))
        });
        let n_instances = instance.map_or(0, |instance| instance.1);
        let instance = instance.map(|instance| instance.0);
        let (name, kind) = (first.name.as_str(), first.kind);
        // Where the steps are longer than the window, what lies between them would be skipped.
        let extent = metas.iter().filter_map(|meta| meta.extent).reduce(crate::model::TimeRange::union)?;
        let window = interval.saturating_mul(SCRAPES).max(super::steps_over(extent, interval).step_ns);
        Some(Self { name, metas, kind, service, instance, n_instances, labels, interval, window })
    }

    fn is_counter(&self) -> bool {
        self.kind == SeriesKind::Counter
    }

    fn n_samples(&self) -> u64 {
        self.metas.iter().map(|meta| meta.n_samples).sum()
    }

    fn recipe(&self, rank: u8, what: &str, formula: String) -> Recipe {
        let is_rate = formula.contains("rate(");
        Recipe {
            name: format!("{}:{what}", self.name.strip_suffix("_bucket").unwrap_or(self.name)),
            formula,
            unit: None,
            kind: None,
            window: is_rate.then_some((self.window, self.interval)),
            n_read: self.n_samples(),
            n_lines: 1,
            steps: None,
            is_written: false,
            of_several: self.instance.filter(|_| rank > LAST_OF_SERVICES).map(|instance| (self.service, instance)),
            rank,
        }
    }

    /// One that gives a series for each instance.
    fn of_each(&self, recipe: Recipe) -> Recipe {
        Recipe { n_lines: self.n_instances, ..recipe }
    }

    /// The matcher for requests that failed.
    fn failed(&self) -> Option<String> {
        let is_told = STATUS_LABELS.iter().any(|label| self.labels.contains(label));
        is_told.then(|| words::failed(&self.metas)).flatten()
    }

    /// `by (a, b) `, empty without labels.
    fn by(&self, first: &[&str], with: Detail) -> String {
        let instance = self.instance.filter(|_| with == Detail::Instance);
        let labels: Vec<&str> = first.iter().copied().chain(self.service).chain(instance).collect();
        if labels.is_empty() { String::new() } else { format!(" by ({}) ", labels.join(", ")) }
    }

    fn rate(&self, matcher: &str) -> String {
        let matcher = if matcher.is_empty() { String::new() } else { format!("{{{matcher}}}") };
        format!("rate({}{matcher}[{}])", self.name, words::duration(self.window))
    }

    fn rate_of(&self, name: &str) -> String {
        format!("rate({name}[{}])", words::duration(self.window))
    }

    fn recipes(&self, all: &[Family<'a>]) -> Vec<Recipe> {
        match self.kind {
            SeriesKind::HistogramPart if self.name.ends_with("_bucket") && self.labels.contains("le") => self.histogram(all),
            SeriesKind::Counter => self.counter(all),
            SeriesKind::Gauge => self.gauge(all),
            _ => Vec::new(),
        }
    }

    fn histogram(&self, all: &[Family<'a>]) -> Vec<Recipe> {
        let base = self.name.strip_suffix("_bucket").unwrap_or(self.name);
        let mut out = Vec::new();
        for (rank, (name, q)) in (0..).zip(QUANTILES) {
            let of = |detail| format!("histogram_quantile({q}, sum{}({}))", self.by(&["le"], detail), self.rate(""));
            out.push(self.recipe(rank, name, of(Detail::Service)));
            if self.instance.is_some() && name == "p99" {
                out.push(self.of_each(self.recipe(12, &format!("{name}:instance"), of(Detail::Instance))));
                let worst = format!("max{}({})", self.by(&[], Detail::Service), of(Detail::Instance));
                out.push(self.recipe(13, &format!("{name}:max"), worst));
            }
        }
        let by = self.by(&[], Detail::Service);
        let parts = [format!("{base}_count"), format!("{base}_sum")];
        let has = |name: &str| all.iter().any(|family| family.name == name);
        if has(&parts[0]) {
            out.push(self.recipe(6, "rate", format!("sum{by}({})", self.rate_of(&parts[0]))));
            if has(&parts[1]) {
                let mean = format!("sum{by}({}) / sum{by}({})", self.rate_of(&parts[1]), self.rate_of(&parts[0]));
                out.push(self.recipe(7, "mean", mean));
            }
            if let Some(counts) = all.iter().find(|family| family.name == parts[0])
                && let Some(failed) = counts.failed()
            {
                let ratio = counts.error_ratio(&failed, Detail::Service);
                out.push(Recipe { unit: Some(Unit::Ratio), ..self.recipe(5, "error_ratio", ratio) });
            }
        }
        out
    }

    /// Requests that failed of all; 0 while none has failed yet, NaN while there are none at all.
    fn error_ratio(&self, failed: &str, detail: Detail) -> String {
        let by = self.by(&[], detail);
        let all = format!("sum{by}({})", self.rate(""));
        format!("(sum{by}({}) or 0 * {all}) / {all}", self.rate(failed))
    }

    fn counter(&self, all: &[Family<'a>]) -> Vec<Recipe> {
        let mut out = Vec::new();
        let ratio = |recipe: Recipe| Recipe { unit: Some(Unit::Ratio), kind: Some(SeriesKind::Gauge), ..recipe };
        if let Some(failed) = self.failed() {
            out.push(ratio(self.recipe(4, "error_ratio", self.error_ratio(&failed, Detail::Service))));
            if self.instance.is_some() {
                out.push(self.of_each(ratio(self.recipe(14, "error_ratio:instance", self.error_ratio(&failed, Detail::Instance)))));
            }
        }
        if words::has(self.name, &words::FAILURES)
            && let Some(requests) = self.counterpart(all, &words::FAILURES, &["requests", "request", "calls", "attempts"], Self::is_counter)
        {
            let by = self.by(&[], Detail::Service);
            let formula = format!("sum{by}({}) / sum{by}({})", self.rate(""), requests.rate(""));
            out.push(ratio(self.recipe(4, "error_ratio", formula)));
        }
        let sum = |detail| format!("sum{}({})", self.by(&[], detail), self.rate(""));
        out.push(self.recipe(8, "rate", sum(Detail::Service)));
        if self.instance.is_some() {
            out.push(self.of_each(self.recipe(15, "rate:instance", sum(Detail::Instance))));
            out.push(self.recipe(16, "rate:max", format!("max{}({})", self.by(&[], Detail::Service), sum(Detail::Instance))));
        }
        let is_finer = self
            .labels
            .iter()
            .any(|label| Some(*label) != self.service && Some(*label) != self.instance && !matches!(*label, "job" | "instance"));
        if is_finer && self.metas.len() <= MAX_EACH {
            let n_lines = self.metas.len() as u64;
            out.push(Recipe { of_several: None, n_lines, ..self.recipe(20, "rate:each", self.rate("")) });
        }
        out
    }

    fn gauge(&self, all: &[Family<'a>]) -> Vec<Recipe> {
        let mut out = Vec::new();
        let name = self.name;
        if words::has(name, &words::USED)
            && let Some(limit) = self.counterpart(all, &words::USED, &words::LIMIT, |family| family.kind == SeriesKind::Gauge)
        {
            let names = |family: &Family<'a>| family.labels.iter().copied().collect::<Vec<_>>();
            let (own, other) = (names(self), names(limit));
            let matching = if own == other { String::new() } else { format!("on ({}) group_left () ", other.join(", ")) };
            if other.iter().all(|label| own.contains(label)) {
                let formula = format!("{name} / {matching}({} > 0)", limit.name);
                out.push(Recipe { unit: Some(Unit::Ratio), kind: Some(SeriesKind::Gauge), ..self.recipe(9, "utilisation", formula) });
            }
        }
        let is_stamp = words::has(name, &["alerts", "info", "created", "time", "timestamp", "version"]) || self.labels.contains("quantile");
        if self.instance.is_some() && !is_stamp {
            let by = self.by(&[], Detail::Service);
            out.push(Recipe { unit: self.metas.first().map(|meta| meta.unit), ..self.recipe(17, "sum", format!("sum{by}({name})")) });
            out.push(Recipe { unit: self.metas.first().map(|meta| meta.unit), ..self.recipe(18, "max", format!("max{by}({name})")) });
        }
        out
    }

    /// The metric that has the same name but for these words: one of `theirs` instead of `ours`.
    fn counterpart<'f>(
        &self,
        all: &'f [Family<'a>],
        ours: &[&str],
        theirs: &[&str],
        is_like: impl Fn(&Family<'a>) -> bool,
    ) -> Option<&'f Family<'a>> {
        let both: Vec<&str> = ours.iter().chain(theirs).copied().collect();
        let core = words::core(self.name, &both);
        let is_other = |family: &&Family<'a>| family.name != self.name && words::has(family.name, theirs) && is_like(family);
        all.iter().filter(is_other).find(|family| {
            words::core(family.name, &both) == core && !core.is_empty() && self.service == family.service && limits(family.name, theirs)
        })
    }
}

/// A name with "open" or "size" alone states no limit.
fn limits(name: &str, theirs: &[&str]) -> bool {
    !theirs.contains(&"limit") || words::has(name, &["max", "maximum", "limit", "capacity", "quota", "size"])
}

/// How fine a formula groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Service,
    Instance,
}
