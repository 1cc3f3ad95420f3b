//! Promises of making documents into lines: every record once, at its line, with its time, level and words.

use std::fmt::Write as _;

use super::*;
use crate::model::text::rfc3339;
use crate::parse::log::{parse_chunk, plan, read_record};
use crate::parse::{Context, NO_SERVICE};
use proptest::prelude::*;

fn windows(bytes: &[u8]) -> Windows<'_> {
    Windows { path: "a", size_bytes: bytes.len() as u64, head: bytes, middle: b"", tail: b"" }
}

fn made(text: &[u8]) -> Converted {
    convert(sort_of(&windows(text)).expect("a document of records"), text)
}

/// One line a record: line, time, level, service, message.
fn show(text: &[u8]) -> String {
    let made = made(text);
    let plan = plan(&windows(&made.text), &Context::default()).expect("a log");
    let chunk = parse_chunk(&plan, &made.text);
    let mut out = format!("{}\n", made.format);
    let columns = &chunk.columns;
    for (i, offset) in columns.offsets.iter().enumerate() {
        let start = *offset as usize;
        let end = columns.offsets.get(i + 1).map_or(made.text.len(), |end| *end as usize);
        let record = read_record(&plan, &made.text[start..end]);
        let line = memchr::memchr_iter(b'\n', &made.text[..start]).count() + 1;
        let service = if columns.services[i] == NO_SERVICE { "-" } else { &chunk.services[usize::from(columns.services[i])] };
        let time = rfc3339(crate::model::Timestamp(columns.times[i]));
        let _ = writeln!(out, "{line} {time} {} {service} {}", columns.levels[i].name(), record.message);
    }
    out
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(show(text.as_bytes()), expected);
}

#[test]
fn an_answer_of_loki_gives_its_lines_with_their_labels() {
    check(
        r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"app":"order","level":"info"},"values":[["1795400890000000000","{\"level\":\"error\",\"msg\":\"lost\"}"],["1795400889000000000","plain words"]]}],"stats":{}}}"#,
        "loki\n1 2026-11-23T02:28:10Z error order lost\n2 2026-11-23T02:28:09Z info order plain words\n",
    );
}

#[test]
fn answers_of_other_stores_are_opened() {
    check(
        "{\"took\":3,\"hits\":{\"total\":{\"value\":1},\"hits\":[\n{\"_index\":\"logs\",\"_id\":\"1\",\"_source\":{\"@timestamp\":\"2026-11-23T02:28:09Z\",\"log\":{\"level\":\"warn\"},\"message\":\"slow\",\"service\":{\"name\":\"cart\"}}}\n]}}",
        "elasticsearch\n2 2026-11-23T02:28:09Z warn cart slow\n",
    );
    check(
        r#"{"events":[{"logStreamName":"a/b","timestamp":1795400889123,"message":"{\"level\":\"error\",\"msg\":\"no\"}","ingestionTime":1795400889999,"eventId":"1"}],"searchedLogStreams":[]}"#,
        "cloudwatch-logs\n1 2026-11-23T02:28:09.123Z error - no\n",
    );
    check(
        r#"{"results":[[{"field":"@timestamp","value":"2026-11-23 02:28:09.500"},{"field":"@message","value":"ERROR x"},{"field":"@ptr","value":"Cl"}]],"status":"Complete"}"#,
        "cloudwatch-insights\n1 2026-11-23T02:28:09.5Z error - ERROR x\n",
    );
    check(
        "[\n  {\n    \"insertId\": \"a\",\n    \"timestamp\": \"2026-11-23T02:28:09Z\",\n    \"severity\": \"ERROR\",\n    \"textPayload\": \"gone\",\n    \"resource\": {\"type\":\"k8s_container\",\"labels\":{\"container_name\":\"web\"}}\n  },\n  {\"insertId\":\"b\",\"timestamp\":\"2026-11-23T02:28:10Z\",\"severity\":\"INFO\",\"jsonPayload\":{\"message\":\"back\"}}\n]\n",
        "gcp-logging\n2 2026-11-23T02:28:09Z error web gone\n9 2026-11-23T02:28:10Z info - back\n",
    );
    check(
        r#"{"data":[{"id":"A","type":"log","attributes":{"timestamp":"2026-11-23T02:28:09Z","status":"error","service":"pay","message":"declined","attributes":{"order":7}}}]}"#,
        "datadog\n1 2026-11-23T02:28:09Z error pay declined\n",
    );
    check(
        "{\"preview\":false,\"offset\":0,\"result\":{\"_time\":\"2026-11-23T02:28:09Z\",\"_raw\":\"level=error msg=gone\",\"host\":\"h\"}}\n{\"preview\":false,\"offset\":1,\"result\":{\"_time\":\"2026-11-23T02:28:10Z\",\"_raw\":\"level=info msg=back\",\"host\":\"h\"}}\n",
        "splunk-json\n1 2026-11-23T02:28:09Z error - gone\n2 2026-11-23T02:28:10Z info - back\n",
    );
}

