//! A small invented incident and someone who answers questions about it at once, so that screens and keys
//! can be tested without files, threads or a clock.
//!
//! Twelve minutes of an order service: a deploy at 03:22:05, goroutines and latency up from 03:22:12, errors from
//! 03:23, a rollback at 03:27, quiet at 03:28. A scrape gap, a NaN stretch, a clipped quantile, a one-sample spike.

// Each test program uses its own part of this.
#![allow(dead_code, reason = "shared by several test programs")]

mod compare;
mod evidence;
mod facets;
mod manuscript;
mod onsets;
mod patterns;
pub mod screen;

use std::num::NonZeroUsize;
use std::sync::Arc;

use coroner::app::message::{Crossing, LoadProgress, Look, LookQuery, PanelChoice, SeriesStats, Words};
use coroner::app::{self, CasePlace, Effect, JobId, Message, Question, Reply, Setup, State, keys};
use coroner::model::find::{Fit, conditions};
use coroner::model::query::{FieldSeen, GroupBy, PageStart, Pattern, PatternStatus, TextPattern, ValueAt};
use coroner::model::record::{Alert, AlertState, Change, ProfileMark, ThresholdRule};
use coroner::model::series::Bucket;
use coroner::model::skew::ClockCheck;
use coroner::model::*;
use patterns::pattern_of;

const NS: i64 = 1_000_000_000;

/// 2026-11-22T03:20:00Z.
pub const START: i64 = 1_795_317_600;

pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

/// Load of the incident at a second from the start, 0 to 1.
fn load(secs: i64) -> f64 {
    match secs {
        132..240 => (secs - 132) as f64 / 108.0,
        240..420 => 1.0,
        420..480 => 1.0 - (secs - 420) as f64 / 60.0,
        _ => 0.0,
    }
}

/// Samples of a series: one every five seconds.
fn sample(series: usize, secs: i64) -> Option<f64> {
    let wobble = ((secs * 7919) % 13) as f64;
    Some(match series {
        // goroutines of order, with a scrape gap
        0 if (300..330).contains(&secs) => return None,
        0 => 33.0 + wobble + load(secs) * 2650.0,
        1 => 40.0 + wobble,
        // P99 with its clip at 10 s, NaN while nothing is served
        3 if (345..365).contains(&secs) => f64::NAN,
        // buckets of a histogram: ≤0.1 s, ≤1 s, ≤10 s, all; the rollback restarts it
        5..=8 => bucket_count(series - 5, secs),
        3 => (0.048 + wobble / 1000.0 + load(secs) * 14.0).min(10.0),
        // error ratio, with one lonely spike before
        2 if secs == 60 => 0.31,
        2 => (0.002 + load(secs - 40) * 0.92).min(0.94),
        _ => 35.0 + load(secs) * 105.0,
    })
}

/// Observations up to a bound since the process began.
fn bucket_count(bound: usize, secs: i64) -> f64 {
    let began = if secs >= 420 { 420 } else { -60 };
    let observed = |secs: i64| {
        let slow = load(secs - 10);
        [150.0 * (1.0 - slow), 160.0 * (1.0 - slow * 0.9), 175.0 - slow * 120.0, 175.0][bound].floor()
    };
    (began..=secs).step_by(5).map(observed).sum()
}

fn meta(id: u32, name: &str, labels: &[(&str, &str)], unit: Unit, clip: Option<f64>) -> SeriesMeta {
    SeriesMeta {
        id: SeriesId(id),
        name: name.into(),
        labels: Labels::new(labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()),
        unit,
        source: SourceId(2),
        n_samples: 144,
        extent: Some(TimeRange::new(at(0), at(720))),
        step_ns: Some(5 * NS),
        clip,
        ..SeriesMeta::default()
    }
}

