//! Which series are proposed for which metrics, and what they say.

use std::fmt::Write as _;
use std::sync::Arc;

use super::*;
use crate::model::SeriesMeta;
use crate::store::series::SeriesStore;
use crate::store::testing::watch;

/// Series of one sample a second: `name{labels} value value …`.
fn catalog(text: &str) -> (Vec<SeriesMeta>, Vec<Arc<SeriesStore>>) {
    let text = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut lines = String::new();
    for line in text {
        let (head, values) = line.rsplit_once("} ").or_else(|| line.split_once(' ')).expect("values");
        let head = if head.contains('{') { format!("{head}}}") } else { head.to_owned() };
        for (second, value) in values.split_whitespace().enumerate().filter(|(_, value)| *value != "-") {
            let _ = writeln!(lines, "{head} {value} {}", 1_700_000_000 + second);
        }
    }
    lines += "# EOF\n";
    let context = crate::parse::Context { path: "metrics.txt".into(), ..crate::parse::Context::default() };
    let document = crate::parse::metric::exposition::parse(lines.as_bytes(), &context);
    let mut series: Vec<(SeriesMeta, Arc<SeriesStore>)> = document
        .series
        .into_iter()
        .map(|series| {
            let store = SeriesStore::new(series.samples);
            let (n_samples, extent, step_ns) = (store.len() as u64, store.extent(), store.step_ns());
            let ParsedSeries { name, labels, unit, kind, .. } = series;
            (SeriesMeta { name, labels, unit, kind, n_samples, extent, step_ns, ..SeriesMeta::default() }, Arc::new(store))
        })
        .collect();
    series.sort_by(|a, b| (&a.0.name, &a.0.labels).cmp(&(&b.0.name, &b.0.labels)));
    series.iter_mut().zip(0..).for_each(|(series, i)| series.0.id = crate::model::SeriesId(i));
    series.into_iter().unzip()
}

/// `name{labels} value …` of all that is derived, one value a step.
fn derived(text: &str) -> Vec<String> {
    let (metas, stores) = catalog(text);
    let all = derive(&Pool::new(&metas, &stores), &watch()).expect("not cancelled");
    let told = |one: &Computed| {
        let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let values: Vec<String> = one.samples.iter().map(|sample| format!("{:.2}", sample.value)).collect();
        format!("{}{{{}}} {}", one.name, labels.join(","), values.join(" "))
    };
    all.iter().map(told).collect()
}

fn formula(text: &str, name: &str) -> String {
    let (metas, stores) = catalog(text);
    let all = recipes(&Pool::new(&metas, &stores));
    all.into_iter().find(|recipe| recipe.name == name).map_or_else(|| format!("no {name}"), |recipe| recipe.formula)
}

#[test]
fn a_counter_has_a_rate_that_a_restart_does_not_make_negative() {
    let (metas, stores) = catalog("jobs_total{service=\"a\"} 10 20 30 40 5 15 25");
    let all = derive(&Pool::new(&metas, &stores), &watch()).expect("not cancelled");
    let rate = all.iter().find(|one| one.name == "jobs_total:rate").expect("a rate");
    assert_eq!(rate.derivation.formula, "sum by (service) (rate(jobs_total[4s]))");
    assert!(rate.samples.iter().all(|sample| sample.value >= 0.0), "{:?}", rate.samples);
    assert_eq!(rate.derivation.resets, [Timestamp::from_secs(1_700_000_004)]);
    assert_eq!(rate.derivation.window, Some((4 * NS_PER_S, NS_PER_S)));
    assert_eq!(rate.unit, Unit::PerSecond);
}

#[test]
fn errors_before_the_first_are_none_not_unknown() {
    let got = derived(
        "http_requests_total{service=\"a\",code=\"200\"} 1 2 3 4 5 6 7\nhttp_requests_total{service=\"a\",code=\"500\"} - - - - 1 2 3",
    );
    let ratio = got.iter().find(|line| line.starts_with("http_requests_total:error_ratio")).expect("a ratio");
    assert!(ratio.starts_with("http_requests_total:error_ratio{service=a} 0.00 0.00 0.00"), "{ratio}");
    assert!(!ratio.ends_with("0.00"), "{ratio}");
}

