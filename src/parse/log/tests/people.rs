//! Promises of times as people write them, and of reports whose every line has a time.

use super::*;

fn near() -> Context {
    let at = |text: &str| crate::model::when::any(text, crate::model::when::WallZone::Utc).expect("a time");
    Context { neighbours: Some(TimeRange::new(at("2026-11-20T14:00:00Z"), at("2026-11-20T15:00:00Z"))), ..Context::default() }
}

#[test]
fn hours_and_minutes_at_the_start_of_lines_are_times() {
    let notes = "14:20 UTC  web 3.14.0 deployed (anna)\n14:33 UTC  pager: 5xx\n14:36 ben: pod restarted itself\n14:49 UTC rollback done\n";
    assert_eq!(
        read(notes, &near()),
        "2026-11-20T14:20:00Z unknown\n2026-11-20T14:33:00Z unknown\n2026-11-20T14:36:00Z unknown\n2026-11-20T14:49:00Z unknown\n"
    );
    let chat = "[14:12] dora: orders is throwing 500s\n[14:13] eli: pool exhausted, why?\n[14:20] eli: all green\n";
    assert!(read(chat, &near()).starts_with("2026-11-20T14:12:00Z unknown\n2026-11-20T14:13:00Z"), "{}", read(chat, &near()));
    let twelve = "2:05 pm deploy\n2:20 pm pager rings\n";
    assert!(read(twelve, &near()).starts_with("2026-11-20T14:05:00Z"), "{}", read(twelve, &near()));
}

#[test]
fn a_ratio_or_a_port_is_no_time_of_day() {
    for text in
        ["16:9 is wide\n4:3 is not\n", "10:30:xx\n10:31:yy\n", "host:80 up\nhost:81 up\n", "the ratio is 10:30 here\nand 9:20 there\n"]
    {
        assert!(plan(&windows(text.as_bytes()), &near()).is_none(), "{text}");
    }
    // Where times have seconds, a line that begins with minutes goes on with the record before it.
    assert_eq!(read("2026-11-20 14:00:00 INFO a\n10:30 is when\n2026-11-20 14:00:01 INFO b\n", &near()).lines().count(), 3);
}

#[test]
fn what_postgresql_says_of_a_report_belongs_to_it() {
    let text = "\
2026-11-18 09:10:02.000 CET [4001] app@shop LOG:  process 4001 still waiting for RowExclusiveLock after 1000.121 ms
2026-11-18 09:10:02.000 CET [4001] app@shop DETAIL:  Process holding the lock: 3990. Wait queue: 4001.
2026-11-18 09:10:02.000 CET [4001] app@shop STATEMENT:  update orders set state=$1
\twhere id=$2
2026-11-18 09:10:03.000 CET [812] LOG:  checkpoint complete: wrote 1203 buffers
2026-11-18 09:10:04.000 CET [3990] app@shop ERROR:  canceling statement due to user request
2026-11-18 09:10:04.000 CET [3990] app@shop HINT:  none
";
    assert_eq!(
        read(text, &Context::default()),
        "2026-11-18T08:10:02Z info\n2026-11-18T08:10:03Z info\n2026-11-18T08:10:04Z error\nhead 0 continued 4\n"
    );
    let plan = plan_of(text);
    let detail = read_record(&plan, text.as_bytes());
    assert!(detail.message.contains("Wait queue: 4001") && detail.message.contains("update orders"), "{}", detail.message);
}
