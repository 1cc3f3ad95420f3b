//! What a document says of an incident, on small made-up data: nothing credited, affected or normal without a reason.

use std::collections::BTreeMap;

use crate::model::case::PanelRef;
use crate::model::query::ValueAt;
use crate::model::time::NS_PER_S;
use crate::model::{
    CaseDoc, Catalog, Change, EventFilter, Labels, Sample, SeriesId, SeriesKind, SeriesMeta, SourceReport, TimeRange, Timestamp, Unit,
};
use crate::report::Facts;
use crate::report::case_file::parse_annotations;
use crate::report::markdown::render;
use crate::report::postmortem::{Postmortem, ReportSettings, gather};

/// Seconds of the recording; the impact lies from [`BEGIN`] to [`END`].
const LENGTH: i64 = 900;
const BEGIN: i64 = 400;
const END: i64 = 600;

/// Series by formula, changes and failing requests by second.
#[derive(Default)]
struct Shop {
    catalog: Catalog,
    values: Vec<BTreeMap<i64, f64>>,
    failing: Vec<i64>,
}

impl Shop {
    fn new() -> Self {
        let extent = Some(TimeRange::new(Timestamp(0), Timestamp::from_secs(LENGTH)));
        let catalog =
            Catalog { sources: vec![SourceReport { path: "m.json".into(), ..SourceReport::default() }], extent, ..Catalog::default() };
        Self { catalog, ..Self::default() }
    }

    fn add(mut self, name: &str, (unit, kind): (Unit, SeriesKind), step: i64, value: impl Fn(i64) -> Option<f64>) -> Self {
        let (name, service) = name.split_once('@').map_or((name, None), |(name, service)| (name, Some(service)));
        let values: BTreeMap<i64, f64> = (0..LENGTH).step_by(step as usize).filter_map(|at| Some((at, value(at)?))).collect();
        self.catalog.series.push(SeriesMeta {
            id: SeriesId(self.values.len() as u32),
            name: name.into(),
            labels: Labels::new(service.map(|service| ("service".to_owned(), service.to_owned())).into_iter().collect()),
            unit,
            kind,
            step_ns: Some(step * NS_PER_S),
            n_samples: values.len() as u64,
            extent: self.catalog.extent,
            ..SeriesMeta::default()
        });
        self.values.push(values);
        self
    }

    /// Errors of every request inside the impact.
    fn with_errors(self, step: i64) -> Self {
        self.add("error_ratio", (Unit::Ratio, SeriesKind::Gauge), step, |at| Some(f64::from(u8::from((BEGIN..END).contains(&at)))))
    }

    /// A counter of failed requests, nine a second inside the impact.
    fn with_failures(self) -> Self {
        let failed = |at: i64| Some((at - BEGIN).clamp(0, END - BEGIN) as f64 * 9.0);
        let mut shop = self.add("edge_requests_total", (Unit::None, SeriesKind::Counter), 1, failed);
        shop.catalog.series.last_mut().unwrap().labels = Labels::new(vec![("code".into(), "502".into())]);
        shop
    }

    fn with_change(mut self, at: i64, kind: &str) -> Self {
        self.catalog.changes.push(Change {
            time: Some(Timestamp::from_secs(at)),
            kind: kind.into(),
            text: format!("v{at}"),
            service: Some("shop".into()),
            line: at as u64,
            ..Change::default()
        });
        self
    }

    fn told(&self, lines: &str) -> (Postmortem, String) {
        let line = |(n, line): (usize, &str)| {
            format!(
                "{{\"id\":\"R{n}\",\"v\":1,{line},\"author\":\"a\",\"created\":\"2026-03-02T00:00:00Z\",\"updated\":\"2026-03-02T00:00:00Z\",\"rev\":1}}"
            )
        };
        let notes = parse_annotations(&lines.lines().enumerate().map(line).collect::<Vec<_>>().join("\n"));
        assert_eq!(notes.problems.total(), 0, "{:?}", notes.problems);
        let mut case = CaseDoc { annotations: notes.annotations, ..CaseDoc::default() };
        case.meta.panels = vec![PanelRef { role: "error rate".into(), series: "error_ratio".into(), source: "m.json".into() }];
        let postmortem = gather(&case, self, &ReportSettings::default());
        let markdown = render(&postmortem).markdown;
        (postmortem, markdown)
    }
}

