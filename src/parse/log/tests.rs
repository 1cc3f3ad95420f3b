//! Promises of reading logs, over the lines of many loggers.

mod columns;
mod fast;
mod formats;
mod levels;
mod people;
mod platforms;
mod programs;
mod units;

use std::fmt::Write as _;

use super::*;
use crate::model::catalog::{ProblemKind, Zone, ZoneCertainty};
use crate::model::text::rfc3339;
use crate::model::{Level, TimeRange, Timestamp};
use crate::parse::{Context, LogChunk, NO_SERVICE, NO_TIME, RecordDetail, Windows};
use proptest::prelude::*;

fn windows(bytes: &[u8]) -> Windows<'_> {
    Windows { path: "app", size_bytes: bytes.len() as u64, head: bytes, middle: b"", tail: b"" }
}

fn plan_in(text: &[u8], context: &Context) -> LogPlan {
    plan(&windows(text), context).expect("lines of a log")
}

fn plan_of(text: &str) -> LogPlan {
    plan_in(text.as_bytes(), &Context::default())
}

/// One line a record: time, level, service, status, latency in ms; then continuation lines and problems.
fn show(chunk: &LogChunk) -> String {
    let columns = &chunk.columns;
    let mut out = String::new();
    for i in 0..columns.times.len() {
        let time = if columns.times[i] == NO_TIME { "unplaced".into() } else { rfc3339(Timestamp(columns.times[i])) };
        let _ = write!(out, "{time} {}", columns.levels[i].name());
        if columns.services[i] != NO_SERVICE {
            let _ = write!(out, " {}", chunk.services[usize::from(columns.services[i])]);
        }
        if columns.statuses[i] != 0 {
            let _ = write!(out, " {}", columns.statuses[i]);
        }
        if !columns.latencies[i].is_nan() {
            let _ = write!(out, " {:.3}ms", columns.latencies[i] * 1e3);
        }
        out.push('\n');
    }
    if chunk.head_lines + chunk.n_continuation_lines as u32 > 0 {
        let _ = writeln!(out, "head {} continued {}", chunk.head_lines, chunk.n_continuation_lines);
    }
    for (kind, n) in chunk.problems.counts() {
        let _ = writeln!(out, "{n} {}", kind.name());
    }
    out
}

fn read(text: &str, context: &Context) -> String {
    let plan = plan_in(text.as_bytes(), context);
    let mut chunk = parse_chunk(&plan, text.as_bytes());
    Joiner::new(&plan).join(&mut chunk);
    show(&chunk)
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(read(text, &Context::default()), expected);
}

fn in_zone(name: &str) -> Context {
    let near = TimeRange::new(Timestamp::from_secs(1_795_400_000), Timestamp::from_secs(1_795_401_000));
    let zone = Zone { name: name.to_owned(), certainty: ZoneCertainty::File };
    Context { zone: Some(zone), neighbours: Some(near), ..Context::default() }
}

