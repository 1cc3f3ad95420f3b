//! Tables as tools write them, in any cut, and as they should not be.

use std::fmt::Write as _;

use super::*;

fn read(text: &str) -> Document {
    parse(text.as_bytes(), &Context { path: "x/cpu.csv".into(), ..Context::default() })
}

#[test]
fn wide_tables_give_a_series_a_column_and_gaps_stay_gaps() {
    let document = read("sep=;\n\"Time\";\"p99 /cart\";\"cpu, \"\"web\"\"\"\n1700000000000;0.2;1\n1700000015000;;2\n");
    let shape: Vec<_> = document.series.iter().map(|one| (one.name.as_str(), one.samples.len())).collect();
    assert_eq!((shape, document.problems.total()), (vec![("p99 /cart", 1), ("cpu, \"web\"", 2)], 0));
}

#[test]
fn long_tables_give_a_series_a_name_and_labels() {
    let document = read("timestamp,metric,host,value\n2023-11-14T22:13:20Z,cpu,a,1\n2023-11-14T22:13:20Z,cpu,b,2\n");
    assert_eq!(document.series.len(), 2);
    assert_eq!((document.series[1].name.as_str(), document.series[1].labels.get("host")), ("cpu", Some("b")));
}

#[test]
fn tables_may_follow_one_another() {
    let text = "\"Time\",\"a\"\n1700000000,1\n\"Time\",\"b\"\n1700000000,2\n1700000015,3\n";
    assert!(recognise(text, None).is_some());
    let names: Vec<_> = read(text).series.iter().map(|one| (one.name.clone(), one.samples.len())).collect();
    assert_eq!(names, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
}

#[test]
fn cells_with_units_of_their_own_are_one_series() {
    let document =
        read("Time,p99\n2023-11-14 22:13:20,800.0 ms\n2023-11-14 22:13:35,\n2023-11-14 22:13:50,1.5 s\n2023-11-14 22:14:05,3 apples\n");
    let values: Vec<f64> = document.series[0].samples.iter().map(|sample| sample.value).collect();
    assert_eq!((values, document.series[0].unit), (vec![0.8, 1.5], crate::model::Unit::Seconds));
    assert_eq!(document.problems.counts().get(&ProblemKind::Syntax), Some(&1));
    assert_eq!(document.zone.certainty, ZoneCertainty::Default, "times without a zone say so");
}

#[test]
fn a_table_saved_by_a_spreadsheet_is_read_with_its_commas_and_dates() {
    let german = "Zeit;p99 /cart;cpu\n23.11.2026 02:00:00;0,5;90,1\n23.11.2026 02:00:10;0,75;91\n23.11.2026 02:00:20;1.234,5;\n";
    assert!(recognise(german, None).is_some());
    let document = read(german);
    let shape: Vec<_> = document.series.iter().map(|one| (one.name.as_str(), one.samples.len(), one.samples[0].value)).collect();
    assert_eq!((shape, document.problems.total()), (vec![("p99 /cart", 3, 0.5), ("cpu", 2, 90.1)], 0));
    let american = "Time,a\n11/12/2026 2:00 AM,1\n11/12/2026 2:01 AM,\"1,234.5\"\n";
    let document = read(american);
    assert_eq!(document.series[0].samples[1].value.to_string(), "1234.5");
    assert_eq!(document.problems.counts().get(&ProblemKind::Time), Some(&1), "day or month first: said");
    assert!(recognise("sep=;\nTime;a\n2026-11-23 02:00:00;1\n2026-11-23 02:00:10;=1+1\n2026-11-23 02:00:20;-1\n", None).is_some());
}

#[test]
fn a_document_on_one_line_costs_no_more_than_its_length() {
    let text = "{\"values\":[[1795400000,\"1\"],".repeat(20_000);
    let start = std::time::Instant::now();
    assert!(recognise(&text, None).is_none() && recognise(&text.replace(':', "\n"), None).is_none());
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn rows_of_plain_decimals_say_what_the_general_way_says() {
    let text = "time,a,b,c\n1700000000,1.5,-2,\n1700000010,1e3,+4,0.1\n1700000010,9,9,9\n1700000005,.5,5.,12345678901234567890\n\
                1700000020,x,1,2\n1700000030,1,2\n1700000040, 7 ,8,9\nlater,1,2,3\n1700000050,,,\n2023-11-14 22:14:20,1,2,3\n";
    let plain = read(text);
    // Quotes change nothing but the way.
    let quoted: String = text.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect();
    let general = read(&quoted);
    assert_eq!(plain.series, general.series);
    assert_eq!((plain.n_records, plain.n_unplaced, plain.zone), (general.n_records, general.n_unplaced, general.zone));
    assert_eq!(plain.problems.counts(), general.problems.counts());
}

#[test]
fn the_user_names_the_column_of_times() {
    let text = "created,measured at,cpu\n2023-11-14 00:00:00,1700000000000,1\n2023-11-14 00:00:00,1700000015000,2\n";
    assert!(recognise(text, Some("Measured At")).is_some() && recognise(text, Some("cpu")).is_none());
    let of = |named: &str| {
        let context = Context { path: "cpu.csv".into(), time_column: Some(named.into()), ..Context::default() };
        parse(text.as_bytes(), &context)
    };
    let cpu = |document: &Document| document.series.iter().find(|one| one.name == "cpu").map(|one| one.samples.clone());
    let named = of("measured at");
    assert_eq!(cpu(&named).unwrap()[1].time, Timestamp::from_secs(1_700_000_015));
    let wrong = of("when");
    assert_eq!(wrong.problems.kept()[0].reason, "no column \"when\" with times stands in this table");
    assert!(cpu(&wrong).is_some(), "read as without the name");
}

#[test]
fn epochs_of_any_unit_and_tables_with_columns_of_their_own_are_read() {
    for unit in ["1700000000", "1700000000.0", "1700000000000", "1700000000000000", "1700000000000000000"] {
        let document = read(&format!("sep=;\nts;a\n{unit};0,125\n\nts;b;c\n{unit};1;\n"));
        let all: Vec<_> = document.series.iter().map(|one| (one.name.as_str(), one.samples[0])).collect();
        let sample = |value| Sample { time: Timestamp::from_secs(1_700_000_000), value };
        assert_eq!((all, document.problems.total()), (vec![("a", sample(0.125)), ("b", sample(1.0))], 0), "{unit}");
    }
}

#[test]
fn a_row_that_is_late_right_behind_a_packed_block_is_put_in_order() {
    let at = |row: usize| 1_700_000_000 + row * 10;
    for late in [at(511), at(511) - 5, at(3), at(3) + 1] {
        for cells in ["7,8", "7,"] {
            let mut text: String = (0..512).map(|row| format!("{},{row},{row}.5\n", at(row))).collect();
            text = format!("time,a,b\n{text}{late},{cells}\n{},9,9\n", at(600));
            let plain = read(&text);
            let quoted: String = text.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect();
            let general = read(&quoted);
            let samples = |document: &Document| -> Vec<Vec<Sample>> { document.series.iter().map(|one| one.iter().collect()).collect() };
            assert_eq!(samples(&plain), samples(&general), "{late} {cells}");
            assert_eq!(plain.problems.counts(), general.problems.counts(), "{late} {cells}");
        }
    }
}

/// A table of rows of several sorts: whole, with a gap, late, at one time, of words, and headers in between.
fn mixed(rows: &[(u8, u16)], n_columns: usize) -> String {
    let names: Vec<String> = (0..n_columns).map(|column| format!("c{column}")).collect();
    let header = format!("time,{}\n", names.join(","));
    let mut text = header.clone();
    let mut at = 1_700_000_000_u64;
    for (sort, number) in rows {
        at += 1 + u64::from(*number == 9);
        let time = if *sort == 1 { at - 40 } else { at - u64::from(*sort == 2) };
        let cells: Vec<String> = (0..n_columns).map(|column| format!("{}.{:02}", number * (column as u16 + 1), number % 100)).collect();
        match sort {
            3 => {
                let _ = writeln!(text, "{time},{},", cells[1..].join(","));
            }
            4 => {
                let _ = writeln!(text, "{time},x,{}", cells[1..].join(","));
            }
            5 => text.push_str(&header),
            6 => text.push('\n'),
            8 => {
                let _ = writeln!(text, "{time},,{}", cells[1..].join(","));
            }
            _ => {
                let _ = writeln!(text, "{time},{}", cells.join(","));
            }
        }
    }
    text
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn blocks_of_any_size_and_packing_say_what_the_general_way_says(
        rows in proptest::collection::vec((proptest::prop_oneof![300 => 7u8..8, 4 => 3u8..4, 4 => 8u8..9, 1 => 0u8..7], 0u16..100), 0..2600), n_columns in 2usize..4, size in 1usize..60_000,
    ) {
        let text = mixed(&rows, n_columns);
        let whole = read(&text);
        let context = Context { path: "x/cpu.csv".into(), ..Context::default() };
        let mut stream = Stream::new(&context);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.as_bytes()[size.min(rest.len()) - 1..].iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| size.min(rest.len()) + at);
            stream.feed(&rest.as_bytes()[..end]);
            rest = &rest[end..];
        }
        let streamed = stream.finish(&context);
        // Whoever reads the blocks, and in whatever order.
        let mut shared = Stream::new(&context);
        let threads = |n: usize, work: &(dyn Fn(usize) + Sync)| std::thread::scope(|scope| (0..n).rev().for_each(|index| drop(scope.spawn(move || work(index)))));
        shared.feed_by(text.as_bytes(), &threads);
        let shared = shared.finish(&context);
        proptest::prop_assert!(shared.series == whole.series && shared.problems == whole.problems);
        proptest::prop_assert_eq!((shared.n_lines, shared.n_records, shared.zone), (whole.n_lines, whole.n_records, whole.zone.clone()));
        proptest::prop_assert!(streamed.series == whole.series && streamed.problems == whole.problems);
        proptest::prop_assert_eq!((streamed.n_lines, streamed.n_records, streamed.zone), (whole.n_lines, whole.n_records, whole.zone.clone()));
        // Quotes change nothing but the way.
        let quoted: String = text.lines().map(|line| if line.is_empty() { "\n".into() } else { format!("\"{}\"\n", line.replace(',', "\",\"")) }).collect();
        let general = read(&quoted);
        let samples = |document: &Document| -> Vec<(String, Vec<(i64, u64)>)> {
            document.series.iter().map(|one| (one.name.clone(), one.iter().map(|s| (s.time.0, s.value.to_bits())).collect())).collect()
        };
        proptest::prop_assert!(samples(&whole) == samples(&general));
        proptest::prop_assert_eq!((whole.n_records, whole.n_unplaced, whole.problems.counts()), (general.n_records, general.n_unplaced, general.problems.counts()));
    }
}

#[test]
fn tables_of_events_are_not_metrics() {
    assert!(recognise("time,cpu\n1700000000,1\n", None).is_some());
    assert!(recognise("message,timestamp,datetime,desc\nhello,1700000000,2015-07-24T19:01:01+00:00,x\n", None).is_none());
    assert!(recognise("a,b\n1,2\n", None).is_none());
}