fn source(id: u32, path: &str, kind: SourceKind, format: &str, n_records: u64) -> SourceReport {
    SourceReport {
        id: SourceId(id),
        path: path.into(),
        kind,
        format: format.into(),
        n_records,
        is_complete: true,
        zone: Zone { name: "UTC".into(), certainty: catalog::ZoneCertainty::Offset },
        ..SourceReport::default()
    }
}

fn change(secs: i64, kind: &str, to: Option<&str>, text: &str) -> Change {
    Change {
        time: Some(at(secs)),
        kind: kind.into(),
        service: Some("order".into()),
        text: text.into(),
        to: to.map(Into::into),
        source: SourceId(0),
        line: 1,
        ..Change::default()
    }
}

pub struct Fake {
    pub catalog: Arc<Catalog>,
    pub events: Vec<Event>,
    pub clocks: ClockCheck,
    /// All events, also those that a question may not know.
    every: Arc<Vec<Event>>,
    /// The first second that a question may not know.
    until: Option<i64>,
    /// From this second on everything happens otherwise.
    other_from: Option<i64>,
}

/// Requests that the histogram keeps as examples: one while all is well, two slow ones.
fn exemplars() -> Vec<Exemplar> {
    let one = |secs, value, bound: &str, own: &[(&str, &str)]| Exemplar {
        name: "rpc_duration_seconds_bucket".into(),
        labels: meta(0, "", &[("le", bound), ("service", "order")], Unit::None, None).labels,
        time: at(secs),
        value,
        own: Labels::new(own.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()),
        source: SourceId(2),
    };
    vec![
        one(40, 0.05, "0.1", &[("trace_id", "t7")]),
        one(200, 7.5, "10", &[("trace_id", "t9")]),
        one(230, 9.0, "10", &[("customer", "\u{1b}[31mgold")]),
    ]
}

fn events() -> Vec<Event> {
    let mut events = Vec::new();
    for secs in 0..720 {
        let n = if secs % 3 == 0 { 2 } else { 1 } + (load(secs) * 4.0) as i64;
        for i in 0..n {
            let time = Timestamp((START + secs) * NS + i * 37_000_000);
            let is_bad = load(secs - 40) > 0.1 && i > 1;
            let is_slow = load(secs) > 0.2 && i == 1;
            let (level, service, message) = if is_bad {
                (Level::Error, "order", format!("acquire: pool exhausted after 6.0s, {} waiting", 40 + (load(secs) * 900.0) as i64))
            } else if is_slow {
                (Level::Warn, "payment", format!("pool wait {:.1}s", load(secs) * 5.8))
            } else if secs % 97 == 5 {
                (Level::Info, "库存", "已加载 缓存 cache warmed\u{1b}[31m".into())
            } else {
                (Level::Info, "order", format!("GET /orders/{} 200 in {} ms", 1000 + secs, 12 + secs % 9))
            };
            let record = events.len() as u64;
            events.push(Event {
                id: EventRef { source: SourceId(1), record },
                time: Some(time),
                clock_ns: 0,
                level,
                service: Some(service.into()),
                source: "logs/order-1.log".into(),
                line: record + 1,
                n_lines: 1,
                // Filling the cache belongs to nobody's request.
                trace_id: (service != "库存").then(|| format!("t{}", record % 50)),
                latency_s: None,
                fields: vec![("latency_ms".into(), format!("{}", 12 + secs % 9))],
                raw: format!("{} {message}", level.name()),
                message,
            });
        }
    }
    events
}

fn unplaced() -> Event {
    Event { id: EventRef { source: SourceId(1), record: 9_999 }, message: "nobody knows when".into(), ..Event::default() }
}

