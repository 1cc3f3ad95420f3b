//! What the loggers of .NET, Ruby and SQL Server write: records of several lines, levels, traces, zones.

use super::*;

/// One line a record: time, level, message as patterns take it.
fn said(text: &str) -> String {
    let chunk = parse_chunk(&plan_of(text), text.as_bytes());
    let columns = &chunk.columns;
    let one = |i: usize| {
        let time = if columns.times[i] == NO_TIME { "unplaced".into() } else { rfc3339(Timestamp(columns.times[i])) };
        format!("{time} {} {}\n", columns.levels[i].name(), chunk.messages[columns.messages[i] as usize].text)
    };
    (0..columns.times.len()).map(one).collect()
}

const CONSOLE: &str = "\
info: Microsoft.Hosting.Lifetime[14]
      Now listening on: http://[::]:8080
2026-11-23 02:28:09.975 fail: Shop.Orders.OrderController[7]
      Signature did not match
      System.InvalidOperationException: no
         at Shop.Orders.Check() in /src/Orders.cs:line 12
2026-11-23 02:28:10.001 crit: Shop.Pay[0]
      out of memory
2026-11-23 02:28:10.002 dbug: Shop.Pay[0] on one line
2026-11-23 02:28:10.003 trce: Shop.Pay[0]
      deep
2026-11-23 02:28:10.004 warn: Shop.Pay[0]
      slow
";

#[test]
fn a_record_of_the_dotnet_console_says_what_stands_below_its_category() {
    assert_eq!(
        said(CONSOLE),
        "unplaced info Now listening on: http://[::]:8080\n\
         2026-11-23T02:28:09.975Z error Signature did not match\n\
         2026-11-23T02:28:10.001Z fatal out of memory\n\
         2026-11-23T02:28:10.002Z debug on one line\n\
         2026-11-23T02:28:10.003Z trace deep\n\
         2026-11-23T02:28:10.004Z warn slow\n"
    );
    let record: String = CONSOLE.lines().skip(2).take(4).map(|line| format!("{line}\n")).collect();
    let detail = read_record(&plan_of(CONSOLE), record.as_bytes());
    assert_eq!(
        detail.message,
        "Signature did not match\nSystem.InvalidOperationException: no\n   at Shop.Orders.Check() in /src/Orders.cs:line 12"
    );
    assert_eq!(detail.fields, [("logger".into(), "Shop.Orders.OrderController".into()), ("event_id".into(), "7".into())]);
}

#[test]
fn a_cut_never_falls_between_a_heading_and_its_message() {
    let plan = plan_of(CONSOLE);
    let border = CONSOLE.find("      Signature").expect("it is there");
    let n = plan.n_bytes_of_record(&CONSOLE.as_bytes()[..border], &CONSOLE.as_bytes()[border..]);
    assert!(CONSOLE[border + n..].starts_with("2026-11-23 02:28:10.001"));
    let plan = plan_of(RAILS);
    let border = RAILS.match_indices("F, [").nth(1).expect("four of them").0;
    let n = plan.n_bytes_of_record(&RAILS.as_bytes()[..border], &RAILS.as_bytes()[border..]);
    assert!(RAILS[border + n..].starts_with("I, [2026-11-23T02:28:10.2"));
}

