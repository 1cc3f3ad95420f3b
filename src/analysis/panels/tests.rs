use super::*;
use crate::model::series::Bucket;
use crate::model::{Labels, SeriesKind, TimeRange, Timestamp};

struct Case {
    all: Vec<(SeriesMeta, Columns)>,
}

impl Case {
    fn new() -> Self {
        Self { all: Vec::new() }
    }

    fn add(mut self, name: &str, labels: &[(&str, &str)], query: &str, values: &[f64]) -> Self {
        let labels = Labels::new(labels.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect());
        let id = SeriesId(self.all.len() as u32);
        let unit = if query.contains('/') { Unit::Ratio } else { Unit::None };
        let query = (!query.is_empty()).then(|| query.to_owned());
        let meta = SeriesMeta { id, name: name.into(), labels, query, unit, ..SeriesMeta::default() };
        let bucket = |value: &f64| {
            let special = Bucket { min: 0.0, max: 0.0, mean: 0.0, last: 0.0, count: 0, n_nan: 1, n_inf: 0 };
            Some(if value.is_nan() {
                special
            } else {
                Bucket { min: *value, max: *value, mean: *value, last: *value, count: 1, n_nan: 0, n_inf: 0 }
            })
        };
        let range = TimeRange::new(Timestamp(0), Timestamp::from_secs(values.len() as i64));
        self.all.push((meta, Columns { range, columns: values.iter().map(bucket).collect() }));
        self
    }

    #[track_caller]
    fn check(&self, expected: &str) {
        let candidates: Vec<PanelCandidate<'_>> = self.all.iter().map(|(meta, columns)| PanelCandidate { meta, columns }).collect();
        let shown = |choices: Vec<Choice>| {
            choices
                .iter()
                .map(|choice| format!("{}={}", choice.role, self.all[choice.id.0 as usize].0.full_name()))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(shown(choose(&candidates)), expected);
        let reversed: Vec<_> = candidates.iter().rev().copied().collect();
        assert_eq!(shown(choose(&reversed)), expected, "the order of candidates must not matter");
    }
}

#[test]
fn the_table_of_aliases_parses_and_names_the_roles() {
    let names: Vec<&str> = table().role.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["goroutines", "P99", "error rate"]);
    assert!(table().role.iter().flat_map(|role| &role.alias).all(|alias| alias.tier > 0));
}

#[test]
fn the_series_that_moves_is_chosen() {
    Case::new()
        .add("go_goroutines", &[("instance", "a")], "", &[30.0, 30.0, 31.0, 30.0, 33.0])
        .add("go_goroutines", &[("instance", "b")], "", &[30.0, 30.0, 900.0, 2000.0, 40.0])
        .add("go_goroutines", &[("instance", "loadgen-1")], "", &[20.0, 20.0, 900.0, 2500.0, 40.0])
        .add("go_gc_duration_seconds", &[("quantile", "0.99")], "", &[0.0, 0.0, 9.0, 9.0, 9.0])
        .check("goroutines=go_goroutines{instance=\"b\"}");
}

#[test]
fn users_come_first_when_scores_are_comparable() {
    let p99 = "histogram_quantile(0.99, sum by (le) (rate(x_bucket[1m])))";
    let errors = "sum(rate(r{code=~\"5..\"}[1m])) / sum(rate(r[1m]))";
    Case::new()
        .add("p99_by_instance", &[("instance", "a")], p99, &[0.04, 0.04, 9.0, 25.0, 0.1])
        .add("edge_p99", &[], p99, &[0.04, 0.04, 9.0, 15.0, 0.1])
        .add("errors_by_instance", &[("instance", "a")], errors, &[0.0, 0.0, 0.9, 1.0, 0.0])
        .add("all_errors", &[], errors, &[0.0, 0.0, 0.9, 0.95, 0.0])
        .check("P99=edge_p99 error rate=all_errors");
    // A frontend that hardly moves does not hide a service that explodes.
    Case::new()
        .add("edge_p99", &[], p99, &[0.04, 0.04, 0.05, 0.05, 0.04])
        .add("p99", &[("service", "pay")], p99, &[0.04, 0.04, 9.0, 15.0, 0.1])
        .check("P99=p99{service=\"pay\"}");
}

