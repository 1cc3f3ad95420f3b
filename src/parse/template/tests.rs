use proptest::prelude::*;

use super::*;

/// The templates of these lines.
fn templates(lines: &str) -> String {
    mine(lines.trim().lines().map(str::trim)).templates.join("\n")
}

#[track_caller]
fn check(lines: &str, expected: &str) {
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(templates(lines), expected.join("\n"));
}

#[test]
fn generic_values_are_masked() {
    check("acquire: pool exhausted after 5s (7 waiting)", "acquire: pool exhausted after <*> (<*> waiting)");
    check("dial tcp 10.0.0.7:5432: i/o timeout", "dial tcp <*>: i/o timeout");
    check("GET from db-1.example.org:80 and cache.example.org:6379", "GET from <*> and <*>");
    check("took 1.5 ms of 3 seconds at Mon Nov 23 05:16:56 UTC 2026", "took <*> of <*> at <*>");
    check("order 7f3e9a10-aaaa-bbbb-cccc-0123456789ab \"Blue chair\" enabled=true", "order <*> enabled=<*>");
    check("blocks blk_1 blk_2 blk_3 lost", "blocks <*> lost");
    check("parity error......0 handled", "parity error...<*> handled");
}

#[test]
fn addresses_paths_and_printed_things_are_values() {
    check("3E:FA:48:AC:03:B3 ip=10.0.6.21 up\nb5:aa:ff:ad:bc:de ip=10.0.6.22 up", "<*> ip=<*> up");
    check("chdir(/home/ann/run) failed\nchdir(/g/bal) failed", "chdir(<*>) failed");
    check("upload of C:\\data\\new\\all.sqm\nupload of C:\\data\\old\\std.sqm", "upload of C:<*>");
    check("lock ws=null, uid=7\nlock ws=WorkSource{10113}, uid=8", "lock ws=<*>, uid=<*>");
    check("skipping Token{a64f992 Record{de9231d u0 com.x/.Y}} -- hidden", "skipping <*> -- hidden");
    check("setLights(true)\nsetLights(false)", "setLights(<*>)");
    check("a of b:c:d:e is no address", "a of b:c:d:e is no address");
}

#[test]
fn what_is_asked_for_is_told_apart_while_it_is_few_things() {
    check("GET /orders/list 200\nGET /users/list 200", "GET /orders/list <*>\nGET /users/list <*>");
    check("\"GET /latest/meta/ HTTP/1.1\" 200\n\"GET /v2/54/x HTTP/1.1\" 404", "\"GET <*>\" <*>");
}

#[test]
fn names_at_the_beginning_and_of_users_are_values() {
    let old = ["mapred.tip.id", "mapred.task.id", "mapred.job.id", "mapred.task.part"].map(|key| format!("{key} is deprecated"));
    check(&old.join("\n"), "<*> is deprecated");
    check("Failed password for root from 1.2.3.4\nFailed password for ann from 1.2.3.5", "Failed password for <*> from <*>");
    check("moved from open to closed\nmoved from closed to open", "moved from open to closed\nmoved from closed to open");
}

#[test]
fn an_enumeration_of_few_words_stays_in_the_templates() {
    check("circuit breaker opened\ncircuit breaker closed", "circuit breaker opened\ncircuit breaker closed");
    check("session closed for user root\nsession closed for user cron", "session closed for user <*>");
}

#[test]
fn many_words_at_one_place_are_a_value() {
    let lines: Vec<String> =
        ["red", "green", "blue", "black", "white", "grey", "pink"].iter().map(|w| format!("painting it {w} again")).collect();
    check(&lines.join("\n"), "painting it <*> again");
}

#[test]
fn methods_of_quoted_requests_are_told_apart() {
    check("\"GET /a/1 HTTP/1.1\" 200\n\"POST /a/1 HTTP/1.1\" 200", "\"GET <*>\" <*>\n\"POST <*>\" <*>");
}

#[test]
fn numbers_do_not_change_a_signature_but_words_do() {
    let of = |text: &str| signature(text.as_bytes());
    assert_eq!(of("request 1 took 25ms"), of("request 98765432101 took 1ms"));
    assert_eq!(of("id a1b2c3d4e5f6"), of("id 99"));
    assert_ne!(of("pool opened"), of("pool closed"));
    assert_ne!(of("a b"), of("a:b"));
    assert_ne!(of("alphabetical order"), of("alphabetically order"));
}

/// What [`signature`] hashes, the slow way.
fn plain(message: &str) -> Vec<String> {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b >= 128;
    let (mut parts, mut word) = (Vec::new(), Vec::new());
    let end = |word: &mut Vec<u8>| {
        let has_digit = word.iter().any(u8::is_ascii_digit);
        let text = if has_digit { "<*>".to_owned() } else { format!("{word:?}") };
        word.clear();
        text
    };
    let mut previous = 0;
    for byte in message.bytes() {
        if is_letter(byte) {
            word.push(byte);
        } else if !(byte == b' ' && previous == b' ') {
            parts.push(end(&mut word));
            parts.push(byte.to_string());
        }
        previous = byte;
    }
    if !word.is_empty() {
        parts.push(end(&mut word));
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn messages_share_a_signature_exactly_when_they_differ_only_in_words_with_digits(a in "[ab1_é :.]{0,20}", b in "[ab1_é :.]{0,20}") {
        prop_assert_eq!(signature(a.as_bytes()) == signature(b.as_bytes()), plain(&a) == plain(&b), "{:?} {:?}", a, b);
    }

    #[test]
    fn messages_of_one_signature_have_one_template(text in "[a-c1-3 :.=()\"'/-]{0,30}", digits in "[1-9]{1,3}") {
        let other = text.replace(['1', '2', '3'], &digits);
        prop_assert_eq!(signature(text.as_bytes()), signature(other.as_bytes()));
        prop_assert_eq!(words::words(&text), words::words(&other));
    }

    #[test]
    fn any_text_is_mined(lines in prop::collection::vec("\\PC{0,60}", 0..20)) {
        let mined = mine(lines.iter().map(String::as_str));
        prop_assert_eq!(mined.of_message.len(), lines.len());
        prop_assert!(mined.of_message.iter().all(|at| (*at as usize) < mined.templates.len()));
    }
}
