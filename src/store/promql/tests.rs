//! What the numbers of expressions are, on series small enough to see.

use std::sync::Arc;

use super::*;
use crate::model::SeriesMeta;
use crate::model::time::NS_PER_S;
use crate::store::series::SeriesStore;
use crate::store::testing::watch;

/// `name{a="b"} v v - v`: one sample a step of 15 s from 0, `-` none, `s` a staleness marker.
pub(super) fn catalog(text: &str) -> (Vec<SeriesMeta>, Vec<Arc<SeriesStore>>) {
    let mut series: Vec<(SeriesMeta, Arc<SeriesStore>)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, values) = line.split_once(' ').expect("name and values");
        let (name, labels) = head.split_once('{').unwrap_or((head, ""));
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()));
        let labels = Labels::new(labels.trim_end_matches('}').split(',').filter_map(pair).collect());
        let sample = |(i, word): (usize, &str)| {
            let time = Timestamp(i as i64 * 15 * NS_PER_S);
            match word {
                "-" => None,
                "s" => Some(Sample { time, value: f64::from_bits(crate::model::series::STALE_BITS) }),
                word => Some(Sample { time, value: word.parse().expect("a number") }),
            }
        };
        let samples: Vec<Sample> = values.split_whitespace().enumerate().filter_map(sample).collect();
        let n_samples = samples.len() as u64;
        series
            .push((SeriesMeta { name: name.to_owned(), labels, n_samples, ..SeriesMeta::default() }, Arc::new(SeriesStore::new(samples))));
    }
    series.sort_by(|a, b| (&a.0.name, &a.0.labels).cmp(&(&b.0.name, &b.0.labels)));
    series.iter_mut().zip(0..).for_each(|(series, id)| series.0.id = crate::model::SeriesId(id));
    series.into_iter().unzip()
}