#[test]
fn silence_is_not_chosen_and_stand_ins_come_last() {
    Case::new()
        .add("go_goroutines", &[("instance", "a")], "", &[f64::NAN; 5])
        .add("jvm_threads_live_threads", &[("instance", "j")], "", &[50.0, 50.0, 800.0, 800.0, 50.0])
        .add("http_server_requests_in_flight", &[], "", &[1.0, 1.0, 8000.0, 1.0, 1.0])
        .check("threads=jvm_threads_live_threads{instance=\"j\"}");
    Case::new().add("unrelated", &[], "", &[1.0, 2.0]).check("");
    Case::new().check("");
}

#[test]
fn of_two_copies_the_queried_one_is_shown() {
    let case =
        Case::new().add("go_goroutines", &[], "", &[30.0, 30.0, 910.0]).add("go_goroutines", &[], "go_goroutines", &[30.0, 30.0, 900.0]);
    let candidates: Vec<_> = case.all.iter().map(|(meta, columns)| PanelCandidate { meta, columns }).collect();
    assert_eq!(choose(&candidates)[0].id, SeriesId(1));
}

#[test]
fn a_choice_says_why() {
    let case = Case::new().add("go_goroutines", &[], "", &[30.0, 30.0, 900.0, 3000.0, 40.0]);
    let (meta, columns) = &case.all[0];
    let choice = &choose(&[PanelCandidate { meta, columns }])[0];
    assert_eq!(choice.why, "go_goroutines went from 30 to 3 000 (×100); the only candidate");
}

#[test]
fn only_series_of_a_role_need_columns() {
    let meta = |name: &str, kind| SeriesMeta { name: name.into(), kind, ..SeriesMeta::default() };
    assert!(plays_a_role(&meta("go_goroutines", SeriesKind::Gauge)) && plays_a_role(&meta("checkout_error_rate", SeriesKind::Gauge)));
    assert!(
        !plays_a_role(&meta("node_load1", SeriesKind::Gauge)) && !plays_a_role(&meta("go_goroutines_created_total", SeriesKind::Counter))
    );
}

#[test]
fn what_was_given_comes_before_what_was_computed_and_a_bare_counter_behind() {
    let derivation = Some(std::sync::Arc::new(crate::model::series::Derivation::default()));
    let columns = |last: f64| {
        let bucket = |value: f64| Some(Bucket { min: value, max: value, mean: value, last: value, count: 1, n_nan: 0, n_inf: 0 });
        Columns { range: TimeRange::new(Timestamp(0), Timestamp::from_secs(5)), columns: [1.0, 1.0, 1.0, 2.0, last].map(bucket).to_vec() }
    };
    let meta = |id: u32, name: &str| SeriesMeta { id: SeriesId(id), name: name.into(), ..SeriesMeta::default() };
    let all = [
        (SeriesMeta { kind: SeriesKind::Counter, ..meta(0, "request_errors_total") }, columns(900.0)),
        (SeriesMeta { is_derived: true, ..meta(1, "fromlogs:error_ratio") }, columns(90.0)),
        (SeriesMeta { is_derived: true, derivation, ..meta(2, "requests_total:error_ratio") }, columns(9.0)),
        (meta(3, "edge_p99"), columns(3.0)),
        (SeriesMeta { is_derived: true, ..meta(4, "fromlogs:latency_p99") }, columns(90.0)),
    ];
    let candidates: Vec<PanelCandidate<'_>> = all.iter().map(|(meta, columns)| PanelCandidate { meta, columns }).collect();
    let told: Vec<(&str, u32, Vec<u32>)> = choose_by_origin(&candidates)
        .into_iter()
        .map(|choice| (choice.place, choice.id.0, choice.others.iter().map(|other| other.1.0).collect()))
        .collect();
    assert_eq!(told, [("P99", 3, vec![4]), ("error rate", 2, vec![0, 1])]);
}

