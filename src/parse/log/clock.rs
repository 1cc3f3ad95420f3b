//! From a time as written to a moment: puts in the zone, the year and the day that the text leaves out.
//!
//! What to put in is decided once for a file ([`ClockPlan`]); each line is then read without its neighbours.
//! A local time that exists twice is taken as the first of both here, see `join` for the choice by file order.
//! A local time that was skipped is read with the offset before the gap.

#![allow(clippy::inline_always, reason = "the inner loop of loading: each call that stays costs a tenth of it")]

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::model::TimeRange;
use crate::model::time::NS_PER_S;
use crate::model::{Timestamp, catalog::Zone};
use crate::parse::bytes::{eight, first, non_digits, number};
use crate::parse::timestamp::{Civil, DateOrder, EpochUnit, Missing, Stamp, StampReader, civil_of_days, days, epoch_ns, to_ns};

/// Offset rule of zoneless times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Seconds east of UTC.
    Fixed(i32),
    /// A zone with its history.
    Named(Tz),
}

impl Rule {
    /// Reads `UTC`, `+05:30` or an IANA name.
    pub fn of(zone: &Zone) -> Option<Self> {
        let name = zone.name.trim();
        if matches!(name, "UTC" | "Z" | "GMT" | "") {
            return Some(Self::Fixed(0));
        }
        if let Ok(zone) = name.parse::<Tz>() {
            return Some(Self::Named(zone));
        }
        let stamp = crate::parse::timestamp::read(format!("2000-01-01T00:00:00{name}").as_bytes())?;
        stamp.civil.offset_s.map(Self::Fixed)
    }

    /// Offsets of a local time: the one to use, and the second one where the clock was set back.
    pub fn offsets(self, local_s: i64) -> (i32, Option<i32>) {
        let zone = match self {
            Self::Fixed(offset) => return (offset, None),
            Self::Named(zone) => zone,
        };
        let Some(local) = naive(local_s) else { return (0, None) };
        match zone.offset_from_local_datetime(&local) {
            LocalResult::Single(offset) => (offset.fix().local_minus_utc(), None),
            LocalResult::Ambiguous(first, second) => (first.fix().local_minus_utc(), Some(second.fix().local_minus_utc())),
            // In the gap: three hours earlier no gap is near.
            LocalResult::None => {
                let before = naive(local_s - 3 * 3600).and_then(|local| zone.offset_from_local_datetime(&local).earliest());
                (before.map_or(0, |offset| offset.fix().local_minus_utc()), None)
            }
        }
    }

    /// Whether this local time never was because the clock was set forward over it.
    fn skips(self, local_s: i64) -> bool {
        let Self::Named(zone) = self else { return false };
        naive(local_s).is_some_and(|local| zone.offset_from_local_datetime(&local) == LocalResult::None)
    }

    /// Offset at a moment.
    pub fn offset_at(self, at_s: i64) -> i32 {
        match self {
            Self::Fixed(offset) => offset,
            Self::Named(zone) => naive(at_s).map_or(0, |at| zone.offset_from_utc_datetime(&at).fix().local_minus_utc()),
        }
    }
}

fn naive(secs: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(secs, 0).map(|at| at.naive_utc())
}

/// Where a missing year or day comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    /// The stretch that other sources (or dated lines of this one) cover: the nearest date to it.
    Span(TimeRange),
    /// The file was written until then: the last date before it.
    Until(Timestamp),
    /// The user says when its clock began: the first moment of that time of day since, or so long after.
    From(Timestamp),
}

/// What a file's times need besides their text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClockPlan {
    pub rule: Rule,
    pub reference: Option<Reference>,
    /// How dates that have two readings are read.
    pub order: DateOrder,
}

impl Default for ClockPlan {
    fn default() -> Self {
        Self { rule: Rule::Fixed(0), reference: None, order: DateOrder::default() }
    }
}

/// Local offsets hold for a quarter of an hour at least.
const OFFSET_STEP_S: i64 = 900;

/// Turns written times into moments; remembers what it found out for the last one.
#[derive(Debug)]
pub(super) struct Clock<'p> {
    plan: &'p ClockPlan,
    stamps: StampReader,
    /// Quarter of an hour, its offset, and whether the clock skipped it.
    offset: (i64, i32, bool),
    /// Whether the last local time that was placed never was; lowered by whoever asks.
    pub has_skipped: bool,
    /// Day of 1972 (or 0 for a bare time of day) and the seconds to add.
    date: Option<(i64, i64)>,
    /// The last value that was a civil time.
    last: Second,
}

