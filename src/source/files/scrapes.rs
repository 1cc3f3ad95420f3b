//! What `curl host/metrics` saved: a file is one look at one target, and many looks are its series.
//!
//! Such a file says neither when nor of whom. When comes from its name or its modification time; whether two files are of one
//! target is said by names that differ in a time only, else by the moment the process started, which only restarts change, or
//! by counters that never fall over many files. Files of which none of that is true stay apart: pods that are numbered are no
//! course. Where the courses of several targets have the same series, each is told by its name as `instance`, as Prometheus
//! would; what is no course keeps its labels, for a file is no instance.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::names::{folder, stem};
use super::twins::{Held, identity};
use crate::model::when;
use crate::model::{Exemplar, Labels, Sample, SeriesKind, SeriesMeta, SourceId, SourceReport, Timestamp, ZoneCertainty};
use crate::parse::ParsedSeries;
use crate::store::series::SeriesStore;

/// When a process began, as the libraries of most languages tell by themselves.
const STARTED: &str = "process_start_time_seconds";
/// The label that tells targets apart.
const INSTANCE: &str = "instance";
/// Files whose counters never fall are of one target from so many on: of five targets in any order one in 120 look like it.
const MANY: usize = 5;

/// Sources that are one look each, and their paths.
pub type Scrapes = BTreeMap<SourceId, String>;

/// What became of them.
#[derive(Debug, Clone, Default)]
pub struct Joined {
    /// Series as their sources hold them, of those that are one in the catalog.
    pub originals: Vec<Held>,
    /// Sources of each target, in order of time.
    targets: Vec<Vec<SourceId>>,
    /// Sources whose series were told apart.
    named: BTreeMap<SourceId, String>,
}

/// One look.
struct Look {
    source: SourceId,
    at: Timestamp,
    started: Option<f64>,
    /// Counters by what stands for their name.
    counters: HashMap<u64, f64>,
}

/// Remembers a source if it is one look: each of its series has one sample, all at one time, which is that of the file.
pub fn note(scrapes: &mut Scrapes, source: SourceId, series: &[ParsedSeries], report: &SourceReport) {
    let only = |one: &ParsedSeries| one.first().filter(|_| one.n_samples() == 1).map(|sample| sample.time);
    let at = series.first().and_then(only);
    if report.zone.certainty != ZoneCertainty::Offset && at.is_some() && series.iter().all(|one| only(one) == at) {
        scrapes.insert(source, report.path.clone());
    }
}

/// Makes series of looks at one target, and tells targets apart. O(samples of the looks).
pub fn join(all: Vec<Held>, exemplars: &mut [Exemplar], scrapes: &Scrapes) -> (Vec<Held>, Joined) {
    let mut joined = Joined::default();
    if scrapes.len() < 2 {
        return (all, joined);
    }
    let (looks, mut kept): (Vec<Held>, Vec<Held>) =
        all.into_iter().partition(|(meta, _)| scrapes.contains_key(&meta.source) && meta.n_samples == 1);
    let mut targets: Vec<(String, Vec<SourceId>)> = Vec::new();
    for (mut rounds, is_timed, name) in alike(&looks, scrapes) {
        rounds.sort_by_key(|look| (look.at, look.source));
        if are_of_one(&rounds, is_timed) {
            targets.push((name, rounds.iter().map(|look| look.source).collect()));
        }
    }
    let looks = joined.name(looks, exemplars, &targets, scrapes);
    let row_of: HashMap<SourceId, usize> =
        targets.iter().enumerate().flat_map(|(row, (_, sources))| sources.iter().map(move |source| (*source, row))).collect();
    let mut courses: BTreeMap<(usize, u64), Vec<Held>> = BTreeMap::new();
    for held in looks {
        match row_of.get(&held.0.source) {
            Some(row) => courses.entry((*row, identity(&held.0))).or_default().push(held),
            None => kept.push(held),
        }
    }
    for parts in courses.into_values() {
        if parts.len() == 1 {
            kept.extend(parts);
        } else {
            kept.push(course(&parts));
            joined.originals.extend(parts);
        }
    }
    joined.targets = targets.into_iter().map(|(_, sources)| sources).collect();
    (kept, joined)
}

