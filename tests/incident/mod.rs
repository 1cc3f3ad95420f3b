//! A small incident made in code: a catalog, samples, and answers from them.

#![allow(dead_code, reason = "each test file that includes this uses its own part")]

use std::collections::BTreeMap;

use coroner::model::case::*;
use coroner::model::catalog::{Problem, ProblemKind};
use coroner::model::query::ValueAt;
use coroner::model::*;
use coroner::report::Facts;

/// What the fake answers from.
#[derive(Default)]
pub struct Incident {
    pub catalog: Catalog,
    pub samples: BTreeMap<SeriesId, Vec<Sample>>,
    pub hashes: BTreeMap<String, String>,
}

impl Facts for Incident {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn value_at(&self, id: SeriesId, at: Timestamp) -> Option<ValueAt> {
        let meta = self.catalog.series(id)?;
        let found = self.samples.get(&id)?.iter().rev().find(|sample| sample.time <= at)?;
        (at.since(found.time) <= meta.staleness_ns()).then_some(ValueAt { value: found.value, sample_time: found.time })
    }

    fn samples(&self, id: SeriesId, range: TimeRange) -> Vec<Sample> {
        self.samples.get(&id).into_iter().flatten().copied().filter(|sample| range.contains(sample.time)).collect()
    }

    fn count(&self, _: &EventFilter, _: TimeRange) -> u64 {
        0
    }

    fn sha256(&self, path: &str) -> Option<String> {
        self.hashes.get(path).cloned()
    }
}

impl Incident {
    fn source(&mut self, path: &str, kind: SourceKind, format: &str) -> SourceId {
        let id = SourceId(self.catalog.sources.len() as u32);
        self.hashes.insert(path.into(), format!("{:064x}", id.0 + 1));
        self.catalog.sources.push(SourceReport {
            id,
            path: path.into(),
            kind,
            format: format.into(),
            size_bytes: 1000 * u64::from(id.0 + 1),
            n_records: 100,
            extent: Some((at(-300), at(599))),
            zone: Zone { name: "UTC".into(), certainty: ZoneCertainty::Offset },
            is_complete: true,
            ..SourceReport::default()
        });
        id
    }

    fn series(&mut self, meta: SeriesMeta, points: &[(i64, f64)]) {
        let id = SeriesId(self.catalog.series.len() as u32);
        let first = points.first().map_or(0, |point| point.0);
        let last = points.last().map_or(0, |point| point.0);
        self.samples.insert(id, points.iter().map(|(secs, value)| Sample { time: at(*secs), value: *value }).collect());
        let extent = Some(TimeRange::new(at(first), at(last).plus_ns(1)));
        self.catalog.series.push(SeriesMeta { id, n_samples: points.len() as u64, extent, step_ns: Some(10_000_000_000), ..meta });
    }

    pub fn remove_series(&mut self, name: &str) {
        for meta in self.catalog.series.iter_mut().filter(|meta| meta.name == name) {
            meta.name = format!("gone_{}", meta.id.0);
            meta.labels = Labels::default();
            meta.kind = SeriesKind::Gauge;
            meta.unit = Unit::None;
        }
    }

    pub fn remove_source(&mut self, path: &str) {
        self.hashes.remove(path);
        for source in self.catalog.sources.iter_mut().filter(|source| source.path == path) {
            source.path = "other".into();
        }
    }

    /// Replaces every word that comes from files.
    pub fn make_foreign(&mut self, text: &str) {
        for source in &mut self.catalog.sources {
            source.path = format!("{text}{}", source.id.0);
            source.format = text.into();
            source.zone.name = text.into();
            self.hashes.insert(source.path.clone(), text.into());
        }
        for meta in self.catalog.series.iter_mut().filter(|meta| meta.name != "http_requests_total") {
            meta.name = format!("{text}{}", meta.id.0);
            meta.labels = Labels::new(vec![(text.into(), text.into())]);
            meta.query = Some(text.into());
        }
        for change in &mut self.catalog.changes {
            change.text = text.into();
            change.kind = format!("rollback {text}");
            change.service = Some(text.into());
        }
        for alert in &mut self.catalog.alerts {
            alert.name = text.into();
            alert.labels = Labels::new(vec![(text.into(), text.into())]);
            (alert.severity, alert.service, alert.summary) = (Some(text.into()), Some(text.into()), Some(text.into()));
        }
    }
}

/// Seconds from T+0, 2026-03-01T10:00:00Z.
pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_772_359_200 + secs)
}

pub fn between(start: i64, end: i64) -> TimeRange {
    TimeRange::new(at(start), at(end))
}

pub fn service_labels() -> Labels {
    Labels::new(vec![("service".into(), "checkout".into())])
}

pub fn id_of(id: &str) -> AnnotationId {
    AnnotationId(id.into())
}