/// A civil time that was placed: those that differ from it in their fraction only are placed by it.
#[derive(Debug, Default)]
struct Second {
    /// Bytes of the whole text, 0 before the first.
    len: usize,
    /// Up to the minute, and the seconds with the sign behind them.
    head: u128,
    secs: u32,
    n_digits: usize,
    /// What stands behind the fraction.
    tail: u64,
    /// Nanoseconds since the epoch without the fraction.
    ns: i64,
}

impl Second {
    /// Bytes before the fraction, as in `2026-11-23T02:28:09.`.
    const HEAD: usize = 20;
    /// Bytes of `2026-11-23T02:28:09.123Z`.
    const MILLIS_AND_ZONE: usize = 24;
    /// What a step of a fraction of so many digits is worth.
    const STEPS_NS: [i64; 9] = [NS_PER_S, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1000, 100, 10];

    /// Remembers a text that was read; `ns` is its moment.
    fn of(text: &[u8], civil: Civil, ns: i64) -> Option<Self> {
        let (head, secs) = (text.first_chunk::<16>()?, text.get(16..)?.first_chunk::<4>()?);
        let fraction = eight(text, Self::HEAD);
        let n_digits = if matches!(secs[3], b'.' | b',') { first(non_digits(fraction)) } else { 0 };
        let nanos = if n_digits == 0 { 0 } else { number(fraction, n_digits.min(8)) as i64 * Self::STEPS_NS[n_digits] };
        let is_known = text.len() - Self::HEAD - n_digits <= 8 && n_digits < 8 && (n_digits == 0 || nanos == i64::from(civil.nanos));
        is_known.then(|| Self {
            len: text.len(),
            head: u128::from_le_bytes(*head),
            secs: u32::from_le_bytes(*secs),
            n_digits,
            tail: eight(text, Self::HEAD + n_digits),
            ns: ns - nanos,
        })
    }

    /// The moment of a text that differs from this one in the digits of its fraction only.
    #[inline(always)]
    fn moment(&self, text: &[u8]) -> Option<i64> {
        if let (Some(head), Some(rest)) = (text.first_chunk::<16>(), text.last_chunk::<8>())
            && text.len() == Self::MILLIS_AND_ZONE
            && self.n_digits == 3
            && self.len == text.len()
        {
            return self.moment_of_millis(u128::from_le_bytes(*head), u64::from_le_bytes(*rest));
        }
        self.moment_of_any(text)
    }

    /// The same for `…T02:28` and `:09.123Z`, in which the zone may be any letter.
    #[inline(always)]
    fn moment_of_millis(&self, head: u128, rest: u64) -> Option<i64> {
        let fraction = rest >> 32;
        let is_alike = head == self.head && rest as u32 == self.secs && rest >> 56 == self.tail;
        (is_alike && first(non_digits(fraction)) >= 3).then(|| self.ns.checked_add(number(fraction, 3) as i64 * Self::STEPS_NS[3]))?
    }

    fn moment_of_any(&self, text: &[u8]) -> Option<i64> {
        let (head, secs) = (text.first_chunk::<16>()?, text.get(16..)?.first_chunk::<4>()?);
        let is_alike = text.len() == self.len
            && u128::from_le_bytes(*head) == self.head
            && u32::from_le_bytes(*secs) == self.secs
            && eight(text, Self::HEAD + self.n_digits) == self.tail;
        let fraction = eight(text, Self::HEAD);
        if !is_alike || first(non_digits(fraction)) < self.n_digits {
            return None;
        }
        match self.n_digits {
            0 => Some(self.ns),
            n => self.ns.checked_add(number(fraction, n) as i64 * Self::STEPS_NS[n]),
        }
    }
}

impl<'p> Clock<'p> {
    pub fn new(plan: &'p ClockPlan) -> Self {
        Self {
            plan,
            stamps: StampReader::with_order(plan.order),
            offset: (i64::MIN, 0, false),
            has_skipped: false,
            date: None,
            last: Second::default(),
        }
    }