#[test]
fn formulas_follow_labels_and_names() {
    let requests = "http_requests_total{code=\"200\",instance=\"x\",service=\"a\"} 1 2 3\nhttp_requests_total{code=\"500\",instance=\"y\",service=\"a\"} 1 2 3";
    assert_eq!(
        formula(requests, "http_requests_total:error_ratio"),
        "(sum by (service) (rate(http_requests_total{code=~\"5..\"}[4s])) or 0 * sum by (service) (rate(http_requests_total[4s]))) \
         / sum by (service) (rate(http_requests_total[4s]))"
    );
    assert_eq!(
        formula(requests, "http_requests_total:rate:max"),
        "max by (service) (sum by (service, instance) (rate(http_requests_total[4s])))"
    );
    let fds = "process_open_fds{instance=\"x\"} 5 6 7\nprocess_max_fds{instance=\"x\"} 10 10 10";
    assert_eq!(formula(fds, "process_open_fds:utilisation"), "process_open_fds / (process_max_fds > 0)");
    let pool =
        "go_sql_in_use_connections{db=\"d\"} 1 2 3\ngo_sql_max_open_connections{db=\"d\"} 9 9 9\ngo_sql_open_connections{db=\"d\"} 4 4 4";
    assert_eq!(formula(pool, "go_sql_in_use_connections:utilisation"), "go_sql_in_use_connections / (go_sql_max_open_connections > 0)");
    assert_eq!(formula(pool, "go_sql_max_open_connections:utilisation"), "no go_sql_max_open_connections:utilisation");
    let memory = "container_memory_working_set_bytes{pod=\"p\"} 1 2 3\ncontainer_spec_memory_limit_bytes{pod=\"p\"} 9 9 9";
    assert!(formula(memory, "container_memory_working_set_bytes:utilisation").ends_with("(container_spec_memory_limit_bytes > 0)"));
    let failures = "jobs_failed_total{} 1 2 3\njobs_total{} 1 2 3";
    assert_eq!(formula(failures, "jobs_failed_total:error_ratio"), "no jobs_failed_total:error_ratio");
}

#[test]
fn quantiles_know_their_bounds_and_where_they_are_clipped() {
    let buckets = "d_seconds_bucket{le=\"0.1\"} 0 0 0 0 0\nd_seconds_bucket{le=\"1\"} 0 1 2 3 4\nd_seconds_bucket{le=\"+Inf\"} 0 2 4 6 8\n\
                   d_seconds_count{} 0 2 4 6 8\nd_seconds_sum{} 0 4 8 12 16";
    let (metas, stores) = catalog(buckets);
    let all = derive(&Pool::new(&metas, &stores), &watch()).expect("not cancelled");
    let p99 = all.iter().find(|one| one.name == "d_seconds:p99").expect("a quantile");
    assert_eq!((p99.derivation.bounds.as_slice(), p99.clip), ([0.1, 1.0].as_slice(), Some(1.0)));
    assert_eq!((p99.unit, p99.kind), (Unit::Seconds, SeriesKind::Quantile));
    assert!(p99.samples.iter().all(|sample| sample.value.total_cmp(&1.0).is_eq()), "{:?}", p99.samples);
    let mean = all.iter().find(|one| one.name == "d_seconds:mean").expect("a mean");
    assert_eq!((mean.unit, mean.samples.last().map(|sample| sample.value)), (Unit::Seconds, Some(2.0)));
}

