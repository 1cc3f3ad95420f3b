//! Services that stopped answering: no request completed, no sample, or they could not be scraped.
//!
//! A hanging service has no errors and no latency, because nothing ends: no data is no health. Its requests are told by one
//! family of series, that from its log where there is one, because a log knows the second in which the last one ended.

use std::collections::BTreeMap;

use super::context::{Context, window_words};
use super::refine::lag;
use super::requests::{is_about_requests, is_rate, service};
use crate::model::text::rfc3339;
use crate::model::time::NS_PER_S;
use crate::model::{Sample, SeriesMeta, SourceKind, TimeRange, Timestamp};

/// A shorter silence is a restart, or chance.
const LEAST_NS: i64 = 10 * NS_PER_S;
const LEAST_STEPS: i64 = 4;
/// So many requests would have completed at the usual rate.
const LEAST_MISSED: f64 = 20.0;
/// So many times longer than any silence that is usual.
const TIMES_USUAL: i64 = 3;
/// Services whose files are looked at.
const MOST_SERVICES: usize = 1_000;
/// Series of one family that are read.
const MOST_SERIES: usize = 256;

/// A stretch in which a service did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) range: TimeRange,
    /// `no request completed`
    pub(super) what: &'static str,
    /// The series that tells, and the rule.
    pub(super) input: String,
    /// Whether a file of its log is missing for this time: then nothing is known of it.
    pub(super) is_missing: bool,
}

impl Silence {
    /// `no request completed from 02:32:40 to 02:35:10`.
    pub(super) fn words(&self, data_end: Timestamp) -> String {
        let clock = |at: Timestamp| rfc3339(at).get(11..19).unwrap_or_default().to_owned();
        let until = if self.range.end() >= data_end { "the end of the data".to_owned() } else { clock(self.range.end()) };
        let why = if self.is_missing { ": a file of its log seems to be missing, which is no outage" } else { "" };
        format!("{} from {} to {until}{why}", self.what, clock(self.range.start()))
    }
}

/// Whether a series says that a target can be scraped.
pub(super) fn is_up(meta: &SeriesMeta) -> bool {
    (meta.name == "up" || meta.name.ends_with("_up")) && meta.bounds.is_none_or(|(low, high)| low >= 0.0 && high <= 1.0)
}

/// Silences of each service after the baseline, by time.
pub(super) fn of_services(context: &mut Context) -> BTreeMap<String, Vec<Silence>> {
    let mut ups: BTreeMap<&str, Vec<&SeriesMeta>> = BTreeMap::new();
    let mut rates: BTreeMap<&str, BTreeMap<(&str, u32), Vec<&SeriesMeta>>> = BTreeMap::new();
    for meta in &context.catalog.series {
        let Some(service) = service(&meta.labels) else { continue };
        if is_up(meta) {
            ups.entry(service).or_default().push(meta);
        } else if is_rate(meta) && is_about_requests(meta) {
            rates.entry(service).or_default().entry((&meta.name, meta.source.0)).or_default().push(meta);
        }
    }
    let mut found: BTreeMap<String, Vec<Silence>> = BTreeMap::new();
    for (service, metas) in ups {
        found.entry(service.to_owned()).or_default().extend(silent(context, &metas, "could not be scraped"));
    }
    for (service, families) in rates {
        let n = |metas: &[&SeriesMeta]| metas.iter().map(|meta| meta.n_samples).sum::<u64>();
        let best = families.into_iter().max_by_key(|((name, _), metas)| (name.starts_with("fromlogs:"), n(metas)));
        if let Some((_, metas)) = best {
            let is_of_log = metas.iter().any(|meta| meta.name.starts_with("fromlogs:"));
            let files = if is_of_log { files(context, service) } else { Vec::new() };
            let mut own = silent(context, &metas, "no request completed");
            for silence in own.iter_mut().filter(|silence| lacks_a_file(&files, silence.range)) {
                (silence.is_missing, silence.what) = (true, "no record");
            }
            found.entry(service.to_owned()).or_default().extend(own);
        }
    }
    found.retain(|_, all| !all.is_empty());
    found
}

/// What a file of the log of these services seems to be missing for, in a window: nothing is counted there.
pub(super) fn missing(context: &Context, services: &[String], window: TimeRange) -> Vec<String> {
    let gaps = services.iter().flat_map(|service| holes(&files(context, service)));
    let mut found: Vec<TimeRange> = gaps.filter_map(|gap| gap.intersect(window)).filter(|gap| !gap.is_empty()).collect();
    found.sort_by_key(|gap| (gap.start(), gap.end()));
    found.dedup();
    found.into_iter().map(|gap| format!("a file seems to be missing: no record {}", window_words(gap))).collect()
}