impl Fake {
    pub fn new() -> Self {
        let events = events();
        let mut log = source(1, "logs/order-1.log", SourceKind::Logs, "zap-json", events.len() as u64);
        log.problems.push(Problem {
            line: 812,
            byte: 91_022,
            kind: ProblemKind::Truncated,
            reason: "ends in the middle of a record".into(),
        });
        log.zone.certainty = catalog::ZoneCertainty::Default;
        let alert = |name: &str, service: &str, from, firing, to, severity: &str| Alert {
            name: name.into(),
            labels: Labels::default(),
            severity: Some(severity.into()),
            service: Some(service.into()),
            summary: Some(format!("{name} of {service}")),
            active_at: at(from),
            firing_at: Some(at(firing)),
            ended_at: Some(at(to)),
            uncertainty_ns: 0,
            source: SourceId(0),
        };
        let profile = |secs| ProfileMark {
            time: Some(at(secs)),
            kind: "goroutine".into(),
            service: Some("order".into()),
            total: 2302.0,
            unit: "count".into(),
            n_samples: 60,
            duration_ns: None,
            top: coroner::model::ProfileTop::default(),
            source: SourceId(3),
        };
        let catalog = Catalog {
            sources: vec![
                source(0, "deploys.jsonl", SourceKind::Changes, "json-changes", 3),
                log,
                source(2, "metrics/all.json", SourceKind::Metrics, "prometheus-matrix", 720),
                source(3, "pprof/order-goroutine.pb.gz", SourceKind::Profile, "pprof", 60),
            ],
            series: vec![
                meta(0, "go_goroutines", &[("service", "order")], Unit::None, None),
                meta(1, "go_goroutines", &[("service", "payment")], Unit::None, None),
                meta(2, "http_error_ratio", &[("service", "order")], Unit::Ratio, None),
                meta(3, "http_p99", &[("service", "order")], Unit::Seconds, Some(10.0)),
                meta(4, "offered_rps", &[], Unit::PerSecond, None),
                meta(5, "rpc_duration_seconds_bucket", &[("le", "0.1"), ("service", "order")], Unit::None, None),
                meta(6, "rpc_duration_seconds_bucket", &[("le", "1"), ("service", "order")], Unit::None, None),
                meta(7, "rpc_duration_seconds_bucket", &[("le", "10"), ("service", "order")], Unit::None, None),
                meta(8, "rpc_duration_seconds_bucket", &[("le", "+Inf"), ("service", "order")], Unit::None, None),
            ],
            changes: vec![
                change(125, "deploy", Some("v1.9.0"), "order v1.8.3 → v1.9.0: batch pricing"),
                change(320, "scale-out", Some("2 instances"), "order 1 instance → 2 instances"),
                change(420, "rollback", Some("v1.8.3"), "order v1.9.0 → v1.8.3"),
            ],
            alerts: vec![
                alert("GoroutinesHigh", "order", 178, 195, 470, "warning"),
                alert("ErrorRateHigh", "order", 190, 205, 455, "critical"),
            ],
            profiles: vec![profile(100), profile(260), profile(460)],
            rules: vec![ThresholdRule {
                name: "GoroutinesHigh".into(),
                expression: "go_goroutines".into(),
                above_is_bad: true,
                value: 1000.0,
                for_ns: 15 * NS,
                source: SourceId(0),
            }],
            exemplars: exemplars(),
            n_events: events.len() as u64,
            extent: Some(TimeRange::new(at(0), at(720))),
            version: 1,
            is_complete: true,
            ..Catalog::default()
        };
        let _ = AlertState::Firing;
        let every = Arc::new(events.clone());
        Self { catalog: Arc::new(catalog), events, clocks: patterns::clocks(), every, until: None, other_from: None }
    }