    /// Reads the stamp at the start of `text`.
    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        self.stamps.read(text)
    }

    /// A time as a logger writes it in a field: civil text or an epoch in `unit` (else by its own magnitude).
    /// Nanoseconds since the epoch.
    #[inline]
    pub fn value(&mut self, text: &[u8], unit: Option<EpochUnit>) -> Option<i64> {
        if unit.is_none()
            && let Some(ns) = self.last.moment(text)
        {
            return Some(ns);
        }
        self.value_anew(text, unit)
    }

    /// The same without what is remembered. Outside of the loop over keys, so that what more forms of times need costs the
    /// lines nothing that have none of them.
    #[inline(never)]
    fn value_anew(&mut self, text: &[u8], unit: Option<EpochUnit>) -> Option<i64> {
        if unit.is_none()
            && let Some(stamp) = self.stamps.read(text)
        {
            let placed = self.place(stamp.civil);
            self.remember(text, stamp.civil, placed);
            return placed;
        }
        match unit.or_else(|| EpochUnit::of(text)) {
            Some(unit) => epoch_ns(text, unit).or_else(|| self.stamps.read(text).and_then(|stamp| self.place(stamp.civil))),
            None => None,
        }
    }

    /// Keeps a time whose second tells all that follows but its fraction.
    fn remember(&mut self, text: &[u8], civil: Civil, placed: Option<i64>) {
        let has_own_rule = civil.offset_s.is_some() || matches!(self.plan.rule, Rule::Fixed(_));
        if let Some(ns) = placed
            && has_own_rule
            && civil.missing == Missing::Nothing
            && self.stamps.has_minutes_of_sixteen(text)
            && let Some(second) = Second::of(text, civil, ns)
        {
            self.last = second;
        }
    }

    /// The moment of a civil time; `None` when it cannot be told.
    #[inline]
    pub fn place(&mut self, civil: Civil) -> Option<i64> {
        let secs = match civil.missing {
            Missing::Nothing => civil.secs,
            Missing::Year | Missing::Date => self.dated(civil)?,
        };
        let offset = civil.offset_s.unwrap_or_else(|| self.offset_of(secs));
        to_ns(secs - i64::from(offset), civil.nanos)
    }

    /// The moment so many nanoseconds after the start that the user gave.
    pub fn since(&self, ns: i64) -> Option<i64> {
        match self.plan.reference {
            Some(Reference::From(start)) => start.0.checked_add(ns),
            _ => None,
        }
    }

    #[inline]
    fn offset_of(&mut self, local_s: i64) -> i32 {
        if let Rule::Fixed(offset) = self.plan.rule {
            return offset;
        }
        let step = local_s.div_euclid(OFFSET_STEP_S);
        if self.offset.0 != step {
            self.offset = (step, self.plan.rule.offsets(local_s).0, self.plan.rule.skips(local_s));
        }
        self.has_skipped = self.offset.2;
        self.offset.1
    }

    /// Seconds with year and day put in.
    fn dated(&mut self, civil: Civil) -> Option<i64> {
        let day = civil.secs.div_euclid(86_400);
        if let Some((last, shift)) = self.date
            && last == day
            && civil.missing == Missing::Year
        {
            return Some(civil.secs + shift);
        }
        let reference = self.plan.reference?;
        let secs = match civil.missing {
            Missing::Date => self.on_nearest_day(civil.secs, reference),
            _ => self.in_nearest_year(civil.secs, reference)?,
        };
        if civil.missing == Missing::Year {
            self.date = Some((day, secs - civil.secs));
        }
        Some(secs)
    }

    /// Start and end of the reference on the local clock, in seconds; both the same for a moment.
    fn local_reference(&self, reference: Reference) -> (i64, i64) {
        let local = |at: Timestamp| {
            let secs = at.0.div_euclid(NS_PER_S);
            secs + i64::from(self.plan.rule.offset_at(secs))
        };
        match reference {
            Reference::Span(range) => (local(range.start()), local(range.end())),
            Reference::Until(at) | Reference::From(at) => (local(at), local(at)),
        }
    }

    fn in_nearest_year(&self, secs: i64, reference: Reference) -> Option<i64> {
        let (_, month, day) = civil_of_days(secs.div_euclid(86_400));
        let (start, end) = self.local_reference(reference);
        let year_of = |secs: i64| civil_of_days(secs.div_euclid(86_400)).0;
        // The whole day is judged by its noon, so that two lines of one day never get two years.
        let noon = |year: i64| days(year, month, day).map(|days| days * 86_400 + 43_200);
        let years = year_of(start).saturating_sub(4)..=year_of(end).saturating_add(4);
        let best = match reference {
            Reference::Span(_) | Reference::From(_) => years.filter_map(noon).min_by_key(|noon| distance(*noon, start, end)),
            // A day of grace: a zone may be wrong, the file be written for a moment longer.
            Reference::Until(_) => years.filter_map(noon).filter(|noon| *noon <= end + 2 * 86_400).max(),
        };
        best.map(|noon| noon - 43_200 + secs.rem_euclid(86_400))
    }

    fn on_nearest_day(&self, time_of_day: i64, reference: Reference) -> i64 {
        let (start, end) = self.local_reference(reference);
        match reference {
            Reference::Span(_) => {
                let first = start.div_euclid(86_400) - 1;
                let candidates = (first..first + 3).map(|day| day * 86_400 + time_of_day);
                candidates.min_by_key(|secs| distance(*secs, start, end)).unwrap_or(time_of_day)
            }
            Reference::From(_) => {
                // A minute of grace: who types the moment leaves out its seconds.
                let today = start.div_euclid(86_400) * 86_400 + time_of_day;
                if today + 60 < start { today + 86_400 } else { today }
            }
            Reference::Until(_) => {
                let today = end.div_euclid(86_400) * 86_400 + time_of_day;
                if today > end { today - 86_400 } else { today }
            }
        }
    }
}

