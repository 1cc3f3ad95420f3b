//! Series that several sources hold: one in the catalog where all their samples agree, apart where any differs.
//!
//! A dump, a snapshot of the database and an answer of the API tell of the same series, the last at steps of its own. So
//! samples agree when they are equal at one time, or when one is what the other series last said before, as a query
//! answers it. Nothing is thrown away: what only one of them covers is kept, and who reads a source again finds the
//! series as they were. `le="1"` and `le="1.0"` are one label, as `OpenMetrics` writes the second for the first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::model::{Labels, Sample, SeriesMeta, SourceId, SourceReport, Timestamp, text};
use crate::store::promql::LOOK_BACK_NS;
use crate::store::series::SeriesStore;

/// A series with its samples.
pub type Held = (SeriesMeta, Arc<SeriesStore>);

/// Labels whose value is a number that formats write differently.
const NUMBERS: [&str; 2] = ["le", "quantile"];

/// What merging found, beside the series of the catalog.
#[derive(Debug, Clone, Default)]
pub struct Twins {
    /// Series as their sources hold them, of those that are one in the catalog.
    pub originals: Vec<Held>,
    /// Pairs of sources that tell of one series in different words.
    conflicts: BTreeMap<(SourceId, SourceId), Conflict>,
}

/// How the series of two sources differ.
#[derive(Debug, Clone, Default)]
struct Conflict {
    n_series: u64,
    n_compared: u64,
    n_different: u64,
    /// The first, by name.
    example: Option<(String, Timestamp)>,
}

/// How the samples of one series stand to those of another.
#[derive(Debug, Default, PartialEq)]
struct Comparison {
    n_same: u64,
    n_different: u64,
    first_different: Option<Timestamp>,
    /// Times before or after the other, which nothing there tells of.
    outside: Vec<Sample>,
    /// Whether one marks the end of the series where the other has a NaN.
    is_end_clearer: bool,
}

/// Makes one of the series that are. O(samples of the series that several sources hold).
pub fn merge(all: Vec<Held>) -> (Vec<Held>, Twins) {
    let mut twins = Twins::default();
    let is_one = all.windows(2).all(|pair| pair[0].0.source == pair[1].0.source);
    if is_one {
        return (all, twins);
    }
    let mut groups: HashMap<u64, Vec<usize>> = HashMap::with_capacity(all.len());
    // What was made of several sources already is told of whole.
    for (index, (meta, _)) in all.iter().enumerate().filter(|(_, held)| held.0.also_in.is_empty()) {
        groups.entry(identity(meta)).or_default().push(index);
    }
    let mut replaced: HashMap<usize, Option<Held>> = HashMap::new();
    for mut group in groups.into_values().filter(|group| group.len() > 1) {
        let of: HashSet<SourceId> = group.iter().map(|index| all[*index].0.source).collect();
        // One source that writes a series in two ways means two.
        if of.len() == group.len() {
            let rank = |meta: &SeriesMeta| (meta.query.is_some(), !meta.marks_its_end, Reverse(meta.n_samples), meta.source);
            group.sort_by_key(|index| rank(&all[*index].0));
            twins.settle(&all, &group, &mut replaced);
        }
    }
    twins.originals.sort_by(|(a, _), (b, _)| (&a.name, &a.labels, a.source).cmp(&(&b.name, &b.labels, b.source)));
    let kept = all.into_iter().enumerate().filter_map(|(index, held)| replaced.remove(&index).unwrap_or(Some(held)));
    (kept.collect(), twins)
}

/// Stands for name and labels, however numbers are written in them.
pub(super) fn identity(meta: &SeriesMeta) -> u64 {
    let mut hasher = DefaultHasher::new();
    meta.name.hash(&mut hasher);
    for (name, value) in meta.labels.iter().filter(|pair| !pair.1.is_empty()) {
        name.hash(&mut hasher);
        match value.parse::<f64>() {
            Ok(number) if NUMBERS.contains(&name) => number.to_bits().hash(&mut hasher),
            _ => value.hash(&mut hasher),
        }
    }
    hasher.finish()
}

