use super::*;
use proptest::prelude::*;

fn recognised(text: &[u8]) -> Vec<Candidate> {
    recognise(&Windows { path: "any", size_bytes: text.len() as u64, head: text, middle: text, tail: text })
}

#[track_caller]
fn check(text: &str, format: &str) {
    let found = recognised(text.as_bytes());
    assert_eq!(found.first().map(|best| best.format), (!format.is_empty()).then_some(format), "{text}");
}

#[test]
fn documents_are_known_by_their_content() {
    check(r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#, "prometheus-matrix");
    check(r#"{"data":{"result":[{"metric":{},"values":[[1,"2"]]}]},"status":"success"}"#, "prometheus-matrix");
    check(r#"[{"metric":{"a":"b"},"values":[[1,"2"]]}]"#, "prometheus-matrix");
    check(r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}"#, "prometheus-vector");
    check(r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#, "prometheus-scalar");
    check(r#"{"status":"error","errorType":"bad_data","error":"x"}"#, "prometheus-error");
    check(r#"{"status":"success","data":{"alerts":[]}}"#, "prometheus-alerts");
    check(r#"[{"t":"2026-11-23T02:28:12Z","r":{"status":"success","data":{"alerts":[]}}}]"#, "prometheus-alerts");
    check(r#"{"status":"success","data":{"groups":[{"name":"a","rules":[]}]}}"#, "prometheus-rules");
    check(r#"{"status":"success","data":{"activeTargets":[]}}"#, "prometheus-api");
    check(r#"{"p99":"histogram_quantile(0.99, rate(x_bucket[1m]))","up":"up"}"#, "prometheus-queries");
    check(r#"{"metric":{"__name__":"up"},"values":[1],"timestamps":[1700000000000]}"#, "victoriametrics-export");
    check(
        "{\"ts\":\"2026-11-23T02:28:12Z\",\"kind\":\"deploy\",\"service\":\"a\"}\n{\"ts\":\"2026-11-23T02:29:12Z\",\"kind\":\"weird\",\"service\":\"a\"}\n",
        "changes",
    );
    check("# TYPE up gauge\nup 1\n", "prometheus-exposition");
    check("up{a=\"b\"} 1 1700000000\n# EOF\n", "openmetrics");
    check("{__name__=\"up\", a=\"b\"} 1 1700000000000\n", "promtool-tsdb-dump");
    check("m{a=\"1\"} 1\nm{a=\"unclosed} 2\nm{a=\"3\"} 3\nm 4\n# EOF\n", "openmetrics");
    check(r#"[{"labels":{"alertname":"A"},"startsAt":"2026-11-23T02:28:12Z","endsAt":"2026-11-23T02:33:12Z"},{"lab"#, "prometheus-alerts");
    check(r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[]}]}}"#, "loki-streams");
    check("time,cpu,mem\n1700000000,1,2\n1700000015,1,2\n", "csv");
    check("goroutine 1 [running]:\nmain.main()\n", "goroutine-dump");
    check("goroutine profile: total 8\n2 @ 0x1\n", "goroutine-dump");
    check("heap profile: 1: 2 [3: 4] @ heap/1\n", "pprof-legacy");
    check("groups:\n  - name: a\n    rules:\n      - alert: B\n", "prometheus-rules-yaml");
    check("<!DOCTYPE html><html><title>Sign in</title>\n", "html");
}

#[test]
fn logs_are_left_to_the_logs() {
    check(
        "{\"ts\":1795401022.1,\"level\":\"info\",\"msg\":\"deploy started\",\"event\":\"deploy\"}\n{\"ts\":1795401022.2,\"level\":\"info\",\"msg\":\"x\"}\n",
        "",
    );
    check("2026-11-23 02:30:22 INFO started\n2026-11-23 02:30:23 INFO ready\n", "");
    check("time=2026-11-23T02:30:22Z level=info msg=started\n", "");
    check("Nov 23 02:30:22 host sshd[1]: hello\n", "");
    check("127.0.0.1 - - [23/Nov/2026:02:28:09 +0000] \"GET / HTTP/1.1\" 200 5\n", "");
    check("total 12\nfree 3\n", "");
    check("{\"status\":\"error\",\"error\":\"boom\",\"time\":\"2026-11-23T02:30:22Z\"}\n", "");
    check("{\"status\":\"error\",\"error\":\"boom\"}\n{\"status\":\"error\",\"error\":\"boom\"}\n", "");
    check("[{\"metric\":\"cpu\",\"value\":3}]", "");
    check("", "");
    check("{\"name\":\"coroner\",\"version\":\"1.0\"}", "");
}

#[test]
fn block_files_are_named_and_not_read() {
    for (head, format) in [
        ([0xba, 0xaa, 0xd7, 0], "prometheus-tsdb-index"),
        ([0x85, 0xbd, 0x40, 0xdd], "prometheus-tsdb-chunks"),
        ([1, 0x30, 0xba, 0x30], "prometheus-tsdb-tombstones"),
    ] {
        let found = recognised(&[&head[..], &[1, 0, 0]].concat());
        assert_eq!((found[0].format, found[0].kind), (format, SourceKind::Report));
        assert_eq!(parse_document(format, &head, &Context::default()).n_records, 0);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for found in recognised(&bytes) {
            let _ = parse_document(found.format, &bytes, &Context::default());
        }
        for format in ["prometheus-matrix", "openmetrics", "csv", "changes", "git-log", "github-deployment", "kubernetes-events", "prometheus-alerts", "prometheus-rules", "pprof", "goroutine-dump", "pprof-legacy"] {
            let _ = parse_document(format, &bytes, &Context::default());
        }
    }

    #[test]
    fn no_near_json_makes_it_panic(text in "[\\[\\]{}\",:a-c0-9 .e+\\\\-]{0,80}") {
        for found in recognised(text.as_bytes()) {
            let _ = parse_document(found.format, text.as_bytes(), &Context::default());
        }
        let _ = parse_document("prometheus-matrix", text.as_bytes(), &Context::default());
    }
}