    /// The same incident up to a second, and another one from then on: other events, values, changes and alerts.
    pub fn with_other_future(mut self, secs: i64) -> Self {
        self.other_from = Some(secs);
        for event in self.events.iter_mut().filter(|event| event.time >= Some(at(secs))) {
            event.message = format!("nobody expected this {}", event.line);
            event.raw.clone_from(&event.message);
            event.level = Level::Fatal;
        }
        let mut n = 0;
        self.events.retain(|event| {
            event.time < Some(at(secs)) || {
                n += 1;
                n % 2 == 0
            }
        });
        self.every = Arc::new(self.events.clone());
        let catalog = Arc::make_mut(&mut self.catalog);
        catalog.n_events = self.events.len() as u64;
        catalog.changes.retain(|change| change.time < Some(at(secs)));
        catalog.changes.push(change(secs, "restart", None, "all of it"));
        catalog.profiles.retain(|profile| profile.time < Some(at(secs)));
        catalog.alerts.retain(|alert| alert.active_at < at(secs));
        for alert in &mut catalog.alerts {
            alert.firing_at = alert.firing_at.filter(|firing| *firing < at(secs));
            alert.ended_at = alert.ended_at.filter(|ended| *ended < at(secs));
        }
        for source in &mut catalog.sources {
            source.n_records += 77;
            source.problems = catalog::Problems::default();
        }
        for series in &mut catalog.series {
            (series.n_samples, series.bounds) = (1, Some((0.0, 1e9)));
        }
        self
    }

    /// As if nothing from a moment on had happened yet.
    fn known(&self, until: Timestamp) -> Self {
        let events = self.events.iter().filter(|event| event.time.is_some_and(|at| at < until)).cloned().collect();
        // Samples lie on whole seconds.
        let secs = (until.0 - 1).div_euclid(NS) - START + 1;
        Self {
            catalog: Arc::new(self.catalog.known_until(until)),
            events,
            clocks: self.clocks.clone(),
            every: Arc::clone(&self.every),
            until: Some(secs),
            other_from: self.other_from,
        }
    }

    fn sample(&self, series: usize, secs: i64) -> Option<f64> {
        let value = sample(series, secs).filter(|_| self.until.is_none_or(|until| secs < until))?;
        Some(if self.other_from.is_some_and(|from| secs >= from) { value * 3.0 + 7.0 } else { value })
    }

    fn passes(event: &Event, filter: &EventFilter) -> bool {
        filter.min_level.is_none_or(|level| event.level >= level)
            && (filter.services.is_empty() || filter.services.iter().any(|service| event.service.as_ref() == Some(service)))
            && filter.expr.as_ref().is_none_or(|expr| facets::holds(expr, event))
            && filter.trace_id.as_ref().is_none_or(|trace| event.trace_id.as_ref() == Some(trace))
            && filter.text.iter().all(|condition| {
                let is_match = match &condition.pattern {
                    TextPattern::Literal(words) if words.chars().any(char::is_uppercase) => event.raw.contains(words.as_str()),
                    TextPattern::Literal(words) => event.raw.to_lowercase().contains(words.as_str()),
                    TextPattern::Regex(words) => is_match(words, &event.raw),
                    TextPattern::Fuzzy(words) => app::fuzzy::score(words, &event.raw).is_some(),
                };
                is_match != condition.is_negated
            })
    }

    fn page(&self, query: &EventQuery) -> EventPage {
        let all: Vec<&Event> = self
            .events
            .iter()
            .filter(|event| {
                Self::passes(event, &query.filter) && query.range.is_none_or(|range| event.time.is_some_and(|at| range.contains(at)))
            })
            .collect();
        let key = |event: &Event| (event.time, event.id);
        let of = |id: EventRef| self.every.iter().find(|event| event.id == id).map(key).expect("known");
        let (found, is_forward): (Vec<&Event>, bool) = match query.start {
            PageStart::AtOrAfter(at) => (all.into_iter().filter(|event| event.time >= Some(at)).collect(), true),
            PageStart::Before(at) => (all.into_iter().filter(|event| event.time < Some(at)).collect(), false),
            PageStart::After(id) => (all.into_iter().filter(|event| key(event) > of(id)).collect(), true),
            PageStart::BeforeEvent(id) => (all.into_iter().filter(|event| key(event) < of(id)).collect(), false),
            PageStart::Unplaced(_) if self.until.is_some() => return EventPage::default(),
            PageStart::Unplaced(_) => return EventPage { events: vec![unplaced()], has_more: false },
        };
        let has_more = found.len() > query.limit;
        let skip = if is_forward { 0 } else { found.len().saturating_sub(query.limit) };
        EventPage { events: found.into_iter().skip(skip).take(query.limit).cloned().collect(), has_more }
    }

