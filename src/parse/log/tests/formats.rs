//! Promises of formats beyond plain lines: lines inside of lines, traces, formats as data, clocks without dates.

use super::*;

fn messages(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let plan = plan_of(text);
    let chunk = parse_chunk(&plan, text.as_bytes());
    let ends = chunk.columns.offsets.iter().skip(1).map(|end| *end as usize).chain([text.len()]);
    let records = chunk.columns.offsets.iter().zip(ends);
    records
        .map(|(start, end)| {
            let detail = read_record(&plan, &text.as_bytes()[*start as usize..end]);
            (detail.message, detail.fields)
        })
        .collect()
}

#[test]
fn a_runtime_and_its_program_have_two_clocks() {
    let text = concat!(
        "2026-11-23T02:28:09.100000000Z 2026-11-23 03:28:09,050 ERROR lost\n",
        "2026-11-23T02:28:09.200000000Z java.lang.IllegalStateException: no\n",
        "2026-11-23T02:28:09.300000000Z \tat com.shop.A.b(A.java:3)\n",
        "2026-11-23T02:28:10.000000000Z I1123 02:28:09.950000       1 main.go:89] started\n",
        "2026-11-23T02:28:11.000000000Z {\"level\":\"warn\",\"ts\":1795400890.9,\"msg\":\"slow\",\"status\":504}\n",
    );
    check(text, "2026-11-23T02:28:09.1Z error\n2026-11-23T02:28:10Z info\n2026-11-23T02:28:11Z warn 504\nhead 0 continued 2\n");
    let all = messages(text);
    assert_eq!(all[0].0, "lost\njava.lang.IllegalStateException: no\n\tat com.shop.A.b(A.java:3)");
    assert!(all[0].1.contains(&("app_time".into(), "2026-11-23 03:28:09,050".into())), "{all:?}");
    assert_eq!(all[2].0, "slow");
    assert!(all[2].1.contains(&("app_time".into(), "1795400890.9".into())), "{all:?}");
}

#[test]
fn lines_of_the_journal_and_of_collectors_tell_what_they_carry() {
    check(
        concat!(
            r#"{"__REALTIME_TIMESTAMP":"1795400889000001","PRIORITY":"6","_SYSTEMD_UNIT":"shop.service","SYSLOG_IDENTIFIER":"shop","MESSAGE":[27,91,51,49,109,120]}"#,
            "\n",
            r#"{"__REALTIME_TIMESTAMP":"1795400890000000","PRIORITY":"3","_SYSTEMD_UNIT":"shop.service","MESSAGE":"gone"}"#,
        ),
        "2026-11-23T02:28:09.000001Z info shop\n2026-11-23T02:28:10Z error shop.service\n",
    );
    let jsonl = concat!(
        r#"{"labels":{"app":"order"},"line":"level=error msg=\"no way\" status=503","timestamp":"2026-11-23T02:28:09Z"}"#,
        "\n",
        r#"{"labels":{"app":"order"},"line":"level=info msg=ok status=200","timestamp":"2026-11-23T02:28:08Z"}"#,
    );
    check(jsonl, "2026-11-23T02:28:09Z error order 503\n2026-11-23T02:28:08Z info order 200\n");
    assert_eq!(messages(jsonl)[0].0, "no way");
    check(
        "shop-7d4f-abcde web {\"level\":\"warn\",\"ts\":\"2026-11-23T02:28:09Z\",\"msg\":\"a\"}\nshop-7d4f-abcde side level=info ts=2026-11-23T02:28:10Z msg=b\n",
        "2026-11-23T02:28:09Z warn web\n2026-11-23T02:28:10Z info side\n",
    );
    check(
        "[pod/shop-1/web] 2026-11-23 02:28:09,1 ERROR a\n[pod/shop-1/web] 2026-11-23 02:28:10,1 INFO b\n",
        "2026-11-23T02:28:09.1Z error web\n2026-11-23T02:28:10.1Z info web\n",
    );
}

#[test]
fn stack_traces_belong_to_the_record_before_them() {
    for trace in [
        "java.lang.RuntimeException: x\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: y\n\t... 3 more",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nValueError: bad\n\nDuring handling of the above exception, another exception occurred:\n\nKeyError: 'a'",
        "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/main.go:5 +0x1d\nexit status 2",
        "goroutine 7 [chan receive, 12 minutes]:\nmain.(*S).run(0xc000, 0x1)\n\t/srv/s.go:9 +0x2\ncreated by main.main in goroutine 1\n\t/srv/main.go:7 +0x3",
        "Error: refused\n    at f (/srv/a.js:1:2)\n    at async g (/srv/b.js:3:4) {\n  code: 'ECONNREFUSED'\n}",
    ] {
        let text = format!("2026-11-23 02:28:09,123 ERROR lost\n{trace}\n2026-11-23 02:28:10,000 INFO next\n");
        let n = trace.lines().count();
        check(&text, &format!("2026-11-23T02:28:09.123Z error\n2026-11-23T02:28:10Z info\nhead 0 continued {n}\n"));
        assert_eq!(messages(&text)[0].0, format!("lost\n{trace}"));
        let json = format!(
            "{{\"level\":\"error\",\"ts\":\"2026-11-23T02:28:09Z\",\"msg\":\"lost\"}}\n{trace}\n{{\"level\":\"info\",\"ts\":\"2026-11-23T02:28:10Z\",\"msg\":\"next\"}}\n"
        );
        check(&json, &format!("2026-11-23T02:28:09Z error\n2026-11-23T02:28:10Z info\nhead 0 continued {n}\n"));
    }
}