const RAILS: &str = "\
# Logfile created on 2026-11-23 02:00:00 +0000 by logger.rb/v1.6.0
I, [2026-11-23T02:28:09.123456 #424]  INFO -- : [f516d154-b21e-47c9-a765-f530013e6f6b] method=GET path=/ status=200 duration=77.85
F, [2026-11-23T02:28:10.100000 #424] FATAL -- : [dec607f6-a1ea-4f6d-aa2b-2d3978da54a0]   
F, [2026-11-23T02:28:10.100000 #424] FATAL -- : [dec607f6-a1ea-4f6d-aa2b-2d3978da54a0] ActiveRecord::QueryCanceled (timeout):
F, [2026-11-23T02:28:10.100000 #424] FATAL -- : [dec607f6-a1ea-4f6d-aa2b-2d3978da54a0]   
F, [2026-11-23T02:28:10.100000 #424] FATAL -- : [dec607f6-a1ea-4f6d-aa2b-2d3978da54a0] app/models/order.rb:88:in `recent_for'
[dec607f6-a1ea-4f6d-aa2b-2d3978da54a0] app/models/order.rb:90:in `all'
I, [2026-11-23T02:28:10.200000 #424]  INFO -- : [dec607f6-a1ea-4f6d-aa2b-2d3978da54a0] method=GET path=/ status=500 duration=25012.59
F, [2026-11-23T02:28:11.200000 #412] FATAL -- : [0ec607f6-a1ea-4f6d-aa2b-2d3978da54a0]   
[0ec607f6-a1ea-4f6d-aa2b-2d3978da54a0] NoMethodError (undefined method):
[0ec607f6-a1ea-4f6d-aa2b-2d3978da54a0] app/models/order.rb:9:in `x'
W, [2026-11-23T02:28:12.000000 #412]  WARN -- : DEPRECATION WARNING: old
";

#[test]
fn the_fatal_lines_of_one_rails_request_are_one_record() {
    assert_eq!(
        said(RAILS),
        "2026-11-23T02:28:09.123456Z info method=GET path=/ status=200 duration=77.85\n\
         2026-11-23T02:28:10.1Z fatal ActiveRecord::QueryCanceled (timeout):\n\
         2026-11-23T02:28:10.2Z info method=GET path=/ status=200 duration=77.85\n\
         2026-11-23T02:28:11.2Z fatal NoMethodError (undefined method):\n\
         2026-11-23T02:28:12Z warn DEPRECATION WARNING: old\n"
    );
    let chunk = parse_chunk(&plan_of(RAILS), RAILS.as_bytes());
    assert_eq!((chunk.columns.statuses[2], chunk.columns.latencies[2]), (500, 25.012_59));
    assert_eq!(chunk.columns.traces[1], chunk.columns.traces[2], "the request id is the trace id");
    let record: String = RAILS.lines().skip(2).take(5).map(|line| format!("{line}\n")).collect();
    let detail = read_record(&plan_of(RAILS), record.as_bytes());
    assert_eq!(
        detail.message,
        "ActiveRecord::QueryCanceled (timeout):\n  \napp/models/order.rb:88:in `recent_for'\napp/models/order.rb:90:in `all'"
    );
    assert_eq!(detail.trace_id.as_deref(), Some("dec607f6-a1ea-4f6d-aa2b-2d3978da54a0"));
}

#[test]
fn a_sidekiq_job_is_traced_by_its_id_through_its_exception() {
    let text = "\
2026-11-23T02:28:00.001Z pid=1 tid=1bq class=MailJob jid=756ffef065923ad8e296e675 INFO: start
2026-11-23T02:28:25.101Z pid=1 tid=1bq class=MailJob jid=756ffef065923ad8e296e675 elapsed=25.1 INFO: fail
2026-11-23T02:28:25.101Z pid=1 tid=1bq WARN: {\"context\":\"Job raised exception\",\"job\":{\"class\":\"MailJob\",\"jid\":\"756ffef065923ad8e296e675\"}}
2026-11-23T02:28:25.101Z pid=1 tid=1bq WARN: PG::QueryCanceled: timeout
2026-11-23T02:28:25.101Z pid=1 tid=1bq WARN: /app/x.rb:894:in `exec'
/app/y.rb:14:in `perform'
";
    assert_eq!(
        said(text),
        "2026-11-23T02:28:00.001Z info MailJob start\n\
         2026-11-23T02:28:25.101Z info MailJob fail\n\
         2026-11-23T02:28:25.101Z warn {\"context\":\"Job raised exception\",\"job\":{\"class\":\"MailJob\",\"jid\":\"756ffef065923ad8e296e675\"}} PG::QueryCanceled: timeout\n"
    );
    let columns = parse_chunk(&plan_of(text), text.as_bytes()).columns;
    assert_eq!(columns.latencies[1].to_string(), "25.1");
    assert!(columns.traces[0] != 0 && columns.traces.iter().all(|trace| *trace == columns.traces[0]));
}

#[test]
fn sql_server_tells_its_zone_and_an_error_stands_with_its_number() {
    let text = "\
2026-11-23 03:00:00.10 Server      UTC adjustment: 1:00
2026-11-23 03:28:09.00 Backup      Log was backed up.
2026-11-23 03:28:10.00 Logon       Error: 17830, Severity: 20, State: 1.
2026-11-23 03:28:10.00 Logon       Network error code 0x2746 occurred.
2026-11-23 03:28:10.00 Logon       Error: 18456, Severity: 14, State: 8.
2026-11-23 03:28:10.00 Logon       Login failed for user 'x'.
2026-11-23 03:28:11.00 spid51s     Recovery is complete.
";
    assert_eq!(
        said(text),
        "2026-11-23T02:00:00.1Z unknown UTC adjustment: 1:00\n\
         2026-11-23T02:28:09Z unknown Log was backed up.\n\
         2026-11-23T02:28:10Z fatal Error: 17830, Severity: 20, State: 1. Network error code 0x2746 occurred.\n\
         2026-11-23T02:28:10Z error Error: 18456, Severity: 14, State: 8. Login failed for user 'x'.\n\
         2026-11-23T02:28:11Z unknown Recovery is complete.\n"
    );
    assert_eq!(plan_of(text).zone(), Zone { name: "+01:00".to_owned(), certainty: ZoneCertainty::File });
}

#[test]
fn a_request_to_iis_is_listed_with_its_method_and_status() {
    let text = "\
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query sc-status time-taken
2026-11-23 02:28:09 10.0.0.1 GET /api/orders - 200 46
2026-11-23 02:28:10 10.0.0.1 POST /api/orders a=1 503 15012
";
    assert_eq!(said(text), "2026-11-23T02:28:09Z info GET /api/orders 200\n2026-11-23T02:28:10Z error POST /api/orders 503\n");
}

const COMPACT: &str = r#"{"@t":"2026-11-23T02:28:09.233Z","@mt":"HTTP {Method} {Path} responded {StatusCode} in {Elapsed:0.0000} ms","@r":["15.7478"],"@tr":"c523a6059ded7c3d0b4b13bdba5bdc1c","@sp":"59cc1629c4f73361","@i":"a1b2c3d4","Method":"GET","Path":"/orders","StatusCode":200,"Elapsed":15.7478,"RequestId":"0HN:1"}
{"@t":"2026-11-23T02:28:10Z","@mt":"Lost {Thing}","@l":"Error","@x":"System.Exception: no\n   at Shop.Run()","@tr":"c523a6059ded7c3d0b4b13bdba5bdc1c","Thing":"cart"}
"#;

#[test]
fn a_compact_record_of_serilog_says_its_template_filled_and_is_information_unless_it_says_more() {
    assert_eq!(
        said(COMPACT),
        "2026-11-23T02:28:09.233Z info HTTP {Method} {Path} responded {StatusCode} in {Elapsed:0.0000} ms\n\
         2026-11-23T02:28:10Z error Lost {Thing}\n"
    );
    let plan = plan_of(COMPACT);
    let detail = |n: usize| read_record(&plan, COMPACT.lines().nth(n).expect("a line").as_bytes());
    assert_eq!(detail(0).message, "HTTP GET /orders responded 200 in 15.7478 ms");
    assert_eq!(detail(0).trace_id.as_deref(), Some("c523a6059ded7c3d0b4b13bdba5bdc1c"));
    assert!(detail(0).fields.contains(&("span_id".into(), "59cc1629c4f73361".into())));
    assert!(detail(0).fields.iter().all(|(name, _)| name != "@i" && name != "@r"));
    assert!(detail(1).fields.contains(&("exception".into(), "System.Exception: no\n   at Shop.Run()".into())));
    let columns = parse_chunk(&plan, COMPACT.as_bytes()).columns;
    assert!(columns.traces[0] == columns.traces[1] && columns.traces[0] != 0);
    assert_eq!(columns.message_lens, [0, 0], "a template is not what is read");
}

#[test]
fn the_json_console_of_dotnet_is_traced_by_its_scopes() {
    let text = r#"{"Timestamp":"2026-11-23T02:28:09.094Z","EventId":1,"LogLevel":"Critical","Category":"Shop.Endpoints","Message":"GET /items","State":{"Message":"GET /items","{OriginalFormat}":"{m} {p}"},"Scopes":[{"Message":"SpanId:088e97cd00689e46, TraceId:67f6f16898988207dde33eac3604161b","SpanId":"088e97cd00689e46","TraceId":"67f6f16898988207dde33eac3604161b"}]}
"#;
    assert_eq!(said(text), "2026-11-23T02:28:09.094Z fatal GET /items\n");
    assert_ne!(parse_chunk(&plan_of(text), text.as_bytes()).columns.traces[0], 0);
    assert_eq!(detail(text).trace_id.as_deref(), Some("67f6f16898988207dde33eac3604161b"));
}

#[test]
fn a_captured_request_id_of_haproxy_is_the_trace_id() {
    let line = |capture: &str| {
        format!(
            "Nov 23 02:28:09 lb1 haproxy[1241]: 10.0.1.2:33317 [23/Nov/2026:02:28:09.655] web~ orders/o1 10/0/30/69/109 503 2750 - - ---- 1/1/1/1/0 0/0 {{{capture}}} \"GET /orders HTTP/1.1\"\n"
        )
    };
    let traced = detail(&line("shop.example|f516d154-b21e-47c9-a765-f530013e6f6b"));
    assert_eq!(traced.trace_id.as_deref(), Some("f516d154-b21e-47c9-a765-f530013e6f6b"));
    assert!(traced.fields.contains(&("request_headers".into(), "shop.example|f516d154-b21e-47c9-a765-f530013e6f6b".into())));
    assert_eq!(detail(&line("shop.example|curl/8")).trace_id, None);
}

#[test]
fn dates_with_two_readings_ask_for_the_other_sources() {
    let text = "11/12/2026 02:28:09 INFO up\n11/12/2026 02:28:10 INFO down\n";
    assert!(plan_of(text).has_open_dates() && !plan_of(&text.replace("11/12", "11/23")).has_open_dates());
    let near = TimeRange::new(Timestamp::from_secs(1_796_860_000), Timestamp::from_secs(1_796_870_000));
    let plan = plan_in(text.as_bytes(), &Context { neighbours: Some(near), ..Context::default() });
    assert_eq!(rfc3339(Timestamp(parse_chunk(&plan, text.as_bytes()).columns.times[0])), "2026-12-11T02:28:09Z");
}