    fn look(&self, query: &LookQuery) -> Look {
        let mut last = Look::default();
        for fit in Fit::ALL {
            let Some(wanted) = conditions(&query.pattern, fit) else { continue };
            let mut filter = query.filter.clone();
            filter.text.extend(wanted.iter().cloned());
            let best: Vec<Event> =
                self.events.iter().filter(|event| Self::passes(event, &filter)).take(query.limit.max(1)).cloned().collect();
            let is_found = !best.is_empty();
            last = Look { wanted, fit, best: best.into_iter().take(query.limit).collect() };
            if is_found {
                break;
            }
        }
        last
    }

    pub fn columns(&self, id: SeriesId, range: TimeRange, n: NonZeroUsize) -> Columns {
        let columns = range
            .split(n)
            .into_iter()
            .map(|part| {
                let samples: Vec<f64> = (0..720)
                    .step_by(5)
                    .filter(|secs| part.contains(at(*secs)))
                    .filter_map(|secs| self.sample(id.0 as usize, secs))
                    .collect();
                if samples.is_empty() {
                    // Between two samples of a fine zoom the value before still holds.
                    let secs = (part.start().0 / NS - START).div_euclid(5) * 5;
                    let held = self.sample(id.0 as usize, secs).filter(|_| part.len_ns() < 5 * NS && (0..720).contains(&secs));
                    return held.map(|value| bucket(&[value]));
                }
                Some(bucket(&samples))
            })
            .collect();
        Columns { range, columns }
    }

    pub fn value_at(&self, id: SeriesId, at: Timestamp) -> Option<ValueAt> {
        let secs = (at.0 / NS - START).div_euclid(5) * 5;
        let value = self.sample(id.0 as usize, secs)?;
        Some(ValueAt { value, sample_time: Timestamp::from_secs(START + secs) })
    }

