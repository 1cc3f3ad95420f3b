//! How times are shown: UTC, local or relative to T+0; and the ticks of the ruler.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, LocalResult, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::model::text;
use crate::model::time::NS_PER_S;
use crate::model::{TimeRange, Timestamp};

/// Which of the three clocks leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Utc,
    Local,
    Offset,
}

/// Zone, leading style and T+0.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// Zone of local times.
    pub(crate) zone: Tz,
    pub(crate) style: Style,
    pub(crate) t0: Option<Timestamp>,
}

/// Digits after the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Seconds,
    Millis,
    Micros,
}

impl Precision {
    /// As fine as a column of this length needs.
    pub(crate) fn for_column(ns: i64) -> Self {
        match ns {
            ..1_000_000 => Self::Micros,
            1_000_000..NS_PER_S => Self::Millis,
            _ => Self::Seconds,
        }
    }
}

impl Clock {
    fn shown_zone(&self) -> Tz {
        if self.style == Style::Local { self.zone } else { Tz::UTC }
    }

    fn at(&self, at: Timestamp) -> DateTime<Tz> {
        let utc = DateTime::from_timestamp(at.0.div_euclid(NS_PER_S), at.0.rem_euclid(NS_PER_S) as u32).unwrap_or(DateTime::<Utc>::MIN_UTC);
        self.shown_zone().from_utc_datetime(&utc.naive_utc())
    }

    /// `2026-11-22 03:24:10 UTC`.
    pub(crate) fn date_time(&self, at: Timestamp, precision: Precision) -> String {
        let local = self.at(at);
        format!("{:04}-{:02}-{:02} {} {}", local.year(), local.month(), local.day(), self.day_time(at, precision), self.zone_label(at))
    }

    /// `UTC`, `CST+08:00`.
    pub(crate) fn zone_label(&self, at: Timestamp) -> String {
        let zone = self.shown_zone();
        if zone == Tz::UTC {
            return "UTC".into();
        }
        let secs = self.at(at).offset().fix().local_minus_utc();
        let name = zone.name().rsplit('/').next().unwrap_or("local");
        format!("{name} {}", text_of_offset(secs))
    }

    /// `03:24:10.123` in the shown zone, whatever the style.
    pub(crate) fn day_time(&self, at: Timestamp, precision: Precision) -> String {
        let local = self.at(at);
        let mut out = format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second());
        let ns = at.0.rem_euclid(NS_PER_S);
        let _ = match precision {
            Precision::Seconds => Ok(()),
            Precision::Millis => write!(out, ".{:03}", ns / 1_000_000),
            Precision::Micros => write!(out, ".{:06}", ns / 1_000),
        };
        out
    }

    /// `T+2m05s`, if there is a T+0.
    pub(crate) fn offset(&self, at: Timestamp) -> Option<String> {
        self.t0.map(|t0| text::t_offset(at.since(t0)))
    }

    /// A moment as short as the style allows: `T+2m05s` or `03:24:10`.
    pub(crate) fn short(&self, at: Timestamp) -> String {
        match (self.style, self.offset(at)) {
            (Style::Offset, Some(offset)) => offset,
            _ => self.told_time(at),
        }
    }

    /// A moment both ways: `03:24:10 T+2m05s`.
    pub(crate) fn both(&self, at: Timestamp) -> String {
        self.offset(at).map_or_else(|| self.told_time(at), |offset| format!("{} {offset}", self.told_time(at)))
    }

    /// `03:24:10`; where the clocks go back and that time of day comes twice, with its offset: `02:30:00 +02:00`.
    fn told_time(&self, at: Timestamp) -> String {
        let local = self.at(at);
        let time = self.day_time(at, Precision::Seconds);
        match self.shown_zone().offset_from_local_datetime(&local.naive_local()) {
            LocalResult::Ambiguous(..) => format!("{time} {}", text_of_offset(local.offset().fix().local_minus_utc())),
            _ => time,
        }
    }
}

/// `+02:00`.
fn text_of_offset(secs: i32) -> String {
    let sign = if secs < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", secs.abs() / 3600, secs.abs() / 60 % 60)
}

/// Distances between ticks that people can count in, ns.
const TICK_STEPS_S: &[f64] = &[
    0.000_001,
    0.000_01,
    0.000_1,
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.,
    2.,
    5.,
    10.,
    15.,
    30.,
    60.,
    120.,
    300.,
    600.,
    900.,
    1800.,
    3600.,
    7200.,
    10_800.,
    21_600.,
    43_200.,
    86_400.,
    172_800.,
    604_800.,
    2_592_000.,
    7_776_000.,
    31_536_000.,
];