impl Facts for Shop {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn value_at(&self, id: SeriesId, at: Timestamp) -> Option<ValueAt> {
        let (time, value) = self.values[id.0 as usize].range(..=at.0 / NS_PER_S).next_back()?;
        Some(ValueAt { value: *value, sample_time: Timestamp::from_secs(*time) })
    }

    fn samples(&self, id: SeriesId, range: TimeRange) -> Vec<Sample> {
        let all = self.values[id.0 as usize].iter().map(|(at, value)| Sample { time: Timestamp::from_secs(*at), value: *value });
        all.filter(|sample| range.contains(sample.time)).collect()
    }

    fn count(&self, _: &EventFilter, range: TimeRange) -> u64 {
        self.failing.iter().filter(|ms| range.contains(Timestamp(**ms * 1_000_000))).count() as u64
    }

    fn sha256(&self, _: &str) -> Option<String> {
        None
    }
}

const GAUGE: (Unit, SeriesKind) = (Unit::None, SeriesKind::Gauge);
const RATE: (Unit, SeriesKind) = (Unit::PerSecond, SeriesKind::Rate);

fn marker(name: &str, secs: i64) -> String {
    format!(
        "\"kind\":\"marker\",\"t\":\"1970-01-01T00:{:02}:{:02}Z\",\"name\":\"{name}\",\"rule\":\"manual\",\"text\":\"\"",
        secs / 60,
        secs % 60
    )
}

fn both_ends() -> String {
    [marker("impact_start", BEGIN), marker("mitigated", END)].join("\n")
}

#[test]
fn the_baseline_ends_before_any_series_has_left_what_is_usual() {
    let pool = |at: i64| Some(if (BEGIN - 45..END).contains(&at) { 90.0 } else { 2.0 });
    let (_, told) = Shop::new().with_errors(15).add("pool_pending", GAUGE, 15, pool).told(&both_ends());
    assert!(told.contains("`pool_pending` | > 12 (beyond the baseline)"), "{told}");
    assert!(
        told.contains("1970-01-01T00:00:00Z … 1970-01-01T00:05:45Z; it ends before T−40s (00:06:00), where pool_pending had left"),
        "{told}"
    );
    // What was over before the first sign is a blip, and cuts nothing.
    let blip = |at: i64| Some(if (300..345).contains(&at) { 90.0 } else { 2.0 });
    let (_, told) = Shop::new().with_errors(15).add("pool_pending", GAUGE, 15, blip).told(&both_ends());
    assert!(told.contains("1970-01-01T00:00:00Z … 1970-01-01T00:06:40Z; × is"), "{told}");
}

#[test]
fn a_change_after_which_nothing_turned_gets_no_credit_and_saves_nothing() {
    let bank = |at: i64| Some(f64::from(u8::from(!(BEGIN - 2..END - 1).contains(&at))));
    let shop = Shop::new().with_errors(1).add("up@bank", GAUGE, 1, bank).with_failures().with_change(END - 60, "deploy");
    let (postmortem, told) = shop.told(&both_ends());
    assert!(
        told.contains("last change before it: deploy v540; error rate turned 1m after it, too late to credit it (within 22s)"),
        "{told}"
    );
    assert!(told.contains("bank could be scraped again (00:09:59)"), "{told}");
    assert!(postmortem.what_if.is_empty() && !told.contains("would have saved"));
    // Just before the turn, with the bank still down: it gets the credit, and what it would have saved is an assumption.
    let shop = Shop::new().with_errors(1).with_failures().with_change(END - 5, "rollback").with_change(END - 60, "deploy");
    let (postmortem, told) = shop.told(&format!("{}\n{}", both_ends(), marker("detected", BEGIN + 10)));
    assert!(told.contains("last change before it: rollback v595; error rate turned 5s after it"), "{told}");
    assert!(!postmortem.what_if.is_empty() && told.contains("by assumption"), "{told}");
    // A dependency that came back at the same time leaves it open.
    let shop = Shop::new().with_errors(1).add("up@bank", GAUGE, 1, bank).with_change(END - 5, "rollback");
    let told = shop.told(&both_ends()).1;
    assert!(
        told.contains("error rate turned 5s after it, but it need not be the reason. At that time: bank could be scraped again"),
        "{told}"
    );
}

