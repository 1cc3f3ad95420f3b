//! Typed times: the one place that turns what a user writes into a moment.

use crate::app::state::State;
use crate::model::Timestamp;
use crate::model::text;
use crate::model::time::NS_PER_S;

/// Reads a typed time: an offset from T+0 (`T+12m`), from the cursor (`-90s`, `+5m`), a time of day, a date and time, an epoch.
pub(super) fn parse(state: &State, typed: &str) -> Result<Timestamp, String> {
    let typed = typed.trim();
    if let Some(rest) = typed.strip_prefix(['T', 't']).filter(|rest| rest.starts_with(['+', '-', '−'])) {
        let t0 = state.t0().ok_or("T+0 is not set; put the cursor on it and press t 0")?;
        return Ok(t0.plus_ns(signed_duration(rest)?));
    }
    if typed.starts_with(['+', '-', '−']) {
        return Ok(state.timeline.cursor.plus_ns(signed_duration(typed)?));
    }
    if !typed.is_empty() && typed.chars().all(|c| c.is_ascii_digit()) && typed.len() >= 9 {
        return epoch(typed);
    }
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(typed) {
        return at.timestamp_nanos_opt().map(Timestamp).ok_or_else(|| format!("{typed:?} lies outside the years 1678 to 2262"));
    }
    in_zone(state, typed)
}

fn epoch(digits: &str) -> Result<Timestamp, String> {
    let n: i64 = digits.parse().map_err(|_| format!("{digits:?} is too large for an epoch"))?;
    let factor = match digits.len() {
        ..=11 => NS_PER_S,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        _ => 1,
    };
    Ok(Timestamp(n.saturating_mul(factor)))
}

/// A date and time or a time of day without an offset: in the zone on screen, on the day of the cursor.
fn in_zone(state: &State, typed: &str) -> Result<Timestamp, String> {
    use chrono::{NaiveDateTime, NaiveTime, TimeZone};
    let wrong = || format!("{typed:?} is no time; write 14:03, T+12m, -90s or 2026-11-22T03:24Z");
    let zone = match state.clock.style {
        crate::app::clock::Style::Local => state.clock.zone,
        _ => chrono_tz::Tz::UTC,
    };
    let flat = typed.trim_end_matches(['Z', 'z']).replace('T', " ");
    let zone = if flat.len() < typed.len() { chrono_tz::Tz::UTC } else { zone };
    let date_time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"].iter().find_map(|form| NaiveDateTime::parse_from_str(&flat, form).ok());
    let local = if let Some(local) = date_time {
        local
    } else {
        let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(&flat, form).ok()).ok_or_else(wrong)?;
        let secs = state.timeline.cursor.0.div_euclid(NS_PER_S);
        let day = zone.timestamp_opt(secs, 0).single().ok_or_else(wrong)?.date_naive();
        day.and_time(time)
    };
    let at = zone.from_local_datetime(&local).earliest().ok_or_else(|| format!("{typed:?} does not exist in {}", zone.name()))?;
    at.timestamp_nanos_opt().map(Timestamp).ok_or_else(wrong)
}

/// `+1h02m`, `-90s`, `+1.5s`, `-200ms`, in ns.
fn signed_duration(typed: &str) -> Result<i64, String> {
    let wrong = || format!("{typed:?} is no duration; write 90s, 12m, 1h02m or 250ms");
    let is_negative = typed.starts_with(['-', '−']);
    let mut rest = typed.trim_start_matches(['+', '-', '−']).trim();
    if rest == "0" {
        return Ok(0);
    }
    let mut total = 0_f64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let n: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += n * match rest[..unit].trim() {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" | "" => 1e9,
            "m" | "min" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            _ => return Err(wrong()),
        };
        rest = &rest[unit..];
    }
    Ok(if is_negative { -total as i64 } else { total as i64 })
}

/// What a typed time means, for the prompt.
pub(super) fn preview(state: &State, typed: &str) -> Option<Result<String, String>> {
    if typed.trim().is_empty() {
        return None;
    }
    Some(parse(state, typed).map(|at| {
        let offset = state.clock.offset(at).map(|offset| format!("  {offset}")).unwrap_or_default();
        let outside = match state.timeline.extent {
            Some(extent) if !extent.contains(at) => "  (outside the data)",
            _ => "",
        };
        format!("{}{offset}{outside}", text::rfc3339(at))
    }))
}
