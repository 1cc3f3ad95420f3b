//! What saves time never changes an answer: lines read behind others, read alone, and read by the validating parser.

use super::*;

/// Values of one record by field: what loggers write, and what surprises.
fn values() -> impl Strategy<Value = Vec<String>> {
    let time = prop_oneof![
        3 => "\"2026-11-23T02:1[0-9]:[0-5][0-9][.][0-9]{3}Z\"",
        1 => "\"2026-11-23T02:1[0-9]:[0-6][0-9]([.,][0-9]{1,9})?(Z|[+]01:00)\"",
        1 => "179540[0-9]{4}([.][0-9]{1,6})?",
    ];
    let text = "\"[a-c =,:{}.é0-9]{0,20}\"";
    let number = prop_oneof![4 => "-?[0-9]{1,5}([.][0-9]{1,9})?", 1 => "1e3|true|null|[0-9]/2"];
    (
        time,
        prop_oneof![4 => "\"(info|warn|error|INFO|ERROR\\+2)\"", 1 => "30|null"],
        text,
        prop_oneof![4 => "\"(order|pay|a-long-name-of-a-service)\"", 1 => "null"],
        prop_oneof![4 => "[2-5][0-9]{2}", 1 => "\"503\"", 1 => "null"],
        number,
        prop_oneof![4 => "\"[0-9a-f]{32}\"", 1 => "\"x\\\\n[0-9]\""],
        prop_oneof![3 => text.prop_map(|text| text), 1 => "[0-9]{1,3}", 1 => "\\{\"level\":\"fatal\",\"x\":\\[1,\"\\}\"\\]\\}"],
    )
        .prop_map(|(a, b, c, d, e, f, g, h)| vec![a, b, c, d, e, f, g, h])
}

const KEYS: [&str; 8] = ["ts", "level", "msg", "service", "status", "latency_ms", "trace_id", "a_rather_long_key_that_means_nothing"];

/// Fields of a record, most often in one order, now and then in another, cut or doubled.
fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    (values(), prop_oneof![6 => Just(0usize), 2 => 1usize..8], prop_oneof![8 => Just(8usize), 1 => 3usize..8], 0usize..40).prop_map(
        |(values, turn, n, twice)| {
            let mut fields: Vec<_> = KEYS.iter().map(|key| (*key).to_owned()).zip(values).collect();
            fields.rotate_left(turn);
            fields.truncate(n);
            if let Some(field) = fields.get(twice).cloned() {
                fields.push(field);
            }
            fields
        },
    )
}

/// Fields of a record in any order.
fn shuffled() -> impl Strategy<Value = Vec<(String, String)>> {
    fields().prop_shuffle()
}

fn object(fields: &[(String, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}\n", fields.join(","))
}

fn pairs(fields: &[(String, String)]) -> String {
    let value = |text: &str| if text.contains([' ', '=', '\\']) { text.to_owned() } else { text.trim_matches('"').to_owned() };
    let fields: Vec<String> = fields.iter().map(|(key, text)| format!("{key}={}", value(text))).collect();
    format!("{}\n", fields.join(" "))
}

fn text(fields: &[(String, String)]) -> String {
    let of = |key: &str| fields.iter().find(|(own, _)| own == key).map_or("", |(_, value)| value.trim_matches('"'));
    let level = of("level").to_uppercase();
    format!(
        "2026-11-23 02:1{}:07,{} {level:<5} [pool-{}] c.s.{} - {}\n",
        of("status").len() % 10,
        of("status"),
        of("status"),
        of("service"),
        of("msg")
    )
}

/// What a record says, apart from where it stands.
fn record(chunk: &LogChunk, i: usize) -> String {
    let columns = &chunk.columns;
    let service = chunk.services.get(usize::from(columns.services[i]));
    let signature = chunk.messages.get(columns.messages[i] as usize).map(|message| message.signature);
    format!(
        "{} {:?} {service:?} {} {} {} {signature:?} {} {}",
        columns.times[i],
        columns.levels[i],
        columns.statuses[i],
        columns.latencies[i].to_bits(),
        columns.traces[i],
        columns.message_starts[i],
        columns.message_lens[i]
    )
}

/// Plans of the three layouts, made from lines that have all fields.
fn plan_like(line: fn(&[(String, String)]) -> String) -> LogPlan {
    let values = [
        "\"2026-11-23T02:10:00.001Z\"",
        "\"info\"",
        "\"request 1 done\"",
        "\"order\"",
        "\"200\"",
        "1.5",
        "\"0af7651916cd43dd8448eb211c80319c\"",
        "1",
    ];
    let fields: Vec<(String, String)> = KEYS.iter().zip(values).map(|(key, value)| ((*key).to_owned(), value.to_owned())).collect();
    plan_of(&line(&fields).repeat(20))
}

/// Whether each line says the same alone and behind the others.
fn say_the_same(plan: &LogPlan, lines: &[String]) -> Result<(), TestCaseError> {
    let together = parse_chunk(plan, lines.concat().as_bytes());
    let mut i = 0;
    for line in lines {
        let alone = parse_chunk(plan, line.as_bytes());
        for own in 0..alone.columns.times.len() {
            prop_assert_eq!(record(&together, i), record(&alone, own), "{}", line);
            i += 1;
        }
    }
    prop_assert_eq!(i, together.columns.times.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn lines_say_the_same_behind_any_others(records in prop::collection::vec(fields(), 1..40)) {
        for line in [object, pairs, text] {
            let lines: Vec<String> = records.iter().map(|fields| line(fields)).collect();
            say_the_same(&plan_like(line), &lines)?;
        }
    }

    #[test]
    fn lines_without_an_order_say_the_same_behind_any_others(records in prop::collection::vec(shuffled(), 12..60)) {
        let lines: Vec<String> = records.iter().map(|fields| object(fields)).collect();
        say_the_same(&plan_like(object), &lines)?;
    }

    #[test]
    fn objects_say_what_the_validating_parser_reads(records in prop::collection::vec(fields(), 1..40)) {
        let plan = plan_like(object);
        let lines: Vec<String> = records.iter().map(|fields| object(fields)).collect();
        // Of a key that comes twice the validating parser keeps the last, at the place of the first; a number may change its spelling.
        let is_plain = |line: &String| serde_json::from_str::<serde_json::Value>(line).is_ok() && !line.contains("1e3");
        let lines: Vec<&String> = lines.iter().filter(|line| is_plain(line)).collect();
        let fast = parse_chunk(&plan, lines.iter().map(|line| line.as_str()).collect::<String>().as_bytes());
        prop_assert_eq!(fast.n_fallbacks, 0);
        // An escaped key is left to that parser.
        let odd: String = lines.iter().map(|line| line.replacen('{', "{\"\\u0061\":0,", 1)).collect();
        let slow = parse_chunk(&plan, odd.as_bytes());
        prop_assert_eq!(slow.n_fallbacks as usize, lines.len());
        // What was put together stands at no place of its line.
        let told = |chunk: &LogChunk, i: usize| record(chunk, i).rsplitn(4, ' ').nth(3).map(str::to_owned);
        for (i, line) in lines.iter().enumerate() {
            prop_assert_eq!(told(&fast, i), told(&slow, i), "{}", line);
        }
    }
}