#[test]
fn a_service_that_completes_nothing_is_affected_from_then_on() {
    let hung = |at: i64| Some(if (BEGIN - 5..END).contains(&at) { 0.0 } else { 30.0 });
    let bank = |at: i64| Some(f64::from(u8::from(!(BEGIN - 6..END).contains(&at))));
    let shop = Shop::new().with_errors(1).add("fromlogs:request_rate@payment", RATE, 1, hung).add("up@bank", GAUGE, 1, bank).add(
        "shop_error_ratio@shop",
        (Unit::Ratio, SeriesKind::Gauge),
        1,
        |at| Some(f64::from(u8::from((BEGIN..END).contains(&at)))),
    );
    let (postmortem, told) = shop.told(&both_ends());
    let order: Vec<&str> = postmortem.services.iter().map(|row| row.service.as_str()).collect();
    assert_eq!(order, ["bank", "payment", "shop"], "{told}");
    assert!(told.contains("- bank: could not be scraped from 00:06:34 to 00:10:00"), "{told}");
    assert!(told.contains("- payment: no request completed from 00:06:34 to 00:10:00"), "{told}");
    assert!(postmortem.services.iter().all(|row| row.recovered.is_some()), "{told}");
    // Missing samples are no health either.
    let gone = |at: i64| (!(BEGIN..END).contains(&at)).then_some(30.0);
    let (_, told) = Shop::new().with_errors(1).add("fromlogs:request_rate@payment", RATE, 1, gone).told(&both_ends());
    assert!(told.contains("- payment: no request completed from 00:06:40 to 00:10:00"), "{told}");
    // A service that seldom has requests is not silent between them.
    let seldom = |at: i64| Some(f64::from(u8::from(at % 40 == 0)));
    let (postmortem, _) = Shop::new().with_errors(1).add("fromlogs:request_rate@mail", RATE, 1, seldom).told(&both_ends());
    assert!(postmortem.services.is_empty());
}

#[test]
fn a_service_has_recovered_when_nothing_fails_any_more_though_it_is_slower_than_before() {
    let p99 = |at: i64| {
        Some(if (BEGIN..END + 10).contains(&at) {
            9.0
        } else if at > END {
            0.9
        } else {
            0.05
        })
    };
    let shop = Shop::new()
        .with_errors(1)
        .add("shop_error_ratio@shop", (Unit::Ratio, SeriesKind::Gauge), 1, |at| Some(f64::from(u8::from((BEGIN..END).contains(&at)))))
        .add("latency_p99@shop", (Unit::Seconds, SeriesKind::Quantile), 1, p99);
    let (postmortem, told) = shop.told(&both_ends());
    assert_eq!(postmortem.services[0].recovered, Some(Timestamp::from_secs(END + 10)), "{told}");
    assert!(postmortem.services[0].still && told.contains("beyond what was normal before to the end of the data"), "{told}");
}

#[test]
fn users_that_were_affected_in_waves_are_told_so() {
    let waves = |at: i64| Some(f64::from(u8::from((100..176).contains(&at) || (500..578).contains(&at))));
    let shop = Shop::new().add("error_ratio", (Unit::Ratio, SeriesKind::Gauge), 1, waves);
    let (_, told) = shop.told(&[marker("impact_start", 100), marker("mitigated", 578)].join("\n"));
    assert!(told.contains("for 7m58s, in 2 waves: 1m16s and 1m18s (2m34s together)."), "{told}");
    assert!(!Shop::new().with_errors(1).told(&both_ends()).1.contains("waves"));
}

