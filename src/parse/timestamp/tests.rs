//! Tests of the readers of times.

use super::*;
use crate::model::Timestamp;
use crate::model::text::rfc3339;
use proptest::prelude::*;

/// The time as read, in UTC where the text has an offset, and what is left of the text.
fn show(text: &str) -> String {
    let Some(stamp) = read(text.as_bytes()) else { return "none".to_owned() };
    let civil = stamp.civil;
    let ns = to_ns(civil.secs - i64::from(civil.offset_s.unwrap_or(0)), civil.nanos);
    let time = ns.map_or("out of range".to_owned(), |ns| rfc3339(Timestamp(ns)));
    let time = if civil.offset_s.is_some() { time } else { time.replace('Z', "?") };
    format!("{time} |{}", String::from_utf8_lossy(&text.as_bytes()[stamp.len..]))
}

#[track_caller]
fn check(pairs: &[(&str, &str)]) {
    for (text, expected) in pairs {
        assert_eq!(show(text), *expected, "{text}");
    }
}

#[test]
fn every_written_form_is_read_with_its_offset_and_its_end() {
    check(&[
        ("2026-11-23T02:28:09.650Z x", "2026-11-23T02:28:09.65Z | x"),
        ("2026-11-23T03:18:11.542+0100\tINFO", "2026-11-23T02:18:11.542Z |\tINFO"),
        ("2026-11-23T03:18:13.414651131+01:00", "2026-11-23T02:18:13.414651131Z |"),
        ("2026/11/23 02:28:09.633322 [INFO]", "2026-11-23T02:28:09.633322? | [INFO]"),
        ("2026-11-23 02:28:09.333 UTC [6882]", "2026-11-23T02:28:09.333Z | [6882]"),
        ("2026-11-23 02:28:09 -0500 x", "2026-11-23T07:28:09Z | x"),
        ("2026-11-01 01:59:50,118 INFO", "2026-11-01T01:59:50.118? | INFO"),
        ("23/Nov/2026:07:49:26 +0530] x", "2026-11-23T02:19:26Z |] x"),
        ("23-Nov-2026 07:49:26.123 INFO", "2026-11-23T07:49:26.123? | INFO"),
        ("Sun Mar 13 22:49:12 2016] POST", "2016-03-13T22:49:12? |] POST"),
        ("Sun Mar 13 22:49:12.123456 2016] [core:error]", "2016-03-13T22:49:12.123456? |] [core:error]"),
        ("Mon Aug 17 04:30:38 2026 +0200", "2026-08-17T02:30:38Z |"),
        ("Mon, 17 Aug 2026 04:30:38 GMT", "2026-08-17T04:30:38Z |"),
        ("2012-025T10:22:40,672:DEBUG", "2012-01-25T10:22:40.672? |:DEBUG"),
        ("2014-333T16:56:38,344:WARN", "2014-11-29T16:56:38.344? |:WARN"),
        ("20261123T022809Z", "2026-11-23T02:28:09Z |"),
        ("20261123 02:28:09 x", "2026-11-23T02:28:09? | x"),
        ("2026-11-23T02:28Z", "2026-11-23T02:28:00Z |"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z |"),
        ("2016-12-31T24:00:00Z", "2017-01-01T00:00:00Z |"),
    ]);
}

#[test]
fn what_is_no_time_or_cannot_be_told_is_not_made_up() {
    check(&[
        ("2026-13-01T00:00:00Z", "none"),
        ("2026-02-29T00:00:00Z", "none"),
        ("2026-11-23 25:00:00", "none"),
        ("2026-11-23", "none"),
        ("2013-366T00:00:00", "none"),
        ("9999-12-31T23:59:59Z", "out of range |"),
        ("0001-01-01T00:00:00Z", "out of range |"),
        ("1970-01-01T00:00:00Z", "out of range |"),
        ("Monday", "none"),
        ("", "none"),
    ]);
}

#[test]
fn a_missing_year_or_date_is_said() {
    let read = |text: &str| read(text.as_bytes()).map(|stamp| (stamp.civil.missing, stamp.len));
    assert_eq!(read("Nov 23 07:55:43 vm"), Some((Missing::Year, 15)));
    assert_eq!(read("Nov  3 07:55:43 vm"), Some((Missing::Year, 15)));
    assert_eq!(read("Nov 23 2026 07:55:43 vm"), Some((Missing::Nothing, 20)));
    assert_eq!(read("07:55:43.5 vm"), Some((Missing::Date, 10)));
    assert_eq!(read_klog(b"1123 03:18:12.845019 1").map(|stamp| (stamp.civil.missing, stamp.len)), Some((Missing::Year, 20)));
    assert_eq!(read_klog(b"9923 03:18:12.845019 1"), None);
}

#[test]
fn epochs_are_exact_in_every_unit() {
    let of = |text: &str| EpochUnit::of(text.as_bytes()).and_then(|unit| epoch_ns(text.as_bytes(), unit));
    assert_eq!(of("1795400291"), Some(1_795_400_291_000_000_000));
    assert_eq!(of("1795400291981"), Some(1_795_400_291_981_000_000));
    assert_eq!(of("1795400290978.8735"), Some(1_795_400_290_978_873_500));
    assert_eq!(of("1761019822.3152757"), Some(1_761_019_822_315_275_700));
    assert_eq!(of("1795400291114823979"), Some(1_795_400_291_114_823_979));
    assert_eq!(of("1.795400291114823979e9"), Some(1_795_400_291_114_823_979));
    for nothing in ["0", "-1", "1e400", "18446744073709551617", "123456789", "", "x", "1.2.3", "-"] {
        assert_eq!(of(nothing), None, "{nothing}");
    }
}

proptest! {
    #[test]
    fn every_moment_that_is_printed_is_read_back(ns in FIRST_NS..i64::MAX) {
        let stamp = read(rfc3339(Timestamp(ns)).as_bytes()).expect("printed by us");
        prop_assert_eq!(to_ns(stamp.civil.secs, stamp.civil.nanos), Some(ns));
        prop_assert_eq!(civil_of_days(days(1999, 12, 31).expect("a date")), (1999, 12, 31));
    }

    #[test]
    fn the_remembered_minute_never_changes_what_is_read(texts in prop::collection::vec("(2026-11-23[T ]02:2[89]:[0-6][0-9][.,]?[0-9]{0,12}(Z|[+]0100| UTC| [AaPp][Mm]| WARN| EST x|x)?|Nov 2[23] 02:2[0-9]:09|1?2:28(:09)?([.]5)?( ?[AaPp]M)?|11-23 02:28(:0[0-9])?([.]123)?|20261123T0228[0-9]{0,3}|23/Nov/2026:02:28:09 [+]0000|[ -~]{0,24})", 1..20)) {
        let mut reader = StampReader::default();
        for text in texts {
            prop_assert_eq!(reader.read(text.as_bytes()), read(text.as_bytes()));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = (read(&text), read_klog(&text), EpochUnit::of(&text));
    }
}
