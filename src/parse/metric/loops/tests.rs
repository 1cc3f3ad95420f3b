use super::*;
use crate::model::TimeRange;
use crate::parse::metric::told;

fn at(text: &str) -> Timestamp {
    when::any(text, when::WallZone::Utc).expect("a time")
}

/// Written at half past three.
fn read(text: &str) -> Document {
    parse(text.as_bytes(), &Context { modified: Some(at("2026-11-22T03:30:00Z")), ..Context::default() })
}

#[track_caller]
fn check(text: &str, n_problems: u64, expected: &[&str]) {
    assert!(recognise(text).is_some(), "{text}");
    let document = read(text);
    assert_eq!(told(&document), expected.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), "{:?}", document.problems);
    assert_eq!(document.problems.total(), n_problems, "{:?}", document.problems);
}

fn reasons(document: &Document) -> Vec<&str> {
    document.problems.kept().iter().map(|problem| problem.reason.as_str()).collect()
}

const TOP: &str = "\
top - 23:59:55 up 12 days,  3:04,  1 user,  load average: 0.50, 0.40, 0.25
Tasks: 213 total,   2 running, 211 sleeping,   0 stopped,   0 zombie
%Cpu(s):  5.0 us,  2.0 sy,  0.0 ni, 93.0 id
MiB Mem :  15896.4 total,    812.0 free,   9312.1 used,   5772.0 buff/cache
MiB Swap:   2048.0 total,   2048.0 free,      0.0 used.   6012.0 avail Mem

    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND
   4242 app       20   0    5.1g   1.5g  21004 S  80.0  12.3   4:12.33 java -jar x
   4243 app       20   0    5.1g   1024  21004 S  20.0  12.3   4:12.33 java

top - 00:00:00 up 12 days,  3:04,  1 user,  load average: 1.50, 0.40, 0.25
";

#[test]
fn a_clock_without_a_date_is_put_on_a_day_and_goes_on_over_midnight() {
    let document = read(TOP);
    let told = told(&document);
    for line in [
        "load_average{over=1m} 1 0.5@23:59:55 1.5@00:00:00",
        "tasks{state=running} 1 2@23:59:55",
        "cpu_ratio{cpu=all,mode=us} ratio 0.05@23:59:55",
        "memory_bytes{state=available} bytes 6304038912@23:59:55",
        "swap_bytes{state=used} bytes 0@23:59:55",
        "process_count{command=java} 1 2@23:59:55",
        "process_cpu_ratio{command=java} ratio 1@23:59:55",
        "process_resident_bytes{command=java} bytes 1611661312@23:59:55",
    ] {
        assert!(told.contains(&line.to_owned()), "{line}: {told:?}");
    }
    assert_eq!(document.series[0].samples[1].time, at("2026-11-22T00:00:00Z"));
    assert_eq!(
        reasons(&document),
        ["the program prints the time of day only; the modification time of the file gives the date, 2026-11-21"]
    );
    let others = TimeRange::new(at("2026-10-03T23:00:00Z"), at("2026-10-04T01:00:00Z"));
    let context = Context { neighbours: Some(others), ..Context::default() };
    assert_eq!(parse(TOP.as_bytes(), &context).series[0].samples[0].time, at("2026-10-03T23:59:55Z"));
    let named = Context { path: "a/top-20260901T235500.txt".into(), ..context };
    assert_eq!(parse(TOP.as_bytes(), &named).series[0].samples[0].time, at("2026-09-01T23:59:55Z"));
}

const FREE: &str = "              total        used        free      shared  buff/cache   available
Mem:           15896        9000         812         120        5772        6012
Swap:           2047           0        2047
";

#[test]
fn rounds_stand_at_the_times_before_them() {
    let text = format!("Sun Nov 22 03:20:00 UTC 2026\n{FREE}\n=== 2026-11-22T03:20:05+00:00 ===\n{}", FREE.replace("9000", "9100"));
    let document = read(&text);
    let told = told(&document);
    assert!(told.contains(&"memory{state=used} 1 9000@03:20:00 9100@03:20:05".to_owned()), "{told:?}");
    assert_eq!((told.len(), document.n_records, document.problems.total()), (9, 6, 0));
    let human = format!("2026-11-22T03:20:00Z\n{}", FREE.replace("15896", "15Gi"));
    assert!(self::told(&read(&human))[0].starts_with("memory{state=total} bytes 16106127360@"));
}