/// Where a file of a log seems to be missing: the service and the time, by service.
pub(super) fn all_missing(context: &Context) -> Vec<(String, TimeRange)> {
    let services = context.catalog.services();
    let found = services.into_iter().take(MOST_SERVICES).map(|service| (holes(&files(context, &service)), service));
    found.flat_map(|(holes, service)| holes.into_iter().map(move |hole| (service.clone(), hole))).collect()
}

/// Starts and ends of the files that a service logs into, by time.
fn files(context: &Context, service: &str) -> Vec<(Timestamp, Timestamp)> {
    let is_of = |names: &[String]| names.iter().any(|name| name == service);
    let logs = context.catalog.sources.iter().filter(|source| source.kind == SourceKind::Logs && is_of(&source.services));
    let mut files: Vec<(Timestamp, Timestamp)> = logs.filter_map(|source| source.extent).collect();
    files.sort_unstable();
    // Nodes of one balancer write files side by side: together they tell of one time.
    let mut apart: Vec<(Timestamp, Timestamp)> = Vec::new();
    for file in files {
        let is_beside = |last: &(Timestamp, Timestamp)| {
            let shorter = last.1.since(last.0).min(file.1.since(file.0));
            last.1.since(file.0) > shorter / 2
        };
        match apart.last_mut().filter(|last| is_beside(last)) {
            Some(last) => last.1 = last.1.max(file.1),
            None => apart.push(file),
        }
    }
    apart
}

/// Whether a silence lies where a file is missing.
fn lacks_a_file(files: &[(Timestamp, Timestamp)], range: TimeRange) -> bool {
    let slack = usual_distance(files).unwrap_or(0) / 20;
    let is_near = |a: Timestamp, b: Timestamp| a.since(b).saturating_abs() <= slack;
    holes(files).iter().any(|hole| is_near(hole.start(), range.start()) && is_near(hole.end(), range.end()))
}

/// At which distance files begin, if they do so at a regular one.
fn usual_distance(files: &[(Timestamp, Timestamp)]) -> Option<i64> {
    let mut apart: Vec<i64> = files.windows(2).map(|pair| pair[1].0.since(pair[0].0)).collect();
    apart.sort_unstable();
    let usual = apart.get(apart.len() / 2).copied().filter(|usual| apart.len() >= 4 && *usual > 0)?;
    let is_near = |ns: &&i64| ns.saturating_sub(usual).saturating_abs() <= usual / 20;
    (apart.iter().filter(is_near).count() * 4 >= apart.len() * 3).then_some(usual)
}

/// Where files that begin at a regular distance lack one, from the last record before to the first after it. A service that
/// stopped leaves its file half full, and begins the next one when it starts again: that is no regular distance.
fn holes(files: &[(Timestamp, Timestamp)]) -> Vec<TimeRange> {
    let Some(usual) = usual_distance(files) else { return Vec::new() };
    let is_near = |ns: i64, n: i64| ns.saturating_sub(usual.saturating_mul(n)).saturating_abs() <= usual / 20;
    let hole = |pair: &[(Timestamp, Timestamp)]| {
        let (before, after) = (pair[0], pair[1]);
        let n = after.0.since(before.0) / usual + i64::from(after.0.since(before.0) % usual > usual / 2);
        let is_full = before.1.since(before.0) >= usual - usual / 20;
        (n > 1 && is_near(after.0.since(before.0), n) && is_full && before.1 < after.0).then(|| TimeRange::new(before.1, after.0))
    };
    files.windows(2).filter_map(hole).collect()
}

/// Stretches in which all series of a family are at zero or without a sample.
fn silent(context: &mut Context, metas: &[&SeriesMeta], what: &'static str) -> Vec<Silence> {
    let (Some(extent), Some(first)) = (context.catalog.extent, metas.first()) else { return Vec::new() };
    let Some(baseline) = context.baseline else { return Vec::new() };
    let step_ns = metas.iter().filter_map(|meta| meta.step_ns).max().unwrap_or(NS_PER_S);
    let is_up = is_up(first);
    let (mut all, mut usual): (Vec<Sample>, f64) = (Vec::new(), 0.0);
    for meta in metas.iter().take(MOST_SERIES) {
        let samples: Vec<Sample> = context.facts.samples(meta.id, extent).into_iter().filter(|sample| sample.value.is_finite()).collect();
        let normal: Vec<f64> = samples.iter().filter(|sample| baseline.contains(sample.time)).map(|sample| sample.value).collect();
        usual += if normal.is_empty() { 0.0 } else { normal.iter().sum::<f64>() / normal.len() as f64 };
        all.extend(samples);
    }
    if usual <= 0.0 {
        return Vec::new();
    }
    all.sort_by_key(|sample| sample.time);
    // A rate of zero says that nothing completed since its window began.
    let back = if is_up { 0 } else { metas.iter().map(|meta| looks_back(meta, step_ns)).max().unwrap_or(0) };
    let runs = runs(&all, step_ns, back);
    let longest = runs.iter().filter(|run| run.end() <= baseline.end()).map(|run| run.len_ns()).max().unwrap_or(0);
    let least = LEAST_NS.max(step_ns.saturating_mul(LEAST_STEPS)).max(longest.saturating_mul(TIMES_USUAL));
    let is_missed = |run: &TimeRange| is_up || usual * (run.len_ns() as f64 / NS_PER_S as f64) >= LEAST_MISSED;
    let long = runs.into_iter().filter(|run| run.end() > baseline.end() && run.len_ns() >= least && is_missed(run));
    let input = format!("{} ({})", first.full_name(), context.path(first.source));
    let found: Vec<Silence> = long
        .map(|range| Silence { range, what, input: format!("{input}: 0 or no sample {}", window_words(range)), is_missing: false })
        .collect();
    if !found.is_empty() {
        metas.iter().take(MOST_SERIES).for_each(|meta| context.uses(meta));
    }
    found
}