/// Looks whose files are called alike, whether their names tell the times, and what they are called.
fn alike(looks: &[Held], scrapes: &Scrapes) -> Vec<(Vec<Look>, bool, String)> {
    let mut of: BTreeMap<SourceId, Look> = BTreeMap::new();
    for (meta, store) in looks {
        let Some(sample) = only_sample(store) else { continue };
        let look =
            of.entry(meta.source).or_insert_with(|| Look { source: meta.source, at: sample.time, started: None, counters: HashMap::new() });
        if meta.name == STARTED {
            look.started = Some(sample.value);
        }
        if matches!(meta.kind, SeriesKind::Counter | SeriesKind::HistogramPart) && !meta.name.ends_with("_sum") {
            look.counters.insert(identity(meta), sample.value);
        }
    }
    let mut groups: BTreeMap<(String, bool), (Vec<Look>, String)> = BTreeMap::new();
    for (source, look) in of {
        let (target, is_timed, name) = target_of(&scrapes[&source]);
        groups.entry((target, is_timed)).or_insert_with(|| (Vec::new(), name)).0.push(look);
    }
    groups.into_iter().map(|((_, is_timed), (looks, name))| (looks, is_timed, name)).collect()
}

/// What files of one target have in common in their paths, whether only a time is left out of it, and a name for it.
fn target_of(path: &str) -> (String, bool, String) {
    let file = &path[folder(path).len()..];
    let own = stem(path);
    // The name of the file without what is left out of it, if something is left.
    let clean = |left_out: &dyn Fn(&str) -> String| {
        let name = left_out(own).trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        if name.is_empty() { own.to_owned() } else { name }
    };
    if let Some((_, range)) = when::in_name(file) {
        let rest = format!("{}{}", &file[..range.start], &file[range.end..]);
        let without_time =
            |name: &str| when::in_name(name).map_or_else(|| name.to_owned(), |(_, at)| name[..at.start].to_owned() + &name[at.end..]);
        return (format!("{}{rest}", folder(path)), true, clean(&without_time));
    }
    let mut target = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '0'..='9' if target.ends_with('#') => {}
            '0'..='9' => target.push('#'),
            c => target.push(c),
        }
    }
    (target, false, clean(&|name| name.chars().filter(|c| !c.is_ascii_digit()).collect()))
}

/// Whether looks in order of time are of one target.
fn are_of_one(rounds: &[Look], is_timed: bool) -> bool {
    if rounds.len() < 2 || rounds.windows(2).any(|pair| pair[0].at >= pair[1].at) {
        return false;
    }
    if is_timed {
        return true;
    }
    let starts: Vec<f64> = rounds.iter().filter_map(|look| look.started).collect();
    if !starts.is_empty() {
        // A process that was seen twice, and after a restart never again.
        let distinct: BTreeSet<u64> = starts.iter().map(|start| start.to_bits()).collect();
        return starts.len() == rounds.len() && distinct.len() < starts.len() && starts.is_sorted();
    }
    let rises = |pair: &[Look]| {
        let both = || pair[0].counters.iter().filter_map(|(name, before)| Some((before, pair[1].counters.get(name)?)));
        both().all(|(before, after)| before <= after) && both().any(|(before, after)| before < after)
    };
    rounds.len() >= MANY && rounds.windows(2).all(rises)
}