    pub fn answer(&self, question: &Question) -> Reply {
        match question {
            Question::Known { until, question } => self.known(*until).answer(question),
            Question::ChoosePanels => {
                let choice = |role: &str, id| PanelChoice { role: role.into(), id: SeriesId(id), why: "moves most".into(), others: vec![] };
                Reply::Panels(vec![choice("goroutines", 0), choice("P99", 3), choice("error rate", 2)])
            }
            // Events and samples of the fake have no source that could move them: the catalog alone tells.
            Question::SetClocks(offsets, zones) => {
                let mut catalog = Catalog::clone(&self.catalog);
                for source in &mut catalog.sources {
                    source.clock_ns = offsets.get(&source.path).copied().unwrap_or(0);
                    if let Some((_, zone)) = zones.get(&source.path).and_then(|name| coroner::model::zones::moved(source, name)) {
                        source.zone = zone;
                    }
                }
                catalog.version += 1;
                Reply::Defined(Arc::new(catalog), Vec::new())
            }
            Question::Define(_) => Reply::Defined(Arc::clone(&self.catalog), Vec::new()),
            Question::Series(query) => Reply::Series(query.ids.iter().map(|id| self.columns(*id, query.range, query.columns)).collect()),
            Question::Stats { ids, baseline, window, limits } => Reply::Stats(
                ids.iter()
                    .zip(limits)
                    .map(|(id, limit)| {
                        let within = |range: TimeRange| {
                            (0..720)
                                .step_by(5)
                                .filter(move |secs| range.contains(at(*secs)))
                                .filter_map(|secs| Some((secs, self.sample(id.0 as usize, secs)?)))
                        };
                        let mut normal: Vec<f64> = within(*baseline).map(|pair| pair.1).collect();
                        normal.sort_by(f64::total_cmp);
                        let peak =
                            within(*window).filter(|pair| pair.1.is_finite()).fold(None, |best: Option<(i64, f64)>, pair| match best {
                                Some(best) if best.1 >= pair.1 => Some(best),
                                _ => Some(pair),
                            });
                        SeriesStats {
                            baseline: normal.get(normal.len() / 2).copied(),
                            peak: peak.map(|(secs, value)| (at(secs), value)),
                            last: None,
                            crossing: limit.and_then(|limit| {
                                let at_secs = within(*window).find(|pair| limit.is_crossed_by(pair.1))?.0;
                                Some(Crossing { at: at(at_secs), is_at_start: within(*window).next()?.0 == at_secs })
                            }),
                        }
                    })
                    .collect(),
            ),
            Question::ValuesAt { ids, at } => Reply::Values(ids.iter().map(|id| self.value_at(*id, *at)).collect()),
            Question::Histogram(query) => {
                let mut histogram = Histogram { range: query.range, ..Histogram::default() };
                for event in self.events.iter().filter(|event| Self::passes(event, &query.filter)) {
                    if let Some(column) = event.time.and_then(|time| query.range.column_of(time, query.columns)) {
                        let key = match query.by[..] {
                            [GroupBy::Level] => event.level.name().to_owned(),
                            [GroupBy::Pattern] => pattern_of(event).to_string(),
                            _ => panic!("nobody asks for {:?}", query.by),
                        };
                        let counts = histogram.groups.entry(vec![key]).or_insert_with(|| vec![0; query.columns.get()]);
                        counts[column] += 1;
                    }
                }
                Reply::Histogram(histogram)
            }
            Question::Events(query) => Reply::Events(self.page(query)),
            Question::Event(id) => Reply::Event(Box::new(self.events.iter().find(|event| event.id == *id).expect("known").clone())),
            Question::Patterns(query) => Reply::Patterns(self.patterns(query)),
            // Two rules: the impact begins at a third of the data, and ends soon after the rollback.
            Question::Suggested(case) => {
                use coroner::model::case::MarkerName;
                let suggest = |(name, at, rule): (MarkerName, Timestamp, &str)| {
                    let rule = format!("accepted: {rule}");
                    let kind = AnnotationKind::Marker { name, at, latest: None, rule, evidence: Vec::new() };
                    case.marker(name).is_none().then(|| (kind, String::new()))
                };
                let rules = [(MarkerName::ImpactStart, at(240), "first bad sample"), (MarkerName::Mitigated, at(480), "last bad sample")];
                Reply::Suggested(rules.into_iter().filter_map(suggest).collect())
            }
            Question::Debt(case) => Reply::Debt(unsupported(case)),
            Question::Manuscript(query) => Reply::Manuscript(Box::new(manuscript::of(query))),
            Question::Compare(query) => Reply::Difference(Box::new(self.compare(query))),
            Question::Standings(all) => {
                Reply::Standings(all.iter().map(|(id, _)| (id.clone(), coroner::model::case::Standing::Holds)).collect())
            }
            Question::Onsets(query) => Reply::Onsets(self.onsets(query)),
            Question::Facets(query) => Reply::Facets(Box::new(self.facets(query))),
            Question::Clocks => Reply::Clocks(self.clocks.clone()),
            Question::Count { filter, range } => {
                let query =
                    EventQuery { filter: filter.clone(), range: *range, start: PageStart::AtOrAfter(Timestamp::MIN), limit: usize::MAX };
                Reply::Count(self.page(&query).events.len() as u64)
            }
            Question::Look(query) => Reply::Look(Box::new(self.look(query))),
            Question::Position { filter, id, .. } => {
                Reply::Count(self.events.iter().filter(|event| Self::passes(event, filter) && event.id < *id).count() as u64)
            }
            Question::Words => Reply::Words(Arc::new(words(&self.events, self.until))),
            Question::Freeze(targets) => Reply::Frozen(targets.iter().map(|target| self.freeze(target)).collect()),
        }
    }
}