fn distance(at: i64, start: i64, end: i64) -> i64 {
    (start - at).max(at - end).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::rfc3339;
    use crate::parse::timestamp::read;
    use proptest::prelude::*;

    fn zone(name: &str) -> Rule {
        Rule::of(&Zone { name: name.to_owned(), ..Zone::default() }).expect("a zone")
    }

    fn moment(text: &str) -> Timestamp {
        let civil = read(text.as_bytes()).expect("a stamp").civil;
        Timestamp(to_ns(civil.secs, civil.nanos).expect("in range"))
    }

    fn place(rule: &str, reference: Option<Reference>, text: &str) -> String {
        let plan = ClockPlan { rule: zone(rule), reference, order: DateOrder::default() };
        let ns = Clock::new(&plan).place(read(text.as_bytes()).expect("a stamp").civil);
        ns.map_or("none".to_owned(), |ns| rfc3339(Timestamp(ns)))
    }

    proptest! {
        #[test]
        fn times_of_one_second_are_read_as_each_alone(
            texts in prop::collection::vec(prop_oneof!["2026-11-23T02:28:0[0-1].[0-9]{2}[0-9x]Z", "(2026-11-23[T ]02:2[89]:0[0-1]|2026/11/23 02:28:59|Mon Nov 23 02:28:09|Nov 23 2026 02:28:09)[.,: ]?[0-9]{0,9}(Z|\\+01:00|[+]0100| UTC| PM|x| 2026| 2027)?"], 1..12),
            is_shifted: bool,
        ) {
            let rule = if is_shifted { "+05:30" } else { "Europe/Berlin" };
            let plan = ClockPlan { rule: zone(rule), reference: None, order: DateOrder::default() };
            let mut clock = Clock::new(&plan);
            for text in &texts {
                prop_assert_eq!(clock.value(text.as_bytes(), None), Clock::new(&plan).value(text.as_bytes(), None), "{}", text);
            }
        }
    }

    #[test]
    fn a_zoneless_time_is_read_in_the_zone_of_its_file() {
        assert_eq!(place("Europe/Berlin", None, "2026-11-23 03:18:12"), "2026-11-23T02:18:12Z");
        assert_eq!(place("+05:30", None, "2026-11-23 07:48:12"), "2026-11-23T02:18:12Z");
        assert_eq!(place("Europe/Berlin", None, "2026-11-23 03:18:12Z"), "2026-11-23T03:18:12Z");
        assert_eq!(place("America/New_York", None, "2026-03-08 02:30:00"), "2026-03-08T07:30:00Z", "skipped: offset before the gap");
        assert_eq!(place("America/New_York", None, "2026-11-01 01:30:00"), "2026-11-01T05:30:00Z", "twice: the first");
    }

    #[test]
    fn a_missing_year_is_the_one_nearest_to_the_other_sources() {
        let span = Some(Reference::Span(TimeRange::new(moment("2026-12-31T23:00:00Z"), moment("2027-01-01T01:00:00Z"))));
        assert_eq!(place("UTC", span, "Dec 31 23:59:59"), "2026-12-31T23:59:59Z");
        assert_eq!(place("UTC", span, "Jan  1 00:00:01"), "2027-01-01T00:00:01Z");
        let until = Some(Reference::Until(moment("2027-01-03T00:00:00Z")));
        assert_eq!(place("UTC", until, "Jan  2 00:00:01"), "2027-01-02T00:00:01Z");
        assert_eq!(place("UTC", until, "Nov 23 00:00:01"), "2026-11-23T00:00:01Z");
        assert_eq!(place("UTC", until, "Feb 29 00:00:01"), "2024-02-29T00:00:01Z");
        assert_eq!(place("UTC", None, "Nov 23 00:00:01"), "none");
    }

    #[test]
    fn a_missing_day_is_the_one_that_the_other_sources_cover() {
        let span = Some(Reference::Span(TimeRange::new(moment("2026-11-23T23:30:00Z"), moment("2026-11-24T00:30:00Z"))));
        assert_eq!(place("UTC", span, "23:45:00"), "2026-11-23T23:45:00Z");
        assert_eq!(place("UTC", span, "00:15:00"), "2026-11-24T00:15:00Z");
        assert_eq!(place("Europe/Berlin", span, "00:45:00"), "2026-11-23T23:45:00Z");
    }
}