#[test]
fn json_of_many_loggers_is_read_by_the_roles_of_its_keys() {
    check(
        r#"{"level":"error","ts":"2026-11-23T02:35:36.680Z","msg":"request","service":"order","status":503,"latency":0.023807331,"error":"x"}"#,
        "2026-11-23T02:35:36.68Z error order 503 23.807ms\n",
    );
    check(
        r#"{"level":"info","svc":"payment","status":200,"latency_ms":5.561846,"time":1795400890212,"message":"request"}"#,
        "2026-11-23T02:28:10.212Z info payment 200 5.562ms\n",
    );
    check(
        "{\"level\":30,\"time\":1795400330651,\"pid\":1,\"hostname\":\"vm\",\"msg\":\"a\"}\n{\"level\":50,\"time\":1795400330652,\"pid\":1,\"hostname\":\"vm\",\"msg\":\"b\"}",
        "2026-11-23T02:18:50.651Z info\n2026-11-23T02:18:50.652Z error\n",
    );
    check(
        r#"{"name":"renovate","hostname":"h","pid":7,"level":20,"msg":"m","time":"2023-03-24T14:26:16.243Z","v":0}"#,
        "2023-03-24T14:26:16.243Z debug renovate\n",
    );
    check(r#"{"time":"2026-11-23T02:18:50Z","level":"ERROR+2","msg":"slog"}"#, "2026-11-23T02:18:50Z error\n");
    check(r#"{"t":{"$date":"2026-11-23T02:18:50.651+00:00"},"s":"W","c":"NETWORK","msg":"m"}"#, "2026-11-23T02:18:50.651Z warn\n");
    check(
        r#"{"@timestamp":"2026-11-23T02:18:50.651Z","log":{"level":"WARN"},"service":{"name":"cart"},"http":{"response":{"status_code":502}},"event":{"duration":1390000},"message":"m"}"#,
        "2026-11-23T02:18:50.651Z warn cart 502 1.390ms\n",
    );
    check(
        r#"{"timestamp":"2026-11-23T02:18:50.651Z","level":"INFO","fields":{"message":"hi"},"target":"app"}"#,
        "2026-11-23T02:18:50.651Z info\n",
    );
    check(
        "caddy  | {\"level\":\"info\",\"ts\":1761019822.3152757,\"msg\":\"m\"}\ncaddy  | {\"level\":\"warn\",\"ts\":1761019823.5,\"msg\":\"m\"}",
        "2025-10-21T04:10:22.3152757Z info caddy\n2025-10-21T04:10:23.5Z warn caddy\n",
    );
}

#[test]
fn lines_that_a_container_runtime_wrapped_tell_their_level() {
    check(
        concat!(
            r#"{"log":"2026/11/23 02:28:09 [ERROR] failed\n","stream":"stderr","time":"2026-11-23T02:28:09.1Z"}"#,
            "\n",
            r#"{"log":"{\"level\":\"warn\",\"ts\":1,\"svc\":\"a\",\"status\":404}\n","stream":"stdout","time":"2026-11-23T02:28:10Z"}"#,
        ),
        "2026-11-23T02:28:09.1Z error\n2026-11-23T02:28:10Z warn a 404\n",
    );
    check(
        "2026-11-23T02:28:09.1Z stdout F {\"level\":\"warn\",\"ts\":1,\"svc\":\"a\"}\n2026-11-23T02:28:10Z stderr F ERROR x\n",
        "2026-11-23T02:28:09.1Z warn a\n2026-11-23T02:28:10Z error\n",
    );
}

#[test]
fn stream_and_tag_of_a_container_runtime_are_no_part_of_the_message() {
    let text = "2026-11-23T02:00:00.1Z stdout F {\"level\":\"error\",\"msg\":\"inner\"}\n2026-11-23T02:00:01Z stderr P part\n2026-11-23T02:00:02Z stdout F a2026-11-23T02:00:03Z stdout F b\n";
    check(
        text,
        "2026-11-23T02:00:00.1Z error\n2026-11-23T02:00:01Z unknown\n2026-11-23T02:00:02Z unknown\n2026-11-23T02:00:03Z unknown\n1 syntax\n",
    );
    let plan = plan_of(text);
    let detail = read_record(&plan, b"2026-11-23T02:00:01Z stderr P part\n");
    assert_eq!((plan.format_name(), detail.message.as_str()), ("cri", "part"));
    assert_eq!(detail.fields, [("stream".to_owned(), "stderr".to_owned())]);
}

#[test]
fn a_day_that_never_was_is_a_record_without_a_time() {
    check("2026-11-23T02:00:00Z INFO a\n2026-02-30T00:00:00Z WARN b\n", "2026-11-23T02:00:00Z info\nunplaced warn\n1 time\n");
}

#[test]
fn the_hour_that_is_passed_twice_is_told_by_file_order_even_in_a_sparse_log() {
    let times = ["00:59:59", "01:00:00", "01:30:00", "01:59:59", "01:00:00", "01:30:00", "01:59:59", "02:00:00"];
    let text = times.map(|time| format!("2026-11-01 {time} INFO x\n")).concat();
    let shown = read(&text, &in_zone("America/New_York"));
    let hours: Vec<&str> = shown.lines().filter_map(|line| line.get(11..19)).filter(|clock| clock.contains(':')).collect();
    assert_eq!(hours, ["04:59:59", "05:00:00", "05:30:00", "05:59:59", "06:00:00", "06:30:00", "06:59:59", "07:00:00"], "{shown}");
    let skipped = read("2026-03-08 01:59:59 INFO x\n2026-03-08 02:30:00 INFO x\n", &in_zone("America/New_York"));
    assert!(skipped.contains("2026-03-08T07:30:00Z") && skipped.contains("1 time"), "{skipped}");
}

#[test]
fn colours_are_no_part_of_a_line() {
    check(
        "\x1b[90m2026-11-23T02:28:09Z\x1b[0m \x1b[31mERR\x1b[0m failed \x1b[36mstatus=\x1b[0m503\n\x1b[36mweb  |\x1b[0m\n",
        "2026-11-23T02:28:09Z error 503\nhead 0 continued 1\n",
    );
    let got = detail("\x1b[90m2026-11-23T02:28:09Z\x1b[0m \x1b[31mERR\x1b[0m failed\n");
    assert_eq!(got.message, "failed");
}

#[test]
fn text_logs_are_read_by_where_their_time_stands() {
    check(
        "2026/11/23 02:28:09.633322 [INFO] request status=200 latency=1.393927ms uid=835\n",
        "2026-11-23T02:28:09.633322Z info 200 1.394ms\n",
    );
    check("2026-11-23 02:28:09.333 UTC [6882] FATAL:  sorry, too many clients\n", "2026-11-23T02:28:09.333Z fatal\n");
    check("2026-11-01 01:59:50,118 WARNING retrying\n", "2026-11-01T01:59:50.118Z warn\n");
    check("[Sun Mar 13 22:49:12.5 2016] [core:error] [pid 1] x\n", "2016-03-13T22:49:12.5Z error\n");
    check(
        "2012-025T10:22:40,672:DEBUG:foo bar\r\n2014-333T16:56:38,344:WARN:foo\r\n",
        "2012-01-25T10:22:40.672Z debug\n2014-11-29T16:56:38.344Z warn\n",
    );
    check(
        "shop: 2026/11/23 03:18:12 request done\nshop: 2026/11/23 03:18:13 tab\there\nsecond line\n",
        "2026-11-23T03:18:12Z unknown shop\n2026-11-23T03:18:13Z unknown shop\nhead 0 continued 1\n",
    );
    check(
        "2026-11-23T03:18:11.542+0100\tERROR\tmain.go:56\tfailed\t{\"status\": 503, \"dur\": \"7ms\"}\nmain.main\n\t/srv/main.go:58\n",
        "2026-11-23T02:18:11.542Z error 503 7.000ms\nhead 0 continued 2\n",
    );
    check("@40000000433225833b6e1a8c tcpserver: status: 5/30\n", "2005-09-22T03:31:05.9970715Z unknown\n");
    check("1795400291.981 tcp_miss x\n1795400292.000 tcp_hit y\n", "2026-11-23T02:18:11.981Z unknown\n2026-11-23T02:18:12Z unknown\n");
    check(
        "[pid: 1|app: 0] 1.2.3.4 () [Sun Mar 13 22:49:12 2016] POST /x => 47 bytes in 129 msecs (HTTP/1.1 502) 9 headers\n",
        "2016-03-13T22:49:12Z error 502\n",
    );
}

#[test]
fn what_a_text_leaves_out_comes_from_the_zone_and_the_other_sources() {
    let berlin = in_zone("Europe/Berlin");
    let read = |text: &str| read(text, &berlin);
    assert_eq!(read("E1123 03:18:12.845019   26961 main.go:91] \"failed\" err=\"x\"\n"), "2026-11-23T02:18:12.845019Z error\n");
    assert_eq!(read("<11>Nov 23 03:18:12 vm shop[5028]: failed\n"), "2026-11-23T02:18:12Z error shop\n");
    assert_eq!(read("Nov 23 03:18:12 vm shop[5028]: <warning> slow\n"), "2026-11-23T02:18:12Z warn shop\n");
    assert_eq!(read("<34>1 2026-11-23T02:18:12.003Z host su - ID47 - failed\n"), "2026-11-23T02:18:12.003Z fatal su\n");
    assert_eq!(read("2026-11-23T03:18:12+0100 vm shop[5028]: x\n"), "2026-11-23T02:18:12Z info shop\n");
    assert_eq!(read("2026/11/23 03:18:12 request\n"), "2026-11-23T02:18:12Z unknown\n");
    let plan = plan_in(b"Nov 23 03:18:12 vm shop[5028]: x\n", &berlin);
    assert_eq!((plan.needs_date(), plan.zone().certainty), (true, ZoneCertainty::Inferred));
    check("Nov 23 03:18:12 vm shop[5028]: x\n", "unplaced info shop\n1 time\n");
}

#[test]
fn zoneless_times_say_so() {
    assert_eq!(plan_of("2026/11/23 02:28:09 a\n").zone().certainty, ZoneCertainty::Default);
    assert_eq!(plan_of("2026-11-23T02:28:09Z a\n").zone().certainty, ZoneCertainty::Offset);
    let given = plan_in(b"2026-11-23T02:28:09 a\n", &in_zone("Asia/Kolkata")).zone();
    assert_eq!((given.name.as_str(), given.certainty), ("Asia/Kolkata", ZoneCertainty::File));
}

#[test]
fn the_hour_that_comes_twice_is_read_in_file_order() {
    let text = "2026-11-01 01:59:59,122 DEBUG a\n2026-11-01 01:00:00,128 ERROR b\n2026-11-01 01:00:01,130 INFO c\n2026-11-01 02:00:00,000 INFO d\n";
    assert_eq!(
        read(text, &in_zone("America/New_York")),
        "2026-11-01T05:59:59.122Z debug\n2026-11-01T06:00:00.128Z error\n2026-11-01T06:00:01.13Z info\n2026-11-01T07:00:00Z info\n1 time\n"
    );
}

#[test]
fn access_logs_take_their_level_from_the_status() {
    check(
        concat!(
            "10.0.3.152 - - [23/Nov/2026:02:28:10 +0000] \"GET /orders?uid=8&status=9 HTTP/1.1\" 200 46 22697 \"5758de3371c8bf5861d2da5a8cd07149\" up=127.0.0.1:1\n",
            "10.0.2.114 - - [23/Nov/2026:02:28:11 +0000] \"GET /orders HTTP/1.1\" 504 46 15007000 \"a84973196bb2c4dc0706f69ee031af57\" up=127.0.0.1:1\n",
            "ts=2026-11-23T02:40:28.593669Z level=warn svc=loadgen msg=\"shutting down\"\n",
        ),
        "2026-11-23T02:28:10Z info 200 22.697ms\n2026-11-23T02:28:11Z error 504 15007.000ms\n2026-11-23T02:40:28.593669Z warn loadgen\n",
    );
    check(
        "1.2.3.4 - - [23/Nov/2026:07:49:26 +0530] \"GET / HTTP/1.1\" 404 2 \"-\" \"curl/7.88.1\" rt=0.125\n",
        "2026-11-23T02:19:26Z warn 404 125.000ms\n",
    );
    check("1.2.3.4 - - [23/Nov/2026:07:49:26 +0000] \"GET / HTTP/1.1\" 200 2 17\n", "2026-11-23T07:49:26Z info 200\n");
}

#[test]
fn several_formats_may_share_a_file() {
    check(
        "starting up\n2026-11-23 02:28:09 INFO plain\n{\"level\":\"warn\",\"ts\":\"2026-11-23T02:28:10Z\",\"msg\":\"a\"}\n{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:11Z\",\"msg\":\"b\"}\nts=2026-11-23T02:28:12Z level=error msg=c\ngoroutine 1 [running]:\n",
        "2026-11-23T02:28:09Z info\n2026-11-23T02:28:10Z warn\n2026-11-23T02:28:11Z info\n2026-11-23T02:28:12Z error\nhead 1 continued 1\n",
    );
}

#[test]
fn broken_input_is_kept_and_counted() {
    let good = "{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:09Z\",\"msg\":\"a\"}\n";
    check(
        &format!("{good}{{\"level\":\"warn\",\"ts\":\"2026-11-23T02:28:10Z\",\"ms"),
        "2026-11-23T02:28:09Z info\n2026-11-23T02:28:10Z warn\n1 truncated\n",
    );
    check(&format!("{good}{{\"level\":\"warn\",\"msg\":\"no time\"}}\n"), "2026-11-23T02:28:09Z info\nunplaced warn\n");
    check(&format!("{good}{{\"level\":\"warn\" \"ts\":1}}\n"), "2026-11-23T02:28:09Z info\nunplaced warn\n1 syntax\n");
    check(&format!("{good}{{\"level\":\"warn\",\"ts\":\"9999-01-01T00:00:00Z\"}}\n"), "2026-11-23T02:28:09Z info\nunplaced warn\n1 time\n");
    check(&format!("{good}{good}{good}"), "2026-11-23T02:28:09Z info\n2026-11-23T02:28:09Z info\n2026-11-23T02:28:09Z info\n2 duplicate\n");
    check(&format!("\u{feff}{good}"), "2026-11-23T02:28:09Z info\n");
    check(&format!("\0\0\0{good}"), "2026-11-23T02:28:09Z info\n1 encoding\n");
    check("{\"level\":\"info\",\"level\":\"error\",\"ts\":\"2026-11-23T02:28:09Z\"}\n", "2026-11-23T02:28:09Z error\n");
    check("{\"le\\u0076el\":\"error\",\"ts\":\"2026-11-23T02:28:09Z\"}\n", "2026-11-23T02:28:09Z error\n");
    let bytes = [good.as_bytes(), b"\xff\xfe oops\n"].concat();
    let chunk = parse_chunk(&plan_in(&bytes, &Context::default()), &bytes);
    assert_eq!(chunk.problems.counts().get(&ProblemKind::Encoding), Some(&1));
}

#[test]
fn lines_of_any_length_and_depth_cost_bounded_work() {
    let good = "{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:09Z\",\"msg\":\"a\"}\n";
    let long = format!("{good}{{\"msg\":\"{}\",\"ts\":\"2026-11-23T02:28:10Z\"}}\n", "x".repeat(200_000));
    let plan = plan_of(good);
    assert_eq!(show(&parse_chunk(&plan, long.as_bytes())), "2026-11-23T02:28:09Z info\nunplaced unknown\n1 limit\n");
    let deep = format!("{{\"ts\":\"2026-11-23T02:28:10Z\",\"fields\":{}1{}}}\n", "{\"fields\":".repeat(30_000), "}".repeat(30_000));
    assert_eq!(parse_chunk(&plan, deep.as_bytes()).columns.times.len(), 1);
    assert!(read_record(&plan, deep.as_bytes()).time.is_some());
}

#[test]
fn the_unit_of_an_epoch_is_voted_by_the_field() {
    // 5 alone would be five seconds after the epoch: read in the unit of its field it is no time at all.
    check(
        "{\"ts\":1795400291981,\"msg\":\"a\"}\n{\"ts\":1795400291982,\"msg\":\"b\"}\n{\"ts\":1795400291983,\"msg\":\"c\"}\n{\"ts\":1795400291984,\"msg\":\"c\"}\n{\"ts\":1795400291985,\"msg\":\"c\"}\n{\"ts\":1795400291986,\"msg\":\"c\"}\n{\"ts\":1795400291987,\"msg\":\"c\"}\n{\"ts\":1795400291988,\"msg\":\"c\"}\n{\"ts\":1795400291989,\"msg\":\"c\"}\n{\"ts\":5,\"msg\":\"d\"}\n",
        &format!(
            "{}unplaced unknown\n1 time\n",
            (1..=9).fold(String::new(), |all, i| all + &format!("2026-11-23T02:18:11.98{i}Z unknown\n"))
        ),
    );
}

#[test]
fn a_time_key_that_cannot_be_a_time_gives_way_to_one_that_can() {
    check(r#"{"message": "A message","timestamp": 123456789,"datetime": "2015-07-24T19:01:01+00:00"}"#, "2015-07-24T19:01:01Z unknown\n");
}

fn detail(text: &str) -> RecordDetail {
    read_record(&plan_of(text), text.as_bytes())
}

#[test]
fn a_record_tells_everything_it_says() {
    let got = detail(
        "{\"level\":\"error\",\"ts\":\"2026-11-23T02:35:36.680Z\",\"msg\":\"tab\\there\",\"service\":\"order\",\"trace_id\":\"32b2\",\"status\":503,\"tags\":[1,2]}\npanic: x\n",
    );
    assert_eq!((got.level, got.service.as_deref(), got.trace_id.as_deref()), (Level::Error, Some("order"), Some("32b2")));
    assert_eq!(got.message, "tab\there\npanic: x");
    assert_eq!(got.fields, [("status".into(), "503".into()), ("tags".into(), "[1,2]".into())]);
    let got = detail("2026/11/23 02:28:10 [INFO] request trace_id=d3f7 status=200\n");
    assert_eq!((got.message.as_str(), got.trace_id.as_deref()), ("request trace_id=d3f7 status=200", Some("d3f7")));
    let got = detail("2026-11-23T03:18:11.542+0100\tERROR\tglog/main.go:56\tfailed: x\t{\"i\": 3}\n");
    assert_eq!(got.message, "failed: x");
    assert_eq!(got.fields, [("caller".into(), "glog/main.go:56".into()), ("i".into(), "3".into())]);
    let got = detail("1.2.3.4 - - [23/Nov/2026:07:49:26 +0000] \"GET /a HTTP/1.1\" 502 7 \"-\" \"curl\"\n");
    assert_eq!((got.message.as_str(), got.level), ("GET /a HTTP/1.1 502", Level::Error));
    let got = detail("ts=2026-11-23T02:28:10.1Z level=info svc=inventory msg=\"a \\\"b\\\"\" n=6\n");
    assert_eq!((got.message.as_str(), got.service.as_deref()), ("a \"b\"", Some("inventory")));
    assert_eq!(got.fields, [("n".into(), "6".into())]);
}

/// Lines of every layout, good and broken, for the property tests.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        r#"\{"level":"(info|warn)","ts":"2026-11-23T02:28:[0-5][0-9]Z","service":"[ab]","status":[2-5]0[0-4]\}"#,
        r#"\{"ts":"2026-11-23T02:28:[0-5][0-9]Z","extra":\{"level":1\},"svc":"[ab]","latency":0.[0-9]{3}\}"#,
        r#"\{"level":"info","ts":"2026-11-23T02"#,
        "ts=2026-11-23T02:28:[0-5][0-9]Z level=info svc=[ab] n=[0-9]",
        r#"1\.2\.3\.4 - - \[23/Nov/2026:02:28:[0-5][0-9] \+0000\] "GET / HTTP/1\.1" [2-5]0[0-4] 46 [0-9]{3,5}"#,
        "2026/11/23 02:28:[0-5][0-9] \\[(INFO|ERROR)\\] x=[0-9] status=[2-5]0[0-4]",
        "2026-11-01 01:[0-5][0-9]:00 text",
        "\tat main.go:[0-9]{2}",
        "[ -~]{0,30}",
        "(same|)",
    ];
    prop_oneof![9 => text.prop_map(String::into_bytes), 1 => prop::collection::vec(any::<u8>().prop_filter("line end", |b| *b != b'\n'), 0..20)]
}

/// The chunks of one file put together as the loader does.
fn concatenated(plan: &LogPlan, bytes: &[u8], borders: &[usize]) -> LogChunk {
    let mut whole = LogChunk::default();
    let mut joiner = Joiner::new(plan);
    let mut from = 0;
    for to in borders.iter().copied().chain([bytes.len()]) {
        let to = if to == bytes.len() { to } else { crate::parse::chunk::next_line_start(bytes, to).unwrap_or(bytes.len()) };
        if to <= from {
            continue;
        }
        let mut chunk = parse_chunk(plan, &bytes[from..to]);
        joiner.join(&mut chunk);
        if whole.columns.times.is_empty() {
            whole.head_lines += chunk.head_lines;
            whole.head_bytes += chunk.head_bytes;
        } else {
            whole.n_continuation_lines += u64::from(chunk.head_lines);
        }
        whole.n_continuation_lines += chunk.n_continuation_lines;
        for problem in chunk.problems.kept_mut().iter_mut().filter(|problem| problem.line > 0) {
            problem.line += whole.n_lines;
            problem.byte += from as u64;
        }
        let services: Vec<u16> = chunk
            .services
            .iter()
            .map(|name| {
                let known = whole.services.iter().position(|known| known == name);
                known.unwrap_or_else(|| {
                    whole.services.push(name.clone());
                    whole.services.len() - 1
                }) as u16
            })
            .collect();
        whole.n_lines += chunk.n_lines;
        whole.n_fallbacks += chunk.n_fallbacks;
        whole.problems.append(chunk.problems);
        let columns = &mut whole.columns;
        columns.offsets.extend(chunk.columns.offsets.iter().map(|offset| offset + from as u32));
        columns.times.extend(chunk.columns.times);
        columns.levels.extend(chunk.columns.levels);
        columns
            .services
            .extend(chunk.columns.services.iter().map(|index| services.get(usize::from(*index)).copied().unwrap_or(NO_SERVICE)));
        columns.statuses.extend(chunk.columns.statuses);
        columns.latencies.extend(chunk.columns.latencies);
        from = to;
    }
    whole
}

proptest! {
    #[test]
    fn the_borders_of_chunks_never_change_what_is_read(
        lines in prop::collection::vec(any_line(), 1..40), borders in prop::collection::vec(0usize..2000, 0..6), ends_with_line: bool,
    ) {
        let mut bytes = lines.join(&b'\n');
        if ends_with_line {
            bytes.push(b'\n');
        }
        let context = Context { zone: Some(Zone { name: "America/New_York".into(), certainty: ZoneCertainty::File }), ..Context::default() };
        let plan = plan(&windows(&bytes), &context).unwrap_or_default();
        let mut borders: Vec<usize> = borders.into_iter().map(|border| border % (bytes.len() + 1)).collect();
        borders.sort_unstable();
        let (one, many) = (concatenated(&plan, &bytes, &[]), concatenated(&plan, &bytes, &borders));
        prop_assert_eq!(show(&one), show(&many));
        prop_assert_eq!(&one.columns.offsets, &many.columns.offsets);
        prop_assert_eq!((one.n_lines, one.head_lines, one.head_bytes, one.n_continuation_lines, one.n_fallbacks),
            (many.n_lines, many.head_lines, many.head_bytes, many.n_continuation_lines, many.n_fallbacks));
        let places = |chunk: &LogChunk| {
            let mut places: Vec<_> = chunk.problems.kept().iter().map(|problem| (problem.byte, problem.line, problem.kind)).collect();
            places.sort_unstable();
            places
        };
        prop_assert_eq!(places(&one), places(&many));
        prop_assert_eq!(one.n_lines, one.columns.times.len() as u64 + one.n_continuation_lines + u64::from(one.head_lines));
        prop_assert_eq!(one.n_lines, crate::parse::chunk::count_lines(&bytes));
    }

    #[test]
    fn a_record_read_alone_says_what_its_columns_say(lines in prop::collection::vec(any_line(), 1..20)) {
        let bytes = lines.join(&b'\n');
        let plan = plan(&windows(&bytes), &Context::default()).unwrap_or_default();
        let chunk = parse_chunk(&plan, &bytes);
        for (index, offset) in chunk.columns.offsets.iter().enumerate() {
            let end = chunk.columns.offsets.get(index + 1).map_or(bytes.len(), |end| *end as usize);
            let detail = read_record(&plan, &bytes[*offset as usize..end]);
            prop_assert_eq!(detail.time.map_or(NO_TIME, |time| time.0), chunk.columns.times[index]);
            prop_assert_eq!(detail.level, chunk.columns.levels[index]);
            let service = chunk.services.get(usize::from(chunk.columns.services[index]));
            prop_assert_eq!(detail.service.as_ref(), service);
        }
    }
}