#[test]
fn a_single_sample_is_chosen_only_where_nothing_has_a_course() {
    let columns = |values: &[Option<f64>]| {
        let bucket = |value: f64| Bucket { min: value, max: value, mean: value, last: value, count: 1, n_nan: 0, n_inf: 0 };
        Columns {
            range: TimeRange::new(Timestamp(0), Timestamp::from_secs(3)),
            columns: values.iter().map(|value| value.map(bucket)).collect(),
        }
    };
    let meta = |id: u32, name: &str, n_samples| SeriesMeta { id: SeriesId(id), name: name.into(), n_samples, ..SeriesMeta::default() };
    let all = [
        (meta(0, "go_goroutines", 1), columns(&[None, Some(900.0), None])),
        (meta(1, "jvm_threads_current", 3), columns(&[Some(5.0); 3])),
        (meta(2, "error_ratio", 1), columns(&[None, Some(0.5), None])),
        (SeriesMeta { is_derived: true, ..meta(3, "fromlogs:error_ratio", 3) }, columns(&[Some(0.1); 3])),
        (meta(4, "latency_p99_seconds", 1), columns(&[None, None, Some(2.0)])),
    ];
    let candidates: Vec<PanelCandidate<'_>> = all.iter().map(|(meta, columns)| PanelCandidate { meta, columns }).collect();
    let told: Vec<(&str, u32)> = choose_by_origin(&candidates).iter().map(|choice| (choice.place, choice.id.0)).collect();
    assert_eq!(told, [("goroutines", 1), ("P99", 4), ("error rate", 3)]);
}

#[test]
fn what_stands_in_for_goroutines_is_called_what_it_is() {
    let rising = [1.0, 1.0, 20.0, 20.0, 1.0];
    let called = |names: &[&str]| {
        let case = names.iter().fold(Case::new(), |case, name| case.add(name, &[], "", &rising));
        let candidates: Vec<_> = case.all.iter().map(|(meta, columns)| PanelCandidate { meta, columns }).collect();
        let choices = choose_by_origin(&candidates);
        let first = &choices[0];
        let others = first.others.iter().map(|other| other.0.clone());
        std::iter::once(first.role.clone()).chain(others).collect::<Vec<_>>()
    };
    assert_eq!(called(&["hikaricp_connections_active"]), ["hikaricp connections active"]);
    assert_eq!(called(&["jvm_threads_live_threads", "hikaricp_connections_active"]), ["threads", "hikaricp connections active"]);
    assert_eq!(called(&["go_goroutines", "http_requests_in_flight"]), ["goroutines", "requests in flight"]);
    assert_eq!(called(&["jdbc_connections_pending"]), ["jdbc connections pending"]);
}

#[test]
fn ages_and_durations_of_what_nobody_waits_for_are_no_latency_of_requests() {
    for name in
        ["postgresql.transactions.duration.max", "replication_lag_p99", "sidekiq_queue_latency", "cron_job_duration", "pg_vacuum_duration"]
    {
        Case::new().add(name, &[], "", &[0.0, 0.0, 2_000.0, 2_000.0, 0.0]).check("");
    }
}

#[test]
fn what_is_no_p99_is_called_what_it_is() {
    let called = |name: &str, labels: &[(&str, &str)]| {
        let case = Case::new().add(name, labels, "", &[1.0, 1.0, 2.0, 2.0, 1.0]);
        let candidates: Vec<PanelCandidate<'_>> = case.all.iter().map(|(meta, columns)| PanelCandidate { meta, columns }).collect();
        choose(&candidates).into_iter().map(|choice| choice.role).collect::<Vec<_>>()
    };
    assert_eq!(called("http.server.latency.max", &[]), ["greatest latency"]);
    assert_eq!(called("http_request_duration_avg", &[]), ["mean latency"]);
    assert_eq!(called("http_request_duration_seconds", &[("quantile", "0.95")]), ["P95"]);
    assert_eq!(called("http_request_duration_seconds", &[("quantile", "0.99")]), ["P99"]);
}

#[test]
fn a_guess_at_latency_gives_way_to_the_p99_of_the_requests_in_the_logs() {
    let case = Case::new().add("disk.response.time", &[], "", &[1.0, 1.0, 90.0, 90.0, 1.0]).add(
        "fromlogs:latency_p99",
        &[],
        "",
        &[0.1, 0.1, 2.0, 2.0, 0.1],
    );
    let all: Vec<(SeriesMeta, Columns)> = case
        .all
        .into_iter()
        .map(|(meta, columns)| (SeriesMeta { is_derived: meta.name.starts_with("fromlogs"), ..meta }, columns))
        .collect();
    let candidates: Vec<PanelCandidate<'_>> = all.iter().map(|(meta, columns)| PanelCandidate { meta, columns }).collect();
    let choices = choose_by_origin(&candidates);
    let told: Vec<(&str, u32, usize)> = choices.iter().map(|choice| (choice.role.as_str(), choice.id.0, choice.others.len())).collect();
    assert_eq!(told, [("P99", 1, 1)]);
}
