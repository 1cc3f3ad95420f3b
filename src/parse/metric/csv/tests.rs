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

/// Name, labels, unit, and values at seconds since 2026-03-01T10:00:00Z.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert!(recognise(text.trim_start_matches('\u{feff}'), None).is_some(), "{text}");
    let document = read(text);
    let one = |one: &crate::parse::ParsedSeries| {
        let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let sample = |sample: &Sample| format!("{}@{}", sample.value, (sample.time.0 / 1_000_000_000) - 1_772_359_200);
        let samples: Vec<String> = one.samples.iter().map(sample).collect();
        format!("{}{{{}}} {:?} {}", one.name, labels.join(","), one.unit, samples.join(" "))
    };
    let got: Vec<String> = document.series.iter().map(one).collect();
    assert_eq!((got, document.problems.total()), (expected.iter().map(|line| (*line).to_owned()).collect(), 0), "{text}");
}

#[test]
fn units_and_abbreviations_of_panels_are_read_in_every_cell() {
    check(
        "Time,ops,net,temp,share,cost,n\n2026-03-01 10:00:00,1.2K ops/s,1.5 MB/s,45 °C,12%,$1.5,1.3 Mil\n2026-03-01 10:01:00,980 ops/s,900 kB/s,-3.5 °C,0.5%,$2,950\n",
        &[
            "ops{} PerSecond 1200@0 980@60",
            "net{} BytesPerSecond 1500000@0 900000@60",
            "temp{} None 45@0 -3.5@60",
            "share{} Ratio 0.12@0 0.005@60",
            "cost{} None 1.5@0 2@60",
            "n{} None 1300000@0 950@60",
        ],
    );
    check(
        "\u{feff}Heure;Latence p99;Débit\r\n2026-03-01 10:00:00;1\u{202f}234,5 ms;12\u{a0}000\r\n2026-03-01 10:01:00;∞;-\r\n",
        &["Latence p99{} Seconds 1.2345@0 inf@60", "Débit{} None 12000@0"],
    );
}

#[test]
fn headers_tell_units_and_labels() {
    check(
        "Timestamp (UTC),Latency (ms),Memory [MiB],http_requests_total{code=\"200\"},\"{instance=\"\"a:80\"\", job=\"\"x\"\"}\"\n1772359200,12,1,5,6\n1772359260,800 µs,2,7,8\n",
        &[
            "Latency{} Seconds 0.012@0 0.0008@60",
            "Memory{} Bytes 1048576@0 2097152@60",
            "http_requests_total{code=200} None 5@0 7@60",
            "cpu{instance=a:80,job=x} None 6@0 8@60",
        ],
    );
    // Columns of one name are series of their own.
    check("time,cpu,cpu\n1772359200,1,2\n1772359260,3,4\n", &["cpu{} None 1@0 3@60", "cpu{column=3} None 2@0 4@60"]);
}

#[test]
fn words_that_repeat_beside_numbers_are_labels() {
    check(
        "timestamp,facet,average.duration,count\n1772359200000,cart,0.1,5\n1772359200000,pay,0.2,6\n1772359260000,cart,0.3,7\n1772359260000,pay,0.4,8\n",
        &[
            "average.duration{facet=cart} None 0.1@0 0.3@60",
            "count{facet=cart} None 5@0 7@60",
            "average.duration{facet=pay} None 0.2@0 0.4@60",
            "count{facet=pay} None 6@0 8@60",
        ],
    );
    check(
        "name,tags,time,idle,user\ncpu,\"host=a,region=eu\",1772359200000000000,90,5\ncpu,\"host=b\",1772359200000000000,80,6\n",
        &[
            "cpu_idle{host=a,region=eu} None 90@0",
            "cpu_user{host=a,region=eu} None 5@0",
            "cpu_idle{host=b} None 80@0",
            "cpu_user{host=b} None 6@0",
        ],
    );
    check(
        "time,up,leader\n2026-03-01T10:00:00Z,true,no\n2026-03-01T10:01:00Z,false,yes\n",
        &["up{} None 1@0 0@60", "leader{} None 0@0 1@60"],
    );
    assert!(
        recognise("time,request,took\n2026-03-01T10:00:00Z,a7,12\n2026-03-01T10:01:00Z,b8,13\n2026-03-01T10:02:00Z,c9,13\n", None)
            .is_none()
    );
}