fn is_same_name(a: &SeriesMeta, b: &SeriesMeta) -> bool {
    let pairs = |labels: &Labels| -> Vec<(String, String)> {
        let plain = |(name, value): (&str, &str)| match value.parse::<f64>() {
            Ok(number) if NUMBERS.contains(&name) => (name.to_owned(), number.to_string()),
            _ => (name.to_owned(), value.to_owned()),
        };
        labels.iter().filter(|pair| !pair.1.is_empty()).map(plain).collect()
    };
    a.name == b.name && (a.labels == b.labels || pairs(&a.labels) == pairs(&b.labels))
}

impl Twins {
    /// Divides series of one name, the most telling first, into those that agree.
    fn settle(&mut self, all: &[Held], group: &[usize], replaced: &mut HashMap<usize, Option<Held>>) {
        let mut heads: Vec<(Vec<usize>, Held)> = Vec::new();
        for index in group {
            let (meta, store) = &all[*index];
            let mut is_new = true;
            for (members, head) in &mut heads {
                if !is_same_name(&head.0, meta) {
                    continue;
                }
                let found = compare(&head.1, store);
                // A query may ask more often than was measured.
                let back = if found.is_twin() { Comparison::default() } else { compare(store, &head.1) };
                let one = if found.is_twin() {
                    Some(joined(head, &all[*index], &found))
                } else {
                    back.is_twin().then(|| joined(&all[*index], head, &back))
                };
                if let Some(one) = one.filter(|one| members.iter().all(|member| explains(&one.1, &all[*member].1))) {
                    *head = one;
                    members.push(*index);
                    is_new = false;
                    break;
                }
                let fewest = if back.n_different < found.n_different { back } else { found };
                self.note(head, meta, &fewest);
            }
            if is_new {
                heads.push((vec![*index], all[*index].clone()));
            }
        }
        for (members, mut head) in heads.into_iter().filter(|(members, _)| members.len() > 1) {
            let mut sources: Vec<SourceId> = members.iter().map(|index| all[*index].0.source).collect();
            sources.retain(|source| *source != head.0.source);
            sources.sort_unstable();
            head.0.also_in = sources.into_boxed_slice();
            self.originals.extend(members.iter().map(|index| all[*index].clone()));
            replaced.extend(members.iter().skip(1).map(|index| (*index, None)));
            replaced.insert(members[0], Some(head));
        }
    }

    fn note(&mut self, head: &Held, other: &SeriesMeta, found: &Comparison) {
        if found.n_different == 0 {
            return;
        }
        let pair = (head.0.source.min(other.source), head.0.source.max(other.source));
        let conflict = self.conflicts.entry(pair).or_default();
        conflict.n_series += 1;
        conflict.n_compared += found.n_same + found.n_different;
        conflict.n_different += found.n_different;
        if let Some(at) = found.first_different {
            let name = other.full_name();
            if conflict.example.as_ref().is_none_or(|known| (&name, at) < (&known.0, known.1)) {
                conflict.example = Some((name, at));
            }
        }
    }

    /// Tells the later source of each pair how it differs from the earlier one.
    pub fn tell(&self, reports: &mut [SourceReport]) {
        for ((first, second), conflict) in &self.conflicts {
            let Some(path) = reports.get(first.0 as usize).map(|report| report.path.clone()) else { continue };
            if let Some(report) = reports.get_mut(second.0 as usize) {
                report.remarks.push(conflict.words(&path));
            }
        }
    }
}