/// One series of single samples in order of time.
fn course(parts: &[Held]) -> Held {
    let mut samples: Vec<Sample> = parts.iter().filter_map(|(_, store)| only_sample(store)).collect();
    samples.sort_by_key(|sample| sample.time);
    let store = SeriesStore::new(samples);
    let mut sources: Vec<SourceId> = parts.iter().map(|(meta, _)| meta.source).collect();
    sources.sort_unstable();
    let first = parts.iter().map(|(meta, _)| meta).min_by_key(|meta| meta.source).cloned().unwrap_or_default();
    let meta = SeriesMeta {
        source: sources[0],
        also_in: sources[1..].into(),
        n_samples: store.len() as u64,
        extent: store.extent(),
        step_ns: store.step_ns(),
        bounds: store.bounds(),
        ..first
    };
    (meta, Arc::new(store))
}

fn only_sample(store: &SeriesStore) -> Option<Sample> {
    store.samples(store.extent()?, 1).0.first().copied()
}

impl Joined {
    /// Gives series that several targets have, and no label tells apart, the name of their target.
    fn name(
        &mut self,
        mut looks: Vec<Held>,
        exemplars: &mut [Exemplar],
        targets: &[(String, Vec<SourceId>)],
        scrapes: &Scrapes,
    ) -> Vec<Held> {
        let row_of: HashMap<SourceId, usize> =
            targets.iter().enumerate().flat_map(|(row, (_, sources))| sources.iter().map(move |source| (*source, row))).collect();
        let mut holders: HashMap<u64, BTreeSet<usize>> = HashMap::new();
        for (meta, _) in &looks {
            if let (None, Some(row)) = (meta.labels.get(INSTANCE), row_of.get(&meta.source)) {
                holders.entry(identity(meta)).or_default().insert(*row);
            }
        }
        let shared: BTreeSet<usize> = holders.into_values().filter(|rows| rows.len() > 1).flatten().collect();
        let names = names_of(targets, scrapes);
        self.named = shared.iter().flat_map(|row| targets[*row].1.iter().map(|source| (*source, names[*row].clone()))).collect();
        for (meta, _) in &mut looks {
            self.add_name(&mut meta.labels, meta.source);
        }
        for exemplar in exemplars {
            self.add_name(&mut exemplar.labels, exemplar.source);
        }
        looks
    }

    fn add_name(&self, labels: &mut Labels, source: SourceId) {
        if let Some(name) = self.named.get(&source).filter(|_| labels.get(INSTANCE).is_none()) {
            let own = labels.iter().map(|(label, value)| (label.to_owned(), value.to_owned()));
            *labels = Labels::new(own.chain([(INSTANCE.to_owned(), name.clone())]).collect());
        }
    }

    /// Takes the names back: other files may tell targets apart in other ways.
    pub fn forget(&self, series: &mut [Held], exemplars: &mut [Exemplar]) {
        let without = |labels: &mut Labels, source: SourceId| {
            if self.named.get(&source).is_some_and(|name| labels.get(INSTANCE) == Some(name)) {
                let own = labels.iter().filter(|(label, _)| *label != INSTANCE);
                *labels = Labels::new(own.map(|(label, value)| (label.to_owned(), value.to_owned())).collect());
            }
        };
        for (meta, _) in series {
            without(&mut meta.labels, meta.source);
        }
        for exemplar in exemplars {
            without(&mut exemplar.labels, exemplar.source);
        }
    }

    /// Tells the first source of each target what was made of it.
    pub fn tell(&self, reports: &mut [SourceReport]) {
        for sources in &self.targets {
            let [first, .., last] = sources.as_slice() else { continue };
            let Some(until) = reports.get(last.0 as usize).map(|report| report.path.clone()) else { continue };
            if let Some(report) = reports.get_mut(first.0 as usize) {
                report.remarks.push(format!("{} looks at one target, until {until}: their samples are one course", sources.len()));
            }
        }
        for sources in &self.targets {
            let named = sources.first().and_then(|first| Some((self.named.get(first)?, reports.get_mut(first.0 as usize)?)));
            if let Some((name, report)) = named {
                report.remarks.push(format!("other files have the same series: here those without {INSTANCE} have {INSTANCE}={name:?}"));
            }
        }
    }
}