#[test]
fn what_exceeds_the_reading_is_left_out_and_said() {
    let buckets = "d_seconds_bucket{le=\"1\"} 0 1 2\nd_seconds_bucket{le=\"+Inf\"} 0 2 4\nother_total{} 1 2 3";
    let (metas, stores) = catalog(buckets);
    let of = |max_read: u64| {
        let watch = watch();
        let all = derive_within(max_read, &Pool::new(&metas, &stores), &watch).expect("not cancelled");
        (all.into_iter().map(|one| one.name).collect::<Vec<_>>(), watch.into_warnings())
    };
    // The four quantiles read their buckets once: six samples.
    let quantiles = ["d_seconds:p99", "d_seconds:p95", "d_seconds:p90", "d_seconds:p50"].map(str::to_owned).to_vec();
    assert_eq!(of(9), ([quantiles.clone(), vec!["other_total:rate".to_owned()]].concat(), Vec::new()));
    let (names, warnings) = of(8);
    assert_eq!(names, quantiles);
    let told = "1 kinds of computed series are left out, such as other_total:rate: series are computed from so many samples while loading: 8; \
                series --expr and P compute any";
    assert_eq!(warnings, [told]);
    assert_eq!(of(5).0, ["other_total:rate"]);
}

#[test]
fn years_of_samples_make_no_more_steps_than_a_screen_can_use() {
    let year = TimeRange::new(Timestamp(0), Timestamp(365 * 86_400 * NS_PER_S));
    let steps = steps_over(year, NS_PER_S);
    assert!(steps.n <= MAX_STEPS as usize + 2 && steps.step_ns % NS_PER_S == 0, "{steps:?}");
}

/// A histogram of six scrapes: so many observations up to 0.1 s, so many in all.
fn buckets(name: &str, labels: &str, [fast, all]: [&str; 2]) -> String {
    let line = |bound, values| format!("{name}_bucket{{{labels},le=\"{bound}\"}} {values}\n");
    line("0.1", fast) + &line("1", all) + &line("+Inf", all)
}

const FAST: [&str; 2] = ["0 10 20 30 40 50"; 2];
const SLOW: [&str; 2] = ["0 10 20 30 40 50", "0 20 40 60 80 100"];

/// The lines of clients less servers, and what is said of clients without one.
fn beyond_servers(text: &str) -> (Vec<String>, Vec<String>) {
    let (metas, stores) = catalog(text);
    let watch = watch();
    let all = derive(&Pool::new(&metas, &stores), &watch).expect("not cancelled");
    let told = |one: Computed| {
        let last = one.samples.last().map_or(f64::NAN, |sample| sample.value);
        let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}{{{}}} {last:.2}", one.name, labels.join(","))
    };
    (all.into_iter().filter(|one| one.name.ends_with(":p99_beyond_server")).map(told).collect(), watch.into_warnings())
}

#[test]
fn what_a_client_sees_is_compared_with_what_its_server_measures() {
    let server = buckets("http_server_request_duration_seconds", "service=\"api\"", FAST);
    let with = |name: &str, labels: &str| beyond_servers(&(buckets(name, labels, SLOW) + &server)).0;
    // 0.982 s seen, 0.099 s measured; whatever the names, as long as labels agree.
    let name = "http_client_request_duration_seconds";
    assert_eq!(with(name, "service=\"web\",target=\"api\""), [format!("{name}:p99_beyond_server{{service=api}} 0.88")]);
    assert_eq!(with("outcall_latency", "job=\"web\",peer=\"http://api.shop:80\""), ["outcall_latency:p99_beyond_server{service=api} 0.88"]);
    assert_eq!(with(name, "client_name=\"api\""), [format!("{name}:p99_beyond_server{{service=api}} 0.88")]);
}

#[test]
fn where_a_quantile_is_clipped_a_client_is_not_compared() {
    // The last tenth lies beyond the highest bound: 1 s less 1 s would look like nothing.
    let name = "http_client_request_duration_seconds";
    let clipped = |name: &str, labels: &str| {
        let count = "0 20 40 60 80 100";
        [("0.1", "0 18 36 54 72 90"), ("1", "0 18 36 54 72 90"), ("+Inf", count)]
            .map(|(le, counts)| format!("{name}_bucket{{le=\"{le}\",{labels}}} {counts}\n"))
            .concat()
    };
    let server = |values| buckets("http_server_request_duration_seconds", "service=\"api\"", values);
    let of = |text: String| beyond_servers(&text).0;
    assert!(of(clipped(name, "target=\"api\"") + &server(FAST)).is_empty());
    assert!(of(buckets(name, "target=\"api\"", SLOW) + &clipped("http_server_request_duration_seconds", "service=\"api\"")).is_empty());
    let (metas, stores) = catalog(&(buckets(name, "target=\"api\"", SLOW) + &server(FAST)));
    let all = derive(&Pool::new(&metas, &stores), &watch()).expect("not cancelled");
    let one = all.iter().find(|one| one.name.ends_with(":p99_beyond_server")).expect("a pair");
    assert!(one.unit == Unit::Seconds && one.derivation.formula.contains(" < 1) - (histogram_quantile("), "{one:?}");
}

