//! Promises for what programs print unless someone sets a format: level, time, service, status, latency, trace, message.

use super::*;

/// Message and fields of the record that begins at each line.
fn details(text: &str) -> Vec<RecordDetail> {
    let plan = plan_of(text);
    let chunk = parse_chunk(&plan, text.as_bytes());
    let ends = chunk.columns.offsets.iter().skip(1).map(|end| *end as usize).chain([text.len()]);
    let records = chunk.columns.offsets.iter().zip(ends);
    records.map(|(start, end)| read_record(&plan, &text.as_bytes()[*start as usize..end])).collect()
}

fn field<'a>(detail: &'a RecordDetail, name: &str) -> Option<&'a str> {
    detail.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_format_is_recognised_among_stack_traces() {
    let text = "2026-11-23T02:28:09.123Z ERROR 1 --- [shop] [nio-8080-exec-1] [4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7] o.a.c.c.C.[.[.[/] : threw\n\njava.sql.SQLTransientConnectionException: no connection\n\tat com.zaxxer.A.b(A.java:6)\nCaused by: org.postgresql.util.PSQLException: too many\n\tat org.postgresql.C.d(C.java:1)\n\t... 33 more\n2026-11-23T02:28:10.123Z  INFO 1 --- [shop] [nio-8080-exec-2] c.e.shop.Order : recovered\n";
    assert_eq!(plan_of(text).format_name(), "spring-boot");
    let all = details(text);
    assert_eq!(all[0].trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert!(all[0].message.starts_with("threw\n\njava.sql") && all[0].message.ends_with("33 more"), "{}", all[0].message);
    assert_eq!(
        (all[1].message.as_str(), field(&all[1], "thread"), field(&all[1], "app")),
        ("recovered", Some("nio-8080-exec-2"), Some("shop"))
    );
}

#[test]
fn levels_stand_behind_brackets_slashes_and_pairs() {
    check(
        "[2026-11-23 02:28:09 INF] Now listening\n[2026-11-23 02:28:10 ERR] HTTP GET /pay\n[2026-11-23 02:28:11 WRN] Retry\n",
        "2026-11-23T02:28:09Z info\n2026-11-23T02:28:10Z error\n2026-11-23T02:28:11Z warn\n",
    );
    check("[2026-11-23 02:28:09,123: ERROR/ForkPoolWorker-1] Task shop.pay[8f7e] raised\n", "2026-11-23T02:28:09.123Z error\n");
    check("2026-11-23T02:28:09.123Z pid=1 tid=gq8 class=Order jid=b4a577edbccf INFO: start\n", "2026-11-23T02:28:09.123Z info\n");
}

#[test]
fn requests_in_frameworks_tell_status_and_latency() {
    check(
        "[GIN] 2026/11/23 - 02:28:09 | 500 | 30.001234567s |  10.0.0.1 | POST     \"/pay\"\n",
        "2026-11-23T02:28:09Z error 500 30001.234ms\n",
    );
    let rails = "I, [2026-11-23T02:28:09.123456 #8]  INFO -- : [8f7e6d5c-1234-4abc-9def-0123456789ab] Completed 500 Internal Server Error in 350ms (Db: 1.2ms)\n";
    check(rails, "2026-11-23T02:28:09.123456Z info 500 350.000ms\n");
    assert_eq!(details(rails)[0].trace_id.as_deref(), Some("8f7e6d5c-1234-4abc-9def-0123456789ab"));
    check(
        "2026-11-23T02:28:09.123456+00:00 heroku[router]: at=error code=H12 method=GET path=\"/\" request_id=8f7e connect=1ms service=30000ms status=503 bytes=0\n",
        "2026-11-23T02:28:09.123456Z error router 503 30000.000ms\n",
    );
    check(
        "1795400889.123  30012 10.0.0.1 TCP_MISS/504 12 GET http://x/pay - HIER_DIRECT/10.0.0.3 text/html\n",
        "2026-11-23T02:28:09.123Z error 504 30012.000ms\n",
    );
    let mongo = r#"{"t":{"$date":"2026-11-23T02:28:09.123+00:00"},"s":"I","c":"COMMAND","msg":"Slow query","attr":{"ns":"shop.orders","durationMillis":1234}}"#;
    check(mongo, "2026-11-23T02:28:09.123Z info 1234.000ms\n");
}

#[test]
fn an_audit_record_stands_at_its_time_with_its_pairs() {
    let text = "type=SYSCALL msg=audit(1795400889.123:4567): arch=c000003e success=yes comm=\"bash\"\nnode=web1 type=CWD msg=audit(1795400890.123:4568): cwd=\"/root\"\n";
    check(text, "2026-11-23T02:28:09.123Z unknown\n2026-11-23T02:28:10.123Z unknown web1\n");
    assert_eq!(field(&details(text)[0], "comm"), Some("bash"));
}

#[test]
fn records_without_a_sentence_are_told_by_what_was_asked_for() {
    let envoy = r#"{"start_time":"2026-11-23T02:28:09Z","method":"GET","path":"/orders","response_code":503,"duration":5003}"#;
    assert_eq!(details(envoy)[0].message, "/orders");
    // A sentence wins, and the path stays a field.
    let spoken = r#"{"time":"2026-11-23T02:28:09Z","level":"info","msg":"served","path":"/orders"}"#;
    assert_eq!((details(spoken)[0].message.as_str(), field(&details(spoken)[0], "path")), ("served", Some("/orders")));
    // An inventory is no log because its lines have a path.
    let inventory = "{\"path\":\"/a\",\"size\":1}\n{\"path\":\"/b\",\"size\":2}\n";
    assert!(plan(&windows(inventory.as_bytes()), &Context::default()).is_none());
}

#[test]
fn exports_of_clouds_tell_level_service_and_trace() {
    check(
        r#"{"TimeGenerated":"2026-11-23T02:28:09Z","Message":"boom","SeverityLevel":3,"AppRoleName":"shop","OperationId":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
        "2026-11-23T02:28:09Z error shop\n",
    );
    let google = r#"{"timestamp":"2026-11-23T02:28:09Z","severity":"ERROR","textPayload":"boom","trace":"projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736"}"#;
    assert_eq!(details(google)[0].trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    check(
        r#"{"kind":"Event","level":"Metadata","stage":"ResponseComplete","requestURI":"/api/v1/pods","responseStatus":{"code":500},"requestReceivedTimestamp":"2026-11-23T02:28:09.5Z"}"#,
        "2026-11-23T02:28:09.5Z error 500\n",
    );
    check(r#"{"timeUnixNano":"1795400889000000000","severityNumber":"SEVERITY_NUMBER_WARN","body":"slow"}"#, "2026-11-23T02:28:09Z warn\n");
    // Only the line inside has a time.
    let stern = "{\"message\":\"2026-11-23T02:28:09Z INFO ok\",\"podName\":\"shop-1\",\"containerName\":\"shop\"}\n{\"message\":\"2026-11-23T02:28:10Z ERROR no\",\"podName\":\"shop-1\",\"containerName\":\"shop\"}\n";
    check(stern, "2026-11-23T02:28:09Z info shop\n2026-11-23T02:28:10Z error shop\n");
}

#[test]
fn a_message_is_what_the_program_said_and_not_what_stands_before_it() {
    let klog = "E1123 02:28:09.123456       1 main.go:13] \"Failed\" err=\"x\"\n";
    let detail = &details(klog)[0];
    assert_eq!((detail.message.as_str(), field(detail, "caller")), ("\"Failed\" err=\"x\"", Some("main.go:13")));
    let syslog = "<165>1 2026-11-23T02:28:09.003Z web1 shop 123 ID47 [a@1 iut=\"3\" source=\"App \\\"x\\]\"][b@1 c=\"d\"] \u{feff}An event\n<11>1 2026-11-23T02:28:10Z web1 pay - - - lost\n";
    let all = details(syslog);
    assert_eq!(all.iter().map(|detail| detail.message.as_str()).collect::<Vec<_>>(), ["An event", "lost"]);
    assert_eq!((field(&all[0], "host"), field(&all[0], "iut")), (Some("web1"), Some("3")));
}

#[test]
fn folded_lines_are_without_what_collectors_put_before_each() {
    let compose = "web-1  | 2026-11-23T02:28:09Z ERROR boom\nweb-1  | Traceback (most recent call last):\n\u{1b}[36mweb-1  |\u{1b}[0m ValueError: x\n";
    assert_eq!(details(compose)[0].message, "boom\nTraceback (most recent call last):\nValueError: x");
    let line = |text: &str| format!("{{\"log\":\"{text}\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T02:28:09.1Z\"}}\n");
    let docker = line("boom") + &line("Traceback (most recent call last):") + &line("ValueError: x");
    assert_eq!(details(&docker)[0].message, "boom\nTraceback (most recent call last):\nValueError: x");
}

#[test]
fn programs_that_leave_the_time_to_others_are_listed_and_no_time_is_thrown_away_for_that() {
    check(
        "INFO:     Started server process [1]\nINFO:     10.0.0.1:1 - \"GET / HTTP/1.1\" 500 Internal Server Error\n",
        "unplaced info\nunplaced info 500\n",
    );
    check(
        "fail: Shop.Kestrel[13]\n      An exception\n         at Shop.A()\nwarn: Shop.Retry[0]\n      Retry 3\n",
        "unplaced error\nunplaced warn\nhead 0 continued 3\n",
    );
    check(
        "INFO:root:started\nERROR:shop.db:failed\nTraceback (most recent call last):\n  File \"x\", line 1\nValueError: y\nWARNING:shop:z\n",
        "unplaced info\nunplaced error\nunplaced warn\nhead 0 continued 3\n",
    );
    check(
        "[INFO] [11/23/2026 02:28:09.123] [main] Starting\n[ERROR] [11/23/2026 02:28:10.123] [x] boom\n",
        "2026-11-23T02:28:09.123Z info\n2026-11-23T02:28:10.123Z error\n",
    );
}

#[test]
fn letters_and_words_of_other_loggers_are_levels() {
    check("E20261123 02:28:09.123456  12 main.cc:13] boom\n", "2026-11-23T02:28:09.123456Z error\n");
    check("W261123 02:28:09.123456 12 kv/x.go:13 ⋮ [T1,n1] 2  slow\n", "2026-11-23T02:28:09.123456Z warn\n");
    check("[23-Nov-2026 02:28:09 UTC] PHP Fatal error:  Uncaught Error: x\n", "2026-11-23T02:28:09Z fatal\n");
    check(
        "####<Nov 23, 2026 2:28:09 AM UTC> <Error> <JDBC> <h> <shop1> <main> <> <> <> <1795400889123> <BEA-001112> <Test failed> \n",
        "2026-11-23T02:28:09Z error shop1\n",
    );
}

#[test]
fn a_byte_order_mark_hides_no_record_of_two_lines() {
    let text =
        "\u{feff}Nov 20, 2026 3:14:09 AM com.acme.Api handle\nSEVERE: timeout\nNov 20, 2026 3:14:15 AM com.acme.Api handle\nINFO: ready\n";
    let converted = crate::parse::log::convert::convert(crate::parse::log::convert::Sort::TwoLine, text.as_bytes());
    assert_eq!(converted.n_records, 2);
}