/// Ticks over the window: moment and label, at least `min_columns` columns apart. O(columns).
pub(crate) fn ticks(clock: &Clock, visible: TimeRange, columns: usize, min_columns: usize) -> Vec<(Timestamp, String)> {
    if visible.is_empty() || columns == 0 {
        return Vec::new();
    }
    let least = visible.len_ns() as f64 / NS_PER_S as f64 * min_columns as f64 / columns as f64;
    let step = TICK_STEPS_S.iter().copied().find(|step| *step >= least).unwrap_or_else(|| (least / 31_536_000.).ceil() * 31_536_000.);
    let step_ns = ((step * NS_PER_S as f64).round() as i64).max(1);
    let origin = match (clock.style, clock.t0) {
        (Style::Offset, Some(t0)) => t0.0,
        // Full hours of the zone: its offset at the start of the window.
        _ => -i64::from(clock.at(visible.start()).offset().fix().local_minus_utc()) * NS_PER_S,
    };
    let first = {
        let since = i128::from(visible.start().0) - i128::from(origin);
        let n = since.div_euclid(i128::from(step_ns)) + i128::from(since.rem_euclid(i128::from(step_ns)) != 0);
        i128::from(origin) + n * i128::from(step_ns)
    };
    let mut out = Vec::new();
    let mut at = first;
    while at < i128::from(visible.end().0) && out.len() <= columns {
        let moment = Timestamp(at as i64);
        out.push((moment, tick_label(clock, moment, step_ns)));
        at += i128::from(step_ns);
    }
    out
}

fn tick_label(clock: &Clock, at: Timestamp, step_ns: i64) -> String {
    if clock.style == Style::Offset
        && step_ns >= NS_PER_S
        && let Some(offset) = clock.offset(at)
    {
        return offset;
    }
    let local = clock.at(at);
    if step_ns >= 86_400 * NS_PER_S || (local.hour() == 0 && local.minute() == 0 && step_ns >= 3_600 * NS_PER_S) {
        return format!("{:02}-{:02}", local.month(), local.day());
    }
    if step_ns >= 60 * NS_PER_S {
        return format!("{:02}:{:02}", local.hour(), local.minute());
    }
    let precision = if step_ns >= NS_PER_S {
        Precision::Seconds
    } else if step_ns >= 1_000_000 {
        Precision::Millis
    } else {
        Precision::Micros
    };
    clock.day_time(at, precision)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(style: Style) -> Clock {
        Clock { zone: Tz::Asia__Shanghai, style, t0: Some(Timestamp::from_secs(1_795_400_622)) }
    }

    #[test]
    fn every_style_shows_the_same_moment() {
        let at = Timestamp::from_millis(1_795_400_650_123);
        assert_eq!(clock(Style::Utc).date_time(at, Precision::Millis), "2026-11-23 02:24:10.123 UTC");
        assert_eq!(clock(Style::Local).date_time(at, Precision::Seconds), "2026-11-23 10:24:10 Shanghai +08:00");
        assert_eq!(clock(Style::Offset).short(at), "T+28s");
    }

    #[test]
    fn a_time_of_day_that_comes_twice_says_which_it_is() {
        let berlin = Clock { zone: Tz::Europe__Berlin, style: Style::Local, t0: None };
        let night = |hours: i64| berlin.short(Timestamp::from_secs(1_792_886_400 + hours * 3600)); // 2026-10-25T00:00:00Z
        assert_eq!([night(-1), night(0), night(1), night(2)], ["01:00:00", "02:00:00 +02:00", "02:00:00 +01:00", "03:00:00"]);
    }

    #[test]
    fn ticks_lie_on_round_times_and_inside_the_window() {
        let visible = TimeRange::new(Timestamp::from_secs(1_795_400_650), Timestamp::from_secs(1_795_401_250));
        let labels: Vec<String> = ticks(&clock(Style::Utc), visible, 60, 10).into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["02:26", "02:28", "02:30", "02:32", "02:34"]);
        let labels: Vec<String> = ticks(&clock(Style::Offset), visible, 60, 10).into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["T+2m", "T+4m", "T+6m", "T+8m", "T+10m"]);
        assert!(ticks(&clock(Style::Utc), TimeRange::default(), 60, 10).is_empty());
        assert!(ticks(&clock(Style::Utc), TimeRange::new(Timestamp::MIN, Timestamp::MAX), 60, 10).len() < 60);
    }
}