/// What a rate of zero at a moment tells of the time before it.
fn looks_back(meta: &SeriesMeta, step_ns: i64) -> i64 {
    let is_of_steps = meta.name.starts_with("fromlogs:");
    if is_of_steps { step_ns } else { lag(meta).saturating_sub(step_ns.saturating_mul(2)).max(step_ns) }
}

/// Runs of zeros and gaps of samples in order of time, each from where nothing came any more to the next sign of life.
fn runs(all: &[Sample], step_ns: i64, back: i64) -> Vec<TimeRange> {
    let mut runs: Vec<TimeRange> = Vec::new();
    let (mut alive, mut since): (Option<Timestamp>, Option<Timestamp>) = (None, None);
    let most = step_ns.saturating_mul(5).max(LEAST_NS);
    for sample in all {
        let is_alive = sample.value > 0.0;
        let has_gap = alive.is_some_and(|alive| sample.time.since(alive) > most);
        match (is_alive, alive) {
            (false, Some(alive)) => {
                let from = sample.time.plus_ns(-back).max(alive.min(sample.time));
                since = Some(since.map_or(from, |known| known.min(from)));
            }
            (true, Some(last)) => {
                let from = since.or_else(|| has_gap.then(|| last.plus_ns(step_ns)));
                runs.extend(from.filter(|from| *from < sample.time).map(|from| TimeRange::new(from, sample.time)));
                (alive, since) = (Some(sample.time), None);
            }
            (true, None) => alive = Some(sample.time),
            (false, None) => {}
        }
    }
    // What is silent to the end of its samples has not answered again.
    if let (Some(from), Some(last)) = (since, all.last()) {
        runs.push(TimeRange::new(from, last.time.plus_ns(1)));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(points: &[(i64, f64)], back: i64, expected: &[(i64, i64)]) {
        let samples: Vec<Sample> = points.iter().map(|(at, value)| Sample { time: Timestamp::from_secs(*at), value: *value }).collect();
        let got = runs(&samples, NS_PER_S, back * NS_PER_S);
        let got: Vec<(i64, i64)> = got.iter().map(|run| (run.start().0 / NS_PER_S, run.end().0 / NS_PER_S)).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn silence_begins_where_nothing_completed_any_more_and_ends_with_the_next_sign_of_life() {
        check(&[(0, 3.0), (1, 2.0), (2, 0.0), (3, 0.0), (30, 0.0), (31, 4.0)], 0, &[(2, 31)]);
        check(&[(0, 3.0), (1, 2.0), (11, 0.0), (12, 0.0), (31, 4.0)], 10, &[(1, 31)]);
    }

    #[test]
    fn a_missing_file_of_a_log_that_is_cut_by_time_is_no_outage() {
        let at = Timestamp::from_secs;
        let file = |n: i64| (at(n * 300), at(n * 300 + 299));
        let lacks = |files: &[(Timestamp, Timestamp)]| lacks_a_file(files, TimeRange::new(at(900), at(1202)));
        assert!(lacks(&[0, 1, 2, 4, 5, 6].map(file)));
        // All files are there, or one is cut short because the service stopped and began another when it started.
        assert!(!lacks(&[0, 1, 2, 3, 4, 5, 6].map(file)));
        let stopped = [(at(0), at(900)), (at(1202), at(1300)), (at(2000), at(2200)), (at(2201), at(9000)), (at(9100), at(9200))];
        assert!(!lacks(&stopped) && !lacks(&[]));
    }

    #[test]
    fn a_gap_of_samples_is_silence_and_its_end_too_but_not_before_the_first_life() {
        check(&[(0, 3.0), (1, 2.0), (60, 1.0)], 0, &[(2, 60)]);
        check(&[(0, 0.0), (20, 0.0), (40, 2.0), (41, 0.0), (90, 0.0)], 0, &[(41, 90)]);
    }
}