#[test]
fn log_records_of_otlp_take_the_service_of_their_resource() {
    let record = r#"{"timeUnixNano":"0","observedTimeUnixNano":"1795400889000000000","severityNumber":17,"body":{"stringValue":"gone"},"attributes":[{"key":"time","value":{"stringValue":"noon"}}],"traceId":"5b8efff798038103d269b633813fc60c"}"#;
    let text = format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeLogs":[{{"scope":{{}},"logRecords":[{record}]}}]}}]}}"#
    );
    check(&text, "otlp-logs\n1 2026-11-23T02:28:09Z error shop gone\n");
}

#[test]
fn records_over_several_lines_keep_their_lines() {
    let text = "{\n  \"ts\": \"2026-11-23T02:28:09Z\",\n  \"level\": \"info\",\n  \"msg\": \"a\"\n}\n{\n  \"ts\": \"2026-11-23T02:28:10Z\",\n  \"level\": \"warn\",\n  \"msg\": \"b\"\n}\n";
    check(text, "json-pretty\n1 2026-11-23T02:28:09Z info - a\n6 2026-11-23T02:28:10Z warn - b\n");
    let made = made(text.as_bytes());
    assert!(made.keeps_lines);
    assert_eq!(memchr::memchr_iter(b'\n', &made.text).count(), text.lines().count());
}

#[test]
fn lines_of_json_and_other_documents_are_left_alone() {
    for text in [
        "{\"ts\":\"2026-11-23T02:28:09Z\",\"msg\":\"a\"}\n{\"ts\":\"2026-11-23T02:28:10Z\",\"msg\":\"b\"}\n",
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"a"},"values":[[1795400889,"1"]]}]}}"#,
        r#"{"data":[{"traceID":"a","spans":[{"startTime":1795400889000000,"duration":3}]}]}"#,
        "[2026-11-23 02:28:09] started\n",
        "time,value\n2026-11-23T02:28:09Z,3\n",
        "2026-11-23 02:28:09 plain text\n",
        "",
        "{",
        "[",
    ] {
        assert_eq!(sort_of(&windows(text.as_bytes())), None, "{text}");
    }
}

#[test]
fn a_cut_document_keeps_what_is_whole() {
    let text = r#"[{"ts":"2026-11-23T02:28:09Z","level":"info","msg":"a"},{"ts":"2026-11-23T02:28:10Z","lev"#;
    let made = made(text.as_bytes());
    assert_eq!(made.n_records, 1);
    assert_eq!(made.problems.counts().get(&ProblemKind::Truncated), Some(&1));
}

