//! Promises of columns and brackets whose meaning no key tells.

use super::*;

const INGRESS: &str = concat!(
    r#"203.0.115.7 - - [17/Mar/2026:14:00:00 +0000] "GET /api/orders?customerId=7 HTTP/1.1" 200 6443 "-" "okhttp/4.12.0" 307 0.019 [prod-orders-8080] [] 10.0.12.247:8080 8748 0.019 200 62371f36fae7b79541a311c8e883a735"#,
    "\n",
    r#"203.0.113.3 - - [17/Mar/2026:14:00:01 +0000] "GET /api/items/716 HTTP/1.1" 200 1854 "-" "Mozilla/5.0 (iPhone)" 607 0.030 [prod-catalog-8080] [] 10.0.14.59:8080 5988 0.030 200 7032457e42f2c00df54e8187c238834e"#,
    "\n",
    r#"203.0.113.4 - - [17/Mar/2026:14:00:12 +0000] "GET /api/orders HTTP/2.0" 504 562 "-" "curl/8.5" 612 10.002 [prod-orders-8080] [] 10.0.12.1:8080, 10.0.12.2:8080 0, 0 5.001, 5.001 504, 504 84973d2ff64f7851a08bfdf176c353b0"#,
    "\n",
);

#[test]
fn the_time_of_a_request_is_the_column_of_seconds_not_the_size_before_it() {
    check(
        INGRESS,
        "2026-03-17T14:00:00Z info 200 19.000ms\n2026-03-17T14:00:01Z info 200 30.000ms\n2026-03-17T14:00:12Z error 504 10002.000ms\n",
    );
    let microseconds = r#"10.0.3.152 - - [23/Nov/2026:02:28:10 +0000] "GET /orders HTTP/1.1" 200 46 22697 2.31"#;
    check(microseconds, "2026-11-23T02:28:10Z info 200 22.697ms\n");
}

#[test]
fn what_an_ingress_says_of_its_upstream_has_names() {
    let plan = plan_of(INGRESS);
    let detail = read_record(&plan, INGRESS.lines().last().unwrap().as_bytes());
    assert_eq!(detail.trace_id.as_deref(), Some("84973d2ff64f7851a08bfdf176c353b0"));
    let of = |wanted: &str| detail.fields.iter().filter(|(name, _)| name == wanted).map(|(_, text)| text.as_str()).collect::<Vec<_>>();
    assert_eq!(of("upstream"), ["[prod-orders-8080]"]);
    assert_eq!((of("upstream_status"), of("upstream_response_time")), (vec!["504,", "504"], vec!["5.001,", "5.001"]));
    assert_eq!((of("status"), of("latency")), (vec!["504"], vec!["10.002"]));
}

#[test]
fn a_trace_id_in_brackets_is_that_of_the_record() {
    let spring = concat!(
        "2026-05-06T08:00:02.067Z  INFO 1 --- [shop] [ntainer#0-1-C-1] [d2494137ef50298a31b8dec38c962ec0-45b56d8ad2285e31] c.e.Shop : stored 7\n",
        "2026-05-06T08:12:00.435Z  INFO 1 --- [shop] [   scheduling-1] c.e.Cache : size=1500\n",
    );
    let plan = plan_of(spring);
    let chunk = parse_chunk(&plan, spring.as_bytes());
    let id = "d2494137ef50298a31b8dec38c962ec0";
    assert!(chunk.columns.traces.contains(&crate::parse::trace_hash(id.as_bytes())));
    let ids: Vec<_> = spring.lines().map(|line| read_record(&plan, line.as_bytes()).trace_id).collect();
    assert_eq!(ids, [Some(id.to_owned()), None]);
    let wrapped = format!("2026-05-06T08:00:02.067000000Z stdout F {}\n", spring.lines().next().unwrap());
    let detail = read_record(&plan_of(&wrapped), wrapped.as_bytes());
    assert_eq!(detail.trace_id.as_deref(), Some(id));
}

#[test]
fn a_slow_query_of_mongodb_tells_its_time_and_its_plan() {
    let text = concat!(
        r#"{"t":{"$date":"2026-03-17T14:00:08.000+00:00"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn1","msg":"Slow query","attr":{"ns":"shop.orders","command":{"find":"orders"},"planSummary":"COLLSCAN","durationMillis":1481}}"#,
        "\n",
    );
    check(text, "2026-03-17T14:00:08Z info 1481.000ms\n");
    let fields = detail(text).fields;
    for (name, value) in [("attr.planSummary", "COLLSCAN"), ("attr.durationMillis", "1481"), ("attr.command.find", "orders")] {
        assert!(fields.contains(&(name.to_owned(), value.to_owned())), "{fields:?}");
    }
}

#[test]
fn a_line_that_another_one_carries_tells_its_level_service_and_request() {
    let inner = |id: &str| {
        format!(
            r#"{{\"level\":50,\"time\":1773759096781,\"pid\":1,\"hostname\":\"ip\",\"name\":\"orders\",\"req\":{{\"headers\":{{\"x-request-id\":\"{id}\"}}}},\"res\":{{\"statusCode\":500}},\"responseTime\":29,\"msg\":\"request errored\"}}"#
        )
    };
    let line = |time: &str, id: &str| format!(r#"{{"@timestamp":"{time}","@message":"{}","@logStream":"ecs/orders/a0"}}"#, inner(id));
    let text = format!("{}\n{}\n", line("2026-03-17 14:51:36.781Z", "3f74a1"), line("2026-03-17 14:50:47.867Z", "5acf12"));
    check(&text, "2026-03-17T14:51:36.781Z error orders 500 29.000ms\n2026-03-17T14:50:47.867Z error orders 500 29.000ms\n");
    let plan = plan_of(&text);
    let detail = read_record(&plan, text.lines().next().unwrap().as_bytes());
    assert_eq!((detail.message.as_str(), detail.trace_id.as_deref()), ("request errored", Some("3f74a1")));
}

#[test]
fn a_pause_of_the_jvm_is_as_long_as_its_log_says() {
    check(
        concat!(
            "[2026-05-06T08:00:04.095+0000][info][gc,start    ] GC(0) Pause Young (Normal) (G1 Evacuation Pause)\n",
            "[2026-05-06T08:00:04.102+0000][info][gc          ] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 1033M->433M(2048M) 7.597ms\n",
            "[2026-05-06T08:33:31.190+0000][info][gc          ] GC(9) Pause Full (G1 Compaction Pause) 2000M->1990M(2048M) 7512.300ms\n",
        ),
        "2026-05-06T08:00:04.095Z info\n2026-05-06T08:00:04.102Z info 7.597ms\n2026-05-06T08:33:31.19Z warn 7512.300ms\n",
    );
    let uptimes = "[3476.823s][info][gc,start    ] GC(0) Pause Young\n[3476.833s][info][gc          ] GC(0) Pause Young 1002M->402M(2048M) 10.973ms\n";
    assert!(plan_of(uptimes).needs_date(), "a log of uptimes is a log whose start must be told");
}