#[test]
fn formats_of_servers_tell_status_latency_and_service() {
    check(
        "Nov 23 02:28:09 lb haproxy[1]: 10.0.1.2:33317 [23/Nov/2026:02:28:09.655] web orders/s1 10/0/30/69/109 503 2750 - - ---- 1/1/1/1/0 0/0 \"GET /a HTTP/1.1\"\n",
        "2026-11-23T02:28:09.655Z error orders 503 109.000ms\n",
    );
    check(
        "#Software: x\n#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken\n2026-11-23 02:28:09 10.0.0.1 GET /a 503 120\n2026-11-23 02:28:10 10.0.0.1 GET /b 200 12\n",
        "2026-11-23T02:28:09Z error 503 120.000ms\n2026-11-23T02:28:10Z info 200 12.000ms\nhead 2 continued 0\n",
    );
    check(
        "2026-11-23T02:28:09.123Z ERROR 1 --- [nio-8080-exec-1] c.e.shop.Orders : lost status=500\n",
        "2026-11-23T02:28:09.123Z error 500\n",
    );
    let got = detail("2026-11-23T02:28:09.123Z ERROR 1 --- [nio-8080-exec-1] c.e.shop.Orders : lost\n");
    assert_eq!(got.message, "lost");
    assert!(got.fields.contains(&("logger".into(), "c.e.shop.Orders".into())), "{:?}", got.fields);
}

#[test]
fn a_user_describes_a_format() {
    let formats = read_formats("name = \"ours\"\npattern = '^(?<level>\\w)\\|(?<time>[^|]+)\\|(?<service>\\w+)\\|(?<latency_ms>\\d+)\\|(?<message>.*)$'\ntime_format = \"%d.%m.%Y %H-%M-%S\"\n").unwrap();
    let context = Context { formats, ..Context::default() };
    assert_eq!(
        read("E|23.11.2026 02-28-09|shop|12|lost\nI|23.11.2026 02-28-10|shop|7|back\n", &context),
        "2026-11-23T02:28:09Z error shop 12.000ms\n2026-11-23T02:28:10Z info shop 7.000ms\n"
    );
    let formats = read_formats("name = \"ours\"\n[keys]\ntime = [\"happened\"]\nlevel = [\"how-bad\"]\nmessage = [\"words\"]\n").unwrap();
    let context = Context { formats, forced: Some("ours".into()), ..Context::default() };
    assert_eq!(read("{\"happened\":1795400889,\"how-bad\":\"warn\",\"words\":\"x\"}\n", &context), "2026-11-23T02:28:09Z warn\n");
}

#[test]
fn a_clock_without_a_date_begins_where_the_user_says() {
    let anchor = Some(Timestamp::from_secs(1_795_400_889));
    let context = Context { anchor, ..Context::default() };
    assert_eq!(
        read("[    1.500000] usb: found\n[    2.000000] eth0: link is down\n", &context),
        "2026-11-23T02:28:10.5Z unknown\n2026-11-23T02:28:11Z unknown\n"
    );
    assert_eq!(
        read("INFO[0000] started\nERRO[0003] lost  status=503\n", &context),
        "2026-11-23T02:28:09Z info\n2026-11-23T02:28:12Z error 503\n"
    );
    assert_eq!(
        read("02:28:09.123 INFO a\n02:28:10 WARN b\n01:00:00 INFO c\n", &context),
        "2026-11-23T02:28:09.123Z info\n2026-11-23T02:28:10Z warn\n2026-11-24T01:00:00Z info\n"
    );
    let plan = plan_in(b"INFO[0000] started\nERRO[0003] lost\n", &context);
    assert_eq!(plan.zone().certainty, ZoneCertainty::Anchored);
    // Without it nothing is placed, and nothing lands at 1970.
    check("INFO[0000] started\nERRO[0003] lost\n", "unplaced info\nunplaced error\n2 time\n");
}

#[test]
fn odd_times_are_read() {
    check("2026-W48-1T02:28:09Z INFO a\n2026-W48-1T02:28:10Z INFO b\n", "2026-11-23T02:28:09Z info\n2026-11-23T02:28:10Z info\n");
    check("2016-12-31T23:59:60Z INFO leap\n2026-11-22T24:00:00Z INFO midnight\n", "2017-01-01T00:00:00Z info\n2026-11-23T00:00:00Z info\n");
    let end = TimeRange::new(Timestamp::from_secs(1_767_222_000), Timestamp::from_secs(1_767_226_000));
    let near = Context { neighbours: Some(end), ..Context::default() };
    assert_eq!(
        read("Dec 31 23:59:59 h shop[1]: x\nJan  1 00:00:01 h shop[1]: y\n", &near),
        "2025-12-31T23:59:59Z info shop\n2026-01-01T00:00:01Z info shop\n"
    );
}