#[test]
fn rows_of_a_table_are_records() {
    check(
        "@timestamp,level,message,service.name\n\"Nov 23, 2026 @ 02:28:09.123\",error,\"two\nlines, \"\"quoted\"\"\",cart\n\"Nov 23, 2026 @ 02:28:10.000\",info,b,cart\n",
        "kibana-csv\n2 2026-11-23T02:28:09.123Z error cart two\nlines, \"quoted\"\n4 2026-11-23T02:28:10Z info cart b\n",
    );
    check(
        "\"_time\",host,\"_raw\"\n\"2026-11-23T02:28:09.000+0000\",h,\"level=error msg=\"\"no way\"\" status=503\"\n",
        "splunk-csv\n2 2026-11-23T02:28:09Z error - no way\n",
    );
    check(
        "Date;Status;Host;Service;Content\r\n2026-11-23T02:28:09Z;error;h;pay;declined\r\n",
        "csv-log\n2 2026-11-23T02:28:09Z error pay declined\n",
    );
    check(
        "message,timestamp,datetime,timestamp_desc\na,1795400889000000,2026-11-23T02:28:09+00:00,created\n",
        "timesketch-csv\n2 2026-11-23T02:28:09Z unknown - a\n",
    );
}

#[test]
fn the_journal_may_hold_bytes_of_any_kind() {
    let mut text = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795400889000000\nPRIORITY=3\nSYSLOG_IDENTIFIER=shop\nMESSAGE\n".to_vec();
    text.extend_from_slice(&11u64.to_le_bytes());
    text.extend_from_slice(
        b"red \x1b[31m=\n\n\n\n__CURSOR=s=2\n__REALTIME_TIMESTAMP=1795400890000000\nPRIORITY=6\n_SYSTEMD_UNIT=a.service\nMESSAGE=b\n",
    );
    let shown = show(&text);
    assert!(shown.starts_with("journald-export\n1 2026-11-23T02:28:09Z error shop red \x1b[31m=\n"), "{shown}");
    assert!(shown.ends_with("2026-11-23T02:28:10Z info a.service b\n"), "{shown}");
}

#[test]
fn a_verbose_journal_is_read_by_its_fields() {
    check(
        "-- Journal begins at Mon 2026-11-23. --\nMon 2026-11-23 02:28:09.123456 UTC [s=1;i=2]\n    PRIORITY=3\n    SYSLOG_IDENTIFIER=shop\n    MESSAGE=gone\n",
        "journald-verbose\n2 2026-11-23T02:28:09.123456Z error shop gone\n",
    );
}

#[test]
fn a_slow_query_is_one_record_with_its_time_and_cost() {
    let text = "mysqld, Version: 8.0.36. started with:\nTcp port: 3306\n# Time: 2026-11-23T02:28:09.123456Z\n# User@Host: shop[shop] @  [10.0.0.1]  Id:     8\n# Query_time: 2.000150  Lock_time: 0.000000 Rows_sent: 1\nSET timestamp=1795400889;\nSELECT\n  SLEEP(2);\n# User@Host: shop[shop] @  [10.0.0.1]  Id:     9\n# Query_time: 0.5  Lock_time: 0.000000\nSET timestamp=1795400890;\nSELECT 1;\n";
    check(text, "mysql-slow\n3 2026-11-23T02:28:09.123456Z unknown - SELECT\n  SLEEP(2);\n9 2026-11-23T02:28:10Z unknown - SELECT 1;\n");
    let made = made(text.as_bytes());
    let plan = plan(&windows(&made.text), &Context::default()).unwrap();
    assert_eq!(parse_chunk(&plan, &made.text).columns.latencies, [2.000_15, 0.5]);
}

#[test]
fn long_lines_of_docker_are_joined() {
    check(
        concat!(
            r#"{"log":"{\"level\":\"warn\",","stream":"stdout","time":"2026-11-23T02:28:09.1Z"}"#,
            "\n",
            r#"{"log":"\"msg\":\"long\"}\n","stream":"stdout","time":"2026-11-23T02:28:09.2Z"}"#,
            "\n",
            r#"{"log":"INFO next\n","stream":"stdout","time":"2026-11-23T02:28:10Z"}"#,
        ),
        "cri\n1 2026-11-23T02:28:09.2Z warn - long\n3 2026-11-23T02:28:10Z info - INFO next\n",
    );
}

