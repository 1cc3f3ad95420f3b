//! Which series a selector means, and what they hold at a moment or in a window.
//!
//! Of several sources that tell of one series one is taken: what was measured before what a query answered, more samples
//! before fewer; others fill only the time that it does not cover. A dump of a single moment says nothing of a course and
//! counts only where nothing else is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use super::parse::Selector;
use super::rows::{NAME, Row, with};
use super::shared::Shared;
use super::window::reached;
use super::{LOOK_BACK_NS, Scope, Steps};
use crate::model::{Labels, Sample, SeriesId, SeriesMeta, SourceId, TimeRange, Timestamp};
use crate::store::StoreError;
use crate::store::series::SeriesStore;

/// The series that expressions are asked of, in the order of the catalog (name, labels, source).
pub struct Pool<'a> {
    metas: &'a [SeriesMeta],
    stores: &'a [Arc<SeriesStore>],
    /// Sources whose series have no more than one sample each.
    moments: BTreeSet<SourceId>,
    /// Metric name → where its series lie.
    names: BTreeMap<&'a str, std::ops::Range<usize>>,
    /// The buckets that a quantile was last asked of.
    remembered: Mutex<Option<Remembered>>,
    /// Aggregates that were made in one pass, see `promql::shared`.
    pub(super) shared: Mutex<Shared>,
    /// When the counters that were read began again.
    falls: Mutex<HashMap<SeriesId, Box<[Timestamp]>>>,
}

/// Rows that were computed, from which expression and at which steps.
struct Remembered {
    key: String,
    steps: Steps,
    rows: Arc<Vec<Row>>,
}

/// Values that are remembered at most: 64 MB.
const MAX_REMEMBERED: usize = 4_000_000;

/// How much a series is worth as an input, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Measured,
    Moment,
    Answered,
    Derived,
}

/// A series that a selector means: the same from one or several sources.
pub(super) struct Meant<'a> {
    meta: &'a SeriesMeta,
    parts: Vec<&'a SeriesStore>,
}

impl<'a> Pool<'a> {
    /// `metas` in order of name, one store each.
    pub fn new(metas: &'a [SeriesMeta], stores: &'a [Arc<SeriesStore>]) -> Self {
        let mut most: BTreeMap<SourceId, u64> = BTreeMap::new();
        let mut names: BTreeMap<&str, std::ops::Range<usize>> = BTreeMap::new();
        for (index, meta) in metas.iter().enumerate() {
            let most = most.entry(meta.source).or_default();
            *most = (*most).max(meta.n_samples);
            names.entry(&meta.name).or_insert(index..index).end = index + 1;
        }
        let moments = most.into_iter().filter(|(_, n)| *n <= 1).map(|(source, _)| source).collect();
        Self { metas, stores, moments, names, remembered: Mutex::default(), shared: Mutex::default(), falls: Mutex::default() }
    }

    /// What was remembered under this key.
    pub(super) fn remembered(&self, key: &str, steps: Steps) -> Option<Arc<Vec<Row>>> {
        let known = self.remembered.lock().ok()?;
        known.as_ref().filter(|known| known.key == key && known.steps == steps).map(|known| Arc::clone(&known.rows))
    }

    /// Keeps rows in place of those before.
    pub(super) fn remember(&self, key: String, steps: Steps, rows: &Arc<Vec<Row>>) {
        if let Ok(mut known) = self.remembered.lock() {
            let is_small = rows.len().saturating_mul(steps.n) <= MAX_REMEMBERED;
            *known = is_small.then(|| Remembered { key, steps, rows: Arc::clone(rows) });
        }
    }

    fn worth(&self, meta: &SeriesMeta) -> Worth {
        if meta.is_derived {
            Worth::Derived
        } else if meta.query.is_some() {
            Worth::Answered
        } else if self.moments.contains(&meta.source) {
            Worth::Moment
        } else {
            Worth::Measured
        }
    }

    /// The series that were measured, in order of name: what formulas are proposed for.
    pub fn measured(&self) -> impl Iterator<Item = &'a SeriesMeta> + '_ {
        self.metas.iter().filter(|meta| self.worth(meta) == Worth::Measured)
    }

    /// Whether there is any series of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Remembers when a series fell, where it is of one source: what is computed of counters asks again.
    pub(super) fn know_falls(&self, meant: &Meant<'_>, falls: &[Timestamp]) {
        if let (1, Ok(mut known)) = (meant.parts.len(), self.falls.lock()) {
            known.entry(meant.meta.id).or_insert_with(|| falls.into());
        }
    }

    /// When a counter began again: the times of samples below their predecessor.
    pub fn resets_of(&self, meta: &SeriesMeta) -> Vec<Timestamp> {
        if let Some(known) = self.falls.lock().ok().and_then(|known| known.get(&meta.id).map(|falls| falls.to_vec())) {
            return known;
        }
        let Some(store) = self.stores.get(meta.id.0 as usize) else { return Vec::new() };
        let Some(extent) = store.extent() else { return Vec::new() };
        let mut samples = store.samples(extent, usize::MAX).0;
        samples.retain(|sample| !sample.is_stale_marker());
        samples.windows(2).filter(|pair| pair[1].value < pair[0].value).map(|pair| pair[1].time).collect()
    }

