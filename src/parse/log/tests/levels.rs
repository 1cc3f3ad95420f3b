//! Promises of levels: where they stand in text, and whose word counts where several say one.

use super::*;

/// The levels of all records, by name.
#[track_caller]
fn levels(text: &str) -> Vec<&'static str> {
    let plan = plan_of(text);
    parse_chunk(&plan, text.as_bytes()).columns.levels.iter().map(|level| level.name()).collect()
}

#[test]
fn a_thread_or_logger_that_is_named_like_a_level_does_not_replace_the_level() {
    for name in ["http", "http-1", "info-1", "fatal-1", "panic", "debug", "verbose", "LOG", "I", "success", "main"] {
        for form in [
            "2026-11-23 02:28:09,123 [NAME] LEVEL com.acme.Api - done",
            "[2026-11-23 02:28:09] [NAME] [LEVEL] done",
            "2026-11-23 02:28:09,123 - NAME - LEVEL - done",
            "2026-11-23 02:28:09.123 | NAME | LEVEL | done",
            "2026-11-23T02:28:09.123456789Z stderr F [NAME] LEVEL done",
            "Nov 23 02:28:09 web1 shop[12]: [NAME] LEVEL done",
        ] {
            let line = |level: &str| form.replace("NAME", name).replace("LEVEL", level);
            let text = format!("{}\n{}\n{}\n", line("ERROR"), line("INFO"), line("ERROR"));
            assert_eq!(levels(&text), ["error", "info", "error"], "{text}");
            let text = format!("{}\n", line("WARN"));
            assert_eq!(levels(&text), ["warn"], "{text}");
        }
    }
}

#[test]
fn the_first_level_counts_where_none_stands_more_plainly() {
    assert_eq!(levels("2026-11-23 02:28:09 [INFO] FATAL was said\n2026-11-23 02:28:10 [WARN] x\n"), ["info", "warn"]);
    assert_eq!(levels("2026-11-23 02:28:09 [debug] HTTP GET /\n2026-11-23 02:28:10 [debug] HTTP PUT /\n"), ["debug", "debug"]);
}

#[test]
fn a_small_word_that_begins_a_sentence_is_no_level_and_stays_in_the_message() {
    let text = "2026-11-23T02:28:09Z critical path done\n2026-11-23T02:28:10Z trace exported\n2026-11-23T02:28:11Z listening\n";
    assert_eq!(levels(text), ["unknown"; 3]);
    let first = text.lines().next().unwrap_or_default();
    assert_eq!(read_record(&plan_of(text), first.as_bytes()).message, "critical path done");
    // Where every record begins with one, it is.
    assert_eq!(levels("2026-11-23T02:28:09Z info started\n2026-11-23T02:28:10Z error lost\n"), ["info", "error"]);
    for form in ["error: lost", "error\tlost", "error  lost", "error | lost", "[error] lost"] {
        assert_eq!(levels(&format!("2026-11-23T02:28:09Z {form}\n")), ["error"], "{form}");
    }
}