/// A name for each target, none twice: of its files, else of their folder, else both.
fn names_of(targets: &[(String, Vec<SourceId>)], scrapes: &Scrapes) -> Vec<String> {
    let path = |sources: &[SourceId]| sources.first().and_then(|source| scrapes.get(source)).map_or("", String::as_str);
    let dir = |sources: &[SourceId]| folder(path(sources)).trim_end_matches('/').rsplit('/').next().unwrap_or("").to_owned();
    let forms: [Vec<String>; 3] = [
        targets.iter().map(|(name, _)| name.clone()).collect(),
        targets.iter().map(|(_, sources)| dir(sources)).collect(),
        targets.iter().map(|(name, sources)| format!("{}/{name}", dir(sources))).collect(),
    ];
    let is_unique = |names: &Vec<String>| {
        let distinct: BTreeSet<&String> = names.iter().collect();
        distinct.len() == names.len() && names.iter().all(|name| !name.is_empty())
    };
    let all_paths = || targets.iter().map(|(_, sources)| path(sources).to_owned()).collect();
    forms.into_iter().find(is_unique).unwrap_or_else(all_paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_target_differ_in_a_time_or_in_numbers() {
        let of = |path| {
            let (target, is_timed, name) = target_of(path);
            format!("{target} {is_timed} {name}")
        };
        assert_eq!(of("m/order_2023-11-14T22-10-00Z.prom"), "m/order_.prom true order");
        assert_eq!(of("m/order-3.prom"), "m/order-#.prom false order");
        assert_eq!(of("r1/order.prom"), "r#/order.prom false order");
        assert_eq!(of("m/7.txt"), "m/#.txt false 7");
    }

    fn look(at: i64, started: Option<f64>, count: f64) -> Look {
        Look { source: SourceId(at as u32), at: Timestamp::from_secs(at), started, counters: HashMap::from([(1, count)]) }
    }

    #[test]
    fn only_what_proves_one_target_makes_one_course() {
        let of = |starts: &[Option<f64>], counts: &[f64], is_timed| {
            let rounds: Vec<Look> = (0..).zip(starts.iter().zip(counts)).map(|(at, (start, count))| look(at, *start, *count)).collect();
            are_of_one(&rounds, is_timed)
        };
        let (a, b) = (Some(1.0), Some(2.0));
        assert!(of(&[None, None], &[5.0, 1.0], true), "the names tell the times");
        assert!(of(&[a, a], &[1.0, 1.0], false), "one process");
        assert!(of(&[a, a, b], &[5.0, 6.0, 1.0], false), "one restart");
        assert!(!of(&[a, b], &[1.0, 2.0], false), "two processes may be two pods");
        assert!(!of(&[a, b, a, b], &[1.0, 2.0, 3.0, 4.0], false), "two pods in turn");
        assert!(!of(&[a, None], &[1.0, 2.0], false));
        assert!(!of(&[None; 4], &[1.0, 2.0, 3.0, 4.0], false), "four pods may look like it");
        assert!(of(&[None; 5], &[1.0, 2.0, 3.0, 4.0, 5.0], false));
        assert!(!of(&[None; 5], &[1.0, 2.0, 3.0, 4.0, 3.0], false), "a counter falls");
        assert!(!of(&[None; 5], &[1.0; 5], false), "nothing rises");
        assert!(!are_of_one(&[look(1, a, 1.0), look(1, a, 1.0)], true), "two looks at one time");
    }

    #[test]
    fn targets_with_the_same_series_have_names_of_their_own() {
        let scrapes: Scrapes = [(0, "a/metrics.prom"), (1, "b/metrics.prom")].map(|(id, path)| (SourceId(id), path.to_owned())).into();
        let targets = |names: [&str; 2]| (0..).zip(names).map(|(id, name)| (name.to_owned(), vec![SourceId(id)])).collect::<Vec<_>>();
        assert_eq!(names_of(&targets(["order", "pay"]), &scrapes), ["order", "pay"]);
        assert_eq!(names_of(&targets(["metrics", "metrics"]), &scrapes), ["a", "b"]);
    }
}