impl Conflict {
    fn words(&self, path: &str) -> String {
        let (n, verb) = (text::grouped(self.n_series), if self.n_series == 1 { "series is" } else { "series are" });
        let (different, compared) = (text::grouped(self.n_different), text::grouped(self.n_compared));
        let example = self.example.as_ref().map_or_else(String::new, |(name, at)| format!(", such as {name} at {}", text::rfc3339(*at)));
        format!("{n} {verb} in {path} too, with other values at {different} of {compared} moments{example}; shown apart")
    }
}

impl Comparison {
    /// Whether they are one series: no word against it, and words for it wherever something is taken over.
    fn is_twin(&self) -> bool {
        self.n_different == 0 && self.n_same > u64::from(!self.outside.is_empty())
    }

    fn compared(&mut self, known: f64, sample: Sample) {
        let is_end = |value: f64| (Sample { value, ..sample }).is_stale_marker();
        if known.to_bits() == sample.value.to_bits() || known.is_nan() && sample.value.is_nan() {
            self.n_same += 1;
            self.is_end_clearer |= is_end(sample.value) && !is_end(known);
        } else {
            self.n_different += 1;
            self.first_different.get_or_insert(sample.time);
        }
    }
}

fn samples(store: &SeriesStore) -> Vec<Sample> {
    store.extent().map(|extent| store.samples(extent, usize::MAX).0).unwrap_or_default()
}

/// Holds the samples of `other` against what `head` says at their times.
fn compare(head: &SeriesStore, other: &SeriesStore) -> Comparison {
    let (head, other) = (samples(head), samples(other));
    let (Some(first), Some(last)) = (head.first(), head.last()) else { return Comparison::default() };
    let mut found = Comparison::default();
    let mut next = 0;
    for sample in other {
        next += head[next..].iter().take_while(|known| known.time <= sample.time).count();
        let known = next.checked_sub(1).map(|index| head[index]);
        match known {
            Some(known) if known.time == sample.time => found.compared(known.value, sample),
            // Between two samples nothing ends.
            _ if sample.is_stale_marker() && sample.time < last.time && sample.time > first.time => {}
            // A single sample says nothing of other times.
            Some(known) if head.len() > 1 && !known.is_stale_marker() && sample.time.since(known.time) <= LOOK_BACK_NS => {
                // Behind what is taken over, the end of the other says nothing more.
                let is_behind = found.outside.last().is_some_and(|before| before.time > last.time);
                if !is_behind && (sample.time < last.time || known.value.to_bits() == sample.value.to_bits()) {
                    found.compared(known.value, sample);
                } else {
                    found.outside.push(sample);
                }
            }
            Some(_) if sample.time < last.time => {
                found.n_different += 1;
                found.first_different.get_or_insert(sample.time);
            }
            _ => found.outside.push(sample),
        }
    }
    found
}

/// Whether a series says all that one of its parts does: what a third one adds must not come in between.
fn explains(whole: &SeriesStore, part: &SeriesStore) -> bool {
    let found = compare(whole, part);
    found.n_different == 0 && found.outside.is_empty()
}

/// The series with what only the other covers.
fn joined(head: &Held, other: &Held, found: &Comparison) -> Held {
    let (mut meta, mut store) = head.clone();
    if found.is_end_clearer && head.0.n_samples == other.0.n_samples && head.0.query.is_some() == other.0.query.is_some() {
        (meta, store) = other.clone();
    }
    // Only some formats state them.
    for known in [&head.0, &other.0] {
        if meta.unit == crate::model::Unit::None {
            meta.unit = known.unit;
        }
        if meta.kind == crate::model::SeriesKind::Gauge {
            meta.kind = known.kind;
        }
        meta.clip = meta.clip.or(known.clip);
    }
    if !found.outside.is_empty() {
        let mut all = samples(&store);
        all.extend(&found.outside);
        store = Arc::new(SeriesStore::new(all));
        (meta.n_samples, meta.extent, meta.step_ns, meta.bounds) = (store.len() as u64, store.extent(), store.step_ns(), store.bounds());
    }
    (meta, store)
}

#[cfg(test)]
mod tests;