#[test]
fn the_start_of_the_impact_is_the_first_failure_of_the_run_before_the_first_bad_sample() {
    let mut shop = Shop::new().with_errors(15);
    let first_bad = (BEGIN + 14) / 15 * 15;
    // Chance failures long before, then the run from nine seconds before the sample on.
    shop.failing = vec![20_250, 111_111, 250_250];
    shop.failing.extend((0..40).map(|n| (first_bad - 9) * 1000 + 123 + n * 300));
    let (postmortem, _) = shop.told("");
    let start = postmortem.provenance.suggestions.iter().find(|one| one.name.name() == "impact_start").unwrap();
    assert_eq!(start.at, Timestamp(((first_bad - 9) * 1000 + 123) * 1_000_000), "{}", start.rule);
    // Without a log the interval of the samples is told.
    shop.failing.clear();
    let (postmortem, _) = shop.told("");
    let start = postmortem.provenance.suggestions.iter().find(|one| one.name.name() == "impact_start").unwrap();
    assert_eq!(start.at, Timestamp::from_secs(first_bad));
    assert!(start.rule.starts_with("between 1970-01-01T00:06:30Z and that sample"), "{}", start.rule);
}

#[test]
fn a_panel_that_was_only_opened_is_no_impact_and_the_trigger_stands_once_in_the_timeline() {
    let shop = Shop::new().with_errors(1).add("scrape_seconds", GAUGE, 1, |_| Some(1.0)).with_change(BEGIN - 60, "deploy");
    let line = |(n, line): (usize, &str)| {
        format!(
            "{{\"id\":\"R{n}\",\"v\":1,{line},\"author\":\"a\",\"created\":\"2026-03-02T00:00:00Z\",\"updated\":\"2026-03-02T00:00:00Z\",\"rev\":1}}"
        )
    };
    let records = [marker("trigger", BEGIN - 60), both_ends()].join("\n");
    let notes = parse_annotations(&records.lines().enumerate().map(line).collect::<Vec<_>>().join("\n"));
    let mut case = CaseDoc { annotations: notes.annotations, ..CaseDoc::default() };
    let panel = |role: &str, series: &str| PanelRef { role: role.into(), series: series.into(), source: "m.json".into() };
    case.meta.panels = vec![panel("error rate", "error_ratio"), panel("", "scrape_seconds")];
    let postmortem = gather(&case, &shop, &ReportSettings::default());
    assert!(postmortem.impact.iter().all(|row| !row.label.contains("scrape_seconds")));
    let told: Vec<&str> = postmortem.timeline.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(told.iter().filter(|text| text.contains("v340")).collect::<Vec<_>>(), [&"trigger: deploy v340"]);
}

#[test]
fn a_count_is_no_ratio_and_two_services_are_not_multiplied() {
    let rate = |name: &'static str| move |shop: Shop| shop.add(name, RATE, 1, |_| Some(100.0));
    let counted = Shop::new().add("error_ratio", GAUGE, 60, |at| Some(if (BEGIN..END).contains(&at) { 260.0 } else { 1.0 }));
    let mut counted = rate("http_rps")(counted);
    counted.catalog.series[0].bounds = Some((1.0, 260.0));
    let (_, told) = counted.told(&both_ends());
    assert!(told.contains("error_ratio is no share of requests") && !told.contains("Burn rate at the peak"), "{told}");
    let other = Shop::new().add("error_ratio@kubelet", (Unit::Ratio, SeriesKind::Gauge), 1, |_| Some(1.0));
    let mut other = rate("http_rps@shop")(other);
    other.catalog.series[0].labels = Labels::default();
    other.catalog.series[1].source = crate::model::SourceId(1);
    let (_, told) = other.told(&both_ends());
    assert!(told.contains("no rate of requests of the same service as error_ratio"), "{told}");
}