#[test]
fn parts_of_a_line_are_joined_where_the_first_stood() {
    check(
        "2026-11-23T02:28:09.100000000Z stdout P {\"level\":\"warn\",\n2026-11-23T02:28:09.200000000Z stderr F ERROR between\n2026-11-23T02:28:09.300000000Z stdout F \"msg\":\"long\"}\n2026-11-23T02:28:10.000000000Z stdout F INFO next\n",
        "cri\n1 2026-11-23T02:28:09.1Z warn - long\n2 2026-11-23T02:28:09.2Z error - ERROR between\n4 2026-11-23T02:28:10Z info - INFO next\n",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0usize..4) {
        let sort = [Sort::Json("json-array"), Sort::Table, Sort::JournalExport, Sort::Partial][which];
        let _ = sort_of(&windows(&bytes));
        let made = convert(sort, &bytes);
        prop_assert!(made.n_records <= bytes.len() as u64 + 1);
    }

    #[test]
    fn no_text_of_these_signs_makes_it_fail(text in "[\\[\\]{}\",:0-9a-z \\\\\n;=]{0,200}", which in 0usize..4) {
        let sort = [Sort::Json("json-array"), Sort::Table, Sort::JournalExport, Sort::Partial][which];
        let _ = sort_of(&windows(text.as_bytes()));
        convert(sort, text.as_bytes());
    }
}

