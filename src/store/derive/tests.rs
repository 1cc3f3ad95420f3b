use super::*;
use crate::store::testing::{log, watch};
use proptest::prelude::*;

/// `name{service} end_of_step=value …`, one line a series; steps in seconds.
fn derived(texts: &[(&str, &str)]) -> Vec<String> {
    let logs: Vec<Arc<Log>> = texts.iter().enumerate().map(|(i, (path, text))| log(i as u32, path, text, 2)).collect();
    let series = derive(&logs, 2, &watch()).expect("not cancelled");
    let told = |s: &DerivedSeries| {
        let samples: Vec<String> = s.samples.iter().map(|x| format!("{}={:.3}", x.time.0 / NS_PER_S, x.value)).collect();
        format!("{}{{{}}} {}", s.name.trim_start_matches("fromlogs:"), s.service, samples.join(" "))
    };
    series.iter().map(told).collect()
}

#[test]
fn no_events_give_no_series() {
    assert_eq!(derived(&[]), Vec::<String>::new());
}

#[test]
fn a_service_that_logs_latencies_has_a_rate_and_quantiles() {
    // Times in ns: two events in second 1, one in second 2, none in 3, two in 4.
    let text = "1000000000 info api 0.1\n1500000000 error api 0.3\n2000000000 info api 0.2\n4100000000 info api 1\n4200000000 info api 3\n";
    assert_eq!(
        derived(&[("a.log", text)]),
        [
            // The first and the last second are not whole.
            "request_rate{api} 3=1.000 4=0.000",
            "error_ratio{api} 2=0.500 3=0.000 5=0.000",
            "latency_p50{api} 2=0.200 3=0.200 5=2.000",
            "latency_p99{api} 2=0.298 3=0.200 5=2.980",
        ]
    );
}

#[test]
fn one_service_in_two_logs_is_one_series_whatever_their_order() {
    let (a, b) = ("1000000000 info api 1\n", "1100000000 info api 3\n3000000000 info db x\n");
    let mut both = derived(&[("a.log", a), ("b.log", b)]);
    let mut swapped = derived(&[("b.log", b), ("a.log", a)]);
    both.sort();
    swapped.sort();
    assert_eq!(both, swapped);
    assert!(both.contains(&"latency_p50{api} 2=2.000".to_owned()), "{both:?}");
}

#[test]
fn events_without_a_time_count_nowhere() {
    assert_eq!(derived(&[("a.log", "- info api 1\n1000000000 warn api 2\n")])[0], "error_ratio{api} 2=0.000");
}

#[test]
fn a_year_of_events_has_a_bounded_number_of_steps() {
    let text = "1000000000 info api 1\n31536000000000000 info api 2\n";
    let logs = [log(0, "a.log", text, 2)];
    let grid = Grid::over(&logs, 1).expect("there are events");
    assert!(grid.n_steps <= MAX_STEPS as usize + 1 && grid.step_ns % (86_400 * NS_PER_S / 4) == 0, "{} {}", grid.n_steps, grid.step_ns);
}