#[test]
fn counts_per_period_of_one_balancer_are_summed_up() {
    let shop = Shop::new()
        .add("RequestCount", GAUGE, 60, |_| Some(600.0))
        .add("HTTPCode_ELB_5XX_Count", GAUGE, 60, |at| (420..600).contains(&at).then_some(50.0));
    let (_, told) = shop.told(&both_ends());
    assert!(told.contains("150, 7.5 % of 2 000"), "{told}");
}

#[test]
fn what_came_of_an_attempt_is_told() {
    let attempt = "\"kind\":\"attempt\",\"t0\":\"1970-01-01T00:08:00Z\",\"t1\":\"1970-01-01T00:08:00Z\",\"outcome\":\"worked\",\"text\":\"index again\"";
    let (_, told) = Shop::new().with_errors(1).told(&format!("{}\n{attempt}", both_ends()));
    assert!(told.contains("| worked |"), "{told}");
}

#[test]
fn an_old_record_of_something_else_changes_no_budget() {
    let budget = |shop: &Shop| {
        let told = shop.told(&both_ends()).1;
        told.lines().find(|line| line.contains("allowed failures")).map(str::to_owned).expect("a budget")
    };
    let mut shop = Shop::new().with_errors(1).with_failures();
    let own = budget(&shop);
    assert!(own.contains("2 requests/s while they were counted"), "{own}");
    shop.catalog.extent = Some(TimeRange::new(Timestamp::from_secs(-3 * 86_400), Timestamp::from_secs(LENGTH)));
    assert_eq!(budget(&shop), own);
}

#[test]
fn what_would_have_been_saved_is_told_of_the_attempt_that_worked() {
    let attempt = |secs: i64, outcome: &str, what: &str| {
        let at = format!("1970-01-01T00:{:02}:{:02}Z", secs / 60, secs % 60);
        format!("\"kind\":\"attempt\",\"t0\":\"{at}\",\"t1\":\"{at}\",\"outcome\":\"{outcome}\",\"text\":\"{what}\"")
    };
    let shop = Shop::new().with_errors(1).with_failures();
    let of = |attempts: &[String]| {
        let lines = [both_ends(), marker("detected", BEGIN + 10), marker("rollback_start", END - 60)];
        let labels = shop.told(&[&lines[..], attempts].concat().join("\n")).0.what_if.into_iter().map(|row| row.label);
        labels.collect::<Vec<_>>().join("; ")
    };
    let in_vain = attempt(END - 60, "no effect", "back to v1");
    let flag = attempt(END - 20, "worked", "flag off");
    assert!(of(&[]).starts_with("Roll-back at "), "{}", of(&[]));
    assert_eq!(of(std::slice::from_ref(&in_vain)), "");
    assert!(of(&[in_vain, flag]).starts_with("flag off at "));
}

#[test]
fn the_change_of_the_service_that_moved_first_is_the_trigger_before_a_nearer_one() {
    let cache = |at: i64| Some(if at >= BEGIN - 40 { 90.0 } else { 2.0 });
    let of = |shop: Shop| {
        let mut shop = shop.with_change(BEGIN - 100, "deploy").with_change(BEGIN - 10, "deploy");
        shop.catalog.changes[1].service = Some("bank".into());
        let found = shop.told("").0.provenance.suggestions;
        found.iter().find(|one| one.name.name() == "trigger").map(|one| one.at.0 / NS_PER_S)
    };
    let shop = || Shop::new().with_errors(1);
    assert_eq!(of(shop().add("cache_entries@shop", GAUGE, 5, cache)), Some(BEGIN - 100));
    // Where what moved first is of no service that changed, the nearest stands.
    assert_eq!(of(shop().add("cache_entries@disk", GAUGE, 5, cache)), Some(BEGIN - 10));
}