#[test]
fn both_sides_of_one_call_are_told_apart_by_name_or_by_label() {
    let both = |suffix: &str| format!("g_{suffix}_handling_seconds");
    let own = "grpc_service=\"Pay\"";
    let (found, _) = beyond_servers(&(buckets(&both("client"), own, SLOW) + &buckets(&both("server"), own, FAST)));
    assert_eq!(found, ["g_client_handling_seconds:p99_beyond_server{grpc_service=Pay} 0.88"]);
    let sided = |side: &str, values| buckets("mesh_duration_seconds", &format!("destination_service=\"pay\",reporter=\"{side}\""), values);
    let (found, _) = beyond_servers(&(sided("source", SLOW) + &sided("destination", FAST)));
    assert_eq!(found, ["mesh_duration_seconds:p99_beyond_server{destination_service=pay} 0.88"]);
}

#[test]
fn histograms_that_do_not_name_each_other_are_no_pair() {
    let server = |name: &str| buckets(name, "service=\"api\"", FAST);
    let (found, said) = beyond_servers(
        &(buckets("http_client_request_duration_seconds", "target=\"db\"", SLOW) + &server("http_request_duration_seconds")),
    );
    assert_eq!((found.len(), said.len()), (0, 1), "{found:?} {said:?}");
    assert!(said[0].starts_with("http_client_request_duration_seconds: no histogram of a server"), "{said:?}");
    // Other units, and no durations at all.
    let (found, _) = beyond_servers(&(buckets("x_client_milliseconds", "target=\"api\"", SLOW) + &server("x_server_seconds")));
    assert!(found.is_empty(), "{found:?}");
    let (found, said) = beyond_servers(&(buckets("x_client_bytes", "target=\"api\"", SLOW) + &server("x_server_bytes")));
    assert!(found.is_empty() && said.is_empty(), "{found:?} {said:?}");
    let (found, said) =
        beyond_servers(&(server("http_request_duration_seconds") + &buckets("edge_request_duration_seconds", "service=\"edge\"", SLOW)));
    assert!(found.is_empty() && said.is_empty(), "{found:?} {said:?}");
}

#[test]
fn instances_are_told_apart_only_where_there_are_several() {
    let text = "up_total{service=\"a\",instance=\"1\"} 1 2 3 4\nup_total{service=\"a\",instance=\"2\"} 1 2 3 4\nup_total{service=\"b\",instance=\"3\"} 1 2 3 4";
    let got = derived(text);
    let of = |name: &str| got.iter().filter(|line| line.starts_with(name)).count();
    assert_eq!((of("up_total:rate{"), of("up_total:rate:instance{"), of("up_total:rate:max{")), (2, 2, 1), "{got:#?}");
}

#[test]
fn a_formula_tells_how_many_series_it_gives() {
    let text: String = (0..7).map(|pod| format!("jobs_total{{service=\"s{}\",pod=\"p{pod}\"}} 1 2 3\n", pod % 2)).collect();
    let (metas, stores) = catalog(&text);
    let pool = Pool::new(&metas, &stores);
    let all = recipes(&pool);
    for (name, n_lines) in [("jobs_total:rate:instance", 7), ("jobs_total:rate:each", 7), ("jobs_total:rate:max", 1)] {
        let recipe = all.iter().find(|recipe| recipe.name == name);
        assert!(recipe.is_none_or(|recipe| recipe.n_lines == n_lines), "{name}: {recipe:?}");
    }
    let each = all.iter().find(|recipe| recipe.name == "jobs_total:rate:instance").expect("two services of several instances");
    assert_eq!(compute(each, &pool, &watch()).expect("computed").len() as u64, each.n_lines);
}