/// A shop whose check-out fails between T+3m20s and T+7m40s; samples every 10 s, a gap of one minute in the goroutines.
pub fn checkout_incident() -> Incident {
    let mut incident = Incident::default();
    let alerts = incident.source("alerts.json", SourceKind::Alerts, "prometheus-alerts");
    let deploys = incident.source("deploys.jsonl", SourceKind::Changes, "change-jsonl");
    let log = incident.source("logs/checkout.log", SourceKind::Logs, "zap-json");
    let errors = incident.source("metrics/error_ratio.json", SourceKind::Metrics, "prometheus-matrix");
    let goroutines = incident.source("metrics/goroutines.json", SourceKind::Metrics, "prometheus-matrix");
    let p99 = incident.source("metrics/p99.json", SourceKind::Metrics, "prometheus-matrix");
    let requests = incident.source("metrics/requests.json", SourceKind::Metrics, "prometheus-matrix");
    incident.source("pprof/checkout.goroutine.pb.gz", SourceKind::Profile, "pprof");
    let problem = Problem { line: 900, byte: 7, kind: ProblemKind::Truncated, reason: "the last line is cut off".into() };
    incident.catalog.sources[log.0 as usize].problems.push(problem);
    incident.catalog.sources[log.0 as usize].zone.certainty = ZoneCertainty::Default;

    let is_bad = |secs: i64| (200..460).contains(&secs);
    let points = |value: &dyn Fn(i64) -> f64| (-300..600).step_by(10).map(|secs| (secs, value(secs))).collect::<Vec<_>>();
    let meta = |name: &str, source| SeriesMeta { name: name.into(), labels: service_labels(), source, ..SeriesMeta::default() };
    let ratio = SeriesMeta {
        unit: Unit::Ratio,
        kind: SeriesKind::Rate,
        query: Some("sum(rate(http_requests_total{code=~\"5..\"}[30s])) / sum(rate(http_requests_total[30s]))".into()),
        ..meta("error_ratio", errors)
    };
    incident.series(ratio, &points(&|secs| if is_bad(secs) { 0.9 } else { 0.002 }));
    let rising = points(&|secs| if is_bad(secs) { 1000.0 + (secs - 200) as f64 * 15.0 } else { 980.0 });
    incident.series(meta("goroutines", goroutines), &rising.into_iter().filter(|point| !(300..360).contains(&point.0)).collect::<Vec<_>>());
    let clipped = SeriesMeta { unit: Unit::Seconds, kind: SeriesKind::Quantile, clip: Some(10.0), ..meta("p99", p99) };
    incident.series(clipped, &points(&|secs| if is_bad(secs) { if secs < 240 { 4.2 } else { 10.0 } } else { 0.048 }));
    let counter = |code: &str| SeriesMeta {
        kind: SeriesKind::Counter,
        labels: Labels::new(vec![("service".into(), "checkout".into()), ("code".into(), code.into())]),
        ..meta("http_requests_total", requests)
    };
    // 100 requests a second; the process restarts with the rollback at T+7m40s, so its counters fall to 0.
    let good = |secs: i64| {
        if secs < 200 {
            (secs + 300) as f64 * 100.0
        } else if secs < 460 {
            50_000.0 + (secs - 200) as f64 * 10.0
        } else {
            (secs - 460) as f64 * 100.0
        }
    };
    incident.series(counter("200"), &points(&good));
    let failed = |secs: i64| if secs < 460 { (secs - 200) as f64 * 90.0 } else { (secs - 460) as f64 * 0.1 };
    incident.series(counter("503"), &points(&failed).into_iter().filter(|point| point.0 >= 210).collect::<Vec<_>>());
    let rate = SeriesMeta { unit: Unit::PerSecond, kind: SeriesKind::Rate, ..meta("request_rate", requests) };
    incident.series(rate, &points(&|_| 100.0));

    let change = |secs, kind: &str, text: &str, line| Change {
        time: Some(at(secs)),
        kind: kind.into(),
        service: Some("checkout".into()),
        text: text.into(),
        source: deploys,
        line,
        ..Change::default()
    };
    incident.catalog.changes = vec![
        change(0, "deploy", "checkout v41 → v42: one connection per item", 1),
        change(330, "scale-out", "checkout 3 → 6 instances", 2),
        change(440, "rollback", "checkout v42 → v41", 3),
    ];
    let polled = Alert {
        name: "HighErrorRate".into(),
        labels: service_labels(),
        severity: Some("critical".into()),
        service: Some("checkout".into()),
        summary: Some("90 % of requests fail".into()),
        active_at: at(235),
        firing_at: Some(at(250)),
        ended_at: Some(at(470)),
        uncertainty_ns: 5_000_000_000,
        source: alerts,
    };
    // The ALERTS series tells of the same firing, a second off.
    let recorded = Alert { firing_at: Some(at(251)), source: errors, ..polled.clone() };
    incident.catalog.alerts = vec![polled, recorded];
    incident.catalog.extent = Some(between(-300, 600));
    incident.catalog.is_complete = true;
    incident.catalog.n_events = 100;
    incident
}

