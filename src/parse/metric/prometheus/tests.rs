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
        assert_eq!((document.n_records, document.problems.total()), (n, u64::from(n == 0)), "{text}");
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
fn native_histograms_become_count_sum_and_cumulative_buckets() {
    let text = matrix(
        r#"{"metric":{"__name__":"h","a":"b"},"histograms":[[1795400359,{"count":"5","sum":"2","buckets":[[3,"-0.001","0.001","2"],[0,"1","2","3"]]}],[1795400360,{}]]}"#,
    );
    let document = read(&text);
    let got: Vec<String> = document
        .series
        .iter()
        .map(|one| format!("{}{}={}", one.name, one.labels.get("le").map(|le| format!("<={le}")).unwrap_or_default(), one.samples[0].value))
        .collect();
    assert_eq!(
        got,
        ["h_count=5", "h_sum=2", "h_bucket<=-0.001=0", "h_bucket<=0.001=2", "h_bucket<=1=2", "h_bucket<=2=5", "h_bucket<=+Inf=5"]
    );
    assert_eq!(document.problems.kept()[0].reason, "1 native histogram samples cannot be read");
    let instant = read(&text.replace("\"histograms\":[", "\"histogram\":").replace(",[1795400360,{}]]", ""));
    assert_eq!((instant.series.len(), instant.problems.total()), (7, 0));
}

#[test]
fn words_of_the_engine_are_shown() {
    let text = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1795400359,"1"]]}]},"warnings":["slow shard"],"infos":["not a counter"]}"#;
    let document = read(text);
    let reasons: Vec<&str> = document.problems.kept().iter().map(|problem| problem.reason.as_str()).collect();
    assert_eq!((reasons, document.n_records), (vec!["the engine says: slow shard", "the engine says: not a counter"], 1));
}

#[test]
fn the_usual_form_takes_the_short_way_and_anything_else_the_long_one() {
    let usual = |text: &str| fast::matrix(text.as_bytes()).is_some();
    let one = r#"{"metric":{"a":"b\"c"},"values":[[1795400359.5,"1"],[1795400360,"-1.5e-7"],[1795400361,"NaN"]]}"#;
    assert!(usual(&matrix(one)) && usual(&matrix("")) && usual(&matrix(&format!("{one},\n{one}"))));
    for other in [
        one.replace("1795400360,", "1795400350,"),
        one.replace("\"-1.5e-7\"", "\"1e999\""),
        one.replace("\"1\"", "1"),
        one.replace("\"1\"", "null"),
        one.replace("values", "histograms"),
        one.replace(",[", ", ["),
    ] {
        assert!(!usual(&matrix(&other)), "{other}");
    }
    assert!(!usual(&matrix(one).replace("success", "error")) && !usual(&matrix(one)[..100]));
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
