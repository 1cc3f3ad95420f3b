use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Document {
    parse(text.as_bytes(), &Context { path: "prometheus/edge_p99.json".into(), ..Context::default() })
}

fn matrix(series: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#)
}

#[test]
fn names_times_and_special_values_are_read_exactly() {
    let document = read(&matrix(
        r#"{"metric":{},"values":[[1795400359.794,"NaN"],[1795400360,"+Inf"],[1795400361.123456789,"-Inf"],["1795400362","1.5"]]},
           {"metric":{"__name__":"up","job":"a\"b"},"values":[[1795400359,"1"]]}"#,
    ));
    assert_eq!((document.series.len(), document.n_records, document.problems.total()), (2, 5, 0));
    let edge = &document.series[0];
    assert_eq!((edge.name.as_str(), document.series[1].labels.get("job")), ("edge_p99", Some("a\"b")));
    let times: Vec<i64> = edge.samples.iter().map(|sample| sample.time.0).collect();
    assert_eq!(times, [1_795_400_359_794_000_000, 1_795_400_360_000_000_000, 1_795_400_361_123_456_789, 1_795_400_362_000_000_000]);
    assert!(edge.samples[0].value.is_nan() && edge.samples[1].value > 1e308 && edge.samples[2].value < -1e308);
}

#[test]
fn vector_scalar_and_bare_forms_are_read() {
    for (text, n) in [
        (r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1795400359.5,"2"]}]}}"#, 1),
        (r#"{"status":"success","data":{"resultType":"scalar","result":[1795400359.5,"2"]}}"#, 1),
        (r#"{"status":"success","data":{"resultType":"string","result":[1795400359.5,"text"]}}"#, 0),
        (r#"[{"metric":{"a":"b"},"values":[[1795400359.5,"2"],[1795400360.5,"3"]]}]"#, 2),
        (
            "{\"metric\":{\"__name__\":\"up\"},\"values\":[1,null,3],\"timestamps\":[1795400359500,1795400360500,1795400361500]}\n{\"metric\":{\"__name__\":\"up\"},\"values\":[4],\"timestamps\":[1795400362500]}\n",
            3,
        ),
    ] {
        let document = read(text);
        assert_eq!((document.n_records, document.problems.total()), (n, 0), "{text}");
        let first = document.series.first().map(|one| one.samples[0].time.0);
        assert_eq!(first, (n > 0).then_some(1_795_400_359_500_000_000), "{text}");
    }
}

#[test]
fn an_empty_result_is_no_problem_and_an_error_is_one() {
    assert_eq!((read(&matrix("")).n_records, read(&matrix("")).problems.total()), (0, 0));
    let error = read(r#"{"status":"error","errorType":"bad_data","error":"1:5: parse error: unclosed left parenthesis"}"#);
    assert_eq!((error.n_records, error.series.len()), (0, 0));
    let problem = &error.problems.kept()[0];
    assert_eq!(
        (problem.kind, problem.reason.contains("bad_data: 1:5: parse error: unclosed left parenthesis")),
        (ProblemKind::Answer, true)
    );
}

#[test]
fn a_cut_document_keeps_its_complete_series() {
    let whole =
        matrix(r#"{"metric":{"a":"1"},"values":[[1795400359,"1"]]},{"metric":{"a":"2"},"values":[[1795400359,"1"],[1795400360,"1"]]}"#);
    let document = read(&whole[..whole.len() - 12]);
    assert_eq!(document.series.len(), 1);
    let problem = &document.problems.kept()[0];
    assert_eq!(problem.kind, ProblemKind::Truncated);
    assert!(problem.reason.starts_with(&format!("cut at byte {}", whole.len() - 12)), "{}", problem.reason);
}

#[test]
fn bad_points_are_counted_where_they_stand() {
    let document =
        read(&matrix("{\"metric\":{},\"values\":[[1795400359,\"1\"],\n[1795400360,\"1e400\"],[\"soon\",\"1\"],[1795400359,\"2\"]]}"));
    let counts = document.problems.counts();
    assert_eq!(
        (counts.get(&ProblemKind::Syntax), counts.get(&ProblemKind::Time), counts.get(&ProblemKind::Duplicate)),
        (Some(&1), Some(&1), Some(&1))
    );
    assert_eq!((document.problems.kept()[0].line, document.series[0].samples[0].value), (2, 2.0));
}

#[test]
fn native_histograms_are_counted_not_read() {
    let document = read(&matrix(
        r#"{"metric":{"__name__":"h"},"histograms":[[1795400359,{"count":"3","sum":"2","buckets":[[0,"1","2","3"]]}],[1795400360,{}]]}"#,
    ));
    assert_eq!(document.problems.kept()[0].reason, "2 native histogram samples are not read yet");
}

#[test]
fn the_query_tells_unit_and_kind() {
    let context =
        Context { path: "p.json".into(), query: Some("histogram_quantile(0.99, rate(x_seconds_bucket[1m]))".into()), ..Context::default() };
    let document = parse(matrix(r#"{"metric":{},"values":[[1795400359,"1"]]}"#).as_bytes(), &context);
    assert_eq!((document.series[0].unit, document.series[0].kind), (crate::model::Unit::Seconds, crate::model::SeriesKind::Quantile));
}

proptest! {
    #[test]
    fn what_was_generated_is_what_is_read(
        series in proptest::collection::btree_map("[a-z]{1,6}", proptest::collection::btree_map(1_000_000_000_000_i64..2_000_000_000_000, proptest::num::f64::ANY, 1..20), 1..6)
    ) {
        let text = |ms: &i64, value: &f64| {
            let shown = if value.is_nan() { "NaN".to_owned() } else if value.is_infinite() { if *value > 0.0 { "+Inf".into() } else { "-Inf".into() } } else { format!("{value:?}") };
            format!("[{}.{:03},\"{shown}\"]", ms / 1000, ms % 1000)
        };
        let body: Vec<String> = series.iter().map(|(name, points)| {
            let values: Vec<String> = points.iter().map(|(ms, value)| text(ms, value)).collect();
            format!(r#"{{"metric":{{"__name__":"{name}"}},"values":[{}]}}"#, values.join(","))
        }).collect();
        let document = read(&matrix(&body.join(",")));
        prop_assert_eq!(document.problems.total(), 0);
        for (one, (name, points)) in document.series.iter().zip(&series) {
            prop_assert_eq!(&one.name, name);
            prop_assert_eq!(one.samples.len(), points.len());
            for (sample, (ms, value)) in one.samples.iter().zip(points) {
                prop_assert_eq!(sample.time.0, ms * 1_000_000);
                prop_assert!(sample.value.total_cmp(value).is_eq() || (sample.value.is_nan() && value.is_nan()));
            }
        }
    }
}