pub fn add(case: &mut CaseDoc, id: &str, text: &str, kind: AnnotationKind) {
    let annotation = Annotation {
        id: id_of(id),
        kind,
        text: text.into(),
        tags: vec![],
        visibility: Visibility::default(),
        is_pinned: false,
        author: "on-call".into(),
        created: at(9000),
        updated: at(9000),
        revision: 1,
        unknown: serde_json::Map::new(),
    };
    case.annotations.insert(annotation.id.clone(), annotation);
}

pub fn pin(case: &mut CaseDoc, id: &str, text: &str, source: &str, target: EvidenceTarget) {
    let evidence = Evidence { source: source.into(), source_sha256: None, target };
    let evidence = Evidence { source_sha256: (source == "logs/checkout.log").then(|| format!("{:064x}", 3)), ..evidence };
    add(case, id, text, AnnotationKind::Evidence(evidence));
}

pub fn cause(case: &mut CaseDoc, id: &str, order: u32, sort: (CauseType, CauseStatus), text: &str, evidence: &[&str], start: Option<i64>) {
    let evidence = evidence.iter().map(|id| id_of(id)).collect();
    let range = start.map(|start| between(start, start + 30));
    add(
        case,
        id,
        text,
        AnnotationKind::Cause(Cause { cause_type: sort.0, status: sort.1, at: range, evidence, order, ..Cause::default() }),
    );
}

/// Head, markers, notes, an attempt and action items.
pub fn base(case: &mut CaseDoc) {
    let panel = |role: &str, name: &str, source: &str| PanelRef {
        role: role.into(),
        series: format!("{name}{{service=\"checkout\"}}"),
        source: source.into(),
    };
    case.meta = CaseMeta {
        title: "Check-out fails after v42".into(),
        severity: Some("SEV2".into()),
        status: Some("draft".into()),
        services: vec!["checkout".into()],
        time_zone: Some("Europe/Berlin".into()),
        t0: Some(Anchor { at: at(0), label: "deploy checkout v41 → v42".into() }),
        panels: vec![
            panel("goroutines", "goroutines", "metrics/goroutines.json"),
            panel("P99", "p99", "metrics/p99.json"),
            panel("error rate", "error_ratio", "metrics/error_ratio.json"),
        ],
        thresholds: BTreeMap::from([("p99{service=\"checkout\"}".into(), 1.0)]),
        ..CaseMeta::default()
    };
    let marker = |name, secs, latest: Option<i64>, rule: &str| AnnotationKind::Marker {
        name,
        at: at(secs),
        latest: latest.map(at),
        rule: rule.into(),
        evidence: Vec::new(),
    };
    add(case, "M1", "", marker(MarkerName::Trigger, 0, None, "nearest deploy"));
    add(case, "M2", "", marker(MarkerName::ImpactStart, 200, Some(205), "error rate > 5 % for 3 samples"));
    add(case, "M3", "HighErrorRate", marker(MarkerName::Detected, 250, None, "first alert"));
    add(case, "M4", "", marker(MarkerName::Mitigated, 460, None, "manual"));
    add(case, "M5", "v43 gives connections back per item", marker(MarkerName::Resolved, 590, None, "manual"));
    let moment = |secs, kind: &str| AnnotationKind::Moment {
        at: at(secs),
        service: Some("checkout".into()),
        row_kind: Some(kind.into()),
        uncertainty_ns: None,
    };
    add(case, "N1", "On-call sees the pool at its limit.\nDecides against a restart.", moment(300, "decision"));
    let retries =
        AnnotationKind::Range { range: between(210, 330), end: RangeEnd::Exclusive, service: None, row_kind: Some("symptom".into()) };
    add(case, "N2", "mobile clients retry", retries);
    add(
        case,
        "T1",
        "Emergency scale-out to six instances",
        AnnotationKind::Attempt(Attempt { at: between(330, 345), effect: Some("no effect".into()), ..Attempt::default() }),
    );
    let action = |action_type: &str, causes: &[&str], link: Option<&str>| ActionItem {
        action_type: Some(action_type.into()),
        owner: Some("checkout team".into()),
        priority: Some("P1".into()),
        link: link.map(str::to_owned),
        due: Some("2026-03-15".into()),
        done_when: Some("a test with 300 items passes".into()),
        causes: causes.iter().map(|id| id_of(id)).collect(),
        ..ActionItem::default()
    };
    add(
        case,
        "A1",
        "Give each connection back inside the loop",
        AnnotationKind::Action(action("prevent", &["C1"], Some("https://tracker.example/SHOP-1"))),
    );
    add(case, "A2", "Alert on waiters of the pool", AnnotationKind::Action(action("detect", &["C2"], None)));
}