#[test]
fn a_moment_that_was_printed_once_is_that_of_the_first_round_only() {
    let document = read(&format!("2026-11-22T03:20:00Z\n{FREE}{FREE}"));
    assert_eq!((document.n_records, document.n_unplaced), (6, 3));
    assert_eq!(reasons(&document), ["no time stands before this output; print date before each"]);
    assert_eq!(document.problems.kept()[0].line, 5);
    let document = read(&format!("{FREE}{FREE}"));
    assert_eq!((document.n_unplaced, document.series.len()), (6, 0));
    let document = read(FREE);
    assert_eq!(reasons(&document), ["the output carries no time; the modification time of the file gives it, 2026-11-22T03:30:00Z"]);
    assert_eq!((document.n_unplaced, document.series.len()), (0, 9));
}

#[test]
fn connections_are_counted_by_state_and_a_state_without_any_is_zero() {
    check(
        "2026-11-22T03:20:00Z\nState      Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n\
         LISTEN     0      128          0.0.0.0:8080          0.0.0.0:*\nESTAB      0      0           10.0.0.1:8080         10.0.0.2:41\n\
         \t cubic wscale:7,7 rto:204\nCLOSE-WAIT 1      0           10.0.0.1:8080         10.0.1.2:41\n\
         2026-11-22T03:20:05Z\nState      Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n\
         ESTAB      0      0           10.0.0.1:8080         10.0.0.2:41\nESTAB      0      0           10.0.0.1:8080         10.0.0.3:41\nwhat is this\n",
        1,
        &[
            "socket_count{protocol=tcp,state=CLOSE-WAIT} 1 1@03:20:00 0@03:20:05",
            "socket_count{protocol=tcp,state=ESTAB} 1 1@03:20:00 2@03:20:05",
            "socket_count{protocol=tcp,state=LISTEN} 1 1@03:20:00 0@03:20:05",
        ],
    );
    check(
        "2026-11-22T03:20:00Z\nActive Internet connections (servers and established)\nProto Recv-Q Send-Q Local Address           Foreign Address         State\n\
         tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN\nudp        0      0 0.0.0.0:68              0.0.0.0:*\n",
        0,
        &["socket_count{protocol=tcp,state=LISTEN} 1 1@03:20:00", "socket_count{protocol=udp,state=-} 1 1@03:20:00"],
    );
    check(
        "2026-11-22T03:20:00Z\nTotal: 312 (kernel 0)\nTCP:   100 (estab 80, closed 12, timewait 12/0), ports 0\n\nTransport Total     IP        IPv6\n\
         *         312       -         -        \nTCP       88        80        8        \n",
        0,
        &[
            "ss_sockets{transport=all} 1 312@03:20:00",
            "ss_tcp{state=all} 1 100@03:20:00",
            "ss_tcp{state=estab} 1 80@03:20:00",
            "ss_tcp{state=closed} 1 12@03:20:00",
            "ss_tcp{state=timewait} 1 12@03:20:00",
            "ss_sockets{transport=TCP} 1 88@03:20:00",
            "ss_sockets_by_family{family=ip,transport=TCP} 1 80@03:20:00",
            "ss_sockets_by_family{family=ipv6,transport=TCP} 1 8@03:20:00",
        ],
    );
}

#[test]
fn memcached_tells_its_time_itself_and_disks_their_share() {
    let stats = |at: u32, hits: u32| format!("STAT pid 1\nSTAT time {at}\nSTAT version 1.6.21\nSTAT get_hits {hits}\nEND\n");
    let text = stats(1_795_317_600, 5) + &stats(1_795_317_610, 9);
    check(&text, 0, &["memcached_time{} 1 1795317600@03:20:00 1795317610@03:20:10", "memcached_get_hits{} 1 5@03:20:00 9@03:20:10"]);
    assert_eq!(read(&text).series[1].kind, crate::model::SeriesKind::Counter);
    check(
        "2026-11-22T03:20:00Z\nFilesystem     1K-blocks    Used Available Use% Mounted on\n/dev/sda1           1000     900       100  90% /var/my data\ntmpfs                  -       -         -    - /run\n",
        1,
        &[
            "disk_size_bytes{device=/dev/sda1,mount=/var/my data} bytes 1024000@03:20:00",
            "disk_used_bytes{device=/dev/sda1,mount=/var/my data} bytes 921600@03:20:00",
            "disk_avail_bytes{device=/dev/sda1,mount=/var/my data} bytes 102400@03:20:00",
            "disk_used_ratio{device=/dev/sda1,mount=/var/my data} ratio 0.9@03:20:00",
        ],
    );
}