#[test]
fn answers_of_flux_titles_comments_and_tables_without_a_header_are_read() {
    let flux = "#group,false,false,true,false,false,true,true\n#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,double,string,string\n#default,_result,,,,,,\n\
                ,result,table,_start,_time,_value,_field,_measurement\n,,0,2026-03-01T09:00:00Z,2026-03-01T10:00:00Z,0.5,usage,cpu\n,,1,2026-03-01T09:00:00Z,2026-03-01T10:00:00Z,9,used,mem\n";
    check(flux, &["cpu_usage{} None 0.5@0", "mem_used{} None 9@0"]);
    check("# from x\n# host: a\ntime,cpu\n2026-03-01T10:00:00Z,1\n2026-03-01T10:01:00Z,2\n", &["cpu{} None 1@0 2@60"]);
    check("#time cpu\tmem\n1772359200\t1\n1772359260\t2\n".replacen(' ', "\t", 1).replace("\tmem", "").as_str(), &["cpu{} None 1@0 2@60"]);
    check(
        "cpu,web-1,0.5,1772359200000\ncpu,web-1,0.6,1772359260000\ncpu,web-2,0.7,1772359200000\ncpu,web-2,0.8,1772359260000\n",
        &["cpu{column_2=web-1} None 0.5@0 0.6@60", "cpu{column_2=web-2} None 0.7@0 0.8@60"],
    );
    check("time|cpu|mem\n2026-03-01T10:00:00Z|1|2\n2026-03-01T10:01:00Z|3|4\n", &["cpu{} None 1@0 3@60", "mem{} None 2@0 4@60"]);
    let titled = read("CPU of web\n\ntime,cpu\n2026-03-01T10:00:00Z,1\n2026-03-01T10:01:00Z,2\n");
    assert_eq!((titled.series.len(), titled.problems.kept()[0].reason.as_str()), (1, "a line before the header, not read"));
}

#[test]
fn dates_in_two_columns_days_of_spreadsheets_and_newest_first_are_times() {
    check("date\ttime\thost\tmetric\tvalue\n2026-03-01\t10:00\ta\tcpu\t1\n2026-03-01\t10:01\ta\tcpu\t2\n", &["cpu{host=a} None 1@0 2@60"]);
    check("Time;Wert\n46082,4166666667;1\n46082,4173611111;2\n", &["Wert{} None 1@0 2@60"]);
    check("time,v\n2026-03-01T10:02:00Z,3\n2026-03-01T10:01:00Z,2\n2026-03-01T10:00:00Z,1\n", &["v{} None 1@0 2@60 3@120"]);
}

#[test]
fn a_line_end_between_quotes_is_part_of_its_cell_and_a_stray_quote_is_none() {
    check(
        "time,\"cpu\nusage\",size\n2026-03-01T10:00:00Z,\"0.5\n\",1\n2026-03-01T10:01:00Z,0.6,2\n",
        &["cpu\nusage{} None 0.5@0 0.6@60", "size{} None 1@0 2@60"],
    );
    check("time,5\" disk,b\n1772359200,1,2\n1772359260,3,4\n", &["5\" disk{} None 1@0 3@60", "b{} None 2@0 4@60"]);
}

#[test]
fn lines_of_nothing_but_a_time_with_milliseconds_are_no_table() {
    assert!(recognise("2026-11-23 02:28:09,123\n2026-11-23 02:28:10,456\n2026-11-23 02:28:11,789\n", None).is_none());
    assert!(recognise("02:28:09,123\n02:28:10,456\n", None).is_none());
    assert!(recognise("2026-11-23 02:28:09,123\n2026-11-23 02:28:10,1456\n", None).is_some(), "numbers of other lengths are values");
    assert!(recognise("time,requests\n2026-11-23 02:28:09,123\n2026-11-23 02:28:10,456\n", None).is_some(), "a header says that they are");
}

#[test]
fn a_table_of_the_performance_monitor_tells_its_zone_hosts_and_units() {
    let table = |host: &str| {
        read(&format!(
            "\"(PDH-CSV 4.0) (W. Europe Standard Time)(-60)\",\"\\\\{host}\\Processor(_Total)\\% Processor Time\",\"\\\\{host}\\Memory\\Available MBytes\"\n\
             \"03/12/2026 10:00:00.315\",\"51.5\",\" \"\n\"03/12/2026 10:00:15.321\",\"49.25\",\"2\"\n"
        ))
    };
    let document = table("WEB01");
    let shape: Vec<_> = document.series.iter().map(|one| (one.name.as_str(), one.unit, one.labels.get("host"), one.n_samples())).collect();
    assert_eq!(
        shape,
        [("Processor % Processor Time", Unit::Ratio, Some("WEB01"), 2), ("Memory Available MBytes", Unit::Bytes, Some("WEB01"), 1)]
    );
    assert_eq!(
        document.series[0].first().map(|sample| (when::shown(sample.time), sample.value)),
        Some(("2026-03-12T09:00:00.315Z".into(), 0.515))
    );
    assert_eq!(document.series[1].first().map(|sample| sample.value), Some(2_097_152.0));
    assert_eq!((document.problems.total(), document.zone.certainty), (0, ZoneCertainty::File));
    let names = |document: Document| document.series.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(table("WEB02")), names(document));
}

#[test]
fn numbers_that_name_things_are_labels() {
    let text = "ts,pid,cpu\n1700000000,7,1\n1700000000,8,2\n1700000015,7,3\n1700000015,8,4\n1700000030,7,3\n1700000030,8,4\n";
    let series: Vec<_> = read(text).series.iter().map(|one| (one.name.clone(), one.labels.get("pid").map(str::to_owned))).collect();
    assert_eq!(series, [("cpu".to_owned(), Some("7".to_owned())), ("cpu".to_owned(), Some("8".to_owned()))]);
    let names = ["id", "PID", "session_id", "SessionId", "threadID"].map(rows::is_id);
    assert_eq!((names, ["valid", "paid", "cpu", "Grid", "ID count"].map(rows::is_id)), ([true; 5], [false; 5]));
}
