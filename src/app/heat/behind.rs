//! Which bucket series lie behind a panel: those its formula names, or those of its own metric.
//!
//! The same histogram often comes from several sources (a dump, a snapshot, query answers): one of them is taken, so
//! that nothing counts twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::selector::{self, Matcher};
use crate::model::{Catalog, SeriesId, SeriesMeta, SourceId, Unit};

/// Bucket series of one histogram that are worth counting; each costs a pass over the columns.
const MOST_SERIES: usize = 4_000;

/// The bucket series of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Behind {
    /// Name of the histogram, without `_bucket`.
    pub(crate) name: String,
    pub(crate) ids: Vec<SeriesId>,
    /// One histogram each (an instance, a path): bucket and index in `ids`, bounds rising.
    pub(super) groups: Vec<Vec<(usize, usize)>>,
    /// Upper bounds of all of them, rising.
    pub(crate) bounds: Vec<f64>,
    pub(crate) unit: Unit,
    /// How long a value is good for.
    pub(super) staleness_ns: i64,
    pub(crate) step_ns: i64,
}

/// The histogram behind a series; `None` when there is none, or more of it than can be counted. O(log series + its own).
pub(crate) fn behind(meta: &SeriesMeta, catalog: &Catalog) -> Option<Behind> {
    let own = meta.name.strip_suffix("_bucket").or_else(|| meta.name.strip_suffix("_count")).or_else(|| meta.name.strip_suffix("_sum"));
    let formula = meta.derivation.as_ref().map(|derivation| derivation.formula.as_str()).or(meta.query.as_deref());
    let (name, matchers) = [own.unwrap_or(&meta.name)]
        .into_iter()
        .map(|name| (format!("{name}_bucket"), Vec::new()))
        .find(|(name, _)| !of_name(catalog, name).is_empty())
        .or_else(|| named_in(formula?, catalog))?;
    let is_own = |label: &str| !matches!(label, "le" | "quantile" | "__name__");
    let fits = |bucket: &&SeriesMeta| {
        bound_of(bucket).is_some()
            && matchers.iter().all(|matcher| matcher.holds(&bucket.labels))
            && meta
                .labels
                .iter()
                .filter(|(label, _)| is_own(label))
                .all(|(label, value)| bucket.labels.get(label).is_none_or(|own| own == value))
    };
    let all: Vec<&SeriesMeta> = of_name(catalog, &name).iter().filter(fits).collect();
    collect(&name, &of_one_source(all, meta.source))
}

/// Every histogram of the catalog: the series that counts all its observations, its name and its labels. O(series).
pub(crate) fn histograms(catalog: &Catalog) -> Vec<(&SeriesMeta, String)> {
    let is_top = |meta: &&SeriesMeta| meta.name.ends_with("_bucket") && bound_of(meta).is_some_and(f64::is_infinite);
    let mut seen = BTreeSet::new();
    let mut out: Vec<(&SeriesMeta, String)> = Vec::new();
    for meta in catalog.series.iter().filter(is_top) {
        let labels: Vec<(&str, &str)> = meta.labels.iter().filter(|(label, _)| *label != "le").collect();
        if seen.insert((meta.name.as_str(), labels.clone())) {
            let words: Vec<String> = labels.iter().map(|(label, value)| format!("{label}={value}")).collect();
            out.push((meta, format!("{} {}", meta.name.trim_end_matches("_bucket"), words.join(" "))));
        }
    }
    out
}

fn of_name<'a>(catalog: &'a Catalog, name: &str) -> &'a [SeriesMeta] {
    let start = catalog.series.partition_point(|meta| meta.name.as_str() < name);
    let n = catalog.series[start..].partition_point(|meta| meta.name == name);
    &catalog.series[start..start + n]
}

fn bound_of(meta: &SeriesMeta) -> Option<f64> {
    meta.labels.get("le")?.parse().ok().filter(|bound: &f64| !bound.is_nan())
}

/// The first metric of an expression that has buckets, with the conditions of its selector.
fn named_in(expression: &str, catalog: &Catalog) -> Option<(String, Vec<Matcher>)> {
    selector::words(expression).find_map(|(word, rest)| {
        let name = if word.ends_with("_bucket") { word.to_owned() } else { format!("{word}_bucket") };
        (!of_name(catalog, &name).is_empty()).then(|| (name, selector::matchers(rest)))
    })
}

/// Those of the wanted source, else of the one with most samples; of all when no source has more than one bucket.
fn of_one_source(all: Vec<&SeriesMeta>, wanted: SourceId) -> Vec<&SeriesMeta> {
    let mut by_source: BTreeMap<SourceId, (usize, u64)> = BTreeMap::new();
    for meta in &all {
        for source in meta.sources() {
            let numbers = by_source.entry(source).or_default();
            *numbers = (numbers.0 + 1, numbers.1 + meta.n_samples);
        }
    }
    let best =
        || by_source.iter().filter(|(_, numbers)| numbers.0 > 1).max_by_key(|(source, numbers)| (numbers.1, std::cmp::Reverse(**source)));
    let chosen = by_source.get(&wanted).filter(|numbers| numbers.0 > 1).map(|_| wanted).or_else(|| best().map(|(source, _)| *source));
    match chosen {
        Some(chosen) => all.into_iter().filter(|meta| meta.sources().any(|source| source == chosen)).collect(),
        None => all,
    }
}

fn collect(name: &str, series: &[&SeriesMeta]) -> Option<Behind> {
    if series.is_empty() || series.len() > MOST_SERIES {
        return None;
    }
    let mut bounds: Vec<f64> = series.iter().filter_map(|meta| bound_of(meta)).collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup_by(|a, b| a.total_cmp(b).is_eq());
    let mut groups: BTreeMap<Vec<(&str, &str)>, BTreeMap<usize, usize>> = BTreeMap::new();
    for (index, meta) in series.iter().enumerate() {
        let Some(bound) = bound_of(meta) else { continue };
        let bucket = bounds.partition_point(|other| other.total_cmp(&bound).is_lt());
        let labels: Vec<(&str, &str)> = meta.labels.iter().filter(|(label, _)| *label != "le").collect();
        groups.entry(labels).or_default().entry(bucket).or_insert(index);
    }
    let mut steps: Vec<i64> = series.iter().filter_map(|meta| meta.step_ns).collect();
    steps.sort_unstable();
    let step_ns = steps.get(steps.len() / 2).copied().unwrap_or(crate::model::time::NS_PER_S);
    Some(Behind {
        name: name.trim_end_matches("_bucket").to_owned(),
        ids: series.iter().map(|meta| meta.id).collect(),
        groups: groups.into_values().map(|group| group.into_iter().collect()).collect(),
        bounds,
        unit: unit_of(name, series),
        staleness_ns: series.iter().map(|meta| meta.staleness_ns()).max().unwrap_or(step_ns),
        step_ns,
    })
}

/// What is observed; the buckets themselves only count.
fn unit_of(name: &str, series: &[&SeriesMeta]) -> Unit {
    match observed_unit(name.trim_end_matches("_bucket")) {
        Unit::None => series.first().map(|meta| meta.unit).filter(|unit| *unit == Unit::Seconds).unwrap_or_default(),
        unit => unit,
    }
}

/// The unit of single observations, from the name of a histogram or counter.
pub(crate) fn observed_unit(name: &str) -> Unit {
    let has = |word: &str| name.split('_').any(|part| part == word);
    if has("seconds") || has("duration") || has("latency") {
        Unit::Seconds
    } else if has("bytes") || has("size") {
        Unit::Bytes
    } else if has("ratio") {
        Unit::Ratio
    } else {
        Unit::None
    }
}
