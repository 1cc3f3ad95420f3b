use crate::model::case::PanelRef;
use crate::model::event::Level;
use crate::model::filter::{Comparison, Expr, Term};
use crate::model::query::ValueAt;
use crate::model::time::NS_PER_S;
use crate::model::{
    CaseDoc, Catalog, EventFilter, Labels, Sample, SeriesId, SeriesKind, SeriesMeta, SourceId, SourceKind, SourceReport, TimeRange,
    Timestamp, Unit,
};
use crate::report::Facts;
use crate::report::postmortem::{Derived, ReportSettings, gather};

/// A record: its source, its service, its second, its level, its status.
type Record = (SourceId, &'static str, i64, Level, Option<u16>);

/// Logs as they are counted: ten minutes, of which users felt the third to the sixth.
struct Logs {
    catalog: Catalog,
    records: Vec<Record>,
}

impl Logs {
    fn new() -> Self {
        let extent = Some(TimeRange::new(Timestamp(0), Timestamp::from_secs(600)));
        Self { catalog: Catalog { extent, ..Catalog::default() }, records: Vec::new() }
    }

    /// A log of one service: of `all` records in the window so many failed; a status for each, or none for any.
    fn with(mut self, (path, format): (&str, &str), service: &'static str, counts: (u16, u16), level_of_failed: Level) -> Self {
        let id = SourceId(self.catalog.sources.len() as u32);
        self.catalog.sources.push(SourceReport {
            id,
            path: path.into(),
            kind: SourceKind::Logs,
            format: format.into(),
            services: vec![service.to_owned()],
            extent: self.catalog.extent.map(|range| (range.start(), range.end())),
            ..SourceReport::default()
        });
        let (failed, all) = counts;
        for n in 0..all {
            let (level, status) = if n < failed { (level_of_failed, 503) } else { (Level::Info, 200) };
            self.records.push((id, service, 200, level, Some(status)));
        }
        self.rate(service, id)
    }

    fn rate(mut self, service: &str, source: SourceId) -> Self {
        let labels = Labels::new(vec![("service".to_owned(), service.to_owned())]);
        if !self.catalog.series.iter().any(|meta| meta.labels == labels) {
            self.catalog.series.push(SeriesMeta {
                id: SeriesId(self.catalog.series.len() as u32),
                name: "fromlogs:request_rate".into(),
                labels,
                source,
                unit: Unit::PerSecond,
                kind: SeriesKind::Rate,
                is_derived: true,
                extent: self.catalog.extent,
                ..SeriesMeta::default()
            });
        }
        self
    }

    fn without_status(mut self, n: usize, level: Level) -> Self {
        let (id, service) = self.records.first().map(|record| (record.0, record.1)).unwrap();
        self.records.extend(std::iter::repeat_n((id, service, 200, level, None), n));
        self
    }

    fn row(&self, id: &str) -> Option<Derived> {
        let mark = |name: &str, minute: i64| {
            format!(
                r#"{{"id":"{name}","v":1,"kind":"marker","t":"1970-01-01T00:0{minute}:00Z","name":"{name}","rule":"manual","text":"","author":"a","created":"2026-03-02T00:00:00Z","updated":"2026-03-02T00:00:00Z","rev":1}}"#
            )
        };
        let notes = crate::report::case_file::parse_annotations(&[mark("impact_start", 3), mark("mitigated", 6)].join("\n"));
        let case = CaseDoc { annotations: notes.annotations, ..CaseDoc::default() };
        let panels = self.catalog.series.iter().filter(|meta| meta.name == "fromlogs:error_ratio");
        let panels = panels.map(|meta| PanelRef { role: "error rate".into(), series: meta.full_name(), source: String::new() }).collect();
        let postmortem = gather(&case, self, &ReportSettings { panels, ..ReportSettings::default() });
        postmortem.impact.into_iter().find(|row| row.id == id)
    }

    fn told(&self) -> String {
        let row = self.row("impact.failed").unwrap();
        format!("{}: {}", row.label, row.value.unwrap_or(if row.how.is_empty() { row.formula } else { row.how }))
    }
}

/// The conditions that counting asks for.
fn passes(expr: &Expr, record: &Record) -> bool {
    match expr {
        Expr::And(all) => all.iter().all(|one| passes(one, record)),
        Expr::Or(any) => any.iter().any(|one| passes(one, record)),
        Expr::Not(one) => !passes(one, record),
        Expr::Term(Term::Status(comparison, limit)) => record.4.is_some_and(|status| Comparison::holds(*comparison, &status, limit)),
        Expr::Term(_) => false,
    }
}

impl Facts for Logs {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn value_at(&self, _: SeriesId, _: Timestamp) -> Option<ValueAt> {
        None
    }

    fn samples(&self, _: SeriesId, _: TimeRange) -> Vec<Sample> {
        Vec::new()
    }

    fn count(&self, filter: &EventFilter, range: TimeRange) -> u64 {
        let is_in = |record: &&Record| {
            range.contains(Timestamp(record.2 * NS_PER_S))
                && (filter.services.is_empty() || filter.services.iter().any(|name| name == record.1))
                && (filter.sources.is_empty() || filter.sources.contains(&record.0))
                && filter.min_level.is_none_or(|least| record.3 >= least)
                && filter.expr.as_ref().is_none_or(|expr| passes(expr, record))
        };
        self.records.iter().filter(is_in).count() as u64
    }

    fn sha256(&self, _: &str) -> Option<String> {
        None
    }
}

const W3C: &str = "w3c-extended";

#[test]
fn hosts_behind_one_balancer_are_added_up() {
    let logs = Logs::new().with(("iis/WEB01/u_ex1.log", W3C), "WEB01", (20, 100), Level::Info);
    assert_eq!(logs.told(), "Failed requests, in the log of WEB01: 20, 20 % of 100 with a status");
    let logs = logs.with(("iis/WEB02/u_ex1.log", W3C), "WEB02", (10, 100), Level::Info);
    assert_eq!(logs.told(), "Failed requests, in the logs of WEB01 and WEB02: 30, 15 % of 200 with a status");
}

#[test]
fn the_same_requests_told_by_another_layer_or_format_or_file_are_not_added() {
    let one = || Logs::new().with(("shop/access-1.log", "combined"), "shop", (20, 100), Level::Info);
    let alone = "Failed requests, in the log of shop: 20, 20 % of 100 with a status";
    // Another format of the same service, and another file of the same program in the same format.
    assert_eq!(one().with(("shop/telemetry.csv", "csv"), "shop", (19, 90), Level::Info).told(), alone);
    assert_eq!(one().with(("shop/error-1.log", "combined"), "shop", (19, 90), Level::Info).told(), alone);
    // Another service, in front of it.
    let told = one().with(("edge/access-1.log", "combined"), "edge", (21, 101), Level::Info).told();
    assert_eq!(told, "Failed requests, in the log of edge: 21, 20.8 % of 101 with a status");
    // Instances of one program write the same files.
    let told = one().with(("shop/access-2.log", "combined"), "shop", (5, 100), Level::Info).told();
    assert_eq!(told, "Failed requests, in the log of shop: 25, 12.5 % of 200 with a status");
}

#[test]
fn where_errors_state_no_status_none_is_not_called_a_share() {
    let some = || Logs::new().with(("a.log", "json"), "shop", (0, 50), Level::Info);
    assert_eq!(some().told(), "Failed requests, in the log of shop: 0, 0 % of 50 with a status");
    let told = some().without_status(7, Level::Error).told();
    assert!(told.contains("no record with a status failed, of 50, but 7 error records state none"), "{told}");
    let told = Logs::new().with(("a.log", "json"), "shop", (2, 50), Level::Error).without_status(7, Level::Error).row("impact.failed");
    assert!(told.unwrap().inputs.contains(&"7 error records without a status are not among them".to_owned()));
}

#[test]
fn a_share_of_log_records_is_told_as_records() {
    let mut logs = Logs::new().with(("a.log", "json"), "shop", (0, 0), Level::Info);
    let records = (0..40).map(|n| (SourceId(0), "shop", 200, if n < 6 { Level::Error } else { Level::Info }, None));
    logs.records.extend(records);
    let meta = logs.catalog.series.first_mut().unwrap();
    (meta.name, meta.unit) = ("fromlogs:error_ratio".into(), Unit::Ratio);
    meta.query = Some("events of level error or fatal / all events, over 2s".into());
    assert!(logs.told().contains("is a share of log records, not of requests"), "{}", logs.told());
    let row = logs.row("impact.errors").unwrap();
    assert_eq!((row.label.as_str(), row.value.as_deref()), ("Error records, in the log of shop", Some("6 of 40 records")));
}