#[test]
fn spans_are_records_at_their_start_with_their_trace() {
    let otlp = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"order"}}]},"scopeSpans":[{"spans":[
{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"GET /orders","startTimeUnixNano":"1795400889000000000","endTimeUnixNano":"1795400890500000000","kind":2,"status":{}},
{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b175","parentSpanId":"eee19b7ec3c1b174","name":"SELECT","startTimeUnixNano":1795400889100000000,"endTimeUnixNano":"1795400889000000000","kind":"SPAN_KIND_CLIENT","status":{"code":2,"message":"timeout"}}]}]}]}"#;
    check(otlp, "otlp-traces\n2 2026-11-23T02:28:09Z unknown order GET /orders\n3 2026-11-23T02:28:09.1Z error order SELECT\n");
    let made = made(otlp.as_bytes());
    let text = String::from_utf8(made.text).expect("text");
    assert!(text.contains(r#""duration_ns":1500000000"#) && text.contains(r#""trace_id":"5b8efff798038103d269b633813fc60c""#), "{text}");
    // A span that ends before it starts is told, and has no duration.
    assert_eq!((made.kind, made.problems.total()), (SourceKind::Traces, 1));
    let jaeger = r#"{"data":[{"traceID":"ab","spans":[{"traceID":"ab","spanID":"c","operationName":"pay","references":[],"startTime":1795400889000000,"duration":2500,"tags":[{"key":"error","type":"bool","value":true}],"logs":[],"processID":"p1"}],"processes":{"p1":{"serviceName":"payment","tags":[]}}}]}"#;
    check(jaeger, "jaeger\n1 2026-11-23T02:28:09Z error payment pay\n");
    let zipkin = r#"[[{"traceId":"ab","id":"c","name":"get","timestamp":1795400889000000,"duration":10,"localEndpoint":{"serviceName":"web"}},{"traceId":"ab","id":"d","localEndpoint":{"serviceName":"db"},"tags":{"error":""}}]]"#;
    let shown = show(zipkin.as_bytes());
    assert!(
        shown.starts_with("zipkin\n1 2026-11-23T02:28:09Z unknown web get\n") && shown.ends_with("error db span without a name\n"),
        "{shown}"
    );
    let console = r#"{"Name":"GET /","SpanContext":{"TraceID":"abc1","SpanID":"def1","TraceFlags":"01"},"Parent":{"SpanID":"0000"},"SpanKind":2,"StartTime":"2026-11-23T02:28:09.25Z","EndTime":"2026-11-23T02:28:09.5Z","Attributes":[],"Status":{"Code":"Unset"},"Resource":[{"Key":"service.name","Value":{"Type":"STRING","Value":"shop"}}]}"#;
    check(console, "otlp-traces\n1 2026-11-23T02:28:09.25Z unknown shop GET /\n");
}

#[test]
fn the_slow_log_of_redis_gives_each_query_with_its_time_and_cost() {
    let text = "  1) 1) (integer) 9000\n     2) (integer) 1795400889\n     3) (integer) 29102\n     4) 1) \"lrange\"\n        2) \"queue:\\x01\"\n        3) \"0\"\n     5) \"10.3.1.31:40613\"\n     6) \"\"\n  2) 1) (integer) 8999\n     2) (integer) 1795400888\n     3) (integer) 11\n     4) 1) \"keys\"\n        2) \"*\"\n     5) \"10.3.1.31:44000\"\n     6) \"cron\"\n";
    check(text, "redis-slowlog\n1 2026-11-23T02:28:09Z unknown - lrange queue:\\x01 0\n9 2026-11-23T02:28:08Z unknown - keys *\n");
    let record = made(text.as_bytes());
    assert!(String::from_utf8_lossy(&record.text).contains(r#""duration_us":29102"#));
}

#[test]
fn requests_exported_from_application_insights_are_events_with_status_and_trace() {
    let text = "\u{feff}\"timestamp [UTC]\",id,name,success,resultCode,duration,\"operation_Id\",\"cloud_RoleName\"\n\"11/23/2026, 2:28:09.160 AM\",df0d,\"POST /pay\",True,200,\"54.0323\",19cdf691c9a17e0057e9c9973fdf7fe2,pay\n\"11/23/2026, 2:28:10.000 PM\",df0e,\"GET /items\",False,503,\"15002.1\",29cdf691c9a17e0057e9c9973fdf7fe2,shop\n";
    check(text, "application-insights-csv\n2 2026-11-23T02:28:09.16Z info pay POST /pay\n3 2026-11-23T14:28:10Z error shop GET /items\n");
}

#[test]
fn a_list_of_sessions_is_events_at_the_times_in_the_column_that_never_goes_back() {
    let text = "pid,query_start,sampled_at,state,query\n\
        7,2026-11-23 02:27:59+00,2026-11-23 02:28:00+00,active,\"SELECT 1, 2\"\n\
        8,2026-11-23 02:27:01+00,2026-11-23 02:28:00+00,idle,\n\
        9,2026-11-23 02:27:30+00,2026-11-23 02:28:15+00,idle,\\N\n";
    check(
        text,
        "csv-log\n2 2026-11-23T02:28:00Z unknown - SELECT 1, 2\n\
         3 2026-11-23T02:28:00Z unknown - pid 8, query_start 2026-11-23 02:27:01+00, state idle\n\
         4 2026-11-23T02:28:15Z unknown - pid 9, query_start 2026-11-23 02:27:30+00, state idle\n",
    );
    let why = made(text.as_bytes()).why;
    assert!(why.starts_with("rows of a table at the times in column \"sampled_at\": 3 records"), "{why}");
    let processes = "\"snap\",\"Id\",\"User\",\"Host\",\"db\",\"Time\",\"State\",\"Info\"\n\
        \"2026-11-23 02:28:00\",\"100\",\"app\",\"10.0.0.1:5512\",\"shop\",\"5\",\"Waiting\",\"ALTER TABLE t\"\n\
        \"2026-11-23 02:28:15\",\"100\",\"app\",\"10.0.0.1:5512\",\"shop\",\"20\",\"Waiting\",\"ALTER TABLE t\"\n";
    check(processes, "csv-log\n2 2026-11-23T02:28:00Z unknown - ALTER TABLE t\n3 2026-11-23T02:28:15Z unknown - ALTER TABLE t\n");
}

#[test]
fn measurements_stay_measurements_whatever_their_time_is_called() {
    for text in [
        "probe_moment,active,idle\n2026-11-23T02:28:00Z,1,2\n2026-11-23T02:28:15Z,3,4\n",
        "host,when_taken,cpu\na,1795400889,1\nb,1795400889,2\na,1795400890,3\nb,1795400890,4\n",
        "sampled_at,count,state\n2026-11-23 02:28:00,5,idle\n2026-11-23 02:28:00,6,active\n2026-11-23 02:28:15,7,idle\n2026-11-23 02:28:15,7,active\n",
    ] {
        assert_eq!(sort_of(&windows(text.as_bytes())), None, "{text}");
    }
    assert_eq!(sort_of(&windows(b"a,b,c\n1,2,3\n4,5,6\n")), None, "no time at all");
}