    /// Indexes of the series that fit.
    fn fitting(&self, selector: &Selector) -> Vec<usize> {
        let fits = |index: &usize| {
            let meta = &self.metas[*index];
            selector.matchers.iter().all(|matcher| {
                let value = if matcher.name == NAME { &meta.name } else { meta.labels.get(&matcher.name).unwrap_or_default() };
                matcher.is_match(value)
            })
        };
        match &selector.name {
            Some(name) => self.names.get(name.as_str()).into_iter().flat_map(Clone::clone).filter(fits).collect(),
            // What was computed from these is not meant where nobody names it.
            None => (0..self.metas.len()).filter(|index| !self.metas[*index].is_derived).filter(fits).collect(),
        }
    }

    /// The series that a selector means, in order of name and labels.
    pub(super) fn meant(&self, selector: &Selector) -> Vec<Meant<'a>> {
        self.chosen(selector).into_iter().map(|group| self.merged(&group)).collect()
    }

    /// Metas of the best source of each series that a selector means.
    pub(super) fn metas_of(&self, selector: &Selector) -> Vec<&'a SeriesMeta> {
        self.chosen(selector).into_iter().filter_map(|group| Some(&self.metas[*group.first()?])).collect()
    }

    /// Groups of equal series, in each the best first.
    fn chosen(&self, selector: &Selector) -> Vec<Vec<usize>> {
        let mut fitting = self.fitting(selector);
        // By metric, so that `{job="x"}` may mix metrics that were measured with ones that were only answered.
        let mut best: BTreeMap<&str, Worth> = BTreeMap::new();
        for index in &fitting {
            let meta = &self.metas[*index];
            let worth = self.worth(meta);
            best.entry(&meta.name).and_modify(|known| *known = (*known).min(worth)).or_insert(worth);
        }
        fitting.retain(|index| best.get(self.metas[*index].name.as_str()) == Some(&self.worth(&self.metas[*index])));
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for index in fitting {
            let same = |group: &&mut Vec<usize>| {
                let (known, new) = (&self.metas[group[0]], &self.metas[index]);
                known.name == new.name && known.labels == new.labels
            };
            match groups.last_mut().filter(same) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        for group in &mut groups {
            group.sort_by_key(|index| (std::cmp::Reverse(self.metas[*index].n_samples), *index));
        }
        groups
    }

    fn merged(&self, group: &[usize]) -> Meant<'a> {
        let first = &self.metas[group[0]];
        let mut parts: Vec<&SeriesStore> = Vec::new();
        for index in group {
            let store = self.stores[*index].as_ref();
            let Some(extent) = store.extent() else { continue };
            if parts.iter().all(|part| part.extent().is_none_or(|other| !overlap(other, extent))) {
                parts.push(store);
            }
        }
        Meant { meta: first, parts }
    }
}

fn overlap(a: TimeRange, b: TimeRange) -> bool {
    a.start() < b.end() && b.start() < a.end()
}

impl Meant<'_> {
    /// Its labels.
    pub fn labels(&self) -> Labels {
        self.meta.labels.clone()
    }

    /// The same with `__name__`.
    pub fn named_labels(&self) -> Labels {
        with(&self.meta.labels, NAME, &self.meta.name)
    }

    /// All samples in rising order of time, staleness markers among them.
    pub fn samples(&self) -> Vec<Sample> {
        let mut all: Vec<Sample> = Vec::new();
        for part in &self.parts {
            if let Some(extent) = part.extent() {
                all.extend(part.samples(extent, usize::MAX).0);
            }
        }
        if self.parts.len() > 1 {
            all.sort_by_key(|sample| sample.time);
        }
        all
    }
}

impl Scope<'_> {
    /// The value of each series at each step: its last sample, unless it is too old or says that the series ended.
    pub(super) fn select(&self, selector: &Selector) -> Result<Vec<Row>, StoreError> {
        let meant = self.pool.meant(selector);
        self.room_for(meant.len())?;
        meant.iter().map(|meant| self.selected(selector, meant)).collect()
    }

    /// The values of one series.
    pub(super) fn selected(&self, selector: &Selector, meant: &Meant<'_>) -> Result<Row, StoreError> {
        self.watch.check()?;
        let samples = meant.samples();
        let mut next = 0;
        let value = |step: usize| {
            let at = selector.moment(&self.steps, step);
            next += reached(&samples[next..], |sample| sample.time <= at);
            let last = samples[..next].last().filter(|last| !last.is_stale_marker())?;
            (at.since(last.time) <= LOOK_BACK_NS).then_some(last.value)
        };
        Ok(Row { values: (0..self.steps.n).map(value).collect(), labels: meant.named_labels() })
    }
}