/// A regular expression is made once, not for each event.
fn is_match(words: &str, raw: &str) -> bool {
    thread_local!(static MADE: std::cell::RefCell<Option<(String, regex::Regex)>> = const { std::cell::RefCell::new(None) });
    MADE.with_borrow_mut(|made| {
        if made.as_ref().is_none_or(|(known, _)| known != words) {
            *made = Some((words.to_owned(), regex::Regex::new(words).expect("checked before")));
        }
        made.as_ref().is_some_and(|(_, regex)| regex.is_match(raw))
    })
}

/// What the messages have in common.
fn words(events: &[Event], until: Option<i64>) -> Words {
    let begins = |words: &str| events.iter().filter(|event| event.message.starts_with(words)).count() as u64;
    let pattern = |id, template: &str, level| Pattern {
        id,
        template: template.into(),
        count: if until.is_some() { begins(template.split('<').next().unwrap_or_default()) } else { 100 },
        first: None,
        last: None,
        level,
        in_windows: (0, 0),
        status: PatternStatus::Steady,
        ..Pattern::default()
    };
    Words {
        fields: vec![FieldSeen {
            name: "latency_ms".into(),
            n_records: 9,
            n_numbers: 9,
            n_durations: 0,
            values: if until.is_some() { Vec::new() } else { vec![("12".into(), 5), ("20".into(), 4)] },
        }],
        patterns: vec![
            pattern(0, "GET /orders/<*> 200 in <*> ms", Level::Info),
            pattern(1, "acquire: pool exhausted after <*> <*> waiting", Level::Error),
        ]
        .into_iter()
        .filter(|pattern| pattern.count > 0)
        .collect(),
    }
}

fn bucket(samples: &[f64]) -> Bucket {
    let finite: Vec<f64> = samples.iter().copied().filter(|value| value.is_finite()).collect();
    let mean = finite.iter().sum::<f64>() / finite.len().max(1) as f64;
    Bucket {
        min: finite.iter().copied().fold(f64::INFINITY, f64::min),
        max: finite.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        mean,
        last: finite.last().copied().unwrap_or(0.0),
        count: finite.len() as u32,
        n_nan: samples.iter().filter(|value| value.is_nan()).count() as u32,
        n_inf: samples.iter().filter(|value| value.is_infinite()).count() as u32,
    }
}

/// A session with the fake behind it.
pub struct Session {
    pub state: State,
    pub fake: Fake,
    /// Everything but questions, in order.
    pub effects: Vec<Effect>,
    pub n_asked: usize,
    pub size: (u16, u16),
}

impl Session {
    /// Nothing read yet.
    pub fn unloaded(width: u16, height: u16) -> Self {
        Self::of(Fake::new(), width, height)
    }

    /// Another incident, everything read.
    pub fn with(fake: Fake, width: u16, height: u16) -> Self {
        let mut session = Self::of(fake, width, height);
        let catalog = session.fake.catalog.clone();
        session.send(Message::Catalog(catalog));
        session.keys("g");
        session
    }

    fn of(fake: Fake, width: u16, height: u16) -> Self {
        let setup = Setup {
            title: "order-outage".into(),
            case: CaseDoc::default(),
            now: Timestamp::from_secs(START + 86_400),
            id_seed: 1,
            author: "on-call".into(),
            size: (width, height),
            place: CasePlace::Saved("order-outage".into()),
        };
        Self { state: State::new(setup), fake, effects: Vec::new(), n_asked: 0, size: (width, height) }
    }