proptest! {
    #[test]
    fn each_cell_is_what_its_records_are_one_by_one(
        records in prop::collection::vec((0i64..9, 0usize..3, 0usize..4, 0u32..5), 1..60), is_in_order: bool, n_lines in 1usize..70,
        elsewhere in (0u64..20, 0u64..9, 1u64..20),
    ) {
        let mut records = records;
        if is_in_order {
            records.sort_by_key(|record| record.0);
        }
        let level = |n: usize| ["info", "error", "fatal"][n];
        let service = |n: usize| ["api", "db", "pay", "-"][n];
        let line = |(time, l, s, latency): &(i64, usize, usize, u32)| match time {
            0 => format!("- {} {} {latency}\n", level(*l), service(*s)),
            time => format!("{}00000000 {} {} {}\n", time * 7, level(*l), service(*s), if *latency > 3 { "x".into() } else { latency.to_string() }),
        };
        let text: String = records.iter().map(line).collect();
        let logs = [log(0, "web.log", &text, n_lines)];
        let services = Services::of(&logs);
        let Some(grid) = Grid::over(&logs, services.names.len()) else { return Ok(()) };
        let n_cells = grid.n_steps * services.names.len();
        let (start, len, gap) = elsewhere;
        let elsewhere = [start..start + len, start + len + gap..start + 2 * len + gap].map(|range| range.start..range.end.max(range.start + 1));
        let pieces: Vec<Piece> = logs[0].segments.iter().map(|segment| (0, &**segment, &elsewhere[..])).collect();
        let got = Tally::of(&pieces, (&services, &grid), n_cells, &watch()).unwrap();
        let (mut cells, mut latencies) = (vec![Cell::default(); n_cells], vec![Vec::new(); n_cells]);
        for segment in &logs[0].segments {
            let columns = &segment.columns;
            let is_own = |i: &usize| !elsewhere.iter().any(|range| range.contains(&(segment.base_record + *i as u64)));
            for i in (0..columns.len).filter(|i| columns.time(*i) != crate::parse::NO_TIME).filter(is_own) {
                let step = (columns.time(i) - grid.start) / grid.step_ns;
                let cell = services.codes[0][usize::from(segment.service(i))] * grid.n_steps + step as usize;
                let (status, latency) = (columns.status(i), columns.latency(i));
                cells[cell].add(&Cell {
                    n_events: 1,
                    n_errors: u32::from(columns.level(i) >= crate::model::Level::Error),
                    n_statuses: u32::from(status > 0),
                    n_failed: u32::from(status >= 500),
                    n_latencies: u32::from(!latency.is_nan()),
                    n_timed: u32::from(!latency.is_nan() && status > 0),
                });
                latencies[cell].extend(Some(latency).filter(|latency| !latency.is_nan()));
            }
        }
        prop_assert_eq!(&got.cells, &cells);
        for (cell, latencies) in latencies.iter().enumerate() {
            prop_assert_eq!(got.of_cell(cell, Timed::All), &latencies[..]);
        }
    }

    #[test]
    fn a_quantile_behind_the_median_is_that_of_all(values in prop::collection::vec(-9i16..9, 1..40), q in 0.5f64..1.0) {
        let mut values: Vec<f32> = values.into_iter().map(f32::from).collect();
        let expected = quantile(&mut values.clone(), q);
        let (below, _) = ((values.len() - 1) / 2, quantile(&mut values, 0.5));
        prop_assert_eq!(quantile_above(below, &mut values[below..], q).to_bits(), expected.to_bits());
    }
}

#[test]
fn a_quantile_lies_between_the_two_nearest() {
    assert!((quantile(&mut [1.0], 0.99) - 1.0).abs() < 1e-9);
    assert!((quantile(&mut [4.0, 2.0, 1.0, 3.0], 0.5) - 2.5).abs() < 1e-9);
}

#[test]
fn what_a_service_only_timed_is_no_request_where_it_logs_requests_with_a_status() {
    // Two requests a second of which one fails, and three queries of a database that took long.
    let second = |s: u32| {
        format!(
            "{s}100000000 info api 0.1 status=200\n{s}200000000 info api 9\n{s}300000000 info api 9\n{s}400000000 info api 9\n\
             {s}500000000 error api 0.3 status=500\n"
        )
    };
    let text: String = (1..=4).map(second).collect();
    assert_eq!(
        derived(&[("a.log", &text)]),
        [
            "request_rate{api} 3=2.000 4=2.000",
            "error_ratio{api} 2=0.500 3=0.500 4=0.500 5=0.500",
            "latency_p50{api} 2=0.200 3=0.200 4=0.200 5=0.200",
            "latency_p99{api} 2=0.298 3=0.298 4=0.298 5=0.298",
        ]
    );
}