/// Every line of the answer at a moment: `name{labels} value`.
fn at(series: &str, expression: &str, seconds: i64) -> Vec<String> {
    let (metas, stores) = catalog(series);
    let pool = Pool::new(&metas, &stores);
    let steps = Steps::at(Timestamp(seconds * NS_PER_S));
    let answer = match Expression::parse(expression) {
        Ok(expression) => evaluate(&expression, &pool, steps, &watch()),
        Err(error) => return vec![error.to_string()],
    };
    match answer {
        Ok(rows) => rows.iter().map(|row| format!("{}{} {}", row.name, rows::shown(&row.labels), row.samples[0].value)).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[track_caller]
fn check(series: &str, expression: &str, seconds: i64, expected: &[&str]) {
    assert_eq!(at(series, expression, seconds), expected, "{expression}");
}

#[test]
fn a_rate_counts_on_over_a_restart_and_is_never_negative() {
    let series = "requests_total 100 130 160 10 40";
    check(series, "increase(requests_total[1m])", 60, &["{} 100"]);
    check(series, "rate(requests_total[30s])", 45, &["{} 1.3333333333333333"]);
    check(series, "resets(requests_total[1m])", 60, &["{} 1"]);
    check(series, "delta(requests_total[1m])", 60, &["{} -60"]);
}

#[test]
fn a_rate_is_not_extrapolated_below_zero() {
    // The counter began at 10 one scrape ago: at its own pace it was zero 5 s before the first sample.
    check("x - - 10 40", "increase(x[1m])", 45, &["{} 40"]);
}

#[test]
fn after_a_staleness_marker_there_is_nothing_until_the_next_sample() {
    let series = "up{i=\"a\"} 1 1 s - 1\nup{i=\"b\"} 0 0 0 0 0";
    check(series, "up", 20, &["up{i=\"a\"} 1", "up{i=\"b\"} 0"]);
    check(series, "up", 35, &["up{i=\"b\"} 0"]);
    check(series, "count(up)", 60, &["{} 2"]);
    check(series, "count_over_time(up[1m])", 45, &["{i=\"a\"} 2", "{i=\"b\"} 4"]);
}

#[test]
fn a_sample_counts_for_five_minutes() {
    check("x 1", "x", 300, &["x{} 1"]);
    check("x 1", "x", 301, &[]);
    check("x 1", "x offset 5m", 600, &["x{} 1"]);
}

#[test]
fn quantiles_lie_inside_their_bucket_and_stop_at_the_highest_bound() {
    let buckets = "b{le=\"0.1\"} 90\nb{le=\"1\"} 98\nb{le=\"+Inf\"} 100";
    check(buckets, "histogram_quantile(0.5, b)", 0, &["{} 0.05555555555555556"]);
    check(buckets, "histogram_quantile(0.94, b)", 0, &["{} 0.55"]);
    check(buckets, "histogram_quantile(0.99, b)", 0, &["{} 1"]);
    check("b{le=\"1\"} 0\nb{le=\"+Inf\"} 0", "histogram_quantile(0.99, b)", 0, &["{} NaN"]);
    check("b{le=\"1\"} 5", "histogram_quantile(0.99, b)", 0, &["{} NaN"]);
}

#[test]
fn sides_of_an_operator_meet_by_their_labels() {
    let series = "used{i=\"a\",p=\"x\"} 5\nused{i=\"b\",p=\"x\"} 8\nmax{i=\"a\"} 10\nmax{i=\"b\"} 10";
    check(series, "used / ignoring(p) max", 0, &["{i=\"a\"} 0.5", "{i=\"b\"} 0.8"]);
    check(series, "used / on(i) group_left max > 0.6", 0, &["{i=\"b\", p=\"x\"} 0.8"]);
    check(series, "used > bool 6", 0, &["{i=\"a\", p=\"x\"} 0", "{i=\"b\", p=\"x\"} 1"]);
    check(series, "max / on() used", 0, &["the right side of / has several series for {}; group them"]);
    check(series, "used / on() max{i=\"a\"}", 0, &["the left side of / has several series for {}; group them"]);
    check(series, "max and on(i) used{i=\"a\"}", 0, &["max{i=\"a\"} 10"]);
    check(series, "max unless on(i) used{i=\"a\"}", 0, &["max{i=\"b\"} 10"]);
    check(series, "absent(nothing{a=\"b\"})", 0, &["{a=\"b\"} 1"]);
}

#[test]
fn nan_equals_nothing_and_infinity_itself() {
    let series = "n{k=\"nan\"} NaN\nn{k=\"inf\"} inf";
    check(series, "n == n", 0, &["n{k=\"inf\"} inf"]);
    check(series, "n != n", 0, &["n{k=\"nan\"} NaN"]);
}

#[test]
fn what_is_not_supported_is_named_with_its_column() {
    let of = |text: &str| at("", text, 0).join("");
    assert_eq!(of("1 + max_over_time(rate(x[1m])[5m:30s])"), "column 31: subqueries are not supported");
    assert_eq!(of("sum(x) + holt_winters(x[1m], 1, 1)"), "column 10: unknown function with name 'holt_winters'");
    assert_eq!(of("1 - predict_linear(x[1m], 60)"), "column 5: the function predict_linear is not supported");
    assert_eq!(of("x[5m:1m] @ 5"), "column 3: subqueries are not supported");
    assert_eq!(of("count_values(\"a\", x)"), "column 1: the aggregation count_values is not supported");
    assert_eq!(of("sum(x"), "column 4: \"(\" is not closed");
}

#[test]
fn no_text_makes_the_parser_panic() {
    use proptest::prelude::*;
    let words = prop::sample::select(vec![
        "sum", "rate", "(", ")", "[5m]", "{", "}", "x", "=~", "\"a\"", "by", "offset", "-", "5", "/", "é", "@", ":", ",", "\\",
    ]);
    proptest!(ProptestConfig::with_cases(300), |(text in prop::collection::vec(words, 0..12))| {
        let _ = at("x 1 2 3", &text.join(" "), 30);
    });
}

#[test]
fn a_stated_moment_is_asked_for_whatever_the_step() {
    let series = "x 1 2 3 4 5";
    check(series, "x @ 30", 60, &["x{} 3"]);
    check(series, "x @ 30 offset 15s", 60, &["x{} 2"]);
    check(series, "sum_over_time(x[15s] @ 45)", 0, &["{} 7"]);
    check(series, "x @ end()", 15, &["x{} 2"]);
}

#[test]
fn a_native_histogram_is_asked_for_under_its_own_name() {
    let series = "x_bucket{le=\"1\"} 0 0 0\nx_bucket{le=\"2\"} 2 4 8\nx_bucket{le=\"4\"} 2 4 16\nx_bucket{le=\"+Inf\"} 2 4 16\n\
                  x_count 2 4 16\nx_sum 3 6 40";
    check(series, "histogram_quantile(0.5, x)", 30, &["{} 2"]);
    check(series, "histogram_quantile(0.75, sum by (le) (x))", 30, &["{} 3"]);
    check(series, "histogram_count(increase(x[30s]))", 30, &["{} 14"]);
    check(series, "histogram_sum(x) / histogram_count(x)", 30, &["{} 2.5"]);
    check(series, "histogram_avg(x)", 30, &["{} 2.5"]);
    check(series, "histogram_fraction(1.5, 2, x)", 30, &["{} 0.25"]);
    check(series, "histogram_quantile(0.5, sum by (le) (x_bucket))", 30, &["{} 2"]);
    let told = "x is a histogram, not a number: ask for histogram_quantile(0.9, …), histogram_count(…), histogram_sum(…) of it, or for \
                x_bucket with its label le";
    check(series, "sum(rate(x[1m]))", 30, &[&format!("column 10: {told}")]);
    check(series, "histogram_quantile(0.9, max(x))", 30, &["column 25: max of histograms is not supported"]);
}

#[test]
fn a_histogram_that_begins_again_is_counted_on() {
    let series = "x_bucket{le=\"1\"} 4 6 1\nx_bucket{le=\"2\"} 8 12 9\nx_count 8 12 13\nx_sum 9 14 2";
    // The first bucket lost five: all of the last sample is new.
    check(series, "histogram_count(increase(x[30s]))", 30, &["{} 17"]);
}

proptest::proptest! {
    #[test]
    fn no_rate_of_a_counter_is_negative_however_often_it_begins_again(
        steps in proptest::collection::vec((0.0..1e6_f64, proptest::bool::weighted(0.2), proptest::bool::weighted(0.1)), 2..40),
        window in 20_u32..300,
    ) {
        let mut total = 0.0;
        let words: Vec<String> = steps.iter().map(|(rise, is_restart, is_missed)| {
            total = if *is_restart { *rise } else { total + rise };
            if *is_missed { "-".to_owned() } else { total.to_string() }
        }).collect();
        let (metas, stores) = catalog(&format!("x_total {}", words.join(" ")));
        let pool = Pool::new(&metas, &stores);
        for function in ["rate", "irate", "increase"] {
            let expression = Expression::parse(&format!("{function}(x_total[{window}s])")).expect("an expression");
            let steps = Steps { start: Timestamp(0), step_ns: 7 * NS_PER_S, n: 100 };
            let rows = evaluate(&expression, &pool, steps, &watch()).expect("an answer");
            proptest::prop_assert!(rows.iter().flat_map(|row| &row.samples).all(|sample| sample.value >= 0.0), "{rows:?}");
        }
    }
}
