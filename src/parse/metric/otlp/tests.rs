//! Export requests as collectors and SDKs write them.

use super::*;

#[test]
fn sums_histograms_and_summaries_become_series_as_prometheus_knows_them() {
    let text = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"order"}}]},"scopeMetrics":[{"metrics":[
        {"name":"requests","unit":"1","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"timeUnixNano":"1700000000000000000","asInt":"42","attributes":[{"key":"code","value":{"intValue":"500"}}]}]}},
        {"name":"queue","gauge":{"dataPoints":[{"timeUnixNano":"1700000000000000000","asDouble":1.5},{"timeUnixNano":"0","asInt":1}]}},
        {"name":"took","unit":"ms","histogram":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","dataPoints":[{"timeUnixNano":"1700000000000000000","count":"3","sum":600,"explicitBounds":[100,250],"bucketCounts":["1","1","1"]}]}}]}]}]}"#;
    assert!(recognise(&Sketch::of(text.as_bytes()).expect("JSON")).is_some());
    let document = parse(text.as_bytes(), &Context::default());
    let rows: Vec<String> = document
        .series
        .iter()
        .map(|one| {
            let le = one.labels.get("le").map(|le| format!("{{{le}}}")).unwrap_or_default();
            format!("{}{le} {}", one.name, one.samples[0].value)
        })
        .collect();
    assert_eq!(
        rows,
        ["requests 42", "queue 1.5", "took_count 3", "took_sum 0.6", "took_bucket{0.1} 1", "took_bucket{0.25} 2", "took_bucket{+Inf} 3"]
    );
    assert_eq!(document.series[0].kind, SeriesKind::Counter);
    assert_eq!((document.series[0].labels.get("service.name"), document.series[0].labels.get("code")), (Some("order"), Some("500")));
    assert_eq!((document.n_records, document.n_unplaced, document.problems.total()), (4, 1, 2));
}

/// Name, labels that are not of the resource, and values of all series.
fn shown(metrics: &str) -> Vec<String> {
    let text = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metrics}]}}]}}]}}"#);
    let document = parse(text.as_bytes(), &Context::default());
    let one = |one: &crate::parse::ParsedSeries| {
        let le = one.labels.get("le").map(|le| format!("{{{le}}}")).unwrap_or_default();
        let values: Vec<String> = one.samples.iter().map(|sample| sample.value.to_string()).collect();
        format!("{}{le} {}", one.name, values.join(" "))
    };
    document.series.iter().map(one).collect()
}

#[test]
fn what_deltas_add_becomes_a_total() {
    let point = |at: u32, rest: &str| format!(r#"{{"timeUnixNano":"170000000{at}000000000",{rest}}}"#);
    let sum = format!(
        r#"{{"name":"n","sum":{{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{},{}]}}}}"#,
        point(1, r#""asInt":"3""#),
        point(2, r#""asInt":"4""#)
    );
    assert_eq!(shown(&sum), ["n 3 7"]);
    let held = r#""count":"2","sum":1.5,"explicitBounds":[1],"bucketCounts":["1","1"],"max":1"#;
    let histogram =
        format!(r#"{{"name":"h","histogram":{{"aggregationTemporality":1,"dataPoints":[{},{}]}}}}"#, point(1, held), point(2, held));
    assert_eq!(shown(&histogram), ["h_count 2 4", "h_sum 1.5 3", "h_max 1 1", "h_bucket{1} 1 2", "h_bucket{+Inf} 2 4"]);
}

#[test]
fn exponential_histograms_have_buckets_and_merge_where_their_resolution_falls() {
    let point = |at: u32, scale: i32, offset: i32, counts: &str| {
        format!(
            r#"{{"timeUnixNano":"170000000{at}000000000","count":"6","sum":9,"scale":{scale},"zeroCount":"1","positive":{{"offset":{offset},"bucketCounts":[{counts}]}},"negative":{{"offset":0,"bucketCounts":["2"]}}}}"#
        )
    };
    let metric = |temporality: u32, points: &[String]| {
        format!(
            r#"{{"name":"x","unit":"ms","exponentialHistogram":{{"aggregationTemporality":{temporality},"dataPoints":[{}]}}}}"#,
            points.join(",")
        )
    };
    // Base 2: -(2 to 1), 0, 1 to 2, 2 to 4; ms become s.
    let cumulative = shown(&metric(2, &[point(1, 0, 0, r#""1","2""#)]));
    assert_eq!(
        cumulative,
        [
            "x_count 6",
            "x_sum 0.009",
            "x_bucket{-0.002} 0",
            "x_bucket{-0.001} 2",
            "x_bucket{0} 2",
            "x_bucket{0} 3",
            "x_bucket{0.001} 3",
            "x_bucket{0.002} 4",
            "x_bucket{0.004} 6",
            "x_bucket{+Inf} 6"
        ]
        .map(str::to_owned)
        .into_iter()
        .filter(|line| line != "x_bucket{0} 2")
        .collect::<Vec<_>>()
    );
    // Four buckets at scale 1 are two at scale 0.
    let deltas = shown(&metric(1, &[point(1, 0, 0, r#""1","2""#), point(2, 1, 0, r#""1","0","1","1""#)]));
    assert_eq!(deltas.iter().find(|line| line.starts_with("x_bucket{0.002}")).map(String::as_str), Some("x_bucket{0.002} 4 8"));
    assert_eq!(deltas.last().map(String::as_str), Some("x_bucket{+Inf} 6 12"));
}

#[test]
fn points_of_the_first_versions_of_the_protocol_are_read() {
    let text = r#"{"resourceMetrics":[{"instrumentationLibraryMetrics":[{"metrics":[
        {"name":"queue","intGauge":{"dataPoints":[{"labels":[{"key":"q","value":"a"}],"timeUnixNano":"1700000000000000000","value":"7"}]}},
        {"name":"reqs","intSum":{"dataPoints":[{"timeUnixNano":"1700000000000000000","value":"70"}],"aggregationTemporality":2,"isMonotonic":true}},
        {"name":"load","doubleGauge":{"dataPoints":[{"timeUnixNano":"1700000000000000000","value":0.5}]}},
        {"name":"size","intHistogram":{"dataPoints":[{"timeUnixNano":"1700000000000000000","count":"3","sum":"10","bucketCounts":["1","2"],"explicitBounds":[5]}]}}]}]}]}"#;
    let document = parse(text.as_bytes(), &Context::default());
    let told: Vec<String> = document.series.iter().map(|one| format!("{} {}", one.name, one.samples[0].value)).collect();
    assert_eq!(told, ["queue 7", "reqs 70", "load 0.5", "size_count 3", "size_sum 10", "size_bucket 1", "size_bucket 3"]);
    assert_eq!(document.series[0].labels.get("q"), Some("a"));
    assert_eq!((document.series[1].kind, document.problems.total()), (SeriesKind::Counter, 0));
}