    /// Everything read.
    pub fn loaded(width: u16, height: u16) -> Self {
        let mut session = Self::unloaded(width, height);
        let catalog = session.fake.catalog.clone();
        session.send(Message::Catalog(catalog));
        session.keys("g");
        session
    }

    /// The same incident, told with these letters everywhere.
    pub fn saying(width: u16, height: u16, text: &str) -> Self {
        let mut session = Self::unloaded(width, height);
        session.state = State::new(Setup {
            title: text.into(),
            case: CaseDoc::default(),
            now: Timestamp::from_secs(START + 86_400),
            id_seed: 1,
            author: text.into(),
            size: (width, height),
            place: CasePlace::Saved(text.into()),
        });
        for event in &mut session.fake.events {
            event.message = format!("{text} {}", event.message);
            event.service = Some(text.into());
            event.raw = event.message.clone();
            event.fields = vec![("latency_ms".into(), text.into())];
        }
        let mut catalog = (*session.fake.catalog).clone();
        for change in &mut catalog.changes {
            (change.text, change.to) = (text.into(), Some(text.into()));
        }
        for alert in &mut catalog.alerts {
            alert.name = text.into();
        }
        for series in &mut catalog.series {
            series.labels = Labels::new(vec![("service".into(), text.into())]);
        }
        for source in &mut catalog.sources {
            source.path = format!("logs/{text}.log");
        }
        session.fake.catalog = Arc::new(catalog.clone());
        session.send(Message::Catalog(Arc::new(catalog)));
        session.keys("g");
        session
    }

    /// Sends a message and answers every question that follows.
    pub fn send(&mut self, message: Message) {
        let mut queue = app::update(&mut self.state, message);
        while !queue.is_empty() {
            let effect = queue.remove(0);
            let more = match &effect {
                Effect::Ask(id, question) => {
                    self.n_asked += 1;
                    let reply = self.fake.answer(question);
                    app::update(&mut self.state, Message::Replied(*id, Ok(reply)))
                }
                Effect::Cancel(_) => Vec::new(),
                Effect::GoOn => app::update(&mut self.state, Message::GoOn),
                Effect::Journal { number, .. } => {
                    let number = *number;
                    self.effects.push(effect);
                    app::update(&mut self.state, Message::Saved(number))
                }
                _ => {
                    self.effects.push(effect);
                    Vec::new()
                }
            };
            queue.extend(more);
        }
    }

    /// Types keys.
    pub fn keys(&mut self, sequence: &str) -> &mut Self {
        for key in keys::parse_sequence(sequence).expect(sequence) {
            self.send(Message::Key(key));
        }
        self
    }

    /// Loading is under way.
    pub fn loading(&mut self) -> &mut Self {
        let progress = LoadProgress {
            bytes: (340 << 20, 1000 << 20),
            sources: (2, 9),
            current: "logs/order-1.log".into(),
            bytes_per_s: 120 << 20,
            left_s: Some(6),
        };
        self.send(Message::Loading(progress));
        self
    }

    /// Seconds of the cursor from the start of the data.
    pub fn cursor_secs(&self) -> f64 {
        (self.state.cursor().0 - START * NS) as f64 / 1e9
    }
}

/// Stands for any job that is not waited for.
pub const NO_JOB: JobId = JobId(u64::MAX);

/// Causal steps without evidence, as the real judge would name them.
fn unsupported(case: &CaseDoc) -> Vec<coroner::app::debt::Owed> {
    let chain = case.chain();
    let bare = chain.iter().enumerate().filter(|(_, (_, cause))| cause.evidence.is_empty());
    bare.map(|(index, (annotation, cause))| coroner::app::debt::Owed {
        rule: "PM001".into(),
        place: format!("C{}", index + 1),
        message: "suspected without evidence".into(),
        fix: "pin what shows it".into(),
        subject: Some(annotation.id.clone()),
        at: cause.at.map(TimeRange::start),
    })
    .collect()
}