#[test]
fn a_log_that_quotes_such_a_line_stays_a_log() {
    assert!(recognise("2026-11-22T03:20:00Z INFO starting\n2026-11-22T03:20:01Z INFO total used free\n").is_none());
    assert!(recognise("Total: 12 items\nchecked all of them\nno faults\n").is_none());
    for odd in ["", "top - ", "STAT pid 1\nSTAT", "Total: 5\nTCP: (", "State Recv-Q Send-Q Local\n\u{e9}\n"] {
        let _ = (recognise(odd), read(odd));
    }
}

#[test]
fn proxies_tell_their_counters_by_proxy_cluster_and_listener() {
    let stat = "# pxname,svname,qcur,stot,bin,status,pid,hrsp_5xx,check_status,\nhttp-in,FRONTEND,,12,99,OPEN,1,3,,\napi,web1,0,7,5,DOWN 1/2,1,2,L4CON,\n";
    let expected = [
        "haproxy_stot{proxy=http-in,service=FRONTEND} 1 12@03:20:00",
        "haproxy_bin{proxy=http-in,service=FRONTEND} bytes 99@03:20:00",
        "haproxy_up{proxy=http-in,service=FRONTEND} 1 1@03:20:00",
        "haproxy_hrsp_5xx{proxy=http-in,service=FRONTEND} 1 3@03:20:00",
        "haproxy_qcur{proxy=api,service=web1} 1 0@03:20:00",
        "haproxy_stot{proxy=api,service=web1} 1 7@03:20:00",
        "haproxy_bin{proxy=api,service=web1} bytes 5@03:20:00",
        "haproxy_up{proxy=api,service=web1} 1 0@03:20:00",
        "haproxy_hrsp_5xx{proxy=api,service=web1} 1 2@03:20:00",
    ];
    check(&format!("2026-11-22T03:20:00Z\n{stat}"), 0, &expected);
    let named = parse(stat.as_bytes(), &Context { path: "stat_20261122T032000Z.csv".into(), ..Context::default() });
    assert_eq!(told(&named), expected);
    assert_eq!(reasons(&named), ["the output carries no time; the name of the file gives it, 2026-11-22T03:20:00Z"]);
    let round = |n: u32| {
        format!(
            "2026-11-22T03:20:0{n}Z\ncluster.outbound|80||a.svc.upstream_rq_total: 1{n}\nlistener.0.0.0.0_80.downstream_cx_active: {n}\n\
             http.in.downstream_rq_time: P50(nan,2.5) P99(7,9)\nserver.live: 1\ncontrol_plane.identifier: \"x\"\ncluster.b.upstream_rq_time: No recorded values\n"
        )
    };
    check(
        &(round(0) + &round(5)),
        0,
        &[
            "envoy_cluster_upstream_rq_total{cluster=outbound|80||a.svc} 1 10@03:20:00 15@03:20:05",
            "envoy_listener_downstream_cx_active{listener=0.0.0.0_80} 1 0@03:20:00 5@03:20:05",
            "envoy_http_downstream_rq_time{over=since start,prefix=in,quantile=0.5} 1 2.5@03:20:00 2.5@03:20:05",
            "envoy_http_downstream_rq_time{over=interval,prefix=in,quantile=0.99} 1 7@03:20:00 7@03:20:05",
            "envoy_http_downstream_rq_time{over=since start,prefix=in,quantile=0.99} 1 9@03:20:00 9@03:20:05",
            "envoy_server_live{} 1 1@03:20:00 1@03:20:05",
        ],
    );
    assert!(recognise("server.port: 8080\nserver.timeout: 30\nserver.name: x\n").is_none());
    assert!(recognise("server.port: 8080\nspring.name: x\nlogging.level: info\n").is_none(), "settings of a program");
}
