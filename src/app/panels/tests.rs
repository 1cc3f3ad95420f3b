use super::limits::rule_for;
use super::words::ratio;
use super::*;
use crate::model::ThresholdRule;
use crate::model::case::FORMULA_SOURCE;

#[test]
fn a_rule_finds_its_series_whatever_the_grouping() {
    let meta = SeriesMeta {
        name: "p99_by_instance".into(),
        query: Some("histogram_quantile(0.99, sum by (service, instance, le) (rate(x_bucket[10s])))".into()),
        ..SeriesMeta::default()
    };
    let rule = |expression: &str| ThresholdRule {
        name: "r".into(),
        expression: expression.into(),
        above_is_bad: true,
        value: 1.0,
        for_ns: 0,
        source: crate::model::SourceId::default(),
    };
    let mut catalog =
        Catalog { rules: vec![rule("histogram_quantile(0.99, sum by (service, le) (rate(x_bucket[10s])))")], ..Catalog::default() };
    assert!(rule_for(&meta, &catalog).is_some());
    catalog.rules = vec![rule("histogram_quantile(0.5, sum by (service, le) (rate(x_bucket[10s])))")];
    assert!(rule_for(&meta, &catalog).is_none());
}

#[test]
fn a_panel_of_a_formula_knows_it_without_the_labels_of_its_line() {
    let of = |series: &str| PanelRef { role: String::new(), series: series.into(), source: FORMULA_SOURCE.into() };
    assert_eq!(of("sum(x{a=\"b\"})").formula(), Some("sum(x{a=\"b\"})"));
    assert_eq!(of("sum by (a) (x{b=\"c\"}){a=\"1\"}").formula(), Some("sum by (a) (x{b=\"c\"})"));
    assert_eq!(of("up{a=\"{\\\"\"}{__name__=\"up\",a=\"{\\\"\"}").formula(), Some("up{a=\"{\\\"\"}"));
    assert_eq!(PanelRef { source: "metrics.txt".into(), ..of("up") }.formula(), None);
}

#[test]
fn ratios_read_at_a_glance() {
    assert_eq!([ratio(412_300.0, 1_013.0), ratio(1.2, 1.0), ratio(0.1, 2.0)], ["×407", "×1.2", "×0.05"]);
    assert_eq!([ratio(5.0, 0.0), ratio(f64::NAN, 1.0)], ["", ""]);
}
