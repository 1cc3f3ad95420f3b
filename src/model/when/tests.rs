use super::*;
use proptest::prelude::*;

const T: i64 = 1_795_401_022; // 2026-11-23T02:30:22Z

fn reference() -> Reference {
    let at = Timestamp::from_secs;
    Reference {
        now: None,
        t0: Some(at(T)),
        cursor: Some(at(T + 60)),
        extent: Some(TimeRange::new(at(T - 600), at(T + 600))),
        zone: WallZone::Utc,
        ..Reference::default()
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(parse(text, &reference()).map(text::rfc3339).as_deref(), Ok(expected), "{text}");
}

#[test]
fn every_accepted_form_is_read() {
    check("2026-11-23T02:30:22Z", "2026-11-23T02:30:22Z");
    check("2026-11-23T03:30:22.123456789+01:00", "2026-11-23T02:30:22.123456789Z");
    check("2026-11-23 02:30", "2026-11-23T02:30:00Z");
    check("2026-11-23 02:30:22.5", "2026-11-23T02:30:22.5Z");
    check("02:30", "2026-11-23T02:30:00Z");
    check("2:30:07", "2026-11-23T02:30:07Z");
    check("T+3m", "2026-11-23T02:33:22Z");
    check("t+1h02m", "2026-11-23T03:32:22Z");
    check("T-90s", "2026-11-23T02:28:52Z");
    check("T−12m", "2026-11-23T02:18:22Z");
    check("T+0", "2026-11-23T02:30:22Z");
    check("+5m", "2026-11-23T02:36:22Z");
    check("-5m", "2026-11-23T02:26:22Z");
    check("1795401022", "2026-11-23T02:30:22Z");
    check("1795401022.25", "2026-11-23T02:30:22.25Z");
    check("1795401022123", "2026-11-23T02:30:22.123Z");
    check("1795401022123456", "2026-11-23T02:30:22.123456Z");
    check("1795401022123456789", "2026-11-23T02:30:22.123456789Z");
}

#[test]
fn a_time_is_read_as_people_say_it() {
    let monday = Reference { now: Some(Timestamp::from_secs(T + 3 * 86_400)), ..reference() }; // data of a Monday, read on Thursday
    let said = |text: &str| parse(text, &monday).map(text::rfc3339).unwrap_or_default();
    assert_eq!(said("1pm"), "2026-11-23T13:00:00Z");
    assert_eq!(said("1:04 pm"), "2026-11-23T13:04:00Z");
    assert_eq!(said("12:30am"), "2026-11-23T00:30:00Z");
    assert_eq!(said("12pm"), "2026-11-23T12:00:00Z");
    assert_eq!(said("14h05"), "2026-11-23T14:05:00Z");
    assert_eq!(said("14h"), "2026-11-23T14:00:00Z");
    assert_eq!(said("yesterday 3pm"), "2026-11-22T15:00:00Z", "counted from the last day of the data");
    assert_eq!(said("Yesterday at 02:30:22"), "2026-11-22T02:30:22Z");
    assert_eq!(said("2:15 today"), "2026-11-23T02:15:00Z");
    assert_eq!(said("today"), "2026-11-23T00:00:00Z");
    let without_data = Reference { extent: None, ..monday };
    assert_eq!(parse("today", &without_data).map(text::rfc3339).as_deref(), Ok("2026-11-26T00:00:00Z"), "else from the wall clock");
    for date in ["23 nov 14:05", "nov 23 14:05", "23rd November, 14:05", "14:05 23 nov 2026", "Nov 23 2026 2:05pm"] {
        assert_eq!(said(date), "2026-11-23T14:05:00Z", "{date}");
    }
    assert_eq!(said("2 jan"), "2027-01-02T00:00:00Z", "the nearest one to the data");
    assert_eq!(said("mon 2:31"), "2026-11-23T02:31:00Z");
    assert_eq!(said("tuesday 9am"), "2026-11-24T09:00:00Z", "none in the data: the last one");
    for wrong in ["13pm", "0am", "25h", "3 pm pm", "monday monday", "yesterday soon", "31 feb", "nov 14:05", "nov", "pm", "h", "9:99pm"] {
        assert!(parse(wrong, &monday).is_err(), "{wrong}");
    }
    assert!(parse("yesterday", &Reference::default()).is_err(), "without data and a clock there is no yesterday");
}

#[test]
fn a_wrong_time_says_what_is_wrong_and_which_forms_there_are() {
    for (text, part) in [("yesterdayish", "not a time"), ("T+3", "no duration"), ("12", "number"), ("", "no time"), ("25:99", "not a time")]
    {
        let error = parse(text, &reference()).expect_err(text);
        assert!(error.contains(part) && error.contains("T+3m"), "{error}");
    }
    let error = parse("14:65", &reference()).expect_err("no minute");
    assert!(error.contains(r#"column 4, "65", fits no form"#), "{error}");
    assert!(parse("T+3m", &Reference::default()).expect_err("no t0").contains("not set"));
}

#[test]
fn a_clock_time_falls_on_the_day_inside_the_data() {
    let at = Timestamp::from_secs;
    let midnight = 1_795_392_000 + 86_400; // 2026-11-24T00:00:00Z
    let over_midnight = Reference { extent: Some(TimeRange::new(at(midnight - 600), at(midnight + 600))), ..Reference::default() };
    assert_eq!(parse("23:55", &over_midnight).map(text::rfc3339).as_deref(), Ok("2026-11-23T23:55:00Z"));
    assert_eq!(parse("00:05", &over_midnight).map(text::rfc3339).as_deref(), Ok("2026-11-24T00:05:00Z"));
}

#[test]
fn zoneless_times_follow_the_zone_through_fold_and_gap() {
    let zone = WallZone::from_name("America/New_York").expect("known");
    let read = |text: &str| text::rfc3339(written(text).expect(text).at(zone));
    assert_eq!(read("2026-11-01 01:30:00"), "2026-11-01T05:30:00Z"); // twice: the first
    assert_eq!(read("2026-03-08 02:30:00"), "2026-03-08T07:30:00Z"); // skipped: an hour on
    assert_eq!(read("2026-07-01T12:00:00Z"), "2026-07-01T12:00:00Z"); // its own offset wins
    assert_eq!(WallZone::from_name("+05:30").map(WallZone::name).as_deref(), Some("+05:30"));
    assert_eq!(WallZone::from_name("Mars/Olympus"), None);
}

#[test]
fn durations_are_read() {
    let s = NS_PER_S;
    let all = ["1m30s", "90s", "1.5h", "250ms", "2d", "0s", "1h 2m"].map(|text| parse_duration(text).expect(text));
    assert_eq!(all, [90 * s, 90 * s, 5400 * s, s / 4, 172_800 * s, 0, 3720 * s]);
    for wrong in ["", "5", "m", "1x", "-3s", "99999999999w"] {
        assert!(parse_duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn file_names_tell_their_time() {
    let read = |name: &str| in_name(name).map(|(at, _)| (text::rfc3339(at.at(WallZone::Utc)), at.offset));
    assert_eq!(read("order-1-during1-heap-20261123T023337Z.pb.gz"), Some(("2026-11-23T02:33:37Z".into(), Some(0))));
    assert_eq!(read("dump_2026-11-23T02-33-37.txt"), Some(("2026-11-23T02:33:37Z".into(), None)));
    assert_eq!(read("goroutine.1795401022.txt"), Some(("2026-11-23T02:30:22Z".into(), Some(0))));
    assert_eq!(read("order-1-heap.pb.gz"), None);
    assert_eq!(read("v20.30-12345678"), None);
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(ns in i64::MIN / 2..i64::MAX / 2) {
        let at = Timestamp(ns);
        prop_assert_eq!(parse(&text::rfc3339(at), &Reference::default()), Ok(at));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        let _ = (parse(&text, &reference()), parse_duration(&text), in_name(&text), epoch(&text), written(&text));
    }

    #[test]
    fn no_near_time_makes_it_panic(text in "[-T+0-9:. Zzeh−msd/]{0,30}") {
        let _ = (parse(&text, &reference()), parse_duration(&text), in_name(&text), epoch(&text), written(&text));
    }
}
